//! Fetches a model from the Hugging Face Hub into its folder.
//!
//! Files are streamed into `models/.pulling/NAME-COMMIT`, each resumed where an earlier try
//! stopped, and moved to `models/NAME` together once all of them are whole. `hf-hub` addresses
//! repositories and carries the token; the streaming is ours because its own download neither
//! checks checksums nor continues inside a chunk, and sends the token along when redirected.
//!
//! Invariants
//! - All files are of one commit, even if the branch moves meanwhile.
//! - Nothing appears under its name before size, checksum (where the Hub gives one) and format
//!   are right.
//! - A format that can run code is never fetched.

use crate::base::units::Bytes;
use crate::hub::error::HubError;
use crate::hub::layout;
use crate::hub::listing::RemoteFile;
use crate::hub::listing::check_revision;
use crate::hub::listing::choose;
use crate::hub::listing::parse_listing;
use crate::hub::verify;
use crate::hub::verify::Entry;
use futures::StreamExt;
use hf_hub::Cache;
use hf_hub::Repo;
use hf_hub::RepoType;
use hf_hub::api::tokio::ApiBuilder;
use hf_hub::api::tokio::ApiRepo;
use reqwest::Client;
use reqwest::Response;
use reqwest::StatusCode;
use reqwest::header::RANGE;
use std::path::Path;
use std::path::PathBuf;
use std::time::Duration;
use tokio::fs::File;
use tokio::fs::OpenOptions;
use tokio::io::AsyncWriteExt;

pub use crate::hub::listing::Source;

/// Where unfinished downloads wait, inside the models folder so that moving is a rename.
const STAGING: &str = ".pulling";

/// Where the Hub is and what may be taken from it.
#[derive(Debug, Clone)]
pub struct PullOptions {
    /// Address; usually `https://huggingface.co`, `HF_ENDPOINT` overrides it.
    pub endpoint: String,
    /// Access token for private or gated repositories (`HF_TOKEN`).
    pub token: Option<String>,
    /// The Hugging Face cache (`HF_HOME/hub`): files that lie there already are copied.
    pub cache: Option<PathBuf>,
    /// Largest file, recommended 64 GiB.
    pub file_bytes_max: Bytes,
    /// Longest silence of the Hub before giving up; recommended 30 s.
    pub stall: Duration,
}

/// What to fetch, and as what.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PullRequest {
    /// Repository and perhaps one file.
    pub source: Source,
    /// Branch, tag or commit; usually `main`.
    pub revision: String,
    /// The model's name; usually [`Source::model_name`].
    pub name: String,
}

/// How far a pull is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PullProgress<'a> {
    /// A file begins, or continues at `done_bytes`.
    Started {
        /// Its name.
        file: &'a str,
        /// Bytes already here.
        done_bytes: u64,
        /// Its size, where the Hub says it.
        total_bytes: Option<u64>,
    },
    /// Some bytes of the current file came.
    Received {
        /// How many.
        bytes: u64,
    },
    /// The current file is whole and right.
    Finished,
}

/// A pulled model.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pulled {
    /// Its folder.
    pub folder: PathBuf,
    /// The commit that `revision` meant.
    pub commit: String,
    /// Its files.
    pub files: Vec<Entry>,
}

/// One pull's connection and settings.
struct Session<'a> {
    client: Client,
    repository: ApiRepo,
    repository_name: &'a str,
    options: &'a PullOptions,
}

/// Hears how far a pull is.
type Listener<'a> = &'a mut (dyn FnMut(PullProgress<'_>) + Send);

/// Fetches a model into `models_dir/NAME`.
///
/// # Errors
/// If the Hub cannot be reached, has no such file, or what came is not what was announced. Calling
/// again continues.
pub async fn pull(
    models_dir: &Path,
    request: &PullRequest,
    options: &PullOptions,
    listener: Listener<'_>,
) -> Result<Pulled, HubError> {
    layout::check_name(&request.name)?;
    check_revision(&request.revision)?;
    let folder = models_dir.join(&request.name);
    if folder.exists() {
        return Err(HubError::Taken { path: folder });
    }
    let (commit, files) = describe(request, options).await?;
    let chosen = choose(&request.source, &files)?;
    let session = Session::open(&request.source.repository, &commit, options)?;
    // Another commit's leftovers must not be continued.
    let staged = models_dir.join(STAGING).join(format!("{}-{commit}", request.name));
    let mut entries = Vec::new();
    for file in &chosen {
        entries.push(session.fetch(&staged, file, listener).await?);
    }
    let origin = format!("{} at {commit}", request.source.repository);
    let manifest = staged.join(verify::MANIFEST);
    std::fs::write(&manifest, verify::manifest_text(&origin, &entries))
        .map_err(|cause| HubError::file(&manifest, cause))?;
    std::fs::rename(&staged, &folder).map_err(|cause| HubError::file(&folder, cause))?;
    // Only succeeds when no other pull is waiting there.
    let _ = std::fs::remove_dir(models_dir.join(STAGING));
    Ok(Pulled { folder, commit, files: entries })
}

/// Asks for the commit behind a revision and its files.
async fn describe(
    request: &PullRequest,
    options: &PullOptions,
) -> Result<(String, Vec<RemoteFile>), HubError> {
    let session = Session::open(&request.source.repository, &request.revision, options)?;
    let asked = session.repository.info_request().query(&[("blobs", "true")]);
    let url = format!("{}/api/models/{}", options.endpoint, request.source.repository);
    let answer = session.answered(&url, asked.send()).await?;
    let value = session.answered_json(&url, answer).await?;
    parse_listing(&value).ok_or(HubError::Listing { url })
}

impl<'a> Session<'a> {
    fn open(
        repository: &'a str,
        revision: &str,
        options: &'a PullOptions,
    ) -> Result<Self, HubError> {
        // The library looks for a token beside its cache; an empty place keeps it from reading one
        // that was not handed in.
        let api = ApiBuilder::from_cache(Cache::new(PathBuf::new()))
            .with_endpoint(options.endpoint.clone())
            .with_token(options.token.clone())
            .with_user_agent("vitrine", env!("CARGO_PKG_VERSION"))
            .build()
            .map_err(|cause| HubError::Client {
                endpoint: options.endpoint.clone(),
                cause: Box::new(cause),
            })?;
        let repo = Repo::with_revision(repository.to_owned(), RepoType::Model, revision.to_owned());
        let client = api.client().clone();
        let repository_name = repository;
        Ok(Self { client, repository: api.repo(repo), repository_name, options })
    }

    /// Waits for an answer, at most as long as a stall may last.
    async fn answered(
        &self,
        url: &str,
        asked: impl Future<Output = reqwest::Result<Response>>,
    ) -> Result<Response, HubError> {
        let answer = self
            .in_time(url, asked)
            .await?
            .map_err(|cause| HubError::Unreachable { url: url.to_owned(), cause })?;
        let status = answer.status();
        if status.is_success() || status == StatusCode::RANGE_NOT_SATISFIABLE {
            return Ok(answer);
        }
        Err(HubError::Status { url: url.to_owned(), status: status.as_u16() })
    }

    async fn answered_json(
        &self,
        url: &str,
        answer: Response,
    ) -> Result<serde_json::Value, HubError> {
        self.in_time(url, answer.json())
            .await?
            .map_err(|_| HubError::Listing { url: url.to_owned() })
    }

    async fn in_time<T>(&self, url: &str, work: impl Future<Output = T>) -> Result<T, HubError> {
        tokio::time::timeout(self.options.stall, work).await.map_err(|_| HubError::Stalled {
            url: url.to_owned(),
            seconds: self.options.stall.as_secs(),
        })
    }

    /// Fetches one file into the staging folder, or finds it there or in the cache.
    async fn fetch(
        &self,
        staged: &Path,
        file: &RemoteFile,
        listener: Listener<'_>,
    ) -> Result<Entry, HubError> {
        let bytes_max = self.options.file_bytes_max.0;
        if let Some(bytes) = file.bytes.filter(|bytes| *bytes > bytes_max) {
            return Err(HubError::TooLarge { file: file.name.clone(), bytes, bytes_max });
        }
        let target = staged.join(&file.name);
        let parent = target.parent().unwrap_or(staged);
        std::fs::create_dir_all(parent).map_err(|cause| HubError::file(parent, cause))?;
        if !target.exists() && !self.copy_from_cache(file, &target) {
            let partial = PathBuf::from(format!("{}.part", target.display()));
            self.stream(file, &partial, listener).await?;
            std::fs::rename(&partial, &target).map_err(|cause| HubError::file(&target, cause))?;
        }
        self.admit(file, &target).await.inspect_err(|_| {
            // A wrong file would be found wrong again and again: it must not be continued.
            let _ = std::fs::remove_file(&target);
        })
    }

    /// Copies a file that another tool has fetched into the Hugging Face cache.
    fn copy_from_cache(&self, file: &RemoteFile, target: &Path) -> bool {
        let (Some(cache), Some(sha256)) = (&self.options.cache, &file.sha256) else {
            return false;
        };
        let blobs = Cache::new(cache.clone()).model(self.repository_name.to_owned());
        let blob = blobs.blob_path(sha256);
        blob.is_file() && std::fs::copy(blob, target).is_ok()
    }

    /// Streams a file to disk, after what an earlier try has left.
    async fn stream(
        &self,
        file: &RemoteFile,
        partial: &Path,
        listener: Listener<'_>,
    ) -> Result<(), HubError> {
        let refused = |cause| HubError::file(partial, cause);
        let mut present = std::fs::metadata(partial).map_or(0, |found| found.len());
        let url = self.repository.url(&file.name);
        if present > 0 && file.bytes == Some(present) {
            return Ok(());
        }
        let mut asked = self.client.get(&url);
        if present > 0 {
            asked = asked.header(RANGE, format!("bytes={present}-"));
        }
        let mut answer = self.answered(&url, asked.send()).await?;
        if present > 0 && answer.status() != StatusCode::PARTIAL_CONTENT {
            // The server does not continue, or what is here is longer than the file: start over.
            if answer.status() == StatusCode::RANGE_NOT_SATISFIABLE {
                answer = self.answered(&url, self.client.get(&url).send()).await?;
            }
            present = 0;
        }
        let mut out = OpenOptions::new();
        let out = if present > 0 { out.append(true) } else { out.write(true).truncate(true) };
        let mut out = out.create(true).open(partial).await.map_err(refused)?;
        let (name, total_bytes) = (file.name.as_str(), file.bytes);
        listener(PullProgress::Started { file: name, done_bytes: present, total_bytes });
        let received = self.receive(answer, file, (&mut out, present), listener).await;
        // Also after a failure: what has come need not come again.
        out.flush().await.map_err(refused)?;
        out.sync_all().await.map_err(refused)?;
        received?;
        listener(PullProgress::Finished);
        Ok(())
    }

    /// Writes the body of an answer behind the bytes that are `present`.
    async fn receive(
        &self,
        answer: Response,
        file: &RemoteFile,
        (out, mut present): (&mut File, u64),
        listener: Listener<'_>,
    ) -> Result<(), HubError> {
        let url = self.repository.url(&file.name);
        let name = &file.name;
        let bytes_max = file.bytes.unwrap_or(self.options.file_bytes_max.0);
        let mut chunks = answer.bytes_stream();
        while let Some(chunk) = self.in_time(&url, chunks.next()).await? {
            let chunk = chunk.map_err(|cause| HubError::Unreachable { url: url.clone(), cause })?;
            present += chunk.len() as u64;
            if present > bytes_max {
                return Err(HubError::TooLarge { file: name.clone(), bytes: present, bytes_max });
            }
            let written = out.write_all(&chunk).await;
            written.map_err(|cause| HubError::file(Path::new(name), cause))?;
            listener(PullProgress::Received { bytes: chunk.len() as u64 });
        }
        Ok(())
    }

    /// Checks a whole file against what the Hub announced and what its format asks for.
    async fn admit(&self, file: &RemoteFile, target: &Path) -> Result<Entry, HubError> {
        let path = target.to_owned();
        let bytes = std::fs::metadata(&path).map_err(|cause| HubError::file(&path, cause))?.len();
        if let Some(expected) = file.bytes.filter(|expected| *expected != bytes) {
            let (found, expected) = (format!("{bytes} bytes"), format!("{expected} bytes"));
            return Err(HubError::Damaged { path, found, expected });
        }
        verify::check_format(&path)?;
        let hashed = path.clone();
        let sha256 = tokio::task::spawn_blocking(move || verify::sha256_of_file(&hashed))
            .await
            .map_err(|cause| HubError::file(&path, std::io::Error::other(cause)))??;
        if let Some(expected) = file.sha256.as_ref().filter(|expected| **expected != sha256) {
            let (found, expected) = (format!("sha256 {sha256}"), format!("sha256 {expected}"));
            return Err(HubError::Damaged { path, found, expected });
        }
        Ok(Entry { name: file.name.clone(), bytes, sha256 })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::Router;
    use axum::body::Body;
    use axum::extract::Path as UrlPath;
    use axum::extract::State;
    use axum::http::HeaderMap;
    use axum::response::IntoResponse;
    use axum::routing::get;
    use sha2::Digest;
    use sha2::Sha256;
    use std::sync::Arc;
    use std::sync::Mutex;

    const WEIGHTS: &[u8] = b"\x02\0\0\0\0\0\0\0{}and a few weights behind the header";

    /// What the stub Hub serves, and what it has seen.
    struct Stub {
        sha256: String,
        /// Bytes of the weights after which the connection breaks, for the first request only.
        break_after: Mutex<Option<usize>>,
        /// Range and authorization headers of the requests for weights.
        seen: Mutex<Vec<(Option<String>, Option<String>)>>,
    }

    fn stub(sha256: String, break_after: Option<usize>) -> Arc<Stub> {
        Arc::new(Stub {
            sha256,
            break_after: Mutex::new(break_after),
            seen: Mutex::new(Vec::new()),
        })
    }

    fn right_sha256() -> String {
        verify::hexadecimal(&Sha256::digest(WEIGHTS))
    }

    async fn listing(State(stub): State<Arc<Stub>>) -> impl IntoResponse {
        axum::Json(serde_json::json!({"sha": "c0ffee", "siblings": [
            {"rfilename": "config.json", "size": 2},
            {"rfilename": "tokenizer.json", "size": 2},
            {"rfilename": "1_Pooling/config.json", "size": 2},
            {"rfilename": "pytorch_model.bin", "size": 9},
            {"rfilename": "model.safetensors", "size": WEIGHTS.len(),
             "lfs": {"sha256": stub.sha256}},
        ]}))
    }

    async fn file(
        State(stub): State<Arc<Stub>>,
        UrlPath(name): UrlPath<String>,
        headers: HeaderMap,
    ) -> axum::response::Response {
        if name.ends_with(".json") {
            return "{}".into_response();
        }
        let text = |name: &str| headers.get(name).map(|value| value.to_str().unwrap().to_owned());
        let range = text("range");
        stub.seen.lock().unwrap().push((range.clone(), text("authorization")));
        let start: usize = range.as_deref().map_or(0, |range| {
            range.trim_start_matches("bytes=").trim_end_matches('-').parse().unwrap()
        });
        let status = if start > 0 { StatusCode::PARTIAL_CONTENT } else { StatusCode::OK };
        let breaks = stub.break_after.lock().unwrap().take();
        if let Some(bytes) = breaks {
            let first = Ok(WEIGHTS[..bytes].to_vec());
            // The break comes after the first bytes have left.
            let broken = async {
                tokio::time::sleep(Duration::from_millis(50)).await;
                Err(std::io::Error::other("broken"))
            };
            let parts = futures::stream::iter([first]).chain(futures::stream::once(broken));
            let body = Body::from_stream(parts);
            return (StatusCode::OK, body).into_response();
        }
        (status, WEIGHTS[start..].to_vec()).into_response()
    }

    async fn serve(stub: Arc<Stub>) -> String {
        let router = Router::new()
            .route("/api/models/owner/enc/revision/main", get(listing))
            .route("/owner/enc/resolve/c0ffee/{*name}", get(file))
            .route("/api/models/owner/silent/revision/main", get(std::future::pending::<()>))
            .with_state(stub);
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
        format!("http://{address}")
    }

    fn options(endpoint: String) -> PullOptions {
        PullOptions {
            endpoint,
            token: Some("secret".to_owned()),
            cache: None,
            file_bytes_max: Bytes(1 << 20),
            stall: Duration::from_secs(20),
        }
    }

    fn request(source: &str) -> PullRequest {
        let source = Source::parse(source).unwrap();
        let name = source.model_name().to_owned();
        PullRequest { source, revision: "main".to_owned(), name }
    }

    #[tokio::test]
    async fn an_encoder_is_pulled_whole_listed_and_verified() {
        let stub = stub(right_sha256(), None);
        let options = options(serve(Arc::clone(&stub)).await);
        let models = tempfile::tempdir().unwrap();
        let mut received = 0;
        let mut listener = |progress: PullProgress<'_>| {
            if let PullProgress::Received { bytes } = progress {
                received += bytes;
            }
        };
        let pulled =
            pull(models.path(), &request("owner/enc"), &options, &mut listener).await.unwrap();
        assert_eq!(pulled.commit, "c0ffee");
        assert_eq!(received, 6 + WEIGHTS.len() as u64);
        let model = layout::resolve(models.path(), "enc").unwrap();
        let verified = verify::verify_files(&model.folder, &model.file_names()).unwrap();
        assert!(verified.against_manifest && verified.files == pulled.files);
        assert_eq!(pulled.files.len(), 4);
        assert!(!model.folder.join("pytorch_model.bin").exists());
        assert!(!models.path().join(STAGING).exists());
        assert_eq!(stub.seen.lock().unwrap()[0].1.as_deref(), Some("Bearer secret"));
        let again = pull(models.path(), &request("owner/enc"), &options, &mut |_| ()).await;
        assert!(matches!(again, Err(HubError::Taken { .. })));
    }

    #[tokio::test]
    async fn a_broken_download_continues_where_it_stopped() {
        let stub = stub(right_sha256(), Some(15));
        let options = options(serve(Arc::clone(&stub)).await);
        let models = tempfile::tempdir().unwrap();
        let broken = pull(models.path(), &request("owner/enc"), &options, &mut |_| ()).await;
        assert!(matches!(broken, Err(HubError::Unreachable { .. })), "{broken:?}");
        assert!(layout::list(models.path()).unwrap().is_empty());
        let pulled = pull(models.path(), &request("owner/enc"), &options, &mut |_| ()).await;
        let pulled = pulled.unwrap();
        assert_eq!(std::fs::read(pulled.folder.join("model.safetensors")).unwrap(), WEIGHTS);
        assert_eq!(stub.seen.lock().unwrap()[1].0.as_deref(), Some("bytes=15-"));
    }

    #[tokio::test]
    async fn a_file_with_another_checksum_is_refused_and_not_kept() {
        let options = options(serve(stub("ab".repeat(32), None)).await);
        let models = tempfile::tempdir().unwrap();
        for _ in 0..2 {
            let refused = pull(models.path(), &request("owner/enc"), &options, &mut |_| ()).await;
            assert!(matches!(refused, Err(HubError::Damaged { .. })), "{refused:?}");
        }
        assert!(!models.path().join("enc").exists());
    }

    #[tokio::test]
    async fn a_file_of_the_shared_cache_is_copied_instead_of_fetched() {
        let stub = stub(right_sha256(), None);
        let cache = tempfile::tempdir().unwrap();
        let blobs = cache.path().join("models--owner--enc/blobs");
        std::fs::create_dir_all(&blobs).unwrap();
        std::fs::write(blobs.join(right_sha256()), WEIGHTS).unwrap();
        let endpoint = serve(Arc::clone(&stub)).await;
        let options = PullOptions { cache: Some(cache.path().to_owned()), ..options(endpoint) };
        let models = tempfile::tempdir().unwrap();
        pull(models.path(), &request("owner/enc"), &options, &mut |_| ()).await.unwrap();
        assert!(stub.seen.lock().unwrap().is_empty());
    }

    #[tokio::test]
    async fn refusals_say_what_to_do() {
        let endpoint = serve(stub(right_sha256(), None)).await;
        let models = tempfile::tempdir().unwrap();
        let refusal = async |source: &str, options: &PullOptions| {
            let request = request(source);
            pull(models.path(), &request, options, &mut |_| ()).await.unwrap_err().to_string()
        };
        let given = options(endpoint);
        let unknown = refusal("owner/nothing", &given).await;
        assert!(unknown.contains("404") && unknown.contains("check repository"), "{unknown}");
        let missing = refusal("owner/enc:other.gguf", &given).await;
        assert!(missing.contains("5 files, none that is wanted"), "{missing}");
        let small = PullOptions { file_bytes_max: Bytes(10), ..given.clone() };
        let large = refusal("owner/enc", &small).await;
        assert!(large.contains("limit is 10"), "{large}");
        let hasty = PullOptions { stall: Duration::from_millis(30), ..given };
        let silent = refusal("owner/silent", &hasty).await;
        assert!(silent.contains("sent nothing"), "{silent}");
        let nowhere = options("http://127.0.0.1:1".to_owned());
        assert!(refusal("owner/enc", &nowhere).await.contains("HF_ENDPOINT"));
    }
}
