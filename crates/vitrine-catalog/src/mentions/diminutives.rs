//! Diminutives of the Romance languages: "mochilita", "zainetto" and "casaquinho" name the same
//! kinds as "mochila", "zaino" and "casaco".

use vitrine_base::language::Language;

/// Fewest letters of a word before its ending.
const STEM_LETTERS_MIN: usize = 3;

/// Endings and what stands in their place, the longest first.
const SPANISH: [(&str, &str); 14] = [
    ("quitos", "cos"),
    ("quitas", "cas"),
    ("quito", "co"),
    ("quita", "ca"),
    ("citos", "s"),
    ("citas", "s"),
    ("cito", ""),
    ("cita", ""),
    ("itos", "os"),
    ("itas", "as"),
    ("ito", "o"),
    ("ita", "a"),
    ("illo", "o"),
    ("illa", "a"),
];
const ITALIAN: [(&str, &str); 12] = [
    ("chetti", "chi"),
    ("chetto", "co"),
    ("etto", "o"),
    ("etta", "a"),
    ("etti", "i"),
    ("ette", "e"),
    ("ino", "o"),
    ("ina", "a"),
    ("ini", "i"),
    ("ine", "e"),
    ("ino", "e"),
    ("ina", "e"),
];
const PORTUGUESE: [(&str, &str); 12] = [
    ("quinhos", "cos"),
    ("quinhas", "cas"),
    ("quinho", "co"),
    ("quinha", "ca"),
    ("zinhos", "s"),
    ("zinhas", "s"),
    ("zinho", ""),
    ("zinha", ""),
    ("inhos", "os"),
    ("inhas", "as"),
    ("inho", "o"),
    ("inha", "a"),
];

/// The words that a folded word may be a diminutive of, the likeliest first.
pub(super) fn plain_words(folded: &str, language: Language) -> impl Iterator<Item = String> {
    let endings: &[(&str, &str)] = match language {
        Language::ES => &SPANISH,
        Language::IT => &ITALIAN,
        Language::PT => &PORTUGUESE,
        _ => &[],
    };
    endings.iter().filter_map(move |(ending, plain)| {
        let stem = folded.strip_suffix(ending)?;
        (stem.chars().count() >= STEM_LETTERS_MIN).then(|| format!("{stem}{plain}"))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn diminutives_lead_to_the_words_that_they_are_of() {
        for (word, language, plain) in [
            ("mochilita", Language::ES, "mochila"),
            ("zainetto", Language::IT, "zaino"),
            ("casaquinho", Language::PT, "casaco"),
            ("calcaozinho", Language::PT, "calcao"),
        ] {
            assert!(plain_words(word, language).any(|one| one == plain), "{word}");
        }
        assert_eq!(plain_words("mochilita", Language::FR).count(), 0);
    }
}
