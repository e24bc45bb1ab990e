//! The audit log: who loaded models, exported, changed or erased customers' data. One record for
//! each act, with hashes in place of the ids of customers and conversations.

use crate::http::audit_file::AuditFile;
use crate::http::audit_file::AuditFileOptions;
use crate::http::keys::Caller;
use axum::http::Method;
use hmac::Hmac;
use hmac::Mac;
use serde_json::Value;
use serde_json::json;
use sha2::Sha256;
use std::io;
use std::sync::Arc;
use std::sync::OnceLock;
use std::time::Duration;
use vitrine_base::clock::SharedClock;
use vitrine_base::digest::hexadecimal;

/// Longest name of a model in a record, in characters.
const MODEL_CHARS_MAX: usize = 200;

/// Status of an act whose client hung up before the answer. Source: nginx.
const HUNG_UP: u16 = 499;

/// What the first parameter of a route names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Subject {
    /// Nothing; the body names a model.
    Model,
    Conversation,
    Customer,
}

/// The acts that are recorded: method, route, name, and what the act concerns.
#[rustfmt::skip]
const ACTS: &[(Method, &str, &str, Subject)] = &[
    (Method::POST, "/v1/models/load", "model.load", Subject::Model),
    (Method::POST, "/v1/models/unload", "model.unload", Subject::Model),
    (Method::DELETE, "/v1/threads/{id}", "thread.erase", Subject::Conversation),
    (Method::POST, "/v1/threads/{id}/handoff", "thread.handoff", Subject::Conversation),
    (Method::POST, "/v1/threads/{id}/release", "thread.release", Subject::Conversation),
    (Method::POST, "/v1/threads/{id}/messages", "thread.message", Subject::Conversation),
    (Method::PUT, "/v1/customers/{id}", "customer.replace", Subject::Customer),
    (Method::DELETE, "/v1/customers/{id}", "customer.erase", Subject::Customer),
    (Method::GET, "/v1/customers/{id}/export", "customer.export", Subject::Customer),
    (Method::POST, "/v1/customers/{id}/consents", "customer.consent", Subject::Customer),
    (Method::POST, "/v1/customers/{id}/identities", "customer.link", Subject::Customer),
    (Method::DELETE, "/v1/customers/{id}/identities/{channel}/{address}", "customer.unlink",
     Subject::Customer),
];

/// Where acts are recorded; nowhere until [`Audit::start`].
#[derive(Debug, Clone, Default)]
pub(crate) struct Audit(Arc<OnceLock<AuditFile>>);

impl Audit {
    /// Begins to record, in the folder of `options`.
    ///
    /// # Errors
    /// If the folder, its key or the writer cannot be made.
    pub(crate) fn start(&self, options: AuditFileOptions, clock: SharedClock) -> io::Result<()> {
        // A second start has no effect.
        let _ = self.0.set(AuditFile::start(options, clock)?);
        Ok(())
    }

    /// Records that could not be written.
    pub(crate) fn dropped(&self) -> u64 {
        self.0.get().map_or(0, AuditFile::dropped)
    }

    /// Waits until the records so far are on disk, for up to `most`.
    pub(crate) fn flush(&self, most: Duration) {
        if let Some(file) = self.0.get() {
            file.flush(most);
        }
    }

    /// Records an act of the process itself, such as its start.
    pub(crate) fn process(&self, act: &str, details: &Value) {
        if let Some(file) = self.0.get() {
            file.write(json!({ "act": act, "details": details }));
        }
    }

    /// The record of a request, if it is an act; written when dropped.
    pub(crate) fn act(&self, request: &ActRequest<'_>) -> Option<Act> {
        let file = self.0.get()?;
        let (_, _, name, subject) = ACTS
            .iter()
            .find(|(method, route, ..)| (method, *route) == (request.method, request.route))?;
        let tenant = request.caller.tenant.as_str();
        let id = || parameter(request.route, request.path);
        let subject = match subject {
            Subject::Model => json!({ "model": model(request.body) }),
            Subject::Conversation => json!({ "thread": hash(file.key(), tenant, "thread", &id()) }),
            Subject::Customer => json!({ "customer": hash(file.key(), tenant, "customer", &id()) }),
        };
        let mut record = json!({
            "act": name, "tenant": tenant, "key": request.key, "request_id": request.request_id,
        });
        if let (Value::Object(record), Value::Object(subject)) = (&mut record, subject) {
            record.extend(subject);
        }
        Some(Act { audit: self.clone(), record, status: HUNG_UP })
    }
}

/// A request that may be an act.
#[derive(Debug)]
pub(crate) struct ActRequest<'a> {
    pub(crate) method: &'a Method,
    /// The pattern that matched, and the path.
    pub(crate) route: &'a str,
    pub(crate) path: &'a str,
    pub(crate) body: &'a [u8],
    pub(crate) caller: &'a Caller,
    /// Start of the key's hash; `None` if no keys are configured.
    pub(crate) key: Option<String>,
    pub(crate) request_id: &'a str,
}

/// An act under way; recorded when dropped.
#[derive(Debug)]
pub(crate) struct Act {
    audit: Audit,
    record: Value,
    pub(crate) status: u16,
}

impl Drop for Act {
    fn drop(&mut self) {
        let mut record = std::mem::take(&mut self.record);
        record["status"] = json!(self.status);
        if let Some(file) = self.audit.0.get() {
            file.write(record);
        }
    }
}

/// The text that a path has at the route's first parameter, decoded.
fn parameter(route: &str, path: &str) -> String {
    let mut pairs = route.split('/').zip(path.split('/'));
    let found = pairs.find(|(pattern, _)| pattern.starts_with('{'));
    decoded(found.map_or("", |(_, text)| text))
}

/// Text with its percent-encoded bytes decoded. Source: RFC 3986, section 2.1.
fn decoded(text: &str) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let [first, more @ ..] = rest {
        let digits = more.get(..2).and_then(|digits| std::str::from_utf8(digits).ok());
        let byte = digits.and_then(|digits| u8::from_str_radix(digits, 16).ok());
        match byte.filter(|_| *first == b'%') {
            Some(byte) => {
                bytes.push(byte);
                rest = &more[2..];
            }
            None => {
                bytes.push(*first);
                rest = more;
            }
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

/// The model that the body of a request names.
fn model(body: &[u8]) -> Option<String> {
    let body: Value = serde_json::from_slice(body).ok()?;
    let name = body.get("name").or_else(|| body.get("model"))?.as_str()?;
    Some(name.chars().take(MODEL_CHARS_MAX).collect())
}

/// Keyed hash of an id: HMAC-SHA256 of tenant, kind and id, each followed by a zero byte.
fn hash(key: &[u8], tenant: &str, kind: &str, id: &str) -> Option<String> {
    let mut mac = Hmac::<Sha256>::new_from_slice(key).ok()?;
    for part in [tenant, kind, id] {
        mac.update(part.as_bytes());
        mac.update(&[0]);
    }
    Some(hexadecimal(&mac.finalize().into_bytes()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::routes::ROUTES;

    #[test]
    fn every_act_is_a_route() {
        for (method, route, name, _) in ACTS {
            let found = ROUTES.iter().any(|row| {
                row.path == *route && format!("{:?}", row.verb).to_uppercase() == method.as_str()
            });
            assert!(found, "{name}");
        }
    }

    #[test]
    fn ids_are_read_from_the_path_and_hashed_with_the_key() {
        let route = "/v1/customers/{id}/identities/{channel}/{address}";
        let id = parameter(route, "/v1/customers/c%2F4%C3%A9%/identities/sms/%2B33");
        assert_eq!(id, "c/4é%");
        let one = hash(b"key", "shop", "customer", &id);
        assert_eq!(one, hash(b"key", "shop", "customer", "c/4é%"));
        assert_ne!(one, hash(b"other", "shop", "customer", &id));
        assert_ne!(one, hash(b"key", "outlet", "customer", &id));
        assert_ne!(one, hash(b"key", "shop", "thread", &id));
    }
}
