//! Reads the shop's files: products, vocabulary, past baskets and policies.
//!
//! What is accepted but looks like a slip becomes a warning, which the gateway logs at its start
//! and `vitrine doctor` prints.

use crate::config::Settings;
use crate::offers::BasketLimits;
use crate::offers::Baskets;
use crate::offers::Experiment;
use crate::offers::Offers;
use crate::turn::CatalogLookup;
use anyhow::Context;
use std::path::Path;
use vitrine_base::text_file;
use vitrine_catalog::Catalog;
use vitrine_catalog::CatalogLimits;
use vitrine_dialogue::locale::Locales;
use vitrine_dialogue::policies::Policies;

/// Largest policies file, in bytes.
const POLICIES_BYTES_MAX: u64 = 4 << 20;

/// Limits of the basket file.
const BASKET_LIMITS: BasketLimits = BasketLimits {
    file_bytes_max: 256 << 20,
    baskets_max: 5_000_000,
    basket_articles_max: 100,
    articles_max: 50_000,
    pairs_max: 4_000_000,
    rules_max: 50,
};

/// What the shop's files say.
pub(super) struct ShopData {
    pub(super) catalog: Catalog,
    pub(super) offers: Offers,
    pub(super) policies: Policies,
    pub(super) locales: Locales,
    /// What is accepted but looks like a slip, each with its file.
    pub(super) warnings: Vec<String>,
}

/// Reads the files that the configuration names.
///
/// # Errors
/// If one of them cannot be read or is invalid; the error names the file and the line.
pub(super) fn open(settings: &Settings) -> anyhow::Result<ShopData> {
    let mut warnings = Vec::new();
    let catalog = catalog(settings)?;
    if let Some(path) = &settings.files.catalog {
        warnings.extend(catalog.warnings().iter().map(|warning| in_file(path, warning)));
    }
    let offers = offers(settings, &catalog)?;
    if let Some(path) = &settings.files.baskets {
        let warning = offers.warning(&CatalogLookup(&catalog));
        warnings.extend(warning.map(|warning| in_file(path, &warning)));
    }
    let locales = locales(settings)?;
    let policies = match &settings.files.policies {
        Some(path) => policies(path, &locales).context("cannot open shop.policies")?,
        None => Policies::default(),
    };
    Ok(ShopData { catalog, offers, policies, locales, warnings })
}

/// Topics of `turn.handoff_topics` that no message can have: neither an intent nor a policy topic.
pub(super) fn unknown_topics(
    settings: &Settings,
    policies: &Policies,
    intents: &[String],
) -> Vec<String> {
    let known = || {
        policies
            .topics()
            .iter()
            .map(|topic| topic.id.as_str())
            .chain(intents.iter().map(String::as_str))
    };
    let unknown = |topic: &&String| !known().any(|known| known == topic.as_str());
    let warning = |topic: &String| {
        format!(
            "turn.handoff_topics: `{topic}` is neither an intent of the head nor a policy topic, \
             so it hands nothing off; did you mean `{}`?",
            nearest(topic, known())
        )
    };
    settings.turn.triggers.topics.iter().filter(unknown).map(warning).collect()
}

/// Intents of policies that no message can have. Their texts are found by their own words at most.
pub(super) fn unknown_intents(
    settings: &Settings,
    policies: &Policies,
    intents: &[String],
) -> Vec<String> {
    let Some(path) = &settings.files.policies else { return Vec::new() };
    let named = policies.topics().iter().flat_map(|topic| {
        topic.intents.iter().map(move |intent| (topic.id.as_str(), intent.as_str()))
    });
    let unknown = named.filter(|(_, intent)| !intents.iter().any(|known| known == intent));
    unknown
        .map(|(topic, intent)| {
            let nearest = nearest(intent, intents.iter().map(String::as_str));
            let warning = format!(
                "policy `{topic}` answers `{intent}`, which is no intent of the head, so no \
                 message asks for it; did you mean `{nearest}`?"
            );
            in_file(path, &warning)
        })
        .collect()
}

/// The known name that is most like one that is not known.
fn nearest<'a>(name: &str, known: impl Iterator<Item = &'a str>) -> &'a str {
    let similarity = |known: &&str| strsim::jaro_winkler(known, name);
    known.max_by(|a, b| similarity(a).total_cmp(&similarity(b))).unwrap_or_default()
}

fn policies(path: &Path, locales: &Locales) -> anyhow::Result<Policies> {
    let text = text_file::read(path, POLICIES_BYTES_MAX)?;
    Policies::parse(&text, locales).with_context(|| path.display().to_string())
}

/// The words of each language: those shipped, and those of `locales.dir`.
///
/// # Errors
/// If a file of the folder cannot be read or is malformed.
pub(crate) fn locales(settings: &Settings) -> anyhow::Result<Locales> {
    let shipped = Locales::shipped(settings.turn.style.language)?;
    match &settings.files.locales {
        Some(folder) => shipped.with_folder(folder).context("cannot read locales.dir"),
        None => Ok(shipped),
    }
}

fn in_file(path: &Path, warning: &str) -> String {
    format!("{}: {warning}", path.display())
}

fn catalog(settings: &Settings) -> anyhow::Result<Catalog> {
    let Some(path) = &settings.files.catalog else { return Ok(Catalog::empty()) };
    let facets = settings.files.facets.as_deref();
    let catalog = Catalog::open_with_facets(path, facets, &CatalogLimits::GATEWAY);
    let catalog = catalog.context("cannot open the catalogue (catalog.path, catalog.facets)")?;
    Ok(catalog.falling_back_to(vec![settings.turn.style.language]))
}

fn offers(settings: &Settings, catalog: &Catalog) -> anyhow::Result<Offers> {
    let codes = catalog.codes();
    let find = |code: &str| codes.find(code).cloned();
    let baskets = match &settings.files.baskets {
        Some(path) => Baskets::open_for(path, &BASKET_LIMITS, Some(&find))
            .context("cannot open offers.baskets")?,
        None => Baskets::empty(),
    };
    Ok(Offers::new(baskets, Experiment::new(settings.experiment.clone())?, settings.offers))
}
