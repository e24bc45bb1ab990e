//! Takes, shows, refuses and removes products.

use super::comparisons::categories;
use super::comparisons::compare;
use super::comparisons::joined;
use super::comparisons::which;
use super::cues::Cue;
use super::cues::Meaning;
use super::degrees;
use super::degrees::COMPARED_MAX;
use super::draft::Draft;
use super::figure::Figure;
use super::figure::Role;
use super::references;
use super::scene::Scene;
use super::scene::Sentence;
use super::wishes::AFTER_SALE;
use crate::command::Command;
use crate::command::Polarity;
use crate::command::Question;
use crate::command::Reference;
use crate::command::RejectReason;
use crate::shop::Lookups;
use crate::shop::MentionTarget;
use crate::state::Pending;
use std::ops::Range;

/// Reads all commands on products that were shown or named.
pub(crate) fn find(draft: &mut Draft<'_, '_>) {
    compare(draft);
    which(draft);
    remove(draft);
    show(draft);
    choose(draft);
    reject(draft);
    relative(draft);
}

/// "X or Y, which one?", "I can't decide between X and Y": both are to be compared.
pub(crate) fn dilemma(draft: &mut Draft<'_, '_>) {
    let scene = draft.scene;
    for sentence in &scene.sentences {
        let named = references::products(scene, &sentence.tokens);
        let mut distinct = named.iter().map(|(reference, _)| reference);
        let first = distinct.next();
        let several = distinct.any(|other| Some(other) != first);
        let cue = |cue: Cue| scene.hit_in(&sentence.tokens, cue).is_some();
        let torn = [Cue::Compare, Cue::Which, Cue::Or, Cue::SizeAdvice, Cue::NoPreference];
        let acts = [Cue::Choose, Cue::Remove, Cue::Stock, Cue::Price];
        if !several || !torn.iter().any(|one| cue(*one)) || acts.iter().any(|one| cue(*one)) {
            continue;
        }
        let hits: Vec<Range<usize>> = torn
            .iter()
            .filter_map(|one| scene.hit_in(&sentence.tokens, *one))
            .map(|hit| hit.tokens.clone())
            .collect();
        hits.iter().for_each(|tokens| draft.mark(tokens));
        for (_, tokens) in &named {
            draft.mark(tokens);
        }
        let mut references: Vec<Reference> = named.into_iter().map(|(one, _)| one).collect();
        references.dedup();
        references.truncate(COMPARED_MAX);
        // "X or Y, which is lighter?" asks for the one, not for all that tells them apart.
        let key = references.first().and_then(|first| degrees::key(scene, sentence, first));
        if let Some(key) = key {
            let question = Question::Attribute { key, value: None };
            let about = Some(Reference::Both);
            draft.add(sentence.tokens.clone(), Command::Ask { question, about });
        }
        draft.add(sentence.tokens.clone(), Command::Compare { references });
    }
}

fn remove(draft: &mut Draft<'_, '_>) {
    for hit in draft.free(Cue::Remove) {
        let clause = draft.scene.clause_of(hit.start);
        // "delete my account" is a matter of the shop.
        if draft.scene.topic_in(&clause).is_some() {
            continue;
        }
        // "forget it then", before anything was taken: no product is meant.
        let refuses = draft.scene.hit_in(&clause, Cue::NoThanks).is_some();
        if refuses && draft.scene.input.state.cart.is_empty() {
            continue;
        }
        let place = hit.start..clause.end;
        let behind = !categories(draft, &place).is_empty()
            || !references::find(draft.scene, &place).is_empty();
        // "take the headband out again": what is removed may stand before the word.
        let before = clause.start..hit.start;
        let beside = categories(draft, &before).iter().any(|(_, kind)| kind.end + 1 >= hit.start);
        let place = match (beside, behind) {
            (true, _) => before,
            (false, true) => place,
            (false, false) => clause.clone(),
        };
        let kinds = categories(draft, &place);
        let named = references::find(draft.scene, &place);
        if let Some((category, tokens)) = kinds.first().filter(|_| {
            !named.iter().any(|(reference, _)| matches!(reference, Reference::Product(_)))
        }) {
            let catalog = draft.scene.input.catalog;
            let within = draft.scene.input.state.cart.iter().find(|line| {
                let product = catalog.product(&line.sku);
                product.is_some_and(|product| catalog.is_within(&product.category, category))
            });
            let command = match within {
                Some(line) => Command::Remove { reference: Reference::Product(line.sku.clone()) },
                None => Command::Seek { category: category.clone(), polarity: Polarity::MustNot },
            };
            draft.add(joined(&hit, tokens), command);
            continue;
        }
        let value = draft.scene.seen.iter().any(|seen| {
            let inside = seen.tokens.start >= place.start && seen.tokens.end <= place.end;
            inside && seen.targets.iter().any(|one| matches!(one, MentionTarget::Value(_)))
        });
        // "forget the red": a value that is not wanted, read as a wish.
        if value && named.is_empty() {
            continue;
        }
        let reference = draft.reference_or_focus(&place);
        draft.add(hit, Command::Remove { reference });
    }
}

fn show(draft: &mut Draft<'_, '_>) {
    for hit in draft.free(Cue::Show) {
        let clause = draft.scene.clause_of(hit.start);
        let found = references::find(draft.scene, &(hit.start..clause.end));
        let Some((reference, tokens)) = found.into_iter().next() else { continue };
        if reference == Reference::Focus && !draft.scene.in_focus() {
            continue;
        }
        draft.add(joined(&hit, &tokens), Command::Show { reference });
    }
}

/// Whether a new kind of product is taken: "I'll take some socks too".
fn takes_kind(draft: &Draft<'_, '_>, clause: &Range<usize>) -> bool {
    let catalog = draft.scene.input.catalog;
    let focus = draft.scene.input.state.focus.as_ref();
    let focus = focus.and_then(|focus| catalog.product(&focus.sku));
    categories(draft, clause).iter().any(|(category, tokens)| {
        let same = focus.is_some_and(|focus| catalog.is_within(&focus.category, category));
        let definite = draft.scene.hit_before(tokens.start, Cue::Definite, 0).is_some();
        !same || (!definite && !draft.scene.in_focus())
    })
}

/// The product in the cart that a kind with "the" before it means, where a number is said of it.
fn in_cart(draft: &Draft<'_, '_>, clause: &Range<usize>) -> Option<(String, Range<usize>)> {
    let scene = draft.scene;
    let catalog = scene.input.catalog;
    let counted = scene.figures.iter().any(|figure| figure.role == Role::Quantity);
    let kinds = categories(draft, clause).into_iter().filter(|(_, tokens)| {
        counted && scene.hit_before(tokens.start, Cue::Definite, 0).is_some()
    });
    kinds.into_iter().find_map(|(kind, tokens)| {
        let line = scene.input.state.cart.iter().find(|line| {
            let product = catalog.product(&line.sku);
            product.is_some_and(|product| catalog.is_within(&product.category, &kind))
        })?;
        Some((line.sku.clone(), tokens))
    })
}

/// Whether a matter of the shop is asked in some tokens.
fn topic_asked(draft: &Draft<'_, '_>, place: &Range<usize>) -> bool {
    draft.found.iter().any(|found| {
        let topic = matches!(found.command, Command::Ask { question: Question::Topic { .. }, .. });
        topic && found.tokens.start >= place.start && found.tokens.end <= place.end
    })
}

/// "I'll take just the two Cotelle": a number between the verb and the product.
fn counted_between(draft: &mut Draft<'_, '_>, gap: Range<usize>) {
    let scene = draft.scene;
    let inside = |one: &&Figure| one.bare.start >= gap.start && one.bare.end == gap.end;
    let figure = scene.figures.iter().find(inside).filter(|one| one.role == Role::Quantity);
    if let Some((pieces, figure)) = figure.and_then(|one| Some((one.count()?, one))) {
        draft.add(figure.tokens.clone(), Command::Quantity { pieces, size: None });
    }
}

/// Whether words that could take something ask, deny or speak of an order made before.
fn takes_nothing(draft: &Draft<'_, '_>, hit: &Range<usize>, sentence: Option<&Sentence>) -> bool {
    let scene = draft.scene;
    let clause = scene.clause_of(hit.start);
    // "and if I take it today?" is part of a question on deliveries.
    let asks = sentence.is_some_and(|one| {
        one.question
            && (scene.topic_in(&clause).is_some()
                || topic_asked(draft, &one.tokens)
                || scene.hit_in(&one.tokens, Cue::Which).is_some())
    });
    let negated = scene.hit_before(hit.start, Cue::Negation, 1).is_some();
    // "I want the order cancelled": takes nothing.
    let service = scene.topic_in(&clause).is_some_and(|topic| {
        matches!(&topic.meaning, Meaning::Topic(label) if AFTER_SALE.contains(&label.as_str()))
    });
    // "does the Dorane do for a head of 61 cm?", where the product is the one that does.
    let mark = sentence.is_some_and(|one| {
        scene.tokens[one.tokens.clone()].iter().any(|token| token.text.contains('?'))
    });
    let mut products = references::products(scene, &clause).into_iter();
    let subject = mark && products.any(|(_, tokens)| tokens.end == hit.start);
    asks || negated || service || subject
}

fn choose(draft: &mut Draft<'_, '_>) {
    for hit in draft.free(Cue::Choose) {
        let clause = draft.scene.clause_of(hit.start);
        let sentence = draft.scene.sentence_of(hit.start).cloned();
        if takes_nothing(draft, &hit, sentence.as_ref()) {
            continue;
        }
        let whole = sentence.map_or(clause.clone(), |one| one.tokens);
        let found = references::find(draft.scene, &clause);
        let named = found.first().is_some_and(|(one, _)| *one != Reference::Focus);
        // "make it 3 of the deodorant", which is in the cart.
        if let Some((line, tokens)) = in_cart(draft, &clause).filter(|_| !named) {
            let reference = Reference::Product(line);
            draft.mark(&hit);
            draft.add(tokens, Command::Choose { reference, buys: true });
            continue;
        }
        if !named && takes_kind(draft, &clause) {
            draft.mark(&hit);
            continue;
        }
        let place = if found.is_empty() { whole } else { clause };
        let mut found = references::find(draft.scene, &place);
        found.truncate(COMPARED_MAX);
        // "I'll take the brush set", beside a single brush.
        if found.is_empty() && super::goods::names_other_goods(draft, &hit) {
            let tokens = hit.start..place.end.max(hit.end);
            draft.mark(&hit);
            draft.found.push(super::scene::Found { tokens, command: Command::Browse });
            continue;
        }
        // "no no, I'll keep it" and "will it be open?", of nothing under discussion, take nothing.
        let scene = draft.scene;
        let refuses = scene.asks_at(hit.start) || scene.has(Cue::No) || scene.has(Cue::NoThanks);
        let nothing = !scene.in_focus() && scene.input.state.shown.is_empty();
        // "I have them", of pictures that a complaint needs.
        let troubled = scene.input.state.trouble.is_some();
        if found.is_empty() && (refuses || troubled) && nothing {
            draft.mark(&hit);
            continue;
        }
        // "does it go for sensitive skin?" asks, in words that could take something.
        let asks_value = |one: &Command| {
            let value = |question: &Question| {
                matches!(question, Question::Attribute { value: Some(_), .. })
            };
            matches!(one, Command::Ask { question, .. } if value(question))
        };
        let asked = draft.scene.asks_at(hit.start);
        let focus = found.iter().all(|(reference, _)| *reference == Reference::Focus);
        if asked && focus && draft.any(asks_value) {
            draft.mark(&hit);
            continue;
        }
        if found.is_empty() {
            draft.add(hit, Command::Choose { reference: Reference::Focus, buys: true });
            continue;
        }
        let beside = super::basket::taken_beside(draft.scene, &hit, &found);
        let several = found.len() > 1 || beside.is_some();
        if let Some(reference) = beside {
            draft.add(hit.clone(), Command::Choose { reference, buys: true });
        }
        for (reference, tokens) in found {
            // "does it go for sensitive skin?" asks for a value.
            if asked && matches!(reference, Reference::Facet { .. }) {
                continue;
            }
            draft.mark(&hit);
            counted_between(draft, hit.end..tokens.start);
            // What is said behind one of several belongs to it.
            let place = if several { tokens } else { joined(&hit, &tokens) };
            draft.add(place, Command::Choose { reference, buys: true });
        }
    }
}

/// "that one then": a message that only points at the product under discussion takes it.
pub(crate) fn pointed(draft: &mut Draft<'_, '_>) -> bool {
    let scene = draft.scene;
    let Some(hit) = draft.free(Cue::Focus).into_iter().next() else { return false };
    let asks = scene.tokens.iter().any(|token| token.text.contains('?'));
    if asks || scene.input.state.focus.is_none() || scene.content_words_outside(&hit) > 0 {
        return false;
    }
    let reference = Reference::Focus;
    if scene.has(Cue::Negation) {
        draft.add(hit, Command::Reject { reference, why: RejectReason::Other });
        return true;
    }
    draft.add(hit, Command::Choose { reference, buys: true });
    true
}

fn reject(draft: &mut Draft<'_, '_>) {
    for hit in draft.free(Cue::Reject) {
        // "what if I don't like it?" refuses nothing.
        let asks = draft.scene.asks_at(hit.start);
        if draft.scene.input.state.last_shown.is_empty() || asks {
            continue;
        }
        let clause = draft.scene.clause_of(hit.start);
        let found = references::find(draft.scene, &clause).into_iter().next();
        let reference = found.map_or(Reference::Focus, |(reference, tokens)| {
            draft.mark(&tokens);
            reference
        });
        draft.add(hit, Command::Reject { reference, why: RejectReason::Other });
    }
}

/// "cheaper", "another one", "what goes with it?".
fn relative(draft: &mut Draft<'_, '_>) {
    let shown = draft.scene.in_focus() || !draft.scene.input.state.shown.is_empty();
    for (cue, command) in [
        (Cue::Cheaper, if shown { Command::Cheaper } else { Command::LowPrice }),
        (Cue::Cheapest, if shown { Command::Cheaper } else { Command::LowPrice }),
        (Cue::Dearer, Command::Dearer),
        (Cue::LowPrice, Command::LowPrice),
        (Cue::Another, if shown { Command::Another } else { Command::Browse }),
        (Cue::Accessories, Command::Accessories),
    ] {
        for hit in draft.free(cue) {
            let place = draft.scene.clause_of(hit.start);
            let named = references::find(draft.scene, &place).iter().any(|(reference, tokens)| {
                tokens.contains(&hit.start)
                    && matches!(reference, Reference::Cheapest | Reference::Dearest)
            });
            if named {
                continue;
            }
            let limited = draft.scene.figures.iter().any(|figure| {
                let money = matches!(figure.role, Role::Money { bound: Some(_), .. });
                money && figure.tokens.start <= hit.start && hit.end <= figure.tokens.end
            });
            let asked = cue == Cue::LowPrice && draft.scene.topic_in(&place).is_some();
            // "your cheapest one": of all the shop has, not below the one shown.
            let owned = draft.scene.hit_before(hit.start, Cue::Owned, 0).is_some();
            if owned && cue == Cue::Cheapest {
                draft.add(hit, Command::LowPrice);
                continue;
            }
            if !limited && !asked {
                if cue == Cue::Cheapest && shown {
                    draft.add(hit.clone(), Command::LowPrice);
                }
                draft.add(hit, command.clone());
            }
        }
    }
}

/// "and the other one?": the question answered last, of another product.
fn asked_again(
    scene: &Scene<'_>,
    sentence: &super::scene::Sentence,
    tokens: &Range<usize>,
) -> Option<Question> {
    let question = scene.input.state.asked_of_product.clone()?;
    let acts = [Cue::Choose, Cue::Want, Cue::Yes, Cue::Fine, Cue::Show, Cue::Compare, Cue::Reject];
    let first = scene.tokens.get(sentence.tokens.start)?;
    let same = scene.hit_in(&sentence.tokens, Cue::Same);
    let joins = sentence.question || same.is_some() || scene.cues.joins_numbers(&first.text);
    let within =
        |at: &usize| tokens.contains(at) || same.is_some_and(|same| same.tokens.contains(at));
    let other = sentence.tokens.clone().filter(|at| !within(at)).any(|at| {
        let token = &scene.tokens[at];
        token.text.chars().any(char::is_alphanumeric) && !scene.cues.is_filler(&token.text)
    });
    let acts = acts.iter().any(|cue| scene.hit_in(&sentence.tokens, *cue).is_some());
    (joins && !other && !acts).then_some(question)
}

/// "does the Minutelle go in water?": a question on a product whose words the shop does not list.
fn asks_of_product(
    draft: &Draft<'_, '_>,
    sentence: &super::scene::Sentence,
    reference: &Reference,
    tokens: &Range<usize>,
) -> bool {
    let scene = draft.scene;
    let other =
        [Cue::Want, Cue::Choose, Cue::Show, Cue::Which, Cue::Have, Cue::Browse, Cue::Another];
    let more = sentence.tokens.clone().any(|at| {
        let word = &scene.tokens[at].text;
        !tokens.contains(&at)
            && word.chars().count() > 2
            && word.chars().all(char::is_alphabetic)
            && !scene.cues.is_filler(word)
            && !draft.used[at]
    });
    // "the Brioche, blade length": no word asks, but the product states what is said.
    let states = matches!(reference, Reference::Product(_)) && super::meaning::is_stated(scene);
    (sentence.question || states)
        && more
        && *reference != Reference::Focus
        && !other.iter().any(|cue| scene.hit_in(&sentence.tokens, *cue).is_some())
        && !draft.any(|command| matches!(command, Command::Ask { .. } | Command::Compare { .. }))
}

/// Products, places and the like that no command explains: they were named.
pub(crate) fn named(draft: &mut Draft<'_, '_>) {
    for sentence in draft.scene.sentences.clone() {
        for clause in sentence.clauses.clone() {
            let found = references::find(draft.scene, &clause);
            for (reference, tokens) in found {
                if draft.is_used(&tokens) || reference == Reference::Focus {
                    continue;
                }
                // "the cheapest one for swimming": of the shop's goods, not of those shown.
                let owned = draft.scene.hit_before(tokens.start, Cue::Owned, 0).is_some();
                let of_all = owned || references::beside_value(draft.scene, &sentence.tokens);
                if reference == Reference::Cheapest && of_all {
                    draft.add(tokens, Command::LowPrice);
                    continue;
                }
                let negated = draft.scene.hit_before(tokens.start, Cue::Negation, 2).is_some();
                if negated || references::negated_behind(draft.scene, &tokens, &clause) {
                    if super::basket::is_ordered(draft.scene, &reference) {
                        draft.add(tokens, Command::Remove { reference });
                        continue;
                    }
                    draft.add(tokens, Command::Reject { reference, why: RejectReason::Other });
                    continue;
                }
                let wanted = draft.scene.hit_in(&sentence.tokens, Cue::Want).is_some();
                if let Some(question) = asked_again(draft.scene, &sentence, &tokens) {
                    let about = Some(reference);
                    draft.add(tokens, Command::Ask { question, about });
                    continue;
                }
                if asks_of_product(draft, &sentence, &reference, &tokens) {
                    super::questions::unknown_of(draft, &sentence, reference);
                    continue;
                }
                let figured = draft.scene.figures.iter().any(|figure| {
                    matches!(figure.role, Role::Size(_) | Role::Quantity | Role::Dimensions)
                        && sentence.tokens.contains(&figure.bare.start)
                });
                // "ok, the second one then"
                let agreed = [Cue::Yes, Cue::Fine].iter().any(|cue| {
                    let hit = draft.scene.hit_in(&sentence.tokens, *cue);
                    hit.is_some_and(|hit| hit.tokens.end <= tokens.start)
                });
                let shown = !matches!(reference, Reference::Product(_))
                    && draft.scene.hit_in(&sentence.tokens, Cue::Show).is_none();
                // "the first one", of one.
                let state = draft.scene.input.state;
                let only = state.shown.len() == 1
                    && matches!(state.pending, Some(Pending::Buy { .. }))
                    && matches!(reference, Reference::Ordinal(1 | -1))
                    && draft.scene.hit_in(&sentence.tokens, Cue::Show).is_none();
                // "both then, in 42"
                let all = reference == Reference::Both && shown;
                // "2 of these and 1 of those": an order.
                let listed = references::products(draft.scene, &sentence.tokens);
                let listed = listed.iter().any(|(other, _)| *other != reference)
                    && draft.scene.figures.iter().any(|figure| {
                        figure.role == Role::Quantity
                            && sentence.tokens.contains(&figure.bare.start)
                    });
                let orders = super::basket::orders(draft, &sentence, &reference, &tokens);
                let buys =
                    (wanted && figured || all || listed || agreed && shown || only || orders)
                        && !sentence.question;
                draft.add(tokens, Command::Choose { reference, buys });
            }
        }
    }
}
