//! The encoder in candle operations, in f32 on any device. The reference implementation, and the
//! one used where our CPU kernels cannot run.
//!
//! Linear layers process the packed rows of all sequences at once; attention runs over the
//! sequences of one length at a time.

use crate::model::encoder::config::EncoderConfig;
use crate::model::encoder::config::Pooling;
use crate::model::encoder::layer::EncoderLayer;
use crate::model::encoder::layer::LengthGroup;
use crate::model::encoder::layer::TensorNorm;
use crate::model::encoder::layer::TensorSource;
use crate::model::error::ModelError;
use candle_core::Device;
use candle_core::Tensor;

/// A loaded encoder.
#[derive(Debug)]
pub(crate) struct TensorEncoder {
    words: Tensor,
    positions: Tensor,
    /// Row of the position table for the first token.
    first_position: u32,
    /// The embedding of token type 0, the type of every input with a single segment; `None` if the
    /// checkpoint has no token types.
    segment: Option<Tensor>,
    norm: TensorNorm,
    layers: Vec<EncoderLayer>,
    device: Device,
}

impl TensorEncoder {
    pub(crate) fn load(
        source: &TensorSource,
        config: &EncoderConfig,
        device: &Device,
    ) -> Result<Self, ModelError> {
        let width = config.hidden_size;
        let types = source.tensor_if_present(
            "embeddings.token_type_embeddings.weight",
            &[config.type_vocab_size, width],
        )?;
        let segment = types.map(|types| types.narrow(0, 0, 1)?.contiguous()).transpose()?;
        let layers = (0..config.num_hidden_layers)
            .map(|index| EncoderLayer::load(source, config, index))
            .collect::<Result<Vec<_>, _>>()?;
        let table_rows = config.max_position_embeddings;
        Ok(Self {
            words: source
                .tensor("embeddings.word_embeddings.weight", &[config.vocab_size, width])?,
            positions: source
                .tensor("embeddings.position_embeddings.weight", &[table_rows, width])?,
            // The position table has at most 2^16 rows.
            first_position: u32::try_from(config.first_position()).unwrap_or(0),
            segment,
            norm: source.norm("embeddings.LayerNorm", width, config.layer_norm_eps)?,
            layers,
            device: device.clone(),
        })
    }

    /// One pooled vector per sequence, in order. The caller has checked lengths and token ids.
    pub(crate) fn encode(
        &self,
        sequences: &[Vec<u32>],
        pooling: Pooling,
    ) -> Result<Vec<Vec<f32>>, ModelError> {
        // Sequences of equal length are adjacent, so that each length is one batched attention.
        let mut order: Vec<usize> = (0..sequences.len()).collect();
        order.sort_by_key(|&index| sequences[index].len());
        let rows = self.rows(&order, sequences)?;
        let groups = groups(order.iter().map(|&index| sequences[index].len()));
        let vectors = pool(&rows, &groups, pooling)?.to_vec2::<f32>()?;
        let mut out = vec![Vec::new(); sequences.len()];
        for (index, vector) in order.into_iter().zip(vectors) {
            out[index] = vector;
        }
        Ok(out)
    }

    /// Keeps only the first `layers` layers.
    pub(super) fn up_to(mut self, layers: usize) -> Self {
        self.layers.truncate(layers);
        self
    }

    /// Output of the last layer, `[rows, width]`, with the sequences in `order`, which must be
    /// sorted by length.
    pub(super) fn rows(
        &self,
        order: &[usize],
        sequences: &[Vec<u32>],
    ) -> Result<Tensor, ModelError> {
        let groups = groups(order.iter().map(|&index| sequences[index].len()));
        let mut rows = self.embed(order, sequences)?;
        for layer in &self.layers {
            rows = layer.forward(&rows, &groups)?;
        }
        Ok(rows)
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
}

/// Pools each sequence to one vector, in packed order: `[sequences, width]`.
pub(super) fn pool(
    rows: &Tensor,
    groups: &[LengthGroup],
    pooling: Pooling,
) -> Result<Tensor, ModelError> {
    let width = rows.dim(1)?;
    let mut vectors = Vec::with_capacity(groups.len());
    for group in groups {
        let states = rows.narrow(0, group.first_row, group.sequences * group.tokens)?.reshape((
            group.sequences,
            group.tokens,
            width,
        ))?;
        vectors.push(match pooling {
            Pooling::Mean => states.mean(1)?,
            Pooling::First => states.narrow(1, 0, 1)?.squeeze(1)?,
        });
    }
    Ok(Tensor::cat(&vectors, 0)?)
}

/// Groups consecutive sequences of equal length.
pub(super) fn groups(lengths: impl Iterator<Item = usize>) -> Vec<LengthGroup> {
    let mut groups: Vec<LengthGroup> = Vec::new();
    let mut first_row = 0;
    for tokens in lengths {
        match groups.last_mut() {
            Some(group) if group.tokens == tokens => group.sequences += 1,
            _ => groups.push(LengthGroup { first_row, sequences: 1, tokens }),
        }
        first_row += tokens;
    }
    groups
}
