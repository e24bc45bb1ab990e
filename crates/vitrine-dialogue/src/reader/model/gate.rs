//! Which messages a model is asked to read: those that the rules doubt, if the model is known to
//! read such messages better.
//!
//! What a model is worth was measured on conversations that neither the rules nor the prompt were
//! written from: each was played with the rules alone and with the model where the rules doubt, and
//! the turns that the model read were judged both ways. `gate.toml` holds the counts.

use crate::command::Command;
use crate::reader::Reading;
use serde::Deserialize;

/// The shipped counts.
const SHIPPED: &str = include_str!("gate.toml");

/// Content words without a command from which on the rules doubt their reading.
const LOOSE_WORDS_MIN: usize = 2;

/// Most that chance may explain of the turns that a model helped over those it hurt: the
/// probability of at least so many if each were as likely.
const CHANCE_MAX: f64 = 0.05;

/// Most changed turns that are computed with: 0.5 to this power is still a normal number.
const CHANGED_MAX: u32 = 1_000;

/// Why the rules doubt a reading.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Doubt {
    /// No word of the message told anything.
    Unclear,
    /// A classifier alone found that it is no matter of a shop.
    OutOfScope,
    /// Words are left that no command explains.
    Words,
}

impl Doubt {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Unclear, Self::OutOfScope, Self::Words];

    /// Its name.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Unclear => "unclear",
            Self::OutOfScope => "out_of_scope",
            Self::Words => "words",
        }
    }
}

/// Why the rules doubt their reading of a text; `None` if they are sure.
#[must_use]
pub fn doubt(reading: &Reading, text: &str) -> Option<Doubt> {
    let courtesy = |command: &Command| {
        matches!(command, Command::Greet | Command::Thank | Command::Bye | Command::Unclear)
    };
    let unclear = reading.commands.iter().any(|said| said.command == Command::Unclear);
    if unclear && reading.commands.iter().all(|said| courtesy(&said.command)) {
        return Some(Doubt::Unclear);
    }
    // What words tell to be out of scope is read from those words, a label from the whole text.
    let labelled = reading
        .commands
        .iter()
        .any(|said| said.command == Command::OutOfScope && said.source.len() >= text.trim().len());
    if labelled {
        return Some(Doubt::OutOfScope);
    }
    (reading.words.len() >= LOOSE_WORDS_MIN).then_some(Doubt::Words)
}

/// Whether a reading is not for a model to change: a customer's right, or an attempt to instruct
/// the assistant.
#[must_use]
pub fn is_left_to_rules(reading: &Reading) -> bool {
    let kept =
        |command: &Command| matches!(command, Command::Stop | Command::Start | Command::Injection);
    reading.commands.iter().any(|said| kept(&said.command))
}

/// Turns that a model read where the rules doubted, judged with and without it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Tally {
    /// Turns that it read.
    pub turns: u32,
    /// Of these, failed with the rules alone and passed with the model.
    pub helped: u32,
    /// Of these, passed with the rules alone and failed with the model.
    pub hurt: u32,
}

impl Tally {
    /// Whether the model reads such messages better, beyond what chance explains.
    #[must_use]
    pub fn is_worth_it(self) -> bool {
        self.helped > self.hurt && chance(self.helped, self.hurt) <= CHANCE_MAX
    }
}

/// The probability of at least `helped` heads in as many throws of a coin as turns changed.
fn chance(helped: u32, hurt: u32) -> f64 {
    // More than can be computed are taken for fewer in the same proportion, which are less sure.
    let (mut helped, mut hurt) = (helped, hurt);
    while helped.saturating_add(hurt) > CHANGED_MAX {
        (helped, hurt) = (helped / 2, hurt / 2);
    }
    let throws = helped + hurt;
    // Binomial terms by their ratio, from no heads upwards.
    let mut term = (0..throws).fold(1.0, |term, _| term * 0.5);
    let mut tail = 0.0;
    for heads in 0..=throws {
        if heads >= helped {
            tail += term;
        }
        term *= f64::from(throws - heads) / f64::from(heads + 1);
    }
    tail
}

/// What is known of models.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Gate {
    #[serde(default, rename = "model")]
    models: Vec<Measured>,
}

/// What was measured of one model.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
struct Measured {
    /// Its file's name without format, in lower case; further parts such as `-q4_k_m` may follow.
    name: String,
    #[serde(default)]
    unclear: Tally,
    #[serde(default)]
    out_of_scope: Tally,
    #[serde(default)]
    words: Tally,
}

impl Gate {
    /// The shipped measurements.
    ///
    /// # Errors
    /// If they are malformed, which a test excludes.
    pub fn shipped() -> Result<Self, toml::de::Error> {
        Self::of(SHIPPED)
    }

    /// Measurements as in `gate.toml`.
    ///
    /// # Errors
    /// If they are malformed.
    pub fn of(text: &str) -> Result<Self, toml::de::Error> {
        toml::from_str(text)
    }

    /// Whether anything is known of a model.
    #[must_use]
    pub fn knows(&self, model: &str) -> bool {
        self.measured(model).is_some()
    }

    /// Where a model reads better than the rules. Nowhere, if nothing is known of it.
    #[must_use]
    pub fn worth(&self, model: &str) -> Vec<Doubt> {
        let Some(known) = self.measured(model) else { return Vec::new() };
        let worth = |doubt: &Doubt| known.tally(*doubt).is_worth_it();
        Doubt::ALL.into_iter().filter(worth).collect()
    }

    fn measured(&self, model: &str) -> Option<&Measured> {
        let model = model.to_lowercase();
        let known = self.models.iter().filter(|known| {
            let rest = model.strip_prefix(&known.name);
            rest.is_some_and(|rest| rest.is_empty() || rest.starts_with(['-', '.', '_']))
        });
        known.max_by_key(|known| known.name.len())
    }
}

impl Measured {
    fn tally(&self, doubt: Doubt) -> Tally {
        match doubt {
            Doubt::Unclear => self.unclear,
            Doubt::OutOfScope => self.out_of_scope,
            Doubt::Words => self.words,
        }
    }
}
