//! In-memory cache of active conversations, so that a turn does not read its conversation from
//! disk.
//!
//! Second-chance eviction (clock): a read marks its entry without taking a lock. To make room, the
//! oldest unmarked entry is evicted; a marked one loses its mark and moves to the end of the queue.
//!
//! Invariants
//! - Neither bound is ever exceeded: room is made before an entry is inserted, under one lock.
//! - A record read from disk never replaces one written later: a ticket is taken before the read
//!   ([`HotConversations::ticket`]), and a write in between invalidates it.
//!
//! Source: the clock algorithm, Corbató 1968, "A paging experiment with the Multics system".

use crate::keys::ConversationKey;
use crate::record::ConversationRecord;
use dashmap::DashMap;
use std::collections::VecDeque;
use std::collections::hash_map::RandomState;
use std::hash::BuildHasher;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::MutexGuard;
use std::sync::PoisonError;
use std::sync::atomic::AtomicBool;
use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering;

/// Bounds of the in-memory cache.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct HotOptions {
    /// Conversations held; recommended 100,000.
    pub conversations_max: usize,
    /// Estimated bytes they may take; recommended 64 MiB.
    pub bytes_max: usize,
}

/// Estimated overhead of an entry in bytes, beside its record: two copies of the key, map and queue
/// slots.
const ENTRY_BYTES: usize = 256;

/// Memory of a record per byte of its JSON: strings and maps carry headers and spare capacity. A
/// cautious estimate, not a measurement.
const MEMORY_PER_PLAIN_BYTE: usize = 3;

/// Write counters, shared by keys with the same hash. More of them mean fewer reads discarded
/// without need.
const WRITE_COUNTERS: usize = 256;

struct HotConversation {
    record: Arc<ConversationRecord>,
    bytes: usize,
    /// Read since the clock hand passed.
    marked: AtomicBool,
    /// Tells this entry's queue slot from one left behind by an earlier entry of the same key.
    slot: u64,
}

#[derive(Default)]
struct ClockHand {
    slots: VecDeque<(ConversationKey, u64)>,
    slots_given: u64,
    conversations: usize,
    bytes: usize,
}

/// Write counter of a key when a read began.
#[derive(Debug, Clone, Copy)]
pub(super) struct Ticket {
    counter: usize,
    writes: u64,
}

/// The cache.
pub(super) struct HotConversations {
    options: HotOptions,
    conversations: DashMap<ConversationKey, HotConversation>,
    hand: Mutex<ClockHand>,
    writes: Box<[AtomicU64]>,
    hasher: RandomState,
}

impl std::fmt::Debug for HotConversations {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let (conversations, bytes) = self.size();
        formatter
            .debug_struct("HotConversations")
            .field("conversations", &conversations)
            .field("bytes", &bytes)
            .finish()
    }
}

impl HotConversations {
    pub(super) fn new(options: HotOptions) -> Self {
        Self {
            options,
            conversations: DashMap::new(),
            hand: Mutex::default(),
            writes: (0..WRITE_COUNTERS).map(|_| AtomicU64::new(0)).collect(),
            hasher: RandomState::new(),
        }
    }

    /// The cached conversation, if there is one; marks it as read.
    pub(super) fn get(&self, key: &ConversationKey) -> Option<Arc<ConversationRecord>> {
        let held = self.conversations.get(key)?;
        held.marked.store(true, Ordering::Relaxed);
        Some(Arc::clone(&held.record))
    }

    /// Taken before a conversation is read from disk, and passed to [`HotConversations::read`].
    #[expect(clippy::cast_possible_truncation, reason = "any bits of the hash serve")]
    pub(super) fn ticket(&self, key: &ConversationKey) -> Ticket {
        let counter = self.hasher.hash_one(key) as usize % self.writes.len();
        Ticket { counter, writes: self.writes[counter].load(Ordering::Acquire) }
    }

    /// Inserts the record of a commit that is on disk; `plain_bytes` is its size before packing.
    pub(super) fn insert_written(
        &self,
        key: &ConversationKey,
        record: &Arc<ConversationRecord>,
        plain_bytes: usize,
    ) {
        let mut hand = self.hand();
        self.count_write(key);
        self.put(&mut hand, key, record, plain_bytes);
    }

    /// Removes an erased conversation.
    pub(super) fn remove_erased(&self, key: &ConversationKey) {
        let mut hand = self.hand();
        self.count_write(key);
        self.take_out(&mut hand, key);
    }

    /// Inserts a record read from disk, unless the key was written since `ticket`.
    pub(super) fn read(
        &self,
        ticket: Ticket,
        key: &ConversationKey,
        record: &Arc<ConversationRecord>,
        plain_bytes: usize,
    ) {
        let mut hand = self.hand();
        if self.writes[ticket.counter].load(Ordering::Acquire) == ticket.writes {
            self.put(&mut hand, key, record, plain_bytes);
        }
    }

    /// Number of conversations held, and the bytes estimated for them.
    pub(super) fn size(&self) -> (usize, usize) {
        let hand = self.hand();
        (hand.conversations, hand.bytes)
    }

    fn hand(&self) -> MutexGuard<'_, ClockHand> {
        self.hand.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn count_write(&self, key: &ConversationKey) {
        self.writes[self.ticket(key).counter].fetch_add(1, Ordering::Release);
    }

    fn take_out(&self, hand: &mut ClockHand, key: &ConversationKey) {
        if let Some((_, held)) = self.conversations.remove(key) {
            hand.conversations -= 1;
            hand.bytes -= held.bytes;
        }
    }

    fn put(
        &self,
        hand: &mut ClockHand,
        key: &ConversationKey,
        record: &Arc<ConversationRecord>,
        size: usize,
    ) {
        self.take_out(hand, key);
        let key_bytes = 2 * (key.tenant.as_str().len() + key.conversation.as_str().len());
        let bytes = ENTRY_BYTES + key_bytes + size.saturating_mul(MEMORY_PER_PLAIN_BYTE);
        if bytes > self.options.bytes_max || self.options.conversations_max == 0 {
            return;
        }
        while hand.conversations >= self.options.conversations_max
            || hand.bytes + bytes > self.options.bytes_max
        {
            self.evict_one(hand);
        }
        hand.slots_given += 1;
        let slot = hand.slots_given;
        let marked = AtomicBool::new(false);
        let held = HotConversation { record: Arc::clone(record), bytes, marked, slot };
        self.conversations.insert(key.clone(), held);
        hand.conversations += 1;
        hand.bytes += bytes;
        hand.slots.push_back((key.clone(), slot));
        self.drop_dead_slots(hand);
    }

    /// Evicts one conversation. Only called while the cache is not empty; a mark is cleared when
    /// passed, so the second round finds an unmarked entry at the latest.
    fn evict_one(&self, hand: &mut ClockHand) {
        while let Some((key, slot)) = hand.slots.pop_front() {
            let spared = match self.conversations.get(&key) {
                Some(held) if held.slot == slot => held.marked.swap(false, Ordering::Relaxed),
                _ => continue,
            };
            if spared {
                hand.slots.push_back((key, slot));
            } else {
                self.take_out(hand, &key);
                return;
            }
        }
    }

    /// Each rewrite of an entry leaves a dead slot in the queue. Removing them once they outnumber
    /// the live ones bounds the queue to twice the entries, at constant amortised cost.
    fn drop_dead_slots(&self, hand: &mut ClockHand) {
        if hand.slots.len() > 2 * hand.conversations + 16 {
            hand.slots.retain(|(key, slot)| {
                self.conversations.get(key).is_some_and(|held| held.slot == *slot)
            });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::samples;

    fn put(hot: &HotConversations, name: &str, size: usize) {
        hot.insert_written(
            &samples::conversation_key(name),
            &Arc::new(samples::conversation(name)),
            size,
        );
    }

    fn holds(hot: &HotConversations, name: &str) -> bool {
        hot.get(&samples::conversation_key(name)).is_some()
    }

    #[test]
    fn neither_bound_is_ever_passed() {
        let hot = HotConversations::new(HotOptions { conversations_max: 10, bytes_max: 20_000 });
        for round in 0..2000_usize {
            put(&hot, &format!("t-{}", round * 7 % 41), round * 37 % 3000);
            if round % 3 == 0 {
                holds(&hot, &format!("t-{}", round % 41));
            }
            if round % 11 == 0 {
                hot.remove_erased(&samples::conversation_key(&format!("t-{}", round % 41)));
            }
            let (conversations, bytes) = hot.size();
            assert!(
                conversations <= 10 && bytes <= 20_000,
                "{conversations} conversations, {bytes} bytes"
            );
            assert_eq!(conversations, hot.conversations.len());
            let sum: usize = hot.conversations.iter().map(|held| held.bytes).sum();
            assert_eq!(bytes, sum);
            assert!(hot.hand().slots.len() <= 2 * conversations + 17);
        }
    }

    #[test]
    fn conversations_in_use_outlive_idle_ones() {
        let hot = HotConversations::new(HotOptions { conversations_max: 8, bytes_max: 1 << 20 });
        put(&hot, "used", 100);
        for round in 0..100 {
            assert!(holds(&hot, "used"), "evicted after {round} others");
            put(&hot, &format!("other-{round}"), 100);
        }
        assert!(!holds(&hot, "other-0"));
    }

    #[test]
    fn a_conversation_larger_than_the_bound_is_not_held() {
        let hot = HotConversations::new(HotOptions { conversations_max: 8, bytes_max: 1000 });
        put(&hot, "small", 10);
        put(&hot, "large", 5000);
        assert!(holds(&hot, "small") && !holds(&hot, "large"));
    }

    #[test]
    fn an_old_read_never_replaces_a_newer_write() {
        let hot = HotConversations::new(HotOptions { conversations_max: 8, bytes_max: 1 << 20 });
        let key = samples::conversation_key("t");
        let old = Arc::new(samples::conversation("t"));
        let ticket = hot.ticket(&key);
        hot.remove_erased(&key);
        hot.read(ticket, &key, &old, 100);
        assert!(hot.get(&key).is_none(), "an erased conversation came back");
        let ticket = hot.ticket(&key);
        hot.read(ticket, &key, &old, 100);
        assert!(hot.get(&key).is_some());
    }
}
