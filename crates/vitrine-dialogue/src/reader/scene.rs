//! A message taken apart: tokens, phrases of the locale, words of the catalogue, numbers,
//! sentences. Every rule of the reader looks at one of these.

use super::contacts;
use super::cues::Cue;
use super::cues::Cues;
use super::cues::Hit;
use super::cues::Meaning;
use super::figure::Figure;
use super::input::ReaderInput;
use super::numbers;
use super::spelling::find_option;
use super::tokens::Token;
use super::tokens::TokenKind;
use super::tokens::fold;
use crate::command::Command;
use crate::command::Said;
use crate::locale::Locale;
use crate::shop::Language;
use crate::shop::Lookups;
use crate::shop::Mention;
use crate::shop::MentionTarget;
use crate::shop::Product;
use rust_decimal::Decimal;
use std::ops::Range;

/// Words of the catalogue in the message.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Seen {
    /// Their tokens.
    pub(crate) tokens: Range<usize>,
    /// What they can mean.
    pub(crate) targets: Vec<MentionTarget>,
    /// Certainty of the surest meaning: below 1 for misspelt words.
    pub(crate) exact: f32,
    /// Certainty that a product is named; 0 if none is.
    pub(crate) product: f32,
}

/// A sentence.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Sentence {
    /// Its tokens.
    pub(crate) tokens: Range<usize>,
    /// Whether it asks.
    pub(crate) question: bool,
    /// Its clauses, between commas and words such as "but".
    pub(crate) clauses: Vec<Range<usize>>,
}

/// A command found, and where.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Found {
    /// The tokens that it was read from.
    pub(crate) tokens: Range<usize>,
    /// The command.
    pub(crate) command: Command,
}

/// A message taken apart in one language.
#[derive(Debug)]
pub(crate) struct Scene<'a> {
    /// The message and its conversation.
    pub(crate) input: &'a ReaderInput<'a>,
    /// The locale's words.
    pub(crate) cues: &'a Cues,
    /// All tokens.
    pub(crate) tokens: Vec<Token>,
    /// Phrases of the locale.
    pub(crate) hits: Vec<Hit>,
    /// Words of the catalogue, in order.
    pub(crate) seen: Vec<Seen>,
    /// Numbers.
    pub(crate) figures: Vec<Figure>,
    /// Addresses, telephones and order numbers.
    pub(crate) contacts: Vec<contacts::Contact>,
    /// Tokens of `contacts`.
    pub(crate) taken: Vec<bool>,
    /// Sentences.
    pub(crate) sentences: Vec<Sentence>,
}

/// The words of the catalogue in a message, in its language. A shop without words in that language
/// is read in all of its own: brands and borrowed words are often the same.
pub(crate) fn mentions(input: &ReaderInput<'_>) -> Vec<Mention> {
    let mut languages: Vec<Language> = vec![input.language];
    if !input.catalog.languages().any(|language| language == input.language) {
        languages.extend(input.catalog.languages());
    }
    let found = input.catalog.mentions(input.text, &languages);
    let known = |mention: &Mention| mention.exact >= MENTION_EXACT_MIN;
    found.into_iter().filter(known).collect()
}

/// Certainty from which words count as the shop's.
const MENTION_EXACT_MIN: f32 = 0.7;

/// Certainty below which a word may be a misspelling of the shop's.
pub(crate) const SURE: f32 = 0.88;

/// Most sizes that one length can mean.
const LENGTHS_MAX: usize = 8;

/// Phrases that only answer or are polite, whatever words they hold.
pub(crate) const COURTESY: [Cue; 6] =
    [Cue::Greet, Cue::Bye, Cue::Thank, Cue::NoThanks, Cue::Yes, Cue::Fine];

impl<'a> Scene<'a> {
    /// Takes a message apart with the words of a locale; its numbers are read by `figures`.
    pub(crate) fn new(input: &'a ReaderInput<'a>, locale: &'a Locale, words: &[Mention]) -> Self {
        let cues = &locale.cues;
        let tokens = cues.tokens(input.text);
        let hits = cues.find(&tokens);
        let contacts = contacts::find(input, &tokens, &hits);
        let mut taken = vec![false; tokens.len()];
        for contact in &contacts {
            taken[contact.tokens.clone()].fill(true);
        }
        let seen = seen(words, &tokens);
        let mut scene = Self {
            input,
            cues,
            tokens,
            hits,
            seen,
            figures: Vec::new(),
            contacts,
            taken,
            sentences: Vec::new(),
        };
        scene.sentences = scene.split();
        scene
    }

    fn split(&self) -> Vec<Sentence> {
        let mut sentences = Vec::new();
        let mut start = 0;
        for at in 0..self.tokens.len() {
            let token = &self.tokens[at];
            let next = self.tokens.get(at + 1);
            let gap = next.and_then(|next| self.input.text.get(token.span.end..next.span.start));
            let line = gap.is_some_and(|gap| gap.contains('\n'));
            let end = matches!(&*token.text, "." | "!" | "?" | ";" | "…")
                && !next.is_some_and(|next| next.glued && next.kind != TokenKind::Sign);
            let last = next.is_none();
            if line || end || last {
                sentences.push(self.sentence(start..at + 1));
                start = at + 1;
            }
        }
        sentences.retain(|sentence| !sentence.tokens.is_empty());
        sentences
    }

    fn sentence(&self, tokens: Range<usize>) -> Sentence {
        let mark = self.tokens[tokens.clone()].iter().any(|token| token.text.contains('?'));
        let question = mark || self.has_question_words(&tokens);
        let mut clauses = Vec::new();
        let mut start = tokens.start;
        for at in tokens.clone() {
            let comma = matches!(&*self.tokens[at].text, "," | ":" | "-" | "(" | ")");
            let contrast =
                self.hits.iter().any(|hit| hit.is(Cue::Contrast) && hit.tokens.start == at);
            // "is it warm and do you deliver": a second question.
            let and = self.cues.joins_numbers(&self.tokens[at].text)
                && [Cue::Question, Cue::Want, Cue::Copula].iter().any(|cue| {
                    self.hits.iter().any(|hit| hit.is(*cue) && hit.tokens.start == at + 1)
                });
            if comma || contrast || and {
                clauses.push(start..at);
                start = if comma { at + 1 } else { at };
            }
        }
        clauses.push(start..tokens.end);
        clauses.retain(|clause| !clause.is_empty());
        Sentence { tokens, question, clauses }
    }

    /// The hits of a cue, in order.
    pub(crate) fn hits_of(&self, cue: Cue) -> impl Iterator<Item = &Hit> {
        self.hits.iter().filter(move |hit| hit.is(cue))
    }

    /// Whether the message has a cue anywhere.
    pub(crate) fn has(&self, cue: Cue) -> bool {
        self.hits_of(cue).next().is_some()
    }

    /// The first hit of a cue inside tokens.
    pub(crate) fn hit_in(&self, tokens: &Range<usize>, cue: Cue) -> Option<&Hit> {
        let inside = |hit: &&Hit| hit.tokens.start >= tokens.start && hit.tokens.end <= tokens.end;
        self.hits_of(cue).find(inside)
    }

    /// The nearest hit of a cue that ends at most `gap` words before a token.
    pub(crate) fn hit_before(&self, at: usize, cue: Cue, gap: usize) -> Option<&Hit> {
        let near = |hit: &&Hit| hit.tokens.end <= at && self.only_words(hit.tokens.end..at, gap);
        self.hits_of(cue).filter(near).last()
    }

    /// The nearest hit of a cue that starts at most `gap` words behind a token.
    pub(crate) fn hit_after(&self, at: usize, cue: Cue, gap: usize) -> Option<&Hit> {
        let near =
            |hit: &&Hit| hit.tokens.start >= at && self.only_words(at..hit.tokens.start, gap);
        self.hits_of(cue).find(near)
    }

    /// Whether a gap has at most so many tokens, words and currencies only.
    fn only_words(&self, gap: Range<usize>, most: usize) -> bool {
        let plain = |token: &Token| {
            token.kind == TokenKind::Word || matches!(&*token.text, "€" | "$" | "£" | ":" | "'")
        };
        gap.len() <= most && self.tokens[gap].iter().all(plain)
    }

    /// The clause that a token stands in.
    pub(crate) fn clause_of(&self, at: usize) -> Range<usize> {
        let mut clauses = self.sentences.iter().flat_map(|sentence| &sentence.clauses);
        clauses.find(|clause| clause.contains(&at)).cloned().unwrap_or(at..at + 1)
    }

    /// The sentence that a token stands in.
    pub(crate) fn sentence_of(&self, at: usize) -> Option<&Sentence> {
        self.sentences.iter().find(|sentence| sentence.tokens.contains(&at))
    }

    /// Whether the sentence of a token asks.
    pub(crate) fn asks_at(&self, at: usize) -> bool {
        self.sentence_of(at).is_some_and(|sentence| sentence.question)
    }

    /// The currency that a phrase at a token names, and the end of the phrase.
    pub(crate) fn currency_at(&self, at: usize) -> Option<(String, usize)> {
        self.hits.iter().find_map(|hit| match &hit.meaning {
            Meaning::Currency(code) if hit.tokens.start == at => {
                Some((code.clone(), hit.tokens.end))
            }
            _ => None,
        })
    }

    /// The unit at a token.
    pub(crate) fn unit_at(&self, at: usize) -> Option<Range<usize>> {
        let unit = |hit: &&Hit| hit.is(Cue::Unit) || matches!(hit.meaning, Meaning::Measure(_));
        let hit = self.hits.iter().filter(unit).find(|hit| hit.tokens.start == at)?;
        Some(hit.tokens.clone())
    }

    /// The option and its value for a number with a unit: "20 inch" is `20"`, "128 Go" is "128 GB".
    pub(crate) fn in_unit(&self, number: Decimal, unit: &Range<usize>) -> Option<(String, String)> {
        let symbol = self.hits.iter().find_map(|hit| match &hit.meaning {
            Meaning::Measure(symbol) if hit.tokens == *unit => Some(symbol.as_str()),
            _ => None,
        })?;
        let locales = self.input.locales;
        let same = |written: &str| {
            written == symbol
                || locales.iter().any(|locale| locale.cues.measure(written) == Some(symbol))
        };
        let start = numbers::plain(number);
        let fits = |rest: &str| !rest.is_empty() && same(&fold(rest));
        let all = || self.input.catalog.products().iter();
        let own = self.options_from(self.measurable().into_iter(), &start, fits);
        let found = own.into_iter().next();
        found.or_else(|| self.options_from(all(), &start, fits).into_iter().next())
    }

    /// Words of the catalogue that start at a token, articles skipped.
    pub(crate) fn mention_at(&self, at: usize) -> Option<&Seen> {
        let product = |seen: &&Seen| seen.targets.iter().any(MentionTarget::is_goods);
        let mut starts = at;
        while self.tokens.get(starts).is_some_and(|token| self.cues.is_skipped(&token.text))
            && starts < at + 2
        {
            starts += 1;
        }
        self.seen.iter().filter(product).find(|seen| (at..=starts).contains(&seen.tokens.start))
    }

    /// Whether the token right before is an article.
    pub(crate) fn is_skipped_at(&self, at: usize, back: usize) -> bool {
        let word = at.checked_sub(back).and_then(|before| self.tokens.get(before));
        word.is_some_and(|token| self.cues.is_skipped(&token.text))
    }

    /// The words of some tokens as the customer wrote them.
    pub(crate) fn text_of(&self, tokens: &Range<usize>) -> String {
        let inside = self.tokens.get(tokens.clone()).unwrap_or_default();
        let (Some(first), Some(last)) = (inside.first(), inside.last()) else {
            return String::new();
        };
        let end = last.span.end.max(first.span.end);
        self.input.text.get(first.span.start..end).unwrap_or_default().to_owned()
    }

    /// A command with its source.
    pub(crate) fn said(&self, found: Found) -> Said {
        let source = self.text_of(&found.tokens);
        Said { command: found.command, source }
    }

    /// Words that carry content: neither articles, pronouns, courtesy nor signs.
    pub(crate) fn content_words(&self) -> usize {
        self.content_words_outside(&(0..0))
    }

    /// The same, without those of some tokens.
    pub(crate) fn content_words_outside(&self, tokens: &Range<usize>) -> usize {
        let said = |(at, token): &(usize, &Token)| match token.kind {
            _ if tokens.contains(at) => false,
            TokenKind::Word => !self.cues.is_filler(&token.text),
            TokenKind::Number => true,
            TokenKind::Sign | TokenKind::Emoji => false,
        };
        self.tokens.iter().enumerate().filter(said).count()
    }

    /// Whether some product comes in this size, or one under discussion in this measure.
    pub(crate) fn is_size(&self, value: Decimal) -> bool {
        let known = |value| find_option(self.input.catalog, &numbers::plain(value)).is_some();
        let half = !value.fract().is_zero();
        known(value)
            || (half && value.fract() == Decimal::new(5, 1) && known(value.trunc()))
            || self.measured(value).is_some()
    }

    /// Whether the kind of product named at a token comes in this size.
    pub(crate) fn kind_has_size(&self, at: usize, value: Decimal) -> bool {
        let catalog = self.input.catalog;
        let written = numbers::plain(value);
        let kinds = self.mention_at(at).into_iter().flat_map(|seen| &seen.targets);
        let kinds: Vec<&String> = kinds
            .filter_map(|target| match target {
                MentionTarget::Category(id) => Some(id),
                _ => None,
            })
            .collect();
        let named = |category: &str| kinds.iter().any(|kind| catalog.is_within(category, kind));
        kinds.is_empty()
            || catalog.products().iter().filter(|product| named(&product.category)).any(|product| {
                product.variants.iter().any(|one| one.options.values().any(|v| *v == written))
            })
    }

    /// The products that a bare number may measure: those named, else the one under discussion,
    /// else those of the kind named or looked for.
    fn measurable(&self) -> Vec<&'a Product> {
        let catalog = self.input.catalog;
        let state = self.input.state;
        let targets = || self.seen.iter().flat_map(|seen| &seen.targets);
        let named: Vec<&Product> = targets()
            .filter_map(|target| match target {
                MentionTarget::Product(sku) => catalog.product(sku.as_str()),
                _ => None,
            })
            .collect();
        if !named.is_empty() {
            return named;
        }
        let mut kinds: Vec<&str> = targets()
            .filter_map(|target| match target {
                MentionTarget::Category(id) => Some(id.as_str()),
                _ => None,
            })
            .collect();
        let focus = state.focus.as_ref().and_then(|focus| catalog.product(&focus.sku));
        let goes_on = |product: &Product| {
            kinds.is_empty() || kinds.iter().any(|kind| catalog.is_within(&product.category, kind))
        };
        if let Some(product) = focus.filter(|product| goes_on(product)) {
            return vec![product];
        }
        let listed = state.last_shown.iter().filter_map(|sku| catalog.product(sku));
        let listed: Vec<&Product> = listed.collect();
        if kinds.is_empty() && !listed.is_empty() {
            return listed;
        }
        if kinds.is_empty() {
            kinds.extend(state.need.category.as_deref());
        }
        let of_kind = |product: &&Product| {
            kinds.iter().any(|kind| catalog.is_within(&product.category, kind))
        };
        catalog.products().iter().filter(of_kind).collect()
    }

    /// The option and its value that a bare number means by what is under discussion: "54" is
    /// "54 cm" of a frame, "256" is "256 GB" of a telephone.
    pub(crate) fn measured(&self, number: Decimal) -> Option<(String, String)> {
        let start = numbers::plain(number);
        self.options_from(self.measurable().into_iter(), &start, |rest| {
            let unit = |c: char| c.is_alphabetic() || matches!(c, '"' | '\'' | '″' | '”' | '%');
            !rest.is_empty() && rest.chars().all(unit)
        })
        .into_iter()
        .next()
    }

    /// Values of the product under discussion, or of its kind, that begin with this length:
    /// "90" means 90x190 and 90x200.
    pub(crate) fn beginning_with(&self, length: Decimal) -> Vec<(String, String)> {
        let start = numbers::plain(length);
        self.options_from(self.measurable().into_iter(), &start, |rest| {
            rest.starts_with(['x', 'X', '×'])
        })
    }

    /// Values of the products under discussion that are a number and a rest of some form.
    fn options_from<'p>(
        &self,
        products: impl Iterator<Item = &'p Product>,
        start: &str,
        fits: impl Fn(&str) -> bool,
    ) -> Vec<(String, String)> {
        let mut found: Vec<(String, String)> = Vec::new();
        for product in products {
            for (key, value) in product.variants.iter().flat_map(|one| &one.options) {
                let written = value.replace(',', ".");
                let rest = written.strip_prefix(start).map(str::trim_start);
                let known = || found.iter().any(|(_, other)| other == value);
                if rest.is_some_and(&fits) && found.len() < LENGTHS_MAX && !known() {
                    found.push((key.clone(), value.clone()));
                }
            }
        }
        found
    }

    /// The option and its value as the shop writes it, for a value as the customer wrote it.
    pub(crate) fn option_value(&self, written: &str) -> Option<(String, String)> {
        find_option(self.input.catalog, written)
    }

    /// Whether a product is under discussion or was shown.
    pub(crate) fn in_focus(&self) -> bool {
        self.input.state.focus.is_some() || !self.input.state.last_shown.is_empty()
    }

    /// Whether a hit of a topic or complaint stands in tokens.
    pub(crate) fn topic_in(&self, tokens: &Range<usize>) -> Option<&Hit> {
        let inside = |hit: &&Hit| {
            matches!(hit.meaning, Meaning::Topic(_))
                && hit.tokens.start >= tokens.start
                && hit.tokens.end <= tokens.end
        };
        self.hits.iter().find(inside)
    }
}

/// Groups mentions by their place.
fn seen(words: &[Mention], tokens: &[Token]) -> Vec<Seen> {
    let mut found: Vec<Seen> = Vec::new();
    for mention in words {
        let overlaps = |token: &Token| {
            token.span.start < mention.span.end && mention.span.start < token.span.end
        };
        let Some(start) = tokens.iter().position(overlaps) else { continue };
        let Some(last) = tokens.iter().rposition(overlaps) else { continue };
        let place = start..last + 1;
        let named = matches!(mention.target, MentionTarget::Product(_));
        let product = if named { mention.exact } else { 0.0 };
        match found.iter_mut().find(|seen| seen.tokens == place) {
            Some(seen) => {
                seen.targets.push(mention.target.clone());
                seen.exact = seen.exact.max(mention.exact);
                seen.product = seen.product.max(product);
            }
            None => found.push(Seen {
                tokens: place,
                targets: vec![mention.target.clone()],
                exact: mention.exact,
                product,
            }),
        }
    }
    found.sort_by_key(|seen| seen.tokens.start);
    found
}
