//! One step's rows: prompt chunks and single decode tokens of many sequences, packed side by side.
//!
//! Invariants (held by [`StepInput::push`])
//! - Rows of one segment are consecutive tokens of one sequence; segments do not overlap.
//! - A segment's page list covers its whole context, the new rows included.

use std::ops::Range;
use vitrine_base::ids::PageId;

/// What the caller needs to know of which rows of a segment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Wanted {
    /// None: the prompt goes on in a later step.
    Nothing,
    /// The last row's logits: the next token will be sampled.
    Last,
    /// Every row's logits.
    All,
    /// The last row's likeliest token alone: the next token is chosen greedily.
    Likeliest,
    /// Every row's likeliest token.
    AllLikeliest,
}

/// The rows of one sequence in a step.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Segment {
    /// Its rows in the packed step.
    pub rows: Range<usize>,
    /// Tokens of the sequence before this step's rows: the first row's position.
    pub tokens_before: usize,
    /// Its page list, as a range of [`StepInput::pages`].
    pub pages: Range<usize>,
    /// What is asked of it.
    pub wanted: Wanted,
}

impl Segment {
    /// Tokens of the sequence once this step is done.
    #[must_use]
    pub fn context_tokens(&self) -> usize {
        self.tokens_before + self.rows.len()
    }
}

/// A packed, ragged batch.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct StepInput {
    tokens: Vec<u32>,
    segments: Vec<Segment>,
    pages: Vec<PageId>,
    wanted_rows: Vec<u32>,
    greedy_rows: Vec<u32>,
}

impl StepInput {
    /// Empties it, keeping its memory.
    pub fn clear(&mut self) {
        self.tokens.clear();
        self.segments.clear();
        self.pages.clear();
        self.wanted_rows.clear();
        self.greedy_rows.clear();
    }

    /// Adds one sequence's next `tokens`, which follow `tokens_before` computed ones.
    ///
    /// # Panics
    /// If `tokens` is empty or the row count leaves `u32`: the scheduler's bug.
    pub fn push(&mut self, tokens: &[u32], tokens_before: usize, pages: &[PageId], wanted: Wanted) {
        assert!(!tokens.is_empty(), "a segment has at least one row");
        let rows = self.tokens.len()..self.tokens.len() + tokens.len();
        let end = u32::try_from(rows.end).expect("a step has fewer rows than u32::MAX");
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

    /// Token ids, one a row.
    #[must_use]
    pub fn tokens(&self) -> &[u32] {
        &self.tokens
    }

    /// Sequences in this step, in packed order.
    #[must_use]
    pub fn segments(&self) -> &[Segment] {
        &self.segments
    }

    /// The pages of one segment, in context order.
    #[must_use]
    pub fn pages_of(&self, segment: &Segment) -> &[PageId] {
        &self.pages[segment.pages.clone()]
    }

    /// Rows whose logits are asked for, ascending.
    #[must_use]
    pub fn wanted_rows(&self) -> &[u32] {
        &self.wanted_rows
    }

    /// Rows whose likeliest token is asked for and nothing else, ascending.
    #[must_use]
    pub fn greedy_rows(&self) -> &[u32] {
        &self.greedy_rows
    }
}
