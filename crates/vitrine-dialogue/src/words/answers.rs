//! Words answers to questions on a product: price, stock, sizes, properties.

use crate::plan::AttributeText;
use crate::plan::Availability;
use crate::plan::Card;
use crate::plan::Price;
use crate::words::keys::Key;
use crate::words::keys::Slot;
use crate::words::piece::Piece;
use crate::words::piece::join;
use crate::words::products::card;
use crate::words::products::merits;
use crate::words::products::name;
use crate::words::products::named;
use crate::words::properties::property;
use crate::words::writer::Slots;
use crate::words::writer::Writer;
use vitrine_base::money::Money;

/// Which of several products is meant.
pub(crate) fn which(writer: &mut Writer<'_>, shown: &Card, cheapest: Option<bool>) -> Piece {
    let key = match cheapest {
        Some(true) => Key::WhichCheapest,
        Some(false) => Key::WhichDearest,
        None => Key::WhichHas,
    };
    let slots = Slots::new().with(Slot::Card, card(writer, shown));
    let mut piece = writer.say(key, &slots);
    if cheapest.is_none() && !shown.reasons.is_empty() {
        piece.push_statement(&merits(writer, shown));
    }
    piece
}

/// The one of several products that has most or least of a property.
pub(crate) fn verdict(
    writer: &mut Writer<'_>,
    card: &Card,
    (label, value): (&str, &str),
    others: &[(String, String)],
) -> Piece {
    let label = if label.is_empty() { String::new() } else { property(writer, label) };
    let others: Vec<Piece> = others
        .iter()
        .map(|(other, value)| {
            let value = Piece::fact(value.trim(), label.trim(), value.trim());
            let slots = Slots::new().with(Slot::Value, value).with(Slot::Name, name(other));
            writer.part(Key::RowValue, &slots)
        })
        .collect();
    let value = Piece::fact(value.trim(), label.trim(), value.trim());
    let slots = Slots::new()
        .with(Slot::Name, name(&card.name))
        .with(Slot::Value, value)
        .text(Slot::Label, &label)
        .with(Slot::Values, writer.format().all_of(&others));
    writer.say(Key::WhichMost, &slots)
}

/// The price of a product, or of several pieces of it.
pub(crate) fn price_of(
    writer: &mut Writer<'_>,
    shown: &Card,
    pieces: Option<(u32, Money)>,
) -> Piece {
    let slots = named(writer, shown);
    let each = match shown.price {
        Price::Exact(money) => writer.format().money(money),
        Price::From(_) => Piece::default(),
    };
    let format = writer.format();
    match (pieces, &shown.price) {
        (Some((count, total)), _) => {
            let slots = slots
                .with(Slot::Count, quantity(count))
                .with(Slot::Total, format.money(total))
                .with(Slot::Price, each);
            writer.say(Key::PricePieces, &slots)
        }
        (None, Price::Exact(_)) => writer.say(Key::PriceExact, &slots.with(Slot::Price, each)),
        (None, price) => writer.say(Key::PriceFrom, &slots.with(Slot::Price, format.price(price))),
    }
}

/// A number of pieces.
pub(crate) fn quantity(count: u32) -> Piece {
    Piece::fact(count.to_string(), "quantity", &count.to_string())
}

/// Whether a product can be had in the options asked for.
pub(crate) fn stock(writer: &mut Writer<'_>, card: &Card, sizes: &[String]) -> Piece {
    let key = match card.availability {
        Availability::InStock => Key::StockIn,
        Availability::Preorder => Key::StockPreorder,
        Availability::SoldOut => Key::StockOut,
        Availability::NotMade => Key::StockNotMade,
    };
    let format = writer.format();
    let slots = named(writer, card)
        .with(Slot::AtPrice, format.at_price(&card.price))
        .with(Slot::Sizes, format.sizes(sizes));
    writer.say(key, &slots)
}

/// The sizes of a product.
pub(crate) fn sizes(writer: &mut Writer<'_>, card: &Card, sizes: &[String]) -> Piece {
    let key = match (sizes, card.availability) {
        ([_, ..], _) => Key::Sizes,
        ([], Availability::InStock | Availability::Preorder) => Key::SizesOne,
        ([], Availability::SoldOut | Availability::NotMade) => Key::SizesNone,
    };
    let slots = named(writer, card).with(Slot::Sizes, writer.format().sizes(sizes));
    writer.say(key, &slots)
}

/// A property of a product.
pub(crate) fn attribute(
    writer: &mut Writer<'_>,
    card: &Card,
    label: &str,
    value: &AttributeText,
) -> Piece {
    let label = property(writer, label);
    let label = label.as_str();
    let slots = Slots::new().with(Slot::Name, name(&card.name)).text(Slot::Label, label);
    match value {
        AttributeText::Yes => writer.say(Key::AttributeYes, &slots),
        AttributeText::No => writer.say(Key::AttributeNo, &slots),
        AttributeText::Unknown => writer.say(Key::AttributeUnknown, &slots),
        AttributeText::Value(value) => {
            let value = Piece::fact(value.trim(), label.trim(), value.trim());
            writer.say(Key::AttributeValue, &slots.with(Slot::Value, value))
        }
        AttributeText::Years(years) => {
            let value = writer.part(Key::Years, &Slots::new().with(Slot::Count, quantity(*years)));
            writer.say(Key::AttributeValue, &slots.with(Slot::Value, value))
        }
        AttributeText::Quote(text) => {
            let slots = Slots::new().with(Slot::Name, name(&card.name)).text(Slot::Text, text);
            writer.say(Key::AttributeQuote, &slots)
        }
    }
}

/// Most properties listed where a question was not answered outright; half as many in short
/// replies.
const SHEET_ROWS_MAX: usize = 6;

/// What is stated of a product. Properties without a name in the language are left out.
pub(crate) fn sheet(writer: &mut Writer<'_>, of: &str, rows: &[(String, String)]) -> Piece {
    let rows_max = if writer.input.short { SHEET_ROWS_MAX / 2 } else { SHEET_ROWS_MAX };
    let named = rows.iter().map(|(label, value)| (property(writer, label), value.trim()));
    let named: Vec<(String, &str)> = named.filter(|(label, _)| !label.is_empty()).collect();
    let row = |(label, value): &(String, &str)| {
        let value = Piece::fact(*value, label.trim(), value);
        writer.part(Key::SheetRow, &Slots::new().text(Slot::Label, label).with(Slot::Value, value))
    };
    let said: Vec<Piece> = named.iter().take(rows_max).map(row).collect();
    if said.is_empty() {
        return Piece::default();
    }
    let said = join(&said, "; ", |_| "; ".to_owned());
    writer.say(Key::Sheet, &Slots::new().with(Slot::Name, name(of)).with(Slot::Values, said))
}

/// A size in another system.
pub(crate) fn size_mapped(writer: &mut Writer<'_>, said: &str, sizes: &[String]) -> Piece {
    let pieces: Vec<Piece> =
        sizes.iter().map(|size| Piece::fact(size.as_str(), "size", size)).collect();
    let slots =
        Slots::new().text(Slot::Said, said).with(Slot::Sizes, writer.format().one_of(&pieces));
    writer.say(Key::SizeMapped, &slots)
}

/// A size between two of the shop's.
pub(crate) fn size_between(
    writer: &mut Writer<'_>,
    said: &str,
    larger: &str,
    smaller: &str,
) -> Piece {
    let slots = Slots::new()
        .text(Slot::Said, said)
        .with(Slot::Larger, Piece::fact(larger, "size", larger))
        .with(Slot::Smaller, Piece::fact(smaller, "size", smaller));
    writer.say(Key::SizeBetween, &slots)
}

/// A limit in a currency that the shop does not use.
pub(crate) fn foreign_currency(writer: &mut Writer<'_>, limit: Money, currency: &str) -> Piece {
    let names = &writer.input.locale.templates.currencies;
    let currency = names.get(currency).map_or(currency, String::as_str);
    let slots =
        Slots::new().with(Slot::Said, writer.format().limit(limit)).text(Slot::Currency, currency);
    writer.say(Key::ForeignCurrency, &slots)
}
