//! Rewrites the conversation file so that no byte of an erased record remains in it.
//!
//! The database copies on write: an erased record stays in a freed page until that page is reused.
//! A new file contains live records only. It is written completely under a temporary name and then
//! renamed over the old one, so a crash leaves either file intact.

use crate::error::StoreError;
use crate::error::catch_panic;
use crate::error::map_database_error;
use crate::layout::CONVERSATIONS;
use crate::layout::CUSTOMER_CONVERSATIONS;
use crate::layout::CUSTOMERS;
use crate::layout::DEAD_JOBS;
use crate::layout::ERASURES_ENTRY;
use crate::layout::IDENTITIES;
use crate::layout::JOBS;
use crate::layout::LINKS;
use crate::layout::MESSAGES;
use crate::layout::META;
use crate::layout::TOMBSTONES;
use crate::layout::TURNS;
use crate::open;
use crate::open::EmbeddedOptions;
use crate::state::StoreState;
use crate::tables::WriteTables;
use redb::Database;
use redb::Key;
use redb::ReadTransaction;
use redb::ReadableDatabase;
use redb::ReadableTable;
use redb::Table;
use redb::TableDefinition;
use redb::Value;
use std::fs;
use std::path::Path;
use std::sync::Arc;

/// Rewrites the file of `shared` if anything was erased since the last time. Only the writer calls
/// this, so no write happens in between.
///
/// # Errors
/// Disk errors; the old file stays in use.
pub(super) fn rewrite(shared: &StoreState, options: &EmbeddedOptions) -> Result<(), StoreError> {
    shared.intake()?;
    let from = shared.database();
    if !catch_panic(|| has_erased(&from))? {
        return Ok(());
    }
    let staged = open::staged(&options.path);
    // A leftover of a crash is incomplete.
    let _ = fs::remove_file(&staged);
    let made = catch_panic(|| copy(&from, options, &staged));
    let database = match made.and_then(|database| replace_file(&staged, options).map(|()| database))
    {
        Ok(database) => database,
        Err(cause) => {
            let _ = fs::remove_file(&staged);
            return Err(cause);
        }
    };
    shared.replace_database(database);
    tracing::info!("conversation file rewritten without erased records");
    Ok(())
}

fn has_erased(database: &Database) -> Result<bool, StoreError> {
    let transaction = database.begin_read().map_err(map_database_error)?;
    let meta = transaction.open_table(META).map_err(map_database_error)?;
    Ok(meta
        .get(ERASURES_ENTRY)
        .map_err(map_database_error)?
        .is_some_and(|erasures| erasures.value() > 0))
}

fn copy(from: &Database, options: &EmbeddedOptions, path: &Path) -> Result<Database, StoreError> {
    let database = open::create_at(options, path)?;
    let reading = from.begin_read().map_err(map_database_error)?;
    let writing = database.begin_write().map_err(map_database_error)?;
    {
        let mut to = WriteTables::open(&writing)?;
        copy_table(&reading, CONVERSATIONS, &mut to.conversations)?;
        copy_table(&reading, TURNS, &mut to.turns)?;
        copy_table(&reading, MESSAGES, &mut to.messages)?;
        copy_table(&reading, TOMBSTONES, &mut to.tombstones)?;
        copy_table(&reading, CUSTOMERS, &mut to.customers)?;
        copy_table(&reading, CUSTOMER_CONVERSATIONS, &mut to.customer_conversations)?;
        copy_table(&reading, IDENTITIES, &mut to.identities)?;
        copy_table(&reading, LINKS, &mut to.links)?;
        copy_table(&reading, JOBS, &mut to.jobs)?;
        copy_table(&reading, DEAD_JOBS, &mut to.dead_jobs)?;
    }
    writing.commit().map_err(map_database_error)?;
    Ok(database)
}

fn copy_table<K: Key + 'static, V: Value + 'static>(
    reading: &ReadTransaction,
    definition: TableDefinition<'_, K, V>,
    to: &mut Table<'_, K, V>,
) -> Result<(), StoreError> {
    let from = reading.open_table(definition).map_err(map_database_error)?;
    for entry in from.iter().map_err(map_database_error)? {
        let (key, value) = entry.map_err(map_database_error)?;
        to.insert(key.value(), value.value()).map_err(map_database_error)?;
    }
    Ok(())
}

fn replace_file(staged: &Path, options: &EmbeddedOptions) -> Result<(), StoreError> {
    let path = &options.path;
    fs::rename(staged, path)
        .and_then(|()| fs::File::open(open::folder_of(path))?.sync_all())
        .map_err(|cause| StoreError::Open { path: path.clone(), cause: Arc::new(cause) })
}
