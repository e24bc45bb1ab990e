//! Says when no offer may be made, and which articles may never be one.
//!
//! Pure: same moment, same answer. The order of the checks is the order of their gravity, so that
//! the reason told is the one that a person would name.

use rust_decimal::Decimal;
use vitrine_base::ids::Sku;
use vitrine_base::money::Money;

/// What is going on in the conversation when an offer is thought of.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Moment<'a> {
    /// Label of the customer's intent, of the house's 27.
    pub intent: &'a str,
    /// Whether the intent is uncertain.
    pub intent_certainty: Certainty,
    /// How sarcastic the message sounds, 0 to 1.
    pub sarcasm: f32,
    /// How the message feels, -1 (bad) to 1 (good).
    pub sentiment: f32,
    /// Who answers the customer.
    pub owner: Owner,
    /// What the customer did with earlier offers of this thread.
    pub earlier: Earlier,
    /// Offers already made in this turn.
    pub offers_this_turn: usize,
}

/// Whether the intent is known well enough.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Certainty {
    /// Confident.
    Sure,
    /// The classifier abstained.
    Abstained,
}

/// Who answers the customer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Owner {
    /// The gateway.
    Bot,
    /// A human was asked to take over, in this turn or before.
    Offered,
    /// A human.
    Human,
}

/// What the customer did with earlier offers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Earlier {
    /// Nothing that stands against another one.
    Open,
    /// Declined one, and the cool-down is not over.
    Declined,
}

/// Where the guardrails stand.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct GuardrailOptions {
    /// Sarcasm from which no offer is made, 0 to 1. Recommended: 0.5.
    pub sarcasm_min: f32,
    /// Sentiment below which no offer is made, -1 to 1. Recommended: -0.4.
    pub sentiment_min: f32,
    /// Offers in one turn. Recommended: 1, and never more to a customer.
    pub offers_per_turn_max: usize,
    /// Highest price of an offer as a share of the dearest anchor's price. Recommended: 0.6:
    /// an extra should feel small beside what it goes with.
    pub price_share_max: Decimal,
}

/// Why no offer is made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Withheld {
    /// The customer complains.
    Complaint,
    /// The customer wants to return something, be refunded or claim a warranty.
    ReturnOrRefund,
    /// The customer cannot pay or was charged wrongly.
    PaymentProblem,
    /// The parcel is late, lost or wrong.
    DeliveryProblem,
    /// The customer cancels or takes something out.
    Cancelling,
    /// The customer asks about account, data or unsubscribing.
    Account,
    /// The message has nothing to do with the shop, or ends the talk.
    OutOfScope,
    /// A human is asked for or is taking over.
    Handoff,
    /// A human answers.
    HumanOwned,
    /// The intent is uncertain.
    Abstained,
    /// The message sounds sarcastic.
    Sarcasm,
    /// The message feels bad.
    BadMood,
    /// The customer declined an offer, or this one thing.
    Declined,
    /// This turn has its offer already.
    TurnHasOne,
    /// The customer is held out to measure what offers are worth.
    Holdout,
    /// There is no product to go with.
    NoAnchor,
    /// Past baskets show nothing that goes with it well enough.
    NoRule,
    /// All that goes with it is in the cart already.
    InCart,
    /// All that goes with it was offered before in this thread.
    OfferedBefore,
    /// All that goes with it is out of stock.
    OutOfStock,
    /// All that goes with it costs too much beside it.
    TooDear,
}

impl Withheld {
    /// The name for records and metrics.
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

/// Why this moment allows no offer at all; `None` when it allows one.
#[must_use]
pub fn moment_forbids(moment: &Moment<'_>, options: &GuardrailOptions) -> Option<Withheld> {
    match moment.owner {
        Owner::Human => return Some(Withheld::HumanOwned),
        Owner::Offered => return Some(Withheld::Handoff),
        Owner::Bot => {}
    }
    if let Some(reason) = intent_forbids(moment.intent) {
        return Some(reason);
    }
    let checks = [
        (moment.intent_certainty == Certainty::Abstained, Withheld::Abstained),
        // A number that is none forbids as well.
        (moment.sarcasm.is_nan() || moment.sarcasm >= options.sarcasm_min, Withheld::Sarcasm),
        (moment.sentiment.is_nan() || moment.sentiment < options.sentiment_min, Withheld::BadMood),
        (moment.earlier == Earlier::Declined, Withheld::Declined),
        (moment.offers_this_turn >= options.offers_per_turn_max, Withheld::TurnHasOne),
    ];
    checks.into_iter().find(|(forbidden, _)| *forbidden).map(|(_, reason)| reason)
}

/// Why a customer with this intent must not be sold to; `None` when offers are welcome.
///
/// A label of no known intent forbids: better no offer than a wrong one.
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

/// What is known about one article that might be offered.
#[derive(Debug, Clone, Copy)]
pub struct Candidate<'a> {
    /// The article.
    pub sku: &'a Sku,
    /// Its price; `None` when the shop does not sell it any more.
    pub price: Option<Money>,
    /// Whether it can be bought now.
    pub available: Availability,
    /// The dearest anchor's price, when known.
    pub anchor_price: Option<Money>,
}

/// Whether an article can be bought now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Availability {
    /// In stock.
    InStock,
    /// Out of stock, or not sold any more.
    OutOfStock,
}

/// Why this article may not be offered; `None` when it may.
///
/// `cart` is what the customer has already, `offered` what this thread offered before.
#[must_use]
pub fn article_forbids(
    candidate: &Candidate<'_>,
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
        // Another currency cannot be compared, and should not happen within one shop.
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

    pub(crate) const GOOD_MOMENT: Moment<'static> = Moment {
        intent: "product_search",
        intent_certainty: Certainty::Sure,
        sarcasm: 0.0,
        sentiment: 0.1,
        owner: Owner::Bot,
        earlier: Earlier::Open,
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
            let moment = Moment { intent, ..GOOD_MOMENT };
            assert_eq!(moment_forbids(&moment, &options()), Some(reason), "{intent}");
        }
        let moments = [
            (Moment { intent_certainty: Certainty::Abstained, ..GOOD_MOMENT }, Withheld::Abstained),
            (Moment { sarcasm: 0.5, ..GOOD_MOMENT }, Withheld::Sarcasm),
            (Moment { sarcasm: f32::NAN, ..GOOD_MOMENT }, Withheld::Sarcasm),
            (Moment { sentiment: -0.9, ..GOOD_MOMENT }, Withheld::BadMood),
            (Moment { sentiment: f32::NAN, ..GOOD_MOMENT }, Withheld::BadMood),
            (Moment { owner: Owner::Human, ..GOOD_MOMENT }, Withheld::HumanOwned),
            (Moment { owner: Owner::Offered, ..GOOD_MOMENT }, Withheld::Handoff),
            (Moment { earlier: Earlier::Declined, ..GOOD_MOMENT }, Withheld::Declined),
            (Moment { offers_this_turn: 1, ..GOOD_MOMENT }, Withheld::TurnHasOne),
        ];
        for (moment, reason) in moments {
            assert_eq!(moment_forbids(&moment, &options()), Some(reason));
        }
        for intent in ["product_search", "price_question", "checkout", "add_to_cart", "confirm"] {
            assert_eq!(moment_forbids(&Moment { intent, ..GOOD_MOMENT }, &options()), None);
        }
    }

    #[test]
    fn the_gravest_reason_is_told() {
        let moment = Moment {
            owner: Owner::Human,
            intent: "complaint",
            sarcasm: 1.0,
            earlier: Earlier::Declined,
            ..GOOD_MOMENT
        };
        assert_eq!(moment_forbids(&moment, &options()), Some(Withheld::HumanOwned));
        let moment = Moment { owner: Owner::Bot, ..moment };
        assert_eq!(moment_forbids(&moment, &options()), Some(Withheld::Complaint));
    }

    #[test]
    fn articles_in_the_cart_sold_out_or_too_dear_are_not_offered() {
        let sku = Sku::new("GEL-05").unwrap();
        let money = |amount| Money::parse(amount, "EUR").ok();
        let good = Candidate {
            sku: &sku,
            price: money("12.00"),
            available: Availability::InStock,
            anchor_price: money("20.00"),
        };
        let own = std::slice::from_ref(&sku);
        let check = |candidate: &Candidate<'_>, cart: &[Sku], offered: &[Sku]| {
            article_forbids(candidate, cart, offered, &options())
        };
        assert_eq!(check(&good, &[], &[]), None);
        assert_eq!(check(&good, own, &[]), Some(Withheld::InCart));
        assert_eq!(check(&good, &[], own), Some(Withheld::OfferedBefore));
        let gone = Candidate { available: Availability::OutOfStock, ..good };
        assert_eq!(check(&gone, &[], &[]), Some(Withheld::OutOfStock));
        assert_eq!(check(&Candidate { price: None, ..good }, &[], &[]), Some(Withheld::OutOfStock));
        let dear = Candidate { price: money("12.01"), ..good };
        assert_eq!(check(&dear, &[], &[]), Some(Withheld::TooDear));
        let foreign = Candidate { anchor_price: Money::parse("20", "USD").ok(), ..good };
        assert_eq!(check(&foreign, &[], &[]), Some(Withheld::TooDear));
        assert_eq!(check(&Candidate { anchor_price: None, ..dear }, &[], &[]), None);
    }
}
