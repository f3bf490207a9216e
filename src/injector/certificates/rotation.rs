//! When something of what is kept is due to be made anew, and what that makes
//! of it. Pure but for the keys that are drawn.
//!
//! A certificate is renewed after two thirds of its life. So is a CA, in three
//! steps, so that there is no moment at which the API server does not trust
//! what it is shown:
//!
//! 1. the next CA is made, and the bundle has both;
//! 2. once that bundle was seen in force for [`SETTLED`], the next CA signs a
//!    certificate and takes over; the bundle stays byte for byte the same;
//! 3. when that certificate is renewed, the previous CA leaves the bundle.

use std::time::Duration;

use super::kept::Kept;
use super::pair::{Certificate, Pair};
use crate::clock::UnixTime;
use crate::config::SelfManaged;

/// What has to be done, one step at a time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Due {
    /// There is nothing yet.
    Begin,
    /// The certificate ages, or has other names than it should.
    Renew,
    /// The CA ages: another is made, and signs nothing yet.
    Prepare,
    /// The next CA takes over.
    Promote,
}

impl Due {
    /// What the log says once it is done.
    pub(super) const fn done(self) -> &'static str {
        match self {
            Self::Begin => "made a CA and a certificate",
            Self::Renew => "renewed the certificate",
            Self::Prepare => "made the next CA: it signs once the API server trusts it",
            Self::Promote => "the next CA signs from now on",
        }
    }
}

/// What is known of the bundle at the API server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Sight {
    /// Nobody looks: somebody else brings it there, in their time.
    Unwatched,
    /// Another one is in force, or none.
    Different,
    /// In force, as was seen first at this instant.
    Since(UnixTime),
}

/// What certificates are to be like.
#[derive(Debug)]
pub(super) struct Policy {
    /// The DNS names of the Service.
    names: Vec<String>,
    certificate_lifetime: Duration,
    ca_lifetime: Duration,
}

impl Policy {
    /// For a Service of that name in `namespace`. The API server asks for
    /// `name.namespace.svc`.
    pub(super) fn new(own: &SelfManaged, namespace: &str) -> Self {
        let SelfManaged { service, certificate_lifetime, ca_lifetime, .. } = own;
        let names = ["", ".svc", ".svc.cluster.local"].map(|end| format!("{service}.{namespace}{end}"));
        Self {
            names: [service.clone()].into_iter().chain(names).collect(),
            certificate_lifetime: *certificate_lifetime,
            ca_lifetime: *ca_lifetime,
        }
    }

    /// What is due of `kept`, if anything.
    pub(super) fn due(&self, kept: Option<&Kept>, sight: Sight, now: UnixTime) -> Option<Due> {
        let Some(kept) = kept else { return Some(Due::Begin) };
        let authority = &kept.current.certificate;
        match &kept.next {
            None if is_old(authority, now) => return Some(Due::Prepare),
            Some(_) if may_take_over(authority, sight, now) => return Some(Due::Promote),
            _ => {}
        }
        let leaf = &kept.leaf.certificate;
        // Under a CA at its end, another certificate would last no longer.
        let would_last = authority.not_after() > leaf.not_after();
        let other_names = leaf.names() != self.names;
        (other_names || is_old(leaf, now) && would_last).then_some(Due::Renew)
    }

    /// Does what is due.
    pub(super) fn make(&self, due: Due, kept: Option<&Kept>, now: UnixTime) -> Result<Kept, rcgen::Error> {
        let authority = || Pair::authority(self.ca_lifetime, now);
        let sign = |authority: &Pair| authority.sign(&self.names, self.certificate_lifetime, now);
        let Some(kept) = kept else {
            let current = authority()?;
            let leaf = sign(&current)?;
            return Ok(Kept { previous: None, current, next: None, leaf });
        };
        let mut kept = kept.clone();
        match due {
            Due::Begin => {}
            Due::Renew => {
                // What the previous CA signed was replaced a certificate's
                // life ago.
                kept.previous = kept.previous.filter(|_| !is_old(&kept.leaf.certificate, now));
                kept.leaf = sign(&kept.current)?;
            }
            Due::Prepare => kept.next = Some(authority()?),
            Due::Promote => {
                if let Some(next) = kept.next.take() {
                    kept.leaf = sign(&next)?;
                    kept.previous = Some(std::mem::replace(&mut kept.current, next).certificate);
                }
            }
        }
        Ok(kept)
    }
}

fn is_old(certificate: &Certificate, now: UnixTime) -> bool {
    certificate.has_spent(2, 3, now)
}

/// Where nobody looks, the last tenth of the CA's life is waited for: somebody
/// had a fifth of it to bring the bundle there.
fn may_take_over(authority: &Certificate, sight: Sight, now: UnixTime) -> bool {
    match sight {
        Sight::Unwatched => authority.has_spent(9, 10, now),
        Sight::Different => false,
        Sight::Since(seen) => now.saturating_since(seen) >= SETTLED,
    }
}

/// API servers, of which there may be several, learn of a changed bundle one by
/// one: in seconds.
pub(super) const SETTLED: Duration = Duration::from_secs(60);

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: UnixTime = UnixTime::from_secs(1_800_000_000);
    const DAY: Duration = Duration::from_secs(24 * 3600);

    fn policy(service: &str) -> Policy {
        let own = SelfManaged {
            secret: "kept".to_owned(),
            service: service.to_owned(),
            certificate_lifetime: DAY * 90,
            ca_lifetime: DAY * 1825,
        };
        Policy::new(&own, "countersign")
    }

    fn begun() -> Kept {
        policy("injector").make(Due::Begin, None, NOW).unwrap()
    }

    fn days(days: u32) -> UnixTime {
        NOW.saturating_add(DAY * days)
    }

    #[test]
    fn what_is_begun_has_the_names_that_the_api_server_asks_for() {
        let kept = begun();
        assert_eq!(
            kept.leaf.certificate.names(),
            [
                "injector",
                "injector.countersign",
                "injector.countersign.svc",
                "injector.countersign.svc.cluster.local"
            ]
        );
        assert!(kept.leaf.certificate.is_signed_by(&kept.current.certificate));
        assert_eq!(kept.bundle(), kept.current.certificate.pem().as_bytes());
    }

    #[test]
    fn each_step_is_due_in_its_time() {
        let kept = begun();
        let preparing = policy("injector").make(Due::Prepare, Some(&kept), days(1300)).unwrap();
        let at_the_end = Kept {
            leaf: kept.current.sign(&policy("injector").names, DAY * 90, days(1820)).unwrap(),
            ..preparing.clone()
        };
        let settled = days(1300).saturating_add(SETTLED);
        let seen = Sight::Since(days(1300));
        for (what, kept, sight, now, due) in [
            ("new", &kept, Sight::Different, NOW, None),
            ("not yet old", &kept, Sight::Different, days(59), None),
            ("an old certificate", &kept, Sight::Different, days(61), Some(Due::Renew)),
            ("an old CA", &kept, Sight::Since(NOW), days(1218), Some(Due::Prepare)),
            ("a bundle not in force", &preparing, Sight::Different, days(1302), Some(Due::Renew)),
            ("a bundle just in force", &preparing, seen, days(1300), Some(Due::Renew)),
            ("a bundle in force", &preparing, seen, settled, Some(Due::Promote)),
            ("nobody looks", &preparing, Sight::Unwatched, days(1600), Some(Due::Renew)),
            ("nobody looks and it ends", &preparing, Sight::Unwatched, days(1643), Some(Due::Promote)),
            ("under a CA at its end", &at_the_end, Sight::Different, days(1824), None),
        ] {
            assert_eq!(policy("injector").due(Some(kept), sight, now), due, "{what}");
        }
        assert_eq!(policy("injector").due(None, Sight::Different, NOW), Some(Due::Begin));
        assert_eq!(policy("other").due(Some(&kept), Sight::Different, NOW), Some(Due::Renew));
    }

    #[test]
    fn a_ca_takes_over_without_a_changed_bundle_and_the_old_one_leaves_later() {
        let policy = policy("injector");
        let first = begun();
        let preparing = policy.make(Due::Prepare, Some(&first), days(1218)).unwrap();
        assert_eq!((&preparing.leaf, &preparing.current), (&first.leaf, &first.current));
        assert!(preparing.bundle().starts_with(&first.bundle()));

        let promoted = policy.make(Due::Promote, Some(&preparing), days(1219)).unwrap();
        assert_eq!(promoted.bundle(), preparing.bundle());
        assert!(promoted.leaf.certificate.is_signed_by(&preparing.next.unwrap().certificate));
        assert!(!promoted.leaf.certificate.is_signed_by(&first.current.certificate));

        let renamed = policy.make(Due::Renew, Some(&promoted), days(1220)).unwrap();
        assert_eq!(renamed.bundle(), promoted.bundle());
        let renewed = policy.make(Due::Renew, Some(&promoted), days(1219 + 61)).unwrap();
        assert_eq!(renewed.bundle(), promoted.current.certificate.pem().as_bytes());
    }

    #[test]
    fn a_certificate_does_not_outlive_its_ca() {
        let kept = begun();
        let late = policy("injector").make(Due::Renew, Some(&kept), days(1800)).unwrap();
        assert_eq!(late.leaf.certificate.not_after(), kept.current.certificate.not_after());
    }
}
