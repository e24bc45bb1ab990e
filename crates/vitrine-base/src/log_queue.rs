//! The log's way to standard error: a bounded queue, and a thread that writes it.
//!
//! Invariants
//! - Writing a line never blocks, fails or panics, whatever becomes of standard error: a closed
//!   pipe, a full disk, a reader that has stopped.
//! - A line that cannot be queued or written is dropped and counted.

use std::io;
use std::io::Write;
use std::sync::OnceLock;
use std::sync::atomic::AtomicU64;
use std::sync::atomic::AtomicUsize;
use std::sync::atomic::Ordering;
use std::sync::mpsc::SyncSender;
use std::sync::mpsc::TrySendError;
use std::sync::mpsc::sync_channel;
use std::time::Duration;

/// Most lines that wait to be written.
const LINES_MAX: usize = 8192;

/// Most bytes that wait to be written.
const BYTES_MAX: usize = 4 << 20;

enum Entry {
    Line(Vec<u8>),
    /// Answered when all lines before it have been written or dropped.
    Flush(SyncSender<()>),
}

/// A queue of lines with its writer.
#[derive(Debug)]
struct LogQueue {
    entries: SyncSender<Entry>,
    counts: &'static Counts,
}

#[derive(Debug)]
struct Counts {
    bytes_waiting: AtomicUsize,
    dropped: AtomicU64,
}

impl Counts {
    const fn new() -> Self {
        Self { bytes_waiting: AtomicUsize::new(0), dropped: AtomicU64::new(0) }
    }
}

static COUNTS: Counts = Counts::new();
static QUEUE: OnceLock<LogQueue> = OnceLock::new();

impl LogQueue {
    fn start(mut to: impl Write + Send + 'static, counts: &'static Counts) -> io::Result<Self> {
        let (entries, waiting) = sync_channel(LINES_MAX);
        std::thread::Builder::new().name("log".to_owned()).spawn(move || {
            for entry in waiting {
                match entry {
                    Entry::Line(line) => {
                        if to.write_all(&line).is_err() {
                            counts.dropped.fetch_add(1, Ordering::Relaxed);
                        }
                        counts.bytes_waiting.fetch_sub(line.len(), Ordering::Relaxed);
                    }
                    // The caller may have stopped waiting.
                    Entry::Flush(done) => drop(done.try_send(())),
                }
            }
        })?;
        Ok(Self { entries, counts })
    }

    fn write(&self, line: &[u8]) {
        let waiting = self.counts.bytes_waiting.fetch_add(line.len(), Ordering::Relaxed);
        let queued =
            waiting < BYTES_MAX && self.entries.try_send(Entry::Line(line.to_owned())).is_ok();
        if !queued {
            self.counts.bytes_waiting.fetch_sub(line.len(), Ordering::Relaxed);
            self.counts.dropped.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// Waits until the lines so far are written, for up to `most`; whether they are.
    fn flush(&self, most: Duration) -> bool {
        let (done, waiting) = sync_channel(1);
        match self.entries.try_send(Entry::Flush(done)) {
            Ok(()) => waiting.recv_timeout(most).is_ok(),
            Err(TrySendError::Full(_) | TrySendError::Disconnected(_)) => false,
        }
    }
}

/// Starts the thread that writes to standard error. Until then, and if the system cannot start it,
/// lines are written by the caller.
pub fn start() {
    if QUEUE.get().is_none()
        && let Ok(queue) = LogQueue::start(io::stderr(), &COUNTS)
    {
        // Another thread may have been faster.
        let _ = QUEUE.set(queue);
    }
}

/// Writes one line, with its line feed, to standard error.
pub fn write(line: &[u8]) {
    if let Some(queue) = QUEUE.get() {
        queue.write(line);
    } else if io::stderr().write_all(line).is_err() {
        COUNTS.dropped.fetch_add(1, Ordering::Relaxed);
    }
}

/// Writes one line of text to standard error.
pub fn say(line: impl std::fmt::Display) {
    write(format!("{line}\n").as_bytes());
}

/// Waits until the lines so far are written, for up to `most`; for the end of the process.
pub fn flush(most: Duration) {
    if let Some(queue) = QUEUE.get() {
        queue.flush(most);
    }
}

/// Lines dropped since the start of the process.
#[must_use]
pub fn dropped() -> u64 {
    COUNTS.dropped.load(Ordering::Relaxed)
}

/// An [`io::Write`] that writes each buffer as one line; it never fails.
#[derive(Debug, Clone, Copy, Default)]
pub struct LogWriter;

impl Write for LogWriter {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        write(line);
        Ok(line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Arc;
    use std::sync::Mutex;
    use std::sync::mpsc::Receiver;

    /// Long enough for any machine; the tests do not wait for it.
    const LONG: Duration = Duration::from_secs(60);

    fn counts() -> &'static Counts {
        Box::leak(Box::new(Counts::new()))
    }

    fn dropped(counts: &Counts) -> u64 {
        counts.dropped.load(Ordering::Relaxed)
    }

    /// A full disk: refuses every write while `is_full`.
    struct Disk(Arc<Mutex<(bool, Vec<u8>)>>);

    impl Write for Disk {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            let mut disk = self.0.lock().unwrap();
            if disk.0 {
                return Err(io::ErrorKind::StorageFull.into());
            }
            disk.1.extend_from_slice(bytes);
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn a_line_that_cannot_be_written_is_dropped_and_counted_and_later_ones_are_written() {
        let disk = Arc::new(Mutex::new((false, Vec::new())));
        let counts = counts();
        let queue = LogQueue::start(Disk(Arc::clone(&disk)), counts).unwrap();
        for (full, line) in [(false, "one\n"), (true, "two\n"), (false, "three\n")] {
            disk.lock().unwrap().0 = full;
            queue.write(line.as_bytes());
            assert!(queue.flush(LONG));
        }
        assert_eq!(disk.lock().unwrap().1, b"one\nthree\n");
        assert_eq!(dropped(counts), 1);
    }

    /// A pipe whose reader has stopped: a write returns only when the test allows it.
    struct Stalled(Receiver<()>);

    impl Write for Stalled {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            let _ = self.0.recv();
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn a_stalled_reader_stalls_no_caller_and_the_queue_stays_bounded() {
        let (go_on, waiting) = sync_channel(0);
        let counts = counts();
        let queue = LogQueue::start(Stalled(waiting), counts).unwrap();
        for _ in 0..2 * LINES_MAX {
            queue.write(b"line\n");
        }
        assert!(dropped(counts) >= LINES_MAX as u64 - 1);
        assert!(!queue.flush(Duration::ZERO));
        let line = vec![b'x'; BYTES_MAX];
        let before = dropped(counts);
        queue.write(&line);
        queue.write(&line);
        assert!(dropped(counts) > before, "the bytes that wait are bounded as well");
        // From here on, every write returns.
        drop(go_on);
    }
}
