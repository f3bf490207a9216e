//! A rate: so many events in a period, so many at once.
//!
//! The generic cell rate algorithm on one atomic (governor): no lock, no
//! allocation and no queue. A refusal carries what its answer says: RFC 9110
//! section 10.2.3 `Retry-After`, and `RateLimit` and `RateLimit-Policy` of
//! draft-ietf-httpapi-ratelimit-headers. Their text is made only then.

use std::fmt;
use std::num::NonZeroU32;
use std::time::Duration;

use governor::clock::{Clock, DefaultClock};
use governor::middleware::NoOpMiddleware;
use governor::state::{InMemoryState, NotKeyed};
use governor::{Quota, RateLimiter as Gcra};
use http::HeaderValue;

use crate::config::Rate;

/// Admits events at a [`Rate`]. Full at first: a burst may come at once.
pub struct RateLimiter<C: Clock = DefaultClock> {
    gcra: Gcra<NotKeyed, InMemoryState, C, NoOpMiddleware<C::Instant>>,
    clock: C,
    policy: Policy,
}

/// What the limit is, for `RateLimit-Policy`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Policy {
    name: &'static str,
    rate: Rate,
}

impl RateLimiter {
    /// A limiter on the system's monotonic clock. `name` is what callers read
    /// in the fields: `source` or `address`.
    pub fn new(name: &'static str, rate: Rate) -> Self {
        Self::with_clock(name, rate, DefaultClock::default())
    }
}

impl<C: Clock + Clone> RateLimiter<C> {
    /// A limiter on `clock`.
    pub fn with_clock(name: &'static str, rate: Rate, clock: C) -> Self {
        let gcra = Gcra::direct_with_clock(quota(rate), clock.clone());
        Self { gcra, clock, policy: Policy { name, rate } }
    }

    /// Admits one event, or says when the next may come.
    pub fn admit(&self) -> Result<(), Limited> {
        self.gcra.check().map_err(|refused| self.used_up(refused.wait_time_from(self.clock.now())))
    }

    /// What a refusal says when somebody else keeps count of this rate, and
    /// admits nothing for `wait`.
    pub fn used_up(&self, wait: Duration) -> Limited {
        Limited { policy: self.policy, wait }
    }
}

impl<C: Clock> fmt::Debug for RateLimiter<C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("RateLimiter").field(&self.policy).finish()
    }
}

/// The rate is used up.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("over the {} rate limit", policy.name)]
pub struct Limited {
    policy: Policy,
    wait: Duration,
}

impl Limited {
    /// Whole seconds until an event is admitted again, rounded up, at least
    /// one: who comes earlier is refused again.
    pub fn retry_after_secs(&self) -> u64 {
        secs_rounded_up(self.wait)
    }

    /// The value of `RateLimit`, such as `"source";r=0;t=1`.
    pub fn rate_limit(&self) -> HeaderValue {
        field(&format!("\"{}\";r=0;t={}", self.policy.name, self.retry_after_secs()))
    }

    /// The value of `RateLimit-Policy`, such as `"source";q=100;w=1`.
    pub fn rate_limit_policy(&self) -> HeaderValue {
        let Rate { events, per, .. } = self.policy.rate;
        // The draft's window is in whole seconds; a period that is not is
        // widened, and its quota with it.
        let window = secs_rounded_up(per);
        let quota = u128::from(events.get()) * u128::from(window) * 1_000_000_000 / per.as_nanos().max(1);
        field(&format!("\"{}\";q={quota};w={window}", self.policy.name))
    }
}

fn secs_rounded_up(span: Duration) -> u64 {
    (span.as_secs() + u64::from(span.subsec_nanos() > 0)).max(1)
}

fn field(text: &str) -> HeaderValue {
    HeaderValue::from_str(text).expect("digits and a name from our own code are visible ASCII")
}

/// The quota of `rate`, where a bucket takes at most [`REFILL_MAX`] to refill:
/// governor counts nanoseconds in 64 bits, and its sums must not wrap.
fn quota(rate: Rate) -> Quota {
    let Pace { interval, burst } = pace(rate);
    Quota::with_period(interval).expect("the interval is at least a nanosecond").allow_burst(burst)
}

/// A rate as its algorithm takes it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Pace {
    /// From one event to the next, at a steady pace.
    pub(crate) interval: Duration,
    /// As many may come at once.
    pub(crate) burst: NonZeroU32,
}

/// The pace of `rate`, wherever it is kept count of.
pub(crate) fn pace(rate: Rate) -> Pace {
    let interval = (rate.per / rate.events.get()).clamp(Duration::from_nanos(1), REFILL_MAX);
    let burst_max = u32::try_from(REFILL_MAX.as_nanos() / interval.as_nanos()).unwrap_or(u32::MAX);
    let burst = NonZeroU32::new(rate.burst.get().min(burst_max)).unwrap_or(NonZeroU32::MIN);
    Pace { interval, burst }
}

/// How long a bucket of `rate` takes to refill from empty.
pub(super) fn refill(rate: Rate) -> Duration {
    quota(rate).burst_size_replenished_in()
}

/// Ten years: far beyond any rate that is meant, far below 64 bits.
const REFILL_MAX: Duration = Duration::from_secs(10 * 365 * 24 * 3600);

#[cfg(test)]
mod tests {
    use governor::clock::FakeRelativeClock;
    use proptest::prelude::*;

    use super::*;

    fn rate(events: u32, per: Duration, burst: u32) -> Rate {
        Rate { events: NonZeroU32::new(events).unwrap(), per, burst: NonZeroU32::new(burst).unwrap() }
    }

    fn limiter(rate: Rate) -> (RateLimiter<FakeRelativeClock>, FakeRelativeClock) {
        let clock = FakeRelativeClock::default();
        (RateLimiter::with_clock("source", rate, clock.clone()), clock)
    }

    #[test]
    fn a_burst_passes_and_then_the_rate_holds() {
        let (limiter, clock) = limiter(rate(100, Duration::from_secs(1), 5));
        assert_eq!((0..10).filter(|_| limiter.admit().is_ok()).count(), 5);
        clock.advance(Duration::from_millis(10));
        assert_eq!((0..10).filter(|_| limiter.admit().is_ok()).count(), 1);
    }

    #[test]
    fn a_refusal_says_which_limit_and_when_to_come_back() {
        let (limiter, clock) = limiter(rate(2, Duration::from_secs(60), 1));
        limiter.admit().unwrap();
        clock.advance(Duration::from_millis(500));
        let refused = limiter.admit().unwrap_err();
        assert_eq!(refused.retry_after_secs(), 30, "29.5 s, rounded up");
        assert_eq!(refused.rate_limit(), "\"source\";r=0;t=30");
        assert_eq!(refused.rate_limit_policy(), "\"source\";q=2;w=60");
        clock.advance(Duration::from_secs(30));
        limiter.admit().unwrap();
    }

    #[test]
    fn a_period_below_a_second_is_widened_in_the_policy() {
        let (limiter, _clock) = limiter(rate(5, Duration::from_millis(100), 1));
        limiter.admit().unwrap();
        let refused = limiter.admit().unwrap_err();
        assert_eq!(refused.rate_limit_policy(), "\"source\";q=50;w=1");
        assert_eq!(refused.retry_after_secs(), 1);
    }

    proptest! {
        #[test]
        fn no_rate_overflows(events in 1..=u32::MAX, burst in 1..=u32::MAX, nanos in any::<u64>()) {
            let (limiter, clock) = limiter(rate(events, Duration::from_nanos(nanos), burst));
            prop_assert!(limiter.admit().is_ok());
            clock.advance(REFILL_MAX);
            prop_assert!(limiter.admit().is_ok());
        }
    }
}
