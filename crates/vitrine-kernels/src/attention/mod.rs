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
mod drive;
mod layout;
mod scalar;
mod softmax;
mod tile;

use crate::attention::drive::attend_with;
use crate::attention::scalar::ScalarAttention;
use crate::attention::tile::block_pages;
use crate::grid::Rectangle;
use crate::memory;
use crate::tier::Tier;

pub use drive::AttentionScratch;
pub use layout::Element;
pub use layout::PageLayout;
pub use layout::TokenSlot;
pub use tile::AttentionMask;
pub use tile::HeadPages;
pub use tile::QueryTile;
pub use tile::Scoring;
pub use tile::SequenceRows;

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
    attend_with::<ScalarAttention, E>(scratch, out, head, tile);
}

#[cfg(test)]
mod tests;
