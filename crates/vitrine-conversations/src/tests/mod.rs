//! Tests of the store as a whole; each file says what it tries to break.

mod crash;
mod damage;
mod disk;
mod ledger;
mod oracle;
mod retention;
mod store;
mod torn;
