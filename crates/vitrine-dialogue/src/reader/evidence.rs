//! What a classifier adds where the words leave a gap. Words of the catalogue and of the locale
//! come first; without a classifier nothing here fires.

use super::scene::Scene;
use crate::command::Likelihoods;

/// From this probability a label decides a message that no word explains.
pub(crate) const LABEL_MIN: f32 = 0.45;

/// From this probability a message that no word explains is none of a shop's matters.
pub(crate) const OUT_OF_SCOPE_MIN: f32 = 0.6;

/// From this probability a label that changes something (stop, a purchase) is followed.
pub(crate) const ACTING_MIN: f32 = 0.8;

/// Most content words of a message that is only a yes, a no or a greeting.
pub(crate) const COURTESY_WORDS_MAX: usize = 2;

/// Labels that change something: the customer's consent, the cart, what was asked.
const ACTING: [&str; 6] =
    ["stop_messages", "add_to_cart", "remove_from_cart", "checkout", "confirm", "reject"];

/// Label of what is none of a shop's matters.
pub(crate) const OUT_OF_SCOPE: &str = "oos";

/// Labels about products, buying and talk: the words decide these.
const SELLING: [&str; 18] = [
    "product_search",
    "product_question",
    "price_question",
    "stock_question",
    "compare_products",
    "add_to_cart",
    "remove_from_cart",
    "checkout",
    "view_cart",
    "confirm",
    "reject",
    "greet",
    "thanks_bye",
    "praise",
    "size_help",
    "gift_help",
    "stop_messages",
    "oos",
];

/// Whether a label is a matter of the shop: deliveries, returns, orders, a person.
pub(crate) fn is_service(label: &str) -> bool {
    !SELLING.contains(&label)
}

/// The most probable label.
pub(crate) fn best(likelihoods: &Likelihoods) -> Option<(&str, f32)> {
    let best = likelihoods.iter().max_by(|a, b| a.1.total_cmp(b.1));
    best.map(|(label, probability)| (label.as_str(), *probability))
}

/// The label that decides, if one is probable enough.
pub(crate) fn weigh(likelihoods: &Likelihoods) -> Option<&str> {
    let (label, probability) = best(likelihoods)?;
    let least = match label {
        OUT_OF_SCOPE => OUT_OF_SCOPE_MIN,
        label if ACTING.contains(&label) => ACTING_MIN,
        _ => LABEL_MIN,
    };
    (probability >= least).then_some(label)
}

/// From this probability a message is surely none of a shop's matters.
const FOREIGN_MIN: f32 = 0.9;

/// From this probability a message is about another matter of the shop than the one answered last.
const OTHER_MIN: f32 = 0.8;

/// Whether the classifier is sure that a message is none of a shop's matters.
pub(crate) fn is_out_of_scope(scene: &Scene<'_>) -> bool {
    let oos = scene.input.evidence.whole.get(OUT_OF_SCOPE);
    oos.is_some_and(|probability| *probability >= FOREIGN_MIN)
}

/// Whether the classifier sees a matter of the shop, in a word that could also be talk.
pub(crate) fn sees_matter(scene: &Scene<'_>) -> bool {
    let best = weigh(&scene.input.evidence.whole);
    best.is_some_and(is_service)
}

/// From this probability a message is about another matter than a word of one of the shop's texts
/// suggests.
const SURELY_MIN: f32 = 0.97;

/// The matter that the classifier surely sees, if it is another one of the shop's than this: "just
/// ordered and picked the wrong size, can I change it?".
pub(crate) fn surely<'a>(scene: &Scene<'a>, intent: &str) -> Option<&'a str> {
    let (label, probability) = best(&scene.input.evidence.whole)?;
    let other = label != intent && is_service(label) && probability >= SURELY_MIN;
    let known = scene.input.policies.of_intent(label).next().is_some();
    (other && known).then_some(label)
}

/// Fewest content words of a message that is surely none of a shop's matters.
const FOREIGN_WORDS_MIN: usize = 2;

/// Whether a message of some words is surely none of a shop's matters: "are you hiring?".
pub(crate) fn is_foreign(scene: &Scene<'_>) -> bool {
    let oos = scene.input.evidence.whole.get(OUT_OF_SCOPE);
    let sure = oos.is_some_and(|probability| *probability >= SURELY_MIN);
    sure && scene.content_words() >= FOREIGN_WORDS_MIN
}

/// Whether the classifier surely takes a message for something that a shop answers.
pub(crate) fn is_of_shop(scene: &Scene<'_>) -> bool {
    let best = best(&scene.input.evidence.whole);
    best.is_some_and(|(label, probability)| label != OUT_OF_SCOPE && probability >= OTHER_MIN)
}

/// Whether the classifier sees another matter of the shop than this one.
pub(crate) fn sees_other(scene: &Scene<'_>, intent: &str) -> bool {
    scene.input.evidence.whole.iter().any(|(label, probability)| {
        label != intent && is_service(label) && *probability >= OTHER_MIN
    })
}

/// Labels of messages on goods: they leave a matter of the shop, whatever is under discussion.
const ON_GOODS: [&str; 4] =
    ["product_question", "product_search", "compare_products", "stock_question"];

/// Whether the classifier takes a message for one on goods.
pub(crate) fn is_on_goods(scene: &Scene<'_>) -> bool {
    let whole = &scene.input.evidence.whole;
    ON_GOODS.iter().any(|label| whole.get(*label).is_some_and(|one| *one >= LABEL_MIN))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_label_decides_only_above_its_threshold() {
        let one = |label: &str, share: f32| Likelihoods::from([(label.to_owned(), share)]);
        assert_eq!(weigh(&one("warranty", 0.5)), Some("warranty"));
        assert_eq!(weigh(&one("warranty", 0.4)), None);
        assert_eq!(weigh(&one("oos", 0.5)), None);
        assert_eq!(weigh(&one("checkout", 0.6)), None);
        assert_eq!(weigh(&Likelihoods::new()), None);
    }
}
