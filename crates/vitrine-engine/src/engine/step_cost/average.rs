//! Moving averages in integers.

/// Weight of the previous average, in eighths.
const OLD_EIGHTHS: u64 = 7;

/// The average after adding `sample`.
pub(super) fn blended(known: u64, sample: u64) -> u64 {
    known.saturating_mul(OLD_EIGHTHS).saturating_add(sample) / (OLD_EIGHTHS + 1)
}
