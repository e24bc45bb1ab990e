//! Options of the shop: its files, its profile and its offers.

use crate::config::error::ConfigError;
use crate::config::raw::Raw;
use crate::config::values::Values;
use crate::offers::ExperimentOptions;
use crate::offers::GuardrailOptions;
use crate::offers::OfferOptions;
use crate::turn::ShopProfile;
use rust_decimal::Decimal;
use std::path::Path;
use std::path::PathBuf;
use vitrine_base::localized::Localized;

/// Salt of the offer experiment. Another name reassigns customers to arms.
const EXPERIMENT: &str = "offers-1";

/// Sarcasm score (0 to 1) from which no offer is made.
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
}

/// The shop's files.
pub(crate) fn files(raw: &Raw, root: &Path) -> ShopFiles {
    let path = |path: &Option<PathBuf>| path.as_ref().map(|path| root.join(path));
    ShopFiles {
        catalog: path(&raw.catalog.path),
        facets: path(&raw.catalog.facets),
        baskets: path(&raw.offers.baskets),
        policies: path(&raw.shop.policies),
    }
}

/// What the bot says about the shop.
pub(crate) fn profile(raw: &Raw) -> ShopProfile {
    let shop = raw.shop.clone();
    ShopProfile {
        name: shop.name,
        about: Localized { en: shop.about_en, fr: shop.about_fr },
        team: Localized { en: shop.team_en, fr: shop.team_fr },
        hours: Localized {
            en: shop.hours_en.unwrap_or_default(),
            fr: shop.hours_fr.unwrap_or_default(),
        },
        personal_tiers: raw.turn.personal_tiers.clone(),
        checkout_url: shop.checkout_url.unwrap_or_default(),
    }
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
