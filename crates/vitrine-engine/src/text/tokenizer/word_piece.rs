//! WordPiece encoder of BERT: the tokenizers library, configured from GGUF metadata.
//!
//! A GGUF file spells a piece that begins a word `▁word` and one that continues it `word`. BERT's
//! own files and the library spell them `word` and `##word`.
//!
//! Sources: Devlin et al. 2019, arXiv:1810.04805; GGUF spelling from llama.cpp's converter.

use crate::text::error::TextError;
use crate::text::tokenizer::sentencepiece::SPACE;
use crate::text::tokenizer::vocabulary;
use crate::text::tokenizer::vocabulary::TokenKind;
use crate::text::tokenizer::vocabulary::Vocabulary;
use tokenizers::models::bpe::Vocab;
use tokenizers::models::wordpiece::WordPiece as Model;
use tokenizers::normalizers::bert::BertNormalizer;
use tokenizers::pre_tokenizers::bert::BertPreTokenizer;
use vitrine_base::metadata::Metadata;

/// Prefix of pieces that continue a word.
const CONTINUES: &str = "##";

/// Maximum length of a word, in characters, as in BERT's code; longer words are unknown.
const WORD_CHARS_MAX: usize = 100;

/// Unknown piece if the file names none.
const UNKNOWN: &str = "[UNK]";

/// A WordPiece encoder.
#[derive(Debug)]
pub(crate) struct WordPiece {
    library: tokenizers::Tokenizer,
}

impl WordPiece {
    pub(crate) fn new(metadata: &Metadata, vocabulary: &Vocabulary) -> Result<Self, TextError> {
        let unknown = vocabulary.unknown.map_or(UNKNOWN, |id| vocabulary.piece(id)).to_owned();
        let mut pieces = Vocab::default();
        for (id, piece) in (0_u32..).zip(&vocabulary.pieces) {
            // `[unused7]` and similar pieces are not text.
            let bracketed = piece.len() > 2 && piece.starts_with('[') && piece.ends_with(']');
            let name = match piece.strip_prefix(SPACE) {
                _ if *piece == unknown => piece.clone(),
                _ if bracketed || vocabulary.kind(id) != TokenKind::Normal => continue,
                Some(word) => word.to_owned(),
                None => format!("{CONTINUES}{piece}"),
            };
            pieces.insert(name, id);
        }
        let lowercase = vocabulary::flag(metadata, "tokenizer.ggml.normalizer.lowercase", true)?;
        let accents = metadata.flag("tokenizer.ggml.normalizer.strip_accents");
        let model = Model::builder()
            .vocab(pieces)
            .unk_token(unknown)
            .continuing_subword_prefix(CONTINUES.to_owned())
            .max_input_chars_per_word(WORD_CHARS_MAX)
            .build()
            .map_err(TextError::Vocabulary)?;
        let mut library = tokenizers::Tokenizer::new(model);
        let normalizer = BertNormalizer::new(true, true, accents, lowercase);
        library.with_normalizer(Some(normalizer)).map_err(TextError::Vocabulary)?;
        library.with_pre_tokenizer(Some(BertPreTokenizer));
        Ok(Self { library })
    }

    /// Appends the ids of `text`.
    pub(crate) fn encode(&self, text: &str, ids: &mut Vec<u32>) -> Result<(), TextError> {
        let encoding = self
            .library
            .encode_fast(text, false)
            .map_err(|cause| TextError::Encode { bytes: text.len(), cause })?;
        ids.extend_from_slice(encoding.get_ids());
        Ok(())
    }
}
