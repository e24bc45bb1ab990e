//! One turn from a message to a worded reply.

use crate::locale::Locales;
use crate::plan::Plan;
use crate::policies::Policies;
use crate::policy;
use crate::policy::Context;
use crate::policy::Customer;
use crate::policy::Rules;
use crate::policy::ShopProfile;
use crate::reader;
use crate::reader::Evidence;
use crate::reader::Reading;
use crate::shop::Catalog;
use crate::shop::Language;
use crate::state::DialogueState;
use crate::words;
use crate::words::Address;
use crate::words::Worded;
use crate::words::WordingInput;
use jiff::civil::Date;

/// Most template keys remembered, so that the next replies use others.
const SAID_MAX: usize = 16;

/// What all conversations of a shop share.
#[derive(Debug, Clone, Copy)]
pub struct Setting<'a> {
    /// The products.
    pub catalog: &'a Catalog,
    /// The shop's texts.
    pub policies: &'a Policies,
    /// The words of each language.
    pub locales: &'a Locales,
    /// The shop, in the language of the reply.
    pub shop: &'a ShopProfile,
    /// Form of address.
    pub address: Address,
    /// Limits of the conversation.
    pub rules: Rules,
}

/// A message, with what is known of its sender.
#[derive(Debug, Clone, Copy)]
pub struct Incoming<'a> {
    /// The text; may be empty if an option was tapped.
    pub text: &'a str,
    /// Id of the option tapped.
    pub tapped: Option<&'a str>,
    /// Language of the reply.
    pub language: Language,
    /// What models found in the text.
    pub evidence: &'a Evidence,
    /// The sender's day.
    pub today: Date,
    /// The customer.
    pub customer: &'a Customer,
    /// Id of the conversation.
    pub thread: &'a str,
    /// Whether the reply is kept as short as possible.
    pub short: bool,
}

/// A turn, read, decided and worded.
#[derive(Debug, Clone, PartialEq)]
pub struct Turned {
    /// What was understood.
    pub reading: Reading,
    /// The state to store.
    pub state: DialogueState,
    /// What the reply says.
    pub plan: Plan,
    /// The reply.
    pub worded: Worded,
}

/// Reads a message.
#[must_use]
pub fn read(setting: &Setting<'_>, before: &DialogueState, incoming: &Incoming<'_>) -> Reading {
    reader::read(&reader::ReaderInput {
        text: incoming.text,
        tapped: incoming.tapped,
        language: incoming.language,
        state: before,
        catalog: setting.catalog,
        policies: setting.policies,
        locales: setting.locales,
        evidence: incoming.evidence,
        today: incoming.today,
    })
}

/// Answers what was read from a message.
#[must_use]
pub fn answer(
    setting: &Setting<'_>,
    before: &DialogueState,
    incoming: &Incoming<'_>,
    reading: Reading,
) -> Turned {
    let context = Context {
        catalog: setting.catalog,
        policies: setting.policies,
        shop: setting.shop,
        customer: incoming.customer,
        language: incoming.language,
        thread: incoming.thread,
        rules: setting.rules,
    };
    let policy::Decided { mut state, plan } = policy::decide(&context, before, &reading);
    let worded = words::render(&WordingInput {
        plan: &plan,
        locale: setting.locales.get(incoming.language),
        address: setting.address,
        short: incoming.short,
        seed: seed(incoming.thread, state.turns),
        state: before,
    });
    remember(&mut state, &plan, &worded);
    Turned { reading, state, plan, worded }
}

/// Runs one turn: reads the message and answers it.
#[must_use]
pub fn turn(setting: &Setting<'_>, before: &DialogueState, incoming: &Incoming<'_>) -> Turned {
    answer(setting, before, incoming, read(setting, before, incoming))
}

/// Records what was said, so that the next message can refer to it.
fn remember(state: &mut DialogueState, plan: &Plan, worded: &Worded) {
    state.options = plan
        .options
        .iter()
        .zip(&worded.titles)
        .map(|(option, title)| (option.id.clone(), title.clone()))
        .collect();
    state.said.extend(worded.keys.iter().cloned());
    let excess = state.said.len().saturating_sub(SAID_MAX);
    state.said.drain(..excess);
    state.last_reply = hash(worded.text.as_bytes());
}

/// Chooses between the variants of a template: differs by conversation and turn, and is the same
/// whenever the turn is run again.
fn seed(thread: &str, turn: u32) -> u64 {
    hash(thread.as_bytes()) ^ u64::from(turn).wrapping_mul(0x9E37_79B9_7F4A_7C15)
}

/// FNV-1a, 64 bits: stable over versions and machines.
fn hash(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0xCBF2_9CE4_8422_2325, |hash, byte| {
        (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01B3)
    })
}
