//! The registry with the built-in drafter.

use super::*;
use crate::engine::CacheScope;
use crate::engine::EndOfText;
use crate::engine::EngineError;
use crate::engine::EngineOptions;
use crate::engine::GenerationRequest;
use crate::engine::PrefixCaching;
use crate::engine::Priority;
use crate::engine::Sampling;
use crate::engine::Speculation;
use crate::model::KvType;
use std::path::Path;
use std::path::PathBuf;
use std::process::Command;
use std::sync::atomic::AtomicUsize;
use std::sync::atomic::Ordering;
use vitrine_base::clock::SystemClock;
use vitrine_base::memory::Account;
use vitrine_base::memory::MemoryLedger;
use vitrine_base::memory::MemoryLimit;
use vitrine_base::units::Bytes;

const OPTIONS: EngineOptions = EngineOptions {
    page_tokens: 16,
    kv_bytes_max: Bytes(4 << 20),
    kv_type: KvType::F32,
    quantize: None,
    tier: None,
    prefix_cache: PrefixCaching::On,
    step_tokens_max: 64,
    decode_gap_percent: 0,
    sequences_max: 8,
    waiting_max: 64,
    waiting_prompt_tokens_max: 4_096,
    waiting_time_max: None,
    context_tokens_max: 256,
    output_tokens_max: 64,
    speculation: Speculation::OFF,
};

fn drafter() -> PathBuf {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../..")).join("models/drafter/drafter.gguf")
}

/// Copies the drafter's file: the same model in another file.
fn copy(folder: &Path, name: &str) -> PathBuf {
    let path = folder.join(name);
    std::fs::copy(drafter(), &path).unwrap();
    path
}

fn order(name: &str, path: &Path, role: Role) -> LoadOrder {
    LoadOrder { name: name.to_owned(), path: path.to_owned(), options: OPTIONS, role }
}

fn registry(bytes_max: u64) -> (Arc<ModelRegistry>, Arc<MemoryLedger>) {
    let memory = MemoryLedger::new(vec![MemoryLimit {
        key: "models.max_bytes",
        accounts: &Account::MODELS,
        bytes_max: Bytes(bytes_max),
    }]);
    (ModelRegistry::new(Arc::new(SystemClock), Arc::clone(&memory), 3), memory)
}

fn request() -> GenerationRequest {
    GenerationRequest {
        prompt_token_ids: vec![5; 20],
        output_tokens_max: 40,
        sampling: Sampling::GREEDY,
        stop: Vec::new(),
        deadline: None,
        end_of_text: EndOfText::Ignore,
        cache: CacheScope::Nobody,
        priority: Priority::Live,
        constraint: None,
    }
}

/// Goal: replacing a model interrupts no generation. Method: a generation runs and a user keeps the
/// old model while the name switches; both finish on it, and only then is its memory released.
#[tokio::test]
async fn a_switch_lets_users_finish_on_the_old_model_and_then_frees_it() {
    let folder = tempfile::tempdir().unwrap();
    let (registry, memory) = registry(1 << 30);
    registry.load(order("m", &drafter(), Role::Draft)).unwrap().wait().await.unwrap();
    let alone = memory.report().accounts;
    let old = registry.get("m").unwrap();
    let running = old.engine().submit(request()).unwrap();

    let new_file = copy(folder.path(), "new.gguf");
    registry.load(order("m", &new_file, Role::Beside)).unwrap().wait().await.unwrap();
    let new = registry.get("m").unwrap();
    assert_eq!((old.path(), new.path()), (drafter().as_path(), new_file.as_path()));
    let status = registry.status("m").unwrap();
    assert_eq!((status.state, status.leaving, status.is_draft), (ModelState::Ready, 1, true));
    assert_eq!(memory.report().owners.len(), 2, "both are in memory");

    let late = old.engine().submit(request()).expect("a user of the old model may still submit");
    let expected = new.engine().submit(request()).unwrap().collect().await.unwrap();
    assert_eq!(running.collect().await.unwrap().token_ids, expected.token_ids);
    assert_eq!(late.collect().await.unwrap().token_ids, expected.token_ids);
    let closed = old.engine().closed();
    drop(old);
    closed.await;
    while registry.status("m").unwrap().leaving > 0 {
        tokio::task::yield_now().await;
    }
    assert_eq!(memory.report().accounts, alone);
}

#[tokio::test]
async fn a_refused_file_leaves_the_serving_model_unchanged_and_records_why() {
    let folder = tempfile::tempdir().unwrap();
    let broken = copy(folder.path(), "broken.gguf");
    let bytes = std::fs::read(&broken).unwrap();
    std::fs::write(&broken, &bytes[..bytes.len() / 2]).unwrap();
    let (registry, memory) = registry(1 << 30);
    registry.load(order("m", &drafter(), Role::Draft)).unwrap().wait().await.unwrap();
    let before = (memory.report(), registry.get("m").unwrap());
    for name in ["m", "other"] {
        let load = registry.load(order(name, &broken, Role::Beside)).unwrap();
        let refused = vitrine_base::causes::chain(&load.wait().await.unwrap_err());
        assert!(refused.contains("the file has"), "{refused}");
    }
    let status = registry.status("m").unwrap();
    assert_eq!(status.state, ModelState::Ready);
    assert!(status.reason.unwrap().contains("the file has"));
    assert_eq!(registry.get("m").unwrap().path(), before.1.path());
    assert_eq!(memory.report(), before.0);
    assert_eq!(registry.status("other").unwrap().state, ModelState::Failed);
    assert!(matches!(registry.get("other"), Err(RegistryError::Failed { .. })));
    assert!(registry.unload("other").unwrap().wait().await.is_none());
    assert!(registry.status("other").is_none(), "unloading forgets a failure");
}

/// Method: a named pipe in place of the model file blocks the load until the test releases it.
#[tokio::test]
async fn one_load_of_a_name_runs_at_a_time_and_the_same_order_joins_it() {
    let folder = tempfile::tempdir().unwrap();
    let pipe = folder.path().join("pipe.gguf");
    assert!(Command::new("mkfifo").arg(&pipe).status().unwrap().success());
    let (registry, _) = registry(1 << 30);
    let first = registry.load(order("m", &pipe, Role::Beside)).unwrap();
    let joined = registry.load(order("m", &pipe, Role::Beside)).unwrap();
    let other = registry.load(order("m", &drafter(), Role::Beside)).unwrap_err();
    assert!(matches!(other, RegistryError::Busy { .. }));
    assert!(matches!(registry.get("m"), Err(RegistryError::Loading { .. })));
    assert!(matches!(registry.unload("m"), Err(RegistryError::Busy { .. })));
    assert_eq!(registry.status("m").unwrap().state, ModelState::Loading);
    // A dropped waiter changes nothing for the others.
    drop(first);
    // The loader blocks until the pipe has a writer, then refuses the pipe as a model.
    drop(std::fs::File::options().write(true).open(&pipe).unwrap());
    assert!(matches!(joined.wait().await, Err(RegistryError::Load { .. })));
    registry.load(order("m", &drafter(), Role::Beside)).unwrap().wait().await.unwrap();
    let again = registry.get("m").unwrap();
    registry.load(order("m", &drafter(), Role::Beside)).unwrap().wait().await.unwrap();
    let status = registry.status("m").unwrap();
    assert_eq!(
        (status.leaving, again.engine().check_alive().is_ok()),
        (0, true),
        "not loaded again"
    );
}

#[tokio::test]
async fn model_that_does_not_fit_is_refused_before_it_is_loaded() {
    let (registry, memory) = registry(40 << 20);
    registry.load(order("m", &drafter(), Role::Draft)).unwrap().wait().await.unwrap();
    let greedy = LoadOrder {
        options: EngineOptions { kv_bytes_max: Bytes(64 << 20), ..OPTIONS },
        ..order("big", &drafter(), Role::Beside)
    };
    let refused = registry.load(greedy).unwrap().wait().await.unwrap_err();
    let RegistryError::Load { cause: LoadFailure::Refused(cause), .. } = &refused else {
        panic!("{refused}");
    };
    assert!(matches!(**cause, EngineError::Memory(_)));
    let said = cause.to_string();
    for part in ["big needs", "kv_pages 64.0 MiB", "models.max_bytes allows 40.0 MiB", "in use: m "]
    {
        assert!(said.contains(part), "{said}");
    }
    assert_eq!(memory.report().owners.len(), 1);
}

#[tokio::test]
async fn models_are_bounded_and_the_drafter_stays() {
    let folder = tempfile::tempdir().unwrap();
    let (registry, memory) = registry(1 << 30);
    registry.load(order("a", &drafter(), Role::Draft)).unwrap().wait().await.unwrap();
    let heard = Arc::new(AtomicUsize::new(0));
    let counter = Arc::clone(&heard);
    registry.follow_draft(move |_| {
        counter.fetch_add(1, Ordering::Relaxed);
        Ok(())
    });
    for name in ["b", "c"] {
        registry.load(order(name, &drafter(), Role::Beside)).unwrap().wait().await.unwrap();
    }
    let refused = registry.load(order("d", &drafter(), Role::Beside)).unwrap_err();
    assert!(matches!(refused, RegistryError::TooMany { instances: 3 }));
    assert!(matches!(registry.unload("a"), Err(RegistryError::InUse { .. })));
    assert_eq!(heard.load(Ordering::Relaxed), 0, "b and c are not drafters");
    registry.load(order("b", &drafter(), Role::Draft)).unwrap().wait().await.unwrap();
    assert_eq!(heard.load(Ordering::Relaxed), 1, "b becomes the drafter without a second load");
    assert_eq!(registry.list()[0].name, "b");
    let freed = registry.unload("a").unwrap().wait().await.expect("a was loaded");
    assert!(freed.resident_after.is_some() || !cfg!(target_os = "linux"));
    assert!(registry.unload("a").unwrap().wait().await.is_none(), "unloading twice is no error");
    assert!(matches!(registry.unload("never"), Err(RegistryError::Unknown { .. })));
    assert_eq!(memory.report().owners.len(), 2);
    let missing = order("e", &folder.path().join("nothing.gguf"), Role::Beside);
    assert!(matches!(registry.load(missing), Err(RegistryError::File { .. })));
}

#[tokio::test]
async fn a_model_that_its_check_refuses_changes_nothing() {
    let (registry, _) = registry(1 << 30);
    let folder = tempfile::tempdir().unwrap();
    let new_file = copy(folder.path(), "new.gguf");
    registry.load(order("m", &drafter(), Role::Draft)).unwrap().wait().await.unwrap();
    let since = |registry: &ModelRegistry| registry.status("m").unwrap().serving.unwrap().since;
    let before = since(&registry);
    let refusing = || -> ModelCheck { Box::new(|_| Err("1 of 2 turns".to_owned())) };
    let load = registry.load_if(order("m", &new_file, Role::Draft), refusing()).unwrap();
    let refused = load.wait().await.unwrap_err();
    let RegistryError::Load { cause: LoadFailure::Unfit { reason }, .. } = refused else {
        panic!("{refused}");
    };
    assert_eq!(reason, "1 of 2 turns");
    assert_eq!(since(&registry), before);

    registry.load(order("b", &new_file, Role::Beside)).unwrap().wait().await.unwrap();
    let promotion = registry.load_if(order("b", &new_file, Role::Draft), refusing()).unwrap();
    assert!(promotion.wait().await.is_err(), "also a model that serves is checked first");
    assert!(registry.status("m").unwrap().is_draft);
    let passing: ModelCheck = Box::new(|_| Ok(()));
    let promotion = registry.load_if(order("b", &new_file, Role::Draft), passing).unwrap();
    promotion.wait().await.unwrap();
    assert!(registry.status("b").unwrap().is_draft);
}
