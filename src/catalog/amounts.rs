//! Reads budgets and sizes out of a customer's words: "moins de 50 €", "between 50 and 80 euros",
//! "taille 42", "in size M".
//!
//! Pure. A number is a budget when a currency stands beside it or a budget word before it; a size
//! when a size word stands before it and the shop has that size. Anything else stays a word.

use crate::base::money::Currency;
use crate::base::money::Money;
use crate::catalog::words::Word;
use crate::catalog::words::WordKind;
use rust_decimal::Decimal;
use std::collections::HashSet;

/// Words before a number that may say what it means ("moins de", "no more than").
const CUE_WORDS: usize = 4;

/// Characters of an amount; the dearest article has fewer.
const AMOUNT_CHARS_MAX: usize = 9;

/// Content words of a message that may be nothing but a size ("42", "le 42 svp").
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

/// Amounts found, and which words they took.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Amounts {
    pub(crate) budget_min: Option<Money>,
    pub(crate) budget_max: Option<Money>,
    pub(crate) size: Option<String>,
    pub(crate) cheapest: bool,
    /// Word indexes that are explained.
    pub(crate) taken: HashSet<usize>,
}

/// Reads `words`; `sizes` are the shop's sizes in upper case, `currency` is meant where the text
/// names none.
pub(crate) fn read(words: &[Word], sizes: &HashSet<String>, currency: Option<Currency>) -> Amounts {
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

fn has(list: &[&str], word: &Word) -> bool {
    list.contains(&word.folded.as_str())
}

fn currency_of(word: &Word) -> Option<Currency> {
    let code = match word {
        word if has(EUROS, word) => "EUR",
        word if has(DOLLARS, word) => "USD",
        word if has(POUNDS, word) => "GBP",
        _ => return None,
    };
    code.parse().ok()
}

fn amount_of(word: &Word) -> Option<Decimal> {
    if word.kind != WordKind::Number || word.folded.len() > AMOUNT_CHARS_MAX {
        return None;
    }
    Decimal::from_str_exact(&word.folded.replace(',', ".")).ok()
}

/// One number that may be an amount of money.
struct Figure {
    at: usize,
    amount: Decimal,
    currency: Option<Currency>,
}

fn figures(words: &[Word]) -> Vec<Figure> {
    let mut found = Vec::new();
    for (at, word) in words.iter().enumerate() {
        let Some(amount) = amount_of(word) else { continue };
        let after = words.get(at + 1).and_then(currency_of);
        let before = at.checked_sub(1).and_then(|before| {
            (words[before].kind == WordKind::Currency).then(|| currency_of(&words[before]))?
        });
        found.push(Figure { at, amount, currency: after.or(before) });
    }
    found
}

fn read_budget(words: &[Word], fallback: Option<Currency>, amounts: &mut Amounts) {
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
        let cues = &words[figure.at.saturating_sub(CUE_WORDS)..figure.at];
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

fn is_range(words: &[Word], low: &Figure, high: &Figure) -> bool {
    if low.amount >= high.amount || low.currency.or(high.currency).is_none() && !said(words, low) {
        return false;
    }
    let between = &words[low.at + 1..high.at];
    let plain = |word: &Word| has(RANGE_JOINTS, word) || currency_of(word).is_some();
    let unit = words.get(high.at + 1).is_some_and(|word| has(UNITS, word));
    !unit
        && between.len() <= 2
        && between.iter().all(plain)
        && (between.is_empty() || said(words, low))
}

/// Whether "entre" or "between" stands right before a number.
fn said(words: &[Word], low: &Figure) -> bool {
    words[low.at.saturating_sub(2)..low.at].iter().any(|word| has(RANGE_CUES, word))
}

fn is_minimum(words: &[Word], figure: &Figure, cues: &[Word]) -> bool {
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

fn take(words: &[Word], figure: &Figure, amounts: &mut Amounts) {
    amounts.taken.insert(figure.at);
    for near in [figure.at.checked_sub(1), Some(figure.at + 1)].into_iter().flatten() {
        if words.get(near).is_some_and(|word| currency_of(word).is_some()) {
            amounts.taken.insert(near);
        }
    }
    let from = figure.at.saturating_sub(CUE_WORDS);
    let around = words.iter().enumerate().take(figure.at + 4).skip(from);
    let cues = around.filter(|(_, word)| has(MAX_CUES, word) || has(MIN_CUES, word));
    amounts.taken.extend(cues.map(|(near, _)| near));
}

fn read_size(words: &[Word], sizes: &HashSet<String>, amounts: &mut Amounts) {
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
    use crate::base::language::Language;
    use crate::catalog::words::words;

    fn amounts(text: &str) -> Amounts {
        let sizes = ["38", "41", "42", "42.5", "50", "M", "XL"].map(str::to_owned).into();
        read(&words(text, Language::Fr), &sizes, "EUR".parse().ok())
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
