//! The route table, as data: every path, its method, and the scope that the request's key needs.
//!
//! The router, the guard and the OpenAPI document are built from it, and `tests/it/keys.rs` tests
//! every entry over HTTP. So a route outside the table cannot be reached, and a route in the table
//! cannot be left without an access check.

use crate::http::access::Access;
use crate::http::access::Route;
use crate::http::access::Verb;
use crate::http::body;
use crate::http::catalog;
use crate::http::classify;
use crate::http::customers;
use crate::http::guard::Guard;
use crate::http::guard::guard;
use crate::http::health;
use crate::http::keys::Scope;
use crate::http::models;
use crate::http::openai;
use crate::http::openapi;
use crate::http::respond;
use crate::http::state::App;
use crate::http::suggest;
use crate::http::threads;
use crate::http::turns;
use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::Method;
use axum::http::StatusCode;
use axum::http::header::CONTENT_TYPE;
use axum::response::IntoResponse;
use axum::response::Response;
use axum::routing::MethodRouter;
use axum::routing::delete;
use axum::routing::get;
use axum::routing::post;
use axum::routing::put;
use std::sync::Arc;
use std::sync::OnceLock;
use tower_http::catch_panic::CatchPanicLayer;
use utoipa::openapi::OpenApi;

const fn route(
    verb: Verb,
    path: &'static str,
    access: Access,
    handler: fn() -> MethodRouter<Arc<App>>,
) -> Route {
    Route { verb, path, access, handler }
}

use Access::Key;
use Access::Needs;
use Access::Open;
use Verb::Delete;
use Verb::Get;
use Verb::Post;
use Verb::Put;

/// Every route.
#[rustfmt::skip]
pub(crate) const ROUTES: &[Route] = &[
    route(Post, "/respond", Needs(Scope::Turns), || post(respond::respond)),
    route(Post, "/v1/respond", Needs(Scope::Turns), || post(respond::respond)),
    route(Post, "/v1/turns", Needs(Scope::Turns), || post(turns::accept)),
    route(Get, "/v1/deliveries/dead", Needs(Scope::Operate), || get(turns::dead)),
    route(Post, "/v1/classify", Needs(Scope::Turns), || post(classify::classify)),
    route(Post, "/v1/suggest", Needs(Scope::Turns), || post(suggest::suggest)),
    route(Post, "/v1/embeddings", Needs(Scope::Models), || post(openai::embeddings::embeddings)),
    route(Post, "/v1/chat/completions", Needs(Scope::Models), || post(openai::chat)),
    route(Post, "/v1/completions", Needs(Scope::Models), || post(openai::completions)),
    route(Get, "/v1/models", Needs(Scope::Models), || get(models::list)),
    route(Post, "/v1/models/load", Needs(Scope::Operate), || post(models::load)),
    route(Post, "/v1/models/unload", Needs(Scope::Operate), || post(models::unload)),
    route(Get, "/v1/models/{name}", Needs(Scope::Models), || get(models::show)),
    route(Get, "/v1/threads/{id}", Needs(Scope::Threads), || get(threads::show)),
    route(Delete, "/v1/threads/{id}", Needs(Scope::Threads), || delete(threads::erase)),
    route(Post, "/v1/threads/{id}/handoff", Needs(Scope::Threads), || post(threads::handoff)),
    route(Post, "/v1/threads/{id}/release", Needs(Scope::Threads), || post(threads::release)),
    route(Post, "/v1/threads/{id}/messages", Needs(Scope::Threads), || post(threads::message)),
    route(Put, "/v1/customers/{id}", Needs(Scope::Customers), || put(customers::put)),
    route(Get, "/v1/customers/{id}", Needs(Scope::Customers), || get(customers::show)),
    route(Delete, "/v1/customers/{id}", Needs(Scope::Customers), || delete(customers::erase)),
    route(Get, "/v1/customers/{id}/export", Needs(Scope::Customers), || get(customers::export)),
    route(Get, "/v1/customers/{id}/facts", Needs(Scope::Customers), || get(customers::facts)),
    route(Post, "/v1/customers/{id}/consents", Needs(Scope::Customers),
          || post(customers::consent)),
    route(Post, "/v1/customers/{id}/identities", Needs(Scope::Customers), || post(customers::link)),
    route(Delete, "/v1/customers/{id}/identities/{channel}/{address}", Needs(Scope::Customers),
          || delete(customers::unlink)),
    route(Get, "/v1/catalog/search", Needs(Scope::Catalog), || get(catalog::search)),
    route(Get, "/healthz", Open, || get(health::alive)),
    route(Get, "/readyz", Open, || get(health::ready)),
    route(Get, "/metrics", Needs(Scope::Operate), || get(health::metrics)),
    route(Get, "/openapi.json", Key, || get(openapi_document)),
    route(Get, "/", Open, || get(health::console)),
];

/// Access rule of a matched path. Unknown paths and methods need any valid key, which then gets 404
/// or 405.
pub(crate) fn access(method: &Method, path: &str) -> Access {
    let verb = match *method {
        Method::GET | Method::HEAD => Get,
        Method::POST => Post,
        Method::PUT => Put,
        Method::DELETE => Delete,
        _ => return Key,
    };
    let row = ROUTES.iter().find(|route| route.verb == verb && route.path == path);
    row.map_or(Key, |route| route.access)
}

/// `GET /openapi.json`: the OpenAPI 3.1 document. Without API keys no operation requires one. Each of
/// the two is made once: it takes longer than most answers.
async fn openapi_document(State(app): State<Arc<App>>) -> Response {
    static DOCUMENTS: [OnceLock<Result<Bytes, String>>; 2] = [const { OnceLock::new() }; 2];
    let is_open = app.keys.is_open();
    let made = || {
        let mut document = description();
        if is_open {
            openapi::drop_security(&mut document);
        }
        serde_json::to_vec(&document).map(Bytes::from).map_err(|error| error.to_string())
    };
    match DOCUMENTS[usize::from(is_open)].get_or_init(made) {
        Ok(document) => {
            ([(CONTENT_TYPE, "application/json")], Bytes::clone(document)).into_response()
        }
        Err(error) => {
            tracing::error!(%error, "the OpenAPI document cannot be encoded (a bug in vitrine)");
            StatusCode::INTERNAL_SERVER_ERROR.into_response()
        }
    }
}

/// The OpenAPI document of [`ROUTES`]. Not part of [`openapi_document`], whose type the table's
/// value depends on.
fn description() -> OpenApi {
    openapi::description(ROUTES)
}

/// Builds the router from the table, with the guard in front.
pub(crate) fn router(app: Arc<App>) -> Router {
    let checks = Guard { app: Arc::clone(&app), access };
    let table = ROUTES
        .iter()
        .fold(Router::new(), |router, route| router.route(route.path, (route.handler)()));
    table
        .fallback(health::unknown)
        .method_not_allowed_fallback(health::wrong_method)
        .layer(axum::middleware::from_fn(body::name_ignored))
        .layer(CatchPanicLayer::custom(health::panicked))
        .layer(axum::middleware::from_fn_with_state(checks, guard))
        .with_state(app)
}

#[cfg(test)]
mod tests {
    use super::*;
    use utoipa::openapi::PathItem;

    fn described(item: &PathItem, verb: Verb) -> bool {
        match verb {
            Get => item.get.is_some(),
            Post => item.post.is_some(),
            Put => item.put.is_some(),
            Delete => item.delete.is_some(),
        }
    }

    #[test]
    fn the_description_holds_every_route_that_needs_a_scope_and_no_other() {
        let description = description();
        let mut missing = Vec::new();
        for route in ROUTES.iter().filter(|route| matches!(route.access, Needs(_))) {
            let item = description.paths.paths.get(route.path);
            if !item.is_some_and(|item| described(item, route.verb)) {
                missing.push(format!("{:?} {}", route.verb, route.path));
            }
        }
        assert!(missing.is_empty(), "not described: {missing:?}");
        for (path, item) in &description.paths.paths {
            for verb in [Get, Post, Put, Delete].into_iter().filter(|verb| described(item, *verb)) {
                let is_it = |route: &Route| route.path == path && route.verb == verb;
                assert!(ROUTES.iter().any(is_it), "{verb:?} {path} is not a route");
            }
        }
    }

    #[test]
    fn no_route_is_listed_twice() {
        for (at, route) in ROUTES.iter().enumerate() {
            let again = ROUTES[at + 1..]
                .iter()
                .any(|other| other.verb == route.verb && other.path == route.path);
            assert!(!again, "{:?} {}", route.verb, route.path);
        }
    }

    #[test]
    fn head_needs_the_scope_of_get_and_unknown_paths_need_any_key() {
        assert_eq!(access(&Method::HEAD, "/metrics"), Needs(Scope::Operate));
        assert_eq!(access(&Method::GET, "/nowhere"), Key);
        assert_eq!(access(&Method::PATCH, "/respond"), Key);
        assert_eq!(access(&Method::GET, "/healthz"), Open);
    }
}
