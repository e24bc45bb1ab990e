//! Training that fine-tunes the encoder's last layers before it fits the classifier.
//!
//! A fine-tuned encoder separates its own training examples too well for calibration. Therefore
//! each fold gets an encoder that was fine-tuned without the held-out part, and the encoder stored
//! in the head is fine-tuned on all examples.
//!
//! The classifier receives both embeddings of a text, the original and the adapted one, because
//! fine-tuning improves on texts like the examples and degrades on others. Signal heads need the
//! original embedding anyway.
//!
//! If the adapted encoder does not lower the held-out loss, which is common with many examples, the
//! head is trained on the original encoder alone.
//!
//! Invariants
//! - Settings, temperature and threshold are chosen on predictions of encoders and classifiers that
//!   have not seen the predicted example.

use crate::embedder::Embedder;
use crate::error::IntentError;
use crate::error::SharedCause;
use crate::head::OUT_OF_SCOPE;
use crate::head::joined;
use crate::linear::TrainingSet;
use crate::parallel::run_jobs;
use crate::training::contrastive;
use crate::training::contrastive::FineTuningSet;
use crate::training::cross_validation;
use crate::training::cross_validation::FoldSplit;
use crate::training::cross_validation::Hyperparameters;
use crate::training::cross_validation::SearchSpace;
use crate::training::options::TrainingProgress;
use crate::training::plain;
use crate::training::run::FitCount;
use crate::training::run::TrainingRun;
use crate::training::trained::Trained;
use std::sync::Arc;
use std::sync::atomic::AtomicUsize;
use std::sync::atomic::Ordering;
use vitrine_engine::model::Adaptation;
use vitrine_engine::model::EncoderLearner;
use vitrine_engine::model::ModelError;
use vitrine_engine::model::PreparedText;

/// Number of layers that are fine-tuned, counted from the output.
const ADAPTED_LAYERS: usize = 3;
/// Parts below [`MANY_EXAMPLES`]; each is held out once.
const PARTS: usize = 3;
/// From this many examples, only one of [`MANY_PARTS`] parts is held out, which is enough to judge.
const MANY_EXAMPLES: usize = 2_500;
const MANY_PARTS: usize = 5;
/// Texts per forward pass.
const BATCH_TEXTS: usize = 64;

fn failed(cause: ModelError) -> IntentError {
    IntentError::Adapt { cause: Arc::new(cause) as SharedCause }
}

/// Like [`super::train`], with an adapted encoder.
pub(super) fn train(run: &TrainingRun<'_>, embedder: &Embedder) -> Result<Trained, IntentError> {
    let (options, listener) = (run.options, run.listener);
    let texts = run.texts();
    let learner = embedder.learner(ADAPTED_LAYERS)?;
    let total = texts.len();
    let tokenized = embedder.tokenize_all(&texts)?;
    let progress = |done| listener(TrainingProgress::Embedding { done, total });
    let prepared = learner.prepare(&tokenized, progress).map_err(failed)?;
    let all = run.members();
    let (parts, judged_parts) =
        if all.len() < MANY_EXAMPLES { (PARTS, PARTS) } else { (MANY_PARTS, 1) };
    let parts = run.splitter().split_into(&all, parts);

    // Whether to use label names is decided with the original encoder, because fine-tuning trains
    // on them too.
    let search_space = options.search_space();
    let shared = embed(&learner, &prepared)?;
    let width = embedder.dimensions();
    let shared_set = run.training_set(&shared, width).set;
    let mut plain_splits = cross_validation::splits(&shared_set, &run.label_names, &parts);
    plain_splits.truncate(judged_parts);
    let fits = search_space.count() * judged_parts;
    let (start, plain_loss) =
        run.choose(&plain_splits, &search_space, FitCount { before: 0, total: fits })?;
    drop(plain_splits);
    drop(shared_set);
    drop(learner);

    let out_of_scope = run.labels.iter().position(|label| label == OUT_OF_SCOPE);
    let (classes_of, seed) = (&run.classes_of, options.seed);
    let trainer = EncoderTrainer {
        run,
        embedder,
        tuning_set: FineTuningSet { texts: &prepared, classes_of, out_of_scope, seed },
    };
    let learnt: Vec<Vec<usize>> = (0..judged_parts)
        .map(|part| run.learnt(&cross_validation::others(&parts, part), start))
        .chain([run.learnt(&all, start)])
        .collect();
    let mut tuned_encoders = trainer.fine_tune_all(&learnt)?;
    let shipped = tuned_encoders.pop();
    let sets: Vec<TrainingSet> = tuned_encoders
        .into_iter()
        .map(|tuned| run.training_set(&joined(shared.clone(), tuned.embeddings), width).set)
        .collect();
    let splits: Vec<FoldSplit<'_>> = sets
        .iter()
        .enumerate()
        .map(|(part, set)| FoldSplit::of(set, &run.label_names, &parts, part))
        .collect();
    let search_space = SearchSpace {
        start: Hyperparameters { label_names: start.label_names, ..search_space.start },
        label_names: false,
        ..search_space
    };
    let choosing = search_space.count() * splits.len();
    let fits = choosing + splits.len() + 1;
    let (chosen, loss) = run.choose(&splits, &search_space, FitCount { before: 0, total: fits })?;
    let shipped = match shipped {
        Some(tuned) if loss < plain_loss => tuned,
        _ => return plain::train(run, embedder),
    };
    let predicted = run.predict(&splits, chosen, FitCount { before: choosing, total: fits })?;
    drop(splits);
    drop(sets);

    // Fit on embeddings of the serving encoder, so that training sees the same rounding.
    let own = embedder.adapted(&shipped.adaptation)?.embed_blocking(&texts, |_| ())?;
    let shared = embedder.embed_blocking(&texts, |_| ())?;
    let fitted_set = run.training_set(&joined(shared, own), width);
    let fitted = run.fit(&fitted_set, chosen, predicted.blend)?;
    listener(TrainingProgress::Fitting { done: fits, total: fits });
    let mut trained = run.finish(embedder.identity().clone(), chosen, &predicted.unseen, fitted)?;
    trained.head.adaptation = Some(shipped.adaptation);
    trained.head.joined = true;
    Ok(trained)
}

/// Embeddings of all texts with the learner's current weights.
fn embed(learner: &EncoderLearner, texts: &[PreparedText]) -> Result<Vec<Vec<f32>>, IntentError> {
    let mut embeddings = Vec::with_capacity(texts.len());
    for texts in texts.chunks(BATCH_TEXTS) {
        let texts: Vec<&PreparedText> = texts.iter().collect();
        embeddings.extend(learner.embed_finished(&texts).map_err(failed)?);
    }
    Ok(embeddings)
}

/// Fine-tunes one encoder per fold, each from the original weights. Folds run in parallel, because
/// the tensor library computes a step of few texts on one thread.
struct EncoderTrainer<'a> {
    run: &'a TrainingRun<'a>,
    embedder: &'a Embedder,
    tuning_set: FineTuningSet<'a>,
}

/// A fine-tuned encoder's changed weights and its embeddings of all texts.
struct FineTunedEncoder {
    adaptation: Adaptation,
    /// `[texts][dimensions]`.
    embeddings: Vec<Vec<f32>>,
}

impl EncoderTrainer<'_> {
    /// Fine-tunes one encoder for each list of example indices.
    fn fine_tune_all(&self, learnt: &[Vec<usize>]) -> Result<Vec<FineTunedEncoder>, IntentError> {
        let total = learnt.iter().map(|members| contrastive::steps(members.len())).sum();
        let done = AtomicUsize::new(0);
        let listener = self.run.listener;
        let step = || {
            let done = done.fetch_add(1, Ordering::Relaxed) + 1;
            listener(TrainingProgress::Adapting { done, total });
        };
        let fine_tune = |members: &Vec<usize>| {
            let learner = self.embedder.learner(ADAPTED_LAYERS)?;
            contrastive::adapt(&learner, self.tuning_set, members, step).map_err(failed)?;
            let embeddings = embed(&learner, self.tuning_set.texts)?;
            Ok(FineTunedEncoder { adaptation: learner.adaptation().map_err(failed)?, embeddings })
        };
        run_jobs(self.run.options.threads, learnt, fine_tune, |_| ()).into_iter().collect()
    }
}

#[cfg(test)]
mod tests {
    use crate::Head;
    use crate::IntentClassifier;
    use crate::NgramSpec;
    use crate::examples::Example;
    use crate::training::TrainingOptions;
    use crate::training::train;
    use std::num::NonZeroUsize;
    use std::path::Path;
    use std::sync::Arc;

    /// Mean cosine of texts of the same intent minus that of texts of different intents.
    fn separation(embeddings: &[Vec<f32>], examples: &[Example]) -> f32 {
        let mut sums = [(0.0_f32, 0.0_f32); 2];
        for (one, its) in embeddings.iter().zip(examples) {
            for (other, others) in embeddings.iter().zip(examples).filter(|(e, _)| *e != one) {
                let sum = &mut sums[usize::from(its.intent == others.intent)];
                sum.0 += one.iter().zip(other).map(|(a, b)| a * b).sum::<f32>();
                sum.1 += 1.0;
            }
        }
        sums[1].0 / sums[1].1 - sums[0].0 / sums[0].1
    }

    #[test]
    fn an_adapted_head_draws_its_intents_together_and_survives_its_file() {
        let folder = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../.."))
            .join("tests/golden/encoders/bert");
        let embedder = crate::open_embedder(&folder);
        // What the intents share outweighs what tells them apart.
        let shared = [
            "I ordered two weeks ago",
            "I am looking for marathon shoes",
            "size 42 please",
            "the blue jacket is too small",
            "do you have a larger one",
            "la veste bleue est trop petite",
            "avez-vous plus grand",
            "j'ai commandé il y a deux semaines",
            "je cherche des chaussures de marathon",
            "can I return these socks",
            "puis-je rendre ces chaussettes",
            "taille 42 s'il vous plaît",
        ];
        let examples: Vec<Example> = shared
            .into_iter()
            .flat_map(|shared| {
                [("status", "where is it"), ("refund", "the money")]
                    .map(|(intent, text)| (format!("{shared} {text}"), intent.to_owned()))
            })
            .map(|(text, intent)| Example { text, intent })
            .collect();
        let options = TrainingOptions {
            seed: 1,
            threads: NonZeroUsize::MIN,
            ngrams: NgramSpec { buckets: 256, characters_min: 2, characters_max: 3 },
            l2_grid: vec![0.1],
            // N-grams are off: they alone would separate these two labels.
            ngram_weight_grid: vec![0.0],
            label_names: true,
            keep_examples: true,
            accuracy_cost_max: 0.02,
            adapt: true,
        };
        let trained = train(&examples, &embedder, &options, &|_| ()).unwrap();
        let adaptation = trained.head.adaptation.as_ref().unwrap();
        assert_eq!(trained.held_out.examples, examples.len());

        let texts: Vec<&str> = examples.iter().map(|example| example.text.as_str()).collect();
        let plain = embedder.embed_blocking(&texts, |_| ()).unwrap();
        let adapted = embedder.adapted(adaptation).unwrap();
        let moved = adapted.embed_blocking(&texts, |_| ()).unwrap();
        let (before, after) = (separation(&plain, &examples), separation(&moved, &examples));
        assert!(after > before, "{before} to {after}");

        let again = Head::from_bytes(&trained.head.to_bytes().unwrap()).unwrap();
        assert_eq!(again.adaptation, trained.head.adaptation);
        let classifier = IntentClassifier::new(Arc::new(embedder), again).unwrap();
        let answers = classifier.classify_blocking(&texts, |_| ()).unwrap();
        let right =
            answers.iter().zip(&examples).filter(|(answers, its)| answers.label == its.intent);
        assert!(right.count() >= 20, "of 24, on joined embeddings");
        let embedder = classifier.embedder();
        let once_more = train(&examples, embedder, &options, &|_| ()).unwrap();
        assert_eq!(once_more.head.adaptation, trained.head.adaptation, "the same seed");
    }
}
