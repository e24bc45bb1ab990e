//! What a store refuses or fails at, and what of it the layers above must tell apart.

use crate::record::RecordError;
use jiff::Timestamp;
use std::io;
use std::path::Path;
use std::path::PathBuf;
use std::sync::Arc;

/// Why a store refused or failed. One failed group is told to many waiters, so causes are shared.
#[derive(Debug, Clone, thiserror::Error)]
pub enum StoreError {
    /// The message id was used before, for another body.
    #[error("message id was used before for another body")]
    BodyDiffers,
    /// The thread was erased after this message was sent.
    #[error("thread was erased at {erased_at}")]
    Erased {
        /// When.
        erased_at: Timestamp,
    },
    /// The thread's record is larger than one may be.
    #[error("thread has {bytes} bytes, limit is {bytes_max}")]
    ThreadTooLarge {
        /// Encoded size.
        bytes: usize,
        /// The limit.
        bytes_max: usize,
    },
    /// The customer's record is larger than one may be.
    #[error("customer has {bytes} bytes, limit is {bytes_max}")]
    CustomerTooLarge {
        /// Encoded size.
        bytes: usize,
        /// The limit.
        bytes_max: usize,
    },
    /// The address is linked to another customer.
    #[error("the address is linked to another customer")]
    IdentityTaken,
    /// Too many jobs wait. Retrying later can help.
    #[error("{waiting_max} jobs wait, which is the limit")]
    JobsFull {
        /// The limit.
        waiting_max: usize,
    },
    /// The turn's record is larger than one may be.
    #[error("turn has {bytes} bytes, limit is {bytes_max}")]
    TurnTooLarge {
        /// Encoded size.
        bytes: usize,
        /// The limit.
        bytes_max: usize,
    },
    /// The disk has no room left, or the file may not grow. What was there is kept.
    #[error("disk is full")]
    DiskFull,
    /// The file or its folder cannot be written.
    #[error("thread file cannot be written, permission or disk is read-only")]
    ReadOnly,
    /// The disk failed.
    #[error("disk failed")]
    Disk {
        /// What the store below said.
        #[source]
        cause: Arc<redb::Error>,
    },
    /// The file is damaged; restore it from a copy.
    #[error("thread file is damaged")]
    Damaged {
        /// What the store below said; `None` if it broke off.
        #[source]
        cause: Option<Arc<redb::Error>>,
    },
    /// One record cannot be read.
    #[error("stored record cannot be read")]
    Record {
        /// Why.
        #[from]
        cause: RecordError,
    },
    /// Another process has the file.
    #[error("thread file {} is open in another process", path.display())]
    Locked {
        /// The file.
        path: PathBuf,
    },
    /// The file is something else.
    #[error("{} is not a thread file of this program", path.display())]
    Foreign {
        /// The file.
        path: PathBuf,
    },
    /// The file is of another version of this program.
    #[error("thread file has format {found}, supported is {supported}")]
    Format {
        /// Format found.
        found: u64,
        /// Format that this program reads and writes.
        supported: u64,
    },
    /// The file or its folder cannot be opened or made.
    #[error("thread file {} cannot be opened", path.display())]
    Open {
        /// The file.
        path: PathBuf,
        /// What the system said.
        #[source]
        cause: Arc<io::Error>,
    },
    /// An earlier failure stopped all writing; start again once it is mended.
    #[error("nothing is taken in since a failure: {cause}")]
    Stopped {
        /// The failure, which was logged with its own causes when it came.
        cause: Arc<StoreError>,
    },
    /// The store is shutting down.
    #[error("store is closed")]
    Closed,
}

impl StoreError {
    /// Whether the store as a whole has failed, not just this call.
    pub(super) fn stops_intake(&self) -> bool {
        match self {
            Self::DiskFull | Self::ReadOnly | Self::Disk { .. } | Self::Damaged { .. } => true,
            Self::BodyDiffers
            | Self::Erased { .. }
            | Self::ThreadTooLarge { .. }
            | Self::TurnTooLarge { .. }
            | Self::CustomerTooLarge { .. }
            | Self::IdentityTaken
            | Self::JobsFull { .. }
            | Self::Record { .. }
            | Self::Locked { .. }
            | Self::Foreign { .. }
            | Self::Format { .. }
            | Self::Open { .. }
            | Self::Stopped { .. }
            | Self::Closed => false,
        }
    }
}

/// Sorts an error of the store below.
pub(super) fn storage(cause: impl Into<redb::Error>) -> StoreError {
    let cause = cause.into();
    match &cause {
        redb::Error::Io(io) => match io.kind() {
            io::ErrorKind::StorageFull
            | io::ErrorKind::QuotaExceeded
            | io::ErrorKind::FileTooLarge => StoreError::DiskFull,
            io::ErrorKind::ReadOnlyFilesystem | io::ErrorKind::PermissionDenied => {
                StoreError::ReadOnly
            }
            io::ErrorKind::UnexpectedEof => StoreError::Damaged { cause: Some(Arc::new(cause)) },
            _ => StoreError::Disk { cause: Arc::new(cause) },
        },
        redb::Error::Corrupted(_)
        | redb::Error::TableTypeMismatch { .. }
        | redb::Error::TableIsMultimap(_)
        | redb::Error::TableDoesNotExist(_)
        | redb::Error::TypeDefinitionChanged { .. } => {
            StoreError::Damaged { cause: Some(Arc::new(cause)) }
        }
        _ => StoreError::Disk { cause: Arc::new(cause) },
    }
}

/// Sorts an error met while opening the file at `path`.
pub(super) fn opening(path: &Path, cause: redb::DatabaseError) -> StoreError {
    match redb::Error::from(cause) {
        redb::Error::DatabaseAlreadyOpen | redb::Error::LockProtocolMismatch => {
            StoreError::Locked { path: path.to_owned() }
        }
        redb::Error::Io(io) if io.kind() == io::ErrorKind::InvalidData => {
            StoreError::Foreign { path: path.to_owned() }
        }
        redb::Error::Io(io) if io.kind() == io::ErrorKind::NotFound => {
            StoreError::Open { path: path.to_owned(), cause: Arc::new(io) }
        }
        cause @ (redb::Error::RepairAborted | redb::Error::UpgradeRequired(_)) => {
            StoreError::Damaged { cause: Some(Arc::new(cause)) }
        }
        cause => storage(cause),
    }
}

/// Runs a call into the store below; a damaged file can make it break off, which must not take
/// the gateway with it.
pub(super) fn guarded<T>(call: impl FnOnce() -> Result<T, StoreError>) -> Result<T, StoreError> {
    std::panic::catch_unwind(std::panic::AssertUnwindSafe(call))
        .unwrap_or(Err(StoreError::Damaged { cause: None }))
}
