//! The shop's own texts on matters that are not products: deliveries, returns, opening hours.

use crate::locale::Locales;
use crate::reader::cues::Cue;
use crate::reader::tokens::TokenKind;
use crate::reader::tokens::fold;
use crate::reader::tokens::tokenize;
use crate::shop::Language;
use crate::shop::Localized;
use rust_stemmers::Algorithm;
use rust_stemmers::Stemmer;
use serde::Deserialize;
use std::collections::BTreeMap;
use std::collections::BTreeSet;
use std::collections::HashMap;

/// Most topics in one file.
const TOPICS_MAX: usize = 256;

/// Why a policies file cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum PolicyError {
    /// The file is not of the expected form.
    #[error("line {line}, column {column}: {reason}")]
    Syntax {
        /// From 1.
        line: usize,
        /// From 1.
        column: usize,
        /// What was found and what is allowed.
        reason: String,
    },
    /// The file has too many topics.
    #[error("{topics} topics, limit is {TOPICS_MAX}")]
    TooMany {
        /// Number found.
        topics: usize,
    },
}

/// What a hit of a topic's own words is worth, for each word.
const WORDS_SCORE: f32 = 2.0;

/// What a phrase is worth that only names the matter.
const NAMED_SCORE: f32 = 1.0;

/// What a stem of a topic's label is worth.
const LABEL_SCORE: f32 = 1.0;

/// What a stem of a topic's text is worth, before its rarity.
const TEXT_SCORE: f32 = 0.4;

/// What a number of a topic's text is worth.
const NUMBER_SCORE: f32 = 0.5;

/// What a condition that was asked is worth to a topic about it.
const CONDITION_SCORE: f32 = 4.0;

/// What a topic loses for a condition that was not asked.
const UNASKED_LOSS: f32 = 1.5;

/// What a topic for special cases loses if none of its own words was said.
const UNSAID_LOSS: f32 = 2.5;

/// What the matter that a topic is mostly about is worth.
const FIRST_SCORE: f32 = 1.5;

/// What the topic answered last is worth to a question that it answers as well.
const LAST_SCORE: f32 = 2.5;

/// What a text that states a number of days is worth to a question on a time.
const TIME_SCORE: f32 = 1.5;

/// Least score of a topic found without an intent.
const FREE_SCORE_MIN: f32 = 2.0;

/// Rarity of a word that at most two of the shop's texts hold.
const RARE_MIN: f32 = 0.5;

/// Fewest letters of a stem that stands for a topic's own word: "portes" is not "Porto".
const INFLECTED_LETTERS_MIN: usize = 5;

/// Fewest letters of a word that is compared by its stem.
const STEM_LETTERS_MIN: usize = 4;

type Texts = BTreeMap<String, String>;
type WordLists = BTreeMap<String, Vec<String>>;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct PoliciesFile {
    #[serde(default, rename = "policy")]
    topics: Vec<TopicEntry>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct TopicEntry {
    id: String,
    intents: Vec<String>,
    #[serde(default)]
    words: WordLists,
    label: Texts,
    text: Texts,
}

/// One topic of the shop.
#[derive(Debug, Clone)]
pub struct Topic {
    /// Stable name, such as `returns`.
    pub id: String,
    /// Intents that it answers.
    pub intents: Vec<String>,
    /// Words that select it where several share an intent.
    pub words: Localized<Vec<String>>,
    /// What it is called.
    pub label: Localized<String>,
    /// The text, in whole sentences.
    pub text: Localized<String>,
}

/// A question on the shop's matters.
#[derive(Debug, Clone, Copy, Default)]
pub struct TopicQuery<'a> {
    /// The customer's words.
    pub text: &'a str,
    /// A country other than the shop's was named.
    pub abroad: bool,
    /// A fast delivery was asked for.
    pub express: bool,
    /// Collection in a store was asked for.
    pub pickup: bool,
    /// Something used or worn was spoken of.
    pub worn: bool,
    /// A place was asked for.
    pub place: bool,
    /// Opening hours were asked for.
    pub opening: bool,
    /// A time was asked for.
    pub how_long: bool,
    /// The topic answered last, if the question goes on with its matter.
    pub last: Option<&'a str>,
}

/// A topic's words, ready for comparison.
#[derive(Debug, Clone, Default)]
struct Profile {
    phrases: Vec<String>,
    words: BTreeSet<String>,
    label: BTreeSet<String>,
    text: BTreeSet<String>,
    numbers: BTreeSet<String>,
}

/// All topics of a shop.
#[derive(Debug, Clone, Default)]
pub struct Policies {
    topics: Vec<Topic>,
    profiles: Vec<Profile>,
    rarity: HashMap<String, f32>,
}

impl Policies {
    /// Parses a policies file.
    ///
    /// # Errors
    /// If it is malformed or too large; the message names the line.
    pub fn parse(text: &str) -> Result<Self, PolicyError> {
        let file: PoliciesFile = toml::from_str(text).map_err(|cause| {
            let at = cause.span().map_or(0, |span| span.start);
            let before = text.get(..at).unwrap_or(text);
            let line = before.matches('\n').count() + 1;
            let column = before.rsplit('\n').next().unwrap_or_default().chars().count() + 1;
            PolicyError::Syntax { line, column, reason: cause.message().to_owned() }
        })?;
        if file.topics.len() > TOPICS_MAX {
            return Err(PolicyError::TooMany { topics: file.topics.len() });
        }
        let topics = file.topics.into_iter().map(|entry| Topic {
            id: entry.id,
            intents: entry.intents,
            words: by_language(entry.words),
            label: by_language(entry.label),
            text: by_language(entry.text),
        });
        let topics: Vec<Topic> = topics.collect();
        let profiles: Vec<Profile> = topics.iter().map(Profile::of).collect();
        let mut rarity: HashMap<String, f32> = HashMap::new();
        for stem in profiles.iter().flat_map(|profile| &profile.text) {
            *rarity.entry(stem.clone()).or_default() += 1.0;
        }
        rarity.values_mut().for_each(|topics| *topics = 1.0 / *topics);
        Ok(Self { topics, profiles, rarity })
    }

    /// All topics, in the order of the file.
    #[must_use]
    pub fn topics(&self) -> &[Topic] {
        &self.topics
    }

    /// Looks up a topic.
    #[must_use]
    pub fn get(&self, id: &str) -> Option<&Topic> {
        self.topics.iter().find(|topic| topic.id == id)
    }

    /// The topics that answer an intent, in the order of the file.
    pub fn of_intent<'a>(&'a self, intent: &'a str) -> impl Iterator<Item = &'a Topic> {
        self.topics.iter().filter(move |topic| topic.intents.iter().any(|label| label == intent))
    }
}

impl Policies {
    /// Whether a question holds a word that the texts on a matter have to themselves.
    #[must_use]
    pub fn speaks_of(&self, intent: &str, text: &str, locales: &Locales) -> bool {
        let said = Profile::said(text, locales);
        let topics = self.topics.iter().zip(&self.profiles);
        let mut own = topics.filter(|(topic, _)| topic.intents.iter().any(|one| one == intent));
        own.any(|(_, profile)| {
            let mut shared = profile.text.intersection(&said.text);
            shared.any(|stem| self.rarity.get(stem).is_some_and(|rarity| *rarity >= RARE_MIN))
        })
    }

    /// The topics whose own words a question holds, in this or another form.
    pub fn said<'a>(
        &'a self,
        text: &str,
        locales: &Locales,
    ) -> impl Iterator<Item = &'a Topic> + use<'a> {
        let said = Profile::said(text, locales);
        let joined = format!(" {} ", plain_words(text).join(" "));
        let all = self.topics.iter().zip(&self.profiles);
        all.filter(move |(_, profile)| profile.is_said(&said, &joined)).map(|(topic, _)| topic)
    }

    /// The topics that answer a question, best first, with their scores. With an intent, all of
    /// its topics; without one, those whose own words or label the question holds.
    #[must_use]
    pub fn select(
        &self,
        intent: Option<&str>,
        query: &TopicQuery<'_>,
        locales: &Locales,
    ) -> Vec<(String, f32)> {
        let said = Profile::said(query.text, locales);
        let joined = format!(" {} ", plain_words(query.text).join(" "));
        let mut found: Vec<(String, f32)> = Vec::new();
        // "and do you sharpen knives?", after their care: another text has the very words.
        let mut all = self.topics.iter().zip(&self.profiles);
        let leaves = all.any(|(topic, profile)| {
            let listed = topic.intents.iter().any(|one| Some(one.as_str()) == intent);
            let last = query.last == Some(topic.id.as_str());
            listed && !last && profile.is_said(&said, &joined)
        });
        for (topic, profile) in self.topics.iter().zip(&self.profiles) {
            let listed = intent.is_some_and(|label| topic.intents.iter().any(|one| one == label));
            if intent.is_some() && !listed {
                continue;
            }
            // Words of a text under several intents may only say which of them is meant.
            let several = topic.intents.len() > 1;
            let named = intent.map(|label| (if several { label } else { "" }, locales));
            let mut score = self.overlap(profile, &said, &joined, named);
            if query.how_long && states_time(topic, locales) {
                score += TIME_SCORE;
            }
            if intent.is_some() {
                score += conditions(topic, profile, query, locales);
                let special = !profile.phrases.is_empty();
                // "does the estimate cost anything?", of the text that spoke of it.
                let last = query.last == Some(topic.id.as_str());
                let shares = profile.text.intersection(&said.text).next().is_some();
                if last && !leaves && query.how_long && states_time(topic, locales) {
                    score += LAST_SCORE;
                } else if last && shares {
                    score += FIRST_SCORE;
                }
                if special && !last && !profile.is_said(&said, &joined) {
                    score -= UNSAID_LOSS;
                }
            } else if score < FREE_SCORE_MIN {
                continue;
            }
            // The first intent of a topic is what it is mostly about.
            let first = topic.intents.first().map(String::as_str) == intent;
            found.push((topic.id.clone(), if first { score + FIRST_SCORE } else { score }));
        }
        found.sort_by(|a, b| b.1.total_cmp(&a.1));
        found
    }

    fn overlap(
        &self,
        profile: &Profile,
        said: &Profile,
        joined: &str,
        intent: Option<(&str, &Locales)>,
    ) -> f32 {
        let phrases = profile.phrases.iter().filter(|phrase| joined.contains(phrase.as_str()));
        // "pick it up" only names the matter, and "how long" asks of all its texts: both tell
        // little of which one.
        let tells = |phrase: &&String| {
            let names = |(label, locales): (&str, &Locales)| {
                locales.iter().any(|locale| {
                    let cues = &locale.cues;
                    cues.names_topic(phrase, label) || cues.says(phrase, Cue::HowLong)
                })
            };
            !intent.is_some_and(names)
        };
        let named = if phrases.clone().next().is_some() { NAMED_SCORE } else { 0.0 };
        let phrases = phrases.filter(tells);
        let words = phrases.map(|phrase| phrase.split_whitespace().count()).max();
        // "vous réparez" says the shop's word "réparer" in another form.
        let inflected = usize::from(profile.words.intersection(&said.words).next().is_some());
        let words = words.unwrap_or(0).max(inflected);
        let labels = profile.label.intersection(&said.text).count();
        let texts = profile.text.intersection(&said.text);
        let texts: f32 = texts.filter_map(|stem| self.rarity.get(stem)).sum();
        let numbers = profile.numbers.intersection(&said.numbers).count();
        (WORDS_SCORE * small(words)).max(named)
            + LABEL_SCORE * small(labels)
            + TEXT_SCORE * texts
            + NUMBER_SCORE * small(numbers)
    }
}

/// A small count as a factor.
fn small(count: usize) -> f32 {
    u16::try_from(count).map_or(f32::from(u16::MAX), f32::from)
}

/// Whether a topic's text states a figure with a unit: "2 to 4 days".
fn states_time(topic: &Topic, locales: &Locales) -> bool {
    topic.text.iter().any(|(language, text)| {
        let cues = &locales.get(language).cues;
        let tokens = tokenize(text, &HashMap::new());
        tokens.windows(2).any(|pair| {
            pair[0].kind == TokenKind::Number
                && pair[1].text.chars().count() > 2
                && cues.says(&pair[1].text, Cue::Unit)
        })
    })
}

/// What the conditions of a question are worth to a topic.
fn conditions(topic: &Topic, profile: &Profile, query: &TopicQuery<'_>, locales: &Locales) -> f32 {
    let mut score = 0.0;
    for (cue, asked) in [
        (Cue::Abroad, query.abroad),
        (Cue::Express, query.express),
        (Cue::Pickup, query.pickup),
        (Cue::Worn, query.worn),
        (Cue::Where, query.place),
        (Cue::Opening, query.opening),
    ] {
        let texts = topic.label.iter().map(|(_, text)| text);
        let about = topic.id.split('_').chain(profile.phrases.iter().map(|one| one.trim()));
        let mut about = about.chain(texts.map(String::as_str));
        if about.any(|text| locales.iter().any(|locale| locale.cues.says(text, cue))) {
            score += if asked { CONDITION_SCORE } else { -UNASKED_LOSS };
        } else if cue == Cue::Worn && asked && profile.text.iter().any(|stem| stem == "unus") {
            score += LABEL_SCORE;
        }
    }
    score
}

/// Folded words.
fn plain_words(text: &str) -> Vec<String> {
    let tokens = tokenize(text, &HashMap::new()).into_iter();
    tokens.map(|token| token.text).filter(|word| word.chars().any(char::is_alphanumeric)).collect()
}

/// The stemming rules of a language; `None` where there are none.
fn algorithm(language: Language) -> Option<Algorithm> {
    match language.code() {
        "en" => Some(Algorithm::English),
        "fr" => Some(Algorithm::French),
        "de" => Some(Algorithm::German),
        "es" => Some(Algorithm::Spanish),
        "it" => Some(Algorithm::Italian),
        "pt" => Some(Algorithm::Portuguese),
        _ => None,
    }
}

/// All stems of the words of a text that are long enough to say something.
fn stems(text: &str, languages: &[Language]) -> BTreeSet<String> {
    let stemmers: Vec<Stemmer> =
        languages.iter().filter_map(|one| algorithm(*one)).map(Stemmer::create).collect();
    let words = plain_words(text).into_iter();
    let long = words.filter(|word| word.chars().count() >= STEM_LETTERS_MIN);
    let mut found = BTreeSet::new();
    for word in long {
        for stemmer in &stemmers {
            found.insert(fold(&stemmer.stem(&word)));
        }
    }
    found
}

/// The stems of words in a language, each with its language: a word of another one may have the
/// same.
fn inflected(text: &str, language: Language) -> BTreeSet<String> {
    let long = |stem: &String| stem.chars().count() >= INFLECTED_LETTERS_MIN;
    let found = stems(text, &[language]).into_iter().filter(long);
    found.map(|stem| format!("{language} {stem}")).collect()
}

impl Profile {
    fn of(topic: &Topic) -> Self {
        let mut profile = Self::default();
        for (language, phrases) in topic.words.iter() {
            let single = phrases.iter().filter(|phrase| !phrase.trim().contains(' '));
            profile.words.extend(single.flat_map(|word| inflected(word, language)));
            let folded = phrases.iter().map(|phrase| plain_words(phrase).join(" "));
            profile.phrases.extend(folded.map(|phrase| format!(" {phrase} ")));
        }
        for (language, label) in topic.label.iter() {
            profile.label.extend(stems(label, &[language]));
        }
        for (language, text) in topic.text.iter() {
            profile.text.extend(stems(text, &[language]));
            profile.numbers.extend(numbers(text));
        }
        profile
    }

    /// Whether a text holds one of the topic's own words or phrases.
    fn is_said(&self, said: &Self, joined: &str) -> bool {
        self.phrases.iter().any(|phrase| joined.contains(phrase.as_str()))
            || self.words.intersection(&said.words).next().is_some()
    }

    /// The words of a customer that carry content in every language, stemmed by the rules of all
    /// languages that have some.
    fn said(text: &str, locales: &Locales) -> Self {
        let all =
            [Language::EN, Language::FR, Language::DE, Language::ES, Language::IT, Language::PT];
        let filler = |word: &String| locales.iter().any(|locale| locale.cues.is_filler(word));
        let words: Vec<String> =
            plain_words(text).into_iter().filter(|word| !filler(word)).collect();
        let words = words.join(" ");
        Self {
            words: all.iter().flat_map(|language| inflected(&words, *language)).collect(),
            text: stems(&words, &all),
            numbers: numbers(text),
            ..Self::default()
        }
    }
}

/// The numbers of a text.
fn numbers(text: &str) -> BTreeSet<String> {
    plain_words(text)
        .into_iter()
        .filter(|word| word.starts_with(|c: char| c.is_ascii_digit()))
        .collect()
}

fn by_language<T>(entries: BTreeMap<String, T>) -> Localized<T> {
    let mut found = Localized::default();
    for (tag, value) in entries {
        if let Some(language) = Language::from_locale(&tag) {
            found.insert(language, value);
        }
    }
    found
}
