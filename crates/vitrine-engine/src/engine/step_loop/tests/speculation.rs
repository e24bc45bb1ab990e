//! Speculation makes answers faster and never changes them.

use super::*;

const GUESSING: EngineOptions =
    EngineOptions { speculation: Speculation { draft_tokens_max: 8, sequences_max: 4 }, ..OPTIONS };

/// A repetitive text, as drafts repeat facts of their prompt.
const REPETITIVE: &str = "the gel costs 35 euros, yes: the gel costs 35 euros. the gel costs 35";

#[test]
fn right_guesses_save_steps_and_change_nothing() {
    let mut plain = hand(ToyModel::saying(REPETITIVE), OPTIONS);
    let mut guessing = hand(ToyModel::saying(REPETITIVE), GUESSING);
    let request = GenerationRequest { output_tokens_max: 64, ..stopping(&[]) };
    let expected = plain.alone(request.clone());
    let found = guessing.alone(request);
    assert_eq!((&found.text, found.reason), (&expected.text, expected.reason));
    assert_eq!(found.usage, expected.usage);
    let (slow, fast) = (plain.handle.stats(), guessing.handle.stats());
    assert!(fast.draft_tokens_accepted >= 20, "{fast:?}");
    assert_eq!(fast.steps + fast.draft_tokens_accepted, slow.steps);
}

#[test]
fn answers_with_guesses_equal_answers_without() {
    // Few likely tokens at a high temperature: some speculative tokens are accepted, some rejected.
    let few = || ToyModel::new(64).speech(Speech::FewWords(4));
    let mut plain = hand(few(), OPTIONS);
    let mut guessing = hand(few(), GUESSING);
    for seed in 0..40_u32 {
        let prompt: Vec<u32> = (0..30).map(|at| at * seed % 4).collect();
        let sampling = Sampling { seed: u64::from(seed), top_k: 2, ..WARM };
        for sampling in [Sampling::GREEDY, sampling] {
            let request = GenerationRequest { sampling, ..request(&prompt, 40) };
            let expected = plain.alone(request.clone());
            let found = guessing.alone(GenerationRequest { cache: scope("a", 0), ..request });
            assert_eq!(found.token_ids, expected.token_ids, "seed {seed}");
            assert_eq!(found.reason, expected.reason);
        }
    }
    let stats = guessing.handle.stats();
    assert!(stats.draft_tokens_accepted > 0, "{stats:?}");
    assert!(stats.draft_tokens > stats.draft_tokens_accepted, "{stats:?}");
}

#[test]
fn full_house_does_not_guess() {
    let mut hand = hand(ToyModel::new(200), GUESSING);
    let prompt: Vec<u32> = (0..20).map(|at| at % 4).collect();
    let generations: Vec<Generation> = (0..5).map(|_| hand.submit(request(&prompt, 20))).collect();
    for _ in 0..10 {
        hand.tick();
    }
    assert_eq!(hand.handle.stats().draft_tokens, 0);
    drop(generations);
}

#[test]
fn output_limit_holds_with_guesses() {
    let mut hand = hand(ToyModel::saying(REPETITIVE), GUESSING);
    for output_tokens in 1..60 {
        let limited = GenerationRequest { output_tokens_max: output_tokens, ..stopping(&[]) };
        let completion = hand.alone(limited);
        assert_eq!(completion.token_ids.len(), output_tokens);
        assert_eq!(completion.reason, FinishReason::Length);
    }
}
