//! What a request needs to call a route, and the form of one entry of the route table.

use crate::http::keys::Scope;
use crate::http::state::App;
use axum::http::Method;
use axum::routing::MethodRouter;
use std::sync::Arc;

/// What a request needs to call a route.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Access {
    /// No key: probes and the console page.
    Open,
    /// Any valid key.
    Key,
    /// A key with this scope.
    Needs(Scope),
}

/// Returns what a method and a matched path require; the path is empty if no route matches.
pub(crate) type AccessRule = fn(&Method, &str) -> Access;

/// HTTP methods used in the table; unlike [`Method`] it can be matched in constants.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Verb {
    Get,
    Post,
    Put,
    Delete,
}

/// One entry of the table.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Route {
    pub(crate) verb: Verb,
    pub(crate) path: &'static str,
    pub(crate) access: Access,
    pub(crate) handler: fn() -> MethodRouter<Arc<App>>,
}
