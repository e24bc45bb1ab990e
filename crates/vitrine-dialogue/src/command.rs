//! What a customer can say, as a closed set of typed commands.
//!
//! One message becomes several commands, in the order of its words. The same commands come from
//! every reader, and only they change the state of a conversation.

use rust_decimal::Decimal;
use serde::Deserialize;
use serde::Serialize;
use std::collections::BTreeMap;

/// How strongly a value is wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Polarity {
    /// Only products with the value.
    Must,
    /// No product with the value.
    MustNot,
    /// Products with the value first.
    Prefer,
}

/// A system that sizes are written in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SizeSystem {
    /// Whatever the shop uses.
    Shop,
    /// European.
    Eu,
    /// British.
    Uk,
    /// American.
    Us,
    /// Japanese or foot length in centimetres.
    Cm,
}

/// Which products a customer means.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "by", content = "value", rename_all = "snake_case")]
pub enum Reference {
    /// A product named in the message, by its sku.
    Product(String),
    /// A place among the products shown last: 1 is the first, -1 the last.
    Ordinal(i32),
    /// The product under discussion: "it", "ça", "celle-là".
    Focus,
    /// The one of two that is not under discussion.
    Other,
    /// Both, or all, of those shown or compared.
    Both,
    /// The cheapest of those shown or compared.
    Cheapest,
    /// The dearest of those shown or compared.
    Dearest,
    /// The one at this price: "celle à 119".
    Price(Decimal),
    /// The one with this facet value: "the black one".
    Facet {
        /// Key of the facet.
        facet: String,
        /// Id of the value.
        value: String,
    },
}

/// What is asked.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "what", rename_all = "snake_case")]
pub enum Question {
    /// A topic of the shop: its policies.
    Topic {
        /// Intent that the policies are filed under, such as `shipping_options`.
        intent: String,
        /// Ids of the shop's topics that fit the words best, best first; may be empty.
        topics: Vec<String>,
    },
    /// A property of a product: "is it waterproof?", "how thick is it?".
    Attribute {
        /// Key of the attribute or facet; empty if the reader found none that the shop knows.
        key: String,
        /// Id of the facet value asked for, such as `rain`; `None` for open questions.
        value: Option<String>,
    },
    /// Something that a feature or a sentence of the shop on a product answers.
    Feature {
        /// The shop's words.
        text: String,
    },
    /// Its price.
    Price,
    /// Whether it is available, in the size of the need or of this message.
    Stock,
    /// When it is back, or a message when it is.
    Restock,
    /// Its sizes.
    Sizes,
    /// Which size to take.
    SizeAdvice,
    /// More about it.
    Details,
    /// Why it was shown.
    Why,
    /// The sum of what is in the cart or under discussion.
    Total,
    /// What is in the cart.
    Cart,
    /// Which of those shown is the cheapest, dearest, or has a value.
    Which,
    /// Who answers: a person or a machine.
    Bot,
    /// What the assistant can do.
    Abilities,
    /// The orders of the customer again: "the same as last time".
    Reorder,
}

/// What is complained about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Complaint {
    /// A parcel that is late or lost.
    Delivery,
    /// An article that arrived broken, incomplete or wrong.
    Damaged,
    /// A fault that showed later.
    Fault,
    /// A payment.
    Payment,
    /// A refund that is asked for or missing.
    Refund,
    /// The service, or nothing in particular.
    Service,
}

/// Why a product is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RejectReason {
    /// It costs too much.
    Price,
    /// No reason, or another one, which other commands state.
    Other,
}

/// One thing that a customer says.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Command {
    /// A greeting.
    Greet,
    /// Thanks or praise that is meant.
    Thank,
    /// A farewell, or "that's all".
    Bye,
    /// Yes, fine, go on.
    Confirm,
    /// No.
    Deny,
    /// A kind of product is wanted, or no longer wanted.
    Seek {
        /// Id of the category.
        category: String,
        /// `Must` or `MustNot`.
        polarity: Polarity,
    },
    /// A product is wanted, without a kind: "I need something", "show me what you have".
    Browse,
    /// A facet value is wanted or not.
    Constrain {
        /// Key of the facet.
        facet: String,
        /// Id of the value.
        value: String,
        /// How strongly.
        polarity: Polarity,
    },
    /// A facet does not matter; `None`: the one asked about, or the rest.
    NoPreference {
        /// Key of the facet.
        facet: Option<String>,
    },
    /// A price limit, in the currency of the shop.
    PriceLimit {
        /// Lowest price.
        min: Option<Decimal>,
        /// Highest price.
        max: Option<Decimal>,
    },
    /// A limit in a currency that the shop does not use.
    ForeignLimit {
        /// The amount.
        amount: Decimal,
        /// ISO 4217 code.
        currency: String,
    },
    /// A lower price than that of the product shown: "cheaper", "trop cher".
    Cheaper,
    /// A higher one: "something better".
    Dearer,
    /// A low price in general: "not too expensive".
    LowPrice,
    /// A size, in the words of the customer.
    Size {
        /// Key of the option, usually `size`.
        option: String,
        /// The values, as the shop writes them where it knows them; several mean any of them.
        values: Vec<String>,
        /// The system that the customer named.
        system: SizeSystem,
        /// Whether it is in place of an earlier one, or excluded ("not 42").
        polarity: Polarity,
    },
    /// How many pieces.
    Quantity {
        /// At least 1.
        pieces: u32,
        /// Size of these pieces, if it is stated with them: "one in 42 and one in 44".
        size: Option<String>,
    },
    /// A product is wanted: "I'll take the first one", "the Dorane".
    Choose {
        /// Which.
        reference: Reference,
        /// Whether the customer said that they take it; else it was only named.
        buys: bool,
    },
    /// A product is to be shown.
    Show {
        /// Which.
        reference: Reference,
    },
    /// A product is refused.
    Reject {
        /// Which.
        reference: Reference,
        /// Why.
        why: RejectReason,
    },
    /// Another product than those shown is wanted.
    Another,
    /// What goes with what was bought: "what else does he need?".
    Accessories,
    /// Products are to be compared.
    Compare {
        /// Which.
        references: Vec<Reference>,
    },
    /// A line of the cart is to be removed.
    Remove {
        /// Which.
        reference: Reference,
    },
    /// The customer wants to pay.
    Checkout,
    /// A question.
    Ask {
        /// What about.
        question: Question,
        /// The product that it is about, if it is about one.
        about: Option<Reference>,
    },
    /// Where an order is; the id if it was given.
    Order {
        /// Id of the order.
        id: Option<String>,
    },
    /// A complaint.
    Complain {
        /// What about.
        about: Complaint,
        /// Whether the words are angry or sarcastic.
        angry: bool,
    },
    /// A person is wanted.
    Human,
    /// No more messages.
    Stop,
    /// Messages again.
    Start,
    /// An e-mail address or telephone number, given for a question of ours.
    Contact {
        /// As written.
        value: String,
    },
    /// Something that a shop does not answer.
    OutOfScope,
    /// An attempt to give the assistant instructions.
    Injection,
    /// Words that mean nothing here.
    Unclear,
}

/// A command and the words that it was read from.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Said {
    /// The command.
    #[serde(flatten)]
    pub command: Command,
    /// Words of the message.
    pub source: String,
}

/// Probabilities of a classifier for a text: label → probability. Empty without a classifier.
pub type Likelihoods = BTreeMap<String, f32>;

/// The intent label that tells best what a message is about: trouble before questions, questions
/// before buying, buying before talk. `None` if only the classifier can tell.
#[must_use]
pub fn intent_label(commands: &[Said]) -> Option<&str> {
    let labelled = commands.iter().filter_map(|said| label_of(&said.command));
    labelled.min_by_key(|(rank, _)| *rank).map(|(_, label)| label)
}

/// The label of a command, and its rank: lower ones decide.
fn label_of(command: &Command) -> Option<(u8, &str)> {
    Some(match command {
        Command::Stop => (0, "stop_messages"),
        Command::Complain { about, .. } => (1, complaint_label(*about)),
        Command::Human => (2, "human_agent"),
        Command::Order { .. } => (3, "order_status"),
        Command::Ask { question, .. } => (4, question_label(question)?),
        Command::Compare { .. } => (4, "compare_products"),
        Command::Checkout => (5, "checkout"),
        Command::Choose { buys: true, .. } => (5, "add_to_cart"),
        Command::Remove { .. } => (5, "remove_from_cart"),
        Command::Reject { .. } => (6, "reject"),
        Command::Seek { .. }
        | Command::Browse
        | Command::Constrain { .. }
        | Command::NoPreference { .. }
        | Command::PriceLimit { .. }
        | Command::ForeignLimit { .. }
        | Command::Cheaper
        | Command::Dearer
        | Command::LowPrice
        | Command::Size { .. }
        | Command::Choose { .. }
        | Command::Show { .. }
        | Command::Another
        | Command::Accessories => (7, "product_search"),
        Command::Confirm => (8, "confirm"),
        Command::Deny => (8, "reject"),
        Command::Thank | Command::Bye => (9, "thanks_bye"),
        Command::Greet => (10, "greet"),
        Command::OutOfScope | Command::Injection => (6, "oos"),
        Command::Start | Command::Contact { .. } | Command::Quantity { .. } | Command::Unclear => {
            return None;
        }
    })
}

fn complaint_label(about: Complaint) -> &'static str {
    match about {
        Complaint::Delivery => "delivery_problem",
        Complaint::Damaged => "damaged_item",
        Complaint::Fault => "warranty",
        Complaint::Payment => "payment_problem",
        Complaint::Refund => "refund_status",
        Complaint::Service => "complaint",
    }
}

fn question_label(question: &Question) -> Option<&str> {
    Some(match question {
        Question::Topic { intent, .. } => intent.as_str(),
        Question::Attribute { .. }
        | Question::Feature { .. }
        | Question::Details
        | Question::Why => "product_question",
        Question::Price | Question::Total | Question::Which => "price_question",
        Question::Stock | Question::Sizes => "stock_question",
        Question::Restock => "restock_alert",
        Question::SizeAdvice => "size_help",
        Question::Cart => "view_cart",
        Question::Bot => "bot_question",
        Question::Reorder => "reorder",
        Question::Abilities => return None,
    })
}

/// The intents of the built-in head, which options `intent=LABEL` may name.
pub const INTENTS: [&str; 46] = [
    "account_help",
    "add_to_cart",
    "bot_question",
    "bulk_order",
    "cancel_order",
    "care_instructions",
    "change_order",
    "checkout",
    "compare_products",
    "complaint",
    "confirm",
    "damaged_item",
    "delivery_problem",
    "discount_request",
    "gift_card",
    "gift_help",
    "greet",
    "human_agent",
    "installments",
    "invoice_request",
    "loyalty_points",
    "order_status",
    "payment_methods",
    "payment_problem",
    "pickup",
    "praise",
    "price_question",
    "privacy_request",
    "product_question",
    "product_search",
    "promo_code",
    "refund_status",
    "reject",
    "remove_from_cart",
    "reorder",
    "restock_alert",
    "return_exchange",
    "shipping_options",
    "size_help",
    "stock_question",
    "stop_messages",
    "store_info",
    "sustainability",
    "thanks_bye",
    "view_cart",
    "warranty",
];
