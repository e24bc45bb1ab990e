//! What a classifier adds where the words leave a gap. Words of the catalogue and of the locale
//! come first; without a classifier nothing here fires.

use super::draft::Draft;
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

/// Adds the command of the likeliest label to a message of which no word says what is wanted.
pub(crate) fn fill(draft: &mut Draft<'_, '_>) {
    let scene = draft.scene;
    let Some(label) = weigh(&scene.input.evidence.whole) else { return };
    let mut command = taps::of_intent(scene.input, label);
    if let Command::Ask { question: Question::Topic { topics, .. }, .. } = &mut command {
        *topics = service::select(scene, Some(label));
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
