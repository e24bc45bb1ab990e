//! The same conversations played with different readers of messages, side by side: what a model is
//! worth as a reader, and where.

use crate::answer::Answer;
use crate::outcome::ALL;
use crate::outcome::Figures;
use crate::outcome::Outcome;
use crate::outcome::share;
use crate::player::Exchange;
use crate::player::Played;
use crate::table::number;
use serde_json::Value;
use serde_json::json;
use std::collections::BTreeMap;
use std::fmt::Write;

/// What became of messages at the model, as answers report it.
const OUTCOMES: [&str; 6] = ["not_asked", "read", "unclear", "late", "refused", "failed"];

/// The outcomes of one suite with three ways to read messages.
#[derive(Debug, Clone)]
pub struct Comparison {
    /// By rules alone.
    pub fast: Outcome,
    /// By a model.
    pub model: Outcome,
    /// By rules, and by a model wherever they doubt.
    pub auto: Outcome,
}

/// Readings of a run, compared with the run by rules alone.
#[derive(Debug, Clone, Default)]
struct Readings {
    /// Answers that tell who read the message, by what became of it at the model.
    outcomes: BTreeMap<String, usize>,
    /// Tokens of the model's readings: prompt, found in the cache, written.
    tokens: [u64; 3],
    /// Turns that the model read, by the doubt of the rules; `sure` if they had none.
    by_doubt: BTreeMap<String, Changed>,
    /// Times that understanding took where the model was asked, in milliseconds, sorted.
    understood_ms: Vec<f64>,
}

/// Turns of scripts that the model read, and those of them whose verdict changed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
struct Changed {
    turns: usize,
    helped: usize,
    hurt: usize,
}

impl Readings {
    fn of(run: &Outcome, fast: &Outcome) -> Self {
        let mut found = Self::default();
        for (played, before) in run.played.iter().zip(&fast.played) {
            for (at, exchange) in played.exchanges.iter().enumerate() {
                found.add(exchange, played, before.exchanges.get(at));
            }
        }
        found.understood_ms.sort_by(f64::total_cmp);
        found
    }

    fn add(&mut self, exchange: &Exchange, played: &Played, before: Option<&Exchange>) {
        let Some(Answer { body, .. }) = &exchange.answer else { return };
        let reading = &body["reading"];
        let Some(outcome) = reading["outcome"].as_str() else { return };
        *self.outcomes.entry(outcome.to_owned()).or_default() += 1;
        if outcome != OUTCOMES[0] {
            self.understood_ms.extend(body["timings_ms"]["understand"].as_f64());
        }
        let usage = ["prompt_tokens", "cached_tokens", "output_tokens"];
        for (sum, key) in self.tokens.iter_mut().zip(usage) {
            *sum += reading["usage"][key].as_u64().unwrap_or(0);
        }
        // A simulated customer says something else after another reply: only scripts compare.
        let compared = before.filter(|before| !played.is_goal() && before.said == exchange.said);
        let Some(before) = compared.filter(|_| reading["reader"] == "model") else { return };
        let doubt = reading["doubt"].as_str().unwrap_or("sure");
        let changed = self.by_doubt.entry(doubt.to_owned()).or_default();
        changed.turns += 1;
        changed.helped += usize::from(!before.failed.is_empty() && exchange.failed.is_empty());
        changed.hurt += usize::from(before.failed.is_empty() && !exchange.failed.is_empty());
    }

    fn all(&self) -> Changed {
        self.by_doubt.values().fold(Changed::default(), |sum, one| Changed {
            turns: sum.turns + one.turns,
            helped: sum.helped + one.helped,
            hurt: sum.hurt + one.hurt,
        })
    }

    fn answers(&self) -> usize {
        self.outcomes.values().sum()
    }

    fn read(&self) -> usize {
        self.outcomes.get("read").copied().unwrap_or(0)
    }

    /// Messages for which the model wrote a line that was looked at.
    fn written(&self) -> usize {
        let unclear = self.outcomes.get("unclear").copied().unwrap_or(0);
        self.read() + unclear
    }

    fn percentile(&self, percent: usize) -> Option<f64> {
        crate::outcome::percentile(&self.understood_ms, percent)
    }

    fn json(&self) -> Value {
        let changed =
            |one: &Changed| json!({"turns": one.turns, "helped": one.helped, "hurt": one.hurt});
        let by_doubt: serde_json::Map<String, Value> =
            self.by_doubt.iter().map(|(doubt, one)| (doubt.clone(), changed(one))).collect();
        json!({
            "answers": self.answers(),
            "outcomes": self.outcomes,
            "prompt_tokens": self.tokens[0],
            "cached_tokens": self.tokens[1],
            "output_tokens": self.tokens[2],
            "understand_p50_ms": self.percentile(50).map(f64::round),
            "understand_p99_ms": self.percentile(99).map(f64::round),
            "changed": changed(&self.all()),
            "by_doubt": by_doubt,
        })
    }
}

impl Comparison {
    /// The comparison as a table: figures side by side, the languages and tags in which they
    /// differ, and what the model's readings changed.
    #[must_use]
    pub fn table(&self) -> String {
        let mut out = format!("{:<26}{:>12}{:>12}{:>12}\n", "reader", "fast", "model", "auto");
        let (model, auto) = (self.readings(&self.model), self.readings(&self.auto));
        self.put_totals(&mut out, [&model, &auto]);
        self.put_differences(&mut out);
        put(&mut out, "\nmessages by what became of them at the model:");
        for outcome in OUTCOMES {
            let count = |readings: &Readings| {
                readings.outcomes.get(outcome).copied().unwrap_or(0).to_string()
            };
            row(&mut out, outcome, ["".to_owned(), count(&model), count(&auto)]);
        }
        put(&mut out, "\nturns of scripts that the model read, by the doubt of the fast reader:");
        put(&mut out, &format!("{:<26}{:>12}{:>12}{:>12}", "", "turns", "helped", "hurt"));
        for (name, readings) in [("model", &model), ("auto", &auto)] {
            for (doubt, one) in &readings.by_doubt {
                let cells = [one.turns, one.helped, one.hurt].map(|count| count.to_string());
                row(&mut out, &format!("{name}: {doubt}"), cells);
            }
        }
        put(
            &mut out,
            "\n`auto` asked the model wherever the fast reader was in doubt; counts for the gate:",
        );
        for doubt in ["unclear", "out_of_scope", "words"] {
            let Changed { turns, helped, hurt } =
                auto.by_doubt.get(doubt).copied().unwrap_or_default();
            put(
                &mut out,
                &format!("{doubt} = {{ turns = {turns}, helped = {helped}, hurt = {hurt} }}"),
            );
        }
        out
    }

    /// The comparison as a JSON object.
    #[must_use]
    pub fn json(&self) -> Value {
        json!({
            "fast": {"all": self.fast.figures().json()},
            "model": {
                "all": self.model.figures().json(),
                "readings": self.readings(&self.model).json(),
            },
            "auto": {
                "all": self.auto.figures().json(),
                "readings": self.readings(&self.auto).json(),
            },
        })
    }

    fn runs(&self) -> [&Outcome; 3] {
        [&self.fast, &self.model, &self.auto]
    }

    fn readings(&self, run: &Outcome) -> Readings {
        Readings::of(run, &self.fast)
    }

    fn put_totals(&self, out: &mut String, [model, auto]: [&Readings; 2]) {
        let figures = self.runs().map(Outcome::figures);
        let of = |cell: &dyn Fn(&Figures) -> String| [0, 1, 2].map(|run| cell(&figures[run]));
        row(out, "turns passed", of(&|all| part(all.turns_passed, all.turns)));
        row(out, "scripts passed", of(&|all| part(all.scripts_passed, all.scripts)));
        row(out, "goals won", of(&|all| part(all.goals_won, all.goals)));
        row(out, "answer p50 ms", of(&|all| number(all.p50_ms, 0)));
        row(out, "answer p99 ms", of(&|all| number(all.p99_ms, 0)));
        let readings =
            |cell: &dyn Fn(&Readings) -> String| [String::new(), cell(model), cell(auto)];
        row(out, "asked: understand p50 ms", readings(&|one| number(one.percentile(50), 0)));
        row(out, "asked: understand p99 ms", readings(&|one| number(one.percentile(99), 0)));
        let names = ["prompt tokens a reading", "of these from the cache", "tokens written"];
        for (at, name) in names.into_iter().enumerate() {
            row(out, name, readings(&|one| mean(one.tokens[at], one.written())));
        }
        row(out, "read by the model", readings(&|one| part(one.read(), one.answers())));
        row(out, "  of these helped", readings(&|one| part(one.all().helped, one.all().turns)));
        row(out, "  of these hurt", readings(&|one| part(one.all().hurt, one.all().turns)));
    }

    /// Turns passed, by language and tag, where the readers differ.
    fn put_differences(&self, out: &mut String) {
        let [fast, model, auto] = self.runs().map(|run| {
            let mut groups = run.by_language();
            groups.extend(run.by_tag());
            groups
        });
        let mut head = Some("\nturns passed where the readers differ:");
        for ((tag, language), of_fast) in &fast {
            let key = (*tag, *language);
            let (Some(of_model), Some(of_auto)) = (model.get(&key), auto.get(&key)) else {
                continue;
            };
            let groups = [of_fast, of_model, of_auto];
            let differ = groups.iter().any(|one| one.turns_passed != of_fast.turns_passed);
            if differ {
                if let Some(head) = head.take() {
                    put(out, head);
                }
                let name =
                    if *tag == ALL { (*language).to_owned() } else { format!("{tag} {language}") };
                row(out, &name, groups.map(|one| part(one.turns_passed, one.turns)));
            }
        }
    }
}

fn put(out: &mut String, line: &str) {
    out.push_str(line);
    out.push('\n');
}

fn row(out: &mut String, name: &str, cells: [String; 3]) {
    // Writing to a text does not fail.
    let _ = write!(out, "{name:<26}");
    for cell in cells {
        let _ = write!(out, "{cell:>12}");
    }
    while out.ends_with(' ') {
        out.pop();
    }
    out.push('\n');
}

/// `12/40`, with the share in percent.
fn part(part: usize, whole: usize) -> String {
    match share(part, whole) {
        Some(share) => format!("{part}/{whole} {:.0} %", share * 100.0),
        None => "-".to_owned(),
    }
}

#[expect(clippy::cast_precision_loss, reason = "numbers of tokens are small")]
fn mean(sum: u64, count: usize) -> String {
    number((count > 0).then(|| sum as f64 / count as f64), 1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::failure::Failure;
    use crate::shop::tests_support::shop;

    fn played(turns: &[(bool, Value)]) -> Played {
        let line = json!({"kind": "script", "id": "a", "language": "fr", "tags": ["size"],
            "turns": [{"say": "x", "expect": {}}]});
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("tests.jsonl");
        std::fs::write(&file, line.to_string()).unwrap();
        let conversation = crate::suite::load(&[file]).unwrap().remove(0);
        let exchange = |(passed, reading): &(bool, Value)| {
            let body = json!({"reading": reading, "timings_ms": {"understand": 12.0}});
            let answer = Some(Answer::read(&shop(), 200, body));
            let failed = (!passed).then(|| Failure::new("says", "no".to_owned()));
            let failed = failed.into_iter().collect();
            Exchange { said: "x".to_owned(), answer, ms: Some(20.0), failed }
        };
        let exchanges: Vec<Exchange> = turns.iter().map(exchange).collect();
        let passed = exchanges.iter().all(|exchange| exchange.failed.is_empty());
        Played { conversation, exchanges, passed, wasted: 0, why: String::new() }
    }

    fn by_model(doubt: Value) -> Value {
        json!({"reader": "model", "outcome": "read", "doubt": doubt,
            "usage": {"prompt_tokens": 100, "cached_tokens": 60, "output_tokens": 8}})
    }

    #[test]
    fn a_reading_counts_as_help_or_harm_where_the_verdict_of_its_turn_changes() {
        let fast = json!({"reader": "fast", "outcome": "not_asked"});
        let rules = [(false, fast.clone()), (true, fast.clone()), (true, fast.clone())];
        let words = by_model(json!("words"));
        let sure = by_model(json!(null));
        let model = [(true, words.clone()), (false, sure), (false, words.clone())];
        let auto = [(true, words), (true, fast.clone()), (false, fast)];
        let of = |turns: &[(bool, Value)]| Outcome::new(vec![played(turns)]);
        let all = Comparison { fast: of(&rules), model: of(&model), auto: of(&auto) };
        let found = all.json();
        let expected = json!({"turns": 3, "helped": 1, "hurt": 2});
        assert_eq!(found["model"]["readings"]["changed"], expected);
        let expected = json!({"words": {"turns": 1, "helped": 1, "hurt": 0}});
        assert_eq!(found["auto"]["readings"]["by_doubt"], expected);
        let table = all.table();
        assert!(table.contains("words = { turns = 1, helped = 1, hurt = 0 }"), "{table}");
        assert!(table.contains("size fr"), "{table}");
    }
}
