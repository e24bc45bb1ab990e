//! An encoder whose last layers can be trained, by the tensor library's gradients, on the CPU.
//!
//! The layers below never change, so texts pass through them once ([`EncoderLearner::prepare`])
//! and every step starts from what came out.

use crate::model::encoder::adaptation::Adaptation;
use crate::model::encoder::config::EncoderConfig;
use crate::model::encoder::config::Head;
use crate::model::encoder::config::Scaling;
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

/// Added under the root when a vector is scaled to unit length.
const NORM_EPSILON: f64 = 1e-12;
/// Most memory that prepared texts may take: 15,000 sentences of MiniLM take 300 MB.
const PREPARED_BYTES_MAX: u64 = 4 << 30;
/// Share of values that training drops between layers.
const DROPPED_SHARE: f32 = 0.1;
/// Texts that pass the lower layers together.
const BATCH_TEXTS: usize = 64;

/// A text as it comes out of the layers that never change: `[tokens, width]`.
#[derive(Debug, Clone)]
pub struct PreparedText {
    rows: Tensor,
}

/// An encoder whose last layers are variables.
#[derive(Debug)]
pub struct EncoderLearner {
    lower: TensorEncoder,
    upper: Vec<EncoderLayer>,
    /// The upper layers' tensors, by checkpoint name.
    variables: BTreeMap<String, Var>,
    originals: BTreeMap<String, Tensor>,
    head: Head,
    width: usize,
}

impl EncoderLearner {
    /// Loads an encoder as [`super::Encoder::load`] does; its last `layers` can be trained.
    ///
    /// # Errors
    /// As [`super::Encoder::load`].
    pub fn open(folder: &Path, layers: usize) -> Result<Self, ModelError> {
        let device = Device::Cpu;
        let (config, head) = (EncoderConfig::read(folder)?, Head::read(folder)?);
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

    /// What an optimizer moves.
    #[must_use]
    pub fn variables(&self) -> Vec<Var> {
        self.variables.values().cloned().collect()
    }

    /// Passes token ids through the lower layers; `progress` hears how many texts are done.
    ///
    /// # Errors
    /// If the texts would take more memory than is allowed, or the tensor library fails.
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
        // Texts of one length share an attention product.
        let mut order: Vec<usize> = (0..sequences.len()).collect();
        order.sort_by_key(|index| sequences[*index].len());
        let mut prepared: Vec<Option<PreparedText>> = vec![None; sequences.len()];
        let mut done = 0;
        for batch in order.chunks(BATCH_TEXTS) {
            let rows = self.lower.rows(batch, sequences)?;
            let mut first = 0;
            for index in batch {
                let tokens = sequences[*index].len();
                // A view: the tensor library would copy the rows of the whole batch.
                let rows = rows.narrow(0, first, tokens)?;
                prepared[*index] = Some(PreparedText { rows });
                first += tokens;
            }
            done += batch.len();
            progress(done);
        }
        Ok(prepared.into_iter().flatten().collect())
    }

    /// Embeddings of unit length, `[texts, width]`, through which gradients flow. A tenth of what
    /// passes between the trained layers is dropped at random, so that few texts are not learnt by
    /// heart (Srivastava et al. 2014).
    ///
    /// # Errors
    /// If the tensor library fails.
    pub fn embed(
        &self,
        texts: &[&PreparedText],
        random: &mut impl Rng,
    ) -> Result<Tensor, ModelError> {
        unit(&self.pooled(texts, |rows| drop_out(rows, random))?)
    }

    /// Embeddings as the encoder would give them in service, up to its precision.
    ///
    /// # Errors
    /// If the tensor library fails.
    pub fn embed_finished(&self, texts: &[&PreparedText]) -> Result<Vec<Vec<f32>>, ModelError> {
        let pooled = self.pooled(texts, Ok)?;
        let finished = match self.head.scaling {
            Scaling::UnitNorm => unit(&pooled)?,
            Scaling::None => pooled,
        };
        Ok(finished.detach().to_vec2()?)
    }

    /// One vector a text; `between` sees the rows before every trained layer and after the last.
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
        let mut places = vec![0_u32; texts.len()];
        for (place, index) in (0..).zip(&order) {
            places[*index] = place;
        }
        Ok(packed.index_select(&Tensor::from_vec(places, texts.len(), &Device::Cpu)?, 0)?)
    }

    /// What training changed so far.
    ///
    /// # Errors
    /// If the tensor library fails.
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

/// Sets a share of the values to zero and raises the others to keep the mean.
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
