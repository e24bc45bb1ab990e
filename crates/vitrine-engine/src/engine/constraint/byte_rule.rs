//! Constraints from small automata over bytes, cheap enough to build for every turn.
//!
//! All rules of one kind have a shared part: what is allowed whatever the facts of the turn. For
//! each state of the shared part, the allowed tokens are computed once and cached
//! ([`CommonMasks`]). A turn then only checks the tokens that the shared part rejects.
//!
//! Invariants
//! - A token is allowed exactly if the rule accepts all its bytes from the current state.
//! - The shared part never accepts bytes that the whole rule rejects.

use crate::engine::constraint::compiled::Advance;
use crate::engine::constraint::compiled::CompiledConstraint;
use crate::engine::constraint::compiled::Constraint;
use crate::engine::constraint::compiled::Matcher;
use crate::engine::constraint::fault::ConstraintFault;
use crate::engine::constraint::token_trie::TokenTrie;
use std::collections::HashMap;
use std::fmt::Debug;
use std::hash::Hash;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::PoisonError;
use toktrie::SimpleVob;
use toktrie::TokTrie;
use toktrie::recognizer::FunctionalRecognizer;

/// Most states of the shared part whose masks are cached; text in one language visits about twenty.
/// When the cache is full, it is cleared.
const COMMON_MASKS_MAX: usize = 64;

/// A language of texts, as a deterministic automaton over bytes.
pub trait ByteRule: Debug + Send + Sync + 'static {
    /// State of the whole automaton.
    type State: Copy + Debug + Send + Sync;
    /// State of the part that all rules of this kind share.
    type Common: Copy + Debug + Eq + Hash + Send + Sync;

    /// The initial state.
    fn start(&self) -> Self::State;

    /// The state after one more byte; `None` if the byte is not allowed.
    fn step(&self, state: Self::State, byte: u8) -> Option<Self::State>;

    /// Whether the text may end in this state.
    fn may_end(&self, state: Self::State) -> bool;

    /// The corresponding state of the shared part, if there is one. From there, the whole rule
    /// accepts everything that the shared part accepts.
    fn common(state: Self::State) -> Option<Self::Common>;

    /// [`step`](Self::step) in the shared part.
    fn step_common(common: Self::Common, byte: u8) -> Option<Self::Common>;
}

/// Cached masks of the shared part by state, for one vocabulary.
#[derive(Debug)]
pub struct CommonMasks<R: ByteRule> {
    tokens: TokenTrie,
    kept: Mutex<HashMap<R::Common, Arc<CommonMask>>>,
}

struct CommonMask {
    allowed: SimpleVob,
    /// The tokens that the shared part does not allow.
    rest: TokTrie,
}

impl Debug for CommonMask {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("CommonMask").field("allowed", &self.allowed.num_set()).finish()
    }
}

impl<R: ByteRule> CommonMasks<R> {
    /// Creates an empty cache.
    pub fn new(tokens: TokenTrie) -> Self {
        Self { tokens, kept: Mutex::new(HashMap::new()) }
    }

    fn of(&self, common: R::Common) -> Arc<CommonMask> {
        // A mask is complete before it is inserted, so a poisoned lock is harmless.
        let kept = || self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(mask) = kept().get(&common) {
            return Arc::clone(mask);
        }
        let trie = self.tokens.trie();
        let mut allowed = trie.alloc_token_set();
        add_allowed(trie, &SharedPart::<R>(common), &mut allowed);
        let rest = trie.filter(&allowed.negated());
        let mask = Arc::new(CommonMask { allowed, rest });
        let mut kept = kept();
        if kept.len() >= COMMON_MASKS_MAX {
            kept.clear();
        }
        kept.insert(common, Arc::clone(&mask));
        mask
    }
}

/// Creates a constraint from a rule.
pub fn constraint<R: ByteRule>(rule: R, masks: &Arc<CommonMasks<R>>) -> Constraint {
    Constraint::new(Arc::new(ByteRules { rule: Arc::new(rule), masks: Arc::clone(masks) }))
}

#[derive(Debug)]
struct ByteRules<R: ByteRule> {
    rule: Arc<R>,
    masks: Arc<CommonMasks<R>>,
}

#[derive(Debug)]
struct ByteMatcher<R: ByteRule> {
    rule: Arc<R>,
    masks: Arc<CommonMasks<R>>,
    state: R::State,
}

impl<R: ByteRule> CompiledConstraint for ByteRules<R> {
    fn start(&self) -> Box<dyn Matcher> {
        let state = self.rule.start();
        let (rule, masks) = (Arc::clone(&self.rule), Arc::clone(&self.masks));
        Box::new(ByteMatcher { rule, masks, state })
    }
}

impl<R: ByteRule> Matcher for ByteMatcher<R> {
    fn allowed(&mut self) -> Result<SimpleVob, ConstraintFault> {
        let trie = self.masks.tokens.trie();
        let whole = WholeRule { rule: &*self.rule, state: self.state };
        let mut allowed = match R::common(self.state) {
            Some(common) => {
                let mask = self.masks.of(common);
                let mut allowed = mask.allowed.clone();
                add_allowed(&mask.rest, &whole, &mut allowed);
                allowed
            }
            None => {
                let mut allowed = trie.alloc_token_set();
                add_allowed(trie, &whole, &mut allowed);
                allowed
            }
        };
        if self.rule.may_end(self.state) {
            allowed.or(&trie.eos_token_set());
        }
        if allowed.is_zero() { Err(ConstraintFault::NoToken) } else { Ok(allowed) }
    }

    fn advance(&mut self, token_id: u32) -> Result<Advance, ConstraintFault> {
        let trie = self.masks.tokens.trie();
        let forbidden = ConstraintFault::Forbidden { token_id };
        if token_id as usize >= trie.vocab_size() || trie.token(token_id).is_empty() {
            return Err(forbidden);
        }
        for byte in trie.token(token_id) {
            self.state = self.rule.step(self.state, *byte).ok_or(forbidden.clone())?;
        }
        // Where the text may end it may also go on; the model chooses.
        Ok(Advance::Open)
    }
}

/// Recognizer of the whole rule, starting from a state.
struct WholeRule<'a, R: ByteRule> {
    rule: &'a R,
    state: R::State,
}

impl<R: ByteRule> FunctionalRecognizer<R::State> for &WholeRule<'_, R> {
    fn initial(&self) -> R::State {
        self.state
    }

    fn try_append(&self, state: R::State, byte: u8) -> Option<R::State> {
        self.rule.step(state, byte)
    }
}

/// Recognizer of the shared part, starting from a state.
struct SharedPart<R: ByteRule>(R::Common);

impl<R: ByteRule> FunctionalRecognizer<R::Common> for &SharedPart<R> {
    fn initial(&self) -> R::Common {
        self.0
    }

    fn try_append(&self, state: R::Common, byte: u8) -> Option<R::Common> {
        R::step_common(state, byte)
    }
}

/// Adds to `allowed` every token of `trie` whose bytes `recognizer` accepts.
pub(super) fn add_allowed<S: Copy + Debug, T>(
    trie: &TokTrie,
    recognizer: T,
    allowed: &mut SimpleVob,
) where
    T: FunctionalRecognizer<S>,
{
    let stack = vec![recognizer.initial()];
    trie.add_bias(&mut Walk { recognizer, stack }, allowed, &[]);
}

/// Walks the trie; the stack holds one state for each byte of the current token.
struct Walk<S, T> {
    recognizer: T,
    stack: Vec<S>,
}

impl<S: Copy, T: FunctionalRecognizer<S>> toktrie::Recognizer for Walk<S, T> {
    fn pop_bytes(&mut self, num: usize) {
        self.stack.truncate(self.stack.len() - num);
    }

    fn collapse(&mut self) {
        let last = self.stack.len() - 1;
        self.stack.drain(..last);
    }

    fn trie_finished(&mut self) {
        self.stack.truncate(1);
    }

    fn try_push_byte(&mut self, byte: u8) -> bool {
        let top = self.stack[self.stack.len() - 1];
        let next = self.recognizer.try_append(top, byte);
        self.stack.extend(next);
        next.is_some()
    }
}
