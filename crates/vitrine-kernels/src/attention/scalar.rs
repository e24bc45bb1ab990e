//! Specification of the two matrix products of attention, in plain Rust.

use crate::attention::drive::Multiply;
use crate::attention::drive::PageRows;
use crate::attention::drive::Strided;
use crate::attention::layout::Element;

/// The scalar tier.
pub(super) struct ScalarAttention;

impl Multiply for ScalarAttention {
    #[inline(always)]
    fn multiply<E: Element, const ROWS: usize, const ADD: bool>(
        out: Strided<&mut [f32]>,
        a: Strided<&[f32]>,
        b: PageRows<'_, E>,
    ) {
        let PageRows { rows: b, columns, depth, .. } = b;
        for row in 0..ROWS {
            let out = &mut out.slice[row * out.stride..][..columns];
            if !ADD {
                out.fill(0.0);
            }
            let factors = &a.slice[row * a.stride..][..depth];
            for (k, factor) in factors.iter().enumerate() {
                let terms = &b.slice[k * b.stride..][..columns];
                for (out, term) in out.iter_mut().zip(terms) {
                    *out = factor.mul_add(term.value(), *out);
                }
            }
        }
    }
}
