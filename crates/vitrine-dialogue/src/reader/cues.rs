//! Words of a language that the reader recognises: section `[understand]` of a locale file.

use super::forms::Forms;
use super::phrases::PhraseHit;
use super::phrases::Phrases;
use super::tokens::Token;
use super::tokens::fold;
use super::tokens::tokenize;
use serde::Deserialize;
use std::collections::BTreeMap;
use std::collections::HashMap;
use std::collections::HashSet;

/// What a phrase of a locale means. The names are the keys of `[understand.cues]`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Cue {
    // Talk.
    Greet,
    Thank,
    Bye,
    /// A firm yes.
    Yes,
    /// "ok", "fine": a yes only where nothing else is said.
    Fine,
    No,
    NoThanks,
    /// "no worries": neither a no nor a yes.
    Ease,
    Human,
    /// A whole message that refuses messages.
    Stop,
    /// The same anywhere in a message.
    StopMessages,
    Start,
    Bot,
    Abilities,
    Injection,
    OutOfScope,
    // Choice.
    Choose,
    Show,
    Compare,
    Which,
    Cheaper,
    Dearer,
    Cheapest,
    Dearest,
    LowPrice,
    Another,
    Accessories,
    NoPreference,
    Rest,
    Both,
    Other,
    /// "it", "this one".
    Focus,
    /// "one", "celle": stands for a product beside a property.
    One,
    /// "small", "big": of the versions of a product, the smallest and the largest.
    Small,
    Big,
    Reject,
    Remove,
    Checkout,
    Total,
    Cart,
    Reorder,
    Browse,
    // Questions on a product.
    Price,
    Stock,
    Restock,
    Sizes,
    SizeAdvice,
    Details,
    Why,
    /// "included", "comes with": asks what is part of it.
    Included,
    /// "the same for", "what about": the last question, of something else.
    Same,
    // Orders and complaints.
    Order,
    OrderWord,
    Delivery,
    Damaged,
    Fault,
    Payment,
    Refund,
    Service,
    Insult,
    /// Praise, meant or not.
    Praise,
    /// Something went badly, in words that need no complaint beside them.
    Failure,
    /// "once more": asks for nothing else.
    Again,
    /// "even if not", "need not be": what follows does not matter.
    Concession,
    // Structure.
    Question,
    /// "is it", "are they": asks for a property.
    Copula,
    /// "if", "in case".
    If,
    /// "for", before what something is used with.
    MeantFor,
    Have,
    HowLong,
    Want,
    Prefer,
    Negation,
    /// Negates only what stands right behind it.
    NegationNear,
    /// "too", "less": the value behind it is not wanted.
    TooMuch,
    Contrast,
    /// "the": what follows is known.
    Definite,
    /// "my", "your": goods that somebody has or sold, not goods looked for.
    Owned,
    // Figures.
    Max,
    Min,
    Around,
    Between,
    RangeJoint,
    Or,
    Half,
    Pieces,
    SizeWord,
    /// "in", "en": a size may follow.
    SizeBefore,
    SizeEu,
    SizeUk,
    SizeUs,
    SizeCm,
    Times,
    NumberWord,
    /// Units of figures that are neither sizes nor prices.
    Unit,
    Each,
    // Conditions of policies.
    Abroad,
    Express,
    Pickup,
    Worn,
    Where,
    Opening,
    /// "I do not own": what follows is missing, not refused.
    Lack,
    /// "in another shop".
    Elsewhere,
    /// "just one".
    Single,
    /// "the longest", "more": of two, the one with more of a property.
    Most,
    /// "the lightest", "less": the one with less of it.
    Least,
    /// "plus", "as well": beside what was ordered, not in its place.
    Beside,
    /// "times a week" behind a number, "4" for "for": the number counts no goods.
    NoNumber,
    /// "standard": no condition such as an express delivery.
    Standard,
    /// "has it left yet?", of an order spoken about.
    Shipped,
    /// "only", "just": nothing but what follows.
    Only,
}

impl Cue {
    /// Whether the cue tells of trouble with something bought.
    pub(crate) fn is_trouble(self) -> bool {
        (Self::Delivery..=Self::Failure).contains(&self)
    }

    /// Whether the cue shapes a sentence rather than saying something: such a cue does not hide
    /// shorter ones inside it.
    fn is_structure(self) -> bool {
        self >= Self::Question && !matches!(self, Self::Max | Self::Min)
    }
}

/// What a phrase found stands for.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) enum Meaning {
    /// A cue.
    Cue(Cue),
    /// A topic, by the intent label of its policies.
    Topic(String),
    /// A general property, such as `weight`.
    Attribute(String),
    /// A part of a body that is measured, such as `neck`.
    Body(String),
    /// A country, by its ISO code.
    Country(String),
    /// A place in a list: 1 is the first, -1 the last.
    Place(i32),
    /// A currency, by its ISO code.
    Currency(String),
    /// A unit of measure, by its symbol.
    Measure(String),
    /// A size in words: "medium".
    SizeName(String),
    /// A number in words.
    Number(u32),
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Section {
    skip: Vec<String>,
    fillers: Vec<String>,
    spellings: BTreeMap<String, String>,
    written_as: BTreeMap<String, Vec<String>>,
    forms: Forms,
    numbers: BTreeMap<String, u32>,
    number_joints: Vec<String>,
    relatives: Vec<String>,
    asks_after: Vec<String>,
    places: Vec<Vec<String>>,
    last: Vec<String>,
    cues: BTreeMap<Cue, Vec<String>>,
    topics: BTreeMap<String, Vec<String>>,
    attributes: BTreeMap<String, Vec<String>>,
    countries: BTreeMap<String, Vec<String>>,
    measures: BTreeMap<String, Vec<String>>,
    body: BTreeMap<String, Vec<String>>,
    currencies: BTreeMap<String, Vec<String>>,
    size_names: BTreeMap<String, Vec<String>>,
}

/// Section `[understand]`, ready for use.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(try_from = "Section")]
pub struct Cues {
    phrases: Phrases,
    meanings: Vec<Meaning>,
    numbers: HashMap<String, u32>,
    number_joints: Vec<String>,
    relatives: HashSet<String>,
    asks_after: HashSet<String>,
    skip: HashSet<String>,
    fillers: HashSet<String>,
    spellings: HashMap<String, Vec<String>>,
    /// Names of sizes that are one letter.
    size_letters: HashSet<String>,
    forms: Forms,
    countries: BTreeMap<String, Vec<String>>,
    /// Words of shops' texts, by the everyday words for them.
    written_as: HashMap<String, Vec<String>>,
}

/// A phrase of the locale in a message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Hit {
    /// What it stands for.
    pub(crate) meaning: Meaning,
    /// Its tokens.
    pub(crate) tokens: std::ops::Range<usize>,
}

impl Hit {
    /// Whether it only shapes the sentence.
    pub(crate) fn is_structure(&self) -> bool {
        matches!(self.meaning, Meaning::Cue(cue) if cue.is_structure())
    }

    pub(crate) fn is(&self, cue: Cue) -> bool {
        self.meaning == Meaning::Cue(cue)
    }
}

/// The meaning of an entry of a table, by its name.
type Named = fn(String) -> Meaning;

impl TryFrom<Section> for Cues {
    type Error = String;

    fn try_from(section: Section) -> Result<Self, String> {
        let mut cues = Self {
            skip: section.skip.iter().map(|word| fold(word)).collect(),
            fillers: section.fillers.iter().map(|word| fold(word)).collect(),
            number_joints: section.number_joints.iter().map(|word| fold(word)).collect(),
            relatives: section.relatives.iter().map(|word| fold(word)).collect(),
            asks_after: section.asks_after.iter().map(|word| fold(word)).collect(),
            countries: section.countries.clone(),
            size_letters: section.size_names.values().flatten().map(|name| fold(name)).collect(),
            forms: section.forms,
            ..Self::default()
        };
        cues.size_letters.retain(|name| name.chars().count() == 1);
        for (written, said) in &section.spellings {
            let words = tokenize(said, &HashMap::new()).into_iter().map(|token| token.text);
            cues.spellings.insert(fold(written), words.collect());
        }
        for (written, words) in &section.written_as {
            for word in words {
                cues.written_as.entry(fold(word)).or_default().push(fold(written));
            }
        }
        for (place, phrases) in (1..).zip(&section.places) {
            cues.add(Meaning::Place(place), phrases)?;
        }
        cues.add(Meaning::Place(-1), &section.last)?;
        for (cue, phrases) in &section.cues {
            cues.add(Meaning::Cue(*cue), phrases)?;
        }
        let tables: [(Named, _); 7] = [
            (Meaning::Topic, &section.topics),
            (Meaning::Attribute, &section.attributes),
            (Meaning::Body, &section.body),
            (Meaning::Country, &section.countries),
            (Meaning::Measure, &section.measures),
            (Meaning::Currency, &section.currencies),
            (Meaning::SizeName, &section.size_names),
        ];
        for (meaning, table) in tables {
            for (name, phrases) in table {
                cues.add(meaning(name.clone()), phrases)?;
            }
        }
        for (word, value) in &section.numbers {
            let word = fold(word);
            if word.contains(' ') {
                cues.add(Meaning::Number(*value), std::slice::from_ref(&word))?;
            } else {
                cues.numbers.insert(word, *value);
            }
        }
        Ok(cues)
    }
}

impl Cues {
    fn add(&mut self, meaning: Meaning, phrases: &[String]) -> Result<(), String> {
        let id = self.meanings.len();
        self.meanings.push(meaning);
        phrases.iter().try_for_each(|phrase| self.phrases.add(phrase, id))
    }

    /// The words by which shops' texts mean an everyday word: "keep" for "hold".
    pub(crate) fn written_as(&self, word: &str) -> &[String] {
        self.written_as.get(word).map_or(&[], Vec::as_slice)
    }

    /// The value of a number word.
    pub(crate) fn number(&self, word: &str) -> Option<u32> {
        self.numbers.get(word).copied()
    }

    /// Whether a word stands between the words of a number: "vingt et un".
    pub(crate) fn joins_numbers(&self, word: &str) -> bool {
        self.number_joints.iter().any(|joint| joint == word)
    }

    /// Whether a question word also joins a clause: "los que", "was", "wo".
    pub(crate) fn is_relative(&self, word: &str) -> bool {
        self.relatives.contains(word)
    }

    /// Whether such a word asks behind this one: "y que", "de que".
    pub(crate) fn asks_after(&self, word: &str) -> bool {
        self.asks_after.contains(word)
    }

    /// The names of a country and of its parts.
    pub(crate) fn country_names(&self, code: &str) -> &[String] {
        self.countries.get(code).map_or(&[], Vec::as_slice)
    }

    /// The first country that a text names, or a town of it.
    pub(crate) fn country_in(&self, text: &str) -> Option<&str> {
        let found = self.phrases.find(&tokenize(text, &HashMap::new()), &self.skip);
        found.iter().find_map(|hit| match &self.meanings[hit.meaning] {
            Meaning::Country(code) => Some(code.as_str()),
            _ => None,
        })
    }

    /// The symbol of a unit of measure, however it is written.
    pub(crate) fn measure(&self, unit: &str) -> Option<&str> {
        let tokens = tokenize(unit, &HashMap::new());
        let found = self.phrases.find(&tokens, &self.skip);
        found.iter().find_map(|hit| match &self.meanings[hit.meaning] {
            Meaning::Measure(symbol) => Some(symbol.as_str()),
            _ => None,
        })
    }

    /// The tokens of a text, in the spelling and the form in which the language lists its words.
    pub(crate) fn tokens(&self, text: &str) -> Vec<Token> {
        let mut tokens = tokenize(text, &self.spellings);
        // "tamanho P": a size of one letter in capitals is no short spelling.
        for token in &mut tokens {
            let raw = text.get(token.span.clone()).unwrap_or_default();
            let letter = fold(raw);
            if token.capital && self.size_letters.contains(&letter) {
                token.text = letter;
            }
        }
        let listed = |word: &str| {
            self.knows(word) || self.number(word).is_some() || self.phrases.begins(word)
        };
        self.forms.apply(&mut tokens, listed);
        tokens
    }

    /// Whether a word carries no content.
    pub(crate) fn is_filler(&self, word: &str) -> bool {
        self.skip.contains(word) || self.fillers.contains(word)
    }

    /// Whether the language has a word: it is then no misspelt word of the shop.
    pub(crate) fn knows(&self, word: &str) -> bool {
        self.is_filler(word) || self.phrases.knows(word)
    }

    /// Whether a word is an article or may stand anywhere in a phrase.
    pub(crate) fn is_skipped(&self, word: &str) -> bool {
        self.skip.contains(word)
    }

    /// Whether a text holds a phrase of a cue.
    pub(crate) fn says(&self, text: &str, cue: Cue) -> bool {
        let tokens = self.tokens(text);
        let found = self.phrases.find(&tokens, &self.skip);
        found.iter().any(|hit| self.meanings[hit.meaning] == Meaning::Cue(cue))
    }

    /// Whether a text holds a phrase for a matter of the shop.
    pub(crate) fn names_topic(&self, text: &str, label: &str) -> bool {
        let found = self.phrases.find(&self.tokens(text), &self.skip);
        let named = |meaning: &Meaning| matches!(meaning, Meaning::Topic(one) if one == label);
        found.iter().any(|hit| named(&self.meanings[hit.meaning]))
    }

    /// All phrases in the tokens, in order; those inside a longer one that says something are
    /// left out.
    pub(crate) fn find(&self, tokens: &[Token]) -> Vec<Hit> {
        let found = self.phrases.find(tokens, &self.skip);
        let hides = |long: &PhraseHit, short: &PhraseHit| {
            long.tokens.start <= short.tokens.start
                && short.tokens.end <= long.tokens.end
                && long.tokens.len() > short.tokens.len()
                && !matches!(&self.meanings[long.meaning], Meaning::Cue(cue) if cue.is_structure())
        };
        let free = |short: &&PhraseHit| {
            // "I want the second": the place is part of the phrase for taking, and still a place.
            let place = matches!(
                &self.meanings[short.meaning],
                Meaning::Place(_) | Meaning::Cue(Cue::Both | Cue::Other)
            );
            let structure = place
                || matches!(&self.meanings[short.meaning],
                Meaning::Cue(cue) if cue.is_structure() && !matches!(cue, Cue::Negation
                    | Cue::NegationNear | Cue::TooMuch));
            structure || !found.iter().any(|long| hides(long, short))
        };
        let kept = found.iter().filter(free);
        kept.map(|hit| Hit {
            meaning: self.meanings[hit.meaning].clone(),
            tokens: hit.tokens.clone(),
        })
        .collect()
    }
}
