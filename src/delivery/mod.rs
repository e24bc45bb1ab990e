//! Delivers jobs to the shop's callback addresses: the answers of turns accepted by
//! `POST /v1/turns`, and hand-off packets.
//!
//! A transactional outbox: a job is stored in the transaction that causes it, and stays in the
//! store until it is done. `runner` runs the jobs, `outbox` decides about retries, and
//! `callback_sender` posts.
//!
//! Source: the transactional outbox pattern.

pub(crate) mod callback_sender;
pub(crate) mod outbox;
pub(crate) mod runner;
