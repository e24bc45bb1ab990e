//! The KV pool of the CPU executor: keys and values of every layer, in the layout that the
//! attention kernels read.
//!
//! A layer's memory is `[kv head][page]`, so threads that store different heads write to separate
//! ranges.
//!
//! Invariants
//! - Every element is finite from the start: masked positions are multiplied by 0.

use crate::model::decoder_options::DecoderOptions;
use crate::model::error::ModelError;
use crate::model::kv_pages::page_tokens;
use crate::model::kv_type::KvType;
use crate::model::shape::DecoderShape;
use half::f16;
use vitrine_kernels::attention::Element;
use vitrine_kernels::attention::PageLayout;

/// The elements of all layers, in one of the number formats.
#[derive(Debug)]
pub(super) enum Elements {
    F32(Vec<Vec<f32>>),
    F16(Vec<Vec<f16>>),
}

/// The pool of pages.
#[derive(Debug)]
pub(super) struct KvPool {
    pub(super) elements: Elements,
    pub(super) layout: PageLayout,
    page_count: usize,
    bytes: u64,
}

impl KvPool {
    /// Allocates as many whole pages as fit into `options.kv_bytes_max`.
    ///
    /// # Errors
    /// If not even one page fits, or the page size is out of range.
    pub(super) fn new(shape: &DecoderShape, options: &DecoderOptions) -> Result<Self, ModelError> {
        let page_tokens = page_tokens(options)?;
        let layout = PageLayout::new(page_tokens, shape.head_width);
        let page_bytes = page_bytes(shape, options);
        // Page ids are 32 bits wide.
        let page_count = (options.kv_bytes_max / page_bytes).min(u64::from(u32::MAX));
        if page_count == 0 {
            return Err(ModelError::KvMemory { kv_bytes_max: options.kv_bytes_max, page_bytes });
        }
        let bytes = page_count * page_bytes;
        let page_count = usize::try_from(page_count).unwrap_or(usize::MAX);
        let layer_elements = page_count * layout.elements() * shape.kv_heads;
        let elements = match options.kv_type {
            KvType::F32 => Elements::F32(zeroed(shape.layers, layer_elements)),
            KvType::F16 => Elements::F16(zeroed(shape.layers, layer_elements)),
        };
        Ok(Self { elements, layout, page_count, bytes })
    }

    /// Number of pages in the pool.
    pub(super) fn page_count(&self) -> usize {
        self.page_count
    }

    /// Bytes allocated.
    pub(super) fn bytes(&self) -> u64 {
        self.bytes
    }

    /// Elements of one head of a layer, in all pages.
    pub(super) fn head_elements(&self) -> usize {
        self.page_count * self.layout.elements()
    }
}

/// Bytes of one page, keys and values of all layers together.
pub(crate) fn page_bytes(shape: &DecoderShape, options: &DecoderOptions) -> u64 {
    let layout = PageLayout::new(options.page_tokens, shape.head_width);
    let heads = (shape.layers * shape.kv_heads) as u64;
    layout.elements() as u64 * heads * options.kv_type.bytes()
}

fn zeroed<E: Element>(layers: usize, elements: usize) -> Vec<Vec<E>> {
    (0..layers).map(|_| E::zeros(elements)).collect()
}
