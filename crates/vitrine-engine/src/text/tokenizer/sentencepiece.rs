//! SentencePiece encoder: best-scored merge first, with fallback to bytes.
//!
//! Merges in the same order as `llm_tokenizer_spm` of llama.cpp, with one difference: a merge never
//! produces a control, unknown, unused or byte token, so that typing `</s>` cannot end a turn.
//!
//! Invariants
//! - If no piece contains a space after another character, words are merged one at a time. The ids
//!   are the same as for the whole text, because no merge crosses a word boundary, and there are
//!   fewer merge candidates at a time.
//!
//! Source: Kudo & Richardson 2018, arXiv:1808.06226.

use crate::text::error::TextError;
use crate::text::tokenizer::vocabulary::TokenKind;
use crate::text::tokenizer::vocabulary::Vocabulary;
use std::cmp::Ordering;
use std::collections::BinaryHeap;
use std::collections::HashMap;
use vitrine_base::metadata::Metadata;

const SCORES_KEY: &str = "tokenizer.ggml.scores";

/// SentencePiece's spelling of a space.
pub(crate) const SPACE: &str = "\u{2581}";

/// Missing neighbour at either end of the symbol chain.
const NONE: usize = usize::MAX;

/// A SentencePiece encoder.
#[derive(Debug)]
pub(crate) struct SentencePiece {
    /// Token id and score of each piece that merges may produce.
    pieces: HashMap<String, (u32, f32)>,
    /// Token id of each byte, `[256]`.
    bytes: Vec<u32>,
    /// Whether words can be merged one at a time: no piece has a space after another character.
    words_apart: bool,
}

/// A node of the symbol chain: a part of the text that is one piece so far.
#[derive(Debug, Clone, Copy)]
struct Symbol {
    previous: usize,
    next: usize,
    first: usize,
    /// Length; 0 after it was merged into its left neighbour.
    bytes: usize,
}

/// Two neighbouring symbols that together are a piece.
#[derive(Debug, Clone, Copy)]
struct MergeCandidate {
    left: usize,
    right: usize,
    score: f32,
    bytes: usize,
}

impl Ord for MergeCandidate {
    /// The higher score is greater; at equal scores, the leftmost.
    fn cmp(&self, other: &Self) -> Ordering {
        self.score.total_cmp(&other.score).then(other.left.cmp(&self.left))
    }
}

impl PartialOrd for MergeCandidate {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for MergeCandidate {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl Eq for MergeCandidate {}

impl SentencePiece {
    pub(crate) fn new(metadata: &Metadata, vocabulary: &Vocabulary) -> Result<Self, TextError> {
        let tokens = vocabulary.pieces.len();
        let scores = metadata
            .floats(SCORES_KEY)
            .ok_or(TextError::Key { key: SCORES_KEY, expected: "a list of floats" })?;
        if scores.len() != tokens {
            let found = scores.len();
            return Err(TextError::ListLength { key: SCORES_KEY, found, tokens });
        }
        let all = vocabulary.ids_by_piece();
        let fallback = vocabulary.unknown.unwrap_or(0);
        let bytes = (0..=u8::MAX)
            .map(|byte| {
                let named = all.get(&format!("<0x{byte:02X}>"));
                named.or_else(|| all.get(&char::from(byte).to_string())).copied()
            })
            .map(|id| id.unwrap_or(fallback))
            .collect();
        let pieces: HashMap<String, (u32, f32)> = all
            .into_iter()
            .filter(|&(_, id)| match vocabulary.kind(id) {
                TokenKind::Normal | TokenKind::UserDefined => true,
                TokenKind::Unknown | TokenKind::Control | TokenKind::Unused | TokenKind::Byte => {
                    false
                }
            })
            .map(|(piece, id)| (piece, (id, scores[id as usize])))
            .collect();
        let words_apart = pieces.keys().all(|piece| word_end(piece) == piece.len());
        Ok(Self { pieces, bytes, words_apart })
    }

    /// Appends the ids of `text`, whose spaces must already be replaced by [`SPACE`].
    pub(crate) fn encode(&self, text: &str, ids: &mut Vec<u32>) {
        let (mut symbols, mut candidates) = (Vec::new(), BinaryHeap::new());
        let mut rest = text;
        while !rest.is_empty() {
            let end = if self.words_apart { word_end(rest) } else { rest.len() };
            let (word, others) = rest.split_at(end);
            chain(word, &mut symbols);
            self.merge(word, &mut symbols, &mut candidates);
            self.append(word, &symbols, ids);
            rest = others;
        }
    }

    /// Merges the best candidate until none is left. `candidates` is empty before and after.
    fn merge(
        &self,
        text: &str,
        symbols: &mut [Symbol],
        candidates: &mut BinaryHeap<MergeCandidate>,
    ) {
        for right in 1..symbols.len() {
            candidates.extend(self.candidate(text, symbols, right - 1, right));
        }
        while let Some(best) = candidates.pop() {
            let (left, right) = (symbols[best.left], symbols[best.right]);
            // Skip stale candidates, whose symbols were merged meanwhile.
            if left.bytes == 0 || right.bytes == 0 || left.bytes + right.bytes != best.bytes {
                continue;
            }
            symbols[best.left].bytes = best.bytes;
            symbols[best.left].next = right.next;
            symbols[best.right].bytes = 0;
            if right.next != NONE {
                symbols[right.next].previous = best.left;
                candidates.extend(self.candidate(text, symbols, best.left, right.next));
            }
            if left.previous != NONE {
                candidates.extend(self.candidate(text, symbols, left.previous, best.left));
            }
        }
    }

    fn append(&self, text: &str, symbols: &[Symbol], ids: &mut Vec<u32>) {
        for symbol in symbols.iter().filter(|symbol| symbol.bytes > 0) {
            let piece = &text[symbol.first..symbol.first + symbol.bytes];
            match self.pieces.get(piece) {
                Some(&(id, _)) => ids.push(id),
                None => ids.extend(piece.bytes().map(|byte| self.bytes[usize::from(byte)])),
            }
        }
    }

    fn candidate(
        &self,
        text: &str,
        symbols: &[Symbol],
        left: usize,
        right: usize,
    ) -> Option<MergeCandidate> {
        let first = symbols[left].first;
        let bytes = symbols[left].bytes + symbols[right].bytes;
        let &(_, score) = self.pieces.get(&text[first..first + bytes])?;
        Some(MergeCandidate { left, right, score, bytes })
    }
}

/// Byte of a piece such as `<0x0A>`; `None` for other pieces.
pub(crate) fn byte_of(piece: &str) -> Option<u8> {
    let hexadecimal = piece.strip_prefix("<0x")?.strip_suffix('>')?;
    u8::from_str_radix(hexadecimal, 16).ok().filter(|_| hexadecimal.len() == 2)
}

/// Byte length of the first word of a text, which ends before the first space that follows another
/// character.
fn word_end(text: &str) -> usize {
    let begin = text.len() - text.trim_start_matches(SPACE).len();
    text[begin..].find(SPACE).map_or(text.len(), |found| begin + found)
}

/// Fills `symbols` with one symbol per character.
fn chain(text: &str, symbols: &mut Vec<Symbol>) {
    symbols.clear();
    symbols.extend(text.char_indices().enumerate().map(|(at, (first, character))| Symbol {
        previous: at.checked_sub(1).unwrap_or(NONE),
        next: at + 1,
        first,
        bytes: character.len_utf8(),
    }));
    if let Some(last) = symbols.last_mut() {
        last.next = NONE;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Models of short pieces over a small alphabet, with random scores.
    fn model() -> impl Strategy<Value = SentencePiece> {
        prop::collection::hash_map("\u{2581}{0,2}[ab]{1,3}|\u{2581}{1,3}", 0..9_u8, 1..30).prop_map(
            |scores| {
                let scored = (0_u32..).zip(scores);
                let pieces: HashMap<String, (u32, f32)> =
                    scored.map(|(id, (piece, score))| (piece, (id, f32::from(score)))).collect();
                let bytes = (1_000..1_256).collect();
                SentencePiece { pieces, bytes, words_apart: true }
            },
        )
    }

    proptest! {
        #[test]
        fn words_have_the_same_ids_one_by_one_and_together(
            mut model in model(),
            text in "[ab\u{2581}é]{0,60}",
        ) {
            let (mut apart, mut together) = (Vec::new(), Vec::new());
            model.encode(&text, &mut apart);
            model.words_apart = false;
            model.encode(&text, &mut together);
            prop_assert_eq!(apart, together);
        }
    }

    #[test]
    fn words_end_before_a_space_that_follows_something_else() {
        let ends = ["\u{2581}\u{2581}ab\u{2581}c", "ab", "\u{2581}", "a\u{2581}", ""].map(word_end);
        assert_eq!(ends, [8, 2, 3, 1, 0]);
    }
}
