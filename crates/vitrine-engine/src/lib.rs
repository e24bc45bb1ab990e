//! Runs many generations at once on one quantized open model.
//!
//! [`model`] turns files into weights and a forward pass, [`text`] turns text into token ids and
//! back, and the engine at the root of this crate batches sequences step by step: open a model
//! with [`open`], start it with [`GenerationModel`], submit a [`GenerationRequest`] and read the
//! events of the [`Generation`].

mod engine;
pub mod model;
pub mod text;

pub use engine::CacheOwner;
pub use engine::CacheScope;
pub use engine::Completion;
pub use engine::Constraint;
pub use engine::ConstraintFault;
pub use engine::Detokenizer;
pub use engine::EndOfText;
pub use engine::EngineError;
pub use engine::EngineHandle;
pub use engine::EngineOptions;
pub use engine::EngineParts;
pub use engine::EngineStats;
pub use engine::FatalError;
pub use engine::FinishReason;
pub use engine::GRAMMAR_BYTES_MAX;
pub use engine::GRAMMAR_DEPTH_MAX;
pub use engine::Generation;
pub use engine::GenerationEvent;
pub use engine::GenerationModel;
pub use engine::GenerationRequest;
pub use engine::GenerationTimings;
pub use engine::GenerationUsage;
pub use engine::Grammar;
pub use engine::GrammarFault;
pub use engine::Load;
pub use engine::LoadFailure;
pub use engine::LoadOrder;
pub use engine::ModelRegistry;
pub use engine::ModelState;
pub use engine::ModelStatus;
pub use engine::PrefixCaching;
pub use engine::Priority;
pub use engine::RegistryError;
pub use engine::Role;
pub use engine::STOP_STRING_BYTES_MAX;
pub use engine::STOP_STRINGS_MAX;
pub use engine::Sampling;
pub use engine::ServingStatus;
pub use engine::Shutdown;
pub use engine::Speculation;
pub use engine::TokenVocabulary;
pub use engine::Unload;
pub use engine::UnloadReport;
pub use engine::constraint;
pub use engine::open;
pub use engine::open_tokenizer;
pub use engine::open_within;
pub use vitrine_kernels::tier::Tier;
