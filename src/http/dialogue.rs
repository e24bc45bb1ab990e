//! Encodes what the dialogue adds to an answer: state, commands, products, match, order, records.
//!
//! Pure.

use crate::http::wire::MoneyBody;
use crate::http::wire::dialogue::CartBody;
use crate::http::wire::dialogue::CartLineStateBody;
use crate::http::wire::dialogue::CommandBody;
use crate::http::wire::dialogue::MatchBody;
use crate::http::wire::dialogue::NeedBody;
use crate::http::wire::dialogue::OrderStateBody;
use crate::http::wire::dialogue::PendingBody;
use crate::http::wire::dialogue::QuestionBody;
use crate::http::wire::dialogue::RecordedBody;
use crate::http::wire::dialogue::RecordedConsentBody;
use crate::http::wire::dialogue::ReferenceBody;
use crate::http::wire::dialogue::ShownProductBody;
use crate::http::wire::dialogue::StateBody;
use crate::http::wire::dialogue::WishBody;
use crate::http::wire::respond::ReadingBody;
use crate::http::wire::respond::UsageBody;
use crate::turn::DialogueAnswer;
use crate::turn::Recording;
use crate::turn::model_reader::ReadBy;
use crate::turn::state::ShownState;
use rust_decimal::Decimal;
use vitrine_base::language::Language;
use vitrine_base::money::Currency;
use vitrine_base::money::Money;
use vitrine_dialogue::command::Command;
use vitrine_dialogue::command::Complaint;
use vitrine_dialogue::command::Polarity;
use vitrine_dialogue::command::Question;
use vitrine_dialogue::command::Reference;
use vitrine_dialogue::command::RejectReason;
use vitrine_dialogue::command::Said;
use vitrine_dialogue::command::SizeSystem;
use vitrine_dialogue::plan::Availability;
use vitrine_dialogue::plan::GivenUp;
use vitrine_dialogue::plan::Price;
use vitrine_dialogue::plan::ShownProduct;
use vitrine_dialogue::policy::Order;
use vitrine_dialogue::reader::model::Doubt;
use vitrine_dialogue::state::FacetWish;
use vitrine_dialogue::state::Need;
use vitrine_dialogue::state::Pending;
use vitrine_dialogue::state::Topic;

/// Key of the option that the contract also gives a field of its own.
const SIZE: &str = "size";

/// Encodes a state.
pub(crate) fn state(shown: &ShownState) -> StateBody {
    let state = &shown.state;
    let need = |found: &Need| need(found, shown.currency);
    StateBody {
        need: need(&state.need),
        later: state.later.iter().map(need).collect(),
        cart: cart(shown),
        shown: state.shown.clone(),
        focus: state.focus.as_ref().map(|focus| focus.sku.clone()),
        pending: state.pending.as_ref().map(pending),
        topics: state.topics.iter().copied().map(topic).collect(),
        rejected: state.rejected.clone(),
        waits_for: state.waits_for.clone(),
        order: state.order.clone(),
        owner: shown.owner.name(),
    }
}

/// An amount in the shop's currency; `None` if that is unknown, because the shop has no products.
fn in_currency(amount: Option<Decimal>, currency: Option<Currency>) -> Option<MoneyBody> {
    Some(MoneyBody::from(&Money { amount: amount?, currency: currency? }))
}

fn need(need: &Need, currency: Option<Currency>) -> NeedBody {
    let wish = |wish: &FacetWish| WishBody {
        must: wish.must.clone(),
        must_not: wish.must_not.clone(),
        prefer: wish.prefer.clone(),
        any: wish.any,
    };
    let wanted = || need.options.get(SIZE).and_then(|sizes| sizes.first()).cloned();
    NeedBody {
        category: need.category.clone(),
        facets: need.facets.iter().map(|(key, found)| (key.clone(), wish(found))).collect(),
        options: need.options.clone(),
        size: need.size_said.clone().or_else(wanted),
        price_min: in_currency(need.price_min, currency),
        price_max: in_currency(need.price_max, currency),
        low_price: need.low_price,
        quantity: need.quantity,
        words: need.words.clone(),
    }
}

fn cart(shown: &ShownState) -> CartBody {
    let lines = shown.lines().map(|(line, price, total)| CartLineStateBody {
        sku: line.sku.clone(),
        variant: line.variant.clone(),
        options: line.options.clone(),
        size: line.options.get(SIZE).cloned(),
        quantity: line.quantity,
        price: price.as_ref().map(MoneyBody::from),
        line_total: total.as_ref().map(MoneyBody::from),
    });
    CartBody { lines: lines.collect(), total: shown.total().as_ref().map(MoneyBody::from) }
}

fn pending(pending: &Pending) -> PendingBody {
    let (question, facet, sku) = match pending {
        Pending::Facet { facet } => ("facet", Some(facet), None),
        Pending::Option { facet, sku } => ("option", Some(facet), Some(sku)),
        Pending::Need => ("need", None, None),
        Pending::Buy { sku } => ("buy", None, Some(sku)),
        Pending::Pick => ("pick", None, None),
        Pending::OrderId => ("order_id", None, None),
        Pending::Contact { sku } => ("contact", None, Some(sku).filter(|sku| !sku.is_empty())),
        Pending::Anything => ("anything", None, None),
        Pending::Topic => ("topic", None, None),
    };
    PendingBody { question, facet: facet.cloned(), sku: sku.cloned() }
}

fn topic(topic: Topic) -> &'static str {
    match topic {
        Topic::Purchase => "purchase",
        Topic::Order => "order",
        Topic::Complaint => "complaint",
        Topic::Human => "human",
    }
}

/// Encodes a command; `currency` is that of the shop's prices.
pub(crate) fn command(said: &Said, currency: Option<Currency>) -> CommandBody {
    let body = CommandBody {
        kind: kind(&said.command),
        source: said.source.clone(),
        ..CommandBody::default()
    };
    match &said.command {
        Command::Choose { .. }
        | Command::Show { .. }
        | Command::Reject { .. }
        | Command::Compare { .. }
        | Command::Remove { .. }
        | Command::Ask { .. } => with_products(body, &said.command, currency),
        command => with_wishes(body, command, currency),
    }
}

fn kind(command: &Command) -> &'static str {
    match command {
        Command::Greet => "greet",
        Command::Thank => "thank",
        Command::Bye => "bye",
        Command::Confirm => "confirm",
        Command::Deny => "deny",
        Command::Seek { .. } => "seek",
        Command::Browse => "browse",
        Command::Constrain { .. } => "constrain",
        Command::NoPreference { .. } => "no_preference",
        Command::PriceLimit { .. } => "price_limit",
        Command::ForeignLimit { .. } => "foreign_limit",
        Command::Cheaper => "cheaper",
        Command::Dearer => "dearer",
        Command::LowPrice => "low_price",
        Command::Size { .. } => "size",
        Command::Quantity { .. } => "quantity",
        Command::Choose { .. } => "choose",
        Command::Show { .. } => "show",
        Command::Reject { .. } => "reject",
        Command::Another => "another",
        Command::Accessories => "accessories",
        Command::Compare { .. } => "compare",
        Command::Remove { .. } => "remove",
        Command::Checkout => "checkout",
        Command::Ask { .. } => "ask",
        Command::Order { .. } => "order",
        Command::Complain { .. } => "complain",
        Command::Human => "human",
        Command::Stop => "stop",
        Command::Start => "start",
        Command::Contact { .. } => "contact",
        Command::OutOfScope => "out_of_scope",
        Command::Injection => "injection",
        Command::Unclear => "unclear",
    }
}

/// The fields of commands that state wishes or matters.
fn with_wishes(
    mut body: CommandBody,
    command: &Command,
    currency: Option<Currency>,
) -> CommandBody {
    match command {
        Command::Seek { category, polarity: found } => {
            body.category = Some(category.clone());
            body.polarity = Some(polarity(*found));
        }
        Command::Constrain { facet, value, polarity: found } => {
            body.facet = Some(facet.clone());
            body.value = Some(value.clone());
            body.polarity = Some(polarity(*found));
        }
        Command::NoPreference { facet } => body.facet.clone_from(facet),
        Command::PriceLimit { min, max } => {
            body.min = in_currency(*min, currency);
            body.max = in_currency(*max, currency);
        }
        Command::ForeignLimit { amount, currency } => {
            let (amount, currency) = (amount.to_string(), currency.clone());
            body.amount = Some(MoneyBody { amount, currency });
        }
        Command::Size { option, values, system: found, polarity: strength } => {
            body.option = Some(option.clone());
            body.values.clone_from(values);
            body.system = Some(system(*found));
            body.polarity = Some(polarity(*strength));
        }
        Command::Quantity { pieces, size } => {
            body.pieces = Some(*pieces);
            body.size.clone_from(size);
        }
        Command::Order { id } => body.id.clone_from(id),
        Command::Complain { about, angry } => {
            body.matter = Some(matter(*about));
            body.angry = Some(*angry);
        }
        Command::Contact { value } => body.value = Some(value.clone()),
        _ => {}
    }
    body
}

/// The fields of commands that are about products.
fn with_products(
    mut body: CommandBody,
    command: &Command,
    currency: Option<Currency>,
) -> CommandBody {
    let meant = |found: &Reference| reference(found, currency);
    match command {
        Command::Choose { reference, buys } => {
            body.reference = Some(meant(reference));
            body.buys = Some(*buys);
        }
        Command::Show { reference } | Command::Remove { reference } => {
            body.reference = Some(meant(reference));
        }
        Command::Reject { reference, why } => {
            body.reference = Some(meant(reference));
            body.why = Some(match why {
                RejectReason::Price => "price",
                RejectReason::Other => "other",
            });
        }
        Command::Compare { references } => {
            body.references = references.iter().map(meant).collect();
        }
        Command::Ask { question: found, about } => {
            body.question = Some(question(found));
            body.about = about.as_ref().map(meant);
        }
        _ => {}
    }
    body
}

fn polarity(polarity: Polarity) -> &'static str {
    match polarity {
        Polarity::Must => "must",
        Polarity::MustNot => "must_not",
        Polarity::Prefer => "prefer",
    }
}

fn system(system: SizeSystem) -> &'static str {
    match system {
        SizeSystem::Shop => "shop",
        SizeSystem::Eu => "eu",
        SizeSystem::Uk => "uk",
        SizeSystem::Us => "us",
        SizeSystem::Cm => "cm",
    }
}

fn matter(complaint: Complaint) -> &'static str {
    match complaint {
        Complaint::Delivery => "delivery",
        Complaint::Damaged => "damaged",
        Complaint::Fault => "fault",
        Complaint::Payment => "payment",
        Complaint::Refund => "refund",
        Complaint::Service => "service",
    }
}

fn reference(reference: &Reference, currency: Option<Currency>) -> ReferenceBody {
    let by = |by| ReferenceBody { by, ..ReferenceBody::default() };
    match reference {
        Reference::Product(sku) => ReferenceBody { sku: Some(sku.clone()), ..by("product") },
        Reference::Ordinal(place) => ReferenceBody { place: Some(*place), ..by("ordinal") },
        Reference::Focus => by("focus"),
        Reference::Other => by("other"),
        Reference::Both => by("both"),
        Reference::Cheapest => by("cheapest"),
        Reference::Dearest => by("dearest"),
        Reference::Price(price) => {
            ReferenceBody { price: in_currency(Some(*price), currency), ..by("price") }
        }
        Reference::Facet { facet, value } => {
            ReferenceBody { facet: Some(facet.clone()), value: Some(value.clone()), ..by("facet") }
        }
    }
}

fn question(question: &Question) -> QuestionBody {
    let what = |what| QuestionBody { what, ..QuestionBody::default() };
    match question {
        Question::Topic { intent, topics } => {
            QuestionBody { intent: Some(intent.clone()), topics: topics.clone(), ..what("topic") }
        }
        Question::Attribute { key, value } => QuestionBody {
            key: Some(key.clone()).filter(|key| !key.is_empty()),
            value: value.clone(),
            ..what("attribute")
        },
        Question::Feature { text } => QuestionBody { value: Some(text.clone()), ..what("feature") },
        Question::Price => what("price"),
        Question::Stock => what("stock"),
        Question::Restock => what("restock"),
        Question::Sizes => what("sizes"),
        Question::SizeAdvice => what("size_advice"),
        Question::Details => what("details"),
        Question::Why => what("why"),
        Question::Total => what("total"),
        Question::Cart => what("cart"),
        Question::Which => what("which"),
        Question::Bot => what("bot"),
        Question::Abilities => what("abilities"),
        Question::Reorder => what("reorder"),
    }
}

/// Encodes a product that the reply shows.
pub(crate) fn product(shown: &ShownProduct) -> ShownProductBody {
    let card = &shown.card;
    let (price, price_from) = match &card.price {
        Price::Exact(price) => (price, false),
        Price::From(price) => (price, true),
    };
    ShownProductBody {
        sku: card.sku.clone(),
        variant: card.variant.clone(),
        name: card.name.clone(),
        price: MoneyBody::from(price),
        price_from,
        compare_at: card.compare_at.as_ref().map(MoneyBody::from),
        size: shown.options.get(SIZE).cloned(),
        options: shown.options.clone(),
        availability: match card.availability {
            Availability::InStock => "in_stock",
            Availability::Preorder => "preorder",
            Availability::SoldOut => "sold_out",
            Availability::NotMade => "not_made",
        },
        reasons: card.reasons.clone(),
    }
}

/// Encodes how well a search met the wishes; `None` if nothing was searched.
pub(crate) fn matched(said: &DialogueAnswer, language: Language) -> Option<MatchBody> {
    let label = |given_up: &GivenUp| match given_up {
        GivenUp::Value(label)
        | GivenUp::Unwanted(label)
        | GivenUp::Size(label)
        | GivenUp::Category(label) => label.clone(),
        GivenUp::PriceMax(price) | GivenUp::PriceMin(price) => price.localized(language),
    };
    let relaxed = said.given_up.iter().map(label).collect();
    said.exact.map(|exact| MatchBody { exact, relaxed })
}

/// Encodes the order that the reply states.
pub(crate) fn order(order: &Order) -> OrderStateBody {
    OrderStateBody {
        id: order.id.clone(),
        status: order.status.clone(),
        date: order.date.clone(),
        link: order.link.clone(),
    }
}

/// Encodes who understood the message.
pub(crate) fn reading(read_by: &ReadBy) -> ReadingBody {
    let usage = read_by.usage;
    ReadingBody {
        reader: read_by.reader(),
        outcome: read_by.outcome.name(),
        doubt: read_by.doubt.map(Doubt::name),
        usage: UsageBody {
            prompt_tokens: usage.prompt_tokens,
            cached_tokens: usage.cached_tokens,
            output_tokens: usage.output_tokens,
        },
    }
}

/// Encodes what the turn recorded of the customer's rights.
pub(crate) fn recorded(recorded: &Recording) -> RecordedBody {
    let consents = recorded.consents.iter();
    RecordedBody {
        stop: recorded.stop,
        consents: consents
            .map(|(purpose, granted)| RecordedConsentBody {
                purpose: purpose.name(),
                granted: *granted,
            })
            .collect(),
        erasure: recorded.erasure,
    }
}

#[cfg(test)]
mod tests;
