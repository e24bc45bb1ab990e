//! The one memory map: a model file's bytes, shared by every reader and never copied by us; and how
//! memory goes back to the system when a model is gone.
//!
//! Invariants
//! - The map is read-only; pages are loaded by the operating system when first touched.

use crate::model::error::ModelError;
use std::fs::File;
use std::path::Path;

/// Whole pages of every usual size are multiples of it.
#[cfg(unix)]
const RELEASE_BYTES: usize = 64 << 10;

/// A read-only memory-mapped file.
#[derive(Debug)]
pub struct MappedFile {
    map: memmap2::Mmap,
}

impl MappedFile {
    /// Maps the whole file.
    ///
    /// # Errors
    /// If the file cannot be opened or mapped.
    #[expect(unsafe_code, reason = "a memory map is the only way to share file pages uncopied")]
    pub fn open(path: &Path) -> Result<Self, ModelError> {
        let read = |cause| ModelError::Read { path: path.to_owned(), cause };
        let file = File::open(path).map_err(read)?;
        // SAFETY: the map is private to us and read-only. Models are installed by writing a new
        // file and renaming it, never by writing into an existing one (`hub` guarantees that), so
        // the bytes do not change while they are borrowed. An operator who truncates a model in
        // use gets SIGBUS, as with every memory-mapping server.
        let map = unsafe { memmap2::Mmap::map(&file) }.map_err(read)?;
        Ok(Self { map })
    }

    /// Gives the memory behind `range` back to the operating system: what the range holds stays
    /// readable and comes from the file again when it is read.
    #[cfg(unix)]
    #[expect(unsafe_code, reason = "the advice may lose what was written, and nothing ever is")]
    pub(crate) fn release(&self, range: std::ops::Range<usize>) {
        let first = range.start.next_multiple_of(RELEASE_BYTES);
        let end = range.end / RELEASE_BYTES * RELEASE_BYTES;
        if first < end {
            // SAFETY: the map is read-only and of a file, so no byte of it can differ from the
            // file's; the range lies inside, or the call fails and nothing happens.
            let advised = unsafe {
                let advice = memmap2::UncheckedAdvice::DontNeed;
                self.map.unchecked_advise_range(advice, first, end - first)
            };
            if let Err(cause) = advised {
                tracing::debug!(%cause, "the pages of a packed tensor stay in memory");
            }
        }
    }

    /// Gives memory back: not on this system, where nothing corresponds to it.
    #[cfg(not(unix))]
    pub(crate) fn release(&self, _: std::ops::Range<usize>) {}

    /// The file's bytes.
    #[must_use]
    pub fn bytes(&self) -> &[u8] {
        &self.map
    }
}

/// Gives memory that this process has freed back to the operating system.
///
/// The C library keeps freed memory for later; after a model is dropped that can be most of its
/// weights: matrices below its limit for maps of their own (32 MiB) lie in its arenas. Elsewhere
/// than on glibc nothing is done. Takes milliseconds; call it off the hot path.
#[cfg_attr(
    all(target_os = "linux", target_env = "gnu"),
    expect(unsafe_code, reason = "the C library is asked directly")
)]
pub fn return_freed_memory() {
    #[cfg(all(target_os = "linux", target_env = "gnu"))]
    // SAFETY: malloc_trim(3) has no precondition, is thread-safe and touches free memory only.
    unsafe {
        libc::malloc_trim(0);
    }
}
