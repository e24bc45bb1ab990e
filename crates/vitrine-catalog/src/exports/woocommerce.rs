//! WooCommerce's product CSV: a row a product or variation, in the languages of its headers.
//!
//! A `variable` row describes a product, its `variation` rows what can be ordered; `Parent` names
//! it by `id:123` or by its code. Attributes are `Attribute 1 name`, `Attribute 1 value(s)`; those
//! that variations differ by are options, all others properties.

mod columns;

use crate::exports::cells;
use crate::exports::collect::Collector;
use crate::exports::html;
use crate::exports::product::ExportedProduct;
use crate::exports::product::ExportedVariant;
use crate::exports::report::ProblemKind;
use crate::exports::report::Severity;
use crate::exports::sheet;
use crate::exports::sheet::Header;
use crate::exports::sheet::Record;
use crate::product::Availability;
use crate::words::fold;
use columns::Column;
use columns::Columns;
use std::collections::HashMap;

/// Whether a header is that of a WooCommerce export.
pub(super) fn is_header(header: &Header) -> bool {
    let columns = Columns::new(header);
    let needed = [Column::Kind, Column::Name, Column::RegularPrice];
    needed.iter().all(|column| columns.has(*column))
        && (columns.has(Column::Sku) || columns.has(Column::Id))
}

/// A variation, and the product that it belongs to.
struct Variation {
    parent: String,
    variant: ExportedVariant,
    /// Name and value of its attributes.
    attributes: Vec<(String, String)>,
    published: bool,
}

#[derive(Default)]
struct Read {
    products: Vec<(ExportedProduct, bool)>,
    /// `id:123` and codes in upper case → position of the product.
    places: HashMap<String, usize>,
    variations: Vec<Variation>,
}

/// Reads a table with its header.
pub(super) fn read(text: &str, table: (&Header, usize), collector: &mut Collector<'_>) {
    let columns = Columns::new(table.0);
    let mut read = Read::default();
    sheet::rows(text, table, collector, |record, collector| {
        row(&Row { record: &record, columns: &columns }, &mut read, collector);
    });
    for variation in std::mem::take(&mut read.variations) {
        attach(variation, &mut read, collector);
    }
    for (product, active) in read.products {
        if !active {
            collector.inactive();
            continue;
        }
        if product.variants.is_empty() {
            let at = (product.place.line, String::new());
            let what = "price and no variation that can be ordered";
            collector.problem(Severity::Error, at, ProblemKind::Absent { what });
            continue;
        }
        collector.take(product);
    }
}

struct Row<'a> {
    record: &'a Record<'a>,
    columns: &'a Columns,
}

impl Row<'_> {
    fn get(&self, column: Column) -> &str {
        self.columns.place(column).map_or("", |at| self.record.at(at))
    }

    /// Line and name of a column, for problems.
    fn at(&self, column: Column) -> (usize, String) {
        let names: HashMap<usize, &str> = self.record.header.columns().collect();
        let name = self.columns.place(column).and_then(|at| names.get(&at).copied());
        (self.record.line, name.unwrap_or_default().to_owned())
    }

    /// Text of a body: the program writes line ends as `\n`.
    fn body(&self, column: Column) -> String {
        self.get(column).replace("\\n", "\n")
    }

    /// Names and values of the attributes, the values as lists.
    fn attributes(&self) -> Vec<(String, Vec<String>)> {
        let pairs = self.columns.attributes.iter().map(|(name, value)| {
            let values = cells::list(&self.record.at(*value).replace("\\,", "\u{1}"), &[',']);
            let values = values.iter().map(|value| html::line(&value.replace('\u{1}', ",")));
            (html::line(self.record.at(*name)), values.collect::<Vec<String>>())
        });
        pairs.filter(|(name, values)| !name.is_empty() && !values.is_empty()).collect()
    }
}

fn row(row: &Row<'_>, read: &mut Read, collector: &mut Collector<'_>) {
    let kinds = cells::list(&fold(row.get(Column::Kind)), &[',']);
    let is = |name: &str| kinds.iter().any(|kind| kind == name);
    let published = row.get(Column::Published).trim() == "1"
        || cells::flag(row.get(Column::Published))
            .unwrap_or(row.columns.place(Column::Published).is_none());
    if is("variation") || is("variante") || is("variacion") {
        let Some(variant) = variant(row, published, collector) else { return };
        let attributes = row.attributes().into_iter();
        let attributes = attributes.map(|(name, values)| (name, values.join(", "))).collect();
        let parent = row.get(Column::Parent).to_owned();
        read.variations.push(Variation { parent, variant, attributes, published });
        return;
    }
    if is("grouped") || is("groupe") {
        let at = (row.record.line, String::new());
        let what = "a grouped product has no price of its own; its members are taken".to_owned();
        collector.problem(Severity::Note, at, ProblemKind::Look { what });
        return;
    }
    let variable = is("variable") || is("variabel");
    let Some(mut product) = described(row, collector) else { return };
    let hidden =
        matches!(fold(row.get(Column::Visibility)).as_str(), "hidden" | "cache" | "versteckt");
    let active = published && !hidden;
    if !variable && active {
        product.variants.extend(variant(row, true, collector));
        if product.variants.is_empty() {
            return;
        }
    }
    let at = read.products.len();
    let id = row.get(Column::Id);
    if !id.is_empty() {
        read.places.insert(format!("id:{id}"), at);
    }
    read.places.insert(product.id.to_uppercase(), at);
    read.products.push((product, active));
}

/// What a row of a product says of it; its attributes are properties until variations use them.
fn described(row: &Row<'_>, collector: &mut Collector<'_>) -> Option<ExportedProduct> {
    let (id, sku) = (row.get(Column::Id), row.get(Column::Sku));
    let name = html::line(row.get(Column::Name));
    let code = if sku.is_empty() { id } else { sku };
    if name.is_empty() || code.is_empty() {
        let what = if name.is_empty() { "name" } else { "code (SKU or ID)" };
        let at = row.at(if name.is_empty() { Column::Name } else { Column::Sku });
        collector.problem(Severity::Error, at, ProblemKind::Absent { what });
        return None;
    }
    let place = collector.place(row.record.line, String::new());
    let mut product = ExportedProduct::new(place, code.to_owned(), name);
    let short = html::blocks(&row.body(Column::ShortDescription));
    product.body = short;
    for block in html::blocks(&row.body(Column::Description)) {
        if !product.body.contains(&block) {
            product.body.push(block);
        }
    }
    let paths = row.get(Column::Categories).replace("\\,", "\u{1}");
    let paths = cells::list(&paths, &[',']);
    product.kinds = paths.iter().map(|path| cells::path(&path.replace('\u{1}', ","))).collect();
    product.tags = cells::list(row.get(Column::Tags), &[',']);
    product.brand = html::line(row.get(Column::Brand));
    let images = cells::list(row.get(Column::Images), &[',']);
    let (line, column) = row.at(Column::Images);
    for image in images {
        product.images.extend(cells::link(&image, (line, &column), collector));
    }
    for (label, values) in row.attributes() {
        product.state(&label, values);
    }
    for (at, label, unit) in &row.columns.measures {
        let value = row.record.at(*at);
        if !value.is_empty() {
            product.state(label, vec![format!("{value} {unit}")]);
        }
    }
    Some(product)
}

/// What can be ordered by a row; `None` if it is not for sale or has errors, which are reported.
fn variant(
    row: &Row<'_>,
    published: bool,
    collector: &mut Collector<'_>,
) -> Option<ExportedVariant> {
    let (regular, sale) = (row.get(Column::RegularPrice), row.get(Column::SalePrice));
    if regular.is_empty() && sale.is_empty() {
        let kind = ProblemKind::Absent { what: "price" };
        if published {
            collector.problem(Severity::Error, row.at(Column::RegularPrice), kind);
        }
        return None;
    }
    let (line, column) = row.at(Column::RegularPrice);
    let regular = (!regular.is_empty()).then(|| cells::money(regular, (line, &column), collector));
    let (_, sale_column) = row.at(Column::SalePrice);
    let reduced = (!sale.is_empty()).then(|| cells::money(sale, (line, &sale_column), collector));
    let price = reduced.flatten().or(regular.flatten())?;
    let compare_at = regular.flatten().filter(|regular| regular.amount > price.amount);
    let (_, column) = row.at(Column::Stock);
    let stock = match row.get(Column::Stock) {
        // The units of the product are those of all its variations together.
        "parent" => None,
        cell => cells::units(cell, (line, &column), collector),
    };
    let (_, column) = row.at(Column::Gtin);
    let gtin = cells::gtin(row.get(Column::Gtin), (line, &column), collector);
    let backorders = fold(row.get(Column::Backorders));
    let backorders = backorders == "notify" || cells::flag(&backorders) == Some(true);
    let availability = match cells::availability(row.get(Column::InStock)) {
        Some(Availability::InStock) if stock == Some(0) && backorders => Availability::Preorder,
        Some(Availability::InStock) if stock == Some(0) => Availability::SoldOut,
        Some(availability) => availability,
        None if stock == Some(0) => Availability::SoldOut,
        None => Availability::InStock,
    };
    Some(ExportedVariant {
        line,
        sku: row.get(Column::Sku).to_owned(),
        options: Vec::new(),
        price,
        compare_at,
        stock,
        availability,
        gtin,
        url: None,
        grams: None,
    })
}

/// Gives a variation to its product.
fn attach(variation: Variation, read: &mut Read, collector: &mut Collector<'_>) {
    let Variation { parent, mut variant, attributes, published } = variation;
    let key = parent.trim();
    let place =
        read.places.get(&key.to_lowercase()).or_else(|| read.places.get(&key.to_uppercase()));
    let Some(place) = place.copied() else {
        let kind = ProblemKind::NoParent { found: parent };
        collector.problem(Severity::Error, (variant.line, String::new()), kind);
        return;
    };
    let (product, active) = &mut read.products[place];
    if !*active || !published {
        return;
    }
    for (name, _) in &attributes {
        if !product.options.iter().any(|option| fold(option) == fold(name)) {
            product.options.push(name.clone());
            product.properties.retain(|property| fold(&property.label) != fold(name));
            for earlier in &mut product.variants {
                earlier.options.push(String::new());
            }
        }
    }
    let value = |option: &String| {
        let found = attributes.iter().find(|(name, _)| fold(name) == fold(option));
        found.map_or_else(String::new, |(_, value)| value.clone())
    };
    variant.options = product.options.iter().map(value).collect();
    product.variants.push(variant);
}
