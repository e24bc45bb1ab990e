//! Compiled constraints, and the state of one generation in its constraint.

use crate::engine::constraint::fault::ConstraintFault;
use crate::engine::error::EngineError;
use crate::engine::stats::count_time;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::time::Duration;
use toktrie::SimpleVob;
use vitrine_base::clock::SharedClock;

/// A compiled constraint; clones share it.
#[derive(Debug, Clone)]
pub struct Constraint {
    rules: Arc<dyn CompiledConstraint>,
}

/// A compiled constraint in its initial state.
pub(crate) trait CompiledConstraint: Send + Sync + std::fmt::Debug {
    /// Creates the matcher of one generation.
    fn start(&self) -> Box<dyn Matcher>;
}

/// The state of one generation in its constraint.
pub(crate) trait Matcher: Send + std::fmt::Debug {
    /// Computes the mask of tokens allowed next. Contains the end-of-text tokens where the text may
    /// end.
    ///
    /// # Errors
    /// If no token is allowed, or computing the mask exceeds its cost limit.
    fn allowed(&mut self) -> Result<SimpleVob, ConstraintFault>;

    /// Advances by a token that was allowed.
    ///
    /// # Errors
    /// If the token was not allowed, or advancing exceeds its cost limit.
    fn advance(&mut self, token_id: u32) -> Result<Advance, ConstraintFault>;
}

/// The effect of a token on a constraint.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Advance {
    /// More tokens may follow.
    Open,
    /// Only the end of the text can follow.
    Complete,
}

impl Constraint {
    pub(crate) fn new(rules: Arc<dyn CompiledConstraint>) -> Self {
        Self { rules }
    }

    /// Starts a generation.
    pub fn start(&self) -> ConstraintState {
        ConstraintState { matcher: self.rules.start(), allowed: None, wanted: false }
    }
}

/// Runs `forward` on this thread while other threads compute the masks of `constraint_states`.
/// Also returns the processor time spent on the masks.
pub(crate) fn forward_with_masks<T>(
    constraint_states: Vec<&mut ConstraintState>,
    clock: &SharedClock,
    forward: impl FnOnce() -> T,
) -> (T, Duration) {
    let spent_ns = AtomicU64::new(0);
    let result = rayon::in_place_scope(|scope| {
        for constraint_state in constraint_states {
            scope.spawn(|_| {
                let before = clock.instant();
                constraint_state.prepare();
                count_time(&spent_ns, clock.instant().saturating_duration_since(before));
            });
        }
        forward()
    });
    (result, Duration::from_nanos(spent_ns.into_inner()))
}

/// Compares identity: two compilations of the same grammar are different constraints.
impl PartialEq for Constraint {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.rules, &other.rules)
    }
}

/// The constraint of one sequence, with its next mask.
#[derive(Debug)]
pub struct ConstraintState {
    matcher: Box<dyn Matcher>,
    /// The next mask; `None` until it is computed.
    allowed: Option<Result<SimpleVob, ConstraintFault>>,
    /// Whether the coming step chooses a token.
    wanted: bool,
}

impl ConstraintState {
    /// Announces that the coming step chooses a token, so the mask is needed.
    pub(crate) fn request_mask(&mut self) {
        self.wanted = true;
    }

    /// Whether [`prepare`](Self::prepare) has to compute the mask.
    pub(crate) fn needs_mask(&self) -> bool {
        self.wanted && self.allowed.is_none()
    }

    /// Computes the next mask unless it is known. Runs on any thread, during the forward pass.
    pub(crate) fn prepare(&mut self) {
        self.wanted = false;
        if self.allowed.is_none() {
            self.allowed = Some(self.matcher.allowed());
        }
    }

    /// The next mask, computed now if it was not prepared.
    ///
    /// # Errors
    /// [`EngineError::ConstraintFault`] at this position.
    pub fn allowed(&mut self, position: usize) -> Result<&SimpleVob, EngineError> {
        self.prepare();
        match &self.allowed {
            Some(Ok(allowed)) => Ok(allowed),
            Some(Err(cause)) => {
                Err(EngineError::ConstraintFault { position, cause: cause.clone() })
            }
            None => unreachable!("prepared above"),
        }
    }

    /// Advances by the chosen token.
    ///
    /// # Errors
    /// [`EngineError::ConstraintFault`] at this position.
    pub fn advance(&mut self, token_id: u32, position: usize) -> Result<Advance, EngineError> {
        self.allowed = None;
        self.matcher
            .advance(token_id)
            .map_err(|cause| EngineError::ConstraintFault { position, cause })
    }
}
