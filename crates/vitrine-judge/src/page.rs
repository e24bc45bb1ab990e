//! The report as one HTML page that needs no other file: figures, picture, and the words exchanged,
//! failed conversations first and open, all others folded.

use crate::outcome::ALL;
use crate::outcome::Figures;
use crate::outcome::Outcome;
use crate::outcome::share;
use crate::picture::success_over_exchanges;
use crate::player::Exchange;
use crate::player::Played;
use crate::table::course;
use crate::table::decision;
use crate::table::number;
use crate::table::titles;
use std::fmt::Write;

/// Style of the page; readable in light and dark surroundings and on small screens.
const STYLE: &str = "
:root { color-scheme: light dark; --line: #8885; --bad: #c62828; --good: #2e7d32; }
body { font: 15px/1.45 system-ui, sans-serif; margin: 2rem auto; max-width: 62rem;
  padding: 0 1rem; }
h1 { font-size: 1.5rem; } h2 { font-size: 1.15rem; margin-top: 2rem; }
table { border-collapse: collapse; font-variant-numeric: tabular-nums; }
th, td { padding: .2rem .7rem; text-align: right; border-bottom: 1px solid var(--line); }
th:first-child, td:first-child { text-align: left; }
svg { max-width: 40rem; width: 100%; height: auto; border-radius: 6px; }
details { border: 1px solid var(--line); border-radius: 6px; margin: .5rem 0;
  padding: .4rem .8rem; }
summary { cursor: pointer; } small { opacity: .7; }
.you, .bot { margin: .35rem 0; white-space: pre-wrap; overflow-wrap: anywhere; }
.you { font-weight: 600; } .you::before { content: '» '; } .bot { margin-left: 1.2rem; }
.bad { color: var(--bad); margin-left: 1.2rem; overflow-wrap: anywhere; }
.good { color: var(--good); }
";

/// The page. `title` names the run, such as the files that were played.
#[must_use]
pub fn page(outcome: &Outcome, title: &str) -> String {
    let title = escaped(title);
    let mut out = format!(
        "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width\">\n\
         <title>Conversation tests: {title}</title>\n<style>{STYLE}</style>\n</head>\n<body>\n\
         <h1>Conversation tests: {title}</h1>\n"
    );
    summary(&mut out, outcome);
    let (failed, passed): (Vec<&Played>, Vec<&Played>) =
        outcome.played.iter().partition(|played| !played.passed);
    put(&mut out, &format!("<h2>Failed conversations ({})</h2>", failed.len()));
    failed.iter().for_each(|played| conversation(&mut out, played, true));
    put(&mut out, &format!("<h2>All others ({})</h2>", passed.len()));
    passed.iter().for_each(|played| conversation(&mut out, played, false));
    out + "</body>\n</html>\n"
}

/// Figures, failed checks and the picture.
fn summary(out: &mut String, outcome: &Outcome) {
    put(
        out,
        "<table>\n<tr><th>tag</th><th></th><th>turns passed</th><th>scripts passed</th>\
              <th>goals won</th><th>exchanges</th><th>p50 ms</th><th>p99 ms</th></tr>",
    );
    row(out, (ALL, ""), &outcome.figures());
    let languages = outcome.by_language();
    languages.iter().for_each(|(name, figures)| row(out, *name, figures));
    put(out, "</table>");
    put(out, &success_over_exchanges(outcome));
    put(out, "<details><summary>By tag and language</summary>\n<table>");
    outcome.by_tag().iter().for_each(|(name, figures)| row(out, *name, figures));
    put(out, "</table></details>");
    let failed = outcome.failed_checks();
    let failed: Vec<String> =
        failed.iter().map(|(check, count)| format!("{check} {count}")).collect();
    let failed = if failed.is_empty() { "none".to_owned() } else { failed.join(", ") };
    put(out, &format!("<p>Failed checks: {failed}</p>"));
}

fn row(out: &mut String, (tag, language): (&str, &str), figures: &Figures) {
    let cell = |part, whole| match share(part, whole) {
        Some(share) => format!("<td>{part}/{whole} {:.0} %</td>", 100.0 * share),
        None => "<td>–</td>".to_owned(),
    };
    put(
        out,
        &format!(
            "<tr><td>{}</td><td>{}</td>{}{}{}<td>{}</td><td>{}</td><td>{}</td></tr>",
            escaped(tag),
            escaped(language),
            cell(figures.turns_passed, figures.turns),
            cell(figures.scripts_passed, figures.scripts),
            cell(figures.goals_won, figures.goals),
            number(figures.exchanges_mean, 2),
            number(figures.p50_ms, 0),
            number(figures.p99_ms, 0),
        ),
    );
}

fn conversation(out: &mut String, played: &Played, open: bool) {
    let common = &played.conversation.common;
    let (open, class) = if open { (" open", "bad") } else { ("", "good") };
    put(
        out,
        &format!(
            "<details{open}><summary><b class=\"{class}\">{}</b> \
             <small>{}; {}; {}; {}</small></summary>",
            escaped(&common.id),
            escaped(&course(played)),
            escaped(&common.language),
            escaped(&common.channel),
            escaped(&common.tags.join(", ")),
        ),
    );
    played.exchanges.iter().for_each(|exchanged| exchange(out, exchanged));
    put(out, "</details>");
}

fn exchange(out: &mut String, exchange: &Exchange) {
    put(out, &format!("<p class=\"you\">{}</p>", escaped(&exchange.said)));
    if let Some(answer) = &exchange.answer {
        let titles = titles(answer);
        let options = match titles.is_empty() {
            true => String::new(),
            false => format!(" <small>[{}]</small>", escaped(&titles)),
        };
        let offer = answer.suggestion.as_ref();
        let offer = offer.map_or_else(String::new, |name| format!(" + {}", escaped(name)));
        put(
            out,
            &format!(
                "<p class=\"bot\">{}{options}{offer}<br><small>{}</small></p>",
                escaped(&answer.text),
                escaped(&decision(answer)),
            ),
        );
    }
    for failure in &exchange.failed {
        put(out, &format!("<p class=\"bad\">✗ {}: {}</p>", failure.check, escaped(&failure.why)));
    }
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

fn put(out: &mut String, text: &str) {
    // Writing to a string cannot fail.
    let _ = writeln!(out, "{text}");
}
