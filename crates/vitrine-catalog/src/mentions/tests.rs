//! Claims about mentions in a small shop of gear and linen, in several languages.

use crate::Catalog;
use crate::CatalogFormat;
use crate::MentionTarget;
use crate::ShopVocabulary;
use crate::read_facets;
use crate::tests_support::limits;
use proptest::prelude::*;
use std::sync::OnceLock;
use vitrine_base::language::Language;

const FACETS: &str = r#"
keep = ["masche"]
[[facet]]
key = "weather"
[[facet.value]]
id = "rain"
label = { en = "rain", fr = "pluie", de = "Regen", it = "pioggia" }
words = { en = ["waterproof"], fr = ["imperméable"], de = ["wasserdicht"] }
[[facet]]
key = "colour"
[[facet.value]]
id = "green"
label = { en = "green", fr = "vert", de = "grün", es = "verde" }
[[facet.value]]
id = "black"
label = { en = "black", fr = "noir", de = "schwarz", es = "negro" }
[[facet]]
key = "caffeine"
[[facet.value]]
id = "with"
label = { en = "caffeine", fr = "caféine" }
[[facet.value]]
id = "without"
label = { en = "caffeine free", fr = "sans caféine" }
[[facet]]
key = "sport"
[[facet.value]]
id = "hiking"
label = { en = "hiking", fr = "randonnée", de = "wandern" }
[[category]]
id = "jackets"
label = { en = "jackets", fr = "vestes", de = "Jacken", it = "giacche" }
words = { de = ["Jacke"] }
[[category]]
id = "road_shoes"
label = { en = "road shoes", fr = "chaussures de route", de = "Laufschuhe" }
[[category]]
id = "trail_shoes"
label = { en = "trail shoes", fr = "chaussures de trail", de = "Trailschuhe" }
[[category]]
id = "beds"
label = { en = "beds", fr = "lits" }
[[category]]
id = "bedding"
label = { en = "bedding", fr = "linge de lit" }
[[category]]
id = "mattresses"
label = { en = "mattresses", fr = "matelas" }
[[category]]
id = "toppers"
label = { en = "toppers", fr = "sur-matelas" }
"#;

fn line(sku: &str, name: &str, brand: &str, category: &str, rest: &str) -> String {
    format!(
        r#"{{"sku":"{sku}","name":"{name}","brand":"{brand}","category":"{category}",{rest}
        "price":{{"amount":"10","currency":"EUR"}}}}"#
    )
    .replace('\n', " ")
}

fn parse(lines: &[String], vocabulary: ShopVocabulary) -> Catalog {
    let text = lines.join("\n");
    Catalog::parse(text.as_bytes(), CatalogFormat::Ndjson, vocabulary, &limits()).unwrap()
}

fn shop() -> &'static Catalog {
    static SHOP: OnceLock<Catalog> = OnceLock::new();
    SHOP.get_or_init(|| {
        let sizes = r#""stock":{"S":1,"M":1,"XL":1},"title":{"en":"rain jacket"},"#;
        let variants = r#""variants":[
            {"sku":"MAT-1-140","options":{"size":"140 x 200 cm","colour":"bleu nuit"},"stock":1},
            {"sku":"MAT-1-54","options":{"size":"54 cm","colour":"ecru"},"stock":1},
            {"sku":"MAT-1-L","options":{"size":"39-42","colour":"ecru"},"stock":1}],"#;
        let lines = [
            line("JKT-01", "Vélance Isolde", "Vélance", "jackets", sizes),
            line("JKT-02", "Vélance Pralane Pro", "Vélance", "jackets", sizes),
            line("JKT-03", "Nordal Pralane", "Nordal", "jackets", r#""stock":{"42":1},"#),
            line("MAT-1", "Foam roller", "Sommelune", "mattresses", variants),
        ];
        parse(&lines, read_facets(FACETS, &limits()).unwrap())
    })
}

/// What the words of a text mean, as `words=meaning`.
fn read_in(catalog: &Catalog, text: &str, languages: &[Language]) -> Vec<String> {
    let mentions = catalog.mentions(text, languages).into_iter();
    let written = mentions.map(|mention| {
        let meaning = match mention.target {
            MentionTarget::Category(id) => id,
            MentionTarget::Value(choice) => choice.value,
            MentionTarget::Product(sku) => sku.to_string(),
            MentionTarget::Brand(brand) => format!("brand {brand}"),
            MentionTarget::Option { key, value } => format!("{key} {value}"),
        };
        format!("{}={meaning}", &text[mention.span])
    });
    written.collect()
}

fn read(text: &str, language: Language) -> Vec<String> {
    read_in(shop(), text, &[language])
}

#[test]
fn the_longest_phrase_is_read_whatever_its_number_accents_and_small_words() {
    for (language, text, expected) in [
        (Language::FR, "des chaussures pour la route", vec!["chaussures pour la route=road_shoes"]),
        (Language::EN, "green road shoe", vec!["green=green", "road shoe=road_shoes"]),
        (Language::EN, "shoes for the road", vec!["shoes for the road=road_shoes"]),
        (Language::FR, "VESTE impermeable", vec!["VESTE=jackets", "impermeable=rain"]),
        (Language::FR, "veste, verte", vec!["veste=jackets", "verte=green"]),
        (Language::ES, "verdes o negras", vec!["verdes=green", "negras=black"]),
        (
            Language::FR,
            "chaussures. route",
            vec!["chaussures=road_shoes", "chaussures=trail_shoes"],
        ),
    ] {
        let found = read(text, language);
        assert!(expected.iter().all(|one| found.iter().any(|f| f == one)), "{text}: {found:?}");
    }
}

#[test]
fn a_phrase_of_stop_words_keeps_them() {
    let facets = r#"
[[facet]]
key = "goal"
[[facet.value]]
id = "daily"
label = { en = "every day", fr = "tous les jours" }
[[facet.value]]
id = "women"
label = { en = "for women", fr = "pour femme" }
"#;
    let shop = parse(&[], read_facets(facets, &limits()).unwrap());
    let read = |text: &str, language| read_in(&shop, text, &[language]);
    assert_eq!(read("I run every day", Language::EN), ["every day=daily"]);
    assert!(read("in 3 days", Language::EN).is_empty());
    assert_eq!(read("courir tous les jours", Language::FR), ["tous les jours=daily"]);
    assert!(read("dans huit jours", Language::FR).is_empty());
    assert_eq!(read("une femme", Language::FR), ["femme=women"]);
    assert_eq!(read("for women", Language::EN), ["women=women"]);
}

#[test]
fn a_word_with_a_hyphen_is_not_its_parts() {
    assert_eq!(read("un sur-matelas", Language::FR), ["sur-matelas=toppers"]);
    assert_eq!(read("un surmatelas", Language::FR), ["surmatelas=toppers"]);
    assert_eq!(read("un matelas", Language::FR), ["matelas=mattresses"]);
}

#[test]
fn words_with_one_stem_are_told_apart_by_their_spelling() {
    assert_eq!(read("a bed", Language::EN), ["bed=beds"]);
    assert_eq!(read("bedding", Language::EN), ["bedding=bedding"]);
}

#[test]
fn a_phrase_with_its_negation_is_one_phrase() {
    assert_eq!(read("un gel sans caféine", Language::FR), ["sans caféine=without"]);
    assert_eq!(read("avec caféine", Language::FR), ["caféine=with"]);
    assert_eq!(read("pas de noir", Language::FR), ["noir=black"]);
}

#[test]
fn german_compounds_are_read_by_their_halves() {
    for (text, expected) in [
        ("Regenjacke", vec!["Regen=rain", "jacke=jackets"]),
        ("regenjacken", vec!["regen=rain", "jacken=jackets"]),
        ("eine Wanderjacke", vec!["Wander=hiking", "jacke=jackets"]),
        ("Lederjacke", vec!["jacke=jackets"]),
        ("Schuhe", vec!["Schuhe=road_shoes", "Schuhe=trail_shoes"]),
        ("Lauf-Schuhe", vec!["Lauf-Schuhe=road_shoes"]),
        ("Lauf Schuhe", vec!["Lauf Schuhe=road_shoes"]),
        ("Handschuhe", vec![]),
        ("Regenschirm", vec![]),
        ("gruen", vec!["gruen=green"]),
        ("grüne", vec!["grüne=green"]),
    ] {
        assert_eq!(read(text, Language::DE), expected, "{text}");
    }
    assert!(read("Regenjacke", Language::FR).is_empty(), "compounds are German only");
}

#[test]
fn typing_errors_are_forgiven_in_the_languages_of_the_conversation() {
    assert_eq!(read("imperméble", Language::FR), ["imperméble=rain"]);
    assert_eq!(read("watreproof", Language::EN), ["watreproof=rain"]);
    assert!(read("watreproof", Language::FR).is_empty());
    assert!(read("gren", Language::EN).is_empty(), "short words are not corrected");
    let exact = shop().mentions("watreproof", &[Language::EN])[0].exact;
    assert!((0.5..1.0).contains(&exact), "{exact}");
}

#[test]
fn other_languages_are_read_with_less_certainty() {
    let exact = |text: &str, languages: &[Language]| shop().mentions(text, languages)[0].exact;
    let own = exact("giacche", &[Language::IT]);
    let second = exact("giacche", &[Language::EN, Language::IT]);
    let other = exact("giacche", &[Language::EN]);
    assert!(own > second && second > other, "{own} {second} {other}");
}

#[test]
fn products_are_named_by_what_is_theirs_alone() {
    for (text, expected) in [
        ("the Vélance Isolde", vec!["Vélance Isolde=JKT-01"]),
        ("isolde en M", vec!["isolde=JKT-01", "M=size M"]),
        ("the izolde please", vec!["izolde=JKT-01"]),
        ("velance", vec!["velance=brand velance"]),
        ("the Pralane", vec!["Pralane=JKT-03"]),
        ("Vélance Pralane Pro", vec!["Vélance Pralane Pro=JKT-02"]),
        ("jkt-02", vec!["jkt-02=JKT-02"]),
        ("MAT-1-54 svp", vec!["MAT-1-54=MAT-1", "MAT-1-54=colour ecru", "MAT-1-54=size 54 cm"]),
    ] {
        let found = read(text, Language::EN);
        assert!(expected.iter().all(|one| found.iter().any(|f| f == one)), "{text}: {found:?}");
    }
}

#[test]
fn options_are_read_in_every_spelling_but_plain_numbers_are_not() {
    for (text, expected) in [
        ("140x200", vec!["140x200=size 140 x 200 cm"]),
        ("140 × 200 cm", vec!["140 × 200 cm=size 140 x 200 cm"]),
        ("en 140 sur 200", vec!["140 sur 200=size 140 x 200 cm"]),
        ("54cm", vec!["54cm=size 54 cm"]),
        ("54", vec![]),
        ("42", vec![]),
        ("39-42", vec!["39-42=size 39-42"]),
        ("bleu nuit", vec!["bleu nuit=colour bleu nuit"]),
        ("xl", vec!["xl=size XL"]),
        ("M or S", vec!["M=size M", "S=size S"]),
        ("I'm fine", vec![]),
        ("it's", vec![]),
    ] {
        assert_eq!(read(text, Language::EN), expected, "{text}");
    }
    let exact = |text: &str| shop().mentions(text, &[Language::EN])[0].exact;
    assert!(exact("M") > exact("m"));
}

#[test]
fn titles_name_kinds_and_leave_the_values_inside_them() {
    let found = read("a rain jacket", Language::EN);
    assert_eq!(found, ["rain jacket=jackets", "rain=rain"]);
}

#[test]
fn a_shop_without_a_vocabulary_is_read_by_its_ids_titles_and_names() {
    let facets = r#""facets":{"wood":["dark_oak"]},"stock":1,"title":{"fr":"table basse"},"#;
    let lines = [line("T-100", "Ostra", "Bois", "coffee_tables", facets)];
    let shop = parse(&lines, ShopVocabulary::default());
    let read = |text: &str| read_in(&shop, text, &[Language::FR]);
    assert_eq!(read("une table basse"), ["table basse=coffee_tables"]);
    assert_eq!(read("coffee table, dark oak"), ["coffee table=coffee_tables", "dark oak=dark_oak"]);
    assert_eq!(read("la table Ostra"), ["table=coffee_tables", "Ostra=T-100"]);
    assert_eq!(read_in(&Catalog::empty(), "une table", &[Language::FR]), Vec::<String>::new());
}

fn any_text() -> impl Strategy<Value = String> {
    let word = prop::sample::select(vec![
        "Regenjacke",
        "isolde",
        "140",
        "x",
        "200",
        "cm",
        "sans",
        "caféine",
        "M",
        "l'",
        "ß",
        "é",
        "Vélance",
        "sur-",
        "matelas",
        "jkt-01",
        "🏃",
        "İ",
        "ﬁ",
        "\u{301}",
        "-",
        ",",
        " ",
        "\n",
    ]);
    let words = prop::collection::vec(word, 0..12).prop_map(|words| words.concat());
    prop_oneof![words, ".{0,60}"]
}

proptest! {
    #[test]
    fn spans_lie_on_characters_in_text_order(text in any_text()) {
        for languages in [vec![], vec![Language::DE], vec![Language::FR, Language::EN]] {
            let found = shop().mentions(&text, &languages);
            for mention in &found {
                prop_assert!(!mention.span.is_empty());
                prop_assert!(text.get(mention.span.clone()).is_some());
                prop_assert!(mention.exact > 0.0 && mention.exact <= 1.0);
            }
            prop_assert!(found.windows(2).all(|pair| pair[0].span.start <= pair[1].span.start));
            prop_assert_eq!(&found, &shop().mentions(&text, &languages));
        }
    }
}
