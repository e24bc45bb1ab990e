//! Guided selling: from a need, by facet questions, to a product, a size and a payment link.

use crate::turn::decide::Action;
use crate::turn::decide::ActionKind;
use crate::turn::decide::BUTTONS_MAX;
use crate::turn::decide::Decision;
use crate::turn::decide::HandoffReason;
use crate::turn::decide::PlannedOption;
use crate::turn::decide::Situation;
use crate::turn::decide::labels;
use crate::turn::decide::labels::ids;
use crate::turn::decide::service;
use crate::turn::draft::Brief;
use crate::turn::draft::Case;
use crate::turn::draft::FactKey;
use vitrine_base::ids::Sku;
use vitrine_catalog::CATEGORY_KEY;
use vitrine_catalog::FacetQuestion;
use vitrine_catalog::Product;
use vitrine_catalog::QuestionOptions;
use vitrine_catalog::SIZE_KEY;

/// When a facet question is worth asking; see `catalog::facets`.
const QUESTION: QuestionOptions = QuestionOptions {
    candidates_min: 4,
    options_max: BUTTONS_MAX,
    coverage_min: 0.4,
    gain_bits_min: 0.3,
};

/// Most search hits examined for a product that was not declined.
const HITS_MAX: usize = 16;

/// Most features stated with a recommendation.
const FEATURES_MAX: usize = 2;

/// The next step towards a product: ask, recommend, or report that there is no match.
pub(super) fn advance(situation: &Situation<'_>) -> Decision {
    let need = situation.need;
    if let Some(product) = sized_focus(situation) {
        return buy(situation, product);
    }
    if !need.narrows() && need.leftover.is_empty() {
        return ask_need(situation);
    }
    let asked = &situation.record.asked_facets;
    let may_ask = asked.len() < situation.rules.questions_max;
    let question =
        if may_ask { situation.catalog.question_needed(need, asked, &QUESTION) } else { None };
    match question {
        Some(question) => ask_facet(situation, question),
        None => show(situation, None),
    }
}

/// Asks the facet question that narrows the choice most.
fn ask_facet(situation: &Situation<'_>, question: FacetQuestion) -> Decision {
    let language = situation.style.language;
    let label = |choice| situation.catalog.label(choice, language).to_lowercase();
    let options = question
        .options
        .iter()
        .map(|choice| PlannedOption::new(choice.to_string(), label(choice)))
        .collect();
    let facet = situation.catalog.vocabulary().facet_label(&question.key, language);
    let brief = Brief::new(Case::AskFacet, situation.style)
        .with(FactKey::Need, need_words(situation))
        .with(FactKey::Facet, facet);
    let action = Action { facet: Some(question.key), ..Action::of(ActionKind::Ask) };
    let mut decision = Decision::new(situation, action, brief).offering(options);
    decision.focus = None;
    decision
}

/// The product in focus, if this message states the size that was asked for.
fn sized_focus<'a>(situation: &Situation<'a>) -> Option<&'a Product> {
    let pending = situation.record.pending.as_ref()?;
    if pending.facet != SIZE_KEY || !situation.understood.said.knows(SIZE_KEY) {
        return None;
    }
    situation.catalog.get(pending.product.as_ref()?)
}

fn need_words(situation: &Situation<'_>) -> String {
    let language = situation.style.language;
    situation
        .catalog
        .need_text(situation.need, language)
        .unwrap_or_else(|| situation.shop.about.text(language, &[]).to_owned())
}

/// Asks what the customer is looking for, with the top categories as buttons.
fn ask_need(situation: &Situation<'_>) -> Decision {
    let language = situation.style.language;
    let categories = situation.catalog.vocabulary().categories();
    let options = categories
        .iter()
        .filter(|category| category.parent.is_none())
        .take(BUTTONS_MAX)
        .map(|category| {
            PlannedOption::new(
                format!("{CATEGORY_KEY}={}", category.id),
                situation.catalog.vocabulary().text(&category.label, language).to_lowercase(),
            )
        })
        .collect();
    let brief = Brief::new(Case::AskNeed, situation.style);
    let action = Action { facet: Some("need".to_owned()), ..Action::of(ActionKind::Ask) };
    Decision::new(situation, action, brief).offering(options)
}

/// Recommends the best product that was not declined; `rejected` is declined in this turn.
fn show(situation: &Situation<'_>, rejected: Option<&Sku>) -> Decision {
    let language = situation.style.language;
    let found = situation.catalog.find_needed(situation.need, language, HITS_MAX);
    let declined = &situation.record.declined_offers;
    let mut hits = found
        .hits
        .iter()
        .filter(|hit| hit.in_stock && Some(&hit.sku) != rejected)
        .filter(|hit| declined.iter().all(|offer| offer.sku != hit.sku))
        .filter_map(|hit| situation.catalog.get(&hit.sku));
    if found.is_exact() {
        return match hits.next() {
            Some(product) => recommend(situation, product),
            None => recommend_none(situation, Vec::new()),
        };
    }
    recommend_none(situation, hits.take(2).collect())
}

fn recommend_none(situation: &Situation<'_>, near: Vec<&Product>) -> Decision {
    let brief =
        Brief::new(Case::RecommendNone, situation.style).with(FactKey::Need, need_words(situation));
    let options = near
        .into_iter()
        .map(|product| PlannedOption::new(format!("{}={}", ids::TAKE, product.sku), &*product.name))
        .collect();
    Decision::new(situation, Action::of(ActionKind::Recommend), brief).offering(options)
}

/// Describes a product with its price, and asks for the size or a confirmation in the same message.
fn recommend(situation: &Situation<'_>, product: &Product) -> Decision {
    let language = situation.style.language;
    let size = known_size(situation, product);
    let brief = Brief::new(Case::RecommendProduct, situation.style)
        .with(FactKey::Product, &product.name)
        .with(FactKey::Price, product.price.localized(language))
        .each(FactKey::Feature, product.features(language).iter().take(FEATURES_MAX))
        .maybe(FactKey::Size, size);
    let action = Action { sku: Some(product.sku.clone()), ..Action::of(ActionKind::Recommend) };
    let mut decision = Decision::new(situation, action, brief);
    decision.focus = Some(product.sku.clone());
    let sizes = product.sizes_in_stock();
    if sizes.is_empty() || size.is_some() {
        return decision.offering(yes_or_other(situation, product));
    }
    decision
        .briefs
        .push(Brief::new(Case::AskSize, situation.style).with(FactKey::Product, &product.name));
    decision.action.facet = Some(SIZE_KEY.to_owned());
    decision.offering(size_options(product))
}

/// The size that the customer named, if this product has it in stock.
fn known_size<'a>(situation: &Situation<'a>, product: &Product) -> Option<&'a str> {
    let size = situation.need.size.as_deref()?;
    let sized = !product.sizes().is_empty();
    (sized && product.in_stock(Some(size))).then_some(size)
}

fn yes_or_other(situation: &Situation<'_>, product: &Product) -> Vec<PlannedOption> {
    let language = situation.style.language;
    vec![
        PlannedOption::new(format!("{}={}", ids::CONFIRM, product.sku), labels::take(language)),
        PlannedOption::new(format!("{}={}", ids::OTHER, product.sku), labels::other(language)),
    ]
}

/// The sizes with the most units in stock, in the shop's order; others can be typed.
fn size_options(product: &Product) -> Vec<PlannedOption> {
    let sizes = product.sizes_in_stock();
    let mut most: Vec<&str> = sizes.clone();
    most.sort_by_key(|size| std::cmp::Reverse(product.units(Some(size))));
    most.truncate(BUTTONS_MAX);
    sizes
        .into_iter()
        .filter(|size| most.contains(size))
        .map(|size| PlannedOption::new(format!("{SIZE_KEY}={size}"), size))
        .collect()
}

/// Leads a chosen product to payment: asks for the size if needed, else sends the checkout link.
pub(super) fn buy(situation: &Situation<'_>, product: &Product) -> Decision {
    let language = situation.style.language;
    let sized = !product.sizes().is_empty();
    let size = known_size(situation, product);
    if !product.in_stock(None) || (sized && size.is_none()) {
        return ask_size(situation, product);
    }
    let Some(link) = checkout_link(situation, product, size) else {
        return service::handoff(situation, HandoffReason::Requested);
    };
    let brief = Brief::new(Case::CheckoutLink, situation.style)
        .with(FactKey::Product, &product.name)
        .maybe(FactKey::Size, size)
        .with(FactKey::Price, product.price.localized(language))
        .with(FactKey::Link, &link);
    let action = Action {
        sku: Some(product.sku.clone()),
        link: Some(link),
        ..Action::of(ActionKind::Checkout)
    };
    let mut decision = Decision::new(situation, action, brief);
    decision.focus = Some(product.sku.clone());
    decision
}

/// Asks for the size. If the named size or the product is sold out, states that first.
fn ask_size(situation: &Situation<'_>, product: &Product) -> Decision {
    let options = size_options(product);
    let action = Action {
        facet: Some(SIZE_KEY.to_owned()),
        sku: Some(product.sku.clone()),
        ..Action::of(ActionKind::Ask)
    };
    let wanted = situation.need.size.as_deref();
    let sold_out = wanted.is_some_and(|size| !product.in_stock(Some(size))) || options.is_empty();
    let ask = Brief::new(Case::AskSize, situation.style).with(FactKey::Product, &product.name);
    if options.is_empty() {
        let mut decision = Decision::new(situation, action, sold_out_brief(situation, product));
        decision.action.kind = ActionKind::Answer;
        return decision.offering(Vec::new());
    }
    let mut decision = Decision::new(situation, action, ask);
    if sold_out {
        decision.briefs.insert(0, sold_out_brief(situation, product));
    }
    decision.focus = Some(product.sku.clone());
    decision.need.size = None;
    decision.offering(options)
}

fn sold_out_brief(situation: &Situation<'_>, product: &Product) -> Brief {
    let size = situation.need.size.as_deref().filter(|_| !product.sizes().is_empty());
    Brief::new(Case::AnswerStock, situation.style)
        .with(FactKey::Product, &product.name)
        .maybe(FactKey::Size, size)
        .with(FactKey::Availability, labels::out_of_stock(situation.style.language))
}

fn checkout_link(
    situation: &Situation<'_>,
    product: &Product,
    size: Option<&str>,
) -> Option<String> {
    let pattern = &situation.shop.checkout_url;
    (!pattern.is_empty()).then(|| {
        // Escaped texts hold no braces, so they are never replaced in turn. A link is for one piece
        // of one product, which has no variants: its sku is the product's.
        let sku = escape(product.sku.as_str());
        pattern
            .replace("{sku}", &sku)
            .replace("{product}", &sku)
            .replace("{lines}", &format!("{sku}:1"))
            .replace("{quantity}", "1")
            .replace("{size}", &escape(size.unwrap_or_default()))
            .replace("{thread}", &escape(situation.record.thread_id.as_str()))
    })
}

/// Percent-encodes all but unreserved characters. Source: RFC 3986, section 2.3.
fn escape(text: &str) -> String {
    use std::fmt::Write;
    let mut escaped = String::new();
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            escaped.push(char::from(byte));
        } else {
            // Writing to a string cannot fail.
            let _ = write!(escaped, "%{byte:02X}");
        }
    }
    escaped
}

/// The product that the message is about: named in it, or in focus.
fn subject<'a>(situation: &Situation<'a>) -> Option<&'a Product> {
    let named = situation.understood.said.mentioned.first();
    let sku = named.or(situation.record.product_in_focus.as_ref())?;
    situation.catalog.get(sku)
}

fn answer_about(situation: &Situation<'_>, product: &Product, brief: Brief) -> Decision {
    let action = Action { sku: Some(product.sku.clone()), ..Action::of(ActionKind::Answer) };
    let mut decision = Decision::new(situation, action, brief);
    decision.focus = Some(product.sku.clone());
    decision
}

/// Answers a question about a product with its features.
pub(super) fn describe(situation: &Situation<'_>) -> Decision {
    let language = situation.style.language;
    let Some(product) = subject(situation) else { return advance(situation) };
    let features = product.features(language);
    if features.is_empty() {
        return service::handoff(situation, HandoffReason::Requested);
    }
    let brief = Brief::new(Case::AnswerProduct, situation.style)
        .with(FactKey::Product, &product.name)
        .each(FactKey::Feature, features.iter().take(BUTTONS_MAX))
        .with(FactKey::Price, product.price.localized(language));
    answer_about(situation, product, brief)
}

/// States the price of a product.
pub(super) fn price(situation: &Situation<'_>) -> Decision {
    let Some(product) = subject(situation) else { return advance(situation) };
    let brief = Brief::new(Case::AnswerPrice, situation.style)
        .with(FactKey::Product, &product.name)
        .with(FactKey::Price, product.price.localized(situation.style.language));
    answer_about(situation, product, brief)
}

/// States how many units are in stock.
pub(super) fn stock(situation: &Situation<'_>) -> Decision {
    let Some(product) = subject(situation) else { return advance(situation) };
    let sized = !product.sizes().is_empty();
    let size = situation.need.size.as_deref().filter(|_| sized);
    let brief = Brief::new(Case::AnswerStock, situation.style)
        .with(FactKey::Product, &product.name)
        .maybe(FactKey::Size, size);
    let brief = match product.units(size) {
        Some(units) if units > 0 => brief.with(FactKey::Stock, units.to_string()),
        Some(_) | None => {
            brief.with(FactKey::Availability, labels::out_of_stock(situation.style.language))
        }
    };
    answer_about(situation, product, brief)
}

/// Accepts the product that is named or in focus, else the first one in the cart; else continues
/// the search.
pub(super) fn accept(situation: &Situation<'_>) -> Decision {
    let in_cart = situation.record.cart.first().and_then(|line| situation.catalog.get(&line.sku));
    match subject(situation).or(in_cart) {
        Some(product) => buy(situation, product),
        None => advance(situation),
    }
}

/// Declines the product in focus, or the question that was asked.
pub(super) fn refuse(situation: &Situation<'_>) -> Decision {
    match &situation.record.product_in_focus {
        Some(sku) => instead_of(situation, sku.clone()),
        None if situation.understood.said.narrows() => advance(situation),
        None => ask_need(situation),
    }
}

/// Recommends another product, and records `sku` as declined.
pub(super) fn instead_of(situation: &Situation<'_>, sku: Sku) -> Decision {
    let mut decision = show(situation, Some(&sku));
    if decision.focus.as_ref() == Some(&sku) {
        decision.focus = None;
    }
    decision.rejected = Some(sku);
    decision
}
