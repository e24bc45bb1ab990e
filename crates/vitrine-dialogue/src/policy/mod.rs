//! Decides what a reply says: commands and state → new state and plan. Pure.
//!
//! In reading order: `apply` (commands change the need), `references` (which products are meant),
//! `search` (need → products), `cards` (product → what is shown of it), `selling`, `buying`,
//! `questions`, `service` (what is said), `choose` (which of these a message calls for).
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
mod critique;
mod questions;
mod references;
mod search;
mod selling;
mod service;
mod sizes;
mod sums;

use crate::command::Command;
use crate::command::Question;
use crate::plan::Move;
use crate::plan::Plan;
use crate::policies::Policies;
use crate::reader::Reading;
use crate::shop::Catalog;
use crate::shop::Language;
use crate::state::DialogueState;
use crate::state::STATE_VERSION;

/// The shop, as far as replies speak of it.
#[derive(Debug, Clone, Default)]
pub struct ShopProfile {
    /// Its name.
    pub name: String,
    /// What it sells, in the language of the reply; may be empty.
    pub about: String,
    /// The people who take over.
    pub team: String,
    /// When they answer; may be empty.
    pub hours: String,
    /// Checkout link with placeholders; empty without a checkout.
    pub checkout_url: String,
    /// Tiers of customers whose purchases a person accompanies.
    pub personal_tiers: Vec<String>,
}

/// An order, as the caller reports it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Order {
    /// Its id.
    pub id: String,
    /// Its status.
    pub status: String,
    /// Its date.
    pub date: Option<String>,
    /// Where to follow it.
    pub link: Option<String>,
}

/// The customer, as the caller reports them.
#[derive(Debug, Clone, Default)]
pub struct Customer {
    /// Their name.
    pub name: Option<String>,
    /// Their tier.
    pub tier: Option<String>,
    /// Their orders, the latest first.
    pub orders: Vec<Order>,
}

/// Limits of a conversation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rules {
    /// Most questions on facets for one need.
    pub questions_max: usize,
    /// Unclear messages in a row that lead to a hand-off.
    pub unclear_max: u32,
    /// Most repetitions of the same question; the next one is a hand-off.
    pub repeats_max: u32,
}

impl Default for Rules {
    fn default() -> Self {
        Self { questions_max: 2, unclear_max: 3, repeats_max: 3 }
    }
}

/// What a decision depends on, besides the state and the message.
#[derive(Debug, Clone, Copy)]
pub struct Context<'a> {
    /// The products.
    pub catalog: &'a Catalog,
    /// The shop's texts.
    pub policies: &'a Policies,
    /// The shop.
    pub shop: &'a ShopProfile,
    /// The customer.
    pub customer: &'a Customer,
    /// The language of the reply.
    pub language: Language,
    /// Id of the conversation, for links.
    pub thread: &'a str,
    /// Limits of the conversation.
    pub rules: Rules,
}

/// A decided turn.
#[derive(Debug, Clone, PartialEq)]
pub struct Decided {
    /// The state after the reply.
    pub state: DialogueState,
    /// What the reply says.
    pub plan: Plan,
}

/// Most buttons of a reply; a channel with fewer shows the first ones, or a list.
pub(crate) const OPTIONS_MAX: usize = 10;

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
        _ => None,
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
    let policy = |said: &Move| matches!(said, Move::Policy(_));
    state.answered = plan.moves.iter().any(policy).then(|| asked_topic(reading)).flatten();
    let greeted = plan.moves.iter().any(|said| matches!(said, Move::Greet { .. }));
    state.greeted |= greeted;
}
