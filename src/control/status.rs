//! What `/status` says: the one description of it, for who writes it and who
//! reads it. `docs/operations.md` tells people what each field means.
//!
//! A field may be added in any version. One that is taken away or comes to mean
//! something else makes another [`STATUS_VERSION`].

use std::fmt;
use std::time::Duration;

use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use crate::clock::UnixTime;

/// The shape that this program writes and reads.
pub(crate) const STATUS_VERSION: u32 = 1;

/// A guard at one moment.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[allow(clippy::struct_field_names, reason = "the fields are those of the JSON")]
pub(crate) struct Status {
    pub(crate) status_version: u32,
    pub(crate) role: String,
    pub(crate) version: String,
    pub(crate) now: At,
    pub(crate) started: At,
    pub(crate) uptime_seconds: u64,
    pub(crate) ready: bool,
    pub(crate) sources: Vec<SourceStatus>,
    /// Of deliveries for which no source was found.
    pub(crate) without_source: Vec<CodeStatus>,
    pub(crate) certificates: Vec<CertificateStatus>,
    pub(crate) ledger: LedgerStatus,
    pub(crate) configuration: ConfigurationStatus,
    pub(crate) refusals: RefusalsStatus,
}

#[derive(Clone, Debug, Deserialize, Serialize)]
pub(crate) struct SourceStatus {
    pub(crate) name: String,
    pub(crate) schemes: Vec<String>,
    pub(crate) mode: String,
    pub(crate) upstream: String,
    pub(crate) verified_per_second: RateStatus,
    /// By order of the secrets.
    pub(crate) slots: Vec<SlotStatus>,
    /// Those that occurred, the latest first.
    pub(crate) codes: Vec<CodeStatus>,
}

/// Over the last minutes, or over as long as there are figures; `None` before
/// there are any.
#[derive(Clone, Copy, Debug, Default, Deserialize, Serialize)]
pub(crate) struct RateStatus {
    #[serde(rename = "last_1m")]
    pub(crate) minute: Option<f64>,
    #[serde(rename = "last_5m")]
    pub(crate) five_minutes: Option<f64>,
    #[serde(rename = "last_15m")]
    pub(crate) quarter: Option<f64>,
}

#[derive(Clone, Debug, Deserialize, Serialize)]
pub(crate) struct SlotStatus {
    pub(crate) slot: usize,
    pub(crate) verified: u64,
    pub(crate) last: Option<At>,
    pub(crate) not_before: Option<At>,
    pub(crate) not_after: Option<At>,
}

#[derive(Clone, Debug, Deserialize, Serialize)]
pub(crate) struct CodeStatus {
    pub(crate) code: String,
    pub(crate) count: u64,
    pub(crate) last: Option<At>,
}

#[derive(Clone, Debug, Deserialize, Serialize)]
pub(crate) struct CertificateStatus {
    /// `server`, `client_ca` or `client_crl`, as in the metric of their ends.
    pub(crate) kind: String,
    pub(crate) file: String,
    /// Whose it is; of a revocation list, who issued it.
    pub(crate) name: String,
    /// `notAfter`, or `nextUpdate` of a list that has one.
    pub(crate) ends: Option<At>,
}

#[derive(Clone, Debug, Deserialize, Serialize)]
pub(crate) struct LedgerStatus {
    pub(crate) engine: String,
    /// `whole`, `away` or `fallback`.
    pub(crate) standing: String,
    /// `None` where it cannot be asked.
    pub(crate) entries: Option<u64>,
    pub(crate) entries_max: u64,
    pub(crate) unsettled: usize,
}

#[derive(Clone, Debug, Deserialize, Serialize)]
pub(crate) struct ConfigurationStatus {
    /// Whether what was read last is in force.
    pub(crate) is_current: bool,
    pub(crate) taken: u64,
    pub(crate) last_taken: Option<At>,
    pub(crate) refused: u64,
    pub(crate) last_refused: Option<RefusedConfiguration>,
    /// Settings that changed and take a restart.
    pub(crate) awaiting_restart: Vec<String>,
}

#[derive(Clone, Debug, Deserialize, Serialize)]
pub(crate) struct RefusedConfiguration {
    pub(crate) at: At,
    pub(crate) problems: Vec<String>,
    /// How many more there were than are kept.
    pub(crate) further_problems: usize,
}

#[derive(Clone, Debug, Deserialize, Serialize)]
pub(crate) struct RefusalsStatus {
    /// As many as are kept.
    pub(crate) kept_max: usize,
    /// Refused while somebody looked, and not kept.
    pub(crate) missed: u64,
    /// The latest first.
    pub(crate) recent: Vec<RefusalStatus>,
}

#[derive(Clone, Debug, Deserialize, Serialize)]
pub(crate) struct RefusalStatus {
    pub(crate) at: At,
    pub(crate) source: Option<String>,
    pub(crate) code: String,
    /// Whether it went to the app all the same, from a source that observes.
    pub(crate) observed: bool,
    pub(crate) client: String,
    pub(crate) method: Option<String>,
    /// Without the query.
    pub(crate) path: Option<String>,
    /// Only of one whose signature held.
    pub(crate) message_id: Option<String>,
}

/// An instant, written as in RFC 3339 in UTC: `2026-11-22T08:35:16.042Z`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct At(pub(crate) UnixTime);

impl At {
    /// How long before `now` it was; nothing for what is still to come.
    pub(crate) fn before(self, now: Self) -> Duration {
        now.0.saturating_since(self.0)
    }
}

impl fmt::Display for At {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let nanos = i128::from(self.0.as_millis()) * 1_000_000;
        // What no calendar holds is as good as its end, and nobody meant it.
        let time = OffsetDateTime::from_unix_timestamp_nanos(nanos).unwrap_or(LAST);
        f.write_str(&time.format(&Rfc3339).unwrap_or_default())
    }
}

impl Serialize for At {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for At {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        let time = OffsetDateTime::parse(&text, &Rfc3339).map_err(D::Error::custom)?;
        let millis = time.unix_timestamp_nanos() / 1_000_000;
        Ok(Self(UnixTime::from_millis(u64::try_from(millis).map_err(D::Error::custom)?)))
    }
}

/// 9999-12-31T23:59:59Z, past which RFC 3339 has no form.
const LAST: OffsetDateTime = match OffsetDateTime::from_unix_timestamp(253_402_300_799) {
    Ok(last) => last,
    Err(_) => OffsetDateTime::UNIX_EPOCH,
};

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_instant_is_written_as_it_is_read() {
        for (millis, text) in [
            (0, "\"1970-01-01T00:00:00Z\""),
            (1_795_336_516_042, "\"2026-11-22T08:35:16.042Z\""),
            (253_402_300_799_000, "\"9999-12-31T23:59:59Z\""),
        ] {
            let at = At(UnixTime::from_millis(millis));
            assert_eq!(serde_json::to_string(&at).unwrap(), text);
            assert_eq!(serde_json::from_str::<At>(text).unwrap(), at);
        }
        let never = serde_json::to_string(&At(UnixTime::from_millis(u64::MAX))).unwrap();
        assert_eq!(never, "\"9999-12-31T23:59:59Z\"");
        for wrong in ["\"\"", "1", "\"1969-12-31T23:59:59Z\"", "\"yesterday\""] {
            assert!(serde_json::from_str::<At>(wrong).is_err(), "{wrong}");
        }
    }
}
