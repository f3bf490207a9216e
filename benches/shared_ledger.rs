//! Processor time of a guard whose ledger is in Redis beside that of one whose
//! ledger is in memory.
//!
//! `cargo bench --bench shared_ledger`. Needs `redis-server`. Both guards take
//! the same deliveries, over mutual TLS 1.3 from kept-open connections, and pass
//! them to the same kind of app. What counts is the processor time of the
//! guard's threads for a delivery, that of the connection to Redis included;
//! Redis itself, the senders and the app stay out of it. Compare by ratio, in
//! pairs of runs next to each other.
//!
//! Without `--bench`, as `cargo test --benches` runs it, it makes one short round.

#![allow(clippy::print_stdout, reason = "it is made to be read at a terminal")]
#![allow(clippy::unwrap_used, reason = "a bench that cannot set up may as well panic")]

use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;

use bytes::Bytes;
use countersign::clock::{Clock as _, SystemClock};
use tokio::runtime::Runtime;
use tokio::task::JoinSet;

#[allow(dead_code)]
#[path = "../examples/quickstart/app.rs"]
mod app;
#[allow(dead_code)]
#[path = "../examples/quickstart/client.rs"]
mod client;
#[allow(dead_code)]
#[path = "../tests/integration/redis/server.rs"]
mod server;
#[allow(dead_code)]
#[path = "../tests/integration/stand.rs"]
mod stand;

use server::Server;
use stand::Stand;

/// As in the program.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// A guard, and the threads that do its work.
struct Subject {
    stand: Stand,
    threads: Vec<PathBuf>,
    deliveries: u32,
}

fn main() {
    let is_bench = std::env::args().any(|argument| argument == "--bench");
    let (rounds, deliveries) = if is_bench { (41, 4_000) } else { (1, 200) };
    let runtime = Runtime::new().unwrap();
    let server = Server::start(&[]);
    let state = server.url();
    let mut memory = subject(&runtime, &[]);
    let mut redis = subject(&runtime, &["--state", &state, "--boot-fence", "off"]);
    assert_eq!((memory.threads.len(), redis.threads.len()), (1, 2));
    for subject in [&mut memory, &mut redis] {
        subject.micros_per_delivery(&runtime, deliveries);
    }
    let mut ratios = Vec::with_capacity(rounds);
    println!("round  memory µs  redis µs  ratio");
    for round in 1..=rounds {
        let memory = memory.micros_per_delivery(&runtime, deliveries);
        let redis = redis.micros_per_delivery(&runtime, deliveries);
        ratios.push(redis / memory);
        println!("{round:5}  {memory:9.2}  {redis:8.2}  {:5.3}", redis / memory);
    }
    ratios.sort_by(f64::total_cmp);
    println!("median ratio of {rounds} rounds of {deliveries} deliveries: {:.3}", ratios[rounds / 2]);
    let spent = server.command("INFO commandstats");
    for line in spent.lines().filter(|line| line.contains("evalsha")) {
        println!("in Redis: {}", line.trim());
    }
}

fn subject(runtime: &Runtime, flags: &[&str]) -> Subject {
    let before = threads();
    let flags = [&["--rate-limit-per-address", "1000000/s"], flags].concat();
    let stand = runtime.block_on(Stand::with_flags(&flags));
    // Threads take their names as they begin; one that answers has begun.
    stand.clock.set(SystemClock.now());
    assert_eq!(runtime.block_on(stand.post_genuine("msg_first")).status, 204);
    let ours = |name: &str| name == "guard-0" || name == "redis";
    let new = threads().into_iter().filter(|(path, name)| !before.contains_key(path) && ours(name));
    Subject { stand, threads: new.map(|(path, _)| path).collect(), deliveries: 0 }
}

impl Subject {
    fn micros_per_delivery(&mut self, runtime: &Runtime, deliveries: u32) -> f64 {
        self.stand.clock.set(SystemClock.now());
        let before = self.nanos();
        runtime.block_on(self.deliver(deliveries));
        #[allow(clippy::cast_precision_loss, reason = "a figure for people")]
        let micros = (self.nanos() - before) as f64 / 1e3;
        self.stand.app.take_seen();
        micros / f64::from(deliveries)
    }

    async fn deliver(&mut self, deliveries: u32) {
        let body = Bytes::from(vec![b'x'; BODY_BYTES]);
        let mut connections = JoinSet::new();
        for _ in 0..CONNECTIONS {
            let mut connection = self.stand.client.connect().await.unwrap();
            let each = deliveries / CONNECTIONS;
            let signed: Vec<_> = (0..each)
                .map(|number| self.stand.signed(&format!("msg_{}", self.deliveries + number), &body))
                .collect();
            self.deliveries += each;
            let body = body.clone();
            connections.spawn(async move {
                for fields in signed {
                    let reply = connection.post("/hooks", &fields, body.clone()).await.unwrap();
                    assert_eq!(reply.status, 204, "{}", reply.code());
                }
            });
        }
        while let Some(outcome) = connections.join_next().await {
            outcome.unwrap();
        }
    }

    /// Processor time of the subject's threads, in user and kernel: the first
    /// number of their `schedstat`.
    fn nanos(&self) -> u64 {
        let of = |thread: &PathBuf| -> u64 {
            let schedstat = fs::read_to_string(thread.join("schedstat")).unwrap();
            schedstat.split(' ').next().unwrap().parse().unwrap()
        };
        self.threads.iter().map(of).sum()
    }
}

/// The threads of this process, with their names.
fn threads() -> BTreeMap<PathBuf, String> {
    let tasks = fs::read_dir("/proc/self/task").unwrap().flatten();
    let named = tasks.filter_map(|task| {
        let name = fs::read_to_string(task.path().join("comm")).ok()?;
        Some((task.path(), name.trim_end().to_owned()))
    });
    named.collect()
}

const CONNECTIONS: u32 = 32;
const BODY_BYTES: usize = 1024;
