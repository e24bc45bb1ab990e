//! Templates of a language: section `[say]` of a locale file, checked when it is read.
//!
//! A variant is words with `{placeholder}`, `[optional section]`, `<formal|informal>` and
//! `{count:one|several}`. Invariant: every [`Key`] has at least one variant, and each variant holds
//! what [`Key::form`] requires and nothing that it does not allow.

use crate::words::keys::Form;
use crate::words::keys::Key;
use crate::words::keys::Slot;
use crate::words::numbers::Format;
use crate::words::numbers::missing_placeholder;
use serde::Deserialize;
use std::collections::BTreeMap;
use vitrine_base::money::Money;

/// Longest title of a button, in characters: the limit of the strictest channel.
pub const TITLE_CHARS_MAX: usize = 20;

/// Most variants of a template.
const VARIANTS_MAX: usize = 32;

/// Longest variant, in characters.
const VARIANT_CHARS_MAX: usize = 600;

/// What a language says: section `[say]`.
#[derive(Debug, Clone, Deserialize)]
#[serde(try_from = "SayFile")]
pub struct Templates {
    /// Amounts, dates, enumerations.
    pub(crate) format: Format,
    /// Names of currencies by ISO 4217 code.
    pub(crate) currencies: BTreeMap<String, String>,
    /// Words for the states of orders that callers report as codes, such as `shipped`.
    pub(crate) status: BTreeMap<String, String>,
    /// Names of general properties, such as `thickness`, for shops that name none.
    pub(crate) properties: BTreeMap<String, String>,
    /// Titles of buttons by option id, or by the part before its `=`.
    pub(crate) titles: BTreeMap<String, String>,
    /// Texts beside the replies of the dialogue.
    pub fixed: FixedTexts,
    long: BTreeMap<Key, Vec<Template>>,
    short: BTreeMap<Key, Vec<Template>>,
}

/// Texts that no plan leads to: section `[say.fixed]`.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FixedTexts {
    /// The reply to a message of attachments alone.
    pub attachments: String,
    /// The button below it that offers a person, at most 20 characters.
    pub attachments_button: String,
    /// Why an article is offered: past baskets held both.
    pub bought_together: String,
    /// A first line for the person who takes over from an unhappy customer.
    pub agent_complaint: String,
    /// The same where the customer is about to buy.
    pub agent_purchase: String,
    /// The same for anything else.
    pub agent_other: String,
}

impl Templates {
    /// An amount as the language writes it: "12,90 €".
    #[must_use]
    pub fn money(&self, money: Money) -> String {
        self.format.money(money).text
    }

    /// The variants of a template; the short ones where a reply is to be short and there are any.
    pub(crate) fn variants(&self, key: Key, short: bool) -> (&[Template], bool) {
        if short && let Some(variants) = self.short.get(&key) {
            return (variants, true);
        }
        (self.long.get(&key).map_or(&[], Vec::as_slice), false)
    }
}

/// A part of a template.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Part {
    /// Words, by form of address.
    Words { formal: String, informal: String },
    /// A fact.
    Slot(Slot),
    /// Left out if a placeholder in it is empty.
    Section(Vec<Part>),
    /// Words for one or several pieces.
    Plural { one: String, several: String },
}

/// One variant.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Template {
    pub(crate) parts: Vec<Part>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct SayFile {
    format: Format,
    #[serde(default)]
    currencies: BTreeMap<String, String>,
    #[serde(default)]
    status: BTreeMap<String, String>,
    #[serde(default)]
    properties: BTreeMap<String, String>,
    #[serde(default)]
    titles: BTreeMap<String, String>,
    fixed: FixedTexts,
    long: BTreeMap<String, Variants>,
    #[serde(default)]
    short: BTreeMap<String, Variants>,
}

#[derive(Debug, Deserialize)]
#[serde(untagged)]
enum Variants {
    One(String),
    Several(Vec<String>),
}

impl TryFrom<SayFile> for Templates {
    type Error = String;

    fn try_from(file: SayFile) -> Result<Self, String> {
        if let Some((pattern, place)) = missing_placeholder(&file.format) {
            return Err(format!("say.format.{pattern} lacks {place}"));
        }
        let long = parse_table("long", file.long)?;
        if let Some(key) = Key::ALL.iter().find(|key| !long.contains_key(key)) {
            return Err(format!("say.long.{} is missing", key.name()));
        }
        let short = parse_table("short", file.short)?;
        let (format, currencies) = (file.format, file.currencies);
        let (status, properties) = (file.status, file.properties);
        let (titles, fixed) = (file.titles, file.fixed);
        if fixed.attachments_button.chars().count() > TITLE_CHARS_MAX {
            return Err(format!(
                "say.fixed.attachments_button is longer than {TITLE_CHARS_MAX} characters"
            ));
        }
        Ok(Self { format, currencies, status, properties, titles, fixed, long, short })
    }
}

fn parse_table(
    table: &str,
    entries: BTreeMap<String, Variants>,
) -> Result<BTreeMap<Key, Vec<Template>>, String> {
    let mut parsed = BTreeMap::new();
    for (name, variants) in entries {
        let at = |reason: String| format!("say.{table}.{name}: {reason}");
        let key =
            Key::from_name(&name).ok_or_else(|| at("no template has this name".to_owned()))?;
        let variants = match variants {
            Variants::One(text) => vec![text],
            Variants::Several(texts) => texts,
        };
        if variants.is_empty() || variants.len() > VARIANTS_MAX {
            return Err(at(format!(
                "{} variants, allowed are 1 to {VARIANTS_MAX}",
                variants.len()
            )));
        }
        let templates = variants.iter().map(|text| {
            parse(text, key.form()).map_err(|reason| at(format!("`{text}`: {reason}")))
        });
        parsed.insert(key, templates.collect::<Result<_, _>>()?);
    }
    Ok(parsed)
}

/// Parses one variant and checks it against what its template may hold.
fn parse(text: &str, form: Form) -> Result<Template, String> {
    let chars = text.chars().count();
    if text.trim().is_empty() || chars > VARIANT_CHARS_MAX {
        return Err(format!("{chars} characters, allowed are 1 to {VARIANT_CHARS_MAX}"));
    }
    if text.contains("  ") || text.trim() != text {
        return Err("two spaces in a row, or a space at an end".to_owned());
    }
    let parts = Parser { rest: text }.parts(None)?;
    check(&parts, form)?;
    Ok(Template { parts })
}

fn check(parts: &[Part], form: Form) -> Result<(), String> {
    let counted = form.required.contains(&Slot::Count) || form.optional.contains(&Slot::Count);
    for slot in form.required {
        if !parts.contains(&Part::Slot(*slot)) {
            return Err(format!("{{{}}} is missing outside optional sections", slot.name()));
        }
    }
    for part in parts {
        let inner = match part {
            Part::Section(inner) => inner.as_slice(),
            Part::Slot(slot) if form.optional.contains(slot) => {
                return Err(format!("{{{}}} is allowed in [optional sections] only", slot.name()));
            }
            part => std::slice::from_ref(part),
        };
        for part in inner {
            match part {
                Part::Slot(slot)
                    if !form.required.contains(slot) && !form.optional.contains(slot) =>
                {
                    return Err(format!("{{{}}} is not known here", slot.name()));
                }
                Part::Plural { .. } if !counted => {
                    return Err("{count:…} is not known here".to_owned());
                }
                _ => {}
            }
        }
    }
    let allowed = usize::from(form.asks);
    let found = question_marks(parts);
    if found > allowed {
        return Err(format!("{found} question marks, allowed are {allowed}"));
    }
    Ok(())
}

fn question_marks(parts: &[Part]) -> usize {
    let marks = |text: &str| text.matches(['?', '？', '؟']).count();
    let of = |part: &Part| match part {
        Part::Words { formal, informal } => marks(formal).max(marks(informal)),
        Part::Section(inner) => question_marks(inner),
        Part::Slot(_) | Part::Plural { .. } => 0,
    };
    parts.iter().map(of).sum()
}

struct Parser<'a> {
    rest: &'a str,
}

impl Parser<'_> {
    /// Parts up to `end`, or to the end of the text.
    fn parts(&mut self, end: Option<char>) -> Result<Vec<Part>, String> {
        let mut parts = Vec::new();
        loop {
            let words = self.take_until(&['{', '}', '[', ']', '<', '>', '|']);
            if !words.is_empty() {
                parts.push(Part::Words { formal: words.to_owned(), informal: words.to_owned() });
            }
            let Some(mark) = self.rest.chars().next() else {
                return match end {
                    None => Ok(parts),
                    Some(end) => Err(format!("`{end}` is missing")),
                };
            };
            self.rest = &self.rest[mark.len_utf8()..];
            match mark {
                '{' => parts.push(placeholder(self.inside('}')?)?),
                '<' => parts.push(address(self.inside('>')?)?),
                '[' if end.is_none() => parts.push(Part::Section(self.parts(Some(']'))?)),
                ']' if end == Some(']') => return section(parts),
                _ => return Err(format!("unexpected `{mark}`")),
            }
        }
    }

    fn take_until(&mut self, marks: &[char]) -> &str {
        let end = self.rest.find(marks).unwrap_or(self.rest.len());
        let (words, rest) = self.rest.split_at(end);
        self.rest = rest;
        words
    }

    fn inside(&mut self, end: char) -> Result<&str, String> {
        let found = self.rest.split_once(end).ok_or_else(|| format!("`{end}` is missing"))?;
        self.rest = found.1;
        Ok(found.0)
    }
}

fn section(parts: Vec<Part>) -> Result<Vec<Part>, String> {
    let filled = parts.iter().any(|part| matches!(part, Part::Slot(_)));
    if filled { Ok(parts) } else { Err("an optional section has no placeholder".to_owned()) }
}

fn placeholder(inside: &str) -> Result<Part, String> {
    if let Some(forms) = inside.strip_prefix("count:") {
        let (one, several) = pair(forms)?;
        return Ok(Part::Plural { one, several });
    }
    let slot = Slot::from_name(inside).ok_or_else(|| format!("{{{inside}}} is no placeholder"))?;
    Ok(Part::Slot(slot))
}

fn address(inside: &str) -> Result<Part, String> {
    let (formal, informal) = pair(inside)?;
    Ok(Part::Words { formal, informal })
}

fn pair(text: &str) -> Result<(String, String), String> {
    match text.split('|').collect::<Vec<_>>().as_slice() {
        [first, second] if !text.contains(['{', '[', '<']) => {
            Ok(((*first).to_owned(), (*second).to_owned()))
        }
        _ => Err(format!("`{text}`: two forms of plain words with one `|` between are allowed")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reason(key: Key, text: &str) -> String {
        parse(text, key.form()).unwrap_err()
    }

    #[test]
    fn a_variant_with_unknown_or_missing_parts_is_refused_with_the_reason() {
        assert!(reason(Key::Removed, "Removed: {nam}.").contains("{nam} is no placeholder"));
        assert!(reason(Key::Removed, "Removed: {price} {name}.").contains("{price} is not known"));
        assert!(reason(Key::Removed, "It is removed.").contains("{name} is missing"));
        assert!(reason(Key::Removed, "Removed[: {name}].").contains("{name} is missing"));
        assert!(reason(Key::Deflect, "Only {about}.").contains("optional sections"));
        assert!(reason(Key::Deflect, "Only [this].").contains("no placeholder"));
        assert!(reason(Key::Deflect, "Only [{about}.").contains("`]` is missing"));
        assert!(reason(Key::Deflect, "Only <this.").contains("`>` is missing"));
        assert!(reason(Key::Deflect, "Only <this>.").contains("two forms"));
        assert!(reason(Key::Deflect, "Only this?").contains("question marks"));
        assert!(reason(Key::AskBuy, "Yes? No?").contains("question marks"));
        assert!(reason(Key::Bye, "{count:a|b}").contains("not known"));
        assert!(reason(Key::Bye, "Bye  then.").contains("two spaces"));
        assert!(reason(Key::Bye, " ").contains("characters"));
    }

    #[test]
    fn address_and_sections_are_parsed() {
        let parsed = parse("<Voulez-vous|Veux-tu>[ {name}] ?", Key::AskResume.form()).unwrap();
        let words = |a: &str, b: &str| Part::Words { formal: a.to_owned(), informal: b.to_owned() };
        let section = Part::Section(vec![words(" ", " "), Part::Slot(Slot::Name)]);
        assert_eq!(parsed.parts, [words("Voulez-vous", "Veux-tu"), section, words(" ?", " ?")]);
    }
}
