//! Options of the HTTP server and of the log.

use crate::config::error::ConfigError;
use crate::config::options::models;
use crate::config::raw::Raw;
use crate::config::raw::gateway::Server;
use crate::config::value::number::Within;
use crate::config::value::word::LogFormat;
use crate::config::values::Values;
use crate::http::audit_file::AuditFileOptions;
use crate::http::connection::ConnectionLimits;
use crate::http::keys::ApiKey;
use crate::http::rate::RateOptions;
use crate::http::state::HttpLimits;
use std::net::SocketAddr;
use std::path::Path;
use std::time::Duration;
use vitrine_base::text_file;
use vitrine_base::units::Bytes;

/// Largest file of keys or of a secret, in bytes.
const SMALL_FILE_BYTES_MAX: u64 = 1 << 20;

/// Name of the folder of the audit log in `data.dir`.
const AUDIT_FOLDER: &str = "audit";

/// Options of the HTTP listener and its runtime.
#[derive(Debug, Clone)]
pub(crate) struct ServerOptions {
    pub(crate) bind: SocketAddr,
    /// Worker threads of the HTTP runtime, at least 1.
    pub(crate) threads: usize,
    /// Time that running requests get to finish at shutdown.
    pub(crate) drain_max: Duration,
    pub(crate) limits: HttpLimits,
    pub(crate) connections: ConnectionLimits,
    pub(crate) rates: RateOptions,
    pub(crate) api_keys: Vec<ApiKey>,
}

/// Options of the log.
#[derive(Debug, Clone)]
pub(crate) struct LogOptions {
    /// A level, or a filter such as `vitrine=debug`.
    pub(crate) filter: String,
    pub(crate) format: LogFormat,
    /// Where operators' acts are recorded; `None`: nowhere.
    pub(crate) audit: Option<AuditFileOptions>,
}

/// Options of the HTTP server.
///
/// # Errors
/// If there are too many threads, or if an address that is not loopback is to be served without
/// keys.
pub(crate) fn server(
    raw: &Raw,
    api_keys: Vec<ApiKey>,
    values: &Values,
) -> Result<ServerOptions, ConfigError> {
    let Server { bind, threads, requests_in_flight_max, .. } = raw.server;
    let in_flight_max = requests_in_flight_max.0;
    models::threads("server.threads", threads.0, values)?;
    if !bind.ip().is_loopback() && api_keys.is_empty() {
        let allowed =
            "a loopback address, or any address if server.api_keys_file or server.api_keys is set";
        return Err(values.refuse("server.bind", bind, allowed));
    }
    let limits = HttpLimits {
        body_bytes_max: in_memory("server.body_bytes_max", raw.server.body_bytes_max.0, values)?,
        requests_in_flight_max: in_flight_max,
        tenant_in_flight_max: match raw.server.tenant_in_flight_max {
            Some(Within(most)) => most.min(in_flight_max),
            None if one_tenant(&api_keys) => in_flight_max,
            None => in_flight_max.div_ceil(2),
        },
        body_idle_max: Duration::from_millis(raw.server.body_idle_ms_max.0),
        body_time_max: Duration::from_millis(raw.server.body_ms_max.0),
        access_log: raw.log.access,
        request_texts_max: raw.intent.request_texts_max.0,
        deadline_max: Duration::from_millis(raw.draft.deadline_ms_max.0),
        unknown_fields: raw.server.unknown_fields,
    };
    let rates = RateOptions {
        per_second: raw.server.tenant_requests_per_second.map(|rate| rate.0),
        burst: raw.server.tenant_requests_burst.0,
    };
    let drain_max = Duration::from_millis(raw.server.drain_ms.0);
    let connections = connections(&raw.server);
    Ok(ServerOptions { bind, threads: threads.0, drain_max, limits, connections, rates, api_keys })
}

fn connections(server: &Server) -> ConnectionLimits {
    ConnectionLimits {
        connections_max: server.connections_max.0,
        headers_bytes_max: server.headers_bytes_max.0,
        header_time_max: Duration::from_millis(server.header_ms_max.0),
        write_stall_max: Duration::from_millis(server.write_stall_ms_max.0),
        idle_max: Duration::from_millis(server.idle_ms_max.0),
    }
}

fn one_tenant(keys: &[ApiKey]) -> bool {
    keys.windows(2).all(|pair| pair[0].tenant == pair[1].tenant)
}

/// Options of the log; the audit log lies in `data`, the folder of `data.dir`.
pub(crate) fn log(raw: &Raw, data: &Path) -> LogOptions {
    let audit = raw.log.audit.then(|| AuditFileOptions {
        folder: data.join(AUDIT_FOLDER),
        days: raw.log.audit_days.0,
        bytes_max: raw.log.audit_bytes_max.0.0,
    });
    LogOptions { filter: raw.log.level.0.clone(), format: raw.log.format, audit }
}

/// Converts a size to the machine's own word.
///
/// # Errors
/// If the machine cannot address that many bytes.
pub(crate) fn in_memory(key: &str, size: Bytes, values: &Values) -> Result<usize, ConfigError> {
    let allowed = || format!("at most {} bytes", usize::MAX);
    usize::try_from(size.0).map_err(|_| values.refuse(key, size, allowed()))
}

/// Reads a file that a key names.
///
/// # Errors
/// If it cannot be read or is not text.
pub(crate) fn read_text(key: &'static str, path: &Path) -> Result<String, ConfigError> {
    text_file::read(path, SMALL_FILE_BYTES_MAX)
        .map_err(|cause| ConfigError::File { key, cause: Box::new(cause) })
}
