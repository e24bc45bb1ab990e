//! Singular and plural of the nouns of goods, by the regular rules of English, French, Spanish and
//! Portuguese and their common exceptions. Other languages keep the form that the shop writes.
//!
//! Matching stems words anyway; these forms are for labels, titles and irregular plurals.

use crate::derive::terms::name_key;
use crate::words::fold;
use crate::words::stem;
use vitrine_base::language::Language;

/// Irregular English nouns: singular, plural.
const ENGLISH: [(&str, &str); 20] = [
    ("knife", "knives"),
    ("shelf", "shelves"),
    ("leaf", "leaves"),
    ("scarf", "scarves"),
    ("loaf", "loaves"),
    ("half", "halves"),
    ("wolf", "wolves"),
    ("child", "children"),
    ("man", "men"),
    ("woman", "women"),
    ("foot", "feet"),
    ("tooth", "teeth"),
    ("mouse", "mice"),
    ("goose", "geese"),
    ("person", "people"),
    ("cactus", "cacti"),
    ("bookshelf", "bookshelves"),
    ("succulent", "succulents"),
    ("penknife", "penknives"),
    ("box", "boxes"),
];

/// English nouns without a singular, or with one form for both.
const ENGLISH_SAME: [&str; 25] = [
    "scissors",
    "secateurs",
    "pliers",
    "tongs",
    "tweezers",
    "trousers",
    "jeans",
    "leggings",
    "tights",
    "shorts",
    "glasses",
    "sunglasses",
    "series",
    "species",
    "gloves",
    "stationery",
    "furniture",
    "clothing",
    "jewellery",
    "jewelry",
    "equipment",
    "luggage",
    "bedding",
    "compost",
    "soil",
];

/// Endings of English words in -ing that are things; others, such as "bedding", have no plural.
const ENGLISH_THINGS: [&str; 5] = ["string", "earring", "stocking", "legging", "wing"];

/// French nouns with one form for both, folded.
const FRENCH_SAME: [&str; 26] = [
    "tapis", "engrais", "semis", "bois", "pois", "jus", "bras", "repas", "vis", "fils", "lys",
    "iris", "cactus", "hibiscus", "ananas", "bas", "dos", "matelas", "chassis", "colis", "anis",
    "riz", "gaz", "prix", "noix", "croix",
];

/// The stems of a text, by which two spellings of a noun are equal: singular and plural, irregular
/// ones too.
pub(super) fn stems(text: &str, language: Language) -> String {
    let key = name_key(text);
    let stems = key.split(' ').map(|word| stem(&singular(word, language), language));
    stems.collect::<Vec<_>>().join(" ")
}

/// The singular of a phrase: of its last word in English, of the words before a preposition in the
/// Romance languages.
pub(super) fn singular(phrase: &str, language: Language) -> String {
    inflected(phrase, language, &|word| match language {
        Language::EN => english_singular(word),
        Language::FR => french_singular(word),
        Language::ES => spanish_singular(word),
        Language::PT => portuguese_singular(word),
        _ => word.to_owned(),
    })
}

/// The plural of a phrase, as [`singular`].
pub(super) fn plural(phrase: &str, language: Language) -> String {
    inflected(phrase, language, &|word| match language {
        Language::EN => english_plural(word),
        Language::FR => french_plural(word),
        Language::ES => spanish_plural(word),
        _ => word.to_owned(),
    })
}

fn inflected(phrase: &str, language: Language, form: &dyn Fn(&str) -> String) -> String {
    let words: Vec<&str> = phrase.split(' ').collect();
    let romance = matches!(language, Language::FR | Language::ES | Language::PT);
    let end = match romance {
        true => words.iter().position(|word| is_preposition(word)).unwrap_or(words.len()),
        false => words.len(),
    };
    let words = words.iter().enumerate().map(|(at, word)| {
        let last = at + 1 == words.len();
        if (romance && at < end) || (language == Language::EN && last) {
            form(word)
        } else {
            (*word).to_owned()
        }
    });
    words.collect::<Vec<_>>().join(" ")
}

/// Whether a word begins what a noun is for or made of.
fn is_preposition(word: &str) -> bool {
    let folded = fold(word);
    let elided = folded.starts_with("d'") || folded.starts_with("l'");
    elided
        || matches!(
            folded.as_str(),
            "de" | "du"
                | "des"
                | "a"
                | "au"
                | "aux"
                | "en"
                | "pour"
                | "sur"
                | "sans"
                | "avec"
                | "et"
                | "para"
                | "con"
                | "sin"
                | "y"
                | "e"
                | "do"
                | "da"
                | "dos"
                | "das"
                | "com"
                | "sem"
                | "del"
                | "&"
                | "/"
        )
}

/// Replaces an ending; the letters before it keep their case.
fn ending(word: &str, from: &str, to: &str) -> String {
    let kept = word.len().saturating_sub(from.len());
    word.get(..kept).map_or_else(|| word.to_owned(), |kept| format!("{kept}{to}"))
}

fn with_case(word: &str, other: &str) -> String {
    let capital = word.chars().next().is_some_and(char::is_uppercase);
    let mut letters = other.chars();
    match letters.next() {
        Some(first) if capital => first.to_uppercase().chain(letters).collect(),
        _ => other.to_owned(),
    }
}

fn english_singular(word: &str) -> String {
    let lower = word.to_lowercase();
    if ENGLISH_SAME.contains(&lower.as_str()) {
        return word.to_owned();
    }
    if let Some((one, _)) = ENGLISH.iter().find(|(_, many)| *many == lower) {
        return with_case(word, one);
    }
    let long = lower.chars().count() > 3;
    if lower.ends_with("ies") && lower.chars().count() > 4 {
        ending(word, "ies", "y")
    } else if ["ches", "shes", "xes", "sses", "zes"].iter().any(|end| lower.ends_with(end)) {
        ending(word, "es", "")
    } else if long && lower.ends_with('s') && !["ss", "us", "is"].iter().any(|e| lower.ends_with(e))
    {
        ending(word, "s", "")
    } else {
        word.to_owned()
    }
}

fn english_plural(word: &str) -> String {
    let lower = word.to_lowercase();
    let letters = lower.chars().all(char::is_alphabetic);
    if !letters || ENGLISH_SAME.contains(&lower.as_str()) || english_singular(word) != word {
        return word.to_owned();
    }
    if let Some((_, many)) = ENGLISH.iter().find(|(one, _)| *one == lower) {
        return with_case(word, many);
    }
    if ENGLISH.iter().any(|(_, many)| *many == lower) {
        return word.to_owned();
    }
    let thing = lower == "ring" || ENGLISH_THINGS.iter().any(|thing| lower.ends_with(thing));
    if lower.ends_with("ing") && !thing {
        return word.to_owned();
    }
    let before = lower.chars().rev().nth(1);
    if lower.ends_with('y') && before.is_some_and(|c| !"aeiou".contains(c)) {
        ending(word, "y", "ies")
    } else if ["ch", "sh", "x", "ss", "z", "us"].iter().any(|end| lower.ends_with(end)) {
        format!("{word}es")
    } else {
        format!("{word}s")
    }
}

fn french_singular(word: &str) -> String {
    let folded = fold(word);
    let same = FRENCH_SAME.contains(&folded.as_str()) || word.ends_with("ès");
    if same || folded.chars().count() < 4 {
        return word.to_owned();
    }
    if folded.ends_with("eaux") || folded.ends_with("oux") || folded.ends_with("yaux") {
        ending(word, "x", "")
    } else if folded.ends_with("aux") {
        ending(word, "aux", "al")
    } else if folded.ends_with('s') && !folded.ends_with("ss") && !folded.ends_with("us") {
        ending(word, "s", "")
    } else {
        word.to_owned()
    }
}

fn french_plural(word: &str) -> String {
    let folded = fold(word);
    let letters = folded.chars().all(char::is_alphabetic) && folded.chars().count() > 1;
    if !letters || folded.ends_with(['s', 'x', 'z']) {
        word.to_owned()
    } else if folded.ends_with("eau") || folded.ends_with("eu") {
        format!("{word}x")
    } else if folded.ends_with("al") && folded.chars().count() > 4 {
        ending(word, "al", "aux")
    } else {
        format!("{word}s")
    }
}

fn spanish_singular(word: &str) -> String {
    let folded = fold(word);
    let consonant = ["res", "les", "nes", "des", "jes"].iter().any(|end| folded.ends_with(end));
    if folded.chars().count() < 4 || folded.ends_with("ss") {
        word.to_owned()
    } else if folded.ends_with("ces") {
        ending(word, "ces", "z")
    } else if consonant {
        ending(word, "es", "")
    } else if folded.ends_with(['s']) && !folded.ends_with("us") && !folded.ends_with("is") {
        ending(word, "s", "")
    } else {
        word.to_owned()
    }
}

fn spanish_plural(word: &str) -> String {
    let folded = fold(word);
    if !folded.chars().all(char::is_alphabetic) || folded.ends_with('s') || folded.is_empty() {
        word.to_owned()
    } else if folded.ends_with('z') {
        ending(word, "z", "ces")
    } else if folded.ends_with(['a', 'e', 'i', 'o', 'u']) {
        format!("{word}s")
    } else {
        format!("{word}es")
    }
}

fn portuguese_singular(word: &str) -> String {
    let folded = fold(word);
    if folded.chars().count() < 4 || !folded.ends_with('s') {
        word.to_owned()
    } else if word.ends_with("ões") {
        ending(word, "ões", "ão")
    } else if folded.ends_with("res") || folded.ends_with("zes") {
        ending(word, "es", "")
    } else if folded.ends_with("ns") {
        ending(word, "ns", "m")
    } else if ["us", "is", "ss"].iter().any(|end| folded.ends_with(end)) {
        word.to_owned()
    } else {
        ending(word, "s", "")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nouns_have_their_usual_forms() {
        for (language, one, many) in [
            (Language::EN, "watering can", "watering cans"),
            (Language::EN, "Plant shelf", "Plant shelves"),
            (Language::EN, "brush", "brushes"),
            (Language::EN, "berry", "berries"),
            (Language::EN, "cactus", "cacti"),
            (Language::EN, "secateurs", "secateurs"),
            (Language::FR, "plante verte", "plantes vertes"),
            (Language::FR, "pot de fleurs", "pots de fleurs"),
            (Language::FR, "bocal en verre", "bocaux en verre"),
            (Language::FR, "couteau", "couteaux"),
            (Language::FR, "tapis", "tapis"),
            (Language::ES, "flor seca", "flores secas"),
            (Language::ES, "maceta de barro", "macetas de barro"),
        ] {
            assert_eq!(singular(many, language), one);
            assert_eq!(plural(one, language), many);
            assert_eq!(plural(many, language), many);
            assert_eq!(singular(one, language), one);
        }
        assert_eq!(singular("Botões", Language::PT), "Botão");
        assert_eq!(singular("Gießkannen", Language::DE), "Gießkannen");
    }

    proptest::proptest! {
        #[test]
        fn any_phrase_has_forms(phrase in "\\PC{0,40}") {
            for language in Language::SHIPPED {
                let _ = (singular(&phrase, language), plural(&phrase, language));
            }
        }
    }
}
