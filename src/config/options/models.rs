//! Options of the models: memory limits, generation, the encoder and its heads.

use crate::config::error::ConfigError;
use crate::config::options::folder;
use crate::config::options::place;
use crate::config::raw::Raw;
use crate::config::value::bounds::CONTEXT_TOKENS_MAX;
use crate::config::value::bounds::STEP_TOKENS_MAX;
use crate::config::value::bounds::THREADS_ALLOWED;
use crate::config::value::bounds::THREADS_PER_CORE_MAX;
use crate::config::value::choice::OrNone;
use crate::config::value::number::MemorySize;
use crate::config::values::Values;
use crate::http::state::LoadBounds;
use crate::http::state::ModelLoading;
use std::collections::BTreeSet;
use std::num::NonZeroUsize;
use std::path::Path;
use std::path::PathBuf;
use std::time::Duration;
use vitrine_base::memory;
use vitrine_base::memory::Account;
use vitrine_base::memory::MemoryLimit;
use vitrine_base::units::Bytes;
use vitrine_engine::EngineOptions;
use vitrine_engine::PrefixCaching;
use vitrine_engine::Speculation;
use vitrine_engine::Tier;
use vitrine_engine::model::EncoderOptions;
use vitrine_engine::model::EncoderPrecision;
use vitrine_intent::BatchLimits;
use vitrine_intent::EmbedderOptions;

/// Memory assumed where the system does not report how much is installed.
const MEMORY_BYTES_FALLBACK: Bytes = Bytes(8 << 30);

/// Texts for the encoder are cut to this many bytes before tokenizing: more than 512 tokens, the
/// default encoder's limit, take.
const ENCODER_TEXT_BYTES_MAX: usize = 8192;

/// Most texts in one forward pass; usually the token limit ends a batch earlier.
const ENCODER_BATCH_TEXTS_MAX: usize = 64;

/// The models to load, and where they are.
#[derive(Debug, Clone)]
pub(crate) struct ModelOptions {
    /// Folder that holds the models.
    pub(crate) dir: PathBuf,
    /// Model that drafts replies: a name under `dir`, or a path.
    pub(crate) draft: String,
    /// Other generating models to load at startup, likewise.
    pub(crate) load: Vec<String>,
    /// Most generating models in memory at the same time.
    pub(crate) loaded_max: usize,
    /// Memory of all loaded models together.
    pub(crate) bytes_max: Bytes,
    /// Options for models that are loaded later, by request.
    pub(crate) loading: ModelLoading,
}

/// Options of the encoder and the classifiers on top of it.
#[derive(Debug, Clone)]
pub(crate) struct ClassifierOptions {
    /// The sentence encoder: a name under the models folder, or a path.
    pub(crate) encoder: String,
    pub(crate) embedder: EmbedderOptions,
    /// The intent head; `None` for the built-in one.
    pub(crate) head: Option<PathBuf>,
    pub(crate) signals: SignalSource,
    /// Most cached predictions; `None` for no cache.
    pub(crate) cached_max: Option<NonZeroUsize>,
}

/// Where the signals of a text come from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum SignalSource {
    /// The built-in heads if they fit the encoder, otherwise word lists.
    BuiltIn,
    /// The heads in a folder, and word lists for those that are missing.
    Folder(PathBuf),
    /// Word lists only.
    WordLists,
}

/// The kernel tier: the one named, or the fastest of this machine.
///
/// # Errors
/// If this machine does not support the tier named.
pub(crate) fn tier(raw: &Raw, values: &Values) -> Result<Tier, ConfigError> {
    let Some(tier) = raw.kernels.tier.0 else { return Ok(Tier::detect()) };
    tier.checked().map_err(|_| {
        let here: Vec<&str> = Tier::available().into_iter().map(Tier::name).collect();
        let allowed = format!("on this machine auto, {}", here.join(", "));
        values.refuse("kernels.tier", tier.name(), allowed)
    })
}

/// Number of compute threads: the one configured, or one per core.
///
/// # Errors
/// If it is more than [`threads`] allows.
pub(crate) fn compute_threads(raw: &Raw, values: &Values) -> Result<NonZeroUsize, ConfigError> {
    let configured = raw.engine.threads.and_then(|threads| NonZeroUsize::new(threads.0));
    match configured {
        Some(configured) => {
            threads("engine.threads", configured.get(), values).map(|()| configured)
        }
        None => Ok(cores()),
    }
}

/// Checks a number of threads against the cores of this machine.
///
/// # Errors
/// If there are more than [`THREADS_PER_CORE_MAX`] a core, and more than [`THREADS_ALLOWED`].
pub(crate) fn threads(key: &str, found: usize, values: &Values) -> Result<(), ConfigError> {
    let threads_max = cores().get().saturating_mul(THREADS_PER_CORE_MAX).max(THREADS_ALLOWED);
    if found <= threads_max {
        return Ok(());
    }
    let allowed = format!("a whole number, 1 to {threads_max} on this machine");
    Err(values.refuse(key, found, allowed))
}

fn cores() -> NonZeroUsize {
    std::thread::available_parallelism().unwrap_or(NonZeroUsize::MIN)
}

/// Options of generation.
///
/// # Errors
/// If more sequences may run than rows fit a step.
pub(crate) fn engine(raw: &Raw, tier: Tier, values: &Values) -> Result<EngineOptions, ConfigError> {
    let engine = &raw.engine;
    let (sequences_max, step_tokens_max) = (engine.sequences_max.0, engine.step_tokens_max.0);
    if sequences_max > step_tokens_max {
        let allowed = format!("at most engine.step_tokens_max ({step_tokens_max})");
        return Err(values.refuse("engine.sequences_max", sequences_max, allowed));
    }
    Ok(EngineOptions {
        page_tokens: engine.page_tokens.0,
        kv_bytes_max: engine.kv_bytes_max.0,
        kv_type: engine.kv_type,
        quantize: raw.draft.quantize.0,
        tier: Some(tier),
        prefix_cache: if engine.prefix_cache { PrefixCaching::On } else { PrefixCaching::Off },
        step_tokens_max,
        decode_gap_percent: engine.decode_gap_percent.0.map_or(0, |percent| percent.0),
        sequences_max,
        waiting_max: engine.waiting_max.0,
        waiting_prompt_tokens_max: engine.waiting_prompt_tokens_max.0,
        waiting_time_max: engine.waiting_ms_max.map(|ms| Duration::from_millis(ms.0)),
        context_tokens_max: engine.context_tokens_max.0,
        output_tokens_max: engine.output_tokens_max.0,
        speculation: Speculation {
            draft_tokens_max: engine.speculative_tokens_max.0,
            sequences_max: engine.speculative_sequences_max.0,
        },
    })
}

/// The models to load, with the engine options for those that are loaded later.
///
/// # Errors
/// If `models.dir` cannot be a folder, or if more models are to be loaded than may be in memory.
pub(crate) fn models(
    raw: &Raw,
    root: &Path,
    engine: EngineOptions,
    values: &Values,
) -> Result<ModelOptions, ConfigError> {
    let dir = folder("models.dir", &raw.models.dir, root, values)?;
    let load: Vec<String> = raw.models.load.iter().map(|name| name.0.clone()).collect();
    let all: BTreeSet<&String> = load.iter().chain([&raw.draft.model.0]).collect();
    let loaded_max = raw.models.loaded_max.0;
    if all.len() > loaded_max {
        let allowed = format!("{} or more: draft.model and models.load name as many", all.len());
        return Err(values.refuse("models.loaded_max", loaded_max, allowed));
    }
    Ok(ModelOptions {
        draft: raw.draft.model.0.clone(),
        load,
        loaded_max,
        bytes_max: limit(raw.models.max_bytes, installed() / 4 * 3),
        loading: ModelLoading {
            models_dir: dir.clone(),
            load_folders: match raw.models.load_paths {
                true => vec![PathBuf::from("/")],
                false => {
                    let folders = raw.models.load_folders.iter();
                    let folders =
                        folders.map(|folder| place("models.load_folders", folder, root, values));
                    folders.collect::<Result<_, _>>()?
                }
            },
            options: engine,
            bounds: LoadBounds { context_tokens: CONTEXT_TOKENS_MAX, step_tokens: STEP_TOKENS_MAX },
            drain_max: Duration::from_millis(raw.server.drain_ms.0),
        },
        dir,
    })
}

/// The limits of the memory ledger.
///
/// Narrow limits come first, because a refusal names the first limit that is exceeded. An account
/// without a limit of its own is bounded by the wide ones only.
pub(crate) fn memory_limits(raw: &Raw) -> Vec<MemoryLimit> {
    let memory = &raw.memory;
    let narrow: [(_, &[Account], _); 4] = [
        ("memory.weights_bytes_max", &[Account::Weights], memory.weights_bytes_max),
        (
            "memory.packed_copies_bytes_max",
            &[Account::PackedCopies],
            memory.packed_copies_bytes_max,
        ),
        ("memory.kv_pages_bytes_max", &[Account::KvPages], memory.kv_pages_bytes_max),
        ("memory.grammars_bytes_max", &[Account::Grammars], memory.grammars_bytes_max),
    ];
    let narrow = narrow.into_iter().filter_map(|(key, accounts, size)| {
        size.map(|size| MemoryLimit { key, accounts, bytes_max: size.0 })
    });
    let models_max = limit(raw.models.max_bytes, installed() / 4 * 3);
    let all_max = limit(memory.max_bytes, installed() / 8 * 7);
    let wide: [(_, &[Account], _); 3] = [
        ("threads.hot_bytes_max", &[Account::HotConversations], raw.threads.hot_bytes_max.0),
        ("models.max_bytes", &Account::MODELS, models_max),
        ("memory.max_bytes", &Account::ALL, all_max),
    ];
    let wide = wide.map(|(key, accounts, bytes_max)| MemoryLimit { key, accounts, bytes_max });
    narrow.chain(wide).collect()
}

fn installed() -> u64 {
    memory::installed().unwrap_or(MEMORY_BYTES_FALLBACK).0
}

fn limit(configured: Option<MemorySize>, otherwise: u64) -> Bytes {
    configured.map_or(Bytes(otherwise), |size| size.0)
}

/// Options of the encoder and the classifiers.
///
/// # Errors
/// If a path starts at a home folder that is unknown.
pub(crate) fn classifier(
    raw: &Raw,
    root: &Path,
    (tier, threads): (Tier, NonZeroUsize),
    values: &Values,
) -> Result<ClassifierOptions, ConfigError> {
    let intent = &raw.intent;
    let fastest = || EncoderPrecision::parse("auto", tier).unwrap_or(EncoderPrecision::F32);
    let compute = EncoderOptions {
        precision: intent.precision.0.unwrap_or_else(fastest),
        tier,
        threads: threads.get(),
    };
    let head = intent.head.as_ref().map(|head| place("intent.head", head, root, values));
    Ok(ClassifierOptions {
        encoder: intent.encoder.0.clone(),
        embedder: EmbedderOptions {
            limits: BatchLimits {
                waiting_texts_max: intent.waiting_texts_max.0,
                batch_texts_max: ENCODER_BATCH_TEXTS_MAX,
                batch_tokens_max: intent.batch_tokens_max.0,
            },
            text_bytes_max: ENCODER_TEXT_BYTES_MAX,
            prefix: intent.prefix.clone().unwrap_or_default(),
            compute,
        },
        head: head.transpose()?,
        signals: match &intent.signals {
            None => SignalSource::BuiltIn,
            Some(OrNone(None)) => SignalSource::WordLists,
            Some(OrNone(Some(folder))) => {
                SignalSource::Folder(place("intent.signals", folder, root, values)?)
            }
        },
        cached_max: NonZeroUsize::new(intent.remembered_texts_max.0),
    })
}
