//! Chooses which sequences run in the next step, and how many tokens each.
//!
//! Pure bookkeeping over ids, counts and token ids: no clock, no I/O, no floats. A sequence has
//! known tokens (its prompt and what was generated) and computed tokens (those in its pages);
//! computed chases known under a token budget, so prompt chunks and decode tokens share every step.
//!
//! Invariants ([`Scheduler::check_integrity`], [`Scheduler::plan`])
//! - Running sequences are in order: live before outreach, then by arrival. Who runs out of turn
//!   (outreach that was due, or that lost its pages once) counts as live from then on.
//! - A plan never exceeds the budget: running before waiting, decode rows before prompt chunks,
//!   guesses only when nobody else has a use for the rows.
//! - A planned sequence owns the pages of all its planned rows; a waiting one owns no pages.
//! - Short of pages, a sequence takes those of the last in order, which goes to the front of the
//!   line; its computed pages stay known and are found again unless somebody took them.
//! - While anybody is short of pages nobody is admitted; a plan is empty only when nobody is there:
//!   each sequence fits the pool alone, so the first in order always gets its pages.
//! - Of sequences that begin alike and arrive together one computes the common pages; the others
//!   wait for these as long as that one runs.
//!
//! Source: iteration-level scheduling, Yu et al., OSDI 2022 (Orca); computed chasing known as in
//! vLLM v1; in-batch sharing as in SGLang (`schedule_policy.py`).

mod line;
mod pages;

use crate::engine::cache_scope::CacheOwner;
use crate::engine::cache_scope::CacheScope;
use crate::engine::request::Priority;
use line::Line;
use line::Turn;
use pages::Found;
use pages::PageList;
use pages::Pages;
use std::collections::HashMap;
use vitrine_base::ids::PageId;
use vitrine_base::ids::SequenceId;

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

/// A sequence that joins the line.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Arrival {
    /// Who; ids rise.
    pub(crate) id: SequenceId,
    /// Tokens that it knows.
    pub(crate) prompt_tokens: usize,
    /// Prompt and output together, at most.
    pub(crate) tokens_max: usize,
    /// Who may find its pages.
    pub(crate) cache: CacheScope,
    /// Its class.
    pub(crate) priority: Priority,
}

/// Where the scheduler reads tokens: it keeps none itself.
pub(crate) trait Tokens {
    /// The known tokens of a sequence; empty if there is no such one.
    fn known(&self, id: SequenceId) -> &[u32];
    /// Guessed tokens that follow them, to be checked in the next step.
    fn draft_count(&self, id: SequenceId) -> usize;
}

/// How far a sequence has come.
#[derive(Debug)]
struct Progress {
    known_tokens: usize,
    computed_tokens: usize,
    tokens_max: usize,
    /// The class that it counts as.
    priority: Priority,
    cache: CacheScope,
    runs: bool,
    list: PageList,
    /// A sequence that computes the same prompt, and how far that matters.
    behind: Option<(SequenceId, usize)>,
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
    /// How many rows of known tokens, at least one.
    pub(crate) row_count: usize,
    /// The rows end at the last known token, so the next one can be chosen.
    pub(crate) reaches_end: bool,
    /// Rows of guessed tokens behind them.
    pub(crate) draft_count: usize,
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
    pages: Pages,
    all: HashMap<SequenceId, Progress>,
    /// In order.
    running: Vec<(Priority, SequenceId)>,
    line: Line,
}

impl Scheduler {
    /// A scheduler of nobody.
    pub(crate) fn new(limits: SchedulerLimits) -> Self {
        Self {
            limits,
            pages: Pages::new(limits.page_count, limits.page_tokens),
            all: HashMap::new(),
            running: Vec::new(),
            line: Line::default(),
        }
    }

    /// Puts a sequence at the end of its class.
    ///
    /// # Errors
    /// If the whole pool could not hold it.
    pub(crate) fn add(&mut self, arrival: Arrival) -> Result<(), NeverFits> {
        let pages_needed = self.pages.pages_for(arrival.tokens_max.max(arrival.prompt_tokens));
        let page_count = self.pages.page_count();
        if pages_needed > page_count {
            return Err(NeverFits { pages_needed, page_count });
        }
        let progress = Progress {
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
        self.line.push(arrival.id, arrival.priority);
        Ok(())
    }

    /// Plans the next step and gives every planned sequence its pages. Beside decode rows there are
    /// at most `prompt_rows_max` of prompts.
    ///
    /// After the step each planned sequence must be [`advance`](Self::advance)d, and one that
    /// reached its end must [`grow`](Self::grow) or be [`remove`](Self::remove)d.
    pub(crate) fn plan(&mut self, tokens: &impl Tokens, prompt_rows_max: usize) -> StepPlan {
        let mut plan = StepPlan::default();
        let mut budget = self.limits.step_tokens_max;
        for phase in [Phase::Decode, Phase::Prefill] {
            if phase == Phase::Prefill && !plan.rows.is_empty() {
                self.add_drafts(tokens, &mut plan);
                let rows: usize = plan.rows.iter().map(|one| one.row_count + one.draft_count).sum();
                budget = (self.limits.step_tokens_max - rows).min(prompt_rows_max);
            }
            // Preemption shortens the list from its end while we walk.
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

    /// Records that a sequence's tokens are in its pages up to `computed_tokens`; `token_ids` are
    /// those that it knows.
    pub(crate) fn advance(&mut self, id: SequenceId, computed_tokens: usize, token_ids: &[u32]) {
        let Some(progress) = self.all.get_mut(&id).filter(|progress| progress.runs) else { return };
        progress.computed_tokens = computed_tokens;
        self.pages.keep(&mut progress.list, token_ids, computed_tokens, progress.cache);
    }

    /// Records that a sequence knows one more token.
    ///
    /// # Panics
    /// If that is more than it was added with: the pool might never hold it.
    pub(crate) fn grow(&mut self, id: SequenceId) {
        if let Some(progress) = self.all.get_mut(&id) {
            assert!(progress.known_tokens < progress.tokens_max, "a sequence outgrew its limit");
            progress.known_tokens += 1;
        }
    }

    /// Forgets a sequence and takes its pages back; what is computed in them may be found again.
    pub(crate) fn remove(&mut self, id: SequenceId) {
        let Some(mut progress) = self.all.remove(&id) else { return };
        if progress.runs {
            self.running.retain(|(_, other)| *other != id);
            self.pages.give_back(&mut progress.list);
        } else {
            self.line.remove(id);
        }
    }

    /// Forgets what is computed of an owner, and lets nothing of its present sequences be known;
    /// returns how many pages were.
    pub(crate) fn forget_owner(&mut self, owner: CacheOwner) -> usize {
        for progress in self.all.values_mut() {
            if progress.cache.owner() == Some(owner) {
                progress.cache = CacheScope::Nobody;
                progress.list.branch = None;
            }
        }
        self.pages.forget_owner(owner)
    }

    /// Forgets everything that is computed but for what running sequences hold themselves.
    pub(crate) fn forget_all(&mut self) {
        for progress in self.all.values_mut() {
            // Its pages have no place in the tree any more, nor have those that follow.
            progress.list.branch = None;
        }
        self.pages.forget_all();
    }

    /// The pages of a running sequence in order of position; none for anybody else.
    pub(crate) fn pages(&self, id: SequenceId) -> &[PageId] {
        self.all.get(&id).map_or(&[], |progress| &progress.list.pages)
    }

    /// Nobody runs or waits.
    pub(crate) fn is_idle(&self) -> bool {
        self.all.is_empty()
    }

    /// Sequences that own pages.
    pub(crate) fn running_count(&self) -> usize {
        self.running.len()
    }

    /// Running sequences whose next row is a decode row.
    pub(crate) fn decoding_count(&self) -> usize {
        (0..self.running.len()).filter(|at| self.progress_at(*at).pending_tokens() == 1).count()
    }

    /// Sequences that wait, whether or not they ran before.
    pub(crate) fn waiting_count(&self) -> usize {
        self.all.len() - self.running.len()
    }

    /// Sequences that ran before and wait to run again.
    pub(crate) fn preempted_count(&self) -> usize {
        self.line.again_count()
    }

    /// Pages that somebody owns.
    pub(crate) fn pages_taken(&self) -> usize {
        self.pages.taken_count()
    }

    /// Pages whose tokens are known, owned or not.
    pub(crate) fn pages_known(&self) -> usize {
        self.pages.known_count()
    }

    fn progress_at(&self, index: usize) -> &Progress {
        &self.all[&self.running[index].1]
    }

    /// Plans up to `row_count` rows of a running sequence; returns how many.
    fn plan_running(&mut self, index: usize, row_count: usize, plan: &mut StepPlan) -> usize {
        let granted = self.make_room(index, row_count, plan);
        plan.short_of_pages |= granted < row_count;
        if granted > 0 {
            let progress = self.progress_at(index);
            plan.rows.push(PlannedRows {
                id: self.running[index].1,
                first_position: progress.computed_tokens,
                row_count: granted,
                reaches_end: granted == progress.pending_tokens(),
                draft_count: 0,
            });
        }
        granted
    }

    /// Takes pages for `row_count` more rows, or for as many as there are pages for; preempts the
    /// last in order only when there is room for none.
    fn make_room(&mut self, index: usize, row_count: usize, plan: &mut StepPlan) -> usize {
        loop {
            let granted = self.take_pages(self.running[index].1, row_count);
            if granted > 0 {
                return granted;
            }
            // Whoever is planned already keeps its pages: its rows are counted.
            let last = self.running.len() - 1;
            let last_id = self.running[last].1;
            if last == index || plan.rows.iter().any(|rows| rows.id == last_id) {
                return 0;
            }
            self.preempt_last();
            plan.preempted += 1;
        }
    }

    /// Takes pages for `row_count` rows behind the computed ones, or for as many as there are.
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

    /// Adds rows for guessed tokens behind the decode rows, while rows and pages last and nobody
    /// has a prompt to compute.
    fn add_drafts(&mut self, tokens: &impl Tokens, plan: &mut StepPlan) {
        let others = self.waiting_count() > 0 || plan.rows.len() < self.running.len();
        if others || plan.short_of_pages || plan.preempted > 0 {
            return;
        }
        let mut spare = self.limits.step_tokens_max.saturating_sub(plan.rows.len());
        for rows in &mut plan.rows {
            let wanted = tokens.draft_count(rows.id).min(spare);
            if wanted > 0 {
                let granted = self.take_pages(rows.id, rows.row_count + wanted);
                rows.draft_count = granted.saturating_sub(rows.row_count);
                spare -= rows.draft_count;
            }
        }
    }

    fn preempt_last(&mut self) {
        let Some((_, id)) = self.running.pop() else { return };
        let Some(progress) = self.all.get_mut(&id) else { return };
        self.pages.give_back(&mut progress.list);
        progress.computed_tokens = 0;
        progress.runs = false;
        // Once is enough: from now on only its age counts.
        progress.priority = Priority::Live;
        self.line.push_again(id);
    }

    /// Lets waiting sequences run, in order, while rows, seats and pages last.
    fn admit(&mut self, tokens: &impl Tokens, plan: &mut StepPlan, mut budget: usize) {
        if plan.short_of_pages || plan.preempted > 0 {
            return;
        }
        while budget > 0 && self.running.len() < self.limits.sequences_max {
            let Some((id, turn)) = self.line.next(|id| !self.is_behind(id)) else { return };
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
            if turn == Turn::Due {
                progress.priority = Priority::Live;
            }
            let place = (progress.priority, id);
            self.line.take(id, turn);
            let index = self.running.partition_point(|other| *other < place);
            self.running.insert(index, place);
            budget -= self.plan_running(index, row_count, plan);
        }
    }

    /// Whether somebody is still computing what this sequence begins with.
    fn is_behind(&self, id: SequenceId) -> bool {
        let Some((ahead, tokens)) = self.all.get(&id).and_then(|progress| progress.behind) else {
            return false;
        };
        self.all.get(&ahead).is_some_and(|ahead| ahead.runs && ahead.computed_tokens < tokens)
    }

    /// The running sequence that is about to compute the next page of this one, and how far the two
    /// go together.
    fn same_prompt(
        &self,
        id: SequenceId,
        found: &Found,
        tokens: &impl Tokens,
    ) -> Option<(SequenceId, usize)> {
        let branch = found.branch?;
        let (known, cache) = (tokens.known(id), self.all.get(&id)?.cache);
        self.running.iter().find_map(|(_, ahead_id)| {
            let ahead = self.all.get(ahead_id)?;
            let list = &ahead.list;
            if list.branch != Some(branch) || list.known != found.pages.len() {
                return None;
            }
            let leader = (tokens.known(*ahead_id), ahead.cache);
            let same = self.pages.same_tokens(list, leader, (known, cache));
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
            assert!(progress.computed_tokens < progress.known_tokens, "nothing to compute");
            assert!(progress.known_tokens <= progress.tokens_max, "grew beyond its limit");
            let pages = progress.list.pages.len();
            assert!(pages >= self.pages.pages_for(progress.computed_tokens), "pages are missing");
            assert!(progress.runs || (pages == 0 && progress.computed_tokens == 0));
        }
        assert!(self.running.len() <= self.limits.sequences_max);
        assert!(self.running.is_sorted(), "out of order: {:?}", self.running);
        let mut ids = self.line.ids();
        ids.extend(self.running.iter().map(|(_, id)| *id));
        ids.sort_unstable();
        let mut all: Vec<SequenceId> = self.all.keys().copied().collect();
        all.sort_unstable();
        assert_eq!(ids, all, "somebody is lost or stands in two places");
    }
}

#[cfg(test)]
mod tests;
