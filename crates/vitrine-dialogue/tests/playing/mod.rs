//! Plays conversation tests against the dialogue alone: no server, no store, no models.

#![allow(dead_code, reason = "each program uses some of it")]

use jiff::civil::date;
use serde_json::Value;
use serde_json::json;
use std::collections::BTreeMap;
use std::path::Path;
use vitrine_dialogue::dialogue;
use vitrine_dialogue::dialogue::Turned;
use vitrine_dialogue::locale::Locales;
use vitrine_dialogue::policies::Policies;
use vitrine_dialogue::policy::Customer;
use vitrine_dialogue::policy::Order;
use vitrine_dialogue::policy::Rules;
use vitrine_dialogue::policy::ShopProfile;
use vitrine_dialogue::reader::Evidence;
use vitrine_dialogue::shop::Availability;
use vitrine_dialogue::shop::Catalog;
use vitrine_dialogue::shop::Language;
use vitrine_dialogue::shop::Lookups;
use vitrine_dialogue::shop::Missing;
use vitrine_dialogue::state::DialogueState;
use vitrine_dialogue::words::Address;
use vitrine_judge::Product;
use vitrine_judge::ShopData;
use vitrine_judge::Variant;

/// A shop's own files.
pub(crate) struct Shop {
    pub(crate) catalog: Catalog,
    pub(crate) policies: Policies,
    pub(crate) locales: Locales,
    config: toml::Value,
}

impl Shop {
    /// The shop in a folder; files of `locales` replace the built-in languages.
    pub(crate) fn open(folder: &Path, locales: Option<&Path>) -> Self {
        let read = |name: &str| std::fs::read_to_string(folder.join(name)).expect("a shop's file");
        let shipped = Locales::shipped(Language::EN).expect("built-in locales");
        let config: toml::Table = toml::from_str(&read("vitrine.toml")).expect("a configuration");
        let locales = match locales {
            Some(folder) => shipped.with_folder(folder).expect("locales"),
            None => shipped,
        };
        Self {
            catalog: Catalog::open(folder, &vitrine_catalog::CatalogLimits::GATEWAY)
                .expect("a catalogue"),
            policies: Policies::parse(&read("policies.toml"), &locales).expect("policies"),
            locales,
            config: config["shop"].clone(),
        }
    }

    /// The shop in the words of a language.
    pub(crate) fn profile(&self, language: Language) -> ShopProfile {
        let text = |key: &str| {
            let found = self.config.get(format!("{key}_{}", language.code()));
            let found = found.or_else(|| self.config.get(format!("{key}_en")));
            found.and_then(toml::Value::as_str).unwrap_or_default().to_owned()
        };
        let own = |key: &str| {
            self.config.get(key).and_then(toml::Value::as_str).unwrap_or_default().to_owned()
        };
        ShopProfile {
            name: own("name"),
            about: text("about"),
            team: text("team"),
            hours: text("hours"),
            checkout_url: own("checkout_url"),
            personal_tiers: Vec::new(),
        }
    }

    /// The shop as the judge of conversations knows it.
    pub(crate) fn judged(&self) -> vitrine_judge::Shop {
        let mut data = ShopData::default();
        for category in self.catalog.categories() {
            if let Some(parent) = &category.parent {
                data.parents.insert(category.id.clone(), parent.clone());
            }
        }
        let lenient = self.catalog.facets().iter().filter(|one| one.missing == Missing::Matches);
        data.missing_matches.extend(lenient.map(|facet| facet.key.clone()));
        for product in self.catalog.products() {
            let variants = product.variants.iter().map(|variant| Variant {
                sku: variant.sku.as_str().to_owned(),
                options: variant.options.clone(),
                price: variant.price.amount,
                available: variant.availability != Availability::SoldOut,
            });
            data.products.push(Product {
                sku: product.sku.as_str().to_owned(),
                name: product.name.clone(),
                category: Some(product.category.clone()),
                facets: product.facets.clone(),
                price: product.price.amount,
                variants: variants.collect(),
            });
        }
        vitrine_judge::Shop::new(data)
    }
}

/// The conversations of a shop.
pub(crate) struct Threads<'a> {
    shop: &'a Shop,
    states: BTreeMap<String, (DialogueState, Language)>,
}

impl<'a> Threads<'a> {
    pub(crate) fn new(shop: &'a Shop) -> Self {
        Self { shop, states: BTreeMap::new() }
    }

    /// Answers a body of `POST /respond`; `spoken` is the language of the conversation.
    pub(crate) fn respond(&mut self, request: &Value, spoken: Language) -> Turned {
        let thread = text_of(&request["thread_id"]).unwrap_or_default();
        let hint = request["locale"].as_str().and_then(Language::from_locale);
        let known = self.states.remove(&thread);
        let (before, language) =
            known.unwrap_or_else(|| (DialogueState::default(), hint.unwrap_or(spoken)));
        let profile = self.shop.profile(language);
        let setting = dialogue::Setting {
            catalog: &self.shop.catalog,
            policies: &self.shop.policies,
            locales: &self.shop.locales,
            shop: &profile,
            address: Address::Formal,
            rules: Rules::default(),
        };
        let incoming = dialogue::Incoming {
            text: request["message"]["text"].as_str().unwrap_or_default(),
            tapped: request["message"]["option_id"].as_str(),
            language,
            evidence: &Evidence::default(),
            today: date(2026, 12, 1),
            customer: &customer(&request["customer"]),
            thread: &thread,
            short: false,
        };
        let turned = dialogue::turn(&setting, &before, &incoming);
        self.states.insert(thread, (turned.state.clone(), language));
        turned
    }
}

fn text_of(value: &Value) -> Option<String> {
    value.as_str().map(str::to_owned)
}

fn customer(known: &Value) -> Customer {
    let orders = known["orders"].as_array().into_iter().flatten();
    Customer {
        name: text_of(&known["name"]),
        tier: text_of(&known["tier"]),
        last_purchase: text_of(&known["last_purchase"]),
        orders: orders
            .map(|order| Order {
                id: text_of(&order["id"]).unwrap_or_default(),
                status: text_of(&order["status"]).unwrap_or_default(),
                date: text_of(&order["date"]),
                link: text_of(&order["link"]),
            })
            .collect(),
    }
}

/// The body of an answer, as the judge reads it. Offers are made elsewhere: one stands where an
/// offer may follow.
pub(crate) fn body(turned: &Turned, language: Language) -> Value {
    let plan = &turned.plan;
    let action = &plan.action;
    let kind = action.kind.name();
    let options = plan.options.iter().zip(&turned.worded.titles);
    let options: Vec<Value> =
        options.map(|(option, title)| json!({"id": option.id, "title": title})).collect();
    let products: Vec<Value> =
        plan.products.iter().map(|shown| json!({"sku": shown.card.sku})).collect();
    let offers = !plan.no_offer && matches!(kind, "recommend" | "checkout");
    let suggestion = if offers { json!({"sku": "X", "name": "an offer"}) } else { Value::Null };
    let handoff =
        plan.handoff.map(|reason| json!({"reason": format!("{reason:?}").to_lowercase()}));
    json!({
        "language": language.code(),
        "action": {
            "kind": kind,
            "sku": action.sku,
            "facet": action.facet,
            "topic": action.topic,
            "link": action.link,
        },
        "reply": {"text": turned.worded.text, "options": options, "source": "template"},
        "products": products,
        "suggestion": suggestion,
        "facts": [],
        "handoff": handoff,
    })
}
