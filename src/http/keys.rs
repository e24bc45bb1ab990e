//! API keys: authentication, the tenant of a request, and what its key permits.
//!
//! Invariants
//! - Keys are stored and compared as hashes and never logged.
//! - A tenant may have several valid keys, so that keys can be rotated without downtime.

use axum::http::HeaderMap;
use axum::http::header::AUTHORIZATION;
use sha2::Digest;
use sha2::Sha256;
use vitrine_base::digest::hexadecimal;
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

    /// The first digits of the hash, which tell keys apart in the audit log.
    pub(crate) fn short(self) -> String {
        hexadecimal(&self.0[..4])
    }

    /// Parses 64 hexadecimal digits; `None` for anything else.
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

/// The scheme of the header `Authorization`, in any letter case.
const SCHEME: &str = "Bearer";

/// The key that a request carries, if any.
pub(crate) fn bearer(headers: &HeaderMap) -> Option<&str> {
    let (scheme, key) = headers.get(AUTHORIZATION)?.to_str().ok()?.trim().split_once(' ')?;
    scheme.eq_ignore_ascii_case(SCHEME).then_some(key.trim())
}

/// A group of routes that a key may call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Scope {
    /// Answer turns, classify texts and suggest offers.
    Turns,
    /// Read, hand off, release, write to and erase conversations.
    Threads,
    /// Read, change, export and erase customers.
    Customers,
    /// Search the catalogue.
    Catalog,
    /// Generate, embed, and list models.
    Models,
    /// Read metrics and dead deliveries; load and unload models.
    Operate,
}

impl Scope {
    /// Every scope.
    pub(crate) const ALL: [Self; 6] =
        [Self::Turns, Self::Threads, Self::Customers, Self::Catalog, Self::Models, Self::Operate];

    /// The name in key files and in the OpenAPI document.
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
}

/// The scopes of one key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Scopes(u8);

impl Scopes {
    /// All scopes.
    pub(crate) fn all() -> Self {
        Scope::ALL.into_iter().fold(Self::default(), Self::with)
    }

    /// This set with `scope` added.
    pub(crate) fn with(self, scope: Scope) -> Self {
        Self(self.0 | 1 << scope as u8)
    }

    /// Whether the set contains `scope`.
    pub(crate) fn contains(self, scope: Scope) -> bool {
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

/// The authenticated sender of a request: the tenant and scopes of its key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Caller {
    pub(crate) tenant: TenantId,
    pub(crate) scopes: Scopes,
}

/// All valid keys.
#[derive(Debug)]
pub(crate) struct KeyRing {
    keys: Vec<ApiKey>,
    /// The caller of every request if no key is configured, which requires a loopback address.
    anonymous: Caller,
}

impl KeyRing {
    /// Creates a key ring; if `keys` is empty, every request belongs to `tenant`.
    pub(crate) fn new(keys: Vec<ApiKey>, tenant: TenantId) -> Self {
        Self { keys, anonymous: Caller { tenant, scopes: Scopes::all() } }
    }

    /// Whether requests need no key.
    pub(crate) fn is_open(&self) -> bool {
        self.keys.is_empty()
    }

    /// The caller of a request with this key; `None` if the key is missing or not valid.
    pub(crate) fn caller(&self, given: Option<&str>) -> Option<Caller> {
        if self.keys.is_empty() {
            return Some(self.anonymous.clone());
        }
        // Comparing hashes instead of keys: the time taken reveals nothing about a valid key.
        let hash = KeyHash::of(given?.trim());
        let key = self.keys.iter().find(|key| key.hash == hash)?;
        Some(Caller { tenant: key.tenant.clone(), scopes: key.scopes })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(text: &str, tenant: &str, scopes: Scopes) -> ApiKey {
        ApiKey { hash: KeyHash::of(text), tenant: TenantId::new(tenant).unwrap(), scopes }
    }

    #[test]
    fn two_keys_of_a_tenant_are_valid_until_one_is_removed() {
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
    fn the_scheme_is_read_in_any_letter_case() {
        let key = |value: &str| {
            let headers = HeaderMap::from_iter([(AUTHORIZATION, value.parse().unwrap())]);
            bearer(&headers).map(str::to_owned)
        };
        for value in ["Bearer k-test", "bearer k-test", "BEARER  k-test ", "bEaReR k-test"] {
            assert_eq!(key(value).as_deref(), Some("k-test"), "{value}");
        }
        for value in ["Basic k-test", "Bearer", "k-test", "Bearerk-test", ""] {
            assert_eq!(key(value), None, "{value}");
        }
        assert_eq!(bearer(&HeaderMap::new()), None);
    }

    #[test]
    fn without_keys_every_request_belongs_to_the_default_tenant() {
        let ring = KeyRing::new(Vec::new(), TenantId::new("default").unwrap());
        let caller = ring.caller(None).unwrap();
        assert_eq!(caller.tenant.as_str(), "default");
        assert!(Scope::ALL.into_iter().all(|scope| caller.scopes.contains(scope)));
    }

    #[test]
    fn a_scope_holds_itself_alone() {
        for scope in Scope::ALL {
            let scopes = Scopes::default().with(scope);
            for other in Scope::ALL {
                assert_eq!(scopes.contains(other), other == scope);
            }
            let named = Scope::ALL.into_iter().filter(|other| other.name() == scope.name());
            assert_eq!(named.collect::<Vec<_>>(), [scope]);
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
