//! Amounts of money: an exact decimal and a currency, never a float.

use crate::language::Language;
use rust_decimal::Decimal;
use std::fmt;
use std::str::FromStr;

/// A currency as an ISO 4217 code: three capital letters. The code list itself is not checked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Currency([u8; 3]);

impl Currency {
    /// The ISO 4217 code.
    #[must_use]
    pub fn code(&self) -> &str {
        // The constructor accepts ASCII capitals only, so this never fails.
        std::str::from_utf8(&self.0).unwrap_or("???")
    }

    fn symbol(&self) -> Option<&'static str> {
        match &self.0 {
            b"EUR" => Some("€"),
            b"USD" => Some("$"),
            b"GBP" => Some("£"),
            _ => None,
        }
    }
}

/// Why a text cannot be parsed as money.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum MoneyError {
    /// The currency is not three capital letters.
    #[error("currency `{found}` is not an ISO 4217 code such as EUR")]
    Currency {
        /// The rejected text.
        found: String,
    },
    /// The amount is not a plain decimal such as `129.00`.
    #[error("amount `{found}` is not a decimal such as 129.00")]
    Amount {
        /// The rejected text.
        found: String,
    },
}

impl FromStr for Currency {
    type Err = MoneyError;

    fn from_str(text: &str) -> Result<Self, MoneyError> {
        match text.as_bytes() {
            [a, b, c] if [a, b, c].iter().all(|letter| letter.is_ascii_uppercase()) => {
                Ok(Self([*a, *b, *c]))
            }
            _ => Err(MoneyError::Currency { found: text.to_owned() }),
        }
    }
}

/// Space at which a line never breaks.
const NO_BREAK_SPACE: char = '\u{a0}';

/// Narrow space at which a line never breaks.
const NARROW_NO_BREAK_SPACE: char = '\u{202f}';

/// Digits of a group of thousands.
const GROUP_DIGITS: usize = 3;

/// How a language writes numbers and amounts of money. Source: Unicode CLDR 47.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NumberFormat {
    /// Sign before the decimals.
    pub decimal: char,
    /// Sign between thousands; `None` for none.
    pub group: Option<char>,
    /// Fewest digits before the decimals at which thousands are separated.
    pub grouped_digits_min: usize,
    /// Whether a currency's symbol comes first.
    pub unit_first: bool,
}

impl NumberFormat {
    /// `1,234.50` and `€12.90`.
    pub const ENGLISH: Self =
        Self { decimal: '.', group: Some(','), grouped_digits_min: 4, unit_first: true };
    /// `1.234,50` and `12,90 €`.
    pub const EUROPEAN: Self =
        Self { decimal: ',', group: Some('.'), grouped_digits_min: 4, unit_first: false };
    /// `1 234,50` and `12,90 €`, with a narrow space.
    pub const FRENCH: Self =
        Self { decimal: ',', group: Some(NARROW_NO_BREAK_SPACE), ..Self::EUROPEAN };

    /// The format of a language; that of English for one without its own.
    #[must_use]
    pub fn of(language: Language) -> Self {
        match language {
            Language::FR => Self::FRENCH,
            Language::DE | Language::ES | Language::IT | Language::PT => Self::EUROPEAN,
            _ => Self::ENGLISH,
        }
    }

    /// A plain decimal such as `-1234.50` in this format.
    #[must_use]
    pub fn number(&self, plain: &str) -> String {
        let (sign, digits) = match plain.strip_prefix('-') {
            Some(digits) => ("-", digits),
            None => ("", plain),
        };
        let (whole, decimals) = match digits.split_once('.') {
            Some((whole, decimals)) => (whole, Some(decimals)),
            None => (digits, None),
        };
        let mut written = sign.to_owned();
        let grouped = whole.chars().count() >= self.grouped_digits_min;
        for (at, digit) in whole.chars().enumerate() {
            let left = whole.chars().count() - at;
            if grouped && at > 0 && left.is_multiple_of(GROUP_DIGITS) {
                written.extend(self.group);
            }
            written.push(digit);
        }
        if let Some(decimals) = decimals {
            written.push(self.decimal);
            written.push_str(decimals);
        }
        written
    }
}

/// An amount in a currency.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Money {
    /// The exact amount. It is printed with at least two decimals.
    pub amount: Decimal,
    /// The currency of the amount.
    pub currency: Currency,
}

impl Money {
    /// Parses `amount`, a plain decimal, and `currency`, an ISO 4217 code.
    ///
    /// # Errors
    /// If either is malformed. Exponents, thousands separators and decimal commas are refused.
    pub fn parse(amount: &str, currency: &str) -> Result<Self, MoneyError> {
        let bad = || MoneyError::Amount { found: amount.to_owned() };
        let amount = Decimal::from_str_exact(amount).map_err(|_| bad())?;
        Ok(Self { amount, currency: currency.parse()? })
    }

    /// The amount as used on the wire: `129.00`.
    #[must_use]
    pub fn amount_text(&self) -> String {
        let mut amount = self.amount;
        if amount.scale() < 2 {
            amount.rescale(2);
        }
        amount.to_string()
    }

    /// The amount as shown to a customer: `129,00 €` in French, `€129.00` in English. A language
    /// without a format of its own has the English one.
    #[must_use]
    pub fn localized(&self, language: Language) -> String {
        self.formatted(&NumberFormat::of(language))
    }

    /// The amount in a format.
    #[must_use]
    pub fn formatted(&self, format: &NumberFormat) -> String {
        let amount = format.number(&self.amount_text());
        match (format.unit_first, self.currency.symbol()) {
            (true, Some(symbol)) => format!("{symbol}{amount}"),
            (true, None) => format!("{amount} {}", self.currency.code()),
            (false, symbol) => {
                format!("{amount}{NO_BREAK_SPACE}{}", symbol.unwrap_or(self.currency.code()))
            }
        }
    }
}

impl fmt::Display for Money {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{} {}", self.amount_text(), self.currency.code())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn money_prints_as_the_customer_reads_it() {
        let price = Money::parse("129", "EUR").unwrap();
        assert_eq!(price.amount_text(), "129.00");
        let large = Money::parse("1234.5", "EUR").unwrap();
        let francs = Money::parse("15.5", "CHF").unwrap();
        let danish = Language::from_locale("da").unwrap();
        for (language, prices) in [
            (Language::EN, ["€129.00", "€1,234.50", "15.50 CHF"]),
            (Language::FR, ["129,00\u{a0}€", "1\u{202f}234,50\u{a0}€", "15,50\u{a0}CHF"]),
            (Language::DE, ["129,00\u{a0}€", "1.234,50\u{a0}€", "15,50\u{a0}CHF"]),
            (Language::ES, ["129,00\u{a0}€", "1.234,50\u{a0}€", "15,50\u{a0}CHF"]),
            (Language::IT, ["129,00\u{a0}€", "1.234,50\u{a0}€", "15,50\u{a0}CHF"]),
            (Language::PT, ["129,00\u{a0}€", "1.234,50\u{a0}€", "15,50\u{a0}CHF"]),
            (danish, ["€129.00", "€1,234.50", "15.50 CHF"]),
        ] {
            let found = [price, large, francs].map(|money| money.localized(language));
            assert_eq!(found, prices, "{language}");
        }
        assert_eq!(NumberFormat::FRENCH.number("-1234567"), "-1\u{202f}234\u{202f}567");
        assert_eq!(NumberFormat::ENGLISH.number("999"), "999");
    }

    #[test]
    fn money_accepts_plain_decimals_and_currency_codes_only() {
        assert!(Money::parse("1e3", "EUR").is_err());
        assert!(Money::parse("129,00", "EUR").is_err());
        assert!(Money::parse("129.00", "eur").is_err());
        assert!(Money::parse("", "EUR").is_err());
    }
}
