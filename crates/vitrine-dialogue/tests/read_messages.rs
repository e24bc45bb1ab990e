//! Messages in six languages and the commands that they are read into.

#[path = "brief/mod.rs"]
mod brief;

use std::path::Path;
use std::sync::LazyLock;
use vitrine_dialogue::locale::Locales;
use vitrine_dialogue::policies::Policies;
use vitrine_dialogue::reader::Evidence;
use vitrine_dialogue::reader::ReaderInput;
use vitrine_dialogue::reader::read;
use vitrine_dialogue::shop::Catalog;
use vitrine_dialogue::shop::Language;
use vitrine_dialogue::state::DialogueState;
use vitrine_dialogue::state::Focus;
use vitrine_dialogue::state::Pending;

static SHOP: LazyLock<Shop> = LazyLock::new(Shop::example);

struct Shop {
    catalog: Catalog,
    policies: Policies,
    locales: Locales,
}

impl Shop {
    fn example() -> Self {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples/shop");
        let policies =
            std::fs::read_to_string(folder.join("policies.toml")).expect("a file of the shop");
        let locales = Locales::shipped(Language::EN).expect("a file of the shop");
        Self {
            catalog: Catalog::open(&folder, &vitrine_catalog::CatalogLimits::GATEWAY)
                .expect("a file of the shop"),
            policies: Policies::parse(&policies, &locales).expect("a file of the shop"),
            locales,
        }
    }

    fn commands(
        &self,
        text: &str,
        language: Language,
        (state, evidence): &(DialogueState, Evidence),
    ) -> String {
        let input = ReaderInput {
            text,
            tapped: None,
            language,
            state,
            catalog: &self.catalog,
            policies: &self.policies,
            locales: &self.locales,
            evidence,
            today: jiff::civil::date(2026, 12, 1),
        };
        let reading = read(&input);
        let all: Vec<String> =
            reading.commands.iter().map(|said| brief::brief(&said.command)).collect();
        all.join(", ")
    }
}

/// The state and the labels that a line such as `@ shown RUN-009 pending size sees confirm:0.9`
/// describes.
fn state(line: &str) -> (DialogueState, Evidence) {
    let mut state = DialogueState::default();
    let mut evidence = Evidence::default();
    let words: Vec<&str> = line.split_whitespace().collect();
    for pair in words.windows(2) {
        match pair {
            ["shown", skus] => {
                state.last_shown = skus.split(',').map(str::to_owned).collect();
                state.shown = state.last_shown.clone();
                let sku = state.last_shown[0].clone();
                let options = std::collections::BTreeMap::new();
                state.focus = Some(Focus { sku, options, pieces: Vec::new() });
            }
            ["pending", question] => {
                let sku = state.last_shown.first().cloned().unwrap_or_default();
                state.pending = match question.split_once(':').unwrap_or((question, "")) {
                    ("size", _) => Some(Pending::Option { facet: "size".to_owned(), sku }),
                    ("facet", key) => Some(Pending::Facet { facet: key.to_owned() }),
                    ("buy", _) => Some(Pending::Buy { sku }),
                    ("order", _) => Some(Pending::OrderId),
                    _ => None,
                };
            }
            ["answered", intent] => state.answered = Some((*intent).to_owned()),
            ["link", _] => state.link = Some("https://shop.example/pay".to_owned()),
            ["order", id] => state.order = Some((*id).to_owned()),
            ["sees", labels] => {
                for (label, share) in labels.split(',').filter_map(|one| one.split_once(':')) {
                    let share = share.parse().expect("a probability");
                    evidence.whole.insert(label.to_owned(), share);
                }
            }
            _ => {}
        }
    }
    (state, evidence)
}

fn check(language: &str) {
    let shop = &*SHOP;
    let file = format!("{}/tests/messages/{language}.txt", env!("CARGO_MANIFEST_DIR"));
    let text = std::fs::read_to_string(file).expect("a table");
    let language = Language::from_locale(language).expect("a table");
    let mut conversation = (DialogueState::default(), Evidence::default());
    let mut wrong = Vec::new();
    for line in text.lines().filter(|line| !line.starts_with('#')) {
        if line.starts_with('@') {
            conversation = state(line);
            continue;
        }
        let (message, expected) = line.split_once(" => ").expect("an expectation");
        let read = shop.commands(message, language, &conversation);
        if read != expected {
            wrong.push(format!("{message}\n    expected {expected}\n    read     {read}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn english_messages_are_read_into_commands() {
    check("en");
}

#[test]
fn french_messages_are_read_into_commands() {
    check("fr");
}

#[test]
fn german_messages_are_read_into_commands() {
    check("de");
}

#[test]
fn spanish_messages_are_read_into_commands() {
    check("es");
}

#[test]
fn italian_messages_are_read_into_commands() {
    check("it");
}

#[test]
fn portuguese_messages_are_read_into_commands() {
    check("pt");
}

mod properties {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(96))]

        #[test]
        fn any_text_is_read_and_sources_are_its_words(
            text in "(\\PC|[0-9]| |€|,|\\.|size |taille |ne |max |et |and ){0,40}",
        ) {
            let shop = &*SHOP;
            let evidence = Evidence::default();
            let (conversation, _) = state("@ shown RUN-009,RUN-004 pending size");
            for language in [Language::EN, Language::FR, Language::DE] {
                let input = ReaderInput {
                    text: &text,
                    tapped: None,
                    language,
                    state: &conversation,
                    catalog: &shop.catalog,
                    policies: &shop.policies,
                    locales: &shop.locales,
                    evidence: &evidence,
                    today: jiff::civil::date(2026, 12, 1),
                };
                let reading = read(&input);
                prop_assert!(!reading.commands.is_empty());
                for said in &reading.commands {
                    prop_assert!(text.contains(&said.source));
                }
            }
        }
    }
}
