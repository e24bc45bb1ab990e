//! The commands that a label of the classifier leads to, and the commands that leave room for one.

use super::cues::Cue;
use super::cues::Meaning;
use super::draft::Draft;
use super::service;
use super::taps;
use crate::command::Command;
use crate::command::Complaint;
use crate::command::Question;
use crate::command::Reference;
use crate::state::Pending;
use std::ops::Range;

/// Labels of trouble.
pub(crate) const TROUBLE: [&str; 4] =
    ["delivery_problem", "damaged_item", "payment_problem", "complaint"];

/// Below this probability a matter that a single word suggests is not meant.
pub(crate) const UNLIKELY: f32 = 0.02;

/// From this probability a clause, or a question that names goods, asks for a matter of the shop
/// that none of its words name.
pub(crate) const CLAUSE_MIN: f32 = 0.9;

/// Commands on a matter of the shop.
pub(crate) fn is_matter(command: &Command) -> bool {
    matches!(
        command,
        Command::Ask { question: Question::Topic { .. }, .. }
            | Command::Order { .. }
            | Command::Complain { .. }
            | Command::Human
            | Command::Stop
            | Command::Start
    )
}

pub(crate) fn likelihood(draft: &Draft<'_, '_>, label: &str) -> f32 {
    draft.scene.input.evidence.whole.get(label).copied().unwrap_or_default()
}

/// Commands that only mention goods.
pub(crate) fn is_mention(command: &Command) -> bool {
    matches!(
        command,
        Command::Seek { .. }
            | Command::Constrain { .. }
            | Command::Browse
            | Command::NoPreference { .. }
            | Command::Greet
            | Command::Thank
            | Command::Bye
            | Command::Unclear
            | Command::Deny
            | Command::Confirm
            | Command::Choose { reference: Reference::Focus, buys: false }
    )
}

/// Whether a question of ours is part of a sale.
pub(crate) fn is_sale(pending: &Pending) -> bool {
    !matches!(pending, Pending::OrderId | Pending::Contact { .. } | Pending::Anything)
}

/// Questions whose subject is not certain.
pub(crate) fn is_vague(question: &Question) -> bool {
    matches!(question, Question::Attribute { value: None, key } if key.is_empty())
        || matches!(question, Question::Details)
}

/// Whether a command was stated so clearly that no label overrules it.
pub(crate) fn is_exact(command: &Command) -> bool {
    match command {
        Command::Ask { question, .. } => !is_vague(question),
        Command::Choose { buys, .. } => *buys,
        Command::Checkout
        | Command::Compare { .. }
        | Command::Remove { .. }
        | Command::Cheaper
        | Command::Dearer
        | Command::Another => true,
        _ => false,
    }
}

pub(crate) fn add(draft: &mut Draft<'_, '_>, label: &str) {
    add_at(draft, 0..draft.scene.tokens.len(), label);
}

pub(crate) fn add_at(draft: &mut Draft<'_, '_>, tokens: Range<usize>, label: &str) {
    let mut command = taps::of_intent(draft.scene.input, label);
    if let Command::Ask { question: Question::Topic { .. }, .. } = &command {
        return service::add_topic(draft, tokens, label.to_owned());
    }
    if let Command::Complain { angry, about } = &mut command {
        *angry = draft.angry;
        debug_assert!(*about != Complaint::Fault, "faults are found by their words");
    }
    draft.add(tokens, command);
}

/// Matters that stand beside a search rather than in its place: words for them must be there.
const BESIDE_SEARCH: [&str; 7] = [
    "gift_help",
    "size_help",
    "bulk_order",
    "discount_request",
    "care_instructions",
    "sustainability",
    "reorder",
];

/// Whether the words state a wish that a label of such a matter does not outweigh.
pub(crate) fn wishes_for_goods(draft: &Draft<'_, '_>, label: &str) -> bool {
    let named = draft.scene.hits.iter().any(|hit| match &hit.meaning {
        Meaning::Topic(topic) => topic == label,
        _ => false,
    });
    let wished = draft.any(|command| {
        matches!(
            command,
            Command::Seek { .. }
                | Command::Constrain { .. }
                | Command::PriceLimit { .. }
                | Command::Cheaper
                | Command::Dearer
                | Command::Another
        )
    });
    // "should I keep my serums in the fridge?" asks for no serums.
    let scene = draft.scene;
    let asks = scene.sentences.iter().any(|sentence| sentence.question);
    let wishes = [Cue::Want, Cue::Have, Cue::Browse, Cue::Which, Cue::Another, Cue::Cheaper];
    let asked = asks && !wishes.iter().any(|cue| scene.has(*cue));
    let asked = asked && likelihood(draft, label) >= CLAUSE_MIN;
    // "is there anything under 100?" is a limit, and asks for no discount.
    let limited = label == "discount_request"
        && draft.any(|command| matches!(command, Command::PriceLimit { .. }));
    BESIDE_SEARCH.contains(&label) && wished && !named && (limited || !asked)
}
