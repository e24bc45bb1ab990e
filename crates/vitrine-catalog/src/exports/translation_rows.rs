//! Reads Shopify's export of translations: one row a text and language.

use crate::exports::collect::Collector;
use crate::exports::html;
use crate::exports::report::ProblemKind;
use crate::exports::report::Severity;
use crate::exports::sheet;
use crate::exports::sheet::Header;
use crate::exports::translations::Translations;
use vitrine_base::language::Language;

/// Longest text that the dictionary holds, in characters.
const ENTRY_CHARS_MAX: usize = 80;

/// Reads a table with its header.
pub(super) fn read(text: &str, table: (&Header, usize), collector: &mut Collector<'_>) {
    let mut found = std::mem::take(&mut collector.translations);
    sheet::rows(text, table, collector, |record, collector| {
        let translated = record.get("translated content");
        let original = record.get("default content");
        let locale = record.get("locale");
        if translated.is_empty() || original.is_empty() {
            return;
        }
        let Some(language) = Language::from_locale(locale) else {
            let (found, allowed) = (locale.to_owned(), "a language such as `fr` or `pt-BR`");
            let at = (record.line, record.column(&["locale"]));
            collector.problem(Severity::Error, at, ProblemKind::Value { found, allowed });
            return;
        };
        let id = record.get("identification").trim_start_matches('\'').to_lowercase();
        let kind = record.get("type").to_uppercase();
        let field = record.get("field").to_lowercase();
        if matches!(kind.as_str(), "PRODUCT" | "PRODUCTS") {
            take_product(&mut found, id, &field, (original, language, translated));
        }
        let (original, translated) = (html::line(original), html::line(translated));
        if original.chars().count() <= ENTRY_CHARS_MAX && field != "handle" {
            found.add(&original, language, &translated);
        }
    });
    collector.translations = found;
}

/// A text, and its translation into a language.
type Pair<'a> = (&'a str, Language, &'a str);

fn take_product(found: &mut Translations, id: String, field: &str, pair: Pair<'_>) {
    let (original, language, translated) = pair;
    let product = found.products.entry(id).or_default();
    match field {
        "title" => {
            product.title = html::line(original);
            product.names.insert(language, html::line(translated));
        }
        "handle" => product.handle = original.to_owned(),
        "body_html" => {
            product.bodies.insert(language, html::blocks(translated));
        }
        _ => {}
    }
}
