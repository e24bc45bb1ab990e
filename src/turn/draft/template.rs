//! The fallback text of every case, sent instead of a draft that is late or refused.
//!
//! `{key}` is a fact; `{options}` and `{features}` are lists. A part in `[…]` is left out if one of
//! its facts is missing. The texts are neutral, so that they suit any brand voice.

use crate::turn::draft::Address;
use crate::turn::draft::Brief;
use crate::turn::draft::Case;
use crate::turn::draft::FactKey;
use vitrine_base::language::Language;

/// Words a brief without a model.
pub(crate) fn render(brief: &Brief) -> String {
    let pattern = match brief.style.language {
        Language::FR => french(brief.case, brief.style.address),
        _ => english(brief.case),
    };
    fill(pattern, brief)
}

/// Joins items: `a`, `a or b`, `a, b or c`, with the given conjunction.
pub(crate) fn list(items: &[&str], conjunction: &str) -> String {
    match items {
        [] => String::new(),
        [one] => (*one).to_owned(),
        [init @ .., last] => format!("{} {conjunction} {last}", init.join(", ")),
    }
}

fn english(case: Case) -> &'static str {
    match case {
        Case::Greet => {
            "Hello[ {name}], welcome to {shop}.[ I am the {assistant}.] How can I help you?"
        }
        Case::AskNeed => "What are you looking for[ today: {options}]?",
        Case::AskFacet => "For {need}, would you rather have {options}?",
        Case::AskSize => "Which size would you like for {product}[: {options}]?",
        Case::AskConfirm => "{product} in {size}[, {price}]: shall I go ahead?",
        Case::RecommendProduct => "I suggest {product} at {price}[, in size {size}][: {features}].",
        Case::RecommendNone => {
            "I have found nothing that fits {need}.[ You could also look at {options}.]"
        }
        Case::AnswerPolicy => "{policy}",
        Case::AnswerPrice => "{product} costs {price}.",
        Case::AnswerStock => "{product}[ in {size}][: {stock} in stock][: {availability}].",
        Case::AnswerProduct => "{product}: {features}.[ Price: {price}.]",
        Case::CheckoutLink => {
            "Here is the link to pay for {product}[ in {size}][ at {price}]: {link}"
        }
        Case::OrderStatusKnown => {
            "Your order {order} is {status}[, date: {date}].[ Follow it here: {link}]"
        }
        Case::OrderStatusMissing => "Could you give me your order number?",
        Case::ClarifyOptions => "Did you mean {options}?",
        Case::ClarifyOpen => "Could you say that in other words?",
        Case::DeflectScope => "I cannot help with that, but I can help with {topic}.",
        Case::HandoffRequested => "I am handing you over to our {team}[ {name}].[ Hours: {hours}.]",
        Case::HandoffComplaint => {
            "I am sorry about this[, {name}]. Our {team} takes over.[ Hours: {hours}.]"
        }
        Case::HandoffUnsure => "I would rather not guess: our {team} takes over.[ Hours: {hours}.]",
        Case::CloseThanks => "Thank you[ {name}], see you soon at {shop}.",
    }
}

fn french(case: Case, address: Address) -> &'static str {
    match (case, address) {
        (Case::Greet, Address::Vous) => {
            "Bonjour[ {name}], bienvenue chez {shop}.[ Je suis l'{assistant}.] \
             Comment puis-je vous aider ?"
        }
        (Case::Greet, Address::Tu) => {
            "Bonjour[ {name}], bienvenue chez {shop}.[ Je suis l'{assistant}.] \
             Comment puis-je t'aider ?"
        }
        (Case::AskNeed, Address::Vous) => "Que cherchez-vous[ : {options}] ?",
        (Case::AskNeed, Address::Tu) => "Que cherches-tu[ : {options}] ?",
        (Case::AskFacet, Address::Vous) => "Pour {need}, préférez-vous {options} ?",
        (Case::AskFacet, Address::Tu) => "Pour {need}, préfères-tu {options} ?",
        (Case::AskSize, _) => "Quelle taille pour {product}[ : {options}] ?",
        (Case::AskConfirm, _) => "{product} en {size}[, {price}] : je confirme ?",
        (Case::RecommendProduct, Address::Vous) => {
            "Je vous propose {product} à {price}[, en taille {size}][ : {features}]."
        }
        (Case::RecommendProduct, Address::Tu) => {
            "Je te propose {product} à {price}[, en taille {size}][ : {features}]."
        }
        (Case::RecommendNone, _) => "Rien ne correspond pour {need}.[ À voir aussi : {options}.]",
        (Case::AnswerPolicy, _) => "{policy}",
        (Case::AnswerPrice, _) => "{product} : {price}.",
        (Case::AnswerStock, _) => "{product}[ en {size}][ : {stock} en stock][ : {availability}].",
        (Case::AnswerProduct, _) => "{product} : {features}.[ Prix : {price}.]",
        (Case::CheckoutLink, _) => {
            "Voici le lien pour payer {product}[ en {size}][ à {price}] : {link}"
        }
        (Case::OrderStatusKnown, _) => {
            "Commande {order} : {status}[, date : {date}].[ Suivi : {link}]"
        }
        (Case::OrderStatusMissing, Address::Vous) => "Quel est votre numéro de commande ?",
        (Case::OrderStatusMissing, Address::Tu) => "Quel est ton numéro de commande ?",
        (Case::ClarifyOptions, Address::Vous) => "Vous parlez de {options} ?",
        (Case::ClarifyOptions, Address::Tu) => "Tu parles de {options} ?",
        (Case::ClarifyOpen, Address::Vous) => "Pouvez-vous le dire autrement ?",
        (Case::ClarifyOpen, Address::Tu) => "Peux-tu le dire autrement ?",
        (Case::DeflectScope, Address::Vous) => {
            "Je ne peux pas vous aider sur ce sujet, mais je peux pour {topic}."
        }
        (Case::DeflectScope, Address::Tu) => {
            "Je ne peux pas t'aider sur ce sujet, mais je peux pour {topic}."
        }
        (Case::HandoffRequested, Address::Vous) => {
            "Je vous passe un {team}[, {name}].[ Horaires : {hours}.]"
        }
        (Case::HandoffRequested, Address::Tu) => {
            "Je te passe un {team}[, {name}].[ Horaires : {hours}.]"
        }
        (Case::HandoffComplaint, _) => {
            "Je suis désolé[, {name}]. Un {team} prend le relais.[ Horaires : {hours}.]"
        }
        (Case::HandoffUnsure, _) => {
            "Plutôt que de deviner, je passe le relais à un {team}.[ Horaires : {hours}.]"
        }
        (Case::CloseThanks, _) => "Merci[ {name}], à bientôt chez {shop}.",
    }
}

/// Fills the slots of a pattern; a bracketed part with an empty slot is left out.
fn fill(pattern: &str, brief: &Brief) -> String {
    let mut text = String::new();
    let mut rest = pattern;
    while let Some(open) = rest.find('[') {
        let Some(close) = rest[open..].find(']') else { break };
        text.push_str(&slots(&rest[..open], brief).0);
        let (part, complete) = slots(&rest[open + 1..open + close], brief);
        if complete {
            text.push_str(&part);
        }
        rest = &rest[open + close + 1..];
    }
    text.push_str(&slots(rest, brief).0);
    text
}

/// The pattern with its slots filled, and whether all of them had a value.
fn slots(pattern: &str, brief: &Brief) -> (String, bool) {
    let mut text = String::new();
    let mut complete = true;
    let mut rest = pattern;
    while let Some(open) = rest.find('{') {
        let Some(close) = rest[open..].find('}') else { break };
        text.push_str(&rest[..open]);
        let value = slot(&rest[open + 1..open + close], brief);
        complete &= !value.is_empty();
        text.push_str(&value);
        rest = &rest[open + close + 1..];
    }
    text.push_str(rest);
    (text, complete)
}

fn slot(name: &str, brief: &Brief) -> String {
    let (or, and) = match brief.style.language {
        Language::FR => ("ou", "et"),
        _ => ("or", "and"),
    };
    match name {
        "options" => list(&brief.values(FactKey::Option).collect::<Vec<_>>(), or),
        "features" => list(&brief.values(FactKey::Feature).collect::<Vec<_>>(), and),
        _ => FactKey::from_name(name)
            .and_then(|key| brief.value(key))
            .map(str::to_owned)
            .unwrap_or_default(),
    }
}
