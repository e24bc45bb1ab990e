//! Rotary position embedding (RoPE) of one head, in place.

mod scalar;

use crate::specification::for_each_tier;

for_each_tier! {
    /// Rotates the pairs `(i, i + width / 2)` of `head`. `cos` and `sin` hold one angle per pair.
    ///
    /// # Panics
    /// If the number of angles is not half the head width: a bug in the caller.
    ///
    /// Source: Su et al. 2021, arXiv:2104.09864; pair order of GPT-NeoX.
    pub fn rotate_halves(head: &mut [f32], cos: &[f32], sin: &[f32]) = scalar::rotate_halves;
}

for_each_tier! {
    /// Rotates the pairs `(2i, 2i + 1)` of `head`: the pair order of the paper.
    ///
    /// # Panics
    /// If the number of angles is not half the head width: a bug in the caller.
    pub fn rotate_neighbours(head: &mut [f32], cos: &[f32], sin: &[f32]) =
        scalar::rotate_neighbours;
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::specification::tests::random_floats;
    use crate::specification::tests::same_bits;
    use crate::specification::tests::tiers;

    #[test]
    fn every_tier_equals_scalar_at_every_width() {
        for pairs in 1..70 {
            let head = random_floats(2 * pairs, 7);
            let (cos, sin) = (random_floats(pairs, 8), random_floats(pairs, 9));
            let mut expected = head.clone();
            scalar::rotate_halves(&mut expected, &cos, &sin);
            for tier in tiers() {
                let mut found = head.clone();
                rotate_halves(tier, &mut found, &cos, &sin);
                same_bits(&found, &expected);
            }
            let mut expected = head.clone();
            scalar::rotate_neighbours(&mut expected, &cos, &sin);
            for tier in tiers() {
                let mut found = head.clone();
                rotate_neighbours(tier, &mut found, &cos, &sin);
                same_bits(&found, &expected);
            }
        }
    }

    #[test]
    fn quarter_turn_swaps_a_pair() {
        let mut head = [1.0, 2.0, 3.0, 4.0];
        scalar::rotate_halves(&mut head, &[0.0, 0.0], &[1.0, 1.0]);
        assert_eq!(head, [-3.0, -4.0, 1.0, 2.0]);
        let mut head = [1.0, 2.0, 3.0, 4.0];
        scalar::rotate_neighbours(&mut head, &[0.0, 0.0], &[1.0, 1.0]);
        assert_eq!(head, [-2.0, 1.0, -4.0, 3.0]);
    }
}
