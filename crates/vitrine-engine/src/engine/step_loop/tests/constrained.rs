//! Constrained and unconstrained generations in one batch, on the toy model.

use super::*;
use crate::engine::Constraint;
use crate::engine::ConstraintFault;
use crate::engine::EngineError;
use crate::engine::Grammar;
use crate::engine::constraint::Advance;
use crate::engine::constraint::CompiledConstraint;
use crate::engine::constraint::Grammars;
use crate::engine::constraint::Matcher;
use crate::engine::constraint::TokenTrie;
use crate::engine::toy::VOCABULARY_SIZE;
use serde_json::Value;
use serde_json::json;
use toktrie::SimpleVob;
use vitrine_base::clock::SystemClock;

const LONG: EngineOptions =
    EngineOptions { context_tokens_max: 2_000, output_tokens_max: 900, ..OPTIONS };

/// Compiles grammars for the toy's vocabulary.
fn grammars() -> Grammars {
    let bytes = (0..=u8::MAX).map(|byte| vec![byte]);
    let words: Vec<Vec<u8>> = bytes.chain([Vec::new()]).collect();
    Grammars::new(|| TokenTrie::from_words(words.into_iter(), vec![END]), Arc::new(SystemClock))
}

pub(super) fn constraint(grammar: Grammar) -> Constraint {
    grammars().compile(&grammar).unwrap()
}

fn held(constraint: &Constraint, seed: u32) -> GenerationRequest {
    let sampling = Sampling { seed: u64::from(seed), ..WARM };
    let plain = GenerationRequest { sampling, ..request(&prompt_of(seed), 900) };
    GenerationRequest { constraint: Some(constraint.clone()), ..plain }
}

fn limited(request: GenerationRequest, output_tokens_max: usize) -> GenerationRequest {
    GenerationRequest { output_tokens_max, ..request }
}

/// Schemas for every kind of value, all of bounded length.
fn schemas() -> Vec<Value> {
    let name = json!({"type": "string", "maxLength": 12});
    vec![
        json!({"type": "boolean"}),
        json!({"enum": ["red", "green", 7, null, {"a": [1]}]}),
        json!({"type": "integer", "minimum": -5, "maximum": 1234}),
        json!({"type": "number", "minimum": 0.5, "maximum": 2}),
        json!({"type": "string", "minLength": 3, "maxLength": 6}),
        json!({"type": "string", "pattern": "^[A-Z]{2}-[0-9]{4}$"}),
        json!({"type": "array", "items": {"type": "boolean"}, "minItems": 2, "maxItems": 5}),
        json!({"type": "object", "properties": {"name": name, "age": {"type": "integer"}},
               "required": ["name", "age"], "additionalProperties": false}),
        json!({"anyOf": [{"type": "null"}, {"type": "object", "properties": {"b": {"const": "x"}},
               "required": ["b"], "additionalProperties": false}]}),
        json!({"$ref": "#/$defs/tree", "$defs": {"tree": {"type": "object",
               "properties": {"leaf": {"type": "boolean"},
                              "sides": {"type": "array", "maxItems": 2,
                                        "items": {"$ref": "#/$defs/tree"}}},
               "required": ["leaf"], "additionalProperties": false}}}),
    ]
}

/// Whether a schema accepts a value; covers the keywords used in [`schemas`], per the
/// specification.
fn accepts(root: &Value, schema: &Value, value: &Value) -> bool {
    let count = |key: &str| schema[key].as_u64().map(|count| usize::try_from(count).unwrap());
    let between = |found: usize, min: &str, max: &str| {
        count(min).is_none_or(|min| found >= min) && count(max).is_none_or(|max| found <= max)
    };
    if let Some(target) = schema["$ref"].as_str() {
        return accepts(root, root.pointer(&target[1..]).unwrap(), value);
    }
    let typed = match schema["type"].as_str() {
        None => true,
        Some("null") => value.is_null(),
        Some("boolean") => value.is_boolean(),
        Some("integer") => value.as_f64().is_some_and(|number| number.fract() == 0.0),
        Some("number") => value.is_number(),
        Some("string") => value.is_string(),
        Some("array") => value.is_array(),
        Some("object") => value.is_object(),
        Some(other) => panic!("unknown schema type {other}"),
    };
    let listed = schema["enum"].as_array().is_none_or(|all| all.contains(value))
        && schema.get("const").is_none_or(|only| only == value);
    let any = schema["anyOf"].as_array();
    let inside = match value {
        Value::Number(number) => {
            let number = number.as_f64().unwrap();
            schema["minimum"].as_f64().is_none_or(|min| number >= min)
                && schema["maximum"].as_f64().is_none_or(|max| number <= max)
        }
        Value::String(text) => {
            let letters = text.chars().collect::<Vec<_>>();
            let coded = |letters: &[char]| {
                let right = |(at, letter): (usize, &char)| match at {
                    0 | 1 => letter.is_ascii_uppercase(),
                    2 => *letter == '-',
                    _ => letter.is_ascii_digit(),
                };
                letters.len() == 7 && letters.iter().enumerate().all(right)
            };
            between(letters.len(), "minLength", "maxLength")
                && (schema["pattern"].is_null() || coded(&letters))
        }
        Value::Array(items) => {
            between(items.len(), "minItems", "maxItems")
                && items.iter().all(|item| accepts(root, &schema["items"], item))
        }
        Value::Object(members) => {
            let required = schema["required"].as_array().into_iter().flatten();
            required.clone().all(|name| members.contains_key(name.as_str().unwrap()))
                && members.iter().all(|(name, member)| match schema["properties"].get(name) {
                    Some(property) => accepts(root, property, member),
                    None => schema["additionalProperties"] != json!(false),
                })
        }
        Value::Null | Value::Bool(_) => true,
    };
    let any = any.is_none_or(|all| all.iter().any(|option| accepts(root, option, value)));
    typed && listed && any && (inside || schema.get("enum").is_some())
}

#[test]
fn finished_output_satisfies_its_schema() {
    let mut manual = manual(ToyModel::new(4_000), LONG);
    let mut finished = 0;
    for schema in schemas() {
        let constraint = constraint(Grammar::JsonSchema(schema.clone()));
        let together: Vec<Generation> =
            (0..20).map(|seed| manual.submit(held(&constraint, seed))).collect();
        manual.run_dry();
        for generation in together {
            let completion = generation.collect_blocking().unwrap();
            if completion.reason != FinishReason::Stop {
                assert_eq!(completion.reason, FinishReason::Length);
                continue;
            }
            finished += 1;
            let text = &completion.text;
            let value = serde_json::from_str(text).unwrap_or_else(|_| panic!("no JSON: {text}"));
            assert!(accepts(&schema, &schema, &value), "{schema} does not accept {text}");
        }
    }
    assert!(finished >= 150, "{finished} of 200 finished");
}

#[test]
fn constraint_ends_the_text_where_nothing_can_follow() {
    let mut manual = manual(ToyModel::new(64), OPTIONS);
    let only = constraint(Grammar::Regex("a{7}".to_owned()));
    let completion = manual.alone(limited(held(&only, 1), 60));
    assert_eq!((completion.text.as_str(), completion.reason), ("aaaaaaa", FinishReason::Stop));
    assert_eq!(completion.usage.output_tokens, 7);
    let exactly = manual.alone(limited(held(&only, 1), 7));
    assert_eq!((exactly.text.as_str(), exactly.reason), ("aaaaaaa", FinishReason::Stop));
    let cut = manual.alone(limited(held(&only, 1), 6));
    assert_eq!((cut.text.as_str(), cut.reason), ("aaaaaa", FinishReason::Length));
}

/// Every second request is unconstrained. With few pages the younger sequences are preempted and
/// recomputed.
#[test]
fn batching_changes_neither_free_nor_constrained_tokens() {
    let constraint = constraint(Grammar::Regex("([a-f]{3}-?){4,40}".to_owned()));
    let requests: Vec<GenerationRequest> = (0..32)
        .map(|seed| {
            let plain = limited(held(&constraint, seed), 20 + seed as usize);
            let constraint = plain.constraint.clone().filter(|_| seed % 2 == 0);
            GenerationRequest { constraint, ..plain }
        })
        .collect();
    for page_count in [400, 40] {
        let mut alone = manual(ToyModel::new(page_count), OPTIONS);
        let mut beside = manual(ToyModel::new(page_count), OPTIONS);
        let together: Vec<Generation> =
            requests.iter().map(|request| beside.submit(request.clone())).collect();
        beside.run_dry();
        for (request, generation) in requests.iter().zip(together) {
            let expected = alone.alone(request.clone());
            let found = generation.collect_blocking().unwrap();
            assert_eq!(found.token_ids, expected.token_ids);
            if request.constraint.is_some() {
                let letter = |byte: u8| matches!(byte, b'a'..=b'f' | b'-');
                assert!(found.text.bytes().all(letter), "{}", found.text);
            }
        }
        let preemptions = beside.step_loop.shared.preemptions.load(Ordering::Relaxed);
        assert_eq!(preemptions > 0, page_count == 40);
    }
}

/// Allows `a` as long as `left` lasts, then no token.
#[derive(Debug, Clone)]
struct DeadEnd {
    left: usize,
}

impl CompiledConstraint for DeadEnd {
    fn start(&self) -> Box<dyn Matcher> {
        Box::new(self.clone())
    }
}

impl Matcher for DeadEnd {
    fn allowed(&mut self) -> Result<SimpleVob, ConstraintFault> {
        let mut allowed = SimpleVob::alloc(VOCABULARY_SIZE);
        allowed.allow_token(u32::from(b'a'));
        if self.left > 0 { Ok(allowed) } else { Err(ConstraintFault::NoToken) }
    }

    fn advance(&mut self, token_id: u32) -> Result<Advance, ConstraintFault> {
        assert_eq!(token_id, u32::from(b'a'));
        self.left -= 1;
        Ok(Advance::Open)
    }
}

#[test]
fn stuck_constraint_ends_its_generation_alone_and_never_goes_on_free() {
    let mut manual = manual(ToyModel::new(64), OPTIONS);
    let dead_end = Constraint::new(Arc::new(DeadEnd { left: 2 }));
    let free = manual.submit(request(&[3], 10));
    let mut stuck = manual.submit(limited(held(&dead_end, 0), 10));
    manual.run_dry();
    let mut said = String::new();
    let error = loop {
        match stuck.next_blocking().unwrap() {
            Ok(GenerationEvent::Token { text, .. }) => said.push_str(&text),
            Ok(GenerationEvent::Done { .. }) => panic!("a dead end must be an error"),
            Err(error) => break error,
        }
    };
    assert_eq!(said, "aa");
    assert!(
        matches!(error, EngineError::ConstraintFault { cause: ConstraintFault::NoToken, .. }),
        "{error}"
    );
    assert_eq!(free.collect_blocking().unwrap().token_ids.len(), 10);
    assert_eq!(manual.handle.stats().pages_used, 0);
}

#[test]
fn cancelled_constrained_generation_returns_its_pages() {
    let mut manual = manual(ToyModel::new(64), OPTIONS);
    let letters = constraint(Grammar::Regex("[ab]+".to_owned()));
    let kept = manual.submit(limited(held(&letters, 1), 20));
    let cancelled = manual.submit(limited(held(&letters, 2), 20));
    manual.tick();
    cancelled.cancel();
    manual.run_dry();
    let cancelled = cancelled.collect_blocking().unwrap();
    assert_eq!((cancelled.reason, cancelled.token_ids.len()), (FinishReason::Cancelled, 1));
    let expected = manual.alone(limited(held(&letters, 1), 20));
    assert_eq!(kept.collect_blocking().unwrap().token_ids, expected.token_ids);
    assert_eq!(manual.handle.stats().pages_used, 0);
}
