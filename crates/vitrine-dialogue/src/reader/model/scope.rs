//! What the commands of one message can name: the shop's ids, the products in sight, the numbers
//! and sizes that the message holds.

use super::ids::ShopIds;
use crate::command::Command;
use crate::command::Said;
use crate::reader::ReaderInput;
use crate::shop::Catalog;
use crate::shop::Lookups;
use crate::shop::MentionTarget;
use crate::shop::Product;
use crate::state::DialogueState;
use rust_decimal::Decimal;

/// Most products in sight that are listed, and most that a message may name.
const PRODUCTS_MAX: usize = 8;

/// Most numbers and sizes of a message that commands can use.
const NUMBERS_MAX: usize = 8;

/// Most pieces of a purchase.
const PIECES_MAX: u32 = 9_999;

/// Longest size, in bytes.
const SIZE_BYTES_MAX: usize = 24;

/// What the commands of a message can name.
#[derive(Debug, Clone, PartialEq)]
pub struct Scope<'a> {
    pub(super) ids: &'a ShopIds,
    /// Products of the last reply that showed any.
    pub(super) shown: Vec<ProductLine>,
    /// Products that the message names.
    pub(super) named: Vec<ProductLine>,
    /// The product under discussion.
    pub(super) focus: Option<ProductLine>,
    /// Products in the cart.
    pub(super) cart: Vec<ProductLine>,
    /// Words of the catalogue in the message, in the notation.
    pub(super) words: Vec<String>,
    /// Numbers of the message.
    pub(super) numbers: Vec<Decimal>,
    /// Sizes that the message may mean, as the shop writes them where it knows them.
    pub(super) sizes: Vec<String>,
    /// Order numbers of the message.
    pub(super) orders: Vec<String>,
}

/// A product on a line of the prompt.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct ProductLine {
    pub(super) sku: String,
    pub(super) name: String,
    pub(super) price: String,
}

impl<'a> Scope<'a> {
    /// What the commands of a message can name; `said` are the commands that the rules found.
    #[must_use]
    pub fn new(ids: &'a ShopIds, input: &ReaderInput<'_>, said: &[Said]) -> Self {
        let state = input.state;
        let found = crate::reader::scene::mentions(input);
        let locale = input.locales.get(input.language);
        let scene = crate::reader::taken_apart(input, locale, &found);
        let mut scope = Self {
            ids,
            shown: lines(input.catalog, state.last_shown.iter()),
            named: Vec::new(),
            focus: state.focus.as_ref().and_then(|focus| line(input.catalog, &focus.sku)),
            cart: lines(input.catalog, state.cart.iter().map(|line| &line.sku)),
            words: Vec::new(),
            numbers: Vec::new(),
            sizes: Vec::new(),
            orders: Vec::new(),
        };
        for mention in &found {
            scope.mention(input.catalog, &mention.target);
        }
        for value in scene.figures.iter().flat_map(|figure| &figure.values) {
            scope.number(input.catalog, *value);
        }
        for one in said {
            scope.said(&one.command);
        }
        scope
    }

    /// Whether a reference can be made to a product in sight.
    pub(super) fn has_products(&self) -> bool {
        !self.shown.is_empty() || self.focus.is_some() || !self.cart.is_empty()
    }

    fn mention(&mut self, catalog: &Catalog, target: &MentionTarget) {
        let word = match target {
            MentionTarget::Category(id) => self.ids.kinds.contains(id).then(|| id.clone()),
            MentionTarget::Value(choice) => {
                let known = self.ids.has_value(&choice.key, &choice.value);
                known.then(|| format!("{}={}", choice.key, choice.value))
            }
            MentionTarget::Product(sku) => {
                let known = self.named.iter().any(|line| line.sku == sku.as_str());
                if !known && self.named.len() < PRODUCTS_MAX {
                    self.named.extend(line(catalog, sku.as_str()));
                }
                None
            }
            MentionTarget::Option { value, .. } => {
                self.size(value);
                None
            }
            MentionTarget::Brand(_) => None,
        };
        self.words.extend(word.filter(|word| !self.words.contains(word)));
    }

    fn number(&mut self, catalog: &Catalog, value: Decimal) {
        let value = value.normalize();
        if value.is_sign_negative() || self.numbers.len() >= NUMBERS_MAX {
            return;
        }
        if !self.numbers.contains(&value) {
            self.numbers.push(value);
        }
        let written = value.to_string();
        let known = crate::reader::spelling::find_option(catalog, &written);
        self.size(&known.map_or(written, |(_, value)| value));
    }

    /// Adds what the rules read exactly.
    fn said(&mut self, command: &Command) {
        match command {
            Command::Size { values, .. } => values.iter().for_each(|value| self.size(value)),
            Command::Order { id: Some(id) } if is_word(id) => self.orders.push(id.clone()),
            _ => {}
        }
    }

    fn size(&mut self, value: &str) {
        // A comma or a slash would end the size in the notation.
        let plain = !value.is_empty() && !value.contains([',', '/', '\n', '!']);
        let short = value.len() <= SIZE_BYTES_MAX && value.trim() == value;
        if plain
            && short
            && self.sizes.len() < NUMBERS_MAX
            && !self.sizes.iter().any(|s| s == value)
        {
            self.sizes.push(value.to_owned());
        }
    }

    /// The numbers that can be a number of pieces.
    pub(super) fn pieces(&self) -> impl Iterator<Item = u32> {
        let whole = self.numbers.iter().filter(|value| value.fract().is_zero());
        let counts = whole.filter_map(|value| u32::try_from(value.mantissa()).ok());
        counts.filter(|count| (1..=PIECES_MAX).contains(count))
    }
}

fn is_word(text: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'#');
    !text.is_empty() && text.bytes().all(plain)
}

fn lines<'s>(catalog: &Catalog, skus: impl Iterator<Item = &'s String>) -> Vec<ProductLine> {
    skus.filter_map(|sku| line(catalog, sku)).take(PRODUCTS_MAX).collect()
}

fn line(catalog: &Catalog, sku: &str) -> Option<ProductLine> {
    let product: &Product = catalog.product(sku)?;
    let name = product.name.split_whitespace().collect::<Vec<_>>().join(" ");
    let price = product.price.amount.normalize().to_string();
    Some(ProductLine { sku: sku.to_owned(), name, price })
}

/// What the last reply asked, in the notation's words; `None` if it asked nothing.
pub(super) fn asked(state: &DialogueState) -> Option<String> {
    use crate::state::Pending;
    Some(match state.pending.as_ref()? {
        Pending::Facet { facet } => facet.clone(),
        Pending::Option { facet, .. } => facet.clone(),
        Pending::Need => "what is looked for".to_owned(),
        Pending::Buy { .. } => "whether to buy it".to_owned(),
        Pending::Pick => "which of those shown".to_owned(),
        Pending::OrderId => "the order number".to_owned(),
        Pending::Contact { .. } => "whether a person should write".to_owned(),
        Pending::Anything => "whether anything else is wanted".to_owned(),
        Pending::Topic => "which matter is meant".to_owned(),
    })
}
