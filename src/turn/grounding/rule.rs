//! The grounding check as a constraint while decoding: a draft cannot say a number, a price, a link
//! or a name that its facts do not.
//!
//! The text of a draft is prose, which claims nothing ([`super::prose`]), and in between words of
//! the facts, spelled as they are ([`super::spellings`]). Both are followed at once, since a fact's
//! word may begin like any other.
//!
//! Invariants
//! - A text that the rule takes passes the check's tests of links, of numbers and, but for names of
//!   the catalogue that open a sentence, of names. What a case must say is left to the check.
//! - What prose alone takes, the whole rule takes: its masks serve every turn.

use crate::turn::draft::Fact;
use crate::turn::grounding::prose::Prose;
use crate::turn::grounding::spellings::Node;
use crate::turn::grounding::spellings::Spellings;
use std::collections::BTreeSet;
use std::sync::Arc;
use vitrine_engine::Constraint;
use vitrine_engine::EngineError;
use vitrine_engine::GenerationModel;
use vitrine_engine::constraint::TokenTrie;
use vitrine_engine::constraint::byte_rule;
use vitrine_engine::constraint::byte_rule::ByteRule;
use vitrine_engine::constraint::byte_rule::CommonMasks;

/// Spellings that are followed at once: one can begin inside another, as `Trail 3` in `le Trail 3`.
/// A fifth would be lost, and the text with it only where it is no prose.
const NODES_MAX: usize = 4;

/// No place in the trie.
const NOWHERE: Node = Node::MAX;

/// Builds the constraint of each brief, for one model.
#[derive(Debug)]
pub(crate) struct Grounder {
    masks: Arc<CommonMasks<GroundedRule>>,
    /// Capitalised words of the model's own vocabulary.
    names: Vec<String>,
}

impl Grounder {
    /// For a model; `lexicon` is its closed vocabulary, where it has one.
    ///
    /// # Errors
    /// If its vocabulary is none that tokens can be chosen from.
    pub(crate) fn new(
        model: &GenerationModel,
        lexicon: Option<&BTreeSet<String>>,
    ) -> Result<Self, EngineError> {
        Ok(Self::of_tokens(model.token_trie()?, lexicon.unwrap_or(&BTreeSet::new())))
    }

    /// For a vocabulary of tokens, and one of words.
    pub(super) fn of_tokens(tokens: TokenTrie, lexicon: &BTreeSet<String>) -> Self {
        let is_name = |word: &&String| word.chars().next().is_some_and(char::is_uppercase);
        let names = lexicon.iter().filter(is_name).cloned().collect();
        Self { masks: Arc::new(CommonMasks::new(tokens)), names }
    }

    /// What a draft that may use `facts` can say.
    pub(crate) fn constraint(&self, facts: &[Fact]) -> Constraint {
        byte_rule::constraint(GroundedRule::new(facts, &self.names), &self.masks)
    }
}

/// What a draft may say.
#[derive(Debug)]
pub(super) struct GroundedRule {
    spellings: Spellings,
}

/// How far a draft has come: in prose, in spellings, or in both.
#[derive(Debug, Clone, Copy)]
pub(super) struct Reached {
    prose: Option<Prose>,
    nodes: [Node; NODES_MAX],
}

impl GroundedRule {
    pub(super) fn new(facts: &[Fact], names: &[String]) -> Self {
        Self { spellings: Spellings::new(facts, names) }
    }
}

impl Reached {
    fn push(&mut self, node: Node) {
        if self.nodes.contains(&node) {
            return;
        }
        if let Some(place) = self.nodes.iter_mut().find(|place| **place == NOWHERE) {
            *place = node;
        }
    }

    fn nodes(&self) -> impl Iterator<Item = Node> {
        self.nodes.into_iter().take_while(|node| *node != NOWHERE)
    }
}

impl ByteRule for GroundedRule {
    type State = Reached;
    type Common = Prose;

    fn start(&self) -> Reached {
        Reached { prose: Some(Prose::START), nodes: [NOWHERE; NODES_MAX] }
    }

    fn step(&self, state: Reached, byte: u8) -> Option<Reached> {
        let prose = state.prose.and_then(|prose| prose.step(byte));
        let mut next = Reached { prose, nodes: [NOWHERE; NODES_MAX] };
        let roots = state.prose.map_or(&[][..], |prose| Spellings::roots(prose.start()));
        for node in state.nodes().chain(roots.iter().copied()) {
            if let Some(child) = self.spellings.child(node, byte) {
                next.push(child);
            }
        }
        // A word that is prose as well stays prose: nothing was claimed.
        if next.prose.is_none() {
            let end = next.nodes().find_map(|node| self.spellings.end(node));
            next.prose = end.map(Prose::sealed);
        }
        (next.prose.is_some() || next.nodes[0] != NOWHERE).then_some(next)
    }

    fn may_end(&self, state: Reached) -> bool {
        state.prose.is_some_and(Prose::may_end)
    }

    fn common(state: Reached) -> Option<Prose> {
        state.prose
    }

    fn step_common(common: Prose, byte: u8) -> Option<Prose> {
        common.step(byte)
    }
}
