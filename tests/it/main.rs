//! The gateway as its users meet it: the real program, real models, over HTTP and the terminal.
//!
//! Needs the encoder under `models/` (`scripts/fetch-encoder`); `scripts/test` sees to it.

mod bench_http;
mod callbacks;
mod command_line;
mod conversation;
mod engine_parity;
mod erasure;
mod full_disk;
mod keys;
mod models;
mod openai;
mod openai_client;
mod respond;
mod server;
mod serving;
mod starting;
mod vocabularies;
