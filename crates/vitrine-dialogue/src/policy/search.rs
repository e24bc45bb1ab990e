//! Finds products for a need, and says which wishes were given up.

use super::apply::CATEGORY;
use super::context::Context;
use super::references::has_value;
use super::sizes;
use crate::plan::GivenUp;
use crate::reader::CHILDREN;
use crate::reader::tokens::fold;
use crate::shop::AttributeValue;
use crate::shop::FacetChoice;
use crate::shop::Found;
use crate::shop::Lookups;
use crate::shop::Order;
use crate::shop::Product;
use crate::shop::Query;
use crate::shop::Relaxed;
use crate::state::FacetWish;
use crate::state::Need;
use rust_decimal::Decimal;
use std::collections::BTreeMap;
use vitrine_base::money::Money;

/// Letters by which a word is known whatever its ending.
const STEM_LETTERS: usize = 6;

/// Cent: prices below another are at least this much lower.
const CENT: Decimal = Decimal::from_parts(1, 0, 0, false, 2);

/// The query for a need. `without` are products that must not be found.
pub(super) fn query(context: &Context<'_>, need: &Need, without: &[String]) -> Query {
    let money =
        |amount: Decimal| context.catalog.currency().map(|currency| Money { amount, currency });
    let mut query = Query {
        category: need.category.clone(),
        words: need.words.clone(),
        order: if need.low_price { Order::Cheapest } else { Order::Relevance },
        ..Query::default()
    };
    for (key, wish) in &need.facets {
        let choices = |values: &[String]| -> Vec<FacetChoice> {
            values.iter().map(|value| FacetChoice::new(key, value)).collect()
        };
        query.must.extend(choices(&wish.must));
        // Where products without the facet match too, those that state the value come first.
        if context.catalog.matches_all(key) {
            query.prefer.extend(choices(&wish.must));
        }
        query.must_not.extend(choices(&wish.must_not));
        query.prefer.extend(choices(&wish.prefer));
    }
    let below = need.below.map(|price| price - CENT);
    let highest = [need.price_max, below].into_iter().flatten().min();
    let above = need.above.map(|price| price + CENT);
    let lowest = [need.price_min, above].into_iter().flatten().max();
    query.price_max = highest.and_then(money);
    query.price_min = lowest.and_then(money);
    query.options = options(context, need);
    query.exclude = without
        .iter()
        .filter_map(|sku| context.catalog.product(sku).map(|product| product.sku.clone()))
        .collect();
    query
}

/// The wanted option values, with every spelling and range of the shop that holds them.
fn options(context: &Context<'_>, need: &Need) -> BTreeMap<String, Vec<String>> {
    let mut found = BTreeMap::new();
    for (key, values) in need.options.iter().filter(|(_, values)| !values.is_empty()) {
        let mut spellings: Vec<String> = values.clone();
        for product in context.catalog.products() {
            let kind = need.category.as_deref();
            if kind.is_some_and(|kind| !context.catalog.is_within(&product.category, kind)) {
                continue;
            }
            for shop in product.option_values(key) {
                let holds = values.iter().any(|said| sizes::same(shop, said));
                if holds && !spellings.iter().any(|known| known == shop) {
                    spellings.push(shop.to_owned());
                }
            }
        }
        found.insert(key.clone(), spellings);
    }
    found
}

/// Products for a need, best first, and the wishes that were given up.
pub(super) fn find<'a>(
    context: &Context<'a>,
    need: &Need,
    without: &[String],
    hits_max: usize,
) -> (Vec<&'a Product>, Vec<GivenUp>, usize) {
    let mut query = query(context, need, without);
    let mut all: Vec<GivenUp> = Vec::new();
    // A size that nothing of the kind comes in is given up before the kind is.
    for key in unmade(context, need) {
        query.options.remove(key);
        all.extend(need.options[key].first().cloned().map(GivenUp::Size));
    }
    let Found { mut products, matching, relaxed } = context.catalog.find(&query, usize::MAX);
    grown_ups_first(need, &mut products);
    products.truncate(hits_max);
    for wish in relaxed.iter().filter_map(|relaxed| given_up(context, need, relaxed)) {
        if !all.contains(&wish) {
            all.push(wish);
        }
    }
    let given_up = all;
    (products, given_up, matching)
}

/// The options whose wanted values no product of the kind looked for comes in, though some come in
/// others.
fn unmade<'n>(context: &Context<'_>, need: &'n Need) -> Vec<&'n String> {
    let Some(kind) = &need.category else { return Vec::new() };
    let catalog = context.catalog;
    let of_kind = || catalog.products().iter().filter(|one| catalog.is_within(&one.category, kind));
    let wanted = need.options.iter().filter(|(_, values)| !values.is_empty());
    let unmade = wanted.filter(|(key, values)| {
        let made = |product: &Product| {
            values.iter().any(|said| !sizes::of_product(product, key, said).is_empty())
        };
        of_kind().any(|product| product.options.contains(key)) && !of_kind().any(made)
    });
    unmade.map(|(key, _)| key).collect()
}

/// Products that meet every wish, best first.
pub(super) fn strict<'a>(
    context: &Context<'a>,
    need: &Need,
    without: &[String],
) -> Vec<&'a Product> {
    let mut products = context.catalog.matching(&query(context, need, without));
    grown_ups_first(need, &mut products);
    products
}

/// Goods for children alone come last where nothing says that they are for a child.
fn grown_ups_first(need: &Need, products: &mut [&Product]) {
    let child = |value: &String| CHILDREN.contains(&value.as_str());
    let wished = need.facets.values().any(|wish| wish.must.iter().chain(&wish.prefer).any(child));
    let for_children = |product: &Product| {
        product.facets.values().any(|values| !values.is_empty() && values.iter().all(child))
    };
    if !wished {
        let sold_out = |product: &Product| !product.available(&BTreeMap::new());
        products.sort_by_key(|product| (sold_out(product), for_children(product)));
    }
}

/// Fewest letters of a word that is looked for in titles.
const TITLE_LETTERS_MIN: usize = 4;

/// Letters that two forms of a word may differ in at the end: "block" and "blocks".
const ENDING_LETTERS_MAX: usize = 2;

/// Whether two folded words are forms of one.
fn same_word(one: &str, other: &str) -> bool {
    let common = one.chars().zip(other.chars()).take_while(|(a, b)| a == b).count();
    let longest = one.chars().count().max(other.chars().count());
    let forms = common >= TITLE_LETTERS_MIN && longest - common <= ENDING_LETTERS_MAX;
    // "Rucksack" for "Tagesrucksack".
    forms || other.chars().count() > TITLE_LETTERS_MIN && one.ends_with(other)
}

/// Whether a yes-or-no property of a product is called so and is a yes: "gps", "bluetooth".
fn has_flag(product: &Product, word: &str) -> bool {
    product.attributes.get(word).is_some_and(|value| matches!(value, AttributeValue::Flag(true)))
}

/// The products whose titles hold most of the customer's words, where that tells some of them from
/// the others: a wish for a yoga block is no wish for all training gear.
pub(super) fn titled<'a>(
    context: &Context<'_>,
    need: &Need,
    products: Vec<&'a Product>,
) -> Vec<&'a Product> {
    let said: Vec<String> = need.words.iter().map(|word| fold(word)).collect();
    let holds = |product: &Product| {
        let title = product.title.or_fallback(context.language, &[]);
        let title = fold(title.map_or("", String::as_str));
        let words = title.split(|c: char| !c.is_alphanumeric());
        let titled = words.filter(|word| said.iter().any(|said| same_word(word, said))).count();
        titled + said.iter().filter(|word| has_flag(product, word)).count()
    };
    let states = |product: &Product| {
        let wishes = need.facets.iter().filter(|(_, wish)| !wish.must.is_empty());
        let met = |(key, wish): &(&String, &FacetWish)| {
            wish.must.iter().any(|value| has_value(product, key, value))
        };
        wishes.filter(met).count()
    };
    let counts: Vec<usize> = products.iter().map(|product| holds(product)).collect();
    let most = counts.iter().copied().max().unwrap_or_default();
    // A child's helmet that is not called a bicycle helmet meets the wish better than one that is.
    let stated: Vec<usize> = products.iter().map(|product| states(product)).collect();
    let best = stated.iter().copied().max().unwrap_or_default();
    if !stated.iter().zip(&counts).any(|(stated, count)| *stated == best && *count == most) {
        return products;
    }
    let kept = products.iter().zip(counts).filter(|(_, count)| *count == most);
    kept.map(|(product, _)| *product).collect()
}

fn given_up(context: &Context<'_>, need: &Need, relaxed: &Relaxed) -> Option<GivenUp> {
    let label = |choice: &FacetChoice| context.catalog.label(choice, context.language);
    Some(match relaxed {
        Relaxed::Constraint(choice) => {
            let wanted = need.facets.get(&choice.key).map(|wish| wish.must.as_slice());
            let labels = wanted.unwrap_or_default().iter();
            let labels: Vec<String> =
                labels.map(|value| label(&FacetChoice::new(&choice.key, value))).collect();
            GivenUp::Value(labels.join(" / "))
        }
        Relaxed::Excluded(choice) => GivenUp::Unwanted(label(choice)),
        Relaxed::Option { key, values } => {
            let said = need.options.get(key).and_then(|values| values.first());
            GivenUp::Size(said.or(values.first())?.clone())
        }
        Relaxed::Size(size) => GivenUp::Size(size.clone()),
        Relaxed::BudgetMax(limit) => GivenUp::PriceMax(*limit),
        Relaxed::BudgetMin(limit) => GivenUp::PriceMin(*limit),
        Relaxed::Category { from, .. } => {
            GivenUp::Category(label(&FacetChoice::new(CATEGORY, from)))
        }
    })
}

/// Labels of the wishes that a product meets, for its reasons.
pub(super) fn reasons(context: &Context<'_>, need: &Need, product: &Product) -> Vec<String> {
    let mut found: Vec<String> = Vec::new();
    for (key, wish) in need.facets.iter().filter(|(key, _)| *key != CATEGORY) {
        for value in wish.must.iter().chain(&wish.prefer) {
            if has_value(product, key, value) {
                let label = context.catalog.label(&FacetChoice::new(key, value), context.language);
                if !found.contains(&label) {
                    found.push(label);
                }
            }
        }
    }
    found
}

/// Words of a need that are nothing else, from which half of them are enough.
const MANY_WORDS_MIN: usize = 3;

/// Whether the texts of products hold the words of a need: "golf clubs" are not known for the clubs
/// alone.
pub(super) fn says(context: &Context<'_>, need: &Need) -> bool {
    let said: Vec<String> = need.words.iter().map(|word| stem(&fold(word))).collect();
    let mut known: Vec<&String> = Vec::new();
    for product in context.catalog.products() {
        let description = product.description.or_fallback(context.language, &[]);
        let title = product.title.or_fallback(context.language, &[]);
        let texts = description.into_iter().chain(title).chain([&product.name]);
        for text in texts.chain(product.features(context.language)) {
            let text = fold(text);
            let words: Vec<String> = text.split(|c: char| !c.is_alphanumeric()).map(stem).collect();
            known.extend(said.iter().filter(|one| words.contains(one)));
        }
        known.sort_unstable();
        known.dedup();
    }
    let least = if said.len() < MANY_WORDS_MIN { said.len() } else { said.len().div_ceil(2) };
    known.len() >= least
}

/// The first letters of a word, which its endings leave as they are.
fn stem(word: &str) -> String {
    word.chars().take(STEM_LETTERS).collect()
}

/// How many wishes a need states, besides the kind of product.
pub(super) fn wishes(need: &Need) -> usize {
    let facets = need.facets.values();
    facets.filter(|wish| !wish.must.is_empty() || !wish.must_not.is_empty()).count()
        + need.options.values().filter(|values| !values.is_empty()).count()
        + usize::from(need.price_max.is_some() || need.price_min.is_some() || need.low_price)
}

/// Whether a need says enough to search.
pub(super) fn searchable(need: &Need) -> bool {
    let facets = need.facets.iter().any(|(key, wish)| key != CATEGORY && !wish.must.is_empty());
    need.category.is_some() || facets || !need.words.is_empty()
}
