//! Claims about products that are sold in variants, as files hold them.

use crate::CatalogFormat;
use crate::attribute::AttributeValue;
use crate::import::read_products;
use crate::product::Availability;
use crate::product::Product;
use crate::tests_support::limits;
use std::collections::BTreeMap;
use vitrine_base::language::Language;

const LINE: &str = r#"{"sku":"M","name":"Alba","category":"beds","options":["size","wood"],
    "price":{"amount":"999.00","currency":"EUR"},
    "variants":[
      {"sku":"M-1","options":{"size":"90x190","wood":"oak"},"stock":4,"gtin":"4006381333931",
       "price":{"amount":"219.00","currency":"EUR"},
       "compare_at":{"amount":"259.00","currency":"EUR"}},
      {"sku":"M-2","options":{"size":"140x190","wood":"oak"},"stock":0,
       "price":{"amount":"307.50","currency":"EUR"},"url":"https://shop.example/m-2"},
      {"sku":"M-3","options":{"size":"140x190","wood":"pine"},"stock":0,
       "availability":"preorder","price":{"amount":"199.00","currency":"EUR"}},
      {"sku":"M-4","options":{"size":160,"wood":"pine"},"stock":null,
       "price":{"amount":"300.00","currency":"EUR"}}],
    "attributes":{"thickness_cm":18.5,"washable":false,"made_in":"France",
      "filling":{"en":"down","fr":"duvet"},"care":["cold wash","no bleach"],"none":null},
    "description":{"de":"Ein Bett.\nAus Eiche.","pt-BR":"Uma cama."},
    "images":["https://shop.example/1.jpg"],"title":{"it":"letto"}}"#;

fn read(text: &str) -> Result<Vec<Product>, String> {
    let text = text.replace('\n', " ");
    let read = read_products(text.as_bytes(), CatalogFormat::Ndjson, &limits());
    read.map(|imported| imported.products).map_err(|error| error.to_string())
}

#[test]
fn variants_have_their_own_sku_options_price_and_availability() {
    let products = read(LINE).unwrap();
    let product = &products[0];
    assert_eq!(product.price.amount_text(), "199.00", "the lowest of the variants");
    assert_eq!(product.options, ["size", "wood"]);
    assert_eq!(product.option_values("size"), ["90x190", "140x190", "160"]);
    let availability: Vec<Availability> = product.variants.iter().map(|v| v.availability).collect();
    let (there, gone) = (Availability::InStock, Availability::SoldOut);
    assert_eq!(availability, [there, gone, Availability::Preorder, there]);
    assert_eq!(product.variants[0].compare_at.unwrap().amount_text(), "259.00");
    assert_eq!(product.variants[0].gtin.as_deref(), Some("4006381333931"));
    assert_eq!(product.variants[1].url.as_deref(), Some("https://shop.example/m-2"));
    assert_eq!(product.variants[3].stock, None);
    let chosen = BTreeMap::from([("size".to_owned(), "140 x 190".to_owned())]);
    assert_eq!(product.matching(&chosen).count(), 2);
}

#[test]
fn attributes_and_texts_are_read_in_any_language() {
    let products = read(LINE).unwrap();
    let product = &products[0];
    assert_eq!(product.attributes.len(), 5);
    assert_eq!(product.attributes["washable"], AttributeValue::Flag(false));
    let thickness = AttributeValue::Number("18.5".parse().unwrap());
    assert_eq!(product.attributes["thickness_cm"], thickness);
    let said = |key: &str| product.attributes[key].text(Language::FR, &[]).unwrap();
    assert_eq!(
        (said("filling").as_str(), said("care").as_str()),
        ("duvet", "cold wash, no bleach")
    );
    assert_eq!(product.description.get(Language::DE).unwrap(), "Ein Bett. Aus Eiche.");
    assert_eq!(product.description.get(Language::PT).unwrap(), "Uma cama.");
    assert_eq!(product.images.len(), 1);
}

#[test]
fn a_price_that_is_no_reduction_is_not_compared() {
    let products = read(&LINE.replace("259.00", "219.00")).unwrap();
    assert_eq!(products[0].variants[0].compare_at, None);
}

#[test]
fn stock_of_the_first_version_becomes_variants_with_the_products_sku_and_price() {
    let products = read(
        r#"{"sku":"A","name":"Alpha","category":"shoes","stock":{"41":3,"42":0},
        "price":{"amount":"10.00","currency":"EUR"}}"#,
    )
    .unwrap();
    let product = &products[0];
    assert_eq!(
        (product.options.as_slice(), product.variants.len()),
        (["size".to_owned()].as_slice(), 2)
    );
    assert!(product.variants.iter().all(|v| v.sku == product.sku && v.price == product.price));
    assert!(product.variants[0].is_available() && !product.variants[1].is_available());
}

#[test]
fn faults_name_the_field_what_was_found_and_what_is_allowed() {
    for (from, to, told) in [
        ("\"sku\":\"M-2\"", "\"sku\":\"M-1\"", "line 1, field `sku`: repeats sku M-1 of line 1"),
        ("\"sku\":\"M-2\",", "", "line 1: has no `variants.sku`"),
        (
            "\"size\":\"140x190\",\"wood\":\"pine\"",
            "\"size\":\"140x190\",\"wood\":\"oak\"",
            "line 1, field `variants`: `140x190, oak` is not different from the options of every",
        ),
        (
            ",\"wood\":\"pine\"},\"stock\":0",
            "},\"stock\":0",
            "line 1, field `variants`: `M-3` is not a variant with all options of the product; it \
             has no `wood`",
        ),
        (
            "\"wood\":\"pine\"},\"stock\":0",
            "\"wood\":\"pine\",\"age\":\"3\"},\"stock\":0",
            "line 1, field `variants`: `age` is not one of the options of the product: size, wood",
        ),
        (
            "preorder",
            "soon",
            "line 1, field `availability`: `soon` is not one of in_stock, preorder, sold_out",
        ),
        (
            "4006381333931",
            "400638",
            "line 1, field `gtin`: `400638` is not a bar code of 8 to 14 digits",
        ),
        (
            "\"307.50\",\"currency\":\"EUR\"",
            "\"307.50\",\"currency\":\"USD\"",
            "line 1, field `variants`: `USD` is not the currency of the other variants, EUR",
        ),
        ("\"stock\":4", "\"stock\":-4", "line 1, field `stock`: `-4` is neither"),
        ("[\"size\",\"wood\"]", "[\"size\",\"size\"]", "line 1, field `options`: `size` is not"),
        ("\"size\":160", "\"size\":[1]", "line 1, field `variants.options`: `[1]` is not a text"),
        ("1.jpg", "1 2.jpg", "line 1, field `images`: `https://shop.example/1 2.jpg` is not an"),
        ("thickness_cm", "Thickness", "line 1, field `attributes`: `Thickness` is not an"),
        ("\"it\":\"letto\"", "\"italian\":\"letto\"", "line 1: field `title` is malformed"),
    ] {
        let fault = read(&LINE.replace(from, to)).map(|_| ()).unwrap_err();
        assert!(fault.starts_with(told), "{to}: {fault}");
    }
    let bare =
        r#"{"sku":"A","name":"Alpha","category":"shoes","price":{"amount":"1","currency":"EUR"}}"#;
    assert_eq!(read(bare).unwrap_err(), "line 1: has no `stock`");
    let free = r#"{"sku":"A","name":"Alpha","category":"shoes","stock":1}"#;
    assert_eq!(read(free).unwrap_err(), "line 1: has no `price`");
}

#[test]
fn csv_holds_what_a_product_without_variants_may_have() {
    let csv = "sku;name;category;price;currency;stock;compare_at;availability;gtin;images;\
        attributes;title_de;description_pt-br\n\
        A;Alpha;beds;10,00;EUR;0;12,50;preorder;40063813;https://a.example/1.jpg;\
        washable=true|weight_kg=0.28|wood=oak;Bett;Uma cama.\n";
    let read = read_products(csv.as_bytes(), CatalogFormat::Csv, &limits()).unwrap().products;
    let variant = &read[0].variants[0];
    assert_eq!(variant.availability, Availability::Preorder);
    assert_eq!(variant.compare_at.unwrap().amount_text(), "12.50");
    assert_eq!(read[0].attributes["washable"], AttributeValue::Flag(true));
    assert_eq!(read[0].title.get(Language::DE).unwrap(), "Bett");
    assert_eq!(read[0].description.get(Language::PT).unwrap(), "Uma cama.");
    let bad = csv.replace("weight_kg=0.28", "weight_kg");
    let fault =
        read_products(bad.as_bytes(), CatalogFormat::Csv, &limits()).unwrap_err().to_string();
    assert!(fault.starts_with("line 2, column `attributes`: `weight_kg` has no value"), "{fault}");
}
