//! The ids that the commands of a shop can name, in a form that fits the notation.

use crate::command::INTENTS;
use crate::policies::Policies;
use crate::shop::Catalog;
use crate::shop::Lookups;
use std::collections::BTreeSet;

/// Longest id, in bytes. Longer ones would fill the prompt.
const ID_BYTES_MAX: usize = 48;

/// Most ids of each sort, so that the grammar stays small: it is compiled while a customer waits.
const SORT_IDS_MAX: usize = 1_000;

/// Most properties of products.
const PROPERTIES_MAX: usize = 64;

/// Intents that are matters of a shop, whether or not the shop has a text on them.
const MATTERS: [&str; 21] = [
    "account_help",
    "bulk_order",
    "cancel_order",
    "care_instructions",
    "change_order",
    "discount_request",
    "gift_card",
    "gift_help",
    "installments",
    "invoice_request",
    "loyalty_points",
    "payment_methods",
    "pickup",
    "privacy_request",
    "promo_code",
    "refund_status",
    "return_exchange",
    "shipping_options",
    "store_info",
    "sustainability",
    "warranty",
];

/// A matter that customers ask about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Matter {
    /// Id of the shop's text, or the intent if the shop has none on it.
    pub(super) id: String,
    /// Intent that it answers.
    pub(super) intent: String,
    /// Whether the shop has a text on it.
    pub(super) has_text: bool,
}

/// The ids of a shop.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ShopIds {
    pub(super) kinds: Vec<String>,
    /// Facet keys with the ids of their values.
    pub(super) facets: Vec<(String, Vec<String>)>,
    /// Keys of attributes that are not facets.
    pub(super) properties: Vec<String>,
    pub(super) matters: Vec<Matter>,
}

impl ShopIds {
    /// Collects the ids of a shop. Those that the notation cannot hold are left out.
    #[must_use]
    pub fn of(catalog: &Catalog, policies: &Policies) -> Self {
        let kinds = catalog.categories().iter().map(|entry| entry.id.clone());
        let mut values_left = SORT_IDS_MAX;
        let mut facets = Vec::new();
        for facet in catalog.facets().iter().filter(|facet| is_plain(&facet.key)) {
            let ids = facet.values.iter().map(|value| value.id.clone());
            let ids: Vec<String> = ids.filter(|id| is_plain(id)).take(values_left).collect();
            values_left -= ids.len();
            if !ids.is_empty() {
                facets.push((facet.key.clone(), ids));
            }
        }
        let products = catalog.products().iter();
        let keys: BTreeSet<&String> =
            products.flat_map(|product| product.attributes.keys()).collect();
        let own = |key: &&&String| is_plain(key) && catalog.facet(key).is_none();
        let properties = keys.iter().filter(own).map(|key| (*key).clone());
        Self {
            kinds: kinds.filter(|id| is_plain(id)).take(SORT_IDS_MAX).collect(),
            facets,
            properties: properties.take(PROPERTIES_MAX).collect(),
            matters: matters(policies),
        }
    }

    /// Whether a facet has a value.
    pub(super) fn has_value(&self, facet: &str, value: &str) -> bool {
        self.facet(facet).is_some_and(|values| values.iter().any(|one| one == value))
    }

    /// The values of a facet.
    pub(super) fn facet(&self, key: &str) -> Option<&[String]> {
        self.facets.iter().find(|(one, _)| one == key).map(|(_, values)| &values[..])
    }

    /// Whether customers can ask for a property or facet with this key.
    pub(super) fn has_key(&self, key: &str) -> bool {
        self.facet(key).is_some() || self.properties.iter().any(|one| one == key)
    }
}

/// Whether the notation can hold an id.
fn is_plain(id: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-');
    !id.is_empty() && id.len() <= ID_BYTES_MAX && id.bytes().all(plain)
}

/// The shop's texts, and the matters that it has no text on.
fn matters(policies: &Policies) -> Vec<Matter> {
    let mut found: Vec<Matter> = Vec::new();
    for topic in policies.topics().iter().filter(|topic| is_plain(&topic.id)) {
        let known = topic.intents.iter().find(|label| INTENTS.contains(&label.as_str()));
        let intent = known.or(topic.intents.first()).cloned();
        found.extend(intent.map(|intent| Matter { id: topic.id.clone(), intent, has_text: true }));
    }
    for intent in MATTERS {
        let told = policies.of_intent(intent).next().is_some();
        if !told && !found.iter().any(|matter| matter.id == intent) {
            let (id, intent) = (intent.to_owned(), intent.to_owned());
            found.push(Matter { id, intent, has_text: false });
        }
    }
    found.truncate(SORT_IDS_MAX);
    found
}
