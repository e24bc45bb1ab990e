//! Entities of a message besides intent and products: order numbers, dates, quantities, e-mail
//! addresses, telephone numbers, preferences, dislikes, allergies, activities and physical traits.
//!
//! Uses grammars, not models: each entity is found word for word in the text, so it counts as
//! stated. Categories, colours, sizes and budgets are left to the catalogue.
//!
//! Pure. Invariants
//! - A span is within the text, on character boundaries, and not empty; a value is not empty
//!   either.
//! - A number that could be a payment card's is never read.

mod contact;
mod dates;
mod numbers;
mod statements;
mod tokens;

use jiff::civil::Date;
use std::ops::Range;
use tokens::Token;
use vitrine_base::language::Language;

/// Bytes of a text that are read.
const TEXT_BYTES_MAX: usize = 4_096;

/// Most entities of one message; a message with more is a list for a human to read.
const ENTITIES_MAX: usize = 16;

/// Kind of an entity.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) enum EntityKind {
    /// As the customer wrote it, in upper case.
    OrderId,
    /// The domain in lower case.
    Email,
    /// Digits, with `+` if the customer gave the country code.
    Phone,
    /// ISO 8601: a day, an interval `a/b`, or one open at an end, `../b` or `a/..`. As written if
    /// day and month are ambiguous.
    Date,
    /// Number of pieces.
    Quantity,
    /// A substance that the customer must avoid.
    Allergy,
    /// What the customer prefers.
    Preference,
    /// What the customer does not want.
    Dislike,
    /// What the customer does, including the verb.
    Activity,
    /// A physical trait of the customer.
    Trait,
}

impl EntityKind {
    /// All kinds.
    const ALL: [Self; 10] = [
        Self::OrderId,
        Self::Email,
        Self::Phone,
        Self::Date,
        Self::Quantity,
        Self::Allergy,
        Self::Preference,
        Self::Dislike,
        Self::Activity,
        Self::Trait,
    ];

    /// Key of the fact that stores it.
    pub(crate) fn key(self) -> &'static str {
        match self {
            Self::OrderId => "order_id",
            Self::Email => "email",
            Self::Phone => "phone",
            Self::Date => "date",
            Self::Quantity => "quantity",
            Self::Allergy => "allergy",
            Self::Preference => "preference",
            Self::Dislike => "dislike",
            Self::Activity => "activity",
            Self::Trait => "trait",
        }
    }
}

/// Whether the key of a fact is an entity's, not a facet's. Such facts do not narrow a search.
pub(crate) fn is_key(key: &str) -> bool {
    EntityKind::ALL.iter().any(|kind| kind.key() == key)
}

/// One stated entity.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Entity {
    pub(crate) kind: EntityKind,
    /// Normalised; statements keep the customer's words.
    pub(crate) value: String,
    /// Byte range in the text.
    pub(crate) span: Range<usize>,
}

/// Reads the entities of a message that was written on `today`, in the order of the text.
pub(crate) fn read(text: &str, language: Language, today: Date) -> Vec<Entity> {
    let mut end = text.len().min(TEXT_BYTES_MAX);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    let text = &text[..end];
    let tokens = tokens::split(text);
    let mut found = EntityCollector { entities: Vec::new(), taken: vec![false; tokens.len()] };
    // The most exact grammars come first: words that they take are not read as something vaguer.
    contact::emails(text, &tokens, &mut found);
    numbers::cards(&tokens, &mut found);
    dates::read(&tokens, dates::DateContext { today, language }, &mut found);
    numbers::cued_orders(text, &tokens, &mut found);
    contact::phones(&tokens, &mut found);
    numbers::orders(text, &tokens, &mut found);
    numbers::quantities(&tokens, &mut found);
    statements::read(text, &tokens, &mut found);
    found.entities.sort_by_key(|entity| entity.span.start);
    found.entities.truncate(ENTITIES_MAX);
    found.entities
}

/// The entities so far, and which words they have taken.
struct EntityCollector {
    entities: Vec<Entity>,
    taken: Vec<bool>,
}

impl EntityCollector {
    fn is_free(&self, tokens: Range<usize>) -> bool {
        self.taken.get(tokens).is_some_and(|taken| !taken.contains(&true))
    }

    fn take(&mut self, tokens: Range<usize>) {
        if let Some(taken) = self.taken.get_mut(tokens) {
            taken.fill(true);
        }
    }

    /// Adds an entity that consists of these words, and takes them.
    fn add(&mut self, kind: EntityKind, value: String, tokens: &[Token<'_>], at: Range<usize>) {
        let (Some(first), Some(last)) = (tokens.get(at.start), tokens.get(at.end.wrapping_sub(1)))
        else {
            return;
        };
        if value.is_empty() {
            return;
        }
        self.entities.push(Entity { kind, value, span: first.start..last.end });
        self.take(at);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// A Tuesday.
    const TODAY: Date = jiff::civil::date(2026, 11, 24);

    fn found(text: &str) -> Vec<(&'static str, String)> {
        let french = text.chars().any(|letter| "éèàçùêî".contains(letter))
            || ["je ", "j'", "dans ", "commande", "avant "].iter().any(|word| text.contains(word));
        let language = if french { Language::FR } else { Language::EN };
        let entities = read(text, language, TODAY);
        entities.into_iter().map(|entity| (entity.kind.key(), entity.value)).collect()
    }

    fn one(text: &str) -> (&'static str, String) {
        let all = found(text);
        assert_eq!(all.len(), 1, "{text}: {all:?}");
        all[0].clone()
    }

    #[test]
    fn orders_are_read_with_or_without_their_cue() {
        for (text, id) in [
            ("where is order 4581", "4581"),
            ("order no. FR-10234 please", "FR-10234"),
            ("commande n° a-7781", "A-7781"),
            ("ma commande #88123 n'est pas là", "88123"),
            ("it is 4581220", "4581220"),
            ("numéro de suivi 6A12345678901", "6A12345678901"),
        ] {
            assert_eq!(one(text), ("order_id", id.to_owned()), "{text}");
        }
        for text in ["in order to run", "size 42", "I ordered 2 weeks before 2025", "75 euros"] {
            assert!(found(text).iter().all(|(key, _)| *key != "order_id"), "{text}");
        }
    }

    #[test]
    fn contacts_are_read_and_cards_are_not() {
        assert_eq!(one("write to Lea.Roux+x@Mail.Example, thanks").1, "Lea.Roux+x@mail.example");
        for (text, number) in [
            ("call me at +33 6 12 34 56 78", "+33612345678"),
            ("mon numéro : 06.12.34.56.78", "0612345678"),
            ("ring (415) 555-0132 please", "4155550132"),
            ("07700 900123 is my phone", "07700900123"),
        ] {
            assert_eq!(one(text), ("phone", number.to_owned()), "{text}");
        }
        for text in ["a@b", "@home", "x@y..z", "4111 1111 1111 1111", "4111111111111111"] {
            assert_eq!(found(text), [], "{text}");
        }
    }

    #[test]
    fn dates_are_read_from_the_day_of_the_message() {
        for (text, date) in [
            ("I need it tomorrow", "2026-11-25"),
            ("pour après-demain svp", "2026-11-26"),
            ("by Friday please", "../2026-11-27"),
            ("je le veux vendredi", "2026-11-27"),
            ("it came last monday", "2026-11-23"),
            ("avant le 12/03", "../2027-03-12"),
            ("le 24 décembre", "2026-12-24"),
            ("march 3rd works", "2027-03-03"),
            ("before Christmas", "../2026-12-25"),
            ("d'ici Noël", "../2026-12-25"),
            ("in 3 days", "2026-11-27"),
            ("dans deux semaines", "2026-12-08"),
            ("2 weeks ago", "2026-11-10"),
            ("ce week-end", "2026-11-28/2026-11-29"),
            ("on 2026-12-01", "2026-12-01"),
            ("the 25/12/2026", "2026-12-25"),
            ("on 03/04", "03/04"),
        ] {
            assert_eq!(one(text), ("date", date.to_owned()), "{text}");
        }
        for text in ["99/99", "2026-13-45", "in the days of old", "le 31/02"] {
            assert_eq!(found(text), [], "{text}");
        }
    }

    #[test]
    fn quantities_need_something_to_count() {
        for (text, pieces) in [
            ("two pairs please", "2"),
            ("j'en veux 3", "3"),
            ("3 paires", "3"),
            ("x4", "4"),
            ("I'd take 12 of them", "12"),
        ] {
            assert_eq!(one(text), ("quantity", pieces.to_owned()), "{text}");
        }
        for text in ["a marathon of 42 km", "two left feet", "en 42"] {
            assert_eq!(found(text), [], "{text}");
        }
    }

    #[test]
    fn statements_of_the_customer_are_taken_word_for_word() {
        for (text, key, value) in [
            ("I run on trails", "activity", "run on trails"),
            ("je cours sur route, surtout le soir", "activity", "cours sur route"),
            ("Je suis allergique au latex", "allergy", "latex"),
            ("I'm allergic to wool and it itches", "allergy", "wool"),
            ("I prefer bright colours", "preference", "bright colours"),
            ("je préfère le coton mais fin", "preference", "le coton"),
            ("I don't like laces", "dislike", "laces"),
            ("je n'aime pas les lacets", "dislike", "les lacets"),
            ("I have wide feet", "trait", "wide feet"),
            ("j'ai les pieds larges", "trait", "pieds larges"),
        ] {
            assert_eq!(one(text), (key, value.to_owned()), "{text}");
        }
        for text in ["are you allergic to latex?", "do you prefer blue", "I prefer", "he runs"] {
            assert_eq!(found(text), [], "{text}");
        }
    }

    proptest! {
        #[test]
        fn any_text_is_read_without_a_panic_and_spans_lie_within_it(
            text in r"(\PC|[0-9+@./#-]|order |le 1/2 |I run |je préfère |\u{200b}|\u{301}){0,60}",
            french in any::<bool>(),
        ) {
            let language = if french { Language::FR } else { Language::EN };
            for entity in read(&text, language, TODAY) {
                prop_assert!(!text[entity.span.clone()].is_empty());
                prop_assert!(!entity.value.is_empty());
            }
        }
    }
}
