//! What the shop states about the properties of products.

use super::cards;
use super::choose::Turn;
use super::references;
use crate::command::Command;
use crate::command::Reference;
use crate::locale::names::name_of;
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
use crate::state::Focus;
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
        let skus = if all { self.compared_now() } else { Vec::new() };
        let products: Vec<&Product> = skus.iter().filter_map(|sku| catalog.product(sku)).collect();
        if products.len() < 2 {
            return false;
        }
        if self.verdict(key, &products) {
            self.state.compared = skus;
            return true;
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

    /// The products that the message compares by name, else those of the last reply.
    fn compared_now(&self) -> Vec<String> {
        let named = self.reading.commands.iter().find_map(|said| match &said.command {
            Command::Compare { references } => Some(references),
            _ => None,
        });
        let mut skus: Vec<String> = Vec::new();
        for sku in named.into_iter().flatten().flat_map(|reference| self.resolve(reference)) {
            if !skus.contains(&sku) {
                skus.push(sku);
            }
        }
        if skus.len() > 1 { skus } else { self.resolve(&Reference::Both) }
    }

    /// "which is the lightest?": the one with most or least of a property, which is then under
    /// discussion. False if no degree was asked for, or if the shop's files settle nothing.
    fn verdict(&mut self, key: &str, products: &[&Product]) -> bool {
        let Some(most) = self.reading.most else { return false };
        let figures: Vec<Option<Decimal>> =
            products.iter().map(|product| figure(product, own_property(product, key))).collect();
        let stated =
            || figures.iter().zip(products).filter_map(|(one, product)| Some(((*one)?, *product)));
        let best = if most {
            stated().map(|(figure, _)| figure).max()
        } else {
            stated().map(|(figure, _)| figure).min()
        };
        let mut winners = stated().filter(|(figure, _)| Some(*figure) == best);
        let first = winners.next().filter(|_| winners.next().is_none() && stated().count() > 1);
        let (winner, label, value, others) = match first {
            Some((_, winner)) => {
                let own = own_property(winner, key);
                let others = stated().filter(|(_, other)| other.sku != winner.sku);
                let others = others.map(|(_, other)| {
                    (other.name.clone(), self.value_text(other, own_property(other, key)))
                });
                (winner, self.key_label(own), self.value_text(winner, own), others.collect())
            }
            None => {
                let Some((sku, text)) = &self.reading.told else { return false };
                let found = products.iter().find(|product| product.sku.as_str() == sku);
                let Some(winner) = found.filter(|_| stated().count() < 2) else { return false };
                (*winner, String::new(), text.clone(), Vec::new())
            }
        };
        let need = self.state.need.clone();
        let options = cards::chosen(winner, &need, &BTreeMap::new());
        let shown = cards::shown(self.context, &need, winner, options.clone());
        let sku = winner.sku.as_str().to_owned();
        let card = shown.card.clone();
        self.moves.push(Move::Verdict { card, label, value, others });
        self.products.push(shown);
        self.action = Action { sku: Some(sku.clone()), ..Action::of(ActionKind::Answer) };
        self.state.focus = Some(Focus { sku, options, pieces: Vec::new() });
        self.keep_buying(winner);
        true
    }

    /// The name of a property in replies: of a facet the shop's, else its key.
    fn key_label(&self, key: &str) -> String {
        let catalog = self.context.catalog;
        let facet = catalog.facet(key).is_some();
        if facet { catalog.key_label(key, self.context.language) } else { key.to_owned() }
    }

    /// A property of a product in words; empty if the product does not state it.
    fn value_text(&self, product: &Product, key: &str) -> String {
        match attribute_text(self.context, product, key, None) {
            AttributeText::Value(value) => value,
            AttributeText::Years(years) => years.to_string(),
            AttributeText::Yes => "yes".to_owned(),
            AttributeText::No => "no".to_owned(),
            AttributeText::Quote(_) | AttributeText::Unknown => String::new(),
        }
    }

    /// A property of several products as a row; `None` if none of them states it.
    fn row(&self, key: &str, products: &[&Product]) -> Option<Row> {
        let values =
            products.iter().map(|product| self.value_text(product, own_property(product, key)));
        let values: Vec<String> = values.collect();
        let stated = products.iter().zip(&values).find(|(_, value)| !value.is_empty())?;
        Some(Row { label: self.key_label(own_property(stated.0, key)), values })
    }
}

/// A property as a number that compares across units: that of an attribute, or the one that begins
/// its text.
fn figure(product: &Product, key: &str) -> Option<Decimal> {
    let number = match product.attributes.get(key)? {
        AttributeValue::Number(number) => *number,
        AttributeValue::Flag(_) => return None,
        other => {
            let text = other.text(Language::EN, &[])?;
            let digits = |c: &char| c.is_ascii_digit() || *c == '.' || *c == ',';
            let digits: String = text.chars().take_while(digits).collect();
            digits.trim_end_matches(['.', ',']).replace(',', ".").parse().ok()?
        }
    };
    let unit = key.rsplit_once('_').map_or("", |(_, unit)| unit);
    let (parts, of) = match unit {
        "kg" | "l" | "m" | "tb" | "kw" | "kwh" => (1_000, 1),
        "cl" | "cm" => (10, 1),
        "km" => (1_000_000, 1),
        "inch" | "inches" | "in" => (254, 10),
        "min" | "minutes" => (1, 60),
        "days" => (24, 1),
        _ => (1, 1),
    };
    number.checked_mul(Decimal::from(parts))?.checked_div(Decimal::from(of))
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

/// Most values of an option that are listed with what is stated of a product.
const LISTED_VALUES_MAX: usize = 4;

/// What the shop states of a product: measures to choose from, then figures, texts, what is a yes,
/// and features. A guarantee and an origin are no answer to a question on how something is.
pub(super) fn stated(context: &super::Context<'_>, product: &Product) -> Vec<(String, String)> {
    let measure = |value: &&str| {
        value.starts_with(|c: char| c.is_ascii_digit()) && value.contains(char::is_alphabetic)
    };
    let mut rows = Vec::new();
    for key in &product.options {
        let values = product.option_values(key);
        if values.len() <= LISTED_VALUES_MAX && !values.is_empty() && values.iter().all(measure) {
            let label = context.catalog.key_label(key, context.language);
            rows.push((label, values.join(", ")));
        }
    }
    let mut flags = Vec::new();
    for key in product.attributes.keys() {
        match attribute_text(context, product, key, None) {
            AttributeText::Value(_) if key == "made_in" => {}
            AttributeText::Value(value) => rows.push((key.clone(), value)),
            AttributeText::Yes => flags.push((key.clone(), String::new())),
            _ => {}
        }
    }
    rows.append(&mut flags);
    let features = product.features(context.language).iter();
    rows.extend(features.map(|feature| (feature.clone(), String::new())));
    rows
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
        "days" | "weeks" | "months" => {
            let name = name_of(language, &format!("unit_{unit}")).unwrap_or(unit);
            format!("{number} {name}")
        }
        "minutes" => format!("{number} min"),
        "m2" => format!("{number} m²"),
        "cl" => format!("{number} cl"),
        "cm2" => format!("{number} cm²"),
        "lumen" | "lumens" => format!("{number} lm"),
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
