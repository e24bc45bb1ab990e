//! A stub of the Hub on loopback, scripted by the test.

use axum::Router;
use axum::body::Body;
use axum::extract::Path;
use axum::extract::State;
use axum::http::HeaderMap;
use axum::http::StatusCode;
use axum::response::IntoResponse;
use axum::response::Response;
use axum::routing::get;
use futures::StreamExt;
use sha2::Digest;
use sha2::Sha256;
use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::Mutex;
use tokio::sync::watch;
use vitrine_base::digest::hexadecimal;

/// Contents of the stub's weights file.
pub(super) const WEIGHTS: &[u8] = b"\x02\0\0\0\0\0\0\0{}and a few weights behind the header";
/// Commit id that the stub reports.
pub(super) const COMMIT: &str = "c0ffee";

/// Scripted response to one request for weights or for the listing.
#[derive(Debug, Clone)]
pub(super) enum StubAction {
    /// The connection breaks after this many bytes of the body.
    Cut(usize),
    /// The body ends without an error after this many bytes.
    Short(usize),
    /// The requested range is ignored.
    IgnoreRange,
    /// Another range than the requested one is sent.
    WrongRange,
    /// A status without a body, with an optional `Retry-After` in seconds.
    Status(u16, Option<u64>),
    /// A redirect to another address.
    Redirect(String),
}

/// The script of the stub, and a record of its requests.
#[derive(Debug)]
pub(super) struct Stub {
    /// Checksum in the listing.
    sha256: String,
    /// Files of `owner/quants`.
    quants: Vec<&'static str>,
    weights: Mutex<VecDeque<StubAction>>,
    listings: Mutex<VecDeque<StubAction>>,
    /// Range and authorization headers of the requests for weights.
    seen: Mutex<Vec<(Option<String>, Option<String>)>>,
    /// Bytes of weights that the client has received. A cut waits for them, so that they are not
    /// lost.
    received: watch::Sender<usize>,
}

impl Stub {
    pub(super) fn new() -> Self {
        Self {
            sha256: right_sha256(),
            quants: vec!["m-Q4_K_M.gguf", "m-Q8_0.gguf", "m-F16.gguf"],
            weights: Mutex::default(),
            listings: Mutex::default(),
            seen: Mutex::default(),
            received: watch::Sender::new(0),
        }
    }

    /// A stub whose listing has a wrong checksum.
    pub(super) fn with_wrong_checksum() -> Self {
        Self { sha256: "ab".repeat(32), ..Self::new() }
    }

    /// Scripts the first requests for weights; later ones are served normally.
    pub(super) fn with_weights(self, acts: &[StubAction]) -> Self {
        *self.weights.lock().unwrap() = acts.iter().cloned().collect();
        self
    }

    /// Scripts the first requests for the listing; later ones are served normally.
    pub(super) fn with_listings(self, acts: &[StubAction]) -> Self {
        *self.listings.lock().unwrap() = acts.iter().cloned().collect();
        self
    }

    /// Reports that the client has received more bytes of weights.
    pub(super) fn add_received(&self, bytes: usize) {
        self.received.send_modify(|received| *received += bytes);
    }

    pub(super) fn seen(&self) -> Vec<(Option<String>, Option<String>)> {
        self.seen.lock().unwrap().clone()
    }

    /// Serves until the test's runtime ends; returns the URL.
    pub(super) async fn serve(self: &Arc<Self>) -> String {
        let router = Router::new()
            .route("/api/models/owner/enc/revision/main", get(encoder_listing))
            .route("/api/models/owner/quants/revision/main", get(quants_listing))
            .route("/api/models/owner/silent/revision/main", get(std::future::pending::<()>))
            .route("/owner/enc/resolve/c0ffee/{*name}", get(file))
            .route("/owner/quants/resolve/c0ffee/{*name}", get(model))
            .route("/api/models/o/m/revision/main", get(helpers_listing))
            .route("/o/m/resolve/c0ffee/{*name}", get(model))
            .route("/elsewhere/{*name}", get(file))
            .with_state(Arc::clone(self));
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
        format!("http://{address}")
    }
}

pub(super) fn right_sha256() -> String {
    hexadecimal(&Sha256::digest(WEIGHTS))
}

async fn encoder_listing(State(stub): State<Arc<Stub>>) -> Response {
    let act = stub.listings.lock().unwrap().pop_front();
    if let Some(StubAction::Status(status, retry_after)) = act {
        return refusal(status, retry_after);
    }
    axum::Json(serde_json::json!({"sha": COMMIT, "siblings": [
        {"rfilename": "config.json", "size": 2},
        {"rfilename": "tokenizer.json", "size": 2},
        {"rfilename": "1_Pooling/config.json", "size": 2},
        {"rfilename": "pytorch_model.bin", "size": 9},
        {"rfilename": "model.safetensors", "size": WEIGHTS.len(), "lfs": {"sha256": stub.sha256}},
    ]}))
    .into_response()
}

async fn quants_listing(State(stub): State<Arc<Stub>>) -> impl IntoResponse {
    let files = stub.quants.iter().map(|name| serde_json::json!({"rfilename": name, "size": 12}));
    axum::Json(serde_json::json!({"sha": COMMIT, "siblings": files.collect::<Vec<_>>()}))
}

/// A model with the files that publishers put beside it, without sizes.
async fn helpers_listing() -> impl IntoResponse {
    let names = ["m-UD-Q4_K_XL.gguf", "MTP/m-mtp-Q8_0.gguf", "mmproj-F16.gguf"];
    let files = names.map(|name| serde_json::json!({"rfilename": name}));
    axum::Json(serde_json::json!({"sha": COMMIT, "siblings": files}))
}

async fn model() -> &'static [u8] {
    b"GGUF\x03\0\0\0rest"
}

fn refusal(status: u16, retry_after: Option<u64>) -> Response {
    let mut answer = StatusCode::from_u16(status).unwrap().into_response();
    if let Some(seconds) = retry_after {
        answer.headers_mut().insert("retry-after", seconds.into());
    }
    answer
}

async fn file(
    State(stub): State<Arc<Stub>>,
    Path(name): Path<String>,
    headers: HeaderMap,
) -> Response {
    if name.ends_with(".json") {
        return "{}".into_response();
    }
    let text = |name: &str| headers.get(name).map(|value| value.to_str().unwrap().to_owned());
    let range = text("range");
    stub.seen.lock().unwrap().push((range.clone(), text("authorization")));
    let start: usize = range.as_deref().map_or(0, |range| {
        range.trim_start_matches("bytes=").trim_end_matches('-').parse().unwrap()
    });
    if start >= WEIGHTS.len() {
        return StatusCode::RANGE_NOT_SATISFIABLE.into_response();
    }
    let act = stub.weights.lock().unwrap().pop_front();
    match act {
        Some(StubAction::Status(status, retry_after)) => refusal(status, retry_after),
        Some(StubAction::Redirect(place)) => {
            (StatusCode::FOUND, [("location", format!("{place}/{name}"))]).into_response()
        }
        Some(StubAction::IgnoreRange) => WEIGHTS.into_response(),
        Some(StubAction::WrongRange) => from(0, WEIGHTS.into(), StatusCode::PARTIAL_CONTENT),
        Some(StubAction::Short(bytes)) => {
            // A body without a length may end early; with one, the server would report an error.
            let part = Ok::<_, std::io::Error>(WEIGHTS[start..start + bytes].to_vec());
            from(start, Body::from_stream(futures::stream::iter([part])), status(start))
        }
        Some(StubAction::Cut(bytes)) => {
            let part = Ok(WEIGHTS[start..start + bytes].to_vec());
            let mut received = stub.received.subscribe();
            let goal = *stub.received.borrow() + bytes;
            let broken = async move {
                received.wait_for(|received| *received >= goal).await.unwrap();
                Err(std::io::Error::other("broken"))
            };
            let parts = futures::stream::iter([part]).chain(futures::stream::once(broken));
            from(start, Body::from_stream(parts), status(start))
        }
        None => from(start, WEIGHTS[start..].to_vec().into(), status(start)),
    }
}

fn status(start: usize) -> StatusCode {
    if start > 0 { StatusCode::PARTIAL_CONTENT } else { StatusCode::OK }
}

fn from(start: usize, body: Body, status: StatusCode) -> Response {
    let (last, length) = (WEIGHTS.len() - 1, WEIGHTS.len());
    let range = format!("bytes {start}-{last}/{length}");
    let mut answer = (status, body).into_response();
    if status == StatusCode::PARTIAL_CONTENT {
        answer.headers_mut().insert("content-range", range.parse().unwrap());
    }
    answer
}
