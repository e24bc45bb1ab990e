//! What a classifier adds where the words leave a gap. Words of the catalogue and of the locale
//! come first; without a classifier nothing here fires.

use super::draft::Draft;
use super::scene::Scene;
use super::service;
use super::taps;
use crate::command::Command;
use crate::command::Likelihoods;
use crate::command::Question;

/// From this probability a label decides a message that no word explains.
pub(crate) const LABEL_MIN: f32 = 0.45;

/// From this probability a message that no word explains is none of a shop's matters.
pub(crate) const OUT_OF_SCOPE_MIN: f32 = 0.6;

/// From this probability a label that changes something (stop, a purchase) is followed.
pub(crate) const ACTING_MIN: f32 = 0.8;

/// Most content words of a message that is only a yes, a no or a greeting.
pub(crate) const COURTESY_WORDS_MAX: usize = 2;

/// Labels that change something: the customer's consent, the cart, what was asked.
const ACTING: [&str; 6] =
    ["stop_messages", "add_to_cart", "remove_from_cart", "checkout", "confirm", "reject"];

/// Label of what is none of a shop's matters.
pub(crate) const OUT_OF_SCOPE: &str = "oos";

/// The label that decides, if one is probable enough.
pub(crate) fn weigh(likelihoods: &Likelihoods) -> Option<&str> {
    let best = likelihoods.iter().max_by(|a, b| a.1.total_cmp(b.1))?;
    let (label, probability) = (best.0.as_str(), *best.1);
    let least = match label {
        OUT_OF_SCOPE => OUT_OF_SCOPE_MIN,
        label if ACTING.contains(&label) => ACTING_MIN,
        _ => LABEL_MIN,
    };
    (probability >= least).then_some(label)
}

/// From this probability a message is surely none of a shop's matters.
const FOREIGN_MIN: f32 = 0.9;

/// From this probability a message is about another matter of the shop than the one answered last.
const OTHER_MIN: f32 = 0.8;

/// Whether the classifier is sure that a message is none of a shop's matters.
pub(crate) fn is_out_of_scope(scene: &Scene<'_>) -> bool {
    let oos = scene.input.evidence.whole.get(OUT_OF_SCOPE);
    oos.is_some_and(|probability| *probability >= FOREIGN_MIN)
}

/// Whether the classifier sees a matter of the shop, in a word that could also be talk.
pub(crate) fn sees_matter(scene: &Scene<'_>) -> bool {
    let best = weigh(&scene.input.evidence.whole);
    best.is_some_and(super::fusion::is_service)
}

/// Whether the classifier sees another matter of the shop than this one.
pub(crate) fn sees_other(scene: &Scene<'_>, intent: &str) -> bool {
    scene.input.evidence.whole.iter().any(|(label, probability)| {
        label != intent && super::fusion::is_service(label) && *probability >= OTHER_MIN
    })
}

/// Adds the command of the likeliest label to a message of which no word says what is wanted.
pub(crate) fn fill(draft: &mut Draft<'_, '_>) {
    let scene = draft.scene;
    let Some(label) = weigh(&scene.input.evidence.whole) else { return };
    // Wrapping and the like have words of their own; without them, a gift is looked for.
    let command = match label {
        "gift_help" => Command::Browse,
        label => taps::of_intent(scene.input, label),
    };
    if let Command::Ask { question: Question::Topic { .. }, .. } = &command {
        return service::add_topic(draft, 0..scene.tokens.len(), label.to_owned());
    }
    // A word or two that nothing explains may be misspelt: better to ask than to turn it away.
    if matches!(command, Command::OutOfScope) && scene.content_words() <= COURTESY_WORDS_MAX {
        return;
    }
    // Yes, no and courtesy are short; a label for a long message without such words is doubtful.
    let courteous = matches!(command, Command::Confirm | Command::Deny | Command::Greet);
    if courteous && scene.content_words() > COURTESY_WORDS_MAX {
        return;
    }
    draft.add(0..scene.tokens.len(), command);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_label_decides_only_above_its_threshold() {
        let one = |label: &str, share: f32| Likelihoods::from([(label.to_owned(), share)]);
        assert_eq!(weigh(&one("warranty", 0.5)), Some("warranty"));
        assert_eq!(weigh(&one("warranty", 0.4)), None);
        assert_eq!(weigh(&one("oos", 0.5)), None);
        assert_eq!(weigh(&one("checkout", 0.6)), None);
        assert_eq!(weigh(&Likelihoods::new()), None);
    }
}
