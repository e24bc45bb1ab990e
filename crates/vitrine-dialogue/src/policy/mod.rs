//! Decides what a reply says: commands and state → new state and plan. Pure.
//!
//! In reading order: `context` (what a decision depends on), `apply` (commands change the need),
//! `references` (which products are meant), `search` (need → products), `cards` (product → what is
//! shown of it), `selling`, `buying`, `questions`, `service` (what is said), `choose` (which of
//! these a message calls for).
//!
//! Invariants
//! - Every fact of a plan comes from the catalogue, the shop's texts or the caller.
//! - A plan asks at most one question.
//! - A search that finds nothing gives up the least important wish, and says which.

mod apply;
mod buying;
mod cards;
mod choose;
mod comparing;
mod context;
mod critique;
mod fitting;
mod leaving;
mod narrowing;
mod properties;
mod questions;
mod references;
mod search;
mod selling;
mod service;
mod sizes;
mod sums;
mod taken;
mod terms;

pub use context::Context;
pub use context::Customer;
pub use context::Order;
pub use context::Rules;
pub use context::ShopProfile;

use crate::command::Command;
use crate::command::Question;
use crate::plan::ActionKind;
use crate::plan::Move;
use crate::plan::Plan;
use crate::plan::ShownProduct;
use crate::reader::Reading;
use crate::state::DialogueState;
use crate::state::STATE_VERSION;

/// A decided turn.
#[derive(Debug, Clone, PartialEq)]
pub struct Decided {
    /// The state after the reply.
    pub state: DialogueState,
    /// What the reply says.
    pub plan: Plan,
}

/// Decides one turn.
#[must_use]
pub fn decide(context: &Context<'_>, before: &DialogueState, reading: &Reading) -> Decided {
    let mut turn = choose::Turn::new(context, before, reading);
    let plan = turn.plan();
    let mut state = turn.into_state();
    remember(&mut state, &plan, reading);
    Decided { state, plan }
}

/// The intent of the last of the shop's matters that a message asks about.
fn asked_topic(reading: &Reading) -> Option<String> {
    reading.commands.iter().rev().find_map(|said| match &said.command {
        Command::Ask { question: Question::Topic { intent, .. }, .. } => Some(intent.clone()),
        Command::Ask { question: Question::SizeAdvice, .. } => Some("size_help".to_owned()),
        _ => None,
    })
}

/// The last question on a product that a message asks, if the plan answers it.
fn asked_of_product(plan: &Plan, reading: &Reading) -> Option<Question> {
    let answers = plan.action.kind == ActionKind::Answer && plan.action.sku.is_some();
    let asked = reading.commands.iter().rev().find_map(|said| match &said.command {
        Command::Ask { question, about: Some(_) } => Some(question.clone()),
        _ => None,
    });
    let repeatable = |question: &Question| {
        matches!(
            question,
            Question::Topic { .. }
                | Question::Attribute { .. }
                | Question::Feature { .. }
                | Question::Price
                | Question::Stock
                | Question::Sizes
        )
    };
    asked.filter(|question| answers && repeatable(question)).map(|question| match question {
        // The words of a feature are one product's own: of another, its details are asked.
        Question::Feature { .. } => Question::Details,
        other => other,
    })
}

/// Records what the plan shows.
fn remember(state: &mut DialogueState, plan: &Plan, reading: &Reading) {
    state.version = STATE_VERSION;
    state.turns = state.turns.saturating_add(1);
    let shown: Vec<String> = plan.products.iter().map(|shown| shown.card.sku.clone()).collect();
    for sku in &shown {
        if !state.shown.contains(sku) {
            state.shown.push(sku.clone());
        }
    }
    let excess = state.shown.len().saturating_sub(crate::state::SHOWN_MAX);
    state.shown.drain(..excess);
    if !shown.is_empty() {
        state.last_shown = shown;
    }
    if let Some(focus) = &state.focus
        && state.discussed.last() != Some(&focus.sku)
    {
        state.discussed.retain(|known| *known != focus.sku);
        state.discussed.push(focus.sku.clone());
        let excess = state.discussed.len().saturating_sub(crate::state::DISCUSSED_MAX);
        state.discussed.drain(..excess);
    }
    // A sum is out of date once something is ordered or another product comes up.
    let other = |one: &ShownProduct| state.summed.iter().all(|line| line.sku != one.card.sku);
    if plan.action.kind == ActionKind::Checkout || plan.products.iter().any(other) {
        state.summed.clear();
    }
    state.asked_of_product = asked_of_product(plan, reading);
    let policy = |said: &Move| matches!(said, Move::Policy(_));
    state.answered = plan.moves.iter().any(policy).then(|| asked_topic(reading)).flatten();
    state.answered_topic = plan.moves.iter().rev().find_map(|said| match said {
        Move::Policy(text) => Some(text.id.clone()),
        _ => None,
    });
    let greeted = plan.moves.iter().any(|said| matches!(said, Move::Greet { .. }));
    state.greeted |= greeted;
}
