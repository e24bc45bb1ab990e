//! Memory layout of one head's keys and values in a page.
//!
//! A page holds the head's keys as `[head width][tokens]`, then its values as `[tokens][head
//! width]`. Both products of attention then read rows of the page and broadcast their other
//! operand, without transposing. The inner dimensions are padded with zeros to whole register
//! tiles.

use crate::memory::prefetch_for_write;
use half::f16;
use half::slice::HalfFloatSliceExt;
use half::vec::HalfBitsVecExt;
use vitrine_base::ids::PageId;

/// Columns of one register tile, in elements.
pub(super) const TILE_COLUMNS: usize = 16;

/// Numbers converted per batch when storing a row.
const CONVERTED: usize = 64;

/// A storage format of keys and values.
pub trait Element: Copy + Send + Sync + std::fmt::Debug + 'static {
    /// Zero.
    const ZERO: Self;

    /// `len` zeros from zeroed pages, which take no physical memory until they are written.
    fn zeros(len: usize) -> Vec<Self>;

    /// Converts `values` into `row`, clamped to the finite range of the format; NaN stays NaN.
    ///
    /// # Panics
    /// If the lengths differ: a bug in the caller.
    fn set(row: &mut [Self], values: &[f32]);

    /// The exact value as f32.
    fn value(self) -> f32;

    /// Loads eight consecutive elements as f32.
    ///
    /// # Safety
    /// `first` must point to eight readable elements, and the machine must have AVX2 and F16C.
    #[cfg(target_arch = "x86_64")]
    unsafe fn load_8(first: *const Self) -> std::arch::x86_64::__m256;

    /// Loads sixteen consecutive elements as f32.
    ///
    /// # Safety
    /// `first` must point to sixteen readable elements, and the machine must have AVX-512 F.
    #[cfg(target_arch = "x86_64")]
    unsafe fn load_16(first: *const Self) -> std::arch::x86_64::__m512;
}

impl Element for f32 {
    const ZERO: Self = 0.0;

    fn zeros(len: usize) -> Vec<Self> {
        vec![0.0; len]
    }

    #[inline(always)]
    fn set(row: &mut [Self], values: &[f32]) {
        assert_eq!(row.len(), values.len(), "one value per element");
        // Infinity times a masked weight of 0 would be NaN. A NaN input stays visible.
        row.iter_mut().zip(values).for_each(|(to, x)| *to = x.clamp(f32::MIN, f32::MAX));
    }

    #[inline(always)]
    fn value(self) -> f32 {
        self
    }

    #[cfg(target_arch = "x86_64")]
    #[inline(always)]
    unsafe fn load_8(first: *const Self) -> std::arch::x86_64::__m256 {
        // SAFETY: guaranteed by the caller.
        unsafe { std::arch::x86_64::_mm256_loadu_ps(first) }
    }

    #[cfg(target_arch = "x86_64")]
    #[inline(always)]
    unsafe fn load_16(first: *const Self) -> std::arch::x86_64::__m512 {
        // SAFETY: guaranteed by the caller.
        unsafe { std::arch::x86_64::_mm512_loadu_ps(first) }
    }
}

impl Element for f16 {
    const ZERO: Self = f16::ZERO;

    fn zeros(len: usize) -> Vec<Self> {
        // `vec![0_u16; len]` uses the allocator's zeroed pages; `vec![f16::ZERO; len]` would write
        // every element.
        vec![0_u16; len].reinterpret_into()
    }

    #[inline(always)]
    fn set(row: &mut [Self], values: &[f32]) {
        assert_eq!(row.len(), values.len(), "one value per element");
        let (least, largest) = (Self::MIN.to_f32_const(), Self::MAX.to_f32_const());
        let mut clamped = [0.0; CONVERTED];
        for (row, values) in row.chunks_mut(CONVERTED).zip(values.chunks(CONVERTED)) {
            let clamped = &mut clamped[..values.len()];
            clamped.iter_mut().zip(values).for_each(|(to, x)| *to = x.clamp(least, largest));
            row.convert_from_f32_slice(clamped);
        }
    }

    #[inline(always)]
    fn value(self) -> f32 {
        self.to_f32()
    }

    #[cfg(target_arch = "x86_64")]
    #[inline(always)]
    unsafe fn load_8(first: *const Self) -> std::arch::x86_64::__m256 {
        // SAFETY: guaranteed by the caller; an `f16` has 16 bits, so eight fill the 128-bit
        // register.
        unsafe {
            std::arch::x86_64::_mm256_cvtph_ps(std::arch::x86_64::_mm_loadu_si128(first.cast()))
        }
    }

    #[cfg(target_arch = "x86_64")]
    #[inline(always)]
    unsafe fn load_16(first: *const Self) -> std::arch::x86_64::__m512 {
        // SAFETY: guaranteed by the caller; sixteen `f16` fill the 256-bit register.
        unsafe {
            std::arch::x86_64::_mm512_cvtph_ps(std::arch::x86_64::_mm256_loadu_si256(first.cast()))
        }
    }
}

/// Where a token's key and value are stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TokenSlot {
    /// The page.
    pub page: PageId,
    /// The token's slot in the page, below [`PageLayout::page_tokens`].
    pub slot: usize,
}

/// Dimensions of one head's part of a page.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PageLayout {
    page_tokens: usize,
    head_width: usize,
}

impl PageLayout {
    /// A page of `page_tokens` slots for heads of `head_width` values.
    pub fn new(page_tokens: usize, head_width: usize) -> Self {
        Self { page_tokens, head_width }
    }

    /// Token slots per page.
    pub fn page_tokens(self) -> usize {
        self.page_tokens
    }

    /// Values of one head for one token, without padding.
    pub fn head_width(self) -> usize {
        self.head_width
    }

    /// Columns of the page's keys: the token slots, padded to whole register tiles.
    pub(crate) fn padded_tokens(self) -> usize {
        self.page_tokens.next_multiple_of(TILE_COLUMNS)
    }

    /// Columns of the page's values: the head width, padded to whole register tiles.
    pub(crate) fn padded_width(self) -> usize {
        self.head_width.next_multiple_of(TILE_COLUMNS)
    }

    fn key_elements(self) -> usize {
        self.head_width * self.padded_tokens()
    }

    /// Elements of one head's keys and values in one page, padding included.
    pub fn elements(self) -> usize {
        self.key_elements() + self.page_tokens * self.padded_width()
    }

    /// Keys of the page: `[head width][padded tokens]`.
    #[inline(always)]
    pub(super) fn keys<E>(self, elements: &[E], page: PageId) -> &[E] {
        &elements[page.index() * self.elements()..][..self.key_elements()]
    }

    /// Values of the page: `[tokens][padded width]`.
    #[inline(always)]
    pub(super) fn values<E>(self, elements: &[E], page: PageId) -> &[E] {
        &elements[page.index() * self.elements()..][self.key_elements()..self.elements()]
    }

    /// Prefetches the slot of one token for writing. The elements of a key are on as many cache
    /// lines as the head is wide, so storing it without a prefetch would miss the cache once per
    /// element.
    ///
    /// # Panics
    /// If the page or slot is out of range: a bug in the caller.
    pub fn prefetch_slot<E: Element>(self, elements: &[E], at: TokenSlot) {
        let TokenSlot { page, slot } = at;
        let keys = self.keys(elements, page).chunks_exact(self.padded_tokens());
        keys.for_each(|row| prefetch_for_write(&row[slot]));
        let values = &self.values(elements, page)[slot * self.padded_width()..];
        let line = 64 / size_of::<E>();
        values[..self.padded_width()].iter().step_by(line).for_each(prefetch_for_write);
    }

    /// Stores the key and the value of one token, both of the head width.
    ///
    /// # Panics
    /// If the slot or the page is out of range, or a width is not the head width: a bug in the
    /// caller.
    pub fn store<E: Element>(self, elements: &mut [E], at: TokenSlot, key: &[f32], value: &[f32]) {
        let TokenSlot { page, slot } = at;
        assert!(key.len() == self.head_width && value.len() == self.head_width);
        assert!(slot < self.page_tokens, "slot {slot} of {}", self.page_tokens);
        let page = &mut elements[page.index() * self.elements()..][..self.elements()];
        let (keys, values) = page.split_at_mut(self.key_elements());
        E::set(&mut values[slot * self.padded_width()..][..self.head_width], value);
        let mut converted = [E::ZERO; CONVERTED];
        let columns = keys.chunks_mut(CONVERTED * self.padded_tokens());
        for (rows, key) in columns.zip(key.chunks(CONVERTED)) {
            let converted = &mut converted[..key.len()];
            E::set(converted, key);
            let rows = rows.chunks_exact_mut(self.padded_tokens());
            rows.zip(converted).for_each(|(row, x)| row[slot] = *x);
        }
    }
}
