//! Golden payloads, legality for any input, and reply windows.
//!
//! Golden files are in `tests/golden/channels`. A missing file is written and its test fails once,
//! so that a person reviews it before it counts.

use crate::channels::CanonicalOption;
use crate::channels::CanonicalReply;
use crate::channels::FittedReply;
use crate::channels::OptionLayout;
use crate::channels::WindowStatus;
use crate::channels::channel;
use jiff::SignedDuration;
use jiff::Timestamp;
use proptest::prelude::*;
use serde_json::Value;
use std::collections::HashSet;
use std::fs;
use std::path::Path;
use vitrine_base::channel::ChannelKind;
use vitrine_base::language::Language;

fn option(id: &str, title: &str) -> CanonicalOption {
    CanonicalOption { id: id.to_owned(), title: title.to_owned() }
}

fn reply(text: &str, options: Vec<CanonicalOption>) -> CanonicalReply {
    CanonicalReply { text: text.to_owned(), options, language: Language::FR }
}

fn samples() -> Vec<(&'static str, CanonicalReply)> {
    let sizes = |count: usize| {
        (0..count).map(|at| option(&format!("size={}", 36 + at), &format!("Taille {}", 36 + at)))
    };
    vec![
        ("plain", reply("Votre commande part demain.", Vec::new())),
        (
            "buttons",
            reply(
                "Super ! Préférez-vous le confort ou la vitesse ?",
                vec![option("feel=comfort", "Confort"), option("feel=speed", "Vitesse")],
            ),
        ),
        (
            "long_titles",
            reply(
                "Quel terrain ?",
                vec![
                    option("terrain=road", "Chaussures de course sur route goudronnée"),
                    option("terrain=trail", "Chaussures de course sur sentier"),
                    option(&"x".repeat(3000), "👨‍👩‍👧‍👦👨‍👩‍👧‍👦👨‍👩‍👧‍👦 En famille"),
                ],
            ),
        ),
        ("seven", reply("Quelle pointure ?", sizes(7).collect())),
        ("twenty", reply("Quelle pointure ?", sizes(20).collect())),
    ]
}

#[test]
fn payloads_are_as_the_channels_document_them() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden/channels");
    let mut written = Vec::new();
    for kind in ChannelKind::ALL {
        for (name, reply) in samples() {
            let channel = channel(kind);
            let payload = channel.payload(&channel.fit(&reply), Some("33600000001"));
            let path = folder.join(format!("{}_{name}.json", kind.name()));
            let Ok(golden) = fs::read_to_string(&path) else {
                let text = serde_json::to_string_pretty(&payload).unwrap() + "\n";
                fs::write(&path, text).unwrap();
                written.push(path);
                continue;
            };
            let golden: Value = serde_json::from_str(&golden).unwrap();
            assert_eq!(payload, golden, "{}", path.display());
        }
    }
    assert!(written.is_empty(), "missing golden files were written, review them: {written:?}");
}

#[test]
fn a_payload_without_recipient_names_none() {
    for kind in ChannelKind::ALL {
        let channel = channel(kind);
        assert_eq!(channel.kind(), kind);
        let fitted = channel.fit(&reply("Bonjour", Vec::new()));
        let payload = channel.payload(&fitted, None);
        for name in ["to", "To", "recipient", "destinationId"] {
            assert!(payload.get(name).is_none(), "{payload}");
        }
    }
}

#[test]
fn a_long_text_goes_before_buttons_when_a_numbered_text_shows_it_whole() {
    let text = "mot ".repeat(300);
    let options = vec![option("a=1", "Un"), option("a=2", "Deux")];
    let fitted = channel(ChannelKind::Whatsapp).fit(&reply(&text, options.clone()));
    assert_eq!(fitted.layout, OptionLayout::Numbered);
    assert!(fitted.text.ends_with("mot\n\n1. Un\n2. Deux"), "{}", fitted.text);
    assert_eq!(fitted.chosen(" 2. "), Some("a=2"));
    assert_eq!(fitted.chosen("DEUX"), Some("a=2"));
    assert_eq!(fitted.chosen("3"), None);

    let fitted = channel(ChannelKind::Whatsapp).fit(&reply(&text.repeat(9), options));
    assert_eq!(fitted.layout, OptionLayout::Buttons);
    assert!(fitted.text.ends_with("mot…"));
}

#[test]
fn titles_that_would_look_alike_are_told_apart() {
    let colours = vec![
        option("a", "Chaussures de course rouges"),
        option("b", "Chaussures de course bleues"),
    ];
    let fitted = channel(ChannelKind::Whatsapp).fit(&reply("?", colours.clone()));
    assert_eq!(fitted.layout, OptionLayout::List, "rows show the whole title");
    assert_eq!(fitted.options[1].description.as_deref(), Some("Chaussures de course bleues"));
    let fitted = channel(ChannelKind::Instagram).fit(&reply("?", colours));
    assert_eq!(fitted.layout, OptionLayout::Numbered, "lines show the whole title");

    let twins = vec![option("a", "Rouge"), option("b", "rouge"), option("c", "Rouge ")];
    let fitted = channel(ChannelKind::Whatsapp).fit(&reply("?", twins));
    let titles: Vec<&str> = fitted.options.iter().map(|option| option.title.as_str()).collect();
    assert_eq!(titles, ["Rouge", "rouge 2", "Rouge 3"]);
}

#[test]
fn options_beyond_any_layout_are_counted() {
    let options: Vec<_> = (0..30).map(|at| option(&format!("o={at}"), &format!("{at}"))).collect();
    for kind in ChannelKind::ALL {
        let fitted = channel(kind).fit(&reply("Choisissez", options.clone()));
        assert_eq!(fitted.options.len() + fitted.options_dropped, 30, "{}", kind.name());
        assert_eq!(fitted.layout, OptionLayout::Numbered);
        assert_legal(&fitted);
    }
}

#[test]
fn the_window_closes_a_day_after_the_customer_wrote() {
    let wrote = Timestamp::from_second(1_790_000_000).unwrap();
    let closes = wrote + SignedDuration::from_hours(24);
    for kind in [ChannelKind::Whatsapp, ChannelKind::Instagram] {
        let window = |last, now| channel(kind).window(last, now);
        let before = window(Some(wrote), closes - SignedDuration::from_nanos(1));
        assert_eq!((before.state, before.closes_at), (WindowStatus::Open, Some(closes)));
        assert_eq!(window(Some(wrote), closes).state, WindowStatus::Closed);
        assert_eq!(window(None, wrote).state, WindowStatus::Closed);
        assert_eq!(window(Some(Timestamp::MAX), wrote).state, WindowStatus::Open);
    }
    for kind in [ChannelKind::Rcs, ChannelKind::Apple, ChannelKind::Sms, ChannelKind::Webchat] {
        let window = channel(kind).window(Some(wrote), closes);
        assert_eq!((window.state, window.closes_at), (WindowStatus::None, None));
    }
}

/// Length in UTF-16 code units, computed independently of the code under test.
fn length(value: &Value) -> usize {
    value.as_str().unwrap().encode_utf16().count()
}

fn assert_length(value: &Value, max: usize) {
    let found = length(value);
    assert!((1..=max).contains(&found), "{found} characters, limit {max}: {value}");
    let text = value.as_str().unwrap();
    assert!(!text.contains(|c: char| c.is_control() && c != '\n' && c != '\t'), "{text:?}");
}

fn all(value: &Value, count_max: usize) -> &[Value] {
    let items = value.as_array().unwrap();
    assert!((1..=count_max).contains(&items.len()), "{} items", items.len());
    items
}

fn assert_distinct<'a>(values: impl Iterator<Item = &'a Value>) {
    let mut seen = HashSet::new();
    for value in values {
        assert!(seen.insert(value.as_str().unwrap()), "{value} twice");
        assert_eq!(value.as_str().unwrap().trim(), value.as_str().unwrap());
    }
}

/// Checks a payload against the platform's documented limits, using only the payload.
fn assert_legal(fitted: &FittedReply) {
    let payload = channel(fitted.kind).payload(fitted, Some("33600000001"));
    match fitted.kind {
        ChannelKind::Whatsapp if payload["type"] == "text" => {
            assert_length(&payload["text"]["body"], 4096)
        }
        ChannelKind::Whatsapp => {
            let message = &payload["interactive"];
            assert_length(&message["body"]["text"], 1024);
            let (items, id_max, title_max) = if message["type"] == "button" {
                let buttons = all(&message["action"]["buttons"], 3);
                (buttons.iter().map(|button| &button["reply"]).collect::<Vec<_>>(), 256, 20)
            } else {
                assert_length(&message["action"]["button"], 20);
                let rows = all(&message["action"]["sections"][0]["rows"], 10);
                (rows.iter().collect(), 200, 24)
            };
            assert_distinct(items.iter().map(|item| &item["id"]));
            assert_distinct(items.iter().map(|item| &item["title"]));
            for item in items {
                assert_length(&item["id"], id_max);
                assert_length(&item["title"], title_max);
                if let Some(description) = item.get("description") {
                    assert_length(description, 72);
                }
            }
        }
        ChannelKind::Instagram => {
            let message = &payload["message"];
            assert_length(&message["text"], 1000);
            assert!(message["text"].as_str().unwrap().len() <= 1000);
            let (id, title) = (field("payload", 1000), field("title", 20));
            assert_options(message.get("quick_replies"), OptionRules { count_max: 13, id, title });
        }
        ChannelKind::Rcs => {
            assert_length(&payload["contentMessage"]["text"], 3072);
            let replies: Option<Value> =
                payload["contentMessage"].get("suggestions").map(|suggestions| {
                    suggestions.as_array().unwrap().iter().map(|s| s["reply"].clone()).collect()
                });
            let (id, title) = (field("postbackData", 2048), field("text", 25));
            assert_options(replies.as_ref(), OptionRules { count_max: 11, id, title });
        }
        ChannelKind::Apple if payload["type"] == "text" => assert_length(&payload["body"], 3000),
        ChannelKind::Apple => {
            let question = &payload["interactiveData"]["data"]["quick-reply"];
            assert_length(&question["summaryText"], 200);
            assert!(question["items"].as_array().unwrap().len() >= 2);
            let (id, title) = (field("identifier", 256), field("title", 200));
            assert_options(question.get("items"), OptionRules { count_max: 5, id, title });
        }
        ChannelKind::Sms => assert_length(&payload["Body"], 1600),
        ChannelKind::Webchat => {
            assert_length(&payload["text"], 8192);
            let shown = payload.get("options").filter(|o| !o.as_array().unwrap().is_empty());
            let (id, title) = (field("id", 256), field("title", 80));
            assert_options(shown, OptionRules { count_max: 20, id, title });
        }
    }
}

/// A text field of an option, and its longest text.
struct OptionField {
    key: &'static str,
    length_max: usize,
}

fn field(key: &'static str, length_max: usize) -> OptionField {
    OptionField { key, length_max }
}

/// What a channel allows for its options.
struct OptionRules {
    count_max: usize,
    id: OptionField,
    title: OptionField,
}

fn assert_options(items: Option<&Value>, rules: OptionRules) {
    let Some(items) = items else { return };
    let items = all(items, rules.count_max);
    for OptionField { key, length_max } in [rules.id, rules.title] {
        assert_distinct(items.iter().map(|item| &item[key]));
        for item in items {
            assert_length(&item[key], length_max);
        }
    }
}

fn any_title() -> impl Strategy<Value = String> {
    prop_oneof![
        any::<String>(),
        "[a-zé ]{0,60}",
        "(👨‍👩‍👧‍👦|🇫🇷|e\u{301}|\u{200d}| |\n){0,12}",
        Just("x\u{301}".to_owned() + &"\u{301}".repeat(300)),
        Just("Confort".to_owned()),
    ]
}

fn any_id() -> impl Strategy<Value = String> {
    prop_oneof![
        3 => "[a-z]{1,8}=[a-z0-9]{1,8}",
        1 => any::<String>(),
        1 => "[a-z]{190,270}",
        1 => "[é]{1000,2100}",
        1 => Just("same".to_owned()),
        1 => "o[1-9]-[0-9a-f]{16}",
    ]
}

fn any_text() -> impl Strategy<Value = String> {
    prop_oneof![any::<String>(), "[a-zéà .\n]{0,400}", "(mot ){0,3000}", "[é👟]{150,1200}"]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, ..ProptestConfig::default() })]

    #[test]
    fn any_reply_is_legal_on_every_channel_and_keeps_its_options(
        text in any_text(),
        choices in prop::collection::vec((any_id(), any_title()), 0..=20),
    ) {
        let choices: Vec<_> = choices.iter().map(|(id, title)| option(id, title)).collect();
        let reply = reply(&text, choices);
        for kind in ChannelKind::ALL {
            let fitted = channel(kind).fit(&reply);
            assert_legal(&fitted);
            prop_assert_eq!(fitted.options_dropped, 0);
            prop_assert_eq!(fitted.options.len(), reply.options.len());
            for (shown, option) in fitted.options.iter().zip(&reply.options) {
                prop_assert_eq!(&shown.id, &option.id);
                prop_assert_eq!(fitted.chosen(&shown.wire_id), Some(option.id.as_str()));
            }
            prop_assert_eq!(channel(kind).fit(&reply), fitted);
        }
    }
}
