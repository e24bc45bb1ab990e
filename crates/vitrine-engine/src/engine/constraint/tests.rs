//! Compares masks with oracles that enumerate the language, and checks that bad grammars are
//! refused.

use super::*;
use crate::engine::constraint::byte_rule::ByteRule;
use crate::engine::constraint::byte_rule::CommonMasks;
use crate::engine::constraint::grammar::GRAMMAR_BYTES_MAX;
use proptest::prelude::*;
use serde_json::Value;
use serde_json::json;
use std::collections::BTreeSet;
use std::sync::Arc;
use vitrine_base::clock::SystemClock;

mod json_schemas;
mod random_schemas;

/// Tokens of one to three letters, some spelled twice; one has no bytes, and two end a text.
const WORDS: [&str; 14] =
    ["a", "b", "c", "ab", "ba", "abc", "cab", "bb", "a", "ab", "é", " ", "", "aaa"];
const ENDS: [u32; 2] = [14, 15];

fn trie(words: &[&str]) -> TokenTrie {
    let spelled = words.iter().map(|word| word.as_bytes().to_vec());
    let all: Vec<Vec<u8>> = spelled.chain(ENDS.map(|_| b"never".to_vec())).collect();
    let first = u32::try_from(words.len()).unwrap();
    TokenTrie::from_words(all.into_iter(), vec![first, first + 1]).unwrap()
}

fn grammars() -> Grammars {
    Grammars::new(|| Ok(trie(&WORDS)), Arc::new(SystemClock))
}

fn allowed(constraint_state: &mut ConstraintState) -> BTreeSet<u32> {
    constraint_state.allowed(0).unwrap().to_list().into_iter().collect()
}

/// The tokens that may follow `said` in a language of these texts.
fn oracle(language: &BTreeSet<String>, said: &str) -> BTreeSet<u32> {
    let goes_on = |word: &&str| {
        let longer = format!("{said}{word}");
        !word.is_empty() && language.iter().any(|text| text.starts_with(&longer))
    };
    let words = (0_u32..).zip(&WORDS).filter(|(_, word)| goes_on(word)).map(|(id, _)| id);
    let ends = ENDS.into_iter().filter(|_| language.contains(said));
    words.chain(ends).collect()
}

/// A language of a few texts as a regex or as a Lark grammar.
fn grammar(language: &BTreeSet<String>, lark: bool) -> Grammar {
    let texts: Vec<&str> = language.iter().map(String::as_str).collect();
    match lark {
        false => Grammar::Regex(texts.join("|")),
        true => {
            let quoted: Vec<String> = texts.iter().map(|text| format!("\"{text}\"")).collect();
            Grammar::Lark(format!("start: {}", quoted.join(" | ")))
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    #[test]
    fn mask_is_exactly_what_the_language_allows(
        language in prop::collection::btree_set("[abc é]{1,7}", 1..6),
        lark in any::<bool>(),
        choices in prop::collection::vec(any::<prop::sample::Index>(), 12),
    ) {
        let mut constraint_state = grammars().compile(&grammar(&language, lark)).unwrap().start();
        let mut said = String::new();
        for choice in choices {
            let expected = oracle(&language, &said);
            prop_assert_eq!(&allowed(&mut constraint_state), &expected, "after {:?}", said);
            let expected: Vec<u32> = expected.into_iter().collect();
            let token = expected[choice.index(expected.len())];
            if ENDS.contains(&token) {
                break;
            }
            said.push_str(WORDS[token as usize]);
            if constraint_state.advance(token, 0).unwrap() == Advance::Complete {
                prop_assert!(oracle(&language, &said).into_iter().eq(ENDS), "{said:?} goes on");
                break;
            }
        }
    }

    #[test]
    fn forbidden_token_is_an_error(
        language in prop::collection::btree_set("[ab]{1,5}", 1..4),
        token in (0_u32..14).prop_filter("a token without bytes is never chosen", |token| {
            !WORDS[*token as usize].is_empty()
        }),
    ) {
        let mut constraint_state = grammars().compile(&grammar(&language, false)).unwrap().start();
        let legal = oracle(&language, "").contains(&token);
        prop_assert_eq!(constraint_state.advance(token, 0).is_ok(), legal);
    }
}

#[test]
fn grammar_that_the_vocabulary_cannot_spell_is_stuck() {
    let grammars = grammars();
    let mut constraint_state = grammars.compile(&Grammar::Regex("abz".to_owned())).unwrap().start();
    assert_eq!(allowed(&mut constraint_state), BTreeSet::from([0, 3, 8, 9]));
    constraint_state.advance(3, 0).unwrap();
    let error = constraint_state.allowed(7).unwrap_err().to_string();
    let expected = "constraint cannot continue at position 7: the model has no allowed token";
    assert_eq!(error, expected);
}

#[test]
fn constraint_is_compiled_once_and_each_generation_is_its_own() {
    let grammars = grammars();
    let grammar = Grammar::Regex("ab|ba".to_owned());
    assert!(grammars.find(&grammar).is_none());
    let first = grammars.compile(&grammar).unwrap();
    assert!(grammars.find(&grammar).is_some());
    let mut constraint_states = [first.start(), grammars.compile(&grammar).unwrap().start()];
    constraint_states[0].advance(0, 0).unwrap();
    assert_eq!(allowed(&mut constraint_states[0]), BTreeSet::from([1]));
    assert_eq!(allowed(&mut constraint_states[1]), BTreeSet::from([0, 1, 3, 4, 8, 9]));
}

fn refusal(grammar: Grammar) -> String {
    grammars().compile(&grammar).map(drop).expect_err("it must be refused").to_string()
}

#[test]
fn schema_that_cannot_be_enforced_names_the_location_and_the_keyword() {
    let schema = json!({
        "type": "object",
        "properties": {
            "plain": {"type": "string"},
            "lines": {"type": "array", "items": {"$ref": "#/$defs/line"}},
        },
        "$defs": {"line": {"type": "object", "properties": {
            "a/b": {"type": "number", "not": {"const": 3}}
        }}},
    });
    assert_eq!(
        refusal(Grammar::JsonSchema(schema)),
        "json_schema at `#/$defs/line/properties/a~1b`: keyword `not` is not supported"
    );
    let place = |schema: Value| refusal(Grammar::JsonSchema(schema));
    let schema = json!({"anyOf": [{"type": "null"}, {"type": "string", "pattern": "(?=a)"}]});
    assert!(place(schema).starts_with("json_schema at `#/anyOf/1`: "));
    let schema = json!({"type": "object",
                        "properties": {"a": {"minimum": 5, "maximum": 2, "type": "integer"}},
                        "required": ["a"]});
    assert!(place(schema).starts_with("json_schema at `#/properties/a`: it allows no value: "));
    let schema = json!({"type": "array", "items": {"type": "thing"}});
    let types =
        "one or a list of `null`, `boolean`, `integer`, `number`, `string`, `array`, `object`";
    let refused =
        format!("json_schema at `#/items`: keyword `type` is \"thing\", allowed is {types}");
    assert_eq!(place(schema), refused);
    let schema = json!({"$ref": "https://example.com/schema.json"});
    assert!(place(schema).starts_with("json_schema at `#`: "));
    assert!(place(json!(false)).starts_with("json_schema at `#`: "));
    assert!(place(json!("text")).starts_with("json_schema at `#`: "));
}

/// A schema's own options could turn violations of it into mere warnings.
#[test]
fn options_inside_a_schema_are_not_obeyed() {
    let schema = json!({"x-guidance": {"lenient": true}, "not": {"type": "string"}});
    assert!(refusal(Grammar::JsonSchema(schema)).contains("keyword `not` is not supported"));
}

#[test]
fn hostile_grammars_are_refused_not_obeyed() {
    let regex = |text: &str| refusal(Grammar::Regex(text.to_owned()));
    let lark = |text: &str| refusal(Grammar::Lark(text.to_owned()));
    assert!(regex("(").starts_with("regex: "));
    assert!(lark("start: other").starts_with("grammar: "));
    assert!(lark("root ::= \"a\"").starts_with("grammar: "));
    assert!(lark("").starts_with("grammar: "));
    let nested = format!("start: {}\"a\"{}", "(".repeat(9_000), ")".repeat(9_000));
    assert_eq!(lark(&nested), "grammar nests deeper than 64 levels");
    let wide = "a".repeat(GRAMMAR_BYTES_MAX + 1);
    assert_eq!(regex(&wide), "regex has 131073 bytes, limit is 131072");
    let mut deep = json!({"type": "string"});
    for _ in 0..130 {
        deep = json!({"type": "array", "items": deep});
    }
    assert_eq!(refusal(Grammar::JsonSchema(deep)), "json_schema nests deeper than 128 levels");
}

/// Texts of `a` and `b` without `bb`, or exactly one of the given texts after a space.
#[derive(Debug)]
struct ToyRule(Vec<&'static str>);

impl ByteRule for ToyRule {
    /// The last byte of the free part, or the text and the position in it.
    type State = Result<u8, (usize, usize)>;
    type Common = u8;

    fn start(&self) -> Self::State {
        Ok(0)
    }

    fn step(&self, state: Self::State, byte: u8) -> Option<Self::State> {
        match state {
            Ok(last) => match Self::step_common(last, byte) {
                Some(next) => Some(Ok(next)),
                None => (byte == b' ').then_some(Err((usize::from(last == b'b'), 0))),
            },
            Err((text, at)) => {
                let found = self.0[text].as_bytes().get(at) == Some(&byte);
                found.then_some(Err((text, at + 1)))
            }
        }
    }

    fn may_end(&self, state: Self::State) -> bool {
        state.is_ok_and(|last| last == b'a')
            || state.is_err_and(|(text, at)| at == self.0[text].len())
    }

    fn common(state: Self::State) -> Option<u8> {
        state.ok()
    }

    fn step_common(last: u8, byte: u8) -> Option<u8> {
        (byte == b'a' || (byte == b'b' && last != b'b')).then_some(byte)
    }
}

proptest! {
    #[test]
    fn byte_rule_allows_exactly_the_tokens_it_takes(
        choices in prop::collection::vec(any::<prop::sample::Index>(), 12),
    ) {
        let words = ["a", "b", "ab", "ba", "bb", "abb", " ", "a c", "b cab", "cab", "c", "a cc"];
        let tokens = trie(&words);
        let masks = Arc::new(CommonMasks::new(tokens.clone()));
        let rule = || ToyRule(vec!["cab", "cc"]);
        let mut constraint_state = byte_rule::constraint(rule(), &masks).start();
        let mut state = rule().start();
        for choice in choices {
            let after = |id: u32| {
                let bytes = tokens.trie().token(id);
                bytes.iter().try_fold(state, |state, byte| rule().step(state, *byte))
            };
            let takes = |id: &u32| after(*id).is_some();
            let words = (0..12).filter(takes);
            let ends = [12, 13].into_iter().filter(|_| rule().may_end(state));
            let expected: BTreeSet<u32> = words.chain(ends).collect();
            prop_assert_eq!(&allowed(&mut constraint_state), &expected);
            let choosable: Vec<u32> = expected.into_iter().filter(|id| *id < 12).collect();
            if choosable.is_empty() {
                break;
            }
            let id = choosable[choice.index(choosable.len())];
            constraint_state.advance(id, 0).unwrap();
            state = after(id).unwrap();
        }
    }
}
