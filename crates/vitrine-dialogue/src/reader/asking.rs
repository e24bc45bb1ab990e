//! Whether words ask: question words also join clauses, and stand in courtesies.

use super::cues::Cue;
use super::cues::Hit;
use super::scene::COURTESY;
use super::scene::Scene;
use super::tokens::TokenKind;
use std::ops::Range;

impl Scene<'_> {
    /// Whether a question word joins a clause rather than asking: "unas que no sean rojas", "etwas
    /// was hält". It asks at the start, behind a greeting or a word such as "and", and with its
    /// accent.
    fn joins_clause(&self, hit: &Hit, start: usize) -> bool {
        let at = hit.tokens.start;
        if hit.tokens.len() > 1 || !self.cues.is_relative(&self.tokens[at].text) || at == start {
            return false;
        }
        let accented = !self.text_of(&hit.tokens).is_ascii();
        let courtesy = [Cue::Greet, Cue::Thank, Cue::Yes, Cue::Fine, Cue::No];
        let before = &self.tokens[at - 1];
        let polite = self
            .hits
            .iter()
            .any(|one| one.tokens.end == at && courtesy.iter().any(|cue| one.is(*cue)));
        let sign = before.kind != TokenKind::Word && before.kind != TokenKind::Number;
        !(accented || polite || sign || self.cues.asks_after(&before.text))
    }

    /// Whether some tokens hold words that ask; those of a courtesy ("that is it", "why not") do
    /// not.
    pub(crate) fn has_question_words(&self, tokens: &Range<usize>) -> bool {
        let inside = |part: &Range<usize>, whole: &Range<usize>| {
            part.start >= whole.start && part.end <= whole.end
        };
        let mut asking = self.hits_of(Cue::Question).filter(|hit| inside(&hit.tokens, tokens));
        asking.any(|hit| {
            if self.joins_clause(hit, tokens.start) {
                return false;
            }
            // "I'll have the blue one"
            let inner = |one: &Hit| {
                one.tokens.start < hit.tokens.start && hit.tokens.start < one.tokens.end
            };
            if self.hits_of(Cue::Choose).any(inner) {
                return false;
            }
            let mut around = self.hits.iter().filter(|one| inside(&hit.tokens, &one.tokens));
            !around.any(|one| COURTESY.iter().any(|cue| one.is(*cue)))
        })
    }
}
