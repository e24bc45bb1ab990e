//! Text to token ids and back, chat templates, and which language a text is in.
//!
//! Knows nothing of weights or of who asks.

mod chat_template;
mod detokenizer;
mod error;
#[cfg(test)]
mod test_support;
mod tokenizer;

pub use chat_template::ChatMessage;
pub use chat_template::ChatTemplate;
pub use chat_template::TemplateSettings;
pub use detokenizer::StreamDecoder;
pub use error::TextError;
pub use tokenizer::Special;
pub use tokenizer::Tokenizer;
