//! Values written as text: names, paths, addresses, amounts, the filter of the log and secrets; and
//! true or false.

use crate::config::value::setting::Refused;
use crate::config::value::setting::Setting;
use rust_decimal::Decimal;
use std::net::SocketAddr;
use std::path::PathBuf;
use toml::Value;
use tracing_subscriber::EnvFilter;
use vitrine_base::ids::ID_BYTES_MAX;
use vitrine_base::ids::TenantId;

/// Levels of the log.
const LOG_LEVELS: [&str; 6] = ["error", "warn", "info", "debug", "trace", "off"];

impl Setting for String {
    fn allowed() -> String {
        "text".to_owned()
    }

    fn read(value: &Value) -> Result<Self, Refused> {
        value.as_str().map(str::to_owned).ok_or_else(|| Refused::of::<Self>(value))
    }
}

impl Setting for PathBuf {
    fn allowed() -> String {
        "a path; `~/` stands for the home folder".to_owned()
    }

    fn read(value: &Value) -> Result<Self, Refused> {
        let path = value.as_str().filter(|path| !path.trim().is_empty() && !path.contains('\0'));
        path.map(Self::from).ok_or_else(|| Refused::of::<Self>(value))
    }
}

impl Setting for SocketAddr {
    fn allowed() -> String {
        "an address and port such as 127.0.0.1:8080".to_owned()
    }

    fn read(value: &Value) -> Result<Self, Refused> {
        let address = value.as_str().and_then(|text| text.parse().ok());
        address.ok_or_else(|| Refused::of::<Self>(value))
    }
}

/// An amount of money in any currency; 0 or more.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Amount(pub(crate) Decimal);

impl Setting for Amount {
    fn allowed() -> String {
        "a decimal number as text, 0 or more, such as \"250.00\"".to_owned()
    }

    fn read(value: &Value) -> Result<Self, Refused> {
        let amount = value.as_str().and_then(|text| Decimal::from_str_exact(text.trim()).ok());
        let amount = amount.filter(|amount| !amount.is_sign_negative());
        amount.map(Self).ok_or_else(|| Refused::of::<Self>(value))
    }
}

/// A text in one line that is not empty, without spaces around it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Line<const CHARS_MAX: usize>(pub(crate) String);

/// A name or a path; the longest path that Linux opens.
pub(crate) type Name = Line<4096>;

/// A few words that the bot says.
pub(crate) type Phrase = Line<160>;

impl<const CHARS_MAX: usize> Setting for Line<CHARS_MAX> {
    fn allowed() -> String {
        format!("text in one line, 1 to {CHARS_MAX} characters")
    }

    fn read(value: &Value) -> Result<Self, Refused> {
        let text = value.as_str().map(str::trim).filter(|text| {
            let fits = (1..=CHARS_MAX).contains(&text.chars().count());
            fits && !text.chars().any(char::is_control)
        });
        text.map(|text| Self(text.to_owned())).ok_or_else(|| Refused::of::<Self>(value))
    }
}

/// Which messages are logged.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct LogFilter(pub(crate) String);

impl Setting for LogFilter {
    fn allowed() -> String {
        let levels = LOG_LEVELS.join(", ");
        format!("{levels}, or a filter of a module's level such as `warn,vitrine=debug`")
    }

    fn read(value: &Value) -> Result<Self, Refused> {
        let filter = value.as_str().filter(|filter| {
            // The library takes a word that is no level for the name of a module.
            let plain = filter.split(',').map(str::trim).filter(|part| !part.contains(['=', '[']));
            let are_levels = plain.into_iter().all(is_log_level);
            are_levels && EnvFilter::builder().parse(filter).is_ok()
        });
        filter.map(|filter| Self(filter.to_owned())).ok_or_else(|| Refused::of::<Self>(value))
    }
}

fn is_log_level(word: &str) -> bool {
    LOG_LEVELS.iter().any(|level| level.eq_ignore_ascii_case(word))
}

impl Setting for TenantId {
    fn allowed() -> String {
        format!("a name of 1 to {ID_BYTES_MAX} bytes without control characters")
    }

    fn read(value: &Value) -> Result<Self, Refused> {
        let name = value.as_str().and_then(|name| Self::new(name).ok());
        name.ok_or_else(|| Refused::of::<Self>(value))
    }
}

impl Setting for bool {
    fn allowed() -> String {
        "true, false".to_owned()
    }

    fn read(value: &Value) -> Result<Self, Refused> {
        value.as_bool().ok_or_else(|| Refused::of::<Self>(value))
    }

    fn from_text(text: &str) -> Option<Value> {
        Some(text.parse().map_or_else(|_| Value::String(text.to_owned()), Value::Boolean))
    }
}

/// Text that messages never show.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Secret(pub(crate) String);

impl std::fmt::Debug for Secret {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("Secret(…)")
    }
}

impl Setting for Secret {
    const SECRET: bool = true;

    fn allowed() -> String {
        String::allowed()
    }

    fn read(value: &Value) -> Result<Self, Refused> {
        let text = value.as_str().map(|text| Self(text.to_owned()));
        text.ok_or_else(|| Refused::secret(Self::allowed()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read<T: Setting>(text: &str) -> Result<T, Refused> {
        T::read(&Value::String(text.to_owned()))
    }

    #[test]
    fn a_line_is_not_empty_not_long_and_holds_no_control_character() {
        assert_eq!(read(" vip "), Ok(Line::<5>("vip".to_owned())));
        for text in ["", "  ", "sixsix", "a\nb", "\u{7}"] {
            assert_eq!(read::<Line<5>>(text).unwrap_err().allowed, Line::<5>::allowed());
        }
        assert!(read::<Phrase>(&"é".repeat(160)).is_ok());
    }

    #[test]
    fn a_log_filter_is_a_level_or_levels_of_modules() {
        for filter in ["info", "WARN", "off", "vitrine=debug", "warn,vitrine::http=trace"] {
            assert!(read::<LogFilter>(filter).is_ok(), "{filter}");
        }
        for filter in ["loud", "", "info,", "vitrine=loud", "warning", "info debug", "2x"] {
            let refused = read::<LogFilter>(filter).unwrap_err();
            assert!(refused.allowed.starts_with("error, warn, info, debug"), "{refused:?}");
        }
    }

    #[test]
    fn an_amount_is_a_plain_decimal_and_not_negative() {
        assert_eq!(read("250.00"), Ok(Amount(Decimal::new(25_000, 2))));
        for text in ["-1", "250,00", "lots", "", "NaN", "1e9"] {
            assert!(read::<Amount>(text).unwrap_err().allowed.contains("0 or more"), "{text}");
        }
    }
}
