//! Matters of the shop: its topics and orders.

use super::cues::Cue;
use super::cues::Hit;
use super::cues::Meaning;
use super::draft::Draft;
use super::evidence;
use super::figure::Figure;
use super::figure::Role;
use super::references;
use super::scene::Found;
use super::scene::SURE;
use super::scene::Scene;
use super::scene::Seen;
use super::tokens::fold;
use crate::command::Command;
use crate::command::Question;
use crate::command::Reference;
use crate::policies::TopicQuery;
use crate::shop::FacetChoice;
use crate::shop::Lookups;
use crate::shop::MentionTarget;
use std::ops::Range;

/// Most topics of one message.
const TOPICS_MAX: usize = 3;

/// Fewest pieces of an order for which a discount is one for large orders.
const BULK_MIN: u32 = 10;

/// Most words of a message that names only a condition: "and to Spain?".
const ELLIPSIS_WORDS_MAX: usize = 4;

/// Below this probability a condition beside goods asks for nothing of the shop.
const ELLIPSIS_MIN: f32 = 0.1;

/// The matter of personal data, of which other texts of a shop speak as well.
const DATA: &str = "privacy_request";

/// Topics that can be about the product under discussion.
const ABOUT_PRODUCTS: [&str; 5] =
    ["care_instructions", "size_help", "warranty", "sustainability", "return_exchange"];

/// Reads questions on matters of the shop.
pub(crate) fn find(draft: &mut Draft<'_, '_>) {
    elsewhere(draft);
    topics(draft);
    ellipsis(draft);
    same_of(draft);
    goes_on(draft);
}

/// The topic whose own words a message holds, with its intent.
pub(crate) fn own_topic(scene: &Scene<'_>) -> Option<(String, Vec<String>)> {
    let topics = select(scene, None);
    let topic = scene.input.policies.get(topics.first()?)?;
    // "how long" alone says nothing of collecting an order.
    let mut said = topic.words.iter().flat_map(|(_, words)| words).filter(|one| says(scene, one));
    let own =
        |phrase: &String| fold(phrase).split_whitespace().any(|word| !scene.cues.is_filler(word));
    let intent = topic.intents.first().filter(|_| said.any(own))?;
    Some((intent.clone(), topics))
}

/// A question that no rule explains, in words that the shop gave one of its texts, or on the matter
/// answered last: "how long do you keep it?".
pub(crate) fn by_own_words(draft: &mut Draft<'_, '_>) -> bool {
    let scene = draft.scene;
    let asks = scene.sentences.iter().any(|sentence| sentence.question);
    if !asks || evidence::is_out_of_scope(scene) && scene.input.state.answered.is_none() {
        return false;
    }
    let answered = scene.input.state.answered.clone();
    // "any jobs going?", after a question on deliveries.
    let left = |intent: &String| !evidence::is_foreign(scene) || speaks_of(scene, intent);
    let answered = answered.filter(left);
    let (intent, topics) = match (own_topic(scene), answered) {
        (Some((own, topics)), _) => evidence::surely(scene, &own).map_or((own, topics), |label| {
            let topics = select(scene, Some(label));
            (label.to_owned(), topics)
        }),
        (None, Some(intent)) if !names_goods(scene) && !evidence::is_on_goods(scene) => {
            let topics = select(scene, Some(&intent));
            (intent, topics)
        }
        _ => return false,
    };
    let question = Question::Topic { intent, topics };
    draft.add(0..scene.tokens.len(), Command::Ask { question, about: None });
    true
}

/// Whether a message surely names something of the catalogue.
pub(crate) fn names_goods(scene: &Scene<'_>) -> bool {
    scene.seen.iter().any(|seen| seen.exact >= SURE)
}

/// Whether a message surely names a product or a kind of them.
pub(crate) fn names_kind(scene: &Scene<'_>) -> bool {
    let goods = |seen: &Seen| seen.targets.iter().any(MentionTarget::is_goods);
    scene.seen.iter().any(|seen| seen.exact >= SURE && goods(seen))
}

/// Whether a message goes on with a matter in words that only the shop's texts on it have.
pub(crate) fn speaks_of(scene: &Scene<'_>, intent: &str) -> bool {
    let input = scene.input;
    input.policies.speaks_of(intent, input.text, input.locales)
}

/// Whether a message holds a phrase of the shop.
fn says(scene: &Scene<'_>, phrase: &str) -> bool {
    let words = fold(phrase);
    let words: Vec<&str> = words.split_whitespace().collect();
    let all: Vec<&str> = scene.tokens.iter().map(|token| token.text.as_str()).collect();
    !words.is_empty() && all.windows(words.len()).any(|part| part == words)
}

/// "same for earbuds?", "what about socks?": the matter answered last, of other goods.
fn same_of(draft: &mut Draft<'_, '_>) {
    let scene = draft.scene;
    let Some(intent) = scene.input.state.answered.clone() else { return };
    let asks = scene.sentences.iter().any(|sentence| sentence.question);
    let open = scene.input.state.focus.is_none() || !scene.seen.is_empty();
    if scene.has(Cue::Same) && asks && open && !draft.has_content() {
        draft.mark(&(0..scene.tokens.len()));
        add_topic(draft, 0..scene.tokens.len(), intent);
    }
}

/// "and to Spain?", "and for a mattress?": the matter answered last, under another condition.
fn goes_on(draft: &mut Draft<'_, '_>) {
    let scene = draft.scene;
    let Some(intent) = scene.input.state.answered.clone() else { return };
    // "ok, and on Monday"
    let idle = |at: &usize| {
        let fine = scene.hits_of(Cue::Fine).any(|hit| hit.tokens.contains(at));
        fine || !scene.tokens[*at].text.chars().any(char::is_alphanumeric)
    };
    let first = (0..scene.tokens.len()).find(|at| !idle(at)).map(|at| &scene.tokens[at]);
    let starts = first.is_some_and(|first| scene.cues.joins_numbers(&first.text));
    let asks = scene.sentences.iter().any(|sentence| sentence.question);
    // "and on Sunday", without a mark.
    let value = |target: &MentionTarget| matches!(target, MentionTarget::Value(_));
    let goods = scene.seen.iter().any(|seen| !seen.targets.iter().all(value));
    let asks = asks || starts && !goods && !scene.in_focus();
    let other = [Cue::Stock, Cue::Choose, Cue::Sizes, Cue::Want, Cue::Total];
    let priced = scene.has(Cue::Price) && !scene.has(Cue::HowLong);
    let other = priced
        || other.iter().any(|cue| scene.has(*cue))
        || scene.hits.iter().any(|hit| matches!(hit.meaning, Meaning::Attribute(_)))
        || !scene.figures.is_empty();
    let starts = starts || scene.has(Cue::HowLong);
    if evidence::sees_other(scene, &intent) && !speaks_of(scene, &intent) {
        return;
    }
    if !starts || !asks || other || draft.has_content() {
        return;
    }
    draft.mark(&(0..scene.tokens.len()));
    add_topic(draft, 0..scene.tokens.len(), intent);
}

/// "the same jacket is 15 € less in another shop": a price elsewhere is a matter of discounts, and
/// no wish.
fn elsewhere(draft: &mut Draft<'_, '_>) {
    let scene = draft.scene;
    let known = scene.input.policies.of_intent("discount_request").next().is_some();
    let trouble = draft.any(|command| matches!(command, Command::Complain { .. }));
    for sentence in scene.sentences.iter().filter(|_| known && !trouble) {
        let cue = |cue: Cue| scene.hit_in(&sentence.tokens, cue).is_some();
        let priced = [Cue::Cheaper, Cue::Cheapest, Cue::LowPrice].into_iter().any(cue);
        if cue(Cue::Elsewhere) && priced && !cue(Cue::Want) {
            add_topic(draft, sentence.tokens.clone(), "discount_request".to_owned());
        }
    }
}

/// Whether words for a topic are part of words that say something else.
fn is_part_of_other(scene: &Scene<'_>, tokens: &Range<usize>) -> bool {
    // "cb de temps": part of the words for a question.
    let asking = [Cue::HowLong, Cue::Price, Cue::Total];
    let question = scene.hits.iter().any(|hit| {
        asking.iter().any(|cue| hit.is(*cue))
            && tokens.len() == 1
            && hit.tokens.len() > 1
            && hit.tokens.contains(&tokens.start)
    });
    // "2x a week" asks for no payments.
    let overlaps = |hit: &Hit| hit.tokens.start < tokens.end && tokens.start < hit.tokens.end;
    question || scene.hits_of(Cue::NoNumber).any(overlaps)
}

fn topics(draft: &mut Draft<'_, '_>) {
    let named: Vec<(String, Range<usize>)> = draft
        .scene
        .hits
        .iter()
        .filter_map(|hit| match &hit.meaning {
            Meaning::Topic(label) => Some((label.clone(), hit.tokens.clone())),
            _ => None,
        })
        .collect();
    // "I mistook the address, can it be changed?": an order is changed, and nothing is sent back.
    let changes = named.iter().any(|(label, _)| label == "change_order");
    let (dropped, named): (Vec<_>, Vec<_>) =
        named.into_iter().partition(|(label, _)| changes && label == "return_exchange");
    let content = |tokens: &Range<usize>| {
        let words = &draft.scene.tokens[tokens.clone()];
        words.iter().filter(|token| !draft.scene.cues.is_filler(&token.text)).count()
    };
    // "can I change the address": of two that overlap, the one with more words that say something.
    let weaker: Vec<Range<usize>> = named
        .iter()
        .filter(|(_, tokens)| {
            named.iter().any(|(_, other)| {
                other.start < tokens.end
                    && tokens.start < other.end
                    && content(other) > content(tokens)
            })
        })
        .map(|(_, tokens)| tokens.clone())
        .collect();
    for (label, tokens) in named {
        let other = is_part_of_other(draft.scene, &tokens);
        if draft.is_used(&tokens) || other || weaker.contains(&tokens) {
            continue;
        }
        // "the address of the delivery": the second word only says of what.
        let tail = tokens.len() == 1
            && draft.found.iter().any(|found| {
                let gap = found.tokens.end..tokens.start;
                let of = |at: usize| draft.scene.cues.is_filler(&draft.scene.tokens[at].text);
                let asked =
                    matches!(found.command, Command::Ask { question: Question::Topic { .. }, .. });
                asked
                    && found.tokens.end <= tokens.start
                    && gap.len() <= 2
                    && gap.clone().all(of)
                    && !gap.clone().any(|at| draft.scene.hit_in(&(at..at + 1), Cue::Or).is_some())
            });
        if tail {
            draft.mark(&tokens);
            continue;
        }
        // In a complaint on a delivery, "delivery" asks for nothing.
        let complaint = draft.any(|command| matches!(command, Command::Complain { .. }));
        let asks = draft.scene.asks_at(tokens.start);
        if complaint && (!asks || draft.sarcastic) {
            draft.mark(&tokens);
            continue;
        }
        add_topic(draft, tokens, label);
    }
    dropped.iter().for_each(|(_, tokens)| draft.mark(tokens));
}

pub(crate) fn add_topic(draft: &mut Draft<'_, '_>, tokens: Range<usize>, intent: String) {
    // "we need 30 of them, any discount?"
    let many = draft.scene.figures.iter().any(|figure| {
        figure.role == Role::Quantity && figure.count().is_some_and(|count| count >= BULK_MIN)
    });
    let evidence = draft.scene.input.evidence;
    let sees = |label: &str| evidence.whole.get(label).copied().unwrap_or_default();
    let many = many || sees("bulk_order") > sees("discount_request");
    let bulk = many && intent == "discount_request";
    let intent = if bulk { "bulk_order".to_owned() } else { intent };
    let known = draft.found.iter().filter(|found| {
        matches!(&found.command, Command::Ask { question: Question::Topic { .. }, .. })
    });
    let label = |found: &&Found| match &found.command {
        Command::Ask { question: Question::Topic { intent, .. }, .. } => Some(intent.clone()),
        _ => None,
    };
    let same = known.clone().any(|found| label(&found).as_ref() == Some(&intent));
    if same || known.count() >= TOPICS_MAX {
        draft.mark(&tokens);
        return;
    }
    let input = draft.scene.input;
    let better = || input.policies.better(&intent, input.text, input.locales);
    if let Some(topic) = (intent == DATA).then(better).flatten()
        && let Some(intent) = topic.intents.first()
    {
        let (intent, topics) = (intent.clone(), vec![topic.id.clone()]);
        let question = Question::Topic { intent, topics };
        draft.add(tokens, Command::Ask { question, about: None });
        return;
    }
    let about = about(draft, &tokens, &intent);
    let kind = kind_of(draft.scene, about.as_ref());
    let topics = select_for(draft.scene, Some(&intent), &kind);
    draft.add(tokens, Command::Ask { question: Question::Topic { intent, topics }, about });
}

/// The product that a topic is asked of: "how do I wash it?".
fn about(draft: &mut Draft<'_, '_>, tokens: &Range<usize>, intent: &str) -> Option<Reference> {
    let scene = draft.scene;
    let place = scene.sentence_of(tokens.start).map_or(tokens.clone(), |one| one.tokens.clone());
    let named = references::products(scene, &place).into_iter().next();
    if let Some((reference, tokens)) = named {
        draft.mark(&tokens);
        return Some(reference);
    }
    let kind = scene.seen.iter().any(|seen| {
        let inside = seen.tokens.start >= place.start && seen.tokens.end <= place.end;
        // "in the machine" is part of the matter.
        let own = seen.tokens.start < tokens.end && tokens.start < seen.tokens.end;
        let own = own && tokens.len() < place.len();
        inside && !own && seen.targets.iter().any(|one| matches!(one, MentionTarget::Category(_)))
    });
    let it = scene.in_focus() && !kind;
    (it && ABOUT_PRODUCTS.contains(&intent)).then_some(Reference::Focus)
}

/// What the product that a topic is asked of is called, with its kind and the wider ones: a bra is
/// washed as clothing, not as shoes are.
fn kind_of(scene: &Scene<'_>, about: Option<&Reference>) -> String {
    let catalog = scene.input.catalog;
    let sku = match about {
        Some(Reference::Product(sku)) => Some(sku.as_str()),
        Some(Reference::Focus) => {
            let state = scene.input.state;
            let shown = state.last_shown.first().map(String::as_str);
            state.focus.as_ref().map(|one| one.sku.as_str()).or(shown)
        }
        _ => None,
    };
    let Some(product) = sku.and_then(|sku| catalog.product(sku)) else { return String::new() };
    let mut words: Vec<String> = product.title.iter().map(|(_, title)| title.clone()).collect();
    let mut kind = Some(product.category.as_str());
    while let Some(id) = kind {
        let label = FacetChoice::new("category", id);
        words.push(catalog.label(&label, scene.input.language));
        kind = catalog.parent(id);
    }
    words.join(" ")
}

/// The shop's topics for an intent, best first.
pub(crate) fn select(scene: &Scene<'_>, intent: Option<&str>) -> Vec<String> {
    select_for(scene, intent, "")
}

/// The same, for a kind of product.
fn select_for(scene: &Scene<'_>, intent: Option<&str>, kind: &str) -> Vec<String> {
    let home = home(scene);
    let abroad = scene.has(Cue::Abroad)
        || scene
            .hits
            .iter()
            .any(|hit| matches!(&hit.meaning, Meaning::Country(code) if *code != home));
    // A topic names countries: a town or an island of one counts as its name.
    let said = scene.tokens.iter().enumerate().filter(|(at, _)| !how_long(scene, *at));
    let said: Vec<&str> = said.map(|(_, token)| token.text.as_str()).collect();
    let mut text = format!("{} {kind}", said.join(" "));
    for hit in &scene.hits {
        if let Meaning::Country(code) = &hit.meaning
            && *code != home
            && let Some(name) = scene.cues.country_names(code).first()
        {
            text.push(' ');
            text.push_str(name);
        }
    }
    let state = scene.input.state;
    let last = state.answered_topic.as_deref();
    let goes_on = intent.is_some() && intent == state.answered.as_deref();
    let query = TopicQuery {
        text: &text,
        abroad,
        express: asks_fast(scene),
        pickup: scene.has(Cue::Pickup),
        worn: scene.has(Cue::Worn),
        place: scene.has(Cue::Where) || intent == Some("store_info") && names_place(scene),
        opening: scene.has(Cue::Opening),
        how_long: scene.has(Cue::HowLong),
        // "and by normal delivery?" leaves the text on a special one.
        last: last.filter(|_| goes_on && !scene.has(Cue::Standard)),
    };
    let scored = scene.input.policies.select(intent, &query, scene.input.locales);
    scored.into_iter().map(|(id, _)| id).collect()
}

/// "is the shop in Lisbon?"
fn names_place(scene: &Scene<'_>) -> bool {
    scene.cues.country_in(scene.input.text).is_some()
}

/// Whether a token is part of a question for a duration: "how fast" asks for no fast delivery.
fn how_long(scene: &Scene<'_>, at: usize) -> bool {
    let speed = scene.hits_of(Cue::Express).any(|hit| hit.tokens.contains(&at));
    speed && scene.hits_of(Cue::HowLong).any(|hit| hit.tokens.len() > 1 && hit.tokens.contains(&at))
}

/// Whether a fast delivery is asked for.
fn asks_fast(scene: &Scene<'_>) -> bool {
    scene.hits_of(Cue::Express).any(|hit| !how_long(scene, hit.tokens.start))
}

/// The shop's own country: the one that its address names, else that of the language that it
/// answers in where nothing else decides.
fn home(scene: &Scene<'_>) -> String {
    let language = scene.input.language;
    let texts = scene.input.policies.of_intent("store_info").map(|topic| &topic.text);
    let mut texts = texts.filter_map(|text| text.or_fallback(language, &[]));
    if let Some(country) = texts.find_map(|text| scene.cues.country_in(text)) {
        return country.to_owned();
    }
    match scene.input.locales.default_language().code() {
        "en" => "gb".to_owned(),
        code => code.to_owned(),
    }
}

/// "and to Spain?", "en express ?": a condition alone, after a question on deliveries.
fn ellipsis(draft: &mut Draft<'_, '_>) {
    let scene = draft.scene;
    let known = scene.input.state.answered.as_deref() == Some("shipping_options");
    let foreign = !known && evidence::is_out_of_scope(scene);
    if draft.has_content() || scene.has(Cue::OutOfScope) || scene.has(Cue::Human) || foreign {
        return;
    }
    // "and to Brussels, how much is it and how long does it take?"
    let costs = scene.has(Cue::Price) || scene.has(Cue::HowLong);
    let goods = !scene.seen.is_empty()
        || scene.hits.iter().any(|hit| matches!(hit.meaning, Meaning::Attribute(_)));
    if scene.content_words() > ELLIPSIS_WORDS_MAX && (!costs || goods) {
        return;
    }
    let country = scene.hits.iter().find(|hit| {
        let sized = |figure: &Figure| figure.tokens.contains(&hit.tokens.start);
        matches!(hit.meaning, Meaning::Country(_)) && !scene.figures.iter().any(sized)
    });
    let condition = country
        .or_else(|| scene.hits_of(Cue::Abroad).next())
        .or_else(|| scene.hits_of(Cue::Express).next())
        .map(|hit| (hit.tokens.clone(), "shipping_options"));
    let pickup = scene.hits_of(Cue::Pickup).next().map(|hit| (hit.tokens.clone(), "pickup"));
    let worn = scene.hits_of(Cue::Worn).next().map(|hit| (hit.tokens.clone(), "return_exchange"));
    // "running shoes for the marathon in Berlin" asks for no delivery.
    let abroad = condition.is_some();
    let found = condition.or(pickup).or(worn);
    let wished = |tokens: &Range<usize>| {
        let goods = |seen: &Seen| abroad || seen.tokens.start >= tokens.end;
        !scene.asks_at(tokens.start) && scene.seen.iter().any(goods)
    };
    // "is the jacket tight when it rains tomorrow?" asks for no fast delivery.
    let seen = &scene.input.evidence.whole;
    let likely = |intent: &str| {
        known
            || seen.is_empty()
            || !names_kind(scene)
            || seen.get(intent).is_some_and(|one| *one >= ELLIPSIS_MIN)
    };
    let found = found.filter(|(tokens, intent)| !wished(tokens) && likely(intent));
    if let Some((tokens, intent)) = found {
        draft.free(Cue::Price).iter().for_each(|price| draft.mark(price));
        if scene.asks_at(tokens.start)
            && let Some(sentence) = scene.sentence_of(tokens.start)
        {
            draft.mark(&sentence.tokens);
        }
        add_topic(draft, tokens, intent.to_owned());
    }
}
