//! Options of the callbacks.

use crate::config::error::ConfigError;
use crate::config::options::place;
use crate::config::options::server::read_text;
use crate::config::raw::gateway::Callbacks;
use crate::config::value::url::WebhookUrl;
use crate::config::values::Values;
use crate::delivery::outbox::OutboxOptions;
use std::path::Path;
use std::time::Duration;

/// Key of the secret's file.
const SECRET_FILE: &str = "callbacks.secret_file";

/// Options of the callbacks.
#[derive(Clone)]
pub(crate) struct CallbackOptions {
    pub(crate) outbox: OutboxOptions,
    /// Longest wait for the receiver's response.
    pub(crate) timeout: Duration,
    /// Signs the deliveries; `None`: they are unsigned.
    pub(crate) secret: Option<String>,
}

impl std::fmt::Debug for CallbackOptions {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let mut shown = formatter.debug_struct("CallbackOptions");
        shown.field("outbox", &self.outbox).field("timeout", &self.timeout);
        shown.finish_non_exhaustive()
    }
}

/// Options of the callbacks.
///
/// # Errors
/// If the secret's file cannot be read or is empty.
pub(crate) fn callbacks(
    raw: &Callbacks,
    root: &Path,
    values: &Values,
) -> Result<CallbackOptions, ConfigError> {
    // The outbox expects an empty text where there is no receiver.
    let url = |url: &Option<WebhookUrl>| url.as_ref().map(|url| url.0.clone()).unwrap_or_default();
    Ok(CallbackOptions {
        outbox: OutboxOptions {
            turns_url: url(&raw.turns_url),
            handoff_url: url(&raw.handoff_url),
            attempts_max: raw.attempts_max.0,
            backoff: Duration::from_millis(raw.backoff_ms.0),
            backoff_max: Duration::from_millis(raw.backoff_ms_max.0),
            running_max: raw.running_max.0,
            waiting_max: raw.waiting_max.0,
        },
        timeout: Duration::from_millis(raw.timeout_ms.0),
        secret: secret(raw, root, values)?,
    })
}

fn secret(raw: &Callbacks, root: &Path, values: &Values) -> Result<Option<String>, ConfigError> {
    let Some(file) = &raw.secret_file else {
        return Ok(raw.secret.as_ref().map(|secret| secret.0.clone()));
    };
    let text = read_text(SECRET_FILE, &place(SECRET_FILE, file, root, values)?)?;
    match text.trim() {
        "" => Err(values.refuse(SECRET_FILE, file.display(), "a file that contains the secret")),
        secret => Ok(Some(secret.to_owned())),
    }
}
