//! Parsing of pull sources (`REPO[:FILE]`) and of repository listings from the Hub.
//!
//! Invariants
//! - A name that leaves its folder, or a format that can run code, is refused here.

use crate::hub::error::HubError;
use crate::hub::layout;
use crate::hub::verify::stays_inside;

/// Extensions of formats that cannot run code.
const SAFE_EXTENSIONS: [&str; 7] = ["gguf", "safetensors", "json", "jinja", "txt", "model", "md"];

/// A file in a repository on the Hub.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct RemoteFile {
    /// Path inside the repository.
    pub(crate) name: String,
    /// Size in bytes; `None` if the Hub does not report it.
    pub(crate) bytes: Option<u64>,
    /// SHA-256, lower-case hexadecimal; the Hub reports it for large files only.
    pub(crate) sha256: Option<String>,
}

/// Parsed `REPO[:FILE]`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct PullSource {
    /// Repository, `owner/name`.
    pub repository: String,
    /// A file, or a quantisation such as `Q4_K_M`; `None` to choose a model automatically.
    pub file: Option<String>,
}

impl PullSource {
    /// Parses `REPO`, `REPO:FILE` or `REPO:QUANTISATION`.
    ///
    /// # Errors
    /// If the repository is not `owner/name`, the file leaves its folder, or its format can run
    /// code.
    pub(crate) fn parse(text: &str) -> Result<Self, HubError> {
        let (repository, file) = match text.split_once(':') {
            Some((repository, file)) => (repository, Some(file.to_owned())),
            None => (text, None),
        };
        let parts: Vec<&str> = repository.split('/').collect();
        if parts.len() != 2 || parts.iter().any(|part| layout::check_name(part).is_err()) {
            return Err(HubError::Name {
                what: "repository",
                found: repository.to_owned(),
                allowed: "owner/name, such as sentence-transformers/all-MiniLM-L6-v2",
            });
        }
        if let Some(file) = &file {
            check_file_name(file)?;
            // A name without a dot is a quantisation.
            if file.contains('.') {
                check_safe(file)?;
            }
        }
        Ok(Self { repository: repository.to_owned(), file })
    }

    /// Default name of the model: the last part of the repository.
    #[must_use]
    pub(crate) fn model_name(&self) -> &str {
        self.repository.rsplit('/').next().unwrap_or(&self.repository)
    }
}

pub(crate) fn check_file_name(name: &str) -> Result<(), HubError> {
    let plain =
        |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'-' | b'/' | b'+');
    if stays_inside(name) && name.bytes().all(plain) {
        return Ok(());
    }
    Err(HubError::Name {
        what: "file",
        found: name.to_owned(),
        allowed: "a relative path of letters, digits, dot, dash, plus, underscore and slash",
    })
}

/// Checks a revision: a branch, tag or commit.
pub(crate) fn check_revision(revision: &str) -> Result<(), HubError> {
    let plain =
        |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'-' | b'/');
    if stays_inside(revision) && revision.bytes().all(plain) {
        return Ok(());
    }
    Err(HubError::Name {
        what: "revision",
        found: revision.to_owned(),
        allowed: "a branch, tag or commit such as main",
    })
}

/// File extension without the dot; empty if there is none.
pub(crate) fn extension(name: &str) -> &str {
    let last = name.rsplit('/').next().unwrap_or(name);
    last.rsplit_once('.').map_or("", |(_, extension)| extension)
}

fn check_safe(name: &str) -> Result<(), HubError> {
    let extension = extension(name).to_ascii_lowercase();
    if SAFE_EXTENSIONS.contains(&extension.as_str()) {
        return Ok(());
    }
    Err(HubError::Unsafe { file: name.to_owned() })
}

/// Parses the Hub's description of a repository into its commit and files; `None` if it is
/// malformed.
pub(crate) fn parse_listing(value: &serde_json::Value) -> Option<(String, Vec<RemoteFile>)> {
    let commit = value.get("sha")?.as_str()?.to_owned();
    check_revision(&commit).ok()?;
    let files = value
        .get("siblings")?
        .as_array()?
        .iter()
        .filter_map(|file| {
            let large = file.get("lfs");
            let sha256 = large.and_then(|large| large.get("sha256")).and_then(|sha| sha.as_str());
            Some(RemoteFile {
                name: file.get("rfilename")?.as_str()?.to_owned(),
                bytes: file.get("size").and_then(serde_json::Value::as_u64),
                sha256: sha256.filter(|sha| sha.len() == 64).map(str::to_ascii_lowercase),
            })
        })
        .collect();
    Some((commit, files))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn formats_that_run_code_and_names_outside_the_folder_are_refused() {
        for file in ["model.bin", "model.pt", "model.pkl", "x.py", "a.gguf.pth"] {
            let refusal = PullSource::parse(&format!("a/b:{file}")).unwrap_err();
            assert!(matches!(refusal, HubError::Unsafe { .. }), "{file}");
        }
        for text in
            ["a", "a/b/c", "/b", "a/", "../b", "a/b:../c.json", "a/b:/c.json", "a/b:c?d.json"]
        {
            assert!(matches!(PullSource::parse(text), Err(HubError::Name { .. })), "{text}");
        }
        let source = PullSource::parse("a/b:sub/c.json").unwrap();
        assert_eq!((source.model_name(), source.file.as_deref()), ("b", Some("sub/c.json")));
        assert_eq!(PullSource::parse("a/b:Q4_K_M").unwrap().file.as_deref(), Some("Q4_K_M"));
        for revision in ["../x", "", "a b", "a?b"] {
            assert!(check_revision(revision).is_err(), "{revision}");
        }
    }

    #[test]
    fn the_hub_s_listing_is_read() {
        let value = serde_json::json!({"sha": "abc", "siblings": [
            {"rfilename": "a.json", "size": 3, "blobId": "x"},
            {"rfilename": "b.gguf", "size": 9, "lfs": {"sha256": "AB".repeat(32), "size": 9}},
            {"strange": true},
        ]});
        let (commit, files) = parse_listing(&value).unwrap();
        assert_eq!(commit, "abc");
        assert_eq!(files.len(), 2);
        assert_eq!((files[0].bytes, files[0].sha256.as_deref()), (Some(3), None));
        assert_eq!(files[1].sha256, Some("ab".repeat(32)));
        assert_eq!(parse_listing(&serde_json::json!({"sha": "../x", "siblings": []})), None);
        assert_eq!(parse_listing(&serde_json::json!([])), None);
    }
}
