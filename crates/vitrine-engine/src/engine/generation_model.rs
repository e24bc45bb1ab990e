//! A model opened for generation: its files, tokenizer, chat template and engine.
//!
//! Invariants
//! - Everything is read once, when the model is opened; clones share it.
//! - The token lists of the metadata are kept by the tokenizer only.

use crate::engine::cache_scope::CacheScope;
use crate::engine::constraint::CACHED_BYTES_MAX;
use crate::engine::constraint::Constraint;
use crate::engine::constraint::Grammar;
use crate::engine::constraint::Grammars;
use crate::engine::constraint::TokenTrie;
use crate::engine::error::EngineError;
use crate::engine::granted_model::GrantedModel;
use crate::engine::handle::EngineHandle;
use crate::engine::model_source;
use crate::engine::model_source::ModelSource;
use crate::engine::options::EngineOptions;
use crate::engine::parts::EngineParts;
use crate::engine::request::EndOfText;
use crate::engine::request::GenerationRequest;
use crate::engine::request::Priority;
use crate::engine::request::Sampling;
use crate::engine::vocabulary::Detokenizer;
use crate::engine::vocabulary::TokenVocabulary;
use crate::model::DecoderOptions;
use crate::model::Footprint;
use crate::model::footprint;
use crate::model::load_decoder;
use crate::text::ChatMessage;
use crate::text::ChatTemplate;
use crate::text::Special;
use crate::text::StreamDecoder;
use crate::text::TemplateSettings;
use crate::text::TextError;
use crate::text::Tokenizer;
use crate::text::paragraphs;
use std::path::Path;
use std::path::PathBuf;
use std::sync::Arc;
use vitrine_base::clock::SharedClock;
use vitrine_base::clock::SystemClock;
use vitrine_base::memory::Account;
use vitrine_base::memory::Claim;
use vitrine_base::memory::MemoryLedger;
use vitrine_base::metadata::Metadata;
use vitrine_base::units::Bytes;

/// Prompt tokens of the warm-up. The kernels for wide steps pack their weights from 32 rows on.
const WARM_UP_TOKENS: usize = 64;

/// Prefix of the metadata keys that only the tokenizer needs.
const TOKENIZER_PREFIX: &str = "tokenizer.ggml.";

/// A model opened for generation; clones share it.
#[derive(Debug, Clone)]
pub struct GenerationModel {
    inner: Arc<GenerationModelInner>,
}

#[derive(Debug)]
struct GenerationModelInner {
    name: String,
    path: PathBuf,
    bytes: u64,
    sha256: String,
    tokenizer: Arc<Tokenizer>,
    chat_template: Option<Result<ChatTemplate, Arc<TextError>>>,
    metadata: Metadata,
    footprint: Footprint,
    grammars: Arc<Grammars>,
    engine: EngineHandle,
}

/// Opens a GGUF file, or a folder of safetensors, limited only by the machine's memory. For
/// commands that use a single model; see [`open_within`].
///
/// # Errors
/// As [`open_within`].
pub fn open(
    path: &Path,
    name: &str,
    options: EngineOptions,
    clock: SharedClock,
) -> Result<GenerationModel, EngineError> {
    open_within(path, name, options, clock, &MemoryLedger::of_machine())
}

/// Opens a GGUF file, or a folder of safetensors, and starts its engine. A CUDA build computes on
/// the first device. Memory is granted by `memory` before it is allocated.
///
/// # Errors
/// If a file cannot be read; if the model family or tokenizer is not supported; if an option is out
/// of range; if the model does not fit the memory that is left; or if the KV memory does not hold a
/// single page. A chat template that cannot be used is logged as a warning; see
/// [`GenerationModel::chat_fault`].
pub fn open_within(
    path: &Path,
    name: &str,
    options: EngineOptions,
    clock: SharedClock,
    memory: &Arc<MemoryLedger>,
) -> Result<GenerationModel, EngineError> {
    options.check()?;
    let ModelSource { file, tokenizer, chat_template } =
        ModelSource::read(path, options.quantize, Arc::clone(&clock))?;
    let decoder_options = decoder_options(&options)?;
    let estimate = footprint(&file, &decoder_options);
    let mut grant = memory.take(name, claim(estimate))?;
    let model = load_decoder(&file, &decoder_options)?;
    let footprint = estimate.settled(model.limits());
    grant.settle(claim(footprint))?;
    let parts = EngineParts {
        name: name.to_owned(),
        model: Box::new(GrantedModel::new(model, grant)),
        vocabulary: Arc::new(TokenizerVocabulary { tokenizer: Arc::clone(&tokenizer) }),
        clock: Arc::clone(&clock),
    };
    let inner = GenerationModelInner {
        name: name.to_owned(),
        path: path.to_owned(),
        bytes: file.file_bytes(),
        sha256: model_source::sha256(file.files())?,
        grammars: Arc::new(grammars(Arc::clone(&tokenizer), clock)),
        tokenizer,
        chat_template: chat_template.map(|template| usable(name, template)),
        metadata: without_token_lists(file.metadata()),
        footprint,
        engine: EngineHandle::start(parts, options)?,
    };
    Ok(GenerationModel { inner: Arc::new(inner) })
}

/// Reads the tokenizer of a GGUF file or a folder of safetensors, without the weights.
///
/// # Errors
/// If it cannot be read or is not supported.
pub fn open_tokenizer(path: &Path) -> Result<Tokenizer, EngineError> {
    model_source::tokenizer(path)
}

impl GenerationModel {
    /// Opens a GGUF file, or a folder of safetensors, limited only by the machine's memory, and
    /// starts its engine. The model is named after the file or folder and runs on the system clock;
    /// [`open_within`] lets the caller choose name, clock and memory limits.
    ///
    /// # Errors
    /// As [`open_within`].
    pub fn open(path: impl AsRef<Path>, options: EngineOptions) -> Result<Self, EngineError> {
        let path = path.as_ref();
        let name = path.file_stem().unwrap_or(path.as_os_str()).to_string_lossy();
        open(path, &name, options, Arc::new(SystemClock))
    }

    /// The name under which the model was opened.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.inner.name
    }

    /// The model's file or folder.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.inner.path
    }

    /// Total size of the model's files in bytes.
    #[must_use]
    pub(crate) fn bytes(&self) -> u64 {
        self.inner.bytes
    }

    /// SHA-256 of the model's files in hexadecimal.
    #[must_use]
    pub fn sha256(&self) -> &str {
        &self.inner.sha256
    }

    /// The memory that the model takes, by kind.
    #[must_use]
    pub(crate) fn footprint(&self) -> Footprint {
        self.inner.footprint
    }

    /// The model's tokenizer.
    #[must_use]
    pub fn tokenizer(&self) -> &Arc<Tokenizer> {
        &self.inner.tokenizer
    }

    /// The file's metadata without the tokenizer's token lists.
    #[must_use]
    pub fn metadata(&self) -> &Metadata {
        &self.inner.metadata
    }

    /// Compiles a grammar for this model's vocabulary, or returns the compiled one from the cache.
    /// Compiles on a thread that may block.
    ///
    /// # Errors
    /// [`EngineError::Grammar`] if the grammar is invalid, too large or too complex.
    pub async fn constrain(&self, grammar: Grammar) -> Result<Constraint, EngineError> {
        if let Some(kept) = self.inner.grammars.find(&grammar) {
            return Ok(kept);
        }
        let model = self.clone();
        let compiling = tokio::task::spawn_blocking(move || model.constrain_blocking(&grammar));
        // The task is cancelled only when the runtime shuts down.
        compiling.await.unwrap_or(Err(EngineError::Closing))
    }

    /// [`constrain`](Self::constrain) for a thread outside any async runtime.
    ///
    /// # Errors
    /// [`EngineError::Grammar`] if the grammar is invalid, too large or too complex.
    pub fn constrain_blocking(&self, grammar: &Grammar) -> Result<Constraint, EngineError> {
        Ok(self.inner.grammars.compile(grammar)?)
    }

    /// The vocabulary for constraints that are not a [`Grammar`].
    ///
    /// # Errors
    /// If the vocabulary is empty or too large for constraints.
    pub fn token_trie(&self) -> Result<TokenTrie, EngineError> {
        Ok(self.inner.grammars.trie()?.clone())
    }

    /// The handle to the model's engine.
    #[must_use]
    pub fn engine(&self) -> &EngineHandle {
        &self.inner.engine
    }

    /// Maximum length of prompt and output together, in tokens.
    #[must_use]
    pub(crate) fn context_tokens_max(&self) -> usize {
        self.inner.engine.context_tokens_max()
    }

    /// Whether the model has a chat template, usable or not.
    #[must_use]
    pub fn has_chat_template(&self) -> bool {
        self.inner.chat_template.is_some()
    }

    /// Why the model's chat template cannot be used; `None` if it can, or if there is none.
    /// [`encode_chat`](Self::encode_chat) then fails for every conversation.
    #[must_use]
    pub fn chat_fault(&self) -> Option<&TextError> {
        self.inner.chat_template.as_ref()?.as_ref().err().map(|fault| &**fault)
    }

    /// Encodes a conversation as prompt tokens, up to the point where the model answers. Without a
    /// chat template, the messages become paragraphs of one text.
    ///
    /// # Errors
    /// If a role is unknown; if the template cannot be used, refuses the messages or leaves one
    /// out; or if the tokenizer fails.
    pub fn encode_chat(&self, messages: &[ChatMessage]) -> Result<Vec<u32>, TextError> {
        self.encode_chat_with(messages, &TemplateSettings::default())
    }

    /// [`encode_chat`](Self::encode_chat) with template variables; ignored if there is no template.
    ///
    /// # Errors
    /// As [`Self::encode_chat`].
    pub fn encode_chat_with(
        &self,
        messages: &[ChatMessage],
        settings: &TemplateSettings,
    ) -> Result<Vec<u32>, TextError> {
        match &self.inner.chat_template {
            Some(Ok(template)) => template.encode(&self.inner.tokenizer, messages, settings),
            Some(Err(fault)) => Err(TextError::TemplateUnusable(Arc::clone(fault))),
            None => self.inner.tokenizer.encode(&paragraphs(messages)?, Special::Add),
        }
    }

    /// Runs one wide and one narrow step, so that no customer's request pays for packing weights
    /// and page faults. Blocks the thread.
    ///
    /// # Errors
    /// If the engine refuses the request or fails.
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

/// How the engine's options load the model.
fn decoder_options(options: &EngineOptions) -> Result<DecoderOptions, EngineError> {
    let of_machine = DecoderOptions::of_machine()?;
    Ok(DecoderOptions {
        kv_type: options.kv_type,
        page_tokens: options.page_tokens,
        kv_bytes_max: options.kv_bytes_max.0,
        context_tokens_max: options.context_tokens_max,
        tier: options.tier.unwrap_or(of_machine.tier),
        ..of_machine
    })
}

/// Warns of a chat template that cannot be used.
fn usable(
    model: &str,
    template: Result<ChatTemplate, TextError>,
) -> Result<ChatTemplate, Arc<TextError>> {
    template.map_err(|fault| {
        tracing::warn!(model, %fault, "the model cannot chat; all other requests work");
        Arc::new(fault)
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
        (Account::Grammars, Bytes(CACHED_BYTES_MAX as u64)),
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

impl TokenVocabulary for TokenizerVocabulary {
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
