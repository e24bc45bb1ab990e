//! Bodies of `/v1/classify`, `/v1/suggest` and `/v1/catalog/search`.

use crate::http::wire::MoneyBody;
use crate::http::wire::respond::CartLineBody;
use crate::http::wire::respond::IntentBody;
use crate::http::wire::respond::SuggestionBody;
use serde::Deserialize;
use serde::Serialize;
use utoipa::ToSchema;

/// Body of `POST /v1/classify`.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ClassifyRequest {
    /// 1 to `intent.request_texts_max` texts, none of them empty.
    #[schema(min_items = 1)]
    pub(crate) texts: Vec<String>,
}

/// One result per text, in the order of the request.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ClassifyAnswer {
    pub(crate) results: Vec<IntentBody>,
}

/// Body of `POST /v1/suggest`.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct SuggestRequest {
    /// Customer id; it decides the experiment arm. `customer_id` or `cart` is required.
    #[serde(default)]
    #[schema(min_length = 1, max_length = 256)]
    pub(crate) customer_id: Option<String>,
    /// Conversation id; without a customer it decides the arm. Without both, each request is drawn
    /// on its own.
    #[serde(default)]
    #[schema(min_length = 1, max_length = 256)]
    pub(crate) thread_id: Option<String>,
    /// The cart's lines, at most 200. If left out, those of the customer's latest conversation
    /// count.
    #[serde(default)]
    pub(crate) cart: Option<Vec<CartLineBody>>,
}

/// At most one offer, or the reason why there is none.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct SuggestAnswer {
    pub(crate) suggestions: Vec<SuggestionBody>,
    /// Experiment arm: `treatment` or `holdout`.
    pub(crate) arm: String,
    /// Reason why `suggestions` is empty; null if it is not.
    pub(crate) withheld: Option<String>,
}

/// Response of `GET /v1/catalog/search`.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct CatalogSearchAnswer {
    /// Facets recognised in the query, such as `feel=comfort`.
    pub(crate) constraints: Vec<String>,
    /// Matching products, best first.
    pub(crate) products: Vec<ProductBody>,
}

/// A matching product.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ProductBody {
    pub(crate) sku: String,
    pub(crate) name: String,
    pub(crate) brand: String,
    pub(crate) category: String,
    pub(crate) price: MoneyBody,
    pub(crate) in_stock: bool,
    /// Relevance score; higher is better.
    pub(crate) score: f64,
}
