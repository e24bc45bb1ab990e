//! Tests of the CPU executor against candle, and of its invariance to batching, chunking, thread
//! count and tier.

use super::Greedy;
use super::drafter;
use super::generate;
use super::tiny_f32;
use crate::model::DecoderOptions;
use crate::model::ExecutorChoice;
use crate::model::Forward;
use crate::model::GgufFile;
use crate::model::KvType;
use crate::model::StepInput;
use crate::model::Wanted;
use crate::model::fixture::TINY_FAMILIES;
use crate::model::fixture::TinyDecoder;
use crate::model::gguf::TensorType;
use crate::model::likeliest::Likeliest;
use crate::model::load_decoder;
use candle_core::Device;
use std::path::Path;
use std::path::PathBuf;
use vitrine_base::ids::PageId;
use vitrine_kernels::pool::Cores;
use vitrine_kernels::tier::Tier;

/// Generated tokens per sequence in comparisons.
const COMPARED_TOKENS: usize = 128;

fn options(executor: ExecutorChoice) -> DecoderOptions {
    DecoderOptions {
        device: Device::Cpu,
        executor,
        kv_bytes_max: 256 << 20,
        ..DecoderOptions::for_tests()
    }
}

fn load(path: &Path, options: &DecoderOptions) -> Box<dyn Forward> {
    load_decoder(&GgufFile::open(path).unwrap(), options).unwrap()
}

/// Writes a tiny model; the file is deleted with the returned folder.
fn written(decoder: &TinyDecoder) -> (tempfile::TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("tiny.gguf");
    decoder.write(&path);
    (folder, path)
}

fn prompts(count: u32) -> Vec<Vec<u32>> {
    (0..count)
        .map(|index| (0..1 + index * 7 % 40).map(|at| 3 + (at * 31 + index * 17) % 250).collect())
        .collect()
}

/// Logits of every row, with all sequences in one step.
fn logits(model: &mut dyn Forward, sequences: &[Vec<u32>]) -> Vec<Vec<f32>> {
    let mut step = StepInput::default();
    for (index, tokens) in (0_u32..).zip(sequences) {
        let pages: Vec<PageId> = (index * 12..(index + 1) * 12).map(PageId).collect();
        step.push(tokens, 0, &pages, Wanted::All);
    }
    model.forward(&step).unwrap().rows().map(<[f32]>::to_vec).collect()
}

#[test]
fn greedy_rows_return_the_likeliest_token_of_their_logits() {
    for family in TINY_FAMILIES {
        let (_folder, path) = written(&TinyDecoder { family, ..TinyDecoder::default() });
        for executor in [ExecutorChoice::Candle, ExecutorChoice::Cpu] {
            let mut model = load(&path, &options(executor));
            let texts = prompts(6);
            let mut answer = |wanted: &dyn Fn(usize) -> Wanted| {
                let mut step = StepInput::default();
                for (at, tokens) in texts.iter().enumerate() {
                    let pages: Vec<PageId> = (0..12)
                        .map(|page| PageId(u32::try_from(at).unwrap() * 12 + page))
                        .collect();
                    step.push(tokens, 0, &pages, wanted(at));
                }
                model.forward(&step).unwrap()
            };
            let whole = answer(&|_| Wanted::Last);
            let expected: Vec<Option<u32>> =
                whole.rows().map(|row| Likeliest::of(row).token_id()).collect();
            assert!(expected.iter().all(Option::is_some) && whole.likeliest().is_empty());
            let greedy = answer(&|_| Wanted::Likeliest);
            assert_eq!(greedy.likeliest(), expected, "{family:?} {executor:?}");
            assert_eq!(greedy.rows().len(), 0);
            let mixed = answer(&|at| if at % 2 == 0 { Wanted::Likeliest } else { Wanted::Last });
            assert_eq!(mixed.likeliest(), [expected[0], expected[2], expected[4]]);
            assert!(mixed.rows().eq(whole.rows().skip(1).step_by(2)), "{family:?} {executor:?}");
            let every = answer(&|_| Wanted::All);
            let every: Vec<Option<u32>> =
                every.rows().map(|row| Likeliest::of(row).token_id()).collect();
            let found = answer(&|_| Wanted::AllLikeliest);
            assert_eq!(found.likeliest(), every, "{family:?} {executor:?}");
        }
    }
}

fn best(row: &[f32]) -> usize {
    (0..row.len()).max_by(|&a, &b| row[a].total_cmp(&row[b])).unwrap()
}

fn log_softmax(row: &[f32]) -> Vec<f64> {
    let largest = f64::from(row[best(row)]);
    let sum: f64 = row.iter().map(|&logit| (f64::from(logit) - largest).exp()).sum();
    row.iter().map(|&logit| f64::from(logit) - largest - sum.ln()).collect()
}

/// Returns the mean Kullback-Leibler divergence in nats and the share of positions with the same
/// most likely token.
fn compare(reference: &[Vec<f32>], found: &[Vec<f32>]) -> (f64, f64) {
    assert_eq!(reference.len(), found.len());
    let (mut divergence, mut equal) = (0.0, 0.0);
    for (reference, found) in reference.iter().zip(found) {
        equal += f64::from(u8::from(best(reference) == best(found)));
        let (p, q) = (log_softmax(reference), log_softmax(found));
        divergence += p.iter().zip(&q).map(|(p, q)| p.exp() * (p - q)).sum::<f64>();
    }
    let count = reference.len() as f64;
    (divergence / count, equal / count)
}

/// Compares the executors on about 2,000 positions of texts that the model generates itself.
fn compare_on_own_texts(path: &Path) -> (f64, f64) {
    let mut candle = load(path, &options(ExecutorChoice::Candle));
    let starts = prompts(16);
    let texts: Vec<Vec<u32>> = generate(candle.as_mut(), &starts, COMPARED_TOKENS)
        .into_iter()
        .zip(&starts)
        .map(|(written, start)| [start.clone(), written].concat())
        .collect();
    let reference = logits(candle.as_mut(), &texts);
    let half = DecoderOptions { kv_type: KvType::F16, ..options(ExecutorChoice::Cpu) };
    let found = logits(load(path, &half).as_mut(), &texts);
    assert!(reference.len() >= 2_000, "only {} positions", reference.len());
    compare(&reference, &found)
}

#[test]
fn trained_and_random_weights_agree_with_the_tensor_library_on_2000_positions() {
    let (_folder, random) = written(&tiny_f32());
    for path in [drafter(), random] {
        let (divergence, equal) = compare_on_own_texts(&path);
        eprintln!("{}: KL {divergence:.2e}, equal {equal:.4}", path.display());
        assert!(divergence <= 0.01 && equal >= 0.99, "KL {divergence}, equal {equal}");
    }
}

#[test]
fn dense_families_equal_the_tensor_library_and_packed_ones_come_close() {
    for family in TINY_FAMILIES {
        for (matrix_type, bound) in [
            (TensorType::F32, 1e-6),
            (TensorType::F16, 1e-6),
            (TensorType::Q8_0, 1e-2),
            (TensorType::Q4_0, 1e-2),
        ] {
            let decoder = TinyDecoder { family, matrix_type, ..TinyDecoder::default() };
            let (_folder, path) = written(&decoder);
            let texts = prompts(20);
            let reference = logits(load(&path, &options(ExecutorChoice::Candle)).as_mut(), &texts);
            let found = logits(load(&path, &options(ExecutorChoice::Cpu)).as_mut(), &texts);
            let (divergence, _) = compare(&reference, &found);
            assert!(divergence <= bound, "{family} {matrix_type:?}: KL {divergence}");
        }
    }
}

#[test]
fn a_sequence_has_the_same_logits_alone_and_beside_63_others() {
    let (_folder, tiny) = written(&TinyDecoder {
        family: "gemma3",
        matrix_type: TensorType::Q8_0,
        ..TinyDecoder::default()
    });
    for path in [tiny, drafter()] {
        let half = DecoderOptions { kv_type: KvType::F16, ..options(ExecutorChoice::Cpu) };
        let mut model = load(&path, &half);
        let texts = prompts(64);
        let together = logits(model.as_mut(), &texts);
        for batch in [1, 2, 8, 32] {
            let some = logits(model.as_mut(), &texts[..batch]);
            assert!(some == together[..some.len()], "batch of {batch} with {}", path.display());
        }
        // The longest sequence, which spans several tiles, alone and on other pages than in the
        // batch.
        let index = (0..64).max_by_key(|&index| texts[index].len()).unwrap();
        let first: usize = texts[..index].iter().map(Vec::len).sum();
        let alone = logits(model.as_mut(), &texts[index..=index]);
        assert!(alone == together[first..first + alone.len()], "{}", path.display());
    }
}

#[test]
fn greedy_tokens_are_the_same_in_any_batch() {
    let (_folder, random) = written(&tiny_f32());
    for path in [drafter(), random] {
        let mut model = load(&path, &options(ExecutorChoice::Cpu));
        let starts = prompts(64);
        let alone: Vec<Vec<u32>> = [0, 5, 6]
            .map(|at: usize| generate(model.as_mut(), &starts[at..=at], 48).remove(0))
            .to_vec();
        for batch in [8, 32, 64] {
            let together = generate(model.as_mut(), &starts[..batch], 48);
            for (at, alone) in [0, 5, 6].into_iter().zip(&alone) {
                assert_eq!(&together[at], alone, "prompt {at} of {batch} in {}", path.display());
            }
        }
    }
}

#[test]
fn chunks_threads_and_tiers_change_no_bit() {
    for family in ["qwen3", "gemma2", "phi3"] {
        let decoder =
            TinyDecoder { family, matrix_type: TensorType::Q8_0, ..TinyDecoder::default() };
        let (_folder, path) = written(&decoder);
        let prompt: Vec<u32> = (0..90).map(|at| 3 + at * 7 % 200).collect();
        let run = |options: &DecoderOptions, chunks: &[usize]| -> Vec<f32> {
            let mut model = load(&path, options);
            let mut sequence = Greedy::new(&[], 0, 6);
            let mut last = Vec::new();
            for &tokens in chunks {
                let before = sequence.tokens.len();
                sequence.tokens.extend_from_slice(&prompt[before..before + tokens]);
                let mut step = StepInput::default();
                sequence.push(&mut step);
                last = model.forward(&step).unwrap().rows().next().unwrap().to_vec();
                sequence.computed = sequence.tokens.len();
            }
            last
        };
        let plain = options(ExecutorChoice::Cpu);
        let whole = run(&plain, &[90]);
        for chunks in [&[16, 16, 58][..], &[1, 89], &[33, 57], &[1; 90]] {
            assert!(run(&plain, chunks) == whole, "{family} in chunks {chunks:?}");
        }
        for threads in [1, 3, 5] {
            let other = DecoderOptions { cores: Cores::new(threads), ..plain.clone() };
            assert!(run(&other, &[90]) == whole, "{family} on {threads} threads");
        }
        for tier in Tier::available() {
            let other = DecoderOptions { tier, ..plain.clone() };
            assert!(run(&other, &[90]) == whole, "{family} with {}", tier.name());
        }
    }
}

#[test]
fn rows_that_share_pages_have_the_bits_of_rows_alone() {
    const SHARED_PAGES: u32 = 9;
    for family in ["qwen3", "gemma2", "phi3"] {
        let decoder =
            TinyDecoder { family, matrix_type: TensorType::Q8_0, ..TinyDecoder::default() };
        let (_folder, path) = written(&decoder);
        let options = options(ExecutorChoice::Cpu);
        let mut model = load(&path, &options);
        let shared_pages: Vec<PageId> = (0..SHARED_PAGES).map(PageId).collect();
        let shared_tokens = shared_pages.len() * options.page_tokens;
        let shared: Vec<u32> = (0..250).cycle().skip(3).step_by(7).take(shared_tokens).collect();
        let mut step = StepInput::default();
        step.push(&shared, 0, &shared_pages, Wanted::Nothing);
        model.forward(&step).unwrap();
        // Decode rows and short prompt chunks.
        let own: Vec<(Vec<u32>, Vec<PageId>)> = (0..20_u32)
            .map(|at| {
                let tokens = (0..1 + at % 3).map(|token| 3 + (at * 13 + token) % 200).collect();
                let pages = shared_pages.iter().copied().chain([PageId(SHARED_PAGES + at)]);
                (tokens, pages.collect())
            })
            .collect();
        let mut answer = |sequences: &[(Vec<u32>, Vec<PageId>)]| -> Vec<Vec<f32>> {
            let mut step = StepInput::default();
            for (tokens, pages) in sequences {
                step.push(tokens, shared_tokens, pages, Wanted::All);
            }
            model.forward(&step).unwrap().rows().map(<[f32]>::to_vec).collect()
        };
        let alone: Vec<Vec<f32>> = own.chunks(1).flat_map(&mut answer).collect();
        assert!(answer(&own) == alone, "{family}");
    }
}

#[test]
fn a_tensor_type_without_kernels_is_named_when_the_kernels_are_forced() {
    let decoder = TinyDecoder { matrix_type: TensorType::Q4_0, ..TinyDecoder::default() };
    let mut bytes = decoder.bytes();
    let name = b"blk.0.ffn_down.weight";
    let at = bytes.windows(name.len()).position(|window| window == name).unwrap();
    // The name is followed by the number of dimensions, two dimensions and the type. Both types
    // pack 32 elements into 18 bytes.
    let code = at + name.len() + 4 + 16;
    assert_eq!(bytes[code..code + 4], TensorType::Q4_0.code().to_le_bytes());
    bytes[code..code + 4].copy_from_slice(&TensorType::Iq4Nl.code().to_le_bytes());
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("tiny.gguf");
    std::fs::write(&path, bytes).unwrap();
    let file = GgufFile::open(&path).unwrap();
    let Err(error) = load_decoder(&file, &options(ExecutorChoice::Cpu)) else {
        panic!("loading must fail: there are no kernels for IQ4_NL");
    };
    let message = error.to_string();
    assert!(message.contains("IQ4_NL") && message.contains("ffn_down"), "{message}");
}

#[test]
fn dense_rows_of_any_width_are_multiplied() {
    // Heads of width 6: rows of 24 weights, and pages with padded heads.
    let (_folder, path) = written(&TinyDecoder { width: 24, ..TinyDecoder::default() });
    let texts = prompts(20);
    let reference = logits(load(&path, &options(ExecutorChoice::Candle)).as_mut(), &texts);
    let found = logits(load(&path, &options(ExecutorChoice::Cpu)).as_mut(), &texts);
    let (divergence, _) = compare(&reference, &found);
    assert!(divergence <= 1e-6, "KL {divergence}");
}
