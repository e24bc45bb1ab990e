//! Downloads a model from the Hugging Face Hub into its folder.
//!
//! Files are downloaded to `models/.pulling/NAME-COMMIT`, resuming where an earlier attempt
//! stopped. Once all are complete, the folder is renamed to `models/NAME`. Files in the Hugging
//! Face cache are copied instead of downloaded.
//!
//! Invariants
//! - All files belong to one commit, even if the branch moves in the meantime.
//! - A model appears under its name only after size, checksum (where the Hub reports one) and
//!   format of every file were checked, and with no other files beside them.
//! - A format that can run code is never downloaded.
//! - Only one process at a time downloads a model.

use crate::hub::cache::CachedRepository;
use crate::hub::choice::Chosen;
use crate::hub::choice::FileChoice;
use crate::hub::choice::choose;
use crate::hub::error::HubError;
use crate::hub::layout;
use crate::hub::listing::RemoteFile;
use crate::hub::listing::check_revision;
use crate::hub::transfer::HubSession;
use crate::hub::verify;
use crate::hub::verify::ManifestEntry;
use std::collections::BTreeSet;
use std::fs::File;
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::path::PathBuf;
use vitrine_base::digest::sha256_of_file;

pub(crate) use crate::hub::listing::PullSource;
pub(crate) use crate::hub::options::Network;
pub(crate) use crate::hub::options::PullListener;
pub(crate) use crate::hub::options::PullOptions;
pub(crate) use crate::hub::options::PullProgress;

/// Folder of unfinished downloads. It is inside the models folder so that finishing is a rename.
const STAGING: &str = ".pulling";

/// What to download, and under which name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct PullRequest {
    /// Repository, and optionally a file or quantisation.
    pub source: PullSource,
    /// Branch, tag or commit; usually `main`.
    pub revision: String,
    /// Name of the new model; usually [`PullSource::model_name`].
    pub name: String,
}

/// A downloaded model.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Pulled {
    /// Its folder.
    pub folder: PathBuf,
    /// Commit that the revision resolved to.
    pub commit: String,
    /// Its files, with sizes and checksums.
    pub files: Vec<ManifestEntry>,
    /// Why this model was chosen; `None` if there was no choice.
    pub reason: Option<String>,
}

/// Downloads a model into `models_dir/NAME`. A later call with the same request resumes an
/// unfinished download.
///
/// # Errors
/// If the name is invalid or taken, another process downloads the same model, the Hub cannot be
/// reached or has no such file, or a file fails its checks.
pub(crate) async fn pull(
    models_dir: &Path,
    request: &PullRequest,
    options: &PullOptions,
    listener: PullListener<'_>,
) -> Result<Pulled, HubError> {
    layout::check_name(&request.name)?;
    check_revision(&request.revision)?;
    let folder = models_dir.join(&request.name);
    if folder.exists() {
        return Err(HubError::NameTaken { path: folder });
    }
    let lock = PullLock::take(&models_dir.join(STAGING), &request.name)?;
    let pull = Pull { request, options, cache: cached(request, options) };
    let (commit, files) = pull.describe(listener).await?;
    let FileChoice { files: chosen, reason } =
        choose(&request.source, &files, options.model_bytes_max)?;
    if let Some(reason) = &reason {
        listener(PullProgress::Chosen { reason });
    }
    // The folder name holds the commit, so that files of another commit are never resumed.
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

/// Parameters of one pull.
struct Pull<'a> {
    request: &'a PullRequest,
    options: &'a PullOptions,
    cache: Option<CachedRepository>,
}

/// One file of a commit, and its path in the staging folder.
#[derive(Clone, Copy)]
struct StagedFile<'a> {
    commit: &'a str,
    file: &'a RemoteFile,
    target: &'a Path,
}

impl Pull<'_> {
    /// Resolves the revision to a commit and its files, from the Hub or, offline, from the cache.
    async fn describe(
        &self,
        listener: PullListener<'_>,
    ) -> Result<(String, Vec<RemoteFile>), HubError> {
        let PullRequest { source, revision, .. } = self.request;
        match self.options.network {
            Network::Allowed => {
                let session = HubSession::open(&source.repository, revision, self.options)?;
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
        listener: PullListener<'_>,
    ) -> Result<Vec<ManifestEntry>, HubError> {
        let session = HubSession::open(&self.request.source.repository, commit, self.options)?;
        let mut entries = Vec::new();
        for file in chosen {
            let target = staged.join(&file.local);
            let staged = StagedFile { commit, file: &file.remote, target: &target };
            self.stage(&session, staged, listener).await?;
            let entry = check_file(file, &target).await.inspect_err(|_| {
                // Resuming a wrong file would fail its checks every time.
                let _ = std::fs::remove_file(&target);
            })?;
            entries.push(entry);
        }
        Ok(entries)
    }

    /// Brings one file into the staging folder, unless it is there already.
    async fn stage(
        &self,
        session: &HubSession<'_>,
        staged: StagedFile<'_>,
        listener: PullListener<'_>,
    ) -> Result<(), HubError> {
        let StagedFile { commit, file, target } = staged;
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

/// Checks a complete file against the announced size and checksum, and against its format.
async fn check_file(file: &Chosen, target: &Path) -> Result<ManifestEntry, HubError> {
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
    Ok(ManifestEntry { name: file.local.clone(), bytes, sha256 })
}

/// Removes everything under `folder` except `wanted`: leftovers of a pull for other files.
fn keep_only(folder: &Path, wanted: &BTreeSet<PathBuf>) -> Result<(), HubError> {
    let entries = std::fs::read_dir(folder).map_err(|cause| HubError::file(folder, cause))?;
    for path in entries.flatten().map(|entry| entry.path()) {
        if path.is_dir() {
            keep_only(&path, wanted)?;
            // Succeeds only if the folder is empty now.
            let _ = std::fs::remove_dir(&path);
        } else if !wanted.contains(&path) {
            std::fs::remove_file(&path).map_err(|cause| HubError::file(&path, cause))?;
        }
    }
    Ok(())
}

/// File lock that keeps other processes from pulling the same model. The system releases it if this
/// process dies.
struct PullLock {
    staging: PathBuf,
    path: PathBuf,
    _held: File,
}

impl PullLock {
    fn take(staging: &Path, name: &str) -> Result<Self, HubError> {
        std::fs::create_dir_all(staging).map_err(|cause| HubError::file(staging, cause))?;
        let path = staging.join(format!("{name}.lock"));
        let failed = |cause| HubError::file(&path, cause);
        loop {
            let file = File::create(&path).map_err(failed)?;
            match file.try_lock() {
                // The holder before may have removed the file after it was opened here. A lock on
                // a removed file excludes nobody, because others create a new one.
                Ok(()) if !is_at(&file, &path).map_err(failed)? => {}
                Ok(()) => return Ok(Self { staging: staging.to_owned(), path, _held: file }),
                Err(std::fs::TryLockError::WouldBlock) => {
                    return Err(HubError::Pulling { name: name.to_owned() });
                }
                Err(std::fs::TryLockError::Error(cause)) => return Err(failed(cause)),
            }
        }
    }
}

/// Whether an open file is the one at a path now.
fn is_at(file: &File, path: &Path) -> std::io::Result<bool> {
    let opened = file.metadata()?;
    match std::fs::metadata(path) {
        Ok(found) => Ok(found.ino() == opened.ino() && found.dev() == opened.dev()),
        Err(cause) if cause.kind() == std::io::ErrorKind::NotFound => Ok(false),
        Err(cause) => Err(cause),
    }
}

impl Drop for PullLock {
    fn drop(&mut self) {
        // The lock is still held, so this is the file of this pull; see `take`.
        let _ = std::fs::remove_file(&self.path);
        // Succeeds only if no other pull uses the folder.
        let _ = std::fs::remove_dir(&self.staging);
    }
}

#[cfg(test)]
mod stub;
#[cfg(test)]
mod tests;
