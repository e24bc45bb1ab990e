//! A model that is open for generation: its file, its words and its engine.
//!
//! Invariants
//! - Everything here is read once, when the model is opened; clones share it.
//! - The token lists of the metadata live in the tokenizer only.

use crate::engine::accounted::Accounted;
use crate::engine::cache_scope::CacheScope;
use crate::engine::constraint::Constraint;
use crate::engine::constraint::Grammar;
use crate::engine::constraint::Grammars;
use crate::engine::constraint::KEPT_BYTES_MAX;
use crate::engine::constraint::TokenTrie;
use crate::engine::error::EngineError;
use crate::engine::handle::EngineHandle;
use crate::engine::handle::EngineParts;
use crate::engine::options::EngineOptions;
use crate::engine::published;
use crate::engine::published::Published;
use crate::engine::request::EndOfText;
use crate::engine::request::GenerationRequest;
use crate::engine::request::Priority;
use crate::engine::request::Sampling;
use crate::engine::vocabulary::Detokenizer;
use crate::engine::vocabulary::Vocabulary;
use crate::model::DecoderOptions;
use crate::model::Device;
use crate::model::ExecutorChoice;
use crate::model::Footprint;
use crate::model::KvType;
use crate::model::ModelError;
use crate::model::compute_cores;
use crate::model::footprint;
use crate::model::load_decoder;
use crate::text::ChatMessage;
use crate::text::ChatTemplate;
use crate::text::Special;
use crate::text::StreamDecoder;
use crate::text::TemplateSettings;
use crate::text::TextError;
use crate::text::Tokenizer;
use std::path::Path;
use std::path::PathBuf;
use std::sync::Arc;
use vitrine_base::clock::SharedClock;
use vitrine_base::memory::Account;
use vitrine_base::memory::Claim;
use vitrine_base::memory::MemoryLedger;
use vitrine_base::metadata::Metadata;
use vitrine_base::units::Bytes;
use vitrine_kernels::tier::Tier;

/// Prompt of the warm-up, tokens: the kernels for wide steps pack their weights from 32 rows on.
const WARM_UP_TOKENS: usize = 64;

/// Prefix of the metadata keys that only the tokenizer needs.
const TOKENIZER_PREFIX: &str = "tokenizer.ggml.";

/// A model that is open for generation; clones share it.
#[derive(Debug, Clone)]
pub struct GenerationModel {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    name: String,
    path: PathBuf,
    bytes: u64,
    sha256: String,
    tokenizer: Arc<Tokenizer>,
    chat_template: Option<ChatTemplate>,
    metadata: Metadata,
    footprint: Footprint,
    grammars: Arc<Grammars>,
    engine: EngineHandle,
}

/// Opens a GGUF file, or a folder of safetensors, as the one model of a command; see
/// [`open_within`].
///
/// # Errors
/// As [`open_within`]; the machine's memory is the limit.
pub fn open(
    path: &Path,
    name: &str,
    options: EngineOptions,
    clock: SharedClock,
) -> Result<GenerationModel, EngineError> {
    open_within(path, name, options, clock, &MemoryLedger::of_machine())
}

/// Opens a GGUF file, or a folder of safetensors, and starts its engine. A build for CUDA computes
/// on the first device. What it takes in memory is asked of `memory` before it is allocated.
///
/// # Errors
/// If the file cannot be read, its family, tokenizer or chat template is not supported, an option
/// makes no sense, it does not fit the memory that is left, or not one page fits the KV memory.
pub fn open_within(
    path: &Path,
    name: &str,
    options: EngineOptions,
    clock: SharedClock,
    memory: &Arc<MemoryLedger>,
) -> Result<GenerationModel, EngineError> {
    options.check()?;
    let Published { file, tokenizer, chat_template } =
        Published::read(path, options.quantize, Arc::clone(&clock))?;
    let EngineOptions { page_tokens, kv_bytes_max, kv_type, context_tokens_max, .. } = options;
    let decoder_options = DecoderOptions {
        kv_type,
        ..decoder_options(page_tokens, kv_bytes_max, context_tokens_max, options.tier)?
    };
    let estimate = footprint(&file, &decoder_options);
    let mut grant = memory.take(name, claim(estimate))?;
    let model = load_decoder(&file, &decoder_options)?;
    let footprint = estimate.settled(model.limits());
    grant.settle(claim(footprint))?;
    let parts = EngineParts {
        name: name.to_owned(),
        model: Box::new(Accounted::new(model, grant)),
        vocabulary: Arc::new(TokenizerVocabulary { tokenizer: Arc::clone(&tokenizer) }),
        clock: Arc::clone(&clock),
    };
    let inner = Inner {
        name: name.to_owned(),
        path: path.to_owned(),
        bytes: file.file_bytes(),
        sha256: published::sha256(file.files())?,
        grammars: Arc::new(grammars(Arc::clone(&tokenizer), clock)),
        tokenizer,
        chat_template,
        metadata: without_token_lists(file.metadata()),
        footprint,
        engine: EngineHandle::start(parts, options)?,
    };
    Ok(GenerationModel { inner: Arc::new(inner) })
}

/// The tokenizer of a GGUF file or a folder of safetensors, without the weights.
///
/// # Errors
/// If it cannot be read or is not supported.
pub fn open_tokenizer(path: &Path) -> Result<Tokenizer, EngineError> {
    published::tokenizer(path)
}

impl GenerationModel {
    /// The name it was opened under.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.inner.name
    }

    /// Its file, or its folder.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.inner.path
    }

    /// Size of its files in bytes.
    #[must_use]
    pub fn bytes(&self) -> u64 {
        self.inner.bytes
    }

    /// SHA-256 of its files in hexadecimal.
    #[must_use]
    pub fn sha256(&self) -> &str {
        &self.inner.sha256
    }

    /// What it takes in memory.
    #[must_use]
    pub fn footprint(&self) -> Footprint {
        self.inner.footprint
    }

    /// Its tokenizer.
    #[must_use]
    pub fn tokenizer(&self) -> &Arc<Tokenizer> {
        &self.inner.tokenizer
    }

    /// The file's keys and values, token lists left out.
    #[must_use]
    pub fn metadata(&self) -> &Metadata {
        &self.inner.metadata
    }

    /// Compiles what an output must match, for this model's vocabulary; what was compiled before is
    /// kept. Works on a thread where it may block.
    ///
    /// # Errors
    /// [`EngineError::Grammar`] if it is too large, too complex or wrong.
    pub async fn constrain(&self, grammar: Grammar) -> Result<Constraint, EngineError> {
        if let Some(kept) = self.inner.grammars.find(&grammar) {
            return Ok(kept);
        }
        let model = self.clone();
        let compiling = tokio::task::spawn_blocking(move || model.constrain_blocking(&grammar));
        // It is only ever cancelled with the runtime.
        compiling.await.unwrap_or(Err(EngineError::Closing))
    }

    /// [`constrain`](Self::constrain) for a thread outside any async runtime.
    ///
    /// # Errors
    /// [`EngineError::Grammar`] if it is too large, too complex or wrong.
    pub fn constrain_blocking(&self, grammar: &Grammar) -> Result<Constraint, EngineError> {
        Ok(self.inner.grammars.compile(grammar)?)
    }

    /// The vocabulary for constraints that are no [`Grammar`].
    ///
    /// # Errors
    /// If it is none that tokens can be chosen from.
    pub fn token_trie(&self) -> Result<TokenTrie, EngineError> {
        Ok(self.inner.grammars.trie()?.clone())
    }

    /// The door to its engine.
    #[must_use]
    pub fn engine(&self) -> &EngineHandle {
        &self.inner.engine
    }

    /// Longest prompt and output together, tokens.
    #[must_use]
    pub fn context_tokens_max(&self) -> usize {
        self.inner.engine.context_tokens_max()
    }

    /// Its chat template, if the file has one.
    #[must_use]
    pub fn chat_template(&self) -> Option<&ChatTemplate> {
        self.inner.chat_template.as_ref()
    }

    /// Whether the file has a chat template.
    #[must_use]
    pub fn has_chat_template(&self) -> bool {
        self.inner.chat_template.is_some()
    }

    /// Token ids of a conversation, up to where the model speaks next. Without a chat template the
    /// messages are paragraphs of one text.
    ///
    /// # Errors
    /// If the template refuses the messages or the tokenizer fails.
    pub fn encode_chat(&self, messages: &[ChatMessage]) -> Result<Vec<u32>, TextError> {
        self.encode_chat_with(messages, &TemplateSettings::default())
    }

    /// The same with variables for the template; without a template they mean nothing.
    ///
    /// # Errors
    /// As [`Self::encode_chat`].
    pub fn encode_chat_with(
        &self,
        messages: &[ChatMessage],
        settings: &TemplateSettings,
    ) -> Result<Vec<u32>, TextError> {
        match &self.inner.chat_template {
            Some(template) => template.encode(&self.inner.tokenizer, messages, settings),
            None => {
                let paragraphs: Vec<&str> =
                    messages.iter().map(|message| message.content.as_str()).collect();
                self.inner.tokenizer.encode(&paragraphs.join("\n\n"), Special::Add)
            }
        }
    }

    /// Runs a wide step and a narrow one, so that the first customer pays for no first touch.
    /// Blocks the thread.
    ///
    /// # Errors
    /// If the engine refuses or fails.
    ///
    /// # Panics
    /// On a thread of an async runtime.
    pub fn warm_up(&self) -> Result<(), EngineError> {
        let engine = self.engine();
        let request = GenerationRequest {
            prompt_token_ids: vec![0; WARM_UP_TOKENS.min(engine.prompt_tokens_max())],
            output_tokens_max: engine.output_tokens_max().min(2),
            sampling: Sampling::GREEDY,
            stop: Vec::new(),
            deadline: None,
            end_of_text: EndOfText::Ignore,
            cache: CacheScope::Nobody,
            priority: Priority::Live,
            constraint: None,
        };
        engine.submit(request)?.collect_blocking()?;
        Ok(())
    }
}

/// How a decoder is loaded unless options say otherwise: keys and values in f32.
pub(crate) fn decoder_options(
    page_tokens: usize,
    kv_bytes_max: Bytes,
    context_tokens_max: usize,
    tier: Option<Tier>,
) -> Result<DecoderOptions, EngineError> {
    Ok(DecoderOptions {
        device: Device::cuda_if_available(0).map_err(ModelError::from)?,
        kv_type: KvType::F32,
        page_tokens,
        kv_bytes_max: kv_bytes_max.0,
        context_tokens_max,
        executor: ExecutorChoice::Auto,
        cores: compute_cores(),
        tier: tier.unwrap_or_else(Tier::detect),
    })
}

fn grammars(tokenizer: Arc<Tokenizer>, clock: SharedClock) -> Grammars {
    Grammars::new(move || TokenTrie::new(&tokenizer), clock)
}

fn claim(footprint: Footprint) -> Claim {
    vec![
        (Account::Weights, Bytes(footprint.weight_bytes)),
        (Account::PackedCopies, Bytes(footprint.packed_bytes)),
        (Account::KvPages, Bytes(footprint.kv_bytes)),
        (Account::Grammars, Bytes(KEPT_BYTES_MAX as u64)),
    ]
}

fn without_token_lists(metadata: &Metadata) -> Metadata {
    let mut kept = Metadata::default();
    for (key, value) in metadata.iter() {
        if !key.starts_with(TOKENIZER_PREFIX) {
            kept.insert(key, value.clone());
        }
    }
    kept
}

#[derive(Debug)]
struct TokenizerVocabulary {
    tokenizer: Arc<Tokenizer>,
}

impl Vocabulary for TokenizerVocabulary {
    fn is_end_of_generation(&self, token_id: u32) -> bool {
        self.tokenizer.is_end_of_generation(token_id)
    }

    fn detokenizer(&self) -> Box<dyn Detokenizer> {
        Box::new(StreamDecoder::new(Arc::clone(&self.tokenizer)))
    }
}

impl Detokenizer for StreamDecoder {
    fn push(&mut self, token_id: u32) -> String {
        Self::push(self, token_id)
    }
}

#[cfg(test)]
mod tests;
