//! `POST /v1/classify`: classifies texts into intents with calibrated confidences.

use crate::http::body::Json;
use crate::http::encode;
use crate::http::error::ApiError;
use crate::http::keys::Caller;
use crate::http::state::App;
use crate::http::wire::ErrorBody;
use crate::http::wire::services::ClassifyAnswer;
use crate::http::wire::services::ClassifyRequest;
use crate::turn::IntentReading;
use axum::extract::State;
use std::sync::Arc;
use vitrine_intent::IntentError;

/// Classifies texts into intents.
#[utoipa::path(
    post, path = "/v1/classify", request_body = ClassifyRequest,
    responses((status = 200, body = ClassifyAnswer), (status = 422, body = ErrorBody),
              (status = 429, body = ErrorBody))
)]
pub(crate) async fn classify(
    State(app): State<Arc<App>>,
    caller: Caller,
    body: Json<ClassifyRequest>,
) -> Result<axum::Json<ClassifyAnswer>, ApiError> {
    let texts = body.value.texts;
    check(&texts, app.limits.request_texts_max)?;
    let predictions = app.classifier.classify(&texts, &caller.tenant).await?;
    let results =
        predictions.into_iter().map(|found| encode::intent(&IntentReading::from(found))).collect();
    Ok(axum::Json(ClassifyAnswer { results }))
}

/// Checks the texts of a request.
///
/// # Errors
/// If there are none, more than `texts_max`, or one is empty.
pub(crate) fn check(texts: &[String], texts_max: usize) -> Result<(), ApiError> {
    if texts.is_empty() {
        return Err(ApiError::impossible("no_texts", "at least one text is required"));
    }
    if texts.len() > texts_max {
        return Err(IntentError::TooManyTexts { texts: texts.len(), texts_max }.into());
    }
    match texts.iter().position(|text| text.trim().is_empty()) {
        Some(index) => Err(ApiError::impossible("empty_text", format!("text {index} is empty"))),
        None => Ok(()),
    }
}
