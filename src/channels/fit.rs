//! Makes a reply legal under a channel's limits; the same arithmetic for all channels.
//!
//! Order of choice: buttons, list, numbered text, each with the whole text and with titles that
//! stay different when cut; then the same with whatever must be cut. Ids that the channel would
//! refuse are replaced by short ones made from the id and its place, so that fitting twice gives
//! the same.

use crate::channels::CanonicalReply;
use crate::channels::ChannelLimits;
use crate::channels::FittedOption;
use crate::channels::FittedReply;
use crate::channels::Layout;
use crate::channels::LengthLimit;
use crate::channels::OptionLimits;
use crate::channels::ReplyOption;
use crate::channels::measure::body;
use crate::channels::measure::line;
use sha2::Digest;
use sha2::Sha256;
use std::collections::HashSet;
use vitrine_base::channel::ChannelKind;

/// Most options in a numbered text: more is not read on a telephone.
const NUMBERED_OPTIONS_MAX: usize = 20;

/// Longest title in a numbered text, in the channel's unit.
const NUMBERED_TITLE_MAX: usize = 80;

/// What stands for a reply without words; channels refuse an empty text.
const NO_WORDS: &str = "…";

/// Makes `reply` legal under `limits`.
pub(super) fn fit(
    kind: ChannelKind,
    limits: &ChannelLimits,
    reply: &CanonicalReply,
) -> FittedReply {
    let mut text = body(&reply.text);
    if text.is_empty() {
        NO_WORDS.clone_into(&mut text);
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
        return fitted(Layout::Plain, limits.text.cut(&text), Vec::new());
    }
    let holds_all = |options: &OptionLimits| {
        (options.count_min..=options.count_max).contains(&reply.options.len())
    };
    let buttons = limits.buttons.filter(holds_all).map(|rules| (Layout::Buttons, rules));
    let list = limits.list.filter(holds_all).map(|rules| (Layout::List, rules));
    for (layout, rules) in [buttons, list].into_iter().flatten() {
        if rules.text.holds(&text) && tells_apart(&rules, &reply.options) {
            return fitted(layout, text, interactive(&rules, &reply.options));
        }
    }
    let (whole, options) = numbered(limits.text, &text, &reply.options);
    if let Some(whole) = whole {
        return fitted(Layout::Numbered, whole, options);
    }
    if let Some((layout, rules)) = buttons.or(list) {
        return fitted(layout, rules.text.cut(&text), interactive(&rules, &reply.options));
    }
    let (text, options) = numbered_cut(limits.text, &text, &reply.options);
    fitted(Layout::Numbered, text, options)
}

/// Whether titles that differ still do once they are cut, or have their whole beside them.
fn tells_apart(rules: &OptionLimits, options: &[ReplyOption]) -> bool {
    let whole: HashSet<String> =
        options.iter().map(|option| line(&option.title).to_lowercase()).collect();
    let cut: HashSet<String> = whole.iter().map(|title| rules.title.cut(title)).collect();
    rules.description.is_some() || cut.len() == whole.len()
}

/// Options as buttons or rows.
fn interactive(rules: &OptionLimits, options: &[ReplyOption]) -> Vec<FittedOption> {
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

/// Legal titles, none empty and no two alike: the customer must be able to tell them apart, and
/// WhatsApp refuses equal ones.
fn titles(limit: LengthLimit, options: &[ReplyOption]) -> Vec<String> {
    let mut used = HashSet::new();
    options
        .iter()
        .enumerate()
        .map(|(place, option)| {
            let whole = whole_title(option, place);
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

/// The title, or something in its place.
fn whole_title(option: &ReplyOption, place: usize) -> String {
    [&option.title, &option.id]
        .into_iter()
        .map(|text| line(text))
        .find(|text| !text.is_empty())
        .unwrap_or_else(|| (place + 1).to_string())
}

/// Ids that the channel takes, no two alike.
fn wire_ids(limit: LengthLimit, options: &[ReplyOption]) -> Vec<String> {
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
        .map(|(place, id)| {
            id.unwrap_or_else(|| {
                let mut id = stand_in(&options[place].id, place);
                while !used.insert(id.clone()) {
                    id.push('-');
                }
                id
            })
        })
        .collect()
}

/// A short id in place of one that the channel refuses.
fn stand_in(id: &str, place: usize) -> String {
    let hash = Sha256::digest(id);
    let digits: String = hash.iter().take(8).map(|byte| format!("{byte:02x}")).collect();
    format!("o{}-{digits}", place + 1)
}

/// The whole text with numbered options, if it fits, and the options.
fn numbered(
    limit: LengthLimit,
    text: &str,
    options: &[ReplyOption],
) -> (Option<String>, Vec<FittedOption>) {
    let options = numbered_options(limit.with_max(NUMBERED_TITLE_MAX), options);
    let whole = numbered_text(text, &options);
    (Some(whole).filter(|whole| limit.holds(whole)), options)
}

/// The text cut so that the options fit under it. They take half the room at most: `title_max`
/// leaves place for the longest number, its dot, a space and the end of the line.
fn numbered_cut(
    limit: LengthLimit,
    text: &str,
    options: &[ReplyOption],
) -> (String, Vec<FittedOption>) {
    let shown = options.len().clamp(1, NUMBERED_OPTIONS_MAX);
    let title_max = (limit.max / 2 / shown).saturating_sub(5).min(NUMBERED_TITLE_MAX);
    let options = numbered_options(limit.with_max(title_max), options);
    let below = limit.length(&numbered_text("", &options));
    let text = limit.with_max(limit.max.saturating_sub(below)).cut(text);
    (numbered_text(&text, &options), options)
}

fn numbered_options(limit: LengthLimit, options: &[ReplyOption]) -> Vec<FittedOption> {
    let shown = &options[..options.len().min(NUMBERED_OPTIONS_MAX)];
    titles(limit, shown)
        .into_iter()
        .zip(shown)
        .enumerate()
        .map(|(place, (title, option))| FittedOption {
            id: option.id.clone(),
            wire_id: (place + 1).to_string(),
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
