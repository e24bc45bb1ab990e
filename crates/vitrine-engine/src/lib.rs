//! Runs many generations at once on one quantised open model.
//!
//! [`GenerationModel::open`] reads a GGUF file or a folder of safetensors and starts an engine:
//! one thread that batches all sequences step by step. Submit a [`GenerationRequest`] to it and
//! read the events of the [`Generation`], blocking or async:
//!
//! ```no_run
//! use vitrine_engine::EngineOptions;
//! use vitrine_engine::GenerationModel;
//! use vitrine_engine::GenerationRequest;
//! use vitrine_engine::text::Special;
//!
//! let model = GenerationModel::open("model.gguf", EngineOptions::default())?;
//! let prompt = model.tokenizer().encode("Once upon a time", Special::Add)?;
//! let generation = model.engine().submit(GenerationRequest::new(prompt, 64))?;
//! println!("{}", generation.collect_blocking()?.text);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! Runnable examples, in `examples/`:
//! - `generate`: load a model, sample a text and print it as it is decoded;
//! - `stream_many`: many sequences at once, streamed side by side;
//! - `json_schema`: an answer that a JSON schema constrains.
//!
//! The rest of the API, by need:
//! - many models in one process, replaced without interruption: [`ModelRegistry`];
//! - memory limits across models: [`open_within`] and
//!   [`MemoryLedger`](vitrine_base::memory::MemoryLedger);
//! - an engine on a forward pass of your own: [`model::Forward`] and [`EngineHandle::start`];
//! - constraints: [`Grammar`], or [`constraint::byte_rule`] for rules made per request;
//! - tokenizers and chat templates: [`text`]; model files and sentence encoders: [`model`].
//!
//! Models compute on all physical cores; the environment variable `RAYON_NUM_THREADS`, set before
//! the first model is opened, changes that. The only unsafe code is in the memory map of model
//! files and in the return of freed memory to the operating system.

#![deny(unsafe_code)]

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
pub use engine::ModelCheck;
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
