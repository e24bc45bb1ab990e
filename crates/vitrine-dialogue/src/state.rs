//! What a conversation remembers: the need, the cart, what was shown, what is in focus, what was
//! asked, and which matters are open.
//!
//! Stored with the conversation as JSON with a version; [`DialogueState::read`] reads every older
//! version.

use crate::command::Complaint;
use crate::command::Question;
use serde::Deserialize;
use serde::Serialize;
use std::collections::BTreeMap;

/// Version of the stored form.
pub const STATE_VERSION: u32 = 1;

/// Most products remembered as shown.
pub const SHOWN_MAX: usize = 48;

/// Most products remembered as discussed.
pub const DISCUSSED_MAX: usize = 4;

/// Most lines of the cart.
pub const LINES_MAX: usize = 50;

/// Wishes for one facet.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct FacetWish {
    /// Wanted values: one of them is needed.
    pub must: Vec<String>,
    /// Values not wanted.
    pub must_not: Vec<String>,
    /// Values that come first.
    pub prefer: Vec<String>,
    /// The customer said that it does not matter.
    pub any: bool,
}

/// What is looked for.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Need {
    /// Id of the category.
    pub category: Option<String>,
    /// Wishes by facet key.
    pub facets: BTreeMap<String, FacetWish>,
    /// Wanted option values by option key, as the shop writes them: any of the values.
    pub options: BTreeMap<String, Vec<String>>,
    /// The size as the customer wrote it, if the shop's sizes are other ones: "US 10".
    pub size_said: Option<String>,
    /// Lowest price, in the currency of the shop.
    pub price_min: Option<rust_decimal::Decimal>,
    /// Highest price.
    pub price_max: Option<rust_decimal::Decimal>,
    /// A low price is wanted.
    pub low_price: bool,
    /// Products must cost less than this: "cheaper" was said of one at this price.
    pub below: Option<rust_decimal::Decimal>,
    /// Products must cost more than this.
    pub above: Option<rust_decimal::Decimal>,
    /// Pieces wanted; `None` means one.
    pub quantity: Option<u32>,
    /// Pieces by size, in order: "one in 42 and one in 44".
    pub pieces: Vec<(u32, Option<String>)>,
    /// Words that no rule explains; they rank products.
    pub words: Vec<String>,
}

/// A line of the cart.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Line {
    /// The product.
    pub sku: String,
    /// The variant.
    pub variant: String,
    /// Chosen options, as the shop writes them.
    pub options: BTreeMap<String, String>,
    /// Pieces, at least 1.
    pub quantity: u32,
}

/// The product under discussion.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Focus {
    /// The product.
    pub sku: String,
    /// Options chosen for it so far.
    pub options: BTreeMap<String, String>,
    /// Several sizes and quantities asked of it, in order; empty for one piece of one size.
    #[serde(default)]
    pub pieces: Vec<(u32, Option<String>)>,
}

/// What was asked last, and still waits for an answer.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "question", rename_all = "snake_case")]
pub enum Pending {
    /// A facet of the need.
    Facet {
        /// Its key, or `category`.
        facet: String,
    },
    /// An option of a product, usually its size.
    Option {
        /// Key of the option.
        facet: String,
        /// The product.
        sku: String,
    },
    /// What is looked for.
    Need,
    /// Whether the product is to be bought.
    Buy {
        /// The product.
        sku: String,
    },
    /// Which of the products shown is to be bought.
    Pick,
    /// The number of an order.
    OrderId,
    /// Whether a person is wanted, or an address for a message.
    Contact {
        /// Product to tell about; empty if it is for a person.
        sku: String,
    },
    /// Whether anything else is wanted.
    Anything,
    /// Which of several matters is meant.
    Topic,
}

/// A matter that is open.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Topic {
    /// A purchase.
    Purchase,
    /// A question on an order.
    Order,
    /// A complaint.
    Complaint,
    /// A person was asked for.
    Human,
}

/// A complaint or a wish for a person that is not settled.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Trouble {
    /// What about.
    pub about: Complaint,
    /// Turns since.
    pub turns: u32,
    /// Whether a person was asked in.
    pub handed_over: bool,
}

/// The state of a conversation.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct DialogueState {
    /// Version of the form; see [`STATE_VERSION`].
    pub version: u32,
    /// Turns so far.
    pub turns: u32,
    /// What is looked for.
    pub need: Need,
    /// Further needs of the same message, to come back to: "a jacket and also gloves".
    pub later: Vec<Need>,
    /// The cart.
    pub cart: Vec<Line>,
    /// Products shown in this conversation, in order of their first showing.
    pub shown: Vec<String>,
    /// Products of the last reply that showed any, in order.
    pub last_shown: Vec<String>,
    /// Products compared last.
    pub compared: Vec<String>,
    /// The product under discussion.
    pub focus: Option<Focus>,
    /// Products taken together with the one under discussion, whose options are still to be asked.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub to_buy: Vec<String>,
    /// What was added up last and is not ordered yet, with its pieces.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub summed: Vec<Line>,
    /// Products refused.
    pub rejected: Vec<String>,
    /// What waits for an answer.
    pub pending: Option<Pending>,
    /// Option ids of the last reply with their titles, in order.
    pub options: Vec<(String, String)>,
    /// Intent of the shop's text that the last reply gave: "and to Spain?" goes on with it.
    pub answered: Option<String>,
    /// Id of that text.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub answered_topic: Option<String>,
    /// Whether the last reply told the price or the stock of the product under discussion: "and in
    /// 44?"
    /// goes on with it.
    pub asked_variant: bool,
    /// The question on a product that the last reply answered: "and the Dorane?" asks it again.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub asked_of_product: Option<Question>,
    /// Products under discussion one after the other, the current one last.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub discussed: Vec<String>,
    /// Facets asked for the current need.
    pub asked: Vec<String>,
    /// Open matters, the current one last.
    pub topics: Vec<Topic>,
    /// A complaint that is not settled.
    pub trouble: Option<Trouble>,
    /// Order spoken about.
    pub order: Option<String>,
    /// Unclear messages in a row.
    pub unclear: u32,
    /// The address of the last checkout link, while the cart has not changed since.
    pub link: Option<String>,
    /// Products whose return to stock the customer waits for.
    pub waits_for: Vec<String>,
    /// Times the same question was asked in a row.
    pub same_question: u32,
    /// Keys of the templates used in the last replies, newest last, so that none is said twice.
    pub said: Vec<String>,
    /// Hash of the last reply's text.
    pub last_reply: u64,
    /// Whether the customer said STOP.
    pub stopped: bool,
    /// Customer was greeted.
    pub greeted: bool,
}

impl DialogueState {
    /// Reads a stored state.
    ///
    /// # Errors
    /// If it is not the JSON of a state, or of a version that this code does not know.
    pub fn read(stored: &str) -> Result<Self, StateError> {
        let state: Self = serde_json::from_str(stored).map_err(StateError::Form)?;
        if state.version > STATE_VERSION {
            return Err(StateError::Version { found: state.version });
        }
        Ok(state)
    }

    /// The state as stored.
    #[must_use]
    pub fn stored(&self) -> String {
        // Maps with text keys, numbers and texts always make JSON.
        serde_json::to_string(self).unwrap_or_default()
    }
}

/// Why a stored state cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum StateError {
    /// It is malformed.
    #[error("a stored dialogue state is malformed")]
    Form(#[source] serde_json::Error),
    /// It was stored by a newer program.
    #[error("a stored dialogue state has version {found}, the newest known is {STATE_VERSION}")]
    Version {
        /// The version found.
        found: u32,
    },
}
