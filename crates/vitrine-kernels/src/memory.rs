//! Weights in large pages where the system has them to give, and asking for memory before its use.
//!
//! A product of one row reads weights as fast as memory delivers them and is soon through a page of
//! 4 KiB: with large pages it was measured to read 8-bit weights half as fast again.

#![expect(unsafe_code, reason = "advice to the system and the processor about memory of our own")]

/// Bytes that begin at a cache line.
#[derive(Clone)]
pub(crate) struct LineBytes {
    bytes: Vec<u8>,
    start: usize,
    len: usize,
}

impl LineBytes {
    pub(crate) fn zeroed(len: usize) -> Self {
        let bytes = vec![0; len + 63];
        advise_large_pages(&bytes);
        // A vector that is never resized never moves, so the offset stays right.
        let start = bytes.as_ptr().align_offset(64).min(63);
        Self { bytes, start, len }
    }

    pub(crate) fn as_slice(&self) -> &[u8] {
        &self.bytes[self.start..self.start + self.len]
    }

    pub(crate) fn as_mut_slice(&mut self) -> &mut [u8] {
        &mut self.bytes[self.start..self.start + self.len]
    }

    /// Bytes that it occupies.
    pub(crate) fn occupied(&self) -> u64 {
        self.bytes.len() as u64
    }
}

/// Asks for memory that will be read soon.
#[inline(always)]
pub(crate) fn ask_for<T>(memory: &[T]) {
    #[cfg(target_arch = "x86_64")]
    prefetch::<{ std::arch::x86_64::_MM_HINT_T0 }, T>(memory);
    #[cfg(not(target_arch = "x86_64"))]
    let _ = memory;
}

/// Asks for memory that will be read a little later: it comes as far as the second cache. What
/// comes into the first waits in its short queue of misses, and so does all else that misses.
#[inline(always)]
pub(crate) fn ask_for_later<T>(memory: &[T]) {
    #[cfg(target_arch = "x86_64")]
    prefetch::<{ std::arch::x86_64::_MM_HINT_T1 }, T>(memory);
    #[cfg(not(target_arch = "x86_64"))]
    let _ = memory;
}

/// Asks for a cache line that will be written.
#[inline(always)]
pub(crate) fn ask_for_writing<T>(place: &T) {
    #[cfg(target_arch = "x86_64")]
    prefetch::<{ std::arch::x86_64::_MM_HINT_ET0 }, T>(std::slice::from_ref(place));
    #[cfg(not(target_arch = "x86_64"))]
    let _ = place;
}

/// One request a cache line.
#[cfg(target_arch = "x86_64")]
#[inline(always)]
fn prefetch<const HINT: i32, T>(memory: &[T]) {
    for line in memory.chunks(64 / size_of::<T>()) {
        // SAFETY: a prefetch changes nothing, and the pointer is into a slice.
        unsafe { std::arch::x86_64::_mm_prefetch::<HINT>(line.as_ptr().cast()) };
    }
}

/// Asks for large pages behind the whole pages of `bytes`, before their first touch. Only advice:
/// a system without them refuses, and nothing depends on it. Miri does not know this advice.
#[cfg(all(target_os = "linux", not(miri)))]
fn advise_large_pages(bytes: &[u8]) {
    const PAGE_BYTES: usize = 4096;
    let first = bytes.as_ptr().align_offset(PAGE_BYTES);
    let Some(inner) = bytes.get(first..) else { return };
    let len = inner.len() / PAGE_BYTES * PAGE_BYTES;
    if len > 0 {
        // SAFETY: the range lies inside memory that is ours, and this advice changes no content.
        let _ =
            unsafe { libc::madvise(inner.as_ptr().cast_mut().cast(), len, libc::MADV_HUGEPAGE) };
    }
}

#[cfg(any(not(target_os = "linux"), miri))]
fn advise_large_pages(_: &[u8]) {}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::specification::tests::unless_miri;

    #[test]
    fn bytes_of_any_length_are_zero_writable_and_begin_at_a_cache_line() {
        for len in
            [0, 1, 63, 64, 4095, 4096, 4097, unless_miri(70_000, 9_000), unless_miri(5 << 20, 0)]
        {
            let mut bytes = LineBytes::zeroed(len);
            assert!(bytes.as_slice().iter().all(|&byte| byte == 0), "{len}");
            assert_eq!(bytes.as_slice().len(), len);
            assert!(bytes.as_slice().as_ptr().align_offset(64) == 0, "{len}");
            bytes.as_mut_slice().fill(7);
            assert!(bytes.as_slice().iter().all(|&byte| byte == 7), "{len}");
        }
    }
}
