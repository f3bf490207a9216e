//! The contract on a real Redis, and what is this engine's own.

use std::num::NonZeroU32;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

use super::RedisLedger;
use crate::clock::{Clock, ManualClock, SystemClock, UnixTime};
use crate::config::{OnStateLoss, Rate, RedisConfig};
use crate::keys::Secret;
use crate::ledger::contract::{self, Answer, ask, delivery, options};
use crate::ledger::{
    Charge, Claim, ClaimRequest, Claimed, Class, Ledger as _, LedgerError, LedgerOptions, Memory, Settlement,
    Standing, model,
};

#[allow(dead_code)]
#[path = "../../../tests/integration/redis/server.rs"]
mod server;

use server::Server;

contract::uncounted!(Time::Real, open);
// No number of entries is refused, and each step is a question to a server.
model::tests!(open, model::Bounds { entries_max: 1000..1001, lives: 48 });

/// A ledger of its own in a server that all of these tests share.
async fn open(options: LedgerOptions, clock: Arc<dyn Clock>) -> RedisLedger {
    static SERVER: OnceLock<Server> = OnceLock::new();
    static NUMBER: AtomicU32 = AtomicU32::new(0);
    let server = SERVER.get_or_init(|| Server::start(&[]));
    let prefix = format!("test-{}", NUMBER.fetch_add(1, Ordering::Relaxed));
    // Clocks of tests stand still, and a busy machine is no fault here.
    let config =
        RedisConfig { prefix, clock_skew_max: None, deadline: Duration::from_secs(5), ..config(server) };
    RedisLedger::open(config, &options, clock).await.unwrap()
}

/// Patient enough for a busy machine.
fn config(server: &Server) -> RedisConfig {
    RedisConfig { deadline: Duration::from_millis(500), ..RedisConfig::from_url(&server.url()).unwrap() }
}

/// A server and a ledger in it, on real clocks.
async fn alone(change: impl FnOnce(&mut RedisConfig)) -> (Server, RedisLedger) {
    let server = Server::start(&[]);
    let ledger = on(&server, change).await;
    (server, ledger)
}

async fn on(server: &Server, change: impl FnOnce(&mut RedisConfig)) -> RedisLedger {
    let mut config = config(server);
    change(&mut config);
    RedisLedger::open(config, &options(), Arc::new(SystemClock)).await.unwrap()
}

/// Signed now, as a sender's clock says it.
fn fresh(number: u8) -> ClaimRequest {
    ClaimRequest { signed_at: Some(UnixTime::from_secs(SystemClock.now().as_secs() + 1)), ..delivery(number) }
}

async fn answer(ledger: &RedisLedger, request: &ClaimRequest) -> Answer {
    ask(ledger, request).await.0
}

async fn accept(ledger: &RedisLedger, request: &ClaimRequest) {
    let (answer, claim) = ask(ledger, request).await;
    let claim = claim.unwrap_or_else(|| panic!("not claimed: {answer:?}"));
    ledger.settle(claim, Settlement::Commit).await.unwrap();
}

/// Until `what` holds, which has to be soon.
async fn eventually(what: impl AsyncFn() -> bool) {
    for _ in 0..400 {
        if what().await {
            return;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    panic!("it never came to be");
}

const UNAVAILABLE: Answer = Answer::Refused(LedgerError::Unavailable);
const FORGOTTEN: Answer = Answer::Refused(LedgerError::SignedBeforeMemory);

#[tokio::test]
async fn guards_that_share_a_server_share_what_they_know() {
    let (server, one) = alone(|_| ()).await;
    let two = on(&server, |_| ()).await;
    let request = fresh(1);
    let (_, claim) = ask(&one, &request).await;
    assert_eq!(answer(&two, &request).await, Answer::InFlight);
    let (waited, settled) = tokio::join!(two.wait(&request, Duration::from_secs(5)), async {
        tokio::time::sleep(Duration::from_millis(50)).await;
        one.settle(claim.unwrap(), Settlement::Commit).await
    });
    assert_eq!((waited, settled), (Ok(crate::ledger::Waited::Settled(Class::Replay)), Ok(())));
    let elsewhere = on(&server, |config| config.prefix = "other".to_owned()).await;
    assert_eq!(answer(&elsewhere, &request).await, Answer::New, "another prefix is another ledger");
}

#[tokio::test]
async fn a_restarted_guard_has_forgotten_nothing() {
    let (server, before) = alone(|_| ()).await;
    let request = fresh(1);
    accept(&before, &request).await;
    drop(before);
    let after = RedisLedger::open(config(&server), &fenced(), Arc::new(SystemClock)).await.unwrap();
    assert_eq!(answer(&after, &request).await, Answer::Settled(Class::Replay));
    let earlier = ClaimRequest { signed_at: Some(SystemClock.now()), ..fresh(2) };
    assert_eq!(answer(&after, &earlier).await, Answer::New, "memory goes on");
}

fn fenced() -> LedgerOptions {
    LedgerOptions { boot_fence: Some(SystemClock.now()), ..options() }
}

#[tokio::test]
async fn a_server_that_lost_everything_is_noticed() {
    let server = Server::start(&[]);
    let ledger = RedisLedger::open(config(&server), &fenced(), Arc::new(SystemClock)).await.unwrap();
    let request = fresh(1);
    accept(&ledger, &request).await;
    server.command("FLUSHALL");
    eventually(async || SystemClock.now().as_secs() > request.signed_at.unwrap().as_secs()).await;
    assert_eq!(answer(&ledger, &request).await, FORGOTTEN);
    assert_eq!(answer(&ledger, &fresh(2)).await, Answer::New, "what is signed from now on is taken");
}

#[tokio::test]
async fn a_server_that_came_back_with_old_data_is_noticed() {
    let mut server = Server::start(&["--save", "900 1"]);
    let ledger = RedisLedger::open(config(&server), &fenced(), Arc::new(SystemClock)).await.unwrap();
    server.command("SAVE");
    let request = fresh(1);
    accept(&ledger, &request).await;
    server.kill();
    eventually(async || ledger.standing() == Standing::Away).await;
    eventually(async || SystemClock.now().as_secs() > request.signed_at.unwrap().as_secs()).await;
    server.resume_from_death();
    eventually(async || ledger.standing() == Standing::Whole).await;
    assert_eq!(answer(&ledger, &request).await, FORGOTTEN, "the snapshot does not have it");
    assert_eq!(answer(&ledger, &fresh(2)).await, Answer::New);
}

#[tokio::test]
async fn the_rate_is_charged_with_the_claim_and_for_fresh_claims_alone() {
    let (server, one) = alone(|_| ()).await;
    let two = on(&server, |_| ()).await;
    let rate = Some("2/h".parse::<Rate>().unwrap());
    let rate = rate.map(|rate| Rate { burst: NonZeroU32::new(2).unwrap(), ..rate });
    let limited = |number| ClaimRequest { rate, ..fresh(number) };
    let first = limited(1);
    let claimed = one.claim(&first).await;
    assert!(matches!(claimed, Ok(Claimed::New(Claim { charge: Charge::Made, .. }))));
    for _ in 0..5 {
        assert_eq!(answer(&two, &first).await, Answer::InFlight, "a copy costs nothing");
    }
    assert_eq!(answer(&two, &limited(2)).await, Answer::New);
    for ledger in [&one, &two] {
        let Ok(Claimed::OverRate { retry_after }) = ledger.claim(&limited(3)).await else {
            panic!("the burst is spent")
        };
        assert!(retry_after > Duration::from_secs(1700) && retry_after <= Duration::from_secs(1800));
    }
    let free = ClaimRequest { rate: None, ..limited(3) };
    assert_eq!(answer(&one, &free).await, Answer::New, "the key was left as it was");
}

#[tokio::test]
async fn what_redis_forgets_by_itself_stays_below_the_watermark() {
    let (server, ledger) = alone(|config| config.clock_skew_max = None).await;
    let clock = Arc::new(ManualClock::new(contract::START));
    let config = RedisConfig { prefix: "manual".to_owned(), clock_skew_max: None, ..config(&server) };
    drop(ledger);
    let ledger = RedisLedger::open(config, &options(), clock.clone()).await.unwrap();
    let request = delivery(1);
    accept(&ledger, &request).await;
    // 300 s of tolerance, the last second, and 20 s of grace.
    let expires: u64 = only_entry_expires(&server);
    assert!((320_000..=321_000).contains(&expires), "{expires}");
    // As if that time had passed: Redis tells nobody.
    server.command("EVAL \"for _,k in ipairs(redis.call('KEYS','manual:*')) do if redis.call('PTTL',k)>0 then redis.call('DEL',k) end end\" 0");
    clock.advance(Duration::from_secs(301));
    let longer = Memory { tolerance: Some(Duration::from_secs(600)), window: Duration::ZERO };
    let replay = ClaimRequest { memory: longer, ..request };
    assert_eq!(answer(&ledger, &replay).await, FORGOTTEN);
    // Nobody uses the shorter tolerance for long enough: the longer one holds.
    clock.advance(Duration::from_secs(320));
    let old = clock.now().saturating_sub(Duration::from_secs(250));
    assert_eq!(answer(&ledger, &ClaimRequest { signed_at: Some(old), ..replay }).await, Answer::New);
    clock.advance(Duration::from_secs(100));
    let at = ClaimRequest { signed_at: Some(old), key: delivery(2).key, ..replay };
    assert_eq!(answer(&ledger, &at).await, Answer::New, "350 s old, and the tolerance is 600");
}

/// Milliseconds until the one key expires that does.
fn only_entry_expires(server: &Server) -> u64 {
    let script = "local n for _,k in ipairs(redis.call('KEYS','*')) do local t=redis.call('PTTL',k) if t>0 then n=t end end return n";
    server.command(&format!("EVAL \"{script}\" 0")).trim_start_matches(':').parse().unwrap()
}

#[tokio::test]
async fn a_clock_that_is_wrong_decides_nothing() {
    let server = Server::start(&[]);
    let clock = Arc::new(ManualClock::new(SystemClock.now()));
    let ledger = RedisLedger::open(config(&server), &options(), clock.clone()).await.unwrap();
    assert_eq!(answer(&ledger, &fresh(1)).await, Answer::New);
    clock.set(SystemClock.now().saturating_add(Duration::from_secs(10)));
    assert_eq!(answer(&ledger, &fresh(2)).await, UNAVAILABLE);
    clock.set(SystemClock.now());
    assert_eq!(answer(&ledger, &fresh(2)).await, Answer::New);
}

#[tokio::test]
async fn scripts_that_were_flushed_are_brought_back() {
    let (server, ledger) = alone(|_| ()).await;
    accept(&ledger, &fresh(1)).await;
    server.command("SCRIPT FLUSH");
    let (_, claim) = ask(&ledger, &fresh(2)).await;
    server.command("SCRIPT FLUSH");
    ledger.settle(claim.unwrap(), Settlement::Commit).await.unwrap();
    let calls = |server: &Server| server.command("INFO commandstats").matches("cmdstat_eval:").count();
    assert_eq!(calls(&server), 1);
}

#[tokio::test]
async fn a_full_server_refuses_claims_and_takes_commits() {
    let (server, ledger) = alone(|_| ()).await;
    let request = fresh(1);
    let (_, claim) = ask(&ledger, &request).await;
    server.command("CONFIG SET maxmemory 1");
    assert_eq!(answer(&ledger, &fresh(2)).await, Answer::Refused(LedgerError::Full));
    ledger.settle(claim.unwrap(), Settlement::Commit).await.unwrap();
    server.command("CONFIG SET maxmemory 0");
    assert_eq!(answer(&ledger, &request).await, Answer::Settled(Class::Replay));
    assert_eq!(ledger.standing(), Standing::Whole);
}

#[tokio::test]
async fn a_server_that_stopped_being_the_master_is_left_and_found_again() {
    let (server, ledger) = alone(|_| ()).await;
    let master = Server::start(&[]);
    server.command(&format!("REPLICAOF 127.0.0.1 {}", master.port));
    assert_eq!(answer(&ledger, &fresh(1)).await, UNAVAILABLE, "READONLY");
    eventually(async || ledger.standing() == Standing::Away).await;
    server.command("REPLICAOF NO ONE");
    eventually(async || answer(&ledger, &fresh(1)).await == Answer::New).await;
}

#[tokio::test]
async fn while_the_server_is_away_calls_fail_at_once() {
    let (server, ledger) = alone(|config| config.deadline = Duration::from_millis(50)).await;
    server.freeze();
    let begun = Instant::now();
    for number in 0..100 {
        assert_eq!(answer(&ledger, &fresh(number)).await, UNAVAILABLE);
    }
    assert!(begun.elapsed() < Duration::from_millis(500), "one deadline, not a hundred");
    server.thaw();
    eventually(async || ledger.standing() == Standing::Whole).await;
    eventually(async || ledger.unsettled() <= 1).await;
    // The claim that was given up was carried out late, and then released.
    eventually(async || answer(&ledger, &fresh(0)).await == Answer::New).await;
}

#[tokio::test]
async fn a_commit_that_could_not_be_told_is_no_success_and_is_told_later() {
    let (server, ledger) = alone(|_| ()).await;
    let request = fresh(1);
    let (_, claim) = ask(&ledger, &request).await;
    server.freeze();
    let settled = ledger.settle(claim.unwrap(), Settlement::Commit).await;
    assert_eq!(settled, Err(LedgerError::Unavailable));
    assert_eq!(ledger.unsettled(), 1);
    server.thaw();
    eventually(async || answer(&ledger, &request).await == Answer::Settled(Class::Replay)).await;
    eventually(async || ledger.unsettled() == 0).await;
}

#[tokio::test]
async fn a_commit_comes_before_new_claims_at_a_server_that_lost_the_claim() {
    let mut server = Server::start(&[]);
    let ledger = on(&server, |_| ()).await;
    let request = fresh(1);
    let (_, claim) = ask(&ledger, &request).await;
    server.kill();
    assert!(ledger.settle(claim.unwrap(), Settlement::Commit).await.is_err());
    server.resume_from_death();
    eventually(async || ledger.standing() == Standing::Whole).await;
    assert_eq!(answer(&ledger, &request).await, Answer::Settled(Class::Replay));
}

#[tokio::test]
async fn a_release_that_could_not_be_told_lets_the_retry_through_later() {
    let (server, ledger) = alone(|_| ()).await;
    let request = fresh(1);
    let (_, claim) = ask(&ledger, &request).await;
    server.freeze();
    assert_eq!(ledger.settle(claim.unwrap(), Settlement::Release).await, Ok(()));
    server.thaw();
    eventually(async || answer(&ledger, &request).await == Answer::New).await;
}

#[tokio::test]
async fn the_nodes_own_ledger_stands_in_where_that_was_asked_for() {
    let server = Server::start(&[]);
    let local = RedisConfig { on_loss: OnStateLoss::Local, ..config(&server) };
    let ledger = RedisLedger::open(local, &fenced(), Arc::new(SystemClock)).await.unwrap();
    let (shared, unlucky) = (fresh(1), fresh(2));
    accept(&ledger, &shared).await;
    let (_, claim) = ask(&ledger, &unlucky).await;
    server.freeze();
    let settled = ledger.settle(claim.unwrap(), Settlement::Commit).await;
    assert_eq!(settled, Ok(()), "the node remembers it until Redis does");
    eventually(async || ledger.standing() == Standing::Fallback).await;
    assert_eq!(answer(&ledger, &unlucky).await, Answer::Settled(Class::Replay));
    assert_eq!(answer(&ledger, &shared).await, FORGOTTEN, "what Redis knows is not let through");
    eventually(async || SystemClock.now().as_secs() > shared.signed_at.unwrap().as_secs()).await;
    let alone = fresh(3);
    accept(&ledger, &alone).await;
    assert_eq!(answer(&ledger, &alone).await, Answer::Settled(Class::Replay));
    eventually(async || SystemClock.now().as_secs() > alone.signed_at.unwrap().as_secs()).await;
    server.thaw();
    eventually(async || ledger.standing() == Standing::Whole).await;
    assert_eq!(answer(&ledger, &shared).await, Answer::Settled(Class::Replay));
    assert_eq!(answer(&ledger, &unlucky).await, Answer::Settled(Class::Replay));
    assert_eq!(answer(&ledger, &alone).await, FORGOTTEN, "what Redis has missed is not let through");
    assert_eq!(answer(&ledger, &fresh(4)).await, Answer::New);
}

#[tokio::test]
async fn a_server_that_evicts_is_refused() {
    let server = Server::start(&["--maxmemory", "64mb", "--maxmemory-policy", "allkeys-lru"]);
    let refused = RedisLedger::open(config(&server), &options(), Arc::new(SystemClock)).await.unwrap_err();
    let said = refused.to_string();
    assert!(said.contains("allkeys-lru") && said.contains("noeviction"), "{said}");
}

#[tokio::test]
async fn a_wrong_password_is_refused_and_not_shown() {
    let server = Server::start(&["--requirepass", "right-password"]);
    let wrong = RedisConfig { password: Some(Secret::new("wrong-password")), ..config(&server) };
    let refused = RedisLedger::open(wrong, &options(), Arc::new(SystemClock)).await.unwrap_err();
    assert!(!format!("{refused:?} {refused}").contains("wrong-password"), "{refused:?}");
    let right = RedisConfig { password: Some(Secret::new("right-password")), ..config(&server) };
    let ledger = RedisLedger::open(right, &options(), Arc::new(SystemClock)).await.unwrap();
    assert_eq!(answer(&ledger, &fresh(1)).await, Answer::New);
    assert!(!format!("{ledger:?}").contains("right-password"));
}

#[tokio::test]
async fn commits_wait_for_as_many_replicas_as_were_asked_for() {
    let server = Server::start(&[]);
    let replica = Server::start(&["--replicaof", "127.0.0.1", &server.port.to_string()]);
    eventually(async || server.command("WAIT 1 100") == ":1").await;
    let ledger = on(&server, |config| config.replicas = NonZeroU32::new(1)).await;
    // On a busy machine a replica may be late, and then that is no success either.
    let numbers = AtomicU32::new(10);
    eventually(async || {
        let number = numbers.fetch_add(1, Ordering::Relaxed);
        let (_, claim) = ask(&ledger, &fresh(u8::try_from(number).unwrap())).await;
        ledger.settle(claim.unwrap(), Settlement::Commit).await.is_ok()
    })
    .await;
    replica.freeze();
    let (_, claim) = ask(&ledger, &fresh(2)).await;
    let settled = ledger.settle(claim.unwrap(), Settlement::Commit).await;
    assert_eq!(settled, Err(LedgerError::Unavailable));
    replica.thaw();
}

#[tokio::test]
#[allow(clippy::print_stdout, reason = "the figure of docs/scaling.md")]
async fn an_entry_takes_no_more_memory_than_the_docs_say() {
    let (server, ledger) = alone(|_| ()).await;
    let used = || -> u64 {
        let memory = server.command("INFO memory");
        let line = memory.lines().find_map(|line| line.strip_prefix("used_memory:")).unwrap();
        line.trim().parse().unwrap()
    };
    accept(&ledger, &fresh(0)).await;
    let before = used();
    for number in 1..=2000_u32 {
        let mut key = [0; 32];
        key[..4].copy_from_slice(&number.to_be_bytes());
        accept(&ledger, &ClaimRequest { key: crate::ledger::LedgerKey(key), ..fresh(0) }).await;
    }
    let each = (used() - before) / 2000;
    println!("{each} bytes an entry");
    assert!((150..=320).contains(&each), "{each} bytes an entry: see docs/scaling.md");
}
