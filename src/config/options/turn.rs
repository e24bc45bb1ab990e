//! Options of turns and of the gate in front of them.

use crate::config::error::ConfigError;
use crate::config::raw::Raw;
use crate::config::raw::gateway::Debounce;
use crate::config::value::word::Reader;
use crate::config::values::Values;
use crate::turn::HandoffDelivery;
use crate::turn::Triggers;
use crate::turn::TurnOptions;
use crate::turn::burst::BurstLimits;
use crate::turn::dialogue::DialogueRules;
use crate::turn::draft::Decoding;
use crate::turn::draft::Emoji;
use crate::turn::draft::Style;
use crate::turn::model_reader::ReaderMode;
use std::collections::BTreeMap;
use std::time::Duration;
use vitrine_base::channel::ChannelKind;
use vitrine_conversations::GateOptions;
use vitrine_dialogue::policy::Rules;

/// Redeliveries of one message that may wait while its first delivery is answered.
const MESSAGE_WAITING_MAX: usize = 64;

/// Options of turns.
///
/// # Errors
/// If the deadline of a turn is longer than a request may ask for, or a draft longer than a request
/// may ask for.
pub(crate) fn turn(raw: &Raw, values: &Values) -> Result<TurnOptions, ConfigError> {
    let (deadline_ms, deadline_ms_max) = (raw.draft.deadline_ms.0, raw.draft.deadline_ms_max.0);
    if deadline_ms > deadline_ms_max {
        let allowed = format!("at most draft.deadline_ms_max ({deadline_ms_max})");
        return Err(values.refuse("draft.deadline_ms", deadline_ms, allowed));
    }
    let turn = &raw.turn;
    Ok(TurnOptions {
        style: style(raw),
        rules: DialogueRules {
            rules: Rules {
                questions_max: turn.questions_max.0 as usize,
                unclear_max: turn.unsure_max.0,
                repeats_max: turn.repeats_max.0,
            },
            foreign: raw.shop.other_languages,
        },
        deadline: Duration::from_millis(deadline_ms),
        output_tokens_max: draft_tokens_max(raw, values)?,
        text_chars_max: turn.text_chars_max.0,
        history_turns_max: turn.history_turns_max.0,
        history_tokens_max: turn.history_tokens_max.0,
        bursts: BurstLimits {
            messages_max: turn.burst_messages_max.0,
            text_chars_max: turn.text_chars_max.0,
            windows: debounce_windows(&raw.debounce),
        },
        triggers: Triggers {
            topics: turn.handoff_topics.iter().map(|topic| topic.0.clone()).collect(),
            channels: turn.handoff_channels.iter().copied().collect(),
            amount_max: turn.handoff_amount_max.map(|amount| amount.0),
        },
        reader: match raw.understand.reader.0 {
            None => ReaderMode::Auto,
            Some(Reader::Fast) => ReaderMode::Fast,
            Some(Reader::Model) => ReaderMode::Model,
        },
        reading_max: Duration::from_millis(raw.understand.deadline_ms.0),
        handoff: match raw.callbacks.handoff_url {
            Some(_) => HandoffDelivery::Webhook,
            None => HandoffDelivery::AnswerOnly,
        },
    })
}

/// Longest draft. The default gives way to a lower limit of the engine.
fn draft_tokens_max(raw: &Raw, values: &Values) -> Result<usize, ConfigError> {
    let key = "draft.output_tokens_max";
    let (found, tokens_max) = (raw.draft.output_tokens_max.0, raw.engine.output_tokens_max.0);
    if found > tokens_max && values.set.contains_key(key) {
        let allowed = format!("at most engine.output_tokens_max ({tokens_max})");
        return Err(values.refuse(key, found, allowed));
    }
    Ok(found.min(tokens_max))
}

fn style(raw: &Raw) -> Style {
    let draft = &raw.draft;
    Style {
        language: raw.shop.language,
        channel: ChannelKind::Webchat,
        voice: draft.voice,
        address: draft.address,
        length: draft.length,
        emoji: if draft.emoji { Emoji::Some } else { Emoji::None },
    }
}

fn debounce_windows(debounce: &Debounce) -> BTreeMap<ChannelKind, Duration> {
    let window = |channel| match channel {
        ChannelKind::Whatsapp => debounce.whatsapp_ms,
        ChannelKind::Instagram => debounce.instagram_ms,
        ChannelKind::Rcs => debounce.rcs_ms,
        ChannelKind::Apple => debounce.apple_ms,
        ChannelKind::Sms => debounce.sms_ms,
        ChannelKind::Webchat => debounce.webchat_ms,
    };
    ChannelKind::ALL.map(|channel| (channel, Duration::from_millis(window(channel).0))).into()
}

/// Options of the gate that admits turns.
pub(crate) fn gate(raw: &Raw) -> GateOptions {
    GateOptions {
        waiting_per_conversation_max: raw.turn.thread_waiting_max.0,
        waiting_per_message_max: MESSAGE_WAITING_MAX,
        // A request enters the gate twice: for its message and for its conversation.
        inside_max: raw.server.requests_in_flight_max.0.saturating_mul(2),
    }
}

/// Whether drafts are decoded under the grounding constraint.
pub(crate) fn decoding(raw: &Raw) -> Decoding {
    if raw.draft.constrain { Decoding::Grounded } else { Decoding::Free }
}
