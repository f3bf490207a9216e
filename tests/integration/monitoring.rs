//! What `deploy/` reads of a guard is there: metrics, codes and other labels.

use std::collections::BTreeSet;
use std::time::Duration;

use serde_json::Value;
use time::OffsetDateTime;
use tokio::io::AsyncWriteExt as _;
use tokio::net::TcpStream;

use crate::senders_ca::SendersCa;
use crate::stand::{Stand, read_until_silent};

const ALERTS: &str = include_str!("../../deploy/prometheus/alerts.yaml");
const DASHBOARD: &str = include_str!("../../deploy/grafana/countersign.json");

/// What running guards expose, with something in each family: names of
/// samples, and `label="value"` pairs.
struct Exposed {
    names: BTreeSet<String>,
    pairs: BTreeSet<String>,
}

impl Exposed {
    async fn gather() -> Self {
        let full =
            Stand::with_flags(&["--ledger-max", "1", "--secret-not-after", "0=9999-12-31T00:00:00Z"]).await;
        for id in ["msg_1", "msg_2"] {
            full.post_genuine(id).await;
        }
        let closed = Stand::with_flags(&["--plain", "--proxy-protocol", "127.0.0.1"]).await;
        let mut stream = TcpStream::connect(closed.guard().address()).await.unwrap();
        stream.write_all(b"GET / HTTP/1.1\r\n\r\n").await.unwrap();
        read_until_silent(&mut stream, Duration::from_secs(5)).await;
        let ca = SendersCa::new();
        let crl = ca.crl(2, OffsetDateTime::now_utc() + time::Duration::WEEK);
        let listed = Stand::with_flags(&["--client-ca", &ca.certificate(), "--client-crl", &crl]).await;
        let pages =
            [full.admin("/metrics").await, closed.admin("/metrics").await, listed.admin("/metrics").await]
                .concat();
        let samples =
            pages.lines().filter(|line| line.starts_with("countersign_") || line.starts_with("process_"));
        let (mut names, mut pairs) = (BTreeSet::new(), BTreeSet::new());
        for sample in samples {
            let (name, rest) = sample.split_once([' ', '{']).unwrap();
            names.insert(name.to_owned());
            pairs.extend(
                rest.split_once('}').into_iter().flat_map(|(labels, _)| labels.split(',')).map(str::to_owned),
            );
        }
        Self { names, pairs }
    }

    /// Holds what `text` asks for against what is there.
    fn check(&self, what: &str, text: &str) {
        let mut asked = 0;
        for word in text.split(|c: char| !(c.is_ascii_alphanumeric() || c == '_')) {
            if word.starts_with("countersign_") || word.starts_with("process_") {
                assert!(self.names.contains(word), "{what}: no guard exposes {word}");
                asked += 1;
            }
        }
        assert!(asked > 0, "{what} asks for nothing: {text}");
        for (label, values) in CHOSEN.iter().flat_map(|label| chosen(text, label)) {
            for value in values.split('|') {
                let pair = format!("{label}=\"{value}\"");
                assert!(self.pairs.contains(&pair), "{what}: no guard exposes {pair}");
            }
        }
    }
}

/// Labels whose values are words of the program, not names of a configuration.
const CHOSEN: [&str; 4] = ["code", "reason", "result", "certificate"];

/// The values that the queries in `text` choose by `label`.
fn chosen<'t>(text: &'t str, label: &'t str) -> impl Iterator<Item = (&'t str, &'t str)> {
    ["=\"", "=~\"", "!=\""].into_iter().flat_map(move |by| {
        text.match_indices(label).filter_map(move |(at, _)| {
            let is_whole = text[..at].ends_with(['{', ' ', ',']);
            let values = text[at + label.len()..].strip_prefix(by).filter(|_| is_whole)?;
            Some((label, values.split_once('"')?.0))
        })
    })
}

#[tokio::test]
async fn every_metric_and_code_of_alerts_and_dashboard_is_exposed() {
    let exposed = Exposed::gather().await;
    let rules = ALERTS.split("- alert: ").skip(1);
    for rule in rules {
        let (name, rest) = rule.split_once('\n').unwrap();
        let (_, query) = rest.split_once("expr: ").expect(name);
        let end = query.find("\n        for:").or_else(|| query.find("\n        labels:")).expect(name);
        exposed.check(name, &query[..end]);
    }
    let dashboard: Value = serde_json::from_str(DASHBOARD).unwrap();
    let panels = dashboard["panels"].as_array().unwrap();
    let shown = |panel: &&Value| panel["type"] != "row";
    for panel in panels.iter().filter(shown) {
        for target in panel["targets"].as_array().unwrap() {
            exposed.check(panel["title"].as_str().unwrap(), target["expr"].as_str().unwrap());
        }
    }
}
