//! Recognises products that a text names explicitly, by sku or by name.

use crate::lexicon::Lexicon;
use crate::product::Product;
use crate::words::TEXT_CHARS_MAX;
use crate::words::slug;
use crate::words::stems;
use std::collections::BTreeMap;
use std::collections::BTreeSet;
use std::collections::HashMap;
use vitrine_base::localized::Localized;

/// Fewest letters of each word in a name without its brand, for that name to identify a product.
const NAME_LETTERS_MIN: usize = 5;

/// Names and skus of all products, with their positions in the catalog.
#[derive(Debug, Clone, Default)]
pub(crate) struct Names {
    skus: HashMap<String, usize>,
    /// Names as `_slug_`, so that a name matches whole words only.
    names: Vec<(String, usize)>,
}

impl Names {
    /// Collects the skus and distinctive names of the products.
    pub(crate) fn build(products: &[Product], lexicons: &Localized<Lexicon>) -> Self {
        let skus = products.iter().map(|product| product.sku.as_str().to_uppercase()).zip(0..);
        Self { skus: skus.collect(), names: distinct(products, lexicons) }
    }

    /// Positions of the products that a text names, in ascending order.
    pub(crate) fn mentioned(&self, text: &str) -> BTreeSet<usize> {
        let clipped: String = text.chars().take(TEXT_CHARS_MAX).collect();
        let mut positions: BTreeSet<usize> = BTreeSet::new();
        for token in clipped.split(|c: char| !c.is_alphanumeric() && !"-_./".contains(c)) {
            let token = token.trim_matches(['-', '_', '.', '/']).to_uppercase();
            positions.extend(self.skus.get(&token));
        }
        let said = format!("_{}_", slug(&clipped));
        let named = self.names.iter().filter(|(name, _)| said.contains(name.as_str()));
        positions.extend(named.map(|(_, position)| position));
        positions
    }
}

/// Distinctive names of the products, as `_slug_`: the whole name, and the name without its brand
/// if its words are long and have no meaning in the lexicons. Names of two products are left out.
fn distinct(products: &[Product], lexicons: &Localized<Lexicon>) -> Vec<(String, usize)> {
    let mut found: BTreeMap<String, Option<usize>> = BTreeMap::new();
    let mut add = |name: String, position: usize| {
        let entry = found.entry(name).or_insert(Some(position));
        if *entry != Some(position) {
            *entry = None;
        }
    };
    for (position, product) in products.iter().enumerate() {
        let whole = slug(&product.name);
        let brand = slug(&product.brand);
        let short = whole.strip_prefix(&brand).map_or("", |rest| rest.trim_start_matches('_'));
        let plain = |name: &str| {
            lexicons.iter().any(|(language, lexicon)| {
                let found = stems(&name.replace('_', " "), language);
                found.iter().any(|stem| lexicon.longest(&[stem]).is_some())
            })
        };
        let letters = short.split('_').map(|word| word.chars().count()).min().unwrap_or_default();
        if !brand.is_empty() && letters >= NAME_LETTERS_MIN && !plain(short) {
            add(format!("_{short}_"), position);
        }
        if whole.contains('_') || !plain(&whole) {
            add(format!("_{whole}_"), position);
        }
    }
    found.into_iter().filter_map(|(name, position)| Some((name, position?))).collect()
}
