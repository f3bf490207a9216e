//! The whole of a delivery over loopback: client, mTLS, guard, app and back,
//! on one kept-open connection, with every check and metric.
//!
//! `cargo bench --bench delivery`. This is latency, most of it the kernel's;
//! what a core can do under load is measured by the side-by-side bench that
//! `docs/performance.md` describes.

#![allow(clippy::unwrap_used, reason = "a bench that cannot set up may as well panic")]

use bytes::Bytes;
use countersign::clock::{Clock as _, SystemClock};
use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use tokio::runtime::Runtime;

#[allow(dead_code)]
#[path = "../examples/quickstart/app.rs"]
mod app;
#[allow(dead_code)]
#[path = "../examples/quickstart/client.rs"]
mod client;
#[allow(dead_code)]
#[path = "../tests/integration/stand.rs"]
mod stand;

use stand::Stand;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

criterion_group!(delivery, genuine, refused);
criterion_main!(delivery);

fn genuine(criterion: &mut Criterion) {
    let (runtime, stand) = stand();
    let mut group = criterion.benchmark_group("genuine delivery");
    for size in [256, 1024, 16 * 1024, 256 * 1024] {
        let body = Bytes::from(vec![b'x'; size]);
        let mut connection = runtime.block_on(stand.client.connect()).unwrap();
        let mut number = 0_u64;
        group.throughput(Throughput::Bytes(size as u64));
        group.bench_function(format!("{size} bytes"), |bencher| {
            bencher.iter(|| {
                number += 1;
                let fields = stand.signed(&format!("msg_{size}_{number}"), &body);
                let reply = runtime.block_on(connection.post("/hooks", &fields, body.clone())).unwrap();
                assert_eq!(reply.status, 204);
            });
        });
        stand.app.take_seen();
    }
}

/// What a stranger without the secret costs.
fn refused(criterion: &mut Criterion) {
    let (runtime, stand) = stand();
    let body = Bytes::from(vec![b'x'; 1024]);
    let mut connection = runtime.block_on(stand.client.connect()).unwrap();
    let forged = stand.signed("msg_1", b"another body");
    criterion.bench_function("refused delivery, wrong signature", |bencher| {
        bencher.iter(|| {
            let reply = runtime.block_on(connection.post("/hooks", &forged, body.clone())).unwrap();
            assert_eq!(reply.status, 401);
        });
    });
}

fn stand() -> (Runtime, Stand) {
    let runtime = Runtime::new().unwrap();
    let flags = ["--rate-limit-per-address", "1000000/s"];
    let stand = runtime.block_on(Stand::with_flags(&flags));
    stand.clock.set(SystemClock.now());
    (runtime, stand)
}
