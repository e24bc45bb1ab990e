//! The commands found so far, and which tokens they explain.

use super::cues::Cue;
use super::scene::Found;
use super::scene::Scene;
use crate::command::Command;
use std::ops::Range;

/// Commands in the making.
#[derive(Debug)]
pub(crate) struct Draft<'s, 'a> {
    /// The message.
    pub(crate) scene: &'s Scene<'a>,
    /// What was found, in any order.
    pub(crate) found: Vec<Found>,
    /// For each token whether a command explains it.
    pub(crate) used: Vec<bool>,
    /// Whether the words are angry.
    pub(crate) angry: bool,
    /// Whether the words are sarcastic.
    pub(crate) sarcastic: bool,
}

impl<'s, 'a> Draft<'s, 'a> {
    pub(crate) fn new(scene: &'s Scene<'a>) -> Self {
        let used = vec![false; scene.tokens.len()];
        Self { scene, found: Vec::new(), used, angry: false, sarcastic: false }
    }

    /// Adds a command read from some tokens; one that is there already is not added again.
    pub(crate) fn add(&mut self, tokens: Range<usize>, command: Command) {
        self.mark(&tokens);
        // "3 of these and 3 of those" are two numbers.
        let counts = matches!(command, Command::Quantity { .. });
        let again = |known: &Found| known.command == command && (!counts || known.tokens == tokens);
        if !self.found.iter().any(again) {
            self.found.push(Found { tokens, command });
        }
    }

    /// Marks tokens as explained.
    pub(crate) fn mark(&mut self, tokens: &Range<usize>) {
        let end = tokens.end.min(self.used.len());
        if let Some(used) = self.used.get_mut(tokens.start.min(end)..end) {
            used.fill(true);
        }
    }

    /// Whether any of the tokens is explained.
    pub(crate) fn is_used(&self, tokens: &Range<usize>) -> bool {
        self.used.get(tokens.clone()).is_some_and(|used| used.iter().any(|used| *used))
    }

    /// The places of a cue that no command explains yet.
    pub(crate) fn free(&self, cue: Cue) -> Vec<Range<usize>> {
        let places = self.scene.hits_of(cue).map(|hit| hit.tokens.clone());
        places.filter(|tokens| !self.is_used(tokens)).collect()
    }

    /// Whether a command was found that says something besides courtesy.
    pub(crate) fn has_content(&self) -> bool {
        let courtesy = |found: &Found| {
            matches!(
                found.command,
                Command::Greet
                    | Command::Thank
                    | Command::Bye
                    | Command::Confirm
                    | Command::Deny
                    | Command::Unclear
            )
        };
        self.found.iter().any(|found| !courtesy(found))
    }

    /// Whether a command of some kind was found.
    pub(crate) fn any(&self, is: impl Fn(&Command) -> bool) -> bool {
        self.found.iter().any(|found| is(&found.command))
    }
}
