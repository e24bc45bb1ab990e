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
pub(super) enum Turn {
    /// It was preempted.
    Again,
    /// It is the oldest ready sequence of this class, and none of a higher class is ready.
    First(Priority),
    /// It is outreach that has waited long enough ([`OUTREACH_EVERY`]).
    Due,
}

/// Waiting sequences by class, each in order of arrival.
#[derive(Debug, Default)]
pub(super) struct Line {
    again: VecDeque<SequenceId>,
    live: VecDeque<SequenceId>,
    outreach: VecDeque<SequenceId>,
    /// Live sequences taken since outreach began to wait.
    passed: usize,
}

impl Line {
    /// Appends a new sequence to its class. Ids must rise.
    pub(super) fn push(&mut self, id: SequenceId, priority: Priority) {
        match priority {
            Priority::Live => self.live.push_back(id),
            Priority::Outreach => self.outreach.push_back(id),
        }
    }

    /// Returns a preempted sequence to the front of the queue.
    pub(super) fn push_again(&mut self, id: SequenceId) {
        let at = self.again.partition_point(|other| *other < id);
        self.again.insert(at, id);
    }

    /// Returns the next sequence for which `ready` holds, and why it is next.
    pub(super) fn next(&self, ready: impl Fn(SequenceId) -> bool) -> Option<(SequenceId, Turn)> {
        let first = |class: &VecDeque<SequenceId>| class.iter().copied().find(|id| ready(*id));
        if let Some(id) = first(&self.again) {
            return Some((id, Turn::Again));
        }
        let outreach = first(&self.outreach);
        if let Some(id) = outreach
            && self.passed + 1 >= OUTREACH_EVERY
        {
            return Some((id, Turn::Due));
        }
        let live = first(&self.live).map(|id| (id, Turn::First(Priority::Live)));
        live.or_else(|| Some((outreach?, Turn::First(Priority::Outreach))))
    }

    /// Removes the sequence that [`next`](Self::next) returned.
    pub(super) fn take(&mut self, id: SequenceId, turn: Turn) {
        match turn {
            Turn::Again => {}
            Turn::First(Priority::Live) if self.outreach.is_empty() => self.passed = 0,
            Turn::First(Priority::Live) => self.passed += 1,
            Turn::First(Priority::Outreach) | Turn::Due => self.passed = 0,
        }
        self.remove(id);
    }

    /// Removes a sequence from whichever class it is in.
    pub(super) fn remove(&mut self, id: SequenceId) {
        for class in [&mut self.again, &mut self.live, &mut self.outreach] {
            if let Ok(at) = class.binary_search(&id) {
                class.remove(at);
            }
        }
    }

    /// Number of preempted sequences.
    pub(super) fn again_count(&self) -> usize {
        self.again.len()
    }

    /// All waiting sequences.
    #[cfg(test)]
    pub(super) fn ids(&self) -> Vec<SequenceId> {
        for class in [&self.again, &self.live, &self.outreach] {
            assert!(class.iter().is_sorted(), "not in order of arrival: {class:?}");
        }
        self.again.iter().chain(&self.live).chain(&self.outreach).copied().collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn take(line: &mut Line) -> Option<u64> {
        let (id, turn) = line.next(|_| true)?;
        line.take(id, turn);
        Some(id.0)
    }

    #[test]
    fn outreach_waits_for_seven_live_turns_at_most() {
        let mut line = Line::default();
        line.push(SequenceId(0), Priority::Outreach);
        line.push(SequenceId(1), Priority::Outreach);
        for id in 2..22 {
            line.push(SequenceId(id), Priority::Live);
        }
        let order: Vec<u64> = std::iter::from_fn(|| take(&mut line)).collect();
        assert_eq!(order[..9], [2, 3, 4, 5, 6, 7, 8, 0, 9]);
        assert_eq!(order[15], 1);
        assert_eq!(order.len(), 22);
    }

    #[test]
    fn whoever_lost_its_pages_comes_first_and_the_unready_is_passed_over() {
        let mut line = Line::default();
        for id in 3..6 {
            line.push(SequenceId(id), Priority::Live);
        }
        line.push_again(SequenceId(2));
        line.push_again(SequenceId(1));
        assert_eq!(take(&mut line), Some(1));
        assert_eq!(take(&mut line), Some(2));
        let ready = |id: SequenceId| id.0 != 3;
        assert_eq!(line.next(ready), Some((SequenceId(4), Turn::First(Priority::Live))));
        line.remove(SequenceId(4));
        assert_eq!(line.ids(), [SequenceId(3), SequenceId(5)]);
    }
}
