//! Splits examples into parts for cross-validation.
//!
//! Invariants
//! - Every member is in exactly one part. Members of one group share a part.
//! - Each class is spread evenly over the parts, as far as its groups allow.

use rand::SeedableRng;
use rand::seq::SliceRandom;
use rand_chacha::ChaCha8Rng;
use std::collections::BTreeMap;

/// Options of [`split_into`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct SplitOptions {
    /// Number of parts.
    pub(crate) parts: usize,
    /// Seed of the shuffle.
    pub(crate) seed: u64,
}

fn by_class(members: &[usize], classes_of: &[usize]) -> BTreeMap<usize, Vec<usize>> {
    let mut classes: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
    for member in members {
        classes.entry(classes_of[*member]).or_default().push(*member);
    }
    classes
}

/// Stratified sample of about `examples_max` members: each class keeps its proportion, but at least
/// three members, so the result can exceed `examples_max` when classes are many and small.
pub(crate) fn sample(
    members: &[usize],
    classes_of: &[usize],
    examples_max: usize,
    seed: u64,
) -> Vec<usize> {
    if members.len() <= examples_max {
        return members.to_vec();
    }
    let mut random = ChaCha8Rng::seed_from_u64(seed);
    let mut chosen = Vec::new();
    for (_, mut of_class) in by_class(members, classes_of) {
        of_class.shuffle(&mut random);
        let share = (of_class.len() * examples_max / members.len()).max(3);
        chosen.extend(of_class.into_iter().take(share));
    }
    chosen
}

/// Splits members into `how.parts` parts, stratified by class and grouped by `groups`.
///
/// `classes_of` and `groups` are indexed by member.
pub(crate) fn split_into(
    members: &[usize],
    classes_of: &[usize],
    groups: &[String],
    how: SplitOptions,
) -> Vec<Vec<usize>> {
    let mut random = ChaCha8Rng::seed_from_u64(how.seed);
    let mut parts = vec![Vec::new(); how.parts];
    let mut part_of_group: BTreeMap<&str, usize> = BTreeMap::new();
    let mut next = 0_usize;
    for (_, mut of_class) in by_class(members, classes_of) {
        of_class.shuffle(&mut random);
        for member in of_class {
            let part = *part_of_group.entry(&groups[member]).or_insert_with(|| {
                next = (next + 1) % how.parts;
                next
            });
            parts[part].push(member);
        }
    }
    parts
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_member_is_dealt_once_and_groups_stay_together() {
        let members: Vec<usize> = (0..100).collect();
        let classes: Vec<usize> = members.iter().map(|member| member % 3).collect();
        let groups: Vec<String> = members.iter().map(|member| (member / 2).to_string()).collect();
        let parts = split_into(&members, &classes, &groups, SplitOptions { parts: 5, seed: 1 });
        let mut dealt: Vec<usize> = parts.concat();
        dealt.sort_unstable();
        assert_eq!(dealt, members);
        for pair in members.chunks(2) {
            assert!(parts.iter().any(|part| pair.iter().all(|member| part.contains(member))));
        }
        assert!(parts.iter().all(|part| (14..=26).contains(&part.len())));
    }

    #[test]
    fn a_sample_keeps_proportions() {
        let members: Vec<usize> = (0..1_000).collect();
        let classes: Vec<usize> =
            members.iter().map(|member| usize::from(member % 10 == 0)).collect();
        let chosen = sample(&members, &classes, 100, 1);
        assert_eq!(chosen.len(), 100);
        assert_eq!(chosen.iter().filter(|member| classes[**member] == 1).count(), 10);
        assert_eq!(sample(&members, &classes, 5_000, 1), members);
    }
}
