//! Types shared by all layers: ids, money, languages, channels, time, byte sizes, the memory
//! ledger, metadata and metric names.
//!
//! Must not depend on models, HTTP or storage, nor on any other module of the crate.

#![forbid(unsafe_code)]

pub mod causes;
pub mod channel;
pub mod clock;
pub mod digest;
pub mod ids;
pub mod language;
pub mod localized;
pub mod memory;
pub mod metadata;
pub mod money;
pub mod telemetry;
pub mod units;
