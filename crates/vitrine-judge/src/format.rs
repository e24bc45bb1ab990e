//! The test files' own form: fields of a conversation, of a turn and of a set of checks.

use crate::pattern::Pattern;
use rust_decimal::Decimal;
use serde::Deserialize;
use serde::Deserializer;
use serde::de::Error;
use serde_json::Number;
use serde_json::Value;
use std::collections::BTreeMap;

/// Fields that both kinds of conversation have, besides `kind`.
pub(crate) const COMMON_FIELDS: [&str; 8] =
    ["id", "language", "channel", "tags", "customer", "cart", "locale", "note"];

/// Kinds of conversations, and the fields that each has of its own.
pub(crate) const KINDS: [(&str, &[&str]); 2] = [
    ("script", &["turns"]),
    ("goal", &["opening", "want", "answers", "yes", "too_expensive", "wrong", "exchanges_max"]),
];

/// [`COMMON_FIELDS`].
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct Common {
    pub(crate) id: String,
    pub(crate) language: String,
    #[serde(default = "webchat")]
    pub(crate) channel: String,
    #[serde(default = "untagged")]
    pub(crate) tags: Vec<String>,
    pub(crate) customer: Option<Value>,
    pub(crate) cart: Option<Value>,
    pub(crate) locale: Option<Value>,
}

/// A conversation with fixed words.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct Script {
    pub(crate) turns: Vec<Turn>,
}

/// What a simulated customer wants and says.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct Goal {
    pub(crate) opening: String,
    pub(crate) want: Checks,
    #[serde(default)]
    pub(crate) answers: BTreeMap<String, String>,
    #[serde(default = "ok")]
    pub(crate) yes: String,
    pub(crate) too_expensive: Option<String>,
    pub(crate) wrong: Option<String>,
    /// Most messages of the customer.
    #[serde(default = "six")]
    pub(crate) exchanges_max: usize,
}

/// One turn of a script.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Turn {
    pub(crate) say: Option<String>,
    /// Searched for in the titles of the options last shown.
    pub(crate) tap: Option<Pattern>,
    pub(crate) channel: Option<String>,
    pub(crate) cart: Option<Value>,
    #[serde(default)]
    pub(crate) expect: Checks,
    #[serde(rename = "note")]
    _note: Option<Value>,
}

/// What an answer must hold; every check is optional and all must hold.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Checks {
    pub(crate) action: Option<Vec<String>>,
    pub(crate) category: Option<Vec<String>>,
    pub(crate) price_max: Option<Amount>,
    pub(crate) price_min: Option<Amount>,
    pub(crate) facet: Option<BTreeMap<String, Vec<String>>>,
    pub(crate) facet_not: Option<BTreeMap<String, Vec<String>>>,
    #[serde(deserialize_with = "text_or_number")]
    pub(crate) size: Option<String>,
    pub(crate) sku: Option<Vec<String>>,
    pub(crate) cheaper_than_before: Option<bool>,
    pub(crate) other_than_before: Option<bool>,
    pub(crate) shown: Option<i64>,
    pub(crate) link: Option<Vec<Pattern>>,
    pub(crate) language: Option<String>,
    pub(crate) says: Option<Vec<Pattern>>,
    pub(crate) says_not: Option<Vec<Pattern>>,
    pub(crate) options_min: Option<usize>,
    pub(crate) options_max: Option<usize>,
    pub(crate) handoff: Option<HandoffWanted>,
    pub(crate) suggestion: Option<SuggestionWanted>,
    pub(crate) intent: Option<Vec<String>>,
    pub(crate) fact: Option<BTreeMap<String, String>>,
    /// Sets of checks of which one must hold.
    pub(crate) any: Option<Vec<Checks>>,
}

/// Whether a person is asked in.
#[derive(Debug, Clone, Deserialize)]
#[serde(untagged, expecting = "expected true, false or a list of reasons")]
pub(crate) enum HandoffWanted {
    Either(bool),
    /// Asked in for one of these reasons.
    Reasons(Vec<String>),
}

/// Whether something else to buy is offered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum SuggestionWanted {
    /// Not by this answer.
    None,
    /// By this answer or an earlier one.
    Any,
}

/// A price in the shop's currency.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Amount(pub(crate) Decimal);

impl<'de> Deserialize<'de> for Amount {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let number = Number::deserialize(deserializer)?.to_string();
        let amount = number.parse().or_else(|_| Decimal::from_scientific(&number));
        amount.map(Self).map_err(|_| Error::custom(format!("{number} is not an amount")))
    }
}

/// A size, which may also be written as a number.
fn text_or_number<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<String>, D::Error> {
    match Value::deserialize(deserializer)? {
        Value::String(text) => Ok(Some(text)),
        Value::Number(number) => Ok(Some(number.to_string())),
        other => Err(Error::custom(format!("{other} is not a size; allowed: a text or a number"))),
    }
}

impl<'de> Deserialize<'de> for Pattern {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Self::try_from(String::deserialize(deserializer)?).map_err(Error::custom)
    }
}

impl Checks {
    /// The first check that concerns one product or the products before.
    pub(crate) fn first_on_products(&self) -> Option<&'static str> {
        [
            ("category", self.category.is_some()),
            ("price_max", self.price_max.is_some()),
            ("price_min", self.price_min.is_some()),
            ("facet", self.facet.is_some()),
            ("facet_not", self.facet_not.is_some()),
            ("size", self.size.is_some()),
            ("sku", self.sku.is_some()),
            ("cheaper_than_before", self.cheaper_than_before.is_some()),
            ("other_than_before", self.other_than_before.is_some()),
            ("shown", self.shown.is_some()),
        ]
        .into_iter()
        .find_map(|(check, wanted)| wanted.then_some(check))
    }

    /// The first check that does not concern one product alone.
    pub(crate) fn first_beyond_a_product(&self) -> Option<&'static str> {
        [
            ("action", self.action.is_some()),
            ("cheaper_than_before", self.cheaper_than_before.is_some()),
            ("other_than_before", self.other_than_before.is_some()),
            ("shown", self.shown.is_some()),
            ("link", self.link.is_some()),
            ("language", self.language.is_some()),
            ("says", self.says.is_some()),
            ("says_not", self.says_not.is_some()),
            ("options_min", self.options_min.is_some()),
            ("options_max", self.options_max.is_some()),
            ("handoff", self.handoff.is_some()),
            ("suggestion", self.suggestion.is_some()),
            ("intent", self.intent.is_some()),
            ("fact", self.fact.is_some()),
            ("any", self.any.is_some()),
        ]
        .into_iter()
        .find_map(|(check, wanted)| wanted.then_some(check))
    }
}

fn webchat() -> String {
    "webchat".to_owned()
}

fn untagged() -> Vec<String> {
    vec!["untagged".to_owned()]
}

fn ok() -> String {
    "ok".to_owned()
}

fn six() -> usize {
    6
}
