//! The socket of a connection: notes what arrives, times out a client that stops reading, and puts
//! our own answers in place of those that the HTTP library gives to a malformed request.

use crate::http::progress::Phase;
use crate::http::progress::Progress;
use std::io;
use std::io::IoSlice;
use std::pin::Pin;
use std::sync::Arc;
use std::task::Context;
use std::task::Poll;
use std::task::ready;
use std::time::Duration;
use tokio::io::AsyncRead;
use tokio::io::AsyncWrite;
use tokio::io::ReadBuf;
use tokio::net::TcpStream;
use vitrine_base::clock::Sleep;

/// How long a request keeps its slot while its client reads nothing.
const SLOT_KEPT: Duration = Duration::from_secs(1);

/// Start of an answer of the HTTP library itself, up to its status.
const LIBRARY_ANSWER: &[u8] = b"HTTP/1.1 4";

/// Header that each of our answers has and none of the library's.
const OUR_HEADER: &[u8] = b"x-request-id";

/// Bytes of the answer for a status that the HTTP library chose.
pub(super) type OwnAnswer = fn(status: u16, progress: &Progress) -> Vec<u8>;

/// A socket with its limits.
#[derive(Debug)]
pub(super) struct Socket {
    stream: TcpStream,
    progress: Arc<Progress>,
    write_stall_max: Duration,
    stall: Option<Stall>,
    own_answer: OwnAnswer,
    replacement: Option<Replacement>,
}

/// A write that waits for the client.
struct Stall {
    wait: Sleep,
    /// Time until the connection is given up, after `wait`; zero: at its end.
    left: Duration,
}

impl std::fmt::Debug for Stall {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Stall").field("left", &self.left).finish_non_exhaustive()
    }
}

/// Our answer in place of the library's.
#[derive(Debug)]
struct Replacement {
    bytes: Vec<u8>,
    sent: usize,
}

impl Socket {
    pub(super) fn new(
        stream: TcpStream,
        progress: Arc<Progress>,
        write_stall_max: Duration,
        own_answer: OwnAnswer,
    ) -> Self {
        Self { stream, progress, write_stall_max, stall: None, own_answer, replacement: None }
    }

    /// Gives up a write that has waited for too long.
    fn timed<T>(
        &mut self,
        cx: &mut Context<'_>,
        write: Poll<io::Result<T>>,
    ) -> Poll<io::Result<T>> {
        if write.is_ready() {
            self.stall = None;
            return write;
        }
        let (progress, most) = (&self.progress, self.write_stall_max);
        let stall = self.stall.get_or_insert_with(|| {
            let kept = SLOT_KEPT.min(most);
            Stall { wait: progress.sleep(kept), left: most.saturating_sub(kept) }
        });
        loop {
            ready!(stall.wait.as_mut().poll(cx));
            progress.release_slot();
            if stall.left.is_zero() {
                tracing::debug!("closing a connection whose client does not read its answer");
                return Poll::Ready(Err(io::ErrorKind::TimedOut.into()));
            }
            stall.wait = progress.sleep(std::mem::take(&mut stall.left));
        }
    }

    /// Whether `bytes` are an answer of the library itself, which has no body.
    fn is_library_answer(&self, bytes: &[u8]) -> bool {
        self.progress.phase().0 != Phase::Request
            && bytes.starts_with(LIBRARY_ANSWER)
            && !bytes.windows(OUR_HEADER.len()).any(|part| part == OUR_HEADER)
    }

    /// Sends our answer instead of `bytes`; reports `bytes` as written at its end.
    fn poll_replace(&mut self, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        if self.replacement.is_none() {
            let status = bytes.get(9..12).and_then(|digits| std::str::from_utf8(digits).ok());
            let status = status.and_then(|digits| digits.parse().ok()).unwrap_or(400);
            let bytes = (self.own_answer)(status, &self.progress);
            self.replacement = Some(Replacement { bytes, sent: 0 });
        }
        while let Some(Replacement { bytes: own, sent }) = &mut self.replacement
            && *sent < own.len()
        {
            match Pin::new(&mut self.stream).poll_write(cx, &own[*sent..]) {
                Poll::Ready(Ok(0)) => return Poll::Ready(Err(io::ErrorKind::WriteZero.into())),
                Poll::Ready(Ok(written)) => *sent += written,
                Poll::Ready(Err(error)) => return Poll::Ready(Err(error)),
                Poll::Pending => return Poll::Pending,
            }
        }
        Poll::Ready(Ok(bytes.len()))
    }
}

impl AsyncRead for Socket {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        let before = buffer.filled().len();
        let read = Pin::new(&mut this.stream).poll_read(cx, buffer);
        if buffer.filled().len() > before {
            this.progress.received();
        }
        read
    }
}

impl AsyncWrite for Socket {
    fn poll_write(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        let write = if this.replacement.is_some() || this.is_library_answer(bytes) {
            this.poll_replace(cx, bytes)
        } else {
            Pin::new(&mut this.stream).poll_write(cx, bytes)
        };
        this.timed(cx, write)
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        pieces: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        if let Some(first) = pieces.iter().find(|piece| !piece.is_empty())
            && (self.replacement.is_some() || self.is_library_answer(first))
        {
            return self.poll_write(cx, first);
        }
        let this = self.get_mut();
        let write = Pin::new(&mut this.stream).poll_write_vectored(cx, pieces);
        this.timed(cx, write)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        let flush = Pin::new(&mut this.stream).poll_flush(cx);
        this.timed(cx, flush)
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().stream).poll_shutdown(cx)
    }
}
