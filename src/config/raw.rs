//! The configuration file: one struct per section, every key with its default, no checks.
//!
//! Operators read this file as the reference of all keys. Each key states its unit, what 0 or an
//! empty text means, and why one would change it; its default follows the `=`. `mod.rs` checks
//! the values. Sizes are numbers of bytes or texts such as `512 MiB`. Relative paths start from
//! the folder of the configuration file.

use serde::Deserialize;
use serde::Deserializer;
use serde::Serialize;
use serde::Serializer;
use vitrine_base::units::Bytes;

/// A size in bytes, written as a number or as a text such as `512 MiB`.
#[derive(Debug, Clone, Copy)]
pub(crate) struct ByteSize(pub(crate) u64);

impl Serialize for ByteSize {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&format_args!("{} B", self.0))
    }
}

impl<'de> Deserialize<'de> for ByteSize {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        #[serde(untagged)]
        enum Either {
            Number(u64),
            Text(String),
        }
        match Either::deserialize(deserializer)? {
            Either::Number(bytes) => Ok(Self(bytes)),
            Either::Text(text) => {
                let bytes: Bytes = text.parse().map_err(serde::de::Error::custom)?;
                Ok(Self(bytes.0))
            }
        }
    }
}

macro_rules! section {
    ($(#[$meta:meta])* $name:ident {
        $($(#[$field_meta:meta])* $key:ident: $type:ty = $default:expr,)*
    }) => {
        $(#[$meta])*
        #[derive(Debug, Clone, Serialize, Deserialize)]
        #[serde(default, deny_unknown_fields)]
        pub(crate) struct $name { $($(#[$field_meta])* pub(crate) $key: $type,)* }

        impl Default for $name {
            fn default() -> Self {
                Self { $($key: $default,)* }
            }
        }
    };
}

section!(
    /// The whole configuration file: one field for each `[section]`.
    Raw {
        server: Server = Server::default(),
        data: Data = Data::default(),
        models: Models = Models::default(),
        memory: Memory = Memory::default(),
        engine: Engine = Engine::default(),
        kernels: Kernels = Kernels::default(),
        draft: Draft = Draft::default(),
        intent: Intent = Intent::default(),
        turn: Turn = Turn::default(),
        debounce: Debounce = Debounce::default(),
        threads: Threads = Threads::default(),
        retention: Retention = Retention::default(),
        callbacks: Callbacks = Callbacks::default(),
        catalog: Catalog = Catalog::default(),
        offers: Offers = Offers::default(),
        shop: Shop = Shop::default(),
        log: Log = Log::default(),
    }
);

section!(
    /// `[server]`: the HTTP listener, API keys and request limits.
    Server {
        /// Address and port to listen on. Any address other than loopback requires API keys.
        bind: String = "127.0.0.1:8080".to_owned(),
        /// Worker threads of the HTTP runtime; at least 1. One is enough: models use their own.
        threads: usize = 1,
        /// Largest request body; larger ones get 413. Raise it for large `/v1/embeddings` calls.
        body_bytes_max: ByteSize = ByteSize(1 << 20),
        /// Requests handled at the same time; at least 1. Further ones get 429.
        requests_in_flight_max: usize = 1024,
        /// Time that running requests get to finish at shutdown, in milliseconds; it also bounds
        /// how long `POST /v1/models/unload` waits for the old model to finish. 0: do not wait.
        drain_ms: u64 = 10_000,
        /// File of API keys, one per line: `KEY [tenant=NAME] [scopes=A,B]`. KEY is the key itself
        /// or `sha256:` and its SHA-256 in hexadecimal. Without `tenant` the key belongs to the
        /// tenant `default`; without `scopes` it holds every scope. Empty lines and lines that
        /// start with `#` are ignored. If this and `api_keys` are both empty, no key is required,
        /// which is allowed on a loopback address only.
        api_keys_file: String = String::new(),
        /// The same lines separated by `;`, meant for the environment variable
        /// `VITRINE_SERVER__API_KEYS`. These keys are valid in addition to those of
        /// `api_keys_file`. Empty: none.
        api_keys: String = String::new(),
        /// Sustained rate of requests per second that each tenant may send, 0.001 to 1,000,000.
        /// Further ones get 429. 0: no limit. Set it so that one tenant cannot starve the others.
        tenant_requests_per_second: f64 = 0.0,
        /// Requests that a tenant may send at once after a quiet period, before
        /// `tenant_requests_per_second` applies; at least 1. No effect without a rate.
        tenant_requests_burst: u32 = 100,
    }
);

section!(
    /// `[data]`: where the gateway keeps its state.
    Data {
        /// The only folder that the gateway writes to, created if missing: the conversation store.
        dir: String = "./data".to_owned(),
    }
);

section!(
    /// `[models]`: the models folder, and limits on loaded models.
    Models {
        /// Folder that holds the models, one subfolder each.
        dir: String = "./models".to_owned(),
        /// Memory for all loaded models together: weights, packed copies and KV pages. 0: three
        /// quarters of the machine's memory. A model that does not fit is refused.
        max_bytes: ByteSize = ByteSize(0),
        /// More generating models to load at startup besides `draft.model`: names or paths,
        /// separated by commas. Empty: none.
        load: String = String::new(),
        /// Generating models in memory at the same time, counting those still loading and those
        /// draining; at least 1. A swap needs room for two.
        loaded_max: usize = 8,
        /// Whether `POST /v1/models/load` accepts file paths; `false`: names under `models.dir`
        /// only.
        load_paths: bool = true,
    }
);

section!(
    /// `[memory]`: limits of the memory ledger.
    ///
    /// A limit of 0 means no separate limit: only the wider ones apply, `models.max_bytes` and
    /// `memory.max_bytes`.
    Memory {
        /// Everything the ledger accounts for: models, compiled grammars and the conversation
        /// cache. 0: seven eighths of the machine's memory.
        max_bytes: ByteSize = ByteSize(0),
        /// Model weights as loaded, encoder included.
        weights_bytes_max: ByteSize = ByteSize(0),
        /// Copies of weights rearranged into the layout that the kernels read.
        packed_copies_bytes_max: ByteSize = ByteSize(0),
        /// Keys and values of all models, cached prefixes included; see `engine.kv_bytes_max`.
        kv_pages_bytes_max: ByteSize = ByteSize(0),
        /// Compiled grammars kept for reuse.
        grammars_bytes_max: ByteSize = ByteSize(0),
    }
);

section!(
    /// `[engine]`: generation. Each limit applies to every generating model separately.
    Engine {
        /// Compute threads, for generating models and for the encoder. 0: one per core. Lower it
        /// when other programs share the machine.
        threads: usize = 0,
        /// Token slots in one KV page; at least 1. Prompts are shared in whole pages, so smaller
        /// pages share more and larger pages cost less bookkeeping.
        page_tokens: usize = 32,
        /// Memory for the KV pages of one model. Raise it when sequences are preempted or long
        /// contexts are refused.
        kv_bytes_max: ByteSize = ByteSize(256 << 20),
        /// Number format of keys and values: `f16`, or `f32` at twice the memory.
        kv_type: String = "f16".to_owned(),
        /// Whether a tenant's prompts that start with the same tokens share their computed pages.
        prefix_cache: bool = true,
        /// Rows in one forward pass, decode tokens and prompt chunks together; at least
        /// `sequences_max`. More rows speed up long prompts and lengthen each step.
        step_tokens_max: usize = 512,
        /// Longest step that mixes prompt chunks with decode tokens, in percent of a step of the
        /// same decode tokens alone; at least 100. 0: no bound. Lower it to keep streams smooth
        /// while long prompts are computed; raise it for faster prompts.
        decode_gap_percent: usize = 180,
        /// Sequences that generate at the same time; 1 to `step_tokens_max`.
        sequences_max: usize = 64,
        /// Requests that may wait for their first step; at least 1. Further ones get 429.
        waiting_max: usize = 256,
        /// Prompt tokens of all waiting requests together; at least 1. Further ones get 429. An
        /// empty queue accepts any prompt.
        waiting_prompt_tokens_max: usize = 131_072,
        /// Maximum estimated queueing delay of a live request, in milliseconds. The estimate uses
        /// measured rates; a request that would wait longer gets 429. 0: the time of 24 typical
        /// answers, which keeps latency short under overload. Raise it to refuse less and wait
        /// longer.
        waiting_ms_max: u64 = 0,
        /// Longest sequence, prompt and output together, in tokens; at least 2. The model's own
        /// limit applies if it is smaller.
        context_tokens_max: usize = 8192,
        /// Most output tokens that one request may ask for; at least 1.
        output_tokens_max: usize = 2048,
        /// Speculative tokens per sequence and step, proposed by prompt lookup. 0: no speculation.
        /// Fewer are proposed when measurements show that they do not pay off.
        draft_tokens_max: usize = 4,
        /// Speculation is used only while at most this many sequences run and none waits. 0: never.
        draft_sequences_max: usize = 8,
    }
);

section!(
    /// `[kernels]`: CPU kernels.
    Kernels {
        /// Instruction-set variant: `auto` (the fastest of this machine), `scalar`, `avx2`,
        /// `avx-vnni`, `avx512-vnni` or `neon`; one that the machine lacks is an error. Change it
        /// to compare variants.
        tier: String = "auto".to_owned(),
    }
);

section!(
    /// `[draft]`: the model that drafts replies, and their style.
    Draft {
        /// Model that drafts replies: a name under `models.dir`, or a path.
        model: String = "drafter".to_owned(),
        /// Format that float matrices are converted to when a generating model is loaded: `none`,
        /// `q8_0`, `q6_k`, `q5_k`, `q4_k` or `q4_0`. Smaller formats use less memory and run
        /// faster, at some loss of quality. Matrices that are already quantised stay as they are.
        quantize: String = "none".to_owned(),
        /// Deadline of a turn whose request sets no `deadline_ms`, in milliseconds. When it passes,
        /// the reply comes from a template.
        deadline_ms: u64 = 3_000,
        /// Longest deadline that a request may ask for, in milliseconds; longer ones get 422.
        deadline_ms_max: u64 = 60_000,
        /// Longest draft, in tokens; at least 1.
        output_tokens_max: usize = 160,
        /// Whether decoding is constrained so that numbers, prices, links and names come from the
        /// turn's facts. `false`: drafts are decoded freely and only checked afterwards; one that
        /// invents something is replaced by a template.
        constrain: bool = true,
        /// Brand voice: `warm`, `formal`, `playful` or `direct`.
        voice: String = "warm".to_owned(),
        /// French form of address: `vous` or `tu`.
        address: String = "vous".to_owned(),
        /// Length of replies: `short` or `long`.
        length: String = "short".to_owned(),
        /// Whether replies may contain emoji.
        emoji: bool = false,
    }
);

section!(
    /// `[intent]`: the sentence encoder and the classifiers on top of it.
    Intent {
        /// Sentence encoder: a name under `models.dir`, or a path.
        encoder: String = "all-MiniLM-L6-v2".to_owned(),
        /// Arithmetic of the encoder: `int8` or `int16` (integer products in the CPU kernels),
        /// `f32`, or `auto`. `auto` picks `int8` where the CPU has a byte dot product, otherwise
        /// `int16` where there are vector kernels for it, otherwise `f32`. Set `int16` to get the
        /// same embeddings on every x86-64 machine.
        precision: String = "auto".to_owned(),
        /// Prefix of every text that is embedded, such as `query: ` for e5 models; a head needs the
        /// prefix it was trained with. Empty: the prefix in the encoder's own files, usually none.
        prefix: String = String::new(),
        /// Intent head file, as written by `vitrine intents train`. Empty: the built-in head.
        head: String = String::new(),
        /// Folder of signal heads: `sentiment.head`, `urgency.head`, `sarcasm.head`,
        /// `profanity.head` and `stage.head`. Word lists score the signals whose head is missing.
        /// Empty: the built-in heads if they fit the encoder, otherwise word lists. `none`: word
        /// lists only.
        signals: String = String::new(),
        /// Tokens encoded in one forward pass; at least 1. More raise throughput and the wait of
        /// texts that arrive during a pass.
        batch_tokens_max: usize = 2048,
        /// Texts that may wait for the encoder; at least 1. Further ones get 429.
        waiting_texts_max: usize = 4096,
        /// Texts in one `/v1/classify` or `/v1/embeddings` request; at least 1. More get 422.
        request_texts_max: usize = 1024,
        /// Cached predictions, so that a tenant's repeated text is not encoded again. 0: no cache.
        remembered_texts_max: usize = 8192,
    }
);

section!(
    /// `[turn]`: how turns are decided.
    Turn {
        /// Longest customer message, in characters; at least 1. Longer ones get 413.
        text_chars_max: usize = 4096,
        /// Facet questions asked before a product is shown. 0: show a product at once.
        questions_max: u32 = 1,
        /// Consecutive turns with an uncertain intent that lead to a hand-off: the bot asks for
        /// clarification until this many are reached. 0 and 1: hand off at the first.
        unsure_max: u32 = 2,
        /// Times that the bot may repeat a question before it hands off to a human. 0: never
        /// repeat.
        repeats_max: u32 = 2,
        /// Customer tiers, separated by commas, whose purchases are also handed to a human: the
        /// customer gets the checkout link and an advisor. Empty: none.
        personal_tiers: String = "vip".to_owned(),
        /// Intents and policy topics that always go to a human, separated by commas. Empty: none.
        handoff_topics: String = String::new(),
        /// Channels whose messages all go to a human, separated by commas. Empty: none.
        handoff_channels: String = String::new(),
        /// Largest amount that a complaint, refund or payment problem may mention without a
        /// hand-off, a decimal number such as `250.00` in any currency. Empty: no limit.
        handoff_amount_max: String = String::new(),
        /// Most earlier turns shown to an instruct model as conversation history. 0: none.
        history_turns_max: usize = 6,
        /// Most tokens of that history; whole turns are dropped, oldest first, until the rest fits.
        history_tokens_max: usize = 1024,
        /// Turns of one conversation that may wait for the running one; at least 1. Further ones
        /// get 429.
        thread_waiting_max: usize = 32,
        /// Messages sent in quick succession that one answer may cover; at least 1. The last of
        /// them is no longer superseded by newer messages. 1: messages are never merged.
        burst_messages_max: usize = 8,
    }
);

section!(
    /// `[debounce]`: how long a turn waits for more messages of the customer, in milliseconds, by
    /// channel. Applies to `POST /v1/turns` and to `/respond` with `"debounce": true`. 0: no wait.
    Debounce {
        /// WhatsApp.
        whatsapp_ms: u64 = 700,
        /// Instagram.
        instagram_ms: u64 = 700,
        /// RCS.
        rcs_ms: u64 = 700,
        /// Apple Messages for Business.
        apple_ms: u64 = 700,
        /// SMS.
        sms_ms: u64 = 700,
        /// Web chat.
        webchat_ms: u64 = 700,
    }
);

section!(
    /// `[threads]`: the conversation store.
    Threads {
        /// Memory for conversations cached in memory, reserved in the memory ledger at startup.
        /// Raise it if many conversations are active at once.
        hot_bytes_max: ByteSize = ByteSize(64 << 20),
        /// Writes that may wait for the writer thread; at least 1. Further ones get 429.
        writes_waiting_max: usize = 4096,
        /// Writes in one transaction, which is one sync to disk; at least 1.
        writes_per_commit_max: usize = 1024,
        /// What happens when the store is opened after a crash. `quick`: it opens at once; to allow
        /// that, each transaction syncs twice and also writes the page map of the file, which adds
        /// about 4 ms to a lone write and nothing when many writes share a transaction. `walk`: the
        /// whole file is scanned, about 10 s per GB, and writes are cheaper.
        recovery: String = "quick".to_owned(),
    }
);

section!(
    /// `[retention]`: how long stored data is kept before it is deleted automatically.
    Retention {
        /// How long message ids are kept to recognise redeliveries, in days; at least 1. Channels
        /// redeliver for up to 7 days.
        messages_days: u32 = 8,
        /// How long an erasure is remembered, in days; at least 8. Until then, messages sent before
        /// the erasure are refused.
        tombstones_days: u32 = 30,
        /// Conversations, in days since their last change; at least 1.
        threads_days: u32 = 1095,
        /// Profiles of customers who have no conversation and no live consent, in days since their
        /// last change; at least 1.
        profiles_days: u32 = 1095,
        /// Facts stored for personalisation, in days since they were learnt; at least 1.
        personalisation_days: u32 = 1095,
        /// Facts stored for outreach (messages that the shop sends first), in days since they were
        /// learnt; at least 1.
        outreach_days: u32 = 1095,
        /// Tenants with other periods, separated by `;`: `NAME threads_days=30 outreach_days=7`.
        /// Allowed keys: `threads_days`, `profiles_days`, `personalisation_days`, `outreach_days`;
        /// the others keep the values above. Empty: every tenant uses the values above.
        tenants: String = String::new(),
        /// Pause between two steps of the retention sweep, in milliseconds.
        sweep_ms: u64 = 10_000,
        /// Entries examined in one step of the sweep; at least 1. A full pass over the store takes
        /// its entries divided by this, times `sweep_ms`.
        sweep_entries_max: usize = 1000,
        /// Longest time that erased bytes may stay in the store's file, in hours: then the file is
        /// rewritten, if anything was erased. 0: after each step of the sweep.
        rewrite_hours: u64 = 24,
    }
);

section!(
    /// `[callbacks]`: webhooks of the shop that the gateway delivers to.
    Callbacks {
        /// URL that receives the answers of `POST /v1/turns`. Empty: that route answers 422.
        turns_url: String = String::new(),
        /// URL that receives hand-off packets. Empty: hand-offs appear in the answer only.
        handoff_url: String = String::new(),
        /// Secret that signs deliveries (HMAC-SHA256), meant for the environment variable
        /// `VITRINE_CALLBACKS__SECRET`. Empty, and `secret_file` too: deliveries are unsigned.
        secret: String = String::new(),
        /// File that contains the secret; it takes precedence over `secret`. Empty: use `secret`.
        secret_file: String = String::new(),
        /// Attempts before a delivery is given up and listed in `/v1/deliveries/dead`; at least 1.
        attempts_max: u32 = 16,
        /// Wait after the first failed attempt, in milliseconds; doubled after each further one.
        backoff_ms: u64 = 1_000,
        /// Upper bound of that wait, in milliseconds.
        backoff_ms_max: u64 = 3_600_000,
        /// Longest wait for the receiver's response, in milliseconds.
        timeout_ms: u64 = 10_000,
        /// Deliveries in progress at the same time; at least 1.
        running_max: usize = 32,
        /// Accepted turns that may be waiting; at least 1. Further ones get 429.
        waiting_max: usize = 10_000,
    }
);

section!(
    /// `[catalog]`: the products.
    Catalog {
        /// Product file, NDJSON or CSV, or a folder that holds `catalog.ndjson` or `catalog.csv`.
        /// Empty: no catalogue.
        path: String = String::new(),
        /// No effect: facet labels, questions and synonyms come from `facets.toml` beside `path`.
        facets: String = String::new(),
    }
);

section!(
    /// `[offers]`: upsell suggestions learnt from past baskets.
    Offers {
        /// Past baskets, one per line, SKUs separated by commas. Empty: no offers.
        baskets: String = String::new(),
        /// Fewest baskets with both products; a pair in fewer counts as chance.
        together_min: u32 = 5,
        /// Smallest share, 0 to 1, of baskets with the first product that also contain the offered
        /// one. Raise it for fewer, safer offers.
        confidence_min: f64 = 0.08,
        /// Smallest lift: how many times likelier than by chance both are bought together; 1:
        /// chance.
        lift_min: f64 = 1.2,
        /// Share of customers who never see offers, 0 to 1, to measure what offers bring. 0: none.
        holdout_share: f64 = 0.1,
        /// Highest price of an offer, as a share of the dearest product it goes with, 0 to 1.
        price_share_max: f64 = 0.6,
    }
);

section!(
    /// `[shop]`: what the bot says about the shop.
    Shop {
        /// Brand name.
        name: String = "vitrine".to_owned(),
        /// What the shop sells, in a few words of English.
        about_en: String = "our products".to_owned(),
        /// The same in French.
        about_fr: String = "nos produits".to_owned(),
        /// Who takes over from the bot, in English, such as `advisor`.
        team_en: String = "advisor".to_owned(),
        /// The same in French.
        team_fr: String = "conseiller".to_owned(),
        /// When the team answers, in English. Empty: not mentioned.
        hours_en: String = String::new(),
        /// The same in French.
        hours_fr: String = String::new(),
        /// Policy texts on delivery, returns and so on, TOML. Empty: none.
        policies: String = String::new(),
        /// Checkout link; `{sku}`, `{size}` and `{thread}` are replaced. Empty: no checkout links.
        checkout_url: String = String::new(),
        /// Language of the first reply when the message does not reveal one: `en` or `fr`.
        language: String = "en".to_owned(),
        /// What happens to messages in a language that the bot does not answer in: `reply` in the
        /// conversation's language, or `handoff` to a human.
        other_languages: String = "reply".to_owned(),
    }
);

section!(
    /// `[log]`: the log on standard error.
    Log {
        /// `error`, `warn`, `info`, `debug`, or a filter such as `vitrine=debug`.
        level: String = "info".to_owned(),
        /// `text` or `json` (one object per line).
        format: String = "text".to_owned(),
    }
);
