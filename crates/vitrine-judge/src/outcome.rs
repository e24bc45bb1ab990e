//! The outcome of a run: shares, exchanges and latency, of all conversations and by tag and
//! language.

use crate::player::Played;
use std::collections::BTreeMap;
use std::collections::HashMap;

/// Name of the groups that hold every tag.
pub(crate) const ALL: &str = "ALL";

/// The conversations that were played, in the order of the files.
#[derive(Debug, Clone)]
pub struct Outcome {
    pub(crate) played: Vec<Played>,
}

/// Figures of a group of conversations.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Figures {
    /// Turns of scripts.
    pub turns: usize,
    /// Turns of which every check held.
    pub turns_passed: usize,
    /// Conversations with fixed words.
    pub scripts: usize,
    /// Scripts of which every turn passed.
    pub scripts_passed: usize,
    /// Simulated customers.
    pub goals: usize,
    /// Simulated customers who got what they wanted.
    pub goals_won: usize,
    /// Mean number of messages of the customers who got what they wanted.
    pub exchanges_mean: Option<f64>,
    /// Median of the same.
    pub exchanges_median: Option<f64>,
    /// Messages of simulated customers that were complaints or repetitions.
    pub exchanges_wasted: usize,
    /// Median time to an answer, in milliseconds.
    pub p50_ms: Option<f64>,
    /// Time that 99 % of the answers took at most, in milliseconds.
    pub p99_ms: Option<f64>,
}

impl Outcome {
    /// Gathers conversations that were played.
    #[must_use]
    pub fn new(played: Vec<Played>) -> Self {
        Self { played }
    }

    /// The conversations, in the order of the files.
    #[must_use]
    pub fn played(&self) -> &[Played] {
        &self.played
    }

    /// Figures of all conversations.
    #[must_use]
    pub fn figures(&self) -> Figures {
        figures(&self.played.iter().collect::<Vec<_>>())
    }

    /// The smaller of the share of turns passed and the share of goals won; of what there is.
    #[must_use]
    pub fn share(&self) -> f64 {
        let all = self.figures();
        let shares = [share(all.turns_passed, all.turns), share(all.goals_won, all.goals)];
        shares.into_iter().flatten().fold(1.0, f64::min)
    }

    /// Figures by tag and language, sorted.
    pub(crate) fn by_tag(&self) -> BTreeMap<(&str, &str), Figures> {
        self.grouped(|played| played.conversation.common.tags.iter().map(String::as_str).collect())
    }

    /// Figures by language, sorted.
    pub(crate) fn by_language(&self) -> BTreeMap<(&str, &str), Figures> {
        self.grouped(|_| vec![ALL])
    }

    fn grouped<'a>(
        &'a self,
        names: impl Fn(&'a Played) -> Vec<&'a str>,
    ) -> BTreeMap<(&'a str, &'a str), Figures> {
        let mut groups: BTreeMap<(&str, &str), Vec<&Played>> = BTreeMap::new();
        for played in &self.played {
            let language = played.conversation.common.language.as_str();
            for name in names(played) {
                groups.entry((name, language)).or_default().push(played);
            }
        }
        groups.into_iter().map(|(key, played)| (key, figures(&played))).collect()
    }

    /// Failed checks with their number, the most frequent first.
    pub(crate) fn failed_checks(&self) -> Vec<(&'static str, usize)> {
        let mut counts: HashMap<&'static str, usize> = HashMap::new();
        let exchanges = self.played.iter().flat_map(|played| &played.exchanges);
        for failure in exchanges.flat_map(|exchange| &exchange.failed) {
            *counts.entry(failure.check).or_default() += 1;
        }
        let mut counts: Vec<_> = counts.into_iter().collect();
        counts.sort_by_key(|(check, count)| (std::cmp::Reverse(*count), *check));
        counts
    }
}

/// A share between 0 and 1; `None` of nothing.
#[expect(clippy::cast_precision_loss, reason = "numbers of conversations are small")]
pub(crate) fn share(part: usize, whole: usize) -> Option<f64> {
    (whole > 0).then(|| part as f64 / whole as f64)
}

#[expect(clippy::cast_precision_loss, reason = "numbers of conversations are small")]
fn figures(played: &[&Played]) -> Figures {
    let scripts = || played.iter().filter(|played| !played.is_goal());
    let goals = || played.iter().filter(|played| played.is_goal());
    let turns = || scripts().flat_map(|script| &script.exchanges);
    let mut won: Vec<usize> =
        goals().filter(|goal| goal.passed).map(|goal| goal.exchanges.len()).collect();
    won.sort_unstable();
    let mut ms: Vec<f64> = played.iter().flat_map(|p| &p.exchanges).filter_map(|e| e.ms).collect();
    ms.sort_by(f64::total_cmp);
    let middle = won.len() / 2;
    let median = match won.len() {
        0 => None,
        even if even % 2 == 0 => Some((won[middle - 1] + won[middle]) as f64 / 2.0),
        _ => Some(won[middle] as f64),
    };
    Figures {
        turns: turns().count(),
        turns_passed: turns().filter(|turn| turn.failed.is_empty()).count(),
        scripts: scripts().count(),
        scripts_passed: scripts().filter(|script| script.passed).count(),
        goals: goals().count(),
        goals_won: won.len(),
        exchanges_mean: share(won.iter().sum(), won.len()),
        exchanges_median: median,
        exchanges_wasted: goals().map(|goal| goal.wasted).sum(),
        p50_ms: percentile(&ms, 50),
        p99_ms: percentile(&ms, 99),
    }
}

/// The smallest value that at least so many percent of the sorted values do not exceed.
pub(crate) fn percentile(sorted: &[f64], percent: usize) -> Option<f64> {
    let at = (sorted.len() * percent).div_ceil(100).max(1) - 1;
    sorted.get(at).copied()
}
