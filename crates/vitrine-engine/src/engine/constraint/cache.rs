//! A cache of compiled grammars, keyed by a hash of their text; evicts the least recently used.

use sha2::Digest;
use sha2::Sha256;
use std::collections::HashMap;

/// SHA-256 of a grammar's kind and text.
pub(crate) type GrammarKey = [u8; 32];

pub(crate) fn key(kind: &str, text: &str) -> GrammarKey {
    let mut hash = Sha256::new();
    hash.update(kind.as_bytes());
    hash.update([0]);
    hash.update(text.as_bytes());
    hash.finalize().into()
}

/// A cached value. Its memory may grow while it is in use.
pub(crate) trait Cacheable: Clone {
    /// Memory taken at present, in bytes.
    fn bytes(&self) -> usize;
    /// Whether the value is still usable.
    fn is_usable(&self) -> bool;
}

/// Limits of a cache.
#[derive(Debug, Clone, Copy)]
pub(crate) struct CacheLimits {
    pub(crate) entries_max: usize,
    pub(crate) bytes_max: usize,
}

/// See the module's documentation.
#[derive(Debug)]
pub(crate) struct Cache<T> {
    limits: CacheLimits,
    entries: HashMap<GrammarKey, CacheEntry<T>>,
    uses: u64,
}

#[derive(Debug)]
struct CacheEntry<T> {
    value: T,
    last_use: u64,
}

impl<T: Cacheable> Cache<T> {
    pub(crate) fn new(limits: CacheLimits) -> Self {
        Self { limits, entries: HashMap::new(), uses: 0 }
    }

    /// Returns the value under `key`; removes it if it is no longer usable.
    pub(crate) fn get(&mut self, key: &GrammarKey) -> Option<T> {
        self.uses += 1;
        let entry = self.entries.get_mut(key)?;
        if !entry.value.is_usable() {
            self.entries.remove(key);
            return None;
        }
        entry.last_use = self.uses;
        Some(entry.value.clone())
    }

    /// Adds a value, then evicts until the limits hold; the new value goes last.
    pub(crate) fn put(&mut self, key: GrammarKey, value: T) {
        self.uses += 1;
        self.entries.insert(key, CacheEntry { value, last_use: self.uses });
        while self.entries.len() > self.limits.entries_max || self.bytes() > self.limits.bytes_max {
            let oldest = self.entries.iter().min_by_key(|(_, entry)| entry.last_use);
            let Some(oldest) = oldest.map(|(key, _)| *key) else { return };
            self.entries.remove(&oldest);
        }
    }

    /// Memory taken by all cached values at present, in bytes.
    pub(crate) fn bytes(&self) -> usize {
        self.entries.values().map(|entry| entry.value.bytes()).sum()
    }

    #[cfg(test)]
    pub(crate) fn len(&self) -> usize {
        self.entries.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::cell::Cell;
    use std::rc::Rc;

    #[derive(Debug, Clone)]
    struct Toy {
        bytes: Rc<Cell<usize>>,
        sound: bool,
    }

    impl Cacheable for Toy {
        fn bytes(&self) -> usize {
            self.bytes.get()
        }

        fn is_usable(&self) -> bool {
            self.sound
        }
    }

    fn toy(bytes: usize) -> Toy {
        Toy { bytes: Rc::new(Cell::new(bytes)), sound: true }
    }

    #[test]
    fn least_recently_used_leaves_first() {
        let mut cache = Cache::new(CacheLimits { entries_max: 2, bytes_max: 100 });
        let [a, b, c] = ["a", "b", "c"].map(|text| key("regex", text));
        cache.put(a, toy(10));
        cache.put(b, toy(10));
        assert!(cache.get(&a).is_some());
        cache.put(c, toy(10));
        assert!(cache.get(&b).is_none());
        assert!(cache.get(&a).is_some() && cache.get(&c).is_some());
        assert_ne!(a, key("grammar", "a"), "the kind is part of the key");
    }

    #[test]
    fn bytes_are_counted_as_they_are_now() {
        let mut cache = Cache::new(CacheLimits { entries_max: 9, bytes_max: 100 });
        let grows = toy(10);
        cache.put(key("regex", "a"), grows.clone());
        cache.put(key("regex", "b"), toy(10));
        assert_eq!(cache.bytes(), 20);
        grows.bytes.set(95);
        cache.put(key("regex", "c"), toy(10));
        assert_eq!((cache.len(), cache.bytes()), (2, 20));
        cache.put(key("regex", "d"), toy(101));
        assert_eq!(cache.len(), 0, "a value above the limit is not cached");
    }

    #[test]
    fn broken_entry_is_compiled_again() {
        let mut cache = Cache::new(CacheLimits { entries_max: 9, bytes_max: 100 });
        cache.put(key("regex", "a"), Toy { sound: false, ..toy(1) });
        assert!(cache.get(&key("regex", "a")).is_none());
        assert_eq!(cache.len(), 0);
    }
}
