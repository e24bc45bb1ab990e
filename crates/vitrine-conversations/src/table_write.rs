//! Table writes: closures over the open tables that the writer runs inside its group transaction.
//!
//! Used for everything but commits and erasures of conversations, which `writer` handles itself.
//! The caller waits on a channel and gets the result once the group is on disk.

use crate::error::StoreError;
use crate::tables::WriteTables;
use crate::tables::Wrote;
use tokio::sync::oneshot;

/// A write that the writer runs inside the transaction of its group.
pub(super) trait TableWrite: Send {
    /// Runs the write. All checks come before the first change of a table.
    ///
    /// # Errors
    /// Only failures that end the whole group. Any other error is kept and sent to the caller.
    fn apply(&mut self, tables: &mut WriteTables<'_>) -> Result<Wrote, StoreError>;

    /// Sends the result to the caller, or `failure` if the group failed.
    fn send_reply(self: Box<Self>, failure: Option<StoreError>);
}

impl std::fmt::Debug for dyn TableWrite {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("TableWrite")
    }
}

struct ClosureWrite<T, F> {
    call: Option<F>,
    result: Result<T, StoreError>,
    reply: oneshot::Sender<Result<T, StoreError>>,
}

/// Wraps a closure and the reply channel of its caller as a [`TableWrite`].
pub(super) fn table_write<T, F>(
    call: F,
    reply: oneshot::Sender<Result<T, StoreError>>,
) -> Box<dyn TableWrite>
where
    T: Send + 'static,
    F: FnOnce(&mut WriteTables<'_>) -> Result<(T, Wrote), StoreError> + Send + 'static,
{
    // A placeholder until `apply` has run; it is never sent.
    Box::new(ClosureWrite { call: Some(call), result: Err(StoreError::Closed), reply })
}

impl<T, F> TableWrite for ClosureWrite<T, F>
where
    T: Send,
    F: FnOnce(&mut WriteTables<'_>) -> Result<(T, Wrote), StoreError> + Send,
{
    fn apply(&mut self, tables: &mut WriteTables<'_>) -> Result<Wrote, StoreError> {
        let Some(call) = self.call.take() else { return Ok(Wrote::Nothing) };
        match call(tables) {
            Ok((value, wrote)) => {
                self.result = Ok(value);
                Ok(wrote)
            }
            Err(cause) if cause.stops_intake() => Err(cause),
            Err(cause) => {
                self.result = Err(cause);
                Ok(Wrote::Nothing)
            }
        }
    }

    fn send_reply(self: Box<Self>, failure: Option<StoreError>) {
        // The caller may have stopped waiting.
        let _ = self.reply.send(failure.map_or(self.result, Err));
    }
}
