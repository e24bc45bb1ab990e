//! Answers: questions on products, on the shop, on sums.

use super::cards;
use super::choose::Turn;
use super::properties::attribute_text;
use super::properties::own_property;
use super::properties::stated;
use super::references;
use super::sizes;
use crate::command::Command;
use crate::command::Polarity;
use crate::command::Question;
use crate::command::Reference;
use crate::plan::Action;
use crate::plan::ActionKind;
use crate::plan::AttributeText;
use crate::plan::Availability;
use crate::plan::Lead;
use crate::plan::Move;
use crate::plan::PolicyText;
use crate::reader::properties::alike;
use crate::reader::properties::measuring_option;
use crate::reader::tokens::fold;
use crate::shop::FacetChoice;
use crate::shop::Lookups;
use crate::shop::Product;
use crate::shop::sentences;
use crate::state::Focus;
use crate::state::Pending;
use rust_decimal::Decimal;
use std::collections::BTreeMap;
use vitrine_base::money::Money;

/// Letters by which two words are the same.
const STEM_LETTERS: usize = 5;

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
        self.name_version(&asked);
        for (question, about) in self.with_options(asked) {
            self.answer(&question, about.as_ref());
        }
    }

    /// A value of an option is asked as stock: "in red and in 240x260, do you have it?" is one
    /// question.
    fn with_options(
        &mut self,
        asked: Vec<(Question, Option<Reference>)>,
    ) -> Vec<(Question, Option<Reference>)> {
        let mut kept = Vec::new();
        let mut about = None;
        for (question, reference) in asked {
            if let Question::Attribute { key, value: Some(value) } = &question
                && let Some(product) = self.subject(reference.as_ref())
                && let Some(product) = self.context.catalog.product(&product)
                && product.options.contains(key)
            {
                self.asked_options.insert(key.clone(), value.clone());
                about = Some(reference);
                continue;
            }
            kept.push((question, reference));
        }
        let stock = |(question, _): &(Question, _)| *question == Question::Stock;
        if let Some(reference) = about
            && !kept.iter().any(stock)
        {
            kept.push((Question::Stock, reference));
        }
        kept
    }

    fn answer(&mut self, question: &Question, about: Option<&Reference>) {
        match question {
            Question::Topic { intent, topics } => {
                self.own_properties(intent, about);
                self.topic(intent, topics);
                self.keep_subject(about);
            }
            Question::Bot => self.bot(),
            // "I get blisters on long runs, can you help me?" asks for goods.
            Question::Abilities if self.seeks() => {}
            Question::Abilities => self.abilities(),
            Question::Cart => self.cart(),
            Question::Total => self.total(about),
            Question::Price if about == Some(&Reference::Both) => self.prices(&Reference::Both),
            Question::Reorder => self.reorder(),
            Question::Which => self.which(about),
            _ => self.about_product(question, about),
        }
    }

    /// Whether the message says what is looked for.
    fn seeks(&self) -> bool {
        !self.reading.words.is_empty()
            || self.changes.sought
            || self.changes.narrowed
            || self.has(|command| matches!(command, Command::Choose { .. } | Command::Show { .. }))
    }

    /// The product that a question is about: the one named, else the one under discussion.
    fn subject(&self, about: Option<&Reference>) -> Option<String> {
        let named = about.map(|reference| self.resolve(reference)).unwrap_or_default();
        named.into_iter().next().or_else(|| references::focus(&self.state))
    }

    pub(super) fn about_product(&mut self, question: &Question, about: Option<&Reference>) {
        let catalog = self.context.catalog;
        if let Question::Attribute { key, value: None } = question
            && self.tells_all(key, about)
        {
            return;
        }
        let several = about == Some(&Reference::Both) && self.resolve(&Reference::Both).len() > 1;
        if several && matches!(question, Question::Attribute { value: None, .. }) {
            return self.compare();
        }
        let Some(product) = self.subject(about).and_then(|sku| catalog.product(&sku)) else {
            return self.without_product(question);
        };
        let need = self.state.need.clone();
        let sku = product.sku.as_str().to_owned();
        let focus = self.state.focus.as_ref().filter(|focus| focus.sku == sku);
        let stated = focus.map(|focus| focus.options.clone()).unwrap_or_default();
        let mut options = cards::chosen(product, &need, &stated);
        // "and the blue one in L?", while the black one was spoken of.
        for said in &self.reading.commands {
            if let Command::Constrain { facet, value, polarity: Polarity::Must } = &said.command
                && let Some(made) = sizes::of_product(product, facet, value).first()
            {
                options.insert(facet.clone(), (*made).to_owned());
            }
        }
        for (key, said) in
            self.asked_options.iter().filter(|(key, _)| product.options.contains(key))
        {
            let made = sizes::of_product(product, key, said).first().copied();
            options.insert(key.clone(), made.unwrap_or(said).to_owned());
        }
        let shown = cards::shown(self.context, &need, product, options.clone());
        self.action = Action { sku: Some(sku.clone()), ..Action::of(ActionKind::Answer) };
        self.state.focus = Some(Focus { sku, options: options.clone(), pieces: Vec::new() });
        let card = shown.card.clone();
        self.state.asked_variant = matches!(question, Question::Price | Question::Stock);
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
            Question::Attribute { key, value } if self.fits(product, key, value.as_deref()) => {
                return;
            }
            Question::Attribute { key, value } => self.attribute(product, key, value.as_deref()),
            Question::Feature { text } => self.feature(product, text),
            _ => {
                let text = product.description.or_fallback(self.context.language, &[]);
                let description = text.cloned().unwrap_or_default();
                self.moves.push(Move::Describe { card, description });
                self.sheet(product);
            }
        }
        if self.products.iter().all(|known| known.card.sku != shown.card.sku) {
            self.products.push(shown);
        }
        self.keep_buying(product);
    }

    /// After an answer, the purchase goes on: the product can be bought by a button.
    pub(super) fn keep_buying(&mut self, product: &Product) {
        let sku = product.sku.as_str().to_owned();
        // What waits of another product is left: the talk is about this one.
        let waits = matches!(&self.before.pending,
            Some(Pending::Option { sku: waiting, .. } | Pending::Buy { sku: waiting })
                if *waiting == sku);
        if !waits {
            self.state.pending = Some(Pending::Buy { sku: sku.clone() });
        }
        if product.available(&BTreeMap::new()) {
            self.button(format!("take={sku}"), "");
        }
    }

    fn without_product(&mut self, question: &Question) {
        // "Do you ship to Spain, and what does it cost?": the shop's text answers.
        let topic = self.has(|command| {
            matches!(command, Command::Ask { question: Question::Topic { .. }, .. })
        });
        if (topic || !self.moves.is_empty()) && !self.changes.sought {
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

    pub(super) fn price_of(&mut self, product: &Product, options: &BTreeMap<String, String>) {
        let card = cards::card(self.context, &self.state.need.clone(), product, options);
        // "how much is that?", of ten in the cart.
        let line = self.state.cart.iter().find(|line| line.sku == card.sku);
        let pieces = self.state.need.quantity.or(line.map(|line| line.quantity));
        let pieces = pieces.filter(|pieces| *pieces > 1);
        // A price that depends on what is still open is none to count with.
        let price = cards::one_price(product, options);
        let pieces = pieces.zip(price).map(|(pieces, price)| {
            let amount = price.amount.saturating_mul(Decimal::from(pieces));
            (pieces, Money { amount, currency: price.currency })
        });
        // Whether it is there was answered with its price.
        let said = self
            .moves
            .iter()
            .any(|one| matches!(one, Move::Stock { card: known, .. } if known.sku == card.sku));
        if !said || pieces.is_some() {
            self.moves.push(Move::PriceOf { card, pieces });
        }
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
        if key.is_none() && alike(product, "dimensions").is_some() {
            self.attribute(product, "dimensions", None);
            return self.keep_buying(product);
        }
        self.topic("size_help", &[]);
        self.action.sku = Some(product.sku.as_str().to_owned());
        if let Some(key) = key
            && !options.contains_key(&key)
        {
            self.ask_option(product, &key, options);
        }
    }

    fn attribute(&mut self, product: &Product, key: &str, value: Option<&str>) {
        let key = own_property(product, key);
        let language = self.context.language;
        let catalog = self.context.catalog;
        let label = match value {
            Some(value) => catalog.label(&FacetChoice::new(key, value), language),
            None if catalog.facet(key).is_some() => catalog.key_label(key, language),
            None => key.to_owned(),
        };
        if value.is_none() && self.measured_by_option(product, key) {
            return;
        }
        let mut text = attribute_text(self.context, product, key, value);
        if text == AttributeText::Unknown && value.is_none() && self.terms_of_kind(product) {
            return;
        }
        if value.is_none() && matches!(text, AttributeText::Unknown | AttributeText::Quote(_)) {
            // What the files do not say is not answered with something else they say.
            text = match self.text_asked(product, key) {
                Some(text) if text.ends_with(['.', '!', '?']) => AttributeText::Quote(text),
                Some(text) => AttributeText::Value(text),
                None => AttributeText::Unknown,
            };
        }
        let card = cards::card(self.context, &self.state.need.clone(), product, &BTreeMap::new());
        // Of what was asked nothing is known: what the shop says of the product comes behind it,
        // where nothing else was answered.
        let unknown = text == AttributeText::Unknown;
        if unknown && key.is_empty() && !self.moves.is_empty() {
            return;
        }
        // Words that name no property: what is stated says more than that nothing is known of it.
        if unknown && key.is_empty() && self.sheet(product) {
            return;
        }
        self.moves.push(Move::Attribute { card, label, value: text });
        if unknown {
            self.sheet(product);
        }
    }

    /// What the shop states of a product, for a question that nothing of it is known to answer.
    /// False if it states nothing, or if that was said.
    fn sheet(&mut self, product: &Product) -> bool {
        let rows = stated(self.context, product);
        let said = |one: &Move| matches!(one, Move::Sheet { .. });
        let says = !rows.is_empty() && !self.moves.iter().any(said);
        if says {
            self.moves.push(Move::Sheet { name: product.name.clone(), rows });
        }
        says
    }

    /// "how much does it hold?", of a kettle that comes in 0.8 l: its sizes answer. False if the
    /// product states the property, or comes in no such measure.
    fn measured_by_option(&mut self, product: &Product, key: &str) -> bool {
        let option = measuring_option(product, key);
        let Some(option) = option else { return false };
        let values = product.option_values(option).into_iter();
        let values: Vec<String> =
            values.map(|one| cards::option_label(self.context, option, one)).collect();
        let label = self.context.catalog.key_label(option, self.context.language);
        let card = cards::card(self.context, &self.state.need.clone(), product, &BTreeMap::new());
        let value = AttributeText::Value(values.join(", "));
        self.moves.push(Move::Attribute { card, label, value });
        true
    }

    /// Answers with a feature or a sentence of the shop on a product.
    fn feature(&mut self, product: &Product, text: &str) {
        let card = cards::card(self.context, &self.state.need.clone(), product, &BTreeMap::new());
        let sentence = text.ends_with(['.', '!', '?']);
        let text = text.to_owned();
        let value = if sentence { AttributeText::Quote(text) } else { AttributeText::Value(text) };
        self.moves.push(Move::Attribute { card, label: String::new(), value });
    }

    /// The feature, or the sentence of the description, that shares a word with a question on a
    /// product: "does it stand chlorine?" and "chlorine-resistant fabric".
    fn text_asked(&self, product: &Product, asked: &str) -> Option<String> {
        let source = self.reading.commands.iter().find_map(|said| match &said.command {
            Command::Ask { question: Question::Attribute { key, value: None }, .. }
                if own_property(product, key) == asked =>
            {
                Some(fold(&said.source))
            }
            _ => None,
        })?;
        let stem = |word: &str| word.chars().take(STEM_LETTERS).collect::<String>();
        let long = |word: &&str| word.chars().count() >= STEM_LETTERS;
        let language = self.context.language;
        let title = product.title.or_fallback(language, &[]).map(|title| fold(title));
        let name = format!("{} {}", fold(&product.name), title.unwrap_or_default());
        let words = |text: &str| -> Vec<String> {
            let parts = text.split(|c: char| !c.is_alphanumeric());
            parts.filter(long).filter(|word| !name.contains(*word)).map(stem).collect()
        };
        let said = words(&source);
        let own = |sentence: &&str| !sentence.starts_with(product.name.as_str());
        let sentences = sentences(product, language).filter(own);
        let mut texts = product.features(language).iter().map(String::as_str).chain(sentences);
        let fits = |text: &&str| words(&fold(text)).iter().any(|one| said.contains(one));
        texts.find(fits).map(str::to_owned)
    }

    /// What the product under discussion states on a matter of the shop: its own washing
    /// temperature or warranty comes before what holds for all.
    fn own_properties(&mut self, intent: &str, about: Option<&Reference>) {
        let parts = OWN_PROPERTIES.iter().find(|(label, _)| *label == intent);
        let Some((_, parts)) = parts else { return };
        let Some(sku) = self.subject(about) else { return };
        let Some(product) = self.context.catalog.product(&sku) else { return };
        let fits = |key: &&String| key.split('_').any(|part| parts.contains(&part));
        let keys: Vec<String> = product.attributes.keys().filter(fits).cloned().collect();
        for key in keys.iter().take(OWN_PROPERTIES_MAX) {
            self.attribute(product, key, None);
        }
    }

    /// The product that one of the shop's matters was asked of stays under discussion.
    fn keep_subject(&mut self, about: Option<&Reference>) {
        let Some(sku) = about.and_then(|about| self.subject(Some(about))) else { return };
        self.action.sku = Some(sku.clone());
        if self.state.focus.as_ref().is_none_or(|focus| focus.sku != sku) {
            self.state.focus = Some(Focus { sku, options: BTreeMap::new(), pieces: Vec::new() });
        }
    }

    /// The cheapest or dearest of those shown, or the one with a value.
    fn which(&mut self, about: Option<&Reference>) {
        // "which one is warmer?": how they differ says it.
        let Some(reference) = about.cloned() else { return self.compare() };
        let catalog = self.context.catalog;
        let skus = self.resolve(&reference);
        let Some(product) = skus.first().and_then(|sku| catalog.product(sku)) else {
            if let Reference::Facet { facet, value } = reference {
                self.state.need.facets.entry(facet).or_default().must.push(value);
            }
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
}

/// Parts of keys of properties that a matter of the shop is about.
const OWN_PROPERTIES: [(&str, &[&str]); 2] = [
    ("care_instructions", &["wash", "washable", "dishwasher", "care", "dryer", "iron"]),
    ("warranty", &["warranty", "guarantee"]),
];

/// Most of them said at once.
const OWN_PROPERTIES_MAX: usize = 2;
