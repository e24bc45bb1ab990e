//! The server's life cycle: listen, load and warm the models, serve, drain, stop.
//!
//! The port is open from the start; requests get 503 until the models are warm.

use crate::app::build;
use crate::app::panics;
use crate::app::upkeep;
use crate::app::use_threads;
use crate::config::Settings;
use crate::http::connection::ConnectionLimits;
use crate::http::listen::Connections;
use crate::http::routes;
use crate::http::startup::StartupGate;
use crate::http::state::App;
use anyhow::Context;
use serde_json::json;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::TcpListener;
use tokio::runtime::Builder;
use tokio::runtime::Runtime;
use tokio::signal::unix::Signal;
use tokio::signal::unix::SignalKind;
use tokio::signal::unix::signal;
use tokio::sync::oneshot;
use vitrine_base::clock::SharedClock;
use vitrine_base::clock::SystemClock;
use vitrine_base::log_queue;

/// Longest wait for the last answers to be sent, once no request runs any more.
const CLOSE_MAX: Duration = Duration::from_secs(1);

/// Longest wait for the log at the end: its reader may have stopped.
const LOG_FLUSH_MAX: Duration = Duration::from_secs(1);

/// File descriptors that are not for connections: models, the store, logs, callbacks, downloads,
/// and the connections that only answer probes.
const DESCRIPTORS_KEPT: usize = 256;

/// Exit code after a second signal, which ends the process at once.
const SECOND_SIGNAL_EXIT: i32 = 1;

/// The signal for a file that would exceed the process's limit. The same on Linux and macOS.
const SIGXFSZ: i32 = 25;

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
/// `server.drain_ms`. A second signal ends the process at once, with exit code 1.
///
/// # Errors
/// If the address cannot be bound or a model cannot be loaded.
pub(crate) fn serve(settings: &Settings) -> anyhow::Result<()> {
    use_threads(settings.engine_threads)?;
    panics::log_to_queue();
    settings.log_warnings();
    runtime(settings)?.block_on(run(settings))
}

async fn run(settings: &Settings) -> anyhow::Result<()> {
    let bind = settings.server.bind;
    let listener = TcpListener::bind(bind)
        .await
        .with_context(|| format!("cannot listen on {bind} (server.bind)"))?;
    let address = listener.local_addr()?;
    let clock: SharedClock = Arc::new(SystemClock);
    let startup = StartupGate::new(Arc::clone(&clock));
    let connections = Connections::new(connection_limits(settings), Arc::clone(&clock));
    let mut stop_requests = StopRequests::listen();
    let mut accepting = pin!(Arc::clone(&connections).accept(listener, startup.router()));
    tracing::info!("loading models; http://{address} answers 503 until they are warm");
    let app = tokio::select! {
        never = &mut accepting => match never {},
        loaded = load(settings) => loaded?,
        // No request has reached the routes yet, so there is nothing to drain.
        () = stop_requests.next() => return Ok(()),
    };
    record_acts(&app, settings);
    startup.open(routes::router(Arc::clone(&app)));
    let _upkeep = upkeep::start(&app);
    log_queue::say(format_args!("listening on http://{address}"));
    tokio::select! {
        never = &mut accepting => match never {},
        () = stop_requests.next() => {}
    }
    tokio::select! {
        never = &mut accepting => match never {},
        () = drain(&app, &connections, settings.server.drain_max) => Ok(()),
        () = stop_requests.next() => {
            tracing::warn!("stopped by a second signal, without waiting for running requests");
            log_queue::flush(LOG_FLUSH_MAX);
            std::process::exit(SECOND_SIGNAL_EXIT)
        }
    }
}

/// The limits on connections. Their number is lowered where the system allows fewer file
/// descriptors: a process without any can neither accept a probe nor open a file.
fn connection_limits(settings: &Settings) -> ConnectionLimits {
    let limits = settings.server.connections;
    let allowed = descriptors_max().map(|most| most.saturating_sub(DESCRIPTORS_KEPT).max(1));
    match allowed.filter(|allowed| *allowed < limits.connections_max) {
        Some(connections_max) => {
            let configured = limits.connections_max;
            tracing::warn!(
                configured,
                connections_max,
                "server.connections_max is lowered: the system allows few open files (ulimit -n)"
            );
            ConnectionLimits { connections_max, ..limits }
        }
        None => limits,
    }
}

/// File descriptors that the process may have open; `None` where the system does not tell.
fn descriptors_max() -> Option<usize> {
    let limits = std::fs::read_to_string("/proc/self/limits").ok()?;
    let line = limits.lines().find_map(|line| line.strip_prefix("Max open files"))?;
    line.split_whitespace().next()?.parse().ok()
}

/// Begins the audit log. Without it the gateway serves all the same: a shop whose disk is full must
/// still be able to answer and to erase.
fn record_acts(app: &App, settings: &Settings) {
    let Some(options) = &settings.log.audit else { return };
    if let Err(error) = app.audit.start(options.clone(), Arc::clone(&app.clock)) {
        let folder = options.folder.display();
        tracing::error!(%error, %folder, "operators' acts are not recorded");
    }
    let warnings = settings.warnings.len();
    let version = env!("CARGO_PKG_VERSION");
    app.audit.process("gateway.start", &json!({ "version": version, "warnings": warnings }));
}

/// Waits for the running requests, for up to `drain_max`, and ends those that are left with an
/// error. New requests get 503 meanwhile.
async fn drain(app: &App, connections: &Connections, drain_max: Duration) {
    app.draining.begin();
    tracing::info!("shutting down: draining running requests");
    tokio::select! {
        biased;
        () = app.draining.idle() => {}
        () = app.clock.sleep(drain_max) => {
            tracing::warn!(?drain_max, "ending the requests that still run after the drain time");
            app.draining.cut();
            tokio::select! {
                () = app.draining.idle() => {}
                () = app.clock.sleep(CLOSE_MAX) => {}
            }
        }
    }
    tokio::select! {
        () = connections.close() => {}
        () = app.clock.sleep(CLOSE_MAX) => {}
    }
    app.audit.process("gateway.stop", &json!({}));
    app.audit.flush(LOG_FLUSH_MAX);
}

/// The signals that ask the process to stop, received in order.
#[derive(Debug)]
struct StopRequests {
    terminate: Option<Signal>,
    interrupt: Option<Signal>,
    /// Received so that a limit on the size of files (`ulimit -f`) makes writes fail, as a full
    /// disk does, instead of ending the process.
    _file_size: Option<Signal>,
}

impl StopRequests {
    /// Installs the handlers. Without one, its signal ends the process without draining.
    fn listen() -> Self {
        let install = |kind| match signal(kind) {
            Ok(signal) => Some(signal),
            Err(error) => {
                tracing::warn!(%error, ?kind, "cannot install a signal handler");
                None
            }
        };
        Self {
            terminate: install(SignalKind::terminate()),
            interrupt: install(SignalKind::interrupt()),
            _file_size: install(SignalKind::from_raw(SIGXFSZ)),
        }
    }

    /// Completes at the next SIGTERM or SIGINT.
    async fn next(&mut self) {
        tokio::select! {
            () = received(&mut self.terminate) => {}
            () = received(&mut self.interrupt) => {}
        }
    }
}

async fn received(signal: &mut Option<Signal>) {
    let received = match signal {
        Some(signal) => signal.recv().await,
        None => None,
    };
    if received.is_none() {
        std::future::pending::<()>().await;
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
