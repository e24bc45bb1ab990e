//! Constraints from small automata over bytes, cheap enough to build for every turn.
//!
//! A rule has a part that all its siblings share: what may be said whatever the facts of the turn
//! are. For each state of that part the allowed tokens are found once and kept
//! ([`CommonMasks`]); a turn then only walks the tokens that its shared part refuses.
//!
//! Invariants
//! - A token is allowed exactly if the rule takes all its bytes from the present state.
//! - The shared part never takes what the whole rule refuses.

use crate::engine::constraint::Advance;
use crate::engine::constraint::Constraint;
use crate::engine::constraint::Matcher;
use crate::engine::constraint::Rules;
use crate::engine::constraint::Stuck;
use crate::engine::constraint::TokenTrie;
use std::collections::HashMap;
use std::fmt::Debug;
use std::hash::Hash;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::PoisonError;
use toktrie::SimpleVob;
use toktrie::TokTrie;
use toktrie::recognizer::FunctionalRecognizer;

/// States of the shared part whose masks are kept; text in one language meets about twenty. When
/// full, all go.
const COMMON_MASKS_MAX: usize = 64;

/// Which texts may be said, byte by byte.
pub trait ByteRule: Debug + Send + Sync + 'static {
    /// How far a text has come.
    type State: Copy + Debug + Send + Sync;
    /// How far it has come in the part that all rules of this kind share.
    type Common: Copy + Debug + Eq + Hash + Send + Sync;

    /// Before the first byte.
    fn start(&self) -> Self::State;

    /// After one more byte; `None` if it may not come.
    fn step(&self, state: Self::State, byte: u8) -> Option<Self::State>;

    /// Whether the text may end here.
    fn may_end(&self, state: Self::State) -> bool;

    /// The shared part of a state, if it has one: whatever it takes, the whole rule takes.
    fn common(state: Self::State) -> Option<Self::Common>;

    /// [`step`](Self::step) in the shared part.
    fn step_common(common: Self::Common, byte: u8) -> Option<Self::Common>;
}

/// What the shared part of rules allows in each state, for one vocabulary.
#[derive(Debug)]
pub struct CommonMasks<R: ByteRule> {
    tokens: TokenTrie,
    kept: Mutex<HashMap<R::Common, Arc<CommonMask>>>,
}

struct CommonMask {
    allowed: SimpleVob,
    /// The other tokens.
    rest: TokTrie,
}

impl Debug for CommonMask {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("CommonMask").field("allowed", &self.allowed.num_set()).finish()
    }
}

impl<R: ByteRule> CommonMasks<R> {
    /// Nothing known yet.
    pub fn new(tokens: TokenTrie) -> Self {
        Self { tokens, kept: Mutex::new(HashMap::new()) }
    }

    fn of(&self, common: R::Common) -> Arc<CommonMask> {
        // Masks are whole before they are put in.
        let kept = || self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(mask) = kept().get(&common) {
            return Arc::clone(mask);
        }
        let trie = self.tokens.trie();
        let mut allowed = trie.alloc_token_set();
        add_allowed(trie, &Shared::<R>(common), &mut allowed);
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

/// A constraint by a rule.
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

impl<R: ByteRule> Rules for ByteRules<R> {
    fn start(&self) -> Box<dyn Matcher> {
        let state = self.rule.start();
        let (rule, masks) = (Arc::clone(&self.rule), Arc::clone(&self.masks));
        Box::new(ByteMatcher { rule, masks, state })
    }
}

impl<R: ByteRule> Matcher for ByteMatcher<R> {
    fn allowed(&mut self) -> Result<SimpleVob, Stuck> {
        let trie = self.masks.tokens.trie();
        let whole = Whole { rule: &*self.rule, state: self.state };
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
        if allowed.is_zero() { Err(Stuck::NoToken) } else { Ok(allowed) }
    }

    fn advance(&mut self, token_id: u32) -> Result<Advance, Stuck> {
        let trie = self.masks.tokens.trie();
        let forbidden = Stuck::Forbidden { token_id };
        if token_id as usize >= trie.vocab_size() || trie.token(token_id).is_empty() {
            return Err(forbidden);
        }
        for byte in trie.token(token_id) {
            self.state = self.rule.step(self.state, *byte).ok_or(forbidden.clone())?;
        }
        // A text that may end may also go on: the end is the model's to choose.
        Ok(Advance::Open)
    }
}

/// The whole rule from a state on.
struct Whole<'a, R: ByteRule> {
    rule: &'a R,
    state: R::State,
}

impl<R: ByteRule> FunctionalRecognizer<R::State> for &Whole<'_, R> {
    fn initial(&self) -> R::State {
        self.state
    }

    fn try_append(&self, state: R::State, byte: u8) -> Option<R::State> {
        self.rule.step(state, byte)
    }
}

/// The shared part from a state on.
struct Shared<R: ByteRule>(R::Common);

impl<R: ByteRule> FunctionalRecognizer<R::Common> for &Shared<R> {
    fn initial(&self) -> R::Common {
        self.0
    }

    fn try_append(&self, state: R::Common, byte: u8) -> Option<R::Common> {
        R::step_common(state, byte)
    }
}

/// Adds every token of `trie` that `recognizer` takes whole.
fn add_allowed<S: Copy + Debug, T>(trie: &TokTrie, recognizer: T, allowed: &mut SimpleVob)
where
    T: FunctionalRecognizer<S>,
{
    let stack = vec![recognizer.initial()];
    trie.add_bias(&mut Walk { recognizer, stack }, allowed, &[]);
}

/// A walk of a trie; its stack grows with the longest token.
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
