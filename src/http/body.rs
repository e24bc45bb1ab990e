//! Reads JSON bodies so that an error names the field.

use crate::http::error::ApiError;
use axum::body::Bytes;
use axum::extract::FromRequest;
use axum::extract::Request;
use serde::de::DeserializeOwned;

/// A JSON body and the bytes it came from.
#[derive(Debug)]
pub(crate) struct Json<T> {
    pub(crate) value: T,
    pub(crate) bytes: Bytes,
}

impl<T: DeserializeOwned, S: Send + Sync> FromRequest<S> for Json<T> {
    type Rejection = ApiError;

    async fn from_request(request: Request, state: &S) -> Result<Self, ApiError> {
        let bytes = Bytes::from_request(request, state).await.map_err(|rejection| {
            if rejection.status() == axum::http::StatusCode::PAYLOAD_TOO_LARGE {
                ApiError::BodyTooLarge
            } else {
                ApiError::malformed(format!("the body could not be read: {rejection}"))
            }
        })?;
        let value = parse(&bytes)?;
        Ok(Self { value, bytes })
    }
}

/// Parses a body; an error says where it is and what was expected there.
pub(crate) fn parse<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, ApiError> {
    if bytes.is_empty() {
        return Err(ApiError::malformed("the body is empty; a JSON object is expected"));
    }
    let mut deserializer = serde_json::Deserializer::from_slice(bytes);
    let value = serde_path_to_error::deserialize(&mut deserializer).map_err(|error| {
        let path = error.path().to_string();
        let inner = error.into_inner();
        if inner.is_data() && path != "." {
            ApiError::malformed(format!("field `{path}`: {inner}"))
        } else {
            ApiError::malformed(format!("the body is not the JSON expected: {inner}"))
        }
    })?;
    deserializer
        .end()
        .map_err(|error| ApiError::malformed(format!("text follows the JSON body: {error}")))?;
    Ok(value)
}
