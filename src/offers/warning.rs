//! Says why a file of past baskets gives no offer, so that nobody waits for offers in vain.

use crate::offers::baskets::Baskets;

/// Why the baskets give no offer, or fewer than they could; `None` if there is nothing to say.
///
/// `usable` tells whether some rule between sold articles passes the thresholds, which `thresholds`
/// describes.
pub(super) fn of(baskets: &Baskets, usable: bool, thresholds: &str) -> Option<String> {
    let source = baskets.source();
    let (count, articles) = (baskets.basket_count(), baskets.article_count());
    let separator = match source.separator {
        ';' => "semicolons",
        '\t' => "tabs",
        _ => "commas",
    };
    let read_as = format!("fields are read as separated by {separator}");
    let (number, examples) = (source.unknown, source.unknown_examples.join(", "));
    let unknown = format!("{number} of {articles} codes are not in the catalogue: {examples}");
    if usable {
        return (number > 0).then(|| format!("{unknown}; they are never offered"));
    }
    let why = if count == 0 {
        "there is no basket in it; write one basket per line".to_owned()
    } else if source.pairs_in == 0 {
        format!("no line holds two articles; {read_as}")
    } else if number > 0 {
        format!("{unknown}; {read_as}")
    } else {
        format!("no pair of articles is {thresholds}")
    };
    let baskets = if count == 1 { "basket" } else { "baskets" };
    Some(format!("no offer can be made from its {count} {baskets}: {why}"))
}
