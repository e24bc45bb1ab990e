//! Parameters in the path of a request; a path that cannot be decoded is an error in our shape.

use crate::http::error::ApiError;
use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use serde::de::DeserializeOwned;

/// The decoded parameters of a path.
#[derive(Debug)]
pub(crate) struct Path<T>(pub(crate) T);

impl<T: DeserializeOwned + Send, S: Send + Sync> FromRequestParts<S> for Path<T> {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, ApiError> {
        match axum::extract::Path::from_request_parts(parts, state).await {
            Ok(axum::extract::Path(parameters)) => Ok(Self(parameters)),
            Err(_) => {
                let path: String = parts.uri.path().chars().take(200).collect();
                let message = format!("the path `{path}` is not UTF-8 once it is decoded");
                Err(ApiError::malformed(message))
            }
        }
    }
}
