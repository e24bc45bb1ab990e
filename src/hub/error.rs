//! Errors of downloading, finding and checking model files.

use std::path::PathBuf;
use vitrine_base::units::Bytes;

/// Why a model was not downloaded, found or accepted. The message says what to do next.
#[derive(Debug, thiserror::Error)]
pub(crate) enum HubError {
    /// A file cannot be read or written.
    #[error("file `{}` cannot be read or written", path.display())]
    File {
        /// Path of the file.
        path: PathBuf,
        /// Error of the system.
        #[source]
        cause: std::io::Error,
    },
    /// An invalid name of a repository, file, revision or model.
    #[error("{what} `{found}` is invalid, allowed: {allowed}")]
    Name {
        /// Kind of name.
        what: &'static str,
        /// The name as given.
        found: String,
        /// Allowed form.
        allowed: &'static str,
    },
    /// No model of that name in the models folder, and no file or folder at that path.
    #[error(
        "no model `{name}` in `{}`: pull it with `vitrine models pull REPO --as {name}`, or name \
         one of: {present}",
        models_dir.display()
    )]
    Unknown {
        /// Name or path as given.
        name: String,
        /// The models folder.
        models_dir: PathBuf,
        /// Names of the models in it, or `none`.
        present: String,
    },
    /// A caller named a path that it may not name.
    #[error(
        "field `model`: expected a name under models.dir{}",
        match folders.as_slice() {
            [] => String::new(),
            _ => ", or a path in one of models.load_folders".to_owned(),
        }
    )]
    Outside {
        /// Folders from which callers may load by path.
        folders: Vec<PathBuf>,
    },
    /// The folder holds no model, or several.
    #[error(
        "folder `{}` holds {found}: expected one .gguf file, or config.json, tokenizer.json and \
         model.safetensors",
        path.display()
    )]
    Folder {
        /// Path of the folder.
        path: PathBuf,
        /// What it holds instead.
        found: String,
    },
    /// The model is of the wrong kind.
    #[error("model `{name}` can {found}, but a model that can {wanted} is needed here")]
    ModelTask {
        /// Name of the model.
        name: String,
        /// What it can do.
        found: &'static str,
        /// What is needed.
        wanted: &'static str,
    },
    /// The Hub returned an error status.
    #[error("{url} returned status {status}: {}", advice(*status, *retry_after_seconds))]
    Status {
        /// URL of the request.
        url: String,
        /// HTTP status.
        status: u16,
        /// `Retry-After` of the response, in seconds, if present.
        retry_after_seconds: Option<u64>,
    },
    /// The Hub cannot be reached, or the connection broke.
    #[error(
        "{url} cannot be reached: check the network or HF_ENDPOINT, then run the same command \
         again to resume the download"
    )]
    Unreachable {
        /// URL of the request.
        url: String,
        /// Error of the HTTP client.
        #[source]
        cause: reqwest::Error,
    },
    /// The Hub sent no byte for too long.
    #[error(
        "{url} sent nothing for {seconds} s; run the same command again to resume the download"
    )]
    Stalled {
        /// URL of the request.
        url: String,
        /// The limit, in seconds.
        seconds: u64,
    },
    /// The response is not a repository description.
    #[error("{url} did not return a list of files; check HF_ENDPOINT")]
    Listing {
        /// URL of the request.
        url: String,
    },
    /// The HTTP client cannot be built.
    #[error("HTTP client cannot be created for endpoint `{endpoint}`; check HF_ENDPOINT")]
    Client {
        /// Configured endpoint.
        endpoint: String,
        /// Error of the library.
        #[source]
        cause: Box<hf_hub::api::tokio::ApiError>,
    },
    /// The response ended before the announced size.
    #[error(
        "{url} ended after {bytes} of {expected_bytes} bytes; run the same command again to \
         resume the download"
    )]
    Short {
        /// URL of the request.
        url: String,
        /// Bytes present.
        bytes: u64,
        /// Bytes announced.
        expected_bytes: u64,
    },
    /// Offline mode, and the cache does not hold the repository.
    #[error(
        "offline (HF_HUB_OFFLINE): {repository} at `{revision}` is not in the cache `{}`; download \
         it once while online, or point HF_HOME to a cache that holds it",
        cache.display()
    )]
    Offline {
        /// Repository, `owner/name`.
        repository: String,
        /// Revision asked for.
        revision: String,
        /// Folder of the cache.
        cache: PathBuf,
    },
    /// Another process is downloading the same model.
    #[error("another process is pulling `{name}`: wait for it, or pull `--as` another name")]
    Pulling {
        /// Name of the model.
        name: String,
    },
    /// The repository holds no usable file.
    #[error(
        "{repository} holds {files} files but no model: expected a GGUF file, or config.json, \
         tokenizer.json and safetensors weights"
    )]
    NothingToPull {
        /// Repository, `owner/name`.
        repository: String,
        /// Number of files in it.
        files: usize,
    },
    /// The repository has weights only in a format that runs code.
    #[error(
        "{repository} holds its weights only as pickles ({count}: {named}), which are refused: \
         reading a pickle runs code from the file; look for a GGUF or safetensors version"
    )]
    OnlyPickles {
        /// Repository, `owner/name`.
        repository: String,
        /// Number of such files.
        count: usize,
        /// Some of their names.
        named: String,
    },
    /// The repository has no such file or quantisation.
    #[error("{repository} holds no `{wanted}`; available: {present}")]
    NotListed {
        /// Repository, `owner/name`.
        repository: String,
        /// File or quantisation asked for.
        wanted: String,
        /// Available files or quantisations.
        present: String,
    },
    /// The repository has several GGUF models, and none can be chosen safely.
    #[error("{repository} holds several models; choose one as REPO:FILE from: {files}")]
    Ambiguous {
        /// Repository, `owner/name`.
        repository: String,
        /// Their names.
        files: String,
    },
    /// Every model of the repository exceeds the memory budget.
    #[error(
        "none of the {models} models in {repository} fits: the smallest has {}, models.max_bytes \
         leaves {} beside the KV pages; name a file as REPO:FILE to download it anyway",
        Bytes(*smallest_bytes), Bytes(*bytes_max)
    )]
    NoneFits {
        /// Repository, `owner/name`.
        repository: String,
        /// Number of models.
        models: usize,
        /// Size of the smallest one, in bytes.
        smallest_bytes: u64,
        /// Largest size allowed, in bytes.
        bytes_max: u64,
    },
    /// The repository lacks some parts of the model.
    #[error("{repository} holds only {parts} parts of a model; the other parts are missing")]
    PartsMissing {
        /// Repository, `owner/name`.
        repository: String,
        /// Number of parts found.
        parts: usize,
    },
    /// The format of the file can run code when it is read.
    #[error(
        "`{file}` is refused: this format can run code when it is read; allowed are .gguf, \
         .safetensors, .json, .jinja, .txt, .md and .model"
    )]
    Unsafe {
        /// Name of the file.
        file: String,
    },
    /// The file exceeds its announced size or a limit.
    #[error("`{file}` has {bytes} bytes, limit is {bytes_max}")]
    TooLarge {
        /// Name of the file.
        file: String,
        /// Its size, in bytes.
        bytes: u64,
        /// Largest size allowed, in bytes.
        bytes_max: u64,
    },
    /// The file differs from its expected size or checksum.
    #[error(
        "`{}` is damaged: {found}, expected {expected}; remove it and pull again",
        path.display()
    )]
    Damaged {
        /// Path of the file.
        path: PathBuf,
        /// Size or checksum found.
        found: String,
        /// Size or checksum expected.
        expected: String,
    },
    /// The file does not start as its format requires.
    #[error("`{}` is not a {format} file: {reason}", path.display())]
    Format {
        /// Path of the file.
        path: PathBuf,
        /// Format by its file name.
        format: &'static str,
        /// What is wrong.
        reason: &'static str,
    },
    /// The checksum list has a malformed line.
    #[error("`{}` line {line} is malformed, expected `sha256  bytes  name`", path.display())]
    Manifest {
        /// Path of the list.
        path: PathBuf,
        /// Line number, from 1.
        line: usize,
    },
    /// A model of that name exists already.
    #[error("`{}` exists already: remove it first, or pull `--as` another name", path.display())]
    NameTaken {
        /// Its folder.
        path: PathBuf,
    },
}

/// Advice for an HTTP status.
fn advice(status: u16, retry_after_seconds: Option<u64>) -> String {
    match (status, retry_after_seconds) {
        (401, _) => "set HF_TOKEN to a valid token with read access".to_owned(),
        (403, _) => "HF_TOKEN has no access; a gated repository's terms must be accepted on its \
             page first"
            .to_owned(),
        (404, _) => "check repository, file and revision; a private one needs HF_TOKEN".to_owned(),
        (429, Some(seconds)) => format!("too many requests, retry in {seconds} s"),
        (429, None) => "too many requests, retry later".to_owned(),
        (500.., _) => {
            "the Hub failed; run the same command again to resume the download".to_owned()
        }
        _ => "the Hub rejected this request".to_owned(),
    }
}

impl HubError {
    /// Whether a retry of the same request can succeed.
    pub(crate) fn is_transient(&self) -> bool {
        match self {
            Self::Unreachable { .. } | Self::Stalled { .. } | Self::Short { .. } => true,
            Self::Status { status, .. } => matches!(status, 408 | 429 | 500..),
            _ => false,
        }
    }

    /// Wraps an error of the system about a file.
    pub(crate) fn file(path: &std::path::Path, cause: std::io::Error) -> Self {
        Self::File { path: path.to_owned(), cause }
    }
}
