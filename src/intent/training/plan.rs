//! Predicts every example by a classifier that has not seen it, and chooses settings by that.

use crate::intent::calibration;
use crate::intent::folds;
use crate::intent::linear::FitOptions;
use crate::intent::linear::TrainingSet;
use crate::intent::linear::fit;
use crate::intent::parallel::run_jobs;
use std::num::NonZeroUsize;

/// Examples to learn from, and examples to be judged by, as one encoder reads them.
#[derive(Debug, Clone)]
pub(super) struct View<'a> {
    /// All examples; an adapted encoder has a set of its own.
    pub(super) set: &'a TrainingSet,
    /// Who is learnt from.
    pub(super) learn: Vec<usize>,
    /// Who is predicted.
    pub(super) judge: Vec<usize>,
}

/// One view a part: it is judged by what the others teach.
pub(super) fn views<'a>(set: &'a TrainingSet, parts: &[Vec<usize>]) -> Vec<View<'a>> {
    (0..parts.len())
        .map(|part| View { set, learn: others(parts, part), judge: parts[part].clone() })
        .collect()
}

/// Members of all parts but one.
pub(super) fn others(parts: &[Vec<usize>], part: usize) -> Vec<usize> {
    let rest = parts.iter().enumerate().filter(|(index, _)| *index != part);
    rest.flat_map(|(_, members)| members.iter().copied()).collect()
}

/// How examples are dealt into parts.
#[derive(Debug, Clone, Copy)]
pub(super) struct Dealer<'a> {
    /// The class of each example.
    pub(super) classes_of: &'a [usize],
    /// Texts that read the same share a group, hence a part.
    pub(super) groups: &'a [String],
    /// Seed of the shuffle.
    pub(super) seed: u64,
}

impl Dealer<'_> {
    /// Deals members into parts.
    pub(super) fn deal(&self, members: &[usize], parts: usize) -> Vec<Vec<usize>> {
        let how = folds::Deal { parts, seed: self.seed };
        folds::deal(members, self.classes_of, self.groups, how)
    }
}

/// Runs fits, a few at a time, and says how many are done.
pub(super) struct Fitter<'a> {
    /// Fits that run at once.
    pub(super) threads: NonZeroUsize,
    /// Hears how many fits of a call are done.
    pub(super) progress: &'a (dyn Fn(usize) + Sync),
}

/// An example and the logits of a classifier that has not seen it.
pub(super) type Unseen = (usize, Vec<f32>);

impl Fitter<'_> {
    /// The setting under which the judged examples are likeliest, at its own best temperature.
    pub(super) fn choose(
        &self,
        views: &[View<'_>],
        settings: &[FitOptions],
    ) -> candle_core::Result<Option<FitOptions>> {
        if settings.len() < 2 {
            return Ok(settings.first().copied());
        }
        let jobs: Vec<(FitOptions, &View<'_>)> = settings
            .iter()
            .flat_map(|setting| views.iter().map(move |view| (*setting, view)))
            .collect();
        let predicted = run_jobs(
            self.threads,
            &jobs,
            |(setting, view)| predict(view, *setting),
            |done| (self.progress)(done),
        );
        let predicted = predicted.into_iter().collect::<candle_core::Result<Vec<_>>>()?;
        let losses = predicted.chunks(views.len().max(1)).map(|of_setting| {
            let (classes, logits): (Vec<usize>, Vec<Vec<f32>>) = of_setting
                .iter()
                .zip(views)
                .flat_map(|(rows, view)| {
                    rows.iter().map(|(at, row)| (view.set.classes_of[*at], row.clone()))
                })
                .unzip();
            let temperature = calibration::temperature(&logits, &classes);
            calibration::loss(&logits, &classes, temperature)
        });
        let best = settings.iter().zip(losses).min_by(|a, b| a.1.total_cmp(&b.1));
        Ok(best.map(|(setting, _)| *setting))
    }

    /// Logits of the judged examples, by example.
    pub(super) fn predict(
        &self,
        views: &[View<'_>],
        setting: FitOptions,
    ) -> candle_core::Result<Vec<Unseen>> {
        let rows = run_jobs(
            self.threads,
            views,
            |view| predict(view, setting),
            |done| (self.progress)(done),
        );
        let rows = rows.into_iter().collect::<candle_core::Result<Vec<_>>>()?;
        let mut unseen = rows.concat();
        unseen.sort_by_key(|(at, _)| *at);
        Ok(unseen)
    }
}

fn predict(view: &View<'_>, setting: FitOptions) -> candle_core::Result<Vec<Unseen>> {
    let model = fit(view.set, &view.learn, setting)?;
    let unseen = |at: &usize| {
        let row = &view.set.rows[*at];
        (*at, model.logits(&row.embedding, &row.ngrams))
    };
    Ok(view.judge.iter().map(unseen).collect())
}
