//! Bodies of listing, loading and unloading models.

use serde::Deserialize;
use serde::Serialize;
use utoipa::ToSchema;

/// One model.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub(crate) struct ModelBody {
    pub(crate) id: String,
    pub(crate) object: &'static str,
    /// `generate` or `embed`.
    pub(crate) task: &'static str,
    /// `loading`, `ready`, `draining` or `failed`.
    pub(crate) state: &'static str,
    /// Why it failed, or why its last load did while an older model serves on.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) reason: Option<String>,
    /// Size of its file.
    pub(crate) bytes: u64,
    pub(crate) sha256: String,
    pub(crate) owned_by: &'static str,
    /// Tokens of prompt and output together.
    pub(crate) context_tokens_max: Option<usize>,
    /// Whether it words the turns of `/respond`.
    pub(crate) draft: bool,
    /// What it takes in memory; null while nothing serves.
    pub(crate) memory: Option<ModelMemoryBody>,
    /// Requests that it generates for, and that wait for it.
    pub(crate) running: usize,
    pub(crate) waiting: usize,
    /// Whether a successor is being loaded beside it.
    pub(crate) successor_loads: bool,
    /// Older models of this name that still finish what they accepted.
    pub(crate) draining_count: usize,
}

/// What a model takes in memory, bytes.
#[derive(Debug, Clone, Copy, Serialize, ToSchema)]
pub(crate) struct ModelMemoryBody {
    pub(crate) resident_bytes: u64,
    pub(crate) weight_bytes: u64,
    pub(crate) packed_bytes: u64,
    pub(crate) kv_bytes: u64,
}

/// `GET /v1/models`.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ModelsAnswer {
    pub(crate) object: &'static str,
    pub(crate) data: Vec<ModelBody>,
}

/// `POST /v1/models/load`.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct LoadRequest {
    /// A name under `models.dir`, or a path where `models.load_paths` allows it.
    pub(crate) model: String,
    /// The name it will go by; its own where none is given.
    #[serde(default, rename = "as")]
    pub(crate) alias: Option<String>,
    /// Whether it words the turns from then on.
    #[serde(default)]
    pub(crate) draft: bool,
    /// Whether to answer only when it serves; otherwise 202 at once.
    #[serde(default = "yes")]
    pub(crate) wait: bool,
    /// Memory for its keys and values, such as `"64 MiB"`; `engine.kv_bytes_max` where none is
    /// given, and likewise below.
    #[serde(default)]
    pub(crate) kv_bytes_max: Option<SizeBody>,
    #[serde(default)]
    pub(crate) context_tokens_max: Option<usize>,
    #[serde(default)]
    pub(crate) output_tokens_max: Option<usize>,
    #[serde(default)]
    pub(crate) sequences_max: Option<usize>,
    #[serde(default)]
    pub(crate) step_tokens_max: Option<usize>,
}

fn yes() -> bool {
    true
}

/// A size: `"64 MiB"`, or a number of bytes.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(untagged)]
pub(crate) enum SizeBody {
    Bytes(u64),
    Text(String),
}

/// `POST /v1/models/unload`.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct UnloadRequest {
    /// Its name.
    pub(crate) model: String,
}

/// A load's or unload's answer: the model, and the whole process in memory.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct SwapAnswer {
    pub(crate) id: String,
    /// As in `GET /v1/models/{name}`, or `unloaded`.
    pub(crate) state: &'static str,
    /// The model as `GET /v1/models/{name}` shows it; null once it is unloaded.
    pub(crate) model: Option<ModelBody>,
    /// Memory of the process that lies in RAM, before and after; null where the system does not
    /// tell.
    pub(crate) resident_bytes_before: Option<u64>,
    pub(crate) resident_bytes_after: Option<u64>,
}
