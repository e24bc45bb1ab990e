//! Many submitters and random histories: nobody hangs, nothing leaks, no answer changes.

use super::*;
use proptest::prelude::*;

/// Goal: submitters on many threads, some of whom leave, neither block the engine nor leak.
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
    // The last cancels are noticed before this one's first step.
    engine.submit(request(&[1], 1)).unwrap().collect_blocking().unwrap();
    let stats = engine.stats();
    assert_eq!((stats.running, stats.pages_used, stats.waiting), (0, 0, 0));
    assert_eq!(stats.finished, 8 * 40 + 1);
}

#[derive(Debug, Clone)]
enum Move {
    Submit { seed: u32, output_tokens: usize, deadline_seconds: Option<u64> },
    Drop { at: usize },
    Cancel { at: usize },
    Advance { seconds: u64 },
    Tick,
}

fn moves() -> impl Strategy<Value = Vec<Move>> {
    let submit = (0_u32..50, 1_usize..25, prop::option::of(0_u64..20)).prop_map(
        |(seed, output_tokens, deadline_seconds)| Move::Submit {
            seed,
            output_tokens,
            deadline_seconds,
        },
    );
    let one = prop_oneof![
        4 => submit,
        1 => (0_usize..64).prop_map(|at| Move::Drop { at }),
        1 => (0_usize..64).prop_map(|at| Move::Cancel { at }),
        1 => (0_u64..5).prop_map(|seconds| Move::Advance { seconds }),
        8 => Just(Move::Tick),
    ];
    prop::collection::vec(one, 1..80)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// Goal: whatever comes, each generation gets one end, its tokens are those it would get alone
    /// and no page is lost.
    /// Method: random moves on a pool that is too small, integrity checked after every tick.
    #[test]
    fn random_life_keeps_every_promise(moves in moves(), sequences_max in 1_usize..6) {
        let options =
            EngineOptions { sequences_max, step_tokens_max: 9, waiting_max: 6, ..OPTIONS };
        let mut hand = hand(ToyModel::new(14), options);
        let mut reference = self::hand(ToyModel::new(64), OPTIONS);
        let mut open: Vec<(GenerationRequest, Generation)> = Vec::new();
        for one in moves {
            match one {
                Move::Submit { seed, output_tokens, deadline_seconds } => {
                    let deadline = deadline_seconds
                        .map(|seconds| hand.clock.instant() + Duration::from_secs(seconds));
                    let sampling = Sampling { seed: u64::from(seed), ..WARM };
                    let plain = request(&prompt_of(seed), output_tokens);
                    let request = GenerationRequest { sampling, deadline, ..plain };
                    match hand.handle.submit(request.clone()) {
                        Ok(generation) => open.push((request, generation)),
                        Err(EngineError::Full { waiting: 6, .. }) => {}
                        Err(error) => panic!("refused: {error}"),
                    }
                }
                Move::Drop { at } if !open.is_empty() => {
                    drop(open.swap_remove(at % open.len()));
                }
                Move::Cancel { at } if !open.is_empty() => open[at % open.len()].1.cancel(),
                Move::Advance { seconds } => hand.clock.advance(Duration::from_secs(seconds)),
                Move::Drop { .. } | Move::Cancel { .. } | Move::Tick => {
                    hand.tick();
                }
            }
        }
        hand.run_dry();
        for (request, generation) in open {
            let found = generation.collect_blocking().unwrap();
            let expected = reference.alone(GenerationRequest { deadline: None, ..request });
            let count = found.token_ids.len();
            prop_assert_eq!(&found.token_ids[..], &expected.token_ids[..count]);
            let whole = count == expected.token_ids.len();
            prop_assert!(whole || found.reason != FinishReason::Length);
        }
        let stats = hand.handle.stats();
        prop_assert_eq!((stats.running, stats.waiting, stats.pages_used), (0, 0, 0));
        prop_assert_eq!(stats.waiting_prompt_tokens, 0);
    }
}
