//! Reading a message with an instruct model, where the shop wants it and the model is worth it. The
//! rules of `vitrine_dialogue::reader` read first; their reading stands where the model is not
//! asked, is late, or writes what is no command.

mod choice;
mod instruct;
mod outcome;
mod reader;
mod slot;

pub(crate) use choice::ReaderMode;
pub(crate) use instruct::InstructReader;
pub(crate) use instruct::ShopPrompts;
pub(crate) use outcome::ReadBy;
pub(crate) use outcome::ReadOutcome;
pub(crate) use reader::ModelReader;
#[cfg(test)]
pub(crate) use reader::ModelReading;
pub(crate) use reader::ReadBudget;
pub(crate) use reader::ReadError;
pub(crate) use slot::ReaderSlot;
