//! A finite description of lines of text: it becomes a grammar for the model, and texts for tests.

/// Most commands of one message.
pub const COMMANDS_MAX: usize = 6;

/// A part of a line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Piece {
    /// These characters.
    Text(String),
    /// One of these.
    Any(Vec<Piece>),
    /// All of these, in order.
    All(Vec<Piece>),
    /// This or nothing.
    Maybe(Box<Piece>),
}

/// A text.
pub(super) fn text(text: impl Into<String>) -> Piece {
    Piece::Text(text.into())
}

/// One of several texts.
pub(super) fn any<T: Into<String>>(texts: impl IntoIterator<Item = T>) -> Piece {
    Piece::Any(texts.into_iter().map(|one| Piece::Text(one.into())).collect())
}

/// This or nothing.
pub(super) fn maybe(piece: Piece) -> Piece {
    Piece::Maybe(Box::new(piece))
}

impl Piece {
    /// Whether some text has this form.
    pub(super) fn is_possible(&self) -> bool {
        match self {
            Self::Text(_) | Self::Maybe(_) => true,
            Self::Any(pieces) => pieces.iter().any(Self::is_possible),
            Self::All(pieces) => pieces.iter().all(Self::is_possible),
        }
    }

    /// Adds the regular expression of the piece.
    pub(super) fn put_regex(&self, out: &mut String) {
        match self {
            Self::Text(text) => escape(text, out),
            Self::All(pieces) => pieces.iter().for_each(|piece| piece.put_regex(out)),
            Self::Any(pieces) => {
                out.push('(');
                let possible = pieces.iter().filter(|piece| piece.is_possible());
                for (at, piece) in possible.enumerate() {
                    if at > 0 {
                        out.push('|');
                    }
                    piece.put_regex(out);
                }
                out.push(')');
            }
            Self::Maybe(piece) if piece.is_possible() => {
                out.push('(');
                piece.put_regex(out);
                out.push_str(")?");
            }
            Self::Maybe(_) => {}
        }
    }
}

/// Writes a text so that a regular expression between slashes means these characters.
fn escape(text: &str, out: &mut String) {
    for character in text.chars() {
        if character.is_ascii() && !character.is_ascii_alphanumeric() && character != ' ' {
            out.push('\\');
        }
        out.push(character);
    }
}
