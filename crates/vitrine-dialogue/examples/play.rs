//! Plays conversation tests against the dialogue alone: no server, no store, no models.
//!
//! `cargo run --example play -- SHOP_DIR FILE…  [--all]`; files of the folder `LOCALES` replace the
//! built-in languages, and with `COMMANDS` each message is printed with what it is read into.

#![allow(
    clippy::unwrap_used,
    clippy::print_stdout,
    clippy::print_stderr,
    clippy::disallowed_methods,
    reason = "a tool for a person at a terminal: it prints, measures and stops at the first fault"
)]

#[path = "../tests/playing/mod.rs"]
mod playing;

use playing::Shop;
use playing::Threads;
use serde_json::Value;
use std::path::Path;
use std::path::PathBuf;
use std::time::Instant;
use vitrine_dialogue::shop::Language;
use vitrine_judge::Outcome;
use vitrine_judge::Player;
use vitrine_judge::Reply;

fn main() {
    let mut arguments: Vec<String> = std::env::args().skip(1).collect();
    let all = arguments.iter().any(|argument| argument == "--all");
    arguments.retain(|argument| argument != "--all");
    let files: Vec<PathBuf> = arguments[1..].iter().map(PathBuf::from).collect();
    let locales = std::env::var_os("LOCALES").map(PathBuf::from);
    let shop = Shop::open(Path::new(&arguments[0]), locales.as_deref());
    let judged = shop.judged();
    let conversations = vitrine_judge::load(&files).unwrap();
    let mut threads = Threads::new(&shop);
    let mut played = Vec::new();
    for conversation in &conversations {
        let spoken = Language::from_locale(conversation.language()).unwrap();
        let mut player = Player::new(&judged, conversation, "play");
        while let Some(request) = player.next_request() {
            let began = Instant::now();
            let turned = threads.respond(&request, spoken);
            let ms = began.elapsed().as_secs_f64() * 1e3;
            if std::env::var_os("COMMANDS").is_some() {
                let said = serde_json::to_string(&turned.reading.commands).unwrap();
                let text: &Value = &request["message"]["text"];
                eprintln!("{text} [{}] {said}", spoken.code());
            }
            player.receive(Reply { status: 200, body: playing::body(&turned, spoken), ms });
        }
        played.push(player.finish());
    }
    for conversation in played.iter().filter(|played| all || !played.passed()) {
        println!("{}", vitrine_judge::exchanges(conversation));
    }
    println!("{}", vitrine_judge::table(&Outcome::new(played)));
}
