//! Maps phrases that customers write to categories and facet values of the shop.
//!
//! One lexicon per language. A phrase is keyed by the stems of its content words, so that
//! "chaussures pour la course" and "chaussure de course" are the same phrase. A typing error is
//! corrected only if the word is unknown, has at least [`TYPO_LETTERS_MIN`] letters and is one edit
//! away from a known word with the same first letter.
//!
//! Source of the distance: Damerau 1964, restricted to adjacent swaps ("optimal string alignment").

use crate::keys::BRAND_KEY;
use crate::product::FacetChoice;
use crate::product::Product;
use crate::stopwords::is_negation;
use crate::vocabulary::ShopVocabulary;
use crate::words::WordKind;
use crate::words::fold;
use crate::words::stems;
use crate::words::words;
use std::collections::BTreeMap;
use std::collections::HashMap;
use std::collections::HashSet;
use vitrine_base::language::Language;
use vitrine_base::localized::Localized;

/// Shortest word that is corrected, in letters: one edit of "bleu" is already another word.
const TYPO_LETTERS_MIN: usize = 5;

/// Meaning of a phrase.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum PhraseMeaning {
    /// Id of a category.
    Category(String),
    /// A value of a facet.
    Choice(FacetChoice),
}

/// Phrases of one language.
#[derive(Debug, Clone, Default)]
pub(crate) struct Lexicon {
    phrases: HashMap<String, Vec<PhraseMeaning>>,
    phrase_words_max: usize,
    spelling: Spelling,
}

/// A phrase found at the start of a sequence of stems.
#[derive(Debug, Clone, Copy)]
pub(crate) struct PhraseMatch<'a> {
    /// Number of stems that it covers.
    pub(crate) words: usize,
    /// Its meanings; never empty.
    pub(crate) targets: &'a [PhraseMeaning],
}

impl Lexicon {
    /// Collects the phrases of the shop's vocabulary and the brands of its products. Product names
    /// serve typo correction only.
    pub(crate) fn build(
        vocabulary: &ShopVocabulary,
        products: &[Product],
        language: Language,
    ) -> Self {
        let mut lexicon = Self::default();
        lexicon.spelling.keep(vocabulary.keep());
        for entry in vocabulary.categories() {
            let target = PhraseMeaning::Category(entry.id.clone());
            lexicon.add_all(&entry.label, &entry.words, language, &target);
        }
        for facet in vocabulary.facets() {
            for value in &facet.values {
                let target = PhraseMeaning::Choice(FacetChoice::new(&facet.key, &value.id));
                lexicon.add_all(&value.label, &value.words, language, &target);
            }
        }
        for product in products {
            if let [value] = product.values(BRAND_KEY) {
                let target = PhraseMeaning::Choice(FacetChoice::new(BRAND_KEY, value));
                lexicon.add(&product.brand, language, &target);
            }
            lexicon.spelling.learn(&product.name, language, Rank::Text);
        }
        lexicon.spelling.freeze();
        lexicon
    }

    fn add_all(
        &mut self,
        label: &Localized<String>,
        phrases: &Localized<Vec<String>>,
        language: Language,
        target: &PhraseMeaning,
    ) {
        // Without words of its own in a language, an entry is called as in the first that has some.
        self.add(label.text(language, &[]), language, target);
        for phrase in phrases.or_fallback(language, &[]).into_iter().flatten() {
            self.add(phrase, language, target);
        }
    }

    fn add(&mut self, phrase: &str, language: Language, target: &PhraseMeaning) {
        let phrase_stems = stems(phrase, language);
        // "sans caféine" is read as "caféine" negated, so it is not a phrase of its own.
        let negative = words(phrase, language).iter().any(|word| is_negation(&word.folded));
        if phrase_stems.is_empty() || negative {
            return;
        }
        self.phrase_words_max = self.phrase_words_max.max(phrase_stems.len());
        let targets = self.phrases.entry(phrase_stems.join(" ")).or_default();
        if !targets.contains(target) {
            targets.push(target.clone());
        }
        self.spelling.learn(phrase, language, Rank::Phrase);
    }

    /// The longest phrase at the start of `stems`; `None` if no phrase matches.
    pub(crate) fn longest<'a>(&'a self, stems: &[&str]) -> Option<PhraseMatch<'a>> {
        let words_max = self.phrase_words_max.min(stems.len());
        (1..=words_max).rev().find_map(|words| {
            let targets = self.phrases.get(&stems[..words].join(" "))?;
            Some(PhraseMatch { words, targets })
        })
    }

    /// Stem of the known word that an unknown word probably stands for; `None` if the word is known
    /// or no known word is close enough.
    pub(crate) fn corrected(&self, folded: &str, stem: &str) -> Option<&str> {
        self.spelling.corrected(folded, stem)
    }
}

/// Priority of a word as a correction: words of phrases before words of product names.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Rank {
    Phrase,
    Text,
}

/// Known words, for typo correction.
#[derive(Debug, Clone, Default)]
struct Spelling {
    /// Folded word → (priority, stem); `freeze` moves it into `by_first`.
    words: BTreeMap<String, (Rank, String)>,
    /// First letter → (folded word, stem), by priority, then alphabetically.
    by_first: HashMap<char, Vec<(String, String)>>,
    /// Folded words and stems that are never corrected.
    known: HashSet<String>,
}

impl Spelling {
    fn keep(&mut self, kept: &[String]) {
        self.known.extend(kept.iter().map(|word| fold(word)));
    }

    fn learn(&mut self, text: &str, language: Language, rank: Rank) {
        for word in words(text, language) {
            self.known.insert(word.folded.clone());
            if word.kind == WordKind::Content {
                self.known.insert(word.stem.clone());
                let entry = self.words.entry(word.folded).or_insert((rank, word.stem));
                entry.0 = entry.0.min(rank);
            }
        }
    }

    fn freeze(&mut self) {
        let mut sorted: Vec<(Rank, String, String)> = std::mem::take(&mut self.words)
            .into_iter()
            .map(|(folded, (rank, stem))| (rank, folded, stem))
            .collect();
        sorted.sort();
        for (_, folded, stem) in sorted {
            if let Some(first) = folded.chars().next() {
                self.by_first.entry(first).or_default().push((folded, stem));
            }
        }
    }

    fn corrected(&self, folded: &str, stem: &str) -> Option<&str> {
        let letters = folded.chars().count();
        if letters < TYPO_LETTERS_MIN || self.known.contains(folded) || self.known.contains(stem) {
            return None;
        }
        let near = self.by_first.get(&folded.chars().next()?)?;
        near.iter()
            .filter(|(known, _)| known.len().abs_diff(folded.len()) <= 1)
            .filter(|(known, _)| known.chars().count() >= TYPO_LETTERS_MIN)
            .find(|(known, _)| strsim::osa_distance(known, folded) == 1)
            .map(|(_, stem)| stem.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::import::read_facets;
    use crate::tests_support::limits;

    fn lexicon() -> Lexicon {
        let vocabulary = read_facets(
            r#"
keep = ["vitrines"]
[[facet]]
key = "feel"
label = { en = "feel", fr = "sensation" }
[[facet.value]]
id = "speed"
label = { en = "speed", fr = "vitesse" }
words = { en = ["fast"], fr = ["rapide"] }
[[category]]
id = "running_shoes"
label = { en = "running shoes", fr = "chaussures de course" }
"#,
            &limits(),
        )
        .unwrap();
        Lexicon::build(&vocabulary, &[], Language::FR)
    }

    #[test]
    fn the_longest_phrase_wins_over_its_parts() {
        let lexicon = lexicon();
        let text = stems("chaussure pour la course rapide", Language::FR);
        let text: Vec<&str> = text.iter().map(String::as_str).collect();
        let found = lexicon.longest(&text).unwrap();
        assert_eq!(found.words, 2);
        assert_eq!(found.targets, [PhraseMeaning::Category("running_shoes".to_owned())]);
        assert!(lexicon.longest(&text[1..]).is_none());
        assert!(lexicon.longest(&[]).is_none());
    }

    #[test]
    fn one_typing_error_is_corrected_in_long_words_only() {
        let lexicon = lexicon();
        let correct = |word: &str| {
            let stem = stems(word, Language::FR).concat();
            lexicon.corrected(word, &stem).map(str::to_owned)
        };
        let speed = stems("vitesse", Language::FR).concat();
        for word in ["vitese", "vittesse", "vietsse"] {
            assert_eq!(correct(word), Some(speed.clone()), "{word}");
        }
        for word in ["vitesse", "vitesses", "fitesse", "vite", "vitrines", "vtse"] {
            assert_eq!(correct(word), None, "{word}");
        }
    }
}
