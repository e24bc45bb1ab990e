//! A grammar compiled by llguidance, and the state of one generation in it.

use crate::engine::constraint::cache::Cacheable;
use crate::engine::constraint::compiled::Advance;
use crate::engine::constraint::compiled::CompiledConstraint;
use crate::engine::constraint::compiled::Constraint;
use crate::engine::constraint::compiled::Matcher;
use crate::engine::constraint::digits::DigitLimits;
use crate::engine::constraint::digits::JsonPosition;
use crate::engine::constraint::fault::ConstraintFault;
use crate::engine::constraint::library_words;
use llguidance::TokenParser;
use llguidance::api::StopReason;
use llguidance::panic_utils;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::MutexGuard;
use std::sync::PoisonError;
use std::sync::atomic::AtomicBool;
use std::sync::atomic::Ordering;
use toktrie::SimpleVob;

/// Rough memory of a parser's rules per byte of grammar text. The lexer reports its memory itself.
const RULE_BYTES_PER_TEXT_BYTE: usize = 16;

/// A compiled grammar. Generations share its lexer, whose state table grows while they run.
#[derive(Clone)]
pub(super) struct Compiled {
    /// In its initial state; copied, never advanced.
    parser: Arc<Mutex<TokenParser>>,
    text_bytes: usize,
    /// Set when a generation finds the grammar too complex; the shared lexer is then unusable.
    broken: Arc<AtomicBool>,
    /// Bounds the digits of JSON numbers; `None` for texts that are not JSON.
    digits: Option<Arc<DigitLimits>>,
}

impl std::fmt::Debug for Compiled {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Compiled").field("text_bytes", &self.text_bytes).finish()
    }
}

impl Compiled {
    /// `parser` is in its initial state. `digits` bounds the digits of JSON numbers; `None` for
    /// texts that are not JSON.
    pub(super) fn new(
        parser: TokenParser,
        text_bytes: usize,
        digits: Option<Arc<DigitLimits>>,
    ) -> Self {
        let broken = Arc::new(AtomicBool::new(false));
        Self { parser: Arc::new(Mutex::new(parser)), text_bytes, broken, digits }
    }

    pub(super) fn into_constraint(self) -> Constraint {
        Constraint::new(Arc::new(self))
    }

    fn parser(&self) -> MutexGuard<'_, TokenParser> {
        // The parser is only read, so a poisoned lock is harmless.
        self.parser.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Cacheable for Compiled {
    fn bytes(&self) -> usize {
        let parser = self.parser();
        // Locking the lexer panics if a generation panicked while it held the lock.
        let lexer = panic_utils::catch_unwind(AssertUnwindSafe(|| {
            Ok(parser.parser.lexer_stats().num_bytes)
        }));
        lexer.unwrap_or(0) + self.text_bytes * RULE_BYTES_PER_TEXT_BYTE
    }

    fn is_usable(&self) -> bool {
        !self.broken.load(Ordering::Acquire)
    }
}

impl CompiledConstraint for Compiled {
    fn start(&self) -> Box<dyn Matcher> {
        let matcher = llguidance::Matcher::new(Ok(self.parser().clone()));
        let digits = self.digits.clone().map(|limits| (limits, JsonPosition::Between));
        Box::new(GrammarMatcher { matcher, broken: Arc::clone(&self.broken), digits })
    }
}

/// The state of one generation in a grammar.
struct GrammarMatcher {
    matcher: llguidance::Matcher,
    broken: Arc<AtomicBool>,
    /// Where the text stands, if it is JSON.
    digits: Option<(Arc<DigitLimits>, JsonPosition)>,
}

impl std::fmt::Debug for GrammarMatcher {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("GrammarMatcher").finish_non_exhaustive()
    }
}

impl GrammarMatcher {
    fn stuck(&self, cause: &anyhow::Error) -> ConstraintFault {
        self.broken.store(true, Ordering::Release);
        ConstraintFault::TooComplex { reason: library_words::of_text(&cause.to_string()) }
    }
}

impl Matcher for GrammarMatcher {
    fn allowed(&mut self) -> Result<SimpleVob, ConstraintFault> {
        match self.matcher.compute_mask() {
            Ok(allowed) => Ok(match &self.digits {
                Some((limits, position)) => limits.narrow(allowed, *position),
                None => allowed,
            }),
            // The library reports this case only as text.
            Err(cause) if cause.to_string().starts_with(&no_token()) => {
                Err(ConstraintFault::NoToken)
            }
            Err(cause) => Err(self.stuck(&cause)),
        }
    }

    fn advance(&mut self, token_id: u32) -> Result<Advance, ConstraintFault> {
        self.matcher.consume_token(token_id).map_err(|cause| self.stuck(&cause))?;
        if let Some((limits, position)) = &mut self.digits {
            *position = limits.after(*position, token_id);
        }
        Ok(if self.matcher.is_stopped() { Advance::Complete } else { Advance::Open })
    }
}

fn no_token() -> String {
    StopReason::NoExtensionBias.to_string()
}
