//! Training with an unchanged encoder.

use crate::embedder::Embedder;
use crate::error::IntentError;
use crate::folds;
use crate::head::identity::EncoderIdentity;
use crate::training::cross_validation;
use crate::training::options::TrainingProgress;
use crate::training::run::FitCount;
use crate::training::run::TrainingRun;
use crate::training::trained::Trained;

/// Folds for the held-out predictions.
const FOLDS: usize = 5;
/// Folds for comparing settings; fewer suffice.
const SELECTION_FOLDS: usize = 3;
/// Maximum examples for comparing settings; bounds training time with many labels (150 and more).
const SELECTION_EXAMPLES_MAX: usize = 3_000;
/// Trains with an unchanged encoder.
pub(super) fn train(run: &TrainingRun<'_>, embedder: &Embedder) -> Result<Trained, IntentError> {
    let texts = run.texts();
    let total = texts.len();
    let embeddings = embedder.embed_blocking(&texts, |done| {
        (run.listener)(TrainingProgress::Embedding { done, total });
    })?;
    train_on_embeddings(run, Vectors { embeddings, encoder: embedder.identity().clone() })
}

/// Embeddings of a training run's texts, and the encoder that computed them.
#[derive(Debug, Clone)]
struct Vectors {
    embeddings: Vec<Vec<f32>>,
    encoder: EncoderIdentity,
}

/// Like [`train`], with the embeddings given.
fn train_on_embeddings(run: &TrainingRun<'_>, vectors: Vectors) -> Result<Trained, IntentError> {
    let (seed, search_space) = (run.options.seed, run.options.search_space());
    let centred = run.training_set(&vectors.embeddings, vectors.encoder.dimensions);
    let set = &centred.set;
    let (splitter, all) = (run.splitter(), run.members());
    let sample = folds::sample(&all, &run.classes_of, SELECTION_EXAMPLES_MAX, seed);
    let selection = cross_validation::splits(
        set,
        &run.label_names,
        &splitter.split_into(&sample, SELECTION_FOLDS),
    );
    let judging =
        cross_validation::splits(set, &run.label_names, &splitter.split_into(&all, FOLDS));
    let choosing = search_space.count() * SELECTION_FOLDS;
    let total = choosing + FOLDS + 1;
    let (chosen, _) = run.choose(&selection, &search_space, FitCount { before: 0, total })?;
    let predicted = run.predict(&judging, chosen, FitCount { before: choosing, total })?;
    let fitted = run.fit(&centred, chosen, predicted.blend)?;
    (run.listener)(TrainingProgress::Fitting { done: total, total });
    run.finish(vectors.encoder, chosen, &predicted.unseen, fitted)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::examples::Example;
    use crate::features::NgramSpec;
    use crate::training::options::ProgressListener;
    use crate::training::options::TrainingOptions;
    use std::num::NonZeroUsize;

    const WORDS: [(&str, &str); 4] =
        [("greet", "hello"), ("order_status", "parcel"), ("refund", "money"), ("oos", "weather")];

    /// Examples whose embedding points at their label, except every eleventh, which is rotated.
    fn examples() -> (Vec<Example>, Vectors) {
        let mut examples = Vec::new();
        let mut embeddings = Vec::new();
        for index in 0..120_u8 {
            let (label, word) = WORDS[usize::from(index) % 4];
            let text = format!("{word} number{} please {word}", char::from(b'a' + index / 4 % 26));
            examples.push(Example { text, intent: label.to_owned() });
            let mut embedding = vec![0.1; 4];
            embedding[usize::from(index) % 4] = 1.0;
            if index % 11 == 0 {
                embedding.rotate_left(1);
            }
            embeddings.push(embedding);
        }
        // Embeddings of the label names `greet`, `order status` and `refund`.
        embeddings.extend((0..3).map(|class| (0..4).map(|at| f32::from(at == class)).collect()));
        let encoder = EncoderIdentity { name: "toy".into(), sha256: "0".into(), dimensions: 4 };
        (examples, Vectors { embeddings, encoder })
    }

    fn options(threads: usize) -> TrainingOptions {
        TrainingOptions {
            seed: 3,
            threads: NonZeroUsize::new(threads).unwrap(),
            ngrams: NgramSpec { buckets: 256, characters_min: 2, characters_max: 3 },
            l2_grid: vec![0.1, 1.0],
            ngram_weight_grid: vec![1.0],
            label_names: true,
            keep_examples: true,
            accuracy_cost_max: 0.02,
            adapt: false,
        }
    }

    fn train_on(
        examples: &[Example],
        vectors: Vectors,
        options: &TrainingOptions,
        listener: ProgressListener<'_>,
    ) -> Trained {
        let run = TrainingRun::new(examples, options, listener).unwrap();
        train_on_embeddings(&run, vectors).unwrap()
    }

    #[test]
    fn a_head_is_trained_calibrated_and_the_same_on_any_number_of_threads() {
        let (examples, vectors) = examples();
        let heard = std::sync::Mutex::new(Vec::new());
        let listener = |progress| heard.lock().unwrap().push(progress);
        let trained = train_on(&examples, vectors.clone(), &options(2), &listener);
        assert!(trained.held_out.accuracy_forced.unwrap() > 0.95);
        assert_eq!(trained.head.labels(), ["greet", "order_status", "refund", "oos"]);
        assert_eq!(trained.held_out.examples, 120);
        let total = 3 * SELECTION_FOLDS + FOLDS + 1;
        let heard = heard.into_inner().unwrap();
        assert!(heard.contains(&TrainingProgress::Fitting { done: total, total }));
        assert_eq!(heard.len(), total);
        let again = train_on(&examples, vectors, &options(1), &|_| ());
        assert_eq!(again.head, trained.head);
    }

    #[test]
    fn wrong_labels_are_suspected() {
        let (mut examples, vectors) = examples();
        examples[4].intent = "refund".into();
        let trained = train_on(&examples, vectors, &options(2), &|_| ());
        assert_eq!(trained.suspects[0].example, examples[4]);
        assert_eq!(trained.suspects[0].predicted, "greet");
    }
}
