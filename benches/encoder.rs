//! How many sentences per second does the encoder embed? Load: token ids from a file.
//!
//! `cargo bench --bench encoder -- ENCODER IDS [--batch N] [--threads N] [--precision NAME] [--tier
//! NAME]` takes an encoder's folder and a JSON list of lists of token ids. It encodes them in
//! order, `--batch` sequences per call, and prints one JSON object: sentences per second, median
//! and 99th percentile of a call in seconds, and the vectors. `scripts/bench-encoder` compares it
//! with onnxruntime.

use std::io::Write;
use std::path::PathBuf;
use std::time::Duration;
use vitrine_base::clock::Clock;
use vitrine_base::clock::SystemClock;
use vitrine_engine::Tier;
use vitrine_engine::model::Device;
use vitrine_engine::model::ENCODER_PRECISIONS;
use vitrine_engine::model::Encoder;
use vitrine_engine::model::EncoderOptions;
use vitrine_engine::model::EncoderPrecision;

struct Options {
    folder: PathBuf,
    ids: PathBuf,
    batch: usize,
    compute: EncoderOptions,
}

fn options() -> Result<Options, Box<dyn std::error::Error>> {
    let mut paths = Vec::new();
    let (mut batch, mut precision, mut tier) = (32, "auto".to_owned(), Tier::detect());
    let mut threads = std::thread::available_parallelism()?.get();
    let mut arguments = std::env::args().skip(1);
    while let Some(argument) = arguments.next() {
        let mut value = || arguments.next().ok_or(format!("{argument} needs a value"));
        match argument.as_str() {
            "--bench" => {}
            "--batch" => batch = value()?.parse()?,
            "--threads" => threads = value()?.parse()?,
            "--tier" => tier = Tier::parse(&value()?)?,
            "--precision" => precision = value()?,
            _ => paths.push(PathBuf::from(argument)),
        }
    }
    let precision = EncoderPrecision::parse(&precision, tier).ok_or(ENCODER_PRECISIONS)?;
    let compute = EncoderOptions { precision, tier, threads };
    let [folder, ids] = paths.try_into().map_err(|_| "expected ENCODER and IDS, two paths")?;
    Ok(Options { folder, ids, batch, compute })
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let options = options()?;
    let sequences: Vec<Vec<u32>> = serde_json::from_slice(&std::fs::read(&options.ids)?)?;
    let encoder = Encoder::load(&options.folder, &Device::Cpu, &options.compute)?;
    let clock = SystemClock;
    let mut vectors = Vec::with_capacity(sequences.len());
    let mut calls = Vec::with_capacity(sequences.len().div_ceil(options.batch));
    encoder.encode(&sequences[..options.batch.min(sequences.len())])?;
    let started = clock.instant();
    for batch in sequences.chunks(options.batch) {
        let before = clock.instant();
        vectors.extend(encoder.encode(batch)?);
        calls.push(clock.instant() - before);
    }
    let seconds = (clock.instant() - started).as_secs_f64();
    calls.sort();
    let at = |share: usize| calls.get(calls.len() * share / 100).map(Duration::as_secs_f64);
    let report = serde_json::json!({
        "precision": format!("{:?}", encoder.precision()),
        "tier": options.compute.tier.name(),
        "threads": options.compute.threads,
        "batch": options.batch,
        "sequences": sequences.len(),
        "sentences_per_second": sequences.len() as f64 / seconds,
        "call_seconds_p50": at(50),
        "call_seconds_p99": at(99),
        "vectors": vectors,
    });
    writeln!(std::io::stdout().lock(), "{report}")?;
    Ok(())
}
