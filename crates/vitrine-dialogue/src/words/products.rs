//! Words statements that show products: one, several, compared.

use crate::plan::Availability;
use crate::plan::Card;
use crate::plan::GivenUp;
use crate::plan::Lead;
use crate::plan::Row;
use crate::reader::tokens::fold;
use crate::words::keys::Key;
use crate::words::keys::Slot;
use crate::words::piece::Piece;
use crate::words::piece::join;
use crate::words::properties::property;
use crate::words::writer::Slots;
use crate::words::writer::Writer;

/// Fewest letters of a value that speaks for itself; shorter ones may be codes.
const WORD_CHARS_MIN: usize = 3;

/// Most features said of one product.
const FEATURES_MAX: usize = 3;

/// Most rows of a comparison; half as many in short replies.
const ROWS_MAX: usize = 8;

/// Products that fit the need.
pub(crate) fn present(
    writer: &mut Writer<'_>,
    cards: &[Card],
    lead: Lead,
    given_up: &[GivenUp],
) -> Piece {
    let mut piece = missing(writer, given_up);
    let (one, many) = match lead {
        Lead::First | Lead::Updated | Lead::Named if !given_up.is_empty() => {
            (Key::OneClosest, Key::ManyClosest)
        }
        Lead::First => (Key::OneFirst, Key::ManyFirst),
        Lead::Another => (Key::OneAnother, Key::ManyAnother),
        Lead::Cheaper => (Key::OneCheaper, Key::ManyCheaper),
        Lead::Dearer => (Key::OneDearer, Key::ManyDearer),
        Lead::Back => (Key::OneBack, Key::ManyBack),
        Lead::Updated => (Key::OneUpdated, Key::ManyUpdated),
        Lead::Accessory => (Key::OneAccessory, Key::ManyAccessory),
        Lead::Named => (Key::OneNamed, Key::ManyNamed),
    };
    match cards {
        [] => {}
        [only] => {
            // What it is good for was said when it was first shown.
            let back = lead == Lead::Back;
            let reasons = if back || writer.attempt.plain { &[][..] } else { &only.reasons };
            let card = card_because(writer, only, reasons);
            piece.push_statement(&writer.say(one, &Slots::new().with(Slot::Card, card)));
            if !back {
                piece.push_statement(&merits(writer, only));
            }
        }
        several => piece.push_statement(&list(writer, many, several)),
    }
    piece
}

/// A product within a sentence.
pub(crate) fn card(writer: &mut Writer<'_>, card: &Card) -> Piece {
    card_because(writer, card, &[])
}

/// The same, with the wishes that it meets.
fn card_because(writer: &mut Writer<'_>, card: &Card, reasons: &[String]) -> Piece {
    let title = title_once(writer, unsaid(&card.title, &card.name));
    let format = writer.format();
    let slots = named(writer, card)
        .with(Slot::AtPrice, format.at_price(&card.price))
        .with(Slot::Why, listed(reasons))
        .text(Slot::Title, &title);
    writer.part(Key::Card, &slots)
}

/// The placeholders of a product that sentences share.
pub(crate) fn named(writer: &Writer<'_>, card: &Card) -> Slots {
    let format = writer.format();
    let note = match card.availability {
        Availability::InStock | Availability::NotMade => "",
        Availability::Preorder => &format.preorder,
        Availability::SoldOut => &format.sold_out,
    };
    let before = card.compare_at.map(|money| format.money(money)).unwrap_or_default();
    Slots::new()
        .with(Slot::Name, name(&card.name))
        .with(Slot::Options, options(writer, &card.options))
        .with(Slot::Before, before)
        .text(Slot::Note, note)
}

/// A product's name.
pub(crate) fn name(name: &str) -> Piece {
    Piece::fact(name.trim(), "product", name.trim())
}

/// Whether a value is a measure with its unit: "20 L", "80x60 cm", "1.5kg", but not "42 1/3" or
/// "2XL".
fn is_measure(value: &str) -> bool {
    let start = value.trim_end_matches(char::is_alphabetic);
    let (figure, unit) = (start.trim_end(), &value[start.len()..]);
    let spaced = figure.len() < start.len();
    figure.starts_with(|c: char| c.is_ascii_digit())
        && figure.ends_with(|c: char| c.is_ascii_digit())
        && !unit.is_empty()
        && (spaced || unit.starts_with(char::is_lowercase))
}

/// Whether a value needs the name of its option beside it: "size M", but "black" and "20 L".
fn needs_label(label: &str, value: &str) -> bool {
    if is_measure(value.trim()) {
        return false;
    }
    let word = value.chars().count() >= WORD_CHARS_MIN
        && value.chars().any(char::is_lowercase)
        && !value.chars().any(|character| character.is_ascii_digit());
    let label = label.to_lowercase();
    let said = value.to_lowercase();
    let mut words = said.split_whitespace().filter(|word| word.chars().count() >= WORD_CHARS_MIN);
    !word && !words.any(|word| label.split_whitespace().any(|own| own == word))
}

/// Chosen options: "size 42, black".
pub(crate) fn options(writer: &Writer<'_>, options: &[(String, String)]) -> Piece {
    let mut joined = Piece::default();
    for (label, value) in options {
        let shown = if needs_label(label, value) { label.as_str() } else { "" };
        let slots = Slots::new()
            .text(Slot::Label, shown)
            .with(Slot::Value, Piece::fact(value.trim(), label.trim(), value.trim()));
        if !joined.is_empty() {
            joined.text.push_str(", ");
        }
        joined.push(&writer.part(Key::OptionText, &slots));
    }
    joined
}

/// What is special about a product.
pub(crate) fn merits(writer: &mut Writer<'_>, card: &Card) -> Piece {
    let features = features(card);
    let brief = writer.input.short && !card.reasons.is_empty();
    if writer.attempt.plain || brief || features.is_empty() {
        return Piece::default();
    }
    writer.say(Key::Plus, &Slots::new().with(Slot::Features, listed(&features)))
}

fn features(card: &Card) -> Vec<String> {
    let new = card.features.iter().filter(|feature| !card.reasons.contains(feature));
    new.take(FEATURES_MAX).cloned().collect()
}

/// Phrases beside each other. They may be of different grammar, so no "and" joins them.
fn listed(phrases: &[String]) -> Piece {
    let pieces: Vec<Piece> = phrases.iter().map(|text| Piece::plain(text.trim())).collect();
    join(&pieces, ", ", |_| ", ".to_owned())
}

/// A title without the word that the name before it ends with: "Rouge Satin, satin lipstick".
fn unsaid<'a>(title: &'a str, name: &str) -> &'a str {
    let last = name.split_whitespace().last().unwrap_or_default();
    let (first, rest) = title.trim().split_once(' ').unwrap_or((title.trim(), ""));
    if fold(first) == fold(last) { rest.trim_start() } else { title }
}

/// A title the first time; nothing after that.
fn title_once(writer: &mut Writer<'_>, title: &str) -> String {
    let title = title.trim().to_owned();
    if title.is_empty() || writer.titles.contains(&title) {
        return String::new();
    }
    writer.titles.push(title.clone());
    title
}

/// Several products, numbered, so that a number answers.
fn list(writer: &mut Writer<'_>, intro: Key, cards: &[Card]) -> Piece {
    let plain = writer.attempt.plain;
    let shared: Vec<String> = if plain { Vec::new() } else { shared_reasons(cards) };
    let slots = Slots::new().with(Slot::Reasons, listed(&shared));
    let mut piece = writer.say(intro, &slots);
    let same_title = cards.iter().all(|card| card.title == cards[0].title);
    // What was said of one product does not set another apart.
    let mut said: Vec<String> = Vec::new();
    for (index, card) in cards.iter().enumerate() {
        let own = card.reasons.iter().filter(|reason| !shared.contains(reason));
        let mut why: Vec<String> = own.cloned().collect();
        if why.is_empty() {
            why = features(card);
            why.retain(|feature| !said.contains(feature));
            why.truncate(2);
            said.extend(why.iter().cloned());
        }
        if plain {
            why.clear();
        }
        let slots = named(writer, card)
            .with(Slot::Price, writer.format().price(&card.price))
            .text(
                Slot::Title,
                if same_title || plain { "" } else { unsaid(&card.title, &card.name) },
            )
            .with(Slot::Why, listed(&why));
        piece.text.push_str(&format!("\n{}. ", index + 1));
        piece.push(&writer.part(Key::CardLine, &slots));
    }
    piece
}

fn shared_reasons(cards: &[Card]) -> Vec<String> {
    let [first, rest @ ..] = cards else { return Vec::new() };
    let shared = |reason: &&String| rest.iter().all(|card| card.reasons.contains(reason));
    first.reasons.iter().filter(shared).cloned().collect()
}

/// What was given up so that something could be shown.
fn missing(writer: &mut Writer<'_>, given_up: &[GivenUp]) -> Piece {
    match given_up {
        [] => Piece::default(),
        [one] => {
            let (key, slots) = given_up_as(writer, one, true);
            writer.say(key, &slots)
        }
        several => {
            let items = several.iter().map(|one| {
                let (key, slots) = given_up_as(writer, one, false);
                writer.part(key, &slots)
            });
            let items: Vec<Piece> = items.collect();
            let slots = Slots::new().with(Slot::Items, writer.format().all_of(&items));
            writer.say(Key::MissingSeveral, &slots)
        }
    }
}

fn given_up_as(writer: &Writer<'_>, wish: &GivenUp, alone: bool) -> (Key, Slots) {
    let value = |text: &str| Slots::new().text(Slot::Value, text);
    let size =
        |text: &str| Slots::new().with(Slot::Value, Piece::fact(text.trim(), "size", text.trim()));
    let price = |money| Slots::new().with(Slot::Price, writer.format().limit(money));
    let (sentence, item, slots) = match wish {
        GivenUp::Value(label) => (Key::MissingValue, Key::ItemValue, value(label)),
        GivenUp::Unwanted(label) => (Key::MissingUnwanted, Key::ItemUnwanted, value(label)),
        GivenUp::Size(text) => (Key::MissingSize, Key::ItemSize, size(text)),
        GivenUp::PriceMax(money) => (Key::MissingPriceMax, Key::ItemPriceMax, price(*money)),
        GivenUp::PriceMin(money) => (Key::MissingPriceMin, Key::ItemPriceMin, price(*money)),
        GivenUp::Category(label) => (Key::MissingCategory, Key::ItemCategory, value(label)),
    };
    (if alone { sentence } else { item }, slots)
}

/// There is no other product.
pub(crate) fn no_other(writer: &mut Writer<'_>, shown: Option<&Card>, lead: Lead) -> Piece {
    let key = match lead {
        Lead::Cheaper => Key::NoCheaper,
        Lead::Dearer => Key::NoDearer,
        _ => Key::NoOther,
    };
    let shown = shown.map(|shown| card(writer, shown)).unwrap_or_default();
    writer.say(key, &Slots::new().with(Slot::Card, shown))
}

/// Details of one product.
pub(crate) fn describe(writer: &mut Writer<'_>, shown: &Card, description: &str) -> Piece {
    let slots =
        Slots::new().with(Slot::Card, card(writer, shown)).text(Slot::Description, description);
    let mut piece = writer.say(Key::Describe, &slots);
    piece.push_statement(&merits(writer, shown));
    piece
}

/// Products compared property by property.
pub(crate) fn compare(writer: &mut Writer<'_>, cards: &[Card], rows: &[Row]) -> Piece {
    let format = writer.format();
    let row_value = |value: Piece, name: Piece| {
        let slots = Slots::new().with(Slot::Value, value).with(Slot::Name, name);
        writer.part(Key::RowValue, &slots)
    };
    let item = |card: &Card| {
        let price = format.price(&card.price);
        let slots = Slots::new().with(Slot::Name, name(&card.name)).with(Slot::Price, price);
        writer.part(Key::CompareItem, &slots)
    };
    let priced: Vec<Piece> = cards.iter().map(item).collect();
    let names = short_names(cards);
    let rows_max = if writer.input.short { ROWS_MAX / 2 } else { ROWS_MAX };
    let known = |row: &&Row| row.values.iter().any(|value| !value.trim().is_empty());
    let mut lines: Vec<Piece> = Vec::new();
    for row in rows.iter().filter(known).take(rows_max) {
        let values: Vec<Piece> = row.values.iter().map(|value| comparable(writer, value)).collect();
        let named = !row.label.trim().is_empty();
        let label = if named { property(writer, &row.label) } else { format.details.clone() };
        let label = Slots::new().text(Slot::Label, &label);
        let same = values.len() > 1 && values.iter().all(|value| *value == values[0]);
        lines.push(if same {
            writer.part(Key::RowSame, &label.with(Slot::Value, values[0].clone()))
        } else {
            let pairs = values.into_iter().zip(names.iter().cloned());
            let said: Vec<Piece> = pairs.map(|(value, name)| row_value(value, name)).collect();
            let said = join(&said, "; ", |_| "; ".to_owned());
            writer.part(Key::Row, &label.with(Slot::Values, said))
        });
    }
    let slots = Slots::new().with(Slot::Items, format.all_of(&priced));
    let mut piece = writer.say(Key::Compare, &slots);
    if lines.is_empty() {
        // Nothing differs by property: what is special about each.
        for card in cards {
            let features = listed(&features(card));
            let slots = Slots::new().text(Slot::Label, &card.name).with(Slot::Values, features);
            lines.push(writer.part(Key::Row, &slots));
        }
    }
    for line in lines.iter().filter(|line| !line.is_empty()) {
        piece.text.push_str("\n• ");
        piece.push(line);
    }
    piece
}

fn comparable(writer: &Writer<'_>, value: &str) -> Piece {
    let format = writer.format();
    Piece::plain(match value.trim() {
        "" => &format.unknown,
        "true" | "yes" => &format.yes,
        "false" | "no" => &format.no,
        other => other,
    })
}

/// Names without the words that all of them start with.
fn short_names(cards: &[Card]) -> Vec<Piece> {
    let words: Vec<Vec<&str>> =
        cards.iter().map(|card| card.name.split_whitespace().collect()).collect();
    let shortest = words.iter().map(Vec::len).min().unwrap_or(0);
    let same = |index: &usize| words.iter().all(|name| name[*index] == words[0][*index]);
    let common = (0..shortest.saturating_sub(1)).take_while(same).count();
    let shorten = |(card, words): (&Card, &Vec<&str>)| {
        Piece::fact(words[common..].join(" "), "product", card.name.trim())
    };
    cards.iter().zip(&words).map(shorten).collect()
}
