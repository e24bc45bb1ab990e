//! What the gateway promises of turns, held against a drafter that waits to be told.

mod bursts;
mod customers;
mod desk;
mod oracle;
mod owners;
mod storm;
