//! The dialogue state of a conversation's record, and the prices that it is shown with.
//!
//! A record holds the state as text. One of version 0.1 holds none: its state comes from its facts,
//! focus and open question.

use rust_decimal::Decimal;
use vitrine_base::ids::Sku;
use vitrine_base::money::Currency;
use vitrine_base::money::Money;
use vitrine_catalog::Catalog;
use vitrine_conversations::ConversationRecord;
use vitrine_conversations::OwnerState;
use vitrine_conversations::Purpose;
use vitrine_dialogue::migrate::OldPending;
use vitrine_dialogue::migrate::OldThread;
use vitrine_dialogue::migrate::from_old;
use vitrine_dialogue::state::DialogueState;
use vitrine_dialogue::state::Line;
use vitrine_dialogue::state::StateError;

/// A dialogue state with what it is shown with.
#[derive(Debug, Clone)]
pub(crate) struct ShownState {
    pub(crate) state: DialogueState,
    /// Who answers the conversation.
    pub(crate) owner: OwnerState,
    /// Currency of the price limits; `None` without products.
    pub(crate) currency: Option<Currency>,
    /// Price of one piece of each line of the cart; `None` where the catalogue has none.
    pub(crate) prices: Vec<Option<Money>>,
}

impl ShownState {
    /// The state with the prices of this catalogue.
    pub(crate) fn new(state: DialogueState, owner: OwnerState, catalog: &Catalog) -> Self {
        Self {
            owner,
            currency: catalog.currency(),
            prices: state.cart.iter().map(|line| price(catalog, line)).collect(),
            state,
        }
    }

    /// The lines of the cart with the price of one piece and of all, where they are known.
    pub(crate) fn lines(&self) -> impl Iterator<Item = (&Line, Option<Money>, Option<Money>)> {
        let prices = self.prices.iter().copied().chain(std::iter::repeat(None));
        self.state.cart.iter().zip(prices).map(|(line, price)| {
            let total = price.map(|price| Money {
                amount: price.amount.saturating_mul(Decimal::from(line.quantity)),
                currency: price.currency,
            });
            (line, price, total)
        })
    }

    /// The sum of the cart; `None` if it is empty, a price is unknown or the currencies differ.
    pub(crate) fn total(&self) -> Option<Money> {
        let mut sum: Option<Money> = None;
        for (_, _, total) in self.lines() {
            let total = total?;
            let before = sum.map_or(Decimal::ZERO, |sum| sum.amount);
            if sum.is_some_and(|sum| sum.currency != total.currency) {
                return None;
            }
            let amount = before.saturating_add(total.amount);
            sum = Some(Money { amount, currency: total.currency });
        }
        sum
    }
}

/// Price of one piece of a line; `None` if the catalogue does not have it, or if the variant is
/// open and the variants differ in price.
fn price(catalog: &Catalog, line: &Line) -> Option<Money> {
    let find = |sku: &str| catalog.find_sku(&Sku::new(sku).ok()?);
    let (product, variant) = find(&line.variant).or_else(|| find(&line.sku))?;
    if let Some(variant) = variant.or_else(|| product.variant(&line.options)) {
        return Some(variant.price);
    }
    let (lowest, highest) = product.price_range(&line.options);
    (lowest == highest).then_some(lowest)
}

/// The dialogue state that a conversation goes on from.
///
/// # Errors
/// If the stored state is malformed, or was written by a newer version.
pub(crate) fn stored(record: &ConversationRecord) -> Result<DialogueState, StateError> {
    match &record.dialogue {
        Some(text) => DialogueState::read(text),
        None => Ok(from_old(old_thread(record))),
    }
}

/// What version 0.1 stored of the conversation.
fn old_thread(record: &ConversationRecord) -> OldThread {
    let stated = record.facts.iter().filter(|(_, fact)| fact.purpose == Purpose::Assistance);
    let facts = stated.map(|(key, fact)| (key.clone(), fact.value.clone()));
    let pending = record.pending.as_ref().map(|asked| OldPending {
        facet: asked.facet.clone(),
        options: asked
            .options
            .iter()
            .map(|option| (option.id.clone(), option.title.clone()))
            .collect(),
        product: asked.product.as_ref().map(ToString::to_string),
    });
    OldThread {
        facts: facts.collect(),
        focus: record.product_in_focus.as_ref().map(ToString::to_string),
        pending,
        asked: record.asked_facets.clone(),
        cart: record.cart.iter().map(|line| (line.sku.to_string(), line.quantity)).collect(),
        declined: record.declined_offers.iter().map(|offer| offer.sku.to_string()).collect(),
        turns: u32::try_from(record.turns_recorded).unwrap_or(u32::MAX),
        stopped: record.outreach_stopped_at.is_some(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeMap;
    use vitrine_conversations::samples;
    use vitrine_dialogue::state::Pending;

    fn euros(cents: i64) -> Money {
        Money {
            amount: Decimal::new(cents, 2),
            currency: Money::parse("1", "EUR").unwrap().currency,
        }
    }

    fn cart(prices: Vec<Option<Money>>, quantities: &[u32]) -> ShownState {
        let line = |quantity: &u32| Line {
            sku: "A".to_owned(),
            variant: "A-1".to_owned(),
            options: BTreeMap::new(),
            quantity: *quantity,
        };
        let cart = quantities.iter().map(line).collect();
        let state = DialogueState { cart, ..DialogueState::default() };
        ShownState { state, owner: OwnerState::Bot, currency: None, prices }
    }

    #[test]
    fn the_total_is_the_sum_of_all_pieces_or_unknown() {
        assert_eq!(
            cart(vec![Some(euros(1990)), Some(euros(500))], &[2, 3]).total(),
            Some(euros(5480))
        );
        assert_eq!(cart(vec![Some(euros(1990)), None], &[2, 3]).total(), None);
        assert_eq!(cart(vec![Some(euros(1990))], &[1, 1]).total(), None, "no price, no sum");
        assert_eq!(cart(Vec::new(), &[]).total(), None);
        let dollars = Money::parse("5", "USD").unwrap();
        assert_eq!(cart(vec![Some(euros(1990)), Some(dollars)], &[1, 1]).total(), None);
    }

    #[test]
    fn a_record_without_a_state_goes_on_from_its_facts() {
        let mut record = samples::full_conversation("t");
        record.dialogue = None;
        let state = stored(&record).unwrap();
        assert_eq!(state.need.facets["goal"].must, ["marathon"]);
        assert_eq!(state.focus.unwrap().sku, "SOCK-01");
        assert_eq!(state.pending, Some(Pending::Facet { facet: "feel".to_owned() }));
        assert_eq!((state.cart[0].sku.as_str(), state.cart[0].quantity), ("SOCK-01", 2));
        assert_eq!(state.rejected, ["SOCK-01"]);
    }

    #[test]
    fn a_stored_state_wins_over_facts_and_a_newer_one_is_refused() {
        let mut record = samples::full_conversation("t");
        let state = stored(&record).unwrap();
        assert_eq!(state.need.category.as_deref(), Some("running_shoes"));
        assert!(state.need.facets.is_empty() && state.focus.is_none());
        record.dialogue = Some("{\"version\":4000000000}".to_owned());
        assert!(matches!(stored(&record), Err(StateError::Version { .. })));
    }
}
