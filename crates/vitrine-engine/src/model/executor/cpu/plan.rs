//! Inputs of a step that all layers share, for the CPU executor. Their memory is reused by every
//! step.
//!
//! Invariants
//! - A tile's rows belong to one segment, or to several whose contexts begin with the same pages;
//!   tiles cover all rows in order.

use crate::model::rope::Rope;
use crate::model::shape::QueryGrowth;
use crate::model::step_input::StepInput;
use std::ops::Range;
use vitrine_base::ids::PageId;
use vitrine_kernels::attention::SequenceRows;
use vitrine_kernels::attention::TokenSlot;

/// Query heads of a tile that share a key head: four register tiles. Keys and values are then
/// converted once for many prompt rows, and their scores stay in the L1 cache.
const TILE_HEADS: usize = 24;

/// Rotation angles of a rotary embedding, for the rows of a step.
#[derive(Debug)]
pub(super) struct RopeAngles {
    /// Angle per position of each rotated pair, in radians.
    frequencies: Vec<f64>,
    amplitude: f32,
    /// `[rows, pairs]`, both `cos` and `sin`.
    cos: Vec<f32>,
    sin: Vec<f32>,
}

impl RopeAngles {
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

/// Rows whose attention is computed together.
#[derive(Debug)]
struct AttentionTile {
    /// Their sequences, as a range of [`CpuStep::sequences`].
    sequences: Range<usize>,
    rows: Range<usize>,
    /// Number of leading pages that all of them share, computed before these rows.
    shared_pages: usize,
}

/// The layout of a step.
#[derive(Debug)]
pub(super) struct CpuStep {
    pub(super) tokens: Vec<u32>,
    /// Rows that requested logits, followed by the greedy rows.
    pub(super) wanted: Vec<u32>,
    /// Number of greedy rows at the end of `wanted`.
    pub(super) greedy: usize,
    /// Position of each row in its sequence.
    pub(super) positions: Vec<usize>,
    /// Where each row's key and value are stored.
    pub(super) slots: Vec<TokenSlot>,
    /// Factor on each row's queries, the attention scale included.
    pub(super) query_factors: Vec<f32>,
    /// First row of each tile, followed by the number of rows.
    pub(super) tile_edges: Vec<usize>,
    pub(super) global: RopeAngles,
    pub(super) local: Option<RopeAngles>,
    /// One entry per segment; long prompt chunks are split into several.
    sequences: Vec<SequenceRows>,
    tiles: Vec<AttentionTile>,
    pages: Vec<PageId>,
    tile_rows: usize,
    tiles_min: usize,
    page_tokens: usize,
    attention_scale: f32,
    growth: Option<QueryGrowth>,
}

/// Properties of the model that a plan needs, given once.
#[derive(Debug)]
pub(super) struct CpuStepSettings {
    pub(super) global: RopeAngles,
    pub(super) local: Option<RopeAngles>,
    /// Query heads that share a key head.
    pub(super) group: usize,
    /// Number of tiles that gives every thread work; sequences are merged into tiles only above it.
    pub(super) tiles_min: usize,
    pub(super) page_tokens: usize,
    pub(super) attention_scale: f32,
    pub(super) growth: Option<QueryGrowth>,
}

impl CpuStep {
    pub(super) fn new(source: CpuStepSettings) -> Self {
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
            sequences: Vec::new(),
            tiles: Vec::new(),
            pages: Vec::new(),
            tile_rows: (TILE_HEADS / source.group).max(1),
            tiles_min: source.tiles_min.max(1),
            page_tokens: source.page_tokens,
            attention_scale: source.attention_scale,
            growth: source.growth,
        }
    }

    /// Rows of the step.
    pub(super) fn rows(&self) -> usize {
        self.tokens.len()
    }

    /// Largest number of rows of a tile.
    pub(super) fn tile_rows(&self) -> usize {
        self.tile_rows
    }

    /// Lays out a step; the caller has checked its input.
    pub(super) fn fill(&mut self, input: &StepInput) {
        replace(&mut self.tokens, input.tokens());
        replace(&mut self.wanted, input.wanted_rows());
        self.wanted.extend_from_slice(input.greedy_rows());
        self.greedy = input.greedy_rows().len();
        self.sequences.clear();
        self.pages.clear();
        self.positions.clear();
        self.slots.clear();
        for segment in input.segments() {
            let pages = input.pages_of(segment);
            let first_page = self.pages.len();
            self.pages.extend_from_slice(pages);
            for first in segment.rows.clone().step_by(self.tile_rows) {
                self.sequences.push(SequenceRows {
                    rows: first..(first + self.tile_rows).min(segment.rows.end),
                    first_position: segment.tokens_before + first - segment.rows.start,
                    pages: first_page..self.pages.len(),
                });
            }
            for position in segment.tokens_before..segment.context_tokens() {
                self.positions.push(position);
                let page = pages[position / self.page_tokens];
                self.slots.push(TokenSlot { page, slot: position % self.page_tokens });
            }
        }
        self.fill_tiles();
        self.fill_query_factors();
        self.global.fill(&self.positions);
        if let Some(local) = &mut self.local {
            local.fill(&self.positions);
        }
    }

    /// Merges adjacent sequences that begin with the same pages into one tile.
    fn fill_tiles(&mut self) {
        let rows_max = (self.rows() / self.tiles_min).clamp(1, self.tile_rows);
        self.tiles.clear();
        for at in 0..self.sequences.len() {
            let rows = self.sequences[at].rows.clone();
            let joined = self.tiles.last().and_then(|tile| {
                let fits = rows.end - tile.rows.start <= rows_max;
                if fits { self.shared_with(tile, at) } else { None }
            });
            match (joined, self.tiles.last_mut()) {
                (Some(shared_pages), Some(tile)) => {
                    *tile = AttentionTile {
                        sequences: tile.sequences.start..at + 1,
                        rows: tile.rows.start..rows.end,
                        shared_pages,
                    };
                }
                _ => {
                    self.tiles.push(AttentionTile { sequences: at..at + 1, rows, shared_pages: 0 })
                }
            }
        }
        self.tile_edges.clear();
        self.tile_edges.extend(self.tiles.iter().map(|tile| tile.rows.start));
        self.tile_edges.push(self.tokens.len());
    }

    /// Number of leading pages that sequence `at` shares with all sequences of `tile`. `None` if
    /// that is not more than half of the pages computed before `at`'s rows: then separate tiles, on
    /// different threads, are faster.
    fn shared_with(&self, tile: &AttentionTile, at: usize) -> Option<usize> {
        let pages_of = |at: usize| {
            let SequenceRows { first_position, pages, .. } = &self.sequences[at];
            let computed = first_position / self.page_tokens;
            &self.pages[pages.clone()][..computed]
        };
        let (first, own) = (pages_of(tile.sequences.start), pages_of(at));
        let bound = if tile.sequences.len() > 1 { tile.shared_pages } else { first.len() };
        let same = first.iter().zip(own).take(bound).take_while(|(one, two)| one == two).count();
        (2 * same > own.len()).then_some(same)
    }

    /// Capacities of the plan's buffers.
    #[cfg(test)]
    pub(super) fn capacities(&self) -> Vec<(usize, usize)> {
        let Self { tokens, wanted, positions, slots, query_factors, tile_edges, .. } = self;
        let words = [tokens.capacity(), wanted.capacity(), slots.capacity(), self.pages.capacity()];
        let tiles = [tile_edges.capacity(), self.tiles.capacity(), self.sequences.capacity()];
        let lists = [positions.capacity()].into_iter().chain(tiles);
        let floats = [query_factors.capacity(), self.global.cos.capacity()];
        words.into_iter().chain(lists).chain(floats).map(|capacity| (0, capacity)).collect()
    }

    #[expect(clippy::cast_precision_loss, reason = "the quotient is small")]
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

    /// The page lists of all sequences, one after another.
    pub(super) fn pages(&self) -> &[PageId] {
        &self.pages
    }

    /// Sequences of the tile that begins at `first_row`, and the number of pages they share.
    pub(super) fn tile(&self, first_row: usize) -> (&[SequenceRows], usize) {
        // The edges are the tiles' first rows, ascending.
        let tile = &self.tiles[self.tile_edges.partition_point(|edge| *edge < first_row)];
        (&self.sequences[tile.sequences.clone()], tile.shared_pages)
    }
}

fn replace<T: Copy>(target: &mut Vec<T>, source: &[T]) {
    target.clear();
    target.extend_from_slice(source);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::step_input::Wanted;

    /// Query heads per key head, which limits tiles to 12 rows.
    const GROUP: usize = 2;
    const PAGE_TOKENS: usize = 4;

    fn plan(tiles_min: usize) -> CpuStep {
        CpuStep::new(CpuStepSettings {
            global: RopeAngles {
                frequencies: Vec::new(),
                amplitude: 1.0,
                cos: vec![],
                sin: vec![],
            },
            local: None,
            group: GROUP,
            tiles_min,
            page_tokens: PAGE_TOKENS,
            attention_scale: 1.0,
            growth: None,
        })
    }

    /// Fills the plan with one decode row per sequence. Each entry is the sequence's page count and
    /// how many of its leading pages are shared with the others.
    fn decode(plan: &mut CpuStep, sequences: &[(usize, usize)]) {
        let mut input = StepInput::default();
        for (at, &(pages, shared)) in (1_u32..).zip(sequences) {
            let list: Vec<PageId> = (0..u32::try_from(pages).unwrap())
                .map(|page| {
                    PageId(if page < u32::try_from(shared).unwrap() { 0 } else { 1000 * at } + page)
                })
                .collect();
            input.push(&[7], pages * PAGE_TOKENS - 1, &list, Wanted::Last);
        }
        plan.fill(&input);
    }

    /// Row count and shared page count of each tile.
    fn tiles(plan: &CpuStep) -> Vec<(usize, usize)> {
        plan.tiles.iter().map(|tile| (tile.rows.len(), tile.shared_pages)).collect()
    }

    #[test]
    fn adjacent_sequences_with_the_same_first_pages_share_a_tile() {
        let mut plan = plan(1);
        decode(&mut plan, &[(20, 18), (21, 18), (19, 16), (19, 0), (19, 3), (19, 3)]);
        assert_eq!(tiles(&plan), [(3, 16), (1, 0), (1, 0), (1, 0)]);
        assert_eq!(plan.tile_edges, [0, 3, 4, 5, 6]);
        let (sequences, shared_pages) = plan.tile(0);
        assert_eq!((sequences.len(), shared_pages), (3, 16));
        assert_eq!(sequences[1], SequenceRows { rows: 1..2, first_position: 83, pages: 20..41 });
        assert_eq!(plan.tile(3).0[0].rows, 3..4);
    }

    #[test]
    fn tiles_are_bounded_and_leave_work_for_all_threads() {
        let mut alone = plan(1);
        decode(&mut alone, &[(20, 18); 30]);
        assert_eq!(tiles(&alone), [(12, 18), (12, 18), (6, 18)]);
        let mut many = plan(8);
        decode(&mut many, &[(20, 18); 30]);
        assert_eq!(tiles(&many).len(), 10);
        decode(&mut many, &[(20, 18); 7]);
        assert_eq!(tiles(&many), [(1, 0); 7]);
    }

    #[test]
    fn prompt_rows_share_what_was_computed_before_them() {
        let mut plan = plan(1);
        let mut input = StepInput::default();
        let shared: Vec<PageId> = (0..9).map(PageId).collect();
        for first in [100, 200] {
            let own = (first..first + 4).map(PageId);
            let list: Vec<PageId> = shared.iter().copied().chain(own).collect();
            // 36 tokens are shared; the second sequence has five of its own before its rows.
            let before = if first == 100 { 36 } else { 41 };
            input.push(&[7; 5], before, &list, Wanted::Last);
        }
        input.push(&[7; 30], 0, &[PageId(300); 8], Wanted::Last);
        plan.fill(&input);
        assert_eq!(tiles(&plan), [(10, 9), (12, 0), (12, 0), (6, 0)]);
    }
}
