//! Checks products as they are written in a file, and collects the checked ones.

use crate::error::CatalogError;
use crate::error::LineFault;
use crate::import::amount;
use crate::import::amount::DecimalSign;
use crate::keys::BRAND_KEY;
use crate::limits::CatalogLimits;
use crate::limits::TEXT_CHARS_MAX;
use crate::limits::URL_CHARS_MAX;
use crate::product::Product;
use crate::product::Stock;
use crate::words::slug;
use std::collections::BTreeMap;
use std::collections::HashMap;
use vitrine_base::ids::Sku;
use vitrine_base::localized::Localized;

/// Most products named in a message about accepted ones.
const ODDITIES_NAMED_MAX: usize = 3;

/// A product as written in the file, not yet checked.
#[derive(Debug)]
pub(super) struct RawProduct {
    pub(super) sku: String,
    pub(super) name: String,
    pub(super) brand: String,
    pub(super) category: String,
    pub(super) amount: String,
    /// The decimal sign that the file uses.
    pub(super) decimal: DecimalSign,
    pub(super) currency: String,
    pub(super) stock: RawStock,
    pub(super) facets: BTreeMap<String, Vec<String>>,
    pub(super) title: Localized<String>,
    pub(super) features: Localized<Vec<String>>,
    pub(super) url: Option<String>,
    pub(super) rank: Option<u32>,
}

#[derive(Debug)]
pub(super) enum RawStock {
    Total(u32),
    BySize(Vec<(String, u32)>),
}

impl Default for RawStock {
    fn default() -> Self {
        Self::Total(0)
    }
}

/// Whether a text consists of 1 to [`TEXT_CHARS_MAX`] of a-z, 0-9 and `_`.
pub(super) fn is_identifier(text: &str) -> bool {
    let allowed = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_';
    !text.is_empty() && text.len() <= TEXT_CHARS_MAX && text.chars().all(allowed)
}

/// Checks and collects products, and refuses repeated skus.
pub(super) struct ProductCollector<'a> {
    pub(super) limits: &'a CatalogLimits,
    pub(super) products: Vec<Product>,
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
        if let Some(first_line) = self.lines.insert(product.sku.clone(), line) {
            let fault = LineFault::Duplicate { sku: product.sku, first_line };
            return Err(CatalogError::at(line, part, fault));
        }
        if product.price.amount.is_zero() {
            self.free.add(&product.sku, line);
        }
        if !product.sku.as_str().bytes().all(is_unreserved) {
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

/// Whether a text is a number as spreadsheets shorten it, such as `1.23E+12` or `3,6E+12`.
fn is_shortened_number(text: &str) -> bool {
    let Some((mantissa, exponent)) = text.split_once("E+") else { return false };
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let (whole, rest) = mantissa.split_once(['.', ',']).unwrap_or((mantissa, "0"));
    whole.len() == 1 && digits(whole) && digits(rest) && digits(exponent)
}

fn checked(raw: RawProduct, limits: &CatalogLimits) -> Result<Product, LineFault> {
    let sku = raw.sku.trim();
    if sku.is_empty() {
        return Err(LineFault::Absent { field: "sku" });
    }
    if is_shortened_number(sku) {
        return Err(LineFault::Shortened { found: sku.to_owned() });
    }
    let sku = Sku::new(sku)?;
    let name = required("name", &raw.name)?;
    let brand = text("brand", &raw.brand)?;
    let category = identifier("category", required("category", &raw.category)?)?;
    required("price", &raw.amount)?;
    required("currency", &raw.currency)?;
    let price = amount::price(&raw.amount, &raw.currency, raw.decimal)?;
    if price.amount.is_sign_negative() && !price.amount.is_zero() {
        return Err(LineFault::NegativePrice { price });
    }
    let stock = checked_stock(raw.stock, limits)?;
    let mut facets = checked_facets(raw.facets, limits)?;
    let brand_value = slug(&brand);
    if !brand_value.is_empty() {
        facets.entry(BRAND_KEY.to_owned()).or_insert_with(|| vec![brand_value]);
    }
    let title =
        raw.title.into_iter().map(|(language, found)| Ok((language, text("title", &found)?)));
    let title = title.collect::<Result<Localized<String>, LineFault>>()?;
    let features = raw.features.into_iter();
    let features =
        features.map(|(language, found)| Ok((language, checked_features(found, limits)?)));
    let features = features.collect::<Result<Localized<Vec<String>>, LineFault>>()?;
    let url = raw.url.filter(|url| !url.trim().is_empty()).map(checked_url).transpose()?;
    let rank = raw.rank;
    Ok(Product { sku, name, brand, category, price, stock, facets, title, features, url, rank })
}

fn text(field: &'static str, found: &str) -> Result<String, LineFault> {
    let found = found.trim();
    if found.chars().count() > TEXT_CHARS_MAX || found.chars().any(char::is_control) {
        return Err(LineFault::Text { field, chars_max: TEXT_CHARS_MAX });
    }
    Ok(found.to_owned())
}

fn required(field: &'static str, found: &str) -> Result<String, LineFault> {
    let found = text(field, found)?;
    if found.is_empty() { Err(LineFault::Absent { field }) } else { Ok(found) }
}

fn identifier(field: &'static str, found: String) -> Result<String, LineFault> {
    if is_identifier(&found) { Ok(found) } else { Err(LineFault::Identifier { field, found }) }
}

fn at_most(what: &'static str, found: usize, limit: usize) -> Result<(), LineFault> {
    if found > limit { Err(LineFault::TooMany { what, found, limit }) } else { Ok(()) }
}

fn checked_stock(stock: RawStock, limits: &CatalogLimits) -> Result<Stock, LineFault> {
    let sizes = match stock {
        RawStock::Total(units) => return Ok(Stock::Total(units)),
        RawStock::BySize(sizes) => sizes,
    };
    at_most("sizes", sizes.len(), limits.sizes_max)?;
    let mut found: Vec<(String, u32)> = Vec::with_capacity(sizes.len());
    for (label, units) in sizes {
        let label = required("size", &label)?;
        if found.iter().any(|(other, _)| other.eq_ignore_ascii_case(&label)) {
            return Err(LineFault::Stock { found: label });
        }
        found.push((label, units));
    }
    if found.is_empty() {
        return Err(LineFault::Absent { field: "stock" });
    }
    Ok(Stock::BySize(found))
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

fn checked_features(
    features: Vec<String>,
    limits: &CatalogLimits,
) -> Result<Vec<String>, LineFault> {
    at_most("features", features.len(), limits.features_max)?;
    features.iter().map(|feature| required("features", feature)).collect()
}

fn checked_url(url: String) -> Result<String, LineFault> {
    let url = url.trim();
    let rest = url.strip_prefix("https://").or_else(|| url.strip_prefix("http://"));
    let bad = |c: char| c.is_whitespace() || c.is_control();
    match rest {
        Some(rest) if !rest.is_empty() && !url.contains(bad) && url.len() <= URL_CHARS_MAX => {
            Ok(url.to_owned())
        }
        _ => Err(LineFault::Url { found: url.chars().take(TEXT_CHARS_MAX).collect() }),
    }
}
