//! Orders: which one, where it is.

use super::contacts::ContactKind;
use super::cues::Cue;
use super::cues::Meaning;
use super::draft::Draft;
use super::scene::SURE;
use super::service::add_topic;
use super::service::own_topic;
use crate::command::Command;
use crate::state::Pending;
use crate::state::Topic;
use std::ops::Range;

/// Most further words of a message that asks for an order by naming it.
const ORDER_WORDS_MAX: usize = 1;

/// The matter of deliveries.
const DELIVERIES: &str = "shipping_options";

/// Reads which order a message speaks of.
pub(crate) fn find(draft: &mut Draft<'_, '_>) {
    let scene = draft.scene;
    let id = scene.contacts.iter().find(|contact| contact.kind == ContactKind::Order);
    let id = id.cloned();
    let topic = scene.hits.iter().any(|hit| {
        matches!(&hit.meaning, Meaning::Topic(label)
            if matches!(label.as_str(), "cancel_order" | "change_order" | "invoice_request"))
    });
    let asked = scene.input.state.pending == Some(Pending::OrderId);
    let hit = draft.free(Cue::Order).into_iter().next();
    match (hit, id) {
        (Some(tokens), None) if follows_delivery(draft, &tokens) => {}
        (Some(tokens), id) => {
            if let Some(id) = &id {
                draft.mark(&id.tokens);
            }
            draft.add(tokens.clone(), Command::Order { id: id.map(|id| id.value) });
            own_words_beside(draft, tokens);
        }
        (None, Some(id)) if asked || !topic => {
            draft.add(id.tokens, Command::Order { id: Some(id.value) });
        }
        (None, _) if asked && lacks_number(draft) => {}
        (None, _) if shipped(draft) => {}
        (None, _) => order_alone(draft),
    }
    for contact in &scene.contacts {
        if contact.kind == ContactKind::Address {
            let value = contact.value.clone();
            draft.add(contact.tokens.clone(), Command::Contact { value });
        }
    }
}

/// "can I follow the parcel?", after a question on deliveries: of no order yet.
fn follows_delivery(draft: &mut Draft<'_, '_>, tokens: &Range<usize>) -> bool {
    let scene = draft.scene;
    let state = scene.input.state;
    let goes_on = state.answered.as_deref() == Some(DELIVERIES) && state.order.is_none();
    let own = || own_topic(scene).is_some_and(|(intent, _)| intent == DELIVERIES);
    let follows = goes_on && scene.asks_at(tokens.start) && own();
    if follows {
        add_topic(draft, tokens.clone(), DELIVERIES.to_owned());
    }
    follows
}

/// "is there a tracking link?": asks of an order what one of the shop's texts answers in its words.
fn own_words_beside(draft: &mut Draft<'_, '_>, tokens: Range<usize>) {
    let scene = draft.scene;
    let known = scene.input.state.order.is_some();
    if let Some((intent, _)) = own_topic(scene).filter(|_| known && scene.asks_at(tokens.start)) {
        add_topic(draft, tokens, intent);
    }
}

/// "I don't have it at hand": the number of the order that we asked for is not known.
fn lacks_number(draft: &mut Draft<'_, '_>) -> bool {
    let scene = draft.scene;
    let denials = [Cue::Lack, Cue::Negation, Cue::No, Cue::NoPreference];
    let hit = denials.iter().find_map(|cue| scene.hits_of(*cue).next());
    let Some(hit) = hit.filter(|_| scene.seen.iter().all(|seen| seen.exact < SURE)) else {
        return false;
    };
    draft.mark(&(0..scene.tokens.len()));
    draft.add(hit.tokens.clone(), Command::Deny);
    true
}

/// "has it left yet?", after the status of an order: asks for it again.
fn shipped(draft: &mut Draft<'_, '_>) -> bool {
    let state = draft.scene.input.state;
    let order = state.order.is_some() && state.topics.last() == Some(&Topic::Order);
    let Some(hit) = draft.free(Cue::Shipped).into_iter().next().filter(|_| order) else {
        return false;
    };
    draft.add(hit, Command::Order { id: None });
    true
}

/// "and my parcel?": an order is named, and next to nothing else.
fn order_alone(draft: &mut Draft<'_, '_>) {
    let scene = draft.scene;
    let Some(hit) = draft.free(Cue::OrderWord).into_iter().next() else { return };
    let other = [Cue::Checkout, Cue::Reorder, Cue::Remove, Cue::Cart, Cue::Total, Cue::Choose];
    let busy = other.iter().any(|cue| scene.has(*cue)) || !scene.figures.is_empty();
    let topic = scene.hits.iter().any(|hit| matches!(hit.meaning, Meaning::Topic(_)));
    let asks = scene.sentences.iter().any(|sentence| sentence.question);
    let own = scene.is_skipped_at(hit.start, 1) || asks;
    let short = scene.content_words_outside(&hit) <= ORDER_WORDS_MAX;
    if own && short && !busy && !topic && !draft.has_content() && scene.seen.is_empty() {
        draft.add(hit, Command::Order { id: None });
    }
}
