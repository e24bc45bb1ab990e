//! Attention with AVX2, FMA and F16C: the loops of the specification with register-tiled products.

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
use std::arch::x86_64::_mm256_broadcast_ss;
use std::arch::x86_64::_mm256_fmadd_ps;
use std::arch::x86_64::_mm256_loadu_ps;
use std::arch::x86_64::_mm256_setzero_ps;
use std::arch::x86_64::_mm256_storeu_ps;

/// Attends one tile with the AVX2 products.
#[target_feature(enable = "avx2,fma,f16c")]
pub(super) fn attend<E: Element>(
    scratch: &mut AttentionScratch,
    out: &mut Rectangle<'_, f32>,
    head: HeadPages<'_, E>,
    tile: &QueryTile<'_>,
) {
    attend_with::<Avx2Attention, E>(scratch, out, head, tile);
}

/// The AVX2 tier. Used only inside [`attend`], whose caller has detected the features.
struct Avx2Attention;

impl Multiply for Avx2Attention {
    #[inline(always)]
    fn multiply<E: Element, const ROWS: usize, const ADD: bool>(
        out: Strided<&mut [f32]>,
        a: Strided<&[f32]>,
        b: PageRows<'_, E>,
    ) {
        let PageRows { rows: b, columns, depth, .. } = b;
        for column in (0..columns).step_by(TILE_COLUMNS) {
            let out = Strided { slice: &mut out.slice[column..], stride: out.stride };
            let a = Strided { slice: a.slice, stride: a.stride };
            let b = Strided { slice: &b.slice[column..], stride: b.stride };
            // SAFETY: this type is used only inside `attend`, so the features are available.
            unsafe { multiply::<E, ROWS, ADD>(out, a, b, depth) };
        }
    }
}

/// [`Multiply::multiply`] for one register tile of columns.
#[target_feature(enable = "avx2,fma,f16c")]
fn multiply<E: Element, const ROWS: usize, const ADD: bool>(
    out: Strided<&mut [f32]>,
    a: Strided<&[f32]>,
    b: Strided<&[E]>,
    depth: usize,
) {
    assert!(out.slice.len() >= (ROWS - 1) * out.stride + TILE_COLUMNS, "output rows out of bounds");
    assert!(a.slice.len() >= (ROWS - 1) * a.stride + depth, "left rows out of bounds");
    assert!(depth == 0 || b.slice.len() >= (depth - 1) * b.stride + TILE_COLUMNS, "right rows");
    let (out_first, a_first, b_first) =
        (out.slice.as_mut_ptr(), a.slice.as_ptr(), b.slice.as_ptr());
    let mut sums = [[_mm256_setzero_ps(); 2]; ROWS];
    if ADD {
        for (row, sums) in sums.iter_mut().enumerate() {
            // SAFETY: `row < ROWS`, so these 16 floats are inside the slice by the first assertion.
            unsafe {
                let out = out_first.add(row * out.stride);
                *sums = [_mm256_loadu_ps(out), _mm256_loadu_ps(out.add(8))];
            }
        }
    }
    for k in 0..depth {
        // SAFETY: `k < depth`, so these 16 elements are inside the slice by the third assertion.
        let terms = unsafe {
            let b = b_first.add(k * b.stride);
            [E::load_8(b), E::load_8(b.add(8))]
        };
        for (row, sums) in sums.iter_mut().enumerate() {
            // SAFETY: `row < ROWS` and `k < depth`: in bounds by the second assertion.
            let factor = unsafe { _mm256_broadcast_ss(&*a_first.add(row * a.stride + k)) };
            sums[0] = _mm256_fmadd_ps(factor, terms[0], sums[0]);
            sums[1] = _mm256_fmadd_ps(factor, terms[1], sums[1]);
        }
    }
    for (row, sums) in sums.iter().enumerate() {
        // SAFETY: in bounds as for the loads.
        unsafe {
            let out = out_first.add(row * out.stride);
            _mm256_storeu_ps(out, sums[0]);
            _mm256_storeu_ps(out.add(8), sums[1]);
        }
    }
}
