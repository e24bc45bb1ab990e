//! `GET /v1/models`: what is loaded.

use crate::http::App;
use crate::http::error::ApiError;
use crate::http::wire::ErrorBody;
use crate::http::wire::services::ModelBody;
use crate::http::wire::services::ModelsAnswer;
use axum::extract::Path;
use axum::extract::State;
use std::sync::Arc;

/// The loaded models.
#[utoipa::path(get, path = "/v1/models", responses((status = 200, body = ModelsAnswer)))]
pub(crate) async fn list(State(app): State<Arc<App>>) -> axum::Json<ModelsAnswer> {
    axum::Json(ModelsAnswer { object: "list", data: bodies(&app) })
}

/// One loaded model.
#[utoipa::path(
    get, path = "/v1/models/{name}", params(("name" = String, Path, description = "its name")),
    responses((status = 200, body = ModelBody), (status = 404, body = ErrorBody))
)]
pub(crate) async fn show(
    State(app): State<Arc<App>>,
    Path(name): Path<String>,
) -> Result<axum::Json<ModelBody>, ApiError> {
    bodies(&app)
        .into_iter()
        .find(|model| model.id == name)
        .map(axum::Json)
        .ok_or(ApiError::NotFound { what: "model", id: name })
}

fn bodies(app: &App) -> Vec<ModelBody> {
    let state = if app.draining.has_begun() { "draining" } else { "ready" };
    let generator = &app.generator;
    let embedder = app.classifier.embedder();
    vec![
        ModelBody {
            id: generator.name().to_owned(),
            object: "model",
            task: "generate",
            state,
            bytes: generator.bytes(),
            sha256: generator.sha256().to_owned(),
            owned_by: "vitrine",
            context_tokens_max: Some(generator.context_tokens_max()),
        },
        ModelBody {
            id: app.encoder_name.clone(),
            object: "model",
            task: "embed",
            state,
            bytes: embedder.bytes(),
            sha256: embedder.identity().sha256.clone(),
            owned_by: "vitrine",
            context_tokens_max: Some(embedder.tokens_max()),
        },
    ]
}
