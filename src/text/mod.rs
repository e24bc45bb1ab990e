//! Text to token ids and back, chat templates, and which language a text is in.
//!
//! Knows nothing of weights or of who asks.

mod error;
mod tokenizer;

pub use error::TextError;
pub use tokenizer::Special;
pub use tokenizer::Tokenizer;
