//! Allocates KV pages. Only page ids are handled here; the keys and values are stored in `model`.
//!
//! A page either has owners or is in the free list, and allocation takes the head of that list. The
//! free list is a doubly linked ring inside the page array, so a page can be taken from its middle:
//! this is how a freed page that is still in the prefix cache is reused.
//!
//! Invariants (`PagePool::check_integrity`)
//! - Every page either has owners or is in the free list exactly once; every call is O(1).
//! - Each owner gives a page back exactly once.
//!
//! Source: intrusive free list as in mistral.rs (`paged_attention/block_pool.rs`).

use vitrine_base::ids::PageId;

/// The end of the free list that a page joins when its last owner gives it back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum FreeListEnd {
    /// The head: its contents are not worth keeping, so it is reused first.
    Head,
    /// The tail: it is in the prefix cache and may be found again until it is reused.
    Tail,
}

/// A page's links; the last element of the array is the sentinel of the ring.
#[derive(Debug, Clone, Copy)]
struct Link {
    owners: u32,
    before: usize,
    after: usize,
}

/// Allocates KV pages and counts their owners.
#[derive(Debug)]
pub(crate) struct PagePool {
    links: Vec<Link>,
    free: usize,
}

impl PagePool {
    /// Creates a pool of `page_count` free pages.
    pub(crate) fn new(page_count: usize) -> Self {
        let anchor = page_count.min(u32::MAX as usize);
        // Low ids are handed out first, so that a light load touches little memory.
        let links = (0..=anchor)
            .map(|at| Link {
                owners: 0,
                before: if at == 0 { anchor } else { at - 1 },
                after: if at == anchor { 0 } else { at + 1 },
            })
            .collect();
        Self { links, free: anchor }
    }

    /// Pages in the pool.
    pub(crate) fn page_count(&self) -> usize {
        self.anchor()
    }

    /// Pages without an owner.
    pub(crate) fn free_count(&self) -> usize {
        self.free
    }

    /// Pages with at least one owner.
    pub(crate) fn taken_count(&self) -> usize {
        self.page_count() - self.free
    }

    pub(crate) fn is_free(&self, page: PageId) -> bool {
        self.links[page.index()].owners == 0
    }

    /// Takes the page at the head of the free list; `None` if every page has an owner.
    pub(crate) fn take(&mut self) -> Option<PageId> {
        let first = self.links[self.anchor()].after;
        if first == self.anchor() {
            return None;
        }
        let page = PageId(u32::try_from(first).unwrap_or(u32::MAX));
        self.share(page);
        Some(page)
    }

    /// Adds an owner to a page. A free page leaves the free list.
    pub(crate) fn share(&mut self, page: PageId) {
        let at = page.index();
        if self.links[at].owners == 0 {
            let Link { before, after, .. } = self.links[at];
            self.links[before].after = after;
            self.links[after].before = before;
            self.free -= 1;
        }
        self.links[at].owners += 1;
    }

    /// Removes one owner. When the last one leaves, the page joins the free list at `list_end`.
    ///
    /// # Panics
    /// If the page has no owner. A page given back twice would end up with two writers.
    pub(crate) fn give_back(&mut self, page: PageId, list_end: FreeListEnd) {
        let at = page.index();
        assert!(self.links[at].owners > 0, "page {} is given back twice", page.0);
        self.links[at].owners -= 1;
        if self.links[at].owners > 0 {
            return;
        }
        let anchor = self.anchor();
        let after = match list_end {
            FreeListEnd::Head => self.links[anchor].after,
            FreeListEnd::Tail => anchor,
        };
        let before = self.links[after].before;
        self.links[at] = Link { owners: 0, before, after };
        self.links[before].after = at;
        self.links[after].before = at;
        self.free += 1;
    }

    fn anchor(&self) -> usize {
        self.links.len() - 1
    }

    #[cfg(test)]
    pub(crate) fn owners(&self, page: PageId) -> u32 {
        self.links[page.index()].owners
    }

    /// The free pages, from head to tail.
    #[cfg(test)]
    pub(crate) fn free_list(&self) -> Vec<PageId> {
        let mut free_list = Vec::new();
        let mut at = self.links[self.anchor()].after;
        while at != self.anchor() {
            assert!(free_list.len() < self.page_count(), "the free list has a cycle");
            free_list.push(PageId(u32::try_from(at).unwrap()));
            at = self.links[at].after;
        }
        free_list
    }

    /// Checks the invariants, in O(pages).
    ///
    /// # Panics
    /// If one is broken.
    #[cfg(test)]
    pub(crate) fn check_integrity(&self) {
        let free_list = self.free_list();
        assert_eq!(free_list.len(), self.free, "length of the free list and its count differ");
        for page in &free_list {
            assert_eq!(self.owners(*page), 0, "page {} is free but has owners", page.0);
        }
        let free = self.links[..self.anchor()].iter().filter(|link| link.owners == 0).count();
        assert_eq!(free, self.free, "a free page is missing from the free list");
        for (at, link) in self.links.iter().enumerate() {
            if at == self.anchor() || link.owners == 0 {
                assert_eq!(self.links[link.after].before, at, "the free list is broken at {at}");
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[derive(Debug, Clone)]
    enum PoolAction {
        Take,
        Share { at: usize },
        GiveBack { at: usize, keep: bool },
    }

    fn actions() -> impl Strategy<Value = Vec<PoolAction>> {
        let one = prop_oneof![
            3 => Just(PoolAction::Take),
            1 => (0_usize..64).prop_map(|at| PoolAction::Share { at }),
            3 => (0_usize..64, any::<bool>())
                .prop_map(|(at, keep)| PoolAction::GiveBack { at, keep }),
        ];
        prop::collection::vec(one, 0..200)
    }

    proptest! {
        #[test]
        fn pool_never_loses_or_doubles_a_page(page_count in 0_usize..20, actions in actions()) {
            let mut pool = PagePool::new(page_count);
            // One element for each owner, so a shared page appears several times.
            let mut owned: Vec<PageId> = Vec::new();
            for one in actions {
                match one {
                    PoolAction::Take => match pool.take() {
                        Some(page) => {
                            prop_assert!(!owned.contains(&page));
                            owned.push(page);
                        }
                        None => prop_assert_eq!(pool.free_count(), 0),
                    },
                    // Any page may be shared: one that has owners, or a free one.
                    PoolAction::Share { at } if page_count > 0 => {
                        let page = PageId(u32::try_from(at % page_count).unwrap());
                        pool.share(page);
                        owned.push(page);
                    }
                    PoolAction::GiveBack { at, keep } if !owned.is_empty() => {
                        let page = owned.swap_remove(at % owned.len());
                        let list_end = if keep { FreeListEnd::Tail } else { FreeListEnd::Head };
                        pool.give_back(page, list_end);
                        if !owned.contains(&page) {
                            let free_list = pool.free_list();
                            let end = if keep { free_list.last() } else { free_list.first() };
                            prop_assert_eq!(end, Some(&page));
                        }
                    }
                    PoolAction::Share { .. } | PoolAction::GiveBack { .. } => {}
                }
                pool.check_integrity();
                let distinct: std::collections::BTreeSet<_> = owned.iter().collect();
                prop_assert_eq!(pool.taken_count(), distinct.len());
            }
        }
    }

    #[test]
    fn freed_page_with_known_tokens_is_the_last_to_be_taken() {
        let mut pool = PagePool::new(3);
        let kept = pool.take().unwrap();
        pool.give_back(kept, FreeListEnd::Tail);
        assert_eq!(pool.take(), Some(PageId(1)));
        assert_eq!(pool.take(), Some(PageId(2)));
        assert_eq!(pool.take(), Some(kept));
        assert_eq!(pool.take(), None);
    }

    #[test]
    #[should_panic(expected = "page 0 is given back twice")]
    fn page_given_back_twice_is_our_bug() {
        let mut pool = PagePool::new(1);
        let page = pool.take().unwrap();
        pool.give_back(page, FreeListEnd::Head);
        pool.give_back(page, FreeListEnd::Head);
    }
}
