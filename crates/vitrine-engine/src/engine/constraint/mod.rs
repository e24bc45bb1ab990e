//! Constrained decoding: a constraint allows or forbids each next token of a generation.
//!
//! A [`Constraint`] is compiled once and shared. Each generation starts a matcher of its own.
//! The engine asks it for the allowed tokens while the forward pass runs, then advances it by the
//! chosen token.
//!
//! There are two kinds. [`Grammar`]s come from clients (JSON schema, regex, Lark) and are compiled
//! by llguidance. [`byte_rule`]s are our own small automata, cheap enough to build
//! for every turn.
//!
//! Invariants
//! - Constraints fail closed. A grammar that does not compile is refused before it reaches the
//!   engine. A generation whose constraint allows no token ends with an error.
//! - The tokens that a matcher allows depend only on the tokens of its own generation.

pub mod byte_rule;
mod cache;
mod compiled;
mod compiled_grammar;
mod compiler;
mod digits;
pub(in crate::engine) mod fault;
pub(in crate::engine) mod grammar;
mod grammars;
mod json_schema;
mod library_words;
mod schema_location;
#[cfg(test)]
mod tests;
mod token_trie;
mod useful;

pub use compiled::Advance;
#[cfg(test)]
pub(crate) use compiled::CompiledConstraint;
pub use compiled::Constraint;
pub use compiled::ConstraintState;
#[cfg(test)]
pub(crate) use compiled::Matcher;
pub(crate) use compiled::forward_with_masks;
pub use fault::ConstraintFault;
pub use grammar::Grammar;
pub use grammar::GrammarFault;
pub(crate) use grammars::CACHED_BYTES_MAX;
pub use grammars::Grammars;
pub use token_trie::TokenTrie;
