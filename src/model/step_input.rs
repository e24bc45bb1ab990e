//! One forward pass, packed: rows of many sequences, prompt chunks and decode tokens together.
//!
//! Invariants ([`StepInput::check`])
//! - The sequences' row ranges tile the rows in order, without gap or overlap.
//! - A sequence owns a page for every position that its rows write or read.
//! - Rows whose logits are wanted exist and stand in rising order.

use crate::base::ids::PageId;

/// The rows of one sequence in a step.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SequenceRows {
    /// First row of the packed batch.
    pub first_row: usize,
    /// How many rows: one while decoding, a chunk while prefilling.
    pub row_count: usize,
    /// Position of the first row in its sequence; as many tokens are in the pages already.
    pub first_position: usize,
    /// The pages of the whole sequence in order of position.
    pub pages: Vec<PageId>,
}

/// One packed step.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct StepInput {
    /// One token id a row.
    pub token_ids: Vec<u32>,
    /// The sequences in row order.
    pub sequences: Vec<SequenceRows>,
    /// Rows whose logits are wanted, rising.
    pub logit_rows: Vec<usize>,
}

/// How a step breaks its invariants: a bug of ours.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum StepInputError {
    /// Row ranges leave a gap, overlap or do not end at the last row.
    #[error("sequence {sequence} starts at row {found}, expected {expected}")]
    Rows {
        /// Place of the sequence in the step.
        sequence: usize,
        /// Row found.
        found: usize,
        /// Row expected.
        expected: usize,
    },
    /// Too few pages for the positions.
    #[error("sequence {sequence} has {pages} pages, its rows need {pages_needed}")]
    Pages {
        /// Place of the sequence in the step.
        sequence: usize,
        /// Pages found.
        pages: usize,
        /// Pages needed.
        pages_needed: usize,
    },
    /// A page, token or logit row that does not exist.
    #[error("{what} {found} does not exist, there are {count}")]
    Missing {
        /// `page`, `token` or `row`.
        what: &'static str,
        /// Number found.
        found: usize,
        /// How many there are.
        count: usize,
    },
}

impl StepInput {
    /// Checks the invariants against a model's `page_tokens`, `page_count` and vocabulary size.
    ///
    /// # Errors
    /// The first broken invariant.
    pub fn check(
        &self,
        page_tokens: usize,
        page_count: usize,
        vocabulary_size: usize,
    ) -> Result<(), StepInputError> {
        let mut expected = 0;
        for (sequence, rows) in self.sequences.iter().enumerate() {
            if rows.first_row != expected || rows.row_count == 0 {
                return Err(StepInputError::Rows { sequence, found: rows.first_row, expected });
            }
            expected += rows.row_count;
            let pages_needed = (rows.first_position + rows.row_count).div_ceil(page_tokens);
            if rows.pages.len() < pages_needed {
                let pages = rows.pages.len();
                return Err(StepInputError::Pages { sequence, pages, pages_needed });
            }
            if let Some(page) = rows.pages.iter().find(|page| page.index() >= page_count) {
                let found = page.index();
                return Err(StepInputError::Missing { what: "page", found, count: page_count });
            }
        }
        let row_count = self.token_ids.len();
        if expected != row_count {
            let sequence = self.sequences.len();
            return Err(StepInputError::Rows { sequence, found: row_count, expected });
        }
        if let Some(token) = self.token_ids.iter().find(|token| **token as usize >= vocabulary_size)
        {
            let found = *token as usize;
            return Err(StepInputError::Missing { what: "token", found, count: vocabulary_size });
        }
        let rising = self.logit_rows.windows(2).all(|pair| pair[0] < pair[1]);
        match self.logit_rows.last() {
            Some(last) if *last >= row_count || !rising => {
                Err(StepInputError::Missing { what: "row", found: *last, count: row_count })
            }
            _ => Ok(()),
        }
    }
}
