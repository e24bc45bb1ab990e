//! The messaging channels of the gateway and their names on the wire.

/// The channel that a message arrived on and its reply is sent to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum ChannelKind {
    /// WhatsApp Business.
    Whatsapp,
    /// Instagram direct messages.
    Instagram,
    /// RCS Business Messaging.
    Rcs,
    /// Apple Messages for Business.
    Apple,
    /// SMS, plain text.
    Sms,
    /// The web chat on the shop's own site.
    Webchat,
}

impl ChannelKind {
    /// All channels.
    pub const ALL: [Self; 6] =
        [Self::Whatsapp, Self::Instagram, Self::Rcs, Self::Apple, Self::Sms, Self::Webchat];

    /// The name on the wire.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Whatsapp => "whatsapp",
            Self::Instagram => "instagram",
            Self::Rcs => "rcs",
            Self::Apple => "apple",
            Self::Sms => "sms",
            Self::Webchat => "webchat",
        }
    }

    /// Parses a wire name; `None` if it is unknown.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|channel| channel.name() == name)
    }

    /// All wire names separated by commas, for error messages: `whatsapp, instagram, …`.
    #[must_use]
    pub fn names() -> String {
        Self::ALL.map(Self::name).join(", ")
    }
}
