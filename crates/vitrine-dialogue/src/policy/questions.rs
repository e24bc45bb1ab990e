//! Answers: questions on products, on the shop, on sums.

use super::buying;
use super::cards;
use super::choose::Turn;
use super::references;
use super::sizes;
use crate::command::Command;
use crate::command::Question;
use crate::command::Reference;
use crate::plan::Action;
use crate::plan::ActionKind;
use crate::plan::AttributeText;
use crate::plan::Availability;
use crate::plan::Lead;
use crate::plan::Move;
use crate::plan::PolicyText;
use crate::shop::AttributeValue;
use crate::shop::FacetChoice;
use crate::shop::Language;
use crate::shop::Lookups;
use crate::shop::MentionTarget;
use crate::shop::Product;
use crate::state::Focus;
use crate::state::Pending;
use rust_decimal::Decimal;
use std::collections::BTreeMap;
use vitrine_base::money::Money;
use vitrine_base::money::NumberFormat;

/// Most questions answered in one reply.
const ANSWERS_MAX: usize = 3;

impl Turn<'_> {
    /// Answers every question of the message.
    pub(super) fn questions(&mut self) {
        let asked: Vec<(Question, Option<Reference>)> = self
            .reading
            .commands
            .iter()
            .filter_map(|said| match &said.command {
                Command::Ask { question, about } => Some((question.clone(), about.clone())),
                _ => None,
            })
            .take(ANSWERS_MAX)
            .collect();
        for (question, about) in asked {
            self.answer(&question, about.as_ref());
        }
    }

    fn answer(&mut self, question: &Question, about: Option<&Reference>) {
        match question {
            Question::Topic { intent, topics } => self.topic(intent, topics),
            Question::Bot => self.bot(),
            Question::Abilities => self.abilities(),
            Question::Cart | Question::Total => self.cart(),
            Question::Reorder => self.reorder(),
            Question::Which => self.which(about),
            _ => self.about_product(question, about),
        }
    }

    /// The product that a question is about: the one named, else the one under discussion.
    fn subject(&self, about: Option<&Reference>) -> Option<String> {
        let named = about.map(|reference| self.resolve(reference)).unwrap_or_default();
        named.into_iter().next().or_else(|| references::focus(&self.state))
    }

    fn about_product(&mut self, question: &Question, about: Option<&Reference>) {
        let catalog = self.context.catalog;
        let Some(product) = self.subject(about).and_then(|sku| catalog.product(&sku)) else {
            return self.without_product(question);
        };
        let need = self.state.need.clone();
        let sku = product.sku.as_str().to_owned();
        let focus = self.state.focus.as_ref().filter(|focus| focus.sku == sku);
        let stated = focus.map(|focus| focus.options.clone()).unwrap_or_default();
        let options = cards::chosen(product, &need, &stated);
        let shown = cards::shown(self.context, &need, product, options.clone());
        self.action = Action { sku: Some(sku.clone()), ..Action::of(ActionKind::Answer) };
        self.state.focus = Some(Focus { sku, options: options.clone(), pieces: Vec::new() });
        let card = shown.card.clone();
        match question {
            Question::Price => self.price_of(product, &options),
            Question::Stock | Question::Restock => {
                return self.stock(product, options, *question == Question::Restock);
            }
            Question::Sizes => {
                let key = product.options.first().cloned().unwrap_or_default();
                let sizes = cards::to_be_had(product, &key, &BTreeMap::new());
                let sizes = sizes.into_iter().map(str::to_owned).collect();
                self.moves.push(Move::Sizes { card, sizes });
            }
            Question::SizeAdvice => return self.size_advice(product, &options),
            Question::Attribute { key, value } => self.attribute(product, key, value.as_deref()),
            _ => {
                let text = product.description.or_fallback(self.context.language, &[]);
                let description = text.cloned().unwrap_or_default();
                self.moves.push(Move::Describe { card, description });
            }
        }
        if self.products.iter().all(|known| known.card.sku != shown.card.sku) {
            self.products.push(shown);
        }
        self.keep_buying(product);
    }

    /// After an answer, the purchase goes on: the product can be bought by a button.
    fn keep_buying(&mut self, product: &Product) {
        let sku = product.sku.as_str().to_owned();
        let waits =
            matches!(self.before.pending, Some(Pending::Option { .. } | Pending::Buy { .. }));
        if !waits {
            self.state.pending = Some(Pending::Buy { sku: sku.clone() });
        }
        if product.available(&BTreeMap::new()) {
            self.button(format!("take={sku}"), "");
        }
    }

    fn without_product(&mut self, question: &Question) {
        // "Do you ship to Spain, and what does it cost?": the shop's text has answered.
        if !self.moves.is_empty() && !self.changes.sought {
            return;
        }
        match question {
            Question::Price | Question::Stock | Question::Sizes | Question::Details
                if self.changes.sought || self.changes.narrowed =>
            {
                self.search(Lead::First);
            }
            Question::SizeAdvice => self.topic("size_help", &[]),
            Question::Restock => self.topic("restock_alert", &[]),
            // Another question of the message was answered.
            _ if !self.moves.is_empty() => {}
            _ => self.ask_need(),
        }
    }

    fn price_of(&mut self, product: &Product, options: &BTreeMap<String, String>) {
        let card = cards::card(self.context, &self.state.need.clone(), product, options);
        let pieces = self.changes.quantity.filter(|pieces| *pieces > 1);
        let variant = cards::variant(product, options);
        let pieces = pieces.zip(variant).map(|(pieces, variant)| {
            let amount = variant.price.amount.saturating_mul(Decimal::from(pieces));
            (pieces, Money { amount, currency: variant.price.currency })
        });
        self.moves.push(Move::PriceOf { card, pieces });
    }

    fn stock(&mut self, product: &Product, options: BTreeMap<String, String>, restock: bool) {
        let need = self.state.need.clone();
        // A size that the product is not made in is not among its options: it is said all the same.
        let mut asked = options;
        for (key, wanted) in &need.options {
            let said = wanted.first().filter(|_| product.options.contains(key));
            if let Some(said) = said
                && !asked.contains_key(key)
                && wanted.iter().all(|said| sizes::of_product(product, key, said).is_empty())
            {
                asked.insert(key.clone(), said.clone());
            }
        }
        let availability = cards::availability(product, &asked);
        let there = matches!(availability, Availability::InStock | Availability::Preorder);
        if restock && !there {
            return self.restock(product);
        }
        if !matches!(availability, Availability::InStock | Availability::Preorder) {
            return self.not_in_stock(product, asked);
        }
        let shown = cards::shown(self.context, &need, product, asked.clone());
        let open = cards::missing(product, &asked).cloned();
        let sizes: Vec<String> = open
            .as_deref()
            .map(|key| cards::to_be_had(product, key, &asked))
            .unwrap_or_default()
            .into_iter()
            .map(str::to_owned)
            .collect();
        let sku = shown.card.sku.clone();
        self.moves.push(Move::Stock { card: shown.card.clone(), sizes });
        self.products.push(shown);
        self.state.pending = Some(Pending::Buy { sku: sku.clone() });
        self.button(format!("take={sku}"), "");
    }

    /// A message when it is back: noted with an address if one was given, else asked for.
    fn restock(&mut self, product: &Product) {
        let sku = product.sku.as_str().to_owned();
        if !self.state.waits_for.contains(&sku) {
            self.state.waits_for.push(sku.clone());
        }
        let policy = self.context.policies.of_intent("restock_alert").next();
        let text = policy.and_then(|topic| topic.text.or_fallback(self.context.language, &[]));
        self.moves.push(Move::RestockNoted { name: product.name.clone(), contact: None });
        if let (Some(topic), Some(text)) = (policy, text) {
            let policy = PolicyText { id: topic.id.clone(), text: text.clone() };
            self.action.topic = Some(policy.id.clone());
            self.moves.push(Move::Policy(policy));
        }
        self.state.pending = Some(Pending::Contact { sku });
    }

    fn size_advice(&mut self, product: &Product, options: &BTreeMap<String, String>) {
        let key = product.options.first().cloned();
        self.topic("size_help", &[]);
        self.action.sku = Some(product.sku.as_str().to_owned());
        if let Some(key) = key
            && !options.contains_key(&key)
        {
            self.ask_option(product, &key, options);
        }
    }

    fn attribute(&mut self, product: &Product, key: &str, value: Option<&str>) {
        let language = self.context.language;
        let catalog = self.context.catalog;
        let label = match value {
            Some(value) => catalog.label(&FacetChoice::new(key, value), language),
            None => catalog.key_label(key, language),
        };
        let text = attribute_text(self.context, product, key, value);
        let card = cards::card(self.context, &self.state.need.clone(), product, &BTreeMap::new());
        self.moves.push(Move::Attribute { card, label, value: text });
    }

    /// The cheapest or dearest of those shown, or the one with a value.
    fn which(&mut self, about: Option<&Reference>) {
        let reference = about.cloned().unwrap_or(Reference::Cheapest);
        let catalog = self.context.catalog;
        let skus = self.resolve(&reference);
        let Some(product) = skus.first().and_then(|sku| catalog.product(sku)) else {
            return self.search(Lead::First);
        };
        let need = self.state.need.clone();
        let options = cards::chosen(product, &need, &BTreeMap::new());
        let shown = cards::shown(self.context, &need, product, options.clone());
        let cheapest = match reference {
            Reference::Cheapest => Some(true),
            Reference::Dearest => Some(false),
            _ => None,
        };
        let sku = shown.card.sku.clone();
        self.action = Action { sku: Some(sku.clone()), ..Action::of(ActionKind::Answer) };
        self.moves.push(Move::Which { card: shown.card.clone(), cheapest });
        self.products.push(shown);
        self.state.compared.clone_from(&self.before.last_shown);
        self.state.focus = Some(Focus { sku: sku.clone(), options, pieces: Vec::new() });
        self.state.pending = Some(Pending::Buy { sku: sku.clone() });
        self.button(format!("take={sku}"), "");
    }

    fn cart(&mut self) {
        let context = self.context;
        if self.state.cart.is_empty()
            && let Some(product) =
                references::focus(&self.state).and_then(|sku| context.catalog.product(&sku))
        {
            let need = self.state.need.clone();
            let options = cards::chosen(product, &need, &BTreeMap::new());
            self.action = Action {
                sku: Some(product.sku.as_str().to_owned()),
                ..Action::of(ActionKind::Answer)
            };
            return self.price_of(product, &options);
        }
        let (lines, total) = buying::cart_lines(context.catalog, &self.state.cart, context);
        self.moves.push(Move::Cart { lines, total });
        self.action = Action { topic: Some("cart".to_owned()), ..Action::of(ActionKind::Answer) };
    }
}

/// What the shop says about a property of a product.
fn attribute_text(
    context: &super::Context<'_>,
    product: &Product,
    key: &str,
    value: Option<&str>,
) -> AttributeText {
    let language = context.language;
    if let Some(value) = value {
        if references::has_value(product, key, value) {
            return AttributeText::Yes;
        }
        if let Some(AttributeValue::Flag(flag)) = product.attributes.get(value) {
            return if *flag { AttributeText::Yes } else { AttributeText::No };
        }
        if let Some(feature) = feature_with(context, product, key, value) {
            return AttributeText::Value(feature);
        }
        let stated = product.facets.get(key).is_some_and(|values| !values.is_empty());
        return if stated { AttributeText::No } else { AttributeText::Unknown };
    }
    if let Some(found) = product.attributes.get(key) {
        return match found {
            AttributeValue::Flag(true) => AttributeText::Yes,
            AttributeValue::Flag(false) => AttributeText::No,
            AttributeValue::Number(number) => {
                AttributeText::Value(with_unit(key, *number, language))
            }
            other => other
                .text(language, &[])
                .filter(|text| !text.is_empty())
                .map_or(AttributeText::Unknown, AttributeText::Value),
        };
    }
    if let Some(values) = product.facets.get(key).filter(|values| !values.is_empty()) {
        let labels = values
            .iter()
            .map(|value| context.catalog.label(&FacetChoice::new(key, value), language));
        return AttributeText::Value(labels.collect::<Vec<_>>().join(", "));
    }
    let description = product.description.or_fallback(language, &[]);
    match description.filter(|text| !text.is_empty()) {
        Some(text) => AttributeText::Quote(text.clone()),
        None => AttributeText::Unknown,
    }
}

/// The feature of a product whose words mean a facet value: "waterproof membrane" for rain.
fn feature_with(
    context: &super::Context<'_>,
    product: &Product,
    key: &str,
    value: &str,
) -> Option<String> {
    let language = context.language;
    let wanted = FacetChoice::new(key, value);
    let says = |feature: &&String| {
        let found = context.catalog.mentions(feature, &[language]);
        found.iter().any(|one| matches!(&one.target, MentionTarget::Value(it) if *it == wanted))
    };
    product.features(language).iter().find(says).cloned()
}

/// A number with the unit that the key carries: `weight_kg` → "0.28 kg".
fn with_unit(key: &str, number: Decimal, language: Language) -> String {
    let unit = key.rsplit_once('_').map_or("", |(_, unit)| unit);
    let number = NumberFormat::of(language).number(&number.normalize().to_string());
    match unit {
        "kg" | "g" | "mm" | "cm" | "m" | "km" | "ml" | "l" | "w" | "wh" | "mah" | "v" | "gsm"
        | "h" => {
            let unit = match unit {
                "l" => "l",
                "gsm" => "g/m²",
                other => other,
            };
            format!("{number} {unit}")
        }
        _ => number,
    }
}
