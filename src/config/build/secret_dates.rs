//! From when until when each secret counts: `SLOT=TIME`.
//!
//! A slot is what the metric and the log line of a delivery call a secret: its
//! number from 0 among those of the scheme that is named first. `SCHEME=` in
//! front means the slots of another scheme.

use super::secret::{self, Kept};
use crate::clock::UnixTime;
use crate::config::problems::Report;
use crate::config::values::{Fault, Instant, instant};
use crate::schemes::Preset;

/// What was given, as people wrote it.
#[derive(Clone, Copy)]
pub(super) struct GivenDates<'a> {
    pub(super) not_before: &'a [String],
    pub(super) not_after: &'a [String],
}

/// Gives `secrets` of the `asked` schemes their dates. `None` where one of them
/// cannot be; where no scheme is known that is told already.
pub(super) fn date(
    given: GivenDates<'_>,
    asked: &[&Preset],
    secrets: &mut [Kept],
    report: &mut Report,
) -> Option<()> {
    if asked.is_empty() {
        return Some(());
    }
    let before = dates(NOT_BEFORE, given.not_before, asked, secrets, report);
    let after = dates(NOT_AFTER, given.not_after, asked, secrets, report);
    let (before, after) = (before?, after?);
    let mut complete = true;
    for Date { text, place, time } in after {
        let not_before = before.iter().find(|begin| begin.place == place).map(|begin| begin.time);
        if let Some(begin) = not_before.filter(|begin| *begin >= time) {
            let begin = Instant(begin);
            report.wrong(
                NOT_AFTER,
                text,
                format!("is not after its {NOT_BEFORE}, {begin}: it would never count"),
            );
            complete = false;
        }
        secrets[place].1.validity.not_after = Some(time);
    }
    for Date { place, time, .. } in before {
        secrets[place].1.validity.not_before = Some(time);
    }
    complete.then_some(())
}

/// A time for the secret at `place` among all.
struct Date<'a> {
    text: &'a str,
    place: usize,
    time: UnixTime,
}

/// All that `key` says, at most one for each secret.
fn dates<'a>(
    key: &'static str,
    texts: &'a [String],
    asked: &[&Preset],
    secrets: &[Kept],
    report: &mut Report,
) -> Option<Vec<Date<'a>>> {
    let mut dates: Vec<Date<'_>> = Vec::new();
    for text in texts {
        let read = read(text, asked, secrets).and_then(|(place, time)| {
            let twice = dates.iter().any(|earlier| earlier.place == place);
            if twice { Err("is the second one of its slot: leave one out".into()) } else { Ok((place, time)) }
        });
        match read {
            Ok((place, time)) => dates.push(Date { text, place, time }),
            Err(fault) => report.wrong(key, text, fault),
        }
    }
    (dates.len() == texts.len()).then_some(dates)
}

/// The place of the secret among all, and the time.
fn read(text: &str, asked: &[&Preset], secrets: &[Kept]) -> Result<(usize, UnixTime), Fault> {
    let (kept_to, rest) = secret::kept_to(text);
    let scheme = kept_to.or(asked.first().copied()).map_or("", |preset| preset.name);
    if asked.iter().all(|preset| preset.name != scheme) {
        return Err("is for a scheme that --scheme does not name".into());
    }
    let (slot, time) = rest.split_once('=').ok_or(FORM)?;
    let slot: usize = slot.parse().map_err(|_| FORM)?;
    let time = instant(time)?;
    let is_mine = |of: Option<&Preset>| of.is_none_or(|of| of.name == scheme);
    let mut slots = secrets.iter().enumerate().filter(|(_, (of, _))| is_mine(*of));
    let count = slots.clone().count();
    match slots.nth(slot) {
        Some((place, _)) => Ok((place, time)),
        None if count == 0 => Err(format!("has no meaning with {scheme}, which has no secret here").into()),
        None => {
            Err(format!("is for a slot that is not there: the last one of {scheme} is {}", count - 1).into())
        }
    }
}

const NOT_BEFORE: &str = "--secret-not-before";
const NOT_AFTER: &str = "--secret-not-after";

const FORM: &str = "expected SLOT=TIME, such as 0=2026-12-01T00:00:00Z: slots are numbers from 0, in the order of \
                    --secret-file, then --secret-env";
