//! Plays conversation tests against a gateway and judges its answers from outside.
//!
//! Owns the format of the test files, the checks, the simulated customer and the report. Knows
//! neither the pipeline nor HTTP: a [`Player`] gives the next request and takes its reply, and
//! whoever drives it decides how requests are sent and how many conversations are played at once.

#![forbid(unsafe_code)]

mod answer;
mod checks;
mod comparison;
mod customer;
mod document;
mod failure;
mod format;
mod history;
mod language;
mod outcome;
mod page;
mod pattern;
mod picture;
mod player;
mod shop;
mod stammer;
mod suite;
mod table;
mod text;

#[cfg(test)]
mod tests;

pub use answer::Answer;
pub use comparison::Comparison;
pub use document::document;
pub use failure::Failure;
pub use language::other_language;
pub use outcome::Figures;
pub use outcome::Outcome;
pub use page::page;
pub use player::Exchange;
pub use player::Played;
pub use player::Player;
pub use player::Reply;
pub use shop::Product;
pub use shop::Shop;
pub use shop::ShopData;
pub use shop::Variant;
pub use suite::Conversation;
pub use suite::SuiteError;
pub use suite::load;
pub use table::exchanges;
pub use table::table;
