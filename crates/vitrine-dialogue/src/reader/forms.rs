//! Forms of words that a locale need not list one by one: diminutives and superlatives ("baratita",
//! "economicissimo"), verbs with a pronoun of any gender ("mándamela"), pronouns behind a hyphen
//! ("quero-as"), and German without umlauts ("groesse").

use super::tokens::Token;
use super::tokens::TokenKind;
use serde::Deserialize;
use std::collections::BTreeMap;

/// Fewest letters of a word before an ending.
const STEM_LETTERS_MIN: usize = 4;

/// Section `[understand.forms]`: how forms of a word become the one that is listed.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Forms {
    /// Ending → what it stands for, the first that gives a known word.
    endings: Vec<(String, String)>,
    /// Letters that are another spelling of others, anywhere in a word.
    letters: Vec<(String, String)>,
    /// Word behind a hyphen → what it stands for.
    behind_hyphen: BTreeMap<String, String>,
}

impl Forms {
    /// Writes the words of a message as the language lists them; `knows` says which ones it does.
    pub(crate) fn apply(&self, tokens: &mut [Token], knows: impl Fn(&str) -> bool) {
        let mut after_word = false;
        for token in tokens {
            let word = token.kind == TokenKind::Word;
            // Only a hyphen joins two words that nothing stands between.
            let plain = if word && token.glued && after_word {
                self.behind_hyphen.get(&token.text).cloned()
            } else if word && !knows(&token.text) {
                self.listed(&token.text, &knows)
            } else {
                None
            };
            if let Some(plain) = plain {
                token.text = plain;
            }
            after_word = word;
        }
    }

    fn listed(&self, word: &str, knows: &impl Fn(&str) -> bool) -> Option<String> {
        let without = |(ending, plain): &(String, String)| {
            let stem = word.strip_suffix(ending.as_str())?;
            let long = stem.chars().count() >= STEM_LETTERS_MIN;
            let plain = format!("{stem}{plain}");
            (long && knows(&plain)).then_some(plain)
        };
        let spelt = || {
            let all = self.letters.iter();
            let plain = all.fold(word.to_owned(), |text, (from, to)| text.replace(from, to));
            (plain != word && knows(&plain)).then_some(plain)
        };
        self.endings.iter().find_map(without).or_else(spelt)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::reader::tokens::tokenize;
    use std::collections::HashMap;

    fn plain(text: &str, known: &[&str]) -> Vec<String> {
        let pair = |a: &str, b: &str| (a.to_owned(), b.to_owned());
        let forms = Forms {
            endings: vec![pair("ita", "a"), pair("la", "lo")],
            letters: vec![pair("oe", "o"), pair("ue", "u")],
            behind_hyphen: [pair("as", "lo")].into(),
        };
        let mut tokens = tokenize(text, &HashMap::new());
        forms.apply(&mut tokens, |word| known.contains(&word));
        tokens.into_iter().map(|token| token.text).collect()
    }

    #[test]
    fn only_forms_of_known_words_are_rewritten() {
        assert_eq!(plain("baratita", &["barata"]), ["barata"]);
        assert_eq!(plain("baratita", &[]), ["baratita"]);
        assert_eq!(plain("visita", &["visa"]), ["visita"]);
        assert_eq!(plain("mándamela", &["mandamelo"]), ["mandamelo"]);
        assert_eq!(plain("quero-as", &[]), ["quero", "lo"]);
        assert_eq!(plain("quero as", &[]), ["quero", "as"]);
        assert_eq!(plain("groesse", &["grosse"]), ["grosse"]);
    }
}
