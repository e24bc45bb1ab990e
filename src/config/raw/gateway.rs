//! Sections of the gateway: HTTP, turns, the conversation store, callbacks and the log.

use crate::config::keys::ApiKeys;
use crate::config::section::section;
use crate::config::tenants::Tenants;
use crate::config::value::bounds::AT_ONCE_MAX;
use crate::config::value::bounds::BODY_BYTES_MAX;
use crate::config::value::bounds::BODY_BYTES_MIN;
use crate::config::value::bounds::CENTURY_DAYS;
use crate::config::value::bounds::CENTURY_HOURS;
use crate::config::value::bounds::CONTEXT_TOKENS_MAX;
use crate::config::value::bounds::DAY_MS;
use crate::config::value::bounds::ENTRIES_MAX;
use crate::config::value::bounds::HOUR_MS;
use crate::config::value::bounds::MEMORY_BYTES_MAX;
use crate::config::value::bounds::MESSAGE_CHARS_MAX;
use crate::config::value::bounds::TIMES_MAX;
use crate::config::value::number::Rate;
use crate::config::value::number::Size;
use crate::config::value::number::Within;
use crate::config::value::text::Amount;
use crate::config::value::text::Line;
use crate::config::value::text::LogFilter;
use crate::config::value::text::Phrase;
use crate::config::value::text::Secret;
use crate::config::value::url::WebhookUrl;
use crate::config::value::word::LogFormat;
use crate::http::state::UnknownFields;
use std::net::SocketAddr;
use std::path::PathBuf;
use vitrine_base::channel::ChannelKind;
use vitrine_conversations::Recovery;

/// Shortest time that an erasure must be remembered, in days: channels redeliver messages for up
/// to 7 days, and a redelivery must not bring back erased data.
const TOMBSTONES_DAYS_MIN: u64 = 8;

/// Smallest size of the audit log: a few thousand records.
const AUDIT_BYTES_MIN: u64 = 1 << 20;

/// Smallest limit on the size of headers, in bytes: the HTTP library reads in pieces of this size.
const HEADERS_BYTES_MIN: u64 = 8192;

/// Largest limit on the size of headers, in bytes: each connection may hold as much.
const HEADERS_BYTES_MAX: u64 = 16 << 20;

section!(
    /// The HTTP listener, API keys and request limits.
    Server {
        /// Address and port to listen on. Any address other than loopback requires API keys.
        bind: SocketAddr = SocketAddr::from(([127, 0, 0, 1], 8080)),
        /// Worker threads of the HTTP runtime. One is enough: models use their own.
        threads: Within<1, AT_ONCE_MAX, usize> = Within(1),
        /// Largest request body; larger ones get 413. Raise it for large `/v1/embeddings` calls.
        body_bytes_max: Size<BODY_BYTES_MIN, BODY_BYTES_MAX> = Size::mib(1),
        /// Requests handled at the same time. Further ones get 429. A request counts from the end
        /// of its body to the end of its answer, streams included; `/healthz`, `/readyz` and
        /// `/metrics` never count.
        requests_in_flight_max: Within<1, AT_ONCE_MAX, usize> ["requests"] = Within(1024),
        /// The same for one tenant, so that no tenant takes all of them. Not set: all of them if
        /// every key belongs to one tenant, otherwise half.
        tenant_in_flight_max: Option<Within<1, AT_ONCE_MAX, usize>> ["requests"] = None,
        /// Connections open at the same time. A further one takes the place of the one that has
        /// been without a request for longest. If all have requests, it gets 503, but `/healthz`
        /// and `/readyz` still answer. Each needs a file descriptor: the number is lowered to what
        /// the system allows, less 256.
        connections_max: Within<1, AT_ONCE_MAX, usize> ["connections"] = Within(768),
        /// Longest time from the first byte of a request to the end of its headers. Then 408.
        header_ms_max: Within<1, DAY_MS, u64> ["ms"] = Within(10_000),
        /// Largest request line and headers together; larger ones get 431, and so do more than 100
        /// headers.
        headers_bytes_max: Within<HEADERS_BYTES_MIN, HEADERS_BYTES_MAX, usize> ["bytes"] =
            Within(64 << 10),
        /// Longest pause between two pieces of a request body. Then 408.
        body_idle_ms_max: Within<1, DAY_MS, u64> ["ms"] = Within(10_000),
        /// Longest time for a whole request body. Then 408.
        body_ms_max: Within<1, DAY_MS, u64> ["ms"] = Within(60_000),
        /// Longest time that a client may leave an answer unread while no more of it can be sent.
        /// Then the connection is closed. After one second the request no longer counts in
        /// `requests_in_flight_max`.
        write_stall_ms_max: Within<1, DAY_MS, u64> ["ms"] = Within(30_000),
        /// How long a connection may stay open without a request. Then it is closed.
        idle_ms_max: Within<1, DAY_MS, u64> ["ms"] = Within(75_000),
        /// Time that running requests get to finish at shutdown; meanwhile new ones get 503. Then
        /// streams end with an event `error` and other requests with 503. It also bounds how long
        /// `POST /v1/models/unload` waits for the old model to finish. 0: do not wait.
        drain_ms: Within<0, DAY_MS, u64> ["ms"] = Within(10_000),
        /// File of API keys, one per line: `KEY [tenant=NAME] [scopes=A,B]`. KEY is the key itself
        /// or `sha256:` and its SHA-256 in hexadecimal. Without `tenant` the key belongs to the
        /// tenant `default`; without `scopes` it holds every scope: `turns`, `threads`,
        /// `customers`, `catalog`, `models`, `operate`. Empty lines and everything after ` #` are
        /// ignored; a key that is given twice is refused. If neither this nor `api_keys` is set, no
        /// key is required, which is allowed on a loopback address only.
        api_keys_file: Option<PathBuf> = None,
        /// API keys, valid in addition to those of `api_keys_file`, with the same meaning of `key`,
        /// `tenant` and `scopes`. Meant for the environment variable `VITRINE_SERVER__API_KEYS`.
        api_keys: ApiKeys = ApiKeys::default(),
        /// Sustained rate of requests that each tenant may send. Further ones get 429. Not set: no
        /// limit. Set it so that one tenant cannot starve the others.
        tenant_requests_per_second: Option<Rate> ["requests per second"] = None,
        /// Requests that a tenant may send at once after a quiet period, before
        /// `tenant_requests_per_second` applies. No effect without a rate.
        tenant_requests_burst: Within<1, AT_ONCE_MAX, u32> ["requests"] = Within(100),
        /// What happens to a request with a field that its route does not know. `refuse`: it gets
        /// 422, so that a misspelt field is noticed. `warn`: the field is ignored, and the header
        /// `Vitrine-Ignored` of the answer lists it.
        unknown_fields: UnknownFields = UnknownFields::Refuse,
    }
);

section!(
    /// Where the gateway keeps its state.
    Data {
        /// The only folder that the gateway writes to, created if missing: the conversation store
        /// and the audit log.
        dir: PathBuf = PathBuf::from("./data"),
    }
);

section!(
    /// How turns are decided.
    Turn {
        /// Longest customer message. Longer ones get 413.
        text_chars_max: Within<1, MESSAGE_CHARS_MAX, usize> ["characters"] = Within(4096),
        /// Facet questions asked before a product is shown. 0: show a product at once.
        questions_max: Within<0, TIMES_MAX, u32> ["questions"] = Within(1),
        /// Consecutive turns with an uncertain intent that lead to a hand-off: the bot asks for
        /// clarification until this many are reached. 0 and 1: hand off at the first.
        unsure_max: Within<0, TIMES_MAX, u32> ["turns"] = Within(2),
        /// Times that the bot may repeat a question before it hands off to a human. 0: never
        /// repeat.
        repeats_max: Within<0, TIMES_MAX, u32> ["times"] = Within(2),
        /// Customer tiers whose purchases are also handed to a human: the customer gets the
        /// checkout link and an advisor.
        personal_tiers: Vec<Phrase> = vec![Line("vip".to_owned())],
        /// Intents and policy topics that always go to a human.
        handoff_topics: Vec<Phrase> = Vec::new(),
        /// Channels whose messages all go to a human.
        handoff_channels: Vec<ChannelKind> = Vec::new(),
        /// Largest amount that a complaint, refund or payment problem may mention without a
        /// hand-off, in any currency. Not set: no limit.
        handoff_amount_max: Option<Amount> = None,
        /// Most earlier turns shown to an instruct model as conversation history. 0: none.
        history_turns_max: Within<0, TIMES_MAX, usize> ["turns"] = Within(6),
        /// Most tokens of that history; whole turns are dropped, oldest first, until the rest fits.
        history_tokens_max: Within<0, CONTEXT_TOKENS_MAX, usize> ["tokens"] = Within(1024),
        /// Turns of one conversation that may wait for the running one. Further ones get 429.
        thread_waiting_max: Within<1, AT_ONCE_MAX, usize> ["turns"] = Within(32),
        /// Messages sent in quick succession that one answer may cover. The last of them is no
        /// longer superseded by newer messages. 1: messages are never merged.
        burst_messages_max: Within<1, TIMES_MAX, usize> ["messages"] = Within(8),
    }
);

section!(
    /// How long a turn waits for more messages of the customer, by channel. Applies to
    /// `POST /v1/turns` and to `/respond` with `"debounce": true`. 0: no wait.
    Debounce {
        /// WhatsApp.
        whatsapp_ms: Within<0, HOUR_MS, u64> ["ms"] = Within(700),
        /// Instagram.
        instagram_ms: Within<0, HOUR_MS, u64> ["ms"] = Within(700),
        /// RCS.
        rcs_ms: Within<0, HOUR_MS, u64> ["ms"] = Within(700),
        /// Apple Messages for Business.
        apple_ms: Within<0, HOUR_MS, u64> ["ms"] = Within(700),
        /// SMS.
        sms_ms: Within<0, HOUR_MS, u64> ["ms"] = Within(700),
        /// Web chat.
        webchat_ms: Within<0, HOUR_MS, u64> ["ms"] = Within(700),
    }
);

section!(
    /// The conversation store.
    Threads {
        /// Memory for conversations cached in memory, reserved in the memory ledger at startup.
        /// Raise it if many conversations are active at once.
        hot_bytes_max: Size<0, MEMORY_BYTES_MAX> = Size::mib(64),
        /// Writes that may wait for the writer thread. Further ones get 429.
        writes_waiting_max: Within<1, ENTRIES_MAX, usize> ["writes"] = Within(4096),
        /// Writes in one transaction, which is one sync to disk.
        writes_per_commit_max: Within<1, ENTRIES_MAX, usize> ["writes"] = Within(1024),
        /// What happens when the store is opened after a crash. `quick`: it opens at once; to allow
        /// that, each transaction syncs twice and also writes the page map of the file, which adds
        /// about 4 ms to a lone write and nothing when many writes share a transaction. `walk`: the
        /// whole file is scanned, about 10 s per GB, and writes are cheaper.
        recovery: Recovery = Recovery::Quick,
        /// Pause between two attempts to write again after the disk was full, read-only or broken.
        /// Meanwhile writes get 503, and so does `/readyz`.
        retry_ms: Within<1, DAY_MS, u64> ["ms"] = Within(2_000),
    }
);

section!(
    /// How long stored data is kept before it is deleted automatically.
    Retention {
        /// How long message ids are kept to recognise redeliveries. Channels redeliver for up to 7
        /// days.
        messages_days: Within<1, CENTURY_DAYS, u32> ["days"] = Within(8),
        /// How long an erasure is remembered. Until then, messages sent before the erasure are
        /// refused.
        tombstones_days: Within<TOMBSTONES_DAYS_MIN, CENTURY_DAYS, u32> ["days"] = Within(30),
        /// Conversations, since their last change.
        threads_days: Within<1, CENTURY_DAYS, u32> ["days"] = Within(1095),
        /// Profiles of customers who have no conversation and no live consent, since their last
        /// change.
        profiles_days: Within<1, CENTURY_DAYS, u32> ["days"] = Within(1095),
        /// Facts stored for personalisation, since they were learnt.
        personalisation_days: Within<1, CENTURY_DAYS, u32> ["days"] = Within(1095),
        /// Facts stored for outreach (messages that the shop sends first), since they were learnt.
        outreach_days: Within<1, CENTURY_DAYS, u32> ["days"] = Within(1095),
        /// Tenants with other periods: a table `[retention.tenants.NAME]` each. A key that it does
        /// not set keeps the value above.
        tenants: Tenants = Tenants::new(),
        /// Pause between two steps of the retention sweep.
        sweep_ms: Within<1, DAY_MS, u64> ["ms"] = Within(10_000),
        /// Entries examined in one step of the sweep. A full pass over the store takes its entries
        /// divided by this, times `sweep_ms`.
        sweep_entries_max: Within<1, ENTRIES_MAX, usize> ["entries"] = Within(1000),
        /// Longest time that erased bytes may stay in the store's file: then the file is rewritten,
        /// if anything was erased. 0: after each step of the sweep.
        rewrite_hours: Within<0, CENTURY_HOURS, u64> ["hours"] = Within(24),
    }
);

section!(
    /// Webhooks of the shop that the gateway delivers to.
    Callbacks {
        /// URL that receives the answers of `POST /v1/turns`. Not set: that route answers 422.
        turns_url: Option<WebhookUrl> = None,
        /// URL that receives hand-off packets. Not set: hand-offs appear in the answer only.
        handoff_url: Option<WebhookUrl> = None,
        /// Secret that signs deliveries (HMAC-SHA256), meant for the environment variable
        /// `VITRINE_CALLBACKS__SECRET`. If neither this nor `secret_file` is set, deliveries are
        /// unsigned.
        secret: Option<Secret> = None,
        /// File that contains the secret; it takes precedence over `secret`.
        secret_file: Option<PathBuf> = None,
        /// Attempts before a delivery is given up and listed in `/v1/deliveries/dead`.
        attempts_max: Within<1, TIMES_MAX, u32> ["attempts"] = Within(16),
        /// Wait after the first failed attempt; doubled after each further one.
        backoff_ms: Within<0, DAY_MS, u64> ["ms"] = Within(1_000),
        /// Upper bound of that wait.
        backoff_ms_max: Within<0, DAY_MS, u64> ["ms"] = Within(3_600_000),
        /// Longest wait for the receiver's response.
        timeout_ms: Within<1, HOUR_MS, u64> ["ms"] = Within(10_000),
        /// Deliveries in progress at the same time.
        running_max: Within<1, AT_ONCE_MAX, usize> ["deliveries"] = Within(32),
        /// Accepted turns that may be waiting. Further ones get 429.
        waiting_max: Within<1, ENTRIES_MAX, usize> ["turns"] = Within(10_000),
    }
);

section!(
    /// The log on standard error.
    Log {
        /// `error`, `warn`, `info`, `debug`, or a filter such as `vitrine=debug`.
        level: LogFilter = LogFilter("info".to_owned()),
        /// `text`, or `json`: one object per line.
        format: LogFormat = LogFormat::Text,
        /// Whether each request is logged, at level `info` with target `access`: method, route,
        /// status, milliseconds, tenant and request id; no words, keys or ids of customers.
        /// `/healthz` and `/readyz` are left out.
        access: bool = true,
        /// Whether operators' acts are recorded in `audit` in `data.dir`, one file a day: who
        /// loaded or unloaded a model, exported, changed or erased a customer, or took over a
        /// conversation. Ids of customers and conversations are kept as keyed hashes.
        audit: bool = true,
        /// How long these files are kept.
        audit_days: Within<1, CENTURY_DAYS, u32> ["days"] = Within(365),
        /// Largest size of all of them together; then the oldest are deleted.
        audit_bytes_max: Size<AUDIT_BYTES_MIN, MEMORY_BYTES_MAX> = Size::mib(64),
    }
);
