//! Sentence encoders of the BERT and RoBERTa families: token ids in, one vector per sequence out.
//!
//! Sequences are packed without padding. There are two implementations: [`IntegerEncoder`] uses our
//! CPU kernels with integer products; [`TensorEncoder`] uses candle in f32, is the reference and
//! runs on any device. With the kernels, a vector depends on its own tokens only, bit for bit. With
//! candle, rounding may also depend on the batch, because matrix products may group rows
//! differently.
//!
//! Sources: Devlin et al. 2019, arXiv:1810.04805; Conneau et al. 2020, arXiv:1911.02116; pooling
//! from Reimers & Gurevych 2019, arXiv:1908.10084.

mod adaptation;
mod config;
mod integer;
mod layer;
mod learner;
mod tensors;
#[cfg(test)]
mod tests;

use crate::model::cores::compute_threads;
use crate::model::encoder::config::EncoderConfig;
use crate::model::encoder::config::SentenceSettings;
use crate::model::encoder::config::VectorScaling;
use crate::model::encoder::integer::Bits;
use crate::model::encoder::integer::GROUP_VALUES;
use crate::model::encoder::integer::IntegerCompute;
use crate::model::encoder::integer::IntegerEncoder;
use crate::model::encoder::layer::TensorSource;
use crate::model::encoder::tensors::TensorEncoder;
use crate::model::error::ModelError;
use crate::model::weights::MappedFile;
use candle_core::Device;
use std::path::Path;
use std::sync::Mutex;
use std::sync::PoisonError;
use vitrine_kernels::tier::Tier;

pub use adaptation::Adaptation;
pub use learner::EncoderLearner;
pub use learner::PreparedText;

/// Smallest norm that a vector is divided by when it is scaled to unit length.
const NORM_EPSILON: f32 = 1e-12;

/// Number format in which an encoder computes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EncoderPrecision {
    /// Linear layers in 8-bit integers with one scale per 32 values, on our CPU kernels; everything
    /// else in f32.
    Int8,
    /// Linear layers in 16-bit integers, with 10-bit weights, on our CPU kernels; everything else
    /// in f32.
    Int16,
    /// f32 throughout, in candle.
    F32,
}

/// The names that [`EncoderPrecision::parse`] accepts, for error messages.
pub const ENCODER_PRECISIONS: &str = "auto, int8, int16, f32";

impl EncoderPrecision {
    /// The precision with this configuration name; `None` for other names.
    ///
    /// `auto` selects `int8` if `tier` has a byte dot product, `int16` if the kernels have any
    /// other vector code for it, else `f32`.
    #[must_use]
    pub fn parse(name: &str, tier: Tier) -> Option<Self> {
        match name {
            "auto" if tier >= Tier::AvxVnni => Some(Self::Int8),
            "auto" if tier >= Tier::Avx2 => Some(Self::Int16),
            "auto" | "f32" => Some(Self::F32),
            "int8" => Some(Self::Int8),
            "int16" => Some(Self::Int16),
            _ => None,
        }
    }
}

/// The integer width to use: the requested one, or 16 bits if the encoder's row widths are not
/// multiples of [`GROUP_VALUES`]. `None` for f32.
fn integer_bits(
    precision: EncoderPrecision,
    config: &EncoderConfig,
) -> Option<(EncoderPrecision, Bits)> {
    let whole = |width: usize| width.is_multiple_of(GROUP_VALUES);
    match precision {
        EncoderPrecision::F32 => None,
        EncoderPrecision::Int8 if whole(config.hidden_size) && whole(config.intermediate_size) => {
            Some((precision, Bits::Eight))
        }
        EncoderPrecision::Int8 | EncoderPrecision::Int16 => {
            Some((EncoderPrecision::Int16, Bits::Sixteen))
        }
    }
}

/// How an encoder computes. [`EncoderOptions::default`] uses the best precision and instruction set
/// of this machine and all cores.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct EncoderOptions {
    /// Requested precision. Falls back to f32 on devices other than the CPU, and from int8 to int16
    /// if row widths are not multiples of 32.
    pub precision: EncoderPrecision,
    /// Instruction set of the CPU kernels.
    pub tier: Tier,
    /// Number of kernel threads, the calling thread included.
    pub threads: usize,
}

impl Default for EncoderOptions {
    fn default() -> Self {
        let tier = Tier::detect();
        let precision = EncoderPrecision::parse("auto", tier).unwrap_or(EncoderPrecision::F32);
        Self { precision, tier, threads: compute_threads() }
    }
}

/// The transformer layers in one of the two implementations.
#[derive(Debug)]
enum Layers {
    Integers(EncoderPrecision, Box<Mutex<IntegerEncoder>>),
    Tensors(TensorEncoder),
}

/// A loaded sentence encoder.
#[derive(Debug)]
pub struct Encoder {
    layers: Layers,
    head: SentenceSettings,
    vocabulary_size: usize,
    width: usize,
    tokens_max: usize,
    bytes: u64,
}

impl Encoder {
    /// Loads `config.json` and `model.safetensors` from `folder`. Reads pooling, scaling and token
    /// limits from the sentence-transformers files if they exist: `modules.json`, the pooling file
    /// it names, `sentence_bert_config.json`, `tokenizer_config.json` and
    /// `config_sentence_transformers.json`.
    ///
    /// # Errors
    /// If a file is missing or malformed, a tensor is missing or has a shape other than the
    /// configured one, or the configuration uses a setting that is not implemented.
    pub fn load(
        folder: &Path,
        device: &Device,
        options: &EncoderOptions,
    ) -> Result<Self, ModelError> {
        Self::load_adapted(folder, device, options, None)
    }

    /// Loads an encoder like [`Self::load`] and adds `adaptation` to its weights.
    ///
    /// # Errors
    /// As [`Self::load`], or if the adaptation contains a tensor whose name or shape does not match
    /// the checkpoint.
    pub fn load_adapted(
        folder: &Path,
        device: &Device,
        options: &EncoderOptions,
        adaptation: Option<&Adaptation>,
    ) -> Result<Self, ModelError> {
        let config = EncoderConfig::read(folder)?;
        let head = SentenceSettings::read(folder)?;
        let positions = config.positions();
        let tokens_max = head.tokens_max.unwrap_or(positions).clamp(1, positions);
        let file = MappedFile::open(&folder.join("model.safetensors"))?;
        let mut source =
            TensorSource::new(candle_core::safetensors::load_buffer(file.bytes(), device)?)?;
        if let Some(adaptation) = adaptation {
            source.adapt(adaptation)?;
        }
        let mut bytes = file.bytes().len() as u64;
        let layers = match integer_bits(options.precision, &config).filter(|_| device.is_cpu()) {
            None => Layers::Tensors(TensorEncoder::load(&source, &config, device)?),
            Some((precision, bits)) => {
                let EncoderOptions { tier, threads, .. } = *options;
                let compute = IntegerCompute { bits, tier, threads };
                let encoder = IntegerEncoder::load(&source, &config, tokens_max, compute)?;
                bytes = encoder.bytes();
                Layers::Integers(precision, Box::new(Mutex::new(encoder)))
            }
        };
        let (vocabulary_size, width) = (config.vocab_size, config.hidden_size);
        Ok(Self { layers, head, vocabulary_size, width, tokens_max, bytes })
    }

    /// The precision in use, after fallbacks.
    #[must_use]
    pub fn precision(&self) -> EncoderPrecision {
        match self.layers {
            Layers::Integers(precision, _) => precision,
            Layers::Tensors(_) => EncoderPrecision::F32,
        }
    }

    /// Width of the vectors.
    #[must_use]
    pub fn dimensions(&self) -> usize {
        self.width
    }

    /// Longest sequence in tokens, including the first and last special tokens.
    #[must_use]
    pub fn tokens_max(&self) -> usize {
        self.tokens_max
    }

    /// Text that the repository prepends to every input by default; usually empty.
    #[must_use]
    pub fn default_prompt(&self) -> &str {
        &self.head.prompt
    }

    /// Memory in bytes: the size of the weights file in f32, or of the packed weights and buffers
    /// with the kernels.
    #[must_use]
    pub fn bytes(&self) -> u64 {
        self.bytes
    }

    /// Encodes each sequence of token ids to one vector of [`Self::dimensions`] floats, in order.
    ///
    /// In f32, memory grows with the total number of tokens, so the caller must bound its batches.
    /// With the kernels it does not.
    ///
    /// # Errors
    /// If a sequence is empty or longer than [`Self::tokens_max`], a token id is outside the
    /// vocabulary, or the computation fails.
    pub fn encode(&self, sequences: &[Vec<u32>]) -> Result<Vec<Vec<f32>>, ModelError> {
        self.check(sequences)?;
        if sequences.is_empty() {
            return Ok(Vec::new());
        }
        let pooling = self.head.pooling;
        let mut vectors = match &self.layers {
            // A pass overwrites every buffer before reading it, so the state left by a panic is
            // harmless.
            Layers::Integers(_, encoder) => {
                encoder.lock().unwrap_or_else(PoisonError::into_inner).encode(sequences, pooling)?
            }
            Layers::Tensors(encoder) => encoder.encode(sequences, pooling)?,
        };
        if self.head.scaling == VectorScaling::UnitNorm {
            for vector in &mut vectors {
                let norm = vector.iter().map(|x| x * x).sum::<f32>().sqrt().max(NORM_EPSILON);
                vector.iter_mut().for_each(|x| *x /= norm);
            }
        }
        Ok(vectors)
    }

    fn check(&self, sequences: &[Vec<u32>]) -> Result<(), ModelError> {
        for (index, sequence) in sequences.iter().enumerate() {
            let (tokens, tokens_max) = (sequence.len(), self.tokens_max);
            if !(1..=tokens_max).contains(&tokens) {
                return Err(ModelError::SequenceLength { index, tokens, tokens_max });
            }
            let vocabulary_size = self.vocabulary_size;
            if let Some(&token) = sequence.iter().find(|&&id| id as usize >= vocabulary_size) {
                return Err(ModelError::Token { token, vocabulary_size });
            }
        }
        Ok(())
    }
}
