//! One answer of the gateway, as the checks see it; every field may be missing.

use crate::shop::ProductId;
use crate::shop::Shop;
use crate::text::addresses;
use serde_json::Value;

/// Actions that owe the customer a product.
const SHOWING: [&str; 3] = ["recommend", "checkout", "compare"];

/// An option that the customer can tap.
#[derive(Debug, Clone)]
pub(crate) struct Choice {
    pub(crate) id: String,
    pub(crate) title: String,
}

impl Choice {
    /// What the option sets and to which value: `size` and `42` of `size=42`.
    pub(crate) fn parts(&self) -> (&str, &str) {
        self.id.split_once('=').unwrap_or((&self.id, ""))
    }
}

/// One answer.
#[derive(Debug, Clone)]
pub struct Answer {
    pub(crate) status: u16,
    pub(crate) body: Value,
    pub(crate) kind: String,
    /// The facet that is asked for.
    pub(crate) facet: Option<String>,
    pub(crate) text: String,
    pub(crate) source: String,
    pub(crate) choices: Vec<Choice>,
    pub(crate) intent: String,
    /// Name of what else to buy is offered, if anything is.
    pub(crate) suggestion: Option<String>,
    /// Why a person is asked in, if one is; may be empty.
    pub(crate) handoff: Option<String>,
    /// Addresses in the text.
    pub(crate) addresses: Vec<String>,
    /// The action's link, else the first address in the text, else empty.
    pub(crate) link: String,
    /// Products that options name, each with its last option.
    pub(crate) tappable: Vec<(ProductId, Choice)>,
    /// All products shown, in order.
    pub(crate) shown: Vec<ProductId>,
    /// The one that the answer is about, else all shown.
    pub(crate) products: Vec<ProductId>,
}

impl Answer {
    /// Reads an answer; whatever has another form than expected counts as missing.
    pub(crate) fn read(shop: &Shop, status: u16, body: Value) -> Self {
        let (action, reply) = (&body["action"], &body["reply"]);
        let kind = text_of(&action["kind"]);
        let text = text_of(&reply["text"]);
        let addresses = addresses(&text);
        let choices = choices(&reply["options"]);
        let tappable = tappable(shop, &choices);
        let main = action["sku"].as_str().and_then(|sku| shop.find(sku));
        let listed = body["products"].as_array().into_iter().flatten();
        let listed = listed.filter_map(|product| shop.find(product["sku"].as_str()?));
        let mut shown = Vec::new();
        for id in main.into_iter().chain(listed).chain(tappable.iter().map(|(id, _)| *id)) {
            if !shown.contains(&id) {
                shown.push(id);
            }
        }
        if shown.is_empty() && SHOWING.contains(&kind.as_str()) {
            shown = shop.named_in(&text);
        }
        let link = Some(text_of(&action["link"])).filter(|link| !link.is_empty());
        let handoff = filled(&body["handoff"]).map(|handoff| text_of(&handoff["reason"]));
        Self {
            status,
            facet: action["facet"].as_str().filter(|facet| !facet.is_empty()).map(str::to_owned),
            source: text_of(&reply["source"]),
            intent: text_of(&body["intent"]["label"]),
            suggestion: filled(&body["suggestion"]).map(|offer| text_of(&offer["name"])),
            handoff: handoff.or_else(|| (kind == "handoff").then(String::new)),
            link: link.or_else(|| addresses.first().cloned()).unwrap_or_default(),
            products: main.map_or_else(|| shown.clone(), |id| vec![id]),
            kind,
            text,
            choices,
            addresses,
            tappable,
            shown,
            body,
        }
    }

    /// Whether the action owes the customer a product.
    pub(crate) fn owes_a_product(&self) -> bool {
        SHOWING.contains(&self.kind.as_str())
    }

    /// Whether the customer's size is asked for.
    pub(crate) fn asks_size(&self) -> bool {
        self.facet.as_deref() == Some("size")
            || self.choices.iter().any(|choice| choice.parts().0 == "size")
    }

    /// Whether a fact is held whose value contains a text.
    pub(crate) fn has_fact(&self, key: &str, part: &str) -> bool {
        let facts = self.body["facts"].as_array().into_iter().flatten();
        facts.filter(|fact| fact["key"] == *key).any(|fact| match &fact["value"] {
            Value::String(value) => value.contains(part),
            other => other.to_string().contains(part),
        })
    }
}

fn text_of(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

/// An object with at least one field.
fn filled(value: &Value) -> Option<&Value> {
    value.as_object().filter(|fields| !fields.is_empty()).map(|_| value)
}

fn choices(options: &Value) -> Vec<Choice> {
    let options = options.as_array().into_iter().flatten();
    let choice = |option: &Value| {
        let id = option["id"].as_str()?.to_owned();
        Some(Choice { id, title: text_of(&option["title"]) })
    };
    options.filter_map(choice).collect()
}

fn tappable(shop: &Shop, choices: &[Choice]) -> Vec<(ProductId, Choice)> {
    let mut tappable: Vec<(ProductId, Choice)> = Vec::new();
    for choice in choices {
        let (key, value) = choice.parts();
        let product = if matches!(key, "take" | "confirm") { shop.find(value) } else { None };
        let Some(product) = product else { continue };
        match tappable.iter_mut().find(|(id, _)| *id == product) {
            Some((_, last)) => *last = choice.clone(),
            None => tappable.push((product, choice.clone())),
        }
    }
    tappable
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::shop::tests_support::shop;
    use serde_json::json;

    fn skus(body: Value) -> (Vec<String>, Vec<String>) {
        let shop = shop();
        let answer = Answer::read(&shop, 200, body);
        let of = |ids: &[ProductId]| ids.iter().map(|id| shop.product(*id).sku.clone()).collect();
        (of(&answer.products), of(&answer.shown))
    }

    #[test]
    fn products_come_from_the_action_then_the_list_then_the_options() {
        let options =
            json!([{"id": "take=RUN-1", "title": "a"}, {"id": "other=GEL-1", "title": "b"}]);
        let body = json!({
            "action": {"kind": "recommend", "sku": "RUN-2"}, "products": [{"sku": "SOCK-1"}],
            "reply": {"text": "Gel Miel", "options": options},
        });
        let expected = |skus: &[&str]| skus.iter().map(|s| (*s).to_owned()).collect::<Vec<_>>();
        assert_eq!(skus(body), (expected(&["RUN-2"]), expected(&["RUN-2", "SOCK-1", "RUN-1"])));
    }

    #[test]
    fn names_in_the_text_count_only_where_a_product_is_owed() {
        let body =
            |kind| json!({"action": {"kind": kind}, "reply": {"text": "our VÉLANCE DORANE"}});
        assert_eq!(skus(body("recommend")).1, ["RUN-2"]);
        assert!(skus(body("answer")).1.is_empty());
    }

    #[test]
    fn a_body_of_any_form_is_read() {
        for body in [json!(null), json!([1]), json!({"action": 3, "reply": {"options": [1, {}]}})] {
            let answer = Answer::read(&shop(), 200, body);
            assert!(answer.shown.is_empty() && answer.handoff.is_none() && answer.link.is_empty());
        }
    }
}
