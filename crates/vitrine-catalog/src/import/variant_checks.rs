//! Checks the variants of a product, and makes those of a product that only states its stock.

use crate::error::LineFault;
use crate::import::amount;
use crate::import::amount::DecimalSign;
use crate::import::amount::shortened;
use crate::import::fields::at_most;
use crate::import::fields::gtin;
use crate::import::fields::identifier;
use crate::import::fields::optional_url;
use crate::import::fields::required;
use crate::import::fields::sku;
use crate::import::raw::RawPrice;
use crate::import::raw::RawProduct;
use crate::import::raw::RawStock;
use crate::import::raw::RawVariant;
use crate::keys::SIZE_KEY;
use crate::limits::CatalogLimits;
use crate::limits::OPTIONS_MAX;
use crate::product::Availability;
use crate::product::Variant;
use std::collections::BTreeMap;
use vitrine_base::ids::Sku;
use vitrine_base::money::Money;

/// What is sold of a product: its lowest price, the keys of its options, and its variants.
pub(super) struct Sold {
    pub(super) price: Money,
    pub(super) options: Vec<String>,
    pub(super) variants: Vec<Variant>,
}

/// Checks what is sold of the product with this sku.
pub(super) fn sold(
    own: &Sku,
    raw: &mut RawProduct,
    limits: &CatalogLimits,
) -> Result<Sold, LineFault> {
    let given = raw.price.as_ref().map(|price| checked_price("price", price, raw.decimal));
    let given = given.transpose()?;
    if raw.variants.is_empty() {
        let price = given.ok_or(LineFault::Absent { field: "price" })?;
        return from_stock(own, price, raw, limits);
    }
    at_most("variants", raw.variants.len(), limits.variants_max)?;
    let options = option_keys(raw)?;
    let mut variants: Vec<Variant> = Vec::with_capacity(raw.variants.len());
    for variant in std::mem::take(&mut raw.variants) {
        let variant = checked(variant, &options, given, raw.decimal)?;
        if let Some(first) = variants.first()
            && first.price.currency != variant.price.currency
        {
            let allowed =
                format!("the currency of the other variants, {}", first.price.currency.code());
            let found = variant.price.currency.code().to_owned();
            return Err(LineFault::Value { field: "variants", found, allowed });
        }
        if variants.iter().any(|other| other.options == variant.options) {
            let found = variant.options.values().cloned().collect::<Vec<_>>().join(", ");
            let allowed = "different from the options of every other variant".to_owned();
            return Err(LineFault::Value { field: "variants", found, allowed });
        }
        variants.push(variant);
    }
    let lowest = variants.iter().map(|variant| variant.price).min_by_key(|price| price.amount);
    let price = lowest.or(given).ok_or(LineFault::Absent { field: "price" })?;
    Ok(Sold { price, options, variants })
}

fn checked_price(
    field: &'static str,
    price: &RawPrice,
    sign: DecimalSign,
) -> Result<Money, LineFault> {
    required(field, &price.amount)?;
    required("currency", &price.currency)?;
    let price = amount::price(&price.amount, &price.currency, sign)?;
    if price.amount.is_sign_negative() && !price.amount.is_zero() {
        return Err(LineFault::NegativePrice { price });
    }
    Ok(price)
}

/// The keys of the options: those that the product lists, else those of its first variant.
fn option_keys(raw: &RawProduct) -> Result<Vec<String>, LineFault> {
    let first = raw.variants.first().map(|variant| &variant.options);
    let listed = if raw.options.is_empty() {
        first.into_iter().flatten().map(|(key, _)| key.clone()).collect()
    } else {
        raw.options.clone()
    };
    at_most("options", listed.len(), OPTIONS_MAX)?;
    let mut keys: Vec<String> = Vec::with_capacity(listed.len());
    for key in listed {
        let key = identifier("options", key)?;
        if keys.contains(&key) {
            let allowed = "different from every other option".to_owned();
            return Err(LineFault::Value { field: "options", found: key, allowed });
        }
        keys.push(key);
    }
    Ok(keys)
}

fn checked(
    raw: RawVariant,
    keys: &[String],
    given: Option<Money>,
    sign: DecimalSign,
) -> Result<Variant, LineFault> {
    let sku = sku("variants.sku", &raw.sku)?;
    let price = raw.price.as_ref().map(|price| checked_price("variants.price", price, sign));
    let price =
        price.transpose()?.or(given).ok_or(LineFault::Absent { field: "variants.price" })?;
    let mut options = BTreeMap::new();
    for (key, value) in &raw.options {
        if !keys.contains(key) {
            let allowed = format!("one of the options of the product: {}", keys.join(", "));
            return Err(LineFault::Value { field: "variants", found: shortened(key), allowed });
        }
        options.insert(key.clone(), required("variants.options", value)?);
    }
    if let Some(missing) = keys.iter().find(|key| !options.contains_key(*key)) {
        let allowed = format!("a variant with all options of the product; it has no `{missing}`");
        return Err(LineFault::Value { field: "variants", found: sku.to_string(), allowed });
    }
    finished(&raw, sku, options, price, sign)
}

/// The parts that variants and products without variants have alike.
fn finished(
    raw: &RawVariant,
    sku: Sku,
    options: BTreeMap<String, String>,
    price: Money,
    sign: DecimalSign,
) -> Result<Variant, LineFault> {
    let compare_at = raw.compare_at.as_ref().map(|price| checked_price("compare_at", price, sign));
    let compare_at = compare_at.transpose()?;
    // A price that is not above the price is no reduction, so nothing is compared.
    let compare_at =
        compare_at.filter(|other| other.currency == price.currency && other.amount > price.amount);
    let availability = raw.availability.as_deref().map(str::trim).filter(|name| !name.is_empty());
    let availability = match availability {
        Some(name) => Availability::from_name(name).ok_or_else(|| {
            let names = Availability::ALL.map(Availability::name).join(", ");
            let (found, allowed) = (shortened(name), format!("one of {names}"));
            LineFault::Value { field: "availability", found, allowed }
        })?,
        None if raw.stock == Some(0) => Availability::SoldOut,
        None => Availability::InStock,
    };
    Ok(Variant {
        sku,
        options,
        price,
        compare_at,
        stock: raw.stock,
        availability,
        gtin: gtin(raw.gtin.as_deref())?,
        url: optional_url("url", raw.url.as_deref())?,
    })
}

/// The variants of a product that states units, in all or by size: one of each size, with the
/// product's sku and price.
fn from_stock(
    own: &Sku,
    price: Money,
    raw: &mut RawProduct,
    limits: &CatalogLimits,
) -> Result<Sold, LineFault> {
    let single = std::mem::take(&mut raw.single);
    let decimal = raw.decimal;
    let variant = |options: BTreeMap<String, String>, stock: Option<u32>| {
        let raw = RawVariant { stock, ..single.clone() };
        finished(&raw, own.clone(), options, price, decimal)
    };
    let stated = single.availability.as_ref().is_some_and(|name| !name.trim().is_empty());
    let sizes = match raw.stock.take() {
        Some(RawStock::BySize(sizes)) => sizes,
        Some(RawStock::Total(units)) => {
            let variants = vec![variant(BTreeMap::new(), Some(units))?];
            return Ok(Sold { price, options: Vec::new(), variants });
        }
        None if stated => {
            let variants = vec![variant(BTreeMap::new(), None)?];
            return Ok(Sold { price, options: Vec::new(), variants });
        }
        None => return Err(LineFault::Absent { field: "stock" }),
    };
    at_most("sizes", sizes.len(), limits.sizes_max)?;
    let mut labels: Vec<String> = Vec::with_capacity(sizes.len());
    let mut variants = Vec::with_capacity(sizes.len());
    for (label, units) in sizes {
        let label = required("size", &label)?;
        if labels.iter().any(|other| other.eq_ignore_ascii_case(&label)) {
            return Err(LineFault::Stock { found: label });
        }
        labels.push(label.clone());
        variants.push(variant(BTreeMap::from([(SIZE_KEY.to_owned(), label)]), Some(units))?);
    }
    if variants.is_empty() {
        return Err(LineFault::Absent { field: "stock" });
    }
    Ok(Sold { price, options: vec![SIZE_KEY.to_owned()], variants })
}
