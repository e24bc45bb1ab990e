//! Splits a line into the words that the grounding check compares.

/// One word of a line, without the punctuation around it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct LineWord<'a> {
    /// The word, with inner hyphens, apostrophes and separators: `129,00`, `Trail-X`, `l'avis`.
    pub(super) text: &'a str,
    /// Byte offset in the line.
    pub(super) at: usize,
    /// Whether a sentence starts here.
    pub(super) opens_sentence: bool,
    /// Whether punctuation separates it from the preceding word.
    pub(super) parted: bool,
}

impl LineWord<'_> {
    /// Whether it contains a digit, and so claims a number.
    pub(super) fn is_number(&self) -> bool {
        self.text.chars().any(|character| character.is_numeric())
    }

    /// Whether it is a currency or per cent sign, which belongs to the adjacent number.
    pub(super) fn is_unit(&self) -> bool {
        self.text.chars().all(is_unit_sign)
    }

    /// Whether it starts with a capital.
    pub(super) fn is_capitalised(&self) -> bool {
        self.text.chars().next().is_some_and(char::is_uppercase)
    }
}

/// Whether a character is a currency or per cent sign.
pub(super) fn is_unit_sign(character: char) -> bool {
    matches!(character, '€' | '$' | '£' | '¥' | '%')
}

/// Whether a character is part of a word even at its edge; others are only inside one.
pub(super) fn keeps(character: char) -> bool {
    // Letterlike symbols such as the emoji for information count as letters in Unicode.
    let symbol = ('\u{2100}'..='\u{214F}').contains(&character);
    (character.is_alphanumeric() && !symbol) || is_unit_sign(character)
}

/// The word without the English possessive: `Foulée's` names `Foulée`.
fn without_possessive(text: &str) -> &str {
    text.strip_suffix("'s").or_else(|| text.strip_suffix("’s")).unwrap_or(text)
}

/// Whether a character ends a sentence, or reads as if it did.
pub(super) fn ends_sentence(character: char) -> bool {
    matches!(character, '.' | '!' | '?' | '…' | ':' | '\n')
}

/// The words of a line, in order. Tokens of punctuation or emoji alone are dropped.
pub(super) fn split(line: &str) -> Vec<LineWord<'_>> {
    let mut words = Vec::new();
    let mut opens_sentence = true;
    let mut parted = true;
    for (start, token) in tokens(line) {
        let lead = token.find(keeps).unwrap_or(token.len());
        if lead == token.len() {
            opens_sentence |= token.chars().any(|c| ends_sentence(c) || !c.is_ascii());
            parted = true;
            continue;
        }
        let end = token.rfind(keeps).unwrap_or(lead);
        let end = end + token[end..].chars().next().map_or(1, char::len_utf8);
        words.push(LineWord {
            text: without_possessive(&token[lead..end]),
            at: start + lead,
            opens_sentence,
            parted: parted || lead > 0,
        });
        let tail = &token[end..];
        opens_sentence = tail.chars().any(ends_sentence);
        parted = !tail.is_empty();
    }
    words
}

/// Tokens separated by white space, with their byte offsets. No-break spaces separate too.
fn tokens(line: &str) -> impl Iterator<Item = (usize, &str)> {
    let base = line.as_ptr() as usize;
    line.split_whitespace().map(move |token| (token.as_ptr() as usize - base, token))
}

/// The parts of a compound as listed in a lexicon: `Préférez-vous` → `Préférez`, `vous`.
pub(super) fn parts(word: &str) -> impl Iterator<Item = &str> {
    word.split(['\'', '’', '-', '/']).filter(|part| !part.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(line: &str) -> Vec<&str> {
        split(line).iter().map(|word| word.text).collect()
    }

    #[test]
    fn words_lose_their_punctuation_only() {
        assert_eq!(texts("« Zelka 3 », à 129,00 € !"), ["Zelka", "3", "à", "129,00", "€"]);
        assert_eq!(texts("I'm at €129.00. OK?"), ["I'm", "at", "€129.00", "OK"]);
        assert_eq!(texts("… 👋 – ℹ️"), Vec::<&str>::new());
        assert_eq!(texts("Foulée's shop"), ["Foulée", "shop"]);
    }

    #[test]
    fn sentence_starts_are_found() {
        let starts: Vec<_> =
            split("Super ! Voici Zelka. Ça va").iter().map(|word| word.opens_sentence).collect();
        assert_eq!(starts, [true, true, false, true, false]);
    }

    #[test]
    fn offsets_point_at_the_word() {
        let line = "à (Zelka) 3";
        for word in split(line) {
            assert_eq!(&line[word.at..word.at + word.text.len()], word.text);
        }
    }
}
