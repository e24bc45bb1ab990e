//! Formats of stored records, and the fields of their headers.

use crate::error::RecordError;
use jiff::Timestamp;

/// Format of unpacked records: all customers and jobs, and conversations and turns of format 1.
pub(super) const PLAIN_FORMAT: u8 = 1;

/// Format that conversations, turns and message entries are written in.
pub(super) const PACKED_FORMAT: u8 = 2;

/// Refuses a format outside `PLAIN_FORMAT..=supported`, and fewer than `bytes_needed` bytes.
pub(super) fn check_header(
    bytes: &[u8],
    supported: u8,
    bytes_needed: usize,
) -> Result<(), RecordError> {
    match bytes.first() {
        Some(&found) if !(PLAIN_FORMAT..=supported).contains(&found) => {
            Err(RecordError::Format { found, supported })
        }
        _ if bytes.len() < bytes_needed => {
            Err(RecordError::Short { bytes: bytes.len(), bytes_needed })
        }
        _ => Ok(()),
    }
}

/// Reads eight bytes at `at`. The caller has checked the length.
pub(super) fn read_u64(bytes: &[u8], at: usize) -> u64 {
    let mut word = [0; 8];
    word.copy_from_slice(&bytes[at..at + 8]);
    u64::from_le_bytes(word)
}

/// Reads four bytes at `at`. The caller has checked the length.
pub(super) fn read_u32(bytes: &[u8], at: usize) -> u32 {
    let mut word = [0; 4];
    word.copy_from_slice(&bytes[at..at + 4]);
    u32::from_le_bytes(word)
}

/// Converts a stored time; `None` if it is outside the calendar.
pub(super) fn time(microseconds: i64) -> Option<Timestamp> {
    Timestamp::from_microsecond(microseconds).ok()
}
