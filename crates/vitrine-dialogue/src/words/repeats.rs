//! Finds words said twice: the sign of a reply that was put together badly.

use std::collections::BTreeSet;
use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::is_combining_mark;

/// Longest phrase, in words, whose immediate repetition is looked for.
const PHRASE_WORDS_MAX: usize = 6;

/// Length in words of a run that may occur only once in a reply.
const RUN_WORDS: usize = 5;

/// Whether a text says a word or phrase again at once, or five words twice. Figures and the words
/// of `names`, which products share, do not count in runs; links do not count at all.
pub(crate) fn repeats(text: &str, names: &[&str]) -> bool {
    let text: Vec<&str> = text.split_whitespace().filter(|word| !is_link(word)).collect();
    let mut segment = Vec::new();
    let mut all = Vec::new();
    for word in text {
        segment.extend(words_of(word));
        if word.ends_with(['.', ':', ';', '!', '?']) {
            if echoes(&segment) {
                return true;
            }
            all.append(&mut segment);
        }
    }
    if echoes(&segment) {
        return true;
    }
    all.append(&mut segment);
    let names: BTreeSet<String> = names.iter().flat_map(|name| words_of(name)).collect();
    let counts = |word: &String| !names.contains(word) && !is_figure(word);
    let mut seen = BTreeSet::new();
    let mut runs = all.windows(RUN_WORDS).filter(|run| run.iter().all(counts));
    runs.any(|run| !seen.insert(run))
}

fn echoes(words: &[String]) -> bool {
    (1..=PHRASE_WORDS_MAX).any(|length| {
        words.windows(2 * length).any(|pair| {
            let (first, second) = pair.split_at(length);
            first == second && !(length == 1 && is_figure(&first[0]))
        })
    })
}

fn is_link(word: &str) -> bool {
    word.contains("://")
}

fn is_figure(word: &str) -> bool {
    word.bytes().all(|byte| byte.is_ascii_digit())
}

fn words_of(text: &str) -> Vec<String> {
    let plain: String = text.nfd().filter(|letter| !is_combining_mark(*letter)).collect();
    let plain = plain.to_lowercase().replace('’', "'");
    let parts = plain.split(|letter: char| !letter.is_alphanumeric() && letter != '\'');
    parts.filter(|part| !part.is_empty()).map(str::to_owned).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn echoes_and_long_runs_are_found() {
        assert!(repeats("deep lugs deep lugs", &[]));
        assert!(repeats("A sole for the long road, a sole for the long road", &[]));
        assert!(!repeats("Isolde: €149.00. Total: €149.00", &[]));
        assert!(!repeats("In 42 and 44, 44 is left", &["Isolde"]));
        let twice = "We ship it in two days. And we ship it in two days";
        assert!(repeats(twice, &[]));
        assert!(!repeats(
            "Big Blue Running Shoe One, Big Blue Running Shoe Two",
            &["Big Blue Running Shoe One"]
        ));
    }
}
