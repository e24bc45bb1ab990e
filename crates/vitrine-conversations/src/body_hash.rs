//! Hashes of a request: of its meaning, and of its bytes.

use sha2::Digest;
use sha2::Sha256;
use std::fmt;

/// SHA-256 that tells a redelivery from another message under the same id. Since version 2 it
/// covers the meaning of a request; turns of older versions hold the hash of its bytes.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct BodyHash(pub [u8; 32]);

impl BodyHash {
    /// Hashes bytes.
    #[must_use]
    pub fn of(body: &[u8]) -> Self {
        Self(Sha256::digest(body).into())
    }

    /// Hashes a request's canonical text. A prefix keeps it apart from every hash of bytes, because
    /// no JSON body begins with it.
    #[must_use]
    pub fn of_meaning(canonical: &str) -> Self {
        let hash = Sha256::new().chain_update(MEANING_PREFIX).chain_update(canonical);
        Self(hash.finalize().into())
    }
}

/// Version of the hash of a meaning.
const MEANING_PREFIX: &str = "vitrine request 2\n";

/// Both hashes of one request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RequestHash {
    /// Hash of its meaning; stored with the turn.
    pub meaning: BodyHash,
    /// Hash of its bytes, for turns that older versions stored.
    pub bytes: BodyHash,
}

impl RequestHash {
    /// Whether a stored hash belongs to this request.
    #[must_use]
    pub fn matches(self, stored: BodyHash) -> bool {
        stored == self.meaning || stored == self.bytes
    }
}

impl From<BodyHash> for RequestHash {
    /// A request whose bytes are its only form, such as one that a test makes.
    fn from(hash: BodyHash) -> Self {
        Self { meaning: hash, bytes: hash }
    }
}

impl fmt::Display for BodyHash {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(formatter, "{byte:02x}"))
    }
}

impl fmt::Debug for BodyHash {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "BodyHash({self})")
    }
}
