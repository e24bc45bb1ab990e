//! Tests of the notation, the grammar, the prompt and the gate, on the example shop.

use super::gate::is_left_to_rules;
use super::notation::Piece;
use super::scope::ProductLine;
use super::*;
use crate::command::Command;
use crate::command::Question;
use crate::command::Reference;
use crate::command::Said;
use crate::locale::Locales;
use crate::policies::Policies;
use crate::reader;
use crate::reader::Evidence;
use crate::reader::ReaderInput;
use crate::reader::Reading;
use crate::shop::Catalog;
use crate::shop::Language;
use crate::state::DialogueState;
use crate::state::Focus;
use crate::state::Line as CartLine;
use crate::state::Pending;
use proptest::prelude::*;
use rust_decimal::Decimal;
use std::fmt::Write;
use std::path::Path;
use std::sync::LazyLock;
use vitrine_catalog::CatalogLimits;

const LANGUAGES: [&str; 6] = ["en", "fr", "de", "es", "it", "pt"];

/// Messages with numbers, sizes, products, values and order numbers.
const MESSAGES: [&str; 12] = [
    "hello",
    "running shoes under 120, size 42 or 43",
    "des chaussures de trail noires, 150 max, pas de rouge",
    "2 pairs in 41 and 3 in 42.5",
    "der zweite für 119",
    "where is my order 4481922?",
    "between 120 and 80 euros",
    "is the first one waterproof? and the return?",
    "-5, 1/2, 0, 99999999999999999999999999",
    "54 cm helmet, eu 38",
    "",
    "asdf \" \\ / ) ( ] | * + ?",
];

static SHOP: LazyLock<Shop> = LazyLock::new(Shop::example);

struct Shop {
    catalog: Catalog,
    policies: Policies,
    locales: Locales,
    ids: ShopIds,
}

impl Shop {
    fn example() -> Self {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples/shop");
        let policies = std::fs::read_to_string(folder.join("policies.toml")).unwrap();
        let catalog = Catalog::open(&folder, &CatalogLimits::GATEWAY).unwrap();
        let locales = Locales::shipped(Language::EN).unwrap();
        let policies = Policies::parse(&policies, &locales).unwrap();
        let ids = ShopIds::of(&catalog, &policies);
        Self { catalog, policies, locales, ids }
    }

    /// Calls `then` with the input for a message, and the rules' reading of it.
    fn with<T>(
        &self,
        text: &str,
        language: Language,
        state: &DialogueState,
        then: impl FnOnce(&ReaderInput<'_>, &Reading) -> T,
    ) -> T {
        let evidence = Evidence::default();
        let input = ReaderInput {
            text,
            tapped: None,
            language,
            state,
            catalog: &self.catalog,
            policies: &self.policies,
            locales: &self.locales,
            evidence: &evidence,
            today: jiff::civil::date(2026, 12, 1),
        };
        then(&input, &reader::read(&input))
    }

    fn parse(
        &self,
        line: &str,
        text: &str,
        state: &DialogueState,
    ) -> Result<Vec<Command>, Refusal> {
        self.with(text, Language::EN, state, |input, fast| {
            parse(line, &Scope::new(&self.ids, input, &fast.commands))
        })
    }
}

fn language(code: &str) -> Language {
    Language::from_locale(code).unwrap()
}

/// A conversation that has shown so many products, the first of them in focus.
fn after(shown: usize) -> DialogueState {
    let skus: Vec<String> =
        SHOP.catalog.products().iter().take(shown).map(|one| one.sku.to_string()).collect();
    let focus = skus.first().map(|sku| Focus {
        sku: sku.clone(),
        options: std::collections::BTreeMap::new(),
        pieces: Vec::new(),
    });
    DialogueState { last_shown: skus.clone(), shown: skus, focus, ..DialogueState::default() }
}

/// Numbers from a seed, for walks through a description of lines.
struct Seed(u64);

impl Seed {
    fn below(&mut self, end: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        usize::try_from(self.0 >> 33).unwrap() % end
    }
}

/// A text that a piece describes.
fn walk(piece: &Piece, seed: &mut Seed, out: &mut String) {
    match piece {
        Piece::Text(text) => out.push_str(text),
        Piece::All(pieces) => pieces.iter().for_each(|piece| walk(piece, seed, out)),
        Piece::Any(pieces) => {
            let possible: Vec<&Piece> = pieces.iter().filter(|one| one.is_possible()).collect();
            walk(possible[seed.below(possible.len())], seed, out);
        }
        Piece::Maybe(piece) => {
            if piece.is_possible() && seed.below(2) == 0 {
                walk(piece, seed, out);
            }
        }
    }
}

/// Whether everything that a command names is the shop's, in sight, or in the message.
fn is_known(command: &Command, scope: &Scope<'_>) -> bool {
    let ids = scope.ids;
    let number = |value: &Decimal| scope.numbers.contains(value);
    let refers = |reference: &Reference| match reference {
        Reference::Product(sku) => scope.named.iter().any(|line| line.sku == *sku),
        Reference::Ordinal(-1) => scope.has_products(),
        Reference::Ordinal(place) => {
            usize::try_from(*place).is_ok_and(|place| (1..=scope.shown.len()).contains(&place))
        }
        Reference::Price(price) => number(price),
        Reference::Facet { facet, value } => ids.has_value(facet, value),
        _ => scope.has_products(),
    };
    match command {
        Command::Seek { category, .. } => ids.kinds.contains(category),
        Command::Constrain { facet, value, .. } => ids.has_value(facet, value),
        Command::NoPreference { facet } => {
            facet.as_ref().is_none_or(|facet| ids.facet(facet).is_some())
        }
        Command::PriceLimit { min, max } => {
            let within = !matches!((min, max), (Some(min), Some(max)) if min > max);
            within && min.iter().chain(max).all(number)
        }
        Command::Size { values, .. } => values.iter().all(|value| scope.sizes.contains(value)),
        Command::Quantity { pieces, .. } => number(&(*pieces).into()),
        Command::Order { id } => id.iter().all(|id| scope.orders.contains(id)),
        Command::Choose { reference, .. }
        | Command::Show { reference }
        | Command::Reject { reference, .. }
        | Command::Remove { reference } => refers(reference),
        Command::Compare { references } => references.iter().all(refers),
        Command::Ask { question, about } => {
            let known = match question {
                Question::Topic { intent, topics } => {
                    let matter = |matter: &&super::ids::Matter| matter.intent == *intent;
                    ids.matters.iter().any(|one| matter(&one))
                        && topics.iter().all(|id| ids.matters.iter().any(|one| one.id == *id))
                }
                Question::Attribute { key, value: Some(value) } => ids.has_value(key, value),
                Question::Attribute { key, value: None } => ids.has_key(key),
                _ => true,
            };
            known && about.iter().all(refers)
        }
        _ => true,
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 256, ..ProptestConfig::default() })]

    #[test]
    fn every_line_of_the_grammar_is_read_and_names_only_what_is_known(
        seed in any::<u64>(),
        text in prop::sample::select(&MESSAGES[..]),
        code in prop::sample::select(&LANGUAGES[..]),
        shown in 0_usize..4,
        carts in any::<bool>(),
    ) {
        let mut state = after(shown);
        if carts {
            let sku = SHOP.catalog.products()[0].sku.to_string();
            let options = std::collections::BTreeMap::new();
            state.cart.push(CartLine { variant: sku.clone(), sku, options, quantity: 1 });
        }
        SHOP.with(text, language(code), &state, |input, fast| {
            let scope = Scope::new(&SHOP.ids, input, &fast.commands);
            let command = grammar::command(&scope);
            let mut seed = Seed(seed);
            let mut line = String::new();
            for at in 0..=seed.below(COMMANDS_MAX) {
                if at > 0 {
                    line.push_str(", ");
                }
                walk(&command, &mut seed, &mut line);
            }
            let commands = parse(&line, &scope).unwrap_or_else(|error| panic!("{line}: {error}"));
            prop_assert!(!commands.is_empty());
            for command in &commands {
                prop_assert!(is_known(command, &scope), "{line}: {command:?}");
            }
            Ok(())
        })?;
    }

    #[test]
    fn any_other_line_is_read_or_refused_and_never_names_what_is_unknown(
        line in "(take|ask|size|price|seek|order|about|any|pieces)? ?[a-z0-9#=~!., /+]{0,20}",
        text in prop::sample::select(&MESSAGES[..]),
        shown in 0_usize..3,
    ) {
        let state = after(shown);
        SHOP.with(text, Language::EN, &state, |input, fast| {
            let scope = Scope::new(&SHOP.ids, input, &fast.commands);
            for command in parse(&line, &scope).unwrap_or_default() {
                prop_assert!(is_known(&command, &scope), "{line}: {command:?}");
            }
            Ok(())
        })?;
    }
}

#[test]
fn lines_are_read_into_commands() {
    let category = SHOP.ids.kinds[0].clone();
    let read = |line: &str| SHOP.parse(line, "150 max, size 42, 2 pairs", &after(2)).unwrap();
    let commands = read(&format!("greet, seek !{category}, price ..150, greet"));
    assert_eq!(commands.len(), 3, "the same command twice counts once: {commands:?}");
    assert_eq!(
        commands[1],
        Command::Seek { category, polarity: crate::command::Polarity::MustNot }
    );
    let bought = Command::Choose { reference: Reference::Ordinal(2), buys: true };
    assert_eq!(read("take #2, pieces 2\n"), [bought, Command::Quantity { pieces: 2, size: None }]);
    let price = Command::Ask { question: Question::Price, about: Some(Reference::Focus) };
    for line in ["ask price", "ask price of it"] {
        assert_eq!(read(line), std::slice::from_ref(&price), "{line}");
    }
}

#[test]
fn what_the_shop_or_the_message_does_not_have_is_refused() {
    let state = after(2);
    let text = "150 max, size 42";
    for line in [
        "",
        "seek unicorns",
        "colour=octarine",
        "price ..140",
        "price ..",
        "size 55",
        "take #3",
        "take #0",
        "take p1",
        "pieces 7",
        "order 4481922",
        "about politics",
        "ask horoscope",
        "compare it",
        "greet,thanks",
        "stop",
        "injection",
        "contact a@b.example",
    ] {
        assert!(SHOP.parse(line, text, &state).is_err(), "{line}");
    }
    for line in ["take it", "cheaper", "checkout", "ask which", "compare both"] {
        assert!(SHOP.parse(line, text, &after(0)).is_err(), "nothing is in sight: {line}");
        assert!(SHOP.parse(line, text, &state).is_ok(), "{line}");
    }
    let long = ["greet"; COMMANDS_MAX + 1].join(", ");
    let found = COMMANDS_MAX + 1;
    assert_eq!(SHOP.parse(&long, text, &state), Err(Refusal::TooMany { found }));
}

#[test]
fn a_grammar_escapes_what_ids_may_hold() {
    let mut regex = String::new();
    super::notation::any(["a.b-c", "#1", "d/e"]).put_regex(&mut regex);
    assert_eq!(regex, r"(a\.b\-c|\#1|d\/e)");
    let grammar = SHOP.with("size 42", Language::EN, &after(1), |input, fast| {
        grammar(&Scope::new(&SHOP.ids, input, &fast.commands))
    });
    assert!(grammar.starts_with("start: COMMAND (\", \" COMMAND){0,5} \"\\n\"?\nCOMMAND: /"));
    assert_eq!(grammar.lines().count(), 2);
}

/// What an example says of its situation, as a scope.
fn scope_of<'a>(situation: &str, empty: Scope<'a>) -> Scope<'a> {
    let mut scope = empty;
    let product = |name: &str| ProductLine {
        sku: name.to_owned(),
        name: name.to_owned(),
        price: "49".to_owned(),
    };
    for line in situation.lines() {
        match line.split_once(": ").unwrap() {
            ("Shown", shown) => scope.shown = shown.split("; ").map(product).collect(),
            ("It", name) => scope.focus = Some(product(name)),
            ("Cart", name) => scope.cart.push(product(name)),
            ("Numbers", numbers) => {
                scope.numbers.extend(numbers.split(' ').map(|one| one.parse::<Decimal>().unwrap()));
                scope.sizes.extend(numbers.split(' ').map(str::to_owned));
            }
            _ => {}
        }
    }
    scope
}

#[test]
fn every_example_is_a_reading_of_its_message() {
    let prompt = Prompt::new(&SHOP.ids, &SHOP.catalog);
    let mut readings = Vec::new();
    for code in LANGUAGES {
        let lines = prompt.lines(language(code), "");
        let examples = &lines[1..lines.len() - 1];
        let mut of_language = Vec::new();
        for example in examples.chunks(2) {
            let [said, reading] = example else { panic!("a message without a reading") };
            let empty = SHOP.with("", Language::EN, &after(0), |input, _| Scope {
                shown: Vec::new(),
                ..Scope::new(&SHOP.ids, input, &[])
            });
            let scope = scope_of(&said.text, empty);
            let commands = parse(&reading.text, &scope);
            assert!(commands.is_ok(), "{}\n{commands:?}", said.text);
            of_language.push(reading.text.clone());
        }
        assert!(of_language.len() >= 12, "{code}: {} examples", of_language.len());
        readings.push(of_language);
    }
    assert!(readings.windows(2).all(|pair| pair[0] == pair[1]), "each language has all examples");
}

#[test]
fn the_prompt_for_each_language_is_as_before() {
    let prompt = Prompt::new(&SHOP.ids, &SHOP.catalog);
    let mut state = after(2);
    state.pending = Some(Pending::Facet { facet: SHOP.ids.facets[0].0.clone() });
    for code in LANGUAGES {
        let text = "hm, 42, 120?";
        let situation = SHOP.with(text, language(code), &state, |input, fast| {
            Scope::new(&SHOP.ids, input, &fast.commands).situation(&state, text)
        });
        let mut golden = String::new();
        for line in prompt.lines(language(code), &situation) {
            writeln!(golden, "{:?}:\n{}\n", line.speaker, line.text).unwrap();
        }
        insta::with_settings!({
            snapshot_path => "../../../tests/golden",
            prepend_module_to_snapshot => false,
            omit_expression => true,
        }, {
            insta::assert_snapshot!(format!("prompt-{code}"), golden);
        });
    }
}

#[test]
fn a_message_begins_its_prompt_with_what_all_in_its_language_share() {
    let prompt = Prompt::new(&SHOP.ids, &SHOP.catalog);
    for code in LANGUAGES {
        let (empty, full) = (prompt.lines(language(code), ""), prompt.lines(language(code), "x"));
        assert_eq!(empty[..empty.len() - 1], full[..full.len() - 1]);
    }
    let polish = Language::from_locale("pl").unwrap();
    assert_eq!(prompt.lines(polish, "x"), prompt.lines(Language::EN, "x"));
}

#[test]
fn a_long_message_is_cut() {
    let text = "very ".repeat(10_000);
    let state = after(0);
    let situation = SHOP.with(&text, Language::EN, &state, |input, fast| {
        Scope::new(&SHOP.ids, input, &fast.commands).situation(&state, &text)
    });
    assert!(situation.chars().count() < 1_000);
}

fn said(command: Command, source: &str) -> Said {
    Said { command, source: source.to_owned() }
}

fn reading(commands: Vec<Said>, words: &[&str]) -> Reading {
    let words = words.iter().map(|&word| word.to_owned()).collect();
    Reading { commands, words, ..Reading::default() }
}

#[test]
fn rules_doubt_what_they_cannot_explain() {
    let text = "who won the elections";
    let doubt = |commands: Vec<Said>, words: &[&str]| super::doubt(&reading(commands, words), text);
    let unclear = said(Command::Unclear, text);
    assert_eq!(doubt(vec![said(Command::Greet, "hi"), unclear.clone()], &[]), Some(Doubt::Unclear));
    assert_eq!(doubt(vec![said(Command::OutOfScope, text)], &[]), Some(Doubt::OutOfScope));
    assert_eq!(doubt(vec![said(Command::OutOfScope, "elections")], &[]), None, "told by a word");
    assert_eq!(doubt(vec![said(Command::Browse, "x")], &["elections", "won"]), Some(Doubt::Words));
    assert_eq!(doubt(vec![said(Command::Browse, "x")], &["elections"]), None);
}

#[test]
fn rights_and_attempts_at_instructions_are_left_to_the_rules() {
    for command in [Command::Stop, Command::Start, Command::Injection] {
        assert!(is_left_to_rules(&reading(vec![said(command, "x")], &[])));
    }
    assert!(!is_left_to_rules(&reading(vec![said(Command::Human, "x")], &[])));
}

#[test]
fn commands_of_both_readers_keep_their_words_and_exact_ones_are_kept() {
    let order = Command::Order { id: Some("4481922".to_owned()) };
    let fast = reading(
        vec![
            said(Command::Greet, "hi"),
            said(order.clone(), "4481922"),
            said(Command::Unclear, "x"),
        ],
        &[],
    );
    let text = "hi, my 4481922 is broken";
    let all = merged(&fast, vec![Command::Greet, order.clone(), Command::Human], text);
    let expected = [said(order, "4481922"), said(Command::Greet, "hi"), said(Command::Human, text)];
    assert_eq!(all.commands, expected);
}

#[test]
fn a_model_is_asked_where_it_helped_beyond_chance() {
    let tally = |turns, helped, hurt| Tally { turns, helped, hurt };
    for (tally, worth) in [
        (tally(0, 0, 0), false),
        (tally(50, 4, 0), false),
        (tally(50, 5, 0), true),
        (tally(50, 10, 6), false),
        (tally(90, 40, 20), true),
        (tally(50, 0, 30), false),
        (tally(u32::MAX, u32::MAX, 3), true),
        (tally(u32::MAX, u32::MAX, u32::MAX), false),
    ] {
        assert_eq!(tally.is_worth_it(), worth, "{tally:?}");
    }
}

#[test]
fn an_unknown_model_is_trusted_nowhere() {
    let gate = Gate::of(
        "[[model]]\nname = \"aria-1b\"\nwords = { turns = 40, helped = 12, hurt = 2 }\n\
         [[model]]\nname = \"aria-1b-it\"\nunclear = { turns = 40, helped = 12, hurt = 2 }\n",
    )
    .unwrap();
    assert_eq!(gate.worth("Aria-1B"), [Doubt::Words]);
    assert_eq!(gate.worth("aria-1b-q4_k_m"), [Doubt::Words]);
    assert_eq!(gate.worth("Aria-1B-it.Q8_0"), [Doubt::Unclear], "the nearest name counts");
    for unknown in ["aria-1", "aria-1bx", "", "luna"] {
        assert!(!gate.knows(unknown) && gate.worth(unknown).is_empty(), "{unknown}");
    }
    assert!(Gate::shipped().is_ok());
    assert!(Gate::of("[[model]]\nname = \"x\"\nwords = { turns = 1 }\n").is_err());
}
