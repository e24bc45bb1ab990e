//! The HTTP status and the error code of every domain error.
//!
//! No match on an error has a wildcard arm, so a new variant does not compile until it is mapped.

#![deny(clippy::wildcard_enum_match_arm)]

use crate::http::transport::TransportError;
use crate::hub::HubError;
use crate::turn::TurnError;
use axum::http::StatusCode;
use std::time::Duration;
use vitrine_conversations::GateError;
use vitrine_conversations::StoreError;
use vitrine_engine::EngineError;
use vitrine_engine::LoadFailure;
use vitrine_engine::RegistryError;
use vitrine_engine::text::TextError;
use vitrine_intent::IntentError;

/// HTTP status and stable error code.
pub(super) struct PublicError {
    pub(super) status: StatusCode,
    pub(super) code: &'static str,
}

pub(super) const fn public_error(status: StatusCode, code: &'static str) -> PublicError {
    PublicError { status, code }
}

pub(super) fn transport(error: &TransportError) -> PublicError {
    match error {
        TransportError::Busy(_) => public_error(StatusCode::TOO_MANY_REQUESTS, "busy"),
        TransportError::TooSlow { .. } => {
            public_error(StatusCode::REQUEST_TIMEOUT, "request_timeout")
        }
        TransportError::HeadersTooLarge { .. } => {
            public_error(StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE, "headers_too_large")
        }
        TransportError::UriTooLong => public_error(StatusCode::URI_TOO_LONG, "uri_too_long"),
        TransportError::Crowded { .. } => {
            public_error(StatusCode::SERVICE_UNAVAILABLE, "too_many_connections")
        }
    }
}

pub(super) const fn encoding_failed() -> PublicError {
    public_error(StatusCode::INTERNAL_SERVER_ERROR, "encoding_failed")
}

pub(super) fn turn(error: &TurnError) -> PublicError {
    match error {
        TurnError::EmptyText => public_error(StatusCode::UNPROCESSABLE_ENTITY, "empty_text"),
        TurnError::TextTooLong { .. } => {
            public_error(StatusCode::PAYLOAD_TOO_LARGE, "text_too_long")
        }
        TurnError::OptionId { .. } | TurnError::UnknownOption { .. } => {
            public_error(StatusCode::UNPROCESSABLE_ENTITY, "unknown_option")
        }
        TurnError::NoConversation => public_error(StatusCode::NOT_FOUND, "not_found"),
        TurnError::EpochChanged { .. } => public_error(StatusCode::CONFLICT, "epoch_changed"),
        TurnError::Gate(error) => gate(error),
        TurnError::Store(error) => store(error),
        TurnError::Intent(error) => intent(error),
        TurnError::Encode(_) => encoding_failed(),
        TurnError::Contended { .. } => public_error(StatusCode::CONFLICT, "thread_changed"),
    }
}

pub(super) fn gate(error: &GateError) -> PublicError {
    match error {
        GateError::BodyDiffers => public_error(StatusCode::CONFLICT, "message_id_reused"),
        GateError::ConversationFull { .. }
        | GateError::MessageFull { .. }
        | GateError::Full { .. } => public_error(StatusCode::TOO_MANY_REQUESTS, "queue_full"),
    }
}

pub(super) fn engine(error: &EngineError) -> PublicError {
    match error {
        EngineError::EmptyPrompt
        | EngineError::PromptTooLong { .. }
        | EngineError::Token { .. }
        | EngineError::OutputTokens { .. }
        | EngineError::StopStrings { .. }
        | EngineError::Sampling { .. } => {
            public_error(StatusCode::UNPROCESSABLE_ENTITY, "request_refused")
        }
        EngineError::Grammar(_) => {
            public_error(StatusCode::UNPROCESSABLE_ENTITY, "grammar_refused")
        }
        EngineError::ConstraintFault { .. } => {
            public_error(StatusCode::UNPROCESSABLE_ENTITY, "constraint_stuck")
        }
        EngineError::Text(error) => text(error),
        EngineError::Full { .. } | EngineError::Overloaded { .. } => {
            public_error(StatusCode::TOO_MANY_REQUESTS, "queue_full")
        }
        EngineError::DeadlineUnreachable { .. } => {
            public_error(StatusCode::TOO_MANY_REQUESTS, "deadline_out_of_reach")
        }
        EngineError::Dead { .. } | EngineError::Closing => {
            public_error(StatusCode::SERVICE_UNAVAILABLE, "engine_stopped")
        }
        EngineError::Logits { .. }
        | EngineError::Step { .. }
        | EngineError::Option { .. }
        | EngineError::Thread { .. }
        | EngineError::Read { .. }
        | EngineError::Memory(_)
        | EngineError::Model(_) => public_error(StatusCode::INTERNAL_SERVER_ERROR, "engine_failed"),
    }
}

pub(super) fn engine_wait(error: &EngineError) -> Duration {
    match error {
        EngineError::Full { retry_after, .. } => *retry_after,
        EngineError::Overloaded { delay, delay_max, .. } => delay.saturating_sub(*delay_max),
        EngineError::DeadlineUnreachable { line, .. } => *line,
        EngineError::EmptyPrompt
        | EngineError::PromptTooLong { .. }
        | EngineError::Token { .. }
        | EngineError::OutputTokens { .. }
        | EngineError::StopStrings { .. }
        | EngineError::Sampling { .. }
        | EngineError::Grammar(_)
        | EngineError::ConstraintFault { .. }
        | EngineError::Text(_)
        | EngineError::Dead { .. }
        | EngineError::Closing
        | EngineError::Logits { .. }
        | EngineError::Step { .. }
        | EngineError::Option { .. }
        | EngineError::Thread { .. }
        | EngineError::Read { .. }
        | EngineError::Memory(_)
        | EngineError::Model(_) => Duration::ZERO,
    }
}

pub(super) fn text(error: &TextError) -> PublicError {
    match error {
        TextError::File { .. }
        | TextError::Key { .. }
        | TextError::Unsupported { .. }
        | TextError::PreTokenizer { .. }
        | TextError::ListLength { .. }
        | TextError::Merge { .. }
        | TextError::Vocabulary(_)
        | TextError::Encode { .. }
        | TextError::Template(_)
        | TextError::TemplateUnusable(_)
        | TextError::TemplateOutput { .. }
        | TextError::MessageLeftOut { .. }
        | TextError::Role { .. }
        | TextError::TemplateDrops { .. }
        | TextError::TemplateSetting { .. }
        | TextError::TemplateSettings { .. }
        | TextError::TemplateForm { .. }
        | TextError::TemplateFile { .. } => {
            public_error(StatusCode::UNPROCESSABLE_ENTITY, "text_refused")
        }
    }
}

pub(super) fn registry(error: &RegistryError) -> PublicError {
    match error {
        RegistryError::Unknown { .. } => public_error(StatusCode::NOT_FOUND, "not_found"),
        RegistryError::Loading { .. } | RegistryError::Failed { .. } => {
            public_error(StatusCode::SERVICE_UNAVAILABLE, "unavailable")
        }
        RegistryError::Busy { .. } => public_error(StatusCode::CONFLICT, "load_under_way"),
        RegistryError::TooMany { .. } => public_error(StatusCode::CONFLICT, "too_many_models"),
        RegistryError::InUse { .. } => public_error(StatusCode::CONFLICT, "model_in_use"),
        RegistryError::File { .. } => public_error(StatusCode::UNPROCESSABLE_ENTITY, "load_failed"),
        RegistryError::Load { cause: LoadFailure::Refused(error), .. } => load_refused(error),
        RegistryError::Load { cause: LoadFailure::Unfit { .. }, .. } => {
            public_error(StatusCode::UNPROCESSABLE_ENTITY, "tests_failed")
        }
        RegistryError::Load { cause: LoadFailure::Panic, .. } | RegistryError::Thread { .. } => {
            public_error(StatusCode::INTERNAL_SERVER_ERROR, "load_failed")
        }
    }
}

/// A model that the engine refused to load.
pub(super) fn load_refused(error: &EngineError) -> PublicError {
    match error {
        EngineError::Memory(_) => public_error(StatusCode::UNPROCESSABLE_ENTITY, "memory_full"),
        EngineError::EmptyPrompt
        | EngineError::PromptTooLong { .. }
        | EngineError::Token { .. }
        | EngineError::OutputTokens { .. }
        | EngineError::StopStrings { .. }
        | EngineError::Sampling { .. }
        | EngineError::Grammar(_)
        | EngineError::ConstraintFault { .. }
        | EngineError::Text(_)
        | EngineError::Full { .. }
        | EngineError::Overloaded { .. }
        | EngineError::DeadlineUnreachable { .. }
        | EngineError::Dead { .. }
        | EngineError::Closing
        | EngineError::Logits { .. }
        | EngineError::Step { .. }
        | EngineError::Option { .. }
        | EngineError::Thread { .. }
        | EngineError::Read { .. }
        | EngineError::Model(_) => public_error(StatusCode::UNPROCESSABLE_ENTITY, "load_failed"),
    }
}

pub(super) fn hub(error: &HubError) -> PublicError {
    match error {
        HubError::Unknown { .. } => public_error(StatusCode::NOT_FOUND, "not_found"),
        HubError::Outside { .. } => public_error(StatusCode::UNPROCESSABLE_ENTITY, "paths_refused"),
        HubError::File { .. }
        | HubError::Name { .. }
        | HubError::Folder { .. }
        | HubError::ModelTask { .. }
        | HubError::Status { .. }
        | HubError::Unreachable { .. }
        | HubError::Stalled { .. }
        | HubError::Listing { .. }
        | HubError::Client { .. }
        | HubError::Short { .. }
        | HubError::Offline { .. }
        | HubError::Pulling { .. }
        | HubError::NothingToPull { .. }
        | HubError::OnlyPickles { .. }
        | HubError::NotListed { .. }
        | HubError::Ambiguous { .. }
        | HubError::NoneFits { .. }
        | HubError::PartsMissing { .. }
        | HubError::Unsafe { .. }
        | HubError::TooLarge { .. }
        | HubError::Damaged { .. }
        | HubError::Format { .. }
        | HubError::Manifest { .. }
        | HubError::NameTaken { .. } => {
            public_error(StatusCode::UNPROCESSABLE_ENTITY, "model_refused")
        }
    }
}

pub(super) fn intent(error: &IntentError) -> PublicError {
    match error {
        IntentError::Full { .. } => public_error(StatusCode::TOO_MANY_REQUESTS, "queue_full"),
        IntentError::TooManyTexts { .. } => {
            public_error(StatusCode::UNPROCESSABLE_ENTITY, "too_many_texts")
        }
        IntentError::Tokenize { .. } => {
            public_error(StatusCode::UNPROCESSABLE_ENTITY, "text_refused")
        }
        IntentError::Stopped => public_error(StatusCode::SERVICE_UNAVAILABLE, "encoder_stopped"),
        IntentError::Abandoned { .. }
        | IntentError::Encode { .. }
        | IntentError::Encoder { .. }
        | IntentError::File { .. }
        | IntentError::Head { .. }
        | IntentError::Example { .. }
        | IntentError::ExampleFile { .. }
        | IntentError::Fit { .. }
        | IntentError::Adapt { .. }
        | IntentError::Mismatch { .. }
        | IntentError::Examples { .. } => {
            public_error(StatusCode::INTERNAL_SERVER_ERROR, "encoder_failed")
        }
    }
}

pub(super) fn store(error: &StoreError) -> PublicError {
    match error {
        StoreError::BodyDiffers => public_error(StatusCode::CONFLICT, "message_id_reused"),
        StoreError::Erased { .. } => public_error(StatusCode::CONFLICT, "thread_erased"),
        StoreError::IdentityTaken => public_error(StatusCode::CONFLICT, "identity_taken"),
        StoreError::JobsFull { .. } => public_error(StatusCode::TOO_MANY_REQUESTS, "queue_full"),
        StoreError::ConversationTooLarge { .. }
        | StoreError::DialogueTooLarge { .. }
        | StoreError::TurnTooLarge { .. }
        | StoreError::CustomerTooLarge { .. } => {
            public_error(StatusCode::UNPROCESSABLE_ENTITY, "record_too_large")
        }
        StoreError::DiskFull
        | StoreError::ReadOnly
        | StoreError::Disk { .. }
        | StoreError::Damaged { .. }
        | StoreError::Record { .. }
        | StoreError::Locked { .. }
        | StoreError::Foreign { .. }
        | StoreError::Format { .. }
        | StoreError::Open { .. }
        | StoreError::Stopped { .. }
        | StoreError::Closed => public_error(StatusCode::SERVICE_UNAVAILABLE, "store_unavailable"),
    }
}
