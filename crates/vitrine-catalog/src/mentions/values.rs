//! Values of options that are no words: `140x200`, `54 cm`, `M`, `39-42`.

use crate::compact::compact;
use crate::compact::is_number;
use crate::compact::without_unit;
use crate::mentions::candidates::Candidate;
use crate::mentions::target::MentionTarget;
use crate::mentions::tokens::Gap;
use crate::mentions::tokens::Token;
use crate::product::Product;
use crate::stopwords::is_stop_word;
use std::collections::BTreeSet;
use std::collections::HashMap;
use vitrine_base::language::Language;

/// Most tokens of a value, as in `160 x 200 cm`.
const TOKENS_MAX: usize = 6;

/// Longest value that is recognised, in bytes.
const VALUE_BYTES_MAX: usize = 32;

/// Certainty of a short word that people also write for something else: "m", "us", "one".
const AMBIGUOUS: f32 = 0.4;

/// Words between two dimensions, as in "140 by 200".
const TIMES: [&str; 9] = ["x", "sur", "by", "auf", "mal", "por", "per", "na", "times"];

/// Values by their compact form.
#[derive(Debug, Clone, Default)]
pub(super) struct ValueTable {
    values: HashMap<String, Vec<MentionTarget>>,
}

impl ValueTable {
    /// Collects the values of the products' options that are not plain numbers.
    pub(super) fn build(products: &[Product]) -> Self {
        let mut seen: BTreeSet<(&str, &str)> = BTreeSet::new();
        for variant in products.iter().flat_map(|product| &product.variants) {
            seen.extend(variant.options.iter().map(|(key, value)| (key.as_str(), value.as_str())));
        }
        let mut table = Self::default();
        for (key, value) in seen {
            let whole = compact(value);
            if whole.is_empty() || is_number(&whole) || whole.len() > VALUE_BYTES_MAX {
                continue;
            }
            let target = MentionTarget::Option { key: key.to_owned(), value: value.to_owned() };
            let bare = without_unit(&whole).to_owned();
            for form in BTreeSet::from([whole, bare]) {
                let targets = table.values.entry(form).or_default();
                if !targets.contains(&target) {
                    targets.push(target.clone());
                }
            }
        }
        table
    }

    /// Adds the values that a text holds, the longest first.
    pub(super) fn find(&self, text: &str, tokens: &[Token], found: &mut Vec<Candidate>) {
        if self.values.is_empty() {
            return;
        }
        let mut at = 0;
        while at < tokens.len() {
            let run = 1 + tokens[at + 1..].iter().take_while(|t| t.before == Gap::Close).count();
            let longest = (1..=run.min(TOKENS_MAX)).rev().find_map(|length| {
                let taken = &tokens[at..at + length];
                let targets = self.targets(text, taken)?;
                Some((length, targets))
            });
            let Some((length, targets)) = longest else {
                at += 1;
                continue;
            };
            let span = tokens[at].span.start..tokens[at + length - 1].span.end;
            let after = tokens.get(at + length);
            let exact = if length == 1 { certainty(&tokens[at], after) } else { 1.0 };
            // "I'm" is no size.
            let targets = targets.iter().filter(|_| exact > 0.0);
            for target in targets {
                let target = target.clone();
                found.push(Candidate { span: span.clone(), target, exact, open: false });
            }
            at += length;
        }
    }

    fn targets(&self, text: &str, taken: &[Token]) -> Option<&Vec<MentionTarget>> {
        let [first, .., last] = taken else {
            return self.values.get(&compact(&text[taken.first()?.span.clone()]));
        };
        let written = &text[first.span.start..last.span.end];
        if written.len() > 2 * VALUE_BYTES_MAX {
            return None;
        }
        let whole = compact(written);
        let found = self.values.get(&whole).or_else(|| self.values.get(without_unit(&whole)));
        found.or_else(|| self.values.get(&dimensions(taken)?))
    }
}

/// Numbers with words for "times" between them, as the shop writes dimensions; `None` for others.
fn dimensions(taken: &[Token]) -> Option<String> {
    let mut numbers = taken.iter().step_by(2);
    let mut between = taken.iter().skip(1).step_by(2);
    let times = between.all(|token| TIMES.contains(&token.folded.as_str()));
    let all = numbers.all(|token| token.number);
    let written: Vec<&str> = taken.iter().step_by(2).map(|token| token.folded.as_str()).collect();
    (times && all && taken.len() >= 3).then(|| compact(&written.join("x")))
}

/// How certainly a single token is meant as a value: letters are, if they are capitals or mean
/// nothing else.
fn certainty(token: &Token, after: Option<&Token>) -> f32 {
    let elided = token.before == Gap::Apostrophe
        || after.is_some_and(|after| after.before == Gap::Apostrophe);
    let letters = token.folded.chars().count();
    let sizes = token.folded.chars().all(|c| matches!(c, 'x' | 's' | 'm' | 'l'));
    let plain = Language::SHIPPED.iter().any(|language| is_stop_word(&token.folded, *language));
    match letters {
        _ if elided => 0.0,
        1 if token.capitals => 1.0,
        1 => AMBIGUOUS,
        _ if sizes || token.capitals || !plain => 1.0,
        _ => AMBIGUOUS,
    }
}
