//! The head: what turns a sentence embedding and n-grams into an intent, in one file.
//!
//! File format, version 2, little-endian; version 1 is the same without an adaptation:
//! ```text
//! 8 bytes   VITHEAD1, the mark
//! u32       format version, 1 or 2
//! u32       bytes of the header
//! header    JSON: encoder, labels, n-grams, temperature, threshold, glossary, training
//! weights   f16: bias [labels], then [dimensions + buckets, labels] row-major
//! changes   safetensors: what training changed in the encoder, if the header announces bytes
//! 32 bytes  SHA-256 of everything before
//! ```
//! The label `oos`, if any, is the last one.
//!
//! Invariants
//! - A [`Head`] in memory has finite weights of the announced shape; nothing else is ever opened.
//! - Writing is atomic: the file appears whole or not at all.

use crate::intent::error::HeadRefusal;
use crate::intent::error::IntentError;
use crate::intent::features::HashedReading;
use crate::intent::features::NgramSpec;
use crate::intent::linear::Linear;
use crate::intent::linear::softmax;
use crate::model::Adaptation;
use half::f16;
use serde::Deserialize;
use serde::Serialize;
use sha2::Digest;
use sha2::Sha256;
use std::path::Path;

/// The label that means: none of the others.
pub const OUT_OF_SCOPE: &str = "oos";

/// Most labels of a head, `oos` included: CLINC150 has 151.
pub const LABELS_MAX: usize = 1_024;

/// Largest head file, in bytes: 1,024 labels with 65,536 buckets take 135 MB.
const FILE_BYTES_MAX: u64 = 160 << 20;

const MARK: &[u8; 8] = b"VITHEAD1";
const VERSION: u32 = 2;
/// The oldest version that is read.
const VERSION_MIN: u32 = 1;
const CHECKSUM_BYTES: usize = 32;
const PREFIX_BYTES: usize = MARK.len() + 4 + 4;
/// Wider than any encoder's embedding.
const DIMENSIONS_MAX: usize = 8_192;

/// Which encoder a head belongs to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct EncoderIdentity {
    /// Its name, such as `all-MiniLM-L6-v2`; informative, the checksum decides.
    pub name: String,
    /// SHA-256 of its weights file, lower-case hexadecimal.
    pub sha256: String,
    /// Width of its embeddings.
    pub dimensions: usize,
}

impl std::fmt::Display for EncoderIdentity {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let sha256: String = self.sha256.chars().take(12).collect();
        write!(formatter, "`{}` ({} dimensions, sha256 {sha256}…)", self.name, self.dimensions)
    }
}

/// What is known about a head's training, for people.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct TrainingNote {
    /// Examples it was trained on.
    pub examples: usize,
    /// Pull to zero that cross-validation chose.
    pub l2: f32,
    /// Accuracy on held-out folds, best label taken even when abstaining.
    pub accuracy_forced: f64,
    /// Seed of folds and shuffles.
    pub seed: u64,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Header {
    encoder: EncoderIdentity,
    labels: Vec<String>,
    buckets: usize,
    characters_min: usize,
    characters_max: usize,
    ngram_weight: f32,
    temperature: f32,
    threshold: f32,
    glossary: u32,
    training: TrainingNote,
    /// Bytes of what training changed in the encoder.
    #[serde(default)]
    adaptation_bytes: usize,
}

/// Labels with their probabilities for one text.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Ranking<'a> {
    /// In-scope labels and their calibrated probabilities, best first.
    pub(crate) labels: Vec<(&'a str, f32)>,
    /// Whether the best probability is below the head's threshold.
    pub(crate) abstained: bool,
}

/// A trained classifier for one encoder's embeddings.
#[derive(Debug, Clone, PartialEq)]
pub struct Head {
    pub(crate) encoder: EncoderIdentity,
    pub(crate) labels: Vec<String>,
    pub(crate) spec: NgramSpec,
    pub(crate) temperature: f32,
    pub(crate) threshold: f32,
    /// Fingerprint of the glossary that its texts were read with.
    pub(crate) glossary: u32,
    pub(crate) training: TrainingNote,
    pub(crate) linear: Linear,
    /// What training changed in the encoder, if it did.
    pub(crate) adaptation: Option<Adaptation>,
}

impl Head {
    /// The encoder it was trained for.
    #[must_use]
    pub fn encoder(&self) -> &EncoderIdentity {
        &self.encoder
    }

    /// Its labels, `oos` last if it was trained with such examples.
    #[must_use]
    pub fn labels(&self) -> &[String] {
        &self.labels
    }

    /// Confidence below which it abstains, 0 to 1.
    #[must_use]
    pub fn threshold(&self) -> f32 {
        self.threshold
    }

    /// How it was trained.
    #[must_use]
    pub fn training(&self) -> &TrainingNote {
        &self.training
    }

    /// Whether training changed the encoder: such a head needs an encoder of its own.
    #[must_use]
    pub fn adapts_encoder(&self) -> bool {
        self.adaptation.is_some()
    }

    /// Labels that mean something: all but `oos`.
    pub(crate) fn in_scope_labels(&self) -> usize {
        in_scope(&self.labels)
    }

    /// Ranks the in-scope labels for a text and the embedding of its meaning, `[dimensions]`.
    ///
    /// # Panics
    /// If the embedding has another width than the head: [`Head::check_encoder`] comes first.
    pub(crate) fn rank(&self, reading: &mut HashedReading<'_>, embedding: &[f32]) -> Ranking<'_> {
        assert_eq!(embedding.len(), self.encoder.dimensions, "checked when the head was paired");
        let mut probabilities = self.linear.logits(embedding, reading.ngrams(self.spec));
        softmax(&mut probabilities, self.temperature);
        let mut labels: Vec<(&str, f32)> = self
            .labels
            .iter()
            .map(String::as_str)
            .zip(probabilities)
            .take(self.in_scope_labels())
            .collect();
        labels.sort_by(|a, b| b.1.total_cmp(&a.1));
        let best = labels.first().map_or(0.0, |(_, probability)| *probability);
        Ranking { labels, abstained: best < self.threshold }
    }

    /// Refuses to work with another encoder or glossary than it was trained with.
    pub(crate) fn check_encoder(&self, found: &EncoderIdentity) -> Result<(), HeadRefusal> {
        let expected = &self.encoder;
        if expected.sha256 == found.sha256 && expected.dimensions == found.dimensions {
            return Ok(());
        }
        Err(HeadRefusal::Encoder {
            expected: Box::new(expected.clone()),
            found: Box::new(found.clone()),
        })
    }

    /// Reads a head file.
    ///
    /// # Errors
    /// If it cannot be read, is damaged, or is of another version.
    pub fn open(path: &Path) -> Result<Self, IntentError> {
        let bytes = std::fs::metadata(path).map_err(|cause| IntentError::file(path, cause))?.len();
        if bytes > FILE_BYTES_MAX {
            let reason = HeadRefusal::TooLong { bytes, bytes_max: FILE_BYTES_MAX };
            return Err(IntentError::Head { path: path.to_owned(), reason });
        }
        let bytes = std::fs::read(path).map_err(|cause| IntentError::file(path, cause))?;
        Self::read(&bytes, path)
    }

    /// Reads a head file's bytes; errors name `origin`.
    ///
    /// # Errors
    /// If they are damaged or of another version.
    pub fn read(bytes: &[u8], origin: &Path) -> Result<Self, IntentError> {
        Self::from_bytes(bytes)
            .map_err(|reason| IntentError::Head { path: origin.to_owned(), reason })
    }

    /// Writes the head next to its place, then moves it there.
    ///
    /// # Errors
    /// If the system refuses.
    pub fn save(&self, path: &Path) -> Result<(), IntentError> {
        let staged = path.with_extension("part");
        std::fs::write(&staged, self.to_bytes())
            .and_then(|()| std::fs::rename(&staged, path))
            .map_err(|cause| IntentError::file(path, cause))
    }

    /// The file's bytes.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        // Tensors in memory serialise; nothing else is in an adaptation.
        let changes = self.adaptation.as_ref().and_then(|changes| changes.to_bytes().ok());
        let changes = changes.unwrap_or_default();
        let header = Header {
            encoder: self.encoder.clone(),
            labels: self.labels.clone(),
            buckets: self.spec.buckets,
            characters_min: self.spec.characters_min,
            characters_max: self.spec.characters_max,
            ngram_weight: self.linear.ngram_weight,
            temperature: self.temperature,
            threshold: self.threshold,
            glossary: self.glossary,
            training: self.training.clone(),
            adaptation_bytes: changes.len(),
        };
        let header = serde_json::to_vec(&header).unwrap_or_default();
        let header_bytes = u32::try_from(header.len()).unwrap_or(u32::MAX);
        let mut bytes = Vec::new();
        bytes.extend_from_slice(MARK);
        bytes.extend_from_slice(&VERSION.to_le_bytes());
        bytes.extend_from_slice(&header_bytes.to_le_bytes());
        bytes.extend_from_slice(&header);
        for weight in self.linear.bias.iter().chain(&self.linear.weights) {
            bytes.extend_from_slice(&f16::from_f32(*weight).to_le_bytes());
        }
        bytes.extend_from_slice(&changes);
        let checksum = Sha256::digest(&bytes);
        bytes.extend_from_slice(&checksum);
        bytes
    }

    /// Reads the file's bytes.
    ///
    /// # Errors
    /// Says what is wrong with them.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, HeadRefusal> {
        if !bytes.starts_with(MARK) {
            return Err(HeadRefusal::Mark);
        }
        let shortest = PREFIX_BYTES + CHECKSUM_BYTES;
        if bytes.len() < shortest {
            return Err(HeadRefusal::Length { found: bytes.len(), expected: shortest });
        }
        let found = little_endian(&bytes[MARK.len()..]);
        if !(VERSION_MIN..=VERSION).contains(&found) {
            return Err(HeadRefusal::Version { found, supported: VERSION });
        }
        let header_bytes = little_endian(&bytes[MARK.len() + 4..]) as usize;
        let body = bytes.len() - CHECKSUM_BYTES;
        let expected = shortest.saturating_add(header_bytes);
        if expected > bytes.len() {
            return Err(HeadRefusal::Length { found: bytes.len(), expected });
        }
        if Sha256::digest(&bytes[..body]).as_slice() != &bytes[body..] {
            return Err(HeadRefusal::Checksum);
        }
        let (header, weights) = bytes[PREFIX_BYTES..body].split_at(header_bytes);
        let header: Header = serde_json::from_slice(header)
            .map_err(|cause| HeadRefusal::Header { detail: cause.to_string() })?;
        header.check()?;
        let expected = (header.weights() * 2).saturating_add(header.adaptation_bytes);
        if weights.len() != expected {
            let around = bytes.len() - weights.len();
            let (found, expected) = (bytes.len(), around.saturating_add(expected));
            return Err(HeadRefusal::Length { found, expected });
        }
        let (weights, changes) = weights.split_at(header.weights() * 2);
        let adaptation = match changes {
            [] => None,
            changes => Some(
                Adaptation::from_bytes(changes)
                    .map_err(|cause| HeadRefusal::Adaptation { detail: cause.to_string() })?,
            ),
        };
        header.into_head(weights, adaptation)
    }
}

fn little_endian(bytes: &[u8]) -> u32 {
    bytes.first_chunk().copied().map_or(0, u32::from_le_bytes)
}

/// How many labels come before `oos`.
pub(crate) fn in_scope(labels: &[String]) -> usize {
    labels.len() - usize::from(labels.last().is_some_and(|label| label == OUT_OF_SCOPE))
}

fn value<T: ToString>(name: &'static str, found: &T, allowed: &'static str) -> HeadRefusal {
    HeadRefusal::Value { name, found: found.to_string(), allowed }
}

impl Header {
    fn weights(&self) -> usize {
        (1 + self.encoder.dimensions + self.buckets) * self.labels.len()
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
        if !(0.0..=1.0).contains(&self.threshold) {
            return Err(value("threshold", &self.threshold, "0 to 1"));
        }
        Ok(())
    }

    fn into_head(
        self,
        weights: &[u8],
        adaptation: Option<Adaptation>,
    ) -> Result<Head, HeadRefusal> {
        let weights: Vec<f32> = weights
            .chunks_exact(2)
            .map(|pair| f16::from_le_bytes([pair[0], pair[1]]).to_f32())
            .collect();
        if let Some(index) = weights.iter().position(|weight| !weight.is_finite()) {
            return Err(HeadRefusal::Weight { index });
        }
        let classes = self.labels.len();
        let (bias, weights) = weights.split_at(classes);
        let linear = Linear {
            classes,
            dimensions: self.encoder.dimensions,
            ngram_weight: self.ngram_weight,
            weights: weights.to_vec(),
            bias: bias.to_vec(),
        };
        let spec = NgramSpec {
            buckets: self.buckets,
            characters_min: self.characters_min,
            characters_max: self.characters_max,
        };
        Ok(Head {
            encoder: self.encoder,
            labels: self.labels,
            spec,
            temperature: self.temperature,
            threshold: self.threshold,
            glossary: self.glossary,
            training: self.training,
            linear,
            adaptation,
        })
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use crate::intent::gloss::Glossary;
    use crate::intent::gloss::Reading;

    /// A head for embeddings `[2]` that says `left` or `right` by their first value.
    pub(crate) fn toy_head() -> Head {
        let labels = ["left", "right", OUT_OF_SCOPE].map(str::to_owned).to_vec();
        let spec = NgramSpec { buckets: 256, characters_min: 2, characters_max: 4 };
        let mut weights = vec![0.0; (2 + spec.buckets) * 3];
        weights[..6].copy_from_slice(&[4.0, -4.0, 0.0, 0.0, 0.0, 6.0]);
        Head {
            encoder: EncoderIdentity {
                name: "toy".into(),
                sha256: "00ff".repeat(16),
                dimensions: 2,
            },
            labels,
            spec,
            temperature: 1.0,
            threshold: 0.5,
            glossary: Glossary::house().fingerprint(),
            training: TrainingNote { examples: 2, l2: 1.0, accuracy_forced: 1.0, seed: 1 },
            linear: Linear {
                classes: 3,
                dimensions: 2,
                ngram_weight: 0.5,
                weights,
                bias: vec![0.0; 3],
            },
            adaptation: None,
        }
    }

    /// Recomputes the checksum, as someone who damages a header on purpose would.
    fn sealed(mut bytes: Vec<u8>) -> Vec<u8> {
        bytes.truncate(bytes.len() - CHECKSUM_BYTES);
        let checksum = Sha256::digest(&bytes);
        bytes.extend_from_slice(&checksum);
        bytes
    }

    fn with_header(edit: impl Fn(String) -> String) -> Vec<u8> {
        let bytes = toy_head().to_bytes();
        let header_bytes = little_endian(&bytes[12..]) as usize;
        let header = String::from_utf8(bytes[16..16 + header_bytes].to_vec()).unwrap();
        let header = edit(header);
        let mut edited = bytes[..12].to_vec();
        edited.extend_from_slice(&u32::try_from(header.len()).unwrap().to_le_bytes());
        edited.extend_from_slice(header.as_bytes());
        edited.extend_from_slice(&bytes[16 + header_bytes..]);
        sealed(edited)
    }

    #[test]
    fn a_head_survives_its_file() {
        let head = toy_head();
        assert_eq!(Head::from_bytes(&head.to_bytes()).unwrap(), head);
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("toy.head");
        head.save(&path).unwrap();
        assert_eq!(Head::open(&path).unwrap(), head);
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
    }

    #[test]
    fn ranks_in_scope_labels_and_abstains_below_its_threshold() {
        let head = toy_head();
        let nothing = Reading { text: "", english: None };
        let ranking = head.rank(&mut HashedReading::new(&nothing), &[1.0, 0.0]);
        assert_eq!(ranking.labels[0].0, "left");
        assert_eq!(ranking.labels.len(), 2);
        assert!(!ranking.abstained);
        assert!(head.rank(&mut HashedReading::new(&nothing), &[0.0, 1.0]).abstained);
    }

    #[test]
    fn a_head_cut_anywhere_or_bitten_anywhere_is_refused() {
        let bytes = toy_head().to_bytes();
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
    fn a_well_sealed_but_senseless_head_is_refused_with_the_reason() {
        let cases = [
            (r#""buckets":256"#, r#""buckets":300"#, "buckets = 300"),
            (r#""buckets":256"#, r#""buckets":512"#, "announces"),
            (r#""dimensions":2"#, r#""dimensions":0"#, "dimensions = 0"),
            (r#""temperature":1.0"#, r#""temperature":0.0"#, "temperature = 0"),
            (r#""threshold":0.5"#, r#""threshold":2.0"#, "threshold = 2"),
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
        let mut newer = toy_head().to_bytes();
        newer[8] = 9;
        let refusal = Head::from_bytes(&sealed(newer)).unwrap_err();
        assert_eq!(refusal, HeadRefusal::Version { found: 9, supported: VERSION });
        let mut head = toy_head();
        head.linear.weights[3] = f32::NAN;
        assert_eq!(Head::from_bytes(&head.to_bytes()), Err(HeadRefusal::Weight { index: 6 }));
    }

    #[test]
    fn another_encoder_is_refused_by_name_width_and_checksum() {
        let head = toy_head();
        assert_eq!(head.check_encoder(&head.encoder), Ok(()));
        let other = EncoderIdentity { sha256: "ab".repeat(32), ..head.encoder.clone() };
        let refusal = head.check_encoder(&other).unwrap_err().to_string();
        assert!(refusal.contains("00ff00ff00ff") && refusal.contains("abababababab"), "{refusal}");
        let renamed = EncoderIdentity { name: "else".into(), ..head.encoder.clone() };
        assert_eq!(head.check_encoder(&renamed), Ok(()));
    }
}
