//! What the shop states about the properties of products.

use super::cards;
use super::choose::Turn;
use super::references;
use crate::command::Reference;
use crate::plan::Action;
use crate::plan::ActionKind;
use crate::plan::AttributeText;
use crate::plan::Move;
use crate::plan::Row;
use crate::reader::properties::alike;
use crate::shop::AttributeValue;
use crate::shop::FacetChoice;
use crate::shop::Language;
use crate::shop::Lookups;
use crate::shop::MentionTarget;
use crate::shop::Product;
use crate::state::Pending;
use rust_decimal::Decimal;
use std::collections::BTreeMap;
use vitrine_base::money::NumberFormat;

impl Turn<'_> {
    /// "how long do they last?", "which is lighter?": of several products the property of each is
    /// told. False if only one is meant, or if none states it.
    pub(super) fn tells_all(&mut self, key: &str, about: Option<&Reference>) -> bool {
        let open = self.before.pending == Some(Pending::Pick) && self.state.last_shown.len() > 1;
        let all = match about {
            Some(Reference::Both) => true,
            None | Some(Reference::Focus) => open,
            Some(_) => false,
        };
        let catalog = self.context.catalog;
        let skus = if all { self.resolve(&Reference::Both) } else { Vec::new() };
        let products: Vec<&Product> = skus.iter().filter_map(|sku| catalog.product(sku)).collect();
        if products.len() < 2 {
            return false;
        }
        let Some(row) = self.row(key, &products) else { return false };
        let need = self.state.need.clone();
        for product in &products {
            let options = cards::chosen(product, &need, &BTreeMap::new());
            self.products.push(cards::shown(self.context, &need, product, options));
            self.button(format!("take={}", product.sku), product.name.clone());
        }
        let cards = self.products.iter().map(|shown| shown.card.clone()).collect();
        self.moves.push(Move::Compare { cards, rows: vec![row] });
        self.action = Action::of(ActionKind::Answer);
        self.state.compared = skus;
        self.state.pending = Some(Pending::Pick);
        true
    }

    /// A property of several products as a row; `None` if none of them states it.
    fn row(&self, key: &str, products: &[&Product]) -> Option<Row> {
        let language = self.context.language;
        let values = products.iter().map(|product| {
            let own = own_property(product, key);
            match attribute_text(self.context, product, own, None) {
                AttributeText::Value(value) => value,
                AttributeText::Years(years) => years.to_string(),
                AttributeText::Yes => "yes".to_owned(),
                AttributeText::No => "no".to_owned(),
                AttributeText::Quote(_) | AttributeText::Unknown => String::new(),
            }
        });
        let values: Vec<String> = values.collect();
        let stated = products.iter().zip(&values).find(|(_, value)| !value.is_empty())?;
        let own = own_property(stated.0, key);
        let facet = self.context.catalog.facet(own).is_some();
        let label =
            if facet { self.context.catalog.key_label(own, language) } else { own.to_owned() };
        Some(Row { label, values })
    }
}

/// What the shop says about a property of a product.
pub(super) fn attribute_text(
    context: &super::Context<'_>,
    product: &Product,
    key: &str,
    value: Option<&str>,
) -> AttributeText {
    let language = context.language;
    if let Some(value) = value {
        if references::has_value(product, key, value) {
            return AttributeText::Yes;
        }
        if let Some(AttributeValue::Flag(flag)) = product.attributes.get(value) {
            return if *flag { AttributeText::Yes } else { AttributeText::No };
        }
        if let Some(feature) = feature_with(context, product, key, value) {
            return AttributeText::Value(feature);
        }
        let stated = product.facets.get(key).is_some_and(|values| !values.is_empty());
        return if stated { AttributeText::No } else { AttributeText::Unknown };
    }
    if let Some(found) = product.attributes.get(key) {
        return match found {
            AttributeValue::Flag(true) => AttributeText::Yes,
            AttributeValue::Flag(false) => AttributeText::No,
            AttributeValue::Number(number) => match u32::try_from(number.trunc().mantissa()) {
                Ok(years) if key.ends_with("_years") => AttributeText::Years(years),
                _ => AttributeText::Value(with_unit(key, *number, language)),
            },
            other => other
                .text(language, &[])
                .filter(|text| !text.is_empty())
                .map_or(AttributeText::Unknown, AttributeText::Value),
        };
    }
    if let Some(values) = product.facets.get(key).filter(|values| !values.is_empty()) {
        let labels = values
            .iter()
            .map(|value| context.catalog.label(&FacetChoice::new(key, value), language));
        return AttributeText::Value(cards::joined(labels.collect()));
    }
    let description = product.description.or_fallback(language, &[]);
    match description.filter(|text| !text.is_empty()) {
        Some(text) => AttributeText::Quote(text.clone()),
        None => AttributeText::Unknown,
    }
}

/// The feature of a product whose words mean a facet value: "waterproof membrane" for rain.
fn feature_with(
    context: &super::Context<'_>,
    product: &Product,
    key: &str,
    value: &str,
) -> Option<String> {
    let language = context.language;
    let wanted = FacetChoice::new(key, value);
    let says = |feature: &&String| {
        let found = context.catalog.mentions(feature, &[language]);
        found.iter().any(|one| matches!(&one.target, MentionTarget::Value(it) if *it == wanted))
    };
    product.features(language).iter().find(says).cloned()
}

/// A number with the unit that the key carries: `weight_kg` → "0.28 kg".
fn with_unit(key: &str, number: Decimal, language: Language) -> String {
    let unit = key.rsplit_once('_').map_or(key, |(_, unit)| unit);
    let number = NumberFormat::of(language).number(&number.normalize().to_string());
    match unit {
        "c" => format!("{number} °C"),
        "cm2" => format!("{number} cm²"),
        "lumens" => format!("{number} lm"),
        "hours" => format!("{number} h"),
        "kcal" | "mg" | "bar" | "min" | "mp" | "nm" | "rpm" => format!("{number} {unit}"),
        "percent" | "pct" => format!("{number} %"),
        "gb" | "tb" | "mb" => format!("{number} {}", unit.to_uppercase()),
        "inch" | "inches" | "in" => format!("{number}\u{2033}"),
        "hz" => format!("{number} Hz"),
        "db" => format!("{number} dB"),
        "kg" | "g" | "mm" | "cm" | "m" | "km" | "ml" | "l" | "w" | "kw" | "wh" | "kwh" | "mah"
        | "v" | "gsm" | "h" => {
            let unit = match unit {
                "gsm" => "g/m²",
                "w" => "W",
                "kw" => "kW",
                "wh" => "Wh",
                "kwh" => "kWh",
                "mah" => "mAh",
                "v" => "V",
                other => other,
            };
            format!("{number} {unit}")
        }
        _ => number,
    }
}

/// The key under which a product states a property: the same, or that of one like it.
pub(super) fn own_property<'a>(product: &'a Product, key: &'a str) -> &'a str {
    let known = product.attributes.contains_key(key)
        || product.facets.get(key).is_some_and(|values| !values.is_empty());
    if known { key } else { alike(product, key).map_or(key, String::as_str) }
}
