//! Over a thousand replies to the conversations of all test shops, each checked against the plan
//! and the shop's files: nothing dropped, added, cut, garbled or said twice.

#[path = "playing/mod.rs"]
mod playing;

use playing::Shop;
use playing::Threads;
use rust_decimal::Decimal;
use std::collections::BTreeSet;
use std::ops::Range;
use std::path::Path;
use std::path::PathBuf;
use vitrine_base::money::Money;
use vitrine_dialogue::dialogue::Turned;
use vitrine_dialogue::plan::AttributeText;
use vitrine_dialogue::plan::Availability;
use vitrine_dialogue::plan::Card;
use vitrine_dialogue::plan::GivenUp;
use vitrine_dialogue::plan::LineText;
use vitrine_dialogue::plan::Move;
use vitrine_dialogue::plan::Price;
use vitrine_dialogue::shop::Language;
use vitrine_dialogue::shop::Lookups;
use vitrine_dialogue::shop::Variant;
use vitrine_judge::Player;
use vitrine_judge::Reply;
use vitrine_judge::other_language;

/// The shops, and the files of conversations of each.
const SUITES: [(&str, &[&str]); 9] = [
    (
        "examples/shop",
        &[
            "examples/shop/conversations.jsonl",
            "tests/conversations/foulee.jsonl",
            "tests/conversations/foulee.languages.jsonl",
            "tests/conversations/foulee.2.jsonl",
            "tests/conversations/foulee.languages.2.jsonl",
            "tests/conversations/foulee.3.jsonl",
            "tests/conversations/foulee.languages.3.jsonl",
            "tests/conversations/sports.de.jsonl",
            "tests/conversations/sports.en.jsonl",
            "tests/conversations/sports.es.jsonl",
            "tests/conversations/sports.fr.jsonl",
            "tests/conversations/sports.it.jsonl",
            "tests/conversations/sports.pt.jsonl",
        ],
    ),
    ("tests/shops/bedding", &["tests/conversations/bedding.jsonl"]),
    ("tests/shops/cosmetics", &["tests/conversations/cosmetics.jsonl"]),
    ("tests/shops/cycles", &["tests/conversations/cycles.jsonl"]),
    ("tests/shops/electronics", &["tests/conversations/electronics.jsonl"]),
    ("tests/shops/furniture", &["tests/conversations/kept-aside/furniture.jsonl"]),
    ("tests/shops/garden", &["tests/conversations/kept-aside/garden.jsonl"]),
    ("tests/shops/pets", &["tests/conversations/pets.jsonl"]),
    ("tests/shops/kitchen", &["tests/conversations/kitchen.jsonl"]),
];

/// Least number of replies that the suites together lead to.
const REPLIES_MIN: usize = 1_500;

#[test]
fn no_reply_drops_adds_cuts_garbles_or_repeats_anything() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let (mut count, mut found) = (0, Vec::new());
    for (folder, files) in SUITES {
        let shop = Shop::open(&root.join(folder), None);
        let judged = shop.judged();
        let files: Vec<PathBuf> = files.iter().map(|file| root.join(file)).collect();
        let mut threads = Threads::new(&shop);
        for conversation in &vitrine_judge::load(&files).expect("conversations") {
            let language = Language::from_locale(conversation.language()).expect("a language");
            let mut player = Player::new(&judged, conversation, "replies");
            let mut before = String::new();
            while let Some(request) = player.next_request() {
                let turned = threads.respond(&request, language);
                let flaws = flaws(&shop, &turned, language, &before);
                let text = &turned.worded.text;
                let said = &request["message"]["text"];
                found.extend(
                    flaws.into_iter().map(|flaw| {
                        format!("{}: {flaw}\n    {said}\n    {text}", conversation.id())
                    }),
                );
                before.clone_from(text);
                player.receive(Reply {
                    status: 200,
                    body: playing::body(&turned, language),
                    ms: 0.0,
                });
                count += 1;
            }
        }
    }
    assert!(count >= REPLIES_MIN, "only {count} replies");
    assert!(found.is_empty(), "{} of {count} replies:\n{}", found.len(), found.join("\n"));
}

/// What is wrong with a reply.
fn flaws(shop: &Shop, turned: &Turned, language: Language, before: &str) -> Vec<String> {
    let text = turned.worded.text.as_str();
    let mut found = Vec::new();
    found.extend(form(text));
    found.extend(figures(turned));
    found.extend(quotes(shop, turned, language));
    found.extend(goods(shop, turned));
    if text == before {
        found.push("the same reply as before".to_owned());
    }
    if let Some(question) = question(text).filter(|asked| question(before) == Some(*asked)) {
        found.push(format!("asks again: {question}"));
    }
    if let Some(other) = other_language(text, language.code()) {
        found.push(format!("reads as {other}"));
    }
    found
}

/// Whole sentences, every placeholder filled, no space too many.
fn form(text: &str) -> Vec<String> {
    let mut found = Vec::new();
    if text.trim().is_empty() {
        return vec!["empty".to_owned()];
    }
    for part in
        ["  ", "{", "}", " ,", " .", "..", ",.", " )", "( ", "()", ",,", "« »", "“”", "\n\n"]
    {
        if text.contains(part) {
            found.push(format!("holds `{part}`"));
        }
    }
    let first = text.chars().next().unwrap_or_default();
    if first.is_lowercase() {
        found.push("starts with a small letter".to_owned());
    }
    let last = text.lines().last().unwrap_or_default();
    let open = last.starts_with("• ") || last.starts_with(|first: char| first.is_ascii_digit());
    let link = last.split_whitespace().last().is_some_and(|word| word.starts_with("https://"));
    if !open && !link && !last.ends_with(['.', '!', '?', '…', '»']) {
        found.push("ends within a sentence".to_owned());
    }
    found
}

/// Every figure is one of the plan's, apart from the numbers of a list.
fn figures(turned: &Turned) -> Option<String> {
    let text = turned.worded.text.as_str();
    let mut known: Vec<Range<usize>> =
        turned.worded.facts.iter().map(|(range, _)| range.clone()).collect();
    for card in turned.plan.moves.iter().flat_map(cards) {
        let own = [&card.title, &card.name].into_iter();
        let words = own.chain(&card.features).chain(&card.reasons);
        words.for_each(|words| known.extend(places(text, words)));
    }
    turned.plan.moves.iter().flat_map(quoted).for_each(|words| known.extend(places(text, words)));
    let numbers =
        |at: usize| text[at + 1..].starts_with(". ") && (at == 0 || text[..at].ends_with('\n'));
    let mut figures = text.char_indices().filter(|(_, character)| character.is_ascii_digit());
    let (at, _) =
        figures.find(|(at, _)| !numbers(*at) && !known.iter().any(|range| range.contains(at)))?;
    let there: String = text[at..].chars().take(12).collect();
    Some(format!("a figure from nowhere: `{there}`"))
}

fn places(text: &str, words: &str) -> Vec<Range<usize>> {
    let found = text.match_indices(words.trim()).filter(|(_, found)| !found.is_empty());
    found.map(|(at, found)| at..at + found.len()).collect()
}

/// Words of the shop and of the customer in a statement that are no facts of their own.
fn quoted(each: &Move) -> Vec<&str> {
    match each {
        Move::Attribute { value: AttributeText::Quote(quote), label, .. } => vec![quote, label],
        Move::Attribute { label, .. } => vec![label],
        Move::Compare { rows, .. } => {
            rows.iter().flat_map(|row| &row.values).map(String::as_str).collect()
        }
        Move::Sheet { rows, .. } => {
            rows.iter().flat_map(|(label, value)| [label.as_str(), value.as_str()]).collect()
        }
        Move::SizeMapped { said, .. } | Move::SizeBetween { said, .. } => vec![said],
        Move::Present { given_up, .. } => given_up
            .iter()
            .filter_map(|one| match one {
                GivenUp::Value(label) | GivenUp::Unwanted(label) | GivenUp::Category(label) => {
                    Some(label.as_str())
                }
                _ => None,
            })
            .collect(),
        _ => Vec::new(),
    }
}

/// The shop's texts are quoted whole, in the customer's language.
fn quotes(shop: &Shop, turned: &Turned, language: Language) -> Vec<String> {
    let text = &turned.worded.text;
    let mut found = Vec::new();
    for each in &turned.plan.moves {
        match each {
            Move::Policy(policy) => {
                let topic = shop.policies.get(&policy.id).expect("a topic of the shop");
                let own = topic.text.or_fallback(language, &[]).expect("a text");
                if policy.text != *own || !text.contains(own.trim()) {
                    found.push(format!("topic {} is not quoted whole", policy.id));
                }
            }
            Move::Attribute { card, value: AttributeText::Quote(quote), .. } => {
                let product = shop.catalog.product(&card.sku).expect("a product");
                let whole = product.description.or_fallback(language, &[]);
                let features = format!("{}.", product.features(language).join(", "));
                let own =
                    *quote == features || whole.is_some_and(|whole| whole.contains(quote.trim()));
                if !own {
                    found.push(format!("`{quote}` is not in the description"));
                }
            }
            Move::Describe { description, .. } if !text.contains(description.trim()) => {
                found.push("the description is not quoted whole".to_owned());
            }
            _ => {}
        }
    }
    found
}

/// Prices, variants and links are the catalogue's.
fn goods(shop: &Shop, turned: &Turned) -> Vec<String> {
    let mut found = Vec::new();
    for each in &turned.plan.moves {
        for card in cards(each) {
            found.extend(wrong_price(shop, card));
        }
        if let Move::PriceOf { card, pieces: Some((pieces, total)) } = each {
            let due = match &card.price {
                Price::Exact(price) => price.amount * Decimal::from(*pieces),
                Price::From(_) => Decimal::ZERO,
            };
            if total.amount != due {
                found.push(format!("{pieces} × {}: {total}, not {due}", card.sku));
            }
        }
        if let Move::Checkout { lines, total, link } = each {
            found.extend(wrong_cart(shop, turned, lines, *total, link));
        }
    }
    found
}

fn cards(each: &Move) -> &[Card] {
    match each {
        Move::Present { cards, .. } | Move::Compare { cards, .. } => cards,
        Move::NoOther { card: Some(card), .. }
        | Move::Describe { card, .. }
        | Move::Which { card, .. }
        | Move::Verdict { card, .. }
        | Move::PriceOf { card, .. }
        | Move::Stock { card, .. }
        | Move::Sizes { card, .. }
        | Move::Attribute { card, .. } => std::slice::from_ref(card),
        _ => &[],
    }
}

/// A price is that of the variant meant, or the one price or the lowest of those that are open.
fn wrong_price(shop: &Shop, card: &Card) -> Option<String> {
    let product = shop.catalog.product(&card.sku)?;
    if card.availability == Availability::NotMade {
        return None;
    }
    // Values in the customer's language are not the catalogue's.
    let spelt = |value: &String| {
        product.variants.iter().any(|variant| variant.options.values().any(|own| own == value))
    };
    let chosen = |variant: &&Variant| {
        let own: Vec<&String> = variant.options.values().collect();
        card.options.iter().all(|(_, value)| own.contains(&value) || !spelt(value))
    };
    let fits = |variant: &&Variant| match &card.variant {
        Some(sku) => variant.sku.as_str() == sku,
        None => chosen(variant),
    };
    let meant: Vec<&Variant> = product.variants.iter().filter(fits).collect();
    // A price that is open is that of what can be had.
    let any = meant.iter().any(|variant| variant.is_available());
    let had = meant.into_iter().filter(|variant| !any || variant.is_available());
    let prices: BTreeSet<Decimal> = had.map(|variant| variant.price.amount).collect();
    let spoken = card.options.iter().all(|(_, value)| spelt(value));
    let right = match &card.price {
        Price::Exact(said) if spoken => prices.len() == 1 && prices.contains(&said.amount),
        Price::Exact(said) => prices.contains(&said.amount),
        Price::From(said) => prices.contains(&said.amount),
    };
    (!right).then(|| format!("{}: {:?} is not one of {prices:?}", card.sku, card.price))
}

fn wrong_cart(
    shop: &Shop,
    turned: &Turned,
    lines: &[LineText],
    total: Option<Money>,
    link: &str,
) -> Vec<String> {
    let mut found = Vec::new();
    for (line, said) in turned.state.cart.iter().zip(lines) {
        let product = shop.catalog.product(&line.sku).expect("a product of the cart");
        let variant = product.variants.iter().find(|one| one.sku.as_str() == line.variant);
        let price = variant.map_or(product.price.amount, |variant| variant.price.amount);
        let due = price * Decimal::from(line.quantity);
        if said.total.is_none_or(|total| total.amount != due) {
            found.push(format!("{} × {}: {:?}, not {due}", line.quantity, line.sku, said.total));
        }
    }
    let due: Decimal = lines.iter().filter_map(|line| line.total).map(|total| total.amount).sum();
    if total.is_some_and(|total| total.amount != due) {
        found.push(format!("the sum {total:?} is not {due}"));
    }
    if !link.lines().all(|link| turned.worded.text.contains(link)) {
        found.push(format!("{link} is not in the text"));
    }
    found
}

/// The last question of a text; one in an address does not count.
fn question(text: &str) -> Option<&str> {
    let ends = |(at, _): &(usize, &str)| {
        text[at + 1..].starts_with(char::is_whitespace) || at + 1 == text.len()
    };
    let (end, _) = text.rmatch_indices('?').find(ends)?;
    let start = text[..end].rfind(['.', '!', '?', '\n']).map_or(0, |at| at + 1);
    Some(text[start..=end].trim())
}
