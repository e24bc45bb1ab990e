//! Sections of the models: where they are, their memory, generation, drafting and classification.

use crate::config::section::section;
use crate::config::value::bounds::AT_ONCE_MAX;
use crate::config::value::bounds::CONTEXT_TOKENS_MAX;
use crate::config::value::bounds::DAY_MS;
use crate::config::value::bounds::ENTRIES_MAX;
use crate::config::value::bounds::GAP_PERCENT_MAX;
use crate::config::value::bounds::HOUR_MS;
use crate::config::value::bounds::KV_BYTES_MIN;
use crate::config::value::bounds::MEMORY_BYTES_MAX;
use crate::config::value::bounds::MODELS_MAX;
use crate::config::value::bounds::PAGE_TOKENS_MAX;
use crate::config::value::bounds::QUEUE_TOKENS_MAX;
use crate::config::value::bounds::SPECULATIVE_TOKENS_MAX;
use crate::config::value::bounds::STEP_TOKENS_MAX;
use crate::config::value::choice::OrAuto;
use crate::config::value::choice::OrNone;
use crate::config::value::number::MemorySize;
use crate::config::value::number::Size;
use crate::config::value::number::Within;
use crate::config::value::text::Line;
use crate::config::value::text::Name;
use crate::config::value::word::Reader;
use crate::turn::draft::Address;
use crate::turn::draft::Length;
use crate::turn::draft::Voice;
use std::path::PathBuf;
use vitrine_engine::Tier;
use vitrine_engine::model::EncoderPrecision;
use vitrine_engine::model::KvType;
use vitrine_engine::model::Quantization;

section!(
    /// The models folder, and limits on loaded models.
    Models {
        /// Folder that holds the models, one subfolder each.
        dir: PathBuf = PathBuf::from("./models"),
        /// Memory for all loaded models together: weights, packed copies and KV pages. A model that
        /// does not fit is refused. Not set: three quarters of the machine's memory.
        max_bytes: Option<MemorySize> = None,
        /// More generating models to load at startup besides `draft.model`: names or paths.
        load: Vec<Name> = Vec::new(),
        /// Generating models in memory at the same time, counting those still loading and those
        /// draining. A swap needs room for two.
        loaded_max: Within<1, MODELS_MAX, usize> ["models"] = Within(8),
        /// Folders from which `POST /v1/models/load` may also load models by path. Without any,
        /// it takes names under `models.dir` only, and does not tell which files the machine has.
        load_folders: Vec<PathBuf> = Vec::new(),
        /// Whether `POST /v1/models/load` may load any file by path, as if `load_folders` held `/`.
        /// A caller can then find out which files the machine has.
        load_paths: bool = false,
    }
);

section!(
    /// Limits of the memory ledger. A limit that is not set does not apply: only the wider ones do,
    /// `models.max_bytes` and `memory.max_bytes`.
    Memory {
        /// Everything the ledger accounts for: models, compiled grammars and the conversation
        /// cache. Not set: seven eighths of the machine's memory.
        max_bytes: Option<MemorySize> = None,
        /// Model weights as loaded, encoder included.
        weights_bytes_max: Option<MemorySize> = None,
        /// Copies of weights rearranged into the layout that the kernels read.
        packed_copies_bytes_max: Option<MemorySize> = None,
        /// Keys and values of all models, cached prefixes included; see `engine.kv_bytes_max`.
        kv_pages_bytes_max: Option<MemorySize> = None,
        /// Compiled grammars kept for reuse.
        grammars_bytes_max: Option<MemorySize> = None,
    }
);

section!(
    /// Generation. Each limit applies to every generating model separately.
    Engine {
        /// Compute threads, for generating models and for the encoder. Not set: one per core. Lower
        /// it when other programs share the machine.
        threads: Option<Within<1, AT_ONCE_MAX, usize>> = None,
        /// Token slots in one KV page. Prompts are shared in whole pages, so smaller pages share
        /// more and larger pages cost less bookkeeping.
        page_tokens: Within<1, PAGE_TOKENS_MAX, usize> ["tokens"] = Within(32),
        /// Memory for the KV pages of one model. Raise it when sequences are preempted or long
        /// contexts are refused.
        kv_bytes_max: Size<KV_BYTES_MIN, MEMORY_BYTES_MAX> = Size::mib(256),
        /// Number format of keys and values: `f16`, or `f32` at twice the memory.
        kv_type: KvType = KvType::F16,
        /// Whether a tenant's prompts that start with the same tokens share their computed pages.
        prefix_cache: bool = true,
        /// Rows in one forward pass, decode tokens and prompt chunks together; at least
        /// `sequences_max`. More rows speed up long prompts and lengthen each step.
        step_tokens_max: Within<1, STEP_TOKENS_MAX, usize> ["rows"] = Within(512),
        /// Longest step that mixes prompt chunks with decode tokens, in percent of a step of the
        /// same decode tokens alone. `none`: no bound. Lower it to keep streams smooth while long
        /// prompts are computed; raise it for faster prompts.
        decode_gap_percent: OrNone<Within<100, GAP_PERCENT_MAX, usize>> ["percent"] =
            OrNone(Some(Within(180))),
        /// Sequences that generate at the same time; at most `step_tokens_max`.
        sequences_max: Within<1, STEP_TOKENS_MAX, usize> ["sequences"] = Within(64),
        /// Requests that may wait for their first step. Further ones get 429.
        waiting_max: Within<1, ENTRIES_MAX, usize> ["requests"] = Within(256),
        /// Prompt tokens of all waiting requests together. Further ones get 429. An empty queue
        /// accepts any prompt.
        waiting_prompt_tokens_max: Within<1, QUEUE_TOKENS_MAX, usize> ["tokens"] = Within(131_072),
        /// Maximum estimated delay of a live request by the requests ahead of it. The estimate uses
        /// measured rates; a request that would be delayed longer gets 429. Not set: half of the
        /// time to the request's deadline. A request without a deadline may then wait 1,000 ms for
        /// its first step, and longer in a burst: it is refused once others have been waiting as
        /// long. Set it to refuse the same delay for all requests.
        waiting_ms_max: Option<Within<1, DAY_MS, u64>> ["ms"] = None,
        /// Longest sequence, prompt and output together. The model's own limit applies if it is
        /// smaller.
        context_tokens_max: Within<2, CONTEXT_TOKENS_MAX, usize> ["tokens"] = Within(8192),
        /// Most output tokens that one request may ask for.
        output_tokens_max: Within<1, CONTEXT_TOKENS_MAX, usize> ["tokens"] = Within(2048),
        /// Speculative tokens per sequence and step, proposed by prompt lookup. 0: no speculation.
        /// Fewer are proposed when measurements show that they do not pay off.
        speculative_tokens_max: Within<0, SPECULATIVE_TOKENS_MAX, usize> ["tokens"] = Within(4),
        /// Speculation is used only while at most this many sequences run and none waits. 0: never.
        speculative_sequences_max: Within<0, STEP_TOKENS_MAX, usize> ["sequences"] = Within(8),
    }
);

section!(
    /// CPU kernels.
    Kernels {
        /// Instruction-set variant; `auto`: the fastest of this machine. One that the machine lacks
        /// is an error. Change it to compare variants.
        tier: OrAuto<Tier> = OrAuto(None),
    }
);

section!(
    /// The model that drafts replies, and their style.
    Draft {
        /// Model that drafts replies: a name under `models.dir`, or a path.
        model: Name = Line("drafter".to_owned()),
        /// Format that float matrices are converted to when a generating model is loaded. Smaller
        /// formats use less memory and run faster, at some loss of quality. Matrices that are
        /// already quantised stay as they are.
        quantize: OrNone<Quantization> = OrNone(None),
        /// Deadline of a turn whose request sets no `deadline_ms`; at most `deadline_ms_max`. When
        /// it passes, the reply comes from a template.
        deadline_ms: Within<1, HOUR_MS, u64> ["ms"] = Within(3_000),
        /// Longest deadline that a request may ask for; longer ones get 422.
        deadline_ms_max: Within<1, HOUR_MS, u64> ["ms"] = Within(60_000),
        /// Longest draft.
        output_tokens_max: Within<1, CONTEXT_TOKENS_MAX, usize> ["tokens"] = Within(160),
        /// Whether decoding is constrained so that numbers, prices, links and names come from the
        /// turn's facts. `false`: drafts are decoded freely and only checked afterwards; one that
        /// invents something is replaced by a template.
        constrain: bool = true,
        /// Brand voice.
        voice: Voice = Voice::Warm,
        /// French form of address.
        address: Address = Address::Vous,
        /// Length of replies.
        length: Length = Length::Short,
        /// Whether replies may contain emoji.
        emoji: bool = false,
    }
);

section!(
    /// The sentence encoder and the classifiers on top of it.
    Intent {
        /// Sentence encoder: a name under `models.dir`, or a path.
        encoder: Name = Line("multilingual-e5-small".to_owned()),
        /// Arithmetic of the encoder: `int8` or `int16` (integer products in the CPU kernels),
        /// `f32`, or `auto`. `auto` picks `int8` where the CPU has a byte dot product, otherwise
        /// `int16` where there are vector kernels for it, otherwise `f32`. Set `int16` to get the
        /// same embeddings on every x86-64 machine.
        precision: OrAuto<EncoderPrecision> = OrAuto(None),
        /// Prefix of every text that is embedded, such as `query: ` for e5 models; a head needs the
        /// prefix it was trained with. Not set: the prefix in the encoder's own files, usually
        /// none.
        prefix: Option<String> = None,
        /// Intent head file, as written by `vitrine intents train`. Not set: the built-in head.
        head: Option<PathBuf> = None,
        /// Folder of signal heads: `sentiment.head`, `urgency.head`, `sarcasm.head`,
        /// `profanity.head` and `stage.head`. Word lists score the signals whose head is missing.
        /// `none`: word lists only. Not set: the built-in heads if they fit the encoder, otherwise
        /// word lists.
        signals: Option<OrNone<PathBuf>> = None,
        /// Tokens encoded in one forward pass. More raise throughput and the wait of texts that
        /// arrive during a pass.
        batch_tokens_max: Within<1, STEP_TOKENS_MAX, usize> ["tokens"] = Within(2048),
        /// Texts that may wait for the encoder. Further ones get 429.
        waiting_texts_max: Within<1, ENTRIES_MAX, usize> ["texts"] = Within(4096),
        /// Texts in one `/v1/classify` or `/v1/embeddings` request. More get 422.
        request_texts_max: Within<1, ENTRIES_MAX, usize> ["texts"] = Within(1024),
        /// Cached predictions, so that a tenant's repeated text is not encoded again. 0: no cache.
        remembered_texts_max: Within<0, ENTRIES_MAX, usize> ["texts"] = Within(8192),
    }
);

section!(
    /// How messages are understood.
    Understand {
        /// What reads a message: `fast` (classifiers and parsers), `model` (the drafting model), or
        /// `auto`: the model only where `fast` is in doubt and the model is known to read such
        /// messages better. `vitrine doctor` tells who reads, `vitrine test --reader model` what
        /// the model is worth.
        reader: OrAuto<Reader> = OrAuto(None),
        /// Longest wait for the model's reading of a message, within the deadline of its turn. When
        /// it passes, the message is understood as `fast` reads it.
        deadline_ms: Within<1, HOUR_MS, u64> ["ms"] = Within(1_000),
    }
);
