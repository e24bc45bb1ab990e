//! Claims about queries on a small shop of beds and shoes.

use super::*;
use crate::CatalogFormat;
use crate::FacetChoice;
use crate::Order;
use crate::Relaxed;
use crate::ShopVocabulary;
use crate::read_facets;
use crate::tests_support::limits;
use proptest::prelude::*;
use vitrine_base::ids::Sku;
use vitrine_base::money::Money;

const FACETS: &str = r#"
[[facet]]
key = "colour"
label = { en = "colour" }
ask = 0.3
[[facet.value]]
id = "black"
[[facet.value]]
id = "white"
[[facet]]
key = "weather"
label = { en = "weather" }
ask = 1.0
[[facet.value]]
id = "rain"
[[facet]]
key = "gender"
missing = "matches"
[[facet.value]]
id = "kids"
[[category]]
id = "shoes"
[[category]]
id = "trail_shoes"
parent = "shoes"
[[category]]
id = "road_shoes"
parent = "shoes"
[[category]]
id = "beds"
"#;

fn shoe(sku: &str, category: &str, price: &str, facets: &str, stock: &str) -> String {
    format!(
        r#"{{"sku":"{sku}","name":"Shoe {sku}","category":"{category}","stock":{stock},
        "price":{{"amount":"{price}","currency":"EUR"}},"facets":{facets},"rank":{price}}}"#
    )
    .replace(".00,", ",")
    .replace('\n', " ")
}

fn shop() -> Catalog {
    let variant = |size: &str, price: &str, rest: &str| {
        format!(
            r#"{{"sku":"BED-{size}","options":{{"size":"{size}"}},{rest}
            "price":{{"amount":"{price}","currency":"EUR"}}}}"#
        )
    };
    let bed = format!(
        r#"{{"sku":"BED","name":"Bed","category":"beds","options":["size"],
        "attributes":{{"washable":true,"thickness_cm":18}},"title":{{"fr":"lit","en":"bed"}},
        "variants":[{},{},{},{}]}}"#,
        variant("90x190", "219.00", r#""stock":2,"#),
        variant("140x190", "307.00", r#""stock":1,"#),
        variant("160x200", "180.00", r#""stock":0,"#),
        variant("180x200", "438.00", r#""availability":"preorder","#),
    );
    let lines = [
        bed.replace('\n', " "),
        shoe("T1", "trail_shoes", "80", r#"{"colour":["black"]}"#, r#"{"41":1,"42":0}"#),
        shoe(
            "T2",
            "trail_shoes",
            "120",
            r#"{"colour":["white"],"weather":["rain"]}"#,
            r#"{"41":1,"42":2}"#,
        ),
        shoe("R1", "road_shoes", "60", r#"{"colour":["white"],"gender":["kids"]}"#, r#"{"42":1}"#),
        shoe("R2", "road_shoes", "70", r#"{"colour":["black","white"]}"#, r#"{"41":3}"#),
        shoe("R3", "road_shoes", "50", r#"{"colour":["black"]}"#, r#"{"41":0}"#),
    ];
    let vocabulary = read_facets(FACETS, &limits()).unwrap();
    parse(&lines.join("\n"), vocabulary)
}

fn parse(lines: &str, vocabulary: ShopVocabulary) -> Catalog {
    Catalog::parse(lines.as_bytes(), CatalogFormat::Ndjson, vocabulary, &limits()).unwrap()
}

fn choices(texts: &[&str]) -> Vec<FacetChoice> {
    texts.iter().map(|text| FacetChoice::parse(text).unwrap()).collect()
}

fn options(key: &str, values: &[&str]) -> BTreeMap<String, Vec<String>> {
    let values = values.iter().map(|value| (*value).to_owned()).collect();
    BTreeMap::from([(key.to_owned(), values)])
}

fn category(id: &str) -> Query {
    Query { category: Some(id.to_owned()), ..Query::default() }
}

fn euros(amount: u32) -> Option<Money> {
    Money::parse(&amount.to_string(), "EUR").ok()
}

fn skus(products: &[&Product]) -> Vec<String> {
    products.iter().map(|product| product.sku.to_string()).collect()
}

#[test]
fn criteria_hold_for_one_variant_together() {
    let shop = shop();
    let bed = |size: &str, max: u32| Query {
        options: options("size", &[size]),
        price_max: euros(max),
        ..category("beds")
    };
    assert_eq!(skus(&shop.matching(&bed("140 x 190 cm", 307))), ["BED"]);
    assert!(shop.matching(&bed("140x190", 250)).is_empty(), "only another size costs less");
    assert!(shop.matching(&bed("160x200", 500)).is_empty(), "that size is sold out");
    assert_eq!(skus(&shop.matching(&bed("180x200", 500))), ["BED"], "it can be ordered");
    let sold_out = Query { sold_out: true, ..bed("160x200", 500) };
    assert_eq!(skus(&shop.matching(&sold_out)), ["BED"]);
}

#[test]
fn wishes_select_and_preferences_rank() {
    let shop = shop();
    let found = |query: Query| skus(&shop.matching(&query));
    assert_eq!(found(category("shoes")), ["R1", "R2", "T1", "T2"]);
    let sized = Query { options: options("size", &["42", "43"]), ..category("shoes") };
    assert_eq!(found(sized), ["R1", "T2"]);
    let black = Query { must: choices(&["colour=black"]), ..category("shoes") };
    assert_eq!(found(black), ["R2", "T1"]);
    let either = Query { must: choices(&["colour=black", "colour=white"]), ..category("shoes") };
    assert_eq!(found(either), ["R2", "R1", "T1", "T2"], "the one that states both comes first");
    let not_black = Query { must_not: choices(&["colour=black"]), ..category("shoes") };
    assert_eq!(found(not_black), ["R1", "T2"]);
    let dry = Query { prefer: choices(&["weather=rain"]), ..category("shoes") };
    assert_eq!(found(dry)[0], "T2");
    let dear = Query { order: Order::Dearest, ..category("shoes") };
    assert_eq!(found(dear), ["T2", "T1", "R2", "R1"]);
    let kids = Query { must: choices(&["gender=kids"]), ..category("shoes") };
    assert_eq!(found(kids), ["R1", "R2", "T1", "T2"], "without a gender it suits everyone");
    let rest = Query { exclude: vec![Sku::new("R1").unwrap()], ..category("road_shoes") };
    assert_eq!(found(rest), ["R2"]);
}

#[test]
fn a_sku_leads_to_its_product_and_variant() {
    let shop = shop();
    let found = |sku: &str| {
        let (product, variant) = shop.find_sku(&Sku::new(sku).unwrap())?;
        Some((product.sku.to_string(), variant.map(|variant| variant.options.len())))
    };
    assert_eq!(found("BED-140x190"), Some(("BED".to_owned(), Some(1))));
    assert_eq!(found("BED"), Some(("BED".to_owned(), None)));
    assert_eq!(found("R1"), Some(("R1".to_owned(), Some(1))));
    assert_eq!(found("R9"), None);
    assert_eq!(shop.codes().find("bed-140X190").map(Sku::as_str), Some("BED"));
}

#[test]
fn a_shop_with_very_many_languages_is_read_in_the_most_used() {
    let tags = ('a'..='z').map(|letter| format!(r#""x{letter}":"t""#)).collect::<Vec<_>>();
    let both = format!(r#"{{"title":{{{},"fr":"lit"}},"#, tags.join(","));
    let line = shoe("A", "beds", "10", "{}", "1").replacen('{', &both, 1);
    let other = shoe("B", "beds", "10", "{}", "1").replacen('{', r#"{"title":{"fr":"lit"},"#, 1);
    let shop = parse(&format!("{line}\n{other}"), ShopVocabulary::default());
    assert_eq!(shop.languages().count(), crate::limits::LANGUAGES_MAX);
    assert!(shop.languages().any(|language| language == Language::FR));
}

#[test]
fn attributes_count_as_facets() {
    let shop = shop();
    let with = |text: &str| Query { must: choices(&[text]), ..category("beds") };
    for text in ["washable=true", "thickness_cm=18"] {
        assert_eq!(skus(&shop.matching(&with(text))), ["BED"], "{text}");
    }
    assert!(shop.matching(&with("washable=false")).is_empty());
    assert!(shop.matching(&with("thickness_cm=20")).is_empty());
}

#[test]
fn the_least_important_wish_is_given_up_and_reported() {
    let shop = shop();
    let query = Query {
        must: choices(&["colour=black", "weather=rain"]),
        options: options("size", &["42"]),
        ..category("trail_shoes")
    };
    let found = shop.find(&query, 3);
    assert_eq!(skus(&found.products), ["T2"]);
    assert_eq!(found.relaxed, [Relaxed::Constraint(FacetChoice::new("colour", "black"))]);
    let cheap =
        Query { must: choices(&["weather=rain"]), price_max: euros(60), ..category("trail_shoes") };
    let found = shop.find(&cheap, 3);
    assert_eq!(found.relaxed, [Relaxed::BudgetMax(euros(60).unwrap())]);
    assert_eq!(skus(&found.products), ["T2"]);
    let found = shop.find(&Query { price_max: euros(50), ..category("shoes") }, 1);
    assert_eq!(skus(&found.products), ["R1"], "the closest price comes first");
    assert_eq!(found.matching, 4);
    let found = shop.find(&Query { price_max: euros(60), ..category("trail_shoes") }, 9);
    assert_eq!(skus(&found.products), ["T1", "T2"], "the kind matters more than the price");
}

#[test]
fn the_whole_shop_is_never_offered() {
    let shop = shop();
    assert_eq!(shop.find(&Query::default(), 9), Found::default());
    assert_eq!(shop.find(&category("hats"), 9), Found::default());
    let none = Query { must: choices(&["colour=green"]), ..Query::default() };
    assert_eq!(shop.find(&none, 9), Found::default());
    let words = Query { words: vec!["lit".to_owned()], ..Query::default() };
    assert_eq!(skus(&shop.find(&words, 9).products), ["BED"]);
    let unknown = Query { words: vec!["piano".to_owned()], ..Query::default() };
    assert_eq!(shop.find(&unknown, 9), Found::default());
}

#[test]
fn a_question_asks_for_what_is_open_only() {
    let shop = shop();
    let options = QuestionOptions {
        candidates_min: 3,
        options_max: 3,
        coverage_min: 0.4,
        gain_bits_min: 0.1,
    };
    let question = |query: &Query, asked: &[String]| {
        shop.question(query, asked, &options).map(|question| question.key)
    };
    assert_eq!(question(&category("shoes"), &[]).as_deref(), Some("category"));
    let asked = [CATEGORY_KEY.to_owned()];
    assert_eq!(question(&category("shoes"), &asked).as_deref(), Some("colour"));
    let told = Query { prefer: choices(&["colour=black"]), ..category("shoes") };
    assert_eq!(question(&told, &asked), None);
}

#[test]
fn a_shop_without_a_vocabulary_asks_for_its_facets() {
    let lines: Vec<String> = ["oak", "oak", "pine", "pine", "ash"]
        .iter()
        .enumerate()
        .map(|(at, wood)| {
            let facets = format!(r#"{{"wood":["{wood}"]}}"#);
            shoe(&format!("W{at}"), "tables", "90", &facets, "1")
        })
        .collect();
    let shop = parse(&lines.join("\n"), ShopVocabulary::default());
    let options = QuestionOptions {
        candidates_min: 3,
        options_max: 3,
        coverage_min: 0.4,
        gain_bits_min: 0.1,
    };
    let question = shop.question(&category("tables"), &[], &options).unwrap();
    assert_eq!(question.key, "wood");
    assert_eq!(question.options.len(), 3);
}

fn any_query() -> impl Strategy<Value = Query> {
    let choice = prop::sample::select(vec![
        "colour=black",
        "colour=white",
        "weather=rain",
        "gender=kids",
        "washable=true",
    ]);
    let list = prop::collection::vec(choice, 0..3);
    let kinds = vec!["shoes", "trail_shoes", "road_shoes", "beds", "hats"];
    let category = prop::option::of(prop::sample::select(kinds));
    let sizes = prop::sample::select(vec!["41", "42", "140x190", "160 x 200", "M"]);
    let sizes = prop::collection::vec(sizes, 0..3);
    let price = || prop::option::of(0..400_u32);
    (category, list.clone(), list.clone(), list, sizes, price(), price()).prop_map(
        |(category, must, must_not, prefer, sizes, min, max)| Query {
            category: category.map(str::to_owned),
            must: choices(&must),
            must_not: choices(&must_not),
            prefer: choices(&prefer),
            price_min: min.and_then(euros),
            price_max: max.and_then(euros),
            options: if sizes.is_empty() { BTreeMap::new() } else { options("size", &sizes) },
            ..Query::default()
        },
    )
}

proptest! {
    #[test]
    fn what_is_found_meets_every_wish_that_was_not_given_up(query in any_query()) {
        let shop = shop();
        let exact = shop.matching(&query);
        let found = shop.find(&query, 10);
        prop_assert_eq!(found.matching, found.products.len());
        if !exact.is_empty() {
            prop_assert!(found.relaxed.is_empty());
            prop_assert_eq!(&exact, &found.products);
        }
        if found.products.is_empty() {
            prop_assert!(found.relaxed.is_empty());
        }
        let gone = |wish: &Relaxed| found.relaxed.contains(wish);
        for product in &found.products {
            for choice in &query.must_not {
                let kept = !product.has(choice) || gone(&Relaxed::Excluded(choice.clone()));
                prop_assert!(kept, "{} {}", product.sku, choice);
            }
            if let Some(limit) = query.price_max {
                let (low, _) = product.price_range(&BTreeMap::new());
                prop_assert!(low.amount <= limit.amount || gone(&Relaxed::BudgetMax(limit)));
            }
            prop_assert!(product.in_stock(None));
        }
    }
}
