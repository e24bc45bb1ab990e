//! The noun of a product's name: "watering can" of `Haws Watering Can 1 L – Green`, "bol" of
//! `Bol en grès bleu`.
//!
//! English and German names end with the noun, Romance ones begin with it. A noun counts if several
//! products share it, and if the shop's sentences write it in small letters: names of models are
//! capitals everywhere. In German all nouns are capitals, so sharing must do.

use crate::derive::inflect::stems;
use crate::derive::terms::name_key;
use crate::derive::terms::named;
use crate::derive::terms::terms;
use crate::exports::ExportedProduct;
use std::collections::HashMap;
use std::collections::HashSet;
use std::ops::Range;
use vitrine_base::language::Language;

/// Fewest products that share a noun.
const SHARED_MIN: usize = 2;

/// Fewest letters of a noun.
const LETTERS_MIN: usize = 3;

/// Signs between the parts of a name.
const PARTS: [&str; 8] = [" - ", " – ", " — ", " | ", ", ", " (", " / ", ": "];

/// Words after which a name says what the thing is for, made of or comes with, folded.
const TAILS: [&str; 42] = [
    "with", "for", "in", "by", "from", "of", "and", "avec", "pour", "en", "sans", "par", "et",
    "mit", "fur", "aus", "von", "und", "con", "para", "sin", "y", "per", "senza", "e", "com",
    "sem", "de", "du", "des", "d", "a", "au", "aux", "del", "di", "da", "do", "zum", "zur", "la",
    "&",
];

/// Words for several in one package, whose contents are the goods.
const PACKS: [&str; 14] = [
    "set",
    "pack",
    "box",
    "bag",
    "bundle",
    "lot",
    "coffret",
    "boite",
    "sachet",
    "kit",
    "assortiment",
    "paquet",
    "pair",
    "bunch",
];

/// A noun: its words as one product's name writes them, in small letters.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct Head {
    /// Stems, joined by spaces: equal for singular and plural.
    pub(super) key: String,
    /// As the name writes it, in small letters.
    pub(super) phrase: String,
    /// Whether it is a noun even where no other product shares it.
    pub(super) plain: bool,
}

/// The noun of each product; `None` where no other product has the same.
pub(super) fn heads(
    products: &[&ExportedProduct],
    ordinary: &HashSet<String>,
    language: Language,
) -> Vec<Option<Head>> {
    let candidates: Vec<Vec<Head>> =
        products.iter().map(|product| candidates(product, language)).collect();
    let mut counts: HashMap<&str, usize> = HashMap::new();
    for own in &candidates {
        let keys: HashSet<&str> = own.iter().map(|head| head.key.as_str()).collect();
        for key in keys {
            *counts.entry(key).or_default() += 1;
        }
    }
    let known = |head: &Head| {
        language == Language::DE || head.key.split(' ').all(|word| ordinary.contains(word))
    };
    let shared = |head: &Head| {
        counts.get(head.key.as_str()).is_some_and(|count| *count >= SHARED_MIN)
            && (head.plain || known(head))
    };
    // One word may be a hyphenated one: "sous-main".
    let single = |head: &Head, product: &ExportedProduct| {
        let tagged = || {
            let mut tags = product.tags.iter();
            tags.any(|tag| stems(tag, language) == head.key)
        };
        !head.phrase.contains(' ') && (head.plain || tagged())
    };
    // Longer nouns say more; of equal ones the first part of the name decides.
    let best = |(own, product): (&Vec<Head>, &&ExportedProduct)| {
        let mut good: Vec<&Head> = own.iter().filter(|head| shared(head)).collect();
        good.sort_by_key(|head| std::cmp::Reverse(head.phrase.split(' ').count()));
        let found = good.into_iter().next();
        let found = found.or_else(|| own.iter().find(|head| single(head, product)));
        found.map(|head| Head { plain: true, ..head.clone() })
    };
    candidates.iter().zip(products).map(best).collect()
}

/// Stems of words that are ordinary ones: those that the shop's sentences write in small letters,
/// and those of its tags, types and categories.
pub(super) fn ordinary(products: &[ExportedProduct], language: Language) -> HashSet<String> {
    let mut found = HashSet::new();
    let mut add = |word: &str| {
        found.insert(stems(word, language));
    };
    for product in products {
        for block in &product.body {
            for word in block.text.split(|c: char| !c.is_alphanumeric()) {
                if word.chars().next().is_some_and(char::is_lowercase) {
                    add(word);
                }
            }
        }
        let named = product.tags.iter().chain(product.kinds.iter().flatten());
        for name in named {
            name_key(name).split(' ').for_each(&mut add);
        }
    }
    found
}

fn candidates(product: &ExportedProduct, language: Language) -> Vec<Head> {
    let brand = name_key(&product.brand);
    let mut name = product.name.base.clone();
    for sign in PARTS {
        name = name.replace(sign, "\n");
    }
    let mut found = Vec::new();
    for part in name.split('\n') {
        let written: Vec<&str> = part
            .split(|c: char| !c.is_alphanumeric() && c != '-')
            .filter(|word| !word.is_empty())
            .collect();
        let keys: Vec<String> = written.iter().map(|word| name_key(word)).collect();
        let words: Vec<&str> = keys.iter().map(String::as_str).collect();
        let branded = !brand.is_empty() && words.join(" ").starts_with(&format!("{brand} "));
        let start = if branded { brand.split(' ').count() } else { 0 };
        let start = start + unpacked(&words[start.min(words.len())..]);
        let words = &words[start.min(words.len())..];
        let last = matches!(language, Language::EN | Language::DE);
        let spans =
            if last { ending_with(words, language) } else { beginning_with(words, language) };
        for span in spans {
            let next = written.get(start + span.end);
            let plain = !last && next.is_some_and(|next| !next.starts_with(char::is_uppercase));
            let phrase = written[start + span.start..start + span.end].join(" ");
            let phrase = if language == Language::DE { phrase } else { phrase.to_lowercase() };
            let key = stems(&phrase, language);
            found.push(Head { key, phrase, plain });
        }
    }
    found
}

/// Number of words such as "set of 3" before the goods.
fn unpacked(words: &[&str]) -> usize {
    match words {
        [pack, of, rest @ ..] if PACKS.contains(pack) && TAILS.contains(of) && !rest.is_empty() => {
            let number = rest.first().is_some_and(|word| word.chars().all(|c| c.is_ascii_digit()));
            2 + usize::from(number)
        }
        _ => 0,
    }
}

/// Whether a word is no noun of goods: a number, a unit, a colour, a stop word.
fn is_other(word: &str, language: Language) -> bool {
    word.chars().any(|c| c.is_ascii_digit())
        || word.chars().count() < LETTERS_MIN
        || terms().unit(word).is_some()
        || TAILS.contains(&word)
        || matches!(
            word,
            "small"
                | "medium"
                | "large"
                | "mini"
                | "petit"
                | "grand"
                | "moyen"
                | "set"
                | "pack"
                | "kit"
                | "lot"
        )
        || !named(word, &terms().colours, &[language]).is_empty()
}

/// The last two words and the last word, before a preposition and before a number.
fn ending_with(words: &[&str], language: Language) -> Vec<Range<usize>> {
    let number = |word: &str| word.chars().any(|c| c.is_ascii_digit());
    let stop = words.iter().skip(1).position(|word| TAILS.contains(word) || number(word));
    let mut end = stop.map_or(words.len(), |at| at + 1);
    while end > 0 && is_other(words[end - 1], language) {
        end -= 1;
    }
    let Some(last) = end.checked_sub(1) else { return Vec::new() };
    match last.checked_sub(1).filter(|at| !is_other(words[*at], language)) {
        Some(before) => vec![before..end, last..end],
        None => std::iter::once(last..end).collect(),
    }
}

/// The first word with what follows it ("pot de fleurs", "table basse"), and the first word.
fn beginning_with(words: &[&str], language: Language) -> Vec<Range<usize>> {
    let Some(start) = words.iter().position(|word| !is_other(word, language)) else {
        return Vec::new();
    };
    let joined = |at: usize| words.get(at).is_some_and(|word| TAILS.contains(word));
    let noun = |at: usize| words.get(at).is_some_and(|word| !is_other(word, language));
    let mut found = Vec::new();
    if joined(start + 1) && noun(start + 2) {
        found.push(start..start + 3);
    } else if noun(start + 1) {
        found.push(start..start + 2);
    }
    found.push(start..start + 1);
    found
}
