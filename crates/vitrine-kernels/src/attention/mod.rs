//! Attention of query rows over the paged keys and values of their sequences: causal, or over the
//! whole sequence.
//!
//! A tile is a few rows together with all query heads that share one key head, so that keys and
//! values are read once for all of them. Its rows are consecutive tokens of one sequence, or of
//! several sequences that begin with the same pages. Shared pages are processed once for all rows,
//! then the remaining pages of each sequence. Keys are processed in blocks of whole pages with an
//! online softmax.
//!
//! Invariants
//! - Batch invariance: the bits of a row depend on its query, its position and the pages, never on
//!   the other rows of its tile. Blocks begin at fixed positions, and a masked token contributes
//!   exactly 0.
//! - Stored elements are finite, so that a masked product is 0.
//!
//! Source: Kwon et al. 2023, arXiv:2309.06180 (pages); Milakov & Gimelshein 2018, arXiv:1805.02867
//! (online softmax); Ainslie et al. 2023, arXiv:2305.13245 (grouped-query attention).

#[cfg(target_arch = "x86_64")]
mod avx2;
#[cfg(target_arch = "x86_64")]
mod avx512;
mod layout;
mod scalar;
mod softmax;

use crate::activation::soft_cap_plain;
use crate::attention::softmax::OnlineSoftmax;
use crate::grid::Rectangle;
use crate::memory;
use crate::tier::Tier;
use std::ops::Range;
use vitrine_base::ids::PageId;

pub use layout::Element;
pub use layout::PageLayout;

/// Maximum key columns of a block; a single page may exceed it.
const BLOCK_TOKENS: usize = 128;

/// Columns of one register tile, in elements.
pub(super) const TILE_COLUMNS: usize = 16;

/// Maximum rows of one register tile: 6 × 2 accumulators, a broadcast and two operands fit 16
/// registers.
const TILE_ROWS: usize = 6;

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
    fn rows(&self) -> Range<usize> {
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
    fn spans(&self, layout: PageLayout) -> impl Iterator<Item = Span<'_>> {
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
struct Span<'a> {
    /// The rows, relative to the first row of the tile.
    tokens: Range<usize>,
    first_position: usize,
    mask: AttentionMask,
    pages: &'a [PageId],
    first_block: usize,
}

impl Span<'_> {
    /// End of the token range that row `token` of the span attends to (exclusive).
    #[inline(always)]
    fn visible_end(&self, token: usize) -> usize {
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

/// Working memory of one thread; its rows are query heads.
#[derive(Debug)]
pub struct AttentionScratch {
    query: Vec<f32>,
    scores: Vec<f32>,
    mixed: Vec<f32>,
    running: Vec<OnlineSoftmax>,
}

impl AttentionScratch {
    /// Allocates scratch for tiles of up to `rows` query heads (tile rows × heads per key head).
    pub fn new(rows: usize, layout: PageLayout) -> Self {
        Self {
            query: vec![0.0; rows * layout.head_width()],
            scores: vec![0.0; rows * block_pages(layout) * layout.padded_tokens()],
            mixed: vec![0.0; rows * layout.padded_width()],
            running: vec![OnlineSoftmax::default(); rows],
        }
    }

    /// The buffer for the scaled queries of `rows` query heads, to be filled before [`attend`].
    /// Order: all heads of the tile's first row, then of its second row, and so on.
    ///
    /// # Panics
    /// If the buffer is too small: a bug in the caller.
    pub fn query(&mut self, rows: usize, layout: PageLayout) -> &mut [f32] {
        &mut self.query[..rows * layout.head_width()]
    }
}

fn block_pages(layout: PageLayout) -> usize {
    (BLOCK_TOKENS / layout.padded_tokens()).max(1)
}

/// Prefetches the first keys that `tile` reads, so that the caller can prepare its queries
/// meanwhile.
pub fn prefetch_keys<E: Element>(head: HeadPages<'_, E>, tile: &QueryTile<'_>) {
    let layout = head.layout;
    if let Some(span) = tile.spans(layout).next() {
        let first = span.first_block * block_pages(layout);
        memory::prefetch_l2(layout.keys(head.elements, span.pages[first]));
    }
}

/// Computes attention with the queries in `scratch`. `out` is the rectangle of the tile's rows and
/// query heads.
///
/// # Panics
/// If the pages do not cover the tile, or shapes disagree: a bug in the caller.
pub fn attend<E: Element>(
    tier: Tier,
    scratch: &mut AttentionScratch,
    out: &mut Rectangle<'_, f32>,
    head: HeadPages<'_, E>,
    tile: &QueryTile<'_>,
) {
    #[cfg(target_arch = "x86_64")]
    if tier >= Tier::Avx512Vnni && tier.is_available() {
        // SAFETY: `is_available` has just confirmed this tier.
        unsafe { avx512::attend(scratch, out, head, tile) };
        return;
    }
    #[cfg(target_arch = "x86_64")]
    if tier >= Tier::Avx2 && tier.is_available() {
        // SAFETY: `is_available` has just confirmed this tier or a stronger one, which includes
        // AVX2.
        unsafe { avx2::attend(scratch, out, head, tile) };
        return;
    }
    #[cfg(not(target_arch = "x86_64"))]
    let _ = tier;
    attend_with::<scalar::ScalarAttention, E>(scratch, out, head, tile);
}

/// The matrix product used for scores and for weighted values; one implementation per tier.
trait Multiply {
    /// `out[r][c] = first + Σ_k a[r][k] · b[k][c]` with `first = out[r][c]` if `ADD`, else 0.
    ///
    /// `inner` is `[columns, depth]`; `columns` is a multiple of [`TILE_COLUMNS`]. `k` ascends,
    /// with one fused multiply-add per term, so that every tier computes the same bits.
    ///
    /// The second element of `b_and_ahead` is read next, with the stride of `b`, and may be
    /// prefetched; it may be empty. A decode step leaves a page before the hardware prefetcher has
    /// detected the sequential access, and the next page may be anywhere.
    fn multiply<E: Element, const ROWS: usize, const ADD: bool>(
        out: Strided<&mut [f32]>,
        a: Strided<&[f32]>,
        b_and_ahead: (Strided<&[E]>, &[E]),
        inner: [usize; 2],
    );
}

/// A matrix whose rows start `stride` elements apart.
struct Strided<S> {
    slice: S,
    stride: usize,
}

/// [`attend`] with the products of tier `M`.
#[inline(always)]
fn attend_with<M: Multiply, E: Element>(
    scratch: &mut AttentionScratch,
    out: &mut Rectangle<'_, f32>,
    head: HeadPages<'_, E>,
    tile: &QueryTile<'_>,
) {
    let layout = head.layout;
    let rows = tile.rows();
    let heads = rows.len() * tile.group;
    scratch.mixed[..heads * layout.padded_width()].fill(0.0);
    scratch.running[..heads].fill(OnlineSoftmax::default());
    // A single call site: the function is inlined here, and a second copy would exceed the inlining
    // limit.
    for span in tile.spans(layout) {
        process_span::<M, E>(scratch, head, tile, &span);
    }
    for (at, row) in rows.enumerate() {
        let out = out.row(row);
        for (member, out) in out.chunks_exact_mut(layout.head_width()).enumerate() {
            let row = at * tile.group + member;
            let share = 1.0 / scratch.running[row].sum();
            let mixed = &scratch.mixed[row * layout.padded_width()..];
            out.iter_mut().zip(mixed).for_each(|(out, mixed)| *out = mixed * share);
        }
    }
}

/// Processes the blocks of a span: updates the online softmax and the weighted value sums of its
/// rows.
#[inline(always)]
fn process_span<M: Multiply, E: Element>(
    scratch: &mut AttentionScratch,
    head: HeadPages<'_, E>,
    tile: &QueryTile<'_>,
    span: &Span<'_>,
) {
    let layout = head.layout;
    let heads = span.tokens.start * tile.group..span.tokens.end * tile.group;
    let end = span.visible_end(span.tokens.len() - 1);
    let pages_each = block_pages(layout);
    let pages = end.div_ceil(layout.page_tokens());
    for first_page in (span.first_block * pages_each..pages).step_by(pages_each) {
        let block = Block {
            pages: first_page..(first_page + pages_each).min(pages),
            last: pages,
            end,
            heads: heads.clone(),
            stride: pages_each * layout.padded_tokens(),
        };
        let columns = score::<M, E>(scratch, head, span, &block);
        mask(scratch, tile, (span, layout), &block);
        for (at, row) in heads.clone().enumerate() {
            let scores = &mut scratch.scores[at * block.stride..][..columns];
            if let Some(cap) = tile.scoring.soft_cap {
                soft_cap_plain(scores, cap);
            }
            let correction = scratch.running[row].weigh(scores);
            let mixed = &mut scratch.mixed[row * layout.padded_width()..][..layout.padded_width()];
            mixed.iter_mut().for_each(|x| *x *= correction);
        }
        mix::<M, E>(scratch, head, span, &block);
    }
}

/// The pages covered by one update of the online softmax.
struct Block {
    pages: Range<usize>,
    /// End of the pages that the span attends to (exclusive).
    last: usize,
    /// Context tokens that the span's last row attends to.
    end: usize,
    /// The span's query heads, relative to the first of the tile. Row 0 of the scores is the first
    /// of them.
    heads: Range<usize>,
    /// Columns between two rows of scores.
    stride: usize,
}

impl Block {
    /// Tokens of `page` that the span's last row attends to.
    #[inline(always)]
    fn tokens(&self, page: usize, layout: PageLayout) -> usize {
        (self.end - page * layout.page_tokens()).min(layout.page_tokens())
    }
}

/// Computes the scores of every row against the block's keys. Returns the number of columns
/// computed.
#[inline(always)]
fn score<M: Multiply, E: Element>(
    scratch: &mut AttentionScratch,
    head: HeadPages<'_, E>,
    span: &Span<'_>,
    block: &Block,
) -> usize {
    let layout = head.layout;
    let query = &scratch.query[block.heads.start * layout.head_width()..];
    let mut columns = 0;
    for page in block.pages.clone() {
        let keys = layout.keys(head.elements, span.pages[page]);
        let ahead = if page + 1 < block.pages.end {
            layout.keys(head.elements, span.pages[page + 1])
        } else {
            layout.values(head.elements, span.pages[block.pages.start])
        };
        let computed = block.tokens(page, layout).next_multiple_of(TILE_COLUMNS);
        multiply_rows::<M, E, false>(
            Strided { slice: &mut scratch.scores[columns..], stride: block.stride },
            Strided { slice: query, stride: layout.head_width() },
            (Strided { slice: keys, stride: layout.padded_tokens() }, ahead),
            [block.heads.len(), computed, layout.head_width()],
        );
        columns += computed;
    }
    columns
}

/// Sets the scores of all masked tokens to minus infinity, padding included.
#[inline(always)]
fn mask(
    scratch: &mut AttentionScratch,
    tile: &QueryTile<'_>,
    (span, layout): (&Span<'_>, PageLayout),
    block: &Block,
) {
    for token in 0..span.tokens.len() {
        let visible_end = span.visible_end(token);
        let visible_start =
            tile.scoring.window.map_or(0, |window| visible_end.saturating_sub(window));
        let mut first_column = 0;
        for page in block.pages.clone() {
            let computed = block.tokens(page, layout).next_multiple_of(TILE_COLUMNS);
            let first = page * layout.page_tokens();
            let seen = visible_start.saturating_sub(first).min(computed)
                ..visible_end.saturating_sub(first).min(layout.page_tokens()).min(computed);
            for member in 0..tile.group {
                let row = (token * tile.group + member) * block.stride;
                let scores = &mut scratch.scores[row + first_column..][..computed];
                scores[seen.end..].fill(f32::NEG_INFINITY);
                scores[..seen.start].fill(f32::NEG_INFINITY);
            }
            first_column += computed;
        }
    }
}

/// Adds the block's weighted values to the sums of every row.
#[inline(always)]
fn mix<M: Multiply, E: Element>(
    scratch: &mut AttentionScratch,
    head: HeadPages<'_, E>,
    span: &Span<'_>,
    block: &Block,
) {
    let layout = head.layout;
    let mixed = &mut scratch.mixed[block.heads.start * layout.padded_width()..];
    let mut first_column = 0;
    for page in block.pages.clone() {
        let values = layout.values(head.elements, span.pages[page]);
        let ahead = if page + 1 < block.pages.end {
            layout.values(head.elements, span.pages[page + 1])
        } else if page + 1 < block.last {
            layout.keys(head.elements, span.pages[page + 1])
        } else {
            &[]
        };
        let tokens = block.tokens(page, layout);
        multiply_rows::<M, E, true>(
            Strided { slice: &mut *mixed, stride: layout.padded_width() },
            Strided { slice: &scratch.scores[first_column..], stride: block.stride },
            (Strided { slice: values, stride: layout.padded_width() }, ahead),
            [block.heads.len(), layout.padded_width(), tokens],
        );
        first_column += tokens.next_multiple_of(TILE_COLUMNS);
    }
}

/// [`Multiply::multiply`] for `[rows, columns, depth]`, in register tiles of nearly equal height.
#[inline(always)]
fn multiply_rows<M: Multiply, E: Element, const ADD: bool>(
    out: Strided<&mut [f32]>,
    a: Strided<&[f32]>,
    (b, mut ahead): (Strided<&[E]>, &[E]),
    [rows, columns, depth]: [usize; 3],
) {
    let height = rows.div_ceil(rows.div_ceil(TILE_ROWS).max(1));
    let inner = [columns, depth];
    let mut row = 0;
    while row < rows {
        let taken = height.min(rows - row);
        let out = Strided { slice: &mut out.slice[row * out.stride..], stride: out.stride };
        let a = Strided { slice: &a.slice[row * a.stride..], stride: a.stride };
        let b = (Strided { slice: b.slice, stride: b.stride }, ahead);
        match taken {
            1 => M::multiply::<E, 1, ADD>(out, a, b, inner),
            2 => M::multiply::<E, 2, ADD>(out, a, b, inner),
            3 => M::multiply::<E, 3, ADD>(out, a, b, inner),
            4 => M::multiply::<E, 4, ADD>(out, a, b, inner),
            5 => M::multiply::<E, 5, ADD>(out, a, b, inner),
            _ => M::multiply::<E, 6, ADD>(out, a, b, inner),
        }
        row += taken;
        // Prefetch only once.
        ahead = &[];
    }
}

#[cfg(test)]
mod tests;
