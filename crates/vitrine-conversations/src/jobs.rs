//! [`JobStore`] on top of the embedded store.

use crate::embedded::EmbeddedStore;
use crate::error::StoreError;
use crate::error::map_database_error;
use crate::job::JobKey;
use crate::job::JobOutcome;
use crate::job::StoredJob;
use crate::keys::ConversationKey;
use crate::layout::DEAD_JOBS;
use crate::layout::JOBS;
use crate::store::JobStore;
use crate::store::StoreFuture;
use crate::tables::WriteTables;
use crate::tables::Wrote;
use redb::ReadableDatabase;
use redb::ReadableTable;
use redb::ReadableTableMetadata;
use tokio::sync::watch;
use uuid::Uuid;
use vitrine_base::ids::TenantId;

impl JobStore for EmbeddedStore {
    fn enqueue(&self, key: JobKey, job: StoredJob, waiting_max: usize) -> StoreFuture<'_, ()> {
        Box::pin(self.table_write(move |tables| {
            let conversation = key.conversation.stored();
            let at = (conversation.as_str(), key.id.as_u128());
            let known = tables.job(at)?;
            if let Some(known) = known {
                let same = known.body == job.body;
                return if same { Ok(((), Wrote::Nothing)) } else { Err(StoreError::BodyDiffers) };
            }
            if tables.jobs.len().map_err(map_database_error)? >= waiting_max as u64 {
                return Err(StoreError::JobsFull { waiting_max });
            }
            tables.jobs.insert(at, job.encode()?.as_slice()).map_err(map_database_error)?;
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
            let mut found = Vec::new();
            for entry in jobs.iter().map_err(map_database_error)? {
                let (key, job) = entry.map_err(map_database_error)?;
                found.extend(read(key.value(), job.value())?);
            }
            found.sort_by_key(|(key, job)| (job.due_at, key.id));
            found.truncate(jobs_max);
            Ok(found)
        }))
    }

    fn settle(&self, key: JobKey, outcome: JobOutcome) -> StoreFuture<'_, ()> {
        Box::pin(self.table_write(move |tables| {
            let conversation = key.conversation.stored();
            let at = (conversation.as_str(), key.id.as_u128());
            if tables.jobs.remove(at).map_err(map_database_error)?.is_none() {
                return Ok(((), Wrote::Nothing));
            }
            match outcome {
                JobOutcome::Done => {}
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
