//! Products that a text names by their code, their name or the part of it that is theirs alone, and
//! brands.
//!
//! A part of a name is distinctive if it is long enough, means nothing in the shop's languages, and
//! few products have it: "Isolde" of "Vélance Isolde". One typing error is forgiven.

use crate::keys::BRAND_KEY;
use crate::mentions::candidates::Candidate;
use crate::mentions::phrases::PhraseTable;
use crate::mentions::phrases::TYPO_LETTERS_MIN;
use crate::mentions::target::MentionTarget;
use crate::mentions::tokens::Gap;
use crate::mentions::tokens::Token;
use crate::mentions::tokens::tokens;
use crate::product::Product;
use crate::stopwords::is_stop_word;
use crate::words::TEXT_CHARS_MAX;
use std::collections::BTreeMap;
use std::collections::BTreeSet;
use std::collections::HashMap;
use vitrine_base::language::Language;
use vitrine_base::localized::Localized;

/// Fewest letters of a distinctive word.
const WORD_LETTERS_MIN: usize = 4;

/// Most products that one name, or one word of a name, may stand for.
const SHARED_MAX: usize = 3;

/// Certainty of a name that is made of ordinary words, of a single word of a name, of one that
/// several products share, and of a typing error.
const ORDINARY: f32 = 0.85;
const ONE_WORD: f32 = 0.8;
const SHARED: f32 = 0.7;
const TYPO: f32 = 0.85;

/// Certainty of a code without digits that is not in capitals, and of one of digits alone.
const PLAIN_CODE: f32 = 0.7;

/// Fewest characters of a code that is recognised.
const CODE_CHARS_MIN: usize = 3;

/// What a name stands for, and how certainly.
#[derive(Debug, Clone, PartialEq)]
struct Named {
    target: MentionTarget,
    exact: f32,
}

/// Names of products and brands.
#[derive(Debug, Clone, Default)]
pub(super) struct NameTable {
    /// Folded words, joined by spaces → what they name.
    names: HashMap<String, Vec<Named>>,
    words_max: usize,
    /// First letter → words of names, for typing errors.
    spelling: HashMap<char, BTreeSet<String>>,
    /// Code in upper case → the product, and the options of the variant.
    codes: HashMap<String, Vec<MentionTarget>>,
}

fn folded(text: &str) -> Vec<String> {
    tokens(text).into_iter().map(|token| token.folded).collect()
}

impl NameTable {
    /// Collects names and codes; `phrases` says which words are ordinary ones.
    pub(super) fn build(products: &[Product], phrases: &Localized<PhraseTable>) -> Self {
        let ordinary = |word: &String, named: Option<&str>| {
            word.chars().count() < WORD_LETTERS_MIN
                || word.chars().all(|c| c.is_ascii_digit())
                || phrases.values().any(|table| table.is_ordinary(word, named))
                || Language::SHIPPED.iter().any(|language| is_stop_word(word, *language))
        };
        let mut table = Self::default();
        let mut words: BTreeMap<String, Vec<MentionTarget>> = BTreeMap::new();
        for product in products {
            let target = MentionTarget::Product(product.sku.clone());
            let brand = folded(&product.brand);
            let whole = folded(&product.name);
            if let [value] = product.values(BRAND_KEY) {
                table.add(&brand, MentionTarget::Brand(value.clone()), 1.0);
            }
            let own: Vec<String> = without(&whole, &brand);
            // A name of one word may also describe the product: "Cygne", a swan-necked kettle.
            let named = (own.len() == 1).then_some(product.sku.as_str());
            let distinct: Vec<&String> = own.iter().filter(|word| !ordinary(word, named)).collect();
            if whole.len() > 1 || !distinct.is_empty() {
                let exact = if distinct.is_empty() { ORDINARY } else { 1.0 };
                table.add(&whole, target.clone(), exact);
            }
            // "Rouge Satin" is a name, even of ordinary words.
            if own.len() < whole.len() && !(distinct.is_empty() && own.len() < 2) {
                let exact = if distinct.is_empty() { ORDINARY } else { 1.0 };
                table.add(&own, target.clone(), exact);
            }
            for word in distinct {
                words.entry(word.clone()).or_default().push(target.clone());
            }
            table.add_codes(product);
        }
        for (word, targets) in words {
            if targets.len() <= SHARED_MAX && !table.names.contains_key(&word) {
                let exact = if targets.len() == 1 { ONE_WORD } else { SHARED };
                for target in targets {
                    table.add(std::slice::from_ref(&word), target, exact);
                }
            }
        }
        table.names.retain(|_, named| named.len() <= SHARED_MAX);
        table
    }

    fn add(&mut self, words: &[String], target: MentionTarget, exact: f32) {
        if words.is_empty() {
            return;
        }
        self.words_max = self.words_max.max(words.len());
        let named = self.names.entry(words.join(" ")).or_default();
        if !named.iter().any(|known| known.target == target) {
            named.push(Named { target, exact });
        }
        for word in words.iter().filter(|word| word.chars().count() >= TYPO_LETTERS_MIN) {
            if let Some(first) = word.chars().next() {
                self.spelling.entry(first).or_default().insert(word.clone());
            }
        }
    }

    /// Whether a folded word is part of a name.
    pub(super) fn knows(&self, word: &str) -> bool {
        let first = word.chars().next().and_then(|first| self.spelling.get(&first));
        first.is_some_and(|words| words.contains(word))
    }

    fn add_codes(&mut self, product: &Product) {
        let target = MentionTarget::Product(product.sku.clone());
        self.codes.insert(product.sku.as_str().to_uppercase(), vec![target.clone()]);
        for variant in product.variants.iter().filter(|variant| variant.sku != product.sku) {
            let options = variant.options.iter().map(|(key, value)| MentionTarget::Option {
                key: key.clone(),
                value: value.clone(),
            });
            let targets = [target.clone()].into_iter().chain(options).collect();
            self.codes.entry(variant.sku.as_str().to_uppercase()).or_insert(targets);
        }
    }

    /// Adds the products and brands that a text names; `known` says which words are spelt right.
    pub(super) fn find(
        &self,
        text: &str,
        tokens: &[Token],
        known: &dyn Fn(&str) -> bool,
        found: &mut Vec<Candidate>,
    ) {
        self.find_codes(text, found);
        let words: Vec<(&str, bool)> = tokens.iter().map(|t| self.word(t, known)).collect();
        let mut at = 0;
        while at < tokens.len() {
            let run = 1 + tokens[at + 1..].iter().take_while(|t| t.before != Gap::Break).count();
            let longest = (1..=run.min(self.words_max)).rev().find_map(|length| {
                let taken = &words[at..at + length];
                let name: Vec<&str> = taken.iter().map(|(word, _)| *word).collect();
                let named = self.names.get(&name.join(" "))?;
                Some((length, named, taken.iter().any(|(_, corrected)| *corrected)))
            });
            let Some((length, named, corrected)) = longest else {
                at += 1;
                continue;
            };
            let span = tokens[at].span.start..tokens[at + length - 1].span.end;
            for named in named {
                let typo = if corrected { TYPO } else { 1.0 };
                found.push(Candidate {
                    span: span.clone(),
                    target: named.target.clone(),
                    exact: named.exact * typo,
                    open: false,
                });
            }
            at += length;
        }
    }

    /// The word of a name that a token is or probably stands for, and whether it was corrected.
    fn word<'a>(&'a self, token: &'a Token, known: &dyn Fn(&str) -> bool) -> (&'a str, bool) {
        let own = token.folded.as_str();
        let letters = own.chars().count();
        let first = own.chars().next().unwrap_or_default();
        let near = self.spelling.get(&first);
        let right = letters < TYPO_LETTERS_MIN
            || near.is_some_and(|near| near.contains(own))
            || known(own)
            || Language::SHIPPED.iter().any(|language| is_stop_word(own, *language));
        if right {
            return (own, false);
        }
        let near = near.into_iter().flatten();
        let mut near = near.filter(|name| name.len().abs_diff(own.len()) <= 2);
        match near.find(|name| strsim::osa_distance(name, own) == 1) {
            Some(name) => (name, true),
            None => (own, false),
        }
    }

    fn find_codes(&self, text: &str, found: &mut Vec<Candidate>) {
        let end = text.char_indices().nth(TEXT_CHARS_MAX).map_or(text.len(), |(byte, _)| byte);
        let clipped = &text[..end];
        let outside = |c: char| !c.is_alphanumeric() && !"-_./".contains(c);
        for piece in clipped.split(outside) {
            let code = piece.trim_matches(['-', '_', '.', '/']);
            if code.chars().count() < CODE_CHARS_MIN {
                continue;
            }
            let Some(targets) = self.codes.get(&code.to_uppercase()) else { continue };
            let start = code.as_ptr() as usize - text.as_ptr() as usize;
            let digits = code.chars().filter(char::is_ascii_digit).count();
            let capitals = code.chars().all(|c| !c.is_lowercase());
            let plain = digits == code.len() || digits == 0 && !capitals;
            for target in targets {
                found.push(Candidate {
                    span: start..start + code.len(),
                    target: target.clone(),
                    exact: if plain { PLAIN_CODE } else { 1.0 },
                    open: false,
                });
            }
        }
    }
}

/// A name without the words of its brand, where they begin or end it.
fn without(whole: &[String], brand: &[String]) -> Vec<String> {
    if brand.is_empty() || brand.len() >= whole.len() {
        return whole.to_vec();
    }
    let rest = whole.strip_prefix(brand).or_else(|| whole.strip_suffix(brand));
    rest.unwrap_or(whole).to_vec()
}
