//! The loop nest of attention (spans, blocks of pages, register tiles) and the matrix product that
//! each tier implements.

use crate::activation::soft_cap_plain;
use crate::attention::layout::Element;
use crate::attention::layout::PageLayout;
use crate::attention::layout::TILE_COLUMNS;
use crate::attention::softmax::OnlineSoftmax;
use crate::attention::tile::HeadPages;
use crate::attention::tile::QueryTile;
use crate::attention::tile::Span;
use crate::attention::tile::block_pages;
use crate::grid::Rectangle;
use std::ops::Range;

/// Maximum rows of one register tile: 6 × 2 accumulators, a broadcast and two operands fit 16
/// registers.
const TILE_ROWS: usize = 6;

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

    /// The buffer for the scaled queries of `rows` query heads, to be filled before
    /// [`attend`](crate::attention::attend).
    /// Order: all heads of the tile's first row, then of its second row, and so on.
    ///
    /// # Panics
    /// If the buffer is too small: a bug in the caller.
    pub fn query(&mut self, rows: usize, layout: PageLayout) -> &mut [f32] {
        &mut self.query[..rows * layout.head_width()]
    }
}

/// The matrix product used for scores and for weighted values; one implementation per tier.
pub(super) trait Multiply {
    /// `out[r][c] = first + Σ_k a[r][k] · b[k][c]` with `first = out[r][c]` if `ADD`, else 0.
    ///
    /// `k` ascends, with one fused multiply-add per term, so that every tier computes the same
    /// bits.
    fn multiply<E: Element, const ROWS: usize, const ADD: bool>(
        out: Strided<&mut [f32]>,
        a: Strided<&[f32]>,
        b: PageRows<'_, E>,
    );
}

/// A matrix whose rows start `stride` elements apart.
pub(super) struct Strided<S> {
    pub(super) slice: S,
    pub(super) stride: usize,
}

/// The right operand of a product: `[depth, columns]` elements of a page.
pub(super) struct PageRows<'a, E> {
    pub(super) rows: Strided<&'a [E]>,
    /// Read next, with the same stride, and may be prefetched; may be empty. A decode step leaves a
    /// page before the hardware prefetcher has detected the sequential access, and the next page
    /// may be anywhere.
    pub(super) ahead: &'a [E],
    /// A multiple of [`TILE_COLUMNS`].
    pub(super) columns: usize,
    pub(super) depth: usize,
}

/// [`attend`](crate::attention::attend) with the products of tier `M`.
#[inline(always)]
pub(super) fn attend_with<M: Multiply, E: Element>(
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
            PageRows {
                rows: Strided { slice: keys, stride: layout.padded_tokens() },
                ahead,
                columns: computed,
                depth: layout.head_width(),
            },
            block.heads.len(),
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
            PageRows {
                rows: Strided { slice: values, stride: layout.padded_width() },
                ahead,
                columns: layout.padded_width(),
                depth: tokens,
            },
            block.heads.len(),
        );
        first_column += tokens.next_multiple_of(TILE_COLUMNS);
    }
}

/// [`Multiply::multiply`] for `rows` rows, in register tiles of nearly equal height.
#[inline(always)]
fn multiply_rows<M: Multiply, E: Element, const ADD: bool>(
    out: Strided<&mut [f32]>,
    a: Strided<&[f32]>,
    b: PageRows<'_, E>,
    rows: usize,
) {
    let PageRows { rows: Strided { slice, stride }, mut ahead, columns, depth } = b;
    let height = rows.div_ceil(rows.div_ceil(TILE_ROWS).max(1));
    let mut row = 0;
    while row < rows {
        let taken = height.min(rows - row);
        let out = Strided { slice: &mut out.slice[row * out.stride..], stride: out.stride };
        let a = Strided { slice: &a.slice[row * a.stride..], stride: a.stride };
        let b = PageRows { rows: Strided { slice, stride }, ahead, columns, depth };
        match taken {
            1 => M::multiply::<E, 1, ADD>(out, a, b),
            2 => M::multiply::<E, 2, ADD>(out, a, b),
            3 => M::multiply::<E, 3, ADD>(out, a, b),
            4 => M::multiply::<E, 4, ADD>(out, a, b),
            5 => M::multiply::<E, 5, ADD>(out, a, b),
            _ => M::multiply::<E, 6, ADD>(out, a, b),
        }
        row += taken;
        // Prefetch only once.
        ahead = &[];
    }
}
