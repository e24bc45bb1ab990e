//! What all layers of one step share, in memory that is kept from step to step.
//!
//! Invariants
//! - A tile's rows belong to one segment, and tiles cover all rows in order.

use crate::base::ids::PageId;
use crate::model::rope::Rope;
use crate::model::shape::QueryGrowth;
use crate::model::step_input::Segment;
use crate::model::step_input::StepInput;

/// Query heads of a tile that share a key head: four register tiles, so that keys and values are
/// converted once for many rows of a prompt and their scores stay in the first cache.
const TILE_HEADS: usize = 24;

/// A rotary embedding's angles.
#[derive(Debug)]
pub(super) struct Angles {
    /// Angle a position, for each turned pair.
    frequencies: Vec<f64>,
    amplitude: f32,
    /// `[rows, pairs]`.
    cos: Vec<f32>,
    sin: Vec<f32>,
}

impl Angles {
    pub(super) fn new(frequencies: Vec<f64>, rope: &Rope) -> Self {
        Self { frequencies, amplitude: rope.amplitude, cos: Vec::new(), sin: Vec::new() }
    }

    /// Cosines and sines of a row.
    pub(super) fn row(&self, row: usize) -> (&[f32], &[f32]) {
        let pairs = self.frequencies.len();
        let range = row * pairs..(row + 1) * pairs;
        (&self.cos[range.clone()], &self.sin[range])
    }

    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_precision_loss,
        reason = "angles are computed in f64 and used in f32"
    )]
    fn fill(&mut self, positions: &[usize]) {
        self.cos.clear();
        self.sin.clear();
        for &position in positions {
            for frequency in &self.frequencies {
                let (sin, cos) = (position as f64 * frequency).sin_cos();
                self.cos.push(cos as f32 * self.amplitude);
                self.sin.push(sin as f32 * self.amplitude);
            }
        }
    }
}

/// The rows of a step.
#[derive(Debug)]
pub(super) struct Plan {
    pub(super) tokens: Vec<u32>,
    /// Rows whose logits are wanted, then the greedy ones.
    pub(super) wanted: Vec<u32>,
    /// How many of them are greedy.
    pub(super) greedy: usize,
    /// Position of each row in its sequence.
    pub(super) positions: Vec<usize>,
    /// Page and slot that each row is stored in.
    pub(super) slots: Vec<(PageId, usize)>,
    /// Factor of each row's queries.
    pub(super) query_factors: Vec<f32>,
    /// Where tiles begin, and the end of the last.
    pub(super) tile_edges: Vec<usize>,
    pub(super) global: Angles,
    pub(super) local: Option<Angles>,
    segments: Vec<Segment>,
    pages: Vec<PageId>,
    tile_rows: usize,
    page_tokens: usize,
    attention_scale: f32,
    growth: Option<QueryGrowth>,
}

/// What a plan takes from the model once.
#[derive(Debug)]
pub(super) struct PlanSource {
    pub(super) global: Angles,
    pub(super) local: Option<Angles>,
    /// Query heads that share a key head.
    pub(super) group: usize,
    pub(super) page_tokens: usize,
    pub(super) attention_scale: f32,
    pub(super) growth: Option<QueryGrowth>,
}

impl Plan {
    pub(super) fn new(source: PlanSource) -> Self {
        Self {
            tokens: Vec::new(),
            wanted: Vec::new(),
            greedy: 0,
            positions: Vec::new(),
            slots: Vec::new(),
            query_factors: Vec::new(),
            tile_edges: Vec::new(),
            global: source.global,
            local: source.local,
            segments: Vec::new(),
            pages: Vec::new(),
            tile_rows: (TILE_HEADS / source.group).max(1),
            page_tokens: source.page_tokens,
            attention_scale: source.attention_scale,
            growth: source.growth,
        }
    }

    /// Rows of the step.
    pub(super) fn rows(&self) -> usize {
        self.tokens.len()
    }

    /// Most rows of a tile.
    pub(super) fn tile_rows(&self) -> usize {
        self.tile_rows
    }

    /// Lays out a checked step.
    pub(super) fn fill(&mut self, input: &StepInput) {
        replace(&mut self.tokens, input.tokens());
        replace(&mut self.wanted, input.wanted_rows());
        self.wanted.extend_from_slice(input.greedy_rows());
        self.greedy = input.greedy_rows().len();
        self.segments.clear();
        self.pages.clear();
        self.positions.clear();
        self.slots.clear();
        self.tile_edges.clear();
        for segment in input.segments() {
            let pages = input.pages_of(segment);
            let first_page = self.pages.len();
            self.pages.extend_from_slice(pages);
            let kept = Segment { pages: first_page..self.pages.len(), ..segment.clone() };
            self.segments.push(kept);
            self.tile_edges.extend(segment.rows.clone().step_by(self.tile_rows));
            for position in segment.tokens_before..segment.context_tokens() {
                self.positions.push(position);
                let page = pages[position / self.page_tokens];
                self.slots.push((page, position % self.page_tokens));
            }
        }
        self.tile_edges.push(self.tokens.len());
        self.fill_query_factors();
        self.global.fill(&self.positions);
        if let Some(local) = &mut self.local {
            local.fill(&self.positions);
        }
    }

    /// How much the plan's lists can hold.
    #[cfg(test)]
    pub(super) fn kept(&self) -> Vec<(usize, usize)> {
        let Self { tokens, wanted, positions, slots, query_factors, tile_edges, .. } = self;
        let words = [tokens.capacity(), wanted.capacity(), slots.capacity(), self.pages.capacity()];
        let lists = [positions.capacity(), tile_edges.capacity(), self.segments.capacity()];
        let floats = [query_factors.capacity(), self.global.cos.capacity()];
        words.into_iter().chain(lists).chain(floats).map(|capacity| (0, capacity)).collect()
    }

    #[expect(clippy::cast_precision_loss, reason = "a growth has few steps")]
    fn fill_query_factors(&mut self) {
        let (scale, growth) = (self.attention_scale, self.growth);
        self.query_factors.clear();
        self.query_factors.extend(self.positions.iter().map(|position| match growth {
            None => scale,
            Some(QueryGrowth { growth, tokens }) => {
                scale * (1.0 + growth * ((position / tokens) as f32).ln_1p())
            }
        }));
    }

    /// The pages of the sequence that a row belongs to.
    pub(super) fn pages_of_row(&self, row: usize) -> &[PageId] {
        let after = self.segments.partition_point(|segment| segment.rows.start <= row);
        // Segments cover all rows in order, so the one before the first that starts later holds it.
        let segment = &self.segments[after - 1];
        &self.pages[segment.pages.clone()]
    }
}

fn replace<T: Copy>(target: &mut Vec<T>, source: &[T]) {
    target.clear();
    target.extend_from_slice(source);
}
