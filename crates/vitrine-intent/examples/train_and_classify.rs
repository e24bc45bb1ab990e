//! Trains an intent head on a few dozen examples and classifies three texts with it.
//!
//! ```sh
//! cargo run --release -p vitrine-intent --example train_and_classify -- [ENCODER] [HEAD]
//! ```
//!
//! ENCODER is the folder of a sentence encoder; by default `models/multilingual-e5-small` of this
//! repository, which `scripts/fetch-encoder` installs. HEAD is a file to write the head to; without
//! it, the head is not kept.

#![expect(clippy::print_stdout, reason = "the example prints its result")]

use anyhow::Context;
use std::path::Path;
use std::sync::Arc;
use vitrine_intent::Embedder;
use vitrine_intent::EmbedderOptions;
use vitrine_intent::IntentClassifier;
use vitrine_intent::OUT_OF_SCOPE;
use vitrine_intent::examples::Example;
use vitrine_intent::training;
use vitrine_intent::training::TrainingOptions;

const ENCODER: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../models/multilingual-e5-small");

/// Texts of each intent, at least three; ten are a good start. Texts that belong to no intent teach
/// the head when to abstain.
const EXAMPLES: [(&str, &[&str]); 4] = [
    (
        "order_status",
        &[
            "where is my order",
            "has my parcel shipped yet",
            "my package is late",
            "when will my shoes arrive",
            "track order 1042",
            "I still have not received anything",
            "is the delivery today",
            "any news about my parcel",
            "the tracking has not moved for days",
            "when does it get here",
        ],
    ),
    (
        "return_request",
        &[
            "I want to send these back",
            "how do I return an item",
            "the shoes do not fit, can I return them",
            "I would like a refund",
            "can I exchange this for a larger size",
            "please cancel it and give me my money back",
            "what is the return address",
            "do I pay for the return label",
            "this is not what I ordered, take it back",
            "returning a gift",
        ],
    ),
    (
        "product_search",
        &[
            "I am looking for running shoes",
            "do you have trail shoes in 43",
            "show me waterproof jackets",
            "I need something for a marathon",
            "what would you recommend for flat feet",
            "a gift for a runner, under 50 euros",
            "do you sell socks",
            "lightweight shoes for the track",
            "I want a backpack for hiking",
            "which shoes are good for beginners",
        ],
    ),
    (
        OUT_OF_SCOPE,
        &[
            "who won the match yesterday",
            "write me a poem about the sea",
            "what is the capital of Peru",
            "tell me a joke",
            "can you do my maths homework",
            "how old are you",
        ],
    ),
];

const TEXTS: [&str; 3] = [
    "my parcel should have been here on Monday",
    "shoes for long distances",
    "sing me a song about winter",
];

fn main() -> anyhow::Result<()> {
    let mut arguments = std::env::args().skip(1);
    let folder = arguments.next().unwrap_or_else(|| ENCODER.to_owned());
    let head_file = arguments.next();

    // Loads the encoder and starts the thread that runs it in batches.
    let embedder = Embedder::open(Path::new(&folder), EmbedderOptions::default())
        .with_context(|| format!("no encoder in {folder}; run scripts/fetch-encoder"))?;

    // Cross-validation chooses the settings, then calibrates confidences and the threshold below
    // which the head abstains. `examples::read` reads examples from JSON lines or CSV instead.
    let examples: Vec<Example> = EXAMPLES
        .iter()
        .flat_map(|(intent, texts)| {
            texts.iter().map(|text| Example { text: text.to_string(), intent: intent.to_string() })
        })
        .collect();
    let trained = training::train(&examples, &embedder, &TrainingOptions::default(), &|_| ())?;
    println!("{} examples, labels {:?}", examples.len(), trained.head.labels());
    if let Some(accuracy) = trained.held_out.accuracy {
        println!("held-out accuracy, abstentions counted as wrong: {accuracy:.2}\n");
    }
    if let Some(file) = head_file {
        trained.head.save(Path::new(&file))?;
    }

    // A classifier pairs an encoder with a head. In async code, `classify` does the same and shares
    // batches between callers.
    let classifier = IntentClassifier::new(Arc::new(embedder), trained.head)?;
    for (text, found) in TEXTS.iter().zip(classifier.classify_blocking(&TEXTS, |_| ())?) {
        let label = if found.abstained { "no intent fits" } else { &found.label };
        println!("{text:<42} {label} (best: {}, {:.2})", found.label, found.confidence);
    }
    Ok(())
}
