//! Hands out KV pages: ids only, the floats lie in `model`.
//!
//! Invariants ([`PagePool::check_integrity`])
//! - Every page is either free or taken, never both; taking and giving back are O(1).
//! - A page is given back once.

use crate::base::ids::PageId;

/// Hands out KV pages.
#[derive(Debug)]
pub(crate) struct PagePool {
    free: Vec<PageId>,
    taken: Vec<bool>,
}

impl PagePool {
    /// A pool of `page_count` free pages.
    pub(crate) fn new(page_count: usize) -> Self {
        let page_end = u32::try_from(page_count).unwrap_or(u32::MAX);
        // Low ids leave first: a small load then touches little memory.
        let free: Vec<PageId> = (0..page_end).rev().map(PageId).collect();
        Self { taken: vec![false; free.len()], free }
    }

    /// Pages that exist.
    pub(crate) fn page_count(&self) -> usize {
        self.taken.len()
    }

    /// Pages that nobody owns.
    pub(crate) fn free_count(&self) -> usize {
        self.free.len()
    }

    /// Pages that somebody owns.
    pub(crate) fn taken_count(&self) -> usize {
        self.page_count() - self.free_count()
    }

    /// Takes a page; `None` when all are taken.
    pub(crate) fn take(&mut self) -> Option<PageId> {
        let page = self.free.pop()?;
        self.taken[page.index()] = true;
        Some(page)
    }

    /// Gives a page back.
    ///
    /// # Panics
    /// If the page is not taken: two owners would write over each other.
    pub(crate) fn give_back(&mut self, page: PageId) {
        let was_taken = std::mem::replace(&mut self.taken[page.index()], false);
        assert!(was_taken, "page {} is given back twice", page.0);
        self.free.push(page);
    }

    /// Checks the invariants, in O(pages).
    ///
    /// # Panics
    /// If one is broken.
    #[cfg(test)]
    pub(crate) fn check_integrity(&self) {
        let mut seen = vec![false; self.taken.len()];
        for page in &self.free {
            assert!(!self.taken[page.index()], "page {} is free and taken", page.0);
            assert!(!seen[page.index()], "page {} is free twice", page.0);
            seen[page.index()] = true;
        }
        let taken = self.taken.iter().filter(|taken| **taken).count();
        assert_eq!(taken + self.free.len(), self.taken.len(), "pages are lost");
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn pool_never_loses_or_doubles_a_page(
            page_count in 0_usize..20,
            takes in prop::collection::vec(any::<Option<u8>>(), 0..200),
        ) {
            let mut pool = PagePool::new(page_count);
            let mut owned: Vec<PageId> = Vec::new();
            for take in takes {
                match take {
                    Some(at) if !owned.is_empty() => {
                        pool.give_back(owned.swap_remove(usize::from(at) % owned.len()));
                    }
                    _ => match pool.take() {
                        Some(page) => {
                            prop_assert!(!owned.contains(&page));
                            owned.push(page);
                        }
                        None => prop_assert_eq!(owned.len(), page_count),
                    },
                }
                pool.check_integrity();
                prop_assert_eq!(pool.taken_count(), owned.len());
            }
        }
    }

    #[test]
    #[should_panic(expected = "page 0 is given back twice")]
    fn page_given_back_twice_is_our_bug() {
        let mut pool = PagePool::new(1);
        let page = pool.take().unwrap();
        pool.give_back(page);
        pool.give_back(page);
    }
}
