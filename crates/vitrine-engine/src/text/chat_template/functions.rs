//! Template functions and filters that transformers provides beyond Jinja.

use jiff::fmt::strtime;
use jiff::tz::TimeZone;
use minijinja::Environment;
use minijinja::Error;
use minijinja::ErrorKind;
use minijinja::Value;
use minijinja::value::Kwargs;
use serde::Serialize;
use serde_json::ser::Formatter;
use serde_json::ser::PrettyFormatter;
use serde_json::ser::Serializer;
use std::io;
use vitrine_base::clock::SharedClock;

/// Maximum indentation of `tojson`, in spaces.
const INDENT_MAX: usize = 16;

/// Adds `raise_exception`, `strftime_now` (in UTC) and Python's `tojson`.
pub(super) fn add(environment: &mut Environment<'static>, clock: SharedClock) {
    environment.add_function("raise_exception", |message: String| -> Result<Value, Error> {
        Err(Error::new(ErrorKind::InvalidOperation, message))
    });
    environment.add_function("strftime_now", move |format: String| -> Result<String, Error> {
        let now = clock.now().to_zoned(TimeZone::UTC);
        strtime::format(&format, &now)
            .map_err(|cause| Error::new(ErrorKind::InvalidOperation, cause.to_string()))
    });
    environment.add_filter("tojson", to_json);
}

/// JSON in the style of Python: a space after `,` and `:`, no HTML escaping.
fn to_json(value: &Value, options: Kwargs) -> Result<Value, Error> {
    let indent: Option<usize> = options.get("indent")?;
    // Accepted and ignored: no published template asks to escape characters, sort keys or change
    // separators.
    for ignored in ["ensure_ascii", "sort_keys", "separators"] {
        let _: Option<Value> = options.get(ignored)?;
    }
    options.assert_all_used()?;
    let mut bytes = Vec::new();
    let written = match indent {
        None => value.serialize(&mut Serializer::with_formatter(&mut bytes, Spaced)),
        Some(indent) => {
            let spaces = " ".repeat(indent.min(INDENT_MAX));
            let pretty = PrettyFormatter::with_indent(spaces.as_bytes());
            value.serialize(&mut Serializer::with_formatter(&mut bytes, pretty))
        }
    };
    let bad = |cause: String| Error::new(ErrorKind::BadSerialization, cause);
    written.map_err(|cause| bad(cause.to_string()))?;
    let text = String::from_utf8(bytes).map_err(|cause| bad(cause.to_string()))?;
    Ok(Value::from_safe_string(text))
}

/// Single-line format with the spaces of Python's `json.dumps`.
struct Spaced;

impl Formatter for Spaced {
    fn begin_array_value<W: ?Sized + io::Write>(
        &mut self,
        writer: &mut W,
        first: bool,
    ) -> io::Result<()> {
        if first { Ok(()) } else { writer.write_all(b", ") }
    }

    fn begin_object_key<W: ?Sized + io::Write>(
        &mut self,
        writer: &mut W,
        first: bool,
    ) -> io::Result<()> {
        if first { Ok(()) } else { writer.write_all(b", ") }
    }

    fn begin_object_value<W: ?Sized + io::Write>(&mut self, writer: &mut W) -> io::Result<()> {
        writer.write_all(b": ")
    }
}

/// Replaces the tags `generation` and `endgeneration` by `if true` and `endif`. They mark the
/// assistant's text for training and render nothing; the replacement keeps their whitespace
/// control.
pub(super) fn without_generation_tags(source: &str) -> String {
    let mut text = String::with_capacity(source.len());
    let mut rest = source;
    while let Some(start) = rest.find("{%") {
        let Some(length) = rest[start + 2..].find("%}") else { break };
        let end = start + 2 + length + 2;
        let tag = &rest[start..end];
        let inner = rest[start + 2..end - 2].trim_matches(['-', '+']).trim();
        text.push_str(&rest[..start]);
        match inner {
            "generation" => text.push_str(&tag.replacen(inner, "if true", 1)),
            "endgeneration" => text.push_str(&tag.replacen(inner, "endif", 1)),
            _ => text.push_str(tag),
        }
        rest = &rest[end..];
    }
    text.push_str(rest);
    text
}
