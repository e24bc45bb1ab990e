//! Measures of a body in questions on a product: "does it fit a head of 61 cm?", "his neck is 38
//! cm", "is it all right for a cat of 9 kg?"; and the measures that products state.

use super::cues::Meaning;
use super::draft::Draft;
use super::figure::Figure;
use super::figure::Role;
use super::numbers::parse_digits;
use super::numbers::plain;
use super::references;
use super::scene::Scene;
use crate::command::Command;
use crate::command::Question;
use crate::command::Reference;
use crate::shop::AttributeValue;
use crate::shop::Language;
use crate::shop::Product;
use rust_decimal::Decimal;

/// The part of a body that is weighed: all of it.
const WEIGHT: &str = "weight";

/// Least and greatest measure of a part of a body in centimetres.
const MEASURE_MIN: u32 = 10;
const MEASURE_MAX: u32 = 250;

/// What a product fits: from a least to a greatest measure.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Fit {
    /// The size that it holds for; none if it holds for the product.
    pub(crate) size: Option<String>,
    /// The least measure, if there is one.
    pub(crate) low: Option<Decimal>,
    /// The greatest measure, if there is one.
    pub(crate) high: Option<Decimal>,
    /// The unit.
    pub(crate) unit: &'static str,
}

impl Fit {
    /// Whether a measure lies within.
    pub(crate) fn holds(&self, measure: Decimal) -> bool {
        self.low.is_none_or(|low| low <= measure) && self.high.is_none_or(|high| measure <= high)
    }

    /// The measures in words that every language writes alike: "M: 35–45 cm".
    pub(crate) fn text(&self) -> String {
        let measures = match (self.low, self.high) {
            (Some(low), Some(high)) => format!("{}–{} {}", plain(low), plain(high), self.unit),
            (None, Some(high)) => format!("max. {} {}", plain(high), self.unit),
            (Some(low), None) => format!("min. {} {}", plain(low), self.unit),
            (None, None) => String::new(),
        };
        self.size.as_ref().map_or(measures.clone(), |size| format!("{size}: {measures}"))
    }
}

/// What a product fits of a part of a body; empty if it does not say.
pub(crate) fn fits(product: &Product, part: &str, language: Language) -> Vec<Fit> {
    let unit = if part == WEIGHT { "kg" } else { "cm" };
    let bound = |end: &str| {
        product.attributes.iter().find_map(|(key, value)| match value {
            AttributeValue::Number(number) => {
                let has = |one: &str| key.split('_').any(|part| part == one);
                (has(part) && has(end) && has(unit)).then_some(*number)
            }
            _ => None,
        })
    };
    let (low, high) = (bound("min"), bound("max"));
    if low.is_some() || high.is_some() {
        return vec![Fit { size: None, low, high, unit }];
    }
    let tells = |key: &str| {
        key.split('_').any(|one| one == part || one == "guide")
            && (part != WEIGHT || key.contains("max"))
    };
    let texts = product.attributes.iter().filter(|(key, _)| tells(key));
    let texts = texts.filter_map(|(_, value)| value.text(language, &[]));
    texts.flat_map(|text| of_sizes(&text, unit, part == WEIGHT)).collect()
}

/// "S: neck 25 to 35 cm, M: 35 to 45 cm": what each size fits. A weight alone is the greatest.
fn of_sizes(text: &str, unit: &'static str, most: bool) -> Vec<Fit> {
    if !text.contains(unit) {
        return Vec::new();
    }
    let parts = text.split([',', ';']).filter_map(|part| {
        let (size, measures) = part.split_once(':')?;
        let digits = |c: char| !c.is_ascii_digit() && c != '.';
        let numbers: Vec<Decimal> = measures.split(digits).filter_map(parse_digits).collect();
        let (low, high) = match numbers[..] {
            [low, high] => (Some(low), high),
            [high] if most => (None, high),
            _ => return None,
        };
        Some(Fit { size: Some(size.trim().to_owned()), low, high: Some(high), unit })
    });
    parts.collect()
}

/// The part of a body that a message measures.
fn part<'a>(scene: &'a Scene<'_>) -> Option<&'a str> {
    scene.hits.iter().find_map(|hit| match &hit.meaning {
        Meaning::Body(part) => Some(part.as_str()),
        _ => None,
    })
}

/// The symbol of the unit behind a number.
fn unit<'a>(scene: &'a Scene<'_>, figure: &Figure) -> Option<&'a str> {
    scene.hits.iter().find_map(|hit| match &hit.meaning {
        Meaning::Measure(symbol) if hit.tokens.start == figure.bare.end => Some(symbol.as_str()),
        _ => None,
    })
}

/// Reads whether a product fits a body. False if that is not asked, or if the product does not say
/// what it fits.
pub(crate) fn find(draft: &mut Draft<'_, '_>) -> bool {
    let scene = draft.scene;
    let named = references::products(scene, &(0..scene.tokens.len())).into_iter().next();
    let focus = || scene.in_focus().then_some(Reference::Focus);
    let Some(about) = named.map(|(reference, _)| reference).or_else(focus) else { return false };
    let Some(product) = super::properties::product_at(scene, Some(&about)) else { return false };
    let asks = scene.sentences.iter().any(|sentence| sentence.question);
    let measured = |figure: &&Figure| {
        let written = !matches!(figure.role, Role::Money { .. } | Role::Place);
        written && figure.values.len() == 1 && figure.digits
    };
    let asked = scene.figures.iter().filter(measured).find_map(|figure| {
        let value = figure.values[0];
        let usual = Decimal::from(MEASURE_MIN) <= value && value <= Decimal::from(MEASURE_MAX);
        match (part(scene), unit(scene, figure)) {
            (Some(part), Some("cm") | None) if usual => Some((part, value)),
            (_, Some("kg")) if asks => Some((WEIGHT, value)),
            _ => None,
        }
    });
    let Some((part, value)) = asked else { return false };
    // "35 cm" of a coat is its size, and "4 kg" of food what the bag holds.
    let written = plain(value);
    let made = |option: &String| {
        let values = product.option_values(option);
        values.iter().any(|one| one.split(|c: char| !c.is_ascii_digit()).any(|n| n == written))
    };
    if product.options.iter().any(made) || fits(product, part, scene.input.language).is_empty() {
        return false;
    }
    let question = Question::Attribute { key: part.to_owned(), value: Some(written) };
    draft.add(0..scene.tokens.len(), Command::Ask { question, about: Some(about) });
    true
}
