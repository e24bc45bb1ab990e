//! Finds products and questions for a [`Query`], and what a text mentions.

use crate::Catalog;
use crate::facets::AskableFacet;
use crate::facets::FacetQuestion;
use crate::facets::QuestionOptions;
use crate::facets::best_question;
use crate::keys::CATEGORY_KEY;
use crate::mentions::target::Mention;
use crate::product::Product;
use crate::query::Found;
use crate::query::Query;
use crate::query::matches::meets;
use crate::query::rank::rank;
use crate::query::relax::relaxations;
use std::collections::BTreeMap;
use std::collections::BTreeSet;
use vitrine_base::language::Language;

/// Weight of a question for the kinds within a category, where the shop sets none.
const KIND_WEIGHT: f64 = 1.0;

/// Weight of a question for a facet, in a shop without a vocabulary.
const UNLABELLED_WEIGHT: f64 = 0.6;

/// Most values of a facet that is asked about in a shop without a vocabulary.
const UNLABELLED_VALUES_MAX: usize = 12;

impl Catalog {
    /// The products that meet every wish, best first.
    #[must_use]
    pub fn matching(&self, query: &Query) -> Vec<&Product> {
        let scores = self.scores(&query.words);
        self.ranked(query, &scores)
    }

    /// The products that meet a query, best first, at most `hits_max`. While there is none, the
    /// least important wish is given up.
    #[must_use]
    pub fn find(&self, query: &Query, hits_max: usize) -> Found<'_> {
        let scores = self.scores(&query.words);
        let mut wanted = query.clone();
        let mut relaxed = Vec::new();
        let mut products = self.ranked(&wanted, &scores);
        // Each step gives up one wish, so the loop ends.
        while products.is_empty() {
            let mut steps = relaxations(&self.vocabulary, &wanted);
            let found = steps.iter().map(|step| self.ranked(&step.query, &scores));
            // The mildest step that alone brings products back, otherwise the mildest of all.
            let working = found.enumerate().find(|(_, products)| !products.is_empty());
            let (at, better) = working.unwrap_or_default();
            if at >= steps.len() {
                break;
            }
            let step = steps.swap_remove(at);
            relaxed.extend(step.given_up);
            wanted = step.query;
            products = better;
        }
        if products.is_empty() {
            relaxed.clear();
        }
        let matching = products.len();
        products.truncate(hits_max);
        Found { products, matching, relaxed }
    }

    /// The question that narrows the matching products best; `None` if none passes the thresholds.
    ///
    /// `asked` holds the keys of facets that were asked about, answered or not. Within a category,
    /// the kinds in it may be asked for, under [`CATEGORY_KEY`].
    #[must_use]
    pub fn question(
        &self,
        query: &Query,
        asked: &[String],
        options: &QuestionOptions,
    ) -> Option<FacetQuestion> {
        let candidates = if query.narrows() || !query.words.is_empty() {
            self.matching(query)
        } else {
            self.products.iter().filter(|product| product.in_stock(None)).collect()
        };
        let wishes = query.must.iter().chain(&query.prefer).map(|choice| choice.key.clone());
        let mut known: BTreeSet<String> = wishes.chain(asked.iter().cloned()).collect();
        known.extend(query.options.keys().cloned());
        let mut askable: Vec<AskableFacet> = self.askable.clone();
        if let Some(category) = &query.category {
            askable.retain(|facet| facet.key != CATEGORY_KEY);
            askable.extend(self.kinds_within(category));
        }
        if self.vocabulary.facets().is_empty() {
            askable.extend(unlabelled(&candidates));
        }
        best_question(&candidates, &known, &askable, options)
    }

    /// The kinds directly within a category, as something to ask for.
    fn kinds_within(&self, category: &str) -> Option<AskableFacet> {
        let within = self.vocabulary.categories().iter();
        let within = within.filter(|entry| entry.parent.as_deref() == Some(category));
        let values: Vec<String> = within.map(|entry| entry.id.clone()).collect();
        let weight = self.vocabulary.kind().ask_weight;
        let weight = if weight > 0.0 { weight } else { KIND_WEIGHT };
        let key = CATEGORY_KEY.to_owned();
        (!values.is_empty()).then_some(AskableFacet { key, values, weight })
    }

    fn ranked(&self, query: &Query, scores: &[f32]) -> Vec<&Product> {
        let narrows = query.narrows();
        let products = self.products.iter().enumerate();
        let found = products.filter(|(position, product)| {
            let wanted = narrows || scores[*position] > 0.0;
            wanted && meets(&self.vocabulary, product, query)
        });
        rank(found.collect(), query, scores)
    }

    /// How well each product's texts match loose words, in the language that fits each best,
    /// `[products]`; 0 if no word matches.
    fn scores(&self, loose: &[String]) -> Vec<f32> {
        let mut best = vec![0.0_f32; self.products.len()];
        if loose.is_empty() {
            return best;
        }
        for (language, index) in self.indexes.iter() {
            let scores = index.scores(&self.known_stems(loose, language));
            for (best, score) in best.iter_mut().zip(scores) {
                *best = best.max(score);
            }
        }
        best
    }

    /// Where a text speaks of the shop's goods, in text order.
    ///
    /// `languages` are those of the conversation, the likeliest first; the other languages of the
    /// shop are read as well, with less certainty. Typing errors are forgiven in the former only.
    #[must_use]
    pub fn mentions(&self, text: &str, languages: &[Language]) -> Vec<Mention> {
        self.tagger.mentions(text, languages)
    }
}

/// The facets of products, where the shop has no vocabulary that says what to ask about.
fn unlabelled(candidates: &[&Product]) -> Vec<AskableFacet> {
    let mut found: BTreeMap<&String, BTreeSet<&String>> = BTreeMap::new();
    for (key, values) in candidates.iter().flat_map(|product| &product.facets) {
        if key != CATEGORY_KEY {
            found.entry(key).or_default().extend(values);
        }
    }
    let few = found.into_iter().filter(|(_, values)| values.len() <= UNLABELLED_VALUES_MAX);
    let askable = few.map(|(key, values)| AskableFacet {
        key: key.clone(),
        values: values.into_iter().cloned().collect(),
        weight: UNLABELLED_WEIGHT,
    });
    askable.collect()
}

#[cfg(test)]
mod tests;
