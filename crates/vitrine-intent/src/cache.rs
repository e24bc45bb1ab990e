//! Cache of predictions by exact text.
//!
//! Customers greet, thank and ask for their parcel in the same few words, and a prediction does not
//! change while the head stays the same.
//!
//! Invariants
//! - Entries are per tenant: a hit's shorter response time reveals nothing about the texts of other
//!   tenants.
//! - No text is stored. A key is a hash salted with a secret of this process.

use crate::prediction::IntentPrediction;
use quick_cache::sync::Cache;
use sha2::Digest;
use sha2::Sha256;
use std::num::NonZeroUsize;
use std::sync::Arc;
use vitrine_base::ids::TenantId;

/// 128 bits of a salted SHA-256 of tenant and text; collisions are negligible.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct TextKey([u8; 16]);

/// Bounded prediction cache; keeps recently and frequently used entries.
#[derive(Debug)]
pub(super) struct PredictionCache {
    secret: [u8; 32],
    known: Cache<TextKey, Arc<IntentPrediction>>,
}

impl PredictionCache {
    /// Creates a cache of up to `texts_max` predictions.
    pub(super) fn new(texts_max: NonZeroUsize) -> Self {
        Self { secret: rand::random(), known: Cache::new(texts_max.get()) }
    }

    /// Cache key of a tenant's text.
    pub(super) fn key(&self, tenant: &TenantId, text: &str) -> TextKey {
        let tenant = tenant.as_str();
        let mut hash = Sha256::new();
        hash.update(self.secret);
        hash.update((tenant.len() as u64).to_le_bytes());
        hash.update(tenant);
        hash.update(text);
        let digest = hash.finalize();
        let mut key = [0; 16];
        key.copy_from_slice(&digest[..16]);
        TextKey(key)
    }

    /// The cached prediction under `key`.
    pub(super) fn find(&self, key: TextKey) -> Option<IntentPrediction> {
        self.known.get(&key).map(|known| IntentPrediction::clone(&known))
    }

    /// Stores a prediction; may evict another one.
    pub(super) fn keep(&self, key: TextKey, prediction: IntentPrediction) {
        self.known.insert(key, Arc::new(prediction));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::signals::Signals;

    fn prediction(label: &str) -> IntentPrediction {
        IntentPrediction {
            label: label.to_owned(),
            confidence: 0.9,
            in_scope: 0.9,
            abstained: false,
            clarify_margin: 0.1,
            alternatives: Vec::new(),
            signals: Signals::default(),
            meaning: None,
        }
    }

    #[test]
    fn a_text_is_cached_per_tenant_and_old_entries_are_evicted() {
        let tenant = |name: &str| TenantId::new(name).unwrap();
        let cache = PredictionCache::new(NonZeroUsize::new(64).unwrap());
        let key = cache.key(&tenant("rivage"), "hello");
        cache.keep(key, prediction("greet"));
        assert_eq!(cache.find(key), Some(prediction("greet")));
        assert_eq!(cache.find(cache.key(&tenant("rivage"), "hello ")), None);
        assert_eq!(cache.find(cache.key(&tenant("rivageh"), "ello")), None);
        assert_eq!(cache.find(cache.key(&tenant("other"), "hello")), None);
        let again = PredictionCache::new(NonZeroUsize::new(64).unwrap());
        assert_ne!(again.key(&tenant("rivage"), "hello"), key, "each cache has its own secret");
        for index in 0..1_000 {
            let key = cache.key(&tenant("rivage"), &format!("text {index}"));
            cache.keep(key, prediction("x"));
        }
        assert!(cache.known.len() <= 64, "{}", cache.known.len());
    }
}
