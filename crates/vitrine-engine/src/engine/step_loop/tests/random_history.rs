//! Concurrent submitters and random histories: no generation hangs, nothing leaks, no output
//! changes.

use super::*;
use proptest::prelude::*;

/// Goal: submitters on many threads, some of which drop generations, neither block the engine nor
/// leak.
#[test]
fn many_threads_share_one_engine() {
    let engine = threaded(ToyModel::new(48));
    std::thread::scope(|scope| {
        for thread in 0..8_u32 {
            let engine = engine.clone();
            scope.spawn(move || {
                for round in 0..40 {
                    let generation =
                        engine.submit(request(&prompt_of(thread + round), 12)).unwrap();
                    if round % 4 == 3 {
                        drop(generation);
                    } else {
                        assert_eq!(generation.collect_blocking().unwrap().token_ids.len(), 12);
                    }
                }
            });
        }
    });
    // Earlier cancellations are handled before this request's first step.
    engine.submit(request(&[1], 1)).unwrap().collect_blocking().unwrap();
    let stats = engine.stats();
    assert_eq!((stats.running, stats.pages_used, stats.waiting), (0, 0, 0));
    assert_eq!(stats.finished, 8 * 40 + 1);
}

#[derive(Debug, Clone)]
enum LoopAction {
    Submit(RequestSpec),
    Erase { tenant: &'static str },
    Drop { at: usize },
    Cancel { at: usize },
    Advance { seconds: u64 },
    Tick,
}

#[derive(Debug, Clone)]
struct RequestSpec {
    seed: u32,
    /// Leading prompt tokens that are the same for all requests.
    shared_tokens: u32,
    output_tokens: usize,
    deadline_seconds: Option<u64>,
    tenant: Option<&'static str>,
    priority: Priority,
}

fn tenant() -> impl Strategy<Value = &'static str> {
    prop_oneof![Just("a"), Just("b")]
}

fn specs() -> impl Strategy<Value = RequestSpec> {
    let priority = prop_oneof![3 => Just(Priority::Live), 1 => Just(Priority::Outreach)];
    let shared = prop_oneof![Just(0_u32), Just(5), Just(9)];
    let deadline = prop::option::of(0_u64..20);
    (0_u32..50, shared, 1_usize..25, deadline, prop::option::of(tenant()), priority).prop_map(
        |(seed, shared_tokens, output_tokens, deadline_seconds, tenant, priority)| RequestSpec {
            seed,
            shared_tokens,
            output_tokens,
            deadline_seconds,
            tenant,
            priority,
        },
    )
}

impl RequestSpec {
    fn request(self, now: Instant) -> GenerationRequest {
        // Few distinct tokens, so that some speculative tokens are proposed and some accepted.
        let shared = (0..self.shared_tokens).map(|at| at % 3);
        let prompt: Vec<u32> = shared.chain(prompt_of(self.seed)).collect();
        let greedy = self.seed.is_multiple_of(2);
        let warm = Sampling { seed: u64::from(self.seed), top_k: 3, ..WARM };
        GenerationRequest {
            sampling: if greedy { Sampling::GREEDY } else { warm },
            deadline: self.deadline_seconds.map(|seconds| now + Duration::from_secs(seconds)),
            cache: self.tenant.map_or(CacheScope::Nobody, |tenant| scope(tenant, 9)),
            priority: self.priority,
            ..request(&prompt, self.output_tokens)
        }
    }
}

fn actions() -> impl Strategy<Value = Vec<LoopAction>> {
    let one = prop_oneof![
        4 => specs().prop_map(LoopAction::Submit),
        1 => tenant().prop_map(|tenant| LoopAction::Erase { tenant }),
        1 => (0_usize..64).prop_map(|at| LoopAction::Drop { at }),
        1 => (0_usize..64).prop_map(|at| LoopAction::Cancel { at }),
        1 => (0_u64..5).prop_map(|seconds| LoopAction::Advance { seconds }),
        8 => Just(LoopAction::Tick),
    ];
    prop::collection::vec(one, 1..80)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// Goal: whatever happens, each generation ends exactly once, its tokens are those it would get
    /// alone, and no page is lost. Method: random actions (arrivals of both classes, shared
    /// beginnings, two tenants, cancellations, deadlines, erasures, a failing step, speculation) on
    /// a pool that is too small, with an integrity check after every tick. The reference runs each
    /// request alone, without cache and speculation.
    #[test]
    fn random_history_keeps_every_promise(
        actions in actions(),
        sequences_max in 1_usize..6,
        draft_tokens_max in 0_usize..6,
        failing_step in prop::option::of(1_u64..60),
    ) {
        let options = EngineOptions {
            sequences_max,
            step_tokens_max: 9,
            waiting_max: 6,
            decode_gap_percent: 180,
            speculation: Speculation { draft_tokens_max, sequences_max: 3 },
            ..OPTIONS
        };
        let few = LogitRule::FewTokens(4);
        let toy = ToyModel::new(14).logit_rule(few.clone());
        let model = toy.before_step(move |step| match failing_step {
            Some(failing) if failing == step => {
                Err(ModelError::Token { token: 5, vocabulary_size: 4 })
            }
            _ => Ok(()),
        });
        let mut manual = manual(model, options);
        let mut reference = self::manual(ToyModel::new(64).logit_rule(few), OPTIONS);
        let mut open: Vec<(GenerationRequest, Generation)> = Vec::new();
        for one in actions {
            match one {
                LoopAction::Submit(spec) => {
                    let request = spec.request(manual.clock.instant());
                    match manual.handle.submit(request.clone()) {
                        Ok(generation) => open.push((request, generation)),
                        Err(
                            EngineError::Full { waiting: 6, .. }
                            | EngineError::Overloaded { .. }
                            | EngineError::DeadlineUnreachable { .. },
                        ) => {}
                        Err(error) => panic!("refused: {error}"),
                    }
                }
                LoopAction::Erase { tenant } => {
                    let tenant = TenantId::new(tenant).unwrap();
                    manual.step_loop.shared.erasures.ask(CacheOwner::of(&tenant));
                }
                LoopAction::Drop { at } if !open.is_empty() => {
                    drop(open.swap_remove(at % open.len()));
                }
                LoopAction::Cancel { at } if !open.is_empty() => open[at % open.len()].1.cancel(),
                LoopAction::Advance { seconds } => {
                    manual.clock.advance(Duration::from_secs(seconds));
                }
                LoopAction::Drop { .. } | LoopAction::Cancel { .. } | LoopAction::Tick => {
                    manual.tick();
                }
            }
        }
        manual.run_dry();
        for (request, generation) in open {
            let found = match generation.collect_blocking() {
                Ok(found) => found,
                Err(EngineError::Step { step, .. }) => {
                    prop_assert_eq!(Some(step), failing_step);
                    continue;
                }
                Err(error) => panic!("failed: {error}"),
            };
            let plain = CacheScope::Nobody;
            let expected =
                reference.alone(GenerationRequest { deadline: None, cache: plain, ..request });
            let count = found.token_ids.len();
            prop_assert_eq!(&found.token_ids[..], &expected.token_ids[..count]);
            let whole = count == expected.token_ids.len();
            prop_assert!(whole || found.reason != FinishReason::Length);
        }
        let stats = manual.handle.stats();
        prop_assert_eq!((stats.running, stats.waiting, stats.pages_used), (0, 0, 0));
        prop_assert_eq!(stats.waiting_prompt_tokens, 0);
    }
}
