//! The KV pool of the candle executor: keys and values of every token slot, as tensors on its
//! device.
//!
//! `engine` handles pages as ids only; this file stores their numbers. Slot `page * page_tokens +
//! offset` is one row.
//!
//! Invariants
//! - Every slot holds finite numbers from the start: masked padding reads must not produce NaN.
//!
//! Source: paged attention, Kwon et al. 2023, arXiv:2309.06180.

use crate::model::decoder_options::DecoderOptions;
use crate::model::error::ModelError;
use crate::model::shape::DecoderShape;
use candle_core::DType;
use candle_core::Tensor;
use vitrine_base::ids::PageId;

/// Largest page accepted, in token slots.
const PAGE_TOKENS_MAX: usize = 4096;

/// Token slots per page, checked.
///
/// # Errors
/// If `options.page_tokens` is 0 or above [`PAGE_TOKENS_MAX`].
pub(crate) fn page_tokens(options: &DecoderOptions) -> Result<usize, ModelError> {
    let page_tokens = options.page_tokens;
    if (1..=PAGE_TOKENS_MAX).contains(&page_tokens) {
        return Ok(page_tokens);
    }
    Err(ModelError::OutOfRange {
        what: "tokens a page",
        found: page_tokens as u64,
        min: 1,
        max: PAGE_TOKENS_MAX as u64,
    })
}

/// Bytes of one page, keys and values of all layers together.
pub(crate) fn page_bytes(shape: &DecoderShape, options: &DecoderOptions) -> u64 {
    shape.kv_bytes_per_token(options.kv_type) * options.page_tokens as u64
}

/// Keys and values of all layers.
#[derive(Debug)]
pub(crate) struct KvPages {
    /// One tensor `[slots, kv width]` per layer.
    keys: Vec<Tensor>,
    values: Vec<Tensor>,
    page_tokens: usize,
    page_count: usize,
    kv_heads: usize,
    head_width: usize,
    library_type: DType,
    bytes: u64,
}

impl KvPages {
    /// Allocates as many whole pages as fit into `options.kv_bytes_max`.
    ///
    /// # Errors
    /// If not even one page fits, the page size is out of range, or the device has too little
    /// memory.
    pub(crate) fn new(shape: &DecoderShape, options: &DecoderOptions) -> Result<Self, ModelError> {
        let page_tokens = page_tokens(options)?;
        let page_bytes = page_bytes(shape, options);
        // Gather indices, which count (slot, head) pairs, are 32 bits wide.
        let page_heads = (page_tokens * shape.kv_heads) as u64;
        let page_count = (options.kv_bytes_max / page_bytes).min(u64::from(u32::MAX) / page_heads);
        if page_count == 0 {
            return Err(ModelError::KvMemory { kv_bytes_max: options.kv_bytes_max, page_bytes });
        }
        let bytes = page_count * page_bytes;
        let page_count = usize::try_from(page_count).unwrap_or(usize::MAX);
        let library_type = options.kv_type.library_type();
        let dims = (page_count * page_tokens, shape.kv_width());
        let pool = || -> Result<Vec<Tensor>, candle_core::Error> {
            (0..shape.layers).map(|_| Tensor::zeros(dims, library_type, &options.device)).collect()
        };
        Ok(Self {
            keys: pool()?,
            values: pool()?,
            page_tokens,
            page_count,
            kv_heads: shape.kv_heads,
            head_width: shape.head_width,
            library_type,
            bytes,
        })
    }

    /// Token slots per page.
    pub(crate) fn page_tokens(&self) -> usize {
        self.page_tokens
    }

    /// Pages in the pool.
    pub(crate) fn page_count(&self) -> usize {
        self.page_count
    }

    /// Key heads per slot; value heads are as many.
    pub(crate) fn kv_heads(&self) -> usize {
        self.kv_heads
    }

    /// Bytes allocated.
    pub(crate) fn bytes(&self) -> u64 {
        self.bytes
    }

    /// Slot that stores the token at `position` of a sequence with these pages.
    pub(crate) fn slot(&self, pages: &[PageId], position: usize) -> u32 {
        let page = pages[position / self.page_tokens];
        let slot = page.index() * self.page_tokens + position % self.page_tokens;
        // `new` bounds pages × page tokens × heads to 32 bits.
        u32::try_from(slot).unwrap_or(u32::MAX)
    }

    /// Stores `[rows, kv width]` keys and values; `index` has the same shape and holds the slot of
    /// each element.
    pub(crate) fn store(
        &self,
        layer: usize,
        index: &Tensor,
        keys: &Tensor,
        values: &Tensor,
    ) -> Result<(), ModelError> {
        let keys = keys.to_dtype(self.library_type)?.contiguous()?;
        let values = values.to_dtype(self.library_type)?.contiguous()?;
        self.keys[layer].scatter_set(index, &keys, 0)?;
        self.values[layer].scatter_set(index, &values, 0)?;
        Ok(())
    }

    /// Reads keys and values as f32, one (slot, head) pair per row: two tensors `[index, head
    /// width]`. Each entry of `index` is `slot * kv_heads + head`, so the caller chooses the order
    /// and needs no transposition.
    pub(crate) fn gather(
        &self,
        layer: usize,
        index: &Tensor,
    ) -> Result<(Tensor, Tensor), ModelError> {
        let read = |pool: &Tensor| -> Result<Tensor, ModelError> {
            // The pool is contiguous, so this view copies nothing.
            let rows = pool.reshape(((), self.head_width))?;
            Ok(rows.index_select(index, 0)?.to_dtype(DType::F32)?)
        };
        Ok((read(&self.keys[layer])?, read(&self.values[layer])?))
    }
}
