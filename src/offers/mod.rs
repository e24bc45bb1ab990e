//! Upsell: suggests one article that goes with what a customer is buying, or the reason for none.
//!
//! Owns the rules from past baskets, the guardrails and the holdout experiment. Refuses to write
//! replies and to read the catalog: stock and prices come through [`ProductLookup`].
//!
//! Invariants
//! - At most one offer per decision; never one that a guardrail forbids.
//! - The decision for a held-out customer holds the offer that would have been made: without it the
//!   two arms cannot be compared (intention to treat).
//! - The same context and the same baskets always give the same decision.

mod baskets;
mod experiment;
mod guardrails;
mod warning;

pub use baskets::BasketError;
pub use baskets::BasketLimits;
pub use baskets::BasketSource;
pub use baskets::Baskets;
pub use baskets::FindSku;
pub use baskets::Rule;
pub use experiment::Arm;
pub use experiment::Assignment;
pub use experiment::Experiment;
pub use experiment::ExperimentError;
pub use experiment::ExperimentOptions;
pub use guardrails::Availability;
pub use guardrails::Certainty;
pub use guardrails::GuardrailOptions;
pub use guardrails::OfferCandidate;
pub use guardrails::OfferReaction;
pub use guardrails::OfferSituation;
pub use guardrails::Owner;
pub use guardrails::Withheld;
pub use guardrails::article_forbids;
pub use guardrails::situation_forbids;

use std::collections::BTreeSet;
use vitrine_base::ids::Sku;
use vitrine_base::money::Money;

/// Product lookups that offers need.
pub trait ProductLookup {
    /// Whether at least one unit, of any size, can be bought now.
    fn in_stock(&self, sku: &Sku) -> bool;
    /// Price of one unit; `None` if the shop does not sell it.
    fn price(&self, sku: &Sku) -> Option<Money>;
    /// Kind of the article, such as its category; `None` if unknown. Two articles of one kind are
    /// never offered together: a second pair of shoes is an alternative, not an extra.
    fn kind(&self, sku: &Sku) -> Option<&str>;
}

/// Minimum strength of a rule, and the guardrails.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct OfferOptions {
    /// Fewest baskets with both articles; fewer may be chance. `offers.together_min`, 5 by default.
    pub together_min: u32,
    /// Lowest confidence, 0 to 1. `offers.confidence_min`, 0.08 by default.
    pub confidence_min: f64,
    /// Lowest lift; at 1 the two articles are independent. `offers.lift_min`, 1.2 by default.
    pub lift_min: f64,
    /// Thresholds of the guardrails.
    pub guardrails: GuardrailOptions,
}

impl OfferOptions {
    /// Whether a rule passes the thresholds.
    fn is_strong(&self, rule: &Rule) -> bool {
        rule.together >= self.together_min
            && rule.confidence >= self.confidence_min
            && rule.lift >= self.lift_min
    }
}

/// Input of one decision about an offer.
#[derive(Clone, Copy)]
pub struct OfferContext<'a> {
    /// Tenant id; keeps the experiments of different tenants apart.
    pub tenant: &'a str,
    /// Id of the customer, or of the conversation if the customer is unknown.
    pub subject: &'a str,
    /// Articles that the offer should go with: the product discussed, then the cart.
    pub anchors: &'a [Sku],
    /// Articles in the cart; never offered.
    pub cart: &'a [Sku],
    /// Articles offered before in this conversation; never offered again.
    pub offered: &'a [Sku],
    /// State of the conversation, for the guardrails.
    pub situation: OfferSituation<'a>,
    /// Stock, prices and kinds of the shop's products.
    pub products: &'a dyn ProductLookup,
}

impl std::fmt::Debug for OfferContext<'_> {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // `subject` identifies a person and must stay out of logs.
        formatter
            .debug_struct("OfferContext")
            .field("anchors", &self.anchors)
            .field("cart", &self.cart)
            .field("offered", &self.offered)
            .field("situation", &self.situation)
            .finish_non_exhaustive()
    }
}

/// Why an article is offered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum OfferReason {
    /// Past baskets held both articles.
    BoughtTogether,
}

/// One article worth offering, with its evidence.
#[derive(Debug, Clone, PartialEq)]
pub struct Offer {
    /// The article offered.
    pub sku: Sku,
    /// Its price now.
    pub price: Money,
    /// The article it goes with.
    pub anchor: Sku,
    /// Share of all baskets that hold both.
    pub support: f64,
    /// Share of the baskets with the anchor that also hold this article.
    pub confidence: f64,
    /// How many times likelier this article is in a basket with the anchor than in any basket.
    pub lift: f64,
    /// Id of the rule behind it, `pair:ARTICLE<-ANCHOR`, such as `pair:GEL-05<-RUN-012`.
    pub rule: String,
    /// Why it is offered.
    pub reason: OfferReason,
}

/// Decision about an offer in one turn.
#[derive(Debug, Clone, PartialEq)]
pub enum OfferDecision {
    /// Make this offer.
    Offered {
        /// The offer.
        offer: Offer,
        /// The customer's arm, always treatment.
        assignment: Assignment,
    },
    /// Make no offer.
    Withheld {
        /// Why none is made.
        reason: Withheld,
        /// The customer's arm.
        assignment: Assignment,
        /// The offer that would have been made; `Some` only for held-out customers.
        counterfactual: Option<Offer>,
    },
}

impl OfferDecision {
    /// The offer to make; `None` if withheld.
    #[must_use]
    pub fn offer(&self) -> Option<&Offer> {
        match self {
            Self::Offered { offer, .. } => Some(offer),
            Self::Withheld { .. } => None,
        }
    }

    /// The customer's arm.
    #[must_use]
    pub fn assignment(&self) -> Assignment {
        match self {
            Self::Offered { assignment, .. } | Self::Withheld { assignment, .. } => *assignment,
        }
    }

    /// Why no offer is made; `None` if one is.
    #[must_use]
    pub fn withheld(&self) -> Option<Withheld> {
        match self {
            Self::Offered { .. } => None,
            Self::Withheld { reason, .. } => Some(*reason),
        }
    }
}

/// Chooses offers from past baskets.
#[derive(Debug, Clone)]
pub struct Offers {
    baskets: Baskets,
    experiment: Experiment,
    options: OfferOptions,
}

impl Offers {
    /// Combines rules, experiment and options.
    #[must_use]
    pub fn new(baskets: Baskets, experiment: Experiment, options: OfferOptions) -> Self {
        Self { baskets, experiment, options }
    }

    /// The same offers for every customer: nobody is held out.
    #[must_use]
    pub fn without_holdout(&self) -> Self {
        Self { experiment: self.experiment.without_holdout(), ..self.clone() }
    }

    /// The rules behind the offers.
    #[must_use]
    pub fn baskets(&self) -> &Baskets {
        &self.baskets
    }

    /// Why past baskets give no offer, or fewer than they could; `None` if all their articles are
    /// sold and some rule passes the thresholds.
    #[must_use]
    pub fn warning(&self, products: &dyn ProductLookup) -> Option<String> {
        let options = &self.options;
        let sold = |sku| products.price(sku).is_some();
        let usable = self
            .baskets
            .all_rules()
            .any(|(from, rule)| options.is_strong(rule) && sold(from) && sold(&rule.sku));
        let thresholds = format!(
            "in {} baskets or more with a confidence of {} and a lift of {} (offers.together_min, \
             offers.confidence_min, offers.lift_min)",
            options.together_min, options.confidence_min, options.lift_min
        );
        warning::of(&self.baskets, usable, &thresholds)
    }

    /// Decides whether to make an offer in one turn, and which.
    #[must_use]
    pub fn suggest(&self, context: &OfferContext<'_>) -> OfferDecision {
        let assignment = self.experiment.assign(context.tenant, context.subject);
        let withheld =
            |reason, counterfactual| OfferDecision::Withheld { reason, assignment, counterfactual };
        if let Some(reason) = situation_forbids(&context.situation, &self.options.guardrails) {
            return withheld(reason, None);
        }
        match (self.best(context, 1), assignment.arm) {
            (Err(reason), _) => withheld(reason, None),
            (Ok(offers), Arm::Holdout) => withheld(Withheld::Holdout, offers.into_iter().next()),
            (Ok(offers), Arm::Treatment) => match offers.into_iter().next() {
                Some(offer) => OfferDecision::Offered { offer, assignment },
                None => withheld(Withheld::NoRule, None),
            },
        }
    }

    /// The best offers for a cart outside of a turn, strongest first, at most `offers_max`.
    ///
    /// # Errors
    /// The reason if there is none; [`Withheld::Holdout`] for a held-out customer.
    pub fn suggest_many(
        &self,
        context: &OfferContext<'_>,
        offers_max: usize,
    ) -> Result<Vec<Offer>, Withheld> {
        if let Some(reason) = situation_forbids(&context.situation, &self.options.guardrails) {
            return Err(reason);
        }
        let offers = self.best(context, offers_max)?;
        match self.experiment.assign(context.tenant, context.subject).arm {
            Arm::Holdout => Err(Withheld::Holdout),
            Arm::Treatment => Ok(offers),
        }
    }

    /// Articles that may be offered, strongest rule first, each once; never empty.
    ///
    /// # Errors
    /// If there is none: the reason against the strongest rule.
    fn best(&self, context: &OfferContext<'_>, offers_max: usize) -> Result<Vec<Offer>, Withheld> {
        if context.anchors.is_empty() {
            return Err(Withheld::NoAnchor);
        }
        let mut against = None;
        let mut offers = Vec::new();
        let mut seen = BTreeSet::new();
        for (anchor, rule) in self.strong_rules(context) {
            if !seen.insert(&rule.sku) {
                continue;
            }
            match self.check(context, anchor, rule) {
                Ok(offer) => offers.push(offer),
                Err(reason) => against = against.or(Some(reason)),
            }
            if offers.len() >= offers_max {
                break;
            }
        }
        if offers.is_empty() { Err(against.unwrap_or(Withheld::NoRule)) } else { Ok(offers) }
    }

    /// Rules of all anchors that pass the thresholds, strongest first.
    fn strong_rules<'a>(&'a self, context: &OfferContext<'a>) -> Vec<(&'a Sku, &'a Rule)> {
        let options = self.options;
        let mut rules: Vec<(&Sku, &Rule)> = Vec::new();
        for anchor in context.anchors {
            let found = self.baskets.rules(anchor).iter().filter(|rule| {
                options.is_strong(rule)
                    && !context.anchors.contains(&rule.sku)
                    && !context
                        .anchors
                        .iter()
                        .any(|other| same_kind(context.products, other, &rule.sku))
            });
            rules.extend(found.map(|rule| (anchor, rule)));
        }
        rules.sort_by(|(_, a), (_, b)| {
            let strength = b.confidence.total_cmp(&a.confidence);
            strength.then(b.lift.total_cmp(&a.lift)).then_with(|| a.sku.cmp(&b.sku))
        });
        rules
    }

    fn check(
        &self,
        context: &OfferContext<'_>,
        anchor: &Sku,
        rule: &Rule,
    ) -> Result<Offer, Withheld> {
        let products = context.products;
        let prices = context.anchors.iter().filter_map(|anchor| products.price(anchor));
        let price = products.price(&rule.sku);
        let candidate = OfferCandidate {
            sku: &rule.sku,
            price,
            available: if products.in_stock(&rule.sku) {
                Availability::InStock
            } else {
                Availability::OutOfStock
            },
            anchor_price: prices.max_by_key(|price| price.amount),
        };
        let guardrails = &self.options.guardrails;
        match (article_forbids(&candidate, context.cart, context.offered, guardrails), price) {
            (Some(reason), _) => Err(reason),
            (None, None) => Err(Withheld::OutOfStock),
            (None, Some(price)) => Ok(Offer {
                sku: rule.sku.clone(),
                price,
                anchor: anchor.clone(),
                support: rule.support,
                confidence: rule.confidence,
                lift: rule.lift,
                rule: format!("pair:{}<-{anchor}", rule.sku),
                reason: OfferReason::BoughtTogether,
            }),
        }
    }
}

fn same_kind(products: &dyn ProductLookup, first: &Sku, second: &Sku) -> bool {
    products.kind(first).is_some_and(|kind| products.kind(second) == Some(kind))
}

#[cfg(test)]
mod tests {
    use super::guardrails::tests::GOOD_SITUATION;
    use super::guardrails::tests::options as guardrail_options;
    use super::*;
    use std::collections::HashMap;
    use std::path::Path;

    /// Price, units in stock and kind, by sku.
    struct LoadedShop(HashMap<String, (Money, u64, String)>);

    impl ProductLookup for LoadedShop {
        fn in_stock(&self, sku: &Sku) -> bool {
            self.0.get(sku.as_str()).is_some_and(|(_, units, _)| *units > 0)
        }

        fn price(&self, sku: &Sku) -> Option<Money> {
            self.0.get(sku.as_str()).map(|(price, _, _)| *price)
        }

        fn kind(&self, sku: &Sku) -> Option<&str> {
            self.0.get(sku.as_str()).map(|(_, _, kind)| kind.as_str())
        }
    }

    fn shop() -> LoadedShop {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/shop");
        let text = std::fs::read_to_string(folder.join("catalog.ndjson")).unwrap();
        let products = text.lines().map(|line| {
            let product: serde_json::Value = serde_json::from_str(line).unwrap();
            let price = product["price"]["amount"].as_str().unwrap();
            // Units are given by size, by variant or in all.
            let units = match (&product["stock"], &product["variants"]) {
                (serde_json::Value::Object(sizes), _) => {
                    sizes.values().filter_map(|units| units.as_u64()).sum()
                }
                (_, serde_json::Value::Array(variants)) => {
                    variants.iter().filter_map(|variant| variant["stock"].as_u64()).sum()
                }
                (total, _) => total.as_u64().unwrap(),
            };
            let text = |key: &str| product[key].as_str().unwrap().to_owned();
            (text("sku"), (Money::parse(price, "EUR").unwrap(), units, text("category")))
        });
        LoadedShop(products.collect())
    }

    fn limits() -> BasketLimits {
        BasketLimits {
            file_bytes_max: 1 << 20,
            baskets_max: 5_000,
            basket_articles_max: 30,
            articles_max: 500,
            pairs_max: 50_000,
            rules_max: 50,
        }
    }

    fn offers(holdout_share: f64) -> Offers {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/shop/baskets.csv");
        let baskets = Baskets::open(&path, &limits()).unwrap();
        let options = ExperimentOptions { holdout_share, salt: "offers-1".to_owned() };
        let guardrails = guardrail_options();
        let strength =
            OfferOptions { together_min: 5, confidence_min: 0.08, lift_min: 1.2, guardrails };
        Offers::new(baskets, Experiment::new(options).unwrap(), strength)
    }

    fn skus(texts: &[&str]) -> Vec<Sku> {
        texts.iter().map(|text| Sku::new(*text).unwrap()).collect()
    }

    fn context<'a>(products: &'a LoadedShop, anchors: &'a [Sku]) -> OfferContext<'a> {
        OfferContext {
            tenant: "foulee",
            subject: "c-42",
            anchors,
            cart: &[],
            offered: &[],
            situation: GOOD_SITUATION,
            products,
        }
    }

    #[test]
    fn the_marathon_shoe_is_offered_gels_then_socks() {
        let (shop, offers, anchors) = (shop(), offers(0.0), skus(&["RUN-012"]));
        let decision = offers.suggest(&context(&shop, &anchors));
        let offer = decision.offer().unwrap();
        assert_eq!(offer.sku.as_str(), "GEL-05");
        assert_eq!(offer.rule, "pair:GEL-05<-RUN-012");
        assert_eq!(offer.price.to_string(), "12.00 EUR");
        assert_eq!(offer.reason, OfferReason::BoughtTogether);
        assert!(offer.lift > 2.0 && offer.confidence > 0.3 && offer.support > 0.005);
        assert_eq!(decision.assignment().arm, Arm::Treatment);

        let cart = skus(&["GEL-05"]);
        let with_gel = OfferContext { cart: &cart, ..context(&shop, &anchors) };
        assert_eq!(offers.suggest(&with_gel).offer().unwrap().sku.as_str(), "SOCK-04");
        let offered = OfferContext { offered: &cart, ..context(&shop, &anchors) };
        assert_eq!(offers.suggest(&offered).offer().unwrap().sku.as_str(), "SOCK-04");
    }

    #[test]
    fn withheld_offers_carry_a_reason() {
        let (shop, offers) = (shop(), offers(0.0));
        let anchors = skus(&["RUN-012"]);
        let good = context(&shop, &anchors);
        let reason = |context: &OfferContext<'_>| offers.suggest(context).withheld();
        let complaint = OfferSituation { intent: "complaint", ..GOOD_SITUATION };
        let complaint = OfferContext { situation: complaint, ..good };
        assert_eq!(reason(&complaint), Some(Withheld::Complaint));
        assert_eq!(reason(&OfferContext { anchors: &[], ..good }), Some(Withheld::NoAnchor));
        let unknown = skus(&["NO-SUCH"]);
        assert_eq!(reason(&OfferContext { anchors: &unknown, ..good }), Some(Withheld::NoRule));
        assert_eq!(reason(&good), None);
    }

    #[test]
    fn sold_out_articles_are_skipped() {
        let (mut shop, offers, anchors) = (shop(), offers(0.0), skus(&["RUN-012"]));
        shop.0.get_mut("GEL-05").unwrap().1 = 0;
        let decision = offers.suggest(&context(&shop, &anchors));
        assert_eq!(decision.offer().unwrap().sku.as_str(), "SOCK-04");
        for (_, units, _) in shop.0.values_mut() {
            *units = 0;
        }
        let decision = offers.suggest(&context(&shop, &anchors));
        assert_eq!(decision.withheld(), Some(Withheld::OutOfStock));
    }

    #[test]
    fn held_out_customers_get_nothing_but_are_recorded() {
        let (shop, offers, anchors) = (shop(), offers(1.0), skus(&["RUN-012"]));
        let decision = offers.suggest(&context(&shop, &anchors));
        let OfferDecision::Withheld { reason, assignment, counterfactual } = decision else {
            panic!("offered to a held-out customer")
        };
        assert_eq!((reason, assignment.arm), (Withheld::Holdout, Arm::Holdout));
        assert_eq!(counterfactual.unwrap().sku.as_str(), "GEL-05");
        let many = offers.suggest_many(&context(&shop, &anchors), 3);
        assert_eq!(many, Err(Withheld::Holdout));
    }

    #[test]
    fn many_offers_are_distinct_extras_to_the_whole_cart() {
        let (shop, offers) = (shop(), offers(0.0));
        let anchors = skus(&["RUN-012", "HIK-003"]);
        let cart = anchors.clone();
        let context = OfferContext { cart: &cart, ..context(&shop, &anchors) };
        let found = offers.suggest_many(&context, 4).unwrap();
        assert_eq!(found.len(), 4);
        let distinct: BTreeSet<&Sku> = found.iter().map(|offer| &offer.sku).collect();
        assert_eq!(distinct.len(), 4);
        for offer in &found {
            assert!(!anchors.contains(&offer.sku) && shop.in_stock(&offer.sku));
            let kind = shop.kind(&offer.sku).unwrap();
            assert!(!["running_shoes", "hiking_shoes"].contains(&kind), "{}", offer.sku);
        }
        assert!(found.windows(2).all(|pair| pair[0].confidence >= pair[1].confidence));
    }

    #[test]
    fn every_bestseller_has_something_that_goes_with_it() {
        let (shop, offers) = (shop(), offers(0.0));
        for sku in ["RUN-001", "TRL-001", "HIK-001", "FOO-001", "RAC-01", "MAT-01", "SWM-01"] {
            let anchors = skus(&[sku]);
            let decision = offers.suggest(&context(&shop, &anchors));
            assert!(decision.offer().is_some(), "{sku}: {:?}", decision.withheld());
        }
    }
}
