//! Background tasks of a running gateway: the outbox and the store's upkeep.

use crate::http::outbox;
use crate::http::state::App;
use std::sync::Arc;
use tokio::task::JoinSet;

/// Starts the tasks; they end when the returned set is dropped.
pub(super) fn start(app: &Arc<App>) -> JoinSet<()> {
    let mut tasks = JoinSet::new();
    tasks.spawn(outbox::run(Arc::clone(app)));
    tasks.spawn(app.upkeep.clone().run(Arc::clone(&app.clock)));
    tasks
}
