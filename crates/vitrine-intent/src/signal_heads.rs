//! Signals scored by trained heads, one head per signal.
//!
//! All heads share the embedding that was computed for the intent, so they need no second pass of
//! the encoder. A signal without a head is scored by word lists (`signals`); the buying stage has
//! no word list and is `None` then.
//!
//! Invariants
//! - A head has exactly the labels of its signal and does not adapt the encoder.

use crate::error::HeadRefusal;
use crate::error::IntentError;
use crate::features::HashedText;
use crate::head::EncoderIdentity;
use crate::head::Head;
use crate::signals;
use crate::signals::Signals;
use crate::signals::Stage;
use crate::signals::StageEstimate;
use std::path::Path;

/// A signal that a trained head can score; each variant lists the labels.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Signal {
    /// `negative`, `neutral` or `positive`.
    Sentiment,
    /// `urgent` or `ordinary`.
    Urgency,
    /// `sarcastic` or `sincere`.
    Sarcasm,
    /// `profane` or `clean`.
    Profanity,
    /// `discovery`, `interested`, `ready` or `none`.
    Stage,
}

impl Signal {
    /// All signals.
    pub const ALL: [Self; 5] =
        [Self::Sentiment, Self::Urgency, Self::Sarcasm, Self::Profanity, Self::Stage];

    /// Name of the signal's head file, without `.head`.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Sentiment => "sentiment",
            Self::Urgency => "urgency",
            Self::Sarcasm => "sarcasm",
            Self::Profanity => "profanity",
            Self::Stage => "stage",
        }
    }

    /// Labels of the signal's examples and head, in alphabetical order.
    #[must_use]
    pub fn labels(self) -> &'static [&'static str] {
        match self {
            Self::Sentiment => &["negative", "neutral", "positive"],
            Self::Urgency => &["ordinary", "urgent"],
            Self::Sarcasm => &["sarcastic", "sincere"],
            Self::Profanity => &["clean", "profane"],
            Self::Stage => &["discovery", "interested", "none", "ready"],
        }
    }

    fn allowed(self) -> &'static str {
        match self {
            Self::Sentiment => "negative, neutral, positive",
            Self::Urgency => "ordinary, urgent",
            Self::Sarcasm => "sarcastic, sincere",
            Self::Profanity => "clean, profane",
            Self::Stage => "discovery, interested, none, ready",
        }
    }
}

/// Trained heads of some or all signals.
#[derive(Debug, Clone, Default)]
pub struct SignalHeads {
    heads: Vec<(Signal, Head)>,
}

impl SignalHeads {
    /// Reads `NAME.head` of each signal from a folder; missing files are skipped.
    ///
    /// # Errors
    /// If a head is damaged or has the labels of another signal.
    pub fn open(folder: &Path) -> Result<Self, IntentError> {
        let mut heads = Self::default();
        for signal in Signal::ALL {
            let path = folder.join(signal.name()).with_extension("head");
            if path.is_file() {
                let head = Head::open(&path)?;
                heads
                    .insert(signal, head)
                    .map_err(|reason| IntentError::Head { path: path.clone(), reason })?;
            }
        }
        Ok(heads)
    }

    /// Adds or replaces the head of a signal.
    ///
    /// # Errors
    /// If the labels are not the signal's, or the head adapts its encoder.
    pub fn insert(&mut self, signal: Signal, head: Head) -> Result<(), HeadRefusal> {
        if head.labels() != signal.labels() {
            let (name, found) = ("labels", head.labels().join(", "));
            return Err(HeadRefusal::Value { name, found, allowed: signal.allowed() });
        }
        if head.adapts_encoder() {
            let found = "an adapted encoder".to_owned();
            return Err(HeadRefusal::Value { name: "adaptation", found, allowed: "none" });
        }
        self.heads.retain(|(known, _)| *known != signal);
        self.heads.push((signal, head));
        Ok(())
    }

    /// Signals that have a head.
    pub fn signals(&self) -> impl Iterator<Item = Signal> {
        self.heads.iter().map(|(signal, _)| *signal)
    }

    /// Checks that all heads were trained for this encoder.
    pub(crate) fn check(&self, encoder: &EncoderIdentity) -> Result<(), HeadRefusal> {
        self.heads.iter().try_for_each(|(_, head)| head.check_encoder(encoder))
    }

    /// Scores a text, given the shared encoder's embedding of it. Profanity is the maximum
    /// of head and word list.
    pub(crate) fn read(&self, text: &mut HashedText<'_>, embedding: &[f32]) -> Signals {
        let mut signals = signals::read(text.text);
        for (signal, head) in &self.heads {
            let ranking = head.rank(text, embedding);
            let of = |label: &str| {
                let found = ranking.labels.iter().find(|(known, _)| *known == label);
                found.map_or(0.0, |(_, probability)| *probability)
            };
            match signal {
                Signal::Sentiment => signals.sentiment = of("positive") - of("negative"),
                Signal::Urgency => signals.urgency = of("urgent"),
                Signal::Sarcasm => signals.sarcasm = of("sarcastic"),
                Signal::Profanity => signals.profanity = signals.profanity.max(of("profane")),
                Signal::Stage => {
                    let best = ranking.labels.first();
                    signals.stage = best.and_then(|(label, confidence)| {
                        let stage = Stage::from_name(label)?;
                        Some(StageEstimate { stage, confidence: *confidence })
                    });
                }
            }
        }
        signals
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::head::toy_head;

    fn head(labels: &[&str]) -> Head {
        Head { labels: labels.iter().map(ToString::to_string).collect(), ..toy_head() }
    }

    #[test]
    fn a_head_of_other_labels_is_refused_with_those_that_are_allowed() {
        let mut heads = SignalHeads::default();
        let refusal = heads.insert(Signal::Sentiment, head(&["a", "b", "c"])).unwrap_err();
        assert!(refusal.to_string().contains("negative, neutral, positive"), "{refusal}");
        heads.insert(Signal::Sentiment, head(Signal::Sentiment.labels())).unwrap();
        heads.insert(Signal::Sentiment, head(Signal::Sentiment.labels())).unwrap();
        assert_eq!(heads.signals().collect::<Vec<_>>(), [Signal::Sentiment]);
    }

    #[test]
    fn a_folder_gives_the_heads_that_it_has() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("sentiment.head");
        head(Signal::Sentiment.labels()).save(&path).unwrap();
        let heads = SignalHeads::open(folder.path()).unwrap();
        assert_eq!(heads.signals().collect::<Vec<_>>(), [Signal::Sentiment]);
        toy_head().save(&folder.path().join("urgency.head")).unwrap();
        let refusal = SignalHeads::open(folder.path()).unwrap_err().to_string();
        assert!(refusal.contains("urgency.head") && refusal.contains("left"), "{refusal}");
    }

    #[test]
    fn a_head_scores_from_the_embedding_and_word_lists_stand_in_elsewhere() {
        let mut heads = SignalHeads::default();
        heads.insert(Signal::Sentiment, head(Signal::Sentiment.labels())).unwrap();
        let mut text = HashedText::new("I need it today, it's urgent!!");
        let signals = heads.read(&mut text, &[1.0, 0.0]);
        assert!(signals.sentiment < -0.9, "{signals:?}");
        assert!(signals.urgency > 0.5, "{signals:?}");
        assert_eq!(signals.stage, None);
    }

    /// Held-out texts of a signal under `models/intents/examples/signals`, with their labels.
    fn held_out(signal: Signal) -> Vec<(String, String)> {
        let root = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../.."))
            .join("models/intents/examples/signals");
        let path = root.join(format!("{}.heldout.jsonl", signal.name()));
        let examples = crate::examples::read(&path).unwrap();
        examples.into_iter().map(|example| (example.text, example.intent)).collect()
    }

    /// Converts a signal's score to one of its labels.
    fn label(signal: Signal, signals: &Signals) -> &'static str {
        match signal {
            Signal::Sentiment if signals.sentiment > SENTIMENT_MIN => "positive",
            Signal::Sentiment if signals.sentiment < -SENTIMENT_MIN => "negative",
            Signal::Sentiment => "neutral",
            Signal::Urgency if signals.urgency >= 0.5 => "urgent",
            Signal::Urgency => "ordinary",
            Signal::Sarcasm if signals.sarcasm >= 0.5 => "sarcastic",
            Signal::Sarcasm => "sincere",
            Signal::Profanity if signals.profanity >= 0.5 => "profane",
            Signal::Profanity => "clean",
            Signal::Stage => signals.stage.map_or("none", |found| found.stage.name()),
        }
    }

    /// Minimum absolute sentiment of a positive or negative text.
    const SENTIMENT_MIN: f32 = 0.25;

    /// Mean F1 over the signal's labels.
    fn macro_f1(signal: Signal, pairs: &[(&str, &str)]) -> f64 {
        let count = |test: &dyn Fn(&(&str, &str)) -> bool| {
            #[expect(clippy::cast_precision_loss, reason = "a few hundred texts")]
            let count = pairs.iter().filter(|pair| test(pair)).count() as f64;
            count
        };
        let of = |label: &str| {
            let hits = count(&|(is, predicted)| *is == label && *predicted == label);
            let named =
                count(&|(is, _)| *is == label) + count(&|(_, predicted)| *predicted == label);
            if named > 0.0 { 2.0 * hits / named } else { 0.0 }
        };
        #[expect(clippy::cast_precision_loss, reason = "at most four labels")]
        let labels = signal.labels().len() as f64;
        signal.labels().iter().map(|label| of(label)).sum::<f64>() / labels
    }

    /// Compares the shipped heads with the word lists on every `step`-th held-out text.
    fn assert_heads_beat_the_word_lists(step: usize) {
        let root = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../.."));
        let encoder = root.join("models/multilingual-e5-small");
        assert!(encoder.is_dir(), "{} is missing: run scripts/fetch-encoder", encoder.display());
        let embedder = crate::Embedder::open_for_tests(&encoder, "");
        let heads = SignalHeads::open(&root.join("models/intents/signals")).unwrap();
        heads.check(embedder.identity()).unwrap();
        eprintln!("| signal | held out | macro F1, word lists | macro F1, shipped |");
        for signal in Signal::ALL {
            let examples: Vec<_> = held_out(signal).into_iter().step_by(step).collect();
            let texts: Vec<&str> = examples.iter().map(|(text, _)| text.as_str()).collect();
            let embeddings = embedder.embed_blocking(&texts, |_| ()).unwrap();
            let score = |read: &dyn Fn(usize) -> Signals| {
                let predicted: Vec<(&str, &str)> = examples
                    .iter()
                    .enumerate()
                    .map(|(at, (_, is))| (is.as_str(), label(signal, &read(at))))
                    .collect();
                macro_f1(signal, &predicted)
            };
            let lists = score(&|at| signals::read(texts[at]));
            let shipped = score(&|at| heads.read(&mut HashedText::new(texts[at]), &embeddings[at]));
            eprintln!("| {} | {} | {lists:.3} | {shipped:.3} |", signal.name(), examples.len());
            assert!(shipped >= lists, "{signal:?}: shipped head {shipped}, word lists {lists}");
        }
    }

    #[test]
    fn signal_heads_beat_the_word_lists_on_a_sample() {
        assert_heads_beat_the_word_lists(4);
    }

    #[test]
    #[ignore = "554 texts: cargo test -p vitrine-intent --lib signals_are_measured -- --ignored"]
    fn signals_are_measured_against_the_word_lists() {
        assert_heads_beat_the_word_lists(1);
    }

    #[test]
    fn heads_of_another_encoder_are_refused() {
        let mut heads = SignalHeads::default();
        heads.insert(Signal::Sentiment, head(Signal::Sentiment.labels())).unwrap();
        let encoder = toy_head().encoder().clone();
        assert_eq!(heads.check(&encoder), Ok(()));
        assert!(heads.check(&EncoderIdentity { dimensions: 3, ..encoder.clone() }).is_err());
    }
}
