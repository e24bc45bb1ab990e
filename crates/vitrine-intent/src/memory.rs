//! Remembers what was said of texts that came before, letter for letter.
//!
//! Customers say hello, thank you and where is my parcel in the same few words; what they mean does
//! not change while the head stays.
//!
//! Invariants
//! - A tenant finds again only what it asked itself, so that nobody learns from the time of an
//!   answer what another tenant's customers write.
//! - No text is kept: a key is a hash with a secret of this process.

use crate::IntentPrediction;
use quick_cache::sync::Cache;
use sha2::Digest;
use sha2::Sha256;
use std::num::NonZeroUsize;
use std::sync::Arc;
use vitrine_base::ids::TenantId;

/// 128 bits of a text's hash: two texts do not meet.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct TextKey([u8; 16]);

/// Predictions of the texts that were asked for last and most.
#[derive(Debug)]
pub(super) struct PredictionMemory {
    secret: [u8; 32],
    known: Cache<TextKey, Arc<IntentPrediction>>,
}

impl PredictionMemory {
    /// Room for so many texts.
    pub(super) fn new(texts_max: NonZeroUsize) -> Self {
        Self { secret: rand::random(), known: Cache::new(texts_max.get()) }
    }

    /// A tenant's text.
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

    /// What was said of it.
    pub(super) fn find(&self, key: TextKey) -> Option<IntentPrediction> {
        self.known.get(&key).map(|known| IntentPrediction::clone(&known))
    }

    /// Keeps what was said.
    pub(super) fn keep(&self, key: TextKey, prediction: IntentPrediction) {
        self.known.insert(key, Arc::new(prediction));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Signals;

    fn prediction(label: &str) -> IntentPrediction {
        IntentPrediction {
            label: label.to_owned(),
            confidence: 0.9,
            in_scope: 0.9,
            abstained: false,
            clarify_margin: 0.1,
            alternatives: Vec::new(),
            signals: Signals::default(),
        }
    }

    #[test]
    fn a_text_is_found_again_by_its_tenant_alone_and_old_ones_make_room() {
        let tenant = |name: &str| TenantId::new(name).unwrap();
        let memory = PredictionMemory::new(NonZeroUsize::new(64).unwrap());
        let key = memory.key(&tenant("rivage"), "hello");
        memory.keep(key, prediction("greet"));
        assert_eq!(memory.find(key), Some(prediction("greet")));
        assert_eq!(memory.find(memory.key(&tenant("rivage"), "hello ")), None);
        assert_eq!(memory.find(memory.key(&tenant("rivageh"), "ello")), None);
        assert_eq!(memory.find(memory.key(&tenant("other"), "hello")), None);
        let again = PredictionMemory::new(NonZeroUsize::new(64).unwrap());
        assert_ne!(again.key(&tenant("rivage"), "hello"), key, "each process has its secret");
        for index in 0..1_000 {
            let key = memory.key(&tenant("rivage"), &format!("text {index}"));
            memory.keep(key, prediction("x"));
        }
        assert!(memory.known.len() <= 64, "{}", memory.known.len());
    }
}
