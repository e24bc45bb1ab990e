//! Background tasks of a running gateway: the outbox and the store's upkeep.

use crate::delivery::runner;
use crate::delivery::runner::AcceptedTurns;
use crate::http::state::App;
use std::sync::Arc;
use tokio::task::JoinSet;

/// Starts the tasks; they end when the returned set is dropped.
pub(super) fn start(app: &Arc<App>) -> JoinSet<()> {
    let mut tasks = JoinSet::new();
    let turns = Arc::clone(app) as Arc<dyn AcceptedTurns>;
    tasks.spawn(runner::run(Arc::clone(&app.outbox), turns));
    tasks.spawn(app.upkeep.clone().run(Arc::clone(&app.clock)));
    tasks
}
