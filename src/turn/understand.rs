//! First stage: the language, what the models see in the text, entities, and the tapped option.
//!
//! A tap on an option needs no model; neither does a text that matches an option shown last.

use crate::turn::attachments;
use crate::turn::entities;
use crate::turn::entities::Entity;
use crate::turn::message::Content;
use crate::turn::message::TurnRequest;
use crate::turn::segments;
use crate::turn::segments::SecondIntent;
use crate::turn::short_answers;
use jiff::civil::Date;
use vitrine_base::ids::MessageId;
use vitrine_base::ids::TenantId;
use vitrine_base::language::DetectedLanguage;
use vitrine_base::language::Language;
use vitrine_catalog::Catalog;
use vitrine_catalog::FacetChoice;
use vitrine_catalog::MentionTarget;
use vitrine_conversations::ConversationRecord;
use vitrine_dialogue::command::Likelihoods;
use vitrine_dialogue::locale::Locale;
use vitrine_dialogue::locale::Locales;
use vitrine_dialogue::reader::Evidence;
use vitrine_dialogue::reader::known_words;
use vitrine_dialogue::reader::statements::statements;
use vitrine_dialogue::state::DialogueState;
use vitrine_dialogue::state::Pending;
use vitrine_intent::CLARIFY_MARGIN;
use vitrine_intent::IntentClassifier;
use vitrine_intent::IntentError;
use vitrine_intent::IntentPrediction;
use vitrine_intent::OUT_OF_SCOPE;
use vitrine_intent::Signals;
use vitrine_intent::detect_language;

/// Intent label of a tap.
const TAP_LABEL: &str = "option";

/// Share of the confidence that full sarcasm removes; the signal is too weak for more.
const SARCASM_DOUBT: f32 = 0.3;

/// The intent of a message, with its confidence.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct IntentReading {
    pub(crate) label: String,
    /// Calibrated, 0 to 1.
    pub(crate) confidence: f32,
    pub(crate) abstained: bool,
    /// The customer is asked to clarify if the first alternative is closer than this.
    pub(crate) clarify_margin: f32,
    pub(crate) alternatives: Vec<(String, f32)>,
    pub(crate) signals: Signals,
    /// Another intent of the same message.
    pub(crate) second: Option<SecondIntent>,
}

impl IntentReading {
    /// For a message that was not classified.
    pub(crate) fn none() -> Self {
        Self {
            label: String::new(),
            confidence: 0.0,
            abstained: true,
            clarify_margin: CLARIFY_MARGIN,
            alternatives: Vec::new(),
            signals: Signals::default(),
            second: None,
        }
    }

    /// For a tap, which needs no classification.
    fn of_tap() -> Self {
        Self { label: TAP_LABEL.to_owned(), confidence: 1.0, abstained: false, ..Self::none() }
    }

    /// Lowers the confidence by the sarcasm score: sarcasm reverses the meaning of words.
    fn lowered_by_sarcasm(mut self) -> Self {
        self.confidence *= 1.0 - SARCASM_DOUBT * self.signals.sarcasm.clamp(0.0, 1.0);
        self
    }
}

impl From<IntentPrediction> for IntentReading {
    fn from(found: IntentPrediction) -> Self {
        let alternatives = found.alternatives.into_iter();
        Self {
            label: found.label,
            confidence: found.confidence,
            abstained: found.abstained,
            clarify_margin: found.clarify_margin,
            alternatives: alternatives.map(|other| (other.label, other.confidence)).collect(),
            signals: found.signals,
            second: None,
        }
    }
}

/// Everything that the dialogue's reader gets from one message.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Understood {
    /// Language of the reply.
    pub(crate) language: Language,
    /// Language that the customer writes.
    pub(crate) tongue: DetectedLanguage,
    pub(crate) reading: IntentReading,
    /// What the models found, for the dialogue's reader.
    pub(crate) evidence: Evidence,
    /// Order numbers, addresses, dates and other statements.
    pub(crate) entities: Vec<Entity>,
    /// The chosen option.
    pub(crate) tap: Option<FacetChoice>,
    pub(crate) text: String,
    /// Id of the message; the pipeline sets it.
    pub(crate) source: Option<MessageId>,
}

/// What is needed to understand a message.
#[derive(Debug, Clone, Copy)]
pub(crate) struct UnderstandInputs<'a> {
    pub(crate) classifier: &'a IntentClassifier,
    pub(crate) tenant: &'a TenantId,
    pub(crate) locales: &'a Locales,
    pub(crate) catalog: &'a Catalog,
    /// State of the dialogue before the message.
    pub(crate) state: &'a DialogueState,
    /// Language used if nothing else determines it.
    pub(crate) language_default: Language,
    /// Date of the message by its sender's own clock.
    pub(crate) today: Date,
}

/// Understands one message in the context of its conversation.
///
/// # Errors
/// If the classifier's queue is full, or the classifier has stopped.
pub(crate) async fn understand(
    content: &Content,
    hint: Option<Language>,
    record: &ConversationRecord,
    inputs: UnderstandInputs<'_>,
) -> Result<Understood, IntentError> {
    let text = content.text().to_owned();
    let tap = tapped(content, inputs.state);
    let (language, tongue) = languages(&text, hint, record, inputs);
    if let Some(choice) = tap {
        let (reading, evidence) = (IntentReading::of_tap(), Evidence::default());
        let (entities, tap) = (Vec::new(), Some(choice));
        return Ok(Understood {
            language,
            tongue,
            reading,
            evidence,
            entities,
            tap,
            text,
            source: None,
        });
    }
    let (reading, evidence) = read(&text, language, inputs).await?;
    let entities = entities::read(&text, language, inputs.today);
    Ok(Understood { language, tongue, reading, evidence, entities, tap: None, text, source: None })
}

/// The reading of a message without text: the languages are those of the conversation so far, else
/// of the caller's locale.
pub(crate) fn unread(
    request: &TurnRequest,
    record: &ConversationRecord,
    default: Language,
) -> Understood {
    let known = (record.turns_recorded > 0).then_some(record.language);
    let before = known.or(request.language_hint).unwrap_or(default);
    let tongue = record.tongue.or(request.tongue_hint).unwrap_or(before.into());
    let label = attachments::LABEL.to_owned();
    let reading =
        IntentReading { label, confidence: 1.0, abstained: false, ..IntentReading::none() };
    Understood {
        language: tongue.language(),
        tongue,
        reading,
        evidence: Evidence::default(),
        entities: Vec::new(),
        tap: None,
        text: String::new(),
        source: None,
    }
}

/// Classifies the whole text and its clauses, and compares the text with what the product under
/// discussion says of itself, in one batch. Statements were seen before, but for the first question
/// on a product.
async fn read(
    text: &str,
    language: Language,
    inputs: UnderstandInputs<'_>,
) -> Result<(IntentReading, Evidence), IntentError> {
    let clauses = segments::segments(text);
    // Only a question is compared with what the product says of itself.
    let asks = vitrine_dialogue::reader::asks(text, inputs.locales.get(language));
    let stated =
        if asks { statements(text, inputs.state, inputs.catalog, language) } else { Vec::new() };
    let texts = std::iter::once(text).chain(clauses.iter().copied());
    let texts = texts.chain(stated.iter().map(|statement| statement.text.as_str()));
    let texts: Vec<String> = texts.map(str::to_owned).collect();
    let mut predicted = inputs.classifier.classify(&texts, inputs.tenant).await?;
    let meanings = predicted
        .split_off(predicted.len().min(1 + clauses.len()))
        .into_iter()
        .map(|one| one.meaning);
    let asked = predicted.first().and_then(|whole| whole.meaning.clone());
    let statements = stated
        .into_iter()
        .zip(meanings)
        .filter_map(|(statement, meaning)| {
            Some((statement.stated, asked.as_ref()?.likeness(&meaning?)))
        })
        .collect();
    let mut predicted = predicted.into_iter().map(IntentReading::from);
    let whole = predicted.next().unwrap_or_else(IntentReading::none);
    let parts: Vec<IntentReading> = predicted.collect();
    let signals = &whole.signals;
    let evidence = Evidence {
        whole: likelihoods(&whole),
        clauses: clauses
            .iter()
            .zip(&parts)
            .map(|(clause, reading)| (place(text, clause), likelihoods(reading)))
            .collect(),
        statements,
        sarcasm: signals.sarcasm,
        sentiment: signals.sentiment,
        urgency: signals.urgency,
        profanity: signals.profanity,
    };
    let reading = segments::combine(text, whole, clauses.into_iter().zip(parts).collect());
    Ok((reading.lowered_by_sarcasm(), evidence))
}

/// The labels that the classifier stands for. Where it abstains, the text is as likely none of a
/// shop's matters as its best label is unlikely.
fn likelihoods(reading: &IntentReading) -> Likelihoods {
    if reading.abstained {
        return Likelihoods::from([(OUT_OF_SCOPE.to_owned(), 1.0 - reading.confidence)]);
    }
    let own = (reading.label.clone(), reading.confidence);
    let named = std::iter::once(own).chain(reading.alternatives.iter().cloned());
    named.filter(|(label, _)| !label.is_empty()).collect()
}

/// The bytes of a clause in the text that it was cut from.
fn place(text: &str, clause: &str) -> std::ops::Range<usize> {
    let start = (clause.as_ptr() as usize).saturating_sub(text.as_ptr() as usize);
    start..start + clause.len()
}

/// The language of the reply, and the customer's. Both stay until a message is clearly in another
/// language. If replies cannot be written in that one, the reply language stays.
fn languages(
    text: &str,
    hint: Option<Language>,
    record: &ConversationRecord,
    inputs: UnderstandInputs<'_>,
) -> (Language, DetectedLanguage) {
    let text = &without_names(text, inputs);
    let known = (record.turns_recorded > 0).then_some(record.language);
    let before = known.or(hint).unwrap_or(inputs.language_default);
    let expected = record.tongue.or(DetectedLanguage::from_code(before.code()));
    let found = detect_language(text, expected.unwrap_or(DetectedLanguage::En));
    let Some(expected) = expected else {
        // Nobody detects the language of the conversation: it stays until another one is clear.
        let languages = (before, found.language());
        let clear = clearly(text, languages, SWITCH_WORDS_MIN, inputs);
        return (if clear { found.language() } else { before }, found);
    };
    // A first message shows its language by one word, a later one must be clearer.
    let least = if known.is_some() { SWITCH_WORDS_MIN } else { 1 };
    let stays =
        found != expected && !clearly(text, (expected.language(), found.language()), least, inputs);
    let words = |one: &Locale| (one.language, words_of(text, one.language, inputs));
    let opened = || better(text, found, &inputs.locales.iter().map(words).collect::<Vec<_>>());
    // "tennis", then "raquette": the second message may be the first that shows its language.
    let second = || {
        let all: Vec<_> = inputs.locales.iter().map(words).collect();
        let own = all.iter().find(|(language, _)| *language == expected.language());
        let foreign = own.is_some_and(|(_, words)| *words == 0);
        foreign.then(|| better(text, expected, &all)).flatten()
    };
    let opened = match record.turns_recorded {
        0 => opened(),
        1 => second(),
        _ => None,
    };
    let tongue = opened.unwrap_or(if stays { expected } else { found });
    let spoken = Some(tongue.language()).filter(|language| inputs.locales.speaks(*language));
    (spoken.unwrap_or(before), tongue)
}

/// The one language that knows the words of a first message clearly better than the one found:
/// letters tell little of a short text, above all where words are cut short ("r u a real person").
fn better(
    text: &str,
    found: DetectedLanguage,
    known: &[(Language, usize)],
) -> Option<DetectedLanguage> {
    let (_, own) = known.iter().find(|(language, _)| *language == found.language())?;
    let short = text.split_whitespace().count() <= SHORT_WORDS_MAX;
    let least = if *own == 0 || short { own + 1 } else { own + SWITCH_WORDS_MIN };
    let most = known.iter().map(|(_, words)| *words).max().filter(|most| *most >= least)?;
    let mut knowing = known.iter().filter(|(_, words)| *words == most);
    let (only, _) = knowing.next().filter(|_| knowing.next().is_none())?;
    DetectedLanguage::from_code(only.code())
}

/// Most words of a text whose letters tell next to nothing: one word more decides.
const SHORT_WORDS_MAX: usize = 3;

/// Words more that a text must have in another language for a conversation to switch to it.
const SWITCH_WORDS_MIN: usize = 2;

/// Whether a text has at least `least` more words of the language found than of the one before.
fn clearly(
    text: &str,
    (before, found): (Language, Language),
    least: usize,
    inputs: UnderstandInputs<'_>,
) -> bool {
    if !inputs.locales.speaks(before) || !inputs.locales.speaks(found) {
        return true;
    }
    words_of(text, found, inputs) >= words_of(text, before, inputs) + least
}

/// A text without the names of products, which tell nothing of the customer's language.
fn without_names(text: &str, inputs: UnderstandInputs<'_>) -> String {
    let named = inputs.catalog.mentions(text, &[]).into_iter().filter(|mention| {
        matches!(mention.target, MentionTarget::Product(_)) && mention.exact >= GOODS_EXACT_MIN
    });
    let spans: Vec<_> = named.map(|mention| mention.span).collect();
    let outside = |at: usize| !spans.iter().any(|span| span.contains(&at));
    let left = text.char_indices().filter(|(at, _)| outside(*at)).map(|(_, letter)| letter);
    let left: String = left.collect();
    // A word or two tell less than they do with the name.
    if left.split_whitespace().count() < UNNAMED_WORDS_MIN { text.to_owned() } else { left }
}

/// Fewest words beside the names of products that tell the language without them.
const UNNAMED_WORDS_MIN: usize = 3;

/// Certainty from which a word of the shop's goods is one of a language, and not of another.
const GOODS_EXACT_MIN: f32 = 0.88;

/// Words of a text that a language knows: its own, and those of the shop's goods in it
/// ("bastones").
fn words_of(text: &str, language: Language, inputs: UnderstandInputs<'_>) -> usize {
    let mut goods: Vec<std::ops::Range<usize>> = Vec::new();
    for mention in inputs.catalog.mentions(text, &[language]) {
        let named = matches!(mention.target, MentionTarget::Category(_) | MentionTarget::Value(_));
        if named && mention.exact >= GOODS_EXACT_MIN && !goods.contains(&mention.span) {
            goods.push(mention.span);
        }
    }
    known_words(text, inputs.locales.get(language)) + goods.len()
}

/// The option that a message chooses: by its id, its title or its number.
fn tapped(content: &Content, state: &DialogueState) -> Option<FacetChoice> {
    if let Some(id) = content.option_id() {
        return FacetChoice::parse(id);
    }
    let text = content.text();
    let titles = state.options.iter().map(|(_, title)| title.as_str());
    // Where a number may be a size or a number of pieces, the dialogue's reader decides.
    let numbered = matches!(
        state.pending,
        Some(Pending::Facet { .. } | Pending::Need | Pending::Pick | Pending::Topic)
    );
    let place = short_answers::by_title(text, titles).or_else(|| {
        let options = state.options.len();
        numbered.then(|| short_answers::by_number(text, options)).flatten()
    })?;
    FacetChoice::parse(&state.options.get(place)?.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_first_message_is_in_the_language_that_knows_its_words() {
        let locales = Locales::shipped(Language::EN).unwrap();
        let better = |text: &str, found| {
            let words = |one: &Locale| (one.language, known_words(text, one));
            super::better(text, found, &locales.iter().map(words).collect::<Vec<_>>())
        };
        let (en, fr, de) = (DetectedLanguage::En, DetectedLanguage::Fr, DetectedLanguage::De);
        assert_eq!(better("r u a real person", fr), Some(en));
        assert_eq!(better("servus", fr), Some(de));
        assert_eq!(better("mandáis a andorra?", en), Some(DetectedLanguage::Es));
        assert_eq!(better("canapé", fr), None);
        assert_eq!(better("STOP", fr), None);
        assert_eq!(better("je voudrais un t-shirt noir", fr), None);
    }
}
