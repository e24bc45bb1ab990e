//! The API keys of the configuration and of its key file together, and warnings about keys that
//! protect too little.

use crate::config::error::ConfigError;
use crate::config::keys::GivenKey;
use crate::config::keys::KEYS;
use crate::config::keys::read_file;
use crate::config::options::place;
use crate::config::options::server::read_text;
use crate::config::raw::gateway::Server;
use crate::config::values::Values;
use crate::http::keys::ApiKey;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

/// Key of the file of API keys.
const KEYS_FILE: &str = "server.api_keys_file";

/// Shortest key without a warning, in characters: shorter ones can be guessed.
const KEY_CHARS_MIN: usize = 16;

/// File permissions of others than the owner. Source: POSIX, `chmod`.
const OTHERS_MODE: u32 = 0o077;

/// All keys of a configuration.
#[derive(Debug, Default)]
pub(crate) struct ConfiguredKeys {
    pub(crate) keys: Vec<ApiKey>,
    /// Messages about keys that protect too little.
    pub(crate) warnings: Vec<String>,
}

/// The keys of the configuration and of its key file.
///
/// # Errors
/// If the key file cannot be read or holds no key, a line does not have the form above, or a key is
/// given twice.
pub(crate) fn configured(
    server: &Server,
    root: &Path,
    values: &Values,
) -> Result<ConfiguredKeys, ConfigError> {
    let mut given = server.api_keys.0.clone();
    let mut warnings: Vec<String> =
        given.iter().filter_map(|key| short(key, &format!("{KEYS}[{}]", key.place))).collect();
    if let Some(file) = &server.api_keys_file {
        let path = place(KEYS_FILE, file, root, values)?;
        let found = read_file(&path, &read_text(KEYS_FILE, &path)?)?;
        if found.is_empty() {
            let allowed = "a file with one API key per line";
            return Err(values.refuse(KEYS_FILE, file.display(), allowed));
        }
        let location = path.display();
        for key in &found {
            if let Some(same) = given.iter().find(|other| other.key.hash == key.key.hash) {
                let reason = format!("the key is also given in {KEYS}[{}]; remove one", same.place);
                let (location, line) = (location.to_string(), key.place);
                return Err(ConfigError::ApiKey { location, line, reason });
            }
            warnings.extend(short(key, &format!("{location}, line {}", key.place)));
        }
        warnings.extend(readable_by_others(&path));
        given.extend(found);
    }
    Ok(ConfiguredKeys { keys: given.into_iter().map(|given| given.key).collect(), warnings })
}

/// The warning about a short key.
fn short(given: &GivenKey, place: &str) -> Option<String> {
    let chars = given.chars.filter(|chars| *chars < KEY_CHARS_MIN)?;
    Some(format!(
        "{place}: the API key is so short ({chars} of {KEY_CHARS_MIN} characters) that it can be \
         guessed; use a longer one, such as the output of `openssl rand -hex 32`"
    ))
}

/// The warning about a key file that others than its owner may use.
fn readable_by_others(path: &Path) -> Option<String> {
    let mode = std::fs::metadata(path).ok()?.permissions().mode();
    let path = path.display();
    (mode & OTHERS_MODE != 0).then(|| {
        let mode = mode & 0o777;
        format!(
            "{path} ({KEYS_FILE}) may be read by other users (mode {mode:03o}); \
             run `chmod 600 {path}`"
        )
    })
}
