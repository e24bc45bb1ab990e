//! Options and progress events of a pull.

use crate::hub::error::HubError;
use std::path::PathBuf;
use std::time::Duration;
use vitrine_base::units::Bytes;

/// Where to download from, and limits.
#[derive(Debug, Clone)]
pub(crate) struct PullOptions {
    /// URL of the Hub, usually `https://huggingface.co`; `HF_ENDPOINT` overrides it.
    pub endpoint: String,
    /// Access token for private or gated repositories (`HF_TOKEN`).
    pub token: Option<String>,
    /// Folder of the Hugging Face cache (`HF_HOME/hub`); `None` to ignore it.
    pub cache: Option<PathBuf>,
    /// Whether the Hub may be contacted.
    pub network: Network,
    /// Largest file; recommended 64 GiB.
    pub file_bytes_max: Bytes,
    /// Largest model to choose automatically from a repository that has several.
    pub model_bytes_max: Bytes,
    /// Longest time without a byte from the Hub; recommended 30 s.
    pub stall: Duration,
    /// Consecutive attempts without progress; recommended 5.
    pub tries_max: u32,
    /// Delay before the second attempt, doubled for each later one; recommended 1 s.
    pub retry_wait: Duration,
    /// Longest delay before an attempt; if the Hub asks for more, the pull fails. Recommended 60 s.
    pub retry_wait_max: Duration,
}

/// Whether the Hub may be contacted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Network {
    /// Files may be downloaded.
    Allowed,
    /// Only the cache is used (`HF_HUB_OFFLINE`).
    Offline,
}

/// Progress event of a pull.
#[derive(Debug)]
pub(crate) enum PullProgress<'a> {
    /// A model was chosen among several.
    Chosen {
        /// The chosen model, and why.
        reason: &'a str,
    },
    /// A file starts, or resumes at `done_bytes`.
    Started {
        /// Path of the file in the repository.
        file: &'a str,
        /// Bytes present already.
        done_bytes: u64,
        /// Size of the file in bytes; `None` if the Hub does not report it.
        total_bytes: Option<u64>,
    },
    /// Bytes of the current file arrived.
    Received {
        /// Number of bytes since the last event.
        bytes: u64,
    },
    /// An attempt failed; another one follows.
    Waiting {
        /// Delay before the next attempt.
        wait: Duration,
        /// Why the attempt failed.
        reason: &'a HubError,
    },
    /// The current file is complete.
    Finished,
}

/// Callback for progress events.
pub(crate) type PullListener<'a> = &'a mut (dyn FnMut(PullProgress<'_>) + Send);
