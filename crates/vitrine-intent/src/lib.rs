//! Classifies customer texts: intent with calibrated confidence, and mood signals.
//!
//! [`Embedder`] turns texts into sentence embeddings in batches. [`Head`] turns an embedding and
//! n-grams into an intent. [`IntentClassifier`] combines the two. [`training`] trains heads and
//! [`evaluation`] measures them.
//!
//! Refuses a head that was trained for another encoder or another glossary.

mod batcher;
mod cache;
mod calibration;
mod classifier;
pub mod curves;
mod discriminant;
mod embedder;
mod error;
pub mod evaluation;
pub mod examples;
mod features;
mod folding;
mod folds;
mod glossary;
mod head;
pub mod inspection;
mod language;
mod linear;
mod neighbours;
mod parallel;
mod prediction;
mod scope;
mod signal_heads;
pub mod signals;
mod signals_lexicon;
pub mod training;

pub use batcher::BatchLimits;
pub use classifier::IntentClassifier;
pub use embedder::Embedded;
pub use embedder::Embedder;
pub use embedder::EmbedderOptions;
#[cfg(any(test, feature = "testing"))]
pub use embedder::open_embedder;
pub use error::ExampleRefusal;
pub use error::ExamplesRefusal;
pub use error::HeadRefusal;
pub use error::IntentError;
pub use error::SharedCause;
pub use features::NgramSpec;
pub use head::CLARIFY_MARGIN;
pub use head::EncoderIdentity;
pub use head::Head;
pub use head::LABELS_MAX;
pub use head::OUT_OF_SCOPE;
pub use head::TrainingNote;
pub use language::detect_language;
pub use prediction::Alternative;
pub use prediction::IntentPrediction;
pub use signal_heads::Signal;
pub use signal_heads::SignalHeads;
pub use signals::Signals;
pub use signals::Stage;
pub use signals::StageEstimate;
