//! SHA-256 digests as lower-case hexadecimal text.

use sha2::Digest;
use sha2::Sha256;
use std::fmt::Write as _;
use std::fs::File;
use std::io::Read;
use std::path::Path;

/// Bytes read at a time while hashing a file.
const CHUNK_BYTES: usize = 1 << 20;

/// Formats bytes as lower-case hexadecimal.
#[must_use]
pub fn hexadecimal(bytes: &[u8]) -> String {
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
        // Writing to a string cannot fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}

/// Hashes a file and returns its SHA-256 as lower-case hexadecimal.
///
/// # Errors
/// If the file cannot be opened or read.
pub fn sha256_of_file(path: &Path) -> std::io::Result<String> {
    let mut file = File::open(path)?;
    let mut digest = Sha256::new();
    let mut chunk = vec![0; CHUNK_BYTES];
    loop {
        let bytes = file.read(&mut chunk)?;
        if bytes == 0 {
            return Ok(hexadecimal(&digest.finalize()));
        }
        digest.update(&chunk[..bytes]);
    }
}
