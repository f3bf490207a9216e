//! Secrets with dates, and what a guard shows of each while they rotate.

use std::time::Duration;

use countersign::cli;
use countersign::clock::Clock as _;
use countersign::keys::Secret;

use crate::stand::{BODY, NOW, Stand};

const HOUR: Duration = Duration::from_secs(3600);
const DAY: Duration = Duration::from_secs(24 * 3600);

/// [`NOW`], and a day later.
const BEGINS: &str = "2027-01-15T08:00:00Z";
const ENDS: &str = "2027-01-16T08:00:00Z";

/// A guard with the stand's secret in slot 0, which ends a day from now, and
/// another one in slot 1, which counts an hour before that.
async fn rotating() -> (Stand, Secret) {
    let stand = Stand::with_flags(&[]).await;
    let new = cli::generate_secret().unwrap();
    let file = stand.write("new.secret", new.expose());
    let end = format!("0={ENDS}");
    let begin = "1=2027-01-16T07:00:00Z";
    let flags = ["--secret-file", &file, "--secret-not-after", &end, "--secret-not-before", begin];
    stand.reload(&flags).unwrap();
    (stand, new)
}

#[tokio::test]
async fn a_secret_verifies_between_its_dates_by_the_guards_clock_and_without_a_reload() {
    let (stand, new) = rotating().await;
    let old = stand.secret.clone();
    // Which of both are taken: before the overlap, in it, in the last instant of the old one, and after it.
    let instant = Duration::from_millis(1);
    let mut ids = 0;
    for (after, codes) in [
        (Duration::ZERO, ["", "signature_mismatch"]),
        (HOUR * 23, ["", ""]),
        (DAY, ["", ""]),
        (DAY + instant, ["signature_mismatch", ""]),
    ] {
        stand.clock.set(NOW.saturating_add(after));
        for (secret, code) in [&old, &new].into_iter().zip(codes) {
            ids += 1;
            let fields = stand.signed_by(secret, &format!("msg_{ids}"), BODY);
            let reply = stand.post(&fields, BODY).await;
            let shown = if reply.status == 204 { String::new() } else { reply.code() };
            assert_eq!(shown, code, "{after:?}");
        }
    }
}

#[tokio::test]
async fn an_old_secret_cannot_be_used_with_a_time_in_which_it_counted() {
    let (stand, _) = rotating().await;
    let early = stand.signed("msg_1", BODY);
    // Fresh enough by its signed time, which lies before the end.
    stand.clock.set(NOW.saturating_add(DAY));
    let in_time = stand.signed("msg_2", BODY);
    stand.clock.advance(Duration::from_secs(10));
    assert_eq!(stand.post(&in_time, BODY).await.code(), "signature_mismatch");
    assert_eq!(stand.post(&early, BODY).await.code(), "timestamp_too_old");
    assert!(stand.app.take_seen().is_empty());
}

#[tokio::test]
async fn each_slot_shows_its_end_and_its_last_delivery_wherever_the_secret_moves() {
    let (stand, new) = rotating().await;
    let old = stand.secret.clone();
    assert_eq!(shown(&stand, "not_after").await, [(0, stand.clock.now().saturating_add(DAY).as_secs())]);
    assert_eq!(shown(&stand, "last_verified").await, [(0, 0), (1, 0)]);
    stand.post_genuine("msg_1").await;
    assert_eq!(shown(&stand, "last_verified").await, [(0, NOW.as_secs()), (1, 0)]);
    // What does not verify leaves no trace.
    stand.clock.advance(Duration::from_secs(60));
    let forged = stand.signed_by(&cli::generate_secret().unwrap(), "msg_2", BODY);
    assert_eq!(stand.post(&forged, BODY).await.code(), "signature_mismatch");
    assert_eq!(shown(&stand, "last_verified").await, [(0, NOW.as_secs()), (1, 0)]);
    // The new one in front of the old one: each keeps its own time.
    stand.write("secret", new.expose());
    let old_file = stand.write("old.secret", old.expose());
    let begin = format!("1={BEGINS}");
    stand.reload(&["--secret-file", &old_file, "--secret-not-before", &begin]).unwrap();
    assert_eq!(shown(&stand, "last_verified").await, [(0, 0), (1, NOW.as_secs())]);
    assert_eq!(shown(&stand, "not_after").await, []);
    // Without the old one there is no slot 1 to show.
    stand.reload(&[]).unwrap();
    assert_eq!(shown(&stand, "last_verified").await, [(0, 0)]);
    let by_new = stand.signed_by(&new, "msg_3", BODY);
    assert_eq!(stand.post(&by_new, BODY).await.status, 204);
    assert_eq!(shown(&stand, "last_verified").await, [(0, NOW.as_secs() + 60)]);
}

/// The slots of `countersign_secret_…_timestamp_seconds`, and what each has.
async fn shown(stand: &Stand, what: &str) -> Vec<(usize, u64)> {
    let name = format!("countersign_secret_{what}_timestamp_seconds{{slot=\"");
    let metrics = stand.admin("/metrics").await;
    let sample = |line: &str| {
        let (slot, rest) = line.strip_prefix(&name)?.split_once('"')?;
        Some((slot.parse().unwrap(), rest.rsplit_once(' ')?.1.trim().parse().unwrap()))
    };
    metrics.lines().filter_map(sample).collect()
}
