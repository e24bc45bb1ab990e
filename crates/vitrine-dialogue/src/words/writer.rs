//! Chooses a variant of a template and fills it.

use crate::words::keys::Key;
use crate::words::keys::Slot;
use crate::words::numbers::Format;
use crate::words::piece::Piece;
use crate::words::templates::Part;
use crate::words::templates::Template;
use crate::words::wording::Address;
use crate::words::wording::WordingInput;

/// Values of placeholders; those not given are empty.
#[derive(Debug, Default)]
pub(crate) struct Slots(Vec<(Slot, Piece)>);

impl Slots {
    pub(crate) fn new() -> Self {
        Self::default()
    }

    /// Sets a placeholder.
    pub(crate) fn with(mut self, slot: Slot, piece: Piece) -> Self {
        self.0.push((slot, piece));
        self
    }

    /// Sets a placeholder to words that are no fact with a place of its own.
    pub(crate) fn text(self, slot: Slot, text: &str) -> Self {
        self.with(slot, Piece::plain(text.trim()))
    }

    fn get(&self, slot: Slot) -> Option<&Piece> {
        let found = self.0.iter().find(|(known, _)| *known == slot);
        found.map(|(_, piece)| piece).filter(|piece| !piece.is_empty())
    }
}

/// How one attempt at a reply is worded.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Attempt {
    /// Added to every choice of a variant.
    pub(crate) offset: u64,
    /// Leaves out reasons, features and titles after the first.
    pub(crate) plain: bool,
}

/// Words one reply.
pub(crate) struct Writer<'a> {
    pub(crate) input: &'a WordingInput<'a>,
    pub(crate) attempt: Attempt,
    /// Keys of the variants used so far.
    pub(crate) keys: Vec<String>,
    /// Titles of products said so far.
    pub(crate) titles: Vec<String>,
}

impl<'a> Writer<'a> {
    pub(crate) fn new(input: &'a WordingInput<'a>, attempt: Attempt) -> Self {
        Self { input, attempt, keys: Vec::new(), titles: Vec::new() }
    }

    pub(crate) fn format(&self) -> &'a Format {
        &self.input.locale.templates.format
    }

    /// A whole statement; it starts with a capital unless a name starts it.
    pub(crate) fn say(&mut self, key: Key, slots: &Slots) -> Piece {
        let (template, name) = self.choose(key);
        let Some(template) = template else { return Piece::default() };
        self.keys.push(name);
        let mut piece = self.fill(&template.parts, slots).unwrap_or_default();
        piece.trim_start();
        if !starts_with_a_name(template) {
            piece.capitalise();
        }
        // The shop's own question may be the same words.
        if key == Key::AskNeed {
            self.keys.push(format!("question:{}", piece.text));
        }
        piece
    }

    /// A part of a statement, such as a product with its price. It is not remembered as said.
    pub(crate) fn part(&self, key: Key, slots: &Slots) -> Piece {
        let template = self.choose(key).0;
        template.and_then(|template| self.fill(&template.parts, slots)).unwrap_or_default()
    }

    /// Notes words that come from the shop, so that they are introduced differently when they are
    /// said again. Returns whether they were said before.
    pub(crate) fn repeated(&mut self, key: String) -> bool {
        let before = self.input.state.said.contains(&key);
        self.keys.push(key);
        before
    }

    /// A variant that was not used lately, else the one used longest ago.
    fn choose(&self, key: Key) -> (Option<&'a Template>, String) {
        let (variants, short) = self.input.locale.templates.variants(key, self.input.short);
        let names: Vec<String> =
            (0..variants.len()).map(|index| variant_name(key, short, index)).collect();
        let age = |name: &String| self.input.state.said.iter().rposition(|said| said == name);
        let oldest = names.iter().map(age).min().flatten();
        let fresh = |index: &usize| age(&names[*index]) == oldest;
        let candidates: Vec<usize> = (0..names.len()).filter(fresh).collect();
        if candidates.is_empty() {
            return (None, String::new());
        }
        let turn = mix(self.input.seed, key as u64).wrapping_add(self.attempt.offset);
        let place = usize::try_from(turn % candidates.len() as u64).unwrap_or(0);
        let index = candidates[place];
        (variants.get(index), names[index].clone())
    }

    /// `None` if a placeholder is empty.
    fn fill(&self, parts: &[Part], slots: &Slots) -> Option<Piece> {
        let mut filled = Piece::default();
        for part in parts {
            match part {
                Part::Words { formal, informal } => filled.push_words(match self.input.address {
                    Address::Formal => formal,
                    Address::Informal => informal,
                }),
                Part::Slot(slot) => filled.push(slots.get(*slot)?),
                Part::Section(inner) => {
                    // Filled apart, so that a section that is left out leaves nothing behind.
                    if let Some(section) = self.fill(inner, slots) {
                        filled.push(&section);
                    }
                }
                Part::Plural { one, several } => {
                    let count = slots.get(Slot::Count)?;
                    filled.push_words(if count.text.trim() == "1" { one } else { several });
                }
            }
        }
        Some(filled)
    }
}

fn starts_with_a_name(template: &Template) -> bool {
    let first = match template.parts.first() {
        Some(Part::Section(inner)) => inner.first(),
        first => first,
    };
    let names =
        [Slot::Name, Slot::Card, Slot::Line, Slot::Items, Slot::Said, Slot::Id, Slot::Count];
    matches!(first, Some(Part::Slot(slot)) if names.contains(slot))
}

fn variant_name(key: Key, short: bool, index: usize) -> String {
    let length = if short { "short." } else { "" };
    format!("{length}{}.{index}", key.name())
}

/// Spreads a seed over the templates, so that their variants do not change in step.
///
/// Source: the finaliser of `SplitMix64`, Steele et al., OOPSLA 2014.
fn mix(seed: u64, key: u64) -> u64 {
    let mut value = seed ^ key.wrapping_add(1).wrapping_mul(0x9E37_79B9_7F4A_7C15);
    value = (value ^ (value >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    value = (value ^ (value >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    value ^ (value >> 31)
}
