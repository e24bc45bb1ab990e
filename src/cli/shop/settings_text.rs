//! Writes `vitrine.toml` of an imported shop.

use std::fmt::Write;
use std::path::PathBuf;
use vitrine_base::language::Language;
use vitrine_catalog::derive::ShopSummary;

/// Most categories that a shop is described by.
const ABOUT_MAX: usize = 3;

/// What the command line gave or what was found out.
pub(super) struct Given {
    pub(super) language: Language,
    pub(super) detected: bool,
    pub(super) shop_url: Option<String>,
    pub(super) checkout_url: Option<String>,
    /// Whether values were grouped by an encoder.
    pub(super) grouped: bool,
    /// The folder of the models, absolute.
    pub(super) models: PathBuf,
    pub(super) name: String,
}

impl Given {
    /// The defaults that were applied, each with how to change it.
    pub(super) fn defaults(&self, summary: &ShopSummary) -> Vec<String> {
        let mut found = Vec::new();
        let code = self.language.code();
        if self.detected {
            found.push(format!("language of the texts: {code}, detected (--language)"));
        }
        if self.shop_url.is_none() && summary.with_link < summary.products {
            found.push("links to products: none (--shop-url)".to_owned());
        }
        if self.checkout_url.is_none() {
            found.push("checkout: a person takes over (--checkout-url)".to_owned());
        }
        if !self.grouped {
            let text = "values that mean the same: not grouped, as no encoder was found";
            found.push(text.to_owned());
        }
        found
    }
}

fn quoted(text: &str) -> String {
    toml::Value::String(text.to_owned()).to_string()
}

/// The text of the file; it starts from any working directory.
pub(super) fn write(given: &Given, summary: &ShopSummary) -> String {
    let mut out = String::new();
    let mut put = |line: String| {
        // Writing to a string cannot fail.
        let _ = writeln!(out, "{line}");
    };
    put("# Paths are relative to this file, except the folder of the models.".to_owned());
    put("\n[data]".to_owned());
    put("dir = \"data\"".to_owned());
    put("\n[models]".to_owned());
    put(format!("dir = {}", quoted(&given.models.display().to_string())));
    put("\n[catalog]".to_owned());
    put("path = \"catalog.ndjson\"".to_owned());
    put("facets = \"facets.toml\"".to_owned());
    put("\n[shop]".to_owned());
    put(format!("name = {}", quoted(&given.name)));
    if let Some(about) = about(given.language, summary) {
        put(format!("about_{} = {}", given.language.code(), quoted(&about)));
    }
    put(format!("language = {}", quoted(given.language.code())));
    match &given.checkout_url {
        Some(url) => put(format!("checkout_url = {}", quoted(url))),
        None => put(
            "# checkout_url = \"https://shop.example/cart?sku={sku}&quantity={quantity}\"  # none: a \
             person takes over"
                .to_owned(),
        ),
    }
    out
}

/// The largest categories, in the languages that the configuration has words for.
fn about(language: Language, summary: &ShopSummary) -> Option<String> {
    if !Language::SHIPPED.contains(&language) {
        return None;
    }
    let mut widest: Vec<(usize, &str)> = Vec::new();
    for category in summary.categories.iter().filter(|category| category.parent.is_none()) {
        let below = |id: &str| {
            let mut wanted = vec![id];
            let mut count = 0;
            while let Some(id) = wanted.pop() {
                for other in &summary.categories {
                    if other.parent.as_deref() == Some(id) {
                        count += other.products;
                        wanted.push(&other.id);
                    }
                }
            }
            count
        };
        widest.push((category.products + below(&category.id), category.label.as_str()));
    }
    widest.sort_by_key(|(count, _)| std::cmp::Reverse(*count));
    let labels: Vec<&str> = widest.into_iter().take(ABOUT_MAX).map(|(_, label)| label).collect();
    (!labels.is_empty()).then(|| labels.join(", "))
}
