//! Finds the sku that a code in another file means: other programs write codes in other letter
//! case.

use std::collections::HashMap;
use vitrine_base::ids::Sku;

/// The skus of a catalog by their codes.
#[derive(Debug, Clone, Default)]
pub struct SkuCodes {
    exact: HashMap<String, Sku>,
    /// By lower-case code; `None` for one that several skus share.
    folded: HashMap<String, Option<Sku>>,
}

impl SkuCodes {
    /// These codes, each with the sku that it means.
    pub(super) fn new<'a>(codes: impl Iterator<Item = (&'a str, &'a Sku)>) -> Self {
        let mut known = Self::default();
        for (code, sku) in codes {
            known.exact.insert(code.to_owned(), sku.clone());
            let folded = known.folded.entry(code.to_lowercase());
            folded
                .and_modify(|other| *other = other.take().filter(|other| other == sku))
                .or_insert_with(|| Some(sku.clone()));
        }
        known
    }

    /// The sku that a code means: the one with the same letters, else the only one that differs in
    /// letter case alone.
    #[must_use]
    pub fn find(&self, code: &str) -> Option<&Sku> {
        let same = self.exact.get(code);
        same.or_else(|| self.folded.get(&code.to_lowercase())?.as_ref())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_is_found_whatever_its_letter_case_unless_two_skus_differ_in_it_alone() {
        let skus = ["RUN-012", "Gel-05", "a", "A"].map(|sku| Sku::new(sku).unwrap());
        let codes = SkuCodes::new(skus.iter().map(|sku| (sku.as_str(), sku)));
        let found = |code| codes.find(code).map(Sku::as_str);
        assert_eq!(found("run-012"), Some("RUN-012"));
        assert_eq!(found("GEL-05"), Some("Gel-05"));
        assert_eq!((found("a"), found("A")), (Some("a"), Some("A")));
        assert_eq!(found("RUN-013"), None);
        let accented = Sku::new("É").unwrap();
        let skus = skus[2..].iter().chain([&accented]);
        let twins = SkuCodes::new(skus.map(|sku| (sku.as_str(), sku)));
        assert_eq!(twins.find("é").map(Sku::as_str), Some("É"));
    }
}
