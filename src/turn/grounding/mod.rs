//! Checks that a draft states only its facts, and states those that its case requires.
//!
//! Invariants
//! - Every number, price, date, link and capitalised name of an accepted draft occurs in one fact,
//!   word for word and in the same order.
//! - With a closed vocabulary, every other word is in it or occurs in a fact.
//! - The customer's words are not facts.
//!
//! The check is strict on purpose: a refused draft costs a template, an accepted false statement
//! costs a sale.

mod prose;
mod rule;
mod spellings;
mod words;

pub(crate) use rule::Grounder;

use crate::turn::draft::Brief;
use crate::turn::draft::Draft;
use crate::turn::draft::Fact;
use crate::turn::draft::FactKey;
use std::collections::BTreeSet;
use words::LineWord;

/// Longest accepted draft, in characters. Every channel allows 1,000; customers read far fewer.
pub(crate) const DRAFT_CHARS_MAX: usize = 1000;

/// Shortest sentence that may not be repeated, in words: "How nice!" may be.
const REPEATED_WORDS_MIN: usize = 4;

/// Why a draft is refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Ungrounded {
    #[error("the draft is empty")]
    Empty,
    #[error("the draft has {chars} characters, limit is {DRAFT_CHARS_MAX}")]
    TooLong { chars: usize },
    #[error("the draft contains U+FFFD, a replacement for invalid bytes")]
    Broken,
    #[error("the draft was cut off at its output token limit")]
    Unfinished,
    #[error("`{found}` is stated twice")]
    Repeated { found: String },
    #[error("link `{found}` is in no fact")]
    Link { found: String },
    #[error("number `{found}` is in no fact")]
    Number { found: String },
    #[error("name `{found}` is in no fact")]
    Name { found: String },
    #[error("word `{found}` is neither in a fact nor in the model's vocabulary")]
    Word { found: String },
    #[error("required fact {} `{value}` is missing", key.name())]
    Missing { key: FactKey, value: String },
}

impl Ungrounded {
    /// Value of the metric's `reason` label.
    pub(crate) fn label(&self) -> &'static str {
        match self {
            Self::Empty | Self::TooLong { .. } | Self::Broken => "malformed",
            Self::Unfinished => "unfinished",
            Self::Repeated { .. } => "repeated",
            Self::Link { .. } => "link",
            Self::Number { .. } => "number",
            Self::Name { .. } => "name",
            Self::Word { .. } => "word",
            Self::Missing { .. } => "missing",
        }
    }
}

/// Where a reply states a fact.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Grounding {
    /// Character offset of the first character.
    pub(crate) start: usize,
    /// Character offset after the last.
    pub(crate) end: usize,
    /// The fact: `key: value`.
    pub(crate) fact: String,
}

/// Lists of words that the check uses in addition to the brief.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct GroundingVocabulary<'a> {
    /// The model's closed vocabulary: lower case, except for names that it may use within a
    /// sentence.
    pub(crate) lexicon: Option<&'a BTreeSet<String>>,
    /// Words of all product names and brands, lower case: allowed only if they occur in the facts.
    pub(crate) catalog_names: Option<&'a BTreeSet<String>>,
}

/// Runs [`check`] on the text of a draft, which must also be complete.
///
/// # Errors
/// Those of [`check`], and [`Ungrounded::Unfinished`].
pub(crate) fn check_draft(
    draft: &Draft,
    brief: &Brief,
    known: GroundingVocabulary<'_>,
) -> Result<(), Ungrounded> {
    if !draft.whole {
        return Err(Ungrounded::Unfinished);
    }
    check(&draft.text, brief, known)
}

/// Accepts or refuses a draft.
///
/// # Errors
/// The first claim that is not in the facts, or the first required fact that is missing.
pub(crate) fn check(
    text: &str,
    brief: &Brief,
    known: GroundingVocabulary<'_>,
) -> Result<(), Ungrounded> {
    if text.trim().is_empty() {
        return Err(Ungrounded::Empty);
    }
    let chars = text.chars().count();
    if chars > DRAFT_CHARS_MAX {
        return Err(Ungrounded::TooLong { chars });
    }
    if text.chars().any(|character| character == char::REPLACEMENT_CHARACTER) {
        return Err(Ungrounded::Broken);
    }
    let facts: Vec<FactWords<'_>> = brief
        .facts
        .iter()
        .map(|fact| FactWords { key: fact.key, words: words::split(&fact.value) })
        .collect();
    let said = words::split(text);
    check_links(&said, &brief.facts)?;
    check_claims(&said, &facts, known)?;
    check_words(&said, &facts, known)?;
    check_repeats(&said)?;
    check_obligations(&said, brief)
}

/// A fact and its words.
struct FactWords<'a> {
    key: FactKey,
    words: Vec<LineWord<'a>>,
}

/// Consecutive words of a draft that make a claim: numbers, units, names.
#[derive(Default)]
struct ClaimRun<'a> {
    /// The preceding word, unless punctuation separates it.
    before: Option<&'a str>,
    claims: Vec<&'a str>,
    numeric: bool,
}

impl FactWords<'_> {
    /// Whether the run occurs in this fact, in order.
    ///
    /// A number alone is not grounded by the number inside a name, nor by a price without its unit:
    /// "3 left" does not mean "Trail 3". The preceding word distinguishes them.
    fn grounds(&self, run: &ClaimRun<'_>) -> bool {
        let claims = &run.claims;
        let whole = self.words.len() == claims.len();
        let bare = claims.iter().all(|claim| claim.chars().all(|c| !c.is_alphabetic()));
        let named = matches!(self.key, FactKey::Product | FactKey::Name);
        if !whole && self.key == FactKey::Price {
            return false;
        }
        let before = run.before.map(str::to_lowercase);
        self.words.windows(claims.len()).enumerate().any(|(at, window)| {
            let stands = window.iter().zip(claims).all(|(word, claim)| word.text == *claim);
            let led = at > 0 && before.as_ref() == Some(&self.words[at - 1].text.to_lowercase());
            stands && (whole || !(bare && named) || led)
        })
    }
}

fn is_link(word: &LineWord<'_>) -> bool {
    word.text.contains("://") || word.text.starts_with("www.")
}

fn check_links(said: &[LineWord<'_>], facts: &[Fact]) -> Result<(), Ungrounded> {
    for word in said.iter().filter(|word| is_link(word)) {
        let known = facts.iter().any(|fact| {
            words::split(&fact.value).iter().any(|part| is_link(part) && part.text == word.text)
        });
        if !known {
            return Err(Ungrounded::Link { found: word.text.to_owned() });
        }
    }
    Ok(())
}

/// Refuses a repeated link, and a repeated sentence of [`REPEATED_WORDS_MIN`] words or more. Such a
/// draft is true, but reads as broken.
fn check_repeats(said: &[LineWord<'_>]) -> Result<(), Ungrounded> {
    let mut once = BTreeSet::new();
    for sentence in said.chunk_by(|_, next| !next.opens_sentence) {
        let links = sentence.iter().filter(|word| is_link(word)).map(|word| word.text.to_owned());
        let words: Vec<String> = sentence.iter().map(|word| word.text.to_lowercase()).collect();
        let whole = (words.len() >= REPEATED_WORDS_MIN).then(|| words.join(" "));
        for found in links.chain(whole) {
            if !once.insert(found.clone()) {
                return Err(Ungrounded::Repeated { found });
            }
        }
    }
    Ok(())
}

/// Each run of numbers, units and capitalised words must occur in one fact, in that order.
fn check_claims(
    said: &[LineWord<'_>],
    facts: &[FactWords<'_>],
    known: GroundingVocabulary<'_>,
) -> Result<(), Ungrounded> {
    let mut run = ClaimRun::default();
    let mut previous: Option<&LineWord<'_>> = None;
    for word in said {
        let claims = !is_link(word) && is_claim(word, facts, known);
        if (!claims || word.parted) && !run.claims.is_empty() {
            check_run(&run, facts)?;
            run = ClaimRun::default();
        }
        if claims {
            if run.claims.is_empty() && !word.parted {
                run.before = previous.map(|word| word.text);
            }
            run.claims.push(word.text);
            run.numeric |= word.is_number() || word.is_unit();
        }
        previous = Some(word);
    }
    if run.claims.is_empty() { Ok(()) } else { check_run(&run, facts) }
}

/// Whether a word makes a claim, and must therefore come from a fact.
fn is_claim(word: &LineWord<'_>, facts: &[FactWords<'_>], known: GroundingVocabulary<'_>) -> bool {
    if word.is_number() || word.is_unit() {
        return true;
    }
    if !word.is_capitalised() {
        return false;
    }
    let ordinary = |part: &str| match known.lexicon {
        Some(lexicon) if word.opens_sentence => {
            lexicon.contains(part) || lexicon.contains(&part.to_lowercase())
        }
        Some(lexicon) => lexicon.contains(part),
        None => part == "I" || (word.opens_sentence && !is_catalog_name(part, known)),
    };
    // A lower-case fact may start a sentence with a capital: `chaussures` → `Chaussures`.
    let opens_with_fact =
        word.opens_sentence && in_facts_folded(word.text, facts) && !in_facts(word.text, facts);
    let first_is_ordinary = words::parts(word.text).next().is_some_and(ordinary);
    !(first_is_ordinary || opens_with_fact)
}

fn is_catalog_name(part: &str, known: GroundingVocabulary<'_>) -> bool {
    known.catalog_names.is_some_and(|names| names.contains(&part.to_lowercase()))
}

fn in_facts(text: &str, facts: &[FactWords<'_>]) -> bool {
    facts.iter().flat_map(|fact| &fact.words).any(|word| word.text == text)
}

fn in_facts_folded(text: &str, facts: &[FactWords<'_>]) -> bool {
    let folded = text.to_lowercase();
    facts.iter().flat_map(|fact| &fact.words).any(|word| word.text.to_lowercase() == folded)
}

fn check_run(run: &ClaimRun<'_>, facts: &[FactWords<'_>]) -> Result<(), Ungrounded> {
    if facts.iter().any(|fact| fact.grounds(run)) {
        return Ok(());
    }
    let found = run.claims.join(" ");
    Err(if run.numeric { Ungrounded::Number { found } } else { Ungrounded::Name { found } })
}

/// With a closed vocabulary, each remaining word must be in it or in a fact.
fn check_words(
    said: &[LineWord<'_>],
    facts: &[FactWords<'_>],
    known: GroundingVocabulary<'_>,
) -> Result<(), Ungrounded> {
    let Some(lexicon) = known.lexicon else { return Ok(()) };
    for word in said.iter().filter(|word| !is_link(word)) {
        if in_facts_folded(word.text, facts) {
            continue;
        }
        for part in words::parts(word.text) {
            let own = lexicon.contains(part) || lexicon.contains(&part.to_lowercase());
            let is_fact = || {
                let folded = part.to_lowercase();
                let mut fact_words = facts.iter().flat_map(|fact| &fact.words);
                fact_words.any(|word| words::parts(word.text).any(|p| p.to_lowercase() == folded))
            };
            if !own && !is_fact() {
                return Err(Ungrounded::Word { found: word.text.to_owned() });
            }
        }
    }
    Ok(())
}

/// Facts that a rewritten reply must state as the reply did.
const OBLIGATORY: [FactKey; 8] = [
    FactKey::Product,
    FactKey::Price,
    FactKey::Size,
    FactKey::Policy,
    FactKey::Link,
    FactKey::Order,
    FactKey::Status,
    FactKey::Date,
];

fn check_obligations(said: &[LineWord<'_>], brief: &Brief) -> Result<(), Ungrounded> {
    let text: Vec<String> = said.iter().map(|word| word.text.to_lowercase()).collect();
    for key in OBLIGATORY {
        for value in brief.values(key) {
            let wanted: Vec<String> =
                words::split(value).iter().map(|word| word.text.to_lowercase()).collect();
            let stands = text.windows(wanted.len().max(1)).any(|window| window == wanted);
            if !wanted.is_empty() && !stands {
                return Err(Ungrounded::Missing { key, value: value.to_owned() });
            }
        }
    }
    Ok(())
}

/// The first occurrence of each fact in the reply, for the wire.
pub(crate) fn locate(text: &str, facts: &[Fact]) -> Vec<Grounding> {
    let mut found: Vec<Grounding> = Vec::new();
    for fact in facts {
        let Some(at) = text.find(&fact.value) else { continue };
        let start = text[..at].chars().count();
        let end = start + fact.value.chars().count();
        let grounding =
            Grounding { start, end, fact: format!("{}: {}", fact.key.name(), fact.value) };
        if !found.contains(&grounding) {
            found.push(grounding);
        }
    }
    found.sort_by_key(|grounding| (grounding.start, grounding.end));
    found
}

#[cfg(test)]
mod rule_tests;
#[cfg(test)]
mod tests;
