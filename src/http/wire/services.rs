//! Bodies of classify, suggest, embeddings and catalogue search.

use crate::http::wire::MoneyBody;
use crate::http::wire::respond::CartLineBody;
use crate::http::wire::respond::IntentBody;
use crate::http::wire::respond::SuggestionBody;
use serde::Deserialize;
use serde::Serialize;
use utoipa::ToSchema;

/// `POST /v1/classify`.
#[derive(Debug, Deserialize, ToSchema)]
pub(crate) struct ClassifyRequest {
    /// 1 to `intent.request_texts_max` texts.
    pub(crate) texts: Vec<String>,
}

/// One intent for each text, in order.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ClassifyAnswer {
    pub(crate) results: Vec<IntentBody>,
}

/// `POST /v1/suggest`.
#[derive(Debug, Deserialize, ToSchema)]
pub(crate) struct SuggestRequest {
    /// Decides the experiment arm.
    #[serde(default)]
    pub(crate) customer_id: Option<String>,
    /// What is in the cart.
    pub(crate) cart: Vec<CartLineBody>,
}

/// At most one governed offer, or why there is none.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct SuggestAnswer {
    pub(crate) suggestions: Vec<SuggestionBody>,
    /// `treatment` or `holdout`.
    pub(crate) arm: String,
    /// Why there is no suggestion.
    pub(crate) withheld: Option<String>,
}

/// `GET /v1/catalog/search`.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct CatalogSearchAnswer {
    /// Facets that the query names.
    pub(crate) constraints: Vec<String>,
    pub(crate) products: Vec<ProductBody>,
}

/// One product found.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ProductBody {
    pub(crate) sku: String,
    pub(crate) name: String,
    pub(crate) brand: String,
    pub(crate) category: String,
    pub(crate) price: MoneyBody,
    pub(crate) in_stock: bool,
    pub(crate) score: f64,
}
