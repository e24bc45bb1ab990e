//! Questions on a product: price, stock, sizes, properties.

use super::counts::likeliest_count;
use super::counts::measured;
use super::cues::Cue;
use super::cues::Hit;
use super::cues::Meaning;
use super::draft::Draft;
use super::figure::Role;
use super::properties::about;
use super::properties::inside;
use super::properties::key_of;
use super::properties::labels;
use super::properties::own_key;
use super::properties::product_at;
use super::references;
use super::scene::Scene;
use super::scene::Sentence;
use super::statements;
use super::statements::Stated;
use super::tokens::fold;
use crate::command::Command;
use crate::command::Question;
use crate::command::Reference;
use crate::shop::AttributeValue;
use crate::shop::FacetChoice;
use crate::shop::MentionTarget;
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
    by_meaning(draft);
}

/// From this likeness a statement of the product answers a question that is known to be one on a
/// property.
const OPEN_LIKENESS_MIN: f32 = 0.28;

/// From this likeness a statement of the product answers a question of which no word says what it
/// is about.
const ASKED_LIKENESS_MIN: f32 = 0.36;

/// How much more alike a statement must be than the property that a word names.
const LIKENESS_MARGIN: f32 = 0.08;

/// The statement of the product that is most like the message.
fn likeliest<'a>(scene: &'a Scene<'_>) -> Option<&'a (Stated, f32)> {
    let all = scene.input.evidence.statements.iter();
    all.max_by(|a, b| a.1.total_cmp(&b.1))
}

/// Names what is asked by meaning where the words name no property, or a less likely one.
fn by_meaning(draft: &mut Draft<'_, '_>) {
    let scene = draft.scene;
    let Some((stated, likeness)) = likeliest(scene) else { return };
    let own = |key: &str| {
        let same = |one: &&(Stated, f32)| one.0 == Stated::Property(key.to_owned());
        scene.input.evidence.statements.iter().find(same).map_or(0.0, |one| one.1)
    };
    // "how long does the battery last?" asks for the figure, not for what else is said of
    // batteries.
    let measures = |key: &str| {
        let product = product_at(scene, Some(&Reference::Focus));
        let stated = product.and_then(|product| product.attributes.get(key));
        matches!(stated, Some(AttributeValue::Number(_))) && scene.has(Cue::HowLong)
    };
    // "has it got SPF in it?" names the property as the shop does.
    let literal = |key: &str| scene.tokens.iter().any(|token| token.text == key);
    let text = matches!(stated, Stated::Text(_));
    let counted = likeliest_count(scene);
    for found in &mut draft.found {
        let Command::Ask { question, .. } = &mut found.command else { continue };
        let Question::Attribute { key, value: None } = question else { continue };
        if let Some(count) = counted.filter(|_| key.is_empty()) {
            *question = statements::question(count);
            continue;
        }
        let open = key.is_empty() && *likeness >= OPEN_LIKENESS_MIN;
        let other = text
            && *likeness >= ASKED_LIKENESS_MIN
            && *likeness >= own(key) + LIKENESS_MARGIN
            && !measures(key)
            && !literal(key);
        if open || (other && !key.is_empty()) {
            *question = statements::question(stated);
        }
    }
}

/// "peut-on enlever la batterie ?": a question that no rule explains, and that the product's own
/// statements answer.
pub(crate) fn answered_by_statement(draft: &mut Draft<'_, '_>) -> bool {
    let scene = draft.scene;
    let Some(sentence) = scene.sentences.iter().find(|sentence| sentence.question) else {
        return false;
    };
    let likely = likeliest(scene).filter(|(_, likeness)| *likeness >= ASKED_LIKENESS_MIN);
    let Some((stated, _)) = likely.filter(|_| scene.in_focus()) else { return false };
    let question = statements::question(stated);
    let about = Some(Reference::Focus);
    draft.add(sentence.tokens.clone(), Command::Ask { question, about });
    true
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
    by_meaning(draft);
}

/// Whether a kind of product is named in a sentence.
fn names_kind(scene: &Scene<'_>, sentence: &Sentence) -> bool {
    scene
        .seen
        .iter()
        .filter(|seen| inside(&seen.tokens, &sentence.tokens))
        .any(|seen| seen.targets.iter().any(|target| matches!(target, MentionTarget::Category(_))))
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
        let free = draft.free(cue).into_iter().find(|hit| inside(hit, &sentence.tokens));
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
        let shopwide = matches!(cue, Cue::Total | Cue::Cart | Cue::Reorder);
        if shopwide {
            let both = draft.scene.hit_in(&sentence.tokens, Cue::Both).is_some();
            let about = (cue == Cue::Total && both).then_some(Reference::Both);
            for both in [Cue::Both, Cue::Focus] {
                draft.free(both).iter().for_each(|tokens| draft.mark(tokens));
            }
            draft.add(hit, Command::Ask { question, about });
            continue;
        }
        // "how much are your running shoes?": a wish for such a product.
        let product = !references::products(draft.scene, &sentence.tokens).is_empty();
        if names_kind(draft.scene, sentence) && !product && !draft.scene.in_focus() {
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
        let about = about(draft, sentence);
        draft.add(hit, Command::Ask { question, about });
    }
}

/// "how heavy is it?", "which colours are there?", "where is it made?".
fn attributes(draft: &mut Draft<'_, '_>, sentence: &Sentence) {
    let named: Vec<(String, Range<usize>)> = draft
        .scene
        .hits
        .iter()
        .filter(|hit| inside(&hit.tokens, &sentence.tokens))
        .filter_map(|hit| match &hit.meaning {
            Meaning::Attribute(name) => Some((name.clone(), hit.tokens.clone())),
            _ => None,
        })
        .filter(|(_, tokens)| !states_value(draft.scene, tokens))
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
        let all = draft.scene.hit_in(&sentence.tokens, Cue::Which).is_some() && !product;
        // "which is the cheapest waterproof one?" wishes for one.
        let cheapest = [Cue::Cheapest, Cue::Cheaper]
            .iter()
            .any(|cue| draft.scene.hit_in(&sentence.tokens, *cue).is_some());
        let value = draft.scene.seen.iter().any(|seen| inside(&seen.tokens, &tokens));
        if all && cheapest && value {
            continue;
        }
        let about = if all { Some(Reference::Both) } else { about(draft, sentence) };
        let key = key_of(draft.scene, &name, product_at(draft.scene, about.as_ref()));
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
    by_meaning(draft);
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
