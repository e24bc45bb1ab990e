//! Result of training.

use crate::evaluation::Evaluation;
use crate::examples::Example;
use crate::head::Head;

/// An example whose held-out prediction confidently contradicts its label: possibly mislabelled.
#[derive(Debug, Clone, PartialEq)]
pub struct Suspect {
    /// The example with its given label.
    pub example: Example,
    /// Label predicted by classifiers that had not seen the example.
    pub predicted: String,
    /// Calibrated probability of that label, 0 to 1.
    pub confidence: f32,
}

/// Result of [`train`](super::train).
#[derive(Debug, Clone)]
pub struct Trained {
    /// The trained and calibrated head.
    pub head: Head,
    /// Metrics of the held-out predictions.
    pub held_out: Evaluation,
    /// Possibly mislabelled examples, at most 50, most confident contradiction first.
    pub suspects: Vec<Suspect>,
}
