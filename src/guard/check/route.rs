//! Stage 1: which source is it for?

use std::sync::Arc;

use http::request::Parts;

use crate::guard::rejection::{Refused, Rejection};
use crate::guard::routes::Routes;
use crate::guard::source::Source;
use crate::net::{Sound, is_unambiguous};

/// A sound request with the source it is for.
#[derive(Debug)]
pub(crate) struct Routed {
    pub(super) source: Arc<Source>,
    pub(super) sound: Sound,
}

/// Finds the source by path, and checks that it takes the method.
pub(crate) fn route(routes: &Routes, sound: Sound, parts: &Parts) -> Result<Routed, Refused> {
    let path = parts.uri.path();
    if !is_unambiguous(path) {
        return Err(if path == "*" { Rejection::NoSource } else { Rejection::HeadRefused }.into());
    }
    let source = routes.find(parts).ok_or(Rejection::NoSource)?;
    if !source.config.methods.contains(&parts.method) {
        return Err(Refused::method_not_allowed(source.allow_value.clone()));
    }
    Ok(Routed { source: Arc::clone(source), sound })
}

impl Routed {
    /// The source it is for.
    pub(crate) fn source(&self) -> &Arc<Source> {
        &self.source
    }
}
