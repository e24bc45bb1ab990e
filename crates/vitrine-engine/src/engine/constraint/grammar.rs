//! Grammars that clients may request for an answer, and why one may be refused.

use crate::engine::constraint::json_schema;
use crate::engine::constraint::json_schema::fault::SchemaFault;
use crate::engine::constraint::schema_location;
use llguidance::api::TopLevelGrammar;
use serde_json::Value;
use serde_json::json;
use std::borrow::Cow;
use std::time::Duration;

/// Maximum length of a grammar's text in bytes. The largest answer schemas in public collections
/// have about 100 KB.
pub(crate) const GRAMMAR_BYTES_MAX: usize = 128 << 10;

/// Maximum nesting of brackets in a regex or a Lark grammar, whose parsers recurse.
pub(crate) const GRAMMAR_DEPTH_MAX: usize = 64;

/// White space allowed between the tokens of a JSON answer: one blank or line break. An uncertain
/// model would otherwise spend its output limit on indentation.
const JSON_SPACE: &str = r"\x20|\x0A";

/// Schema key from which llguidance reads options.
const OPTIONS_KEY: &str = "x-guidance";

/// A grammar that an answer must match.
#[derive(Debug, Clone, PartialEq)]
pub enum Grammar {
    /// Any JSON object.
    JsonObject,
    /// A JSON value that this schema accepts.
    JsonSchema(Value),
    /// A text that this regular expression matches as a whole.
    Regex(String),
    /// A text of this grammar in llguidance's Lark dialect; its first rule is `start`.
    Lark(String),
}

/// Why a grammar is refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum GrammarFault {
    /// The text is too long.
    #[error("{kind} has {bytes} bytes, limit is {GRAMMAR_BYTES_MAX}")]
    TooLarge {
        /// The grammar's kind, such as `regex`.
        kind: &'static str,
        /// Length of the text in bytes.
        bytes: usize,
    },
    /// The brackets are nested too deeply.
    #[error("{kind} nests deeper than {} levels", depth_max(kind))]
    TooDeep {
        /// The grammar's kind, such as `regex`.
        kind: &'static str,
    },
    /// A part of a schema cannot be enforced.
    #[error("json_schema at `{location}`: {reason}")]
    Schema {
        /// JSON pointer, as a URI fragment, to the smallest part that fails by itself.
        location: String,
        /// The compiler's complaint about that part.
        reason: String,
    },
    /// The grammar does not compile.
    #[error("{kind}: {reason}")]
    Syntax {
        /// The grammar's kind, such as `regex`.
        kind: &'static str,
        /// The compiler's complaint.
        reason: String,
    },
    /// The grammar takes too long to compile.
    #[error("{kind} takes longer than {limit:?} to compile")]
    TooSlow {
        /// The grammar's kind, such as `regex`.
        kind: &'static str,
        /// Most time allowed.
        limit: Duration,
    },
    /// The model's vocabulary is empty or too large for constraints.
    #[error("the model's vocabulary has {tokens} tokens, constraints allow 1 to {tokens_max}")]
    Vocabulary {
        /// Number of tokens.
        tokens: usize,
        /// Most tokens allowed.
        tokens_max: usize,
    },
}

impl Grammar {
    /// The grammar's kind, as requests name it.
    #[must_use]
    pub(crate) fn kind(&self) -> &'static str {
        match self {
            Self::JsonObject => "json_object",
            Self::JsonSchema(_) => "json_schema",
            Self::Regex(_) => "regex",
            Self::Lark(_) => "grammar",
        }
    }

    /// The grammar's text, used as cache key.
    pub(crate) fn text(&self) -> String {
        match self {
            Self::JsonObject => String::new(),
            Self::JsonSchema(schema) => schema.to_string(),
            Self::Regex(text) | Self::Lark(text) => text.clone(),
        }
    }

    /// Refuses grammars that would be too expensive to parse; returns the text.
    ///
    /// # Errors
    /// [`GrammarFault::TooLarge`] or [`GrammarFault::TooDeep`].
    pub(crate) fn check(&self) -> Result<String, GrammarFault> {
        let kind = self.kind();
        // Before the schema becomes a text, which recurses.
        if let Self::JsonSchema(schema) = self
            && json_schema::nests_deeper(schema, json_schema::NESTING_MAX)
        {
            return Err(GrammarFault::TooDeep { kind });
        }
        let text = self.text();
        if text.len() > GRAMMAR_BYTES_MAX {
            return Err(GrammarFault::TooLarge { kind, bytes: text.len() });
        }
        let has_brackets = matches!(self, Self::Regex(_) | Self::Lark(_));
        if has_brackets && depth(&text) > GRAMMAR_DEPTH_MAX {
            return Err(GrammarFault::TooDeep { kind });
        }
        Ok(text)
    }

    /// The grammar that the compiler gets in place of this one.
    ///
    /// # Errors
    /// [`GrammarFault::Schema`] if a schema cannot be enforced.
    pub(crate) fn prepare(&self) -> Result<Cow<'_, Self>, GrammarFault> {
        match self {
            Self::JsonSchema(schema) => {
                let prepared = json_schema::prepare(schema).map_err(|fault| {
                    let SchemaFault { location, reason } = fault;
                    GrammarFault::Schema { location, reason }
                })?;
                Ok(Cow::Owned(Self::JsonSchema(prepared)))
            }
            Self::JsonObject | Self::Regex(_) | Self::Lark(_) => Ok(Cow::Borrowed(self)),
        }
    }

    /// The grammar in llguidance's representation.
    pub(crate) fn source(&self) -> TopLevelGrammar {
        match self {
            Self::JsonObject => json_source(json!({"type": "object"})),
            Self::JsonSchema(schema) => json_source(schema.clone()),
            Self::Regex(text) => TopLevelGrammar::from_regex(text),
            Self::Lark(text) => TopLevelGrammar::from_lark(text.clone()),
        }
    }

    /// Whether its texts are JSON.
    pub(crate) fn is_json(&self) -> bool {
        matches!(self, Self::JsonObject | Self::JsonSchema(_))
    }

    /// Turns the compiler's complaint into a fault. For a schema, `compile` is called with its
    /// parts to locate the one at fault.
    pub(crate) fn fault(
        &self,
        reason: String,
        mut compile: impl FnMut(TopLevelGrammar) -> Result<(), String>,
    ) -> GrammarFault {
        match self {
            Self::JsonSchema(schema) => {
                let mut try_part = |part: Value| compile(json_source(part));
                let (location, reason) = schema_location::find(schema, reason, &mut try_part);
                GrammarFault::Schema { location, reason }
            }
            Self::JsonObject | Self::Regex(_) | Self::Lark(_) => {
                GrammarFault::Syntax { kind: self.kind(), reason }
            }
        }
    }
}

impl Grammar {
    /// A fault of the whole grammar.
    pub(crate) fn fault_as_a_whole(&self, reason: String) -> GrammarFault {
        match self {
            Self::JsonSchema(_) => GrammarFault::Schema { location: "#".to_owned(), reason },
            Self::JsonObject | Self::Regex(_) | Self::Lark(_) => {
                GrammarFault::Syntax { kind: self.kind(), reason }
            }
        }
    }
}

/// Sets our options in a schema, replacing a client's own, which could switch checks off.
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

fn depth_max(kind: &str) -> usize {
    if kind == "json_schema" { json_schema::NESTING_MAX } else { GRAMMAR_DEPTH_MAX }
}

/// Deepest nesting of brackets. Brackets in quotes are counted too, so this is an upper bound.
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
