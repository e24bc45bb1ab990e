//! Wiring: builds a gateway from checked settings, runs it and shuts it down.
//!
//! The only module that depends on every layer.

mod build;
mod models;
mod panics;
mod recorder;
mod server;
mod shop;
mod threads;
mod upkeep;

pub(crate) use build::batch_engine_options;
pub(crate) use build::check;
pub(crate) use models::generator_file;
pub(crate) use server::serve;
pub(crate) use threads::use_threads;

use crate::config::DEFAULT_TENANT;
use crate::config::Settings;
use crate::http::state::App;
use crate::http::wire::respond::RespondRequest;
use anyhow::Context;
use std::sync::Arc;
use tokio::runtime::Runtime;
use vitrine_base::ids::TenantId;
use vitrine_conversations::BodyHash;

/// A gateway without an HTTP server, for commands that answer turns in the terminal.
#[derive(Debug)]
pub(crate) struct LocalGateway {
    runtime: Runtime,
    app: Arc<App>,
}

impl LocalGateway {
    /// Loads the models and opens the store.
    ///
    /// # Errors
    /// If a model, the store or a configured file cannot be opened.
    pub(crate) fn open(settings: &Settings) -> anyhow::Result<Self> {
        use_threads(settings.engine_threads)?;
        settings.log_warnings();
        let runtime = server::runtime(settings)?;
        let app = Arc::new(build::app(settings)?);
        Ok(Self { runtime, app })
    }

    /// Answers one turn as `POST /respond` would.
    pub(crate) fn respond(&self, request: RespondRequest) -> anyhow::Result<serde_json::Value> {
        // The hash matters only for redeliveries, which need a message id.
        let hash = BodyHash::of(request.message.text.as_deref().unwrap_or_default().as_bytes());
        let tenant = TenantId::new(DEFAULT_TENANT)?;
        let request = self.app.turn_request(tenant, request, hash.into())?;
        let answered = self.runtime.block_on(self.app.gateway.respond(request, None))?;
        serde_json::from_slice(&answered.body).context("the answer is not JSON (a bug in vitrine)")
    }
}
