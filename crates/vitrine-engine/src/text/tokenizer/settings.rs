//! What encoding does with special tokens and with spellings of control tokens.

/// Whether to add the tokens that frame a sequence: `<s>`, or `[CLS]` … `[SEP]`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Special {
    /// Add them as configured in the tokenizer.
    Add,
    /// Never add them.
    Skip,
}

/// How spellings of control tokens in a text are encoded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Markup {
    /// As control tokens.
    Read,
    /// As plain text.
    Plain,
}
