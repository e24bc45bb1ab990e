//! Continuous batching: runs queued inputs in batches on a dedicated thread.
//!
//! A batch is formed from the inputs that arrived while the previous one ran. There is no timer: a
//! lone input starts at once, and batches grow with load up to their limits.
//!
//! Invariants
//! - At most [`BatchLimits::waiting_texts_max`] inputs wait. A request is queued whole or refused.
//! - A batch has 1 to `batch_texts_max` inputs, and at most `batch_tokens_max` tokens unless its
//!   first input alone is longer.
//! - Inputs whose [`PendingOutputs`] was dropped are skipped.

use crate::error::IntentError;
use crate::error::SharedCause;
use std::collections::VecDeque;
use std::panic::AssertUnwindSafe;
use std::panic::catch_unwind;
use std::sync::Arc;
use std::sync::Condvar;
use std::sync::Mutex;
use std::sync::MutexGuard;
use std::sync::PoisonError;
use std::thread::JoinHandle;
use tokio::sync::oneshot;

/// Limits of the queue and of a batch. [`BatchLimits::default`] has the recommended values.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BatchLimits {
    /// Maximum waiting texts; more are refused, which bounds latency. Recommended: 4,096.
    pub waiting_texts_max: usize,
    /// Maximum texts per forward pass. Recommended: 64.
    pub batch_texts_max: usize,
    /// Maximum tokens per forward pass, which bounds memory and queueing delay. Recommended: 2,048.
    pub batch_tokens_max: usize,
}

impl Default for BatchLimits {
    fn default() -> Self {
        Self { waiting_texts_max: 4096, batch_texts_max: 64, batch_tokens_max: 2048 }
    }
}

type ReplySender<O> = oneshot::Sender<Result<O, IntentError>>;

#[derive(Debug)]
struct Item<I, O> {
    input: I,
    tokens: usize,
    reply: ReplySender<O>,
}

#[derive(Debug)]
struct QueueState<I, O> {
    waiting: VecDeque<Item<I, O>>,
    open: bool,
}

#[derive(Debug)]
struct BatchQueue<I, O> {
    state: Mutex<QueueState<I, O>>,
    arrived: Condvar,
    limits: BatchLimits,
}

impl<I, O> BatchQueue<I, O> {
    fn lock(&self) -> MutexGuard<'_, QueueState<I, O>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Blocks until a batch is available and takes it; `None` once the queue is closed and empty.
    fn next_batch(&self) -> Option<Vec<Item<I, O>>> {
        let mut state = self.lock();
        loop {
            let batch = take_batch(&mut state.waiting, self.limits);
            if !batch.is_empty() {
                return Some(batch);
            }
            if !state.open {
                return None;
            }
            state = self.arrived.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
    }
}

fn take_batch<I, O>(waiting: &mut VecDeque<Item<I, O>>, limits: BatchLimits) -> Vec<Item<I, O>> {
    let mut batch: Vec<Item<I, O>> = Vec::new();
    let mut tokens = 0_usize;
    while let Some(item) = waiting.front() {
        let grown = tokens.saturating_add(item.tokens);
        let fits = batch.len() < limits.batch_texts_max && grown <= limits.batch_tokens_max;
        if !batch.is_empty() && !fits {
            break;
        }
        let Some(item) = waiting.pop_front() else { break };
        if item.reply.is_closed() {
            continue;
        }
        tokens = grown;
        batch.push(item);
    }
    batch
}

/// Handle of the batch thread. Dropping it runs the queued inputs, then ends and joins the thread.
#[derive(Debug)]
pub(crate) struct Batcher<I, O> {
    queue: Arc<BatchQueue<I, O>>,
    worker: Option<JoinHandle<()>>,
}

impl<I: Send + 'static, O: Send + 'static> Batcher<I, O> {
    /// Starts the thread. `run` maps a batch to one output per input, in order.
    ///
    /// # Errors
    /// If the operating system cannot start a thread.
    pub(crate) fn start<F>(name: &str, limits: BatchLimits, run: F) -> std::io::Result<Self>
    where
        F: FnMut(&[I]) -> Result<Vec<O>, SharedCause> + Send + 'static,
    {
        let state = Mutex::new(QueueState { waiting: VecDeque::new(), open: true });
        let queue = Arc::new(BatchQueue { state, arrived: Condvar::new(), limits });
        let theirs = Arc::clone(&queue);
        let worker =
            std::thread::Builder::new().name(name.to_owned()).spawn(move || work(&theirs, run))?;
        Ok(Self { queue, worker: Some(worker) })
    }

    /// Queues inputs, each with its token count: all of them or none.
    ///
    /// # Errors
    /// [`IntentError::Full`] if they do not fit now, [`IntentError::TooManyTexts`] if they can
    /// never fit, [`IntentError::Stopped`] if the thread has ended.
    pub(crate) fn submit(&self, inputs: Vec<(I, usize)>) -> Result<PendingOutputs<O>, IntentError> {
        let asked_texts = inputs.len();
        let waiting_texts_max = self.queue.limits.waiting_texts_max;
        if asked_texts > waiting_texts_max {
            let texts_max = waiting_texts_max;
            return Err(IntentError::TooManyTexts { texts: asked_texts, texts_max });
        }
        let mut state = self.queue.lock();
        if !state.open || self.worker.as_ref().is_none_or(JoinHandle::is_finished) {
            return Err(IntentError::Stopped);
        }
        let waiting_texts = state.waiting.len();
        if asked_texts > waiting_texts_max - waiting_texts.min(waiting_texts_max) {
            return Err(IntentError::Full { asked_texts, waiting_texts, waiting_texts_max });
        }
        let mut replies = Vec::with_capacity(asked_texts);
        for (input, tokens) in inputs {
            let (reply, answer) = oneshot::channel();
            state.waiting.push_back(Item { input, tokens, reply });
            replies.push(answer);
        }
        drop(state);
        self.queue.arrived.notify_one();
        Ok(PendingOutputs { replies })
    }
}

impl<I, O> Drop for Batcher<I, O> {
    fn drop(&mut self) {
        self.queue.lock().open = false;
        self.queue.arrived.notify_all();
        if let Some(worker) = self.worker.take() {
            // Panics of `run` were caught and reported batch by batch.
            let _ = worker.join();
        }
    }
}

fn work<I, O, F>(queue: &BatchQueue<I, O>, mut run: F)
where
    F: FnMut(&[I]) -> Result<Vec<O>, SharedCause>,
{
    while let Some(batch) = queue.next_batch() {
        let texts = batch.len();
        let (inputs, replies): (Vec<I>, Vec<ReplySender<O>>) =
            batch.into_iter().map(|item| (item.input, item.reply)).unzip();
        // A panic in one batch must not end the thread.
        let outcome = catch_unwind(AssertUnwindSafe(|| run(&inputs)));
        let outputs = match outcome {
            Ok(Ok(outputs)) if outputs.len() == texts => Ok(outputs),
            Ok(Ok(_)) | Err(_) => Err(IntentError::Abandoned { texts }),
            Ok(Err(cause)) => Err(IntentError::Encode { texts, cause }),
        };
        match outputs {
            Ok(outputs) => {
                for (reply, output) in replies.into_iter().zip(outputs) {
                    // The receiver may have been dropped meanwhile.
                    let _ = reply.send(Ok(output));
                }
            }
            Err(error) => {
                for reply in replies {
                    let _ = reply.send(Err(error.clone()));
                }
            }
        }
    }
}

/// Outputs to come. Dropping it cancels the inputs that are still queued.
#[derive(Debug)]
pub(crate) struct PendingOutputs<O> {
    replies: Vec<oneshot::Receiver<Result<O, IntentError>>>,
}

impl<O> PendingOutputs<O> {
    /// Waits for all outputs and returns them in the order of the inputs.
    ///
    /// # Errors
    /// The first error of any input.
    pub(crate) async fn wait(self) -> Result<Vec<O>, IntentError> {
        let mut outputs = Vec::with_capacity(self.replies.len());
        for reply in self.replies {
            outputs.push(reply.await.map_err(|_| IntentError::Stopped)??);
        }
        Ok(outputs)
    }

    /// Like [`PendingOutputs::wait`], for callers outside an async runtime.
    ///
    /// # Panics
    /// If called inside an async runtime.
    pub(crate) fn wait_blocking(self) -> Result<Vec<O>, IntentError> {
        let mut outputs = Vec::with_capacity(self.replies.len());
        for reply in self.replies {
            outputs.push(reply.blocking_recv().map_err(|_| IntentError::Stopped)??);
        }
        Ok(outputs)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::mpsc;

    const LIMITS: BatchLimits =
        BatchLimits { waiting_texts_max: 6, batch_texts_max: 4, batch_tokens_max: 10 };

    /// A batcher that sends each batch to `started` and runs it after a message to `go`.
    struct Stepped {
        batcher: Batcher<u32, u32>,
        started: mpsc::Receiver<Vec<u32>>,
        go: mpsc::SyncSender<()>,
    }

    fn stepped() -> Stepped {
        let (report, started) = mpsc::sync_channel(16);
        let (go, gate) = mpsc::sync_channel::<()>(16);
        let batcher = Batcher::start("test", LIMITS, move |inputs: &[u32]| {
            report.send(inputs.to_vec()).unwrap();
            gate.recv().unwrap();
            Ok(inputs.iter().map(|input| input * 10).collect())
        })
        .unwrap();
        Stepped { batcher, started, go }
    }

    #[test]
    fn texts_queued_during_a_batch_form_the_next_one() {
        let test = stepped();
        let first = test.batcher.submit(vec![(1, 1)]).unwrap();
        assert_eq!(test.started.recv().unwrap(), [1]);
        let second = test.batcher.submit(vec![(2, 1), (3, 1)]).unwrap();
        let third = test.batcher.submit(vec![(4, 1)]).unwrap();
        test.go.send(()).unwrap();
        assert_eq!(test.started.recv().unwrap(), [2, 3, 4]);
        test.go.send(()).unwrap();
        assert_eq!(first.wait_blocking().unwrap(), [10]);
        assert_eq!(second.wait_blocking().unwrap(), [20, 30]);
        assert_eq!(third.wait_blocking().unwrap(), [40]);
    }

    #[test]
    fn a_batch_keeps_to_its_texts_and_tokens() {
        let test = stepped();
        let hold = test.batcher.submit(vec![(0, 1)]).unwrap();
        assert_eq!(test.started.recv().unwrap(), [0]);
        let long = test.batcher.submit(vec![(1, 99), (2, 6), (3, 5), (4, 1)]).unwrap();
        for expected in [vec![1], vec![2], vec![3, 4]] {
            test.go.send(()).unwrap();
            assert_eq!(test.started.recv().unwrap(), expected);
        }
        test.go.send(()).unwrap();
        assert_eq!(hold.wait_blocking().unwrap(), [0]);
        assert_eq!(long.wait_blocking().unwrap(), [10, 20, 30, 40]);
    }

    #[test]
    fn a_full_queue_refuses_whole_requests_with_its_numbers() {
        let test = stepped();
        let hold = test.batcher.submit(vec![(0, 1)]).unwrap();
        assert_eq!(test.started.recv().unwrap(), [0]);
        let five = test.batcher.submit((1..6).map(|n| (n, 1)).collect()).unwrap();
        let refusal = test.batcher.submit(vec![(6, 1), (7, 1)]).unwrap_err();
        assert!(matches!(
            refusal,
            IntentError::Full { asked_texts: 2, waiting_texts: 5, waiting_texts_max: 6 }
        ));
        let refusal = test.batcher.submit((0..7).map(|n| (n, 1)).collect()).unwrap_err();
        assert!(matches!(refusal, IntentError::TooManyTexts { texts: 7, texts_max: 6 }));
        for _ in 0..3 {
            test.go.send(()).unwrap();
        }
        hold.wait_blocking().unwrap();
        assert_eq!(five.wait_blocking().unwrap(), [10, 20, 30, 40, 50]);
    }

    #[test]
    fn texts_of_a_dropped_request_are_skipped() {
        let test = stepped();
        let hold = test.batcher.submit(vec![(0, 1)]).unwrap();
        assert_eq!(test.started.recv().unwrap(), [0]);
        drop(test.batcher.submit(vec![(1, 1)]).unwrap());
        let kept = test.batcher.submit(vec![(2, 1)]).unwrap();
        test.go.send(()).unwrap();
        assert_eq!(test.started.recv().unwrap(), [2]);
        test.go.send(()).unwrap();
        hold.wait_blocking().unwrap();
        assert_eq!(kept.wait_blocking().unwrap(), [20]);
    }

    #[test]
    fn a_panicking_batch_does_not_affect_the_next() {
        let batcher = Batcher::start("test", LIMITS, |inputs: &[u32]| {
            assert!(inputs[0] != 13, "unlucky");
            match inputs[0] {
                14 => Err(Arc::new(std::io::Error::other("refused")) as SharedCause),
                _ => Ok(inputs.to_vec()),
            }
        })
        .unwrap();
        let died = batcher.submit(vec![(13, 1)]).unwrap().wait_blocking().unwrap_err();
        assert!(matches!(died, IntentError::Abandoned { texts: 1 }));
        let refused = batcher.submit(vec![(14, 1)]).unwrap().wait_blocking().unwrap_err();
        assert!(matches!(refused, IntentError::Encode { texts: 1, .. }));
        assert_eq!(batcher.submit(vec![(1, 1)]).unwrap().wait_blocking().unwrap(), [1]);
    }
}
