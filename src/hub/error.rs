//! Every way in which fetching, finding or checking a model's files can fail.

use std::path::PathBuf;

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
    /// The Hub did not answer as expected.
    #[error(
        "{url} answered {status}: for 401 or 403 set HF_TOKEN, for 404 check repository, file and \
         revision"
    )]
    Status {
        /// What was asked for.
        url: String,
        /// HTTP status.
        status: u16,
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
    /// Nothing in the repository can be used.
    #[error(
        "{repository} holds {files} files, none that is wanted: name one GGUF file as REPO:FILE, \
         safetensors are needed for encoders; pickled weights are refused because they run code"
    )]
    NothingToPull {
        /// Which repository.
        repository: String,
        /// Files listed.
        files: usize,
    },
    /// Several GGUF files, one must be chosen.
    #[error("{repository} holds several models, choose one as REPO:FILE: {files}")]
    Ambiguous {
        /// Which repository.
        repository: String,
        /// Their names.
        files: String,
    },
    /// A pickle or another format that runs code when it is read.
    #[error(
        "`{file}` is refused: this format can run code, only .gguf, .safetensors, .json, .txt \
             and .model are taken"
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

impl HubError {
    /// Wraps what the system said about a file.
    pub(crate) fn file(path: &std::path::Path, cause: std::io::Error) -> Self {
        Self::File { path: path.to_owned(), cause }
    }
}
