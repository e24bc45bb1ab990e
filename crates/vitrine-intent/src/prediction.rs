//! The classification of a text.

use crate::meaning::Meaning;
use crate::signals::Signals;

/// A runner-up label of a prediction.
#[derive(Debug, Clone, PartialEq)]
pub struct Alternative {
    /// An in-scope label of the head.
    pub label: String,
    /// Calibrated probability, 0 to 1.
    pub confidence: f32,
}

/// Classification of one text.
#[derive(Debug, Clone, PartialEq)]
pub struct IntentPrediction {
    /// The best in-scope label, even when `abstained`.
    pub label: String,
    /// Calibrated probability of `label`, 0 to 1.
    pub confidence: f32,
    /// In-scope score, on the head's own scale; higher means more likely in scope. The head
    /// abstains below its threshold.
    pub in_scope: f32,
    /// True when the text probably matches no label; do not act on `label` then.
    pub abstained: bool,
    /// Ask the customer which label is meant when `confidence` leads the first runner-up by less
    /// than this; a difference of probabilities, 0 to 1.
    pub clarify_margin: f32,
    /// Up to three runners-up, best first.
    pub alternatives: Vec<Alternative>,
    /// Sentiment, urgency, sarcasm, profanity and buying stage.
    pub signals: Signals,
    /// What the text means, for comparing it with others; `None` if the head has no centre.
    pub meaning: Option<Meaning>,
}
