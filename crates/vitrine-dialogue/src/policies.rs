//! The shop's own texts on matters that are not products: deliveries, returns, opening hours.

use crate::locale::Locales;
use crate::reader::cues::Cue;
use crate::reader::tokens::TokenKind;
use crate::reader::tokens::tokenize;
use crate::shop::Language;
use crate::shop::Localized;
use crate::stems::inflected;
use crate::stems::numbers;
use crate::stems::plain_words;
use crate::stems::stems;
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

/// How many more words of a question a text on a better matter holds.
const BETTER_MIN: usize = 2;

/// Rarity of a word that at most two of the shop's texts hold.
const RARE_MIN: f32 = 0.5;

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

/// One of a topic's own words or phrases.
#[derive(Debug, Clone)]
struct Phrase {
    /// Folded, with a space on either side.
    text: String,
    /// Matters that it only names.
    names: BTreeSet<String>,
    /// Whether it asks for a time, which all texts of a matter may state.
    how_long: bool,
}

/// Conditions of questions by which topics are told apart.
const CONDITIONS: [Cue; 6] =
    [Cue::Abroad, Cue::Express, Cue::Pickup, Cue::Worn, Cue::Where, Cue::Opening];

/// A topic's words, ready for comparison. Whatever the locales say of them is looked up once, when
/// the file is read.
#[derive(Debug, Clone, Default)]
struct Profile {
    phrases: Vec<Phrase>,
    /// Those of [`CONDITIONS`] that the topic is about.
    about: Vec<Cue>,
    /// Whether the text of a language states a figure with a unit: "2 to 4 days".
    states_time: bool,
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
    /// Parses a policies file, whose words are looked up in the locales.
    ///
    /// # Errors
    /// If it is malformed or too large; the message names the line.
    pub fn parse(text: &str, locales: &Locales) -> Result<Self, PolicyError> {
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
        let profiles: Vec<Profile> =
            topics.iter().map(|topic| Profile::of(topic, locales)).collect();
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

    /// The text on another matter that holds several more words of a question than any text on this
    /// matter: "do you keep my card?" asks of payments, not of data.
    #[must_use]
    pub fn better(&self, intent: &str, text: &str, locales: &Locales) -> Option<&Topic> {
        let said = Profile::said(text, locales);
        let all = self.topics.iter().zip(&self.profiles);
        let shared = all.map(|(topic, profile)| {
            let own = topic.intents.iter().any(|one| one == intent);
            (topic, own, profile.text.intersection(&said.text).count())
        });
        let shared: Vec<(&Topic, bool, usize)> = shared.collect();
        let own = shared.iter().filter(|(_, own, _)| *own).map(|(_, _, count)| *count).max();
        let others = shared.into_iter().filter(|(_, own, _)| !own);
        let (topic, _, count) = others.max_by_key(|(_, _, count)| *count)?;
        (count >= own? + BETTER_MIN).then_some(topic)
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
            let named = intent.map(|label| if several { label } else { "" });
            let mut score = self.overlap(profile, &said, &joined, named);
            let states_time = query.how_long && profile.states_time;
            if states_time && intent.is_some() {
                score += TIME_SCORE;
            }
            if let Some(intent) = intent {
                let last = query.last == Some(topic.id.as_str());
                score += conditions(profile, intent, query, last && !leaves);
                let special = !profile.phrases.is_empty();
                // "does the estimate cost anything?", of the text that spoke of it.
                let shares = profile.text.intersection(&said.text).next().is_some();
                if last && !leaves && states_time {
                    score += LAST_SCORE;
                } else if last && shares {
                    score += FIRST_SCORE;
                } else if other_time(profile) && states_time && query.last.is_some() {
                    score += LAST_SCORE + TIME_SCORE + UNSAID_LOSS;
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

    fn overlap(&self, profile: &Profile, said: &Profile, joined: &str, label: Option<&str>) -> f32 {
        let phrases = profile.phrases.iter().filter(|phrase| joined.contains(&phrase.text));
        // "pick it up" only names the matter, and "how long" asks of all its texts: both tell
        // little of which one.
        let tells = |phrase: &&Phrase| {
            !phrase.how_long && !label.is_some_and(|label| phrase.names.contains(label))
        };
        let named = if phrases.clone().next().is_some() { NAMED_SCORE } else { 0.0 };
        let phrases = phrases.filter(tells);
        let words = phrases.map(|phrase| phrase.text.split_whitespace().count()).max();
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

/// Whether a text on a special case, under no condition, states a time: after the text on how soon
/// an order can be collected, "how long" asks for the one on how long it is kept.
fn other_time(profile: &Profile) -> bool {
    let place = [Cue::Pickup, Cue::Where, Cue::Opening];
    let free = profile.about.iter().all(|cue| place.contains(cue));
    profile.states_time && free && profile.phrases.iter().any(|phrase| phrase.how_long)
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

/// What the conditions of a question are worth to a topic; all texts on collecting are about that.
/// A condition of a topic that is gone on with needs not be asked for again.
fn conditions(profile: &Profile, intent: &str, query: &TopicQuery<'_>, known: bool) -> f32 {
    let mut score = 0.0;
    let about = [Cue::Pickup, Cue::Where, Cue::Opening];
    let idle = |cue: &Cue| intent == "pickup" && about.contains(cue);
    for cue in CONDITIONS.into_iter().filter(|cue| !idle(cue)) {
        let asked = query.sets(cue);
        if profile.about.contains(&cue) {
            let unasked = if known { 0.0 } else { -UNASKED_LOSS };
            score += if asked { CONDITION_SCORE } else { unasked };
        } else if cue == Cue::Worn && asked && profile.text.contains("unus") {
            score += LABEL_SCORE;
        }
    }
    score
}

impl TopicQuery<'_> {
    /// Whether the question sets one of the [`CONDITIONS`].
    fn sets(&self, cue: Cue) -> bool {
        match cue {
            Cue::Abroad => self.abroad,
            Cue::Express => self.express,
            Cue::Pickup => self.pickup,
            Cue::Worn => self.worn,
            Cue::Where => self.place,
            Cue::Opening => self.opening,
            _ => false,
        }
    }
}

impl Profile {
    fn of(topic: &Topic, locales: &Locales) -> Self {
        let mut profile = Self::default();
        for (language, phrases) in topic.words.iter() {
            let single = phrases.iter().filter(|phrase| !phrase.trim().contains(' '));
            profile.words.extend(single.flat_map(|word| inflected(word, language)));
            profile.phrases.extend(phrases.iter().map(|phrase| Phrase::of(phrase, topic, locales)));
        }
        for (language, label) in topic.label.iter() {
            profile.label.extend(stems(label, &[language]));
        }
        for (language, text) in topic.text.iter() {
            profile.text.extend(stems(text, &[language]));
            profile.numbers.extend(numbers(text));
        }
        profile.states_time = states_time(topic, locales);
        let labels = topic.label.iter().map(|(_, text)| text.as_str());
        let phrases = profile.phrases.iter().map(|phrase| phrase.text.trim());
        let about: Vec<&str> = topic.id.split('_').chain(phrases).chain(labels).collect();
        let says = |cue: &Cue| {
            about.iter().any(|text| locales.iter().any(|locale| locale.cues.says(text, *cue)))
        };
        profile.about = CONDITIONS.into_iter().filter(says).collect();
        profile
    }

    /// Whether a text holds one of the topic's own words or phrases.
    fn is_said(&self, said: &Self, joined: &str) -> bool {
        self.phrases.iter().any(|phrase| joined.contains(&phrase.text))
            || self.words.intersection(&said.words).next().is_some()
    }

    /// The words of a customer that carry content in every language, stemmed by the rules of all
    /// languages that have some.
    fn said(text: &str, locales: &Locales) -> Self {
        let all =
            [Language::EN, Language::FR, Language::DE, Language::ES, Language::IT, Language::PT];
        let filler = |word: &String| locales.iter().any(|locale| locale.cues.is_filler(word));
        let mut words: Vec<String> =
            plain_words(text).into_iter().filter(|word| !filler(word)).collect();
        let meant = |word: &String| {
            let of = |cues: &crate::reader::cues::Cues| cues.written_as(word).to_vec();
            locales.iter().flat_map(|locale| of(&locale.cues)).collect::<Vec<String>>()
        };
        let meant: Vec<String> = words.iter().flat_map(meant).collect();
        words.extend(meant);
        let words = words.join(" ");
        Self {
            words: all.iter().flat_map(|language| inflected(&words, *language)).collect(),
            text: stems(&words, &all),
            numbers: numbers(text),
            ..Self::default()
        }
    }
}

impl Phrase {
    fn of(phrase: &str, topic: &Topic, locales: &Locales) -> Self {
        let text = format!(" {} ", plain_words(phrase).join(" "));
        let names =
            |label: &&String| locales.iter().any(|locale| locale.cues.names_topic(&text, label));
        let names = topic.intents.iter().filter(names).cloned().collect();
        let how_long = locales.iter().any(|locale| locale.cues.says(&text, Cue::HowLong));
        Self { text, names, how_long }
    }
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
