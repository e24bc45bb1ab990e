//! A simulated customer, who wants one thing and answers what is asked.

use crate::answer::Answer;
use crate::answer::Choice;
use crate::checks::wrongs;
use crate::format::Checks;
use crate::format::Goal;
use crate::shop::ProductId;
use crate::shop::Shop;
use crate::suite::Conversation;
use crate::suite::Course;
use crate::text::fold_case;

/// How a customer says in each language that a question does not matter.
const DO_NOT_MIND: [(&str, &str); 6] = [
    ("en", "no preference"),
    ("fr", "peu importe"),
    ("de", "egal"),
    ("es", "me da igual"),
    ("it", "è indifferente"),
    ("pt", "tanto faz"),
];

/// Times that the opening is said before the customer gives up.
const OPENINGS_MAX: usize = 2;

/// What a customer does next.
#[derive(Debug, Clone)]
pub(crate) struct Move {
    pub(crate) words: String,
    /// The option that is tapped instead of writing the words.
    pub(crate) choice: Option<Choice>,
}

impl Move {
    fn say(words: impl Into<String>) -> Self {
        Self { words: words.into(), choice: None }
    }
}

/// The state of a simulated customer.
#[derive(Debug)]
pub(crate) struct Customer {
    language: String,
    said: Vec<String>,
    next: Option<Move>,
    wasted: usize,
    won: bool,
    lost: Option<String>,
}

impl Customer {
    /// A customer before the first message; one of a script says nothing.
    pub(crate) fn new(conversation: &Conversation) -> Self {
        let next = match &conversation.course {
            Course::Goal(goal) => Some(Move::say(goal.opening.clone())),
            Course::Script(_) => None,
        };
        let language = conversation.common.language.clone();
        Self { language, said: Vec::new(), next, wasted: 0, won: false, lost: None }
    }

    /// What the customer does now; `None` when the conversation is over.
    pub(crate) fn next_move(&mut self, goal: &Goal) -> Option<Move> {
        let next = self.next.take()?;
        let complaints = [&goal.wrong, &goal.too_expensive];
        let complains = complaints.iter().any(|words| words.as_ref() == Some(&next.words));
        self.wasted += usize::from(complains || self.said.contains(&next.words));
        self.said.push(next.words.clone());
        Some(next)
    }

    /// Why the goal was not reached, once that is certain.
    pub(crate) fn lost(&self) -> Option<&str> {
        self.lost.as_deref()
    }

    pub(crate) fn has_won(&self) -> bool {
        self.won
    }

    /// Messages that were complaints or repetitions.
    pub(crate) fn wasted(&self) -> usize {
        self.wasted
    }

    /// Judges the answer to the last message and decides on the next one.
    pub(crate) fn hear(&mut self, goal: &Goal, answer: &Answer, shop: &Shop) {
        if answer.status != 200 || answer.kind == "handoff" {
            let handed = answer.status == 200;
            self.lost = Some(match handed {
                true => "handed to a person".to_owned(),
                false => format!("status {}", answer.status),
            });
            return;
        }
        let holds = |id: &&ProductId| wrongs(shop, **id, &goal.want).is_empty();
        let fits: Vec<ProductId> = answer.shown.iter().filter(holds).copied().collect();
        if answer.kind == "checkout"
            && let Some(first) = fits.first()
            && answer.products.contains(first)
            && has_size(&answer.link, shop, *first, &goal.want)
        {
            self.won = true;
            return;
        }
        let reaction = self.reaction(goal, answer, shop, fits.first().copied());
        match reaction {
            None => {
                let kind = &answer.kind;
                self.lost = Some(format!("gave up: {kind} shows nothing that helps"));
            }
            Some(_) if self.said.len() >= goal.exchanges_max => {
                let missing = "; the last answer has no product that holds what was wanted";
                let missing = if fits.is_empty() { missing } else { "" };
                self.lost = Some(format!("too many exchanges{missing}"));
            }
            next => self.next = next,
        }
    }

    /// What the customer does next, the first that applies; `None` gives up. `fitting` is the first
    /// product shown that holds what is wanted.
    fn reaction(
        &self,
        goal: &Goal,
        answer: &Answer,
        shop: &Shop,
        fitting: Option<ProductId>,
    ) -> Option<Move> {
        let want = &goal.want;
        let own_size = goal.answers.get("size").filter(|size| !size.is_empty());
        let size = own_size.or(want.size.as_ref());
        if let Some(fitting) = fitting {
            if !answer.products.contains(&fitting) || answer.products.len() > 1 {
                let tapped = answer.tappable.iter().find(|(id, _)| *id == fitting);
                let words = shop.product(fitting).name.clone();
                return Some(Move { words, choice: tapped.map(|(_, choice)| choice.clone()) });
            }
            return Some(match size {
                Some(size) if answer.asks_size() || answer.kind == "checkout" => {
                    let id = want.size.as_ref().map(|size| format!("size={size}"));
                    let mut choices = answer.choices.iter();
                    let choice = choices.find(|choice| Some(&choice.id) == id.as_ref()).cloned();
                    Move { words: size.clone(), choice }
                }
                _ => Move::say(&goal.yes),
            });
        }
        if !answer.products.is_empty() {
            return Some(Move::say(self.complaint(goal, answer, shop, size)));
        }
        if let Some(answered) = self.answer_to_question(goal, answer, shop) {
            return Some(answered);
        }
        let openings = self.said.iter().filter(|said| **said == goal.opening).count();
        (openings < OPENINGS_MAX).then(|| Move::say(&goal.opening))
    }

    /// What is said of products of which none holds what is wanted.
    fn complaint(
        &self,
        goal: &Goal,
        answer: &Answer,
        shop: &Shop,
        size: Option<&String>,
    ) -> String {
        let wrongs: Vec<Vec<&str>> = answer
            .products
            .iter()
            .map(|id| wrongs(shop, *id, &goal.want).iter().map(|wrong| wrong.check).collect())
            .collect();
        let only = |check: &'static str| move |wrong: &Vec<&str>| *wrong == [check];
        if let (Some(size), Some(wanted)) = (size, &goal.want.size)
            && wrongs.iter().any(only("size"))
            && !self.said.iter().any(|said| has_word(said, wanted))
        {
            return size.clone();
        }
        let too_expensive = goal.too_expensive.as_ref().filter(|words| !words.is_empty());
        match too_expensive.filter(|_| wrongs.iter().all(only("price_max"))) {
            Some(words) => words.clone(),
            None => goal.wrong.clone().unwrap_or_else(|| goal.opening.clone()),
        }
    }

    /// The answer to a question for a facet; `None` if nothing is asked.
    fn answer_to_question(&self, goal: &Goal, answer: &Answer, shop: &Shop) -> Option<Move> {
        let choices = answer.choices.iter().filter(|choice| !choice.id.starts_with("intent="));
        let choices: Vec<&Choice> = choices.collect();
        let asks = matches!(answer.kind.as_str(), "ask" | "clarify");
        let first = || choices.first().filter(|_| asks).map(|choice| choice.parts().0);
        let facet = answer.facet.as_deref().or_else(first)?;
        let values = goal.want.facet.iter().flatten().filter(|(key, _)| *key == facet);
        let values = values.flat_map(|(_, values)| values).map(String::as_str);
        let categories = goal.want.category.iter().flatten();
        let categories = categories.flat_map(|category| shop.line_of(category));
        let wanted: Vec<&str> = values.chain(categories).collect();
        let fitting = choices.iter().find(|choice| wanted.contains(&choice.parts().1));
        match (goal.answers.get(facet), fitting) {
            (None, Some(choice)) => {
                Some(Move { words: choice.title.clone(), choice: Some((*choice).clone()) })
            }
            (own, _) => {
                let own = own.or_else(|| goal.answers.get("*")).filter(|words| !words.is_empty());
                let indifferent = || {
                    let known = DO_NOT_MIND.iter().find(|(id, _)| *id == self.language);
                    known.map_or("ok", |(_, words)| words).to_owned()
                };
                Some(Move::say(own.cloned().unwrap_or_else(indifferent)))
            }
        }
    }
}

/// Whether a text has a word by itself, in any letter case.
fn has_word(text: &str, word: &str) -> bool {
    let (text, word) = (fold_case(text), fold_case(word));
    let is_part = |character: Option<char>| {
        character.is_some_and(|character| character.is_alphanumeric() || character == '_')
    };
    text.match_indices(&word).any(|(at, found)| {
        let (before, after) =
            (text[..at].chars().next_back(), text[at + found.len()..].chars().next());
        is_part(before) != is_part(found.chars().next())
            && is_part(found.chars().next_back()) != is_part(after)
    })
}

/// Whether a link holds the size wanted: its name, or the code of a variant that has it.
fn has_size(link: &str, shop: &Shop, id: ProductId, want: &Checks) -> bool {
    if link.is_empty() {
        return false;
    }
    let Some(size) = want.size.as_deref().and_then(|size| shop.size_sold(id, size)) else {
        return true;
    };
    if size.is_empty() {
        return true;
    }
    let codes = shop.available(id, Some(size)).map(|variant| variant.sku.as_str());
    let parts = [size].into_iter().chain(codes.filter(|code| !code.is_empty()));
    parts.map(percent_encoded).any(|part| {
        link.match_indices(&part).any(|(at, found)| {
            let before = link[..at].chars().next_back();
            let after = link[at + found.len()..].chars().next();
            before.is_some_and(|before| "=/_,-".contains(before))
                && after.is_none_or(|after| "&#/?_:,-".contains(after))
        })
    })
}

/// A text as one component of an address.
fn percent_encoded(text: &str) -> String {
    let mut encoded = String::with_capacity(text.len());
    for byte in text.bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'~' => {
                encoded.push(char::from(byte));
            }
            other => encoded.push_str(&format!("%{other:02X}")),
        }
    }
    encoded
}
