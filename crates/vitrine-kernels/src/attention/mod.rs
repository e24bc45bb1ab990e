//! Attention of query rows over the paged keys and values of their sequences: each row over what
//! came before it, or over the whole sequence.
//!
//! A tile is a few rows and all query heads that share one key head, so that keys and values are
//! read once for all of them. Its rows are consecutive tokens of a sequence, or of several that
//! begin with the same pages: those are walked for all rows together, then each sequence's own.
//! Keys are walked in blocks of whole pages with a running maximum and sum.
//!
//! Invariants
//! - A row's bits depend on its own query, its position and the pages, never on the other rows of
//!   its tile: blocks begin at fixed positions, and what a row may not see adds exactly nothing.
//! - Stored elements are finite, so that a masked product is 0.
//!
//! Source: Kwon et al. 2023, arXiv:2309.06180 (pages); Milakov & Gimelshein 2018, arXiv:1805.02867
//! (the running softmax); Ainslie et al. 2023, arXiv:2305.13245 (shared heads).

#[cfg(target_arch = "x86_64")]
mod avx2;
#[cfg(target_arch = "x86_64")]
mod avx512;
mod layout;
mod scalar;
mod softmax;

use crate::activation::soft_cap_plain;
use crate::attention::softmax::Running;
use crate::grid::Rectangle;
use crate::memory;
use crate::tier::Tier;
use std::ops::Range;
use vitrine_base::ids::PageId;

pub use layout::Element;
pub use layout::PageLayout;

/// Key columns that a block has at least, unless a page is larger.
const BLOCK_TOKENS: usize = 128;

/// Columns of one register tile.
pub(super) const TILE_COLUMNS: usize = 16;

/// Rows of one register tile: 6 × 2 accumulators, a broadcast and two operands fit 16 registers.
const TILE_ROWS: usize = 6;

/// How scores become weights.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Scoring {
    /// Scores are bent by `cap · tanh(score / cap)`.
    pub soft_cap: Option<f32>,
    /// Tokens that a row sees, itself included; all before it if there is none.
    pub window: Option<usize>,
}

/// Which tokens of its sequence a row may see.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sight {
    /// Itself and those before it.
    Before,
    /// All, so many.
    Whole(usize),
}

/// Rows of a tile that belong to one sequence: consecutive tokens of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SequenceRows {
    /// The rows, as a range of the tile's rows.
    pub rows: Range<usize>,
    /// Position of the first row in its sequence.
    pub first_position: usize,
    /// The sequence's pages in context order, as a range of [`QueryTile::pages`].
    pub pages: Range<usize>,
}

/// Query rows that attend together.
#[derive(Debug, Clone)]
pub struct QueryTile<'a> {
    /// Query heads of this key head.
    pub group: usize,
    /// At least one; their rows follow each other.
    pub sequences: &'a [SequenceRows],
    /// The page lists of all of them.
    pub pages: &'a [PageId],
    /// Pages that all of them begin with, computed before the tile's rows.
    pub shared_pages: usize,
    /// The attention mask of every row.
    pub sight: Sight,
    /// Soft cap and window of this layer.
    pub scoring: Scoring,
}

impl QueryTile<'_> {
    /// All rows.
    #[inline(always)]
    fn rows(&self) -> Range<usize> {
        let last = &self.sequences[self.sequences.len() - 1];
        self.sequences[0].rows.start..last.rows.end
    }

    /// Blocks that all sequences begin with and every row sees whole.
    #[inline(always)]
    fn shared_blocks(&self, layout: PageLayout) -> usize {
        // A window ends elsewhere for each sequence.
        let alone = self.sequences.len() < 2 || self.scoring.window.is_some();
        if alone { 0 } else { self.shared_pages / block_pages(layout) }
    }

    /// All that the rows see: what they share, then what each sequence has of its own.
    #[inline(always)]
    fn spans(&self, layout: PageLayout) -> impl Iterator<Item = Span<'_>> {
        let shared = (self.shared_blocks(layout) > 0).then(|| self.shared(layout));
        let own = self.sequences.iter().map(move |sequence| self.own(sequence, layout));
        shared.into_iter().chain(own)
    }

    /// What the rows of all sequences see of the blocks that they share.
    #[inline(always)]
    fn shared(&self, layout: PageLayout) -> Span<'_> {
        let pages = self.shared_blocks(layout) * block_pages(layout);
        let first = &self.sequences[0];
        Span {
            tokens: 0..self.rows().len(),
            first_position: 0,
            sight: Sight::Whole(pages * layout.page_tokens()),
            pages: &self.pages[first.pages.clone()],
            first_block: 0,
        }
    }

    /// What the rows of one sequence see beside the shared blocks.
    #[inline(always)]
    fn own(&self, sequence: &SequenceRows, layout: PageLayout) -> Span<'_> {
        let first_row = self.sequences[0].rows.start;
        let mut span = Span {
            tokens: sequence.rows.start - first_row..sequence.rows.end - first_row,
            first_position: sequence.first_position,
            sight: self.sight,
            pages: &self.pages[sequence.pages.clone()],
            first_block: self.shared_blocks(layout),
        };
        if let Some(window) = self.scoring.window {
            let first_seen = span.seen_end(0).saturating_sub(window);
            span.first_block = first_seen / layout.page_tokens() / block_pages(layout);
        }
        span
    }
}

/// Rows of a tile with the pages that they see, walked from a block on.
struct Span<'a> {
    /// The rows, counted in the tile.
    tokens: Range<usize>,
    first_position: usize,
    sight: Sight,
    pages: &'a [PageId],
    first_block: usize,
}

impl Span<'_> {
    /// Behind the last token that row `token` of the span sees.
    #[inline(always)]
    fn seen_end(&self, token: usize) -> usize {
        match self.sight {
            Sight::Before => self.first_position + token + 1,
            Sight::Whole(tokens) => tokens,
        }
    }
}

/// Keys and values of one head in all pages.
#[derive(Debug, Clone, Copy)]
pub struct HeadPages<'a, E> {
    /// All pages of the head, page after page, keys before values in each.
    pub elements: &'a [E],
    /// Sizes of a page.
    pub layout: PageLayout,
}

/// Memory of one thread.
#[derive(Debug)]
pub struct Scratch {
    query: Vec<f32>,
    scores: Vec<f32>,
    mixed: Vec<f32>,
    running: Vec<Running>,
}

impl Scratch {
    /// Room for tiles of `rows` query heads.
    pub fn new(rows: usize, layout: PageLayout) -> Self {
        Self {
            query: vec![0.0; rows * layout.head_width()],
            scores: vec![0.0; rows * block_pages(layout) * layout.padded_tokens()],
            mixed: vec![0.0; rows * layout.padded_width()],
            running: vec![Running::default(); rows],
        }
    }

    /// Where the scaled queries of `rows` heads are put before [`attend`], one after another: all
    /// heads of the tile's first row, then of its second.
    ///
    /// # Panics
    /// If there is no room for them: our bug.
    pub fn query(&mut self, rows: usize, layout: PageLayout) -> &mut [f32] {
        &mut self.query[..rows * layout.head_width()]
    }
}

fn block_pages(layout: PageLayout) -> usize {
    (BLOCK_TOKENS / layout.padded_tokens()).max(1)
}

/// Asks for the first keys that `tile` reads: whoever has its queries to prepare does so
/// meanwhile.
pub fn ask_for<E: Element>(head: HeadPages<'_, E>, tile: &QueryTile<'_>) {
    let layout = head.layout;
    if let Some(span) = tile.spans(layout).next() {
        let first = span.first_block * block_pages(layout);
        memory::ask_for_later(layout.keys(head.elements, span.pages[first]));
    }
}

/// Attends with the queries in `scratch`: `out` is the rectangle of the tile's rows and heads.
///
/// # Panics
/// If the pages do not cover the tile, or shapes disagree: our bug.
pub fn attend<E: Element>(
    tier: Tier,
    scratch: &mut Scratch,
    out: &mut Rectangle<'_, f32>,
    head: HeadPages<'_, E>,
    tile: &QueryTile<'_>,
) {
    #[cfg(target_arch = "x86_64")]
    if tier >= Tier::Avx512Vnni && tier.is_available() {
        // SAFETY: this tier was just found on this machine.
        unsafe { avx512::attend(scratch, out, head, tile) };
        return;
    }
    #[cfg(target_arch = "x86_64")]
    if tier >= Tier::Avx2 && tier.is_available() {
        // SAFETY: this tier or a stronger one was just found on this machine.
        unsafe { avx2::attend(scratch, out, head, tile) };
        return;
    }
    #[cfg(not(target_arch = "x86_64"))]
    let _ = tier;
    attend_with::<scalar::Scalar, E>(scratch, out, head, tile);
}

/// The two matrix products of attention.
trait Multiply {
    /// `out[r][c] = first + Σ_k a[r][k] · b[k][c]` for `columns` columns, whole register tiles; k
    /// ascends, one fused multiplication a term. `first` is what `out` holds if `ADD`, else 0.
    ///
    /// Row `r` of `a` begins at `r * a_stride`, of `out` at `r * out_stride`; row `k` of `b` at
    /// `k * b_stride`. `inner` is `[columns, depth]`. What `ahead` holds where `b` has its terms
    /// is needed next: a decode step is through a page before the processor notices that it reads
    /// in order, and the next page lies anywhere.
    fn multiply<E: Element, const ROWS: usize, const ADD: bool>(
        out: Strided<&mut [f32]>,
        a: Strided<&[f32]>,
        b_and_ahead: (Strided<&[E]>, &[E]),
        inner: [usize; 2],
    );
}

/// A slice whose rows are so many elements apart.
struct Strided<S> {
    slice: S,
    stride: usize,
}

/// [`attend`] with one tier's products.
#[inline(always)]
fn attend_with<M: Multiply, E: Element>(
    scratch: &mut Scratch,
    out: &mut Rectangle<'_, f32>,
    head: HeadPages<'_, E>,
    tile: &QueryTile<'_>,
) {
    let layout = head.layout;
    let rows = tile.rows();
    let heads = rows.len() * tile.group;
    scratch.mixed[..heads * layout.padded_width()].fill(0.0);
    scratch.running[..heads].fill(Running::default());
    // One loop and one call: the walk is compiled into it, and twice would be too much to inline.
    for span in tile.spans(layout) {
        walk::<M, E>(scratch, head, tile, &span);
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

/// Adds what a span sees to the running sums of its rows.
#[inline(always)]
fn walk<M: Multiply, E: Element>(
    scratch: &mut Scratch,
    head: HeadPages<'_, E>,
    tile: &QueryTile<'_>,
    span: &Span<'_>,
) {
    let layout = head.layout;
    let heads = span.tokens.start * tile.group..span.tokens.end * tile.group;
    let end = span.seen_end(span.tokens.len() - 1);
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

/// Pages that one update of the running softmax covers.
struct Block {
    pages: Range<usize>,
    /// Behind the last page that the span sees.
    last: usize,
    /// Tokens of the context that the span's last row sees.
    end: usize,
    /// The span's query heads, counted in the tile; rows of scores begin with the first of them.
    heads: Range<usize>,
    /// Columns of a row of scores.
    stride: usize,
}

impl Block {
    /// Tokens of `page` that the span's last row sees.
    #[inline(always)]
    fn tokens(&self, page: usize, layout: PageLayout) -> usize {
        (self.end - page * layout.page_tokens()).min(layout.page_tokens())
    }
}

/// Scores of every row against the block's keys; returns how many columns were computed.
#[inline(always)]
fn score<M: Multiply, E: Element>(
    scratch: &mut Scratch,
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

/// Sets the scores of what a row may not see to minus infinity.
#[inline(always)]
fn mask(
    scratch: &mut Scratch,
    tile: &QueryTile<'_>,
    (span, layout): (&Span<'_>, PageLayout),
    block: &Block,
) {
    for token in 0..span.tokens.len() {
        let seen_end = span.seen_end(token);
        let seen_first = tile.scoring.window.map_or(0, |window| seen_end.saturating_sub(window));
        let mut first_column = 0;
        for page in block.pages.clone() {
            let computed = block.tokens(page, layout).next_multiple_of(TILE_COLUMNS);
            let first = page * layout.page_tokens();
            let seen = seen_first.saturating_sub(first).min(computed)
                ..seen_end.saturating_sub(first).min(layout.page_tokens()).min(computed);
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

/// Adds the block's weighted values to every row.
#[inline(always)]
fn mix<M: Multiply, E: Element>(
    scratch: &mut Scratch,
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

/// [`Multiply::multiply`] of `[rows, columns, depth]`, in register tiles of nearly equal height.
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
        // Asked for once.
        ahead = &[];
    }
}

#[cfg(test)]
mod tests;
