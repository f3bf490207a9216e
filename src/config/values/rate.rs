//! A sustained rate: `100/s`, `6000/m`, `10/h`.

use std::fmt;
use std::num::NonZeroU32;
use std::str::FromStr;
use std::time::Duration;

use super::Fault;
use crate::config::Rate;

impl FromStr for Rate {
    type Err = Fault;

    /// The burst is one second's worth of events, at least one.
    fn from_str(text: &str) -> Result<Self, Fault> {
        let (events, unit) = text.split_once('/').ok_or(FORM)?;
        let (_, secs) = PERIODS.iter().find(|(name, _)| *name == unit).ok_or(FORM)?;
        let digits = events.bytes().all(|byte| byte.is_ascii_digit());
        let events: NonZeroU32 = events.parse().ok().filter(|_| digits).ok_or(FORM)?;
        if events.get() > EVENTS_MAX {
            return Err("expected at most 100000000 in one period".into());
        }
        let burst = NonZeroU32::new(events.get() / secs).unwrap_or(NonZeroU32::MIN);
        Ok(Self { events, per: Duration::from_secs((*secs).into()), burst })
    }
}

impl fmt::Display for Rate {
    /// Without the burst.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match PERIODS.iter().find(|(_, secs)| u64::from(*secs) == self.per.as_secs()) {
            Some((unit, _)) => write!(f, "{}/{unit}", self.events),
            None => write!(f, "{}/{}s", self.events, self.per.as_secs()),
        }
    }
}

const FORM: &str = "expected a rate with its period, such as 100/s, 6000/m or 10/h";

const PERIODS: [(&str, u32); 3] = [("s", 1), ("m", 60), ("h", 3600)];

/// Beyond it the interval between two events is shorter than any clock tells.
const EVENTS_MAX: u32 = 100_000_000;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rates_are_read_with_their_period_and_burst() {
        for (text, events, secs, burst) in
            [("100/s", 100, 1, 100), ("6000/m", 6000, 60, 100), ("10/h", 10, 3600, 1)]
        {
            let rate: Rate = text.parse().unwrap_or_else(|fault| panic!("{text}: {fault}"));
            assert_eq!(
                (rate.events.get(), rate.per.as_secs(), rate.burst.get()),
                (events, secs, burst),
                "{text}"
            );
        }
    }

    #[test]
    fn zero_bare_and_other_periods_are_refused() {
        for wrong in ["", "100", "0/s", "+1/s", "100/", "/s", "1/d", "1.5/s", "100/sec", "200000000/s"] {
            assert!(wrong.parse::<Rate>().is_err(), "{wrong}");
        }
    }
}
