//! The encoder of the configuration, as what knows the meaning of short texts.

use crate::config::Settings;
use crate::hub::layout;
use crate::hub::layout::ModelTask;
use anyhow::Context;
use vitrine_catalog::derive::Meaning;
use vitrine_intent::Embedder;

/// An encoder that is loaded.
pub(super) struct Encoder(Embedder);

impl Encoder {
    /// Loads the encoder; `None` if it is not there, as an import works without one.
    pub(super) fn open(settings: &Settings) -> Option<Self> {
        crate::app::use_threads(settings.engine_threads).ok()?;
        match open(settings) {
            Ok(embedder) => Some(Self(embedder)),
            Err(error) => {
                tracing::info!("values are not grouped by meaning: {error:#}");
                None
            }
        }
    }
}

fn open(settings: &Settings) -> anyhow::Result<Embedder> {
    let files = layout::resolve(&settings.models.dir, &settings.classifier.encoder)
        .and_then(|files| files.require(ModelTask::Embed))
        .context("cannot open the encoder")?;
    Ok(Embedder::open(files.load_path(), settings.classifier.embedder.clone())?)
}

impl Meaning for Encoder {
    fn vectors(&self, texts: &[String]) -> Option<Vec<Vec<f32>>> {
        self.0.embed_blocking(texts, |_| ()).ok()
    }
}
