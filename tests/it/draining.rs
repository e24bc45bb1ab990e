//! Shutdown: while running requests finish, every other connection gets 503; what outlives the
//! drain ends with an error that clients can read.

use crate::server::Gateway;
use crate::server::client;
use crate::server::vitrine;
use serde_json::Value;
use serde_json::json;
use std::io::BufRead;
use std::io::BufReader;
use std::io::Read;
use std::io::Write;
use std::net::TcpStream;
use std::process::Child;
use std::process::Command;
use std::process::Stdio;
use std::time::Duration;

/// Long enough for any machine; the tests do not wait for it.
const LONG: Duration = Duration::from_secs(60);

/// A turn that waits for more messages, for as long as the gateway is told to.
fn waiting(stream: bool) -> Value {
    let message = json!({ "text": "hello" });
    json!({ "channel": "webchat", "message": message, "debounce": true, "stream": stream })
}

fn ask(gateway: &Gateway, body: &Value) -> reqwest::RequestBuilder {
    client().post(format!("{}/respond", gateway.url)).json(body)
}

/// The status of a request on a connection that was opened earlier.
fn status_on(kept: &mut TcpStream, path: &str) -> u16 {
    write!(kept, "GET {path} HTTP/1.1\r\nhost: localhost\r\n\r\n").expect("sent");
    let mut reader = BufReader::new(kept);
    let mut line = String::new();
    reader.read_line(&mut line).expect("an answer");
    let status = line.split(' ').nth(1).and_then(|status| status.parse().ok());
    let mut length = 0;
    loop {
        line.clear();
        reader.read_line(&mut line).expect("headers");
        if let Some(value) = line.strip_prefix("content-length: ") {
            length = value.trim().parse().expect("a length");
        }
        if line == "\r\n" {
            break;
        }
    }
    reader.read_exact(&mut vec![0; length]).expect("a body");
    status.unwrap_or_else(|| panic!("{line:?}"))
}

#[tokio::test]
async fn while_draining_new_and_kept_connections_get_503_until_the_last_stream_has_ended() {
    let mut gateway = Gateway::start(&[
        ("VITRINE_DEBOUNCE__WEBCHAT_MS", "4000"),
        ("VITRINE_SERVER__DRAIN_MS", "60000"),
    ]);
    let address = gateway.url.strip_prefix("http://").expect("an address").to_owned();
    let mut kept = TcpStream::connect(&address).expect("connects");
    kept.set_read_timeout(Some(LONG)).expect("a timeout");
    assert_eq!(status_on(&mut kept, "/v1/models"), 200);
    let stream = ask(&gateway, &waiting(true)).send().await.expect("an answer");
    assert_eq!(stream.status(), 200);
    let whole = tokio::spawn(ask(&gateway, &waiting(false)).send());
    gateway.begin_stop();
    while gateway.get("/readyz").await.0 != 503 {}
    for path in ["/v1/models", "/metrics", "/", "/openapi.json", "/nowhere"] {
        let answer = client().get(format!("{}{path}", gateway.url)).send().await;
        let answer = answer.expect("new connections are accepted");
        assert_eq!(answer.status(), 503, "{path}");
        assert!(answer.headers().contains_key("retry-after"), "{path}");
        let body: Value = answer.json().await.expect("JSON");
        assert_eq!(body["error"]["message"], "the gateway is draining", "{path}");
    }
    let refused = ask(&gateway, &waiting(false)).send().await.expect("an answer");
    assert_eq!(refused.status(), 503);
    assert_eq!(gateway.get("/healthz").await.0, 200);
    for (path, status) in [("/v1/models", 503), ("/readyz", 503), ("/healthz", 200)] {
        assert_eq!(status_on(&mut kept, path), status, "{path} on a kept connection");
    }
    let events = stream.text().await.expect("a whole stream");
    assert!(events.contains("event: done"), "{events}");
    let whole = whole.await.expect("a task").expect("an answer");
    // It may have come after the signal.
    assert!([200, 503].contains(&whole.status().as_u16()), "{}", whole.status());
    assert_eq!(gateway.terminate().0, Some(0));
}

#[tokio::test]
async fn what_outlives_the_drain_ends_with_an_error_event_or_503() {
    let mut gateway = Gateway::start(&[
        ("VITRINE_DEBOUNCE__WEBCHAT_MS", "600000"),
        ("VITRINE_SERVER__DRAIN_MS", "300"),
    ]);
    let stream = ask(&gateway, &waiting(true)).send().await.expect("an answer");
    let completion = json!({
        "model": "drafter", "prompt": "a", "max_tokens": 450, "temperature": 50.0, "seed": 1,
    });
    let whole = tokio::spawn(ask(&gateway, &waiting(false)).send());
    // Both are running once this one has been answered.
    let first = client().post(format!("{}/v1/completions", gateway.url)).json(&completion);
    assert_eq!(first.send().await.expect("an answer").status(), 200);
    gateway.begin_stop();
    let events = stream.text().await.expect("the stream ends, it is not cut");
    let last = events.trim_end().rsplit("\n\n").next().expect("an event").to_owned();
    let data = last.strip_prefix("event: error\ndata: ").unwrap_or_else(|| panic!("{events}"));
    let data: Value = serde_json::from_str(data).expect("JSON");
    assert_eq!(data["error"]["code"], "unavailable");
    assert_eq!(data["error"]["message"], "the gateway is draining");
    let whole = whole.await.expect("a task").expect("an answer");
    assert_eq!(whole.status(), 503);
    let whole: Value = whole.json().await.expect("JSON");
    assert_eq!(whole["error"]["message"], "the gateway is draining");
    assert_eq!(gateway.terminate().0, Some(0));
}

fn signal(process: &Child, name: &str) {
    let sent = Command::new("kill").args([name, &process.id().to_string()]).status();
    assert!(sent.expect("kill runs").success());
}

#[tokio::test]
async fn a_second_signal_ends_the_process_at_once() {
    let data = tempfile::tempdir().expect("a folder");
    let mut process = vitrine(&data)
        .args(["serve", "--bind", "127.0.0.1:0"])
        .env("VITRINE_DEBOUNCE__WEBCHAT_MS", "600000")
        .env("VITRINE_SERVER__DRAIN_MS", "600000")
        .stderr(Stdio::piped())
        .spawn()
        .expect("the program starts");
    let mut lines = BufReader::new(process.stderr.take().expect("a pipe")).lines();
    let mut after = |mark: &str| {
        let line = lines.by_ref().map_while(Result::ok).find(|line| line.contains(mark));
        let line = line.unwrap_or_else(|| panic!("never logged `{mark}`"));
        line.split_once(mark).map(|(_, rest)| rest.to_owned()).expect("the mark")
    };
    let url = after("listening on ");
    let request = client().post(format!("{url}/respond")).json(&waiting(true));
    assert_eq!(request.send().await.expect("an answer").status(), 200);
    // The stream was dropped; this one is kept.
    let held = client().post(format!("{url}/respond")).json(&waiting(true)).send().await;
    signal(&process, "-TERM");
    after("draining running requests");
    signal(&process, "-INT");
    assert_eq!(process.wait().expect("it ends").code(), Some(1));
    drop(held);
}
