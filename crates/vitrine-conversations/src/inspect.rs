//! Looks at a conversation file without changing it, also while another process uses it.

use crate::error::StoreError;
use crate::error::catch_panic;
use crate::error::map_database_error;
use crate::error::map_open_error;
use crate::layout::FILE_FORMAT;
use crate::layout::FILE_FORMAT_MIN;
use crate::layout::FORMAT_ENTRY;
use crate::layout::META;
use redb::Builder;
use redb::DatabaseError;
use redb::ReadableDatabase;
use redb::TableError;
use std::path::Path;
use std::sync::Arc;

/// The state of a conversation file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FileState {
    /// There is none yet.
    Absent,
    /// It can be opened.
    Sound,
    /// It was not closed properly; opening it repairs it.
    Unclosed,
    /// Another process uses it.
    InUse,
}

/// Looks at the file; nothing is written, and no file or folder is created.
///
/// # Errors
/// [`StoreError::Foreign`], `Format`, `Damaged` or `Open` if a store could not open the file.
pub fn inspect(path: &Path) -> Result<FileState, StoreError> {
    let failed = |cause| StoreError::Open { path: path.to_owned(), cause: Arc::new(cause) };
    if !path.try_exists().map_err(failed)? {
        return Ok(FileState::Absent);
    }
    catch_panic(|| {
        let database = match Builder::new().open_read_only(path) {
            Ok(database) => database,
            Err(DatabaseError::DatabaseAlreadyOpen) => return Ok(FileState::InUse),
            Err(DatabaseError::RepairAborted) => return Ok(FileState::Unclosed),
            Err(cause) => return Err(map_open_error(path, cause)),
        };
        let foreign = || StoreError::Foreign { path: path.to_owned() };
        let transaction = database.begin_read().map_err(map_database_error)?;
        let meta = match transaction.open_table(META) {
            Err(TableError::Storage(cause)) => return Err(map_database_error(cause)),
            Err(_) => return Err(foreign()),
            Ok(meta) => meta,
        };
        let found = meta.get(FORMAT_ENTRY).map_err(map_database_error)?;
        let found = found.ok_or_else(foreign)?.value();
        if !(FILE_FORMAT_MIN..=FILE_FORMAT).contains(&found) {
            return Err(StoreError::Format { found, supported: FILE_FORMAT });
        }
        Ok(FileState::Sound)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::embedded::EmbeddedStore;
    use crate::samples::options;

    #[test]
    fn a_look_tells_the_state_of_the_file_and_changes_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let options = options(folder.path());
        let files = || std::fs::read_dir(folder.path()).unwrap().count();
        assert_eq!(inspect(&options.path).unwrap(), FileState::Absent);
        assert_eq!(files(), 0);
        let store = EmbeddedStore::open(options.clone()).unwrap();
        assert_eq!(inspect(&options.path).unwrap(), FileState::InUse);
        drop(store);
        let before = std::fs::read(&options.path).unwrap();
        assert_eq!(inspect(&options.path).unwrap(), FileState::Sound);
        assert_eq!(std::fs::read(&options.path).unwrap(), before);
        assert_eq!(files(), 1);
        std::fs::write(&options.path, "not a store, but long enough to look like one").unwrap();
        assert!(matches!(inspect(&options.path), Err(StoreError::Foreign { .. })));
    }
}
