//! Holds a conversation: message + state → commands → state → plan → words.
//!
//! [`dialogue::turn`] runs one turn. It is pure: equal inputs give equal outputs; clocks, models
//! and stores stay outside. In reading order: `command` (what a customer can say), `state` (what a
//! conversation remembers), `reader` (message → commands), `policy` (commands and state → plan),
//! `plan` (what a reply says), `words` (plan → text), `locale` (the words of each language),
//! `migrate` (what older versions stored).

#![forbid(unsafe_code)]

mod action;
pub mod command;
pub mod dialogue;
pub mod locale;
pub mod migrate;
pub mod plan;
pub mod policies;
pub mod policy;
pub mod reader;
pub mod shop;
pub mod state;
mod stems;
pub mod words;
