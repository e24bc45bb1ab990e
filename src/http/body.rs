//! JSON request bodies: errors that name the field, and keys that no request has.

mod error;
mod reader;
mod tree;

pub(crate) use crate::http::body::reader::REST;
use crate::http::body::reader::Reading;
use crate::http::body::reader::UnknownKey;
use crate::http::error::ApiError;
use crate::http::state::App;
use crate::http::state::UnknownFields;
use axum::body::Bytes;
use axum::body::to_bytes;
use axum::extract::FromRequest;
use axum::extract::Request;
use axum::http::HeaderName;
use axum::http::HeaderValue;
use axum::middleware::Next;
use axum::response::Response;
use percent_encoding::AsciiSet;
use percent_encoding::CONTROLS;
use percent_encoding::utf8_percent_encode;
use serde::de::DeserializeOwned;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::PoisonError;

/// Header of the answer that lists ignored keys, separated by commas.
const IGNORED_HEADER: HeaderName = HeaderName::from_static("vitrine-ignored");

/// Longest list of ignored keys in a header, in bytes; further ones are left out.
const IGNORED_BYTES_MAX: usize = 1024;

/// What may not stand in the header as it is.
const NOT_IN_HEADER: &AsciiSet = &CONTROLS.add(b' ').add(b',').add(b'%');

/// A parsed JSON body together with its original bytes.
#[derive(Debug)]
pub(crate) struct Json<T> {
    pub(crate) value: T,
    pub(crate) bytes: Bytes,
}

impl<T: DeserializeOwned> FromRequest<Arc<App>> for Json<T> {
    type Rejection = ApiError;

    async fn from_request(request: Request, app: &Arc<App>) -> Result<Self, ApiError> {
        let ignored = request.extensions().get::<IgnoredFields>().cloned();
        // The guard has read the whole body already and checked its size.
        let bytes = to_bytes(request.into_body(), app.limits.body_bytes_max).await;
        let bytes = bytes.map_err(|_| ApiError::BodyTooLarge)?;
        let Reading { value, unknown } = read_json(&bytes)?;
        match app.limits.unknown_fields {
            UnknownFields::Refuse => refuse(&unknown)?,
            UnknownFields::Warn => ignored.unwrap_or_default().add(unknown),
        }
        Ok(Self { value, bytes })
    }
}

/// Reads the JSON body of an accepted request again. Unknown keys are ignored: whoever accepted it
/// has decided about them.
///
/// # Errors
/// [`ApiError::Malformed`], with the field and what was expected there.
pub(crate) fn parse<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, ApiError> {
    read_json(bytes).map(|reading| reading.value)
}

fn read_json<T: DeserializeOwned>(bytes: &[u8]) -> Result<Reading<T>, ApiError> {
    let tree = tree::parse(bytes).map_err(ApiError::malformed)?;
    reader::read(&tree).map_err(|error| ApiError::malformed(error.to_string()))
}

/// Refuses a request with unknown keys; the error names the first ones.
fn refuse(unknown: &[UnknownKey]) -> Result<(), ApiError> {
    const NAMED_MAX: usize = 5;
    let named = unknown.iter().take(NAMED_MAX).map(|key| match key.nearest {
        Some(nearest) => format!("field `{}` is unknown; did you mean `{nearest}`?", key.path),
        None => format!("field `{}` is unknown", key.path),
    });
    let message = named.collect::<Vec<_>>().join("; ");
    match unknown.len() {
        0 => Ok(()),
        count if count > NAMED_MAX => {
            let more = count - NAMED_MAX;
            Err(ApiError::impossible("unknown_field", format!("{message}; and {more} more")))
        }
        _ => Err(ApiError::impossible("unknown_field", message)),
    }
}

/// Unknown keys of a request that was answered all the same (`server.unknown_fields = "warn"`).
#[derive(Debug, Clone, Default)]
struct IgnoredFields(Arc<Mutex<Vec<String>>>);

impl IgnoredFields {
    fn add(&self, unknown: Vec<UnknownKey>) {
        let mut paths = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        paths.extend(unknown.into_iter().map(|key| key.path));
    }

    /// The paths as a header value, percent-encoded beyond visible ASCII; `None` without any.
    fn header(&self) -> Option<HeaderValue> {
        let paths = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let mut text = String::new();
        for path in paths.iter() {
            let path = utf8_percent_encode(path, NOT_IN_HEADER).to_string();
            if text.len() + path.len() > IGNORED_BYTES_MAX {
                break;
            }
            if !text.is_empty() {
                text.push_str(", ");
            }
            text.push_str(&path);
        }
        HeaderValue::try_from(text).ok().filter(|text| !text.is_empty())
    }
}

/// Names the ignored keys of the request's body in the header [`IGNORED_HEADER`] of its answer.
pub(crate) async fn name_ignored(mut request: Request, next: Next) -> Response {
    let ignored = IgnoredFields::default();
    request.extensions_mut().insert(ignored.clone());
    let mut response = next.run(request).await;
    if let Some(header) = ignored.header() {
        response.headers_mut().insert(IGNORED_HEADER, header);
    }
    response
}

/// Reads a value as a handler would.
#[cfg(test)]
pub(crate) fn parse_for_tests<T: DeserializeOwned>(value: &serde_json::Value) -> T {
    parse(value.to_string().as_bytes()).expect("the value has the form of the request")
}
