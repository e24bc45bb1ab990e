//! Answers requests while the models load, so that the port is open from the start.
//!
//! Invariants
//! - Before [`StartupGate::open`], `/healthz` answers 200 and every other path 503 with `starting`.
//! - After it, every request reaches the routes unchanged. It opens once and never closes.

use crate::http::error::ApiError;
use crate::http::health;
use crate::http::request_id;
use axum::Router;
use axum::extract::Request;
use axum::extract::State;
use axum::response::IntoResponse;
use axum::response::Response;
use std::sync::Arc;
use std::sync::OnceLock;
use tower::ServiceExt;
use vitrine_base::clock::SharedClock;

/// The liveness probe, the only path that answers 200 while the models load.
const ALIVE_PATH: &str = "/healthz";

/// Holds back requests until the routes are set; clones share the same state.
#[derive(Debug, Clone)]
pub(crate) struct StartupGate {
    routes: Arc<OnceLock<Router>>,
    clock: SharedClock,
}

impl StartupGate {
    /// A closed gate; `clock` dates the ids of refused requests.
    pub(crate) fn new(clock: SharedClock) -> Self {
        Self { routes: Arc::default(), clock }
    }

    /// Sends all further requests to `routes`; a second call has no effect.
    pub(crate) fn open(&self, routes: Router) {
        let _first = self.routes.set(routes);
    }

    /// The router to serve before and after opening.
    pub(crate) fn router(&self) -> Router {
        Router::new().fallback(pass).with_state(self.clone())
    }
}

async fn pass(State(startup): State<StartupGate>, request: Request) -> Response {
    if let Some(routes) = startup.routes.get() {
        return routes.clone().oneshot(request).await.into_response();
    }
    if request.uri().path() == ALIVE_PATH {
        return health::ALIVE.into_response();
    }
    let refused = async { ApiError::Unavailable { state: "starting" }.into_response() };
    request_id::scope(request_id::of(&request, startup.clock.as_ref()), refused).await
}
