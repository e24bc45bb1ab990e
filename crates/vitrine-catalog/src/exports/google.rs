//! The Google Merchant feed: one entry a variant, joined by `item_group_id`.
//!
//! Reads tables here; `google_xml` reads RSS and Atom and gives the same entries.

use crate::exports::cells;
use crate::exports::collect::Collector;
use crate::exports::html;
use crate::exports::product::ExportedProduct;
use crate::exports::product::ExportedVariant;
use crate::exports::report::ProblemKind;
use crate::exports::report::Severity;
use crate::exports::sheet;
use crate::exports::sheet::Header;
use crate::exports::sheet::compared;
use crate::product::Availability;
use crate::words::fold;
use std::collections::HashMap;

/// Attributes that variants of a group may differ by, with their names as options.
const OPTIONS: [&str; 4] = ["size", "color", "material", "pattern"];

/// Attributes of a product that say something of the goods.
const PROPERTIES: [&str; 14] = [
    "color",
    "size",
    "material",
    "pattern",
    "gender",
    "age group",
    "product weight",
    "product length",
    "product width",
    "product height",
    "energy efficiency class",
    "multipack",
    "condition",
    "size type",
];

/// Attributes that say nothing of the goods.
const IGNORED: [&str; 26] = [
    "mpn",
    "identifier exists",
    "tax",
    "shipping",
    "shipping label",
    "shipping weight",
    "shipping length",
    "shipping width",
    "shipping height",
    "custom label 0",
    "custom label 1",
    "custom label 2",
    "custom label 3",
    "custom label 4",
    "adult",
    "is bundle",
    "ads redirect",
    "mobile link",
    "sale price effective date",
    "availability date",
    "expiration date",
    "included destination",
    "excluded destination",
    "unit pricing measure",
    "unit pricing base measure",
    "cost of goods sold",
];

/// One entry of a feed: compared names without `g:`, and values; names may repeat.
#[derive(Debug, Clone, Default)]
pub(super) struct Entry {
    pub(super) line: usize,
    pub(super) fields: Vec<(String, String)>,
}

impl Entry {
    fn get(&self, name: &str) -> &str {
        let mut found = self.fields.iter().filter(|(own, value)| own == name && !value.is_empty());
        found.next().map_or("", |(_, value)| value.as_str())
    }

    fn all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        self.fields.iter().filter(move |(own, _)| own == name).map(|(_, value)| value.as_str())
    }
}

/// The compared name of an attribute: `g:image_link`, `image link` and `image_link` are one.
pub(super) fn attribute_name(name: &str) -> String {
    let compared = compared(name);
    let plain = compared.strip_prefix("g ").unwrap_or(&compared);
    // `shipping(country:price)`: what follows describes the value.
    plain.split('(').next().unwrap_or(plain).trim().to_owned()
}

/// Whether a header is that of a feed.
pub(super) fn is_header(header: &Header) -> bool {
    let names: Vec<String> = header.columns().map(|(_, name)| attribute_name(name)).collect();
    let has = |wanted: &str| names.iter().any(|name| name == wanted);
    has("id")
        && has("title")
        && has("price")
        && (has("link") || has("image link") || has("availability"))
}

/// Reads a table with its header.
pub(super) fn read(text: &str, table: (&Header, usize), collector: &mut Collector<'_>) {
    let names: Vec<String> = table.0.columns().map(|(_, name)| attribute_name(name)).collect();
    for (at, name) in names.iter().enumerate() {
        if is_read(name) || IGNORED.contains(&name.as_str()) {
            table.0.mark(at);
        }
    }
    let mut entries = Vec::new();
    sheet::rows(text, table, collector, |record, _| {
        let cells =
            names.iter().enumerate().map(|(at, name)| (name.clone(), record.at(at).to_owned()));
        let fields = cells.filter(|(_, value)| !value.is_empty()).collect();
        entries.push(Entry { line: record.line, fields });
    });
    take(entries, collector);
}

fn is_read(name: &str) -> bool {
    let own = [
        "id",
        "title",
        "description",
        "link",
        "image link",
        "additional image link",
        "price",
        "sale price",
        "availability",
        "brand",
        "gtin",
        "item group id",
        "product type",
        "google product category",
        "product detail",
        "product highlight",
        "quantity",
        "sell on google quantity",
        "inventory",
    ];
    own.contains(&name) || PROPERTIES.contains(&name)
}

/// Groups entries into products, and gives them to the collector.
pub(super) fn take(entries: Vec<Entry>, collector: &mut Collector<'_>) {
    let mut groups: Vec<(String, Vec<Entry>)> = Vec::new();
    let mut places: HashMap<String, usize> = HashMap::new();
    for entry in entries {
        let (group, id) = (entry.get("item group id"), entry.get("id"));
        let key = if group.is_empty() { id } else { group }.to_owned();
        if key.is_empty() || entry.get("title").is_empty() {
            let what = if key.is_empty() { "id" } else { "title" };
            let at = (entry.line, what.to_owned());
            collector.problem(Severity::Error, at, ProblemKind::Absent { what });
            continue;
        }
        match places.get(&key) {
            Some(at) if !group.is_empty() => groups[*at].1.push(entry),
            _ => {
                places.insert(key.clone(), groups.len());
                groups.push((key, vec![entry]));
            }
        }
    }
    for (id, entries) in groups {
        if let Some(product) = product(id, &entries, collector) {
            collector.take(product);
        }
    }
}

fn product(
    id: String,
    entries: &[Entry],
    collector: &mut Collector<'_>,
) -> Option<ExportedProduct> {
    let first = entries.first()?;
    let place = collector.place(first.line, String::new());
    let mut product = ExportedProduct::new(place, id, shared_title(entries));
    product.brand = html::line(first.get("brand"));
    product.body = html::blocks(first.get("description"));
    let paths = first.all("product type").flat_map(|cell| cells::list(cell, &[',']));
    product.kinds = paths.map(|path| cells::path(&path)).filter(|path| !path.is_empty()).collect();
    let category = first.get("google product category");
    if !category.chars().all(|c| c.is_ascii_digit()) {
        product.taxonomy = cells::path(category);
    }
    product.highlights = first.all("product highlight").map(html::line).collect();
    product.options = options(entries);
    properties(&mut product, first);
    product.url = cells::link(first.get("link"), (first.line, "link"), collector);
    for entry in entries {
        for name in ["image link", "additional image link"] {
            let links = entry.all(name).flat_map(|cell| cells::list(cell, &[',', ' ']));
            for link in links {
                let link = cells::link(&link, (entry.line, name), collector);
                product.images.extend(link.filter(|link| !product.images.contains(link)));
            }
        }
        product.variants.extend(variant(entry, &product.options, collector));
    }
    Some(product)
}

/// The options that the entries of a group differ by; those that are alike are properties.
fn options(entries: &[Entry]) -> Vec<String> {
    let differs = |name: &&str| {
        let value = |entry: &Entry| fold(entry.get(name));
        let first = entries.first().map(value).unwrap_or_default();
        entries.iter().any(|entry| value(entry) != first)
    };
    let sized = |name: &&str| *name == "size" && entries.iter().any(|e| !e.get("size").is_empty());
    let found = OPTIONS.iter().filter(|name| differs(name) || sized(name));
    found.map(|name| (*name).to_owned()).collect()
}

fn properties(product: &mut ExportedProduct, entry: &Entry) {
    for name in PROPERTIES {
        let value = entry.get(name);
        let usual = name == "condition" && fold(value) == "new";
        if !value.is_empty() && !usual && !product.options.iter().any(|option| option == name) {
            product.state(name, cells::list(value, &['/', ',']));
        }
    }
    // `Section:Attribute:Value`, several of them separated by commas in tables.
    for detail in entry.all("product detail") {
        let parts: Vec<&str> = detail.split(':').map(str::trim).collect();
        if let [_, label, value] = parts.as_slice() {
            product.state(label, vec![html::line(value)]);
        }
    }
}

fn variant(
    entry: &Entry,
    options: &[String],
    collector: &mut Collector<'_>,
) -> Option<ExportedVariant> {
    let line = entry.line;
    let cell = entry.get("price");
    if cell.is_empty() {
        let at = (line, "price".to_owned());
        collector.problem(Severity::Error, at, ProblemKind::Absent { what: "price" });
        return None;
    }
    let regular = cells::money(cell, (line, "price"), collector)?;
    let sale = entry.get("sale price");
    let sale = (!sale.is_empty()).then(|| cells::money(sale, (line, "sale price"), collector));
    let price = sale.flatten().unwrap_or(regular);
    let stated = entry.get("availability");
    let availability = cells::availability(stated).unwrap_or_else(|| {
        let at = (line, "availability".to_owned());
        let taken = "in stock".to_owned();
        let kind = ProblemKind::Default { what: "no availability that is known", taken };
        collector.problem(Severity::Warning, at, kind);
        Availability::InStock
    });
    let quantity = ["quantity", "sell on google quantity", "inventory"];
    let quantity = quantity.iter().map(|name| entry.get(name)).find(|cell| !cell.is_empty());
    let stock = quantity.and_then(|cell| cells::units(cell, (line, "quantity"), collector));
    Some(ExportedVariant {
        line,
        sku: entry.get("id").to_owned(),
        options: options.iter().map(|name| html::line(entry.get(name))).collect(),
        price,
        compare_at: (regular.amount > price.amount).then_some(regular),
        stock: if availability == Availability::SoldOut { Some(0) } else { stock },
        availability,
        gtin: cells::gtin(entry.get("gtin"), (line, "gtin"), collector),
        url: cells::link(entry.get("link"), (line, "link"), collector),
        grams: None,
    })
}

/// The words that the titles of a group begin with, without what tells its entries apart.
fn shared_title(entries: &[Entry]) -> String {
    let titles: Vec<String> = entries.iter().map(|entry| html::line(entry.get("title"))).collect();
    let Some(first) = titles.first() else { return String::new() };
    let words: Vec<&str> = first.split(' ').collect();
    let shared = titles.iter().map(|title| {
        let own = title.split(' ');
        words.iter().zip(own).take_while(|(one, other)| **one == *other).count()
    });
    let shared = shared.min().unwrap_or_default();
    let kept = words[..shared].join(" ");
    let kept = kept.trim_end_matches([' ', '-', '–', '|', ',', '/', '(', ':', '·']);
    if kept.is_empty() { first.clone() } else { kept.to_owned() }
}
