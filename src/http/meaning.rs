//! The meaning of a request, for recognising a redelivery: what it says, without how it is spelled
//! and how its answer is delivered.
//!
//! The canonical text is JSON of the parsed request: unknown fields are gone, nulls and empty lists
//! without effect are left out, keys are sorted, times, addresses and composed characters have one
//! form. `stream`, `debounce` and `deadline_ms` only concern the delivery.

use crate::http::fields;
use crate::http::wire::respond::RespondRequest;
use crate::http::wire::threads::HumanMessageRequest;
use serde::Serialize;
use serde_json::Value;
use unicode_normalization::UnicodeNormalization;
use vitrine_base::channel::ChannelKind;
use vitrine_conversations::BodyHash;
use vitrine_conversations::RequestHash;
use vitrine_conversations::canonical_address;

/// Fields that only concern the delivery of the answer.
const DELIVERY_FIELDS: [&str; 3] = ["stream", "debounce", "deadline_ms"];

/// Lists that mean nothing if they are empty. An empty `cart` empties the cart.
const EMPTY_LISTS: [&str; 2] = ["orders", "attachments"];

/// Hashes of a customer's message; `bytes` is the body as it was received.
pub(crate) fn of_turn(request: &RespondRequest, bytes: &[u8]) -> RequestHash {
    let mut value = value(request);
    if let Value::Object(fields) = &mut value {
        fields.retain(|key, _| !DELIVERY_FIELDS.contains(&key.as_str()));
    }
    if let Some(Value::String(sender)) = value.get_mut("sender")
        && let Some(channel) = ChannelKind::from_name(&request.channel)
    {
        *sender = canonical_address(channel, sender);
    }
    for line in value.get_mut("cart").and_then(Value::as_array_mut).into_iter().flatten() {
        if line["quantity"].is_null() {
            line["quantity"] = 1.into();
        }
    }
    hash(value, bytes)
}

/// Hashes of a human's message.
pub(crate) fn of_human_message(request: &HumanMessageRequest, bytes: &[u8]) -> RequestHash {
    hash(value(request), bytes)
}

/// A wire body as JSON. One that does not serialise is a bug; it then equals no other request.
fn value(body: &impl Serialize) -> Value {
    serde_json::to_value(body).unwrap_or_default()
}

fn hash(mut value: Value, bytes: &[u8]) -> RequestHash {
    if let Some(Value::String(sent_at)) = value.pointer_mut("/message/sent_at")
        && let Ok(time) = fields::sent_at("message.sent_at", sent_at)
    {
        *sent_at = format!("{} {}", time.at.as_nanosecond(), time.offset.seconds());
    }
    prune(&mut value);
    value.sort_all_objects();
    let meaning = BodyHash::of_meaning(&value.to_string());
    RequestHash { meaning, bytes: BodyHash::of(bytes) }
}

/// Drops what means nothing, and composes the characters of all texts.
fn prune(value: &mut Value) {
    match value {
        Value::Object(fields) => {
            fields.values_mut().for_each(prune);
            fields.retain(|key, field| match field {
                Value::Null => false,
                Value::Array(items) => !items.is_empty() || !EMPTY_LISTS.contains(&key.as_str()),
                Value::Object(inner) => !inner.is_empty(),
                Value::Bool(_) | Value::Number(_) | Value::String(_) => true,
            });
        }
        Value::Array(items) => items.iter_mut().for_each(prune),
        Value::String(text) => *text = text.nfc().collect(),
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde_json::json;

    fn meaning(body: &str) -> BodyHash {
        // As for an accepted request: unknown keys are ignored.
        let request = crate::http::body::parse(body.as_bytes()).unwrap_or_else(|error| {
            unreachable!("{body} is no request: {error}");
        });
        of_turn(&request, body.as_bytes()).meaning
    }

    #[test]
    fn spelling_and_delivery_do_not_change_the_meaning() {
        let first = meaning(
            r#"{"channel":"whatsapp","thread_id":"t","message":{"id":"x","text":"Bonjour é",
                "sent_at":"2026-11-22T10:00:00Z"},"sender":"+33612345678",
                "cart":[{"sku":"A"}]}"#,
        );
        for other in [
            // Another order of keys, spaces, escapes, nulls, unknown fields.
            r#" {"message" : {"text":"Bonjour \u00e9","id":"x","sent_at":"2026-11-22T10:00:00Z",
                "option_id":null,"attachments":[]}, "thread_id":"t","channel":"whatsapp",
                "cart":[{"quantity":1,"sku":"A"}],"sender":"+33612345678"}"#,
            r#"{"channel":"whatsapp","thread_id":"t","stream":true,"debounce":false,
                "deadline_ms":900,"locale":null,"customer":{"orders":[],"name":null},"extra":1,
                "message":{"id":"x","text":"Bonjour e\u0301",
                "sent_at":"2026-11-22T10:00:00.000+00:00"},
                "sender":"whatsapp:+33 6 12 34 56 78","cart":[{"sku":"A","quantity":null}]}"#,
        ] {
            assert_eq!(meaning(other), first, "{other}");
        }
    }

    #[test]
    fn another_value_of_any_field_is_another_meaning() {
        let full = json!({
            "thread_id": "t", "customer_id": "c", "channel": "sms", "sender": "+33612345678",
            "message": {"id": "x", "text": "hello", "sent_at": "2026-11-22T10:00:00Z",
                        "option_id": "feel=comfort",
                        "attachments": [{"kind": "image", "url": "https://a.example/1"}]},
            "locale": "fr-FR", "cart": [{"sku": "A", "quantity": 2}],
            "customer": {"name": "Lea", "tier": "vip", "last_purchase": "socks",
                         "orders": [{"id": "A-1", "status": "shipped", "date": "30/11",
                                     "link": "https://a.example"}]},
        });
        let first = meaning(&full.to_string());
        let mut changed = 0;
        for pointer in [
            "/thread_id",
            "/customer_id",
            "/channel",
            "/sender",
            "/message/id",
            "/message/text",
            "/message/sent_at",
            "/message/option_id",
            "/message/attachments/0/kind",
            "/message/attachments/0/url",
            "/locale",
            "/cart/0/sku",
            "/customer/name",
            "/customer/tier",
            "/customer/last_purchase",
            "/customer/orders/0/id",
            "/customer/orders/0/status",
            "/customer/orders/0/date",
            "/customer/orders/0/link",
        ] {
            let mut other = full.clone();
            *other.pointer_mut(pointer).unwrap() = "other".into();
            assert_ne!(meaning(&other.to_string()), first, "{pointer}");
            changed += 1;
        }
        let mut other = full.clone();
        other["cart"] = json!([]);
        let emptied = meaning(&other.to_string());
        other["cart"] = Value::Null;
        assert_ne!(meaning(&other.to_string()), emptied, "an empty cart empties the cart");
        // The sender's own day decides what `tomorrow` is.
        let at = |time: &str| {
            let mut other = full.clone();
            other["message"]["sent_at"] = time.into();
            meaning(&other.to_string())
        };
        assert_ne!(at("2026-11-22T11:00:00+01:00"), first);
        assert_eq!(at("2026-11-22T10:00:00.000Z"), first);
        assert_eq!(changed, 19);
    }

    /// Any request, as JSON.
    fn requests() -> impl Strategy<Value = Value> {
        let text = || prop_oneof![r"\PC{0,12}", "[a-z \"\\\\é\n]{0,12}"];
        let fields = (text(), text(), prop::option::of(text()), prop::option::of(text()));
        let cart = prop::option::of(prop::collection::vec((text(), 1_u32..9), 0..4));
        (fields, cart, prop::option::of(text())).prop_map(
            |((id, words, thread, locale), cart, name)| {
                let cart = cart.map(|lines| {
                    let line = |(sku, quantity)| json!({"sku": sku, "quantity": quantity});
                    lines.into_iter().map(line).collect::<Vec<Value>>()
                });
                json!({
                    "channel": "sms", "message": {"id": id, "text": words}, "thread_id": thread,
                    "locale": locale, "cart": cart, "customer": {"name": name},
                })
            },
        )
    }

    /// The same JSON spelled otherwise: keys rotated, blanks between tokens, characters escaped,
    /// and null fields left out or added.
    fn spell(value: &Value, seed: &mut u64, out: &mut String) {
        let mut next = |below: u64| {
            *seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            (*seed >> 33) % below
        };
        match value {
            Value::Object(fields) => {
                let mut fields: Vec<_> = fields.iter().filter(|(_, one)| !one.is_null()).collect();
                let turn = next(fields.len().max(1) as u64);
                fields.rotate_left(usize::try_from(turn).unwrap());
                let added = next(2) == 0;
                out.push('{');
                for (at, (key, field)) in fields.into_iter().enumerate() {
                    out.push_str(if at > 0 { " ,\n" } else { " " });
                    out.push_str(&format!("{key:?} : "));
                    spell(field, seed, out);
                }
                out.push_str(if added && !out.ends_with('{') { ",\"stream\":null}" } else { "}" });
            }
            Value::Array(items) => {
                out.push('[');
                for (at, item) in items.iter().enumerate() {
                    out.push_str(if at > 0 { ", " } else { "" });
                    spell(item, seed, out);
                }
                out.push(']');
            }
            Value::String(text) => {
                out.push('"');
                let mut units = [0; 2];
                for character in text.chars() {
                    let escape = next(2) == 0 || character.is_control();
                    if escape || matches!(character, '"' | '\\') {
                        for unit in character.encode_utf16(&mut units) {
                            out.push_str(&format!("\\u{unit:04x}"));
                        }
                    } else {
                        out.push(character);
                    }
                }
                out.push('"');
            }
            Value::Null | Value::Bool(_) | Value::Number(_) => out.push_str(&value.to_string()),
        }
    }

    proptest! {
        #[test]
        fn every_spelling_of_a_request_has_one_meaning(
            request in requests(),
            seed in any::<u64>(),
        ) {
            let mut spelled = String::new();
            spell(&request, &mut seed.clone(), &mut spelled);
            prop_assert_eq!(meaning(&spelled), meaning(&request.to_string()), "{}", spelled);
        }

        #[test]
        fn requests_of_another_meaning_differ(one in requests(), other in requests()) {
            let same = {
                let (mut one, mut other) = (one.clone(), other.clone());
                prune(&mut one);
                prune(&mut other);
                one == other
            };
            prop_assert_eq!(meaning(&one.to_string()) == meaning(&other.to_string()), same);
        }
    }
}
