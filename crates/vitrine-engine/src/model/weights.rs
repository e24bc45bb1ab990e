//! Read-only memory maps of model files, and the return of freed memory to the operating system.
//!
//! All readers of a model share its map; this module never copies the file's bytes.
//!
//! Invariants
//! - The map is read-only; the operating system loads its pages on first access.

use crate::model::error::ModelError;
use std::fs::File;
use std::path::Path;

/// Granularity of [`MappedFile::release`], in bytes: a multiple of every common page size.
#[cfg(unix)]
const RELEASE_BYTES: usize = 64 << 10;

/// A read-only memory-mapped file.
#[derive(Debug)]
pub(crate) struct MappedFile {
    map: memmap2::Mmap,
}

impl MappedFile {
    /// Maps the whole file.
    ///
    /// # Errors
    /// If the file cannot be opened or mapped.
    #[expect(unsafe_code, reason = "only a memory map shares the file's pages without copying")]
    pub(crate) fn open(path: &Path) -> Result<Self, ModelError> {
        let read = |cause| ModelError::Read { path: path.to_owned(), cause };
        let file = File::open(path).map_err(read)?;
        // SAFETY: the map is private to this process and read-only. Models are installed by writing
        // a new file and renaming it, never by writing into an existing one (`hub` guarantees
        // that), so the bytes do not change while they are borrowed. An operator who truncates a
        // model in use causes SIGBUS, as with every server that maps its files.
        let map = unsafe { memmap2::Mmap::map(&file) }.map_err(read)?;
        Ok(Self { map })
    }

    /// Releases the memory behind the byte range `range`, rounded inwards to whole
    /// [`RELEASE_BYTES`] units. The bytes stay readable: the operating system loads them from the
    /// file again on access.
    #[cfg(unix)]
    #[expect(unsafe_code, reason = "discards unwritten changes, and a read-only map has none")]
    pub(crate) fn release(&self, range: std::ops::Range<usize>) {
        let first = range.start.next_multiple_of(RELEASE_BYTES);
        let end = range.end / RELEASE_BYTES * RELEASE_BYTES;
        if first < end {
            // SAFETY: the map is a read-only map of a file, so no byte of it can differ from the
            // file's. The range lies inside the map; if it did not, the call would fail without
            // effect.
            let advised = unsafe {
                let advice = memmap2::UncheckedAdvice::DontNeed;
                self.map.unchecked_advise_range(advice, first, end - first)
            };
            if let Err(cause) = advised {
                tracing::debug!(%cause, "cannot release the file pages of a packed tensor");
            }
        }
    }

    /// Does nothing: this system has no equivalent of `MADV_DONTNEED`.
    #[cfg(not(unix))]
    pub(crate) fn release(&self, _: std::ops::Range<usize>) {}

    /// All bytes of the file.
    #[must_use]
    pub(crate) fn bytes(&self) -> &[u8] {
        &self.map
    }
}

/// Returns memory that this process has freed to the operating system.
///
/// glibc keeps freed memory for later allocations. After a model is dropped that can be most of its
/// weights, because matrices below glibc's threshold for separate maps (32 MiB) come from its
/// arenas. Does nothing on other C libraries. Takes milliseconds, so call it off the hot path.
#[cfg_attr(
    all(target_os = "linux", target_env = "gnu"),
    expect(unsafe_code, reason = "calls malloc_trim of the C library")
)]
pub(crate) fn return_freed_memory() {
    #[cfg(all(target_os = "linux", target_env = "gnu"))]
    // SAFETY: malloc_trim(3) has no precondition, is thread-safe and touches free memory only.
    unsafe {
        libc::malloc_trim(0);
    }
}
