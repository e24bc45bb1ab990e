//! Creates the memory ledger with the configured limits.

use crate::config::Settings;
use std::sync::Arc;
use vitrine_base::memory::Account;
use vitrine_base::memory::MemoryLedger;
use vitrine_base::memory::MemoryLimit;
use vitrine_base::units::Bytes;

/// An empty ledger with the limits of `[memory]`, `models.max_bytes` and `threads.hot_bytes_max`.
pub(super) fn ledger(settings: &Settings) -> Arc<MemoryLedger> {
    let memory = &settings.raw.memory;
    let hot_bytes_max = settings.raw.threads.hot_bytes_max.0;
    let limit = |key, accounts, bytes_max| MemoryLimit { key, accounts, bytes_max };
    let single: [(_, &[Account], _); 4] = [
        ("memory.weights_bytes_max", &[Account::Weights], memory.weights_bytes_max),
        (
            "memory.packed_copies_bytes_max",
            &[Account::PackedCopies],
            memory.packed_copies_bytes_max,
        ),
        ("memory.kv_pages_bytes_max", &[Account::KvPages], memory.kv_pages_bytes_max),
        ("memory.grammars_bytes_max", &[Account::Grammars], memory.grammars_bytes_max),
    ];
    // Narrow limits come first, because a refusal names the first limit that is exceeded. An
    // account whose limit is 0 is bounded by the wide ones only.
    let set = single.into_iter().filter(|(_, _, size)| size.0 > 0);
    let narrow = set.map(|(key, accounts, size)| limit(key, accounts, Bytes(size.0)));
    let wide = [
        limit("threads.hot_bytes_max", &[Account::HotConversations], Bytes(hot_bytes_max)),
        limit("models.max_bytes", &Account::MODELS, settings.models_bytes_max),
        limit("memory.max_bytes", &Account::ALL, settings.memory_bytes_max),
    ];
    MemoryLedger::new(narrow.chain(wide).collect())
}
