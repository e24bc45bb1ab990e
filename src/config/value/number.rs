//! Numbers: whole numbers, fractions and sizes in bytes, each with a range.

use crate::config::value::bounds::MEMORY_BYTES_MAX;
use crate::config::value::setting::Refused;
use crate::config::value::setting::Setting;
use toml::Value;
use vitrine_base::units::Bytes;

/// A whole number from `MIN` to `MAX`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Within<const MIN: u64, const MAX: u64, T>(pub(crate) T);

impl<const MIN: u64, const MAX: u64, T: TryFrom<u64> + Copy> Setting for Within<MIN, MAX, T> {
    fn allowed() -> String {
        format!("a whole number, {MIN} to {MAX}")
    }

    fn read(value: &Value) -> Result<Self, Refused> {
        let number = value.as_integer().and_then(|number| u64::try_from(number).ok());
        let number = number.filter(|number| (MIN..=MAX).contains(number));
        let number = number.and_then(|number| T::try_from(number).ok());
        number.map(Self).ok_or_else(|| Refused::of::<Self>(value))
    }

    fn from_text(text: &str) -> Option<Value> {
        Some(text.parse().map_or_else(|_| Value::String(text.to_owned()), Value::Integer))
    }

    fn is_absent(value: &Value) -> bool {
        value.as_integer() == Some(0)
    }
}

macro_rules! fractions {
    ($($(#[$meta:meta])* $name:ident($range:expr, $allowed:literal);)*) => {$(
        $(#[$meta])*
        #[derive(Debug, Clone, Copy, PartialEq)]
        pub(crate) struct $name(pub(crate) f64);

        impl Setting for $name {
            fn allowed() -> String {
                $allowed.to_owned()
            }

            fn read(value: &Value) -> Result<Self, Refused> {
                // Whole numbers as large as this lose digits, but are out of range anyway.
                #[expect(clippy::cast_precision_loss, reason = "see above")]
                let number = value.as_float().or_else(|| Some(value.as_integer()? as f64));
                let number = number.filter(|number| $range.contains(number));
                number.map(Self).ok_or_else(|| Refused::of::<Self>(value))
            }

            fn from_text(text: &str) -> Option<Value> {
                Some(text.parse().map_or_else(|_| Value::String(text.to_owned()), Value::Float))
            }

            fn is_absent(value: &Value) -> bool {
                value.as_float() == Some(0.0) || value.as_integer() == Some(0)
            }
        }
    )*};
}

fractions! {
    /// A part of a whole.
    Share(0.0..=1.0, "a number, 0 to 1");
    /// Events per second.
    Rate(1e-3..=1e6, "a number, 0.001 to 1000000");
    /// How many times likelier than by chance.
    Lift(0.0..=1e6, "a number, 0 to 1000000");
}

/// A size of `MIN` to `MAX` bytes, written as a number or as text such as `512 MiB`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Size<const MIN: u64, const MAX: u64>(pub(crate) Bytes);

/// A size of memory.
pub(crate) type MemorySize = Size<1, MEMORY_BYTES_MAX>;

impl<const MIN: u64, const MAX: u64> Size<MIN, MAX> {
    /// A size of whole MiB.
    pub(crate) const fn mib(mib: u64) -> Self {
        Self(Bytes(mib << 20))
    }
}

impl<const MIN: u64, const MAX: u64> Setting for Size<MIN, MAX> {
    fn allowed() -> String {
        format!("a size such as `512 MiB`, or a whole number of bytes, {MIN} to {MAX}")
    }

    fn read(value: &Value) -> Result<Self, Refused> {
        let bytes = bytes(value).filter(|bytes| (MIN..=MAX).contains(&bytes.0));
        bytes.map(Self).ok_or_else(|| Refused::of::<Self>(value))
    }

    fn is_absent(value: &Value) -> bool {
        bytes(value) == Some(Bytes(0))
    }
}

/// The number of bytes that a value means.
fn bytes(value: &Value) -> Option<Bytes> {
    match value {
        Value::Integer(bytes) => u64::try_from(*bytes).ok().map(Bytes),
        Value::String(text) => text.parse().ok(),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read<T: Setting>(text: &str) -> Result<T, String> {
        let value = T::from_text(text).unwrap();
        T::read(&value).map_err(|refused| format!("{}: {}", refused.found, refused.allowed))
    }

    #[test]
    fn whole_numbers_outside_their_range_are_refused() {
        assert_eq!(read("8"), Ok(Within::<8, 20, u32>(8)));
        let refused = |text| read::<Within<8, 20, u32>>(text).unwrap_err();
        for text in ["7", "21", "-1", "two", "1.5", "", "9223372036854775807"] {
            assert_eq!(refused(text), format!("{text}: a whole number, 8 to 20"));
        }
    }

    #[test]
    fn fractions_outside_their_range_are_refused() {
        assert_eq!(read("0.5"), Ok(Share(0.5)));
        assert_eq!(read("1"), Ok(Share(1.0)));
        assert_eq!(Share::read(&Value::Integer(1)), Ok(Share(1.0)));
        for text in ["1.01", "-0.1", "nan", "half"] {
            let refused = read::<Share>(text).unwrap_err();
            assert!(refused.ends_with(": a number, 0 to 1"), "{refused}");
        }
        assert!(read::<Rate>("0.0009").is_err());
        assert!(read::<Lift>("inf").is_err());
        assert!(read::<Lift>("-0.5").is_err());
        assert!(read::<Lift>("1e300").is_err());
    }

    #[test]
    fn sizes_are_numbers_or_texts_with_a_unit() {
        type Some = Size<64, { 64 << 20 }>;
        assert_eq!(read("64 MiB"), Ok(Some::mib(64)));
        assert_eq!(read("64"), Ok(Size::<64, 64>(Bytes(64))));
        assert_eq!(Some::read(&Value::Integer(64)), Ok(Size(Bytes(64))));
        for text in ["63", "65 MiB", "-1", "17179869184 GiB", "12 miles", ""] {
            let refused = read::<Some>(text).unwrap_err();
            assert!(refused.ends_with("a whole number of bytes, 64 to 67108864"), "{refused}");
        }
        assert!(Some::is_absent(&Value::String("0 MiB".to_owned())));
        assert!(!Some::is_absent(&Value::String(String::new())));
    }
}
