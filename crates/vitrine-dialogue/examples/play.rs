//! Plays conversation tests against the dialogue alone: no server, no store, no models.
//!
//! `cargo run --example play -- SHOP_DIR FILE…  [--all]`; files of the folder `LOCALES` replace the
//! built-in languages.

#![allow(
    clippy::unwrap_used,
    clippy::print_stdout,
    clippy::print_stderr,
    clippy::disallowed_methods,
    clippy::too_many_lines,
    reason = "a tool for a person at a terminal: it prints, measures and stops at the first fault"
)]

use jiff::civil::date;
use rust_decimal::Decimal;
use serde_json::Value;
use serde_json::json;
use std::collections::HashMap;
use std::path::Path;
use std::path::PathBuf;
use std::time::Instant;
use vitrine_dialogue::dialogue;
use vitrine_dialogue::locale::Locales;
use vitrine_dialogue::policies::Policies;
use vitrine_dialogue::policy::Customer;
use vitrine_dialogue::policy::Order;
use vitrine_dialogue::policy::ShopProfile;
use vitrine_dialogue::reader::Evidence;
use vitrine_dialogue::shop::Availability;
use vitrine_dialogue::shop::Catalog;
use vitrine_dialogue::shop::Language;
use vitrine_dialogue::shop::Lookups;
use vitrine_dialogue::state::DialogueState;
use vitrine_judge::Outcome;
use vitrine_judge::Player;
use vitrine_judge::Product;
use vitrine_judge::Reply;
use vitrine_judge::Shop;
use vitrine_judge::ShopData;
use vitrine_judge::Variant;

const LIMITS: vitrine_catalog::CatalogLimits = vitrine_catalog::CatalogLimits {
    file_bytes_max: 64 << 20,
    products_max: 50_000,
    line_bytes_max: 64 << 10,
    facets_max: 64,
    values_max: 512,
    sizes_max: 64,
    variants_max: 512,
    features_max: 32,
};

fn judged(catalog: &Catalog) -> Shop {
    let mut data = ShopData::default();
    for category in catalog.categories() {
        if let Some(parent) = &category.parent {
            data.parents.insert(category.id.clone(), parent.clone());
        }
    }
    for facet in catalog
        .facets()
        .iter()
        .filter(|facet| facet.missing == vitrine_dialogue::shop::Missing::Matches)
    {
        data.missing_matches.insert(facet.key.clone());
    }
    for product in catalog.products() {
        let variants: Vec<Variant> = product
            .variants
            .iter()
            .map(|variant| Variant {
                sku: variant.sku.as_str().to_owned(),
                options: variant.options.clone(),
                price: variant.price.amount,
                available: variant.availability != Availability::SoldOut,
            })
            .collect();
        data.products.push(Product {
            sku: product.sku.as_str().to_owned(),
            name: product.name.clone(),
            category: Some(product.category.clone()),
            facets: product.facets.clone(),
            price: product.price.amount,
            variants,
        });
    }
    Shop::new(data)
}

struct Threads {
    states: HashMap<String, (DialogueState, Language)>,
}

fn main() {
    let mut arguments: Vec<String> = std::env::args().skip(1).collect();
    let all = arguments.iter().any(|argument| argument == "--all");
    arguments.retain(|argument| argument != "--all");
    let folder = PathBuf::from(&arguments[0]);
    let files: Vec<PathBuf> = arguments[1..].iter().map(PathBuf::from).collect();
    let catalog = Catalog::open(&folder, &LIMITS).unwrap();
    let policies = std::fs::read_to_string(folder.join("policies.toml")).unwrap();
    let policies = Policies::parse(&policies).unwrap();
    let mut locales = Locales::shipped(Language::EN).unwrap();
    if let Some(folder) = std::env::var_os("LOCALES") {
        locales = locales.with_folder(Path::new(&folder)).unwrap();
    }
    let config: toml::Table =
        toml::from_str(&std::fs::read_to_string(folder.join("vitrine.toml")).unwrap()).unwrap();
    let shop = judged(&catalog);
    let conversations = vitrine_judge::load(&files).unwrap();
    let mut threads = Threads { states: HashMap::new() };
    let mut played = Vec::new();
    let lines = files.iter().map(|file| std::fs::read_to_string(file).unwrap());
    let lines: Vec<String> = lines.collect();
    let mut languages =
        lines.iter().flat_map(|text| text.lines()).filter(|line| !line.trim().is_empty()).map(
            |line| {
                let value: Value = serde_json::from_str(line).unwrap();
                value["language"].as_str().unwrap().to_owned()
            },
        );
    for conversation in &conversations {
        let spoken = Language::from_locale(languages.next().unwrap().as_str()).unwrap();
        let mut player = Player::new(&shop, conversation, "play");
        while let Some(request) = player.next_request() {
            let began = Instant::now();
            let body = respond(
                &request,
                &mut threads,
                (&catalog, &policies, &locales),
                &config["shop"],
                spoken,
            );
            player.receive(Reply { status: 200, body, ms: began.elapsed().as_secs_f64() * 1e3 });
        }
        played.push(player.finish());
    }
    for conversation in played.iter().filter(|played| all || !played.passed()) {
        println!("{}", vitrine_judge::exchanges(conversation));
    }
    println!("{}", vitrine_judge::table(&Outcome::new(played)));
}

fn shop_in(config: &toml::Value, language: Language) -> ShopProfile {
    let text = |key: &str| {
        let found = config.get(format!("{key}_{}", language.code()));
        let found = found.or_else(|| config.get(format!("{key}_en")));
        found.and_then(toml::Value::as_str).unwrap_or_default().to_owned()
    };
    ShopProfile {
        name: config.get("name").and_then(toml::Value::as_str).unwrap_or_default().to_owned(),
        about: text("about"),
        team: text("team"),
        hours: text("hours"),
        checkout_url: config["checkout_url"].as_str().unwrap_or_default().to_owned(),
        personal_tiers: Vec::new(),
    }
}

fn respond(
    request: &Value,
    threads: &mut Threads,
    (catalog, policies, locales): (&Catalog, &Policies, &Locales),
    config: &toml::Value,
    spoken: Language,
) -> Value {
    let thread = request["thread_id"].as_str().unwrap().to_owned();
    let text = request["message"]["text"].as_str().unwrap_or_default();
    let tapped = request["message"]["option_id"].as_str();
    let hint = request["locale"].as_str().and_then(Language::from_locale);
    let known = threads.states.get(&thread).cloned();
    let (before, expected) =
        known.unwrap_or_else(|| (DialogueState::default(), hint.unwrap_or(spoken)));
    let language = expected;
    let orders = request["customer"]["orders"].as_array().cloned().unwrap_or_default();
    let string = |value: &Value| value.as_str().map(str::to_owned);
    let customer = Customer {
        name: string(&request["customer"]["name"]),
        tier: string(&request["customer"]["tier"]),
        last_purchase: string(&request["customer"]["last_purchase"]),
        orders: orders
            .iter()
            .map(|order| Order {
                id: string(&order["id"]).unwrap_or_default(),
                status: string(&order["status"]).unwrap_or_default(),
                date: string(&order["date"]),
                link: string(&order["link"]),
            })
            .collect(),
    };
    let profile = shop_in(config, language);
    let setting = dialogue::Setting {
        catalog,
        policies,
        locales,
        shop: &profile,
        address: vitrine_dialogue::words::Address::Formal,
        rules: vitrine_dialogue::policy::Rules::default(),
    };
    let evidence = Evidence::default();
    let incoming = dialogue::Incoming {
        text,
        tapped,
        language,
        evidence: &evidence,
        today: date(2026, 12, 1),
        customer: &customer,
        thread: &thread,
        short: false,
    };
    let turned = dialogue::turn(&setting, &before, &incoming);
    if std::env::var_os("COMMANDS").is_some() {
        let said: Vec<Value> = turned
            .reading
            .commands
            .iter()
            .map(|said| serde_json::to_value(said).unwrap())
            .collect();
        eprintln!("{text:?} [{}] {}", language.code(), serde_json::to_string(&said).unwrap());
    }
    threads.states.insert(thread, (turned.state.clone(), language));
    let action = &turned.plan.action;
    let options = turned.plan.options.iter().zip(&turned.worded.titles);
    let options: Vec<Value> =
        options.map(|(option, title)| json!({"id": option.id, "title": title})).collect();
    let products: Vec<Value> =
        turned.plan.products.iter().map(|shown| json!({"sku": shown.card.sku})).collect();
    let suggestion = match (&turned.plan.no_offer, kind(&turned.plan)) {
        (false, "recommend" | "checkout") => json!({"sku": "X", "name": "an offer"}),
        _ => Value::Null,
    };
    let _ = Decimal::ZERO;
    json!({
        "language": language.code(),
        "action": {"kind": kind(&turned.plan), "sku": action.sku, "facet": action.facet, "topic": action.topic, "link": action.link},
        "reply": {"text": turned.worded.text, "options": options, "source": "template"},
        "products": products,
        "suggestion": suggestion,
        "facts": [],
        "handoff": turned.plan.handoff.map(|reason| json!({"reason": format!("{reason:?}").to_lowercase()})),
    })
}

fn kind(plan: &vitrine_dialogue::plan::Plan) -> &'static str {
    plan.action.kind.name()
}
