//! Claims about the example shop: messages in both languages, and the products and questions they
//! lead to.
//!
//! Reads `examples/shop` as shipped. A failure after a change of the shop's files means that the
//! demo conversation broke, not the code.

use crate::BUDGET_MAX_KEY;
use crate::Catalog;
use crate::FacetChoice;
use crate::QuestionOptions;
use crate::Relaxed;
use crate::SAID_KEY;
use crate::Search;
use crate::Understanding;
use crate::tests_support::limits;
use std::path::Path;
use std::sync::OnceLock;
use vitrine_base::language::Language;

/// The folder of the example shop.
const SHOP_FOLDER: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../examples/shop");

const HITS_MAX: usize = 10;

const OPTIONS: QuestionOptions =
    QuestionOptions { candidates_min: 4, options_max: 3, coverage_min: 0.4, gain_bits_min: 0.3 };

fn shop() -> &'static Catalog {
    static SHOP: OnceLock<Catalog> = OnceLock::new();
    SHOP.get_or_init(|| {
        let folder = Path::new(SHOP_FOLDER);
        Catalog::open(folder, &limits()).unwrap()
    })
}

fn search(text: &str) -> Search {
    let french = text.chars().any(|c| "éèêàçùôî".contains(c))
        || text.split_whitespace().any(|w| ["de", "des", "je", "un", "une", "en"].contains(&w));
    let language = if french { Language::FR } else { Language::EN };
    shop().search(text, language, HITS_MAX)
}

fn written(need: &Understanding) -> String {
    let choices = need.choices();
    let facts = choices.iter().filter(|choice| choice.key != SAID_KEY);
    facts.map(ToString::to_string).collect::<Vec<_>>().join(" ")
}

#[test]
fn the_shop_is_whole() {
    let counts = shop().counts();
    assert!((220..=260).contains(&counts.products), "{}", counts.products);
    assert_eq!(counts.unlabelled, []);
    assert!(counts.out_of_stock >= 2);
    for product in shop().products() {
        assert!(product.name.chars().count() <= 20, "{}", product.name);
        for language in [Language::EN, Language::FR] {
            assert!(!product.features(language).is_empty(), "{}", product.sku);
            for text in product.features(language).iter().chain(product.title.get(language)) {
                assert!(!text.chars().any(|c| c.is_ascii_digit()), "{text}");
            }
        }
    }
    for facet in shop().vocabulary().facets() {
        for language in [Language::EN, Language::FR] {
            for value in &facet.values {
                let label = value.label.get(language).unwrap();
                assert!(label.chars().count() <= 20, "{label}");
            }
            let asked = shop().vocabulary().question(&facet.key, language).is_some();
            assert_eq!(asked, facet.ask_weight > 0.0, "{}", facet.key);
        }
    }
}

#[test]
fn a_marathon_needs_one_question_then_has_one_best_shoe() {
    for text in [
        "Je cherche des chaussures de course pour un marathon",
        "Je cherche des chaussures pour courir un marathon",
        "I'm looking for running shoes for a marathon",
        "running trainers for my next marathon please",
        "bonjour je voudrais des baskets de running pour le marathon de Paris",
    ] {
        let found = search(text);
        assert_eq!(written(&found.understanding), "category=running_shoes goal=marathon", "{text}");
        let mut need = found.understanding;
        let question = shop().question_needed(&need, &[], &OPTIONS).unwrap();
        let options: Vec<String> = question.options.iter().map(ToString::to_string).collect();
        assert_eq!(options, ["feel=comfort", "feel=speed"], "{text}");
        for (tapped, best) in [("comfort", "RUN-012"), ("speed", "RUN-009")] {
            need.choose(&FacetChoice::new("feel", tapped));
            assert_eq!(shop().question_needed(&need, &[], &OPTIONS), None);
            let found = shop().find_needed(&need, Language::FR, HITS_MAX);
            assert!(found.is_exact());
            assert_eq!(found.hits[0].sku.as_str(), best);
            let product = shop().get(&found.hits[0].sku).unwrap();
            assert!(product.sizes_in_stock().len() >= 6);
        }
    }
}

#[test]
fn options_and_needs_are_named_in_the_customers_language() {
    let need = search("chaussures de course pour un marathon").understanding;
    let text = |language| shop().need_text(&need, language).unwrap();
    assert_eq!(text(Language::FR), "chaussures de course");
    assert_eq!(text(Language::EN), "running shoes");
    let label = |text: &str, language| shop().label(&FacetChoice::parse(text).unwrap(), language);
    assert_eq!(label("feel=comfort", Language::FR), "confort");
    assert_eq!(label("feel=speed", Language::EN), "speed");
    assert_eq!(label("brand=velance", Language::EN), "Vélance");
    assert_eq!(label("size=42", Language::FR), "42");
    assert_eq!(shop().vocabulary().facet_label("feel", Language::FR), "sensation");
    let gift = search("un cadeau").understanding;
    assert_eq!(shop().need_text(&gift, Language::EN).as_deref(), Some("gift ideas"));
}

#[test]
fn needs_are_understood() {
    for (text, expected) in [
        ("des chaussures de trail", "category=trail_shoes"),
        ("trail running shoes size 43", "category=trail_shoes size=43"),
        ("un cadeau à moins de 50 euros", "budget_max=50.00 EUR occasion=gift"),
        ("a gift for a runner under €50", "budget_max=50.00 EUR occasion=gift sport=running"),
        (
            "un cadeau pour une coureuse, 30€ max",
            "budget_max=30.00 EUR occasion=gift sport=running",
        ),
        ("des chaussettes pour courir", "category=socks sport=running"),
        ("hiking socks", "category=socks sport=hiking"),
        (
            "une veste imperméable pour la randonnée femme taille M",
            "category=jackets size=M weather=rain sport=hiking gender=women",
        ),
        ("waterproof jacket for men", "category=jackets weather=rain gender=men"),
        (
            "des crampons pour terrain synthétique",
            "category=football_boots surface=artificial_turf",
        ),
        ("une raquette pour débuter le tennis", "category=rackets level=beginner sport=tennis"),
        ("tapis de yoga", "category=mats"),
        ("Je veux du confort", "feel=comfort"),
        ("plutôt rapide", "feel=speed"),
        ("cushioned please", "feel=comfort"),
        ("en noir ou en bleu", "colour=black colour=blue"),
        ("semi-marathon", "goal=half_marathon"),
        (
            "chaussures entre 100 et 150 euros",
            "category=shoes budget_min=100.00 EUR budget_max=150.00 EUR",
        ),
        ("des gels pour un marathon de 42 km", "category=gels goal=marathon"),
        ("a swimsuit", "category=swimwear"),
        ("bonnet de bain", "category=swimming_gear"),
        ("maillot de bain fille", "category=swimwear gender=kids"),
        ("Vélance running shoes", "category=running_shoes brand=velance"),
        ("42", "size=42"),
        ("quelque chose pour récupérer après l'effort", "moment=after"),
        ("quelque chose à offrir", "occasion=gift"),
        ("bonjour", ""),
        ("what time is it", ""),
        ("", ""),
    ] {
        let found = search(text);
        assert_eq!(written(&found.understanding), expected, "{text}: {:?}", found.understanding);
    }
}

#[test]
fn typing_errors_are_forgiven() {
    for (text, expected) in [
        ("chausures de course pour un maraton", "category=running_shoes goal=marathon"),
        ("runing shoes for a marathn", "category=running_shoes goal=marathon"),
        ("des chaussetes de randonée", "category=socks sport=hiking"),
        ("un cadeua", "occasion=gift"),
    ] {
        assert_eq!(written(&search(text).understanding), expected, "{text}");
    }
    for text in ["une belle table", "la force de la marque", "the right price"] {
        assert_eq!(written(&search(text).understanding), "", "{text}");
    }
}

#[test]
fn the_wrong_language_hint_does_no_harm() {
    let found = shop().search("chaussures de course marathon", Language::EN, HITS_MAX);
    assert_eq!(written(&found.understanding), "category=running_shoes goal=marathon");
    let found = shop().search("running shoes for a marathon", Language::FR, HITS_MAX);
    assert_eq!(written(&found.understanding), "category=running_shoes goal=marathon");
}

#[test]
fn unwanted_values_are_kept_out() {
    for text in ["un gel sans caféine", "a gel without caffeine"] {
        let found = search(text);
        assert_eq!(found.understanding.excluded, [FacetChoice::new("caffeine", "with")], "{text}");
        assert!(found.found.is_exact());
        for hit in &found.found.hits {
            assert!(!shop().get(&hit.sku).unwrap().has(&FacetChoice::new("caffeine", "with")));
        }
    }
    let found = search("des chaussures de course mais pas de noir");
    assert_eq!(found.understanding.excluded, [FacetChoice::new("colour", "black")]);
}

#[test]
fn budgets_sizes_and_stock_hold_for_every_hit() {
    let found = search("un cadeau à moins de 50 euros").found;
    assert!(found.is_exact() && found.matching >= 10);
    for hit in &found.hits {
        let product = shop().get(&hit.sku).unwrap();
        assert!(product.price.amount <= 50.into(), "{}", product.sku);
        assert!(product.has(&FacetChoice::new("occasion", "gift")));
    }
    let found = search("chaussures de course en 42").found;
    assert!(found.is_exact());
    for hit in &found.hits {
        assert!(shop().get(&hit.sku).unwrap().in_stock(Some("42")), "{}", hit.sku);
    }
    assert!(!found.hits.iter().any(|hit| hit.sku.as_str() == "RUN-013"));
    let cheap = search("les chaussures de course les moins chères").found;
    let prices = cheap.hits.iter().map(|hit| shop().get(&hit.sku).unwrap().price.amount);
    assert!(prices.is_sorted());
}

#[test]
fn products_are_found_by_name_and_by_sku() {
    for text in [
        "Avez-vous la Vélance Lorande en 43 ?",
        "how much is the velance lorande",
        "la lorande en bleu ?",
        "run-012",
        "Je prends le RUN-012.",
    ] {
        let found = search(text);
        let mentioned: Vec<&str> =
            found.understanding.mentioned.iter().map(|sku| sku.as_str()).collect();
        assert_eq!(mentioned, ["RUN-012"], "{text}");
        assert_eq!(found.found.hits[0].sku.as_str(), "RUN-012", "{text}");
    }
}

#[test]
fn loose_words_find_products_by_their_texts() {
    let found = search("poignée en liège naturel");
    let best = shop().get(&found.found.hits[0].sku).unwrap();
    assert!(best.features(Language::FR).iter().any(|text| text.contains("liège")), "{}", best.name);
    let found = search("carbon plate");
    let best = shop().get(&found.found.hits[0].sku).unwrap();
    assert!(best.features(Language::EN).iter().any(|text| text == "carbon plate"), "{}", best.name);
    let found = search("une tente de camping");
    assert!(found.found.hits.is_empty());
    assert_eq!(found.understanding.unknown, ["tente", "camping"]);
}

#[test]
fn words_that_name_the_category_rank_within_it() {
    for (text, word) in [
        ("casque de vélo", "casque"),
        ("un casque de vélo pour enfant", "enfant"),
        ("une corde à sauter", "corde"),
        ("swim cap", "bonnet"),
        ("a foam roller", "rouleau"),
        ("casquette pour courir", "casquette"),
        ("insulated bottle", "isotherme"),
    ] {
        let found = search(text).found;
        let best = shop().get(&found.hits[0].sku).unwrap();
        let title = best.title.get(Language::FR).unwrap();
        assert!(title.contains(word), "{text}: {title}");
    }
}

#[test]
fn dropped_criteria_are_reported() {
    let found = search("chaussures de trail taille 44 pour un marathon en violet").found;
    assert!(!found.hits.is_empty() && !found.relaxed.is_empty());
    let found = search("des chaussures de course à moins de 10 euros").found;
    assert!(!found.is_exact());
    assert!(
        found
            .relaxed
            .iter()
            .any(|step| matches!(step, Relaxed::BudgetMax(_) | Relaxed::Category { .. }))
    );
    let found = search("a ski jacket in size M for kids").found;
    assert!(!found.hits.is_empty());
}

#[test]
fn every_broad_need_has_a_question_with_options_that_lead_somewhere() {
    for text in [
        "des chaussures",
        "shoes",
        "trail shoes",
        "chaussures de randonnée",
        "un cadeau à moins de 50 euros",
        "des chaussettes",
        "a jacket",
        "des gels",
        "football boots",
        "un sac",
    ] {
        let mut need = search(text).understanding;
        let mut asked = Vec::new();
        while let Some(question) = shop().question_needed(&need, &asked, &OPTIONS) {
            assert!((2..=3).contains(&question.options.len()), "{text}");
            assert!(question.gain_bits > 0.0);
            asked.push(question.key.clone());
            need.choose(&question.options[0]);
            assert!(!shop().candidates(&need).is_empty(), "{text} {}", written(&need));
            assert!(asked.len() < 8, "{text}: {asked:?}");
        }
        assert!(!asked.is_empty(), "{text}");
    }
}

#[test]
fn broad_needs_ask_what_a_seller_would_ask() {
    for (text, key) in [
        ("des chaussures", "sport"),
        ("trail shoes", "feel"),
        ("des gels", "caffeine"),
        ("je débute la course à pied", "category"),
        ("marathon", "category"),
    ] {
        let need = search(text).understanding;
        assert_eq!(shop().question_needed(&need, &[], &OPTIONS).unwrap().key, key, "{text}");
    }
}

#[test]
fn a_named_facets_file_replaces_the_one_beside_the_products() {
    let shop_folder = Path::new(SHOP_FOLDER);
    let folder = tempfile::tempdir().unwrap();
    let products = folder.path().join("catalog.ndjson");
    std::fs::copy(shop_folder.join("catalog.ndjson"), &products).unwrap();
    let labelled = |facets: Option<&Path>| {
        Catalog::open_with_facets(&products, facets, &limits()).map(|c| c.counts().unlabelled.len())
    };
    let facets = shop_folder.join("facets.toml");
    let unlabelled = labelled(None).unwrap();
    assert!(unlabelled > labelled(Some(&facets)).unwrap(), "{unlabelled}");
    assert_eq!(labelled(Some(&facets)).unwrap(), shop().counts().unlabelled.len());

    std::fs::write(folder.path().join("facets.toml"), "not TOML").unwrap();
    assert!(labelled(None).is_err(), "the file beside the products is read");
    assert_eq!(labelled(Some(&facets)).unwrap(), shop().counts().unlabelled.len());

    let missing = folder.path().join("missing.toml");
    let error = labelled(Some(&missing)).unwrap_err().to_string();
    assert!(error.contains("missing.toml"), "{error}");
}

#[test]
fn the_same_words_always_find_the_same() {
    let again = Catalog::open(Path::new(SHOP_FOLDER), &limits()).unwrap();
    for text in ["un cadeau", "chaussures légères en mesh", "blue jacket", "marathon"] {
        assert_eq!(again.search(text, Language::FR, 50), shop().search(text, Language::FR, 50));
    }
}

#[test]
fn needs_written_down_are_read_again() {
    let need = search("un cadeau pour une coureuse, 30€ max").understanding;
    let kept = Understanding::from_choices(&need.choices());
    assert_eq!(kept.choices(), need.choices());
    assert!(need.choices().iter().any(|choice| choice.key == BUDGET_MAX_KEY));
}

#[test]
fn hostile_texts_are_survived() {
    for text in ["\u{0}\u{1}", "=====", "€€€ 99999999999999999999 €", "'’'’", "🏃🏃", "-1 €", "0 €"]
    {
        let _ = search(text);
    }
    let _ = search(&"chaussures de course ".repeat(5_000));
}
