//! The lines of a prompt.

/// Who says a line of a prompt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Speaker {
    /// The instructions.
    System,
    /// A situation with its message.
    User,
    /// Commands.
    Assistant,
}

/// A line of a prompt.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    /// Who says it.
    pub speaker: Speaker,
    /// What is said; may hold several lines of text.
    pub text: String,
}

/// A line.
pub(super) fn line(speaker: Speaker, text: String) -> Line {
    Line { speaker, text }
}
