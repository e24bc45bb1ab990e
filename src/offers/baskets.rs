//! Association rules: counts pairs of articles in past baskets and derives rules from them.
//!
//! The file has one basket per line: articles separated by commas, semicolons or tabs, quoted where
//! needed. Spaces around an article and repeats within a basket are ignored. Counts are exact: a
//! file over a limit is refused, not sampled.
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

use std::collections::HashMap;
use std::path::Path;
use std::path::PathBuf;
use vitrine_base::ids::IdError;
use vitrine_base::ids::Sku;
use vitrine_base::table::Row;
use vitrine_base::table::RowFault;
use vitrine_base::table::Rows;
use vitrine_base::text_file;
use vitrine_base::text_file::TextFileError;

/// Parts of words that the header of a basket file has, and codes of articles seldom have.
const HEADER_WORDS: [&str; 10] = [
    "sku", "article", "product", "produit", "item", "code", "basket", "panier", "order", "commande",
];

/// Most unknown articles named in a message.
const EXAMPLES_MAX: usize = 3;

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
    /// The file cannot be read or is not text.
    #[error(transparent)]
    File(#[from] TextFileError),
    /// A file cannot be used, for the reason in `fault`.
    #[error("{}: {fault}", path.display())]
    In {
        /// Path of the file.
        path: PathBuf,
        /// What is wrong with it.
        fault: Box<BasketError>,
    },
    /// The quotes of a line do not match.
    #[error("{0}")]
    Malformed(#[from] RowFault),
    /// An article is not a valid id.
    #[error("line {line}, field {field}: article {cause}")]
    Article {
        /// Line number, from 1.
        line: usize,
        /// Number of the field in its line, from 1.
        field: usize,
        /// Why the article is refused.
        cause: IdError,
    },
    /// A count is over its limit.
    #[error("line {line}: more than {limit} {what}")]
    TooMany {
        /// Line number, from 1.
        line: usize,
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

/// How a file of baskets was read, to explain why it gives few rules or none.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BasketSource {
    /// Separator of the fields.
    pub separator: char,
    /// Baskets with two articles or more.
    pub pairs_in: usize,
    /// Distinct articles that the shop does not sell.
    pub unknown: usize,
    /// Some of them, each with its first line, such as `XYZ-1 (line 3)`.
    pub unknown_examples: Vec<String>,
}

impl Default for BasketSource {
    fn default() -> Self {
        Self { separator: ',', pairs_in: 0, unknown: 0, unknown_examples: Vec::new() }
    }
}

/// Finds the sku that a code in a basket file means; `None` if the shop does not sell it.
pub type FindSku<'a> = &'a dyn Fn(&str) -> Option<Sku>;

/// Association rules counted from past baskets.
#[derive(Debug, Clone, Default)]
pub struct Baskets {
    baskets: usize,
    counts: HashMap<Sku, u32>,
    rules: HashMap<Sku, Vec<Rule>>,
    source: BasketSource,
}

impl Baskets {
    /// A set without baskets and rules.
    #[must_use]
    pub fn empty() -> Self {
        Self::default()
    }

    /// Reads a basket file and counts its pairs. The articles are taken as they are written.
    ///
    /// # Errors
    /// If it cannot be read, has a malformed line or exceeds a limit; the error holds the file and
    /// the line.
    pub fn open(path: &Path, limits: &BasketLimits) -> Result<Self, BasketError> {
        Self::open_for(path, limits, None)
    }

    /// As [`Self::open`], for the products of a shop: its skus are recognised whatever their letter
    /// case, and a header line is skipped.
    ///
    /// # Errors
    /// As for [`Self::open`].
    pub fn open_for(
        path: &Path,
        limits: &BasketLimits,
        find: Option<FindSku<'_>>,
    ) -> Result<Self, BasketError> {
        let text = text_file::read(path, limits.file_bytes_max)?;
        let in_file = |fault| BasketError::In { path: path.to_owned(), fault: Box::new(fault) };
        Self::parse(&text, limits, find).map_err(in_file)
    }

    /// Parses the text of a basket file and counts its pairs, as [`Self::open_for`] does.
    ///
    /// # Errors
    /// If a line is malformed or a limit is exceeded; the error holds the line.
    pub fn parse(
        text: &str,
        limits: &BasketLimits,
        find: Option<FindSku<'_>>,
    ) -> Result<Self, BasketError> {
        let rows = Rows::new(text);
        let separator = rows.separator();
        let mut tally = PairCounter::default();
        for (index, row) in rows.enumerate() {
            let row = row?;
            if index == 0 && find.is_some_and(|find| is_header(&row, find)) {
                continue;
            }
            tally.add(&row, limits, find)?;
        }
        Ok(tally.finish(limits.rules_max, separator))
    }

    /// How the file was read.
    #[must_use]
    pub fn source(&self) -> &BasketSource {
        &self.source
    }

    /// All rules, with the articles that they start from.
    pub fn all_rules(&self) -> impl Iterator<Item = (&Sku, &Rule)> {
        self.rules.iter().flat_map(|(from, rules)| rules.iter().map(move |rule| (from, rule)))
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

/// Whether the first row names columns: it has no article of the shop, and a word that headers
/// have.
fn is_header(row: &Row<'_>, find: FindSku<'_>) -> bool {
    let names = |field: &str| {
        let name = field.to_lowercase();
        HEADER_WORDS.iter().any(|word| name.contains(word))
    };
    let fields = || row.fields.iter().map(AsRef::as_ref).filter(|field: &&str| !field.is_empty());
    fields().any(names) && !fields().any(|field| find(field).is_some())
}

/// Counters of a file being read; articles are numbered in order of first appearance.
#[derive(Default)]
struct PairCounter {
    baskets: usize,
    pairs_in: usize,
    unknown: usize,
    unknown_examples: Vec<String>,
    numbers: HashMap<Sku, u32>,
    counts: Vec<u32>,
    pairs: HashMap<(u32, u32), u32>,
}

impl PairCounter {
    fn add(
        &mut self,
        row: &Row<'_>,
        limits: &BasketLimits,
        find: Option<FindSku<'_>>,
    ) -> Result<(), BasketError> {
        let line = row.line;
        let too_many = |what, limit| BasketError::TooMany { line, what, limit };
        let mut basket = Vec::new();
        for (field, article) in (1..).zip(&row.fields) {
            if article.is_empty() {
                continue;
            }
            let sold = find.and_then(|find| find(article));
            let is_unknown = find.is_some() && sold.is_none();
            let sku = sold.map_or_else(|| Sku::new(article.as_ref()), Ok);
            let sku = sku.map_err(|cause| BasketError::Article { line, field, cause })?;
            let articles = self.counts.len();
            let number = self.number(sku, limits.articles_max);
            basket.push(number.ok_or_else(|| too_many("articles", limits.articles_max))?);
            if is_unknown && self.counts.len() > articles {
                self.unknown += 1;
                if self.unknown_examples.len() < EXAMPLES_MAX {
                    self.unknown_examples.push(format!("`{article}` (line {line})"));
                }
            }
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
        self.pairs_in += usize::from(basket.len() > 1);
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

    fn finish(self, rules_max: usize, separator: char) -> Baskets {
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
        let source = BasketSource {
            separator,
            pairs_in: self.pairs_in,
            unknown: self.unknown,
            unknown_examples: self.unknown_examples,
        };
        Baskets { baskets: self.baskets, counts, rules, source }
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
        Baskets::parse(text, limits, None).map(|_| ()).unwrap_err().to_string()
    }

    #[test]
    fn support_confidence_and_lift_match_their_definitions() {
        let text = "shoe,sock\nshoe, sock ,gel\nshoe\nmat\n\nmat,mat\n";
        let baskets = Baskets::parse(text, &limits(), None).unwrap();
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

    /// Reads a file's bytes for a shop that sells RUN-012, GEL-05 and SOCK-01.
    fn read(bytes: &[u8]) -> Result<Baskets, String> {
        let file = tempfile::Builder::new().suffix("baskets.csv").tempfile().unwrap();
        std::fs::write(file.path(), bytes).unwrap();
        let find = |code: &str| {
            let skus = ["RUN-012", "GEL-05", "SOCK-01"];
            skus.into_iter().find(|known| known.eq_ignore_ascii_case(code)).map(sku)
        };
        let read = Baskets::open_for(file.path(), &limits(), Some(&find));
        read.map_err(|error| error.to_string())
    }

    #[test]
    fn faults_name_their_line() {
        let control = fault("a,b\na\u{1}b,c\n", &limits());
        assert!(control.starts_with("line 2, field 1: article contains"), "{control}");
        let long = format!("a\nb\n\nc,{}\n", "x".repeat(300));
        assert!(fault(&long, &limits()).starts_with("line 4, field 2: article has 300 bytes"));
        assert!(fault("a,b\nc,\"d\n", &limits()).starts_with("line 2, column 3: the quote"));
        let limit = |change: fn(&mut BasketLimits)| {
            let mut limits = limits();
            change(&mut limits);
            fault("a,b\nc,d,e\nf,g,h,i\n", &limits)
        };
        assert_eq!(limit(|l| l.baskets_max = 2), "line 3: more than 2 baskets");
        assert_eq!(limit(|l| l.articles_max = 4), "line 2: more than 4 articles");
        let articles = limit(|l| l.basket_articles_max = 2);
        assert_eq!(articles, "line 2: more than 2 articles in one basket");
        assert_eq!(limit(|l| l.pairs_max = 3), "line 2: more than 3 pairs");
    }

    #[test]
    fn a_file_that_is_no_text_or_too_large_is_refused_by_name() {
        let refusal = read(b"RUN-012;GEL-05\nCaf\xe9;GEL-05").unwrap_err();
        assert!(refusal.contains("baskets.csv: line 2, column 4: byte 0xE9"), "{refusal}");
        let refusal = read(b"RUN-012;\"GEL-05").unwrap_err();
        assert!(refusal.contains("baskets.csv: line 1, column 9: the quote"), "{refusal}");
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), "a,b\n").unwrap();
        let small = BasketLimits { file_bytes_max: 3, ..limits() };
        let refusal = Baskets::open(file.path(), &small).unwrap_err().to_string();
        assert!(refusal.contains("more than 3 bytes"), "{refusal}");
    }

    #[test]
    fn a_file_is_read_as_windows_and_spreadsheets_save_it() {
        let plain = "RUN-012,GEL-05\nRUN-012,SOCK-01,GEL-05\nSOCK-01\n";
        let expected = read(plain.as_bytes()).unwrap();
        assert_eq!(expected.rules(&sku("RUN-012")).len(), 2);
        let excel = plain.replace(',', ";").replace('\n', ";;\r\n");
        let utf16 = [0xff, 0xfe].into_iter().chain(excel.encode_utf16().flat_map(u16::to_le_bytes));
        for bytes in [
            excel.clone().into_bytes(),
            format!("\u{feff}{excel}").into_bytes(),
            excel.to_lowercase().into_bytes(),
            excel.replace(';', "\t").into_bytes(),
            excel.replace("\r\n", "\r").into_bytes(),
            format!("sep=;\r\n{excel}").into_bytes(),
            format!("Article 1;Article 2;Article 3\r\n{excel}").into_bytes(),
            format!("{excel};;;\r\n\r\n").into_bytes(),
            utf16.collect(),
        ] {
            let found = read(&bytes).unwrap();
            let name = String::from_utf8_lossy(&bytes);
            assert_eq!(found.basket_count(), 3, "{name}");
            assert_eq!(found.source().unknown, 0, "{name}");
            assert_eq!(found.rules(&sku("RUN-012")), expected.rules(&sku("RUN-012")), "{name}");
        }
    }

    #[test]
    fn codes_that_the_shop_does_not_sell_are_counted_with_examples() {
        let baskets = read(b"RUN-012;A\nA;B\nC;D;A\n").unwrap();
        let source = baskets.source();
        assert_eq!((source.separator, source.pairs_in, source.unknown), (';', 3, 4));
        assert_eq!(source.unknown_examples, ["`A` (line 1)", "`B` (line 2)", "`C` (line 3)"]);
    }

    #[test]
    fn an_empty_file_has_no_rules() {
        let baskets = Baskets::parse("\n \n,,\n", &limits(), None).unwrap();
        assert_eq!(baskets.basket_count(), 0);
        assert_eq!(baskets.all_rules().count(), 0);
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
        fn any_file_is_read_or_refused_with_its_name_and_line(
            bytes in prop::collection::vec(
                prop_oneof![
                    Just(b','),
                    Just(b';'),
                    Just(b'"'),
                    Just(b'\n'),
                    Just(b'a'),
                    any::<u8>(),
                ],
                0..80,
            ),
        ) {
            if let Err(error) = read(&bytes) {
                prop_assert!(error.contains("baskets.csv: line "), "{}", error);
            }
        }

        #[test]
        fn rules_keep_their_bounds(
            rows in prop::collection::vec(prop::collection::vec(0..9_u8, 0..6), 0..40),
        ) {
            let lines: Vec<String> = rows
                .iter()
                .map(|row| row.iter().map(|n| format!("s{n}")).collect::<Vec<_>>().join(","))
                .collect();
            let baskets = Baskets::parse(&lines.join("\n"), &limits(), None).unwrap();
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
