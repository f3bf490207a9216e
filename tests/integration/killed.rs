//! The guard killed at any moment, with a durable ledger, under load; and an
//! attacker who has seen every delivery and sends each of them again.
//!
//! `COUNTERSIGN_TEST_KILLS=200` kills it as often as that; a few times
//! otherwise.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use bytes::Bytes;
use countersign::clock::{Clock as _, SystemClock};
use http::{HeaderName, HeaderValue};
use tokio::sync::watch;
use tokio::time::{sleep, timeout};

use crate::app::App;
use crate::client::Connection;
use crate::program::Directory;

const SENDERS: usize = 8;

/// Longer than anything here takes.
const PATIENCE: Duration = Duration::from_secs(60);

/// What went over the wire: enough to send it again.
type Signed = Vec<(HeaderName, HeaderValue)>;

/// What the world outside of the guard knows.
#[derive(Default)]
struct Outside {
    /// How often a sender has tried each delivery.
    tries: HashMap<String, usize>,
    /// Every signature of the deliveries whose sender has seen a 2xx.
    acknowledged: Vec<(String, Signed)>,
}

/// Where the guard listens, while there is one.
type Address = watch::Receiver<Option<SocketAddr>>;

#[tokio::test]
#[allow(clippy::print_stdout, reason = "how much there was to see")]
async fn nothing_acknowledged_passes_again_and_nothing_is_lost() {
    let kills = std::env::var("COUNTERSIGN_TEST_KILLS").map_or(12, |kills| kills.parse().unwrap());
    let app = App::start().await.unwrap();
    let directory = Arc::new(Directory::prepared().await);
    directory.run("mkdir state").await;
    let (address, listening) = watch::channel(None);
    let (outside, is_over) = (Arc::new(Mutex::new(Outside::default())), Arc::new(AtomicBool::new(false)));
    let senders: Vec<_> = (0..SENDERS)
        .map(|sender| {
            let (directory, outside) = (Arc::clone(&directory), Arc::clone(&outside));
            tokio::spawn(send(sender, directory, listening.clone(), outside, Arc::clone(&is_over)))
        })
        .collect();
    let mut random = Random::new();
    let replays = AtomicUsize::new(0);
    for _ in 0..kills {
        let mut guard = directory.guard(&durable_guard(&app)).await;
        guard.hang_up();
        address.send(Some(guard.listen)).unwrap();
        let life = Duration::from_millis(random.below(250) as u64);
        let _ = timeout(life, async {
            loop {
                attack(guard.listen, &outside, random.below(usize::MAX), &replays).await;
            }
        })
        .await;
        guard.signal("KILL").await;
        address.send(None).unwrap();
        assert_eq!(guard.end().await.code, None, "it was killed, and did not end by itself");
    }
    // One that lives: what was begun is brought to its end.
    let guard = directory.guard(&durable_guard(&app)).await;
    is_over.store(true, Ordering::Relaxed);
    address.send(Some(guard.listen)).unwrap();
    for sender in senders {
        timeout(PATIENCE, sender).await.expect("every delivery ends in time").unwrap();
    }
    let all = outside.lock().unwrap().acknowledged.len();
    let last = attack(guard.listen, &outside, 0, &replays);
    assert_eq!(timeout(PATIENCE, last).await.expect("an end in time"), all);
    let replays = replays.into_inner();

    let mut seen: HashMap<String, usize> = HashMap::new();
    for delivery in app.take_seen() {
        *seen.entry(delivery.field("webhook-id").to_owned()).or_default() += 1;
    }
    let outside = outside.lock().unwrap();
    assert!(replays > 0 && outside.tries.len() > SENDERS, "there was something to see");
    println!("{kills} kills, {} deliveries, {replays} replays", outside.tries.len());
    for (id, tries) in &outside.tries {
        let times = seen.get(id).copied().unwrap_or(0);
        assert!(times >= 1, "{id} is lost");
        assert!(times <= *tries, "{id} was tried {tries} times, and the app saw it {times} times");
    }
}

fn durable_guard(app: &App) -> String {
    // Without the fence nothing but the memory stands between a replay and the app.
    format!(
        "countersign guard --plain --threads 2 --upstream http://{} --scheme standard-webhooks \
         --secret-file certs/dev/webhook.secret --rate-limit-per-address 1000000/s \
         --state-dir state --boot-fence off",
        app.address
    )
}

/// Makes one delivery after the other, each until it is acknowledged.
async fn send(
    sender: usize,
    directory: Arc<Directory>,
    mut address: Address,
    outside: Arc<Mutex<Outside>>,
    is_over: Arc<AtomicBool>,
) {
    let mut connection = None;
    let mut number = 0;
    while !is_over.load(Ordering::Relaxed) {
        number += 1;
        let id = format!("msg_{sender}_{number}");
        let mut signatures = Vec::new();
        let mut seconds = 0;
        loop {
            let at = SystemClock.now().saturating_add(Duration::from_secs(seconds));
            let signed = directory.signed_at(at, &id, id.as_bytes());
            signatures.push(signed.clone());
            *outside.lock().unwrap().tries.entry(id.clone()).or_default() += 1;
            match post(&mut connection, &mut address, &signed, &id).await {
                Some(200..300) => break,
                // The app has it, and the 2xx was lost on its way; a sender
                // that tries again signs at another time.
                Some(409) => seconds += 1,
                Some(503) => sleep(Duration::from_millis(2)).await,
                Some(status) => panic!("{id}: {status}"),
                None => connection = None,
            }
        }
        let signatures = signatures.into_iter().map(|signed| (id.clone(), signed));
        outside.lock().unwrap().acknowledged.extend(signatures);
    }
}

/// The status of the answer, if there is one.
async fn post(
    connection: &mut Option<Connection>,
    address: &mut Address,
    signed: &Signed,
    body: &str,
) -> Option<u16> {
    if connection.is_none() {
        let listen = address.wait_for(Option::is_some).await.unwrap().unwrap();
        *connection = Connection::plain(listen).await.ok();
    }
    let Some(open) = connection else {
        sleep(Duration::from_millis(1)).await;
        return None;
    };
    let reply = open.post("/hooks", signed, Bytes::from(body.to_owned())).await.ok()?;
    Some(reply.status)
}

/// Sends everything again whose sender has seen a 2xx, beginning anywhere: the
/// app, whose answer is 204, must see none of it. Ends with the guard, or after
/// all of it; says how many got an answer, and counts them.
async fn attack(guard: SocketAddr, outside: &Mutex<Outside>, begin: usize, replays: &AtomicUsize) -> usize {
    let mut captured = outside.lock().unwrap().acknowledged.clone();
    let begin = begin % captured.len().max(1);
    captured.rotate_left(begin);
    let Ok(mut connection) = Connection::plain(guard).await else { return 0 };
    let mut answered = 0;
    for (id, signed) in captured {
        let Ok(reply) = connection.post("/hooks", &signed, Bytes::from(id.clone())).await else { break };
        // A signature that the guard never saw makes a retry: acknowledged, and
        // not passed on either.
        let is_known = matches!((reply.status, reply.code().as_str()), (409 | 503, _) | (200, "duplicate"));
        assert!(is_known, "{id} passed again: {reply:?}");
        answered += 1;
        replays.fetch_add(1, Ordering::Relaxed);
    }
    // Nothing may have been acknowledged yet.
    tokio::task::yield_now().await;
    answered
}

/// A xorshift generator, seeded by the time: good enough to be somewhere else
/// in every run.
struct Random(u64);

impl Random {
    fn new() -> Self {
        let nanos = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().subsec_nanos();
        Self(u64::from(nanos) | 1)
    }

    fn below(&mut self, bound: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 % bound as u64).unwrap()
    }
}
