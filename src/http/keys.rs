//! API keys: who calls, for which tenant, and what the key may do.
//!
//! Invariants
//! - Keys are kept and compared as hashes; no key is ever logged.
//! - Several keys may stand for one tenant: the new one is added before the old one goes.

use crate::http::App;
use crate::http::error::ApiError;
use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use sha2::Digest;
use sha2::Sha256;
use std::sync::Arc;
use vitrine_base::ids::TenantId;

/// SHA-256 of an API key.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct KeyHash([u8; 32]);

impl std::fmt::Debug for KeyHash {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("KeyHash(…)")
    }
}

impl KeyHash {
    /// Hashes a key.
    pub(crate) fn of(key: &str) -> Self {
        Self(Sha256::digest(key.as_bytes()).into())
    }

    /// Reads 64 hexadecimal digits; `None` for anything else.
    pub(crate) fn from_hex(text: &str) -> Option<Self> {
        if text.len() != 64 || !text.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            return None;
        }
        let mut bytes = [0; 32];
        for (at, byte) in bytes.iter_mut().enumerate() {
            *byte = u8::from_str_radix(&text[2 * at..2 * at + 2], 16).ok()?;
        }
        Some(Self(bytes))
    }
}

/// What a key may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Scope {
    /// Have turns answered, classified and suggested for.
    Turns,
    /// Read, hand over, write into and erase threads.
    Threads,
    /// Read, change, export and erase customers.
    Customers,
    /// Search products.
    Catalog,
    /// Generate and embed with the models, and list them.
    Models,
    /// Read metrics and undelivered callbacks, load and unload models.
    Operate,
}

impl Scope {
    /// All of them.
    pub(crate) const ALL: [Self; 6] =
        [Self::Turns, Self::Threads, Self::Customers, Self::Catalog, Self::Models, Self::Operate];

    /// The name in key files and in the API's description.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Turns => "turns",
            Self::Threads => "threads",
            Self::Customers => "customers",
            Self::Catalog => "catalog",
            Self::Models => "models",
            Self::Operate => "operate",
        }
    }

    /// Reads a name.
    pub(crate) fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|scope| scope.name() == name)
    }

    /// The names allowed, for error messages.
    pub(crate) fn names() -> String {
        Self::ALL.map(Self::name).join(", ")
    }
}

/// The scopes of one key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Scopes(u8);

impl Scopes {
    /// Every scope.
    pub(crate) fn all() -> Self {
        Scope::ALL.into_iter().fold(Self::default(), Self::with)
    }

    /// These and one more.
    pub(crate) fn with(self, scope: Scope) -> Self {
        Self(self.0 | 1 << scope as u8)
    }

    /// Whether one is among them.
    pub(crate) fn hold(self, scope: Scope) -> bool {
        self.0 & 1 << scope as u8 != 0
    }
}

/// One key, bound to its tenant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ApiKey {
    pub(crate) hash: KeyHash,
    pub(crate) tenant: TenantId,
    pub(crate) scopes: Scopes,
}

/// Who sent a request: what its key is bound to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Caller {
    pub(crate) tenant: TenantId,
    pub(crate) scopes: Scopes,
}

/// The keys that are valid now.
#[derive(Debug)]
pub(crate) struct KeyRing {
    keys: Vec<ApiKey>,
    /// Who calls when no key is configured, which only a loopback address allows.
    anonymous: Caller,
}

impl KeyRing {
    /// With no keys, everybody is `tenant`.
    pub(crate) fn new(keys: Vec<ApiKey>, tenant: TenantId) -> Self {
        Self { keys, anonymous: Caller { tenant, scopes: Scopes::all() } }
    }

    /// Whose key this is; `None` if it is nobody's.
    pub(crate) fn caller(&self, given: Option<&str>) -> Option<Caller> {
        if self.keys.is_empty() {
            return Some(self.anonymous.clone());
        }
        // Hashes of the same length are compared, so that timing tells nothing about a key.
        let hash = KeyHash::of(given?.trim());
        let key = self.keys.iter().find(|key| key.hash == hash)?;
        Some(Caller { tenant: key.tenant.clone(), scopes: key.scopes })
    }
}

impl FromRequestParts<Arc<App>> for Caller {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, _: &Arc<App>) -> Result<Self, ApiError> {
        // `guard` has put it there, or has refused the request.
        parts.extensions.get::<Self>().cloned().ok_or(ApiError::Unauthorized)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(text: &str, tenant: &str, scopes: Scopes) -> ApiKey {
        ApiKey { hash: KeyHash::of(text), tenant: TenantId::new(tenant).unwrap(), scopes }
    }

    #[test]
    fn two_keys_of_a_tenant_are_valid_until_one_is_taken_out() {
        let (old, new) = (key("old", "shop", Scopes::all()), key("new", "shop", Scopes::all()));
        let tenant = TenantId::new("default").unwrap();
        let ring = KeyRing::new(vec![old, new.clone()], tenant.clone());
        assert_eq!(ring.caller(Some("old")), ring.caller(Some(" new ")));
        assert!(ring.caller(Some("old")).is_some());
        assert_eq!(ring.caller(Some("other")), None);
        assert_eq!(ring.caller(None), None);
        assert_eq!(KeyRing::new(vec![new], tenant).caller(Some("old")), None);
    }

    #[test]
    fn without_keys_everybody_is_the_default_tenant() {
        let ring = KeyRing::new(Vec::new(), TenantId::new("default").unwrap());
        let caller = ring.caller(None).unwrap();
        assert_eq!(caller.tenant.as_str(), "default");
        assert!(Scope::ALL.into_iter().all(|scope| caller.scopes.hold(scope)));
    }

    #[test]
    fn a_scope_holds_itself_alone() {
        for scope in Scope::ALL {
            let scopes = Scopes::default().with(scope);
            for other in Scope::ALL {
                assert_eq!(scopes.hold(other), other == scope);
            }
            assert_eq!(Scope::from_name(scope.name()), Some(scope));
        }
    }

    #[test]
    fn hashes_are_read_from_hexadecimal_digits_only() {
        let hex: String = Sha256::digest(b"secret").iter().map(|b| format!("{b:02x}")).collect();
        assert_eq!(KeyHash::from_hex(&hex), Some(KeyHash::of("secret")));
        assert_eq!(KeyHash::from_hex(&hex[1..]), None);
        assert_eq!(KeyHash::from_hex(&"é".repeat(32)), None);
        assert_eq!(KeyHash::from_hex(&"+1".repeat(32)), None);
    }
}
