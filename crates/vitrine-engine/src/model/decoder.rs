//! The decoder forward pass, shared by all model families: norm, attention, residual, norm,
//! feed-forward, residual.
//!
//! This file fixes which calls are made and in which order; the executor computes each of them.

use crate::model::decoder_options::DecoderOptions;
use crate::model::decoder_options::ExecutorChoice;
use crate::model::error::ModelError;
use crate::model::executor::Executor;
use crate::model::executor::candle::CandleExecutor;
use crate::model::executor::cpu;
use crate::model::executor::cpu::CpuExecutor;
use crate::model::forward::Forward;
use crate::model::forward::ForwardLimits;
use crate::model::forward::Logits;
use crate::model::gguf::GgufFile;
use crate::model::kv_pages;
use crate::model::shape::DecoderShape;
use crate::model::step_input::StepInput;

/// Loads the decoder from `file`.
///
/// # Errors
/// If the family or a tensor type is not supported, a tensor is missing or has the wrong shape, or
/// the KV memory does not hold one page.
pub fn load_decoder(
    file: &GgufFile,
    options: &DecoderOptions,
) -> Result<Box<dyn Forward>, ModelError> {
    let shape = DecoderShape::from_metadata(file.metadata())?;
    let layers = shape.layers;
    if runs_on_kernels(file, options)? {
        let executor = CpuExecutor::load(file, &shape, options)?;
        return Ok(Box::new(Decoder { layers, executor }));
    }
    let executor = CandleExecutor::load(file, &shape, options)?;
    Ok(Box::new(Decoder { layers, executor }))
}

/// Bytes of one KV page, keys and values of all layers, with the executor that `options` select.
///
/// # Errors
/// If the model's family or settings are not supported, or the CPU executor is forced but cannot
/// run the model.
pub fn kv_page_bytes(file: &GgufFile, options: &DecoderOptions) -> Result<u64, ModelError> {
    let shape = DecoderShape::from_metadata(file.metadata())?;
    Ok(match runs_on_kernels(file, options)? {
        true => cpu::page_bytes(&shape, options),
        false => kv_pages::page_bytes(&shape, options),
    })
}

/// Whether the CPU executor runs the model. If it does not although allowed to, logs the reason.
///
/// # Errors
/// If `options` force the CPU executor and it cannot run the model.
pub(crate) fn runs_on_kernels(
    file: &GgufFile,
    options: &DecoderOptions,
) -> Result<bool, ModelError> {
    let obstacle = if options.device.is_cpu() {
        cpu::obstacle(file)
    } else {
        Some("the device is not the CPU".to_owned())
    };
    match (options.executor, obstacle) {
        (ExecutorChoice::Candle, _) => Ok(false),
        (ExecutorChoice::Auto | ExecutorChoice::Cpu, None) => Ok(true),
        (ExecutorChoice::Auto, Some(why)) => {
            tracing::info!(why, "using candle instead of the CPU kernels");
            Ok(false)
        }
        (ExecutorChoice::Cpu, Some(found)) => Err(ModelError::Unsupported {
            what: "model for the CPU kernels",
            found,
            supported: "tensor types with kernels, on the CPU",
        }),
    }
}

struct Decoder<E> {
    layers: usize,
    executor: E,
}

impl<E: Executor + Send> Forward for Decoder<E> {
    fn limits(&self) -> ForwardLimits {
        self.executor.limits()
    }

    fn forward(&mut self, input: &StepInput) -> Result<Logits, ModelError> {
        check(input, &self.executor.limits())?;
        if input.tokens().is_empty() {
            return Ok(Logits::new(Vec::new(), self.limits().vocabulary_size));
        }
        let executor = &mut self.executor;
        let step = executor.begin(input)?;
        let mut rows = executor.embed(&step)?;
        for layer in 0..self.layers {
            let query = executor.norm_qkv_rope_store(layer, &rows, &step)?;
            let mixed = executor.attend(layer, query, &step)?;
            rows = executor.out_residual(layer, mixed, rows)?;
            let inner = executor.norm_gate_up(layer, &rows)?;
            rows = executor.down_residual(layer, inner, rows)?;
        }
        executor.head(rows, &step)
    }
}

/// Refuses tokens, pages and sequence lengths outside the model's limits.
fn check(input: &StepInput, limits: &ForwardLimits) -> Result<(), ModelError> {
    let vocabulary_size = limits.vocabulary_size;
    if let Some(&token) = input.tokens().iter().find(|&&id| id as usize >= vocabulary_size) {
        return Err(ModelError::Token { token, vocabulary_size });
    }
    for (index, segment) in input.segments().iter().enumerate() {
        let (tokens, tokens_max) = (segment.context_tokens(), limits.context_tokens_max);
        if tokens > tokens_max {
            return Err(ModelError::SequenceLength { index, tokens, tokens_max });
        }
        let pages = input.pages_of(segment);
        let needed = tokens.div_ceil(limits.page_tokens);
        let foreign = pages.iter().find(|page| page.index() >= limits.page_count);
        if pages.len() < needed || foreign.is_some() {
            return Err(ModelError::Pages {
                index,
                found: pages.len(),
                needed,
                page_count: limits.page_count,
            });
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests;
