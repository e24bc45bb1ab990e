//! Weighs what the words say against what the classifier sees in the whole message.
//!
//! Words of the catalogue, sizes, amounts and references are surer than a label; a label is surer
//! than a kind of product or a value that a message merely mentions: "wore my new trail shoes on
//! one muddy run, can I send them back" asks for a return. Without a classifier nothing here fires.

use super::cues::Cue;
use super::cues::Meaning;
use super::draft::Draft;
use super::evidence;
use super::foreign;
use super::labels::CLAUSE_MIN;
use super::labels::TROUBLE;
use super::labels::UNLIKELY;
use super::labels::add;
use super::labels::add_at;
use super::labels::is_exact;
use super::labels::is_matter;
use super::labels::is_mention;
use super::labels::is_sale;
use super::labels::is_vague;
use super::labels::likelihood;
use super::labels::wishes_for_goods;
use super::scene::Found;
use super::scene::SURE;
use super::scene::Scene;
use super::service;
use super::taps;
use super::trouble;
use crate::command::Command;
use crate::command::Complaint;
use crate::command::Question;
use crate::shop::MentionTarget;
use crate::state::Pending;

/// From this probability a label replaces a search that the message only seems to want.
const OVER_SEARCH_MIN: f32 = 0.8;

/// The same, if the message is as short as an answer to our question.
const OVER_ANSWER_MIN: f32 = 0.95;

/// From this probability a label of trouble replaces a question on the same matter.
const TROUBLE_MIN: f32 = 0.9;

/// The same in the middle of a sale: "no, a magnetic battery" reports no damage.
const TROUBLE_SELLING_MIN: f32 = 0.98;

/// From this probability a label is added to what the words say.
const BESIDE_MIN: f32 = 0.97;

/// From this probability, of all labels that agree, a message agrees to buy what is offered.
const AGREES_MIN: f32 = 0.65;

/// From this probability a label takes the place of an unlikely matter that a word suggests.
const INSTEAD_MIN: f32 = 0.8;

/// The same of the matter answered last.
const LAST_MIN: f32 = 0.2;

/// From this probability the label of a message keeps it from going on with the matter answered
/// last.
const LEAVES_MIN: f32 = 0.8;

/// Most content words of a short answer.
const ANSWER_WORDS_MAX: usize = 3;

/// Most content words of a message that only says which goods are meant.
const GOODS_WORDS_MAX: usize = 4;

/// From this probability a matter is meant of which the shop's own words are said.
const OWN_WORDS_MIN: f32 = 0.1;

/// Labels that agree to a purchase.
const AGREES: [&str; 3] = ["confirm", "add_to_cart", "checkout"];

/// Weighs the label of the whole message against the commands found.
pub(crate) fn weigh(draft: &mut Draft<'_, '_>) {
    let scene = draft.scene;
    agree(draft);
    foreign::find(draft);
    follow(draft);
    let best = evidence::best(&scene.input.evidence.whole);
    let Some((label, probability)) = best else { return };
    drop_unlikely(draft);
    drop_own_mistake(draft);
    if trouble::tells_of_trouble(draft) || asked_of_shop(draft) {
        return;
    }
    if evidence::is_service(label) {
        correct(draft, label, probability);
        service_label(draft, label, probability);
    }
    clauses(draft);
}

/// "do you sharpen knives?": goods in a question on what the shop does, in the own words of one of
/// its texts, on a matter that the classifier sees as well.
fn asked_of_shop(draft: &mut Draft<'_, '_>) -> bool {
    let scene = draft.scene;
    let input = scene.input;
    let asks = scene.sentences.iter().any(|sentence| sentence.question);
    let wishes = [Cue::Want, Cue::Which, Cue::Another, Cue::Cheaper, Cue::Cheapest, Cue::Choose];
    let open = draft.found.iter().all(|found| match &found.command {
        Command::Ask { question: Question::Topic { intent, .. }, .. } => {
            likelihood(draft, intent) < UNLIKELY
        }
        Command::Ask { question, .. } => is_vague(question),
        command => is_mention(command),
    });
    // "is it recycled?" asks of the product under discussion.
    let it = scene.in_focus() && (scene.has(Cue::Focus) || scene.has(Cue::Copula));
    if !asks || !open || it || wishes.iter().any(|cue| scene.has(*cue)) {
        return false;
    }
    let goods =
        |at: usize| scene.seen.iter().any(|seen| seen.exact >= SURE && seen.tokens.contains(&at));
    let words = scene.tokens.iter().enumerate().filter(|(at, _)| !goods(*at));
    let words: Vec<&str> = words.map(|(_, token)| token.text.as_str()).collect();
    let own = input.policies.said(&words.join(" "), input.locales);
    let own = own.flat_map(|topic| &topic.intents);
    let likely = own.map(|intent| (intent, likelihood(draft, intent)));
    let likely = likely.max_by(|a, b| a.1.total_cmp(&b.1));
    let sells = scene.has(Cue::Have) || scene.has(Cue::Browse);
    let least = if sells { evidence::LABEL_MIN } else { OWN_WORDS_MIN };
    let Some((intent, _)) = likely.filter(|(_, probability)| *probability >= least) else {
        return false;
    };
    draft.found.retain(|found| matches!(found.command, Command::Greet));
    add(draft, intent);
    true
}

/// "can I stack it with another one?": a question that names no goods goes on with the matter
/// answered last, unless the classifier sees another one.
fn follow(draft: &mut Draft<'_, '_>) {
    let scene = draft.scene;
    let Some(intent) = scene.input.state.answered.clone() else { return };
    let asks = scene.sentences.iter().any(|sentence| sentence.question);
    // "delete all of it", where nothing was taken.
    let empty = scene.input.state.cart.is_empty() && !scene.in_focus();
    let removes = |one: &Command| empty && matches!(one, Command::Remove { .. });
    let asks = asks || draft.any(removes) || foreign::goes_on(draft, &intent);
    let wish = |command: &Command| {
        matches!(command, Command::Seek { .. } | Command::Constrain { .. }) || removes(command)
    };
    let open =
        draft.found.iter().all(|found| is_open(scene, &found.command) || wish(&found.command));
    let other = scene.input.evidence.whole.iter().any(|(label, probability)| {
        let left = *label != intent && (scene.in_focus() || evidence::is_service(label));
        left && label != evidence::OUT_OF_SCOPE && *probability >= LEAVES_MIN
    });
    // "can I split it over a few payments?", after the warranty: the classifier sees nothing of it.
    let turned = evidence::weigh(&scene.input.evidence.whole).is_some_and(|label| {
        let own = likelihood(draft, &intent) < UNLIKELY;
        own && label != intent && evidence::is_service(label) && !TROUBLE.contains(&label)
    });
    let other = other || turned || evidence::is_on_goods(scene);
    let other = other && !service::speaks_of(scene, &intent);
    // "can my sister come for it?" names nobody's goods.
    let wishes = [Cue::Want, Cue::Have, Cue::Browse, Cue::Which, Cue::Show, Cue::Another];
    let wished = scene.in_focus() || wishes.iter().any(|cue| scene.has(*cue));
    let goods = if likelihood(draft, &intent) >= LAST_MIN || !wished {
        service::names_kind(scene)
    } else {
        service::names_goods(scene)
    };
    if !asks || !open || other || goods {
        return;
    }
    draft.found.retain(|found| matches!(found.command, Command::Greet));
    add(draft, &intent);
}

/// Commands that say nothing of their own where no product is under discussion: "another one", "how
/// much?".
fn is_open(scene: &Scene<'_>, command: &Command) -> bool {
    match command {
        Command::Greet
        | Command::Thank
        | Command::Confirm
        | Command::Deny
        | Command::Unclear
        | Command::Browse
        | Command::Another => true,
        Command::Ask { question, about } => {
            let aimless = about.is_none() && !scene.in_focus();
            let goods = matches!(question, Question::Price | Question::Stock | Question::Details);
            is_vague(question) || goods && aimless
        }
        _ => false,
    }
}

/// "do I collect points on that?": a matter that one word suggests, and that the classifier does
/// not see, gives way to the one that it sees; if it is sure of that one, several words do too.
fn correct(draft: &mut Draft<'_, '_>, label: &str, probability: f32) {
    let scene = draft.scene;
    let evidence = scene.input.evidence;
    let mut asked = draft.found.iter().filter_map(|found| match &found.command {
        Command::Ask { question: Question::Topic { intent, .. }, .. } => {
            let weak = found.tokens.len() == 1 || probability >= BESIDE_MIN;
            Some(intent.as_str()).filter(|_| weak)
        }
        _ => None,
    });
    let (Some(intent), None) = (asked.next(), asked.next()) else { return };
    let in_clause = evidence
        .clauses
        .iter()
        .any(|(_, all)| all.get(intent).is_some_and(|probability| *probability >= UNLIKELY));
    let seen = likelihood(draft, intent) >= UNLIKELY || in_clause;
    // "and if I leave the wrapping on?", after returns.
    let state = scene.input.state;
    let last = state
        .answered
        .as_deref()
        .filter(|last| likelihood(draft, last) >= LAST_MIN || service::speaks_of(scene, last));
    let sure = probability >= INSTEAD_MIN && !TROUBLE.contains(&label);
    // "is there a tracking link?": the order is asked about already.
    let known = label == "order_status" && draft.any(|one| matches!(one, Command::Order { .. }));
    let Some(label) = last.or(sure.then_some(label)).filter(|_| !seen && !known) else { return };
    draft.found.retain(|found| {
        !matches!(found.command, Command::Ask { question: Question::Topic { .. }, .. })
    });
    add(draft, label);
}

/// "a jacket in M, and how long until you refund?": a clause that asks for a matter of the shop, in
/// words that no rule knows.
fn clauses(draft: &mut Draft<'_, '_>) {
    let scene = draft.scene;
    for (bytes, all) in &scene.input.evidence.clauses {
        let Some((label, probability)) = evidence::best(all) else { continue };
        let inside = |at: &usize| {
            let span = &scene.tokens[*at].span;
            bytes.start <= span.start && span.end <= bytes.end
        };
        let mut places = (0..scene.tokens.len()).filter(inside);
        let Some(start) = places.next() else { continue };
        let tokens = start..places.next_back().unwrap_or(start) + 1;
        let asks = scene.asks_at(start);
        let own = |found: &Found| tokens.contains(&found.tokens.start);
        let free = draft.found.iter().filter(|found| own(found)).all(|found| {
            is_mention(&found.command)
                || matches!(&found.command, Command::Ask { question, .. } if is_vague(question))
        });
        let serves = evidence::is_service(label) && !TROUBLE.contains(&label);
        let known = draft.any(is_matter);
        if !asks || !free || known || !serves || probability < CLAUSE_MIN {
            continue;
        }
        draft.found.retain(|found| !own(found));
        add_at(draft, tokens, label);
    }
}

/// Whether something in the message is surely about buying.
fn is_anchored(draft: &Draft<'_, '_>) -> bool {
    let scene = draft.scene;
    let named = scene.seen.iter().flat_map(|seen| &seen.targets);
    let product = named.into_iter().any(|one| matches!(one, MentionTarget::Product(_)));
    product || scene.has(Cue::Want) && !scene.sentences.iter().any(|one| one.question)
}

/// Whether a short message goes on with the search, and no word tells of trouble: "the glass
/// first".
fn goes_on_with_search(draft: &Draft<'_, '_>) -> bool {
    let scene = draft.scene;
    let state = scene.input.state;
    let troubled = scene.hits.iter().any(
        |hit| matches!(hit.meaning, Meaning::Cue(cue) if cue.is_trouble() && cue != Cue::Praise),
    );
    let shopping = matches!(
        state.pending,
        Some(Pending::Facet { .. } | Pending::Option { .. } | Pending::Buy { .. } | Pending::Pick)
    );
    shopping && !troubled && scene.content_words() <= GOODS_WORDS_MAX
}

fn service_label(draft: &mut Draft<'_, '_>, label: &str, probability: f32) {
    let scene = draft.scene;
    if wishes_for_goods(draft, label) || TROUBLE.contains(&label) && goes_on_with_search(draft) {
        return;
    }
    let state = scene.input.state;
    let answering = matches!(state.pending, Some(Pending::Facet { .. } | Pending::Need))
        && scene.content_words() <= ANSWER_WORDS_MAX;
    let trouble = TROUBLE.contains(&label);
    // "still not sent, outrageous": of which kind the trouble is may be open.
    let probability = if trouble {
        TROUBLE.iter().map(|label| likelihood(draft, label)).sum::<f32>().max(probability)
    } else {
        probability
    };
    let shown = !state.shown.is_empty() && state.trouble.is_none();
    let selling = shown && state.pending.as_ref().is_some_and(is_sale);
    let least = match (trouble && selling, answering) {
        (true, _) => TROUBLE_SELLING_MIN,
        (_, true) => OVER_ANSWER_MIN,
        _ => OVER_SEARCH_MIN,
    };
    let weak = draft.found.iter().all(|found| is_mention(&found.command));
    let vague = draft.found.iter().all(|found| {
        is_mention(&found.command)
            || matches!(&found.command, Command::Ask { question, .. } if is_vague(question))
    });
    let replaced = (weak || vague && probability >= TROUBLE_MIN) && probability >= least;
    if replaced && !is_anchored(draft) {
        draft.found.retain(|found| matches!(found.command, Command::Greet));
        draft.sarcastic |= trouble && scene.has(Cue::Praise);
        return add(draft, label);
    }
    if trouble && probability >= if selling { TROUBLE_SELLING_MIN } else { TROUBLE_MIN } {
        return over_questions(draft, label);
    }
    let asks = scene.sentences.iter().any(|sentence| sentence.question);
    let known = draft.any(is_matter);
    if asks && !known && probability >= BESIDE_MIN && !draft.any(is_exact) {
        add(draft, label);
    }
}

/// "it says delivered, there is nothing here": trouble, not a question on deliveries.
fn over_questions(draft: &mut Draft<'_, '_>, label: &str) {
    let scene = draft.scene;
    let paying = label == "payment_problem" && foreign::is_payment_lost(draft);
    let asks = scene.input.text.contains('?') && !paying;
    let others = draft.found.iter().all(|found| {
        is_mention(&found.command)
            || matches!(found.command, Command::Order { .. })
            || matches!(&found.command,
                Command::Ask { question: Question::Topic { intent, .. }, .. }
                if matches!(intent.as_str(), "shipping_options" | "order_status" | "pickup")
                    || paying && foreign::PAYING.contains(&intent.as_str()))
    });
    if asks || !others || is_anchored(draft) {
        return;
    }
    let order = draft.found.iter().find_map(|found| match &found.command {
        Command::Order { id: Some(id) } => Some(id.clone()),
        _ => None,
    });
    draft.found.retain(|found| matches!(found.command, Command::Greet));
    draft.sarcastic |= scene.has(Cue::Praise);
    add(draft, label);
    if let Some(id) = order {
        draft.add(0..scene.tokens.len(), Command::Order { id: Some(id) });
    }
}

/// "yep that's it", "great, ordering those": agrees to what is offered, if nothing else is said.
fn agree(draft: &mut Draft<'_, '_>) {
    let scene = draft.scene;
    let state = scene.input.state;
    let offered = match &state.pending {
        Some(pending) => matches!(pending, Pending::Buy { .. } | Pending::Option { .. }),
        // "great, ordering those", after the link: it is sent again.
        None => state.link.is_some(),
    };
    let agrees: f32 = AGREES.iter().map(|label| likelihood(draft, label)).sum();
    let asks = scene.sentences.iter().any(|sentence| sentence.question);
    let courteous = draft.found.iter().all(|found| {
        matches!(
            found.command,
            Command::Size { .. }
                | Command::Quantity { .. }
                | Command::Thank
                | Command::Bye
                | Command::Browse
                | Command::Unclear
                | Command::Greet
        )
    });
    // "hang on, first something to strap him in the car" asks for other goods.
    let seeks = scene.has(Cue::Browse) && !super::kinds::loose_words(draft).is_empty();
    if seeks || super::goods::names_other_goods(draft, &(0..0)) {
        return;
    }
    let refuses = scene.has(Cue::Negation) || scene.has(Cue::NoThanks) || scene.has(Cue::No);
    if !offered || asks || !courteous || refuses || agrees < AGREES_MIN {
        return;
    }
    draft
        .found
        .retain(|found| matches!(found.command, Command::Size { .. } | Command::Quantity { .. }));
    draft.add(0..scene.tokens.len(), Command::Confirm);
}

/// Drops a matter that one word suggested beside something surer, and that the classifier does not
/// see: "make it a 31, she grows so fast" asks for no fast delivery.
fn drop_unlikely(draft: &mut Draft<'_, '_>) {
    let evidence = draft.scene.input.evidence;
    let sure = draft.found.iter().any(|found| {
        matches!(
            found.command,
            Command::Size { .. } | Command::Choose { .. } | Command::Seek { .. }
        )
    });
    let asks = draft.scene.sentences.iter().any(|sentence| sentence.question);
    if !sure || asks {
        return;
    }
    draft.found.retain(|found| match &found.command {
        Command::Ask { question: Question::Topic { intent, .. }, .. } => {
            evidence.whole.get(intent).copied().unwrap_or_default() >= UNLIKELY
        }
        _ => true,
    });
}

/// "oh no, wrong size, can I still change that?": what the customer got wrong is no complaint, if
/// the message asks for a change that the classifier sees, and nobody sent anything wrong.
fn drop_own_mistake(draft: &mut Draft<'_, '_>) {
    let asked = draft.found.iter().any(|found| {
        matches!(&found.command, Command::Ask { question: Question::Topic { intent, .. }, .. }
            if intent == "change_order" && likelihood(draft, intent) >= evidence::LABEL_MIN)
    });
    let seen = TROUBLE.iter().any(|label| likelihood(draft, label) >= UNLIKELY);
    let damaged = |found: &Found| {
        matches!(found.command, Command::Complain { about: Complaint::Damaged, .. })
    };
    if asked && !seen && !draft.scene.has(Cue::Insult) {
        draft.found.retain(|found| !damaged(found));
    }
}

/// Adds the command of the likeliest label to a message of which no word says what is wanted.
pub(crate) fn fill(draft: &mut Draft<'_, '_>) {
    let scene = draft.scene;
    let Some(label) = evidence::weigh(&scene.input.evidence.whole) else { return };
    // "he has fragile feet", while something is looked for, tells of no trouble with an order.
    let doubtful = TROUBLE.contains(&label)
        && goes_on_with_search(draft)
        && likelihood(draft, label) < TROUBLE_MIN;
    // Wrapping and the like have words of their own; without them, a gift is looked for.
    let command = match label {
        _ if doubtful => Command::Browse,
        "gift_help" => Command::Browse,
        // "do you sell inline skates?": words for many pieces would be there.
        "bulk_order" if scene.has(Cue::Have) || likelihood(draft, label) < CLAUSE_MIN => {
            Command::Browse
        }
        label => taps::of_intent(scene.input, label),
    };
    if let Command::Ask { question: Question::Topic { .. }, .. } = &command {
        return service::add_topic(draft, 0..scene.tokens.len(), label.to_owned());
    }
    // A word or two that nothing explains may be misspelt: better to ask than to turn it away.
    if matches!(command, Command::OutOfScope)
        && scene.content_words() <= evidence::COURTESY_WORDS_MAX
    {
        return;
    }
    // "mmh": a yes or a no to nothing.
    let state = scene.input.state;
    let idle = state.pending.is_none() && state.answered.is_none() && state.shown.is_empty();
    if idle && matches!(command, Command::Confirm | Command::Deny) {
        return;
    }
    // Yes, no and courtesy are short; a label for a long message without such words is doubtful.
    let courteous = matches!(
        command,
        Command::Confirm | Command::Deny | Command::Greet | Command::Thank | Command::Bye
    );
    if courteous && scene.content_words() > evidence::COURTESY_WORDS_MAX {
        return;
    }
    draft.add(0..scene.tokens.len(), command);
}
