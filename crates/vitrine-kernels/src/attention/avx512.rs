//! Attention with AVX-512: like the AVX2 tier, with up to four registers of columns at a time.
//!
//! A decode step has one row per query head that shares the key head, often two. A fused
//! multiply-add has a latency of four cycles and one can start each cycle, so a few rows need many
//! columns to keep the unit busy.

#![expect(unsafe_code, reason = "vector instructions, and loads and stores through pointers")]

use crate::attention::drive::AttentionScratch;
use crate::attention::drive::Multiply;
use crate::attention::drive::PageRows;
use crate::attention::drive::Strided;
use crate::attention::drive::attend_with;
use crate::attention::layout::Element;
use crate::attention::layout::TILE_COLUMNS;
use crate::attention::tile::HeadPages;
use crate::attention::tile::QueryTile;
use crate::grid::Rectangle;
use std::arch::x86_64::*;

/// Attends one tile with the AVX-512 products.
#[target_feature(enable = "avx512f,avx512bw,avx512vl,avx2,fma,f16c")]
pub(super) fn attend<E: Element>(
    scratch: &mut AttentionScratch,
    out: &mut Rectangle<'_, f32>,
    head: HeadPages<'_, E>,
    tile: &QueryTile<'_>,
) {
    attend_with::<Avx512Attention, E>(scratch, out, head, tile);
}

/// The AVX-512 tier. Used only inside [`attend`], whose caller has detected the features.
struct Avx512Attention;

impl Multiply for Avx512Attention {
    #[inline(always)]
    fn multiply<E: Element, const ROWS: usize, const ADD: bool>(
        out: Strided<&mut [f32]>,
        a: Strided<&[f32]>,
        b: PageRows<'_, E>,
    ) {
        let PageRows { rows: b, ahead, columns, depth } = b;
        let mut column = 0;
        while column < columns {
            let out = Strided { slice: &mut out.slice[column..], stride: out.stride };
            let a = Strided { slice: a.slice, stride: a.stride };
            let ahead = ahead.get(column..).unwrap_or_default();
            let b = (Strided { slice: &b.slice[column..], stride: b.stride }, ahead);
            // SAFETY: this type is used only inside `attend`, so the features are available.
            column += unsafe {
                match (columns - column) / TILE_COLUMNS {
                    4.. => multiply::<E, ROWS, 4, ADD>(out, a, b, depth),
                    2..4 => multiply::<E, ROWS, 2, ADD>(out, a, b, depth),
                    _ => multiply::<E, ROWS, 1, ADD>(out, a, b, depth),
                }
            };
        }
    }
}

/// [`Multiply::multiply`] for `WIDTH` register tiles of columns. Returns the number of columns
/// computed.
#[target_feature(enable = "avx512f,avx512bw,avx512vl,avx2,fma,f16c")]
fn multiply<E: Element, const ROWS: usize, const WIDTH: usize, const ADD: bool>(
    out: Strided<&mut [f32]>,
    a: Strided<&[f32]>,
    (b, ahead): (Strided<&[E]>, &[E]),
    depth: usize,
) -> usize {
    let columns = WIDTH * TILE_COLUMNS;
    assert!(out.slice.len() >= (ROWS - 1) * out.stride + columns, "output rows out of bounds");
    assert!(a.slice.len() >= (ROWS - 1) * a.stride + depth, "left rows out of bounds");
    assert!(depth == 0 || b.slice.len() >= (depth - 1) * b.stride + columns, "right rows");
    let (out_first, a_first, b_first) =
        (out.slice.as_mut_ptr(), a.slice.as_ptr(), b.slice.as_ptr());
    let mut sums = [[_mm512_setzero_ps(); WIDTH]; ROWS];
    if ADD {
        for (row, sums) in sums.iter_mut().enumerate() {
            for (at, sum) in sums.iter_mut().enumerate() {
                // SAFETY: `row < ROWS` and `at < WIDTH`: in bounds by the first assertion.
                let out = unsafe { out_first.add(row * out.stride + at * TILE_COLUMNS) };
                // SAFETY: as above; the load needs no alignment.
                *sum = unsafe { _mm512_loadu_ps(out) };
            }
        }
    }
    for k in 0..depth {
        if !ahead.is_empty() {
            let ahead = ahead.as_ptr().wrapping_add(k * b.stride);
            for line in (0..columns * size_of::<E>()).step_by(64) {
                _mm_prefetch::<_MM_HINT_T1>(ahead.wrapping_byte_add(line).cast());
            }
        }
        let mut terms = [_mm512_setzero_ps(); WIDTH];
        for (at, term) in terms.iter_mut().enumerate() {
            // SAFETY: `k < depth` and `at < WIDTH`: in bounds by the third assertion.
            *term = unsafe { E::load_16(b_first.add(k * b.stride + at * TILE_COLUMNS)) };
        }
        for (row, sums) in sums.iter_mut().enumerate() {
            // SAFETY: `row < ROWS` and `k < depth`: in bounds by the second assertion.
            let factor = _mm512_set1_ps(unsafe { a_first.add(row * a.stride + k).read() });
            for (sum, term) in sums.iter_mut().zip(terms) {
                *sum = _mm512_fmadd_ps(factor, term, *sum);
            }
        }
    }
    for (row, sums) in sums.iter().enumerate() {
        for (at, sum) in sums.iter().enumerate() {
            // SAFETY: in bounds as for the loads.
            unsafe { _mm512_storeu_ps(out_first.add(row * out.stride + at * TILE_COLUMNS), *sum) };
        }
    }
    columns
}
