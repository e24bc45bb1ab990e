//! Scores sentiment, urgency, sarcasm and profanity with English and French word lists: the
//! fallback for signals without a trained head (`signal_heads`).
//!
//! The scores are hints. They may lower confidence, hold back an offer or favour a hand-off; no
//! other decision may depend on them. Sarcasm is unsolved even for large models, so its score only
//! counts cheap cues (praise beside trouble, ironic stock phrases) and stays low.
//!
//! Invariants
//! - Sentiment is in [-1, 1], the others in [0, 1]. A text without a listed word scores 0.
//! - Pure: the same text gives the same scores.

use crate::features::words;
use crate::signals_lexicon::EMPHASIS;
use crate::signals_lexicon::IRONY;
use crate::signals_lexicon::NEGATIVE;
use crate::signals_lexicon::NEGATORS;
use crate::signals_lexicon::POSITIVE;
use crate::signals_lexicon::PROFANE;
use crate::signals_lexicon::URGENT;

/// Reach of a negator, in words: `not very good`, `pas du tout satisfait`.
const NEGATION_REACH_WORDS: usize = 3;
/// Divisor before `tanh`: one plain word scores 0.38, three score 0.83.
const SATURATION: f32 = 2.5;
/// Added to urgency for an exclamation mark, and for shouting, beside an urgent word.
const EXCLAMATION: f32 = 0.5;
/// Profanity score of a text with a swear word; few of them have another meaning.
const SWEAR_WORD_PROFANITY: f32 = 0.9;
/// Minimum letters for capitals to count as shouting.
const SHOUT_LETTERS_MIN: usize = 8;

/// Mood scores of one text.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Signals {
    /// From -1 (angry) through 0 (neutral) to 1 (delighted).
    pub sentiment: f32,
    /// From 0 (no hurry) to 1 (needed now).
    pub urgency: f32,
    /// From 0 to 1; unreliable by nature.
    pub sarcasm: f32,
    /// From 0 to 1; counts all swearing, whoever it is aimed at.
    pub profanity: f32,
    /// Buying stage; `None` when the text is not about buying, or no stage head is loaded.
    pub stage: Option<StageEstimate>,
}

/// How close a customer is to buying.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Stage {
    /// Browses without a particular product in mind.
    Discovery,
    /// Considers a particular product.
    Interested,
    /// Is about to buy.
    Ready,
}

impl Stage {
    /// Name in the HTTP API: `discovery`, `interested` or `ready`.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Discovery => "discovery",
            Self::Interested => "interested",
            Self::Ready => "ready",
        }
    }

    /// Parses the name from the HTTP API; `None` for any other text.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        [Self::Discovery, Self::Interested, Self::Ready]
            .into_iter()
            .find(|stage| stage.name() == name)
    }
}

/// A buying stage with its confidence.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct StageEstimate {
    /// The most likely stage.
    pub stage: Stage,
    /// Calibrated probability, 0 to 1.
    pub confidence: f32,
}

/// Scores a text with the word lists; `stage` is always `None`.
#[must_use]
pub fn read(text: &str) -> Signals {
    let words = words(text);
    let exclamations = words.iter().filter(|word| word.as_str() == "!").count();
    let shouting = shouts(text);
    let (mut praise, mut blame) = (0.0_f32, 0.0_f32);
    for (index, word) in words.iter().enumerate() {
        let weight = weight_before(&words, index);
        let turned = negated(&words, index);
        if contains(POSITIVE, word) {
            if turned { blame += weight } else { praise += weight }
        } else if contains(NEGATIVE, word) {
            if turned { praise += weight / 2.0 } else { blame += weight }
        }
    }
    if shouting && blame > 0.0 {
        blame *= 1.5;
    }
    let line = format!(" {} ", words.join(" "));
    let urgent = count_phrases(URGENT, &line);
    let urgency = if urgent > 0.0 {
        let shout = if shouting { EXCLAMATION } else { 0.0 };
        saturate(urgent + shout + if exclamations > 0 { EXCLAMATION } else { 0.0 })
    } else {
        0.0
    };
    let mixed = if praise > 0.0 && blame > 0.0 { praise.min(blame) / 2.0 } else { 0.0 };
    let sarcasm = saturate(count_phrases(IRONY, &line) + mixed);
    let swearing = words.iter().any(|word| contains(PROFANE, word));
    Signals {
        sentiment: saturate_signed(praise - blame),
        urgency,
        sarcasm,
        profanity: if swearing { SWEAR_WORD_PROFANITY } else { 0.0 },
        stage: None,
    }
}

fn contains(list: &[&str], word: &str) -> bool {
    list.binary_search(&word).is_ok()
}

fn count_phrases(phrases: &[&str], line: &str) -> f32 {
    let found = phrases.iter().filter(|phrase| line.contains(&format!(" {phrase} ")));
    #[expect(clippy::cast_precision_loss, reason = "a list has few phrases")]
    let count = found.count() as f32;
    count
}

fn weight_before(words: &[String], index: usize) -> f32 {
    let before = index.checked_sub(1).and_then(|at| words.get(at));
    if before.is_some_and(|word| contains(EMPHASIS, word)) { 1.5 } else { 1.0 }
}

fn negated(words: &[String], index: usize) -> bool {
    let start = index.saturating_sub(NEGATION_REACH_WORDS);
    words[start..index].iter().any(|word| contains(NEGATORS, word))
}

/// Whether at least 70 % of the letters are capitals, and there are enough letters to tell.
fn shouts(text: &str) -> bool {
    let letters = text.chars().filter(|character| character.is_alphabetic()).count();
    let capitals = text.chars().filter(|character| character.is_uppercase()).count();
    letters >= SHOUT_LETTERS_MIN && capitals * 10 >= letters * 7
}

fn saturate(amount: f32) -> f32 {
    (amount / SATURATION).tanh()
}

fn saturate_signed(amount: f32) -> f32 {
    (amount / SATURATION).tanh()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_are_sorted_and_folded_as_texts_are() {
        for list in [POSITIVE, NEGATIVE, EMPHASIS, NEGATORS, PROFANE] {
            for pair in list.windows(2) {
                assert!(pair[0] < pair[1], "{} must come before {}", pair[1], pair[0]);
            }
        }
        for list in [POSITIVE, NEGATIVE, EMPHASIS, NEGATORS, URGENT, IRONY, PROFANE] {
            for entry in list {
                assert_eq!(words(entry).join(" "), *entry);
            }
        }
    }

    #[test]
    fn sentiment_points_the_right_way_in_both_languages() {
        for text in ["I love it, thank you so much!", "Parfait, merci beaucoup, j'adore"] {
            assert!(read(text).sentiment > 0.3, "{text}: {:?}", read(text));
        }
        for text in [
            "this is terrible, worst service ever",
            "c'est inadmissible, service nul",
            "I am not happy with this",
            "je ne suis pas satisfait du tout",
            "YOU LOST MY PARCEL THIS IS A SCAM",
        ] {
            assert!(read(text).sentiment < -0.2, "{text}: {:?}", read(text));
        }
        for text in ["where is my order", "avez-vous la taille 42 ?", "", "🙂"] {
            assert_eq!(read(text).sentiment, 0.0, "{text}");
        }
    }

    #[test]
    fn urgency_needs_an_urgent_word() {
        assert!(read("I need it today, it's urgent!!").urgency > 0.5);
        assert!(read("c'est pour demain, dépêchez-vous svp !").urgency > 0.3);
        assert_eq!(read("hello!!!").urgency, 0.0);
    }

    #[test]
    fn sarcasm_is_praise_beside_trouble_or_a_stock_phrase() {
        assert!(read("Oh great, broken again, thanks a lot").sarcasm > 0.2);
        assert!(read("Bravo, super, encore en retard, merci pour rien").sarcasm > 0.2);
        assert!(read("Great shoes, thanks").sarcasm < 0.05);
    }

    #[test]
    fn swear_words_match_as_whole_words_only() {
        for text in ["this is bullshit", "quel bordel, putain", "WTF"] {
            assert!(read(text).profanity > 0.5, "{text}");
        }
        for text in ["a classic assistant", "le concours de contes", "Scunthorpe", ""] {
            assert_eq!(read(text).profanity, 0.0, "{text}");
        }
    }

    #[test]
    fn scores_stay_in_their_ranges() {
        let worst = "NEVER AGAIN worst horrible scam urgent now asap immediately ".repeat(50);
        let signals = read(&worst);
        assert!((-1.0..=1.0).contains(&signals.sentiment));
        assert!((0.0..=1.0).contains(&signals.urgency));
        assert!((0.0..=1.0).contains(&signals.sarcasm));
    }
}
