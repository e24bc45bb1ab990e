//! Accepts connections, at most `server.connections_max` at the same time.
//!
//! Beyond that, a new connection takes the place of the one that has been without a request for
//! longest. If every connection has a request, a few more are accepted: they answer probes, so that
//! a busy gateway is not taken for a dead one, and refuse everything else.

use crate::http::connection;
use crate::http::connection::ConnectionLimits;
use crate::http::progress::Phase;
use crate::http::progress::Progress;
use axum::Router;
use axum::extract::Request;
use std::collections::HashMap;
use std::convert::Infallible;
use std::io;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::MutexGuard;
use std::sync::PoisonError;
use std::time::Duration;
use tokio::net::TcpListener;
use tokio::net::TcpStream;
use tokio::sync::watch;
use vitrine_base::clock::SharedClock;

/// Connections beyond the limit, which answer probes only. Further ones are closed at once.
const CROWDED_MAX: usize = 64;

/// Longest wait for the request, and for its headers, on a connection beyond the limit.
const CROWDED_WAIT_MAX: Duration = Duration::from_secs(1);

/// Pause after a failure to accept, such as a lack of file descriptors.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// The open connections.
#[derive(Debug)]
pub(crate) struct Connections {
    limits: ConnectionLimits,
    clock: SharedClock,
    open: Mutex<HashMap<u64, Arc<Progress>>>,
    /// Number of connections whose task runs, those beyond the limit included.
    running: watch::Sender<usize>,
}

/// A place of a connection; given back when dropped.
#[derive(Debug)]
struct Place {
    connections: Arc<Connections>,
    id: u64,
}

impl Drop for Place {
    fn drop(&mut self) {
        self.connections.open().remove(&self.id);
        self.connections.running.send_modify(|running| *running -= 1);
    }
}

/// What to do with a new connection.
#[derive(Debug, PartialEq, Eq)]
enum Admission {
    Serve,
    ProbesOnly,
    Close,
}

impl Connections {
    /// No connections yet.
    pub(crate) fn new(limits: ConnectionLimits, clock: SharedClock) -> Arc<Self> {
        let (open, running) = (Mutex::default(), watch::Sender::new(0));
        Arc::new(Self { limits, clock, open, running })
    }

    fn open(&self) -> MutexGuard<'_, HashMap<u64, Arc<Progress>>> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Accepts connections and answers them from `routes`, until the future is dropped.
    pub(crate) async fn accept(
        self: Arc<Self>,
        listener: TcpListener,
        routes: Router,
    ) -> Infallible {
        let mut failing = false;
        for id in 0.. {
            match listener.accept().await {
                Ok((stream, _)) => {
                    failing = false;
                    without_nagle(&stream);
                    self.begin(id, stream, &routes);
                }
                Err(error) if is_of_one_connection(&error) => {}
                Err(error) => {
                    if !std::mem::replace(&mut failing, true) {
                        tracing::error!(%error, "cannot accept connections");
                    }
                    self.close_longest_waiting();
                    self.clock.sleep(ACCEPT_PAUSE).await;
                }
            }
        }
        unreachable!("connections outnumber u64")
    }

    fn begin(self: &Arc<Self>, id: u64, stream: TcpStream, routes: &Router) {
        let progress = Arc::new(Progress::new(Arc::clone(&self.clock)));
        let (routes, limits) = match self.admit() {
            Admission::Serve => (routes.clone(), self.limits),
            Admission::ProbesOnly => self.crowded(routes),
            Admission::Close => return,
        };
        self.running.send_modify(|running| *running += 1);
        self.open().insert(id, Arc::clone(&progress));
        let place = Place { connections: Arc::clone(self), id };
        tokio::spawn(async move {
            connection::serve(stream, progress, routes, limits).await;
            drop(place);
        });
    }

    fn admit(&self) -> Admission {
        let running = *self.running.borrow();
        let over = running.saturating_sub(self.limits.connections_max.saturating_sub(1));
        if over == 0 || (over <= CROWDED_MAX && self.close_longest_waiting()) {
            Admission::Serve
        } else if over <= CROWDED_MAX {
            Admission::ProbesOnly
        } else {
            Admission::Close
        }
    }

    /// Routes and limits of a connection beyond the limit.
    fn crowded(&self, routes: &Router) -> (Router, ConnectionLimits) {
        let (routes, most) = (routes.clone(), self.limits.connections_max);
        let crowded = Router::new()
            .fallback(move |request: Request| connection::crowded(routes, most, request));
        let limits = ConnectionLimits {
            header_time_max: self.limits.header_time_max.min(CROWDED_WAIT_MAX),
            idle_max: self.limits.idle_max.min(CROWDED_WAIT_MAX),
            ..self.limits
        };
        (crowded, limits)
    }

    /// Closes the connection that has been without a request for longest; whether there is one.
    fn close_longest_waiting(&self) -> bool {
        let mut open = self.open();
        let waiting = open.iter().filter_map(|(id, progress)| {
            let (phase, since) = progress.phase();
            (phase != Phase::Request).then_some((since, *id))
        });
        let Some((_, id)) = waiting.min() else { return false };
        if let Some(progress) = open.remove(&id) {
            progress.abandoned.notify_one();
        }
        true
    }

    /// Closes every connection once it has sent its answer; completes when all are closed.
    pub(crate) async fn close(&self) {
        for progress in self.open().values() {
            progress.close.notify_one();
        }
        // `self` holds the sender, so the wait cannot fail.
        let _ = self.running.subscribe().wait_for(|running| *running == 0).await;
    }
}

/// Whether the failure concerns the connection that was to be accepted, and not the next ones.
fn is_of_one_connection(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::ConnectionRefused
            | io::ErrorKind::ConnectionAborted
            | io::ErrorKind::ConnectionReset
    )
}

/// Disables Nagle's algorithm (RFC 896). It would hold back the first token of a stream until the
/// client has acknowledged the response head, which takes up to 40 ms.
fn without_nagle(stream: &TcpStream) {
    if let Err(error) = stream.set_nodelay(true) {
        tracing::debug!(%error, "cannot set TCP_NODELAY; responses may be delayed");
    }
}
