//! How long a text is to a channel, and how it is cut.
//!
//! Platforms write "characters" and leave open which. We count UTF-16 code units: no fewer than
//! code points or user-perceived characters, so what is legal by our count is legal by any of the
//! three. Where a platform says bytes we count bytes of UTF-8.

use unicode_segmentation::UnicodeSegmentation;

/// What a length counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum LengthUnit {
    /// UTF-16 code units: our reading of "characters".
    Characters,
    /// Bytes of UTF-8.
    Bytes,
}

/// The most that a text may be long.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct LengthLimit {
    /// The most.
    pub max: usize,
    /// Of what.
    pub unit: LengthUnit,
}

/// Stands where text was left out.
const ELLIPSIS: &str = "…";

/// Joins pictures into one; left alone at a cut it would join what follows.
const JOINER: char = '\u{200d}';

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

    /// The length of a text in this limit's unit.
    #[must_use]
    pub fn length(self, text: &str) -> usize {
        match self.unit {
            LengthUnit::Characters => text.encode_utf16().count(),
            LengthUnit::Bytes => text.len(),
        }
    }

    /// Whether a text is short enough.
    #[must_use]
    pub fn holds(self, text: &str) -> bool {
        self.length(text) <= self.max
    }

    /// The text, or as much of its beginning as fits with a `…` behind it: cut between words if
    /// one ends in the second half, else between user-perceived characters, and inside one only if
    /// it is longer than the limit by itself.
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
        let kept = text[..kept].trim_end().trim_end_matches(JOINER);
        format!("{kept}{ELLIPSIS}")
    }

    /// Bytes of the longest beginning within `room` that ends at a code point.
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

/// One line without control characters and with single spaces.
pub(super) fn line(text: &str) -> String {
    let spaced = text.replace(|character: char| character.is_control(), " ");
    spaced.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Text without control characters but line ends and tabs, and without blank ends.
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
    fn lines_and_bodies_lose_what_no_channel_shows() {
        assert_eq!(line(" a\n\tb\u{7}c  d "), "a b c d");
        assert_eq!(body("\u{0}one\r\ntwo\u{1b}[0m \n"), "one\ntwo[0m");
    }
}
