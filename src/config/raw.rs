//! The configuration file as it is written: one struct a section, every default, no checks.
//!
//! Every key has its unit in its name or its comment. `mod.rs` turns this into checked values.

use serde::Deserialize;
use serde::Deserializer;
use serde::Serialize;
use serde::Serializer;
use vitrine_base::units::Bytes;

/// A size that reads `512 MiB` or a number of bytes.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Size(pub(crate) u64);

impl Serialize for Size {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&format_args!("{} B", self.0))
    }
}

impl<'de> Deserialize<'de> for Size {
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
    /// The whole file.
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
    /// `[server]`
    Server {
        /// Address to listen on; another than loopback needs `api_keys_file`.
        bind: String = "127.0.0.1:8080".to_owned(),
        /// HTTP runtime workers. One is enough: the work is in the engine's threads.
        threads: usize = 1,
        /// Largest accepted request body.
        body_bytes_max: Size = Size(1 << 20),
        /// Requests answered at once; one more gets 429.
        requests_in_flight_max: usize = 1024,
        /// Longest wait for running requests at shutdown, milliseconds.
        drain_ms: u64 = 10_000,
        /// File with one API key a line, `KEY [tenant=NAME] [scopes=A,B]`; KEY may be
        /// `sha256:HEX`. Empty, and `api_keys` as well: no key is asked for (loopback only).
        api_keys_file: String = String::new(),
        /// The same lines, parted by `;`, for the environment variable.
        api_keys: String = String::new(),
        /// Requests a second that each tenant may send in the long run; 0: no limit.
        tenant_requests_per_second: f64 = 0.0,
        /// Requests that a tenant may send at once after a quiet time.
        tenant_requests_burst: u32 = 100,
    }
);

section!(
    /// `[data]`
    Data {
        /// The one folder that the gateway writes to.
        dir: String = "./data".to_owned(),
    }
);

section!(
    /// `[models]`
    Models {
        /// Where models lie, one folder each.
        dir: String = "./models".to_owned(),
        /// What all loaded models may take together, KV pages included; 0: 3/4 of memory.
        max_bytes: Size = Size(0),
        /// More models to load at the start: names or paths, separated by commas.
        load: String = String::new(),
        /// Generating models at once, those that load or drain included.
        loaded_max: usize = 8,
        /// Whether `/v1/models/load` may name a file by its path; otherwise names under `dir` only.
        load_paths: bool = true,
    }
);

section!(
    /// `[memory]`: what the ledger grants; 0: no limit of its own, only those above it.
    Memory {
        /// Everything together; 0: 7/8 of memory.
        max_bytes: Size = Size(0),
        /// Model weights, as loaded.
        weights_bytes_max: Size = Size(0),
        /// Copies of weights in the order that the kernels read.
        packed_copies_bytes_max: Size = Size(0),
        /// Keys and values of all models, cached prefixes included; one model takes up to
        /// `engine.kv_bytes_max`.
        kv_pages_bytes_max: Size = Size(0),
        /// Compiled grammars that are kept.
        grammars_bytes_max: Size = Size(0),
    }
);

section!(
    /// `[engine]`
    Engine {
        /// Compute workers; 0: all cores.
        threads: usize = 0,
        /// Token slots in a KV page.
        page_tokens: usize = 32,
        /// Memory for KV pages of one model.
        kv_bytes_max: Size = Size(256 << 20),
        /// Number format of keys and values: `f16`, or `f32` for twice the memory.
        kv_type: String = "f16".to_owned(),
        /// Whether prompts that begin alike, within a tenant, are computed once.
        prefix_cache: bool = true,
        /// Rows of one forward pass: decode tokens and prompt chunks together.
        step_tokens_max: usize = 512,
        /// Longest step beside long prompts, percent of a step of decode tokens alone; 0: no bound.
        decode_gap_percent: usize = 180,
        /// Sequences that generate at once.
        sequences_max: usize = 64,
        /// Sequences that wait; one more is refused with 429.
        waiting_max: usize = 256,
        /// Prompt tokens that wait; more are refused with 429.
        waiting_prompt_tokens_max: usize = 131_072,
        /// Longest time, by the measured rate, that a live request may lose to those before it,
        /// milliseconds; one that would lose more is refused with 429. 0: the time of 24 usual
        /// answers, which keeps the wait of those let in under overload short.
        waiting_ms_max: u64 = 0,
        /// Longest sequence, prompt and output together; the model may allow less.
        context_tokens_max: usize = 8192,
        /// Most tokens a request may ask for.
        output_tokens_max: usize = 2048,
        /// Tokens that a sequence may guess from its own prompt in one step; 0: none. As many are
        /// made as pay, by what they cost here and how often they are right.
        draft_tokens_max: usize = 4,
        /// Guesses are made while at most so many sequences run and nobody waits.
        draft_sequences_max: usize = 8,
    }
);

section!(
    /// `[kernels]`
    Kernels {
        /// SIMD tier: `auto` (the strongest of this machine), `scalar`, `avx2`, `avx-vnni`,
        /// `avx512-vnni` or `neon`; one that the machine lacks is an error.
        tier: String = "auto".to_owned(),
    }
);

section!(
    /// `[draft]`
    Draft {
        /// The model that words the reply: a name under `models.dir` or a path.
        model: String = "drafter".to_owned(),
        /// What float matrices are packed to when a generating model is opened: `none`, `q8_0`,
        /// `q6_k`, `q5_k`, `q4_k` or `q4_0`.
        quantize: String = "none".to_owned(),
        /// A turn's deadline when the request names none, milliseconds.
        deadline_ms: u64 = 3_000,
        /// Longest deadline that a request may ask for, milliseconds.
        deadline_ms_max: u64 = 60_000,
        /// Longest draft, tokens.
        output_tokens_max: usize = 160,
        /// Whether a draft's numbers, prices, links and names are held to the facts token by token;
        /// otherwise a draft that invents one is replaced by the template.
        constrain: bool = true,
        /// Brand voice: `warm`, `formal`, `playful` or `direct`.
        voice: String = "warm".to_owned(),
        /// French form of address: `vous` or `tu`.
        address: String = "vous".to_owned(),
        /// Length of replies: `short` or `long`.
        length: String = "short".to_owned(),
        /// Whether replies may hold emoji.
        emoji: bool = false,
    }
);

section!(
    /// `[intent]`
    Intent {
        /// Sentence encoder: a name under `models.dir` or a path.
        encoder: String = "all-MiniLM-L6-v2".to_owned(),
        /// What the encoder computes in: `int8` or `int16` (products in integers, on the CPU's
        /// kernels), `f32`, or `auto`: `int8` where this machine has a dot product of bytes,
        /// `int16` where the kernels have other vector code for it.
        precision: String = "auto".to_owned(),
        /// Put before every text that is embedded, such as `query: ` for e5; a head must have been
        /// trained with it. Empty: what the encoder's repository asks for, usually nothing.
        prefix: String = String::new(),
        /// Intent head file; empty: the shipped head.
        head: String = String::new(),
        /// Folder of signal heads (`sentiment.head`, `urgency.head`, `sarcasm.head`,
        /// `profanity.head`, `stage.head`); word lists stand in for those that are missing. Empty:
        /// the shipped ones, where they fit the encoder; `none`: word lists alone.
        signals: String = String::new(),
        /// Tokens encoded in one pass.
        batch_tokens_max: usize = 2048,
        /// Texts that wait for the encoder; one more is refused with 429.
        waiting_texts_max: usize = 4096,
        /// Texts of one `/v1/classify` or `/v1/embeddings` call.
        request_texts_max: usize = 1024,
        /// Texts whose intent is remembered, so that the same words cost nothing again, each
        /// tenant's apart; 0: none.
        remembered_texts_max: usize = 8192,
    }
);

section!(
    /// `[turn]`
    Turn {
        /// Longest customer message, characters.
        text_chars_max: usize = 4096,
        /// Facet questions asked before a product is recommended.
        questions_max: u32 = 1,
        /// Unsure answers in a row before a human is asked in.
        unsure_max: u32 = 2,
        /// Times that the same question is asked again before a human is asked in.
        repeats_max: u32 = 2,
        /// Tiers of customers whose purchases a human accompanies, parted by commas.
        personal_tiers: String = "vip".to_owned(),
        /// Intents and policy topics that always go to a human, parted by commas.
        handoff_topics: String = String::new(),
        /// Channels on which every message goes to a human, parted by commas.
        handoff_channels: String = String::new(),
        /// The most money that a complaint or a refund may be about before a human is asked in, a
        /// decimal number in any currency; empty: no limit.
        handoff_amount_max: String = String::new(),
        /// Earlier turns shown to an instruct model.
        history_turns_max: usize = 6,
        /// Tokens of those turns; the oldest are left out, whole ones, until the rest has no more.
        history_tokens_max: usize = 1024,
        /// Turns of one thread that wait for the one before; one more gets 429.
        thread_waiting_max: usize = 32,
        /// Messages in a row that are answered once; the last of them is not superseded any more.
        burst_messages_max: usize = 8,
    }
);

section!(
    /// `[debounce]`: how long a turn that can wait (`POST /v1/turns`, or `/respond` with
    /// `debounce`) waits for more messages on a channel, milliseconds.
    Debounce {
        /// WhatsApp.
        whatsapp_ms: u64 = 700,
        /// Instagram.
        instagram_ms: u64 = 700,
        /// RCS.
        rcs_ms: u64 = 700,
        /// Apple Messages.
        apple_ms: u64 = 700,
        /// SMS.
        sms_ms: u64 = 700,
        /// Web chat.
        webchat_ms: u64 = 700,
    }
);

section!(
    /// `[threads]`
    Threads {
        /// Memory for threads kept hot.
        hot_bytes_max: Size = Size(64 << 20),
        /// Writes that wait for the writer; one more gets 429.
        writes_waiting_max: usize = 4096,
        /// Writes in one transaction.
        writes_per_commit_max: usize = 1024,
        /// How the file comes up after a crash: `quick`, at once, for which a transaction syncs
        /// twice and writes the map of the file's pages as well (some 4 ms where it is alone,
        /// nothing where many write at once); or `walk`, 10 s a GB.
        recovery: String = "quick".to_owned(),
    }
);

section!(
    /// `[retention]`: what goes by itself, and when.
    Retention {
        /// Message ids, days: channels deliver again for up to 7.
        messages_days: u32 = 8,
        /// That something was erased, days, 8 or more: so long a message sent before is refused.
        tombstones_days: u32 = 30,
        /// Threads, days from their last change.
        threads_days: u32 = 1095,
        /// Profiles of customers without a thread or a live consent, days from their last change.
        profiles_days: u32 = 1095,
        /// Facts kept to know the customer again, days from when they were learnt.
        personalisation_days: u32 = 1095,
        /// Facts kept to write first, days from when they were learnt.
        outreach_days: u32 = 1095,
        /// Tenants with other times, parted by `;`: `NAME threads_days=30 outreach_days=7`; what is
        /// not said is as above.
        tenants: String = String::new(),
        /// Between two steps of the sweep, milliseconds.
        sweep_ms: u64 = 10_000,
        /// Entries that a step looks at.
        sweep_entries_max: usize = 1000,
        /// Erased bytes leave the thread file after this at the latest, hours.
        rewrite_hours: u64 = 24,
    }
);

section!(
    /// `[callbacks]`: the shop's own addresses.
    Callbacks {
        /// Where the answers of `POST /v1/turns` go; empty: none are accepted.
        turns_url: String = String::new(),
        /// Where handoff packets go; empty: nowhere.
        handoff_url: String = String::new(),
        /// Secret that deliveries are signed with, for the environment variable; empty: unsigned.
        secret: String = String::new(),
        /// File that holds the secret instead.
        secret_file: String = String::new(),
        /// Tries before a delivery is put aside.
        attempts_max: u32 = 16,
        /// Wait after the first failure, milliseconds; it doubles with each.
        backoff_ms: u64 = 1_000,
        /// Longest wait, milliseconds.
        backoff_ms_max: u64 = 3_600_000,
        /// Longest wait for a receiver's answer, milliseconds.
        timeout_ms: u64 = 10_000,
        /// Deliveries under way at once.
        running_max: usize = 32,
        /// Accepted turns that wait; one more gets 429.
        waiting_max: usize = 10_000,
    }
);

section!(
    /// `[catalog]`
    Catalog {
        /// Products, NDJSON or CSV; empty: no catalogue.
        path: String = String::new(),
        /// Facet labels, questions and synonyms, TOML.
        facets: String = String::new(),
    }
);

section!(
    /// `[offers]`
    Offers {
        /// Past baskets, one a line, comma-separated SKUs; empty: no offers.
        baskets: String = String::new(),
        /// Baskets that hold both products, at least; fewer are chance.
        together_min: u32 = 5,
        /// Share of the anchor's baskets that hold the offer, at least.
        confidence_min: f64 = 0.08,
        /// How much likelier than by chance, at least.
        lift_min: f64 = 1.2,
        /// Share of customers that never see offers, to measure what offers bring.
        holdout_share: f64 = 0.1,
        /// Highest price of an offer as a share of the dearest thing it goes with.
        price_share_max: f64 = 0.6,
    }
);

section!(
    /// `[shop]`
    Shop {
        /// The brand's name.
        name: String = "vitrine".to_owned(),
        /// What the shop is about, in a few words of English.
        about_en: String = "our products".to_owned(),
        /// The same in French.
        about_fr: String = "nos produits".to_owned(),
        /// Who takes over from the bot, in English.
        team_en: String = "advisor".to_owned(),
        /// The same in French.
        team_fr: String = "conseiller".to_owned(),
        /// When the team answers, in English; empty: not said.
        hours_en: String = String::new(),
        /// The same in French.
        hours_fr: String = String::new(),
        /// Policy texts, TOML; empty: none.
        policies: String = String::new(),
        /// Checkout link; `{sku}`, `{size}` and `{thread}` are filled in.
        checkout_url: String = String::new(),
        /// Language when a message does not tell: `en` or `fr`.
        language: String = "en".to_owned(),
        /// What becomes of messages in another language: `reply` in the thread's language, or
        /// `handoff` to a human.
        other_languages: String = "reply".to_owned(),
    }
);

section!(
    /// `[log]`
    Log {
        /// `error`, `warn`, `info`, `debug`, or a filter such as `vitrine=debug`.
        level: String = "info".to_owned(),
        /// `text` or `json`.
        format: String = "text".to_owned(),
    }
);
