//! The messages of a conversation, and how they are passed to a template.
//!
//! Invariants
//! - No message is lost: those that are merged keep their words, in order, separated by blank
//!   lines.

use crate::text::error::TextError;

/// The roles that a conversation may have. `developer` is another word for `system`.
const ROLES: [&str; 5] = ["system", "developer", "user", "assistant", "tool"];

/// Longest part of an unknown role that an error shows, in characters.
const ROLE_SHOWN_MAX: usize = 40;

/// One message of a conversation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChatMessage {
    /// `system`, `developer` (the same), `user`, `assistant`, or `tool` where the template renders
    /// it.
    pub role: String,
    /// Text of the message, unguarded.
    pub content: String,
}

impl ChatMessage {
    /// Creates a message.
    #[must_use]
    pub fn new(role: impl Into<String>, content: impl Into<String>) -> Self {
        Self { role: role.into(), content: content.into() }
    }
}

/// How system messages after the first ones are passed to a template.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum SystemMessages {
    /// In their places.
    InPlace,
    /// Those after another message are put before the next user message.
    FirstOnly,
    /// All are put before the next user message.
    InUserMessages,
}

/// A message as a template gets it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct TemplateMessage {
    pub(super) role: &'static str,
    pub(super) content: String,
    /// Index of the first message of the conversation that it holds.
    pub(super) index: usize,
}

/// Arranges a conversation for a template: system messages at the beginning become one.
///
/// # Errors
/// [`TextError::Role`] for the first role that is not known.
pub(super) fn arrange(
    messages: &[ChatMessage],
    system: SystemMessages,
) -> Result<Vec<TemplateMessage>, TextError> {
    let mut arranged: Vec<TemplateMessage> = Vec::with_capacity(messages.len());
    // System messages that wait for a user message.
    let mut waiting: Option<TemplateMessage> = None;
    for (index, message) in messages.iter().enumerate() {
        let role = match known_role(&message.role) {
            Some("developer") => "system",
            Some(role) => role,
            None => {
                let role = message.role.chars().take(ROLE_SHOWN_MAX).collect();
                return Err(TextError::Role { index, role, allowed: ROLES.join(", ") });
            }
        };
        let next = TemplateMessage { role, content: message.content.clone(), index };
        let is_first = arranged.iter().all(|earlier| earlier.role == "system");
        let stays = match system {
            SystemMessages::InPlace => true,
            SystemMessages::FirstOnly => is_first,
            SystemMessages::InUserMessages => false,
        };
        match (role, stays, arranged.last_mut(), &mut waiting) {
            ("system", true, Some(first), _) if is_first => first.append(&next.content),
            ("system", true, ..) => arranged.push(next),
            ("system", false, _, Some(waiting)) => waiting.append(&next.content),
            ("system", false, _, None) => waiting = Some(next),
            ("user", _, _, Some(_)) => {
                arranged.extend(waiting.take().map(|waiting| waiting.into_user(&next.content)));
            }
            _ => arranged.push(next),
        }
    }
    arranged.extend(waiting.map(|waiting| TemplateMessage { role: "user", ..waiting }));
    Ok(arranged)
}

/// Whether a system message comes after another message.
pub(super) fn has_late_system_message(messages: &[ChatMessage]) -> bool {
    let is_system = |message: &&ChatMessage| matches!(&*message.role, "system" | "developer");
    messages.iter().skip_while(is_system).any(|message| is_system(&message))
}

fn known_role(role: &str) -> Option<&'static str> {
    ROLES.into_iter().find(|known| *known == role)
}

impl TemplateMessage {
    fn append(&mut self, content: &str) {
        self.content.push_str("\n\n");
        self.content.push_str(content);
    }

    fn into_user(mut self, content: &str) -> Self {
        self.append(content);
        Self { role: "user", ..self }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn conversation(text: &str) -> Vec<ChatMessage> {
        let mut letters = text.chars();
        let role = |letter| match letter {
            's' => "system",
            'd' => "developer",
            'a' => "assistant",
            't' => "tool",
            _ => "user",
        };
        let numbered = (0..).zip(letters.by_ref());
        numbered.map(|(at, letter)| ChatMessage::new(role(letter), format!("{at}"))).collect()
    }

    /// First letters of the roles, with the contents, as `s0+1 u2`.
    fn arranged(text: &str, system: SystemMessages) -> String {
        let arranged = arrange(&conversation(text), system).unwrap();
        let words = arranged.iter().map(|message| {
            assert!(message.content.starts_with(&message.index.to_string()));
            format!("{}{}", &message.role[..1], message.content.replace("\n\n", "+"))
        });
        words.collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn first_system_messages_become_one_and_developer_is_system() {
        assert_eq!(arranged("dsuau", SystemMessages::InPlace), "s0+1 u2 a3 u4");
        assert_eq!(arranged("suasu", SystemMessages::InPlace), "s0 u1 a2 s3 u4");
        assert_eq!(arranged("us", SystemMessages::InPlace), "u0 s1");
    }

    #[test]
    fn later_system_messages_go_before_the_next_user_message() {
        assert_eq!(arranged("suassu", SystemMessages::FirstOnly), "s0 u1 a2 u3+4+5");
        assert_eq!(arranged("suas", SystemMessages::FirstOnly), "s0 u1 a2 u3");
        assert_eq!(arranged("suasu", SystemMessages::InUserMessages), "u0+1 a2 u3+4");
        assert_eq!(arranged("s", SystemMessages::InUserMessages), "u0");
        assert!(has_late_system_message(&conversation("suad")));
        assert!(!has_late_system_message(&conversation("sduatu")));
    }

    #[test]
    fn unknown_role_is_named_with_its_message() {
        let messages = [ChatMessage::new("user", "a"), ChatMessage::new("wizard", "b")];
        let error = arrange(&messages, SystemMessages::InPlace).unwrap_err();
        let text = "messages[1].role is `wizard`, allowed are system, developer, user, assistant, \
                    tool";
        assert_eq!(error.to_string(), text);
    }
}
