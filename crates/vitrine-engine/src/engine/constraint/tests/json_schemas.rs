//! What is refused in a JSON schema and in which words, and what is enforced.

use super::*;
use std::sync::LazyLock;
use vitrine_base::clock::Clock;

static BYTE_GRAMMARS: LazyLock<Grammars> =
    LazyLock::new(|| Grammars::new(|| Ok(byte_trie()), Arc::new(SystemClock)));

/// A vocabulary of all bytes and a few longer tokens, such as runs of digits and blanks.
pub(super) fn byte_grammars() -> &'static Grammars {
    &BYTE_GRAMMARS
}

const LONGER: [&str; 9] =
    ["{\"", "\":", ", ", "00000", "1234567890123456789012345", "12", "\n\n", "    ", ".5"];

fn byte_trie() -> TokenTrie {
    let bytes = (0..=u8::MAX).map(|byte| vec![byte]);
    let longer = LONGER.iter().map(|word| word.as_bytes().to_vec());
    let words: Vec<Vec<u8>> = bytes.chain(longer).chain([b"never".to_vec()]).collect();
    let end = u32::try_from(words.len()).unwrap() - 1;
    TokenTrie::from_words(words.into_iter(), vec![end]).unwrap()
}

/// The bytes of a token of [`byte_grammars`]; `None` for the end of the text.
pub(super) fn bytes_of(token: u32) -> Option<Vec<u8>> {
    match u8::try_from(token) {
        Ok(byte) => Some(vec![byte]),
        Err(_) => LONGER.get(token as usize - 256).map(|word| word.as_bytes().to_vec()),
    }
}

/// Whether the grammar allows a text, byte by byte, and an end after it.
pub(super) fn allows(grammar: &Grammar, text: &str) -> bool {
    let mut state = byte_grammars().compile(grammar).unwrap().start();
    let mut is_complete = false;
    for byte in text.bytes() {
        if is_complete || !allowed(&mut state).contains(&u32::from(byte)) {
            return false;
        }
        is_complete = state.advance(u32::from(byte), 0).unwrap() == Advance::Complete;
    }
    is_complete || allowed(&mut state).iter().any(|token| bytes_of(*token).is_none())
}

fn schema(schema: Value) -> Grammar {
    Grammar::JsonSchema(schema)
}

fn one(property: Value) -> Value {
    json!({"type": "object", "properties": {"v": property}, "required": ["v"]})
}

fn refusal(schema: Value) -> String {
    let refused = byte_grammars().compile(&Grammar::JsonSchema(schema)).map(drop);
    refused.expect_err("it must be refused").to_string()
}

#[test]
fn unknown_format_is_an_annotation() {
    for format in ["int32", "phone", "password", "color", "binary", "int64", "byte", "x", ""] {
        let any = schema(one(json!({"type": "string", "format": format})));
        assert!(allows(&any, r#"{"v":"a"}"#), "{format}");
        let untyped = schema(one(json!({"format": format})));
        assert!(allows(&untyped, r#"{"v":7}"#), "{format}");
    }
    // In a reference, in a list, and under keywords that look like one.
    let inner = json!({"$defs": {"p": {"type": "string", "format": "phone"}}, "type": "array",
                       "items": {"anyOf": [{"$ref": "#/$defs/p"}, {"format": "int32"}]}});
    assert!(allows(&schema(inner), r#"["a",1]"#));
    let name = json!({"type": "object", "properties": {"format": {"const": "phone"}},
                      "required": ["format"], "additionalProperties": false});
    assert!(allows(&schema(name), r#"{"format":"phone"}"#));
}

#[test]
fn known_formats_are_enforced() {
    let date = schema(json!({"type": "string", "format": "date"}));
    assert!(allows(&date, r#""2026-12-01""#));
    assert!(!allows(&date, r#""today""#));
    assert!(!allows(&schema(json!({"type": "string", "format": "uuid"})), r#""a""#));
    let wrong = refusal(json!({"type": "string", "format": 5}));
    assert_eq!(wrong, "json_schema at `#`: keyword `format` is 5, allowed is a text");
}

#[test]
fn keyword_with_a_wrong_value_is_named_with_its_place() {
    let long = "é".repeat(80);
    let bad = refusal(json!({"type": "object", "properties": {
        "n": {"type": "number", "minimum": long}
    }}));
    let shown = "é".repeat(40);
    let words = format!(
        "json_schema at `#/properties/n`: keyword `minimum` is \"{shown}…\", allowed is a number"
    );
    assert_eq!(bad, words);
    let cases = [
        (json!({"type": 5}), "type"),
        (json!({"type": []}), "type"),
        (json!({"type": ["string", "text"]}), "type"),
        (json!({"enum": {}}), "enum"),
        (json!({"enum": []}), "enum"),
        (json!({"type": "object", "required": "x"}), "required"),
        (json!({"type": "object", "required": [1]}), "required"),
        (json!({"type": "object", "properties": []}), "properties"),
        (json!({"type": "string", "maxLength": -1}), "maxLength"),
        (json!({"type": "string", "maxLength": "5"}), "maxLength"),
        (json!({"type": "string", "minLength": 1e30}), "minLength"),
        (json!({"type": "array", "minItems": 1.5}), "minItems"),
        (json!({"type": "array", "items": 7}), "items"),
        (json!({"type": "array", "prefixItems": {}}), "prefixItems"),
        (json!({"anyOf": {}}), "anyOf"),
        (json!({"anyOf": [3]}), "anyOf"),
        (json!({"oneOf": []}), "oneOf"),
        (json!({"allOf": "x"}), "allOf"),
        (json!({"type": "number", "multipleOf": 0}), "multipleOf"),
        (json!({"type": "number", "multipleOf": 1e-300}), "multipleOf"),
        (json!({"type": "number", "minimum": 1e300}), "minimum"),
        (json!({"type": "integer", "maximum": -1e300}), "maximum"),
        (json!({"type": "number", "exclusiveMinimum": []}), "exclusiveMinimum"),
        (json!({"type": "string", "pattern": 1}), "pattern"),
        (json!({"type": "object", "additionalProperties": "no"}), "additionalProperties"),
        (json!({"$ref": 1}), "$ref"),
        (json!({"$ref": "#/nowhere"}), "$ref"),
        (json!({"$ref": "#name"}), "$ref"),
        (json!({"$ref": "other.json"}), "$ref"),
        (json!({"not": {}, "type": "string"}), "not"),
        (json!({"type": "array", "uniqueItems": true}), "uniqueItems"),
    ];
    for (bad, keyword) in cases {
        for (place, bad) in [("#", bad.clone()), ("#/properties/v", one(bad.clone()))] {
            let words = refusal(bad);
            let begin = format!("json_schema at `{place}`: ");
            assert!(words.starts_with(&begin), "{words}");
            assert!(words.contains(&format!("`{keyword}`")), "{words}");
            assert!(!words.contains('\n') && !words.contains("panic"), "{words}");
        }
    }
}

#[test]
fn pattern_that_is_no_regular_expression_is_named_in_one_line() {
    let sure = ["(", "(?=a)", "[z-a]", "*", "é(", "(?<n>"];
    for pattern in sure.into_iter().chain(["a{9999999}", "\\", "\u{0}(", "\\p{X}"]) {
        let schema = Grammar::JsonSchema(one(json!({"type": "string", "pattern": pattern})));
        let Err(error) = byte_grammars().compile(&schema) else {
            assert!(!sure.contains(&pattern), "{pattern} is accepted");
            continue;
        };
        let words = error.to_string();
        eprintln!("{pattern:?} {words}");
        assert!(words.starts_with("json_schema at `#/properties/v`: "), "{pattern:?}: {words}");
        assert!(!words.contains('\n') && !words.contains("panic"), "{pattern:?}: {words}");
    }
}

#[test]
fn null_stands_for_an_absent_keyword() {
    let nulls = json!({"type": "object", "properties": {"v": {"type": "string", "minLength": null,
        "pattern": null, "format": null, "default": null}}, "required": ["v"],
        "additionalProperties": null, "$defs": null, "oneOf": null});
    assert!(allows(&schema(nulls), r#"{"v":""}"#));
    assert!(allows(&schema(json!({"const": null})), "null"));
    assert!(allows(&schema(json!({"enum": [null]})), "null"));
}

#[test]
fn lengths_that_no_answer_reaches_and_whole_floats_are_read() {
    let wide = json!({"type": "string", "maxLength": 99_999_999_999_u64, "minLength": 2.0});
    assert!(allows(&schema(wide.clone()), r#""ab""#));
    assert!(!allows(&schema(wide), r#""a""#));
    let bounds = json!({"type": "integer", "minimum": -1e300, "maximum": u64::MAX});
    assert!(allows(&schema(bounds), "-9999999999999999999"));
    let items = json!({"type": "array", "maxItems": 1e18, "items": {"type": "boolean"}});
    assert!(allows(&schema(items), "[true,false]"));
    let harmless = json!({"type": "array", "uniqueItems": false, "unevaluatedItems": true});
    assert!(allows(&schema(harmless), "[1]"));
}

#[test]
fn self_reference_without_an_end_is_refused_with_its_place() {
    let cases = [
        (json!({"$ref": "#"}), "#"),
        (one(json!({"$ref": "#"})), "#/properties/v"),
        (one(one(one(json!({"$ref": "#"})))), "#/properties/v/properties/v/properties/v"),
        (one(one(json!({"$ref": "#/properties/v"}))), "#/properties/v/properties/v"),
        (json!({"type": "array", "minItems": 1, "items": {"$ref": "#"}}), "#/items"),
        (
            json!({"type": "array", "minItems": 1, "prefixItems": [{"$ref": "#"}]}),
            "#/prefixItems/0",
        ),
        (json!({"anyOf": [{"$ref": "#"}, one(json!({"$ref": "#"}))]}), "#/anyOf/0"),
        (json!({"oneOf": [one(json!({"$ref": "#"}))]}), "#/oneOf/0/properties/v"),
        (
            json!({"allOf": [{"type": "object"}, one(json!({"$ref": "#"}))]}),
            "#/allOf/1/properties/v",
        ),
        (
            json!({"$ref": "#/$defs/a", "$defs": {"a": one(json!({"$ref": "#/$defs/b"})),
                   "b": one(json!({"$ref": "#/$defs/a"}))}}),
            "#/$defs/b/properties/v",
        ),
        (
            json!({"type": "object", "required": ["x"], "additionalProperties": {"$ref": "#"}}),
            "#/additionalProperties",
        ),
        (json!({"$ref": "#here", "$anchor": "here"}), "#"),
        (json!({"$ref": "#/%24defs/a", "$defs": {"a": {"$ref": "#/$defs/a"}}}), "#/$defs/a"),
    ];
    for (endless, place) in cases {
        let words = refusal(endless);
        assert!(words.starts_with(&format!("json_schema at `{place}`: it needs `#")), "{words}");
        assert!(words.ends_with("again and again, so no answer could end"), "{words}");
    }
    let words = refusal(one(json!(false)));
    assert_eq!(words, "json_schema at `#/properties/v`: it allows no value");
    // Found in the compiled grammar only.
    for counted in [
        json!({"type": "object", "properties": {"x": {"$ref": "#"}}, "minProperties": 1,
               "additionalProperties": false}),
        json!({"type": "object", "patternProperties": {"^x": {"$ref": "#"}}, "required": ["xy"],
               "additionalProperties": false}),
        json!({"$id": "http://shop/a", "$ref": "#/$defs/b", "$defs": {"b": {
               "$id": "http://shop/b", "type": "array", "minItems": 1, "items": {"$ref": "#"}}}}),
    ] {
        let words = refusal(counted);
        assert!(words.ends_with("again and again, so no answer could end"), "{words}");
    }
}

#[test]
fn recursion_that_can_end_is_allowed_and_its_endless_branches_are_not() {
    let list = json!({"type": "object", "properties": {"next": {"anyOf": [
        {"type": "null"}, {"$ref": "#"}]}}, "required": ["next"], "additionalProperties": false});
    assert!(allows(&schema(list), r#"{"next":{"next":null}}"#));
    let branch = json!({"anyOf": [{"type": "null"}, {"$ref": "#/$defs/x"}],
                        "$defs": {"x": one(json!({"$ref": "#/$defs/x"}))}});
    assert!(allows(&schema(branch.clone()), "null"));
    let mut state = byte_grammars().compile(&schema(branch)).unwrap().start();
    assert!(!allowed(&mut state).contains(&u32::from(b'{')), "the endless branch is not entered");
    let optional = json!({"type": "object", "additionalProperties": false,
                          "properties": {"a": {"type": "null"}, "b": {"$ref": "#/properties/b"}}});
    assert!(allows(&schema(optional.clone()), r#"{"a":null}"#));
    assert!(!allows(&schema(optional), r#"{"b":1}"#));
    let tree = json!({"type": "array", "items": {"$ref": "#"}});
    assert!(allows(&schema(tree), "[[],[[]]]"));
}

#[test]
fn numbers_have_at_most_19_digits() {
    let nines = "9".repeat(19);
    for any in [
        schema(json!({"type": "integer"})),
        schema(json!({"type": "number"})),
        schema(json!({})),
        schema(json!({"type": "integer", "minimum": 5})),
        schema(json!({"type": "number", "exclusiveMinimum": 0})),
    ] {
        assert!(allows(&any, &nines), "{any:?}");
        assert!(!allows(&any, &format!("{nines}9")), "{any:?}");
    }
    let float = schema(json!({"type": "number"}));
    assert!(allows(&float, "-123456789.0123456789"));
    assert!(!allows(&float, "123456789.01234567899"));
    assert!(allows(&float, "1.5e-99"));
    assert!(!allows(&float, "1e100"));
    assert!(allows(&schema(json!({"type": "string"})), &format!("\"{nines}{nines}\"")));
    let object = Grammar::JsonObject;
    assert!(allows(&object, &format!("{{\"a\":[{nines}, 1], \"b\":\"{nines}{nines}\"}}")));
    assert!(!allows(&object, &format!("{{\"a\":{nines}0}}")));
}

#[test]
fn number_above_an_exclusive_bound_ends_even_if_zeros_are_preferred() {
    let grammar = schema(json!({"type": "number", "exclusiveMinimum": 0}));
    let mut state = byte_grammars().compile(&grammar).unwrap().start();
    let mut text = String::new();
    for _ in 0..60 {
        let allowed = allowed(&mut state);
        let digit = (b'0'..=b'9').find(|digit| allowed.contains(&u32::from(*digit)));
        let first = allowed.iter().copied().find(|token| *token == u32::from(b'.'));
        let Some(token) = first.or(digit.map(u32::from)) else { break };
        text.push(char::from(u8::try_from(token).unwrap()));
        if state.advance(token, 0).unwrap() == Advance::Complete {
            break;
        }
    }
    assert_eq!(text, "0.000000000000000001");
}

#[test]
fn blanks_between_tokens_are_bounded() {
    for (text, is_right) in [
        (r#"{"a":1,"b":[]}"#, true),
        ("{ \"a\": 1,\n\"b\": [ ] }", true),
        ("{  \"a\":1}", false),
        ("{\n\n\"a\":1}", false),
        ("{\"a\":\t1}", false),
        ("{\"a\":1}  ", false),
    ] {
        assert_eq!(allows(&Grammar::JsonObject, text), is_right, "{text:?}");
    }
}

#[test]
fn regex_and_lark_errors_are_one_line_of_ours() {
    let words_of = |grammar: Grammar| {
        let compiled = byte_grammars().compile(&grammar).map(drop);
        let words = compiled.err().map(|error| error.to_string());
        eprintln!("{grammar:?} {words:?}");
        if let Some(words) = &words {
            let is_foreign = ["panic", "backtrace", "\n"].iter().any(|word| words.contains(word));
            assert!(!is_foreign, "{grammar:?}: {words}");
        }
        words
    };
    for bad in ["(", "[", "(?=a)", "é(", "*a", "(?P<é>a", "a{2,1}", "\\p{No}{"] {
        let words = words_of(Grammar::Regex(bad.to_owned())).unwrap_or_default();
        assert!(words.starts_with("regex: ") || bad.ends_with('{'), "{bad}: {words}");
    }
    for bad in [
        "start: \"a",
        "start: other",
        "other: \"a\"",
        "start: /(/",
        "start: \"é\" | %",
        "start: start",
        "start: \"a\" start",
        "start: a\na: \"x\" b\nb: \"y\" a",
        "start: \"a\" | b\nb: \"x\" b",
        "start: %json {\"type\": 5}",
    ] {
        let words = words_of(Grammar::Lark(bad.to_owned())).unwrap_or_default();
        assert!(words.starts_with("grammar: "), "{bad}: {words}");
    }
    for odd in [
        "start: ",
        "start: <nowhere>",
        "%json {\"type\": 5}",
        "start: \"a\"{99999999999}",
        "start: \"a\"~9",
        "start: \"a\"~9..99999",
        "start: \"\"",
        "start[max_tokens=5]: /a+/",
    ] {
        words_of(Grammar::Lark(odd.to_owned()));
    }
}

#[test]
fn grammar_that_allows_no_first_token_is_refused_when_it_is_compiled() {
    let grammars = grammars();
    let none = grammars.compile(&Grammar::Regex("z".to_owned())).map(drop).unwrap_err().to_string();
    assert_eq!(none, "regex: no answer can begin: the model has no allowed token");
    let none =
        grammars.compile(&schema(json!({"type": "null"}))).map(drop).unwrap_err().to_string();
    assert_eq!(none, "json_schema at `#`: no answer can begin: the model has no allowed token");
}

#[test]
fn long_and_deep_schemas_are_refused_or_compiled_in_time() {
    let chain: serde_json::Map<String, Value> = (0..2_000)
        .map(|at| (format!("d{at}"), json!({"$ref": format!("#/$defs/d{}", at + 1)})))
        .chain([("d2000".to_owned(), json!({"type": "null"}))])
        .collect();
    // As long as a schema's text may be, and as deep as it can get.
    let longest: serde_json::Map<String, Value> = (0..4_300)
        .map(|at| (format!("{at:x}"), json!({"$ref": format!("#/$defs/{:x}", at + 1)})))
        .chain([("10cc".to_owned(), json!({"type": "null"}))])
        .collect();
    let deepest: serde_json::Map<String, Value> = (0..150)
        .map(|at| {
            let next = json!({"$ref": format!("#/$defs/{}", (at + 1) % 150), "type": "null"});
            let last = if at == 149 { json!({"type": "null"}) } else { next };
            (at.to_string(), (0..58).fold(last, |inner, _| json!({"allOf": [inner]})))
        })
        .collect();
    let wide: serde_json::Map<String, Value> =
        (0..2_000).map(|at| (format!("p{at}"), json!({"type": "integer"}))).collect();
    let names: Vec<&String> = wide.keys().collect();
    let consts: Vec<Value> = (0..5_000).map(|at| json!(format!("value {at}"))).collect();
    let patterns: serde_json::Map<String, Value> =
        (0..2_000).map(|at| (format!("^p{at}.*$"), json!(true))).collect();
    let options: Vec<Value> = (0..3_000).map(|at| json!({"const": at})).collect();
    let mut nested = json!({"type": "null"});
    for _ in 0..60 {
        nested = one(nested);
    }
    let cross = |keyword: &str| {
        let branch: Vec<Value> =
            (0..40).map(|at| one(json!({keyword: [{"const": at}, {"type": "null"}]}))).collect();
        json!({"allOf": [{"anyOf": branch}, {"anyOf": branch}, {"anyOf": branch}]})
    };
    for (name, schema) in [
        ("chain", json!({"$ref": "#/$defs/d0", "$defs": chain})),
        ("longest", json!({"$ref": "#/$defs/0", "$defs": longest})),
        ("deepest", json!({"$ref": "#/$defs/0", "$defs": deepest})),
        ("wide", json!({"type": "object", "properties": wide, "required": names})),
        ("optional", json!({"type": "object", "properties": wide})),
        ("enum", json!({"enum": consts})),
        ("patterns", json!({"type": "object", "patternProperties": patterns})),
        ("oneOf", json!({"oneOf": options})),
        ("nested", nested),
        ("cross", cross("anyOf")),
        ("long pattern", json!({"type": "string", "pattern": "a?".repeat(20_000)})),
        ("repeated pattern", json!({"type": "string", "pattern": "((a{1,100}){1,100}){1,100}"})),
        ("long name", one(json!({"const": "é".repeat(30_000)}))),
        ("lengths", json!({"type": "string", "minLength": 100_000, "maxLength": 100_000})),
        ("items", json!({"type": "array", "minItems": 100_000, "items": {"type": "null"}})),
        ("properties", json!({"type": "object", "minProperties": 100_000})),
    ] {
        let clock = SystemClock;
        let began = clock.instant();
        let compiled = byte_grammars().compile(&Grammar::JsonSchema(schema)).map(drop);
        let spent = clock.instant() - began;
        eprintln!("{name}: {spent:?} {:?}", compiled.as_ref().err().map(ToString::to_string));
        if let Err(error) = compiled {
            let words = error.to_string();
            assert!(!words.contains('\n') && !words.contains("panic"), "{name}: {words}");
        }
        assert!(spent.as_millis() < 3_000, "{name}: {spent:?}");
    }
}
