//! The pool and what is known about its pages, together: taking a page forgets its tokens, giving
//! one back keeps them.
//!
//! Invariants
//! - A page that somebody writes to is known under no key.
//! - Pages are given back from a sequence's end to its beginning, so that the line holds a page's
//!   successors before the page itself: what is taken first is always a leaf of the tree.

use crate::engine::cache_scope::CacheOwner;
use crate::engine::cache_scope::CacheScope;
use crate::engine::page_pool::PagePool;
use crate::engine::page_pool::Queue;
use crate::engine::prefix_cache::Branch;
use crate::engine::prefix_cache::Label;
use crate::engine::prefix_cache::PrefixCache;
use vitrine_base::ids::PageId;

/// Computed pages at a prompt's beginning.
#[derive(Debug)]
pub(super) struct Found {
    /// The pages, in order.
    pub(super) pages: Vec<PageId>,
    /// Where the last of them stands.
    pub(super) branch: Option<Branch>,
    /// How many of them nobody owns now.
    pub(super) free: usize,
}

/// One sequence's pages and how many of them are known.
#[derive(Debug, Default)]
pub(super) struct PageList {
    /// In order of position.
    pub(super) pages: Vec<PageId>,
    /// Pages at the beginning that are known.
    pub(super) known: usize,
    /// Where the last known page stands; `None`: nothing of this sequence is to be known.
    pub(super) branch: Option<Branch>,
}

/// The pool and what is known about its pages.
#[derive(Debug)]
pub(super) struct Pages {
    pool: PagePool,
    cache: PrefixCache,
    page_tokens: usize,
}

impl Pages {
    pub(super) fn new(page_count: usize, page_tokens: usize) -> Self {
        let (pool, cache) = (PagePool::new(page_count), PrefixCache::new(page_count));
        Self { pool, cache, page_tokens }
    }

    /// Pages that exist.
    pub(super) fn page_count(&self) -> usize {
        self.pool.page_count()
    }

    /// Pages to be had, known ones included.
    pub(super) fn free_count(&self) -> usize {
        self.pool.free_count()
    }

    /// Pages that somebody owns.
    pub(super) fn taken_count(&self) -> usize {
        self.pool.taken_count()
    }

    /// Pages whose tokens are known.
    pub(super) fn known_count(&self) -> usize {
        self.cache.known_count()
    }

    /// Pages that hold so many tokens.
    pub(super) fn pages_for(&self, tokens: usize) -> usize {
        tokens.div_ceil(self.page_tokens)
    }

    /// Takes a page to write to.
    pub(super) fn take(&mut self) -> Option<PageId> {
        let page = self.pool.take()?;
        self.cache.forget(page);
        Some(page)
    }

    /// The known pages that a sequence begins with. One token stays to compute: its logits are what
    /// the sequence waits for.
    pub(super) fn find(&mut self, token_ids: &[u32], scope: CacheScope) -> Found {
        let mut found = Found { pages: Vec::new(), branch: None, free: 0 };
        if scope == CacheScope::Nobody {
            return found;
        }
        let mut branch = Branch::ROOT;
        for at in 0..self.sharable_pages(token_ids.len()) {
            let label = self.label(token_ids, at, scope);
            let Some((page, next)) = self.cache.find(branch, label) else { break };
            branch = next;
            found.free += usize::from(self.pool.is_free(page));
            found.pages.push(page);
        }
        found.branch = Some(branch);
        found
    }

    /// Gives found pages one more owner.
    pub(super) fn share(&mut self, found: Found) -> PageList {
        for page in &found.pages {
            self.pool.share(*page);
        }
        PageList { known: found.pages.len(), pages: found.pages, branch: found.branch }
    }

    /// Makes the full pages of a sequence known. A page that another sequence made known meanwhile
    /// gives way to that one, which holds the same.
    pub(super) fn keep(
        &mut self,
        list: &mut PageList,
        token_ids: &[u32],
        computed_tokens: usize,
        scope: CacheScope,
    ) {
        while let Some(branch) = list.branch
            && (list.known + 1) * self.page_tokens <= computed_tokens
        {
            let label = self.label(token_ids, list.known, scope);
            let own = list.pages[list.known];
            let (page, next) = self.cache.insert(branch, label, own);
            if page != own {
                self.pool.share(page);
                self.pool.give_back(own, Queue::First);
                list.pages[list.known] = page;
            }
            list.branch = Some(next);
            list.known += 1;
        }
    }

    /// Gives a sequence's pages back; known ones may be found again until they are taken.
    pub(super) fn give_back(&mut self, list: &mut PageList) {
        for page in list.pages.drain(..).rev() {
            let queue = if self.cache.knows(page) { Queue::Last } else { Queue::First };
            self.pool.give_back(page, queue);
        }
        list.known = 0;
        list.branch = list.branch.map(|_| Branch::ROOT);
    }

    /// Tokens at the beginning of `token_ids` that two sequences would both compute: full pages
    /// from where `list` stands on, as long as the tokens and their scope agree.
    pub(super) fn same_tokens(
        &self,
        list: &PageList,
        (ahead, ahead_scope): (&[u32], CacheScope),
        (behind, behind_scope): (&[u32], CacheScope),
    ) -> usize {
        let pages = (ahead.len() / self.page_tokens).min(self.sharable_pages(behind.len()));
        let same = (list.known..pages)
            .take_while(|at| {
                let one = self.label(ahead, *at, ahead_scope);
                let two = self.label(behind, *at, behind_scope);
                one.owner == two.owner && one.token_ids == two.token_ids
            })
            .count();
        if same == 0 { 0 } else { (list.known + same) * self.page_tokens }
    }

    /// Forgets the tokens of an owner's pages; returns how many pages.
    pub(super) fn forget_owner(&mut self, owner: CacheOwner) -> usize {
        self.cache.forget_owner(owner)
    }

    /// Forgets the tokens of all pages.
    pub(super) fn forget_all(&mut self) {
        self.cache.clear();
    }

    /// Full pages before the last token.
    fn sharable_pages(&self, tokens: usize) -> usize {
        tokens.saturating_sub(1) / self.page_tokens
    }

    fn label<'a>(&self, token_ids: &'a [u32], page: usize, scope: CacheScope) -> Label<'a> {
        let range = page * self.page_tokens..(page + 1) * self.page_tokens;
        let owner = match scope {
            CacheScope::Tenant { shared_tokens, .. } if range.end <= shared_tokens => None,
            CacheScope::Tenant { owner, .. } => Some(owner),
            CacheScope::Nobody => None,
        };
        Label { owner, token_ids: &token_ids[range] }
    }

    /// Checks that pool, tree and the owners' lists agree.
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
                assert!(!written || self.pool.owners(*page) == 1, "two write page {}", page.0);
                assert!(!written || !self.cache.knows(*page), "page {} may change", page.0);
            }
        }
        for (at, count) in owners.into_iter().enumerate() {
            let page = PageId(u32::try_from(at).unwrap());
            assert_eq!(self.pool.owners(page), count, "owners of page {at}");
        }
    }
}
