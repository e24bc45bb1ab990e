//! Fits a reply to a channel's limits, with the same algorithm for all channels.
//!
//! The first layout that qualifies is used:
//! 1. buttons, then a list, if they show the whole text and distinct titles;
//! 2. numbered text, if it shows the whole text;
//! 3. buttons, then a list, with cut text;
//! 4. numbered text with cut text.
//!
//! An id that the channel would refuse is replaced by a short one derived from the id and its
//! index, so that fitting the same reply twice gives the same ids.

use crate::channels::CanonicalOption;
use crate::channels::CanonicalReply;
use crate::channels::ChannelLimits;
use crate::channels::FittedOption;
use crate::channels::FittedReply;
use crate::channels::LengthLimit;
use crate::channels::OptionLayout;
use crate::channels::OptionLimits;
use crate::channels::measure::body;
use crate::channels::measure::line;
use sha2::Digest;
use sha2::Sha256;
use std::collections::HashSet;
use vitrine_base::channel::ChannelKind;

/// Maximum options in a numbered text; a longer list is not readable on a phone.
const NUMBERED_OPTIONS_MAX: usize = 20;

/// Maximum length of a title in a numbered text, in the channel's unit.
const NUMBERED_TITLE_MAX: usize = 80;

/// Replacement for an empty text, which channels refuse.
const EMPTY_TEXT: &str = "…";

/// Fits `reply` to `limits`.
pub(super) fn fit(
    kind: ChannelKind,
    limits: &ChannelLimits,
    reply: &CanonicalReply,
) -> FittedReply {
    let mut text = body(&reply.text);
    if text.is_empty() {
        EMPTY_TEXT.clone_into(&mut text);
    }
    let fitted = |layout, text, options: Vec<FittedOption>| FittedReply {
        kind,
        layout,
        text,
        options_dropped: reply.options.len() - options.len(),
        options,
        language: reply.language,
    };
    if reply.options.is_empty() {
        return fitted(OptionLayout::Plain, limits.text.cut(&text), Vec::new());
    }
    let holds_all = |options: &OptionLimits| {
        (options.count_min..=options.count_max).contains(&reply.options.len())
    };
    let buttons = limits.buttons.filter(holds_all).map(|rules| (OptionLayout::Buttons, rules));
    let list = limits.list.filter(holds_all).map(|rules| (OptionLayout::List, rules));
    for (layout, rules) in [buttons, list].into_iter().flatten() {
        if rules.text.holds(&text) && titles_stay_distinct(&rules, &reply.options) {
            return fitted(layout, text, interactive(&rules, &reply.options));
        }
    }
    let (whole, options) = numbered(limits.text, &text, &reply.options);
    if let Some(whole) = whole {
        return fitted(OptionLayout::Numbered, whole, options);
    }
    if let Some((layout, rules)) = buttons.or(list) {
        return fitted(layout, rules.text.cut(&text), interactive(&rules, &reply.options));
    }
    let (text, options) = numbered_cut(limits.text, &text, &reply.options);
    fitted(OptionLayout::Numbered, text, options)
}

/// Whether distinct titles stay distinct after cutting, or the layout shows the full titles as
/// descriptions.
fn titles_stay_distinct(rules: &OptionLimits, options: &[CanonicalOption]) -> bool {
    let whole: HashSet<String> =
        options.iter().map(|option| line(&option.title).to_lowercase()).collect();
    let cut: HashSet<String> = whole.iter().map(|title| rules.title.cut(title)).collect();
    rules.description.is_some() || cut.len() == whole.len()
}

/// The options as buttons or list rows.
fn interactive(rules: &OptionLimits, options: &[CanonicalOption]) -> Vec<FittedOption> {
    let titles = titles(rules.title, options);
    let ids = wire_ids(rules.id, options);
    options
        .iter()
        .zip(titles.into_iter().zip(ids))
        .map(|(option, (title, wire_id))| {
            let whole = line(&option.title);
            let description = rules.description.filter(|_| !title.is_empty() && title != whole);
            FittedOption {
                id: option.id.clone(),
                wire_id,
                description: description.map(|limit| limit.cut(&whole)).filter(|d| !d.is_empty()),
                title,
            }
        })
        .collect()
}

/// Legal titles, never empty and pairwise distinct ignoring case. Customers must be able to tell
/// them apart, and WhatsApp refuses duplicates.
fn titles(limit: LengthLimit, options: &[CanonicalOption]) -> Vec<String> {
    let mut used = HashSet::new();
    options
        .iter()
        .enumerate()
        .map(|(index, option)| {
            let whole = whole_title(option, index);
            let mut title = limit.cut(&whole);
            let mut copy = 1;
            while title.is_empty() || !used.insert(title.to_lowercase()) {
                copy += 1;
                let mark = format!(" {copy}");
                let room = limit.max.saturating_sub(limit.length(&mark));
                title = line(&format!("{}{mark}", limit.with_max(room).cut(&whole)));
            }
            title
        })
        .collect()
}

/// The title on one line, or else the id, or else the option's number.
fn whole_title(option: &CanonicalOption, index: usize) -> String {
    [&option.title, &option.id]
        .into_iter()
        .map(|text| line(text))
        .find(|text| !text.is_empty())
        .unwrap_or_else(|| (index + 1).to_string())
}

/// Wire ids that the channel accepts, pairwise distinct.
fn wire_ids(limit: LengthLimit, options: &[CanonicalOption]) -> Vec<String> {
    let mut used: HashSet<String> = HashSet::new();
    let legal = |id: &str| {
        !id.is_empty() && id.trim() == id && limit.holds(id) && !id.contains(char::is_control)
    };
    let kept: Vec<Option<String>> = options
        .iter()
        .map(|option| {
            Some(&option.id).filter(|id| legal(id) && used.insert((*id).clone())).cloned()
        })
        .collect();
    kept.into_iter()
        .enumerate()
        .map(|(index, id)| {
            id.unwrap_or_else(|| {
                let mut id = substitute_id(&options[index].id, index);
                while !used.insert(id.clone()) {
                    id.push('-');
                }
                id
            })
        })
        .collect()
}

/// A short substitute for an id that the channel refuses: the option's number and a hash of the id.
fn substitute_id(id: &str, index: usize) -> String {
    let hash = Sha256::digest(id);
    let digits: String = hash.iter().take(8).map(|byte| format!("{byte:02x}")).collect();
    format!("o{}-{digits}", index + 1)
}

/// The whole text with numbered options below it, or `None` if that exceeds the limit; and the
/// options.
fn numbered(
    limit: LengthLimit,
    text: &str,
    options: &[CanonicalOption],
) -> (Option<String>, Vec<FittedOption>) {
    let options = numbered_options(limit.with_max(NUMBERED_TITLE_MAX), options);
    let whole = numbered_text(text, &options);
    (Some(whole).filter(|whole| limit.holds(whole)), options)
}

/// Cuts the text so that the numbered options fit below it. The options take at most half of the
/// limit: `title_max` leaves 5 units for the longest number, its dot, a space and the line
/// break.
fn numbered_cut(
    limit: LengthLimit,
    text: &str,
    options: &[CanonicalOption],
) -> (String, Vec<FittedOption>) {
    let shown = options.len().clamp(1, NUMBERED_OPTIONS_MAX);
    let title_max = (limit.max / 2 / shown).saturating_sub(5).min(NUMBERED_TITLE_MAX);
    let options = numbered_options(limit.with_max(title_max), options);
    let below = limit.length(&numbered_text("", &options));
    let text = limit.with_max(limit.max.saturating_sub(below)).cut(text);
    (numbered_text(&text, &options), options)
}

fn numbered_options(limit: LengthLimit, options: &[CanonicalOption]) -> Vec<FittedOption> {
    let shown = &options[..options.len().min(NUMBERED_OPTIONS_MAX)];
    titles(limit, shown)
        .into_iter()
        .zip(shown)
        .enumerate()
        .map(|(index, (title, option))| FittedOption {
            id: option.id.clone(),
            wire_id: (index + 1).to_string(),
            title,
            description: None,
        })
        .collect()
}

fn numbered_text(text: &str, options: &[FittedOption]) -> String {
    let lines: Vec<String> =
        options.iter().map(|option| format!("{}. {}", option.wire_id, option.title)).collect();
    format!("{text}\n\n{}", lines.join("\n"))
}
