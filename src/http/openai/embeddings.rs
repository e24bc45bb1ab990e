//! `POST /v1/embeddings`: embeds texts as vectors of unit length.

use crate::http::body::Json;
use crate::http::classify;
use crate::http::error::ApiError;
use crate::http::state::App;
use crate::http::wire::ErrorBody;
use crate::http::wire::openai::EmbeddingBody;
use crate::http::wire::openai::EmbeddingValues;
use crate::http::wire::openai::EmbeddingsAnswer;
use crate::http::wire::openai::EmbeddingsRequest;
use crate::http::wire::openai::EmbeddingsUsage;
use axum::extract::State;
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use std::sync::Arc;

/// Embeds texts.
#[utoipa::path(
    post, path = "/v1/embeddings", request_body = EmbeddingsRequest,
    responses((status = 200, body = EmbeddingsAnswer), (status = 404, body = ErrorBody),
              (status = 422, body = ErrorBody), (status = 429, body = ErrorBody))
)]
pub(crate) async fn embeddings(
    State(app): State<Arc<App>>,
    body: Json<EmbeddingsRequest>,
) -> Result<axum::Json<EmbeddingsAnswer>, ApiError> {
    let request = body.value;
    if request.model != app.encoder_name {
        let id = request.model.chars().take(200).collect();
        return Err(ApiError::NotFound { what: "model", id });
    }
    let values = values(request.encoding_format.as_deref())?;
    let width = app.classifier.embedder().dimensions();
    if let Some(dimensions) = request.dimensions.filter(|dimensions| *dimensions != width) {
        let message = format!("field `dimensions` is {dimensions}; allowed: {width}");
        return Err(ApiError::impossible("dimensions", message));
    }
    let texts = request.input.0;
    classify::check(&texts, app.limits.request_texts_max)?;
    let embedded = app.classifier.embedder().embed_counted(&texts).await?;
    let data = embedded
        .embeddings
        .into_iter()
        .enumerate()
        .map(|(index, row)| EmbeddingBody { object: "embedding", index, embedding: values(row) })
        .collect();
    let tokens = embedded.tokens;
    let usage = EmbeddingsUsage { prompt_tokens: tokens, total_tokens: tokens };
    Ok(axum::Json(EmbeddingsAnswer { object: "list", model: request.model, data, usage }))
}

/// Encoder of embeddings for the requested format.
fn values(format: Option<&str>) -> Result<fn(Vec<f32>) -> EmbeddingValues, ApiError> {
    match format {
        None | Some("float") => Ok(EmbeddingValues::Floats),
        Some("base64") => Ok(|row| {
            let bytes: Vec<u8> = row.iter().flat_map(|value| value.to_le_bytes()).collect();
            EmbeddingValues::Base64(BASE64_STANDARD.encode(bytes))
        }),
        Some(other) => {
            let message = format!("field `encoding_format` is `{other}`; allowed: float, base64");
            Err(ApiError::impossible("encoding_format", message))
        }
    }
}
