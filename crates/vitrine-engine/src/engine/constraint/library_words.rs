//! Turns the compiler's messages into one sentence for clients.
//!
//! The compiler reports its own panics, state dumps and source excerpts of several lines. None of
//! them reaches a client.

/// Longest message of the compiler that is passed on, in characters.
const LENGTH_MAX: usize = 200;

/// Said in place of a message that is not meant for users.
pub(super) const INTERNAL: &str = "the grammar's compiler fails on it";

/// The reason why a part of a schema does not compile.
pub(super) fn of_schema(message: &str) -> String {
    if let Some(keys) = message.strip_prefix("Unimplemented keys: ") {
        let keys: Vec<&str> = keys.split('"').skip(1).step_by(2).collect();
        let keys = keys.join("`, `");
        return match keys.contains(',') {
            true => format!("keywords `{keys}` are not supported"),
            false => format!("keyword `{keys}` is not supported"),
        };
    }
    if let Some(reason) = message.strip_prefix("Unsatisfiable schema: ") {
        return format!("it allows no value: {}", of_text(reason));
    }
    of_text(message)
}

/// A message in one line, without the marks that point into a line above.
pub(super) fn of_text(message: &str) -> String {
    let is_internal = ["panic", "backtrace", "internal error", "bug"];
    if is_internal.iter().any(|word| message.to_ascii_lowercase().contains(word)) {
        return INTERNAL.to_owned();
    }
    let message = message.replace("<non-verbose/>", "");
    let says = |line: &&str| !line.is_empty() && !line.bytes().all(|byte| byte == b'^');
    let line = message.lines().map(str::trim).filter(says).collect::<Vec<_>>().join("; ");
    match line.char_indices().nth(LENGTH_MAX) {
        Some((end, _)) => format!("{}…", &line[..end]),
        None => line,
    }
}
