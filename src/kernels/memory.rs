//! Memory in large pages where the system has them to give.
//!
//! A product of one row reads weights as fast as memory delivers them and is soon through a page of
//! 4 KiB: with large pages it was measured to read 8-bit weights half as fast again. The buffers
//! between two products are written in columns, a page of 4 KiB or more apart a row.

#![expect(unsafe_code, reason = "advice to the operating system about memory of our own")]

/// Bytes that begin at a cache line.
#[derive(Clone)]
pub(in crate::kernels) struct LineBytes {
    bytes: Vec<u8>,
    start: usize,
    len: usize,
}

impl LineBytes {
    pub(in crate::kernels) fn zeroed(len: usize) -> Self {
        let bytes = vec![0; len + 63];
        advise_large_pages(&bytes);
        // A vector that is never resized never moves, so the offset stays right.
        let start = bytes.as_ptr().align_offset(64).min(63);
        Self { bytes, start, len }
    }

    pub(in crate::kernels) fn as_slice(&self) -> &[u8] {
        &self.bytes[self.start..self.start + self.len]
    }

    pub(in crate::kernels) fn as_mut_slice(&mut self) -> &mut [u8] {
        &mut self.bytes[self.start..self.start + self.len]
    }

    /// Bytes that it occupies.
    pub(in crate::kernels) fn occupied(&self) -> u64 {
        self.bytes.len() as u64
    }
}

/// So many zeros, not touched yet.
pub(crate) fn zeros(len: usize) -> Vec<f32> {
    let zeros = vec![0.0; len];
    advise_large_pages(&zeros);
    zeros
}

/// Asks for large pages behind the whole pages of `memory`, before their first touch. Only advice:
/// a system without them refuses, and nothing depends on it.
#[cfg(target_os = "linux")]
fn advise_large_pages<T>(memory: &[T]) {
    const PAGE_BYTES: usize = 4096;
    let (start, bytes) = (memory.as_ptr().cast::<u8>(), size_of_val(memory));
    let first = start.align_offset(PAGE_BYTES);
    let len = bytes.saturating_sub(first) / PAGE_BYTES * PAGE_BYTES;
    if len > 0 {
        // SAFETY: the range lies inside memory that is ours, and this advice changes no content.
        let _ =
            unsafe { libc::madvise(start.add(first).cast_mut().cast(), len, libc::MADV_HUGEPAGE) };
    }
}

#[cfg(not(target_os = "linux"))]
fn advise_large_pages<T>(_: &[T]) {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_of_any_length_are_zero_writable_and_begin_at_a_cache_line() {
        for len in [0, 1, 63, 64, 4095, 4096, 4097, 70_000, 5 << 20] {
            let mut bytes = LineBytes::zeroed(len);
            assert!(bytes.as_slice().iter().all(|&byte| byte == 0), "{len}");
            assert_eq!(bytes.as_slice().len(), len);
            assert!(bytes.as_slice().as_ptr().align_offset(64) == 0, "{len}");
            bytes.as_mut_slice().fill(7);
            assert!(bytes.as_slice().iter().all(|&byte| byte == 7), "{len}");
        }
    }
}
