//! Input of one step: prompt chunks and single decode tokens of many sequences, packed without
//! padding.
//!
//! Invariants
//! - Rows of one segment are consecutive tokens of one sequence; segments do not overlap.
//! - A segment's page list covers its whole context, the new rows included; models refuse steps
//!   in which it does not.

use std::ops::Range;
use vitrine_base::ids::PageId;

/// Which results of a segment the caller needs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Wanted {
    /// Nothing: the prompt continues in a later step.
    Nothing,
    /// The last row's logits, to sample the next token.
    Last,
    /// The logits of every row.
    All,
    /// The most likely token of the last row, for greedy decoding. No logits are returned.
    Likeliest,
    /// The most likely token of every row, to verify speculative tokens greedily. No logits are
    /// returned.
    AllLikeliest,
}

/// The rows of one sequence in a step.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Segment {
    /// Its rows in the packed step.
    pub rows: Range<usize>,
    /// Tokens of the sequence already in the KV pages, which is also the position of the first row.
    pub tokens_before: usize,
    /// Its page list, as a range of all page ids in the step; see [`StepInput::pages_of`].
    pub pages: Range<usize>,
    /// Which results the caller needs.
    pub wanted: Wanted,
}

impl Segment {
    /// Tokens of the sequence after this step.
    #[must_use]
    pub fn context_tokens(&self) -> usize {
        self.tokens_before + self.rows.len()
    }
}

/// A packed batch of segments of different lengths.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct StepInput {
    tokens: Vec<u32>,
    segments: Vec<Segment>,
    pages: Vec<PageId>,
    wanted_rows: Vec<u32>,
    greedy_rows: Vec<u32>,
}

impl StepInput {
    /// Removes all segments and keeps the allocated memory.
    pub fn clear(&mut self) {
        self.tokens.clear();
        self.segments.clear();
        self.pages.clear();
        self.wanted_rows.clear();
        self.greedy_rows.clear();
    }

    /// Appends a segment: the next `tokens` of a sequence of which `tokens_before` are already
    /// computed. `pages` must cover both.
    ///
    /// # Panics
    /// If `tokens` is empty or the step's row count does not fit `u32`: a bug in the scheduler.
    pub fn push(&mut self, tokens: &[u32], tokens_before: usize, pages: &[PageId], wanted: Wanted) {
        assert!(!tokens.is_empty(), "a segment needs at least one row");
        let rows = self.tokens.len()..self.tokens.len() + tokens.len();
        let end = u32::try_from(rows.end).expect("the rows of a step fit u32");
        self.tokens.extend_from_slice(tokens);
        let first_page = self.pages.len();
        self.pages.extend_from_slice(pages);
        let first = end - u32::try_from(tokens.len()).unwrap_or(end);
        match wanted {
            Wanted::Nothing => {}
            Wanted::Last => self.wanted_rows.push(end - 1),
            Wanted::All => self.wanted_rows.extend(first..end),
            Wanted::Likeliest => self.greedy_rows.push(end - 1),
            Wanted::AllLikeliest => self.greedy_rows.extend(first..end),
        }
        let pages = first_page..self.pages.len();
        self.segments.push(Segment { rows, tokens_before, pages, wanted });
    }

    /// Token ids, one per row.
    #[must_use]
    pub fn tokens(&self) -> &[u32] {
        &self.tokens
    }

    /// The segments of this step, in packed order.
    #[must_use]
    pub fn segments(&self) -> &[Segment] {
        &self.segments
    }

    /// The pages of `segment`, in context order.
    #[must_use]
    pub fn pages_of(&self, segment: &Segment) -> &[PageId] {
        &self.pages[segment.pages.clone()]
    }

    /// Rows whose logits are requested, ascending.
    #[must_use]
    pub fn wanted_rows(&self) -> &[u32] {
        &self.wanted_rows
    }

    /// Rows for which only the most likely token is requested, ascending.
    #[must_use]
    pub fn greedy_rows(&self) -> &[u32] {
        &self.greedy_rows
    }
}
