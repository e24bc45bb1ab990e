//! Complaints, told by their words or by their tone.

use super::cues::Cue;
use super::cues::Hit;
use super::cues::Meaning;
use super::draft::Draft;
use super::evidence;
use super::figure::Figure;
use super::figure::Role;
use super::labels;
use super::labels::TROUBLE;
use super::scene::Scene;
use super::service::add_topic;
use crate::command::Command;
use crate::command::Complaint;
use crate::shop::MentionTarget;
use std::ops::Range;

/// Most words between "my" and the goods: "my six new glasses".
const OWNED_GAP: usize = 2;

/// From this sentiment down a message is bitter.
const BITTER_MAX: f32 = -0.7;

/// The labels of topics that speak of a complaint if the words complain.
const COMPLAINTS: [(Cue, Complaint, &str); 6] = [
    (Cue::Damaged, Complaint::Damaged, "damaged_item"),
    (Cue::Delivery, Complaint::Delivery, "delivery_problem"),
    (Cue::Fault, Complaint::Fault, "warranty"),
    (Cue::Payment, Complaint::Payment, "payment_problem"),
    (Cue::Refund, Complaint::Refund, "refund_status"),
    (Cue::Service, Complaint::Service, "complaint"),
];

/// Reads complaints.
pub(crate) fn find(draft: &mut Draft<'_, '_>) {
    let scene = draft.scene;
    for (cue, about, intent) in COMPLAINTS {
        // "the sound of my TV is terrible, a sound bar under 200": what is wanted is a product.
        if cue == Cue::Service && limits_price(scene) {
            continue;
        }
        for hit in draft.free(cue) {
            let asks = scene.sentence_of(hit.start).is_some_and(|sentence| {
                sentence.question && scene.hit_in(&sentence.tokens, Cue::HowLong).is_some()
            });
            if supposes(scene, &hit) {
                add_topic(draft, hit, intent.to_owned());
            } else if asks && matches!(cue, Cue::Refund | Cue::Delivery) {
                let intent = if cue == Cue::Delivery { "shipping_options" } else { intent };
                add_topic(draft, hit, intent.to_owned());
            } else {
                let angry = draft.angry || draft.sarcastic;
                draft.add(hit, Command::Complain { about, angry });
            }
        }
    }
    let complains = draft.any(|command| matches!(command, Command::Complain { .. }));
    if complains {
        return;
    }
    let insult = draft.free(Cue::Insult).into_iter().next();
    let mut tones = [Cue::Praise, Cue::Thank, Cue::Failure].into_iter();
    let toned = tones.find_map(|cue| scene.hits_of(cue).next()).map(|hit| hit.tokens.clone());
    let bitter = draft.sarcastic.then(|| toned.unwrap_or(0..scene.tokens.len()));
    if let Some(tokens) = insult.or(bitter) {
        let about = if scene.has(Cue::Failure) && about_delivery(scene) {
            Complaint::Delivery
        } else {
            Complaint::Service
        };
        draft.add(tokens, Command::Complain { about, angry: true });
    }
}

/// Whether a price limit is stated.
fn limits_price(scene: &Scene<'_>) -> bool {
    let limit = |figure: &Figure| matches!(figure.role, Role::Money { bound: Some(_), .. });
    scene.figures.iter().any(limit)
}

/// "and if it never arrives?": asks what happens then, and reports nothing.
fn supposes(scene: &Scene<'_>, hit: &Range<usize>) -> bool {
    scene.sentence_of(hit.start).is_some_and(|sentence| {
        let supposed = scene.hit_in(&sentence.tokens, Cue::If);
        let supposed = supposed.filter(|one| one.tokens.start <= hit.start);
        // "if it dies after a year am I covered", without a mark.
        let opens = |one: &Hit| one.tokens.start == sentence.tokens.start && seen_as_matter(scene);
        supposed.is_some_and(|one| sentence.question || opens(one))
    })
}

/// Whether the classifier takes the message for a question on a matter rather than for trouble.
fn seen_as_matter(scene: &Scene<'_>) -> bool {
    let label = evidence::weigh(&scene.input.evidence.whole);
    label.is_some_and(|label| evidence::is_service(label) && !TROUBLE.contains(&label))
}

/// Whether deliveries are spoken of.
fn about_delivery(scene: &Scene<'_>) -> bool {
    let shipping = Meaning::Topic("shipping_options".to_owned());
    scene.has(Cue::Order)
        || scene.has(Cue::OrderWord)
        || scene.hits.iter().any(|hit| hit.meaning == shipping)
}

/// "my glasses arrived in bits": goods that somebody has, in a statement that the classifier takes
/// for trouble or that is bitter, are not looked for.
pub(crate) fn tells_of_trouble(draft: &mut Draft<'_, '_>) -> bool {
    let scene = draft.scene;
    let state = scene.input.state;
    let selling = state.pending.as_ref().is_some_and(labels::is_sale);
    let asks = scene.sentences.iter().any(|sentence| sentence.question);
    let owned = scene.seen.iter().any(|seen| {
        let start = seen.tokens.start;
        let near = |end: usize| end <= start && start - end <= OWNED_GAP;
        seen.targets.iter().any(MentionTarget::is_goods)
            && scene.hits_of(Cue::Owned).any(|hit| near(hit.tokens.end))
    });
    let mentions = draft.found.iter().all(|found| {
        labels::is_mention(&found.command) || matches!(found.command, Command::Quantity { .. })
    });
    if selling || asks || !owned || !mentions || scene.has(Cue::Want) {
        return false;
    }
    let troubles = TROUBLE.iter().map(|label| (*label, labels::likelihood(draft, label)));
    let sum: f32 = troubles.clone().map(|(_, probability)| probability).sum();
    let bitter = scene.input.evidence.sentiment <= BITTER_MAX;
    if sum < evidence::LABEL_MIN && !bitter {
        return false;
    }
    // "your cream gave me a rash": in the words of one of the shop's texts.
    let input = scene.input;
    let own = input.policies.said(input.text, input.locales);
    let own = own
        .flat_map(|topic| &topic.intents)
        .find_map(|intent| TROUBLE.into_iter().find(|label| label == intent));
    let likeliest = troubles.max_by(|a, b| a.1.total_cmp(&b.1)).map(|(label, _)| label);
    let likeliest = likeliest.filter(|_| sum >= evidence::LABEL_MIN);
    let label = own.or(likeliest).unwrap_or("complaint");
    draft.found.retain(|found| matches!(found.command, Command::Greet));
    draft.sarcastic |= scene.has(Cue::Praise);
    labels::add(draft, label);
    true
}
