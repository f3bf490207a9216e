//! The ledger in a directory, by the program: a restart, a second process, and
//! a disk that is full for a while.

use bytes::Bytes;
use countersign::clock::{Clock as _, SystemClock, UnixTime};
use http::{HeaderName, HeaderValue};

use crate::app::App;
use crate::client::{Connection, Reply};
use crate::program::{Directory, Guard, text};

#[tokio::test]
async fn a_restart_forgets_nothing_and_fences_nothing() {
    let app = App::start().await.unwrap();
    let directory = Directory::prepared().await;
    directory.run("mkdir state").await;
    let line = durable_guard(&app, "").replace("--boot-fence off", "");
    let guard = directory.guard(&line).await;
    let at = SystemClock.now();
    let (first, second) = (signed(&directory, at, 1), signed(&directory, at, 2));
    assert_eq!(send(&guard, &first).await.status, 204);
    guard.signal("TERM").await;
    assert_eq!(guard.end().await.code, Some(0));
    let guard = directory.guard(&line).await;
    assert_eq!(send(&guard, &first).await.code(), "replayed");
    assert_eq!(send(&guard, &second).await.status, 204, "signed before the start, and not a replay");
}

#[tokio::test]
async fn a_second_process_is_told_and_exits_with_1() {
    let app = App::start().await.unwrap();
    let directory = Directory::prepared().await;
    directory.run("mkdir state").await;
    let line = durable_guard(&app, "");
    let _guard = directory.guard(&line).await;
    let output = directory.try_run(&format!("{line} --listen 127.0.0.1:0 --admin-listen 127.0.0.1:0")).await;
    assert_eq!(output.status.code(), Some(1));
    let said = text(&output.stderr);
    let expected =
        "countersign guard: open the ledger: `state/ledger` is in use: another process keeps its ledger";
    assert!(said.contains(expected), "{said}");
}

#[tokio::test]
async fn a_full_disk_refuses_deliveries_until_there_is_room_again() {
    let app = App::start().await.unwrap();
    let directory = Directory::prepared().await;
    directory.run("mkdir state").await;
    // No file may grow beyond 8 blocks, and who tries is told and not killed.
    let line = durable_guard(&app, "trap \"\" XFSZ; ulimit -S -f 8;");
    let guard = directory.guard(&line).await;
    let (mut accepted, mut number) = (Vec::new(), 0);
    let refused = loop {
        number += 1;
        let reply = post(&directory, &guard, number).await;
        match reply.status {
            204 => accepted.push(number),
            _ => break reply,
        }
        assert!(number < 1000, "the limit is never reached");
    };
    assert_eq!((refused.status, refused.code().as_str()), (503, "ledger_unavailable"));
    assert!(refused.fields.contains_key("retry-after"));
    assert!(!accepted.is_empty());
    // What was accepted cannot be told from what was not: neither gets a 2xx.
    let sent_before = app.take_seen().len();
    for number in [accepted[0], number, number + 1] {
        assert_eq!(post(&directory, &guard, number).await.code(), "ledger_unavailable");
    }
    assert_eq!(app.take_seen().len(), 0);
    assert!(sent_before - accepted.len() <= 1, "one may have been on its way");

    directory.run(&format!("prlimit --fsize=unlimited --pid {}", guard.id())).await;
    let mut next = number + 2;
    while post(&directory, &guard, next).await.status != 204 {
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
        next += 1;
        assert!(next < number + 1000, "it never works again");
    }
    accepted.push(next);
    guard.signal("KILL").await;
    guard.end().await;
    app.take_seen();
    // Nothing that was acknowledged before or after is forgotten.
    let guard = directory.guard(&durable_guard(&app, "")).await;
    for number in accepted {
        let reply = post(&directory, &guard, number).await;
        assert!(matches!(reply.code().as_str(), "replayed" | "duplicate"), "{number}: {reply:?}");
    }
    assert_eq!(app.take_seen().len(), 0);
}

/// The command line of a guard, started by a shell that does `first` before.
fn durable_guard(app: &App, first: &str) -> String {
    let guard = format!(
        "countersign guard --plain --threads 1 --upstream http://{} --scheme standard-webhooks \
         --secret-file certs/dev/webhook.secret --state-dir state --boot-fence off",
        app.address
    );
    format!("sh -c '{first} exec {guard} \"$@\"' sh")
}

async fn post(directory: &Directory, guard: &Guard, number: usize) -> Reply {
    send(guard, &signed(directory, SystemClock.now(), number)).await
}

fn signed(directory: &Directory, at: UnixTime, number: usize) -> Vec<(HeaderName, HeaderValue)> {
    directory.signed_at(at, &format!("msg_{number}"), BODY)
}

async fn send(guard: &Guard, signed: &[(HeaderName, HeaderValue)]) -> Reply {
    let mut connection = Connection::plain(guard.listen).await.unwrap();
    connection.post("/hooks", signed, Bytes::from_static(BODY)).await.unwrap()
}

const BODY: &[u8] = b"{}";
