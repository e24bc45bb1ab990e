//! All tensor types of GGUF files, with the sizes of their packing units.
//!
//! Source: `ggml.h` and `ggml-common.h` of llama.cpp.

/// A tensor's element type. Each type packs a fixed number of elements into a fixed number of
/// bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum TensorType {
    F32,
    F16,
    Bf16,
    F64,
    I8,
    I16,
    I32,
    I64,
    Q4_0,
    Q4_1,
    Q5_0,
    Q5_1,
    Q8_0,
    Q8_1,
    Q2K,
    Q3K,
    Q4K,
    Q5K,
    Q6K,
    Q8K,
    Iq1S,
    Iq1M,
    Iq2Xxs,
    Iq2Xs,
    Iq2S,
    Iq3Xxs,
    Iq3S,
    Iq4Nl,
    Iq4Xs,
    Tq1_0,
    Tq2_0,
    Mxfp4,
    Nvfp4,
}

/// (code in the file, type, name, elements per unit, bytes per unit).
const TYPES: [(u32, TensorType, &str, u64, u64); 33] = [
    (0, TensorType::F32, "F32", 1, 4),
    (1, TensorType::F16, "F16", 1, 2),
    (2, TensorType::Q4_0, "Q4_0", 32, 18),
    (3, TensorType::Q4_1, "Q4_1", 32, 20),
    (6, TensorType::Q5_0, "Q5_0", 32, 22),
    (7, TensorType::Q5_1, "Q5_1", 32, 24),
    (8, TensorType::Q8_0, "Q8_0", 32, 34),
    (9, TensorType::Q8_1, "Q8_1", 32, 36),
    (10, TensorType::Q2K, "Q2_K", 256, 84),
    (11, TensorType::Q3K, "Q3_K", 256, 110),
    (12, TensorType::Q4K, "Q4_K", 256, 144),
    (13, TensorType::Q5K, "Q5_K", 256, 176),
    (14, TensorType::Q6K, "Q6_K", 256, 210),
    (15, TensorType::Q8K, "Q8_K", 256, 292),
    (16, TensorType::Iq2Xxs, "IQ2_XXS", 256, 66),
    (17, TensorType::Iq2Xs, "IQ2_XS", 256, 74),
    (18, TensorType::Iq3Xxs, "IQ3_XXS", 256, 98),
    (19, TensorType::Iq1S, "IQ1_S", 256, 50),
    (20, TensorType::Iq4Nl, "IQ4_NL", 32, 18),
    (21, TensorType::Iq3S, "IQ3_S", 256, 110),
    (22, TensorType::Iq2S, "IQ2_S", 256, 82),
    (23, TensorType::Iq4Xs, "IQ4_XS", 256, 136),
    (24, TensorType::I8, "I8", 1, 1),
    (25, TensorType::I16, "I16", 1, 2),
    (26, TensorType::I32, "I32", 1, 4),
    (27, TensorType::I64, "I64", 1, 8),
    (28, TensorType::F64, "F64", 1, 8),
    (29, TensorType::Iq1M, "IQ1_M", 256, 56),
    (30, TensorType::Bf16, "BF16", 1, 2),
    (34, TensorType::Tq1_0, "TQ1_0", 256, 54),
    (35, TensorType::Tq2_0, "TQ2_0", 256, 66),
    (39, TensorType::Mxfp4, "MXFP4", 32, 17),
    (40, TensorType::Nvfp4, "NVFP4", 64, 36),
];

impl TensorType {
    /// The type with this code in a GGUF file; `None` for unknown codes.
    #[must_use]
    pub(crate) fn from_code(code: u32) -> Option<Self> {
        TYPES.iter().find(|entry| entry.0 == code).map(|entry| entry.1)
    }

    /// The type's code in a GGUF file.
    #[must_use]
    #[cfg(test)]
    pub(crate) fn code(self) -> u32 {
        self.entry().0
    }

    /// The type's name as llama.cpp prints it.
    #[must_use]
    pub(crate) fn name(self) -> &'static str {
        self.entry().2
    }

    /// Elements per packing unit.
    #[must_use]
    pub(crate) fn unit_elements(self) -> u64 {
        self.entry().3
    }

    /// Bytes per packing unit.
    #[must_use]
    pub(crate) fn unit_bytes(self) -> u64 {
        self.entry().4
    }

    fn entry(self) -> &'static (u32, Self, &'static str, u64, u64) {
        // Every variant is in the table (checked by a test), so the fallback is never used.
        TYPES.iter().find(|entry| entry.1 == self).unwrap_or(&TYPES[0])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_and_types_are_one_to_one() {
        let mut seen = std::collections::HashSet::new();
        for (code, kind, name, elements, bytes) in TYPES {
            assert!(seen.insert(kind), "{name} is listed twice");
            assert_eq!(TensorType::from_code(code), Some(kind));
            assert_eq!((kind.code(), kind.name()), (code, name));
            assert_eq!((kind.unit_elements(), kind.unit_bytes()), (elements, bytes));
        }
        assert_eq!(TensorType::from_code(4), None);
    }
}
