//! Hands out KV pages: ids only, the floats lie in `model`.
//!
//! A page has owners or stands in the line of the free ones; whoever takes one gets the first. The
//! line is a doubly linked list inside the page array, so that a page in its middle can be shared
//! again: that is how a freed page with known tokens comes back to life.
//!
//! Invariants ([`PagePool::check_integrity`])
//! - Every page either has owners or stands in the line once; every call is O(1).
//! - A page is given back once by each owner.
//!
//! Source: intrusive free list as in mistral.rs (`paged_attention/block_pool.rs`).

use vitrine_base::ids::PageId;

/// Where a page without owners goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Queue {
    /// To the front: nothing in it is worth keeping.
    First,
    /// To the end: it may be found again until its turn comes.
    Last,
}

/// A page, or at the end of the array the anchor of the line, which is a ring.
#[derive(Debug, Clone, Copy)]
struct Link {
    owners: u32,
    before: usize,
    after: usize,
}

/// Hands out KV pages.
#[derive(Debug)]
pub(crate) struct PagePool {
    links: Vec<Link>,
    free: usize,
}

impl PagePool {
    /// A pool of `page_count` free pages.
    pub(crate) fn new(page_count: usize) -> Self {
        let anchor = page_count.min(u32::MAX as usize);
        // Low ids leave first: a small load then touches little memory.
        let links = (0..=anchor)
            .map(|at| Link {
                owners: 0,
                before: if at == 0 { anchor } else { at - 1 },
                after: if at == anchor { 0 } else { at + 1 },
            })
            .collect();
        Self { links, free: anchor }
    }

    /// Pages that exist.
    pub(crate) fn page_count(&self) -> usize {
        self.anchor()
    }

    /// Pages that nobody owns.
    pub(crate) fn free_count(&self) -> usize {
        self.free
    }

    /// Pages that somebody owns.
    pub(crate) fn taken_count(&self) -> usize {
        self.page_count() - self.free
    }

    /// Whether nobody owns a page.
    pub(crate) fn is_free(&self, page: PageId) -> bool {
        self.links[page.index()].owners == 0
    }

    /// Takes the first free page; `None` when all are taken.
    pub(crate) fn take(&mut self) -> Option<PageId> {
        let first = self.links[self.anchor()].after;
        if first == self.anchor() {
            return None;
        }
        let page = PageId(u32::try_from(first).unwrap_or(u32::MAX));
        self.share(page);
        Some(page)
    }

    /// Gives a page one more owner; a free one leaves the line.
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

    /// Takes one owner away; the last one's page goes into the line.
    ///
    /// # Panics
    /// If the page has no owner: two owners would write over each other.
    pub(crate) fn give_back(&mut self, page: PageId, queue: Queue) {
        let at = page.index();
        assert!(self.links[at].owners > 0, "page {} is given back twice", page.0);
        self.links[at].owners -= 1;
        if self.links[at].owners > 0 {
            return;
        }
        let anchor = self.anchor();
        let after = match queue {
            Queue::First => self.links[anchor].after,
            Queue::Last => anchor,
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

    /// How many owners a page has.
    #[cfg(test)]
    pub(crate) fn owners(&self, page: PageId) -> u32 {
        self.links[page.index()].owners
    }

    /// The free pages in line order.
    #[cfg(test)]
    pub(crate) fn line(&self) -> Vec<PageId> {
        let mut line = Vec::new();
        let mut at = self.links[self.anchor()].after;
        while at != self.anchor() {
            assert!(line.len() < self.page_count(), "the line never ends");
            line.push(PageId(u32::try_from(at).unwrap()));
            at = self.links[at].after;
        }
        line
    }

    /// Checks the invariants, in O(pages).
    ///
    /// # Panics
    /// If one is broken.
    #[cfg(test)]
    pub(crate) fn check_integrity(&self) {
        let line = self.line();
        assert_eq!(line.len(), self.free, "the line and its count differ");
        for page in &line {
            assert_eq!(self.owners(*page), 0, "page {} is free and taken", page.0);
        }
        let free = self.links[..self.anchor()].iter().filter(|link| link.owners == 0).count();
        assert_eq!(free, self.free, "pages are lost");
        for (at, link) in self.links.iter().enumerate() {
            if at == self.anchor() || link.owners == 0 {
                assert_eq!(self.links[link.after].before, at, "the line is torn at {at}");
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[derive(Debug, Clone)]
    enum Move {
        Take,
        Share { at: usize },
        GiveBack { at: usize, keep: bool },
    }

    fn moves() -> impl Strategy<Value = Vec<Move>> {
        let one = prop_oneof![
            3 => Just(Move::Take),
            1 => (0_usize..64).prop_map(|at| Move::Share { at }),
            3 => (0_usize..64, any::<bool>()).prop_map(|(at, keep)| Move::GiveBack { at, keep }),
        ];
        prop::collection::vec(one, 0..200)
    }

    proptest! {
        #[test]
        fn pool_never_loses_or_doubles_a_page(page_count in 0_usize..20, moves in moves()) {
            let mut pool = PagePool::new(page_count);
            // One entry an owner.
            let mut owned: Vec<PageId> = Vec::new();
            for one in moves {
                match one {
                    Move::Take => match pool.take() {
                        Some(page) => {
                            prop_assert!(!owned.contains(&page));
                            owned.push(page);
                        }
                        None => prop_assert_eq!(pool.free_count(), 0),
                    },
                    // Any page may be shared: one with owners, or a free one out of the line.
                    Move::Share { at } if page_count > 0 => {
                        let page = PageId(u32::try_from(at % page_count).unwrap());
                        pool.share(page);
                        owned.push(page);
                    }
                    Move::GiveBack { at, keep } if !owned.is_empty() => {
                        let page = owned.swap_remove(at % owned.len());
                        let queue = if keep { Queue::Last } else { Queue::First };
                        pool.give_back(page, queue);
                        if !owned.contains(&page) {
                            let line = pool.line();
                            let place = if keep { line.last() } else { line.first() };
                            prop_assert_eq!(place, Some(&page));
                        }
                    }
                    Move::Share { .. } | Move::GiveBack { .. } => {}
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
        pool.give_back(kept, Queue::Last);
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
        pool.give_back(page, Queue::First);
        pool.give_back(page, Queue::First);
    }
}
