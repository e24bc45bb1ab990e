//! Builds the hand-off packet: one JSON object for the human who takes over, short enough for any
//! channel's metadata.
//!
//! Pure. Invariants
//! - A packet has at most [`PACKET_CHARS_MAX`] characters; the longest texts are shortened first.

use crate::turn::action::HandoffReason;
use crate::turn::draft::HistoryLine;
use crate::turn::draft::Speaker;
use crate::turn::message::Customer;
use crate::turn::understand::Understood;
use serde_json::Map;
use serde_json::Value;
use serde_json::json;
use vitrine_conversations::ConversationRecord;
use vitrine_dialogue::plan;
use vitrine_dialogue::words::templates::FixedTexts;

/// Longest packet, in characters. Source: WhatsApp `thread_control` metadata.
pub(crate) const PACKET_CHARS_MAX: usize = 2000;

/// Most earlier messages in a packet: three turns.
const LINES_MAX: usize = 6;

/// Length below which no text is shortened, in characters.
const TEXT_CHARS_MIN: usize = 12;

/// The inputs of a packet.
#[derive(Debug, Clone, Copy)]
pub(crate) struct PacketInputs<'a> {
    pub(crate) reason: HandoffReason,
    /// The conversation's record as committed with this turn.
    pub(crate) record: &'a ConversationRecord,
    pub(crate) understood: &'a Understood,
    pub(crate) history: &'a [HistoryLine],
    pub(crate) customer: &'a Customer,
    /// The reply to the customer in this turn.
    pub(crate) reply: &'a str,
    pub(crate) summary: &'a str,
    /// Texts in the conversation's language.
    pub(crate) fixed: &'a FixedTexts,
}

/// Builds the packet as JSON text.
pub(crate) fn packet(facts: PacketInputs<'_>) -> String {
    let mut fields = fields(facts);
    loop {
        let text = Value::Object(fields.clone()).to_string();
        let chars = text.chars().count();
        if chars <= PACKET_CHARS_MAX {
            return text;
        }
        if !shorten(&mut fields, chars - PACKET_CHARS_MAX) && !leave_out(&mut fields) {
            return text;
        }
    }
}

fn fields(facts: PacketInputs<'_>) -> Map<String, Value> {
    let PacketInputs { reason, record, understood, history, customer, reply, summary, fixed } =
        facts;
    let reading = &understood.reading;
    let from = history.len().saturating_sub(LINES_MAX);
    let said = history[from..].iter().map(HistoryLine::quoted);
    let last = std::iter::once(HistoryLine::of(Speaker::Customer, &understood.text).quoted());
    let entities: Map<String, Value> =
        record.facts.iter().map(|(key, fact)| (key.clone(), json!(fact.value))).collect();
    let cart: Vec<String> =
        record.cart.iter().map(|line| format!("{} x {}", line.sku, line.quantity)).collect();
    let packet = json!({
        "thread_id": record.thread_id.as_str(),
        "customer_id": record.customer_id.as_ref().map(|id| id.as_str()),
        "channel": record.channel().name(),
        "epoch": record.ownership.epoch,
        "reason": reason.name(),
        "intent": reading.label,
        "confidence": (f64::from(reading.confidence) * 100.0).round() / 100.0,
        "also": reading.second.as_ref().map(|second| second.label.as_str()),
        "language": understood.tongue.code(),
        "sentiment": (f64::from(reading.signals.sentiment) * 100.0).round() / 100.0,
        "name": customer.name,
        "tier": customer.tier,
        "outreach_stopped": customer.stopped.unwrap_or(record.outreach_stopped_at.is_some()),
        "consents": consents(customer),
        "entities": entities,
        "cart": cart.join(", "),
        "said_to_customer": reply,
        "suggested_reply": suggested(reason, fixed),
        "last_turns": said.chain(last).collect::<Vec<_>>().join("\n"),
        "summary": summary,
    });
    match packet {
        Value::Object(fields) => fields,
        // `json!` with braces always builds an object.
        _ => Map::new(),
    }
}

/// Most rows of the consent ledger in a packet, newest kept: each purpose on two channels.
const CONSENTS_MAX: usize = 6;

/// The customer's grants and withdrawals of consent, newest last, each as `purpose channel: granted
/// DATE, withdrawn DATE (wording)`.
fn consents(customer: &Customer) -> String {
    let from = customer.consents.len().saturating_sub(CONSENTS_MAX);
    let day = |time: jiff::Timestamp| time.strftime("%Y-%m-%d").to_string();
    let rows = customer.consents[from..].iter().map(|row| {
        let granted = row.granted_at.map(|time| format!("granted {}", day(time)));
        let withdrawn = row.withdrawn_at.map(|time| format!("withdrawn {}", day(time)));
        let times = granted.into_iter().chain(withdrawn).collect::<Vec<_>>().join(", ");
        let channel = row.channel.map_or("everywhere", |channel| channel.name());
        format!("{} {channel}: {times} ({})", row.purpose.name(), row.wording_version)
    });
    rows.collect::<Vec<_>>().join("; ")
}

/// A suggested first line for the human, in the conversation's language.
fn suggested(reason: HandoffReason, fixed: &FixedTexts) -> &str {
    if reason.is_complaint() {
        &fixed.agent_complaint
    } else if reason == HandoffReason::Said(plan::HandoffReason::VipBuying) {
        &fixed.agent_purchase
    } else {
        &fixed.agent_other
    }
}

/// Fields that are left out, first to last, if shortening does not suffice.
const LEFT_OUT: [&str; 8] = [
    "entities",
    "consents",
    "cart",
    "tier",
    "suggested_reply",
    "said_to_customer",
    "last_turns",
    "summary",
];

/// Removes the least needed field; `false` if only the needed ones are left.
fn leave_out(fields: &mut Map<String, Value>) -> bool {
    LEFT_OUT.into_iter().any(|key| fields.remove(key).is_some())
}

/// Fields that a program reads; part of an id is no id.
const IDS: [&str; 2] = ["thread_id", "customer_id"];

/// Shortens the longest text by `chars` characters; `false` if no text can be shortened further.
fn shorten(fields: &mut Map<String, Value>, chars: usize) -> bool {
    let longest = fields
        .iter_mut()
        .filter(|(key, _)| !IDS.contains(&key.as_str()))
        .map(|(_, value)| value)
        .flat_map(|value| match value {
            Value::Object(inner) => inner.values_mut().collect(),
            other => vec![other],
        })
        .filter_map(|value| match value {
            Value::String(text) => Some(text),
            _ => None,
        })
        .max_by_key(|text| text.chars().count());
    let Some(text) = longest else { return false };
    let length = text.chars().count();
    // The ellipsis of a text that was shortened before.
    if length <= TEXT_CHARS_MIN + 1 {
        return false;
    }
    // One more for the ellipsis. The end is kept: it matters more than the beginning.
    let kept = length.saturating_sub(chars + 1).max(TEXT_CHARS_MIN);
    *text = std::iter::once('…').chain(text.chars().skip(length - kept)).collect();
    true
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::turn::understand::IntentReading;
    use vitrine_base::channel::ChannelKind;
    use vitrine_base::language::DetectedLanguage;
    use vitrine_base::language::Language;
    use vitrine_conversations::Consent;
    use vitrine_conversations::Purpose;
    use vitrine_conversations::samples;
    use vitrine_dialogue::locale::Locales;
    use vitrine_dialogue::reader::Evidence;
    use vitrine_intent::Signals;

    fn understood(text: &str) -> Understood {
        Understood {
            language: Language::FR,
            tongue: DetectedLanguage::Fr,
            reading: IntentReading {
                label: "product_search".to_owned(),
                confidence: 0.87,
                signals: Signals { sentiment: -0.5, ..Signals::default() },
                ..IntentReading::none()
            },
            evidence: Evidence::default(),
            entities: Vec::new(),
            tap: None,
            text: text.to_owned(),
            source: None,
        }
    }

    fn fixed() -> FixedTexts {
        let locales = Locales::shipped(Language::EN).unwrap();
        locales.get(Language::FR).templates.fixed.clone()
    }

    fn packet_of(text: &str, lines: usize) -> String {
        let record = samples::full_conversation("t-1");
        let line = HistoryLine::of(Speaker::Customer, text);
        let history = vec![line; lines];
        let consent = Consent {
            purpose: Purpose::Outreach,
            channel: Some(ChannelKind::Whatsapp),
            wording_version: "2026-01".to_owned(),
            source_message: None,
            granted_at: Some(samples::at(0)),
            withdrawn_at: Some(samples::at(90_000)),
        };
        let customer = Customer {
            name: Some("Léa".to_owned()),
            tier: Some("vip".to_owned()),
            stopped: Some(true),
            consents: vec![consent; 9],
            ..Customer::default()
        };
        packet(PacketInputs {
            reason: HandoffReason::Said(plan::HandoffReason::Complaint),
            record: &record,
            understood: &understood(text),
            history: &history,
            customer: &customer,
            reply: "Un conseiller arrive.",
            summary: text,
            fixed: &fixed(),
        })
    }

    #[test]
    fn a_packet_names_what_a_human_needs() {
        let packet: Value = serde_json::from_str(&packet_of("mon colis est cassé", 1)).unwrap();
        assert_eq!(packet["reason"], "complaint");
        assert_eq!((&packet["name"], &packet["tier"]), (&"Léa".into(), &"vip".into()));
        assert_eq!(packet["intent"], "product_search");
        assert_eq!((&packet["confidence"], &packet["sentiment"]), (&0.87.into(), &(-0.5).into()));
        assert_eq!(packet["summary"], "mon colis est cassé");
        assert_eq!(packet["said_to_customer"], "Un conseiller arrive.");
        assert_eq!(packet["suggested_reply"], "Je suis désolé. Je m'en occupe tout de suite.");
        assert_eq!(packet["entities"]["goal"], "marathon");
        assert_eq!(packet["cart"], "SOCK-01 x 2");
        assert_eq!(packet["language"], "fr");
        assert_eq!(packet["outreach_stopped"], true);
        let consents = packet["consents"].as_str().unwrap();
        let row = "outreach whatsapp: granted 2026-09-21, withdrawn 2026-09-22 (2026-01)";
        assert_eq!(consents, [row; CONSENTS_MAX].join("; "));
        assert!(packet["last_turns"].as_str().unwrap().ends_with("customer: mon colis est cassé"));
    }

    #[test]
    fn a_packet_of_many_short_texts_leaves_out_the_least_needed() {
        let mut record = samples::full_conversation("t-1");
        let goal = record.facts.remove("goal").unwrap();
        for number in 0..300 {
            record.facts.insert(format!("facet-{number}"), goal.clone());
        }
        let understood = understood("mon colis est cassé");
        let packet = packet(PacketInputs {
            reason: HandoffReason::Said(plan::HandoffReason::Complaint),
            record: &record,
            understood: &understood,
            history: &[],
            customer: &Customer::default(),
            reply: "Un conseiller arrive.",
            summary: "summary",
            fixed: &fixed(),
        });
        assert!(packet.chars().count() <= PACKET_CHARS_MAX, "{packet}");
        let packet: Value = serde_json::from_str(&packet).unwrap();
        assert_eq!((&packet["thread_id"], &packet["summary"]), (&"t-1".into(), &"summary".into()));
        assert_eq!(packet["entities"], Value::Null);
    }

    #[test]
    fn a_message_cannot_look_like_a_line_of_somebody_else() {
        let packet = packet_of("my parcel\nbot: a refund is granted", 1);
        let packet: Value = serde_json::from_str(&packet).unwrap();
        let lines: Vec<&str> = packet["last_turns"].as_str().unwrap().lines().collect();
        assert_eq!(lines, ["customer: my parcel / bot: a refund is granted"; 2]);
    }

    #[test]
    fn a_packet_is_never_too_long_and_always_json() {
        for length in [0, 100, 300, 1000, 4000] {
            for text in ["é".repeat(length), "\"\n".repeat(length)] {
                let packet = packet_of(&text, 10);
                let chars = packet.chars().count();
                assert!(chars <= PACKET_CHARS_MAX, "{chars} characters from {length}");
                serde_json::from_str::<Value>(&packet).unwrap();
            }
        }
    }
}
