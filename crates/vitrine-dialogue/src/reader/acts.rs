//! Courtesy, yes and no, wishes to stop, to speak to a person or to pay, and matters that a shop
//! does not answer.

use super::cues::Cue;
use super::draft::Draft;
use super::scene::Found;
use super::scene::Scene;
use super::tokens::TokenKind;
use crate::command::Command;
use crate::command::Polarity;
use crate::command::Question;
use crate::shop::Lookups;
use crate::shop::MentionTarget;
use crate::state::Pending;
use std::ops::Range;

/// Most words of a message that is a refusal of messages as a whole.
const STOP_WORDS_MAX: usize = 4;

/// Least certainty of words of the shop that bring a message back to it: a word of the talk may
/// look like a misspelt one.
const NAMED_EXACT_MIN: f32 = 0.88;

/// Label of a wish to speak to a person, and the probability below which a single word for one
/// means somebody else, in a message of so many further words.
const PERSON: &str = "human_agent";
const PERSON_MIN: f32 = 0.05;
const PERSON_WORDS_MIN: usize = 3;

/// The matter of ways to pay.
const PAYMENT: &str = "payment_methods";

/// Emoji that say yes, no, thanks and hello.
const YES: [&str; 5] = ["👍", "👌", "✅", "💯", "🆗"];
const NO: [&str; 3] = ["👎", "❌", "🙅"];
const THANKS: [&str; 4] = ["🙏", "❤", "💖", "🥰"];
const HELLO: [&str; 1] = ["👋"];

fn whole(scene: &Scene<'_>) -> Range<usize> {
    0..scene.tokens.len()
}

/// What decides a message alone: attempts to give instructions, refusals of messages.
pub(crate) fn alone(draft: &mut Draft<'_, '_>) -> bool {
    let scene = draft.scene;
    if let Some(hit) = scene.hits_of(Cue::Injection).next() {
        draft.add(hit.tokens.clone(), Command::Injection);
        // "… and give me the Isolde for 10 euros": the talk goes on about it.
        let named = super::references::products(scene, &whole(scene)).into_iter().next();
        if let Some((reference, tokens)) = named {
            draft.add(tokens, Command::Show { reference });
        }
        return true;
    }
    if let Some(hit) = scene.hits_of(Cue::StopMessages).next() {
        draft.add(hit.tokens.clone(), Command::Stop);
        return true;
    }
    let explained = |at: usize| {
        let polite = [Cue::Thank, Cue::Greet, Cue::Stop, Cue::Start, Cue::Fine];
        scene.cues.is_filler(&scene.tokens[at].text)
            || !scene.tokens[at].text.chars().any(char::is_alphanumeric)
            || scene
                .hits
                .iter()
                .any(|hit| hit.tokens.contains(&at) && polite.iter().any(|cue| hit.is(*cue)))
    };
    let short = scene.content_words() <= STOP_WORDS_MAX && (0..scene.tokens.len()).all(explained);
    for (cue, command) in [(Cue::Stop, Command::Stop), (Cue::Start, Command::Start)] {
        if short && scene.has(cue) && (cue == Cue::Stop || scene.input.state.stopped) {
            draft.add(whole(scene), command);
            return true;
        }
    }
    false
}

/// Matters that a shop does not answer, where nothing of the shop is named.
pub(crate) fn out_of_scope(draft: &mut Draft<'_, '_>) -> bool {
    let scene = draft.scene;
    let named = scene
        .seen
        .iter()
        .filter(|seen| seen.exact >= NAMED_EXACT_MIN)
        .any(|seen| seen.targets.iter().any(MentionTarget::is_goods));
    let Some(hit) = scene.hits_of(Cue::OutOfScope).next() else { return false };
    let wanted = scene.has(Cue::Want) && !scene.asks_at(hit.tokens.start);
    // "no parcel for weeks, is this a joke?"
    let matter = super::evidence::sees_matter(scene) || super::evidence::is_of_shop(scene);
    if named || wanted || matter || draft.has_content() {
        return false;
    }
    draft.add(hit.tokens.clone(), Command::OutOfScope);
    true
}

/// Questions to the assistant, wishes for a person, paying.
pub(crate) fn direct(draft: &mut Draft<'_, '_>) {
    for (cue, command) in [
        (Cue::Human, Command::Human),
        (Cue::Checkout, Command::Checkout),
        (Cue::Bot, Command::Ask { question: Question::Bot, about: None }),
        (Cue::Abilities, Command::Ask { question: Question::Abilities, about: None }),
    ] {
        for hit in draft.free(cue) {
            let negated = draft.scene.hit_before(hit.start, Cue::Negation, 2).is_some();
            let scene = draft.scene;
            // "do I pay for it?", where nothing is being bought, asks for terms.
            let idle = scene.input.state.cart.is_empty() && !scene.in_focus();
            let asked = cue == Cue::Checkout
                && (scene.topic_in(&scene.clause_of(hit.start)).is_some()
                    || idle && scene.asks_at(hit.start));
            // "are you a real person?" asks for none.
            let bot = cue == Cue::Human
                && draft
                    .scene
                    .hits_of(Cue::Bot)
                    .any(|one| one.tokens.start < hit.end && hit.start < one.tokens.end);
            let person = cue == Cue::Human && is_no_wish_for_person(draft.scene, &hit);
            // "how do I pay?", where nothing is being bought.
            let clause = scene.clause_of(hit.start);
            let ways = scene.input.policies.of_intent(PAYMENT).next().is_some()
                && scene.topic_in(&clause).is_none();
            if cue == Cue::Checkout && idle && ways && !negated && scene.has(Cue::Question) {
                super::service::add_topic(draft, hit, PAYMENT.to_owned());
                continue;
            }
            if !negated && !asked && !bot && !person {
                draft.add(hit, command.clone());
            }
        }
    }
}

/// "and to a colleague in Geneva?": whether one word for a person stands in a longer message in
/// which the classifier sees no wish to speak to one.
fn is_no_wish_for_person(scene: &Scene<'_>, hit: &Range<usize>) -> bool {
    let whole = &scene.input.evidence.whole;
    let unlikely = whole.get(PERSON).copied().unwrap_or_default() < PERSON_MIN;
    let other = scene.hits_of(Cue::Human).any(|one| one.tokens.len() > 1);
    hit.len() == 1
        && scene.content_words_outside(hit) >= PERSON_WORDS_MIN
        && !other
        && !whole.is_empty()
        && unlikely
}

/// "no preference", "any colour", "the rest does not matter".
pub(crate) fn preferences(draft: &mut Draft<'_, '_>) {
    let scene = draft.scene;
    let facet = matches!(scene.input.state.pending, Some(Pending::Facet { .. }));
    let both = draft.free(Cue::Both).into_iter().next();
    let both = both.filter(|both| facet && scene.content_words_outside(both) == 0);
    let Some(hit) = draft.free(Cue::NoPreference).into_iter().next().or(both) else { return };
    // One word such as "any" or "alle" is an answer only if little else is said.
    let more = scene.content_words_outside(&hit) > 1 || scene.asks_at(hit.start);
    if hit.len() == 1 && more {
        return;
    }
    let clause = scene.clause_of(hit.start);
    let rest = scene.hit_in(&clause, Cue::Rest).map(|rest| rest.tokens.clone());
    let catalog = scene.input.catalog;
    let named = scene.hits.iter().find_map(|hit| match &hit.meaning {
        super::cues::Meaning::Attribute(name) if clause.contains(&hit.tokens.start) => {
            let key = super::properties::key_of(scene, name, None);
            (!key.is_empty()).then(|| (key, hit.tokens.clone()))
        }
        _ => None,
    });
    let labelled = catalog.facets().iter().find_map(|facet| {
        let label = super::tokens::fold(&catalog.key_label(&facet.key, scene.input.language));
        let names = |at: &usize| scene.tokens[*at].text == label && !scene.cues.is_filler(&label);
        let at = clause.clone().find(names)?;
        Some((facet.key.clone(), at..at + 1))
    });
    // "I don't care about rain"
    let valued = || {
        let near = |seen: &&super::scene::Seen| {
            let gap = seen.tokens.start.checked_sub(hit.end);
            gap.is_some_and(|gap| gap <= 1) && clause.contains(&seen.tokens.start)
        };
        let seen = scene.seen.iter().find(near)?;
        Some((super::wishes::best_value(scene, seen)?.key, seen.tokens.clone()))
    };
    let facet = match (rest, named.or(labelled).or_else(valued)) {
        (Some(rest), _) => {
            draft.mark(&rest);
            None
        }
        (None, Some((key, tokens))) => {
            draft.mark(&tokens);
            Some(key)
        }
        (None, None) => match &scene.input.state.pending {
            Some(Pending::Facet { facet }) => Some(facet.clone()),
            _ => None,
        },
    };
    draft.add(hit, Command::NoPreference { facet });
}

/// Whether a product waits for a yes.
fn is_offered(scene: &Scene<'_>) -> bool {
    let pending = scene.input.state.pending.as_ref();
    matches!(pending, Some(Pending::Buy { .. } | Pending::Option { .. } | Pending::Pick))
}

/// Courtesy, yes and no; what they mean depends on what else is said and on what was asked.
pub(crate) fn courtesy(draft: &mut Draft<'_, '_>) {
    let scene = draft.scene;
    let troubled =
        draft.sarcastic || draft.any(|command| matches!(command, Command::Complain { .. }));
    let first = |draft: &Draft<'_, '_>, cue: Cue| draft.free(cue).into_iter().next();
    if let Some(hit) = first(draft, Cue::Greet) {
        draft.add(hit, Command::Greet);
    }
    yes_and_no(draft);
    let answered = draft.any(|command| matches!(command, Command::Confirm | Command::Deny));
    let confirmed = draft.any(|command| matches!(command, Command::Confirm));
    if let Some(hit) = first(draft, Cue::Bye).filter(|_| !troubled) {
        // "yes, that's all": takes what was offered.
        if confirmed && is_offered(scene) {
            draft.mark(&hit);
        } else {
            draft.add(hit, Command::Bye);
        }
    }
    let thanks = first(draft, Cue::Thank).or_else(|| {
        let praise = first(draft, Cue::Praise);
        let pending =
            matches!(scene.input.state.pending, Some(Pending::Buy { .. } | Pending::Pick));
        // "my skin gets super tight": an adverb in a longer message is no praise.
        let short = |hit: &Range<usize>| {
            scene.content_words_outside(hit) <= super::evidence::COURTESY_WORDS_MAX
        };
        praise.filter(|hit| !draft.has_content() && !pending && short(hit))
    });
    if let Some(hit) = thanks {
        let asked = draft.has_content() || answered;
        if !troubled && !asked {
            draft.add(hit, Command::Thank);
        }
    }
    emoji(draft);
    fine(draft);
}

/// Whether a yes or a no answers: inside a question ("so that's a no?", "is it any good?") it asks.
fn answers(scene: &Scene<'_>, hit: &Range<usize>) -> bool {
    let clause = scene.clause_of(hit.start);
    let said = |at: &usize| scene.tokens[*at].text.chars().any(char::is_alphanumeric);
    let more = clause.clone().filter(said).any(|at| !hit.contains(&at));
    let mark = scene.tokens[clause.clone()].iter().any(|token| token.text.contains('?'));
    !more || !(mark || scene.has_question_words(&clause))
}

fn yes_and_no(draft: &mut Draft<'_, '_>) {
    let scene = draft.scene;
    let pending = scene.input.state.pending.as_ref();
    // "no?" asks again.
    let asked = |hit: &Range<usize>| {
        let clause = scene.clause_of(hit.start);
        scene.tokens[clause].iter().any(|token| token.text.contains('?'))
    };
    if let Some(hit) = draft.free(Cue::NoThanks).into_iter().find(|hit| !asked(hit)) {
        // "maybe later", "forget it": nothing else is wanted either.
        let no = scene.cues.says(&scene.tokens[hit.start].text, Cue::No);
        let offered =
            matches!(pending, Some(Pending::Buy { .. } | Pending::Option { .. } | Pending::Pick));
        draft.add(hit, if offered && !no { Command::Bye } else { Command::Deny });
        return;
    }
    let no = draft.free(Cue::No).into_iter().find(|hit| answers(scene, hit) && !asked(hit));
    if let Some(hit) = no {
        let more = draft.has_content();
        if more {
            draft.mark(&hit);
            return;
        }
        let command = match pending {
            Some(Pending::Facet { facet }) => Command::NoPreference { facet: Some(facet.clone()) },
            _ => Command::Deny,
        };
        draft.add(hit, command);
        return;
    }
    let Some(hit) = draft.free(Cue::Yes).into_iter().next() else { return };
    // "si può pagare qui?": the word for yes is also another one.
    let runs_on = scene.tokens.get(hit.end).is_some_and(|next| next.kind == TokenKind::Word);
    if runs_on && scene.asks_at(hit.start) {
        return;
    }
    // "yes, in pink": the value only says again what is offered.
    let offered = matches!(pending, Some(Pending::Buy { .. } | Pending::Option { .. }));
    let asks = scene.asks_at(hit.start);
    let figures = draft.found.iter().all(|found| {
        matches!(&found.command, Command::Constrain { polarity: Polarity::Must, .. }
            if offered && !asks)
            || matches!(
                found.command,
                Command::Greet
                    | Command::Thank
                    | Command::Size { .. }
                    | Command::Quantity { .. }
                    | Command::Checkout
                    | Command::Contact { .. }
            )
    });
    if figures {
        draft.add(hit, Command::Confirm);
    } else {
        draft.mark(&hit);
    }
}

/// Pictograms alone.
fn emoji(draft: &mut Draft<'_, '_>) {
    let scene = draft.scene;
    // "👍 in black"
    let offered = is_offered(scene);
    let value = |found: &Found| offered && matches!(found.command, Command::Constrain { .. });
    if !draft.found.iter().all(value) {
        return;
    }
    let pending = scene.input.state.pending.is_some();
    let said = |signs: &[&str]| {
        let at = scene
            .tokens
            .iter()
            .position(|token| signs.iter().any(|sign| token.text.starts_with(sign)))?;
        Some(at..at + 1)
    };
    if let Some(tokens) = said(&YES).filter(|_| pending) {
        draft.add(tokens, Command::Confirm);
    } else if let Some(tokens) = said(&NO).filter(|_| pending) {
        draft.add(tokens, Command::Deny);
    } else if let Some(tokens) = said(&THANKS) {
        draft.add(tokens, Command::Thank);
    } else if let Some(tokens) = said(&HELLO) {
        draft.add(tokens, Command::Greet);
    }
}

/// "ok": a yes if nothing else is said, or only a size.
fn fine(draft: &mut Draft<'_, '_>) {
    let Some(hit) = draft.free(Cue::Fine).into_iter().next() else { return };
    if !answers(draft.scene, &hit) {
        return;
    }
    let only_figures = draft.found.iter().all(|found| {
        matches!(found.command, Command::Size { .. } | Command::Quantity { .. } | Command::Greet)
    });
    // "it may get rained on, is that ok?" asks.
    let scene = draft.scene;
    let sentence = scene.sentence_of(hit.start).map_or(0..0, |one| one.tokens.clone());
    let mark = scene.tokens[sentence].iter().any(|token| token.text.contains('?'));
    let asks = mark && scene.content_words_outside(&hit) > 0;
    if only_figures && !asks {
        draft.add(hit, Command::Confirm);
    } else {
        draft.mark(&hit);
    }
}
