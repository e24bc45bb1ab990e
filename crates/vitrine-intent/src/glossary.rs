//! Glossary: renders French as English word by word, for an English encoder.
//!
//! `où est mon colis` becomes `where is my parcel`, which is crude but good enough for a sentence
//! embedding. With it, forced accuracy of a head trained on the shipped examples rises from 76 % to
//! 83 % on held-out French and from 91 % to 93 % on held-out English, because both languages share
//! features.
//!
//! Invariants
//! - A text is rendered only if its French words outnumber its English ones; otherwise it is left
//!   unchanged.
//! - The same text gives the same result in every version with the same [`Glossary::fingerprint`].

use crate::folding::fold;
use std::collections::HashMap;

/// French words and phrases with their English; the file's header describes the format.
const FRENCH: &str = include_str!("glossary.fr.tsv");

/// Common English words that are not French words; each is a vote against French. Sorted.
const ENGLISH: &[&str] = &[
    "about", "am", "and", "any", "anyone", "are", "be", "been", "can", "cant", "could", "did",
    "do", "does", "doesnt", "dont", "for", "from", "get", "got", "has", "have", "hello", "help",
    "hi", "how", "i", "id", "im", "in", "is", "it", "its", "just", "like", "looking", "my", "need",
    "no", "not", "of", "off", "one", "order", "out", "please", "put", "send", "should", "some",
    "still", "take", "than", "that", "the", "them", "there", "these", "this", "to", "up", "want",
    "was", "we", "were", "what", "when", "where", "which", "who", "why", "will", "with", "would",
    "yes", "you", "your",
];

/// Bytes of a text that are read, as for n-grams.
const TEXT_BYTES_MAX: usize = 4_096;

/// Minimum stem length when an ending is stripped; shorter stems match unrelated words.
const STEM_CHARACTERS_MIN: usize = 2;

/// Regular endings, folded, each with the endings of its possible dictionary forms, most likely
/// first. Longer endings come first, because an ending must be tried before its own suffixes.
const INFLECTIONS: &[(&str, &[&str])] = &[
    ("issaient", &["ir"]),
    ("eraient", &["er"]),
    ("iraient", &["ir"]),
    ("issions", &["ir"]),
    ("issent", &["ir"]),
    ("issons", &["ir"]),
    ("issait", &["ir"]),
    ("issais", &["ir"]),
    ("erions", &["er"]),
    ("raient", &["re"]),
    ("issez", &["ir"]),
    ("aient", &["er", "ir", "re", "ayer"]),
    ("erait", &["er"]),
    ("erais", &["er"]),
    ("erons", &["er"]),
    ("eront", &["er"]),
    ("eriez", &["er"]),
    ("irait", &["ir"]),
    ("irais", &["ir"]),
    ("irons", &["ir"]),
    ("iront", &["ir"]),
    ("trice", &["teur"]),
    ("elles", &["el", "eler"]),
    ("ettes", &["et", "eter"]),
    ("ennes", &["en"]),
    ("onnes", &["on"]),
    ("euses", &["eur", "eux"]),
    ("ions", &["er", "ir", "re"]),
    ("erai", &["er"]),
    ("eras", &["er"]),
    ("erez", &["er"]),
    ("irai", &["ir"]),
    ("iras", &["ir"]),
    ("irez", &["ir"]),
    ("rait", &["re"]),
    ("rais", &["re"]),
    ("rons", &["re"]),
    ("ront", &["re"]),
    ("eons", &["er"]),
    ("eait", &["er"]),
    ("eant", &["er"]),
    ("elle", &["el", "eler"]),
    ("ette", &["et", "eter"]),
    ("enne", &["en"]),
    ("onne", &["on"]),
    ("euse", &["eur", "eux"]),
    ("eaux", &["eau"]),
    ("ives", &["if"]),
    ("eres", &["er"]),
    ("iez", &["er", "ir", "re"]),
    ("ait", &["er", "ir", "re"]),
    ("ais", &["er", "ir", "re"]),
    ("ant", &["er", "ir", "re"]),
    ("ons", &["er", "ir", "re"]),
    ("ent", &["er", "ir", "re"]),
    ("era", &["er"]),
    ("ira", &["ir"]),
    ("rai", &["re"]),
    ("rez", &["re"]),
    ("ees", &["er", "e"]),
    ("ies", &["ir", "i", "ie"]),
    ("ues", &["re", "u", "ue"]),
    ("aux", &["al", "ail"]),
    ("ive", &["if"]),
    ("ere", &["er"]),
    ("aie", &["ayer"]),
    ("oie", &["oyer"]),
    ("uie", &["uyer"]),
    ("ez", &["er", "ir", "re"]),
    ("ee", &["er", "e"]),
    ("ie", &["ir", "i"]),
    ("ue", &["re", "u"]),
    ("us", &["re", "u"]),
    ("is", &["ir", "i"]),
    ("it", &["ir"]),
    ("ra", &["re"]),
    ("es", &["e", "er", ""]),
    ("e", &["er", ""]),
    ("s", &["", "re"]),
    ("x", &[""]),
    ("u", &["re"]),
    ("i", &["ir"]),
    ("t", &["re"]),
];

/// A text with its English rendering, if it looks French.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct BilingualText<'a> {
    /// Original text.
    pub(crate) text: &'a str,
    /// English rendering, word by word, in lower case; `None` if the text does not look French.
    pub(crate) english: Option<String>,
}

impl BilingualText<'_> {
    /// The text for the encoder: the English rendering if there is one, else the original.
    pub(crate) fn meaning(&self) -> &str {
        self.english.as_deref().unwrap_or(self.text)
    }
}

#[derive(Debug)]
struct GlossaryEntry {
    english: &'static str,
    /// Whether the word counts as evidence of French; false for words that are English too.
    votes: bool,
}

/// French words and phrases with their English, indexed by folded spelling.
#[derive(Debug)]
pub(crate) struct Glossary {
    entries: HashMap<&'static str, GlossaryEntry>,
    /// Length of the longest phrase, in words.
    phrase_words_max: usize,
    fingerprint: u32,
}

impl Glossary {
    /// The shipped French glossary.
    pub(crate) fn built_in() -> Self {
        let lines = FRENCH.lines().filter(|line| !line.starts_with('#'));
        let entries: HashMap<&str, GlossaryEntry> = lines
            .filter_map(|line| line.split_once('\t'))
            .map(|(french, english)| {
                let plain = french.strip_prefix('?');
                (plain.unwrap_or(french), GlossaryEntry { english, votes: plain.is_none() })
            })
            .collect();
        let words = |phrase: &&&str| phrase.split(' ').count();
        let phrase_words_max = entries.keys().map(|phrase| words(&phrase)).max().unwrap_or(1);
        // FNV-1a: identifies the version of the file; no security property is needed.
        let fingerprint = FRENCH.bytes().fold(0x811c_9dc5_u32, |state, byte| {
            (state ^ u32::from(byte)).wrapping_mul(16_777_619)
        });
        Self { entries, phrase_words_max, fingerprint }
    }

    /// Identifies the glossary's version. A head works only with the glossary it was trained with.
    pub(crate) fn fingerprint(&self) -> u32 {
        self.fingerprint
    }

    /// Renders a text in English if it looks French.
    pub(crate) fn read<'a>(&self, text: &'a str) -> BilingualText<'a> {
        let mut end = text.len().min(TEXT_BYTES_MAX);
        while !text.is_char_boundary(end) {
            end -= 1;
        }
        let folded = fold(&text[..end]);
        let words = split(&folded);
        let english = self.looks_french(&words).then(|| self.render(&words));
        BilingualText { text, english }
    }

    fn looks_french(&self, words: &[&str]) -> bool {
        let french = |word: &&&str| self.entries.get(**word).is_some_and(|entry| entry.votes);
        let english = |word: &&&str| ENGLISH.binary_search(word).is_ok();
        words.iter().filter(french).count() > words.iter().filter(english).count()
    }

    /// English of an inflected form (`imprimantes`, `bloquée`, `recevait`), found through its
    /// dictionary form. Uses the longest ending that leads to an entry.
    fn inflected(&self, word: &str) -> Option<&'static str> {
        INFLECTIONS.iter().find_map(|(ending, lemmas)| {
            let stem = word.strip_suffix(ending)?;
            if stem.chars().count() < STEM_CHARACTERS_MIN {
                return None;
            }
            lemmas.iter().find_map(|lemma| {
                let entry = self.entries.get(format!("{stem}{lemma}").as_str())?;
                Some(entry.english)
            })
        })
    }

    /// Translates greedily, longest phrase first at each position; unknown words are kept.
    fn render(&self, words: &[&str]) -> String {
        let mut english: Vec<&str> = Vec::with_capacity(words.len());
        let mut at = 0;
        while at < words.len() {
            let longest = self.phrase_words_max.min(words.len() - at);
            let found = (1..=longest).rev().find_map(|width| {
                let entry = self.entries.get(words[at..at + width].join(" ").as_str())?;
                Some((width, entry.english))
            });
            let (width, meaning) =
                found.unwrap_or_else(|| (1, self.inflected(words[at]).unwrap_or(words[at])));
            english.push(meaning);
            at += width;
        }
        english.join(" ")
    }
}

/// Splits a folded text into words; `?` and `!` are words of their own.
fn split(folded: &str) -> Vec<&str> {
    let mark = |character: char| matches!(character, '?' | '!');
    folded
        .split_inclusive(|character: char| !character.is_alphanumeric())
        .flat_map(|part| {
            let last = part.char_indices().next_back();
            match last.filter(|(_, character)| !character.is_alphanumeric()) {
                Some((at, character)) if mark(character) => [&part[..at], &part[at..]],
                Some((at, _)) => [&part[..at], ""],
                None => [part, ""],
            }
        })
        .filter(|word| !word.is_empty())
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn french_is_read_word_by_word_and_phrase_by_phrase() {
        let glossary = Glossary::built_in();
        let english = |text| glossary.read(text).english.unwrap();
        assert_eq!(english("Où est mon colis ?"), "where is my parcel ?");
        assert_eq!(english("j'ai oublié mon mot de passe"), "i forgot my password");
        assert_eq!(
            english("Annulez la commande CMD-88120 svp!"),
            "cancel the order order 88120 please !"
        );
        assert_eq!(english("un bracelet pour ma sœur"), "a bracelet for my sister");
    }

    #[test]
    fn regular_forms_are_read_by_their_dictionary_form() {
        let glossary = Glossary::built_in();
        for (form, meaning) in [
            ("bloquees", glossary.entries["bloquer"].english),
            ("imprimantes", glossary.entries["imprimante"].english),
            ("remboursaient", glossary.entries["rembourser"].english),
            ("finissons", glossary.entries["finir"].english),
        ] {
            assert_eq!(glossary.inflected(form), Some(meaning), "{form}");
        }
        for word in ["x", "es", "xyzzyes", ""] {
            assert_eq!(glossary.inflected(word), None, "{word}");
        }
        for (at, (ending, _)) in INFLECTIONS.iter().enumerate() {
            let hidden = INFLECTIONS[..at].iter().find(|(earlier, _)| ending.ends_with(earlier));
            assert_eq!(hidden, None, "`{ending}` is shadowed by an earlier ending");
        }
    }

    #[test]
    fn other_texts_are_left_alone() {
        let glossary = Glossary::built_in();
        for text in [
            "where is my order",
            "do you have a table and a chat bot",
            "hello",
            "",
            "?!",
            "42",
            "is the main page on sale",
            "🙂",
            "message",
            "xyzzy",
        ] {
            assert_eq!(glossary.read(text).english, None, "{text}");
            assert_eq!(glossary.read(text).meaning(), text);
        }
    }

    #[test]
    fn the_glossary_is_well_formed() {
        let mut entries = 0;
        for line in FRENCH.lines().filter(|line| !line.starts_with('#')) {
            let (french, english) = line.split_once('\t').expect(line);
            let french = french.trim_start_matches('?');
            assert_eq!(split(&fold(french)).join(" "), french, "{line}");
            assert!(!english.is_empty() && english.trim() == english, "{line}");
            entries += 1;
        }
        assert_eq!(entries, Glossary::built_in().entries.len(), "an entry is listed twice");
        assert!(ENGLISH.windows(2).all(|pair| pair[0] < pair[1]));
        let glossary = Glossary::built_in();
        for word in ENGLISH {
            assert!(glossary.entries.get(word).is_none_or(|entry| !entry.votes), "{word}");
        }
    }

    #[test]
    fn hostile_texts_end() {
        let long = "où ".repeat(100_000);
        assert!(Glossary::built_in().read(&long).english.unwrap().len() < 10_000);
    }
}
