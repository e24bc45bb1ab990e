//! Parallel computation of one row-major matrix: the matrix is cut into a grid of rectangles, and
//! each task borrows one of them mutably.
//!
//! Invariants
//! - Rectangles of one grid never overlap and never leave the matrix, because their edges ascend.
//! - Scratch memory belongs to a thread. A task finds it as the previous task of that thread left
//!   it.

use crate::pool::Pool;
use crate::pool::TaskPanic;
use std::marker::PhantomData;
use std::ops::Range;

/// Smallest number of values for which a row-wise stage is shared between threads: about 10 µs of
/// work, ten times the cost of starting a region.
const SHARED_VALUES_MIN: usize = 16 * 1024;

/// Tasks per thread for one matrix product. At the end of a region a thread idles for half a task
/// on average, which is 3 % of its share.
const TASKS_PER_THREAD: usize = 16;

/// Maximum panel groups per task: 8 groups of 32 columns take about 10 µs for one row.
const TASK_GROUPS_MAX: usize = 8;

/// The cut of a row-major matrix into rectangles, given by its row edges and column edges.
///
/// Tasks are numbered row by row: all rectangles of one row range, then those of the next.
#[derive(Debug, Clone, Copy)]
pub struct Cut<'a> {
    /// Columns of the whole matrix, in elements.
    pub width: usize,
    /// Ascending row edges: rectangle `i` covers rows `rows[i]..rows[i + 1]`.
    pub rows: &'a [usize],
    /// Ascending column edges: rectangle `j` covers columns `columns[j]..columns[j + 1]`.
    pub columns: &'a [usize],
}

impl Cut<'_> {
    fn tasks(&self) -> (usize, usize) {
        (self.rows.len().saturating_sub(1), self.columns.len().saturating_sub(1))
    }

    /// Whether the edges ascend and stay inside a matrix of `elements` elements.
    fn fits(&self, elements: usize) -> bool {
        let ascend = |edges: &[usize]| edges.windows(2).all(|pair| pair[0] <= pair[1]);
        let rows = self.rows.last().copied().unwrap_or(0);
        ascend(self.rows)
            && ascend(self.columns)
            && self.columns.last().copied().unwrap_or(0) <= self.width
            && rows.checked_mul(self.width).is_some_and(|needed| needed <= elements)
    }
}

/// A list of row or column edges that reuses its memory between cuts.
#[derive(Debug, Default)]
pub struct Edges(Vec<usize>);

impl Edges {
    /// Cuts `rows` rows of `columns` values for a row-wise stage; a small stage stays in one piece.
    pub fn rows(&mut self, rows: usize, columns: usize, threads: usize) -> &[usize] {
        let shared = threads > 1 && rows * columns >= SHARED_VALUES_MIN;
        let step = if shared {
            // Small pieces balance the load, but each must be worth the cost of claiming a task.
            (SHARED_VALUES_MIN / 4 / columns).clamp(1, rows.div_ceil(threads))
        } else {
            rows.max(1)
        };
        self.0.clear();
        self.0.extend((0..rows).step_by(step));
        self.0.push(rows);
        &self.0
    }

    /// Cuts `width` columns into pieces of `step` columns.
    pub fn every(&mut self, width: usize, step: usize) -> &[usize] {
        self.0.clear();
        self.0.extend((0..width).step_by(step));
        self.0.push(width);
        &self.0
    }

    /// Cuts the outputs of several matrices, laid side by side, into runs of whole groups of
    /// `group` columns. `heights` are the output counts of the matrices; a run never spans two of
    /// them.
    pub fn columns(
        &mut self,
        heights: impl Iterator<Item = usize> + Clone,
        group: usize,
        threads: usize,
    ) -> &[usize] {
        let groups: usize = heights.clone().map(|height| height.div_ceil(group)).sum();
        let step = group * (groups / (threads * TASKS_PER_THREAD)).clamp(1, TASK_GROUPS_MAX);
        self.0.clear();
        let mut first = 0;
        for height in heights {
            self.0.extend((first..first + height).step_by(step));
            first += height;
        }
        self.0.push(first);
        &self.0
    }

    /// Edges that fit without reallocation.
    #[must_use]
    pub fn capacity(&self) -> usize {
        self.0.capacity()
    }
}

/// A mutable view of one rectangle of a row-major matrix.
#[derive(Debug)]
pub struct Rectangle<'a, T> {
    /// First element of the rectangle.
    first: *mut T,
    /// Elements between the starts of two rows.
    stride: usize,
    rows: Range<usize>,
    columns: Range<usize>,
    matrix: PhantomData<&'a mut [T]>,
}

impl<T> Rectangle<'_, T> {
    /// Row range of the rectangle in the matrix.
    pub fn rows(&self) -> Range<usize> {
        self.rows.clone()
    }

    /// Column range of the rectangle in the matrix.
    pub fn columns(&self) -> Range<usize> {
        self.columns.clone()
    }

    /// The rectangle's part of matrix row `row`.
    ///
    /// # Panics
    /// If the row is outside the rectangle.
    pub fn row(&mut self, row: usize) -> &mut [T] {
        assert!(self.rows.contains(&row), "row {row} is outside {:?}", self.rows);
        let at = (row - self.rows.start) * self.stride;
        // SAFETY: the rectangle is inside the matrix (`Cut::fits`), this row is inside the
        // rectangle, and no other rectangle contains its elements (`Pool::grid`). `&mut self`
        // prevents a second borrow.
        unsafe { std::slice::from_raw_parts_mut(self.first.add(at), self.columns.len()) }
    }
}

/// The start of a matrix, shared by the threads of one region.
struct SharedPointer<T>(*mut T);

impl<T> SharedPointer<T> {
    /// Pointer to element `at` of the matrix.
    ///
    /// # Safety
    /// `at` must not exceed the number of elements.
    unsafe fn at(&self, at: usize) -> *mut T {
        // SAFETY: guaranteed by the caller.
        unsafe { self.0.add(at) }
    }
}

// SAFETY: tasks access disjoint elements only, and every user of this type requires `T: Send`.
unsafe impl<T> Sync for SharedPointer<T> {}

impl Pool {
    /// Calls `work` once for every non-empty rectangle of `matrix`, with the scratch memory of the
    /// executing thread.
    ///
    /// # Errors
    /// If a task panicked.
    ///
    /// # Panics
    /// If the cut leaves the matrix or there is less than one scratch per thread: a bug in the
    /// caller.
    pub fn grid<T: Send, S: Send>(
        &mut self,
        matrix: &mut [T],
        cut: Cut<'_>,
        scratch: &mut [S],
        work: impl Fn(&mut S, Rectangle<'_, T>) + Sync,
    ) -> Result<(), TaskPanic> {
        assert!(cut.fits(matrix.len()), "{cut:?} leaves a matrix of {}", matrix.len());
        assert!(scratch.len() >= self.threads(), "fewer scratch buffers than threads");
        let (down, across) = cut.tasks();
        let matrix = SharedPointer(matrix.as_mut_ptr());
        let scratch = SharedPointer(scratch.as_mut_ptr());
        self.run(down * across, &|thread, task| {
            let (i, j) = (task / across, task % across);
            let rows = cut.rows[i]..cut.rows[i + 1];
            let columns = cut.columns[j]..cut.columns[j + 1];
            if rows.is_empty() || columns.is_empty() {
                return;
            }
            // SAFETY: `fits` holds and the rectangle is not empty, so its first element is inside
            // the matrix.
            let first = unsafe { matrix.at(rows.start * cut.width + columns.start) };
            let rectangle =
                Rectangle { first, stride: cut.width, rows, columns, matrix: PhantomData };
            // SAFETY: `run` gives every thread a distinct number below `threads()`, and a thread
            // runs one task at a time, so this is the only borrow of this scratch.
            let own = unsafe { &mut *scratch.at(thread) };
            work(own, rectangle);
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_element_is_lent_once() {
        let (height, width) = (13, 29);
        let rows = [0, 1, 4, 4, 13];
        let columns = [0, 16, 17, 29];
        for threads in [1, 3] {
            let mut pool = Pool::start(threads).unwrap();
            let mut matrix = vec![0_u32; height * width];
            let mut counts = vec![0_usize; threads];
            let cut = Cut { width, rows: &rows, columns: &columns };
            pool.grid(&mut matrix, cut, &mut counts, |count, mut rectangle| {
                *count += 1;
                for row in rectangle.rows() {
                    rectangle.row(row).iter_mut().for_each(|element| *element += 1);
                }
            })
            .unwrap();
            assert!(matrix.iter().all(|&count| count == 1));
            // Three of the twelve rectangles are empty.
            assert_eq!(counts.iter().sum::<usize>(), 9);
        }
    }

    #[test]
    fn columns_beyond_the_cut_stay_untouched() {
        let mut pool = Pool::start(2).unwrap();
        let mut matrix = vec![7_u16; 4 * 10];
        let cut = Cut { width: 10, rows: &[1, 3], columns: &[2, 5, 8] };
        pool.grid(&mut matrix, cut, &mut [(), ()], |(), mut rectangle| {
            for row in rectangle.rows() {
                rectangle.row(row).fill(0);
            }
        })
        .unwrap();
        for (at, &element) in matrix.iter().enumerate() {
            let inside = (1..3).contains(&(at / 10)) && (2..8).contains(&(at % 10));
            assert_eq!(element, if inside { 0 } else { 7 }, "{at}");
        }
    }

    #[test]
    #[should_panic(expected = "leaves a matrix")]
    fn cut_that_leaves_the_matrix_is_refused() {
        let mut pool = Pool::start(1).unwrap();
        let cut = Cut { width: 4, rows: &[0, 2], columns: &[0, 5] };
        pool.grid(&mut [0_u8; 8], cut, &mut [()], |(), _| {}).unwrap();
    }
}
