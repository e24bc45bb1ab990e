//! An encoder with trainable last layers; gradients come from candle, on the CPU.
//!
//! The lower layers are frozen, so each text passes through them only once
//! ([`EncoderLearner::prepare`]); training steps start from their output.

use crate::model::encoder::adaptation::Adaptation;
use crate::model::encoder::config::EncoderConfig;
use crate::model::encoder::config::SentenceSettings;
use crate::model::encoder::config::VectorScaling;
use crate::model::encoder::layer::EncoderLayer;
use crate::model::encoder::layer::TensorSource;
use crate::model::encoder::tensors::TensorEncoder;
use crate::model::encoder::tensors::groups;
use crate::model::encoder::tensors::pool;
use crate::model::error::ModelError;
use crate::model::weights::MappedFile;
use candle_core::Device;
use candle_core::Tensor;
use candle_core::Var;
use rand::Rng;
use std::collections::BTreeMap;
use std::path::Path;

/// Added to the squared norm when a vector is scaled to unit length, to avoid dividing by 0.
const NORM_EPSILON: f64 = 1e-12;
/// Memory limit of prepared texts, in bytes; 15,000 sentences take 300 MB with MiniLM.
const PREPARED_BYTES_MAX: u64 = 4 << 30;
/// Dropout rate between trained layers.
const DROPPED_SHARE: f32 = 0.1;
/// Number of texts that pass through the lower layers in one batch.
const BATCH_TEXTS: usize = 64;

/// Output of the frozen layers for one text: `[tokens, width]`.
#[derive(Debug, Clone)]
pub struct PreparedText {
    rows: Tensor,
}

/// An encoder whose last layers are trainable variables.
#[derive(Debug)]
pub struct EncoderLearner {
    lower: TensorEncoder,
    upper: Vec<EncoderLayer>,
    /// Tensors of the trainable layers, by checkpoint name.
    variables: BTreeMap<String, Var>,
    originals: BTreeMap<String, Tensor>,
    head: SentenceSettings,
    width: usize,
}

impl EncoderLearner {
    /// Loads an encoder like [`super::Encoder::load`], with its last `layers` layers trainable.
    ///
    /// # Errors
    /// As [`super::Encoder::load`].
    pub fn open(folder: &Path, layers: usize) -> Result<Self, ModelError> {
        let device = Device::Cpu;
        let (config, head) = (EncoderConfig::read(folder)?, SentenceSettings::read(folder)?);
        let file = MappedFile::open(&folder.join("model.safetensors"))?;
        let mut source =
            TensorSource::new(candle_core::safetensors::load_buffer(file.bytes(), &device)?)?;
        let lower = TensorEncoder::load(&source, &config, &device)?;
        let first = config.num_hidden_layers.saturating_sub(layers);
        let prefixes: Vec<String> = (first..config.num_hidden_layers)
            .map(|layer| format!("encoder.layer.{layer}."))
            .collect();
        let originals: BTreeMap<String, Tensor> = source
            .named()
            .filter(|(name, _)| prefixes.iter().any(|prefix| name.starts_with(prefix)))
            .map(|(name, tensor)| (name.clone(), tensor.clone()))
            .collect();
        let mut variables = BTreeMap::new();
        for (name, tensor) in &originals {
            let variable = Var::from_tensor(tensor)?;
            source.replace(name, variable.as_tensor().clone());
            variables.insert(name.clone(), variable);
        }
        let upper = (first..config.num_hidden_layers)
            .map(|index| EncoderLayer::load(&source, &config, index))
            .collect::<Result<Vec<_>, _>>()?;
        let width = config.hidden_size;
        Ok(Self { lower: lower.up_to(first), upper, variables, originals, head, width })
    }

    /// The trainable variables, for an optimiser.
    #[must_use]
    pub fn variables(&self) -> Vec<Var> {
        self.variables.values().cloned().collect()
    }

    /// Runs token id sequences through the frozen layers. `progress` is called after every batch
    /// with the number of texts done.
    ///
    /// # Errors
    /// If the texts would take more memory than the limit, or candle fails.
    pub fn prepare(
        &self,
        sequences: &[Vec<u32>],
        mut progress: impl FnMut(usize),
    ) -> Result<Vec<PreparedText>, ModelError> {
        let tokens: usize = sequences.iter().map(Vec::len).sum();
        let bytes = (tokens * self.width * size_of::<f32>()) as u64;
        if bytes > PREPARED_BYTES_MAX {
            return Err(ModelError::Prepared { bytes, bytes_max: PREPARED_BYTES_MAX, tokens });
        }
        // Texts of equal length share one attention product.
        let mut order: Vec<usize> = (0..sequences.len()).collect();
        order.sort_by_key(|index| sequences[*index].len());
        let mut prepared: Vec<Option<PreparedText>> = vec![None; sequences.len()];
        let mut done = 0;
        for batch in order.chunks(BATCH_TEXTS) {
            let rows = self.lower.rows(batch, sequences)?;
            let mut first = 0;
            for index in batch {
                let tokens = sequences[*index].len();
                // A view: candle would copy the rows of the whole batch.
                let rows = rows.narrow(0, first, tokens)?;
                prepared[*index] = Some(PreparedText { rows });
                first += tokens;
            }
            done += batch.len();
            progress(done);
        }
        Ok(prepared.into_iter().flatten().collect())
    }

    /// Embeddings of unit length, `[texts, width]`, that carry gradients.
    ///
    /// Applies dropout of 10 % between the trained layers, so that small training sets are not
    /// memorised (Srivastava et al. 2014).
    ///
    /// # Errors
    /// If candle fails.
    pub fn embed(
        &self,
        texts: &[&PreparedText],
        random: &mut impl Rng,
    ) -> Result<Tensor, ModelError> {
        unit(&self.pooled(texts, |rows| drop_out(rows, random))?)
    }

    /// Embeddings without dropout, as [`super::Encoder::encode`] returns them up to its precision.
    ///
    /// # Errors
    /// If candle fails.
    pub fn embed_finished(&self, texts: &[&PreparedText]) -> Result<Vec<Vec<f32>>, ModelError> {
        let pooled = self.pooled(texts, Ok)?;
        let finished = match self.head.scaling {
            VectorScaling::UnitNorm => unit(&pooled)?,
            VectorScaling::None => pooled,
        };
        Ok(finished.detach().to_vec2()?)
    }

    /// One pooled vector per text, in the order of `texts`. `between` transforms the rows before
    /// each trained layer and after the last.
    fn pooled(
        &self,
        texts: &[&PreparedText],
        mut between: impl FnMut(Tensor) -> Result<Tensor, ModelError>,
    ) -> Result<Tensor, ModelError> {
        let lengths: Vec<usize> =
            texts.iter().map(|text| text.rows.dim(0)).collect::<Result<_, _>>()?;
        let mut order: Vec<usize> = (0..texts.len()).collect();
        order.sort_by_key(|index| lengths[*index]);
        let rows: Vec<&Tensor> = order.iter().map(|index| &texts[*index].rows).collect();
        let groups = groups(order.iter().map(|index| lengths[*index]));
        let mut rows = between(Tensor::cat(&rows, 0)?)?;
        for layer in &self.upper {
            rows = between(layer.forward(&rows, &groups)?)?;
        }
        let packed = pool(&rows, &groups, self.head.pooling)?;
        let mut positions = vec![0_u32; texts.len()];
        for (position, index) in (0..).zip(&order) {
            positions[*index] = position;
        }
        Ok(packed.index_select(&Tensor::from_vec(positions, texts.len(), &Device::Cpu)?, 0)?)
    }

    /// The difference between the trained and the original weights.
    ///
    /// # Errors
    /// If candle fails.
    pub fn adaptation(&self) -> Result<Adaptation, ModelError> {
        let mut differences = BTreeMap::new();
        for (name, original) in &self.originals {
            if let Some(variable) = self.variables.get(name) {
                differences.insert(name.clone(), (variable.as_tensor() - original)?.detach());
            }
        }
        Adaptation::new(differences)
    }
}

/// Inverted dropout: zeroes a random share of the values and scales the others up to keep the mean.
fn drop_out(rows: Tensor, random: &mut impl Rng) -> Result<Tensor, ModelError> {
    let kept = 1.0 / (1.0 - DROPPED_SHARE);
    let mask: Vec<f32> = (0..rows.elem_count())
        .map(|_| if random.random::<f32>() < DROPPED_SHARE { 0.0 } else { kept })
        .collect();
    let mask = Tensor::from_vec(mask, rows.shape(), rows.device())?;
    Ok((rows * mask)?)
}

fn unit(vectors: &Tensor) -> Result<Tensor, ModelError> {
    let norms = (vectors.sqr()?.sum_keepdim(1)? + NORM_EPSILON)?.sqrt()?;
    Ok(vectors.broadcast_div(&norms)?)
}
