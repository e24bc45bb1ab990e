//! The checks that compare an answer with the products of earlier answers.

use crate::answer::Answer;
use crate::failure::Failure;
use crate::format::Checks;
use crate::shop::ProductId;
use crate::shop::Shop;

/// The checks that do not hold; the answer shows at least one product.
pub(crate) fn failures(
    expect: &Checks,
    answer: &Answer,
    shop: &Shop,
    before: &[&Answer],
) -> Vec<Failure> {
    let before: Vec<&Answer> =
        before.iter().copied().filter(|answer| !answer.products.is_empty()).collect();
    let mut failed = Vec::new();
    let last = before.last().filter(|_| expect.cheaper_than_before == Some(true));
    let limit = last.and_then(|last| last.products.iter().map(|id| shop.price(*id, None)).min());
    for id in &answer.products {
        let (sku, price) = (&shop.product(*id).sku, shop.price(*id, None));
        if let Some(limit) = limit.filter(|limit| price >= *limit) {
            let why = format!("{sku} costs {price:.2}, shown before at {limit:.2}");
            failed.push(Failure::new("cheaper_than_before", why));
        }
        if expect.other_than_before == Some(true)
            && before.iter().any(|answer| answer.products.contains(id))
        {
            failed.push(Failure::new("other_than_before", format!("{sku} was shown before")));
        }
    }
    if let (Some(place), Some(first)) = (expect.shown, answer.products.first()) {
        let wanted = at_place(place, &before);
        if !wanted.contains(first) {
            let skus: Vec<&str> = wanted.iter().map(|id| shop.product(*id).sku.as_str()).collect();
            let wanted = match skus.is_empty() {
                true => "one that was never shown".to_owned(),
                false => skus.join(" or "),
            };
            let why = format!("{}, wanted {wanted}", shop.product(*first).sku);
            failed.push(Failure::new("shown", why));
        }
    }
    failed
}

/// The products meant by a place: from 1, the one at this place of all products shown or of the
/// list shown last; from -1 backwards, those of one earlier answer.
fn at_place(place: i64, before: &[&Answer]) -> Vec<ProductId> {
    let Ok(distance) = usize::try_from(place.unsigned_abs()) else { return Vec::new() };
    if place == 0 {
        return Vec::new();
    }
    if place < 0 {
        let answer = before.len().checked_sub(distance).and_then(|at| before.get(at));
        return answer.map_or_else(Vec::new, |answer| answer.shown.clone());
    }
    let mut all: Vec<ProductId> = Vec::new();
    for id in before.iter().flat_map(|answer| &answer.shown) {
        if !all.contains(id) {
            all.push(*id);
        }
    }
    let list = before.last().map(|answer| &answer.shown).filter(|list| list.len() > 1);
    let lists = [Some(&all), list];
    lists.into_iter().flatten().filter_map(|list| list.get(distance - 1).copied()).collect()
}
