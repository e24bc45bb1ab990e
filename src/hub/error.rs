//! Every way in which fetching, finding or checking a model's files can fail.

use std::path::PathBuf;
use vitrine_base::units::Bytes;

/// Why a model was not fetched, found or accepted; the message says what to do next.
#[derive(Debug, thiserror::Error)]
pub enum HubError {
    /// A file could not be read or written.
    #[error("file `{}` cannot be used", path.display())]
    File {
        /// Which one.
        path: PathBuf,
        /// What the system said.
        #[source]
        cause: std::io::Error,
    },
    /// Not a name of a repository, file, revision or model.
    #[error("{what} `{found}` is not valid, allowed is {allowed}")]
    Name {
        /// What kind of name.
        what: &'static str,
        /// What was found.
        found: String,
        /// What is allowed.
        allowed: &'static str,
    },
    /// Neither a folder under the models folder nor a path.
    #[error(
        "no model `{name}` in `{}`: pull it with `vitrine models pull REPO --as {name}`, or name \
         one of: {present}",
        models_dir.display()
    )]
    Unknown {
        /// What was asked for.
        name: String,
        /// Where it was looked for.
        models_dir: PathBuf,
        /// The models that are there, or `none`.
        present: String,
    },
    /// A folder holds no model, or more than one.
    #[error(
        "folder `{}` holds {found}: expected one .gguf file, or config.json, tokenizer.json and \
         model.safetensors",
        path.display()
    )]
    Folder {
        /// Which folder.
        path: PathBuf,
        /// What it holds instead.
        found: &'static str,
    },
    /// A model of the other kind is there.
    #[error("model `{name}` can {found}, but something that can {wanted} is needed here")]
    Task {
        /// Which model.
        name: String,
        /// What it is for.
        found: &'static str,
        /// What was asked for.
        wanted: &'static str,
    },
    /// The Hub refused or failed.
    #[error("{url} answered {status}: {}", advice(*status, *retry_after_seconds))]
    Status {
        /// What was asked for.
        url: String,
        /// HTTP status.
        status: u16,
        /// When to come back, where the Hub says it.
        retry_after_seconds: Option<u64>,
    },
    /// The Hub could not be reached, or went silent.
    #[error(
        "{url} cannot be reached: check the network or HF_ENDPOINT; running the same command again \
         continues where this one stopped"
    )]
    Unreachable {
        /// What was asked for.
        url: String,
        /// What the network said.
        #[source]
        cause: reqwest::Error,
    },
    /// No byte came for too long.
    #[error(
        "{url} sent nothing for {seconds} s; running the same command again continues where this \
         one stopped"
    )]
    Stalled {
        /// What was asked for.
        url: String,
        /// How long, in seconds.
        seconds: u64,
    },
    /// The Hub's answer is not what the interface promises.
    #[error("{url} answered something else than a list of files")]
    Listing {
        /// What was asked for.
        url: String,
    },
    /// The client could not be set up from its settings.
    #[error("the Hub client cannot be set up for endpoint `{endpoint}`")]
    Client {
        /// The endpoint.
        endpoint: String,
        /// What the library said.
        #[source]
        cause: Box<hf_hub::api::tokio::ApiError>,
    },
    /// A file ended before its announced size.
    #[error(
        "{url} ended after {bytes} of {expected_bytes} bytes; running the same command again \
         continues where this one stopped"
    )]
    Short {
        /// What was asked for.
        url: String,
        /// Bytes that are here.
        bytes: u64,
        /// Bytes announced.
        expected_bytes: u64,
    },
    /// Nothing may be fetched, and the cache does not have it.
    #[error(
        "offline (HF_HUB_OFFLINE): {repository} at `{revision}` is not in the cache `{}`; fetch it \
         once with the network, or point HF_HOME to a cache that holds it",
        cache.display()
    )]
    Offline {
        /// Which repository.
        repository: String,
        /// Which revision.
        revision: String,
        /// Where it was looked for.
        cache: PathBuf,
    },
    /// Another process is fetching the same model.
    #[error("another process is pulling `{name}`: wait for it, or pull `--as` another name")]
    Pulling {
        /// Which model.
        name: String,
    },
    /// Nothing in the repository can be used.
    #[error(
        "{repository} holds {files} files, none that is wanted: a GGUF file, or config.json, \
         tokenizer.json and safetensors"
    )]
    NothingToPull {
        /// Which repository.
        repository: String,
        /// Files listed.
        files: usize,
    },
    /// The repository has weights, but only in a format that runs code.
    #[error(
        "{repository} holds its weights only as pickles ({count}: {named}), which are refused: \
         reading a pickle runs code that the file brings; look for a GGUF or safetensors edition"
    )]
    OnlyPickles {
        /// Which repository.
        repository: String,
        /// How many.
        count: usize,
        /// Some of their names.
        named: String,
    },
    /// Neither a file nor a quantisation of the repository.
    #[error("{repository} holds no `{wanted}`, but: {present}")]
    NotListed {
        /// Which repository.
        repository: String,
        /// What was asked for.
        wanted: String,
        /// What is there.
        present: String,
    },
    /// Several GGUF files, one must be chosen.
    #[error("{repository} holds several models, choose one as REPO:FILE: {files}")]
    Ambiguous {
        /// Which repository.
        repository: String,
        /// Their names.
        files: String,
    },
    /// Every model of the repository is larger than what may be loaded.
    #[error(
        "none of the {models} models in {repository} fits: the smallest has {}, models.max_bytes \
         leaves {} beside the KV pages; name a file to take it all the same",
        Bytes(*smallest_bytes), Bytes(*bytes_max)
    )]
    NoneFits {
        /// Which repository.
        repository: String,
        /// How many there are.
        models: usize,
        /// The smallest one's size.
        smallest_bytes: u64,
        /// Largest that fits.
        bytes_max: u64,
    },
    /// A model in parts, not all of which are there.
    #[error("{repository} holds {parts} parts of a model, but not all")]
    PartsMissing {
        /// Which repository.
        repository: String,
        /// How many are there.
        parts: usize,
    },
    /// A pickle or another format that runs code when it is read.
    #[error(
        "`{file}` is refused: this format can run code when it is read, only .gguf, .safetensors, \
         .json, .jinja, .txt, .md and .model are taken"
    )]
    Unsafe {
        /// Which file.
        file: String,
    },
    /// More bytes than announced or allowed.
    #[error("`{file}` has {bytes} bytes, limit is {bytes_max}")]
    TooLarge {
        /// Which file.
        file: String,
        /// Its size.
        bytes: u64,
        /// Largest allowed.
        bytes_max: u64,
    },
    /// A file differs from its checksum or size.
    #[error(
        "`{}` is damaged: {found} where {expected} is expected; remove it and pull again",
        path.display()
    )]
    Damaged {
        /// Which file.
        path: PathBuf,
        /// Checksum or size found.
        found: String,
        /// Checksum or size expected.
        expected: String,
    },
    /// A file does not begin as its format does.
    #[error("`{}` is not a {format} file: {reason}", path.display())]
    Format {
        /// Which file.
        path: PathBuf,
        /// Which format its name claims.
        format: &'static str,
        /// What is wrong.
        reason: &'static str,
    },
    /// The checksum list has a line that cannot be read.
    #[error("`{}` line {line} is not `sha256  bytes  name`", path.display())]
    Manifest {
        /// Which list.
        path: PathBuf,
        /// The line, from 1.
        line: usize,
    },
    /// A model of that name exists already.
    #[error("`{}` exists already: remove it first, or pull `--as` another name", path.display())]
    Taken {
        /// Its folder.
        path: PathBuf,
    },
}

/// What to do about an HTTP status.
fn advice(status: u16, retry_after_seconds: Option<u64>) -> String {
    match (status, retry_after_seconds) {
        (401, _) => "set HF_TOKEN to a token that is valid and may read it".to_owned(),
        (403, _) => "HF_TOKEN may not read it; a gated repository's terms must be accepted on its \
             page first"
            .to_owned(),
        (404, _) => "check repository, file and revision; a private one needs HF_TOKEN".to_owned(),
        (429, Some(seconds)) => format!("too many requests, come back in {seconds} s"),
        (429, None) => "too many requests, come back later".to_owned(),
        (500.., _) => "the Hub has trouble; running the same command again continues where this \
             one stopped"
            .to_owned(),
        _ => "the Hub does not accept this request".to_owned(),
    }
}

impl HubError {
    /// Whether the same request can succeed a moment later.
    pub(crate) fn is_passing(&self) -> bool {
        match self {
            Self::Unreachable { .. } | Self::Stalled { .. } | Self::Short { .. } => true,
            Self::Status { status, .. } => matches!(status, 408 | 429 | 500..),
            _ => false,
        }
    }

    /// Wraps what the system said about a file.
    pub(crate) fn file(path: &std::path::Path, cause: std::io::Error) -> Self {
        Self::File { path: path.to_owned(), cause }
    }
}
