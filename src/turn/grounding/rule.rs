//! The grounding check as a decoding constraint: a draft cannot state a number, a price, a link or
//! a name that is not in its facts.
//!
//! A draft is prose, which makes no claim ([`super::prose`]), interspersed with words of the facts,
//! spelled as they are ([`super::spellings`]). Both are tracked at once, because a word of a fact
//! may begin like any other word.
//!
//! Invariants
//! - A text that the rule accepts passes the check's tests of links and numbers, and of names
//!   except for catalogue names at the start of a sentence. Required facts are left to the check.
//! - The rule accepts everything that prose alone accepts, so the masks of prose serve all turns.

use crate::turn::draft::Fact;
use crate::turn::grounding::prose::Prose;
use crate::turn::grounding::spellings::FactSpellings;
use crate::turn::grounding::spellings::NodeIndex;
use std::collections::BTreeSet;
use std::sync::Arc;
use vitrine_engine::Constraint;
use vitrine_engine::EngineError;
use vitrine_engine::GenerationModel;
use vitrine_engine::constraint::TokenTrie;
use vitrine_engine::constraint::byte_rule;
use vitrine_engine::constraint::byte_rule::ByteRule;
use vitrine_engine::constraint::byte_rule::CommonMasks;

/// Most spellings tracked at once: one can start inside another, such as `Trail 3` in `le Trail 3`.
/// A fifth is dropped; its text is then rejected unless it is prose.
const NODES_MAX: usize = 4;

/// Marks an unused entry; not an index of the trie.
const NO_NODE: NodeIndex = NodeIndex::MAX;

/// Builds the constraint of each brief, for one model.
#[derive(Debug)]
pub(crate) struct Grounder {
    masks: Arc<CommonMasks<GroundedRule>>,
    /// Capitalised words of the model's closed vocabulary.
    names: Vec<String>,
}

impl Grounder {
    /// Creates the builder for a model; `lexicon` is its closed vocabulary, if it has one.
    ///
    /// # Errors
    /// If the tokens of the model's vocabulary cannot be constrained.
    pub(crate) fn new(
        model: &GenerationModel,
        lexicon: Option<&BTreeSet<String>>,
    ) -> Result<Self, EngineError> {
        Ok(Self::of_tokens(model.token_trie()?, lexicon.unwrap_or(&BTreeSet::new())))
    }

    /// Creates the builder from a token vocabulary and a closed vocabulary of words.
    pub(super) fn of_tokens(tokens: TokenTrie, lexicon: &BTreeSet<String>) -> Self {
        let is_name = |word: &&String| word.chars().next().is_some_and(char::is_uppercase);
        let names = lexicon.iter().filter(is_name).cloned().collect();
        Self { masks: Arc::new(CommonMasks::new(tokens)), names }
    }

    /// The constraint of a draft that may state `facts`.
    pub(crate) fn constraint(&self, facts: &[Fact]) -> Constraint {
        byte_rule::constraint(GroundedRule::new(facts, &self.names), &self.masks)
    }
}

/// The texts that a draft may consist of.
#[derive(Debug)]
pub(super) struct GroundedRule {
    spellings: FactSpellings,
}

/// The state after a prefix of a draft: in prose, in spellings, or in both.
#[derive(Debug, Clone, Copy)]
pub(super) struct RuleState {
    prose: Option<Prose>,
    nodes: [NodeIndex; NODES_MAX],
}

impl GroundedRule {
    pub(super) fn new(facts: &[Fact], names: &[String]) -> Self {
        Self { spellings: FactSpellings::new(facts, names) }
    }
}

impl RuleState {
    fn push(&mut self, node: NodeIndex) {
        if self.nodes.contains(&node) {
            return;
        }
        if let Some(place) = self.nodes.iter_mut().find(|place| **place == NO_NODE) {
            *place = node;
        }
    }

    fn nodes(&self) -> impl Iterator<Item = NodeIndex> {
        self.nodes.into_iter().take_while(|node| *node != NO_NODE)
    }
}

impl ByteRule for GroundedRule {
    type State = RuleState;
    type Common = Prose;

    fn start(&self) -> RuleState {
        RuleState { prose: Some(Prose::START), nodes: [NO_NODE; NODES_MAX] }
    }

    fn step(&self, state: RuleState, byte: u8) -> Option<RuleState> {
        let prose = state.prose.and_then(|prose| prose.step(byte));
        let mut next = RuleState { prose, nodes: [NO_NODE; NODES_MAX] };
        let roots = state.prose.map_or(&[][..], |prose| FactSpellings::roots(prose.start()));
        for node in state.nodes().chain(roots.iter().copied()) {
            if let Some(child) = self.spellings.child(node, byte) {
                next.push(child);
            }
        }
        // A word that is prose as well stays prose: it makes no claim.
        if next.prose.is_none() {
            let end = next.nodes().find_map(|node| self.spellings.end(node));
            next.prose = end.map(Prose::sealed);
        }
        (next.prose.is_some() || next.nodes[0] != NO_NODE).then_some(next)
    }

    fn may_end(&self, state: RuleState) -> bool {
        state.prose.is_some_and(Prose::may_end)
    }

    fn common(state: RuleState) -> Option<Prose> {
        state.prose
    }

    fn step_common(common: Prose, byte: u8) -> Option<Prose> {
        common.step(byte)
    }
}
