//! Brings answers and packets to the shop's own addresses, signed.
//!
//! A receiver checks `vitrine-signature: sha256=HEX`, the HMAC-SHA256 of `TIMESTAMP "." BODY` under
//! the shared secret, where TIMESTAMP is the header `vitrine-timestamp` (seconds since 1970). The
//! time is signed as well, so that a recorded delivery cannot be played again much later.
//! `vitrine-delivery` is the same at every try: what came twice is known by it.
//!
//! Source: HMAC, RFC 2104.

use futures::future::BoxFuture;
use hmac::Hmac;
use hmac::Mac;
use reqwest::Client;
use reqwest::header::CONTENT_TYPE;
use reqwest::redirect::Policy;
use sha2::Sha256;
use std::time::Duration;
use vitrine_base::clock::SharedClock;

/// Header names of a delivery.
const EVENT_HEADER: &str = "vitrine-event";
const DELIVERY_HEADER: &str = "vitrine-delivery";
const TIMESTAMP_HEADER: &str = "vitrine-timestamp";
const SIGNATURE_HEADER: &str = "vitrine-signature";

/// One thing to deliver.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Letter {
    pub(crate) url: String,
    /// `turn.answered`, `turn.failed` or `handoff.offered`.
    pub(crate) event: &'static str,
    /// The same at every try.
    pub(crate) delivery: String,
    /// JSON.
    pub(crate) body: Vec<u8>,
}

/// Why a letter was not taken. Says nothing of its body.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Undelivered {
    /// The receiver answered, but not with success.
    #[error("the receiver answered {status}")]
    Refused { status: u16 },
    /// There was no answer.
    #[error("the receiver did not answer: {reason}")]
    NoAnswer { reason: &'static str },
}

/// Somebody who brings letters.
pub(crate) trait Courier: Send + Sync + std::fmt::Debug {
    /// Brings one.
    fn deliver(&self, letter: Letter) -> BoxFuture<'_, Result<(), Undelivered>>;
}

/// Brings letters over HTTP.
pub(crate) struct HttpCourier {
    client: Client,
    secret: String,
    clock: SharedClock,
}

impl std::fmt::Debug for HttpCourier {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("HttpCourier")
    }
}

impl HttpCourier {
    /// Signs with `secret`; with an empty one letters go unsigned.
    ///
    /// # Errors
    /// If the system gives no TLS.
    pub(crate) fn new(
        secret: String,
        timeout: Duration,
        clock: SharedClock,
    ) -> Result<Self, reqwest::Error> {
        // A signed letter goes where it is addressed to and nowhere else.
        let client = Client::builder().timeout(timeout).redirect(Policy::none()).build()?;
        Ok(Self { client, secret, clock })
    }
}

/// The signature of a body at a time, as the header shows it.
pub(crate) fn signature(secret: &str, timestamp: i64, body: &[u8]) -> String {
    let mut mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes())
        .unwrap_or_else(|_| unreachable!("HMAC takes keys of any length"));
    mac.update(timestamp.to_string().as_bytes());
    mac.update(b".");
    mac.update(body);
    let digits = mac.finalize().into_bytes();
    digits.iter().fold("sha256=".to_owned(), |text, byte| text + &format!("{byte:02x}"))
}

impl Courier for HttpCourier {
    fn deliver(&self, letter: Letter) -> BoxFuture<'_, Result<(), Undelivered>> {
        Box::pin(async move {
            let timestamp = self.clock.now().as_second();
            let mut request = self
                .client
                .post(&letter.url)
                .header(CONTENT_TYPE, "application/json")
                .header(EVENT_HEADER, letter.event)
                .header(DELIVERY_HEADER, &letter.delivery)
                .header(TIMESTAMP_HEADER, timestamp);
            if !self.secret.is_empty() {
                let signature = signature(&self.secret, timestamp, &letter.body);
                request = request.header(SIGNATURE_HEADER, signature);
            }
            let answer = request.body(letter.body).send().await.map_err(|error| {
                let reason = match () {
                    () if error.is_timeout() => "it took too long",
                    () if error.is_connect() => "no connection",
                    () => "the connection broke",
                };
                Undelivered::NoAnswer { reason }
            })?;
            let status = answer.status();
            match status.is_success() {
                true => Ok(()),
                false => Err(Undelivered::Refused { status: status.as_u16() }),
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_signature_covers_time_and_body() {
        // Computed with Python: hmac.new(b"secret", b"1700000000.{}", "sha256").hexdigest().
        let expected = "b8569b78799ff9e3cbff0fc2d63a33a2b57f3282abd07c37ae5e8e7d79a5f163";
        assert_eq!(signature("secret", 1_700_000_000, b"{}"), format!("sha256={expected}"));
        assert_ne!(signature("secret", 1_700_000_001, b"{}"), format!("sha256={expected}"));
        assert_ne!(signature("other", 1_700_000_000, b"{}"), format!("sha256={expected}"));
    }
}
