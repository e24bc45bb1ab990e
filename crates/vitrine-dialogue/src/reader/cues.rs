//! Words of a language that the reader recognises: section `[understand]` of a locale file.

use serde::Deserialize;

/// Section `[understand]`.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Cues {}
