//! Writes a shop's folder. Files that the owner changed since the last import are kept, and the new
//! ones are written beside them.

use anyhow::Context;
use sha2::Digest;
use sha2::Sha256;
use std::path::Path;
use vitrine_base::digest::hexadecimal;

/// First line of a file that the owner may change, before the digest of the rest.
const MARK: &str = "# Written by `vitrine shop import`; it keeps this file once you change it. ";

/// Who may change a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Owner {
    /// Every import writes it anew.
    Import,
    /// The owner of the shop.
    Shop,
}

/// Name of the file that is written beside one that the owner changed.
pub(super) fn derived_name(name: &str) -> String {
    match name.rsplit_once('.') {
        Some((stem, extension)) => format!("{stem}.derived.{extension}"),
        None => format!("{name}.derived"),
    }
}

/// Writes files by name, text and owner; returns the names of those that were kept.
///
/// # Errors
/// If the folder or a file cannot be written; the error names it.
pub(super) fn folder(out: &Path, files: &[(&str, String, Owner)]) -> anyhow::Result<Vec<String>> {
    std::fs::create_dir_all(out)
        .with_context(|| format!("cannot create the folder {}", out.display()))?;
    let mut kept = Vec::new();
    for (name, text, owner) in files {
        let text = match owner {
            Owner::Import => text.clone(),
            Owner::Shop => format!("{}\n{text}", first_line(text)),
        };
        let changed = *owner == Owner::Shop && is_changed(&out.join(name));
        let target = if changed { derived_name(name) } else { (*name).to_owned() };
        put(&out.join(target), &text)?;
        if changed {
            kept.push((*name).to_owned());
        }
    }
    Ok(kept)
}

fn first_line(text: &str) -> String {
    format!("{MARK}{}", &hexadecimal(&Sha256::digest(text.as_bytes()))[..16])
}

/// Whether a file exists whose text is not what an import wrote.
fn is_changed(path: &Path) -> bool {
    let Ok(text) = std::fs::read_to_string(path) else { return path.exists() };
    match text.split_once('\n') {
        Some((first, rest)) => first != first_line(rest),
        None => true,
    }
}

/// Writes a whole file or nothing: beside it first, then in its place.
fn put(path: &Path, text: &str) -> anyhow::Result<()> {
    let failed = || format!("cannot write {}", path.display());
    let mut beside = path.as_os_str().to_owned();
    beside.push(".new");
    std::fs::write(&beside, text).with_context(failed)?;
    std::fs::rename(&beside, path).with_context(failed)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_owner_changed_is_kept_and_the_rest_is_written_anew() {
        let folder_path = tempfile::tempdir().unwrap();
        let out = folder_path.path();
        let files = |text: &str| {
            [("a.toml", text.to_owned(), Owner::Shop), ("b.html", text.to_owned(), Owner::Import)]
        };
        assert!(folder(out, &files("one = 1\n")).unwrap().is_empty());
        assert!(folder(out, &files("one = 2\n")).unwrap().is_empty());
        let path = out.join("a.toml");
        let text = std::fs::read_to_string(&path).unwrap();
        assert!(text.starts_with(MARK) && text.ends_with("one = 2\n"));
        std::fs::write(&path, text.replace("= 2", "= 3")).unwrap();
        assert_eq!(folder(out, &files("one = 4\n")).unwrap(), ["a.toml"]);
        assert!(std::fs::read_to_string(&path).unwrap().ends_with("one = 3\n"));
        let derived = std::fs::read_to_string(out.join("a.derived.toml")).unwrap();
        assert!(derived.ends_with("one = 4\n"));
        assert_eq!(std::fs::read_to_string(out.join("b.html")).unwrap(), "one = 4\n");
    }
}
