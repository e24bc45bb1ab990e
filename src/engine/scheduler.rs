//! Chooses which sequences run in the next step, and how many tokens each.
//!
//! Pure bookkeeping over ids and counts: no clock, no I/O, no floats. A sequence has known tokens
//! (its prompt and what was generated) and computed tokens (those in its pages); computed chases
//! known under a token budget, so prompt chunks and decode tokens share every step.
//!
//! Invariants ([`Scheduler::check_integrity`], [`Scheduler::plan`])
//! - Every running sequence arrived before every waiting one.
//! - A plan never exceeds the budget: running before waiting, decode rows before prompt chunks.
//! - A planned sequence owns the pages of all its planned rows; a waiting one owns no pages.
//! - Short of pages, a sequence takes those of the youngest, which waits at the front of the line
//!   and computes again; a sequence with nobody younger keeps its pages and sits the step out.
//! - While anybody is short of pages nobody is admitted; a plan is empty only when nobody is there:
//!   each sequence fits the pool alone, so the oldest always gets its pages.
//!
//! Source: iteration-level scheduling, Yu et al., OSDI 2022 (Orca); computed chasing known as in
//! vLLM v1.

use crate::base::ids::PageId;
use crate::base::ids::SequenceId;
use crate::engine::page_pool::PagePool;
use std::collections::VecDeque;

/// What bounds a step.
#[derive(Debug, Clone, Copy)]
pub(crate) struct SchedulerLimits {
    /// Rows in a step; at least `sequences_max`.
    pub(crate) step_tokens_max: usize,
    /// Sequences that run at once.
    pub(crate) sequences_max: usize,
    /// Token slots in a page.
    pub(crate) page_tokens: usize,
    /// Pages that exist.
    pub(crate) page_count: usize,
}

/// A sequence that the pool could not hold even alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct NeverFits {
    /// Pages that it needs at its longest.
    pub(crate) pages_needed: usize,
    /// Pages that exist.
    pub(crate) page_count: usize,
}

/// How far a sequence has come.
#[derive(Debug)]
struct Progress {
    id: SequenceId,
    known_tokens: usize,
    computed_tokens: usize,
    tokens_max: usize,
    pages: Vec<PageId>,
    preempted: bool,
}

impl Progress {
    fn pending_tokens(&self) -> usize {
        self.known_tokens - self.computed_tokens
    }
}

/// The rows of one sequence in a plan.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct PlannedRows {
    /// Whose rows.
    pub(crate) id: SequenceId,
    /// Position of the first row; as many tokens are computed.
    pub(crate) first_position: usize,
    /// How many rows, at least one.
    pub(crate) row_count: usize,
    /// The rows end at the last known token, so the next one can be chosen.
    pub(crate) reaches_end: bool,
}

/// One step.
#[derive(Debug, Default)]
pub(crate) struct StepPlan {
    /// Who runs, in row order.
    pub(crate) rows: Vec<PlannedRows>,
    /// Sequences that lost their pages to this plan.
    pub(crate) preempted: usize,
    short_of_pages: bool,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Phase {
    Decode,
    Prefill,
}

/// Chooses who runs next. Ids must be added in rising order.
#[derive(Debug)]
pub(crate) struct Scheduler {
    limits: SchedulerLimits,
    pool: PagePool,
    /// Oldest first.
    running: Vec<Progress>,
    /// Oldest first.
    waiting: VecDeque<Progress>,
}

impl Scheduler {
    /// A scheduler of nobody.
    pub(crate) fn new(limits: SchedulerLimits) -> Self {
        let pool = PagePool::new(limits.page_count);
        Self { limits, pool, running: Vec::new(), waiting: VecDeque::new() }
    }

    /// Puts a sequence at the end of the line. `tokens_max` counts prompt and output.
    ///
    /// # Errors
    /// If the whole pool could not hold it.
    pub(crate) fn add(
        &mut self,
        id: SequenceId,
        prompt_tokens: usize,
        tokens_max: usize,
    ) -> Result<(), NeverFits> {
        let pages_needed = self.pages_for(tokens_max.max(prompt_tokens));
        let page_count = self.pool.page_count();
        if pages_needed > page_count {
            return Err(NeverFits { pages_needed, page_count });
        }
        self.waiting.push_back(Progress {
            id,
            known_tokens: prompt_tokens,
            computed_tokens: 0,
            tokens_max,
            pages: Vec::new(),
            preempted: false,
        });
        Ok(())
    }

    /// Plans the next step and gives every planned sequence its pages.
    ///
    /// After the step each planned sequence must be [`advance`](Self::advance)d, and one that
    /// reached its end must [`grow`](Self::grow) or be [`remove`](Self::remove)d.
    pub(crate) fn plan(&mut self) -> StepPlan {
        let mut plan = StepPlan::default();
        let mut budget = self.limits.step_tokens_max;
        for phase in [Phase::Decode, Phase::Prefill] {
            // Preemption shortens the list from its end while we walk.
            let mut index = 0;
            while index < self.running.len() && budget > 0 {
                let pending = self.running[index].pending_tokens();
                if (pending == 1) == (phase == Phase::Decode) {
                    budget -= self.plan_running(index, pending.min(budget), &mut plan);
                }
                index += 1;
            }
        }
        self.admit(&mut plan, budget);
        plan
    }

    /// Records that a planned sequence's rows are in its pages.
    pub(crate) fn advance(&mut self, rows: &PlannedRows) {
        if let Some(progress) = self.running_mut(rows.id) {
            progress.computed_tokens = rows.first_position + rows.row_count;
        }
    }

    /// Records that a sequence knows one more token.
    ///
    /// # Panics
    /// If that is more than it was added with: the pool might never hold it.
    pub(crate) fn grow(&mut self, id: SequenceId) {
        if let Some(progress) = self.running_mut(id) {
            assert!(progress.known_tokens < progress.tokens_max, "a sequence outgrew its limit");
            progress.known_tokens += 1;
        }
    }

    /// Forgets a sequence and takes its pages back.
    pub(crate) fn remove(&mut self, id: SequenceId) {
        if let Ok(at) = self.running.binary_search_by_key(&id, |progress| progress.id) {
            let progress = self.running.remove(at);
            self.give_back(progress.pages);
        } else if let Ok(at) = self.waiting.binary_search_by_key(&id, |progress| progress.id) {
            self.waiting.remove(at);
        }
    }

    /// The pages of a running sequence in order of position; none for anybody else.
    pub(crate) fn pages(&self, id: SequenceId) -> &[PageId] {
        match self.running.binary_search_by_key(&id, |progress| progress.id) {
            Ok(at) => &self.running[at].pages,
            Err(_) => &[],
        }
    }

    /// Nobody runs or waits.
    pub(crate) fn is_idle(&self) -> bool {
        self.running.is_empty() && self.waiting.is_empty()
    }

    /// Sequences that own pages.
    pub(crate) fn running_count(&self) -> usize {
        self.running.len()
    }

    /// Sequences that ran before and wait to run again.
    pub(crate) fn preempted_count(&self) -> usize {
        // They stand at the front of the line.
        self.waiting.iter().take_while(|progress| progress.preempted).count()
    }

    /// Pages that somebody owns.
    pub(crate) fn pages_taken(&self) -> usize {
        self.pool.taken_count()
    }

    /// Plans up to `row_count` rows of a running sequence; returns how many.
    fn plan_running(&mut self, index: usize, row_count: usize, plan: &mut StepPlan) -> usize {
        let granted = self.make_room(index, row_count, plan);
        plan.short_of_pages |= granted < row_count;
        if granted > 0 {
            plan.rows.push(planned(&self.running[index], granted));
        }
        granted
    }

    /// Takes pages for `row_count` more rows, or for as many as there are pages for; preempts the
    /// youngest only when there is room for none.
    fn make_room(&mut self, index: usize, row_count: usize, plan: &mut StepPlan) -> usize {
        loop {
            let progress = &self.running[index];
            let page_room = (progress.pages.len() + self.pool.free_count())
                .saturating_mul(self.limits.page_tokens);
            let granted = row_count.min(page_room.saturating_sub(progress.computed_tokens));
            if granted > 0 {
                self.take_pages(index, granted);
                return granted;
            }
            // Whoever is planned already keeps its pages: its rows are counted.
            let youngest = self.running.len() - 1;
            let youngest_id = self.running[youngest].id;
            if youngest == index || plan.rows.iter().any(|rows| rows.id == youngest_id) {
                return 0;
            }
            self.preempt_youngest();
            plan.preempted += 1;
        }
    }

    fn take_pages(&mut self, index: usize, row_count: usize) {
        let pages_needed = self.pages_for(self.running[index].computed_tokens + row_count);
        while self.running[index].pages.len() < pages_needed {
            let Some(page) = self.pool.take() else { return };
            self.running[index].pages.push(page);
        }
    }

    fn preempt_youngest(&mut self) {
        let Some(mut progress) = self.running.pop() else { return };
        self.give_back(std::mem::take(&mut progress.pages));
        progress.computed_tokens = 0;
        progress.preempted = true;
        self.waiting.push_front(progress);
    }

    /// Lets waiting sequences run, in order, while rows, seats and pages last.
    fn admit(&mut self, plan: &mut StepPlan, mut budget: usize) {
        if plan.short_of_pages || plan.preempted > 0 {
            return;
        }
        while budget > 0 && self.running.len() < self.limits.sequences_max {
            let Some(first) = self.waiting.front() else { return };
            let row_count = first.pending_tokens().min(budget);
            if self.pages_for(row_count) > self.pool.free_count() {
                return;
            }
            let Some(mut progress) = self.waiting.pop_front() else { return };
            progress.preempted = false;
            self.running.push(progress);
            budget -= self.plan_running(self.running.len() - 1, row_count, plan);
        }
    }

    fn give_back(&mut self, pages: Vec<PageId>) {
        for page in pages {
            self.pool.give_back(page);
        }
    }

    fn running_mut(&mut self, id: SequenceId) -> Option<&mut Progress> {
        let at = self.running.binary_search_by_key(&id, |progress| progress.id).ok()?;
        self.running.get_mut(at)
    }

    fn pages_for(&self, tokens: usize) -> usize {
        tokens.div_ceil(self.limits.page_tokens)
    }

    /// Checks the invariants between two steps.
    ///
    /// # Panics
    /// If one is broken.
    #[cfg(test)]
    pub(crate) fn check_integrity(&self) {
        self.pool.check_integrity();
        let mut owned = std::collections::HashSet::new();
        for progress in &self.running {
            assert!(progress.computed_tokens < progress.known_tokens, "nothing to compute");
            assert!(progress.known_tokens <= progress.tokens_max, "grew beyond its limit");
            assert!(progress.pages.len() >= self.pages_for(progress.computed_tokens));
            for page in &progress.pages {
                assert!(owned.insert(*page), "page {} has two owners", page.0);
            }
        }
        assert_eq!(owned.len(), self.pool.taken_count(), "pages without owner");
        assert!(self.running.len() <= self.limits.sequences_max);
        assert!(self.waiting.iter().all(|one| one.pages.is_empty() && one.computed_tokens == 0));
        let ids: Vec<SequenceId> =
            self.running.iter().chain(&self.waiting).map(|progress| progress.id).collect();
        assert!(ids.windows(2).all(|pair| pair[0] < pair[1]), "out of order of arrival: {ids:?}");
        let again = self.waiting.iter().filter(|progress| progress.preempted).count();
        assert_eq!(again, self.preempted_count(), "a preempted sequence lost its place");
    }
}

fn planned(progress: &Progress, row_count: usize) -> PlannedRows {
    PlannedRows {
        id: progress.id,
        first_position: progress.computed_tokens,
        row_count,
        reaches_end: row_count == progress.pending_tokens(),
    }
}

#[cfg(test)]
mod tests;
