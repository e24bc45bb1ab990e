//! The report for a terminal: a table of figures, and the words exchanged.

use crate::answer::Answer;
use crate::outcome::ALL;
use crate::outcome::Figures;
use crate::outcome::Outcome;
use crate::outcome::share;
use crate::player::Exchange;
use crate::player::Played;
use std::fmt::Write;

/// The figures by tag and language, and which checks failed how often.
#[must_use]
pub fn table(outcome: &Outcome) -> String {
    let mut out = format!(
        "{:<18}{:<4}{:>14} {:>14} {:>14} {:>5} {:>5} {:>5}\n",
        "tag", "", "turns passed", "scripts passed", "goals won", "exch.", "p50", "p99 ms"
    );
    for ((tag, language), figures) in outcome.by_language().iter().chain(&outcome.by_tag()) {
        put(&mut out, &format!("{tag:<18}{language:<4}{}", row(figures)));
    }
    let all = outcome.figures();
    put(&mut out, &format!("{ALL:<22}{}\n", row(&all)));
    let failed = outcome.failed_checks();
    let failed: Vec<String> =
        failed.iter().map(|(check, count)| format!("{check} {count}")).collect();
    let failed = if failed.is_empty() { "none".to_owned() } else { failed.join(", ") };
    put(&mut out, &format!("failed checks: {failed}"));
    let median = number(all.exchanges_median, 1);
    let wasted = all.exchanges_wasted;
    put(&mut out, &format!("goals: {wasted} exchanges wasted; median of those won {median}"));
    out
}

/// One conversation as it went, every failed check under its turn.
#[must_use]
pub fn exchanges(played: &Played) -> String {
    let common = &played.conversation.common;
    let mark = if played.passed { "ok" } else { "✗ " };
    let tags = common.tags.join(", ");
    let mut out =
        format!("{mark} {} ({}; {}; {tags})\n", common.id, course(played), common.channel);
    for exchange in &played.exchanges {
        put(&mut out, &format!("    you> {}", exchange.said));
        if let Some(answer) = answer_line(exchange) {
            put(&mut out, &format!("    bot> {answer}"));
        }
        for failure in &exchange.failed {
            put(&mut out, &format!("      ✗ {}: {}", failure.check, failure.why));
        }
    }
    out
}

/// Kind of a conversation; of a simulated customer also the number of exchanges.
pub(crate) fn course(played: &Played) -> String {
    let kind = played.kind();
    match played.is_goal() {
        true => format!("{kind}, {} exchanges, {} wasted", played.exchanges.len(), played.wasted),
        false => kind.to_owned(),
    }
}

/// The decision in brackets, the text, the options and what else is offered.
fn answer_line(exchange: &Exchange) -> Option<String> {
    let answer = exchange.answer.as_ref()?;
    let (decision, options) = (decision(answer), titles(answer));
    let options = if options.is_empty() { options } else { format!(" | {options}") };
    let offer = answer.suggestion.as_ref().map_or_else(String::new, |name| format!(" + {name}"));
    Some(format!("[{decision}] {}{options}{offer}", answer.text))
}

/// Intent, action, facet and whether a person is asked in.
pub(crate) fn decision(answer: &Answer) -> String {
    let handoff = answer.handoff.as_ref().map(|_| "HANDOFF");
    let facet = answer.facet.as_deref();
    let sku = answer.body["action"]["sku"].as_str();
    let parts = [Some(answer.intent.as_str()), Some("->"), Some(&answer.kind), facet, sku, handoff];
    parts.into_iter().flatten().filter(|part| !part.is_empty()).collect::<Vec<_>>().join(" ")
}

/// Titles of the options.
pub(crate) fn titles(answer: &Answer) -> String {
    let titles = answer.choices.iter().map(|choice| choice.title.as_str());
    titles.collect::<Vec<_>>().join(" / ")
}

fn row(figures: &Figures) -> String {
    let cell = |part, whole| match share(part, whole) {
        Some(share) => format!("{part:>4}/{whole:<4}{:3.0} %", 100.0 * share),
        None => format!("{:>14}", "–"),
    };
    format!(
        "{} {} {} {:>5} {:>5} {:>5}",
        cell(figures.turns_passed, figures.turns),
        cell(figures.scripts_passed, figures.scripts),
        cell(figures.goals_won, figures.goals),
        number(figures.exchanges_mean, 2),
        number(figures.p50_ms, 0),
        number(figures.p99_ms, 0),
    )
}

/// A figure with so many decimals; a dash if there is none.
pub(crate) fn number(figure: Option<f64>, decimals: usize) -> String {
    figure.map_or_else(|| "–".to_owned(), |figure| format!("{figure:.decimals$}"))
}

fn put(out: &mut String, line: &str) {
    // Writing to a string cannot fail.
    let _ = writeln!(out, "{line}");
}
