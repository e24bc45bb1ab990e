//! Regular expressions of the test files: Python's, look-around included, searched in folded text
//! without regard to letter case.

use crate::text::fold;
use fancy_regex::Regex;
use std::iter::Peekable;
use std::str::Chars;

/// A compiled regular expression. `.` also matches line breaks.
#[derive(Debug, Clone)]
pub(crate) struct Pattern {
    source: String,
    regex: Regex,
}

impl Pattern {
    /// The words found in a text, as folded; `None` if there are none, or if the search takes more
    /// steps than the engine allows.
    pub(crate) fn find(&self, text: &str) -> Option<String> {
        let folded = fold(text);
        self.regex.find(&folded).ok().flatten().map(|found| found.as_str().to_owned())
    }

    pub(crate) fn is_in(&self, text: &str) -> bool {
        self.find(text).is_some()
    }

    /// The expression as the file has it.
    pub(crate) fn source(&self) -> &str {
        &self.source
    }
}

impl TryFrom<String> for Pattern {
    type Error = String;

    fn try_from(source: String) -> Result<Self, String> {
        match Regex::new(&format!("(?is){}", translated(&fold(&source)))) {
            Ok(regex) => Ok(Self { source, regex }),
            Err(cause) => Err(format!("`{source}` is not a regular expression: {cause}")),
        }
    }
}

/// A Python expression in the engine's syntax, where the two differ: `$` also matches before a
/// final line break, `\Z` is the end of the text, and in a class `[`, `&&` and `~~` have no meaning
/// of their own.
fn translated(pattern: &str) -> String {
    let mut out = String::with_capacity(pattern.len());
    let mut rest = pattern.chars().peekable();
    while let Some(character) = rest.next() {
        match character {
            '\\' => escape(&mut out, &mut rest),
            '$' => out.push_str(r"(?=\n?\z)"),
            '[' => class(&mut out, &mut rest),
            other => out.push(other),
        }
    }
    out
}

/// What follows a backslash outside a class.
fn escape(out: &mut String, rest: &mut Peekable<Chars>) {
    match rest.next() {
        Some('Z') => out.push_str(r"\z"),
        Some(literal @ ('<' | '>')) => out.push(literal),
        Some(other) => out.extend(['\\', other]),
        None => out.push('\\'),
    }
}

/// A class after its opening bracket, up to and with the closing one.
fn class(out: &mut String, rest: &mut Peekable<Chars>) {
    out.push('[');
    if rest.next_if_eq(&'^').is_some() {
        out.push('^');
    }
    if rest.next_if_eq(&']').is_some() {
        out.push_str(r"\]");
    }
    while let Some(character) = rest.next() {
        match character {
            ']' => return out.push(']'),
            '\\' => out.extend(['\\'].into_iter().chain(rest.next())),
            special @ ('[' | '&' | '~') => out.extend(['\\', special]),
            other => out.push(other),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pattern(source: &str) -> Pattern {
        Pattern::try_from(source.to_owned()).unwrap()
    }

    #[test]
    fn case_accents_and_spaces_are_ignored() {
        assert!(pattern("épuisé|rupture").is_in("Désolé, EPUISE."));
        assert!(pattern("149 ?€").is_in("149\u{a0}€"));
        assert!(pattern("grö(ß|ss)e").is_in("Welche Größe?"));
        assert!(!pattern("taille").is_in("Pointure 43"));
    }

    #[test]
    fn look_around_and_python_s_own_syntax_work() {
        let amount = pattern(r"(?<![\d.,])119([.,]00)?(?![\d]|[.,]\d) ?(€|eur)");
        assert!(amount.is_in("Elle coûte 119,00 €."));
        assert!(!amount.is_in("1119,00 €"));
        let size = pattern(r"[=/_-]43(?=$|[&#/?_-])");
        assert!(size.is_in("https://shop.example/c?size=43"));
        assert!(size.is_in("https://shop.example/c?size=43&q=1"));
        assert!(!size.is_in("https://shop.example/c?size=430"));
        assert!(pattern(r"[[&&]x").is_in("&x"));
        assert!(pattern(r"end$").is_in("the end\n"));
        assert!(!pattern(r"end\Z").is_in("the end\n"));
        assert!(pattern(r"[]a]$").is_in("]"));
    }

    #[test]
    fn what_is_no_expression_is_refused_with_its_text() {
        let refused = Pattern::try_from("(open".to_owned()).unwrap_err();
        assert!(refused.starts_with("`(open` is not a regular expression"), "{refused}");
    }
}
