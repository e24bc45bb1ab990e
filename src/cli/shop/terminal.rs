//! The report of an import for the terminal and as JSON.

use crate::cli::shop::settings_text::Given;
use serde_json::Value;
use serde_json::json;
use std::fmt::Write;
use vitrine_catalog::derive::DerivedShop;
use vitrine_catalog::derive::ShopSummary;
use vitrine_catalog::exports::Problem;
use vitrine_catalog::exports::Severity;

/// Most problems of a severity that the terminal shows; the page shows all.
const PROBLEMS_SHOWN: usize = 12;

/// Most values of a facet, words of a category and entries of a list that the terminal shows.
const LISTED: usize = 8;

/// Most categories and facets that the terminal shows.
const ENTRIES_SHOWN: usize = 30;

fn put(out: &mut String, line: &str) {
    // Writing to a string cannot fail.
    let _ = writeln!(out, "{line}");
}

/// The first entries of a list, with `…` if there are more.
fn listed<T: AsRef<str>>(entries: &[T]) -> String {
    let mut text = entries.iter().take(LISTED).map(AsRef::as_ref).collect::<Vec<_>>().join(", ");
    if entries.len() > LISTED {
        text.push_str(", …");
    }
    text
}

/// The report as text.
pub(super) fn report(shop: &DerivedShop, given: &Given) -> String {
    let mut out = String::new();
    for source in &shop.report.sources {
        let form = [source.format, source.encoding, source.separator];
        let form: Vec<&str> = form.into_iter().filter(|part| !part.is_empty()).collect();
        let line = format!("read      {}: {} rows; {}", source.name, source.rows, form.join(", "));
        put(&mut out, &line);
    }
    figures(&mut out, shop);
    for line in given.defaults(&shop.summary) {
        put(&mut out, &format!("default   {line}"));
    }
    derived(&mut out, &shop.summary);
    if !shop.report.unused_columns.is_empty() {
        let columns = listed(&shop.report.unused_columns);
        put(&mut out, &format!("unused    columns that nothing was taken from: {columns}"));
    }
    for severity in [Severity::Error, Severity::Warning, Severity::Note] {
        problems(&mut out, shop, severity);
    }
    out
}

fn figures(out: &mut String, shop: &DerivedShop) {
    let summary = &shop.summary;
    let prices = match (summary.prices.first(), summary.prices.last()) {
        (Some(low), Some(high)) => format!(", {low} to {high} {}", summary.currency),
        _ => String::new(),
    };
    let counts = format!("{} products, {} variants{prices}", summary.products, summary.variants);
    put(out, &format!("taken     {counts}"));
    let more = [
        (shop.report.inactive, "not active or not published, left out"),
        (summary.sold_out, "sold out"),
        (summary.reduced, "variants with a reduced price"),
        (summary.products - summary.with_description, "without a description"),
        (summary.products - summary.with_picture, "without a picture"),
    ];
    let more = more.iter().filter(|(count, _)| *count > 0);
    let more: Vec<String> = more.map(|(count, what)| format!("{count} {what}")).collect();
    if !more.is_empty() {
        put(out, &format!("          {}", more.join("; ")));
    }
    let languages: Vec<&str> = summary.languages.iter().map(|language| language.code()).collect();
    put(out, &format!("languages {}", languages.join(", ")));
}

fn derived(out: &mut String, summary: &ShopSummary) {
    let categories = summary.categories.iter().filter(|category| category.products > 0);
    for category in categories.take(ENTRIES_SHOWN) {
        let words = if category.words.is_empty() {
            String::new()
        } else {
            format!(": {}", listed(&category.words))
        };
        put(out, &format!("category  {} ({}){words}", category.label, category.products));
    }
    for (key, names) in &summary.options {
        put(out, &format!("option    {key}, from {}", listed(names)));
    }
    for facet in summary.facets.iter().take(ENTRIES_SHOWN) {
        let values: Vec<String> =
            facet.values.iter().map(|(label, count)| format!("{label} ({count})")).collect();
        put(out, &format!("facet     {} [{}]: {}", facet.label, facet.key, listed(&values)));
    }
    if !summary.attributes.is_empty() {
        let all: Vec<String> =
            summary.attributes.iter().map(|(key, count)| format!("{key} ({count})")).collect();
        put(out, &format!("attribute {}", listed(&all)));
    }
}

fn problems(out: &mut String, shop: &DerivedShop, severity: Severity) {
    let all: Vec<&Problem> =
        shop.report.problems.iter().filter(|problem| problem.severity == severity).collect();
    for problem in all.iter().take(PROBLEMS_SHOWN) {
        put(out, &line(problem));
    }
    if all.len() > PROBLEMS_SHOWN {
        let more = all.len() - PROBLEMS_SHOWN;
        put(out, &format!("{:<10}and {more} more; all are in report.html", severity.name()));
    }
}

/// One problem: severity, place, what it is and what to do.
fn line(problem: &Problem) -> String {
    let place = problem.place.to_string();
    let place = if place.is_empty() { String::new() } else { format!("{place}: ") };
    let advice = problem.kind.advice();
    let advice = if advice.is_empty() { String::new() } else { format!("; {advice}") };
    format!("{:<10}{place}{}{advice}", problem.severity.name(), problem.kind)
}

/// The report as JSON.
pub(super) fn document(shop: &DerivedShop, given: &Given) -> Value {
    let summary = &shop.summary;
    let problems = shop.report.problems.iter().map(|problem| {
        json!({
            "severity": problem.severity.name(),
            "file": problem.place.file,
            "line": (problem.place.line > 0).then_some(problem.place.line),
            "column": (!problem.place.column.is_empty()).then_some(&problem.place.column),
            "reason": problem.kind.to_string(),
            "advice": problem.kind.advice(),
        })
    });
    let sources = shop.report.sources.iter().map(|source| {
        json!({
            "name": source.name, "format": source.format, "encoding": source.encoding,
            "separator": source.separator, "rows": source.rows,
        })
    });
    let categories = summary.categories.iter().map(|category| {
        json!({
            "id": category.id, "label": category.label, "parent": category.parent,
            "words": category.words, "products": category.products,
        })
    });
    let facets = summary.facets.iter().map(|facet| {
        let values = facet.values.iter();
        let values = values.map(|(label, count)| json!({ "label": label, "products": count }));
        json!({
            "key": facet.key, "label": facet.label, "products": facet.products,
            "asked": facet.asked, "values": values.collect::<Vec<_>>(),
        })
    });
    let languages: Vec<&str> = summary.languages.iter().map(|language| language.code()).collect();
    json!({
        "files": sources.collect::<Vec<_>>(),
        "products": summary.products,
        "variants": summary.variants,
        "inactive": shop.report.inactive,
        "sold_out": summary.sold_out,
        "languages": languages,
        "currency": summary.currency,
        "defaults": given.defaults(summary),
        "categories": categories.collect::<Vec<_>>(),
        "facets": facets.collect::<Vec<_>>(),
        "options": summary.options,
        "unused_columns": shop.report.unused_columns,
        "errors": shop.report.errors(),
        "warnings": shop.report.count(Severity::Warning),
        "problems": problems.collect::<Vec<_>>(),
        "problems_left_out": shop.report.further,
    })
}
