//! Bursts: messages sent in quick succession get one answer.
//!
//! A turn starts at once, so that a single message is never delayed. When a newer message arrives
//! while the turn runs, its draft is discarded and it is recorded as superseded. The conversation
//! keeps its message, and the newer turn answers both. A caller that can wait asks for debouncing:
//! the channel's window passes before drafting starts.
//!
//! Pure. Invariants
//! - Messages are answered in the order they were sent; those with equal times, in order of
//!   arrival.
//! - A burst that does not end is answered nevertheless: [`BurstLimits`] cuts it.
//! - A STOP is never merged with other messages, which would hide it, and never superseded.

use crate::turn::message::Content;
use crate::turn::message::TurnRequest;
use crate::turn::short_answers;
use jiff::Timestamp;
use std::collections::BTreeMap;
use std::time::Duration;
use vitrine_base::channel::ChannelKind;
use vitrine_base::ids::TurnId;
use vitrine_conversations::ConversationRecord;
use vitrine_conversations::TurnInput;
use vitrine_conversations::UnansweredMessage;

/// Limits of one burst.
#[derive(Debug, Clone)]
pub(crate) struct BurstLimits {
    /// Most messages that one answer covers; the last of them can no longer be superseded.
    pub(crate) messages_max: usize,
    /// Most unanswered characters; from this length on, a turn can no longer be superseded.
    pub(crate) text_chars_max: usize,
    /// Debounce window of each channel.
    pub(crate) windows: BTreeMap<ChannelKind, Duration>,
}

impl BurstLimits {
    /// The debounce window of a channel; zero if none is configured.
    pub(crate) fn window(&self, channel: ChannelKind) -> Duration {
        self.windows.get(&channel).copied().unwrap_or_default()
    }
}

/// The messages that one turn answers, merged.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Burst {
    pub(crate) content: Content,
    /// Turns whose messages are included, in the order they were sent.
    pub(crate) supersedes: Vec<TurnId>,
}

/// How a message relates to other messages. A message that is only a STOP is a choice, like its
/// button.
pub(crate) fn sort(request: &TurnRequest) -> TurnInput {
    match &request.content {
        Content::Text(text) if !short_answers::is_stop(text, request.channel) => TurnInput::Text,
        Content::Text(_) | Content::Tap { .. } => TurnInput::Choice,
    }
}

/// Merges this message with the unanswered ones of the conversation. A choice stays alone.
pub(crate) fn gather(record: &ConversationRecord, request: &TurnRequest, now: Timestamp) -> Burst {
    if sort(request) == TurnInput::Choice {
        return Burst { content: request.content.clone(), supersedes: Vec::new() };
    }
    let text = request.content.text();
    let sent_at = request.sent(now);
    let mut words: Vec<(Timestamp, &str)> =
        record.unanswered.iter().map(|older| (older.sent_at, older.text.as_str())).collect();
    words.push((sent_at, text));
    // The sort is stable: messages sent at the same time keep their order of arrival.
    words.sort_by_key(|(sent_at, _)| *sent_at);
    // An attachment without a caption has no text.
    let texts = words.into_iter().map(|(_, text)| text).filter(|text| !text.is_empty());
    let texts: Vec<&str> = texts.collect();
    let mut older: Vec<&UnansweredMessage> = record.unanswered.iter().collect();
    older.sort_by_key(|older| older.sent_at);
    let supersedes = older.into_iter().map(|older| older.turn_id.clone()).collect();
    Burst { content: Content::Text(texts.join("\n")), supersedes }
}

/// Whether a newer message may still supersede this turn. Not if a human answers: there is no draft
/// to save then.
pub(crate) fn may_be_superseded(
    record: &ConversationRecord,
    request: &TurnRequest,
    limits: &BurstLimits,
) -> bool {
    let waiting: usize = record.unanswered.iter().map(|older| older.text.chars().count()).sum();
    let chars = waiting + request.content.text().chars().count();
    sort(request) == TurnInput::Text
        && record.ownership.bot_may_reply()
        && record.unanswered.len() + 1 < limits.messages_max
        && chars < limits.text_chars_max
}

/// Keeps the message in the conversation as unanswered, for a newer turn to answer.
pub(crate) fn keep_unanswered(
    record: &mut ConversationRecord,
    turn_id: &TurnId,
    request: &TurnRequest,
    now: Timestamp,
) {
    record.unanswered.push(UnansweredMessage {
        turn_id: turn_id.clone(),
        text: request.content.text().to_owned(),
        sent_at: request.sent(now),
    });
}

/// Clears the unanswered messages, which this turn has answered. A choice answers only itself.
pub(crate) fn clear_unanswered(record: &mut ConversationRecord, request: &TurnRequest) {
    if sort(request) == TurnInput::Text {
        record.unanswered.clear();
    }
}
