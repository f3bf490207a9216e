//! A bug in one delivery must not become the end of others.

use std::panic::AssertUnwindSafe;

use futures_util::FutureExt as _;
use http::{HeaderName, HeaderValue};

/// On the answer to a delivery that a bug of ours ended: the id under which
/// the log has it.
pub(crate) const ERROR_ID: HeaderName = HeaderName::from_static("countersign-error-id");

/// Runs `work`. A panic in it is logged under an id, which is given back in
/// place of what it would have given.
///
/// What a panic leaves behind is dropped with the future; nothing that
/// deliveries share is changed halfway.
pub(crate) fn survive<T>(work: impl Future<Output = T>) -> impl Future<Output = Result<T, HeaderValue>> {
    AssertUnwindSafe(work).catch_unwind().map(|ended| ended.map_err(|_| report()))
}

/// The panic's own message and place are on standard error.
fn report() -> HeaderValue {
    let id = format!("{:016x}", getrandom::u64().unwrap_or_default());
    tracing::error!(id, "a bug: this delivery panicked; please report it");
    HeaderValue::from_str(&id).expect("hexadecimal digits are a field value")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_panic_becomes_an_id_of_its_own() {
        assert_eq!(survive(async { 7 }).await, Ok(7));
        let panicking = || survive(async { panic!("a bug") });
        let ids: [Result<(), _>; 2] = [panicking().await, panicking().await];
        assert!(ids.iter().all(|id| id.as_ref().is_err_and(|id| id.len() == 16)));
        assert_ne!(ids[0], ids[1]);
    }
}
