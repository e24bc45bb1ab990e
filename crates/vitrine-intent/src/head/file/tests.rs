//! Heads round-trip through their files, and anything else is refused.

use super::*;
use crate::head::tests::scoped_head;
use crate::head::toy_head;

/// Recomputes the checksum, so that damage reaches the checks behind it.
fn sealed(mut bytes: Vec<u8>) -> Vec<u8> {
    bytes.truncate(bytes.len() - CHECKSUM_BYTES);
    let checksum = Sha256::digest(&bytes);
    bytes.extend_from_slice(&checksum);
    bytes
}

fn with_header(edit: impl Fn(String) -> String) -> Vec<u8> {
    let bytes = toy_head().to_bytes().unwrap();
    let header_bytes = little_endian(&bytes[12..]) as usize;
    let header = String::from_utf8(bytes[16..16 + header_bytes].to_vec()).unwrap();
    let header = edit(header);
    let mut edited = bytes[..12].to_vec();
    edited.extend_from_slice(&u32::try_from(header.len()).unwrap().to_le_bytes());
    edited.extend_from_slice(header.as_bytes());
    edited.extend_from_slice(&bytes[16 + header_bytes..]);
    sealed(edited)
}

fn head_with_examples() -> Head {
    let kernel = Kernel { sharpness: 20.0, weight: 2.0 };
    let neighbours = Neighbours::new(
        kernel,
        2,
        QuantisedExamples { codes: vec![127, 0, 0, -127], classes_of: vec![1, 2] },
    );
    Head { neighbours: Some(neighbours), ..scoped_head() }
}

#[test]
fn a_head_with_invalid_examples_is_refused_with_the_reason() {
    let bytes = head_with_examples().to_bytes().unwrap();
    let cases = [
        (r#""sharpness":20.0"#, r#""sharpness":0.00"#, "sharpness = 0"),
        (r#""sharpness":20.0"#, r#""sharpness":99.0"#, "sharpness = 99"),
        (r#""examples":2,"#, r#""examples":3,"#, "announces"),
        (r#""joined":false"#, r#""joined":true "#, "joined = true"),
    ];
    for (from, to, reason) in cases {
        let at = bytes.windows(from.len()).position(|found| found == from.as_bytes()).unwrap();
        let mut edited = bytes.clone();
        edited[at..at + to.len()].copy_from_slice(to.as_bytes());
        let refusal = Head::from_bytes(&sealed(edited)).unwrap_err().to_string();
        assert!(refusal.contains(reason), "{from} to {to}: {refusal}");
    }
    let mut strange = bytes.clone();
    let first_class = bytes.len() - CHECKSUM_BYTES - 4 - 4;
    strange[first_class] = 3;
    let refusal = Head::from_bytes(&sealed(strange)).unwrap_err().to_string();
    assert!(refusal.contains("class of an example = 3"), "{refusal}");
}

#[test]
fn a_head_of_another_version_is_refused_with_what_to_do() {
    for found in [0, 5, 7] {
        let mut other = toy_head().to_bytes().unwrap();
        other[8] = found;
        let refusal = Head::from_bytes(&sealed(other)).unwrap_err();
        let found = u32::from(found);
        assert_eq!(refusal, HeadRefusal::Version { found, supported: VERSION });
        assert!(refusal.to_string().contains("train it again"), "{refusal}");
    }
}

#[test]
fn a_head_round_trips_through_its_file() {
    let centre = Some(Centre::new(vec![0.5, -0.25], 2));
    let centred = Head { centre, ..head_with_examples() };
    for head in [toy_head(), scoped_head(), head_with_examples(), centred] {
        assert_eq!(Head::from_bytes(&head.to_bytes().unwrap()).unwrap(), head);
    }
    let head = toy_head();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("toy.head");
    head.save(&path).unwrap();
    assert_eq!(Head::open(&path).unwrap(), head);
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
}

#[test]
fn a_header_that_does_not_serialise_is_an_error() {
    // JSON keys are strings.
    let unencodable = std::collections::BTreeMap::from([(vec![1], "value")]);
    assert!(prefix(&unencodable).is_err());
    let bytes = prefix(&"header").unwrap();
    assert_eq!(&bytes[bytes.len() - 8..], b"\"header\"");
}

#[test]
fn heads_with_one_stem_never_share_a_temporary_file() {
    let folder = tempfile::tempdir().unwrap();
    let part = folder.path().join("toy.part");
    std::fs::write(&part, "another file").unwrap();
    let heads = [("toy.head", toy_head()), ("toy.backup", scoped_head())];
    std::thread::scope(|scope| {
        for (name, head) in &heads {
            let path = folder.path().join(name);
            scope.spawn(move || (0..20).for_each(|_| head.save(&path).unwrap()));
        }
    });
    for (name, head) in &heads {
        assert_eq!(Head::open(&folder.path().join(name)).unwrap(), *head, "{name}");
    }
    assert_eq!(std::fs::read_to_string(&part).unwrap(), "another file");
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 3);
}

#[test]
fn a_head_that_could_not_be_opened_is_not_saved() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("large.head");
    // With examples: they count towards the size as well.
    let head = head_with_examples();
    let bytes = head.to_bytes().unwrap().len() as u64;
    let refusal = head.save_within(&path, bytes - 1).unwrap_err();
    let IntentError::Head { reason, .. } = refusal else { unreachable!("{refusal:?}") };
    assert_eq!(reason, HeadRefusal::TooLong { bytes, bytes_max: bytes - 1 });
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
    head.save_within(&path, bytes).unwrap();
    assert_eq!(Head::open(&path).unwrap(), head);
}

#[test]
fn a_save_that_fails_leaves_no_temporary_file() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("toy.head");
    std::fs::create_dir(&path).unwrap();
    assert!(matches!(toy_head().save(&path), Err(IntentError::File { .. })));
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
}

#[test]
fn a_head_truncated_or_corrupted_anywhere_is_refused() {
    let bytes = toy_head().to_bytes().unwrap();
    for end in 0..bytes.len() {
        assert!(Head::from_bytes(&bytes[..end]).is_err(), "cut at {end}");
    }
    for at in (0..bytes.len()).step_by(7) {
        let mut bitten = bytes.clone();
        bitten[at] ^= 0x10;
        assert!(Head::from_bytes(&bitten).is_err(), "bitten at {at}");
    }
    let mut longer = bytes;
    longer.push(0);
    assert_eq!(Head::from_bytes(&longer), Err(HeadRefusal::Checksum));
}

#[test]
fn a_head_with_invalid_values_is_refused_with_the_reason() {
    let cases = [
        (r#""buckets":256"#, r#""buckets":300"#, "buckets = 300"),
        (r#""buckets":256"#, r#""buckets":512"#, "announces"),
        (r#""dimensions":2"#, r#""dimensions":0"#, "dimensions = 0"),
        (r#""temperature":1.0"#, r#""temperature":0.0"#, "temperature = 0"),
        (r#""threshold":0.5"#, r#""threshold":2.0"#, "threshold = 2"),
        (r#""clarify_margin":0.1"#, r#""clarify_margin":1.1"#, "clarify_margin = 1.1"),
        (r#""characters_max":4"#, r#""characters_max":1"#, "characters_max = 1"),
        (r#"["left","right","oos"]"#, r#"["left","oos","right"]"#, "`oos` last"),
        (r#"["left","right","oos"]"#, r#"["left","left","oos"]"#, "distinct"),
        (r#"["left","right","oos"]"#, r#"["left","oos"]"#, "labels = 2"),
        (r#""seed":1"#, r#""seed":-1"#, "header is malformed"),
    ];
    for (from, to, reason) in cases {
        let refusal = Head::from_bytes(&with_header(|header| header.replace(from, to)));
        let refusal = refusal.unwrap_err().to_string();
        assert!(refusal.contains(reason), "{from} to {to}: {refusal}");
    }
    let mut head = toy_head();
    head.linear.weights[3] = f32::NAN;
    assert_eq!(Head::from_bytes(&head.to_bytes().unwrap()), Err(HeadRefusal::Weight { index: 6 }));
}
