//! Parses `facets.toml`: facets, categories, sizes and the words that customers use for them.
//!
//! ```toml
//! keep = ["belle"]              # words never corrected to a similar word of the shop
//! [size]
//! label = { en = "size", fr = "taille" }
//! question = { en = "Which size?", fr = "Quelle taille ?" }
//! [kind]                        # asks for one of the top-level categories
//! label = { en = "kind", fr = "type" }
//! question = { en = "What are you looking for?", fr = "Que cherchez-vous ?" }
//! ask = 1.2
//! [[facet]]
//! key = "feel"
//! label = { en = "feel", fr = "sensation" }
//! question = { en = "Comfort or speed?", fr = "Confort ou vitesse ?" }
//! ask = 1.0                     # value of asking for it, 0 (never, the default) to 2
//! missing = "fails"             # or "matches": whether products without this facet match
//! [[facet.value]]
//! id = "comfort"
//! label = { en = "comfort", fr = "confort" }
//! words = { en = ["cushioned"], fr = ["confortable", "amorti"] }
//! need = { en = "comfortable gear", fr = "équipement confortable" }   # optional
//! [[category]]
//! id = "running_shoes"
//! label = { en = "running shoes", fr = "chaussures de course" }
//! words = { en = ["trainers"], fr = ["baskets"] }
//! parent = "shoes"              # optional
//! ```
//! Texts may be in any languages, and none is required. Refuses unknown keys, repeated ids, missing
//! parents and cycles of parents.

use crate::error::CatalogError;
use crate::error::FacetFault;
use crate::import::fields::is_identifier;
use crate::import::texts::ByLanguage;
use crate::limits::ASK_WEIGHT_MAX;
use crate::limits::CatalogLimits;
use crate::vocabulary::CategoryEntry;
use crate::vocabulary::FacetEntry;
use crate::vocabulary::KindEntry;
use crate::vocabulary::Missing;
use crate::vocabulary::ShopVocabulary;
use crate::vocabulary::SizeEntry;
use crate::vocabulary::ValueEntry;
use serde::Deserialize;
use std::collections::HashMap;
use std::collections::HashSet;
use toml::Spanned;
use vitrine_base::text_file::position;

type Text = ByLanguage<String>;

type WordLists = ByLanguage<Vec<String>>;

#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields)]
struct SizeSection {
    #[serde(default)]
    label: Text,
    #[serde(default)]
    question: Text,
}

#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields)]
struct KindSection {
    #[serde(default)]
    label: Text,
    #[serde(default)]
    question: Text,
    #[serde(default)]
    ask: Weight,
}

/// A weight with its place in the file; 0 if it is left out.
type Weight = Option<Spanned<f64>>;

fn weight(weight: &Weight) -> f64 {
    weight.as_ref().map_or(0.0, |weight| *weight.get_ref())
}

#[derive(Deserialize, Clone, Copy, Default)]
#[serde(rename_all = "snake_case")]
enum MissingRule {
    #[default]
    Fails,
    Matches,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct FacetValue {
    id: Spanned<String>,
    #[serde(default)]
    label: Text,
    #[serde(default)]
    words: WordLists,
    need: Option<Text>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Facet {
    key: Spanned<String>,
    #[serde(default)]
    label: Text,
    #[serde(default)]
    question: Text,
    #[serde(default)]
    ask: Weight,
    #[serde(default)]
    missing: MissingRule,
    #[serde(default)]
    value: Vec<FacetValue>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Category {
    id: Spanned<String>,
    #[serde(default)]
    label: Text,
    #[serde(default)]
    words: WordLists,
    parent: Option<Spanned<String>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct FacetsFile {
    #[serde(default)]
    keep: Vec<String>,
    #[serde(default)]
    size: SizeSection,
    #[serde(default)]
    kind: KindSection,
    #[serde(default)]
    facet: Vec<Facet>,
    #[serde(default)]
    category: Vec<Category>,
}

/// Parses the text of a facets file.
///
/// # Errors
/// [`CatalogError::FacetFile`] if it is not TOML of this shape, [`CatalogError::Facets`] if an
/// entry is invalid; both hold the line.
pub fn read_facets(text: &str, limits: &CatalogLimits) -> Result<ShopVocabulary, CatalogError> {
    let place = |at: usize| position(text.get(..at).unwrap_or(text));
    let file: FacetsFile = toml::from_str(text).map_err(|error| {
        let (line, column) = place(error.span().map_or(0, |span| span.start));
        CatalogError::FacetFile { line, column, reason: error.message().to_owned() }
    })?;
    check(&file, limits).map_err(|(at, fault)| {
        let (line, _) = place(at);
        CatalogError::Facets { line, fault }
    })?;
    let size = SizeEntry { label: file.size.label.0, question: file.size.question.0 };
    let kind = KindEntry {
        label: file.kind.label.0,
        question: file.kind.question.0,
        ask_weight: weight(&file.kind.ask),
    };
    let facets = file.facet.into_iter().map(facet_entry).collect();
    let categories = file.category.into_iter().map(category_entry).collect();
    Ok(ShopVocabulary::new(facets, categories, size, kind, file.keep))
}

fn facet_entry(facet: Facet) -> FacetEntry {
    let values = facet.value.into_iter().map(|value| ValueEntry {
        id: value.id.into_inner(),
        label: value.label.0,
        words: value.words.0,
        need: value.need.map(|need| need.0).filter(|need| !need.is_empty()),
    });
    FacetEntry {
        key: facet.key.into_inner(),
        label: facet.label.0,
        question: facet.question.0,
        ask_weight: weight(&facet.ask),
        missing: match facet.missing {
            MissingRule::Fails => Missing::Fails,
            MissingRule::Matches => Missing::Matches,
        },
        values: values.collect(),
    }
}

fn category_entry(category: Category) -> CategoryEntry {
    CategoryEntry {
        id: category.id.into_inner(),
        label: category.label.0,
        words: category.words.0,
        parent: category.parent.map(Spanned::into_inner),
    }
}

/// A fault, and the byte of the file at which it is.
type PlacedFault = (usize, FacetFault);

fn check(file: &FacetsFile, limits: &CatalogLimits) -> Result<(), PlacedFault> {
    at_most("facets", file.facet.iter().map(|facet| &facet.key), limits.facets_max)?;
    at_most("categories", file.category.iter().map(|entry| &entry.id), limits.values_max)?;
    check_names(file.facet.iter().map(|facet| &facet.key))?;
    for facet in &file.facet {
        at_most("facet values", facet.value.iter().map(|value| &value.id), limits.values_max)?;
        check_names(facet.value.iter().map(|value| &value.id))?;
        check_weight(facet.key.get_ref(), &facet.ask)?;
    }
    check_weight("kind", &file.kind.ask)?;
    check_names(file.category.iter().map(|category| &category.id))?;
    check_parents(&file.category)
}

fn check_weight(key: &str, found: &Weight) -> Result<(), PlacedFault> {
    match found {
        Some(found) if !(0.0..=ASK_WEIGHT_MAX).contains(found.get_ref()) => {
            let (key, weight) = (key.to_owned(), found.get_ref().to_string());
            Err((found.span().start, FacetFault::Weight { key, found: weight }))
        }
        _ => Ok(()),
    }
}

fn at_most<'a>(
    what: &'static str,
    mut entries: impl ExactSizeIterator<Item = &'a Spanned<String>>,
    limit: usize,
) -> Result<(), PlacedFault> {
    let found = entries.len();
    match entries.nth(limit) {
        Some(first_over) => {
            Err((first_over.span().start, FacetFault::TooMany { what, found, limit }))
        }
        None => Ok(()),
    }
}

fn check_names<'a>(names: impl Iterator<Item = &'a Spanned<String>>) -> Result<(), PlacedFault> {
    let mut seen = HashSet::new();
    for spanned in names {
        let (at, found) = (spanned.span().start, spanned.get_ref().clone());
        if !is_identifier(&found) {
            return Err((at, FacetFault::Identifier { found }));
        }
        if !seen.insert(spanned.get_ref()) {
            return Err((at, FacetFault::Duplicate { found }));
        }
    }
    Ok(())
}

fn check_parents(categories: &[Category]) -> Result<(), PlacedFault> {
    let parents: HashMap<&String, &Option<Spanned<String>>> =
        categories.iter().map(|entry| (entry.id.get_ref(), &entry.parent)).collect();
    for entry in categories {
        let id = entry.id.get_ref();
        let mut at = &entry.parent;
        let mut steps = 0;
        while let Some(parent) = at {
            let Some(next) = parents.get(parent.get_ref()) else {
                let (id, name) = (id.clone(), parent.get_ref().clone());
                return Err((parent.span().start, FacetFault::Parent { id, parent: name }));
            };
            steps += 1;
            if steps > categories.len() {
                return Err((entry.id.span().start, FacetFault::Circle { id: id.clone() }));
            }
            at = next;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::product::FacetChoice;
    use crate::tests_support::limits;
    use vitrine_base::language::Language;

    const GOOD: &str = r#"
[[facet]]
key = "feel"
label = { en = "feel", fr = "sensation" }
ask = 1.0
[[facet.value]]
id = "comfort"
label = { en = "comfort", fr = "confort" }
[[category]]
id = "shoes"
label = { en = "shoes", fr = "chaussures" }
[[category]]
id = "running_shoes"
label = { en = "running shoes", fr = "chaussures de course" }
parent = "shoes"
"#;

    fn fault(text: &str) -> String {
        read_facets(text, &limits()).map(|_| ()).unwrap_err().to_string()
    }

    #[test]
    fn labels_are_read_in_both_languages() {
        let vocabulary = read_facets(GOOD, &limits()).unwrap();
        let comfort = FacetChoice::new("feel", "comfort");
        assert_eq!(vocabulary.value_label(&comfort, Language::FR), "confort");
        assert_eq!(vocabulary.facet_label("feel", Language::FR), "sensation");
        assert_eq!(vocabulary.category_label("shoes", Language::EN), "shoes");
        assert!(vocabulary.is_within("running_shoes", "shoes"));
        assert!(!vocabulary.is_within("shoes", "running_shoes"));
        let unknown = FacetChoice::new("feel", "very_soft");
        assert_eq!(vocabulary.value_label(&unknown, Language::EN), "very soft");
    }

    #[test]
    fn faults_name_what_was_found() {
        assert!(fault("\n\nfacet = 3").contains("line 3"));
        assert!(fault(&GOOD.replace("ask = 1.0", "ask = 9.0")).contains('9'));
        assert!(fault(&GOOD.replace("\"comfort\"\nlabel", "\"Com fort\"\nlabel")).contains("Com"));
        assert!(fault(&GOOD.replace("parent = \"shoes\"", "parent = \"hats\"")).contains("hats"));
        let circle = GOOD.replace("parent = \"shoes\"", "parent = \"running_shoes\"");
        assert!(fault(&circle).contains("its own ancestor"));
        assert!(fault(&format!("{GOOD}{GOOD}")).contains("twice"));
        assert!(fault(&format!("colour = 1\n{GOOD}")).contains("line 1"));
        let weight = fault(&GOOD.replace("ask = 1.0", "ask = 9.0"));
        assert!(weight.starts_with("line 5: facet `feel` has ask = 9"), "{weight}");
        let twice = fault(&GOOD.replace("running_shoes", "shoes"));
        assert_eq!(twice, "line 13: `shoes` is defined twice");
        let parent = fault(&GOOD.replace("parent = \"shoes\"", "parent = \"hats\""));
        assert!(parent.starts_with("line 15: category `running_shoes`"), "{parent}");
    }

    proptest::proptest! {
        #[test]
        fn a_damaged_file_is_read_or_refused_with_its_line(
            at in proptest::prelude::any::<proptest::sample::Index>(),
            inserted in "[\\[\\]{}=\"a1 \n]{0,3}",
            removed in 0..9_usize,
        ) {
            let start = at.index(GOOD.len());
            let end = (start + removed).min(GOOD.len());
            let text = format!("{}{inserted}{}", &GOOD[..start], &GOOD[end..]);
            if let Err(error) = read_facets(&text, &limits()) {
                let error = error.to_string();
                proptest::prop_assert!(error.starts_with("line "), "{}", error);
            }
        }
    }
}
