//! Specification of the rotations, in plain Rust.

#[inline(always)]
pub(super) fn rotate_halves(head: &mut [f32], cos: &[f32], sin: &[f32]) {
    let pairs = head.len() / 2;
    assert!(head.len() == 2 * pairs && cos.len() == pairs && sin.len() == pairs);
    let (low, high) = head.split_at_mut(pairs);
    for (((a, b), c), s) in low.iter_mut().zip(high).zip(cos).zip(sin) {
        (*a, *b) = (*a * c - *b * s, *a * s + *b * c);
    }
}

#[inline(always)]
pub(super) fn rotate_neighbours(head: &mut [f32], cos: &[f32], sin: &[f32]) {
    let pairs = head.len() / 2;
    assert!(head.len() == 2 * pairs && cos.len() == pairs && sin.len() == pairs);
    for ((pair, c), s) in head.chunks_exact_mut(2).zip(cos).zip(sin) {
        let (a, b) = (pair[0], pair[1]);
        pair[0] = a * c - b * s;
        pair[1] = a * s + b * c;
    }
}
