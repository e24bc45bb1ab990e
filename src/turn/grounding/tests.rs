//! Texts that the grounding check accepts and refuses.

use super::*;
use crate::turn::draft::Address;
use crate::turn::draft::Emoji;
use crate::turn::draft::Length;
use crate::turn::draft::Style;
use crate::turn::draft::Voice;
use serde_json::Value;
use std::path::Path;
use vitrine_base::channel::ChannelKind;
use vitrine_base::language::Language;
use vitrine_engine::constraint::TokenTrie;
use vitrine_engine::model::GgufFile;
use vitrine_engine::text::Special;
use vitrine_engine::text::Tokenizer;

pub(super) fn style(language: Language) -> Style {
    Style {
        language,
        channel: ChannelKind::Whatsapp,
        voice: Voice::Warm,
        address: Address::Vous,
        length: Length::Short,
        emoji: Emoji::None,
    }
}

fn recommendation() -> Brief {
    Brief::new("Zelka Trail 3, 129,00 €.", style(Language::FR))
        .with(FactKey::Product, "Zelka Trail 3")
        .with(FactKey::Price, "129,00 €")
        .with(FactKey::Words, "semelle amortie")
        .with(FactKey::Words, "4")
}

fn lexicon() -> BTreeSet<String> {
    let words = "je vous propose à une la pour bonjour il en reste voici avec";
    words.split(' ').map(str::to_owned).collect()
}

fn judge(text: &str) -> Result<(), Ungrounded> {
    let lexicon = lexicon();
    check(
        text,
        &recommendation(),
        GroundingVocabulary { lexicon: Some(&lexicon), catalog_names: None },
    )
}

#[test]
fn a_faithful_draft_passes() {
    assert_eq!(judge("Je vous propose la Zelka Trail 3, à 129,00 € : semelle amortie."), Ok(()));
    assert_eq!(judge("Zelka Trail 3 à 129,00 €. Il en reste 4 !"), Ok(()));
    assert_eq!(judge("Semelle amortie, à 129,00 € : Zelka Trail 3"), Ok(()));
}

#[test]
fn an_invented_number_is_stopped() {
    let number = |found: &str| Err(Ungrounded::Number { found: found.to_owned() });
    assert_eq!(judge("Zelka Trail 3 à 119,00 €."), number("119,00 €"));
    assert_eq!(judge("Zelka Trail 3 à 4 €."), number("4 €"));
    assert_eq!(judge("Zelka Trail 3 à 129,00 €. Il en reste 3."), number("3"));
    assert_eq!(judge("Zelka Trail 3 à 129,00 €. Il en reste 129,00."), number("129,00"));
    assert_eq!(judge("Zelka Trail 4 à 129,00 €."), number("Zelka Trail 4"));
    assert_eq!(judge("Zelka Trail 3 à 129,00 $."), number("129,00 $"));
}

proptest::proptest! {
    #[test]
    fn no_changed_digit_is_ever_let_through(at in 0_usize..64, digit in 0_u8..10) {
        let sound = "Je vous propose la Zelka Trail 3, à 129,00 € : il en reste 4.";
        proptest::prop_assert_eq!(judge(sound), Ok(()));
        let places: Vec<usize> = sound
            .char_indices()
            .filter(|(_, character)| character.is_ascii_digit())
            .map(|(place, _)| place)
            .collect();
        let place = places[at % places.len()];
        let other = char::from(b'0' + digit);
        if !sound[place..].starts_with(other) {
            let mut changed = sound.to_owned();
            changed.replace_range(place..=place, &other.to_string());
            proptest::prop_assert!(judge(&changed).is_err(), "{}", changed);
        }
    }
}

#[test]
fn an_invented_name_or_word_is_stopped() {
    assert_eq!(
        judge("Je vous propose la Zelko Trail 3 à 129,00 €."),
        Err(Ungrounded::Number { found: "Zelko Trail 3".to_owned() })
    );
    assert_eq!(
        judge("Bonjour Léa, voici la Zelka Trail 3 à 129,00 €."),
        Err(Ungrounded::Name { found: "Léa".to_owned() })
    );
    assert_eq!(
        judge("Zelka Trail 3 à 129,00 €, imperméable."),
        Err(Ungrounded::Word { found: "imperméable".to_owned() })
    );
}

#[test]
fn an_invented_link_is_stopped() {
    let brief = Brief::new("Pay here.", style(Language::EN))
        .with(FactKey::Product, "Zelka")
        .with(FactKey::Link, "https://shop.example/pay/1");
    let open = GroundingVocabulary::default();
    assert_eq!(check("Pay for Zelka here: https://shop.example/pay/1", &brief, open), Ok(()));
    assert_eq!(check("Pay for Zelka: https://shop.example/pay/1.", &brief, open), Ok(()));
    assert!(matches!(
        check("Pay for Zelka: https://shop.example/pay/2", &brief, open),
        Err(Ungrounded::Link { .. })
    ));
    assert!(matches!(
        check("Pay for Zelka.", &brief, open),
        Err(Ungrounded::Missing { key: FactKey::Link, .. })
    ));
}

#[test]
fn an_obligatory_fact_must_be_said() {
    assert_eq!(
        judge("Je vous propose la Zelka Trail 3."),
        Err(Ungrounded::Missing { key: FactKey::Price, value: "129,00 €".to_owned() })
    );
}

#[test]
fn without_a_lexicon_other_catalogue_names_are_stopped() {
    let names: BTreeSet<String> = ["nimbo".to_owned()].into();
    let known = GroundingVocabulary { lexicon: None, catalog_names: Some(&names) };
    let text = "Zelka Trail 3 coûte 129,00 €. Nimbo convient mieux.";
    assert_eq!(
        check(text, &recommendation(), known),
        Err(Ungrounded::Name { found: "Nimbo".to_owned() })
    );
}

#[test]
fn facts_are_located_by_character() {
    let brief = recommendation();
    let found = locate("Voilà : Zelka Trail 3 à 129,00 €.", &brief.facts);
    assert_eq!(found[0], Grounding { start: 8, end: 21, fact: "product: Zelka Trail 3".into() });
    assert_eq!(found[1].fact, "price: 129,00 €");
}

/// The built-in drafter's held-out briefs, with their reference replies.
pub(super) struct HeldOutDrafts {
    pub(super) lexicon: BTreeSet<String>,
    pub(super) tokens: TokenTrie,
    pub(super) rows: Vec<HeldOutRow>,
    tokenizer: Tokenizer,
}

pub(super) struct HeldOutRow {
    pub(super) brief: Brief,
    pub(super) reference: String,
}

impl HeldOutDrafts {
    pub(super) fn encode(&self, text: &str) -> Vec<u32> {
        self.tokenizer.encode(text, Special::Skip).unwrap()
    }
}

pub(super) fn held_out() -> HeldOutDrafts {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("models/drafter");
    let model = GgufFile::open(&folder.join("drafter.gguf")).unwrap();
    let words = model.metadata().texts("vitrine.drafter.lexicon").unwrap();
    let tokenizer = Tokenizer::from_metadata(model.metadata()).unwrap();
    let rows = std::fs::read_to_string(folder.join("heldout.jsonl")).unwrap();
    HeldOutDrafts {
        lexicon: words.iter().cloned().collect(),
        tokens: TokenTrie::new(&tokenizer).unwrap(),
        rows: rows.lines().map(held_out_row).collect(),
        tokenizer,
    }
}

fn held_out_row(row: &str) -> HeldOutRow {
    let row: Value = serde_json::from_str(row).unwrap();
    let language = Language::from_locale(row["language"].as_str().unwrap()).unwrap();
    let reference = row["reference"].as_str().unwrap().to_owned();
    let facts = row["facts"].as_array().unwrap();
    let brief = facts.iter().fold(Brief::new(&*reference, style(language)), |brief, fact| {
        // Subjects that only the model's own format has are words of the reply here.
        let key = FactKey::from_name(fact[0].as_str().unwrap());
        let key = key.filter(|key| matches!(key, FactKey::Price | FactKey::Link));
        brief.with(key.unwrap_or(FactKey::Words), fact[1].as_str().unwrap())
    });
    HeldOutRow { brief, reference }
}

#[test]
fn a_draft_that_repeats_itself_is_stopped() {
    let brief = Brief::new("Pay here.", style(Language::EN))
        .with(FactKey::Product, "Zelka Trail 3")
        .with(FactKey::Link, "https://shop.example/pay/1?size=39");
    let judge = |text: &str| check(text, &brief, GroundingVocabulary::default());
    let once = "Here's the link to pay for Zelka Trail 3: https://shop.example/pay/1?size=39. \
                I'm here. I'm here.";
    assert_eq!(judge(once), Ok(()));
    let link = "https://shop.example/pay/1?size=39";
    let found = link.to_owned();
    let twice = format!("Pay for Zelka Trail 3: {link}. Here's the link: {link}");
    assert_eq!(judge(&twice), Err(Ungrounded::Repeated { found }));
    let sentence = format!("I'm here if needed. Zelka Trail 3: {link} I'm here if needed!");
    assert!(matches!(judge(&sentence), Ok(())), "a link does not end a sentence");
    let sentence = format!("I'm here if needed. Zelka Trail 3: {link}. I'm here if needed!");
    let found = "i'm here if needed".to_owned();
    assert_eq!(judge(&sentence), Err(Ungrounded::Repeated { found }));
}

#[test]
fn a_draft_that_breaks_off_is_stopped() {
    let mut draft = Draft {
        text: "Zelka Trail 3 à 129,00 €. Il en reste 4 !".to_owned(),
        whole: true,
        prompt_tokens: 9,
        cached_tokens: 0,
        output_tokens: 9,
    };
    let judge =
        |draft: &Draft| check_draft(draft, &recommendation(), GroundingVocabulary::default());
    assert_eq!(judge(&draft), Ok(()));
    draft.whole = false;
    assert_eq!(judge(&draft), Err(Ungrounded::Unfinished));
}
