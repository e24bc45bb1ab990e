//! The Google Merchant feed as RSS 2.0 (`item`) or Atom (`entry`), with fields in `g:` or without.
//!
//! Streams events; refuses a document type with entities of its own, deep nesting and long texts.

use crate::exports::collect::Collector;
use crate::exports::google;
use crate::exports::google::Entry;
use crate::exports::google::attribute_name;
use crate::exports::report::ProblemKind;
use crate::exports::report::Severity;
use quick_xml::Reader;
use quick_xml::events::BytesStart;
use quick_xml::events::Event;

/// Deepest nesting of elements; a feed has five.
const DEPTH_MAX: usize = 16;

/// Most fields of an entry.
const FIELDS_MAX: usize = 500;

/// Longest start of an element that a message shows, in characters.
const SHOWN_CHARS: usize = 60;

/// What is being read.
#[derive(Default)]
struct State {
    depth: usize,
    entries: Vec<Entry>,
    entry: Option<Entry>,
    /// Depth of the open entry.
    entry_depth: usize,
    /// Name and text of the open field.
    field: Option<(String, String)>,
    /// Names and texts of the elements inside a field, such as those of `g:product_detail`.
    parts: Vec<(String, String)>,
    /// Byte up to which lines were counted, and the line there.
    counted: (usize, usize),
}

/// Reads a document.
pub(super) fn read(text: &str, collector: &mut Collector<'_>) {
    let mut state = State { counted: (0, 1), ..State::default() };
    let mut reader = Reader::from_str(text);
    reader.config_mut().expand_empty_elements = true;
    loop {
        let at = usize::try_from(reader.buffer_position()).unwrap_or(usize::MAX);
        let line = state.line(text, at);
        let event = match reader.read_event() {
            Ok(Event::Eof) => break,
            Ok(event) => event,
            Err(error) => {
                let kind = ProblemKind::Unreadable { reason: error.to_string() };
                collector.problem(Severity::Error, (line, String::new()), kind);
                break;
            }
        };
        if let Err(kind) = state.event(event, line, collector.options.limits.field_bytes_max) {
            collector.problem(Severity::Error, (line, String::new()), kind);
            break;
        }
        let limit = collector.options.limits.rows_max;
        if state.entries.len() > limit {
            let kind = ProblemKind::Limit { what: "entries", found: state.entries.len(), limit };
            collector.problem(Severity::Error, (line, String::new()), kind);
            break;
        }
    }
    if state.entries.is_empty() {
        let found: String = text.trim_start().chars().take(SHOWN_CHARS).collect();
        let kind = ProblemKind::UnknownFormat { found };
        collector.problem(Severity::Error, (1, String::new()), kind);
    }
    collector.rows = state.entries.len();
    google::take(state.entries, collector);
}

impl State {
    /// The line of a byte, from 1; bytes are asked for in ascending order.
    fn line(&mut self, text: &str, at: usize) -> usize {
        let end = at.min(text.len());
        let (from, line) = self.counted;
        let new = text.as_bytes()[from.min(end)..end].iter().filter(|byte| **byte == b'\n').count();
        self.counted = (end, line + new);
        self.counted.1
    }

    fn event(&mut self, event: Event<'_>, line: usize, text_max: usize) -> Result<(), ProblemKind> {
        match event {
            Event::Start(start) => self.start(&start, line)?,
            Event::End(_) => self.end(),
            Event::Text(text) => {
                let text = text.xml_content().map_err(unreadable)?;
                self.text(&text, text_max)?;
            }
            Event::CData(data) => {
                let text = data.decode().map_err(unreadable)?;
                self.text(&text, text_max)?;
            }
            Event::GeneralRef(reference) => {
                let character = match reference.resolve_char_ref().map_err(unreadable)? {
                    Some(character) => character.to_string(),
                    None => predefined(&reference.decode().map_err(unreadable)?)?.to_owned(),
                };
                self.text(&character, text_max)?;
            }
            Event::DocType(doctype) if doctype.windows(7).any(|part| part == b"!ENTITY") => {
                let reason = "it declares entities of its own, which are not read".to_owned();
                return Err(ProblemKind::Unreadable { reason });
            }
            _ => {}
        }
        Ok(())
    }

    fn start(&mut self, start: &BytesStart<'_>, line: usize) -> Result<(), ProblemKind> {
        self.depth += 1;
        if self.depth > DEPTH_MAX {
            let (found, limit) = (self.depth, DEPTH_MAX);
            return Err(ProblemKind::Limit { what: "nested elements", found, limit });
        }
        let name = String::from_utf8_lossy(start.local_name().as_ref()).into_owned();
        match &mut self.entry {
            None if name == "item" || name == "entry" => {
                self.entry = Some(Entry { line, fields: Vec::new() });
                self.entry_depth = self.depth;
            }
            None => {}
            Some(_) if self.field.is_some() => {
                self.parts.push((attribute_name(&name), String::new()));
            }
            Some(_) => {
                // Atom writes links as an attribute.
                let link = start.attributes().flatten().find(|a| a.key.as_ref() == b"href");
                let href = link.and_then(|link| String::from_utf8(link.value.into_owned()).ok());
                let href = href.unwrap_or_default().replace("&amp;", "&");
                self.field = Some((attribute_name(&name), href));
            }
        }
        Ok(())
    }

    fn end(&mut self) {
        if self.entry.is_some() && self.depth == self.entry_depth {
            self.entries.extend(self.entry.take());
        } else if self.depth == self.entry_depth + 1 {
            let (Some(entry), Some((name, text))) = (&mut self.entry, self.field.take()) else {
                self.depth = self.depth.saturating_sub(1);
                return;
            };
            let parts = std::mem::take(&mut self.parts);
            let value = if name == "product detail" { detail(&parts) } else { text };
            if entry.fields.len() < FIELDS_MAX {
                entry.fields.push((name, value.trim().to_owned()));
            }
        }
        self.depth = self.depth.saturating_sub(1);
    }

    fn text(&mut self, text: &str, text_max: usize) -> Result<(), ProblemKind> {
        let Some((_, own)) = &mut self.field else { return Ok(()) };
        let target = if self.depth > self.entry_depth + 1 {
            self.parts.last_mut().map(|(_, text)| text)
        } else {
            Some(own)
        };
        let Some(target) = target else { return Ok(()) };
        if target.len() + text.len() > text_max {
            let (found, limit) = (target.len() + text.len(), text_max);
            return Err(ProblemKind::Limit { what: "bytes of a text", found, limit });
        }
        target.push_str(text);
        Ok(())
    }
}

/// `Section:Attribute:Value` of the elements of a product detail.
fn detail(parts: &[(String, String)]) -> String {
    let part = |name: &str| {
        let found = parts.iter().find(|(own, _)| own == name);
        found.map_or("", |(_, text)| text.trim()).replace(':', " ")
    };
    format!("{}:{}:{}", part("section name"), part("attribute name"), part("attribute value"))
}

fn unreadable(error: impl std::fmt::Display) -> ProblemKind {
    ProblemKind::Unreadable { reason: error.to_string() }
}

fn predefined(name: &str) -> Result<&'static str, ProblemKind> {
    match name {
        "amp" => Ok("&"),
        "lt" => Ok("<"),
        "gt" => Ok(">"),
        "quot" => Ok("\""),
        "apos" => Ok("'"),
        // Feeds hold the commonest entity of HTML by mistake.
        "nbsp" => Ok(" "),
        _ => Err(ProblemKind::Unreadable {
            reason: format!("it uses the unknown entity `&{name};`"),
        }),
    }
}
