//! `vitrine models`: downloads, lists, verifies and removes models.

use crate::base::units::Bytes;
use crate::cli::Context;
use crate::hub::layout;
use crate::hub::layout::ModelFiles;
use crate::hub::pull;
use crate::hub::pull::PullOptions;
use crate::hub::pull::PullProgress;
use crate::hub::pull::PullRequest;
use crate::hub::pull::Source;
use crate::hub::verify;
use serde_json::Value;
use serde_json::json;
use std::path::PathBuf;
use std::time::Duration;

/// Largest file that is fetched: above any model that a machine of ours can run.
const FILE_BYTES_MAX: Bytes = Bytes(64 << 30);
/// Longest silence of the Hub.
const STALL: Duration = Duration::from_secs(30);

/// Download, list, verify and remove models.
#[derive(Debug, clap::Subcommand)]
pub(super) enum Command {
    /// Download a model from the Hugging Face Hub; running it again continues
    Pull(PullArguments),
    /// Show the models that are here
    List,
    /// Check a model's files against their checksums and formats
    Verify {
        /// A name under models.dir, a folder or a GGUF file
        #[arg(value_name = "NAME|PATH")]
        model: String,
    },
    /// Delete a model's folder
    Remove {
        /// A name under models.dir
        name: String,
    },
}

#[derive(Debug, clap::Args)]
pub(super) struct PullArguments {
    /// Repository owner/name, with :FILE for one GGUF file of several
    #[arg(value_name = "REPO[:FILE]")]
    source: String,
    /// Branch, tag or commit
    #[arg(long, default_value = "main")]
    revision: String,
    /// The model's name here [default: the last part of the repository]
    #[arg(long = "as", value_name = "NAME")]
    name: Option<String>,
    /// The Hub's address
    #[arg(long, env = "HF_ENDPOINT", default_value = "https://huggingface.co", hide = true)]
    endpoint: String,
    /// Access token for private or gated repositories
    #[arg(long, env = "HF_TOKEN", hide_env_values = true, hide = true)]
    token: Option<String>,
    /// Hugging Face home, whose cache is looked into first
    #[arg(long, env = "HF_HOME", hide = true)]
    home: Option<PathBuf>,
}

pub(super) fn run(command: Command, context: &Context) -> anyhow::Result<()> {
    let models_dir = context.settings(&[])?.models_dir();
    match command {
        Command::Pull(arguments) => pull(arguments, models_dir, context),
        Command::List => list(&layout::list(&models_dir)?, context),
        Command::Verify { model } => verify(&layout::resolve(&models_dir, &model)?, context),
        Command::Remove { name } => {
            let removed = layout::remove(&models_dir, &name)?;
            if context.json {
                return context.print_json(&json!({"removed": describe(&removed)}));
            }
            context.print(format_args!("removed {} ({})", removed.name, Bytes(removed.bytes)))
        }
    }
}

fn describe(model: &ModelFiles) -> Value {
    json!({
        "id": model.name,
        "task": model.task.name(),
        "bytes": model.bytes,
        "path": model.entrance(),
    })
}

fn list(models: &[ModelFiles], context: &Context) -> anyhow::Result<()> {
    if context.json {
        let models: Vec<Value> = models.iter().map(describe).collect();
        return context.print_json(&json!({ "models": models }));
    }
    for model in models {
        let (task, bytes) = (model.task.name(), Bytes(model.bytes).to_string());
        context.print(format_args!(
            "{:<32} {task:<8} {bytes:>10}  {}",
            model.name,
            model.entrance().display()
        ))?;
    }
    Ok(())
}

fn verify(model: &ModelFiles, context: &Context) -> anyhow::Result<()> {
    let verified = verify::verify_files(&model.folder, &model.file_names())?;
    let files = verified.files.iter();
    if context.json {
        let files: Vec<Value> = files
            .map(|file| json!({"name": file.name, "bytes": file.bytes, "sha256": file.sha256}))
            .collect();
        return context.print_json(&json!({
            "id": model.name,
            "ok": true,
            "against_manifest": verified.against_manifest,
            "files": files,
        }));
    }
    for file in files {
        context.print(format_args!("{}  {}", file.sha256, file.name))?;
    }
    let how = if verified.against_manifest {
        "checksums and formats match"
    } else {
        "formats match; there is no MANIFEST to compare checksums with"
    };
    context.print(format_args!("{}: {how}", model.name))
}

fn pull(arguments: PullArguments, models_dir: PathBuf, context: &Context) -> anyhow::Result<()> {
    let source = Source::parse(&arguments.source)?;
    let name = arguments.name.unwrap_or_else(|| source.model_name().to_owned());
    let request = PullRequest { source, revision: arguments.revision, name };
    let options = PullOptions {
        endpoint: arguments.endpoint.trim_end_matches('/').to_owned(),
        token: arguments.token.filter(|token| !token.is_empty()),
        cache: arguments.home.map(|home| home.join("hub")),
        file_bytes_max: FILE_BYTES_MAX,
        stall: STALL,
    };
    let bar = context.bar(0, "asking the Hub");
    let mut listener = |progress: PullProgress<'_>| match progress {
        PullProgress::Started { file, done_bytes, total_bytes } => {
            bar.set_message(file.to_owned());
            bar.set_length(total_bytes.unwrap_or(done_bytes));
            bar.set_position(done_bytes);
        }
        PullProgress::Received { bytes } => bar.inc(bytes),
        PullProgress::Finished => {}
    };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let pulled = runtime.block_on(pull::pull(&models_dir, &request, &options, &mut listener))?;
    bar.finish_and_clear();
    if context.json {
        return context.print_json(&json!({
            "id": request.name,
            "path": pulled.folder,
            "commit": pulled.commit,
            "files": pulled.files.iter().map(|file| json!({
                "name": file.name, "bytes": file.bytes, "sha256": file.sha256,
            })).collect::<Vec<_>>(),
        }));
    }
    let bytes = Bytes(pulled.files.iter().map(|file| file.bytes).sum());
    let files = pulled.files.len();
    context.print(format_args!("{}: {files} files, {bytes}", pulled.folder.display()))
}
