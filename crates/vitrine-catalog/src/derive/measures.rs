//! Measures in cells and sentences: `Height: 20cm`, `3,5 kg`, `15 x 20 cm`, `garantie 2 ans`.

use crate::derive::terms::Unit;
use crate::derive::terms::name_key;
use crate::derive::terms::terms;
use rust_decimal::Decimal;

/// Words before and after a number among which its name is looked for.
const NAME_WORDS: usize = 4;

/// Grams and millilitres from which the larger unit is used.
const LARGE_MIN: i64 = 1000;

/// A measure: the key with its unit, such as `height_cm`, and the number.
pub(super) type Measured = (String, Decimal);

/// A number in the unit that keys carry.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Amount {
    number: Decimal,
    unit: String,
    pub(super) family: String,
}

impl Amount {
    fn new(number: Decimal, unit: &Unit) -> Option<Self> {
        let number = number.checked_mul(unit.factor)?;
        let large = Decimal::from(LARGE_MIN);
        let (number, key) = match unit.key.as_str() {
            "g" if number >= large => (number / large, "kg"),
            "ml" if number >= large => (number / large, "l"),
            key => (number, key),
        };
        Some(Self { number: number.normalize(), unit: key.to_owned(), family: unit.family.clone() })
    }

    /// The measure of this amount under a name.
    pub(super) fn under(self, name: &str) -> Measured {
        (format!("{name}_{}", self.unit), self.number)
    }
}

/// A whole cell as a number with a unit, or with the unit that its label names: `Height (cm)`.
pub(super) fn amount(value: &str, label: &str) -> Option<Amount> {
    let tokens = tokens(value);
    let unit = match tokens.as_slice() {
        [Token::Number(_), Token::Word(unit)] => terms().unit(unit)?.clone(),
        [Token::Number(_)] => {
            let (_, inside) = label.trim_end_matches([')', ']']).rsplit_once(['(', '['])?;
            terms().unit(inside)?.clone()
        }
        _ => return None,
    };
    let Some(Token::Number(number)) = tokens.first() else { return None };
    Amount::new(*number, &unit)
}

/// A whole cell as a plain number.
pub(super) fn number(value: &str) -> Option<Decimal> {
    match tokens(value).as_slice() {
        [Token::Number(number)] => Some(*number),
        _ => None,
    }
}

/// The measures that a sentence names.
pub(super) fn in_text(text: &str) -> Vec<Measured> {
    let tokens = tokens(text);
    let mut found = Vec::new();
    for at in 0..tokens.len().saturating_sub(1) {
        let (Token::Number(number), Token::Word(unit)) = (&tokens[at], &tokens[at + 1]) else {
            continue;
        };
        let Some(unit) = terms().unit(unit) else { continue };
        let before = at.saturating_sub(NAME_WORDS)..at;
        let after = at + 2..(at + 2 + NAME_WORDS).min(tokens.len());
        let name = nearest(&tokens[before], &unit.family, true)
            .or_else(|| nearest(&tokens[after], &unit.family, false));
        if let Some((name, amount)) = name.zip(Amount::new(*number, unit)) {
            found.push(amount.under(&name));
        }
    }
    found
}

/// Volume and weight in a name, where they need no word: `Hand cream 50 ml`.
pub(super) fn in_name(name: &str) -> Option<Measured> {
    let tokens = tokens(name);
    let mut found = tokens.windows(2).filter_map(|pair| match pair {
        [Token::Number(number), Token::Word(unit)] => {
            let unit = terms().unit(unit)?;
            let name = match unit.family.as_str() {
                "volume" => "volume",
                "mass" => "weight",
                _ => return None,
            };
            Some(Amount::new(*number, unit)?.under(name))
        }
        _ => None,
    });
    let only = found.next()?;
    found.next().is_none().then_some(only)
}

/// Two or three dimensions as the text writes them, such as `15 x 20 cm`.
pub(super) fn dimensions(text: &str) -> Option<String> {
    let tokens = tokens(text);
    for start in 0..tokens.len() {
        let mut at = start;
        let mut numbers = Vec::new();
        while let Some(Token::Number(number)) = tokens.get(at) {
            numbers.push(number.normalize().to_string());
            // `15 cm x 20 cm` and `15 x 20 cm`.
            let unit = tokens.get(at + 1).filter(|token| is_length(token));
            at += 1 + usize::from(unit.is_some());
            match tokens.get(at) {
                Some(Token::Word(times)) if times == "x" || times == "×" => at += 1,
                _ => break,
            }
        }
        let last = tokens.get(at.saturating_sub(1));
        if let Some(Token::Word(unit)) = last.filter(|token| is_length(token))
            && (2..=3).contains(&numbers.len())
        {
            return Some(format!("{} {}", numbers.join(" x "), unit.to_lowercase()));
        }
    }
    None
}

fn is_length(token: &Token) -> bool {
    match token {
        Token::Word(word) => terms().unit(word).is_some_and(|unit| unit.family == "length"),
        Token::Number(_) | Token::Sign => false,
    }
}

/// The measure named nearest to a number, by one or two words.
fn nearest(tokens: &[Token], family: &str, from_end: bool) -> Option<String> {
    let word = |token: &'_ Token| match token {
        Token::Word(word) => Some(word.clone()),
        Token::Number(_) | Token::Sign => None,
    };
    let mut words: Vec<String> = if from_end {
        tokens.iter().rev().map_while(word).collect()
    } else {
        tokens.iter().map_while(word).collect()
    };
    if from_end {
        words.reverse();
    }
    let mut spans: Vec<(usize, usize)> =
        (0..words.len()).flat_map(|start| (1..=3).map(move |length| (start, length))).collect();
    // Longer names first, then those nearer to the number.
    spans.sort_by_key(|(start, length)| {
        let near = if from_end { words.len() - start } else { *start };
        (std::cmp::Reverse(*length), near)
    });
    spans.into_iter().find_map(|(start, length)| {
        let name = words.get(start..start + length)?.join(" ");
        let key = if name == "ø" { name } else { name_key(&name) };
        terms().measure(&key, family).map(str::to_owned)
    })
}

#[derive(Debug, Clone, PartialEq)]
enum Token {
    Number(Decimal),
    Word(String),
    /// The end of a sentence or of an item.
    Sign,
}

/// Numbers, words and ends of sentences; a comma between digits is a decimal sign.
fn tokens(text: &str) -> Vec<Token> {
    let letters: Vec<char> = text.chars().collect();
    let mut found = Vec::new();
    let mut at = 0;
    while at < letters.len() {
        let first = letters[at];
        if first.is_ascii_digit() {
            let start = at;
            while at < letters.len() && continues(&letters, at) {
                at += 1;
            }
            let written: String = letters[start..at].iter().collect();
            if let Ok(number) = Decimal::from_str_exact(&written.replace(',', ".")) {
                found.push(Token::Number(number));
            }
        } else if first.is_alphabetic() || matches!(first, 'ø' | '×' | '°') {
            let start = at;
            while at < letters.len() && (letters[at].is_alphabetic() || letters[at] == '\'') {
                at += 1;
            }
            at = at.max(start + 1);
            found.push(Token::Word(letters[start..at].iter().collect::<String>().to_lowercase()));
        } else {
            if matches!(first, '.' | ';' | '!' | '?' | '(' | ')' | ',') {
                found.push(Token::Sign);
            }
            at += 1;
        }
    }
    while found.last() == Some(&Token::Sign) {
        found.pop();
    }
    found
}

fn continues(letters: &[char], at: usize) -> bool {
    let next = letters.get(at + 1).is_some_and(char::is_ascii_digit);
    letters[at].is_ascii_digit() || (matches!(letters[at], '.' | ',') && next)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(text: &str) -> Vec<String> {
        in_text(text).into_iter().map(|(key, number)| format!("{key}={number}")).collect()
    }

    #[test]
    fn sentences_state_measures() {
        for (text, expected) in [
            ("Height: 20 cm, diameter 12cm", &["height_cm=20", "diameter_cm=12"][..]),
            ("20 cm tall and 1.5 kg", &["height_cm=20"]),
            ("Hauteur : 3,5 m.", &["height_cm=350"]),
            ("Poids : 1200 g", &["weight_kg=1.2"]),
            ("Contenance 75 cl", &["volume_ml=750"]),
            ("Garantie 2 ans", &["warranty_years=2"]),
            ("2-year warranty", &["warranty_years=2"]),
            ("Burn time: 40 hours", &["battery_h=40"]),
            ("Ready in 20 cm", &[]),
        ] {
            assert_eq!(told(text), expected, "{text}");
        }
        assert_eq!(amount("20", "Height (cm)").unwrap().under("height").0, "height_cm");
        assert_eq!(amount("about 20", "Height"), None);
        assert_eq!(in_name("Hand cream 50 ml").unwrap().0, "volume_ml");
        assert_eq!(dimensions("Format 15 x 21 cm, ligné").as_deref(), Some("15 x 21 cm"));
        assert_eq!(dimensions("10cm x 20cm x 5 cm").as_deref(), Some("10 x 20 x 5 cm"));
        assert_eq!(dimensions("2 x 3"), None);
    }

    proptest::proptest! {
        #[test]
        fn any_text_is_read(text in "\\PC{0,80}") {
            let _ = (in_text(&text), in_name(&text), dimensions(&text), amount(&text, &text));
        }

        #[test]
        fn any_numbers_are_read(text in "[0-9., x×cmkgø:]{0,60}") {
            let _ = (in_text(&text), in_name(&text), dimensions(&text), amount(&text, &text));
        }
    }
}
