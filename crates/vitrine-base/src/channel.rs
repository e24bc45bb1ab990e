//! The channels a thread can be on.

/// Where a message came from and where its reply goes.
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
    /// Plain text messages.
    Sms,
    /// The brand's own web chat.
    Webchat,
}

impl ChannelKind {
    /// All of them.
    pub const ALL: [Self; 6] =
        [Self::Whatsapp, Self::Instagram, Self::Rcs, Self::Apple, Self::Sms, Self::Webchat];

    /// The wire name.
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

    /// Reads a wire name; `None` for anything else.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|channel| channel.name() == name)
    }

    /// The accepted names, for error messages: `whatsapp, instagram, …`.
    #[must_use]
    pub fn names() -> String {
        Self::ALL.map(Self::name).join(", ")
    }
}
