//! Reads a generation model as published: one GGUF file (or its shards), or a folder of safetensors
//! with its tokenizer and chat template.

use crate::engine::error::EngineError;
use crate::model::GgufFile;
use crate::model::Quantization;
use crate::model::open_model;
use crate::text::ChatTemplate;
use crate::text::TextError;
use crate::text::Tokenizer;
use sha2::Digest;
use sha2::Sha256;
use std::fs::File;
use std::io::Read;
use std::path::Path;
use std::path::PathBuf;
use std::sync::Arc;
use vitrine_base::clock::SharedClock;

/// Read size for hashing, bytes: large enough that hashing, not reading, is the bottleneck.
const READ_BYTES: usize = 1 << 20;

/// A model's weights, tokenizer and chat template, read from disk but not yet loaded for inference.
#[derive(Debug)]
pub(crate) struct ModelSource {
    pub(crate) file: GgufFile,
    pub(crate) tokenizer: Arc<Tokenizer>,
    /// `None` if the model has none; an error if it cannot be used.
    pub(crate) chat_template: Option<Result<ChatTemplate, TextError>>,
}

impl ModelSource {
    /// Reads the GGUF file or the folder of safetensors at `path`. `quantize` gives the type that
    /// float matrices are packed to; `None` keeps them as they are.
    ///
    /// # Errors
    /// If a file cannot be read, or the model family or tokenizer is not supported. A chat template
    /// that cannot be used is no error: the model can do without it, except in chats.
    pub(crate) fn read(
        path: &Path,
        quantize: Option<Quantization>,
        clock: SharedClock,
    ) -> Result<Self, EngineError> {
        let tokenizer = Arc::new(tokenizer(path)?);
        let file = open_model(path, quantize)?;
        let chat_template = if path.is_dir() {
            ChatTemplate::from_folder(path, &tokenizer, clock)
        } else {
            ChatTemplate::from_metadata(file.metadata(), &tokenizer, clock)
        };
        Ok(Self { file, tokenizer, chat_template })
    }
}

/// Reads only a model's tokenizer, without its weights.
pub(crate) fn tokenizer(path: &Path) -> Result<Tokenizer, EngineError> {
    if path.is_dir() {
        return Ok(Tokenizer::from_folder(path)?);
    }
    Ok(Tokenizer::from_metadata(GgufFile::open(path)?.metadata())?)
}

/// SHA-256 of the concatenated files, in hexadecimal. For a single file this is the file's own
/// hash.
pub(crate) fn sha256(files: &[PathBuf]) -> Result<String, EngineError> {
    let mut hash = Sha256::new();
    let mut chunk = vec![0; READ_BYTES];
    for path in files {
        let failed = |cause| EngineError::Read { path: path.clone(), cause };
        let mut file = File::open(path).map_err(failed)?;
        loop {
            let count = file.read(&mut chunk).map_err(failed)?;
            if count == 0 {
                break;
            }
            hash.update(&chunk[..count]);
        }
    }
    Ok(format!("{:x}", hash.finalize()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::fixture::TinyDecoder;
    use crate::model::fixture::config_of;
    use crate::model::fixture::published;
    use crate::model::fixture::write_checkpoint;
    use crate::text::Special;
    use serde_json::json;
    use vitrine_base::clock::SystemClock;

    /// A published model folder: weights, `config.json`, a word-level tokenizer and a chat
    /// template.
    fn folder() -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        let mut config = config_of("llama");
        config["eos_token_id"] = json!(2);
        write_checkpoint(folder.path(), &config, &published(&TinyDecoder::default()));
        let special = |id: u32, content: &str| {
            json!({"id": id, "content": content, "special": true, "single_word": false,
                "lstrip": false, "rstrip": false, "normalized": false})
        };
        let tokenizer = json!({
            "version": "1.0", "truncation": null, "padding": null, "normalizer": null,
            "added_tokens": [special(1, "<s>"), special(2, "</s>")],
            "pre_tokenizer": {"type": "Whitespace"}, "post_processor": null, "decoder": null,
            "model": {"type": "WordLevel", "unk_token": "<unk>",
                "vocab": {"<unk>": 0, "<s>": 1, "</s>": 2, "hello": 3, "boots": 4}},
        });
        std::fs::write(folder.path().join("tokenizer.json"), tokenizer.to_string()).unwrap();
        let template = "{% for m in messages %}<s>{{ m.content }}{% endfor %}";
        std::fs::write(folder.path().join("chat_template.jinja"), template).unwrap();
        folder
    }

    #[test]
    fn a_folder_of_safetensors_is_read_with_tokenizer_and_template() {
        let folder = folder();
        let read = |quantize| ModelSource::read(folder.path(), quantize, Arc::new(SystemClock));
        let plain = read(None).unwrap();
        let words = &plain.tokenizer;
        assert_eq!(words.encode("boots hello", Special::Add).unwrap(), [4, 3]);
        assert!(words.is_end_of_generation(2) && !words.is_end_of_generation(3));
        assert!(plain.chat_template.is_some_and(|template| template.is_ok()));
        let packed = read(Quantization::from_name("q8_0")).unwrap();
        let kind = |published: &GgufFile| {
            published.tensor("token_embd.weight").unwrap().tensor_type.name()
        };
        assert_eq!((kind(&plain.file), kind(&packed.file)), ("F32", "Q8_0"));
        assert_eq!(sha256(plain.file.files()).unwrap().len(), 64);
    }

    #[test]
    fn a_folder_without_tokenizer_is_refused() {
        let folder = folder();
        std::fs::remove_file(folder.path().join("tokenizer.json")).unwrap();
        assert!(ModelSource::read(folder.path(), None, Arc::new(SystemClock)).is_err());
    }
}
