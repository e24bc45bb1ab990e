//! JSON request bodies: bounded reading, and parse errors that name the field.

use crate::http::error::ApiError;
use crate::http::state::App;
use axum::body::Body;
use axum::body::Bytes;
use axum::extract::FromRequest;
use axum::extract::Request;
use futures::StreamExt;
use serde::de::DeserializeOwned;
use std::sync::Arc;

/// A parsed JSON body together with its original bytes.
#[derive(Debug)]
pub(crate) struct Json<T> {
    pub(crate) value: T,
    pub(crate) bytes: Bytes,
}

/// How far an oversized body is read and discarded, as a multiple of the limit. Many clients read
/// the response only after they have sent the whole body; beyond this, the connection is dropped.
const DRAIN_FACTOR: usize = 8;

impl<T: DeserializeOwned> FromRequest<Arc<App>> for Json<T> {
    type Rejection = ApiError;

    async fn from_request(request: Request, app: &Arc<App>) -> Result<Self, ApiError> {
        let bytes = read(request.into_body(), app.limits.body_bytes_max).await?;
        let value = parse(&bytes)?;
        Ok(Self { value, bytes })
    }
}

async fn read(body: Body, bytes_max: usize) -> Result<Bytes, ApiError> {
    let mut stream = body.into_data_stream();
    let mut kept = Vec::new();
    let mut seen = 0_usize;
    while let Some(chunk) = stream.next().await {
        let chunk = chunk
            .map_err(|error| ApiError::malformed(format!("the body could not be read: {error}")))?;
        seen = seen.saturating_add(chunk.len());
        if seen <= bytes_max {
            kept.extend_from_slice(&chunk);
        } else if seen > bytes_max.saturating_mul(DRAIN_FACTOR) {
            break;
        }
    }
    if seen > bytes_max { Err(ApiError::BodyTooLarge) } else { Ok(kept.into()) }
}

/// Parses a JSON body.
///
/// # Errors
/// [`ApiError::Malformed`], with the path of the field and what was expected there.
pub(crate) fn parse<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, ApiError> {
    if bytes.is_empty() {
        return Err(ApiError::malformed("the body is empty; expected a JSON object"));
    }
    let mut deserializer = serde_json::Deserializer::from_slice(bytes);
    let value = serde_path_to_error::deserialize(&mut deserializer).map_err(|error| {
        let path = error.path().to_string();
        let inner = error.into_inner();
        if inner.is_data() && path != "." {
            ApiError::malformed(format!("field `{path}`: {inner}"))
        } else {
            ApiError::malformed(format!("the body is not valid JSON of the expected form: {inner}"))
        }
    })?;
    deserializer
        .end()
        .map_err(|error| ApiError::malformed(format!("text follows the JSON body: {error}")))?;
    Ok(value)
}
