//! The OpenAPI document, built from the handlers' annotations and the route table.

use crate::http::access::Access;
use crate::http::access::Route;
use crate::http::access::Verb;
use crate::http::wire;
use utoipa::openapi::OpenApi;
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

/// Builds the document; each operation lists the scope that its route requires.
pub(crate) fn description(routes: &[Route]) -> OpenApi {
    let mut description = <Description as utoipa::OpenApi>::openapi();
    let scheme = Http::new(HttpAuthScheme::Bearer);
    description
        .components
        .get_or_insert_default()
        .add_security_scheme(KEY_SCHEME, SecurityScheme::Http(scheme));
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
        if let (Some(operation), Access::Needs(scope)) = (operation, route.access) {
            operation.security = Some(vec![SecurityRequirement::new(KEY_SCHEME, [scope.name()])]);
        }
    }
    description
}
