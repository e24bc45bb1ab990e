//! Fifth stage: updates the conversation's record with a turn, and summarises it for a human.
//!
//! Pure. `seal` commits the result before the answer is returned.

use crate::turn::answer::StatedFact;
use crate::turn::dialogue::Decision;
use crate::turn::draft::HistoryLine;
use crate::turn::draft::Speaker;
use crate::turn::entities;
use crate::turn::message::Customer;
use crate::turn::message::TurnRequest;
use crate::turn::options;
use crate::turn::understand::Understood;
use jiff::Timestamp;
use std::collections::BTreeMap;
use vitrine_base::ids::Sku;
use vitrine_base::money::Currency;
use vitrine_base::money::Money;
use vitrine_catalog::BUDGET_MAX_KEY;
use vitrine_catalog::BUDGET_MIN_KEY;
use vitrine_catalog::CATEGORY_KEY;
use vitrine_conversations::CartLine;
use vitrine_conversations::ConversationRecord;
use vitrine_conversations::Counters;
use vitrine_conversations::DeclinedOffer;
use vitrine_conversations::FactKind;
use vitrine_conversations::KnownFact;
use vitrine_conversations::OwnerEvent;
use vitrine_conversations::Purpose;
use vitrine_conversations::SeenIntent;
use vitrine_conversations::VERBATIM_CHARS_MAX;
use vitrine_dialogue::command::Command;
use vitrine_dialogue::state::DialogueState;

/// Separates the values of a fact that has several.
const VALUE_SEPARATOR: char = '|';

/// Fact: the skus of the products that the customer asked to hear of when they are back in stock.
/// The message with which they asked is its source, and the consent to that one message.
const WAITS_FOR_KEY: &str = "waits_for";

/// Most intents stored with a conversation.
const INTENTS_MAX: usize = 8;

/// Most declined products stored with a conversation.
const DECLINED_MAX: usize = 64;

/// Applies the changes of the request itself: channel, customer, cart, owner, times.
pub(crate) fn apply_request(
    record: &mut ConversationRecord,
    request: &TurnRequest,
    now: Timestamp,
) {
    if !record.channels.contains(&request.channel) {
        record.channels.push(request.channel);
    }
    record.channel_last = Some(request.channel);
    if let Some(customer) = &request.customer_id {
        record.customer_id = Some(customer.clone());
    }
    if let Some(cart) = &request.cart {
        record.cart = cart
            .iter()
            .map(|(sku, quantity)| CartLine { sku: sku.clone(), quantity: *quantity })
            .collect();
    }
    record.ownership = record.ownership.after(OwnerEvent::CustomerSpoke, now);
    // A delayed message must not close the channel's reply window early.
    // A clock that is ahead must not keep it open longer.
    let sent_at = request.sent(now).min(now);
    record.last_customer_message_at = record.last_customer_message_at.max(Some(sent_at));
    record.updated_at = now;
}

/// Resets the conversation after it was resolved: its subject is cleared, its participants stay.
pub(crate) fn restart(record: &mut ConversationRecord) {
    record.facts.clear();
    record.asked_facets.clear();
    record.pending = None;
    record.product_in_focus = None;
    record.dialogue = None;
    record.intents.clear();
    record.kept = None;
    record.unanswered.clear();
    record.counters = Counters::default();
}

/// The facts that the customer stated in this message; `source` is the message id.
pub(crate) fn stated(
    understood: &Understood,
    (before, after): (&DialogueState, &DialogueState),
    currency: Option<Currency>,
    source: Option<&str>,
) -> Vec<StatedFact> {
    let source = || source.map(str::to_owned);
    let known = facts_of(before, currency);
    let mut facts: Vec<StatedFact> = facts_of(after, currency)
        .into_iter()
        .filter(|(key, value)| known.get(key) != Some(value))
        .map(|(key, value)| StatedFact { key, value, source: source(), quote: None })
        .collect();
    facts.extend(understood.entities.iter().map(|entity| StatedFact {
        key: entity.kind.key().to_owned(),
        value: entity.value.clone(),
        source: source(),
        quote: understood.text.get(entity.span.clone()).map(str::to_owned),
    }));
    facts
}

/// What is looked for and waited for as `key → value`; several values of one key are joined.
fn facts_of(state: &DialogueState, currency: Option<Currency>) -> BTreeMap<String, String> {
    let need = &state.need;
    let mut facts = BTreeMap::new();
    let joined = |values: &[String]| values.join(&VALUE_SEPARATOR.to_string());
    if let Some(category) = &need.category {
        facts.insert(CATEGORY_KEY.to_owned(), category.clone());
    }
    for (key, amount) in [(BUDGET_MIN_KEY, need.price_min), (BUDGET_MAX_KEY, need.price_max)] {
        if let (Some(amount), Some(currency)) = (amount, currency) {
            facts.insert(key.to_owned(), Money { amount, currency }.to_string());
        }
    }
    for (key, values) in &need.options {
        facts.insert(key.clone(), joined(values));
    }
    for (key, wish) in &need.facets {
        let wanted = if wish.must.is_empty() { &wish.prefer } else { &wish.must };
        if key != CATEGORY_KEY {
            facts.insert(key.clone(), joined(wanted));
        }
    }
    facts.insert(WAITS_FOR_KEY.to_owned(), joined(&state.waits_for));
    facts.retain(|_, value| !value.is_empty());
    facts
}

/// Stores a decision in the conversation's record.
pub(crate) fn remember(
    record: &mut ConversationRecord,
    understood: &Understood,
    decision: &Decision,
    currency: Option<Currency>,
    now: Timestamp,
) {
    record.language = understood.language;
    record.tongue = Some(understood.tongue);
    remember_entities(record, understood, now);
    if let Some(turned) = &decision.turned {
        let state = &turned.state;
        remember_need(record, understood, facts_of(state, currency), now);
        let focus = state.focus.as_ref().and_then(|focus| Sku::new(focus.sku.clone()).ok());
        record.product_in_focus = focus;
        for sku in state.rejected.iter().filter_map(|sku| Sku::new(sku.clone()).ok()) {
            let known = record.declined_offers.iter().any(|declined| declined.sku == sku);
            if !known {
                record.declined_offers.push(DeclinedOffer { sku, declined_at: now });
            }
        }
        let excess = record.declined_offers.len().saturating_sub(DECLINED_MAX);
        record.declined_offers.drain(..excess);
        record.counters.low_confidence_in_a_row = state.unclear;
        record.counters.same_question_in_a_row = state.same_question;
        record.dialogue = Some(state.stored());
    }
    // What an older version kept is part of the dialogue's state now.
    record.pending = None;
    record.kept = None;
    record.asked_facets.clear();
    options::remember(record, decision.options.iter().map(|(id, _)| id.as_str()));
    let stops = decision.turned.as_ref().is_some_and(|turned| {
        turned.reading.commands.iter().any(|said| said.command == Command::Stop)
    });
    if stops {
        record.outreach_stopped_at = Some(now);
    }
    if decision.handoff.is_some() {
        record.ownership = record.ownership.after(OwnerEvent::HandoffOffered, now);
    }
    record.intents.push(SeenIntent {
        label: understood.reading.label.clone(),
        confidence: understood.reading.confidence,
        seen_at: now,
    });
    let excess = record.intents.len().saturating_sub(INTENTS_MAX);
    record.intents.drain(..excess);
    record.disclosed_at = record.disclosed_at.or(Some(now));
}

/// Most offered products stored with a conversation, so that none is offered twice.
const OFFERED_MAX: usize = 32;

/// Stores that a product was offered.
pub(crate) fn remember_offer(record: &mut ConversationRecord, sku: Sku) {
    record.counters.offers_made = record.counters.offers_made.saturating_add(1);
    record.offered.push(sku);
    let excess = record.offered.len().saturating_sub(OFFERED_MAX);
    record.offered.drain(..excess);
}

fn remember_need(
    record: &mut ConversationRecord,
    understood: &Understood,
    stated: BTreeMap<String, String>,
    now: Timestamp,
) {
    let mut facts = BTreeMap::new();
    for (key, value) in stated {
        let fact = match record.facts.remove(&key) {
            Some(fact) if fact.value == value => fact,
            _ => stated_fact(value, understood, now),
        };
        facts.insert(key, fact);
    }
    let of_the_need =
        |key: &str, fact: &KnownFact| fact.purpose == Purpose::Assistance && !entities::is_key(key);
    record.facts.retain(|key, fact| !of_the_need(key, fact));
    record.facts.append(&mut facts);
}

/// Stores the entities of a message; a newly stated value replaces the stored one.
fn remember_entities(record: &mut ConversationRecord, understood: &Understood, now: Timestamp) {
    let mut stated: BTreeMap<&str, String> = BTreeMap::new();
    for entity in &understood.entities {
        let values = stated.entry(entity.kind.key()).or_default();
        if !values.is_empty() {
            values.push(VALUE_SEPARATOR);
        }
        values.push_str(&entity.value);
    }
    for (key, value) in stated {
        record.facts.insert(key.to_owned(), stated_fact(value, understood, now));
    }
}

/// A fact that the customer stated or tapped in this message, with the words used.
fn stated_fact(value: String, understood: &Understood, now: Timestamp) -> KnownFact {
    let words = understood.text.chars().take(VERBATIM_CHARS_MAX).collect::<String>();
    KnownFact {
        value,
        kind: FactKind::Stated,
        source: understood.source.clone(),
        verbatim: (understood.tap.is_none() && !words.is_empty()).then_some(words),
        purpose: Purpose::Assistance,
        confidence: 1.0,
        learnt_at: now,
    }
}

/// Longest hand-off summary, in characters. Source: WhatsApp `thread_control` metadata.
const SUMMARY_CHARS_MAX: usize = 2000;

/// Summary for the human who takes over, one `key: value` a line; cut at [`SUMMARY_CHARS_MAX`].
pub(crate) fn summary(
    record: &ConversationRecord,
    understood: &Understood,
    history: &[HistoryLine],
    customer: &Customer,
) -> String {
    let reading = &understood.reading;
    let mut lines = vec![
        format!("intent: {} ({:.2})", reading.label, reading.confidence),
        format!("language: {}", understood.tongue.code()),
        format!("sentiment: {:.2}", reading.signals.sentiment),
    ];
    let known = [
        ("name", &customer.name),
        ("tier", &customer.tier),
        ("last purchase", &customer.last_purchase),
    ];
    lines.extend(
        known
            .into_iter()
            .filter_map(|(key, value)| value.as_ref().map(|value| format!("{key}: {value}"))),
    );
    lines.extend(reading.second.iter().map(|second| format!("also: {}", second.label)));
    lines.extend(record.facts.iter().map(|(key, fact)| format!("{key}: {}", fact.value)));
    lines.extend(record.product_in_focus.iter().map(|sku| format!("product: {sku}")));
    lines.extend(record.cart.iter().map(|line| format!("cart: {} x {}", line.sku, line.quantity)));
    lines.extend(history.iter().map(HistoryLine::quoted));
    lines.push(HistoryLine::of(Speaker::Customer, &understood.text).quoted());
    lines.join("\n").chars().take(SUMMARY_CHARS_MAX).collect()
}
