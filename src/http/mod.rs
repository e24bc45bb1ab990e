//! The HTTP layer: routes, wire types, keys and limits.
//!
//! Nothing outside this module knows a status code. Import from the file that defines an item; this
//! file re-exports nothing, so that files do not import each other in circles.

mod access;
mod body;
mod catalog;
mod classify;
mod customers;
pub(crate) mod encode;
mod error;
mod fields;
mod guard;
mod health;
pub(crate) mod keys;
mod meaning;
mod models;
mod openai;
mod openapi;
pub(crate) mod rate;
mod request_id;
mod respond;
pub(crate) mod routes;
pub(crate) mod startup;
pub(crate) mod state;
mod suggest;
mod supplied;
mod threads;
mod turn_request;
mod turns;
pub(crate) mod wire;
