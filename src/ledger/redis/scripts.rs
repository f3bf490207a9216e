//! What Redis is asked: one script for each step of a claim's life, and its
//! answer as a type.
//!
//! A script is called by its hash. A server that does not know it (started
//! anew, or told to forget) gets the text once, which also makes it known.

use redis::{Arg, Cmd, Script, Value};

use super::keys::SourceKeys;
use crate::clock::UnixTime;
use crate::ledger::{ClaimRequest, Settlement};
use crate::limits;
use crate::schemes::Digest;

/// The scripts, with their hashes.
#[derive(Debug)]
pub(super) struct Scripts {
    claim: Text,
    settle: Text,
    begin: Text,
}

#[derive(Debug)]
struct Text {
    text: &'static str,
    hash: String,
}

/// A call of a script, which can be made again.
#[derive(Clone, Debug)]
pub(super) struct Call {
    /// By hash.
    pub(super) short: Cmd,
    text: &'static str,
}

/// What says who owns an entry.
pub(super) type Token = [u8; 16];

/// How the ledger is kept, which every claim is told.
#[derive(Clone, Copy, Debug)]
pub(super) struct Rules {
    pub(super) hold: bool,
    pub(super) fence: bool,
    pub(super) clock_skew_max_millis: Option<u64>,
}

/// What a claim may do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Purpose {
    /// Take the key if it is absent.
    Take,
    /// Say what is there, and nothing else.
    Look,
}

/// A settlement, which may have to be made again later.
#[derive(Clone, Debug)]
pub(super) struct Order {
    pub(super) entry: Vec<u8>,
    pub(super) content: Digest,
    pub(super) signed_at: Option<UnixTime>,
    /// How long it is remembered if it is committed.
    pub(super) until: UnixTime,
    pub(super) token: Token,
    pub(super) settlement: Settlement,
}

/// What the claim's script says.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Answer {
    New,
    InFlight,
    Replay,
    Retry,
    Redelivery,
    IdReused,
    Forgotten,
    /// With the microseconds until it is not.
    OverRate(u64),
    Nothing,
    /// With how many milliseconds the server's clock is ahead.
    ClocksDiffer(i64),
}

impl Scripts {
    pub(super) fn new() -> Self {
        let text = |text| Text { text, hash: Script::new(text).get_hash().to_owned() };
        Self {
            claim: text(include_str!("claim.lua")),
            settle: text(include_str!("settle.lua")),
            begin: text(include_str!("begin.lua")),
        }
    }

    pub(super) fn claim(
        &self,
        request: &ClaimRequest,
        keys: &SourceKeys,
        token: &Token,
        rules: Rules,
        purpose: Purpose,
        now: UnixTime,
    ) -> Call {
        let ClaimRequest { signed_at, memory, rate, .. } = *request;
        let lease_ends = now.saturating_add(request.lease);
        let (interval, burst) = rate.map_or((0.0, 0.0), |rate| {
            let pace = limits::pace(rate);
            (pace.interval.as_secs_f64() * 1e6, f64::from(pace.burst.get()))
        });
        let mut numbers = Numbers::with_capacity(10 * 8 + 3);
        numbers.instant(now);
        numbers.maybe(signed_at.map(UnixTime::as_millis));
        numbers.maybe(signed_at.map(|signed_at| memory.signed_until(signed_at).as_millis()));
        numbers.number(memory.tolerance.unwrap_or_default().as_secs_f64() * 1e3);
        numbers.instant(lease_ends);
        numbers.instant(memory.until(signed_at, lease_ends));
        numbers.maybe(rules.clock_skew_max_millis);
        numbers.whole(GRACE_MILLIS);
        numbers.number(interval);
        numbers.number(burst);
        numbers.flag(rules.hold);
        numbers.flag(rules.fence);
        numbers.flag(purpose == Purpose::Take);
        let names: [&[u8]; 3] = [&keys.entry(request.key), keys.record.as_bytes(), keys.rate.as_bytes()];
        self.claim.call(&names, &[&numbers.0, request.content.as_bytes(), token])
    }

    pub(super) fn settle(&self, order: &Order, now: UnixTime) -> Call {
        let mut numbers = Numbers::with_capacity(4 * 8 + 1);
        numbers.instant(now);
        numbers.maybe(order.signed_at.map(UnixTime::as_millis));
        numbers.instant(order.until);
        numbers.whole(GRACE_MILLIS);
        numbers.flag(order.settlement == Settlement::Commit);
        self.settle.call(&[&order.entry], &[&numbers.0, order.content.as_bytes(), &order.token])
    }

    /// `missed`: deliveries were accepted that the server does not know of.
    pub(super) fn begin(
        &self,
        keys: &SourceKeys,
        rules: Rules,
        server: &str,
        missed: bool,
        now: UnixTime,
    ) -> Call {
        let mut numbers = Numbers::with_capacity(8 + 2);
        numbers.instant(now);
        numbers.flag(rules.fence);
        numbers.flag(missed);
        self.begin.call(&[keys.record.as_bytes()], &[&numbers.0, server.as_bytes()])
    }
}

impl Text {
    fn call(&self, keys: &[&[u8]], arguments: &[&[u8]]) -> Call {
        let bytes = keys.iter().chain(arguments).map(|part| part.len()).sum::<usize>();
        let mut short = Cmd::with_capacity(3 + keys.len() + arguments.len(), bytes + HEAD_BYTES);
        short.arg("EVALSHA").arg(&self.hash).arg(keys.len()).arg(keys).arg(arguments);
        Call { short, text: self.text }
    }
}

impl Call {
    /// With the whole text.
    pub(super) fn long(&self) -> Cmd {
        let mut long = redis::cmd("EVAL");
        long.arg(self.text);
        // What follows the name and the hash.
        for argument in self.short.args_iter().skip(2) {
            if let Arg::Simple(bytes) = argument {
                long.arg(bytes);
            }
        }
        long
    }
}

/// `EVALSHA`, the hash and the number of keys.
const HEAD_BYTES: usize = 64;

/// Numbers for `struct.unpack`: big-endian doubles, which hold the
/// milliseconds and microseconds of any date exactly, and bytes for flags.
struct Numbers(Vec<u8>);

impl Numbers {
    fn with_capacity(bytes: usize) -> Self {
        Self(Vec::with_capacity(bytes))
    }

    fn number(&mut self, number: f64) {
        self.0.extend(number.to_be_bytes());
    }

    #[allow(clippy::cast_precision_loss, reason = "exact below 2^53 milliseconds, the year 287,396")]
    fn whole(&mut self, number: u64) {
        self.number(number as f64);
    }

    fn instant(&mut self, instant: UnixTime) {
        self.whole(instant.as_millis());
    }

    /// What is absent is -1.
    fn maybe(&mut self, number: Option<u64>) {
        match number {
            Some(number) => self.whole(number),
            None => self.number(-1.0),
        }
    }

    fn flag(&mut self, flag: bool) {
        self.0.push(u8::from(flag));
    }
}

impl Answer {
    /// `None` when that is nothing the script says.
    pub(super) fn read(value: &Value) -> Option<Self> {
        let (code, number) = match value {
            Value::Int(code) => (*code, 0),
            Value::Array(parts) => match parts[..] {
                [Value::Int(code), Value::Int(number)] => (code, number),
                _ => return None,
            },
            _ => return None,
        };
        Some(match code {
            0 => Self::New,
            1 => Self::InFlight,
            2 => Self::Replay,
            3 => Self::Retry,
            4 => Self::Redelivery,
            5 => Self::IdReused,
            6 => Self::Forgotten,
            7 => Self::OverRate(u64::try_from(number).unwrap_or(0)),
            8 => Self::Nothing,
            9 => Self::ClocksDiffer(number),
            _ => return None,
        })
    }
}

/// How much later than any guard the server forgets. A guard's clock may be a
/// clock skew behind the server's, and see a watermark that is two more and
/// ten seconds behind: 17.5 s in all.
const GRACE_MILLIS: u64 = 20_000;
