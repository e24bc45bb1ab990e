//! Writes `facets.toml`.

use crate::derive::facets::Facet;
use crate::derive::facets::Tongues;
use crate::derive::kind::Kind;
use crate::derive::kinds::Kinds;
use crate::derive::labels::small;
use crate::derive::statements::Statement;
use crate::derive::statements::Value;
use crate::derive::terms::terms;
use std::collections::BTreeMap;
use std::fmt::Write;
use vitrine_base::language::Language;
use vitrine_base::localized::Localized;

/// Value of asking for the kind of product, as in the example shops.
const KIND_ASK: &str = "1.2";

/// Label and question for kinds of products.
const KIND: [(Language, &str, &str); 6] = [
    (Language::EN, "kind of product", "What kind of product are you looking for?"),
    (Language::FR, "type de produit", "Quel type de produit cherchez-vous ?"),
    (Language::DE, "Produktart", "Welche Art von Produkt suchen Sie?"),
    (Language::ES, "tipo de producto", "¿Qué tipo de producto buscas?"),
    (Language::IT, "tipo di prodotto", "Che tipo di prodotto cerca?"),
    (Language::PT, "tipo de produto", "Que tipo de produto procura?"),
];

/// The text of a TOML string.
pub(super) fn quoted(text: &str) -> String {
    toml::Value::String(text.replace(['\n', '\r'], " ")).to_string()
}

fn inline(texts: &Localized<String>) -> String {
    let entries =
        texts.iter().map(|(language, text)| format!("{} = {}", language.code(), quoted(text)));
    format!("{{ {} }}", entries.collect::<Vec<_>>().join(", "))
}

fn put(out: &mut String, line: &str) {
    // Writing to a string cannot fail.
    let _ = writeln!(out, "{line}");
}

fn put_texts(out: &mut String, key: &str, texts: &Localized<String>) {
    if !texts.is_empty() {
        put(out, &format!("{key} = {}", inline(texts)));
    }
}

fn put_words(out: &mut String, words: &Localized<Vec<String>>) {
    for (language, words) in words.iter().filter(|(_, words)| !words.is_empty()) {
        let list: Vec<String> = words.iter().map(|word| quoted(word)).collect();
        put(out, &format!("words.{} = [{}]", language.code(), list.join(", ")));
    }
}

/// The text of the facets file.
pub(super) fn write(
    kinds: &Kinds,
    facets: &[Facet],
    statements: &[Vec<Statement>],
    tongues: Tongues<'_>,
) -> String {
    let mut out = String::new();
    let own = |texts: &Localized<String>| -> Localized<String> {
        let languages = tongues.languages.iter();
        languages.filter_map(|l| Some((*l, texts.get(*l)?.clone()))).collect()
    };
    if let Some(size) = terms().properties.get("size") {
        put(&mut out, "[size]");
        put_texts(&mut out, "label", &own(&size.label));
        put_texts(&mut out, "question", &own(&size.question));
    }
    let kind = KIND.iter().filter(|(language, _, _)| tongues.languages.contains(language));
    let labels =
        kind.clone().map(|(language, label, _)| (*language, (*label).to_owned())).collect();
    let questions =
        kind.map(|(language, _, question)| (*language, (*question).to_owned())).collect();
    put(&mut out, "\n[kind]");
    put_texts(&mut out, "label", &labels);
    put_texts(&mut out, "question", &questions);
    put(&mut out, &format!("ask = {KIND_ASK}"));
    facets.iter().for_each(|facet| put_facet(&mut out, facet));
    put_measures(&mut out, facets, statements, tongues);
    for kind in &kinds.all {
        put_kind(&mut out, kind, kinds);
    }
    out
}

fn put_facet(out: &mut String, facet: &Facet) {
    put(out, "\n[[facet]]");
    put(out, &format!("key = {}", quoted(&facet.key)));
    put_texts(out, "label", &facet.label);
    put_texts(out, "question", &facet.question);
    if facet.ask > 0.0 {
        put(out, &format!("ask = {:.1}", facet.ask));
    }
    for value in &facet.values {
        put(out, "\n[[facet.value]]");
        put(out, &format!("id = {}", quoted(&value.id)));
        put_texts(out, "label", &value.label);
        put_words(out, &value.words);
    }
}

/// Facets without values, which only label attributes in the shop's languages.
fn put_measures(
    out: &mut String,
    facets: &[Facet],
    statements: &[Vec<Statement>],
    tongues: Tongues<'_>,
) {
    let mut labels: BTreeMap<&str, String> = BTreeMap::new();
    for statement in statements.iter().flatten() {
        let worded = matches!(statement.value, Value::Number(_) | Value::Words(_) | Value::Flag(_));
        if worded && !facets.iter().any(|facet| facet.key == statement.key) {
            labels.entry(&statement.key).or_insert_with(|| statement.label.clone());
        }
    }
    let room = 64_usize.saturating_sub(facets.len());
    for (key, label) in labels.into_iter().take(room) {
        let name = key.rsplit_once('_').map_or(key, |(name, _)| name);
        let known = terms().measures.get(name).map(|measure| &measure.label);
        let known = known.or_else(|| terms().properties.get(key).map(|property| &property.label));
        let texts: Localized<String> = match known {
            Some(known) => {
                let languages = tongues.languages.iter();
                languages.filter_map(|l| Some((*l, known.get(*l)?.clone()))).collect()
            }
            None if label.is_empty() => continue,
            None => [(tongues.base(), small(&label, tongues.base()))].into_iter().collect(),
        };
        put(out, "\n[[facet]]");
        put(out, &format!("key = {}", quoted(key)));
        put_texts(out, "label", &texts);
    }
}

fn put_kind(out: &mut String, kind: &Kind, kinds: &Kinds) {
    put(out, "\n[[category]]");
    put(out, &format!("id = {}", quoted(&kind.id)));
    put_texts(out, "label", &kind.label);
    put_words(out, &kind.words);
    if let Some(parent) = kind.parent.and_then(|parent| kinds.all.get(parent)) {
        put(out, &format!("parent = {}", quoted(&parent.id)));
    }
}
