//! Several messages in a row, answered once.
//!
//! A turn starts at once; nobody who sends one message and waits pays for those who send three.
//! When newer words come while it runs, its draft is dropped and it is recorded as superseded;
//! the thread keeps its words, and the newer turn answers all of them. A caller that can wait asks
//! for the channel's debounce window to pass before the drafting begins.
//!
//! Pure. Invariants
//! - Words are answered in the order they were sent in, those sent at the same time as they came.
//! - A run of messages that keep coming is answered all the same: [`BurstLimits`] ends it.
//! - A STOP is never merged with other words, which would hide it, nor superseded by them.

use crate::turn::consent;
use crate::turn::message::Content;
use crate::turn::message::TurnRequest;
use jiff::Timestamp;
use std::collections::BTreeMap;
use std::time::Duration;
use vitrine_base::channel::ChannelKind;
use vitrine_base::ids::TurnId;
use vitrine_conversations::ThreadRecord;
use vitrine_conversations::TurnSort;
use vitrine_conversations::Unanswered;

/// How far messages are gathered.
#[derive(Debug, Clone)]
pub(crate) struct BurstLimits {
    /// Messages that one answer covers; the last of them is not superseded any more.
    pub(crate) messages_max: usize,
    /// Characters that wait for an answer; beyond them no turn is superseded.
    pub(crate) text_chars_max: usize,
    /// The debounce window of each channel.
    pub(crate) windows: BTreeMap<ChannelKind, Duration>,
}

impl BurstLimits {
    /// The window of a channel; none if it has none.
    pub(crate) fn window(&self, channel: ChannelKind) -> Duration {
        self.windows.get(&channel).copied().unwrap_or_default()
    }
}

/// What one turn has to answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Burst {
    pub(crate) content: Content,
    /// Turns whose words are among it, in the order they were sent.
    pub(crate) supersedes: Vec<TurnId>,
}

/// What a message is to the messages around it. A message that is nothing but a STOP is a choice,
/// as its button would be.
pub(crate) fn sort(content: &Content) -> TurnSort {
    match content {
        Content::Text(text) if !consent::is_stop(text) => TurnSort::Words,
        Content::Text(_) | Content::Tap { .. } => TurnSort::Choice,
    }
}

/// The words that wait in a thread, and this message.
pub(crate) fn gather(record: &ThreadRecord, request: &TurnRequest, now: Timestamp) -> Burst {
    if sort(&request.content) == TurnSort::Choice {
        return Burst { content: request.content.clone(), supersedes: Vec::new() };
    }
    let text = request.content.text();
    let sent_at = request.sent_at.unwrap_or(now);
    let mut words: Vec<(Timestamp, &str)> =
        record.unanswered.iter().map(|older| (older.sent_at, older.text.as_str())).collect();
    words.push((sent_at, text));
    // Stable: those of one moment stay as they came.
    words.sort_by_key(|(sent_at, _)| *sent_at);
    let texts: Vec<&str> = words.into_iter().map(|(_, text)| text).collect();
    let mut older: Vec<&Unanswered> = record.unanswered.iter().collect();
    older.sort_by_key(|older| older.sent_at);
    let supersedes = older.into_iter().map(|older| older.turn_id.clone()).collect();
    Burst { content: Content::Text(texts.join("\n")), supersedes }
}

/// Whether newer words may still make this turn stale. Where a human answers there is no draft to
/// save.
pub(crate) fn may_yield(
    record: &ThreadRecord,
    request: &TurnRequest,
    limits: &BurstLimits,
) -> bool {
    let waiting: usize = record.unanswered.iter().map(|older| older.text.chars().count()).sum();
    let chars = waiting + request.content.text().chars().count();
    sort(&request.content) == TurnSort::Words
        && record.ownership.bot_may_speak()
        && record.unanswered.len() + 1 < limits.messages_max
        && chars < limits.text_chars_max
}

/// Leaves the message in the thread for a newer turn to answer.
pub(crate) fn leave(
    record: &mut ThreadRecord,
    turn_id: &TurnId,
    request: &TurnRequest,
    now: Timestamp,
) {
    record.unanswered.push(Unanswered {
        turn_id: turn_id.clone(),
        text: request.content.text().to_owned(),
        sent_at: request.sent_at.unwrap_or(now),
    });
}

/// What waited has been answered with these words; a choice answers only itself.
pub(crate) fn settle(record: &mut ThreadRecord, request: &TurnRequest) {
    if sort(&request.content) == TurnSort::Words {
        record.unanswered.clear();
    }
}
