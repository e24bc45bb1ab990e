//! Finds where a text speaks of the shop's goods: kinds, facet values, products, brands, options.
//!
//! The text is read in several languages at once: customers mix them, and short messages do not
//! show theirs. Each language has a table of phrases ([`phrases`]); names of products and brands
//! ([`names`]) and values of options such as `140x200` ([`values`]) belong to no language.
//!
//! Invariants
//! - A span lies on character boundaries, is not empty, and is within the text.
//! - Mentions are in text order. All meanings of a span are kept; a span strictly inside a longer
//!   one is dropped unless the longer one is less certain, or only names what the product is.
//! - The same text gives the same mentions.

mod candidates;
mod compounds;
mod diminutives;
mod names;
mod phrases;
mod reading;
pub(crate) mod target;
mod tokens;
mod values;

use crate::product::Product;
use crate::vocabulary::ShopVocabulary;
use candidates::Candidate;
use candidates::chosen;
use names::NameTable;
use phrases::PhraseTable;
use reading::Reading;
use std::collections::BTreeSet;
use target::Mention;
use tokens::tokens;
use values::ValueTable;
use vitrine_base::language::Language;
use vitrine_base::localized::Localized;

/// Certainty of a phrase in the second or a later language of the conversation.
const LATER_LANGUAGE: f32 = 0.95;

/// Certainty of a phrase in a language that nobody in the conversation is known to write.
const OTHER_LANGUAGE: f32 = 0.85;

/// What a text is compared with, built once per catalog.
#[derive(Debug, Clone, Default)]
pub(crate) struct Tagger {
    phrases: Localized<PhraseTable>,
    names: NameTable,
    values: ValueTable,
}

impl Tagger {
    /// Collects the words of the vocabulary and of the products in these languages.
    pub(crate) fn build(
        vocabulary: &ShopVocabulary,
        products: &[Product],
        languages: &BTreeSet<Language>,
    ) -> Self {
        let tables = languages
            .iter()
            .map(|language| (*language, PhraseTable::build(vocabulary, products, *language)));
        let phrases: Localized<PhraseTable> = tables.collect();
        let names = NameTable::build(products, &phrases);
        Self { phrases, names, values: ValueTable::build(products) }
    }

    /// What a text speaks of; `languages` are those of the conversation, the likeliest first.
    pub(crate) fn mentions(&self, text: &str, languages: &[Language]) -> Vec<Mention> {
        let tokens = tokens(text);
        let mut found: Vec<Candidate> = Vec::new();
        let listed: Vec<Language> = languages.iter().copied().filter(|l| self.reads(*l)).collect();
        // A conversation in a language that the shop has no words in is about the shop's words.
        let first = listed.is_empty().then(|| self.phrases.languages().next()).flatten();
        let listed: Vec<Language> = listed.into_iter().chain(first).collect();
        let rest = self.phrases.languages().filter(|other| !listed.contains(other));
        let known = |folded: &str| {
            self.names.knows(folded) || self.phrases.values().any(|table| table.knows(folded))
        };
        for (at, language) in listed.iter().copied().chain(rest).enumerate() {
            let Some(table) = self.phrases.get(language) else { continue };
            let close = at < listed.len();
            let certainty = match at {
                0 => 1.0,
                _ if close => LATER_LANGUAGE,
                _ => OTHER_LANGUAGE,
            };
            let reading = Reading {
                tokens: &tokens,
                table,
                language,
                spoken: languages.first().copied().unwrap_or(language),
                close,
                certainty,
                known: &known,
            };
            if close {
                reading.read(&mut found);
            } else {
                let mut foreign = Vec::new();
                reading.read(&mut foreign);
                foreign.retain(|candidate| !spoken_for(candidate, &found, certainty));
                found.extend(foreign);
            }
        }
        self.names.find(text, &tokens, &known, &mut found);
        self.values.find(text, &tokens, &mut found);
        chosen(found)
    }

    fn reads(&self, language: Language) -> bool {
        self.phrases.get(language).is_some()
    }
}

/// Whether a language of the conversation gives the words a meaning, more certainly.
fn spoken_for(candidate: &Candidate, found: &[Candidate], certainty: f32) -> bool {
    found.iter().any(|other| {
        let apart =
            other.span.end <= candidate.span.start || candidate.span.end <= other.span.start;
        !apart && other.exact >= certainty && other.target != candidate.target
    })
}

#[cfg(test)]
mod tests;
