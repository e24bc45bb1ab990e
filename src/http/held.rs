//! The body of an answer whose request counts as running until the body has ended; ends it with an
//! error when a shutdown does not wait any longer.

use crate::http::access_log::AccessRecord;
use crate::http::audit::Act;
use crate::http::drain::Running;
use crate::http::encode;
use crate::http::error::ApiError;
use crate::http::slots::Slot;
use axum::body::Body;
use axum::body::Bytes;
use axum::body::HttpBody;
use axum::http::header::CONTENT_TYPE;
use axum::response::Response;
use hyper::body::Frame;
use hyper::body::SizeHint;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::Context;
use std::task::Poll;

type CutOff = Pin<Box<dyn Future<Output = ()> + Send>>;

/// What a running request holds until its answer has ended.
#[derive(Debug)]
pub(super) struct Held {
    pub(super) running: Option<Running>,
    pub(super) slot: Option<Arc<Slot>>,
    /// The record of an operator's act.
    pub(super) act: Option<Act>,
    pub(super) record: AccessRecord,
}

/// A body that keeps what its request holds.
struct HeldBody {
    body: Body,
    /// Completes when the answer must end; `None` for an answer that is complete already.
    cut_off: Option<CutOff>,
    /// The last event of a stream that is cut off.
    last: Option<String>,
    held: Option<Held>,
}

/// Keeps `held` until the body of `response` has ended. A stream ends early, with an event `error`,
/// when `cut_off` completes.
pub(super) fn hold(
    response: Response,
    held: Held,
    cut_off: impl Future<Output = ()> + Send + 'static,
) -> Response {
    let whole = response.body().size_hint().exact().is_some();
    let content_type = response.headers().get(CONTENT_TYPE);
    let is_events = content_type.is_some_and(|value| value.as_bytes().starts_with(b"text/event"));
    let last = is_events.then(|| {
        let error = encode::error(&ApiError::Unavailable { state: "draining" });
        format!("event: error\ndata: {error}\n\n")
    });
    let cut_off = (!whole).then(|| Box::pin(cut_off) as CutOff);
    response.map(|body| Body::new(HeldBody { body, cut_off, last, held: Some(held) }))
}

impl HttpBody for HeldBody {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        let this = self.get_mut();
        if let Some(cut_off) = &mut this.cut_off
            && cut_off.as_mut().poll(cx).is_ready()
        {
            // The generation behind the stream ends with it.
            this.cut_off = None;
            this.body = Body::empty();
            return Poll::Ready(Some(match this.last.take() {
                Some(event) => Ok(Frame::data(event.into())),
                None => Err(axum::Error::new(ApiError::Unavailable { state: "draining" })),
            }));
        }
        let polled = Pin::new(&mut this.body).poll_frame(cx);
        if matches!(polled, Poll::Ready(None)) {
            this.held = None;
        }
        polled
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}
