//! The prefix cache: computed pages are reused within their scope.

use super::*;
use std::pin::pin;
use std::task::Context;
use std::task::Waker;

fn of(tenant: &str, prompt: &[u32], output_tokens: usize) -> GenerationRequest {
    GenerationRequest { cache: scope(tenant, 0), ..request(prompt, output_tokens) }
}

fn long_prompt(token_count: u32) -> Vec<u32> {
    (0..token_count).map(|at| at * 37 % 251).collect()
}

#[test]
fn next_turn_computes_only_what_is_new() {
    let mut manual = manual(ToyModel::new(64), OPTIONS);
    let prompt = long_prompt(21);
    let first = manual.alone(of("a", &prompt, 8));
    assert_eq!((first.usage.prompt_tokens, first.usage.cached_tokens), (21, 0));
    let mut next = prompt;
    next.extend(&first.token_ids);
    next.extend([7, 8, 9]);
    let second = manual.alone(of("a", &next, 8));
    // 28 of the 29 earlier tokens are computed: the last one generated was never a row.
    assert_eq!((second.usage.prompt_tokens, second.usage.cached_tokens), (32, 28));
    let mut fresh = self::manual(ToyModel::new(64), OPTIONS);
    assert_eq!(fresh.alone(request(&next, 8)).token_ids, second.token_ids);
    let stats = manual.handle.stats();
    assert_eq!((stats.prompt_tokens, stats.prefix_queries, stats.prefix_hits), (25, 53, 28));
    assert_eq!(stats.pages_used, 0);
}

#[test]
fn wholly_computed_prompt_still_computes_its_last_token() {
    let mut manual = manual(ToyModel::new(64), OPTIONS);
    let prompt = long_prompt(20);
    let first = manual.alone(of("a", &prompt, 6));
    let second = manual.alone(of("a", &prompt, 6));
    assert_eq!(second.usage.cached_tokens, 16);
    assert_eq!(first.token_ids, second.token_ids);
}

#[test]
fn nothing_is_found_with_the_cache_switched_off() {
    let options = EngineOptions { prefix_cache: PrefixCaching::Off, ..OPTIONS };
    let mut manual = manual(ToyModel::new(64), options);
    for _ in 0..2 {
        assert_eq!(manual.alone(of("a", &long_prompt(20), 6)).usage.cached_tokens, 0);
    }
    assert_eq!(manual.handle.stats().pages_cached, 0);
}

#[test]
fn tenants_share_the_shared_prefix_and_nothing_below() {
    let mut manual = manual(ToyModel::new(64), OPTIONS);
    let with = |tenant, shared_tokens| GenerationRequest {
        cache: scope(tenant, shared_tokens),
        ..request(&long_prompt(30), 4)
    };
    assert_eq!(manual.alone(with("a", 14)).usage.cached_tokens, 0);
    // 14 shared tokens fill three pages; half of the fourth page is the tenant's own.
    assert_eq!(manual.alone(with("b", 14)).usage.cached_tokens, 12);
    assert_eq!(manual.alone(with("b", 14)).usage.cached_tokens, 28);
    assert_eq!(manual.alone(with("c", 0)).usage.cached_tokens, 0);
    let nobodys = request(&long_prompt(30), 4);
    assert_eq!(manual.alone(nobodys).usage.cached_tokens, 0);
}

#[test]
fn same_prompts_that_arrive_together_are_computed_once() {
    let mut manual = manual(ToyModel::new(200), OPTIONS);
    let prompt = long_prompt(41);
    let generations: Vec<Generation> = (0..8).map(|_| manual.submit(of("a", &prompt, 5))).collect();
    let other = manual.submit(of("a", &long_prompt(3), 5));
    manual.tick();
    assert_eq!(manual.handle.stats().running, 2, "seven wait for the first sequence's pages");
    manual.run_dry();
    let answers: Vec<Completion> =
        generations.into_iter().map(|one| one.collect_blocking().unwrap()).collect();
    assert_eq!(answers[0].usage.cached_tokens, 0);
    for answer in &answers[1..] {
        assert_eq!(answer.usage.cached_tokens, 40);
        assert_eq!(answer.token_ids, answers[0].token_ids);
    }
    assert_eq!(manual.handle.stats().prompt_tokens, 41 + 7 + 3);
    drop(other);
}

#[test]
fn followers_go_on_alone_when_their_leader_leaves() {
    let options = EngineOptions { step_tokens_max: 32, ..OPTIONS };
    let mut manual = manual(ToyModel::new(200), options);
    let prompt = long_prompt(80);
    let leader = manual.submit(of("a", &prompt, 5));
    let follower = manual.submit(of("a", &prompt, 5));
    manual.tick();
    assert_eq!(manual.handle.stats().running, 1);
    drop(leader);
    manual.run_dry();
    // The pages that the leader computed before it left are found.
    assert_eq!(follower.collect_blocking().unwrap().usage.cached_tokens, 32);
}

#[test]
fn erasure_forgets_a_tenants_pages_and_those_of_its_present_sequences() {
    let mut manual = manual(ToyModel::new(64), OPTIONS);
    let prompt = long_prompt(20);
    for tenant in ["a", "b"] {
        manual.alone(of(tenant, &prompt, 2));
    }
    let running = manual.submit(of("a", &prompt, 20));
    manual.tick();
    let engine = manual.handle.clone();
    let owner = CacheOwner::of(&TenantId::new("a").unwrap());
    let mut erasure = pin!(engine.forget_cached(owner));
    let mut context = Context::from_waker(Waker::noop());
    assert!(erasure.as_mut().poll(&mut context).is_pending());
    manual.tick();
    assert!(erasure.as_mut().poll(&mut context).is_ready());
    manual.run_dry();
    assert_eq!(running.collect_blocking().unwrap().usage.cached_tokens, 16);
    for (tenant, cached_tokens) in [("a", 0), ("b", 16)] {
        let usage = manual.alone(of(tenant, &prompt, 2)).usage;
        assert_eq!(usage.cached_tokens, cached_tokens, "tenant {tenant}");
    }
}

#[tokio::test]
async fn erasure_of_a_stopped_engine_is_done() {
    let engine = threaded(ToyModel::new(64));
    engine.shutdown(Shutdown::Drain);
    engine.closed().await;
    engine.forget_cached(CacheOwner::of(&TenantId::new("a").unwrap())).await;
}

#[test]
fn used_up_pool_forgets_the_oldest_leaves_first() {
    let mut manual = manual(ToyModel::new(16), OPTIONS);
    let old = long_prompt(24);
    let other: Vec<u32> = old.iter().map(|token| token + 1).collect();
    manual.alone(of("a", &old, 1));
    manual.alone(of("a", &other, 1));
    // Each prompt has six cached pages. Eight new pages take the four free ones and four leaves of
    // the older prompt.
    let third: Vec<u32> = (0..32).map(|at| at * 5 % 256).collect();
    manual.alone(of("a", &third, 1));
    assert_eq!(manual.alone(of("a", &other, 1)).usage.cached_tokens, 20);
    // Two pages of the older prompt were left; the other prompt's last page took one of them.
    assert_eq!(manual.alone(of("a", &old, 1)).usage.cached_tokens, 4);
}
