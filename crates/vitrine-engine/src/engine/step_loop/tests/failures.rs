//! Failing models: which generations end, and which go on.

use super::*;

#[test]
fn panicking_model_stops_the_engine_without_a_hang() {
    let model = ToyModel::new(64).before_step(|step| {
        assert!(step < 3, "the toy breaks at step {step}");
        Ok(())
    });
    let engine = threaded(model);
    let first = engine.submit(request(&[1], 30)).unwrap();
    let error = first.collect_blocking().unwrap_err();
    match &error {
        EngineError::Dead { step: 3, cause } => {
            assert!(cause.to_string().contains("the toy breaks at step 3"), "{cause}");
        }
        other => panic!("expected a fatal error, found {other:?}"),
    }
    assert!(matches!(engine.submit(request(&[1], 3)), Err(EngineError::Dead { step: 3, .. })));
    assert!(matches!(engine.check_alive(), Err(EngineError::Dead { .. })));
}

#[test]
fn failed_step_ends_its_own_sequences_and_the_engine_goes_on() {
    let model = ToyModel::new(64).before_step(|step| match step {
        2 => Err(ModelError::Token { token: 5, vocabulary_size: 4 }),
        _ => Ok(()),
    });
    let options = EngineOptions { sequences_max: 2, ..OPTIONS };
    let mut manual = manual(model, options);
    let failing = [manual.submit(request(&[1], 30)), manual.submit(request(&[2], 30))];
    let waiting = manual.submit(request(&[3], 30));
    manual.run_dry();
    for generation in failing {
        let error = generation.collect_blocking().unwrap_err();
        assert!(matches!(error, EngineError::Step { step: 2, .. }), "{error}");
    }
    assert_eq!(waiting.collect_blocking().unwrap().token_ids.len(), 30);
    assert!(manual.handle.check_alive().is_ok());
    assert_eq!(manual.handle.stats().pages_used, 0);
}

#[test]
fn failed_step_empties_the_prefix_cache() {
    let model = ToyModel::new(64).before_step(|step| match step {
        2 => Err(ModelError::Token { token: 5, vocabulary_size: 4 }),
        _ => Ok(()),
    });
    let mut manual = manual(model, OPTIONS);
    let prompt = request(&[9; 20], 1);
    let mine = GenerationRequest { cache: scope("a", 0), ..prompt };
    assert_eq!(manual.alone(mine.clone()).usage.cached_tokens, 0);
    let failed = manual.submit(mine.clone());
    manual.run_dry();
    assert!(failed.collect_blocking().is_err());
    assert_eq!(manual.alone(mine.clone()).usage.cached_tokens, 0);
    assert_eq!(manual.alone(mine).usage.cached_tokens, 16);
}

#[test]
fn third_failed_step_in_a_row_stops_the_engine_with_the_cause() {
    // The first step waits until all requests are submitted.
    let (go, wait) = sync_channel::<()>(1);
    let model = ToyModel::new(64).before_step(move |step| {
        if step == 1 {
            wait.recv().unwrap();
            return Ok(());
        }
        Err(ModelError::Token { token: 5, vocabulary_size: 4 })
    });
    let options = EngineOptions { sequences_max: 1, ..OPTIONS };
    let engine = EngineHandle::start(parts(model).0, options).unwrap();
    let generations: Vec<Generation> =
        (0..5).map(|at| engine.submit(request(&[at], 30)).unwrap()).collect();
    go.send(()).unwrap();
    let errors: Vec<EngineError> =
        generations.into_iter().map(|one| one.collect_blocking().unwrap_err()).collect();
    assert!(matches!(errors[0], EngineError::Step { step: 2, .. }), "{}", errors[0]);
    assert!(matches!(errors[1], EngineError::Step { step: 3, .. }), "{}", errors[1]);
    for error in &errors[2..] {
        assert!(matches!(error, EngineError::Dead { step: 4, .. }), "{error}");
    }
    assert!(engine.check_alive().is_err());
}

#[test]
fn wrong_number_of_logits_is_our_bug_and_ends_the_engine() {
    struct Mute(ToyModel);
    impl Forward for Mute {
        fn limits(&self) -> crate::model::ForwardLimits {
            self.0.limits()
        }
        fn forward(&mut self, _: &StepInput) -> Result<Logits, ModelError> {
            Ok(Logits::default())
        }
    }
    let (mut parts, _clock) = parts(ToyModel::new(8));
    parts.model = Box::new(Mute(ToyModel::new(8)));
    let engine = EngineHandle::start(parts, OPTIONS).unwrap();
    let generation = engine.submit(request(&[1], 3)).unwrap();
    assert!(matches!(generation.collect_blocking(), Err(EngineError::Dead { .. })));
}
