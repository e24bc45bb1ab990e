//! Tests of the GGUF parser on well-formed, mutated and truncated files.

use super::*;
use crate::model::StepInput;
use crate::model::Wanted;
use crate::model::fixture::GgufWriter;
use crate::model::fixture::TINY_FAMILIES;
use crate::model::fixture::TinyDecoder;
use proptest::prelude::*;
use vitrine_base::ids::PageId;

fn small() -> Vec<u8> {
    GgufWriter::default()
        .text("general.architecture", "llama")
        .unsigned("llama.block_count", 2)
        .float("llama.epsilon", 1e-5)
        .texts("tokens", &["a".to_owned(), "bc".to_owned()])
        .floats("scores", &[0.5, -1.0])
        .integers("types", &[1, -3])
        .tensor("a", &[2, 4], TensorType::F32, &[1; 32])
        .tensor("b", &[1, 32], TensorType::Q8_0, &[2; 34])
        .finish()
}

#[test]
fn written_file_reads_back() {
    let contents = parse(&small()).unwrap();
    let metadata = &contents.metadata;
    assert_eq!(metadata.text("general.architecture"), Some("llama"));
    assert_eq!(metadata.unsigned("llama.block_count"), Some(2));
    assert_eq!(metadata.texts("tokens").map(<[String]>::len), Some(2));
    assert_eq!(metadata.floats("scores"), Some(&[0.5, -1.0][..]));
    assert_eq!(metadata.integers("types"), Some(&[1, -3][..]));
    let b = &contents.tensors["b"];
    assert_eq!((b.dims.as_slice(), b.tensor_type), (&[1, 32][..], TensorType::Q8_0));
    assert_eq!(small()[b.range.clone()], [2; 34]);
}

#[test]
fn every_truncation_is_an_error() {
    let whole = small();
    // The bytes after the last tensor are padding.
    let needed = parse(&whole).unwrap().tensors["b"].range.end;
    for kept in 0..needed {
        assert!(parse(&whole[..kept]).is_err(), "{kept} bytes");
    }
    assert!(parse(&whole[..needed]).is_ok());
}

#[test]
fn false_counts_are_refused_before_memory_is_reserved() {
    let mut file = small();
    file[8..16].copy_from_slice(&u64::MAX.to_le_bytes());
    assert!(matches!(parse(&file), Err(GgufError::TooMany { what: "tensors", .. })));
    let mut file = small();
    file[4..8].copy_from_slice(&1_u32.to_le_bytes());
    assert_eq!(parse(&file), Err(GgufError::Version { found: 1 }));
    let file = GgufWriter::default().unsigned("general.alignment", 24).finish();
    assert_eq!(parse(&file), Err(GgufError::Alignment { found: 24 }));
    let file = GgufWriter::default().unsigned("a", 1).unsigned("a", 1).finish();
    assert_eq!(parse(&file), Err(GgufError::KeyTwice { key: "a".to_owned() }));
}

#[test]
fn huge_dimensions_are_refused() {
    let dims = [usize::MAX / 2, 32];
    let file = GgufWriter::default().tensor("a", &dims, TensorType::F32, &[]).finish();
    assert!(matches!(parse(&file), Err(GgufError::Elements { .. })));
    let file = GgufWriter::default().tensor("a", &[4, 32], TensorType::F32, &[0; 8]).finish();
    assert!(matches!(parse(&file), Err(GgufError::OutOfFile { .. })));
}

#[test]
fn huge_strings_lists_and_nested_lists_are_refused_unread() {
    let header = |entry: &[u8]| {
        let mut file = b"GGUF\x03\0\0\0".to_vec();
        file.extend(0_u64.to_le_bytes());
        file.extend(1_u64.to_le_bytes());
        file.extend(1_u64.to_le_bytes());
        file.push(b'k');
        file.extend(entry);
        parse(&file)
    };
    let value = |kind: u32, rest: &[u8]| [kind.to_le_bytes().as_slice(), rest].concat();
    let huge = u64::MAX.to_le_bytes();
    let string = header(&value(8, &huge));
    assert!(matches!(string, Err(GgufError::TooMany { what: "bytes in a string", .. })));
    let list = header(&value(9, &[4_u32.to_le_bytes().as_slice(), &huge].concat()));
    assert!(matches!(list, Err(GgufError::TooMany { what: "items in an array", .. })));
    let many = (4_u64 << 20).to_le_bytes();
    let short = header(&value(9, &[10_u32.to_le_bytes().as_slice(), &many].concat()));
    assert!(matches!(short, Err(GgufError::Truncated { .. })));
    let level = [9_u32.to_le_bytes().as_slice(), &1_u64.to_le_bytes()].concat();
    let nested = header(&[9_u32.to_le_bytes().as_slice(), &level.repeat(100_000)].concat());
    assert!(matches!(nested, Err(GgufError::NestedArray { .. })));
    let mut key = b"GGUF\x03\0\0\0".to_vec();
    key.extend(0_u64.to_le_bytes());
    key.extend(1_u64.to_le_bytes());
    key.extend(huge);
    assert!(matches!(parse(&key), Err(GgufError::TooMany { what: "bytes in a key", .. })));
}

#[test]
fn any_wrong_byte_is_parsed_or_refused() {
    let whole = small();
    for at in 0..whole.len() {
        for byte in [0, 1, 0x7f, 0x80, 0xff, whole[at] ^ 1, whole[at] ^ 0x40] {
            let mut file = whole.clone();
            file[at] = byte;
            if let Ok(contents) = parse(&file) {
                let inside = |entry: &TensorEntry| entry.range.end <= file.len();
                assert!(contents.tensors.values().all(inside), "byte {at} as {byte}");
            }
        }
    }
}

/// Loads a mutated file and, if that succeeds, computes a step with it. Errors are expected; a
/// panic fails the test.
fn load_mutated(bytes: &[u8]) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("mutated.gguf");
    std::fs::write(&path, bytes).unwrap();
    if let Ok(file) = GgufFile::open(&path) {
        let options = crate::model::DecoderOptions::for_tests();
        if let Ok(mut model) = crate::model::load_decoder(&file, &options) {
            let mut step = StepInput::default();
            step.push(&[1, 2, 3], 0, &[PageId(0)], Wanted::Last);
            let _ = model.forward(&step);
        }
    }
}

type Edits = Vec<(prop::sample::Index, u8)>;

fn edits() -> impl Strategy<Value = Edits> {
    prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..8)
}

/// Loads a tiny decoder with wrong bytes in its header and tables. Edits in the weights, most of
/// the file, would only change numbers.
fn load_garbled(family: usize, edits: Edits, cut: Option<prop::sample::Index>) {
    let family = TINY_FAMILIES[family % TINY_FAMILIES.len()];
    let mut file = TinyDecoder { family, ..TinyDecoder::default() }.bytes();
    let tables = parse(&file).unwrap().tensors.values().map(|t| t.range.start).min().unwrap();
    for (index, byte) in edits {
        file[index.index(tables)] = byte;
    }
    if let Some(kept) = cut {
        file.truncate(kept.index(file.len()));
    }
    load_mutated(&file);
}

proptest! {
    #![proptest_config(ProptestConfig::default())]

    #[test]
    fn garbled_files_never_panic(
        family in 0..TINY_FAMILIES.len(),
        edits in edits(),
        cut in any::<Option<prop::sample::Index>>(),
    ) {
        load_garbled(family, edits, cut);
    }

    #[test]
    fn arbitrary_tails_never_panic(tail in prop::collection::vec(any::<u8>(), 0..200)) {
        let mut file = b"GGUF\x03\0\0\0".to_vec();
        file.extend(tail);
        let _ = parse(&file);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(50_000))]

    #[test]
    #[ignore = "minutes: cargo test -p vitrine-engine --lib garbled_files -- --ignored"]
    fn garbled_files_never_panic_at_length(
        family in 0..TINY_FAMILIES.len(),
        edits in edits(),
        cut in any::<Option<prop::sample::Index>>(),
    ) {
        load_garbled(family, edits, cut);
    }
}

#[test]
fn tensors_that_share_bytes_are_refused() {
    let mut file = small();
    let table = file.windows(1 + 4).position(|at| at == b"b\x02\0\0\0").unwrap();
    let offset = table + 1 + 4 + 2 * 8 + 4;
    assert_eq!(file[offset..offset + 8], 32_u64.to_le_bytes());
    file[offset..offset + 8].copy_from_slice(&0_u64.to_le_bytes());
    let expected = GgufError::Overlap { first: "a".to_owned(), second: "b".to_owned() };
    assert_eq!(parse(&file), Err(expected));
}

/// Writes a tiny decoder in three shards and returns the path of the second; `numbers` and
/// `announced` are the shard numbers and the tensor count in their metadata.
fn write_shards(folder: &Path, numbers: [u32; 3], announced: u32) -> PathBuf {
    let whole = TinyDecoder::default().bytes();
    let contents = parse(&whole).unwrap();
    let mut shards = numbers.map(|number| {
        let writer =
            if number == 0 { TinyDecoder::default().header() } else { GgufWriter::default() };
        writer
            .unsigned("split.no", number)
            .unsigned("split.count", 3)
            .unsigned("split.tensors.count", announced)
    });
    for (at, (name, entry)) in contents.tensors.iter().enumerate() {
        let bytes = &whole[entry.range.clone()];
        let shard = std::mem::take(&mut shards[at % 3]);
        shards[at % 3] = shard.tensor(name, &entry.dims, entry.tensor_type, bytes);
    }
    let path = |at: usize| folder.join(format!("tiny-{at:05}-of-00003.gguf"));
    for (at, shard) in (1..).zip(shards) {
        std::fs::write(path(at), shard.finish()).unwrap();
    }
    path(2)
}

#[test]
fn shards_are_found_and_joined_from_any_of_them() {
    let folder = tempfile::tempdir().unwrap();
    let whole = parse(&TinyDecoder::default().bytes()).unwrap();
    let announced = u32::try_from(whole.tensors.len()).unwrap();
    let second = write_shards(folder.path(), [0, 1, 2], announced);
    let file = GgufFile::open(&second).unwrap();
    assert_eq!(file.files().len(), 3);
    assert!(file.path().ends_with("tiny-00001-of-00003.gguf"));
    let whole_file = folder.path().join("whole.gguf");
    TinyDecoder::default().write(&whole_file);
    let expected = GgufFile::open(&whole_file).unwrap();
    assert_eq!(file.tensors().count(), expected.tensors().count());
    for (name, _) in expected.tensors() {
        assert_eq!(file.tensor_bytes(name).unwrap().1, expected.tensor_bytes(name).unwrap().1);
    }
    let options = crate::model::DecoderOptions::for_tests();
    assert!(crate::model::load_decoder(&file, &options).is_ok());
}

#[test]
fn a_missing_or_foreign_shard_is_named() {
    let cause = |path: &Path| match GgufFile::open(path).unwrap_err() {
        ModelError::Gguf { cause, .. } => cause,
        other => panic!("{other}"),
    };
    let folder = tempfile::tempdir().unwrap();
    let path = write_shards(folder.path(), [0, 1, 1], 21);
    let foreign = GgufError::ShardForeign { found: 2, found_count: 3, expected: 3, count: 3 };
    assert_eq!(cause(&path), foreign);
    let path = write_shards(folder.path(), [0, 1, 2], 99);
    assert_eq!(cause(&path), GgufError::ShardTensors { found: 20, announced: 99 });
    let third = folder.path().join("tiny-00003-of-00003.gguf");
    std::fs::remove_file(&third).unwrap();
    assert_eq!(cause(&path), GgufError::ShardMissing { path: third, count: 3 });
    let renamed = folder.path().join("tiny.gguf");
    std::fs::rename(&path, &renamed).unwrap();
    assert_eq!(cause(&renamed), GgufError::ShardName { count: 3 });
}
