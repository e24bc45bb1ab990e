//! Why a request was refused for the way in which it was sent, not for what it asks.

use crate::http::slots::NoSlot;
use std::time::Duration;

/// A limit of the connection or on running requests that a request met.
#[derive(Debug, thiserror::Error)]
pub(crate) enum TransportError {
    /// `server.requests_in_flight_max` or `server.tenant_in_flight_max` is reached.
    #[error("{} requests are handled already, which is all that {} allows", .0.most, .0.key)]
    Busy(NoSlot),
    /// A part of the request did not arrive in time.
    #[error("{what} did not arrive within {} ms, which is all that {key} allows", most.as_millis())]
    TooSlow { what: &'static str, key: &'static str, most: Duration },
    /// The headers are larger than `server.headers_bytes_max`, or too many.
    #[error(
        "the headers are larger than server.headers_bytes_max allows, or more than {headers_max}"
    )]
    HeadersTooLarge { headers_max: usize },
    /// The path and the query are longer than the HTTP library reads.
    #[error("the path and the query are too long")]
    UriTooLong,
    /// Every connection that `server.connections_max` allows has a request.
    #[error(
        "{connections_max} connections are busy already, which is all that \
         server.connections_max allows"
    )]
    Crowded { connections_max: usize },
}
