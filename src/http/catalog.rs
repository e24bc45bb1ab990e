//! `GET /v1/catalog/search`: the catalogue search that turns use, for clients.

use crate::http::error::ApiError;
use crate::http::fields::quoted;
use crate::http::state::App;
use crate::http::wire::ErrorBody;
use crate::http::wire::MoneyBody;
use crate::http::wire::services::CatalogSearchAnswer;
use crate::http::wire::services::ProductBody;
use axum::extract::Query;
use axum::extract::RawQuery;
use axum::extract::State;
use axum::extract::rejection::QueryRejection;
use percent_encoding::percent_decode_str;
use std::collections::BTreeMap;
use std::sync::Arc;
use vitrine_base::language::Language;

/// Most products in one response.
const PRODUCTS_MAX: usize = 20;

const NOT_UTF8: &str = "the query is not UTF-8 once it is decoded";

/// Query parameters of a search.
const PARAMETERS: [&str; 2] = ["q", "locale"];

/// Searches products with a query in plain words.
#[utoipa::path(
    get, path = "/v1/catalog/search",
    params(("q" = String, Query, description = "query in plain words"),
           ("locale" = Option<String>, Query, description = "tag such as fr-FR; default en")),
    responses((status = 200, body = CatalogSearchAnswer), (status = 400, body = ErrorBody))
)]
pub(crate) async fn search(
    State(app): State<Arc<App>>,
    RawQuery(raw): RawQuery,
    query: Result<Query<Vec<(String, String)>>, QueryRejection>,
) -> Result<axum::Json<CatalogSearchAnswer>, ApiError> {
    // The parser would replace bytes that are not UTF-8.
    if percent_decode_str(raw.as_deref().unwrap_or_default()).decode_utf8().is_err() {
        return Err(ApiError::malformed(NOT_UTF8));
    }
    let query = parameters(query)?;
    let text = query
        .get("q")
        .filter(|text| !text.trim().is_empty())
        .ok_or_else(|| ApiError::malformed("query parameter `q` is missing or empty"))?;
    let language =
        query.get("locale").and_then(|tag| Language::from_locale(tag)).unwrap_or(Language::EN);
    let search = app.catalog.search(text, language, PRODUCTS_MAX);
    let products = search
        .found
        .hits
        .iter()
        .filter_map(|hit| Some((hit, app.catalog.get(&hit.sku)?)))
        .map(|(hit, product)| ProductBody {
            sku: product.sku.to_string(),
            name: product.name.clone(),
            brand: product.brand.clone(),
            category: product.category.clone(),
            price: MoneyBody::from(&product.price),
            in_stock: hit.in_stock,
            score: f64::from(hit.score),
        })
        .collect();
    let constraints = search.understanding.choices().iter().map(ToString::to_string).collect();
    Ok(axum::Json(CatalogSearchAnswer { constraints, products }))
}

/// The parameters of the query, each known and given once.
fn parameters(
    query: Result<Query<Vec<(String, String)>>, QueryRejection>,
) -> Result<BTreeMap<String, String>, ApiError> {
    let Query(query) = query.map_err(|_| ApiError::malformed(NOT_UTF8))?;
    let mut parameters = BTreeMap::new();
    for (name, value) in query {
        let shown = quoted(&name);
        if !PARAMETERS.contains(&name.as_str()) {
            let allowed = PARAMETERS.join(", ");
            let message = format!("query parameter {shown} is unknown; allowed: {allowed}");
            return Err(ApiError::impossible("unknown_field", message));
        }
        if parameters.insert(name, value).is_some() {
            let message = format!("query parameter {shown} is given more than once");
            return Err(ApiError::malformed(message));
        }
    }
    Ok(parameters)
}
