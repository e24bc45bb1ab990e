//! `POST /v1/suggest`: returns at most one offer for a cart or a customer.

use crate::http::body::Json;
use crate::http::encode;
use crate::http::error::ApiError;
use crate::http::fields;
use crate::http::keys::Caller;
use crate::http::state::App;
use crate::http::wire::ErrorBody;
use crate::http::wire::services::SuggestAnswer;
use crate::http::wire::services::SuggestRequest;
use crate::turn::suggest::Asked;
use axum::extract::State;
use std::sync::Arc;
use vitrine_base::ids::ConversationId;
use vitrine_base::ids::CustomerId;

/// Suggests a product that goes with the cart, or with what the customer last talked about. The
/// experiment arm is the customer's, else the conversation's; without both it is drawn for the
/// request.
#[utoipa::path(
    post, path = "/v1/suggest", request_body = SuggestRequest,
    responses((status = 200, body = SuggestAnswer), (status = 422, body = ErrorBody))
)]
pub(crate) async fn suggest(
    State(app): State<Arc<App>>,
    caller: Caller,
    body: Json<SuggestRequest>,
) -> Result<axum::Json<SuggestAnswer>, ApiError> {
    let SuggestRequest { customer_id, thread_id, cart } = body.value;
    if customer_id.is_none() && cart.is_none() {
        let message = "fields `customer_id` and `cart` are missing; set at least one of them";
        return Err(ApiError::impossible("nothing_to_suggest_for", message));
    }
    let cart = cart.map(fields::cart).transpose()?;
    let asked = Asked {
        customer: fields::optional_id("customer_id", customer_id, CustomerId::new)?,
        conversation: fields::optional_id("thread_id", thread_id, ConversationId::new)?,
        cart: cart.map(|lines| lines.into_iter().map(|(sku, _)| sku).collect()),
    };
    let verdict = app.gateway.suggest(&caller.tenant, asked).await?;
    Ok(axum::Json(SuggestAnswer {
        suggestions: verdict.suggestion.iter().map(encode::suggestion).collect(),
        arm: verdict.arm.to_owned(),
        withheld: verdict.withheld,
    }))
}
