//! The one memory map: a model file's bytes, shared by every reader and never copied by us.
//!
//! Invariants
//! - The map is read-only; pages are loaded by the operating system when first touched.

use crate::model::error::ModelError;
use std::fs::File;
use std::path::Path;

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

    /// The file's bytes.
    #[must_use]
    pub fn bytes(&self) -> &[u8] {
        &self.map
    }
}
