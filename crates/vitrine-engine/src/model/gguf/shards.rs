//! A model in pieces: finds them all by the first one's name and joins their tables.
//!
//! Invariants
//! - Every piece says which one it is; none is taken for another, none is left out.
//!
//! Source: `gguf-split` of llama.cpp and its naming in `llama_split_path`.

use crate::model::error::ModelError;
use crate::model::gguf::Contents;
use crate::model::gguf::GgufError;
use crate::model::gguf::GgufFile;
use crate::model::gguf::Part;
use crate::model::gguf::open_one;
use std::path::Path;
use std::path::PathBuf;

/// Metadata key: how many pieces there are.
pub(super) const COUNT: &str = "split.count";
/// Metadata key: which piece this is, from 0.
const NUMBER: &str = "split.no";
/// Metadata key: how many tensors all pieces hold.
const TENSORS: &str = "split.tensors.count";
/// Most pieces; the largest published models have some dozens.
const PIECES_MAX: u64 = 1024;

/// Opens all `count` pieces of the model that the file at `path` belongs to, whichever it is.
pub(super) fn open(path: &Path, count: u64) -> Result<GgufFile, ModelError> {
    let refused = |cause| ModelError::Gguf { path: path.to_owned(), cause };
    if count > PIECES_MAX {
        return Err(refused(GgufError::PieceCount { count, max: PIECES_MAX }));
    }
    let stem = stem(path, count).ok_or_else(|| refused(GgufError::PieceName { count }))?;
    let mut joined: Option<Contents> = None;
    let (mut files, mut parts) = (Vec::new(), Vec::new());
    for number in 0..count {
        let piece_path = piece(path, &stem, number, count);
        let refused = |cause| ModelError::Gguf { path: piece_path.clone(), cause };
        if !piece_path.exists() {
            let cause = GgufError::PieceMissing { path: piece_path.clone(), count };
            return Err(ModelError::Gguf { path: path.to_owned(), cause });
        }
        let (file, mut contents) = open_one(&piece_path)?;
        check_number(&contents, number, count).map_err(refused)?;
        for entry in contents.tensors.values_mut() {
            entry.part = parts.len();
        }
        match &mut joined {
            None => joined = Some(contents),
            Some(joined) => join(joined, contents).map_err(refused)?,
        }
        parts.push(Part::Mapped(file));
        files.push(piece_path);
    }
    let Some(contents) = joined else {
        return Err(refused(GgufError::PieceCount { count, max: PIECES_MAX }));
    };
    let found = contents.tensors.len() as u64;
    match contents.metadata.unsigned(TENSORS).filter(|announced| *announced != found) {
        Some(announced) => Err(refused(GgufError::PieceTensors { found, announced })),
        None => Ok(GgufFile::assembled(files, parts, contents)),
    }
}

/// What a piece's name begins with, if it is named as a piece of `count`.
fn stem(path: &Path, count: u64) -> Option<String> {
    let name = path.file_name()?.to_str()?;
    let rest = name.strip_suffix(&format!("-of-{count:05}.gguf"))?;
    let (stem, number) = rest.rsplit_once('-')?;
    let is_number = number.len() == 5 && number.bytes().all(|byte| byte.is_ascii_digit());
    is_number.then(|| stem.to_owned())
}

fn piece(path: &Path, stem: &str, number: u64, count: u64) -> PathBuf {
    path.with_file_name(format!("{stem}-{:05}-of-{count:05}.gguf", number + 1))
}

fn check_number(contents: &Contents, number: u64, count: u64) -> Result<(), GgufError> {
    let found = contents.metadata.unsigned(NUMBER).unwrap_or(0);
    let found_count = contents.metadata.unsigned(COUNT).unwrap_or(0);
    if found == number && found_count == count {
        return Ok(());
    }
    let (found, expected) = (found.saturating_add(1), number + 1);
    Err(GgufError::PieceForeign { found, found_count, expected, count })
}

fn join(joined: &mut Contents, piece: Contents) -> Result<(), GgufError> {
    for (name, entry) in piece.tensors {
        if joined.tensors.contains_key(&name) {
            return Err(GgufError::TensorTwice { name });
        }
        joined.tensors.insert(name, entry);
    }
    Ok(())
}
