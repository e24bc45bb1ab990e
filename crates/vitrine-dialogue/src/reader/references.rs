//! Which products a customer means: by name, place, price, colour, or "it".

use super::cues::Cue;
use super::cues::Meaning;
use super::draft::Draft;
use super::figure::Bound;
use super::figure::Role;
use super::scene::Scene;
use super::scene::Seen;
use super::tokens::fold;
use crate::command::Reference;
use crate::shop::FacetChoice;
use crate::shop::Lookups;
use crate::shop::MentionTarget;
use crate::shop::Product;
use crate::state::Pending;
use std::ops::Range;

/// Most words between "the one" and what tells it apart.
const ONE_GAP: usize = 2;

fn inside(part: &Range<usize>, whole: &Range<usize>) -> bool {
    part.start >= whole.start && part.end <= whole.end
}

/// Products shown in this conversation, those of the last reply first.
pub(crate) fn shown<'a>(scene: &Scene<'a>) -> Vec<&'a Product> {
    let state = scene.input.state;
    let skus = state.last_shown.iter().chain(&state.compared).chain(&state.shown);
    let mut found: Vec<&Product> = Vec::new();
    for product in skus.filter_map(|sku| scene.input.catalog.product(sku)) {
        if !found.iter().any(|known| known.sku == product.sku) {
            found.push(product);
        }
    }
    found
}

/// Certainty from which words that also state a value name a product.
const NAMED_MIN: f32 = 0.84;

/// The product that words name, if they name nothing else. Words for a value as well ("Onda 5" is a
/// telephone, and what a case is made for) name the product unless goods with that value are meant.
pub(crate) fn product_of(scene: &Scene<'_>, seen: &Seen) -> Option<String> {
    let skus = seen.targets.iter().filter_map(|target| match target {
        MentionTarget::Product(sku) => Some(sku.to_string()),
        _ => None,
    });
    let skus: Vec<String> = skus.collect();
    // Of several with that name, the one that was shown.
    let known =
        shown(scene).into_iter().find(|product| skus.iter().any(|sku| product.sku.as_str() == sku));
    let by_word = || shown_by_word(scene, seen);
    let first = known.map(|product| product.sku.to_string()).or_else(|| skus.first().cloned());
    let first = match first {
        Some(first) => first,
        None => return by_word(),
    };
    if is_label(scene, seen) || seen.product < TYPO_MIN && !fits_named_kind(scene, &first) {
        return None;
    }
    let kind = |target: &MentionTarget| matches!(target, MentionTarget::Category(_));
    let value = |target: &MentionTarget| matches!(target, MentionTarget::Value(_));
    if seen.targets.iter().any(kind) {
        return None;
    }
    // "no roses" is a colour in the plural before it is a misspelt name.
    let value = seen.targets.iter().any(value);
    (!value || seen.product >= NAMED_MIN && is_of_kind(scene, &first)).then_some(first)
}

/// "le satin", of two lipsticks shown that are called Velours and Satin: a word for a value is the
/// name of the one of those shown that has it in its name.
fn shown_by_word(scene: &Scene<'_>, seen: &Seen) -> Option<String> {
    let state = scene.input.state;
    let lists = [&state.last_shown, &state.compared];
    let list = lists.into_iter().find(|list| list.len() > 1)?;
    let [token] = scene.tokens.get(seen.tokens.clone())? else { return None };
    scene.hit_before(seen.tokens.start, Cue::Definite, 0)?;
    let value = |target: &MentionTarget| matches!(target, MentionTarget::Value(_));
    let named = |sku: &&String| {
        let product = scene.input.catalog.product(sku);
        product.is_some_and(|one| fold(&one.name).split_whitespace().any(|it| it == token.text))
    };
    let mut found = list.iter().filter(named);
    let sku = found.next().filter(|_| seen.targets.iter().any(value))?;
    found.next().is_none().then(|| sku.clone())
}

/// Below this certainty a name may be another word, misspelt or not.
const TYPO_MIN: f32 = 0.86;

/// Whether a word is what the shop calls a property: "in shade sand" names no product "Shade".
fn is_label(scene: &Scene<'_>, seen: &Seen) -> bool {
    let catalog = scene.input.catalog;
    let said = fold(&scene.text_of(&seen.tokens));
    let options = catalog.products().iter().flat_map(|product| &product.options);
    let facets = catalog.facets().iter().map(|facet| &facet.key);
    let mut keys = facets.chain(options);
    seen.tokens.len() == 1
        && keys.any(|key| fold(&catalog.key_label(key, scene.input.language)) == said)
}

/// The kind of product that the message names.
fn named_kind<'a>(scene: &'a Scene<'_>) -> Option<&'a str> {
    scene.seen.iter().flat_map(|seen| &seen.targets).find_map(|one| match one {
        MentionTarget::Category(id) => Some(id.as_str()),
        _ => None,
    })
}

/// Whether a product is of the kind that the message names, if any.
fn fits_named_kind(scene: &Scene<'_>, sku: &str) -> bool {
    let catalog = scene.input.catalog;
    let kind = named_kind(scene).zip(catalog.product(sku));
    kind.is_none_or(|(kind, product)| catalog.is_within(&product.category, kind))
}

/// Whether a product is of the kind that the message names or that is looked for, if any.
fn is_of_kind(scene: &Scene<'_>, sku: &str) -> bool {
    let catalog = scene.input.catalog;
    let state = scene.input.state;
    let named = named_kind(scene);
    let focus = state.focus.as_ref().and_then(|focus| catalog.product(&focus.sku));
    let focus = || focus.map(|product| product.category.as_str());
    let kind = named.or(state.need.category.as_deref()).or_else(focus);
    let product = catalog.product(sku);
    kind.zip(product).is_none_or(|(kind, one)| catalog.is_within(&one.category, kind))
}

/// The products named in some tokens, in order.
pub(crate) fn products(scene: &Scene<'_>, place: &Range<usize>) -> Vec<(Reference, Range<usize>)> {
    let seen = scene.seen.iter().filter(|seen| inside(&seen.tokens, place));
    seen.filter_map(|seen| {
        Some((Reference::Product(product_of(scene, seen)?), seen.tokens.clone()))
    })
    .collect()
}

/// Whether what follows a place word leaves it a place: "the first", not "the first time".
fn stands_alone(scene: &Scene<'_>, tokens: &Range<usize>) -> bool {
    let article = tokens.start == 0
        || scene.is_skipped_at(tokens.start, 1)
        || scene.clause_of(tokens.start).start == tokens.start
        || scene.hit_before(tokens.start, Cue::Definite, 0).is_some();
    article && ends_there(scene, tokens)
}

/// Whether no word behind a place word makes it something else: "la 2e", not "la 2e fois".
fn ends_there(scene: &Scene<'_>, tokens: &Range<usize>) -> bool {
    let next = scene.tokens.get(tokens.end);
    // "first something for the car" puts things in order.
    if scene.hit_after(tokens.end, Cue::Browse, 0).is_some() {
        return false;
    }
    let figure = scene.figures.iter().any(|figure| figure.tokens.start == tokens.end);
    let free = next.is_none_or(|next| {
        let known = [Cue::One, Cue::Pieces, Cue::Focus, Cue::SizeBefore, Cue::SizeWord, Cue::Want];
        let cue = known.iter().any(|cue| scene.hit_after(tokens.end, *cue, 0).is_some());
        !next.text.chars().any(char::is_alphanumeric)
            || scene.cues.is_filler(&next.text)
            || cue
            || figure
    });
    free || scene.hit_in(&scene.clause_of(tokens.start), Cue::Choose).is_some()
}

/// Places in the list shown, in order.
pub(crate) fn places(scene: &Scene<'_>, place: &Range<usize>) -> Vec<(Reference, Range<usize>)> {
    let mut found = Vec::new();
    for hit in scene.hits.iter().filter(|hit| inside(&hit.tokens, place)) {
        if let Meaning::Place(number) = hit.meaning
            && stands_alone(scene, &hit.tokens)
        {
            found.push((Reference::Ordinal(number), hit.tokens.clone()));
        }
    }
    for figure in scene.figures.iter().filter(|figure| inside(&figure.bare, place)) {
        if figure.role == Role::Place
            && ends_there(scene, &figure.tokens)
            && let Some(number) = figure.count().and_then(|count| i32::try_from(count).ok())
        {
            found.push((Reference::Ordinal(number), figure.tokens.clone()));
        }
    }
    found.sort_by_key(|(_, tokens)| tokens.start);
    found.dedup_by_key(|(reference, _)| reference.clone());
    found
}

/// "celle à 119": the price of a product shown, beside a word for "the one".
pub(crate) fn by_price(
    scene: &Scene<'_>,
    place: &Range<usize>,
) -> Option<(Reference, Range<usize>)> {
    let figure = scene.figures.iter().find(|figure| {
        // "den um 74": about the price of one.
        let bound = |bound: &Option<Bound>| bound.is_none_or(|bound| bound == Bound::Around);
        let money = match &figure.role {
            Role::Money { bound: limit, .. } => bound(limit),
            role => *role == Role::Unknown,
        };
        money && figure.values.len() == 1 && inside(&figure.bare, place)
    })?;
    let one = scene.hit_before(figure.tokens.start, Cue::One, ONE_GAP);
    let one = one.or_else(|| scene.hit_before(figure.tokens.start, Cue::Definite, ONE_GAP));
    let one = one.or_else(|| scene.hit_before(figure.tokens.start, Cue::Each, ONE_GAP));
    let one = one.or_else(|| scene.hit_after(figure.tokens.end, Cue::One, 1))?;
    let value = figure.values[0];
    let priced = |product: &&Product| {
        let (low, high) = product.price_range(&std::collections::BTreeMap::new());
        let near = |price: rust_decimal::Decimal| price == value || price.trunc() == value;
        near(low.amount) || near(high.amount)
    };
    let start = one.tokens.start.min(figure.tokens.start);
    let tokens = start..figure.tokens.end.max(one.tokens.end);
    if shown(scene).iter().any(&priced) {
        return Some((Reference::Price(value), tokens));
    }
    // "one for 50, then", after what the shop says of its vouchers.
    let kind = scene.input.state.need.category.as_deref()?;
    let catalog = scene.input.catalog;
    let of_kind = |product: &&Product| catalog.is_within(&product.category, kind);
    let mut all = catalog.products().iter().filter(|one| of_kind(one) && priced(one));
    match (all.next(), all.next()) {
        (Some(only), None) if scene.input.state.last_shown.is_empty() => {
            Some((Reference::Product(only.sku.to_string()), tokens))
        }
        _ => None,
    }
}

/// "the black one", "la noire": a value of a product shown, with an article.
fn by_value(scene: &Scene<'_>, place: &Range<usize>) -> Option<(Reference, Range<usize>)> {
    // A value is then an answer to our question, not a product.
    if matches!(scene.input.state.pending, Some(Pending::Facet { .. })) {
        return None;
    }
    // "the rug for the living room": the value belongs to the kind.
    let kind = |target: &MentionTarget| matches!(target, MentionTarget::Category(_));
    let mut named = scene.seen.iter().filter(|seen| inside(&seen.tokens, place));
    if named.any(|seen| seen.targets.iter().any(kind)) {
        return None;
    }
    let products = shown(scene);
    for seen in scene.seen.iter().filter(|seen| inside(&seen.tokens, place)) {
        let choice = seen.targets.iter().find_map(|target| match target {
            MentionTarget::Value(choice) if products.iter().any(|one| one.has(choice)) => {
                Some(choice.clone())
            }
            _ => None,
        });
        let Some(choice) = choice else { continue };
        let definite = scene.hit_before(seen.tokens.start, Cue::Definite, 0);
        let one = scene.hit_after(seen.tokens.end, Cue::One, 0);
        let before = scene.hit_before(seen.tokens.start, Cue::One, ONE_GAP);
        // "the red one, not the blue one"
        if scene.hit_before(seen.tokens.start, Cue::Negation, 1).is_some() {
            continue;
        }
        // "does it make the cappuccino?" asks for the value of the product under discussion.
        let mut subjects = scene.hits_of(Cue::Focus);
        let subject = subjects.any(|hit| {
            inside(&hit.tokens, place)
                && definite.is_some_and(|the| hit.tokens.end <= the.tokens.start)
        });
        let asked = subject && one.is_none() && scene.asks_at(seen.tokens.start);
        let end = scene.tokens.get(seen.tokens.end);
        let last = !asked
            && end.is_none_or(|next| {
                !next.text.chars().any(char::is_alphanumeric) || scene.cues.is_filler(&next.text)
            });
        let tokens = match (definite, one, before) {
            (Some(the), Some(one), _) => the.tokens.start..one.tokens.end,
            (Some(the), None, _) if last => the.tokens.start..seen.tokens.end,
            (_, _, Some(before)) if products.len() > 1 => before.tokens.start..seen.tokens.end,
            _ => continue,
        };
        let FacetChoice { key, value } = choice;
        return Some((Reference::Facet { facet: key, value }, tokens));
    }
    None
}

/// The references of some tokens; the clearest kind only, in order.
pub(crate) fn find(scene: &Scene<'_>, place: &Range<usize>) -> Vec<(Reference, Range<usize>)> {
    let named = products(scene, place);
    if !named.is_empty() {
        return named;
    }
    let cue = |cue: Cue| scene.hit_in(place, cue).map(|hit| hit.tokens.clone());
    if scene.in_focus() || !scene.input.state.shown.is_empty() {
        let placed = places(scene, place);
        if !placed.is_empty() {
            return placed;
        }
        if let Some(found) = by_price(scene, place) {
            return vec![found];
        }
        let relative = |relative: Cue| {
            let hit = scene.hit_in(place, relative)?;
            let start = scene.hit_before(hit.tokens.start, Cue::Definite, 0)?.tokens.start;
            let one = scene.hit_after(hit.tokens.end, Cue::One, 1);
            let several = scene.input.state.last_shown.len() > 1 || several_discussed(scene);
            match one {
                Some(one) => Some(start..one.tokens.end),
                // "die günstigere": of those shown.
                None => several.then_some(start..hit.tokens.end),
            }
        };
        let choice = several(scene);
        for (direct, other, reference) in [
            (Cue::Cheapest, Cue::Cheaper, Reference::Cheapest),
            (Cue::Dearest, Cue::Dearer, Reference::Dearest),
        ] {
            if let Some(tokens) =
                cue(direct).or_else(|| relative(other)).filter(|_| choice || direct == Cue::Dearest)
            {
                return vec![(reference, tokens)];
            }
        }
        for (kind, reference) in [(Cue::Other, Reference::Other), (Cue::Both, Reference::Both)] {
            if let Some(tokens) = cue(kind) {
                return vec![(reference, tokens)];
            }
        }
        if let Some(found) = by_value(scene, place) {
            return vec![found];
        }
    }
    cue(Cue::Focus).map(|tokens| (Reference::Focus, tokens)).into_iter().collect()
}

/// Whether two products of a kind were spoken of one after the other.
fn several_discussed(scene: &Scene<'_>) -> bool {
    let catalog = scene.input.catalog;
    let kind = |sku: &String| catalog.product(sku).map(|product| &product.category);
    match &scene.input.state.discussed[..] {
        [.., before, last] => kind(before).is_some() && kind(before) == kind(last),
        _ => false,
    }
}

/// Whether there are several products to choose the cheaper one from.
pub(crate) fn several(scene: &Scene<'_>) -> bool {
    let state = scene.input.state;
    let focus = state.focus.as_ref().map(|focus| &focus.sku).or(state.last_shown.first());
    let kind = focus.and_then(|sku| scene.input.catalog.product(sku)).map(|one| &one.category);
    let same = |one: &&&Product| kind.is_none_or(|kind| one.category == *kind);
    state.last_shown.len() > 1
        || state.compared.len() > 1
        || shown(scene).iter().filter(same).count() > 1
}

/// Whether a wish names a value beside what is asked for, where no list is open to choose from.
pub(crate) fn beside_value(scene: &Scene<'_>, place: &Range<usize>) -> bool {
    let value = |target: &MentionTarget| matches!(target, MentionTarget::Value(_));
    let listed = scene.input.state.last_shown.len() > 1;
    let mut inside = scene
        .seen
        .iter()
        .filter(|seen| place.start <= seen.tokens.start && seen.tokens.end <= place.end);
    !listed && inside.any(|seen| seen.targets.iter().any(value))
}

/// "the second one not, only the first": the no stands behind, and ends the clause.
pub(crate) fn negated_behind(
    scene: &Scene<'_>,
    tokens: &Range<usize>,
    clause: &Range<usize>,
) -> bool {
    let after = scene.hit_after(tokens.end, Cue::Negation, 1);
    // "die zweite doch nicht"
    let after = after.or_else(|| scene.hit_after(tokens.end, Cue::No, 1));
    after.is_some_and(|hit| {
        let rest = &scene.tokens[hit.tokens.end.min(clause.end)..clause.end];
        rest.iter().all(|token| !token.text.chars().any(char::is_alphanumeric))
    })
}

impl Draft<'_, '_> {
    /// The reference of some tokens, marked as explained; without one the product in focus.
    pub(crate) fn reference_or_focus(&mut self, place: &Range<usize>) -> Reference {
        let found = find(self.scene, place);
        let Some((reference, tokens)) = found.into_iter().next() else { return Reference::Focus };
        self.mark(&tokens);
        reference
    }
}
