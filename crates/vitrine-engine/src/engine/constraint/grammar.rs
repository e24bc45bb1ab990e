//! What a client asks an answer to match, and why that may be refused.

use crate::engine::constraint::schema_place;
use llguidance::api::TopLevelGrammar;
use serde_json::Value;
use serde_json::json;

/// Largest grammar, bytes of its text: the largest schemas of public collections that people use
/// for answers have some 100 KB.
pub const GRAMMAR_BYTES_MAX: usize = 128 << 10;

/// Deepest nesting of brackets in a regex or a Lark grammar: their parsers recurse.
pub const GRAMMAR_DEPTH_MAX: usize = 64;

/// White space between the tokens of a JSON answer: as people write it, on one line or indented.
/// Without a limit a model that is unsure writes spaces until its tokens are used up.
const JSON_SPACE: &str = r"\x20|\x0A\x20{0,12}";

/// Key of a schema by which llguidance takes options.
const OPTIONS_KEY: &str = "x-guidance";

/// What an answer must match.
#[derive(Debug, Clone, PartialEq)]
pub enum Grammar {
    /// Any JSON object.
    JsonObject,
    /// A JSON value that this schema accepts.
    JsonSchema(Value),
    /// A text that this regular expression matches from its first to its last character.
    Regex(String),
    /// A text of this grammar in llguidance's Lark dialect; it begins with the rule `start`.
    Lark(String),
}

/// Why a grammar is refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum GrammarFault {
    /// Its text is too long.
    #[error("{kind} has {bytes} bytes, limit is {GRAMMAR_BYTES_MAX}")]
    TooLarge {
        /// What it is.
        kind: &'static str,
        /// Its length.
        bytes: usize,
    },
    /// Its brackets nest too deep.
    #[error("{kind} nests deeper than {GRAMMAR_DEPTH_MAX} levels")]
    TooDeep {
        /// What it is.
        kind: &'static str,
    },
    /// A part of a schema cannot be enforced.
    #[error("json_schema at `{place}`: {reason}")]
    Schema {
        /// JSON pointer to the smallest part that fails alone, as a URI fragment.
        place: String,
        /// What is wrong there.
        reason: String,
    },
    /// It does not compile.
    #[error("{kind}: {reason}")]
    Syntax {
        /// What it is.
        kind: &'static str,
        /// What is wrong.
        reason: String,
    },
    /// The model's vocabulary is none that tokens can be chosen from.
    #[error("the vocabulary has {tokens} tokens, allowed are 1 to {tokens_max}")]
    Vocabulary {
        /// Its size.
        tokens: usize,
        /// The largest.
        tokens_max: usize,
    },
}

impl Grammar {
    /// What it is, as requests name it.
    #[must_use]
    pub fn kind(&self) -> &'static str {
        match self {
            Self::JsonObject => "json_object",
            Self::JsonSchema(_) => "json_schema",
            Self::Regex(_) => "regex",
            Self::Lark(_) => "grammar",
        }
    }

    /// Its text: what it is known by in the cache.
    pub(crate) fn text(&self) -> String {
        match self {
            Self::JsonObject => String::new(),
            Self::JsonSchema(schema) => schema.to_string(),
            Self::Regex(text) | Self::Lark(text) => text.clone(),
        }
    }

    /// Refuses what would cost too much to look at.
    ///
    /// # Errors
    /// If it is too long or nests too deep.
    pub(crate) fn check(&self, text: &str) -> Result<(), GrammarFault> {
        let kind = self.kind();
        if text.len() > GRAMMAR_BYTES_MAX {
            return Err(GrammarFault::TooLarge { kind, bytes: text.len() });
        }
        let brackets_max = match self {
            // Each level of a schema takes an object in an object: `{"properties":{"a":{…}}}`.
            Self::JsonSchema(_) => GRAMMAR_DEPTH_MAX * 2,
            Self::JsonObject | Self::Regex(_) | Self::Lark(_) => GRAMMAR_DEPTH_MAX,
        };
        if depth(text) > brackets_max {
            return Err(GrammarFault::TooDeep { kind });
        }
        Ok(())
    }

    /// For llguidance.
    pub(crate) fn source(&self) -> TopLevelGrammar {
        match self {
            Self::JsonObject => json_source(json!({"type": "object"})),
            Self::JsonSchema(schema) => json_source(schema.clone()),
            Self::Regex(text) => TopLevelGrammar::from_regex(text),
            Self::Lark(text) => TopLevelGrammar::from_lark(text.clone()),
        }
    }

    /// Puts words to what the compiler said; `compile` is asked about parts of a schema.
    pub(crate) fn fault(
        &self,
        reason: String,
        mut compile: impl FnMut(TopLevelGrammar) -> Result<(), String>,
    ) -> GrammarFault {
        match self {
            Self::JsonSchema(schema) => {
                let mut try_part = |part: Value| compile(json_source(part));
                let (place, reason) = schema_place::find(schema, reason, &mut try_part);
                GrammarFault::Schema { place, reason }
            }
            Self::JsonObject | Self::Regex(_) | Self::Lark(_) => {
                GrammarFault::Syntax { kind: self.kind(), reason }
            }
        }
    }
}

/// A schema with our options: a client's own could switch checks off.
fn json_source(schema: Value) -> TopLevelGrammar {
    let mut schema = match schema {
        Value::Bool(true) => json!({}),
        schema => schema,
    };
    if let Some(members) = schema.as_object_mut() {
        members.insert(OPTIONS_KEY.to_owned(), json!({ "whitespace_pattern": JSON_SPACE }));
    }
    TopLevelGrammar::from_json_schema(schema)
}

/// Deepest nesting of brackets, however they are quoted: an upper bound.
fn depth(text: &str) -> usize {
    let mut depth = 0_usize;
    let mut deepest = 0;
    for byte in text.bytes() {
        match byte {
            b'(' | b'[' | b'{' => depth += 1,
            b')' | b']' | b'}' => depth = depth.saturating_sub(1),
            _ => {}
        }
        deepest = deepest.max(depth);
    }
    deepest
}
