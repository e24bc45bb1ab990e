//! What steps cost on this machine, measured as they run: how many prompt rows may ride beside
//! decode rows, and how long the waiting line will take.
//!
//! The model of a step: its decode rows take as long as a step of so many decode rows alone, and
//! each prompt row adds the same. The model of a crowd is Little's law: where so many requests are
//! and each answer takes so long of the machine, a new one is done after all their answers' time.
//! Times are whole nanoseconds; a new measurement counts one eighth unless it says otherwise.
//!
//! What a step of decode rows alone takes is never inferred from smaller ones: where prompts wait
//! all the time such a step would not come by itself, so one is asked for. Taken for too short, it
//! leaves prompts hardly any rows, which keeps steps small and the mistake as it is.
//!
//! Invariants
//! - Where nothing is measured, times are zero: nobody is refused on a supposition.
//! - Of a prompt only the part counts that, by measure, is not found computed.
//! - [`Pace`] belongs to the engine thread; [`Rates`] are its last words for everybody else.

mod guesses;

use guesses::Guesses;
use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering;
use std::time::Duration;

/// Weight of what was known before, in eighths.
const OLD_EIGHTHS: u64 = 7;

/// Prompt rows beside decode rows, at least: a prompt always moves.
const PROMPT_ROWS_MIN: usize = 1;

/// Steps with prompt rows for which a measured step of decode rows alone is believed: asking for
/// one anew costs prompts at most one step in so many.
const STEPS_BELIEVED: u32 = 32;

/// Classes of steps by their decode rows: one for each number to 8, then four for each doubling (9
/// and 10, 11 and 12, ..., 17 to 20 and so on), the last for all that are larger. In a class the
/// longest step is at most a quarter longer than the shortest, so 180 % becomes 200 % at most.
const DECODE_CLASSES: usize = 32;

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

/// A step of decode rows alone.
#[derive(Debug, Clone, Copy, Default)]
struct DecodeStep {
    /// 0: never seen.
    nanos: u64,
    /// Steps with prompt rows since it was seen.
    since: u32,
}

impl DecodeStep {
    fn is_known(self) -> bool {
        self.nanos > 0 && self.since < STEPS_BELIEVED
    }

    /// Slow steps may be the machine's doing, fast ones are ours: a measurement below what is known
    /// takes its place, one above counts a quarter, and as half as much again at most.
    fn learn(&mut self, nanos: u64) {
        self.nanos = match self.nanos {
            0 => nanos,
            known if nanos < known => nanos,
            known => known + (nanos.min(known.saturating_add(known / 2)) - known) / 4,
        };
        self.since = 0;
    }
}

/// What steps cost.
#[derive(Debug, Default)]
pub(crate) struct Pace {
    /// By class.
    decode_steps: [DecodeStep; DECODE_CLASSES],
    /// A prompt row beside decode rows.
    row_beside: u64,
    /// A prompt row in a step of prompts alone.
    row_alone: u64,
    guesses: Guesses,
}

/// What others know of the pace; 0 means not measured yet.
#[derive(Debug, Default)]
pub(crate) struct Rates {
    row_nanos: AtomicU64,
    /// An output token, by the class of its step.
    token_nanos: [AtomicU64; DECODE_CLASSES],
    /// Output tokens of a generation, in sixteenths.
    output_sixteenths: AtomicU64,
    /// Tokens of a prompt, in sixteenths.
    prompt_sixteenths: AtomicU64,
    /// Of these, tokens that had to be computed.
    computed_sixteenths: AtomicU64,
}

/// Requests that are in the engine, as far as somebody behind them must wait.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Crowd {
    /// Requests that run.
    pub(crate) running: usize,
    /// Requests without a first step.
    pub(crate) waiting: usize,
    /// Tokens of the latter's prompts.
    pub(crate) prompt_tokens: usize,
    /// Sequences that can run at once.
    pub(crate) seats: usize,
}

impl Pace {
    /// Learns from a step that took `time`.
    pub(crate) fn learn(&mut self, work: StepWork, time: Duration, rates: &Rates) {
        let nanos = nanos(time).max(1);
        let decode = &mut self.decode_steps[class(work.decode_rows)];
        let extra = nanos.saturating_sub(decode.nanos);
        match (work.decode_rows, work.prompt_rows, work.draft_rows) {
            (0, 0, _) => {}
            (0, rows, _) => blend(&mut self.row_alone, nanos / rows as u64),
            (_, 0, 0) => decode.learn(nanos),
            (_, rows, 0) => {
                decode.since = decode.since.saturating_add(1);
                if decode.nanos > 0 {
                    blend(&mut self.row_beside, (extra / rows as u64).max(1));
                }
            }
            (_, 0, rows) if decode.nanos > 0 => self.guesses.learn_cost(extra, rows),
            // Rows of all kinds: nobody knows what each took.
            _ => {}
        }
        // Time per token of a decoding step; a prompt row in it is paid at its own price.
        let prompts = self.row().saturating_mul(work.prompt_rows as u64);
        if work.decode_rows > 0 && work.output_tokens > 0 && prompts < nanos {
            let token = (nanos - prompts) / work.output_tokens as u64;
            rates.learn(&rates.token_nanos[class(work.decode_rows)], token.max(1));
        }
        rates.row_nanos.store(self.row(), Ordering::Relaxed);
    }

    /// How many prompt rows may share a step with `decode_rows`, so that it takes at most
    /// `gap_percent` of a step of decode rows alone; none if such a step must be measured first.
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

    /// How many tokens each of `decode_rows` sequences may guess ahead; none before it is known
    /// what a step takes without.
    pub(crate) fn guesses(&mut self, decode_rows: usize) -> usize {
        match self.decode_steps[class(decode_rows)].nanos {
            0 => 0,
            nanos => self.guesses.worth(decode_rows, nanos),
        }
    }

    /// Learns how many of the tokens that a sequence guessed were right.
    pub(crate) fn learn_guesses(&mut self, guessed: usize, right: usize) {
        self.guesses.learn_outcome(guessed, right);
    }

    /// A prompt row's price: the cheaper of the two, so that a claim of lateness is never too soon.
    fn row(&self) -> u64 {
        match (self.row_alone, self.row_beside) {
            (0, beside) => beside,
            (alone, 0) => alone,
            (alone, beside) => alone.min(beside),
        }
    }
}

impl Rates {
    /// Learns how many tokens a generation gave.
    pub(crate) fn learn_output(&self, tokens: usize) {
        self.learn(&self.output_sixteenths, sixteenths(tokens));
    }

    /// Learns how many tokens a prompt had, and how many of them were not found computed.
    pub(crate) fn learn_prompt(&self, tokens: usize, computed: usize) {
        self.learn(&self.prompt_sixteenths, sixteenths(tokens));
        self.learn(&self.computed_sixteenths, sixteenths(computed));
    }

    /// How long prompts of so many tokens together take; zero while nothing is measured.
    pub(crate) fn prompts(&self, tokens: usize) -> Duration {
        let known = read(&self.prompt_sixteenths);
        let tokens = tokens as u64;
        let computed = match known {
            0 => tokens,
            known => tokens.saturating_mul(read(&self.computed_sixteenths)) / known,
        };
        Duration::from_nanos(read(&self.row_nanos).saturating_mul(computed))
    }

    /// How long everybody in the crowd takes to finish, each with an answer of the usual length;
    /// zero while nothing is measured.
    pub(crate) fn time_for(&self, crowd: Crowd) -> Duration {
        let everybody = crowd.running.saturating_add(crowd.waiting);
        let at_once = everybody.min(crowd.seats);
        let tokens = read(&self.output_sixteenths).saturating_mul(everybody as u64) / 16;
        let answers = Duration::from_nanos(self.token(at_once).saturating_mul(tokens));
        self.prompts(crowd.prompt_tokens).saturating_add(answers)
    }

    /// How much later than alone a request is done that joins the crowd.
    ///
    /// Whoever runs counts with a prompt too, because by the time it is done another one has come
    /// in its place.
    pub(crate) fn delay_behind(&self, crowd: Crowd) -> Duration {
        let prompts = self.usual_prompt_tokens().saturating_mul(crowd.running);
        let joined = Crowd {
            waiting: crowd.waiting.saturating_add(1),
            prompt_tokens: crowd.prompt_tokens.saturating_add(prompts),
            ..crowd
        };
        let alone = Crowd { running: 1, waiting: 0, prompt_tokens: 0, seats: crowd.seats };
        self.time_for(joined).saturating_sub(self.time_for(alone))
    }

    /// What one request takes of a machine that has the crowd to serve.
    pub(crate) fn share_behind(&self, crowd: Crowd) -> Duration {
        let at_once = crowd.running.saturating_add(crowd.waiting).saturating_add(1);
        let tokens = read(&self.output_sixteenths) / 16;
        let token = self.token(at_once.min(crowd.seats));
        let answer = Duration::from_nanos(token.saturating_mul(tokens));
        self.prompts(self.usual_prompt_tokens()).saturating_add(answer)
    }

    fn usual_prompt_tokens(&self) -> usize {
        usize::try_from(read(&self.prompt_sixteenths) / 16).unwrap_or(usize::MAX)
    }

    /// An output token in a step of so many sequences: measured, or of the next smaller step that
    /// was, or of the next larger.
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

/// What is known once `sample` has come to it.
fn blended(known: u64, sample: u64) -> u64 {
    known.saturating_mul(OLD_EIGHTHS).saturating_add(sample) / (OLD_EIGHTHS + 1)
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
        assert_eq!(pace.prompt_rows(0, 180), usize::MAX);
        pace.learn(step(0, 100), 10 * MILLISECOND, &rates);
        assert_eq!(pace.prompt_rows(4, 180), 0, "no decode step was seen");
        pace.learn(step(4, 0), 5 * MILLISECOND, &rates);
        // 80 % of 5 ms, 0.1 ms a row.
        assert_eq!(pace.prompt_rows(4, 180), 40);
        assert_eq!(pace.prompt_rows(4, 0), usize::MAX);
        assert_eq!(pace.prompt_rows(4, 100), PROMPT_ROWS_MIN);
        // Beside decode rows a row turns out to cost 0.2 ms.
        pace.learn(step(4, 40), 13 * MILLISECOND, &rates);
        assert_eq!(pace.prompt_rows(4, 180), 20);
        // So many sequences were never seen to decode.
        assert_eq!(pace.prompt_rows(64, 180), 0);
        pace.learn(step(64, 0), 50 * MILLISECOND, &rates);
        assert_eq!(pace.prompt_rows(64, 180), 200);
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
    fn decode_step_is_measured_anew_now_and_then() {
        let (mut pace, rates) = (Pace::default(), Rates::default());
        pace.learn(step(4, 0), 5 * MILLISECOND, &rates);
        for _ in 0..STEPS_BELIEVED {
            assert!(pace.prompt_rows(4, 180) > 0);
            pace.learn(step(4, 10), 6 * MILLISECOND, &rates);
        }
        assert_eq!(pace.prompt_rows(4, 180), 0);
        pace.learn(step(4, 0), 5 * MILLISECOND, &rates);
        assert!(pace.prompt_rows(4, 180) > 0);
    }

    /// 64 clients ask again as soon as they are answered; the longest steps have room for all.
    #[test]
    fn clients_that_ask_at_once_fill_the_seats() {
        const CLIENTS: usize = 64;
        const PROMPT_TOKENS: usize = 13;
        const OUTPUT_TOKENS: usize = 32;
        let takes = |decode: usize, prompt: usize| {
            Duration::from_micros(2_000 + 500 * decode as u64 + 150 * prompt as u64)
        };
        let (mut pace, rates) = (Pace::default(), Rates::default());
        // The tokens that each client that runs still wants, and the prompt tokens that wait.
        let (mut running, mut waiting) = (Vec::new(), CLIENTS * PROMPT_TOKENS);
        let (mut decoded, mut steps) = (0, 0);
        for at in 0..1_000 {
            let decoding = running.len();
            let prompt = pace.prompt_rows(decoding, 180).min(waiting).min(512);
            let time = takes(decoding, prompt);
            let gap = takes(decoding.max(1), 0);
            // What classes and averages are wrong by comes on top of twice the usual gap.
            assert!(decoding == 0 || time <= gap * 21 / 10, "{decoding} and {prompt} rows");
            pace.learn(step(decoding, prompt), time, &rates);
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
        assert!(decoded / steps > CLIENTS / 2, "{} decode rows a step", decoded / steps);
    }

    fn crowd(running: usize, waiting: usize, prompt_tokens: usize) -> Crowd {
        Crowd { running, waiting, prompt_tokens, seats: 8 }
    }

    #[test]
    fn crowd_takes_its_prompts_and_its_answers() {
        let (mut pace, rates) = (Pace::default(), Rates::default());
        assert_eq!(rates.time_for(crowd(0, 10, 1_000)), Duration::ZERO);
        pace.learn(step(0, 100), 10 * MILLISECOND, &rates);
        assert_eq!(rates.time_for(crowd(0, 10, 1_000)), 100 * MILLISECOND);
        pace.learn(step(8, 0), 8 * MILLISECOND, &rates);
        rates.learn_output(20);
        // 1,000 rows of 0.1 ms, 200 tokens of 1 ms.
        assert_eq!(rates.time_for(crowd(0, 10, 1_000)), 300 * MILLISECOND);
    }

    #[test]
    fn found_prompts_cost_nothing() {
        let (mut pace, rates) = (Pace::default(), Rates::default());
        pace.learn(step(0, 100), 10 * MILLISECOND, &rates);
        assert_eq!(rates.prompts(1_000), 100 * MILLISECOND);
        rates.learn_prompt(600, 600);
        assert_eq!(rates.prompts(1_000), 100 * MILLISECOND);
        (0..100).for_each(|_| rates.learn_prompt(600, 60));
        let most = rates.prompts(1_000).as_micros();
        assert!((10_000..10_300).contains(&most), "{most} µs");
    }

    #[test]
    fn delay_is_what_the_crowd_costs_beyond_being_alone() {
        let (mut pace, rates) = (Pace::default(), Rates::default());
        assert_eq!(rates.delay_behind(crowd(5, 5, 50)), Duration::ZERO);
        // Alone a token takes 2 ms, of eight at once each takes 1: eight in twice the time of two.
        pace.learn(step(1, 0), 2 * MILLISECOND, &rates);
        pace.learn(step(8, 0), 8 * MILLISECOND, &rates);
        rates.learn_output(10);
        assert_eq!(rates.delay_behind(crowd(0, 0, 0)), Duration::ZERO);
        assert_eq!(rates.delay_behind(crowd(7, 0, 0)), 60 * MILLISECOND);
        assert_eq!(rates.delay_behind(crowd(8, 11, 0)), 180 * MILLISECOND);
        assert_eq!(rates.share_behind(crowd(8, 11, 0)), 10 * MILLISECOND);
        // Prompts of 30 tokens, 0.1 ms each: those of the line and one for each that runs.
        pace.learn(step(0, 100), 10 * MILLISECOND, &rates);
        rates.learn_prompt(30, 30);
        assert_eq!(rates.delay_behind(crowd(8, 2, 50)), (90 + 5 + 24) * MILLISECOND);
        assert_eq!(rates.share_behind(crowd(8, 2, 50)), 13 * MILLISECOND);
    }

    /// A device that takes eight as fast as one.
    #[test]
    fn seats_that_cost_nothing_delay_nobody() {
        let (mut pace, rates) = (Pace::default(), Rates::default());
        pace.learn(step(1, 0), 8 * MILLISECOND, &rates);
        pace.learn(step(8, 0), 8 * MILLISECOND, &rates);
        rates.learn_output(10);
        assert_eq!(rates.delay_behind(crowd(7, 0, 0)), Duration::ZERO);
        assert_eq!(rates.delay_behind(crowd(8, 7, 0)), 80 * MILLISECOND);
    }
}
