//! Which lines a model may write for a message.

use super::notation::COMMANDS_MAX;
use super::notation::Piece;
use super::notation::any;
use super::notation::maybe;
use super::notation::text;
use super::scope::Scope;

/// Commands that are one word.
pub(super) const WORDS: [&str; 12] = [
    "greet",
    "thanks",
    "bye",
    "yes",
    "no",
    "browse",
    "another",
    "low_price",
    "human",
    "out_of_scope",
    "unclear",
    "any",
];

/// Commands that are one word and need a product in sight.
pub(super) const PRODUCT_WORDS: [&str; 4] = ["cheaper", "dearer", "accessories", "checkout"];

/// What is complained about.
pub(super) const COMPLAINTS: [&str; 6] =
    ["delivery", "damaged", "fault", "payment", "refund", "service"];

/// Questions that are about no product.
pub(super) const QUESTIONS: [&str; 5] = ["total", "cart", "bot", "abilities", "reorder"];

/// Questions that may be about a product.
pub(super) const PRODUCT_QUESTIONS: [&str; 7] =
    ["price", "stock", "restock", "sizes", "size_advice", "details", "why"];

/// Systems of sizes.
pub(super) const SYSTEMS: [&str; 4] = ["eu", "uk", "us", "cm"];

/// Verbs of commands on a product.
pub(super) const PRODUCT_VERBS: [&str; 5] = ["take", "name", "show", "reject", "remove"];

/// References that need a product in sight.
pub(super) const REFERENCES: [&str; 6] = ["it", "other", "both", "cheapest", "dearest", "last"];

/// The grammar of the lines for a message, in llguidance's Lark dialect: up to [`COMMANDS_MAX`]
/// commands, a comma and a blank between them, and perhaps the end of the line.
#[must_use]
pub fn grammar(scope: &Scope<'_>) -> String {
    let mut out = String::from("start: COMMAND");
    let further = COMMANDS_MAX - 1;
    out.push_str(&format!(" (\", \" COMMAND){{0,{further}}} \"\\n\"?\nCOMMAND: /"));
    command(scope).put_regex(&mut out);
    out.push_str("/\n");
    out
}

/// One command.
pub(super) fn command(scope: &Scope<'_>) -> Piece {
    let ids = scope.ids;
    let values = || any(values(scope));
    let numbers = || any(scope.numbers.iter().map(ToString::to_string));
    let sizes = || any(scope.sizes.iter().cloned());
    let keys = ids.facets.iter().map(|(key, _)| key.clone());
    let mut commands = vec![
        any(WORDS),
        Piece::All(vec![text("seek "), maybe(text("!")), any(ids.kinds.iter().cloned())]),
        Piece::All(vec![maybe(any(["!", "~"])), values()]),
        Piece::All(vec![text("any "), any(keys)]),
        Piece::All(vec![text("price "), numbers(), text(".."), maybe(numbers())]),
        Piece::All(vec![text("price .."), numbers()]),
        Piece::All(vec![
            text("size "),
            maybe(text("!")),
            sizes(),
            maybe(Piece::All(vec![text("/"), sizes()])),
            maybe(Piece::All(vec![text(" "), any(SYSTEMS)])),
        ]),
        Piece::All(vec![text("pieces "), any(scope.pieces().map(|count| count.to_string()))]),
        Piece::All(vec![text("complain "), any(COMPLAINTS), maybe(text("!"))]),
        text("order"),
        Piece::All(vec![text("order "), any(scope.orders.iter().cloned())]),
        Piece::All(vec![text("about "), any(ids.matters.iter().map(|one| one.id.clone()))]),
        question(scope),
    ];
    commands.extend(on_products(scope));
    Piece::Any(commands)
}

/// Commands on products in sight or named.
fn on_products(scope: &Scope<'_>) -> Vec<Piece> {
    let references = || reference(scope);
    let mut commands = vec![
        Piece::All(vec![any(PRODUCT_VERBS), text(" "), references()]),
        Piece::All(vec![text("compare "), references(), text("+"), references()]),
    ];
    if scope.has_products() {
        commands.push(any(PRODUCT_WORDS));
        commands.push(text("compare both"));
    }
    commands
}

fn question(scope: &Scope<'_>) -> Piece {
    let ids = scope.ids;
    let keys = ids.facets.iter().map(|(key, _)| key).chain(&ids.properties).cloned();
    let of = maybe(Piece::All(vec![text(" of "), reference(scope)]));
    let about = Piece::Any(vec![any(PRODUCT_QUESTIONS), any(keys), any(values(scope))]);
    let free = match scope.has_products() {
        true => any(QUESTIONS.into_iter().chain(["which"])),
        false => any(QUESTIONS),
    };
    let asked = Piece::Any(vec![Piece::All(vec![about, of]), free]);
    Piece::All(vec![text("ask "), asked])
}

fn values<'s>(scope: &'s Scope<'_>) -> impl Iterator<Item = String> + 's {
    let facets = scope.ids.facets.iter();
    facets.flat_map(|(key, values)| values.iter().map(move |value| format!("{key}={value}")))
}

/// A product: by its place or role among those in sight, by its place among those that the message
/// names, by a price or a value.
fn reference(scope: &Scope<'_>) -> Piece {
    let mut all = vec![any((1..=scope.named.len()).map(|place| format!("p{place}")))];
    if scope.has_products() {
        all.push(any((1..=scope.shown.len()).map(|place| format!("#{place}"))));
        all.push(any(REFERENCES));
        all.push(Piece::All(vec![text("at "), any(scope.numbers.iter().map(ToString::to_string))]));
        // Values of products in sight only: others would double the grammar for nothing.
        all.push(any(scope.words.iter().filter(|word| word.contains('=')).cloned()));
    }
    Piece::Any(all)
}
