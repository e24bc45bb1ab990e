//! What an answer and a thread show of the dialogue: its state, what was understood, the products
//! of the reply.

use crate::http::wire::MoneyBody;
use serde::Serialize;
use std::collections::BTreeMap;
use utoipa::ToSchema;

/// What the conversation remembers, after the reply.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub(crate) struct StateBody {
    /// What is looked for.
    pub(crate) need: NeedBody,
    /// Further needs of the customer, to come back to.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) later: Vec<NeedBody>,
    pub(crate) cart: CartBody,
    /// SKUs of the products shown in this conversation, in the order of their first showing.
    pub(crate) shown: Vec<String>,
    /// SKU of the product under discussion.
    pub(crate) focus: Option<String>,
    /// The question that waits for an answer.
    pub(crate) pending: Option<PendingBody>,
    /// Open matters, the current one last: `purchase`, `order`, `complaint` or `human`.
    pub(crate) topics: Vec<&'static str>,
    /// SKUs of the products that the customer refused.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) rejected: Vec<String>,
    /// SKUs of the products whose return to stock the customer waits for.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) waits_for: Vec<String>,
    /// Id of the order spoken about.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) order: Option<String>,
    /// Who answers: `bot`, `offered`, `human` or `released`.
    pub(crate) owner: &'static str,
}

/// What is looked for.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub(crate) struct NeedBody {
    /// Id of the category.
    pub(crate) category: Option<String>,
    /// Wishes by facet key.
    pub(crate) facets: BTreeMap<String, WishBody>,
    /// Wanted values of options by option key, as the shop writes them; any of them will do.
    pub(crate) options: BTreeMap<String, Vec<String>>,
    /// The size, as the customer said it if the shop's sizes are other ones, such as `US 10`; else
    /// the first one wanted.
    pub(crate) size: Option<String>,
    /// Lowest price.
    pub(crate) price_min: Option<MoneyBody>,
    /// Highest price.
    pub(crate) price_max: Option<MoneyBody>,
    /// Whether a low price is wanted, without an amount.
    pub(crate) low_price: bool,
    /// Pieces wanted; null if the customer named no number.
    pub(crate) quantity: Option<u32>,
    /// Words that name no facet; they rank products.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) words: Vec<String>,
}

/// Wishes for one facet, as ids of values.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub(crate) struct WishBody {
    /// One of these is needed.
    pub(crate) must: Vec<String>,
    /// None of these.
    pub(crate) must_not: Vec<String>,
    /// These come first.
    pub(crate) prefer: Vec<String>,
    /// Whether the customer said that it does not matter.
    pub(crate) any: bool,
}

/// What the customer chose to buy.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub(crate) struct CartBody {
    /// The lines, in the order of their choice.
    pub(crate) lines: Vec<CartLineStateBody>,
    /// Sum of the lines; null if there is none or a price is unknown.
    pub(crate) total: Option<MoneyBody>,
}

/// One line of the cart.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub(crate) struct CartLineStateBody {
    /// SKU of the product.
    pub(crate) sku: String,
    /// SKU of the variant; that of the product if it has none.
    pub(crate) variant: String,
    /// Chosen options by key, as the shop writes them.
    pub(crate) options: BTreeMap<String, String>,
    /// The chosen size.
    pub(crate) size: Option<String>,
    /// Pieces, at least 1.
    pub(crate) quantity: u32,
    /// Price of one piece; null if the catalogue does not have the product.
    pub(crate) price: Option<MoneyBody>,
    /// Price of all pieces.
    pub(crate) line_total: Option<MoneyBody>,
}

/// A question that waits for an answer.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub(crate) struct PendingBody {
    /// `facet`, `option` (of a product, such as its size), `need` (what is looked for), `buy`
    /// (whether the product is wanted), `pick` (which of those shown), `order_id`, `contact` (an
    /// address, or whether a person is wanted), `anything` (else) or `topic` (which matter is
    /// meant).
    pub(crate) question: &'static str,
    /// Key of the facet or option.
    pub(crate) facet: Option<String>,
    /// SKU of the product that it is about.
    pub(crate) sku: Option<String>,
}

/// One thing that the customer said. `kind` decides which of the other fields are set.
#[derive(Debug, Clone, Default, Serialize, ToSchema)]
pub(crate) struct CommandBody {
    /// `greet`, `thank`, `bye`, `confirm`, `deny`, `seek` (`category`, `polarity`), `browse`,
    /// `constrain` (`facet`, `value`, `polarity`), `no_preference` (`facet`), `price_limit`
    /// (`min`, `max`), `foreign_limit` (`amount`), `cheaper`, `dearer`, `low_price`, `size`
    /// (`option`, `values`, `system`, `polarity`), `quantity` (`pieces`, `size`), `choose`
    /// (`reference`, `buys`), `show` (`reference`), `reject` (`reference`, `why`), `another`,
    /// `accessories`, `compare` (`references`), `remove` (`reference`), `checkout`, `ask`
    /// (`question`, `about`), `order` (`id`), `complain` (`matter`, `angry`), `human`, `stop`,
    /// `start`, `contact` (`value`), `out_of_scope`, `injection` or `unclear`.
    pub(crate) kind: &'static str,
    /// Id of the category.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) category: Option<String>,
    /// `must`, `must_not` or `prefer`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) polarity: Option<&'static str>,
    /// Key of the facet.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) facet: Option<String>,
    /// Id of the facet's value, or the address of a `contact`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) value: Option<String>,
    /// Lowest price.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) min: Option<MoneyBody>,
    /// Highest price.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) max: Option<MoneyBody>,
    /// A limit in a currency that the shop does not use.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) amount: Option<MoneyBody>,
    /// Key of the option, such as `size`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) option: Option<String>,
    /// Values of the option; any of them will do.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) values: Vec<String>,
    /// What the size is written in: `shop`, `eu`, `uk`, `us` or `cm`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) system: Option<&'static str>,
    /// How many pieces.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) pieces: Option<u32>,
    /// Size of these pieces.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) size: Option<String>,
    /// Which product is meant.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) reference: Option<ReferenceBody>,
    /// Which products are meant.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) references: Vec<ReferenceBody>,
    /// Whether the customer takes the product; else it was only named.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) buys: Option<bool>,
    /// Why the product is refused: `price` or `other`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) why: Option<&'static str>,
    /// What is asked.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) question: Option<QuestionBody>,
    /// The product that the question is about.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) about: Option<ReferenceBody>,
    /// Id of the order.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) id: Option<String>,
    /// What is complained about: `delivery`, `damaged`, `fault`, `payment`, `refund` or `service`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) matter: Option<&'static str>,
    /// Whether the words are angry or sarcastic.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) angry: Option<bool>,
    /// The words of the message that say it.
    pub(crate) source: String,
}

/// Which product a customer means.
#[derive(Debug, Clone, Default, Serialize, ToSchema)]
pub(crate) struct ReferenceBody {
    /// `product` (`sku`), `ordinal` (`place`), `focus` (the one under discussion), `other` (of
    /// two), `both`, `cheapest`, `dearest`, `price` (`price`) or `facet` (`facet`, `value`).
    pub(crate) by: &'static str,
    /// SKU of the product.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) sku: Option<String>,
    /// Place among the products shown last: 1 is the first, -1 the last.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) place: Option<i32>,
    /// The price by which the product is named.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) price: Option<MoneyBody>,
    /// Key of the facet by which it is named.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) facet: Option<String>,
    /// Id of the facet's value.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) value: Option<String>,
}

/// What is asked.
#[derive(Debug, Clone, Default, Serialize, ToSchema)]
pub(crate) struct QuestionBody {
    /// `topic` (`intent`, `topics`), `attribute` (`key`, `value`), `price`, `stock`, `restock`,
    /// `sizes`, `size_advice`, `details`, `why`, `total`, `cart`, `which`, `bot`, `abilities` or
    /// `reorder`.
    pub(crate) what: &'static str,
    /// Intent that the shop's texts are filed under.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) intent: Option<String>,
    /// Ids of the shop's topics that fit, best first.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) topics: Vec<String>,
    /// Key of the attribute or facet; left out if the shop has none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) key: Option<String>,
    /// Id of the value asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) value: Option<String>,
}

/// A product that the reply shows. Texts are in the language of the reply.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub(crate) struct ShownProductBody {
    /// SKU of the product.
    pub(crate) sku: String,
    /// SKU of the variant meant; null while an option is open.
    pub(crate) variant: Option<String>,
    /// Its name, as the shop writes it.
    pub(crate) name: String,
    /// Price of the variant meant; the lowest while an option is open.
    pub(crate) price: MoneyBody,
    /// Whether other variants that are still possible cost more.
    pub(crate) price_from: bool,
    /// A higher price before.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) compare_at: Option<MoneyBody>,
    /// The chosen size.
    pub(crate) size: Option<String>,
    /// The chosen options by key, as the shop writes them.
    pub(crate) options: BTreeMap<String, String>,
    /// `in_stock`, `preorder`, `sold_out`, or `not_made` in the options chosen.
    pub(crate) availability: &'static str,
    /// Why it fits, in the customer's terms.
    pub(crate) reasons: Vec<String>,
}

/// How well a search met the wishes.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub(crate) struct MatchBody {
    /// Whether every wish is met.
    pub(crate) exact: bool,
    /// The wishes that were given up, as labels in the language of the reply.
    pub(crate) relaxed: Vec<String>,
}

/// The order that the reply states.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub(crate) struct OrderStateBody {
    /// Order number.
    pub(crate) id: String,
    /// As the client reported it.
    pub(crate) status: String,
    /// Date that belongs to the status.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) date: Option<String>,
    /// Where to follow it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) link: Option<String>,
}

/// What this turn recorded of the customer's rights.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub(crate) struct RecordedBody {
    /// Whether an opt-out of outreach was recorded.
    pub(crate) stop: bool,
    /// Consents granted or withdrawn.
    pub(crate) consents: Vec<RecordedConsentBody>,
    /// Whether a wish to be erased was recorded; the erasure itself is a request of the shop.
    pub(crate) erasure: bool,
}

/// A consent that this turn granted or withdrew.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub(crate) struct RecordedConsentBody {
    /// `assistance`, `personalisation` or `outreach`.
    pub(crate) purpose: &'static str,
    /// Whether it was granted; else it was withdrawn.
    pub(crate) granted: bool,
}
