//! The weight types of model files that the kernels support, and the packed format of each.

/// A weight type of a GGUF file.
#[expect(missing_docs, reason = "the variants are the type names of the GGUF format")]
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum WeightType {
    F32,
    F16,
    Bf16,
    Q4_0,
    Q4_1,
    Q5_0,
    Q5_1,
    Q8_0,
    Q2K,
    Q3K,
    Q4K,
    Q5K,
    Q6K,
}

impl WeightType {
    /// All supported types.
    #[cfg(test)]
    pub(crate) const ALL: [Self; 13] = [
        Self::F32,
        Self::F16,
        Self::Bf16,
        Self::Q4_0,
        Self::Q4_1,
        Self::Q5_0,
        Self::Q5_1,
        Self::Q8_0,
        Self::Q2K,
        Self::Q3K,
        Self::Q4K,
        Self::Q5K,
        Self::Q6K,
    ];

    /// Weights and bytes of one unit in the file: `(weights, bytes)`.
    ///
    /// Source: `ggml-common.h` of llama.cpp.
    #[must_use]
    pub const fn unit(self) -> (usize, usize) {
        match self {
            Self::F32 => (1, 4),
            Self::F16 | Self::Bf16 => (1, 2),
            Self::Q4_0 => (32, 18),
            Self::Q4_1 => (32, 20),
            Self::Q5_0 => (32, 22),
            Self::Q5_1 => (32, 24),
            Self::Q8_0 => (32, 34),
            Self::Q2K => (256, 84),
            Self::Q3K => (256, 110),
            Self::Q4K => (256, 144),
            Self::Q5K => (256, 176),
            Self::Q6K => (256, 210),
        }
    }

    /// The packed format. Every type keeps its exact values except `Q2_K`, which is requantised to
    /// `Q8_0`: its error grows by at most 1/254 of the largest of each 32 weights. `Q3_K` fits the
    /// wider `Q6_K` exactly.
    pub(super) const fn format(self) -> Format {
        match self {
            Self::F32 => Format::F32,
            Self::F16 => Format::F16,
            Self::Bf16 => Format::Bf16,
            Self::Q4_0 => Format::Q4_0,
            Self::Q4_1 => Format::Q4_1,
            Self::Q5_0 => Format::Q5_0,
            Self::Q5_1 => Format::Q5_1,
            Self::Q8_0 | Self::Q2K => Format::Q8_0,
            Self::Q4K => Format::Q4K,
            Self::Q5K => Format::Q5K,
            Self::Q3K | Self::Q6K => Format::Q6K,
        }
    }

    /// The form of the rows that a matrix of this type is multiplied with.
    #[must_use]
    pub(crate) const fn row_form(self) -> RowForm {
        self.format().row_form()
    }
}

/// The form that the left operand must be converted to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum RowForm {
    /// Bytes with one scale per 32 values.
    Group32,
    /// Bytes with one scale per 256 values.
    Group256,
    /// Unquantised f32 values.
    Float,
}

/// A packed weight format.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Format {
    F32,
    F16,
    Bf16,
    Q4_0,
    Q4_1,
    Q5_0,
    Q5_1,
    Q8_0,
    Q4K,
    Q5K,
    Q6K,
}

impl Format {
    /// Bits per stored weight.
    pub(super) const fn bits(self) -> usize {
        match self {
            Self::F32 => 32,
            Self::F16 | Self::Bf16 => 16,
            Self::Q8_0 => 8,
            Self::Q6K => 6,
            Self::Q5_0 | Self::Q5_1 | Self::Q5K => 5,
            Self::Q4_0 | Self::Q4_1 | Self::Q4K => 4,
        }
    }

    pub(super) const fn row_form(self) -> RowForm {
        match self {
            Self::F32 | Self::F16 | Self::Bf16 => RowForm::Float,
            Self::Q4_0 | Self::Q4_1 | Self::Q5_0 | Self::Q5_1 | Self::Q8_0 => RowForm::Group32,
            Self::Q4K | Self::Q5K | Self::Q6K => RowForm::Group256,
        }
    }

    /// The zero point: stored code minus signed code, in steps of the scale.
    pub(super) const fn zero(self) -> i32 {
        match self {
            Self::Q4_0 => 8,
            Self::Q5_0 => 16,
            Self::Q6K => 32,
            Self::Q8_0 => 128,
            Self::F32
            | Self::F16
            | Self::Bf16
            | Self::Q4_1
            | Self::Q5_1
            | Self::Q4K
            | Self::Q5K => 0,
        }
    }

    /// Whether each block of 32 weights has an f16 minimum that is added to the scaled code.
    pub(super) const fn has_added_min(self) -> bool {
        matches!(self, Self::Q4_1 | Self::Q5_1)
    }

    /// Weights that share one integer scale; 0 for formats without integer scales.
    pub(super) const fn scaled_weights(self) -> usize {
        match self {
            Self::Q4K | Self::Q5K => 32,
            Self::Q6K => 16,
            Self::F32
            | Self::F16
            | Self::Bf16
            | Self::Q4_0
            | Self::Q4_1
            | Self::Q5_0
            | Self::Q5_1
            | Self::Q8_0 => 0,
        }
    }
}
