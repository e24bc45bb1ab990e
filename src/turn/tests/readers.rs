//! Who reads a message: the rules, or a model where it is asked, in time and makes sense.

use crate::turn::model_reader::ModelReader;
use crate::turn::model_reader::ModelReading;
use crate::turn::model_reader::ReadBudget;
use crate::turn::model_reader::ReadError;
use crate::turn::model_reader::ReaderMode;
use crate::turn::tests::harness::Harness;
use crate::turn::tests::harness::words;
use crate::turn::usage::TokenUsage;
use futures::future::BoxFuture;
use std::sync::Arc;
use std::sync::atomic::AtomicUsize;
use std::sync::atomic::Ordering;
use std::time::Duration;
use vitrine_base::ids::TenantId;
use vitrine_base::language::Language;
use vitrine_dialogue::command::Command;
use vitrine_dialogue::command::Polarity;
use vitrine_dialogue::reader::ReaderInput;
use vitrine_dialogue::reader::Reading;
use vitrine_dialogue::reader::model::Doubt;
use vitrine_dialogue::reader::model::Refusal;
use vitrine_engine::EngineError;

/// A message that the rules find unclear, and one that they read.
const NOISE: &str = "blorf wugga";
const CLEAR: &str = "hello";

const HOUR: Duration = Duration::from_secs(3600);

/// What a model does with each message.
#[derive(Debug, Clone, Copy)]
enum Does {
    Seeks,
    FindsItUnclear,
    Fails,
    IsBusy,
    WritesNonsense,
    NeverEnds,
}

#[derive(Debug)]
struct FakeReader {
    does: Does,
    worth: Vec<Doubt>,
    asked: Arc<AtomicUsize>,
}

impl ModelReader for FakeReader {
    fn worth(&self) -> &[Doubt] {
        &self.worth
    }

    fn warm_up(&self, _first: Language, _tenant: &TenantId) -> Result<(), ReadError> {
        Ok(())
    }

    fn read<'a>(
        &'a self,
        _input: ReaderInput<'a>,
        _fast: &'a Reading,
        _budget: ReadBudget,
    ) -> BoxFuture<'a, Result<ModelReading, ReadError>> {
        self.asked.fetch_add(1, Ordering::Relaxed);
        let seek = Command::Seek { category: "trail_shoes".to_owned(), polarity: Polarity::Must };
        Box::pin(async move {
            let command = match self.does {
                Does::Seeks => seek,
                Does::FindsItUnclear => Command::Unclear,
                Does::Fails => return Err(EngineError::EmptyPrompt.into()),
                Does::IsBusy => {
                    let (left, line) = (Duration::ZERO, HOUR);
                    return Err(EngineError::DeadlineUnreachable { left, line }.into());
                }
                Does::WritesNonsense => return Err(Refusal::Empty.into()),
                Does::NeverEnds => std::future::pending().await,
            };
            let usage = TokenUsage { prompt_tokens: 9, cached_tokens: 5, output_tokens: 2 };
            Ok(ModelReading { commands: vec![command], usage })
        })
    }
}

/// Says something to a shop with a model that is worth something on unclear messages; returns the
/// reader and the outcome of the message, the action, and how often the model was asked.
async fn say(
    mode: ReaderMode,
    does: Does,
    reading_max: Duration,
    text: &str,
) -> (String, String, usize) {
    let asked = Arc::<AtomicUsize>::default();
    let reader = FakeReader { does, worth: vec![Doubt::Unclear], asked: Arc::clone(&asked) };
    let harness = Harness::with_reader(mode, reading_max, Arc::new(reader));
    harness.permit_drafts(1);
    let answer = harness.say(words("t", text)).await;
    let read_by = answer["read_by"].as_str().unwrap().to_owned();
    let action = answer["action"].as_str().unwrap().to_owned();
    (read_by, action, asked.load(Ordering::Relaxed))
}

#[tokio::test]
async fn a_model_is_asked_where_the_mode_wants_it() {
    for (mode, noise, clear) in [
        (ReaderMode::Fast, 0, 0),
        (ReaderMode::Auto, 1, 0),
        (ReaderMode::Trusting, 1, 0),
        (ReaderMode::Model, 1, 1),
    ] {
        assert_eq!(say(mode, Does::Seeks, HOUR, NOISE).await.2, noise, "{mode:?}");
        assert_eq!(say(mode, Does::Seeks, HOUR, CLEAR).await.2, clear, "{mode:?}");
    }
    // In this doubt the model is worth nothing.
    let text = "hello zindle quorbles frobnicate";
    assert_eq!(say(ReaderMode::Auto, Does::Seeks, HOUR, text).await.2, 0);
    assert_eq!(say(ReaderMode::Trusting, Does::Seeks, HOUR, text).await.2, 1);
}

#[tokio::test]
async fn nobody_asks_a_model_about_a_right() {
    let (read_by, action, asked) = say(ReaderMode::Model, Does::Seeks, HOUR, "STOP").await;
    assert_eq!((read_by.as_str(), action.as_str(), asked), ("fast not_asked", "close", 0));
}

#[tokio::test]
async fn the_commands_of_a_model_are_taken() {
    let (read_by, action, _) = say(ReaderMode::Auto, Does::Seeks, HOUR, NOISE).await;
    assert_eq!(read_by, "model read");
    assert!(["ask", "recommend"].contains(&action.as_str()), "{action}");
}

#[tokio::test]
async fn the_rules_read_what_a_model_does_not() {
    for (does, reading_max, outcome) in [
        (Does::NeverEnds, Duration::ZERO, "fast late"),
        (Does::Fails, HOUR, "fast failed"),
        (Does::IsBusy, HOUR, "fast late"),
        (Does::WritesNonsense, HOUR, "fast refused"),
        (Does::FindsItUnclear, HOUR, "fast unclear"),
    ] {
        let (read_by, action, asked) = say(ReaderMode::Model, does, reading_max, CLEAR).await;
        assert_eq!((read_by.as_str(), action.as_str(), asked), (outcome, "greet", 1));
        let (_, action, _) = say(ReaderMode::Model, does, reading_max, NOISE).await;
        assert_eq!(action, "clarify", "{does:?}");
    }
}
