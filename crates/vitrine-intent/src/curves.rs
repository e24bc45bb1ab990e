//! Confusion matrix, reliability diagram and accuracy-coverage curve of an evaluated set.
//!
//! Pure functions over [`EvaluatedExample`] predictions. The single-number metrics are in
//! `evaluation`.

use crate::calibration::ECE_BINS;
use crate::calibration::bin_of;
use crate::evaluation::EvaluatedExample;
use crate::head::OUT_OF_SCOPE;

/// Confusion matrix.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Confusion {
    /// Labels of rows and columns, sorted by name, `oos` last.
    pub labels: Vec<String>,
    /// `counts[row][column]`: examples labelled `row` that were answered `column`. An abstention
    /// counts as the answer `oos`.
    pub counts: Vec<Vec<usize>>,
}

impl Confusion {
    /// Builds the matrix from predictions.
    #[must_use]
    pub fn of(judged: &[EvaluatedExample<'_>]) -> Self {
        let mut labels: Vec<String> =
            judged.iter().flat_map(|one| [one.expected, answer(one)]).map(str::to_owned).collect();
        labels.sort_unstable_by_key(|label| (label == OUT_OF_SCOPE, label.clone()));
        labels.dedup();
        let place = |label: &str| labels.iter().position(|known| known == label);
        let mut counts = vec![vec![0; labels.len()]; labels.len()];
        for one in judged {
            if let (Some(row), Some(column)) = (place(one.expected), place(answer(one))) {
                counts[row][column] += 1;
            }
        }
        Self { labels, counts }
    }

    /// Wrong answers for examples of a label, plus wrong answers with that label.
    fn errors(&self, label: usize) -> usize {
        let missed: usize = self.counts[label].iter().sum();
        let answered: usize = self.counts.iter().map(|row| row[label]).sum();
        missed + answered - 2 * self.counts[label][label]
    }

    /// The submatrix of the `labels_max` labels with the most errors, in the order of `labels`.
    #[must_use]
    pub fn worst(&self, labels_max: usize) -> Self {
        let mut places: Vec<usize> = (0..self.labels.len()).collect();
        places.sort_by_key(|place| std::cmp::Reverse(self.errors(*place)));
        places.truncate(labels_max);
        places.sort_unstable();
        let labels = places.iter().map(|place| self.labels[*place].clone()).collect();
        let counts = places
            .iter()
            .map(|row| places.iter().map(|column| self.counts[*row][*column]).collect())
            .collect();
        Self { labels, counts }
    }
}

fn answer<'a>(one: &EvaluatedExample<'a>) -> &'a str {
    if one.abstained { OUT_OF_SCOPE } else { one.label }
}

/// One bin of a reliability diagram.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ReliabilityBin {
    /// Mean confidence in the bin, 0 to 1.
    pub confidence: f64,
    /// Share of the bin's examples whose best label is right, 0 to 1.
    pub accuracy: f64,
    /// Number of examples in the bin, at least 1.
    pub examples: usize,
}

/// Reliability diagram of the in-scope examples: accuracy by confidence, in the bins of the
/// expected calibration error. Empty bins are left out.
#[must_use]
#[expect(clippy::cast_precision_loss, reason = "example counts are small")]
pub fn reliability(judged: &[EvaluatedExample<'_>]) -> Vec<ReliabilityBin> {
    (0..ECE_BINS)
        .filter_map(|bin| {
            let members: Vec<&EvaluatedExample<'_>> = judged
                .iter()
                .filter(|one| one.expected != OUT_OF_SCOPE && bin_of(one.confidence) == bin)
                .collect();
            let examples = members.len();
            let mean = |sum: f64| sum / examples as f64;
            (examples > 0).then(|| ReliabilityBin {
                confidence: mean(members.iter().map(|one| f64::from(one.confidence)).sum()),
                accuracy: mean(
                    members.iter().filter(|one| one.expected == one.label).count() as f64
                ),
                examples,
            })
        })
        .collect()
}

/// Coverage and accuracy at one abstention threshold.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct CoveragePoint {
    /// Share of all examples that are answered, 0 to 1.
    pub coverage: f64,
    /// Share of those answers that are right, 0 to 1; an answer to an `oos` example is wrong.
    pub accuracy: f64,
}

/// Accuracy-coverage curve over all abstention thresholds on the in-scope score, in ascending order
/// of coverage. Examples with equal scores form one point.
#[must_use]
#[expect(clippy::cast_precision_loss, reason = "example counts are small")]
pub fn coverage_curve(judged: &[EvaluatedExample<'_>]) -> Vec<CoveragePoint> {
    let mut surest: Vec<&EvaluatedExample<'_>> = judged.iter().collect();
    surest.sort_by(|a, b| b.in_scope.total_cmp(&a.in_scope));
    let mut right = 0_usize;
    let mut curve = Vec::new();
    for (answered, one) in (1_usize..).zip(&surest) {
        right += usize::from(one.expected == one.label);
        let tied = surest.get(answered).is_some_and(|next| next.in_scope >= one.in_scope);
        if !tied {
            curve.push(CoveragePoint {
                coverage: answered as f64 / surest.len() as f64,
                accuracy: right as f64 / answered as f64,
            });
        }
    }
    curve
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

    fn set() -> Vec<EvaluatedExample<'static>> {
        vec![
            judged("a", "a", 0.9),
            judged("b", "a", 0.8),
            judged("b", "b", 0.8),
            judged("oos", "a", 0.4),
            judged("c", "c", 0.3),
        ]
    }

    #[test]
    fn confusion_counts_abstentions_as_oos() {
        let found = Confusion::of(&set());
        assert_eq!(found.labels, ["a", "b", "c", "oos"]);
        assert_eq!(
            found.counts,
            [vec![1, 0, 0, 0], vec![1, 1, 0, 0], vec![0, 0, 0, 1], vec![0, 0, 0, 1]]
        );
        let total: usize = found.counts.iter().flatten().sum();
        assert_eq!(total, set().len());
        assert_eq!(found.worst(2).labels, ["a", "b"]);
        assert_eq!(found.worst(9), found);
    }

    #[test]
    fn reliability_leaves_out_oos_examples() {
        let bins = reliability(&set());
        assert_eq!(bins.iter().map(|bin| bin.examples).sum::<usize>(), 4);
        let at = |confidence: f64| {
            bins.iter().find(|bin| (bin.confidence - confidence).abs() < 1e-6).unwrap()
        };
        assert!((at(0.8).accuracy - 0.5).abs() < 1e-9);
        assert_eq!(reliability(&[judged("a", "a", 1.0)])[0].examples, 1);
        assert!(reliability(&[]).is_empty());
    }

    #[test]
    fn coverage_ends_with_everything_answered() {
        let curve = coverage_curve(&set());
        assert_eq!(curve.len(), 4, "equal confidences are one point");
        assert_eq!(curve[0], CoveragePoint { coverage: 0.2, accuracy: 1.0 });
        let last = curve.last().unwrap();
        assert!((last.coverage - 1.0).abs() < 1e-9 && (last.accuracy - 0.6).abs() < 1e-9);
        assert!(curve.windows(2).all(|pair| pair[0].coverage < pair[1].coverage));
        assert!(coverage_curve(&[]).is_empty());
    }
}
