//! The door of the gateway: open from the first moment, so that probes and customers get an answer
//! while the models load.
//!
//! Invariants
//! - Before [`Door::open`] only `/healthz` answers 200; every other path is 503 `starting`.
//! - It opens once; from then on every request goes to the routes, unchanged.

use crate::http::error::ApiError;
use crate::http::guard;
use crate::http::health;
use axum::Router;
use axum::extract::Request;
use axum::extract::State;
use axum::response::IntoResponse;
use axum::response::Response;
use std::sync::Arc;
use std::sync::OnceLock;
use tower::ServiceExt;

/// The one path that answers while the models load.
const ALIVE_PATH: &str = "/healthz";

/// The door; clones lead to the same one.
#[derive(Debug, Clone, Default)]
pub(crate) struct Door {
    routes: Arc<OnceLock<Router>>,
}

impl Door {
    /// Lets requests through to `routes`; a second call changes nothing.
    pub(crate) fn open(&self, routes: Router) {
        let _first = self.routes.set(routes);
    }

    /// What the server serves.
    pub(crate) fn router(&self) -> Router {
        Router::new().fallback(pass).with_state(self.clone())
    }
}

async fn pass(State(door): State<Door>, request: Request) -> Response {
    if let Some(routes) = door.routes.get() {
        return routes.clone().oneshot(request).await.into_response();
    }
    if request.uri().path() == ALIVE_PATH {
        return health::alive().await.into_response();
    }
    guard::refuse(request, ApiError::Unavailable { state: "starting" }).await
}
