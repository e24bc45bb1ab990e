//! Why a generation's constraint cannot continue.

/// Why a constraint cannot continue.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ConstraintFault {
    /// No token of the model's vocabulary continues the text in an allowed way.
    #[error("the model has no allowed token")]
    NoToken,
    /// A chosen token was not allowed.
    #[error("token id {token_id} is not allowed here")]
    Forbidden {
        /// The token's id.
        token_id: u32,
    },
    /// Following the grammar exceeds its cost limit.
    #[error("it is too complex: {reason}")]
    TooComplex {
        /// The matcher's error.
        reason: String,
    },
}
