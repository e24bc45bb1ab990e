//! Fourth stage: at most one offer, and only where it is appropriate.

use crate::offers::Certainty;
use crate::offers::OfferContext;
use crate::offers::OfferDecision;
use crate::offers::OfferReaction;
use crate::offers::OfferReason;
use crate::offers::OfferSituation;
use crate::offers::Offers;
use crate::offers::Owner;
use crate::offers::ProductLookup;
use crate::turn::TurnPipeline;
use crate::turn::action::ActionKind;
use crate::turn::answer::Suggestion;
use crate::turn::dialogue::Decision;
use crate::turn::understand::Understood;
use vitrine_base::ids::ConversationId;
use vitrine_base::ids::CustomerId;
use vitrine_base::ids::Sku;
use vitrine_base::ids::TenantId;
use vitrine_base::ids::time_ordered_id;
use vitrine_base::money::Money;
use vitrine_catalog::Catalog;
use vitrine_conversations::ConversationKey;
use vitrine_conversations::ConversationRecord;
use vitrine_conversations::CustomerKey;
use vitrine_conversations::OwnerState;
use vitrine_conversations::StoreError;
use vitrine_dialogue::plan;
use vitrine_dialogue::words::templates::FixedTexts;

/// Intent of a tap on an option: a step of a product search.
const TAP_INTENT: &str = "product_search";

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
    /// Texts in the language of the reply.
    pub(crate) fixed: &'a FixedTexts,
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
    let state = decision.turned.as_ref().map(|turned| &turned.state);
    let focus = state.and_then(|state| state.focus.as_ref()).map(|focus| focus.sku.clone());
    let focus = focus.and_then(|sku| Sku::new(sku).ok());
    let anchors: Vec<Sku> = decision.action.sku.clone().or(focus).into_iter().collect();
    let mut cart: Vec<Sku> = record.cart.iter().map(|line| line.sku.clone()).collect();
    let lines = state.iter().flat_map(|state| &state.cart);
    cart.extend(lines.filter_map(|line| Sku::new(line.sku.clone()).ok()));
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
            // The dialogue has found out what the message is about: trouble, service and doubt are
            // ruled out above.
            intent: TAP_INTENT,
            intent_certainty: Certainty::Sure,
            sarcasm: 0.0,
            sentiment: 0.0_f32.max(reading.signals.sentiment),
            owner,
            reaction: OfferReaction::Open,
            offers_this_turn: 0,
        },
        products: &CatalogLookup(sources.catalog),
    };
    to_suggestion(sources.catalog, &sources.offers.suggest(&context), sources.fixed)
}

/// Whether an offer fits: only beside a product that is recommended, described or paid for, and
/// never where the dialogue found it out of place.
fn allows_offer(decision: &Decision) -> bool {
    if decision.plan().is_none_or(|plan| plan.no_offer) {
        return false;
    }
    match decision.action.kind {
        ActionKind::Said(plan::ActionKind::Recommend | plan::ActionKind::Checkout) => true,
        ActionKind::Said(plan::ActionKind::Answer) => decision.action.sku.is_some(),
        ActionKind::Said(_) | ActionKind::Superseded => false,
    }
}

fn to_suggestion(
    catalog: &Catalog,
    decision: &OfferDecision,
    fixed: &FixedTexts,
) -> Option<Suggestion> {
    let offer = decision.offer()?;
    let product = catalog.get(&offer.sku)?;
    Some(Suggestion {
        sku: offer.sku.clone(),
        name: product.name.clone(),
        price: offer.price,
        reason: match offer.reason {
            OfferReason::BoughtTogether => fixed.bought_together.clone(),
        },
        rule: offer.rule.clone(),
        arm: decision.assignment().arm.name(),
    })
}

/// What `/v1/suggest` is asked about. The customer decides the experiment arm, else the
/// conversation; without both, each request is a subject of its own.
#[derive(Debug, Default)]
pub(crate) struct Asked {
    pub(crate) customer: Option<CustomerId>,
    pub(crate) conversation: Option<ConversationId>,
    /// Products in the cart; `None` if the caller sent no cart.
    pub(crate) cart: Option<Vec<Sku>>,
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
    /// The offer for a cart or a customer outside any turn. A cart that is not given is that of the
    /// customer's latest conversation, with the product that it is about.
    ///
    /// # Errors
    /// Store errors, when reading the customer's ledger and conversation.
    pub(crate) async fn suggest(
        &self,
        tenant: &TenantId,
        asked: Asked,
    ) -> Result<CartVerdict, StoreError> {
        let Asked { customer, conversation, cart } = asked;
        let stopped = match &customer {
            Some(customer) => self.has_stopped(tenant, customer).await?,
            None => false,
        };
        let (cart, offered) = match (cart, &customer) {
            (Some(cart), _) => (cart, Vec::new()),
            (None, Some(customer)) => self.last_products(tenant, customer).await?,
            (None, None) => (Vec::new(), Vec::new()),
        };
        let request = || time_ordered_id(self.parts.clock.now()).to_string();
        let subject = customer.map(|id| id.to_string());
        let subject = subject.or(conversation.map(|id| id.to_string())).unwrap_or_else(request);
        let context = OfferContext {
            tenant: tenant.as_str(),
            subject: &subject,
            anchors: &cart,
            cart: &cart,
            offered: &offered,
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
        let fixed = self.fixed(self.options.style.language);
        Ok(CartVerdict {
            suggestion: to_suggestion(&self.parts.catalog, &decision, fixed),
            arm,
            withheld: decision.withheld().map(|reason| reason.name().to_owned()),
        })
    }

    /// Products of the customer's latest conversation, and those offered in it.
    async fn last_products(
        &self,
        tenant: &TenantId,
        customer: &CustomerId,
    ) -> Result<(Vec<Sku>, Vec<Sku>), StoreError> {
        let key = CustomerKey { tenant: tenant.clone(), customer: customer.clone() };
        let Some(conversation) = self.parts.customers.last_conversation(&key).await? else {
            return Ok((Vec::new(), Vec::new()));
        };
        let key = ConversationKey { tenant: key.tenant, conversation };
        let Some(record) = self.parts.store.load(&key).await? else {
            return Ok((Vec::new(), Vec::new()));
        };
        let cart = record.cart.iter().map(|line| line.sku.clone());
        let products = cart.chain(record.product_in_focus.clone()).collect();
        Ok((products, record.offered.clone()))
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
