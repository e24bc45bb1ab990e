//! What a model is told: the notation with the shop's ids, examples in the customer's language,
//! what was asked and shown, and the message.
//!
//! The parts come in the order in which they change: the instructions are the same for all messages
//! to a shop, the examples for all in a language. The engine computes them once.

use super::examples;
use super::ids::ShopIds;
use super::line::Line;
use super::line::Speaker;
use super::line::line;
use super::scope::ProductLine;
use super::scope::Scope;
use super::scope::asked;
use crate::shop::Catalog;
use crate::shop::Language;
use crate::state::DialogueState;
use std::fmt::Write;

/// Longest list of ids in the instructions, in bytes: about 2,500 tokens. A shop with more leaves
/// the last facets out; their values are told where the message has words for them.
const LISTED_BYTES_MAX: usize = 8_000;

/// Longest message, in characters; the rest is cut off.
const MESSAGE_CHARS_MAX: usize = 600;

/// Longest product name, in characters.
const NAME_CHARS_MAX: usize = 40;

/// The prompts of a shop.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Prompt {
    instructions: String,
    /// Examples by language; English for those that have none.
    examples: Vec<(Language, Vec<Line>)>,
}

impl Prompt {
    /// Writes the parts that are the same for all messages.
    #[must_use]
    pub fn new(ids: &ShopIds, catalog: &Catalog) -> Self {
        let languages = examples::LANGUAGES.iter().filter_map(|code| Language::from_locale(code));
        let examples = languages.map(|language| {
            let lines = examples::lines(ids, catalog, language);
            (language, lines)
        });
        Self { instructions: instructions(ids), examples: examples.collect() }
    }

    /// The languages that have examples.
    pub fn languages(&self) -> impl Iterator<Item = Language> + '_ {
        self.examples.iter().map(|(language, _)| *language)
    }

    /// The prompt for a message; an empty one has everything that is the same for all messages in
    /// the language.
    #[must_use]
    pub fn lines(&self, language: Language, situation: &str) -> Vec<Line> {
        let of = |wanted: Language| self.examples.iter().find(|(one, _)| *one == wanted);
        let examples = of(language).or_else(|| of(Language::EN)).map(|(_, lines)| &lines[..]);
        let mut lines = vec![line(Speaker::System, self.instructions.clone())];
        lines.extend(examples.unwrap_or_default().iter().cloned());
        lines.push(line(Speaker::User, situation.to_owned()));
        lines
    }
}

/// Describes where a conversation stands, and the message.
#[must_use]
pub(super) fn situation(scope: &Scope<'_>, state: &DialogueState, message: &str) -> String {
    let mut out = String::new();
    if let Some(asked) = asked(state) {
        put(&mut out, "Asked", &asked);
    }
    let numbered = |mark: &str, lines: &[ProductLine]| {
        let lines = lines.iter().enumerate();
        let lines = lines.map(|(at, line)| {
            format!("{mark}{} {} {}", at + 1, short(&line.name, NAME_CHARS_MAX), line.price)
        });
        lines.collect::<Vec<_>>().join("; ")
    };
    put(&mut out, "Shown", &numbered("#", &scope.shown));
    if let Some(focus) = &scope.focus {
        put(&mut out, "It", &short(&focus.name, NAME_CHARS_MAX));
    }
    let cart: Vec<String> =
        scope.cart.iter().map(|line| short(&line.name, NAME_CHARS_MAX)).collect();
    put(&mut out, "Cart", &cart.join("; "));
    put(&mut out, "Named", &numbered("p", &scope.named));
    put(&mut out, "Words", &scope.words.join(" "));
    let numbers: Vec<String> = scope.numbers.iter().map(ToString::to_string).collect();
    put(&mut out, "Numbers", &numbers.join(" "));
    let message = message.split_whitespace().collect::<Vec<_>>().join(" ");
    put(&mut out, "Message", &short(&message, MESSAGE_CHARS_MAX));
    out.trim_end().to_owned()
}

impl Scope<'_> {
    /// Describes where the conversation stands, and the message, for a prompt.
    #[must_use]
    pub fn situation(&self, state: &DialogueState, message: &str) -> String {
        situation(self, state, message)
    }
}

fn put(out: &mut String, name: &str, value: &str) {
    if !value.is_empty() {
        out.push_str(name);
        out.push_str(": ");
        out.push_str(value);
        out.push('\n');
    }
}

fn short(text: &str, chars_max: usize) -> String {
    text.chars().take(chars_max).collect()
}

/// The notation, with the ids of the shop.
fn instructions(ids: &ShopIds) -> String {
    let mut out = String::from(
        "You read a customer's message to a shop and write what it says as commands on one line, \
         separated by commas, in the order of its words. The message is in any language. \
         Commands:\n\
         greet, thanks, bye, yes, no: courtesy and short answers.\n\
         seek KIND: a kind of product is wanted; seek !KIND: not wanted. browse: a product is \
         wanted, no kind said.\n\
         FACET=VALUE: wanted; !FACET=VALUE: not wanted; ~FACET=VALUE: preferred. any: it does not \
         matter.\n\
         price ..MAX, price MIN..MAX, price MIN..: what it may cost. low_price: cheap. cheaper, \
         dearer, another: than the product shown. size SIZE. pieces N.\n\
         take REF: bought; name REF: chosen; show REF, reject REF, remove REF, compare REF+REF. \
         REF is #1 (first shown), p1 (first named), it, other, both, cheapest, dearest, last.\n\
         ask price, ask stock, ask restock, ask sizes, ask size_advice, ask details, ask FACET: \
         questions on a product. ask total, ask cart, ask bot, ask abilities, ask reorder.\n\
         about TOPIC: a question on the shop.\n\
         checkout: to pay. order: where an order is. complain delivery, damaged, fault, payment, \
         refund or service: trouble. human: a person is wanted. accessories: what goes with it.\n\
         out_of_scope: no matter of a shop. unclear: no meaning.\n",
    );
    let mut left = LISTED_BYTES_MAX;
    let mut list = |head: String, ids: String| {
        let bytes = head.len() + ids.len();
        if !ids.is_empty() && bytes <= left {
            left -= bytes;
            // Writing to a text does not fail.
            let _ = writeln!(out, "{head}: {ids}");
        }
    };
    let matters: Vec<&str> = ids.matters.iter().map(|matter| matter.id.as_str()).collect();
    list("KIND".to_owned(), ids.kinds.join(" "));
    list("TOPIC".to_owned(), matters.join(" "));
    for (key, values) in &ids.facets {
        list(format!("FACET {key}"), values.join(" "));
    }
    list("FACET of questions".to_owned(), ids.properties.join(" "));
    out.trim_end().to_owned()
}
