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

    /// The amount as shown to a customer: `129,00 €` in French, `€129.00` in English.
    #[must_use]
    pub fn localized(&self, language: Language) -> String {
        let amount = self.amount_text();
        match (language, self.currency.symbol()) {
            (Language::Fr, symbol) => {
                let unit = symbol.unwrap_or(self.currency.code());
                format!("{} {unit}", amount.replace('.', ","))
            }
            (Language::En, Some(symbol)) => format!("{symbol}{amount}"),
            (Language::En, None) => format!("{amount} {}", self.currency.code()),
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
        assert_eq!(price.localized(Language::Fr), "129,00 €");
        assert_eq!(price.localized(Language::En), "€129.00");
        let price = Money::parse("15.5", "CHF").unwrap();
        assert_eq!(price.localized(Language::En), "15.50 CHF");
        assert_eq!(price.localized(Language::Fr), "15,50 CHF");
    }

    #[test]
    fn money_accepts_plain_decimals_and_currency_codes_only() {
        assert!(Money::parse("1e3", "EUR").is_err());
        assert!(Money::parse("129,00", "EUR").is_err());
        assert!(Money::parse("129.00", "eur").is_err());
        assert!(Money::parse("", "EUR").is_err());
    }
}
