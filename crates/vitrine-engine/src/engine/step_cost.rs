//! The step cost model: measures what steps cost on this machine, to decide how many prompt rows
//! may share a step with decode rows, and to estimate queueing delays.
//!
//! A step is modelled as the time of a step with its decode rows alone, plus a fixed time for each
//! prompt row. Queueing is modelled by Little's law: a new request is done after the machine time
//! of all answers ahead of it. Times are whole nanoseconds. Averages are exponential and weigh a
//! new sample by one eighth unless stated otherwise.
//!
//! The time of a decode-only step is always measured, never extrapolated from smaller steps. Where
//! prompts wait all the time such a step would not occur by itself, so
//! [`StepCostModel::prompt_rows`] returns 0 to force one. An underestimate would starve prefill,
//! which keeps steps small, so it would never be corrected.
//!
//! Invariants
//! - Unmeasured times are zero, so no request is refused on an assumption.
//! - Only the share of prompt tokens that is usually not found in the prefix cache is charged.
//! - [`StepCostModel`] belongs to the engine thread. [`CostEstimates`] holds the estimates that it
//!   publishes to other threads.

mod average;
mod speculation;

use average::blended;
use speculation::SpeculationCost;
use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering;
use std::time::Duration;

/// Fewest prompt rows beside decode rows, so that a prompt always makes progress.
const PROMPT_ROWS_MIN: usize = 1;

/// A measured decode-only step is trusted for this many steps with prompt rows. Measuring again
/// then costs prompts at most one step in 32.
const STEPS_BELIEVED: u32 = 32;

/// Classes of steps by decode rows: one for each count up to 8, then four for each doubling (9 to
/// 10, 11 to 12, ..., 17 to 20 and so on). The last class holds all larger steps. Within a class
/// the largest count exceeds the smallest by at most a quarter, so 180 % becomes 200 % at most.
const DECODE_CLASSES: usize = 32;

/// The work of one step, by kind.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct StepWork {
    /// Rows of sequences that decode.
    pub(crate) decode_rows: usize,
    /// Rows of prompt chunks.
    pub(crate) prompt_rows: usize,
    /// Rows of speculative tokens.
    pub(crate) speculative_rows: usize,
    /// Tokens chosen.
    pub(crate) output_tokens: usize,
}

/// Measured time of decode-only steps in one class.
#[derive(Debug, Clone, Copy, Default)]
struct DecodeStep {
    /// Estimated duration in nanoseconds; 0 if never measured.
    nanos: u64,
    /// Steps with prompt rows since the last measurement.
    since: u32,
}

impl DecodeStep {
    fn is_known(self) -> bool {
        self.nanos > 0 && self.since < STEPS_BELIEVED
    }

    /// A slow step may be caused by other load on the machine, a fast one cannot. So a sample below
    /// the estimate replaces it. One above is capped at 1.5 times the estimate and weighs one
    /// quarter.
    fn learn(&mut self, nanos: u64) {
        self.nanos = match self.nanos {
            0 => nanos,
            known if nanos < known => nanos,
            known => known + (nanos.min(known.saturating_add(known / 2)) - known) / 4,
        };
        self.since = 0;
    }
}

/// Measured step costs, owned by the engine thread.
#[derive(Debug, Default)]
pub(crate) struct StepCostModel {
    /// Indexed by [`class`].
    decode_steps: [DecodeStep; DECODE_CLASSES],
    /// Nanoseconds of a prompt row in a step with decode rows; 0 if never measured.
    row_beside: u64,
    /// Nanoseconds of a prompt row in a step without decode rows; 0 if never measured.
    row_alone: u64,
    speculation: SpeculationCost,
}

/// Cost estimates published to other threads. 0 means not measured yet.
#[derive(Debug, Default)]
pub(crate) struct CostEstimates {
    row_nanos: AtomicU64,
    /// Nanoseconds of an output token, by the class of its step.
    token_nanos: [AtomicU64; DECODE_CLASSES],
    /// Average output length of a generation, in sixteenths of a token.
    output_sixteenths: AtomicU64,
    /// Average prompt length, in sixteenths of a token.
    prompt_sixteenths: AtomicU64,
    /// The part of it that was not found in the prefix cache.
    computed_sixteenths: AtomicU64,
}

/// The queue load: the requests that a new one would have to share the machine with.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct QueueLoad {
    /// Requests that run.
    pub(crate) running: usize,
    /// Requests that wait for their first step.
    pub(crate) waiting: usize,
    /// Prompt tokens of the waiting requests.
    pub(crate) prompt_tokens: usize,
    /// Most sequences that run at once.
    pub(crate) sequences_max: usize,
}

impl StepCostModel {
    /// Updates the model with a step that took `time`, and publishes the estimates to `estimates`.
    pub(crate) fn learn(&mut self, work: StepWork, time: Duration, estimates: &CostEstimates) {
        let nanos = nanos(time).max(1);
        let decode = &mut self.decode_steps[class(work.decode_rows)];
        let extra = nanos.saturating_sub(decode.nanos);
        match (work.decode_rows, work.prompt_rows, work.speculative_rows) {
            (0, 0, _) => {}
            (0, rows, _) => blend(&mut self.row_alone, nanos / rows as u64),
            (_, 0, 0) => decode.learn(nanos),
            (_, rows, 0) => {
                decode.since = decode.since.saturating_add(1);
                if decode.nanos > 0 {
                    blend(&mut self.row_beside, (extra / rows as u64).max(1));
                }
            }
            (_, 0, rows) if decode.nanos > 0 => self.speculation.learn_cost(extra, rows),
            // A step with prompt and speculative rows: their costs cannot be told apart.
            _ => {}
        }
        // Time per output token of a decoding step, after subtracting the cost of its prompt rows.
        let prompts = self.row().saturating_mul(work.prompt_rows as u64);
        if work.decode_rows > 0 && work.output_tokens > 0 && prompts < nanos {
            let token = (nanos - prompts) / work.output_tokens as u64;
            estimates.learn(&estimates.token_nanos[class(work.decode_rows)], token.max(1));
        }
        estimates.row_nanos.store(self.row(), Ordering::Relaxed);
    }

    /// Most prompt rows that may share a step with `decode_rows`, so that the step takes at most
    /// `gap_percent` of a decode-only step. 0 if a decode-only step must be measured first;
    /// `usize::MAX` if there are no decode rows or `gap_percent` is 0.
    pub(crate) fn prompt_rows(&self, decode_rows: usize, gap_percent: usize) -> usize {
        if decode_rows == 0 || gap_percent == 0 {
            return usize::MAX;
        }
        let decode = self.decode_steps[class(decode_rows)];
        if !decode.is_known() {
            return 0;
        }
        let row = if self.row_beside > 0 { self.row_beside } else { self.row_alone };
        let more = decode.nanos.saturating_mul(gap_percent.saturating_sub(100) as u64) / 100;
        let rows = more.checked_div(row).unwrap_or(u64::MAX);
        usize::try_from(rows).unwrap_or(usize::MAX).max(PROMPT_ROWS_MIN)
    }

    /// Number of speculative tokens to propose for each of `decode_rows` sequences. 0 until a
    /// decode-only step of this class has been measured.
    pub(crate) fn speculation(&mut self, decode_rows: usize) -> usize {
        match self.decode_steps[class(decode_rows)].nanos {
            0 => 0,
            nanos => self.speculation.tokens_to_propose(decode_rows, nanos),
        }
    }

    /// Records that `accepted` of a sequence's `proposed` speculative tokens were accepted.
    pub(crate) fn learn_acceptance(&mut self, proposed: usize, accepted: usize) {
        self.speculation.learn_outcome(proposed, accepted);
    }

    /// Cost of a prompt row in nanoseconds: the lower of the two measurements, so that no deadline
    /// is declared unreachable too early.
    fn row(&self) -> u64 {
        match (self.row_alone, self.row_beside) {
            (0, beside) => beside,
            (alone, 0) => alone,
            (alone, beside) => alone.min(beside),
        }
    }
}

impl CostEstimates {
    /// Records the output length of a finished generation.
    pub(crate) fn learn_output(&self, tokens: usize) {
        self.learn(&self.output_sixteenths, sixteenths(tokens));
    }

    /// Records a prompt's length, and how many of its tokens were not found in the prefix cache.
    pub(crate) fn learn_prompt(&self, tokens: usize, computed: usize) {
        self.learn(&self.prompt_sixteenths, sixteenths(tokens));
        self.learn(&self.computed_sixteenths, sixteenths(computed));
    }

    /// Estimated prefill time of prompts with `tokens` tokens in total; zero if nothing is
    /// measured.
    pub(crate) fn prompts(&self, tokens: usize) -> Duration {
        let known = read(&self.prompt_sixteenths);
        let tokens = tokens as u64;
        let computed = match known {
            0 => tokens,
            known => tokens.saturating_mul(read(&self.computed_sixteenths)) / known,
        };
        Duration::from_nanos(read(&self.row_nanos).saturating_mul(computed))
    }

    /// Estimated time until all requests of the queue load are done, each with an answer of average
    /// length; zero if nothing is measured.
    pub(crate) fn time_for(&self, queue_load: QueueLoad) -> Duration {
        let everybody = queue_load.running.saturating_add(queue_load.waiting);
        let at_once = everybody.min(queue_load.sequences_max);
        let tokens = read(&self.output_sixteenths).saturating_mul(everybody as u64) / 16;
        let answers = Duration::from_nanos(self.token(at_once).saturating_mul(tokens));
        self.prompts(queue_load.prompt_tokens).saturating_add(answers)
    }

    /// Estimated delay of a request that joins the queue load, compared with running alone.
    ///
    /// Each running request is charged with a prompt as well: by the time it is done, another
    /// request has taken its slot.
    pub(crate) fn delay_behind(&self, queue_load: QueueLoad) -> Duration {
        let prompts = self.usual_prompt_tokens().saturating_mul(queue_load.running);
        let joined = QueueLoad {
            waiting: queue_load.waiting.saturating_add(1),
            prompt_tokens: queue_load.prompt_tokens.saturating_add(prompts),
            ..queue_load
        };
        let alone = QueueLoad {
            running: 1,
            waiting: 0,
            prompt_tokens: 0,
            sequences_max: queue_load.sequences_max,
        };
        self.time_for(joined).saturating_sub(self.time_for(alone))
    }

    /// Estimated time until a request that joins the queue load has its first step: the prompts
    /// ahead, and the answers that must end before one of the `sequences_max` slots is free.
    pub(crate) fn wait_behind(&self, queue_load: QueueLoad) -> Duration {
        let QueueLoad { running, waiting, prompt_tokens, sequences_max } = queue_load;
        let joined = running.saturating_add(waiting).saturating_add(1);
        let ends = joined.saturating_sub(sequences_max) as u64;
        let tokens = read(&self.output_sixteenths).saturating_mul(ends) / 16;
        let answers = Duration::from_nanos(self.token(sequences_max).saturating_mul(tokens));
        self.prompts(prompt_tokens).saturating_add(answers)
    }

    fn usual_prompt_tokens(&self) -> usize {
        usize::try_from(read(&self.prompt_sixteenths) / 16).unwrap_or(usize::MAX)
    }

    /// Nanoseconds of an output token in a step with `rows` decode rows. An unmeasured class takes
    /// the value of the next smaller measured class, or else of the next larger one.
    fn token(&self, rows: usize) -> u64 {
        let (smaller, larger) = self.token_nanos.split_at(class(rows) + 1);
        let mut near = smaller.iter().rev().chain(larger).map(read);
        near.find(|nanos| *nanos > 0).unwrap_or(0)
    }

    fn learn(&self, value: &AtomicU64, sample: u64) {
        let mut known = read(value);
        blend(&mut known, sample);
        value.store(known, Ordering::Relaxed);
    }
}

fn read(value: &AtomicU64) -> u64 {
    value.load(Ordering::Relaxed)
}

fn sixteenths(tokens: usize) -> u64 {
    (tokens as u64).saturating_mul(16).max(1)
}

fn class(rows: usize) -> usize {
    let below = rows.saturating_sub(1);
    let doublings = (below | 4).ilog2() - 2;
    let class = 4 * doublings as usize + (below >> doublings);
    class.min(DECODE_CLASSES - 1)
}

fn blend(known: &mut u64, sample: u64) {
    *known = if *known == 0 { sample } else { blended(*known, sample) };
}

fn nanos(time: Duration) -> u64 {
    u64::try_from(time.as_nanos()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    const MILLISECOND: Duration = Duration::from_millis(1);

    fn step(decode_rows: usize, prompt_rows: usize) -> StepWork {
        StepWork { decode_rows, prompt_rows, speculative_rows: 0, output_tokens: decode_rows }
    }

    #[test]
    fn prompt_rows_fill_what_the_gap_leaves() {
        let (mut step_cost, estimates) = (StepCostModel::default(), CostEstimates::default());
        assert_eq!(step_cost.prompt_rows(0, 180), usize::MAX);
        step_cost.learn(step(0, 100), 10 * MILLISECOND, &estimates);
        assert_eq!(step_cost.prompt_rows(4, 180), 0, "no decode-only step was measured");
        step_cost.learn(step(4, 0), 5 * MILLISECOND, &estimates);
        // 80 % of 5 ms at 0.1 ms a row.
        assert_eq!(step_cost.prompt_rows(4, 180), 40);
        assert_eq!(step_cost.prompt_rows(4, 0), usize::MAX);
        assert_eq!(step_cost.prompt_rows(4, 100), PROMPT_ROWS_MIN);
        // Beside decode rows, a row is measured to cost 0.2 ms.
        step_cost.learn(step(4, 40), 13 * MILLISECOND, &estimates);
        assert_eq!(step_cost.prompt_rows(4, 180), 20);
        // No decode-only step of this class has been measured.
        assert_eq!(step_cost.prompt_rows(64, 180), 0);
        step_cost.learn(step(64, 0), 50 * MILLISECOND, &estimates);
        assert_eq!(step_cost.prompt_rows(64, 180), 200);
    }

    #[test]
    fn steps_of_a_class_differ_by_a_quarter_at_most() {
        let mut first_of_class = 1;
        for rows in 2..=512 {
            assert!(class(rows) == class(rows - 1) || class(rows) == class(rows - 1) + 1);
            if class(rows) != class(first_of_class) {
                first_of_class = rows;
            }
            assert!(4 * rows <= 5 * first_of_class, "{rows} and {first_of_class}");
        }
        assert_eq!((class(0), class(1), class(8)), (0, 0, 7));
        assert_eq!((class(512), class(usize::MAX)), (DECODE_CLASSES - 1, DECODE_CLASSES - 1));
    }

    #[test]
    fn decode_only_step_is_measured_again_regularly() {
        let (mut step_cost, estimates) = (StepCostModel::default(), CostEstimates::default());
        step_cost.learn(step(4, 0), 5 * MILLISECOND, &estimates);
        for _ in 0..STEPS_BELIEVED {
            assert!(step_cost.prompt_rows(4, 180) > 0);
            step_cost.learn(step(4, 10), 6 * MILLISECOND, &estimates);
        }
        assert_eq!(step_cost.prompt_rows(4, 180), 0);
        step_cost.learn(step(4, 0), 5 * MILLISECOND, &estimates);
        assert!(step_cost.prompt_rows(4, 180) > 0);
    }

    /// 64 clients send their next request as soon as they are answered; the largest steps hold them
    /// all.
    #[test]
    fn clients_in_a_closed_loop_fill_the_batch() {
        const CLIENTS: usize = 64;
        const PROMPT_TOKENS: usize = 13;
        const OUTPUT_TOKENS: usize = 32;
        let takes = |decode: usize, prompt: usize| {
            Duration::from_micros(2_000 + 500 * decode as u64 + 150 * prompt as u64)
        };
        let (mut step_cost, estimates) = (StepCostModel::default(), CostEstimates::default());
        // The tokens that each running client still needs, and the prompt tokens that wait.
        let (mut running, mut waiting) = (Vec::new(), CLIENTS * PROMPT_TOKENS);
        let (mut decoded, mut steps) = (0, 0);
        for at in 0..1_000 {
            let decoding = running.len();
            let prompt = step_cost.prompt_rows(decoding, 180).min(waiting).min(512);
            let time = takes(decoding, prompt);
            let gap = takes(decoding.max(1), 0);
            // Class widths and averages add a margin of error to the bound of twice the usual gap.
            assert!(decoding == 0 || time <= gap * 21 / 10, "{decoding} and {prompt} rows");
            step_cost.learn(step(decoding, prompt), time, &estimates);
            running.iter_mut().for_each(|wanted| *wanted -= 1);
            running.retain(|wanted| *wanted > 0);
            let ended = decoding - running.len();
            let before = waiting.div_ceil(PROMPT_TOKENS);
            waiting -= prompt;
            let joined = before - waiting.div_ceil(PROMPT_TOKENS);
            running.extend(std::iter::repeat_n(OUTPUT_TOKENS, joined));
            waiting += ended * PROMPT_TOKENS;
            if at >= 200 {
                (decoded, steps) = (decoded + decoding, steps + 1);
            }
        }
        assert!(decoded / steps > CLIENTS / 2, "{} decode rows on average", decoded / steps);
    }

    fn queue_load(running: usize, waiting: usize, prompt_tokens: usize) -> QueueLoad {
        QueueLoad { running, waiting, prompt_tokens, sequences_max: 8 }
    }

    #[test]
    fn queue_load_takes_its_prompts_and_its_answers() {
        let (mut step_cost, estimates) = (StepCostModel::default(), CostEstimates::default());
        assert_eq!(estimates.time_for(queue_load(0, 10, 1_000)), Duration::ZERO);
        step_cost.learn(step(0, 100), 10 * MILLISECOND, &estimates);
        assert_eq!(estimates.time_for(queue_load(0, 10, 1_000)), 100 * MILLISECOND);
        step_cost.learn(step(8, 0), 8 * MILLISECOND, &estimates);
        estimates.learn_output(20);
        // 1,000 rows of 0.1 ms, 200 tokens of 1 ms.
        assert_eq!(estimates.time_for(queue_load(0, 10, 1_000)), 300 * MILLISECOND);
    }

    #[test]
    fn cached_prompts_cost_nothing() {
        let (mut step_cost, estimates) = (StepCostModel::default(), CostEstimates::default());
        step_cost.learn(step(0, 100), 10 * MILLISECOND, &estimates);
        assert_eq!(estimates.prompts(1_000), 100 * MILLISECOND);
        estimates.learn_prompt(600, 600);
        assert_eq!(estimates.prompts(1_000), 100 * MILLISECOND);
        (0..100).for_each(|_| estimates.learn_prompt(600, 60));
        let most = estimates.prompts(1_000).as_micros();
        assert!((10_000..10_300).contains(&most), "{most} µs");
    }

    #[test]
    fn delay_is_the_cost_beyond_running_alone() {
        let (mut step_cost, estimates) = (StepCostModel::default(), CostEstimates::default());
        assert_eq!(estimates.delay_behind(queue_load(5, 5, 50)), Duration::ZERO);
        // A token takes 2 ms alone and 1 ms among eight: eight sequences take as long as four
        // alone.
        step_cost.learn(step(1, 0), 2 * MILLISECOND, &estimates);
        step_cost.learn(step(8, 0), 8 * MILLISECOND, &estimates);
        estimates.learn_output(10);
        assert_eq!(estimates.delay_behind(queue_load(0, 0, 0)), Duration::ZERO);
        assert_eq!(estimates.delay_behind(queue_load(7, 0, 0)), 60 * MILLISECOND);
        assert_eq!(estimates.delay_behind(queue_load(8, 11, 0)), 180 * MILLISECOND);
        assert_eq!(estimates.wait_behind(queue_load(7, 0, 0)), Duration::ZERO);
        // Twelve answers end before its turn.
        assert_eq!(estimates.wait_behind(queue_load(8, 11, 0)), 120 * MILLISECOND);
        // Prompts of 30 tokens at 0.1 ms each: those that wait, and one for each running request.
        step_cost.learn(step(0, 100), 10 * MILLISECOND, &estimates);
        estimates.learn_prompt(30, 30);
        assert_eq!(estimates.delay_behind(queue_load(8, 2, 50)), (90 + 5 + 24) * MILLISECOND);
        assert_eq!(estimates.wait_behind(queue_load(8, 2, 50)), (30 + 5) * MILLISECOND);
    }

    /// A device on which eight sequences decode as fast as one.
    #[test]
    fn slots_that_cost_nothing_cause_no_delay() {
        let (mut step_cost, estimates) = (StepCostModel::default(), CostEstimates::default());
        step_cost.learn(step(1, 0), 8 * MILLISECOND, &estimates);
        step_cost.learn(step(8, 0), 8 * MILLISECOND, &estimates);
        estimates.learn_output(10);
        assert_eq!(estimates.delay_behind(queue_load(7, 0, 0)), Duration::ZERO);
        assert_eq!(estimates.delay_behind(queue_load(8, 7, 0)), 80 * MILLISECOND);
    }
}
