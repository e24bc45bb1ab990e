//! Guesses a sequence's next tokens from what it has said or read before: drafts copy their facts.
//!
//! A guess costs rows in a step and is checked there: a token counts only if the model, asked with
//! everything before it, chooses it. So guesses change how long an answer takes, never what it
//! says, whatever the sampling.
//!
//! Invariants
//! - A guess is read from the sequence's own tokens, so it tells nothing of anybody else.
//! - A sequence whose guesses fail is left alone for a while, longer each time.
//!
//! Source: prompt lookup decoding, Saxena 2023 (github.com/apoorvumang/prompt-lookup-decoding);
//! checking as in Leviathan et al. 2023, arXiv:2211.17192, with a draft that is certain.

/// Longest end of the sequence that is looked for; longer ones find too little.
const MATCH_TOKENS_MAX: usize = 3;

/// Shortest end that is looked for: single tokens repeat by chance.
const MATCH_TOKENS_MIN: usize = 2;

/// Steps without a guess after one that failed whole, doubled by each further failure.
const PAUSE_STEPS_FIRST: usize = 2;

/// Longest pause, steps.
const PAUSE_STEPS_MAX: usize = 32;

/// Tokens searched, from the end: a bound on what a step's guess may cost.
const SEARCH_TOKENS_MAX: usize = 8_192;

/// One sequence's luck with guesses.
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
    /// What may follow `token_ids`, at most `tokens_max` tokens; empty if nothing is known or the
    /// last guesses failed.
    pub(crate) fn guess<'a>(&mut self, token_ids: &'a [u32], tokens_max: usize) -> &'a [u32] {
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

    /// Learns how many of `guessed` tokens were right.
    pub(crate) fn learn(&mut self, guessed: usize, right: usize) {
        if guessed == 0 {
            return;
        }
        if right == 0 {
            self.pause = self.pause_next;
            self.pause_next = (2 * self.pause_next).min(PAUSE_STEPS_MAX);
        } else {
            self.pause_next = PAUSE_STEPS_FIRST;
        }
    }
}

/// What followed the latest earlier place where the last `match_tokens` tokens stood.
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
    fn guess_is_what_followed_last_time() {
        let mut lookup = PromptLookup::default();
        let known = [7, 1, 2, 3, 4, 9, 5, 6, 2, 3, 4];
        assert_eq!(lookup.guess(&known, 8), [9, 5, 6, 2, 3, 4]);
        assert_eq!(lookup.guess(&known, 2), [9, 5]);
        // Two tokens match where three do not.
        assert_eq!(lookup.guess(&[1, 2, 8, 5, 1, 2], 8), [8, 5, 1, 2]);
        // A run guesses itself on.
        assert_eq!(lookup.guess(&[4, 4, 4], 8), [4]);
    }

    #[test]
    fn nothing_before_means_no_guess() {
        let mut lookup = PromptLookup::default();
        for known in [&[][..], &[1], &[1, 2], &[1, 2, 3, 4]] {
            assert!(lookup.guess(known, 8).is_empty(), "{known:?}");
        }
    }

    #[test]
    fn failure_makes_guesses_rare_until_one_is_right() {
        let known = [1, 2, 3, 4, 5, 6, 7, 8, 9, 1, 2];
        let mut lookup = PromptLookup::default();
        let mut pauses = |right| {
            lookup.learn(2, right);
            (0..10).take_while(|_| lookup.guess(&known, 8).is_empty()).count()
        };
        assert_eq!([pauses(1), pauses(0), pauses(0), pauses(1), pauses(0)], [0, 2, 4, 0, 2]);
    }
}
