//! Full-text index: scores products against loose words by BM25 over weighted fields.
//!
//! One index per language. A field's weight multiplies its word counts, so that a word in a name
//! outranks the same word in a feature.
//!
//! Source: Robertson & Zaragoza 2009, "The Probabilistic Relevance Framework: BM25 and Beyond".

use crate::product::Product;
use crate::vocabulary::ShopVocabulary;
use crate::words::stems;
use std::collections::HashMap;
use vitrine_base::language::Language;

/// BM25 saturation of repeated words: the usual textbook value, not tuned.
const K1: f32 = 1.2;
/// BM25 length normalisation. Below the usual 0.75: product texts are all short, and products with
/// more description should not rank lower for it.
const B: f32 = 0.4;

const NAME_WEIGHT: f32 = 3.0;
const BRAND_WEIGHT: f32 = 3.0;
const TITLE_WEIGHT: f32 = 2.0;
const CATEGORY_WEIGHT: f32 = 1.5;
const FEATURE_WEIGHT: f32 = 1.0;
const DESCRIPTION_WEIGHT: f32 = 0.5;

/// Inverted index of one language; products are identified by their positions in the catalog.
#[derive(Debug, Clone, Default)]
pub(crate) struct TextIndex {
    /// Stem → (product, weighted count), by ascending product.
    postings: HashMap<String, Vec<(usize, f32)>>,
    /// Stem → products that contain it outside their category's words, ascending.
    own: HashMap<String, Vec<usize>>,
    /// Weighted word count of each product, `[products]`.
    lengths: Vec<f32>,
    length_mean: f32,
}

impl TextIndex {
    /// Indexes the texts of all products in one language.
    pub(crate) fn build(
        products: &[Product],
        vocabulary: &ShopVocabulary,
        language: Language,
    ) -> Self {
        let mut index = Self::default();
        let mut kinds: HashMap<&str, Vec<String>> = HashMap::new();
        for (position, product) in products.iter().enumerate() {
            let mut counts: HashMap<String, f32> = HashMap::new();
            let mut add = |text: &str, weight: f32| {
                for stem in stems(text, language) {
                    *counts.entry(stem).or_default() += weight;
                }
            };
            add(&product.name, NAME_WEIGHT);
            add(&product.brand, BRAND_WEIGHT);
            add(vocabulary.text(&product.title, language), TITLE_WEIGHT);
            for feature in product.features(language) {
                add(feature, FEATURE_WEIGHT);
            }
            add(vocabulary.text(&product.description, language), DESCRIPTION_WEIGHT);
            for stem in counts.keys() {
                index.own.entry(stem.clone()).or_default().push(position);
            }
            let kind = kinds
                .entry(&product.category)
                .or_insert_with(|| kind_stems(&product.category, vocabulary, language));
            for stem in kind.iter() {
                *counts.entry(stem.clone()).or_default() += CATEGORY_WEIGHT;
            }
            index.lengths.push(counts.values().sum());
            for (stem, count) in counts {
                index.postings.entry(stem).or_default().push((position, count));
            }
        }
        #[expect(
            clippy::cast_precision_loss,
            reason = "a catalog has far fewer than 2^23 products"
        )]
        let products = index.lengths.len().max(1) as f32;
        index.length_mean = (index.lengths.iter().sum::<f32>() / products).max(1.0);
        index
    }

    /// Whether any product contains this stem.
    pub(crate) fn holds(&self, stem: &str) -> bool {
        self.postings.contains_key(stem)
    }

    /// Number of the given stems that each product's own texts contain, `[products]`; the words of
    /// its category do not count.
    pub(crate) fn holding(&self, stems: &[String]) -> Vec<usize> {
        let mut counts = vec![0; self.lengths.len()];
        for stem in stems {
            for position in self.own.get(stem).into_iter().flatten() {
                counts[*position] += 1;
            }
        }
        counts
    }

    /// BM25 score of every product for the given stems, `[products]`; 0 if no stem matches.
    #[expect(clippy::cast_precision_loss, reason = "a catalog has far fewer than 2^23 products")]
    pub(crate) fn scores(&self, stems: &[String]) -> Vec<f32> {
        let mut scores = vec![0.0; self.lengths.len()];
        for stem in stems {
            let Some(postings) = self.postings.get(stem) else { continue };
            let holding = postings.len() as f32;
            let rarity = (1.0 + (self.lengths.len() as f32 - holding + 0.5) / (holding + 0.5)).ln();
            for (position, count) in postings {
                let length = self.lengths[*position] / self.length_mean;
                let saturated = count * (K1 + 1.0) / (count + K1 * (1.0 - B + B * length));
                scores[*position] += rarity * saturated;
            }
        }
        scores
    }
}

/// Stems of the label and the words of a category.
fn kind_stems(category: &str, vocabulary: &ShopVocabulary, language: Language) -> Vec<String> {
    let mut found = stems(&vocabulary.category_label(category, language), language);
    if let Some(entry) = vocabulary.category(category) {
        let words = entry.words.list(language);
        found.extend(words.iter().flat_map(|text| stems(text, language)));
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tests_support::product;

    #[test]
    fn names_outrank_features_and_rare_words_outrank_common_ones() {
        let mut products = [product("A", &[]), product("B", &[]), product("C", &[])];
        products[0].name = "Vent".to_owned();
        products[1].features.insert(Language::FR, vec!["protège du vent".to_owned()]);
        let features = vec!["semelle rare".to_owned(), "vent".to_owned()];
        products[2].features.insert(Language::FR, features);
        let index = TextIndex::build(&products, &ShopVocabulary::default(), Language::FR);
        let scores = index.scores(&stems("vent", Language::FR));
        assert!(scores[0] > scores[1] && scores[1] > 0.0);
        let scores = index.scores(&stems("vent rare", Language::FR));
        assert!(scores[2] > scores[1]);
        assert!(!index.holds("neige"));
        assert!(index.scores(&["neige".to_owned()]).iter().all(|score| *score == 0.0));
    }
}
