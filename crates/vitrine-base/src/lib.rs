//! Words every layer shares: ids, money, language, channel, time, units, memory, metric names.
//!
//! Nothing here knows about models, HTTP or storage; nothing here imports another module.

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
