//! Writes that need nothing but the tables and a caller who waits: the writer runs them in the
//! group of their turn, and tells the caller when the group is on disk.

use crate::StoreError;
use crate::tables::Tables;
use tokio::sync::oneshot;

/// Whether a write changed anything; a group that did not is not written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Wrote {
    Something,
    Nothing,
}

/// One such write.
pub(super) trait Deed: Send {
    /// Runs it. It checks everything before it touches a table.
    ///
    /// # Errors
    /// Only those that fail the whole group; any other is kept for the caller.
    fn apply(&mut self, tables: &mut Tables<'_>) -> Result<Wrote, StoreError>;

    /// Tells the caller what came of it, or that the group failed.
    fn tell(self: Box<Self>, failure: Option<StoreError>);
}

impl std::fmt::Debug for dyn Deed {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("Deed")
    }
}

struct Task<T, F> {
    call: Option<F>,
    result: Result<T, StoreError>,
    reply: oneshot::Sender<Result<T, StoreError>>,
}

/// A deed out of a closure and the caller's end of a channel.
pub(super) fn deed<T, F>(call: F, reply: oneshot::Sender<Result<T, StoreError>>) -> Box<dyn Deed>
where
    T: Send + 'static,
    F: FnOnce(&mut Tables<'_>) -> Result<(T, Wrote), StoreError> + Send + 'static,
{
    // Until it has run there is no result; a caller never sees this one.
    Box::new(Task { call: Some(call), result: Err(StoreError::Closed), reply })
}

impl<T, F> Deed for Task<T, F>
where
    T: Send,
    F: FnOnce(&mut Tables<'_>) -> Result<(T, Wrote), StoreError> + Send,
{
    fn apply(&mut self, tables: &mut Tables<'_>) -> Result<Wrote, StoreError> {
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

    fn tell(self: Box<Self>, failure: Option<StoreError>) {
        // A caller that stopped waiting needs no answer.
        let _ = self.reply.send(failure.map_or(self.result, Err));
    }
}
