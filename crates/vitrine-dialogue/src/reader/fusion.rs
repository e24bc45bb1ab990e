//! Weighs what the words say against what the classifier sees in the whole message.
//!
//! Words of the catalogue, sizes, amounts and references are surer than a label; a label is surer than
//! a kind of product or a value that a message merely mentions: "wore my new trail shoes on one muddy
//! run, can I send them back" asks for a return. Without a classifier nothing here fires.

use super::cues::Cue;
use super::draft::Draft;
use super::service;
use super::taps;
use crate::command::Command;
use crate::command::Complaint;
use crate::command::Question;
use crate::command::Reference;
use crate::shop::MentionTarget;
use crate::state::Pending;

/// From this probability a label replaces a search that the message only seems to want.
const OVER_SEARCH_MIN: f32 = 0.8;

/// The same, if the message is as short as an answer to our question.
const OVER_ANSWER_MIN: f32 = 0.95;

/// From this probability a label of trouble replaces a question on the same matter.
const TROUBLE_MIN: f32 = 0.9;

/// From this probability a label is added to what the words say.
const BESIDE_MIN: f32 = 0.97;

/// From this probability, of all labels that agree, a message agrees to buy what is offered.
const AGREES_MIN: f32 = 0.65;

/// Below this probability a matter that a single word suggests is not meant.
const UNLIKELY: f32 = 0.02;

/// Most content words of a short answer.
const ANSWER_WORDS_MAX: usize = 3;

/// Most content words of a message that only says which goods are meant.
const GOODS_WORDS_MAX: usize = 4;

/// Labels of trouble.
const TROUBLE: [&str; 4] = ["delivery_problem", "damaged_item", "payment_problem", "complaint"];

/// Labels that agree to a purchase.
const AGREES: [&str; 3] = ["confirm", "add_to_cart", "checkout"];

/// Labels about products, buying and talk: the words decide these.
const SELLING: [&str; 17] = [
    "product_search",
    "product_question",
    "price_question",
    "stock_question",
    "compare_products",
    "add_to_cart",
    "remove_from_cart",
    "checkout",
    "view_cart",
    "confirm",
    "reject",
    "greet",
    "thanks_bye",
    "praise",
    "size_help",
    "stop_messages",
    "oos",
];

/// Whether a label is a matter of the shop: deliveries, returns, orders, a person.
fn is_service(label: &str) -> bool {
    !SELLING.contains(&label)
}

/// Weighs the label of the whole message against the commands found.
pub(crate) fn weigh(draft: &mut Draft<'_, '_>) {
    let scene = draft.scene;
    let all = &scene.input.evidence.whole;
    let Some((label, probability)) = all.iter().max_by(|a, b| a.1.total_cmp(b.1)) else { return };
    drop_unlikely(draft);
    agree(draft);
    if is_service(label) {
        service_label(draft, label, *probability);
    }
}

fn likelihood(draft: &Draft<'_, '_>, label: &str) -> f32 {
    draft.scene.input.evidence.whole.get(label).copied().unwrap_or_default()
}

/// Commands that only mention goods.
fn is_mention(command: &Command) -> bool {
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

/// Whether something in the message is surely about buying.
fn is_anchored(draft: &Draft<'_, '_>) -> bool {
    let scene = draft.scene;
    let named = scene.seen.iter().flat_map(|seen| &seen.targets);
    let product = named.into_iter().any(|one| matches!(one, MentionTarget::Product(_)));
    product || scene.has(Cue::Want) && !scene.sentences.iter().any(|one| one.question)
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
fn wishes_for_goods(draft: &Draft<'_, '_>, label: &str) -> bool {
    let named = draft.scene.hits.iter().any(|hit| match &hit.meaning {
        super::cues::Meaning::Topic(topic) => topic == label,
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
    BESIDE_SEARCH.contains(&label) && wished && !named
}

/// Whether a short message goes on with the search, and no word tells of trouble: "the glass first".
fn goes_on_with_search(draft: &Draft<'_, '_>) -> bool {
    let scene = draft.scene;
    let state = scene.input.state;
    let troubled = scene.hits.iter().any(|hit| {
        matches!(hit.meaning, super::cues::Meaning::Cue(cue) if cue.is_trouble() && cue != Cue::Praise)
    });
    let shopping = matches!(
        state.pending,
        Some(Pending::Facet { .. } | Pending::Option { .. } | Pending::Buy { .. } | Pending::Pick)
    );
    let goods = draft.any(|one| matches!(one, Command::Seek { .. } | Command::Constrain { .. }));
    shopping && goods && !troubled && scene.content_words() <= GOODS_WORDS_MAX
}

fn service_label(draft: &mut Draft<'_, '_>, label: &str, probability: f32) {
    let scene = draft.scene;
    if wishes_for_goods(draft, label) || TROUBLE.contains(&label) && goes_on_with_search(draft) {
        return;
    }
    let state = scene.input.state;
    let answering = matches!(state.pending, Some(Pending::Facet { .. } | Pending::Need))
        && scene.content_words() <= ANSWER_WORDS_MAX;
    let least = if answering { OVER_ANSWER_MIN } else { OVER_SEARCH_MIN };
    let weak = draft.found.iter().all(|found| is_mention(&found.command));
    let vague = draft.found.iter().all(|found| {
        is_mention(&found.command)
            || matches!(&found.command, Command::Ask { question, .. } if is_vague(question))
    });
    let trouble = TROUBLE.contains(&label);
    let replaced = (weak || vague && probability >= TROUBLE_MIN) && probability >= least;
    if replaced && !is_anchored(draft) {
        draft.found.retain(|found| matches!(found.command, Command::Greet));
        draft.sarcastic |= trouble && scene.has(Cue::Praise);
        return add(draft, label);
    }
    if trouble && probability >= TROUBLE_MIN {
        return over_questions(draft, label);
    }
    let asks = scene.sentences.iter().any(|sentence| sentence.question);
    let known = draft.any(|command| {
        matches!(
            command,
            Command::Ask { question: Question::Topic { .. }, .. }
                | Command::Order { .. }
                | Command::Complain { .. }
                | Command::Human
                | Command::Stop
                | Command::Start
        )
    });
    if asks && !known && probability >= BESIDE_MIN && !draft.any(is_exact) {
        add(draft, label);
    }
}

/// Questions whose subject is not certain.
fn is_vague(question: &Question) -> bool {
    matches!(question, Question::Attribute { value: None, key } if key.is_empty())
        || matches!(question, Question::Details)
}

/// Commands that leave no room for another reading.
fn is_exact(command: &Command) -> bool {
    match command {
        Command::Ask { question, .. } => !is_vague(question),
        Command::Choose { buys, .. } => *buys,
        Command::Checkout | Command::Compare { .. } | Command::Remove { .. } => true,
        _ => false,
    }
}

/// "it says delivered, there is nothing here": trouble, not a question on deliveries.
fn over_questions(draft: &mut Draft<'_, '_>, label: &str) {
    let scene = draft.scene;
    let asks = scene.input.text.contains('?');
    let others = draft.found.iter().all(|found| {
        is_mention(&found.command)
            || matches!(found.command, Command::Order { .. })
            || matches!(&found.command, Command::Ask { question: Question::Topic { intent, .. }, .. }
                if matches!(intent.as_str(), "shipping_options" | "order_status" | "pickup"))
    });
    if asks || !others || is_anchored(draft) {
        return;
    }
    let order = draft.found.iter().find_map(|found| match &found.command {
        Command::Order { id: Some(id) } => Some(id.clone()),
        _ => None,
    });
    draft.found.retain(|found| matches!(found.command, Command::Greet));
    draft.sarcastic |= scene.has(Cue::Praise);
    add(draft, label);
    if let Some(id) = order {
        draft.add(0..scene.tokens.len(), Command::Order { id: Some(id) });
    }
}

fn add(draft: &mut Draft<'_, '_>, label: &str) {
    let scene = draft.scene;
    let mut command = taps::of_intent(scene.input, label);
    if let Command::Ask { question: Question::Topic { topics, .. }, .. } = &mut command {
        *topics = service::select(scene, Some(label));
    }
    if let Command::Complain { angry, about } = &mut command {
        *angry = draft.angry;
        debug_assert!(*about != Complaint::Fault, "faults are found by their words");
    }
    draft.add(0..scene.tokens.len(), command);
}

/// "yep that's it", "great, ordering those": agrees to what is offered, if nothing else is said.
fn agree(draft: &mut Draft<'_, '_>) {
    let scene = draft.scene;
    let state = scene.input.state;
    let offered = matches!(state.pending, Some(Pending::Buy { .. } | Pending::Option { .. }));
    let agrees: f32 = AGREES.iter().map(|label| likelihood(draft, label)).sum();
    let asks = scene.sentences.iter().any(|sentence| sentence.question);
    let courteous = draft.found.iter().all(|found| {
        matches!(
            found.command,
            Command::Size { .. }
                | Command::Quantity { .. }
                | Command::Thank
                | Command::Bye
                | Command::Browse
                | Command::Unclear
                | Command::Greet
        )
    });
    let refuses = scene.has(Cue::Negation) || scene.has(Cue::NoThanks) || scene.has(Cue::No);
    if !offered || asks || !courteous || refuses || agrees < AGREES_MIN {
        return;
    }
    draft
        .found
        .retain(|found| matches!(found.command, Command::Size { .. } | Command::Quantity { .. }));
    draft.add(0..scene.tokens.len(), Command::Confirm);
}

/// Drops a matter that one word suggested beside something surer, and that the classifier does not
/// see: "make it a 31, she grows so fast" asks for no fast delivery.
fn drop_unlikely(draft: &mut Draft<'_, '_>) {
    let evidence = draft.scene.input.evidence;
    let sure = draft.found.iter().any(|found| {
        matches!(
            found.command,
            Command::Size { .. } | Command::Choose { .. } | Command::Seek { .. }
        )
    });
    let asks = draft.scene.sentences.iter().any(|sentence| sentence.question);
    if !sure || asks {
        return;
    }
    draft.found.retain(|found| match &found.command {
        Command::Ask { question: Question::Topic { intent, .. }, .. } => {
            evidence.whole.get(intent).copied().unwrap_or_default() >= UNLIKELY
        }
        _ => true,
    });
}
