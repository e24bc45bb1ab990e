//! The HTTP layer: routes, wire types, keys and limits.
//!
//! Nothing outside this module knows a status code. Import from the file that defines an item; this
//! file re-exports nothing, so that files do not import each other in circles.

mod access;
mod access_log;
pub(crate) mod audit;
pub(crate) mod audit_file;
mod body;
mod browser;
mod catalog;
mod classify;
pub(crate) mod connection;
pub(crate) mod conversation_tests;
mod customers;
mod dialogue;
pub(crate) mod drain;
pub(crate) mod encode;
mod error;
mod exposition;
mod fields;
mod guard;
mod health;
mod held;
mod incoming;
pub(crate) mod keys;
pub(crate) mod listen;
mod meaning;
mod model_tests;
mod models;
mod openai;
mod openapi;
mod path;
mod progress;
pub(crate) mod rate;
mod request_id;
mod respond;
pub(crate) mod routes;
pub(crate) mod slots;
mod socket;
pub(crate) mod startup;
pub(crate) mod state;
mod suggest;
mod supplied;
mod threads;
mod transport;
mod turn_request;
mod turns;
pub(crate) mod wire;
