//! How one head's keys and values lie in a page.
//!
//! A page holds its keys as `[head width][tokens]` and then its values as `[tokens][head width]`:
//! both products of attention then read rows and broadcast their other side, with nothing turned
//! while reading. The inner dimensions are padded to whole register tiles with zeros.

use crate::attention::TILE_COLUMNS;
use crate::memory::ask_for_writing;
use half::f16;
use half::slice::HalfFloatSliceExt;
use half::vec::HalfBitsVecExt;
use vitrine_base::ids::PageId;

/// Numbers that are converted at once.
const CONVERTED: usize = 64;

/// A number format of stored keys and values.
pub trait Element: Copy + Send + Sync + std::fmt::Debug + 'static {
    /// Zero.
    const ZERO: Self;

    /// So many zeros, which take no memory before they are touched.
    fn zeros(len: usize) -> Vec<Self>;

    /// Sets every element to the nearest finite number.
    ///
    /// # Panics
    /// If the lengths differ: our bug.
    fn set(row: &mut [Self], values: &[f32]);

    /// What it stands for, exactly.
    fn value(self) -> f32;

    /// Eight neighbours as f32.
    ///
    /// # Safety
    /// `first` points to eight readable elements, and the machine has AVX2 and F16C.
    #[cfg(target_arch = "x86_64")]
    unsafe fn load_8(first: *const Self) -> std::arch::x86_64::__m256;

    /// Sixteen neighbours as f32.
    ///
    /// # Safety
    /// `first` points to sixteen readable elements, and the machine has AVX-512 F.
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
        assert_eq!(row.len(), values.len(), "one value an element");
        // Infinity times a masked weight would not be 0; NaN stays visible.
        row.iter_mut().zip(values).for_each(|(to, x)| *to = x.clamp(f32::MIN, f32::MAX));
    }

    #[inline(always)]
    fn value(self) -> f32 {
        self
    }

    #[cfg(target_arch = "x86_64")]
    #[inline(always)]
    unsafe fn load_8(first: *const Self) -> std::arch::x86_64::__m256 {
        // SAFETY: the caller's promise.
        unsafe { std::arch::x86_64::_mm256_loadu_ps(first) }
    }

    #[cfg(target_arch = "x86_64")]
    #[inline(always)]
    unsafe fn load_16(first: *const Self) -> std::arch::x86_64::__m512 {
        // SAFETY: the caller's promise.
        unsafe { std::arch::x86_64::_mm512_loadu_ps(first) }
    }
}

impl Element for f16 {
    const ZERO: Self = f16::ZERO;

    fn zeros(len: usize) -> Vec<Self> {
        // The allocator has zeroed bytes at hand; it would write halves one by one.
        vec![0_u16; len].reinterpret_into()
    }

    #[inline(always)]
    fn set(row: &mut [Self], values: &[f32]) {
        assert_eq!(row.len(), values.len(), "one value an element");
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
        // SAFETY: the caller's promise; an `f16` is 16 bits, so eight fill the vector.
        unsafe {
            std::arch::x86_64::_mm256_cvtph_ps(std::arch::x86_64::_mm_loadu_si128(first.cast()))
        }
    }

    #[cfg(target_arch = "x86_64")]
    #[inline(always)]
    unsafe fn load_16(first: *const Self) -> std::arch::x86_64::__m512 {
        // SAFETY: the caller's promise; sixteen halves fill half the vector.
        unsafe {
            std::arch::x86_64::_mm512_cvtph_ps(std::arch::x86_64::_mm256_loadu_si256(first.cast()))
        }
    }
}

/// Sizes of one head's part of a page.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PageLayout {
    page_tokens: usize,
    head_width: usize,
}

impl PageLayout {
    /// Pages of `page_tokens` slots for heads of `head_width` values.
    pub fn new(page_tokens: usize, head_width: usize) -> Self {
        Self { page_tokens, head_width }
    }

    /// Token slots of a page.
    pub fn page_tokens(self) -> usize {
        self.page_tokens
    }

    /// Values of one head of one token, without padding.
    pub fn head_width(self) -> usize {
        self.head_width
    }

    /// Columns of a page's keys.
    pub fn padded_tokens(self) -> usize {
        self.page_tokens.next_multiple_of(TILE_COLUMNS)
    }

    /// Columns of a page's values.
    pub fn padded_width(self) -> usize {
        self.head_width.next_multiple_of(TILE_COLUMNS)
    }

    fn key_elements(self) -> usize {
        self.head_width * self.padded_tokens()
    }

    /// Elements of one head in one page.
    pub fn elements(self) -> usize {
        self.key_elements() + self.page_tokens * self.padded_width()
    }

    /// The page's keys.
    #[inline(always)]
    pub(super) fn keys<E>(self, elements: &[E], page: PageId) -> &[E] {
        &elements[page.index() * self.elements()..][..self.key_elements()]
    }

    /// The page's values.
    #[inline(always)]
    pub(super) fn values<E>(self, elements: &[E], page: PageId) -> &[E] {
        &elements[page.index() * self.elements()..][self.key_elements()..self.elements()]
    }

    /// Asks for the memory of one token's slot. A key's elements lie as many cache lines apart as
    /// a head is wide, so storing one waits for memory as often, unless it was asked for before.
    ///
    /// # Panics
    /// If the page lies outside: our bug.
    pub fn ask_for<E: Element>(self, elements: &[E], (page, slot): (PageId, usize)) {
        let keys = self.keys(elements, page).chunks_exact(self.padded_tokens());
        keys.for_each(|row| ask_for_writing(&row[slot]));
        let values = &self.values(elements, page)[slot * self.padded_width()..];
        let line = 64 / size_of::<E>();
        values[..self.padded_width()].iter().step_by(line).for_each(ask_for_writing);
    }

    /// Stores one token's key and value in slot `slot` of a page.
    ///
    /// # Panics
    /// If the slot or the page lies outside, or a width is not a head's: our bug.
    pub fn store<E: Element>(
        self,
        elements: &mut [E],
        (page, slot): (PageId, usize),
        key: &[f32],
        value: &[f32],
    ) {
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
