//! Random arrivals, ends and cancels: invariants hold after every step and everybody finishes.

use super::*;
use proptest::prelude::*;
use std::collections::BTreeMap;

const LIMITS: SchedulerLimits =
    SchedulerLimits { step_tokens_max: 8, sequences_max: 4, page_tokens: 4, page_count: 6 };

/// Plays the step loop's part: remembers how many tokens each sequence still wants.
struct Play {
    scheduler: Scheduler,
    limits: SchedulerLimits,
    wanted: BTreeMap<SequenceId, usize>,
    next_id: u64,
}

impl Play {
    fn new(limits: SchedulerLimits) -> Self {
        Self { scheduler: Scheduler::new(limits), limits, wanted: BTreeMap::new(), next_id: 0 }
    }

    fn add(&mut self, prompt_tokens: usize, output_tokens: usize) -> SequenceId {
        let id = SequenceId(self.next_id);
        self.next_id += 1;
        let tokens_max = prompt_tokens + output_tokens;
        let added = self.scheduler.add(id, prompt_tokens, tokens_max);
        let fits = tokens_max.div_ceil(self.limits.page_tokens) <= self.limits.page_count;
        assert_eq!(added.is_ok(), fits);
        if fits {
            self.wanted.insert(id, output_tokens);
        }
        id
    }

    fn remove(&mut self, id: SequenceId) {
        self.wanted.remove(&id);
        self.scheduler.remove(id);
    }

    /// Runs one step and checks its plan; returns the plan's rows.
    fn step(&mut self) -> Vec<PlannedRows> {
        let plan = self.scheduler.plan();
        assert_eq!(plan.rows.is_empty(), self.wanted.is_empty(), "somebody always moves");
        let rows: usize = plan.rows.iter().map(|rows| rows.row_count).sum();
        assert!(rows <= self.limits.step_tokens_max);
        for rows in &plan.rows {
            assert!(rows.row_count > 0);
            let pages = self.scheduler.pages(rows.id).len() * self.limits.page_tokens;
            assert!(pages >= rows.first_position + rows.row_count, "rows without pages");
        }
        for rows in &plan.rows {
            self.scheduler.advance(rows);
            if rows.reaches_end {
                let wanted = self.wanted.get_mut(&rows.id).unwrap();
                *wanted -= 1;
                if *wanted == 0 {
                    self.remove(rows.id);
                } else {
                    self.scheduler.grow(rows.id);
                }
            }
        }
        self.scheduler.check_integrity();
        plan.rows
    }
}

#[derive(Debug, Clone)]
enum Move {
    Add { prompt_tokens: usize, output_tokens: usize },
    Cancel { at: usize },
    Step,
}

fn moves() -> impl Strategy<Value = Vec<Move>> {
    let one = prop_oneof![
        2 => (1_usize..40, 1_usize..20)
            .prop_map(|(prompt_tokens, output_tokens)| Move::Add { prompt_tokens, output_tokens }),
        1 => (0_usize..64).prop_map(|at| Move::Cancel { at }),
        5 => Just(Move::Step),
    ];
    prop::collection::vec(one, 1..150)
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
    /// Goal: no order of arrivals, cancels and steps breaks an invariant or strands a sequence.
    /// Method: play random moves, then step until all are done, with a bound on the steps.
    #[test]
    fn everybody_finishes_whatever_happens(limits in limits(), moves in moves()) {
        let mut play = Play::new(limits);
        for one in moves {
            match one {
                Move::Add { prompt_tokens, output_tokens } => {
                    play.add(prompt_tokens, output_tokens);
                }
                Move::Cancel { at } => {
                    let id = play.wanted.keys().nth(at % play.wanted.len().max(1)).copied();
                    if let Some(id) = id {
                        play.remove(id);
                    }
                    play.scheduler.check_integrity();
                }
                Move::Step => {
                    play.step();
                }
            }
        }
        let mut steps = 0;
        while !play.wanted.is_empty() {
            play.step();
            steps += 1;
            prop_assert!(steps < 100_000, "no end in sight");
        }
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
    // The long prompt takes the whole step until its last four tokens.
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
    // Both hold eight tokens in two pages; the ninth needs a page that nobody has.
    let plan = play.scheduler.plan();
    assert_eq!(plan.preempted, 1);
    assert_eq!(plan.rows, vec![rows(old, 8, 1, true)]);
    assert_eq!(play.scheduler.pages(young), &[]);
    assert_eq!(play.scheduler.preempted_count(), 1);
    play.scheduler.advance(&plan.rows[0]);
    play.remove(old);
    assert_eq!(play.step(), vec![rows(young, 0, 8, false)]);
    assert_eq!(play.step(), vec![rows(young, 8, 1, true)]);
    assert!(play.scheduler.is_idle());
}

#[test]
fn sequence_that_can_never_fit_is_refused() {
    let mut scheduler = Scheduler::new(LIMITS);
    let refused = scheduler.add(SequenceId(0), 20, 25);
    assert_eq!(refused, Err(NeverFits { pages_needed: 7, page_count: 6 }));
    assert!(scheduler.is_idle());
    assert_eq!(scheduler.add(SequenceId(1), 20, 24), Ok(()));
}

fn rows(id: SequenceId, first: usize, row_count: usize, reaches_end: bool) -> PlannedRows {
    PlannedRows { id, first_position: first, row_count, reaches_end }
}
