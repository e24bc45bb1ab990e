//! Integration tests: the real program with real models, over HTTP and on the command line.
//!
//! They need the encoder under `models/`, which `scripts/test` fetches (`scripts/fetch-encoder`).

mod audit;
mod bench_http;
mod callbacks;
mod chat_templates;
mod command_line;
mod configuration;
mod conversation;
mod draining;
mod engine_parity;
mod erasure;
mod full_disk;
mod golden;
mod keys;
mod logs;
mod metrics;
mod models;
mod openai;
mod openai_client;
mod peers;
mod persons;
mod requests;
mod respond;
mod server;
mod serving;
mod shop_files;
mod shop_import;
mod starting;
mod structured_output;
mod vocabularies;
mod web_page;
mod words_of_customers;
