//! vitrine: a self-hosted gateway that turns one customer message into one decided answer.
//!
//! Modules are listed from the lowest layer to the highest. A module uses only modules of lower
//! layers; `tests/tidy.rs` holds the exact table.

#![forbid(unsafe_code)]

mod hub;

pub mod channels;
pub mod offers;

mod turn;

mod delivery;

mod http;

mod config;

mod app;

pub mod cli;
