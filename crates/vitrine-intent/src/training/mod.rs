//! Trains a head: chooses its settings by cross-validation and calibrates it on held-out
//! predictions.
//!
//! [`train`] leaves the encoder unchanged or, with [`TrainingOptions::adapt`], fine-tunes its last
//! layers first (see `adapted`). Everything else is the same.
//!
//! Steps
//! 1. Each example text becomes an embedding and n-grams, and so do the words of each label's name.
//! 2. Cross-validated loss chooses the n-gram weight, the L2 penalty, and whether label names count
//!    as examples. With many examples, a sample is used.
//! 3. With the chosen setting, each example is predicted by classifiers that have not seen it.
//!    These predictions determine the share of each kind of classifier (see `blend`), the
//!    temperature, the in-scope score, the abstention threshold and the reported metrics.
//! 4. The classifiers of the head are fitted on all examples.
//!
//! Invariants
//! - Temperature, in-scope score and threshold are fitted on held-out predictions only.
//! - Texts that are equal after folding are in the same fold.
//! - The same examples, options and embeddings give the same head, whatever the number of threads.

mod adapted;
mod blend;
mod contrastive;
mod cross_validation;
mod finish;
mod options;
mod plain;
mod requirements;
mod run;
mod trained;

pub use crate::training::options::ProgressListener;
pub use crate::training::options::TrainingOptions;
pub use crate::training::options::TrainingProgress;
pub use crate::training::requirements::check_labels;
pub use crate::training::trained::Suspect;
pub use crate::training::trained::Trained;

use crate::embedder::Embedder;
use crate::error::IntentError;
use crate::examples::Example;
use crate::training::run::TrainingRun;

/// Trains a head for an encoder.
///
/// # Errors
/// If the examples are insufficient, or the encoder or the tensor library fails.
///
/// # Panics
/// If called inside an async runtime.
pub fn train(
    examples: &[Example],
    embedder: &Embedder,
    options: &TrainingOptions,
    listener: ProgressListener<'_>,
) -> Result<Trained, IntentError> {
    let run = TrainingRun::new(examples, options, listener)?;
    if options.adapt {
        return adapted::train(&run, embedder);
    }
    plain::train(&run, embedder)
}
