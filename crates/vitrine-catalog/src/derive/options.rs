//! Keys and values of options: which option is the size, and one spelling for each value.

use crate::compact::compact;
use crate::derive::labels::identifier;
use crate::derive::measures;
use crate::derive::terms::terms;
use crate::exports::ExportedProduct;
use crate::keys::SIZE_KEY;
use std::collections::BTreeMap;
use std::collections::HashMap;
use vitrine_base::language::Language;

/// Keys that the gateway uses for something else.
pub(super) const RESERVED: [&str; 6] =
    ["brand", "category", "said", "budget_max", "budget_min", "size"];

/// Most letters of a size of clothes.
const LETTERS_MAX: usize = 5;

/// Longest value, in characters; longer ones are cut.
const VALUE_CHARS_MAX: usize = 80;

/// The options of one product.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Options {
    /// Keys, in the order of the product's options; `None` for an option without any value.
    pub(super) keys: Vec<Option<String>>,
    /// Values of each variant, in the order of the options.
    pub(super) values: Vec<Vec<String>>,
}

/// The options of all products, and the names that each key stands for.
pub(super) fn derive(
    products: &[ExportedProduct],
    language: Language,
) -> (Vec<Options>, BTreeMap<String, Vec<String>>) {
    let mut names: BTreeMap<String, Vec<String>> = BTreeMap::new();
    let keys: Vec<Vec<Option<String>>> = products.iter().map(keys).collect();
    // Spellings of a value: compared form → spelling → how often.
    let mut spellings: HashMap<(&str, String), BTreeMap<String, usize>> = HashMap::new();
    for (product, keys) in products.iter().zip(&keys) {
        for (name, key) in product.options.iter().zip(keys) {
            let Some(key) = key else { continue };
            let known = names.entry(key.clone()).or_default();
            if !known.contains(name) {
                known.push(name.clone());
            }
        }
        for variant in &product.variants {
            for (value, key) in variant.options.iter().zip(keys) {
                let Some(key) = key else { continue };
                let value = clean(value, language);
                *spellings.entry((key, compact(&value))).or_default().entry(value).or_default() +=
                    1;
            }
        }
    }
    let best = |key: &str, value: String| {
        let found = spellings.get(&(key, compact(&value)));
        let best = found.and_then(|all| all.iter().max_by_key(|(_, count)| **count));
        best.map_or(value, |(spelling, _)| spelling.clone())
    };
    let all = products.iter().zip(&keys).map(|(product, keys)| {
        let values = product.variants.iter().map(|variant| {
            let pairs = variant.options.iter().zip(keys);
            let values = pairs.map(|(value, key)| {
                let value = clean(value, language);
                key.as_deref().map_or_else(String::new, |key| best(key, value))
            });
            values.collect()
        });
        Options { keys: keys.clone(), values: values.collect() }
    });
    (all.collect(), names)
}

/// The words for a variant that suits every value of an option.
fn clean(value: &str, language: Language) -> String {
    let value = value.split_whitespace().collect::<Vec<_>>().join(" ");
    let value: String = value.chars().filter(|c| !c.is_control()).take(VALUE_CHARS_MAX).collect();
    if !value.trim().is_empty() {
        return value.trim().to_owned();
    }
    let any = match language {
        Language::FR => "au choix",
        Language::DE => "beliebig",
        Language::ES => "a elegir",
        Language::IT => "a scelta",
        Language::PT => "à escolha",
        _ => "any",
    };
    any.to_owned()
}

/// A key for each option of a product: the option of sizes is `size`.
fn keys(product: &ExportedProduct) -> Vec<Option<String>> {
    let values = |at: usize| {
        let all = product.variants.iter().filter_map(move |v| v.options.get(at));
        all.map(String::as_str).filter(|value| !value.is_empty()).collect::<Vec<&str>>()
    };
    let used = |at: &usize| !values(*at).is_empty();
    let places: Vec<usize> = (0..product.options.len()).filter(used).collect();
    let named = |key: &str, at: &usize| terms().property(&product.options[*at]) == Some(key);
    let measured = |at: &&usize| terms().is_measure(&product.options[**at]);
    let plain = |at: &&usize| terms().property(&product.options[**at]).is_none();
    let sized = |at: &&usize| plain(at) && values(**at).iter().all(|value| looks_sized(value));
    let size = places.iter().find(|at| named(SIZE_KEY, at));
    let size = size.or_else(|| places.iter().find(measured));
    let size = size.or_else(|| places.iter().find(sized)).copied();
    let mut taken: Vec<String> = Vec::new();
    let keys = (0..product.options.len()).map(|at| {
        if !places.contains(&at) {
            return None;
        }
        let name = &product.options[at];
        let key = match terms().property(name) {
            _ if size == Some(at) => SIZE_KEY.to_owned(),
            Some(SIZE_KEY) | None => identifier(name),
            Some(key) => key.to_owned(),
        };
        let reserved = size != Some(at) && RESERVED.contains(&key.as_str());
        let key = if key.is_empty() || reserved || taken.contains(&key) {
            format!("option_{}", at + 1)
        } else {
            key
        };
        taken.push(key.clone());
        Some(key)
    });
    keys.collect()
}

/// Whether a value looks like a size: letters of clothes, a number, or a measure.
fn looks_sized(value: &str) -> bool {
    let upper = value.trim().to_uppercase();
    // `XS`, `2XL`.
    let letter = upper.trim_start_matches(|c: char| c == 'X' || c.is_ascii_digit());
    let letters = matches!(letter, "S" | "M" | "L") && upper.len() <= LETTERS_MAX
        || matches!(
            upper.as_str(),
            "SMALL" | "MEDIUM" | "LARGE" | "MINI" | "EXTRA LARGE" | "PETIT" | "MOYEN" | "GRAND"
        );
    letters
        || measures::amount(value, "").is_some()
        || measures::number(value).is_some()
        || measures::dimensions(value).is_some()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::exports::Place;

    fn product(options: &[&str], rows: &[&[&str]]) -> ExportedProduct {
        let mut product = ExportedProduct::new(Place::default(), "a".to_owned(), "A".to_owned());
        product.options = options.iter().map(|name| (*name).to_owned()).collect();
        let price = vitrine_base::money::Money::parse("1.00", "EUR").unwrap();
        product.variants = rows
            .iter()
            .map(|row| crate::exports::ExportedVariant {
                line: 1,
                sku: String::new(),
                options: row.iter().map(|value| (*value).to_owned()).collect(),
                price,
                compare_at: None,
                stock: None,
                availability: crate::Availability::InStock,
                gtin: None,
                url: None,
                grams: None,
            })
            .collect();
        product
    }

    fn keys_of(options: &[&str], row: &[&str]) -> Vec<String> {
        let (found, _) = derive(&[product(options, &[row])], Language::EN);
        found[0].keys.iter().map(|key| key.clone().unwrap_or_default()).collect()
    }

    #[test]
    fn the_option_of_sizes_is_found_by_its_name_or_its_values() {
        assert_eq!(keys_of(&["Couleur", "Taille du pot"], &["vert", "M"]), ["colour", "size"]);
        assert_eq!(keys_of(&["Volume"], &["50 ml"]), ["size"]);
        assert_eq!(keys_of(&["Variant"], &["15 x 21 cm"]), ["size"]);
        assert_eq!(keys_of(&["Style"], &["ruled"]), ["style"]);
        assert_eq!(keys_of(&["Size", "Length"], &["M", "30"]), ["size", "length"]);
        assert_eq!(keys_of(&["Brand"], &["x"]), ["option_1"]);
        assert_eq!(keys_of(&["Size"], &[""]), [""]);
    }

    #[test]
    fn a_value_has_one_spelling() {
        let all = [
            product(&["Size"], &[&["12cm"], &["14 cm"]]),
            product(&["size"], &[&["12 cm"], &["14 cm"]]),
            product(&["Size"], &[&["12 cm"]]),
        ];
        let (found, names) = derive(&all, Language::EN);
        assert_eq!(found[0].values, [["12 cm"], ["14 cm"]]);
        assert_eq!(names["size"], ["Size", "size"]);
    }
}
