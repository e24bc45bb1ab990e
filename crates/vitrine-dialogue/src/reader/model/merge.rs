//! A model's commands beside those of the rules.

use crate::command::Command;
use crate::command::Said;
use crate::reader::Reading;

/// The reading of a model: its commands, with what the rules read exactly. A command that the rules
/// found as well keeps its words; the others are from the whole message.
#[must_use]
pub fn merged(fast: &Reading, commands: Vec<Command>, text: &str) -> Reading {
    let mut said: Vec<Said> = fast.commands.iter().filter(|one| is_exact(one)).cloned().collect();
    for command in commands {
        if said.iter().any(|one| one.command == command) {
            continue;
        }
        let same = fast.commands.iter().find(|one| one.command == command);
        let source = same.map_or(text, |one| &one.source).to_owned();
        said.push(Said { command, source });
    }
    Reading { commands: said, ..fast.clone() }
}

/// Whether the rules read a command from an exact form that a model only could spoil.
fn is_exact(said: &Said) -> bool {
    matches!(
        said.command,
        Command::Stop
            | Command::Start
            | Command::Contact { .. }
            | Command::ForeignLimit { .. }
            | Command::Order { id: Some(_) }
    )
}
