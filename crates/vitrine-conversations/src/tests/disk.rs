//! A full or failing disk makes the store read-only, with the reason, and stored records are kept.
//!
//! Method: a disk in memory that refuses writes on demand. Its bytes outlive the store, so a second
//! store on them shows what a restart would find.

use crate::CommitOutcome;
use crate::ConversationStore;
use crate::EmbeddedStore;
use crate::StoreError;
use crate::samples;
use redb::StorageBackend;
use std::io;
use std::path::Path;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::MutexGuard;

#[derive(Debug, Default)]
struct DiskState {
    bytes: Vec<u8>,
    /// Bytes that may still be written; `None` for no limit.
    room: Option<usize>,
    failure: Option<io::ErrorKind>,
}

#[derive(Debug, Clone, Default)]
struct FailingDisk(Arc<Mutex<DiskState>>);

impl FailingDisk {
    fn state(&self) -> MutexGuard<'_, DiskState> {
        self.0.lock().unwrap()
    }

    fn fail_after(&self, bytes: usize, failure: io::ErrorKind) {
        let mut state = self.state();
        state.room = Some(bytes);
        state.failure = Some(failure);
    }

    fn mend(&self) {
        self.state().room = None;
    }
}

impl DiskState {
    fn take_room(&mut self, bytes: usize) -> io::Result<()> {
        match (&mut self.room, self.failure) {
            (Some(room), Some(failure)) if bytes > *room => Err(failure.into()),
            (Some(room), _) => {
                *room -= bytes;
                Ok(())
            }
            (None, _) => Ok(()),
        }
    }
}

impl StorageBackend for FailingDisk {
    fn len(&self) -> io::Result<u64> {
        Ok(self.state().bytes.len() as u64)
    }

    fn read(&self, offset: u64, out: &mut [u8]) -> io::Result<()> {
        let from = usize::try_from(offset).unwrap();
        let state = self.state();
        let found = state.bytes.get(from..from + out.len());
        out.copy_from_slice(found.ok_or(io::ErrorKind::UnexpectedEof)?);
        Ok(())
    }

    fn set_len(&self, len: u64) -> io::Result<()> {
        let len = usize::try_from(len).unwrap();
        let mut state = self.state();
        let more = len.saturating_sub(state.bytes.len());
        state.take_room(more)?;
        state.bytes.resize(len, 0);
        Ok(())
    }

    fn sync_data(&self) -> io::Result<()> {
        Ok(())
    }

    fn write(&self, offset: u64, data: &[u8]) -> io::Result<()> {
        let from = usize::try_from(offset).unwrap();
        let mut state = self.state();
        state.take_room(data.len())?;
        state.bytes[from..from + data.len()].copy_from_slice(data);
        Ok(())
    }
}

fn open(disk: &FailingDisk) -> EmbeddedStore {
    EmbeddedStore::on_backend(samples::options(Path::new("")), disk.clone()).unwrap()
}

async fn commit(store: &EmbeddedStore, conversation: usize) -> Result<CommitOutcome, StoreError> {
    let turn = samples::turn(&format!("m-{conversation}"), &"words ".repeat(200));
    store.commit(samples::commit(&format!("t-{conversation}"), None, Some(turn))).await
}

/// Commits until the disk refuses; returns the number of acknowledged commits and the error.
async fn commit_until_refused(store: &EmbeddedStore) -> (usize, StoreError) {
    for conversation in 0..1000 {
        if let Err(cause) = commit(store, conversation).await {
            return (conversation, cause);
        }
    }
    unreachable!("the disk never refused")
}

#[tokio::test]
async fn a_full_disk_stops_intake_and_keeps_what_was_there() {
    for room in [0, 100, 5000, 20_000, 100_000, 1_000_000] {
        let disk = FailingDisk::default();
        let store = open(&disk);
        disk.fail_after(room, io::ErrorKind::StorageFull);
        let (acknowledged, cause) = commit_until_refused(&store).await;
        assert!(matches!(cause, StoreError::DiskFull), "{cause:?}");
        disk.mend();
        let refused = commit(&store, 2000).await.unwrap_err();
        let StoreError::Stopped { cause } = refused else { unreachable!("{refused:?}") };
        assert!(matches!(*cause, StoreError::DiskFull));
        assert!(store.intake().is_err());
        let erased = store.delete(&samples::conversation_key("t-0"), samples::at(99)).await;
        assert!(matches!(erased, Err(StoreError::Stopped { .. })));
        drop(store);

        let store = open(&disk);
        for conversation in 0..acknowledged {
            let message = samples::message_key(&format!("m-{conversation}"));
            assert!(store.replay(&message).await.unwrap().is_some(), "lost {conversation}");
        }
        commit(&store, 3000).await.unwrap();
    }
}

/// Goal: a full disk that has room again needs no restart, wherever the write broke off.
#[tokio::test]
async fn a_disk_with_room_again_is_written_again_and_nothing_acknowledged_is_lost() {
    for room in [0, 100, 5000, 20_000, 100_000, 1_000_000] {
        let disk = FailingDisk::default();
        let options = samples::options(Path::new(""));
        let store = EmbeddedStore::on_shared_backend(options, disk.clone()).unwrap();
        disk.fail_after(room, io::ErrorKind::StorageFull);
        let (acknowledged, _) = commit_until_refused(&store).await;
        let still_full = store.reopen().await;
        assert!(still_full.is_err(), "{room}: nothing can be written yet");
        assert!(store.intake().is_err());
        disk.mend();
        store.reopen().await.unwrap();
        store.intake().unwrap();
        commit(&store, 2000).await.unwrap();
        for conversation in (0..acknowledged).chain([2000]) {
            let message = samples::message_key(&format!("m-{conversation}"));
            assert!(store.replay(&message).await.unwrap().is_some(), "lost {conversation}");
        }
        store.reopen().await.unwrap();
    }
}

#[tokio::test]
async fn a_read_only_or_broken_disk_is_reported() {
    for (failure, expected) in
        [(io::ErrorKind::ReadOnlyFilesystem, "ReadOnly"), (io::ErrorKind::BrokenPipe, "Disk")]
    {
        let disk = FailingDisk::default();
        let store = open(&disk);
        commit(&store, 5000).await.unwrap();
        disk.fail_after(0, failure);
        let (_, cause) = commit_until_refused(&store).await;
        assert!(format!("{cause:?}").starts_with(expected), "{cause:?}");
        // The in-memory cache still answers reads.
        assert!(store.load(&samples::conversation_key("t-5000")).await.unwrap().is_some());
    }
}
