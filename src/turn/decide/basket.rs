//! Intents about several products: compare two, show the basket, repeat the last order, find a
//! present.
//!
//! Facts come from the catalogue, the cart and the profile. Where these have none, the customer is
//! asked or a human takes over.

use crate::turn::decide::Action;
use crate::turn::decide::ActionKind;
use crate::turn::decide::Decision;
use crate::turn::decide::HandoffReason;
use crate::turn::decide::PlannedOption;
use crate::turn::decide::Situation;
use crate::turn::decide::labels;
use crate::turn::decide::labels::ids;
use crate::turn::decide::selling;
use crate::turn::decide::service;
use crate::turn::draft::Brief;
use crate::turn::draft::Case;
use crate::turn::draft::FactKey;
use vitrine_base::language::Language;
use vitrine_base::money::Money;
use vitrine_catalog::Product;
use vitrine_conversations::CartLine;

/// Products compared in one message.
const COMPARED: usize = 2;

/// Most features stated of each.
const FEATURES_MAX: usize = 2;

/// Most basket lines listed in a message; further ones are counted.
const LINES_MAX: usize = 8;

/// Compares two products by features and price, with a button to buy each. The product in focus
/// counts if only one is named. With fewer than two products, the search continues.
pub(super) fn compare(situation: &Situation<'_>) -> Decision {
    let named = situation.understood.said.mentioned.iter();
    let mut products: Vec<&Product> = Vec::new();
    for sku in named.chain(&situation.record.product_in_focus) {
        let known = products.iter().any(|product| product.sku == *sku);
        products.extend(situation.catalog.get(sku).filter(|_| !known));
    }
    products.truncate(COMPARED);
    let [first, second] = products[..] else {
        return selling::advance(situation);
    };
    let language = situation.style.language;
    let brief = |product: &Product| {
        Brief::new(Case::AnswerProduct, situation.style)
            .with(FactKey::Product, &product.name)
            .each(FactKey::Feature, product.features(language).iter().take(FEATURES_MAX))
            .with(FactKey::Price, product.price.localized(language))
    };
    let take = |product: &Product| {
        PlannedOption::new(format!("{}={}", ids::TAKE, product.sku), &*product.name)
    };
    let mut decision = Decision::new(situation, Action::of(ActionKind::Answer), brief(first));
    decision.briefs.push(brief(second));
    decision.with_buttons([take(first), take(second)])
}

/// A present: answers with the policy topic that the words select. Otherwise searches if a need is
/// stated, else answers with the general topic.
pub(super) fn gift(situation: &Situation<'_>, intent: &str) -> Decision {
    let policies = situation.policies;
    let asked = policies.named(intent, &situation.understood.text);
    let searches = situation.understood.said.narrows();
    match asked.or_else(|| policies.general(intent).filter(|_| !searches)) {
        Some(topic) => service::say_topic(situation, topic),
        None => selling::advance(situation),
    }
}

/// Lists the basket, with its total if the catalogue has all prices.
pub(super) fn show(situation: &Situation<'_>) -> Decision {
    let language = situation.style.language;
    let cart = &situation.record.cart;
    let action = || Action { topic: Some("cart".to_owned()), ..Action::of(ActionKind::Answer) };
    let label = match language {
        Language::FR => "votre panier",
        _ => "your basket",
    };
    if cart.is_empty() {
        let text = match language {
            Language::FR => "Je ne vois aucun article dans votre panier.",
            _ => "I see nothing in your basket.",
        };
        let search = labels::intent("product_search", language);
        let option = |words| PlannedOption::new(format!("{}=product_search", ids::INTENT), words);
        return service::say(situation, action(), label, text).with_buttons(search.map(option));
    }
    let mut parts: Vec<String> =
        cart.iter().take(LINES_MAX).map(|line| line_words(situation, line)).collect();
    if cart.len() > LINES_MAX {
        parts.push(format!("+ {}", cart.len() - LINES_MAX));
    }
    let total = total(situation, cart).map(|money| money.localized(language));
    let text = match (language, total) {
        (Language::FR, Some(total)) => {
            format!("Dans votre panier : {}. Total : {total}.", parts.join(", "))
        }
        (Language::FR, None) => format!("Dans votre panier : {}.", parts.join(", ")),
        (_, Some(total)) => {
            format!("In your basket: {}. Total: {total}.", parts.join(", "))
        }
        (_, None) => format!("In your basket: {}.", parts.join(", ")),
    };
    let pay = labels::intent("checkout", language);
    let option = |words| PlannedOption::new(format!("{}=checkout", ids::INTENT), words);
    service::say(situation, action(), label, &text).with_buttons(pay.map(option))
}

fn line_words(situation: &Situation<'_>, line: &CartLine) -> String {
    let sku = line.sku.as_str();
    let name = match (situation.catalog.get(&line.sku), situation.style.language) {
        (Some(product), _) => product.name.as_str(),
        (None, _) if is_code(sku) => sku,
        (None, Language::FR) => "un autre article",
        (None, _) => "another item",
    };
    format!("{} x {name}", line.quantity)
}

/// Longest code of an unknown product that a reply quotes, in characters.
const CODE_CHARS_MAX: usize = 32;

/// Whether the code of a product that the catalogue does not know is a code. The caller supplied
/// it: a sentence in its place would read as the shop's.
fn is_code(sku: &str) -> bool {
    let allowed = |character: char| character.is_alphanumeric() || "-_.#".contains(character);
    sku.chars().count() <= CODE_CHARS_MAX && sku.chars().all(allowed)
}

/// Sum of the lines; `None` if a product is unknown, the currencies differ or the sum overflows.
fn total(situation: &Situation<'_>, cart: &[CartLine]) -> Option<Money> {
    let mut sum: Option<Money> = None;
    for line in cart {
        let price = situation.catalog.get(&line.sku)?.price;
        let amount = price.amount.checked_mul(line.quantity.into())?;
        let before = sum.unwrap_or(Money { amount: 0.into(), currency: price.currency });
        if before.currency != price.currency {
            return None;
        }
        sum = Some(Money { amount: before.amount.checked_add(amount)?, ..before });
    }
    sum
}

/// Repeats the last order. Buys the product that is named, or the one found in `last_purchase`;
/// hands off if an order is known; else asks for the order number.
pub(super) fn reorder(situation: &Situation<'_>) -> Decision {
    let language = situation.style.language;
    let last = situation.customer.last_purchase.as_deref().unwrap_or_default();
    let named = situation.understood.said.mentioned.first().cloned();
    let known = || situation.catalog.understand(last, language).mentioned.first().cloned();
    if let Some(product) = named.or_else(known).and_then(|sku| situation.catalog.get(&sku)) {
        return selling::buy(situation, product);
    }
    let knows_an_order = !situation.customer.orders.is_empty()
        || service::names_an_order(situation)
        || !last.is_empty();
    if knows_an_order {
        return service::handoff(situation, HandoffReason::Requested);
    }
    service::ask_order(situation)
}
