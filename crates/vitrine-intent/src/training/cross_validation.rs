//! Cross-validation: fits classifiers on some parts, predicts the held-out part, and chooses the
//! setting with the lowest held-out loss.
//!
//! Invariants
//! - No example is predicted by a classifier that was fitted on it.

use crate::calibration;
use crate::discriminant::Discriminant;
use crate::folds;
use crate::linear::FitOptions;
use crate::linear::TrainingSet;
use crate::linear::fit;
use crate::neighbours;
use crate::parallel::run_jobs;
use crate::scope::Centroids;
use std::num::NonZeroUsize;

/// One cross-validation split: examples to fit on and held-out examples to predict.
#[derive(Debug, Clone)]
pub(super) struct FoldSplit<'a> {
    /// All examples with the embeddings of one encoder; each adapted encoder has its own set.
    pub(super) set: &'a TrainingSet,
    /// Indices of the examples to fit on.
    pub(super) learn: Vec<usize>,
    /// Indices of the held-out examples.
    pub(super) judge: Vec<usize>,
    /// Indices of the label names: fitted on if the setting uses them, never predicted.
    pub(super) label_names: &'a [usize],
}

/// One split per part: the part is held out and the others are fitted on.
pub(super) fn splits<'a>(
    set: &'a TrainingSet,
    label_names: &'a [usize],
    parts: &[Vec<usize>],
) -> Vec<FoldSplit<'a>> {
    (0..parts.len()).map(|part| FoldSplit::of(set, label_names, parts, part)).collect()
}

/// Members of all parts but one.
pub(super) fn others(parts: &[Vec<usize>], part: usize) -> Vec<usize> {
    let rest = parts.iter().enumerate().filter(|(index, _)| *index != part);
    rest.flat_map(|(_, members)| members.iter().copied()).collect()
}

/// Splits the examples of one training run into parts.
#[derive(Debug, Clone, Copy)]
pub(super) struct FoldSplitter<'a> {
    /// Class index of each example.
    pub(super) classes_of: &'a [usize],
    /// Folded spelling of each example; equal ones share a part.
    pub(super) groups: &'a [String],
    /// Seed of the shuffle.
    pub(super) seed: u64,
}

impl FoldSplitter<'_> {
    /// Splits members into parts, stratified by class.
    pub(super) fn split_into(&self, members: &[usize], parts: usize) -> Vec<Vec<usize>> {
        let how = folds::SplitOptions { parts, seed: self.seed };
        folds::split_into(members, self.classes_of, self.groups, how)
    }
}

/// Hyperparameters chosen by cross-validation.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Hyperparameters {
    /// Options of logistic regression.
    pub(super) fit: FitOptions,
    /// Whether the words of a label's name count as one more example of it.
    pub(super) label_names: bool,
}

/// Search space of cross-validation. The search is coordinate-wise: n-gram weight, then L2 penalty,
/// then label names.
#[derive(Debug, Clone)]
pub(super) struct SearchSpace {
    /// Initial setting; it is tried too.
    pub(super) start: Hyperparameters,
    /// Further n-gram weights to try.
    pub(super) ngram_weights: Vec<f32>,
    /// Further L2 penalties to try.
    pub(super) l2: Vec<f32>,
    /// Whether to try flipping [`Hyperparameters::label_names`].
    pub(super) label_names: bool,
}

impl SearchSpace {
    /// Number of settings that are compared.
    pub(super) fn count(&self) -> usize {
        1 + self.ngram_weights.len() + self.l2.len() + usize::from(self.label_names)
    }
}

/// Runs fits in parallel and reports progress.
pub(super) struct Fitter<'a> {
    /// Number of fits that run in parallel.
    pub(super) threads: NonZeroUsize,
    /// Kernel sharpnesses to predict with; empty turns neighbours off.
    pub(super) sharpnesses: &'a [f32],
    /// Receives the number of fits done in the current call.
    pub(super) progress: &'a (dyn Fn(usize) + Sync),
}

/// Held-out logits of one example by each kind of classifier, `[classes]` each.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct HeldOutLogits {
    /// Index of the example.
    pub(super) at: usize,
    /// Logits of logistic regression.
    pub(super) logits: Vec<f32>,
    /// Logits of the discriminant.
    pub(super) discriminant: Vec<f32>,
    /// Logits of the neighbours, one list per sharpness.
    pub(super) neighbours: Vec<Vec<f32>>,
    /// Cosines with the centroids of the in-scope classes.
    pub(super) closeness: Vec<f32>,
}

impl Fitter<'_> {
    /// The setting with the lowest held-out loss, each setting at its own best temperature, and
    /// that mean loss.
    pub(super) fn choose(
        &self,
        splits: &[FoldSplit<'_>],
        search_space: &SearchSpace,
    ) -> candle_core::Result<(Hyperparameters, f64)> {
        let mut best = search_space.start;
        let mut done = 0;
        let mut least = f64::INFINITY;
        let mut try_all = |best: &mut Hyperparameters, settings: Vec<Hyperparameters>| {
            let losses = self.losses(splits, &settings, done)?;
            done += settings.len() * splits.len();
            for (setting, loss) in settings.into_iter().zip(losses) {
                if loss < least {
                    (*best, least) = (setting, loss);
                }
            }
            Ok::<(), candle_core::Error>(())
        };
        let first = std::iter::once(best.fit.ngram_weight);
        let weights = first.chain(search_space.ngram_weights.iter().copied());
        let weighed = |ngram_weight| {
            let fit = FitOptions { ngram_weight, ..search_space.start.fit };
            Hyperparameters { fit, ..search_space.start }
        };
        try_all(&mut best, weights.map(weighed).collect())?;
        let before = best;
        let pulled =
            |l2: &f32| Hyperparameters { fit: FitOptions { l2: *l2, ..before.fit }, ..before };
        try_all(&mut best, search_space.l2.iter().map(pulled).collect())?;
        if search_space.label_names {
            let label_names = Hyperparameters { label_names: !best.label_names, ..best };
            try_all(&mut best, vec![label_names])?;
        }
        Ok((best, least))
    }

    /// Mean held-out loss of each setting. Progress starts at `done` fits.
    fn losses(
        &self,
        splits: &[FoldSplit<'_>],
        settings: &[Hyperparameters],
        done: usize,
    ) -> candle_core::Result<Vec<f64>> {
        let jobs: Vec<(Hyperparameters, &FoldSplit<'_>)> = settings
            .iter()
            .flat_map(|setting| splits.iter().map(move |split| (*setting, split)))
            .collect();
        let predicted = run_jobs(
            self.threads,
            &jobs,
            |(setting, split)| logits(split, *setting),
            |more| (self.progress)(done + more),
        );
        let predicted = predicted.into_iter().collect::<candle_core::Result<Vec<_>>>()?;
        let losses = predicted.chunks(splits.len().max(1)).map(|of_setting| {
            let (classes, logits): (Vec<usize>, Vec<Vec<f32>>) = of_setting
                .iter()
                .zip(splits)
                .flat_map(|(rows, split)| {
                    let classes = split.judge.iter().map(|at| split.set.classes_of[*at]);
                    classes.zip(rows.iter().cloned())
                })
                .unzip();
            let temperature = calibration::temperature(&logits, &classes);
            calibration::loss(&logits, &classes, temperature)
        });
        Ok(losses.collect())
    }

    /// Held-out logits of all judged examples, sorted by example. The first `inside` classes are in
    /// scope.
    pub(super) fn predict(
        &self,
        splits: &[FoldSplit<'_>],
        inside: usize,
        setting: Hyperparameters,
    ) -> candle_core::Result<Vec<HeldOutLogits>> {
        let rows = run_jobs(
            self.threads,
            splits,
            |split| self.held_out_logits(split, inside, setting),
            |done| (self.progress)(done),
        );
        let rows = rows.into_iter().collect::<candle_core::Result<Vec<_>>>()?;
        let mut unseen = rows.concat();
        unseen.sort_by_key(|one| one.at);
        Ok(unseen)
    }

    fn held_out_logits(
        &self,
        split: &FoldSplit<'_>,
        inside: usize,
        setting: Hyperparameters,
    ) -> candle_core::Result<Vec<HeldOutLogits>> {
        let (set, learn) = (split.set, split.learnt(setting));
        let model = fit(set, &learn, setting.fit)?;
        let discriminant = Discriminant::of(set, &learn, &model)?;
        let centroids = Centroids::of(set, &learn, inside);
        let mut near: Vec<_> =
            neighbours::held_out_logits(set, &learn, &split.judge, self.sharpnesses)?
                .into_iter()
                .map(Vec::into_iter)
                .collect();
        let held_out_logits = |at: &usize| {
            let row = &set.rows[*at];
            HeldOutLogits {
                at: *at,
                logits: model.logits(&row.embedding, &row.ngrams),
                discriminant: discriminant.logits(&row.embedding),
                neighbours: near.iter_mut().filter_map(Iterator::next).collect(),
                closeness: (0..inside).map(|of| centroids.closeness(of, &row.embedding)).collect(),
            }
        };
        Ok(split.judge.iter().map(held_out_logits).collect())
    }
}

impl<'a> FoldSplit<'a> {
    /// The split that holds out `part` and fits on the other parts.
    pub(super) fn of(
        set: &'a TrainingSet,
        label_names: &'a [usize],
        parts: &[Vec<usize>],
        part: usize,
    ) -> Self {
        FoldSplit { set, learn: others(parts, part), judge: parts[part].clone(), label_names }
    }

    /// Indices to fit on under a setting.
    fn learnt(&self, setting: Hyperparameters) -> Vec<usize> {
        let label_names = if setting.label_names { self.label_names } else { &[] };
        [self.learn.as_slice(), label_names].concat()
    }
}

/// Logits of logistic regression for the held-out examples, `[judged][classes]`.
fn logits(split: &FoldSplit<'_>, setting: Hyperparameters) -> candle_core::Result<Vec<Vec<f32>>> {
    let model = fit(split.set, &split.learnt(setting), setting.fit)?;
    let logits_of = |at: &usize| {
        let row = &split.set.rows[*at];
        model.logits(&row.embedding, &row.ngrams)
    };
    Ok(split.judge.iter().map(logits_of).collect())
}
