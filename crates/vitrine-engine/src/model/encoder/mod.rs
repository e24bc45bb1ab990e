//! A sentence encoder of BERT's or RoBERTa's family: token ids in, one vector a sequence out.
//!
//! Sequences are packed without padding. Two ways lead through the layers: our own kernels with
//! products in integers ([`IntegerEncoder`]), and plain tensor operations in f32
//! ([`TensorEncoder`]), which are the reference and run on any device. On the kernels a vector
//! depends on its own tokens only, to the last bit; in tensors up to the rounding of the matrix
//! product, which may group rows differently.
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

use crate::model::encoder::config::EncoderConfig;
use crate::model::encoder::config::Head;
use crate::model::encoder::config::Scaling;
use crate::model::encoder::integer::Bits;
use crate::model::encoder::integer::GROUP_VALUES;
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

/// Added under the root when a vector is scaled to unit length.
const NORM_EPSILON: f32 = 1e-12;

/// How an encoder computes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EncoderPrecision {
    /// Linear layers in 8-bit integers with a scale for 32 of them, on our kernels; the rest in
    /// f32.
    Int8,
    /// Linear layers in 16-bit integers, 10 bits a weight, on our kernels; the rest in f32.
    Int16,
    /// f32 in the tensor library.
    F32,
}

/// Every name that [`EncoderPrecision::parse`] takes.
pub const ENCODER_PRECISIONS: &str = "auto, int8, int16, f32";

impl EncoderPrecision {
    /// The precision that a configuration names; `auto` is `int8` where `tier` has a dot product
    /// of bytes, `int16` where the kernels have other vector code for it, else `f32`.
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

/// The integers that `precision` asks for and rows of this encoder allow; none in f32.
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

/// What an encoder computes with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct EncoderOptions {
    /// Where our kernels cannot go, on another device than the CPU, f32 takes its place, and int16
    /// that of int8 where rows are not multiples of 32.
    pub precision: EncoderPrecision,
    /// The kernels' instruction set.
    pub tier: Tier,
    /// The kernels' threads, the caller included.
    pub threads: usize,
}

/// The layers, on one of the two ways.
#[derive(Debug)]
enum Layers {
    Integers(EncoderPrecision, Box<Mutex<IntegerEncoder>>),
    Tensors(TensorEncoder),
}

/// A loaded sentence encoder.
#[derive(Debug)]
pub struct Encoder {
    layers: Layers,
    head: Head,
    vocabulary_size: usize,
    width: usize,
    tokens_max: usize,
    bytes: u64,
}

impl Encoder {
    /// Loads `config.json` and `model.safetensors` from `folder`, and where present the files in
    /// which sentence-transformers says how to pool, scale and cut: `modules.json`, the pooling
    /// file it names, `sentence_bert_config.json`, `tokenizer_config.json` and
    /// `config_sentence_transformers.json`.
    ///
    /// # Errors
    /// If a file is missing or malformed, if a tensor is missing or has another shape than the
    /// configuration says, or if the configuration asks for something that is not implemented.
    pub fn load(
        folder: &Path,
        device: &Device,
        options: &EncoderOptions,
    ) -> Result<Self, ModelError> {
        Self::load_adapted(folder, device, options, None)
    }

    /// As [`Self::load`], with what training changed added to the weights.
    ///
    /// # Errors
    /// As [`Self::load`], or if the adaptation belongs to weights of other names or shapes.
    pub fn load_adapted(
        folder: &Path,
        device: &Device,
        options: &EncoderOptions,
        adaptation: Option<&Adaptation>,
    ) -> Result<Self, ModelError> {
        let config = EncoderConfig::read(folder)?;
        let head = Head::read(folder)?;
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
                let compute = (bits, options.tier, options.threads);
                let encoder = IntegerEncoder::load(&source, &config, tokens_max, compute)?;
                bytes = encoder.bytes();
                Layers::Integers(precision, Box::new(Mutex::new(encoder)))
            }
        };
        let (vocabulary_size, width) = (config.vocab_size, config.hidden_size);
        Ok(Self { layers, head, vocabulary_size, width, tokens_max, bytes })
    }

    /// What it computes in.
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

    /// Longest sequence, in tokens, its first and last marker included.
    #[must_use]
    pub fn tokens_max(&self) -> usize {
        self.tokens_max
    }

    /// What the repository puts before every text unless told otherwise; usually nothing.
    #[must_use]
    pub fn default_prompt(&self) -> &str {
        &self.head.prompt
    }

    /// Memory that it occupies, in bytes: the weights file's size, or the packed weights' and the
    /// buffers'.
    #[must_use]
    pub fn bytes(&self) -> u64 {
        self.bytes
    }

    /// Encodes each sequence of token ids to one vector of [`Self::dimensions`] floats, in order.
    ///
    /// In f32 memory grows with the sum of the lengths, and the caller bounds its batches; on the
    /// kernels it does not.
    ///
    /// # Errors
    /// If a sequence is empty or longer than [`Self::tokens_max`], a token id is outside the
    /// vocabulary, or the tensor library fails.
    pub fn encode(&self, sequences: &[Vec<u32>]) -> Result<Vec<Vec<f32>>, ModelError> {
        self.check(sequences)?;
        if sequences.is_empty() {
            return Ok(Vec::new());
        }
        let pooling = self.head.pooling;
        let mut vectors = match &self.layers {
            // A pass writes all that it reads, so what a panic left behind does no harm.
            Layers::Integers(_, encoder) => {
                encoder.lock().unwrap_or_else(PoisonError::into_inner).encode(sequences, pooling)?
            }
            Layers::Tensors(encoder) => encoder.encode(sequences, pooling)?,
        };
        if self.head.scaling == Scaling::UnitNorm {
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
