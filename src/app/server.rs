//! Listens, loads and warms up behind the closed door, opens it, serves, drains.

use crate::app::build;
use crate::app::upkeep;
use crate::app::use_threads;
use crate::config::Settings;
use crate::http;
use crate::http::Door;
use anyhow::Context;
use axum::serve::Listener;
use axum::serve::ListenerExt;
use std::future::IntoFuture;
use std::net::SocketAddr;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::TcpListener;
use tokio::net::TcpStream;
use tokio::runtime::Builder;
use tokio::runtime::Runtime;
use tokio::signal::unix::SignalKind;
use tokio::signal::unix::signal;
use tokio::sync::oneshot;

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
    let listener = undelayed(listener);
    let door = Door::default();
    let (drain, draining) = oneshot::channel::<()>();
    let server = axum::serve(listener, door.router()).with_graceful_shutdown(async move {
        // A sender that is gone asks for the same.
        let _ = draining.await;
    });
    let mut server = pin!(server.into_future());
    let mut asked_to_stop = pin!(asked_to_stop());
    tracing::info!("loading the models; http://{address} answers 503 until they are warm");
    let app = tokio::select! {
        served = &mut server => return served.context("the server failed"),
        loaded = load(settings) => loaded?,
        // Nobody has been let in yet: there is nothing to drain.
        () = &mut asked_to_stop => return Ok(()),
    };
    door.open(http::router(Arc::clone(&app)));
    let _upkeep = upkeep::start(&app);
    eprintln!("listening on http://{address}");
    tokio::select! {
        served = &mut server => return served.context("the server failed"),
        () = &mut asked_to_stop => {}
    }
    app.draining.begin();
    tracing::info!("draining");
    drop(drain);
    let drain_max = Duration::from_millis(settings.raw.server.drain_ms);
    match tokio::time::timeout(drain_max, server).await {
        Ok(served) => served.context("the server failed"),
        Err(_) => {
            tracing::warn!(?drain_max, "requests were still running when the drain time ended");
            Ok(())
        }
    }
}

/// Sends every piece as soon as it is written. Nagle's algorithm (RFC 896) would hold the first
/// token of a stream back until the client acknowledged the head, which takes it up to 40 ms.
fn undelayed(listener: TcpListener) -> impl Listener<Io = TcpStream, Addr = SocketAddr> {
    listener.tap_io(|connection| {
        if let Err(error) = connection.set_nodelay(true) {
            tracing::debug!(%error, "a connection may answer late");
        }
    })
}

/// Comes back at SIGTERM or Ctrl-C; never where no handler can be set, which leaves both at their
/// default: the process ends.
async fn asked_to_stop() {
    if let Err(error) = stop_signal().await {
        tracing::warn!(%error, "no signal handler: a stop will not drain");
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

/// Puts everything together on a thread of its own, so that the edge keeps answering meanwhile.
async fn load(settings: &Settings) -> anyhow::Result<Arc<http::App>> {
    let settings = settings.clone();
    let (built, building) = oneshot::channel();
    std::thread::Builder::new()
        .name("loader".to_owned())
        .spawn(move || {
            // Nobody waits any more when a stop came first.
            let _ = built.send(build::app(&settings));
        })
        .context("cannot start the thread that loads the models")?;
    let app = building.await.context("loading ended in a panic")??;
    // The generators were warmed as they were loaded. No customer pays for the encoder's first
    // touch either.
    let warmed = app.classifier.embedder().embed(vec!["hello".to_owned()]).await;
    warmed.context("the encoder does not run")?;
    Ok(Arc::new(app))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn connections_send_every_piece_at_once() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let mut listener = undelayed(listener);
        let (client, (served, _)) = tokio::join!(TcpStream::connect(address), listener.accept());
        client.unwrap();
        assert!(served.nodelay().unwrap());
    }
}
