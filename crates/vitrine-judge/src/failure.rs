//! A check that does not hold.

/// A check that does not hold.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failure {
    /// The check's name.
    pub check: &'static str,
    /// What was found, and what was wanted.
    pub why: String,
}

impl Failure {
    pub(crate) fn new(check: &'static str, why: impl Into<String>) -> Self {
        Self { check, why: why.into() }
    }
}
