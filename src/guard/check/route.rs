//! Stage 1: which source is it for, and does that take such a request?

use std::sync::Arc;

use http::Method;
use http::request::Parts;

use crate::guard::rejection::{Refused, Rejection};
use crate::guard::routes::Routes;
use crate::guard::source::Source;
use crate::net::{Sound, is_unambiguous};

/// A sound request with the source that its host and path lead to.
#[derive(Debug)]
pub(crate) struct Found {
    source: Arc<Source>,
    sound: Sound,
}

/// A sound request with the source it is for.
#[derive(Debug)]
pub(crate) struct Routed {
    pub(super) source: Arc<Source>,
    pub(super) sound: Sound,
}

/// Finds the source by host and path.
pub(crate) fn find(routes: &Routes, sound: Sound, parts: &Parts) -> Result<Found, Refused> {
    let path = parts.uri.path();
    if path == "*" {
        return Err(Rejection::NoSource.into());
    }
    if !is_unambiguous(path) {
        return Err(Refused::because(Rejection::HeadRefused, "path"));
    }
    let source = Arc::clone(routes.find(parts).ok_or(Rejection::NoSource)?);
    Ok(Found { source, sound })
}

/// Checks that the source takes the method.
pub(crate) fn route(found: Found, method: &Method) -> Result<Routed, Refused> {
    let Found { source, sound } = found;
    if source.takes(method) {
        Ok(Routed { source, sound })
    } else {
        Err(Refused::method_not_allowed(source.allow_value.clone()))
    }
}

impl Found {
    /// The source that was found.
    pub(crate) fn source(&self) -> &Arc<Source> {
        &self.source
    }
}

impl Routed {
    /// The source it is for.
    pub(crate) fn source(&self) -> &Arc<Source> {
        &self.source
    }
}
