//! The page pool combined with the prefix cache: allocating a page removes it from the cache,
//! freeing a page keeps it cached.
//!
//! Invariants
//! - A page that is being written to is not in the prefix cache.
//! - A sequence's pages are freed from last to first, so in the free list a page's children come
//!   before the page itself. The page that is reused first is therefore always a leaf of the tree.

use crate::engine::cache_scope::CacheOwner;
use crate::engine::cache_scope::CacheScope;
use crate::engine::page_pool::FreeListEnd;
use crate::engine::page_pool::PagePool;
use crate::engine::prefix_cache::NodeId;
use crate::engine::prefix_cache::PageContent;
use crate::engine::prefix_cache::PrefixCache;
use vitrine_base::ids::PageId;

/// The cached pages that a prompt begins with.
#[derive(Debug)]
pub(super) struct CachedPrefix {
    /// The pages, in order of position.
    pub(super) pages: Vec<PageId>,
    /// Tree node of the last page; `None` if the scope forbids caching.
    pub(super) node: Option<NodeId>,
    /// How many of the pages have no owner at present.
    pub(super) free: usize,
}

/// The pages of one sequence, and how many of them are cached.
#[derive(Debug, Default)]
pub(super) struct PageList {
    /// In order of position.
    pub(super) pages: Vec<PageId>,
    /// Number of leading pages that are cached.
    pub(super) known: usize,
    /// Tree node of the last cached page; `None` if nothing of this sequence may be cached.
    pub(super) node: Option<NodeId>,
}

/// A sequence's tokens, and who may reuse their pages.
#[derive(Debug, Clone, Copy)]
pub(super) struct ScopedTokens<'a> {
    pub(super) token_ids: &'a [u32],
    pub(super) scope: CacheScope,
}

/// The page pool and the prefix cache.
#[derive(Debug)]
pub(super) struct CachingPagePool {
    pool: PagePool,
    cache: PrefixCache,
    page_tokens: usize,
}

impl CachingPagePool {
    pub(super) fn new(page_count: usize, page_tokens: usize) -> Self {
        let (pool, cache) = (PagePool::new(page_count), PrefixCache::new(page_count));
        Self { pool, cache, page_tokens }
    }

    pub(super) fn page_count(&self) -> usize {
        self.pool.page_count()
    }

    /// Number of pages without an owner, cached ones included.
    pub(super) fn free_count(&self) -> usize {
        self.pool.free_count()
    }

    /// Number of pages with at least one owner.
    pub(super) fn taken_count(&self) -> usize {
        self.pool.taken_count()
    }

    /// Number of pages in the prefix cache.
    pub(super) fn cached_count(&self) -> usize {
        self.cache.cached_count()
    }

    /// Number of pages needed for `tokens` tokens.
    pub(super) fn pages_for(&self, tokens: usize) -> usize {
        tokens.div_ceil(self.page_tokens)
    }

    /// Allocates a page for writing and removes it from the cache.
    pub(super) fn take(&mut self) -> Option<PageId> {
        let page = self.pool.take()?;
        self.cache.forget(page);
        Some(page)
    }

    /// Finds the cached pages that a sequence begins with. The last token is never covered, because
    /// its logits are needed to choose the next one.
    pub(super) fn find(&mut self, token_ids: &[u32], scope: CacheScope) -> CachedPrefix {
        let mut found = CachedPrefix { pages: Vec::new(), node: None, free: 0 };
        if scope == CacheScope::Nobody {
            return found;
        }
        let mut node = NodeId::ROOT;
        for at in 0..self.sharable_pages(token_ids.len()) {
            let content = self.content(token_ids, at, scope);
            let Some((page, next)) = self.cache.find(node, content) else { break };
            node = next;
            found.free += usize::from(self.pool.is_free(page));
            found.pages.push(page);
        }
        found.node = Some(node);
        found
    }

    /// Adds an owner to each of the pages.
    pub(super) fn share(&mut self, found: CachedPrefix) -> PageList {
        for page in &found.pages {
            self.pool.share(*page);
        }
        PageList { known: found.pages.len(), pages: found.pages, node: found.node }
    }

    /// Adds a sequence's newly completed pages to the cache. If another sequence cached the same
    /// page meanwhile, that page replaces this sequence's own, which is freed.
    pub(super) fn keep(
        &mut self,
        list: &mut PageList,
        token_ids: &[u32],
        computed_tokens: usize,
        scope: CacheScope,
    ) {
        while let Some(node) = list.node
            && (list.known + 1) * self.page_tokens <= computed_tokens
        {
            let content = self.content(token_ids, list.known, scope);
            let own = list.pages[list.known];
            let (page, next) = self.cache.insert(node, content, own);
            if page != own {
                self.pool.share(page);
                self.pool.give_back(own, FreeListEnd::Head);
                list.pages[list.known] = page;
            }
            list.node = Some(next);
            list.known += 1;
        }
    }

    /// Frees a sequence's pages. Cached ones can be found until they are reused.
    pub(super) fn give_back(&mut self, list: &mut PageList) {
        for page in list.pages.drain(..).rev() {
            let list_end =
                if self.cache.contains(page) { FreeListEnd::Tail } else { FreeListEnd::Head };
            self.pool.give_back(page, list_end);
        }
        list.known = 0;
        list.node = list.node.map(|_| NodeId::ROOT);
    }

    /// Number of leading tokens that two sequences have in common beyond the cached pages of
    /// `list`: full pages with equal tokens and owner. 0 if not even the next page is the same.
    pub(super) fn same_tokens(
        &self,
        list: &PageList,
        ahead: ScopedTokens<'_>,
        behind: ScopedTokens<'_>,
    ) -> usize {
        let full_pages = ahead.token_ids.len() / self.page_tokens;
        let pages = full_pages.min(self.sharable_pages(behind.token_ids.len()));
        let same = (list.known..pages)
            .take_while(|at| {
                let one = self.content(ahead.token_ids, *at, ahead.scope);
                let two = self.content(behind.token_ids, *at, behind.scope);
                one.owner == two.owner && one.token_ids == two.token_ids
            })
            .count();
        if same == 0 { 0 } else { (list.known + same) * self.page_tokens }
    }

    /// Removes an owner's pages from the cache; returns their number.
    pub(super) fn forget_owner(&mut self, owner: CacheOwner) -> usize {
        self.cache.forget_owner(owner)
    }

    /// Removes all pages from the cache.
    pub(super) fn forget_all(&mut self) {
        self.cache.clear();
    }

    /// Number of full pages before the last token.
    fn sharable_pages(&self, tokens: usize) -> usize {
        tokens.saturating_sub(1) / self.page_tokens
    }

    fn content<'a>(&self, token_ids: &'a [u32], page: usize, scope: CacheScope) -> PageContent<'a> {
        let range = page * self.page_tokens..(page + 1) * self.page_tokens;
        let owner = match scope {
            CacheScope::Tenant { shared_tokens, .. } if range.end <= shared_tokens => None,
            CacheScope::Tenant { owner, .. } => Some(owner),
            CacheScope::Nobody => None,
        };
        PageContent { owner, token_ids: &token_ids[range] }
    }

    /// Checks that the pool, the cache and the sequences' page lists agree.
    ///
    /// # Panics
    /// If they do not.
    #[cfg(test)]
    pub(super) fn check_integrity<'a>(&self, lists: impl Iterator<Item = &'a PageList>) {
        self.pool.check_integrity();
        self.cache.check_integrity();
        let mut owners = vec![0; self.pool.page_count()];
        for list in lists {
            for (at, page) in list.pages.iter().enumerate() {
                owners[page.index()] += 1;
                let written = at >= list.known;
                assert!(!written || self.pool.owners(*page) == 1, "page {} is shared", page.0);
                assert!(!written || !self.cache.contains(*page), "page {} is cached", page.0);
            }
        }
        for (at, count) in owners.into_iter().enumerate() {
            let page = PageId(u32::try_from(at).unwrap());
            assert_eq!(self.pool.owners(page), count, "owners of page {at}");
        }
    }
}
