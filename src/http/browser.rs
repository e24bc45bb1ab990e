//! Refuses what a web page of another site could make a visitor's browser send.
//!
//! A gateway without API keys listens on a loopback address only. A browser on the same machine
//! reaches that address all the same, on behalf of any page that it shows. Therefore, without keys:
//! - `Host` must name this machine, or a page could give its own name the address 127.0.0.1.
//! - `Origin`, which browsers send with every POST of a page, must be the gateway's own.
//! - A type of the body must be JSON's, which a page of another origin cannot declare unasked.
//!
//! With keys none of this is needed, since a page does not know the key.
//!
//! Source: Fetch Standard, "CORS-safelisted request-header" and "`Origin` header"; DNS rebinding.

use crate::http::error::ApiError;
use axum::extract::Request;
use axum::http::HeaderMap;
use axum::http::header::CONTENT_TYPE;
use axum::http::header::HOST;
use axum::http::header::HeaderName;
use axum::http::header::ORIGIN;
use axum::http::uri::Authority;
use std::net::IpAddr;

/// Longest part of a header that an error repeats, in characters.
const SHOWN_CHARS_MAX: usize = 100;

/// Checks a request to a gateway without API keys.
///
/// # Errors
/// If the host, the origin or the type of the body is not one that this gateway accepts.
pub(crate) fn check(request: &Request) -> Result<(), ApiError> {
    let headers = request.headers();
    let host = match request.uri().authority() {
        // HTTP/2 sends the host as a part of the address.
        Some(authority) => Some(authority.as_str()),
        None => single(headers, &HOST)?,
    };
    if let Some(host) = host
        && !host.parse().is_ok_and(|host: Authority| is_this_machine(host.host()))
    {
        return Err(ApiError::ForeignHost { host: shown(host) });
    }
    if let Some(origin) = single(headers, &ORIGIN)? {
        let own = host.zip(origin.split_once("://").filter(|(scheme, _)| is_web(scheme)));
        if !own.is_some_and(|(host, (_, origin))| host.eq_ignore_ascii_case(origin)) {
            return Err(ApiError::ForeignOrigin { origin: shown(origin) });
        }
    }
    match single(headers, &CONTENT_TYPE)? {
        Some(declared) if !is_json(declared) => {
            Err(ApiError::UnsupportedType { found: shown(declared) })
        }
        Some(_) | None => Ok(()),
    }
}

fn is_web(scheme: &str) -> bool {
    scheme.eq_ignore_ascii_case("http") || scheme.eq_ignore_ascii_case("https")
}

/// The value of a header that may appear once.
fn single<'a>(headers: &'a HeaderMap, name: &HeaderName) -> Result<Option<&'a str>, ApiError> {
    let mut values = headers.get_all(name).iter();
    let wrong = |problem: &str| ApiError::malformed(format!("header `{name}` {problem}"));
    let Some(value) = values.next() else { return Ok(None) };
    if values.next().is_some() {
        return Err(wrong("appears more than once"));
    }
    value.to_str().map(Some).map_err(|_| wrong("has characters that are not visible ASCII"))
}

/// Whether a host name or address reaches this machine only.
fn is_this_machine(host: &str) -> bool {
    let host = host.strip_suffix('.').unwrap_or(host).to_ascii_lowercase();
    let address = host.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).unwrap_or(&host);
    match address.parse::<IpAddr>() {
        Ok(address) => address.to_canonical().is_loopback(),
        Err(_) => host == "localhost" || host.ends_with(".localhost"),
    }
}

/// `application/json`, or a type that ends in `+json`.
fn is_json(content_type: &str) -> bool {
    let essence = content_type.split(';').next().unwrap_or_default();
    let essence = essence.trim().to_ascii_lowercase();
    essence == "application/json"
        || (essence.starts_with("application/") && essence.ends_with("+json"))
}

fn shown(value: &str) -> String {
    value.chars().take(SHOWN_CHARS_MAX).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::body::Body;

    fn checked(method: &str, headers: &[(&str, &str)]) -> Result<(), String> {
        let mut request = axum::http::Request::builder().method(method).uri("/respond");
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        check(&request.body(Body::empty()).unwrap()).map_err(|error| error.detail().code.to_owned())
    }

    #[test]
    fn hosts_of_this_machine_pass_and_others_do_not() {
        for host in [
            "localhost",
            "localhost:8080",
            "LocalHost.",
            "shop.localhost",
            "127.0.0.1:1",
            "127.9.9.9",
            "[::1]:8080",
            "[::ffff:127.0.0.1]",
        ] {
            assert_eq!(checked("GET", &[("host", host)]), Ok(()), "{host}");
        }
        for host in [
            "evil.example",
            "evil.example:8080",
            "10.0.0.1",
            "localhost.evil.example",
            "127.0.0.1.evil.example",
            "[::2]",
            "",
            "a b",
            "0.0.0.0",
            "user@",
        ] {
            assert_eq!(checked("GET", &[("host", host)]), Err("foreign_host".to_owned()), "{host}");
        }
        assert_eq!(checked("GET", &[]), Ok(()), "HTTP/1.0 has no host");
    }

    #[test]
    fn the_gateways_own_origin_passes_and_others_do_not() {
        let own = ("host", "127.0.0.1:8080");
        assert_eq!(checked("POST", &[own, ("origin", "http://127.0.0.1:8080")]), Ok(()));
        for origin in [
            "http://evil.example",
            "null",
            "http://127.0.0.1:8081",
            "http://127.0.0.1",
            "file://",
            "http://localhost:8080",
            "",
            "127.0.0.1:8080",
        ] {
            let found = checked("POST", &[own, ("origin", origin)]);
            assert_eq!(found, Err("foreign_origin".to_owned()), "{origin}");
        }
    }

    #[test]
    fn a_declared_type_must_be_json() {
        let body = ("content-length", "2");
        for kind in ["application/json", "Application/JSON; charset=utf-8", "application/x+json"] {
            assert_eq!(checked("POST", &[body, ("content-type", kind)]), Ok(()), "{kind}");
        }
        for kind in [
            "text/plain",
            "application/x-www-form-urlencoded",
            "text/json",
            "",
            "multipart/form-data; boundary=application/json",
        ] {
            let found = checked("POST", &[body, ("content-type", kind)]);
            assert_eq!(found, Err("unsupported_type".to_owned()), "{kind}");
        }
        assert_eq!(checked("POST", &[body]), Ok(()), "browsers send an origin as well");
    }

    #[test]
    fn a_header_given_twice_is_refused() {
        let twice = [("host", "localhost"), ("host", "evil.example")];
        assert_eq!(checked("GET", &twice), Err("malformed".to_owned()));
    }
}
