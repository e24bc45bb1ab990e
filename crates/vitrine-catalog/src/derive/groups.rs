//! Groups values of one facet that mean the same, by an encoder where one is at hand.
//!
//! The mean of all the shop's vectors is subtracted first. Two values then form a group if each is
//! the other's nearest neighbour and their similarity is above a threshold. Values that contain
//! different numbers are never grouped.

use std::collections::HashMap;

/// Similarity from which two values mean the same. With multilingual-e5-small, on 23 values of six
/// facets: "bright indirect" and "bright indirect light" have 0.89, "matt" and "matte" 0.85, and
/// the most similar pair of different meaning 0.50: "every two weeks", "once a week".
const SAME_MIN: f32 = 0.8;

/// Fewest values whose mean vector is meaningful.
const VALUES_MIN: usize = 12;

/// Most values of a shop that are compared.
const VALUES_MAX: usize = 4_000;

/// An encoder of short texts.
pub trait Meaning {
    /// A vector of length 1 for each text, all of the same dimension; `None` if it cannot.
    fn vectors(&self, texts: &[String]) -> Option<Vec<Vec<f32>>>;
}

/// The vectors of a shop's values, by text.
#[derive(Debug)]
pub(super) struct Vectors(HashMap<String, Vec<f32>>);

impl Vectors {
    /// Asks an encoder for the vectors of all values; `None` without one, and for few values.
    pub(super) fn of(texts: Vec<String>, meaning: Option<&dyn Meaning>) -> Option<Self> {
        if !(VALUES_MIN..=VALUES_MAX).contains(&texts.len()) {
            return None;
        }
        let vectors = meaning?.vectors(&texts)?;
        let whole = vectors.len() == texts.len();
        whole.then(|| Self(texts.into_iter().zip(centred(vectors)).collect()))
    }

    fn similarity(&self, one: &str, other: &str) -> f32 {
        let (Some(one), Some(other)) = (self.0.get(one), self.0.get(other)) else { return 0.0 };
        one.iter().zip(other).map(|(a, b)| a * b).sum()
    }
}

/// Groups of values, each given as compared form and spelling; the first member of a group is the
/// first in order.
pub(super) fn grouped(values: &[(String, String)], vectors: Option<&Vectors>) -> Vec<Vec<String>> {
    let Some(vectors) = vectors else {
        return values.iter().map(|(compared, _)| vec![compared.clone()]).collect();
    };
    let nearest: Vec<Option<(usize, f32)>> =
        (0..values.len()).map(|at| nearest(values, vectors, at)).collect();
    let mut groups: Vec<Vec<String>> = Vec::new();
    let mut done = vec![false; values.len()];
    for at in 0..values.len() {
        if std::mem::replace(&mut done[at], true) {
            continue;
        }
        let mut group = vec![values[at].0.clone()];
        if let Some((other, similarity)) = nearest[at] {
            let mutual = nearest[other].is_some_and(|(back, _)| back == at);
            let numbers = numbers(&values[at].1) == numbers(&values[other].1);
            if mutual && numbers && similarity >= SAME_MIN && !done[other] {
                done[other] = true;
                group.push(values[other].0.clone());
            }
        }
        groups.push(group);
    }
    groups
}

fn numbers(text: &str) -> String {
    text.chars().filter(char::is_ascii_digit).collect()
}

fn centred(mut vectors: Vec<Vec<f32>>) -> Vec<Vec<f32>> {
    let width = vectors.first().map_or(0, Vec::len);
    #[expect(clippy::cast_precision_loss, reason = "at most VALUES_MAX vectors")]
    let count = vectors.len() as f32;
    let mean: Vec<f32> = (0..width)
        .map(|at| vectors.iter().filter_map(|v| v.get(at)).sum::<f32>() / count)
        .collect();
    for vector in &mut vectors {
        vector.iter_mut().zip(&mean).for_each(|(value, mean)| *value -= mean);
        let norm = vector.iter().map(|value| value * value).sum::<f32>().sqrt().max(1e-6);
        vector.iter_mut().for_each(|value| *value /= norm);
    }
    vectors
}

fn nearest(values: &[(String, String)], vectors: &Vectors, at: usize) -> Option<(usize, f32)> {
    let others = (0..values.len()).filter(|other| *other != at);
    let found = others.map(|other| (other, vectors.similarity(&values[at].1, &values[other].1)));
    found.max_by(|(_, one), (_, other)| one.total_cmp(other))
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Table;

    impl Meaning for Table {
        fn vectors(&self, texts: &[String]) -> Option<Vec<Vec<f32>>> {
            let vector = |text: &String| match text.as_str() {
                "grey" => vec![1.0, 0.01, 0.0, 0.0],
                "gray" => vec![1.0, 0.0, 0.0, 0.01],
                "red" | "red 2" => vec![0.0, 1.0, 0.0, 0.0],
                _ => vec![0.0, 0.0, 1.0, 0.0],
            };
            Some(texts.iter().map(vector).collect())
        }
    }

    #[test]
    fn values_that_mean_the_same_are_one_and_numbers_keep_apart() {
        let value = |text: &str| (text.to_owned(), text.to_owned());
        let values = ["blue", "gray", "grey", "red", "red 2"].map(value);
        let mut texts = values.clone().map(|(text, _)| text).to_vec();
        texts.extend((0..VALUES_MIN).map(|number| format!("other {number}")));
        let vectors = Vectors::of(texts, Some(&Table)).unwrap();
        let found = grouped(&values, Some(&vectors));
        let expected: [&[&str]; 4] = [&["blue"], &["gray", "grey"], &["red"], &["red 2"]];
        assert_eq!(found, expected);
        assert_eq!(grouped(&values, None).len(), 5);
        assert!(Vectors::of(vec!["blue".to_owned()], Some(&Table)).is_none(), "too few");
    }
}
