//! The guarantees of the turn pipeline, tested with a drafter that the tests control.

mod bursts;
mod customers;
mod decisions;
mod encoding;
mod harness;
mod histories;
mod owners;
mod persons;
mod readers;
mod storm;
