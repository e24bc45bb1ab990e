//! Work beside the requests, from the opening of the gateway to its end.

use crate::http;
use std::sync::Arc;
use tokio::task::JoinSet;

/// Begins it; it ends when the set is dropped.
pub(super) fn start(app: &Arc<http::App>) -> JoinSet<()> {
    let mut tasks = JoinSet::new();
    tasks.spawn(http::outbox::run(Arc::clone(app)));
    tasks.spawn(app.upkeep.clone().run(Arc::clone(&app.clock)));
    tasks
}
