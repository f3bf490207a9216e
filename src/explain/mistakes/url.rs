//! The URL, for schemes that sign it: http or https, host, port, path, query.

use super::{Mistake, Variant};
use crate::explain::case::Case;

pub(super) fn variants(_case: &Case) -> Vec<Variant> {
    let _ = Mistake::UrlScheme;
    Vec::new()
}
