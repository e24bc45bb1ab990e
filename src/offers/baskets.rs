//! Association rules: counts pairs of articles in past baskets and derives rules from them.
//!
//! The file is CSV with one basket per line: articles separated by commas, quoted where needed.
//! Spaces around an article and repeats within a basket are ignored. Counts are exact: a file over
//! a limit is refused, not sampled.
//!
//! For articles X and Y: `support` is the share of baskets with both, `confidence` is P(Y | X) =
//! baskets with both / baskets with X, and `lift` is confidence / P(Y). A lift above 1 means that
//! X and Y are bought together more often than by chance. It does not mean that offering Y sells
//! it; only the holdout of `experiment` can show that.
//!
//! Invariants
//! - 0 < support ≤ confidence ≤ 1 and lift > 0 for every rule; `lift(X→Y) = lift(Y→X)`.
//! - Rules of an article are sorted by falling confidence, then falling lift, then sku, so that the
//!   same file always gives the same order.
//!
//! Source: association rules, Agrawal, Imieliński & Swami 1993; lift, Brin et al. 1997.

use csv::ReaderBuilder;
use csv::StringRecord;
use csv::Trim;
use std::collections::HashMap;
use std::io::Read;
use std::path::Path;
use std::path::PathBuf;
use vitrine_base::ids::IdError;
use vitrine_base::ids::Sku;

/// Limits of a basket file. All but `rules_max` refuse the file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BasketLimits {
    /// Size of the file, in bytes. The gateway allows 256 MiB.
    pub file_bytes_max: u64,
    /// Baskets in the file. The gateway allows 5,000,000.
    pub baskets_max: usize,
    /// Articles in one basket; the pairs grow with the square. The gateway allows 100.
    pub basket_articles_max: usize,
    /// Distinct articles. The gateway allows 50,000.
    pub articles_max: usize,
    /// Distinct pairs, about 24 bytes each while counting. The gateway allows 4,000,000.
    pub pairs_max: usize,
    /// Rules kept for one article, the strongest first. The gateway keeps 50.
    pub rules_max: usize,
}

/// Why a basket file is refused.
#[derive(Debug, thiserror::Error)]
pub enum BasketError {
    /// The file cannot be read.
    #[error("cannot read {}", path.display())]
    Read {
        /// Path of the file.
        path: PathBuf,
        /// Error of the operating system.
        #[source]
        cause: std::io::Error,
    },
    /// The file is too large.
    #[error("basket file has more than {bytes_max} bytes, the limit")]
    TooLarge {
        /// Limit, in bytes.
        bytes_max: u64,
    },
    /// A line is not CSV in UTF-8.
    #[error("basket file, line {line}: malformed CSV")]
    Malformed {
        /// Line number, from 1.
        line: u64,
        /// Error of the CSV parser.
        #[source]
        cause: csv::Error,
    },
    /// An article is not a valid id.
    #[error("basket file, line {line}: article {cause}")]
    Article {
        /// Line number, from 1.
        line: u64,
        /// Why the article is refused.
        cause: IdError,
    },
    /// A count is over its limit.
    #[error("basket file, line {line}: more than {limit} {what}")]
    TooMany {
        /// Line number, from 1.
        line: u64,
        /// Name of the counted items, such as `articles`.
        what: &'static str,
        /// Highest count allowed.
        limit: usize,
    },
}

/// Association rule X → Y: customers who buy article X also buy article Y.
#[derive(Debug, Clone, PartialEq)]
pub struct Rule {
    /// Article Y, the one to offer.
    pub sku: Sku,
    /// Number of baskets with X and Y.
    pub together: u32,
    /// Share of all baskets that hold X and Y, above 0 and at most 1.
    pub support: f64,
    /// Share of the baskets with X that also hold Y, above 0 and at most 1.
    pub confidence: f64,
    /// How many times likelier Y is in a basket with X than in any basket; 1: independent.
    pub lift: f64,
}

/// Association rules counted from past baskets.
#[derive(Debug, Clone, Default)]
pub struct Baskets {
    baskets: usize,
    counts: HashMap<Sku, u32>,
    rules: HashMap<Sku, Vec<Rule>>,
}

impl Baskets {
    /// A set without baskets and rules.
    #[must_use]
    pub fn empty() -> Self {
        Self::default()
    }

    /// Reads a basket file and counts its pairs.
    ///
    /// # Errors
    /// If it cannot be read, has a malformed line or exceeds a limit; the error holds the line.
    pub fn open(path: &Path, limits: &BasketLimits) -> Result<Self, BasketError> {
        let fault = |cause| BasketError::Read { path: path.to_owned(), cause };
        let file = std::fs::File::open(path).map_err(fault)?;
        let mut bytes = Vec::new();
        file.take(limits.file_bytes_max.saturating_add(1))
            .read_to_end(&mut bytes)
            .map_err(fault)?;
        Self::parse(&bytes, limits)
    }

    /// Parses the bytes of a basket file and counts its pairs.
    ///
    /// # Errors
    /// If a line is malformed or a limit is exceeded; the error holds the line.
    pub fn parse(bytes: &[u8], limits: &BasketLimits) -> Result<Self, BasketError> {
        if bytes.len() as u64 > limits.file_bytes_max {
            return Err(BasketError::TooLarge { bytes_max: limits.file_bytes_max });
        }
        let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
        let mut reader = ReaderBuilder::new()
            .has_headers(false)
            .flexible(true)
            .trim(Trim::All)
            .from_reader(bytes);
        let mut tally = PairCounter::default();
        let mut record = StringRecord::new();
        loop {
            let next = reader.position().line();
            match reader.read_record(&mut record) {
                Ok(true) => {}
                Ok(false) => return Ok(tally.finish(limits.rules_max)),
                Err(cause) => {
                    let line = cause.position().map_or(next, csv::Position::line);
                    return Err(BasketError::Malformed { line, cause });
                }
            }
            let line = record.position().map_or(next, csv::Position::line);
            tally.add(&record, line, limits)?;
        }
    }

    /// Number of baskets counted; empty lines are skipped.
    #[must_use]
    pub fn basket_count(&self) -> usize {
        self.baskets
    }

    /// Number of distinct articles counted.
    #[must_use]
    pub fn article_count(&self) -> usize {
        self.counts.len()
    }

    /// Number of baskets that hold an article; 0 for an unknown one.
    #[must_use]
    pub fn count(&self, sku: &Sku) -> u32 {
        self.counts.get(sku).copied().unwrap_or_default()
    }

    /// Rules X → Y of article X, strongest first; empty for an unknown article.
    #[must_use]
    pub fn rules(&self, sku: &Sku) -> &[Rule] {
        self.rules.get(sku).map_or(&[], Vec::as_slice)
    }
}

/// Counters of a file being read; articles are numbered in order of first appearance.
#[derive(Default)]
struct PairCounter {
    baskets: usize,
    numbers: HashMap<Sku, u32>,
    counts: Vec<u32>,
    pairs: HashMap<(u32, u32), u32>,
}

impl PairCounter {
    fn add(
        &mut self,
        record: &StringRecord,
        line: u64,
        limits: &BasketLimits,
    ) -> Result<(), BasketError> {
        let too_many = |what, limit| BasketError::TooMany { line, what, limit };
        let mut basket = Vec::new();
        for article in record.iter().filter(|article| !article.is_empty()) {
            let sku = Sku::new(article).map_err(|cause| BasketError::Article { line, cause })?;
            let number = self.number(sku, limits.articles_max);
            basket.push(number.ok_or_else(|| too_many("articles", limits.articles_max))?);
        }
        basket.sort_unstable();
        basket.dedup();
        if basket.is_empty() {
            return Ok(());
        }
        if basket.len() > limits.basket_articles_max {
            return Err(too_many("articles in one basket", limits.basket_articles_max));
        }
        if self.baskets == limits.baskets_max {
            return Err(too_many("baskets", limits.baskets_max));
        }
        self.baskets += 1;
        for (index, first) in basket.iter().enumerate() {
            self.counts[*first as usize] += 1;
            for second in &basket[index + 1..] {
                *self.pairs.entry((*first, *second)).or_default() += 1;
            }
        }
        if self.pairs.len() > limits.pairs_max {
            return Err(too_many("pairs", limits.pairs_max));
        }
        Ok(())
    }

    /// Number of an article, new or known; `None` if it would exceed `articles_max`.
    fn number(&mut self, sku: Sku, articles_max: usize) -> Option<u32> {
        if let Some(number) = self.numbers.get(&sku) {
            return Some(*number);
        }
        let number = u32::try_from(self.counts.len()).ok()?;
        if self.counts.len() == articles_max {
            return None;
        }
        self.counts.push(0);
        self.numbers.insert(sku, number);
        Some(number)
    }

    fn finish(self, rules_max: usize) -> Baskets {
        let mut skus: Vec<(u32, Sku)> =
            self.numbers.iter().map(|(sku, number)| (*number, sku.clone())).collect();
        skus.sort_unstable();
        let sku = |number: u32| skus[number as usize].1.clone();
        let mut rules: HashMap<Sku, Vec<Rule>> = HashMap::new();
        for ((first, second), together) in &self.pairs {
            for (from, to) in [(*first, *second), (*second, *first)] {
                let rule = self.rule(from, to, *together, sku(to));
                rules.entry(sku(from)).or_default().push(rule);
            }
        }
        for found in rules.values_mut() {
            found.sort_by(|a, b| {
                let strength = b.confidence.total_cmp(&a.confidence);
                strength.then(b.lift.total_cmp(&a.lift)).then_with(|| a.sku.cmp(&b.sku))
            });
            found.truncate(rules_max);
            found.shrink_to_fit();
        }
        let counts = self.numbers.iter();
        let counts =
            counts.map(|(sku, number)| (sku.clone(), self.counts[*number as usize])).collect();
        Baskets { baskets: self.baskets, counts, rules }
    }

    #[expect(clippy::cast_precision_loss, reason = "basket counts are far below 2^52")]
    fn rule(&self, from: u32, to: u32, together: u32, sku: Sku) -> Rule {
        let baskets = self.baskets as f64;
        let with = |number: u32| f64::from(self.counts[number as usize]);
        let both = f64::from(together);
        Rule {
            sku,
            together,
            support: both / baskets,
            confidence: both / with(from),
            lift: both * baskets / (with(from) * with(to)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn limits() -> BasketLimits {
        BasketLimits {
            file_bytes_max: 1 << 20,
            baskets_max: 20_000,
            basket_articles_max: 50,
            articles_max: 1_000,
            pairs_max: 100_000,
            rules_max: 20,
        }
    }

    fn sku(text: &str) -> Sku {
        Sku::new(text).unwrap()
    }

    fn fault(text: &str, limits: &BasketLimits) -> String {
        Baskets::parse(text.as_bytes(), limits).map(|_| ()).unwrap_err().to_string()
    }

    #[test]
    fn support_confidence_and_lift_match_their_definitions() {
        let text = "shoe,sock\nshoe, sock ,gel\nshoe\nmat\n\nmat,mat\n";
        let baskets = Baskets::parse(text.as_bytes(), &limits()).unwrap();
        assert_eq!((baskets.basket_count(), baskets.article_count()), (5, 4));
        assert_eq!(baskets.count(&sku("mat")), 2);
        let rules = baskets.rules(&sku("shoe"));
        assert_eq!(rules.len(), 2);
        assert_eq!((rules[0].sku.as_str(), rules[0].together), ("sock", 2));
        assert!((rules[0].support - 0.4).abs() < 1e-12);
        assert!((rules[0].confidence - 2.0 / 3.0).abs() < 1e-12);
        assert!((rules[0].lift - 5.0 / 3.0).abs() < 1e-12);
        assert!(baskets.rules(&sku("mat")).is_empty() && baskets.rules(&sku("tent")).is_empty());
    }

    #[test]
    fn faults_name_their_line() {
        assert!(fault("a,b\na\u{1}b,c\n", &limits()).starts_with("basket file, line 2: article"));
        let long = format!("a\nb\n{}\n", "x".repeat(300));
        assert!(fault(&long, &limits()).starts_with("basket file, line 3: article has 300 bytes"));
        let error = Baskets::parse(b"a,b\n\xff\xfe,c\n", &limits()).map(|_| ()).unwrap_err();
        assert!(error.to_string().starts_with("basket file, line 2: malformed"));
        let limit = |change: fn(&mut BasketLimits)| {
            let mut limits = limits();
            change(&mut limits);
            fault("a,b\nc,d,e\nf,g,h,i\n", &limits)
        };
        assert_eq!(limit(|l| l.baskets_max = 2), "basket file, line 3: more than 2 baskets");
        assert_eq!(limit(|l| l.articles_max = 4), "basket file, line 2: more than 4 articles");
        assert_eq!(
            limit(|l| l.basket_articles_max = 2),
            "basket file, line 2: more than 2 articles in one basket"
        );
        assert_eq!(limit(|l| l.pairs_max = 3), "basket file, line 2: more than 3 pairs");
        assert_eq!(limit(|l| l.file_bytes_max = 3), "basket file has more than 3 bytes, the limit");
    }

    #[test]
    fn an_empty_file_has_no_rules() {
        let baskets = Baskets::parse(b"\n \n,,\n", &limits()).unwrap();
        assert_eq!(baskets.basket_count(), 0);
    }

    /// Baskets with the published counts of the set "Groceries" (9,835 baskets, 169 articles):
    /// whole milk is in a quarter of them, and "root vegetables → other vegetables" has a lift of
    /// 2.25. The other 166 articles are in the baskets that hold none of the three.
    ///
    /// Source: Hahsler, Hornik and Reutterer 2006, the R package `arules`.
    fn groceries() -> String {
        let counts = [
            (228, "whole milk,other vegetables,root vegetables"),
            (508, "whole milk,other vegetables"),
            (253, "whole milk,root vegetables"),
            (1_524, "whole milk"),
            (238, "other vegetables,root vegetables"),
            (929, "other vegetables"),
            (353, "root vegetables"),
        ];
        let mut lines: Vec<String> =
            counts.iter().flat_map(|(count, line)| vec![(*line).to_owned(); *count]).collect();
        let rest = 9_835 - lines.len();
        lines.extend((0..rest).map(|at| format!("article {}", at % 166)));
        lines.join("\n")
    }

    #[test]
    fn a_file_as_large_as_the_public_grocery_baskets_gives_its_published_figures() {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), groceries()).unwrap();
        let baskets = Baskets::open(file.path(), &limits()).unwrap();
        assert_eq!((baskets.basket_count(), baskets.article_count()), (9_835, 169));
        assert_eq!(baskets.count(&sku("whole milk")), 2_513);
        assert_eq!(baskets.count(&sku("root vegetables")), 1_072);
        assert_eq!(baskets.count(&sku("other vegetables")), 1_903);
        let rules = baskets.rules(&sku("root vegetables"));
        let rule = rules.iter().find(|rule| rule.sku.as_str() == "other vegetables").unwrap();
        assert_eq!(rule.together, 466);
        assert!((rule.lift - 2.2466).abs() < 1e-3, "{}", rule.lift);
    }

    proptest! {
        #[test]
        fn rules_keep_their_bounds(
            rows in prop::collection::vec(prop::collection::vec(0..9_u8, 0..6), 0..40),
        ) {
            let lines: Vec<String> = rows
                .iter()
                .map(|row| row.iter().map(|n| format!("s{n}")).collect::<Vec<_>>().join(","))
                .collect();
            let baskets = Baskets::parse(lines.join("\n").as_bytes(), &limits()).unwrap();
            for number in 0..9 {
                let from = sku(&format!("s{number}"));
                for rule in baskets.rules(&from) {
                    prop_assert!(rule.sku != from);
                    prop_assert!(rule.support > 0.0 && rule.support <= rule.confidence);
                    prop_assert!(rule.confidence <= 1.0 && rule.lift > 0.0);
                    let back = baskets.rules(&rule.sku).iter().find(|back| back.sku == from);
                    let back = back.map(|back| back.lift).unwrap_or_default();
                    prop_assert!((back - rule.lift).abs() < 1e-9);
                }
            }
        }
    }
}
