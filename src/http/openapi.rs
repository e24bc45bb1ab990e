//! The OpenAPI document, built from the handlers' annotations and the route table.

use crate::http::access::Access;
use crate::http::access::Route;
use crate::http::access::Verb;
use crate::http::body::REST;
use crate::http::wire;
use std::collections::BTreeMap;
use utoipa::openapi::ContentBuilder;
use utoipa::openapi::OpenApi;
use utoipa::openapi::Ref;
use utoipa::openapi::RefOr;
use utoipa::openapi::ResponseBuilder;
use utoipa::openapi::path::Operation;
use utoipa::openapi::schema::Schema;
use utoipa::openapi::security::Http;
use utoipa::openapi::security::HttpAuthScheme;
use utoipa::openapi::security::SecurityRequirement;
use utoipa::openapi::security::SecurityScheme;

/// Name of the API key scheme in the document.
const KEY_SCHEME: &str = "api_key";

/// Paths and schemas of the OpenAPI document.
#[derive(utoipa::OpenApi)]
#[openapi(
    info(title = "vitrine", license(name = "Apache-2.0")),
    paths(
        crate::http::respond::respond,
        crate::http::turns::accept,
        crate::http::turns::dead,
        crate::http::classify::classify,
        crate::http::suggest::suggest,
        crate::http::openai::chat,
        crate::http::openai::completions,
        crate::http::openai::embeddings::embeddings,
        crate::http::models::list,
        crate::http::models::show,
        crate::http::models::load,
        crate::http::models::unload,
        crate::http::threads::show,
        crate::http::threads::erase,
        crate::http::threads::handoff,
        crate::http::threads::release,
        crate::http::threads::message,
        crate::http::customers::put,
        crate::http::customers::show,
        crate::http::customers::erase,
        crate::http::customers::export,
        crate::http::customers::facts,
        crate::http::customers::consent,
        crate::http::customers::link,
        crate::http::customers::unlink,
        crate::http::catalog::search,
        crate::http::health::metrics,
    ),
    components(schemas(wire::ErrorBody))
)]
struct Description;

/// Replaces one property [`REST`] by the properties of the schema that it refers to, as the reader
/// of bodies does. Returns whether there was one.
fn spread_rest(schemas: &mut BTreeMap<String, RefOr<Schema>>) -> bool {
    let properties_of = |schema: &RefOr<Schema>| match schema {
        RefOr::T(Schema::Object(object)) => Some(object.clone()),
        RefOr::T(_) | RefOr::Ref(_) => None,
    };
    // The innermost first: a schema whose own rest is spread already.
    let found = schemas.iter().find_map(|(name, schema)| {
        let outer = properties_of(schema)?;
        let RefOr::Ref(rest) = outer.properties.get(REST)? else { return None };
        let rest = rest.ref_location.rsplit('/').next()?.to_owned();
        let inner = properties_of(schemas.get(&rest)?)?;
        (!inner.properties.contains_key(REST)).then(|| (name.clone(), rest, outer, inner))
    });
    let Some((name, rest, mut outer, inner)) = found else { return false };
    outer.properties.remove(REST);
    outer.required.retain(|field| field != REST);
    outer.required.extend(inner.required);
    outer.properties.extend(inner.properties);
    schemas.insert(name, RefOr::T(Schema::Object(outer)));
    let is_used = schemas.values().filter_map(properties_of).any(|object| {
        matches!(object.properties.get(REST), Some(RefOr::Ref(other))
            if other.ref_location.rsplit('/').next() == Some(rest.as_str()))
    });
    if !is_used {
        schemas.remove(&rest);
    }
    true
}

/// Builds the document; each operation lists the scope that its route requires.
pub(crate) fn description(routes: &[Route]) -> OpenApi {
    let mut description = <Description as utoipa::OpenApi>::openapi();
    let scheme = Http::new(HttpAuthScheme::Bearer);
    description
        .components
        .get_or_insert_default()
        .add_security_scheme(KEY_SCHEME, SecurityScheme::Http(scheme));
    if let Some(components) = description.components.as_mut() {
        while spread_rest(&mut components.schemas) {}
    }
    // `/v1/respond` is an alias and has no annotation of its own.
    if let Some(respond) = description.paths.paths.get("/respond").cloned() {
        description.paths.paths.insert("/v1/respond".to_owned(), respond);
    }
    for route in routes {
        let Some(item) = description.paths.paths.get_mut(route.path) else { continue };
        let operation = match route.verb {
            Verb::Get => &mut item.get,
            Verb::Post => &mut item.post,
            Verb::Put => &mut item.put,
            Verb::Delete => &mut item.delete,
        };
        let Some(operation) = operation else { continue };
        if let Access::Needs(scope) = route.access {
            operation.security = Some(vec![SecurityRequirement::new(KEY_SCHEME, [scope.name()])]);
        }
        add_shared_errors(operation);
    }
    description
}

/// Drops the requirement of a key from every operation.
pub(crate) fn drop_security(document: &mut OpenApi) {
    for item in document.paths.paths.values_mut() {
        let operations = [&mut item.get, &mut item.post, &mut item.put, &mut item.delete];
        for operation in operations.into_iter().flatten() {
            operation.security = None;
        }
    }
}

/// Statuses that the checks in front of every route may answer.
const ERRORS_OF_ALL: [(&str, &str); 8] = [
    ("400", "the request is malformed"),
    ("401", "the API key is missing or not valid"),
    ("403", "the key lacks the scope, or the origin is foreign"),
    ("421", "the host is not this machine, and no key is set"),
    ("429", "too many requests; `Retry-After` says when to try again"),
    ("431", "the header is too large"),
    ("500", "a bug in vitrine"),
    ("503", "starting, draining, or unable to answer; `Retry-After` says when to try again"),
];

/// Statuses that reading a body may add.
const ERRORS_OF_BODIES: [(&str, &str); 4] = [
    ("408", "the body did not arrive in time"),
    ("413", "the body or a text is too large"),
    ("415", "the body is not declared as JSON, and no key is set"),
    ("422", "a value is not allowed"),
];

/// Statuses that a parameter in the path or query may add.
const ERRORS_OF_PARAMETERS: [(&str, &str); 1] = [("422", "a value is not allowed")];

fn add_shared_errors(operation: &mut Operation) {
    let of_body: &[_] = if operation.request_body.is_some() { &ERRORS_OF_BODIES } else { &[] };
    let has_parameters = operation.parameters.as_ref().is_some_and(|all| !all.is_empty());
    let of_parameters: &[_] = if has_parameters { &ERRORS_OF_PARAMETERS } else { &[] };
    for (status, meaning) in ERRORS_OF_ALL.iter().chain(of_body).chain(of_parameters) {
        let body = Ref::from_schema_name("ErrorBody");
        let content = ContentBuilder::new().schema(Some(body)).build();
        let response = ResponseBuilder::new()
            .description(*meaning)
            .content("application/json", content)
            .build();
        let responses = &mut operation.responses.responses;
        responses.entry((*status).to_owned()).or_insert_with(|| RefOr::T(response));
    }
}

#[cfg(test)]
mod page;
