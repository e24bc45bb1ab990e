//! [`JobStore`] on top of the embedded store.

use crate::EmbeddedStore;
use crate::Job;
use crate::JobKey;
use crate::JobOutcome;
use crate::JobStore;
use crate::StoreError;
use crate::StoreFuture;
use crate::ThreadKey;
use crate::deed::Wrote;
use crate::error::storage;
use crate::layout::DEAD_JOBS;
use crate::layout::JOBS;
use crate::tables::Tables;
use redb::ReadableDatabase;
use redb::ReadableTable;
use redb::ReadableTableMetadata;
use uuid::Uuid;
use vitrine_base::ids::TenantId;

impl JobStore for EmbeddedStore {
    fn enqueue(&self, key: JobKey, job: Job, waiting_max: usize) -> StoreFuture<'_, ()> {
        Box::pin(self.deed(move |tables| {
            let thread = key.thread.stored();
            let at = (thread.as_str(), key.id.as_u128());
            let known = tables.job(at)?;
            if let Some(known) = known {
                let same = known.body == job.body;
                return if same { Ok(((), Wrote::Nothing)) } else { Err(StoreError::BodyDiffers) };
            }
            if tables.jobs.len().map_err(storage)? >= waiting_max as u64 {
                return Err(StoreError::JobsFull { waiting_max });
            }
            tables.jobs.insert(at, job.encode()?.as_slice()).map_err(storage)?;
            Ok(((), Wrote::Something))
        }))
    }

    fn waiting(&self, jobs_max: usize) -> StoreFuture<'_, Vec<(JobKey, Job)>> {
        Box::pin(self.read(move |shared| {
            let transaction = shared.database().begin_read().map_err(storage)?;
            let jobs = transaction.open_table(JOBS).map_err(storage)?;
            let mut found = Vec::new();
            for entry in jobs.iter().map_err(storage)? {
                let (key, job) = entry.map_err(storage)?;
                found.extend(read(key.value(), job.value())?);
            }
            found.sort_by_key(|(key, job)| (job.due_at, key.id));
            found.truncate(jobs_max);
            Ok(found)
        }))
    }

    fn settle(&self, key: JobKey, outcome: JobOutcome) -> StoreFuture<'_, ()> {
        Box::pin(self.deed(move |tables| {
            let thread = key.thread.stored();
            let at = (thread.as_str(), key.id.as_u128());
            if tables.jobs.remove(at).map_err(storage)?.is_none() {
                return Ok(((), Wrote::Nothing));
            }
            match outcome {
                JobOutcome::Done => {}
                JobOutcome::Again(job) => {
                    tables.jobs.insert(at, job.encode()?.as_slice()).map_err(storage)?;
                }
                JobOutcome::Dead(job) => {
                    tables.dead_jobs.insert(at, job.encode()?.as_slice()).map_err(storage)?;
                }
            }
            Ok(((), Wrote::Something))
        }))
    }

    fn dead<'a>(
        &'a self,
        tenant: &'a TenantId,
        jobs_max: usize,
    ) -> StoreFuture<'a, Vec<(JobKey, Job)>> {
        let prefix = tenant_prefix(tenant);
        Box::pin(self.read(move |shared| {
            let transaction = shared.database().begin_read().map_err(storage)?;
            let jobs = transaction.open_table(DEAD_JOBS).map_err(storage)?;
            let mut found = Vec::new();
            for entry in jobs.range((prefix.as_str(), 0)..).map_err(storage)? {
                let (key, job) = entry.map_err(storage)?;
                if !key.value().0.starts_with(&prefix) || found.len() == jobs_max {
                    break;
                }
                found.extend(read(key.value(), job.value())?);
            }
            Ok(found)
        }))
    }
}

impl Tables<'_> {
    /// The job with this key, waiting or dead.
    fn job(&self, at: (&str, u128)) -> Result<Option<Job>, StoreError> {
        let waiting = self.jobs.get(at).map_err(storage)?;
        let stored = waiting.or(self.dead_jobs.get(at).map_err(storage)?);
        Ok(stored.map(|job| Job::decode(job.value())).transpose()?)
    }
}

fn read(key: (&str, u128), job: &[u8]) -> Result<Option<(JobKey, Job)>, StoreError> {
    let Some(thread) = ThreadKey::from_stored(key.0) else { return Ok(None) };
    let key = JobKey { thread, id: Uuid::from_u128(key.1) };
    Ok(Some((key, Job::decode(job)?)))
}

/// Prefix that all conversation keys of a tenant share.
fn tenant_prefix(tenant: &TenantId) -> String {
    format!("{tenant}\0")
}
