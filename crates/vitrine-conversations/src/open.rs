//! Creates, opens and migrates the conversation file.
//!
//! A new file is written completely under a temporary name and only then linked to its own: a file
//! under that name always holds its tables. An empty or foreign file is therefore refused, never
//! initialised.

use crate::addresses;
use crate::error::StoreError;
use crate::error::catch_panic;
use crate::error::map_database_error;
use crate::error::map_open_error;
use crate::hot::HotOptions;
use crate::layout::ADDRESSES_ENTRY;
use crate::layout::ADDRESSES_VERSION;
use crate::layout::CONVERSATIONS;
use crate::layout::FILE_FORMAT;
use crate::layout::FILE_FORMAT_MIN;
use crate::layout::FORMAT_ENTRY;
use crate::layout::MESSAGES;
use crate::layout::META;
use crate::layout::TOMBSTONES;
use crate::layout::TURNS;
use crate::tables::WriteTables;
use redb::Builder;
use redb::Database;
use redb::ReadableDatabase;
use redb::ReadableTableMetadata;
use redb::StorageBackend;
use redb::TableError;
use std::fs;
use std::io;
use std::path::Path;
use std::path::PathBuf;
use std::sync::Arc;

/// How thoroughly the file is checked on opening.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OpenCheck {
    /// Checks all checksums only when a crash makes [`Recovery::Walk`] walk the file; with
    /// [`Recovery::Quick`] a crash needs no check. Recommended.
    AfterCrash,
    /// Checks all checksums every time: reads the whole file, and detects silent corruption.
    Always,
}

/// Trade-off between the cost of a commit and the start after a crash. Measured with
/// `benches/conversations.rs` on 40,000 conversations of six turns (570 MB), killed while writing:
/// the file opened after 5.7 s with `Walk`, after 12.5 ms with `Quick`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Recovery {
    /// One sync per group. After a crash the whole file is walked, 10 s per GB.
    Walk,
    /// Two syncs per group, because the allocation map is saved as well; after a crash the file
    /// opens at once. Recommended: a single write takes 4 ms longer, 64 concurrent writes take no
    /// longer.
    Quick,
}

impl Recovery {
    /// Parses the configured name; `None` if it is unknown.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        match name {
            "walk" => Some(Self::Walk),
            "quick" => Some(Self::Quick),
            _ => None,
        }
    }
}

/// Options of an embedded store.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EmbeddedOptions {
    /// Path of the file; missing folders are created.
    pub path: PathBuf,
    /// Page cache of the database, in bytes; recommended 64 MiB.
    pub cache_bytes: usize,
    /// Queue length in writes; a further write waits for room. Recommended 4,096.
    pub queue_writes_max: usize,
    /// Largest group, in writes; a group is one transaction. Recommended 1,024.
    pub group_writes_max: usize,
    /// Largest conversation record before packing, in bytes; recommended 64 KiB.
    pub conversation_bytes_max: usize,
    /// Largest turn record before packing, answer included, in bytes; recommended 256 KiB.
    pub turn_bytes_max: usize,
    /// Bounds of the in-memory cache of conversations.
    pub hot: HotOptions,
    /// What to check on opening.
    pub open_check: OpenCheck,
    /// How the file recovers after a crash.
    pub recovery: Recovery,
}

fn builder(options: &EmbeddedOptions) -> Builder {
    let mut builder = Builder::new();
    builder.set_cache_size(options.cache_bytes);
    builder.set_check_integrity_on_open(options.open_check == OpenCheck::Always);
    builder.set_repair_callback(|session| {
        let percent = session.progress() * 100.0;
        tracing::warn!(percent, "conversation file was not closed properly, repairing it");
    });
    builder
}

/// Opens the file of `options`, creating it if it is missing. On an error the file is left
/// unchanged.
///
/// # Errors
/// [`StoreError::Locked`], `Foreign`, `Format`, `Damaged`, `Open`, `ReadOnly`, `DiskFull` or
/// `Disk`.
pub(super) fn database(options: &EmbeddedOptions) -> Result<Database, StoreError> {
    let path = &options.path;
    let failed = |cause| StoreError::Open { path: path.clone(), cause: Arc::new(cause) };
    if !path.try_exists().map_err(failed)? {
        create(options)?;
    }
    catch_panic(|| {
        let database = builder(options).open(path).map_err(|cause| map_open_error(path, cause))?;
        check(&database, path)?;
        addresses::migrate(&database)?;
        // The file is locked now: what lies beside it was left behind by a crash.
        remove_staged(path);
        Ok(database)
    })
}

/// Removes incomplete files of earlier processes, which may hold records that were erased since.
fn remove_staged(path: &Path) {
    let Some(name) = path.file_name().and_then(|name| name.to_str()) else { return };
    let prefix = format!("{name}{STAGED}");
    let Ok(entries) = fs::read_dir(folder_of(path)) else { return };
    for entry in entries.flatten() {
        let left = entry.file_name().to_str().is_some_and(|name| name.starts_with(&prefix));
        if left && let Err(cause) = fs::remove_file(entry.path()) {
            let path = entry.path();
            tracing::warn!(path = %path.display(), %cause, "leftover file cannot be removed");
        }
    }
}

/// Opens a database on another backend than a file, such as memory; initialises it if it is empty.
pub(super) fn on_backend(
    options: &EmbeddedOptions,
    backend: impl StorageBackend,
) -> Result<Database, StoreError> {
    let empty = backend.len().map_err(map_database_error)? == 0;
    let database = builder(options).create_with_backend(backend).map_err(map_database_error)?;
    if empty {
        initialize(&database)?;
    }
    check(&database, &options.path)?;
    addresses::migrate(&database)?;
    Ok(database)
}

/// Creates the file under a temporary name and links it to its own. If another process is faster,
/// its file is used.
fn create(options: &EmbeddedOptions) -> Result<(), StoreError> {
    let path = &options.path;
    let failed = |cause: io::Error| match cause.kind() {
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => StoreError::DiskFull,
        _ => StoreError::Open { path: path.clone(), cause: Arc::new(cause) },
    };
    let folder = folder_of(path);
    fs::create_dir_all(folder).map_err(failed)?;
    let staged = staged(path);
    let made = catch_panic(|| create_at(options, &staged).map(drop));
    let linked = made.and_then(|()| match fs::hard_link(&staged, path) {
        Err(cause) if cause.kind() == io::ErrorKind::AlreadyExists => Ok(()),
        // Some file systems have no hard links. There the file is renamed, and two creators would
        // race.
        Err(_) => fs::rename(&staged, path).map_err(failed),
        Ok(()) => Ok(()),
    });
    match fs::remove_file(&staged) {
        Err(cause) if cause.kind() != io::ErrorKind::NotFound => {
            tracing::warn!(path = %staged.display(), %cause, "temporary file could not be removed");
        }
        _ => {}
    }
    linked?;
    // The directory entry must survive a crash as well.
    fs::File::open(folder).and_then(|folder| folder.sync_all()).map_err(failed)
}

/// Precedes the process id in the temporary name of a file.
const STAGED: &str = ".new-";

/// Temporary name of a file that is being written.
pub(super) fn staged(path: &Path) -> PathBuf {
    let mut staged = path.to_owned().into_os_string();
    staged.push(format!("{STAGED}{}", std::process::id()));
    PathBuf::from(staged)
}

/// Folder that contains the file.
pub(super) fn folder_of(path: &Path) -> &Path {
    match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    }
}

/// Creates a database with empty tables in a new file; the file must not exist.
pub(super) fn create_at(options: &EmbeddedOptions, path: &Path) -> Result<Database, StoreError> {
    let database = builder(options).create(path).map_err(|cause| map_open_error(path, cause))?;
    initialize(&database)?;
    Ok(database)
}

fn initialize(database: &Database) -> Result<(), StoreError> {
    let transaction = database.begin_write().map_err(map_database_error)?;
    {
        let mut tables = WriteTables::open(&transaction)?;
        tables.meta.insert(FORMAT_ENTRY, FILE_FORMAT).map_err(map_database_error)?;
        if tables.customers.is_empty().map_err(map_database_error)? {
            // There is no address to migrate.
            tables.meta.insert(ADDRESSES_ENTRY, ADDRESSES_VERSION).map_err(map_database_error)?;
        }
    }
    transaction.commit().map_err(map_database_error)
}

/// Refuses a file of another program or of a newer format, and migrates an older one.
fn check(database: &Database, path: &Path) -> Result<(), StoreError> {
    let transaction = database.begin_read().map_err(map_database_error)?;
    let foreign = || StoreError::Foreign { path: path.to_owned() };
    let meta = match transaction.open_table(META) {
        Err(TableError::Storage(cause)) => return Err(map_database_error(cause)),
        Err(_) => return Err(foreign()),
        Ok(meta) => meta,
    };
    let found = meta.get(FORMAT_ENTRY).map_err(map_database_error)?.ok_or_else(foreign)?.value();
    if !(FILE_FORMAT_MIN..=FILE_FORMAT).contains(&found) {
        return Err(StoreError::Format { found, supported: FILE_FORMAT });
    }
    transaction.open_table(CONVERSATIONS).map_err(map_database_error)?;
    transaction.open_table(TURNS).map_err(map_database_error)?;
    transaction.open_table(MESSAGES).map_err(map_database_error)?;
    transaction.open_table(TOMBSTONES).map_err(map_database_error)?;
    drop(meta);
    if found < FILE_FORMAT {
        tracing::info!(found, now = FILE_FORMAT, "migrating the conversation file");
        // Later formats only add tables and a record format; old records stay readable.
        initialize(database)?;
    }
    Ok(())
}
