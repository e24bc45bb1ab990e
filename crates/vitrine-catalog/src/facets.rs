//! Chooses the facet question that narrows a set of products best, and applies its answer.
//!
//! Pure: the same candidates give the same question; no clock, no randomness, no text.
//!
//! The gain of a question is the information of its answer, in bits. If `n_i` of the `n` candidates
//! have option `i`, and customers pick options as often as products have them, then
//!
//! ```text
//! gain = coverage · (log2 n' − Σ w_i · log2 n_i),   w_i = n_i / Σ n_j,   coverage = n' / n
//! ```
//! where `n'` candidates have at least one of the options. For a facet with one value per product
//! this is the entropy of the partition. A product with several values counts under each of them.
//!
//! Invariants
//! - A gain is at least 0 and at most log2 of the number of options.
//! - Every option occurs among the candidates, and no option is shared by all of them.
//! - Options keep the order of the vocabulary.
//!
//! Source: information gain, Quinlan 1986; entropy, Shannon 1948.

use crate::product::FacetChoice;
use crate::product::Product;
use std::collections::BTreeSet;

/// Fewest options of a question.
const OPTIONS_MIN: usize = 2;

/// A facet that may be asked about.
#[derive(Debug, Clone, PartialEq)]
pub struct AskableFacet {
    /// Its key.
    pub key: String,
    /// Its values, in the order in which options are shown.
    pub values: Vec<String>,
    /// Value of an answer to the customer; multiplies the gain. Above 0.
    pub weight: f64,
}

/// Thresholds that decide whether a question is worth a customer's turn.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct QuestionOptions {
    /// Fewest candidates worth a question; fewer are shown directly. The gateway uses 4.
    pub candidates_min: usize,
    /// Most options of a question, at least 2. The gateway uses 3, WhatsApp's limit of buttons.
    pub options_max: usize,
    /// Lowest share of candidates that have one of the options, 0 to 1; customers who want another
    /// candidate find no option. The gateway uses 0.4.
    pub coverage_min: f64,
    /// Lowest weighted gain, in bits. The gateway uses 0.3, about a split of 5 % to 95 %.
    pub gain_bits_min: f64,
}

/// One question: a facet and the values to choose from.
#[derive(Debug, Clone, PartialEq)]
pub struct FacetQuestion {
    /// The facet asked about.
    pub key: String,
    /// Possible answers, in the order of the vocabulary.
    pub options: Vec<FacetChoice>,
    /// Number of candidates that have each option, `[options]`.
    pub counts: Vec<usize>,
    /// Number of candidates that the question is about.
    pub candidates: usize,
    /// Number of candidates that have at least one of the options.
    pub covered: usize,
    /// Information gain, in bits, not weighted.
    pub gain_bits: f64,
}

/// Returns the question with the highest weighted gain; `None` if none passes the thresholds.
///
/// Facets whose key is in `known` are skipped. Of equal questions the first facet wins.
#[must_use]
pub fn best_question(
    candidates: &[&Product],
    known: &BTreeSet<String>,
    askable: &[AskableFacet],
    options: &QuestionOptions,
) -> Option<FacetQuestion> {
    if candidates.len() < options.candidates_min {
        return None;
    }
    let mut best: Option<(f64, FacetQuestion)> = None;
    for facet in askable.iter().filter(|facet| !known.contains(&facet.key)) {
        let Some(question) = question(candidates, facet, options.options_max) else { continue };
        let worth = question.gain_bits * facet.weight;
        let beaten = best.as_ref().is_none_or(|(other, _)| worth > *other);
        #[expect(clippy::cast_precision_loss, reason = "counts of products are far below 2^52")]
        let coverage = question.covered as f64 / question.candidates as f64;
        let worthy = worth >= options.gain_bits_min && coverage >= options.coverage_min;
        if beaten && worthy && question.gain_bits > 0.0 {
            best = Some((worth, question));
        }
    }
    best.map(|(_, question)| question)
}

/// Keeps the candidates that have a value.
#[must_use]
pub fn narrow<'a>(candidates: &[&'a Product], choice: &FacetChoice) -> Vec<&'a Product> {
    candidates.iter().copied().filter(|product| product.has(choice)).collect()
}

/// The best question about one facet, with 2 to `options_max` of its values as options.
fn question(
    candidates: &[&Product],
    facet: &AskableFacet,
    options_max: usize,
) -> Option<FacetQuestion> {
    let mut counts = vec![0; facet.values.len()];
    for value in candidates.iter().flat_map(|product| product.values(&facet.key)) {
        if let Some(order) = facet.values.iter().position(|known| known == value) {
            counts[order] += 1;
        }
    }
    let choices = facet.values.iter().map(|value| FacetChoice::new(&facet.key, value));
    let counted = counts.into_iter().zip(choices).enumerate();
    // A value that every candidate has narrows nothing.
    let mut counted: Vec<(usize, usize, FacetChoice)> = counted
        .map(|(order, (count, choice))| (count, order, choice))
        .filter(|(count, _, _)| (1..candidates.len()).contains(count))
        .collect();
    // The most frequent values leave the fewest customers without an option.
    counted.sort_by_key(|(count, order, _)| (std::cmp::Reverse(*count), *order));
    let mut best: Option<FacetQuestion> = None;
    for options in OPTIONS_MIN..=counted.len().min(options_max) {
        let mut chosen = counted[..options].to_vec();
        chosen.sort_by_key(|(_, order, _)| *order);
        let counts: Vec<usize> = chosen.iter().map(|(count, _, _)| *count).collect();
        let options: Vec<FacetChoice> = chosen.into_iter().map(|(_, _, choice)| choice).collect();
        let covered =
            candidates.iter().filter(|product| options.iter().any(|o| product.has(o))).count();
        let gain_bits = gain_bits(candidates.len(), covered, &counts);
        if best.as_ref().is_none_or(|other| gain_bits > other.gain_bits) {
            let (key, candidates) = (facet.key.clone(), candidates.len());
            best = Some(FacetQuestion { key, options, counts, candidates, covered, gain_bits });
        }
    }
    best
}

/// The gain defined in the module header; `covered` and each count are at most `candidates`.
#[expect(clippy::cast_precision_loss, reason = "counts of products are far below 2^52")]
fn gain_bits(candidates: usize, covered: usize, counts: &[usize]) -> f64 {
    let picks: usize = counts.iter().sum();
    if candidates == 0 || picks == 0 {
        return 0.0;
    }
    let remaining: f64 = counts
        .iter()
        .map(|count| *count as f64 / picks as f64 * (*count.max(&1) as f64).log2())
        .sum();
    let coverage = covered as f64 / candidates as f64;
    // Rounding may give slightly less than zero if every product has every option.
    (coverage * ((covered as f64).log2() - remaining)).max(0.0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tests_support::product;
    use proptest::prelude::*;

    const OPTIONS: QuestionOptions = QuestionOptions {
        candidates_min: 4,
        options_max: 3,
        coverage_min: 0.4,
        gain_bits_min: 0.3,
    };

    fn facet(key: &str, values: &[&str], weight: f64) -> AskableFacet {
        let values = values.iter().map(|value| (*value).to_owned()).collect();
        AskableFacet { key: key.to_owned(), values, weight }
    }

    fn ask(
        products: &[Product],
        known: &[&str],
        askable: &[AskableFacet],
    ) -> Option<FacetQuestion> {
        let candidates: Vec<&Product> = products.iter().collect();
        let known = known.iter().map(|key| (*key).to_owned()).collect();
        best_question(&candidates, &known, askable, &OPTIONS)
    }

    #[test]
    fn an_even_split_is_one_bit_and_wins() {
        let products = [
            product("A", &["feel=comfort", "surface=road"]),
            product("B", &["feel=comfort", "surface=road"]),
            product("C", &["feel=speed", "surface=road"]),
            product("D", &["feel=speed", "surface=mud"]),
        ];
        let askable =
            [facet("surface", &["road", "mud"], 1.0), facet("feel", &["comfort", "speed"], 1.0)];
        let question = ask(&products, &[], &askable).unwrap();
        assert_eq!(question.key, "feel");
        assert!((question.gain_bits - 1.0).abs() < 1e-12);
        assert_eq!(question.counts, [2, 2]);
        let texts: Vec<String> = question.options.iter().map(ToString::to_string).collect();
        assert_eq!(texts, ["feel=comfort", "feel=speed"]);
        assert_eq!(ask(&products, &["feel"], &askable).unwrap().key, "surface");
        assert_eq!(ask(&products, &["feel", "surface"], &askable), None);
        assert_eq!(ask(&products[..3], &[], &askable), None);
    }

    #[test]
    fn a_facet_that_all_products_have_all_values_of_is_never_asked() {
        let products: Vec<Product> = ["A", "B", "C", "D", "E"]
            .iter()
            .map(|sku| product(sku, &["gender=women", "gender=men"]))
            .collect();
        assert_eq!(ask(&products, &[], &[facet("gender", &["women", "men"], 2.0)]), None);
    }

    #[test]
    fn options_keep_the_order_of_the_vocabulary_not_of_the_counts() {
        let products = [
            product("A", &["c=red"]),
            product("B", &["c=red"]),
            product("C", &["c=red"]),
            product("D", &["c=blue"]),
            product("E", &["c=blue"]),
            product("F", &["c=green"]),
            product("G", &["c=white"]),
        ];
        let question =
            ask(&products, &[], &[facet("c", &["white", "blue", "green", "red"], 1.0)]).unwrap();
        let values: Vec<&str> = question.options.iter().map(|o| o.value.as_str()).collect();
        assert_eq!(values, ["white", "blue", "red"]);
    }

    fn any_products() -> impl Strategy<Value = Vec<Product>> {
        let values = prop::collection::vec(0..6_usize, 0..4);
        prop::collection::vec((values.clone(), values), 0..24).prop_map(|rows| {
            let text = |key: &str, value: &usize| format!("{key}=v{value}");
            rows.iter()
                .enumerate()
                .map(|(index, (first, second))| {
                    let first = first.iter().map(|value| text("first", value));
                    let second = second.iter().map(|value| text("second", value));
                    let facets: Vec<String> = first.chain(second).collect();
                    let facets: Vec<&str> = facets.iter().map(String::as_str).collect();
                    product(&format!("P{index}"), &facets)
                })
                .collect()
        })
    }

    proptest! {
        #[test]
        fn gains_are_bounded_options_occur_and_answers_narrow(
            products in any_products(),
            options_max in 0..7_usize,
        ) {
            let candidates: Vec<&Product> = products.iter().collect();
            let values = ["v5", "v4", "v3", "v2", "v1", "v0", "v9"];
            for key in ["first", "second", "absent"] {
                let facet = facet(key, &values, 1.0);
                let Some(question) = question(&candidates, &facet, options_max) else { continue };
                prop_assert!(question.gain_bits >= 0.0);
                let bound = (question.options.len() as f64).log2() + 1e-9;
                prop_assert!(question.gain_bits <= bound);
                prop_assert!((2..=options_max).contains(&question.options.len()));
                for (choice, count) in question.options.iter().zip(&question.counts) {
                    let left = narrow(&candidates, choice);
                    prop_assert!(!left.is_empty() && left.len() < candidates.len());
                    prop_assert_eq!(left.len(), *count);
                    prop_assert!(left.iter().all(|product| product.has(choice)));
                }
            }
        }

        #[test]
        fn the_same_candidates_give_the_same_question(products in any_products()) {
            let first = facet("first", &["v0", "v1", "v2"], 1.0);
            let askable = [first, facet("second", &["v3", "v4"], 0.9)];
            let once = ask(&products, &[], &askable);
            let reversed: Vec<Product> = products.iter().rev().cloned().collect();
            prop_assert_eq!(once, ask(&reversed, &[], &askable));
        }
    }
}
