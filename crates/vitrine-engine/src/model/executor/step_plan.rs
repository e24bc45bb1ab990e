//! Inputs of a step that all layers share, on candle's device: token ids, rotation angles, slots
//! and attention groups.
//!
//! Segments with the same number of rows and similar spans are computed together, padded to the
//! longest span among them. Padding reads the sequence's own first slot and is masked. A span is
//! the part of the context that is visible to a segment's rows through a layer's window.
//!
//! Invariants
//! - Padding at most doubles a group's reads, plus [`PADDING_TOKENS_FREE`] tokens per sequence.

use crate::model::error::ModelError;
use crate::model::kv_pages::KvPages;
use crate::model::shape::QueryGrowth;
use crate::model::step_input::Segment;
use crate::model::step_input::StepInput;
use candle_core::Device;
use candle_core::Tensor;

/// Padding, in tokens per sequence, that costs less than the kernel calls of another group.
const PADDING_TOKENS_FREE: usize = 64;

/// A step's inputs on the device.
#[derive(Debug)]
pub(crate) struct CandleStep {
    /// Token ids: `[rows]`.
    pub(crate) tokens: Tensor,
    /// Rotation angles of the model's rotary embedding.
    pub(crate) angles: AngleTensors,
    /// Rotation angles of the windowed layers' own rotary embedding, if they have one.
    pub(crate) local_angles: Option<AngleTensors>,
    /// Factor on each row's queries: `[rows, 1]`; `None` if all factors are 1.
    pub(crate) query_growth: Option<Tensor>,
    /// Slot of each element of a row's keys or values: `[rows, kv width]`.
    pub(crate) store_index: Tensor,
    /// One attention plan for each of [`CandleStepSettings::windows`].
    pub(crate) attention: Vec<AttentionPlan>,
    /// Rows that requested logits, followed by the greedy rows; `None` if there are none.
    pub(crate) wanted: Option<Tensor>,
    /// Number of greedy rows at the end of `wanted`.
    pub(crate) greedy: usize,
}

/// Cosines and sines of each row's rotation angles: `[rows, 1, rotated width / 2]`.
#[derive(Debug)]
pub(crate) struct AngleTensors {
    pub(crate) cos: Tensor,
    pub(crate) sin: Tensor,
}

/// Attention of the layers that share a window.
#[derive(Debug)]
pub(crate) struct AttentionPlan {
    pub(crate) groups: Vec<AttentionGroup>,
    /// Index of each row's result in the concatenated group results; `None` if they are in row
    /// order.
    pub(crate) inverse_order: Option<Tensor>,
}

/// Sequences whose attention is computed together.
#[derive(Debug)]
pub(crate) struct AttentionGroup {
    pub(crate) sequences: usize,
    /// Rows per sequence.
    pub(crate) rows_each: usize,
    /// Padded span per sequence, in tokens.
    pub(crate) span: usize,
    /// Packed rows of the group, in group order: `[sequences * rows_each]`; `None` if the group is
    /// all rows of the step in order.
    pub(crate) rows: Option<Tensor>,
    /// Gather indices (slot and head) of the padded spans, head by head: `[sequences * kv heads *
    /// span]`.
    pub(crate) heads_of_slots: Tensor,
    /// 0 where a row may attend, minus infinity elsewhere: `[sequences, 1, 1, rows_each, span]`;
    /// `None` if every row may attend to the whole span.
    pub(crate) mask: Option<Tensor>,
}

/// A rotary embedding: angle per position of each rotated pair, and the factor on cosines and
/// sines.
#[derive(Debug)]
pub(crate) struct RopeTable {
    pub(crate) frequencies: Vec<f64>,
    pub(crate) amplitude: f32,
}

/// Properties of the model that a plan needs.
#[derive(Debug)]
pub(crate) struct CandleStepSettings<'a> {
    pub(crate) rope: &'a RopeTable,
    pub(crate) local_rope: Option<&'a RopeTable>,
    pub(crate) query_growth: Option<QueryGrowth>,
    /// The distinct windows of the layers.
    pub(crate) windows: &'a [Option<usize>],
    pub(crate) kv_width: usize,
    pub(crate) pages: &'a KvPages,
    pub(crate) device: &'a Device,
}

impl CandleStepSettings<'_> {
    /// Lays out a step; the caller has checked its input.
    pub(crate) fn plan(&self, input: &StepInput) -> Result<CandleStep, ModelError> {
        let wanted = [input.wanted_rows(), input.greedy_rows()].concat();
        let wanted = match wanted.len() {
            0 => None,
            count => Some(Tensor::from_vec(wanted, count, self.device)?),
        };
        let windows = self.windows.iter();
        Ok(CandleStep {
            tokens: Tensor::from_slice(input.tokens(), input.tokens().len(), self.device)?,
            angles: self.angles(input, self.rope)?,
            local_angles: self.local_rope.map(|rope| self.angles(input, rope)).transpose()?,
            query_growth: self.query_growth(input)?,
            store_index: self.store_index(input)?,
            attention: windows
                .map(|&window| self.attention(input, window))
                .collect::<Result<_, _>>()?,
            wanted,
            greedy: input.greedy_rows().len(),
        })
    }

    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_precision_loss,
        reason = "angles are computed in f64 and used in f32"
    )]
    fn angles(&self, input: &StepInput, rope: &RopeTable) -> Result<AngleTensors, ModelError> {
        let dims = (input.tokens().len(), 1, rope.frequencies.len());
        let mut cos = Vec::with_capacity(dims.0 * dims.2);
        let mut sin = Vec::with_capacity(dims.0 * dims.2);
        for position in input.segments().iter().flat_map(positions) {
            for frequency in &rope.frequencies {
                let (s, c) = (position as f64 * frequency).sin_cos();
                cos.push(c as f32 * rope.amplitude);
                sin.push(s as f32 * rope.amplitude);
            }
        }
        let cos = Tensor::from_vec(cos, dims, self.device)?;
        let sin = Tensor::from_vec(sin, dims, self.device)?;
        Ok(AngleTensors { cos, sin })
    }

    #[expect(clippy::cast_precision_loss, reason = "the quotient is small")]
    fn query_growth(&self, input: &StepInput) -> Result<Option<Tensor>, ModelError> {
        let Some(QueryGrowth { growth, tokens }) = self.query_growth else { return Ok(None) };
        let factors: Vec<f32> = input
            .segments()
            .iter()
            .flat_map(positions)
            .map(|position| 1.0 + growth * ((position / tokens) as f32).ln_1p())
            .collect();
        let count = factors.len();
        Ok(Some(Tensor::from_vec(factors, (count, 1), self.device)?))
    }

    fn attention(
        &self,
        input: &StepInput,
        window: Option<usize>,
    ) -> Result<AttentionPlan, ModelError> {
        let window = window.unwrap_or(usize::MAX);
        let groups: Vec<Vec<usize>> = group(input.segments(), window);
        let order: Vec<usize> = groups
            .iter()
            .flatten()
            .flat_map(|&segment| input.segments()[segment].rows.clone())
            .collect();
        let in_place = order.iter().enumerate().all(|(at, &row)| at == row);
        let inverse_order = if in_place { None } else { Some(self.inverse(&order)?) };
        let groups = groups
            .iter()
            .map(|members| self.attention_group(input, members, window))
            .collect::<Result<_, _>>()?;
        Ok(AttentionPlan { groups, inverse_order })
    }

    fn store_index(&self, input: &StepInput) -> Result<Tensor, ModelError> {
        let mut index = Vec::with_capacity(input.tokens().len() * self.kv_width);
        for segment in input.segments() {
            let pages = input.pages_of(segment);
            for position in positions(segment) {
                let slot = self.pages.slot(pages, position);
                index.extend(std::iter::repeat_n(slot, self.kv_width));
            }
        }
        Ok(Tensor::from_vec(index, (input.tokens().len(), self.kv_width), self.device)?)
    }

    fn inverse(&self, order: &[usize]) -> Result<Tensor, ModelError> {
        let mut inverse = vec![0_u32; order.len()];
        for (at, &row) in (0_u32..).zip(order) {
            inverse[row] = at;
        }
        Ok(Tensor::from_vec(inverse, order.len(), self.device)?)
    }

    fn attention_group(
        &self,
        input: &StepInput,
        members: &[usize],
        window: usize,
    ) -> Result<AttentionGroup, ModelError> {
        let segments: Vec<&Segment> = members.iter().map(|&at| &input.segments()[at]).collect();
        let rows_each = segments.first().map_or(0, |segment| segment.rows.len());
        let span = segments.iter().map(|segment| seen(segment, window).len()).max().unwrap_or(0);
        let sequences = segments.len();
        let mut rows = Vec::with_capacity(sequences * rows_each);
        let kv_heads = self.pages.kv_heads();
        let mut slots = Vec::with_capacity(span);
        let mut heads_of_slots = Vec::with_capacity(sequences * kv_heads * span);
        let mut mask = Vec::with_capacity(sequences * rows_each * span);
        for segment in &segments {
            let pages = input.pages_of(segment);
            let seen = seen(segment, window);
            slots.clear();
            slots.extend(seen.clone().map(|position| self.pages.slot(pages, position)));
            slots.resize(span, self.pages.slot(pages, seen.start));
            // The pool bounds slots × heads to 32 bits.
            let heads = u32::try_from(kv_heads).unwrap_or(u32::MAX);
            for head in 0..heads {
                heads_of_slots.extend(slots.iter().map(|slot| slot * heads + head));
            }
            for (row, position) in segment.rows.clone().zip(positions(segment)) {
                rows.push(u32::try_from(row).unwrap_or(u32::MAX));
                mask.extend((seen.start..seen.start + span).map(|at| {
                    let visible = at <= position && position - at < window;
                    if visible { 0.0 } else { f32::NEG_INFINITY }
                }));
            }
        }
        let everything =
            rows.len() == input.tokens().len() && rows.iter().zip(0..).all(|(&row, at)| row == at);
        let rows = if everything {
            None
        } else {
            let count = rows.len();
            Some(Tensor::from_vec(rows, count, self.device)?)
        };
        let mask = if mask.iter().all(|&value| value == 0.0) {
            None
        } else {
            let dims = (sequences, 1, 1, rows_each, span);
            Some(Tensor::from_vec(mask, dims, self.device)?)
        };
        let count = heads_of_slots.len();
        let heads_of_slots = Tensor::from_vec(heads_of_slots, count, self.device)?;
        Ok(AttentionGroup { sequences, rows_each, span, rows, heads_of_slots, mask })
    }
}

/// Positions of a segment's rows.
fn positions(segment: &Segment) -> std::ops::Range<usize> {
    segment.tokens_before..segment.context_tokens()
}

/// Positions visible to at least one of a segment's rows.
fn seen(segment: &Segment, window: usize) -> std::ops::Range<usize> {
    (segment.tokens_before + 1).saturating_sub(window)..segment.context_tokens()
}

/// Segment indices, grouped by common attention computation.
fn group(segments: &[Segment], window: usize) -> Vec<Vec<usize>> {
    let span = |at: usize| seen(&segments[at], window).len();
    let mut order: Vec<usize> = (0..segments.len()).collect();
    order.sort_by_key(|&at| (segments[at].rows.len(), span(at), at));
    let mut groups: Vec<Vec<usize>> = Vec::new();
    for at in order {
        let joins = groups.last().and_then(|group| group.first()).is_some_and(|&shortest| {
            segments[shortest].rows.len() == segments[at].rows.len()
                && span(at) <= 2 * span(shortest) + PADDING_TOKENS_FREE
        });
        match groups.last_mut() {
            Some(group) if joins => group.push(at),
            _ => groups.push(vec![at]),
        }
    }
    groups
}
