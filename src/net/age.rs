//! The end of a connection for its age, at which no request is lost: what it
//! was trusted for is found out anew by the next one.
//!
//! HTTP/2 has GOAWAY for it. HTTP/1.1 has `Connection: close` on an answer
//! (RFC 9112 section 9.6) and nothing else: to close between two answers races
//! with a request that is on its way. So the first answer past the age is the
//! last, and without an answer the connection is closed only once no request
//! has come for a while.

use std::future;
use std::sync::Arc;

use tokio::time::{Duration, sleep};

use super::activity::{Activity, Lapse, Patience};

/// Waits until a connection is past its age, where it has one.
///
/// That is up to a tenth less than `age_max`, by chance: connections that were
/// made together are not to end together.
pub(super) async fn past(age_max: Option<Duration>) {
    let Some(age_max) = age_max else { return future::pending().await };
    // Without randomness they end together, and are no worse for it.
    let chance = f64::from(getrandom::u32().unwrap_or_default()) / f64::from(u32::MAX);
    sleep(age_max.mul_f64(1.0 - chance / 10.0)).await;
}

/// The same for HTTP/1.1: from then on the next answer says that it is the
/// last, and this waits until none is asked for.
pub(super) async fn past_and_unused(
    age_max: Option<Duration>,
    activity: Arc<Activity>,
    patience: Patience,
) -> Lapse {
    past(age_max).await;
    activity.let_next_answer_be_last();
    activity.lapse(Patience { idle: patience.idle.min(UNUSED), ..patience }).await
}

/// How long a connection past its age waits for one more request.
const UNUSED: Duration = Duration::from_secs(10);
