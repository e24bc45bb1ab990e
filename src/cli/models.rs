//! `vitrine models`: downloads, lists, verifies and removes models.

use crate::cli::Context;
use crate::config::Settings;
use crate::hub::layout;
use crate::hub::layout::ModelFiles;
use crate::hub::pull;
use crate::hub::pull::Network;
use crate::hub::pull::PullOptions;
use crate::hub::pull::PullProgress;
use crate::hub::pull::PullRequest;
use crate::hub::pull::PullSource;
use crate::hub::verify;
use serde_json::Value;
use serde_json::json;
use std::path::PathBuf;
use std::time::Duration;
use vitrine_base::units::Bytes;

/// Largest file to download: above any model that the machines we target can run.
const FILE_BYTES_MAX: Bytes = Bytes(64 << 30);
/// Longest time without a byte from the Hub before a try fails.
const STALL: Duration = Duration::from_secs(30);
/// Consecutive tries without progress before the download fails.
const TRIES_MAX: u32 = 5;
/// Wait before the second try; doubles with each further try.
const RETRY_WAIT: Duration = Duration::from_secs(1);
/// Longest wait before a try, also if the Hub asks for more.
const RETRY_WAIT_MAX: Duration = Duration::from_secs(60);

#[derive(Debug, clap::Subcommand)]
pub(super) enum ModelsCommand {
    /// Download a model from the Hugging Face Hub; run it again to resume
    ///
    /// If the repository offers several quantisations and none is named, the one that suits this
    /// machine is taken, and the reason is printed. Files in the Hugging Face cache are copied.
    ///
    /// Reads HF_TOKEN, HF_TOKEN_PATH, HF_HOME, HF_HUB_CACHE, HF_HUB_OFFLINE and HF_ENDPOINT.
    ///
    /// Example: vitrine models pull OWNER/Qwen3-0.6B-GGUF:Q4_K_M --as qwen3
    Pull(Box<PullArguments>),
    /// List the models under models.dir with task, size and path
    List,
    /// Check a model's files against their checksums and formats
    ///
    /// Checksums come from the file MANIFEST in the model's folder; without it only the formats are
    /// checked.
    Verify {
        /// Model to check: a name under models.dir, a folder or a GGUF file
        #[arg(value_name = "NAME|PATH")]
        model: String,
    },
    /// Delete a model's folder and everything in it
    Remove {
        /// Name of the model under models.dir
        name: String,
    },
}

#[derive(Debug, clap::Args)]
pub(super) struct PullArguments {
    /// Repository OWNER/NAME; append :FILE for one file or :Q4_K_M for one quantisation
    #[arg(value_name = "REPO[:FILE]")]
    source: String,
    /// Branch, tag or commit to download
    #[arg(long, default_value = "main")]
    revision: String,
    /// Name to store the model under [default: NAME of the repository]
    #[arg(long = "as", value_name = "NAME")]
    name: Option<String>,
    /// Base URL of the Hub
    #[arg(long, env = "HF_ENDPOINT", default_value = "https://huggingface.co", hide = true)]
    endpoint: String,
    #[command(flatten)]
    hugging_face: HuggingFace,
}

/// Environment variables that all Hugging Face tools read.
#[derive(Debug, clap::Args)]
struct HuggingFace {
    /// Access token for private or gated repositories
    #[arg(long, env = "HF_TOKEN", hide_env_values = true, hide = true)]
    token: Option<String>,
    /// File that holds the access token
    #[arg(long, env = "HF_TOKEN_PATH", hide = true)]
    token_path: Option<PathBuf>,
    /// Hugging Face home folder: holds the cache, which is searched first, and the token file
    #[arg(long, env = "HF_HOME", hide = true)]
    home: Option<PathBuf>,
    /// Cache folder, if it is not in the Hugging Face home folder
    #[arg(long, env = "HF_HUB_CACHE", hide = true)]
    cache: Option<PathBuf>,
    /// Use the cache only: 1, on, yes or true
    #[arg(long, env = "HF_HUB_OFFLINE", hide = true)]
    offline: Option<String>,
    /// Folder of the user's caches; ignored unless absolute
    #[arg(long, env = "XDG_CACHE_HOME", hide = true)]
    caches: Option<PathBuf>,
    /// The user's home folder
    #[arg(long, env = "HOME", hide = true)]
    user: Option<PathBuf>,
}

impl HuggingFace {
    /// `HF_HOME`, or its default: `huggingface` in `XDG_CACHE_HOME` or in `~/.cache`.
    fn home(&self) -> Option<PathBuf> {
        let caches = self.caches.clone().filter(|folder| folder.is_absolute());
        let caches = caches.or_else(|| Some(self.user.as_ref()?.join(".cache")));
        self.home.clone().or_else(|| Some(caches?.join("huggingface")))
    }

    fn cache(&self) -> Option<PathBuf> {
        self.cache.clone().or_else(|| Some(self.home()?.join("hub")))
    }

    /// `HF_TOKEN`, or the token that `hf auth login` stored; `None` without a non-empty one.
    fn token(&self) -> Option<String> {
        let trimmed = |text: &str| Some(text.trim().to_owned()).filter(|text| !text.is_empty());
        self.token.as_deref().and_then(trimmed).or_else(|| {
            let path = self.token_path.clone().or_else(|| Some(self.home()?.join("token")))?;
            trimmed(&std::fs::read_to_string(path).ok()?)
        })
    }

    fn network(&self) -> Network {
        let value = self.offline.as_deref().unwrap_or_default().to_ascii_uppercase();
        match value.as_str() {
            "1" | "ON" | "YES" | "TRUE" => Network::Offline,
            _ => Network::Allowed,
        }
    }
}

pub(super) fn run(command: ModelsCommand, context: &Context) -> anyhow::Result<()> {
    let settings = context.settings(&[])?;
    let models_dir = settings.models.dir.clone();
    match command {
        ModelsCommand::Pull(arguments) => pull(*arguments, &settings, context),
        ModelsCommand::List => list(&layout::list(&models_dir)?, context),
        ModelsCommand::Verify { model } => verify(&layout::resolve(&models_dir, &model)?, context),
        ModelsCommand::Remove { name } => {
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
        "path": model.load_path(),
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
            model.load_path().display()
        ))?;
    }
    Ok(())
}

fn verify(model: &ModelFiles, context: &Context) -> anyhow::Result<()> {
    let verified = verify::verify_files(&model.folder, &model.files)?;
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
        "formats match; checksums not compared, no MANIFEST"
    };
    context.print(format_args!("{}: {how}", model.name))
}

fn pull(arguments: PullArguments, settings: &Settings, context: &Context) -> anyhow::Result<()> {
    let source = PullSource::parse(&arguments.source)?;
    let name = arguments.name.unwrap_or_else(|| source.model_name().to_owned());
    let request = PullRequest { source, revision: arguments.revision, name };
    let kv_bytes = settings.engine.kv_bytes_max.0;
    let options = PullOptions {
        endpoint: arguments.endpoint.trim_end_matches('/').to_owned(),
        token: arguments.hugging_face.token(),
        cache: arguments.hugging_face.cache(),
        network: arguments.hugging_face.network(),
        file_bytes_max: FILE_BYTES_MAX,
        model_bytes_max: Bytes(settings.models.bytes_max.0.saturating_sub(kv_bytes)),
        stall: STALL,
        tries_max: TRIES_MAX,
        retry_wait: RETRY_WAIT,
        retry_wait_max: RETRY_WAIT_MAX,
    };
    let bar = context.transfer_bar("querying the Hub");
    let mut listener = |progress: PullProgress<'_>| match progress {
        PullProgress::Chosen { reason } => context.note(&bar, format_args!("taking {reason}")),
        PullProgress::Started { file, done_bytes, total_bytes } => {
            bar.set_message(file.to_owned());
            bar.set_length(total_bytes.unwrap_or(done_bytes));
            bar.set_position(done_bytes);
            bar.reset_eta();
        }
        PullProgress::Received { bytes } => bar.inc(bytes),
        PullProgress::Waiting { wait, reason } => {
            let seconds = wait.as_secs();
            context.note(&bar, format_args!("{reason}; retrying in {seconds} s"));
        }
        PullProgress::Finished => {}
    };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let models_dir = &settings.models.dir;
    let pulled = runtime.block_on(pull::pull(models_dir, &request, &options, &mut listener))?;
    bar.finish_and_clear();
    if context.json {
        return context.print_json(&json!({
            "id": request.name,
            "path": pulled.folder,
            "commit": pulled.commit,
            "reason": pulled.reason,
            "files": pulled.files.iter().map(|file| json!({
                "name": file.name, "bytes": file.bytes, "sha256": file.sha256,
            })).collect::<Vec<_>>(),
        }));
    }
    let bytes = Bytes(pulled.files.iter().map(|file| file.bytes).sum());
    let files = pulled.files.len();
    context.print(format_args!("{}: {files} files, {bytes}", pulled.folder.display()))
}
