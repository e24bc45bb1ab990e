//! Finds stop strings in streamed text; holds back text that may be the beginning of one.
//!
//! Invariants
//! - Tokens are released in order, each with its own text. No part of a stop string is ever
//!   released.
//! - A token is held only while its text may belong to a stop string. So at most the longest stop
//!   string and one token are held.

use std::collections::VecDeque;

/// A token and the text that it completed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct TokenText {
    pub(crate) token_id: u32,
    /// May be empty.
    pub(crate) text: String,
}

/// Whether a stop string was found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum StopSearch {
    /// Not yet.
    Open,
    /// Found: the generation is over.
    Hit,
}

/// Finds stop strings in streamed text.
#[derive(Debug)]
pub(crate) struct StopText {
    stop: Vec<String>,
    held: VecDeque<TokenText>,
}

impl StopText {
    /// Searches for any of `stop`, none of which may be empty.
    pub(crate) fn new(stop: Vec<String>) -> Self {
        Self { stop, held: VecDeque::new() }
    }

    /// Adds a token; appends to `released` the tokens that cannot belong to a stop string.
    ///
    /// On a hit every held token is released, its text cut where the stop string begins.
    pub(crate) fn push(&mut self, token: TokenText, released: &mut Vec<TokenText>) -> StopSearch {
        self.held.push_back(token);
        let text: String = self.held.iter().map(|token| token.text.as_str()).collect();
        if let Some(cut_byte) = self.stop.iter().filter_map(|stop| text.find(stop)).min() {
            self.release_cut(cut_byte, released);
            return StopSearch::Hit;
        }
        let sure_bytes = text.len() - self.beginning_bytes(&text);
        let mut end = 0;
        while let Some(first) = self.held.front() {
            end += first.text.len();
            if end > sure_bytes {
                break;
            }
            released.extend(self.held.pop_front());
        }
        StopSearch::Open
    }

    /// Releases the held tokens when the generation ends without a hit.
    pub(crate) fn finish(&mut self, released: &mut Vec<TokenText>) {
        released.extend(self.held.drain(..));
    }

    /// Length in bytes of the longest suffix of `text` that is a prefix of a stop string.
    fn beginning_bytes(&self, text: &str) -> usize {
        let longest = self.stop.iter().map(String::len).max().unwrap_or(0);
        let first = text.len().saturating_sub(longest);
        (first..text.len())
            .filter(|at| text.is_char_boundary(*at))
            .find(|at| self.stop.iter().any(|stop| stop.starts_with(&text[*at..])))
            .map_or(0, |at| text.len() - at)
    }

    fn release_cut(&mut self, cut_byte: usize, released: &mut Vec<TokenText>) {
        let mut left = cut_byte;
        for mut token in self.held.drain(..) {
            // The cut is the start of a match, hence a character boundary.
            token.text.truncate(left);
            left -= token.text.len();
            released.push(token);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn run(stop: &[&str], pieces: &[&str]) -> (Vec<String>, StopSearch) {
        let mut search = StopText::new(stop.iter().map(ToString::to_string).collect());
        let mut released = Vec::new();
        for (token_id, text) in (0..).zip(pieces) {
            let token = TokenText { token_id, text: (*text).to_owned() };
            if search.push(token, &mut released) == StopSearch::Hit {
                return (released.into_iter().map(|token| token.text).collect(), StopSearch::Hit);
            }
        }
        search.finish(&mut released);
        (released.into_iter().map(|token| token.text).collect(), StopSearch::Open)
    }

    #[test]
    fn stop_string_across_tokens_never_leaves() {
        let (texts, search) = run(&["\nUser:"], &["Hi", "!\n", "Us", "er", ": next"]);
        assert_eq!(search, StopSearch::Hit);
        assert_eq!(texts, ["Hi", "!", "", "", ""]);
    }

    #[test]
    fn false_beginning_is_released_whole() {
        let (texts, search) = run(&["\nUser:"], &["a\n", "Use", "ful", "é\n"]);
        assert_eq!(search, StopSearch::Open);
        assert_eq!(texts, ["a\n", "Use", "ful", "é\n"]);
    }

    #[test]
    fn first_of_several_stop_strings_cuts() {
        let (texts, _) = run(&["world", "lo w"], &["hello ", "world"]);
        assert_eq!(texts.concat(), "hel");
        let (texts, _) = run(&["é"], &["caf", "é!"]);
        assert_eq!(texts.concat(), "caf");
    }

    #[test]
    fn text_is_held_only_while_it_may_stop() {
        let mut search = StopText::new(vec!["END".to_owned()]);
        let mut released = Vec::new();
        let mut push = |text: &str| {
            search.push(TokenText { token_id: 0, text: text.to_owned() }, &mut released);
            released.len()
        };
        assert_eq!(push("abc"), 1);
        assert_eq!(push("E"), 1);
        assert_eq!(push("N"), 1);
        assert_eq!(push("N"), 4);
    }

    proptest! {
        /// Goal: streaming finds exactly the stop strings that a search of the whole text finds.
        #[test]
        fn stream_equals_whole(
            pieces in prop::collection::vec("[abé]{0,3}", 0..20),
            stop in prop::collection::vec("[abé]{1,4}", 0..3),
        ) {
            let pieces: Vec<&str> = pieces.iter().map(String::as_str).collect();
            let stop: Vec<&str> = stop.iter().map(String::as_str).collect();
            let whole = pieces.concat();
            // The stream stops at the first token that completes any stop string.
            let mut expected = whole.clone();
            let mut seen = String::new();
            for piece in &pieces {
                seen.push_str(piece);
                if let Some(cut) = stop.iter().filter_map(|stop| seen.find(stop)).min() {
                    expected = seen[..cut].to_owned();
                    break;
                }
            }
            let (texts, search) = run(&stop, &pieces);
            prop_assert_eq!(texts.concat(), expected);
            let hit = stop.iter().any(|stop| whole.contains(stop));
            prop_assert_eq!(search == StopSearch::Hit, hit);
        }
    }
}
