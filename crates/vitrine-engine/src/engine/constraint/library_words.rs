//! Turns the compiler's messages into one sentence for clients.
//!
//! The compiler reports its own panics, state dumps and source excerpts of several lines. None of
//! them reaches a client.

/// Longest message of the compiler that is passed on, in characters.
const LENGTH_MAX: usize = 200;

/// Said in place of a message that is not meant for users.
pub(super) const INTERNAL: &str = "the grammar's compiler fails on it";

/// Words of messages that are not meant for users.
const INTERNAL_WORDS: [&str; 4] = ["panic", "backtrace", "internal error", "unwrap"];

/// First line of a message about a regular expression.
const REGEX_FAULT: &str = "regex parse error:";

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
    match regex_fault(message) {
        Some(fault) => format!("the pattern is not a supported regular expression: {fault}"),
        None => of_text(message),
    }
}

/// The reason why a regular expression does not compile.
pub(super) fn of_regex(message: &str) -> String {
    regex_fault(message).unwrap_or_else(|| of_text(position(message).1))
}

/// The reason why a Lark grammar does not compile, with line and column.
pub(super) fn of_lark(message: &str) -> String {
    let (place, rest) = position(message);
    match regex_fault(rest) {
        Some(fault) => format!("{place}the regular expression is not supported: {fault}"),
        None => format!("{place}{}", of_text(rest)),
    }
}

/// A message in one line, without excerpts of the source.
pub(super) fn of_text(message: &str) -> String {
    let lower = message.to_ascii_lowercase();
    if INTERNAL_WORDS.iter().any(|word| lower.contains(word)) {
        return INTERNAL.to_owned();
    }
    let message = message.replace("<non-verbose/>", "");
    let says = |line: &&str| {
        let is_excerpt = line
            .split_once('|')
            .is_some_and(|(number, _)| number.trim().bytes().all(|byte| byte.is_ascii_digit()));
        !is_excerpt && !line.bytes().all(|byte| byte == b'^')
    };
    let line = message.lines().map(str::trim).filter(says).collect::<Vec<_>>().join("; ");
    let line: String =
        line.chars().map(|letter| if letter.is_control() { ' ' } else { letter }).collect();
    match line.char_indices().nth(LENGTH_MAX) {
        Some((end, _)) => format!("{}…", &line[..end]),
        None => line,
    }
}

/// Splits `at 3(14): words` into `line 3, column 14: ` and the words.
fn position(message: &str) -> (String, &str) {
    let begin = message.strip_prefix("at ").unwrap_or(message);
    let parts = begin.split_once(": ").and_then(|(place, rest)| {
        let (line, column) = place.strip_suffix(')')?.split_once('(')?;
        let (line, column) = (line.parse::<usize>().ok()?, column.parse::<usize>().ok()?);
        Some((format!("line {line}, column {column}: "), rest))
    });
    parts.unwrap_or((String::new(), message))
}

/// What is wrong with a regular expression, and at which character; `None` if the message is about
/// something else.
fn regex_fault(message: &str) -> Option<String> {
    let (_, rest) = message.split_once(REGEX_FAULT)?;
    let lines: Vec<&str> = rest.lines().collect();
    let reason = lines.iter().find_map(|line| line.trim().strip_prefix("error: "))?;
    // The line under the expression marks the place, in an indented block.
    let is_mark = |line: &&&str| line.contains('^') && line.trim().bytes().all(|b| b == b'^');
    let mark = lines.iter().find(is_mark).and_then(|line| line.find('^'));
    let indent = lines.iter().find(|line| !line.trim().is_empty());
    let indent = indent.map_or(0, |line| line.len() - line.trim_start().len());
    Some(match mark.and_then(|mark| mark.checked_sub(indent)) {
        Some(at) => format!("{}, at character {}", of_text(reason), at + 1),
        None => of_text(reason),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const REGEX: &str = "regex parse error:\n    aé(\n      ^\nerror: unclosed group";

    #[test]
    fn fault_of_a_regular_expression_is_one_sentence_with_its_place() {
        assert_eq!(of_regex(REGEX), "unclosed group, at character 3");
        let lark = format!("at 2(8): invalid regex \"(\" (in regex): {REGEX}\n   2 | a: /(/\n");
        let words = "line 2, column 8: the regular expression is not supported: unclosed group, \
                     at character 3";
        assert_eq!(of_lark(&lark), words);
        assert!(of_schema(REGEX).ends_with("unclosed group, at character 3"));
    }

    #[test]
    fn excerpts_marks_and_dumps_are_left_out() {
        let lark = "1(10): lexer error\n   1 | start: \"a\n     |          ^\n<non-verbose/>";
        assert_eq!(of_lark(lark), "line 1, column 10: lexer error");
        let panic = "panic: index out of bounds\n<backtrace>\n 0: std::rt\n</backtrace>";
        assert_eq!((of_text(panic), of_schema(panic)), (INTERNAL.to_owned(), INTERNAL.to_owned()));
        assert_eq!(of_text(&"é".repeat(300)).chars().count(), LENGTH_MAX + 1);
        assert_eq!(
            of_schema("Unimplemented keys: [\"if\", \"not\"]"),
            "keywords `if`, `not` are not supported"
        );
    }
}
