//! Verification of model files: checksums, and the first bytes of each format.
//!
//! A pulled model has a checksum list, `MANIFEST`, in its folder. Its lines are `sha256  bytes
//! name`, one per file: the format of `sha256sum` with the size added. `#` starts a comment.
//!
//! Invariants
//! - Names in a list stay inside their folder.
//! - Format checks read a few bytes and never allocate by a length found in the file.

use crate::hub::error::HubError;
use std::fs::File;
use std::io::Read;
use std::path::Component;
use std::path::Path;
use vitrine_base::digest::sha256_of_file;

/// Name of the checksum list in a model's folder.
pub(crate) const MANIFEST: &str = "MANIFEST";

/// Largest checksum list, in bytes: room for thousands of files.
const MANIFEST_BYTES_MAX: u64 = 1 << 20;
/// Largest header of a safetensors file in bytes, as the format defines it.
const SAFETENSORS_HEADER_BYTES_MAX: u64 = 100_000_000;
/// GGUF versions in use.
const GGUF_VERSIONS: std::ops::RangeInclusive<u32> = 1..=3;

/// One line of a checksum list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ManifestEntry {
    /// Path relative to the model's folder.
    pub name: String,
    /// Size in bytes.
    pub bytes: u64,
    /// SHA-256, lower-case hexadecimal.
    pub sha256: String,
}

/// Result of verifying a model.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Verified {
    /// All files of the model with their checksums.
    pub files: Vec<ManifestEntry>,
    /// Whether checksums were compared; if not, there is no list and only formats were checked.
    pub against_manifest: bool,
}

/// Whether a relative path stays inside its folder and has no backslash, line break or NUL.
pub(crate) fn stays_inside(name: &str) -> bool {
    let path = Path::new(name);
    let plain = path.components().all(|part| matches!(part, Component::Normal(_)));
    plain && !name.is_empty() && !name.contains(['\\', '\n', '\r', '\0'])
}

/// Checks that a `.gguf`, `.safetensors` or `.json` file starts as its format requires; other
/// extensions pass.
///
/// # Errors
/// [`HubError::Format`] with the reason; [`HubError::File`] if the file cannot be read.
pub(crate) fn check_format(path: &Path) -> Result<(), HubError> {
    let extension = path.extension().map(|extension| extension.to_ascii_lowercase());
    let format = match extension.as_ref().and_then(|extension| extension.to_str()) {
        Some("gguf") => "GGUF",
        Some("safetensors") => "safetensors",
        Some("json") => "JSON",
        _ => return Ok(()),
    };
    let refused = |reason| HubError::Format { path: path.to_owned(), format, reason };
    let system = |cause| HubError::file(path, cause);
    let mut file = File::open(path).map_err(system)?;
    let bytes = file.metadata().map_err(system)?.len();
    let mut start = [0_u8; 9];
    let mut filled = 0;
    while filled < start.len() {
        match file.read(&mut start[filled..]).map_err(system)? {
            0 => break,
            more => filled += more,
        }
    }
    check_start(format, &start[..filled], bytes).map_err(refused)
}

fn check_start(format: &str, start: &[u8], bytes: u64) -> Result<(), &'static str> {
    match format {
        "GGUF" => {
            let version = start.get(4..8).and_then(|v| v.first_chunk()).copied();
            if !start.starts_with(b"GGUF") {
                return Err("it does not start with the magic bytes GGUF");
            }
            if !version.map(u32::from_le_bytes).is_some_and(|v| GGUF_VERSIONS.contains(&v)) {
                return Err("its version is not 1, 2 or 3");
            }
        }
        "safetensors" => {
            let header = start.first_chunk().copied().map(u64::from_le_bytes);
            let Some(header) = header else { return Err("it is too short for a header length") };
            if header > SAFETENSORS_HEADER_BYTES_MAX || header > bytes.saturating_sub(8) {
                return Err("its header is longer than the file or the format allows");
            }
            if start.get(8) != Some(&b'{') {
                return Err("its header does not start with a brace");
            }
        }
        _ => {
            let first = start.iter().find(|byte| !byte.is_ascii_whitespace());
            if !first.is_some_and(|byte| matches!(byte, b'{' | b'[')) {
                return Err("it starts with neither a brace nor a bracket");
            }
        }
    }
    Ok(())
}

/// Reads the checksum list of a folder; `None` if there is none.
///
/// # Errors
/// If the list is too large, a line is malformed or a name leaves the folder.
pub(crate) fn read_manifest(folder: &Path) -> Result<Option<Vec<ManifestEntry>>, HubError> {
    let path = folder.join(MANIFEST);
    let bytes = match std::fs::metadata(&path) {
        Ok(found) => found.len(),
        Err(cause) if cause.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        Err(cause) => return Err(HubError::file(&path, cause)),
    };
    if bytes > MANIFEST_BYTES_MAX {
        let file = path.display().to_string();
        return Err(HubError::TooLarge { file, bytes, bytes_max: MANIFEST_BYTES_MAX });
    }
    let text = std::fs::read_to_string(&path).map_err(|cause| HubError::file(&path, cause))?;
    let lines = (1..).zip(text.lines());
    lines
        .filter(|(_, line)| !line.trim().is_empty() && !line.starts_with('#'))
        .map(|(line, text)| {
            parse_entry(text).ok_or_else(|| HubError::Manifest { path: path.clone(), line })
        })
        .collect::<Result<Vec<_>, _>>()
        .map(Some)
}

fn parse_entry(line: &str) -> Option<ManifestEntry> {
    let (sha256, rest) = line.split_once("  ")?;
    let (bytes, name) = rest.split_once("  ")?;
    let hexadecimal = sha256.len() == 64 && sha256.bytes().all(|byte| byte.is_ascii_hexdigit());
    if !hexadecimal || !stays_inside(name) {
        return None;
    }
    let sha256 = sha256.to_ascii_lowercase();
    Some(ManifestEntry { name: name.to_owned(), bytes: bytes.parse().ok()?, sha256 })
}

/// Text of a checksum list; `origin` names the source of the files and becomes a comment.
pub(crate) fn manifest_text(origin: &str, entries: &[ManifestEntry]) -> String {
    let lines: Vec<String> = entries
        .iter()
        .map(|entry| format!("{}  {}  {}\n", entry.sha256, entry.bytes, entry.name))
        .collect();
    format!("# {origin}\n{}", lines.concat())
}

/// Compares a file with its entry.
///
/// # Errors
/// [`HubError::Damaged`] if size or checksum differ.
pub(crate) fn check_entry(folder: &Path, entry: &ManifestEntry) -> Result<(), HubError> {
    let path = folder.join(&entry.name);
    let found = std::fs::metadata(&path).map_err(|cause| HubError::file(&path, cause))?.len();
    if found != entry.bytes {
        let (found, expected) = (format!("{found} bytes"), format!("{} bytes", entry.bytes));
        return Err(HubError::Damaged { path, found, expected });
    }
    let found = sha256_of_file(&path).map_err(|cause| HubError::file(&path, cause))?;
    if found != entry.sha256 {
        let (found, expected) = (format!("sha256 {found}"), format!("sha256 {}", entry.sha256));
        return Err(HubError::Damaged { path, found, expected });
    }
    Ok(())
}

/// Verifies the files of a folder: their formats, and their checksums if the folder has a list.
/// Without a list only the files in `names` are checked.
///
/// # Errors
/// For the first file that is missing, damaged or of the wrong format.
pub(crate) fn verify_files(folder: &Path, names: &[String]) -> Result<Verified, HubError> {
    if let Some(files) = read_manifest(folder)? {
        for entry in &files {
            check_entry(folder, entry)?;
            check_format(&folder.join(&entry.name))?;
        }
        return Ok(Verified { files, against_manifest: true });
    }
    let mut files = Vec::new();
    for name in names {
        let path = folder.join(name);
        check_format(&path)?;
        let bytes = std::fs::metadata(&path).map_err(|cause| HubError::file(&path, cause))?.len();
        let sha256 = sha256_of_file(&path).map_err(|cause| HubError::file(&path, cause))?;
        files.push(ManifestEntry { name: name.clone(), bytes, sha256 });
    }
    Ok(Verified { files, against_manifest: false })
}

#[cfg(test)]
mod tests {
    use super::*;

    const HELLO: &str = "2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824";

    #[test]
    fn checksum_equals_the_published_one() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a");
        std::fs::write(&path, "hello").unwrap();
        assert_eq!(sha256_of_file(&path).unwrap(), HELLO);
    }

    #[test]
    fn a_list_is_read_back_and_compared() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::create_dir(folder.path().join("sub")).unwrap();
        std::fs::write(folder.path().join("sub/a.txt"), "hello").unwrap();
        let entry = ManifestEntry { name: "sub/a.txt".into(), bytes: 5, sha256: HELLO.into() };
        let text = manifest_text("somewhere", std::slice::from_ref(&entry));
        std::fs::write(folder.path().join(MANIFEST), text).unwrap();
        let found = verify_files(folder.path(), &[]).unwrap();
        assert_eq!(found, Verified { files: vec![entry], against_manifest: true });
        std::fs::write(folder.path().join("sub/a.txt"), "hallo").unwrap();
        let refusal = verify_files(folder.path(), &[]).unwrap_err().to_string();
        assert!(refusal.contains("is damaged: sha256"), "{refusal}");
        std::fs::write(folder.path().join("sub/a.txt"), "hell").unwrap();
        let refusal = verify_files(folder.path(), &[]).unwrap_err().to_string();
        assert!(refusal.contains("4 bytes, expected 5 bytes"), "{refusal}");
    }

    #[test]
    fn hostile_lists_are_refused_by_line() {
        let folder = tempfile::tempdir().unwrap();
        for line in [
            format!("{HELLO}  5  ../a"),
            format!("{HELLO}  5  /etc/passwd"),
            format!("{HELLO}  -5  a"),
            format!("{HELLO} 5 a"),
            "xyz  5  a".to_owned(),
        ] {
            std::fs::write(folder.path().join(MANIFEST), format!("# ok\n\n{line}\n")).unwrap();
            let refusal = read_manifest(folder.path()).unwrap_err();
            assert!(matches!(refusal, HubError::Manifest { line: 3, .. }), "{line}");
        }
        std::fs::remove_file(folder.path().join(MANIFEST)).unwrap();
        assert_eq!(read_manifest(folder.path()).unwrap(), None);
    }

    #[test]
    fn files_that_do_not_begin_as_their_format_are_refused() {
        let folder = tempfile::tempdir().unwrap();
        let check = |name: &str, bytes: &[u8]| {
            let path = folder.path().join(name);
            std::fs::write(&path, bytes).unwrap();
            check_format(&path).is_ok()
        };
        assert!(check("a.gguf", b"GGUF\x03\0\0\0rest"));
        assert!(!check("a.gguf", b"GGUF\x09\0\0\0rest"));
        assert!(!check("a.gguf", b"GG"));
        assert!(!check("a.gguf", b"PK\x03\x04"));
        assert!(check("a.safetensors", b"\x02\0\0\0\0\0\0\0{}"));
        assert!(!check("a.safetensors", b"\x09\0\0\0\0\0\0\0{}"));
        assert!(!check("a.safetensors", b"\xff\xff\xff\xff\xff\xff\xff\xff{}"));
        assert!(!check("a.safetensors", b""));
        assert!(check("a.json", b" \n{}"));
        assert!(!check("a.json", b"<html>"));
        assert!(check("a.txt", b"anything"));
    }
}
