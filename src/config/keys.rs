//! API keys, from the configuration and from the key file.
//!
//! In the configuration a key is a table: `key`, and optionally `tenant` and `scopes`. In the key
//! file, and in the configuration of earlier versions, it is a line: `KEY [tenant=NAME]
//! [scopes=A,B]`. The key is given as itself, or as `sha256:` and its hash in 64 hexadecimal
//! digits. The tenant defaults to [`DEFAULT_TENANT`], the scopes to all of them. Empty lines and
//! everything after a word that starts with `#` are ignored. To rotate a key, add the new one, move
//! the clients over, then remove the old one.
//!
//! A key that is given twice is refused: only the first one would count.
//!
//! Invariant: no message contains any part of a key.

use crate::config::error::ConfigError;
use crate::config::value::setting::Form;
use crate::config::value::setting::KeyContext;
use crate::config::value::setting::Refused;
use crate::config::value::setting::Setting;
use crate::config::value::setting::old_text;
use crate::config::value::setting::toml_or_text;
use crate::http::keys::ApiKey;
use crate::http::keys::KeyHash;
use crate::http::keys::Scope;
use crate::http::keys::Scopes;
use std::path::Path;
use toml::Table;
use toml::Value;
use vitrine_base::ids::TenantId;

/// Tenant of keys that name none, and of every request when no keys are configured.
pub(crate) const DEFAULT_TENANT: &str = "default";

/// Key of the list of API keys.
pub(super) const KEYS: &str = "server.api_keys";

/// Prefix of a key that is given as its SHA-256 hash.
const HASH_PREFIX: &str = "sha256:";

/// Separates key lines in the older form of `server.api_keys`.
const OLD_SEPARATOR: char = ';';

/// A key as the configuration gives it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct GivenKey {
    pub(crate) key: ApiKey,
    /// Its length; `None` for a key that is given as its hash.
    pub(crate) chars: Option<usize>,
    /// Where it is given: the index in the list, or the line of the file, from 1.
    pub(crate) place: usize,
}

/// The keys of `server.api_keys`.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct ApiKeys(pub(crate) Vec<GivenKey>);

impl Setting for ApiKeys {
    const SECRET: bool = true;

    fn allowed() -> String {
        let table = "{ key = \"KEY\", tenant = \"NAME\", scopes = [\"A\", \"B\"] }";
        format!("an array of tables `{table}`, tenant and scopes optional")
    }

    fn read(value: &Value) -> Result<Self, Refused> {
        let entries = value.as_array().ok_or_else(|| Refused::secret(Self::allowed()))?;
        let mut keys: Vec<GivenKey> = Vec::new();
        for (place, entry) in entries.iter().enumerate() {
            let at = format!("[{place}]");
            let key = read_entry(entry, place).map_err(|refused| refused.below(&at))?;
            if let Some(same) = keys.iter().find(|other| other.key.hash == key.key.hash) {
                let allowed = format!("a key that differs from {KEYS}[{}]", same.place);
                return Err(Refused::secret(allowed).below(".key").below(&at));
            }
            keys.push(key);
        }
        Ok(Self(keys))
    }

    fn from_text(text: &str) -> Option<Value> {
        if text.is_empty() {
            return Some(Value::Array(Vec::new()));
        }
        Some(toml_or_text(text))
    }

    fn form(value: &Value, context: &KeyContext<'_>) -> Result<Form, ConfigError> {
        let Some(text) = old_text(value) else { return Ok(Form::Current) };
        let keys = lines(context.key, text.split(OLD_SEPARATOR))?;
        Ok(Form::Old(Value::Array(
            keys.into_iter().map(|(entry, _)| Value::Table(entry)).collect(),
        )))
    }
}

/// Reads the keys of a key file.
///
/// # Errors
/// If a line does not have the form above, or repeats a key.
pub(super) fn read_file(path: &Path, text: &str) -> Result<Vec<GivenKey>, ConfigError> {
    let keys = lines(&path.display().to_string(), text.lines())?;
    Ok(keys.into_iter().map(|(_, key)| key).collect())
}

/// Reads key lines, each to a table of the configuration and to the key that it stands for.
fn lines<'a>(
    location: &str,
    lines: impl Iterator<Item = &'a str>,
) -> Result<Vec<(Table, GivenKey)>, ConfigError> {
    let mut keys: Vec<(Table, GivenKey)> = Vec::new();
    for (line, text) in (1..).zip(lines) {
        let words: Vec<&str> =
            text.split_whitespace().take_while(|word| !word.starts_with('#')).collect();
        let Some((secret, settings)) = words.split_first() else { continue };
        let refused = |reason| ConfigError::ApiKey { location: location.to_owned(), line, reason };
        let entry = entry(secret, settings).map_err(refused)?;
        let key = read_entry(&Value::Table(entry.clone()), line).map_err(|found| {
            let Refused { path, found, allowed } = found;
            let path = path.trim_start_matches('.');
            refused(format!("`{path}` is `{found}`; allowed: {allowed}"))
        })?;
        if let Some((_, same)) = keys.iter().find(|(_, other)| other.key.hash == key.key.hash) {
            return Err(refused(format!(
                "the key repeats that of line {}; remove one",
                same.place
            )));
        }
        keys.push((entry, key));
    }
    Ok(keys)
}

/// The table of one key line.
fn entry(secret: &str, settings: &[&str]) -> Result<Table, String> {
    let mut entry = Table::new();
    entry.insert("key".to_owned(), Value::String(secret.to_owned()));
    for word in settings {
        let (name, value) = match word.split_once('=') {
            Some(("tenant", tenant)) => ("tenant", Value::String(tenant.to_owned())),
            Some(("scopes", scopes)) => {
                let scopes = scopes.split(',').map(|scope| Value::String(scope.to_owned()));
                ("scopes", Value::Array(scopes.collect()))
            }
            _ => {
                let allowed = "only `tenant=NAME`, `scopes=A,B` and a comment after ` #` may \
                               follow the key";
                return Err(allowed.to_owned());
            }
        };
        if entry.insert(name.to_owned(), value).is_some() {
            return Err(format!("`{name}=` is given twice"));
        }
    }
    Ok(entry)
}

/// Reads one key from its table.
fn read_entry(entry: &Value, place: usize) -> Result<GivenKey, Refused> {
    let entry = entry.as_table().ok_or_else(|| Refused::secret("a table with `key`"))?;
    if entry.keys().any(|name| !["key", "tenant", "scopes"].contains(&name.as_str())) {
        return Err(Refused::secret("a table of `key`, `tenant` and `scopes`"));
    }
    // Anything else cannot be sent in a header, so nobody could use the key.
    let sendable = |key: &&str| !key.is_empty() && key.bytes().all(|b| b.is_ascii_graphic());
    let secret = entry.get("key").and_then(Value::as_str).filter(sendable);
    let secret = secret.ok_or_else(|| {
        Refused::secret("text of ASCII letters, digits and signs, without spaces").below(".key")
    })?;
    let (hash, chars) = match secret.strip_prefix(HASH_PREFIX) {
        Some(hex) => {
            let hash = KeyHash::from_hex(hex).ok_or_else(|| {
                let allowed = format!("`{HASH_PREFIX}` followed by 64 hexadecimal digits");
                Refused::secret(allowed).below(".key")
            })?;
            (hash, None)
        }
        None => (KeyHash::of(secret), Some(secret.len())),
    };
    let default_tenant = Value::String(DEFAULT_TENANT.to_owned());
    let tenant = TenantId::read(entry.get("tenant").unwrap_or(&default_tenant))
        .map_err(|refused| refused.below(".tenant"))?;
    let scopes = match entry.get("scopes") {
        Some(scopes) => read_scopes(scopes).map_err(|refused| refused.below(".scopes"))?,
        None => Scopes::all(),
    };
    Ok(GivenKey { key: ApiKey { hash, tenant, scopes }, chars, place })
}

fn read_scopes(value: &Value) -> Result<Scopes, Refused> {
    let scopes = Vec::<Scope>::read(value)?;
    if scopes.is_empty() {
        let allowed = format!("one or more of {}; leave it out for all", Scope::allowed());
        return Err(Refused::new(value, allowed));
    }
    Ok(scopes.into_iter().fold(Scopes::default(), Scopes::with))
}

#[cfg(test)]
mod tests {
    use super::*;

    const PLACE: KeyContext<'static> = KeyContext { key: "server.api_keys", location: "file" };

    /// Reads the older form of `server.api_keys`.
    fn inline(text: &str) -> Result<Vec<ApiKey>, ConfigError> {
        let text = Value::String(text.to_owned());
        let Form::Old(array) = ApiKeys::form(&text, &PLACE)? else { panic!("the present form") };
        Ok(bare(ApiKeys::read(&array).unwrap().0))
    }

    fn bare(keys: Vec<GivenKey>) -> Vec<ApiKey> {
        keys.into_iter().map(|given| given.key).collect()
    }

    #[test]
    fn a_bare_key_belongs_to_the_default_tenant_with_all_scopes() {
        let keys = inline("secret").unwrap();
        assert_eq!(keys.len(), 1);
        assert_eq!(keys[0].hash, KeyHash::of("secret"));
        assert_eq!(keys[0].tenant.as_str(), "default");
        assert_eq!(keys[0].scopes, Scopes::all());
    }

    #[test]
    fn a_key_file_has_comments_hashes_tenants_and_scopes() {
        let hash = "2bb80d537b1da3e38bd30361aa855686bde0eacd7162fef6a25fe97bf527a25b";
        let text =
            format!("# the shop's keys\n\nsha256:{hash} tenant=shop scopes=turns,threads\nb\n");
        let keys = bare(read_file(Path::new("keys"), &text).unwrap());
        assert_eq!(keys.len(), 2);
        assert_eq!(keys[0].hash, KeyHash::of("secret"));
        assert_eq!(keys[0].tenant.as_str(), "shop");
        assert_eq!(keys[0].scopes, Scopes::default().with(Scope::Turns).with(Scope::Threads));
        assert_eq!(keys[1..], inline("b").unwrap());
    }

    #[test]
    fn a_key_in_a_table_equals_the_same_key_in_a_line() {
        let text = r#"[{ key = "a", tenant = "b", scopes = ["turns"] }, { key = "c" }]"#;
        let value = ApiKeys::from_text(text).unwrap();
        let keys = bare(ApiKeys::read(&value).unwrap().0);
        assert_eq!(keys, inline("a tenant=b scopes=turns; c").unwrap());
    }

    #[test]
    fn an_invalid_line_is_reported_by_number_and_never_shown() {
        for (line, named) in [
            ("ok;s3cret scopes=all", "`scopes[0]` is `all`; allowed: turns"),
            ("ok;s3cret scope=turns", "only `tenant=NAME`"),
            ("ok;s3cret tenant=", "`tenant`"),
            ("ok;s3cret tenant=a tenant=b", "`tenant=` is given twice"),
            ("ok;s3crét", "ASCII"),
            ("ok;sha256:s3cret", "64 hexadecimal digits"),
        ] {
            let error = inline(line).unwrap_err().to_string();
            assert!(error.contains("server.api_keys, line 2"), "{error}");
            assert!(error.contains(named), "{error}");
            assert!(!error.contains("s3cret"), "{error}");
        }
    }

    #[test]
    fn an_invalid_table_is_reported_by_index_and_never_shown() {
        for (text, path, allowed) in [
            (r#"[{ key = "s3cret", scopes = ["all"] }]"#, "[0].scopes[0]", "turns"),
            (r#"[{ key = "a" }, { tenant = "s3cret" }]"#, "[1].key", "text"),
            (r#"[{ key = "s3cret", tenant = "" }]"#, "[0].tenant", "a name"),
            (r#"[{ key = "s3cret", scopes = [] }]"#, "[0].scopes", "one or more of turns"),
            (r#"[{ key = "s3 cret" }]"#, "[0].key", "without spaces"),
            (r#"[{ key = "sha256:s3cret" }]"#, "[0].key", "64 hexadecimal digits"),
            (r#"["s3cret"]"#, "[0]", "a table"),
        ] {
            let refused = ApiKeys::read(&ApiKeys::from_text(text).unwrap()).unwrap_err();
            assert_eq!(refused.path, path, "{refused:?}");
            assert!(refused.allowed.contains(allowed), "{refused:?}");
            assert!(!format!("{refused:?}").contains("s3cret"), "{refused:?}");
        }
    }

    proptest::proptest! {
        #[test]
        fn any_key_file_is_read_or_refused_with_its_line_and_without_a_key(
            lines in proptest::collection::vec(
                "(s3cret[a-z]{0,2}|sha256:[0-9a-f]?|#[a-z]?|é| )( tenant=[a-z]?| scopes=[a-z]?)?",
                0..5,
            ),
        ) {
            if let Err(error) = read_file(Path::new("keys"), &lines.join("\n")) {
                let error = error.to_string();
                proptest::prop_assert!(error.starts_with("keys, line "), "{}", error);
                proptest::prop_assert!(!error.contains("s3cret"), "{}", error);
            }
        }
    }
}
