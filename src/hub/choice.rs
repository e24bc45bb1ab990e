//! Chooses which files of a repository make up the model.
//!
//! Pure: works on the file list from the Hub.
//!
//! Invariants
//! - Only formats that cannot run code are chosen, and every chosen name stays inside its folder.
//! - A model split into parts is chosen completely or not at all.
//! - A choice among several models comes with a reason.

use crate::hub::error::HubError;
use crate::hub::layout;
use crate::hub::layout::part_of;
use crate::hub::listing::PullSource;
use crate::hub::listing::RemoteFile;
use crate::hub::listing::check_file_name;
use crate::hub::listing::extension;
use std::collections::BTreeMap;
use vitrine_base::units::Bytes;

/// Small files of a safetensors model, in download order.
const DESCRIPTIONS: [&str; 11] = [
    "config.json",
    "generation_config.json",
    "modules.json",
    "sentence_bert_config.json",
    "config_sentence_transformers.json",
    "tokenizer.json",
    "tokenizer_config.json",
    "special_tokens_map.json",
    "chat_template.jinja",
    "chat_template.json",
    "model.safetensors.index.json",
];
const NEEDED: [&str; 2] = ["config.json", "tokenizer.json"];
const WEIGHTS: &str = "model.safetensors";

/// Pickle formats: reading them runs code from the file.
const PICKLES: [&str; 7] = ["bin", "pt", "pth", "pkl", "pickle", "ckpt", "joblib"];
/// Most pickles named in an error.
const NAMED_MAX: usize = 4;

/// Supported quantisations, best first where memory bandwidth limits the speed. Below Q4_K_M the
/// loss of precision shows in the replies; above it, every token reads more bytes.
const RANKING: [&str; 21] = [
    "Q4_K_M", "Q5_K_M", "Q4_K_S", "Q5_K_S", "Q6_K", "Q8_0", "Q5_1", "Q5_0", "Q4_1", "Q4_0",
    "Q3_K_L", "Q3_K_M", "Q3_K_S", "Q2_K", "Q2_K_S", "Q4_K", "Q5_K", "Q3_K", "BF16", "F16", "F32",
];
/// Up to this size, in bytes, Q8_0 is preferred: it still reads quickly, and models this small
/// often have widths that are not a multiple of 256, for which K-quants fall back to other types.
const SMALL_BYTES: u64 = 1 << 30;
const SMALL_FIRST: &str = "Q8_0";

/// Markers of GGUF files that are not models: projectors, calibration data, adapters.
const COMPANIONS: [&str; 3] = ["mmproj", "imatrix", "lora"];

/// Files to download.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct FileChoice {
    pub(crate) files: Vec<Chosen>,
    /// Why this model; `None` if there was no choice.
    pub(crate) reason: Option<String>,
}

/// A file to download, and its name in the model's folder.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Chosen {
    pub(crate) remote: RemoteFile,
    pub(crate) local: String,
}

/// A GGUF model in the repository: one file, or its parts in order.
#[derive(Debug)]
struct GgufCandidate<'a> {
    files: Vec<&'a RemoteFile>,
    quant: Option<&'static str>,
}

/// Chooses the files of the model that `source` names. If it names none, chooses among models of at
/// most `bytes_max`.
pub(crate) fn choose(
    source: &PullSource,
    files: &[RemoteFile],
    bytes_max: Bytes,
) -> Result<FileChoice, HubError> {
    let candidates = candidates(files);
    match &source.file {
        Some(wanted) => named(source, wanted, files, &candidates),
        None => match safetensors(source, files)? {
            Some(choice) => Ok(choice),
            None => choose_best(source, files, &candidates, bytes_max),
        },
    }
}

/// Selects by file name (with all parts of that model) or by quantisation.
fn named(
    source: &PullSource,
    wanted: &str,
    files: &[RemoteFile],
    candidates: &[GgufCandidate<'_>],
) -> Result<FileChoice, HubError> {
    let repository = &source.repository;
    let whole = candidates.iter().find(|c| c.files.iter().any(|file| file.name == wanted));
    if let Some(candidate) = whole {
        return candidate.take(None);
    }
    if let Some(file) = files.iter().find(|file| file.name == wanted) {
        let local = last_part(&file.name).to_owned();
        let chosen = Chosen { remote: file.clone(), local };
        return Ok(FileChoice { files: vec![chosen], reason: None });
    }
    let quantised: Vec<&GgufCandidate<'_>> = candidates
        .iter()
        .filter(|candidate| candidate.quant.is_some_and(|q| q.eq_ignore_ascii_case(wanted)))
        .collect();
    match quantised.as_slice() {
        [only] => only.take(None),
        _ => Err(HubError::NotListed {
            repository: repository.clone(),
            wanted: wanted.to_owned(),
            present: present(candidates, files),
        }),
    }
}

/// A safetensors model with its configuration and tokenizer; `None` if the repository has none.
fn safetensors(source: &PullSource, files: &[RemoteFile]) -> Result<Option<FileChoice>, HubError> {
    let find = |name: &str| files.iter().find(|file| file.name == name);
    if !NEEDED.iter().all(|name| find(name).is_some()) {
        return Ok(None);
    }
    let weights: Vec<&RemoteFile> = match find(WEIGHTS) {
        Some(file) => vec![file],
        None => {
            let at_root = |file: &&RemoteFile| !file.name.contains('/');
            let parts = files.iter().filter(at_root).filter(|file| {
                extension(&file.name) == "safetensors" && part_of(&file.name).is_some()
            });
            let groups = groups(parts);
            match groups.into_values().next() {
                Some(parts) => complete(source, parts)?,
                None => return Ok(None),
            }
        }
    };
    let module = |file: &&RemoteFile| {
        let (folder, name) = file.name.split_once('/').unwrap_or_default();
        name == "config.json" && folder.starts_with(|c: char| c.is_ascii_digit())
    };
    let described = DESCRIPTIONS.iter().filter_map(|name| find(name));
    let chosen = described.chain(files.iter().filter(module)).chain(weights);
    let files = chosen
        .map(|file| {
            check_file_name(&file.name)?;
            Ok(Chosen { remote: file.clone(), local: file.name.clone() })
        })
        .collect::<Result<Vec<_>, HubError>>()?;
    Ok(Some(FileChoice { files, reason: None }))
}

/// The best GGUF model when none is named.
fn choose_best(
    source: &PullSource,
    files: &[RemoteFile],
    candidates: &[GgufCandidate<'_>],
    bytes_max: Bytes,
) -> Result<FileChoice, HubError> {
    let repository = source.repository.clone();
    match candidates {
        [] => return Err(no_model_error(repository, files)),
        [only] => return only.take(None),
        _ => {}
    }
    let ranked: Vec<&GgufCandidate<'_>> = candidates.iter().filter(|c| c.quant.is_some()).collect();
    if ranked.is_empty() {
        return Err(HubError::Ambiguous { repository, files: present(candidates, files) });
    }
    let fitting: Vec<&&GgufCandidate<'_>> =
        ranked.iter().filter(|candidate| candidate.bytes() <= bytes_max.0).collect();
    let Some(smallest) = ranked.iter().map(|candidate| candidate.bytes()).min() else {
        return Err(no_model_error(repository, files));
    };
    let small = fitting
        .iter()
        .find(|c| c.quant == Some(SMALL_FIRST) && (1..=SMALL_BYTES).contains(&c.bytes()));
    let first = fitting.iter().min_by_key(|candidate| candidate.rank());
    let Some(chosen) = small.or(first) else {
        return Err(HubError::NoneFits {
            repository,
            models: ranked.len(),
            smallest_bytes: smallest,
            bytes_max: bytes_max.0,
        });
    };
    let why = match (small.is_some(), chosen.quant) {
        (true, _) => "nearly identical to the original, and small enough to read quickly",
        (false, Some("Q4_K_M")) => {
            "about as good as the original at a third of its size, and the bytes read per token \
             limit the speed"
        }
        (false, _) => "the best supported quantisation that fits",
    };
    let reason = format!(
        "{} ({}), one of {} models in {repository}: {why}; models of up to {bytes_max} fit beside \
         the KV pages. To choose another one, name it: {}",
        chosen.quant.unwrap_or_default(),
        Bytes(chosen.bytes()),
        candidates.len(),
        present(candidates, files),
    );
    chosen.take(Some(reason))
}

fn no_model_error(repository: String, files: &[RemoteFile]) -> HubError {
    let is_pickle =
        |file: &&RemoteFile| PICKLES.contains(&extension(&file.name).to_ascii_lowercase().as_str());
    let pickles: Vec<&str> = files.iter().filter(is_pickle).map(|f| f.name.as_str()).collect();
    if pickles.is_empty() {
        return HubError::NothingToPull { repository, files: files.len() };
    }
    let named = pickles.iter().take(NAMED_MAX).copied().collect::<Vec<_>>().join(", ");
    HubError::OnlyPickles { repository, count: pickles.len(), named }
}

impl GgufCandidate<'_> {
    /// Size of all parts, in bytes; parts of unknown size count as 0.
    fn bytes(&self) -> u64 {
        self.files.iter().filter_map(|file| file.bytes).fold(0, u64::saturating_add)
    }

    fn rank(&self) -> usize {
        let place = RANKING.iter().position(|quant| self.quant == Some(quant));
        place.unwrap_or(RANKING.len())
    }

    /// Chooses this model's files, without the folders they have in the repository.
    fn take(&self, reason: Option<String>) -> Result<FileChoice, HubError> {
        let files = self
            .files
            .iter()
            .map(|file| {
                check_file_name(&file.name)?;
                let local = last_part(&file.name).to_owned();
                Ok(Chosen { remote: (*file).clone(), local })
            })
            .collect::<Result<Vec<_>, HubError>>()?;
        Ok(FileChoice { files, reason })
    }
}

/// The complete GGUF models of a repository, by name.
fn candidates(files: &[RemoteFile]) -> Vec<GgufCandidate<'_>> {
    let is_model = |file: &&RemoteFile| {
        let name = last_part(&file.name).to_ascii_lowercase();
        extension(&name) == "gguf" && !COMPANIONS.iter().any(|companion| name.contains(companion))
    };
    groups(files.iter().filter(is_model))
        .into_values()
        .filter(|parts| is_complete(parts))
        .map(|files| GgufCandidate { quant: quant_of(&files[0].name), files })
        .collect()
}

/// Groups files by the model they belong to, with parts in order.
fn groups<'a>(
    files: impl Iterator<Item = &'a RemoteFile>,
) -> BTreeMap<String, Vec<&'a RemoteFile>> {
    let mut groups: BTreeMap<String, Vec<&RemoteFile>> = BTreeMap::new();
    for file in files {
        let key = part_of(&file.name).map_or_else(|| file.name.clone(), |part| part.stem);
        groups.entry(key).or_default().push(file);
    }
    groups.values_mut().for_each(|parts| parts.sort_by(|a, b| a.name.cmp(&b.name)));
    groups
}

fn is_complete(parts: &[&RemoteFile]) -> bool {
    match parts.first().and_then(|file| layout::part_of(&file.name)) {
        None => true,
        Some(first) => {
            let numbers: Vec<usize> =
                parts.iter().filter_map(|file| Some(part_of(&file.name)?.number)).collect();
            numbers == (1..=first.count).collect::<Vec<_>>()
        }
    }
}

fn complete<'a>(
    source: &PullSource,
    parts: Vec<&'a RemoteFile>,
) -> Result<Vec<&'a RemoteFile>, HubError> {
    if is_complete(&parts) {
        return Ok(parts);
    }
    Err(HubError::PartsMissing { repository: source.repository.clone(), parts: parts.len() })
}

/// The supported quantisation in a file name: a word between dots and dashes, such as `Q4_K_M` in
/// `model-Q4_K_M-00001-of-00002.gguf`.
fn quant_of(name: &str) -> Option<&'static str> {
    let name = last_part(name).to_ascii_uppercase();
    let words: Vec<&str> = name.split(['.', '-', ' ']).collect();
    RANKING.iter().copied().find(|quant| {
        // Some publishers separate words with underscores.
        words.iter().any(|word| word == quant || word.ends_with(&format!("_{quant}")))
    })
}

fn last_part(name: &str) -> &str {
    name.rsplit('/').next().unwrap_or(name)
}

/// Lists the alternatives for a message.
fn present(candidates: &[GgufCandidate<'_>], files: &[RemoteFile]) -> String {
    let names: Vec<String> = match candidates {
        [] => files.iter().map(|file| file.name.clone()).collect(),
        several => several
            .iter()
            .map(|candidate| match candidate.quant {
                Some(quant) => quant.to_owned(),
                None => candidate.files[0].name.clone(),
            })
            .collect(),
    };
    names.join(", ")
}

#[cfg(test)]
mod tests;
