//! One file: its encoding, its format, and the reader for it.

use crate::exports::bytes;
use crate::exports::bytes::Encoding;
use crate::exports::collect::Collector;
use crate::exports::google;
use crate::exports::google_xml;
use crate::exports::options::ExportFormat;
use crate::exports::own;
use crate::exports::report::ProblemKind;
use crate::exports::report::Severity;
use crate::exports::report::SourceSummary;
use crate::exports::sheet;
use crate::exports::sheet::Header;
use crate::exports::shopify;
use crate::exports::translation_rows;
use crate::exports::woocommerce;

/// Characters of a file's start that a message shows.
const START_CHARS: usize = 60;

/// The format of a table with this header; `None` if it is no known export.
fn format_of(header: &Header) -> Option<ExportFormat> {
    let all = |names: &[&str]| names.iter().all(|name| header.has(name));
    if all(&["default content", "translated content", "field"]) {
        Some(ExportFormat::ShopifyTranslations)
    } else if all(&["handle", "title"]) || all(&["url handle", "title"]) {
        Some(ExportFormat::Shopify)
    } else if woocommerce::is_header(header) {
        Some(ExportFormat::WooCommerce)
    } else if all(&["sku", "name", "category", "price"]) {
        Some(ExportFormat::OwnCsv)
    } else if google::is_header(header) {
        Some(ExportFormat::GoogleTable)
    } else {
        None
    }
}

/// Reads one file into the collector.
pub(super) fn read(name: &str, bytes: &[u8], collector: &mut Collector<'_>) {
    collector.open(name);
    read_bytes(bytes, collector);
    collector.close();
}

fn read_bytes(bytes: &[u8], collector: &mut Collector<'_>) {
    let limit = collector.options.limits.file_bytes_max;
    let whole = (0, String::new());
    if bytes.len() > limit {
        let kind = ProblemKind::Limit { what: "bytes of the file", found: bytes.len(), limit };
        collector.problem(Severity::Error, whole, kind);
        return;
    }
    let (text, encoding) = match bytes::decode(bytes) {
        Ok(decoded) => decoded,
        Err(reason) => {
            collector.problem(Severity::Error, whole, ProblemKind::Unreadable { reason });
            return;
        }
    };
    if encoding == Encoding::Windows1252 {
        let taken = "Windows-1252, as the bytes are not UTF-8".to_owned();
        let kind = ProblemKind::Default { what: "the file's encoding", taken };
        collector.problem(Severity::Warning, whole, kind);
    }
    collector.summary.encoding = encoding.name();
    read_text(&text, collector);
}

fn read_text(text: &str, collector: &mut Collector<'_>) {
    let start = text.trim_start();
    if start.starts_with('<') {
        collector.summary.format = ExportFormat::GoogleXml.name();
        google_xml::read(text, collector);
        return;
    }
    if start.starts_with('{') {
        collector.summary.format = ExportFormat::Ndjson.name();
        own::read_ndjson(text, collector);
        return;
    }
    let header = sheet::header(text);
    let format = header.as_ref().and_then(|(header, _)| format_of(header));
    let (Some((header, skipped)), Some(format)) = (header, format) else {
        let found: String = start.chars().take(START_CHARS).collect();
        let found = found.lines().next().unwrap_or_default().to_owned();
        let kind = ProblemKind::UnknownFormat { found };
        collector.problem(Severity::Error, (1, String::new()), kind);
        return;
    };
    let (found, limit) = (header.columns().count(), collector.options.limits.columns_max);
    if found > limit {
        let kind = ProblemKind::Limit { what: "columns", found, limit };
        collector.problem(Severity::Error, (1, String::new()), kind);
        return;
    }
    collector.summary = SourceSummary {
        format: format.name(),
        separator: sheet::separator_name(header.separator),
        ..collector.summary.clone()
    };
    let table = (&header, skipped);
    match format {
        ExportFormat::Shopify => shopify::read(text, table, collector),
        ExportFormat::ShopifyTranslations => translation_rows::read(text, table, collector),
        ExportFormat::WooCommerce => woocommerce::read(text, table, collector),
        ExportFormat::GoogleTable => google::read(text, table, collector),
        ExportFormat::OwnCsv => own::read_csv(text, collector),
        ExportFormat::GoogleXml | ExportFormat::Ndjson => {}
    }
    if !matches!(format, ExportFormat::ShopifyTranslations | ExportFormat::OwnCsv) {
        collector.unused(header.unused());
    }
}
