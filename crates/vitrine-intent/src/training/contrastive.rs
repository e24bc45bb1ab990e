//! Supervised contrastive fine-tuning of an encoder's last layers.
//!
//! Each step takes a batch with pairs of several intents. Each text is pulled towards the texts of
//! its intent and pushed away from all others in the batch. `oos` texts share no meaning, so they
//! only push.
//!
//! Invariants
//! - The same texts, members and seed give the same encoder on one machine.
//!
//! Source: supervised contrastive loss, Khosla et al. 2020, arXiv:2004.11362; adapting sentence
//! encoders by pairs of few examples, Tunstall et al. 2022 (SetFit), arXiv:2209.11055.

use candle_core::Device;
use candle_core::Tensor;
use candle_nn::AdamW;
use candle_nn::Optimizer;
use candle_nn::ParamsAdamW;
use rand::SeedableRng;
use rand::seq::SliceRandom;
use rand_chacha::ChaCha8Rng;
use std::collections::BTreeMap;
use vitrine_engine::model::EncoderLearner;
use vitrine_engine::model::ModelError;
use vitrine_engine::model::PreparedText;

/// Texts per step.
const BATCH_TEXTS: usize = 64;
/// Passes over the examples, subject to the limits on steps.
const EPOCHS: usize = 4;
/// Minimum steps; few examples are repeated for more epochs.
const STEPS_MIN: usize = 64;
/// Maximum steps, which bounds training time, unless one epoch takes more.
const STEPS_MAX: usize = 480;
/// Peak learning rate, reached after warming up for a tenth of the steps; falls linearly to zero.
const LEARNING_RATE: f64 = 1e-4;
const WEIGHT_DECAY: f64 = 0.01;
/// Divisor of cosines in the loss; smaller emphasises the nearest texts.
const TEMPERATURE: f64 = 0.05;
/// Added to a text's cosine with itself, which excludes it from the softmax.
const SELF_PENALTY: f32 = -1e4;

/// Training examples with their classes.
#[derive(Debug, Clone, Copy)]
pub(super) struct FineTuningSet<'a> {
    /// All texts.
    pub(super) texts: &'a [PreparedText],
    /// Class index of each text.
    pub(super) classes_of: &'a [usize],
    /// Class index of `oos`, whose texts only push; `None` without such examples.
    pub(super) out_of_scope: Option<usize>,
    /// Seed of the shuffles.
    pub(super) seed: u64,
}

/// Number of steps for a number of members.
pub(super) fn steps(members: usize) -> usize {
    let an_epoch = members.div_ceil(BATCH_TEXTS).max(1);
    (an_epoch * EPOCHS).clamp(STEPS_MIN, STEPS_MAX.max(an_epoch))
}

/// Fine-tunes the learner on the members. `progress` is called after each step.
///
/// # Errors
/// If the tensor library fails.
#[expect(clippy::cast_precision_loss, reason = "step counts are small")]
pub(super) fn adapt(
    learner: &EncoderLearner,
    tuning_set: FineTuningSet<'_>,
    members: &[usize],
    mut progress: impl FnMut(),
) -> Result<(), ModelError> {
    let options = ParamsAdamW { lr: 0.0, weight_decay: WEIGHT_DECAY, ..ParamsAdamW::default() };
    let mut optimizer = AdamW::new(learner.variables(), options)?;
    let mut random = ChaCha8Rng::seed_from_u64(tuning_set.seed);
    let total = steps(members.len());
    let mut waiting: Vec<usize> = Vec::new();
    for step in 0..total {
        if waiting.len() < BATCH_TEXTS.min(members.len()) {
            waiting = in_pairs(members, tuning_set.classes_of, &mut random);
        }
        let batch: Vec<usize> = waiting.drain(..BATCH_TEXTS.min(waiting.len())).collect();
        let share = (step + 1) as f64 / total as f64;
        optimizer.set_learning_rate(LEARNING_RATE * (share * 10.0).min(1.0) * (1.0 - share));
        if let Some(loss) = loss(learner, tuning_set, &batch, &mut random)? {
            optimizer.backward_step(&loss)?;
        }
        progress();
    }
    Ok(())
}

/// All members in shuffled pairs of one class; the odd member of a class is single.
fn in_pairs(members: &[usize], classes_of: &[usize], random: &mut ChaCha8Rng) -> Vec<usize> {
    let mut by_class: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
    for member in members {
        by_class.entry(classes_of[*member]).or_default().push(*member);
    }
    let mut pairs: Vec<Vec<usize>> = Vec::new();
    for mut of_class in by_class.into_values() {
        of_class.shuffle(random);
        pairs.extend(of_class.chunks(2).map(<[usize]>::to_vec));
    }
    pairs.shuffle(random);
    pairs.concat()
}

/// Weight of each pair in the loss, `[texts, texts]` row-major, with sum 1. Each text that has
/// others of its class in the batch gets an equal share, split equally among its partners. `None`
/// if no text has a partner.
#[expect(clippy::cast_precision_loss, reason = "a batch has few texts")]
fn weights(classes: &[usize], out_of_scope: Option<usize>) -> Option<Vec<f32>> {
    let texts = classes.len();
    let mut weights = vec![0.0_f32; texts * texts];
    let mut drawn = 0_usize;
    for (row, class) in classes.iter().enumerate() {
        let alike: Vec<usize> =
            (0..texts).filter(|other| *other != row && classes[*other] == *class).collect();
        if Some(*class) == out_of_scope || alike.is_empty() {
            continue;
        }
        drawn += 1;
        for other in &alike {
            weights[row * texts + other] = 1.0 / alike.len() as f32;
        }
    }
    weights.iter_mut().for_each(|weight| *weight /= drawn.max(1) as f32);
    (drawn > 0).then_some(weights)
}

fn loss(
    learner: &EncoderLearner,
    tuning_set: FineTuningSet<'_>,
    batch: &[usize],
    random: &mut ChaCha8Rng,
) -> Result<Option<Tensor>, ModelError> {
    let classes: Vec<usize> = batch.iter().map(|at| tuning_set.classes_of[*at]).collect();
    let Some(weights) = weights(&classes, tuning_set.out_of_scope) else { return Ok(None) };
    let texts: Vec<&PreparedText> = batch.iter().map(|at| &tuning_set.texts[*at]).collect();
    let embeddings = learner.embed(&texts, random)?;
    let size = batch.len();
    let penalties: Vec<f32> = (0..size * size)
        .map(|at| if at / size == at % size { SELF_PENALTY } else { 0.0 })
        .collect();
    let penalties = Tensor::from_vec(penalties, (size, size), &Device::Cpu)?;
    let weights = Tensor::from_vec(weights, (size, size), &Device::Cpu)?;
    let cosines = (embeddings.matmul(&embeddings.t()?)? / TEMPERATURE)?;
    let likelihoods = candle_nn::ops::log_softmax(&(cosines + penalties)?, 1)?;
    Ok(Some((likelihoods * weights)?.sum_all()?.neg()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_that_share_a_class_share_the_loss_and_oos_texts_only_push() {
        let found = weights(&[0, 0, 1, 2, 2, 0], Some(2)).unwrap();
        let row = |index: usize| &found[index * 6..(index + 1) * 6];
        assert_eq!(row(0), [0.0, 1.0 / 6.0, 0.0, 0.0, 0.0, 1.0 / 6.0]);
        assert!([2, 3, 4].iter().all(|index| row(*index).iter().all(|w| *w == 0.0)));
        assert!((found.iter().sum::<f32>() - 1.0).abs() < 1e-6);
        assert_eq!(weights(&[0, 1, 2], None), None);
    }

    #[test]
    fn a_pass_holds_every_member_once_with_its_pair_beside_it() {
        let classes_of = [0, 1, 0, 1, 0, 1, 1, 0, 2];
        let members: Vec<usize> = (0..9).collect();
        let mut random = ChaCha8Rng::seed_from_u64(1);
        let pass = in_pairs(&members, &classes_of, &mut random);
        let mut sorted = pass.clone();
        sorted.sort_unstable();
        assert_eq!(sorted, members);
        let beside = pass.windows(2).filter(|w| classes_of[w[0]] == classes_of[w[1]]).count();
        assert!(beside >= 4);
        assert_eq!(steps(64), STEPS_MIN);
        assert_eq!(steps(64 * 20), 20 * EPOCHS);
        assert_eq!(steps(64 * 1_000), 1_000, "every example is seen once at least");
        assert_eq!(steps(64 * 200), STEPS_MAX);
    }
}
