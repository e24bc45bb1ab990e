//! `vitrine embed`: computes sentence embeddings for a file of texts, one per line.

use crate::cli::Context;
use crate::cli::intents::open_encoder;
use crate::config::Override;
use anyhow::Context as _;
use serde_json::json;
use std::io::BufWriter;
use std::io::Write;
use std::path::Path;
use std::path::PathBuf;
use vitrine_base::text_file;

/// Most lines per run: all texts and their embeddings are held in memory.
const LINES_MAX: usize = 2_000_000;
/// Largest input, in bytes.
const INPUT_BYTES_MAX: u64 = 4 << 30;

#[derive(Debug, clap::Args)]
pub(super) struct EmbedArguments {
    /// Sentence encoder: a name under models.dir or a folder [default: intent.encoder]
    #[arg(long, value_name = "NAME|DIR")]
    encoder: Option<String>,
    /// Text put before every input, such as "query: " for e5 models [default: intent.prefix]
    #[arg(long, value_name = "TEXT")]
    prefix: Option<String>,
    /// File of UTF-8 texts, one per line, at most 2,000,000 lines
    #[arg(long, value_name = "FILE")]
    input: PathBuf,
    /// File to write the embeddings to: little-endian f32, one row per text, no header; without it
    /// only the speed is reported
    #[arg(long, value_name = "FILE.f32")]
    output: Option<PathBuf>,
}

pub(super) fn run(arguments: EmbedArguments, context: &Context) -> anyhow::Result<()> {
    let prefix = arguments.prefix.map(|value| Override { key: "intent.prefix", value });
    let settings = context.settings(prefix.as_slice())?;
    crate::app::use_threads(settings.engine_threads)?;
    let texts = read_lines(&arguments.input).context("cannot read the input")?;
    let embedder = open_encoder(&settings, arguments.encoder.as_deref())?;
    let bar = context.bar(texts.len() as u64, "embedding");
    let rows = embedder.embed_blocking(&texts, |done| bar.set_position(done as u64))?;
    let seconds = bar.elapsed().as_secs_f64();
    bar.finish_and_clear();
    if let Some(output) = &arguments.output {
        write_rows(output, &rows)
            .with_context(|| format!("cannot write output `{}`", output.display()))?;
    }
    let (sequences, dimensions) = (rows.len(), embedder.dimensions());
    #[expect(clippy::cast_precision_loss, reason = "a rate needs few digits")]
    let rate = sequences as f64 / seconds.max(1e-9);
    if context.json {
        return context.print_json(&json!({
            "sequences": sequences,
            "dimensions": dimensions,
            "seconds": seconds,
            "sequences_per_second": rate,
        }));
    }
    context.print(format_args!(
        "{sequences} texts, {dimensions} dimensions each, in {seconds:.3} s ({rate:.1} texts/s)"
    ))
}

fn read_lines(path: &Path) -> anyhow::Result<Vec<String>> {
    let text = text_file::read(path, INPUT_BYTES_MAX)?;
    let lines: Vec<String> = text.lines().map(str::to_owned).collect();
    anyhow::ensure!(
        lines.len() <= LINES_MAX,
        "{} has more than {LINES_MAX} lines; split the file",
        path.display()
    );
    Ok(lines)
}

fn write_rows(path: &Path, rows: &[Vec<f32>]) -> anyhow::Result<()> {
    let mut out = BufWriter::new(std::fs::File::create(path)?);
    for value in rows.iter().flatten() {
        out.write_all(&value.to_le_bytes())?;
    }
    out.flush()?;
    Ok(())
}
