//! Attention against an f64 reference, every tier against the specification, and batch invariance.

use super::*;
use crate::grid::Cut;
use crate::pool::Pool;
use crate::specification::tests::random_floats;
use crate::specification::tests::same_bits;
use crate::specification::tests::tiers;
use crate::specification::tests::unless_miri;
use half::f16;
use std::ops::Range;
use vitrine_base::ids::PageId;

/// A sequence of random keys, values and queries whose pages are in reverse order.
struct TestSequence<E> {
    layout: PageLayout,
    group: usize,
    mask: AttentionMask,
    context: usize,
    elements: Vec<E>,
    pages: Vec<PageId>,
    query: Vec<f32>,
    keys: Vec<f32>,
    values: Vec<f32>,
}

const PLAIN: Scoring = Scoring { soft_cap: None, window: None };

/// The value read back after storing `value` as `E`.
fn stored<E: Element>(value: f32) -> f32 {
    let mut element = [E::ZERO];
    E::set(&mut element, &[value]);
    element[0].value()
}

/// Scale applied to the queries.
const SCALE: f32 = 0.3;

impl<E: Element> TestSequence<E> {
    fn new(page_tokens: usize, width: usize, group: usize, context: usize) -> Self {
        let layout = PageLayout::new(page_tokens, width);
        let count = u32::try_from(context.div_ceil(page_tokens)).unwrap();
        let pages: Vec<PageId> = (0..count).map(|page| PageId(count - 1 - page)).collect();
        let mut elements = vec![E::ZERO; layout.elements() * pages.len()];
        let rounded = |seed| -> Vec<f32> {
            random_floats(context * width, seed).iter().map(|&x| stored::<E>(4.0 * x)).collect()
        };
        let (keys, values) = (rounded(1), rounded(2));
        for token in 0..context {
            let slot = TokenSlot { page: pages[token / page_tokens], slot: token % page_tokens };
            let row = token * width..(token + 1) * width;
            layout.store(&mut elements, slot, &keys[row.clone()], &values[row]);
        }
        let query = random_floats(context * group * width, 3);
        let mask = AttentionMask::Causal;
        Self { layout, group, mask, context, elements, pages, query, keys, values }
    }

    fn width(&self) -> usize {
        self.group * self.layout.head_width()
    }

    /// Attention of the tokens `rows`, in tiles of `tile` tokens.
    fn attend(&self, rows: Range<usize>, tile: usize, scoring: &Scoring) -> Vec<f32> {
        self.run(rows, tile, scoring, |scratch, out, head, tile| {
            attend(Tier::detect(), scratch, out, head, tile);
        })
    }

    fn run<A>(&self, rows: Range<usize>, tile: usize, scoring: &Scoring, attend: A) -> Vec<f32>
    where
        A: Fn(&mut AttentionScratch, &mut Rectangle<'_, f32>, HeadPages<'_, E>, &QueryTile<'_>)
            + Sync,
    {
        let mut edges: Vec<usize> = rows.clone().step_by(tile).collect();
        edges.push(rows.end);
        let out = self.grid(&edges, &self.query, |scratch, out, head| {
            let sequence = SequenceRows {
                rows: out.rows(),
                first_position: out.rows().start,
                pages: 0..self.pages.len(),
            };
            let tile = QueryTile {
                group: self.group,
                sequences: &[sequence],
                pages: &self.pages,
                shared_pages: 0,
                mask: self.mask,
                scoring: *scoring,
            };
            attend(scratch, out, head, &tile);
        });
        out[rows.start * self.width()..rows.end * self.width()].to_vec()
    }

    /// Runs `attend` for the rows between consecutive edges, with their scaled queries in the
    /// scratch.
    fn grid<A>(&self, edges: &[usize], query: &[f32], attend: A) -> Vec<f32>
    where
        A: Fn(&mut AttentionScratch, &mut Rectangle<'_, f32>, HeadPages<'_, E>) + Sync,
    {
        let width = self.width();
        let mut out = vec![f32::NAN; query.len()];
        let most = edges.windows(2).map(|pair| pair[1] - pair[0]).max().unwrap();
        let mut scratch = [AttentionScratch::new(most * self.group, self.layout)];
        let cut = Cut { width, rows: edges, columns: &[0, width] };
        let head = HeadPages { elements: &self.elements, layout: self.layout };
        let mut pool = Pool::start(1).unwrap();
        pool.grid(&mut out, cut, &mut scratch, |scratch, mut out| {
            let rows = out.rows();
            let scaled = scratch.query(rows.len() * self.group, self.layout);
            let query = &query[rows.start * width..rows.end * width];
            scaled.iter_mut().zip(query).for_each(|(scaled, x)| *scaled = x * SCALE);
            attend(scratch, &mut out, head);
        })
        .unwrap();
        out
    }

    /// Attention in one tile of several token ranges, each acting as the end of a sequence of its
    /// own.
    fn attend_together(
        &self,
        tokens: &[Range<usize>],
        shared_pages: usize,
        scoring: &Scoring,
    ) -> Vec<f32> {
        let width = self.width();
        let (mut sequences, mut pages, mut query) = (Vec::new(), Vec::new(), Vec::new());
        let mut row = 0;
        for tokens in tokens {
            let first_page = pages.len();
            pages.extend_from_slice(&self.pages);
            query.extend_from_slice(&self.query[tokens.start * width..tokens.end * width]);
            sequences.push(SequenceRows {
                rows: row..row + tokens.len(),
                first_position: tokens.start,
                pages: first_page..pages.len(),
            });
            row += tokens.len();
        }
        let tile = QueryTile {
            group: self.group,
            sequences: &sequences,
            pages: &pages,
            shared_pages,
            mask: self.mask,
            scoring: *scoring,
        };
        self.grid(&[0, row], &query, |scratch, out, head| {
            attend(Tier::detect(), scratch, out, head, &tile);
        })
    }

    /// Reference output of query head `member` of one token, in f64.
    fn exact(&self, token: usize, member: usize, scoring: &Scoring) -> Vec<f64> {
        let width = self.layout.head_width();
        let query = &self.query[(token * self.group + member) * width..][..width];
        let first = scoring.window.map_or(0, |window| (token + 1).saturating_sub(window));
        let dot = |at: usize| -> f64 {
            let key = &self.keys[at * width..][..width];
            let sum: f64 = query.iter().zip(key).map(|(q, k)| f64::from(*q) * f64::from(*k)).sum();
            let score = sum * f64::from(SCALE);
            scoring.soft_cap.map_or(score, |cap| f64::from(cap) * (score / f64::from(cap)).tanh())
        };
        let end = if self.mask == AttentionMask::Causal { token + 1 } else { self.context };
        let scores: Vec<f64> = (first..end).map(dot).collect();
        let largest = scores.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        let weights: Vec<f64> = scores.iter().map(|score| (score - largest).exp()).collect();
        let sum: f64 = weights.iter().sum();
        (0..width)
            .map(|d| {
                let parts = weights.iter().zip(first..end);
                parts.map(|(w, at)| w / sum * f64::from(self.values[at * width + d])).sum()
            })
            .collect()
    }

    fn check(&self, scoring: &Scoring) {
        let found = self.attend(0..self.context, 3, scoring);
        for token in 0..self.context {
            for member in 0..self.group {
                let width = self.layout.head_width();
                let found = &found[(token * self.group + member) * width..][..width];
                for (found, exact) in found.iter().zip(self.exact(token, member, scoring)) {
                    let off = (f64::from(*found) - exact).abs();
                    assert!(off < 2e-5, "token {token} head {member}: {found} is not {exact}");
                }
            }
        }
    }
}

#[test]
fn attention_equals_f64_on_every_head_width_and_page_size() {
    if cfg!(miri) {
        TestSequence::<f32>::new(7, 8, 2, 9).check(&PLAIN);
        TestSequence::<f16>::new(1, 6, 3, 5).check(&PLAIN);
        return;
    }
    for width in [8, 32, 40, 64, 80, 128, 256, 6] {
        for page_tokens in [1, 7, 16, 32, 130] {
            TestSequence::<f32>::new(page_tokens, width, 2, 39).check(&PLAIN);
            TestSequence::<f16>::new(page_tokens, width, 3, 20).check(&PLAIN);
        }
    }
    TestSequence::<f16>::new(16, 64, 7, 300).check(&PLAIN);
}

#[test]
#[cfg_attr(miri, ignore = "too slow under Miri; shorter sequences cover the same code")]
fn window_and_soft_cap_equal_f64() {
    for window in [1, 5, 16, 140, 1000] {
        let scoring = Scoring { window: Some(window), ..PLAIN };
        TestSequence::<f32>::new(16, 32, 2, 290).check(&scoring);
        TestSequence::<f32>::new(7, 32, 2, 150).check(&scoring);
    }
    TestSequence::<f32>::new(16, 32, 2, 70).check(&Scoring { soft_cap: Some(2.0), ..PLAIN });
}

#[test]
fn rows_that_see_the_whole_sequence_equal_f64() {
    let shapes = [(16, 1), (64, 11), (64, 64), (64, 150), (7, 290)];
    for (page_tokens, context) in shapes.into_iter().take(unless_miri(5, 2)) {
        let mut sequence = TestSequence::<f32>::new(page_tokens, 32, 1, context);
        sequence.mask = AttentionMask::Full(context);
        sequence.check(&PLAIN);
        let expected = sequence.attend(0..context, 1, &PLAIN);
        same_bits(&sequence.attend(0..context, context, &PLAIN), &expected);
    }
}

#[test]
#[cfg_attr(miri, ignore = "too slow under Miri; shorter sequences cover the same code")]
fn every_tier_equals_scalar() {
    for (group, page_tokens) in [(1, 16), (2, 32), (7, 16), (4, 5)] {
        let sequence = TestSequence::<f16>::new(page_tokens, 64, group, 150);
        let expected = sequence.run(0..150, 4, &PLAIN, |scratch, out, head, tile| {
            attend_with::<scalar::ScalarAttention, f16>(scratch, out, head, tile);
        });
        for tier in tiers() {
            let found = sequence.run(0..150, 4, &PLAIN, |scratch, out, head, tile| {
                attend(tier, scratch, out, head, tile);
            });
            same_bits(&found, &expected);
        }
    }
}

#[test]
#[cfg_attr(miri, ignore = "too slow under Miri; shorter sequences cover the same code")]
fn row_has_the_same_bits_in_every_tile() {
    for scoring in [PLAIN, Scoring { window: Some(50), ..PLAIN }] {
        let sequence = TestSequence::<f16>::new(16, 64, 2, 400);
        let expected = sequence.attend(0..400, 1, &scoring);
        for tile in [2, 3, 5, 8, 64, 400] {
            same_bits(&sequence.attend(0..400, tile, &scoring), &expected);
        }
        same_bits(&sequence.attend(131..140, 9, &scoring), &expected[131 * 128..140 * 128]);
    }
}

/// Goal: sequences that share pages produce the same bits together as each does alone.
/// Method: ranges of one long sequence act as the ends of several sequences with a common prefix. A
/// token attends only to earlier pages, so any token at or after the shared pages can act as one.
#[test]
#[cfg_attr(miri, ignore = "too slow under Miri; shorter sequences cover the same code")]
fn sequences_that_share_pages_attend_as_each_alone() {
    let soft = Scoring { soft_cap: Some(3.0), ..PLAIN };
    let window = Scoring { window: Some(60), ..PLAIN };
    for (page_tokens, shared_pages) in [(16, 0), (16, 8), (16, 17), (7, 40), (130, 2)] {
        for scoring in [PLAIN, soft, window] {
            let sequence = TestSequence::<f16>::new(page_tokens, 64, 2, 420);
            let from = shared_pages * page_tokens;
            // Ranges of one and of several tokens, not in positional order.
            let rows = [from + 3..from + 4, from..from + 3, 419..420, from + 9..from + 11];
            let alone: Vec<f32> =
                rows.iter().flat_map(|rows| sequence.attend(rows.clone(), 8, &scoring)).collect();
            let together = sequence.attend_together(&rows, shared_pages, &scoring);
            same_bits(&together, &alone);
        }
    }
}

#[test]
fn stored_numbers_stay_finite() {
    assert_eq!(stored::<f16>(1e9), 65504.0);
    assert_eq!(stored::<f16>(f32::NEG_INFINITY), -65504.0);
    assert_eq!(stored::<f32>(f32::INFINITY), f32::MAX);
}
