//! What is known of a capture once it was judged: the same for people and for
//! programs.

use std::str::FromStr;

use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use super::steps::{self, Outcome, Step};
use crate::clock::UnixTime;
use crate::config::Scrutiny;
use crate::explain::{Capture, Case, Finding, Received, Search, hints, other_fields, search};
use crate::guard::Rejection;
use crate::keys::Secret;
use crate::schemes::Refusal;

/// At what time a capture is judged.
#[derive(Clone, Copy, Debug)]
pub(super) enum Moment {
    /// This one.
    At(Received),
    /// The one at which it claims to have been signed.
    Signed,
}

/// Everything that is said of a capture.
pub(super) struct Facts<'a> {
    pub(super) source: &'a str,
    pub(super) capture: &'a Capture,
    pub(super) received: Received,
    /// The code that the capture records, where it is about something else than
    /// the signature.
    pub(super) recorded: Option<&'static str>,
    /// What comes before any scheme.
    pub(super) steps: Vec<Step>,
    pub(super) schemes: Vec<SchemeFacts<'a>>,
}

/// What is said of one scheme.
pub(super) struct SchemeFacts<'a> {
    pub(super) case: &'a Case,
    pub(super) steps: Vec<Step>,
    pub(super) why: Why,
    pub(super) hints: Vec<String>,
}

/// What becomes of the signature, and why.
pub(super) enum Why {
    /// It holds, by the secret in this place.
    Holds { slot: usize },
    /// It would hold; its time is what is refused.
    TimeOnly,
    /// Known mistakes explain it.
    Explained(Vec<Finding>),
    /// There is none, nor anywhere else where a known mistake puts it.
    Absent { tries: usize },
    /// The guard that made the capture had refused it for something else.
    NotLookedAt,
    /// None does.
    Unexplained { tries: usize, cut_short: bool },
}

impl<'a> Facts<'a> {
    /// Judges `cases`, one for each scheme of the source.
    pub(super) fn gather(
        scrutiny: &'a Scrutiny,
        capture: &'a Capture,
        cases: &'a [Case],
        others: &[(String, Secret)],
        received: Received,
    ) -> Self {
        let recorded = recorded(capture);
        let gather = |case| match recorded {
            Some(_) => SchemeFacts::not_looked_at(case),
            None => SchemeFacts::gather(case, others),
        };
        let schemes = cases.iter().map(gather).collect();
        let steps = steps::of_source(&scrutiny.source, capture);
        Self { source: &scrutiny.source.name, capture, received, recorded, steps, schemes }
    }

    /// The code that is recorded, or that of the first refusal; `None` where a
    /// guard would ask its ledger.
    pub(super) fn code(&self) -> Option<&'static str> {
        if self.recorded.is_some() {
            return self.recorded;
        }
        let mut steps = self.steps.iter().chain(self.schemes.iter().flat_map(|scheme| &scheme.steps));
        steps.find_map(|step| step.outcome.code())
    }
}

impl<'a> SchemeFacts<'a> {
    fn gather(case: &'a Case, others: &[(String, Secret)]) -> Self {
        let (steps, slot) = steps::of_scheme(case);
        let why = match slot {
            Some(slot) => Why::Holds { slot },
            None if case.holds_at_some_time() => Why::TimeOnly,
            None => match Why::from(search(case, others)) {
                Why::Unexplained { tries, .. } if is_absent(case) => Why::Absent { tries },
                why => why,
            },
        };
        let hints = match why {
            Why::Holds { .. } => Vec::new(),
            Why::Absent { .. } => other_fields(case).into_iter().collect(),
            _ => hints(case),
        };
        Self { case, steps, why, hints }
    }
}

impl<'a> SchemeFacts<'a> {
    /// Of one that was refused before: its signature may want a body that was
    /// never read, and explains nothing.
    fn not_looked_at(case: &'a Case) -> Self {
        Self { case, steps: vec![steps::not_looked_at()], why: Why::NotLookedAt, hints: Vec::new() }
    }
}

/// The code that `capture` records, unless a scheme refuses with it.
fn recorded(capture: &Capture) -> Option<&'static str> {
    let code = capture.code.as_deref()?;
    let is_recorded =
        |rejection: &Rejection| rejection.code() == code && !matches!(rejection, Rejection::Unproven(_));
    Rejection::all().find(is_recorded).map(Rejection::code)
}

fn is_absent(case: &Case) -> bool {
    matches!(case.judge_head(), Ok(Err(Refusal::SignatureMissing | Refusal::TokenMissing)))
}

impl From<Search> for Why {
    fn from(search: Search) -> Self {
        match search {
            Search { findings, .. } if !findings.is_empty() => Self::Explained(findings),
            Search { tries, cut_short, .. } => Self::Unexplained { tries, cut_short },
        }
    }
}

impl Moment {
    /// What the capture says, or else the clock.
    pub(super) fn of(capture: &Capture, now: UnixTime) -> Self {
        Self::At(
            capture.received.unwrap_or(Received { at: now, from: "now, since the capture does not say" }),
        )
    }

    /// Where no time is signed, none matters.
    pub(super) fn resolve(self, cases: &[Case]) -> Received {
        match self {
            Self::At(received) => received,
            Self::Signed => {
                let at = cases.iter().find_map(Case::claimed_at).unwrap_or(UnixTime::EPOCH);
                Received { at, from: "the time at which it claims to have been signed" }
            }
        }
    }
}

impl FromStr for Moment {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let at = |at| Self::At(Received { at, from: "--received-at" });
        if text == "signed" {
            return Ok(Self::Signed);
        }
        if let Ok(secs) = text.parse() {
            return Ok(at(UnixTime::from_secs(secs)));
        }
        let parsed = OffsetDateTime::parse(text, &Rfc3339).ok();
        let millis = parsed.and_then(|time| u64::try_from(time.unix_timestamp_nanos() / 1_000_000).ok());
        millis
            .map(|millis| at(UnixTime::from_millis(millis)))
            .ok_or("expected RFC 3339, unix seconds, or the word signed")
    }
}

/// RFC 3339 in UTC, or unix seconds beyond the years it can say.
pub(in crate::cli) fn shown_time(time: UnixTime) -> String {
    let seconds =
        i64::try_from(time.as_secs()).ok().and_then(|secs| OffsetDateTime::from_unix_timestamp(secs).ok());
    seconds.and_then(|time| time.format(&Rfc3339).ok()).unwrap_or_else(|| time.as_secs().to_string())
}

impl Outcome {
    /// The code, where it is a refusal.
    pub(super) fn code(&self) -> Option<&'static str> {
        match self {
            Self::Refused(code) => Some(code),
            Self::Passed | Self::NotReached => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_moment_is_a_time_or_the_signed_one() {
        let at = |text: &str| match text.parse() {
            Ok(Moment::At(received)) => Some(received.at),
            _ => None,
        };
        assert_eq!(at("1700000000"), Some(UnixTime::from_secs(1_700_000_000)));
        assert_eq!(at("2023-11-14T22:13:20Z"), Some(UnixTime::from_secs(1_700_000_000)));
        assert!(matches!("signed".parse(), Ok(Moment::Signed)));
        for wrong in ["", "yesterday", "-1", "1.5", "1969-01-01T00:00:00Z"] {
            assert!(wrong.parse::<Moment>().is_err(), "{wrong}");
        }
    }

    #[test]
    fn times_are_shown_in_utc() {
        assert_eq!(shown_time(UnixTime::from_secs(1_700_000_000)), "2023-11-14T22:13:20Z");
        assert_eq!(shown_time(UnixTime::from_secs(999_999_999_999)), "999999999999");
    }
}
