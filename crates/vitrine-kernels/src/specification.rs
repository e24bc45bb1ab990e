//! `for_each_tier!`: compiles one specification for every tier.
//!
//! Kernels whose loops auto-vectorise well need no hand-written variants. The macro recompiles the
//! same Rust function with each instruction set enabled.

/// Defines `$name(tier, …)`, which runs `$specification` compiled for the given tier.
///
/// The specification writes fused multiply-adds explicitly, so every tier computes the same bits.
/// An unsupported tier falls back to the plain build.
macro_rules! for_each_tier {
    (
        $(#[$meta:meta])*
        pub fn $name:ident($($argument:ident: $type:ty),* $(,)?) = $specification:path;
    ) => {
        $(#[$meta])*
        pub fn $name(tier: $crate::tier::Tier, $($argument: $type),*) {
            #[cfg(target_arch = "x86_64")]
            #[target_feature(enable = "avx2,fma,f16c")]
            fn avx2($($argument: $type),*) {
                $specification($($argument),*);
            }
            #[cfg(target_arch = "x86_64")]
            #[target_feature(enable = "avx512f,avx512bw,avx512vl,avx2,fma,f16c")]
            fn avx512($($argument: $type),*) {
                $specification($($argument),*);
            }
            #[cfg(target_arch = "x86_64")]
            if tier == $crate::tier::Tier::Avx512Vnni && tier.is_available() {
                // SAFETY: `is_available` has just confirmed this tier.
                unsafe { avx512($($argument),*) };
                return;
            }
            #[cfg(target_arch = "x86_64")]
            if tier >= $crate::tier::Tier::Avx2 && tier.is_available() {
                // SAFETY: `is_available` has just confirmed this tier or a stronger one, which
                // includes AVX2.
                unsafe { avx2($($argument),*) };
                return;
            }
            #[cfg(not(target_arch = "x86_64"))]
            let _ = tier;
            $specification($($argument),*);
        }
    };
}

pub(crate) use for_each_tier;

#[cfg(test)]
pub(crate) mod tests {
    //! Helpers for the kernel tests.

    use crate::tier::Tier;

    /// Every tier that this machine supports.
    pub(crate) fn tiers() -> Vec<Tier> {
        Tier::available()
    }

    /// Returns `usual`, or `interpreted` under Miri, which runs about a thousand times slower.
    pub(crate) const fn unless_miri(usual: usize, interpreted: usize) -> usize {
        if cfg!(miri) { interpreted } else { usual }
    }

    /// Deterministic pseudo-random numbers in -1..1 for a seed.
    pub(crate) fn random_floats(count: usize, seed: u64) -> Vec<f32> {
        let mut state = seed.wrapping_mul(0x9E37_79B9_7F4A_7C15).wrapping_add(1);
        (0..count)
            .map(|_| {
                state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
                (state >> 40) as f32 / 8_388_608.0 - 1.0
            })
            .collect()
    }

    pub(crate) fn same_bits(found: &[f32], expected: &[f32]) {
        assert_eq!(found.len(), expected.len());
        for (at, (found, expected)) in found.iter().zip(expected).enumerate() {
            assert_eq!(found.to_bits(), expected.to_bits(), "{at}: {found} is not {expected}");
        }
    }
}
