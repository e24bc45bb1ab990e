//! Power loss: of the writes since the last sync, any subset may reach the disk, in any order, with
//! one write torn.
//!
//! Method: the disk keeps the synced image and the writes since. At a random operation the power
//! fails. The image then gets a random part of the unsynced writes, in random order. A second store
//! on that image must hold every acknowledged turn, owner change and consent, and no partial ones.

use crate::CommitOutcome;
use crate::ConsentChange;
use crate::ConversationStore;
use crate::CustomerKey;
use crate::CustomerOutcome;
use crate::CustomerRecord;
use crate::CustomerStore;
use crate::EmbeddedOptions;
use crate::EmbeddedStore;
use crate::Purpose;
use crate::Recovery;
use crate::samples;
use rand::Rng;
use rand::SeedableRng;
use rand::seq::SliceRandom;
use rand_chacha::ChaCha8Rng;
use redb::StorageBackend;
use std::collections::BTreeMap;
use std::io;
use std::path::Path;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::MutexGuard;
use tokio::task::JoinSet;
use vitrine_base::ids::CustomerId;

const CONVERSATIONS: usize = 4;
const CRASHES: u64 = 60;
const CRASHES_LONG: u64 = 2000;

#[derive(Debug, Default)]
struct DiskContents {
    /// Contents as the running store sees them.
    bytes: Vec<u8>,
    /// Contents at the last sync.
    synced: Vec<u8>,
    /// Writes since the last sync, in order.
    unsynced: Vec<(usize, Vec<u8>)>,
    operations: u64,
    /// Number of operations before the power fails.
    operations_max: u64,
}

#[derive(Debug, Clone, Default)]
struct PowerLossDisk(Arc<Mutex<DiskContents>>);

impl PowerLossDisk {
    fn with_image(bytes: Vec<u8>, operations_max: u64) -> Self {
        let synced = bytes.clone();
        Self(Arc::new(Mutex::new(DiskContents {
            bytes,
            synced,
            operations_max,
            ..DiskContents::default()
        })))
    }

    fn contents(&self) -> MutexGuard<'_, DiskContents> {
        self.0.lock().unwrap()
    }

    /// Contents that a restart finds.
    fn after_power_loss(&self, chance: &mut ChaCha8Rng) -> Vec<u8> {
        let contents = self.contents();
        let mut image = contents.synced.clone();
        // File systems in use journal the length of a file, so the length survives.
        image.resize(contents.bytes.len().max(image.len()), 0);
        let mut writes = contents.unsynced.clone();
        writes.shuffle(chance);
        let kept = chance.random_range(0..=writes.len());
        for (position, (offset, bytes)) in writes[..kept].iter().enumerate() {
            let torn = position + 1 == kept && chance.random_bool(0.5);
            let end = if torn { chance.random_range(0..=bytes.len()) } else { bytes.len() };
            image.resize(image.len().max(offset + end), 0);
            image[*offset..*offset + end].copy_from_slice(&bytes[..end]);
        }
        image
    }
}

impl DiskContents {
    fn count_operation(&mut self) -> io::Result<()> {
        self.operations += 1;
        if self.operations > self.operations_max {
            Err(io::ErrorKind::BrokenPipe.into())
        } else {
            Ok(())
        }
    }
}

impl StorageBackend for PowerLossDisk {
    fn len(&self) -> io::Result<u64> {
        Ok(self.contents().bytes.len() as u64)
    }

    fn read(&self, offset: u64, out: &mut [u8]) -> io::Result<()> {
        let from = usize::try_from(offset).unwrap();
        let contents = self.contents();
        let found = contents.bytes.get(from..from + out.len());
        out.copy_from_slice(found.ok_or(io::ErrorKind::UnexpectedEof)?);
        Ok(())
    }

    fn set_len(&self, len: u64) -> io::Result<()> {
        let mut contents = self.contents();
        contents.count_operation()?;
        contents.bytes.resize(usize::try_from(len).unwrap(), 0);
        Ok(())
    }

    fn sync_data(&self) -> io::Result<()> {
        let mut contents = self.contents();
        contents.count_operation()?;
        contents.synced = contents.bytes.clone();
        contents.unsynced.clear();
        Ok(())
    }

    fn write(&self, offset: u64, data: &[u8]) -> io::Result<()> {
        let mut contents = self.contents();
        contents.count_operation()?;
        let from = usize::try_from(offset).unwrap();
        contents.bytes[from..from + data.len()].copy_from_slice(data);
        contents.unsynced.push((from, data.to_vec()));
        Ok(())
    }
}

fn options(recovery: Recovery) -> EmbeddedOptions {
    EmbeddedOptions { recovery, ..samples::options(Path::new("")) }
}

fn customer_key(conversation: usize) -> CustomerKey {
    let customer = CustomerId::new(format!("c-{conversation}")).unwrap();
    CustomerKey { tenant: samples::tenant(), customer }
}

/// Turns and consents acknowledged for one conversation.
#[derive(Debug, Clone, Copy, Default)]
struct AcknowledgedWrites {
    turns: u64,
    consents: usize,
}

/// Commits turns, each with an owner change, and consents until the power fails.
async fn write_until_power_loss(store: &EmbeddedStore, conversation: usize) -> AcknowledgedWrites {
    let name = format!("t-{conversation}");
    let mut acknowledged = AcknowledgedWrites::default();
    let mut current = store.load(&samples::conversation_key(&name)).await.ok().flatten();
    let key = customer_key(conversation);
    let mut customer = store.customer(&key).await.ok().flatten();
    loop {
        let position = current.as_ref().map_or(0, |record| record.turns_recorded);
        let turn = samples::turn(&format!("m-{conversation}-{position}"), &"x".repeat(300));
        let mut commit = samples::commit(&name, current.as_deref(), Some(turn));
        commit.conversation.ownership.epoch = position + 1;
        let Ok(CommitOutcome::Recorded(record)) = store.commit(commit).await else { break };
        acknowledged.turns = record.turns_recorded;
        current = Some(record);
        let mut next = customer
            .as_deref()
            .cloned()
            .unwrap_or_else(|| CustomerRecord::new(key.customer.clone(), samples::at(0)));
        let change = ConsentChange {
            purpose: Purpose::Outreach,
            channel: None,
            wording_version: next.consents.len().to_string(),
            source_message: None,
        };
        next.grant(change, samples::at(1));
        let Ok(CustomerOutcome::Stored(stored)) = store.put_customer(&key, next).await else {
            break;
        };
        acknowledged.consents = stored.consents.len();
        customer = Some(stored);
    }
    acknowledged
}

async fn check(store: &EmbeddedStore, acknowledged: &BTreeMap<usize, AcknowledgedWrites>) {
    for (conversation, acknowledged) in acknowledged {
        let key = samples::conversation_key(&format!("t-{conversation}"));
        let record = store.load(&key).await.unwrap();
        let turns = store.turns(&key, usize::MAX).await.unwrap();
        let recorded = record.as_ref().map_or(0, |record| record.turns_recorded);
        assert!(recorded >= acknowledged.turns, "lost a turn of conversation {conversation}");
        assert!(recorded <= acknowledged.turns + 1, "more turns than were sent");
        assert_eq!(turns.len() as u64, recorded);
        if let Some(record) = record {
            assert_eq!(record.ownership.epoch, recorded, "turn and owner disagree");
        }
        for (position, turn) in turns.iter().enumerate() {
            let name = format!("m-{conversation}-{position}");
            assert_eq!(turn.message_id.as_ref().unwrap().as_str(), name);
            let answer = store.replay(&samples::message_key(&name)).await.unwrap().unwrap();
            assert_eq!(answer.answer, samples::answer(&name, &turn.user_text));
        }
        let next = samples::message_key(&format!("m-{conversation}-{recorded}"));
        assert!(store.replay(&next).await.unwrap().is_none(), "half a turn");
        let customer = store.customer(&customer_key(*conversation)).await.unwrap();
        let rows = customer.map(|customer| customer.consents.clone()).unwrap_or_default();
        assert!(rows.len() >= acknowledged.consents, "lost a consent of customer {conversation}");
        for (position, row) in rows.iter().enumerate() {
            assert_eq!(row.wording_version, position.to_string());
        }
    }
}

async fn lose_power_again_and_again(crashes: u64, recovery: Recovery) {
    let mut chance = ChaCha8Rng::seed_from_u64(2026);
    let mut image = Vec::new();
    let mut acknowledged: BTreeMap<usize, AcknowledgedWrites> = BTreeMap::new();
    for crash in 0..crashes {
        // A fresh disk every 20 crashes keeps it small. Its tables are created without a power
        // loss.
        if crash % 20 == 0 {
            let disk = PowerLossDisk::with_image(Vec::new(), u64::MAX);
            drop(EmbeddedStore::on_backend(options(recovery), disk.clone()).unwrap());
            image = disk.contents().bytes.clone();
            acknowledged.clear();
        }
        let disk = PowerLossDisk::with_image(image, u64::MAX);
        let store = EmbeddedStore::on_backend(options(recovery), disk.clone()).unwrap();
        check(&store, &acknowledged).await;
        {
            let mut contents = disk.contents();
            contents.operations_max = contents.operations + chance.random_range(1..60);
        }
        let store = Arc::new(store);
        let mut tasks = JoinSet::new();
        for conversation in 0..CONVERSATIONS {
            let store = Arc::clone(&store);
            tasks.spawn(async move {
                (conversation, write_until_power_loss(&store, conversation).await)
            });
        }
        while let Some(task) = tasks.join_next().await {
            let (conversation, now) = task.unwrap();
            let known = acknowledged.entry(conversation).or_default();
            known.turns = known.turns.max(now.turns);
            known.consents = known.consents.max(now.consents);
        }
        drop(Arc::try_unwrap(store).unwrap());
        image = disk.after_power_loss(&mut chance);
        let disk = PowerLossDisk::with_image(image.clone(), u64::MAX);
        let store = EmbeddedStore::on_backend(options(recovery), disk.clone()).unwrap();
        check(&store, &acknowledged).await;
        for (conversation, known) in &mut acknowledged {
            // Writes that survived without an acknowledgement count as acknowledged from now on.
            let record =
                store.load(&samples::conversation_key(&format!("t-{conversation}"))).await.unwrap();
            known.turns = record.map_or(0, |record| record.turns_recorded);
        }
        drop(store);
        image = disk.contents().bytes.clone();
    }
}

#[tokio::test]
async fn a_power_loss_loses_nothing_that_was_acknowledged() {
    lose_power_again_and_again(CRASHES, Recovery::Walk).await;
    lose_power_again_and_again(CRASHES / 3, Recovery::Quick).await;
}

#[tokio::test]
#[ignore = "minutes: cargo test -p vitrine-conversations --lib power_lost_2000 -- --ignored"]
async fn power_lost_2000_times() {
    lose_power_again_and_again(CRASHES_LONG, Recovery::Walk).await;
    lose_power_again_and_again(CRASHES_LONG / 4, Recovery::Quick).await;
}
