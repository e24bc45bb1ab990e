//! Errors of the store and of its records, as far as the layers above must distinguish them, and
//! their mapping from errors of redb.

use jiff::Timestamp;
use std::io;
use std::path::Path;
use std::path::PathBuf;
use std::sync::Arc;

/// Why the store refused or failed. Every caller of a failed group gets the same error, so causes
/// are in an `Arc`.
#[derive(Debug, Clone, thiserror::Error)]
pub enum StoreError {
    /// The message id was used before with another request body.
    #[error("message id was already used with another request body")]
    BodyDiffers,
    /// The conversation or the customer was erased after this message was sent.
    #[error("conversation was erased at {erased_at}; messages sent before that are refused")]
    Erased {
        /// Time of the erasure.
        erased_at: Timestamp,
    },
    /// The conversation record exceeds its size limit.
    #[error("conversation record has {bytes} bytes, limit is {bytes_max}")]
    ConversationTooLarge {
        /// Size before packing, in bytes.
        bytes: usize,
        /// The limit, in bytes.
        bytes_max: usize,
    },
    /// The dialogue state of the conversation exceeds its size limit.
    #[error("dialogue state has {bytes} bytes, limit is {bytes_max}")]
    DialogueTooLarge {
        /// Its size, in bytes.
        bytes: usize,
        /// The limit, in bytes.
        bytes_max: usize,
    },
    /// The customer record exceeds its size limit.
    #[error("customer record has {bytes} bytes, limit is {bytes_max}")]
    CustomerTooLarge {
        /// Encoded size, in bytes.
        bytes: usize,
        /// The limit, in bytes.
        bytes_max: usize,
    },
    /// The address is linked to another customer.
    #[error("address is already linked to another customer")]
    IdentityTaken,
    /// The job queue is full. Retrying later can help.
    #[error("job queue is full at {waiting_max} waiting jobs; retry later")]
    JobsFull {
        /// The limit, in jobs.
        waiting_max: usize,
    },
    /// The turn record exceeds its size limit.
    #[error("turn record has {bytes} bytes, limit is {bytes_max}")]
    TurnTooLarge {
        /// Size before packing, in bytes.
        bytes: usize,
        /// The limit, in bytes.
        bytes_max: usize,
    },
    /// The disk is full, or the file may not grow. Stored records are kept.
    #[error("disk is full")]
    DiskFull,
    /// The file or its folder cannot be written.
    #[error("conversation file cannot be written: no permission, or the disk is read-only")]
    ReadOnly,
    /// The disk failed.
    #[error("disk failed")]
    Disk {
        /// Error of the database.
        #[source]
        cause: Arc<redb::Error>,
    },
    /// The file is damaged; only a backup helps.
    #[error("conversation file is damaged; restore it from a backup")]
    Damaged {
        /// Error of the database; `None` if it panicked or a record is missing.
        #[source]
        cause: Option<Arc<redb::Error>>,
    },
    /// One stored record cannot be decoded.
    #[error("stored record cannot be decoded")]
    Record {
        /// Why.
        #[from]
        cause: RecordError,
    },
    /// Another process holds the file.
    #[error("conversation file {} is open in another process", path.display())]
    Locked {
        /// Path of the file.
        path: PathBuf,
    },
    /// The file belongs to another program.
    #[error("{} is not a conversation file of vitrine", path.display())]
    Foreign {
        /// Path of the file.
        path: PathBuf,
    },
    /// The file was written by an incompatible version of the gateway.
    #[error("conversation file has format {found}, supported is up to {supported}")]
    Format {
        /// Format of the file.
        found: u64,
        /// Newest format that this version supports.
        supported: u64,
    },
    /// The file or its folder cannot be opened or created.
    #[error("conversation file {} cannot be opened", path.display())]
    Open {
        /// Path of the file.
        path: PathBuf,
        /// Error of the system.
        #[source]
        cause: Arc<io::Error>,
    },
    /// The store is read-only since an earlier failure of the disk. It tries again by itself,
    /// unless its file is damaged.
    #[error("store refuses writes since a failure: {cause}")]
    Stopped {
        /// The earlier failure; it was logged with its own causes when it happened.
        cause: Arc<StoreError>,
    },
    /// The store is shutting down.
    #[error("store is closed")]
    Closed,
}

/// Why stored bytes cannot be decoded.
#[derive(Debug, Clone, thiserror::Error)]
pub enum RecordError {
    /// The record was written by a newer version of the gateway.
    #[error("record has format {found}, supported is up to {supported}")]
    Format {
        /// Format byte found.
        found: u8,
        /// Newest format supported for this kind of record.
        supported: u8,
    },
    /// A stored time is outside the calendar.
    #[error("record has an invalid time: {microseconds} us since 1970")]
    Time {
        /// Microseconds since 1970, as found.
        microseconds: i64,
    },
    /// The packed part is not a valid LZ4 block.
    #[error("packed part of the record is not a valid LZ4 block")]
    Packing {
        /// Error of the decompressor.
        #[source]
        cause: Arc<lz4_flex::block::DecompressError>,
    },
    /// The record is shorter than its layout.
    #[error("record has {bytes} bytes, its layout needs {bytes_needed}")]
    Short {
        /// Length found, in bytes.
        bytes: usize,
        /// Length needed, in bytes.
        bytes_needed: usize,
    },
    /// The JSON part does not match this format.
    #[error("JSON of the record is malformed")]
    Malformed {
        /// Error of the JSON parser.
        #[source]
        cause: Arc<serde_json::Error>,
    },
}

impl From<serde_json::Error> for RecordError {
    fn from(cause: serde_json::Error) -> Self {
        Self::Malformed { cause: Arc::new(cause) }
    }
}

impl StoreError {
    /// Whether the store may work again without a restart: the disk may have room again, or be
    /// writable again. A damaged file needs a person.
    #[must_use]
    pub fn may_recover(&self) -> bool {
        match self {
            Self::Stopped { cause } => cause.may_recover(),
            Self::Damaged { .. } => false,
            Self::BodyDiffers
            | Self::Erased { .. }
            | Self::ConversationTooLarge { .. }
            | Self::DialogueTooLarge { .. }
            | Self::CustomerTooLarge { .. }
            | Self::IdentityTaken
            | Self::JobsFull { .. }
            | Self::TurnTooLarge { .. }
            | Self::DiskFull
            | Self::ReadOnly
            | Self::Disk { .. }
            | Self::Record { .. }
            | Self::Locked { .. }
            | Self::Foreign { .. }
            | Self::Format { .. }
            | Self::Open { .. }
            | Self::Closed => true,
        }
    }

    /// Whether the failure makes the store read-only, not just this call fail.
    pub(super) fn stops_intake(&self) -> bool {
        match self {
            Self::DiskFull | Self::ReadOnly | Self::Disk { .. } | Self::Damaged { .. } => true,
            Self::BodyDiffers
            | Self::Erased { .. }
            | Self::ConversationTooLarge { .. }
            | Self::DialogueTooLarge { .. }
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

/// Maps an error of the database.
pub(super) fn map_database_error(cause: impl Into<redb::Error>) -> StoreError {
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
        // A read that began before the file was rewritten or opened again.
        redb::Error::DatabaseClosed => StoreError::Closed,
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

/// Maps an error met while opening the file at `path`.
pub(super) fn map_open_error(path: &Path, cause: redb::DatabaseError) -> StoreError {
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
        cause => map_database_error(cause),
    }
}

/// Runs a call into the database. Turns a panic into [`StoreError::Damaged`], because a damaged
/// file can cause one and must not end the gateway.
pub(super) fn catch_panic<T>(
    call: impl FnOnce() -> Result<T, StoreError>,
) -> Result<T, StoreError> {
    std::panic::catch_unwind(std::panic::AssertUnwindSafe(call))
        .unwrap_or(Err(StoreError::Damaged { cause: None }))
}
