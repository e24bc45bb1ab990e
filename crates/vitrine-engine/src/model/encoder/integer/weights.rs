//! The weights of the integer encoder: embedding tables, norms and quantised layers.

use crate::model::encoder::config::EncoderConfig;
use crate::model::encoder::integer::linear::IntegerLinear;
use crate::model::encoder::integer::linear::LayerPosition;
use crate::model::encoder::integer::linear::LinearFormat;
use crate::model::encoder::integer::linear::LinearRole;
use crate::model::encoder::integer::shape::EncoderShape;
use crate::model::encoder::layer::TensorSource;
use crate::model::error::ModelError;

#[derive(Debug)]
pub(super) struct NormWeights {
    pub(super) gain: Vec<f32>,
    pub(super) bias: Vec<f32>,
}

#[derive(Debug)]
pub(super) struct IntegerLayer {
    /// Query and key projections stacked in one matrix.
    pub(super) query_key: IntegerLinear,
    pub(super) value: IntegerLinear,
    pub(super) attention_out: IntegerLinear,
    pub(super) attention_norm: NormWeights,
    pub(super) up: IntegerLinear,
    pub(super) down: IntegerLinear,
    pub(super) out_norm: NormWeights,
}

/// Embedding tables, and the norm of their sum.
#[derive(Debug)]
pub(super) struct EmbeddingTables {
    pub(super) words: Vec<f32>,
    pub(super) positions: Vec<f32>,
    pub(super) first_position: usize,
    pub(super) segment: Option<Vec<f32>>,
    pub(super) norm: NormWeights,
}

/// A tensor's values, row-major.
fn values(source: &TensorSource, name: &str, shape: &[usize]) -> Result<Vec<f32>, ModelError> {
    Ok(source.tensor(name, shape)?.flatten_all()?.to_vec1()?)
}

impl NormWeights {
    pub(super) fn load(
        source: &TensorSource,
        name: &str,
        width: usize,
    ) -> Result<Self, ModelError> {
        Ok(Self {
            gain: values(source, &format!("{name}.weight"), &[width])?,
            bias: values(source, &format!("{name}.bias"), &[width])?,
        })
    }
}

impl EmbeddingTables {
    pub(super) fn load(source: &TensorSource, config: &EncoderConfig) -> Result<Self, ModelError> {
        let width = config.hidden_size;
        let table = |name: &str, rows: usize| {
            values(source, &format!("embeddings.{name}_embeddings.weight"), &[rows, width])
        };
        let types = source.tensor_if_present(
            "embeddings.token_type_embeddings.weight",
            &[config.type_vocab_size, width],
        )?;
        let segment = types.map(|types| types.get(0)?.to_vec1()).transpose()?;
        Ok(Self {
            words: table("word", config.vocab_size)?,
            positions: table("position", config.max_position_embeddings)?,
            first_position: config.first_position(),
            segment,
            norm: NormWeights::load(source, "embeddings.LayerNorm", width)?,
        })
    }
}

impl IntegerLayer {
    pub(super) fn load(
        source: &TensorSource,
        shape: EncoderShape,
        position: LayerPosition,
        format: LinearFormat,
    ) -> Result<Self, ModelError> {
        let (width, inner) = (shape.width, shape.inner);
        let prefix = format!("encoder.layer.{}", position.index);
        let linear = |names: &[&str], [output, input]: [usize; 2], role: LinearRole| {
            let named = |name: &&str| format!("{prefix}.{name}");
            let names: Vec<String> = names.iter().map(named).collect();
            let format = LinearFormat { bits: format.bits.of(role, position), ..format };
            IntegerLinear::load(source, &names, [output, input], format)
        };
        let query_key = ["attention.self.query", "attention.self.key"];
        let norm =
            |name: &str| NormWeights::load(source, &format!("{prefix}.{name}.LayerNorm"), width);
        Ok(Self {
            query_key: linear(&query_key, [width, width], LinearRole::Other)?,
            value: linear(&["attention.self.value"], [width, width], LinearRole::Value)?,
            attention_out: linear(&["attention.output.dense"], [width, width], LinearRole::Other)?,
            attention_norm: norm("attention.output")?,
            up: linear(&["intermediate.dense"], [inner, width], LinearRole::Up)?,
            down: linear(&["output.dense"], [width, inner], LinearRole::Other)?,
            out_norm: norm("output")?,
        })
    }
}
