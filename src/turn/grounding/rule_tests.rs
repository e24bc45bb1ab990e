//! Compares the decoding rule with the check of finished drafts.

use super::Brief;
use super::Fact;
use super::FactKey;
use super::GroundingVocabulary;
use super::Ungrounded;
use super::check;
use super::prose::Prose;
use super::rule::GroundedRule;
use super::tests::held_out;
use super::tests::style;
use proptest::prelude::*;
use rand::Rng;
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::SeedableRng;
use std::collections::BTreeSet;
use vitrine_base::language::Language;
use vitrine_engine::constraint::byte_rule::ByteRule;

fn facts() -> Vec<Fact> {
    let facts = [
        (FactKey::Name, "Foulée"),
        (FactKey::Product, "Zelka Trail 3"),
        (FactKey::Price, "129,00 €"),
        (FactKey::Words, "drop de 8 mm et semelle X-Grip"),
        (FactKey::Words, "4"),
        (FactKey::Policy, "Retours sous 30 jours, 14 % de remise dès 60,50 €."),
        (FactKey::Link, "https://shop.example/pay/1?id=Z9"),
        (FactKey::Order, "#CMD-7230"),
        (FactKey::Words, "aide@foulee.example"),
    ];
    facts.map(|(key, value)| Fact { key, value: value.to_owned() }).into()
}

fn takes(facts: &[Fact], names: &[String], text: &str) -> bool {
    let rule = GroundedRule::new(facts, names);
    let reached = text.bytes().try_fold(rule.start(), |state, byte| rule.step(state, byte));
    reached.is_some_and(|state| rule.may_end(state))
}

#[test]
fn facts_may_be_said_as_they_are_spelled() {
    for text in [
        "Je vous propose la Zelka Trail 3, à 129,00 € : il en reste 4 !",
        " Super 🙂 C'est-à-dire l'Zelka (129,00 €).\n- Oui, je la prends\n- Non",
        "Trail 3 chez Foulée, ou la Foulée's.",
        "Retours sous 30 jours, 14 % de remise dès 60,50 €. Et/ou les produit(s) ?",
        "Payer ici : https://shop.example/pay/1?id=Z9.",
        "La commande CMD-7230, la #CMD-7230, à 129,00\u{A0}€ est partie.",
        "J'ai écrit à aide@foulee.example",
        "Sure, I'm on it… I think so, and I know",
        "Avec drop de 8 mm, et X-Grip.",
    ] {
        assert!(takes(&facts(), &[], text), "{text}");
    }
}

#[test]
fn nothing_else_that_counts_may_be_said() {
    for text in [
        "à 12",
        "à 129,00 $",
        "à 129",
        "à 129,005 €",
        "à 129,00",
        "Il en reste 44",
        "Il en reste 3",
        "la Zelka 3",
        "la Zelka Trail 35",
        "la Zelka Trail 3.5",
        "la Nimbo",
        "la Zelka Trail 3 129,00 €",
        "voir https://shop.example/pay/2",
        "voir shop.example",
        "voir www.shop",
        "voir .com",
        "écrire à a@b",
        "le [lien]",
        "** oui **",
        "prix ½",
        "code ⑫",
        "dès Ⅷ",
        "deux€",
        "l'Nimbo",
        "CMD-723",
        "#CMD",
        "# titre",
        "CMD-7230-B",
        "in\u{200B}visible",
        "id_4",
    ] {
        assert!(!takes(&facts(), &[], text), "{text}");
    }
}

#[test]
fn names_of_the_models_own_vocabulary_may_always_be_said() {
    assert!(!takes(&facts(), &[], "sur WhatsApp"));
    assert!(takes(&facts(), &["WhatsApp".to_owned()], "sur WhatsApp"));
}

/// The rule must accept every reference reply.
#[test]
fn every_held_out_reference_may_be_decoded() {
    let held_out = held_out();
    let is_name = |word: &&String| word.chars().next().is_some_and(char::is_uppercase);
    let names: Vec<String> = held_out.lexicon.iter().filter(is_name).cloned().collect();
    let refused: Vec<&str> = held_out
        .rows
        .iter()
        .filter(|row| !takes(&row.brief.facts, &names, &format!(" {}", row.reference)))
        .map(|row| row.reference.as_str())
        .collect();
    assert!(refused.is_empty(), "{} refused:\n{}", refused.len(), refused.join("\n"));
}

/// Text that an adversary attempts to produce, mixed with harmless words.
fn attempt() -> impl Strategy<Value = String> {
    let facts: Vec<String> = facts().into_iter().map(|fact| fact.value).collect();
    let fact_parts: Vec<String> =
        facts.iter().flat_map(|fact| fact.split(' ')).map(str::to_owned).collect();
    prop_oneof![
        "[0-9]{1,3}([,.][0-9]{1,2})?",
        "[ .,:;!?'’/(-]{1,2}",
        "[A-Za-zé€$%@&]{1,4}",
        Just(" ".to_owned()),
        Just(" prix ".to_owned()),
        Just("I".to_owned()),
        Just("https://".to_owned()),
        Just("www.".to_owned()),
        Just("🙂".to_owned()),
        any::<char>().prop_map(String::from),
        prop::sample::select(facts),
        prop::sample::select(fact_parts),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    /// A model whose logits favour forbidden text: it emits every byte that the rule accepts.
    #[test]
    fn adversary_says_no_number_name_or_link_outside_the_facts(
        attempts in prop::collection::vec(attempt(), 1..40),
    ) {
        let rule = GroundedRule::new(&facts(), &[]);
        let (mut state, mut said) = (rule.start(), Vec::new());
        let mut complete = 0;
        for byte in attempts.iter().flat_map(|attempt| attempt.bytes()) {
            if let Some(next) = rule.step(state, byte) {
                state = next;
                said.push(byte);
                if rule.may_end(state) {
                    complete = said.len();
                }
            }
        }
        // The longest prefix that may be a whole reply.
        said.truncate(complete);
        let text = String::from_utf8(said).unwrap();
        let brief = Brief { facts: facts(), ..Brief::new("Bonjour.", style(Language::FR)) };
        for line in text.lines() {
            match check(line, &brief, GroundingVocabulary::default()) {
                Ok(()) | Err(Ungrounded::Empty | Ungrounded::TooLong { .. }) => {}
                // Repetition and omission are checked only after all claims are grounded.
                Err(Ungrounded::Repeated { .. } | Ungrounded::Missing { .. }) => {}
                Err(reason) => prop_assert!(false, "{reason}: {line}"),
            }
        }
    }

    /// Prose never reaches a state in which no character can continue.
    #[test]
    fn prose_can_always_go_on(bytes in prop::collection::vec(any::<u8>(), 1..60)) {
        let mut prose = Prose::START;
        for byte in bytes {
            prose = prose.step(byte).unwrap_or(prose);
            prop_assert!(prose.may_end() || (0x80..0xC0).any(|byte| prose.step(byte).is_some()));
        }
    }
}

#[test]
fn masks_of_a_brief_are_what_the_rule_takes() {
    let held_out = held_out();
    let names = BTreeSet::new();
    let grounder = super::Grounder::of_tokens(held_out.tokens.clone(), &names);
    let trie = held_out.tokens.trie();
    for row in held_out.rows.iter().step_by(25) {
        let rule = GroundedRule::new(&row.brief.facts, &[]);
        let (mut guard, mut state) = (grounder.constraint(&row.brief.facts).start(), rule.start());
        for token in held_out.encode(&format!(" {}", row.reference)) {
            let mask = guard.allowed(0).unwrap();
            for id in 0..u32::try_from(trie.vocab_size()).unwrap() {
                let bytes = trie.token(id);
                let taken = bytes.iter().try_fold(state, |state, byte| rule.step(state, *byte));
                let expected = match bytes.is_empty() {
                    true => trie.eos_tokens().contains(&id) && rule.may_end(state),
                    false => taken.is_some(),
                };
                assert_eq!(mask.is_allowed(id), expected, "{:?}", String::from_utf8_lossy(bytes));
            }
            let bytes = trie.token(token);
            let Some(next) = bytes.iter().try_fold(state, |state, byte| rule.step(state, *byte))
            else {
                break;
            };
            state = next;
            guard.advance(token, 0).unwrap();
        }
    }
}

/// Random logits that favour digits, capitals and signs, on the drafter's own vocabulary, produce
/// no number, name or link outside the facts.
#[test]
fn random_logits_that_want_numbers_say_none_outside_the_facts() {
    let held_out = held_out();
    let grounder = super::Grounder::of_tokens(held_out.tokens.clone(), &BTreeSet::new());
    let trie = held_out.tokens.trie();
    let tempting = |id: u32| {
        let text = String::from_utf8_lossy(trie.token(id));
        text.chars().any(|letter| letter.is_numeric() || "€$%@:/".contains(letter))
            || text.chars().any(char::is_uppercase)
    };
    let wants: Vec<f32> = (0..u32::try_from(trie.vocab_size()).unwrap())
        .map(|id| if tempting(id) { 0.5 } else { 0.0 })
        .collect();
    let mut random = ChaCha8Rng::seed_from_u64(3);
    let mut numbers = 0;
    for row in held_out.rows.iter().step_by(5) {
        let mut guard = grounder.constraint(&row.brief.facts).start();
        let (mut said, mut complete) = (Vec::new(), 0);
        for _ in 0..60 {
            let allowed = guard.allowed(0).unwrap().to_list();
            if trie.eos_tokens().iter().any(|end| allowed.contains(end)) {
                complete = said.len();
            }
            let score = |id: &u32| wants[*id as usize] + random.random::<f32>();
            let scored = allowed.iter().map(score).collect::<Vec<f32>>();
            let best = (0..allowed.len()).max_by(|a, b| scored[*a].total_cmp(&scored[*b])).unwrap();
            if trie.eos_tokens().contains(&allowed[best]) {
                break;
            }
            said.extend_from_slice(trie.token(allowed[best]));
            guard.advance(allowed[best], 0).unwrap();
        }
        // The longest prefix at which the draft could have ended.
        let text = std::str::from_utf8(&said[..complete]).unwrap();
        numbers += text.chars().filter(|letter| letter.is_numeric()).count();
        for line in text.lines() {
            match check(line, &row.brief, GroundingVocabulary::default()) {
                Ok(()) | Err(Ungrounded::Empty | Ungrounded::Missing { .. }) => {}
                Err(reason) => panic!("{reason}: {line}"),
            }
        }
    }
    assert!(numbers > 20, "numbers of the facts are stated: {numbers}");
}
