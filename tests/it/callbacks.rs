//! Callbacks: accepted turns are answered to the shop's webhook, signed, also across a restart;
//! deliveries that keep failing are listed as dead.

use crate::server::Gateway;
use crate::server::client;
use serde_json::Value;
use serde_json::json;
use std::io::Read;
use std::io::Write;
use std::net::TcpListener;
use std::sync::mpsc;

/// Keeps the gateway from using the machine's proxy for the receiver.
pub(crate) const NO_PROXY: (&str, &str) = ("NO_PROXY", "127.0.0.1");

/// A received delivery: its head in lower case, and its body.
#[derive(Debug)]
pub(crate) struct Delivery {
    pub(crate) head: String,
    pub(crate) body: Vec<u8>,
}

/// Starts a webhook on a free port that answers the first `refused` deliveries with 500.
pub(crate) fn receiver(refused: usize) -> (String, mpsc::Receiver<Delivery>) {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let url = format!("http://{}/hook", listener.local_addr().expect("an address"));
    let (sender, deliveries) = mpsc::channel();
    std::thread::spawn(move || {
        for (number, stream) in listener.incoming().enumerate() {
            let Ok(mut stream) = stream else { return };
            let mut bytes = Vec::new();
            let mut buffer = [0; 4096];
            let (head, body) = loop {
                let read = stream.read(&mut buffer).unwrap_or(0);
                bytes.extend_from_slice(&buffer[..read]);
                let end = bytes.windows(4).position(|window| window == b"\r\n\r\n");
                if let Some(end) = end {
                    let head = String::from_utf8_lossy(&bytes[..end]).to_lowercase();
                    let length = head
                        .lines()
                        .find_map(|line| line.strip_prefix("content-length: "))
                        .and_then(|length| length.trim().parse::<usize>().ok())
                        .unwrap_or(0);
                    if bytes.len() >= end + 4 + length {
                        break (head, bytes[end + 4..].to_vec());
                    }
                }
                if read == 0 {
                    return;
                }
            };
            let status = if number < refused { "500 No" } else { "200 OK" };
            let answer =
                format!("HTTP/1.1 {status}\r\ncontent-length: 0\r\nconnection: close\r\n\r\n");
            let _ = stream.write_all(answer.as_bytes());
            if sender.send(Delivery { head, body }).is_err() {
                return;
            }
        }
    });
    (url, deliveries)
}

pub(crate) fn header<'a>(delivery: &'a Delivery, name: &str) -> &'a str {
    let line = delivery.head.lines().find_map(|line| line.strip_prefix(&format!("{name}: ")));
    line.unwrap_or_else(|| panic!("no header {name} in {}", delivery.head)).trim()
}

fn turn(id: &str) -> Value {
    json!({
        "thread_id": "later", "channel": "whatsapp", "deadline_ms": 60_000,
        "message": { "id": id, "text": "Bonjour" },
    })
}

#[tokio::test]
async fn an_accepted_turn_is_answered_to_the_callback_after_a_restart_and_a_refusal() {
    let (url, deliveries) = receiver(1);
    let nobody = "http://127.0.0.1:9/hook";
    let first = Gateway::start(&[("VITRINE_CALLBACKS__TURNS_URL", nobody), NO_PROXY]);
    let (status, accepted) = first.post("/v1/turns", &turn("m-1")).await;
    assert_eq!(status, 202, "{accepted}");
    let (status, again) = first.post("/v1/turns", &turn("m-1")).await;
    assert_eq!((status.as_u16(), &again), (202, &accepted), "accepted once");
    let (_, data) = first.terminate();

    let second = Gateway::start_in(
        data,
        &[
            ("VITRINE_CALLBACKS__TURNS_URL", &url),
            ("VITRINE_CALLBACKS__SECRET", "shared"),
            ("VITRINE_CALLBACKS__BACKOFF_MS", "20"),
            ("VITRINE_CALLBACKS__BACKOFF_MS_MAX", "50"),
            NO_PROXY,
        ],
    );
    let refused = deliveries.recv().expect("a first try");
    let taken = deliveries.recv().expect("a second try");
    assert_eq!(refused.body, taken.body, "the same answer at every try");
    assert_eq!(header(&refused, "vitrine-delivery"), header(&taken, "vitrine-delivery"));
    assert_eq!(header(&taken, "vitrine-delivery"), accepted["delivery_id"].as_str().unwrap());
    assert_eq!(header(&taken, "vitrine-event"), "turn.answered");
    let signature = header(&taken, "vitrine-signature");
    assert_eq!(signature.len(), "sha256=".len() + 64, "{signature}");
    let answer: Value = serde_json::from_slice(&taken.body).expect("JSON");
    assert_eq!(answer["thread_id"], "later");
    assert_eq!(answer["intent"]["label"], "greet");

    let (_, replayed) = second.post("/respond", &turn("m-1")).await;
    assert_eq!(replayed, answer, "the same message to /respond gets the same answer");
    let (_, kept) = second.get("/v1/threads/later").await;
    let kept: Value = serde_json::from_str(&kept).expect("JSON");
    assert_eq!(kept["turns"].as_array().map(Vec::len), Some(1));
}

#[tokio::test]
async fn deliveries_that_always_fail_are_listed_as_dead() {
    let (url, deliveries) = receiver(usize::MAX);
    let gateway = Gateway::start(&[
        ("VITRINE_CALLBACKS__HANDOFF_URL", &url),
        ("VITRINE_CALLBACKS__ATTEMPTS_MAX", "2"),
        ("VITRINE_CALLBACKS__BACKOFF_MS", "20"),
        NO_PROXY,
    ]);
    let (status, refused) = gateway.post("/v1/turns", &turn("m-1")).await;
    assert_eq!((status.as_u16(), &refused["error"]["code"]), (422, &json!("no_callback")));
    let complaint = json!({
        "thread_id": "angry", "channel": "whatsapp", "deadline_ms": 60_000,
        "message": { "text": "C'est honteux, votre service client est nul, je suis furieux" },
    });
    let (_, answer) = gateway.post("/respond", &complaint).await;
    assert_eq!(answer["handoff"]["reason"], "complaint", "{answer}");
    for _ in 0..2 {
        let delivery = deliveries.recv().expect("a try");
        assert_eq!(header(&delivery, "vitrine-event"), "handoff.offered");
        assert!(delivery.body.len() <= 4 * 2000);
        let packet: Value = serde_json::from_slice(&delivery.body).expect("JSON");
        assert_eq!(packet["reason"], "complaint");
        assert_eq!(packet["epoch"], answer["epoch"]);
    }
    // After the second refusal the job is marked dead, shortly after our response.
    let dead = loop {
        let (status, text) = gateway.get("/v1/deliveries/dead").await;
        assert_eq!(status, 200);
        let dead: Value = serde_json::from_str(&text).expect("JSON");
        if dead["deliveries"].as_array().is_some_and(|jobs| !jobs.is_empty()) {
            break dead;
        }
        tokio::task::yield_now().await;
    };
    assert_eq!(dead["deliveries"][0]["thread_id"], "angry");
    assert_eq!(dead["deliveries"][0]["attempts"], 2);
    assert_eq!(dead["deliveries"][0]["last_error"], "the receiver answered 500");
    let metrics = client().get(format!("{}/metrics", gateway.url)).send().await.unwrap();
    let metrics = metrics.text().await.unwrap();
    assert!(metrics.contains("vitrine_deliveries_total{kind=\"handoff\",outcome=\"dead\"} 1"));
}
