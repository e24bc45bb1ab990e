//! Types shared by all layers: ids, money, languages, channels, time, byte sizes, text files and
//! tables, the memory ledger, metadata, the log's queue and metric names.
//!
//! Depends on no other crate of the workspace, and not on models, HTTP or storage.

#![forbid(unsafe_code)]

pub mod causes;
pub mod channel;
pub mod clock;
pub mod digest;
pub mod ids;
pub mod language;
pub mod localized;
pub mod log_queue;
pub mod memory;
pub mod metadata;
pub mod money;
pub mod table;
pub mod telemetry;
pub mod text_file;
pub mod units;
