//! The files of the audit log: one a day (UTC), one JSON object a line, each synced to the disk.
//!
//! Invariants
//! - Requests never wait for the disk: records go through a bounded queue to a thread. One that
//!   cannot be queued or written is counted and reported in the log.
//! - Files older than the retention period are deleted, and the oldest while all together are too
//!   large, except today's. Today's alone never grows beyond that size.

use jiff::SignedDuration;
use jiff::Timestamp;
use rand::Rng;
use serde_json::Value;
use serde_json::json;
use std::fs;
use std::fs::File;
use std::fs::OpenOptions;
use std::io;
use std::io::Write;
use std::os::unix::fs::DirBuilderExt;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering;
use std::sync::mpsc::Receiver;
use std::sync::mpsc::SyncSender;
use std::sync::mpsc::sync_channel;
use std::time::Duration;
use vitrine_base::clock::SharedClock;

/// Most records that wait to be written.
const RECORDS_MAX: usize = 1024;

/// The file of the key that ids are hashed with, in the folder.
const KEY_FILE: &str = "key";

/// Length of that key, in bytes.
const KEY_BYTES: usize = 32;

/// End of the files' names, after the day.
const ENDING: &str = ".jsonl";

/// Where records are kept, and for how long.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct AuditFileOptions {
    pub(crate) folder: PathBuf,
    pub(crate) days: u32,
    /// Largest size of all files together.
    pub(crate) bytes_max: u64,
}

enum Entry {
    Record(Timestamp, Value),
    /// Answered when all records before it have been written or dropped.
    Flush(SyncSender<()>),
}

/// The writer's end of the audit log.
#[derive(Debug)]
pub(super) struct AuditFile {
    entries: SyncSender<Entry>,
    dropped: Arc<AtomicU64>,
    clock: SharedClock,
    key: Vec<u8>,
}

impl AuditFile {
    /// Reads or makes the key, and starts the thread that writes.
    pub(super) fn start(options: AuditFileOptions, clock: SharedClock) -> io::Result<Self> {
        fs::DirBuilder::new().recursive(true).mode(0o700).create(&options.folder)?;
        let key = key(&options.folder.join(KEY_FILE))?;
        let (entries, waiting) = sync_channel(RECORDS_MAX);
        let dropped = Arc::new(AtomicU64::new(0));
        let lost = Arc::clone(&dropped);
        std::thread::Builder::new()
            .name("audit".to_owned())
            .spawn(move || write_all(&waiting, &options, &lost))?;
        Ok(Self { entries, dropped, clock, key })
    }

    /// Queues one record; the time is added.
    pub(super) fn write(&self, record: Value) {
        if self.entries.try_send(Entry::Record(self.clock.now(), record)).is_err() {
            self.dropped.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// Waits until the records so far are on disk, for up to `most`.
    pub(super) fn flush(&self, most: Duration) {
        let (done, waiting) = sync_channel(1);
        if self.entries.try_send(Entry::Flush(done)).is_ok() {
            // Nothing can be done about a disk that is too slow.
            let _ = waiting.recv_timeout(most);
        }
    }

    pub(super) fn dropped(&self) -> u64 {
        self.dropped.load(Ordering::Relaxed)
    }

    /// The key that ids are hashed with.
    pub(super) fn key(&self) -> &[u8] {
        &self.key
    }
}

/// Reads the key, or makes one. A file of another length was not written to its end: it is made
/// anew, since nothing can have been hashed with it.
fn key(path: &Path) -> io::Result<Vec<u8>> {
    match fs::read(path) {
        Ok(key) if key.len() == KEY_BYTES => return Ok(key),
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    let key: [u8; KEY_BYTES] = rand::rng().random();
    let mut file =
        OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(path)?;
    file.write_all(&key)?;
    file.sync_all()?;
    Ok(key.to_vec())
}

fn write_all(waiting: &Receiver<Entry>, options: &AuditFileOptions, dropped: &AtomicU64) {
    let mut today: Option<(String, File)> = None;
    for entry in waiting {
        match entry {
            Entry::Record(at, record) => {
                if let Err(error) = write(&mut today, at, &record, options) {
                    dropped.fetch_add(1, Ordering::Relaxed);
                    tracing::error!(%error, "a record of the audit log could not be written");
                    // The next record opens the file again.
                    today = None;
                }
            }
            // The caller may have stopped waiting.
            Entry::Flush(done) => drop(done.try_send(())),
        }
    }
}

fn write(
    today: &mut Option<(String, File)>,
    at: Timestamp,
    record: &Value,
    options: &AuditFileOptions,
) -> io::Result<()> {
    let day = day_of(at);
    if today.as_ref().is_none_or(|(open, _)| *open != day) {
        let path = options.folder.join(format!("{day}{ENDING}"));
        let file = OpenOptions::new().append(true).create(true).mode(0o600).open(path)?;
        delete_old(options, at, &day);
        *today = Some((day, file));
    }
    let Some((_, file)) = today else { return Ok(()) };
    let mut line = json!({ "at": at.to_string() });
    if let (Value::Object(line), Value::Object(record)) = (&mut line, record) {
        line.extend(record.clone());
    }
    let line = format!("{line}\n");
    if file.metadata()?.len() + line.len() as u64 > options.bytes_max {
        return Err(io::Error::other("today's file is as large as log.audit_bytes_max allows"));
    }
    file.write_all(line.as_bytes())?;
    file.sync_data()
}

/// The day of a time, such as `2026-12-01`.
fn day_of(at: Timestamp) -> String {
    at.strftime("%Y-%m-%d").to_string()
}

/// Deletes files whose day is past the retention period, and the oldest while all are too large.
fn delete_old(options: &AuditFileOptions, now: Timestamp, today: &str) {
    let kept = SignedDuration::from_hours(24 * i64::from(options.days));
    let first = now.checked_sub(kept).map_or_else(|_| String::new(), day_of);
    let Ok(entries) = fs::read_dir(&options.folder) else { return };
    let mut files: Vec<(String, u64, PathBuf)> = entries
        .flatten()
        .filter_map(|entry| {
            let name = entry.file_name().into_string().ok()?;
            let day = name.strip_suffix(ENDING)?.to_owned();
            Some((day, entry.metadata().ok()?.len(), entry.path()))
        })
        .collect();
    files.sort();
    let mut bytes: u64 = files.iter().map(|(_, bytes, _)| bytes).sum();
    for (day, size, path) in files {
        if day.as_str() != today && (day < first || bytes > options.bytes_max) {
            match fs::remove_file(&path) {
                Ok(()) => bytes -= size,
                Err(error) => {
                    tracing::warn!(%error, path = %path.display(), "cannot delete an audit file");
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use vitrine_base::clock::ManualClock;

    /// Long enough for any machine; the tests do not wait for it.
    const LONG: Duration = Duration::from_secs(60);

    fn days(folder: &Path) -> Vec<String> {
        let names = fs::read_dir(folder).unwrap().flatten();
        let mut names: Vec<String> =
            names.map(|entry| entry.file_name().into_string().unwrap()).collect();
        names.sort();
        names
    }

    #[test]
    fn records_are_kept_by_day_until_they_are_too_old_or_too_large() {
        let folder = tempfile::tempdir().unwrap();
        let clock = Arc::new(ManualClock::new("2026-12-01T23:00:00Z".parse().unwrap()));
        let options =
            AuditFileOptions { folder: folder.path().to_owned(), days: 30, bytes_max: 180 };
        let file = AuditFile::start(options.clone(), Arc::clone(&clock) as SharedClock).unwrap();
        let day = Duration::from_secs(24 * 60 * 60);
        file.write(json!({ "act": "one" }));
        clock.advance(day);
        file.write(json!({ "act": "two" }));
        file.flush(LONG);
        assert_eq!(days(folder.path()), ["2026-12-01.jsonl", "2026-12-02.jsonl", "key"]);
        let line = fs::read_to_string(folder.path().join("2026-12-02.jsonl")).unwrap();
        assert_eq!(line, "{\"at\":\"2026-12-02T23:00:00Z\",\"act\":\"two\"}\n");
        // A day's records that fill the limit: further ones are dropped, and older days go.
        for _ in 0..4 {
            file.write(json!({ "act": "x".repeat(60) }));
        }
        file.flush(LONG);
        assert_eq!(file.dropped(), 3);
        clock.advance(day);
        file.write(json!({ "act": "three" }));
        file.flush(LONG);
        let kept = days(folder.path());
        assert_eq!(kept, ["2026-12-02.jsonl", "2026-12-03.jsonl", "key"]);
        clock.advance(day * 40);
        file.write(json!({ "act": "four" }));
        file.flush(LONG);
        assert_eq!(days(folder.path()), ["2027-01-12.jsonl", "key"]);
        // The key stays, so that hashes of one customer stay the same.
        let again = AuditFile::start(options, clock).unwrap();
        assert_eq!(again.key(), file.key());
    }

    #[test]
    fn a_key_that_was_not_written_to_its_end_is_made_anew() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(KEY_FILE);
        fs::write(&path, b"half").unwrap();
        let made = key(&path).unwrap();
        assert_eq!((made.len(), key(&path).unwrap()), (KEY_BYTES, made));
    }
}
