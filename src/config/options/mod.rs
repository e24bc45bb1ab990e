//! Turns the sections into the finished options of their consumers, and checks what one value alone
//! does not show: values against each other, against the machine and against files.

use crate::config::error::ConfigError;
use crate::config::values::Values;
use std::path::Path;
use std::path::PathBuf;

pub(super) mod callbacks;
pub(super) mod keys;
pub(super) mod models;
pub(super) mod server;
pub(super) mod shop;
pub(super) mod store;
pub(super) mod turn;

/// Stands for the home folder at the start of a path.
const HOME: &str = "~";

/// The path of a file or folder: relative ones start at `root`, `~/` at the home folder.
///
/// # Errors
/// If the home folder is unknown.
fn place(key: &str, path: &Path, root: &Path, values: &Values) -> Result<PathBuf, ConfigError> {
    let Ok(below) = path.strip_prefix(HOME) else { return Ok(root.join(path)) };
    let home = std::env::home_dir().filter(|home| home.is_absolute());
    let home = home.ok_or_else(|| {
        let allowed = "a path without `~`, because the home folder is unknown: HOME is not set";
        values.refuse(key, path.display(), allowed)
    })?;
    Ok(home.join(below))
}

/// The path of a folder, which need not exist yet.
///
/// # Errors
/// If something on the way is a file, so that there can be no such folder, or as for [`place`].
fn folder(key: &str, path: &Path, root: &Path, values: &Values) -> Result<PathBuf, ConfigError> {
    let folder = place(key, path, root, values)?;
    // The last part that exists; the ones below it can be created only if it is a folder.
    let existing = folder.ancestors().find(|part| part.exists());
    match existing {
        Some(file) if !file.is_dir() => {
            let allowed = format!("a folder; `{}` is a file", file.display());
            Err(values.refuse(key, path.display(), allowed))
        }
        _ => Ok(folder),
    }
}
