//! The time in which a business may answer freely after a customer wrote.

use jiff::SignedDuration;
use jiff::Timestamp;

/// Whether free-form messages may be sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum WindowStatus {
    /// Yes, until the window closes.
    Open,
    /// No: only what the channel allows outside, such as an approved template.
    Closed,
    /// The channel has no window.
    None,
}

impl WindowStatus {
    /// The wire name.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Closed => "closed",
            Self::None => "none",
        }
    }
}

/// A window at one moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct WindowState {
    /// Open, closed or none.
    pub state: WindowStatus,
    /// When it closes or closed; `None` without a window or if the customer never wrote.
    pub closes_at: Option<Timestamp>,
}

impl WindowState {
    /// A channel without a window.
    pub(super) const NONE: Self = Self { state: WindowStatus::None, closes_at: None };

    /// A window of `length` after the customer's last message; at its very end it is closed.
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
