//! Chooses which sequences run in the next step, and how many tokens of each.
//!
//! Pure bookkeeping over ids, counts and token ids: no clock, no I/O, no floats. A sequence has
//! known tokens (its prompt and its output so far) and computed tokens (those whose keys and values
//! are in its pages). Each step computes known tokens within a row budget, so prompt chunks and
//! decode tokens share every step.
//!
//! Invariants (`Scheduler::check_integrity`, [`Scheduler::plan`])
//! - Running sequences are sorted: live before outreach, then by arrival. An outreach sequence
//!   counts as live once it was admitted because it had waited long enough, or once it was
//!   preempted.
//! - A plan never exceeds the row budget. Running sequences come before waiting ones and decode
//!   rows before prompt chunks. Speculative rows are planned only if no other sequence can use the
//!   rows.
//! - A planned sequence owns the pages of all its planned rows. A waiting sequence owns no pages.
//! - When pages run out, the last running sequence is preempted and goes to the front of the
//!   waiting queue. Its computed pages stay in the prefix cache and are found again unless they
//!   were reused.
//! - While a running sequence is short of pages, none is admitted. A plan is empty only if there
//!   are no sequences: each fits the pool alone, so the first one always gets its pages.
//! - Of sequences that arrive together with the same beginning, one computes the common pages. The
//!   others wait for them while it runs.
//!
//! Source: iteration-level scheduling, Yu et al., OSDI 2022 (Orca); known and computed tokens as in
//! vLLM v1; in-batch sharing as in SGLang (`schedule_policy.py`).

mod pages;
mod waiting_queue;

use crate::engine::cache_scope::CacheOwner;
use crate::engine::cache_scope::CacheScope;
use crate::engine::request::Priority;
use pages::CachedPrefix;
use pages::CachingPagePool;
use pages::PageList;
use pages::ScopedTokens;
use std::collections::HashMap;
use vitrine_base::ids::PageId;
use vitrine_base::ids::SequenceId;
use waiting_queue::NextReason;
use waiting_queue::WaitingQueue;

#[derive(Debug, Clone, Copy)]
pub(crate) struct SchedulerLimits {
    /// Most rows in a step; at least `sequences_max`.
    pub(crate) step_tokens_max: usize,
    /// Most sequences that run at once.
    pub(crate) sequences_max: usize,
    /// Token slots in a page.
    pub(crate) page_tokens: usize,
    /// Number of pages in the pool.
    pub(crate) page_count: usize,
}

/// A sequence was refused because it would not fit the pool even alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct PoolTooSmall {
    /// Number of pages needed at its maximum length.
    pub(crate) pages_needed: usize,
    /// Number of pages in the pool.
    pub(crate) page_count: usize,
}

/// A sequence that joins the waiting queue.
#[derive(Debug, Clone, Copy)]
pub(crate) struct NewSequence {
    /// Ids must rise from one arrival to the next.
    pub(crate) id: SequenceId,
    pub(crate) prompt_tokens: usize,
    /// Maximum length of prompt and output together.
    pub(crate) tokens_max: usize,
    pub(crate) cache: CacheScope,
    pub(crate) priority: Priority,
}

/// Gives the scheduler access to token ids, which it does not store itself.
pub(crate) trait Tokens {
    /// The known tokens of a sequence; empty for an unknown id.
    fn known(&self, id: SequenceId) -> &[u32];
    /// Number of speculative tokens to verify after the known ones.
    fn speculative_count(&self, id: SequenceId) -> usize;
}

/// The scheduler's state of one sequence.
#[derive(Debug)]
struct SequenceProgress {
    known_tokens: usize,
    computed_tokens: usize,
    tokens_max: usize,
    /// The class it is scheduled as, which may have been raised to live.
    priority: Priority,
    cache: CacheScope,
    runs: bool,
    list: PageList,
    /// A running sequence that is computing the same prompt, and the number of leading tokens that
    /// both share. This one waits until they are computed.
    behind: Option<(SequenceId, usize)>,
}

impl SequenceProgress {
    fn pending_tokens(&self) -> usize {
        self.known_tokens - self.computed_tokens
    }
}

/// The rows of one sequence in a plan.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct PlannedRows {
    pub(crate) id: SequenceId,
    /// Position of the first row; equals the number of computed tokens.
    pub(crate) first_position: usize,
    /// Rows of known tokens, at least one.
    pub(crate) row_count: usize,
    /// Whether the rows include the last known token, so that the next token can be chosen.
    pub(crate) reaches_end: bool,
    /// Rows of speculative tokens after the known ones.
    pub(crate) speculative_count: usize,
}

/// The plan of one step.
#[derive(Debug, Default)]
pub(crate) struct StepSchedule {
    /// The sequences that run, in row order.
    pub(crate) rows: Vec<PlannedRows>,
    /// Sequences preempted to make this plan.
    pub(crate) preempted: usize,
    short_of_pages: bool,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Phase {
    Decode,
    Prefill,
}

/// Chooses the sequences of each step. Ids must be added in rising order.
#[derive(Debug)]
pub(crate) struct Scheduler {
    limits: SchedulerLimits,
    pages: CachingPagePool,
    all: HashMap<SequenceId, SequenceProgress>,
    /// Sorted by priority, then by id.
    running: Vec<(Priority, SequenceId)>,
    waiting_queue: WaitingQueue,
}

impl Scheduler {
    /// Creates a scheduler without sequences.
    pub(crate) fn new(limits: SchedulerLimits) -> Self {
        Self {
            limits,
            pages: CachingPagePool::new(limits.page_count, limits.page_tokens),
            all: HashMap::new(),
            running: Vec::new(),
            waiting_queue: WaitingQueue::default(),
        }
    }

    /// Appends a sequence to the waiting queue of its class.
    ///
    /// # Errors
    /// If the whole pool could not hold it.
    pub(crate) fn add(&mut self, arrival: NewSequence) -> Result<(), PoolTooSmall> {
        let pages_needed = self.pages.pages_for(arrival.tokens_max.max(arrival.prompt_tokens));
        let page_count = self.pages.page_count();
        if pages_needed > page_count {
            return Err(PoolTooSmall { pages_needed, page_count });
        }
        let progress = SequenceProgress {
            known_tokens: arrival.prompt_tokens,
            computed_tokens: 0,
            tokens_max: arrival.tokens_max,
            priority: arrival.priority,
            cache: arrival.cache,
            runs: false,
            list: PageList::default(),
            behind: None,
        };
        self.all.insert(arrival.id, progress);
        self.waiting_queue.push(arrival.id, arrival.priority);
        Ok(())
    }

    /// Plans the next step and allocates the pages of every planned sequence. If the plan has
    /// decode rows, at most `prompt_rows_max` prompt rows are added.
    ///
    /// After the step, each planned sequence must be [`advance`](Self::advance)d. One that reached
    /// its end must then either [`grow`](Self::grow) or be [`remove`](Self::remove)d.
    pub(crate) fn plan(&mut self, tokens: &impl Tokens, prompt_rows_max: usize) -> StepSchedule {
        let mut plan = StepSchedule::default();
        let mut budget = self.limits.step_tokens_max;
        for phase in [Phase::Decode, Phase::Prefill] {
            if phase == Phase::Prefill && !plan.rows.is_empty() {
                self.add_speculative_rows(tokens, &mut plan);
                let rows: usize =
                    plan.rows.iter().map(|one| one.row_count + one.speculative_count).sum();
                budget = (self.limits.step_tokens_max - rows).min(prompt_rows_max);
            }
            // Preemption may shorten the list from its end during the loop.
            let mut index = 0;
            while index < self.running.len() && budget > 0 {
                let pending = self.progress_at(index).pending_tokens();
                if (pending == 1) == (phase == Phase::Decode) {
                    budget -= self.plan_running(index, pending.min(budget), &mut plan);
                }
                index += 1;
            }
        }
        self.admit(tokens, &mut plan, budget);
        plan
    }

    /// Records that the first `computed_tokens` tokens of a sequence are computed, and caches its
    /// full pages. `token_ids` are its known tokens.
    pub(crate) fn advance(&mut self, id: SequenceId, computed_tokens: usize, token_ids: &[u32]) {
        let Some(progress) = self.all.get_mut(&id).filter(|progress| progress.runs) else { return };
        progress.computed_tokens = computed_tokens;
        self.pages.keep(&mut progress.list, token_ids, computed_tokens, progress.cache);
    }

    /// Records that a sequence has one more known token.
    ///
    /// # Panics
    /// If it grows beyond its `tokens_max`, because the pool might be unable to hold it.
    pub(crate) fn grow(&mut self, id: SequenceId) {
        if let Some(progress) = self.all.get_mut(&id) {
            assert!(progress.known_tokens < progress.tokens_max, "sequence outgrew its limit");
            progress.known_tokens += 1;
        }
    }

    /// Removes a sequence and frees its pages; those in the prefix cache may still be found.
    pub(crate) fn remove(&mut self, id: SequenceId) {
        let Some(mut progress) = self.all.remove(&id) else { return };
        if progress.runs {
            self.running.retain(|(_, other)| *other != id);
            self.pages.give_back(&mut progress.list);
        } else {
            self.waiting_queue.remove(id);
        }
    }

    /// Removes an owner's pages from the prefix cache and stops caching those of its present
    /// sequences. Returns the number of pages removed.
    pub(crate) fn forget_owner(&mut self, owner: CacheOwner) -> usize {
        for progress in self.all.values_mut() {
            if progress.cache.owner() == Some(owner) {
                progress.cache = CacheScope::Nobody;
                progress.list.node = None;
            }
        }
        self.pages.forget_owner(owner)
    }

    /// Empties the prefix cache. Running sequences keep their pages.
    pub(crate) fn forget_all(&mut self) {
        for progress in self.all.values_mut() {
            // Its earlier pages are no longer in the tree, so later ones have no parent.
            progress.list.node = None;
        }
        self.pages.forget_all();
    }

    /// The pages of a running sequence in order of position; empty for any other id.
    pub(crate) fn pages(&self, id: SequenceId) -> &[PageId] {
        self.all.get(&id).map_or(&[], |progress| &progress.list.pages)
    }

    /// Whether there are no sequences, neither running nor waiting.
    pub(crate) fn is_idle(&self) -> bool {
        self.all.is_empty()
    }

    pub(crate) fn running_count(&self) -> usize {
        self.running.len()
    }

    /// Running sequences whose next row is a decode row.
    pub(crate) fn decoding_count(&self) -> usize {
        (0..self.running.len()).filter(|at| self.progress_at(*at).pending_tokens() == 1).count()
    }

    /// Waiting sequences, preempted ones included.
    pub(crate) fn waiting_count(&self) -> usize {
        self.all.len() - self.running.len()
    }

    /// Preempted sequences that wait to run again.
    pub(crate) fn preempted_count(&self) -> usize {
        self.waiting_queue.preempted_count()
    }

    /// Number of pages with at least one owner.
    pub(crate) fn pages_taken(&self) -> usize {
        self.pages.taken_count()
    }

    /// Number of pages in the prefix cache, owned or free.
    pub(crate) fn pages_cached(&self) -> usize {
        self.pages.cached_count()
    }

    fn progress_at(&self, index: usize) -> &SequenceProgress {
        &self.all[&self.running[index].1]
    }

    /// Plans up to `row_count` rows of a running sequence; returns the number planned.
    fn plan_running(&mut self, index: usize, row_count: usize, plan: &mut StepSchedule) -> usize {
        let granted = self.make_room(index, row_count, plan);
        plan.short_of_pages |= granted < row_count;
        if granted > 0 {
            let progress = self.progress_at(index);
            plan.rows.push(PlannedRows {
                id: self.running[index].1,
                first_position: progress.computed_tokens,
                row_count: granted,
                reaches_end: granted == progress.pending_tokens(),
                speculative_count: 0,
            });
        }
        granted
    }

    /// Allocates pages for `row_count` more rows, or for as many as fit. Preempts the last running
    /// sequence only if not a single row fits. Returns the number of rows that fit.
    fn make_room(&mut self, index: usize, row_count: usize, plan: &mut StepSchedule) -> usize {
        loop {
            let granted = self.take_pages(self.running[index].1, row_count);
            if granted > 0 {
                return granted;
            }
            // A planned sequence keeps its pages, because its rows are already counted.
            let last = self.running.len() - 1;
            let last_id = self.running[last].1;
            if last == index || plan.rows.iter().any(|rows| rows.id == last_id) {
                return 0;
            }
            self.preempt_last();
            plan.preempted += 1;
        }
    }

    /// Allocates pages for `row_count` rows after the computed ones, or for as many as fit.
    fn take_pages(&mut self, id: SequenceId, row_count: usize) -> usize {
        let Some(progress) = self.all.get_mut(&id) else { return 0 };
        let pages = progress.list.pages.len() + self.pages.free_count();
        let room = pages.saturating_mul(self.limits.page_tokens);
        let granted = row_count.min(room.saturating_sub(progress.computed_tokens));
        let pages_needed = self.pages.pages_for(progress.computed_tokens + granted);
        while progress.list.pages.len() < pages_needed {
            let Some(page) = self.pages.take() else { break };
            progress.list.pages.push(page);
        }
        granted
    }

    /// Adds rows for speculative tokens after the decode rows while rows and pages last. Adds none
    /// while any sequence waits or has prompt rows left to compute.
    fn add_speculative_rows(&mut self, tokens: &impl Tokens, plan: &mut StepSchedule) {
        let others = self.waiting_count() > 0 || plan.rows.len() < self.running.len();
        if others || plan.short_of_pages || plan.preempted > 0 {
            return;
        }
        let mut spare = self.limits.step_tokens_max.saturating_sub(plan.rows.len());
        for rows in &mut plan.rows {
            let wanted = tokens.speculative_count(rows.id).min(spare);
            if wanted > 0 {
                let granted = self.take_pages(rows.id, rows.row_count + wanted);
                rows.speculative_count = granted.saturating_sub(rows.row_count);
                spare -= rows.speculative_count;
            }
        }
    }

    fn preempt_last(&mut self) {
        let Some((_, id)) = self.running.pop() else { return };
        let Some(progress) = self.all.get_mut(&id) else { return };
        self.pages.give_back(&mut progress.list);
        progress.computed_tokens = 0;
        progress.runs = false;
        // Preempted at most once: from now on only its age counts.
        progress.priority = Priority::Live;
        self.waiting_queue.push_preempted(id);
    }

    /// Admits waiting sequences in order while rows, sequence slots and pages last.
    fn admit(&mut self, tokens: &impl Tokens, plan: &mut StepSchedule, mut budget: usize) {
        if plan.short_of_pages || plan.preempted > 0 {
            return;
        }
        while budget > 0 && self.running.len() < self.limits.sequences_max {
            let Some((id, reason)) = self.waiting_queue.next(|id| !self.is_behind(id)) else {
                return;
            };
            let Some(progress) = self.all.get(&id) else { return };
            let found = self.pages.find(tokens.known(id), progress.cache);
            let behind = self.same_prompt(id, &found, tokens);
            let found_tokens = found.pages.len() * self.limits.page_tokens;
            let Some(progress) = self.all.get_mut(&id) else { return };
            progress.behind = behind;
            if behind.is_some() {
                continue;
            }
            let row_count = (progress.known_tokens - found_tokens).min(budget);
            let new_pages = self.pages.pages_for(found_tokens + row_count) - found.pages.len();
            if new_pages + found.free > self.pages.free_count() {
                return;
            }
            progress.list = self.pages.share(found);
            progress.computed_tokens = found_tokens;
            progress.runs = true;
            if reason == NextReason::OutreachDue {
                progress.priority = Priority::Live;
            }
            let order = (progress.priority, id);
            self.waiting_queue.take(id, reason);
            let index = self.running.partition_point(|other| *other < order);
            self.running.insert(index, order);
            budget -= self.plan_running(index, row_count, plan);
        }
    }

    /// Whether a running sequence is still computing the beginning of this one.
    fn is_behind(&self, id: SequenceId) -> bool {
        let Some((ahead, tokens)) = self.all.get(&id).and_then(|progress| progress.behind) else {
            return false;
        };
        self.all.get(&ahead).is_some_and(|ahead| ahead.runs && ahead.computed_tokens < tokens)
    }

    /// Finds the running sequence that is about to compute this one's next page. Returns its id and
    /// the number of leading tokens that both share.
    fn same_prompt(
        &self,
        id: SequenceId,
        found: &CachedPrefix,
        tokens: &impl Tokens,
    ) -> Option<(SequenceId, usize)> {
        let node = found.node?;
        let behind = ScopedTokens { token_ids: tokens.known(id), scope: self.all.get(&id)?.cache };
        self.running.iter().find_map(|(_, ahead_id)| {
            let ahead = self.all.get(ahead_id)?;
            let list = &ahead.list;
            if list.node != Some(node) || list.known != found.pages.len() {
                return None;
            }
            let leader = ScopedTokens { token_ids: tokens.known(*ahead_id), scope: ahead.cache };
            let same = self.pages.same_tokens(list, leader, behind);
            (same > ahead.computed_tokens).then_some((*ahead_id, same))
        })
    }

    /// Checks the invariants between two steps.
    ///
    /// # Panics
    /// If one is broken.
    #[cfg(test)]
    pub(crate) fn check_integrity(&self) {
        self.pages.check_integrity(self.all.values().map(|progress| &progress.list));
        for progress in self.all.values() {
            assert!(progress.computed_tokens < progress.known_tokens, "no token to compute");
            assert!(progress.known_tokens <= progress.tokens_max, "outgrew its limit");
            let pages = progress.list.pages.len();
            assert!(pages >= self.pages.pages_for(progress.computed_tokens), "pages are missing");
            assert!(progress.runs || (pages == 0 && progress.computed_tokens == 0));
        }
        assert!(self.running.len() <= self.limits.sequences_max);
        assert!(self.running.is_sorted(), "not sorted: {:?}", self.running);
        let mut ids = self.waiting_queue.ids();
        ids.extend(self.running.iter().map(|(_, id)| *id));
        ids.sort_unstable();
        let mut all: Vec<SequenceId> = self.all.keys().copied().collect();
        all.sort_unstable();
        assert_eq!(ids, all, "a sequence is in no list or in two");
    }
}

#[cfg(test)]
mod tests;
