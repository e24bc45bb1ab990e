//! Prose: text that makes no claim, recognised byte by byte. A draft may contain it whatever the
//! facts are.
//!
//! Follows the word rules of [`super::words`]. Where a word may start, it reports which words of
//! the facts may start there.
//!
//! Invariants
//! - Prose contains no digit, no currency or per cent sign, no `@`, no part of a link, and no
//!   capital except in the first word of a sentence (and the English `I`).
//! - Every accepted prefix can be completed to whole characters that prose may contain.

use crate::turn::grounding::words;
use std::collections::HashMap;
use std::sync::OnceLock;

/// The state after a prefix of a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct Prose {
    position: Position,
    /// Bytes of an incomplete character.
    pending: PartialCharacter,
}

/// Position relative to words. `opens`: a sentence starts here. `ends`: the punctuation so far ends
/// a sentence. `claimed`: the preceding word makes a claim, and nothing separates it from the next.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Position {
    /// Between words.
    Between { opens: bool, claimed: bool },
    /// In punctuation before a word.
    Lead { opens: bool, ends: bool },
    /// In a word.
    Word { capital: bool },
    /// Inside a compound, after the character that joins its parts: `l'`, `est-`.
    Joint,
    /// In punctuation after a word.
    Tail { ends: bool },
    /// After a lone `I`.
    Pronoun,
    /// After a word of a fact: only a possessive may be appended.
    Sealed { claimed: bool },
    /// After the apostrophe of that possessive.
    SealedQuote { claimed: bool },
    /// After that possessive.
    SealedPossessive { claimed: bool },
}

/// Character classes that prose distinguishes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
enum CharacterClass {
    Space,
    Newline,
    Lower,
    LowerS,
    Upper,
    UpperI,
    Quote,
    Hyphen,
    Slash,
    Parenthesis,
    FullStop,
    EndMark,
    Mark,
    /// Punctuation and emoji beyond ASCII.
    WideMark,
    /// Digits, currencies, and characters of links, addresses, markup and placeholders.
    Never,
}

const CLASSES: [CharacterClass; 14] = [
    CharacterClass::Space,
    CharacterClass::Newline,
    CharacterClass::Lower,
    CharacterClass::LowerS,
    CharacterClass::Upper,
    CharacterClass::UpperI,
    CharacterClass::Quote,
    CharacterClass::Hyphen,
    CharacterClass::Slash,
    CharacterClass::Parenthesis,
    CharacterClass::FullStop,
    CharacterClass::EndMark,
    CharacterClass::Mark,
    CharacterClass::WideMark,
];

/// Which words of the facts may start at a position.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum AllowedSpellings {
    /// None.
    Nothing,
    /// All.
    Any,
    /// Those that start with a word without a claim, because a claim immediately precedes.
    Unclaimed,
    /// Single names.
    Name,
}

impl Prose {
    /// At the start of a reply.
    pub(super) const START: Self = Self::at(Position::Between { opens: true, claimed: false });

    /// Within a sentence, between words.
    pub(super) const MIDDLE: Self = Self::at(Position::Between { opens: false, claimed: false });

    const fn at(position: Position) -> Self {
        Self { position, pending: PartialCharacter::NONE }
    }

    /// After a word of a fact.
    pub(super) fn sealed(claimed: bool) -> Self {
        Self::at(Position::Sealed { claimed })
    }

    /// The state after one more byte; `None` if no prose continues with it.
    pub(super) fn step(self, byte: u8) -> Option<Self> {
        let pending = self.pending.push(byte)?;
        if let Some(character) = pending.whole() {
            return self.position.after(classify(character)).map(Self::at);
        }
        let classes = pending.classes();
        let viable = CLASSES.iter().any(|class| {
            classes & (1 << *class as u16) != 0 && self.position.after(*class).is_some()
        });
        viable.then_some(Self { pending, ..self })
    }

    /// Whether a reply may end here: at a character boundary.
    pub(super) fn may_end(self) -> bool {
        self.pending == PartialCharacter::NONE
    }

    /// Which words of the facts may start here.
    pub(super) fn start(self) -> AllowedSpellings {
        if self.pending != PartialCharacter::NONE {
            return AllowedSpellings::Nothing;
        }
        match self.position {
            Position::Between { claimed: true, .. } => AllowedSpellings::Unclaimed,
            Position::Between { claimed: false, .. } | Position::Lead { .. } => {
                AllowedSpellings::Any
            }
            Position::Joint => AllowedSpellings::Name,
            Position::Word { .. }
            | Position::Tail { .. }
            | Position::Pronoun
            | Position::Sealed { .. }
            | Position::SealedQuote { .. }
            | Position::SealedPossessive { .. } => AllowedSpellings::Nothing,
        }
    }
}

impl Position {
    /// The position after one more character; `None` if prose may not contain it there.
    fn after(self, class: CharacterClass) -> Option<Self> {
        match class {
            CharacterClass::Space => self.after_space(),
            // A new line starts a button title.
            CharacterClass::Newline => Some(Self::Between { opens: true, claimed: false }),
            CharacterClass::Lower
            | CharacterClass::LowerS
            | CharacterClass::Upper
            | CharacterClass::UpperI => self.after_letter(class),
            CharacterClass::Slash => match self {
                Self::Word { .. } => Some(Self::Joint),
                _ => None,
            },
            CharacterClass::Quote | CharacterClass::Hyphen | CharacterClass::Parenthesis => {
                self.after_joiner(class)
            }
            CharacterClass::FullStop
            | CharacterClass::EndMark
            | CharacterClass::Mark
            | CharacterClass::WideMark => self.after_mark(class),
            CharacterClass::Never => None,
        }
    }

    fn after_space(self) -> Option<Self> {
        Some(match self {
            Self::Between { .. } => self,
            Self::Lead { opens, ends } => Self::Between { opens: opens || ends, claimed: false },
            Self::Tail { ends } => Self::Between { opens: ends, claimed: false },
            Self::Sealed { claimed } | Self::SealedPossessive { claimed } => {
                Self::Between { opens: false, claimed }
            }
            Self::Word { .. } | Self::Joint | Self::Pronoun | Self::SealedQuote { .. } => {
                Self::Between { opens: false, claimed: false }
            }
        })
    }

    fn after_letter(self, class: CharacterClass) -> Option<Self> {
        let is_upper = matches!(class, CharacterClass::Upper | CharacterClass::UpperI);
        match self {
            Self::Between { opens, .. } | Self::Lead { opens, .. } => match class {
                CharacterClass::Upper | CharacterClass::UpperI if opens => {
                    Some(Self::Word { capital: true })
                }
                CharacterClass::UpperI => Some(Self::Pronoun),
                CharacterClass::Upper => None,
                _ => Some(Self::Word { capital: false }),
            },
            Self::Word { capital } => (capital || !is_upper).then_some(self),
            Self::Joint => (!is_upper).then_some(Self::Word { capital: false }),
            Self::SealedQuote { claimed } => {
                (class == CharacterClass::LowerS).then_some(Self::SealedPossessive { claimed })
            }
            Self::Tail { .. }
            | Self::Pronoun
            | Self::Sealed { .. }
            | Self::SealedPossessive { .. } => None,
        }
    }

    /// A character that joins a compound inside a word is punctuation elsewhere.
    fn after_joiner(self, class: CharacterClass) -> Option<Self> {
        match self {
            Self::Word { .. } => Some(Self::Joint),
            Self::Pronoun if class == CharacterClass::Quote => Some(Self::Joint),
            Self::Sealed { claimed } if class == CharacterClass::Quote => {
                Some(Self::SealedQuote { claimed })
            }
            _ => self.after_mark(CharacterClass::Mark),
        }
    }

    fn after_mark(self, class: CharacterClass) -> Option<Self> {
        let ends_sentence = matches!(class, CharacterClass::FullStop | CharacterClass::EndMark);
        Some(match self {
            // `.com` would be part of a link.
            Self::Between { .. } | Self::Lead { .. } if class == CharacterClass::FullStop => {
                Self::Tail { ends: true }
            }
            Self::Between { opens, .. } => {
                Self::Lead { opens, ends: ends_sentence || class == CharacterClass::WideMark }
            }
            Self::Lead { opens, ends } => Self::Lead {
                opens,
                ends: ends || ends_sentence || class == CharacterClass::WideMark,
            },
            Self::Tail { ends } => Self::Tail { ends: ends || ends_sentence },
            Self::Word { .. }
            | Self::Joint
            | Self::Pronoun
            | Self::Sealed { .. }
            | Self::SealedQuote { .. }
            | Self::SealedPossessive { .. } => Self::Tail { ends: ends_sentence },
        })
    }
}

fn classify(character: char) -> CharacterClass {
    match character {
        '\n' => CharacterClass::Newline,
        // Plain, no-break, thin and narrow no-break spaces.
        ' ' | '\u{A0}' | '\u{2009}' | '\u{202F}' => CharacterClass::Space,
        's' => CharacterClass::LowerS,
        'I' => CharacterClass::UpperI,
        '\'' | '’' => CharacterClass::Quote,
        '-' | '\u{2010}' | '\u{2011}' => CharacterClass::Hyphen,
        '/' => CharacterClass::Slash,
        '(' => CharacterClass::Parenthesis,
        '.' => CharacterClass::FullStop,
        '@' | '#' | '*' | '_' | '=' | '+' | '<' | '>' | '[' | ']' | '{' | '}' | '|' | '\\'
        | '^' | '~' | '`' => CharacterClass::Never,
        _ if is_never(character) => CharacterClass::Never,
        _ if words::keeps(character) && character.is_uppercase() => CharacterClass::Upper,
        _ if words::keeps(character) => CharacterClass::Lower,
        _ if words::ends_sentence(character) => CharacterClass::EndMark,
        _ if character.is_ascii() => CharacterClass::Mark,
        _ => CharacterClass::WideMark,
    }
}

/// Numbers, currencies, and invisible characters.
fn is_never(character: char) -> bool {
    let joins_emoji = character == '\u{200D}';
    let is_invisible = matches!(character,
        '\u{200B}'..='\u{200F}' | '\u{2028}'..='\u{202E}' | '\u{2060}'..='\u{206F}' | '\u{FEFF}'
        | '\u{FDD0}'..='\u{FDEF}' | '\u{FFF9}'..='\u{FFFF}' | '\u{E000}'..='\u{F8FF}'
        | '\u{E0000}'..='\u{10FFFF}' | '\u{AD}' | '\u{20E3}');
    let is_currency = matches!(character,
        '\u{A2}'..='\u{A5}' | '\u{20A0}'..='\u{20CF}' | '\u{FDFC}' | '\u{FE69}' | '\u{FF04}'
        | '\u{FFE0}' | '\u{FFE1}' | '\u{FFE5}' | '\u{FFE6}' | '‰');
    character.is_numeric()
        || words::is_unit_sign(character)
        || is_currency
        || (is_invisible && !joins_emoji)
        || character.is_control()
        || (character.is_whitespace() && character != ' ')
}

/// The first bytes of a character, padded with zeros.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
struct PartialCharacter([u8; 4]);

impl PartialCharacter {
    const NONE: Self = Self([0; 4]);

    fn count(self) -> usize {
        // A zero byte is a whole character, so it is never pending.
        self.0.iter().position(|byte| *byte == 0).unwrap_or(self.0.len())
    }

    /// Appends a byte; `None` if no character starts with these bytes.
    fn push(mut self, byte: u8) -> Option<Self> {
        let count = self.count();
        *self.0.get_mut(count)? = byte;
        let bytes = &self.0[..=count];
        match std::str::from_utf8(bytes) {
            Ok(_) => Some(self),
            Err(error) => error.error_len().is_none().then_some(self),
        }
    }

    fn whole(self) -> Option<char> {
        let bytes = &self.0[..self.count().max(1)];
        std::str::from_utf8(bytes).ok()?.chars().next()
    }

    /// The classes of all characters that start with these bytes, one bit each.
    fn classes(self) -> u16 {
        static CLASSES_BY_PREFIX: OnceLock<HashMap<PartialCharacter, u16>> = OnceLock::new();
        let known = CLASSES_BY_PREFIX.get_or_init(classes_by_prefix);
        known.get(&self).copied().unwrap_or(0)
    }
}

fn classes_by_prefix() -> HashMap<PartialCharacter, u16> {
    let mut known = HashMap::new();
    for character in '\u{80}'..=char::MAX {
        let class = classify(character);
        if class == CharacterClass::Never {
            continue;
        }
        let bit = 1 << class as u16;
        let mut bytes = [0; 4];
        let count = character.encode_utf8(&mut bytes).len();
        for kept in 1..count {
            let mut prefix = [0; 4];
            prefix[..kept].copy_from_slice(&bytes[..kept]);
            *known.entry(PartialCharacter(prefix)).or_insert(0) |= bit;
        }
    }
    known
}
