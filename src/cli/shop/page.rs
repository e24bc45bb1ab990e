//! The report of an import as one HTML page that needs no other file: pictures first.

use crate::cli::shop::settings_text::Given;
use crate::cli::svg::open_svg;
use rust_decimal::Decimal;
use rust_decimal::prelude::ToPrimitive;
use std::fmt::Write;
use vitrine_catalog::derive::DerivedShop;
use vitrine_catalog::derive::ShopSummary;
use vitrine_catalog::exports::Severity;

/// Style of the page; readable in light and dark surroundings and on small screens.
const STYLE: &str = "
:root { color-scheme: light dark; --line: #8885; --error: #c62828; --warning: #b26a00; }
body { font: 15px/1.45 system-ui, sans-serif; margin: 2rem auto; max-width: 62rem;
  padding: 0 1rem; }
h1 { font-size: 1.5rem; } h2 { font-size: 1.15rem; margin-top: 2rem; }
table { border-collapse: collapse; width: 100%; }
th, td { padding: .25rem .6rem; text-align: left; border-bottom: 1px solid var(--line);
  vertical-align: top; overflow-wrap: anywhere; }
svg { max-width: 100%; height: auto; border-radius: 6px; margin: .5rem 0; display: block; }
.error { color: var(--error); } .warning { color: var(--warning); } small { opacity: .7; }
";

/// Width of the pictures, height of a bar, and where bars begin, in pixels.
const WIDTH: usize = 760;
const BAR: usize = 20;
const START: usize = 260;

/// Most bars of a picture, and most letters of a bar's name.
const BARS_MAX: usize = 24;
const NAME_CHARS_MAX: usize = 34;

/// Bars of the picture of prices.
const PRICE_BARS: usize = 12;

fn put(out: &mut String, text: &str) {
    // Writing to a string cannot fail.
    let _ = writeln!(out, "{text}");
}

fn escaped(text: &str) -> String {
    let text = text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
    text.replace('"', "&quot;")
}

/// The page.
pub(super) fn write(shop: &DerivedShop, given: &Given) -> String {
    let title = escaped(&format!("Import of {}", given.name));
    let mut out = format!(
        "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width\">\n<title>{title}</title>\n\
         <style>{STYLE}</style>\n</head>\n<body>\n<h1>{title}</h1>\n"
    );
    let summary = &shop.summary;
    let line = format!(
        "<p>{} products, {} variants; {} errors, {} warnings.</p>",
        summary.products,
        summary.variants,
        shop.report.errors(),
        shop.report.count(Severity::Warning)
    );
    put(&mut out, &line);
    pictures(&mut out, summary);
    problems(&mut out, shop);
    defaults(&mut out, shop, given);
    tables(&mut out, summary);
    out + "</body>\n</html>\n"
}

fn pictures(out: &mut String, summary: &ShopSummary) {
    let mut categories: Vec<(String, usize)> = summary
        .categories
        .iter()
        .filter(|category| category.products > 0)
        .map(|category| (category.label.clone(), category.products))
        .collect();
    categories.sort_by_key(|(_, count)| std::cmp::Reverse(*count));
    put(out, "<h2>Products by category</h2>");
    put(out, &bars(&categories));
    put(out, &format!("<h2>Products by price ({})</h2>", escaped(&summary.currency)));
    put(out, &bars(&price_bars(&summary.prices)));
    let stated = [
        ("description", summary.with_description),
        ("picture", summary.with_picture),
        ("link", summary.with_link),
    ];
    let stated = stated.iter().map(|(name, count)| ((*name).to_owned(), *count));
    let facets = summary.facets.iter().map(|facet| (facet.label.clone(), facet.products));
    put(out, "<h2>Products that state it</h2>");
    put(out, &bars(&stated.chain(facets).collect::<Vec<_>>()));
}

/// Products in steps of price between the lowest and the highest.
fn price_bars(prices: &[Decimal]) -> Vec<(String, usize)> {
    let (Some(low), Some(high)) = (prices.first(), prices.last()) else { return Vec::new() };
    let step = ((*high - *low) / Decimal::from(PRICE_BARS)).ceil().max(Decimal::ONE);
    let mut found = Vec::new();
    let mut from = low.floor();
    while from <= *high {
        let to = from + step;
        let count = prices.iter().filter(|price| **price >= from && **price < to).count();
        found.push((format!("{} to {}", from.normalize(), to.normalize()), count));
        from = to;
    }
    found
}

/// Horizontal bars, each with its name and number.
fn bars(entries: &[(String, usize)]) -> String {
    let shown = &entries[..entries.len().min(BARS_MAX)];
    let most = shown.iter().map(|(_, count)| *count).max().unwrap_or_default().max(1);
    let height = shown.len() * BAR + BAR;
    let mut out = open_svg(WIDTH, height, 13);
    for (at, (name, count)) in shown.iter().enumerate() {
        let y = at * BAR + BAR / 2;
        let share = Decimal::from(*count) / Decimal::from(most);
        let room = Decimal::from(WIDTH - START - 60);
        let width = (share * room).to_u32().unwrap_or_default().max(1);
        let name: String = name.chars().take(NAME_CHARS_MAX).collect();
        let text_y = y + 14;
        let name_x = START - 8;
        put(
            &mut out,
            &format!(
                "<text x=\"{name_x}\" y=\"{text_y}\" text-anchor=\"end\">{}</text>",
                escaped(&name)
            ),
        );
        put(
            &mut out,
            &format!(
                "<rect x=\"{START}\" y=\"{}\" width=\"{width}\" height=\"14\" fill=\"#4477aa\"/>",
                y + 3
            ),
        );
        let count_x = START + usize::try_from(width).unwrap_or_default() + 6;
        put(&mut out, &format!("<text x=\"{count_x}\" y=\"{text_y}\">{count}</text>"));
    }
    out + "</svg>"
}

fn problems(out: &mut String, shop: &DerivedShop) {
    put(out, "<h2>What looks wrong, and what to do</h2>");
    let mut all: Vec<_> = shop.report.problems.iter().collect();
    all.sort_by_key(|problem| problem.severity);
    if all.is_empty() {
        put(out, "<p>Nothing.</p>");
        return;
    }
    put(out, "<table>\n<tr><th></th><th>where</th><th>what</th><th>what to do</th></tr>");
    for problem in all {
        let severity = problem.severity.name();
        let row = format!(
            "<tr><td class=\"{severity}\">{severity}</td><td>{}</td><td>{}</td><td>{}</td></tr>",
            escaped(&problem.place.to_string()),
            escaped(&problem.kind.to_string()),
            escaped(problem.kind.advice())
        );
        put(out, &row);
    }
    put(out, "</table>");
    if shop.report.further > 0 {
        put(out, &format!("<p>and {} more.</p>", shop.report.further));
    }
}

fn defaults(out: &mut String, shop: &DerivedShop, given: &Given) {
    put(out, "<h2>What was assumed</h2>\n<ul>");
    for line in given.defaults(&shop.summary) {
        put(out, &format!("<li>{}</li>", escaped(&line)));
    }
    if shop.report.inactive > 0 {
        put(
            out,
            &format!("<li>{} products are not active or not published</li>", shop.report.inactive),
        );
    }
    if !shop.report.unused_columns.is_empty() {
        let columns = escaped(&shop.report.unused_columns.join(", "));
        put(out, &format!("<li>columns that nothing was taken from: {columns}</li>"));
    }
    put(out, "</ul>\n<table>\n<tr><th>file</th><th>format</th><th>encoding</th><th>rows</th></tr>");
    for source in &shop.report.sources {
        let row = format!(
            "<tr><td>{}</td><td>{} {}</td><td>{}</td><td>{}</td></tr>",
            escaped(&source.name),
            source.format,
            source.separator,
            source.encoding,
            source.rows
        );
        put(out, &row);
    }
    put(out, "</table>");
}

fn tables(out: &mut String, summary: &ShopSummary) {
    put(out, "<h2>Categories and their words</h2>\n<table>");
    put(out, "<tr><th>category</th><th>within</th><th>words</th><th>products</th></tr>");
    for category in &summary.categories {
        let parent = category.parent.clone().unwrap_or_default();
        let cells =
            [&category.label, &parent, &category.words.join(", "), &category.products.to_string()];
        put_row(out, &cells);
    }
    put(out, "</table>\n<h2>Facets</h2>\n<table>");
    put(out, "<tr><th>facet</th><th>key</th><th>values</th><th>asked</th></tr>");
    for facet in &summary.facets {
        let values: Vec<String> =
            facet.values.iter().map(|(label, count)| format!("{label} ({count})")).collect();
        let asked = if facet.asked { "yes" } else { "no" }.to_owned();
        put_row(out, &[&facet.label, &facet.key, &values.join(", "), &asked]);
    }
    put(out, "</table>\n<h2>Options and attributes</h2>\n<table>");
    for (key, names) in &summary.options {
        put_row(out, &[key, &names.join(", ")]);
    }
    if !summary.sizes.is_empty() {
        put_row(out, &[&"sizes".to_owned(), &summary.sizes.join(", ")]);
    }
    for (key, count) in &summary.attributes {
        put_row(out, &[key, &format!("{count} products")]);
    }
    put(out, "</table>");
}

fn put_row(out: &mut String, cells: &[&String]) {
    let cells: String = cells.iter().map(|cell| format!("<td>{}</td>", escaped(cell))).collect();
    put(out, &format!("<tr>{cells}</tr>"));
}
