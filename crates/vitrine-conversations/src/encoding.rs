//! Stored encoding of conversations and turns.
//!
//! Layouts, integers little-endian; for "packed" see `packing`:
//! - conversation: `format u8 · version u64 · turns u64 · updated µs i64 · purposes u8 · packed
//!   JSON`. The writer compares versions and the sweep checks ages and purposes on the header
//!   alone, without unpacking. `purposes` has one bit for each purpose that a fact is stored for.
//! - turn: `format u8 · body hash 32 · JSON bytes u32 · packed (JSON · answer)`. The answer is
//!   stored byte for byte as it was sent and is never parsed here.
//!
//! Format 1 is still read: `format · version · turns · JSON` for a conversation, and `format · JSON
//! bytes · JSON · answer` for a turn, with the body hash inside the JSON. A record is converted to
//! format 2 when it is next written.
//!
//! Invariants
//! - A record of an unknown format is refused.
//! - Decoding an encoded value returns an equal value.

use crate::body_hash::BodyHash;
use crate::customer::Purpose;
use crate::error::RecordError;
use crate::format::PACKED_FORMAT;
use crate::format::PLAIN_FORMAT;
use crate::format::check_header;
use crate::format::read_u32;
use crate::format::read_u64;
use crate::format::time;
use crate::packing;
use crate::record::ConversationRecord;
use crate::record::TurnRecord;
use jiff::Timestamp;
use std::sync::Arc;

/// Bytes before the JSON of a conversation in format 1.
const PLAIN_CONVERSATION_BYTES: usize = 17;

/// Bytes before the JSON of a turn in format 1.
const PLAIN_TURN_BYTES: usize = 5;

/// Bytes before the packed JSON of a conversation.
const CONVERSATION_HEADER_BYTES: usize = PLAIN_CONVERSATION_BYTES + 9;

/// Offset of a turn's JSON length, in bytes.
const TURN_LENGTH_AT: usize = 33;

/// Bytes before the packed part of a turn.
const TURN_HEADER_BYTES: usize = TURN_LENGTH_AT + 4;

/// Header fields of a stored conversation that the sweep needs; read without unpacking.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct ConversationHeader {
    pub(super) updated_at: Timestamp,
    purposes: u8,
}

impl ConversationHeader {
    fn of(conversation: &ConversationRecord) -> Self {
        let purposes = conversation.facts.values().fold(0, |bits, fact| bits | bit(fact.purpose));
        Self { updated_at: conversation.updated_at, purposes }
    }

    /// Whether a fact of the conversation is stored for this purpose.
    pub(super) fn has_fact_for(self, purpose: Purpose) -> bool {
        self.purposes & bit(purpose) != 0
    }
}

fn bit(purpose: Purpose) -> u8 {
    1 << purpose as u8
}

impl ConversationRecord {
    /// Encodes the record; layout in the module header.
    ///
    /// # Errors
    /// If JSON encoding fails; no value of this type causes that.
    pub fn encode(&self) -> Result<Vec<u8>, RecordError> {
        let json = serde_json::to_vec(self)?;
        let head = ConversationHeader::of(self);
        let mut bytes = Vec::with_capacity(CONVERSATION_HEADER_BYTES + json.len() / 2);
        bytes.push(PACKED_FORMAT);
        bytes.extend_from_slice(&self.version.to_le_bytes());
        bytes.extend_from_slice(&self.turns_recorded.to_le_bytes());
        bytes.extend_from_slice(&head.updated_at.as_microsecond().to_le_bytes());
        bytes.push(head.purposes);
        packing::pack(&json, &mut bytes);
        Ok(bytes)
    }

    /// Decodes a stored record of either format.
    ///
    /// # Errors
    /// If the format is unknown, the bytes are too few, the packed part does not unpack, or the
    /// JSON is malformed.
    pub fn decode(bytes: &[u8]) -> Result<Self, RecordError> {
        let (version, turns_recorded) = Self::counters_of(bytes)?;
        let record: Self = if bytes[0] == PLAIN_FORMAT {
            serde_json::from_slice(&bytes[PLAIN_CONVERSATION_BYTES..])?
        } else {
            check_header(bytes, PACKED_FORMAT, CONVERSATION_HEADER_BYTES)?;
            serde_json::from_slice(&packing::unpack(&bytes[CONVERSATION_HEADER_BYTES..])?)?
        };
        Ok(Self { version, turns_recorded, ..record })
    }

    /// Reads version and number of turns from the header.
    ///
    /// # Errors
    /// If the format is unknown or the bytes are too few.
    pub(super) fn counters_of(bytes: &[u8]) -> Result<(u64, u64), RecordError> {
        check_header(bytes, PACKED_FORMAT, PLAIN_CONVERSATION_BYTES)?;
        Ok((read_u64(bytes, 1), read_u64(bytes, 9)))
    }

    /// Reads the header. A record of format 1 has none and is decoded in full.
    ///
    /// # Errors
    /// As for `decode`.
    pub(super) fn header_of(bytes: &[u8]) -> Result<ConversationHeader, RecordError> {
        if bytes.first() == Some(&PLAIN_FORMAT) {
            return Ok(ConversationHeader::of(&Self::decode(bytes)?));
        }
        check_header(bytes, PACKED_FORMAT, CONVERSATION_HEADER_BYTES)?;
        let microseconds = read_u64(bytes, PLAIN_CONVERSATION_BYTES).cast_signed();
        let updated_at = time(microseconds).ok_or(RecordError::Time { microseconds })?;
        Ok(ConversationHeader { updated_at, purposes: bytes[CONVERSATION_HEADER_BYTES - 1] })
    }

    /// Size of the record before packing, in bytes.
    ///
    /// # Errors
    /// If the format is unknown or the bytes are too few.
    pub(super) fn plain_bytes(bytes: &[u8]) -> Result<usize, RecordError> {
        plain_bytes(bytes, CONVERSATION_HEADER_BYTES)
    }
}

/// Overwrites version and number of turns in an encoded conversation.
pub(super) fn write_counters(conversation: &mut [u8], version: u64, turns_recorded: u64) {
    conversation[1..9].copy_from_slice(&version.to_le_bytes());
    conversation[9..PLAIN_CONVERSATION_BYTES].copy_from_slice(&turns_recorded.to_le_bytes());
}

impl TurnRecord {
    /// Encodes the turn; layout in the module header. `sequence` is part of the key and is left
    /// out.
    ///
    /// # Errors
    /// If JSON encoding fails; no value of this type causes that.
    pub fn encode(&self) -> Result<Vec<u8>, RecordError> {
        let mut plain = serde_json::to_vec(self)?;
        let json_bytes = u32::try_from(plain.len()).unwrap_or(u32::MAX);
        plain.extend_from_slice(&self.answer);
        let mut bytes = Vec::with_capacity(TURN_HEADER_BYTES + plain.len() / 2);
        bytes.push(PACKED_FORMAT);
        bytes.extend_from_slice(&self.body_hash.0);
        bytes.extend_from_slice(&json_bytes.to_le_bytes());
        packing::pack(&plain, &mut bytes);
        Ok(bytes)
    }

    /// Decodes a stored turn of either format; `sequence` comes from its key.
    ///
    /// # Errors
    /// If the format is unknown, the bytes are too few, the packed part does not unpack, or the
    /// JSON is malformed.
    pub fn decode(bytes: &[u8], sequence: u64) -> Result<Self, RecordError> {
        check_header(bytes, PACKED_FORMAT, PLAIN_TURN_BYTES)?;
        if bytes[0] == PLAIN_FORMAT {
            let json_bytes = read_u32(bytes, 1);
            return Self::read(&bytes[PLAIN_TURN_BYTES..], json_bytes, sequence);
        }
        check_header(bytes, PACKED_FORMAT, TURN_HEADER_BYTES)?;
        let mut body_hash = BodyHash([0; 32]);
        body_hash.0.copy_from_slice(&bytes[1..TURN_LENGTH_AT]);
        let plain = packing::unpack(&bytes[TURN_HEADER_BYTES..])?;
        let record = Self::read(&plain, read_u32(bytes, TURN_LENGTH_AT), sequence)?;
        Ok(Self { body_hash, ..record })
    }

    fn read(plain: &[u8], json_bytes: u32, sequence: u64) -> Result<Self, RecordError> {
        let (bytes, bytes_needed) = (plain.len(), json_bytes as usize);
        let Some((json, answer)) = plain.split_at_checked(bytes_needed) else {
            return Err(RecordError::Short { bytes, bytes_needed });
        };
        let record: Self = serde_json::from_slice(json)?;
        Ok(Self { sequence, answer: Arc::from(answer), ..record })
    }

    /// Size of the record before packing, in bytes.
    ///
    /// # Errors
    /// If the format is unknown or the bytes are too few.
    pub(super) fn plain_bytes(bytes: &[u8]) -> Result<usize, RecordError> {
        plain_bytes(bytes, TURN_HEADER_BYTES)
    }
}

fn plain_bytes(bytes: &[u8], header_bytes: usize) -> Result<usize, RecordError> {
    if bytes.first() == Some(&PLAIN_FORMAT) {
        return Ok(bytes.len());
    }
    check_header(bytes, PACKED_FORMAT, header_bytes)?;
    Ok(header_bytes + packing::unpacked_bytes(&bytes[header_bytes..])?)
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use crate::samples;
    use serde_json::Value;
    use serde_json::json;

    /// Encodes a conversation in format 1.
    pub(crate) fn plain_conversation(conversation: &ConversationRecord) -> Vec<u8> {
        let mut bytes = vec![PLAIN_FORMAT];
        bytes.extend_from_slice(&conversation.version.to_le_bytes());
        bytes.extend_from_slice(&conversation.turns_recorded.to_le_bytes());
        bytes.extend(serde_json::to_vec(conversation).unwrap());
        bytes
    }

    /// Encodes a turn in format 1.
    pub(crate) fn plain_turn(turn: &TurnRecord) -> Vec<u8> {
        let mut json: Value = serde_json::to_value(turn).unwrap();
        json["body_hash"] = json!(turn.body_hash.to_string());
        let json = serde_json::to_vec(&json).unwrap();
        let mut bytes = vec![PLAIN_FORMAT];
        bytes.extend_from_slice(&u32::try_from(json.len()).unwrap().to_le_bytes());
        bytes.extend(json);
        bytes.extend_from_slice(&turn.answer);
        bytes
    }

    fn full_conversation() -> ConversationRecord {
        let mut conversation = samples::full_conversation("t-1");
        conversation.version = 7;
        conversation.turns_recorded = 5;
        conversation
    }

    fn full_turn() -> TurnRecord {
        let mut turn = samples::turn("wamid.A1", "Je cherche des chaussures");
        turn.answer = Arc::from(&b"{\"exact\" :\n\t\xff bytes"[..]);
        turn.sequence = 9;
        turn
    }

    #[test]
    fn records_of_both_formats_read_back_as_they_were_written() {
        let conversation = full_conversation();
        for bytes in [conversation.encode().unwrap(), plain_conversation(&conversation)] {
            assert_eq!(ConversationRecord::decode(&bytes).unwrap(), conversation);
            assert_eq!(ConversationRecord::counters_of(&bytes).unwrap(), (7, 5));
            let head = ConversationRecord::header_of(&bytes).unwrap();
            assert_eq!(head.updated_at, conversation.updated_at);
            assert!(
                head.has_fact_for(Purpose::Assistance) && !head.has_fact_for(Purpose::Outreach)
            );
        }
        let turn = full_turn();
        for bytes in [turn.encode().unwrap(), plain_turn(&turn)] {
            assert_eq!(TurnRecord::decode(&bytes, 9).unwrap(), turn);
        }
    }

    #[test]
    fn a_conversation_stored_without_a_dialogue_state_reads_without_one() {
        let mut conversation = full_conversation();
        conversation.dialogue = None;
        for bytes in [conversation.encode().unwrap(), plain_conversation(&conversation)] {
            let text = String::from_utf8_lossy(&bytes);
            assert!(!text.contains("dialogue"), "the field is left out");
            assert_eq!(ConversationRecord::decode(&bytes).unwrap(), conversation);
        }
    }

    #[test]
    fn a_record_is_stored_in_less_than_half_of_its_size() {
        let conversation = full_conversation().encode().unwrap();
        let plain = ConversationRecord::plain_bytes(&conversation).unwrap();
        assert!(conversation.len() * 2 < plain, "{} of {plain} bytes", conversation.len());
        let turn = full_turn().encode().unwrap();
        assert!(turn.len() < TurnRecord::plain_bytes(&turn).unwrap());
    }

    #[test]
    fn unknown_formats_and_cut_records_are_refused() {
        let conversation = full_conversation();
        let mut newer = conversation.encode().unwrap();
        newer[0] = PACKED_FORMAT + 1;
        let refused = ConversationRecord::decode(&newer);
        assert!(matches!(refused, Err(RecordError::Format { found: 3, supported: 2 })));
        for conversation in [conversation.encode().unwrap(), plain_conversation(&conversation)] {
            for cut in 0..conversation.len() {
                assert!(ConversationRecord::decode(&conversation[..cut]).is_err(), "cut at {cut}");
            }
        }
        let turn = samples::turn("m", "hello");
        let bytes = turn.encode().unwrap();
        for cut in 0..bytes.len() {
            assert!(TurnRecord::decode(&bytes[..cut], 0).is_err(), "cut at {cut}");
        }
        let plain = plain_turn(&turn);
        for cut in 0..plain.len() - turn.answer.len() {
            assert!(TurnRecord::decode(&plain[..cut], 0).is_err(), "cut at {cut}");
        }
    }

    #[test]
    fn a_confidence_that_is_nan_does_not_make_the_record_unreadable() {
        let mut conversation = full_conversation();
        conversation.intents[0].confidence = f32::NAN;
        let read = ConversationRecord::decode(&conversation.encode().unwrap()).unwrap();
        assert!(read.intents[0].confidence.abs() < f32::EPSILON);
    }
}
