//! Words for the errors of chat templates.

use minijinja::Error;
use minijinja::ErrorKind;

/// Longest part of a template's own message that is passed on, in characters.
const WORDS_MAX: usize = 400;

/// Marks an error that the template raised itself.
#[derive(Debug, thiserror::Error)]
#[error("raised by the template")]
struct Raised;

/// The error of a template that calls `raise_exception`.
pub(super) fn raised(message: String) -> Error {
    Error::new(ErrorKind::InvalidOperation, message).with_source(Raised)
}

/// One sentence: the template's own words where it refuses the messages, otherwise what failed in
/// which line.
pub(super) fn template_words(error: &Error) -> String {
    let is_own = std::error::Error::source(error).is_some_and(|source| source.is::<Raised>());
    let detail = error.detail().unwrap_or_default();
    if is_own {
        return format!("the chat template refuses the messages: {}", printable(detail));
    }
    let place = error.line().map(|line| format!(" in line {line}")).unwrap_or_default();
    if error.kind() == ErrorKind::OutOfFuel {
        return format!("the chat template takes too many steps{place}");
    }
    let kind = error.kind();
    let what = if detail.is_empty() { kind.to_string() } else { format!("{kind}: {detail}") };
    format!("the chat template fails{place}: {}", printable(&what))
}

/// A text without control characters, cut to a length that fits a sentence.
fn printable(text: &str) -> String {
    let mut shown: String = text
        .chars()
        .take(WORDS_MAX)
        .map(|character| if character.is_control() { ' ' } else { character })
        .collect();
    if text.chars().nth(WORDS_MAX).is_some() {
        shown.push('…');
    }
    shown
}
