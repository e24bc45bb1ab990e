//! vitrine: a self-hosted gateway that turns one customer message into one decided answer.
//!
//! Modules are listed from the lowest layer to the highest. A module uses only modules of lower
//! layers; `tests/tidy.rs` holds the exact table.

pub mod base;

pub mod kernels;

pub mod hub;
pub mod model;
pub mod text;

pub mod catalog;
pub mod channels;
pub mod engine;
pub mod intent;
pub mod offers;
pub mod threads;

pub mod turn;

pub mod http;

pub mod config;

mod app;

pub mod cli;
