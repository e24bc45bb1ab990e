//! A cursor over the bytes of a GGUF file. Every read is checked, every count is bounded.
//!
//! Invariants
//! - No memory is reserved for a count before the bytes behind it have been read.

use crate::model::gguf::error::GgufError;
use vitrine_base::metadata::MetadataValue;

/// Longest metadata key or tensor name, in bytes: the format's own limit.
const KEY_BYTES_MAX: u64 = 65_535;
/// Longest string, in bytes; the largest chat templates have about 20 KiB.
const STRING_BYTES_MAX: u64 = 4 << 20;
/// Largest number of items in an array; the largest published merge lists have half a million.
const ARRAY_ITEMS_MAX: u64 = 4 << 20;

/// A read position in the file.
#[derive(Debug)]
pub(crate) struct Reader<'a> {
    bytes: &'a [u8],
    at: usize,
}

/// Scalar and array element types of metadata values.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum ValueType {
    U8,
    I8,
    U16,
    I16,
    U32,
    I32,
    F32,
    Bool,
    Text,
    Array,
    U64,
    I64,
    F64,
}

impl ValueType {
    const IN_CODE_ORDER: [Self; 13] = [
        Self::U8,
        Self::I8,
        Self::U16,
        Self::I16,
        Self::U32,
        Self::I32,
        Self::F32,
        Self::Bool,
        Self::Text,
        Self::Array,
        Self::U64,
        Self::I64,
        Self::F64,
    ];
}

impl<'a> Reader<'a> {
    pub(crate) fn new(bytes: &'a [u8]) -> Self {
        Self { bytes, at: 0 }
    }

    /// Bytes consumed so far.
    pub(crate) fn at(&self) -> usize {
        self.at
    }

    fn take(&mut self, count: usize) -> Result<&'a [u8], GgufError> {
        let end = self.at.checked_add(count).filter(|end| *end <= self.bytes.len());
        let end = end.ok_or(GgufError::Truncated { at: self.at, file_bytes: self.bytes.len() })?;
        let taken = &self.bytes[self.at..end];
        self.at = end;
        Ok(taken)
    }

    fn array<const N: usize>(&mut self) -> Result<[u8; N], GgufError> {
        let mut out = [0; N];
        out.copy_from_slice(self.take(N)?);
        Ok(out)
    }

    pub(crate) fn u32(&mut self) -> Result<u32, GgufError> {
        Ok(u32::from_le_bytes(self.array()?))
    }

    pub(crate) fn u64(&mut self) -> Result<u64, GgufError> {
        Ok(u64::from_le_bytes(self.array()?))
    }

    /// A 64-bit count of at most `max`; `what` names the counted items in the error.
    pub(crate) fn count(&mut self, what: &'static str, max: u64) -> Result<usize, GgufError> {
        let found = self.u64()?;
        let too_many = GgufError::TooMany { what, found, max };
        if found > max {
            return Err(too_many);
        }
        usize::try_from(found).map_err(|_| too_many)
    }

    fn bounded_text(&mut self, what: &'static str, max: u64) -> Result<String, GgufError> {
        let bytes = self.count(what, max)?;
        let at = self.at;
        let text = std::str::from_utf8(self.take(bytes)?).map_err(|_| GgufError::NotUtf8 { at })?;
        Ok(text.to_owned())
    }

    /// A metadata key or a tensor name.
    pub(crate) fn key(&mut self) -> Result<String, GgufError> {
        self.bounded_text("bytes in a key", KEY_BYTES_MAX)
    }

    /// A typed metadata value.
    pub(crate) fn value(&mut self) -> Result<MetadataValue, GgufError> {
        match self.value_type()? {
            ValueType::Array => self.list(),
            ValueType::Text => {
                Ok(MetadataValue::Text(self.bounded_text("bytes in a string", STRING_BYTES_MAX)?))
            }
            ValueType::Bool => match self.integer(ValueType::Bool)? {
                0 => Ok(MetadataValue::Bool(false)),
                _ => Ok(MetadataValue::Bool(true)),
            },
            ValueType::U64 => Ok(MetadataValue::Unsigned(self.u64()?)),
            ValueType::F32 => {
                Ok(MetadataValue::Float(f64::from(f32::from_le_bytes(self.array()?))))
            }
            ValueType::F64 => Ok(MetadataValue::Float(f64::from_le_bytes(self.array()?))),
            kind @ (ValueType::U8 | ValueType::U16 | ValueType::U32) => {
                // Narrow unsigned integers are never negative.
                Ok(MetadataValue::Unsigned(self.integer(kind)?.unsigned_abs()))
            }
            kind @ (ValueType::I8 | ValueType::I16 | ValueType::I32 | ValueType::I64) => {
                Ok(MetadataValue::Signed(self.integer(kind)?))
            }
        }
    }

    fn value_type(&mut self) -> Result<ValueType, GgufError> {
        let (at, code) = (self.at, self.u32()?);
        let kinds = ValueType::IN_CODE_ORDER;
        kinds.get(code as usize).copied().ok_or(GgufError::ValueType { at, code })
    }

    /// An integer or boolean of type `kind` as `i64`; refuses `U64` values beyond `i64`.
    fn integer(&mut self, kind: ValueType) -> Result<i64, GgufError> {
        let at = self.at;
        match kind {
            ValueType::U8 => Ok(i64::from(u8::from_le_bytes(self.array()?))),
            ValueType::I8 => Ok(i64::from(i8::from_le_bytes(self.array()?))),
            ValueType::U16 => Ok(i64::from(u16::from_le_bytes(self.array()?))),
            ValueType::I16 => Ok(i64::from(i16::from_le_bytes(self.array()?))),
            ValueType::U32 => Ok(i64::from(self.u32()?)),
            ValueType::I32 => Ok(i64::from(i32::from_le_bytes(self.array()?))),
            ValueType::U64 => {
                i64::try_from(self.u64()?).map_err(|_| GgufError::IntegerTooLarge { at })
            }
            ValueType::I64 => Ok(i64::from_le_bytes(self.array()?)),
            ValueType::Bool => match self.array::<1>()?[0] {
                flag @ (0 | 1) => Ok(i64::from(flag)),
                found => Err(GgufError::NotBool { at, found }),
            },
            ValueType::F32 | ValueType::F64 | ValueType::Text | ValueType::Array => {
                Err(GgufError::ValueType { at, code: 0 })
            }
        }
    }

    fn list(&mut self) -> Result<MetadataValue, GgufError> {
        let at = self.at;
        let kind = self.value_type()?;
        let items = self.count("items in an array", ARRAY_ITEMS_MAX)?;
        // Vectors grow as items are read, so a false count cannot reserve memory.
        match kind {
            ValueType::Text => (0..items)
                .map(|_| self.bounded_text("bytes in a string", STRING_BYTES_MAX))
                .collect::<Result<_, _>>()
                .map(MetadataValue::Texts),
            ValueType::F32 => (0..items)
                .map(|_| Ok(f32::from_le_bytes(self.array()?)))
                .collect::<Result<_, _>>()
                .map(MetadataValue::Floats),
            #[expect(clippy::cast_possible_truncation, reason = "lists of floats are kept in f32")]
            ValueType::F64 => (0..items)
                .map(|_| Ok(f64::from_le_bytes(self.array()?) as f32))
                .collect::<Result<_, _>>()
                .map(MetadataValue::Floats),
            ValueType::Array => Err(GgufError::NestedArray { at }),
            ValueType::U8
            | ValueType::I8
            | ValueType::U16
            | ValueType::I16
            | ValueType::U32
            | ValueType::I32
            | ValueType::Bool
            | ValueType::U64
            | ValueType::I64 => (0..items)
                .map(|_| self.integer(kind))
                .collect::<Result<_, _>>()
                .map(MetadataValue::Integers),
        }
    }
}
