//! When a human is asked in whatever the decision says: money above a limit, topics that always go
//! to people, channels that the bot does not serve.
//!
//! Pure. Invariants
//! - A STOP is confirmed and never becomes a handoff; a decision that hands off keeps its reason.
//!
//! Sources: triggers of handoff as deployed products have them (regulated topics, channels without
//! support, refunds above an amount), and Apple's rule that a customer is never left with a bot.

use crate::base::channel::ChannelKind;
use crate::turn::decide::ActionKind;
use crate::turn::decide::Decision;
use crate::turn::decide::HandoffReason;
use crate::turn::understand::Understood;
use rust_decimal::Decimal;
use std::collections::BTreeSet;

/// What always goes to people.
#[derive(Debug, Clone, Default)]
pub(crate) struct Triggers {
    /// Intents and policy topics.
    pub(crate) topics: BTreeSet<String>,
    /// Channels.
    pub(crate) channels: BTreeSet<ChannelKind>,
    /// The most money that a matter of [`MONEY_INTENTS`] may be about, in whatever currency the
    /// customer names.
    pub(crate) amount_max: Option<Decimal>,
}

/// Intents by which a customer wants money back, or complains of what was paid.
const MONEY_INTENTS: [&str; 9] = [
    "complaint",
    "delivery_problem",
    "damaged_item",
    "payment_problem",
    "cancel_order",
    "change_order",
    "return_exchange",
    "refund_status",
    "warranty",
];

/// Signs and words of currencies, lower case.
const CURRENCIES: [&str; 13] = [
    "€", "eur", "euro", "euros", "$", "usd", "dollar", "dollars", "£", "gbp", "pound", "pounds",
    "balles",
];

impl Triggers {
    /// Why a human must come, if one must and `decision` does not say so itself.
    pub(crate) fn reason(
        &self,
        channel: ChannelKind,
        understood: &Understood,
        decision: &Decision,
    ) -> Option<HandoffReason> {
        let closes = decision.action.kind == ActionKind::Close;
        if decision.handoff.is_some() || closes {
            return None;
        }
        if self.channels.contains(&channel) {
            return Some(HandoffReason::Channel);
        }
        let reading = &understood.reading;
        let named = (!reading.abstained).then_some(reading.label.as_str());
        let about = named.into_iter().chain(decision.action.topic.as_deref());
        if about.clone().any(|topic| self.topics.contains(topic)) {
            return Some(HandoffReason::Topic);
        }
        let above = |amount_max| largest_amount(&understood.text).is_some_and(|a| a > amount_max);
        let of_money = named.is_some_and(|label| MONEY_INTENTS.contains(&label));
        (of_money && self.amount_max.is_some_and(above)).then_some(HandoffReason::Amount)
    }
}

/// The largest amount of money that a text names: a number with a currency before or after it.
fn largest_amount(text: &str) -> Option<Decimal> {
    let text = text.to_lowercase();
    let pieces = pieces(&text);
    let currency = |at: usize| pieces.get(at).is_some_and(|piece| CURRENCIES.contains(piece));
    pieces
        .iter()
        .enumerate()
        .filter(|(at, _)| currency(at + 1) || at.checked_sub(1).is_some_and(currency))
        .filter_map(|(_, piece)| amount(piece))
        .max()
}

/// Numbers, words and signs, in order.
fn pieces(text: &str) -> Vec<&str> {
    let sort = |character: char| match character {
        '0'..='9' => 0,
        _ if character.is_alphabetic() => 1,
        '€' | '$' | '£' => 2,
        _ => 3,
    };
    let mut pieces = Vec::new();
    let mut from = 0;
    let mut last = None;
    let mut characters = text.char_indices().peekable();
    while let Some((at, character)) = characters.next() {
        // A comma or point between digits belongs to the number.
        let next = characters.peek().map(|(_, next)| *next);
        let inside = last == Some(0) && next.is_some_and(|next| next.is_ascii_digit());
        let now = if matches!(character, ',' | '.') && inside { 0 } else { sort(character) };
        if last.is_some_and(|last| last != now) {
            pieces.push(&text[from..at]);
            from = at;
        }
        last = Some(now);
    }
    pieces.push(&text[from..]);
    pieces.retain(|piece| piece.chars().next().is_some_and(|first| sort(first) != 3));
    pieces
}

/// A number as people write it: `1,200`, `1.200,50`, `49.90`. The last separator parts the cents
/// where one or two digits follow it.
fn amount(piece: &str) -> Option<Decimal> {
    let parted = piece.rfind([',', '.']).filter(|at| piece.len() - at <= 3);
    let digits = |text: &str| text.replace([',', '.'], "");
    let text = match parted {
        Some(at) => format!("{}.{}", digits(&piece[..at]), &piece[at + 1..]),
        None => digits(piece),
    };
    text.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_are_read_as_people_write_them() {
        for (text, expected) in [
            ("je veux 250€ de remboursement", Some("250")),
            ("refund me $1,299.90 now", Some("1299.90")),
            ("il manque 1.200,5 euros, pas 30 EUR", Some("1200.5")),
            ("my order 482910 of 3 pairs", None),
            ("", None),
            ("€", None),
        ] {
            let expected = expected.map(|text| text.parse::<Decimal>().unwrap());
            assert_eq!(largest_amount(text), expected, "{text}");
        }
    }
}
