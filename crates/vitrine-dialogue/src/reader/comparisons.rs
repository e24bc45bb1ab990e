//! Compares products: "which one is lighter?", "A or B?", "what is the difference?".

use super::cues::Cue;
use super::cues::Meaning;
use super::degrees;
use super::degrees::COMPARED_MAX;
use super::draft::Draft;
use super::references;
use crate::command::Command;
use crate::command::Question;
use crate::command::Reference;
use crate::shop::MentionTarget;
use std::ops::Range;

pub(crate) fn joined(a: &Range<usize>, b: &Range<usize>) -> Range<usize> {
    a.start.min(b.start)..a.end.max(b.end)
}

/// The kinds of product named in some tokens.
pub(crate) fn categories(
    draft: &Draft<'_, '_>,
    place: &Range<usize>,
) -> Vec<(String, Range<usize>)> {
    let inside = draft
        .scene
        .seen
        .iter()
        .filter(|seen| seen.tokens.start >= place.start && seen.tokens.end <= place.end);
    inside
        .filter_map(|seen| {
            seen.targets.iter().find_map(|target| match target {
                MentionTarget::Category(id) => Some((id.clone(), seen.tokens.clone())),
                _ => None,
            })
        })
        .collect()
}

/// "the Corda or the Tamis?": two products to choose from, and nothing else.
pub(crate) fn alternatives(draft: &Draft<'_, '_>) -> Option<Range<usize>> {
    let scene = draft.scene;
    let sentence = scene.sentences.iter().find(|sentence| {
        let two = references::products(scene, &sentence.tokens).len() == 2;
        two && scene.hit_in(&sentence.tokens, Cue::Or).is_some()
    })?;
    let taken = [Cue::Choose, Cue::Show].iter().any(|cue| scene.has(*cue));
    let open = sentence.question && !taken && !draft.has_content();
    open.then(|| scene.hit_in(&sentence.tokens, Cue::Or).map(|hit| hit.tokens.clone())).flatten()
}

pub(crate) fn compare(draft: &mut Draft<'_, '_>) {
    let Some(hit) = draft.free(Cue::Compare).into_iter().next().or_else(|| alternatives(draft))
    else {
        return;
    };
    let prices = |command: &Command| {
        let both = Some(Reference::Both);
        matches!(command, Command::Ask { question: Question::Price, about } if *about == both)
    };
    // "qual das duas é mais leve?" asks for one property.
    let degree = degrees::of(draft.scene).is_some() && draft.any(asks_of_all);
    let compared = draft.any(|command| matches!(command, Command::Compare { .. }));
    if draft.any(prices) || degree && !compared {
        return draft.mark(&hit);
    }
    let place = draft.scene.sentence_of(hit.start).map_or(hit.clone(), |one| one.tokens.clone());
    let mut found = references::products(draft.scene, &place);
    if found.is_empty() {
        found = references::places(draft.scene, &place);
    }
    found.truncate(COMPARED_MAX);
    for (_, tokens) in &found {
        draft.mark(tokens);
    }
    let mut named: Vec<Reference> = found.into_iter().map(|(reference, _)| reference).collect();
    if named.len() == 1 && draft.scene.in_focus() {
        named.push(Reference::Focus);
    }
    if named.is_empty() {
        // "compare your running shoes": the kinds are read as a wish.
        named.push(Reference::Both);
        for cue in [Cue::Both, Cue::Focus, Cue::Other] {
            draft.free(cue).iter().for_each(|tokens| draft.mark(tokens));
        }
    }
    draft.add(hit, Command::Compare { references: named });
}

/// A comparison answers the questions on properties of what is compared.
pub(crate) fn settle(draft: &mut Draft<'_, '_>) {
    if draft.any(|command| matches!(command, Command::Compare { .. })) {
        let degree = degrees::of(draft.scene).is_some();
        draft.found.retain(|found| match &found.command {
            Command::Ask { question: Question::Attribute { .. }, about } => {
                degree && *about == Some(Reference::Both)
            }
            _ => true,
        });
    }
}

/// Whether a command asks for a property of all that are compared.
fn asks_of_all(command: &Command) -> bool {
    matches!(command, Command::Ask { question: Question::Attribute { .. }, about }
        if *about == Some(Reference::Both))
}

pub(crate) fn which(draft: &mut Draft<'_, '_>) {
    // "the lightest of the two?"
    let of_both = || {
        let hit = draft.free(Cue::Both).into_iter().next()?;
        let asks = draft.scene.asks_at(hit.start) && references::several(draft.scene);
        let property = draft.scene.hits.iter().any(|one| {
            matches!(one.meaning, Meaning::Attribute(_))
                || one.is(Cue::Cheapest)
                || one.is(Cue::Dearest)
                || one.is(Cue::Cheaper)
                || one.is(Cue::Dearer)
        }) || !draft.scene.seen.is_empty();
        (asks && property && !draft.has_content()).then_some(hit)
    };
    let named = draft.free(Cue::Which).into_iter().next();
    let of = named.is_none();
    let Some(hit) = named.or_else(of_both) else { return };
    // "I don't mind which", and "which is lighter?", which asks for a property.
    let open = draft.scene.hit_before(hit.start, Cue::NoPreference, 0).is_some();
    if open || draft.any(asks_of_all) {
        draft.mark(&hit);
        return;
    }
    // "which is the difference?"
    if draft.any(|command| matches!(command, Command::Compare { .. })) {
        draft.mark(&hit);
        return;
    }
    if draft.scene.input.state.last_shown.is_empty() && draft.scene.input.state.compared.is_empty()
    {
        return;
    }
    let place = draft.scene.sentence_of(hit.start).map_or(hit.clone(), |one| one.tokens.clone());
    let cue = |cues: [Cue; 2]| {
        cues.iter().find_map(|cue| draft.scene.hit_in(&place, *cue)).map(|hit| hit.tokens.clone())
    };
    let cheap = cue([Cue::Cheaper, Cue::Cheapest]);
    let dear = cue([Cue::Dearer, Cue::Dearest]);
    let value = draft.scene.seen.iter().find_map(|seen| {
        let inside = seen.tokens.start >= place.start && seen.tokens.end <= place.end;
        let choice = seen.targets.iter().find_map(|target| match target {
            MentionTarget::Value(choice) => Some(choice.clone()),
            _ => None,
        });
        choice.filter(|_| inside).map(|choice| (choice, seen.tokens.clone()))
    });
    if let Some((_, tokens)) = value.as_ref().filter(|_| of) {
        // None of the two states it: how they differ answers.
        let references = vec![Reference::Both];
        draft.add(joined(&hit, tokens), Command::Compare { references });
        return;
    }
    // "the cheapest waterproof one, which is it?": of the shop's goods, not of those shown.
    let several = references::several(draft.scene);
    if let Some(tokens) = cheap.clone().filter(|_| value.is_some() || !several) {
        draft.mark(&hit);
        draft.add(tokens, Command::LowPrice);
        return;
    }
    let (about, tokens) = match (cheap, dear, value) {
        (Some(tokens), _, _) => (Some(Reference::Cheapest), tokens),
        (None, Some(tokens), _) => (Some(Reference::Dearest), tokens),
        (None, None, Some((choice, tokens))) => {
            (Some(Reference::Facet { facet: choice.key, value: choice.value }), tokens)
        }
        // "which is roomier?": what tells them apart answers it, if a property was not named.
        (None, None, None) => {
            if !draft.any(|command| matches!(command, Command::Ask { .. })) {
                let references = vec![Reference::Both];
                draft.add(hit, Command::Compare { references });
            }
            return;
        }
    };
    draft.add(joined(&hit, &tokens), Command::Ask { question: Question::Which, about });
}
