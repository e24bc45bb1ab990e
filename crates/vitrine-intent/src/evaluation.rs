//! Metrics of a classifier on labelled examples.
//!
//! Definitions, for a set of in-scope and out-of-scope (`oos`) examples:
//! - `accuracy`: share of in-scope examples answered with their label; an abstention is a miss.
//! - `accuracy_forced`: the same, taking the best label even when the classifier abstains.
//! - `macro_f1`: mean F1 over the in-scope labels of the set. Answers to `oos` examples are false
//!   positives; abstentions are not answers.
//! - `ece`: expected calibration error, 15 bins, of the best label on in-scope examples.
//! - `oos_recall`: share of `oos` examples that the classifier abstained from.
//! - `oos_precision`: share of abstentions that were `oos` examples.
//! - `auroc`: probability that an in-scope example has a higher in-scope score than an `oos` one.
//! - `coverage`: share of all examples that were answered.
//!
//! A metric with a zero denominator is `None`, never 0 or 1.

use crate::calibration::auroc;
use crate::calibration::expected_calibration_error;
use crate::head::OUT_OF_SCOPE;
use std::collections::BTreeMap;

/// Prediction for one labelled example.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct EvaluatedExample<'a> {
    /// Label of the example; `oos` if none fits.
    pub expected: &'a str,
    /// Best in-scope label, even when `abstained`.
    pub label: &'a str,
    /// Calibrated probability of `label`, 0 to 1.
    pub confidence: f32,
    /// In-scope score; higher means more likely in scope.
    pub in_scope: f32,
    /// Whether the classifier abstained.
    pub abstained: bool,
}

impl EvaluatedExample<'_> {
    fn in_scope(&self) -> bool {
        self.expected != OUT_OF_SCOPE
    }

    fn right(&self) -> bool {
        self.label == self.expected
    }
}

/// Metrics of one label.
#[derive(Debug, Clone, PartialEq)]
pub struct IntentFigures {
    /// The label, never `oos`.
    pub intent: String,
    /// Number of examples with this label.
    pub examples: usize,
    /// Share of the answers with this label that were right; `None` without such answers.
    pub precision: Option<f64>,
    /// Share of the label's examples that were answered right.
    pub recall: f64,
    /// Harmonic mean of precision and recall; 0 without a right answer.
    pub f1: f64,
    /// The most frequent wrong label for its examples (`oos` for abstentions), and its count.
    pub confused_with: Option<(String, usize)>,
}

/// Metrics of one evaluation; shares are 0 to 1, `None` without a denominator.
#[derive(Debug, Clone, PartialEq)]
pub struct Evaluation {
    /// Number of examples, in and out of scope.
    pub examples: usize,
    /// Share of in-scope examples answered with their label.
    pub accuracy: Option<f64>,
    /// The same, if the classifier never abstained.
    pub accuracy_forced: Option<f64>,
    /// Mean F1 over in-scope labels.
    pub macro_f1: Option<f64>,
    /// Expected calibration error on in-scope examples.
    pub ece: Option<f64>,
    /// Share of `oos` examples that the classifier abstained from.
    pub oos_recall: Option<f64>,
    /// Share of abstentions that were `oos` examples.
    pub oos_precision: Option<f64>,
    /// Area under the ROC curve of the in-scope score.
    pub auroc: Option<f64>,
    /// Share of all examples that were answered.
    pub coverage: Option<f64>,
    /// Number of abstentions.
    pub abstained: usize,
    /// One entry per in-scope label of the set, sorted by name.
    pub per_intent: Vec<IntentFigures>,
}

#[expect(clippy::cast_precision_loss, reason = "example counts are small")]
fn share(part: usize, whole: usize) -> Option<f64> {
    (whole > 0).then(|| part as f64 / whole as f64)
}

/// Computes all metrics of a set of predictions.
#[must_use]
pub fn evaluate(judged: &[EvaluatedExample<'_>]) -> Evaluation {
    let (inside, outside): (Vec<&EvaluatedExample<'_>>, Vec<&EvaluatedExample<'_>>) =
        judged.iter().partition(|one| one.in_scope());
    let count = |set: &[&EvaluatedExample<'_>], test: &dyn Fn(&EvaluatedExample<'_>) -> bool| {
        set.iter().filter(|one| test(one)).count()
    };
    let answered_right = count(&inside, &|one| one.right() && !one.abstained);
    let right = count(&inside, &|one| one.right());
    let caught = count(&outside, &|one| one.abstained);
    let abstained = caught + count(&inside, &|one| one.abstained);
    let outcomes: Vec<(f32, bool)> =
        inside.iter().map(|one| (one.confidence, one.right())).collect();
    let scores = |set: &[&EvaluatedExample<'_>]| -> Vec<f32> {
        set.iter().map(|one| one.in_scope).collect()
    };
    let per_intent = per_intent(judged);
    let f1_total: f64 = per_intent.iter().map(|figures| figures.f1).sum();
    #[expect(clippy::cast_precision_loss, reason = "label counts are small")]
    let macro_f1 = (!per_intent.is_empty()).then(|| f1_total / per_intent.len() as f64);
    Evaluation {
        examples: judged.len(),
        accuracy: share(answered_right, inside.len()),
        accuracy_forced: share(right, inside.len()),
        macro_f1,
        ece: expected_calibration_error(&outcomes),
        oos_recall: share(caught, outside.len()),
        oos_precision: if outside.is_empty() { None } else { share(caught, abstained) },
        auroc: auroc(&scores(&inside), &scores(&outside)),
        coverage: share(judged.len() - abstained, judged.len()),
        abstained,
        per_intent,
    }
}

#[derive(Default)]
struct Counts<'a> {
    examples: usize,
    answers: usize,
    right: usize,
    taken_for: BTreeMap<&'a str, usize>,
}

fn per_intent(judged: &[EvaluatedExample<'_>]) -> Vec<IntentFigures> {
    let mut counts: BTreeMap<&str, Counts<'_>> = BTreeMap::new();
    for one in judged.iter().filter(|one| one.in_scope()) {
        let entry = counts.entry(one.expected).or_default();
        entry.examples += 1;
        if one.right() && !one.abstained {
            entry.right += 1;
        } else {
            let taken_for = if one.abstained { OUT_OF_SCOPE } else { one.label };
            *entry.taken_for.entry(taken_for).or_default() += 1;
        }
    }
    for one in judged.iter().filter(|one| !one.abstained) {
        if let Some(entry) = counts.get_mut(one.label) {
            entry.answers += 1;
        }
    }
    counts
        .into_iter()
        .map(|(intent, counts)| {
            let recall = share(counts.right, counts.examples).unwrap_or_default();
            let worst = counts.taken_for.into_iter().max_by_key(|(_, count)| *count);
            IntentFigures {
                intent: intent.to_owned(),
                examples: counts.examples,
                precision: share(counts.right, counts.answers),
                recall,
                f1: share(2 * counts.right, counts.examples + counts.answers).unwrap_or_default(),
                confused_with: worst.map(|(label, count)| (label.to_owned(), count)),
            }
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn judged<'a>(expected: &'a str, label: &'a str, confidence: f32) -> EvaluatedExample<'a> {
        EvaluatedExample {
            expected,
            label,
            confidence,
            in_scope: confidence,
            abstained: confidence < 0.5,
        }
    }

    #[test]
    fn figures_follow_their_definitions() {
        let set = [
            judged("a", "a", 0.9),
            judged("a", "a", 0.4),
            judged("a", "b", 0.6),
            judged("b", "b", 0.8),
            judged("oos", "b", 0.7),
            judged("oos", "a", 0.3),
        ];
        let found = evaluate(&set);
        assert_eq!(found.examples, 6);
        assert_eq!(found.accuracy, Some(0.5));
        assert_eq!(found.accuracy_forced, Some(0.75));
        assert_eq!(found.oos_recall, Some(0.5));
        assert_eq!(found.oos_precision, Some(0.5));
        assert_eq!(found.abstained, 2);
        assert_eq!(found.coverage, Some(4.0 / 6.0));
        // 4 x 2 pairs: 0.9 and 0.8 win two each, 0.6 and 0.4 win one each.
        assert_eq!(found.auroc, Some(6.0 / 8.0));
        let a = &found.per_intent[0];
        assert_eq!((a.intent.as_str(), a.examples, a.precision), ("a", 3, Some(1.0)));
        assert!((a.recall - 1.0 / 3.0).abs() < 1e-9 && (a.f1 - 0.5).abs() < 1e-9);
        let b = &found.per_intent[1];
        assert_eq!((b.precision, b.recall, b.f1), (Some(1.0 / 3.0), 1.0, 0.5));
        assert_eq!(found.macro_f1, Some(0.5));
        assert_eq!(a.confused_with, Some(("oos".to_owned(), 1)));
    }

    #[test]
    fn figures_without_a_divisor_are_absent() {
        let found = evaluate(&[judged("a", "a", 0.9)]);
        assert_eq!((found.oos_recall, found.oos_precision, found.auroc), (None, None, None));
        assert_eq!(found.accuracy, Some(1.0));
        let found = evaluate(&[judged("oos", "a", 0.9)]);
        assert_eq!((found.accuracy, found.ece, found.macro_f1), (None, None, None));
        assert_eq!((found.oos_recall, found.oos_precision), (Some(0.0), None));
        assert_eq!(evaluate(&[]).coverage, None);
    }
}
