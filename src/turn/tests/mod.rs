//! What the gateway promises of turns, held against a drafter that waits to be told.

mod bursts;
mod customers;
mod desk;
mod histories;
mod owners;
mod storm;
