//! Calibration: temperature scaling, abstention threshold and clarification margin, and the metrics
//! that measure calibration.
//!
//! Pure functions over numbers. The caller must pass predictions on examples that the classifier
//! had not seen.
//!
//! Source: temperature scaling and expected calibration error, Guo et al. 2017, arXiv:1706.04599;
//! AUROC by ranks, Mann & Whitney 1947.

use crate::head::CLARIFY_MARGIN;
use crate::linear::softmax;

/// Bins of the expected calibration error, as in the literature.
pub(crate) const ECE_BINS: usize = 15;

/// Search range of the temperature: 0.1 to 10.
const LOG_TEMPERATURE_MAX: f64 = std::f64::consts::LN_10;
/// Golden-section steps; 40 narrow the interval by a factor of 0.618^40, about 4e-9.
const SEARCH_STEPS: usize = 40;
/// Lower bound of probabilities before the logarithm.
const PROBABILITY_MIN: f32 = 1e-9;

/// Mean negative log likelihood of the right classes at a temperature.
///
/// `logits` is `[examples][classes]`, `classes_of` the right class of each example.
#[expect(clippy::cast_precision_loss, reason = "example counts are small")]
pub(crate) fn loss(logits: &[Vec<f32>], classes_of: &[usize], temperature: f32) -> f64 {
    let mut total = 0.0_f64;
    for (row, class) in logits.iter().zip(classes_of) {
        let mut probabilities = row.clone();
        softmax(&mut probabilities, temperature);
        total -= f64::from(probabilities[*class].max(PROBABILITY_MIN).ln());
    }
    total / logits.len().max(1) as f64
}

/// The temperature with the smallest [`loss`], by golden-section search over its logarithm.
pub(crate) fn temperature(logits: &[Vec<f32>], classes_of: &[usize]) -> f32 {
    #[expect(clippy::cast_possible_truncation, reason = "between a tenth and ten")]
    let at = |log: f64| loss(logits, classes_of, log.exp() as f32);
    let ratio = (5.0_f64.sqrt() - 1.0) / 2.0;
    let (mut low, mut high) = (-LOG_TEMPERATURE_MAX, LOG_TEMPERATURE_MAX);
    let (mut left, mut right) = (high - ratio * (high - low), low + ratio * (high - low));
    let (mut at_left, mut at_right) = (at(left), at(right));
    for _ in 0..SEARCH_STEPS {
        if at_left <= at_right {
            (high, right, at_right) = (right, left, at_left);
            left = high - ratio * (high - low);
            at_left = at(left);
        } else {
            (low, left, at_left) = (left, right, at_right);
            right = low + ratio * (high - low);
            at_right = at(right);
        }
    }
    #[expect(clippy::cast_possible_truncation, reason = "between a tenth and ten")]
    let found = f64::midpoint(low, high).exp() as f32;
    found
}

/// Index of a confidence's bin.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    clippy::cast_precision_loss,
    reason = "there are few bins, and a float cast to an integer saturates"
)]
pub(crate) fn bin_of(confidence: f32) -> usize {
    ((confidence * ECE_BINS as f32) as usize).min(ECE_BINS - 1)
}

/// Expected calibration error: the gap between mean confidence and accuracy, averaged over bins of
/// equal width, weighted by their examples. `None` without examples.
///
/// `outcomes` holds pairs of confidence, 0 to 1, and whether the answer was right.
#[expect(clippy::cast_precision_loss, reason = "example counts are small")]
pub(crate) fn expected_calibration_error(outcomes: &[(f32, bool)]) -> Option<f64> {
    let mut bins = [(0_usize, 0.0_f64, 0_usize); ECE_BINS];
    for (confidence, right) in outcomes {
        let (count, confidences, rights) = &mut bins[bin_of(*confidence)];
        *count += 1;
        *confidences += f64::from(*confidence);
        *rights += usize::from(*right);
    }
    let gaps: f64 =
        bins.iter().map(|(_, confidences, rights)| (confidences - *rights as f64).abs()).sum();
    (!outcomes.is_empty()).then(|| gaps / outcomes.len() as f64)
}

/// Probability that a random in-scope text scores higher than a random out-of-scope one; ties count
/// half. `None` if either list is empty.
#[expect(clippy::cast_precision_loss, reason = "example counts are small")]
pub(crate) fn auroc(in_scope: &[f32], out_of_scope: &[f32]) -> Option<f64> {
    if in_scope.is_empty() || out_of_scope.is_empty() {
        return None;
    }
    let mut scores: Vec<(f32, bool)> = in_scope
        .iter()
        .map(|score| (*score, true))
        .chain(out_of_scope.iter().map(|score| (*score, false)))
        .collect();
    scores.sort_unstable_by(|a, b| a.0.total_cmp(&b.0));
    let (mut below, mut wins) = (0_usize, 0.0_f64);
    for tied in scores.chunk_by(|a, b| a.0 == b.0) {
        let inside = tied.iter().filter(|(_, inside)| *inside).count();
        let outside = tied.len() - inside;
        wins += inside as f64 * (below as f64 + outside as f64 / 2.0);
        below += outside;
    }
    Some(wins / (in_scope.len() as f64 * out_of_scope.len() as f64))
}

/// Held-out in-scope score of one example.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct HeldOutScore {
    /// In-scope score; higher means more likely in scope.
    pub(crate) score: f32,
    /// Whether the best label is right; `None` for an out-of-scope example.
    pub(crate) right: Option<bool>,
}

/// Chooses the in-scope score below which a head abstains.
///
/// Maximises out-of-scope recall minus cost. The cost is the share of in-scope examples whose right
/// answer is lost to abstention, and is at most `accuracy_cost_max`. Without out-of-scope examples
/// recall is unknown, so the threshold spends a quarter of the allowed cost.
#[expect(clippy::cast_precision_loss, reason = "example counts are small")]
pub(crate) fn threshold(held_out: &[HeldOutScore], accuracy_cost_max: f64) -> f32 {
    let mut sorted = held_out.to_vec();
    sorted.sort_unstable_by(|a, b| a.score.total_cmp(&b.score));
    let inside = sorted.iter().filter(|example| example.right.is_some()).count();
    let outside = sorted.len() - inside;
    // The lowest score as threshold: no abstention on these examples.
    let (mut best, mut chosen) = (0.0_f64, sorted.first().map_or(0.0, |least| least.score));
    if inside == 0 {
        return chosen;
    }
    let cost_max = if outside == 0 { accuracy_cost_max / 4.0 } else { accuracy_cost_max };
    let (mut lost, mut caught) = (0_usize, 0_usize);
    for (index, example) in sorted.iter().enumerate() {
        match example.right {
            Some(true) => lost += 1,
            Some(false) => {}
            None => caught += 1,
        }
        let cost = lost as f64 / inside as f64;
        if cost > cost_max {
            break;
        }
        let gain =
            if outside == 0 { (index + 1) as f64 } else { caught as f64 / outside as f64 - cost };
        let next = sorted.get(index + 1).filter(|next| next.score > example.score);
        if let (Some(next), true) = (next, gain > best) {
            best = gain;
            chosen = f32::midpoint(example.score, next.score);
        }
    }
    chosen
}

/// Margins to try: multiples of `MARGIN_STEP`, up to `MARGIN_STEPS` of them. A finer grid would
/// overfit.
const MARGIN_STEP: f32 = 0.05;
const MARGIN_STEPS: u8 = 10;
/// Minimum answers for choosing a margin.
const ANSWERS_MIN: usize = 100;
/// Number of needless questions that cost a customer as much as one wrong answer. A question costs
/// one tap; a wrong answer must be read and rejected, and the request repeated.
const QUESTIONS_PER_WRONG_ANSWER: f64 = 2.0;
/// Maximum share of right answers that may be preceded by a needless question.
const ASKED_RIGHT_MAX: f64 = 0.05;

/// A held-out answer, for choosing the clarification margin.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct HeldOutAnswer {
    /// Probability of the best label minus that of the second.
    pub(crate) margin: f32,
    /// Whether the best label is right.
    pub(crate) right: bool,
    /// Whether the second-best label is right.
    pub(crate) second_right: bool,
}

/// Chooses the clarification margin: below it, the customer is asked which of the two best labels
/// is meant.
///
/// A question saves a wrong answer if the second label is right, and is needless if the first one
/// is. Among the margins that ask about few right answers, takes the one with the largest net gain;
/// 0 (never ask) if there is no gain, [`CLARIFY_MARGIN`] with fewer than [`ANSWERS_MIN`] answers.
#[expect(clippy::cast_precision_loss, reason = "example counts are small")]
pub(crate) fn clarify_margin(answers: &[HeldOutAnswer]) -> f32 {
    if answers.len() < ANSWERS_MIN {
        return CLARIFY_MARGIN;
    }
    let rights = answers.iter().filter(|one| one.right).count();
    let (mut chosen, mut most) = (0.0, 0.0);
    for margin in (1..=MARGIN_STEPS).map(|steps| f32::from(steps) * MARGIN_STEP) {
        let asked = || answers.iter().filter(|one| one.margin < margin);
        let needless = asked().filter(|one| one.right).count() as f64;
        let spared = asked().filter(|one| one.second_right).count() as f64;
        let gain = QUESTIONS_PER_WRONG_ANSWER * spared - needless;
        if needless <= ASKED_RIGHT_MAX * rights as f64 && gain > most {
            (chosen, most) = (margin, gain);
        }
    }
    chosen
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `count` answers at a margin; in `wrong_of_ten` of each ten the second label is right.
    fn answers(count: usize, margin: f32, wrong_of_ten: usize) -> Vec<HeldOutAnswer> {
        let wrong = |at: usize| at % 10 < wrong_of_ten;
        (0..count)
            .map(|at| HeldOutAnswer { margin, right: !wrong(at), second_right: wrong(at) })
            .collect()
    }

    #[test]
    fn the_margin_asks_where_a_question_pays() {
        let clear = answers(900, 0.9, 0);
        let with =
            |margin, wrong_of_ten| [clear.clone(), answers(50, margin, wrong_of_ten)].concat();
        let near = |found: f32, wanted: f32| assert!((found - wanted).abs() < 1e-6, "{found}");
        near(clarify_margin(&with(0.22, 5)), 0.25);
        near(clarify_margin(&with(0.12, 5)), 0.15);
        near(clarify_margin(&with(0.12, 3)), 0.0);
        near(clarify_margin(&clear), 0.0);
        let both = [with(0.03, 6), answers(200, 0.33, 5)].concat();
        near(clarify_margin(&both), 0.05);
    }

    #[test]
    fn few_answers_keep_the_default_margin() {
        assert_eq!(clarify_margin(&answers(99, 0.2, 5)), CLARIFY_MARGIN);
        assert_eq!(clarify_margin(&[]), CLARIFY_MARGIN);
    }

    #[test]
    fn temperature_lowers_overconfident_probabilities() {
        // 90 % are right, but the logits give 99.99 %.
        let logits: Vec<Vec<f32>> = (0..100).map(|_| vec![9.0, 0.0]).collect();
        let classes: Vec<usize> = (0..100).map(|index| usize::from(index % 10 == 0)).collect();
        let found = temperature(&logits, &classes);
        let mut scaled = vec![9.0, 0.0];
        softmax(&mut scaled, found);
        assert!((scaled[0] - 0.9).abs() < 0.01, "{found} gives {}", scaled[0]);
        assert!(loss(&logits, &classes, found) < loss(&logits, &classes, 1.0));
    }

    #[test]
    fn calibration_error_is_the_mean_gap() {
        let honest: Vec<(f32, bool)> = (0..10).map(|index| (0.8, index < 8)).collect();
        assert!(expected_calibration_error(&honest).unwrap() < 1e-6);
        let boastful: Vec<(f32, bool)> = (0..10).map(|index| (1.0, index < 7)).collect();
        assert!((expected_calibration_error(&boastful).unwrap() - 0.3).abs() < 1e-6);
        assert_eq!(expected_calibration_error(&[]), None);
    }

    #[test]
    fn auroc_counts_won_pairs() {
        assert_eq!(auroc(&[0.9, 0.8], &[0.1, 0.2]), Some(1.0));
        assert_eq!(auroc(&[0.1], &[0.9]), Some(0.0));
        assert_eq!(auroc(&[0.5, 0.5], &[0.5]), Some(0.5));
        assert_eq!(auroc(&[0.9, 0.3], &[0.5]), Some(0.5));
        assert_eq!(auroc(&[], &[0.5]), None);
    }

    #[test]
    fn threshold_keeps_to_its_accuracy_cost() {
        let inside = |score, right| HeldOutScore { score, right: Some(right) };
        let mut held_out: Vec<HeldOutScore> =
            (0..100_u8).map(|index| inside(0.5 + f32::from(index) / 200.0, true)).collect();
        // Half of the out-of-scope texts score below all in-scope texts, half among them.
        held_out.extend((0..50).map(|_| HeldOutScore { score: 0.2, right: None }));
        held_out.extend((0..50).map(|_| HeldOutScore { score: 0.9, right: None }));
        let found = threshold(&held_out, 0.02);
        assert!(found > 0.2 && found < 0.52, "{found}");
        let lost = held_out.iter().filter(|e| e.right == Some(true) && e.score < found);
        assert!(lost.count() <= 2);
        assert_eq!(threshold(&[], 0.02), 0.0);
    }

    #[test]
    fn threshold_without_out_of_scope_examples_spends_a_quarter_of_its_cost() {
        let held_out: Vec<HeldOutScore> = (0..400_u16)
            .map(|index| HeldOutScore { score: f32::from(index) - 100.0, right: Some(true) })
            .collect();
        let found = threshold(&held_out, 0.02);
        assert_eq!(held_out.iter().filter(|example| example.score < found).count(), 2);
        let wrong = HeldOutScore { score: -3.0, right: Some(true) };
        assert_eq!(threshold(&[wrong], 0.02), -3.0, "the lowest score is still answered");
    }
}
