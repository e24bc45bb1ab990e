//! Which products a customer means: "the second one", "celle à 119", "the cheaper one", "both".

use crate::command::Reference;
use crate::shop::Catalog;
use crate::shop::Lookups;
use crate::shop::Product;
use crate::state::DialogueState;
use crate::state::Pending;
use rust_decimal::Decimal;

/// Most products that "both" or "all" stand for.
const ALL_MAX: usize = 3;

/// The products meant, in order; empty if nothing shown fits.
pub(super) fn resolve(
    catalog: &Catalog,
    state: &DialogueState,
    reference: &Reference,
) -> Vec<String> {
    let one = |sku: Option<String>| sku.into_iter().collect::<Vec<_>>();
    let recent = recent(state);
    match reference {
        Reference::Product(sku) => {
            one(catalog.product(sku).map(|product| product.sku.as_str().to_owned()))
        }
        Reference::Ordinal(place) => one(ordinal(catalog, state, *place)),
        Reference::Focus => one(focus(state)),
        Reference::Other => one(other(state)),
        Reference::Both => both(state),
        Reference::Cheapest => one(by_price(catalog, &several(catalog, state), false)),
        Reference::Dearest => one(by_price(catalog, &several(catalog, state), true)),
        Reference::Price(amount) => {
            one(recent.into_iter().find(|sku| costs(catalog, sku, *amount)))
        }
        Reference::Facet { facet, value } => one(recent.into_iter().find(|sku| {
            let product = catalog.product(sku);
            product.is_some_and(|product| has_value(product, facet, value))
        })),
    }
}

/// Whether a product has a facet value, or a variant with such an option.
pub(super) fn has_value(product: &Product, facet: &str, value: &str) -> bool {
    product.facets.get(facet).is_some_and(|values| values.iter().any(|known| known == value))
        || product.option_values(facet).contains(&value)
}

/// The product under discussion: in focus, else the first of those shown last, else the one put in
/// the cart last.
pub(super) fn focus(state: &DialogueState) -> Option<String> {
    let focus = state.focus.as_ref().map(|focus| focus.sku.clone());
    let cart = || state.cart.last().map(|line| line.sku.clone());
    focus.or_else(|| state.last_shown.first().cloned()).or_else(cart)
}

/// Products shown, the latest first, the last reply's in its order.
fn recent(state: &DialogueState) -> Vec<String> {
    let mut found = state.last_shown.clone();
    for sku in state.shown.iter().rev() {
        if !found.contains(sku) {
            found.push(sku.clone());
        }
    }
    found
}

/// The products that a comparison is about: those of the last reply, of the last comparison, else
/// all shown of the kind under discussion that have what is wanted.
fn several(catalog: &Catalog, state: &DialogueState) -> Vec<String> {
    if state.last_shown.len() > 1 {
        return state.last_shown.clone();
    }
    if state.compared.len() > 1 {
        return state.compared.clone();
    }
    let kind = focus(state).and_then(|sku| catalog.product(&sku)).map(|one| one.category.clone());
    let same = |sku: &&String| {
        kind.is_none() || catalog.product(sku).map(|one| &one.category) == kind.as_ref()
    };
    let meets = |sku: &&String| {
        let product = catalog.product(sku);
        product.is_some_and(|product| {
            state.need.facets.iter().all(|(facet, wish)| {
                wish.must.is_empty()
                    || wish.must.iter().any(|value| has_value(product, facet, value))
            })
        })
    };
    let all: Vec<String> = state.shown.iter().filter(same).cloned().collect();
    let fitting: Vec<String> = all.iter().filter(meets).cloned().collect();
    if fitting.is_empty() { all } else { fitting }
}

/// A place in the list shown last; after a single product, among those shown of the kind that is
/// looked for.
fn ordinal(catalog: &Catalog, state: &DialogueState, place: i32) -> Option<String> {
    let kind = state.need.category.as_deref();
    let of_kind = |sku: &&String| {
        let product = catalog.product(sku);
        kind.is_none_or(|kind| {
            product.is_some_and(|product| catalog.is_within(&product.category, kind))
        })
    };
    let list: Vec<&String> = match state.last_shown.len() {
        0 | 1 => state.shown.iter().filter(of_kind).collect(),
        _ => state.last_shown.iter().collect(),
    };
    let index = match usize::try_from(place) {
        Ok(place) => place.checked_sub(1)?,
        Err(_) => list.len().checked_sub(place.unsigned_abs() as usize)?,
    };
    let found = list.get(index).copied().or_else(|| state.shown.get(index));
    found.cloned()
}

/// The one of two that is not under discussion: of the last reply, of the last comparison, else
/// the one shown before.
fn other(state: &DialogueState) -> Option<String> {
    let current = focus(state)?;
    let lists = [&state.last_shown, &state.compared];
    let pair = lists.into_iter().find(|list| list.len() > 1 && list.contains(&current));
    match pair {
        Some(list) => list.iter().find(|sku| **sku != current).cloned(),
        None => state.shown.iter().rev().find(|sku| **sku != current).cloned(),
    }
}

fn both(state: &DialogueState) -> Vec<String> {
    // Beside what is in the cart, what was offered last is the other one.
    if let (Some(Pending::Buy { sku }), [last]) = (&state.pending, &state.last_shown[..])
        && sku == last
        && state.cart.iter().any(|line| line.sku != *sku)
    {
        return vec![sku.clone()];
    }
    if state.last_shown.len() > 1 {
        return state.last_shown.iter().take(ALL_MAX).cloned().collect();
    }
    // What was compared before another product came up is not meant.
    let current = focus(state);
    let compares = current.as_ref().is_some_and(|sku| state.compared.contains(sku));
    if state.compared.len() > 1 && (compares || state.discussed.len() < 2) {
        return state.compared.iter().take(ALL_MAX).cloned().collect();
    }
    // "both", of one at a time: the last two that were spoken of.
    let all = if state.discussed.len() > 1 { &state.discussed } else { &state.shown };
    let from = all.len().saturating_sub(2);
    all[from..].to_vec()
}

fn by_price(catalog: &Catalog, skus: &[String], dearest: bool) -> Option<String> {
    let priced = skus.iter().filter_map(|sku| Some((catalog.product(sku)?.price.amount, sku)));
    let found = if dearest {
        priced.max_by_key(|(price, _)| *price)
    } else {
        priced.min_by_key(|(price, _)| *price)
    };
    found.map(|(_, sku)| sku.clone())
}

/// Whether a variant costs this much; a whole number means any price with these units.
fn costs(catalog: &Catalog, sku: &str, amount: Decimal) -> bool {
    let Some(product) = catalog.product(sku) else { return false };
    product.variants.iter().any(|variant| {
        let price = variant.price.amount;
        price == amount || (amount.fract().is_zero() && price.trunc() == amount)
    })
}
