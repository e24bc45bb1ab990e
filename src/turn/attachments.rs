//! Messages that consist of attachments only. The gateway does not read pictures, recordings and
//! other files yet: it says so in the customer's language, and offers a person. The text is the
//! locale's and needs no drafter.

use crate::turn::message::Content;
use vitrine_conversations::StoredAttachment;

/// Intent label and topic of such a message.
pub(crate) const LABEL: &str = "attachment";

/// Intent of the button that offers a person.
pub(crate) const PERSON: &str = "human_agent";

/// Whether the merged messages of a turn have no text. A message without attachments always has
/// one.
pub(crate) fn alone(content: &Content) -> bool {
    content.option_id().is_none() && content.text().is_empty()
}

/// A message as a human reads it: its text, and the kinds of what came with it.
pub(crate) fn quoted(text: String, attachments: &[StoredAttachment]) -> String {
    let kinds = attachments.iter().map(|attachment| format!("[{}]", attachment.kind.name()));
    let texts = std::iter::once(text).filter(|text| !text.is_empty());
    texts.chain(kinds).collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use vitrine_conversations::AttachmentKind;

    #[test]
    fn a_human_reads_what_came_with_the_text() {
        let attachment = |kind| StoredAttachment { kind, mime_type: None };
        let sent = [attachment(AttachmentKind::Image), attachment(AttachmentKind::Audio)];
        assert_eq!(quoted("see this".to_owned(), &sent), "see this [image] [audio]");
        assert_eq!(quoted(String::new(), &sent[..1]), "[image]");
        assert_eq!(quoted("hello".to_owned(), &[]), "hello");
    }
}
