//! What a reply says, before it is worded: the action, the statements in order, the buttons.
//!
//! A plan holds facts only, each from the shop or the caller; `words` renders it, and never adds
//! one.

pub use crate::action::Action;
pub use crate::action::ActionKind;
pub use crate::action::HandoffReason;

use crate::command::Complaint;
use std::collections::BTreeMap;
use vitrine_base::money::Money;

/// A price as it is said.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Price {
    /// One price.
    Exact(Money),
    /// The lowest of several: "from €34.90".
    From(Money),
}

/// What is known about a size of a product.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Availability {
    /// In stock.
    InStock,
    /// Can be ordered before it arrives.
    Preorder,
    /// Sold out.
    SoldOut,
    /// The product is not made in it.
    NotMade,
}

/// A product as a reply shows it. Texts are in the language of the reply.
#[derive(Debug, Clone, PartialEq)]
pub struct Card {
    /// The product.
    pub sku: String,
    /// The variant, where one is meant.
    pub variant: Option<String>,
    /// Its name.
    pub name: String,
    /// What it is, such as "running shoes"; may be empty.
    pub title: String,
    /// Its price, of the variant meant.
    pub price: Price,
    /// A higher price before, of the variant meant.
    pub compare_at: Option<Money>,
    /// The chosen options, with their labels: ("size", "42").
    pub options: Vec<(String, String)>,
    /// Why it fits, in the terms of the customer: labels of the wishes that it meets.
    pub reasons: Vec<String>,
    /// Its features, as noun phrases.
    pub features: Vec<String>,
    /// Whether it can be had in the options chosen.
    pub availability: Availability,
}

/// A wish that was given up, in words for the customer.
#[derive(Debug, Clone, PartialEq)]
pub enum GivenUp {
    /// A facet value, by its label.
    Value(String),
    /// A value that was not wanted, by its label.
    Unwanted(String),
    /// The size.
    Size(String),
    /// The highest price.
    PriceMax(Money),
    /// The lowest price.
    PriceMin(Money),
    /// The kind of product: a wider one is shown.
    Category(String),
}

/// How products are introduced.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Lead {
    /// The first time.
    First,
    /// Another one, on request.
    Another,
    /// A cheaper one.
    Cheaper,
    /// A dearer one.
    Dearer,
    /// Back to it after another matter.
    Back,
    /// The need changed: shown anew.
    Updated,
    /// What goes with it.
    Accessory,
    /// The customer named it.
    Named,
}

/// A row of a comparison.
#[derive(Debug, Clone, PartialEq)]
pub struct Row {
    /// Label of the property.
    pub label: String,
    /// One text per product, in order; empty if unknown.
    pub values: Vec<String>,
}

/// A line of the cart, as a reply states it.
#[derive(Debug, Clone, PartialEq)]
pub struct LineText {
    /// Pieces.
    pub quantity: u32,
    /// Name of the product.
    pub name: String,
    /// Chosen options, with their labels.
    pub options: Vec<(String, String)>,
    /// Price of all pieces together; `None` if the catalogue does not have the product.
    pub total: Option<Money>,
}

/// An answer of one of the shop's own texts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PolicyText {
    /// Id of the topic.
    pub id: String,
    /// The text, in whole sentences, as the shop wrote it.
    pub text: String,
}

/// A value of an attribute, as said.
#[derive(Debug, Clone, PartialEq)]
pub enum AttributeText {
    /// Yes: it has the property.
    Yes,
    /// No: it does not have it.
    No,
    /// Its value: "4 mm", "cotton".
    Value(String),
    /// A number of years.
    Years(u32),
    /// Sentences of the description that state it.
    Quote(String),
    /// The shop does not say.
    Unknown,
}

/// One statement of a reply.
#[derive(Debug, Clone, PartialEq)]
pub enum Move {
    /// A greeting; the name of the customer if known.
    Greet {
        /// Name of the customer.
        name: Option<String>,
        /// Name of the shop.
        shop: String,
        /// Whether the reply goes on with something else.
        short: bool,
    },
    /// Products that fit the need.
    Present {
        /// One to three, best first.
        cards: Vec<Card>,
        /// How they are introduced.
        lead: Lead,
        /// Wishes that were given up, so that something could be shown.
        given_up: Vec<GivenUp>,
    },
    /// Nothing like it in the shop, not even without some of the wishes.
    NothingFound {
        /// What was looked for, in words.
        wanted: String,
    },
    /// There is no other product that fits.
    NoOther {
        /// The product shown last, to come back to.
        card: Option<Card>,
        /// Why another one was wanted.
        lead: Lead,
    },
    /// Details of one product.
    Describe {
        /// The product.
        card: Card,
        /// Its description, as the shop wrote it; may be empty.
        description: String,
    },
    /// What the shop states of a product, where a question was not answered outright.
    Sheet {
        /// The product's name.
        name: String,
        /// Name of a property, as the shop's label or its key, and its value; a value that is empty
        /// is a yes.
        rows: Vec<(String, String)>,
    },
    /// Products compared property by property.
    Compare {
        /// Two or three.
        cards: Vec<Card>,
        /// Properties that differ first.
        rows: Vec<Row>,
    },
    /// Which of the products is the cheapest, dearest, or has a property.
    Which {
        /// The product.
        card: Card,
        /// Whether the price decides: `Some(true)` cheapest, `Some(false)` dearest.
        cheapest: Option<bool>,
    },
    /// The one of several products that has most or least of a property.
    Verdict {
        /// The product.
        card: Card,
        /// Label of the property; empty if the value says it all.
        label: String,
        /// Its value, or the shop's words on it.
        value: String,
        /// Names of the others, with their values.
        others: Vec<(String, String)>,
    },
    /// The price of a product.
    PriceOf {
        /// The product.
        card: Card,
        /// Pieces, with the sum, if more than one.
        pieces: Option<(u32, Money)>,
    },
    /// The sum of the prices just said.
    Sum {
        /// The sum.
        total: Money,
    },
    /// Whether a product can be had in a size.
    Stock {
        /// The product; its options are those asked for.
        card: Card,
        /// Sizes that can be had, if the one asked for cannot.
        sizes: Vec<String>,
    },
    /// The sizes of a product.
    Sizes {
        /// The product.
        card: Card,
        /// Sizes in stock.
        sizes: Vec<String>,
    },
    /// A property of a product.
    Attribute {
        /// The product.
        card: Card,
        /// Label of the property.
        label: String,
        /// Its value.
        value: AttributeText,
    },
    /// A size in another system.
    SizeMapped {
        /// As the customer said it: "US 10".
        said: String,
        /// In the shop's sizes: one or two.
        sizes: Vec<String>,
    },
    /// A size between two of the shop's.
    SizeBetween {
        /// As the customer said it: "42,5".
        said: String,
        /// The larger one, that is advised.
        larger: String,
        /// The smaller one.
        smaller: String,
    },
    /// A limit in a currency that the shop does not use.
    ForeignCurrency {
        /// The limit.
        limit: Money,
        /// The shop's currency code.
        currency: String,
    },
    /// One of the shop's own texts.
    Policy(PolicyText),
    /// The shop has no text on a matter; a person can tell.
    NoPolicy,
    /// Where an order is.
    OrderStatus {
        /// Its id.
        id: String,
        /// Its status, as the caller reports it.
        status: String,
        /// Its date, as the caller reports it.
        date: Option<String>,
        /// Where to follow it.
        link: Option<String>,
    },
    /// The customer gave an order number that is not known here.
    OrderUnknown {
        /// The number.
        id: String,
    },
    /// Asks for the number of an order.
    AskOrderId,
    /// Asks for a facet of the need.
    AskFacet {
        /// The shop's question.
        question: String,
        /// What the shop calls the facet: "sport".
        label: String,
    },
    /// Asks for an option of a product.
    AskOption {
        /// The shop's question.
        question: String,
        /// What the shop calls the option: "size".
        label: String,
        /// Values in stock, in order.
        values: Vec<String>,
    },
    /// Asks what is looked for.
    AskNeed,
    /// Asks whether the product shown is wanted.
    AskBuy,
    /// Asks which of those shown.
    AskPick,
    /// Offers to go on with the purchase.
    AskResume {
        /// Name of the product under discussion.
        name: String,
    },
    /// Asks which matter is meant.
    AskTopic,
    /// Asks whether anything else is wanted.
    AskAnything,
    /// Asks for an address for a message.
    AskContact,
    /// Confirms what was put in the cart.
    Added {
        /// The lines.
        lines: Vec<LineText>,
    },
    /// Confirms a line that was removed.
    Removed {
        /// Name of the product.
        name: String,
    },
    /// What is in the cart.
    Cart {
        /// The lines; none: it is empty.
        lines: Vec<LineText>,
        /// The sum.
        total: Option<Money>,
    },
    /// The checkout link.
    Checkout {
        /// The lines.
        lines: Vec<LineText>,
        /// The sum.
        total: Option<Money>,
        /// The link.
        link: String,
    },
    /// There is no checkout: a person completes the order.
    CheckoutByPerson,
    /// A message will follow when the product is back.
    RestockNoted {
        /// Name of the product.
        name: String,
        /// Address, if one was given.
        contact: Option<String>,
    },
    /// An apology.
    Sorry {
        /// For what.
        about: Complaint,
        /// Whether the customer is angry.
        angry: bool,
    },
    /// A person takes over.
    Handoff {
        /// Who, as the shop calls them.
        team: String,
        /// When they answer; may be empty.
        hours: String,
        /// Whether it was said before in this conversation.
        again: bool,
    },
    /// Who answers.
    Bot,
    /// What the assistant can do.
    Abilities {
        /// What the shop sells.
        about: String,
    },
    /// Declines what a shop does not answer.
    Deflect {
        /// What the shop sells.
        about: String,
    },
    /// Did not understand.
    Unclear {
        /// Times in a row, from 1.
        times: u32,
    },
    /// No more messages will be sent.
    Stopped,
    /// Messages will be sent again.
    Started,
    /// Thanks for thanks.
    Welcome,
    /// A farewell.
    Bye,
    /// Acknowledges what was said: "fine", "noted".
    Noted {
        /// What was noted, in words; may be empty.
        what: String,
    },
}

/// A button.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PlannedOption {
    /// Its id, as in the contract: `FACET=VALUE`, `take=SKU`, …
    pub id: String,
    /// Its label.
    pub label: String,
}

/// A product that the reply shows.
#[derive(Debug, Clone, PartialEq)]
pub struct ShownProduct {
    /// The card.
    pub card: Card,
    /// Its options by key.
    pub options: BTreeMap<String, String>,
}

/// The plan of a reply.
#[derive(Debug, Clone, PartialEq)]
pub struct Plan {
    /// The action.
    pub action: Action,
    /// What is said, in order.
    pub moves: Vec<Move>,
    /// Buttons.
    pub options: Vec<PlannedOption>,
    /// Products shown, in order.
    pub products: Vec<ShownProduct>,
    /// Whether a search met every wish; `None` if nothing was searched.
    pub exact: Option<bool>,
    /// Why a person is asked in.
    pub handoff: Option<HandoffReason>,
    /// Whether offers are out of place: trouble, service matters, a farewell.
    pub no_offer: bool,
}
