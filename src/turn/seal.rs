//! Assembles an answer, encodes it, and commits it before it is returned.

use crate::channels;
use crate::turn::Recorded;
use crate::turn::RunningTurn;
use crate::turn::TurnError;
use crate::turn::TurnPipeline;
use crate::turn::action::Action;
use crate::turn::action::ActionKind;
use crate::turn::action::HandoffReason;
use crate::turn::answer::DialogueAnswer;
use crate::turn::answer::Recording;
use crate::turn::answer::ReplyOption;
use crate::turn::answer::ReplySource;
use crate::turn::answer::TurnAnswer;
use crate::turn::answer::TurnReply;
use crate::turn::attachments;
use crate::turn::dialogue;
use crate::turn::dialogue::Decision;
use crate::turn::draft::HistoryLine;
use crate::turn::draft::Speaker;
use crate::turn::draft::compose::ComposedReply;
use crate::turn::grounding;
use crate::turn::model_reader::ReadBy;
use crate::turn::record;
use crate::turn::state::ShownState;
use crate::turn::understand::IntentReading;
use crate::turn::understand::Understood;
use crate::turn::usage::TokenUsage;
use jiff::Timestamp;
use std::sync::Arc;
use vitrine_base::ids::TurnId;
use vitrine_base::ids::time_ordered_id;
use vitrine_base::telemetry;
use vitrine_conversations::CommitOutcome;
use vitrine_conversations::ConversationKey;
use vitrine_conversations::ConversationRecord;
use vitrine_conversations::StoredAnswer;
use vitrine_conversations::TurnCommit;
use vitrine_conversations::TurnKind;
use vitrine_conversations::TurnRecord;
use vitrine_conversations::in_order_of_sending;
use vitrine_dialogue::command::Command;
use vitrine_dialogue::dialogue::Turned;
use vitrine_dialogue::plan::Move;
use vitrine_dialogue::policy::Order;
use vitrine_dialogue::state::DialogueState;

/// Intent of a customer who asks for their data or its erasure.
const ERASURE_INTENT: &str = "privacy_request";

/// The results of the stages before the offer.
#[derive(Debug)]
pub(super) struct DecidedTurn<'a> {
    pub(super) understood: &'a Understood,
    /// State of the dialogue before the turn.
    pub(super) before: &'a DialogueState,
    pub(super) read_by: ReadBy,
    pub(super) decision: Decision,
    pub(super) composed: ComposedReply,
    pub(super) supersedes: Vec<TurnId>,
}

impl TurnPipeline {
    pub(super) fn seal(
        &self,
        turn: &RunningTurn<'_>,
        record: &ConversationRecord,
        drafted: DecidedTurn<'_>,
    ) -> TurnAnswer {
        let DecidedTurn { understood, before, read_by, decision, composed, supersedes } = drafted;
        let channel = channels::channel(turn.request.channel);
        let human = decision.handoff == Some(HandoffReason::HumanOwned);
        let source = turn.request.message_id.as_ref().map(|id| id.as_str());
        let after = decision.turned.as_ref().map_or(before, |turned| &turned.state);
        let currency = self.parts.catalog.currency();
        let facts = record::stated(understood, (before, after), currency, source);
        let said = decision.turned.as_ref().map(|turned| dialogue::grounded(&turned.worded));
        let options: Vec<ReplyOption> = decision
            .options
            .iter()
            .map(|(id, title)| ReplyOption { id: id.clone(), title: title.clone() })
            .collect();
        let payload = channels::CanonicalReply {
            text: composed.text.clone(),
            options: options
                .iter()
                .map(|option| channels::CanonicalOption {
                    id: option.id.clone(),
                    title: option.title.clone(),
                })
                .collect(),
            language: understood.language,
        };
        let payload = if human {
            serde_json::Value::Null
        } else {
            channel.payload(&channel.fit(&payload), None)
        };
        let reply_language = match decision.action.topic.as_deref() {
            Some(attachments::LABEL) => understood.tongue,
            _ => understood.language.into(),
        };
        TurnAnswer {
            turn_id: turn.id.clone(),
            thread_id: turn.key.conversation.clone(),
            epoch: record.ownership.epoch,
            supersedes,
            superseded_by: None,
            language: reply_language,
            tongue: understood.tongue,
            reading: understood.reading.clone(),
            action: decision.action,
            reply: TurnReply {
                grounding: grounding::locate(&composed.text, &said.unwrap_or_default()),
                source: if human { ReplySource::Human } else { composed.source },
                text: composed.text,
                options,
                payload,
            },
            suggestion: None,
            facts,
            handoff: None,
            window: channel.window(record.last_customer_message_at, self.parts.clock.now()),
            disclosure: false,
            dialogue: self.dialogue_answer(turn, record, (decision.turned, read_by)).map(Box::new),
            timings: turn.timings,
            usage: composed.usage,
            jobs: Vec::new(),
        }
    }

    /// What the dialogue adds to the answer.
    fn dialogue_answer(
        &self,
        turn: &RunningTurn<'_>,
        record: &ConversationRecord,
        (turned, read_by): (Option<Turned>, ReadBy),
    ) -> Option<DialogueAnswer> {
        let Turned { reading, state, plan, .. } = turned?;
        let mut given_up = Vec::new();
        let mut links = Vec::new();
        let mut order = None;
        for said in &plan.moves {
            match said {
                Move::Present { given_up: wishes, .. } => given_up.extend(wishes.iter().cloned()),
                Move::Checkout { link, .. } => links.extend(link.lines().map(str::to_owned)),
                Move::OrderStatus { id, status, date, link } => {
                    let (id, status) = (id.clone(), status.clone());
                    let (date, link) = (date.clone(), link.clone());
                    order = Some(Order { id, status, date, link });
                }
                _ => {}
            }
        }
        let stop = reading.commands.iter().any(|said| said.command == Command::Stop);
        let erasure = turn.request.content.option_id().is_none()
            && vitrine_dialogue::command::intent_label(&reading.commands) == Some(ERASURE_INTENT);
        Some(DialogueAnswer {
            state: ShownState::new(state, record.ownership.state, &self.parts.catalog),
            commands: reading.commands,
            read_by,
            products: plan.products,
            exact: plan.exact,
            given_up,
            order,
            links,
            recorded: Recording { stop, consents: Vec::new(), erasure },
        })
    }

    /// The answer of a turn that a newer one supersedes: its reply is empty.
    pub(super) fn seal_superseded(
        &self,
        turn: &RunningTurn<'_>,
        record: &ConversationRecord,
        newer: TurnId,
    ) -> TurnAnswer {
        let channel = channels::channel(turn.request.channel);
        let mut timings = turn.timings;
        timings.total = self.since(turn.arrived);
        TurnAnswer {
            turn_id: turn.id.clone(),
            thread_id: turn.key.conversation.clone(),
            epoch: record.ownership.epoch,
            supersedes: Vec::new(),
            superseded_by: Some(newer),
            language: record.language.into(),
            tongue: record.tongue.unwrap_or(record.language.into()),
            reading: IntentReading::none(),
            action: Action::of(ActionKind::Superseded),
            reply: TurnReply {
                text: String::new(),
                source: ReplySource::Template,
                options: Vec::new(),
                grounding: Vec::new(),
                payload: serde_json::Value::Null,
            },
            suggestion: None,
            facts: Vec::new(),
            handoff: None,
            window: channel.window(record.last_customer_message_at, self.parts.clock.now()),
            disclosure: false,
            timings,
            usage: TokenUsage::default(),
            dialogue: None,
            jobs: Vec::new(),
        }
    }

    /// Encodes and commits an answer. `None` if the conversation changed since it was loaded.
    pub(super) async fn commit(
        &self,
        turn: &RunningTurn<'_>,
        record: ConversationRecord,
        answer: TurnAnswer,
    ) -> Result<Option<Recorded>, TurnError> {
        let now = self.parts.clock.now();
        let body: Arc<[u8]> = (self.parts.encode)(&answer)?.into();
        let request = turn.request;
        let recorded = TurnRecord {
            turn_id: answer.turn_id.clone(),
            kind: TurnKind::Customer,
            message_id: request.message_id.clone(),
            body_hash: request.hash.meaning,
            channel: request.channel,
            user_text: request.content.text().to_owned(),
            option_id: request.content.option_id().map(str::to_owned),
            reply_text: answer.reply.text.clone(),
            action: answer.action.kind.name().to_owned(),
            attachments: request.attachments.clone(),
            sent_at: request.sent(now),
            sent_on: request.sent_at.map(|_| request.local_date(now)),
            received_at: request.received_at.unwrap_or(now),
            answered_at: now,
            sequence: 0,
            answer: Arc::clone(&body),
        };
        let commit = TurnCommit {
            key: turn.key.clone(),
            conversation: record,
            turn: Some(recorded),
            jobs: answer.jobs.clone(),
        };
        let outcome = self.parts.store.commit(commit).await?;
        let took = self.since(turn.arrived).as_secs_f64();
        metrics::histogram!(telemetry::TURN_SECONDS).record(took);
        match outcome {
            CommitOutcome::Recorded(conversation) => {
                let (source, action) = (answer.reply.source.name(), answer.action.kind.name());
                metrics::counter!(telemetry::TURNS_TOTAL, "source" => source, "action" => action)
                    .increment(1);
                let stored = StoredAnswer {
                    conversation: turn.key.clone(),
                    sequence: conversation.turns_recorded.saturating_sub(1),
                    body_hash: request.hash.meaning,
                    answer: body,
                };
                Ok(Some(Recorded { stored, replayed: false }))
            }
            CommitOutcome::AlreadyRecorded(stored) => Ok(Some(Recorded { stored, replayed: true })),
            CommitOutcome::Stale(_) => Ok(None),
        }
    }

    /// The newest turns as lines. Loaded only if the drafter wants them, or for a hand-off.
    pub(super) async fn history(
        &self,
        key: &ConversationKey,
        decision: &Decision,
        wanted: bool,
        turns_recorded: u64,
    ) -> Result<Vec<HistoryLine>, TurnError> {
        if !wanted && decision.handoff.is_none() {
            return Ok(Vec::new());
        }
        let shown = window(turns_recorded, self.options.history_turns_max);
        let turns = in_order_of_sending(self.parts.store.turns(key, shown).await?);
        // A resolved matter is closed: turns before the last marker are left out.
        let resolved = turns.iter().rposition(|turn| turn.kind == TurnKind::Resolved);
        let mut lines = Vec::new();
        for turn in turns.into_iter().skip(resolved.map_or(0, |at| at + 1)) {
            let shop = if turn.kind == TurnKind::Human { Speaker::Human } else { Speaker::Bot };
            let said = attachments::quoted(turn.user_text, &turn.attachments);
            let texts = [(Speaker::Customer, said), (shop, turn.reply_text)];
            let texts = texts.into_iter().filter(|(_, text)| !text.is_empty());
            lines.extend(texts.map(|(speaker, text)| HistoryLine { speaker, text }));
        }
        Ok(lines)
    }
}

/// Number of newest turns to show, at most `turns_max`. The first turn shown stays the same from
/// turn to turn, until half of the window is dropped at once: a prompt that only grows at its end
/// is served from the prefix cache.
fn window(turns_recorded: u64, turns_max: usize) -> usize {
    let recorded = usize::try_from(turns_recorded).unwrap_or(usize::MAX);
    let half = turns_max.div_ceil(2).max(1);
    recorded - recorded.saturating_sub(turns_max).div_ceil(half) * half
}

/// A new turn id; ids sort by `now`.
pub(super) fn new_turn_id(now: Timestamp) -> TurnId {
    TurnId::new(time_ordered_id(now).to_string())
        .unwrap_or_else(|_| unreachable!("a UUID is a valid id"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn window_moves_by_halves_so_that_prompts_grow_at_their_end() {
        let first_shown = |recorded| recorded - window(recorded, 6) as u64;
        let firsts: Vec<u64> = (0..16).map(first_shown).collect();
        assert_eq!(firsts, [0, 0, 0, 0, 0, 0, 0, 3, 3, 3, 6, 6, 6, 9, 9, 9]);
        for turns_max in 0..9 {
            for recorded in 0..40 {
                let shown = window(recorded, turns_max);
                assert!(shown <= turns_max && (recorded == 0 || shown > 0 || turns_max <= 1));
            }
        }
    }
}
