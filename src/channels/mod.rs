//! What each channel can show, and how it wants to be told.
//!
//! A reply is written once, in canonical form ([`CanonicalReply`]). [`Channel::fit`] makes it legal
//! (titles, numbers of options, lengths), [`Channel::payload`] says it in the channel's own JSON.
//!
//! Invariants
//! - A fitted reply is legal on its channel whatever went in, and is one message.
//! - No option is lost silently: its id is kept or mapped ([`FittedReply::chosen`] maps back), and
//!   those beyond what any layout holds are counted.
//! - Pure: no clock, no I/O.
//!
//! Source: commerce.md section 2; sources are named in each channel's file.

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

/// A reply before anybody asked where it goes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CanonicalReply {
    /// What is said.
    pub text: String,
    /// What can be chosen, in the order to show; may be empty.
    pub options: Vec<ReplyOption>,
    /// The language of the few words that a channel adds, such as the opener of a list.
    pub language: Language,
}

/// One thing that can be chosen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReplyOption {
    /// What comes back when it is chosen, such as `feel=comfort`.
    pub id: String,
    /// What the customer reads.
    pub title: String,
}

/// How the options are shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Layout {
    /// There are none.
    Plain,
    /// Buttons under the text.
    Buttons,
    /// A list that opens.
    List,
    /// Numbered lines at the end of the text; the customer answers with a number.
    Numbered,
}

/// One option as the channel shows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FittedOption {
    /// The option's own id.
    pub id: String,
    /// What comes back from the channel: the id itself where it is legal there, otherwise a short
    /// stand-in, and the number of the line in a numbered text.
    pub wire_id: String,
    /// The title, legal and unlike its neighbours'.
    pub title: String,
    /// The whole title, where it had to be cut and the layout has a place for it.
    pub description: Option<String>,
}

/// A reply that is legal on its channel.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FittedReply {
    /// The channel it was made for.
    pub kind: ChannelKind,
    /// How the options are shown.
    pub layout: Layout,
    /// The text to send; in a numbered layout it holds the options too. Never empty.
    pub text: String,
    /// The options shown.
    pub options: Vec<FittedOption>,
    /// Options that no layout had room for.
    pub options_dropped: usize,
    /// The language of the channel's own words.
    pub language: Language,
}

impl FittedReply {
    /// The id of the option that an answer means: by the id that the channel sent back, by number
    /// in a numbered text, or by its very title.
    #[must_use]
    pub fn chosen(&self, answer: &str) -> Option<&str> {
        let answer = answer.trim();
        let bare = answer.trim_end_matches(['.', ')']);
        let by_id = self.options.iter().find(|option| option.wire_id == answer);
        let numbered = self.layout == Layout::Numbered;
        by_id
            .or_else(|| self.options.iter().find(|option| numbered && option.wire_id == bare))
            .or_else(|| {
                let wanted = answer.to_lowercase();
                self.options.iter().find(|option| option.title.to_lowercase() == wanted)
            })
            .map(|option| option.id.as_str())
    }
}

/// What a layout with buttons or rows may hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct OptionLimits {
    /// Fewest options.
    pub count_min: usize,
    /// Most options.
    pub count_max: usize,
    /// A title.
    pub title: LengthLimit,
    /// What stands under a title, where the layout has a place for it.
    pub description: Option<LengthLimit>,
    /// An id.
    pub id: LengthLimit,
    /// The text above the options.
    pub text: LengthLimit,
}

/// What a channel may be sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ChannelLimits {
    /// A message of text alone.
    pub text: LengthLimit,
    /// Buttons, if the channel has them.
    pub buttons: Option<OptionLimits>,
    /// A list, if the channel has one.
    pub list: Option<OptionLimits>,
}

/// One channel's rules and wire format.
pub trait Channel: Send + Sync + std::fmt::Debug {
    /// Which one.
    fn kind(&self) -> ChannelKind;

    /// What it may be sent.
    fn limits(&self) -> ChannelLimits;

    /// Makes a reply legal here: buttons if the options fit them, else a list, else numbered text;
    /// a layout that shows the whole text, and titles that can be told apart, goes before one
    /// that does not.
    fn fit(&self, reply: &CanonicalReply) -> FittedReply {
        fit::fit(self.kind(), &self.limits(), reply)
    }

    /// The reply in the channel's outbound wire format, as far as it is the reply's: what only the
    /// sender knows (access tokens, our own address, message ids) is his to add. `recipient` is
    /// the channel's id of the customer; without it the field is left out.
    fn payload(&self, reply: &FittedReply, recipient: Option<&str>) -> Value;

    /// Whether a free-form message may be sent at `now`, after a customer's last message.
    fn window(&self, last_customer_message_at: Option<Timestamp>, now: Timestamp) -> WindowState;
}

/// The channel of a kind.
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

/// Adds the customer's id under `name`, where it is known.
fn addressed(mut payload: Value, name: &str, recipient: Option<&str>) -> Value {
    if let (Some(recipient), Value::Object(fields)) = (recipient, &mut payload) {
        fields.insert(name.to_owned(), Value::from(recipient));
    }
    payload
}
