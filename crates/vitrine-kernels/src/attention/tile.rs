//! The rows of a tile, the pages they attend to, and what they may see of them.

use crate::attention::layout::PageLayout;
use std::ops::Range;
use vitrine_base::ids::PageId;

/// Maximum key columns of a block; a single page may exceed it.
const BLOCK_TOKENS: usize = 128;

/// How scores are transformed before the softmax.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Scoring {
    /// Soft cap: scores become `cap · tanh(score / cap)`. `None` leaves them unchanged.
    pub soft_cap: Option<f32>,
    /// Sliding window: how many tokens a row attends to, itself included. `None` means no window.
    pub window: Option<usize>,
}

/// The attention mask: which tokens of its sequence a row attends to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AttentionMask {
    /// Causal: the row itself and all earlier tokens.
    Causal,
    /// The first `n` tokens, the same for every row; the sequence length for bidirectional
    /// attention.
    Full(usize),
}

/// The rows of a tile that belong to one sequence: consecutive tokens of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SequenceRows {
    /// The rows, as a range of the tile's rows.
    pub rows: Range<usize>,
    /// Position of the first row in its sequence, in tokens.
    pub first_position: usize,
    /// The pages of the sequence in context order, as a range of [`QueryTile::pages`].
    pub pages: Range<usize>,
}

/// Query rows that are computed together.
#[derive(Debug, Clone)]
pub struct QueryTile<'a> {
    /// Query heads that share the key head.
    pub group: usize,
    /// At least one sequence; their rows are contiguous.
    pub sequences: &'a [SequenceRows],
    /// The page lists of all sequences, concatenated.
    pub pages: &'a [PageId],
    /// Leading pages common to all sequences. Their keys and values precede every row of the tile.
    pub shared_pages: usize,
    /// The attention mask of every row.
    pub mask: AttentionMask,
    /// Soft cap and window of the layer.
    pub scoring: Scoring,
}

impl QueryTile<'_> {
    /// Row range of the whole tile.
    #[inline(always)]
    pub(super) fn rows(&self) -> Range<usize> {
        let last = &self.sequences[self.sequences.len() - 1];
        self.sequences[0].rows.start..last.rows.end
    }

    /// Leading blocks that all sequences share and every row attends to completely.
    #[inline(always)]
    fn shared_blocks(&self, layout: PageLayout) -> usize {
        // With a window, the first visible block differs between sequences.
        let alone = self.sequences.len() < 2 || self.scoring.window.is_some();
        if alone { 0 } else { self.shared_pages / block_pages(layout) }
    }

    /// All spans of the tile: the shared blocks first, if any, then the remainder of each sequence.
    #[inline(always)]
    pub(super) fn spans(&self, layout: PageLayout) -> impl Iterator<Item = Span<'_>> {
        let shared = (self.shared_blocks(layout) > 0).then(|| self.shared(layout));
        let own = self.sequences.iter().map(move |sequence| self.own(sequence, layout));
        shared.into_iter().chain(own)
    }

    /// The span of the shared blocks, for the rows of all sequences.
    #[inline(always)]
    fn shared(&self, layout: PageLayout) -> Span<'_> {
        let pages = self.shared_blocks(layout) * block_pages(layout);
        let first = &self.sequences[0];
        Span {
            tokens: 0..self.rows().len(),
            first_position: 0,
            mask: AttentionMask::Full(pages * layout.page_tokens()),
            pages: &self.pages[first.pages.clone()],
            first_block: 0,
        }
    }

    /// The span of one sequence's rows without the shared blocks.
    #[inline(always)]
    fn own(&self, sequence: &SequenceRows, layout: PageLayout) -> Span<'_> {
        let first_row = self.sequences[0].rows.start;
        let mut span = Span {
            tokens: sequence.rows.start - first_row..sequence.rows.end - first_row,
            first_position: sequence.first_position,
            mask: self.mask,
            pages: &self.pages[sequence.pages.clone()],
            first_block: self.shared_blocks(layout),
        };
        if let Some(window) = self.scoring.window {
            let first_visible = span.visible_end(0).saturating_sub(window);
            span.first_block = first_visible / layout.page_tokens() / block_pages(layout);
        }
        span
    }
}

/// Rows of a tile and the pages they attend to, starting at a block.
pub(super) struct Span<'a> {
    /// The rows, relative to the first row of the tile.
    pub(super) tokens: Range<usize>,
    pub(super) first_position: usize,
    pub(super) mask: AttentionMask,
    pub(super) pages: &'a [PageId],
    pub(super) first_block: usize,
}

impl Span<'_> {
    /// End of the token range that row `token` of the span attends to (exclusive).
    #[inline(always)]
    pub(super) fn visible_end(&self, token: usize) -> usize {
        match self.mask {
            AttentionMask::Causal => self.first_position + token + 1,
            AttentionMask::Full(tokens) => tokens,
        }
    }
}

/// Keys and values of one head, for all pages of the pool.
#[derive(Debug, Clone, Copy)]
pub struct HeadPages<'a, E> {
    /// All pages of the head, one after another, keys before values in each.
    pub elements: &'a [E],
    /// Sizes of a page.
    pub layout: PageLayout,
}

/// Pages that one update of the online softmax covers.
pub(super) fn block_pages(layout: PageLayout) -> usize {
    (BLOCK_TOKENS / layout.padded_tokens()).max(1)
}
