//! A message's arrival: everything that can be known before a model runs. Checks the message,
//! recognises a redelivery, and finds its customer and conversation.
//!
//! A caller that streams takes both steps by itself: [`TurnPipeline::arrive`], whose errors and
//! redeliveries it can report before the first byte, and then [`TurnPipeline::run`].

use crate::turn::EncodedAnswer;
use crate::turn::ProgressSender;
use crate::turn::TurnError;
use crate::turn::TurnPipeline;
use crate::turn::TurnRequest;
use crate::turn::options;
use crate::turn::replayed;
use std::time::Instant;
use vitrine_catalog::FacetChoice;
use vitrine_conversations::ConversationKey;
use vitrine_conversations::Flight;
use vitrine_conversations::MessageArrival;
use vitrine_conversations::MessageKey;
use vitrine_conversations::ReservedConversation;

/// A new message that is ready to be answered.
#[derive(Debug)]
pub(crate) struct ArrivedTurn {
    request: TurnRequest,
    arrived: Instant,
    flight: Option<Flight>,
    /// Held until the turn is stored, so that the customer's other first messages join it.
    _reserved: Option<ReservedConversation>,
}

/// Outcome of an arrival.
#[derive(Debug)]
pub(crate) enum Arrival {
    /// The message was answered before.
    Replayed(EncodedAnswer),
    /// The message is new.
    New(Box<ArrivedTurn>),
}

impl TurnPipeline {
    /// Answers one message. A redelivered message gets the answer that was recorded for it.
    ///
    /// # Errors
    /// If the message is invalid, its customer was erased, its id was used for another request, too
    /// many turns wait, or the answer could not be recorded.
    pub(crate) async fn respond(
        &self,
        request: TurnRequest,
        progress: ProgressSender,
    ) -> Result<EncodedAnswer, TurnError> {
        match self.arrive(request).await? {
            Arrival::Replayed(answered) => Ok(answered),
            Arrival::New(turn) => self.run(turn, progress).await,
        }
    }

    /// Takes in one message. A delivery that arrives while an earlier one of the same message is
    /// being answered waits for that answer.
    ///
    /// # Errors
    /// As for [`TurnPipeline::respond`], except for those of answering.
    pub(crate) async fn arrive(&self, mut request: TurnRequest) -> Result<Arrival, TurnError> {
        let arrived = self.parts.clock.instant();
        request.arrived(self.parts.clock.now());
        self.check(&request)?;
        let mut flight = None;
        if let Some(message) = request.message_id.clone() {
            let key = MessageKey { tenant: request.tenant.clone(), message };
            let first = match self.parts.gate.arrive(&key, request.hash.meaning).await? {
                MessageArrival::First(first) => first,
                MessageArrival::Answered(stored) => {
                    return Ok(Arrival::Replayed(replayed(&stored)));
                }
            };
            if let Some(stored) = self.parts.store.replay(&key).await? {
                let stored = stored.for_request(request.hash)?;
                let answered = replayed(&stored);
                first.finish(stored);
                return Ok(Arrival::Replayed(answered));
            }
            flight = Some(first);
        }
        let (request, reserved) = self.with_identity(request).await?;
        self.check_option(&request).await?;
        let request = self.with_profile(request).await?;
        Ok(Arrival::New(Box::new(ArrivedTurn { request, arrived, flight, _reserved: reserved })))
    }

    /// Answers a message that has arrived.
    ///
    /// # Errors
    /// Errors of each stage; see [`TurnPipeline::respond`].
    pub(crate) async fn run(
        &self,
        turn: Box<ArrivedTurn>,
        progress: ProgressSender,
    ) -> Result<EncodedAnswer, TurnError> {
        let ArrivedTurn { request, arrived, flight, _reserved } = *turn;
        self.answer(&request, &progress, arrived, flight).await
    }

    /// Checks a message that is to be answered later, and finds its customer and conversation. The
    /// reservation must be held until the message is stored.
    ///
    /// # Errors
    /// If the message is invalid, its customer was erased, or its id was used for another request.
    pub(crate) async fn accept(
        &self,
        mut request: TurnRequest,
    ) -> Result<(TurnRequest, Option<ReservedConversation>), TurnError> {
        request.arrived(self.parts.clock.now());
        self.check(&request)?;
        if let Some(message) = request.message_id.clone() {
            let key = MessageKey { tenant: request.tenant.clone(), message };
            if let Some(stored) = self.parts.store.replay(&key).await? {
                // The callback repeats the stored answer in the conversation that holds it.
                let stored = stored.for_request(request.hash)?;
                request.thread_id = Some(stored.conversation.conversation);
                return Ok((request, None));
            }
        }
        let (request, reserved) = self.with_identity(request).await?;
        self.refuse_erased_customer(&request).await?;
        self.check_option(&request).await?;
        Ok((request, reserved))
    }

    /// Refuses a message that no turn could answer. Starts nothing.
    ///
    /// # Errors
    /// If it is empty, too long, or taps an option whose id is not `key=value`.
    fn check(&self, request: &TurnRequest) -> Result<(), TurnError> {
        let text = request.content.text();
        match request.content.option_id() {
            Some(id) if FacetChoice::parse(id).is_none() => {
                Err(TurnError::OptionId { found: id.chars().take(80).collect() })
            }
            Some(_) => self.check_length(text),
            None if text.is_empty() && !request.attachments.is_empty() => Ok(()),
            None => self.check_text(text),
        }
    }

    /// Refuses an option that was neither shown in this conversation nor belongs to the shop.
    async fn check_option(&self, request: &TurnRequest) -> Result<(), TurnError> {
        let Some(id) = request.content.option_id() else { return Ok(()) };
        if options::of_shop(id, &self.parts.catalog) {
            return Ok(());
        }
        if let Some(conversation) = request.thread_id.clone() {
            let key = ConversationKey { tenant: request.tenant.clone(), conversation };
            let record = self.parts.store.load(&key).await?;
            if record.is_some_and(|record| options::was_shown(id, &record)) {
                return Ok(());
            }
        }
        Err(TurnError::UnknownOption { found: id.chars().take(80).collect() })
    }

    /// Refuses a text that shows nothing or is too long.
    pub(super) fn check_text(&self, text: &str) -> Result<(), TurnError> {
        if shows_nothing(text) {
            return Err(TurnError::EmptyText);
        }
        self.check_length(text)
    }

    fn check_length(&self, text: &str) -> Result<(), TurnError> {
        let chars = text.chars().count();
        let chars_max = self.options.text_chars_max;
        if chars > chars_max {
            return Err(TurnError::TextTooLong { chars, chars_max });
        }
        Ok(())
    }
}

/// Whether a text has no visible character.
pub(crate) fn shows_nothing(text: &str) -> bool {
    text.chars().all(is_unseen)
}

/// Whether a character leaves no mark: white space, control and format characters, fillers and
/// selectors of variants. Source: `Default_Ignorable_Code_Point` of Unicode, and the blank Braille
/// pattern.
fn is_unseen(character: char) -> bool {
    character.is_whitespace()
        || character.is_control()
        || matches!(character,
            '\u{AD}' | '\u{34F}' | '\u{61C}' | '\u{115F}' | '\u{1160}' | '\u{17B4}' | '\u{17B5}'
            | '\u{180B}'..='\u{180F}' | '\u{200B}'..='\u{200F}' | '\u{202A}'..='\u{202E}'
            | '\u{2060}'..='\u{206F}' | '\u{2800}' | '\u{3164}' | '\u{FE00}'..='\u{FE0F}'
            | '\u{FEFF}' | '\u{FFA0}' | '\u{FFF9}'..='\u{FFFB}' | '\u{1BCA0}'..='\u{1BCA3}'
            | '\u{1D173}'..='\u{1D17A}' | '\u{E0000}'..='\u{E0FFF}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_without_a_mark_is_unseen_and_any_sign_is_not() {
        for text in ["", " \n\t", "\u{200B}", "\u{2060}\u{FEFF}", "\u{3164}", "\u{AD}\u{200D} "] {
            assert!(shows_nothing(text), "{text:?}");
        }
        for text in ["?", ".", "😡", "a\u{200B}", "👨\u{200D}👩\u{200D}👧", "1", "ß", "د"]
        {
            assert!(!shows_nothing(text), "{text:?}");
        }
    }
}
