//! Configuration: merges file, environment and options, checks the values, and hands each consumer
//! its finished options.
//!
//! `raw` defines the keys and their defaults; `docs/configuration.md` is generated from it. No
//! other layer sees it, and no layer below reads the environment. Relative paths start from the
//! configuration file's folder, or from the current folder when there is no file.

mod error;
mod keys;
mod options;
mod raw;
mod section;
mod source;
mod tenants;
mod value;
mod values;

#[cfg(test)]
mod page;
#[cfg(test)]
mod tests;

pub(crate) use error::ConfigError;
pub(crate) use keys::DEFAULT_TENANT;
pub(crate) use options::callbacks::CallbackOptions;
pub(crate) use options::models::ClassifierOptions;
pub(crate) use options::models::ModelOptions;
pub(crate) use options::models::SignalSource;
pub(crate) use options::server::LogOptions;
pub(crate) use options::server::ServerOptions;
pub(crate) use options::shop::ShopFiles;
pub(crate) use options::shop::TestOptions;
pub(crate) use source::Override;
pub(crate) use value::word::LogFormat;
pub(crate) use value::word::Reader;

use crate::offers::ExperimentOptions;
use crate::offers::OfferOptions;
use crate::turn::ShopProfile;
use crate::turn::TurnOptions;
use crate::turn::draft::Decoding;
use raw::Raw;
use std::num::NonZeroUsize;
use std::path::Path;
use std::time::Duration;
use values::Values;
use vitrine_base::memory::MemoryLimit;
use vitrine_conversations::EmbeddedOptions;
use vitrine_conversations::GateOptions;
use vitrine_conversations::UpkeepOptions;
use vitrine_engine::EngineOptions;
use vitrine_engine::Tier;

/// The configuration file read when `--config` names none, if it exists in the current folder.
pub(crate) const DEFAULT_FILE: &str = "vitrine.toml";

/// The finished configuration: the options of each consumer, checked.
#[derive(Debug, Clone)]
pub(crate) struct Settings {
    /// Messages about keys that are written as earlier versions expected, and about weak API keys.
    pub(crate) warnings: Vec<String>,
    pub(crate) log: LogOptions,
    pub(crate) server: ServerOptions,
    pub(crate) callbacks: CallbackOptions,
    /// Compute threads, for generating models and for the encoder.
    pub(crate) engine_threads: NonZeroUsize,
    /// Kernel tier; this machine supports it.
    pub(crate) tier: Tier,
    pub(crate) memory_limits: Vec<MemoryLimit>,
    pub(crate) models: ModelOptions,
    pub(crate) engine: EngineOptions,
    pub(crate) classifier: ClassifierOptions,
    /// How drafts are decoded.
    pub(crate) decoding: Decoding,
    pub(crate) turn: TurnOptions,
    pub(crate) gate: GateOptions,
    pub(crate) store: EmbeddedOptions,
    /// Pause between two attempts to write again after a failure of the disk.
    pub(crate) store_retry: Duration,
    pub(crate) upkeep: UpkeepOptions,
    pub(crate) shop: ShopProfile,
    pub(crate) files: ShopFiles,
    pub(crate) offers: OfferOptions,
    pub(crate) experiment: ExperimentOptions,
    pub(crate) tests: TestOptions,
    /// What reads a message; `None`: chosen for each message.
    pub(crate) reader: Option<Reader>,
}

impl Settings {
    /// Reads the file, the environment and the options, and checks the result.
    ///
    /// `file` is the path given by the user; `None` reads [`DEFAULT_FILE`] if it exists. Options
    /// override the environment, which overrides the file.
    ///
    /// # Errors
    /// If a file cannot be read or a value is not allowed; the message names the key, where it is
    /// set, the value found and the values allowed.
    pub(crate) fn load(file: Option<&Path>, flags: &[Override]) -> Result<Self, ConfigError> {
        let default = Path::new(DEFAULT_FILE);
        let file = file.or_else(|| default.is_file().then_some(default));
        // A variable that is not text sets no key; `std::env::vars` would panic.
        let variables = std::env::vars_os()
            .filter_map(|(name, value)| Some((name.into_string().ok()?, value)))
            .map(|(name, value)| (name, value.to_string_lossy().into_owned()));
        let values = source::read(&Raw::keys(), file, variables, flags)?;
        Self::finish(values, file.and_then(Path::parent).unwrap_or(Path::new("")))
    }

    /// Checks the values and makes the options; `root` is the folder that relative paths start
    /// from.
    fn finish(values: Values, root: &Path) -> Result<Self, ConfigError> {
        let raw = Raw::read(&values)?;
        let data = options::store::data(&raw, root, &values)?;
        let tier = options::models::tier(&raw, &values)?;
        let engine_threads = options::models::compute_threads(&raw, &values)?;
        let engine = options::models::engine(&raw, tier, &values)?;
        let keys = options::keys::configured(&raw.server, root, &values)?;
        let mut warnings = values.warnings.clone();
        warnings.extend(keys.warnings);
        Ok(Self {
            log: options::server::log(&raw, &data),
            server: options::server::server(&raw, keys.keys, &values)?,
            callbacks: options::callbacks::callbacks(&raw.callbacks, root, &values)?,
            engine_threads,
            tier,
            memory_limits: options::models::memory_limits(&raw),
            models: options::models::models(&raw, root, engine, &values)?,
            engine,
            classifier: options::models::classifier(&raw, root, (tier, engine_threads), &values)?,
            decoding: options::turn::decoding(&raw),
            turn: options::turn::turn(&raw, &values)?,
            gate: options::turn::gate(&raw),
            store: options::store::store(&raw, &data, &values)?,
            store_retry: Duration::from_millis(raw.threads.retry_ms.0),
            upkeep: options::store::upkeep(&raw.retention),
            shop: options::shop::profile(&raw),
            files: options::shop::files(&raw, root, &values)?,
            offers: options::shop::offers(&raw, &values)?,
            experiment: options::shop::experiment(&raw),
            tests: options::shop::tests(&raw, root, &values)?,
            reader: raw.understand.reader.0,
            warnings,
        })
    }

    /// Logs the warnings. Call it once, when the process will not replace itself any more.
    pub(crate) fn log_warnings(&self) {
        for warning in &self.warnings {
            tracing::warn!("{warning}");
        }
    }
}
