//! The access log: one line for each request, when its answer has ended. Names the matched route
//! instead of the path, because paths hold ids of customers; words and keys never appear.

use std::time::Instant;
use vitrine_base::clock::SharedClock;
use vitrine_base::ids::TenantId;
use vitrine_base::telemetry;

/// Target of the lines, for filters such as `info,access=off`.
pub(crate) const TARGET: &str = "access";

/// Status of a request whose client hung up before the answer began. Source: nginx.
const HUNG_UP: u16 = 499;

/// What is known of a request; written when dropped.
#[derive(Debug)]
pub(crate) struct AccessRecord {
    clock: SharedClock,
    began: Instant,
    is_logged: bool,
    pub(crate) method: String,
    pub(crate) route: String,
    pub(crate) request_id: String,
    pub(crate) tenant: Option<TenantId>,
    pub(crate) status: u16,
}

impl AccessRecord {
    /// Begins the record of a request.
    pub(crate) fn begin(clock: &SharedClock, is_logged: bool) -> Self {
        Self {
            clock: std::sync::Arc::clone(clock),
            began: clock.instant(),
            is_logged,
            method: String::new(),
            route: String::new(),
            request_id: String::new(),
            tenant: None,
            status: HUNG_UP,
        }
    }
}

impl Drop for AccessRecord {
    fn drop(&mut self) {
        let took = self.clock.instant().saturating_duration_since(self.began);
        let route = std::mem::take(&mut self.route);
        if self.is_logged {
            let Self { method, request_id, status, .. } = self;
            let tenant = self.tenant.as_ref().map_or("-", TenantId::as_str);
            let milliseconds = vitrine_base::clock::milliseconds(took);
            tracing::info!(
                target: TARGET,
                %method, %route, status, ms = milliseconds, tenant, %request_id, "request"
            );
        }
        metrics::histogram!(telemetry::HTTP_REQUEST_SECONDS, "route" => route)
            .record(took.as_secs_f64());
    }
}
