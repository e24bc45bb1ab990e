//! What a customer wants, extracted from one message: category, facet values, budget, size, named
//! products and leftover words.
//!
//! Pure. A need grows over several messages: [`Understanding::refine`] merges a later message into
//! it, and [`Understanding::choices`] writes it as `key=value` pairs that a conversation stores and
//! [`Understanding::from_choices`] reads back.
//!
//! Invariants
//! - Constraints are in text order, without repeats; several values of one facet mean "either".

use crate::amounts;
use crate::keys::BUDGET_MAX_KEY;
use crate::keys::BUDGET_MIN_KEY;
use crate::keys::CATEGORY_KEY;
use crate::keys::SAID_KEY;
use crate::keys::SIZE_KEY;
use crate::lexicon::Lexicon;
use crate::lexicon::PhraseMeaning;
use crate::product::FacetChoice;
use crate::stopwords::is_negation;
use crate::vocabulary::ShopVocabulary;
use crate::words::StemmedWord;
use crate::words::WordKind;
use crate::words::words;
use std::collections::HashSet;
use vitrine_base::ids::Sku;
use vitrine_base::language::Language;
use vitrine_base::money::Currency;
use vitrine_base::money::Money;

/// Most words kept in [`Understanding::said`], so that long conversations stay small.
const SAID_WORDS_MAX: usize = 24;

/// Words allowed between a negation and its value ("pas de noir", "not in black").
const NEGATION_JOINTS: &[&str] =
    &["de", "d", "en", "du", "in", "the", "a", "any", "des", "le", "la"];

/// What a customer wants.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Understanding {
    /// Id of the category.
    pub category: Option<String>,
    /// Facet values wanted; several values of one facet mean either.
    pub constraints: Vec<FacetChoice>,
    /// Facet values not wanted.
    pub excluded: Vec<FacetChoice>,
    /// Lowest price wanted.
    pub budget_min: Option<Money>,
    /// Highest price wanted.
    pub budget_max: Option<Money>,
    /// Size, as the shop writes it, in upper case.
    pub size: Option<String>,
    /// Whether low prices should come first.
    pub cheapest: bool,
    /// Products named by sku or name.
    pub mentioned: Vec<Sku>,
    /// Words that named the category, folded. Products whose texts contain them rank higher
    /// ("casque de vélo" is a helmet, though its category also has pumps).
    pub said: Vec<String>,
    /// Loose words: content words that no rule explains, folded, in text order.
    pub leftover: Vec<String>,
    /// Those of `leftover` that no product text contains either.
    pub unknown: Vec<String>,
}

impl Understanding {
    /// Whether there are neither criteria nor loose words.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        !self.narrows() && self.leftover.is_empty()
    }

    /// Whether there is a criterion: anything but loose words that narrows the choice of products.
    #[must_use]
    pub fn narrows(&self) -> bool {
        self.category.is_some()
            || !self.constraints.is_empty()
            || !self.excluded.is_empty()
            || self.budget_min.is_some()
            || self.budget_max.is_some()
            || self.size.is_some()
            || !self.mentioned.is_empty()
    }

    /// Whether a value of this facet is already given (`size` and `category` included).
    #[must_use]
    pub fn knows(&self, key: &str) -> bool {
        match key {
            SIZE_KEY => self.size.is_some(),
            CATEGORY_KEY => self.category.is_some(),
            key => self.constraints.iter().any(|choice| choice.key == key),
        }
    }

    /// Applies a tapped option: a facet value, `size=42`, `category=…` or a budget.
    ///
    /// Replaces values of the same key. A malformed budget is ignored.
    pub fn choose(&mut self, choice: &FacetChoice) {
        match choice.key.as_str() {
            SIZE_KEY => self.size = Some(choice.value.to_uppercase()),
            CATEGORY_KEY => self.category = Some(choice.value.clone()),
            BUDGET_MAX_KEY => self.budget_max = read_money(&choice.value).or(self.budget_max),
            BUDGET_MIN_KEY => self.budget_min = read_money(&choice.value).or(self.budget_min),
            SAID_KEY => self.add_said(choice.value.split(' ').map(str::to_owned)),
            key => {
                self.constraints.retain(|known| known.key != key);
                self.constraints.push(choice.clone());
            }
        }
        self.excluded.retain(|excluded| excluded != choice);
    }

    /// Merges a later message into this need.
    ///
    /// Values of the later message replace those of the same key. Another category drops size,
    /// exclusions and all constraints except those of `kept_keys` (recipient, sport); the budget is
    /// kept.
    pub fn refine(&mut self, later: &Self, kept_keys: &[&str]) {
        let moved_on = match (&later.category, &self.category) {
            (Some(new), Some(old)) => new != old,
            (Some(_) | None, _) => false,
        };
        if moved_on {
            self.constraints.retain(|choice| kept_keys.contains(&choice.key.as_str()));
            self.excluded.clear();
            self.size = None;
        }
        if later.category.is_some() {
            self.said.clear();
        }
        self.add_said(later.said.iter().cloned());
        self.category = later.category.clone().or(self.category.take());
        self.constraints.retain(|choice| !later.knows(&choice.key));
        self.constraints.retain(|choice| !later.excluded.contains(choice));
        self.constraints.extend(later.constraints.iter().cloned());
        self.excluded.retain(|choice| !later.constraints.contains(choice));
        for choice in &later.excluded {
            if !self.excluded.contains(choice) {
                self.excluded.push(choice.clone());
            }
        }
        if later.budget_min.is_some() || later.budget_max.is_some() {
            (self.budget_min, self.budget_max) = (later.budget_min, later.budget_max);
        }
        self.size = later.size.clone().or(self.size.take());
        self.cheapest |= later.cheapest;
        self.mentioned.clone_from(&later.mentioned);
        self.leftover.clone_from(&later.leftover);
        self.unknown.clone_from(&later.unknown);
    }

    fn add_said(&mut self, words: impl Iterator<Item = String>) {
        for word in words.filter(|word| !word.is_empty()) {
            if self.said.len() < SAID_WORDS_MAX && !self.said.contains(&word) {
                self.said.push(word);
            }
        }
    }

    /// The need as `key=value` pairs that a conversation can store.
    ///
    /// Exclusions, named products and loose words apply to their own message only and are left out.
    #[must_use]
    pub fn choices(&self) -> Vec<FacetChoice> {
        let mut choices = Vec::new();
        let mut add = |key: &str, value: Option<String>| {
            choices.extend(value.map(|value| FacetChoice::new(key, value)));
        };
        add(CATEGORY_KEY, self.category.clone());
        add(BUDGET_MIN_KEY, self.budget_min.map(|money| money.to_string()));
        add(BUDGET_MAX_KEY, self.budget_max.map(|money| money.to_string()));
        add(SIZE_KEY, self.size.clone());
        add(SAID_KEY, Some(self.said.join(" ")).filter(|said| !said.is_empty()));
        choices.extend(self.constraints.iter().cloned());
        choices
    }

    /// Reads back the pairs of [`Understanding::choices`].
    #[must_use]
    pub fn from_choices(choices: &[FacetChoice]) -> Self {
        let mut understanding = Self::default();
        for choice in choices {
            // A facet may have several values, so a later value is added, not a replacement.
            let known = understanding.constraints.contains(choice);
            match choice.key.as_str() {
                SIZE_KEY | CATEGORY_KEY | BUDGET_MAX_KEY | BUDGET_MIN_KEY | SAID_KEY => {
                    understanding.choose(choice);
                }
                _ if !known => understanding.constraints.push(choice.clone()),
                _ => {}
            }
        }
        understanding
    }
}

fn read_money(text: &str) -> Option<Money> {
    let (amount, currency) = text.split_once(' ')?;
    Money::parse(amount, currency).ok()
}

/// Facts about the shop that reading a message needs.
pub(super) struct ShopFacts<'a> {
    pub(super) vocabulary: &'a ShopVocabulary,
    pub(super) sizes: &'a HashSet<String>,
    pub(super) currency: Option<Currency>,
}

/// Reads one message in one language; the caller fills in `mentioned` and `unknown`.
///
/// Returns the understanding and the number of content words that it explains.
pub(super) fn understand(
    text: &str,
    language: Language,
    lexicon: &Lexicon,
    shop: &ShopFacts<'_>,
) -> (Understanding, usize) {
    let words = words(text, language);
    let amounts = amounts::read(&words, shop.sizes, shop.currency);
    let content: Vec<usize> = (0..words.len())
        .filter(|index| is_open(&words[*index]) && !amounts.taken.contains(index))
        .collect();
    let stems: Vec<&str> = content
        .iter()
        .map(|index| {
            let word = &words[*index];
            lexicon.corrected(&word.folded, &word.stem).unwrap_or(&word.stem)
        })
        .collect();
    let mut found = Understanding {
        budget_min: amounts.budget_min,
        budget_max: amounts.budget_max,
        size: amounts.size,
        cheapest: amounts.cheapest,
        ..Understanding::default()
    };
    let mut explained = 0;
    let mut at = 0;
    while at < stems.len() {
        match lexicon.longest(&stems[at..]) {
            Some(phrase) => {
                let negated = is_negated(&words, content[at]);
                for target in phrase.targets {
                    take(&mut found, target, negated, shop.vocabulary);
                }
                let kind = |target: &PhraseMeaning| matches!(target, PhraseMeaning::Category(_));
                if !negated && phrase.targets.iter().any(kind) {
                    let taken = &content[at..at + phrase.words];
                    found.add_said(taken.iter().map(|index| words[*index].folded.clone()));
                }
                explained += phrase.words;
                at += phrase.words;
            }
            None => {
                if words[content[at]].kind == WordKind::Content {
                    found.leftover.push(words[content[at]].folded.clone());
                }
                at += 1;
            }
        }
    }
    (found, explained)
}

fn is_open(word: &StemmedWord) -> bool {
    matches!(word.kind, WordKind::Content | WordKind::Number)
}

fn is_negated(words: &[StemmedWord], at: usize) -> bool {
    let mut before = words[..at].iter().rev().map(|word| word.folded.as_str());
    let nearest = before.next().unwrap_or_default();
    let word = if NEGATION_JOINTS.contains(&nearest) { before.next() } else { Some(nearest) };
    word.is_some_and(is_negation)
}

fn take(
    found: &mut Understanding,
    target: &PhraseMeaning,
    negated: bool,
    vocabulary: &ShopVocabulary,
) {
    match target {
        PhraseMeaning::Category(id) if !negated => {
            // The first category named wins, unless a later one is narrower.
            let better = match &found.category {
                None => true,
                Some(known) => vocabulary.is_within(id, known),
            };
            if better {
                found.category = Some(id.clone());
            }
        }
        PhraseMeaning::Category(_) => {}
        PhraseMeaning::Choice(choice) => {
            let list = if negated { &mut found.excluded } else { &mut found.constraints };
            if !list.contains(choice) {
                list.push(choice.clone());
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn need(choices: &[&str]) -> Understanding {
        let choices: Vec<FacetChoice> =
            choices.iter().filter_map(|text| FacetChoice::parse(text)).collect();
        Understanding::from_choices(&choices)
    }

    #[test]
    fn a_need_survives_being_written_down() {
        let texts = [
            "category=shoes",
            "budget_min=20.00 EUR",
            "budget_max=50.00 EUR",
            "size=42",
            "said=casque velo",
            "colour=blue",
            "colour=black",
        ];
        let written: Vec<String> = need(&texts).choices().iter().map(ToString::to_string).collect();
        assert_eq!(written, texts);
    }

    #[test]
    fn later_words_replace_earlier_ones_under_the_same_key() {
        let mut wanted = need(&["category=shoes", "size=42", "colour=blue", "sport=trail"]);
        wanted.refine(&need(&["colour=black", "budget_max=50 EUR"]), &[]);
        assert_eq!(wanted.category.as_deref(), Some("shoes"));
        assert_eq!(wanted.size.as_deref(), Some("42"));
        let texts: Vec<String> = wanted.constraints.iter().map(ToString::to_string).collect();
        assert_eq!(texts, ["sport=trail", "colour=black"]);
    }

    #[test]
    fn another_category_keeps_only_what_still_holds() {
        let mut wanted = need(&["category=shoes", "size=42", "feel=speed", "sport=trail"]);
        wanted.refine(&need(&["category=socks"]), &["sport"]);
        assert_eq!(wanted, need(&["category=socks", "sport=trail"]));
    }

    #[test]
    fn a_tapped_option_is_applied() {
        let mut wanted = need(&["feel=speed"]);
        wanted.choose(&FacetChoice::new("feel", "comfort"));
        wanted.choose(&FacetChoice::new("size", "m"));
        wanted.choose(&FacetChoice::new("budget_max", "nonsense"));
        assert_eq!(wanted, need(&["feel=comfort", "size=M"]));
        assert!(wanted.knows("size") && wanted.knows("feel") && !wanted.knows("sport"));
    }
}
