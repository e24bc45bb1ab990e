//! Amounts, dates, sizes and enumerations as a language writes them: sections `[say.format]`,
//! `[say.currencies]`, `[say.status]` of a locale file.

use crate::plan::Price;
use crate::words::piece::Piece;
use crate::words::piece::join;
use serde::Deserialize;
use std::collections::BTreeMap;
use vitrine_base::money::Money;

/// Shortest run of consecutive sizes that is written as a range.
const RANGE_SIZES_MIN: usize = 4;

/// Most decimals of an amount that are kept.
const DECIMALS_MAX: u32 = 4;

/// How a language writes amounts, dates and enumerations.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Format {
    /// Decimal mark.
    decimal: String,
    /// Mark between thousands.
    group: String,
    /// Fewest digits before the decimal mark that are grouped.
    group_digits_min: usize,
    /// Amount with a symbol: `{unit}{amount}`.
    money_symbol: String,
    /// Amount with a currency code: `{amount} {unit}`.
    money_code: String,
    /// A price: "at {money}".
    at: String,
    /// The lowest of several prices: "from {money}".
    from: String,
    /// Consecutive sizes: "{first} to {last}".
    range: String,
    /// Before the last of several.
    and: String,
    /// Before the last of several, one of which is meant.
    or: String,
    /// Other forms of `and` before words with these starts, the longest start first.
    #[serde(default)]
    and_before: BTreeMap<String, String>,
    /// Other forms of `or`.
    #[serde(default)]
    or_before: BTreeMap<String, String>,
    /// Day, month and year.
    date: String,
    /// Names of the months.
    months: [String; 12],
    /// In a comparison: what is special about each, if a row has no label.
    pub(crate) details: String,
    /// In a comparison: it has the property.
    pub(crate) yes: String,
    /// In a comparison: it does not.
    pub(crate) no: String,
    /// In a comparison: the shop does not say.
    pub(crate) unknown: String,
    /// After a product that can be ordered before it arrives.
    pub(crate) preorder: String,
    /// After a product that is sold out.
    pub(crate) sold_out: String,
}

impl Format {
    /// An amount: "12,90 €".
    pub(crate) fn money(&self, money: Money) -> Piece {
        let text = self.money_text(money);
        Piece::fact(text, "price", &money.to_string())
    }

    /// A limit that a customer set: whole amounts without decimals.
    pub(crate) fn limit(&self, money: Money) -> Piece {
        let text = self.money_text(money);
        let zeros = format!("{}00", self.decimal);
        let text = if money.amount.is_integer() { text.replace(&zeros, "") } else { text };
        Piece::fact(text, "price", &money.to_string())
    }

    /// A price: "12,90 €", "from €34.90".
    pub(crate) fn price(&self, price: &Price) -> Piece {
        match price {
            Price::Exact(money) => self.money(*money),
            Price::From(money) => self.around(&self.from, *money),
        }
    }

    /// A price within a sentence: "at €12.90", "from €34.90".
    pub(crate) fn at_price(&self, price: &Price) -> Piece {
        match price {
            Price::Exact(money) => self.around(&self.at, *money),
            Price::From(money) => self.around(&self.from, *money),
        }
    }

    fn around(&self, pattern: &str, money: Money) -> Piece {
        let (before, after) = pattern.split_once("{money}").unwrap_or((pattern, ""));
        let mut piece = Piece::plain(before);
        piece.push(&self.money(money));
        piece.text.push_str(after);
        piece
    }

    fn money_text(&self, money: Money) -> String {
        let amount = money.amount.normalize();
        let decimals = amount.scale().clamp(2, DECIMALS_MAX);
        let text = format!("{:.*}", decimals as usize, amount.abs());
        let (whole, fraction) = text.split_once('.').unwrap_or((&text, "00"));
        let sign = if amount.is_sign_negative() { "-" } else { "" };
        let amount = format!("{sign}{}{}{fraction}", self.grouped(whole), self.decimal);
        let symbol = symbol(money.currency.code());
        let pattern = if symbol.is_some() { &self.money_symbol } else { &self.money_code };
        let unit = symbol.unwrap_or(money.currency.code());
        pattern.replace("{amount}", &amount).replace("{unit}", unit)
    }

    fn grouped(&self, digits: &str) -> String {
        if digits.len() < self.group_digits_min.max(4) {
            return digits.to_owned();
        }
        let mut text = String::new();
        for (index, digit) in digits.chars().enumerate() {
            if index > 0 && (digits.len() - index).is_multiple_of(3) {
                text.push_str(&self.group);
            }
            text.push(digit);
        }
        text
    }

    /// A date `2026-11-24` in words; other texts stay as they are.
    pub(crate) fn date(&self, text: &str) -> String {
        let day = text.get(..10).unwrap_or(text);
        let whole = text.len() == day.len() || text[day.len()..].starts_with(['T', ' ']);
        let Some(date) = day.parse::<jiff::civil::Date>().ok().filter(|_| whole) else {
            return text.trim().to_owned();
        };
        let month = usize::try_from(date.month()).unwrap_or(1).clamp(1, 12) - 1;
        self.date
            .replace("{day}", &date.day().to_string())
            .replace("{month}", &self.months[month])
            .replace("{year}", &date.year().to_string())
    }

    /// "a, b and c".
    pub(crate) fn all_of(&self, pieces: &[Piece]) -> Piece {
        join(pieces, ", ", |next| before(&self.and, &self.and_before, next))
    }

    /// "a, b or c".
    pub(crate) fn one_of(&self, pieces: &[Piece]) -> Piece {
        join(pieces, ", ", |next| before(&self.or, &self.or_before, next))
    }

    /// All sizes, each named: "36, 37 and 38".
    pub(crate) fn sizes(&self, sizes: &[String]) -> Piece {
        let pieces: Vec<Piece> = sizes.iter().map(|size| size_piece(size)).collect();
        self.all_of(&pieces)
    }

    /// Sizes with runs of whole numbers as ranges: "36 to 44 and 46".
    pub(crate) fn size_ranges(&self, sizes: &[String]) -> Piece {
        self.all_of(&self.runs(sizes))
    }

    /// The same to choose from: "5 L or 15 L".
    pub(crate) fn size_choice(&self, sizes: &[String]) -> Piece {
        self.one_of(&self.runs(sizes))
    }

    fn runs(&self, sizes: &[String]) -> Vec<Piece> {
        let mut pieces = Vec::new();
        let mut rest = sizes;
        while let Some(first) = rest.first() {
            let run = run_length(rest);
            let taken = if run >= RANGE_SIZES_MIN { run } else { 1 };
            if taken == 1 {
                pieces.push(size_piece(first));
            } else {
                let last = &rest[taken - 1];
                let text = self.range.replace("{first}", first).replace("{last}", last);
                pieces.push(Piece::fact(text, "size", &format!("{first}-{last}")));
            }
            rest = &rest[taken..];
        }
        pieces
    }
}

/// Whether a pattern of the format lacks its placeholders: the name of the pattern, and the
/// placeholder.
pub(crate) fn missing_placeholder(format: &Format) -> Option<(&'static str, &'static str)> {
    let needed: [(&str, &str, &[&str]); 6] = [
        ("money_symbol", &format.money_symbol, &["{amount}", "{unit}"]),
        ("money_code", &format.money_code, &["{amount}", "{unit}"]),
        ("at", &format.at, &["{money}"]),
        ("from", &format.from, &["{money}"]),
        ("range", &format.range, &["{first}", "{last}"]),
        ("date", &format.date, &["{day}", "{month}"]),
    ];
    needed.into_iter().find_map(|(name, pattern, places)| {
        places.iter().find(|place| !pattern.contains(**place)).map(|place| (name, *place))
    })
}

fn size_piece(size: &str) -> Piece {
    Piece::fact(size, "size", size)
}

/// Sizes at the start that are whole numbers, each one more than the one before.
fn run_length(sizes: &[String]) -> usize {
    let numbers = sizes.iter().map_while(|size| size.parse::<u32>().ok());
    let mut length = 0;
    let mut next = None;
    for number in numbers {
        if next.is_some_and(|next| next != number) {
            break;
        }
        next = number.checked_add(1);
        length += 1;
    }
    length
}

fn before(word: &str, exceptions: &BTreeMap<String, String>, next: &str) -> String {
    let next = next.to_lowercase();
    let matching = exceptions.iter().filter(|(start, _)| next.starts_with(start.as_str()));
    let longest = matching.max_by_key(|(start, _)| start.len());
    longest.map_or(word, |(_, other)| other).to_owned()
}

fn symbol(code: &str) -> Option<&'static str> {
    match code {
        "EUR" => Some("€"),
        "USD" => Some("$"),
        "GBP" => Some("£"),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use crate::locale::Locales;
    use crate::plan::Price;
    use crate::shop::Language;
    use crate::words::piece::Piece;
    use vitrine_base::money::Money;

    fn money(amount: &str, currency: &str) -> Money {
        Money::parse(amount, currency).unwrap()
    }

    #[test]
    fn amounts_follow_the_language() {
        let locales = Locales::shipped(Language::EN).unwrap();
        let cases = [
            ("en", "€12.90", "€12,345.60", "15.50\u{a0}CHF", "from €34.90"),
            (
                "fr",
                "12,90\u{a0}€",
                "12\u{202f}345,60\u{a0}€",
                "15,50\u{a0}CHF",
                "à partir de 34,90\u{a0}€",
            ),
            ("de", "12,90\u{a0}€", "12.345,60\u{a0}€", "15,50\u{a0}CHF", "ab 34,90\u{a0}€"),
            ("es", "12,90\u{a0}€", "12.345,60\u{a0}€", "15,50\u{a0}CHF", "desde 34,90\u{a0}€"),
            ("it", "12,90\u{a0}€", "12.345,60\u{a0}€", "15,50\u{a0}CHF", "da 34,90\u{a0}€"),
            (
                "pt",
                "12,90\u{a0}€",
                "12.345,60\u{a0}€",
                "15,50\u{a0}CHF",
                "a partir de 34,90\u{a0}€",
            ),
        ];
        for (code, small, large, francs, from) in cases {
            let format = &locales.get(Language::from_locale(code).unwrap()).templates.format;
            assert_eq!(format.money(money("12.9", "EUR")).text, small);
            assert_eq!(format.money(money("12345.6", "EUR")).text, large);
            assert_eq!(format.money(money("15.5", "CHF")).text, francs);
            assert_eq!(format.price(&Price::From(money("34.90", "EUR"))).text, from);
        }
    }

    #[test]
    fn dates_and_enumerations_follow_the_language() {
        let locales = Locales::shipped(Language::EN).unwrap();
        let dates = [
            ("en", "24 November 2026"),
            ("fr", "24 novembre 2026"),
            ("de", "24. November 2026"),
            ("es", "24 de noviembre de 2026"),
            ("it", "24 novembre 2026"),
            ("pt", "24 de novembro de 2026"),
        ];
        for (code, written) in dates {
            let format = &locales.get(Language::from_locale(code).unwrap()).templates.format;
            assert_eq!(format.date("2026-11-24"), written);
            assert_eq!(format.date("2026-11-24T08:00:00Z"), written);
            assert_eq!(format.date("morgen"), "morgen");
        }
        let es = &locales.get(Language::ES).templates.format;
        let pair = |a: &str, b: &str| es.all_of(&[Piece::plain(a), Piece::plain(b)]).text;
        assert_eq!(pair("lluvia", "frío"), "lluvia y frío");
        assert_eq!(pair("otoño", "invierno"), "otoño e invierno");
        assert_eq!(pair("nieve", "hielo"), "nieve y hielo");
    }

    #[test]
    fn consecutive_sizes_become_a_range_and_gaps_stay_visible() {
        let locales = Locales::shipped(Language::EN).unwrap();
        let en = &locales.get(Language::EN).templates.format;
        let sizes = |text: &str| text.split(' ').map(str::to_owned).collect::<Vec<_>>();
        assert_eq!(en.size_ranges(&sizes("36 37 38 39 41 42")).text, "36 to 39, 41 and 42");
        assert_eq!(en.size_ranges(&sizes("S M L")).text, "S, M and L");
        assert_eq!(en.size_ranges(&sizes("36 37 38")).text, "36, 37 and 38");
    }
}
