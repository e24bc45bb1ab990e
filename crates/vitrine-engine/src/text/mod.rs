//! Tokenizers, chat templates and language detection.
//!
//! Independent of model weights and of requests.

mod chat_template;
mod detokenizer;
mod error;
mod template_words;
#[cfg(test)]
mod test_support;
mod tokenizer;

pub use chat_template::ChatMessage;
pub(crate) use chat_template::ChatTemplate;
pub use chat_template::TemplateSettings;
pub(crate) use chat_template::paragraphs;
pub use detokenizer::StreamDecoder;
pub use error::TextError;
pub use tokenizer::Special;
pub use tokenizer::Tokenizer;
