//! The log never ends the service: a pipe that closes, a disk that is full, a reader that stops.
//! What cannot be written is dropped and counted.

use crate::server::client;
use crate::server::vitrine;
use serde_json::Value;
use serde_json::json;
use std::fs::File;
use std::io::BufRead;
use std::io::BufReader;
use std::net::TcpListener;
use std::process::Child;
use std::process::Command;
use std::process::Stdio;
use tempfile::TempDir;

/// A gateway whose log the test controls; it is killed when dropped.
struct Process {
    child: Child,
    url: String,
    _data: TempDir,
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// An address on which nothing listens.
fn free_address() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    listener.local_addr().expect("an address").to_string()
}

fn start(stderr: Stdio, level: &str) -> Process {
    let data = tempfile::tempdir().expect("a folder");
    let address = free_address();
    let child = vitrine(&data)
        .args(["serve", "--bind", &address])
        .env("VITRINE_LOG__LEVEL", level)
        .stderr(stderr)
        .spawn()
        .expect("the program starts");
    Process { child, url: format!("http://{address}"), _data: data }
}

impl Process {
    /// Waits until the gateway is ready.
    async fn ready(&mut self) {
        loop {
            assert_eq!(self.child.try_wait().expect("a status"), None, "the gateway ended");
            let answer = client().get(format!("{}/readyz", self.url)).send().await;
            if answer.is_ok_and(|answer| answer.status() == 200) {
                return;
            }
        }
    }

    /// Makes the gateway log warnings and errors, and answers as ever.
    async fn works(&mut self) {
        for _ in 0..20 {
            let broken = json!({ "model": "no-such-model" });
            let load = client().post(format!("{}/v1/models/load", self.url)).json(&broken);
            let status = load.send().await.expect("an answer").status();
            assert!(status.is_client_error(), "{status}");
            let turn = json!({ "channel": "sms", "message": { "text": "hello" } });
            let turn = client().post(format!("{}/respond", self.url)).json(&turn).send().await;
            let turn = turn.expect("an answer");
            assert_eq!(turn.status(), 200);
            let _: Value = turn.json().await.expect("JSON");
        }
        assert_eq!(self.child.try_wait().expect("a status"), None, "the gateway ended");
    }

    async fn lines_dropped(&self) -> f64 {
        let metrics = client().get(format!("{}/metrics", self.url)).send().await;
        let metrics = metrics.expect("an answer").text().await.expect("text");
        let line =
            metrics.lines().find(|line| line.starts_with("vitrine_log_lines_dropped_total "));
        line.and_then(|line| line.rsplit(' ').next()?.parse().ok()).expect("the metric")
    }

    fn stop(mut self) {
        let pid = self.child.id().to_string();
        assert!(Command::new("kill").args(["-TERM", &pid]).status().expect("kill runs").success());
        assert_eq!(self.child.wait().expect("it ends").code(), Some(0));
    }
}

#[tokio::test]
async fn requests_go_on_when_the_log_pipe_closes() {
    let mut gateway = start(Stdio::piped(), "debug");
    let mut log = BufReader::new(gateway.child.stderr.take().expect("a pipe"));
    log.read_line(&mut String::new()).expect("a first line");
    drop(log);
    gateway.ready().await;
    gateway.works().await;
    assert!(gateway.lines_dropped().await > 0.0);
    gateway.stop();
}

#[tokio::test]
async fn requests_go_on_when_the_log_disk_is_full_from_the_start() {
    let full = File::options().write(true).open("/dev/full").expect("a Linux machine");
    let mut gateway = start(full.into(), "info");
    gateway.ready().await;
    gateway.works().await;
    assert!(gateway.lines_dropped().await > 0.0);
    gateway.stop();
}

#[tokio::test]
async fn requests_go_on_when_nobody_reads_the_log() {
    let mut gateway = start(Stdio::piped(), "trace");
    // Kept open and never read: the pipe fills up.
    let unread = gateway.child.stderr.take().expect("a pipe");
    gateway.ready().await;
    gateway.works().await;
    gateway.stop();
    drop(unread);
}

#[test]
fn commands_end_with_their_own_exit_code_when_the_log_cannot_be_written() {
    let data = tempfile::tempdir().expect("a folder");
    for (arguments, code) in [
        (&["serve", "--bind", "not-an-address"][..], 2),
        (&["generate", "--model", "no-such-model", "--prompt", "a"][..], 1),
        (&["models", "verify", "no-such-model"][..], 1),
    ] {
        let full = File::options().write(true).open("/dev/full").expect("a Linux machine");
        let ended = vitrine(&data).args(arguments).stderr(full).status().expect("it runs");
        assert_eq!(ended.code(), Some(code), "{arguments:?}");
    }
}
