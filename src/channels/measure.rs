//! Text length as a channel counts it, and cutting to a length.
//!
//! Platforms specify "characters" without defining them. We count UTF-16 code units, which are
//! never fewer than code points or grapheme clusters, so a text that is legal by our count is legal
//! by all three. Limits in bytes count UTF-8.

use unicode_segmentation::UnicodeSegmentation;

/// The unit of a length limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum LengthUnit {
    /// UTF-16 code units, for limits in "characters".
    Characters,
    /// Bytes of UTF-8.
    Bytes,
}

/// A maximum text length.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct LengthLimit {
    /// The maximum, in `unit`.
    pub max: usize,
    /// The unit of `max`.
    pub unit: LengthUnit,
}

/// Marks the end of a cut text.
const ELLIPSIS: &str = "…";

/// Zero-width joiner, which combines emoji. Left at the end of a cut text it would combine with the
/// following character.
const ZERO_WIDTH_JOINER: char = '\u{200d}';

impl LengthLimit {
    pub(super) const fn characters(max: usize) -> Self {
        Self { max, unit: LengthUnit::Characters }
    }

    pub(super) const fn bytes(max: usize) -> Self {
        Self { max, unit: LengthUnit::Bytes }
    }

    pub(super) const fn with_max(self, max: usize) -> Self {
        Self { max, unit: self.unit }
    }

    /// The length of `text` in this limit's unit.
    #[must_use]
    pub fn length(self, text: &str) -> usize {
        match self.unit {
            LengthUnit::Characters => text.encode_utf16().count(),
            LengthUnit::Bytes => text.len(),
        }
    }

    /// Whether `text` is within the limit.
    #[must_use]
    pub fn holds(self, text: &str) -> bool {
        self.length(text) <= self.max
    }

    /// Returns `text` if it fits, otherwise its longest fitting prefix followed by `…`.
    ///
    /// The cut is between words if a word ends in the second half of the available length, else
    /// between grapheme clusters; a cluster is split only if it exceeds the limit by itself.
    /// Returns an empty string if not even the `…` fits.
    #[must_use]
    pub fn cut(self, text: &str) -> String {
        if self.holds(text) {
            return text.to_owned();
        }
        let Some(room) = self.max.checked_sub(self.length(ELLIPSIS)) else {
            return String::new();
        };
        let (mut used, mut end, mut word_end) = (0, 0, 0);
        for (at, cluster) in text.grapheme_indices(true) {
            if cluster.chars().all(char::is_whitespace) && used > room / 2 {
                word_end = at;
            }
            used += self.length(cluster);
            if used > room {
                break;
            }
            end = at + cluster.len();
        }
        if end == 0 {
            end = self.prefix_by_code_points(text, room);
        }
        let kept = if word_end > 0 { word_end } else { end };
        let kept = text[..kept].trim_end().trim_end_matches(ZERO_WIDTH_JOINER);
        format!("{kept}{ELLIPSIS}")
    }

    /// Length in bytes of the longest prefix within `room` that ends at a code point.
    fn prefix_by_code_points(self, text: &str, room: usize) -> usize {
        let (mut used, mut end) = (0, 0);
        for character in text.chars() {
            used += match self.unit {
                LengthUnit::Characters => character.len_utf16(),
                LengthUnit::Bytes => character.len_utf8(),
            };
            if used > room {
                break;
            }
            end += character.len_utf8();
        }
        end
    }
}

/// The text as one line: control characters become spaces, and runs of white space one space.
pub(super) fn line(text: &str) -> String {
    let spaced = text.replace(|character: char| character.is_control(), " ");
    spaced.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// The text without control characters other than line breaks and tabs, trimmed. Line breaks become
/// `\n`.
pub(super) fn body(text: &str) -> String {
    let text = text.replace("\r\n", "\n").replace('\r', "\n");
    let kept = text.replace(
        |character: char| character.is_control() && character != '\n' && character != '\t',
        "",
    );
    kept.trim().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_is_cut_between_words_then_between_pictures() {
        let limit = LengthLimit::characters(20);
        assert_eq!(limit.cut("Confort"), "Confort");
        assert_eq!(limit.cut("exactly twenty chars"), "exactly twenty chars");
        assert_eq!(limit.cut("Chaussures de course sur route"), "Chaussures de…");
        assert_eq!(limit.cut("Anticonstitutionnellement"), "Anticonstitutionnel…");
        let family = "👨‍👩‍👧‍👦";
        assert_eq!(limit.cut(&family.repeat(3)), format!("{family}…"));
        assert_eq!(LengthLimit::characters(6).cut(family), "👨\u{200d}👩…");
    }

    #[test]
    fn bytes_are_cut_at_whole_characters() {
        assert_eq!(LengthLimit::bytes(8).cut("ééééé"), "éé…");
        assert_eq!(LengthLimit::bytes(3).cut("ééééé"), "…");
        assert_eq!(LengthLimit::bytes(2).cut("ééééé"), "");
    }

    #[test]
    fn lines_and_bodies_drop_control_characters() {
        assert_eq!(line(" a\n\tb\u{7}c  d "), "a b c d");
        assert_eq!(body("\u{0}one\r\ntwo\u{1b}[0m \n"), "one\ntwo[0m");
    }
}
