//! Leaves out of a message taken apart what its words do not mean where they stand: goods in a
//! greeting, topics in a wish.

use super::cues::Cue;
use super::cues::Hit;
use super::cues::Meaning;
use super::figure::Role;
use super::scene::COURTESY;
use super::scene::SURE;
use super::scene::Scene;
use super::scene::Seen;
use crate::shop::MentionTarget;
use std::ops::Range;

/// Labels of a message that looks for goods or asks about them.
const WISHES: [&str; 2] = ["product_search", "product_question"];

/// From this probability a message, or a clause, looks for goods.
const WISH_MIN: f32 = 0.9;

/// Below this probability a topic that a word suggests is not meant.
const UNSEEN_MAX: f32 = 0.05;

/// Topics whose words also say what a product is like.
const PROPERTY_TOPICS: [&str; 2] = ["care_instructions", "sustainability"];

impl Scene<'_> {
    /// Leaves out words of the catalogue that are part of a greeting ("good day"), an amount, a
    /// number ("41 e mezzo" is no half marathon), or a question for a time: "how many days" speaks
    /// of no day cream.
    pub(crate) fn drop_false_words(&mut self) {
        let polite: Vec<Range<usize>> = self
            .hits
            .iter()
            .filter(|hit| {
                // "mucha pasta" is a lot of money, and no grass.
                let whole = [Cue::HowLong, Cue::Cheaper, Cue::LowPrice];
                COURTESY.iter().chain(&whole).any(|cue| hit.is(*cue))
            })
            .map(|hit| hit.tokens.clone())
            .collect();
        let amounts: Vec<Range<usize>> = self
            .figures
            .iter()
            .filter(|figure| {
                matches!(figure.role, Role::Money { .. } | Role::Size(_) | Role::Quantity)
            })
            .map(|figure| figure.bare.clone())
            .collect();
        let inside = |part: &Range<usize>, whole: &Range<usize>| {
            part.start >= whole.start && part.end <= whole.end
        };
        // "son" is a child in one language and "are" in another.
        // "what matters most" speaks of no mats.
        let idle = |seen: &Seen| {
            let word = &self.tokens[seen.tokens.start].text;
            let misspelt = seen.exact < SURE && self.cues.knows(word);
            // "I live in Lione, is delivery free?" asks for no lemon.
            let value = |target: &MentionTarget| matches!(target, MentionTarget::Value(_));
            let sentence = self.sentence_of(seen.tokens.start).filter(|one| one.question);
            let service = sentence.is_some_and(|one| self.topic_in(&one.tokens).is_some());
            let aside = seen.exact < SURE && service && seen.targets.iter().all(value);
            seen.tokens.len() == 1 && (self.cues.is_filler(word) || misspelt || aside)
        };
        let idle: Vec<Range<usize>> =
            self.seen.iter().filter(|seen| idle(seen)).map(|seen| seen.tokens.clone()).collect();
        self.seen.retain(|seen| {
            !idle.contains(&seen.tokens)
                && !polite.iter().any(|hit| inside(&seen.tokens, hit))
                && !amounts.iter().any(|amount| inside(&seen.tokens, amount))
        });
        self.drop_named_topics();
        self.drop_wished_topics();
        self.drop_unseen_topics();
    }

    /// Leaves out topics that the classifier does not see where it sees a wish: "headphones with
    /// noise reduction" asks for no discount.
    fn drop_unseen_topics(&mut self) {
        let evidence = self.input.evidence;
        let all =
            || std::iter::once(&evidence.whole).chain(evidence.clauses.iter().map(|one| &one.1));
        let wished = all().any(|all| {
            WISHES.iter().any(|label| all.get(*label).is_some_and(|one| *one >= WISH_MIN))
        });
        let unseen =
            |label: &str| all().all(|all| all.get(label).is_none_or(|one| *one < UNSEEN_MAX));
        let kind = |target: &MentionTarget| matches!(target, MentionTarget::Category(_));
        let named = self.seen.iter().any(|seen| seen.targets.iter().any(kind));
        self.hits.retain(|hit| match &hit.meaning {
            Meaning::Topic(label) => !(wished && named && unseen(label)),
            _ => true,
        });
    }

    /// Leaves out matters that are only a part of what the shop calls its goods: "noise cancelling
    /// headphones" cancel nothing, and a mask for damaged hair arrived whole.
    fn drop_named_topics(&mut self) {
        let matter = |hit: &Hit| match &hit.meaning {
            Meaning::Topic(_) | Meaning::Attribute(_) => true,
            // "anti-pull harness" refuses nothing.
            Meaning::Cue(cue) => {
                cue.is_trouble() || matches!(cue, Cue::Negation | Cue::NegationNear)
            }
            _ => false,
        };
        let part = |hit: &Hit| {
            self.seen.iter().any(|seen| {
                seen.exact >= SURE
                    && hit.tokens.len() < seen.tokens.len()
                    && seen.tokens.start <= hit.tokens.start
                    && hit.tokens.end <= seen.tokens.end
            })
        };
        let dropped: Vec<Hit> =
            self.hits.iter().filter(|hit| matter(hit) && part(hit)).cloned().collect();
        self.hits.retain(|hit| !dropped.contains(hit));
    }

    /// Leaves out topics that only say what is wanted: "a washable rug", "recycled material".
    fn drop_wished_topics(&mut self) {
        let wished = |hit: &Hit| {
            let property = matches!(&hit.meaning,
                Meaning::Topic(label) if PROPERTY_TOPICS.contains(&label.as_str()));
            property
                && self.sentence_of(hit.tokens.start).is_some_and(|sentence| {
                    !sentence.question && self.states_wish(&sentence.tokens)
                })
        };
        let dropped: Vec<Hit> = self.hits.iter().filter(|hit| wished(hit)).cloned().collect();
        self.hits.retain(|hit| !dropped.contains(hit));
    }

    /// Whether some tokens say what is looked for: a kind of product, a wish, a size or a limit.
    fn states_wish(&self, tokens: &Range<usize>) -> bool {
        let inside = |part: &Range<usize>| part.start >= tokens.start && part.end <= tokens.end;
        let kind = |target: &MentionTarget| matches!(target, MentionTarget::Category(_));
        self.hit_in(tokens, Cue::Want).is_some()
            || self.seen.iter().any(|seen| inside(&seen.tokens) && seen.targets.iter().any(kind))
            || self.figures.iter().any(|figure| {
                let wish = matches!(
                    figure.role,
                    Role::Money { bound: Some(_), .. } | Role::Size(_) | Role::Dimensions
                );
                wish && inside(&figure.bare)
            })
    }
}
