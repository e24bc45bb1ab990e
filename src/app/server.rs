//! Listens, warms up, serves, drains.

use crate::app::build;
use crate::app::upkeep;
use crate::app::use_threads;
use crate::config::Settings;
use crate::http;
use crate::http::Phase;
use anyhow::Context;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::TcpListener;
use tokio::runtime::Builder;
use tokio::runtime::Runtime;
use tokio::signal::unix::SignalKind;
use tokio::signal::unix::signal;

/// The runtime of the edge; the models have threads of their own.
pub(super) fn runtime(settings: &Settings) -> anyhow::Result<Runtime> {
    Builder::new_multi_thread()
        .worker_threads(settings.raw.server.threads)
        .thread_name("http")
        .enable_all()
        .build()
        .context("cannot start the HTTP threads")
}

/// Runs the gateway until SIGTERM or Ctrl-C, then lets the last requests finish.
pub(crate) fn serve(settings: &Settings) -> anyhow::Result<()> {
    use_threads(settings.engine_threads)?;
    runtime(settings)?.block_on(run(settings))
}

async fn run(settings: &Settings) -> anyhow::Result<()> {
    let listener = TcpListener::bind(settings.bind)
        .await
        .with_context(|| format!("cannot listen on {} (server.bind)", settings.bind))?;
    let address = listener.local_addr()?;
    let app = Arc::new(build::app(settings)?);
    let warm = Arc::clone(&app);
    warm_up(&warm).await.context("the models do not run")?;
    app.phase.set(Phase::Ready);
    let _upkeep = upkeep::start(&app);
    eprintln!("listening on http://{address}");
    let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
    let draining = Arc::clone(&app);
    let drain_max = Duration::from_millis(settings.raw.server.drain_ms);
    let server = axum::serve(listener, http::router(app)).with_graceful_shutdown(async move {
        // A signal handler that cannot be set leaves Ctrl-C at its default: the process ends.
        let _ = shutdown().await;
        draining.phase.set(Phase::Draining);
        tracing::info!("draining");
        let _ = stop.send(());
    });
    tokio::select! {
        served = server => served.context("the server failed"),
        () = overtime(stopped, drain_max) => {
            tracing::warn!(?drain_max, "requests were still running when the drain time ended");
            Ok(())
        }
    }
}

async fn overtime(stopped: tokio::sync::oneshot::Receiver<()>, drain_max: Duration) {
    if stopped.await.is_err() {
        // The server ended by itself; it answers for that.
        std::future::pending::<()>().await;
    }
    tokio::time::sleep(drain_max).await;
}

async fn shutdown() -> std::io::Result<()> {
    let mut terminate = signal(SignalKind::terminate())?;
    tokio::select! {
        _ = terminate.recv() => Ok(()),
        interrupted = tokio::signal::ctrl_c() => interrupted,
    }
}

/// One text through the encoder and one through the engine, so that the first customer does not
/// pay for first touches.
async fn warm_up(app: &http::App) -> anyhow::Result<()> {
    app.classifier.classify(vec!["hello".to_owned()]).await?;
    app.generator.warm_up().await?;
    Ok(())
}
