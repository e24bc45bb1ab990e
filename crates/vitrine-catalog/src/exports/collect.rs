//! Collects products and problems over all files, and checks what concerns several rows.

use crate::compact::compact;
use crate::exports::options::ExportOptions;
use crate::exports::product::ExportedProduct;
use crate::exports::product::ExportedVariant;
use crate::exports::report::Place;
use crate::exports::report::ProblemKind;
use crate::exports::report::Report;
use crate::exports::report::Severity;
use crate::exports::report::SourceSummary;
use crate::exports::translations::Translations;
use crate::words::slug;
use std::collections::HashMap;
use vitrine_base::money::Currency;

/// Line and column of a problem in the open file.
pub(super) type At = (usize, String);

/// Longest code, in bytes: as ids have at most 256, with room for what makes them different.
const CODE_BYTES_MAX: usize = 200;

/// What is read so far.
#[derive(Debug)]
pub(super) struct Collector<'a> {
    pub(super) options: &'a ExportOptions,
    pub(super) summary: SourceSummary,
    pub(super) rows: usize,
    pub(super) translations: Translations,
    report: Report,
    products: Vec<ExportedProduct>,
    /// Code in upper case → line of its first use.
    codes: HashMap<String, usize>,
    /// Currency of the first price.
    pub(super) currency: Option<Currency>,
    /// Prices that had no currency of their own.
    pub(super) bare_prices: bool,
    /// Variants without a code.
    unnamed: usize,
}

impl<'a> Collector<'a> {
    pub(super) fn new(options: &'a ExportOptions) -> Self {
        Self {
            options,
            summary: no_summary(),
            rows: 0,
            translations: Translations::default(),
            report: Report::default(),
            products: Vec::new(),
            codes: HashMap::new(),
            currency: None,
            bare_prices: false,
            unnamed: 0,
        }
    }

    /// Begins a file.
    pub(super) fn open(&mut self, name: &str) {
        self.summary = SourceSummary { name: name.to_owned(), ..no_summary() };
        self.rows = 0;
    }

    /// Ends a file.
    pub(super) fn close(&mut self) {
        let summary = SourceSummary { rows: self.rows, ..self.summary.clone() };
        self.report.sources.push(summary);
    }

    /// Reports a problem in the open file.
    pub(super) fn problem(&mut self, severity: Severity, at: At, kind: ProblemKind) {
        let place = self.place(at.0, at.1);
        self.report.add(severity, place, kind);
    }

    pub(super) fn place(&self, line: usize, column: String) -> Place {
        Place { file: self.summary.name.clone(), line, column }
    }

    /// Counts a product that is not active or not published.
    pub(super) fn inactive(&mut self) {
        self.report.inactive += 1;
    }

    /// Columns that nothing was taken from.
    pub(super) fn unused(&mut self, columns: Vec<String>) {
        for column in columns {
            if !self.report.unused_columns.contains(&column) {
                self.report.unused_columns.push(column);
            }
        }
    }

    /// Takes a product after the checks that concern its variants and codes; one without a variant
    /// is left out, as its rows were reported.
    pub(super) fn take(&mut self, mut product: ExportedProduct) {
        let line = product.place.line;
        let limit = self.options.limits.products_max;
        if self.products.len() >= limit {
            let found = limit + 1;
            let kind = ProblemKind::Limit { what: "products", found, limit };
            self.problem(Severity::Error, (line, String::new()), kind);
            return;
        }
        self.check_options(&mut product);
        let limit = self.options.limits.variants_max;
        if product.variants.len() > limit {
            let found = product.variants.len();
            let kind = ProblemKind::Limit { what: "variants of a product", found, limit };
            self.problem(Severity::Error, (line, String::new()), kind);
            product.variants.truncate(limit);
        }
        if product.variants.is_empty() {
            return;
        }
        let id = shortened(&product.id);
        if let Some(first) = self.codes.get(&id.to_uppercase()).copied() {
            let kind =
                ProblemKind::Duplicate { found: product.id, line: first, taken: String::new() };
            self.problem(Severity::Error, (line, String::new()), kind);
            return;
        }
        self.codes.insert(id.to_uppercase(), line);
        product.id = id;
        self.check_codes(&mut product);
        self.products.push(product);
    }

    /// Leaves out variants whose options repeat those of an earlier one, and options without use.
    fn check_options(&mut self, product: &mut ExportedProduct) {
        let mut seen: HashMap<String, usize> = HashMap::new();
        let variants = std::mem::take(&mut product.variants);
        for mut variant in variants {
            variant.options.resize(product.options.len(), String::new());
            let found = variant.options.join(" / ");
            match seen.get(&compact(&found)) {
                Some(line) => {
                    let kind = ProblemKind::SameOptions { found, line: *line };
                    self.problem(Severity::Error, (variant.line, String::new()), kind);
                }
                None => {
                    seen.insert(compact(&found), variant.line);
                    product.variants.push(variant);
                }
            }
        }
    }

    /// Gives every variant a code of its own.
    fn check_codes(&mut self, product: &mut ExportedProduct) {
        let single = product.variants.len() == 1;
        let mut variants = std::mem::take(&mut product.variants);
        for variant in &mut variants {
            let code = shortened(&variant.sku);
            if code.is_empty() {
                self.unnamed += 1;
                variant.sku = if single { product.id.clone() } else { own_code(product, variant) };
            } else {
                variant.sku = code;
            }
            let own = single && variant.sku.eq_ignore_ascii_case(&product.id);
            let first = self.codes.get(&variant.sku.to_uppercase()).copied();
            if let Some(line) = first.filter(|_| !own) {
                let found = variant.sku.clone();
                variant.sku = self.free_code(&own_code(product, variant));
                let taken = format!("; `{}` was taken instead", variant.sku);
                let kind = ProblemKind::Duplicate { found, line, taken };
                self.problem(Severity::Warning, (variant.line, String::new()), kind);
            }
            self.codes.insert(variant.sku.to_uppercase(), variant.line);
        }
        product.variants = variants;
    }

    fn free_code(&self, code: &str) -> String {
        let mut free = code.to_owned();
        let mut number = 2;
        while self.codes.contains_key(&free.to_uppercase()) {
            free = format!("{code}-{number}");
            number += 1;
        }
        free
    }

    /// Ends the import.
    pub(super) fn finish(mut self) -> (Vec<ExportedProduct>, Translations, Report) {
        if self.bare_prices {
            let taken = self.options.currency.code().to_owned();
            let what = "the prices have no currency";
            self.report.note(ProblemKind::Default { what, taken });
        }
        if self.unnamed > 0 {
            let taken = format!("{} codes made of the product's and the options", self.unnamed);
            let what = "variants without a code";
            self.report.note(ProblemKind::Default { what, taken });
        }
        let Self { mut products, mut translations, report, .. } = self;
        translations.apply(&mut products);
        (products, translations, report)
    }
}

fn no_summary() -> SourceSummary {
    SourceSummary { name: String::new(), format: "", encoding: "", separator: "", rows: 0 }
}

/// A code made of the product's and the variant's options.
fn own_code(product: &ExportedProduct, variant: &ExportedVariant) -> String {
    let options = slug(&variant.options.join(" ")).replace('_', "-");
    let code = if options.is_empty() { "1".to_owned() } else { options };
    shortened(&format!("{}-{code}", product.id))
}

/// A code without control characters, of at most [`CODE_BYTES_MAX`] bytes.
fn shortened(code: &str) -> String {
    let mut kept = String::new();
    for character in code.trim().chars().filter(|c| !c.is_control()) {
        if kept.len() + character.len_utf8() > CODE_BYTES_MAX {
            break;
        }
        kept.push(character);
    }
    kept
}
