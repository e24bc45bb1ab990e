//! Speculation makes answers faster and never changes them.

use super::*;

const SPECULATING: EngineOptions =
    EngineOptions { speculation: Speculation { draft_tokens_max: 8, sequences_max: 4 }, ..OPTIONS };

/// A repetitive text, as drafts repeat facts of their prompt.
const REPETITIVE: &str = "the gel costs 35 euros, yes: the gel costs 35 euros. the gel costs 35";

#[test]
fn accepted_tokens_save_steps_and_change_nothing() {
    let mut plain = manual(ToyModel::scripted(REPETITIVE), OPTIONS);
    let mut speculating = manual(ToyModel::scripted(REPETITIVE), SPECULATING);
    let request = GenerationRequest { output_tokens_max: 64, ..stopping(&[]) };
    let expected = plain.alone(request.clone());
    let found = speculating.alone(request);
    assert_eq!((&found.text, found.reason), (&expected.text, expected.reason));
    assert_eq!(found.usage, expected.usage);
    let (slow, fast) = (plain.handle.stats(), speculating.handle.stats());
    assert!(fast.speculative_tokens_accepted >= 20, "{fast:?}");
    assert_eq!(fast.steps + fast.speculative_tokens_accepted, slow.steps);
}

#[test]
fn answers_with_speculation_equal_answers_without() {
    // Few likely tokens at a high temperature: some speculative tokens are accepted, some rejected.
    let few = || ToyModel::new(64).logit_rule(LogitRule::FewTokens(4));
    let mut plain = manual(few(), OPTIONS);
    let mut speculating = manual(few(), SPECULATING);
    for seed in 0..40_u32 {
        let prompt: Vec<u32> = (0..30).map(|at| at * seed % 4).collect();
        let sampling = Sampling { seed: u64::from(seed), top_k: 2, ..WARM };
        for sampling in [Sampling::GREEDY, sampling] {
            let request = GenerationRequest { sampling, ..request(&prompt, 40) };
            let expected = plain.alone(request.clone());
            let found = speculating.alone(GenerationRequest { cache: scope("a", 0), ..request });
            assert_eq!(found.token_ids, expected.token_ids, "seed {seed}");
            assert_eq!(found.reason, expected.reason);
        }
    }
    let stats = speculating.handle.stats();
    assert!(stats.speculative_tokens_accepted > 0, "{stats:?}");
    assert!(stats.speculative_tokens > stats.speculative_tokens_accepted, "{stats:?}");
}

#[test]
fn busy_engine_does_not_speculate() {
    let mut manual = manual(ToyModel::new(200), SPECULATING);
    let prompt: Vec<u32> = (0..20).map(|at| at % 4).collect();
    let generations: Vec<Generation> =
        (0..5).map(|_| manual.submit(request(&prompt, 20))).collect();
    for _ in 0..10 {
        manual.tick();
    }
    assert_eq!(manual.handle.stats().speculative_tokens, 0);
    drop(generations);
}

#[test]
fn output_limit_holds_with_speculation() {
    let mut manual = manual(ToyModel::scripted(REPETITIVE), SPECULATING);
    for output_tokens in 1..60 {
        let limited = GenerationRequest { output_tokens_max: output_tokens, ..stopping(&[]) };
        let completion = manual.alone(limited);
        assert_eq!(completion.token_ids.len(), output_tokens);
        assert_eq!(completion.reason, FinishReason::Length);
    }
}
