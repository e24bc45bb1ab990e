//! Hashed word and character n-grams, the spelling features beside the sentence embedding.
//!
//! The encoder captures meaning; n-grams capture spelling and cover what the encoder was not
//! trained on: slang, typos, shop vocabulary.
//!
//! Invariants
//! - The same text and [`NgramSpec`] give the same features on every machine and in every version,
//!   because trained head files depend on them. A change here invalidates every head file.
//! - A text without words has no values; otherwise their Euclidean norm is 1.
//!
//! Source: signed feature hashing, Weinberger et al. 2009, arXiv:0902.2206; word-bounded character
//! n-grams as in fastText, Bojanowski et al. 2017, arXiv:1607.04606.

use crate::folding::fold;

/// Bytes of a text that are considered; longer than any customer's sentence.
const TEXT_BYTES_MAX: usize = 4_096;

/// Characters of a word that are kept; longer ones are mostly pasted keys and links.
const WORD_CHARACTERS_MAX: usize = 32;

/// Maximum run of one letter: `heyyyyy` becomes `heyy`.
const LETTER_RUN_MAX: usize = 2;

/// Maximum run of digits. Each digit becomes `0`, so that only the shape of a number counts.
const DIGIT_RUN_MAX: usize = 4;

/// Lengths of character n-grams, and the number of hash buckets for all n-grams.
/// [`NgramSpec::default`] has the recommended values.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NgramSpec {
    /// Hash buckets; a power of two from 256 to 65,536. Recommended: 8,192.
    pub buckets: usize,
    /// Shortest character n-gram. Recommended: 2.
    pub characters_min: usize,
    /// Longest character n-gram, at most 6. Recommended: 4.
    pub characters_max: usize,
}

impl Default for NgramSpec {
    fn default() -> Self {
        // The weights of 28 labels and a 384-wide encoder then take 470 KiB.
        Self { buckets: 8192, characters_min: 2, characters_max: 4 }
    }
}

/// Pairs of bucket and value, in ascending order of bucket.
pub(crate) type SparseRow = Vec<(u32, f32)>;

/// Folded words of a text, with repetitions shortened. `?`, `!`, symbols and emoji are words of
/// their own; other punctuation only separates.
pub(crate) fn words(text: &str) -> Vec<String> {
    let mut words = Vec::new();
    let mut word = String::new();
    let mut characters = 0_usize;
    let mut run = (' ', 0_usize);
    for character in fold(clip(text)).chars() {
        let character = if character.is_numeric() { '0' } else { character };
        run = if run.0 == character { (character, run.1 + 1) } else { (character, 1) };
        let run_max = if character == '0' { DIGIT_RUN_MAX } else { LETTER_RUN_MAX };
        if character.is_alphanumeric() {
            if run.1 <= run_max && characters < WORD_CHARACTERS_MAX {
                word.push(character);
                characters += 1;
            }
            continue;
        }
        if !word.is_empty() {
            words.push(std::mem::take(&mut word));
            characters = 0;
        }
        let counts = !character.is_whitespace() && !is_filler(character);
        if counts && run.1 <= 1 {
            words.push(character.to_string());
        }
    }
    if !word.is_empty() {
        words.push(word);
    }
    words
}

/// Whether a character is punctuation or control: it separates words and carries no meaning.
fn is_filler(character: char) -> bool {
    character.is_control()
        || matches!(
            character,
            '.' | ','
                | ';'
                | ':'
                | '\''
                | '’'
                | '‘'
                | '"'
                | '«'
                | '»'
                | '-'
                | '_'
                | '('
                | ')'
                | '/'
        )
}

fn clip(text: &str) -> &str {
    let mut end = text.len().min(TEXT_BYTES_MAX);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    &text[..end]
}

/// A text with cached n-grams: several heads with the same [`NgramSpec`] hash it once.
#[derive(Debug)]
pub(crate) struct HashedText<'a> {
    pub(crate) text: &'a str,
    rows: Vec<(NgramSpec, SparseRow)>,
}

impl<'a> HashedText<'a> {
    pub(crate) fn new(text: &'a str) -> Self {
        Self { text, rows: Vec::new() }
    }

    /// The result of [`ngrams`], computed on first use.
    pub(crate) fn ngrams(&mut self, spec: NgramSpec) -> &SparseRow {
        let found = self.rows.iter().position(|(known, _)| *known == spec);
        let at = found.unwrap_or_else(|| {
            self.rows.push((spec, ngrams(self.text, spec)));
            self.rows.len() - 1
        });
        &self.rows[at].1
    }
}

/// Hashed n-grams of a text.
///
/// Takes words, word pairs and character n-grams. A value is `1 + ln(count)` with the sign of the
/// hash; the row is scaled to Euclidean norm 1.
pub(crate) fn ngrams(text: &str, spec: NgramSpec) -> SparseRow {
    let mut hashes = Vec::new();
    let words = words(text);
    for (index, word) in words.iter().enumerate() {
        hashes.push(hash(1, [word.as_str()]));
        if let Some(next) = words.get(index + 1) {
            hashes.push(hash(2, [word.as_str(), next.as_str()]));
        }
        push_characters(word, spec, &mut hashes);
    }
    hashes.sort_unstable();
    let mut row: SparseRow = Vec::with_capacity(hashes.len());
    for group in hashes.chunk_by(|a, b| a == b) {
        #[expect(clippy::cast_precision_loss, reason = "a text has a few thousand n-grams")]
        let count = group.len() as f32;
        let value = 1.0 + count.ln();
        let signed = if group[0] >> 63 == 0 { value } else { -value };
        #[expect(clippy::cast_possible_truncation, reason = "masked to at most 16 bits")]
        let bucket = (group[0] & (spec.buckets as u64 - 1)) as u32;
        row.push((bucket, signed));
    }
    row.sort_unstable_by_key(|(bucket, _)| *bucket);
    row.dedup_by(|next, kept| {
        let same = next.0 == kept.0;
        if same {
            kept.1 += next.1;
        }
        same
    });
    normalize(&mut row);
    row
}

fn push_characters(word: &str, spec: NgramSpec, hashes: &mut Vec<u64>) {
    let bounded = format!(" {word} ");
    let starts: Vec<usize> =
        bounded.char_indices().map(|(at, _)| at).chain([bounded.len()]).collect();
    let characters = starts.len() - 1;
    for width in spec.characters_min..=spec.characters_max.min(characters) {
        for first in 0..=characters - width {
            hashes.push(hash(3, [&bounded[starts[first]..starts[first + width]]]));
        }
    }
}

fn normalize(row: &mut SparseRow) {
    row.retain(|(_, value)| *value != 0.0);
    let norm = row.iter().map(|(_, value)| value * value).sum::<f32>().sqrt();
    if norm > 0.0 {
        for (_, value) in row.iter_mut() {
            *value /= norm;
        }
    }
}

/// FNV-1a over kind and parts, with the finaliser of `MurmurHash3`. The low bits choose the bucket
/// and the top bit the sign, so both must depend on every byte.
fn hash<const PARTS: usize>(kind: u8, parts: [&str; PARTS]) -> u64 {
    let mut state: u64 = 0xcbf2_9ce4_8422_2325;
    let mut feed = |byte: u8| {
        state = (state ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3);
    };
    feed(kind);
    for part in parts {
        part.bytes().for_each(&mut feed);
        feed(0xff);
    }
    state ^= state >> 33;
    state = state.wrapping_mul(0xff51_afd7_ed55_8ccd);
    state ^= state >> 33;
    state = state.wrapping_mul(0xc4ce_b9fe_1a85_ec53);
    state ^ (state >> 33)
}

#[cfg(test)]
mod tests {
    use super::*;

    const SPEC: NgramSpec = NgramSpec { buckets: 8_192, characters_min: 2, characters_max: 4 };

    fn row(text: &str) -> SparseRow {
        ngrams(text, SPEC)
    }

    #[test]
    fn words_fold_case_accents_repetitions_and_numbers() {
        assert_eq!(
            words("Où est ma COMMANDE n°123456 ???"),
            ["ou", "est", "ma", "commande", "n", "°", "0000", "?"]
        );
        assert_eq!(words("heyyyyy l'été"), ["heyy", "l", "ete"]);
        assert!(words(" ... ").is_empty());
        assert!(words("").is_empty());
    }

    #[test]
    fn values_have_norm_one_and_rising_buckets() {
        let found = row("Do you have these in size 42?");
        let norm: f32 = found.iter().map(|(_, value)| value * value).sum();
        assert!((norm - 1.0).abs() < 1e-5);
        assert!(found.windows(2).all(|pair| pair[0].0 < pair[1].0));
        assert!(found.iter().all(|(bucket, _)| (*bucket as usize) < SPEC.buckets));
        assert!(row("...").is_empty());
    }

    #[test]
    fn hashing_never_changes_between_versions() {
        // Head files from older versions must keep working.
        let found = row("ok");
        let buckets: Vec<u32> = found.iter().map(|(bucket, _)| *bucket).collect();
        assert_eq!(buckets, GOLDEN_OK_BUCKETS);
    }

    const GOLDEN_OK_BUCKETS: [u32; 7] = [1725, 1913, 3374, 4112, 4645, 7042, 7184];

    #[test]
    fn a_typo_stays_close_to_its_word() {
        let dot = |a: &str, b: &str| -> f32 {
            let b = row(b);
            row(a)
                .iter()
                .filter_map(|(bucket, value)| {
                    let at = b.binary_search_by_key(bucket, |(other, _)| *other).ok()?;
                    Some(value * b[at].1)
                })
                .sum()
        };
        assert!(dot("livraison", "livrason") > 0.4);
        assert!(dot("livraison", "rembourser") < 0.2);
    }

    #[test]
    fn hostile_texts_end() {
        let long = "é".repeat(100_000);
        assert!(row(&long).len() < 200);
        row("\u{0}\u{301}\u{301}\u{10ffff}");
    }
}
