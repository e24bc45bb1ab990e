//! Calibrates a head on held-out predictions and assembles it.
//!
//! Fits temperature, in-scope score, abstention threshold and clarification margin, and reports
//! metrics and possibly mislabelled examples.

use crate::calibration;
use crate::calibration::Answered;
use crate::calibration::HeldOut;
use crate::error::IntentError;
use crate::evaluation::Judged;
use crate::evaluation::evaluate;
use crate::examples::Example;
use crate::head::EncoderIdentity;
use crate::head::Head;
use crate::head::OUT_OF_SCOPE;
use crate::head::Scope;
use crate::head::TrainingNote;
use crate::linear::softmax;
use crate::scope::Evidence;
use crate::scope::ScopeScore;
use crate::training::Suspect;
use crate::training::Trained;
use crate::training::blend::Unseen;
use crate::training::course::Course;
use crate::training::course::Fitted;
use crate::training::course::unfitted;
use crate::training::plan::Setting;

/// Maximum possibly mislabelled examples that are reported.
const SUSPECTS_MAX: usize = 50;

/// Calibrated held-out prediction of one example.
#[derive(Debug, Clone, Copy)]
struct Said {
    at: usize,
    class: usize,
    confidence: f32,
    in_scope: f32,
}

impl Course<'_> {
    /// Calibrates on held-out predictions and assembles the head.
    pub(super) fn finish(
        &self,
        encoder: EncoderIdentity,
        chosen: Setting,
        unseen: &[Unseen],
        fitted: Fitted,
    ) -> Result<Trained, IntentError> {
        let is_inside = |at: usize| self.examples[at].intent != OUT_OF_SCOPE;
        let (logits, classes): (Vec<Vec<f32>>, Vec<usize>) = unseen
            .iter()
            .filter(|one| is_inside(one.at))
            .map(|one| (one.logits.clone(), self.classes_of[one.at]))
            .unzip();
        let temperature = calibration::temperature(&logits, &classes);
        let evidence = |one: &Unseen| Evidence::new(&one.logits, self.inside(), one.closeness);
        let evidences: Vec<(Evidence, bool)> =
            unseen.iter().map(|one| (evidence(one), is_inside(one.at))).collect();
        let score = ScopeScore::fit(&evidences, self.options.seed).map_err(unfitted)?;
        let said: Vec<Said> = unseen
            .iter()
            .map(|one| {
                let confidence = probability(&one.logits, one.best, temperature);
                let in_scope = score.of(evidence(one));
                Said { at: one.at, class: one.best, confidence, in_scope }
            })
            .collect();
        let held_out: Vec<HeldOut> = said
            .iter()
            .map(|one| HeldOut {
                score: one.in_scope,
                right: is_inside(one.at).then_some(one.class == self.classes_of[one.at]),
            })
            .collect();
        let threshold = calibration::threshold(&held_out, self.options.accuracy_cost_max);
        let answers: Vec<Answered> = unseen
            .iter()
            .zip(&said)
            .filter(|(one, said)| is_inside(one.at) && said.in_scope >= threshold)
            .map(|(one, _)| self.answered(one, temperature))
            .collect();
        let judged: Vec<(usize, Judged<'_>)> =
            said.iter().map(|one| (one.at, self.judged(*one, threshold))).collect();
        let ones: Vec<Judged<'_>> = judged.iter().map(|(_, one)| *one).collect();
        let held_out = evaluate(&ones);
        let training = TrainingNote {
            examples: self.examples.len(),
            l2: chosen.fit.l2,
            accuracy_forced: held_out.accuracy_forced.unwrap_or_default(),
            seed: self.options.seed,
        };
        let Fitted { linear, centroids, neighbours } = fitted;
        let head = Head {
            encoder,
            labels: self.labels.clone(),
            spec: self.options.ngrams,
            temperature,
            scope: Some(Scope { score, centroids }),
            threshold,
            clarify_margin: calibration::clarify_margin(&answers),
            glossary: self.glossary.fingerprint(),
            training,
            linear,
            neighbours,
            adaptation: None,
            joined: false,
        };
        Ok(Trained { head, held_out, suspects: suspects(self.examples, &judged) })
    }

    /// Margin between the two best labels, and which of them is right.
    fn answered(&self, one: &Unseen, temperature: f32) -> Answered {
        let mut probabilities = one.logits.clone();
        softmax(&mut probabilities, temperature);
        let best = probabilities[one.best];
        let others = probabilities[..self.inside()].iter().copied().enumerate();
        let second = others
            .filter(|(class, _)| *class != one.best)
            .max_by(|a, b| a.1.total_cmp(&b.1))
            .unwrap_or_default();
        let class = self.classes_of[one.at];
        Answered {
            margin: best - second.1,
            right: one.best == class,
            second_right: second.0 == class && one.best != class,
        }
    }

    fn judged(&self, said: Said, threshold: f32) -> Judged<'_> {
        Judged {
            expected: &self.examples[said.at].intent,
            label: &self.labels[said.class],
            confidence: said.confidence,
            in_scope: said.in_scope,
            abstained: said.in_scope < threshold,
        }
    }
}

/// Softmax probability of one class at a temperature.
fn probability(logits: &[f32], class: usize, temperature: f32) -> f32 {
    let mut probabilities = logits.to_vec();
    softmax(&mut probabilities, temperature);
    probabilities[class]
}

fn suspects(examples: &[Example], judged: &[(usize, Judged<'_>)]) -> Vec<Suspect> {
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
