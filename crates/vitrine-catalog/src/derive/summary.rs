//! What was derived, in figures, for the report.

use crate::Catalog;
use crate::derive::facets::Facet;
use crate::derive::products_text::Goods;
use crate::derive::products_text::sizes;
use rust_decimal::Decimal;
use std::collections::BTreeMap;
use std::collections::BTreeSet;
use vitrine_base::language::Language;

/// A category with its words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DerivedCategory {
    /// Its id.
    pub id: String,
    /// Its label in the shop's language.
    pub label: String,
    /// Id of the wider category.
    pub parent: Option<String>,
    /// Other words for it, in the shop's language.
    pub words: Vec<String>,
    /// Products of this category alone.
    pub products: usize,
}

/// A facet with its values.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DerivedFacet {
    /// Its key.
    pub key: String,
    /// Its label in the shop's language.
    pub label: String,
    /// Labels of the values with the number of products, the most frequent first.
    pub values: Vec<(String, usize)>,
    /// Products that state it.
    pub products: usize,
    /// Whether customers are asked for it.
    pub asked: bool,
}

/// What was derived.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ShopSummary {
    /// Products.
    pub products: usize,
    /// Variants.
    pub variants: usize,
    /// Products that cannot be ordered at the moment.
    pub sold_out: usize,
    /// Variants that are pre-ordered.
    pub preorders: usize,
    /// Variants with a reduced price.
    pub reduced: usize,
    /// Products with a picture.
    pub with_picture: usize,
    /// Products with a description.
    pub with_description: usize,
    /// Products with a link to a page.
    pub with_link: usize,
    /// Lowest prices of the products, in ascending order.
    pub prices: Vec<Decimal>,
    /// Code of the currency; empty without products.
    pub currency: String,
    /// Languages of the texts, the shop's own first.
    pub languages: Vec<Language>,
    /// Categories in the order of the file.
    pub categories: Vec<DerivedCategory>,
    /// Facets in the order of the file.
    pub facets: Vec<DerivedFacet>,
    /// Names of the options by key.
    pub options: BTreeMap<String, Vec<String>>,
    /// Different sizes.
    pub sizes: Vec<String>,
    /// Attribute keys with the number of products that have them.
    pub attributes: Vec<(String, usize)>,
}

/// Counts a catalogue that was derived.
pub(super) fn of(
    catalog: &Catalog,
    goods: &Goods<'_>,
    option_names: &BTreeMap<String, Vec<String>>,
    languages: &[Language],
) -> ShopSummary {
    let products = catalog.products();
    let variants = || products.iter().flat_map(|product| &product.variants);
    let base = languages.first().copied().unwrap_or(Language::EN);
    let mut prices: Vec<Decimal> = products.iter().map(|product| product.price.amount).collect();
    prices.sort();
    let mut attributes: BTreeMap<&str, usize> = BTreeMap::new();
    for key in products.iter().flat_map(|product| product.attributes.keys()) {
        *attributes.entry(key).or_default() += 1;
    }
    let mut attributes: Vec<(String, usize)> =
        attributes.into_iter().map(|(key, count)| (key.to_owned(), count)).collect();
    attributes.sort_by_key(|(key, count)| (std::cmp::Reverse(*count), key.clone()));
    let all_sizes: BTreeSet<&str> = goods.options.iter().flat_map(sizes).collect();
    let parent = |kind: &crate::derive::kind::Kind| {
        kind.parent.and_then(|parent| goods.kinds.all.get(parent)).map(|parent| parent.id.clone())
    };
    let categories = goods.kinds.all.iter().map(|kind| DerivedCategory {
        id: kind.id.clone(),
        label: kind.label.get(base).cloned().unwrap_or_default(),
        parent: parent(kind),
        words: kind.words.list(base).to_vec(),
        products: kind.products,
    });
    ShopSummary {
        products: products.len(),
        variants: variants().count(),
        sold_out: products.iter().filter(|product| !product.in_stock(None)).count(),
        preorders: variants().filter(|v| v.availability == crate::Availability::Preorder).count(),
        reduced: variants().filter(|variant| variant.compare_at.is_some()).count(),
        with_picture: products.iter().filter(|product| !product.images.is_empty()).count(),
        with_description: products.iter().filter(|product| !product.description.is_empty()).count(),
        with_link: products.iter().filter(|product| product.url.is_some()).count(),
        prices,
        currency: catalog
            .currency()
            .map_or_else(String::new, |currency| currency.code().to_owned()),
        languages: languages.to_vec(),
        categories: categories.collect(),
        facets: goods.facets.iter().map(|facet| facet_of(facet, base)).collect(),
        options: option_names.clone(),
        sizes: all_sizes.into_iter().map(str::to_owned).collect(),
        attributes,
    }
}

fn facet_of(facet: &Facet, language: Language) -> DerivedFacet {
    let values = facet.values.iter().map(|value| {
        let label = value.label.get(language).cloned();
        (label.unwrap_or_else(|| value.id.clone()), value.products)
    });
    DerivedFacet {
        key: facet.key.clone(),
        label: facet.label.get(language).cloned().unwrap_or_default(),
        values: values.collect(),
        products: facet.products,
        asked: facet.ask > 0.0,
    }
}
