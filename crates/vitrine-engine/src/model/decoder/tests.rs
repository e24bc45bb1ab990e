//! Tests of the forward pass against llama.cpp, and of batch invariance: the same results alone and
//! in a batch.

mod executors;
mod families;
mod parity;

use super::*;
use crate::model::fixture::TINY_FAMILIES;
use crate::model::fixture::TinyDecoder;
use crate::model::gguf::TensorType;
use crate::model::kv_type::KvType;
use crate::model::step_input::Wanted;
use std::path::Path;
use std::path::PathBuf;
use vitrine_base::ids::PageId;

/// A sequence with pages of its own that is decoded greedily.
struct Greedy {
    tokens: Vec<u32>,
    computed: usize,
    pages: Vec<PageId>,
}

impl Greedy {
    fn new(prompt: &[u32], index: u32, pages_each: u32) -> Self {
        let pages = (index * pages_each..(index + 1) * pages_each).map(PageId).collect();
        Self { tokens: prompt.to_vec(), computed: 0, pages }
    }

    fn push(&self, step: &mut StepInput) {
        step.push(&self.tokens[self.computed..], self.computed, &self.pages, Wanted::Last);
    }

    fn take(&mut self, logits: &[f32]) {
        self.computed = self.tokens.len();
        let best = (0..logits.len()).max_by(|&a, &b| logits[a].total_cmp(&logits[b])).unwrap();
        self.tokens.push(u32::try_from(best).unwrap());
    }
}

/// Generates `count` tokens for every prompt, with all prompts in the same steps.
fn generate(model: &mut dyn Forward, prompts: &[Vec<u32>], count: usize) -> Vec<Vec<u32>> {
    let mut sequences: Vec<Greedy> =
        (0_u32..).zip(prompts).map(|(index, prompt)| Greedy::new(prompt, index, 12)).collect();
    for _ in 0..count {
        let mut step = StepInput::default();
        sequences.iter().for_each(|sequence| sequence.push(&mut step));
        let logits = model.forward(&step).unwrap();
        assert_eq!(logits.rows().len(), prompts.len());
        sequences.iter_mut().zip(logits.rows()).for_each(|(sequence, row)| sequence.take(row));
    }
    sequences
        .into_iter()
        .zip(prompts)
        .map(|(sequence, prompt)| sequence.tokens[prompt.len()..].to_vec())
        .collect()
}

fn open(path: &Path) -> Box<dyn Forward> {
    let file = GgufFile::open(path).unwrap();
    load_decoder(&file, &DecoderOptions { kv_bytes_max: 512 << 20, ..DecoderOptions::for_tests() })
        .unwrap()
}

fn tiny(decoder: &TinyDecoder) -> Box<dyn Forward> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("tiny.gguf");
    decoder.write(&path);
    open(&path)
}

/// A file of the repository.
fn repository_file(name: &str) -> PathBuf {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../..")).join(name)
}

/// The built-in drafter.
fn drafter() -> PathBuf {
    repository_file("models/drafter/drafter.gguf")
}

/// A random model in 32 bits with the sizes of a small trained one.
fn tiny_f32() -> TinyDecoder {
    TinyDecoder { matrix_type: TensorType::F32, width: 256, ..TinyDecoder::default() }
}

/// `own`, followed by 63 prompts of various lengths.
fn batch_of_64(own: &[u32]) -> Vec<Vec<u32>> {
    let mut prompts = vec![own.to_vec()];
    prompts.extend(
        (1..64_u32).map(|index| {
            (0..1 + index * 7 % 40).map(|at| 3 + (at * 31 + index * 17) % 250).collect()
        }),
    );
    prompts
}

#[test]
fn built_in_drafter_continues_as_in_llama_cpp() {
    let path = repository_file("tests/golden/drafter.greedy.json");
    let text = std::fs::read_to_string(path).unwrap();
    let expected: serde_json::Value = serde_json::from_str(&text).unwrap();
    let ids = |value: &serde_json::Value| -> Vec<u32> {
        let ids = value.as_array().unwrap();
        ids.iter().map(|id| u32::try_from(id.as_u64().unwrap()).unwrap()).collect()
    };
    let mut model = open(&drafter());
    let cases = expected["cases"].as_array().unwrap();
    assert!(cases.len() >= 4, "only {} cases", cases.len());
    for case in cases {
        let expected = ids(&case["token_ids"]);
        let prompt = ids(&case["prompt_token_ids"]);
        let found = generate(model.as_mut(), &[prompt], expected.len());
        assert_eq!(found[0], expected, "{}", case["prompt"]);
    }
}

/// Generates `count` tokens for the first prompt, batched with the others. Prompts are computed in
/// chunks of at most `chunk` tokens, so that prefill chunks and decode rows share steps.
fn generate_chunked(
    model: &mut dyn Forward,
    prompts: &[Vec<u32>],
    count: usize,
    chunk: usize,
) -> Vec<u32> {
    let mut sequences: Vec<Greedy> =
        (0_u32..).zip(prompts).map(|(index, prompt)| Greedy::new(prompt, index, 12)).collect();
    while sequences[0].tokens.len() < prompts[0].len() + count {
        let mut step = StepInput::default();
        let mut wanted = Vec::new();
        for (index, sequence) in sequences.iter_mut().enumerate() {
            let known = sequence.tokens.len();
            let end = known.min(sequence.computed + chunk);
            let last = end == known;
            let rows = &sequence.tokens[sequence.computed..end];
            let wants = if last { Wanted::Last } else { Wanted::Nothing };
            step.push(rows, sequence.computed, &sequence.pages, wants);
            if last {
                wanted.push(index);
            } else {
                sequence.computed = end;
            }
        }
        let logits = model.forward(&step).unwrap();
        wanted.iter().zip(logits.rows()).for_each(|(&index, row)| sequences[index].take(row));
    }
    sequences[0].tokens[prompts[0].len()..].to_vec()
}

/// Tokens per prompt chunk.
const CHUNK_TOKENS: usize = 7;

/// Asserts that a prompt's tokens are the same alone, batched with 7, 31 and 63 others, and with
/// chunked prompts.
fn assert_invariant(model: &mut dyn Forward, prompts: &[Vec<u32>], count: usize, what: &str) {
    let alone = generate(model, &prompts[..1], count).remove(0);
    for others in [7, 31, 63] {
        let together = generate(model, &prompts[..=others], count);
        assert_eq!(together[0], alone, "{what} batched with {others} others");
        let at = others / 2;
        let other_alone = generate(model, &prompts[at..=at], count);
        assert_eq!(together[at], other_alone[0], "{what}, prompt {at} of {others}");
    }
    let chunked = generate_chunked(model, &prompts[..32], count, CHUNK_TOKENS);
    assert_eq!(chunked, alone, "{what} in chunks, batched with 31 others");
}

#[test]
fn long_outputs_are_the_same_alone_batched_and_chunked() {
    let prompts = batch_of_64(&[1, 103, 107, 61, 78, 5, 77, 190, 201]);
    assert_invariant(tiny(&tiny_f32()).as_mut(), &prompts, 48, "a tiny model in f32");
}

#[test]
fn built_in_drafter_generates_the_same_alone_batched_and_chunked() {
    let prompts = batch_of_64(&[1, 403, 407, 261, 378, 5, 77, 290, 301]);
    assert_invariant(open(&drafter()).as_mut(), &prompts, 16, "drafter");
}

#[test]
fn every_family_and_type_is_the_same_alone_and_batched() {
    for family in TINY_FAMILIES {
        for matrix_type in [TensorType::F32, TensorType::F16, TensorType::Q8_0, TensorType::Q4_0] {
            let mut model = tiny(&TinyDecoder { family, matrix_type, ..TinyDecoder::default() });
            let prompts = &batch_of_64(&[1, 40, 50])[..16];
            let together = generate(model.as_mut(), prompts, 6);
            for at in [0, 7, 15] {
                let alone = generate(model.as_mut(), &prompts[at..=at], 6);
                assert_eq!(alone[0], together[at], "{family} {matrix_type:?}, sequence {at}");
            }
        }
        let mut model = tiny(&TinyDecoder { family, ..TinyDecoder::default() });
        let prompts = batch_of_64(&(0..24).map(|at| 3 + at * 29 % 250).collect::<Vec<u32>>());
        assert_invariant(model.as_mut(), &prompts, 4, family);
    }
}

#[test]
fn packed_kernels_are_the_same_alone_and_batched() {
    // Rows of 256 elements use candle's repacked kernels, which it selects by row count.
    for matrix_type in
        [TensorType::Q8_0, TensorType::Q4K, TensorType::Q5K, TensorType::Q6K, TensorType::Q5_0]
    {
        let decoder = TinyDecoder { matrix_type, width: 256, ..TinyDecoder::default() };
        let prompts = batch_of_64(&[1, 40, 50]);
        assert_invariant(tiny(&decoder).as_mut(), &prompts, 6, matrix_type.name());
    }
}

#[test]
fn chunked_prompt_equals_whole_prompt() {
    let mut model = tiny(&TinyDecoder { family: "qwen3", ..TinyDecoder::default() });
    let prompt: Vec<u32> = (0..50).map(|at| 3 + at * 7 % 200).collect();
    let pages: Vec<PageId> = (0..4).map(PageId).collect();
    let mut run = |chunks: &[usize]| -> Vec<f32> {
        let mut before = 0;
        let mut last = Vec::new();
        for &tokens in chunks {
            let mut step = StepInput::default();
            step.push(&prompt[before..before + tokens], before, &pages, Wanted::Last);
            last = model.forward(&step).unwrap().rows().next().unwrap().to_vec();
            before += tokens;
        }
        last
    };
    let whole = run(&[50]);
    for chunks in [&[16, 16, 18][..], &[1, 49], &[33, 17], &[1; 50]] {
        let chunked = run(chunks);
        let difference = whole.iter().zip(&chunked).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max);
        assert!(difference < 2e-4, "{chunks:?} differs by {difference}");
    }
}

#[test]
fn foreign_tokens_pages_and_lengths_are_refused() {
    let mut model = tiny(&TinyDecoder::default());
    let limits = model.limits();
    let mut refused = |tokens: &[u32], before: usize, pages: &[PageId]| {
        let mut step = StepInput::default();
        step.push(tokens, before, pages, Wanted::Last);
        model.forward(&step).unwrap_err()
    };
    let beyond = u32::try_from(limits.vocabulary_size).unwrap();
    assert!(matches!(refused(&[beyond], 0, &[PageId(0)]), ModelError::Token { .. }));
    assert!(matches!(refused(&[1], 16, &[PageId(0)]), ModelError::Pages { needed: 2, .. }));
    assert!(matches!(refused(&[1], 0, &[PageId(u32::MAX)]), ModelError::Pages { .. }));
    assert!(matches!(refused(&[1], 512, &[PageId(0)]), ModelError::SequenceLength { .. }));
}

#[test]
fn half_precision_pages_stay_close() {
    let decoder = TinyDecoder::default();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("tiny.gguf");
    decoder.write(&path);
    let file = GgufFile::open(&path).unwrap();
    let mut rows = Vec::new();
    for kv_type in [KvType::F32, KvType::F16] {
        let options = DecoderOptions { kv_type, ..DecoderOptions::for_tests() };
        let mut model = load_decoder(&file, &options).unwrap();
        let mut step = StepInput::default();
        step.push(&[1, 9, 40, 77], 0, &[PageId(3)], Wanted::All);
        rows.push(model.forward(&step).unwrap());
    }
    let (exact, half) = (rows[0].rows(), rows[1].rows());
    for (exact, half) in exact.zip(half) {
        assert!(exact.iter().zip(half).all(|(a, b)| (a - b).abs() < 0.05));
    }
}
