//! The stages of a shutdown, and the requests that it waits for. `app` moves the stages on; the
//! guard, the probes and running answers read them.

use std::future::Future;
use tokio::sync::watch;

/// How far a shutdown has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Stage {
    /// No shutdown.
    Serving,
    /// New requests are refused, running ones go on.
    Draining,
    /// Running answers end with an error.
    Cut,
}

/// The stage of the shutdown, and the number of running requests. During startup there is no
/// [`App`](crate::http::state::App) yet, and `startup` answers instead.
#[derive(Debug)]
pub(crate) struct Draining {
    stage: watch::Sender<Stage>,
    running: watch::Sender<usize>,
}

impl Default for Draining {
    fn default() -> Self {
        Self { stage: watch::Sender::new(Stage::Serving), running: watch::Sender::new(0) }
    }
}

/// A request that counts as running until this value is dropped.
#[derive(Debug)]
pub(crate) struct Running(watch::Sender<usize>);

impl Drop for Running {
    fn drop(&mut self) {
        self.0.send_modify(|running| *running -= 1);
    }
}

impl Draining {
    /// Refuses new requests from now on, and makes readiness probes fail.
    pub(crate) fn begin(&self) {
        self.stage.send_replace(Stage::Draining);
    }

    /// Ends running answers with an error.
    pub(crate) fn cut(&self) {
        self.stage.send_replace(Stage::Cut);
    }

    /// Whether a shutdown has begun.
    pub(crate) fn has_begun(&self) -> bool {
        *self.stage.borrow() >= Stage::Draining
    }

    /// Counts a request as running.
    pub(crate) fn enter(&self) -> Running {
        self.running.send_modify(|running| *running += 1);
        Running(self.running.clone())
    }

    /// Completes when no request runs.
    pub(crate) async fn idle(&self) {
        // `self` holds the sender, so the wait cannot fail.
        let _ = self.running.subscribe().wait_for(|running| *running == 0).await;
    }

    /// Completes when running answers must end; does not borrow this value.
    pub(crate) fn cut_off(&self) -> impl Future<Output = ()> + Send + 'static {
        let mut stage = self.stage.subscribe();
        async move {
            if stage.wait_for(|stage| *stage == Stage::Cut).await.is_err() {
                // The gateway is gone without a cut.
                std::future::pending::<()>().await;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use futures::FutureExt;

    #[tokio::test]
    async fn a_drain_waits_for_every_running_request_and_then_cuts() {
        let draining = Draining::default();
        let (first, second) = (draining.enter(), draining.enter());
        assert!(!draining.has_begun());
        draining.begin();
        assert!(draining.has_begun());
        drop(first);
        assert_eq!(draining.idle().now_or_never(), None);
        let cut_off = draining.cut_off();
        draining.cut();
        cut_off.await;
        drop(second);
        draining.idle().await;
    }
}
