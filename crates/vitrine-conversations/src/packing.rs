//! Compression of records: LZ4 with a dictionary of the JSON that nearly every record contains.
//!
//! A turn is about a kilobyte of JSON, and most of its keys and values recur in every other turn. A
//! B-tree leaf holds few records of that size and fills badly. Packed, a record takes a third of
//! it.
//!
//! Invariants
//! - [`DICTIONARY`] never changes: it is part of the record format. Another dictionary needs
//!   another record format.
//! - A length that the block cannot expand to is refused before any memory is allocated.
//!
//! Source: the LZ4 block format, Collet 2013.

use crate::error::RecordError;
use std::sync::Arc;

/// Sample conversations, turns and answers, without personal content.
const DICTIONARY: &[u8] = include_bytes!("packing_dictionary.txt");

/// Largest expansion of an LZ4 block, in bytes per byte. Source: the block format, where each
/// further byte extends a match by at most 255.
const GROWTH_MAX: usize = 255;

/// Bytes before the block: its unpacked length.
const LENGTH_BYTES: usize = 4;

/// Appends `length u32 · LZ4 block` of `plain` to `to`.
pub(super) fn pack(plain: &[u8], to: &mut Vec<u8>) {
    let length = u32::try_from(plain.len()).unwrap_or(u32::MAX);
    to.extend_from_slice(&length.to_le_bytes());
    to.extend_from_slice(&lz4_flex::block::compress_with_dict(plain, DICTIONARY));
}

/// Length after unpacking, in bytes, as claimed by the header.
///
/// # Errors
/// If there is no header, or the block is too short to expand to that length.
pub(super) fn unpacked_bytes(packed: &[u8]) -> Result<usize, RecordError> {
    let bytes = packed.len();
    let Some((length, block)) = packed.split_first_chunk::<LENGTH_BYTES>() else {
        return Err(RecordError::Short { bytes, bytes_needed: LENGTH_BYTES });
    };
    let length = u32::from_le_bytes(*length) as usize;
    let bytes_needed = LENGTH_BYTES + length.div_ceil(GROWTH_MAX);
    if length.div_ceil(GROWTH_MAX) > block.len() {
        return Err(RecordError::Short { bytes, bytes_needed });
    }
    Ok(length)
}

/// Unpacks the output of [`pack`].
///
/// # Errors
/// If `packed` is not output of [`pack`].
pub(super) fn unpack(packed: &[u8]) -> Result<Vec<u8>, RecordError> {
    let length = unpacked_bytes(packed)?;
    let block = &packed[LENGTH_BYTES..];
    let plain = lz4_flex::block::decompress_with_dict(block, length, DICTIONARY)
        .map_err(|cause| RecordError::Packing { cause: Arc::new(cause) })?;
    if plain.len() == length {
        Ok(plain)
    } else {
        Err(RecordError::Short { bytes: plain.len(), bytes_needed: length })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::body_hash::BodyHash;
    use proptest::prelude::*;

    /// Hash of the dictionary of record format 2.
    const DICTIONARY_SHA256: &str =
        "6ebb34e4de6a32e7b0ddec875bdbe207b4c1baf87d5d745c127a3101a3caca63";

    fn packed(plain: &[u8]) -> Vec<u8> {
        let mut bytes = Vec::new();
        pack(plain, &mut bytes);
        bytes
    }

    #[test]
    fn the_dictionary_of_a_format_never_changes() {
        assert_eq!(BodyHash::of(DICTIONARY).to_string(), DICTIONARY_SHA256);
    }

    #[test]
    fn a_block_that_claims_more_than_it_can_hold_is_refused_unread() {
        let mut bytes = packed(b"hello");
        bytes[..LENGTH_BYTES].copy_from_slice(&u32::MAX.to_le_bytes());
        assert!(matches!(unpack(&bytes), Err(RecordError::Short { .. })));
    }

    proptest! {
        #[test]
        fn what_is_packed_unpacks_to_itself(plain in prop::collection::vec(any::<u8>(), 0..3000)) {
            prop_assert_eq!(unpack(&packed(&plain)).unwrap(), plain);
        }

        #[test]
        fn any_bytes_unpack_or_are_refused(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
            if let Ok(plain) = unpack(&bytes) {
                prop_assert_eq!(plain.len(), unpacked_bytes(&bytes).unwrap());
            }
        }
    }
}
