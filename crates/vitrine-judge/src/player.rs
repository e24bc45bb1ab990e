//! Plays one conversation step by step: gives the next request, takes its reply and judges it.

use crate::answer::Answer;
use crate::answer::Choice;
use crate::checks;
use crate::customer::Customer;
use crate::customer::Move;
use crate::failure::Failure;
use crate::format::Checks;
use crate::format::Script;
use crate::shop::Shop;
use crate::suite::Conversation;
use crate::suite::Course;
use serde_json::Value;
use serde_json::json;
use sha2::Digest;
use sha2::Sha256;
use vitrine_base::digest::hexadecimal;

/// Bytes of the digest that a thread's id is made of.
const THREAD_ID_BYTES: usize = 16;

/// A reply of the gateway.
#[derive(Debug, Clone)]
pub struct Reply {
    /// HTTP status; 0 if there was no reply at all.
    pub status: u16,
    /// The answer, or an object with `error`.
    pub body: Value,
    /// From the request to the reply, in milliseconds.
    pub ms: f64,
}

/// What a customer said, and what became of it.
#[derive(Debug, Clone)]
pub struct Exchange {
    /// The customer's words; of a tapped option `[title]`.
    pub said: String,
    /// The answer; `None` if nothing could be sent.
    pub answer: Option<Answer>,
    /// Time to the answer, in milliseconds.
    pub ms: Option<f64>,
    /// The checks that do not hold.
    pub failed: Vec<Failure>,
}

/// A conversation that was played.
#[derive(Debug, Clone)]
pub struct Played {
    pub(crate) conversation: Conversation,
    pub(crate) exchanges: Vec<Exchange>,
    /// Whether every check held, or the goal was reached.
    pub(crate) passed: bool,
    /// Of a simulated customer: messages that a good assistant would have saved.
    pub(crate) wasted: usize,
    /// Why the goal was not reached; empty otherwise.
    pub(crate) why: String,
}

/// One conversation in play.
#[derive(Debug)]
pub struct Player<'a> {
    shop: &'a Shop,
    conversation: &'a Conversation,
    thread: String,
    exchanges: Vec<Exchange>,
    /// Turns of the script that were played.
    turns_played: usize,
    customer: Customer,
    /// What was sent and not answered yet: the words and the checks.
    sent: Option<(String, Checks)>,
}

impl<'a> Player<'a> {
    /// Starts a conversation. `run` keeps apart the threads of several runs on one gateway.
    #[must_use]
    pub fn new(shop: &'a Shop, conversation: &'a Conversation, run: &str) -> Self {
        let digest = Sha256::digest(format!("{run}/{}", conversation.common.id));
        Self {
            shop,
            conversation,
            thread: hexadecimal(&digest[..THREAD_ID_BYTES]),
            exchanges: Vec::new(),
            turns_played: 0,
            customer: Customer::new(conversation),
            sent: None,
        }
    }

    /// The body of the next `POST /respond`; `None` when the conversation is over.
    pub fn next_request(&mut self) -> Option<Value> {
        match &self.conversation.course {
            Course::Script(script) => self.next_of_script(script),
            Course::Goal(goal) => {
                let Move { words, choice } = self.customer.next_move(goal)?;
                let language = Some(self.conversation.common.language.clone());
                let expect = Checks { language, ..Checks::default() };
                Some(self.request((Some(&words), choice.as_ref()), (None, None), expect))
            }
        }
    }

    /// Takes the reply to the last request and judges it.
    pub fn receive(&mut self, reply: Reply) {
        let Some((said, expect)) = self.sent.take() else { return };
        let answer = Answer::read(self.shop, reply.status, reply.body);
        let before: Vec<&Answer> =
            self.exchanges.iter().filter_map(|exchange| exchange.answer.as_ref()).collect();
        let mut failed: Vec<Failure> = checks::breakdown(&answer, self.shop).into_iter().collect();
        if answer.status == 200 {
            failed.extend(checks::failures(&expect, &answer, self.shop, &before));
        }
        if let Course::Goal(goal) = &self.conversation.course {
            self.customer.hear(goal, &answer, self.shop);
            failed.extend(self.customer.lost().map(|why| Failure::new("goal", why)));
        }
        let ms = Some(reply.ms);
        self.exchanges.push(Exchange { said, answer: Some(answer), ms, failed });
    }

    /// Ends the conversation.
    #[must_use]
    pub fn finish(self) -> Played {
        let passed = match &self.conversation.course {
            Course::Script(_) => self.exchanges.iter().all(|exchange| exchange.failed.is_empty()),
            Course::Goal(_) => self.customer.has_won(),
        };
        Played {
            conversation: self.conversation.clone(),
            passed,
            wasted: self.customer.wasted(),
            why: self.customer.lost().unwrap_or_default().to_owned(),
            exchanges: self.exchanges,
        }
    }

    /// The request of the next turn that has something to send.
    fn next_of_script(&mut self, script: &Script) -> Option<Value> {
        loop {
            let turn = script.turns.get(self.turns_played)?;
            self.turns_played += 1;
            let last = self.exchanges.iter().rev().find_map(|exchange| exchange.answer.as_ref());
            let shown = last.map_or(&[][..], |answer| &answer.choices);
            let fits = |choice: &&Choice| turn.tap.as_ref().is_some_and(|t| t.is_in(&choice.title));
            let choice = shown.iter().find(fits).cloned();
            if choice.is_some() || turn.say.is_some() {
                let said = (turn.say.as_deref(), choice.as_ref());
                let place = (turn.channel.as_deref(), turn.cart.as_ref());
                return Some(self.request(said, place, turn.expect.clone()));
            }
            let titles: Vec<&str> = shown.iter().map(|choice| choice.title.as_str()).collect();
            let why = format!("no such option among {}", titles.join(" / "));
            let pattern = turn.tap.as_ref().map_or("", |pattern| pattern.source());
            self.exchanges.push(Exchange {
                said: format!("[tap {pattern}]"),
                answer: None,
                ms: None,
                failed: vec![Failure::new("tap", why)],
            });
        }
    }

    /// The request that says words or taps an option, on another channel and with another cart than
    /// the conversation's if they are given.
    fn request(
        &mut self,
        (words, choice): (Option<&str>, Option<&Choice>),
        (channel, cart): (Option<&str>, Option<&Value>),
        expect: Checks,
    ) -> Value {
        let common = &self.conversation.common;
        let id = format!("{}-{}", self.thread, self.exchanges.len());
        let message = match choice {
            Some(choice) => json!({"id": id, "option_id": choice.id, "text": choice.title}),
            None => json!({"id": id, "text": words.unwrap_or_default()}),
        };
        let said = choice.map(|choice| format!("[{}]", choice.title));
        self.sent = Some((said.unwrap_or_else(|| words.unwrap_or_default().to_owned()), expect));
        let mut body = json!({
            "thread_id": self.thread,
            "customer_id": format!("c-{}", self.thread),
            "channel": channel.unwrap_or(&common.channel),
            "message": message,
        });
        let cart = cart.or(common.cart.as_ref());
        for (field, value) in [
            ("locale", common.locale.as_ref()),
            ("customer", common.customer.as_ref()),
            ("cart", cart),
        ] {
            if let Some(value) = value {
                body[field] = value.clone();
            }
        }
        body
    }
}

impl Played {
    /// The conversation's id.
    #[must_use]
    pub fn id(&self) -> &str {
        &self.conversation.common.id
    }

    /// Whether every check held, or the goal was reached.
    #[must_use]
    pub fn passed(&self) -> bool {
        self.passed
    }

    /// What was said and answered.
    #[must_use]
    pub fn exchanges(&self) -> &[Exchange] {
        &self.exchanges
    }

    pub(crate) fn is_goal(&self) -> bool {
        matches!(self.conversation.course, Course::Goal(_))
    }

    pub(crate) fn kind(&self) -> &'static str {
        if self.is_goal() { "goal" } else { "script" }
    }
}
