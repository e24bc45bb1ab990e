//! Understands messages as needs, and finds products and questions for them.
//!
//! An [`Understanding`] is read from one message at a time and grows; a [`Query`](crate::Query) is
//! what a conversation knows.

use crate::Catalog;
use crate::facets::FacetQuestion;
use crate::facets::QuestionOptions;
use crate::facets::best_question;
use crate::index::TextIndex;
use crate::keys::CATEGORY_KEY;
use crate::product::Product;
use crate::search;
use crate::search::FoundProducts;
use crate::search::Search;
use crate::search::TextMatch;
use crate::understand;
use crate::understand::ShopFacts;
use crate::understand::Understanding;
use crate::words;
use std::collections::BTreeSet;
use vitrine_base::language::Language;

impl Catalog {
    /// Extracts what a customer wants from one message.
    ///
    /// Reads the text in both languages and keeps the reading that explains more words, on a tie
    /// the one in `language`: the language of short messages is often misdetected.
    #[must_use]
    pub fn understand(&self, text: &str, language: Language) -> Understanding {
        self.understand_in(text, language).0
    }

    fn understand_in(&self, text: &str, language: Language) -> (Understanding, Language) {
        let shop =
            ShopFacts { vocabulary: &self.vocabulary, sizes: &self.sizes, currency: self.currency };
        let mut best: Option<(Understanding, usize, Language)> = None;
        let others = self.lexicons.languages().filter(|other| *other != language);
        for tried in [language].into_iter().chain(others) {
            let Some(lexicon) = self.lexicons.get(tried) else { continue };
            let (found, explained) = understand::understand(text, tried, lexicon, &shop);
            if best.as_ref().is_none_or(|(_, most, _)| explained > *most) {
                best = Some((found, explained, tried));
            }
        }
        let (mut found, _, language) = best.unwrap_or((Understanding::default(), 0, language));
        let named = self.names.mentioned(text).into_iter();
        found.mentioned = named.map(|position| self.products[position].sku.clone()).collect();
        let index = self.index(language);
        found.unknown = found
            .leftover
            .iter()
            .filter(|word| {
                let stems = words::stems(word, language);
                !stems.iter().any(|stem| index.is_some_and(|index| index.holds(stem)))
            })
            .cloned()
            .collect();
        (found, language)
    }

    /// The index of a language, or of the first other one: a catalog has at least one.
    fn index(&self, language: Language) -> Option<&TextIndex> {
        self.indexes.or_fallback(language, self.vocabulary.fallbacks())
    }

    /// Finds products for a need, which may combine several messages.
    ///
    /// `language` is the language of `need.leftover`. Returns at most `hits_max` hits.
    #[must_use]
    pub fn find_needed(
        &self,
        need: &Understanding,
        language: Language,
        hits_max: usize,
    ) -> FoundProducts {
        let index = self.index(language);
        let none = self.products.len();
        let text_match = TextMatch {
            scores: index.map_or_else(
                || vec![0.0; none],
                |index| index.scores(&self.known_stems(&need.leftover, language)),
            ),
            said: index.map_or_else(
                || vec![0; none],
                |index| index.holding(&self.known_stems(&need.said, language)),
            ),
        };
        search::find(self.searched(), need, &text_match, hits_max)
    }

    /// Stems of the words in `texts`; a word that no product text contains is typo-corrected.
    pub(crate) fn known_stems(&self, texts: &[String], language: Language) -> Vec<String> {
        let index = self.index(language);
        let lexicon = self.lexicons.or_fallback(language, self.vocabulary.fallbacks());
        let mut stems = Vec::new();
        for word in texts.iter().flat_map(|text| words::words(text, language)) {
            let known = index.is_some_and(|index| index.holds(&word.stem));
            let corrected = lexicon
                .filter(|_| !known)
                .and_then(|lexicon| lexicon.corrected(&word.folded, &word.stem));
            let corrected = corrected.map(str::to_owned);
            stems.push(corrected.unwrap_or(word.stem));
        }
        stems
    }

    /// Understands one message and finds products for it; returns at most `hits_max` hits.
    #[must_use]
    pub fn search(&self, text: &str, language: Language, hits_max: usize) -> Search {
        let (understanding, language) = self.understand_in(text, language);
        let found = self.find_needed(&understanding, language, hits_max);
        Search { understanding, found }
    }

    /// Products in stock that meet every criterion of a need, in the shop's order.
    #[must_use]
    pub fn candidates(&self, need: &Understanding) -> Vec<&Product> {
        let scores = vec![0.0; self.products.len()];
        let size = need.size.as_deref();
        let mut found: Vec<&Product> = search::matching(self.searched(), need, &scores)
            .into_iter()
            .map(|position| &self.products[position])
            .filter(|product| product.in_stock(size))
            .collect();
        found.sort_by(|a, b| {
            let rank = |product: &Product| product.rank.unwrap_or(u32::MAX);
            rank(a).cmp(&rank(b)).then_with(|| a.sku.cmp(&b.sku))
        });
        found
    }

    /// The question that narrows a need best; `None` if the need names products or no question
    /// passes the thresholds.
    ///
    /// `asked` holds the keys of facets already asked about, answered or not.
    #[must_use]
    pub fn question_needed(
        &self,
        need: &Understanding,
        asked: &[String],
        options: &QuestionOptions,
    ) -> Option<FacetQuestion> {
        if !need.mentioned.is_empty() {
            return None;
        }
        let known = need.constraints.iter().map(|choice| choice.key.clone());
        let mut known: BTreeSet<String> = known.chain(asked.iter().cloned()).collect();
        known.extend(need.category.is_some().then(|| CATEGORY_KEY.to_owned()));
        best_question(&self.candidates(need), &known, &self.askable, options)
    }

    /// Noun phrase for a need ("running shoes"); `None` if neither its category nor a facet value
    /// gives one.
    #[must_use]
    pub fn need_text(&self, need: &Understanding, language: Language) -> Option<String> {
        if let Some(category) = &need.category {
            return Some(self.vocabulary.category_label(category, language));
        }
        let values = need.constraints.iter().filter_map(|choice| self.vocabulary.value(choice));
        let mut phrases = values.filter_map(|value| value.need.as_ref());
        phrases.next().map(|phrase| self.vocabulary.text(phrase, language).to_owned())
    }
}
