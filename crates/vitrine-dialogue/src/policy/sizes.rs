//! Sizes: whether one of the shop's sizes is the one that a customer says, and what sizes of other
//! systems are in the shop's.
//!
//! Source of the shoe sizes: ISO/TS 19407, rounded to whole European sizes. Brands differ by about
//! one size, so a mapped size is always said with a word of caution.

use crate::command::SizeSystem;
use crate::shop::Product;

/// A size as compared: lower case, without spaces, `,` as `.`, `*` and `×` as `x`, without units.
pub(super) fn normal(size: &str) -> String {
    let mut plain: String = size
        .to_lowercase()
        .chars()
        .filter(|character| !character.is_whitespace())
        .map(|character| match character {
            ',' => '.',
            '×' | '*' => 'x',
            other => other,
        })
        .collect();
    for unit in ["cm", "mm", "eu"] {
        if let Some(rest) = plain.strip_suffix(unit)
            && rest.ends_with(|character: char| character.is_ascii_digit())
        {
            plain.truncate(rest.len());
        }
    }
    plain
}

/// Whether the shop's size is, or as a range holds, the size said.
pub(super) fn same(shop: &str, said: &str) -> bool {
    let (shop, said) = (normal(shop), normal(said));
    if shop == said {
        return true;
    }
    let parts: Vec<&str> = shop.split(['-', '/']).collect();
    match parts[..] {
        [low, high] => match (low.parse::<f32>(), high.parse::<f32>(), said.parse::<f32>()) {
            (Ok(low), Ok(high), Ok(said)) => low <= said && said <= high,
            _ => low == said || high == said,
        },
        _ => {
            // "90 x 190" is said of "90x190x20", a mattress with its height.
            shop.contains('x') && said.contains('x') && shop.starts_with(&format!("{said}x"))
        }
    }
}

/// The sizes of a product that are the one said, in the shop's order; a number alone is that of a
/// measure: "2" is "2 l".
pub(super) fn of_product<'a>(product: &'a Product, option: &str, said: &str) -> Vec<&'a str> {
    let values = product.option_values(option);
    let found: Vec<&str> = values.iter().copied().filter(|shop| same(shop, said)).collect();
    if !found.is_empty() {
        return found;
    }
    let said = normal(said);
    let measures = |shop: &&str| {
        let shop = normal(shop);
        let unit = shop.strip_prefix(said.as_str()).filter(|_| said.parse::<f32>().is_ok());
        unit.is_some_and(|unit| !unit.is_empty() && unit.chars().all(char::is_alphabetic))
    };
    values.into_iter().filter(measures).collect()
}

/// The nearest sizes below and above a size that the product is not made in ("42,5").
pub(super) fn between(product: &Product, option: &str, said: &str) -> Option<(String, String)> {
    let wanted = normal(said).parse::<f32>().ok()?;
    let mut below: Option<(f32, &str)> = None;
    let mut above: Option<(f32, &str)> = None;
    for size in product.option_values(option) {
        let Ok(value) = normal(size).parse::<f32>() else { continue };
        if value < wanted && below.is_none_or(|(best, _)| value > best) {
            below = Some((value, size));
        }
        if value > wanted && above.is_none_or(|(best, _)| value < best) {
            above = Some((value, size));
        }
    }
    let ((low, smaller), (high, larger)) = (below?, above?);
    // Further apart, the shop's sizes are of another system.
    (high - low <= 2.0).then(|| (smaller.to_owned(), larger.to_owned()))
}

/// Who a shoe is for: sizes of other systems differ by it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Wearer {
    Men,
    Women,
    Kids,
}

/// European shoe sizes for a size of another system, the likelier first; empty if it is none.
pub(super) fn european(said: &str, system: SizeSystem, wearer: Wearer) -> Vec<String> {
    let Ok(value) = normal(said).parse::<f32>() else { return Vec::new() };
    let exact = match (system, wearer) {
        (SizeSystem::Us, Wearer::Men) if (3.0..=17.0).contains(&value) => value + 33.3,
        (SizeSystem::Us, Wearer::Women) if (3.0..=15.0).contains(&value) => value + 31.0,
        (SizeSystem::Uk, Wearer::Men | Wearer::Women) if (2.0..=16.0).contains(&value) => {
            value + 33.8
        }
        (SizeSystem::Us, Wearer::Kids) if (4.0..=13.5).contains(&value) => value + 17.8,
        (SizeSystem::Us, Wearer::Kids) if (1.0..4.0).contains(&value) => value + 31.0,
        (SizeSystem::Uk, Wearer::Kids) if (3.0..=13.5).contains(&value) => value + 18.2,
        (SizeSystem::Uk, Wearer::Kids) if (1.0..3.0).contains(&value) => value + 32.0,
        (SizeSystem::Cm, _) if (10.0..=34.0).contains(&value) => (value + 1.5) * 1.5,
        _ => return Vec::new(),
    };
    let nearest = exact.round();
    let other = if exact >= nearest { nearest + 1.0 } else { nearest - 1.0 };
    vec![format!("{nearest:.0}"), format!("{other:.0}")]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_shops_sizes_are_recognised_however_they_are_written() {
        for (shop, said) in [
            ("42", "42"),
            ("42,5", "42.5"),
            ("39-42", "41"),
            ("S/M", "m"),
            ("140x190", "140 x 190 cm"),
            ("54 cm", "54"),
            ("140 x 190 cm", "140X190"),
        ] {
            assert!(same(shop, said), "{shop} {said}");
        }
        for (shop, said) in [("42", "43"), ("39-42", "43"), ("XL", "L"), ("140x190", "140x200")] {
            assert!(!same(shop, said), "{shop} {said}");
        }
    }

    #[test]
    fn foreign_sizes_are_near_the_usual_tables() {
        assert_eq!(european("10", SizeSystem::Us, Wearer::Men)[0], "43");
        assert_eq!(european("9", SizeSystem::Uk, Wearer::Men)[0], "43");
        assert_eq!(european("8", SizeSystem::Us, Wearer::Women)[0], "39");
        assert_eq!(european("27", SizeSystem::Cm, Wearer::Men)[0], "43");
        assert_eq!(european("13", SizeSystem::Us, Wearer::Kids)[0], "31");
        assert!(european("44", SizeSystem::Us, Wearer::Men).is_empty());
    }
}
