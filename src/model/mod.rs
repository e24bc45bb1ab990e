//! Weights and forward pass: one description serves every decoder family.

mod error;
mod forward;
mod step_input;

pub use error::ModelError;
pub use forward::Forward;
pub use forward::ForwardLimits;
pub use step_input::SequenceRows;
pub use step_input::StepInput;
pub use step_input::StepInputError;
