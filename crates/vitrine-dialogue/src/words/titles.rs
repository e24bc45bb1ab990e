//! Titles of buttons.

use crate::plan::PlannedOption;
use crate::words::templates::Templates;

pub use crate::words::templates::TITLE_CHARS_MAX;

/// Most letters of a word that only joins others.
const JOINING_CHARS_MAX: usize = 3;

/// A title for each option, at most [`TITLE_CHARS_MAX`] characters, all different.
pub(crate) fn titles(options: &[PlannedOption], templates: &Templates) -> Vec<String> {
    let whole: Vec<String> = options.iter().map(|option| title(option, templates)).collect();
    let mut titles: Vec<String> = Vec::new();
    for title in &whole {
        let title = cut(own_words(title, &whole), TITLE_CHARS_MAX);
        let title = if titles.contains(&title) { numbered(&title, &titles) } else { title };
        titles.push(title);
    }
    titles
}

fn title(option: &PlannedOption, templates: &Templates) -> String {
    let label = option.label.trim();
    if !label.is_empty() {
        return label.to_owned();
    }
    let (command, value) = option.id.split_once('=').unwrap_or((&option.id, ""));
    let known = templates.titles.get(&option.id).or_else(|| templates.titles.get(command));
    known.cloned().unwrap_or_else(|| if value.is_empty() { command } else { value }.to_owned())
}

/// A title that is too long without the first word that it shares with others: names of one brand
/// differ by what follows.
fn own_words<'a>(title: &'a str, all: &[String]) -> &'a str {
    let Some((first, rest)) = title.split_once(' ') else { return title };
    let shares = |other: &&String| {
        other.as_str() != title && other.split_once(' ').is_some_and(|(start, _)| start == first)
    };
    let name = first.starts_with(char::is_uppercase) && rest.starts_with(char::is_uppercase);
    let shared =
        name && title.chars().count() > TITLE_CHARS_MAX && all.iter().any(|one| shares(&one));
    if shared { rest } else { title }
}

fn numbered(title: &str, taken: &[String]) -> String {
    let mut number = 2;
    loop {
        let end = format!(" {number}");
        let start = cut(title, TITLE_CHARS_MAX - end.len());
        let title = format!("{start}{end}");
        if !taken.contains(&title) {
            return title;
        }
        number += 1;
    }
}

/// Whether a word is as short as those that join others: "de", "for", "und".
fn leads_on(word: &str) -> bool {
    word.chars().count() <= JOINING_CHARS_MAX && word.chars().all(char::is_lowercase)
}

/// The start of a text that ends with a whole word; a single long word is cut.
fn cut(text: &str, chars_max: usize) -> String {
    let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
    if text.chars().count() <= chars_max {
        return text;
    }
    let mut words: Vec<&str> = Vec::new();
    let mut chars = 0;
    for word in text.split(' ') {
        let length = word.chars().count() + usize::from(!words.is_empty());
        if chars + length > chars_max {
            break;
        }
        words.push(word);
        chars += length;
    }
    // "électronique de" lacks what its last word leads to.
    while words.len() > 1 && words.last().is_some_and(|word| leads_on(word)) {
        words.pop();
    }
    let mut kept = words.join(" ");
    if kept.is_empty() {
        kept = text.chars().take(chars_max - 1).collect();
        kept.push('…');
    }
    kept.trim_end_matches([',', ';', ':', '-', '–', '(']).trim_end().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::locale::Locales;
    use crate::shop::Language;

    fn option(id: &str, label: &str) -> PlannedOption {
        PlannedOption { id: id.to_owned(), label: label.to_owned() }
    }

    #[test]
    fn titles_end_with_a_word_fit_the_channel_and_differ() {
        let locales = Locales::shipped(Language::EN).unwrap();
        let templates = &locales.get(Language::FR).templates;
        let options = [
            option("feel=comfort", "un confort moelleux au quotidien"),
            option("feel=comfort2", "un confort moelleux et souple"),
            option("kind=tech", "électronique de sport"),
            option("x=y", "Donaudampfschifffahrtsgesellschaft"),
            option("size=42 1/3", ""),
            option("take=RUN-1", ""),
            option("take=RUN-2", ""),
        ];
        let titles = titles(&options, templates);
        assert_eq!(titles[0], "un confort moelleux");
        assert_eq!(titles[1], "un confort 2");
        assert_eq!(titles[2], "électronique");
        assert_eq!(titles[3], "Donaudampfschifffah…");
        assert_eq!(titles[4], "42 1/3");
        assert_eq!(titles[6], format!("{} 2", titles[5]));
        assert!(titles.iter().all(|title| title.chars().count() <= TITLE_CHARS_MAX));
    }
}
