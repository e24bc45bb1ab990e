//! Templates of a language: section `[say]` of a locale file.

use serde::Deserialize;

/// Section `[say]`.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Templates {}
