//! Conversations: their state, their owner and their turns, stored so that no turn is lost or
//! answered twice.
//!
//! [`ConversationStore`] is the interface for the layers above. [`EmbeddedStore`] implements it in
//! one file on this machine. [`TurnGate`] runs one turn of a conversation at a time.
//!
//! Invariants
//! - A commit that returned is on disk; a commit that failed is either complete or absent.
//! - A message id is answered once: a second commit returns the first answer.
//! - A conversation changes only if it still has the version that the change was made from.
//! - Erased records stay erased: a message sent before the erasure is refused, for longer than any
//!   channel retries a delivery.

#![forbid(unsafe_code)]

mod address;
mod addresses;
mod body_hash;
mod commit;
mod customer;
mod customers;
mod embedded;
mod encoding;
mod erase;
mod error;
mod format;
mod gate;
mod hot;
mod inspect;
mod job;
mod jobs;
mod keys;
mod layout;
mod ledger;
mod open;
mod order;
mod ownership;
mod packing;
mod record;
mod reopen;
mod rewrite;
#[cfg(any(test, feature = "testing"))]
pub mod samples;
mod state;
mod store;
mod stored_text;
mod sweep;
mod table_write;
mod tables;
#[cfg(test)]
mod tests;
mod upkeep;
mod writer;

pub use crate::address::canonical_address;
pub use crate::body_hash::BodyHash;
pub use crate::body_hash::RequestHash;
pub use crate::commit::CommitOutcome;
pub use crate::commit::Erasure;
pub use crate::commit::StoredAnswer;
pub use crate::commit::TurnCommit;
pub use crate::customer::Consent;
pub use crate::customer::ConsentChange;
pub use crate::customer::CustomerRecord;
pub use crate::customer::Identity;
pub use crate::customer::IdentityProof;
pub use crate::customer::Profile;
pub use crate::customer::Purpose;
pub use crate::embedded::EmbeddedStore;
pub use crate::error::RecordError;
pub use crate::error::StoreError;
pub use crate::gate::Flight;
pub use crate::gate::GateError;
pub use crate::gate::GateOptions;
pub use crate::gate::Interruption;
pub use crate::gate::MessageArrival;
pub use crate::gate::ReservedConversation;
pub use crate::gate::TurnGate;
pub use crate::gate::TurnInput;
pub use crate::gate::TurnPermit;
pub use crate::hot::HotOptions;
pub use crate::inspect::FileState;
pub use crate::inspect::inspect;
pub use crate::job::JobKey;
pub use crate::job::JobKind;
pub use crate::job::JobOutcome;
pub use crate::job::StoredJob;
pub use crate::keys::ConversationKey;
pub use crate::keys::CustomerKey;
pub use crate::keys::IdentityKey;
pub use crate::keys::MessageKey;
pub use crate::ledger::CustomerOutcome;
pub use crate::ledger::CustomerStore;
pub use crate::ledger::PendingLink;
pub use crate::open::EmbeddedOptions;
pub use crate::open::OpenCheck;
pub use crate::open::Recovery;
pub use crate::order::LATE_MAX;
pub use crate::order::in_order_of_sending;
pub use crate::ownership::OwnerEvent;
pub use crate::record::AttachmentKind;
pub use crate::record::CartLine;
pub use crate::record::ConversationRecord;
pub use crate::record::Counters;
pub use crate::record::DIALOGUE_BYTES_MAX;
pub use crate::record::DeclinedOffer;
pub use crate::record::DeferredIntent;
pub use crate::record::FactKind;
pub use crate::record::KnownFact;
pub use crate::record::OfferedOption;
pub use crate::record::OwnerState;
pub use crate::record::Ownership;
pub use crate::record::PendingQuestion;
pub use crate::record::SeenIntent;
pub use crate::record::StoredAttachment;
pub use crate::record::TurnKind;
pub use crate::record::TurnRecord;
pub use crate::record::UnansweredMessage;
pub use crate::record::VERBATIM_CHARS_MAX;
pub use crate::store::ConversationStore;
pub use crate::store::JobStore;
pub use crate::store::StoreFuture;
pub use crate::store::StoreStatistics;
pub use crate::sweep::ExpiryTimes;
pub use crate::sweep::Sweep;
pub use crate::sweep::SweepCursor;
pub use crate::sweep::Swept;
pub use crate::upkeep::RetentionPeriods;
pub use crate::upkeep::Upkeep;
pub use crate::upkeep::UpkeepOptions;
