//! Guardrails: decide when no offer may be made, and which articles may not be offered.
//!
//! Pure: the same input gives the same answer. Checks run from the most to the least serious
//! reason, and the first that applies is returned.

use rust_decimal::Decimal;
use vitrine_base::ids::Sku;
use vitrine_base::money::Money;

/// State of a conversation when an offer is considered.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct OfferSituation<'a> {
    /// Label of the customer's intent; labels that the guardrails do not know forbid offers.
    pub intent: &'a str,
    /// Whether the intent is certain.
    pub intent_certainty: Certainty,
    /// Sarcasm score of the message, 0 to 1; NaN forbids offers.
    pub sarcasm: f32,
    /// Sentiment of the message, -1 (negative) to 1 (positive); NaN forbids offers.
    pub sentiment: f32,
    /// Owner of the conversation.
    pub owner: Owner,
    /// Reaction of the customer to earlier offers of this conversation.
    pub reaction: OfferReaction,
    /// Number of offers already made in this turn.
    pub offers_this_turn: usize,
}

/// Whether the intent is certain enough for an offer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Certainty {
    /// The intent is certain.
    Sure,
    /// The classifier abstained.
    Abstained,
}

/// Owner of a conversation: who answers the customer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Owner {
    /// The gateway.
    Bot,
    /// The gateway, with a hand-off to a human pending, from this turn or an earlier one.
    Offered,
    /// A human.
    Human,
}

/// Reaction of the customer to earlier offers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OfferReaction {
    /// No objection to another offer.
    Open,
    /// The customer declined an offer, and the cool-down is not over.
    Declined,
}

/// Thresholds of the guardrails.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct GuardrailOptions {
    /// Sarcasm score from which no offer is made, 0 to 1. The gateway uses 0.5.
    pub sarcasm_min: f32,
    /// Sentiment below which no offer is made, -1 to 1. The gateway uses -0.4.
    pub sentiment_min: f32,
    /// Most offers in one turn. The gateway uses 1.
    pub offers_per_turn_max: usize,
    /// Highest price of an offer, as a share of the price of the most expensive anchor: an extra
    /// should cost little next to what it goes with. `offers.price_share_max`, 0.6 by default.
    pub price_share_max: Decimal,
}

/// Why no offer is made.
///
/// The reasons from [`Withheld::InCart`] on concern articles: all candidates are ruled out, and the
/// reason is that of the candidate with the strongest rule.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Withheld {
    /// The customer complains.
    Complaint,
    /// The customer asks for a return, a refund or warranty service.
    ReturnOrRefund,
    /// The customer cannot pay or was charged wrongly.
    PaymentProblem,
    /// A delivery is late, lost or wrong.
    DeliveryProblem,
    /// The customer cancels or changes an order, or removes an article from the cart.
    Cancelling,
    /// The customer asks for help with an account.
    Account,
    /// The message is out of scope, or its intent is not known to the guardrails.
    OutOfScope,
    /// The customer asks for a human, or a hand-off is pending.
    Handoff,
    /// A human answers the conversation.
    HumanOwned,
    /// The intent is uncertain.
    Abstained,
    /// The message sounds sarcastic.
    Sarcasm,
    /// The sentiment of the message is too negative.
    BadMood,
    /// The customer declined an earlier offer, or rejects something in this message.
    Declined,
    /// This turn already has an offer.
    TurnHasOne,
    /// The customer is in the holdout arm of the experiment.
    Holdout,
    /// There is no product that an offer could go with.
    NoAnchor,
    /// Past baskets give no strong enough rule for the anchors.
    NoRule,
    /// The article is already in the cart.
    InCart,
    /// The article was offered before in this conversation.
    OfferedBefore,
    /// The article is out of stock or no longer sold.
    OutOfStock,
    /// The article is too expensive next to the anchors, or priced in another currency.
    TooDear,
}

impl Withheld {
    /// Name used in records, metrics and `/v1/suggest`.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Complaint => "complaint",
            Self::ReturnOrRefund => "return_or_refund",
            Self::PaymentProblem => "payment_problem",
            Self::DeliveryProblem => "delivery_problem",
            Self::Cancelling => "cancelling",
            Self::Account => "account",
            Self::OutOfScope => "out_of_scope",
            Self::Handoff => "handoff",
            Self::HumanOwned => "human_owned",
            Self::Abstained => "abstained",
            Self::Sarcasm => "sarcasm",
            Self::BadMood => "bad_mood",
            Self::Declined => "declined",
            Self::TurnHasOne => "turn_has_one",
            Self::Holdout => "holdout",
            Self::NoAnchor => "no_anchor",
            Self::NoRule => "no_rule",
            Self::InCart => "in_cart",
            Self::OfferedBefore => "offered_before",
            Self::OutOfStock => "out_of_stock",
            Self::TooDear => "too_dear",
        }
    }
}

/// Why no offer at all may be made now; `None` if one may.
#[must_use]
pub fn situation_forbids(
    situation: &OfferSituation<'_>,
    options: &GuardrailOptions,
) -> Option<Withheld> {
    match situation.owner {
        Owner::Human => return Some(Withheld::HumanOwned),
        Owner::Offered => return Some(Withheld::Handoff),
        Owner::Bot => {}
    }
    if let Some(reason) = intent_forbids(situation.intent) {
        return Some(reason);
    }
    let checks = [
        (situation.intent_certainty == Certainty::Abstained, Withheld::Abstained),
        // NaN forbids as well.
        (situation.sarcasm.is_nan() || situation.sarcasm >= options.sarcasm_min, Withheld::Sarcasm),
        (
            situation.sentiment.is_nan() || situation.sentiment < options.sentiment_min,
            Withheld::BadMood,
        ),
        (situation.reaction == OfferReaction::Declined, Withheld::Declined),
        (situation.offers_this_turn >= options.offers_per_turn_max, Withheld::TurnHasOne),
    ];
    checks.into_iter().find(|(forbidden, _)| *forbidden).map(|(_, reason)| reason)
}

/// Why a message with this intent allows no offer; `None` if it allows one.
///
/// An unknown label forbids: no offer is better than a wrong one.
fn intent_forbids(intent: &str) -> Option<Withheld> {
    match intent {
        "complaint" => Some(Withheld::Complaint),
        "return_exchange" | "refund_status" | "warranty" => Some(Withheld::ReturnOrRefund),
        "payment_problem" => Some(Withheld::PaymentProblem),
        "delivery_problem" => Some(Withheld::DeliveryProblem),
        "cancel_order" | "remove_from_cart" | "change_order" => Some(Withheld::Cancelling),
        "account_help" => Some(Withheld::Account),
        "human_agent" => Some(Withheld::Handoff),
        "reject" => Some(Withheld::Declined),
        "greet" | "thanks_bye" | "product_search" | "product_question" | "price_question"
        | "stock_question" | "size_help" | "add_to_cart" | "checkout" | "payment_methods"
        | "promo_code" | "shipping_options" | "order_status" | "store_info" | "confirm" => None,
        _ => Some(Withheld::OutOfScope),
    }
}

/// One article that might be offered.
#[derive(Debug, Clone, Copy)]
pub struct OfferCandidate<'a> {
    /// Sku of the article.
    pub sku: &'a Sku,
    /// Its price; `None` if the shop no longer sells it.
    pub price: Option<Money>,
    /// Whether it can be bought now.
    pub available: Availability,
    /// Price of the most expensive anchor; `None` if unknown, which skips the price check.
    pub anchor_price: Option<Money>,
}

/// Whether an article can be bought now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Availability {
    /// In stock.
    InStock,
    /// Out of stock, or no longer sold.
    OutOfStock,
}

/// Why this article may not be offered; `None` if it may.
///
/// `cart` holds the articles in the cart, `offered` those offered before in this conversation.
#[must_use]
pub fn article_forbids(
    candidate: &OfferCandidate<'_>,
    cart: &[Sku],
    offered: &[Sku],
    options: &GuardrailOptions,
) -> Option<Withheld> {
    if cart.contains(candidate.sku) {
        return Some(Withheld::InCart);
    }
    if offered.contains(candidate.sku) {
        return Some(Withheld::OfferedBefore);
    }
    let Some(price) = candidate.price else { return Some(Withheld::OutOfStock) };
    if candidate.available == Availability::OutOfStock {
        return Some(Withheld::OutOfStock);
    }
    match candidate.anchor_price {
        // Prices in two currencies cannot be compared; one shop should have only one.
        Some(anchor) if anchor.currency != price.currency => Some(Withheld::TooDear),
        Some(anchor) => {
            let dear = anchor
                .amount
                .checked_mul(options.price_share_max)
                .is_none_or(|limit| price.amount > limit);
            dear.then_some(Withheld::TooDear)
        }
        None => None,
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    pub(crate) const GOOD_SITUATION: OfferSituation<'static> = OfferSituation {
        intent: "product_search",
        intent_certainty: Certainty::Sure,
        sarcasm: 0.0,
        sentiment: 0.1,
        owner: Owner::Bot,
        reaction: OfferReaction::Open,
        offers_this_turn: 0,
    };

    pub(crate) fn options() -> GuardrailOptions {
        GuardrailOptions {
            sarcasm_min: 0.5,
            sentiment_min: -0.4,
            offers_per_turn_max: 1,
            price_share_max: Decimal::new(6, 1),
        }
    }

    #[test]
    fn offers_are_never_made_where_they_would_hurt() {
        for (intent, reason) in [
            ("complaint", Withheld::Complaint),
            ("return_exchange", Withheld::ReturnOrRefund),
            ("refund_status", Withheld::ReturnOrRefund),
            ("warranty", Withheld::ReturnOrRefund),
            ("payment_problem", Withheld::PaymentProblem),
            ("delivery_problem", Withheld::DeliveryProblem),
            ("cancel_order", Withheld::Cancelling),
            ("human_agent", Withheld::Handoff),
            ("account_help", Withheld::Account),
            ("reject", Withheld::Declined),
            ("oos", Withheld::OutOfScope),
            ("no_such_intent", Withheld::OutOfScope),
        ] {
            let situation = OfferSituation { intent, ..GOOD_SITUATION };
            assert_eq!(situation_forbids(&situation, &options()), Some(reason), "{intent}");
        }
        let situations = [
            (
                OfferSituation { intent_certainty: Certainty::Abstained, ..GOOD_SITUATION },
                Withheld::Abstained,
            ),
            (OfferSituation { sarcasm: 0.5, ..GOOD_SITUATION }, Withheld::Sarcasm),
            (OfferSituation { sarcasm: f32::NAN, ..GOOD_SITUATION }, Withheld::Sarcasm),
            (OfferSituation { sentiment: -0.9, ..GOOD_SITUATION }, Withheld::BadMood),
            (OfferSituation { sentiment: f32::NAN, ..GOOD_SITUATION }, Withheld::BadMood),
            (OfferSituation { owner: Owner::Human, ..GOOD_SITUATION }, Withheld::HumanOwned),
            (OfferSituation { owner: Owner::Offered, ..GOOD_SITUATION }, Withheld::Handoff),
            (
                OfferSituation { reaction: OfferReaction::Declined, ..GOOD_SITUATION },
                Withheld::Declined,
            ),
            (OfferSituation { offers_this_turn: 1, ..GOOD_SITUATION }, Withheld::TurnHasOne),
        ];
        for (situation, reason) in situations {
            assert_eq!(situation_forbids(&situation, &options()), Some(reason));
        }
        for intent in ["product_search", "price_question", "checkout", "add_to_cart", "confirm"] {
            assert_eq!(
                situation_forbids(&OfferSituation { intent, ..GOOD_SITUATION }, &options()),
                None
            );
        }
    }

    #[test]
    fn the_most_serious_reason_is_returned() {
        let situation = OfferSituation {
            owner: Owner::Human,
            intent: "complaint",
            sarcasm: 1.0,
            reaction: OfferReaction::Declined,
            ..GOOD_SITUATION
        };
        assert_eq!(situation_forbids(&situation, &options()), Some(Withheld::HumanOwned));
        let situation = OfferSituation { owner: Owner::Bot, ..situation };
        assert_eq!(situation_forbids(&situation, &options()), Some(Withheld::Complaint));
    }

    #[test]
    fn articles_in_the_cart_sold_out_or_too_dear_are_not_offered() {
        let sku = Sku::new("GEL-05").unwrap();
        let money = |amount| Money::parse(amount, "EUR").ok();
        let good = OfferCandidate {
            sku: &sku,
            price: money("12.00"),
            available: Availability::InStock,
            anchor_price: money("20.00"),
        };
        let own = std::slice::from_ref(&sku);
        let check = |candidate: &OfferCandidate<'_>, cart: &[Sku], offered: &[Sku]| {
            article_forbids(candidate, cart, offered, &options())
        };
        assert_eq!(check(&good, &[], &[]), None);
        assert_eq!(check(&good, own, &[]), Some(Withheld::InCart));
        assert_eq!(check(&good, &[], own), Some(Withheld::OfferedBefore));
        let gone = OfferCandidate { available: Availability::OutOfStock, ..good };
        assert_eq!(check(&gone, &[], &[]), Some(Withheld::OutOfStock));
        assert_eq!(
            check(&OfferCandidate { price: None, ..good }, &[], &[]),
            Some(Withheld::OutOfStock)
        );
        let dear = OfferCandidate { price: money("12.01"), ..good };
        assert_eq!(check(&dear, &[], &[]), Some(Withheld::TooDear));
        let foreign = OfferCandidate { anchor_price: Money::parse("20", "USD").ok(), ..good };
        assert_eq!(check(&foreign, &[], &[]), Some(Withheld::TooDear));
        assert_eq!(check(&OfferCandidate { anchor_price: None, ..dear }, &[], &[]), None);
    }
}
