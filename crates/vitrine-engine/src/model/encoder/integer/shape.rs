//! Dimensions of the integer encoder, and the scratch memory that follows from them.

use crate::model::encoder::config::EncoderActivation;
use vitrine_kernels::attention;
use vitrine_kernels::attention::PageLayout;
use vitrine_kernels::matmul;

/// Rows of one pass, unless a single sequence is longer. The intermediate results of MiniLM (1.5 MB
/// for 256 rows) then stay in the last-level caches, and the barriers take less than 1 % of a
/// layer's time.
pub(super) const ROWS_MAX: usize = 512;

/// Token slots per scratch page of keys and values.
pub(super) const PAGE_TOKENS: usize = 64;

/// Query rows that share one read of keys and values.
pub(super) const TILE_TOKENS: usize = 24;

/// Dimensions and settings common to all layers.
#[derive(Debug, Clone, Copy)]
pub(super) struct EncoderShape {
    pub(super) width: usize,
    pub(super) inner: usize,
    pub(super) heads: usize,
    pub(super) activation: EncoderActivation,
    pub(super) epsilon: f32,
    pub(super) tokens_max: usize,
}

impl EncoderShape {
    pub(super) fn head_width(self) -> usize {
        self.width / self.heads
    }

    pub(super) fn rows_max(self) -> usize {
        ROWS_MAX.max(self.tokens_max)
    }

    /// Width of the widest left operand.
    pub(super) fn widest(self) -> usize {
        self.width.max(self.inner)
    }

    pub(super) fn layout(self) -> PageLayout {
        PageLayout::new(PAGE_TOKENS, self.head_width())
    }
}

/// Scratch memory of one thread.
#[derive(Debug)]
pub(super) struct EncoderScratch {
    pub(super) matmul: matmul::MatmulScratch,
    pub(super) attention: attention::AttentionScratch,
    /// Keys and values of one head of one sequence.
    pub(super) pages: Vec<f32>,
}

impl EncoderScratch {
    pub(super) fn new(shape: EncoderShape) -> Self {
        let pages = shape.tokens_max.div_ceil(PAGE_TOKENS);
        Self {
            matmul: matmul::MatmulScratch::default(),
            attention: attention::AttentionScratch::new(TILE_TOKENS, shape.layout()),
            pages: vec![0.0; pages * shape.layout().elements()],
        }
    }
}
