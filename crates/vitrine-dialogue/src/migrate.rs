//! The state of conversations that version 0.1 kept as facts.
//!
//! Pure. A conversation of version 0.1 has no state: its need, focus and open question lie in
//! fields of its record, which [`from_old`] turns into one, so that it goes on where it was.

use crate::state::DialogueState;
use crate::state::Focus;
use crate::state::LINES_MAX;
use crate::state::Line;
use crate::state::Need;
use crate::state::Pending;
use crate::state::STATE_VERSION;
use crate::state::Topic;
use rust_decimal::Decimal;
use std::collections::BTreeMap;

/// Separates the values of a fact that has several.
const VALUE_SEPARATOR: char = '|';

/// Key of the category, among facts and as an asked facet.
const CATEGORY: &str = "category";

/// Key of the size, among facts, options and asked facets.
const SIZE: &str = "size";

/// Facts of version 0.1 that are not wishes for a product: contact data, dates and statements. They
/// stay facts of the conversation.
const NOT_WISHES: [&str; 8] =
    ["email", "phone", "date", "allergy", "preference", "dislike", "activity", "trait"];

/// A question of version 0.1 that waits for an answer.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct OldPending {
    /// What it asks: a facet, `size`, `need`, or `choice` for a confirmation.
    pub facet: String,
    /// Ids and titles of the options offered, in order.
    pub options: Vec<(String, String)>,
    /// The product that it is about.
    pub product: Option<String>,
}

/// What version 0.1 stored of a conversation, as far as a state can be made of it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct OldThread {
    /// Facts by key. `budget_min` and `budget_max` are amounts such as `150.00 EUR`; several values
    /// of one key are joined by `|`.
    pub facts: BTreeMap<String, String>,
    /// The product under discussion.
    pub focus: Option<String>,
    /// The open question.
    pub pending: Option<OldPending>,
    /// Facets asked for the need, answered or not.
    pub asked: Vec<String>,
    /// The cart, as the shop reported it: sku and pieces.
    pub cart: Vec<(String, u32)>,
    /// Products refused.
    pub declined: Vec<String>,
    /// Turns recorded.
    pub turns: u32,
    /// Whether the customer said STOP.
    pub stopped: bool,
}

/// The state that an old conversation goes on from.
#[must_use]
pub fn from_old(thread: OldThread) -> DialogueState {
    let need = need(&thread.facts);
    let focus =
        thread.focus.map(|sku| Focus { sku, options: first_options(&need), pieces: Vec::new() });
    let shown: Vec<String> = focus.iter().map(|focus| focus.sku.clone()).collect();
    let is_buying = focus.is_some() || need != Need::default();
    let (pending, options) = match thread.pending {
        Some(asked) => (pending(&asked), asked.options),
        None => (None, Vec::new()),
    };
    DialogueState {
        version: STATE_VERSION,
        turns: thread.turns,
        cart: thread.cart.into_iter().take(LINES_MAX).map(line).collect(),
        last_shown: shown.clone(),
        shown,
        focus,
        rejected: thread.declined,
        pending,
        options,
        asked: thread.asked,
        topics: if is_buying { vec![Topic::Purchase] } else { Vec::new() },
        order: thread.facts.get("order_id").and_then(|ids| values(ids).last()).map(str::to_owned),
        stopped: thread.stopped,
        greeted: thread.turns > 0,
        need,
        ..DialogueState::default()
    }
}

fn values(joined: &str) -> impl Iterator<Item = &str> {
    joined.split(VALUE_SEPARATOR).map(str::trim).filter(|value| !value.is_empty())
}

fn need(facts: &BTreeMap<String, String>) -> Need {
    let mut need = Need::default();
    for (key, value) in facts {
        match key.as_str() {
            CATEGORY => need.category = values(value).last().map(str::to_owned),
            "budget_min" => need.price_min = amount(value),
            "budget_max" => need.price_max = amount(value),
            SIZE => {
                let sizes: Vec<String> = values(value).map(str::to_owned).collect();
                if !sizes.is_empty() {
                    need.options.insert(SIZE.to_owned(), sizes);
                }
            }
            "said" => need.words = value.split_whitespace().map(str::to_owned).collect(),
            "quantity" => {
                let pieces = values(value).last().and_then(|pieces| pieces.parse().ok());
                need.quantity = pieces.filter(|pieces| *pieces > 0);
            }
            "order_id" => {}
            key if NOT_WISHES.contains(&key) => {}
            key => {
                let must: Vec<String> = values(value).map(str::to_owned).collect();
                if !must.is_empty() {
                    need.facets.entry(key.to_owned()).or_default().must = must;
                }
            }
        }
    }
    need
}

/// The amount of a text such as `150.00 EUR`; `None` if it is not one.
fn amount(text: &str) -> Option<Decimal> {
    let amount = Decimal::from_str_exact(text.split_whitespace().next()?).ok()?;
    (amount >= Decimal::ZERO).then_some(amount)
}

/// The options that the need leaves no choice in.
fn first_options(need: &Need) -> BTreeMap<String, String> {
    let only = |(key, values): (&String, &Vec<String>)| match &values[..] {
        [one] => Some((key.clone(), one.clone())),
        _ => None,
    };
    need.options.iter().filter_map(only).collect()
}

fn line((sku, quantity): (String, u32)) -> Line {
    Line { variant: sku.clone(), sku, options: BTreeMap::new(), quantity: quantity.max(1) }
}

fn pending(asked: &OldPending) -> Option<Pending> {
    let product = asked.product.clone();
    match (asked.facet.as_str(), product) {
        ("need", _) => Some(Pending::Need),
        ("choice", product) => choice(asked, product),
        (SIZE, Some(sku)) => Some(Pending::Option { facet: SIZE.to_owned(), sku }),
        (facet, _) => Some(Pending::Facet { facet: facet.to_owned() }),
    }
}

/// A question without a facet: whether a product is wanted, which one, or what is meant.
fn choice(asked: &OldPending, product: Option<String>) -> Option<Pending> {
    let of = |keys: &[&str]| -> Vec<&str> {
        let parts = asked.options.iter().filter_map(|(id, _)| id.split_once('='));
        parts.filter(|(key, _)| keys.contains(key)).map(|(_, value)| value).collect()
    };
    let mut products = of(&["take", "confirm"]);
    products.dedup();
    match (&products[..], product) {
        ([_, _, ..], _) => Some(Pending::Pick),
        ([sku], _) => Some(Pending::Buy { sku: (*sku).to_owned() }),
        ([], _) if !of(&["intent"]).is_empty() => Some(Pending::Topic),
        ([], product) => product.map(|sku| Pending::Buy { sku }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::state::StateError;
    use proptest::prelude::*;

    fn facts(pairs: &[(&str, &str)]) -> BTreeMap<String, String> {
        pairs.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect()
    }

    fn asked(facet: &str, product: Option<&str>, options: &[&str]) -> Option<Pending> {
        let options = options.iter().map(|id| ((*id).to_owned(), "title".to_owned())).collect();
        let pending =
            OldPending { facet: facet.to_owned(), options, product: product.map(str::to_owned) };
        from_old(OldThread { pending: Some(pending), ..OldThread::default() }).pending
    }

    #[test]
    fn a_conversation_of_0_1_keeps_its_need_focus_and_cart() {
        let state = from_old(OldThread {
            facts: facts(&[
                ("category", "running_shoes"),
                ("size", "42"),
                ("budget_max", "150.00 EUR"),
                ("budget_min", "80 EUR"),
                ("colour", "black|blue"),
                ("said", "leger respirant"),
                ("quantity", "2"),
                ("order_id", "4481922"),
                ("email", "lea@shop.example"),
            ]),
            focus: Some("RUN-012".to_owned()),
            asked: vec!["feel".to_owned()],
            cart: vec![("SOCK-01".to_owned(), 2), ("GEL-05".to_owned(), 0)],
            declined: vec!["RUN-009".to_owned()],
            turns: 3,
            stopped: true,
            pending: None,
        });
        let need = &state.need;
        assert_eq!(need.category.as_deref(), Some("running_shoes"));
        assert_eq!(need.options["size"], ["42"]);
        assert_eq!(need.price_max, Some(Decimal::new(15_000, 2)));
        assert_eq!(need.price_min, Some(Decimal::new(80, 0)));
        assert_eq!(need.facets["colour"].must, ["black", "blue"]);
        assert_eq!(need.facets.len(), 1, "an e-mail address is not a wish");
        assert_eq!(
            (&need.words[..], need.quantity),
            (&["leger", "respirant"].map(str::to_owned)[..], Some(2))
        );
        let focus = state.focus.as_ref().unwrap();
        assert_eq!((focus.sku.as_str(), focus.options["size"].as_str()), ("RUN-012", "42"));
        assert_eq!(state.last_shown, ["RUN-012"]);
        assert_eq!((state.cart[0].sku.as_str(), state.cart[0].quantity), ("SOCK-01", 2));
        assert_eq!(state.cart[1].quantity, 1, "a line has at least one piece");
        assert_eq!(
            (&state.rejected, &state.asked),
            (&vec!["RUN-009".to_owned()], &vec!["feel".to_owned()])
        );
        assert_eq!(state.order.as_deref(), Some("4481922"));
        assert_eq!(state.topics, [Topic::Purchase]);
        assert!(state.stopped && state.greeted && state.turns == 3);
    }

    #[test]
    fn an_open_question_of_0_1_is_still_open() {
        let facet = |facet: &str| Pending::Facet { facet: facet.to_owned() };
        let buy = |sku: &str| Pending::Buy { sku: sku.to_owned() };
        assert_eq!(asked("feel", None, &["feel=comfort"]), Some(facet("feel")));
        assert_eq!(asked("category", None, &["category=boots"]), Some(facet("category")));
        assert_eq!(asked("need", None, &["category=boots"]), Some(Pending::Need));
        let size = Pending::Option { facet: "size".to_owned(), sku: "R-1".to_owned() };
        assert_eq!(asked("size", Some("R-1"), &["size=42"]), Some(size));
        assert_eq!(asked("size", None, &["size=42"]), Some(facet("size")));
        assert_eq!(asked("choice", Some("R-1"), &["take=R-1", "other=R-1"]), Some(buy("R-1")));
        assert_eq!(asked("choice", None, &["confirm=R-2"]), Some(buy("R-2")));
        assert_eq!(asked("choice", None, &["take=R-1", "take=R-2"]), Some(Pending::Pick));
        let intents = ["intent=order_status", "intent=returns"];
        assert_eq!(asked("choice", None, &intents), Some(Pending::Topic));
        assert_eq!(asked("choice", None, &[]), None);
    }

    #[test]
    fn a_conversation_without_anything_known_begins_anew() {
        let new = DialogueState { version: STATE_VERSION, ..DialogueState::default() };
        assert_eq!(from_old(OldThread::default()), new);
    }

    #[test]
    fn a_state_reads_back_as_it_was_written() {
        let mut state = from_old(OldThread {
            facts: facts(&[("budget_max", "79.90 EUR"), ("colour", "black")]),
            focus: Some("RUN-012".to_owned()),
            ..OldThread::default()
        });
        state.pending = Some(Pending::Option { facet: "size".to_owned(), sku: "X".to_owned() });
        state.options = vec![("size=42".to_owned(), "42".to_owned())];
        state.last_reply = u64::MAX;
        assert_eq!(DialogueState::read(&state.stored()).unwrap(), state);
    }

    #[test]
    fn fields_that_a_stored_state_lacks_have_their_defaults() {
        let state = DialogueState::read(r#"{"version":1,"need":{"category":"boots"}}"#).unwrap();
        assert_eq!(state.need.category.as_deref(), Some("boots"));
        assert!(state.cart.is_empty() && state.pending.is_none());
    }

    #[test]
    fn states_of_newer_versions_and_malformed_ones_are_refused() {
        let newer = format!("{{\"version\":{}}}", STATE_VERSION + 1);
        let refused = DialogueState::read(&newer).unwrap_err();
        assert_eq!(
            refused.to_string(),
            "a stored dialogue state has version 2, the newest known is 1"
        );
        for text in ["", "[[]]", "{\"cart\":1}", "null"] {
            let refused = DialogueState::read(text);
            assert!(matches!(refused, Err(StateError::Form(_))), "{text}");
        }
    }

    proptest! {
        #[test]
        fn any_facts_make_a_state(pairs: Vec<(String, String)>, amount: String) {
            let mut facts: BTreeMap<String, String> = pairs.into_iter().collect();
            facts.insert("budget_max".to_owned(), amount);
            let state = from_old(OldThread { facts, ..OldThread::default() });
            prop_assert_eq!(DialogueState::read(&state.stored()).unwrap(), state);
        }
    }
}
