//! Measures a model's prefill and decode speed, in tokens per second by batch size.
//!
//! Drives the forward pass directly, without scheduler and sampler, like llama-batched-bench:
//! `batch` sequences of random prompt tokens are prefilled, then every step decodes one more token
//! for each. Prompts are packed into steps of at most [`CHUNK_TOKENS`] rows.

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::RngCore;
use rand_chacha::rand_core::SeedableRng;
use std::path::Path;
use std::time::Duration;
use vitrine_base::clock::Clock;
use vitrine_base::clock::SystemClock;
use vitrine_base::ids::PageId;
use vitrine_engine::EngineError;
use vitrine_engine::Tier;
use vitrine_engine::model::DecoderOptions;
use vitrine_engine::model::Forward;
use vitrine_engine::model::GgufFile;
use vitrine_engine::model::KvType;
use vitrine_engine::model::ModelError;
use vitrine_engine::model::StepInput;
use vitrine_engine::model::Wanted;
use vitrine_engine::model::kv_page_bytes;
use vitrine_engine::model::load_decoder;

/// Rows of a prefill step: the engine's usual step budget.
const CHUNK_TOKENS: usize = 512;

/// Token slots in a page: the engine's usual size.
const PAGE_TOKENS: usize = 32;

/// Most KV memory that a measurement may take, bytes.
const KV_BYTES_MAX: u64 = 32 << 30;

/// What to measure.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct BenchOptions {
    /// Prompt tokens of each sequence.
    pub(super) prompt_tokens: usize,
    /// Decode steps, one token of each sequence per step.
    pub(super) output_tokens: usize,
    /// Batch sizes in sequences; each is measured separately.
    pub(super) batches: Vec<usize>,
    /// Instruction set of the CPU kernels; `None` selects the best one that the machine supports.
    pub(super) tier: Option<Tier>,
    /// Number format of keys and values.
    pub(super) kv_type: KvType,
    /// Whether all sequences share one prompt, whose full pages are then computed once.
    pub(super) shared_prompt: bool,
}

/// One measurement.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct BenchRow {
    /// Sequences in the batch.
    pub(super) batch: usize,
    /// Prompt tokens of each sequence.
    pub(super) prompt_tokens: usize,
    /// Tokens decoded by each sequence.
    pub(super) output_tokens: usize,
    /// Prompt tokens computed per second.
    pub(super) prefill_tokens_per_second: f64,
    /// Tokens decoded per second, all sequences together.
    pub(super) decode_tokens_per_second: f64,
    /// Time of prefill and decode together, in seconds.
    pub(super) seconds: f64,
}

/// Measures the model in a GGUF file, after a small warm-up. Calls `measured` with each row.
///
/// # Errors
/// If an option is zero, the model cannot be loaded, a sequence does not fit its context, or the KV
/// memory would exceed 32 GiB.
pub(super) fn bench(
    path: &Path,
    options: &BenchOptions,
    mut measured: impl FnMut(&BenchRow),
) -> Result<Vec<BenchRow>, EngineError> {
    options.check()?;
    let file = GgufFile::open(path)?;
    let of_machine = DecoderOptions::of_machine()?;
    let without_pages = DecoderOptions {
        kv_type: options.kv_type,
        page_tokens: PAGE_TOKENS,
        kv_bytes_max: 0,
        context_tokens_max: options.sequence_tokens(),
        tier: options.tier.unwrap_or(of_machine.tier),
        ..of_machine
    };
    let kv_bytes_max = options.kv_bytes(kv_page_bytes(&file, &without_pages)?)?;
    let decoder_options = DecoderOptions { kv_bytes_max, ..without_pages };
    let mut model = load_decoder(&file, &decoder_options)?;
    let tokens_max = model.limits().context_tokens_max;
    if options.sequence_tokens() > tokens_max {
        let (prompt_tokens, output_tokens) = (options.prompt_tokens, options.output_tokens);
        let prompt_tokens_max = tokens_max.saturating_sub(output_tokens);
        return Err(EngineError::PromptTooLong { prompt_tokens, prompt_tokens_max });
    }
    bench_model(model.as_mut(), options, &SystemClock, &mut measured)
}

/// [`bench()`] of a loaded model whose pages hold the largest batch.
fn bench_model(
    model: &mut dyn Forward,
    options: &BenchOptions,
    clock: &dyn Clock,
    measured: &mut dyn FnMut(&BenchRow),
) -> Result<Vec<BenchRow>, EngineError> {
    let batches = options.batches.iter().copied();
    // One warm-up step keeps first-touch costs (packing, page faults) out of the measurements.
    let prompt_tokens = options.prompt_tokens.min(CHUNK_TOKENS);
    let warm_up = BenchOptions { prompt_tokens, output_tokens: 1, ..options.clone() };
    Batch::new(model, &warm_up, batches.clone().min().unwrap_or(1))?.measure(clock)?;
    let mut rows = Vec::new();
    for batch in batches {
        let row = Batch::new(model, options, batch)?.measure(clock)?;
        measured(&row);
        rows.push(row);
    }
    Ok(rows)
}

impl BenchOptions {
    fn check(&self) -> Result<(), EngineError> {
        let smallest_batch = self.batches.iter().copied().min().unwrap_or(0);
        let options = [
            ("prompt_tokens", self.prompt_tokens),
            ("output_tokens", self.output_tokens),
            ("batch", smallest_batch),
        ];
        match options.into_iter().find(|(_, found)| *found == 0) {
            Some((what, found)) => Err(EngineError::Option { what, found, min: 1 }),
            None => Ok(()),
        }
    }

    fn sequence_tokens(&self) -> usize {
        self.prompt_tokens.saturating_add(self.output_tokens)
    }

    /// Pages needed by the largest batch if nothing is shared.
    fn page_count(&self, page_tokens: usize) -> usize {
        let largest = self.batches.iter().copied().max().unwrap_or(0);
        self.sequence_tokens().div_ceil(page_tokens).saturating_mul(largest)
    }

    /// Bytes of the pages needed by the largest batch.
    fn kv_bytes(&self, page_bytes: u64) -> Result<u64, EngineError> {
        let found = (self.page_count(PAGE_TOKENS) as u64).saturating_mul(page_bytes);
        if found > KV_BYTES_MAX {
            let what = "KV memory of the largest batch in bytes";
            return Err(ModelError::OutOfRange { what, found, min: 1, max: KV_BYTES_MAX }.into());
        }
        Ok(found)
    }
}

/// A measurement in progress.
struct Batch<'a> {
    model: &'a mut dyn Forward,
    prompt_tokens: usize,
    output_tokens: usize,
    /// Prompt tokens in pages that all sequences share.
    shared_tokens: usize,
    pages: Vec<Vec<PageId>>,
    random: ChaCha8Rng,
    input: StepInput,
}

impl<'a> Batch<'a> {
    fn new(
        model: &'a mut dyn Forward,
        options: &BenchOptions,
        batch: usize,
    ) -> Result<Self, EngineError> {
        let limits = model.limits();
        let pages_max = limits.page_count;
        let sequence_pages = options.sequence_tokens().div_ceil(limits.page_tokens);
        // Decoding writes to the page at the prompt's end, so that page is never shared. At least
        // one token of each prompt stays to be computed, so that there is a prefill to measure.
        let shared_pages = if options.shared_prompt {
            (options.prompt_tokens - 1) / limits.page_tokens
        } else {
            0
        };
        let own_pages = sequence_pages - shared_pages;
        let pages = shared_pages.saturating_add(own_pages.saturating_mul(batch));
        if pages > pages_max {
            let (what, found, max) = ("pages of a batch", pages as u64, pages_max as u64);
            return Err(ModelError::OutOfRange { what, found, min: 1, max }.into());
        }
        let page_ids = |from: usize, to: usize| {
            (from..to).map(|page| PageId(u32::try_from(page).unwrap_or(u32::MAX)))
        };
        let pages = (0..batch)
            .map(|sequence| {
                let own = shared_pages + sequence * own_pages;
                page_ids(0, shared_pages).chain(page_ids(own, own + own_pages)).collect()
            })
            .collect();
        Ok(Self {
            model,
            prompt_tokens: options.prompt_tokens,
            output_tokens: options.output_tokens,
            shared_tokens: shared_pages * limits.page_tokens,
            pages,
            random: ChaCha8Rng::seed_from_u64(0),
            input: StepInput::default(),
        })
    }

    fn measure(mut self, clock: &dyn Clock) -> Result<BenchRow, EngineError> {
        let start = clock.instant();
        let prefill_tokens = self.prefill()?;
        let prefilled = clock.instant();
        for step in 0..self.output_tokens {
            self.decode(self.prompt_tokens + step)?;
        }
        let end = clock.instant();
        let batch = self.pages.len();
        let prefill = prefilled.saturating_duration_since(start);
        let decode = end.saturating_duration_since(prefilled);
        Ok(BenchRow {
            batch,
            prompt_tokens: self.prompt_tokens,
            output_tokens: self.output_tokens,
            prefill_tokens_per_second: per_second(prefill_tokens, prefill),
            decode_tokens_per_second: per_second(batch * self.output_tokens, decode),
            seconds: (prefill + decode).as_secs_f64(),
        })
    }

    /// Computes every prompt; returns the number of tokens computed.
    fn prefill(&mut self) -> Result<usize, EngineError> {
        let mut computed = 0;
        self.prefill_range(0, 0, self.shared_tokens, &mut computed)?;
        for sequence in 0..self.pages.len() {
            self.prefill_range(sequence, self.shared_tokens, self.prompt_tokens, &mut computed)?;
        }
        self.run()?;
        Ok(computed)
    }

    /// Packs a range of one prompt into steps and runs each step that is full.
    fn prefill_range(
        &mut self,
        sequence: usize,
        from: usize,
        to: usize,
        computed: &mut usize,
    ) -> Result<(), EngineError> {
        let mut at = from;
        while at < to {
            let room = CHUNK_TOKENS - self.input.tokens().len();
            if room == 0 {
                self.run()?;
                continue;
            }
            let count = room.min(to - at);
            let tokens = self.random_tokens(count);
            let last = at + count == self.prompt_tokens;
            let wanted = if last { Wanted::Likeliest } else { Wanted::Nothing };
            self.input.push(&tokens, at, &self.pages[sequence], wanted);
            at += count;
            *computed += count;
        }
        // Later rows may read these shared pages.
        if from < to && to == self.shared_tokens { self.run() } else { Ok(()) }
    }

    fn decode(&mut self, position: usize) -> Result<(), EngineError> {
        for sequence in 0..self.pages.len() {
            let tokens = self.random_tokens(1);
            self.input.push(&tokens, position, &self.pages[sequence], Wanted::Likeliest);
        }
        self.run()
    }

    fn run(&mut self) -> Result<(), EngineError> {
        if !self.input.tokens().is_empty() {
            self.model.forward(&self.input)?;
            self.input.clear();
        }
        Ok(())
    }

    fn random_tokens(&mut self, count: usize) -> Vec<u32> {
        let vocabulary_size =
            u32::try_from(self.model.limits().vocabulary_size).unwrap_or(u32::MAX).max(1);
        (0..count).map(|_| self.random.next_u32() % vocabulary_size).collect()
    }
}

#[expect(clippy::cast_precision_loss, reason = "a rate needs no exact value")]
fn per_second(tokens: usize, time: Duration) -> f64 {
    tokens as f64 / time.as_secs_f64().max(f64::MIN_POSITIVE)
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::Timestamp;
    use std::sync::Arc;
    use vitrine_base::clock::ManualClock;
    use vitrine_engine::model::ForwardLimits;
    use vitrine_engine::model::Logits;

    /// A model without weights whose steps take one second each.
    struct SecondModel {
        page_count: usize,
        clock: Arc<ManualClock>,
    }

    impl Forward for SecondModel {
        fn limits(&self) -> ForwardLimits {
            ForwardLimits {
                vocabulary_size: 257,
                context_tokens_max: 4_096,
                page_tokens: 4,
                page_count: self.page_count,
                weight_bytes: 0,
                kv_bytes: 0,
            }
        }

        fn forward(&mut self, step: &StepInput) -> Result<Logits, ModelError> {
            for segment in step.segments() {
                let pages = step.pages_of(segment);
                assert!(pages.len() * 4 >= segment.context_tokens(), "the pages cover the rows");
                assert!(pages.iter().all(|page| page.index() < self.page_count));
            }
            self.clock.advance(Duration::from_secs(1));
            Ok(Logits::greedy(vec![Some(0); step.greedy_rows().len()]))
        }
    }

    fn run(options: &BenchOptions) -> (Vec<BenchRow>, usize) {
        let clock = Arc::new(ManualClock::new(Timestamp::UNIX_EPOCH));
        let page_count = options.page_count(4);
        let mut model = SecondModel { page_count, clock: Arc::clone(&clock) };
        let mut heard = 0;
        let rows = bench_model(&mut model, options, &*clock, &mut |_| heard += 1).unwrap();
        (rows, heard)
    }

    #[test]
    fn rates_count_every_token_once() {
        let batches = vec![1, 32];
        let options = BenchOptions {
            prompt_tokens: 40,
            output_tokens: 5,
            batches,
            tier: None,
            kv_type: KvType::F16,
            shared_prompt: false,
        };
        let (rows, heard) = run(&options);
        assert_eq!(heard, 2);
        // One step takes a second: one prefill step, five decode steps of one row.
        assert_eq!(rows[0].prefill_tokens_per_second, 40.0);
        assert_eq!(rows[0].decode_tokens_per_second, 1.0);
        assert_eq!(rows[0].seconds, 6.0);
        // 1280 rows in chunks of 512: three steps.
        assert_eq!(rows[1].prefill_tokens_per_second, 1280.0 / 3.0);
        assert_eq!(rows[1].decode_tokens_per_second, 32.0);
    }

    #[test]
    fn shared_prompt_is_computed_once_but_for_its_last_page() {
        let batches = vec![8];
        let options = BenchOptions {
            prompt_tokens: 40,
            output_tokens: 5,
            batches,
            tier: None,
            kv_type: KvType::F16,
            shared_prompt: true,
        };
        let (rows, _) = run(&options);
        // Nine pages of four tokens are shared; four tokens of each sequence are not: two steps.
        assert_eq!(rows[0].prefill_tokens_per_second, f64::from(36 + 8 * 4) / 2.0);
    }

    #[test]
    fn options_of_zero_are_refused() {
        let good = BenchOptions {
            prompt_tokens: 1,
            output_tokens: 1,
            batches: vec![1],
            tier: None,
            kv_type: KvType::F16,
            shared_prompt: true,
        };
        assert!(good.check().is_ok());
        for bad in [
            BenchOptions { prompt_tokens: 0, ..good.clone() },
            BenchOptions { output_tokens: 0, ..good.clone() },
            BenchOptions { batches: vec![4, 0], ..good.clone() },
            BenchOptions { batches: vec![], ..good },
        ] {
            assert!(matches!(bad.check(), Err(EngineError::Option { min: 1, .. })));
        }
    }

    #[test]
    fn bench_measures_every_batch() {
        let path = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/models/drafter/drafter.gguf"));
        for shared_prompt in [false, true] {
            let options = BenchOptions {
                prompt_tokens: 70,
                output_tokens: 3,
                batches: vec![1, 9],
                tier: None,
                kv_type: KvType::F16,
                shared_prompt,
            };
            let mut heard = Vec::new();
            let rows = bench(path, &options, |row| heard.push(row.batch)).unwrap();
            assert_eq!(heard, [1, 9]);
            assert!(rows.iter().all(|row| row.decode_tokens_per_second > 0.0 && row.seconds > 0.0));
        }
        let long = BenchOptions {
            prompt_tokens: 100_000,
            output_tokens: 3,
            batches: vec![1],
            tier: None,
            kv_type: KvType::F16,
            shared_prompt: false,
        };
        let refused = bench(path, &long, |_| {}).unwrap_err();
        assert!(matches!(refused, EngineError::PromptTooLong { .. }), "{refused}");
    }
}
