//! Fifth stage: updates the conversation's record with a turn, and summarises it for a human.
//!
//! Pure. `seal` commits the result before the answer is returned.

use crate::turn::answer::ReplyOption;
use crate::turn::answer::StatedFact;
use crate::turn::consent;
use crate::turn::decide::ActionKind;
use crate::turn::decide::Decision;
use crate::turn::decide::ids;
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
use vitrine_catalog::CATEGORY_KEY;
use vitrine_catalog::FacetChoice;
use vitrine_catalog::SIZE_KEY;
use vitrine_catalog::Understanding;
use vitrine_conversations::CartLine;
use vitrine_conversations::ConversationRecord;
use vitrine_conversations::Counters;
use vitrine_conversations::DeclinedOffer;
use vitrine_conversations::FactKind;
use vitrine_conversations::KnownFact;
use vitrine_conversations::OfferedOption;
use vitrine_conversations::OwnerEvent;
use vitrine_conversations::PendingQuestion;
use vitrine_conversations::Purpose;
use vitrine_conversations::SeenIntent;
use vitrine_conversations::VERBATIM_CHARS_MAX;

/// Separates the values of a fact that has several.
const VALUE_SEPARATOR: char = '|';

/// Facets kept when the customer turns to another product category.
const KEPT_KEYS: [&str; 2] = ["sport", "gender"];

/// Most intents stored with a conversation.
const INTENTS_MAX: usize = 8;

/// Most declined products stored with a conversation.
const DECLINED_MAX: usize = 64;

/// Facet of a pending question that is not about a facet: a confirmation or a choice of intent.
const CHOICE_FACET: &str = "choice";

/// The product need stored in the conversation; entities are left out.
pub(crate) fn recall(record: &ConversationRecord) -> Understanding {
    let choices: Vec<FacetChoice> = record
        .facts
        .iter()
        .filter(|(key, _)| !entities::is_key(key))
        .flat_map(|(key, fact)| {
            fact.value.split(VALUE_SEPARATOR).map(move |value| FacetChoice::new(key, value))
        })
        .collect();
    Understanding::from_choices(&choices)
}

/// The stored need, refined by this message.
pub(crate) fn refine(known: &Understanding, understood: &Understood) -> Understanding {
    let mut need = known.clone();
    match &understood.tap {
        Some(choice) if !ids::is_command(&choice.key) => {
            need.choose(choice);
            need.mentioned.clear();
        }
        Some(_) | None => need.refine(&understood.said, &KEPT_KEYS),
    }
    need
}

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
    record.intents.clear();
    record.kept = None;
    record.unanswered.clear();
    record.counters = Counters::default();
}

/// Whether a decision is about products. Only then is the need stated in the message stored.
fn concerns_products(decision: &Decision) -> bool {
    match decision.action.kind {
        ActionKind::Ask | ActionKind::Recommend | ActionKind::Checkout => true,
        ActionKind::Answer => decision.action.sku.is_some(),
        ActionKind::Greet
        | ActionKind::OrderStatus
        | ActionKind::Clarify
        | ActionKind::Deflect
        | ActionKind::Handoff
        | ActionKind::Close
        | ActionKind::Superseded => false,
    }
}

/// The facts that the customer stated in this message; `source` is the message id.
pub(crate) fn stated(
    understood: &Understood,
    decision: &Decision,
    source: Option<&str>,
) -> Vec<StatedFact> {
    let source = || source.map(str::to_owned);
    let mut facts = Vec::new();
    if concerns_products(decision) {
        facts.extend(
            grouped(&understood.said)
                .into_iter()
                .filter(|(key, _)| decision.need.knows(key) || key.starts_with("budget_"))
                .map(|(key, value)| StatedFact { key, value, source: source(), quote: None }),
        );
    }
    facts.extend(understood.entities.iter().map(|entity| StatedFact {
        key: entity.kind.key().to_owned(),
        value: entity.value.clone(),
        source: source(),
        quote: understood.text.get(entity.span.clone()).map(str::to_owned),
    }));
    facts
}

/// The choices of a need as `key → value`; several values of one key are joined.
fn grouped(need: &Understanding) -> BTreeMap<String, String> {
    let mut grouped: BTreeMap<String, String> = BTreeMap::new();
    for choice in need.choices() {
        grouped
            .entry(choice.key)
            .and_modify(|values| {
                values.push(VALUE_SEPARATOR);
                values.push_str(&choice.value);
            })
            .or_insert(choice.value);
    }
    grouped
}

/// Stores a decision in the conversation's record.
pub(crate) fn remember(
    record: &mut ConversationRecord,
    understood: &Understood,
    decision: &Decision,
    shown: &[ReplyOption],
    now: Timestamp,
) {
    record.language = understood.language;
    record.tongue = Some(understood.tongue);
    record.kept.clone_from(&decision.kept);
    remember_entities(record, understood, now);
    if concerns_products(decision) {
        remember_need(record, understood, decision, now);
        record.product_in_focus.clone_from(&decision.focus);
    }
    options::remember(record, shown.iter().map(|option| option.id.as_str()));
    let next = pending(decision, shown, now);
    let again = next.is_some() && asks_again(record.pending.as_ref(), next.as_ref());
    record.pending = next;
    if let Some(sku) = &decision.rejected {
        record.declined_offers.push(DeclinedOffer { sku: sku.clone(), declined_at: now });
        let excess = record.declined_offers.len().saturating_sub(DECLINED_MAX);
        record.declined_offers.drain(..excess);
    }
    let counters = &mut record.counters;
    counters.low_confidence_in_a_row =
        if decision.unsure { counters.low_confidence_in_a_row + 1 } else { 0 };
    counters.same_question_in_a_row =
        if again { counters.same_question_in_a_row.saturating_add(1) } else { 0 };
    if consent::stops(understood, record) {
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
    decision: &Decision,
    now: Timestamp,
) {
    let category = decision.need.category.as_deref();
    let known = record.facts.get(CATEGORY_KEY).map(|fact| fact.value.as_str());
    if known.is_some() && category != known {
        record.asked_facets.clear();
    }
    let asked = decision.action.facet.as_deref();
    if let Some(facet) = asked.filter(|facet| is_facet_question(decision, facet)) {
        record.asked_facets.push(facet.to_owned());
    }
    let mut facts = BTreeMap::new();
    for (key, value) in grouped(&decision.need) {
        let fact = match record.facts.remove(&key) {
            Some(fact) if fact.value == value => fact,
            _ => stated_fact(value, understood, now),
        };
        facts.insert(key, fact);
    }
    record.facts.retain(|key, _| entities::is_key(key));
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

fn is_facet_question(decision: &Decision, facet: &str) -> bool {
    decision.action.kind == ActionKind::Ask && facet != SIZE_KEY && facet != "need"
}

/// Whether two pending questions are the same: equal facet, product and options.
fn asks_again(before: Option<&PendingQuestion>, now: Option<&PendingQuestion>) -> bool {
    let asked = |question: &PendingQuestion| {
        let ids: Vec<String> = question.options.iter().map(|option| option.id.clone()).collect();
        (question.facet.clone(), question.product.clone(), ids)
    };
    before.map(asked) == now.map(asked)
}

fn pending(
    decision: &Decision,
    options: &[ReplyOption],
    now: Timestamp,
) -> Option<PendingQuestion> {
    if options.is_empty() {
        return None;
    }
    let facet = decision.action.facet.clone().unwrap_or_else(|| CHOICE_FACET.to_owned());
    let product: Option<Sku> = decision.focus.clone();
    let size_candidates = if facet == SIZE_KEY {
        options.iter().map(|option| option.title.clone()).collect()
    } else {
        Vec::new()
    };
    let options = options
        .iter()
        .map(|option| OfferedOption { id: option.id.clone(), title: option.title.clone() })
        .collect();
    Some(PendingQuestion { facet, options, product, size_candidates, asked_at: now })
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
