//! One line per delivery, for operators to search.
//!
//! | field | what |
//! | --- | --- |
//! | `time` | when it was settled, RFC 3339 in UTC with milliseconds |
//! | `source`, `endpoint` | the guard's source or the signer's endpoint, where one was found |
//! | `code`, `status` | how it ended, and what the caller was told |
//! | `client` | the client's address |
//! | `identity` | the name in the client's certificate that counted |
//! | `message_id` | the signed id |
//! | `slot` | which of the secrets verified it, by their order from 0 |
//! | `expired_slot` | of one that no secret verified: the secret that expired last, which may be why |
//! | `class` | of a copy: `replay`, `retry`, `redelivery` |
//! | `observed` | of one that was forwarded unverified: the code that it would be refused with |
//! | `detail` | of a refusal: which of the reasons that share its code, or host and path that no source takes |
//! | `skew_seconds` | of a signed time that was refused: how far it is from the clock |
//! | `duration_us` | the whole |
//! | `upstream_us`, `consumer_us` | until the answer of the guard's app, or of the signer's consumer, began |
//! | `bytes` | of the body |
//! | `http` | the version of HTTP |
//! | `trace_id` | of the `traceparent` that came with it, or of its span where it has another |
//!
//! A field without a value is left out. That is the whole list: no other field
//! of a request gets here, so no secret, signature or body can; of host and path
//! none that holds a secret does (`guard::detail`).

use std::cell::RefCell;
use std::net::IpAddr;
use std::time::Duration;

use http::Version;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use crate::clock::UnixTime;
use crate::config::{LogConfig, LogFormat};
use crate::telemetry::line::Line;
use crate::telemetry::log;
use crate::telemetry::log_sink::LogSink;
use crate::telemetry::subject::Subject;
use crate::telemetry::trace::trace_id;

/// What is said of a delivery. Text that a stranger chose comes as bytes.
#[derive(Clone, Debug)]
pub(crate) struct DeliveryRecord<'a> {
    /// When it was settled.
    pub(crate) time: UnixTime,
    /// The name of the source or the endpoint.
    pub(crate) name: Option<&'a str>,
    /// How it ended: a stable code of ours.
    pub(crate) code: &'static str,
    /// The status of the answer.
    pub(crate) status: u16,
    /// The client's address.
    pub(crate) client: IpAddr,
    /// The certificate's name that counted.
    pub(crate) identity: Option<&'a [u8]>,
    /// The signed id.
    pub(crate) message_id: Option<&'a [u8]>,
    /// Which secret verified it.
    pub(crate) slot: Option<usize>,
    /// Of one that no secret verified: the one that expired last.
    pub(crate) expired_slot: Option<usize>,
    /// Of a copy: its class.
    pub(crate) class: Option<&'static str>,
    /// Of one that was forwarded unverified: what it would be refused with.
    pub(crate) observed: Option<&'static str>,
    /// Of a refusal: what its code leaves open.
    pub(crate) detail: Option<&'a str>,
    /// Of a signed time that was refused: how far it is from the clock.
    pub(crate) skew: Option<Duration>,
    /// From the request's head to the answer's.
    pub(crate) duration: Duration,
    /// Of that, the part of the app or the consumer.
    pub(crate) upstream: Option<Duration>,
    /// Bytes of the body.
    pub(crate) body_bytes: u64,
    /// The version of HTTP.
    pub(crate) version: Version,
    /// The `traceparent` field, as it came.
    pub(crate) traceparent: Option<&'a [u8]>,
}

/// Writes the lines.
#[derive(Debug)]
pub(crate) struct DeliveryLog {
    form: Form,
    wanted: bool,
}

impl DeliveryLog {
    /// Lines as `config` wants them: none at all below `info`.
    pub(crate) fn new(subject: Subject, config: &LogConfig) -> Self {
        Self { form: Form { subject, format: config.format }, wanted: log::wants_deliveries(config) }
    }

    /// What deliveries are for.
    pub(super) fn subject(&self) -> Subject {
        self.form.subject
    }

    /// Whether anybody reads the lines.
    pub(crate) fn wants_deliveries(&self) -> bool {
        self.wanted
    }

    /// Logs one delivery.
    pub(crate) fn delivery(&self, record: &DeliveryRecord<'_>) {
        if self.wanted {
            DESK.with_borrow_mut(|desk| LogSink::stdout().append(desk.write(self.form, record)));
        }
    }
}

/// How lines look.
#[derive(Clone, Copy, Debug)]
struct Form {
    subject: Subject,
    format: LogFormat,
}

thread_local! {
    static DESK: RefCell<Desk> = const { RefCell::new(Desk::new()) };
}

/// What a thread uses again for each line, so that none allocates.
struct Desk {
    line: Vec<u8>,
    /// The time of the line before; its digits change mostly in the millis.
    second: u64,
    time: String,
    /// The client of the line before; it often sends the next one too.
    client: Option<IpAddr>,
    client_text: String,
}

impl Desk {
    const fn new() -> Self {
        Self {
            line: Vec::new(),
            second: u64::MAX,
            time: String::new(),
            client: None,
            client_text: String::new(),
        }
    }

    fn write(&mut self, form: Form, record: &DeliveryRecord<'_>) -> &[u8] {
        let Form { subject, format } = form;
        self.tell_time(record.time);
        self.tell_client(record.client);
        let mut line = Line::new(&mut self.line, format, &self.time);
        if let Some(name) = record.name {
            line.text(subject.name(), name.as_bytes());
        }
        line.word("code", record.code);
        line.number("status", record.status.into());
        line.word("client", &self.client_text);
        if let Some(identity) = record.identity {
            line.text("identity", identity);
        }
        if let Some(id) = record.message_id {
            line.text("message_id", id);
        }
        if let Some(slot) = record.slot {
            line.number("slot", slot as u64);
        }
        if let Some(slot) = record.expired_slot {
            line.number("expired_slot", slot as u64);
        }
        if let Some(class) = record.class {
            line.word("class", class);
        }
        if let Some(code) = record.observed {
            line.word("observed", code);
        }
        if let Some(detail) = record.detail {
            line.text("detail", detail.as_bytes());
        }
        if let Some(skew) = record.skew {
            line.number("skew_seconds", skew.as_secs());
        }
        line.number("duration_us", micros(record.duration));
        if let Some(upstream) = record.upstream {
            line.number(subject.peer_time(), micros(upstream));
        }
        line.number("bytes", record.body_bytes);
        line.word("http", version(record.version));
        if let Some(id) = record.traceparent.and_then(trace_id) {
            line.text("trace_id", id);
        }
        line.end();
        &self.line
    }

    /// Brings `time` up to date, such as `2026-11-22T08:35:16.042Z`.
    fn tell_time(&mut self, now: UnixTime) {
        if now.as_secs() != self.second {
            self.second = now.as_secs();
            // What no calendar holds any more reads as its beginning.
            let second = i64::try_from(self.second).map(OffsetDateTime::from_unix_timestamp);
            let second = second.ok().and_then(Result::ok).unwrap_or(OffsetDateTime::UNIX_EPOCH);
            self.time = second.format(&Rfc3339).unwrap_or_default();
        }
        // `...:16Z` or `...:16.042Z`
        self.time.truncate("2026-11-22T08:35:16".len());
        let mut millis = itoa::Buffer::new();
        let millis = millis.format(1000 + now.as_millis() % 1000);
        self.time.push('.');
        self.time.push_str(&millis[1..]);
        self.time.push('Z');
    }

    /// The same for `client_text`.
    fn tell_client(&mut self, client: IpAddr) {
        if self.client != Some(client) {
            self.client = Some(client);
            self.client_text = client.to_string();
        }
    }
}

fn micros(time: Duration) -> u64 {
    u64::try_from(time.as_micros()).unwrap_or(u64::MAX)
}

pub(super) fn version(version: Version) -> &'static str {
    match version {
        Version::HTTP_2 => "2",
        Version::HTTP_11 => "1.1",
        _ => "1.0",
    }
}

#[cfg(test)]
mod tests {
    use proptest::collection::vec;
    use proptest::option;
    use proptest::prelude::*;

    use super::*;
    use crate::telemetry::line::TEXT_BYTES_MAX;

    const SPARSE: DeliveryRecord<'_> = DeliveryRecord {
        time: UnixTime::from_millis(1_795_336_516_042),
        name: None,
        code: "no_source",
        status: 404,
        client: IpAddr::V4(std::net::Ipv4Addr::new(192, 0, 2, 7)),
        identity: None,
        message_id: None,
        slot: None,
        expired_slot: None,
        class: None,
        observed: None,
        detail: None,
        skew: None,
        duration: Duration::from_micros(41),
        upstream: None,
        body_bytes: 0,
        version: Version::HTTP_11,
        traceparent: None,
    };

    const FULL: DeliveryRecord<'_> = DeliveryRecord {
        name: Some("github"),
        code: "accepted",
        status: 200,
        client: IpAddr::V6(std::net::Ipv6Addr::LOCALHOST),
        identity: Some(b"URI:spiffe://example.org/a"),
        message_id: Some(b"msg_\"1\"\n\xff"),
        slot: Some(1),
        expired_slot: Some(0),
        class: Some("retry"),
        observed: Some("id_reused"),
        detail: Some("name"),
        skew: Some(Duration::from_millis(301_900)),
        upstream: Some(Duration::from_millis(2)),
        body_bytes: 1024,
        version: Version::HTTP_2,
        traceparent: Some(b"00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"),
        ..SPARSE
    };

    fn write(format: LogFormat, record: &DeliveryRecord<'_>) -> String {
        String::from_utf8(Desk::new().write(Form { subject: Subject::Source, format }, record).to_vec())
            .unwrap()
    }

    #[test]
    fn a_line_has_the_fields_that_have_values() {
        assert_eq!(
            write(LogFormat::Json, &SPARSE),
            "{\"time\":\"2026-11-22T08:35:16.042Z\",\"code\":\"no_source\",\"status\":404,\
             \"client\":\"192.0.2.7\",\"duration_us\":41,\"bytes\":0,\"http\":\"1.1\"}\n"
        );
        assert_eq!(
            write(LogFormat::Json, &FULL),
            "{\"time\":\"2026-11-22T08:35:16.042Z\",\"source\":\"github\",\"code\":\"accepted\",\
             \"status\":200,\"client\":\"::1\",\"identity\":\"URI:spiffe://example.org/a\",\
             \"message_id\":\"msg_\\\"1\\\"\\u000a\\u00ff\",\"slot\":1,\"expired_slot\":0,\"class\":\"retry\",\"observed\":\"id_reused\",\
             \"detail\":\"name\",\"skew_seconds\":301,\
             \"duration_us\":41,\
             \"upstream_us\":2000,\"bytes\":1024,\"http\":\"2\",\
             \"trace_id\":\"4bf92f3577b34da6a3ce929d0e0e4736\"}\n"
        );
        assert_eq!(
            write(LogFormat::Text, &FULL),
            "2026-11-22T08:35:16.042Z source=\"github\" code=accepted status=200 client=::1 \
             identity=\"URI:spiffe://example.org/a\" message_id=\"msg_\\\"1\\\"\\u000a\\u00ff\" \
             slot=1 expired_slot=0 class=retry observed=id_reused detail=\"name\" skew_seconds=301 duration_us=41 upstream_us=2000 bytes=1024 http=2 \
             trace_id=\"4bf92f3577b34da6a3ce929d0e0e4736\"\n"
        );
    }

    #[test]
    fn the_time_is_right_whatever_line_came_before() {
        let mut desk = Desk::new();
        for (millis, shown) in [
            (0, "1970-01-01T00:00:00.000Z"),
            (999, "1970-01-01T00:00:00.999Z"),
            (1_000, "1970-01-01T00:00:01.000Z"),
            (253_402_300_799_999, "9999-12-31T23:59:59.999Z"),
            (u64::MAX, "1970-01-01T00:00:00.615Z"),
            (1_709_164_800_007, "2024-02-29T00:00:00.007Z"),
            (7, "1970-01-01T00:00:00.007Z"),
        ] {
            desk.tell_time(UnixTime::from_millis(millis));
            assert_eq!(desk.time, shown);
        }
    }

    #[test]
    fn the_client_is_right_whatever_line_came_before() {
        let mut desk = Desk::new();
        for client in ["192.0.2.7", "192.0.2.7", "::1", "192.0.2.70"] {
            desk.tell_client(client.parse().unwrap());
            assert_eq!(desk.client_text, client);
        }
    }

    /// What a reader gets of text from outside.
    fn shown(text: &[u8]) -> String {
        let latin: String = text.iter().take(TEXT_BYTES_MAX).map(|byte| char::from(*byte)).collect();
        if text.len() > TEXT_BYTES_MAX { latin + "..." } else { latin }
    }

    proptest! {
        #[test]
        fn whatever_strangers_send_it_is_one_line_and_reads_back(
            source in option::of(".{0,200}"),
            identity in option::of(vec(any::<u8>(), 0..200)),
            message_id in option::of(vec(any::<u8>(), 0..200)),
            traceparent in option::of(vec(any::<u8>(), 0..80)),
            millis in any::<u64>(),
            body_bytes in any::<u64>(),
            duration in any::<Duration>(),
        ) {
            let record = DeliveryRecord {
                time: UnixTime::from_millis(millis),
                name: source.as_deref(),
                identity: identity.as_deref(),
                message_id: message_id.as_deref(),
                traceparent: traceparent.as_deref(),
                body_bytes,
                duration,
                ..FULL
            };
            for format in [LogFormat::Json, LogFormat::Text] {
                let line = write(format, &record);
                prop_assert!(line.ends_with('\n'));
                prop_assert!(line.trim_end_matches('\n').bytes().all(|byte| (b' '..=b'~').contains(&byte)));
            }
            let line: serde_json::Value = serde_json::from_str(&write(LogFormat::Json, &record)).unwrap();
            let field = |name: &str| line.get(name).and_then(serde_json::Value::as_str).map(str::to_owned);
            prop_assert_eq!(field("source"), source.map(|text| shown(text.as_bytes())));
            prop_assert_eq!(field("identity"), identity.as_deref().map(shown));
            prop_assert_eq!(field("message_id"), message_id.as_deref().map(shown));
            prop_assert_eq!(line["bytes"].as_u64(), Some(body_bytes));
        }
    }
}
