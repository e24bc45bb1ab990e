//! What all layers of one step share: token ids, rotation angles, slots, and attention groups.
//!
//! Segments with the same number of rows and similar context lengths attend together, padded to
//! the longest context among them; the padding reads the sequence's own first slot and is masked.
//!
//! Invariants
//! - Padding at most doubles what a group reads, beyond [`PADDING_TOKENS_FREE`] tokens a sequence.

use crate::model::error::ModelError;
use crate::model::kv_pages::KvPages;
use crate::model::shape::Rope;
use crate::model::step_input::Segment;
use crate::model::step_input::StepInput;
use candle_core::Device;
use candle_core::Tensor;

/// Padding that is cheaper than another group's calls, in tokens a sequence.
const PADDING_TOKENS_FREE: usize = 64;

/// A step on the device.
#[derive(Debug)]
pub(crate) struct StepPlan {
    /// Token ids: `[rows]`.
    pub(crate) tokens: Tensor,
    /// Cosines and sines of each row's angles: `[rows, 1, head width / 2]`.
    pub(crate) cos: Tensor,
    pub(crate) sin: Tensor,
    /// The slot that each element of a row is stored in: `[rows, kv width]`.
    pub(crate) store_index: Tensor,
    /// Who attends together.
    pub(crate) groups: Vec<AttentionGroup>,
    /// Where each row's result stands in the groups' concatenated results; `None` if in place.
    pub(crate) inverse_order: Option<Tensor>,
    /// Rows whose logits are wanted; `None` if there are none.
    pub(crate) wanted: Option<Tensor>,
}

/// Sequences that attend together.
#[derive(Debug)]
pub(crate) struct AttentionGroup {
    pub(crate) sequences: usize,
    /// Rows of each.
    pub(crate) rows_each: usize,
    /// Padded context of each.
    pub(crate) context: usize,
    /// Packed rows, in group order: `[sequences * rows_each]`; `None` if they are all rows.
    pub(crate) rows: Option<Tensor>,
    /// Heads of slots of the padded contexts, head by head: `[sequences * kv heads * context]`.
    pub(crate) heads_of_slots: Tensor,
    /// 0 where a row may look, minus infinity elsewhere: `[sequences, 1, 1, rows_each, context]`;
    /// `None` if every row may look everywhere.
    pub(crate) mask: Option<Tensor>,
}

/// What the plan takes from the model.
#[derive(Debug)]
pub(crate) struct PlanSource<'a> {
    pub(crate) rope: &'a Rope,
    /// Angle a position, for each pair of a head.
    pub(crate) frequencies: &'a [f64],
    pub(crate) kv_width: usize,
    pub(crate) pages: &'a KvPages,
    pub(crate) device: &'a Device,
}

impl PlanSource<'_> {
    /// Lays out a checked step.
    pub(crate) fn plan(&self, input: &StepInput) -> Result<StepPlan, ModelError> {
        let row_count = input.tokens().len();
        let (cos, sin) = self.angles(input)?;
        let groups: Vec<Vec<usize>> = group(input.segments());
        let order: Vec<usize> = groups
            .iter()
            .flatten()
            .flat_map(|&segment| input.segments()[segment].rows.clone())
            .collect();
        let in_place = order.iter().enumerate().all(|(at, &row)| at == row);
        let inverse_order = if in_place { None } else { Some(self.inverse(&order)?) };
        let attention = groups
            .iter()
            .map(|members| self.attention_group(input, members, row_count))
            .collect::<Result<_, _>>()?;
        let wanted = input.wanted_rows();
        let wanted = match wanted.len() {
            0 => None,
            count => Some(Tensor::from_slice(wanted, count, self.device)?),
        };
        Ok(StepPlan {
            tokens: Tensor::from_slice(input.tokens(), row_count, self.device)?,
            cos,
            sin,
            store_index: self.store_index(input)?,
            groups: attention,
            inverse_order,
            wanted,
        })
    }

    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_precision_loss,
        reason = "angles are computed in f64 and used in f32"
    )]
    fn angles(&self, input: &StepInput) -> Result<(Tensor, Tensor), ModelError> {
        let dims = (input.tokens().len(), 1, self.frequencies.len());
        let mut cos = Vec::with_capacity(dims.0 * dims.2);
        let mut sin = Vec::with_capacity(dims.0 * dims.2);
        for position in input.segments().iter().flat_map(positions) {
            let position = position as f64 / self.rope.position_divisor;
            for frequency in self.frequencies {
                let (s, c) = (position * frequency).sin_cos();
                cos.push(c as f32);
                sin.push(s as f32);
            }
        }
        let cos = Tensor::from_vec(cos, dims, self.device)?;
        let sin = Tensor::from_vec(sin, dims, self.device)?;
        Ok((cos, sin))
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
        row_count: usize,
    ) -> Result<AttentionGroup, ModelError> {
        let segments: Vec<&Segment> = members.iter().map(|&at| &input.segments()[at]).collect();
        let rows_each = segments.first().map_or(0, |segment| segment.rows.len());
        let context = segments.iter().map(|segment| segment.context_tokens()).max().unwrap_or(0);
        let sequences = segments.len();
        let mut rows = Vec::with_capacity(sequences * rows_each);
        let kv_heads = self.pages.kv_heads();
        let mut slots = Vec::with_capacity(context);
        let mut heads_of_slots = Vec::with_capacity(sequences * kv_heads * context);
        let mut mask = Vec::with_capacity(sequences * rows_each * context);
        for segment in &segments {
            let pages = input.pages_of(segment);
            let own = segment.context_tokens();
            slots.clear();
            slots.extend((0..own).map(|position| self.pages.slot(pages, position)));
            slots.resize(context, self.pages.slot(pages, 0));
            // The pool bounds slots × heads to 32 bits.
            let heads = u32::try_from(kv_heads).unwrap_or(u32::MAX);
            for head in 0..heads {
                heads_of_slots.extend(slots.iter().map(|slot| slot * heads + head));
            }
            for (row, position) in segment.rows.clone().zip(positions(segment)) {
                rows.push(u32::try_from(row).unwrap_or(u32::MAX));
                mask.extend(
                    (0..context).map(|at| if at <= position { 0.0 } else { f32::NEG_INFINITY }),
                );
            }
        }
        let everything =
            rows.len() == row_count && rows.iter().zip(0..).all(|(&row, at)| row == at);
        let rows = if everything {
            None
        } else {
            let count = rows.len();
            Some(Tensor::from_vec(rows, count, self.device)?)
        };
        let mask = if mask.iter().all(|&value| value == 0.0) {
            None
        } else {
            let dims = (sequences, 1, 1, rows_each, context);
            Some(Tensor::from_vec(mask, dims, self.device)?)
        };
        let count = heads_of_slots.len();
        let heads_of_slots = Tensor::from_vec(heads_of_slots, count, self.device)?;
        Ok(AttentionGroup { sequences, rows_each, context, rows, heads_of_slots, mask })
    }
}

/// Positions of a segment's rows.
fn positions(segment: &Segment) -> std::ops::Range<usize> {
    segment.tokens_before..segment.context_tokens()
}

/// Segment indices that attend together.
fn group(segments: &[Segment]) -> Vec<Vec<usize>> {
    let mut order: Vec<usize> = (0..segments.len()).collect();
    order.sort_by_key(|&at| (segments[at].rows.len(), segments[at].context_tokens(), at));
    let mut groups: Vec<Vec<usize>> = Vec::new();
    for at in order {
        let joins = groups.last().and_then(|group| group.first()).is_some_and(|&shortest| {
            let (shortest, own) = (&segments[shortest], &segments[at]);
            shortest.rows.len() == own.rows.len()
                && own.context_tokens() <= 2 * shortest.context_tokens() + PADDING_TOKENS_FREE
        });
        match groups.last_mut() {
            Some(group) if joins => group.push(at),
            _ => groups.push(vec![at]),
        }
    }
    groups
}
