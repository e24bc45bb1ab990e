//! Claims about what is derived from small exports.

use crate::Catalog;
use crate::CatalogFormat;
use crate::MentionTarget;
use crate::derive::DerivedShop;
use crate::derive::derive_shop;
use crate::exports::ExportLimits;
use crate::exports::ExportOptions;
use crate::exports::Exports;
use crate::limits::CatalogLimits;
use crate::read_facets;
use proptest::prelude::*;
use std::fmt::Write;
use vitrine_base::language::Language;

/// A garden shop with the mess of real ones.
fn plants() -> String {
    let mut text =
        "Handle,Title,Body (HTML),Type,Tags,Option1 Name,Option1 Value,Option2 Name,Option2 Value,\
        Variant SKU,Variant Price,Light (product.metafields.custom.light)\n"
            .to_owned();
    let rows = [
        "fern,Boston Fern,<p>A fern.</p><ul><li>Height: 30 cm</li></ul>,Houseplants,\
         \"pet-friendly, Easy Care, new\",Pot size,12 cm,,,F1,9.90,Bright",
        "fern,,,,,,17cm,,,F2,19.90,",
        "maid,Maidenhair Fern,<p>Mist it.</p>,houseplant,pet friendly,Pot Size,12cm,,,M1,12.90,low",
        "zz,ZZ Plant,<p>Glossy.</p>,Houseplants,easy-care,Pot size,12 cm,,,Z1,15.90,Low",
        "snake,Snake Plant,<p>Up.</p>,Houseplants,\"easy-care, low\",Pot size,12 cm,,,S1,12.90,low",
        "pot,Glazed Planter,<p>Made of stoneware.</p>,Pots & Planters,,Color,Forest Green,Size,\
         10 cm,P1,9.00,",
        "pot,,,,,,White,,10 cm,P2,9.00,",
        "bucket,Bucket,<p>Zinc.</p>,Pots,,Color,Silver,Size,10 cm,B1,5.00,",
        "trough,Trough,<p>Long.</p>,Pots & Planters,,Color,Grey,Size,60 cm,T1,49.00,",
        "can,Steel Watering Can,<p>A watering can.</p>,Tools,,Title,Default Title,,,W1,20.00,",
        "can2,Copper Watering Can,,Tools,,Title,Default Title,,,W2,60.00,",
        "trowel,Hand Trowel,,tools,,Title,Default Title,,,H1,12.00,",
    ];
    for row in rows {
        let _ = writeln!(text, "{row}");
    }
    text
}

fn derived(text: &str, language: Language) -> DerivedShop {
    let options = ExportOptions {
        currency: "GBP".parse().unwrap(),
        shop_url: None,
        limits: ExportLimits::IMPORT,
    };
    let exports = Exports::read([("p.csv", text.as_bytes())], &options);
    derive_shop(exports, language, &CatalogLimits::GATEWAY, None).unwrap()
}

fn opened(shop: &DerivedShop) -> Catalog {
    let vocabulary = read_facets(&shop.facets, &CatalogLimits::GATEWAY).unwrap();
    let bytes = shop.catalog.as_bytes();
    Catalog::parse(bytes, CatalogFormat::Ndjson, vocabulary, &CatalogLimits::GATEWAY).unwrap()
}

fn category_of(catalog: &Catalog, sku: &str) -> String {
    let products = catalog.products().iter();
    let found = products.filter(|product| product.sku.as_str() == sku);
    found.map(|product| product.category.clone()).next().unwrap_or_default()
}

#[test]
fn categories_come_from_types_in_any_spelling_and_from_the_nouns_of_names() {
    let catalog = opened(&derived(&plants(), Language::EN));
    assert_eq!(category_of(&catalog, "zz"), "houseplants");
    assert_eq!(category_of(&catalog, "fern"), category_of(&catalog, "maid"));
    assert_eq!(category_of(&catalog, "fern"), "fern");
    assert!(catalog.vocabulary().is_within("fern", "houseplants"));
    assert_eq!(category_of(&catalog, "bucket"), "pots_planters", "`Pots` is `Pots & Planters`");
    assert_eq!(category_of(&catalog, "can"), "watering_can");
    assert_eq!(category_of(&catalog, "trowel"), "tools");
    assert_eq!(catalog.vocabulary().category_label("watering_can", Language::EN), "watering cans");
}

#[test]
fn options_and_facets_have_keys_and_one_spelling() {
    let shop = derived(&plants(), Language::EN);
    let catalog = opened(&shop);
    let find = |sku: &str| catalog.products().iter().find(|p| p.sku.as_str() == sku).unwrap();
    assert_eq!(find("fern").options, ["size"]);
    assert_eq!(find("fern").sizes(), ["12 cm", "17cm"]);
    assert_eq!(find("maid").sizes(), ["12 cm"]);
    assert_eq!(find("pot").options, ["colour", "size"]);
    assert_eq!(find("pot").values("colour"), ["green", "white"]);
    assert_eq!(find("pot").values("material"), ["stoneware"]);
    assert_eq!(find("zz").values("light"), ["low"]);
    assert_eq!(find("snake").values("light"), ["low"], "the tag `low` is that value");
    assert_eq!(find("fern").values("pet_friendly"), find("maid").values("pet_friendly"));
    assert!(find("zz").has(&crate::FacetChoice::new("easy_care", "easy_care")));
    assert!(shop.summary.facets.iter().all(|facet| facet.key != "new"));
    let height = &find("fern").attributes["height_cm"];
    assert_eq!(height.text(Language::EN, &[]).as_deref(), Some("30"));
    assert_eq!(catalog.vocabulary().facet_label("height_cm", Language::EN), "height");
}

#[test]
fn customers_words_are_understood_without_a_file_of_words() {
    let catalog = opened(&derived(&plants(), Language::EN));
    let found = |text: &str| -> Vec<MentionTarget> {
        let mentions = catalog.mentions(text, &[Language::EN]);
        mentions.into_iter().map(|mention| mention.target).collect()
    };
    let category = |id: &str| MentionTarget::Category(id.to_owned());
    assert!(found("do you have watering cans?").contains(&category("watering_can")));
    assert!(found("a planter please").contains(&category("pots_planters")));
    let value = |key: &str, id: &str| MentionTarget::Value(crate::FacetChoice::new(key, id));
    assert!(found("in green").contains(&value("colour", "green")));
    assert!(found("something pet friendly").contains(&value("pet_friendly", "pet_friendly")));
}

#[test]
fn french_names_begin_with_their_nouns_and_colours_have_french_words() {
    let text = "ID;Type;SKU;Name;Published;Description;Regular price;Categories;\
        Attribute 1 name;Attribute 1 value(s)\n\
        1;simple;a;Carnet de notes bleu;1;Un carnet de notes.;9,90;Papeterie;Couleur;Bleu nuit\n\
        2;simple;b;Carnet de notes Aube;1;Cousu.;12,90;Papeterie;Couleur;Rouge\n\
        3;simple;c;Stylo plume Jade;1;Un stylo plume.;29,00;Papeterie;Couleur;Vert\n\
        4;simple;d;Stylo plume Laiton;1;Lourd.;79,00;Papeterie;Couleur;\n\
        5;simple;e;Gomme;1;Blanche.;2,00;Papeterie;;\n";
    let catalog = opened(&derived(text, Language::FR));
    assert_eq!(category_of(&catalog, "a"), "carnet_de_notes");
    assert_eq!(category_of(&catalog, "d"), "stylo_plume");
    let label = catalog.vocabulary().category_label("stylo_plume", Language::FR);
    assert_eq!(label, "stylo plume");
    let blue = crate::FacetChoice::new("colour", "blue");
    assert_eq!(catalog.label(&blue, Language::FR), "bleu");
    assert!(catalog.products()[0].has(&blue));
}

proptest! {
    #[test]
    fn whatever_an_export_holds_what_is_derived_can_be_read_back(
        names in prop::collection::vec("\\PC{0,30}", 1..8),
        cells in prop::collection::vec("\\PC{0,20}", 8),
    ) {
        let quoted = |text: &String| format!("\"{}\"", text.replace('"', "\"\""));
        let mut text = "Handle,Title,Body (HTML),Type,Tags,Option1 Name,Option1 Value,\
            Variant Price,X (product.metafields.a.b)\n".to_owned();
        for (at, name) in names.iter().enumerate() {
            let cell = |number: usize| quoted(&cells[(at + number) % cells.len()]);
            let _ = writeln!(
                text, "h{at},{},{},{},{},{},{},1.00,{}",
                quoted(name), cell(0), cell(1), cell(2), cell(3), cell(4), cell(5)
            );
        }
        for language in [Language::EN, Language::FR, Language::DE] {
            let options = ExportOptions {
                currency: "EUR".parse().unwrap(),
                shop_url: None,
                limits: ExportLimits::IMPORT,
            };
            let exports = Exports::read([("p.csv", text.as_bytes())], &options);
            let read = derive_shop(exports, language, &CatalogLimits::GATEWAY, None);
            prop_assert!(read.is_ok(), "{}", read.map(|_| ()).unwrap_err());
        }
    }
}
