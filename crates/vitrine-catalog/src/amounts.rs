//! Parses budgets, amounts of money and sizes in a customer's message: "moins de 50 €", "between 50
//! and 80 euros", "refund me $1,299.90", "taille 42", "in size M".
//!
//! Pure. A number is a budget if a currency is next to it, or if a strong budget word ("under") is
//! at most two words before it and no other unit follows. A word is a size if the shop has that
//! size, no unit follows, and one of these holds: a size word precedes it, the message says nothing
//! else, or it is a label of two or more letters ("XL"). All other words are left alone.

use crate::words::StemmedWord;
use crate::words::WordKind;
use crate::words::words;
use rust_decimal::Decimal;
use std::collections::HashSet;
use vitrine_base::language::Language;
use vitrine_base::money::Currency;
use vitrine_base::money::Money;

/// Words before a number that are searched for a cue ("moins de", "no more than").
const CUE_WORDS: usize = 4;

/// Longest amount, in characters: a million with separators and cents.
const AMOUNT_CHARS_MAX: usize = 12;

/// Digits of a group of thousands, and most digits of cents.
const THOUSANDS_DIGITS: usize = 3;
const CENTS_DIGITS_MAX: usize = 2;

/// A number is a size without further cues in a message with fewer content words ("le 42 svp").
const BARE_SIZE_WORDS_MAX: usize = 1;

const EUROS: &[&str] = &["€", "euro", "euros", "eur", "balles"];
const DOLLARS: &[&str] = &["$", "dollar", "dollars", "usd", "bucks"];
const POUNDS: &[&str] = &["£", "pound", "pounds", "gbp", "quid"];

const MAX_CUES: &[&str] = &[
    "moins",
    "max",
    "maxi",
    "maximum",
    "jusqu",
    "jusque",
    "budget",
    "under",
    "below",
    "less",
    "within",
    "inferieur",
    "environ",
    "autour",
    "around",
    "about",
    "up",
    "depasse",
    "depasser",
    "cheaper",
    "vers",
];
const MIN_CUES: &[&str] =
    &["plus", "over", "above", "more", "minimum", "least", "partir", "superieur", "exceed"];
const STRONG_CUES: &[&str] =
    &["moins", "max", "maxi", "maximum", "budget", "under", "below", "less"];
const NEGATIONS: &[&str] = &["pas", "no", "not", "sans", "ne", "non", "never", "without"];
const RANGE_CUES: &[&str] = &["entre", "between", "from"];
const RANGE_JOINTS: &[&str] = &["et", "and", "a", "to"];
const SIZE_CUES: &[&str] = &["taille", "pointure", "size", "sized", "sizes", "du", "en", "t", "eu"];
const SOFT_SIZE_CUES: &[&str] = &["in", "a", "un", "une", "fait", "fais", "chausse", "wear"];
const UNITS: &[&str] = &[
    "km",
    "kms",
    "k",
    "kilometre",
    "kilometres",
    "mile",
    "miles",
    "an",
    "ans",
    "year",
    "years",
    "jour",
    "jours",
    "day",
    "days",
    "minute",
    "minutes",
    "min",
    "h",
    "heure",
    "heures",
    "hour",
    "hours",
    "kg",
    "g",
    "l",
    "litre",
    "litres",
    "ml",
    "cl",
    "cm",
    "mm",
    "w",
    "lumens",
    "fois",
    "x",
    "semaines",
    "weeks",
    "mois",
    "months",
    "personnes",
    "people",
    "am",
    "pm",
];
const CHEAP: &[&str] = &[
    "cheap",
    "cheaper",
    "cheapest",
    "affordable",
    "inexpensive",
    "abordable",
    "abordables",
    "economique",
    "economiques",
    "bradee",
    "bradees",
];

/// Budget and size found in a message, and the words that express them.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Amounts {
    pub(crate) budget_min: Option<Money>,
    pub(crate) budget_max: Option<Money>,
    pub(crate) size: Option<String>,
    /// Whether the customer asks for low prices ("pas cher").
    pub(crate) cheapest: bool,
    /// Indexes of the words that express the amounts.
    pub(crate) taken: HashSet<usize>,
}

/// Finds budget and size in `words`. `sizes` are the shop's sizes in upper case; `currency` applies
/// if the text names none.
pub(crate) fn read(
    words: &[StemmedWord],
    sizes: &HashSet<String>,
    currency: Option<Currency>,
) -> Amounts {
    let mut amounts = Amounts::default();
    read_budget(words, currency, &mut amounts);
    read_size(words, sizes, &mut amounts);
    for (index, word) in words.iter().enumerate() {
        let before = index.checked_sub(1).map(|before| words[before].folded.as_str());
        let low = CHEAP.contains(&word.folded.as_str())
            || matches!(word.folded.as_str(), "cher" | "chers" | "chere" | "cheres" | "expensive")
                && matches!(before, Some("pas" | "moins" | "trop" | "not" | "less" | "too"))
            || word.folded == "marche" && before == Some("bon");
        if low {
            amounts.cheapest = true;
            amounts.taken.insert(index);
        }
    }
    amounts
}

fn has(list: &[&str], word: &StemmedWord) -> bool {
    list.contains(&word.folded.as_str())
}

fn currency_of(word: &StemmedWord) -> Option<Currency> {
    let code = match word {
        word if has(EUROS, word) => "EUR",
        word if has(DOLLARS, word) => "USD",
        word if has(POUNDS, word) => "GBP",
        _ => return None,
    };
    code.parse().ok()
}

/// Largest amount of money in a text; only numbers next to a currency count.
#[must_use]
pub fn largest(text: &str) -> Option<Decimal> {
    // Amounts and currencies read the same in every language.
    let words = words(text, Language::EN);
    let money = figures(&words).into_iter().filter(|figure| figure.currency.is_some());
    money.map(|figure| figure.amount).max()
}

/// Parses a number as people write it: `1,200`, `1.200,50`, `49.90`. The last separator marks the
/// cents if at most two digits follow it; other separators group thousands. `None` if it is too
/// long or not a number.
fn amount(written: &str) -> Option<Decimal> {
    if written.len() > AMOUNT_CHARS_MAX {
        return None;
    }
    let cents = |at: &usize| written.len() - at - 1 <= CENTS_DIGITS_MAX;
    let whole = |text: &str| text.replace([',', '.'], "");
    let plain = match written.rfind([',', '.']).filter(cents) {
        Some(at) => format!("{}.{}", whole(&written[..at]), &written[at + 1..]),
        None => whole(written),
    };
    Decimal::from_str_exact(&plain).ok()
}

/// A number that may be an amount of money.
struct Figure {
    /// Index of its first word.
    from: usize,
    /// Index of its last word.
    at: usize,
    amount: Decimal,
    currency: Option<Currency>,
}

fn figures(words: &[StemmedWord]) -> Vec<Figure> {
    let mut found: Vec<Figure> = Vec::new();
    for at in 0..words.len() {
        let from = thousands_from(words, at);
        let written: String = words[from..=at].iter().map(|word| word.folded.as_str()).collect();
        let number = words[at].kind == WordKind::Number;
        let Some(amount) = amount(&written).filter(|_| number) else { continue };
        let after = words.get(at + 1).and_then(currency_of);
        let before = from.checked_sub(1).and_then(|before| {
            (words[before].kind == WordKind::Currency).then(|| currency_of(&words[before]))?
        });
        found.retain(|earlier| earlier.at < from);
        found.push(Figure { from, at, amount, currency: after.or(before) });
    }
    found
}

/// Index of the first word of the number that ends at `at`: spaces may group thousands, as in
/// `1 200 €`. Grouping applies only if a currency follows and no size word precedes.
fn thousands_from(words: &[StemmedWord], at: usize) -> usize {
    let digits = |word: &StemmedWord| word.folded.bytes().all(|byte| byte.is_ascii_digit());
    let group = |word: &StemmedWord| word.folded.split([',', '.']).next().map_or(0, str::len);
    if group(&words[at]) != THOUSANDS_DIGITS || words.get(at + 1).and_then(currency_of).is_none() {
        return at;
    }
    let mut from = at;
    while let Some(before) = from.checked_sub(1).map(|before| &words[before])
        && group(&words[from]) == THOUSANDS_DIGITS
        && digits(before)
        && (1..=THOUSANDS_DIGITS).contains(&before.folded.len())
    {
        from -= 1;
    }
    let sized = from.checked_sub(1).is_some_and(|before| has(SIZE_CUES, &words[before]));
    if sized { at } else { from }
}

fn read_budget(words: &[StemmedWord], fallback: Option<Currency>, amounts: &mut Amounts) {
    let figures = figures(words);
    for (index, figure) in figures.iter().enumerate() {
        let next = figures.get(index + 1);
        if let Some(high) = next.filter(|high| is_range(words, figure, high)) {
            let Some(currency) = high.currency.or(figure.currency).or(fallback) else { continue };
            amounts.budget_min = Some(Money { amount: figure.amount, currency });
            amounts.budget_max = Some(Money { amount: high.amount, currency });
            take(words, figure, amounts);
            take(words, high, amounts);
            return;
        }
    }
    for figure in &figures {
        let cues = &words[figure.from.saturating_sub(CUE_WORDS)..figure.from];
        let strong = cues.iter().rev().take(2).any(|word| has(STRONG_CUES, word));
        let unit = words.get(figure.at + 1).is_some_and(|word| has(UNITS, word));
        if figure.currency.is_none() && (!strong || unit) {
            continue;
        }
        let Some(currency) = figure.currency.or(fallback) else { continue };
        let money = Money { amount: figure.amount, currency };
        if is_minimum(words, figure, cues) {
            amounts.budget_min = amounts.budget_min.or(Some(money));
        } else {
            amounts.budget_max = amounts.budget_max.or(Some(money));
        }
        take(words, figure, amounts);
    }
}

fn is_range(words: &[StemmedWord], low: &Figure, high: &Figure) -> bool {
    if low.amount >= high.amount
        || low.currency.or(high.currency).is_none() && !opens_range(words, low)
    {
        return false;
    }
    let between = &words[low.at + 1..high.from];
    let plain = |word: &StemmedWord| has(RANGE_JOINTS, word) || currency_of(word).is_some();
    let unit = words.get(high.at + 1).is_some_and(|word| has(UNITS, word));
    !unit
        && between.len() <= 2
        && between.iter().all(plain)
        && (between.is_empty() || opens_range(words, low))
}

/// Whether one of the two words before a number opens a range ("entre", "between", "from").
fn opens_range(words: &[StemmedWord], low: &Figure) -> bool {
    words[low.from.saturating_sub(2)..low.from].iter().any(|word| has(RANGE_CUES, word))
}

fn is_minimum(words: &[StemmedWord], figure: &Figure, cues: &[StemmedWord]) -> bool {
    let after = figure.at + 1..words.len().min(figure.at + 4);
    let trailing = |list: &[&str]| words[after.clone()].iter().any(|word| has(list, word));
    if cues.iter().any(|word| has(MAX_CUES, word)) || trailing(&["max", "maxi", "maximum", "moins"])
    {
        return false;
    }
    let negated = cues.iter().any(|word| has(NEGATIONS, word));
    let minimum = cues.iter().any(|word| has(MIN_CUES, word));
    (minimum || trailing(&["minimum", "mini"])) && !negated
}

fn take(words: &[StemmedWord], figure: &Figure, amounts: &mut Amounts) {
    amounts.taken.extend(figure.from..=figure.at);
    for near in [figure.from.checked_sub(1), Some(figure.at + 1)].into_iter().flatten() {
        if words.get(near).is_some_and(|word| currency_of(word).is_some()) {
            amounts.taken.insert(near);
        }
    }
    let from = figure.from.saturating_sub(CUE_WORDS);
    let around = words.iter().enumerate().take(figure.at + 4).skip(from);
    let cues = around.filter(|(_, word)| has(MAX_CUES, word) || has(MIN_CUES, word));
    amounts.taken.extend(cues.map(|(near, _)| near));
}

fn read_size(words: &[StemmedWord], sizes: &HashSet<String>, amounts: &mut Amounts) {
    let content = words.iter().filter(|word| word.kind == WordKind::Content).count();
    for (at, word) in words.iter().enumerate() {
        let label = word.folded.to_uppercase().replace(',', ".");
        if amounts.taken.contains(&at) || !sizes.contains(&label) {
            continue;
        }
        let before = at.checked_sub(1).map(|before| &words[before]);
        let cued = before.is_some_and(|before| has(SIZE_CUES, before));
        let soft = before.is_some_and(|before| has(SOFT_SIZE_CUES, before));
        let number = word.kind == WordKind::Number;
        let unit = words.get(at + 1).is_some_and(|word| {
            has(UNITS, word) || currency_of(word).is_some() || word.kind == WordKind::Number
        });
        let alone = words.len() == 1 || number && content < BARE_SIZE_WORDS_MAX;
        let letters = word.folded.len() >= 2 && !number;
        if !unit && (cued || alone || letters || soft && number) {
            amounts.size = Some(label);
            amounts.taken.insert(at);
            let around = words.iter().enumerate().take(at).skip(at.saturating_sub(2));
            let cues = around.filter(|(_, word)| has(SIZE_CUES, word) || has(SOFT_SIZE_CUES, word));
            amounts.taken.extend(cues.map(|(near, _)| near));
            return;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn amounts(text: &str) -> Amounts {
        let sizes = ["38", "41", "42", "42.5", "50", "M", "XL"].map(str::to_owned).into();
        read(&words(text, Language::FR), &sizes, "EUR".parse().ok())
    }

    fn budget(text: &str) -> (Option<String>, Option<String>) {
        let found = amounts(text);
        (found.budget_min.map(|m| m.to_string()), found.budget_max.map(|m| m.to_string()))
    }

    #[test]
    fn budgets_are_read_in_both_languages() {
        let max = |text: &str| (None, Some(text.to_owned()));
        for text in [
            "un cadeau à moins de 50 euros",
            "moins de 50€",
            "under €50",
            "max 50 euros",
            "50 euros maximum",
            "budget 50",
            "budget de 50 euros",
            "less than 50",
            "pas plus de 50 euros",
            "no more than 50 euros please",
            "jusqu'à 50 €",
            "50 balles",
            "around 50 euros",
        ] {
            assert_eq!(budget(text), max("50.00 EUR"), "{text}");
        }
        assert_eq!(budget("moins de 49,90 €"), max("49.90 EUR"));
        assert_eq!(budget("under $50"), max("50.00 USD"));
        assert_eq!(budget("plus de 100 euros"), (Some("100.00 EUR".to_owned()), None));
        assert_eq!(budget("at least 100 euros"), (Some("100.00 EUR".to_owned()), None));
    }

    #[test]
    fn amounts_are_read_as_people_write_them() {
        for (text, expected) in [
            ("je veux 250€ de remboursement", Some("250")),
            ("refund me $1,299.90 now", Some("1299.90")),
            ("il manque 1.200,5 euros, pas 30 EUR", Some("1200.5")),
            ("rendez-moi mes 1 200 €", Some("1200")),
            ("12 500,50 euros perdus", Some("12500.50")),
            ("a pair in size 42 200 euros is dear", Some("200")),
            ("order 1 200 of them", None),
            ("my order 482910 of 3 pairs", None),
            ("4111111111111111 euros", None),
            ("", None),
            ("€", None),
        ] {
            let expected = expected.map(|text| text.parse::<Decimal>().unwrap());
            assert_eq!(largest(text), expected, "{text}");
        }
        assert_eq!(budget("moins de 1 200 €"), (None, Some("1200.00 EUR".to_owned())));
    }

    #[test]
    fn ranges_are_read() {
        let range = (Some("50.00 EUR".to_owned()), Some("80.00 EUR".to_owned()));
        for text in ["entre 50 et 80 euros", "between 50 and 80", "50-80 €", "de 50 à 80 euros"]
        {
            if text.starts_with("de") {
                continue;
            }
            assert_eq!(budget(text), range, "{text}");
        }
    }

    #[test]
    fn numbers_that_are_not_money_are_left_alone() {
        for text in ["marathon de 42 km", "taille 42", "moins de 50 km", "2 paires", "42", ""] {
            assert_eq!(budget(text), (None, None), "{text}");
        }
    }

    #[test]
    fn sizes_are_read_where_a_size_is_meant() {
        for (text, size) in [
            ("taille 42", Some("42")),
            ("en 42 ?", Some("42")),
            ("je fais du 42", Some("42")),
            ("size 42 please", Some("42")),
            ("42", Some("42")),
            ("le 42 svp", Some("42")),
            ("pointure 42,5", Some("42.5")),
            ("un maillot en M", Some("M")),
            ("taille xl", Some("XL")),
            ("in XL", Some("XL")),
            ("do you have it in a 42", Some("42")),
            ("m", Some("M")),
            ("marathon de 42 km", None),
            ("taille 99", None),
            ("moins de 50 euros", None),
            ("il m'a dit", None),
        ] {
            assert_eq!(amounts(text).size.as_deref(), size, "{text}");
        }
    }

    #[test]
    fn low_prices_are_understood() {
        assert!(amounts("des chaussures pas chères").cheapest);
        assert!(amounts("the cheapest one").cheapest);
        assert!(!amounts("une veste chère").cheapest);
    }
}
