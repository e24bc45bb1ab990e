//! The reply window: the period in which a business may send free-form messages after a customer's
//! last message.

use jiff::SignedDuration;
use jiff::Timestamp;

/// Whether free-form messages may be sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum WindowStatus {
    /// Free-form messages are allowed until the window closes.
    Open,
    /// Only messages that the channel allows outside the window, such as approved templates.
    Closed,
    /// The channel has no window.
    None,
}

impl WindowStatus {
    /// The name on the wire.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Closed => "closed",
            Self::None => "none",
        }
    }
}

/// The state of a reply window at one moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct WindowState {
    /// Open, closed or none.
    pub state: WindowStatus,
    /// When the window closes or closed. `None` if the channel has no window or the customer has
    /// never written.
    pub closes_at: Option<Timestamp>,
}

impl WindowState {
    /// The state on a channel without a window.
    pub(super) const NONE: Self = Self { state: WindowStatus::None, closes_at: None };

    /// The state at `now` of a window of `length` after the customer's last message. The end is
    /// exclusive: at `closes_at` the window is closed.
    pub(super) fn after(
        last_customer_message_at: Option<Timestamp>,
        length: SignedDuration,
        now: Timestamp,
    ) -> Self {
        let closes_at =
            last_customer_message_at.map(|last| last.checked_add(length).unwrap_or(Timestamp::MAX));
        let open = closes_at.is_some_and(|closes_at| now < closes_at);
        let state = if open { WindowStatus::Open } else { WindowStatus::Closed };
        Self { state, closes_at }
    }
}
