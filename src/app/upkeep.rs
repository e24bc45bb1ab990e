//! Background tasks of a running gateway: the outbox, the store's upkeep and its recovery after a
//! failure of the disk, and the upkeep of the metrics.

use crate::delivery::runner;
use crate::delivery::runner::AcceptedTurns;
use crate::http::state::App;
use std::sync::Arc;
use std::time::Duration;
use tokio::task::JoinSet;
use vitrine_base::clock::SharedClock;
use vitrine_conversations::ConversationStore;
use vitrine_conversations::EmbeddedStore;

/// Interval at which recorded samples are put into their histograms; until then each takes memory,
/// whether anybody reads the metrics or not.
const METRICS_INTERVAL: Duration = Duration::from_secs(5);

/// Starts the tasks; they end when the returned set is dropped.
pub(super) fn start(app: &Arc<App>) -> JoinSet<()> {
    let mut tasks = JoinSet::new();
    let turns = Arc::clone(app) as Arc<dyn AcceptedTurns>;
    tasks.spawn(runner::run(Arc::clone(&app.outbox), turns));
    tasks.spawn(app.upkeep.clone().run(Arc::clone(&app.clock)));
    tasks.spawn(reopen(Arc::clone(&app.upkeep.store), Arc::clone(&app.clock), app.store_retry));
    let (metrics, clock) = (app.metrics.clone(), Arc::clone(&app.clock));
    tasks.spawn(async move {
        loop {
            clock.sleep(METRICS_INTERVAL).await;
            metrics.run_upkeep();
        }
    });
    tasks
}

/// Makes the store accept writes again once its disk works again.
async fn reopen(store: Arc<EmbeddedStore>, clock: SharedClock, pause: Duration) {
    loop {
        clock.sleep(pause).await;
        let Err(stopped) = store.intake() else { continue };
        if stopped.may_recover()
            && let Err(error) = store.reopen().await
        {
            tracing::debug!(%error, "the conversation store still refuses writes");
        }
    }
}
