//! Applies the wishes of a message to the need: kinds of product, facet values, prices, sizes.

use super::context::Context;
use super::sizes;
use super::sizes::Wearer;
use crate::command::Command;
use crate::command::Polarity;
use crate::command::SizeSystem;
use crate::reader::Reading;
use crate::shop::Catalog;
use crate::shop::Lookups;
use crate::state::DialogueState;
use crate::state::FacetWish;
use crate::state::Need;
use crate::state::Pending;

/// Most needs kept for later.
const LATER_MAX: usize = 8;

/// Most loose words of a need.
const WORDS_MAX: usize = 24;

/// Fewest letters of a word of a wish that ranks products.
const WISH_LETTERS_MIN: usize = 4;

/// Most values of one wish.
const VALUES_MAX: usize = 16;

/// Key under which kinds of product are refused.
pub(super) const CATEGORY: &str = "category";

/// What a message changed.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Changes {
    /// A kind of product was named.
    pub(super) sought: bool,
    /// The need moved to another kind of product.
    pub(super) moved: bool,
    /// A wish other than a size was stated.
    pub(super) narrowed: bool,
    /// A size was stated.
    pub(super) sized: bool,
    /// A facet was said not to matter.
    pub(super) indifferent: bool,
    /// Pieces by size, in order: "one in 42 and one in 44".
    pub(super) pieces: Vec<(u32, Option<String>)>,
    /// A number of pieces without a size.
    pub(super) quantity: Option<u32>,
}

/// Applies the commands of a message that state wishes.
pub(super) fn apply(
    context: &Context<'_>,
    state: &mut DialogueState,
    reading: &Reading,
) -> Changes {
    let mut changes = Changes::default();
    let mut target = Target::Current;
    let earlier = state.need.clone();
    for said in &reading.commands {
        match &said.command {
            Command::Seek { category, polarity: Polarity::MustNot } => {
                drop_kind(context.catalog, state, category);
                changes.narrowed = true;
            }
            Command::Seek { category, .. } => {
                forget_words(state, &said.source, &changes);
                target = seek(context.catalog, state, category, &mut changes);
            }
            Command::Quantity { pieces, size: Some(size) } => {
                changes.pieces.push((*pieces, Some(size.clone())));
            }
            Command::Quantity { pieces, size: None } => changes.quantity = Some(*pieces),
            Command::Size { option, values, system, polarity } => {
                changes.sized |= *polarity != Polarity::MustNot;
                set_size(
                    context,
                    state,
                    Size { option, values, system: *system, polarity: *polarity },
                );
            }
            Command::NoPreference { facet } => {
                changes.indifferent = true;
                let facet = facet.clone().or_else(|| match &state.pending {
                    Some(Pending::Facet { facet }) => Some(facet.clone()),
                    _ => None,
                });
                if let Some(facet) = facet {
                    let wish = FacetWish { any: true, ..FacetWish::default() };
                    state.need.facets.insert(facet, wish);
                }
            }
            command => {
                let need = target.need(state);
                if wish(need, &earlier, command) {
                    changes.narrowed = true;
                }
            }
        }
    }
    stay_in_wider_kind(context.catalog, state, reading, &changes);
    if changes.quantity.is_some() {
        state.need.quantity = changes.quantity;
        state.need.pieces.clear();
    }
    if !changes.pieces.is_empty() {
        state.need.pieces.clone_from(&changes.pieces);
    }
    seed_from_focus(context, state, &changes);
    let browses = reading.commands.iter().any(|said| said.command == Command::Browse);
    if browses && !changes.sought && !changes.narrowed {
        super::leaving::leave_kind(context, state, reading);
    }
    if changes.sought || changes.narrowed || browses {
        keep_words(context.catalog, state, reading);
    }
    changes
}

/// Keeps the loose words of a message, and those of its wishes.
fn keep_words(catalog: &Catalog, state: &mut DialogueState, reading: &Reading) {
    let wishes = reading.commands.iter().filter_map(|said| match &said.command {
        Command::Constrain { polarity: Polarity::Must | Polarity::Prefer, .. }
        | Command::Seek { polarity: Polarity::Must, .. } => Some(said.source.as_str()),
        _ => None,
    });
    // The words of a wish rank products too: a feature may say it where no facet does.
    let said = wishes.flat_map(|source| source.split(|c: char| !c.is_alphanumeric()));
    let property = |word: &str| {
        let word = word.to_lowercase();
        catalog.products().iter().any(|one| one.attributes.contains_key(&word))
    };
    let said = said.filter(|word| word.chars().count() >= WISH_LETTERS_MIN || property(word));
    for word in reading.words.iter().cloned().chain(said.map(str::to_lowercase)) {
        if state.need.words.len() < WORDS_MAX && !state.need.words.contains(&word) {
            state.need.words.push(word);
        }
    }
}

/// "no running shoes but for hiking": another of the same wider kind is wanted.
fn stay_in_wider_kind(
    catalog: &Catalog,
    state: &mut DialogueState,
    reading: &Reading,
    changes: &Changes,
) {
    let wished = reading
        .commands
        .iter()
        .any(|said| matches!(&said.command, Command::Constrain { polarity: Polarity::Must, .. }));
    if changes.sought || !wished || state.need.category.is_some() {
        return;
    }
    let refused = reading.commands.iter().find_map(|said| match &said.command {
        Command::Seek { category, polarity: Polarity::MustNot } => Some(category.as_str()),
        _ => None,
    });
    state.need.category = refused.and_then(|kind| catalog.parent(kind)).map(str::to_owned);
}

/// What ranked another kind says nothing of the one now named.
fn forget_words(state: &mut DialogueState, source: &str, changes: &Changes) {
    let known = |word: &str| {
        word.chars().count() < WISH_LETTERS_MIN || state.need.words.contains(&word.to_lowercase())
    };
    if !changes.sought && !source.split(|c: char| !c.is_alphanumeric()).all(known) {
        state.need.words.clear();
    }
}

/// Which need a wish belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Target {
    Current,
    Later(usize),
}

impl Target {
    fn need(self, state: &mut DialogueState) -> &mut Need {
        match self {
            Self::Later(index) if index < state.later.len() => &mut state.later[index],
            Self::Current | Self::Later(_) => &mut state.need,
        }
    }
}

/// Whether one kind is the other or one above it.
fn related(catalog: &Catalog, one: &str, other: &str) -> bool {
    catalog.is_within(one, other) || catalog.is_within(other, one)
}

fn seek(
    catalog: &Catalog,
    state: &mut DialogueState,
    category: &str,
    changes: &mut Changes,
) -> Target {
    let first = !changes.sought;
    changes.sought = true;
    if let Some(known) = state.need.category.clone() {
        if related(catalog, &known, category) {
            if catalog.is_within(category, &known) {
                state.need.category = Some(category.to_owned());
            }
            return Target::Current;
        }
        let waiting = state.later.iter().position(|need| {
            need.category.as_deref().is_some_and(|other| related(catalog, other, category))
        });
        if !first {
            return waiting.map_or_else(|| park(catalog, state, category), Target::Later);
        }
        changes.moved = true;
        state.asked.clear();
        state.focus = None;
        let old = std::mem::take(&mut state.need);
        match waiting {
            Some(index) => {
                state.need = state.later.remove(index);
                state.later.insert(0, old);
            }
            None => state.need = inherit(catalog, &old, category),
        }
        return Target::Current;
    }
    state.need.category = Some(category.to_owned());
    Target::Current
}

/// Keeps a further need of the same message for later.
fn park(catalog: &Catalog, state: &mut DialogueState, category: &str) -> Target {
    if state.later.len() >= LATER_MAX {
        return Target::Current;
    }
    let leading = catalog.leading_facet();
    let mut need = Need {
        category: Some(category.to_owned()),
        options: state.need.options.clone(),
        ..Need::default()
    };
    // "skiing: I need goggles and a helmet"
    if let Some(leading) = leading
        && let Some(wish) = state.need.facets.get(&leading.key)
        && catalog.products().iter().any(|product| {
            let values = product.facets.get(&leading.key).into_iter().flatten();
            catalog.is_within(&product.category, category)
                && values.into_iter().any(|value| wish.must.contains(value))
        })
    {
        need.facets.insert(leading.key.clone(), wish.clone());
    }
    state.later.push(need);
    Target::Later(state.later.len() - 1)
}

/// The need for another kind of product. Wishes go over that the new kind can meet: all of them to
/// a sibling ("rather road shoes"), else those that hold for every product ("for women"); sizes
/// only if the new kind has them.
fn inherit(catalog: &Catalog, old: &Need, category: &str) -> Need {
    let sibling = old.category.as_deref().is_some_and(|known| {
        catalog.parent(known).is_some() && catalog.parent(known) == catalog.parent(category)
    });
    let of_kind: Vec<_> = catalog
        .products()
        .iter()
        .filter(|product| catalog.is_within(&product.category, category))
        .collect();
    // Whom it is for, where every product of the kind says so: the dog stays the same.
    let leading = catalog.leading_facet();
    let leading = leading.map(|facet| facet.key.as_str()).filter(|key| {
        of_kind.iter().all(|one| one.facets.get(*key).is_some_and(|values| !values.is_empty()))
    });
    let general = |key: &str| catalog.matches_all(key) || leading == Some(key);
    let mut need = Need { category: Some(category.to_owned()), ..Need::default() };
    for (key, wish) in &old.facets {
        let kept = general(key) || sibling;
        let met = wish.must.is_empty()
            || of_kind.iter().any(|product| {
                let values = product.facets.get(key);
                values.map_or_else(
                    || general(key),
                    |values| values.iter().any(|value| wish.must.contains(value)),
                )
            });
        if kept && met && key != CATEGORY {
            need.facets.insert(key.clone(), wish.clone());
        }
    }
    for (option, values) in &old.options {
        let made = of_kind.iter().any(|product| {
            values.iter().any(|said| !sizes::of_product(product, option, said).is_empty())
        });
        if made {
            need.options.insert(option.clone(), values.clone());
        }
    }
    if sibling {
        (need.price_min, need.price_max) = (old.price_min, old.price_max);
        need.low_price = old.low_price;
    }
    need
}

/// A kind of product is no longer wanted: the next need takes its place.
fn drop_kind(catalog: &Catalog, state: &mut DialogueState, category: &str) {
    let refused = |need: &Need| {
        need.category.as_deref().is_some_and(|known| related(catalog, known, category))
    };
    state.later.retain(|need| !refused(need));
    if refused(&state.need) {
        state.asked.clear();
        state.focus = None;
        state.need = if state.later.is_empty() { Need::default() } else { state.later.remove(0) };
    } else {
        let wish = state.need.facets.entry(CATEGORY.to_owned()).or_default();
        add(&mut wish.must_not, category);
    }
}

fn add(values: &mut Vec<String>, value: &str) {
    if values.len() < VALUES_MAX && !values.iter().any(|known| known == value) {
        values.push(value.to_owned());
    }
}

/// Applies one wish; `earlier` is the need before the message. Returns whether it was one.
fn wish(need: &mut Need, earlier: &Need, command: &Command) -> bool {
    match command {
        Command::Constrain { facet, value, polarity } => {
            need.options.remove(facet);
            let old = earlier.facets.get(facet).map(|wish| wish.must.clone()).unwrap_or_default();
            let wish = need.facets.entry(facet.clone()).or_default();
            wish.any = false;
            match polarity {
                Polarity::Must => {
                    // A later message replaces the value; one message may name several.
                    wish.must.retain(|known| !old.contains(known) || known == value);
                    add(&mut wish.must, value);
                    wish.must_not.retain(|known| known != value);
                    wish.prefer.retain(|known| known != value);
                }
                Polarity::MustNot => {
                    wish.must.retain(|known| known != value);
                    wish.prefer.retain(|known| known != value);
                    add(&mut wish.must_not, value);
                }
                Polarity::Prefer => add(&mut wish.prefer, value),
            }
            true
        }
        Command::PriceLimit { min, max } => {
            (need.price_min, need.price_max) = match (min, max) {
                (None, Some(_)) => (need.price_min.filter(|low| Some(*low) <= *max), *max),
                (Some(_), None) => (*min, need.price_max.filter(|high| Some(*high) >= *min)),
                both => (*both.0, *both.1),
            };
            (need.below, need.above) = (None, None);
            true
        }
        Command::LowPrice => {
            need.low_price = true;
            true
        }
        _ => false,
    }
}

/// A size, as a command states it.
struct Size<'a> {
    option: &'a str,
    values: &'a [String],
    system: SizeSystem,
    polarity: Polarity,
}

fn set_size(context: &Context<'_>, state: &mut DialogueState, size: Size<'_>) {
    let Size { option, values, system, polarity } = size;
    if polarity == Polarity::MustNot {
        if let Some(known) = state.need.options.get_mut(option) {
            known.retain(|known| !values.iter().any(|value| sizes::same(known, value)));
        }
        return;
    }
    let mut said = None;
    let mut wanted: Vec<String> = Vec::new();
    for value in values.iter().take(VALUES_MAX) {
        let mapped = match system {
            SizeSystem::Shop | SizeSystem::Eu => Vec::new(),
            other => sizes::european(value, other, wearer(context.catalog, &state.need)),
        };
        if mapped.is_empty() {
            add(&mut wanted, value);
        } else {
            said = Some(in_words(value, system));
            mapped.iter().for_each(|size| add(&mut wanted, size));
        }
    }
    if option == "size" {
        state.need.size_said = said;
    }
    for need in &mut state.later {
        if need.options.is_empty() {
            need.options.insert(option.to_owned(), wanted.clone());
        }
    }
    if let Some(focus) = &mut state.focus
        && let Some(product) = context.catalog.product(&focus.sku)
    {
        let made: Vec<&str> =
            wanted.iter().flat_map(|value| sizes::of_product(product, option, value)).collect();
        match made[..] {
            [one] => {
                focus.options.insert(option.to_owned(), one.to_owned());
            }
            _ => {
                focus.options.remove(option);
            }
        }
    }
    // The facet of the same name said so before.
    state.need.facets.remove(option);
    state.need.options.insert(option.to_owned(), wanted);
}

fn in_words(value: &str, system: SizeSystem) -> String {
    match system {
        SizeSystem::Us => format!("US {value}"),
        SizeSystem::Uk => format!("UK {value}"),
        SizeSystem::Cm => format!("{value} cm"),
        SizeSystem::Shop | SizeSystem::Eu => value.to_owned(),
    }
}

/// Who the product is for, as far as the wishes tell; sizes are men's where nothing tells.
fn wearer(catalog: &Catalog, need: &Need) -> Wearer {
    let wanted = need.facets.values().flat_map(|wish| wish.must.iter().map(String::as_str));
    for value in wanted {
        match value {
            "women" | "woman" | "female" | "ladies" => return Wearer::Women,
            "kids" | "children" | "child" | "junior" | "baby" => return Wearer::Kids,
            _ => {}
        }
    }
    let _ = catalog;
    Wearer::Men
}

/// A wish said of the product under discussion, without a need: "in black?", "cheaper".
fn seed_from_focus(context: &Context<'_>, state: &mut DialogueState, changes: &Changes) {
    if changes.narrowed && state.need.category.is_none() {
        let focus = state.focus.as_ref().and_then(|focus| context.catalog.product(&focus.sku));
        state.need.category = focus.map(|product| product.category.clone());
    }
}
