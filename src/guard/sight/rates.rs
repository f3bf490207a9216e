//! How many deliveries a second were verified of late, from looking at the
//! counters every few seconds: deliveries themselves pay nothing for it.

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::control::RateStatus;
use crate::guard::source::Source;

/// The looks of the last quarter of an hour, by the name of the source.
#[derive(Debug, Default)]
pub(super) struct Rates(HashMap<String, Looks>);

/// What a counter said, the oldest first.
#[derive(Debug, Default)]
struct Looks(VecDeque<(Instant, u64)>);

impl Rates {
    /// Looks at the counters of `sources`, and forgets those of all others.
    pub(super) fn sample(&mut self, sources: &[Arc<Source>], now: Instant) {
        let mut before = std::mem::take(&mut self.0);
        for source in sources {
            let mut looks = before.remove(source.named.name()).unwrap_or_default();
            looks.add(now, source.named.verified_count());
            self.0.insert(source.named.name().to_owned(), looks);
        }
    }

    /// The rates of `source` at `now`.
    pub(super) fn of(&self, source: &Source, now: Instant) -> RateStatus {
        let Some(looks) = self.0.get(source.named.name()) else { return RateStatus::default() };
        let count = source.named.verified_count();
        let rate = |minutes: u64| looks.rate(now, count, Duration::from_secs(60 * minutes));
        RateStatus { minute: rate(1), five_minutes: rate(5), quarter: rate(15) }
    }
}

impl Looks {
    fn add(&mut self, now: Instant, count: u64) {
        self.0.push_back((now, count));
        // One that is older than the longest span says nothing any more.
        while self.0.len() > LOOKS_MAX {
            self.0.pop_front();
        }
    }

    /// Over `span`, or over as much of it as there are looks for.
    fn rate(&self, now: Instant, count: u64, span: Duration) -> Option<f64> {
        let age = |at: &Instant| now.saturating_duration_since(*at);
        let (at, before) = self.0.iter().find(|(at, _)| age(at) <= span)?;
        // Of less than a second nothing can be said.
        let seconds = Some(age(at).as_secs_f64()).filter(|seconds| *seconds >= 1.0)?;
        // For people: what a float rounds away does not matter.
        #[allow(clippy::cast_precision_loss)]
        Some(count.saturating_sub(*before) as f64 / seconds)
    }
}

/// A quarter of an hour of looks, five seconds apart.
const LOOKS_MAX: usize = 180;

#[cfg(test)]
mod tests {
    use super::*;

    fn rates(looks: &Looks, now: Instant, count: u64) -> [Option<f64>; 3] {
        [1, 5, 15].map(|minutes| looks.rate(now, count, Duration::from_secs(60 * minutes)))
    }

    #[test]
    fn a_rate_is_over_its_span_or_what_there_is_of_it() {
        let (start, mut looks) = (Instant::now(), Looks::default());
        let at = |seconds: u64| start + Duration::from_secs(seconds);
        assert_eq!(rates(&looks, start, 0), [None; 3]);
        looks.add(start, 100);
        assert_eq!(rates(&looks, start, 100), [None; 3]);
        assert_eq!(rates(&looks, at(4), 140), [Some(10.0); 3]);
        // Two a second for ten minutes, then nothing for one.
        for look in 1..=120 {
            looks.add(at(5 * look), 100 + 10 * look);
        }
        for look in 121..=132 {
            looks.add(at(5 * look), 1300);
        }
        assert_eq!(rates(&looks, at(660), 1300), [Some(0.0), Some(1.6), Some(1200.0 / 660.0)]);
    }

    #[test]
    fn looks_are_bounded_and_cover_the_longest_span() {
        let (start, mut looks) = (Instant::now(), Looks::default());
        for look in 0..1000 {
            looks.add(start + Duration::from_secs(5 * look), look);
        }
        assert_eq!(looks.0.len(), LOOKS_MAX);
        let now = start + Duration::from_secs(5 * 1000);
        assert_eq!(rates(&looks, now, 1000), [Some(0.2); 3]);
    }
}
