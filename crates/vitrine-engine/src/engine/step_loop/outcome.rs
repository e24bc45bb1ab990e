//! Handles the result of a step: chooses the tokens, or ends the sequences of a failed step.
//!
//! Invariants
//! - One function chooses every token, one row at a time, whether or not the row was speculative.
//! - A speculative token is accepted only if it equals the token chosen from the row before it.

use crate::engine::constraint::Advance;
use crate::engine::error::EngineError;
use crate::engine::error::FatalError;
use crate::engine::finish::FinishReason;
use crate::engine::request::EndOfText;
use crate::engine::sampler::RowOutput;
use crate::engine::scheduler::PlannedRows;
use crate::engine::scheduler::StepSchedule;
use crate::engine::step_loop::FAILED_STEPS_MAX;
use crate::engine::step_loop::StepLoop;
use crate::engine::step_loop::step_metrics::count;
use crate::model::Logits;
use crate::model::ModelError;
use crate::model::Wanted;
use std::sync::Arc;
use std::time::Instant;
use vitrine_base::ids::SequenceId;

impl StepLoop {
    /// Records the computed rows and chooses the next tokens of each sequence that reached its end.
    /// Returns the number of tokens chosen.
    pub(super) fn apply(&mut self, plan: &StepSchedule, logits: &Logits, now: Instant) -> usize {
        let input = std::mem::take(&mut self.input);
        let (mut logit_rows, mut likeliest) = (logits.rows(), logits.likeliest().iter());
        assert_eq!(logit_rows.len(), input.wanted_rows().len(), "one logit row per wanted row");
        assert_eq!(likeliest.len(), input.greedy_rows().len(), "one token per greedy row");
        let mut output_tokens = 0;
        for (rows, segment) in plan.rows.iter().zip(input.segments()) {
            self.advance(rows.id, rows.first_position + rows.row_count);
            let own: Vec<RowOutput<'_>> = match segment.wanted {
                Wanted::Nothing => continue,
                Wanted::Likeliest | Wanted::AllLikeliest => {
                    let found = likeliest.by_ref().take(1 + rows.speculative_count);
                    found.map(|token_id| RowOutput::Likeliest(*token_id)).collect()
                }
                Wanted::Last | Wanted::All => logit_rows
                    .by_ref()
                    .take(1 + rows.speculative_count)
                    .map(RowOutput::Logits)
                    .collect(),
            };
            output_tokens += self.choose_all(rows, &own, now);
        }
        self.input = input;
        output_tokens
    }

    /// Chooses tokens from a sequence's rows in turn, as long as each chosen token equals the
    /// speculative token of the next row. Returns the number of tokens chosen.
    fn choose_all(
        &mut self,
        rows: &PlannedRows,
        row_output: &[RowOutput<'_>],
        now: Instant,
    ) -> usize {
        let (mut chosen, mut accepted_tokens) = (0, 0);
        for (at, row_output) in row_output.iter().enumerate() {
            let token_id = self.choose(rows.id, *row_output, now);
            chosen += usize::from(token_id.is_some());
            let Some(sequence) = self.sequences.get_mut(&rows.id) else { break };
            if at == rows.speculative_count || token_id != Some(sequence.speculative_token_ids[at])
            {
                break;
            }
            // The speculative token was accepted, so its row counts as computed.
            accepted_tokens += 1;
            self.advance(rows.id, rows.first_position + rows.row_count + accepted_tokens);
        }
        if rows.speculative_count > 0 {
            count(
                &self.shared.speculative_tokens,
                &self.metrics.speculative_tokens,
                rows.speculative_count,
            );
            let accepted = &self.metrics.accepted_tokens;
            count(&self.shared.speculative_tokens_accepted, accepted, accepted_tokens);
            self.step_cost.learn_acceptance(rows.speculative_count, accepted_tokens);
            if let Some(sequence) = self.sequences.get_mut(&rows.id) {
                sequence.learn(rows.speculative_count, accepted_tokens);
            }
        }
        chosen
    }

    fn advance(&mut self, id: SequenceId, computed_tokens: usize) {
        if let Some(sequence) = self.sequences.get(&id) {
            self.scheduler.advance(id, computed_tokens, &sequence.token_ids);
        }
    }

    /// Chooses one token; `None` if the sequence ended without a token.
    fn choose(&mut self, id: SequenceId, row_output: RowOutput<'_>, now: Instant) -> Option<u32> {
        let sequence = self.sequences.get_mut(&id)?;
        let token_id = match sequence.choose(&mut self.sampler, row_output) {
            Ok(token_id) => token_id,
            Err(error) => {
                self.fail(id, error);
                return None;
            }
        };
        let ends = self.vocabulary.is_end_of_generation(token_id);
        if ends && (sequence.end_of_text == EndOfText::Stop || sequence.constraint_state.is_some())
        {
            self.finish(id, FinishReason::Stop, now);
            return None;
        }
        let advance = match sequence.advance_constraint(token_id) {
            Ok(advance) => advance,
            Err(error) => {
                self.fail(id, error);
                return None;
            }
        };
        self.metrics.token(sequence.push(token_id, now));
        let is_last = sequence.output_tokens() >= sequence.output_tokens_max;
        count(&self.shared.output_tokens, &self.metrics.output_tokens, 1);
        if advance == Advance::Complete {
            self.finish(id, FinishReason::Stop, now);
        } else if is_last {
            self.finish(id, FinishReason::Length, now);
        } else {
            self.scheduler.grow(id);
        }
        Some(token_id)
    }

    /// Handles a failed step. The contents of its pages are unknown, so its sequences end and the
    /// prefix cache is emptied. Other sequences go on, because the step did not write to their
    /// pages.
    ///
    /// # Errors
    /// If [`FAILED_STEPS_MAX`] steps failed in a row.
    pub(super) fn fail_step(
        &mut self,
        plan: &StepSchedule,
        cause: ModelError,
    ) -> Result<(), FatalError> {
        self.failed_steps += 1;
        self.metrics.steps_failed.increment(1);
        if self.failed_steps >= FAILED_STEPS_MAX {
            return Err(FatalError::Forward { steps: self.failed_steps, cause });
        }
        let (step, cause) = (self.step, Arc::new(cause));
        tracing::error!(
            model = self.name,
            step,
            sequences = plan.rows.len(),
            cause = &*cause as &dyn std::error::Error,
            "step failed, its generations end"
        );
        for rows in &plan.rows {
            self.fail(rows.id, EngineError::Step { step, cause: Arc::clone(&cause) });
        }
        self.scheduler.forget_all();
        Ok(())
    }
}
