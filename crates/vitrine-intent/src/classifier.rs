//! Classifies texts: pairs an encoder with a head, and caches predictions.
//!
//! Refuses a head that was trained for another encoder.

use crate::cache::PredictionCache;
use crate::cache::TextKey;
use crate::embedder::Embedder;
use crate::error::IntentError;
use crate::features::HashedText;
use crate::head::Head;
use crate::head::OUT_OF_SCOPE;
use crate::head::joined;
#[cfg(any(test, feature = "testing"))]
use crate::head::toy_head;
use crate::prediction::Alternative;
use crate::prediction::IntentPrediction;
use crate::signal_heads::SignalHeads;
use std::num::NonZeroUsize;
use std::sync::Arc;
use vitrine_base::ids::TenantId;
use vitrine_base::telemetry;

/// Maximum number of runners-up in a prediction.
const ALTERNATIVES_MAX: usize = 3;
/// Runners-up below this confidence are left out.
const ALTERNATIVE_CONFIDENCE_MIN: f32 = 0.01;

/// An encoder paired with a head. Share it behind an `Arc`.
#[derive(Debug)]
pub struct IntentClassifier {
    embedder: Arc<Embedder>,
    /// The encoder as adapted by the head's training; `None` if the head uses the shared one.
    own: Option<Embedder>,
    head: Head,
    signals: SignalHeads,
    cache: Option<PredictionCache>,
}

impl IntentClassifier {
    /// Pairs an encoder with a head.
    ///
    /// # Errors
    /// If the head was trained for another encoder, or its adaptation does not fit the encoder.
    pub fn new(embedder: Arc<Embedder>, head: Head) -> Result<Self, IntentError> {
        head.check_encoder(embedder.identity())
            .map_err(|reason| IntentError::Mismatch { reason })?;
        let own = match &head.adaptation {
            Some(adaptation) => Some(embedder.adapted(adaptation)?),
            None => None,
        };
        let signals = SignalHeads::default();
        Ok(Self { embedder, own, head, signals, cache: None })
    }

    /// Caches the predictions of up to `texts_max` texts; `None` turns the cache off.
    #[must_use]
    pub fn with_cache(self, texts_max: Option<NonZeroUsize>) -> Self {
        Self { cache: texts_max.map(PredictionCache::new), ..self }
    }

    /// Scores signals with trained heads instead of word lists.
    ///
    /// # Errors
    /// If a head was trained for another encoder.
    pub fn with_signals(self, signals: SignalHeads) -> Result<Self, IntentError> {
        self.check_signals(&signals)?;
        Ok(Self { signals, ..self })
    }

    /// Checks that trained signal heads fit this classifier's encoder.
    ///
    /// # Errors
    /// As [`IntentClassifier::with_signals`].
    pub fn check_signals(&self, signals: &SignalHeads) -> Result<(), IntentError> {
        signals.check(self.embedder.identity()).map_err(|reason| IntentError::Mismatch { reason })
    }

    /// A two-label classifier without a model, for tests of the layers above: texts that begin with
    /// `l` are `left`, with `r` `right`, all others are out of scope.
    #[cfg(any(test, feature = "testing"))]
    #[must_use]
    pub fn toy() -> Self {
        let head = toy_head();
        let embedder = Embedder::toy(head.encoder().clone(), |ids| match ids.first() {
            Some(108) => vec![1.0, 0.0],
            Some(114) => vec![-1.0, 0.0],
            _ => vec![0.0, 1.0],
        });
        let signals = SignalHeads::default();
        Self { embedder: Arc::new(embedder), own: None, head, signals, cache: None }
    }

    /// The shared encoder; not the one that the head may have adapted.
    #[must_use]
    pub fn embedder(&self) -> &Arc<Embedder> {
        &self.embedder
    }

    /// Weight bytes of the shared encoder plus the head's adapted encoder, if any.
    #[must_use]
    pub fn bytes(&self) -> u64 {
        self.embedder.bytes() + self.own.as_ref().map_or(0, Embedder::bytes)
    }

    /// The intent head this classifier was built with.
    #[must_use]
    pub fn head(&self) -> &Head {
        &self.head
    }

    /// Classifies a tenant's texts, all or none; predictions keep the order of the texts. Cached
    /// texts of the same tenant skip the encoder.
    ///
    /// # Errors
    /// As [`Embedder::embed`].
    pub async fn classify(
        &self,
        texts: &[String],
        tenant: &TenantId,
    ) -> Result<Vec<IntentPrediction>, IntentError> {
        let Some(cache) = &self.cache else {
            return self.classify_uncached(&texts.iter().collect::<Vec<_>>()).await;
        };
        let keys: Vec<TextKey> = texts.iter().map(|text| cache.key(tenant, text)).collect();
        let found: Vec<Option<IntentPrediction>> =
            keys.iter().map(|key| cache.find(*key)).collect();
        let new: Vec<&String> = texts
            .iter()
            .zip(&found)
            .filter_map(|(text, found)| found.is_none().then_some(text))
            .collect();
        let remembered = texts.len() - new.len();
        metrics::counter!(telemetry::TEXTS_CACHE_HITS_TOTAL).increment(remembered as u64);
        let mut fresh = if new.is_empty() {
            Vec::new().into_iter()
        } else {
            self.classify_uncached(&new).await?.into_iter()
        };
        let keep = |(key, found): (TextKey, Option<IntentPrediction>)| {
            found.or_else(|| fresh.next().inspect(|prediction| cache.keep(key, prediction.clone())))
        };
        Ok(keys.into_iter().zip(found).filter_map(keep).collect())
    }

    async fn classify_uncached(
        &self,
        texts: &[&String],
    ) -> Result<Vec<IntentPrediction>, IntentError> {
        let shared = self.embedder.embed_counted(texts).await?.embeddings;
        let own = match &self.own {
            Some(own) => Some(own.embed_counted(texts).await?.embeddings),
            None => None,
        };
        Ok(self.predict_all(texts, shared, own))
    }

    /// Like [`IntentClassifier::classify`], for any number of texts, outside an async runtime.
    /// Bypasses the prediction cache. `progress` receives the number of texts embedded so far.
    ///
    /// # Errors
    /// As [`Embedder::embed_blocking`].
    ///
    /// # Panics
    /// If called inside an async runtime.
    pub fn classify_blocking<T: AsRef<str>>(
        &self,
        texts: &[T],
        progress: impl FnMut(usize),
    ) -> Result<Vec<IntentPrediction>, IntentError> {
        let own = match &self.own {
            Some(own) => Some(own.embed_blocking(texts, |_| ())?),
            None => None,
        };
        let shared = self.embedder.embed_blocking(texts, progress)?;
        Ok(self.predict_all(texts, shared, own))
    }

    fn predict_all<T: AsRef<str>>(
        &self,
        texts: &[T],
        shared: Vec<Vec<f32>>,
        own: Option<Vec<Vec<f32>>>,
    ) -> Vec<IntentPrediction> {
        metrics::counter!(telemetry::TEXTS_CLASSIFIED_TOTAL).increment(texts.len() as u64);
        let own = match own {
            Some(own) if self.head.joined => Some(joined(shared.clone(), own)),
            own => own,
        };
        let own = own.as_ref().unwrap_or(&shared);
        let texts = texts.iter().zip(&shared).zip(own);
        texts.map(|((text, shared), own)| self.predict(text.as_ref(), shared, own)).collect()
    }

    /// Scores signals from the `shared` encoder's embedding and the intent from `own`, the head's.
    fn predict(&self, text: &str, shared: &[f32], own: &[f32]) -> IntentPrediction {
        let mut text = HashedText::new(text);
        let signals = self.signals.read(&mut text, shared);
        let ranking = self.head.rank(&mut text, own);
        let mut labels = ranking.labels.into_iter();
        let (label, confidence) = labels.next().unwrap_or((OUT_OF_SCOPE, 0.0));
        let alternatives = labels
            .take(ALTERNATIVES_MAX)
            .filter(|(_, confidence)| *confidence >= ALTERNATIVE_CONFIDENCE_MIN)
            .map(|(label, confidence)| Alternative { label: label.to_owned(), confidence })
            .collect();
        IntentPrediction {
            label: label.to_owned(),
            confidence,
            in_scope: ranking.in_scope,
            abstained: ranking.abstained,
            clarify_margin: self.head.clarify_margin(),
            alternatives,
            signals,
            meaning: self.head.meaning(own),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::HeadRefusal;
    use crate::head::identity::EncoderIdentity;

    /// The embedder of [`IntentClassifier::toy`] with a chosen identity.
    fn toy_embedder(identity: EncoderIdentity) -> Arc<Embedder> {
        Arc::new(Embedder::toy(identity, |ids| match ids.first() {
            Some(108) => vec![1.0, 0.0],
            Some(114) => vec![-1.0, 0.0],
            _ => vec![0.0, 1.0],
        }))
    }

    #[tokio::test]
    async fn predictions_carry_confidence_alternatives_and_signals() {
        let classifier = IntentClassifier::toy();
        let texts = ["left please, I love it", "right", "weather"].map(str::to_owned).to_vec();
        let found = classifier.classify(&texts, &tenant()).await.unwrap();
        assert_eq!((found[0].label.as_str(), found[0].abstained), ("left", false));
        assert!(found[0].confidence > 0.9 && found[0].signals.sentiment > 0.0);
        assert_eq!(found[1].label, "right");
        assert!(found[2].abstained && found[2].confidence < 0.5);
        let total: f32 = found[2].confidence
            + found[2].alternatives.iter().map(|other| other.confidence).sum::<f32>();
        assert!(total < 1.0);
        let blocking = std::thread::spawn(move || classifier.classify_blocking(&texts, |_| ()));
        assert_eq!(blocking.join().unwrap().unwrap(), found);
    }

    fn tenant() -> TenantId {
        TenantId::new("rivage").unwrap()
    }

    #[tokio::test]
    async fn repeated_texts_skip_the_encoder() {
        let passes = Arc::new(std::sync::atomic::AtomicUsize::new(0));
        let counted = Arc::clone(&passes);
        let head = toy_head();
        let embedder = Embedder::toy(head.encoder().clone(), move |ids| {
            counted.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
            if ids.first() == Some(&108) { vec![1.0, 0.0] } else { vec![-1.0, 0.0] }
        });
        let classifier = IntentClassifier::new(Arc::new(embedder), head)
            .unwrap()
            .with_cache(NonZeroUsize::new(16));
        let texts = ["left", "right", "left again"].map(str::to_owned);
        let first = classifier.classify(&texts, &tenant()).await.unwrap();
        let mixed = ["right", "later", "left"].map(str::to_owned);
        let second = classifier.classify(&mixed, &tenant()).await.unwrap();
        assert_eq!([&second[0], &second[2]], [&first[1], &first[0]]);
        assert_eq!(second[1].label, "left");
        assert_eq!(passes.load(std::sync::atomic::Ordering::Relaxed), 4);
        let other = TenantId::new("other").unwrap();
        assert_eq!(classifier.classify(&texts, &other).await.unwrap(), first);
        assert_eq!(passes.load(std::sync::atomic::Ordering::Relaxed), 7);
    }

    #[test]
    fn a_head_for_another_encoder_is_refused_when_paired() {
        let other = EncoderIdentity { dimensions: 3, ..toy_head().encoder().clone() };
        let refusal = IntentClassifier::new(toy_embedder(other), toy_head()).unwrap_err();
        let IntentError::Mismatch { reason: HeadRefusal::Encoder { found, .. } } = refusal else {
            panic!("{refusal}");
        };
        assert_eq!(found.dimensions, 3);
    }
}
