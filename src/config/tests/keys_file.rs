//! Tests: the file of API keys as editors save it, repeated keys, and warnings about weak ones.

use crate::config::tests::load_file;
use crate::http::keys::KeyHash;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use tempfile::TempDir;

const LONG: &str = "0123456789abcdef";

/// A folder with a key file of mode 0600 and a configuration that names it.
fn folder(keys: &[u8]) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("keys");
    std::fs::write(&file, keys).unwrap();
    std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o600)).unwrap();
    std::fs::write(folder.path().join("vitrine.toml"), "[server]\napi_keys_file = \"keys\"")
        .unwrap();
    folder
}

/// The hashes of the keys and the warnings; the error as the program prints it.
fn read(folder: &Path, variables: &[(&str, &str)]) -> Result<(Vec<KeyHash>, Vec<String>), String> {
    let settings = load_file(&folder.join("vitrine.toml"), variables);
    let settings = settings.map_err(|error| format!("{:#}", anyhow::Error::from(error)))?;
    let hashes = settings.server.api_keys.iter().map(|key| key.hash).collect();
    Ok((hashes, settings.warnings))
}

fn refusal(keys: &str) -> String {
    read(folder(keys.as_bytes()).path(), &[]).unwrap_err()
}

#[test]
fn a_key_file_is_read_with_a_byte_order_mark_and_any_line_ends() {
    let keys =
        format!("{LONG}\r\n# a comment\r\n\r\n{LONG}-2 \t\r\n{LONG}-3 tenant=b # their shop\r\n");
    let expected = vec![
        KeyHash::of(LONG),
        KeyHash::of(&format!("{LONG}-2")),
        KeyHash::of(&format!("{LONG}-3")),
    ];
    let utf16 = [0xff, 0xfe].into_iter().chain(keys.encode_utf16().flat_map(u16::to_le_bytes));
    for bytes in [
        keys.clone().into_bytes(),
        format!("\u{feff}{keys}").into_bytes(),
        keys.replace("\r\n", "\r").into_bytes(),
        utf16.collect(),
    ] {
        assert_eq!(read(folder(&bytes).path(), &[]), Ok((expected.clone(), Vec::new())));
    }
}

#[test]
fn a_key_file_that_is_not_text_is_refused_with_what_to_do() {
    let unmarked: Vec<u8> = LONG.encode_utf16().flat_map(u16::to_le_bytes).collect();
    for (bytes, told) in [(&unmarked[..], "save it as UTF-8"), (b"a\xe9", "line 1, column 2")] {
        let refusal = read(folder(bytes).path(), &[]).unwrap_err();
        assert!(refusal.contains("server.api_keys_file") && refusal.contains("/keys"), "{refusal}");
        assert!(refusal.contains(told), "{refusal}");
    }
}

#[test]
fn a_key_that_is_given_twice_is_refused_with_both_places_and_never_shown() {
    let twice = refusal(&format!("{LONG} tenant=a\n\n{LONG} tenant=b\n"));
    assert!(twice.contains("/keys, line 3: the key repeats that of line 1"), "{twice}");
    let folder = folder(LONG.as_bytes());
    let list = format!("[{{ key = \"{LONG}\" }}]");
    let list = ("VITRINE_SERVER__API_KEYS", list.as_str());
    let both = read(folder.path(), &[list]).unwrap_err();
    assert!(both.contains("/keys, line 1: the key is also given in server.api_keys[0]"), "{both}");
    let list = format!("[{{ key = \"{LONG}\" }}, {{ key = \"{LONG}\", tenant = \"b\" }}]");
    let listed = read(folder.path(), &[("VITRINE_SERVER__API_KEYS", &list)]).unwrap_err();
    assert!(listed.contains("server.api_keys[1].key"), "{listed}");
    for refusal in [twice, both, listed] {
        assert!(!refusal.contains(LONG), "{refusal}");
    }
}

#[test]
fn short_keys_and_files_that_others_may_read_are_reported_without_the_key() {
    let hash = "2bb80d537b1da3e38bd30361aa855686bde0eacd7162fef6a25fe97bf527a25b";
    let folder = folder(format!("{LONG}\nk-one\nsha256:{hash}\n").as_bytes());
    let (_, warnings) = read(folder.path(), &[]).unwrap();
    assert_eq!(warnings.len(), 1, "{warnings:?}");
    assert!(
        warnings[0].contains("/keys, line 2: the API key is so short (5 of 16 characters)"),
        "{warnings:?}"
    );
    assert!(!warnings[0].contains("k-one"), "{warnings:?}");
    for mode in [0o644, 0o640] {
        let permissions = std::fs::Permissions::from_mode(mode);
        std::fs::set_permissions(folder.path().join("keys"), permissions).unwrap();
        let (_, warnings) = read(folder.path(), &[]).unwrap();
        assert_eq!(warnings.len(), 2, "{warnings:?}");
        assert!(warnings[1].contains(&format!("mode {mode:o}")), "{warnings:?}");
        assert!(warnings[1].contains("chmod 600"), "{warnings:?}");
    }
    let list = ("VITRINE_SERVER__API_KEYS", r#"[{ key = "x" }]"#);
    let (_, warnings) = read(folder.path(), &[list]).unwrap();
    assert!(
        warnings[0].starts_with("server.api_keys[0]: the API key is so short (1 of 16"),
        "{warnings:?}"
    );
}
