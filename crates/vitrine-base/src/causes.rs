//! Formats an error with all its causes on one line.

/// Returns `error: cause: cause of the cause…`, for logs and operators. Not for API clients, which
/// get the public message only.
#[must_use]
pub fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text.push_str(": ");
        text.push_str(&error.to_string());
        cause = error.source();
    }
    text
}
