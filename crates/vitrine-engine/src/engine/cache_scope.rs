//! Cache scopes: who may reuse the KV pages of a prompt.
//!
//! A prompt found in the cache is answered faster, and a client can measure that: if a client's
//! requests may find a page, the client can learn that its tokens were sent before. So beyond a
//! prompt's shared beginning, pages are found only within their tenant. The tenant comes from the
//! server's authentication, never from a field of the request.
//!
//! Source: CVE-2025-46570 (timing of prefix caches); `cache_salt` in vLLM.

use sha2::Digest;
use sha2::Sha256;
use vitrine_base::ids::TenantId;

/// The owner of cached pages: 128 bits of the tenant id's SHA-256, so that collisions are
/// negligible.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct CacheOwner([u32; 4]);

impl CacheOwner {
    /// The owner of a tenant's pages.
    #[must_use]
    pub fn of(tenant: &TenantId) -> Self {
        let digest = Sha256::digest(tenant.as_str().as_bytes());
        let mut words = [0; 4];
        for (word, bytes) in words.iter_mut().zip(digest.chunks_exact(4)) {
            *word = bytes.iter().fold(0, |word, byte| word << 8 | u32::from(*byte));
        }
        Self(words)
    }

    /// The hash as four words, for cache keys.
    pub(crate) fn words(self) -> [u32; 4] {
        self.0
    }
}

/// Who may reuse the KV pages of a prompt and of the output generated after it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CacheScope {
    /// Nobody: pages are neither looked up nor cached.
    Nobody,
    /// Requests of the same tenant.
    Tenant {
        /// The tenant, as the owner of the pages.
        owner: CacheOwner,
        /// Leading prompt tokens that contain nothing of any tenant, such as the gateway's own
        /// instructions. Every tenant finds the pages that they fill.
        shared_tokens: usize,
    },
}

impl CacheScope {
    /// The scope of a prompt that belongs to the tenant as a whole.
    #[must_use]
    pub fn of(tenant: &TenantId) -> Self {
        Self::Tenant { owner: CacheOwner::of(tenant), shared_tokens: 0 }
    }

    /// The owner of the pages; `None` if nothing is cached.
    pub(crate) fn owner(self) -> Option<CacheOwner> {
        match self {
            Self::Nobody => None,
            Self::Tenant { owner, .. } => Some(owner),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tenants_own_different_pages() {
        let owner = |name: &str| CacheOwner::of(&TenantId::new(name).unwrap());
        assert_eq!(owner("rivage"), owner("rivage"));
        assert_ne!(owner("rivage"), owner("rivages"));
        assert_eq!(CacheScope::of(&TenantId::new("a").unwrap()).owner(), Some(owner("a")));
        assert_eq!(CacheScope::Nobody.owner(), None);
    }
}
