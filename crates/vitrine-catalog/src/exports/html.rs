//! Plain text of HTML bodies, in blocks: paragraphs, list items, table rows, headings.
//!
//! The tokenizer of the HTML standard reads any bytes; no tree is built, so depth costs nothing.
//! Scripts, styles and comments are left out.

use html5ever::tokenizer::BufferQueue;
use html5ever::tokenizer::Tag;
use html5ever::tokenizer::TagKind;
use html5ever::tokenizer::Token;
use html5ever::tokenizer::TokenSink;
use html5ever::tokenizer::TokenSinkResult;
use html5ever::tokenizer::Tokenizer;
use html5ever::tokenizer::TokenizerOpts;
use std::cell::RefCell;

/// Most blocks of a body; further text is left out.
const BLOCKS_MAX: usize = 400;

/// What a block is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BlockKind {
    /// A paragraph.
    Paragraph,
    /// An item of a list.
    Item,
    /// A row of a table, its cells separated by `: `.
    Row,
    /// A heading.
    Heading,
}

/// A piece of text without a line end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Block {
    /// What it is.
    pub kind: BlockKind,
    /// Its text, with single spaces.
    pub text: String,
}

/// The blocks of a body in HTML or in plain text.
pub(crate) fn blocks(body: &str) -> Vec<Block> {
    if !body.contains('<') && !body.contains('&') {
        return plain(body);
    }
    let sink = Sink::default();
    let tokenizer = Tokenizer::new(sink, TokenizerOpts::default());
    let input = BufferQueue::default();
    let paragraphs = !body.contains("</");
    // Line ends mean something only where no element does.
    let body = if paragraphs { body.replace('\n', "<br>") } else { body.to_owned() };
    input.push_back(body.as_str().into());
    let _ = tokenizer.feed(&input);
    tokenizer.end();
    let mut state = tokenizer.sink.0.borrow_mut();
    state.end_block();
    std::mem::take(&mut state.blocks)
}

/// Text in one line, tags and entities resolved.
pub(crate) fn line(text: &str) -> String {
    if !text.contains('<') && !text.contains('&') {
        return text.split_whitespace().collect::<Vec<_>>().join(" ");
    }
    let blocks = blocks(text);
    blocks.iter().map(|block| block.text.as_str()).collect::<Vec<_>>().join(" ")
}

/// Blocks of plain text: lines, and lists by their dashes and bullets.
fn plain(body: &str) -> Vec<Block> {
    let mut state = State::default();
    for written in body.lines() {
        let written = written.trim();
        let item = written.strip_prefix(['-', '*', '•', '–', '✓', '·']);
        state.kind = if item.is_some() { BlockKind::Item } else { BlockKind::Paragraph };
        state.text.push_str(item.unwrap_or(written));
        state.end_block();
    }
    state.blocks
}

#[derive(Debug)]
struct State {
    blocks: Vec<Block>,
    kind: BlockKind,
    text: String,
    /// Elements whose text is left out that are open.
    hidden: usize,
}

impl Default for State {
    fn default() -> Self {
        Self { blocks: Vec::new(), kind: BlockKind::Paragraph, text: String::new(), hidden: 0 }
    }
}

impl State {
    fn end_block(&mut self) {
        let text: String =
            self.text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
        let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
        let text = text.trim_end_matches(": ").trim_end_matches(':').to_owned();
        self.text.clear();
        if text.chars().any(char::is_alphanumeric) && self.blocks.len() < BLOCKS_MAX {
            self.blocks.push(Block { kind: self.kind, text });
        }
    }

    fn tag(&mut self, tag: &Tag) {
        let start = tag.kind == TagKind::StartTag;
        let name: &str = &tag.name;
        if matches!(name, "script" | "style" | "template" | "noscript" | "iframe") {
            if start && !tag.self_closing {
                self.hidden += 1;
            } else {
                self.hidden = self.hidden.saturating_sub(1);
            }
            return;
        }
        match name {
            "td" | "th" if !start && !self.text.trim_end().ends_with(':') => {
                self.text.push_str(": ");
            }
            // `<li><p>`: the paragraph is the item.
            "p" | "div" if start && self.text.trim().is_empty() => {}
            "p" | "div" | "br" | "ul" | "ol" | "table" | "tbody" | "section" | "article" | "hr"
            | "blockquote" | "dl" | "dd" | "dt" => {
                self.end_block();
                self.kind = BlockKind::Paragraph;
            }
            "li" | "tr" | "h1" | "h2" | "h3" | "h4" | "h5" | "h6" => {
                self.end_block();
                self.kind = match name {
                    _ if !start => BlockKind::Paragraph,
                    "li" => BlockKind::Item,
                    "tr" => BlockKind::Row,
                    _ => BlockKind::Heading,
                };
            }
            _ => {}
        }
    }
}

#[derive(Debug, Default)]
struct Sink(RefCell<State>);

impl TokenSink for Sink {
    type Handle = ();

    fn process_token(&self, token: Token, _line: u64) -> TokenSinkResult<()> {
        let mut state = self.0.borrow_mut();
        match token {
            Token::TagToken(tag) => state.tag(&tag),
            Token::CharacterTokens(text) if state.hidden == 0 => state.text.push_str(&text),
            _ => {}
        }
        TokenSinkResult::Continue
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn texts(body: &str) -> Vec<String> {
        blocks(body).into_iter().map(|block| format!("{:?} {}", block.kind, block.text)).collect()
    }

    #[test]
    fn a_body_is_read_in_blocks() {
        let body = "<style>p{}</style><h2>Care</h2><p>Water&nbsp;weekly &amp; mist.<br>Feed \
            monthly.</p><ul><li>Height: 20&#160;cm<li><b>Pet safe</b></ul><table><tr><th>Light\
            </th><td>bright</td></tr></table><script>x()</script>";
        assert_eq!(
            texts(body),
            [
                "Heading Care",
                "Paragraph Water weekly & mist.",
                "Paragraph Feed monthly.",
                "Item Height: 20 cm",
                "Item Pet safe",
                "Row Light: bright"
            ]
        );
        assert_eq!(texts("One.\n- two\n\n• three"), ["Paragraph One.", "Item two", "Item three"]);
        assert_eq!(line("<b>Pot</b> &quot;Léo&quot;"), "Pot \"Léo\"");
    }

    #[test]
    fn a_body_in_a_paragraph_inside_an_item_keeps_its_text() {
        assert_eq!(texts("<ul><li><p>One</p></li></ul>"), ["Item One"]);
    }

    proptest! {
        #[test]
        fn any_body_is_read_without_tags_and_in_bounds(body in "[<>/a-z &;\"'=!-]{0,200}") {
            let found = blocks(&body);
            prop_assert!(found.len() <= BLOCKS_MAX);
            for block in found {
                prop_assert!(!block.text.contains('\n'));
            }
        }

        #[test]
        fn deep_nesting_costs_nothing(depth in 1_000..20_000_usize) {
            let found = blocks(&format!("{}x{}", "<div>".repeat(depth), "</div>".repeat(depth)));
            prop_assert_eq!(found.len(), 1);
        }
    }
}
