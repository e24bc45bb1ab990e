//! Messaging channels: their limits, their outbound message format and their reply window.
//!
//! A reply is built once in channel-independent form ([`CanonicalReply`]). [`Channel::fit`] makes
//! it legal for a channel (titles, option counts, lengths) and [`Channel::payload`] encodes it as
//! the channel's JSON.
//!
//! Invariants
//! - A fitted reply is legal on its channel for any input, and is a single message.
//! - No option is lost silently: its id is kept or mapped ([`FittedReply::chosen`] maps it back),
//!   and options beyond the capacity of every layout are counted.
//! - Pure: no clock, no I/O.
//!
//! Sources: each channel's file names its own.

mod apple;
mod fit;
mod instagram;
mod measure;
mod rcs;
mod sms;
#[cfg(test)]
mod tests;
mod webchat;
mod whatsapp;
mod window;

pub use crate::channels::measure::LengthLimit;
pub use crate::channels::measure::LengthUnit;
pub use crate::channels::window::WindowState;
pub use crate::channels::window::WindowStatus;

use jiff::Timestamp;
use serde_json::Value;
use vitrine_base::channel::ChannelKind;
use vitrine_base::language::Language;

/// A reply independent of any channel.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CanonicalReply {
    /// The message text.
    pub text: String,
    /// The options in display order; may be empty.
    pub options: Vec<CanonicalOption>,
    /// The language of the reply, for the fixed words that a channel adds, such as the button that
    /// opens a list.
    pub language: Language,
}

/// One option offered to the customer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CanonicalOption {
    /// The id returned when the customer chooses this option, such as `feel=comfort`.
    pub id: String,
    /// The title shown to the customer.
    pub title: String,
}

/// How the options are displayed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum OptionLayout {
    /// No options.
    Plain,
    /// Buttons (quick replies) below the text.
    Buttons,
    /// A list that the customer opens with a button.
    List,
    /// Numbered lines at the end of the text; the customer replies with a number.
    Numbered,
}

/// One option as it is displayed on a channel.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FittedOption {
    /// The id of the canonical option.
    pub id: String,
    /// The id that the channel returns: the option's id if it is legal there, otherwise a short
    /// substitute. In a numbered layout it is the line number.
    pub wire_id: String,
    /// The title, cut to the channel's limit and distinct from all other titles.
    pub title: String,
    /// The full title, if it was cut and the layout has a description field.
    pub description: Option<String>,
}

/// A reply made legal for one channel.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FittedReply {
    /// The target channel.
    pub kind: ChannelKind,
    /// How the options are displayed.
    pub layout: OptionLayout,
    /// The text to send, never empty. In a numbered layout it includes the options.
    pub text: String,
    /// The options displayed.
    pub options: Vec<FittedOption>,
    /// Number of options that no layout could hold.
    pub options_dropped: usize,
    /// The language of fixed words added by the channel.
    pub language: Language,
}

impl FittedReply {
    /// The id of the option that the customer's answer selects, or `None`. An answer matches by
    /// wire id, by line number in a numbered layout, or by the exact title, ignoring case.
    #[must_use]
    pub fn chosen(&self, answer: &str) -> Option<&str> {
        let answer = answer.trim();
        let bare = answer.trim_end_matches(['.', ')']);
        let by_id = self.options.iter().find(|option| option.wire_id == answer);
        let numbered = self.layout == OptionLayout::Numbered;
        by_id
            .or_else(|| self.options.iter().find(|option| numbered && option.wire_id == bare))
            .or_else(|| {
                let wanted = answer.to_lowercase();
                self.options.iter().find(|option| option.title.to_lowercase() == wanted)
            })
            .map(|option| option.id.as_str())
    }
}

/// Limits of a layout with buttons or list rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct OptionLimits {
    /// Minimum number of options.
    pub count_min: usize,
    /// Maximum number of options.
    pub count_max: usize,
    /// Length of a title.
    pub title: LengthLimit,
    /// Length of the description under a title; `None` if the layout has no descriptions.
    pub description: Option<LengthLimit>,
    /// Length of an option id.
    pub id: LengthLimit,
    /// Length of the text above the options.
    pub text: LengthLimit,
}

/// Limits of a channel's messages.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ChannelLimits {
    /// Length of a text-only message.
    pub text: LengthLimit,
    /// Limits of buttons; `None` if the channel has none.
    pub buttons: Option<OptionLimits>,
    /// Limits of a list; `None` if the channel has none.
    pub list: Option<OptionLimits>,
}

/// The rules and the outbound format of one channel.
pub trait Channel: Send + Sync + std::fmt::Debug {
    /// The kind of this channel.
    fn kind(&self) -> ChannelKind;

    /// The limits of this channel's messages.
    fn limits(&self) -> ChannelLimits;

    /// Makes a reply legal for this channel. Buttons are preferred, then a list, then numbered
    /// text. A layout that shows the whole text and distinguishable titles is preferred to one that
    /// does not.
    fn fit(&self, reply: &CanonicalReply) -> FittedReply {
        fit::fit(self.kind(), &self.limits(), reply)
    }

    /// The reply in the channel's outbound JSON format. Fields that only the sender has (access
    /// tokens, the shop's own address, message ids) are left for the sender to add.
    ///
    /// `recipient` is the channel's id of the customer; without it the field is omitted.
    fn payload(&self, reply: &FittedReply, recipient: Option<&str>) -> Value;

    /// Whether a free-form message may be sent at `now`, given the time of the customer's last
    /// message.
    fn window(&self, last_customer_message_at: Option<Timestamp>, now: Timestamp) -> WindowState;
}

/// The channel implementation of a kind.
#[must_use]
pub fn channel(kind: ChannelKind) -> &'static dyn Channel {
    match kind {
        ChannelKind::Whatsapp => &whatsapp::Whatsapp,
        ChannelKind::Instagram => &instagram::Instagram,
        ChannelKind::Rcs => &rcs::Rcs,
        ChannelKind::Apple => &apple::Apple,
        ChannelKind::Sms => &sms::Sms,
        ChannelKind::Webchat => &webchat::Webchat,
    }
}

/// Adds the recipient as field `name`, if there is one.
fn with_recipient(mut payload: Value, name: &str, recipient: Option<&str>) -> Value {
    if let (Some(recipient), Value::Object(fields)) = (recipient, &mut payload) {
        fields.insert(name.to_owned(), Value::from(recipient));
    }
    payload
}
