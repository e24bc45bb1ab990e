//! Examples of readings in each language, about the goods of the shop at hand.

use super::ids::ShopIds;
use super::line::Line;
use super::line::Speaker;
use super::line::line;
use crate::shop::Catalog;
use crate::shop::Language;
use crate::shop::Lookups;

/// The shipped examples: three lines each (situation, message in each language, reading), a blank
/// line between.
const EXAMPLES: &str = include_str!("examples.txt");

/// Languages that have examples.
pub(super) const LANGUAGES: [&str; 6] = ["en", "fr", "de", "es", "it", "pt"];

/// Products that stand for those in sight.
const PRODUCTS: [&str; 2] = ["#1 Alma 49", "#2 Bora 79"];

/// What the marks in an example stand for in a shop.
struct Marks {
    /// Marks with their ids and their words; a shop without one has fewer examples.
    known: Vec<(&'static str, String, String)>,
}

impl Marks {
    fn of(ids: &ShopIds, catalog: &Catalog, language: Language) -> Self {
        let vocabulary = catalog.vocabulary();
        let sold =
            |kind: &&String| catalog.products().iter().any(|product| product.category == **kind);
        let mut known = Vec::new();
        let mut put = |mark, id: Option<String>, words: String| {
            if let Some(id) = id.filter(|_| !words.is_empty()) {
                known.push((mark, id, words.to_lowercase()));
            }
        };
        let mut kinds = ids.kinds.iter().filter(sold);
        for mark in ["{kind}", "{kind2}"] {
            let kind = kinds.next();
            let words = kind.map(|kind| vocabulary.category_label(kind, language));
            put(mark, kind.cloned(), words.unwrap_or_default());
        }
        let mut facets = ids.facets.iter();
        for mark in ["{value}", "{value2}"] {
            let value = facets.next().and_then(|(key, values)| Some((key, values.first()?)));
            let words = value.and_then(|(key, value)| {
                let choice = crate::shop::FacetChoice::new(key.clone(), value.clone());
                Some(vocabulary.value_label(&choice, language)).filter(|words| !words.is_empty())
            });
            put(
                mark,
                value.map(|(key, value)| format!("{key}={value}")),
                words.unwrap_or_default(),
            );
        }
        let facet = ids.facets.first().map(|(key, _)| key.clone());
        let words = facet.as_ref().map(|key| catalog.key_label(key, language));
        put("{facet}", facet, words.unwrap_or_default());
        for (mark, intent) in [("{returns}", "return_exchange"), ("{paying}", "payment_methods")] {
            let matter = ids.matters.iter().find(|matter| matter.intent == intent);
            put(mark, matter.map(|matter| matter.id.clone()), mark.to_owned());
        }
        Self { known }
    }

    /// Puts ids, or words, in the place of marks; `None` if the shop lacks one.
    fn fill(&self, text: &str, in_words: bool) -> Option<String> {
        let mut out = text.to_owned();
        for (mark, id, words) in &self.known {
            out = out.replace(mark, if in_words { words } else { id });
        }
        (!out.contains('{')).then_some(out)
    }
}

/// The examples in a language, as lines of a prompt.
pub(super) fn lines(ids: &ShopIds, catalog: &Catalog, language: Language) -> Vec<Line> {
    let marks = Marks::of(ids, catalog, language);
    let own = format!("{}: ", language.code());
    let mut lines = Vec::new();
    for example in EXAMPLES.split("\n\n") {
        let field = |name: &str| example.lines().find_map(|line| line.strip_prefix(name));
        let said = field(&own).and_then(|text| marks.fill(text, true));
        let reading = field("=> ").and_then(|text| marks.fill(text, false));
        let situation = marks.fill(field("@ ").unwrap_or_default(), false);
        let (Some(said), Some(reading), Some(situation)) = (said, reading, situation) else {
            continue;
        };
        let mut told = String::new();
        for part in situation.split(" | ").filter(|part| !part.is_empty()) {
            let part = match part {
                "one" => format!("Shown: {}\nIt: Alma", PRODUCTS[0]),
                "two" => format!("Shown: {}\nIt: Alma", PRODUCTS.join("; ")),
                other => other.to_owned(),
            };
            told.push_str(&part);
            told.push('\n');
        }
        lines.push(line(Speaker::User, format!("{told}Message: {said}")));
        lines.push(line(Speaker::Assistant, reading));
    }
    lines
}
