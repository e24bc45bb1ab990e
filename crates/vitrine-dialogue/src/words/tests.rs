//! Every statement in every language, both forms of address, long and short, all variants.

use super::samples::COMPLAINTS;
use super::samples::WORDS;
use super::samples::money;
use super::samples::plan;
use super::*;
use crate::locale::Locale;
use crate::locale::Locales;
use crate::plan::AttributeText;
use crate::plan::Availability;
use crate::plan::GivenUp;
use crate::plan::Lead;
use crate::plan::LineText;
use crate::plan::Plan;
use crate::plan::Price;
use crate::shop::Language;
use crate::state::DialogueState;
use std::collections::BTreeSet;
use std::fmt::Write;
use vitrine_base::money::Money;

/// Seeds that between them choose every variant.
const SEEDS: std::ops::Range<u64> = 0..48;

const STYLES: [(Address, bool); 4] = [
    (Address::Formal, false),
    (Address::Informal, false),
    (Address::Formal, true),
    (Address::Informal, true),
];

fn locales() -> Locales {
    Locales::shipped(Language::EN).unwrap()
}

fn locale<'a>(locales: &'a Locales, code: &str) -> &'a Locale {
    locales.get(Language::from_locale(code).unwrap())
}

fn word(locale: &Locale, plan: &Plan, (address, short): (Address, bool), seed: u64) -> Worded {
    let state = DialogueState::default();
    render(&WordingInput { plan, locale, address, short, seed, state: &state })
}

/// All wordings of a plan in a style, in alphabetical order.
fn wordings(locale: &Locale, plan: &Plan, style: (Address, bool)) -> BTreeSet<String> {
    SEEDS.map(|seed| word(locale, plan, style, seed).text).collect()
}

/// Wordings that between them use every variant of a style.
fn covering(locale: &Locale, plan: &Plan, style: (Address, bool)) -> BTreeSet<String> {
    let mut keys = BTreeSet::new();
    let all = SEEDS.map(|seed| word(locale, plan, style, seed));
    let new = all.filter(|worded| worded.keys.iter().any(|key| keys.insert(key.clone())));
    new.map(|worded| worded.text).collect()
}

fn money_in(locale: &Locale, amount: Money) -> String {
    locale.templates.format.money(amount).text
}

fn product_facts(locale: &Locale, card: &Card, facts: &mut Vec<String>) {
    let (Price::Exact(price) | Price::From(price)) = &card.price;
    facts.extend([card.name.clone(), money_in(locale, *price)]);
}

fn line_facts(locale: &Locale, lines: &[LineText], facts: &mut Vec<String>) {
    for line in lines {
        facts.push(line.name.clone());
        facts.extend(line.total.map(|total| money_in(locale, total)));
        facts.extend(line.options.iter().map(|(_, value)| value.clone()));
        if line.quantity > 1 {
            facts.push(line.quantity.to_string());
        }
    }
}

/// Texts that a statement must contain.
fn facts(locale: &Locale, statement: &Move) -> Vec<String> {
    let mut facts = Vec::new();
    match statement {
        Move::Present { cards, given_up, .. } => {
            cards.iter().for_each(|card| product_facts(locale, card, &mut facts));
            for wish in given_up {
                facts.push(match wish {
                    GivenUp::Value(text)
                    | GivenUp::Unwanted(text)
                    | GivenUp::Size(text)
                    | GivenUp::Category(text) => text.clone(),
                    GivenUp::PriceMax(price) | GivenUp::PriceMin(price) => {
                        locale.templates.format.limit(*price).text
                    }
                });
            }
        }
        Move::NoOther { card: Some(card), .. } | Move::Which { card, .. } => {
            product_facts(locale, card, &mut facts);
        }
        Move::Describe { card, description } => {
            product_facts(locale, card, &mut facts);
            facts.push(description.clone());
        }
        Move::Compare { cards, rows } => {
            cards.iter().for_each(|card| product_facts(locale, card, &mut facts));
            facts.extend(rows.iter().map(|row| row.label.clone()));
        }
        Move::Sum { total } => facts.push(money_in(locale, *total)),
        Move::PriceOf { card, pieces } => {
            product_facts(locale, card, &mut facts);
            if let Some((count, total)) = pieces {
                facts.extend([count.to_string(), money_in(locale, *total)]);
            }
            facts.extend(card.compare_at.map(|before| money_in(locale, before)));
        }
        Move::Stock { card, sizes } => {
            facts.push(card.name.clone());
            facts.extend(card.options.iter().map(|(_, value)| value.clone()));
            facts.extend(sizes.iter().cloned());
        }
        Move::Sizes { card, sizes } => {
            facts.extend(std::iter::once(&card.name).chain(sizes).cloned());
        }
        Move::Sheet { name, rows } => {
            let stated = rows.iter().flat_map(|(label, value)| [label, value]);
            facts.extend(std::iter::once(name).chain(stated).cloned());
        }
        Move::Attribute { card, label, value } => {
            facts.push(card.name.clone());
            match value {
                AttributeText::Quote(text) => facts.push(text.clone()),
                AttributeText::Value(value) => facts.extend([label.clone(), value.clone()]),
                _ => facts.push(label.clone()),
            }
        }
        other => return service_facts(locale, other),
    }
    facts
}

/// Texts that a statement that is not about one product must contain.
fn service_facts(locale: &Locale, statement: &Move) -> Vec<String> {
    let mut facts = Vec::new();
    match statement {
        Move::SizeMapped { said, sizes } => {
            facts.extend(std::iter::once(said).chain(sizes).cloned());
        }
        Move::SizeBetween { said, larger, smaller } => {
            facts.extend([said.clone(), larger.clone(), smaller.clone()]);
        }
        Move::ForeignCurrency { limit, .. } => facts.push(money_in(locale, *limit)),
        Move::Policy(policy) => facts.push(policy.text.clone()),
        Move::OrderStatus { id, link, .. } => {
            facts.push(id.clone());
            facts.extend(link.clone());
        }
        Move::OrderUnknown { id } => facts.push(id.clone()),
        Move::AskFacet { question, .. } | Move::AskOption { question, .. } => {
            facts.push(question.clone());
        }
        Move::Added { lines } => line_facts(locale, lines, &mut facts),
        Move::Cart { lines, total } => {
            line_facts(locale, lines, &mut facts);
            facts.extend(total.map(|total| money_in(locale, total)));
        }
        Move::Checkout { lines, total, link } => {
            line_facts(locale, lines, &mut facts);
            facts.extend(total.map(|total| money_in(locale, total)));
            facts.push(link.clone());
        }
        Move::Removed { name } | Move::AskResume { name } => facts.push(name.clone()),
        Move::RestockNoted { name, contact } => {
            facts.push(name.clone());
            facts.extend(contact.clone());
        }
        Move::Handoff { hours, .. } => facts.push(hours.clone()),
        Move::Abilities { about } | Move::Deflect { about } => facts.push(about.clone()),
        Move::Noted { what } => facts.push(what.clone()),
        Move::NothingFound { wanted } => facts.push(wanted.clone()),
        _ => {}
    }
    facts
}

/// What is wrong with a text, whatever it says.
fn fault(text: &str, names: &[&str]) -> Option<&'static str> {
    let last = text.lines().last().unwrap_or_default();
    let open_line = last.starts_with("• ") || last.get(1..3) == Some(". ") || last.contains("://");
    let cases = [
        (text.trim().is_empty(), "empty"),
        (text.contains(['{', '}', '[', ']', '<', '>', '|']), "an unfilled mark"),
        (text.contains("  ") || text.contains(" ,") || text.contains(" ."), "a stray space"),
        (text.contains("..") || text.contains(",."), "two marks in a row"),
        (text.trim() != text, "a space at an end"),
        (!open_line && !text.ends_with(['.', '!', '?']), "no end of the sentence"),
        (text.matches('?').count() > 1, "two questions"),
        (text.contains("()") || text.contains("«»"), "empty brackets"),
        (repeats::repeats(text, names), "the same words twice"),
        (text.chars().next().is_some_and(char::is_lowercase), "a small letter at the start"),
    ];
    cases.into_iter().find(|(wrong, _)| *wrong).map(|(_, what)| what)
}

#[test]
fn every_statement_is_whole_and_says_its_facts_in_every_language_and_style() {
    let locales = locales();
    for words in &WORDS {
        let locale = locale(&locales, words.code);
        for (name, statement) in words.statements() {
            let facts = facts(locale, &statement);
            let plan = plan(vec![statement]);
            let names = names(&plan.moves);
            for style in STYLES {
                for text in wordings(locale, &plan, style) {
                    let at = format!("{} {name} {style:?}: {text}", words.code);
                    assert_eq!(fault(&text, &names), None, "{at}");
                    let missing = facts.iter().find(|fact| !text.contains(fact.as_str()));
                    assert_eq!(missing, None, "{at}");
                }
            }
        }
    }
}

#[test]
fn places_of_facts_hold_names_prices_sizes_and_links() {
    let locales = locales();
    for words in &WORDS {
        let locale = locale(&locales, words.code);
        let plan = plan(words.statements().into_iter().map(|(_, statement)| statement).collect());
        let worded = word(locale, &plan, STYLES[0], 7);
        for (range, fact) in &worded.facts {
            let (_, value) = fact.split_once(": ").unwrap();
            let said = &worded.text[range.clone()];
            let figures =
                |text: &str| text.chars().filter(char::is_ascii_digit).collect::<String>();
            let same = said == value
                || value.ends_with(said)
                || ((value.ends_with("EUR") || value.ends_with("USD"))
                    && figures(value).starts_with(&figures(said)))
                || (fact.starts_with("size: ") && figures(said) == figures(value));
            assert!(same, "{}: `{said}` is not `{fact}`", words.code);
        }
        for kind in ["product: Vélance Dorane", "price: 119.00 EUR", "size: 43", "link: https://"]
        {
            assert!(worded.facts.iter().any(|(_, fact)| fact.starts_with(kind)), "{kind}");
        }
    }
}

#[test]
fn a_reply_avoids_the_variants_of_the_reply_before() {
    let locales = locales();
    for words in &WORDS {
        let locale = locale(&locales, words.code);
        for statement in [Move::AskBuy, Move::Bye, Move::Unclear { times: 2 }] {
            let plan = plan(vec![statement]);
            let mut state = DialogueState::default();
            let mut before = String::new();
            for seed in 0..12 {
                let address = Address::Formal;
                let input = WordingInput {
                    plan: &plan,
                    locale,
                    address,
                    short: false,
                    seed,
                    state: &state,
                };
                let worded = render(&input);
                assert_ne!(worded.text, before);
                before = worded.text;
                state.said.extend(worded.keys);
            }
        }
    }
}

#[test]
fn what_the_shop_wrote_is_introduced_when_it_is_said_again() {
    let locales = locales();
    for words in &WORDS {
        let locale = locale(&locales, words.code);
        for statement in ["policy", "ask option"] {
            let all = words.statements();
            let (_, statement) = all.into_iter().find(|(name, _)| *name == statement).unwrap();
            let plan = plan(vec![statement]);
            let first = word(locale, &plan, STYLES[0], 1);
            let state = DialogueState { said: first.keys.clone(), ..DialogueState::default() };
            let address = Address::Formal;
            let input =
                WordingInput { plan: &plan, locale, address, short: false, seed: 1, state: &state };
            let again = render(&input);
            assert_ne!(again.text, first.text);
            assert_eq!(fault(&again.text, &[]), None);
        }
    }
}

#[test]
fn trouble_is_answered_without_thanks_cheer_or_offers() {
    let locales = locales();
    let forbidden = [
        ("en", ["thank", "great", "happy", "glad", "pleasure", "!"].as_slice()),
        ("fr", ["merci", "plaisir", "ravi", "super", "heureu", "!"].as_slice()),
        ("de", ["dank", "freu", "gern", "toll", "super", "!"].as_slice()),
        ("es", ["gracias", "alegr", "gusto", "genial", "encanta", "!"].as_slice()),
        ("it", ["grazie", "piacere", "felic", "volentieri", "ottimo", "!"].as_slice()),
        ("pt", ["obrigad", "prazer", "feliz", "gosto", "ótimo", "!"].as_slice()),
    ];
    for words in &WORDS {
        let locale = locale(&locales, words.code);
        let (_, forbidden) = forbidden.iter().find(|(code, _)| *code == words.code).unwrap();
        let handoffs = words.statements();
        let handoffs = handoffs.into_iter().filter(|(name, _)| name.starts_with("handoff"));
        for (_, handoff) in handoffs {
            for (_, about) in COMPLAINTS {
                for angry in [true, false] {
                    let plan = plan(vec![Move::Sorry { about, angry }, handoff.clone()]);
                    for style in STYLES {
                        for text in wordings(locale, &plan, style) {
                            let small = text.to_lowercase();
                            let found = forbidden.iter().find(|word| small.contains(**word));
                            assert_eq!(found, None, "{}: {text}", words.code);
                            assert_eq!(fault(&text, &[]), None, "{}: {text}", words.code);
                        }
                    }
                }
            }
        }
    }
}

#[test]
fn stopping_says_that_no_more_messages_come_and_the_bot_says_that_it_is_automatic() {
    let locales = locales();
    let told = [
        ("en", "no more messages", "automated assistant"),
        ("fr", "plus de messages", "assistant automatique"),
        ("de", "keine nachrichten", "automatischer assistent"),
        ("es", "más mensajes", "asistente automático"),
        ("it", "più messaggi", "assistente automatico"),
        ("pt", "mais mensagens", "assistente automático"),
    ];
    for (code, stop, bot) in told {
        let locale = locale(&locales, code);
        for style in STYLES {
            for (statement, words) in [(Move::Stopped, stop), (Move::Bot, bot)] {
                for text in wordings(locale, &plan(vec![statement.clone()]), style) {
                    assert!(text.to_lowercase().contains(words), "{code}: {text}");
                }
            }
        }
    }
}

#[test]
fn a_reply_asks_one_question_and_a_greeting_leaves_it_to_the_plan() {
    let locales = locales();
    for words in &WORDS {
        let locale = locale(&locales, words.code);
        let greet = Move::Greet { name: None, shop: "Foulée".to_owned(), short: false };
        let plan = plan(vec![greet, Move::AskNeed, Move::AskAnything]);
        for style in STYLES {
            for text in wordings(locale, &plan, style) {
                assert_eq!(text.matches('?').count(), 1, "{}: {text}", words.code);
            }
        }
    }
}

#[test]
fn statements_that_would_repeat_each_other_are_worded_otherwise() {
    let locales = locales();
    for words in &WORDS {
        let locale = locale(&locales, words.code);
        let mut cards = words.cards();
        for card in &mut cards {
            card.title = "one two three four five six".to_owned();
            card.reasons = vec![];
            let shared = format!("alpha beta gamma delta epsilon {}", card.name);
            card.features = vec![shared];
            card.availability = Availability::InStock;
        }
        let present = Move::Present { cards, lead: Lead::First, given_up: vec![] };
        let card = words.card("Vélance Dorane", "119");
        let price = Move::PriceOf { card, pieces: Some((2, money("238"))) };
        let plan = plan(vec![price.clone(), present, price]);
        let names = names(&plan.moves);
        for seed in SEEDS {
            let text = word(locale, &plan, STYLES[0], seed).text;
            assert!(!text.contains("alpha"), "{}: {text}", words.code);
            assert_eq!(fault(&text, &names), None, "{}: {text}", words.code);
        }
    }
}

fn snapshot(name: &str, golden: &str) {
    insta::with_settings!({
        snapshot_path => "../../tests/golden",
        prepend_module_to_snapshot => false,
        omit_expression => true,
    }, {
        insta::assert_snapshot!(name, golden);
    });
}

#[test]
fn every_language_reads_as_before() {
    let locales = locales();
    for words in &WORDS {
        let locale = locale(&locales, words.code);
        let mut golden = String::new();
        for (name, statement) in words.statements() {
            let plan = plan(vec![statement]);
            writeln!(golden, "== {name}").unwrap();
            let mut known = BTreeSet::new();
            for (style, mark) in STYLES.into_iter().zip(["", "informal: ", "short: "]) {
                let new = covering(locale, &plan, style);
                for text in new.difference(&known) {
                    writeln!(golden, "{mark}{text}").unwrap();
                }
                known.extend(new);
            }
        }
        snapshot(&format!("words-{}", words.code), &golden);
    }
}

proptest::proptest! {
    #[test]
    fn any_text_of_a_shop_renders_and_facts_lie_on_characters(text in ".{0,40}", seed: u64) {
        let locales = locales();
        for words in &WORDS {
            let card = Card { title: text.clone(), ..words.card(&text, "119") };
            let card = Card { reasons: vec![text.clone()], features: vec![text.clone()], ..card };
            let stock = Move::Stock { card: card.clone(), sizes: vec![text.clone()] };
            let describe = Move::Describe { card: card.clone(), description: text.clone() };
            let cards = vec![card.clone(), card];
            let present = Move::Present { cards, lead: Lead::Named, given_up: vec![] };
            let ask = Move::AskOption {
                question: text.clone(),
                label: text.clone(),
                values: vec![text.clone()],
            };
            let plan = plan(vec![stock, describe, present, ask]);
            for style in STYLES {
                let worded = word(locale(&locales, words.code), &plan, style, seed);
                for (range, _) in worded.facts {
                    proptest::prop_assert!(worded.text.get(range).is_some());
                }
            }
        }
    }
}

/// Replies of several statements, by the names of the samples.
const REPLIES: [&[&str]; 16] = [
    &["greet, short", "present, first", "ask buy"],
    &["noted, what", "present, merits", "ask buy"],
    &["given up, list", "ask pick"],
    &["compare", "ask pick"],
    &["policy", "ask resume"],
    &["stock, in", "ask buy"],
    &["stock, out", "present, another", "ask buy"],
    &["size mapped", "stock, in", "ask option"],
    &["attribute, yes", "price", "ask buy"],
    &["sorry, delivery", "policy", "handoff"],
    &["order unknown", "handoff"],
    &["added, one", "present, accessory", "ask anything"],
    &["cart, several", "ask anything"],
    &["checkout, several", "handoff"],
    &["unclear, first", "ask topic"],
    &["no cheaper", "which, cheapest", "ask buy"],
];

#[test]
fn replies_of_several_statements_read_as_one() {
    let locales = locales();
    for words in &WORDS {
        let locale = locale(&locales, words.code);
        let mut golden = String::new();
        for names_of in REPLIES {
            let all = words.statements();
            let find =
                |wanted: &&str| all.iter().find(|(name, _)| name == wanted).unwrap().1.clone();
            let plan = plan(names_of.iter().map(find).collect());
            let product_names = names(&plan.moves);
            writeln!(golden, "== {}", names_of.join(" + ")).unwrap();
            for style in STYLES {
                for text in wordings(locale, &plan, style) {
                    let at = format!("{} {names_of:?}: {text}", words.code);
                    assert_eq!(fault(&text, &product_names), None, "{at}");
                }
            }
            writeln!(golden, "{}", word(locale, &plan, STYLES[0], 3).text).unwrap();
        }
        snapshot(&format!("replies-{}", words.code), &golden);
    }
}
