//! A guard at one moment, put together when somebody asks.

use std::sync::{Mutex, PoisonError};
use std::time::Instant;

use crate::control::{
    At, CertificateStatus, CodeStatus, LedgerStatus, RefusalStatus, RefusalsStatus, STATUS_VERSION,
    SlotStatus, SourceStatus, Status,
};
use crate::guard::accept::tls::Ending;
use crate::guard::in_force::InForce;
use crate::guard::rotation::SecretStatus;
use crate::guard::sight::rates::Rates;
use crate::guard::sight::refusals::{KEPT_MAX, Refusal, Refusals, Text};
use crate::guard::source::Source;
use crate::guard::state::Guard;
use crate::guard::withheld;
use crate::ledger::{Ledger as _, Standing};
use crate::telemetry::{Named, Tally};

/// What `guard` looks like now.
pub(super) async fn status(guard: &Guard, rates: &Mutex<Rates>, is_ready: bool) -> Status {
    let now = guard.clock.now();
    let ledger = ledger(guard).await;
    let in_force = guard.in_force.load();
    let rates = rates.lock().unwrap_or_else(PoisonError::into_inner);
    let tls = in_force.tls.iter().flat_map(|tls| &tls.endings);
    Status {
        status_version: STATUS_VERSION,
        role: "guard".to_owned(),
        version: env!("CARGO_PKG_VERSION").to_owned(),
        now: At(now),
        started: At(guard.sight.started),
        uptime_seconds: now.saturating_since(guard.sight.started).as_secs(),
        ready: is_ready,
        sources: in_force.sources.iter().map(|source| of_source(guard, source, &rates)).collect(),
        without_source: codes(guard, None),
        certificates: tls.map(of_certificate).collect(),
        ledger,
        configuration: guard.sight.reloads.status(),
        refusals: refusals(guard.sight.refusals.as_ref(), &in_force),
    }
}

fn of_source(guard: &Guard, source: &Source, rates: &Rates) -> SourceStatus {
    let slot = |secret: SecretStatus| SlotStatus {
        slot: secret.slot,
        verified: secret.verified,
        last: secret.last_verified.map(At),
        not_before: secret.validity.not_before.map(At),
        not_after: secret.validity.not_after.map(At),
    };
    SourceStatus {
        name: source.config.name.clone(),
        schemes: source.config.demand.iter().map(|scheme| scheme.preset().name.to_owned()).collect(),
        mode: if source.observes() { "observe" } else { "enforce" }.to_owned(),
        upstream: source.config.upstream.to_string(),
        verified_per_second: rates.of(source, Instant::now()),
        slots: source.secrets().map(slot).collect(),
        codes: codes(guard, Some(&source.named)),
    }
}

/// Those that occurred, the latest first.
fn codes(guard: &Guard, named: Option<&Named>) -> Vec<CodeStatus> {
    let mut tallies: Vec<Tally> = guard.telemetry.metrics.tallies(named).collect();
    tallies.sort_by_key(|tally| std::cmp::Reverse(tally.last));
    let code =
        |Tally { code, count, last }| CodeStatus { code: str::to_owned(code), count, last: last.map(At) };
    tallies.into_iter().map(code).collect()
}

fn of_certificate(ending: &Ending) -> CertificateStatus {
    CertificateStatus {
        kind: ending.kind.to_owned(),
        file: ending.file.display().to_string(),
        name: ending.name.chars().take(NAME_CHARS_MAX).collect(),
        ends: ending.ends.map(At),
    }
}

async fn ledger(guard: &Guard) -> LedgerStatus {
    LedgerStatus {
        engine: guard.ledger.name().to_owned(),
        standing: match guard.ledger.standing() {
            Standing::Whole => "whole",
            Standing::Away => "away",
            Standing::Fallback => "fallback",
        }
        .to_owned(),
        entries: guard.ledger.entries().await.ok().flatten(),
        entries_max: guard.ledger_entries_max,
        unsettled: guard.ledger.unsettled(),
    }
}

fn refusals(kept: Option<&Refusals>, in_force: &InForce) -> RefusalsStatus {
    let latest = kept.map(Refusals::latest).unwrap_or_default();
    RefusalsStatus {
        kept_max: KEPT_MAX,
        missed: kept.map_or(0, Refusals::missed),
        recent: latest.iter().map(|refusal| of_refusal(refusal, in_force)).collect(),
    }
}

fn of_refusal(refusal: &Refusal, in_force: &InForce) -> RefusalStatus {
    RefusalStatus {
        at: At(refusal.at),
        source: refusal.named.as_ref().map(|named| named.name().to_owned()),
        code: refusal.code.to_owned(),
        observed: refusal.observed,
        client: refusal.client.to_string(),
        method: refusal.method.as_ref().map(|method| shown(method, in_force)),
        path: refusal.path.as_ref().map(|path| shown(path, in_force)),
        message_id: refusal.message_id.as_ref().map(|id| shown(id, in_force)),
    }
}

/// What a stranger sent, as visible ASCII, and nothing of it where it holds a
/// secret of whichever source or is too long to tell.
fn shown<const MAX: usize>(text: &Text<MAX>, in_force: &InForce) -> String
where
    [u8; MAX]: smallvec::Array<Item = u8>,
{
    match text.bytes() {
        Ok(text) if withheld::holds_secret(text, in_force) => "(withheld: holds a secret)".to_owned(),
        Ok(text) => text.escape_ascii().to_string(),
        Err(max) => format!("(withheld: longer than {max} bytes)"),
    }
}

/// A name in a certificate is rarely longer.
const NAME_CHARS_MAX: usize = 256;
