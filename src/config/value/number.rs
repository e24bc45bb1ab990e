//! Numbers: whole numbers with a minimum, fractions with a range, sizes in bytes.

use crate::config::value::setting::Refused;
use crate::config::value::setting::Setting;
use toml::Value;
use vitrine_base::units::Bytes;

/// An unsigned integer type that values are stored in.
pub(crate) trait Unsigned: TryFrom<i64> + Copy {
    /// Its largest number.
    const MAX: u64;
}

impl Unsigned for u32 {
    const MAX: u64 = u32::MAX as u64;
}

impl Unsigned for u64 {
    const MAX: u64 = u64::MAX;
}

impl Unsigned for usize {
    const MAX: u64 = usize::MAX as u64;
}

/// A whole number that is at least `MIN`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct AtLeast<const MIN: u64, T>(pub(crate) T);

/// A whole number that may be 0.
pub(crate) type Whole<T> = AtLeast<0, T>;

impl<const MIN: u64, T: Unsigned> Setting for AtLeast<MIN, T> {
    fn allowed() -> String {
        format!("a whole number, {MIN} or more")
    }

    fn read(value: &Value) -> Result<Self, Refused> {
        let refused = || Refused::of::<Self>(value);
        let number = value.as_integer().ok_or_else(refused)?;
        if u64::try_from(number).map_err(|_| refused())? < MIN {
            return Err(refused());
        }
        let range = || format!("a whole number, {MIN} to {}", T::MAX);
        T::try_from(number).map(Self).map_err(|_| Refused::new(value, range()))
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
    Lift(0.0..=f64::MAX, "a number, 0 or more");
}

/// A size in bytes, written as a number or as text such as `512 MiB`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct ByteSize(pub(crate) Bytes);

impl ByteSize {
    /// A size of whole MiB.
    pub(crate) const fn mib(mib: u64) -> Self {
        Self(Bytes(mib << 20))
    }
}

impl Setting for ByteSize {
    fn allowed() -> String {
        "a size such as `512 MiB`, or a whole number of bytes".to_owned()
    }

    fn read(value: &Value) -> Result<Self, Refused> {
        let bytes = match value {
            Value::Integer(bytes) => u64::try_from(*bytes).ok().map(Bytes),
            Value::String(text) => text.parse().ok(),
            _ => None,
        };
        bytes.map(Self).ok_or_else(|| Refused::of::<Self>(value))
    }

    fn is_absent(value: &Value) -> bool {
        Self::read(value) == Ok(Self(Bytes(0)))
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
    fn whole_numbers_below_the_minimum_or_above_the_type_are_refused() {
        assert_eq!(read("8"), Ok(AtLeast::<8, u32>(8)));
        let refused = |text| read::<AtLeast<8, u32>>(text).unwrap_err();
        for text in ["7", "-1", "two", "1.5", ""] {
            assert_eq!(refused(text), format!("{text}: a whole number, 8 or more"));
        }
        assert_eq!(refused("4294967296"), "4294967296: a whole number, 8 to 4294967295");
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
    }

    #[test]
    fn sizes_are_numbers_or_texts_with_a_unit() {
        assert_eq!(read("64 MiB"), Ok(ByteSize::mib(64)));
        assert_eq!(read("64"), Ok(ByteSize(Bytes(64))));
        assert_eq!(ByteSize::read(&Value::Integer(64)), Ok(ByteSize(Bytes(64))));
        assert!(ByteSize::read(&Value::Integer(-1)).is_err());
        assert!(ByteSize::is_absent(&Value::String("0 MiB".to_owned())));
        assert!(!ByteSize::is_absent(&Value::String(String::new())));
    }
}
