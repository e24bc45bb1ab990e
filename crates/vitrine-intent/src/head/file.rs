//! Head file format.
//!
//! Version 6, little-endian. `width` is the encoder's dimensions, doubled if the head is joined.
//! ```text
//! 8 bytes    VITHEAD1, the magic
//! u32        format version, 6
//! u32        bytes of the header
//! header     JSON: encoder, labels, n-grams, temperature, scope, threshold, margin, training
//! weights    f16: bias [labels], then [width + buckets, labels] row-major
//! centroids  f16: [in-scope labels, width] row-major, if the header has a scope
//! centre     f16: [width], if the header's `centred` is true
//! classes    u16: the label of each example, if the header has neighbours
//! examples   i8: [examples, width] row-major, if the header has neighbours
//! changes    safetensors: changed encoder weights, if the header's `adaptation_bytes` is not 0
//! 32 bytes   SHA-256 of everything before
//! ```
//! Older heads were trained on texts that a word list had changed, and are refused.
//!
//! Invariants
//! - A head is opened only if all weights are finite and have the shape the header announces.
//! - Writing is atomic: the file appears whole or not at all.

use crate::centre::Centre;
use crate::error::HeadRefusal;
use crate::error::IntentError;
use crate::features::NgramSpec;
use crate::head::EncoderIdentity;
use crate::head::Head;
use crate::head::LABELS_MAX;
use crate::head::OUT_OF_SCOPE;
use crate::head::ScopeModel;
use crate::head::TrainingNote;
use crate::head::in_scope;
use crate::linear::LinearClassifier;
use crate::neighbours;
use crate::neighbours::Kernel;
use crate::neighbours::NEIGHBOURS_MAX;
use crate::neighbours::Neighbours;
use crate::neighbours::QuantisedExamples;
use crate::scope::Centroids;
use crate::scope::EVIDENCE;
use crate::scope::ScopeScore;
use half::f16;
use serde::Deserialize;
use serde::Serialize;
use sha2::Digest;
use sha2::Sha256;
use std::io;
use std::io::Write;
use std::path::Path;
use std::path::PathBuf;
use vitrine_engine::model::Adaptation;

/// Largest head file, in bytes: 1,024 labels with 65,536 buckets take 135 MB. Stored examples and
/// encoder changes count as well, so that a head can exceed it; such a head is not saved.
const FILE_BYTES_MAX: u64 = 160 << 20;

const MAGIC: &[u8; 8] = b"VITHEAD1";
const VERSION: u32 = 6;
const CHECKSUM_BYTES: usize = 32;
const PREFIX_BYTES: usize = MAGIC.len() + 4 + 4;
/// Maximum encoder width. Half of the neighbours' limit, because joined embeddings are twice as
/// wide.
const DIMENSIONS_MAX: usize = neighbours::DIMENSIONS_MAX / 2;

/// [`ScopeScore`] in the header.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct ScopeHeader {
    weights: [f32; EVIDENCE],
    bias: f32,
}

impl ScopeHeader {
    fn score(self) -> ScopeScore {
        ScopeScore { weights: self.weights, bias: self.bias }
    }
}

/// [`Neighbours`] in the header; the examples themselves follow as payload.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct NeighboursHeader {
    examples: usize,
    sharpness: f32,
    weight: f32,
}

impl NeighboursHeader {
    fn kernel(self) -> Kernel {
        Kernel { sharpness: self.sharpness, weight: self.weight }
    }
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct FileHeader {
    encoder: EncoderIdentity,
    labels: Vec<String>,
    buckets: usize,
    characters_min: usize,
    characters_max: usize,
    ngram_weight: f32,
    temperature: f32,
    scope: Option<ScopeHeader>,
    threshold: f32,
    clarify_margin: f32,
    neighbours: Option<NeighboursHeader>,
    /// Whether the input is two concatenated embeddings, as in [`Head`].
    joined: bool,
    /// Whether a mean is subtracted from embeddings.
    centred: bool,
    training: TrainingNote,
    /// Length of the changed encoder weights, in bytes; 0 if there are none.
    adaptation_bytes: usize,
}

impl Head {
    /// Reads a head file.
    ///
    /// # Errors
    /// If it cannot be read, is damaged, or has an unsupported version.
    pub fn open(path: &Path) -> Result<Self, IntentError> {
        let bytes = std::fs::metadata(path).map_err(|cause| IntentError::file(path, cause))?.len();
        if bytes > FILE_BYTES_MAX {
            let reason = HeadRefusal::TooLong { bytes, bytes_max: FILE_BYTES_MAX };
            return Err(IntentError::Head { path: path.to_owned(), reason });
        }
        let bytes = std::fs::read(path).map_err(|cause| IntentError::file(path, cause))?;
        Self::read(&bytes, path)
    }

    /// Parses a head file; errors name `origin` as its path.
    ///
    /// # Errors
    /// If it is damaged or has an unsupported version.
    pub fn read(bytes: &[u8], origin: &Path) -> Result<Self, IntentError> {
        Self::from_bytes(bytes)
            .map_err(|reason| IntentError::Head { path: origin.to_owned(), reason })
    }

    /// Writes the head to a new temporary file beside `path`, syncs it, and renames it to `path`.
    ///
    /// # Errors
    /// If the head is larger than a head file may be, or serialising, writing or renaming fails.
    /// Neither leaves a file behind.
    pub fn save(&self, path: &Path) -> Result<(), IntentError> {
        self.save_within(path, FILE_BYTES_MAX)
    }

    fn save_within(&self, path: &Path, bytes_max: u64) -> Result<(), IntentError> {
        let contents = self.to_bytes().map_err(|cause| IntentError::file(path, cause))?;
        let bytes = contents.len() as u64;
        if bytes > bytes_max {
            let reason = HeadRefusal::TooLong { bytes, bytes_max };
            return Err(IntentError::Head { path: path.to_owned(), reason });
        }
        let staged = staged(path);
        let written = write_new(&staged, &contents).and_then(|()| std::fs::rename(&staged, path));
        written.and_then(|()| sync_folder_of(path)).map_err(|cause| {
            // Only there if writing or renaming failed.
            let _ = std::fs::remove_file(&staged);
            IntentError::file(path, cause)
        })
    }

    /// Serialises the head in the newest format version.
    ///
    /// # Errors
    /// If the header or the changes to the encoder do not serialise.
    pub fn to_bytes(&self) -> io::Result<Vec<u8>> {
        let changes = self.adaptation.as_ref().map(Adaptation::to_bytes).transpose();
        let changes = changes.map_err(io::Error::other)?.unwrap_or_default();
        let header = FileHeader {
            encoder: self.encoder.clone(),
            labels: self.labels.clone(),
            buckets: self.spec.buckets,
            characters_min: self.spec.characters_min,
            characters_max: self.spec.characters_max,
            ngram_weight: self.linear.ngram_weight,
            temperature: self.temperature,
            scope: self.scope.as_ref().map(|scope| {
                let ScopeScore { weights, bias } = scope.score;
                ScopeHeader { weights, bias }
            }),
            threshold: self.threshold,
            clarify_margin: self.clarify_margin,
            neighbours: self.neighbours.as_ref().map(|neighbours| {
                let Kernel { sharpness, weight } = neighbours.kernel();
                let examples = neighbours.classes_of().len();
                NeighboursHeader { examples, sharpness, weight }
            }),
            joined: self.joined,
            centred: self.centre.is_some(),
            training: self.training.clone(),
            adaptation_bytes: changes.len(),
        };
        let mut bytes = prefix(&header)?;
        let centroids = self.scope.iter().flat_map(|scope| &scope.centroids.values);
        let centre = self.centre.iter().flat_map(Centre::mean);
        let weights = self.linear.bias.iter().chain(&self.linear.weights);
        for value in weights.chain(centroids).chain(centre) {
            bytes.extend_from_slice(&f16::from_f32(*value).to_le_bytes());
        }
        if let Some(neighbours) = &self.neighbours {
            bytes.extend(neighbours.classes_of().iter().flat_map(|class| class.to_le_bytes()));
            bytes.extend(neighbours.codes().iter().flat_map(|code| code.to_le_bytes()));
        }
        bytes.extend_from_slice(&changes);
        let checksum = Sha256::digest(&bytes);
        bytes.extend_from_slice(&checksum);
        Ok(bytes)
    }

    /// Parses a head file.
    ///
    /// # Errors
    /// The first fault found.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, HeadRefusal> {
        if !bytes.starts_with(MAGIC) {
            return Err(HeadRefusal::Magic);
        }
        let shortest = PREFIX_BYTES + CHECKSUM_BYTES;
        if bytes.len() < shortest {
            return Err(HeadRefusal::Length { found: bytes.len(), expected: shortest });
        }
        let found = little_endian(&bytes[MAGIC.len()..]);
        if found != VERSION {
            return Err(HeadRefusal::Version { found, supported: VERSION });
        }
        let header_bytes = little_endian(&bytes[MAGIC.len() + 4..]) as usize;
        let body = bytes.len() - CHECKSUM_BYTES;
        let expected = shortest.saturating_add(header_bytes);
        if expected > bytes.len() {
            return Err(HeadRefusal::Length { found: bytes.len(), expected });
        }
        if Sha256::digest(&bytes[..body]).as_slice() != &bytes[body..] {
            return Err(HeadRefusal::Checksum);
        }
        let (header, payload) = bytes[PREFIX_BYTES..body].split_at(header_bytes);
        let header: FileHeader = serde_json::from_slice(header)
            .map_err(|cause| HeadRefusal::FileHeader { detail: cause.to_string() })?;
        header.check()?;
        let value_bytes = (header.weights() + header.centroids() + header.centre()) * 2;
        let example_bytes = header.neighbours.map_or(0, |of| of.examples * (2 + header.width()));
        let expected = (value_bytes + example_bytes).saturating_add(header.adaptation_bytes);
        if payload.len() != expected {
            let around = bytes.len() - payload.len();
            let (found, expected) = (bytes.len(), around.saturating_add(expected));
            return Err(HeadRefusal::Length { found, expected });
        }
        let (values, rest) = payload.split_at(value_bytes);
        let (examples, changes) = rest.split_at(example_bytes);
        let adaptation = match changes {
            [] => None,
            changes => Some(
                Adaptation::from_bytes(changes)
                    .map_err(|cause| HeadRefusal::Adaptation { detail: cause.to_string() })?,
            ),
        };
        header.into_head(values, examples, adaptation)
    }
}

/// Everything before the weights: magic, version and header with its length.
///
/// # Errors
/// If the header does not serialise, or is too long for its length field.
fn prefix(header: &impl Serialize) -> io::Result<Vec<u8>> {
    let header = serde_json::to_vec(header)?;
    let header_bytes = u32::try_from(header.len()).map_err(io::Error::other)?;
    let mut bytes = Vec::new();
    bytes.extend_from_slice(MAGIC);
    bytes.extend_from_slice(&VERSION.to_le_bytes());
    bytes.extend_from_slice(&header_bytes.to_le_bytes());
    bytes.extend_from_slice(&header);
    Ok(bytes)
}

/// A name beside `path` that no other file has, so that heads saved at the same time never share
/// one.
fn staged(path: &Path) -> PathBuf {
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(format!(".{:016x}.part", rand::random::<u64>()));
    path.with_file_name(name)
}

/// Writes a file that must not exist, and syncs it: after the rename the name must not refer to
/// contents that a crash can still lose.
fn write_new(path: &Path, contents: &[u8]) -> io::Result<()> {
    let mut file = std::fs::File::create_new(path)?;
    file.write_all(contents)?;
    file.sync_all()
}

/// Makes the directory entry of `path` survive a crash.
fn sync_folder_of(path: &Path) -> io::Result<()> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
    std::fs::File::open(folder.unwrap_or(Path::new(".")))?.sync_all()
}

fn little_endian(bytes: &[u8]) -> u32 {
    bytes.first_chunk().copied().map_or(0, u32::from_le_bytes)
}

fn value<T: ToString>(name: &'static str, found: &T, allowed: &'static str) -> HeadRefusal {
    HeadRefusal::Value { name, found: found.to_string(), allowed }
}

impl FileHeader {
    /// Width of the head's input embedding.
    fn width(&self) -> usize {
        self.encoder.dimensions * if self.joined { 2 } else { 1 }
    }

    fn weights(&self) -> usize {
        (1 + self.width() + self.buckets) * self.labels.len()
    }

    fn centroids(&self) -> usize {
        self.scope.map_or(0, |_| in_scope(&self.labels) * self.width())
    }

    fn centre(&self) -> usize {
        if self.centred { self.width() } else { 0 }
    }

    fn check(&self) -> Result<(), HeadRefusal> {
        let labels = self.labels.len();
        if labels > LABELS_MAX || in_scope(&self.labels) < 2 {
            return Err(value("labels", &labels, "2 to 1024 besides `oos`"));
        }
        let distinct: std::collections::BTreeSet<&String> = self.labels.iter().collect();
        let early = self.labels[..labels - 1].iter().any(|label| label == OUT_OF_SCOPE);
        if distinct.len() != labels || early || self.labels.iter().any(String::is_empty) {
            return Err(value("labels", &labels, "distinct names, `oos` last"));
        }
        if !(1..=DIMENSIONS_MAX).contains(&self.encoder.dimensions) {
            return Err(value("dimensions", &self.encoder.dimensions, "1 to 8192"));
        }
        if !self.buckets.is_power_of_two() || !(256..=65_536).contains(&self.buckets) {
            return Err(value("buckets", &self.buckets, "a power of two from 256 to 65536"));
        }
        if self.characters_min == 0
            || self.characters_min > self.characters_max
            || self.characters_max > 6
        {
            return Err(value("characters_max", &self.characters_max, "characters_min to 6"));
        }
        if !(self.ngram_weight >= 0.0 && self.ngram_weight.is_finite()) {
            return Err(value("ngram_weight", &self.ngram_weight, "0 or more"));
        }
        if !(self.temperature > 0.0 && self.temperature.is_finite()) {
            return Err(value("temperature", &self.temperature, "above 0"));
        }
        if self.joined && self.adaptation_bytes == 0 {
            return Err(value("joined", &self.joined, "false without an adapted encoder"));
        }
        match self.neighbours {
            Some(of) if !of.kernel().is_sound() => {
                Err(value("sharpness", &of.sharpness, "above 0, at most 40, weight finite"))
            }
            Some(of) if of.examples > NEIGHBOURS_MAX => {
                Err(value("examples", &of.examples, "at most 65536"))
            }
            _ => self.check_abstention(),
        }
    }

    fn check_abstention(&self) -> Result<(), HeadRefusal> {
        if !(0.0..=1.0).contains(&self.clarify_margin) {
            return Err(value("clarify_margin", &self.clarify_margin, "0 to 1"));
        }
        match &self.scope {
            Some(scope) if !scope.score().is_finite() => {
                Err(value("scope", &"NaN", "finite numbers"))
            }
            Some(_) if !self.threshold.is_finite() => {
                Err(value("threshold", &self.threshold, "a finite number"))
            }
            None if !(0.0..=1.0).contains(&self.threshold) => {
                Err(value("threshold", &self.threshold, "0 to 1"))
            }
            _ => Ok(()),
        }
    }

    fn into_head(
        self,
        values: &[u8],
        examples: &[u8],
        adaptation: Option<Adaptation>,
    ) -> Result<Head, HeadRefusal> {
        let (weights, dimensions) = (self.weights(), self.width());
        let values: Vec<f32> = values
            .chunks_exact(2)
            .map(|pair| f16::from_le_bytes([pair[0], pair[1]]).to_f32())
            .collect();
        if let Some(index) = values.iter().position(|value| !value.is_finite()) {
            return Err(HeadRefusal::Weight { index });
        }
        let classes = self.labels.len();
        let (linear, rest) = values.split_at(weights);
        let (centroids, centre) = rest.split_at(self.centroids());
        let centre = self.centred.then(|| Centre::new(centre.to_vec(), self.encoder.dimensions));
        let (bias, weights) = linear.split_at(classes);
        let linear = LinearClassifier {
            classes,
            dimensions,
            ngram_weight: self.ngram_weight,
            weights: weights.to_vec(),
            bias: bias.to_vec(),
        };
        let spec = NgramSpec {
            buckets: self.buckets,
            characters_min: self.characters_min,
            characters_max: self.characters_max,
        };
        let scope = self.scope.map(|scope| ScopeModel {
            score: scope.score(),
            centroids: Centroids { values: centroids.to_vec(), dimensions },
        });
        let neighbours = match self.neighbours {
            Some(of) => Some(self.neighbours(of, examples)?),
            None => None,
        };
        Ok(Head {
            encoder: self.encoder,
            labels: self.labels,
            spec,
            temperature: self.temperature,
            scope,
            threshold: self.threshold,
            clarify_margin: self.clarify_margin,
            centre,
            training: self.training,
            linear,
            neighbours,
            adaptation,
            joined: self.joined,
        })
    }

    fn neighbours(&self, of: NeighboursHeader, bytes: &[u8]) -> Result<Neighbours, HeadRefusal> {
        let (classes, codes) = bytes.split_at(of.examples * 2);
        let class = |pair: &[u8]| u16::from_le_bytes([pair[0], pair[1]]);
        let classes_of: Vec<u16> = classes.chunks_exact(2).map(class).collect();
        let labels = self.labels.len();
        if let Some(class) = classes_of.iter().find(|class| usize::from(**class) >= labels) {
            return Err(value("class of an example", class, "below the number of labels"));
        }
        let codes = codes.iter().map(|code| i8::from_le_bytes([*code])).collect();
        let examples = QuantisedExamples { codes, classes_of };
        Ok(Neighbours::new(of.kernel(), self.width(), examples))
    }
}

#[cfg(test)]
mod tests;
