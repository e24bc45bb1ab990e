//! Wiring: builds a gateway from checked settings, runs it and shuts it down.
//!
//! The only module that depends on every layer.

mod build;
mod models;
mod panics;
mod readers;
mod recorder;
mod server;
mod shop;
mod threads;
mod upkeep;

pub(crate) use build::batch_engine_options;
pub(crate) use build::check;
pub(crate) use models::generator_file;
pub(crate) use server::serve;
pub(crate) use shop::locales;
pub(crate) use threads::use_threads;

use crate::config::DEFAULT_TENANT;
use crate::config::Settings;
use crate::http::conversation_tests::Suite;
use crate::http::state::App;
use crate::http::wire::respond::RespondRequest;
use crate::turn::model_reader::ReaderMode;
use anyhow::Context;
use std::path::PathBuf;
use std::sync::Arc;
use tokio::runtime::Runtime;
use vitrine_base::ids::TenantId;
use vitrine_conversations::BodyHash;
use vitrine_judge::Comparison;
use vitrine_judge::Outcome;
use vitrine_judge::SuiteError;

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
        readers::warm_up(settings, &app.gateway)?;
        Ok(Self { runtime, app })
    }

    /// As [`Self::open`], with conversations in memory only.
    ///
    /// # Errors
    /// If a model or a configured file cannot be opened.
    pub(crate) fn open_in_memory(settings: &Settings) -> anyhow::Result<Self> {
        use_threads(settings.engine_threads)?;
        settings.log_warnings();
        let runtime = server::runtime(settings)?;
        let app = Arc::new(build::in_memory(settings)?);
        readers::warm_up(settings, &app.gateway)?;
        Ok(Self { runtime, app })
    }

    /// Reads conversation tests for this gateway's catalogue.
    ///
    /// # Errors
    /// If a file cannot be read, or a line is not a conversation of the known form.
    pub(crate) fn tests(&self, files: &[PathBuf]) -> Result<Suite, SuiteError> {
        Suite::open(files, &self.app.catalog)
    }

    /// Plays conversation tests; `played` is called after each conversation.
    pub(crate) fn play(&self, suite: &Suite, played: &(dyn Fn() + Sync)) -> Outcome {
        self.runtime.block_on(suite.play(&self.app, &self.app.gateway, played))
    }

    /// Whether a model can read messages.
    pub(crate) fn has_reading_model(&self) -> bool {
        self.app.gateway.reader().current().is_some()
    }

    /// Plays conversation tests with each reader of messages; `played` is called after each
    /// conversation. Replies are worded by templates, so that only the readers differ.
    ///
    /// # Errors
    /// If a store in memory cannot be opened.
    pub(crate) fn compare(
        &self,
        settings: &Settings,
        suite: &Suite,
        played: &(dyn Fn() + Sync),
    ) -> anyhow::Result<Comparison> {
        let play = |mode| {
            let pipeline = readers::reading_with(mode, settings, &self.app.gateway)?;
            let played = suite.play(&self.app, &pipeline, played);
            anyhow::Ok(self.runtime.block_on(played))
        };
        Ok(Comparison {
            fast: play(ReaderMode::Fast)?,
            model: play(ReaderMode::Model)?,
            auto: play(ReaderMode::Trusting)?,
        })
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
