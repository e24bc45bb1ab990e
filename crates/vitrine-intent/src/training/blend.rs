//! Weights of the three kinds of classifiers in a head's logits.
//!
//! Logistic regression always has weight 1. The discriminant helps when examples are few, the
//! neighbours when they are many, but neither always does. Their weights are chosen by held-out
//! loss, and are 0 without a clear gain.
//!
//! Source: weighted sum of logits (logarithmic opinion pool), Heskes 1998.

use crate::calibration;
use crate::discriminant::variance;
use crate::neighbours::Kernel;
use crate::parallel::run_jobs;
use crate::training::cross_validation::HeldOutLogits;
use std::num::NonZeroUsize;

/// Kernel sharpnesses to try.
pub(super) const SHARPNESSES: [f32; 2] = [20.0, 33.0];
/// Weights of the discriminant to try, relative to logistic regression.
const DISCRIMINANT_SHARES: [f32; 3] = [0.25, 0.5, 1.0];
/// Weights of the neighbours to try, relative to logits of equal magnitude.
const NEIGHBOUR_SHARES: [f32; 3] = [0.25, 0.5, 1.0];
/// Maximum predictions for comparing weights; bounds training time with many labels (150 and more).
const COMPARED_MAX: usize = 3_000;
/// Minimum relative reduction of the loss for leaving [`Blend::NONE`]; a smaller one is chance.
const GAIN_MIN: f64 = 0.005;

/// Weights of the classifiers; that of logistic regression is 1.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Blend {
    /// Weight of the discriminant.
    pub(super) discriminant: f32,
    /// Index into [`SHARPNESSES`] and weight of the neighbours; `None` if they are not used.
    neighbours: Option<(usize, f32)>,
}

/// Blended held-out prediction of one example.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct HeldOutPrediction {
    /// Index of the example.
    pub(super) at: usize,
    /// Blended logits, `[classes]`.
    pub(super) logits: Vec<f32>,
    /// Class index of the best in-scope label.
    pub(super) best: usize,
    /// Cosine with that label's centroid.
    pub(super) closeness: f32,
}

impl Blend {
    /// Logistic regression alone.
    pub(super) const NONE: Self = Self { discriminant: 0.0, neighbours: None };

    /// Kernel of the neighbours; `None` if they are not used.
    pub(super) fn kernel(self) -> Option<Kernel> {
        self.neighbours.map(|(at, weight)| Kernel { sharpness: SHARPNESSES[at], weight })
    }

    /// Weighted sum of the logits of all kinds, `[classes]`.
    fn logits(self, held_out: &HeldOutLogits) -> Vec<f32> {
        let mut logits = held_out.logits.clone();
        let mut add = |more: &[f32], factor: f32| {
            logits.iter_mut().zip(more).for_each(|(sum, logit)| *sum += factor * logit);
        };
        add(&held_out.discriminant, self.discriminant);
        if let Some((at, weight)) = self.neighbours {
            add(&held_out.neighbours[at], weight);
        }
        logits
    }

    /// Blends the logits of one example.
    pub(super) fn unseen(self, held_out: &HeldOutLogits) -> HeldOutPrediction {
        let logits = self.logits(held_out);
        let inside = logits.iter().take(held_out.closeness.len()).enumerate();
        let best = inside.max_by(|a, b| a.1.total_cmp(b.1)).map_or(0, |(class, _)| class);
        let closeness = held_out.closeness.get(best).copied().unwrap_or_default();
        HeldOutPrediction { at: held_out.at, logits, best, closeness }
    }

    /// The blend with the lowest loss, each at its own best temperature. The search is greedy:
    /// first the neighbours, then the discriminant.
    pub(super) fn choose(
        held_out: &[HeldOutLogits],
        classes_of: &[usize],
        threads: NonZeroUsize,
    ) -> Self {
        let step = held_out.len().div_ceil(COMPARED_MAX).max(1);
        let compared: Vec<&HeldOutLogits> = held_out.iter().step_by(step).collect();
        let classes: Vec<usize> = compared.iter().map(|one| classes_of[one.at]).collect();
        let best_of = |best: (Self, f64), blends: Vec<Self>| {
            let losses = run_jobs(
                threads,
                &blends,
                |blend| {
                    let logits: Vec<Vec<f32>> =
                        compared.iter().map(|one| blend.logits(one)).collect();
                    let temperature = calibration::temperature(&logits, &classes);
                    calibration::loss(&logits, &classes, temperature)
                },
                |_| (),
            );
            blends.into_iter().zip(losses).fold(best, |best, (blend, loss)| {
                let bar = if best.0 == Self::NONE { best.1 * (1.0 - GAIN_MIN) } else { best.1 };
                if loss < bar { (blend, loss) } else { best }
            })
        };
        let alone = best_of((Self::NONE, f64::INFINITY), vec![Self::NONE]);
        let (with_neighbours, loss) = best_of(alone, neighbour_blends(&compared));
        let shared = |discriminant: &f32| Self { discriminant: *discriminant, ..with_neighbours };
        best_of((with_neighbours, loss), DISCRIMINANT_SHARES.iter().map(shared).collect()).0
    }
}

/// Blends with the neighbours at each sharpness and weight. Weights are relative to the factor that
/// gives their logits the magnitude of logistic regression's.
fn neighbour_blends(compared: &[&HeldOutLogits]) -> Vec<Blend> {
    let spread = |logits: &dyn Fn(&HeldOutLogits) -> f64| -> f64 {
        compared.iter().map(|one| logits(one)).sum::<f64>().sqrt()
    };
    let of_regression = spread(&|one| variance(&one.logits));
    let mut blends = Vec::new();
    let asked = compared.iter().map(|one| one.neighbours.len()).min().unwrap_or_default();
    for at in 0..asked {
        let of_neighbours = spread(&|one| variance(&one.neighbours[at]));
        if of_neighbours > 0.0 {
            #[expect(clippy::cast_possible_truncation, reason = "a factor needs no f64 precision")]
            let even = (of_regression / of_neighbours) as f32;
            blends.extend(
                NEIGHBOUR_SHARES
                    .map(|share| Blend { neighbours: Some((at, share * even)), ..Blend::NONE }),
            );
        }
    }
    blends
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand::Rng;
    use rand::SeedableRng;
    use rand_chacha::ChaCha8Rng;

    /// Classifiers that predict the class; the others return noise.
    #[derive(Clone, Copy, PartialEq)]
    enum Informative {
        Regression,
        Discriminant,
        Neighbours,
    }

    fn held_out_logits(informative: &[Informative]) -> (Vec<HeldOutLogits>, Vec<usize>) {
        let mut random = ChaCha8Rng::seed_from_u64(8);
        let classes_of: Vec<usize> = (0..300).map(|at| at % 3).collect();
        let held_out = classes_of
            .iter()
            .enumerate()
            .map(|(at, class)| {
                let mut of = |classifier: Informative| -> Vec<f32> {
                    let height = if informative.contains(&classifier) { 1.0 } else { 0.0 };
                    let right = |other: usize| if other == *class { height } else { 0.0 };
                    (0..3).map(|other| right(other) + random.random_range(-1.0..1.0)).collect()
                };
                HeldOutLogits {
                    at,
                    logits: of(Informative::Regression),
                    discriminant: of(Informative::Discriminant),
                    neighbours: vec![of(Informative::Neighbours), of(Informative::Neighbours)],
                    closeness: vec![0.1, 0.2, 0.3],
                }
            })
            .collect();
        (held_out, classes_of)
    }

    fn chosen(informative: &[Informative]) -> Blend {
        let (held_out, classes_of) = held_out_logits(informative);
        let chosen = Blend::choose(&held_out, &classes_of, NonZeroUsize::MIN);
        let two = NonZeroUsize::new(2).unwrap();
        assert_eq!(Blend::choose(&held_out, &classes_of, two), chosen);
        chosen
    }

    #[test]
    fn an_uninformative_classifier_gets_no_weight() {
        assert_eq!(chosen(&[Informative::Regression]), Blend::NONE);
        assert_eq!(Blend::choose(&[], &[], NonZeroUsize::MIN), Blend::NONE);
        assert_eq!(Blend::NONE.kernel(), None);
    }

    #[test]
    fn a_classifier_with_new_information_gets_weight() {
        let discriminant = chosen(&[Informative::Regression, Informative::Discriminant]);
        assert!(discriminant.discriminant > 0.0 && discriminant.neighbours.is_none());
        let neighbours = chosen(&[Informative::Regression, Informative::Neighbours]);
        assert!(neighbours.discriminant == 0.0 && neighbours.kernel().unwrap().weight > 0.0);
    }

    #[test]
    fn a_blend_adds_logits_and_names_the_best_class_with_its_closeness() {
        let held_out = HeldOutLogits {
            at: 7,
            logits: vec![1.0, 0.0, 5.0],
            discriminant: vec![0.0, 1.0, 0.0],
            neighbours: vec![vec![0.0; 3], vec![0.0, 2.0, 0.0]],
            closeness: vec![0.4, 0.6],
        };
        let alone = Blend::NONE.unseen(&held_out);
        assert_eq!((alone.best, alone.closeness), (0, 0.4));
        let blend = Blend { discriminant: 0.5, neighbours: Some((1, 0.75)) };
        let found = blend.unseen(&held_out);
        assert_eq!(found.logits, [1.0, 2.0, 5.0]);
        assert_eq!((found.at, found.best, found.closeness), (7, 1, 0.6));
        assert_eq!(blend.kernel(), Some(Kernel { sharpness: 33.0, weight: 0.75 }));
    }
}
