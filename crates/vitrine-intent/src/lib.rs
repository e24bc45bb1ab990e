//! Classifies customer texts: intent with calibrated confidence, and mood signals.
//!
//! An [`Embedder`] turns texts into sentence embeddings, in batches. A [`Head`], trained by
//! [`training`] or loaded from a file, turns an embedding and n-grams into an intent. An
//! [`IntentClassifier`] combines the two:
//!
//! ```no_run
//! use std::path::Path;
//! use std::sync::Arc;
//! use vitrine_intent::Embedder;
//! use vitrine_intent::EmbedderOptions;
//! use vitrine_intent::Head;
//! use vitrine_intent::IntentClassifier;
//!
//! let encoder = Path::new("models/multilingual-e5-small");
//! let embedder = Embedder::open(encoder, EmbedderOptions::default())?;
//! let head = Head::open(Path::new("models/intents/house.head"))?;
//! let classifier = IntentClassifier::new(Arc::new(embedder), head)?;
//! let found = classifier.classify_blocking(&["where is my order"], |_| ())?;
//! println!("{} {:.2}", found[0].label, found[0].confidence);
//! # Ok::<(), vitrine_intent::IntentError>(())
//! ```
//!
//! `examples/train_and_classify.rs` trains a head from a few dozen examples. [`examples`] reads
//! labelled texts from files, [`inspection`] finds mistakes in them, [`evaluation`] and [`curves`]
//! measure a classifier.
//!
//! Refuses a head that was trained for another encoder.

#![forbid(unsafe_code)]

mod batcher;
mod cache;
mod calibration;
mod centre;
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
mod head;
pub mod inspection;
mod language;
mod linear;
mod meaning;
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
pub use folding::fold;
pub use head::CLARIFY_MARGIN;
pub use head::EncoderIdentity;
pub use head::Head;
pub use head::LABELS_MAX;
pub use head::OUT_OF_SCOPE;
pub use head::TrainingNote;
pub use language::detect_language;
pub use meaning::Meaning;
pub use prediction::Alternative;
pub use prediction::IntentPrediction;
pub use signal_heads::Signal;
pub use signal_heads::SignalHeads;
pub use signals::Signals;
pub use signals::Stage;
pub use signals::StageEstimate;
