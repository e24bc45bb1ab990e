//! Messages that consist of attachments only. The gateway does not read pictures, recordings and
//! other files yet: it says so in the customer's language, and offers a person.
//!
//! The text is fixed and needs no drafter.

use crate::turn::message::Content;
use vitrine_base::language::DetectedLanguage;
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

/// The text of the reply and the title of its button, at most 20 characters.
pub(crate) fn words(tongue: DetectedLanguage) -> (&'static str, &'static str) {
    match tongue {
        DetectedLanguage::En => (
            "I cannot read pictures, voice notes or files yet. Write to me what you need, or talk \
             to an advisor.",
            "talk to an advisor",
        ),
        DetectedLanguage::Fr => (
            "Je ne sais pas encore lire les photos, les messages vocaux ni les fichiers. \
             Écrivez-moi ce qu'il vous faut, ou parlez à un conseiller.",
            "voir un conseiller",
        ),
        DetectedLanguage::De => (
            "Bilder, Sprachnachrichten und Dateien kann ich noch nicht lesen. Schreiben Sie mir, \
             was Sie brauchen, oder sprechen Sie mit einem Berater.",
            "mit Berater sprechen",
        ),
        DetectedLanguage::Es => (
            "Todavía no puedo leer imágenes, notas de voz ni archivos. Escríbame lo que necesita o \
             hable con un asesor.",
            "hablar con un asesor",
        ),
        DetectedLanguage::It => (
            "Non so ancora leggere immagini, messaggi vocali o file. Mi scriva di che cosa ha \
             bisogno, oppure parli con un consulente.",
            "parla con qualcuno",
        ),
        DetectedLanguage::Pt => (
            "Ainda não consigo ler imagens, mensagens de voz nem ficheiros. Escreva-me o que \
             precisa ou fale com um assistente.",
            "falar com alguém",
        ),
    }
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
    fn every_language_has_a_text_of_its_own_and_a_button_that_fits() {
        let texts: std::collections::BTreeSet<&str> =
            DetectedLanguage::ALL.into_iter().map(|tongue| words(tongue).0).collect();
        assert_eq!(texts.len(), DetectedLanguage::ALL.len());
        for tongue in DetectedLanguage::ALL {
            let (_, title) = words(tongue);
            assert!(title.chars().count() <= 20, "{title}");
        }
    }

    #[test]
    fn a_human_reads_what_came_with_the_text() {
        let attachment = |kind| StoredAttachment { kind, mime_type: None };
        let sent = [attachment(AttachmentKind::Image), attachment(AttachmentKind::Audio)];
        assert_eq!(quoted("see this".to_owned(), &sent), "see this [image] [audio]");
        assert_eq!(quoted(String::new(), &sent[..1]), "[image]");
        assert_eq!(quoted("hello".to_owned(), &[]), "hello");
    }
}
