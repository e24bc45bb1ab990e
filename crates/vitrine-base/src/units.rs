//! Byte sizes: parsing and formatting with units.

use std::fmt;
use std::str::FromStr;

/// A number of bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Bytes(pub u64);

const UNITS: [(&str, u64); 7] = [
    ("KiB", 1 << 10),
    ("MiB", 1 << 20),
    ("GiB", 1 << 30),
    ("kB", 1_000),
    ("MB", 1_000_000),
    ("GB", 1_000_000_000),
    ("B", 1),
];

impl fmt::Display for Bytes {
    #[expect(clippy::cast_precision_loss, reason = "one decimal is shown")]
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (unit, size) in [UNITS[2], UNITS[1], UNITS[0]] {
            if self.0 >= size {
                return write!(formatter, "{:.1} {unit}", self.0 as f64 / size as f64);
            }
        }
        write!(formatter, "{} B", self.0)
    }
}

impl FromStr for Bytes {
    type Err = String;

    /// Parses `512 MiB`, `2GB` or a plain number of bytes. Units are `B`, `kB`, `MB`, `GB`, `KiB`,
    /// `MiB` and `GiB`; the number must be an integer.
    fn from_str(text: &str) -> Result<Self, String> {
        let bad = || format!("`{text}` is not a size such as `512 MiB` or `1073741824`");
        let trimmed = text.trim();
        let (number, size) = UNITS
            .iter()
            .find_map(|(unit, size)| Some((trimmed.strip_suffix(unit)?, *size)))
            .unwrap_or((trimmed, 1));
        let number: u64 = number.trim().parse().map_err(|_| bad())?;
        number.checked_mul(size).map(Self).ok_or_else(bad)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_round_trip() {
        assert_eq!("512 MiB".parse(), Ok(Bytes(512 << 20)));
        assert_eq!("2GB".parse(), Ok(Bytes(2_000_000_000)));
        assert_eq!("17".parse(), Ok(Bytes(17)));
        assert!("12 miles".parse::<Bytes>().is_err());
        assert!("99999999999 GiB".parse::<Bytes>().is_err());
        assert_eq!(Bytes(1 << 30).to_string(), "1.0 GiB");
        assert_eq!(Bytes(7).to_string(), "7 B");
    }
}
