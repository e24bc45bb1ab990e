//! Reads a message with an instruct model: the same commands as the rules give, written in a line
//! notation that a grammar constrains.
//!
//! This module is pure. It writes the prompt and the grammar, and reads the model's line; whoever
//! runs the model is outside. In reading order: `ids` (what a shop's commands can name), `scope`
//! (what those of one message can), `notation` and `grammar` (which lines are allowed), `parse`
//! (line → commands), `prompt` and `examples` (what the model is told), `merge` (the model's
//! commands beside those of the rules), `gate` (which model reads which messages better).
//!
//! Invariants
//! - A command names only ids of the shop, and numbers and products of the message.
//! - Every line that the grammar allows is read; any other line is refused as a whole.
//! - Customers' rights, addresses and attempts at instructions are left to the rules.

mod examples;
mod gate;
mod grammar;
mod ids;
mod line;
mod merge;
mod notation;
mod parse;
mod prompt;
mod scope;
#[cfg(test)]
mod tests;

pub use self::gate::Doubt;
pub use self::gate::Gate;
pub use self::gate::Tally;
pub use self::gate::doubt;
pub use self::gate::is_left_to_rules;
pub use self::grammar::grammar;
pub use self::ids::ShopIds;
pub use self::line::Line;
pub use self::line::Speaker;
pub use self::merge::merged;
pub use self::notation::COMMANDS_MAX;
pub use self::parse::Refusal;
pub use self::parse::parse;
pub use self::prompt::Prompt;
pub use self::scope::Scope;
