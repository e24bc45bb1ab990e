//! Random arrivals, completions and cancellations: the invariants hold after every step and every
//! sequence finishes.

use super::*;
use proptest::prelude::*;
use std::collections::BTreeMap;
use vitrine_base::ids::TenantId;

const LIMITS: SchedulerLimits =
    SchedulerLimits { step_tokens_max: 8, sequences_max: 4, page_tokens: 4, page_count: 6 };

/// A sequence as the step loop keeps it.
#[derive(Debug)]
struct Part {
    token_ids: Vec<u32>,
    /// Output tokens still to be generated.
    wanted: usize,
    /// Number of speculative tokens, and how many of them will be accepted.
    draft: (usize, usize),
}

#[derive(Debug, Default)]
struct Parts(BTreeMap<SequenceId, Part>);

impl Tokens for Parts {
    fn known(&self, id: SequenceId) -> &[u32] {
        self.0.get(&id).map_or(&[], |part| &part.token_ids)
    }

    fn draft_count(&self, id: SequenceId) -> usize {
        self.0.get(&id).map_or(0, |part| part.draft.0)
    }
}

/// Acts as the step loop: keeps the tokens, and how many each sequence still has to generate.
struct Play {
    scheduler: Scheduler,
    limits: SchedulerLimits,
    parts: Parts,
    next_id: u64,
    prompt_rows_max: usize,
}

/// The properties of a sequence to add.
#[derive(Debug, Clone, Copy)]
struct Wish {
    prompt_tokens: usize,
    output_tokens: usize,
    /// Prompts of the same kind have the same beginning.
    kind: u32,
    tenant: Option<&'static str>,
    priority: Priority,
}

const WISH: Wish =
    Wish { prompt_tokens: 4, output_tokens: 1, kind: 0, tenant: None, priority: Priority::Live };

fn tenant(name: &str) -> TenantId {
    TenantId::new(name).unwrap()
}

impl Play {
    fn new(limits: SchedulerLimits) -> Self {
        let (scheduler, parts) = (Scheduler::new(limits), Parts::default());
        Self { scheduler, limits, parts, next_id: 0, prompt_rows_max: usize::MAX }
    }

    fn add(&mut self, prompt_tokens: usize, output_tokens: usize) -> SequenceId {
        self.wish(Wish { prompt_tokens, output_tokens, ..WISH })
    }

    fn wish(&mut self, wish: Wish) -> SequenceId {
        let id = SequenceId(self.next_id);
        self.next_id += 1;
        let tokens_max = wish.prompt_tokens + wish.output_tokens;
        let cache = wish.tenant.map_or(CacheScope::Nobody, |name| CacheScope::Tenant {
            owner: CacheOwner::of(&tenant(name)),
            shared_tokens: 4,
        });
        let (prompt_tokens, priority) = (wish.prompt_tokens, wish.priority);
        let arrival = Arrival { id, prompt_tokens, tokens_max, cache, priority };
        let added = self.scheduler.add(arrival);
        let fits = tokens_max.div_ceil(self.limits.page_tokens) <= self.limits.page_count;
        assert_eq!(added.is_ok(), fits);
        if fits {
            let token_ids = (0..).take(prompt_tokens).map(|at: u32| at / 8 * wish.kind).collect();
            let part = Part { token_ids, wanted: wish.output_tokens, draft: (0, 0) };
            self.parts.0.insert(id, part);
        }
        id
    }

    fn remove(&mut self, id: SequenceId) {
        self.parts.0.remove(&id);
        self.scheduler.remove(id);
    }

    /// Plans a step and checks the plan.
    fn plan(&mut self) -> StepPlan {
        let plan = self.scheduler.plan(&self.parts, self.prompt_rows_max);
        assert_eq!(plan.rows.is_empty(), self.parts.0.is_empty(), "a plan without progress");
        let rows: usize = plan.rows.iter().map(|rows| rows.row_count + rows.draft_count).sum();
        assert!(rows <= self.limits.step_tokens_max);
        for rows in &plan.rows {
            assert!(rows.row_count > 0);
            assert!(rows.draft_count == 0 || rows.reaches_end, "speculation too early");
            let pages = self.scheduler.pages(rows.id).len() * self.limits.page_tokens;
            let end = rows.first_position + rows.row_count + rows.draft_count;
            assert!(pages >= end, "rows without pages");
        }
        plan
    }

    /// Runs one step; returns the plan's rows.
    fn step(&mut self) -> Vec<PlannedRows> {
        let plan = self.plan();
        for rows in &plan.rows {
            self.apply(rows);
        }
        self.scheduler.check_integrity();
        plan.rows
    }

    fn apply(&mut self, rows: &PlannedRows) {
        let Some(part) = self.parts.0.get_mut(&rows.id) else { return };
        let mut computed = rows.first_position + rows.row_count;
        self.scheduler.advance(rows.id, computed, &part.token_ids);
        if !rows.reaches_end {
            return;
        }
        for right in 0..=rows.draft_count.min(part.draft.1) {
            if right > 0 {
                computed += 1;
                self.scheduler.advance(rows.id, computed, &part.token_ids);
            }
            part.token_ids.push(u32::try_from(part.token_ids.len() % 3).unwrap());
            part.wanted -= 1;
            if part.wanted == 0 {
                return self.remove(rows.id);
            }
            self.scheduler.grow(rows.id);
        }
    }

    /// Steps until no sequence is left; returns the sequences in the order in which they ended.
    fn run_dry(&mut self) -> Vec<SequenceId> {
        let mut ends = Vec::new();
        for _ in 0..100_000 {
            let before: Vec<SequenceId> = self.parts.0.keys().copied().collect();
            if before.is_empty() {
                return ends;
            }
            self.step();
            ends.extend(before.iter().filter(|id| !self.parts.0.contains_key(id)));
        }
        panic!("sequences did not finish");
    }
}

#[derive(Debug, Clone)]
enum Move {
    Add(Wish),
    Cancel { at: usize },
    Guess { at: usize, draft: (usize, usize) },
    Forget { tenant: &'static str },
    ForgetAll,
    Step,
}

fn moves() -> impl Strategy<Value = Vec<Move>> {
    let one = prop_oneof![
        4 => wishes().prop_map(Move::Add),
        2 => (0_usize..64).prop_map(|at| Move::Cancel { at }),
        2 => (0_usize..64, (0_usize..6, 0_usize..6))
            .prop_map(|(at, draft)| Move::Guess { at, draft }),
        1 => tenants().prop_map(|tenant| Move::Forget { tenant: tenant.unwrap_or("a") }),
        1 => Just(Move::ForgetAll),
        10 => Just(Move::Step),
    ];
    prop::collection::vec(one, 1..150)
}

fn tenants() -> impl Strategy<Value = Option<&'static str>> {
    prop_oneof![Just(None), Just(Some("a")), Just(Some("b"))]
}

fn wishes() -> impl Strategy<Value = Wish> {
    let priority = prop_oneof![Just(Priority::Live), Just(Priority::Outreach)];
    (1_usize..40, 1_usize..20, 0_u32..3, tenants(), priority).prop_map(
        |(prompt_tokens, output_tokens, kind, tenant, priority)| Wish {
            prompt_tokens,
            output_tokens,
            kind,
            tenant,
            priority,
        },
    )
}

fn limits() -> impl Strategy<Value = SchedulerLimits> {
    (1_usize..6, 0_usize..20, 1_usize..6, 1_usize..14).prop_map(
        |(sequences_max, more, page_tokens, page_count)| SchedulerLimits {
            step_tokens_max: sequences_max + more,
            sequences_max,
            page_tokens,
            page_count,
        },
    )
}

proptest! {
    /// Goal: no order of arrivals, cancellations and steps breaks an invariant or leaves a sequence
    /// unfinished. Method: apply random actions, then step until all are done, within a bound of
    /// steps.
    #[test]
    fn everybody_finishes_whatever_happens(
        limits in limits(),
        moves in moves(),
        prompt_rows_max in 1_usize..12,
    ) {
        let mut play = Play::new(limits);
        play.prompt_rows_max = prompt_rows_max;
        for one in moves {
            let nth = |at: usize| play.parts.0.keys().nth(at % play.parts.0.len().max(1)).copied();
            match one {
                Move::Add(wish) => {
                    play.wish(wish);
                }
                Move::Cancel { at } => {
                    if let Some(id) = nth(at) {
                        play.remove(id);
                    }
                }
                Move::Guess { at, draft } => {
                    if let Some(part) = nth(at).and_then(|id| play.parts.0.get_mut(&id)) {
                        // Like the step loop: no speculative tokens beyond the output limit.
                        part.draft = (draft.0.min(part.wanted - 1), draft.1);
                    }
                }
                Move::Forget { tenant: name } => {
                    play.scheduler.forget_owner(CacheOwner::of(&tenant(name)));
                }
                Move::ForgetAll => play.scheduler.forget_all(),
                Move::Step => {
                    play.step();
                    play.parts.0.values_mut().for_each(|part| part.draft = (0, 0));
                }
            }
            play.scheduler.check_integrity();
        }
        play.run_dry();
        prop_assert!(play.scheduler.is_idle());
        prop_assert_eq!(play.scheduler.pages_taken(), 0);
    }
}

#[test]
fn decode_rows_come_before_prompt_chunks() {
    let mut play = Play::new(SchedulerLimits { page_count: 20, ..LIMITS });
    let long = play.add(20, 2);
    play.step();
    let short = play.add(2, 5);
    // The long prompt fills each step up to its last four tokens.
    assert_eq!(play.step(), vec![rows(long, 8, 8, false)]);
    assert_eq!(play.step(), vec![rows(long, 16, 4, true), rows(short, 0, 2, true)]);
    let late = play.add(9, 1);
    let plan = play.step();
    assert_eq!(
        plan,
        vec![rows(long, 20, 1, true), rows(short, 2, 1, true), rows(late, 0, 6, false)]
    );
    assert_eq!(play.step(), vec![rows(short, 3, 1, true), rows(late, 6, 3, true)]);
}

#[test]
fn youngest_gives_its_pages_and_computes_again() {
    let limits = SchedulerLimits { page_count: 4, ..LIMITS };
    let mut play = Play::new(limits);
    let old = play.add(4, 6);
    let young = play.add(4, 6);
    assert_eq!(play.step().len(), 2);
    for _ in 0..4 {
        assert_eq!(play.step().len(), 2);
    }
    // Both hold eight tokens in two pages. The ninth needs a page, and none is free.
    let plan = play.plan();
    assert_eq!(plan.preempted, 1);
    assert_eq!(plan.rows, vec![rows(old, 8, 1, true)]);
    assert_eq!(play.scheduler.pages(young), &[]);
    assert_eq!(play.scheduler.preempted_count(), 1);
    play.remove(old);
    assert_eq!(play.step(), vec![rows(young, 0, 8, false)]);
    assert_eq!(play.step(), vec![rows(young, 8, 1, true)]);
    assert!(play.scheduler.is_idle());
}

#[test]
fn sequence_that_can_never_fit_is_refused() {
    let mut scheduler = Scheduler::new(LIMITS);
    let arrival = |id, tokens_max| Arrival {
        id: SequenceId(id),
        prompt_tokens: 20,
        tokens_max,
        cache: CacheScope::Nobody,
        priority: Priority::Live,
    };
    let refused = scheduler.add(arrival(0, 25));
    assert_eq!(refused, Err(NeverFits { pages_needed: 7, page_count: 6 }));
    assert!(scheduler.is_idle());
    assert_eq!(scheduler.add(arrival(1, 24)), Ok(()));
}

#[test]
fn same_prompt_is_computed_once_and_found_by_its_tenant() {
    let mut play = Play::new(SchedulerLimits { page_count: 40, ..LIMITS });
    let wish = Wish { prompt_tokens: 18, output_tokens: 3, kind: 5, tenant: Some("a"), ..WISH };
    let first = play.wish(wish);
    let second = play.wish(wish);
    let stranger = play.wish(Wish { tenant: Some("b"), ..wish });
    assert_eq!(play.step(), vec![rows(first, 0, 8, false)]);
    // The other tenant shares the first page only; the others are private, so it computes them
    // itself.
    assert_eq!(play.step(), vec![rows(first, 8, 8, false)]);
    let third = play.step();
    assert_eq!(third[..2], [rows(first, 16, 2, true), rows(second, 16, 2, true)]);
    assert_eq!(third[2], rows(stranger, 4, 4, false));
    assert_eq!(play.scheduler.pages(first)[..4], play.scheduler.pages(second)[..4]);
    play.run_dry();
    // A later sequence finds what is left in free pages; the last token is always computed.
    let later = play.wish(Wish { prompt_tokens: 16, ..wish });
    assert_eq!(play.step(), vec![rows(later, 12, 4, true)]);
    play.scheduler.forget_owner(CacheOwner::of(&tenant("a")));
    let after = play.wish(wish);
    let found = play.step().into_iter().find(|rows| rows.id == after).unwrap();
    assert_eq!(found.first_position, 4, "only the shared page is still cached");
}

#[test]
fn preempted_sequence_finds_its_pages_again() {
    let limits = SchedulerLimits { page_count: 5, ..LIMITS };
    let mut play = Play::new(limits);
    let wish = |name| Wish { prompt_tokens: 8, output_tokens: 8, tenant: Some(name), ..WISH };
    let old = play.wish(wish("a"));
    let young = play.wish(wish("b"));
    let preempted = (0..20).find(|_| {
        play.step();
        play.scheduler.preempted_count() > 0
    });
    assert!(preempted.is_some() && play.scheduler.pages(young).is_empty());
    play.remove(old);
    let again = play.step();
    assert!(again[0].id == young && again[0].first_position >= 8, "{again:?}");
}

#[test]
fn prompt_rows_beside_decode_rows_keep_to_their_share() {
    let mut play = Play::new(SchedulerLimits { page_count: 40, ..LIMITS });
    play.prompt_rows_max = 3;
    let long = play.add(20, 2);
    // No sequence decodes, so the prompt gets the whole step.
    assert_eq!(play.step(), vec![rows(long, 0, 8, false)]);
    play.remove(long);
    let decoding = play.add(1, 30);
    play.step();
    let late = play.add(20, 1);
    assert_eq!(play.step(), vec![rows(decoding, 1, 1, true), rows(late, 0, 3, false)]);
    assert_eq!(play.step(), vec![rows(decoding, 2, 1, true), rows(late, 3, 3, false)]);
}

#[test]
fn live_turns_go_first_and_outreach_still_ends() {
    let limits = SchedulerLimits { sequences_max: 1, page_count: 40, ..LIMITS };
    let mut play = Play::new(limits);
    let outreach = Wish { priority: Priority::Outreach, ..WISH };
    let sent = [play.wish(outreach), play.wish(outreach)];
    let live: Vec<SequenceId> = (0..20).map(|_| play.wish(WISH)).collect();
    let ends = play.run_dry();
    assert_eq!(ends[..7], live[..7]);
    assert_eq!((ends[7], ends[15]), (sent[0], sent[1]));
}

#[test]
fn outreach_loses_its_pages_once_and_then_counts_as_live() {
    let limits = SchedulerLimits { page_count: 4, ..LIMITS };
    let mut play = Play::new(limits);
    let outreach = play.wish(Wish { output_tokens: 8, priority: Priority::Outreach, ..WISH });
    let live = play.add(4, 8);
    while play.scheduler.preempted_count() == 0 {
        play.step();
    }
    assert!(play.scheduler.pages(outreach).is_empty(), "the younger live turn keeps its pages");
    play.remove(live);
    let younger = play.add(4, 8);
    while play.scheduler.preempted_count() == 0 {
        play.step();
    }
    assert!(play.scheduler.pages(younger).is_empty(), "now its age counts");
}

#[test]
fn guesses_take_only_rows_that_nobody_needs() {
    let mut play = Play::new(SchedulerLimits { page_count: 40, ..LIMITS });
    let guessing = play.add(1, 30);
    play.step();
    play.parts.0.get_mut(&guessing).unwrap().draft = (20, 2);
    // Eight rows, one of them for its known token.
    let step = play.step();
    assert_eq!(step, vec![PlannedRows { draft_count: 7, ..rows(guessing, 1, 1, true) }]);
    assert_eq!(play.parts.known(guessing).len(), 1 + 1 + 3, "two speculative tokens were accepted");
    let other = play.add(1, 30);
    assert_eq!(play.step(), vec![rows(guessing, 4, 1, true), rows(other, 0, 1, true)]);
    let step = play.step();
    let drafts: Vec<usize> = step.iter().map(|rows| rows.draft_count).collect();
    assert_eq!(drafts, [6, 0], "eight rows, two of them decode rows");
}

fn rows(id: SequenceId, first: usize, row_count: usize, reaches_end: bool) -> PlannedRows {
    PlannedRows { id, first_position: first, row_count, reaches_end, draft_count: 0 }
}
