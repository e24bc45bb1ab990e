//! The report as one JSON document, the answers included.

use crate::outcome::Figures;
use crate::outcome::Outcome;
use crate::player::Exchange;
use crate::player::Played;
use serde_json::Map;
use serde_json::Value;
use serde_json::json;

/// `{"summary": {"all", "by_tag", "failed_checks"}, "conversations": […]}`. Times are in
/// milliseconds, shares are left to the reader.
#[must_use]
pub fn document(outcome: &Outcome) -> Value {
    let mut by_tag = Map::new();
    for ((tag, language), figures) in outcome.by_language().iter().chain(&outcome.by_tag()) {
        let languages = by_tag.entry(*tag).or_insert_with(|| json!({}));
        languages[*language] = figures.json();
    }
    let failed: Map<String, Value> = outcome
        .failed_checks()
        .into_iter()
        .map(|(check, count)| (check.to_owned(), count.into()))
        .collect();
    let summary =
        json!({"all": outcome.figures().json(), "by_tag": by_tag, "failed_checks": failed});
    let conversations: Vec<Value> = outcome.played.iter().map(conversation).collect();
    json!({"summary": summary, "conversations": conversations})
}

impl Figures {
    /// The figures as a JSON object.
    #[must_use]
    pub fn json(&self) -> Value {
        json!({
            "turns": self.turns,
            "turns_passed": self.turns_passed,
            "scripts": self.scripts,
            "scripts_passed": self.scripts_passed,
            "goals": self.goals,
            "goals_won": self.goals_won,
            "exchanges_mean": self.exchanges_mean.map(|mean| (mean * 100.0).round() / 100.0),
            "exchanges_median": self.exchanges_median,
            "exchanges_wasted": self.exchanges_wasted,
            "p50_ms": self.p50_ms.map(f64::round),
            "p99_ms": self.p99_ms.map(f64::round),
        })
    }
}

fn conversation(played: &Played) -> Value {
    let common = &played.conversation.common;
    let mut document = json!({
        "id": common.id,
        "kind": played.kind(),
        "language": common.language,
        "tags": common.tags,
        "channel": common.channel,
        "passed": played.passed,
    });
    if played.is_goal() {
        document["exchanges"] = played.exchanges.len().into();
        document["wasted"] = played.wasted.into();
        document["why"] = played.why.as_str().into();
    }
    document["turns"] = played.exchanges.iter().map(exchange).collect();
    document
}

fn exchange(exchange: &Exchange) -> Value {
    let failed: Vec<Value> =
        exchange.failed.iter().map(|failure| json!([failure.check, failure.why])).collect();
    json!({
        "said": exchange.said,
        "answer": exchange.answer.as_ref().map(|answer| &answer.body),
        "ms": exchange.ms,
        "failed": failed,
    })
}
