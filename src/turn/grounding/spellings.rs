//! Tries of the claims that a draft may make: every run of claiming words in the facts.
//!
//! A spelling is a run of words that the check finds in one fact: `Zelka Trail 3`, `Trail 3`, but
//! not `3` alone, which would be a number that no fact states.

use crate::turn::draft::Fact;
use crate::turn::draft::FactKey;
use crate::turn::grounding::is_link;
use crate::turn::grounding::prose::AllowedSpellings;
use crate::turn::grounding::prose::Prose;
use crate::turn::grounding::words;
use crate::turn::grounding::words::LineWord;

/// Longest run of claims in a trie, in words; the longest in the held-out facts has six.
const RUN_WORDS_MAX: usize = 8;

/// Index of a trie node.
pub(super) type NodeIndex = u32;

/// Indices of the tries' roots.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum TrieRoot {
    /// Runs that start with a claim.
    Claims = 0,
    /// Runs that start with a word without a claim.
    Led = 1,
    /// Single names, for use after `l'` and the like.
    Names = 2,
}

/// All spellings of a brief's facts.
#[derive(Debug)]
pub(super) struct FactSpellings {
    nodes: Vec<TrieNode>,
}

#[derive(Debug, Default)]
struct TrieNode {
    children: Vec<(u8, NodeIndex)>,
    /// Whether a spelling ends here and, if so, whether its last word makes a claim.
    end: Option<bool>,
}

impl FactSpellings {
    /// The spellings of `facts`, and of `names`, which are always allowed.
    pub(super) fn new(facts: &[Fact], names: &[String]) -> Self {
        let mut spellings = Self { nodes: Vec::new() };
        spellings.nodes.resize_with(3, TrieNode::default);
        for fact in facts {
            let words = words::split(&fact.value);
            spellings.add_runs(fact, &words);
            spellings.add_singles(&words);
        }
        for name in names {
            spellings.add(TrieRoot::Led, name, false);
        }
        spellings
    }

    /// The node after one more byte.
    pub(super) fn child(&self, node: NodeIndex, byte: u8) -> Option<NodeIndex> {
        let children = &self.nodes[node as usize].children;
        children.iter().find(|(label, _)| *label == byte).map(|(_, child)| *child)
    }

    /// Whether a spelling ends here and, if so, whether its last word makes a claim.
    pub(super) fn end(&self, node: NodeIndex) -> Option<bool> {
        self.nodes[node as usize].end
    }

    /// The tries whose spellings may start at a position.
    pub(super) fn roots(start: AllowedSpellings) -> &'static [NodeIndex] {
        const CLAIMS: NodeIndex = TrieRoot::Claims as NodeIndex;
        const LED: NodeIndex = TrieRoot::Led as NodeIndex;
        const NAMES: NodeIndex = TrieRoot::Names as NodeIndex;
        match start {
            AllowedSpellings::Nothing => &[],
            AllowedSpellings::Any => &[CLAIMS, LED],
            AllowedSpellings::Unclaimed => &[LED],
            AllowedSpellings::Name => &[NAMES],
        }
    }

    fn add_runs(&mut self, fact: &Fact, words: &[LineWord<'_>]) {
        let key = fact.key;
        let named = matches!(key, FactKey::Product | FactKey::Name);
        for first in (0..words.len()).filter(|at| is_claim(&words[*at])) {
            let run = words[first..].iter().take_while(|word| is_claim(word)).count();
            for count in 1..=run.min(RUN_WORDS_MAX) {
                let window = &words[first..first + count];
                let whole = count == words.len();
                // A unit belongs to the number before it.
                let parts_unit = window[0].is_unit()
                    || words.get(first + count).is_some_and(|next| next.is_unit());
                if !whole && (key == FactKey::Price || parts_unit) {
                    continue;
                }
                let bare = window.iter().all(|word| word.text.chars().all(|c| !c.is_alphabetic()));
                if whole || !(bare && named) {
                    self.add_window(TrieRoot::Claims, window, &fact.value);
                } else if first > 0 && !is_claim(&words[first - 1]) {
                    self.add_window(TrieRoot::Led, &words[first - 1..first + count], &fact.value);
                }
            }
        }
    }

    /// Adds words that make no claim but that prose cannot spell, and names for use after an
    /// apostrophe.
    fn add_singles(&mut self, words: &[LineWord<'_>]) {
        for word in words {
            let is_name = word.is_capitalised() && !word.is_number() && !word.is_unit();
            if is_name {
                self.add(TrieRoot::Names, word.text, false);
            } else if !is_claim(word) && !is_prose(word.text) {
                self.add(TrieRoot::Led, word.text, false);
            }
        }
    }

    /// Adds words of a fact, alone and with adjacent signs that prose may not contain: `#30265`.
    fn add_window(&mut self, root: TrieRoot, window: &[LineWord<'_>], value: &str) {
        let texts: Vec<&str> = window.iter().map(|word| word.text).collect();
        let [first, last] = [window[0], window[window.len() - 1]];
        let lead = value[..first.at].rsplit(' ').next().unwrap_or_default();
        let tail = value[last.at + last.text.len()..].split(' ').next().unwrap_or_default();
        for lead in with_sign(lead) {
            for tail in with_sign(tail) {
                self.add(root, &format!("{lead}{}{tail}", texts.join(" ")), true);
            }
        }
    }

    fn add(&mut self, root: TrieRoot, text: &str, claimed: bool) {
        let mut node = root as NodeIndex;
        for byte in text.bytes() {
            node = match byte {
                b' ' => self.grow_gap(node),
                byte => self.grow(node, byte),
            };
        }
        // The same word may come from two facts; it makes a claim if it does so in one.
        let end = &mut self.nodes[node as usize].end;
        *end = Some(claimed || *end == Some(true));
    }

    /// Adds a space in all its forms: French has a no-break space before a unit.
    fn grow_gap(&mut self, node: NodeIndex) -> NodeIndex {
        let behind = self.grow(node, b' ');
        for gap in ["\u{A0}", "\u{202F}"] {
            let bytes = gap.as_bytes();
            let last = bytes.len() - 1;
            let before = bytes[..last].iter().fold(node, |node, byte| self.grow(node, *byte));
            if self.child(before, bytes[last]).is_none() {
                self.nodes[before as usize].children.push((bytes[last], behind));
            }
        }
        behind
    }

    fn grow(&mut self, node: NodeIndex, byte: u8) -> NodeIndex {
        if let Some(child) = self.child(node, byte) {
            return child;
        }
        let child =
            NodeIndex::try_from(self.nodes.len()).expect("facts have fewer than 2^32 bytes");
        self.nodes.push(TrieNode::default());
        self.nodes[node as usize].children.push((byte, child));
        child
    }
}

/// Whether a word of a fact makes a claim by itself.
fn is_claim(word: &LineWord<'_>) -> bool {
    !is_link(word) && (word.is_number() || word.is_unit() || word.is_capitalised())
}

/// The empty text, and `signs` if prose may not contain them.
fn with_sign(signs: &str) -> impl Iterator<Item = &str> {
    std::iter::once("").chain((!is_prose(signs)).then_some(signs))
}

fn is_prose(word: &str) -> bool {
    word.bytes().try_fold(Prose::MIDDLE, Prose::step).is_some_and(Prose::may_end)
}
