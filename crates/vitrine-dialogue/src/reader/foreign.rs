//! Messages of which the classifier surely says that they are of something else than their words
//! suggest: none of the shop's matters, or no question on where an order is.

use super::cues::Cue;
use super::draft::Draft;
use super::evidence;
use super::labels::TROUBLE;
use super::labels::UNLIKELY;
use super::labels::add;
use super::labels::likelihood;
use super::scene::Found;
use super::service;
use crate::command::Command;
use crate::command::Question;

/// From this probability a label says what is wanted of an order.
const OF_ORDER_MIN: f32 = 0.8;

/// Matters of ways to pay.
pub(crate) const PAYING: [&str; 2] = ["payment_methods", "installments"];

/// Most words of a message that only refuses.
const REFUSAL_WORDS_MAX: usize = 5;

/// Weighs the label against the commands found.
pub(crate) fn find(draft: &mut Draft<'_, '_>) {
    turn_away(draft);
    leave_order(draft);
}

/// "any jobs going? I'm looking for work": a message that is surely none of the shop's matters, and
/// of which at most a doubtful word names goods.
fn turn_away(draft: &mut Draft<'_, '_>) {
    let scene = draft.scene;
    let open = |found: &Found| {
        matches!(
            found.command,
            Command::Seek { .. }
                | Command::Constrain { .. }
                | Command::Browse
                | Command::NoPreference { .. }
                | Command::Unclear
        )
    };
    let state = scene.input.state;
    let busy = scene.in_focus() || state.trouble.is_some() || state.answered.is_some();
    // A word or two that nothing explains may be misspelt: better to ask.
    let long = scene.content_words() > evidence::COURTESY_WORDS_MAX;
    let open = long && draft.found.iter().all(open);
    if open && !busy && evidence::is_foreign(scene) && !service::names_goods(scene) {
        draft.found.clear();
        draft.add(0..scene.tokens.len(), Command::OutOfScope);
    }
}

/// "I'd like another size in my order": an order is named, and something else is wanted of it than
/// to know where it is.
fn leave_order(draft: &mut Draft<'_, '_>) {
    let scene = draft.scene;
    let Some((label, probability)) = evidence::best(&scene.input.evidence.whole) else { return };
    let named = |found: &Found| {
        matches!(found.command, Command::Order { id: None } | Command::Greet | Command::Thank)
    };
    let named = !draft.found.is_empty() && draft.found.iter().all(named);
    let other = evidence::is_service(label) && label != "order_status" && label != "human_agent";
    let other = other && probability >= OF_ORDER_MIN && !TROUBLE.contains(&label);
    let known = scene.input.policies.of_intent(label).next().is_some();
    if named && other && known && likelihood(draft, "order_status") < UNLIKELY {
        draft.found.retain(|found| matches!(found.command, Command::Greet));
        add(draft, label);
    }
}

/// Whether a message goes on with the matter answered last though no mark or word of it asks.
pub(crate) fn goes_on(draft: &Draft<'_, '_>, intent: &str) -> bool {
    let scene = draft.scene;
    let idle = !scene.in_focus();
    let empty = idle && scene.input.state.cart.is_empty();
    // "delete all of it", where nothing was taken.
    let removes = empty && likelihood(draft, "remove_from_cart") >= evidence::LABEL_MIN;
    // "what if he does not spend it all", and what the classifier takes for the same matter.
    let supposes = scene.hits_of(Cue::If).any(|hit| hit.tokens.start <= 1);
    let same = likelihood(draft, intent) >= evidence::LABEL_MIN;
    // "I want no voucher, I want it on my account": a no that says more.
    let denies = idle && draft.any(|one| matches!(one, Command::Deny));
    removes || supposes || same || denies && scene.tokens.len() > REFUSAL_WORDS_MAX
}

/// "my card was declined, did you take the money?" asks for no ways to pay.
pub(crate) fn is_payment_lost(draft: &Draft<'_, '_>) -> bool {
    draft.any(|one| match one {
        Command::Ask { question: Question::Topic { intent, .. }, .. } => {
            PAYING.contains(&intent.as_str()) && likelihood(draft, intent) < UNLIKELY
        }
        _ => false,
    })
}
