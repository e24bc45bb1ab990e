//! Identity of an encoder, which a head must match.

use serde::Deserialize;
use serde::Serialize;

/// Identity of the encoder that a head was trained for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct EncoderIdentity {
    /// Folder name, such as `multilingual-e5-small`. Informative only: heads are matched by
    /// checksum.
    pub name: String,
    /// SHA-256 of the weights file, lower-case hexadecimal.
    pub sha256: String,
    /// Width of the embeddings.
    pub dimensions: usize,
}

impl std::fmt::Display for EncoderIdentity {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let sha256: String = self.sha256.chars().take(12).collect();
        write!(formatter, "`{}` ({} dimensions, sha256 {sha256}…)", self.name, self.dimensions)
    }
}
