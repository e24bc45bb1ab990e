//! What all layers of one step share, in memory that is kept from step to step.
//!
//! Invariants
//! - A tile's rows belong to one segment, or to several that begin with the same pages; tiles cover
//!   all rows in order.

use crate::model::rope::Rope;
use crate::model::shape::QueryGrowth;
use crate::model::step_input::StepInput;
use std::ops::Range;
use vitrine_base::ids::PageId;
use vitrine_kernels::attention::SequenceRows;

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

/// Rows that attend together.
#[derive(Debug)]
struct Tile {
    /// Their sequences, in [`Plan::sequences`].
    sequences: Range<usize>,
    rows: Range<usize>,
    /// Pages that all of them begin with, computed before these rows.
    shared_pages: usize,
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
    /// One or, of a long prompt chunk, more for each segment.
    sequences: Vec<SequenceRows>,
    tiles: Vec<Tile>,
    pages: Vec<PageId>,
    tile_rows: usize,
    tiles_min: usize,
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
    /// Tiles that give every thread work: sequences are put together only while there are more.
    pub(super) tiles_min: usize,
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
                self.slots.push((page, position % self.page_tokens));
            }
        }
        self.fill_tiles();
        self.fill_query_factors();
        self.global.fill(&self.positions);
        if let Some(local) = &mut self.local {
            local.fill(&self.positions);
        }
    }

    /// Puts neighbours that begin with the same pages into one tile.
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
                    *tile = Tile {
                        sequences: tile.sequences.start..at + 1,
                        rows: tile.rows.start..rows.end,
                        shared_pages,
                    };
                }
                _ => self.tiles.push(Tile { sequences: at..at + 1, rows, shared_pages: 0 }),
            }
        }
        self.tile_edges.clear();
        self.tile_edges.extend(self.tiles.iter().map(|tile| tile.rows.start));
        self.tile_edges.push(self.tokens.len());
    }

    /// How many pages sequence `at` and those of a tile begin with; `None` if that is less than
    /// half of what `at` sees, for then they rather go apart to other threads.
    fn shared_with(&self, tile: &Tile, at: usize) -> Option<usize> {
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

    /// How much the plan's lists can hold.
    #[cfg(test)]
    pub(super) fn kept(&self) -> Vec<(usize, usize)> {
        let Self { tokens, wanted, positions, slots, query_factors, tile_edges, .. } = self;
        let words = [tokens.capacity(), wanted.capacity(), slots.capacity(), self.pages.capacity()];
        let tiles = [tile_edges.capacity(), self.tiles.capacity(), self.sequences.capacity()];
        let lists = [positions.capacity()].into_iter().chain(tiles);
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

    /// The page lists of all sequences.
    pub(super) fn pages(&self) -> &[PageId] {
        &self.pages
    }

    /// The sequences of the tile that begins with this row, and how many pages they share.
    pub(super) fn tile(&self, first_row: usize) -> (&[SequenceRows], usize) {
        // The edges are the tiles' first rows, in order.
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

    /// Heads that share a key head: tiles of at most 12 rows.
    const GROUP: usize = 2;
    const PAGE_TOKENS: usize = 4;

    fn plan(tiles_min: usize) -> Plan {
        Plan::new(PlanSource {
            global: Angles { frequencies: Vec::new(), amplitude: 1.0, cos: vec![], sin: vec![] },
            local: None,
            group: GROUP,
            tiles_min,
            page_tokens: PAGE_TOKENS,
            attention_scale: 1.0,
            growth: None,
        })
    }

    /// Decode rows: how many pages each has, and how many of them are those of all others.
    fn decode(plan: &mut Plan, sequences: &[(usize, usize)]) {
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

    /// Rows of each tile, and the pages that they share.
    fn tiles(plan: &Plan) -> Vec<(usize, usize)> {
        plan.tiles.iter().map(|tile| (tile.rows.len(), tile.shared_pages)).collect()
    }

    #[test]
    fn neighbours_that_begin_alike_attend_together() {
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
