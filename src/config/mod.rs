//! Configuration: merges file, environment and flags, and checks the values.
//!
//! `raw` defines the keys and their defaults. Relative paths start from the configuration file's
//! folder, or from the current folder when there is no file. No layer below reads the
//! environment.

mod keys;
mod raw;
mod retention;
mod source;

use crate::http::keys::ApiKey;
use crate::turn::draft::Address;
use crate::turn::draft::Decoding;
use crate::turn::draft::Emoji;
use crate::turn::draft::Length;
use crate::turn::draft::Voice;
use std::net::SocketAddr;
use std::path::Path;
use std::path::PathBuf;
use std::time::Duration;
use vitrine_base::language::Language;
use vitrine_base::memory;
use vitrine_base::units::Bytes;
use vitrine_engine::Tier;
use vitrine_engine::model::ENCODER_PRECISIONS;
use vitrine_engine::model::EncoderOptions;
use vitrine_engine::model::EncoderPrecision;
use vitrine_engine::model::Quantization;

pub(crate) use keys::DEFAULT_TENANT;
pub(crate) use raw::Raw;
pub(crate) use source::Override;

use crate::turn::Triggers;
use raw::ByteSize;
use std::collections::BTreeMap;
use vitrine_base::channel::ChannelKind;
use vitrine_base::ids::TenantId;
use vitrine_conversations::Recovery;
use vitrine_conversations::RetentionPeriods;

/// The configuration file read when `--config` names none, if it exists in the current folder.
pub(crate) const DEFAULT_FILE: &str = "vitrine.toml";

/// Memory assumed where the system does not report how much is installed.
const MEMORY_BYTES_FALLBACK: Bytes = Bytes(8 << 30);

/// Why the configuration cannot be used. Each message names the file or the key.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// The file is missing or unreadable.
    #[error("configuration file {path}: {cause}")]
    Read {
        /// Path of the file.
        path: String,
        /// The system's error.
        #[source]
        cause: std::io::Error,
    },
    /// The file is not valid TOML.
    #[error("configuration file {path}: {reason}")]
    Syntax {
        /// Path of the file.
        path: String,
        /// Line, column and cause, as the TOML parser reports them.
        reason: String,
    },
    /// A key that does not exist.
    #[error("unknown key `{key}` in {location}; did you mean `{nearest}`?")]
    UnknownKey {
        /// The unknown key, dotted.
        key: String,
        /// The file, environment variable or flag that sets it.
        location: String,
        /// The existing key with the most similar spelling.
        nearest: String,
    },
    /// A value of the wrong type.
    #[error("key `{key}` in {location}: {reason}")]
    Type {
        /// The key, dotted.
        key: String,
        /// The file that sets it.
        location: String,
        /// The type found and the type expected.
        reason: String,
    },
    /// An API key line that cannot be parsed. The line itself is secret and never shown.
    #[error("{location}, line {line}: {reason}")]
    ApiKey {
        /// The file, or the configuration key that holds the lines.
        location: String,
        /// Line number, from 1.
        line: usize,
        /// What is wrong and what is allowed.
        reason: String,
    },
    /// A value that is not allowed.
    #[error("key `{key}` is `{found}`; allowed: {allowed}")]
    Value {
        /// The key, dotted.
        key: String,
        /// The value found.
        found: String,
        /// The values allowed.
        allowed: String,
    },
    /// The built-in defaults cannot be serialised, which is a bug in this program.
    #[error("the built-in defaults cannot be serialised (a bug in vitrine): {reason}")]
    Defaults {
        /// The serialiser's error.
        reason: String,
    },
}

/// The checked configuration.
#[derive(Debug, Clone)]
pub(crate) struct Settings {
    /// The values as configured; those that need more than a type check have a field below.
    pub(crate) raw: Raw,
    /// Folder that relative paths start from; empty for the current folder.
    root: PathBuf,
    pub(crate) bind: SocketAddr,
    pub(crate) api_keys: Vec<ApiKey>,
    /// Signs callback deliveries; empty for unsigned ones.
    pub(crate) callback_secret: String,
    pub(crate) voice: Voice,
    pub(crate) address: Address,
    pub(crate) length: Length,
    pub(crate) emoji: Emoji,
    pub(crate) quantize: Option<Quantization>,
    pub(crate) language: Language,
    pub(crate) engine_threads: usize,
    pub(crate) encoder: EncoderOptions,
    /// Kernel tier; checked to be available on this machine.
    pub(crate) tier: Tier,
    pub(crate) models_bytes_max: Bytes,
    pub(crate) memory_bytes_max: Bytes,
    pub(crate) kept: RetentionPeriods,
    /// Retention periods of tenants that override the general ones.
    pub(crate) tenants_kept: BTreeMap<TenantId, RetentionPeriods>,
    /// What is always handed off to a human.
    pub(crate) triggers: Triggers,
    /// How the conversation store is opened after a crash.
    pub(crate) recovery: Recovery,
}

impl Settings {
    /// Reads the file, the environment and the flags, and checks the result.
    ///
    /// `file` is the path given by the user; `None` reads [`DEFAULT_FILE`] if it exists. Flags
    /// override the environment, which overrides the file.
    ///
    /// # Errors
    /// If a file cannot be read or a value is not allowed; the message names the key, the value
    /// found and the values allowed.
    pub(crate) fn load(file: Option<&Path>, flags: &[Override]) -> Result<Self, ConfigError> {
        let default = Path::new(DEFAULT_FILE);
        let file = file.or_else(|| default.is_file().then_some(default));
        let raw = source::read(file, std::env::vars(), flags)?;
        let root = file.and_then(Path::parent).unwrap_or(Path::new("")).to_path_buf();
        Self::check(raw, root)
    }

    fn check(raw: Raw, root: PathBuf) -> Result<Self, ConfigError> {
        let bind = parse("server.bind", &raw.server.bind, "an address such as 127.0.0.1:8080")?;
        let api_keys = keys::read(&root, &raw.server)?;
        check_bind(&bind, &api_keys)?;
        check_limits(&raw)?;
        let tier = Tier::parse(&raw.kernels.tier).map_err(|_| {
            let here: Vec<&str> = Tier::available().into_iter().map(Tier::name).collect();
            value("kernels.tier", &raw.kernels.tier, &format!("auto, {}", here.join(", ")))
        })?;
        one_of("engine.kv_type", &raw.engine.kv_type, &["f32", "f16"])?;
        one_of("log.format", &raw.log.format, &["text", "json"])?;
        one_of("shop.other_languages", &raw.shop.other_languages, &["reply", "handoff"])?;
        let callback_secret = read_secret(&root, &raw.callbacks)?;
        for (key, url) in [
            ("callbacks.turns_url", &raw.callbacks.turns_url),
            ("callbacks.handoff_url", &raw.callbacks.handoff_url),
        ] {
            if !url.is_empty() && !url.starts_with("https://") && !url.starts_with("http://") {
                return Err(value(key, url, "empty, or an http:// or https:// URL"));
            }
        }
        let language = Language::from_locale(&raw.shop.language)
            .ok_or_else(|| value("shop.language", &raw.shop.language, "en, fr"))?;
        let voice = Voice::from_name(&raw.draft.voice).ok_or_else(|| {
            value("draft.voice", &raw.draft.voice, "warm, formal, playful, direct")
        })?;
        let address = Address::from_name(&raw.draft.address)
            .ok_or_else(|| value("draft.address", &raw.draft.address, "vous, tu"))?;
        let length = Length::from_name(&raw.draft.length)
            .ok_or_else(|| value("draft.length", &raw.draft.length, "short, long"))?;
        let emoji = if raw.draft.emoji { Emoji::Some } else { Emoji::None };
        let quantize = match raw.draft.quantize.as_str() {
            "none" => None,
            name => Some(Quantization::from_name(name).ok_or_else(|| {
                value("draft.quantize", name, "none, q8_0, q6_k, q5_k, q4_k, q4_0")
            })?),
        };
        let (kept, tenants_kept) = retention::read(&raw.retention)?;
        let triggers = read_triggers(&raw.turn)?;
        let recovery = read_recovery(&raw.threads.recovery)?;
        let cores = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
        let engine_threads = if raw.engine.threads == 0 { cores } else { raw.engine.threads };
        let precision = EncoderPrecision::parse(&raw.intent.precision, tier)
            .ok_or_else(|| value("intent.precision", &raw.intent.precision, ENCODER_PRECISIONS))?;
        let encoder = EncoderOptions { precision, tier, threads: engine_threads };
        let installed = memory::installed().unwrap_or(MEMORY_BYTES_FALLBACK).0;
        let or = |size: ByteSize, default: u64| Bytes(if size.0 == 0 { default } else { size.0 });
        let models_bytes_max = or(raw.models.max_bytes, installed / 4 * 3);
        let memory_bytes_max = or(raw.memory.max_bytes, installed / 8 * 7);
        Ok(Self {
            raw,
            root,
            bind,
            api_keys,
            callback_secret,
            voice,
            address,
            length,
            emoji,
            quantize,
            language,
            engine_threads,
            encoder,
            tier,
            models_bytes_max,
            memory_bytes_max,
            kept,
            tenants_kept,
            triggers,
            recovery,
        })
    }

    /// Resolves a configured path; `None` when the key is empty.
    pub(crate) fn path(&self, text: &str) -> Option<PathBuf> {
        (!text.is_empty()).then(|| self.root.join(text))
    }

    /// The models folder, `models.dir`.
    pub(crate) fn models_dir(&self) -> PathBuf {
        self.root.join(&self.raw.models.dir)
    }

    /// The folder that the gateway writes to, `data.dir`.
    pub(crate) fn data_dir(&self) -> PathBuf {
        self.root.join(&self.raw.data.dir)
    }

    /// Deadline of a turn whose request sets none.
    pub(crate) fn deadline(&self) -> Duration {
        Duration::from_millis(self.raw.draft.deadline_ms)
    }

    /// Whether drafts are decoded under the grounding constraint.
    pub(crate) fn decoding(&self) -> Decoding {
        if self.raw.draft.constrain { Decoding::Grounded } else { Decoding::Free }
    }
}

fn value(key: &str, found: &str, allowed: &str) -> ConfigError {
    ConfigError::Value { key: key.to_owned(), found: found.to_owned(), allowed: allowed.to_owned() }
}

fn parse<T: std::str::FromStr>(key: &str, text: &str, allowed: &str) -> Result<T, ConfigError> {
    text.parse().map_err(|_| value(key, text, allowed))
}

fn one_of(key: &str, found: &str, allowed: &[&str]) -> Result<(), ConfigError> {
    if allowed.contains(&found) { Ok(()) } else { Err(value(key, found, &allowed.join(", "))) }
}

/// The trimmed, non-empty items of a comma-separated list.
fn list(text: &str) -> impl Iterator<Item = &str> {
    text.split(',').map(str::trim).filter(|part| !part.is_empty())
}

fn read_recovery(name: &str) -> Result<Recovery, ConfigError> {
    Recovery::from_name(name).ok_or_else(|| value("threads.recovery", name, "quick, walk"))
}

fn read_triggers(turn: &raw::Turn) -> Result<Triggers, ConfigError> {
    let channel = |name| {
        ChannelKind::from_name(name)
            .ok_or_else(|| value("turn.handoff_channels", name, &ChannelKind::names()))
    };
    let amount_max = match turn.handoff_amount_max.trim() {
        "" => None,
        text => Some(parse("turn.handoff_amount_max", text, "empty, or a number such as 250.00")?),
    };
    Ok(Triggers {
        topics: list(&turn.handoff_topics).map(str::to_owned).collect(),
        channels: list(&turn.handoff_channels).map(channel).collect::<Result<_, _>>()?,
        amount_max,
    })
}

fn read_secret(root: &Path, callbacks: &raw::Callbacks) -> Result<String, ConfigError> {
    if callbacks.secret_file.is_empty() {
        return Ok(callbacks.secret.clone());
    }
    let path = root.join(&callbacks.secret_file);
    let secret = std::fs::read_to_string(&path)
        .map_err(|cause| ConfigError::Read { path: path.display().to_string(), cause })?;
    let secret = secret.trim();
    if secret.is_empty() {
        let found = &callbacks.secret_file;
        return Err(value("callbacks.secret_file", found, "a file that contains the secret"));
    }
    Ok(secret.to_owned())
}

fn check_bind(bind: &SocketAddr, api_keys: &[ApiKey]) -> Result<(), ConfigError> {
    if bind.ip().is_loopback() || !api_keys.is_empty() {
        return Ok(());
    }
    Err(value(
        "server.bind",
        &bind.to_string(),
        "a loopback address, or any address if server.api_keys_file or server.api_keys is set",
    ))
}

/// Checks limits that must not be 0 and limits that depend on each other.
fn check_limits(raw: &Raw) -> Result<(), ConfigError> {
    let at_least_one = [
        ("server.threads", raw.server.threads),
        ("server.requests_in_flight_max", raw.server.requests_in_flight_max),
        ("server.tenant_requests_burst", raw.server.tenant_requests_burst as usize),
        ("models.loaded_max", raw.models.loaded_max),
        ("engine.page_tokens", raw.engine.page_tokens),
        ("engine.step_tokens_max", raw.engine.step_tokens_max),
        ("engine.sequences_max", raw.engine.sequences_max),
        ("engine.waiting_max", raw.engine.waiting_max),
        ("engine.context_tokens_max", raw.engine.context_tokens_max),
        ("engine.output_tokens_max", raw.engine.output_tokens_max),
        ("draft.output_tokens_max", raw.draft.output_tokens_max),
        ("intent.batch_tokens_max", raw.intent.batch_tokens_max),
        ("intent.waiting_texts_max", raw.intent.waiting_texts_max),
        ("intent.request_texts_max", raw.intent.request_texts_max),
        ("turn.text_chars_max", raw.turn.text_chars_max),
        ("turn.thread_waiting_max", raw.turn.thread_waiting_max),
        ("turn.burst_messages_max", raw.turn.burst_messages_max),
        ("retention.messages_days", raw.retention.messages_days as usize),
        ("retention.threads_days", raw.retention.threads_days as usize),
        ("retention.profiles_days", raw.retention.profiles_days as usize),
        ("retention.personalisation_days", raw.retention.personalisation_days as usize),
        ("retention.outreach_days", raw.retention.outreach_days as usize),
        ("retention.sweep_entries_max", raw.retention.sweep_entries_max),
        ("callbacks.attempts_max", raw.callbacks.attempts_max as usize),
        ("callbacks.running_max", raw.callbacks.running_max),
        ("callbacks.waiting_max", raw.callbacks.waiting_max),
        ("threads.writes_waiting_max", raw.threads.writes_waiting_max),
        ("threads.writes_per_commit_max", raw.threads.writes_per_commit_max),
    ];
    for (key, found) in at_least_one {
        if found == 0 {
            return Err(value(key, "0", "1 or more"));
        }
    }
    if raw.retention.tombstones_days < retention::TOMBSTONES_DAYS_MIN {
        let found = raw.retention.tombstones_days.to_string();
        let allowed = format!("{} or more", retention::TOMBSTONES_DAYS_MIN);
        return Err(value("retention.tombstones_days", &found, &allowed));
    }
    let per_second = raw.server.tenant_requests_per_second;
    if !(0.0..=1e6).contains(&per_second) || (per_second > 0.0 && per_second < 1e-3) {
        let found = per_second.to_string();
        return Err(value("server.tenant_requests_per_second", &found, "0, or 0.001 to 1000000"));
    }
    if raw.engine.sequences_max > raw.engine.step_tokens_max {
        let allowed = format!("at most engine.step_tokens_max ({})", raw.engine.step_tokens_max);
        return Err(value("engine.sequences_max", &raw.engine.sequences_max.to_string(), &allowed));
    }
    if (1..100).contains(&raw.engine.decode_gap_percent) {
        let found = raw.engine.decode_gap_percent.to_string();
        return Err(value("engine.decode_gap_percent", &found, "0, or 100 and more"));
    }
    for (key, found) in [
        ("offers.confidence_min", raw.offers.confidence_min),
        ("offers.holdout_share", raw.offers.holdout_share),
        ("offers.price_share_max", raw.offers.price_share_max),
    ] {
        if !(0.0..=1.0).contains(&found) {
            return Err(value(key, &found.to_string(), "0 to 1"));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write;
    use vitrine_engine::EngineOptions;
    use vitrine_engine::PrefixCaching;
    use vitrine_engine::model::KvType;
    use vitrine_intent::BatchLimits;

    fn load(text: &str, environment: &[(&str, &str)]) -> Result<Settings, ConfigError> {
        let mut file = tempfile::NamedTempFile::new().unwrap();
        file.write_all(text.as_bytes()).unwrap();
        let environment =
            environment.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        let raw = source::read(Some(file.path()), environment, &[])?;
        Settings::check(raw, PathBuf::new())
    }

    #[test]
    fn an_empty_file_gives_the_defaults() {
        let settings = load("", &[]).unwrap();
        assert_eq!(settings.bind.to_string(), "127.0.0.1:8080");
        assert_eq!(settings.raw.draft.model, "drafter");
        assert_eq!(settings.voice, Voice::Warm);
    }

    #[test]
    fn the_engine_defaults_equal_the_configured_ones() {
        let configured = raw::Engine::default();
        // Names every field, so that a new option cannot be left out here.
        let EngineOptions {
            page_tokens,
            kv_bytes_max,
            kv_type,
            quantize,
            tier,
            prefix_cache,
            step_tokens_max,
            decode_gap_percent,
            sequences_max,
            waiting_max,
            waiting_prompt_tokens_max,
            waiting_time_max,
            context_tokens_max,
            output_tokens_max,
            speculation,
        } = EngineOptions::default();
        assert_eq!(configured.page_tokens, page_tokens);
        assert_eq!(configured.kv_bytes_max.0, kv_bytes_max.0);
        assert_eq!((configured.kv_type.as_str(), kv_type), ("f16", KvType::F16));
        assert_eq!(configured.prefix_cache, prefix_cache == PrefixCaching::On);
        assert_eq!(configured.step_tokens_max, step_tokens_max);
        assert_eq!(configured.decode_gap_percent, decode_gap_percent);
        assert_eq!(configured.sequences_max, sequences_max);
        assert_eq!(configured.waiting_max, waiting_max);
        assert_eq!(configured.waiting_prompt_tokens_max, waiting_prompt_tokens_max);
        // 0 milliseconds in the configuration is `None` in the engine.
        assert_eq!((configured.waiting_ms_max, waiting_time_max), (0, None));
        assert_eq!(configured.context_tokens_max, context_tokens_max);
        assert_eq!(configured.output_tokens_max, output_tokens_max);
        assert_eq!(configured.draft_tokens_max, speculation.draft_tokens_max);
        assert_eq!(configured.draft_sequences_max, speculation.sequences_max);
        assert_eq!((raw::Draft::default().quantize.as_str(), quantize), ("none", None));
        assert_eq!((raw::Kernels::default().tier.as_str(), tier), ("auto", None));
        let intent = raw::Intent::default();
        let limits = BatchLimits::default();
        assert_eq!(intent.waiting_texts_max, limits.waiting_texts_max);
        assert_eq!(intent.batch_tokens_max, limits.batch_tokens_max);
    }

    #[test]
    fn an_unknown_key_names_the_nearest() {
        let error = load("[server]\nbnid = \"x\"", &[]).unwrap_err().to_string();
        assert!(error.contains("unknown key `server.bnid`"), "{error}");
        assert!(error.contains("`server.bind`"), "{error}");
        let error = load("[sever]\nbind = \"x\"", &[]).unwrap_err().to_string();
        assert!(error.contains("unknown key `sever`"), "{error}");
        let error = load("", &[("VITRINE_DRAFT__MODLE", "x")]).unwrap_err().to_string();
        assert!(error.contains("`draft.model`"), "{error}");
    }

    #[test]
    fn a_kernel_tier_is_one_of_this_machine() {
        assert_eq!(load("", &[]).unwrap().tier, Tier::detect());
        let scalar = load("", &[("VITRINE_KERNELS__TIER", "scalar")]).unwrap();
        assert_eq!(scalar.tier, Tier::Scalar);
        let missing = Tier::ALL.into_iter().find(|tier| !tier.is_available()).unwrap();
        for name in [missing.name(), "mmx"] {
            let text = format!("[kernels]\ntier = \"{name}\"");
            let error = load(&text, &[]).unwrap_err().to_string();
            assert!(error.contains("kernels.tier") && error.contains("auto, scalar"), "{error}");
        }
    }

    #[test]
    fn a_wrong_type_names_the_key() {
        let error = load("[server]\nthreads = \"two\"", &[]).unwrap_err().to_string();
        assert!(error.contains("server.threads"), "{error}");
        let error = load("", &[("VITRINE_SERVER__THREADS", "two")]).unwrap_err().to_string();
        assert!(error.contains("server.threads") && error.contains("two"), "{error}");
    }

    #[test]
    fn the_environment_overrides_the_file() {
        let settings =
            load("[draft]\nvoice = \"formal\"", &[("VITRINE_DRAFT__VOICE", "direct")]).unwrap();
        assert_eq!(settings.voice, Voice::Direct);
        let settings = load("", &[("VITRINE_ENGINE__KV_BYTES_MAX", "64 MiB")]).unwrap();
        assert_eq!(settings.raw.engine.kv_bytes_max.0, 64 << 20);
    }

    #[test]
    fn an_open_bind_without_keys_is_refused() {
        let error = load("[server]\nbind = \"0.0.0.0:80\"", &[]).unwrap_err().to_string();
        assert!(error.contains("server.bind") && error.contains("api_keys_file"), "{error}");
    }

    #[test]
    fn limits_of_zero_are_refused() {
        let error = load("[engine]\nsequences_max = 0", &[]).unwrap_err().to_string();
        assert!(error.contains("engine.sequences_max"), "{error}");
    }
}
