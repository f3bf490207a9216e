//! A status for people at a terminal: aligned tables, and times as how long ago
//! they were.

use std::fmt::Write as _;
use std::time::Duration;

use crate::control::{
    At, CertificateStatus, CodeStatus, ConfigurationStatus, LedgerStatus, RateStatus, RefusalsStatus,
    SlotStatus, SourceStatus, Status,
};

/// The whole page.
pub(super) fn page(status: &Status) -> String {
    let Status { role, version, uptime_seconds, now, .. } = status;
    let state = if status.ready { "takes deliveries" } else { "is stopping" };
    let up = span(Duration::from_secs(*uptime_seconds));
    let mut page = format!("{role} {version}, up for {up}, {state}\n");
    configuration(&status.configuration, *now, &mut page);
    ledger(&status.ledger, &mut page);
    let head = ["SOURCE", "MODE", "SCHEMES", "VERIFIED/S 1m", "5m", "15m", "UPSTREAM"];
    table(&head, status.sources.iter().map(source), &mut page);
    table(&["SOURCE", "CODE", "COUNT", "LAST"], codes(status), &mut page);
    table(&["SOURCE", "SLOT", "VERIFIED", "LAST", "COUNTS"], slots(status), &mut page);
    let rows = status.certificates.iter().map(|shown| certificate(shown, *now));
    table(&["CERTIFICATE", "ENDS", "NAME", "FILE"], rows, &mut page);
    refusals(&status.refusals, *now, &mut page);
    page
}

fn configuration(shown: &ConfigurationStatus, now: At, page: &mut String) {
    let ConfigurationStatus { taken, refused, .. } = shown;
    let since = shown.last_taken.map_or_else(|| "never".to_owned(), |at| ago(at, now));
    let _ =
        writeln!(page, "configuration: taken {since}; {taken} taken and {refused} refused since the start");
    for setting in &shown.awaiting_restart {
        let _ = writeln!(page, "  {setting} was changed and takes a restart");
    }
    let Some(broken) = &shown.last_refused else { return };
    let then = ago(broken.at, now);
    let state = if shown.is_current { "mended since" } else { "NOT MENDED: the one before is in force" };
    let _ = writeln!(page, "  refused {then}, {state}:");
    for problem in &broken.problems {
        let _ = writeln!(page, "    {problem}");
    }
    if broken.further_problems > 0 {
        let _ = writeln!(page, "    and {} more", broken.further_problems);
    }
}

fn ledger(shown: &LedgerStatus, page: &mut String) {
    let LedgerStatus { engine, standing, entries_max, unsettled, .. } = shown;
    let entries = shown.entries.map_or_else(|| "unknown".to_owned(), |entries| entries.to_string());
    let _ = write!(page, "ledger: {engine}, {standing}, {entries} entries of at most {entries_max}");
    let _ = match unsettled {
        0 => writeln!(page),
        _ => writeln!(page, ", {unsettled} settlements still to be told"),
    };
}

fn source(shown: &SourceStatus) -> Vec<String> {
    let RateStatus { minute, five_minutes, quarter } = shown.verified_per_second;
    let rate = |rate: Option<f64>| rate.map_or_else(dash, |rate| format!("{rate:.2}"));
    vec![
        shown.name.clone(),
        shown.mode.clone(),
        shown.schemes.join("+"),
        rate(minute),
        rate(five_minutes),
        rate(quarter),
        shown.upstream.clone(),
    ]
}

fn codes(status: &Status) -> impl Iterator<Item = Vec<String>> {
    let of_sources = status.sources.iter().map(|source| (source.name.as_str(), &source.codes));
    let all = of_sources.chain([("-", &status.without_source)]);
    let row = |name: &str, shown: &CodeStatus| {
        let last = shown.last.map_or_else(dash, |last| ago(last, status.now));
        vec![name.to_owned(), shown.code.clone(), shown.count.to_string(), last]
    };
    all.flat_map(move |(name, codes)| codes.iter().map(move |shown| row(name, shown)))
}

fn slots(status: &Status) -> impl Iterator<Item = Vec<String>> {
    let row = |name: &str, shown: &SlotStatus| {
        let (slot, verified) = (shown.slot.to_string(), shown.verified.to_string());
        vec![name.to_owned(), slot, verified, last_use(shown, status.now), counts(shown, status.now)]
    };
    let sources = status.sources.iter();
    sources.flat_map(move |source| source.slots.iter().map(move |shown| row(&source.name, shown)))
}

/// What says that an old secret may go.
fn last_use(shown: &SlotStatus, now: At) -> String {
    match shown.last {
        None => "unused since the start, or since it was added".to_owned(),
        Some(last) if last.before(now) < HOUR => ago(last, now),
        Some(last) => format!("unused for {} h", last.before(now).as_secs() / HOUR.as_secs()),
    }
}

fn counts(shown: &SlotStatus, now: At) -> String {
    if let Some(first) = shown.not_before.filter(|first| *first > now) {
        return format!("begins in {}", span(now.before(first)));
    }
    match shown.not_after {
        None => "always".to_owned(),
        Some(last) if last < now => format!("ENDED {} ago", span(last.before(now))),
        Some(last) => format!("for {} more", span(now.before(last))),
    }
}

fn certificate(shown: &CertificateStatus, now: At) -> Vec<String> {
    let ends = shown.ends.map_or_else(dash, |ends| match ends.before(now) {
        Duration::ZERO => format!("in {}", span(now.before(ends))),
        since => format!("ENDED {} ago", span(since)),
    });
    vec![shown.kind.clone(), ends, shown.name.clone(), shown.file.clone()]
}

fn refusals(shown: &RefusalsStatus, now: At, page: &mut String) {
    let RefusalsStatus { recent, missed, kept_max } = shown;
    let _ = match recent.len() {
        0 => writeln!(page, "\nno refusals"),
        _ => writeln!(page, "\nrefusals, the latest first; at most {kept_max} are kept"),
    };
    let rows = recent.iter().map(|refusal| {
        let code =
            if refusal.observed { format!("{} (observed)", refusal.code) } else { refusal.code.clone() };
        let or_dash = |text: &Option<String>| text.clone().unwrap_or_else(dash);
        vec![
            ago(refusal.at, now),
            or_dash(&refusal.source),
            code,
            refusal.client.clone(),
            or_dash(&refusal.method),
            or_dash(&refusal.path),
            or_dash(&refusal.message_id),
        ]
    });
    table(&["WHEN", "SOURCE", "CODE", "CLIENT", "METHOD", "PATH", "MESSAGE ID"], rows, page);
    if *missed > 0 {
        let _ = writeln!(page, "{missed} more came while somebody looked, and were not kept");
    }
}

/// Columns as wide as what stands in them; nothing where nothing does.
fn table(head: &[&str], rows: impl Iterator<Item = Vec<String>>, page: &mut String) {
    let head: Vec<String> = head.iter().copied().map(str::to_owned).collect();
    let lines: Vec<Vec<String>> = [head].into_iter().chain(rows).collect();
    if lines.len() == 1 {
        return;
    }
    let widest = |column: usize| lines.iter().map(|line| line[column].chars().count()).max().unwrap_or(0);
    let widths: Vec<usize> = (0..lines[0].len()).map(widest).collect();
    page.push('\n');
    for line in &lines {
        let mut text = String::new();
        for (cell, width) in line.iter().zip(&widths) {
            let _ = write!(text, "{cell:width$}  ");
        }
        let _ = writeln!(page, "{}", text.trim_end());
    }
}

fn ago(at: At, now: At) -> String {
    format!("{} ago", span(at.before(now)))
}

/// The largest unit that it has one of.
fn span(span: Duration) -> String {
    match span.as_secs() {
        seconds @ 0..60 => format!("{seconds} s"),
        seconds @ 60..3600 => format!("{} min", seconds / 60),
        seconds @ 3600..172_800 => format!("{} h", seconds / 3600),
        seconds => format!("{} days", seconds / 86_400),
    }
}

const HOUR: Duration = Duration::from_secs(3600);

fn dash() -> String {
    "-".to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_span_is_told_in_its_largest_unit() {
        for (seconds, told) in [
            (0, "0 s"),
            (59, "59 s"),
            (60, "1 min"),
            (3599, "59 min"),
            (3600, "1 h"),
            (172_799, "47 h"),
            (172_800, "2 days"),
        ] {
            assert_eq!(span(Duration::from_secs(seconds)), told);
        }
    }

    #[test]
    fn a_status_becomes_the_page_beside_it() {
        let status = serde_json::from_str(include_str!("status.json")).unwrap();
        assert_eq!(page(&status), include_str!("status.txt"));
    }
}
