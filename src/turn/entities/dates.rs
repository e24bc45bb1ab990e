//! Dates that a customer names: "tomorrow", "vendredi", "12/03", "the 3rd of March", "before
//! Christmas", "dans deux semaines".
//!
//! Dates are computed from the day of the message, in UTC. A date without a year is the nearest
//! one. A weekday is the next one, or the previous one with "last".

use crate::turn::entities::EntityCollector;
use crate::turn::entities::EntityKind;
use crate::turn::entities::tokens::Token;
use crate::turn::entities::tokens::number;
use jiff::ToSpan;
use jiff::civil::Date;
use jiff::civil::Weekday;
use std::ops::Range;
use vitrine_base::language::Language;

/// The day and language of the message.
#[derive(Debug, Clone, Copy)]
pub(super) struct DateContext {
    pub(super) today: Date,
    pub(super) language: Language,
}

/// One day, or the two that bound an interval.
#[derive(Debug, Clone, PartialEq, Eq)]
enum When {
    Day(Date),
    Days(Date, Date),
    /// Day and month are ambiguous: the text as written.
    Written(String),
}

const MONTHS: [&[&str]; 12] = [
    &["january", "jan", "janvier"],
    &["february", "feb", "fevrier"],
    &["march", "mars"],
    &["april", "apr", "avril"],
    &["may", "mai"],
    &["june", "jun", "juin"],
    &["july", "jul", "juillet"],
    &["august", "aug", "aout"],
    &["september", "sept", "septembre"],
    &["october", "oct", "octobre"],
    &["november", "nov", "novembre"],
    &["december", "dec", "decembre"],
];

const WEEKDAYS: [(Weekday, &[&str]); 7] = [
    (Weekday::Monday, &["monday", "lundi"]),
    (Weekday::Tuesday, &["tuesday", "mardi"]),
    (Weekday::Wednesday, &["wednesday", "mercredi"]),
    (Weekday::Thursday, &["thursday", "jeudi"]),
    (Weekday::Friday, &["friday", "vendredi"]),
    (Weekday::Saturday, &["saturday", "samedi"]),
    (Weekday::Sunday, &["sunday", "dimanche"]),
];

/// Holidays with a fixed date: names, month, day.
const HOLIDAYS: [(&[&str], i8, i8); 4] = [
    (&["christmas", "xmas", "noel"], 12, 25),
    (&["halloween"], 10, 31),
    (&["valentine", "valentine's", "valentines", "saint-valentin"], 2, 14),
    (&["silvester", "saint-sylvestre"], 12, 31),
];

const BEFORE: &[&str] = &["before", "by", "until", "till", "avant", "ici", "jusqu'au", "jusqu"];
const AFTER: &[&str] = &["after", "since", "apres", "depuis", "des"];
const LAST: &[&str] = &["last", "past", "dernier", "passe"];

/// Words that may come between [`BEFORE`] or [`AFTER`] and the day.
const JOINTS: &[&str] = &["the", "le", "la", "this", "ce", "next", "a", "au", "l'"];

/// Largest count of days or weeks that is accepted.
const UNITS_MAX: u32 = 365;

pub(super) fn read(tokens: &[Token<'_>], context: DateContext, found: &mut EntityCollector) {
    let mut at = 0;
    while at < tokens.len() {
        match named(tokens, at, context).filter(|(range, _)| found.is_free(range.clone())) {
            Some((range, when)) => {
                let (start, bound) = bound(tokens, range.start, found);
                found.add(EntityKind::Date, written(&when, bound), tokens, start..range.end);
                at = range.end;
            }
            None => at += 1,
        }
    }
}

/// Which side of the day is meant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Bound {
    On,
    Before,
    After,
}

/// The date as ISO 8601. Source: ISO 8601-2 for intervals that are open at one end.
fn written(when: &When, bound: Bound) -> String {
    match (when, bound) {
        (When::Written(text), _) => text.clone(),
        (When::Day(day), Bound::On) => day.to_string(),
        (When::Day(day), Bound::Before) | (When::Days(day, _), Bound::Before) => {
            format!("../{day}")
        }
        (When::Day(day), Bound::After) | (When::Days(_, day), Bound::After) => format!("{day}/.."),
        (When::Days(first, last), Bound::On) => format!("{first}/{last}"),
    }
}

/// Index of the first word of the date, "before" or "after" included, and which side is meant.
fn bound(tokens: &[Token<'_>], day: usize, found: &EntityCollector) -> (usize, Bound) {
    let mut at = day;
    while at > 0 && !tokens[at - 1].ends_clause {
        let word = tokens[at - 1].folded.as_str();
        let bound = match word {
            _ if !found.is_free(at - 1..at) => return (day, Bound::On),
            _ if BEFORE.contains(&word) => Bound::Before,
            _ if AFTER.contains(&word) => Bound::After,
            _ if JOINTS.contains(&word) => {
                at -= 1;
                continue;
            }
            _ => return (day, Bound::On),
        };
        return (at - 1, bound);
    }
    (day, Bound::On)
}

/// The date named by the words from `at` on, and the words that name it.
fn named(tokens: &[Token<'_>], at: usize, context: DateContext) -> Option<(Range<usize>, When)> {
    relative(tokens, at, context.today)
        .or_else(|| weekday(tokens, at, context.today))
        .or_else(|| with_month_name(tokens, at, context.today))
        .or_else(|| holiday(tokens, at, context.today))
        .or_else(|| numeric_date(tokens, at, context))
}

fn word<'a>(tokens: &'a [Token<'_>], at: usize) -> &'a str {
    tokens.get(at).map_or("", |token| token.folded.as_str())
}

fn shifted(today: Date, days: i64) -> Option<Date> {
    today.checked_add(days.days()).ok()
}

fn relative(tokens: &[Token<'_>], at: usize, today: Date) -> Option<(Range<usize>, When)> {
    let (words, days) = match (word(tokens, at), word(tokens, at + 1)) {
        ("today" | "tonight" | "aujourd'hui", _) => (1, 0),
        ("tomorrow" | "demain", _) => (1, 1),
        ("apres-demain", _) => (1, 2),
        ("yesterday" | "hier", _) => (1, -1),
        ("weekend" | "week-end", _) => {
            let saturday = coming(today, Weekday::Saturday, 0)?;
            return Some((at..at + 1, When::Days(saturday, shifted(saturday, 1)?)));
        }
        ("in" | "dans", _) => {
            let (words, days) = day_count(tokens, at + 1)?;
            (words + 1, days)
        }
        ("il", "y") if word(tokens, at + 2) == "a" => {
            let (words, days) = day_count(tokens, at + 3)?;
            (words + 3, -days)
        }
        _ => {
            let (words, days) = day_count(tokens, at)?;
            if word(tokens, at + words) != "ago" {
                return None;
            }
            (words + 1, -days)
        }
    };
    Some((at..at + words, When::Day(shifted(today, days)?)))
}

/// A count of days or weeks: how many words it takes, and the days.
fn day_count(tokens: &[Token<'_>], at: usize) -> Option<(usize, i64)> {
    let count = number(word(tokens, at)).filter(|count| *count <= UNITS_MAX)?;
    let days = match word(tokens, at + 1) {
        "day" | "days" | "jour" | "jours" => 1,
        "week" | "weeks" | "semaine" | "semaines" => 7,
        _ => return None,
    };
    Some((2, i64::from(count) * days))
}

/// The next such weekday that is at least `days_min` days away.
fn coming(today: Date, weekday: Weekday, days_min: i64) -> Option<Date> {
    (days_min..days_min + 7)
        .filter_map(|days| shifted(today, days))
        .find(|date| date.weekday() == weekday)
}

fn weekday(tokens: &[Token<'_>], at: usize, today: Date) -> Option<(Range<usize>, When)> {
    let named = word(tokens, at);
    let (weekday, _) = WEEKDAYS.iter().find(|(_, names)| names.contains(&named))?;
    let before = at.checked_sub(1).map_or("", |before| word(tokens, before));
    if LAST.contains(&before) {
        return Some((at - 1..at + 1, When::Day(shifted(coming(today, *weekday, 0)?, -7)?)));
    }
    if LAST.contains(&word(tokens, at + 1)) {
        return Some((at..at + 2, When::Day(shifted(coming(today, *weekday, 0)?, -7)?)));
    }
    Some((at..at + 1, When::Day(coming(today, *weekday, 1)?)))
}

fn month(word: &str) -> Option<i8> {
    let index = MONTHS.iter().position(|names| names.contains(&word))?;
    i8::try_from(index + 1).ok()
}

/// A day of the month: `3`, `3rd`, `1er`.
fn day(word: &str) -> Option<i8> {
    let digits = word.trim_end_matches(|c: char| c.is_alphabetic());
    let ordinal = &word[digits.len()..];
    let fits = matches!(ordinal, "" | "st" | "nd" | "rd" | "th" | "er");
    digits.parse().ok().filter(|day| fits && (1..=31).contains(day))
}

fn year(word: &str) -> Option<i16> {
    word.parse().ok().filter(|year| word.len() == 4 && (1990..2100).contains(year))
}

/// A day with the month's name: `24 december 2026`, `december 24th`, `the 3rd of march`, `1er
/// avril`.
fn with_month_name(tokens: &[Token<'_>], at: usize, today: Date) -> Option<(Range<usize>, When)> {
    let (date, words) = if let Some(month) = month(word(tokens, at)) {
        ((day(word(tokens, at + 1))?, month), 2)
    } else {
        let of = usize::from(matches!(word(tokens, at + 1), "of" | "de"));
        ((day(word(tokens, at))?, month(word(tokens, at + 1 + of))?), 2 + of)
    };
    let year = year(word(tokens, at + words));
    let date = dated(date.0, date.1, year, today)?;
    Some((at..at + words + usize::from(year.is_some()), When::Day(date)))
}

fn holiday(tokens: &[Token<'_>], at: usize, today: Date) -> Option<(Range<usize>, When)> {
    let named = word(tokens, at);
    let (_, month, day) = HOLIDAYS.iter().find(|(names, _, _)| names.contains(&named))?;
    // A holiday means its next occurrence.
    let this_year = Date::new(today.year(), *month, *day).ok()?;
    let date = if this_year < today {
        Date::new(today.year().checked_add(1)?, *month, *day).ok()?
    } else {
        this_year
    };
    Some((at..at + 1, When::Day(date)))
}

/// A date in digits: `12/03`, `12.03.2026`, `2026-03-12`. Day before month, unless only the other
/// order is valid. English writers use both orders, so an ambiguous English date stays as written.
fn numeric_date(
    tokens: &[Token<'_>],
    at: usize,
    context: DateContext,
) -> Option<(Range<usize>, When)> {
    let raw = tokens.get(at)?.raw;
    let separator = ['/', '-', '.'].into_iter().find(|mark| raw.contains(*mark))?;
    let parts: Vec<&str> = raw.split(separator).collect();
    let digits =
        |part: &&str| (1..=4).contains(&part.len()) && part.bytes().all(|b| b.is_ascii_digit());
    if !parts.iter().all(digits) || parts.iter().skip(1).rev().skip(1).any(|part| part.len() > 2) {
        return None;
    }
    let small = |part: &str| part.parse::<i8>().ok();
    let range = at..at + 1;
    let date = match parts[..] {
        [year_text, month, day] if year_text.len() == 4 => {
            Date::new(year(year_text)?, small(month)?, small(day)?).ok()?
        }
        [first, second, year_text]
            if separator == '/' || year_text.len() == 4 || first.len() == 2 =>
        {
            let year = match year_text.len() {
                2 => year_text.parse::<i16>().ok()? + 2000,
                _ => year(year_text)?,
            };
            let (first, second) = (small(first)?, small(second)?);
            if is_ambiguous(first, second, context.language) {
                return Some((range, When::Written(raw.to_owned())));
            }
            in_order(first, second, Some(year), context.today)?
        }
        // A dot or a dash between two numbers is more often a price, a size or a range.
        [first, second] if separator == '/' && second.len() <= 2 && first.len() <= 2 => {
            let (first, second) = (small(first)?, small(second)?);
            if is_ambiguous(first, second, context.language) {
                return Some((range, When::Written(raw.to_owned())));
            }
            in_order(first, second, None, context.today)?
        }
        _ => return None,
    };
    Some((range, When::Day(date)))
}

fn is_ambiguous(first: i8, second: i8, language: Language) -> bool {
    let month = |number: i8| (1..=12).contains(&number);
    language == Language::EN && first != second && month(first) && month(second)
}

fn in_order(first: i8, second: i8, year: Option<i16>, today: Date) -> Option<Date> {
    dated(first, second, year, today).or_else(|| dated(second, first, year, today))
}

/// The date in a given year; without one, in the year that puts it nearest to today.
fn dated(day: i8, month: i8, year: Option<i16>, today: Date) -> Option<Date> {
    if let Some(year) = year {
        return Date::new(year, month, day).ok();
    }
    let years = [today.year().checked_sub(1)?, today.year(), today.year().checked_add(1)?];
    years
        .into_iter()
        .filter_map(|year| Date::new(year, month, day).ok())
        .min_by_key(|date| (*date - today).get_days().unsigned_abs())
}
