//! What is amiss although deliveries are taken: what `/readyz` says beside `ok`.
//!
//! A guard in trouble is ready all the same: it tells its senders what they need
//! to hear, and all guards of one configuration would be gone at once. No line
//! here is about traffic, and none tells a name out of a certificate: the admin
//! port may be open to the network.

use std::fmt::Write as _;

use crate::clock::UnixTime;
use crate::control::At;
use crate::guard::accept::tls;
use crate::guard::in_force::InForce;
use crate::guard::source::Source;
use crate::guard::state::Guard;
use crate::ledger::Standing;
use crate::schemes::{Scheme, Validity};

/// One line for each thing, or nothing.
pub(super) fn lines(guard: &Guard) -> String {
    let (in_force, now) = (guard.in_force.load(), guard.clock.now());
    let mut lines = of_ledger(guard.ledger.standing()).to_owned();
    if !guard.sight.reloads.is_current() {
        lines.push_str("configuration: the one read last is broken, the one before it is in force\n");
    }
    add_certificates(&mut lines, &in_force, now);
    for source in in_force.sources.iter().filter(|source| is_without_secret(source, now)) {
        let name = &source.config.name;
        writeln!(lines, "source {name:?}: no secret counts now, none of its deliveries verifies").ok();
    }
    lines
}

const fn of_ledger(standing: Standing) -> &'static str {
    match standing {
        Standing::Whole => "",
        Standing::Away => "ledger: away, deliveries get 503\n",
        Standing::Fallback => "ledger: away, this process's own stands in\n",
    }
}

/// Those that have ended, by the kinds that metrics tell.
fn add_certificates(lines: &mut String, in_force: &InForce, now: UnixTime) {
    let ends = in_force.tls.iter().flat_map(|tls| tls::first_ends(&tls.endings));
    for (kind, end) in ends.filter(|(_, end)| *end <= now) {
        let end = At(end);
        writeln!(lines, "certificate: {kind} ended on {end}").ok();
    }
}

/// Whether a scheme that must hold has no secret that counts.
fn is_without_secret(source: &Source, now: UnixTime) -> bool {
    let has_none = |scheme: &Scheme| {
        let validities: &[Validity] = scheme.validities();
        !validities.is_empty() && !validities.iter().any(|validity| validity.holds(now))
    };
    source.config.demand.iter().any(has_none)
}
