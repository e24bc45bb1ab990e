//! The phrases of one language, keyed by the stems of their content words.
//!
//! "chaussures pour la course" and "chaussure de course" have the same key. A word that negates
//! stays in the key: "sans caféine" is not "caféine".

use crate::keys::BRAND_KEY;
use crate::keys::CATEGORY_KEY;
use crate::mentions::target::MentionTarget;
use crate::mentions::tokens::Token;
use crate::mentions::tokens::counted;
use crate::mentions::tokens::tokens;
use crate::product::FacetChoice;
use crate::product::Product;
use crate::stopwords::is_joint;
use crate::stopwords::is_stop_word;
use crate::stopwords::negates;
use crate::vocabulary::ShopVocabulary;
use crate::words::fold;
use crate::words::stem;
use std::collections::BTreeMap;
use std::collections::BTreeSet;
use std::collections::HashMap;
use std::collections::HashSet;
use vitrine_base::language::Language;

/// Shortest word that is corrected, in letters: one edit of "bleu" is already another word.
pub(super) const TYPO_LETTERS_MIN: usize = 5;

/// Certainty of what names a kind or a value.
const LABEL: f32 = 1.0;
/// … of an id that stands in for a missing label.
const ID: f32 = 0.9;
/// … of a title whose products are all of one kind, and of up to [`TITLE_KINDS_MAX`] kinds.
const TITLE: f32 = 0.9;
const SHARED_TITLE: f32 = 0.7;
/// … of a value of an option.
const OPTION: f32 = 0.95;
/// … of the noun of a longer phrase for a kind, and for a value.
const NOUN: f32 = 0.6;
const NOUN_OF_VALUE: f32 = 0.4;

/// Fewest letters of a noun that stands for a longer phrase.
const NOUN_LETTERS_MIN: usize = 4;

/// Most kinds that one title may stand for; one of more says too little.
const TITLE_KINDS_MAX: usize = 3;

/// Most things that a part of a phrase may stand for; one of more says too little.
const PART_TARGETS_MAX: usize = 8;

/// Fewest letters of a value of an option that is read as a word: "M" is not one.
const OPTION_LETTERS_MIN: usize = 4;

/// What a phrase stands for.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Meaning {
    pub(super) target: MentionTarget,
    pub(super) exact: f32,
    /// Whether it only says what a product is, so that values inside it count as well.
    pub(super) open: bool,
    /// The folded words that the shop writes for it, joined by spaces.
    forms: Vec<String>,
}

impl Meaning {
    /// Edits between words and the nearest way in which the shop writes this meaning.
    fn distance(&self, written: &str) -> usize {
        let distances = self.forms.iter().map(|form| strsim::osa_distance(form, written));
        distances.min().unwrap_or_default()
    }
}

/// A word of a phrase.
#[derive(Debug, Clone)]
struct Word {
    folded: String,
    stem: String,
    content: bool,
}

/// Phrases of one language.
#[derive(Debug, Clone, Default)]
pub(super) struct PhraseTable {
    phrases: HashMap<String, Vec<Meaning>>,
    /// Most words of a key.
    pub(super) words_max: usize,
    /// Most words of a key that keeps stop words; 0 if there is none.
    pub(super) full_words_max: usize,
    /// Stem → what the longer phrases with this word stand for.
    parts: HashMap<String, Vec<Meaning>>,
    /// Folded words of a phrase, joined → its key.
    joined: HashMap<String, String>,
    /// Folded phrases of one word → key, for compounds.
    singles: BTreeMap<String, String>,
    /// First letter → (folded word, stem), for typing errors; sorted.
    spelling: HashMap<char, BTreeMap<String, String>>,
    /// Folded words of phrases and of titles.
    ordinary: HashSet<String>,
    /// Words behind the head of a single title, which no phrase has: "cygne" of "bouilloire col de
    /// cygne". They may still be that product's name.
    described: HashMap<String, String>,
    /// Folded words and stems that are never corrected.
    known: HashSet<String>,
}

/// The words of a phrase that make its key.
fn key_words(text: &str, language: Language) -> Vec<Word> {
    let tokens = tokens(text);
    let places = counted(&tokens, language).into_iter();
    let words = places.map(|at| {
        let token = &tokens[at];
        let content = !token.number && !is_stop_word(&token.folded, language);
        let stem = stem_of(token, language);
        Word { folded: token.folded.clone(), stem, content }
    });
    words.collect()
}

/// All words of a phrase that would be too short without its stop words: "every day" is not "day".
/// `None` if its content words suffice.
fn full_words(text: &str, language: Language) -> Option<Vec<Word>> {
    let tokens = tokens(text);
    let stop = |token: &Token| !token.number && is_stop_word(&token.folded, language);
    let content = tokens.iter().filter(|token| !stop(token)).count();
    let kept = |token: &Token| stop(token) && !is_joint(&token.folded, language);
    let negated = tokens.iter().any(|token| negates(&token.folded, language));
    if content != 1 || negated || tokens.iter().any(|token| token.hyphen) {
        return None;
    }
    tokens.iter().any(kept).then(|| {
        let words = tokens.iter().map(|token| Word {
            folded: token.folded.clone(),
            stem: full_stem(token, language),
            content: !token.number && !stop(token),
        });
        words.collect()
    })
}

/// What a token is compared by in a key that keeps stop words.
pub(super) fn full_stem(token: &Token, language: Language) -> String {
    let stop = !token.number && is_stop_word(&token.folded, language);
    if stop { token.folded.clone() } else { stem_of(token, language) }
}

/// What a token is compared by.
pub(super) fn stem_of(token: &Token, language: Language) -> String {
    if token.number { token.folded.clone() } else { stem(&token.folded, language) }
}

fn key(words: &[Word]) -> String {
    words.iter().map(|word| word.stem.as_str()).collect::<Vec<_>>().join(" ")
}

impl PhraseTable {
    /// Collects the phrases of the vocabulary and of the products in one language.
    pub(super) fn build(
        vocabulary: &ShopVocabulary,
        products: &[Product],
        language: Language,
    ) -> Self {
        let mut table = Self::default();
        table.known.extend(vocabulary.keep().iter().map(|word| fold(word)));
        for entry in vocabulary.categories() {
            let target = MentionTarget::Category(entry.id.clone());
            table.add_entry(
                entry.label.get(language),
                entry.words.list(language),
                &target,
                language,
            );
            if entry.label.is_empty() {
                table.add(&entry.id.replace('_', " "), (&target, ID, false), language);
            }
        }
        for facet in vocabulary.facets() {
            for value in &facet.values {
                let target = MentionTarget::Value(FacetChoice::new(&facet.key, &value.id));
                let (label, words) = (value.label.get(language), value.words.list(language));
                table.add_entry(label, words, &target, language);
                if value.label.is_empty() {
                    table.add(&value.id.replace('_', " "), (&target, ID, false), language);
                }
            }
        }
        table.add_unlabelled(vocabulary, products, language);
        let vocabulary = table.ordinary.clone();
        table.add_titles(products, language);
        table.describe(products, language, &vocabulary);
        table.add_options(products, language);
        table.learn_texts(products, language);
        table
    }

    fn add_entry(
        &mut self,
        label: Option<&String>,
        words: &[String],
        target: &MentionTarget,
        language: Language,
    ) {
        for phrase in label.into_iter().chain(words) {
            self.add(phrase, (target, LABEL, false), language);
        }
        if let Some(label) = label {
            self.add_parts(label, target, language);
        }
    }

    /// Kinds and values that products have and the vocabulary does not, by their ids.
    fn add_unlabelled(
        &mut self,
        vocabulary: &ShopVocabulary,
        products: &[Product],
        language: Language,
    ) {
        let mut seen: BTreeSet<(&str, &str)> = BTreeSet::new();
        for product in products {
            let own = product.facets.iter().filter(|(key, _)| *key != BRAND_KEY);
            for (key, values) in own {
                seen.extend(values.iter().map(|value| (key.as_str(), value.as_str())));
            }
            seen.insert((CATEGORY_KEY, &product.category));
        }
        for (key, value) in seen {
            let choice = FacetChoice::new(key, value);
            let target = match key {
                CATEGORY_KEY if vocabulary.category(value).is_none() => {
                    MentionTarget::Category(value.to_owned())
                }
                CATEGORY_KEY => continue,
                _ if vocabulary.value(&choice).is_none() => MentionTarget::Value(choice),
                _ => continue,
            };
            let phrase = value.replace('_', " ");
            self.add(&phrase, (&target, ID, false), language);
            self.add_parts(&phrase, &target, language);
        }
    }

    /// Titles say what a product is, so they name its kind.
    fn add_titles(&mut self, products: &[Product], language: Language) {
        let mut kinds: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
        for product in products {
            if let Some(title) = product.title.get(language) {
                kinds.entry(title).or_default().insert(&product.category);
            }
        }
        let vocabulary: HashSet<String> = self.phrases.keys().cloned().collect();
        for (title, kinds) in kinds {
            if kinds.len() > TITLE_KINDS_MAX {
                continue;
            }
            let exact = if kinds.len() == 1 { TITLE } else { SHARED_TITLE };
            let title_key = key(&key_words(title, language));
            for kind in kinds {
                let target = MentionTarget::Category(kind.to_owned());
                if !vocabulary.contains(&title_key) {
                    self.add(title, (&target, exact, true), language);
                }
                self.add_parts(title, &target, language);
            }
            self.ordinary.extend(key_words(title, language).into_iter().map(|word| word.folded));
        }
    }

    /// Notes the words that describe one product only.
    fn describe(&mut self, products: &[Product], language: Language, vocabulary: &HashSet<String>) {
        let mut titled: BTreeMap<String, Option<&str>> = BTreeMap::new();
        let head_last = matches!(language, Language::EN | Language::DE);
        for product in products {
            let Some(title) = product.title.get(language) else { continue };
            let words: Vec<String> =
                key_words(title, language).into_iter().map(|word| word.folded).collect();
            let head = if head_last { words.last() } else { words.first() };
            for word in &words {
                let own = (Some(word) != head).then_some(product.sku.as_str());
                let known = titled.entry(word.clone()).or_insert(own);
                if *known != own {
                    *known = None;
                }
            }
        }
        for (word, sku) in titled {
            let Some(sku) = sku.filter(|_| !vocabulary.contains(&word)) else { continue };
            self.ordinary.remove(&word);
            self.described.insert(word, sku.to_owned());
        }
    }

    /// Options with values in words, such as colours; the shop's spelling may be in any language.
    fn add_options(&mut self, products: &[Product], language: Language) {
        let mut seen: BTreeSet<(&str, &str)> = BTreeSet::new();
        for variant in products.iter().flat_map(|product| &product.variants) {
            seen.extend(variant.options.iter().map(|(key, value)| (key.as_str(), value.as_str())));
        }
        for (key, value) in seen {
            let letters = value.chars().filter(|c| c.is_alphabetic()).count();
            if letters >= OPTION_LETTERS_MIN && !value.chars().any(|c| c.is_ascii_digit()) {
                let (key, value) = (key.to_owned(), value.to_owned());
                let target = MentionTarget::Option { key, value: value.clone() };
                self.add(&value, (&target, OPTION, false), language);
            }
        }
    }

    /// Words of the shop's texts are spelt right.
    fn learn_texts(&mut self, products: &[Product], language: Language) {
        let mut seen: HashSet<&str> = HashSet::new();
        for product in products {
            let features = product.features.list(language);
            let texts = product.title.get(language).into_iter().chain(features);
            let texts = texts.chain(product.description.get(language));
            for text in texts.filter(|text| seen.insert(text)) {
                self.known.extend(tokens(text).into_iter().map(|token| token.folded));
            }
        }
    }

    fn add(
        &mut self,
        phrase: &str,
        (target, exact, open): (&MentionTarget, f32, bool),
        language: Language,
    ) {
        if language == Language::DE && phrase.contains(['ä', 'ö', 'ü', 'Ä', 'Ö', 'Ü']) {
            self.add(&digraphs(phrase), (target, exact, open), language);
        }
        let words = match full_words(phrase, language) {
            Some(words) => {
                self.full_words_max = self.full_words_max.max(words.len());
                words
            }
            None => key_words(phrase, language),
        };
        if !words.iter().any(|word| word.content) {
            return;
        }
        let key = key(&words);
        let meanings = self.phrases.entry(key.clone()).or_default();
        let form = words.iter().map(|word| word.folded.as_str()).collect::<Vec<_>>().join(" ");
        match meanings.iter_mut().find(|meaning| meaning.target == *target) {
            Some(known) => {
                known.exact = known.exact.max(exact);
                known.forms.push(form);
            }
            None => {
                let (target, forms) = (target.clone(), vec![form]);
                meanings.push(Meaning { target, exact, open, forms });
            }
        }
        self.words_max = self.words_max.max(words.len());
        let joined: String = words.iter().map(|word| word.folded.as_str()).collect();
        if let [word] = words.as_slice() {
            self.singles.entry(word.folded.clone()).or_insert_with(|| key.clone());
        } else {
            self.joined.entry(joined).or_insert_with(|| key.clone());
        }
        for word in words {
            self.ordinary.insert(word.folded.clone());
            self.known.insert(word.folded.clone());
            self.known.insert(word.stem.clone());
            if word.content && word.folded.chars().count() >= TYPO_LETTERS_MIN {
                let first = word.folded.chars().next().unwrap_or_default();
                self.spelling.entry(first).or_default().insert(word.folded, word.stem);
            }
        }
    }

    /// The noun of a longer phrase may stand for it: "sheets" for "fitted sheets". It is the last
    /// word in Germanic languages and the first one in Romance languages.
    fn add_parts(&mut self, phrase: &str, target: &MentionTarget, language: Language) {
        let words = key_words(phrase, language);
        if words.len() < 2 || words.iter().any(|word| negates(&word.folded, language)) {
            return;
        }
        // A prefix ("t-shirt", "sur-matelas") is no noun.
        let noun_last = matches!(language, Language::EN | Language::DE) || !words[0].content;
        let noun = if noun_last { &words[words.len() - 1] } else { &words[0] };
        if !noun.content || noun.folded.chars().count() < NOUN_LETTERS_MIN {
            return;
        }
        let kind = matches!(target, MentionTarget::Category(_));
        let exact = if kind { NOUN } else { NOUN_OF_VALUE };
        let meanings = self.parts.entry(noun.stem.clone()).or_default();
        if !meanings.iter().any(|meaning| meaning.target == *target) {
            let (target, forms) = (target.clone(), Vec::new());
            meanings.push(Meaning { target, exact, open: true, forms });
        }
    }

    /// What a key stands for; empty if it is no phrase.
    pub(super) fn meanings(&self, key: &str) -> &[Meaning] {
        self.phrases.get(key).map_or(&[], Vec::as_slice)
    }

    /// What a key stands for, written like this: of meanings with one stem, those that the shop
    /// writes most alike ("bed" is beds rather than bedding), and within `edits_max`.
    pub(super) fn written(&self, key: &str, folded: &str, edits_max: usize) -> Vec<&Meaning> {
        let meanings = self.meanings(key);
        let nearest = meanings.iter().map(|meaning| meaning.distance(folded)).min();
        let limit = (nearest.unwrap_or_default() + 1).min(edits_max);
        // "novio" is a man, although "novia" has the same stem.
        let exact = |target: &MentionTarget| {
            let mut same = meanings.iter().filter(|one| one.target.is_rival(target));
            same.any(|one| one.distance(folded) == 0)
        };
        // "périment" is no form of "père", although both have the stem "per".
        let form = |meaning: &Meaning, edits: usize| {
            let longer = |one: &String| one.starts_with(folded) || folded.starts_with(one.as_str());
            edits <= key.chars().count() || meaning.forms.iter().any(longer)
        };
        let kept = |meaning: &&Meaning| match meaning.distance(folded) {
            0 => true,
            edits => edits <= limit && form(meaning, edits) && !exact(&meaning.target),
        };
        meanings.iter().filter(kept).collect()
    }

    /// What the phrases of several words that are written as this one word stand for.
    pub(super) fn joined(&self, folded: &str) -> &[Meaning] {
        self.joined.get(folded).map_or(&[], |key| self.meanings(key))
    }

    /// What longer phrases with this word stand for: only their nouns if one is; empty if they are
    /// too many.
    pub(super) fn parts(&self, stem: &str) -> Vec<&Meaning> {
        let Some(meanings) = self.parts.get(stem) else { return Vec::new() };
        let nouns: Vec<&Meaning> = meanings.iter().filter(|m| m.exact >= NOUN).collect();
        let found = if nouns.is_empty() { meanings.iter().collect() } else { nouns };
        if found.len() > PART_TARGETS_MAX { Vec::new() } else { found }
    }

    /// Phrases of one word, folded, with their keys.
    pub(super) fn singles(&self) -> &BTreeMap<String, String> {
        &self.singles
    }

    /// Whether a folded word is one of a phrase or of a title, other than a word that describes
    /// only the product `named`.
    pub(super) fn is_ordinary(&self, folded: &str, named: Option<&str>) -> bool {
        let described = self.described.get(folded).map(String::as_str);
        self.ordinary.contains(folded) || described.is_some_and(|sku| Some(sku) != named)
    }

    /// Whether a folded word or a stem is one of this table, or of the shop's texts.
    pub(super) fn knows(&self, word: &str) -> bool {
        self.known.contains(word)
    }

    /// Stem of the word that an unknown one probably stands for: one edit away, with the same first
    /// letter.
    pub(super) fn corrected(&self, folded: &str) -> Option<&str> {
        if folded.chars().count() < TYPO_LETTERS_MIN {
            return None;
        }
        let near = self.spelling.get(&folded.chars().next()?)?;
        let found = near.iter().filter(|(known, _)| known.len().abs_diff(folded.len()) <= 2);
        let mut found = found.filter(|(known, _)| strsim::osa_distance(known, folded) == 1);
        found.next().map(|(_, stem)| stem.as_str())
    }
}

/// German as it is written without umlauts: `grün` → `gruen`.
fn digraphs(text: &str) -> String {
    let mut written = text.to_lowercase();
    for (umlaut, letters) in [("ä", "ae"), ("ö", "oe"), ("ü", "ue")] {
        written = written.replace(umlaut, letters);
    }
    written
}
