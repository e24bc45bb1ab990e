//! Upper bounds of numbers and sizes. A value above its bound cannot work or is a slip of the
//! keyboard: it would overflow a time, exceed what a channel or semaphore can count, or reserve
//! more memory than machines have.

/// A minute, an hour and a day, in milliseconds.
pub(crate) const MINUTE_MS: u64 = 60_000;
pub(crate) const HOUR_MS: u64 = 60 * MINUTE_MS;
pub(crate) const DAY_MS: u64 = 24 * HOUR_MS;

/// A hundred years, in days: times that long before today still have a date.
pub(crate) const CENTURY_DAYS: u64 = 36_500;
/// The same in hours.
pub(crate) const CENTURY_HOURS: u64 = CENTURY_DAYS * 24;

/// Entries of a queue, a cache or a batch; each costs memory, and channels count no more than 2^60.
pub(crate) const ENTRIES_MAX: u64 = 10_000_000;
/// Things that happen at the same time: requests, deliveries.
pub(crate) const AT_ONCE_MAX: u64 = 1_000_000;
/// Times that something is tried or may happen again.
pub(crate) const TIMES_MAX: u64 = 10_000;

/// Tokens of a sequence; published models have contexts of up to 10 million.
pub(crate) const CONTEXT_TOKENS_MAX: u64 = 1 << 24;
/// Rows of a step; its buffers grow with them.
pub(crate) const STEP_TOKENS_MAX: u64 = 1 << 16;
/// Prompt tokens that wait.
pub(crate) const QUEUE_TOKENS_MAX: u64 = 1 << 32;
/// Longest mixed step, in percent of a plain one; more is no bound at all.
pub(crate) const GAP_PERCENT_MAX: u64 = 100_000;
/// Token slots of a page.
pub(crate) const PAGE_TOKENS_MAX: u64 = 1 << 12;
/// Speculative tokens of a sequence and step.
pub(crate) const SPECULATIVE_TOKENS_MAX: u64 = 64;
/// Models in memory.
pub(crate) const MODELS_MAX: u64 = 1024;

/// Characters of a message: four bytes each must fit the stored record of a turn twice.
pub(crate) const MESSAGE_CHARS_MAX: u64 = 1 << 15;

/// Smallest request body that a route can use, in bytes.
pub(crate) const BODY_BYTES_MIN: u64 = 1 << 10;
/// Largest request body, in bytes: bodies are held in memory.
pub(crate) const BODY_BYTES_MAX: u64 = 1 << 30;
/// Smallest memory for KV pages, in bytes: less does not hold one page of a useful model.
pub(crate) const KV_BYTES_MIN: u64 = 1 << 20;
/// Largest size of memory, in bytes: 1 PiB, more than any machine has.
pub(crate) const MEMORY_BYTES_MAX: u64 = 1 << 50;

/// Compute threads or HTTP threads for each core. More only wait for each other.
pub(crate) const THREADS_PER_CORE_MAX: usize = 8;
/// Threads that are allowed on any machine, also on one with few cores.
pub(crate) const THREADS_ALLOWED: usize = 64;
