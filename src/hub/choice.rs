//! Chooses which files of a repository make up the model.
//!
//! Pure: works on the file list from the Hub.
//!
//! Invariants
//! - Only formats that cannot run code are chosen, and every chosen name stays inside its folder.
//! - A model split into parts is chosen completely or not at all.
//! - A choice among several models comes with a reason.

use crate::hub::error::HubError;
use crate::hub::gguf_name;
use crate::hub::gguf_name::GgufName;
use crate::hub::gguf_name::Quant;
use crate::hub::listing::PullSource;
use crate::hub::listing::RemoteFile;
use crate::hub::listing::check_file_name;
use crate::hub::listing::extension;
use crate::hub::part::part_of;
use std::collections::BTreeMap;
use std::collections::BTreeSet;
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
const RANKING: [&str; 29] = [
    "Q4_K_M", "Q4_K_XL", "Q4_K_L", "Q5_K_M", "Q5_K_XL", "Q5_K_L", "Q4_K_S", "Q5_K_S", "Q6_K",
    "Q6_K_L", "Q6_K_XL", "Q8_0", "Q5_1", "Q5_0", "Q4_1", "Q4_0", "Q3_K_XL", "Q3_K_L", "Q3_K_M",
    "Q3_K_S", "Q2_K", "Q2_K_L", "Q2_K_S", "Q4_K", "Q5_K", "Q3_K", "BF16", "F16", "F32",
];
/// Up to this size, in bytes, Q8_0 is preferred: it still reads quickly, and models this small
/// often have widths that are not a multiple of 256, for which K-quants fall back to other types.
const SMALL_BYTES: u64 = 1 << 30;
const SMALL_FIRST: &str = "Q8_0";

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
    name: GgufName,
}

/// Chooses the files of the model that `source` names. If it names none, chooses among models of at
/// most `bytes_max`.
pub(crate) fn choose(
    source: &PullSource,
    files: &[RemoteFile],
    bytes_max: Bytes,
) -> Result<FileChoice, HubError> {
    let candidates = candidates(files, source.model_name());
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
    let last = |candidate: &&GgufCandidate<'_>| {
        candidate.files.iter().any(|file| last_part(&file.name).eq_ignore_ascii_case(wanted))
    };
    let quantised = |name: fn(&Quant) -> &String| {
        move |candidate: &&GgufCandidate<'_>| {
            let quant = candidate.name.quant.as_ref();
            quant.is_some_and(|quant| name(quant).eq_ignore_ascii_case(canonical(wanted)))
        }
    };
    // The first way to read the name that finds a model counts: `Q4_K_M` is not `UD-Q4_K_M` where
    // both are offered.
    let by_file: Vec<_> = candidates.iter().filter(last).collect();
    let by_full: Vec<_> = candidates.iter().filter(quantised(|quant| &quant.full)).collect();
    let by_bare: Vec<_> = candidates.iter().filter(quantised(|quant| &quant.bare)).collect();
    match [by_file, by_full, by_bare].into_iter().find(|found| !found.is_empty()).as_deref() {
        Some([only]) => only.take(None),
        Some(several) => {
            let files = several.iter().map(|candidate| candidate.files[0].name.as_str());
            let files = files.collect::<Vec<_>>().join(", ");
            Err(HubError::Ambiguous { repository: repository.clone(), files })
        }
        None => Err(HubError::NotListed {
            repository: repository.clone(),
            wanted: wanted.to_owned(),
            present: present(candidates, files),
        }),
    }
}

/// The name of a quantisation that is also written otherwise.
fn canonical(wanted: &str) -> &str {
    match wanted {
        wanted if wanted.eq_ignore_ascii_case("fp16") => "F16",
        wanted if wanted.eq_ignore_ascii_case("fp32") => "F32",
        wanted => wanted,
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
    let ranked: Vec<&GgufCandidate<'_>> =
        candidates.iter().filter(|candidate| candidate.rank().is_some()).collect();
    let ambiguous = || {
        let files = present(candidates, files);
        HubError::Ambiguous { repository: repository.clone(), files }
    };
    // Different models in one repository, or a helper under an unknown name: only the user knows
    // which file is meant.
    let models: BTreeSet<&str> =
        candidates.iter().map(|candidate| candidate.name.model.as_str()).collect();
    if models.len() != 1 || ranked.is_empty() {
        return Err(ambiguous());
    }
    // A model of unknown size may not fit, and is taken only by name.
    let sized: Vec<(&GgufCandidate<'_>, u64)> =
        ranked.iter().filter_map(|candidate| Some((*candidate, candidate.bytes()?))).collect();
    let Some(smallest) = sized.iter().map(|(_, bytes)| *bytes).min() else {
        return Err(ambiguous());
    };
    let fitting: Vec<&(&GgufCandidate<'_>, u64)> =
        sized.iter().filter(|(_, bytes)| *bytes <= bytes_max.0).collect();
    let small = fitting
        .iter()
        .find(|(c, bytes)| c.quant_name() == SMALL_FIRST && (1..=SMALL_BYTES).contains(bytes));
    let first = fitting.iter().min_by_key(|(candidate, _)| candidate.rank());
    let Some((chosen, bytes)) = small.or(first) else {
        return Err(HubError::NoneFits {
            repository,
            models: sized.len(),
            smallest_bytes: smallest,
            bytes_max: bytes_max.0,
        });
    };
    let why = match (small.is_some(), chosen.quant_name()) {
        (true, _) => "nearly identical to the original, and small enough to read quickly",
        (false, "Q4_K_M") => {
            "about as good as the original at a third of its size, and the bytes read per token \
             limit the speed"
        }
        (false, _) => "the best supported quantisation that fits",
    };
    let reason = format!(
        "{} ({}), one of {} models in {repository}: {why}; models of up to {bytes_max} fit beside \
         the KV pages. To choose another one, name it: {}",
        chosen.quant_name(),
        Bytes(*bytes),
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
    /// Size of all parts, in bytes; `None` if the size of one is unknown.
    fn bytes(&self) -> Option<u64> {
        self.files.iter().try_fold(0_u64, |sum, file| Some(sum.saturating_add(file.bytes?)))
    }

    /// Place of its quantisation in [`RANKING`]; `None` for one that is not supported.
    fn rank(&self) -> Option<usize> {
        let quant = self.name.quant.as_ref()?;
        RANKING.iter().position(|ranked| *ranked == quant.bare)
    }

    /// Its quantisation, with the prefix; empty if its name has none.
    fn quant_name(&self) -> &str {
        self.name.quant.as_ref().map_or("", |quant| &quant.full)
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

/// The complete GGUF models of a repository, by name; helpers of a model are none.
fn candidates<'a>(files: &'a [RemoteFile], repository: &str) -> Vec<GgufCandidate<'a>> {
    let is_model = |file: &&RemoteFile| {
        extension(&file.name).eq_ignore_ascii_case("gguf")
            && !gguf_name::is_helper(&file.name, repository)
    };
    groups(files.iter().filter(is_model))
        .into_values()
        .filter(|parts| is_complete(parts))
        .map(|files| GgufCandidate { name: gguf_name::read(&files[0].name), files })
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
    match parts.first().and_then(|file| part_of(&file.name)) {
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

fn last_part(name: &str) -> &str {
    name.rsplit('/').next().unwrap_or(name)
}

/// Lists the alternatives for a message.
fn present(candidates: &[GgufCandidate<'_>], files: &[RemoteFile]) -> String {
    let names: Vec<String> = match candidates {
        [] => files.iter().map(|file| file.name.clone()).collect(),
        several => several
            .iter()
            .map(|candidate| {
                let quant = candidate.quant_name();
                let twice = several.iter().filter(|other| other.quant_name() == quant).count() > 1;
                let named = quant.is_empty() || twice;
                if named { candidate.files[0].name.clone() } else { quant.to_owned() }
            })
            .collect(),
    };
    names.join(", ")
}

#[cfg(test)]
mod tests;
