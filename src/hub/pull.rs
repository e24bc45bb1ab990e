//! Fetches a model from the Hugging Face Hub into its folder.
//!
//! Files come into `models/.pulling/NAME-COMMIT`, each continued where an earlier try stopped, and
//! are moved to `models/NAME` together once all of them are whole. What lies in the Hugging Face
//! cache already is copied.
//!
//! Invariants
//! - All files are of one commit, even if the branch moves meanwhile.
//! - Nothing appears under its name before size, checksum (where the Hub gives one) and format
//!   are right, and nothing else appears with it.
//! - A format that can run code is never fetched.
//! - One process at a time pulls a model.

use crate::hub::cache::CachedRepository;
use crate::hub::choice::Choice;
use crate::hub::choice::Chosen;
use crate::hub::choice::choose;
use crate::hub::error::HubError;
use crate::hub::layout;
use crate::hub::listing::RemoteFile;
use crate::hub::listing::check_revision;
use crate::hub::transfer::Session;
use crate::hub::verify;
use crate::hub::verify::Entry;
use std::collections::BTreeSet;
use std::fs::File;
use std::path::Path;
use std::path::PathBuf;
use std::time::Duration;
use vitrine_base::digest::sha256_of_file;
use vitrine_base::units::Bytes;

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
    /// Whether the Hub may be asked.
    pub network: Network,
    /// Largest file, recommended 64 GiB.
    pub file_bytes_max: Bytes,
    /// Largest model that is chosen when a repository has several.
    pub model_bytes_max: Bytes,
    /// Longest silence of the Hub before giving up; recommended 30 s.
    pub stall: Duration,
    /// Tries in a row that bring nothing new; recommended 5.
    pub tries_max: u32,
    /// Wait before the second try, doubled for each after it; recommended 1 s.
    pub retry_wait: Duration,
    /// Longest wait before a try, also when the Hub asks for more; recommended 60 s.
    pub retry_wait_max: Duration,
}

/// Whether the Hub may be asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Network {
    /// It may.
    Allowed,
    /// Only the cache is looked at (`HF_HUB_OFFLINE`).
    Offline,
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
#[derive(Debug)]
pub enum PullProgress<'a> {
    /// A model was chosen among several.
    Chosen {
        /// Which, and why.
        reason: &'a str,
    },
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
    /// A try failed; another one follows.
    Waiting {
        /// After how long.
        wait: Duration,
        /// Why it failed.
        reason: &'a HubError,
    },
    /// The current file is here whole.
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
    /// Why this model, where the repository has several and none was named.
    pub reason: Option<String>,
}

/// Hears how far a pull is.
pub type Listener<'a> = &'a mut (dyn FnMut(PullProgress<'_>) + Send);

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
    let lock = Lock::take(&models_dir.join(STAGING), &request.name)?;
    let pull = Pull { request, options, cache: cached(request, options) };
    let (commit, files) = pull.describe(listener).await?;
    let Choice { files: chosen, reason } =
        choose(&request.source, &files, options.model_bytes_max)?;
    if let Some(reason) = &reason {
        listener(PullProgress::Chosen { reason });
    }
    // Another commit's leftovers must not be continued.
    let staged = models_dir.join(STAGING).join(format!("{}-{commit}", request.name));
    let entries = pull.fetch_all(&commit, &chosen, &staged, listener).await?;
    let origin = format!("{} at {commit}", request.source.repository);
    let manifest = staged.join(verify::MANIFEST);
    std::fs::write(&manifest, verify::manifest_text(&origin, &entries))
        .map_err(|cause| HubError::file(&manifest, cause))?;
    let mut wanted: BTreeSet<PathBuf> =
        chosen.iter().map(|file| staged.join(&file.local)).collect();
    wanted.insert(manifest);
    keep_only(&staged, &wanted)?;
    std::fs::rename(&staged, &folder).map_err(|cause| HubError::file(&folder, cause))?;
    drop(lock);
    Ok(Pulled { folder, commit, files: entries, reason })
}

fn cached(request: &PullRequest, options: &PullOptions) -> Option<CachedRepository> {
    let root = options.cache.as_ref()?;
    Some(CachedRepository::new(root, &request.source.repository))
}

/// One pull's parts.
struct Pull<'a> {
    request: &'a PullRequest,
    options: &'a PullOptions,
    cache: Option<CachedRepository>,
}

impl Pull<'_> {
    /// The commit behind the revision and its files, as the Hub or, offline, the cache knows them.
    async fn describe(
        &self,
        listener: Listener<'_>,
    ) -> Result<(String, Vec<RemoteFile>), HubError> {
        let PullRequest { source, revision, .. } = self.request;
        match self.options.network {
            Network::Allowed => {
                let session = Session::open(&source.repository, revision, self.options)?;
                session.describe(listener).await
            }
            Network::Offline => {
                let found = self.cache.as_ref().and_then(|cache| cache.listing(revision));
                found.ok_or_else(|| self.offline())
            }
        }
    }

    fn offline(&self) -> HubError {
        HubError::Offline {
            repository: self.request.source.repository.clone(),
            revision: self.request.revision.clone(),
            cache: self.options.cache.clone().unwrap_or_default(),
        }
    }

    async fn fetch_all(
        &self,
        commit: &str,
        chosen: &[Chosen],
        staged: &Path,
        listener: Listener<'_>,
    ) -> Result<Vec<Entry>, HubError> {
        let session = Session::open(&self.request.source.repository, commit, self.options)?;
        let mut entries = Vec::new();
        for file in chosen {
            let target = staged.join(&file.local);
            self.lay(&session, commit, (&file.remote, &target), listener).await?;
            let entry = admit(file, &target).await.inspect_err(|_| {
                // A wrong file would be found wrong again and again: it must not be continued.
                let _ = std::fs::remove_file(&target);
            })?;
            entries.push(entry);
        }
        Ok(entries)
    }

    /// Brings one file to its place in the staging folder, where it may lie already.
    async fn lay(
        &self,
        session: &Session<'_>,
        commit: &str,
        (file, target): (&RemoteFile, &Path),
        listener: Listener<'_>,
    ) -> Result<(), HubError> {
        let bytes_max = self.options.file_bytes_max.0;
        if let Some(bytes) = file.bytes.filter(|bytes| *bytes > bytes_max) {
            return Err(HubError::TooLarge { file: file.name.clone(), bytes, bytes_max });
        }
        let parent = target.parent().unwrap_or(target);
        std::fs::create_dir_all(parent).map_err(|cause| HubError::file(parent, cause))?;
        if target.exists() {
            return Ok(());
        }
        let partial = PathBuf::from(format!("{}.part", target.display()));
        let cached = self.cache.as_ref().and_then(|cache| cache.file(commit, file));
        match (cached, self.options.network) {
            (Some(cached), _) => std::fs::copy(cached, &partial)
                .map(drop)
                .map_err(|cause| HubError::file(&partial, cause))?,
            (None, Network::Allowed) => session.fetch(file, &partial, listener).await?,
            (None, Network::Offline) => return Err(self.offline()),
        }
        std::fs::rename(&partial, target).map_err(|cause| HubError::file(target, cause))
    }
}

/// Checks a whole file against what the Hub announced and what its format asks for.
async fn admit(file: &Chosen, target: &Path) -> Result<Entry, HubError> {
    let path = target.to_owned();
    let bytes = std::fs::metadata(&path).map_err(|cause| HubError::file(&path, cause))?.len();
    if let Some(expected) = file.remote.bytes.filter(|expected| *expected != bytes) {
        let (found, expected) = (format!("{bytes} bytes"), format!("{expected} bytes"));
        return Err(HubError::Damaged { path, found, expected });
    }
    verify::check_format(&path)?;
    let hashed = path.clone();
    let sha256 = tokio::task::spawn_blocking(move || sha256_of_file(&hashed))
        .await
        .unwrap_or_else(|cause| Err(std::io::Error::other(cause)))
        .map_err(|cause| HubError::file(&path, cause))?;
    if let Some(expected) = file.remote.sha256.as_ref().filter(|expected| **expected != sha256) {
        let (found, expected) = (format!("sha256 {sha256}"), format!("sha256 {expected}"));
        return Err(HubError::Damaged { path, found, expected });
    }
    Ok(Entry { name: file.local.clone(), bytes, sha256 })
}

/// Removes everything under `folder` but `wanted`: leftovers of a pull that asked for other files.
fn keep_only(folder: &Path, wanted: &BTreeSet<PathBuf>) -> Result<(), HubError> {
    let entries = std::fs::read_dir(folder).map_err(|cause| HubError::file(folder, cause))?;
    for path in entries.flatten().map(|entry| entry.path()) {
        if path.is_dir() {
            keep_only(&path, wanted)?;
            // Only succeeds when nothing wanted is in it.
            let _ = std::fs::remove_dir(&path);
        } else if !wanted.contains(&path) {
            std::fs::remove_file(&path).map_err(|cause| HubError::file(&path, cause))?;
        }
    }
    Ok(())
}

/// Keeps a second process from pulling the same model; the system frees it if this one dies.
struct Lock {
    staging: PathBuf,
    path: PathBuf,
    _held: File,
}

impl Lock {
    fn take(staging: &Path, name: &str) -> Result<Self, HubError> {
        std::fs::create_dir_all(staging).map_err(|cause| HubError::file(staging, cause))?;
        let path = staging.join(format!("{name}.lock"));
        let file = File::create(&path).map_err(|cause| HubError::file(&path, cause))?;
        match file.try_lock() {
            Ok(()) => Ok(Self { staging: staging.to_owned(), path, _held: file }),
            Err(std::fs::TryLockError::WouldBlock) => {
                Err(HubError::Pulling { name: name.to_owned() })
            }
            Err(std::fs::TryLockError::Error(cause)) => Err(HubError::file(&path, cause)),
        }
    }
}

impl Drop for Lock {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.path);
        // Only succeeds when no other pull is waiting there.
        let _ = std::fs::remove_dir(&self.staging);
    }
}

#[cfg(test)]
mod stub;
#[cfg(test)]
mod tests;
