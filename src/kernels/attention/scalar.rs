//! The specification of attention's products.

use crate::kernels::attention::Element;
use crate::kernels::attention::Multiply;
use crate::kernels::attention::Strided;
use crate::kernels::attention::TILE_COLUMNS;

/// Plain code.
pub(super) struct Scalar;

impl Multiply for Scalar {
    #[inline(always)]
    fn multiply<E: Element, const ROWS: usize, const ADD: bool>(
        out: Strided<&mut [f32]>,
        a: Strided<&[f32]>,
        b: Strided<&[E]>,
        depth: usize,
    ) {
        for row in 0..ROWS {
            let out = &mut out.slice[row * out.stride..][..TILE_COLUMNS];
            if !ADD {
                out.fill(0.0);
            }
            let factors = &a.slice[row * a.stride..][..depth];
            for (k, factor) in factors.iter().enumerate() {
                let terms = &b.slice[k * b.stride..][..TILE_COLUMNS];
                for (out, term) in out.iter_mut().zip(terms) {
                    *out = factor.mul_add(term.value(), *out);
                }
            }
        }
    }
}
