//! Fourth stage: at most one offer, and only where it is appropriate.

use crate::catalog::Catalog;
use crate::offers::Certainty;
use crate::offers::OfferContext;
use crate::offers::OfferDecision;
use crate::offers::OfferReaction;
use crate::offers::OfferSituation;
use crate::offers::Offers;
use crate::offers::Owner;
use crate::offers::ProductLookup;
use crate::turn::TurnPipeline;
use crate::turn::answer::Suggestion;
use crate::turn::decide::ActionKind;
use crate::turn::decide::Decision;
use crate::turn::understand::Understood;
use vitrine_base::ids::CustomerId;
use vitrine_base::ids::Sku;
use vitrine_base::ids::TenantId;
use vitrine_base::language::Language;
use vitrine_base::money::Money;
use vitrine_conversations::ConversationRecord;
use vitrine_conversations::CustomerKey;
use vitrine_conversations::OwnerState;
use vitrine_conversations::StoreError;

/// Intent of a tap on an option: a step of a product search.
const TAP_INTENT: &str = "product_search";

/// Stands in for an unknown customer in `/v1/suggest`, so that the experiment arm never varies.
const ANONYMOUS: &str = "anonymous";

/// The catalogue as the source of stock, prices and categories for offers.
pub(crate) struct CatalogLookup<'a>(pub(crate) &'a Catalog);

impl ProductLookup for CatalogLookup<'_> {
    fn in_stock(&self, sku: &Sku) -> bool {
        self.0.get(sku).is_some_and(|product| product.in_stock(None))
    }

    fn price(&self, sku: &Sku) -> Option<Money> {
        self.0.get(sku).map(|product| product.price)
    }

    fn kind(&self, sku: &Sku) -> Option<&str> {
        self.0.get(sku).map(|product| product.category.as_str())
    }
}

/// Reason for withholding an offer from a customer who said STOP.
const STOPPED: &str = "stopped";

/// The sources of an offer.
#[derive(Debug, Clone, Copy)]
pub(crate) struct OfferSources<'a> {
    pub(crate) offers: &'a Offers,
    pub(crate) catalog: &'a Catalog,
    pub(crate) tenant: &'a TenantId,
}

/// The offer of one turn, if there is one. Callers must not ask for a customer who said STOP: such
/// a customer gets no offer at all.
pub(crate) fn suggest(
    sources: OfferSources<'_>,
    record: &ConversationRecord,
    understood: &Understood,
    decision: &Decision,
) -> Option<Suggestion> {
    if !allows_offer(decision) {
        return None;
    }
    let anchors: Vec<Sku> =
        decision.action.sku.clone().or(decision.focus.clone()).into_iter().collect();
    let cart: Vec<Sku> = record.cart.iter().map(|line| line.sku.clone()).collect();
    let anchors = [anchors, cart.clone()].concat();
    let reading = &understood.reading;
    let subject =
        record.customer_id.as_ref().map_or(record.thread_id.as_str(), |customer| customer.as_str());
    let owner = match (record.ownership.state, decision.handoff) {
        (OwnerState::Human, _) => Owner::Human,
        (_, Some(_)) | (OwnerState::Offered, _) => Owner::Offered,
        (OwnerState::Bot | OwnerState::Released, None) => Owner::Bot,
    };
    let context = OfferContext {
        tenant: sources.tenant.as_str(),
        subject,
        anchors: &anchors,
        cart: &cart,
        offered: &record.offered,
        situation: OfferSituation {
            intent: if understood.tap.is_some() { TAP_INTENT } else { &reading.label },
            intent_certainty: certainty(reading.abstained, decision),
            sarcasm: reading.signals.sarcasm,
            sentiment: reading.signals.sentiment,
            owner,
            reaction: OfferReaction::Open,
            offers_this_turn: 0,
        },
        products: &CatalogLookup(sources.catalog),
    };
    to_suggestion(sources.catalog, &sources.offers.suggest(&context), understood.language)
}

/// Whether an offer fits: only beside a product that is recommended, described or paid for.
fn allows_offer(decision: &Decision) -> bool {
    match decision.action.kind {
        ActionKind::Recommend | ActionKind::Checkout => true,
        ActionKind::Answer => decision.action.sku.is_some(),
        ActionKind::Greet
        | ActionKind::Ask
        | ActionKind::OrderStatus
        | ActionKind::Clarify
        | ActionKind::Deflect
        | ActionKind::Handoff
        | ActionKind::Close
        | ActionKind::Superseded => false,
    }
}

/// A need read by the catalogue is certain even if the head abstained.
fn certainty(abstained: bool, decision: &Decision) -> Certainty {
    if abstained && decision.action.sku.is_none() { Certainty::Abstained } else { Certainty::Sure }
}

fn to_suggestion(
    catalog: &Catalog,
    decision: &OfferDecision,
    language: Language,
) -> Option<Suggestion> {
    let offer = decision.offer()?;
    let product = catalog.get(&offer.sku)?;
    Some(Suggestion {
        sku: offer.sku.clone(),
        name: product.name.clone(),
        price: offer.price,
        reason: offer.reason.text(language).to_owned(),
        rule: offer.rule.clone(),
        arm: decision.assignment().arm.name(),
    })
}

/// Result of `/v1/suggest`.
#[derive(Debug)]
pub(crate) struct CartVerdict {
    pub(crate) suggestion: Option<Suggestion>,
    pub(crate) arm: &'static str,
    /// Why there is no suggestion.
    pub(crate) withheld: Option<String>,
}

impl TurnPipeline {
    /// The offer for a cart outside any conversation.
    ///
    /// # Errors
    /// Store errors, when reading the customer's ledger.
    pub(crate) async fn suggest(
        &self,
        tenant: &TenantId,
        customer: Option<&CustomerId>,
        cart: &[Sku],
    ) -> Result<CartVerdict, StoreError> {
        let stopped = match customer {
            Some(customer) => self.has_stopped(tenant, customer).await?,
            None => false,
        };
        let context = OfferContext {
            tenant: tenant.as_str(),
            subject: customer.map_or(ANONYMOUS, CustomerId::as_str),
            anchors: cart,
            cart,
            offered: &[],
            situation: OfferSituation {
                intent: "add_to_cart",
                intent_certainty: Certainty::Sure,
                sarcasm: 0.0,
                sentiment: 0.0,
                owner: Owner::Bot,
                reaction: OfferReaction::Open,
                offers_this_turn: 0,
            },
            products: &CatalogLookup(&self.parts.catalog),
        };
        let decision = self.parts.offers.suggest(&context);
        let arm = decision.assignment().arm.name();
        if stopped {
            return Ok(CartVerdict { suggestion: None, arm, withheld: Some(STOPPED.to_owned()) });
        }
        Ok(CartVerdict {
            suggestion: to_suggestion(&self.parts.catalog, &decision, self.options.style.language),
            arm,
            withheld: decision.withheld().map(|reason| reason.name().to_owned()),
        })
    }

    async fn has_stopped(
        &self,
        tenant: &TenantId,
        customer: &CustomerId,
    ) -> Result<bool, StoreError> {
        let key = CustomerKey { tenant: tenant.clone(), customer: customer.clone() };
        let known = self.parts.customers.customer(&key).await?;
        Ok(known.is_some_and(|known| known.has_stopped()))
    }
}
