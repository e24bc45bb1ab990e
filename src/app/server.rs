//! The server's life cycle: listen, load and warm the models, serve, drain, stop.
//!
//! The port is open from the start; requests get 503 until the models are warm.

use crate::app::build;
use crate::app::upkeep;
use crate::app::use_threads;
use crate::config::Settings;
use crate::http::routes;
use crate::http::startup::StartupGate;
use crate::http::state::App;
use anyhow::Context;
use axum::serve::Listener;
use axum::serve::ListenerExt;
use std::future::IntoFuture;
use std::net::SocketAddr;
use std::pin::pin;
use std::sync::Arc;
use tokio::net::TcpListener;
use tokio::net::TcpStream;
use tokio::runtime::Builder;
use tokio::runtime::Runtime;
use tokio::signal::unix::SignalKind;
use tokio::signal::unix::signal;
use tokio::sync::oneshot;
use vitrine_base::clock::SystemClock;

/// Creates the HTTP runtime; models run on threads of their own.
pub(super) fn runtime(settings: &Settings) -> anyhow::Result<Runtime> {
    Builder::new_multi_thread()
        .worker_threads(settings.server.threads)
        .thread_name("http")
        .enable_all()
        .build()
        .context("cannot start the HTTP threads")
}

/// Runs the gateway until SIGTERM or Ctrl-C, then drains running requests for up to
/// `server.drain_ms`.
///
/// # Errors
/// If the address cannot be bound, a model cannot be loaded, or the server fails.
pub(crate) fn serve(settings: &Settings) -> anyhow::Result<()> {
    use_threads(settings.engine_threads)?;
    settings.log_warnings();
    runtime(settings)?.block_on(run(settings))
}

async fn run(settings: &Settings) -> anyhow::Result<()> {
    let bind = settings.server.bind;
    let listener = TcpListener::bind(bind)
        .await
        .with_context(|| format!("cannot listen on {bind} (server.bind)"))?;
    let address = listener.local_addr()?;
    let listener = without_nagle(listener);
    let startup = StartupGate::new(Arc::new(SystemClock));
    let (drain, draining) = oneshot::channel::<()>();
    let server = axum::serve(listener, startup.router()).with_graceful_shutdown(async move {
        // A dropped sender also means draining.
        let _ = draining.await;
    });
    let mut server = pin!(server.into_future());
    let mut stop_requested = pin!(stop_requested());
    tracing::info!("loading models; http://{address} answers 503 until they are warm");
    let app = tokio::select! {
        served = &mut server => return served.context("the server failed"),
        loaded = load(settings) => loaded?,
        // No request has reached the routes yet, so there is nothing to drain.
        () = &mut stop_requested => return Ok(()),
    };
    startup.open(routes::router(Arc::clone(&app)));
    let _upkeep = upkeep::start(&app);
    eprintln!("listening on http://{address}");
    tokio::select! {
        served = &mut server => return served.context("the server failed"),
        () = &mut stop_requested => {}
    }
    app.draining.begin();
    tracing::info!("shutting down: draining running requests");
    drop(drain);
    let drain_max = settings.server.drain_max;
    match tokio::time::timeout(drain_max, server).await {
        Ok(served) => served.context("the server failed"),
        Err(_) => {
            tracing::warn!(?drain_max, "stopped with requests still running after the drain time");
            Ok(())
        }
    }
}

/// Disables Nagle's algorithm (RFC 896) on accepted connections. It would hold back the first token
/// of a stream until the client has acknowledged the response head, which takes up to 40 ms.
fn without_nagle(listener: TcpListener) -> impl Listener<Io = TcpStream, Addr = SocketAddr> {
    listener.tap_io(|connection| {
        if let Err(error) = connection.set_nodelay(true) {
            tracing::debug!(%error, "cannot set TCP_NODELAY; responses may be delayed");
        }
    })
}

/// Completes at SIGTERM or Ctrl-C. If no handler can be installed it never completes; the signals
/// then end the process without draining.
async fn stop_requested() {
    if let Err(error) = stop_signal().await {
        tracing::warn!(%error, "cannot install a signal handler; a stop will not drain");
        std::future::pending::<()>().await;
    }
}

async fn stop_signal() -> std::io::Result<()> {
    let mut terminate = signal(SignalKind::terminate())?;
    tokio::select! {
        _ = terminate.recv() => Ok(()),
        interrupted = tokio::signal::ctrl_c() => interrupted,
    }
}

/// Builds the application on a separate thread, so that the server keeps answering meanwhile.
async fn load(settings: &Settings) -> anyhow::Result<Arc<App>> {
    let settings = settings.clone();
    let (built, building) = oneshot::channel();
    std::thread::Builder::new()
        .name("loader".to_owned())
        .spawn(move || {
            // The receiver is gone if a stop signal came first.
            let _ = built.send(build::app(&settings));
        })
        .context("cannot start the thread that loads the models")?;
    let app = building.await.context("loading panicked (a bug in vitrine)")??;
    // Generating models were warmed when they were loaded; the encoder is warmed here, so that the
    // first request is not slower than the others.
    let warmed = app.classifier.embedder().embed(vec!["hello".to_owned()]).await;
    warmed.context("the encoder fails at its first text")?;
    Ok(Arc::new(app))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn connections_send_every_piece_at_once() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let mut listener = without_nagle(listener);
        let (client, (served, _)) = tokio::join!(TcpStream::connect(address), listener.accept());
        client.unwrap();
        assert!(served.nodelay().unwrap());
    }
}
