//! Chooses among overlapping findings.

use crate::mentions::target::Mention;
use crate::mentions::target::MentionTarget;
use std::collections::BTreeMap;
use std::ops::Range;

/// A longer span drops one inside it unless it is less certain by more than this.
const DOUBT: f32 = 0.2;

/// A finding that may be dropped for another one.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Candidate {
    pub(super) span: Range<usize>,
    pub(super) target: MentionTarget,
    pub(super) exact: f32,
    /// Whether values inside its span are kept: it only says what the product is.
    pub(super) open: bool,
}

/// The findings that stand, in text order: one of each span and target, the most exact one.
pub(super) fn chosen(found: Vec<Candidate>) -> Vec<Mention> {
    let mut best: BTreeMap<(usize, usize, MentionTarget), (f32, bool)> = BTreeMap::new();
    for candidate in found {
        // The later the end, the earlier in order: the longest of equal starts comes first.
        let key = (candidate.span.start, usize::MAX - candidate.span.end, candidate.target);
        let entry = best.entry(key).or_insert((0.0, candidate.open));
        *entry = (entry.0.max(candidate.exact), entry.1 && candidate.open);
    }
    let all: Vec<(Range<usize>, MentionTarget, f32, bool)> = best
        .into_iter()
        .map(|((start, end, target), (exact, open))| (start..usize::MAX - end, target, exact, open))
        .collect();
    let covered = |span: &Range<usize>, exact: f32, kind: bool| {
        all.iter().any(|(other, _, certain, open)| {
            let inside = other.start <= span.start && span.end <= other.end && other != span;
            inside && (kind || !open) && certain + DOUBT >= exact
        })
    };
    let standing = all.iter().filter(|(span, target, exact, _)| {
        !covered(span, *exact, matches!(target, MentionTarget::Category(_)))
    });
    standing
        .map(|(span, target, exact, _)| Mention {
            span: span.clone(),
            target: target.clone(),
            exact: *exact,
        })
        .collect()
}
