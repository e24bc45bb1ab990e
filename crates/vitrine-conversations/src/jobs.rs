//! [`JobStore`] on top of the embedded store.

use crate::embedded::EmbeddedStore;
use crate::error::StoreError;
use crate::error::map_database_error;
use crate::job::JobKey;
use crate::job::JobOutcome;
use crate::job::StoredJob;
use crate::keys::ConversationKey;
use crate::keys::CustomerKey;
use crate::layout::DEAD_JOBS;
use crate::layout::JOBS;
use crate::store::JobStore;
use crate::store::StoreFuture;
use crate::tables::WriteTables;
use crate::tables::Wrote;
use jiff::Timestamp;
use redb::ReadableDatabase;
use redb::ReadableTable;
use redb::ReadableTableMetadata;
use std::collections::BinaryHeap;
use tokio::sync::watch;
use uuid::Uuid;
use vitrine_base::ids::CustomerId;
use vitrine_base::ids::TenantId;

impl JobStore for EmbeddedStore {
    fn enqueue(&self, key: JobKey, job: StoredJob, waiting_max: usize) -> StoreFuture<'_, ()> {
        Box::pin(self.table_write(move |tables| {
            let conversation = key.conversation.stored();
            let at = (conversation.as_str(), key.id.as_u128());
            let known = tables.job(at)?;
            if let Some(known) = known {
                return if job.is_same(&known) {
                    Ok(((), Wrote::Nothing))
                } else {
                    Err(StoreError::BodyDiffers)
                };
            }
            if tables.jobs.len().map_err(map_database_error)? >= waiting_max as u64 {
                return Err(StoreError::JobsFull { waiting_max });
            }
            let stored = tables.conversations.get(at.0).map_err(map_database_error)?.is_some();
            if !stored {
                tables.refuse_erased(key.conversation.hashed(), job.created_at)?;
            }
            let tenant = key.conversation.tenant.clone();
            let customer = job.customer.clone().map(|customer| CustomerKey { tenant, customer });
            if let Some(customer) = &customer {
                tables.refuse_erased(customer.hashed(), job.created_at)?;
            }
            let encoded = job.encode()?;
            // No check below this line may refuse: the tables change from here on.
            if let Some(customer) = &customer {
                // The customer's next message joins this conversation, and an erasure finds it.
                tables.link_conversation(customer, &key.conversation)?;
            }
            tables.jobs.insert(at, encoded.as_slice()).map_err(map_database_error)?;
            tables.stored_jobs = true;
            Ok(((), Wrote::Something))
        }))
    }

    fn watch_stored(&self) -> watch::Receiver<u64> {
        self.watch_stored_jobs()
    }

    fn waiting(&self, jobs_max: usize) -> StoreFuture<'_, Vec<(JobKey, StoredJob)>> {
        Box::pin(self.read(move |shared| {
            let transaction = shared.database().begin_read().map_err(map_database_error)?;
            let jobs = transaction.open_table(JOBS).map_err(map_database_error)?;
            // The earliest `jobs_max` so far, the latest of them on top.
            let mut next: BinaryHeap<(Timestamp, u128, String)> = BinaryHeap::new();
            for entry in jobs.iter().map_err(map_database_error)? {
                let (key, job) = entry.map_err(map_database_error)?;
                let (conversation, id) = key.value();
                next.push((StoredJob::due_at_of(job.value())?, id, conversation.to_owned()));
                if next.len() > jobs_max {
                    next.pop();
                }
            }
            let mut found = Vec::new();
            for (_, id, conversation) in next.into_sorted_vec() {
                let at = (conversation.as_str(), id);
                if let Some(job) = jobs.get(at).map_err(map_database_error)? {
                    found.extend(read(at, job.value())?);
                }
            }
            Ok(found)
        }))
    }

    fn is_waiting<'a>(&'a self, key: &'a JobKey) -> StoreFuture<'a, bool> {
        let (conversation, id) = (key.conversation.stored(), key.id.as_u128());
        Box::pin(self.read(move |shared| {
            let transaction = shared.database().begin_read().map_err(map_database_error)?;
            let jobs = transaction.open_table(JOBS).map_err(map_database_error)?;
            let job = jobs.get((conversation.as_str(), id)).map_err(map_database_error)?;
            Ok(job.is_some())
        }))
    }

    fn settle(&self, key: JobKey, outcome: JobOutcome) -> StoreFuture<'_, ()> {
        Box::pin(self.table_write(move |tables| {
            let conversation = key.conversation.stored();
            let at = (conversation.as_str(), key.id.as_u128());
            let removed = tables.jobs.remove(at).map_err(map_database_error)?;
            let Some(removed) = removed.map(|job| StoredJob::decode(job.value())) else {
                return Ok(((), Wrote::Nothing));
            };
            match outcome {
                JobOutcome::Done => {
                    let customer = removed.ok().and_then(|job| job.customer);
                    tables.leave_unopened(&key.conversation, customer)?;
                }
                JobOutcome::Again(job) => {
                    tables.jobs.insert(at, job.encode()?.as_slice()).map_err(map_database_error)?;
                }
                JobOutcome::Dead(job) => {
                    tables
                        .dead_jobs
                        .insert(at, job.encode()?.as_slice())
                        .map_err(map_database_error)?;
                }
            }
            Ok(((), Wrote::Something))
        }))
    }

    fn dead<'a>(
        &'a self,
        tenant: &'a TenantId,
        jobs_max: usize,
    ) -> StoreFuture<'a, Vec<(JobKey, StoredJob)>> {
        let prefix = tenant_prefix(tenant);
        Box::pin(self.read(move |shared| {
            let transaction = shared.database().begin_read().map_err(map_database_error)?;
            let jobs = transaction.open_table(DEAD_JOBS).map_err(map_database_error)?;
            let mut found = Vec::new();
            for entry in jobs.range((prefix.as_str(), 0)..).map_err(map_database_error)? {
                let (key, job) = entry.map_err(map_database_error)?;
                if !key.value().0.starts_with(&prefix) || found.len() == jobs_max {
                    break;
                }
                found.extend(read(key.value(), job.value())?);
            }
            Ok(found)
        }))
    }
}

impl WriteTables<'_> {
    /// Removes the customer's link to a conversation that an accepted turn was to open, if the turn
    /// failed and no other job waits for it.
    fn leave_unopened(
        &mut self,
        key: &ConversationKey,
        customer: Option<CustomerId>,
    ) -> Result<(), StoreError> {
        let Some(customer) = customer else { return Ok(()) };
        let conversation = key.stored();
        let at = conversation.as_str();
        let all = || (at, 0)..=(at, u128::MAX);
        let opened = self.conversations.get(at).map_err(map_database_error)?.is_some();
        let awaited = self.jobs.range(all()).map_err(map_database_error)?.next().is_some()
            || self.dead_jobs.range(all()).map_err(map_database_error)?.next().is_some();
        if opened || awaited {
            return Ok(());
        }
        self.unlink_conversation(&CustomerKey { tenant: key.tenant.clone(), customer }, key)
    }

    /// The job with this key, waiting or dead.
    fn job(&self, at: (&str, u128)) -> Result<Option<StoredJob>, StoreError> {
        let waiting = self.jobs.get(at).map_err(map_database_error)?;
        let stored = waiting.or(self.dead_jobs.get(at).map_err(map_database_error)?);
        Ok(stored.map(|job| StoredJob::decode(job.value())).transpose()?)
    }
}

fn read(key: (&str, u128), job: &[u8]) -> Result<Option<(JobKey, StoredJob)>, StoreError> {
    let Some(conversation) = ConversationKey::from_stored(key.0) else { return Ok(None) };
    let key = JobKey { conversation, id: Uuid::from_u128(key.1) };
    Ok(Some((key, StoredJob::decode(job)?)))
}

/// Prefix that all conversation keys of a tenant share.
fn tenant_prefix(tenant: &TenantId) -> String {
    format!("{tenant}\0")
}
