//! Another kind of goods asked for in words that no rule explains: "something to strap him in the
//! car", after a harness.

use super::context::Context;
use crate::command::Command;
use crate::reader::Reading;
use crate::reader::tokens::fold;
use crate::shop::Lookups;
use crate::shop::Product;
use crate::state::DialogueState;
use crate::state::FacetWish;
use crate::state::Need;

/// Fewest letters of a word that tells goods apart.
const LETTERS_MIN: usize = 3;

/// Leaves the kind looked for where none of its goods has the words of "something …", and others
/// have. Whom it is for stays.
pub(super) fn leave_kind(context: &Context<'_>, state: &mut DialogueState, reading: &Reading) {
    let catalog = context.catalog;
    let Some(kind) = state.need.category.clone() else { return };
    let asked = reading.commands.iter().find(|said| said.command == Command::Browse);
    let Some(asked) = asked.map(|said| fold(&said.source)) else { return };
    let words: Vec<String> = reading.words.iter().map(|word| fold(word)).collect();
    // A word of a title read as a wish is no "something".
    let titled = words.iter().any(|word| asked.contains(word.as_str()));
    if words.is_empty() || titled {
        return;
    }
    let says = |product: &&Product| {
        let description = product.description.or_fallback(context.language, &[]);
        let title = product.title.or_fallback(context.language, &[]);
        let texts = description.into_iter().chain(title);
        texts.chain(product.features(context.language)).any(|text| {
            let text = fold(text);
            let mut parts = text.split(|c: char| !c.is_alphanumeric());
            parts.any(|one| one.chars().count() >= LETTERS_MIN && words.iter().any(|it| it == one))
        })
    };
    let (own, others): (Vec<&Product>, Vec<&Product>) =
        catalog.products().iter().partition(|one| catalog.is_within(&one.category, &kind));
    if own.iter().any(says) || !others.iter().any(says) {
        return;
    }
    let leading = catalog.leading_facet();
    let focus = state.focus.as_ref().and_then(|focus| catalog.product(&focus.sku));
    let mut need = Need::default();
    if let Some(key) = leading.map(|facet| &facet.key) {
        let of_focus = focus.and_then(|product| match product.facets.get(key)?.iter().next() {
            Some(value) if product.facets.get(key)?.len() == 1 => {
                Some(FacetWish { must: vec![value.clone()], ..FacetWish::default() })
            }
            _ => None,
        });
        let kept = state.need.facets.get(key).cloned().or(of_focus);
        need.facets.extend(kept.map(|wish| (key.clone(), wish)));
    }
    state.need = need;
    state.asked.clear();
    state.focus = None;
}
