//! Posts signed callbacks to the shop's webhooks. `outbox` decides about retries.
//!
//! A receiver verifies `vitrine-signature: sha256=HEX`, the HMAC-SHA256 of `TIMESTAMP "." BODY`
//! under the shared secret, where TIMESTAMP is the header `vitrine-timestamp` (seconds since 1970).
//! Since the timestamp is signed, a receiver can reject recorded deliveries that are replayed
//! later. `vitrine-delivery` stays the same for all attempts, so a receiver can recognise
//! duplicates.
//!
//! Source: HMAC, RFC 2104.

use futures::future::BoxFuture;
use hmac::Hmac;
use hmac::Mac;
use reqwest::Client;
use reqwest::RequestBuilder;
use reqwest::header::CONTENT_TYPE;
use reqwest::redirect::Policy;
use sha2::Sha256;
use std::time::Duration;
use vitrine_base::clock::SharedClock;

/// Headers of a callback.
const EVENT_HEADER: &str = "vitrine-event";
const DELIVERY_HEADER: &str = "vitrine-delivery";
const TIMESTAMP_HEADER: &str = "vitrine-timestamp";
const SIGNATURE_HEADER: &str = "vitrine-signature";

/// One callback to post.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Callback {
    pub(crate) url: String,
    /// `turn.answered`, `turn.failed` or `handoff.offered`.
    pub(crate) event: &'static str,
    /// Delivery id; the same for all attempts.
    pub(crate) delivery: String,
    /// JSON body.
    pub(crate) body: Vec<u8>,
}

/// Why a callback was not delivered. Never contains any part of its body.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum DeliveryError {
    /// The receiver answered with a status outside 200 to 299.
    #[error("the receiver answered {status}")]
    Refused { status: u16 },
    /// No response arrived.
    #[error("the receiver did not answer: {reason}")]
    NoAnswer { reason: &'static str },
}

/// Transport for callbacks.
pub(crate) trait CallbackSender: Send + Sync + std::fmt::Debug {
    /// Makes one attempt to deliver a callback.
    ///
    /// # Errors
    /// If no response with a success status arrives.
    fn deliver(&self, callback: Callback) -> BoxFuture<'_, Result<(), DeliveryError>>;
}

/// Posts callbacks over HTTP.
pub(crate) struct HttpCallbackSender {
    client: Client,
    secret: String,
    clock: SharedClock,
}

impl std::fmt::Debug for HttpCallbackSender {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("HttpCallbackSender")
    }
}

impl HttpCallbackSender {
    /// Creates a sender that signs with `secret`, or does not sign if it is empty. `timeout` bounds
    /// each attempt.
    ///
    /// # Errors
    /// If TLS cannot be initialised.
    pub(crate) fn new(
        secret: String,
        timeout: Duration,
        clock: SharedClock,
    ) -> Result<Self, reqwest::Error> {
        // No redirects: a signed body must not reach any other address than the configured one.
        let client = Client::builder().timeout(timeout).redirect(Policy::none()).build()?;
        Ok(Self { client, secret, clock })
    }

    /// The signed request of one attempt, made now.
    fn request(&self, callback: Callback) -> RequestBuilder {
        let timestamp = self.clock.now().as_second();
        let mut request = self
            .client
            .post(&callback.url)
            .header(CONTENT_TYPE, "application/json")
            .header(EVENT_HEADER, callback.event)
            .header(DELIVERY_HEADER, &callback.delivery)
            .header(TIMESTAMP_HEADER, timestamp);
        if !self.secret.is_empty() {
            let signature = signature(&self.secret, timestamp, &callback.body);
            request = request.header(SIGNATURE_HEADER, signature);
        }
        request.body(callback.body)
    }
}

/// Value of the signature header for a body sent at `timestamp` (seconds since 1970).
pub(crate) fn signature(secret: &str, timestamp: i64, body: &[u8]) -> String {
    let mut mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes())
        .unwrap_or_else(|_| unreachable!("HMAC accepts keys of any length"));
    mac.update(timestamp.to_string().as_bytes());
    mac.update(b".");
    mac.update(body);
    let digits = mac.finalize().into_bytes();
    digits.iter().fold("sha256=".to_owned(), |text, byte| text + &format!("{byte:02x}"))
}

impl CallbackSender for HttpCallbackSender {
    fn deliver(&self, callback: Callback) -> BoxFuture<'_, Result<(), DeliveryError>> {
        Box::pin(async move {
            let answer = self.request(callback).send().await.map_err(|error| {
                let reason = match () {
                    () if error.is_timeout() => "timed out",
                    () if error.is_connect() => "cannot connect",
                    () => "the connection was lost",
                };
                DeliveryError::NoAnswer { reason }
            })?;
            let status = answer.status();
            match status.is_success() {
                true => Ok(()),
                false => Err(DeliveryError::Refused { status: status.as_u16() }),
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Arc;
    use vitrine_base::clock::ManualClock;

    /// The head and body of a callback sent at 2026-12-01T00:00:00Z.
    fn sent(secret: &str) -> String {
        let clock = ManualClock::new("2026-12-01T00:00:00Z".parse().unwrap());
        let timeout = Duration::from_secs(1);
        let sender = HttpCallbackSender::new(secret.to_owned(), timeout, Arc::new(clock)).unwrap();
        let callback = Callback {
            url: "https://shop.example/hook".to_owned(),
            event: "turn.answered",
            delivery: "d-1".to_owned(),
            body: br#"{"turn_id":"t-1"}"#.to_vec(),
        };
        let request = sender.request(callback).build().unwrap();
        let mut lines = vec![format!("{} {}", request.method(), request.url())];
        for (name, value) in request.headers() {
            lines.push(format!("{name}: {}", value.to_str().unwrap()));
        }
        let body = request.body().unwrap().as_bytes().unwrap();
        lines.extend([String::new(), String::from_utf8(body.to_vec()).unwrap()]);
        lines.join("\n")
    }

    #[test]
    fn headers_of_callbacks_are_golden() {
        let mut settings = insta::Settings::clone_current();
        settings.set_snapshot_path("../../tests/it/snapshots");
        settings.set_prepend_module_to_snapshot(false);
        settings.set_omit_expression(true);
        settings.bind(|| {
            insta::assert_snapshot!("callback.headers", sent("a-shared-secret"));
            insta::assert_snapshot!("callback.headers.unsigned", sent(""));
        });
    }

    #[test]
    fn the_signature_covers_time_and_body() {
        // Reference value from Python: hmac.new(b"secret", b"1700000000.{}", "sha256").hexdigest().
        let expected = "b8569b78799ff9e3cbff0fc2d63a33a2b57f3282abd07c37ae5e8e7d79a5f163";
        assert_eq!(signature("secret", 1_700_000_000, b"{}"), format!("sha256={expected}"));
        assert_ne!(signature("secret", 1_700_000_001, b"{}"), format!("sha256={expected}"));
        assert_ne!(signature("other", 1_700_000_000, b"{}"), format!("sha256={expected}"));
    }
}
