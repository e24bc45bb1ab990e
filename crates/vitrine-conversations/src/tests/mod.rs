//! Tests of the store as a whole; each file names the failure it provokes.

mod crash;
mod damage;
mod disk;
mod erasure;
mod jobs;
mod ledger;
mod oracle;
mod retention;
mod store;
mod torn;
