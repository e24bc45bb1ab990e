//! The question answered last, asked again: of another product, or of more pieces.

use super::cues::Cue;
use super::draft::Draft;
use super::figure::Role;
use super::references;
use super::scene::Found;
use super::scene::Scene;
use super::wishes::best_value;
use crate::command::Command;
use crate::command::Question;
use crate::command::Reference;

/// Words for acts: a message with one of them asks nothing again.
const ACTS: [Cue; 11] = [
    Cue::Choose,
    Cue::Want,
    Cue::Yes,
    Cue::Fine,
    Cue::No,
    Cue::Negation,
    Cue::Show,
    Cue::Compare,
    Cue::Which,
    Cue::Remove,
    Cue::Checkout,
];

/// "and the Dorane?", after a question on another product: asks it of this one. "and 14 of those?",
/// after a price, asks what they cost together.
pub(crate) fn find(draft: &mut Draft<'_, '_>) {
    let scene = draft.scene;
    let Some(question) = scene.input.state.asked_of_product.clone() else { return };
    let joint = scene.tokens.first().is_some_and(|first| scene.cues.joins_numbers(&first.text));
    let asks = scene.sentences.iter().any(|sentence| sentence.question) || scene.has(Cue::Same);
    if draft.has_content() || !(joint || asks) || ACTS.iter().any(|cue| scene.has(*cue)) {
        return;
    }
    let whole = 0..scene.tokens.len();
    let named = references::products(scene, &whole);
    let values = scene.seen.iter().any(|seen| best_value(scene, seen).is_some());
    if !named.is_empty() && !values && whole.clone().all(|at| is_idle(scene, at)) {
        for (reference, tokens) in named {
            let (question, about) = (question.clone(), Some(reference));
            draft.add(tokens, Command::Ask { question, about });
        }
        return;
    }
    let counted = scene.figures.iter().find(|figure| figure.role == Role::Quantity);
    let Some(figure) = counted.filter(|_| question == Question::Price && joint) else { return };
    let counts = |at: usize| is_idle(scene, at) || figure.tokens.contains(&at);
    if scene.input.state.focus.is_some() && scene.seen.is_empty() && whole.clone().all(counts) {
        let command = Command::Ask { question, about: Some(Reference::Focus) };
        draft.found.push(Found { tokens: figure.tokens.clone(), command });
    }
}

/// Whether a token says nothing but which product is meant.
fn is_idle(scene: &Scene<'_>, at: usize) -> bool {
    let token = &scene.tokens[at];
    !token.text.chars().any(char::is_alphanumeric)
        || scene.cues.is_filler(&token.text)
        || scene.seen.iter().any(|seen| seen.tokens.contains(&at))
        || scene.hits_of(Cue::Same).any(|hit| hit.tokens.contains(&at))
}
