//! Calibrates a head on held-out predictions and assembles it.
//!
//! Fits temperature, in-scope score, abstention threshold and clarification margin, and reports
//! metrics and possibly mislabelled examples.

use crate::calibration;
use crate::calibration::HeldOutAnswer;
use crate::calibration::HeldOutScore;
use crate::error::IntentError;
use crate::evaluation::EvaluatedExample;
use crate::evaluation::evaluate;
use crate::examples::Example;
use crate::head::EncoderIdentity;
use crate::head::Head;
use crate::head::OUT_OF_SCOPE;
use crate::head::ScopeModel;
use crate::head::TrainingNote;
use crate::linear::softmax;
use crate::scope::Evidence;
use crate::scope::ScopeScore;
use crate::training::blend::HeldOutPrediction;
use crate::training::cross_validation::Hyperparameters;
use crate::training::run::FittedClassifiers;
use crate::training::run::TrainingRun;
use crate::training::run::unfitted;
use crate::training::trained::Suspect;
use crate::training::trained::Trained;

/// Maximum possibly mislabelled examples that are reported.
const SUSPECTS_MAX: usize = 50;

/// Calibrated held-out prediction of one example.
#[derive(Debug, Clone, Copy)]
struct CalibratedPrediction {
    at: usize,
    class: usize,
    confidence: f32,
    in_scope: f32,
}

impl TrainingRun<'_> {
    /// Calibrates on held-out predictions and assembles the head.
    pub(super) fn finish(
        &self,
        encoder: EncoderIdentity,
        chosen: Hyperparameters,
        unseen: &[HeldOutPrediction],
        fitted: FittedClassifiers,
    ) -> Result<Trained, IntentError> {
        let is_inside = |at: usize| self.examples[at].intent != OUT_OF_SCOPE;
        let (logits, classes): (Vec<Vec<f32>>, Vec<usize>) = unseen
            .iter()
            .filter(|one| is_inside(one.at))
            .map(|one| (one.logits.clone(), self.classes_of[one.at]))
            .unzip();
        let temperature = calibration::temperature(&logits, &classes);
        let evidence =
            |one: &HeldOutPrediction| Evidence::new(&one.logits, self.inside(), one.closeness);
        let evidences: Vec<(Evidence, bool)> =
            unseen.iter().map(|one| (evidence(one), is_inside(one.at))).collect();
        let score = ScopeScore::fit(&evidences, self.options.seed).map_err(unfitted)?;
        let calibrated: Vec<CalibratedPrediction> = unseen
            .iter()
            .map(|one| {
                let confidence = probability(&one.logits, one.best, temperature);
                let in_scope = score.of(evidence(one));
                CalibratedPrediction { at: one.at, class: one.best, confidence, in_scope }
            })
            .collect();
        let held_out: Vec<HeldOutScore> = calibrated
            .iter()
            .map(|one| HeldOutScore {
                score: one.in_scope,
                right: is_inside(one.at).then_some(one.class == self.classes_of[one.at]),
            })
            .collect();
        let threshold = calibration::threshold(&held_out, self.options.accuracy_cost_max);
        let answers: Vec<HeldOutAnswer> = unseen
            .iter()
            .zip(&calibrated)
            .filter(|(one, calibrated)| is_inside(one.at) && calibrated.in_scope >= threshold)
            .map(|(one, _)| self.answered(one, temperature))
            .collect();
        let judged: Vec<(usize, EvaluatedExample<'_>)> =
            calibrated.iter().map(|one| (one.at, self.judged(*one, threshold))).collect();
        let ones: Vec<EvaluatedExample<'_>> = judged.iter().map(|(_, one)| *one).collect();
        let held_out = evaluate(&ones);
        let training = TrainingNote {
            examples: self.examples.len(),
            l2: chosen.fit.l2,
            accuracy_forced: held_out.accuracy_forced.unwrap_or_default(),
            seed: self.options.seed,
        };
        let FittedClassifiers { linear, centroids, neighbours, centre } = fitted;
        let head = Head {
            encoder,
            labels: self.labels.clone(),
            spec: self.options.ngrams,
            temperature,
            scope: Some(ScopeModel { score, centroids }),
            threshold,
            clarify_margin: calibration::clarify_margin(&answers),
            centre: Some(centre),
            training,
            linear,
            neighbours,
            adaptation: None,
            joined: false,
        };
        Ok(Trained { head, held_out, suspects: suspects(self.examples, &judged) })
    }

    /// Margin between the two best labels, and which of them is right.
    fn answered(&self, one: &HeldOutPrediction, temperature: f32) -> HeldOutAnswer {
        let mut probabilities = one.logits.clone();
        softmax(&mut probabilities, temperature);
        let best = probabilities[one.best];
        let others = probabilities[..self.inside()].iter().copied().enumerate();
        let second = others
            .filter(|(class, _)| *class != one.best)
            .max_by(|a, b| a.1.total_cmp(&b.1))
            .unwrap_or_default();
        let class = self.classes_of[one.at];
        HeldOutAnswer {
            margin: best - second.1,
            right: one.best == class,
            second_right: second.0 == class && one.best != class,
        }
    }

    fn judged(&self, calibrated: CalibratedPrediction, threshold: f32) -> EvaluatedExample<'_> {
        EvaluatedExample {
            expected: &self.examples[calibrated.at].intent,
            label: &self.labels[calibrated.class],
            confidence: calibrated.confidence,
            in_scope: calibrated.in_scope,
            abstained: calibrated.in_scope < threshold,
        }
    }
}

/// Softmax probability of one class at a temperature.
fn probability(logits: &[f32], class: usize, temperature: f32) -> f32 {
    let mut probabilities = logits.to_vec();
    softmax(&mut probabilities, temperature);
    probabilities[class]
}

fn suspects(examples: &[Example], judged: &[(usize, EvaluatedExample<'_>)]) -> Vec<Suspect> {
    let mut suspects: Vec<Suspect> = judged
        .iter()
        .filter(|(_, one)| one.label != one.expected && !one.abstained)
        .map(|(at, one)| Suspect {
            example: examples[*at].clone(),
            predicted: one.label.to_owned(),
            confidence: one.confidence,
        })
        .collect();
    suspects.sort_by(|a, b| b.confidence.total_cmp(&a.confidence));
    suspects.truncate(SUSPECTS_MAX);
    suspects
}
