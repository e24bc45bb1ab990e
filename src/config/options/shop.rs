//! Options of the shop: its files, its profile and its offers.

use crate::config::error::ConfigError;
use crate::config::options::place;
use crate::config::raw::Raw;
use crate::config::raw::shop::Shop;
use crate::config::values::Values;
use crate::offers::ExperimentOptions;
use crate::offers::GuardrailOptions;
use crate::offers::OfferOptions;
use crate::turn::ShopProfile;
use rust_decimal::Decimal;
use std::path::Path;
use std::path::PathBuf;
use vitrine_base::language::Language;
use vitrine_base::localized::Localized;

/// Salt of the offer experiment. Another name reassigns customers to arms.
const EXPERIMENT: &str = "offers-1";

/// Lowest sarcasm score, 0 to 1, at which no offer is made.
const SARCASM_MIN: f32 = 0.5;
/// Sentiment score (-1 to 1) below which no offer is made.
const SENTIMENT_MIN: f32 = -0.4;

/// Paths of the shop's files; `None` for those that it does not have.
#[derive(Debug, Clone)]
pub(crate) struct ShopFiles {
    /// Products, or the folder that holds them.
    pub(crate) catalog: Option<PathBuf>,
    /// Facet labels and questions; `None`: `facets.toml` beside the products, if there is one.
    pub(crate) facets: Option<PathBuf>,
    /// Past baskets.
    pub(crate) baskets: Option<PathBuf>,
    /// Policy texts.
    pub(crate) policies: Option<PathBuf>,
    /// Folder of further languages.
    #[expect(dead_code, reason = "replies do not use the files of languages yet")]
    pub(crate) locales: Option<PathBuf>,
}

/// The shop's files.
///
/// # Errors
/// If a path starts at a home folder that is unknown.
pub(crate) fn files(raw: &Raw, root: &Path, values: &Values) -> Result<ShopFiles, ConfigError> {
    let path = |key, path: &Option<PathBuf>| {
        path.as_ref().map(|path| place(key, path, root, values)).transpose()
    };
    Ok(ShopFiles {
        catalog: path("catalog.path", &raw.catalog.path)?,
        facets: path("catalog.facets", &raw.catalog.facets)?,
        baskets: path("offers.baskets", &raw.offers.baskets)?,
        policies: path("shop.policies", &raw.shop.policies)?,
        locales: path("locales.dir", &raw.locales.dir)?,
    })
}

/// The conversation tests of the shop.
#[derive(Debug, Clone)]
pub(crate) struct TestOptions {
    pub(crate) files: Vec<PathBuf>,
    /// Smallest share of turns, and of goals, that must pass.
    pub(crate) floor: f64,
}

/// The conversation tests of the shop.
///
/// # Errors
/// If a path starts at a home folder that is unknown.
pub(crate) fn tests(raw: &Raw, root: &Path, values: &Values) -> Result<TestOptions, ConfigError> {
    let files = raw.tests.files.iter().map(|file| place("tests.files", file, root, values));
    Ok(TestOptions { files: files.collect::<Result<_, _>>()?, floor: raw.tests.floor.0 })
}

/// What the bot says about the shop.
pub(crate) fn profile(raw: &Raw) -> ShopProfile {
    let shop = raw.shop.clone();
    ShopProfile {
        name: shop.name.0.clone(),
        about: about(&shop),
        team: team(&shop),
        hours: hours(&shop),
        personal_tiers: raw.turn.personal_tiers.iter().map(|tier| tier.0.clone()).collect(),
        checkout_url: shop.checkout_url.map(|url| url.0).unwrap_or_default(),
    }
}

/// What the shop sells, by language.
fn about(shop: &Shop) -> Localized<String> {
    let phrases = [
        (Language::EN, &shop.about_en),
        (Language::FR, &shop.about_fr),
        (Language::DE, &shop.about_de),
        (Language::ES, &shop.about_es),
        (Language::IT, &shop.about_it),
        (Language::PT, &shop.about_pt),
    ];
    phrases.into_iter().map(|(language, phrase)| (language, phrase.0.clone())).collect()
}

/// Who takes over from the bot, by language.
fn team(shop: &Shop) -> Localized<String> {
    let phrases = [
        (Language::EN, &shop.team_en),
        (Language::FR, &shop.team_fr),
        (Language::DE, &shop.team_de),
        (Language::ES, &shop.team_es),
        (Language::IT, &shop.team_it),
        (Language::PT, &shop.team_pt),
    ];
    phrases.into_iter().map(|(language, phrase)| (language, phrase.0.clone())).collect()
}

/// When the team answers, by language.
fn hours(shop: &Shop) -> Localized<String> {
    let phrases = [
        (Language::EN, &shop.hours_en),
        (Language::FR, &shop.hours_fr),
        (Language::DE, &shop.hours_de),
        (Language::ES, &shop.hours_es),
        (Language::IT, &shop.hours_it),
        (Language::PT, &shop.hours_pt),
    ];
    let given = phrases.into_iter().filter_map(|(l, phrase)| Some((l, phrase.as_ref()?.0.clone())));
    given.collect()
}

/// Options of the offers.
///
/// # Errors
/// If a share cannot be represented as a decimal number.
pub(crate) fn offers(raw: &Raw, values: &Values) -> Result<OfferOptions, ConfigError> {
    let offers = &raw.offers;
    let share = offers.price_share_max.0;
    let price_share_max = Decimal::try_from(share)
        .map_err(|_| values.refuse("offers.price_share_max", share, "a decimal number, 0 to 1"))?;
    Ok(OfferOptions {
        together_min: offers.together_min.0,
        confidence_min: offers.confidence_min.0,
        lift_min: offers.lift_min.0,
        guardrails: GuardrailOptions {
            sarcasm_min: SARCASM_MIN,
            sentiment_min: SENTIMENT_MIN,
            offers_per_turn_max: 1,
            price_share_max,
        },
    })
}

/// Options of the experiment that measures what offers bring.
pub(crate) fn experiment(raw: &Raw) -> ExperimentOptions {
    ExperimentOptions { holdout_share: raw.offers.holdout_share.0, salt: EXPERIMENT.to_owned() }
}
