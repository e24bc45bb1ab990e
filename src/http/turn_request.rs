//! Turns the body of `POST /respond` and `POST /v1/turns` into a turn's request.

use crate::http::error::ApiError;
use crate::http::fields::channel;
use crate::http::fields::optional_id;
use crate::http::fields::profile_text;
use crate::http::fields::timestamp;
use crate::http::state::App;
use crate::http::wire::profile::ProfileBody;
use crate::http::wire::respond::CartLineBody;
use crate::http::wire::respond::CustomerBody;
use crate::http::wire::respond::MessageBody;
use crate::http::wire::respond::RespondRequest;
use crate::turn::Content;
use crate::turn::Customer;
use crate::turn::DebounceMode;
use crate::turn::Order;
use crate::turn::TurnRequest;
use std::time::Duration;
use vitrine_base::ids::ConversationId;
use vitrine_base::ids::CustomerId;
use vitrine_base::ids::MessageId;
use vitrine_base::ids::Sku;
use vitrine_base::ids::TenantId;
use vitrine_base::language::Language;
use vitrine_conversations::BodyHash;

/// Most lines in a request's cart.
const CART_LINES_MAX: usize = 200;

/// Most orders in a request's profile.
const ORDERS_MAX: usize = 100;

impl App {
    /// Validates a request body.
    ///
    /// # Errors
    /// The first field that is not allowed, by name.
    pub(crate) fn turn_request(
        &self,
        tenant: TenantId,
        body: RespondRequest,
        body_hash: BodyHash,
    ) -> Result<TurnRequest, ApiError> {
        let channel = channel(&body.channel)?;
        let sent_at = body.message.sent_at.as_deref().map(timestamp).transpose()?;
        let message_id = optional_id("message.id", body.message.id.clone(), MessageId::new)?;
        let deadline = body.deadline_ms.map(|ms| self.deadline(ms)).transpose()?;
        let cart = body.cart.map(cart).transpose()?;
        let locale = body.locale.as_deref();
        Ok(TurnRequest {
            tenant,
            thread_id: optional_id("thread_id", body.thread_id, ConversationId::new)?,
            customer_id: optional_id("customer_id", body.customer_id, CustomerId::new)?,
            channel,
            sender: optional_id("sender", body.sender, MessageId::new)?.map(|id| id.to_string()),
            message_id,
            body_hash,
            content: content(body.message)?,
            sent_at,
            language_hint: locale.and_then(Language::from_locale),
            customer: customer(body.customer.unwrap_or_default())?,
            cart,
            debounce_mode: if body.debounce { DebounceMode::Debounce } else { DebounceMode::None },
            deadline,
        })
    }

    fn deadline(&self, ms: u64) -> Result<Duration, ApiError> {
        let deadline = Duration::from_millis(ms);
        let deadline_max = self.limits.deadline_max;
        if ms == 0 || deadline > deadline_max {
            let allowed = deadline_max.as_millis();
            let message = format!("field `deadline_ms` is {ms}; allowed: 1 to {allowed}");
            return Err(ApiError::impossible("invalid_deadline", message));
        }
        Ok(deadline)
    }
}

fn content(message: MessageBody) -> Result<Content, ApiError> {
    match (message.option_id, message.text) {
        (Some(option_id), text) => Ok(Content::Tap { option_id, text: text.unwrap_or_default() }),
        (None, Some(text)) => Ok(Content::Text(text)),
        (None, None) => Err(ApiError::impossible(
            "empty_message",
            "field `message`: set `message.text` or `message.option_id`",
        )),
    }
}

fn cart(lines: Vec<CartLineBody>) -> Result<Vec<(Sku, u32)>, ApiError> {
    if lines.len() > CART_LINES_MAX {
        let found = lines.len();
        let message = format!("field `cart` has {found} lines; limit is {CART_LINES_MAX}");
        return Err(ApiError::impossible("cart_too_long", message));
    }
    lines
        .into_iter()
        .enumerate()
        .map(|(index, line)| {
            let sku = Sku::new(line.sku)
                .map_err(|error| ApiError::id(&format!("cart[{index}].sku"), &error))?;
            if line.quantity == 0 {
                let message = format!("field `cart[{index}].quantity` is 0; allowed: 1 or more");
                return Err(ApiError::impossible("invalid_quantity", message));
            }
            Ok((sku, line.quantity))
        })
        .collect()
}

fn customer(body: CustomerBody) -> Result<Customer, ApiError> {
    if body.orders.len() > ORDERS_MAX {
        let found = body.orders.len();
        let message = format!("field `customer.orders` has {found} orders; limit is {ORDERS_MAX}");
        return Err(ApiError::impossible("too_many_orders", message));
    }
    let orders = body.orders.into_iter().map(|order| {
        Ok(Order {
            id: profile_text("customer.orders[].id", order.id)?,
            status: profile_text("customer.orders[].status", order.status)?,
            date: order
                .date
                .map(|date| profile_text("customer.orders[].date", date))
                .transpose()?,
            link: order
                .link
                .map(|link| profile_text("customer.orders[].link", link))
                .transpose()?,
        })
    });
    let ProfileBody { name, tier, last_purchase } = body.profile;
    let text = |field, text: Option<String>| text.map(|t| profile_text(field, t)).transpose();
    Ok(Customer {
        name: text("customer.name", name)?,
        tier: text("customer.tier", tier)?,
        last_purchase: text("customer.last_purchase", last_purchase)?,
        orders: orders.collect::<Result<_, ApiError>>()?,
        consents: Vec::new(),
        stopped: None,
    })
}
