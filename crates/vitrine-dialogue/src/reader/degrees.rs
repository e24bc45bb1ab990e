//! Degrees of a property: "which is the lightest?", "laquelle tient le plus longtemps ?".

use super::cues::Cue;
use super::cues::Hit;
use super::cues::Meaning;
use super::properties::inside;
use super::properties::key_of;
use super::properties::own_key;
use super::properties::product_at;
use super::references;
use super::scene::Scene;
use super::scene::Sentence;
use crate::command::Command;
use crate::command::Question;
use crate::command::Reference;
use crate::command::Said;
use crate::shop::Product;
use crate::shop::sentences;
use std::ops::Range;

/// Most products of a comparison.
pub(crate) const COMPARED_MAX: usize = 3;

/// The longest of some phrases that says most or least.
fn longest<'h>(hits: impl Iterator<Item = &'h Hit>) -> Option<bool> {
    let degrees = hits.filter(|hit| hit.is(Cue::Most) || hit.is(Cue::Least));
    degrees.max_by_key(|hit| hit.tokens.len()).map(|hit| hit.is(Cue::Most))
}

/// Whether a message asks for most or for least of something; `None` if for neither.
pub(crate) fn of(scene: &Scene<'_>) -> Option<bool> {
    longest(scene.hits.iter())
}

/// Whether a sentence compares by degree.
pub(crate) fn in_sentence(scene: &Scene<'_>, sentence: &Sentence) -> bool {
    longest(scene.hits.iter().filter(|hit| inside(&hit.tokens, &sentence.tokens))).is_some()
}

/// The general property that a sentence names, with its place.
fn named(scene: &Scene<'_>, sentence: &Sentence) -> Option<(String, Range<usize>)> {
    scene.hits.iter().find_map(|hit| match &hit.meaning {
        Meaning::Attribute(name) if inside(&hit.tokens, &sentence.tokens) => {
            Some((name.clone(), hit.tokens.clone()))
        }
        _ => None,
    })
}

/// The property by which a sentence compares two products that it names: "the Corda or the Tamis,
/// which is lighter?". `None` if it compares by no degree, or by no property that is known.
pub(crate) fn key(scene: &Scene<'_>, sentence: &Sentence, first: &Reference) -> Option<String> {
    if !in_sentence(scene, sentence) {
        return None;
    }
    let product = product_at(scene, Some(first));
    let key = match named(scene, sentence) {
        Some((name, _)) => key_of(scene, &name, product),
        None => own_key(scene, sentence, Some(first)),
    };
    Some(key).filter(|key| !key.is_empty())
}

/// What one of the products compared says of itself in the words of the question: "three times
/// lighter than cast iron".
pub(crate) fn told(scene: &Scene<'_>, commands: &[Said], most: bool) -> Option<(String, String)> {
    let asked = commands.iter().any(|said| {
        let both = |about: &Option<Reference>| *about == Some(Reference::Both);
        matches!(&said.command, Command::Ask { question: Question::Attribute { .. }, about }
            if both(about))
    });
    let property = scene.sentences.iter().find_map(|sentence| named(scene, sentence));
    let (property, _) = property.filter(|_| asked)?;
    let compared = commands.iter().find_map(|said| match &said.command {
        Command::Compare { references } => Some(references.as_slice()),
        _ => None,
    });
    let named = compared.unwrap_or_default().iter();
    let named: Vec<&Product> =
        named.filter_map(|reference| product_at(scene, Some(reference))).collect();
    let products = if named.is_empty() { references::shown(scene) } else { named };
    products.into_iter().take(COMPARED_MAX).find_map(|product| {
        let language = scene.input.language;
        let features = product.features(language).iter().map(String::as_str);
        let mut texts = features.chain(sentences(product, language));
        let says = |text: &&str| {
            let hits = scene.cues.find(&scene.cues.tokens(text));
            let of = |hit: &Hit| hit.meaning == Meaning::Attribute(property.clone());
            longest(hits.iter()) == Some(most) && hits.iter().any(of)
        };
        let text = texts.find(says)?.to_owned();
        Some((product.sku.to_string(), text))
    })
}
