//! Fetches a model from the Hugging Face Hub into its folder.
//!
//! Files are streamed into `models/.pulling/NAME`, each resumed where an earlier try stopped, and
//! moved to `models/NAME` together once all of them are whole. `hf-hub` addresses repositories and
//! carries the token; the streaming is ours because its own download neither checks checksums nor
//! continues inside a chunk, and sends the token along when it is redirected.
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
    let staged = models_dir.join(STAGING).join(&request.name);
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
        let bytes_max = file.bytes.unwrap_or(self.options.file_bytes_max.0);
        let mut chunks = answer.bytes_stream();
        while let Some(chunk) = self.in_time(&url, chunks.next()).await? {
            let chunk = chunk.map_err(|cause| HubError::Unreachable { url: url.clone(), cause })?;
            present += chunk.len() as u64;
            if present > bytes_max {
                let file = file.name.clone();
                return Err(HubError::TooLarge { file, bytes: present, bytes_max });
            }
            out.write_all(&chunk).await.map_err(refused)?;
            listener(PullProgress::Received { bytes: chunk.len() as u64 });
        }
        out.flush().await.map_err(refused)?;
        out.sync_all().await.map_err(refused)?;
        listener(PullProgress::Finished);
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
