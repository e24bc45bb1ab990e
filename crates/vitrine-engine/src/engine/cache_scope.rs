//! Who may find the pages of a prompt again.
//!
//! A page that is found again answers faster, and time can be measured: whoever may find a page can
//! learn that somebody else sent its tokens. So everything below a prompt's shared part is found
//! within its tenant only, and the tenant is the server's knowledge, never a request's field.
//!
//! Source: CVE-2025-46570 (timing of prefix caches); `cache_salt` in vLLM.

use sha2::Digest;
use sha2::Sha256;
use vitrine_base::ids::TenantId;

/// Whose pages: 128 bits of the tenant id's SHA-256, so that two tenants never meet.
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

    /// The owner's bits.
    pub(crate) fn words(self) -> [u32; 4] {
        self.0
    }
}

/// Who may find the pages of a prompt, and of what is generated after it, again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CacheScope {
    /// Nobody: nothing is looked up and nothing is kept.
    Nobody,
    /// The tenant's own requests.
    Tenant {
        /// Whose.
        owner: CacheOwner,
        /// Tokens at the prompt's beginning that hold nothing of any tenant's, such as the
        /// gateway's own instructions: every tenant finds these.
        shared_tokens: usize,
    },
}

impl CacheScope {
    /// A prompt that is all the tenant's own.
    #[must_use]
    pub fn of(tenant: &TenantId) -> Self {
        Self::Tenant { owner: CacheOwner::of(tenant), shared_tokens: 0 }
    }

    /// Whose pages; `None` if they are nobody's.
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
