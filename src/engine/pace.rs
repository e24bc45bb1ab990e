//! What steps cost on this machine, measured as they run: how many prompt rows may ride beside
//! decode rows, and how long the waiting line will take.
//!
//! The model of a step: its decode rows take as long as a step of so many decode rows alone, and
//! each prompt row adds the same. Times are whole nanoseconds; a new measurement counts one eighth.
//!
//! Invariants
//! - Nothing measured means no claim: the whole budget, and no time.
//! - [`Pace`] belongs to the engine thread; [`Rates`] are its last words for everybody else.

use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering;
use std::time::Duration;

/// Weight of what was known before, in eighths.
const OLD_EIGHTHS: u64 = 7;

/// Prompt rows beside decode rows, at least: a prompt always moves.
const PROMPT_ROWS_MIN: usize = 4;

/// Classes of steps by their decode rows: 1, 2, 3–4, 5–8 and so on.
const DECODE_CLASSES: usize = 16;

/// What one step did.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct StepWork {
    /// Sequences that decoded.
    pub(crate) decode_rows: usize,
    /// Rows of prompts.
    pub(crate) prompt_rows: usize,
    /// Rows of guesses.
    pub(crate) draft_rows: usize,
    /// Tokens chosen.
    pub(crate) output_tokens: usize,
}

/// What steps cost.
#[derive(Debug, Default)]
pub(crate) struct Pace {
    /// A step of decode rows alone, by class; 0: never seen.
    decode_steps: [u64; DECODE_CLASSES],
    /// A prompt row beside decode rows.
    row_beside: u64,
    /// A prompt row in a step of prompts alone.
    row_alone: u64,
}

/// What others know of the pace; 0 means not measured yet.
#[derive(Debug, Default)]
pub(crate) struct Rates {
    row_nanos: AtomicU64,
    token_nanos: AtomicU64,
    /// Output tokens of a generation, in sixteenths.
    output_sixteenths: AtomicU64,
}

impl Pace {
    /// Learns from a step that took `time`.
    pub(crate) fn learn(&mut self, work: StepWork, time: Duration, rates: &Rates) {
        let nanos = nanos(time).max(1);
        // A step with guesses is neither: its rows are of both kinds.
        if work.draft_rows == 0 {
            match (work.decode_rows, work.prompt_rows) {
                (0, 0) => {}
                (0, rows) => blend(&mut self.row_alone, nanos / rows as u64),
                (rows, 0) => blend(&mut self.decode_steps[class(rows)], nanos),
                (decoding, rows) => {
                    if let Some(decode) = self.decode_step(decoding) {
                        let extra = nanos.saturating_sub(decode);
                        blend(&mut self.row_beside, (extra / rows as u64).max(1));
                    }
                }
            }
        }
        // Time per token of a decoding step; a prompt row in it is paid at its own price.
        let prompts = self.row().saturating_mul(work.prompt_rows as u64);
        if work.decode_rows > 0 && work.output_tokens > 0 && prompts < nanos {
            let token = (nanos - prompts) / work.output_tokens as u64;
            rates.learn(&rates.token_nanos, token.max(1));
        }
        rates.row_nanos.store(self.row(), Ordering::Relaxed);
    }

    /// How many prompt rows may share a step with `decode_rows`, so that it takes at most
    /// `gap_percent` of a step of decode rows alone.
    pub(crate) fn prompt_rows(&self, decode_rows: usize, gap_percent: usize) -> usize {
        let row = if self.row_beside > 0 { self.row_beside } else { self.row_alone };
        let Some(decode) = self.decode_step(decode_rows) else { return usize::MAX };
        if row == 0 || gap_percent == 0 {
            return usize::MAX;
        }
        let more = decode.saturating_mul(gap_percent.saturating_sub(100) as u64) / 100;
        usize::try_from(more / row).unwrap_or(usize::MAX).max(PROMPT_ROWS_MIN)
    }

    /// A prompt row's price: the cheaper of the two, so that a claim of lateness is never too soon.
    fn row(&self) -> u64 {
        match (self.row_alone, self.row_beside) {
            (0, beside) => beside,
            (alone, 0) => alone,
            (alone, beside) => alone.min(beside),
        }
    }

    /// A step of so many decode rows alone: measured, or the next smaller one that was.
    fn decode_step(&self, rows: usize) -> Option<u64> {
        self.decode_steps[..=class(rows)].iter().rev().copied().find(|nanos| *nanos > 0)
    }
}

impl Rates {
    /// Learns how many tokens a generation gave.
    pub(crate) fn learn_output(&self, tokens: usize) {
        self.learn(&self.output_sixteenths, (tokens as u64).saturating_mul(16).max(1));
    }

    /// How long `prompt_tokens` and then `generations` answers of the usual length take; zero while
    /// nothing is measured.
    pub(crate) fn time_for(&self, prompt_tokens: usize, generations: usize) -> Duration {
        let read = |value: &AtomicU64| value.load(Ordering::Relaxed);
        let prompts = read(&self.row_nanos).saturating_mul(prompt_tokens as u64);
        let tokens = read(&self.output_sixteenths).saturating_mul(generations as u64) / 16;
        let answers = read(&self.token_nanos).saturating_mul(tokens);
        Duration::from_nanos(prompts.saturating_add(answers))
    }

    fn learn(&self, value: &AtomicU64, sample: u64) {
        let mut known = value.load(Ordering::Relaxed);
        blend(&mut known, sample);
        value.store(known, Ordering::Relaxed);
    }
}

fn class(rows: usize) -> usize {
    let log = rows.max(1).next_power_of_two().trailing_zeros() as usize;
    log.min(DECODE_CLASSES - 1)
}

fn blend(known: &mut u64, sample: u64) {
    *known = match *known {
        0 => sample,
        known => (known.saturating_mul(OLD_EIGHTHS).saturating_add(sample)) / (OLD_EIGHTHS + 1),
    };
}

fn nanos(time: Duration) -> u64 {
    u64::try_from(time.as_nanos()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    const MILLISECOND: Duration = Duration::from_millis(1);

    fn step(decode_rows: usize, prompt_rows: usize) -> StepWork {
        StepWork { decode_rows, prompt_rows, draft_rows: 0, output_tokens: decode_rows }
    }

    #[test]
    fn prompt_rows_fill_what_the_gap_leaves() {
        let (mut pace, rates) = (Pace::default(), Rates::default());
        assert_eq!(pace.prompt_rows(4, 180), usize::MAX);
        pace.learn(step(0, 100), 10 * MILLISECOND, &rates);
        assert_eq!(pace.prompt_rows(4, 180), usize::MAX, "no decode step was seen");
        pace.learn(step(4, 0), 5 * MILLISECOND, &rates);
        // 80 % of 5 ms, 0.1 ms a row.
        assert_eq!(pace.prompt_rows(4, 180), 40);
        assert_eq!(pace.prompt_rows(4, 0), usize::MAX);
        assert_eq!(pace.prompt_rows(4, 100), PROMPT_ROWS_MIN);
        // Beside decode rows a row turns out to cost 0.2 ms.
        pace.learn(step(4, 40), 13 * MILLISECOND, &rates);
        assert_eq!(pace.prompt_rows(4, 180), 20);
        // More sequences than ever seen decode at least as long.
        assert_eq!(pace.prompt_rows(64, 180), 20);
        pace.learn(step(64, 0), 50 * MILLISECOND, &rates);
        assert_eq!(pace.prompt_rows(64, 180), 200);
    }

    #[test]
    fn line_takes_its_prompts_and_its_answers() {
        let (mut pace, rates) = (Pace::default(), Rates::default());
        assert_eq!(rates.time_for(1_000, 10), Duration::ZERO);
        pace.learn(step(0, 100), 10 * MILLISECOND, &rates);
        assert_eq!(rates.time_for(1_000, 10), 100 * MILLISECOND);
        pace.learn(step(10, 0), 10 * MILLISECOND, &rates);
        rates.learn_output(20);
        // 1,000 rows of 0.1 ms, 200 tokens of 1 ms.
        assert_eq!(rates.time_for(1_000, 10), 300 * MILLISECOND);
    }
}
