//! The shop's catalogue, as far as the checks need it.

use crate::text::fold_case;
use crate::text::words_of;
use rust_decimal::Decimal;
use std::collections::BTreeMap;
use std::collections::HashMap;
use std::collections::HashSet;

/// Option of a variant that holds its size.
const SIZE_OPTION: &str = "size";

/// One form of a product that can be ordered.
#[derive(Debug, Clone)]
pub struct Variant {
    /// Its own code; empty if it has none besides the product's.
    pub sku: String,
    /// Its options, such as size and colour.
    pub options: BTreeMap<String, String>,
    /// Price of one unit.
    pub price: Decimal,
    /// Whether it can be ordered, now or in advance.
    pub available: bool,
}

/// One product.
#[derive(Debug, Clone)]
pub struct Product {
    /// The product's code.
    pub sku: String,
    /// The name that customers read.
    pub name: String,
    /// Id of its category.
    pub category: Option<String>,
    /// Its facet values, by facet.
    pub facets: BTreeMap<String, Vec<String>>,
    /// Its price if no variant can be had.
    pub price: Decimal,
    /// Its variants; one without options for a product that comes in one form.
    pub variants: Vec<Variant>,
}

/// What the shop's files say.
#[derive(Debug, Clone, Default)]
pub struct ShopData {
    /// Products, in the catalogue's order.
    pub products: Vec<Product>,
    /// The category above each category that has one.
    pub parents: HashMap<String, String>,
    /// Facets whose absence counts as a match.
    pub missing_matches: HashSet<String>,
}

/// The shop, ready for look-ups.
#[derive(Debug)]
pub struct Shop {
    data: ShopData,
    by_sku: HashMap<String, ProductId>,
    by_variant: HashMap<String, ProductId>,
    /// Names as they are searched for in replies.
    folded_names: Vec<String>,
    name_words: HashSet<String>,
}

/// Place of a product in the catalogue.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct ProductId(usize);

impl Shop {
    /// Indexes the products; of two with the same code the last counts.
    #[must_use]
    pub fn new(data: ShopData) -> Self {
        let mut by_sku = HashMap::new();
        let mut by_variant = HashMap::new();
        for (at, product) in data.products.iter().enumerate() {
            by_sku.insert(product.sku.clone(), ProductId(at));
            let coded = product.variants.iter().filter(|variant| !variant.sku.is_empty());
            by_variant.extend(coded.map(|variant| (variant.sku.clone(), ProductId(at))));
        }
        let name_words = data.products.iter().flat_map(|product| words_of(&product.name));
        Self {
            by_sku,
            by_variant,
            folded_names: data.products.iter().map(|product| fold_case(&product.name)).collect(),
            name_words: name_words.collect(),
            data,
        }
    }

    pub(crate) fn product(&self, id: ProductId) -> &Product {
        &self.data.products[id.0]
    }

    /// The product with a code, or with a variant of this code; also `RUN-009` of `RUN-009-42`.
    pub(crate) fn find(&self, sku: &str) -> Option<ProductId> {
        let exact = self.by_sku.get(sku).or_else(|| self.by_variant.get(sku)).copied();
        exact.or_else(|| {
            let ends = sku.char_indices().rev().filter(|(_, character)| *character == '-');
            ends.filter_map(|(end, _)| self.by_sku.get(&sku[..end])).next().copied()
        })
    }

    /// Products whose names stand in a text.
    pub(crate) fn named_in(&self, text: &str) -> Vec<ProductId> {
        let text = fold_case(text);
        let named = |name: &String| !name.is_empty() && text.contains(name.as_str());
        let names = self.folded_names.iter().enumerate();
        names.filter(|(_, name)| named(name)).map(|(at, _)| ProductId(at)).collect()
    }

    /// Every word of a product's name.
    pub(crate) fn name_words(&self) -> &HashSet<String> {
        &self.name_words
    }

    /// A category and those above it, nearest first.
    pub(crate) fn line_of<'a>(&'a self, category: &'a str) -> Vec<&'a str> {
        let mut line = Vec::new();
        let mut next = Some(category);
        while let Some(category) = next.filter(|category| !line.contains(category)) {
            line.push(category);
            next = self.data.parents.get(category).map(String::as_str);
        }
        line
    }

    /// Whether a product without values of a facet counts as a match.
    pub(crate) fn missing_matches(&self, facet: &str) -> bool {
        self.data.missing_matches.contains(facet)
    }

    /// The lowest price, of the variants of a size if one is named.
    pub(crate) fn price(&self, id: ProductId, size: Option<&str>) -> Decimal {
        let prices = self.available(id, size).map(|variant| variant.price);
        prices.min().unwrap_or(self.product(id).price)
    }

    /// The variants that can be had, of a size if one is named.
    pub(crate) fn available<'a>(
        &'a self,
        id: ProductId,
        size: Option<&'a str>,
    ) -> impl Iterator<Item = &'a Variant> {
        let of_size = move |variant: &Variant| {
            let own = variant.options.get(SIZE_OPTION).map_or("", String::as_str);
            size.is_none_or(|size| is_size(own, size))
        };
        let variants = self.product(id).variants.iter();
        variants.filter(move |variant| variant.available && of_size(variant))
    }

    /// The shop's own name of a size that can be had, such as `39-42` for 41; empty for a product
    /// without sizes; `None` if it cannot be had.
    pub(crate) fn size_sold<'a>(&'a self, id: ProductId, size: &str) -> Option<&'a str> {
        let sized =
            |variant: &'a Variant| variant.options.get(SIZE_OPTION).filter(|size| !size.is_empty());
        let mut sizes = self.available(id, None).filter_map(sized).peekable();
        if sizes.peek().is_none() {
            return self.available(id, None).next().map(|_| "");
        }
        sizes.map(String::as_str).find(|name| is_size(name, size))
    }

    /// The values of a facet that a product has, or that one of its variants is sold in.
    pub(crate) fn values(&self, id: ProductId, facet: &str) -> Vec<&str> {
        let product = self.product(id);
        let own = product.facets.get(facet).into_iter().flatten();
        let sold = product.variants.iter().filter_map(|variant| variant.options.get(facet));
        own.chain(sold).map(String::as_str).filter(|value| !value.is_empty()).collect()
    }
}

/// Whether a shop's name of a size is, or as a range holds, a size.
fn is_size(name: &str, size: &str) -> bool {
    let number = |text: &str| {
        let digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
        digits.then(|| text.parse::<u64>().ok()).flatten()
    };
    let range = name.split_once('-').and_then(|(low, high)| Some((number(low)?, number(high)?)));
    match (range, number(size)) {
        (Some((low, high)), Some(size)) => (low..=high).contains(&size),
        _ => name.to_lowercase() == size.to_lowercase(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::shop::tests_support::shop;

    #[test]
    fn products_are_found_by_their_own_and_by_their_variants_codes() {
        let shop = shop();
        let sku = |code: &str| shop.find(code).map(|id| shop.product(id).sku.as_str());
        assert_eq!(sku("RUN-1"), Some("RUN-1"));
        assert_eq!(sku("RUN-1-42"), Some("RUN-1"));
        assert_eq!(sku("V-BLUE-54"), Some("HELM-1"));
        assert_eq!(sku("RUN-10"), None);
    }

    #[test]
    fn a_range_holds_the_sizes_within() {
        let shop = shop();
        let socks = shop.find("SOCK-1").unwrap();
        assert_eq!(shop.size_sold(socks, "41"), Some("39-42"));
        assert_eq!(shop.size_sold(socks, "43"), None);
        assert_eq!(shop.size_sold(shop.find("GEL-1").unwrap(), "43"), Some(""));
    }

    #[test]
    fn price_and_sizes_are_those_of_the_variants_that_can_be_had() {
        let shop = shop();
        let helmet = shop.find("HELM-1").unwrap();
        assert_eq!(shop.price(helmet, None), Decimal::new(5_900, 2));
        assert_eq!(shop.price(helmet, Some("58 CM")), Decimal::new(6_900, 2));
        assert_eq!(shop.size_sold(helmet, "62 cm"), None);
        assert_eq!(shop.values(helmet, "colour"), ["blue", "red", "blue"]);
    }

    #[test]
    fn a_category_that_is_above_itself_ends_the_line() {
        let parents = HashMap::from([("a".into(), "b".into()), ("b".into(), "a".into())]);
        let shop = Shop::new(ShopData { parents, ..ShopData::default() });
        assert_eq!(shop.line_of("a"), ["a", "b"]);
    }
}

/// A small shop for the tests of this crate.
#[cfg(test)]
pub(crate) mod tests_support {
    use super::*;

    /// A product in these sizes; in one form if there are none.
    fn product(code: &str, name: &str, category: &str, cents: i64, sizes: &[&str]) -> Product {
        let size = |size: &&str| BTreeMap::from([("size".to_owned(), (*size).to_owned())]);
        let options: Vec<_> = match sizes {
            [] => vec![BTreeMap::new()],
            sizes => sizes.iter().map(size).collect(),
        };
        let price = Decimal::new(cents, 2);
        let variant = |options| Variant { sku: String::new(), options, price, available: true };
        Product {
            sku: code.to_owned(),
            name: name.to_owned(),
            category: Some(category.to_owned()),
            facets: BTreeMap::new(),
            price,
            variants: options.into_iter().map(variant).collect(),
        }
    }

    fn variant(sku: &str, size: &str, colour: &str, cents: i64) -> Variant {
        let options = [("size", size), ("colour", colour)];
        Variant {
            sku: sku.to_owned(),
            options: options.map(|(key, value)| (key.to_owned(), value.to_owned())).into(),
            price: Decimal::new(cents, 2),
            available: true,
        }
    }

    /// Two running shoes, socks, a gel and a helmet with variants.
    pub(crate) fn shop() -> Shop {
        let facets = |colour: &str| BTreeMap::from([("colour".into(), vec![colour.to_owned()])]);
        let shoes = |code, name, cents, sizes| product(code, name, "running_shoes", cents, sizes);
        let mut first = shoes("RUN-1", "Velance Alcyone", 10_900, &["41", "42", "43"]);
        first.facets = facets("black");
        let mut second = shoes("RUN-2", "Velance Dorane", 8_900, &["42"]);
        second.facets = facets("red");
        let socks = product("SOCK-1", "Pédalo Socks", "socks", 1_200, &["39-42"]);
        let gel = product("GEL-1", "Gel Miel", "food", 300, &[]);
        let mut helmet = product("HELM-1", "Casque Orbe", "helmets", 5_900, &[]);
        let mut sold_out = variant("V-RED-62", "62 cm", "red", 4_900);
        sold_out.available = false;
        helmet.variants = vec![
            variant("V-BLUE-54", "54 cm", "blue", 5_900),
            sold_out,
            variant("V-BLUE-58", "58 cm", "blue", 6_900),
        ];
        Shop::new(ShopData {
            products: vec![first, second, socks, gel, helmet],
            parents: HashMap::from([("running_shoes".into(), "shoes".into())]),
            missing_matches: HashSet::from(["weather".into()]),
        })
    }
}
