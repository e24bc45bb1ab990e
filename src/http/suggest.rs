//! `POST /v1/suggest`: returns at most one offer for a cart.

use crate::http::body::Json;
use crate::http::encode;
use crate::http::error::ApiError;
use crate::http::keys::Caller;
use crate::http::state::App;
use crate::http::wire::ErrorBody;
use crate::http::wire::services::SuggestAnswer;
use crate::http::wire::services::SuggestRequest;
use axum::extract::State;
use std::sync::Arc;
use vitrine_base::ids::CustomerId;
use vitrine_base::ids::Sku;

/// Suggests a product that goes with the cart.
#[utoipa::path(
    post, path = "/v1/suggest", request_body = SuggestRequest,
    responses((status = 200, body = SuggestAnswer), (status = 422, body = ErrorBody))
)]
pub(crate) async fn suggest(
    State(app): State<Arc<App>>,
    caller: Caller,
    body: Json<SuggestRequest>,
) -> Result<axum::Json<SuggestAnswer>, ApiError> {
    let customer = body
        .value
        .customer_id
        .map(CustomerId::new)
        .transpose()
        .map_err(|error| ApiError::id("customer_id", &error))?;
    let cart = body
        .value
        .cart
        .into_iter()
        .enumerate()
        .map(|(index, line)| {
            Sku::new(line.sku).map_err(|error| ApiError::id(&format!("cart[{index}].sku"), &error))
        })
        .collect::<Result<Vec<Sku>, ApiError>>()?;
    let verdict = app.gateway.suggest(&caller.tenant, customer.as_ref(), &cart).await?;
    Ok(axum::Json(SuggestAnswer {
        suggestions: verdict.suggestion.iter().map(encode::suggestion).collect(),
        arm: verdict.arm.to_owned(),
        withheld: verdict.withheld,
    }))
}
