//! Checks products as they are written in a file, and collects the checked ones.

use crate::error::CatalogError;
use crate::error::LineFault;
use crate::import::fields::at_most;
use crate::import::fields::attributes;
use crate::import::fields::description;
use crate::import::fields::each;
use crate::import::fields::identifier;
use crate::import::fields::images;
use crate::import::fields::optional_url;
use crate::import::fields::required;
use crate::import::fields::sku;
use crate::import::fields::text;
use crate::import::raw::RawProduct;
use crate::import::variant_checks::Sold;
use crate::import::variant_checks::sold;
use crate::keys::BRAND_KEY;
use crate::limits::CatalogLimits;
use crate::product::Product;
use crate::words::slug;
use std::collections::BTreeMap;
use std::collections::HashMap;
use vitrine_base::ids::Sku;

/// Most products named in a message about accepted ones.
const ODDITIES_NAMED_MAX: usize = 3;

/// Checks and collects products, and refuses repeated skus.
pub(super) struct ProductCollector<'a> {
    pub(super) limits: &'a CatalogLimits,
    pub(super) products: Vec<Product>,
    /// Line of every sku, those of variants included.
    pub(super) lines: HashMap<Sku, usize>,
    /// Products whose price is 0.
    pub(super) free: Oddities,
    /// Products whose sku holds characters that an address cannot hold.
    pub(super) encoded: Oddities,
}

/// Products that are accepted, but look like a slip: how many, and the first ones.
#[derive(Debug, Default)]
pub(super) struct Oddities {
    count: usize,
    first: Vec<String>,
}

impl Oddities {
    fn add(&mut self, sku: &Sku, line: usize) {
        self.count += 1;
        if self.first.len() < ODDITIES_NAMED_MAX {
            self.first.push(format!("`{sku}` (line {line})"));
        }
    }

    /// The message about them, such as `2 products have a price of 0: …`.
    pub(super) fn message(&self, what: &str) -> Option<String> {
        let more = if self.count > self.first.len() { ", …" } else { "" };
        let products = if self.count == 1 { "product" } else { "products" };
        let named = self.first.join(", ");
        (self.count > 0).then(|| format!("{} {products} with {what}: {named}{more}", self.count))
    }
}

impl<'a> ProductCollector<'a> {
    pub(super) fn new(limits: &'a CatalogLimits) -> Self {
        let (free, encoded) = (Oddities::default(), Oddities::default());
        Self { limits, products: Vec::new(), lines: HashMap::new(), free, encoded }
    }

    /// Takes a product; `part` is what the format calls a part of a line, for messages.
    pub(super) fn take(
        &mut self,
        line: usize,
        part: &str,
        raw: RawProduct,
    ) -> Result<(), CatalogError> {
        let products_max = self.limits.products_max;
        if self.products.len() == products_max {
            return Err(CatalogError::TooManyProducts { line, products_max });
        }
        let product =
            checked(raw, self.limits).map_err(|fault| CatalogError::at(line, part, fault))?;
        let own = product.variants.iter().filter(|variant| variant.sku != product.sku);
        for sku in [&product.sku].into_iter().chain(own.map(|variant| &variant.sku)) {
            if let Some(first_line) = self.lines.insert(sku.clone(), line) {
                let fault = LineFault::Duplicate { sku: sku.clone(), first_line };
                return Err(CatalogError::at(line, part, fault));
            }
        }
        if product.price.amount.is_zero() {
            self.free.add(&product.sku, line);
        }
        let skus = product.variants.iter().map(|variant| &variant.sku).chain([&product.sku]);
        if skus.into_iter().any(|sku| !sku.as_str().bytes().all(is_unreserved)) {
            self.encoded.add(&product.sku, line);
        }
        self.products.push(product);
        Ok(())
    }
}

/// Whether a byte stands for itself everywhere in an address. Source: RFC 3986, section 2.3.
fn is_unreserved(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"-._~".contains(&byte)
}

fn checked(mut raw: RawProduct, limits: &CatalogLimits) -> Result<Product, LineFault> {
    let sku = sku("sku", &raw.sku)?;
    let name = required("name", &raw.name)?;
    let brand = text("brand", &raw.brand)?;
    let category = identifier("category", required("category", &raw.category)?)?;
    let Sold { price, options, variants } = sold(&sku, &mut raw, limits)?;
    let mut facets = checked_facets(raw.facets, limits)?;
    let brand_value = slug(&brand);
    if !brand_value.is_empty() {
        facets.entry(BRAND_KEY.to_owned()).or_insert_with(|| vec![brand_value]);
    }
    Ok(Product {
        sku,
        name,
        brand,
        category,
        price,
        options,
        variants,
        facets,
        attributes: attributes(raw.attributes)?,
        title: each(raw.title, |found| text("title", &found))?,
        features: each(raw.features, |found| checked_features(&found, limits))?,
        description: each(raw.description, |found| description(&found))?,
        images: images(&raw.images)?,
        url: optional_url("url", raw.url.as_deref())?,
        rank: raw.rank,
    })
}

fn checked_facets(
    facets: BTreeMap<String, Vec<String>>,
    limits: &CatalogLimits,
) -> Result<BTreeMap<String, Vec<String>>, LineFault> {
    at_most("facets", facets.len(), limits.facets_max)?;
    let mut found = BTreeMap::new();
    for (key, values) in facets {
        at_most("facet values", values.len(), limits.values_max)?;
        let mut values = values
            .into_iter()
            .map(|value| identifier("facets", value))
            .collect::<Result<Vec<String>, LineFault>>()?;
        values.sort();
        values.dedup();
        if !values.is_empty() {
            found.insert(identifier("facets", key)?, values);
        }
    }
    Ok(found)
}

fn checked_features(features: &[String], limits: &CatalogLimits) -> Result<Vec<String>, LineFault> {
    at_most("features", features.len(), limits.features_max)?;
    features.iter().map(|feature| required("features", feature)).collect()
}
