//! Plays the shop's conversation tests with a model before it serves.

use crate::http::conversation_tests::Suite;
use crate::http::error::ApiError;
use crate::http::state::App;
use std::sync::Arc;
use std::sync::OnceLock;
use tokio::runtime::Handle;
use vitrine_engine::GenerationModel;
use vitrine_engine::LoadFailure;
use vitrine_engine::ModelCheck;
use vitrine_engine::RegistryError;
use vitrine_judge::Figures;

/// The tests that a model has to pass, and what they found once they were played.
#[derive(Debug, Clone, Default)]
pub(super) struct Required {
    found: Arc<OnceLock<Figures>>,
}

impl Required {
    /// The check that plays the tests. It runs on the thread that loads the model.
    ///
    /// # Errors
    /// If there are no tests, or one of the files is not as it should be.
    pub(super) fn check(&self, app: &Arc<App>) -> Result<ModelCheck, ApiError> {
        let tests = &app.model_tests;
        if tests.files.is_empty() {
            let message = "field `require_tests`: the configuration names no `tests.files`";
            return Err(ApiError::impossible("tests_missing", message));
        }
        let suite = Suite::open(&tests.files, &app.catalog).map_err(|error| {
            ApiError::impossible("tests_invalid", vitrine_base::causes::chain(&error))
        })?;
        let (app, runtime) = (Arc::clone(app), Handle::current());
        let found = Arc::clone(&self.found);
        Ok(Box::new(move |model| runtime.block_on(passes(&app, &suite, model, &found))))
    }

    /// The error of a load, with the figures if it failed because of the tests.
    pub(super) fn error(&self, error: RegistryError) -> ApiError {
        match (&error, self.found.get()) {
            (RegistryError::Load { cause: LoadFailure::Unfit { reason }, name }, Some(figures)) => {
                ApiError::TestsFailed {
                    message: format!("model `{name}` is not loaded: {reason}"),
                    figures: figures.json(),
                }
            }
            _ => error.into(),
        }
    }
}

/// Plays the tests; gives the figures as the reason if too few pass.
async fn passes(
    app: &App,
    suite: &Suite,
    model: &GenerationModel,
    found: &OnceLock<Figures>,
) -> Result<(), String> {
    let tests = &app.model_tests;
    let pipeline = (tests.pipeline)(&app.gateway, model.clone())?;
    let outcome = suite.play(app, &pipeline, &|| {}).await;
    let figures = outcome.figures();
    let _first = found.set(figures);
    tracing::info!(share = outcome.share(), floor = tests.floor, "conversation tests played");
    if outcome.share() >= tests.floor {
        return Ok(());
    }
    Err(format!(
        "of the conversation tests {} of {} turns and {} of {} goals passed, tests.floor is {}",
        figures.turns_passed, figures.turns, figures.goals_won, figures.goals, tests.floor
    ))
}
