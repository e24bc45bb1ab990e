//! Template functions and filters that transformers provides beyond Jinja.

use crate::text::chat_template::json;
use crate::text::template_words;
use jiff::fmt::strtime;
use jiff::tz::TimeZone;
use minijinja::Environment;
use minijinja::Error;
use minijinja::ErrorKind;
use minijinja::Value;
use vitrine_base::clock::SharedClock;

/// Adds `raise_exception`, `strftime_now` (in UTC) and Python's `tojson`.
pub(super) fn add(environment: &mut Environment<'static>, clock: SharedClock) {
    environment.add_function("raise_exception", |message: String| -> Result<Value, Error> {
        Err(template_words::raised(message))
    });
    environment.add_function("strftime_now", move |format: String| -> Result<String, Error> {
        let now = clock.now().to_zoned(TimeZone::UTC);
        strtime::format(&format, &now)
            .map_err(|cause| Error::new(ErrorKind::InvalidOperation, cause.to_string()))
    });
    environment.add_filter("tojson", json::to_json);
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
