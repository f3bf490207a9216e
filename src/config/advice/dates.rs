//! Dates of secrets that end in deliveries which nothing verifies.

use std::time::Duration;

use super::super::guard::SourceConfig;
use super::super::problems::Remark;
use super::super::values::Instant;
use crate::clock::UnixTime;
use crate::schemes::{Scheme, Validity};

/// What the dates of each scheme's secrets come to, seen from `now`.
pub(super) fn on_dates(source: &SourceConfig, now: UnixTime) -> Vec<Remark> {
    let name = &source.name;
    let whose = |scheme: &Scheme| match source.demand.iter().count() {
        1 => format!("source {name:?}"),
        _ => format!("source {name:?} for {}", scheme.preset().name),
    };
    source.demand.iter().flat_map(|scheme| of(scheme.validities(), &whose(scheme), now)).collect()
}

fn of(validities: &[Validity], whose: &str, now: UnixTime) -> Vec<Remark> {
    let gaps = gaps(validities, now).into_iter().map(|gap| {
        let Gap { from, slot, until } = gap;
        let (from, until) = (Instant(from), Instant(until));
        let text = format!(
            "{slot}={until}: no secret of {whose} counts from {from} until then, and every delivery in between is \
             refused"
        );
        Remark::warning("--secret-not-before", text)
    });
    gaps.chain(on_end(validities, whose, now)).collect()
}

/// That no secret will be left, where that is soon.
fn on_end(validities: &[Validity], whose: &str, now: UnixTime) -> Option<Remark> {
    // One without an end is the end of it.
    let ends = validities.iter().map(|validity| validity.not_after).collect::<Option<Vec<_>>>()?;
    let last = ends.into_iter().max()?;
    let end = Instant(last);
    let text = if last < now {
        format!("every secret of {whose} has expired, the last one on {end}: every delivery is refused")
    } else if last < now.saturating_add(SOON) {
        format!("every secret of {whose} expires within 7 days, the last one on {end}: add the next one")
    } else {
        return None;
    };
    Some(Remark::warning("--secret-not-after", text))
}

/// A time in which no secret counts, and the one that ends it.
#[derive(Debug, PartialEq, Eq)]
struct Gap {
    /// The instant from which none counts; where none has yet, that of looking.
    from: UnixTime,
    slot: usize,
    until: UnixTime,
}

/// The gaps from `now` on that end. What follows the last secret is no gap.
fn gaps(validities: &[Validity], now: UnixTime) -> Vec<Gap> {
    let mut ahead: Vec<(usize, &Validity)> =
        validities.iter().enumerate().filter(|(_, validity)| !validity.is_over(now)).collect();
    ahead.sort_by_key(|(_, validity)| validity.not_before);
    let mut gaps = Vec::new();
    // Up to here deliveries are verified; `None` is for ever.
    let mut reached = Some(now);
    for (slot, validity) in ahead {
        let Some(from) = reached else { break };
        if let Some(until) = validity.not_before.filter(|begin| from.saturating_add(INSTANT) < *begin) {
            gaps.push(Gap { from, slot, until });
        }
        reached = validity.not_after.map(|end| end.max(from));
    }
    gaps
}

/// Long enough to make a secret, and to have somebody change it at the
/// provider.
const SOON: Duration = Duration::from_secs(7 * 24 * 3600);

/// The least step of time: one secret's last instant, and the next one's first.
const INSTANT: Duration = Duration::from_millis(1);

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: u64 = 1000;

    fn found(dates: &[(Option<u64>, Option<u64>)]) -> Vec<(u64, usize, u64)> {
        let at = |secs: Option<u64>| secs.map(UnixTime::from_secs);
        let validities: Vec<_> = dates
            .iter()
            .map(|(begin, end)| Validity { not_before: at(*begin), not_after: at(*end) })
            .collect();
        let found = gaps(&validities, UnixTime::from_secs(NOW)).into_iter();
        found.map(|gap| (gap.from.as_secs(), gap.slot, gap.until.as_secs())).collect()
    }

    #[test]
    fn a_gap_is_a_time_ahead_in_which_no_secret_counts() {
        for (dates, gaps) in [
            (&[][..], &[][..]),
            (&[(None, None)], &[]),
            (&[(None, Some(2000))], &[]),
            (&[(Some(1500), None)], &[(1000, 0, 1500)]),
            (&[(None, Some(2000)), (Some(2000), None)], &[]),
            (&[(None, Some(2000)), (Some(2001), None)], &[(2000, 1, 2001)]),
            (&[(Some(3000), None), (None, Some(2000))], &[(2000, 0, 3000)]),
            (
                &[(None, Some(2000)), (Some(3000), Some(4000)), (Some(5000), None)],
                &[(2000, 1, 3000), (4000, 2, 5000)],
            ),
            // One that spans the others leaves none, in whatever order.
            (&[(None, Some(2000)), (Some(3000), Some(4000)), (Some(1500), None)], &[]),
            // What is over, or has begun, is past.
            (&[(None, Some(500)), (Some(700), None)], &[]),
            (&[(None, Some(500)), (Some(1200), None)], &[(1000, 1, 1200)]),
        ] {
            assert_eq!(found(dates), gaps, "{dates:?}");
        }
    }
}
