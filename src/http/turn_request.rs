//! Turns the body of `POST /respond` and `POST /v1/turns` into a turn's request.

use crate::http::error::ApiError;
use crate::http::fields::cart;
use crate::http::fields::channel;
use crate::http::fields::optional_id;
use crate::http::fields::quoted;
use crate::http::fields::sent_at as sent_at_of;
use crate::http::state::App;
use crate::http::supplied;
use crate::http::wire::respond::AttachmentBody;
use crate::http::wire::respond::CustomerBody;
use crate::http::wire::respond::MessageBody;
use crate::http::wire::respond::RespondRequest;
use crate::turn::Content;
use crate::turn::Customer;
use crate::turn::DebounceMode;
use crate::turn::Order;
use crate::turn::TurnRequest;
use crate::turn::arrival::shows_nothing;
use base64::Engine;
use base64::alphabet;
use base64::engine::DecodePaddingMode;
use base64::engine::GeneralPurpose;
use base64::engine::GeneralPurposeConfig;
use std::time::Duration;
use vitrine_base::ids::ConversationId;
use vitrine_base::ids::CustomerId;
use vitrine_base::ids::MessageId;
use vitrine_base::ids::TenantId;
use vitrine_base::language::DetectedLanguage;
use vitrine_base::language::Language;
use vitrine_conversations::AttachmentKind;
use vitrine_conversations::RequestHash;
use vitrine_conversations::StoredAttachment;

/// Most attachments of a message.
const ATTACHMENTS_MAX: usize = 10;

/// Largest content of an attachment, in bytes: WhatsApp's limit for recordings and pictures. The
/// limit of the whole body, `server.body_bytes_max`, is usually lower.
const ATTACHMENT_BYTES_MAX: usize = 16 << 20;

/// Longest media type, in bytes. Source: RFC 6838, section 4.2, twice 127 and parameters.
const MEDIA_TYPE_BYTES_MAX: usize = 255;

/// Base64 as clients write it: with or without padding.
const BASE64: GeneralPurpose = GeneralPurpose::new(
    &alphabet::STANDARD,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

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
        hash: RequestHash,
    ) -> Result<TurnRequest, ApiError> {
        let channel = channel(&body.channel)?;
        let sent_at = body.message.sent_at.as_deref();
        let sent_at = sent_at.map(|text| sent_at_of("message.sent_at", text)).transpose()?;
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
            hash,
            content: content(&body.message)?,
            attachments: attachments(body.message.attachments.unwrap_or_default())?,
            sent_at,
            received_at: None,
            language_hint: locale.and_then(reply_language),
            tongue_hint: locale.and_then(tongue),
            customer: customer(body.customer.unwrap_or_default())?,
            cart,
            debounce_mode: match body.debounce {
                Some(true) => DebounceMode::Debounce,
                Some(false) | None => DebounceMode::None,
            },
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

/// Language of a locale such as `fr-CA`, if drafts are written in it.
fn reply_language(locale: &str) -> Option<Language> {
    let language = Language::from_locale(locale)?;
    DetectedLanguage::from(language).reply_language().filter(|reply| *reply == language)
}

/// Language of a locale such as `de-AT`, if fixed texts exist in it.
fn tongue(locale: &str) -> Option<DetectedLanguage> {
    let code = locale.split(['-', '_']).next().unwrap_or_default();
    DetectedLanguage::from_code(&code.to_lowercase())
}

/// The text, with captions, or the tap.
fn content(message: &MessageBody) -> Result<Content, ApiError> {
    let attachments = message.attachments.as_deref().unwrap_or_default();
    let captions = attachments.iter().filter_map(|attachment| attachment.caption.as_deref());
    let texts = message.text.as_deref().into_iter().chain(captions);
    let text: Vec<&str> = texts.filter(|text| !shows_nothing(text)).collect();
    let given = message.text.is_some() || !attachments.is_empty();
    match (&message.option_id, given) {
        (Some(id), _) => Ok(Content::Tap { option_id: id.clone(), text: text.join("\n") }),
        (None, true) => Ok(Content::Text(text.join("\n"))),
        (None, false) => Err(ApiError::impossible(
            "empty_message",
            "field `message`: set `message.text`, `message.attachments` or `message.option_id`",
        )),
    }
}

/// Checks the attachments; their contents are not kept.
fn attachments(bodies: Vec<AttachmentBody>) -> Result<Vec<StoredAttachment>, ApiError> {
    if bodies.len() > ATTACHMENTS_MAX {
        let found = bodies.len();
        let message =
            format!("field `message.attachments` has {found}; limit is {ATTACHMENTS_MAX}");
        return Err(ApiError::impossible("too_many_attachments", message));
    }
    bodies.into_iter().enumerate().map(attachment).collect()
}

fn attachment((index, body): (usize, AttachmentBody)) -> Result<StoredAttachment, ApiError> {
    let field = |name: &str| format!("message.attachments[{index}].{name}");
    let refuse = |name: &str, what: &str| {
        let message = format!("field `{}` {what}", field(name));
        ApiError::impossible("invalid_attachment", message)
    };
    let kind = AttachmentKind::from_name(&body.kind).ok_or_else(|| {
        let (found, allowed) = (quoted(&body.kind), AttachmentKind::names());
        refuse("kind", &format!("is {found}; allowed: {allowed}"))
    })?;
    let is_card = matches!(kind, AttachmentKind::Location | AttachmentKind::Contact);
    if body.url.is_some() && body.data.is_some() {
        return Err(refuse("data", "is set beside `url`; allowed: one of them"));
    }
    if body.url.is_none() && body.data.is_none() && !is_card {
        return Err(refuse("url", "is missing; set `url` or `data`"));
    }
    if let Some(url) = body.url {
        supplied::link(&field("url"), url)?;
    }
    if let Some(data) = &body.data {
        let bytes = data.len() / 4 * 3;
        if bytes > ATTACHMENT_BYTES_MAX {
            return Err(refuse(
                "data",
                &format!("has {bytes} bytes; limit {ATTACHMENT_BYTES_MAX}"),
            ));
        }
        if data.is_empty() || BASE64.decode(data).is_err() {
            return Err(refuse(
                "data",
                "is not base64; allowed: RFC 4648, with or without padding",
            ));
        }
    }
    if let Some(found) = body.mime_type.as_deref().filter(|name| !is_media_type(name)) {
        let found = quoted(found);
        return Err(refuse("mime_type", &format!("is {found}; allowed: a type such as audio/ogg")));
    }
    Ok(StoredAttachment { kind, mime_type: body.mime_type })
}

/// Whether a text is a media type, possibly with parameters. Source: RFC 6838, section 4.2.
fn is_media_type(text: &str) -> bool {
    let (name, parameters) = text.split_once(';').unwrap_or((text, ""));
    let token = |part: &str| {
        let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"!#$&-^_.+".contains(&byte);
        !part.is_empty() && part.bytes().all(allowed)
    };
    let sound = |byte: u8| byte.is_ascii_graphic() || byte == b' ';
    text.len() <= MEDIA_TYPE_BYTES_MAX
        && name.trim().split_once('/').is_some_and(|(kind, form)| token(kind) && token(form))
        && parameters.bytes().all(sound)
}

fn customer(body: CustomerBody) -> Result<Customer, ApiError> {
    let orders = body.orders.unwrap_or_default();
    if orders.len() > ORDERS_MAX {
        let found = orders.len();
        let message = format!("field `customer.orders` has {found} orders; limit is {ORDERS_MAX}");
        return Err(ApiError::impossible("too_many_orders", message));
    }
    let orders = orders.into_iter().enumerate().map(|(index, order)| {
        let field = |name: &str| format!("customer.orders[{index}].{name}");
        Ok(Order {
            id: supplied::order_id(&field("id"), order.id)?,
            status: supplied::status(&field("status"), order.status)?,
            date: supplied::given(order.date)
                .map(|date| supplied::date(&field("date"), date))
                .transpose()?,
            link: supplied::given(order.link)
                .map(|link| supplied::link(&field("link"), link))
                .transpose()?,
        })
    });
    let CustomerBody { name, tier, last_purchase, .. } = body;
    Ok(Customer {
        name: supplied::given(name)
            .map(|name| supplied::name("customer.name", name))
            .transpose()?,
        tier: supplied::given(tier)
            .map(|tier| supplied::tier("customer.tier", tier))
            .transpose()?,
        last_purchase: last_purchase
            .map(|note| supplied::note("customer.last_purchase", note))
            .transpose()?,
        orders: orders.collect::<Result<_, ApiError>>()?,
        consents: Vec::new(),
        stopped: None,
    })
}
