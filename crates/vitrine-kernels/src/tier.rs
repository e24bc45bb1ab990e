//! Kernel tiers: the instruction sets that kernels are written for, and their detection at run
//! time.
//!
//! Invariants
//! - A tier returned by [`Tier::detect`], [`Tier::parse`] or `Tier::checked` is supported by this
//!   machine.

/// An instruction-set variant of the kernels, weakest first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Tier {
    /// Plain Rust, on any processor: the specification of every kernel.
    Scalar,
    /// NEON with the byte dot product `sdot` (optional from ARMv8.2, mandatory from ARMv8.4). An
    /// aarch64 machine without `sdot` uses [`Self::Scalar`].
    Neon,
    /// AVX2, FMA and F16C: x86-64 processors since 2013.
    Avx2,
    /// AVX2 with AVX-VNNI, the 256-bit byte dot product.
    AvxVnni,
    /// AVX-512 (F, BW, VL) with VNNI, the 512-bit byte dot product.
    Avx512Vnni,
}

/// Why a requested tier cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TierError {
    /// The name is none of those that [`Tier::parse`] accepts.
    #[error("unknown kernel tier, allowed are {TIER_NAMES}")]
    Unknown,
    /// The processor does not support the tier.
    #[error("this processor does not support tier {}, available are {available}", wanted.name())]
    Missing {
        /// The requested tier.
        wanted: Tier,
        /// Names of the supported tiers, separated by commas.
        available: String,
    },
}

/// All names that [`Tier::parse`] accepts, for error messages.
pub(crate) const TIER_NAMES: &str = "auto, scalar, neon, avx2, avx-vnni, avx512-vnni";

impl Tier {
    /// Every tier, weakest first.
    pub const ALL: [Self; 5] =
        [Self::Scalar, Self::Neon, Self::Avx2, Self::AvxVnni, Self::Avx512Vnni];

    /// The strongest proven tier of this machine.
    ///
    /// [`Self::AvxVnni`] is never detected: it was written without such a processor and must be
    /// requested by name until the tests have run on one. [`Self::Neon`] counts as proven because
    /// all tests pass under an emulator; its speed has not been measured.
    #[must_use]
    pub fn detect() -> Self {
        let proven = |tier: &Self| *tier != Self::AvxVnni;
        Self::available().into_iter().rfind(proven).unwrap_or(Self::Scalar)
    }

    /// All tiers that this machine supports, weakest first.
    #[must_use]
    pub fn available() -> Vec<Self> {
        Self::ALL.into_iter().filter(|tier| tier.is_available()).collect()
    }

    /// Parses a tier name from the configuration; `auto` selects [`detect`](Self::detect).
    ///
    /// # Errors
    /// If the name is unknown or this machine does not support the tier.
    pub fn parse(name: &str) -> Result<Self, TierError> {
        if name == "auto" {
            return Ok(Self::detect());
        }
        let wanted =
            Self::ALL.into_iter().find(|tier| tier.name() == name).ok_or(TierError::Unknown)?;
        wanted.checked()
    }

    /// Returns the tier if this machine supports it.
    ///
    /// # Errors
    /// [`TierError::Missing`] otherwise.
    pub fn checked(self) -> Result<Self, TierError> {
        if self.is_available() {
            return Ok(self);
        }
        let names: Vec<&str> = Self::available().into_iter().map(Self::name).collect();
        Err(TierError::Missing { wanted: self, available: names.join(", ") })
    }

    /// The tier's name in configuration files and reports.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Scalar => "scalar",
            Self::Neon => "neon",
            Self::Avx2 => "avx2",
            Self::AvxVnni => "avx-vnni",
            Self::Avx512Vnni => "avx512-vnni",
        }
    }

    /// Whether this machine supports the tier. The standard library caches the detection.
    #[must_use]
    pub fn is_available(self) -> bool {
        #[cfg(target_arch = "x86_64")]
        {
            let avx2 = std::arch::is_x86_feature_detected!("avx2")
                && std::arch::is_x86_feature_detected!("fma")
                && std::arch::is_x86_feature_detected!("f16c");
            match self {
                Self::Scalar => true,
                Self::Neon => false,
                Self::Avx2 => avx2,
                Self::AvxVnni => avx2 && std::arch::is_x86_feature_detected!("avxvnni"),
                Self::Avx512Vnni => {
                    avx2 && std::arch::is_x86_feature_detected!("avx512f")
                        && std::arch::is_x86_feature_detected!("avx512bw")
                        && std::arch::is_x86_feature_detected!("avx512vl")
                        && std::arch::is_x86_feature_detected!("avx512vnni")
                }
            }
        }
        #[cfg(target_arch = "aarch64")]
        {
            match self {
                Self::Scalar => true,
                Self::Neon => {
                    cfg!(target_endian = "little")
                        && std::arch::is_aarch64_feature_detected!("neon")
                        && std::arch::is_aarch64_feature_detected!("dotprod")
                }
                Self::Avx2 | Self::AvxVnni | Self::Avx512Vnni => false,
            }
        }
        #[cfg(not(any(target_arch = "x86_64", target_arch = "aarch64")))]
        {
            self == Self::Scalar
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn auto_is_the_strongest_proven_tier_and_every_available_name_parses_to_itself() {
        let available = Tier::available();
        assert_eq!(available.first(), Some(&Tier::Scalar));
        let proven = available.iter().rfind(|&&tier| tier != Tier::AvxVnni);
        assert_eq!(Tier::parse("auto").as_ref(), Ok(proven.unwrap()));
        for tier in available {
            assert_eq!(Tier::parse(tier.name()), Ok(tier));
        }
    }

    #[test]
    fn missing_tier_is_an_error_that_lists_the_available_tiers() {
        let missing = Tier::ALL.into_iter().find(|tier| !tier.is_available()).unwrap();
        let error = Tier::parse(missing.name()).unwrap_err().to_string();
        assert!(error.contains(missing.name()) && error.contains("scalar"), "{error}");
        assert_eq!(Tier::parse("sse9"), Err(TierError::Unknown));
    }
}
