//! Repetitions that only a broken draft has.

use crate::text::words_of;
use std::collections::HashSet;

/// Words that may rightly follow themselves.
const SAID_TWICE: [&str; 7] = ["nous", "vous", "that", "had", "tres", "very", "bye"];

/// Longest phrase, in words, that is looked for twice in a row.
const PHRASE_WORDS_MAX: usize = 6;

/// Words of a run that may occur only once in a reply.
const RUN_WORDS: usize = 5;

/// The words that are said again at once, or the five words that occur twice; `None` if there are
/// none. Runs of five with a figure or a word of a product's name do not count.
pub(crate) fn stammer(text: &str, names: &HashSet<String>) -> Option<String> {
    sentences(text).iter().find_map(|sentence| said_again(&words_of(sentence))).or_else(|| {
        let words = words_of(text);
        let mut seen = HashSet::new();
        let counted = |word: &String| !names.contains(word) && !is_figure(word);
        let mut runs = words.windows(RUN_WORDS).filter(|run| run.iter().all(counted));
        runs.find(|run| !seen.insert(run.to_vec())).map(|run| run.join(" "))
    })
}

/// The parts of a text between a stop and the white space after it.
fn sentences(text: &str) -> Vec<&str> {
    let mut found = Vec::new();
    let (mut start, mut characters) = (0, text.char_indices().peekable());
    while let Some((at, character)) = characters.next() {
        if !matches!(character, '.' | ':' | ';' | '!' | '?') {
            continue;
        }
        if let Some((space_at, space)) = characters.next_if(|(_, next)| next.is_whitespace()) {
            found.push(&text[start..at]);
            start = space_at + space.len_utf8();
        }
    }
    found.push(&text[start..]);
    found
}

fn said_again(words: &[String]) -> Option<String> {
    for length in 1..=PHRASE_WORDS_MAX {
        for pair in words.windows(2 * length) {
            let allowed =
                length == 1 && (SAID_TWICE.contains(&pair[0].as_str()) || is_figure(&pair[0]));
            if pair[..length] == pair[length..] && !allowed {
                return Some(pair.join(" "));
            }
        }
    }
    None
}

fn is_figure(word: &str) -> bool {
    word.bytes().all(|byte| byte.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(text: &str) -> Option<String> {
        stammer(text, &HashSet::from(["velance".to_owned()]))
    }

    #[test]
    fn words_and_phrases_said_again_at_once_are_found() {
        assert_eq!(said("Here is the the link").as_deref(), Some("the the"));
        assert_eq!(said("Great choice, great choice indeed").unwrap(), "great choice great choice");
        assert_eq!(said("Yes! Yes, of course"), None);
        assert_eq!(said("Vous vous trompez; 2 2 paires"), None);
    }

    #[test]
    fn five_words_may_not_occur_twice() {
        let twice = "We ship it within two days. Note that we ship it within two days";
        assert_eq!(said(twice).as_deref(), Some("we ship it within two"));
        assert_eq!(said("the light Velance in blue or the light Velance in blue"), None);
    }
}
