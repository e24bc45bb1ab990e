//! Pulls from a Hub that breaks off, sends wrong data, refuses and redirects.
//!
//! Method: the stub follows a script, one action per request. After a failed pull, nothing may be
//! visible under the model's name.

use super::stub::COMMIT;
use super::stub::Stub;
use super::stub::StubAction;
use super::stub::WEIGHTS;
use super::stub::right_sha256;
use super::*;
use std::sync::Arc;
use std::time::Duration;
use vitrine_base::units::Bytes;

const RANGE_FROM_15: Option<&str> = Some("bytes=15-");

fn options(endpoint: &str) -> PullOptions {
    PullOptions {
        endpoint: endpoint.to_owned(),
        token: Some("secret".to_owned()),
        cache: None,
        network: Network::Allowed,
        file_bytes_max: Bytes(1 << 20),
        model_bytes_max: Bytes(1 << 20),
        stall: Duration::from_secs(20),
        tries_max: 3,
        retry_wait: Duration::ZERO,
        retry_wait_max: Duration::ZERO,
    }
}

fn request(source: &str) -> PullRequest {
    let source = PullSource::parse(source).unwrap();
    let name = source.model_name().to_owned();
    PullRequest { source, revision: "main".to_owned(), name }
}

/// A models folder and a running stub.
struct PullTest {
    models: tempfile::TempDir,
    stub: Arc<Stub>,
    endpoint: String,
    waits: Vec<String>,
}

impl PullTest {
    async fn new(stub: Stub) -> Self {
        let stub = Arc::new(stub);
        let endpoint = stub.serve().await;
        let models = tempfile::tempdir().unwrap();
        Self { models, stub, endpoint, waits: Vec::new() }
    }

    async fn pull(&mut self, source: &str) -> Result<Pulled, HubError> {
        let options = options(&self.endpoint);
        self.pull_with(source, &options).await
    }

    async fn pull_with(&mut self, source: &str, options: &PullOptions) -> Result<Pulled, HubError> {
        let (stub, waits) = (Arc::clone(&self.stub), &mut self.waits);
        let mut weights = false;
        let mut listener = |progress: PullProgress<'_>| match progress {
            PullProgress::Started { file, .. } => weights = file == "model.safetensors",
            PullProgress::Received { bytes } if weights => {
                stub.add_received(usize::try_from(bytes).unwrap())
            }
            PullProgress::Waiting { reason, .. } => waits.push(reason.to_string()),
            _ => {}
        };
        let request = request(source);
        let pulled = pull(self.models.path(), &request, options, &mut listener).await;
        if pulled.is_err() {
            assert!(!self.models.path().join(&request.name).exists());
            assert!(layout::list(self.models.path()).unwrap().is_empty());
        }
        pulled
    }

    fn weights(&self) -> Vec<u8> {
        std::fs::read(self.models.path().join("enc/model.safetensors")).unwrap()
    }

    fn ranges(&self) -> Vec<Option<String>> {
        self.stub.seen().into_iter().map(|(range, _)| range).collect()
    }
}

#[tokio::test]
async fn an_encoder_is_pulled_whole_listed_and_verified() {
    let mut scene = PullTest::new(Stub::new()).await;
    let pulled = scene.pull("owner/enc").await.unwrap();
    assert_eq!(pulled.commit, COMMIT);
    let model = layout::resolve(scene.models.path(), "enc").unwrap();
    let verified = verify::verify_files(&model.folder, &model.files).unwrap();
    assert!(verified.against_manifest && verified.files == pulled.files);
    assert_eq!(pulled.files.len(), 4);
    assert!(!model.folder.join("pytorch_model.bin").exists());
    assert!(!scene.models.path().join(STAGING).exists());
    assert_eq!(scene.stub.seen()[0].1.as_deref(), Some("Bearer secret"));
    let (request, options) = (request("owner/enc"), options(&scene.endpoint));
    let again = pull(scene.models.path(), &request, &options, &mut |_| ()).await;
    assert!(matches!(again, Err(HubError::NameTaken { .. })));
}

#[tokio::test]
async fn a_cut_download_goes_on_where_it_stopped() {
    let mut scene =
        PullTest::new(Stub::new().with_weights(&[StubAction::Cut(15), StubAction::Short(5)])).await;
    scene.pull("owner/enc").await.unwrap();
    assert_eq!(scene.weights(), WEIGHTS);
    let expected = [None, RANGE_FROM_15, Some("bytes=20-")].map(|range| range.map(str::to_owned));
    assert_eq!(scene.ranges(), expected);
    assert_eq!(scene.waits.len(), 2, "{:?}", scene.waits);
}

#[tokio::test]
async fn a_pull_that_gave_up_is_continued_by_the_next_one() {
    let acts = [StubAction::Cut(15), StubAction::Status(503, None), StubAction::Status(502, None)];
    let mut scene = PullTest::new(Stub::new().with_weights(&acts)).await;
    let broken = scene.pull("owner/enc").await.unwrap_err();
    assert!(matches!(broken, HubError::Status { status: 502, .. }), "{broken:?}");
    assert!(broken.to_string().contains("run the same command again to resume"));
    scene.pull("owner/enc").await.unwrap();
    assert_eq!(scene.weights(), WEIGHTS);
    assert_eq!(scene.ranges().last().unwrap().as_deref(), RANGE_FROM_15);
}

#[tokio::test]
async fn a_server_that_ignores_or_mistakes_ranges_is_started_over() {
    for act in [StubAction::IgnoreRange, StubAction::WrongRange] {
        let mut scene = PullTest::new(Stub::new().with_weights(&[StubAction::Cut(15), act])).await;
        scene.pull("owner/enc").await.unwrap();
        assert_eq!(scene.weights(), WEIGHTS);
    }
}

#[tokio::test]
async fn leftovers_longer_than_the_file_are_started_over() {
    let mut scene = PullTest::new(Stub::new()).await;
    let staged = scene.models.path().join(STAGING).join(format!("enc-{COMMIT}"));
    std::fs::create_dir_all(&staged).unwrap();
    std::fs::write(staged.join("model.safetensors.part"), [0_u8; 999]).unwrap();
    std::fs::write(staged.join("other.gguf.part"), "of another pull").unwrap();
    let pulled = scene.pull("owner/enc").await.unwrap();
    assert_eq!(scene.weights(), WEIGHTS);
    assert!(!pulled.folder.join("other.gguf.part").exists());
}

#[tokio::test]
async fn a_file_with_another_checksum_is_refused_and_not_kept() {
    let mut scene = PullTest::new(Stub::with_wrong_checksum()).await;
    for _ in 0..2 {
        let refused = scene.pull("owner/enc").await.unwrap_err();
        assert!(matches!(refused, HubError::Damaged { .. }), "{refused:?}");
        assert!(refused.to_string().contains(&right_sha256()), "{refused}");
    }
    assert_eq!(scene.ranges(), [None, None]);
}

#[tokio::test]
async fn refusals_of_the_hub_end_the_pull_and_say_what_to_do() {
    for (status, advice) in [
        (401, "set HF_TOKEN to a valid token"),
        (403, "terms must be accepted"),
        (404, "check repository, file and revision"),
    ] {
        let stub = Stub::new().with_weights(&[StubAction::Status(status, None)]);
        let mut scene = PullTest::new(stub).await;
        let refusal = scene.pull("owner/enc").await.unwrap_err().to_string();
        assert!(refusal.contains(&status.to_string()) && refusal.contains(advice), "{refusal}");
        assert!(scene.waits.is_empty(), "{status} was tried again");
    }
}

#[tokio::test]
async fn busy_hubs_are_retried_after_the_delay_they_ask_for() {
    let acts = [StubAction::Status(429, Some(0)), StubAction::Status(500, None)];
    let stub = Stub::new().with_listings(&acts).with_weights(&acts);
    let mut scene = PullTest::new(stub).await;
    scene.pull("owner/enc").await.unwrap();
    assert_eq!(scene.waits.len(), 4);
    assert!(scene.waits[0].contains("retry in 0 s"), "{:?}", scene.waits);

    let stub = Stub::new().with_listings(&[StubAction::Status(429, Some(3600))]);
    let refusal = PullTest::new(stub).await.pull("owner/enc").await.unwrap_err().to_string();
    assert!(refusal.contains("retry in 3600 s"), "{refusal}");

    let failing = [
        StubAction::Status(500, None),
        StubAction::Status(500, None),
        StubAction::Status(500, None),
    ];
    let mut scene = PullTest::new(Stub::new().with_listings(&failing)).await;
    assert!(scene.pull("owner/enc").await.is_err());
    assert_eq!(scene.waits.len(), 2);
}

#[tokio::test]
async fn a_redirect_is_followed_without_the_token() {
    let storage = Arc::new(Stub::new());
    let elsewhere = format!("{}/elsewhere", storage.serve().await);
    let acts = [StubAction::Redirect(elsewhere.clone()), StubAction::Redirect(elsewhere)];
    let mut scene = PullTest::new(Stub::new().with_weights(&acts)).await;
    scene.pull("owner/enc").await.unwrap();
    assert_eq!(scene.weights(), WEIGHTS);
    assert_eq!(scene.stub.seen()[0].1.as_deref(), Some("Bearer secret"));
    assert_eq!(storage.seen(), [(None, None)]);
}

#[tokio::test]
async fn one_of_several_models_is_chosen_with_a_reason_or_by_name() {
    let mut scene = PullTest::new(Stub::new()).await;
    let pulled = scene.pull("owner/quants").await.unwrap();
    assert!(pulled.folder.join("m-Q8_0.gguf").is_file());
    assert!(pulled.reason.unwrap().contains("Q8_0"));
    layout::remove(scene.models.path(), "quants").unwrap();
    let pulled = scene.pull("owner/quants:q4_k_m").await.unwrap();
    assert!(pulled.folder.join("m-Q4_K_M.gguf").is_file());
    assert_eq!(pulled.reason, None);
}

#[tokio::test]
async fn a_model_is_pulled_without_its_helpers_and_by_any_spelling_of_its_tag() {
    let mut scene = PullTest::new(Stub::new()).await;
    for source in ["o/m", "o/m:UD-Q4_K_XL", "o/m:q4_k_xl"] {
        let pulled = scene.pull(source).await.unwrap();
        let files: Vec<&str> = pulled.files.iter().map(|file| file.name.as_str()).collect();
        assert_eq!(files, ["m-UD-Q4_K_XL.gguf"], "{source}");
        layout::remove(scene.models.path(), "m").unwrap();
    }
    for source in ["o/m:IQ4_XS", "o/m:Q8_0", "o/m:F16"] {
        let refusal = scene.pull(source).await.unwrap_err().to_string();
        assert!(refusal.ends_with("available: UD-Q4_K_XL"), "{refusal}");
    }
}

#[tokio::test]
async fn a_lock_on_a_file_that_its_holder_has_removed_is_taken_again() {
    let models = tempfile::tempdir().unwrap();
    let staging = models.path().join(STAGING);
    let held = PullLock::take(&staging, "m").unwrap();
    let opened = File::open(staging.join("m.lock")).unwrap();
    assert!(is_at(&opened, &staging.join("m.lock")).unwrap());
    drop(held);
    assert!(!is_at(&opened, &staging.join("m.lock")).unwrap());
    // The removed file is locked by somebody who opened it in time; that excludes nobody.
    opened.lock().unwrap();
    let first = PullLock::take(&staging, "m").unwrap();
    assert!(!is_at(&opened, &staging.join("m.lock")).unwrap());
    assert!(matches!(PullLock::take(&staging, "m"), Err(HubError::Pulling { .. })));
    drop(first);
}

/// A Hugging Face cache that holds `owner/enc`.
fn cache() -> tempfile::TempDir {
    let cache = tempfile::tempdir().unwrap();
    let repository = cache.path().join("models--owner--enc");
    let snapshot = repository.join("snapshots").join(COMMIT);
    for folder in ["blobs", "refs", &format!("snapshots/{COMMIT}/1_Pooling")] {
        std::fs::create_dir_all(repository.join(folder)).unwrap();
    }
    std::fs::write(repository.join("refs/main"), COMMIT).unwrap();
    for name in ["config.json", "tokenizer.json", "1_Pooling/config.json"] {
        std::fs::write(snapshot.join(name), "{}").unwrap();
    }
    let blob = repository.join("blobs").join(right_sha256());
    std::fs::write(&blob, WEIGHTS).unwrap();
    std::os::unix::fs::symlink(blob, snapshot.join("model.safetensors")).unwrap();
    cache
}

#[tokio::test]
async fn files_of_the_shared_cache_are_copied_instead_of_fetched() {
    let mut scene = PullTest::new(Stub::new()).await;
    let cache = cache();
    let given = options(&scene.endpoint);
    let given = PullOptions { cache: Some(cache.path().to_owned()), ..given };
    scene.pull_with("owner/enc", &given).await.unwrap();
    assert!(scene.stub.seen().is_empty());
    assert_eq!(scene.weights(), WEIGHTS);
    // A damaged cache file is detected and not installed.
    let blob = cache.path().join("models--owner--enc/blobs").join(right_sha256());
    std::fs::write(blob, [b'x'; 45]).unwrap();
    layout::remove(scene.models.path(), "enc").unwrap();
    let refused = scene.pull_with("owner/enc", &given).await.unwrap_err();
    assert!(matches!(refused, HubError::Damaged { .. } | HubError::Format { .. }), "{refused:?}");
}

#[tokio::test]
async fn offline_only_the_cache_is_used() {
    let mut scene = PullTest::new(Stub::new()).await;
    let cache = cache();
    let offline = PullOptions {
        endpoint: "http://127.0.0.1:1".to_owned(),
        network: Network::Offline,
        cache: Some(cache.path().to_owned()),
        ..options(&scene.endpoint)
    };
    let pulled = scene.pull_with("owner/enc", &offline).await.unwrap();
    assert_eq!((pulled.commit.as_str(), pulled.files.len()), (COMMIT, 4));
    let refusal = scene.models.path().join("missing");
    let missing = pull(&refusal, &request("owner/other"), &offline, &mut |_| ()).await;
    let missing = missing.unwrap_err().to_string();
    assert!(missing.contains("HF_HUB_OFFLINE") && missing.contains("owner/other"), "{missing}");
}

#[tokio::test]
async fn a_model_is_pulled_by_one_process_at_a_time() {
    let mut scene = PullTest::new(Stub::new()).await;
    let held = PullLock::take(&scene.models.path().join(STAGING), "enc").unwrap();
    let refused = scene.pull("owner/enc").await.unwrap_err();
    assert!(matches!(refused, HubError::Pulling { .. }), "{refused:?}");
    drop(held);
    scene.pull("owner/enc").await.unwrap();
}

#[tokio::test]
async fn other_refusals_say_what_to_do() {
    let mut scene = PullTest::new(Stub::new()).await;
    let given = options(&scene.endpoint);
    let unknown = scene.pull("owner/nothing").await.unwrap_err().to_string();
    assert!(unknown.contains("404") && unknown.contains("check repository"), "{unknown}");
    let missing = scene.pull("owner/enc:other.gguf").await.unwrap_err().to_string();
    assert!(missing.contains("no `other.gguf`"), "{missing}");
    let small = PullOptions { file_bytes_max: Bytes(10), ..given.clone() };
    let large = scene.pull_with("owner/enc", &small).await.unwrap_err().to_string();
    assert!(large.contains("limit is 10"), "{large}");
    let hasty = PullOptions { stall: Duration::from_millis(30), ..given };
    let silent = scene.pull_with("owner/silent", &hasty).await.unwrap_err().to_string();
    assert!(silent.contains("sent nothing"), "{silent}");
    let nowhere = options("http://127.0.0.1:1");
    let nowhere = scene.pull_with("owner/enc", &nowhere).await.unwrap_err().to_string();
    assert!(nowhere.contains("HF_ENDPOINT"), "{nowhere}");
}
