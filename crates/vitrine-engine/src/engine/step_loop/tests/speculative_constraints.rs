//! Goal: the output of a constrained generation does not depend on speculation. Method: seeded
//! random grammars, prompts of the letters that they allow, lengths and batches. The reference is
//! the same request alone on an engine without speculation.

use super::constrained::constraint;
use super::*;
use crate::engine::Constraint;
use crate::engine::Grammar;
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::RngCore;
use rand_chacha::rand_core::SeedableRng;
use serde_json::json;

const CASES: u64 = 200;

/// Grammars of few letters, so that prompt lookup often finds a match. Some leave no choice for a
/// while, some end by themselves, some run until the output limit.
fn constraints() -> Vec<Constraint> {
    let words = json!({"type": "array", "maxItems": 6, "items": {"enum": ["ab", "ba", "aab"]}});
    [
        Grammar::Regex("[ab]*".to_owned()),
        Grammar::Regex("(ab|ba){1,20}".to_owned()),
        Grammar::Regex("([a-c]{2}-){2,12}".to_owned()),
        Grammar::Regex("(aaaab|aaaac){3,9}".to_owned()),
        Grammar::JsonSchema(words),
    ]
    .map(constraint)
    .into()
}

#[test]
fn speculation_changes_no_constrained_answer() {
    let speculation = Speculation { draft_tokens_max: 8, sequences_max: 4 };
    let constraints = constraints();
    let (mut accepted, mut refused) = (0, 0);
    for seed in 0..CASES {
        let mut random = ChaCha8Rng::seed_from_u64(seed);
        let mut below = |limit: usize| random.next_u32() as usize % limit;
        // The small pool preempts, the large one does not.
        let page_count = [24, 200][below(2)];
        let draft_tokens_max = 1 + below(8);
        let speculation = Speculation { draft_tokens_max, ..speculation };
        let options = EngineOptions { speculation, step_tokens_max: 48 - below(12), ..OPTIONS };
        let mut speculating = manual(ToyModel::new(page_count), options);
        let mut plain = manual(ToyModel::new(200), OPTIONS);
        let requests: Vec<GenerationRequest> = (0..1 + below(4))
            .map(|_| {
                let letters = &b"ab-c"[..2 + below(3)];
                let prompt: Vec<u32> =
                    (0..2 + below(30)).map(|_| u32::from(letters[below(letters.len())])).collect();
                let kind = below(constraints.len() + 1);
                let constraint = constraints.get(kind).cloned();
                let cache = scope("a", 0);
                GenerationRequest { constraint, cache, ..request(&prompt, 1 + below(50)) }
            })
            .collect();
        let together: Vec<Generation> =
            requests.iter().map(|request| speculating.submit(request.clone())).collect();
        speculating.run_dry();
        for (request, generation) in requests.into_iter().zip(together) {
            let expected = plain.alone(request);
            let found = generation.collect_blocking().unwrap();
            assert_eq!(found.token_ids, expected.token_ids, "seed {seed}");
            assert_eq!((found.text, found.reason), (expected.text, expected.reason));
        }
        let stats = speculating.handle.stats();
        accepted += stats.speculative_tokens_accepted;
        refused += stats.speculative_tokens - stats.speculative_tokens_accepted;
        assert_eq!((stats.pages_used, plain.handle.stats().speculative_tokens), (0, 0));
    }
    assert!(accepted > 200 && refused > 200, "{accepted} accepted, {refused} rejected");
}
