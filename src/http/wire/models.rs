//! Bodies of `/v1/models`: listing, loading and unloading models.

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
    /// Why loading failed; also set while an older model of this name still serves.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) reason: Option<String>,
    /// Size of the model file, in bytes.
    pub(crate) bytes: u64,
    pub(crate) sha256: String,
    pub(crate) owned_by: &'static str,
    /// When the model was loaded, in seconds since 1970.
    pub(crate) created: i64,
    /// Longest sequence, prompt and output together, in tokens.
    pub(crate) context_tokens_max: Option<usize>,
    /// Whether this model drafts the replies of `/respond`.
    pub(crate) draft: bool,
    /// Memory use; null while no model serves under this name.
    pub(crate) memory: Option<ModelMemoryBody>,
    /// Sequences that generate now.
    pub(crate) running: usize,
    /// Sequences that wait for their first step.
    pub(crate) waiting: usize,
    /// Whether a replacement is being loaded.
    pub(crate) successor_loads: bool,
    /// Replaced models of this name that still finish accepted requests.
    pub(crate) draining_count: usize,
}

/// Memory use of a model, in bytes.
#[derive(Debug, Clone, Copy, Serialize, ToSchema)]
pub(crate) struct ModelMemoryBody {
    /// The sum of the fields below.
    pub(crate) resident_bytes: u64,
    pub(crate) weight_bytes: u64,
    /// Copies of weights in the layout that the kernels read.
    pub(crate) packed_bytes: u64,
    pub(crate) kv_bytes: u64,
}

/// Response of `GET /v1/models`.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ModelsAnswer {
    pub(crate) object: &'static str,
    pub(crate) data: Vec<ModelBody>,
}

/// Body of `POST /v1/models/load`.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct LoadRequest {
    /// A name under `models.dir`, or a path in one of `models.load_folders`.
    pub(crate) model: String,
    /// Name to serve it under; default: the model's own name.
    #[serde(default, rename = "as")]
    pub(crate) alias: Option<String>,
    /// Whether it drafts the replies of `/respond` from then on. Default: false.
    #[serde(default)]
    pub(crate) draft: bool,
    /// Whether to play the conversation tests of `tests.files` with the model first; below
    /// `tests.floor` it is refused with `tests_failed`, and nothing changes. Default: false.
    #[serde(default)]
    pub(crate) require_tests: bool,
    /// Whether to answer when the model serves (default); `false`: answer 202 at once.
    #[serde(default = "yes")]
    pub(crate) wait: bool,
    /// Memory for keys and values, such as `"64 MiB"`. This and the fields below default to the
    /// configuration key of the same name in `[engine]`.
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

/// A size in bytes, as a number or as a text such as `"64 MiB"`.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(untagged)]
pub(crate) enum SizeBody {
    Bytes(u64),
    Text(String),
}

/// Body of `POST /v1/models/unload`.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct UnloadRequest {
    /// Name of the model.
    pub(crate) model: String,
}

/// Response of a load or an unload: the model, and the memory of the process.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct SwapAnswer {
    pub(crate) id: String,
    /// State as in `GET /v1/models/{name}`, or `unloaded`.
    pub(crate) state: &'static str,
    /// The model as in `GET /v1/models/{name}`; null once it is unloaded.
    pub(crate) model: Option<ModelBody>,
    /// Resident memory of the process before the change, in bytes; null if the system does not
    /// report it.
    pub(crate) resident_bytes_before: Option<u64>,
    /// The same after the change.
    pub(crate) resident_bytes_after: Option<u64>,
}
