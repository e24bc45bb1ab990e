//! The filter `tojson`, as Python's `json.dumps` writes.

use minijinja::Error;
use minijinja::ErrorKind;
use minijinja::Value;
use minijinja::value::Kwargs;
use minijinja::value::Rest;
use serde::Serialize;
use serde_json::Map;
use serde_json::Value as Json;
use serde_json::ser::CharEscape;
use serde_json::ser::Formatter;
use serde_json::ser::Serializer;
use std::io;

/// Maximum indentation, in spaces.
const INDENT_MAX: usize = 16;

/// Names of the arguments after the value, in the order of transformers' filter.
const ARGUMENTS: [&str; 4] = ["ensure_ascii", "indent", "separators", "sort_keys"];

/// JSON in the style of Python: a space after `,` and `:`, no HTML escaping. `ensure_ascii`,
/// `indent`, `separators` and `sort_keys` have the meaning and the defaults that transformers gives
/// them.
pub(super) fn to_json(
    value: &Value,
    positional: Rest<Value>,
    named: Kwargs,
) -> Result<Value, Error> {
    let too_many = || Error::from(ErrorKind::TooManyArguments);
    let mut arguments: [Value; 4] = Default::default();
    for (at, given) in positional.iter().enumerate() {
        *arguments.get_mut(at).ok_or_else(too_many)? = given.clone();
    }
    for (argument, name) in arguments.iter_mut().zip(ARGUMENTS) {
        if let Some(given) = named.get::<Option<Value>>(name)? {
            *argument = given;
        }
    }
    named.assert_all_used()?;
    let [ensure_ascii, indent, separators, sort_keys] = arguments;
    let bad = |cause: String| Error::new(ErrorKind::BadSerialization, cause);
    let mut json = serde_json::to_value(value).map_err(|cause| bad(cause.to_string()))?;
    if sort_keys.is_true() {
        json = sorted(json);
    }
    let indent = indentation(&indent)?;
    let (item, key) = separators_of(&separators, indent.is_some())?;
    let style =
        PythonStyle { indent, item, key, ascii: ensure_ascii.is_true(), level: 0, filled: false };
    let mut bytes = Vec::new();
    let written = json.serialize(&mut Serializer::with_formatter(&mut bytes, style));
    written.map_err(|cause| bad(cause.to_string()))?;
    let text = String::from_utf8(bytes).map_err(|cause| bad(cause.to_string()))?;
    Ok(Value::from_safe_string(text))
}

/// The spaces of one level; `None` for a single line.
fn indentation(indent: &Value) -> Result<Option<String>, Error> {
    if indent.is_none() || indent.is_undefined() {
        return Ok(None);
    }
    if let Some(text) = indent.as_str() {
        return Ok(Some(text.chars().take(INDENT_MAX).collect()));
    }
    let spaces = i64::try_from(indent.clone())?;
    let spaces = usize::try_from(spaces).unwrap_or(0);
    Ok(Some(" ".repeat(spaces.min(INDENT_MAX))))
}

/// What stands between items, and between a key and its value.
fn separators_of(separators: &Value, indented: bool) -> Result<(String, String), Error> {
    if separators.is_none() || separators.is_undefined() {
        let item = if indented { "," } else { ", " };
        return Ok((item.to_owned(), ": ".to_owned()));
    }
    let text = |at: usize| {
        let part = separators.get_item_by_index(at)?;
        let wrong = || Error::new(ErrorKind::InvalidOperation, "separators must be two texts");
        part.as_str().map(str::to_owned).ok_or_else(wrong)
    };
    Ok((text(0)?, text(1)?))
}

/// Sorts the keys of all objects. The depth is that of a template's value.
fn sorted(json: Json) -> Json {
    match json {
        Json::Array(items) => items.into_iter().map(sorted).collect(),
        Json::Object(members) => {
            let mut members: Vec<(String, Json)> = members.into_iter().collect();
            members.sort_by(|(a, _), (b, _)| a.cmp(b));
            let members = members.into_iter().map(|(key, value)| (key, sorted(value)));
            Json::Object(members.collect::<Map<_, _>>())
        }
        plain => plain,
    }
}

/// Writes as Python's `json.dumps`.
struct PythonStyle {
    indent: Option<String>,
    item: String,
    key: String,
    ascii: bool,
    level: usize,
    /// Whether the array or object that ends next has members.
    filled: bool,
}

impl PythonStyle {
    fn begin<W: ?Sized + io::Write>(&mut self, writer: &mut W, open: &str) -> io::Result<()> {
        self.level += 1;
        self.filled = false;
        writer.write_all(open.as_bytes())
    }

    fn end<W: ?Sized + io::Write>(&mut self, writer: &mut W, close: &str) -> io::Result<()> {
        self.level -= 1;
        if self.filled {
            self.new_line(writer)?;
        }
        self.filled = true;
        writer.write_all(close.as_bytes())
    }

    fn member<W: ?Sized + io::Write>(&mut self, writer: &mut W, first: bool) -> io::Result<()> {
        if !first {
            writer.write_all(self.item.as_bytes())?;
        }
        self.new_line(writer)
    }

    fn new_line<W: ?Sized + io::Write>(&self, writer: &mut W) -> io::Result<()> {
        let Some(indent) = &self.indent else { return Ok(()) };
        writer.write_all(b"\n")?;
        (0..self.level).try_for_each(|_| writer.write_all(indent.as_bytes()))
    }
}

impl Formatter for PythonStyle {
    fn begin_array<W: ?Sized + io::Write>(&mut self, writer: &mut W) -> io::Result<()> {
        self.begin(writer, "[")
    }

    fn end_array<W: ?Sized + io::Write>(&mut self, writer: &mut W) -> io::Result<()> {
        self.end(writer, "]")
    }

    fn begin_array_value<W: ?Sized + io::Write>(
        &mut self,
        writer: &mut W,
        first: bool,
    ) -> io::Result<()> {
        self.member(writer, first)
    }

    fn end_array_value<W: ?Sized + io::Write>(&mut self, _writer: &mut W) -> io::Result<()> {
        self.filled = true;
        Ok(())
    }

    fn begin_object<W: ?Sized + io::Write>(&mut self, writer: &mut W) -> io::Result<()> {
        self.begin(writer, "{")
    }

    fn end_object<W: ?Sized + io::Write>(&mut self, writer: &mut W) -> io::Result<()> {
        self.end(writer, "}")
    }

    fn begin_object_key<W: ?Sized + io::Write>(
        &mut self,
        writer: &mut W,
        first: bool,
    ) -> io::Result<()> {
        self.member(writer, first)
    }

    fn begin_object_value<W: ?Sized + io::Write>(&mut self, writer: &mut W) -> io::Result<()> {
        writer.write_all(self.key.as_bytes())
    }

    fn end_object_value<W: ?Sized + io::Write>(&mut self, _writer: &mut W) -> io::Result<()> {
        self.filled = true;
        Ok(())
    }

    fn write_string_fragment<W: ?Sized + io::Write>(
        &mut self,
        writer: &mut W,
        fragment: &str,
    ) -> io::Result<()> {
        if !self.ascii {
            return writer.write_all(fragment.as_bytes());
        }
        for character in fragment.chars() {
            if character.is_ascii() {
                write!(writer, "{character}")?;
                continue;
            }
            for unit in character.encode_utf16(&mut [0; 2]) {
                write!(writer, "\\u{unit:04x}")?;
            }
        }
        Ok(())
    }

    fn write_char_escape<W: ?Sized + io::Write>(
        &mut self,
        writer: &mut W,
        escape: CharEscape,
    ) -> io::Result<()> {
        let text = match escape {
            CharEscape::Quote => "\\\"",
            CharEscape::ReverseSolidus => "\\\\",
            CharEscape::Solidus => "/",
            CharEscape::Backspace => "\\b",
            CharEscape::FormFeed => "\\f",
            CharEscape::LineFeed => "\\n",
            CharEscape::CarriageReturn => "\\r",
            CharEscape::Tab => "\\t",
            CharEscape::AsciiControl(byte) => return write!(writer, "\\u{byte:04x}"),
        };
        writer.write_all(text.as_bytes())
    }
}
