//! Clients that stall at any place, send too much or come in numbers: each is answered or closed
//! within a named limit, and holds no request slot meanwhile.

use crate::server::Gateway;
use crate::server::client;
use serde_json::Value;
use serde_json::json;
use std::io::Read;
use std::io::Write;
use std::net::TcpStream;
use std::time::Duration;

/// Far longer than any limit under test: a hung test fails.
const LONG: Duration = Duration::from_secs(60);

/// A connection to the gateway on which `bytes` have been sent.
fn sent(gateway: &Gateway, bytes: &str) -> TcpStream {
    let address = gateway.url.strip_prefix("http://").expect("an address");
    let mut stream = TcpStream::connect(address).expect("the gateway accepts");
    stream.set_read_timeout(Some(LONG)).expect("a timeout");
    stream.write_all(bytes.as_bytes()).expect("sent");
    stream
}

/// A request whose body never ends.
fn half_a_body(path: &str) -> String {
    format!(
        "POST {path} HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\n\
         content-length: 100\r\n\r\n{{\"channel\""
    )
}

/// Everything that comes until the gateway closes the connection.
fn until_closed(mut stream: TcpStream) -> String {
    let mut bytes = Vec::new();
    // A reset after the answer is a close as well.
    let _ = stream.read_to_end(&mut bytes);
    String::from_utf8_lossy(&bytes).into_owned()
}

/// Status and error of a raw answer, which must have our shape and a request id.
fn error_of(answer: &str) -> (u16, Value) {
    let (head, body) = answer.split_once("\r\n\r\n").unwrap_or_else(|| panic!("{answer:?}"));
    let status = head.split(' ').nth(1).and_then(|status| status.parse().ok());
    let body: Value = serde_json::from_str(body).unwrap_or_else(|_| panic!("{answer:?}"));
    let id = body["error"]["request_id"].as_str().expect("a request id");
    assert!(!id.is_empty() && head.contains(&format!("x-request-id: {id}")), "{answer}");
    (status.expect("a status"), body["error"].clone())
}

fn assert_timed_out(answer: &str, key: &str) {
    let (status, error) = error_of(answer);
    assert_eq!((status, &error["code"]), (408, &json!("request_timeout")), "{answer}");
    assert!(error["message"].as_str().is_some_and(|text| text.contains(key)), "{answer}");
}

#[tokio::test]
async fn peers_that_stall_are_answered_408_and_hold_no_request_slot() {
    let gateway = Gateway::start(&[
        ("VITRINE_SERVER__REQUESTS_IN_FLIGHT_MAX", "2"),
        ("VITRINE_SERVER__BODY_IDLE_MS_MAX", "2000"),
        ("VITRINE_SERVER__HEADER_MS_MAX", "2000"),
    ]);
    let bodies: Vec<TcpStream> =
        ["/respond", "/v1/turns", "/v1/chat/completions", "/v1/embeddings", "/v1/classify"]
            .map(|path| sent(&gateway, &half_a_body(path)))
            .into();
    let chunked = "POST /v1/respond HTTP/1.1\r\nhost: localhost\r\ntransfer-encoding: chunked\r\n\
                   content-type: application/json\r\n\
                   \r\n5\r\n{\"cha";
    let chunked = sent(&gateway, chunked);
    let heads: Vec<TcpStream> =
        ["G", "GET / HTTP/1.1\r\n", "POST /respond HTTP/1.1\r\nhost: localhost\r\nx-never-ended: "]
            .map(|bytes| sent(&gateway, bytes))
            .into();
    let turn = json!({ "channel": "sms", "message": { "text": "hello" } });
    for _ in 0..3 {
        assert_eq!(gateway.post("/respond", &turn).await.0, 200, "a stalled peer holds a slot");
    }
    for stalled in bodies.into_iter().chain([chunked]) {
        assert_timed_out(&until_closed(stalled), "server.body_idle_ms_max");
    }
    for stalled in heads {
        assert_timed_out(&until_closed(stalled), "server.header_ms_max");
    }
}

#[test]
fn a_body_that_trickles_in_and_a_connection_without_a_request_end_at_their_limits() {
    let gateway = Gateway::start(&[
        ("VITRINE_SERVER__BODY_MS_MAX", "1000"),
        ("VITRINE_SERVER__IDLE_MS_MAX", "500"),
    ]);
    let idle = sent(&gateway, "");
    let mut trickling = sent(&gateway, &half_a_body("/respond"));
    // One byte whenever a short read brings nothing, so that no pause is long.
    trickling.set_read_timeout(Some(Duration::from_millis(20))).expect("a timeout");
    let mut answer = [0; 4096];
    let read = loop {
        match trickling.read(&mut answer) {
            Ok(read) => break read,
            Err(_) => trickling.write_all(b" ").expect("the body is still awaited"),
        }
    };
    assert_timed_out(&String::from_utf8_lossy(&answer[..read]), "server.body_ms_max");
    assert_eq!(until_closed(idle), "");
    let kept = sent(&gateway, "GET /healthz HTTP/1.1\r\nhost: localhost\r\n\r\n");
    assert!(until_closed(kept).starts_with("HTTP/1.1 200"), "a kept connection ends as well");
}

/// Method: the client asks for more than all buffers between it and the gateway hold, and reads
/// nothing; its writing ends when the gateway closes the connection.
#[test]
fn a_reader_that_stops_reading_is_closed() {
    let gateway = Gateway::start(&[("VITRINE_SERVER__WRITE_STALL_MS_MAX", "300")]);
    let request = "GET /openapi.json HTTP/1.1\r\nhost: localhost\r\n\r\n";
    let mut stalled = sent(&gateway, "");
    let written = stalled.write_all(request.repeat(200_000).as_bytes());
    assert!(written.is_err(), "the gateway read all requests");
}

#[test]
fn heads_that_are_too_large_or_malformed_get_our_errors() {
    let gateway = Gateway::start(&[("VITRINE_SERVER__HEADERS_BYTES_MAX", "8192")]);
    let large = "x".repeat(9_000);
    let many: String = (0..101).map(|at| format!("x-{at}: 1\r\n")).collect();
    let cases = [
        (format!("GET /v1/models HTTP/1.1\r\nx-large: {large}\r\n\r\n"), 431, "headers_too_large"),
        (format!("GET /v1/models HTTP/1.1\r\nx-never-ended: {large}"), 431, "headers_too_large"),
        (format!("GET /v1/models HTTP/1.1\r\n{many}\r\n"), 431, "headers_too_large"),
        ("GET /v1/models HTTP/9.9\r\n\r\n".to_owned(), 400, "malformed"),
        ("\u{1}\u{2}\u{3}\r\n\r\n".to_owned(), 400, "malformed"),
        ("GET /v1/models HTTP/1.1\r\nno colon\r\n\r\n".to_owned(), 400, "malformed"),
        ("POST /respond HTTP/1.1\r\ncontent-length: many\r\n\r\n".to_owned(), 400, "malformed"),
    ];
    for (request, status, code) in cases {
        let (found, error) = error_of(&until_closed(sent(&gateway, &request)));
        let start: String = request.chars().take(60).collect();
        assert_eq!((found, &error["code"]), (status, &json!(code)), "{start}: {error}");
    }
}

#[test]
fn a_body_that_is_too_large_is_413_before_it_is_sent() {
    let gateway = Gateway::start(&[("VITRINE_SERVER__BODY_BYTES_MAX", "1024")]);
    for head in ["content-length: 1025\r\nexpect: 100-continue", "content-length: 9000"] {
        let request = format!(
            "POST /respond HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\n\
             {head}\r\n\r\n"
        );
        let (status, error) = error_of(&until_closed(sent(&gateway, &request)));
        assert_eq!((status, &error["code"]), (413, &json!("body_too_large")), "{head}");
    }
}

#[tokio::test]
async fn further_connections_replace_idle_ones_and_probes_are_answered_beyond_the_limit() {
    let gateway = Gateway::start(&[("VITRINE_SERVER__CONNECTIONS_MAX", "4")]);
    let idle: Vec<TcpStream> = (0..4).map(|_| sent(&gateway, "")).collect();
    assert_eq!(gateway.get("/v1/models").await.0, 200, "an idle connection gives way");
    for idle in idle.into_iter().take(1) {
        assert_eq!(until_closed(idle), "");
    }
    let busy: Vec<TcpStream> = (0..4).map(|_| sent(&gateway, &half_a_body("/respond"))).collect();
    // The connections count from when the gateway has accepted them.
    let refused = loop {
        let (status, body) = gateway.get("/v1/models").await;
        if status != 200 {
            break (status, body);
        }
    };
    assert_eq!(refused.0, 503);
    assert!(refused.1.contains("too_many_connections"), "{}", refused.1);
    assert_eq!(gateway.get("/healthz").await.0, 200);
    assert_eq!(gateway.get("/readyz").await.0, 200);
    drop(busy);
    while gateway.get("/v1/models").await.0 != 200 {}
}

#[tokio::test]
async fn one_tenant_cannot_take_every_request_slot() {
    let keys = r#"[{ key = "key-of-one", tenant = "a" }, { key = "key-of-two", tenant = "b" }]"#;
    let gateway = Gateway::start(&[
        ("VITRINE_SERVER__API_KEYS", keys),
        ("VITRINE_SERVER__REQUESTS_IN_FLIGHT_MAX", "4"),
        ("VITRINE_DEBOUNCE__WEBCHAT_MS", "600000"),
    ]);
    let waiting = json!({
        "channel": "webchat", "message": { "text": "hello" }, "debounce": true, "stream": true,
    });
    let ask = async |key: &str, body: &Value| {
        let request = client().post(format!("{}/respond", gateway.url)).bearer_auth(key);
        request.json(body).send().await.expect("an answer")
    };
    let held = [ask("key-of-one", &waiting).await, ask("key-of-one", &waiting).await];
    assert!(held.iter().all(|answer| answer.status() == 200));
    let refused = ask("key-of-one", &waiting).await;
    assert_eq!(refused.status(), 429);
    assert!(refused.headers().contains_key("retry-after"));
    let refused: Value = refused.json().await.expect("JSON");
    assert_eq!(refused["error"]["code"], "busy");
    let message = refused["error"]["message"].as_str().expect("text").to_owned();
    assert!(message.contains("server.tenant_in_flight_max"), "{message}");
    let turn = json!({ "channel": "sms", "message": { "text": "hello" } });
    assert_eq!(ask("key-of-two", &turn).await.status(), 200);
    // A stream holds its slot until it ends, here because its client hangs up.
    drop(held);
    while ask("key-of-one", &turn).await.status() != 200 {}
}

#[tokio::test]
async fn request_ids_are_returned_and_unusable_ones_replaced() {
    let gateway = crate::server::shared();
    let id_of = async |given: &str| {
        let request = client().get(format!("{}/v1/nowhere", gateway.url));
        let answer = request.header("x-request-id", given).send().await.expect("an answer");
        let id = answer.headers()["x-request-id"].to_str().expect("text").to_owned();
        let body: Value = answer.json().await.expect("JSON");
        assert_eq!(body["error"]["request_id"], id.as_str());
        id
    };
    assert_eq!(id_of("order-42/a.b_c").await, "order-42/a.b_c");
    for given in ["two words", "a\tb", "é", "", &"x".repeat(65)] {
        let id = id_of(given).await;
        assert!(id != given && id.len() == 36, "{given:?} became {id}");
    }
}

/// The short form of `scripts/test-slow-peers`, which also measures the throughput.
#[tokio::test]
async fn honest_clients_are_all_answered_beside_many_stalled_peers() {
    let gateway = Gateway::start(&[("VITRINE_SERVER__REQUESTS_IN_FLIGHT_MAX", "16")]);
    let whole = half_a_body("/v1/chat/completions");
    // Each stops at another byte of the same request.
    let stalled: Vec<TcpStream> =
        (0..200).map(|at| sent(&gateway, &whole[..at * whole.len() / 200])).collect();
    let clients = (0..16).map(|number| {
        let gateway = &gateway;
        async move {
            for turn in 0..4 {
                let thread = format!("honest-{number}-{turn}");
                let message = json!({ "text": "hello" });
                let body = json!({ "channel": "sms", "thread_id": thread, "message": message });
                let (status, answer) = gateway.post("/respond", &body).await;
                assert_eq!(status, 200, "{answer}");
            }
        }
    });
    futures::future::join_all(clients).await;
    drop(stalled);
}
