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
struct FakeSequence {
    token_ids: Vec<u32>,
    /// Output tokens still to be generated.
    wanted: usize,
    /// Number of speculative tokens, and how many of them will be accepted.
    speculative: (usize, usize),
}

#[derive(Debug, Default)]
struct FakeSequences(BTreeMap<SequenceId, FakeSequence>);

impl Tokens for FakeSequences {
    fn known(&self, id: SequenceId) -> &[u32] {
        self.0.get(&id).map_or(&[], |sequence| &sequence.token_ids)
    }

    fn speculative_count(&self, id: SequenceId) -> usize {
        self.0.get(&id).map_or(0, |sequence| sequence.speculative.0)
    }
}

/// Acts as the step loop: keeps the tokens, and how many each sequence still has to generate.
struct SchedulerHarness {
    scheduler: Scheduler,
    limits: SchedulerLimits,
    sequences: FakeSequences,
    next_id: u64,
    prompt_rows_max: usize,
}

/// The properties of a sequence to add.
#[derive(Debug, Clone, Copy)]
struct SequenceSpec {
    prompt_tokens: usize,
    output_tokens: usize,
    /// Prompts of the same kind have the same beginning.
    kind: u32,
    tenant: Option<&'static str>,
    priority: Priority,
}

const SPEC: SequenceSpec = SequenceSpec {
    prompt_tokens: 4,
    output_tokens: 1,
    kind: 0,
    tenant: None,
    priority: Priority::Live,
};

fn tenant(name: &str) -> TenantId {
    TenantId::new(name).unwrap()
}

impl SchedulerHarness {
    fn new(limits: SchedulerLimits) -> Self {
        let (scheduler, sequences) = (Scheduler::new(limits), FakeSequences::default());
        Self { scheduler, limits, sequences, next_id: 0, prompt_rows_max: usize::MAX }
    }

    fn add(&mut self, prompt_tokens: usize, output_tokens: usize) -> SequenceId {
        self.spec(SequenceSpec { prompt_tokens, output_tokens, ..SPEC })
    }

    fn spec(&mut self, spec: SequenceSpec) -> SequenceId {
        let id = SequenceId(self.next_id);
        self.next_id += 1;
        let tokens_max = spec.prompt_tokens + spec.output_tokens;
        let cache = spec.tenant.map_or(CacheScope::Nobody, |name| CacheScope::Tenant {
            owner: CacheOwner::of(&tenant(name)),
            shared_tokens: 4,
        });
        let (prompt_tokens, priority) = (spec.prompt_tokens, spec.priority);
        let arrival = NewSequence { id, prompt_tokens, tokens_max, cache, priority };
        let added = self.scheduler.add(arrival);
        let fits = tokens_max.div_ceil(self.limits.page_tokens) <= self.limits.page_count;
        assert_eq!(added.is_ok(), fits);
        if fits {
            let token_ids = (0..).take(prompt_tokens).map(|at: u32| at / 8 * spec.kind).collect();
            let sequence =
                FakeSequence { token_ids, wanted: spec.output_tokens, speculative: (0, 0) };
            self.sequences.0.insert(id, sequence);
        }
        id
    }

    fn remove(&mut self, id: SequenceId) {
        self.sequences.0.remove(&id);
        self.scheduler.remove(id);
    }

    /// Plans a step and checks the plan.
    fn plan(&mut self) -> StepSchedule {
        let plan = self.scheduler.plan(&self.sequences, self.prompt_rows_max);
        assert_eq!(plan.rows.is_empty(), self.sequences.0.is_empty(), "a plan without progress");
        let rows: usize =
            plan.rows.iter().map(|rows| rows.row_count + rows.speculative_count).sum();
        assert!(rows <= self.limits.step_tokens_max);
        for rows in &plan.rows {
            assert!(rows.row_count > 0);
            assert!(rows.speculative_count == 0 || rows.reaches_end, "speculation too early");
            let pages = self.scheduler.pages(rows.id).len() * self.limits.page_tokens;
            let end = rows.first_position + rows.row_count + rows.speculative_count;
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
        let Some(sequence) = self.sequences.0.get_mut(&rows.id) else { return };
        let mut computed = rows.first_position + rows.row_count;
        self.scheduler.advance(rows.id, computed, &sequence.token_ids);
        if !rows.reaches_end {
            return;
        }
        for right in 0..=rows.speculative_count.min(sequence.speculative.1) {
            if right > 0 {
                computed += 1;
                self.scheduler.advance(rows.id, computed, &sequence.token_ids);
            }
            sequence.token_ids.push(u32::try_from(sequence.token_ids.len() % 3).unwrap());
            sequence.wanted -= 1;
            if sequence.wanted == 0 {
                return self.remove(rows.id);
            }
            self.scheduler.grow(rows.id);
        }
    }

    /// Steps until no sequence is left; returns the sequences in the order in which they ended.
    fn run_dry(&mut self) -> Vec<SequenceId> {
        let mut ends = Vec::new();
        for _ in 0..100_000 {
            let before: Vec<SequenceId> = self.sequences.0.keys().copied().collect();
            if before.is_empty() {
                return ends;
            }
            self.step();
            ends.extend(before.iter().filter(|id| !self.sequences.0.contains_key(id)));
        }
        panic!("sequences did not finish");
    }
}

#[derive(Debug, Clone)]
enum SchedulerAction {
    Add(SequenceSpec),
    Cancel { at: usize },
    Propose { at: usize, speculative: (usize, usize) },
    Forget { tenant: &'static str },
    ForgetAll,
    Step,
}

fn actions() -> impl Strategy<Value = Vec<SchedulerAction>> {
    let one = prop_oneof![
        4 => specs().prop_map(SchedulerAction::Add),
        2 => (0_usize..64).prop_map(|at| SchedulerAction::Cancel { at }),
        2 => (0_usize..64, (0_usize..6, 0_usize..6))
            .prop_map(|(at, speculative)| SchedulerAction::Propose { at, speculative }),
        1 => tenants().prop_map(|tenant| SchedulerAction::Forget { tenant: tenant.unwrap_or("a") }),
        1 => Just(SchedulerAction::ForgetAll),
        10 => Just(SchedulerAction::Step),
    ];
    prop::collection::vec(one, 1..150)
}

fn tenants() -> impl Strategy<Value = Option<&'static str>> {
    prop_oneof![Just(None), Just(Some("a")), Just(Some("b"))]
}

fn specs() -> impl Strategy<Value = SequenceSpec> {
    let priority = prop_oneof![Just(Priority::Live), Just(Priority::Outreach)];
    (1_usize..40, 1_usize..20, 0_u32..3, tenants(), priority).prop_map(
        |(prompt_tokens, output_tokens, kind, tenant, priority)| SequenceSpec {
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
    fn every_sequence_finishes_whatever_happens(
        limits in limits(),
        actions in actions(),
        prompt_rows_max in 1_usize..12,
    ) {
        let mut harness = SchedulerHarness::new(limits);
        harness.prompt_rows_max = prompt_rows_max;
        for one in actions {
            let nth = |at: usize| {
                let ids = &harness.sequences.0;
                ids.keys().nth(at % ids.len().max(1)).copied()
            };
            match one {
                SchedulerAction::Add(spec) => {
                    harness.spec(spec);
                }
                SchedulerAction::Cancel { at } => {
                    if let Some(id) = nth(at) {
                        harness.remove(id);
                    }
                }
                SchedulerAction::Propose { at, speculative } => {
                    let id = nth(at);
                    if let Some(sequence) = id.and_then(|id| harness.sequences.0.get_mut(&id)) {
                        // Like the step loop: no speculative tokens beyond the output limit.
                        let (count, right) = speculative;
                        sequence.speculative = (count.min(sequence.wanted - 1), right);
                    }
                }
                SchedulerAction::Forget { tenant: name } => {
                    harness.scheduler.forget_owner(CacheOwner::of(&tenant(name)));
                }
                SchedulerAction::ForgetAll => harness.scheduler.forget_all(),
                SchedulerAction::Step => {
                    harness.step();
                    for sequence in harness.sequences.0.values_mut() {
                        sequence.speculative = (0, 0);
                    }
                }
            }
            harness.scheduler.check_integrity();
        }
        harness.run_dry();
        prop_assert!(harness.scheduler.is_idle());
        prop_assert_eq!(harness.scheduler.pages_taken(), 0);
    }
}

#[test]
fn decode_rows_come_before_prompt_chunks() {
    let mut harness = SchedulerHarness::new(SchedulerLimits { page_count: 20, ..LIMITS });
    let long = harness.add(20, 2);
    harness.step();
    let short = harness.add(2, 5);
    // The long prompt fills each step up to its last four tokens.
    assert_eq!(harness.step(), vec![rows(long, 8, 8, false)]);
    assert_eq!(harness.step(), vec![rows(long, 16, 4, true), rows(short, 0, 2, true)]);
    let late = harness.add(9, 1);
    let plan = harness.step();
    assert_eq!(
        plan,
        vec![rows(long, 20, 1, true), rows(short, 2, 1, true), rows(late, 0, 6, false)]
    );
    assert_eq!(harness.step(), vec![rows(short, 3, 1, true), rows(late, 6, 3, true)]);
}

#[test]
fn youngest_gives_its_pages_and_computes_again() {
    let limits = SchedulerLimits { page_count: 4, ..LIMITS };
    let mut harness = SchedulerHarness::new(limits);
    let old = harness.add(4, 6);
    let young = harness.add(4, 6);
    assert_eq!(harness.step().len(), 2);
    for _ in 0..4 {
        assert_eq!(harness.step().len(), 2);
    }
    // Both hold eight tokens in two pages. The ninth needs a page, and none is free.
    let plan = harness.plan();
    assert_eq!(plan.preempted, 1);
    assert_eq!(plan.rows, vec![rows(old, 8, 1, true)]);
    assert_eq!(harness.scheduler.pages(young), &[]);
    assert_eq!(harness.scheduler.preempted_count(), 1);
    harness.remove(old);
    assert_eq!(harness.step(), vec![rows(young, 0, 8, false)]);
    assert_eq!(harness.step(), vec![rows(young, 8, 1, true)]);
    assert!(harness.scheduler.is_idle());
}

#[test]
fn sequence_that_can_never_fit_is_refused() {
    let mut scheduler = Scheduler::new(LIMITS);
    let arrival = |id, tokens_max| NewSequence {
        id: SequenceId(id),
        prompt_tokens: 20,
        tokens_max,
        cache: CacheScope::Nobody,
        priority: Priority::Live,
    };
    let refused = scheduler.add(arrival(0, 25));
    assert_eq!(refused, Err(PoolTooSmall { pages_needed: 7, page_count: 6 }));
    assert!(scheduler.is_idle());
    assert_eq!(scheduler.add(arrival(1, 24)), Ok(()));
}

#[test]
fn same_prompt_is_computed_once_and_found_by_its_tenant() {
    let mut harness = SchedulerHarness::new(SchedulerLimits { page_count: 40, ..LIMITS });
    let spec =
        SequenceSpec { prompt_tokens: 18, output_tokens: 3, kind: 5, tenant: Some("a"), ..SPEC };
    let first = harness.spec(spec);
    let second = harness.spec(spec);
    let stranger = harness.spec(SequenceSpec { tenant: Some("b"), ..spec });
    assert_eq!(harness.step(), vec![rows(first, 0, 8, false)]);
    // The other tenant shares the first page only; the others are private, so it computes them
    // itself.
    assert_eq!(harness.step(), vec![rows(first, 8, 8, false)]);
    let third = harness.step();
    assert_eq!(third[..2], [rows(first, 16, 2, true), rows(second, 16, 2, true)]);
    assert_eq!(third[2], rows(stranger, 4, 4, false));
    assert_eq!(harness.scheduler.pages(first)[..4], harness.scheduler.pages(second)[..4]);
    harness.run_dry();
    // A later sequence finds what is left in free pages; the last token is always computed.
    let later = harness.spec(SequenceSpec { prompt_tokens: 16, ..spec });
    assert_eq!(harness.step(), vec![rows(later, 12, 4, true)]);
    harness.scheduler.forget_owner(CacheOwner::of(&tenant("a")));
    let after = harness.spec(spec);
    let found = harness.step().into_iter().find(|rows| rows.id == after).unwrap();
    assert_eq!(found.first_position, 4, "only the shared page is still cached");
}

#[test]
fn preempted_sequence_finds_its_pages_again() {
    let limits = SchedulerLimits { page_count: 5, ..LIMITS };
    let mut harness = SchedulerHarness::new(limits);
    let spec =
        |name| SequenceSpec { prompt_tokens: 8, output_tokens: 8, tenant: Some(name), ..SPEC };
    let old = harness.spec(spec("a"));
    let young = harness.spec(spec("b"));
    let preempted = (0..20).find(|_| {
        harness.step();
        harness.scheduler.preempted_count() > 0
    });
    assert!(preempted.is_some() && harness.scheduler.pages(young).is_empty());
    harness.remove(old);
    let again = harness.step();
    assert!(again[0].id == young && again[0].first_position >= 8, "{again:?}");
}

#[test]
fn prompt_rows_beside_decode_rows_keep_to_their_share() {
    let mut harness = SchedulerHarness::new(SchedulerLimits { page_count: 40, ..LIMITS });
    harness.prompt_rows_max = 3;
    let long = harness.add(20, 2);
    // No sequence decodes, so the prompt gets the whole step.
    assert_eq!(harness.step(), vec![rows(long, 0, 8, false)]);
    harness.remove(long);
    let decoding = harness.add(1, 30);
    harness.step();
    let late = harness.add(20, 1);
    assert_eq!(harness.step(), vec![rows(decoding, 1, 1, true), rows(late, 0, 3, false)]);
    assert_eq!(harness.step(), vec![rows(decoding, 2, 1, true), rows(late, 3, 3, false)]);
}

#[test]
fn live_turns_go_first_and_outreach_still_ends() {
    let limits = SchedulerLimits { sequences_max: 1, page_count: 40, ..LIMITS };
    let mut harness = SchedulerHarness::new(limits);
    let outreach = SequenceSpec { priority: Priority::Outreach, ..SPEC };
    let sent = [harness.spec(outreach), harness.spec(outreach)];
    let live: Vec<SequenceId> = (0..20).map(|_| harness.spec(SPEC)).collect();
    let ends = harness.run_dry();
    assert_eq!(ends[..7], live[..7]);
    assert_eq!((ends[7], ends[15]), (sent[0], sent[1]));
}

#[test]
fn outreach_loses_its_pages_once_and_then_counts_as_live() {
    let limits = SchedulerLimits { page_count: 4, ..LIMITS };
    let mut harness = SchedulerHarness::new(limits);
    let outreach =
        harness.spec(SequenceSpec { output_tokens: 8, priority: Priority::Outreach, ..SPEC });
    let live = harness.add(4, 8);
    while harness.scheduler.preempted_count() == 0 {
        harness.step();
    }
    assert!(harness.scheduler.pages(outreach).is_empty(), "the younger live turn keeps its pages");
    harness.remove(live);
    let younger = harness.add(4, 8);
    while harness.scheduler.preempted_count() == 0 {
        harness.step();
    }
    assert!(harness.scheduler.pages(younger).is_empty(), "now its age counts");
}

#[test]
fn speculation_takes_only_spare_rows() {
    let mut harness = SchedulerHarness::new(SchedulerLimits { page_count: 40, ..LIMITS });
    let speculating = harness.add(1, 30);
    harness.step();
    harness.sequences.0.get_mut(&speculating).unwrap().speculative = (20, 2);
    // Eight rows, one of them for its known token.
    let step = harness.step();
    assert_eq!(step, vec![PlannedRows { speculative_count: 7, ..rows(speculating, 1, 1, true) }]);
    assert_eq!(
        harness.sequences.known(speculating).len(),
        1 + 1 + 3,
        "two speculative tokens were accepted"
    );
    let other = harness.add(1, 30);
    assert_eq!(harness.step(), vec![rows(speculating, 4, 1, true), rows(other, 0, 1, true)]);
    let step = harness.step();
    let drafts: Vec<usize> = step.iter().map(|rows| rows.speculative_count).collect();
    assert_eq!(drafts, [6, 0], "eight rows, two of them decode rows");
}

fn rows(id: SequenceId, first: usize, row_count: usize, reaches_end: bool) -> PlannedRows {
    PlannedRows { id, first_position: first, row_count, reaches_end, speculative_count: 0 }
}
