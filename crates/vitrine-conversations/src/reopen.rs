//! Opens the database again after a failure of the disk: redb refuses all work on a database that
//! has seen one.
//!
//! The store accepts writes again only after one has reached the disk. Until then it stays
//! read-only, and the next attempt begins anew.

use crate::error::StoreError;
use crate::error::catch_panic;
use crate::error::map_database_error;
use crate::layout::FILE_FORMAT;
use crate::layout::FORMAT_ENTRY;
use crate::open::Recovery;
use crate::state::StoreState;
use crate::tables::WriteTables;
use redb::Database;

/// Opens the database that the store began with.
pub(super) type Opener = Box<dyn Fn() -> Result<Database, StoreError> + Send>;

/// Makes a store that refuses writes accept them again, if its disk works. Only the writer calls
/// this, so no write happens in between.
///
/// # Errors
/// Why the store still refuses writes.
pub(super) fn reopen(
    shared: &StoreState,
    opener: Option<&(dyn Fn() -> Result<Database, StoreError> + Send)>,
    recovery: Recovery,
) -> Result<(), StoreError> {
    let Err(stopped) = shared.intake() else { return Ok(()) };
    let Some(opener) = opener.filter(|_| stopped.may_recover()) else { return Err(stopped) };
    shared.close_database()?;
    shared.replace_database(catch_panic(opener)?);
    catch_panic(|| write(shared, recovery))?;
    shared.resume();
    Ok(())
}

/// Writes the format entry again, which changes nothing.
fn write(shared: &StoreState, recovery: Recovery) -> Result<(), StoreError> {
    let mut transaction = shared.database().begin_write().map_err(map_database_error)?;
    transaction.set_quick_repair(recovery == Recovery::Quick);
    WriteTables::open(&transaction)?
        .meta
        .insert(FORMAT_ENTRY, FILE_FORMAT)
        .map_err(map_database_error)?;
    transaction.commit().map_err(map_database_error)
}
