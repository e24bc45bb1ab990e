//! Questions on a product: price, stock, sizes, properties.

use super::counts::measured;
use super::cues::Cue;
use super::cues::Hit;
use super::cues::Meaning;
use super::degrees;
use super::draft::Draft;
use super::figure::Role;
use super::meaning;
use super::properties::about;
use super::properties::inside;
use super::properties::key_of;
use super::properties::labels;
use super::properties::measuring_option;
use super::properties::own_key;
use super::properties::product_at;
use super::references;
use super::scene::SURE;
use super::scene::Scene;
use super::scene::Sentence;
use super::tokens::fold;
use crate::command::Command;
use crate::command::Question;
use crate::command::Reference;
use crate::shop::FacetChoice;
use crate::shop::Lookups;
use crate::shop::MentionTarget;
use crate::state::Pending;
use std::ops::Range;

/// Most words of a question that is only a property.
const BARE_WORDS_MAX: usize = 2;

/// Most words between a denial and the value that it denies.
const DENIAL_GAP: usize = 2;

/// Reads all questions on products.
pub(crate) fn find(draft: &mut Draft<'_, '_>) {
    for sentence in draft.scene.sentences.clone() {
        named_feature(draft, &sentence);
        direct(draft, &sentence);
        attributes(draft, &sentence);
        values(draft, &sentence);
        stock_in_size(draft, &sentence);
        included(draft, &sentence);
    }
    meaning::by_meaning(draft);
}

/// "are the slats included?", "does it come with a charger?": asks of the product under discussion
/// or named, not for another one.
fn included(draft: &mut Draft<'_, '_>, sentence: &Sentence) {
    let scene = draft.scene;
    let Some(hit) = scene.hit_in(&sentence.tokens, Cue::Included) else { return };
    let product = !references::products(scene, &sentence.tokens).is_empty();
    if !sentence.question || !(scene.in_focus() || product) || draft.is_used(&hit.tokens) {
        return;
    }
    let about = about(draft, sentence);
    let key = own_key(scene, sentence, about.as_ref());
    let question = Question::Attribute { key, value: None };
    draft.add(sentence.tokens.clone(), Command::Ask { question, about });
}

/// "has it got a shoe compartment?": a question that holds all the words of a feature of the
/// product under discussion asks for that, and for no other goods.
fn named_feature(draft: &mut Draft<'_, '_>, sentence: &Sentence) {
    let scene = draft.scene;
    let other = [Cue::Want, Cue::Another, Cue::Cheaper, Cue::Which, Cue::Both, Cue::Choose];
    let other = other.iter().any(|cue| scene.hit_in(&sentence.tokens, *cue).is_some());
    let named = !references::products(scene, &sentence.tokens).is_empty();
    if !sentence.question || other || named || !scene.in_focus() {
        return;
    }
    let Some(product) = product_at(scene, Some(&Reference::Focus)) else { return };
    let said =
        |word: &str| scene.tokens[sentence.tokens.clone()].iter().any(|one| one.text == word);
    let whole = |feature: &&String| {
        let folded = fold(feature);
        let words = folded.split(|c: char| !c.is_alphanumeric());
        let words: Vec<&str> =
            words.filter(|word| word.len() > 2 && !scene.cues.is_filler(word)).collect();
        words.len() > 1 && words.iter().all(|word| said(word))
    };
    let features = product.features(scene.input.language);
    let Some(text) = features.iter().find(whole).cloned() else { return };
    let question = Question::Feature { text };
    let about = Some(Reference::Focus);
    draft.add(sentence.tokens.clone(), Command::Ask { question, about });
}

/// A question on a product in words that name no property.
pub(crate) fn unknown_of(draft: &mut Draft<'_, '_>, sentence: &Sentence, about: Reference) {
    let key = own_key(draft.scene, sentence, Some(&about));
    let question = Question::Attribute { key, value: None };
    draft.add(sentence.tokens.clone(), Command::Ask { question, about: Some(about) });
    meaning::by_meaning(draft);
}

/// Whether a kind of product is named in a sentence.
fn names_kind(scene: &Scene<'_>, sentence: &Sentence) -> bool {
    scene
        .seen
        .iter()
        .filter(|seen| inside(&seen.tokens, &sentence.tokens))
        .any(|seen| seen.targets.iter().any(|target| matches!(target, MentionTarget::Category(_))))
}

/// Whether a kind of product, outside the words that ask, is named of which nothing is under
/// discussion.
fn names_other_kind(scene: &Scene<'_>, sentence: &Sentence, asking: &Range<usize>) -> bool {
    let catalog = scene.input.catalog;
    let seen = scene.seen.iter().filter(|seen| inside(&seen.tokens, &sentence.tokens));
    // "vestono grande?" asks for advice, and names no vest.
    let seen = seen.filter(|seen| seen.exact >= SURE && !inside(&seen.tokens, asking));
    let kinds = seen.flat_map(|seen| &seen.targets).filter_map(|target| match target {
        MentionTarget::Category(id) => Some(id),
        _ => None,
    });
    let kinds: Vec<&String> = kinds.collect();
    let state = scene.input.state;
    let focus = state.focus.iter().map(|focus| &focus.sku);
    let shown = focus.chain(&state.last_shown).chain(&state.compared);
    let mut shown = shown.filter_map(|sku| catalog.product(sku));
    !kinds.is_empty()
        && !shown.any(|one| kinds.iter().any(|kind| catalog.is_within(&one.category, kind)))
}

/// "do you ship to Spain? how much is it?": whether a sentence without a product of its own goes on
/// with a matter of the shop.
fn follows_topic(draft: &Draft<'_, '_>, sentence: &Sentence) -> bool {
    let before = draft.found.iter().any(|found| {
        let topic = matches!(found.command, Command::Ask { question: Question::Topic { .. }, .. });
        topic && found.tokens.start < sentence.tokens.end
    });
    before
        && !names_kind(draft.scene, sentence)
        && references::find(draft.scene, &sentence.tokens).is_empty()
}

/// Whether words for advice on a size belong to an exchange or a comparison.
fn is_no_advice(draft: &Draft<'_, '_>) -> bool {
    draft.any(|command| match command {
        Command::Ask { question: Question::Topic { intent, .. }, .. } => {
            intent == "return_exchange"
        }
        Command::Compare { .. } => true,
        _ => false,
    })
}

/// "have you got any cheaper ones?" asks for others, not for what is left of this one.
fn asks_for_others(scene: &Scene<'_>, sentence: &Sentence, cue: Cue) -> bool {
    let others = [Cue::Cheaper, Cue::Dearer, Cue::Another];
    cue == Cue::Stock
        && scene.input.state.focus.is_some()
        && others.iter().any(|other| scene.hit_in(&sentence.tokens, *other).is_some())
}

/// "that cost at most 100" states a limit.
fn states_limit(scene: &Scene<'_>, hit: &Range<usize>, cue: Cue) -> bool {
    let clause = scene.clause_of(hit.start);
    cue == Cue::Price
        && scene.figures.iter().any(|figure| {
            let limit = matches!(figure.role, Role::Money { bound: Some(_), .. });
            limit && clause.contains(&figure.bare.start)
        })
}

/// "ça coûte un bras": words that find a price too high ask for none.
fn is_dear(scene: &Scene<'_>, hit: &Range<usize>) -> bool {
    let over = |one: &Hit| one.tokens.start < hit.end && hit.start < one.tokens.end;
    scene.hits_of(Cue::Cheaper).any(over)
}

/// A question on all that is bought.
fn of_the_cart(
    draft: &mut Draft<'_, '_>,
    sentence: &Sentence,
    hit: Range<usize>,
    question: Question,
) {
    let total = question == Question::Total;
    let both = draft.scene.hit_in(&sentence.tokens, Cue::Both).is_some();
    let both = (total && both).then_some(Reference::Both);
    // "2 of the Dorane please, what do I pay?"
    let named = references::products(draft.scene, &sentence.tokens);
    let nothing_taken = draft.scene.input.state.cart.is_empty();
    let about = match &named[..] {
        [(reference, tokens)] if total && nothing_taken => {
            draft.mark(tokens);
            Some(reference.clone())
        }
        _ => both,
    };
    for both in [Cue::Both, Cue::Focus] {
        draft.free(both).iter().for_each(|tokens| draft.mark(tokens));
    }
    draft.add(hit, Command::Ask { question, about });
}

fn direct(draft: &mut Draft<'_, '_>, sentence: &Sentence) {
    for (cue, question) in [
        (Cue::Total, Question::Total),
        (Cue::Cart, Question::Cart),
        (Cue::Reorder, Question::Reorder),
        (Cue::Restock, Question::Restock),
        (Cue::SizeAdvice, Question::SizeAdvice),
        (Cue::Sizes, Question::Sizes),
        (Cue::Price, Question::Price),
        (Cue::Stock, Question::Stock),
        (Cue::Details, Question::Details),
        (Cue::Why, Question::Why),
    ] {
        let asked =
            |hit: &Range<usize>| inside(hit, &sentence.tokens) && !is_dear(draft.scene, hit);
        let free = draft.free(cue).into_iter().find(asked);
        let Some(hit) = free else { continue };
        // "when is it available again?" asks one thing.
        let back = |one: &Command| matches!(one, Command::Ask { question: Question::Restock, .. });
        let sum = |one: &Command| matches!(one, Command::Ask { question: Question::Total, .. });
        if (matches!(cue, Cue::Stock | Cue::Sizes) && draft.any(back))
            || (cue == Cue::Price && draft.any(sum))
        {
            draft.mark(&hit);
            continue;
        }
        let figure = matches!(cue, Cue::Price | Cue::Total);
        if figure && measured(draft, sentence, &hit) {
            continue;
        }
        if asks_for_others(draft.scene, sentence, cue) || states_limit(draft.scene, &hit, cue) {
            draft.mark(&hit);
            continue;
        }
        // "how much is delivery?" is a question on deliveries.
        let priced = matches!(cue, Cue::Price | Cue::Stock | Cue::Details | Cue::Sizes);
        if priced && draft.scene.topic_in(&draft.scene.clause_of(hit.start)).is_some() {
            draft.mark(&hit);
            continue;
        }
        let other = cue == Cue::SizeAdvice && is_no_advice(draft);
        if other || priced && follows_topic(draft, sentence) {
            draft.mark(&hit);
            continue;
        }
        if matches!(cue, Cue::Total | Cue::Cart | Cue::Reorder) {
            of_the_cart(draft, sentence, hit, question);
            continue;
        }
        // "how much are your running shoes?", of no shoe shown: a wish for such a product.
        let product = !references::products(draft.scene, &sentence.tokens).is_empty();
        if !product && names_other_kind(draft.scene, sentence, &hit) {
            draft.mark(&hit);
            if cue != Cue::Stock {
                draft.add(hit, Command::Ask { question, about: None });
            }
            continue;
        }
        let wished = cue == Cue::Stock && names_kind(draft.scene, sentence) && !product;
        if wished {
            draft.mark(&hit);
            continue;
        }
        // "what's the price difference?": the prices of those compared. "what does each cost?", of
        // several to choose from.
        let cue_here = |cue: Cue| draft.scene.hit_in(&sentence.tokens, cue).is_some();
        let differs = cue_here(Cue::Compare) && references::several(draft.scene);
        let picks = draft.scene.input.state.pending == Some(Pending::Pick);
        let each = picks && cue_here(Cue::Each);
        let both = cue == Cue::Price && !product && (differs || each);
        let about = if both { Some(Reference::Both) } else { about(draft, sentence) };
        draft.add(hit, Command::Ask { question, about });
    }
}

/// "how heavy is it?", "which colours are there?", "where is it made?".
fn attributes(draft: &mut Draft<'_, '_>, sentence: &Sentence) {
    // "which is lighter?" compares, even where goods are light or sturdy.
    let cue = |cue: Cue| draft.scene.hit_in(&sentence.tokens, cue).is_some();
    let compares = degrees::in_sentence(draft.scene, sentence)
        && references::several(draft.scene)
        && (cue(Cue::Which) || cue(Cue::Both));
    let named: Vec<(String, Range<usize>)> = draft
        .scene
        .hits
        .iter()
        .filter(|hit| inside(&hit.tokens, &sentence.tokens))
        .filter_map(|hit| match &hit.meaning {
            Meaning::Attribute(name) => Some((name.clone(), hit.tokens.clone())),
            _ => None,
        })
        .filter(|(_, tokens)| compares || !states_value(draft.scene, tokens))
        .chain(labels(draft.scene, sentence))
        .collect();
    for (name, tokens) in named {
        if draft.is_used(&tokens) || draft.scene.topic_in(&sentence.tokens).is_some() {
            continue;
        }
        let product = !references::products(draft.scene, &sentence.tokens).is_empty();
        // "and the material": an attribute alone asks for it.
        let alone = draft.scene.content_words_outside(&tokens) == 0;
        // "where are they made?", of no product: what the shop says about it.
        if name == "origin" && sentence.question && !draft.scene.in_focus() && !product {
            super::service::add_topic(draft, tokens, "sustainability".to_owned());
            continue;
        }
        let asks = (sentence.question || alone) && (draft.scene.in_focus() || product);
        if !asks || draft.scene.hit_in(&sentence.tokens, Cue::NoPreference).is_some() {
            continue;
        }
        let cue = |cue: Cue| draft.scene.hit_in(&sentence.tokens, cue).is_some();
        let all = (cue(Cue::Which) || compares) && !product;
        // "which is the cheapest waterproof one?" wishes for one.
        let cheapest = [Cue::Cheapest, Cue::Cheaper]
            .iter()
            .any(|cue| draft.scene.hit_in(&sentence.tokens, *cue).is_some());
        let value = draft.scene.seen.iter().any(|seen| inside(&seen.tokens, &tokens));
        if all && cheapest && value {
            continue;
        }
        let about = if all { Some(Reference::Both) } else { about(draft, sentence) };
        let product = product_at(draft.scene, about.as_ref());
        let mut key = key_of(draft.scene, &name, product);
        // "how big is the tank?": the product states its tank, and nothing else of its measures.
        if product.is_some_and(|one| !one.attributes.contains_key(&key)) {
            let own = own_key(draft.scene, sentence, about.as_ref());
            let sized = product.is_some_and(|one| measuring_option(one, &name).is_some());
            key = match (own.is_empty(), sized) {
                (false, _) => own,
                (true, true) => name,
                (true, false) => key,
            };
        }
        let question = Question::Attribute { key, value: None };
        draft.add(tokens, Command::Ask { question, about });
    }
}

/// Whether words for a property are also the shop's word for a value: "light" where goods are light
/// or sturdy.
fn states_value(scene: &Scene<'_>, tokens: &Range<usize>) -> bool {
    let value = |target: &MentionTarget| matches!(target, MentionTarget::Value(_));
    let same = |seen: &&super::scene::Seen| seen.tokens == *tokens && seen.exact >= 1.0;
    scene.seen.iter().filter(same).any(|seen| seen.targets.iter().any(value))
}

/// "is it waterproof?", "existe en noir ?": a value asked of the product in focus.
fn values(draft: &mut Draft<'_, '_>, sentence: &Sentence) {
    let scene = draft.scene;
    let product = !references::products(scene, &sentence.tokens).is_empty();
    let cue = |cue: Cue| scene.hit_in(&sentence.tokens, cue).is_some();
    let pointed = product || (scene.in_focus() && (cue(Cue::Copula) || cue(Cue::Focus)));
    if !sentence.question || !pointed || names_kind(scene, sentence) && !product {
        return;
    }
    if cue(Cue::Want) || cue(Cue::Another) || cue(Cue::Cheaper) || cue(Cue::Which) || cue(Cue::One)
    {
        return;
    }
    let asked: Vec<(FacetChoice, Range<usize>)> = scene
        .seen
        .iter()
        .filter(|seen| inside(&seen.tokens, &sentence.tokens) && !draft.is_used(&seen.tokens))
        .filter(|seen| !super::wishes::is_conceded(scene, seen))
        .filter_map(|seen| {
            let choice = super::wishes::best_value(scene, seen)?;
            Some((choice, seen.tokens.clone()))
        })
        .collect();
    let mark = scene.tokens[sentence.tokens.clone()].iter().any(|one| one.text.contains('?'));
    for (choice, tokens) in asked {
        // "those that are not red" asks nothing.
        let denied = scene.hit_before(tokens.start, Cue::Negation, DENIAL_GAP).is_some();
        if denied && !mark || scene.topic_in(&scene.clause_of(tokens.start)).is_some() {
            continue;
        }
        let about = about(draft, sentence);
        let question = Question::Attribute { key: choice.key, value: Some(choice.value) };
        draft.add(tokens, Command::Ask { question, about });
    }
}

/// "do you have it in 44?", "vous avez du 44 ?".
fn stock_in_size(draft: &mut Draft<'_, '_>, sentence: &Sentence) {
    let scene = draft.scene;
    let size = scene.figures.iter().find(|figure| {
        matches!(figure.role, Role::Size(_) | Role::Dimensions)
            && inside(&figure.bare, &sentence.tokens)
    });
    let letters = super::sizes::letters(scene);
    let letter = letters.iter().find(|(_, tokens)| inside(tokens, &sentence.tokens));
    let place = size.map(|size| size.tokens.clone()).or(letter.map(|(_, tokens)| tokens.clone()));
    let place = place.or_else(|| own_value(scene, sentence));
    let Some(place) = place.filter(|_| sentence.question || goes_on(scene)) else { return };
    let product = !references::products(scene, &sentence.tokens).is_empty();
    let cue = |cue: Cue| scene.hit_in(&sentence.tokens, cue).is_some();
    let have = cue(Cue::Have) || cue(Cue::Stock) || cue(Cue::Copula) || short(scene, sentence);
    if draft.any(|one| matches!(one, Command::Ask { question: Question::Price, .. })) {
        return;
    }
    let pointed = product || scene.in_focus();
    if !have || !pointed || (names_kind(scene, sentence) && !product) || cue(Cue::Choose) {
        return;
    }
    // "what else have you got in 45?" asks for others.
    let others = [Cue::Another, Cue::Cheaper, Cue::Cheapest, Cue::Dearer, Cue::Which];
    if !product && others.iter().any(|other| cue(*other)) {
        return;
    }
    if scene.topic_in(&sentence.tokens).is_some() {
        return;
    }
    let about = about(draft, sentence);
    let asked = |one: &Command| {
        matches!(one, Command::Ask { question: Question::Stock | Question::Restock, .. })
    };
    if !draft.any(asked) {
        let tokens = place;
        let found = super::scene::Found {
            tokens,
            command: Command::Ask { question: Question::Stock, about },
        };
        draft.found.push(found);
    }
}

/// A value of an option of the product under discussion in a sentence: "in blue", "en 100 ml".
fn own_value(scene: &Scene<'_>, sentence: &Sentence) -> Option<Range<usize>> {
    let own = |target: &MentionTarget| match target {
        MentionTarget::Value(choice) => super::kinds::own_option(scene, choice),
        _ => false,
    };
    let mut seen = scene.seen.iter().filter(|seen| inside(&seen.tokens, &sentence.tokens));
    seen.find(|seen| seen.targets.iter().any(own)).map(|seen| seen.tokens.clone())
}

/// "and in 100 ml": goes on with the question on price or stock that was just answered.
fn goes_on(scene: &Scene<'_>) -> bool {
    let first = scene.tokens.iter().find(|token| token.text.chars().any(char::is_alphanumeric));
    let joint = first.is_some_and(|first| scene.cues.joins_numbers(&first.text));
    let acts = [Cue::Choose, Cue::Want, Cue::Yes, Cue::Fine, Cue::Checkout];
    scene.input.state.asked_variant && joint && !acts.iter().any(|cue| scene.has(*cue))
}

/// "are they squeaky?": a property that the shop does not list, of the product in focus.
pub(crate) fn unknown(draft: &mut Draft<'_, '_>) {
    let scene = draft.scene;
    let asked = scene.sentences.iter().find(|sentence| {
        let cue = |cue: Cue| scene.hit_in(&sentence.tokens, cue).is_some();
        // "foldable?"
        let mark = scene.tokens[sentence.tokens.clone()].iter().any(|one| one.text.contains('?'));
        let bare = mark && scene.content_words() <= BARE_WORDS_MAX;
        sentence.question && (cue(Cue::Copula) || cue(Cue::Focus) || bare)
    });
    let Some(sentence) = asked.filter(|_| scene.in_focus()) else { return };
    if super::kinds::loose_words(draft).is_empty() {
        return;
    }
    let about = Some(Reference::Focus);
    let key = own_key(scene, sentence, about.as_ref());
    let question = Question::Attribute { key, value: None };
    draft.add(sentence.tokens.clone(), Command::Ask { question, about });
    meaning::by_meaning(draft);
}

/// Whether a sentence says little more than a size: "44?".
fn short(scene: &Scene<'_>, sentence: &Sentence) -> bool {
    let words = sentence.tokens.clone().filter(|at| {
        let text = &scene.tokens[*at].text;
        text.chars().any(char::is_alphabetic) && !scene.cues.is_filler(text)
    });
    let wanted = scene
        .hits
        .iter()
        .any(|hit: &Hit| hit.is(Cue::Want) && inside(&hit.tokens, &sentence.tokens));
    words.count() <= 1 && !wanted
}
