//! Makes and opens the thread file, and refuses what is not one.
//!
//! A new file is made aside, written whole, and only then given its name: a file under that name
//! always holds its tables, so an empty or foreign one is refused instead of being taken for new.

use crate::HotOptions;
use crate::StoreError;
use crate::error::guarded;
use crate::error::opening;
use crate::error::storage;
use crate::layout::FILE_FORMAT;
use crate::layout::FILE_FORMAT_MIN;
use crate::layout::FORMAT_ENTRY;
use crate::layout::MESSAGES;
use crate::layout::META;
use crate::layout::THREADS;
use crate::layout::TOMBSTONES;
use crate::layout::TURNS;
use crate::tables::Tables;
use redb::Builder;
use redb::Database;
use redb::ReadableDatabase;
use redb::StorageBackend;
use redb::TableError;
use std::fs;
use std::io;
use std::path::Path;
use std::path::PathBuf;
use std::sync::Arc;

/// How thoroughly the file is checked when it is opened.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OpenCheck {
    /// Checksums of everything, but only if the file was not closed properly. Recommended.
    AfterCrash,
    /// Checksums of everything, every time: reads the whole file, finds decay at rest.
    Always,
}

/// What a commit pays for a fast start after a crash. Measured with `benches/threads` on 40,000
/// threads of six turns (570 MB), killed while writing: open again after 5.7 s or 12.5 ms.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Recovery {
    /// One sync a group; after a crash the whole file is walked, 10 s a GB.
    Walk,
    /// Two syncs a group, and the map of the file's pages with it; after a crash the file opens at
    /// once. Recommended: a write that is alone takes 4 ms longer, 64 at once are as fast.
    Quick,
}

impl Recovery {
    /// The configured name of either.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        match name {
            "walk" => Some(Self::Walk),
            "quick" => Some(Self::Quick),
            _ => None,
        }
    }
}

/// Where and how an embedded store keeps its threads.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EmbeddedOptions {
    /// The file; its folder is made if missing.
    pub path: PathBuf,
    /// Bytes of file pages kept in memory; recommended 64 MiB.
    pub cache_bytes: usize,
    /// Writes that may wait for their group; a further one waits for room. Recommended 1,024.
    pub queue_writes_max: usize,
    /// Writes in one group, that is one transaction and one sync; recommended 256.
    pub group_writes_max: usize,
    /// Bytes of one encoded thread; recommended 64 KiB.
    pub thread_bytes_max: usize,
    /// Bytes of one encoded turn, its answer included; recommended 256 KiB.
    pub turn_bytes_max: usize,
    /// Threads held in memory.
    pub hot: HotOptions,
    /// What to check when opening.
    pub open_check: OpenCheck,
    /// What to pay for a fast start after a crash.
    pub recovery: Recovery,
}

fn builder(options: &EmbeddedOptions) -> Builder {
    let mut builder = Builder::new();
    builder.set_cache_size(options.cache_bytes);
    builder.set_check_integrity_on_open(options.open_check == OpenCheck::Always);
    builder.set_repair_callback(|session| {
        let percent = session.progress() * 100.0;
        tracing::warn!(percent, "thread file was not closed properly, repairing it");
    });
    builder
}

/// Opens the file of `options`, or makes it if there is none.
///
/// # Errors
/// [`StoreError::Locked`], `Foreign`, `Format`, `Damaged`, `Open`, `ReadOnly`, `DiskFull` or
/// `Disk`, each with the reason; the file is left as it was.
pub(super) fn database(options: &EmbeddedOptions) -> Result<Database, StoreError> {
    let path = &options.path;
    let failed = |cause| StoreError::Open { path: path.clone(), cause: Arc::new(cause) };
    if !path.try_exists().map_err(failed)? {
        create(options)?;
    }
    guarded(|| {
        let database = builder(options).open(path).map_err(|cause| opening(path, cause))?;
        check(&database, path)?;
        Ok(database)
    })
}

/// A store on something else than a file, such as memory; made if it is empty.
pub(super) fn on_backend(
    options: &EmbeddedOptions,
    backend: impl StorageBackend,
) -> Result<Database, StoreError> {
    let empty = backend.len().map_err(storage)? == 0;
    let database = builder(options).create_with_backend(backend).map_err(storage)?;
    if empty {
        initialize(&database)?;
    }
    check(&database, &options.path)?;
    Ok(database)
}

/// Makes the file aside and links it under its name; another process may win, which is as well.
fn create(options: &EmbeddedOptions) -> Result<(), StoreError> {
    let path = &options.path;
    let failed = |cause: io::Error| match cause.kind() {
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => StoreError::DiskFull,
        _ => StoreError::Open { path: path.clone(), cause: Arc::new(cause) },
    };
    let folder = folder_of(path);
    fs::create_dir_all(folder).map_err(failed)?;
    let aside = aside(path);
    let made = guarded(|| create_at(options, &aside).map(drop));
    let linked = made.and_then(|()| match fs::hard_link(&aside, path) {
        Err(cause) if cause.kind() == io::ErrorKind::AlreadyExists => Ok(()),
        // Some file systems have no links; there the name is moved, and two creators would race.
        Err(_) => fs::rename(&aside, path).map_err(failed),
        Ok(()) => Ok(()),
    });
    match fs::remove_file(&aside) {
        Err(cause) if cause.kind() != io::ErrorKind::NotFound => {
            tracing::warn!(path = %aside.display(), %cause, "left a file behind");
        }
        _ => {}
    }
    linked?;
    // The name itself must survive a crash, not only the bytes under it.
    fs::File::open(folder).and_then(|folder| folder.sync_all()).map_err(failed)
}

/// The name under which a file is made before it gets its own.
pub(super) fn aside(path: &Path) -> PathBuf {
    let mut aside = path.to_owned().into_os_string();
    aside.push(format!(".new-{}", std::process::id()));
    PathBuf::from(aside)
}

/// The folder that a file stands in.
pub(super) fn folder_of(path: &Path) -> &Path {
    match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    }
}

/// An empty database in a file that must not exist, with its tables.
pub(super) fn create_at(options: &EmbeddedOptions, path: &Path) -> Result<Database, StoreError> {
    let database = builder(options).create(path).map_err(|cause| opening(path, cause))?;
    initialize(&database)?;
    Ok(database)
}

fn initialize(database: &Database) -> Result<(), StoreError> {
    let transaction = database.begin_write().map_err(storage)?;
    {
        let mut tables = Tables::open(&transaction)?;
        tables.meta.insert(FORMAT_ENTRY, FILE_FORMAT).map_err(storage)?;
    }
    transaction.commit().map_err(storage)
}

/// Refuses a file of another program or of a later version of this one, and brings an older one up
/// to date.
fn check(database: &Database, path: &Path) -> Result<(), StoreError> {
    let transaction = database.begin_read().map_err(storage)?;
    let foreign = || StoreError::Foreign { path: path.to_owned() };
    let meta = match transaction.open_table(META) {
        Err(TableError::Storage(cause)) => return Err(storage(cause)),
        Err(_) => return Err(foreign()),
        Ok(meta) => meta,
    };
    let found = meta.get(FORMAT_ENTRY).map_err(storage)?.ok_or_else(foreign)?.value();
    if !(FILE_FORMAT_MIN..=FILE_FORMAT).contains(&found) {
        return Err(StoreError::Format { found, supported: FILE_FORMAT });
    }
    transaction.open_table(THREADS).map_err(storage)?;
    transaction.open_table(TURNS).map_err(storage)?;
    transaction.open_table(MESSAGES).map_err(storage)?;
    transaction.open_table(TOMBSTONES).map_err(storage)?;
    drop(meta);
    if found < FILE_FORMAT {
        tracing::info!(found, now = FILE_FORMAT, "bringing the thread file up to date");
        // What is newer than format 1 is tables and a record format; old records are read as they
        // are.
        initialize(database)?;
    }
    Ok(())
}
