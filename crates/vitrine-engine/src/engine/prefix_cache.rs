//! The prefix cache: finds computed KV pages by their tokens, in a tree of full pages shared by all
//! sequences.
//!
//! A page's key consists of its parent page, its owner and its tokens. Lookups compare whole keys,
//! so a hash collision is never a hit. The parent is identified by a number that is never reused,
//! so the key of one page identifies a whole prefix.
//!
//! Invariants (`PrefixCache::check_integrity`)
//! - A cached page has exactly one key and a key exactly one page. The parent of a cached page is
//!   cached.
//! - All descendants of a tenant's page belong to the same tenant.
//! - Cached pages are full and are never written to. They may be free or owned.
//!
//! Source: chained page hashes with token verification as in nano-vllm (`block_manager.py`). The
//! standard library's keyed SipHash replaces xxHash, so that clients cannot construct collisions.

use crate::engine::cache_scope::CacheOwner;
use std::collections::HashMap;
use std::sync::Arc;
use vitrine_base::ids::PageId;

/// Identifies a cached page as a node of the tree. Never reused, not even after the page is
/// removed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct NodeId(u64);

impl NodeId {
    /// The parent of first pages.
    pub(crate) const ROOT: Self = Self(0);
}

/// A page's key without its parent.
#[derive(Debug, Clone, Copy)]
pub(crate) struct PageContent<'a> {
    /// The tenant that may find the page; `None` means every tenant.
    pub(crate) owner: Option<CacheOwner>,
    /// The tokens that fill the page.
    pub(crate) token_ids: &'a [u32],
}

#[derive(Debug)]
struct CachedPage {
    name: NodeId,
    owner: Option<CacheOwner>,
    key: Arc<[u32]>,
}

/// Maps the contents of full pages to page ids.
#[derive(Debug)]
pub(crate) struct PrefixCache {
    by_key: HashMap<Arc<[u32]>, PageId>,
    /// One element for each page of the pool; `None` if the page is not cached.
    nodes: Vec<Option<CachedPage>>,
    next_node_id: u64,
    /// Buffer for the key of the current lookup.
    scratch: Vec<u32>,
}

impl PrefixCache {
    /// Creates an empty cache for a pool of `page_count` pages.
    pub(crate) fn new(page_count: usize) -> Self {
        let nodes = std::iter::repeat_with(|| None).take(page_count).collect();
        Self { by_key: HashMap::new(), nodes, next_node_id: 1, scratch: Vec::new() }
    }

    /// Finds the child of `parent` with this content; returns its page and its node.
    pub(crate) fn find(
        &mut self,
        parent: NodeId,
        content: PageContent<'_>,
    ) -> Option<(PageId, NodeId)> {
        self.encode_key(parent, content);
        let page = *self.by_key.get(self.scratch.as_slice())?;
        let node = self.nodes[page.index()].as_ref()?;
        Some((page, node.name))
    }

    /// Adds a full page, unless the key is already cached: then returns the cached page instead.
    ///
    /// # Panics
    /// If the page is cached under another key, because a cached page must not be written to.
    pub(crate) fn insert(
        &mut self,
        parent: NodeId,
        content: PageContent<'_>,
        page: PageId,
    ) -> (PageId, NodeId) {
        if let Some(known) = self.find(parent, content) {
            return known;
        }
        let node = &mut self.nodes[page.index()];
        assert!(node.is_none(), "page {} is cached under another key", page.0);
        let name = NodeId(self.next_node_id);
        self.next_node_id += 1;
        let key: Arc<[u32]> = self.scratch.as_slice().into();
        *node = Some(CachedPage { name, owner: content.owner, key: Arc::clone(&key) });
        self.by_key.insert(key, page);
        (page, name)
    }

    /// Whether the page is cached.
    pub(crate) fn contains(&self, page: PageId) -> bool {
        self.nodes[page.index()].is_some()
    }

    /// Removes a page that is about to be overwritten.
    pub(crate) fn forget(&mut self, page: PageId) {
        if let Some(node) = self.nodes[page.index()].take() {
            self.by_key.remove(&node.key);
        }
    }

    /// Removes all pages of an owner; returns their number.
    pub(crate) fn forget_owner(&mut self, owner: CacheOwner) -> usize {
        let mut forgotten = 0;
        for node in &mut self.nodes {
            if let Some(node) = node.take_if(|node| node.owner == Some(owner)) {
                self.by_key.remove(&node.key);
                forgotten += 1;
            }
        }
        forgotten
    }

    /// Removes everything.
    pub(crate) fn clear(&mut self) {
        self.by_key.clear();
        self.nodes.fill_with(|| None);
    }

    /// Number of cached pages.
    pub(crate) fn cached_count(&self) -> usize {
        self.by_key.len()
    }

    fn encode_key(&mut self, parent: NodeId, content: PageContent<'_>) {
        self.scratch.clear();
        // The parent's number in two halves, then a flag that separates ownerless pages from owned
        // ones.
        let halves = [parent.0 >> 32, parent.0 & u64::from(u32::MAX)];
        self.scratch.extend(halves.map(|half| u32::try_from(half).unwrap_or(u32::MAX)));
        self.scratch.push(u32::from(content.owner.is_some()));
        self.scratch.extend(content.owner.map_or([0; 4], CacheOwner::words));
        self.scratch.extend_from_slice(content.token_ids);
    }

    /// Checks the invariants, in O(pages).
    ///
    /// # Panics
    /// If one is broken.
    #[cfg(test)]
    pub(crate) fn check_integrity(&self) {
        let owners: HashMap<u64, Option<CacheOwner>> =
            self.nodes.iter().flatten().map(|node| (node.name.0, node.owner)).collect();
        let known = self.nodes.iter().flatten().count();
        assert_eq!((owners.len(), self.by_key.len()), (known, known), "keys and pages differ");
        for (at, node) in self.nodes.iter().enumerate() {
            let Some(node) = node else { continue };
            let page = self.by_key.get(&node.key).map(|page| page.index());
            assert_eq!(page, Some(at), "page {at} is not found under its key");
            let parent = u64::from(node.key[0]) << 32 | u64::from(node.key[1]);
            if parent != NodeId::ROOT.0 {
                let above = owners.get(&parent);
                assert!(above.is_some(), "the parent of page {at} is not cached");
                let passes = above.is_some_and(|owner| owner.is_none() || *owner == node.owner);
                assert!(passes, "page {at} is a descendant of another tenant's page");
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use vitrine_base::ids::TenantId;

    fn content(token_ids: &[u32]) -> PageContent<'_> {
        PageContent { owner: None, token_ids }
    }

    fn of_tenant<'a>(name: &str, token_ids: &'a [u32]) -> PageContent<'a> {
        let owner = Some(CacheOwner::of(&TenantId::new(name).unwrap()));
        PageContent { owner, token_ids }
    }

    #[test]
    fn same_tokens_after_other_tokens_are_another_page() {
        let mut cache = PrefixCache::new(4);
        let (_, one) = cache.insert(NodeId::ROOT, content(&[1, 2]), PageId(0));
        let (_, two) = cache.insert(NodeId::ROOT, content(&[3, 4]), PageId(1));
        cache.insert(one, content(&[5, 6]), PageId(2));
        assert_eq!(cache.find(one, content(&[5, 6])).map(|found| found.0), Some(PageId(2)));
        assert!(cache.find(two, content(&[5, 6])).is_none());
        assert!(cache.find(NodeId::ROOT, content(&[5, 6])).is_none());
        cache.check_integrity();
    }

    #[test]
    fn second_page_with_a_known_key_gives_way_to_the_first() {
        let mut cache = PrefixCache::new(2);
        let first = cache.insert(NodeId::ROOT, content(&[1]), PageId(0));
        assert_eq!(cache.insert(NodeId::ROOT, content(&[1]), PageId(1)), first);
        assert!(!cache.contains(PageId(1)));
        assert_eq!(cache.cached_count(), 1);
        cache.check_integrity();
    }

    #[test]
    fn tenants_find_only_their_own_and_shared_pages() {
        let mut cache = PrefixCache::new(3);
        let (_, shared) = cache.insert(NodeId::ROOT, content(&[1]), PageId(0));
        cache.insert(shared, of_tenant("a", &[2]), PageId(1));
        assert!(cache.find(shared, of_tenant("b", &[2])).is_none());
        assert!(cache.find(shared, content(&[2])).is_none());
        assert!(cache.find(shared, of_tenant("a", &[2])).is_some());
        cache.insert(shared, of_tenant("b", &[2]), PageId(2));
        let owner = CacheOwner::of(&TenantId::new("a").unwrap());
        assert_eq!(cache.forget_owner(owner), 1);
        assert!(cache.find(shared, of_tenant("a", &[2])).is_none());
        assert!(cache.find(shared, of_tenant("b", &[2])).is_some());
        cache.check_integrity();
    }

    #[test]
    fn forgotten_page_may_be_known_again() {
        let mut cache = PrefixCache::new(1);
        let (_, before) = cache.insert(NodeId::ROOT, content(&[1]), PageId(0));
        cache.forget(PageId(0));
        assert!(cache.find(NodeId::ROOT, content(&[1])).is_none());
        let (_, after) = cache.insert(NodeId::ROOT, content(&[2]), PageId(0));
        // The new node has a new number, so children of the removed page cannot be found under it.
        assert_ne!(before, after);
        cache.clear();
        assert_eq!(cache.cached_count(), 0);
        cache.check_integrity();
    }
}
