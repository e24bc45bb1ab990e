//! A model and a vocabulary for tests: tiny, exact, and able to fail on demand.
//!
//! Tokens are bytes, plus [`END`]. Each KV slot holds one token. Logits are a hash of the tokens
//! stored in the sequence's pages, so a page with two writers or stale contents changes the output.

use crate::engine::vocabulary::Detokenizer;
use crate::engine::vocabulary::TokenVocabulary;
use crate::model::Forward;
use crate::model::ForwardLimits;
use crate::model::Logits;
use crate::model::ModelError;
use crate::model::StepInput;
use vitrine_base::ids::PageId;

/// The end-of-text token.
pub(crate) const END: u32 = 256;

/// 256 bytes and [`END`].
pub(crate) const VOCABULARY_SIZE: usize = 257;

/// Called before each step with its number, from 1.
type BeforeStep = Box<dyn FnMut(u64) -> Result<(), ModelError> + Send>;

/// How the toy computes its logits.
#[derive(Debug, Clone)]
pub(crate) enum LogitRule {
    /// From a hash of all tokens before.
    Hash,
    /// From the same hash, but only the first tokens are likely, so they repeat often.
    FewTokens(u32),
    /// Token `i` of the script follows position `i`; [`END`] follows the script.
    Script(Vec<u32>),
    /// All logits are NaN.
    Nothing,
}

/// A model for tests.
pub(crate) struct ToyModel {
    limits: ForwardLimits,
    slots: Vec<u32>,
    logit_rule: LogitRule,
    before_step: Option<BeforeStep>,
    steps: u64,
}

impl ToyModel {
    /// Creates a hashing toy with `page_count` pages of four tokens.
    pub(crate) fn new(page_count: usize) -> Self {
        let limits = ForwardLimits {
            vocabulary_size: VOCABULARY_SIZE,
            context_tokens_max: 4_096,
            page_tokens: 4,
            page_count,
            weight_bytes: 0,
            kv_bytes: 0,
        };
        Self {
            limits,
            slots: vec![u32::MAX; page_count * limits.page_tokens],
            logit_rule: LogitRule::Hash,
            before_step: None,
            steps: 0,
        }
    }

    /// Creates a toy with 64 pages that answers a prompt of one token with `text`, then ends.
    pub(crate) fn scripted(text: &str) -> Self {
        let script = text.bytes().map(u32::from).collect();
        Self { logit_rule: LogitRule::Script(script), ..Self::new(64) }
    }

    /// Replaces the way logits are computed.
    pub(crate) fn logit_rule(self, logit_rule: LogitRule) -> Self {
        Self { logit_rule, ..self }
    }

    /// Calls `hook` before each step with its number, from 1.
    pub(crate) fn before_step(
        self,
        hook: impl FnMut(u64) -> Result<(), ModelError> + Send + 'static,
    ) -> Self {
        Self { before_step: Some(Box::new(hook)), ..self }
    }

    fn row_logits(&self, history: &[u32], logits: &mut Vec<f32>) {
        let position = history.len() - 1;
        match &self.logit_rule {
            LogitRule::Hash | LogitRule::FewTokens(_) => {
                let words = match self.logit_rule {
                    LogitRule::FewTokens(words) => u64::from(words),
                    LogitRule::Hash | LogitRule::Script(_) | LogitRule::Nothing => u64::MAX,
                };
                let mut state = 0xcbf2_9ce4_8422_2325_u64;
                for token in history {
                    state = (state ^ u64::from(*token)).wrapping_mul(0x0100_0000_01b3);
                }
                logits.extend((0..self.limits.vocabulary_size as u64).map(|token| {
                    let mixed = (state ^ token).wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 40;
                    let logit = mixed as f32 / (1_u64 << 24) as f32 * 8.0;
                    if token < words { logit } else { logit - 99.0 }
                }));
            }
            LogitRule::Script(script) => {
                let next = script.get(position).copied().unwrap_or(END) as usize;
                logits.extend(
                    (0..self.limits.vocabulary_size)
                        .map(|token| if token == next { 9.0 } else { 0.0 }),
                );
            }
            LogitRule::Nothing => {
                logits.extend(std::iter::repeat_n(f32::NAN, self.limits.vocabulary_size));
            }
        }
    }
}

impl Forward for ToyModel {
    fn limits(&self) -> ForwardLimits {
        self.limits
    }

    fn forward(&mut self, step: &StepInput) -> Result<Logits, ModelError> {
        self.steps += 1;
        if let Some(hook) = &mut self.before_step {
            hook(self.steps)?;
        }
        let page_tokens = self.limits.page_tokens;
        let slot = |pages: &[PageId], position: usize| {
            pages[position / page_tokens].index() * page_tokens + position % page_tokens
        };
        for segment in step.segments() {
            for (offset, token) in step.tokens()[segment.rows.clone()].iter().enumerate() {
                let at = slot(step.pages_of(segment), segment.tokens_before + offset);
                self.slots[at] = *token;
            }
        }
        let mut values = Vec::new();
        let wanted = step.wanted_rows().iter().chain(step.greedy_rows());
        for row in wanted.map(|row| *row as usize) {
            let own = step.segments().iter().find(|segment| segment.rows.contains(&row));
            if let Some(segment) = own {
                let position = segment.tokens_before + row - segment.rows.start;
                let history: Vec<u32> =
                    (0..=position).map(|at| self.slots[slot(step.pages_of(segment), at)]).collect();
                self.row_logits(&history, &mut values);
            }
        }
        Ok(Logits::new(values, VOCABULARY_SIZE).with_greedy(step.greedy_rows().len()))
    }
}

/// Decodes tokens as UTF-8 bytes.
#[derive(Debug)]
pub(crate) struct ToyVocabulary;

#[derive(Debug, Default)]
struct ToyDetokenizer {
    bytes: Vec<u8>,
}

impl TokenVocabulary for ToyVocabulary {
    fn is_end_of_generation(&self, token_id: u32) -> bool {
        token_id == END
    }

    fn detokenizer(&self) -> Box<dyn Detokenizer> {
        Box::new(ToyDetokenizer::default())
    }
}

impl Detokenizer for ToyDetokenizer {
    fn push(&mut self, token_id: u32) -> String {
        self.bytes.extend(u8::try_from(token_id));
        match String::from_utf8(std::mem::take(&mut self.bytes)) {
            Ok(text) => text,
            Err(error) if error.utf8_error().error_len().is_none() => {
                let whole = error.utf8_error().valid_up_to();
                let mut bytes = error.into_bytes();
                self.bytes = bytes.split_off(whole);
                String::from_utf8(bytes).unwrap_or_default()
            }
            Err(error) => String::from_utf8_lossy(error.as_bytes()).into_owned(),
        }
    }
}
