//! The inference engine: runs many generations at once on one model, with streaming and
//! cancellation.
//!
//! One thread owns the model, its KV pages and every sequence ([`step_loop`]). All other code holds
//! an [`EngineHandle`] and sends messages over bounded channels. Tokens become text on the
//! consumer's side ([`generation`]). The only floats read here are logits, in [`sampler`].
//!
//! Reading order: `request`, `cache_scope`, `handle`, `admission`, `step_loop`, `scheduler`,
//! `page_pool`, `prefix_cache`, `prompt_lookup`, `step_cost`, `sampler`, `constraint`,
//! `generation`. `registry` serves several models in one process, each with an engine of its own.

mod admission;
mod cache_scope;
pub mod constraint;
mod erasure;
mod error;
mod finish;
mod generation;
mod generation_model;
mod granted_model;
mod handle;
mod model_source;
mod options;
mod page_pool;
mod parts;
mod prefix_cache;
mod prompt_lookup;
mod registry;
mod request;
mod sampler;
mod scheduler;
mod sequence;
#[cfg(test)]
mod soak;
mod stats;
mod step_cost;
mod step_loop;
mod stop_text;
#[cfg(test)]
pub(crate) mod toy;
mod vocabulary;

pub use cache_scope::CacheOwner;
pub use cache_scope::CacheScope;
pub use constraint::Constraint;
pub use constraint::ConstraintFault;
pub use constraint::Grammar;
pub use constraint::GrammarFault;
pub use error::EngineError;
pub use error::FatalError;
pub use finish::FinishReason;
pub use finish::GenerationTimings;
pub use finish::GenerationUsage;
pub use generation::Completion;
pub use generation::Generation;
pub use generation::GenerationEvent;
pub use generation_model::GenerationModel;
pub use generation_model::open;
pub use generation_model::open_tokenizer;
pub use generation_model::open_within;
pub use handle::EngineHandle;
pub use options::EngineOptions;
pub use options::PrefixCaching;
pub use options::Speculation;
pub use parts::EngineParts;
pub use registry::Load;
pub use registry::LoadFailure;
pub use registry::LoadOrder;
pub use registry::ModelCheck;
pub use registry::ModelRegistry;
pub use registry::ModelState;
pub use registry::ModelStatus;
pub use registry::RegistryError;
pub use registry::Role;
pub use registry::ServingStatus;
pub use registry::Unload;
pub use registry::UnloadReport;
pub use request::EndOfText;
pub use request::GenerationRequest;
pub use request::Priority;
pub use request::STOP_STRING_BYTES_MAX;
pub use request::STOP_STRINGS_MAX;
pub use request::Sampling;
pub use stats::EngineStats;
pub use step_loop::Shutdown;
pub use vocabulary::Detokenizer;
pub use vocabulary::TokenVocabulary;
