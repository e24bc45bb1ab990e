//! Reads test files: one conversation a line, as JSON.
//!
//! What the format does not know is an error, because a check that is misspelt and passed over
//! would make a test that cannot fail.

use crate::format::COMMON_FIELDS;
use crate::format::Common;
use crate::format::Goal;
use crate::format::KINDS;
use crate::format::Script;
use serde::de::DeserializeOwned;
use serde_json::Map;
use serde_json::Value;
use std::collections::HashSet;
use std::fmt::Display;
use std::path::Path;
use std::path::PathBuf;
use vitrine_base::text_file;
use vitrine_base::text_file::TextFileError;

/// Largest test file.
const FILE_BYTES_MAX: u64 = 64 << 20;

/// Most conversations of all files together.
const CONVERSATIONS_MAX: usize = 20_000;

/// Most turns of a script, and most messages of a simulated customer.
const TURNS_MAX: usize = 200;

/// Why test files cannot be played.
#[derive(Debug, thiserror::Error)]
pub enum SuiteError {
    /// The file cannot be read or is no text.
    #[error("cannot read the test file {}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        #[source]
        cause: TextFileError,
    },
    /// A line is not a conversation of the known form.
    #[error("{}:{line}: {}{reason}", path.display(), named(id))]
    Line {
        /// The file.
        path: PathBuf,
        /// Line, from 1.
        line: usize,
        /// Id of the conversation, as far as the line has one.
        id: Option<String>,
        /// What is wrong, with what is allowed.
        reason: String,
    },
    /// The files hold no conversation.
    #[error("the test files hold no conversation")]
    Empty,
}

fn named(id: &Option<String>) -> String {
    id.as_ref().map_or_else(String::new, |id| format!("conversation `{id}`: "))
}

/// One conversation to play.
#[derive(Debug, Clone)]
pub struct Conversation {
    pub(crate) common: Common,
    pub(crate) course: Course,
}

/// What the customer says.
#[derive(Debug, Clone)]
pub(crate) enum Course {
    /// Fixed words.
    Script(Script),
    /// Whatever leads to what is wanted.
    Goal(Box<Goal>),
}

impl Conversation {
    /// Id, unique among the files read together.
    #[must_use]
    pub fn id(&self) -> &str {
        &self.common.id
    }

    /// Code of the language that the customer writes.
    #[must_use]
    pub fn language(&self) -> &str {
        &self.common.language
    }

    /// Whether it has this tag, or this id.
    #[must_use]
    pub fn is_about(&self, tag_or_id: &str) -> bool {
        self.common.id == tag_or_id || self.common.tags.iter().any(|tag| tag == tag_or_id)
    }
}

/// Reads the conversations of several files.
///
/// # Errors
/// If a file cannot be read, or a line is not a conversation of the known form.
pub fn load(paths: &[PathBuf]) -> Result<Vec<Conversation>, SuiteError> {
    let mut conversations = Vec::new();
    let mut ids = HashSet::new();
    for path in paths {
        let text = text_file::read(path, FILE_BYTES_MAX)
            .map_err(|cause| SuiteError::File { path: path.clone(), cause })?;
        for (at, line) in text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty()) {
            let mut read = conversation(line);
            if let Ok(conversation) = &read
                && !ids.insert(conversation.common.id.clone())
            {
                read = Err((Some(conversation.common.id.clone()), "the id occurs twice".into()));
            }
            if conversations.len() == CONVERSATIONS_MAX {
                let reason = format!("more than {CONVERSATIONS_MAX} conversations");
                return Err(at_line(path, at + 1, (None, reason)));
            }
            conversations.push(read.map_err(|fault| at_line(path, at + 1, fault))?);
        }
    }
    if conversations.is_empty() { Err(SuiteError::Empty) } else { Ok(conversations) }
}

/// Id of the conversation, if it has one, and what is wrong.
type Fault = (Option<String>, String);

fn at_line(path: &Path, line: usize, (id, reason): Fault) -> SuiteError {
    SuiteError::Line { path: path.to_path_buf(), line, id, reason }
}

fn conversation(line: &str) -> Result<Conversation, Fault> {
    let mut fields: Map<String, Value> = serde_json::from_str(line)
        .map_err(|cause| (None, format!("not a JSON object: {cause}")))?;
    let id = fields.get("id").and_then(Value::as_str).map(str::to_owned);
    parsed(&mut fields).map_err(|reason| (id, reason))
}

fn parsed(fields: &mut Map<String, Value>) -> Result<Conversation, String> {
    let kind = fields.remove("kind").unwrap_or_default();
    let known = KINDS.into_iter().find(|(name, _)| kind.as_str() == Some(name));
    let Some((kind, own_fields)) = known else {
        return Err(format!("`kind` is {kind}; allowed: {}", list(KINDS.map(|(name, _)| name))));
    };
    let allowed = || COMMON_FIELDS.iter().chain(own_fields);
    if let Some(unknown) = fields.keys().find(|field| allowed().all(|name| name != field)) {
        return Err(format!("unknown field `{unknown}`; allowed: kind, {}", list(allowed())));
    }
    let own = own_fields.iter().filter_map(|name| fields.remove_entry(*name)).collect();
    let common: Common = read(std::mem::take(fields))?;
    for (name, value) in [("id", &common.id), ("language", &common.language)] {
        if value.is_empty() {
            return Err(format!("`{name}` is empty"));
        }
    }
    let course = if kind == KINDS[0].0 { script(read(own)?)? } else { goal(read(own)?)? };
    Ok(Conversation { common, course })
}

fn script(script: Script) -> Result<Course, String> {
    if !(1..=TURNS_MAX).contains(&script.turns.len()) {
        let found = script.turns.len();
        return Err(format!("`turns` has {found} entries; allowed: 1 to {TURNS_MAX}"));
    }
    let silent = |turn: &crate::format::Turn| turn.say.is_none() && turn.tap.is_none();
    match script.turns.iter().position(silent) {
        Some(at) => Err(format!("turns[{at}] has neither `say` nor `tap`")),
        None => Ok(Course::Script(script)),
    }
}

fn goal(goal: Goal) -> Result<Course, String> {
    if let Some(check) = goal.want.first_beyond_a_product() {
        return Err(format!(
            "want: `{check}` is not a check on one product; allowed: category, price_max, \
             price_min, facet, facet_not, size, sku"
        ));
    }
    if goal.want.first_on_products().is_none() {
        return Err("`want` is empty".to_owned());
    }
    if !(1..=TURNS_MAX).contains(&goal.exchanges_max) {
        let found = goal.exchanges_max;
        return Err(format!("`exchanges_max` is {found}; allowed: 1 to {TURNS_MAX}"));
    }
    Ok(Course::Goal(Box::new(goal)))
}

/// Reads a value with the path of the field that does not fit.
fn read<T: DeserializeOwned>(fields: Map<String, Value>) -> Result<T, String> {
    serde_path_to_error::deserialize(Value::Object(fields)).map_err(|error| {
        let path = error.path().to_string();
        let cause = error.into_inner();
        if path == "." { cause.to_string() } else { format!("{path}: {cause}") }
    })
}

fn list(names: impl IntoIterator<Item = impl Display>) -> String {
    names.into_iter().map(|name| name.to_string()).collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(line: &str) -> String {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("shop.jsonl");
        let good = r#"{"kind":"script","id":"a","language":"en","turns":[{"say":"hi"}]}"#;
        std::fs::write(&file, format!("{good}\n\n{line}\n")).unwrap();
        let error = load(&[file]).unwrap_err().to_string();
        let (place, reason) = error.split_once("shop.jsonl:3: ").unwrap_or_else(|| {
            panic!("no place in {error}");
        });
        assert!(place.ends_with('/'));
        reason.to_owned()
    }

    #[test]
    fn what_the_format_does_not_know_is_refused_with_what_is_allowed() {
        let script = |turns: &str| {
            format!(r#"{{"kind":"script","id":"x","language":"en","turns":{turns}}}"#)
        };
        let goal =
            r#"{"kind":"goal","id":"x","language":"en","opening":"hi","want":{"action":[]}}"#;
        for (line, start, allowed) in [
            (r#"{"kind":"chat","id":"x"}"#.into(), "`kind` is \"chat\"", "script, goal"),
            (r#"{"kind":"goal","id":"x","turns":[]}"#.into(), "unknown field `turns`", "kind, id"),
            (
                script(r#"[{"say":"hi","expect":{"acton":["ask"]}}]"#),
                "turns[0].expect.acton: unknown field `acton`",
                "`action`, `category`",
            ),
            (
                script(r#"[{"say":"a","expect":{"any":[{"says":["("]}]}}]"#),
                "turns[0].expect.any[0].says[0]: `(` is not a regular expression",
                "",
            ),
            (goal.into(), "want: `action` is not a check on one product", "category, price_max"),
            (script(r#"[{"expect":{}}]"#), "turns[0] has neither `say` nor `tap`", ""),
            (script("[]"), "`turns` has 0 entries", "1 to 200"),
            (
                script(r#"[{"say":"a","expect":{"handoff":"no"}}]"#),
                "turns[0].expect.handoff: expected true, false or a list",
                "",
            ),
        ] {
            let reason = refused(&line);
            let start = format!("conversation `x`: {start}");
            assert!(reason.starts_with(&start), "{line}\n{reason}");
            assert!(reason.contains(allowed), "{line}\n{reason}");
        }
        assert!(refused("[]").starts_with("not a JSON object"));
        let twice = script(r#"[{"say":"hi"}]"#).replace("\"x\"", "\"a\"");
        assert_eq!(refused(&twice), "conversation `a`: the id occurs twice");
    }

    #[test]
    fn a_file_without_conversations_is_refused() {
        assert!(matches!(load(&[]), Err(SuiteError::Empty)));
        let missing = load(&[PathBuf::from("no-such-file.jsonl")]).unwrap_err();
        assert!(missing.to_string().contains("no-such-file.jsonl"));
    }
}
