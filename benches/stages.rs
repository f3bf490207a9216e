//! What each stage of a delivery costs by itself.
//!
//! `cargo bench --bench stages`. Compare lines of one run; the machine's own
//! speed drifts. `docs/performance.md` has figures and their reading.

use std::hint::black_box;
use std::num::NonZeroU32;
use std::sync::Arc;
use std::time::Duration;

use countersign::clock::{ManualClock, UnixTime};
use countersign::config::{GuardedSecret, OnUnknown, Rate};
use countersign::guard::Tripwire;
use countersign::keys::Secret;
use countersign::ledger::{
    ClaimRequest, Claimed, Ledger as _, LedgerKey, LedgerOptions, Memory, MemoryLedger, Settlement,
    SourceIndex, SourceTag,
};
use countersign::limits::RateLimiter;
use countersign::net::http1::{Http1Bounds, follow_in_parts};
use countersign::schemes::{Digest, Head, Message, ReplayIdentity, Scheme, SchemeOptions, preset};
use criterion::{BatchSize, Criterion, Throughput, criterion_group, criterion_main};
use futures_util::FutureExt as _;
use http::{HeaderMap, HeaderValue, Method};

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

const NOW: UnixTime = UnixTime::from_secs(1_800_000_000);

criterion_group!(stages, framing, leaks, head_step, body_step, ledger, rate);
criterion_main!(stages);

/// A Standard Webhooks delivery of 1 KiB as it stands on the wire.
fn framing(criterion: &mut Criterion) {
    let fields = signed("standard-webhooks", &[b'x'; 1024]).1;
    let mut wire =
        b"POST /hooks HTTP/1.1\r\nhost: guard.example\r\ncontent-type: application/json\r\n".to_vec();
    for (name, value) in &fields {
        wire.extend([name.as_str().as_bytes(), b": ", value.as_bytes(), b"\r\n"].concat());
    }
    wire.extend(b"content-length: 1024\r\n\r\n");
    wire.extend([b'x'; 1024]);
    let bounds =
        Http1Bounds { head_bytes: 32 * 1024, head_fields: 100, head_timeout: Duration::from_secs(5) };
    criterion.bench_function("framing gate, 1 KiB delivery", |bencher| {
        bencher.iter(|| follow_in_parts(black_box(&wire), wire.len(), &bounds));
    });
}

/// The fields of such a delivery are searched for two secrets that are not there.
fn leaks(criterion: &mut Criterion) {
    let (_, mut fields) = signed("standard-webhooks", b"{}");
    for (name, value) in [
        ("host", "guard.example"),
        ("content-type", "application/json"),
        ("user-agent", "Standard-Webhooks/1.0 (+https://www.standardwebhooks.com)"),
        ("traceparent", "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"),
        ("accept-encoding", "gzip, deflate"),
    ] {
        fields.insert(name, HeaderValue::from_static(value));
    }
    let secret = |text: &str| GuardedSecret { secret: Secret::new(text), carrier: None };
    let tripwire = Tripwire::new(&[
        secret("whsec_MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE="),
        secret("whsec_YWJjZGVmZ2hpamtsbW5vcHFyc3R1dnd4eXphYmNkZWY="),
    ]);
    let bytes: usize = fields.values().map(HeaderValue::len).sum();
    criterion.bench_function(&format!("tripwire, fields of {bytes} bytes"), |bencher| {
        bencher.iter(|| {
            black_box(&fields).iter().any(|(name, value)| tripwire.finds(value.as_bytes(), Some(name)))
        });
    });
}

/// Signature, timestamp and id are read and judged.
fn head_step(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("head step");
    for preset in ["standard-webhooks", "github", "stripe", "slack", "shopify"] {
        let (scheme, fields) = signed(preset, b"{}");
        group.bench_function(preset, |bencher| {
            bencher.iter(|| scheme.open(&head(black_box(&fields)), NOW));
        });
    }
}

/// The bytes are hashed and every secret compared.
fn body_step(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("body step");
    for size in [256, 1024, 16 * 1024, 256 * 1024] {
        let body = vec![b'x'; size];
        let (scheme, fields) = signed("standard-webhooks", &body);
        group.throughput(Throughput::Bytes(size as u64));
        group.bench_function(format!("{size} bytes"), |bencher| {
            let open = || scheme.open(&head(&fields), NOW).expect("a genuine head");
            let prove = |mut open: countersign::schemes::Open| {
                open.update(black_box(&body));
                open.finish(&body)
            };
            bencher.iter_batched(open, prove, BatchSize::SmallInput);
        });
    }
}

/// A fresh delivery claims its key and commits it.
fn ledger(criterion: &mut Criterion) {
    let options = LedgerOptions {
        entries_max: 50_000_000,
        entries_max_per_source: 50_000_000,
        sources: vec![SourceTag::new("bench")],
        on_unknown: OnUnknown::Release,
        boot_fence: None,
    };
    let clock = Arc::new(ManualClock::new(NOW));
    let ledger = MemoryLedger::new(&options, Arc::clone(&clock) as _);
    let mut number = 0_u64;
    criterion.bench_function("ledger, claim and commit", |bencher| {
        bencher.iter(|| {
            number += 1;
            // A second passes for every 10,000 deliveries, so that entries end
            // as fast as they come.
            if number.is_multiple_of(10_000) {
                clock.advance(Duration::from_secs(1));
            }
            let claimed = ledger.claim(&request(number)).now_or_never();
            let Some(Ok(Claimed::New(claim))) = claimed else { unreachable!("every key is new") };
            ledger.settle(claim, Settlement::Commit).now_or_never()
        });
    });
}

fn rate(criterion: &mut Criterion) {
    let events = NonZeroU32::MAX;
    let limiter = RateLimiter::new("source", Rate { events, per: Duration::from_secs(1), burst: events });
    criterion.bench_function("rate, one admission", |bencher| bencher.iter(|| limiter.admit()));
}

fn request(number: u64) -> ClaimRequest {
    let id = HeaderValue::from(number);
    let content = Digest::of(b"the same body");
    ClaimRequest {
        source: SourceIndex(0),
        key: LedgerKey::new("bench", &ReplayIdentity::Id { id, body: content }),
        content,
        signed_at: None,
        memory: Memory { tolerance: None, window: Duration::from_secs(10) },
        lease: Duration::from_secs(25),
        rate: None,
    }
}

fn signed(name: &str, body: &[u8]) -> (Scheme, HeaderMap) {
    let preset = preset(name).expect("a preset");
    let secret = Secret::new("whsec_MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE=");
    let scheme = Scheme::new(preset, &[secret.into()], SchemeOptions::default()).expect("a good secret");
    let id = scheme.id_header().is_some().then_some("msg_2KWPBgLlAfxdpx2AI54pPJ85f4W");
    let message =
        Message { id, timestamp: NOW, body, method: &Method::POST, target: "/hooks", public_url: None };
    let fields = scheme.sign(&message).expect("a message that can be signed").into_iter().collect();
    (scheme, fields)
}

fn head(fields: &HeaderMap) -> Head<'_> {
    Head { method: &Method::POST, target: "/hooks", fields, public_url: None }
}
