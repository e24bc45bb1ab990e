//! What is looked for: kinds of product and their properties, wanted, preferred or not wanted.

use super::cues::Cue;
use super::cues::Hit;
use super::cues::Meaning;
use super::draft::Draft;
use super::figure::Role;
use super::goods::GOODS_WORDS_MAX;
use super::goods::age;
use super::goods::is_no_kind;
use super::goods::wish_or_option;
use super::kinds::best_category;
use super::kinds::category;
use super::kinds::loose_words;
use super::kinds::values;
use super::scene::Scene;
use super::scene::Seen;
use super::spelling::same_words;
use super::tokens::TokenKind;
use crate::command::Command;
use crate::command::Polarity;
use crate::command::Reference;
use crate::shop::FacetChoice;
use crate::shop::Lookups;
use crate::shop::MentionTarget;
use crate::shop::Product;
use crate::state::Pending;
use std::ops::Range;

/// Words between "no" and what it excludes.
const NEAR_GAP: usize = 1;

/// The kind of product that the message or the need is about.
fn kind<'a>(scene: &'a Scene<'_>) -> Option<&'a str> {
    let named = scene.seen.iter().find_map(category);
    named.or(scene.input.state.need.category.as_deref())
}

/// The value that words mean: of the facet that was asked for, else of one that the products
/// looked for have.
pub(crate) fn best_value(scene: &Scene<'_>, seen: &Seen) -> Option<FacetChoice> {
    let all = values(seen);
    let asked = match &scene.input.state.pending {
        Some(Pending::Facet { facet }) => all.iter().find(|choice| choice.key == *facet),
        _ => None,
    };
    if let Some(choice) = asked {
        return Some((*choice).clone());
    }
    if all.len() < 2 {
        return all.first().map(|choice| (*choice).clone());
    }
    let catalog = scene.input.catalog;
    let kind = kind(scene);
    let count = |choice: &FacetChoice| {
        let within = catalog
            .products()
            .iter()
            .filter(|product| kind.is_none_or(|kind| catalog.is_within(&product.category, kind)));
        within.filter(|product| product.has(choice)).count()
    };
    let best = all.iter().enumerate().max_by_key(|(at, choice)| (count(choice), usize::MAX - at));
    best.map(|(_, choice)| (*choice).clone())
}

/// Whether words are wanted, from the negations before them in their clause.
pub(crate) fn polarity(draft: &Draft<'_, '_>, tokens: &Range<usize>) -> Polarity {
    let scene = draft.scene;
    let clause = scene.clause_of(tokens.start);
    let start = clause.start.min(tokens.start);
    let before = start..tokens.start;
    let negation = |cue: Cue| {
        scene
            .hits_of(cue)
            .filter(|hit| hit.tokens.start >= before.start && hit.tokens.end <= before.end)
            .filter(|hit| !draft.is_used(&hit.tokens) && !is_lack(scene, hit))
            .last()
    };
    let near = scene
        .hit_before(tokens.start, Cue::NegationNear, NEAR_GAP)
        .filter(|hit| !is_lack(scene, hit))
        // "zu meiner Schwester" is no "zu hell".
        .or_else(|| {
            let hit = scene.hit_before(tokens.start, Cue::TooMuch, NEAR_GAP);
            let owned = scene.hit_before(tokens.start, Cue::Owned, 0).is_some();
            hit.filter(|_| !owned)
        })
        .or_else(|| scene.hit_before(tokens.start, Cue::Remove, 2));
    if near.is_some() || listed(scene, tokens) || denied_behind(scene, tokens) {
        return Polarity::MustNot;
    }
    if let Some(hit) = negation(Cue::Negation) {
        // "I do not need much, I want a jacket" and "not for running I want hiking": a wish
        // behind the negation ends it.
        let wanted = scene
            .hits_of(Cue::Want)
            .any(|want| want.tokens.start > hit.tokens.end && want.tokens.end <= tokens.start);
        let contrast = scene
            .hits_of(Cue::Contrast)
            .any(|but| but.tokens.start >= hit.tokens.end && but.tokens.end <= tokens.start);
        if !wanted && !contrast {
            return Polarity::MustNot;
        }
    }
    let softened = scene.hit_in(&clause, Cue::Prefer).is_some();
    if softened { Polarity::Prefer } else { Polarity::Must }
}

/// "I do not own hiking shoes": what somebody lacks is wished for, unless a wish is denied.
fn is_lack(scene: &Scene<'_>, negation: &Hit) -> bool {
    scene.hits_of(Cue::Lack).any(|lack| {
        let same =
            lack.tokens.start < negation.tokens.end && negation.tokens.start < lack.tokens.end;
        same && scene.hit_after(lack.tokens.end, Cue::Want, 0).is_none()
    })
}

/// "in yellow no", "gelb nicht": a negation behind the words, at the end of their clause.
fn denied_behind(scene: &Scene<'_>, tokens: &Range<usize>) -> bool {
    let clause = scene.clause_of(tokens.start);
    let ends = |hit: &Hit| {
        let rest = hit.tokens.end..clause.end.max(hit.tokens.end);
        scene.tokens[rest].iter().all(|token| !token.text.chars().any(char::is_alphanumeric))
    };
    let hits = [Cue::Negation, Cue::No].into_iter().flat_map(|cue| scene.hits_of(cue));
    // "pink?? nah."
    let asked = scene.sentence_of(tokens.start).is_some_and(|sentence| {
        let sign = |at: &usize| !scene.tokens[*at].text.chars().any(char::is_alphanumeric);
        let behind = sentence.tokens.end..scene.tokens.len();
        let end = behind.start + behind.take_while(sign).count();
        let value = |at: &usize| {
            let word = &scene.tokens[*at].text;
            tokens.contains(at) || !word.chars().any(char::is_alphanumeric)
        };
        let refused = [Cue::No, Cue::Negation, Cue::Reject];
        let refused =
            refused.iter().any(|cue| scene.hits_of(*cue).any(|hit| hit.tokens.start == end));
        let open = !matches!(scene.input.state.pending, Some(Pending::Facet { .. }));
        open && refused && sentence.tokens.clone().all(|at| value(&at))
    });
    if asked {
        return true;
    }
    let mut behind = hits.filter(|hit| hit.tokens.start == tokens.end);
    // "waterproof, no?" and "is it black or not?" ask.
    !scene.asks_at(tokens.start) && behind.any(ends)
}

/// "no red, pink or yellow": what follows an excluded value after a comma or "or" is excluded.
fn listed(scene: &Scene<'_>, tokens: &Range<usize>) -> bool {
    let before = scene.seen.iter().rfind(|seen| seen.tokens.end <= tokens.start);
    let own = scene.seen.iter().find(|seen| seen.tokens == *tokens);
    let (Some(before), Some(own)) = (before, own) else { return false };
    let alike = values(before).iter().any(|one| values(own).iter().any(|two| one.key == two.key))
        || category(before).is_some() && category(own).is_some();
    let gap = before.tokens.end..tokens.start;
    let joint = alike
        && gap.len() == 1
        && (scene.hit_in(&gap, Cue::Or).is_some() || scene.tokens[gap.start].text == ",");
    if !joint {
        return false;
    }
    scene.hit_before(before.tokens.start, Cue::NegationNear, NEAR_GAP).is_some()
        || scene.hit_before(before.tokens.start, Cue::Negation, 2).is_some()
        || listed(scene, &before.tokens)
}

/// Whether the clause of some words is about a matter of the shop, so that they are no wish.
fn is_service(scene: &Scene<'_>, tokens: &Range<usize>) -> bool {
    let clause = scene.clause_of(tokens.start);
    // "how much is delivery, just some towels": goods named behind the matter are what it is about.
    let sentence = scene.sentence_of(tokens.start).filter(|sentence| sentence.question);
    let ahead = sentence.map_or(tokens.start..tokens.start, |one| one.tokens.start..tokens.start);
    // "and my shoes, in the machine?"
    let owned = scene.hit_before(tokens.start, Cue::Owned, 0).is_some();
    let whole = scene.sentence_of(tokens.start).map_or(0..0, |one| one.tokens.clone());
    if owned && scene.topic_in(&whole).is_some() {
        return true;
    }
    let asked = [Cue::Want, Cue::Browse, Cue::Have];
    if scene.topic_in(&ahead).is_some() && !asked.iter().any(|cue| scene.has(*cue)) {
        return true;
    }
    let Some(topic) = scene.topic_in(&clause) else { return false };
    // "I want a jacket, and do you deliver": a wish before the matter stays one.
    let want = scene.hit_in(&clause, Cue::Want).or_else(|| scene.hit_in(&clause, Cue::Browse));
    !want.is_some_and(|want| want.tokens.end <= tokens.start && tokens.end <= topic.tokens.start)
}

/// Most tokens between a product and what it goes with: "for a 160 x 200 cm".
const COMPLEMENT_GAP: usize = 7;

/// Whether some tokens begin a wish of their own.
fn names_want(scene: &Scene<'_>, tokens: &Range<usize>) -> bool {
    [Cue::Want, Cue::Each, Cue::Or].iter().any(|cue| scene.hit_in(tokens, *cue).is_some())
}

/// Whether a kind of product only says of what kind another one is, or what it goes with: "a strap
/// with a band", "a duvet for a 160x200 bed".
fn is_complement(scene: &Scene<'_>, seen: &Seen) -> bool {
    let before = scene
        .seen
        .iter()
        .rfind(|one| one.tokens.end <= seen.tokens.start && category(one).is_some());
    let Some(before) = before else { return false };
    let gap = before.tokens.end..seen.tokens.start;
    let meant = scene.hit_in(&gap, Cue::MeantFor).filter(|hit| hit.tokens.start == gap.start);
    if meant.is_some() && gap.len() <= COMPLEMENT_GAP {
        let idle = |at: &usize| {
            let token = &scene.tokens[*at];
            let figure = scene.figures.iter().any(|figure| figure.tokens.contains(at));
            token.kind != TokenKind::Word || scene.cues.is_filler(&token.text) || figure
        };
        return gap.clone().all(|at| idle(&at)) && !names_want(scene, &gap);
    }
    let direct = scene.seen.iter().rfind(|one| one.tokens.end <= seen.tokens.start);
    if !direct.is_some_and(|direct| direct.tokens == before.tokens) {
        return false;
    }
    let [joint] = &scene.tokens[gap.clone()] else { return false };
    let parts = [Cue::Or, Cue::Negation, Cue::Contrast, Cue::Definite, Cue::Each];
    scene.cues.is_filler(&joint.text)
        && !scene.cues.joins_numbers(&joint.text)
        && !parts.iter().any(|cue| scene.hit_in(&gap, *cue).is_some())
}

/// The value that a word for a kind of product also states: a raincoat is a jacket for rain.
fn qualified(scene: &Scene<'_>, seen: &Seen, category: &str) -> Option<FacetChoice> {
    let catalog = scene.input.catalog;
    // "thermal bottle" is what a product is called, not a bottle for the cold.
    let said = scene.text_of(&seen.tokens);
    let called = |product: &Product| {
        catalog.is_within(&product.category, category)
            && product.title.iter().any(|(_, title)| same_words(title, &said))
    };
    if catalog.products().iter().any(called) {
        return None;
    }
    let inner = inner_values(scene, seen, category);
    let all: Vec<&FacetChoice> = values(seen).into_iter().chain(&inner).collect();
    let [choice] = all[..] else { return None };
    let of_kind = |product: &&Product| catalog.is_within(&product.category, category);
    let stated = |product: &Product| {
        let values = product.facets.get(&choice.key);
        values.is_some_and(|values| values.contains(&choice.value))
    };
    let mut products = catalog.products().iter().filter(of_kind);
    let (some, all) = (products.clone().any(stated), products.all(stated));
    (some && !all).then(|| choice.clone())
}

/// Values that single words of a name for a kind state, where they tell its products apart: "gloves
/// for skiing". None if the name as a whole states one.
fn inner_values(scene: &Scene<'_>, seen: &Seen, category: &str) -> Vec<FacetChoice> {
    if seen.tokens.len() < 2 || !values(seen).is_empty() {
        return Vec::new();
    }
    let catalog = scene.input.catalog;
    let tells_apart = |choice: &FacetChoice| {
        let within = |product: &&Product| catalog.is_within(&product.category, category);
        let mut products = catalog.products().iter().filter(within);
        products.clone().any(|product| product.has(choice))
            && products.any(|product| !product.has(choice))
    };
    let words = seen.tokens.clone().map(|at| scene.text_of(&(at..at + 1)));
    let found = words.flat_map(|word| catalog.mentions(&word, &[scene.input.language]));
    let values = found.filter(|one| one.exact >= 1.0).filter_map(|one| match one.target {
        MentionTarget::Value(choice) => Some(choice),
        _ => None,
    });
    values.filter(tells_apart).collect()
}

/// Matters of something bought already.
pub(crate) const AFTER_SALE: [&str; 6] = [
    "return_exchange",
    "refund_status",
    "warranty",
    "cancel_order",
    "change_order",
    "invoice_request",
];

/// Whether the message is about something bought already: what it names is no wish, unless a wish
/// is stated.
fn is_after_sale(scene: &Scene<'_>) -> bool {
    let bought = scene.hits.iter().any(|hit| match &hit.meaning {
        Meaning::Topic(label) => AFTER_SALE.contains(&label.as_str()),
        _ => false,
    });
    let wished = scene.has(Cue::Want) || scene.has(Cue::Browse) || scene.has(Cue::Choose);
    let figures = scene
        .figures
        .iter()
        .any(|figure| matches!(figure.role, Role::Size(_) | Role::Dimensions | Role::Money { .. }));
    bought && !wished && !figures
}

/// Whether a product of a kind is named in the same sentence: "the Quenouille blanket".
fn names_product_of(scene: &Scene<'_>, seen: &Seen, kind: &str) -> bool {
    let catalog = scene.input.catalog;
    let Some(sentence) = scene.sentence_of(seen.tokens.start) else { return false };
    let named = super::references::products(scene, &sentence.tokens);
    named.iter().any(|(reference, name)| match reference {
        // "the Slalane poles": a kind right beside a name belongs to it, whatever the shop calls
        // it.
        Reference::Product(_) if beside(scene, seen, name) => true,
        Reference::Product(sku) => {
            catalog.product(sku).is_some_and(|product| catalog.is_within(&product.category, kind))
        }
        _ => false,
    })
}

/// Whether nothing stands between a kind of product and a name.
fn beside(scene: &Scene<'_>, seen: &Seen, name: &Range<usize>) -> bool {
    let other = scene.seen.iter().any(|one| {
        category(one).is_some() && one.tokens != seen.tokens && one.tokens.end == name.start
    });
    seen.tokens.end == name.start || name.end == seen.tokens.start && !other
}

/// "the dumbbells, then": the kind of the product under discussion, and nothing else, means that
/// product.
fn is_in_focus(scene: &Scene<'_>, seen: &Seen) -> bool {
    let catalog = scene.input.catalog;
    let state = scene.input.state;
    let focus = state.focus.as_ref().filter(|_| state.last_shown.len() == 1);
    let focus = focus.and_then(|focus| catalog.product(&focus.sku));
    let same = focus.zip(category(seen));
    let same = same.is_some_and(|(focus, kind)| catalog.is_within(&focus.category, kind));
    let refuses = [Cue::Negation, Cue::No, Cue::Another].iter().any(|cue| scene.has(*cue));
    // "and a swim cap", beside goggles of the same kind.
    let said = super::tokens::fold(&scene.text_of(&seen.tokens));
    let titled = |product: &Product| {
        let title = product.title.or_fallback(scene.input.language, &[]);
        let title = super::tokens::fold(title.map_or("", String::as_str));
        said.split_whitespace().all(|word| title.split_whitespace().any(|one| one == word))
    };
    let other = focus.is_some_and(|focus| {
        let of_kind = |one: &&Product| one.category == focus.category;
        !titled(focus) && catalog.products().iter().filter(of_kind).any(titled)
    });
    same && !refuses
        && !other
        && !scene.asks_at(seen.tokens.start)
        && scene.content_words_outside(&seen.tokens) == 0
}

/// "even if they are not waterproof", "they need not be red": whether a value is said not to
/// matter.
pub(super) fn is_conceded(scene: &Scene<'_>, seen: &Seen) -> bool {
    let clause = scene.clause_of(seen.tokens.start);
    scene.hits_of(Cue::Concession).any(|hit| {
        let before = clause.start <= hit.tokens.start && hit.tokens.end <= seen.tokens.start;
        // "wasserdicht müssen sie nicht sein"
        let behind = seen.tokens.end <= hit.tokens.start && hit.tokens.end <= clause.end;
        before || behind
    })
}

/// Whether a later sentence takes the product under discussion as it is.
fn is_taken_anyway(draft: &Draft<'_, '_>, seen: &Seen) -> bool {
    let Some(sentence) = draft.scene.sentence_of(seen.tokens.start) else { return false };
    draft.found.iter().any(|found| {
        let taken = Command::Choose { reference: Reference::Focus, buys: true };
        found.command == taken && found.tokens.start >= sentence.tokens.end
    })
}

/// "three pairs of socks": whether the first words of a name for a kind also belong to a count.
fn is_counted(scene: &Scene<'_>, seen: &Seen) -> bool {
    category(seen).is_some()
        && scene.figures.iter().any(|figure| {
            let over = figure.tokens.start < seen.tokens.start
                && figure.tokens.contains(&seen.tokens.start)
                && figure.tokens.end < seen.tokens.end;
            figure.role == Role::Quantity && over
        })
}

/// Reads all wishes.
pub(crate) fn find(draft: &mut Draft<'_, '_>) {
    let complaint = draft.any(|command| matches!(command, Command::Complain { .. }));
    let scene = draft.scene;
    if is_after_sale(scene) {
        return;
    }
    for seen in &scene.seen {
        let used = draft.is_used(&seen.tokens) && !is_counted(scene, seen);
        if used || is_service(scene, &seen.tokens) {
            continue;
        }
        if category(seen).is_some_and(|kind| names_product_of(scene, seen, kind)) {
            draft.mark(&seen.tokens);
            continue;
        }
        let wanted = scene
            .sentence_of(seen.tokens.start)
            .is_some_and(|sentence| scene.hit_in(&sentence.tokens, Cue::Want).is_some());
        if complaint && !wanted {
            continue;
        }
        if is_in_focus(scene, seen) {
            let reference = Reference::Focus;
            draft.add(seen.tokens.clone(), Command::Choose { reference, buys: false });
            continue;
        }
        if is_no_kind(scene, seen) {
            continue;
        }
        let polarity = polarity(draft, &seen.tokens);
        if let Some(category) = best_category(scene, seen) {
            if is_complement(scene, seen) {
                continue;
            }
            let polarity = if polarity == Polarity::Prefer { Polarity::Must } else { polarity };
            let command = Command::Seek { category: category.to_owned(), polarity };
            draft.add(seen.tokens.clone(), command);
            if let Some(FacetChoice { key, value }) = qualified(scene, seen, category)
                && polarity == Polarity::Must
            {
                draft.add(seen.tokens.clone(), Command::Constrain { facet: key, value, polarity });
            }
            continue;
        }
        if is_conceded(scene, seen)
            && let Some(FacetChoice { key, .. }) = best_value(scene, seen)
        {
            draft.add(seen.tokens.clone(), Command::NoPreference { facet: Some(key) });
            continue;
        }
        let all = values(seen);
        if polarity == Polarity::MustNot && all.len() > 1 {
            let all: Vec<FacetChoice> = all.into_iter().cloned().collect();
            for FacetChoice { key, value } in all {
                let command = Command::Constrain { facet: key, value, polarity };
                draft.add(seen.tokens.clone(), command);
            }
            continue;
        }
        if let Some(choice) = best_value(scene, seen) {
            // "it never rains here. I'll take it": what is said before is no wish.
            if is_taken_anyway(draft, seen) && !super::kinds::own_option(scene, &choice) {
                draft.mark(&seen.tokens);
                continue;
            }
            let command = wish_or_option(scene, choice, polarity);
            draft.add(seen.tokens.clone(), command);
        }
    }
    age(draft);
}

/// Reads "do you sell skates?", of words that the shop does not know. False if it is no such
/// question.
pub(crate) fn asks_for_goods(draft: &mut Draft<'_, '_>) -> bool {
    let scene = draft.scene;
    let asks = scene.hits_of(Cue::Have).next().filter(|hit| scene.asks_at(hit.tokens.start));
    let sentence = asks.and_then(|hit| scene.sentence_of(hit.tokens.start));
    let words = sentence.map_or(scene.tokens.len(), |one| {
        scene.content_words() - scene.content_words_outside(&one.tokens).min(scene.content_words())
    });
    let short = words <= GOODS_WORDS_MAX;
    let open = scene.input.state.focus.is_none() && scene.input.state.trouble.is_none();
    if asks.is_none() || !short || !open || loose_words(draft).is_empty() {
        return false;
    }
    draft.add(asks.map_or(0..0, |hit| hit.tokens.clone()), Command::Browse);
    true
}
