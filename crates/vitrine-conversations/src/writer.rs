//! Group commit: a single writer collects the queued writes, applies them in one transaction and
//! replies once it is on disk.
//!
//! There is no delay to fill a group: while one group is synced, the next one queues up. A single
//! turn therefore pays for one sync, and hundreds of concurrent turns share one.
//!
//! Invariants
//! - Within a group, writes apply in queue order, and each sees those before it.
//! - A write makes all its checks before it changes a table: a refused write leaves no trace.
//! - A failed group leaves nothing behind, returns its error to all callers, and makes the store
//!   read-only until the file has been opened again.

use crate::body_hash::BodyHash;
use crate::commit::CommitOutcome;
use crate::commit::Erasure;
use crate::commit::TurnCommit;
use crate::encoding::write_counters;
use crate::erase::ErasedCustomer;
use crate::error::StoreError;
use crate::error::catch_panic;
use crate::error::map_database_error;
use crate::job::StoredJob;
use crate::keys::ConversationKey;
use crate::keys::CustomerKey;
use crate::keys::MessageKey;
use crate::layout::MessageEntry;
use crate::open::EmbeddedOptions;
use crate::open::Recovery;
use crate::record::ConversationRecord;
use crate::record::DIALOGUE_BYTES_MAX;
use crate::record::TurnRecord;
use crate::reopen;
use crate::reopen::Opener;
use crate::rewrite;
use crate::state::StoreState;
use crate::state::stored_answer;
use crate::table_write::TableWrite;
use crate::tables::WriteTables;
use crate::tables::Wrote;
use jiff::Timestamp;
use redb::ReadableTable;
use std::io;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::thread::JoinHandle;
use tokio::sync::mpsc;
use tokio::sync::oneshot;
use vitrine_base::ids::time_ordered_id;

type ReplySender<T> = oneshot::Sender<Result<T, StoreError>>;

/// A queued write.
#[derive(Debug)]
pub(super) enum Write {
    /// A change of a conversation.
    Commit { commit: Box<EncodedCommit>, reply: ReplySender<CommitOutcome> },
    /// Erasure of a conversation.
    Erase { key: ConversationKey, erased_at: Timestamp, reply: ReplySender<Erasure> },
    /// Erasure of a customer with their conversations.
    EraseCustomer { key: CustomerKey, erased_at: Timestamp, reply: ReplySender<Option<Erasure>> },
    /// Any other change of the tables.
    Tables(Box<dyn TableWrite>),
    /// A rewrite of the file without erased records; runs outside of any group.
    Rewrite { reply: ReplySender<()> },
    /// An attempt to write again after a failure of the disk; runs outside of any group.
    Reopen { reply: ReplySender<()> },
}

/// A commit that the calling task has encoded already, so that the writer only copies bytes.
#[derive(Debug)]
pub(super) struct EncodedCommit {
    key: ConversationKey,
    conversation: ConversationRecord,
    conversation_bytes: Vec<u8>,
    /// Size of the conversation before packing, in bytes.
    plain_bytes: usize,
    turn: Option<EncodedTurn>,
    customer: Option<CustomerKey>,
    /// The stored record that this commit replaces, if it was cached; has the same version.
    before: Option<Arc<ConversationRecord>>,
    jobs: Vec<(u128, Vec<u8>)>,
}

#[derive(Debug)]
struct EncodedTurn {
    bytes: Vec<u8>,
    /// Key of the idempotency entry; `None` if the message has no id.
    message: Option<[u8; 32]>,
    body_hash: BodyHash,
    /// When the message was sent, at the latest when it arrived: an erasure since then wins.
    began_at: Timestamp,
    answered_at: Timestamp,
}

impl EncodedCommit {
    /// Encodes a commit; `cached` is the conversation in memory, if there is one.
    ///
    /// # Errors
    /// If the dialogue state exceeds [`DIALOGUE_BYTES_MAX`], or the conversation or the turn the
    /// limits of `options`.
    pub(super) fn new(
        commit: TurnCommit,
        cached: Option<Arc<ConversationRecord>>,
        options: &EmbeddedOptions,
    ) -> Result<Self, StoreError> {
        let TurnCommit { key, conversation, turn, jobs } = commit;
        let bytes = conversation.dialogue.as_ref().map_or(0, String::len);
        if bytes > DIALOGUE_BYTES_MAX {
            return Err(StoreError::DialogueTooLarge { bytes, bytes_max: DIALOGUE_BYTES_MAX });
        }
        let conversation_bytes = conversation.encode()?;
        let bytes = ConversationRecord::plain_bytes(&conversation_bytes)?;
        let bytes_max = options.conversation_bytes_max;
        if bytes > bytes_max {
            return Err(StoreError::ConversationTooLarge { bytes, bytes_max });
        }
        let turn = turn.map(|turn| EncodedTurn::new(turn, &key, options)).transpose()?;
        let tenant = key.tenant.clone();
        let customer =
            conversation.customer_id.clone().map(|customer| CustomerKey { tenant, customer });
        let before = cached.filter(|cached| cached.version == conversation.version);
        Ok(Self {
            key,
            conversation,
            conversation_bytes,
            plain_bytes: bytes,
            turn,
            customer,
            before,
            jobs: encode_jobs(&jobs)?,
        })
    }

    /// The customer of the stored conversation. Decodes the record only if it was not cached;
    /// `None` also if it cannot be decoded.
    fn customer_before(&self, stored: &[u8]) -> Option<CustomerKey> {
        let customer = match &self.before {
            Some(before) => before.customer_id.clone(),
            None => ConversationRecord::decode(stored).ok()?.customer_id,
        };
        Some(CustomerKey { tenant: self.key.tenant.clone(), customer: customer? })
    }
}

/// Encodes jobs and gives them ids that sort by creation; jobs of one instant keep their order.
fn encode_jobs(jobs: &[StoredJob]) -> Result<Vec<(u128, Vec<u8>)>, StoreError> {
    let ids = jobs.iter().map(|job| time_ordered_id(job.created_at).as_u128());
    let mut ids: Vec<u128> = ids.collect();
    ids.sort_unstable();
    ids.into_iter().zip(jobs).map(|(id, job)| Ok((id, job.encode()?))).collect()
}

impl EncodedTurn {
    fn new(
        turn: TurnRecord,
        key: &ConversationKey,
        options: &EmbeddedOptions,
    ) -> Result<Self, StoreError> {
        let encoded = turn.encode()?;
        let bytes = TurnRecord::plain_bytes(&encoded)?;
        let bytes_max = options.turn_bytes_max;
        if bytes > bytes_max {
            return Err(StoreError::TurnTooLarge { bytes, bytes_max });
        }
        let tenant = &key.tenant;
        let message =
            turn.message_id.map(|message| MessageKey { tenant: tenant.clone(), message }.hashed());
        Ok(Self {
            bytes: encoded,
            message,
            body_hash: turn.body_hash,
            began_at: turn.sent_at.min(turn.received_at),
            answered_at: turn.answered_at,
        })
    }
}

/// Starts the writer. It ends once all senders of `waiting` are dropped and the queue is empty.
/// `opener` opens the database again after a failure of the disk.
///
/// # Errors
/// If the system cannot start it.
pub(super) fn start(
    shared: Arc<StoreState>,
    mut waiting: mpsc::Receiver<Write>,
    options: &EmbeddedOptions,
    opener: Option<Opener>,
) -> io::Result<JoinHandle<()>> {
    let group_writes_max = options.group_writes_max.max(1);
    let recovery = options.recovery;
    let options = options.clone();
    let alone_only = |write: &Write| matches!(write, Write::Rewrite { .. } | Write::Reopen { .. });
    std::thread::Builder::new().name("store-writer".to_owned()).spawn(move || {
        while let Some(first) = waiting.blocking_recv() {
            let mut alone = None;
            let mut group = Vec::new();
            match first {
                first if alone_only(&first) => alone = Some(first),
                first => group.push(first),
            }
            while alone.is_none()
                && group.len() < group_writes_max
                && let Ok(next) = waiting.try_recv()
            {
                match next {
                    next if alone_only(&next) => alone = Some(next),
                    next => group.push(next),
                }
            }
            if !group.is_empty() {
                write_group(&shared, group, recovery);
            }
            // The callers may have stopped waiting.
            match alone {
                Some(Write::Rewrite { reply }) => {
                    drop(reply.send(rewrite::rewrite(&shared, &options)));
                }
                Some(Write::Reopen { reply }) => {
                    drop(reply.send(reopen::reopen(&shared, opener.as_deref(), recovery)));
                }
                _ => {}
            }
        }
    })
}

/// Commits one group and replies to its callers.
fn write_group(shared: &StoreState, mut group: Vec<Write>, recovery: Recovery) {
    let written =
        shared.intake().and_then(|()| catch_panic(|| apply_group(shared, &mut group, recovery)));
    match written {
        Ok(done) => {
            for (write, done) in group.into_iter().zip(done) {
                answer(shared, write, done);
            }
        }
        Err(cause) => {
            shared.stop_at(&cause);
            for write in group {
                // The callers may have stopped waiting.
                match write {
                    Write::Commit { reply, .. } => drop(reply.send(Err(cause.clone()))),
                    Write::Erase { reply, .. } => drop(reply.send(Err(cause.clone()))),
                    Write::EraseCustomer { reply, .. } => drop(reply.send(Err(cause.clone()))),
                    Write::Rewrite { reply } | Write::Reopen { reply } => {
                        drop(reply.send(Err(cause.clone())));
                    }
                    Write::Tables(table_write) => table_write.send_reply(Some(cause.clone())),
                }
            }
        }
    }
}

/// Result of one write, before its group is on disk.
enum Done {
    Recorded(Arc<ConversationRecord>),
    NotWritten(CommitOutcome),
    Erased(Erasure),
    CustomerErased(ErasedCustomer),
    TableWrite(Wrote),
    Refused(StoreError),
}

impl Done {
    fn has_written(&self) -> bool {
        match self {
            Self::Recorded(_)
            | Self::Erased(_)
            | Self::CustomerErased(_)
            | Self::TableWrite(Wrote::Something) => true,
            Self::NotWritten(_) | Self::TableWrite(Wrote::Nothing) | Self::Refused(_) => false,
        }
    }
}

/// Updates the in-memory cache and replies. A failed send means that the caller stopped waiting.
fn answer(shared: &StoreState, write: Write, done: Done) {
    match (write, done) {
        (Write::Commit { commit, reply }, Done::Recorded(record)) => {
            shared.hot.insert_written(&commit.key, &record, commit.plain_bytes);
            drop(reply.send(Ok(CommitOutcome::Recorded(record))));
        }
        (Write::Commit { reply, .. }, Done::NotWritten(outcome)) => drop(reply.send(Ok(outcome))),
        (Write::Commit { reply, .. }, Done::Refused(cause)) => drop(reply.send(Err(cause))),
        (Write::Erase { key, reply, .. }, Done::Erased(erasure)) => {
            shared.hot.remove_erased(&key);
            drop(reply.send(Ok(erasure)));
        }
        (Write::Erase { reply, .. }, Done::Refused(cause)) => drop(reply.send(Err(cause))),
        (Write::EraseCustomer { reply, .. }, Done::CustomerErased(erased)) => {
            erased.conversations.iter().for_each(|key| shared.hot.remove_erased(key));
            drop(reply.send(Ok(erased.erasure)));
        }
        (Write::EraseCustomer { reply, .. }, Done::Refused(cause)) => drop(reply.send(Err(cause))),
        (Write::Tables(table_write), Done::TableWrite(_)) => table_write.send_reply(None),
        (Write::Tables(table_write), Done::Refused(cause)) => table_write.send_reply(Some(cause)),
        // Unreachable: `apply` returns the kind of result that belongs to the kind of write.
        (
            Write::Commit { .. }
            | Write::Erase { .. }
            | Write::EraseCustomer { .. }
            | Write::Tables(_)
            | Write::Rewrite { .. }
            | Write::Reopen { .. },
            _,
        ) => {}
    }
}

/// Applies a group in one transaction, which is on disk when this returns.
fn apply_group(
    shared: &StoreState,
    group: &mut [Write],
    recovery: Recovery,
) -> Result<Vec<Done>, StoreError> {
    let database = shared.database();
    let mut transaction = database.begin_write().map_err(map_database_error)?;
    transaction.set_quick_repair(recovery == Recovery::Quick);
    let mut done = Vec::with_capacity(group.len());
    let stored_jobs = {
        let mut tables = WriteTables::open(&transaction)?;
        for write in group {
            done.push(match apply(&mut tables, write) {
                Err(cause) if cause.stops_intake() => return Err(cause),
                Err(cause) => Done::Refused(cause),
                Ok(done) => done,
            });
        }
        tables.stored_jobs
    };
    let written = done.iter().filter(|done| done.has_written()).count();
    if written == 0 {
        transaction.abort().map_err(map_database_error)?;
        return Ok(done);
    }
    transaction.commit().map_err(map_database_error)?;
    shared.groups_written.fetch_add(1, Ordering::Relaxed);
    shared.writes_done.fetch_add(written as u64, Ordering::Relaxed);
    if stored_jobs {
        shared.stored_jobs.send_modify(|count| *count += 1);
    }
    Ok(done)
}

fn apply(tables: &mut WriteTables<'_>, write: &mut Write) -> Result<Done, StoreError> {
    match write {
        Write::Commit { commit, .. } => tables.commit(commit),
        Write::Erase { key, erased_at, .. } => tables.erase(key, *erased_at).map(Done::Erased),
        Write::EraseCustomer { key, erased_at, .. } => {
            tables.erase_customer(key, *erased_at).map(Done::CustomerErased)
        }
        Write::Tables(table_write) => table_write.apply(tables).map(Done::TableWrite),
        // `start` never puts these into a group.
        Write::Rewrite { .. } | Write::Reopen { .. } => Ok(Done::TableWrite(Wrote::Nothing)),
    }
}

impl WriteTables<'_> {
    fn commit(&mut self, commit: &mut EncodedCommit) -> Result<Done, StoreError> {
        let key = commit.key.stored();
        if let Some(outcome) = self.rejection(commit, &key)? {
            return Ok(Done::NotWritten(outcome));
        }
        let stored = self.conversations.get(key.as_str()).map_err(map_database_error)?;
        let counters =
            stored.as_ref().map(|stored| ConversationRecord::counters_of(stored.value()));
        let (version, mut turns_recorded) = counters.transpose()?.unwrap_or((0, 0));
        let customer_before =
            stored.as_ref().and_then(|stored| commit.customer_before(stored.value()));
        drop(stored);
        // No check below this line may refuse: the tables change from here on.
        if let Some(turn) = &commit.turn {
            let sequence = turns_recorded;
            turns_recorded += 1;
            let turn_key = (key.as_str(), sequence);
            self.turns.insert(turn_key, turn.bytes.as_slice()).map_err(map_database_error)?;
            if let Some(message) = turn.message {
                let entry = MessageEntry::Answered {
                    conversation: commit.key.clone(),
                    sequence,
                    recorded_at: turn.answered_at,
                };
                self.messages
                    .insert(message, entry.encode().as_slice())
                    .map_err(map_database_error)?;
            }
        }
        for (id, job) in &commit.jobs {
            self.jobs.insert((key.as_str(), *id), job.as_slice()).map_err(map_database_error)?;
            self.stored_jobs = true;
        }
        if let Some(before) = customer_before
            && Some(&before) != commit.customer.as_ref()
        {
            self.unlink_conversation(&before, &commit.key)?;
        }
        if let Some(customer) = &commit.customer {
            self.link_conversation(customer, &commit.key)?;
        }
        commit.conversation.version = version + 1;
        commit.conversation.turns_recorded = turns_recorded;
        write_counters(&mut commit.conversation_bytes, version + 1, turns_recorded);
        self.conversations
            .insert(key.as_str(), commit.conversation_bytes.as_slice())
            .map_err(map_database_error)?;
        Ok(Done::Recorded(Arc::new(commit.conversation.clone())))
    }

    /// Why the commit must not be written: it was recorded before, or it is stale. `None` if it may
    /// be.
    fn rejection(
        &self,
        commit: &EncodedCommit,
        key: &str,
    ) -> Result<Option<CommitOutcome>, StoreError> {
        let turn = commit.turn.as_ref();
        if let Some((turn, message)) = turn.and_then(|turn| Some((turn, turn.message?)))
            && let Some(answer) = stored_answer(&self.messages, &self.turns, message)?
        {
            let answer = answer.for_request(turn.body_hash.into())?;
            return Ok(Some(CommitOutcome::AlreadyRecorded(answer)));
        }
        let made_at = turn.map_or(commit.conversation.updated_at, |turn| turn.began_at);
        if let Some(stored) = self.conversations.get(key).map_err(map_database_error)? {
            let (version, _) = ConversationRecord::counters_of(stored.value())?;
            if version != commit.conversation.version {
                let current = Arc::new(ConversationRecord::decode(stored.value())?);
                return Ok(Some(CommitOutcome::Stale(Some(current))));
            }
        } else if commit.conversation.version != 0 {
            return Ok(Some(CommitOutcome::Stale(None)));
        } else {
            self.refuse_erased(commit.key.hashed(), made_at)?;
        }
        if let (Some(customer), Some(_)) = (&commit.customer, turn) {
            self.refuse_erased(customer.hashed(), made_at)?;
        }
        Ok(None)
    }

    /// Refuses work if the key was erased at `made_at` or later.
    pub(super) fn refuse_erased(
        &self,
        hashed: [u8; 32],
        made_at: Timestamp,
    ) -> Result<(), StoreError> {
        match self.erased_at(hashed)? {
            // Tombstones have microsecond resolution.
            Some(erased_at) if made_at.as_microsecond() <= erased_at.as_microsecond() => {
                Err(StoreError::Erased { erased_at })
            }
            _ => Ok(()),
        }
    }
}
