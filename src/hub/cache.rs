//! Lookup of files in the Hugging Face cache, where other tools may have downloaded them.
//!
//! Read-only: the cache is never written.
//!
//! Source: the cache layout of huggingface_hub (`refs`, `snapshots`, `blobs`).

use crate::hub::listing::RemoteFile;
use crate::hub::listing::check_revision;
use hf_hub::Repo;
use hf_hub::RepoType;
use std::path::Path;
use std::path::PathBuf;

/// Limits on the walk of a snapshot: files listed, and depth of folders.
const FILES_MAX: usize = 10_000;
const DEPTH_MAX: usize = 8;

/// One repository in the cache.
#[derive(Debug, Clone)]
pub(crate) struct CachedRepository {
    folder: PathBuf,
}

impl CachedRepository {
    /// The folder of `repository` under the cache `root` (`HF_HOME/hub`); it need not exist.
    pub(crate) fn new(root: &Path, repository: &str) -> Self {
        let repo = Repo::new(repository.to_owned(), RepoType::Model);
        Self { folder: root.join(repo.folder_name()) }
    }

    /// The commit that a revision resolved to when it was downloaded, and the files of it that are
    /// cached; `None` if there are none.
    pub(crate) fn listing(&self, revision: &str) -> Option<(String, Vec<RemoteFile>)> {
        check_revision(revision).ok()?;
        let reference = std::fs::read_to_string(self.folder.join("refs").join(revision));
        let commit = reference.map_or_else(|_| revision.to_owned(), |text| text.trim().to_owned());
        check_revision(&commit).ok()?;
        let snapshot = self.snapshot(&commit);
        let mut files = Vec::new();
        collect(&snapshot, "", DEPTH_MAX, &mut files);
        (!files.is_empty()).then_some((commit, files))
    }

    /// Path of a file of a commit, if it is cached.
    pub(crate) fn file(&self, commit: &str, file: &RemoteFile) -> Option<PathBuf> {
        let blob = file.sha256.as_ref().map(|sha256| self.folder.join("blobs").join(sha256));
        let places = blob.into_iter().chain([self.snapshot(commit).join(&file.name)]);
        places.into_iter().find(|path| path.is_file())
    }

    fn snapshot(&self, commit: &str) -> PathBuf {
        self.folder.join("snapshots").join(commit)
    }
}

/// Adds the files under `folder`, named relative to the snapshot.
fn collect(folder: &Path, prefix: &str, depth: usize, files: &mut Vec<RemoteFile>) {
    let Ok(entries) = std::fs::read_dir(folder) else { return };
    for entry in entries.flatten() {
        let path = entry.path();
        let Ok(name) = entry.file_name().into_string() else { continue };
        let name = format!("{prefix}{name}");
        if path.is_dir() && depth > 0 {
            collect(&path, &format!("{name}/"), depth - 1, files);
        } else if let Ok(found) = std::fs::metadata(&path)
            && found.is_file()
            && files.len() < FILES_MAX
        {
            let (bytes, sha256) = (Some(found.len()), blob_checksum(&path));
            files.push(RemoteFile { name, bytes, sha256 });
        }
    }
}

/// The checksum of a large file: it is a symbolic link to a blob named by its SHA-256.
fn blob_checksum(path: &Path) -> Option<String> {
    let blob = std::fs::read_link(path).ok()?;
    let name = blob.file_name()?.to_str()?;
    let is_sha256 = name.len() == 64 && name.bytes().all(|byte| byte.is_ascii_hexdigit());
    is_sha256.then(|| name.to_ascii_lowercase())
}
