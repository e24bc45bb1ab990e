//! The waiting queue: orders sequences by priority and arrival.
//!
//! Invariants
//! - Preempted sequences come first, oldest first, because part of their work is done.
//! - Live sequences come before outreach. While outreach waits, every eighth sequence taken
//!   ([`OUTREACH_EVERY`]) is outreach, so it is delayed but never starved.
//! - Within a class the order is that of arrival. A sequence that is not ready, because another one
//!   is computing its prompt, is skipped.

use crate::engine::request::Priority;
use std::collections::VecDeque;
use vitrine_base::ids::SequenceId;

/// While both classes wait, one of this many sequences taken is outreach. An eighth costs live
/// sequences little, and a campaign of a hundred messages advances with every hundred live turns.
pub(super) const OUTREACH_EVERY: usize = 8;

/// Why a sequence is next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum NextReason {
    /// It was preempted.
    Preempted,
    /// It is the oldest ready sequence of this class, and none of a higher class is ready.
    First(Priority),
    /// It is outreach that has waited long enough ([`OUTREACH_EVERY`]).
    OutreachDue,
}

/// Waiting sequences by class, each in order of arrival.
#[derive(Debug, Default)]
pub(super) struct WaitingQueue {
    preempted: VecDeque<SequenceId>,
    live: VecDeque<SequenceId>,
    outreach: VecDeque<SequenceId>,
    /// Live sequences taken since outreach began to wait.
    live_since_outreach: usize,
}

impl WaitingQueue {
    /// Appends a new sequence to its class. Ids must rise.
    pub(super) fn push(&mut self, id: SequenceId, priority: Priority) {
        match priority {
            Priority::Live => self.live.push_back(id),
            Priority::Outreach => self.outreach.push_back(id),
        }
    }

    /// Returns a preempted sequence to the front of the queue.
    pub(super) fn push_preempted(&mut self, id: SequenceId) {
        let at = self.preempted.partition_point(|other| *other < id);
        self.preempted.insert(at, id);
    }

    /// Returns the next sequence for which `ready` holds, and why it is next.
    pub(super) fn next(
        &self,
        ready: impl Fn(SequenceId) -> bool,
    ) -> Option<(SequenceId, NextReason)> {
        let first = |class: &VecDeque<SequenceId>| class.iter().copied().find(|id| ready(*id));
        if let Some(id) = first(&self.preempted) {
            return Some((id, NextReason::Preempted));
        }
        let outreach = first(&self.outreach);
        if let Some(id) = outreach
            && self.live_since_outreach + 1 >= OUTREACH_EVERY
        {
            return Some((id, NextReason::OutreachDue));
        }
        let live = first(&self.live).map(|id| (id, NextReason::First(Priority::Live)));
        live.or_else(|| Some((outreach?, NextReason::First(Priority::Outreach))))
    }

    /// Removes the sequence that [`next`](Self::next) returned.
    pub(super) fn take(&mut self, id: SequenceId, reason: NextReason) {
        match reason {
            NextReason::Preempted => {}
            NextReason::First(Priority::Live) if self.outreach.is_empty() => {
                self.live_since_outreach = 0
            }
            NextReason::First(Priority::Live) => self.live_since_outreach += 1,
            NextReason::First(Priority::Outreach) | NextReason::OutreachDue => {
                self.live_since_outreach = 0
            }
        }
        self.remove(id);
    }

    /// Removes a sequence from whichever class it is in.
    pub(super) fn remove(&mut self, id: SequenceId) {
        for class in [&mut self.preempted, &mut self.live, &mut self.outreach] {
            if let Ok(at) = class.binary_search(&id) {
                class.remove(at);
            }
        }
    }

    /// Number of preempted sequences.
    pub(super) fn preempted_count(&self) -> usize {
        self.preempted.len()
    }

    /// All waiting sequences.
    #[cfg(test)]
    pub(super) fn ids(&self) -> Vec<SequenceId> {
        for class in [&self.preempted, &self.live, &self.outreach] {
            assert!(class.iter().is_sorted(), "not in order of arrival: {class:?}");
        }
        self.preempted.iter().chain(&self.live).chain(&self.outreach).copied().collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn take(waiting_queue: &mut WaitingQueue) -> Option<u64> {
        let (id, reason) = waiting_queue.next(|_| true)?;
        waiting_queue.take(id, reason);
        Some(id.0)
    }

    #[test]
    fn outreach_waits_for_seven_live_turns_at_most() {
        let mut waiting_queue = WaitingQueue::default();
        waiting_queue.push(SequenceId(0), Priority::Outreach);
        waiting_queue.push(SequenceId(1), Priority::Outreach);
        for id in 2..22 {
            waiting_queue.push(SequenceId(id), Priority::Live);
        }
        let order: Vec<u64> = std::iter::from_fn(|| take(&mut waiting_queue)).collect();
        assert_eq!(order[..9], [2, 3, 4, 5, 6, 7, 8, 0, 9]);
        assert_eq!(order[15], 1);
        assert_eq!(order.len(), 22);
    }

    #[test]
    fn preempted_sequences_come_first_and_unready_ones_are_skipped() {
        let mut waiting_queue = WaitingQueue::default();
        for id in 3..6 {
            waiting_queue.push(SequenceId(id), Priority::Live);
        }
        waiting_queue.push_preempted(SequenceId(2));
        waiting_queue.push_preempted(SequenceId(1));
        assert_eq!(take(&mut waiting_queue), Some(1));
        assert_eq!(take(&mut waiting_queue), Some(2));
        let ready = |id: SequenceId| id.0 != 3;
        assert_eq!(
            waiting_queue.next(ready),
            Some((SequenceId(4), NextReason::First(Priority::Live)))
        );
        waiting_queue.remove(SequenceId(4));
        assert_eq!(waiting_queue.ids(), [SequenceId(3), SequenceId(5)]);
    }
}
