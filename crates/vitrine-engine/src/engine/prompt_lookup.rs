//! Prompt lookup: proposes a sequence's next tokens from its own earlier tokens. Drafts repeat
//! facts of their prompt, so this often succeeds.
//!
//! Each speculative token costs a row in a step, where it is verified: it is accepted only if the
//! model chooses it, given everything before it. So speculation changes how long an answer takes,
//! never its tokens, whatever the sampling parameters.
//!
//! Invariants
//! - Proposals are copied from the sequence's own tokens, so they reveal nothing about other
//!   sequences.
//! - A sequence whose proposals fail is paused, for longer each time.
//!
//! Source: prompt lookup decoding, Saxena 2023 (github.com/apoorvumang/prompt-lookup-decoding);
//! verification as in Leviathan et al. 2023, arXiv:2211.17192, with a deterministic proposal.

/// Longest suffix of the sequence that is searched for; longer ones match too rarely.
const MATCH_TOKENS_MAX: usize = 3;

/// Shortest suffix that is searched for: single tokens repeat by chance.
const MATCH_TOKENS_MIN: usize = 2;

/// Steps paused after all proposed tokens were rejected; doubled by each further failure.
const PAUSE_STEPS_FIRST: usize = 2;

/// Longest pause, in steps.
const PAUSE_STEPS_MAX: usize = 32;

/// Only this many tokens are searched, from the end; bounds the cost of a proposal.
const SEARCH_TOKENS_MAX: usize = 8_192;

/// The pause state of one sequence.
#[derive(Debug, Clone, Copy)]
pub(crate) struct PromptLookup {
    pause: usize,
    pause_next: usize,
}

impl Default for PromptLookup {
    fn default() -> Self {
        Self { pause: 0, pause_next: PAUSE_STEPS_FIRST }
    }
}

impl PromptLookup {
    /// Proposes up to `tokens_max` tokens to follow `token_ids`. Empty if no suffix repeats, or
    /// during a pause, which each call shortens by one step.
    pub(crate) fn propose<'a>(&mut self, token_ids: &'a [u32], tokens_max: usize) -> &'a [u32] {
        if self.pause > 0 {
            self.pause -= 1;
            return &[];
        }
        let searched = &token_ids[token_ids.len().saturating_sub(SEARCH_TOKENS_MAX)..];
        (MATCH_TOKENS_MIN..=MATCH_TOKENS_MAX)
            .rev()
            .find_map(|match_tokens| follower(searched, match_tokens))
            .map_or(&[], |rest| &rest[..tokens_max.min(rest.len())])
    }

    /// Records that `accepted` of `proposed` proposed tokens were accepted.
    pub(crate) fn learn(&mut self, proposed: usize, accepted: usize) {
        if proposed == 0 {
            return;
        }
        if accepted == 0 {
            self.pause = self.pause_next;
            self.pause_next = (2 * self.pause_next).min(PAUSE_STEPS_MAX);
        } else {
            self.pause_next = PAUSE_STEPS_FIRST;
        }
    }
}

/// Returns the tokens after the latest earlier occurrence of the last `match_tokens` tokens.
fn follower(token_ids: &[u32], match_tokens: usize) -> Option<&[u32]> {
    let end = token_ids.len().checked_sub(match_tokens)?;
    let wanted = &token_ids[end..];
    let at = token_ids[..token_ids.len() - 1]
        .windows(match_tokens)
        .rposition(|window| window == wanted)?;
    Some(&token_ids[at + match_tokens..])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn proposal_is_what_followed_last_time() {
        let mut lookup = PromptLookup::default();
        let known = [7, 1, 2, 3, 4, 9, 5, 6, 2, 3, 4];
        assert_eq!(lookup.propose(&known, 8), [9, 5, 6, 2, 3, 4]);
        assert_eq!(lookup.propose(&known, 2), [9, 5]);
        // Two tokens match where three do not.
        assert_eq!(lookup.propose(&[1, 2, 8, 5, 1, 2], 8), [8, 5, 1, 2]);
        // A run of equal tokens matches itself.
        assert_eq!(lookup.propose(&[4, 4, 4], 8), [4]);
    }

    #[test]
    fn no_match_means_no_proposal() {
        let mut lookup = PromptLookup::default();
        for known in [&[][..], &[1], &[1, 2], &[1, 2, 3, 4]] {
            assert!(lookup.propose(known, 8).is_empty(), "{known:?}");
        }
    }

    #[test]
    fn failures_pause_proposals_until_one_is_accepted() {
        let known = [1, 2, 3, 4, 5, 6, 7, 8, 9, 1, 2];
        let mut lookup = PromptLookup::default();
        let mut pauses = |accepted| {
            lookup.learn(2, accepted);
            (0..10).take_while(|_| lookup.propose(&known, 8).is_empty()).count()
        };
        assert_eq!([pauses(1), pauses(0), pauses(0), pauses(1), pauses(0)], [0, 2, 4, 0, 2]);
    }
}
