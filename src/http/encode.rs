//! Encodes domain results as the wire types: answers, events, acknowledgements, conversations and
//! facts. It decides nothing and reads no store.

use crate::http::dialogue;
use crate::http::error::ApiError;
use crate::http::wire::MoneyBody;
use crate::http::wire::customers::LedgerFactBody;
use crate::http::wire::respond::ActionBody;
use crate::http::wire::respond::AlternativeBody;
use crate::http::wire::respond::FactBody;
use crate::http::wire::respond::GroundingBody;
use crate::http::wire::respond::HandoffBody;
use crate::http::wire::respond::IntentBody;
use crate::http::wire::respond::OptionBody;
use crate::http::wire::respond::ReplyBody;
use crate::http::wire::respond::RespondAnswer;
use crate::http::wire::respond::SignalsBody;
use crate::http::wire::respond::SuggestionBody;
use crate::http::wire::respond::TimingsBody;
use crate::http::wire::respond::UsageBody;
use crate::http::wire::respond::WindowBody;
use crate::http::wire::rounded;
use crate::http::wire::threads::HumanMessageAnswer;
use crate::http::wire::threads::ThreadAnswer;
use crate::http::wire::threads::ThreadAttachmentBody;
use crate::http::wire::threads::ThreadTurnBody;
use crate::turn::EncodedAnswer;
use crate::turn::IntentReading;
use crate::turn::Suggestion;
use crate::turn::TurnAnswer;
use crate::turn::TurnReply;
use crate::turn::TurnTimings;
use crate::turn::action::Action;
use crate::turn::state;
use crate::turn::state::ShownState;
use axum::body::Body;
use axum::http::HeaderValue;
use axum::http::header::CONTENT_TYPE;
use axum::response::Response;
use serde::Serialize;
use serde_json::json;
use vitrine_base::clock::milliseconds;
use vitrine_base::ids::TurnId;
use vitrine_base::language::Language;
use vitrine_catalog::Catalog;
use vitrine_conversations::ConversationRecord;
use vitrine_conversations::FactKind;
use vitrine_conversations::StoredAttachment;
use vitrine_conversations::TurnKind;
use vitrine_conversations::TurnRecord;
use vitrine_conversations::in_order_of_sending;
use vitrine_intent::Signals;

/// Header set to `true` on an answer that was recorded for an earlier delivery of the message.
const REPLAYED_HEADER: &str = "vitrine-replayed";

/// Encodes an answer. The same bytes are stored and returned again for a redelivery.
///
/// # Errors
/// If it does not serialise, which is a bug: an empty body would be stored as the answer.
pub(crate) fn answer(answer: &TurnAnswer) -> serde_json::Result<Vec<u8>> {
    serde_json::to_vec(&body(answer))
}

fn body(answer: &TurnAnswer) -> RespondAnswer {
    let said = answer.dialogue.as_deref();
    let links = said.map(|said| said.links.clone()).unwrap_or_default();
    RespondAnswer {
        turn_id: answer.turn_id.to_string(),
        thread_id: answer.thread_id.to_string(),
        epoch: answer.epoch,
        supersedes: answer.supersedes.iter().map(ToString::to_string).collect(),
        superseded_by: answer.superseded_by.as_ref().map(ToString::to_string),
        language: answer.language.code().to_owned(),
        language_detected: answer.tongue.code().to_owned(),
        intent: intent(&answer.reading),
        action: ActionBody { links, ..action(&answer.action) },
        reply: reply(&answer.reply),
        suggestion: answer.suggestion.as_ref().map(suggestion),
        facts: answer
            .facts
            .iter()
            .map(|fact| FactBody {
                key: fact.key.clone(),
                value: fact.value.clone(),
                kind: "stated".to_owned(),
                source: fact.source.clone(),
                quote: fact.quote.clone(),
            })
            .collect(),
        handoff: answer.handoff.as_ref().map(|handoff| HandoffBody {
            reason: handoff.reason.to_owned(),
            summary: handoff.summary.clone(),
        }),
        state: said.map(|said| dialogue::state(&said.state)),
        commands: said.map(|said| {
            let currency = said.state.currency;
            said.commands.iter().map(|said| dialogue::command(said, currency)).collect()
        }),
        products: said.map(|said| said.products.iter().map(dialogue::product).collect()),
        matched: said.and_then(|said| dialogue::matched(said, answer.language.language())),
        order: said.and_then(|said| said.order.as_ref()).map(dialogue::order),
        reading: said.map(|said| dialogue::reading(&said.read_by)),
        recorded: said.map(|said| dialogue::recorded(&said.recorded)),
        window: WindowBody {
            state: answer.window.state.name().to_owned(),
            closes_at: answer.window.closes_at.map(|time| time.to_string()),
        },
        disclosure: answer.disclosure,
        timings_ms: timings(&answer.timings),
        usage: UsageBody {
            prompt_tokens: answer.usage.prompt_tokens,
            cached_tokens: answer.usage.cached_tokens,
            output_tokens: answer.usage.output_tokens,
        },
    }
}

/// Encodes the acknowledgement of a human's message.
///
/// # Errors
/// If it does not serialise, which is a bug.
pub(crate) fn human_message(
    turn_id: &TurnId,
    conversation: &ConversationRecord,
) -> serde_json::Result<Vec<u8>> {
    let body = HumanMessageAnswer {
        turn_id: turn_id.to_string(),
        thread_id: conversation.thread_id.to_string(),
        owner: conversation.ownership.state.name(),
        epoch: conversation.ownership.epoch,
    };
    serde_json::to_vec(&body)
}

/// Encodes a body that is stored or sent as an event.
///
/// # Errors
/// [`ApiError::Encode`] if it does not serialise, which is a bug.
pub(crate) fn json_text(body: &impl Serialize) -> Result<String, ApiError> {
    serde_json::to_string(body).map_err(ApiError::Encode)
}

/// The response with an encoded answer.
pub(crate) fn response(answered: EncodedAnswer) -> Response {
    let mut response = Response::new(Body::from(answered.body.to_vec()));
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    marked(response, answered.replayed)
}

/// Marks a response whose answer was recorded for an earlier delivery.
pub(crate) fn marked(mut response: Response, replayed: bool) -> Response {
    if replayed {
        response.headers_mut().insert(REPLAYED_HEADER, HeaderValue::from_static("true"));
    }
    response
}

/// Encodes what was understood of a message.
pub(crate) fn intent(reading: &IntentReading) -> IntentBody {
    IntentBody {
        label: reading.label.clone(),
        confidence: rounded(reading.confidence),
        abstained: reading.abstained,
        alternatives: reading
            .alternatives
            .iter()
            .map(|(label, confidence)| AlternativeBody {
                label: label.clone(),
                confidence: rounded(*confidence),
            })
            .collect(),
        second: reading.second.as_ref().map(|second| AlternativeBody {
            label: second.label.clone(),
            confidence: rounded(second.confidence),
        }),
        signals: signals(&reading.signals),
    }
}

fn signals(signals: &Signals) -> SignalsBody {
    SignalsBody {
        sentiment: rounded(signals.sentiment),
        urgency: rounded(signals.urgency),
        sarcasm: rounded(signals.sarcasm),
        profanity: rounded(signals.profanity),
        stage: signals.stage.map(|found| found.stage.name().to_owned()),
        stage_confidence: signals.stage.map(|found| rounded(found.confidence)),
    }
}

fn action(action: &Action) -> ActionBody {
    ActionBody {
        kind: action.kind.name().to_owned(),
        facet: action.facet.clone(),
        sku: action.sku.as_ref().map(ToString::to_string),
        topic: action.topic.clone(),
        link: action.link.clone(),
        links: Vec::new(),
    }
}

fn reply(reply: &TurnReply) -> ReplyBody {
    ReplyBody {
        text: reply.text.clone(),
        source: reply.source.name().to_owned(),
        options: reply
            .options
            .iter()
            .map(|option| OptionBody { id: option.id.clone(), title: option.title.clone() })
            .collect(),
        grounding: reply
            .grounding
            .iter()
            .map(|found| GroundingBody {
                start: found.start,
                end: found.end,
                fact: found.fact.clone(),
            })
            .collect(),
        payload: reply.payload.clone(),
    }
}

/// Encodes an offer.
pub(crate) fn suggestion(offer: &Suggestion) -> SuggestionBody {
    SuggestionBody {
        sku: offer.sku.to_string(),
        name: offer.name.clone(),
        price: MoneyBody::from(&offer.price),
        reason: offer.reason.clone(),
        rule: offer.rule.clone(),
        arm: offer.arm.to_owned(),
    }
}

fn timings(timings: &TurnTimings) -> TimingsBody {
    TimingsBody {
        queue: milliseconds(timings.queue),
        understand: milliseconds(timings.understand),
        draft: milliseconds(timings.draft),
        suggest: milliseconds(timings.suggest),
        record: milliseconds(timings.record),
        total: milliseconds(timings.total),
    }
}

/// Encodes a conversation with its turns; the cart's prices are those of `catalog`.
pub(crate) fn conversation(
    record: &ConversationRecord,
    turns: Vec<TurnRecord>,
    catalog: &Catalog,
) -> ThreadAnswer {
    let state = state::stored(record)
        .inspect_err(|cause| {
            tracing::warn!(thread = %record.thread_id, %cause, "dialogue state cannot be read");
        })
        .ok()
        .map(|state| ShownState::new(state, record.ownership.state, catalog));
    let facts = record.facts.iter().map(|(key, fact)| FactBody {
        key: key.clone(),
        value: fact.value.clone(),
        kind: fact_kind(fact.kind).to_owned(),
        source: fact.source.as_ref().map(ToString::to_string),
        quote: fact.verbatim.clone(),
    });
    ThreadAnswer {
        thread_id: record.thread_id.to_string(),
        customer_id: record.customer_id.as_ref().map(ToString::to_string),
        channels: record.channels.iter().map(|channel| channel.name()).collect(),
        language: record.language.code().to_owned(),
        owner: record.ownership.state.name(),
        epoch: record.ownership.epoch,
        facts: facts.collect(),
        state: state.as_ref().map(dialogue::state),
        opened_at: record.opened_at.to_string(),
        updated_at: record.updated_at.to_string(),
        turns: in_order_of_sending(turns).into_iter().map(turn).collect(),
    }
}

/// Wire name of a fact's kind.
fn fact_kind(kind: FactKind) -> &'static str {
    match kind {
        FactKind::Stated => "stated",
        FactKind::Inferred => "inferred",
    }
}

fn turn(turn: TurnRecord) -> ThreadTurnBody {
    ThreadTurnBody {
        turn_id: turn.turn_id.to_string(),
        kind: match turn.kind {
            TurnKind::Customer => "customer",
            TurnKind::Human => "human",
            TurnKind::Resolved => "resolved",
        },
        message_id: turn.message_id.map(|id| id.to_string()),
        channel: turn.channel.name(),
        user_text: turn.user_text,
        option_id: turn.option_id,
        reply_text: turn.reply_text,
        action: turn.action,
        attachments: turn.attachments.into_iter().map(attachment).collect(),
        sent_at: turn.sent_at.to_string(),
        sent_on: turn.sent_on.map(|date| date.to_string()),
        answered_at: turn.answered_at.to_string(),
    }
}

fn attachment(attachment: StoredAttachment) -> ThreadAttachmentBody {
    ThreadAttachmentBody { kind: attachment.kind.name(), mime_type: attachment.mime_type }
}

/// Encodes the facts of a conversation.
pub(crate) fn facts(conversation: &ConversationRecord) -> impl Iterator<Item = LedgerFactBody> {
    conversation.facts.iter().map(|(key, fact)| LedgerFactBody {
        key: key.clone(),
        value: fact.value.clone(),
        kind: fact_kind(fact.kind),
        verbatim: fact.verbatim.clone(),
        source: fact.source.as_ref().map(ToString::to_string),
        purpose: fact.purpose.name(),
        confidence: rounded(fact.confidence),
        thread_id: conversation.thread_id.to_string(),
        learnt_at: fact.learnt_at.to_string(),
    })
}

/// Data of the event `understood`.
pub(crate) fn understood(language: Language, reading: &IntentReading) -> String {
    json!({ "language": language.code(), "intent": intent(reading) }).to_string()
}

/// Data of the event `decided`.
pub(crate) fn decided(decided: &Action) -> String {
    json!({ "action": action(decided) }).to_string()
}

/// Data of the event `error`.
pub(crate) fn error(error: &ApiError) -> String {
    json!({ "error": error.detail() }).to_string()
}

/// Extracts the reply text from an encoded answer; empty if there is none.
pub(crate) fn reply_text(body: &[u8]) -> String {
    let value: serde_json::Value = serde_json::from_slice(body).unwrap_or_default();
    value["reply"]["text"].as_str().unwrap_or_default().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::wire::ErrorBody;
    use axum::http::StatusCode;
    use axum::response::IntoResponse;
    use std::collections::BTreeMap;

    #[test]
    fn a_body_that_does_not_serialise_is_an_error_500() {
        // JSON keys are strings.
        let unencodable = BTreeMap::from([(vec![1], "value")]);
        let error = json_text(&unencodable).unwrap_err();
        let body = ErrorBody { error: error.detail() };
        assert_eq!(body.error.code, "encoding_failed");
        assert_eq!(error.into_response().status(), StatusCode::INTERNAL_SERVER_ERROR);
        assert_eq!(json_text(&BTreeMap::from([("key", 1)])).unwrap(), r#"{"key":1}"#);
    }
}
