//! Requirements on examples.

use crate::error::ExamplesRefusal;
use crate::error::IntentError;
use crate::examples::Example;
use crate::head::LABELS_MAX;
use crate::head::OUT_OF_SCOPE;
use std::collections::BTreeMap;

/// Minimum examples per label, so that each selection fold can hold one out and train on two.
const LABEL_EXAMPLES_MIN: usize = 3;

fn refused(reason: ExamplesRefusal) -> IntentError {
    IntentError::Examples { reason }
}

pub(super) fn check(examples: &[Example]) -> Result<(), IntentError> {
    if examples.is_empty() {
        return Err(refused(ExamplesRefusal::None));
    }
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    for example in examples {
        *counts.entry(&example.intent).or_default() += 1;
    }
    let labels = counts.keys().filter(|label| **label != OUT_OF_SCOPE).count();
    if labels < 2 {
        return Err(refused(ExamplesRefusal::TooFewLabels { labels }));
    }
    if counts.len() > LABELS_MAX {
        let labels = counts.len();
        return Err(refused(ExamplesRefusal::TooManyLabels { labels, labels_max: LABELS_MAX }));
    }
    match counts.into_iter().find(|(_, examples)| *examples < LABEL_EXAMPLES_MIN) {
        Some((label, examples)) => Err(refused(ExamplesRefusal::TooFewExamples {
            label: label.to_owned(),
            examples,
            examples_min: LABEL_EXAMPLES_MIN,
        })),
        None => Ok(()),
    }
}

/// Checks that each example's label is one of `labels` or `oos`.
///
/// # Errors
/// If there are no examples, or on the first unknown label.
pub fn check_labels(examples: &[Example], labels: &[String]) -> Result<(), IntentError> {
    if examples.is_empty() {
        return Err(refused(ExamplesRefusal::None));
    }
    let known = |label: &String| label == OUT_OF_SCOPE || labels.contains(label);
    match examples.iter().find(|example| !known(&example.intent)) {
        Some(example) => Err(refused(ExamplesRefusal::UnknownLabel {
            label: example.intent.clone(),
            known: labels.join(", "),
        })),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn examples_that_do_not_suffice_are_refused_with_the_reason() {
        let example = |intent: &str| Example { text: "x".into(), intent: intent.into() };
        let cases = [
            (vec![], "there are none"),
            (vec![example("a"), example("oos")], "1 labels besides `oos`"),
            (
                vec![example("a"), example("a"), example("a"), example("b")],
                "label `b` has 1 examples, at least 3",
            ),
        ];
        for (examples, reason) in cases {
            let error = check(&examples).unwrap_err().to_string();
            assert!(error.contains(reason), "{error}");
        }
    }
}
