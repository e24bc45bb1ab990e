//! vitrine: one customer's turn in, one decided answer out.
//!
//! In reading order, from the ground up; a module uses only modules above it in this list
//! (`tests/tidy.rs` holds the exact table).

pub mod hub;

pub mod catalog;
pub mod channels;
pub mod offers;

pub mod turn;

pub mod http;

pub mod config;

mod app;

pub mod cli;
