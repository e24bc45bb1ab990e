//! Opens a model that is split into shards: derives all file names from one of them and joins the
//! tensor tables.
//!
//! Invariants
//! - Every shard carries its own number and the shard count; both are checked, so no shard is
//!   mistaken for another and none is left out.
//!
//! Source: `gguf-split` of llama.cpp and its naming in `llama_split_path`.

use crate::model::error::ModelError;
use crate::model::gguf::contents::GgufContents;
use crate::model::gguf::error::GgufError;
use crate::model::gguf::storage::TensorStorage;
use crate::model::gguf::storage::open_one;
use std::path::Path;
use std::path::PathBuf;

/// Metadata key of the number of shards.
pub(super) const COUNT: &str = "split.count";
/// Metadata key of the shard's number, counted from 0.
const NUMBER: &str = "split.no";
/// Metadata key of the number of tensors in all shards together.
const TENSORS: &str = "split.tensors.count";
/// Largest number of shards; the largest published models have a few dozen.
const SHARDS_MAX: u64 = 1024;

/// The files of a model, their maps, and the joined contents; in shard order.
type Shards = (Vec<PathBuf>, Vec<TensorStorage>, GgufContents);

/// Opens all `count` shards of a model; `path` may be any of them.
pub(super) fn open(path: &Path, count: u64) -> Result<Shards, ModelError> {
    let refused = |cause| ModelError::Gguf { path: path.to_owned(), cause };
    if count > SHARDS_MAX {
        return Err(refused(GgufError::ShardCount { count, max: SHARDS_MAX }));
    }
    let stem = stem(path, count).ok_or_else(|| refused(GgufError::ShardName { count }))?;
    let mut joined: Option<GgufContents> = None;
    let (mut files, mut parts) = (Vec::new(), Vec::new());
    for number in 0..count {
        let shard_path = shard(path, &stem, number, count);
        let refused = |cause| ModelError::Gguf { path: shard_path.clone(), cause };
        if !shard_path.exists() {
            let cause = GgufError::ShardMissing { path: shard_path.clone(), count };
            return Err(ModelError::Gguf { path: path.to_owned(), cause });
        }
        let (file, mut contents) = open_one(&shard_path)?;
        check_number(&contents, number, count).map_err(refused)?;
        for entry in contents.tensors.values_mut() {
            entry.part = parts.len();
        }
        match &mut joined {
            None => joined = Some(contents),
            Some(joined) => join(joined, contents).map_err(refused)?,
        }
        parts.push(TensorStorage::Mapped(file));
        files.push(shard_path);
    }
    let Some(contents) = joined else {
        return Err(refused(GgufError::ShardCount { count, max: SHARDS_MAX }));
    };
    let found = contents.tensors.len() as u64;
    match contents.metadata.unsigned(TENSORS).filter(|announced| *announced != found) {
        Some(announced) => Err(refused(GgufError::ShardTensors { found, announced })),
        None => Ok((files, parts, contents)),
    }
}

/// The name of a shard without its `-00001-of-00003.gguf` suffix; `None` if it is not named as a
/// shard of `count`.
fn stem(path: &Path, count: u64) -> Option<String> {
    let name = path.file_name()?.to_str()?;
    let rest = name.strip_suffix(&format!("-of-{count:05}.gguf"))?;
    let (stem, number) = rest.rsplit_once('-')?;
    let is_number = number.len() == 5 && number.bytes().all(|byte| byte.is_ascii_digit());
    is_number.then(|| stem.to_owned())
}

fn shard(path: &Path, stem: &str, number: u64, count: u64) -> PathBuf {
    path.with_file_name(format!("{stem}-{:05}-of-{count:05}.gguf", number + 1))
}

fn check_number(contents: &GgufContents, number: u64, count: u64) -> Result<(), GgufError> {
    let found = contents.metadata.unsigned(NUMBER).unwrap_or(0);
    let found_count = contents.metadata.unsigned(COUNT).unwrap_or(0);
    if found == number && found_count == count {
        return Ok(());
    }
    let (found, expected) = (found.saturating_add(1), number + 1);
    Err(GgufError::ShardForeign { found, found_count, expected, count })
}

fn join(joined: &mut GgufContents, shard: GgufContents) -> Result<(), GgufError> {
    for (name, entry) in shard.tensors {
        if joined.tensors.contains_key(&name) {
            return Err(GgufError::TensorTwice { name });
        }
        joined.tensors.insert(name, entry);
    }
    Ok(())
}
