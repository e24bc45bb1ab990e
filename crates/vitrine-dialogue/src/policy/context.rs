//! What a decision depends on besides the state and the message, and its limits.

use crate::policies::Policies;
use crate::shop::Catalog;
use crate::shop::Language;

/// Most buttons of a reply; a channel with fewer shows the first ones, or a list.
pub(crate) const OPTIONS_MAX: usize = 10;

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
    /// What they bought last, in the caller's words: a name or an sku.
    pub last_purchase: Option<String>,
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
