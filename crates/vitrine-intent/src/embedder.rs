//! Sentence embeddings: a tokenizer and an encoder behind a batch thread.
//!
//! The caller's thread truncates and tokenizes; the batch thread only runs forward passes.
//!
//! Invariants
//! - Embeddings are returned in the order of the texts, `[dimensions]` each.
//! - A text longer than the encoder's limit is truncated at its end, never refused.
//! - Each text gets the same prefix, in training and in serving.

use crate::batcher::BatchLimits;
use crate::batcher::Batcher;
use crate::batcher::PendingOutputs;
use crate::error::IntentError;
use crate::error::SharedCause;
use crate::head::EncoderIdentity;
use std::path::Path;
use std::path::PathBuf;
use std::sync::Arc;
use vitrine_base::digest::sha256_of_file;
use vitrine_engine::model::Adaptation;
use vitrine_engine::model::Device;
use vitrine_engine::model::Encoder;
use vitrine_engine::model::EncoderLearner;
use vitrine_engine::model::EncoderOptions;
use vitrine_engine::text::Special;
use vitrine_engine::text::TextError;
use vitrine_engine::text::Tokenizer;

/// The encoder settings that sentence-transformers computes with.
#[cfg(any(test, feature = "testing"))]
const REFERENCE: EncoderOptions = EncoderOptions {
    precision: vitrine_engine::model::EncoderPrecision::F32,
    tier: vitrine_engine::Tier::Scalar,
    threads: 1,
};

/// Options of an [`Embedder`]. [`EmbedderOptions::default`] has the recommended values.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EmbedderOptions {
    /// Limits of queue and batches.
    pub limits: BatchLimits,
    /// Bytes to which a text is truncated before tokenizing. Recommended: 8,192, more than
    /// 512 tokens take in any language.
    pub text_bytes_max: usize,
    /// Prepended to each text, such as `query: ` for the e5 family. If empty, the default prompt of
    /// the encoder's repository is used, which is usually empty.
    pub prefix: String,
    /// Precision, instruction set and threads.
    pub compute: EncoderOptions,
}

impl Default for EmbedderOptions {
    fn default() -> Self {
        Self {
            limits: BatchLimits::default(),
            text_bytes_max: 8192,
            prefix: String::new(),
            compute: EncoderOptions::default(),
        }
    }
}

/// Embeddings of a request and their token count.
#[derive(Debug, Clone, PartialEq)]
pub struct Embedded {
    /// One embedding per text, `[dimensions]` each.
    pub embeddings: Vec<Vec<f32>>,
    /// Tokens of all texts together, special tokens included.
    pub tokens: usize,
}

/// Converts a text to token ids, truncated to the encoder's limit.
type Tokenize = Box<dyn Fn(&str) -> Result<Vec<u32>, TextError> + Send + Sync>;

/// A loaded sentence encoder. Share it behind an `Arc`.
pub struct Embedder {
    folder: PathBuf,
    identity: EncoderIdentity,
    bytes: u64,
    tokens_max: usize,
    options: EmbedderOptions,
    tokenize: Tokenize,
    batcher: Batcher<Vec<u32>, Vec<f32>>,
}

impl std::fmt::Debug for Embedder {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Embedder").field("identity", &self.identity).finish_non_exhaustive()
    }
}

impl Embedder {
    /// Loads the encoder in `folder` (`config.json`, `tokenizer.json`, `model.safetensors`) onto
    /// the CPU and starts its batch thread. Reads the weights file a second time for its checksum.
    ///
    /// # Errors
    /// If a file is missing or malformed, or the operating system cannot start a thread.
    pub fn open(folder: &Path, options: EmbedderOptions) -> Result<Self, IntentError> {
        Self::open_adapted(folder, options, None)
    }

    /// Loads a second copy of the encoder with adapted weights, on its own batch thread.
    ///
    /// # Errors
    /// As [`Embedder::open`], or if the adaptation belongs to another encoder.
    pub(crate) fn adapted(&self, adaptation: &Adaptation) -> Result<Self, IntentError> {
        Self::open_adapted(&self.folder, self.options.clone(), Some(adaptation))
    }

    fn open_adapted(
        folder: &Path,
        mut options: EmbedderOptions,
        adaptation: Option<&Adaptation>,
    ) -> Result<Self, IntentError> {
        let refused = |cause: SharedCause| IntentError::Encoder { path: folder.to_owned(), cause };
        let encoder = Encoder::load_adapted(folder, &Device::Cpu, &options.compute, adaptation)
            .map_err(|error| refused(Arc::new(error)))?;
        let tokenizer = Tokenizer::from_json_file(&folder.join("tokenizer.json"))
            .map_err(|error| refused(Arc::new(error)))?;
        let sha256 = sha256_of_file(&folder.join("model.safetensors"))
            .map_err(|error| refused(Arc::new(error)))?;
        let name =
            folder.file_name().map_or_else(String::new, |n| n.to_string_lossy().into_owned());
        let identity = EncoderIdentity { name, sha256, dimensions: encoder.dimensions() };
        let (bytes, tokens_max) = (encoder.bytes(), encoder.tokens_max());
        if options.prefix.is_empty() {
            encoder.default_prompt().clone_into(&mut options.prefix);
        }
        let tokenize: Tokenize =
            Box::new(move |text| tokenizer.encode_cut(text, Special::Add, tokens_max));
        let batcher = Batcher::start("encoder", options.limits, move |batch: &[Vec<u32>]| {
            encoder.encode(batch).map_err(|error| Arc::new(error) as SharedCause)
        });
        let batcher = batcher.map_err(|error| refused(Arc::new(error)))?;
        let folder = folder.to_owned();
        Ok(Self { folder, identity, bytes, tokens_max, options, tokenize, batcher })
    }

    /// Opens a folder with small batches and the reference settings, for tests.
    #[cfg(any(test, feature = "testing"))]
    pub(crate) fn open_for_tests(folder: &Path, prefix: &str) -> Self {
        let limits =
            BatchLimits { waiting_texts_max: 64, batch_texts_max: 8, batch_tokens_max: 256 };
        let prefix = prefix.to_owned();
        let options = EmbedderOptions { limits, text_bytes_max: 8192, prefix, compute: REFERENCE };
        Self::open(folder, options).expect("the encoder of a test opens")
    }

    /// An embedder without weights, for tests of the layers above: `embed` maps the bytes of a text
    /// to its embedding.
    #[cfg(any(test, feature = "testing"))]
    pub(crate) fn toy(
        identity: EncoderIdentity,
        embed: impl Fn(&[u32]) -> Vec<f32> + Send + 'static,
    ) -> Self {
        let limits =
            BatchLimits { waiting_texts_max: 64, batch_texts_max: 8, batch_tokens_max: 256 };
        let batcher = Batcher::start("toy-encoder", limits, move |batch: &[Vec<u32>]| {
            Ok(batch.iter().map(|ids| embed(ids)).collect())
        });
        Self {
            folder: PathBuf::new(),
            identity,
            bytes: 0,
            tokens_max: 128,
            options: EmbedderOptions {
                limits,
                text_bytes_max: 128,
                prefix: String::new(),
                compute: REFERENCE,
            },
            tokenize: Box::new(|text| Ok(text.bytes().map(u32::from).collect())),
            batcher: batcher.expect("tests have threads"),
        }
    }

    /// Name, checksum and width of the encoder.
    #[must_use]
    pub fn identity(&self) -> &EncoderIdentity {
        &self.identity
    }

    /// Width of the embeddings.
    #[must_use]
    pub fn dimensions(&self) -> usize {
        self.identity.dimensions
    }

    /// Maximum sequence length, in tokens; longer texts are truncated.
    #[must_use]
    pub fn tokens_max(&self) -> usize {
        self.tokens_max
    }

    /// Size of the weights, in bytes.
    #[must_use]
    pub fn bytes(&self) -> u64 {
        self.bytes
    }

    /// Embeds the texts of one request, all or none.
    ///
    /// # Errors
    /// [`IntentError::Full`] if the queue has no room now, [`IntentError::TooManyTexts`] if the
    /// request can never fit, or the error of the tokenizer or encoder.
    pub async fn embed(&self, texts: Vec<String>) -> Result<Vec<Vec<f32>>, IntentError> {
        Ok(self.embed_counted(&texts).await?.embeddings)
    }

    /// Like [`Embedder::embed`], with the token count.
    ///
    /// # Errors
    /// As [`Embedder::embed`].
    pub async fn embed_counted<T: AsRef<str>>(&self, texts: &[T]) -> Result<Embedded, IntentError> {
        let (pending, tokens) = self.submit(texts)?;
        Ok(Embedded { embeddings: pending.wait().await?, tokens })
    }

    /// Embeds any number of texts outside an async runtime, in portions that fit the queue.
    /// `progress` receives the number of texts done so far.
    ///
    /// # Errors
    /// As [`Embedder::embed`]; concurrent callers can fill the queue.
    ///
    /// # Panics
    /// If called inside an async runtime.
    pub fn embed_blocking<T: AsRef<str>>(
        &self,
        texts: &[T],
        mut progress: impl FnMut(usize),
    ) -> Result<Vec<Vec<f32>>, IntentError> {
        let limits = self.options.limits;
        // Texts of similar length should share a batch: attention then takes a few large products
        // instead of many small ones.
        let mut order: Vec<usize> = (0..texts.len()).collect();
        order.sort_by_key(|index| texts[*index].as_ref().len());
        let mut embeddings = vec![Vec::new(); texts.len()];
        let mut done = 0;
        for portion in order.chunks(limits.waiting_texts_max.min(limits.batch_texts_max * 4)) {
            let chosen: Vec<&str> = portion.iter().map(|index| texts[*index].as_ref()).collect();
            let (pending, _) = self.submit(&chosen)?;
            for (index, embedding) in portion.iter().zip(pending.wait_blocking()?) {
                embeddings[*index] = embedding;
            }
            done += portion.len();
            progress(done);
        }
        Ok(embeddings)
    }

    /// Opens a copy of the encoder whose last `layers` layers can be trained.
    ///
    /// # Errors
    /// If the encoder's files can no longer be read.
    pub(crate) fn learner(&self, layers: usize) -> Result<EncoderLearner, IntentError> {
        EncoderLearner::open(&self.folder, layers).map_err(|error| IntentError::Encoder {
            path: self.folder.clone(),
            cause: Arc::new(error),
        })
    }

    /// Token ids of texts as the encoder receives them: prefixed and truncated.
    ///
    /// # Errors
    /// If the tokenizer fails.
    pub(crate) fn tokenize_all<T: AsRef<str>>(
        &self,
        texts: &[T],
    ) -> Result<Vec<Vec<u32>>, IntentError> {
        let ids = |(index, text): (usize, &T)| self.ids(text.as_ref(), index);
        texts.iter().enumerate().map(ids).collect()
    }

    /// Token ids of one text; `index` is its position in the request, for errors.
    fn ids(&self, text: &str, index: usize) -> Result<Vec<u32>, IntentError> {
        let clipped = clip(text, self.options.text_bytes_max);
        let ids = match self.options.prefix.as_str() {
            "" => (self.tokenize)(clipped),
            prefix => (self.tokenize)(&format!("{prefix}{clipped}")),
        };
        ids.map_err(|cause| IntentError::Tokenize { index, cause: Arc::new(cause) })
    }

    fn submit<T: AsRef<str>>(
        &self,
        texts: &[T],
    ) -> Result<(PendingOutputs<Vec<f32>>, usize), IntentError> {
        let texts_max = self.options.limits.waiting_texts_max;
        if texts.len() > texts_max {
            return Err(IntentError::TooManyTexts { texts: texts.len(), texts_max });
        }
        let mut inputs = Vec::with_capacity(texts.len());
        let mut tokens = 0;
        for (index, text) in texts.iter().enumerate() {
            let ids = self.ids(text.as_ref(), index)?;
            tokens += ids.len();
            let count = ids.len();
            inputs.push((ids, count));
        }
        Ok((self.batcher.submit(inputs)?, tokens))
    }
}

fn clip(text: &str, bytes_max: usize) -> &str {
    let mut end = text.len().min(bytes_max);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    &text[..end]
}

/// Opens an encoder folder, for tests in the layers above.
///
/// # Panics
/// If the folder holds no encoder.
#[cfg(any(test, feature = "testing"))]
#[must_use]
pub fn open_embedder(folder: &std::path::Path) -> Embedder {
    Embedder::open_for_tests(folder, "")
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    fn toy() -> Embedder {
        let identity = EncoderIdentity { name: "toy".into(), sha256: "0".into(), dimensions: 1 };
        #[expect(clippy::cast_precision_loss, reason = "byte values")]
        Embedder::toy(identity, |ids| vec![ids.iter().sum::<u32>() as f32])
    }

    #[tokio::test]
    async fn embeddings_keep_the_order_of_texts_and_count_tokens() {
        let embedded = toy().embed_counted(&["b", "ab", "a"]).await.unwrap();
        assert_eq!(embedded.embeddings, [[98.0], [195.0], [97.0]]);
        assert_eq!(embedded.tokens, 4);
    }

    #[test]
    fn any_number_of_texts_is_embedded_in_portions() {
        let texts: Vec<String> = (0..200).map(|index| "a".repeat(index % 7)).collect();
        let mut heard = Vec::new();
        let found = toy().embed_blocking(&texts, |done| heard.push(done)).unwrap();
        #[expect(clippy::cast_precision_loss, reason = "byte values")]
        let right = found.iter().enumerate().all(|(index, e)| e[0] == (97 * (index % 7)) as f32);
        assert!(right);
        assert_eq!(heard.last(), Some(&200));
    }

    #[tokio::test]
    async fn too_many_texts_are_refused_with_the_limit() {
        let texts = vec!["a".to_owned(); 65];
        let refusal = toy().embed(texts).await.unwrap_err();
        assert!(matches!(refusal, IntentError::TooManyTexts { texts: 65, texts_max: 64 }));
    }

    fn golden(name: &str) -> serde_json::Value {
        let folder =
            Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../..")).join("tests/golden/encoders");
        serde_json::from_slice(&std::fs::read(folder.join(name)).unwrap()).unwrap()
    }

    /// Largest absolute difference between found and expected values.
    fn difference(found: &[Vec<f32>], expected: &serde_json::Value) -> f64 {
        let expected = expected.as_array().unwrap();
        assert_eq!(found.len(), expected.len());
        let pairs = found.iter().zip(expected).flat_map(|(found, expected)| {
            let expected = expected.as_array().unwrap();
            assert_eq!(found.len(), expected.len());
            found.iter().zip(expected).map(|(x, y)| (f64::from(*x) - y.as_f64().unwrap()).abs())
        });
        pairs.fold(0.0, f64::max)
    }

    #[test]
    fn both_families_embed_as_sentence_transformers_does() {
        let golden = golden("expected.json");
        let texts: Vec<&str> =
            golden["texts"].as_array().unwrap().iter().map(|t| t.as_str().unwrap()).collect();
        for family in ["bert", "xlm-roberta"] {
            let folder = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../.."))
                .join("tests/golden/encoders");
            let embedder = Embedder::open_for_tests(&folder.join(family), "");
            assert_eq!(embedder.tokens_max(), 24, "{family}");
            let found = embedder.embed_blocking(&texts, |_| ()).unwrap();
            let worst = difference(&found, &golden[family]["embeddings"]);
            assert!(worst < 1e-4, "{family}: {worst}");
        }
    }

    /// Opens a fetched encoder and compares its embeddings with a golden file.
    fn assert_golden(encoder: &str, file: &str) {
        let folder = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../../models")).join(encoder);
        let weights = folder.join("model.safetensors");
        assert!(
            weights.is_file(),
            "{} is missing: run scripts/fetch-encoder {encoder}",
            weights.display()
        );
        let golden = golden(file);
        let texts: Vec<&str> =
            golden["texts"].as_array().unwrap().iter().map(|t| t.as_str().unwrap()).collect();
        let found = Embedder::open_for_tests(&folder, "").embed_blocking(&texts, |_| ()).unwrap();
        let worst = difference(&found, &golden["embeddings"]);
        assert!(worst < 1e-4, "{encoder}: {worst}");
    }

    #[test]
    fn minilm_embeds_as_sentence_transformers_does() {
        assert_golden("all-MiniLM-L6-v2", "minilm.json");
    }

    #[test]
    fn the_multilingual_encoder_embeds_as_a_separate_forward_pass_does() {
        assert_golden("multilingual-e5-small", "e5.json");
    }

    #[test]
    fn a_prefix_goes_before_every_text() {
        let folder = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../.."))
            .join("tests/golden/encoders/bert");
        let embed = |prefix: &str, text: &str| {
            Embedder::open_for_tests(&folder, prefix)
                .embed_blocking(&[text], |_| ())
                .unwrap()
                .remove(0)
        };
        assert_eq!(embed("where ", "is my parcel"), embed("", "where is my parcel"));
        assert_ne!(embed("", "is my parcel"), embed("", "where is my parcel"));
    }

    #[test]
    fn long_texts_are_cut_between_characters() {
        assert_eq!(clip("héé", 4), "hé");
        assert_eq!(clip("héé", 99), "héé");
        assert_eq!(clip("é", 0), "");
    }
}
