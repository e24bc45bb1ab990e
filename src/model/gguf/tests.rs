//! The parser against well-formed, mutated and cut files.

use super::*;
use crate::model::fixture::GgufWriter;
use crate::model::fixture::TinyDecoder;
use proptest::prelude::*;

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
fn every_cut_is_an_error() {
    let whole = small();
    // The last bytes are padding behind the last tensor.
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
    let file = GgufWriter::default().unsigned("split.count", 3).finish();
    assert_eq!(parse(&file), Err(GgufError::Split { count: 3 }));
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

/// Loads whatever a mutated file still describes; only errors are allowed, never a panic.
fn load_mutated(bytes: &[u8]) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("mutated.gguf");
    std::fs::write(&path, bytes).unwrap();
    if let Ok(file) = GgufFile::open(&path) {
        let options = crate::model::DecoderOptions::for_tests();
        let _ = crate::model::load_decoder(&file, &options);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn garbled_files_never_panic(
        edits in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..8),
        kept in any::<prop::sample::Index>(),
        cut in any::<bool>(),
    ) {
        let mut file = TinyDecoder::default().bytes();
        // Most of the file is weights, where an edit changes numbers only: aim at the tables.
        let tables = parse(&file).unwrap().tensors.values().map(|t| t.range.start).min().unwrap();
        for (index, byte) in edits {
            file[index.index(tables)] = byte;
        }
        if cut {
            file.truncate(kept.index(file.len()));
        }
        load_mutated(&file);
    }

    #[test]
    fn arbitrary_tails_never_panic(tail in prop::collection::vec(any::<u8>(), 0..200)) {
        let mut file = b"GGUF\x03\0\0\0".to_vec();
        file.extend(tail);
        let _ = parse(&file);
    }
}
