//! Parses API keys from the key file and the environment.
//!
//! One key per line: `KEY [tenant=NAME] [scopes=A,B]`. KEY is the key itself, or `sha256:` and its
//! hash in 64 hexadecimal digits. The tenant defaults to [`DEFAULT_TENANT`], the scopes to all of
//! them. Empty lines and lines that start with `#` are ignored. To rotate a key, add the new line,
//! move the clients over, then remove the old line.
//!
//! Invariant: no error message contains any part of a key.

use crate::config::ConfigError;
use crate::config::raw::Server;
use crate::config::value;
use crate::http::keys::ApiKey;
use crate::http::keys::KeyHash;
use crate::http::keys::Scope;
use crate::http::keys::Scopes;
use std::path::Path;
use vitrine_base::ids::TenantId;

/// Tenant of keys that name none, and of every request when no keys are configured.
pub(crate) const DEFAULT_TENANT: &str = "default";

/// Prefix of a key that is given as its SHA-256 hash.
const HASH_PREFIX: &str = "sha256:";

/// Separates key lines in `server.api_keys`.
const INLINE_SEPARATOR: char = ';';

/// Reads the keys of `server.api_keys`, then those of `server.api_keys_file`.
///
/// # Errors
/// If the file cannot be read or contains no key, or if a line does not have the form above.
pub(super) fn read(root: &Path, server: &Server) -> Result<Vec<ApiKey>, ConfigError> {
    let mut keys = lines("server.api_keys", server.api_keys.split(INLINE_SEPARATOR))?;
    let file = &server.api_keys_file;
    if !file.is_empty() {
        let path = root.join(file);
        let location = path.display().to_string();
        let text = std::fs::read_to_string(&path)
            .map_err(|cause| ConfigError::Read { path: location.clone(), cause })?;
        let found = lines(&location, text.lines())?;
        if found.is_empty() {
            return Err(value("server.api_keys_file", file, "a file with one API key per line"));
        }
        keys.extend(found);
    }
    Ok(keys)
}

fn lines<'a>(
    location: &str,
    lines: impl Iterator<Item = &'a str>,
) -> Result<Vec<ApiKey>, ConfigError> {
    lines
        .enumerate()
        .map(|(index, line)| (index + 1, line.trim()))
        .filter(|(_, line)| !line.is_empty() && !line.starts_with('#'))
        .map(|(line, text)| {
            let error_at_line =
                |reason| ConfigError::ApiKey { location: location.to_owned(), line, reason };
            key(text).map_err(error_at_line)
        })
        .collect()
}

fn key(line: &str) -> Result<ApiKey, String> {
    let mut words = line.split_whitespace();
    let secret = words.next().unwrap_or_default();
    let hash = match secret.strip_prefix(HASH_PREFIX) {
        Some(hex) => KeyHash::from_hex(hex)
            .ok_or_else(|| format!("`{HASH_PREFIX}` must be followed by 64 hexadecimal digits"))?,
        None => KeyHash::of(secret),
    };
    let (mut tenant, mut scopes) = (DEFAULT_TENANT, Scopes::all());
    for word in words {
        match word.split_once('=') {
            Some(("tenant", name)) => tenant = name,
            Some(("scopes", names)) => scopes = parse_scopes(names)?,
            _ => return Err("only `tenant=` and `scopes=` may follow the key".to_owned()),
        }
    }
    let tenant = TenantId::new(tenant).map_err(|error| format!("`tenant=` {error}"))?;
    Ok(ApiKey { hash, tenant, scopes })
}

fn parse_scopes(names: &str) -> Result<Scopes, String> {
    names.split(',').try_fold(Scopes::default(), |scopes, name| {
        let scope = Scope::from_name(name)
            .ok_or_else(|| format!("unknown scope `{name}`; allowed: {}", Scope::names()))?;
        Ok(scopes.with(scope))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn server(api_keys: &str) -> Server {
        Server { api_keys: api_keys.to_owned(), ..Server::default() }
    }

    fn inline(text: &str) -> Result<Vec<ApiKey>, ConfigError> {
        read(Path::new(""), &server(text))
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
    fn file_and_environment_keys_are_merged_and_hashes_are_accepted() {
        let folder = tempfile::tempdir().unwrap();
        let hash = "2bb80d537b1da3e38bd30361aa855686bde0eacd7162fef6a25fe97bf527a25b";
        let text = format!("# the shop's keys\n\nsha256:{hash} tenant=shop scopes=turns,threads\n");
        std::fs::write(folder.path().join("keys"), text).unwrap();
        let server = Server { api_keys_file: "keys".to_owned(), ..server("a; b tenant=b") };
        let keys = read(folder.path(), &server).unwrap();
        assert_eq!(keys.len(), 3);
        assert_eq!(keys[2].hash, KeyHash::of("secret"));
        assert_eq!(keys[2].tenant.as_str(), "shop");
        assert_eq!(keys[2].scopes, Scopes::default().with(Scope::Turns).with(Scope::Threads));
    }

    #[test]
    fn an_invalid_line_is_reported_by_number_and_never_shown() {
        for (line, named) in [
            ("ok;s3cret scopes=all", "unknown scope `all`; allowed: turns"),
            ("ok;s3cret scope=turns", "only `tenant=`"),
            ("ok;s3cret tenant=", "`tenant=`"),
            ("ok;sha256:s3cret", "64 hexadecimal digits"),
        ] {
            let error = inline(line).unwrap_err().to_string();
            assert!(error.contains("server.api_keys, line 2"), "{error}");
            assert!(error.contains(named), "{error}");
            assert!(!error.contains("s3cret"), "{error}");
        }
    }

    #[test]
    fn a_file_without_keys_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("keys"), "# none\n").unwrap();
        let server = Server { api_keys_file: "keys".to_owned(), ..Server::default() };
        let error = read(folder.path(), &server).unwrap_err().to_string();
        assert!(error.contains("server.api_keys_file"), "{error}");
    }
}
