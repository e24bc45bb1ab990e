//! The checks on one answer: what the test wants, and what no answer may do.

use crate::answer::Answer;
use crate::failure::Failure;
use crate::format::Checks;
use crate::format::HandoffWanted;
use crate::format::SuggestionWanted;
use crate::history;
use crate::language::other_language;
use crate::pattern::Pattern;
use crate::shop::ProductId;
use crate::shop::Shop;
use crate::stammer::stammer;
use crate::text::without_stop;
use std::collections::BTreeMap;

/// What no answer may do, whatever was asked; at most one.
pub(crate) fn breakdown(answer: &Answer, shop: &Shop) -> Option<Failure> {
    if answer.status != 200 {
        let error = &answer.body["error"];
        return Some(Failure::new("status", format!("{} {error}", answer.status)));
    }
    if answer.text.is_empty() && answer.source != "human" && answer.kind != "superseded" {
        return Some(Failure::new("silence", "the reply is empty"));
    }
    if let Some(words) = stammer(&answer.text, shop.name_words()) {
        return Some(Failure::new("stammer", words));
    }
    let link = without_stop(&answer.link);
    let first = answer.addresses.first()?;
    let stated = answer.addresses.iter().any(|address| address == link);
    (!stated).then(|| Failure::new("link_in_text", format!("{first} is not {}", answer.link)))
}

/// The checks that do not hold. `before` holds the earlier answers of the conversation.
pub(crate) fn failures(
    expect: &Checks,
    answer: &Answer,
    shop: &Shop,
    before: &[&Answer],
) -> Vec<Failure> {
    let mut failed = on_the_answer(expect, answer, before);
    for id in &answer.shown {
        if answer.products.contains(id) {
            failed.extend(wrongs(shop, *id, expect));
        } else {
            // All it shows are of the kind wanted; the one it is about holds everything.
            failed.extend(wrong_category(shop, *id, expect));
        }
    }
    if !answer.products.is_empty() {
        failed.extend(history::failures(expect, answer, shop, before));
    } else if let Some(check) = expect.first_on_products()
        && (answer.owes_a_product() || expect.sku.is_some() || expect.shown.is_some())
    {
        failed.push(Failure::new(check, "no product is shown"));
    }
    let ways = expect.any.iter().flatten().map(|way| failures(way, answer, shop, before));
    let ways: Vec<Vec<Failure>> = ways.collect();
    if !ways.is_empty() && ways.iter().all(|way| !way.is_empty()) {
        let told = |way: &Vec<Failure>| {
            let each = way.iter().map(|failure| format!("{}: {}", failure.check, failure.why));
            each.collect::<Vec<_>>().join("; ")
        };
        failed.push(Failure::new("any", ways.iter().map(told).collect::<Vec<_>>().join(" / ")));
    }
    failed
}

/// The checks on the answer itself.
fn on_the_answer(expect: &Checks, answer: &Answer, before: &[&Answer]) -> Vec<Failure> {
    let mut failed = Vec::new();
    let mut check = |name, why: Option<String>| {
        failed.extend(why.map(|why| Failure::new(name, why)));
    };
    check("action", one_of(expect.action.as_deref(), &answer.kind));
    check("link", expect.link.as_deref().and_then(|wanted| no_link(wanted, &answer.link)));
    check(
        "language",
        expect.language.as_deref().and_then(|wanted| {
            let found = other_language(&answer.text, wanted)?;
            Some(format!("reads as {found}, wanted {wanted}"))
        }),
    );
    check("says", expect.says.as_deref().and_then(|wanted| unsaid(wanted, &answer.text)));
    check("says_not", expect.says_not.as_deref().and_then(|wanted| said(wanted, &answer.text)));
    let count = answer.choices.len();
    check(
        "options_min",
        expect
            .options_min
            .filter(|least| count < *least)
            .map(|least| format!("{count} options, at least {least}")),
    );
    check(
        "options_max",
        expect
            .options_max
            .filter(|most| count > *most)
            .map(|most| format!("{count} options, at most {most}")),
    );
    check("handoff", expect.handoff.as_ref().and_then(|wanted| no_handoff(wanted, answer)));
    check("suggestion", expect.suggestion.and_then(|wanted| no_offer(wanted, answer, before)));
    check("intent", one_of(expect.intent.as_deref(), &answer.intent));
    check("fact", expect.fact.as_ref().and_then(|wanted| no_fact(wanted, answer)));
    failed
}

fn one_of(wanted: Option<&[String]>, found: &str) -> Option<String> {
    let wanted = wanted.filter(|wanted| !wanted.iter().any(|name| name == found))?;
    Some(format!("is {}, wanted {}", or_missing(found), wanted.join(", ")))
}

fn no_link(wanted: &[Pattern], link: &str) -> Option<String> {
    let fits = !link.is_empty() && wanted.iter().all(|pattern| pattern.is_in(link));
    let patterns: Vec<&str> = wanted.iter().map(Pattern::source).collect();
    (!fits).then(|| format!("is {}, wanted {}", or_missing(link), patterns.join(" and ")))
}

fn unsaid(wanted: &[Pattern], text: &str) -> Option<String> {
    let missing = wanted.iter().filter(|pattern| !pattern.is_in(text));
    joined(missing.map(|pattern| format!("nothing like /{}/", pattern.source())))
}

fn said(unwanted: &[Pattern], text: &str) -> Option<String> {
    joined(unwanted.iter().filter_map(|pattern| pattern.find(text)).map(|w| format!("says “{w}”")))
}

fn joined(reasons: impl Iterator<Item = String>) -> Option<String> {
    let reasons: Vec<String> = reasons.collect();
    (!reasons.is_empty()).then(|| reasons.join(" and "))
}

fn no_handoff(wanted: &HandoffWanted, answer: &Answer) -> Option<String> {
    let reason = answer.handoff.as_deref();
    let (fits, wanted) = match wanted {
        HandoffWanted::Either(wanted) => (reason.is_some() == *wanted, wanted.to_string()),
        HandoffWanted::Reasons(reasons) => {
            let accepted = |reason: &str| reasons.iter().any(|accepted| accepted == reason);
            let fits =
                if reasons.is_empty() { reason.is_none() } else { reason.is_some_and(accepted) };
            (fits, reasons.join(", "))
        }
    };
    let found = reason.map_or("none", |reason| if reason.is_empty() { "given" } else { reason });
    (!fits).then(|| format!("is {found}, wanted {wanted}"))
}

fn no_offer(wanted: SuggestionWanted, answer: &Answer, before: &[&Answer]) -> Option<String> {
    match wanted {
        SuggestionWanted::None => answer.suggestion.as_ref().map(|name| format!("offers {name}")),
        SuggestionWanted::Any => {
            let offered = before.iter().chain([&answer]).any(|answer| answer.suggestion.is_some());
            (!offered).then(|| "no offer so far".to_owned())
        }
    }
}

fn no_fact(wanted: &BTreeMap<String, String>, answer: &Answer) -> Option<String> {
    let missing = wanted.iter().find(|(key, part)| !answer.has_fact(key, part));
    missing.map(|(key, part)| format!("no {key} with {part}"))
}

fn or_missing(text: &str) -> &str {
    if text.is_empty() { "missing" } else { text }
}

/// The product checks that a product does not hold.
pub(crate) fn wrongs(shop: &Shop, id: ProductId, want: &Checks) -> Vec<Failure> {
    let product = shop.product(id);
    let price = shop.price(id, want.size.as_deref());
    let mut failed = wrong_category(shop, id, want);
    let mut check = |name, why: Option<String>| {
        let why = why.map(|why| format!("{} {}: {why}", product.sku, product.name));
        failed.extend(why.map(|why| Failure::new(name, why)));
    };
    check(
        "price_max",
        want.price_max
            .filter(|most| price > most.0)
            .map(|most| format!("costs {price:.2}, at most {}", most.0)),
    );
    check(
        "price_min",
        want.price_min
            .filter(|least| price < least.0)
            .map(|least| format!("costs {price:.2}, at least {}", least.0)),
    );
    check(
        "facet",
        want.facet.iter().flatten().find_map(|(facet, wanted)| {
            let values = shop.values(id, facet);
            let held = values.iter().any(|value| wanted.iter().any(|wanted| wanted == value));
            let absent = values.is_empty() && shop.missing_matches(facet);
            let found = if values.is_empty() { "unknown".to_owned() } else { values.join("/") };
            let why = || format!("{facet} is {found}, wanted {}", wanted.join(", "));
            (!held && !absent).then(why)
        }),
    );
    check(
        "facet_not",
        want.facet_not.iter().flatten().find_map(|(facet, unwanted)| {
            let values = shop.values(id, facet);
            let only = values.iter().all(|value| unwanted.iter().any(|unwanted| unwanted == value));
            (only && !values.is_empty()).then(|| format!("{facet} is {}", values.join("/")))
        }),
    );
    check(
        "size",
        want.size
            .as_deref()
            .filter(|size| shop.size_sold(id, size).is_none())
            .map(|size| format!("has no {size} in stock")),
    );
    check(
        "sku",
        want.sku
            .as_ref()
            .filter(|skus| !skus.contains(&product.sku))
            .map(|skus| format!("wanted {}", skus.join(", "))),
    );
    failed
}

/// The check on a product's category alone.
fn wrong_category(shop: &Shop, id: ProductId, want: &Checks) -> Vec<Failure> {
    let Some(wanted) = &want.category else { return Vec::new() };
    let product = shop.product(id);
    let line = product.category.as_deref().map_or_else(Vec::new, |own| shop.line_of(own));
    if line.iter().any(|category| wanted.iter().any(|wanted| wanted == category)) {
        return Vec::new();
    }
    let own = or_missing(product.category.as_deref().unwrap_or_default());
    let why = format!("{} {}: is {own}, wanted {}", product.sku, product.name, wanted.join(", "));
    vec![Failure::new("category", why)]
}
