//! `/v1/models`: lists, loads, swaps and unloads models while requests are served.

use crate::http::body::Json;
use crate::http::error::ApiError;
use crate::http::model_tests::Required;
use crate::http::path::Path;
use crate::http::state::App;
use crate::http::state::LoadBounds;
use crate::http::state::ModelLoading;
use crate::http::wire::ErrorBody;
use crate::http::wire::models::LoadRequest;
use crate::http::wire::models::ModelBody;
use crate::http::wire::models::ModelMemoryBody;
use crate::http::wire::models::ModelsAnswer;
use crate::http::wire::models::SizeBody;
use crate::http::wire::models::SwapAnswer;
use crate::http::wire::models::UnloadRequest;
use crate::hub::layout;
use crate::hub::layout::ModelTask;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::IntoResponse;
use axum::response::Response;
use std::sync::Arc;
use vitrine_base::memory;
use vitrine_base::units::Bytes;
use vitrine_engine::LoadOrder;
use vitrine_engine::ModelState;
use vitrine_engine::ModelStatus;
use vitrine_engine::RegistryError;
use vitrine_engine::Role;

/// Reserved model names: they are path segments under `/v1/models/`.
const PATH_WORDS: [&str; 2] = ["load", "unload"];

/// Lists the loaded models, the encoder last.
#[utoipa::path(get, path = "/v1/models", responses((status = 200, body = ModelsAnswer)))]
pub(crate) async fn list(State(app): State<Arc<App>>) -> axum::Json<ModelsAnswer> {
    let mut data: Vec<ModelBody> =
        app.models.list().into_iter().map(|status| body(&app, status)).collect();
    data.push(encoder(&app));
    axum::Json(ModelsAnswer { object: "list", data })
}

/// Shows one model.
#[utoipa::path(
    get, path = "/v1/models/{name}", params(("name" = String, Path, description = "model name")),
    responses((status = 200, body = ModelBody), (status = 404, body = ErrorBody))
)]
pub(crate) async fn show(
    State(app): State<Arc<App>>,
    Path(name): Path<String>,
) -> Result<axum::Json<ModelBody>, ApiError> {
    if name == app.encoder_name {
        return Ok(axum::Json(encoder(&app)));
    }
    let status = app.models.status(&name);
    let status = status.ok_or(ApiError::NotFound { what: "model", id: name })?;
    Ok(axum::Json(body(&app, status)))
}

/// Loads a model next to the serving ones, then switches its name to it without a gap.
#[utoipa::path(
    post, path = "/v1/models/load", request_body = LoadRequest,
    responses((status = 200, body = SwapAnswer), (status = 202, body = SwapAnswer),
              (status = 404, body = ErrorBody), (status = 409, body = ErrorBody),
              (status = 422, body = ErrorBody))
)]
pub(crate) async fn load(
    State(app): State<Arc<App>>,
    request: Json<LoadRequest>,
) -> Result<Response, ApiError> {
    let request = request.value;
    let (resident_before, wait_for_load) = (memory::resident(), request.wait);
    let required = Required::default();
    let (loading_app, tests) = (Arc::clone(&app), required.clone());
    // Resolving the file reads the disk, which must not block a runtime thread.
    let load_started = tokio::task::spawn_blocking(move || {
        let require_tests = request.require_tests;
        let load_order = load_order(&loading_app, request)?;
        let name = load_order.name.clone();
        let load = match require_tests {
            true => loading_app.models.load_if(load_order, tests.check(&loading_app)?)?,
            false => loading_app.models.load(load_order)?,
        };
        Ok::<_, ApiError>((name, load))
    });
    let (name, load) = match load_started.await {
        Ok(load_started) => load_started?,
        Err(error) => match error.try_into_panic() {
            Ok(panic) => std::panic::resume_unwind(panic),
            Err(_) => return Err(ApiError::Unavailable { state: "draining" }),
        },
    };
    let mut status = StatusCode::ACCEPTED;
    if wait_for_load {
        load.wait().await.map_err(|error| required.error(error))?;
        status = StatusCode::OK;
    }
    let model = app.models.status(&name).map(|status| body(&app, status));
    let state = model.as_ref().map_or(ModelState::Failed.name(), |model| model.state);
    let resident = ResidentBytes { before: resident_before, after: memory::resident() };
    let answer = swap_answer(name, state, model, resident);
    Ok((status, axum::Json(answer)).into_response())
}

/// Unloads a model and reports the process's resident memory before and after.
#[utoipa::path(
    post, path = "/v1/models/unload", request_body = UnloadRequest,
    responses((status = 200, body = SwapAnswer), (status = 404, body = ErrorBody),
              (status = 409, body = ErrorBody))
)]
pub(crate) async fn unload(
    State(app): State<Arc<App>>,
    request: Json<UnloadRequest>,
) -> Result<axum::Json<SwapAnswer>, ApiError> {
    let name = request.value.model;
    if name == app.encoder_name {
        return Err(RegistryError::InUse { name }.into());
    }
    let resident_before = memory::resident();
    let unload = app.models.unload(&name)?;
    // A stream may hold the old model for long; the drain continues after this bounded wait.
    let _in_time = tokio::time::timeout(app.model_loading.drain_max, unload.wait()).await.is_ok();
    let model = app.models.status(&name).map(|status| body(&app, status));
    let state = model.as_ref().map_or("unloaded", |model| model.state);
    let resident = ResidentBytes { before: resident_before, after: memory::resident() };
    Ok(axum::Json(swap_answer(name, state, model, resident)))
}

/// The process's resident memory around a swap; `None` where the system does not report it.
#[derive(Debug, Clone, Copy)]
struct ResidentBytes {
    before: Option<Bytes>,
    after: Option<Bytes>,
}

fn swap_answer(
    id: String,
    state: &'static str,
    model: Option<ModelBody>,
    resident: ResidentBytes,
) -> SwapAnswer {
    let bytes = |bytes: Option<Bytes>| bytes.map(|bytes| bytes.0);
    SwapAnswer {
        id,
        state,
        model,
        resident_bytes_before: bytes(resident.before),
        resident_bytes_after: bytes(resident.after),
    }
}

/// Resolves the model's file and merges the request's limits with the defaults.
///
/// # Errors
/// If the model is not found, a path is not permitted, or the name or a size is not allowed.
fn load_order(app: &App, request: LoadRequest) -> Result<LoadOrder, ApiError> {
    let model_loading = &app.model_loading;
    let ModelLoading { models_dir, load_folders, .. } = model_loading;
    let files = layout::resolve_for_caller(models_dir, load_folders, &request.model)?;
    let files = files.require(ModelTask::Generate)?;
    let name = request.alias.unwrap_or_else(|| files.name.clone());
    layout::check_name(&name)?;
    if name == app.encoder_name || PATH_WORDS.contains(&name.as_str()) {
        let message = format!("field `as`: `{name}` is reserved or the name of the encoder");
        return Err(ApiError::impossible("name_taken", message));
    }
    let mut options = model_loading.options;
    if let Some(size) = request.kv_bytes_max {
        options.kv_bytes_max = size.bytes().map_err(|reason| {
            ApiError::impossible("invalid_size", format!("field `kv_bytes_max`: {reason}"))
        })?;
        if options.kv_bytes_max.0 == 0 {
            let message = "field `kv_bytes_max` is 0; allowed: room for at least one page";
            return Err(ApiError::impossible("invalid_size", message));
        }
    }
    let LoadBounds { context_tokens, step_tokens } = model_loading.bounds;
    let fields = [
        (
            "context_tokens_max",
            &mut options.context_tokens_max,
            request.context_tokens_max,
            2,
            context_tokens,
        ),
        (
            "output_tokens_max",
            &mut options.output_tokens_max,
            request.output_tokens_max,
            1,
            context_tokens,
        ),
        ("sequences_max", &mut options.sequences_max, request.sequences_max, 1, step_tokens),
        ("step_tokens_max", &mut options.step_tokens_max, request.step_tokens_max, 1, step_tokens),
    ];
    for (field, option, asked, least, most) in fields {
        let Some(asked) = asked else { continue };
        if !(least..=most).contains(&(asked as u64)) {
            let message = format!("field `{field}` is {asked}; allowed: {least} to {most}");
            return Err(ApiError::impossible("load_failed", message));
        }
        *option = asked;
    }
    let role = if request.draft { Role::Draft } else { Role::Beside };
    Ok(LoadOrder { name, path: files.load_path().to_path_buf(), options, role })
}

impl SizeBody {
    fn bytes(&self) -> Result<Bytes, String> {
        match self {
            Self::Bytes(bytes) => Ok(Bytes(*bytes)),
            Self::Text(text) => text.parse(),
        }
    }
}

fn body(app: &App, status: ModelStatus) -> ModelBody {
    let ready = status.state == ModelState::Ready;
    let leaves = ready && app.draining.has_begun();
    let serving = status.serving.as_ref();
    let footprint = serving.map(|serving| serving.footprint);
    ModelBody {
        id: status.name,
        object: "model",
        task: ModelTask::Generate.name(),
        state: if leaves { ModelState::Draining.name() } else { status.state.name() },
        reason: status.reason,
        bytes: serving.map_or(0, |serving| serving.bytes),
        sha256: serving.map(|serving| serving.sha256.clone()).unwrap_or_default(),
        owned_by: "vitrine",
        created: serving.map_or(app.started_at, |serving| serving.since).as_second(),
        context_tokens_max: serving.map(|serving| serving.context_tokens_max),
        draft: status.is_draft,
        memory: footprint.map(|footprint| ModelMemoryBody {
            resident_bytes: footprint.weight_bytes + footprint.packed_bytes + footprint.kv_bytes,
            weight_bytes: footprint.weight_bytes,
            packed_bytes: footprint.packed_bytes,
            kv_bytes: footprint.kv_bytes,
        }),
        running: serving.map_or(0, |serving| serving.stats.running),
        waiting: serving.map_or(0, |serving| serving.stats.waiting),
        successor_loads: status.successor_loads,
        draining_count: status.leaving,
    }
}

fn encoder(app: &App) -> ModelBody {
    let embedder = app.classifier.embedder();
    let state = if app.draining.has_begun() { ModelState::Draining } else { ModelState::Ready };
    ModelBody {
        id: app.encoder_name.clone(),
        object: "model",
        task: ModelTask::Embed.name(),
        state: state.name(),
        reason: None,
        bytes: embedder.bytes(),
        sha256: embedder.identity().sha256.clone(),
        owned_by: "vitrine",
        created: app.started_at.as_second(),
        context_tokens_max: Some(embedder.tokens_max()),
        draft: false,
        memory: Some(ModelMemoryBody {
            resident_bytes: embedder.bytes(),
            weight_bytes: embedder.bytes(),
            packed_bytes: 0,
            kv_bytes: 0,
        }),
        running: 0,
        waiting: 0,
        successor_loads: false,
        draining_count: 0,
    }
}
