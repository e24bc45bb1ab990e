//! Which instruction sets the kernels use, and which of them this machine has.
//!
//! Invariants
//! - What [`Tier::detect`] or [`Tier::parse`] returns is supported by this machine.

/// An instruction set that kernels are written for, weakest first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Tier {
    /// Plain Rust: the specification.
    Scalar,
    /// NEON with the dot product of bytes (optional from ARMv8.2 on, always there from ARMv8.4 on).
    /// A machine without the latter stays at [`Self::Scalar`].
    Neon,
    /// AVX2, FMA and F16C: x86 since 2013.
    Avx2,
    /// AVX2 with the 256-bit dot product of bytes.
    AvxVnni,
    /// AVX-512 (F, BW, VL) with the 512-bit dot product of bytes.
    Avx512Vnni,
}

/// A tier that cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TierError {
    /// No such tier.
    #[error("no such tier, allowed are {TIER_NAMES}")]
    Unknown,
    /// The processor lacks it.
    #[error("this processor lacks {}, it has {available}", wanted.name())]
    Missing {
        /// What was asked for.
        wanted: Tier,
        /// What there is.
        available: String,
    },
}

/// Every name that [`Tier::parse`] takes.
pub const TIER_NAMES: &str = "auto, scalar, neon, avx2, avx-vnni, avx512-vnni";

impl Tier {
    /// Every tier, weakest first.
    pub const ALL: [Self; 5] =
        [Self::Scalar, Self::Neon, Self::Avx2, Self::AvxVnni, Self::Avx512Vnni];

    /// The strongest proven tier of this machine. The 256-bit dot product was written without such
    /// a processor at hand: it is taken by name only, until the tests have run on one. NEON counts
    /// as proven, by all tests under an emulator; it has not been timed.
    #[must_use]
    pub fn detect() -> Self {
        let proven = |tier: &Self| *tier != Self::AvxVnni;
        Self::available().into_iter().rfind(proven).unwrap_or(Self::Scalar)
    }

    /// The tiers of this machine, weakest first.
    #[must_use]
    pub fn available() -> Vec<Self> {
        Self::ALL.into_iter().filter(|tier| tier.is_available()).collect()
    }

    /// The tier that a configuration names; `auto` is what [`detect`](Self::detect) finds.
    ///
    /// # Errors
    /// If there is no such tier or this machine lacks it.
    pub fn parse(name: &str) -> Result<Self, TierError> {
        if name == "auto" {
            return Ok(Self::detect());
        }
        let wanted =
            Self::ALL.into_iter().find(|tier| tier.name() == name).ok_or(TierError::Unknown)?;
        wanted.checked()
    }

    /// The tier itself, if this machine has it.
    ///
    /// # Errors
    /// If it has not.
    pub fn checked(self) -> Result<Self, TierError> {
        if self.is_available() {
            return Ok(self);
        }
        let names: Vec<&str> = Self::available().into_iter().map(Self::name).collect();
        Err(TierError::Missing { wanted: self, available: names.join(", ") })
    }

    /// Its name in configurations and reports.
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

    /// Whether this machine has it. The processor's answers are cached by the standard library.
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
    fn tier_that_the_machine_lacks_is_an_error_that_names_what_there_is() {
        let missing = Tier::ALL.into_iter().find(|tier| !tier.is_available()).unwrap();
        let error = Tier::parse(missing.name()).unwrap_err().to_string();
        assert!(error.contains(missing.name()) && error.contains("scalar"), "{error}");
        assert_eq!(Tier::parse("sse9"), Err(TierError::Unknown));
    }
}
