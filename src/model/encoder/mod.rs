//! A sentence encoder of BERT's or RoBERTa's family: token ids in, one vector a sequence out.
//!
//! Sequences are packed without padding: the linear layers see all rows of a call at once,
//! attention runs over sequences of one length at a time. A vector therefore depends on its own
//! tokens only (up to the rounding of the matrix product, which may group rows differently).
//!
//! Sources: Devlin et al. 2019, arXiv:1810.04805; Conneau et al. 2020, arXiv:1911.02116; pooling
//! from Reimers & Gurevych 2019, arXiv:1908.10084.

mod config;
mod layer;

use crate::model::encoder::config::EncoderConfig;
use crate::model::encoder::config::Head;
use crate::model::encoder::config::Pooling;
use crate::model::encoder::config::Scaling;
use crate::model::encoder::layer::EncoderLayer;
use crate::model::encoder::layer::Group;
use crate::model::encoder::layer::Norm;
use crate::model::encoder::layer::TensorSource;
use crate::model::error::ModelError;
use crate::model::weights::MappedFile;
use candle_core::Device;
use candle_core::Tensor;
use std::path::Path;

/// Added under the root when a vector is scaled to unit length.
const NORM_EPSILON: f32 = 1e-12;

/// A loaded sentence encoder.
#[derive(Debug)]
pub struct Encoder {
    words: Tensor,
    positions: Tensor,
    /// Row of the position table that a first token uses.
    first_position: u32,
    /// The row of token type 0, which every sequence of one segment uses; some checkpoints have no
    /// token types.
    segment: Option<Tensor>,
    norm: Norm,
    layers: Vec<EncoderLayer>,
    head: Head,
    device: Device,
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
    pub fn load(folder: &Path, device: &Device) -> Result<Self, ModelError> {
        let config = EncoderConfig::read(folder)?;
        let head = Head::read(folder)?;
        let file = MappedFile::open(&folder.join("model.safetensors"))?;
        let source =
            TensorSource::new(candle_core::safetensors::load_buffer(file.bytes(), device)?)?;
        let width = config.hidden_size;
        let types = source.tensor_if_present(
            "embeddings.token_type_embeddings.weight",
            &[config.type_vocab_size, width],
        )?;
        let segment = types.map(|types| types.narrow(0, 0, 1)?.contiguous()).transpose()?;
        let layers = (0..config.num_hidden_layers)
            .map(|index| EncoderLayer::load(&source, &config, index))
            .collect::<Result<Vec<_>, _>>()?;
        let positions = config.positions();
        let tokens_max = head.tokens_max.unwrap_or(positions).clamp(1, positions);
        let table_rows = config.max_position_embeddings;
        Ok(Self {
            words: source
                .tensor("embeddings.word_embeddings.weight", &[config.vocab_size, width])?,
            positions: source
                .tensor("embeddings.position_embeddings.weight", &[table_rows, width])?,
            // The table has at most 2^16 rows.
            first_position: u32::try_from(config.first_position()).unwrap_or(0),
            segment,
            norm: source.norm("embeddings.LayerNorm", width, config.layer_norm_eps)?,
            layers,
            head,
            device: device.clone(),
            vocabulary_size: config.vocab_size,
            width,
            tokens_max,
            bytes: file.bytes().len() as u64,
        })
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

    /// Size of the weights file, in bytes.
    #[must_use]
    pub fn bytes(&self) -> u64 {
        self.bytes
    }

    /// Encodes each sequence of token ids to one vector of [`Self::dimensions`] floats, in order.
    ///
    /// Memory grows with the sum of the lengths; the caller bounds its batches.
    ///
    /// # Errors
    /// If a sequence is empty or longer than [`Self::tokens_max`], a token id is outside the
    /// vocabulary, or the tensor library fails.
    pub fn encode(&self, sequences: &[Vec<u32>]) -> Result<Vec<Vec<f32>>, ModelError> {
        self.check(sequences)?;
        if sequences.is_empty() {
            return Ok(Vec::new());
        }
        // Sequences of one length lie side by side, so that each length is one batched attention.
        let mut order: Vec<usize> = (0..sequences.len()).collect();
        order.sort_by_key(|&index| sequences[index].len());
        let groups = groups(&order, sequences);
        let mut rows = self.embed(&order, sequences)?;
        for layer in &self.layers {
            rows = layer.forward(&rows, &groups)?;
        }
        let vectors = self.pool(&rows, &groups)?;
        let mut out = vec![Vec::new(); sequences.len()];
        for (index, vector) in order.into_iter().zip(vectors) {
            out[index] = vector;
        }
        Ok(out)
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

    /// Sum of word, position and segment embeddings, normalised: `[rows, width]`.
    fn embed(&self, order: &[usize], sequences: &[Vec<u32>]) -> Result<Tensor, ModelError> {
        let mut ids = Vec::new();
        let mut positions = Vec::new();
        for &index in order {
            ids.extend_from_slice(&sequences[index]);
            positions.extend((self.first_position..).take(sequences[index].len()));
        }
        let rows = ids.len();
        let words = self.words.index_select(&Tensor::from_vec(ids, rows, &self.device)?, 0)?;
        let positions =
            self.positions.index_select(&Tensor::from_vec(positions, rows, &self.device)?, 0)?;
        let mut sum = (words + positions)?;
        if let Some(segment) = &self.segment {
            sum = sum.broadcast_add(segment)?;
        }
        self.norm.forward(&sum)
    }

    /// One vector a sequence, in packed order.
    fn pool(&self, rows: &Tensor, groups: &[Group]) -> Result<Vec<Vec<f32>>, ModelError> {
        let mut vectors = Vec::new();
        for group in groups {
            let states = rows
                .narrow(0, group.first_row, group.sequences * group.tokens)?
                .reshape((group.sequences, group.tokens, self.width))?;
            let pooled = match self.head.pooling {
                Pooling::Mean => states.mean(1)?,
                Pooling::First => states.narrow(1, 0, 1)?.squeeze(1)?,
            };
            vectors.extend(pooled.to_vec2::<f32>()?);
        }
        if self.head.scaling == Scaling::UnitNorm {
            for vector in &mut vectors {
                let norm = vector.iter().map(|x| x * x).sum::<f32>().sqrt().max(NORM_EPSILON);
                vector.iter_mut().for_each(|x| *x /= norm);
            }
        }
        Ok(vectors)
    }
}

/// Runs of equal length in packed order.
fn groups(order: &[usize], sequences: &[Vec<u32>]) -> Vec<Group> {
    let mut groups: Vec<Group> = Vec::new();
    let mut first_row = 0;
    for &index in order {
        let tokens = sequences[index].len();
        match groups.last_mut() {
            Some(group) if group.tokens == tokens => group.sequences += 1,
            _ => groups.push(Group { first_row, sequences: 1, tokens }),
        }
        first_row += tokens;
    }
    groups
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashMap;

    const CONFIG: &str = r#"{"model_type": "bert", "vocab_size": 50, "hidden_size": 32,
        "num_hidden_layers": 2, "num_attention_heads": 4, "intermediate_size": 64,
        "max_position_embeddings": 24, "type_vocab_size": 2, "layer_norm_eps": 1e-12,
        "hidden_act": "gelu"}"#;

    /// A random two-layer BERT in `folder`.
    fn write_tiny_bert(folder: &Path) {
        let mut tensors = HashMap::new();
        let mut seed = 1_u64;
        let mut add = |name: String, dims: &[usize]| {
            let count = dims.iter().product();
            let values: Vec<f32> = (0..count)
                .map(|_| {
                    seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
                    ((seed >> 40) as f32 / 8_388_608.0 - 1.0) * 0.3
                })
                .collect();
            tensors.insert(name, Tensor::from_vec(values, dims, &Device::Cpu).unwrap());
        };
        add("embeddings.word_embeddings.weight".into(), &[50, 32]);
        add("embeddings.position_embeddings.weight".into(), &[24, 32]);
        add("embeddings.token_type_embeddings.weight".into(), &[2, 32]);
        let mut norms = vec!["embeddings.LayerNorm".to_owned()];
        for layer in 0..2 {
            let prefix = format!("encoder.layer.{layer}");
            for (name, input, output) in [
                ("attention.self.query", 32, 32),
                ("attention.self.key", 32, 32),
                ("attention.self.value", 32, 32),
                ("attention.output.dense", 32, 32),
                ("intermediate.dense", 32, 64),
                ("output.dense", 64, 32),
            ] {
                add(format!("{prefix}.{name}.weight"), &[output, input]);
                add(format!("{prefix}.{name}.bias"), &[output]);
            }
            norms.push(format!("{prefix}.attention.output.LayerNorm"));
            norms.push(format!("{prefix}.output.LayerNorm"));
        }
        for norm in norms {
            add(format!("{norm}.weight"), &[32]);
            add(format!("{norm}.bias"), &[32]);
        }
        candle_core::safetensors::save(&tensors, folder.join("model.safetensors")).unwrap();
        std::fs::write(folder.join("config.json"), CONFIG).unwrap();
    }

    fn tiny() -> Encoder {
        let folder = tempfile::tempdir().unwrap();
        write_tiny_bert(folder.path());
        Encoder::load(folder.path(), &Device::Cpu).unwrap()
    }

    fn largest_difference(a: &[f32], b: &[f32]) -> f32 {
        a.iter().zip(b).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max)
    }

    #[test]
    fn batched_vectors_equal_single_ones() {
        let encoder = tiny();
        let batch: Vec<Vec<u32>> = (1..24_u32)
            .map(|tokens| (0..1 + tokens % 7).map(|at| (at * 11 + tokens * 3) % 50).collect())
            .collect();
        let together = encoder.encode(&batch).unwrap();
        for (sequence, vector) in batch.iter().zip(&together) {
            let alone = encoder.encode(std::slice::from_ref(sequence)).unwrap();
            assert!(largest_difference(&alone[0], vector) < 1e-5);
            let norm: f32 = vector.iter().map(|x| x * x).sum();
            assert!((norm - 1.0).abs() < 1e-5);
        }
        assert!(largest_difference(&together[0], &together[1]) > 1e-3);
    }

    #[test]
    fn too_long_empty_and_foreign_sequences_are_refused() {
        let encoder = tiny();
        assert!(encoder.encode(&[]).unwrap().is_empty());
        assert!(encoder.encode(&[vec![1; 24]]).is_ok());
        for (sequence, tokens) in [(vec![1; 25], 25), (vec![], 0)] {
            let error = encoder.encode(&[vec![1], sequence]).unwrap_err();
            assert!(matches!(error, ModelError::SequenceLength { index: 1, tokens: found, .. }
                if found == tokens));
        }
        let error = encoder.encode(&[vec![50]]).unwrap_err();
        assert!(matches!(error, ModelError::Token { token: 50, vocabulary_size: 50 }));
    }

    #[test]
    fn wrong_shapes_and_unknown_modules_are_refused() {
        let folder = tempfile::tempdir().unwrap();
        write_tiny_bert(folder.path());
        let wide = CONFIG.replace("\"vocab_size\": 50", "\"vocab_size\": 51");
        std::fs::write(folder.path().join("config.json"), wide).unwrap();
        let error = Encoder::load(folder.path(), &Device::Cpu).unwrap_err();
        assert!(matches!(error, ModelError::TensorShape { .. }));
        std::fs::write(folder.path().join("config.json"), CONFIG).unwrap();
        let modules = r#"[{"path": "2_Dense", "type": "sentence_transformers.models.Dense"}]"#;
        std::fs::write(folder.path().join("modules.json"), modules).unwrap();
        let error = Encoder::load(folder.path(), &Device::Cpu).unwrap_err();
        assert!(matches!(error, ModelError::Unsupported { .. }));
    }
}
