//! What a generation may say: a constraint allows or forbids each next token.
//!
//! A [`Constraint`] is compiled once and shared; each generation that is held to it starts a
//! [`Matcher`] of its own. The engine asks for the allowed tokens while the forward pass runs, and
//! tells the matcher which one was chosen.
//!
//! Two kinds: [`Grammar`]s of clients (JSON schema, regex, Lark), compiled by llguidance in
//! [`grammars`], and [`byte_rule`]s, small automata of ours that are cheap enough to build anew for
//! every turn.
//!
//! Invariants
//! - It fails closed: a grammar that does not compile is refused before the engine hears of it, and
//!   a generation whose constraint allows nothing more ends with an error.
//! - What a matcher allows depends on the tokens of its own generation only.

pub mod byte_rule;
mod cache;
mod grammar;
mod grammars;
mod schema_place;
#[cfg(test)]
mod tests;
mod token_trie;

pub use grammar::GRAMMAR_BYTES_MAX;
pub use grammar::GRAMMAR_DEPTH_MAX;
pub use grammar::Grammar;
pub use grammar::GrammarFault;
pub(crate) use grammars::Grammars;
pub(crate) use grammars::KEPT_BYTES_MAX;
pub use token_trie::TokenTrie;

use crate::engine::error::EngineError;
use crate::engine::stats::count_time;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::time::Duration;
use toktrie::SimpleVob;
use vitrine_base::clock::SharedClock;

/// What a generation is held to; clones share it.
#[derive(Debug, Clone)]
pub struct Constraint {
    rules: Arc<dyn Rules>,
}

/// A compiled constraint, before any token.
pub(crate) trait Rules: Send + Sync + std::fmt::Debug {
    /// Starts a generation.
    fn start(&self) -> Box<dyn Matcher>;
}

/// How far one generation has come in its constraint.
pub(crate) trait Matcher: Send + std::fmt::Debug {
    /// The tokens that may come next, the ends of a text among them where it may end.
    ///
    /// # Errors
    /// If there are none, or finding them out costs more than is allowed.
    fn allowed(&mut self) -> Result<SimpleVob, Stuck>;

    /// Takes a token that was allowed.
    ///
    /// # Errors
    /// If it was not, or following it costs more than is allowed.
    fn advance(&mut self, token_id: u32) -> Result<Advance, Stuck>;
}

/// What a token did to a constraint.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Advance {
    /// More may come.
    Open,
    /// Nothing but the end can come.
    Complete,
}

/// A constraint cannot go on.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Stuck {
    /// The model's vocabulary cannot spell anything that the constraint allows.
    #[error("no token of the model continues it")]
    NoToken,
    /// A token came that was not allowed.
    #[error("token id {token_id} is not allowed here")]
    Forbidden {
        /// The token.
        token_id: u32,
    },
    /// The grammar costs too much to follow.
    #[error("it is too complex to follow: {reason}")]
    TooComplex {
        /// What the matcher said.
        reason: String,
    },
}

impl Constraint {
    pub(crate) fn new(rules: Arc<dyn Rules>) -> Self {
        Self { rules }
    }

    /// Starts a generation.
    pub fn start(&self) -> Guard {
        Guard { matcher: self.rules.start(), allowed: None, wanted: false }
    }
}

/// Runs `forward` while other threads find out what `guards` allow; also says how much processor
/// time that took.
pub(crate) fn prepare_beside<T>(
    guards: Vec<&mut Guard>,
    clock: &SharedClock,
    forward: impl FnOnce() -> T,
) -> (T, Duration) {
    let spent_ns = AtomicU64::new(0);
    let result = rayon::in_place_scope(|scope| {
        for guard in guards {
            scope.spawn(|_| {
                let before = clock.instant();
                guard.prepare();
                count_time(&spent_ns, clock.instant().saturating_duration_since(before));
            });
        }
        forward()
    });
    (result, Duration::from_nanos(spent_ns.into_inner()))
}

/// The same constraint, not an equal one.
impl PartialEq for Constraint {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.rules, &other.rules)
    }
}

/// One sequence's constraint, with what it allows next.
#[derive(Debug)]
pub struct Guard {
    matcher: Box<dyn Matcher>,
    /// What may come next; none before it was asked for.
    allowed: Option<Result<SimpleVob, Stuck>>,
    /// Whether the step under way ends in a choice.
    wanted: bool,
}

impl Guard {
    /// The coming step ends in a choice for this sequence.
    pub(crate) fn want(&mut self) {
        self.wanted = true;
    }

    /// Whether [`prepare`](Self::prepare) has work to do.
    pub(crate) fn is_wanted(&self) -> bool {
        self.wanted && self.allowed.is_none()
    }

    /// Finds out what may come next; on any thread, while the forward pass runs.
    pub(crate) fn prepare(&mut self) {
        self.wanted = false;
        if self.allowed.is_none() {
            self.allowed = Some(self.matcher.allowed());
        }
    }

    /// What may come next.
    ///
    /// # Errors
    /// [`EngineError::Stuck`] at this position.
    pub fn allowed(&mut self, position: usize) -> Result<&SimpleVob, EngineError> {
        self.prepare();
        match &self.allowed {
            Some(Ok(allowed)) => Ok(allowed),
            Some(Err(cause)) => Err(EngineError::Stuck { position, cause: cause.clone() }),
            None => unreachable!("prepared above"),
        }
    }

    /// Takes the token that was chosen.
    ///
    /// # Errors
    /// [`EngineError::Stuck`] at this position.
    pub fn advance(&mut self, token_id: u32, position: usize) -> Result<Advance, EngineError> {
        self.allowed = None;
        self.matcher.advance(token_id).map_err(|cause| EngineError::Stuck { position, cause })
    }
}
