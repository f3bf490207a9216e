//! Redis behind TLS with an ACL, behind Sentinels, and as a Cluster.

use std::fs;
use std::time::Duration;

use countersign::devcerts::{Authority, CLIENT_ID};
use tempfile::TempDir;
use tokio::time::sleep;

use super::fleet::{Fleet, decided};
use super::server::{Server, free_port};

#[tokio::test]
async fn tls_with_a_client_certificate_and_an_acl_user() {
    let authority = Authority::new("redis CA").unwrap();
    let directory = TempDir::new().unwrap();
    let file = |name: &str, text: &str| {
        let path = directory.path().join(name);
        fs::write(&path, text).unwrap();
        path.display().to_string()
    };
    let (server_pair, client_pair) = (authority.server(&[]).unwrap(), authority.client(CLIENT_ID).unwrap());
    let ca = file("ca.pem", &authority.certificate());
    let (cert, key) = (file("server.pem", &server_pair.certificate), file("server.key", &server_pair.key));
    let client = (file("client.pem", &client_pair.certificate), file("client.key", &client_pair.key));
    let password = file("password", "the-password-of-the-guard\n");
    let acl =
        file("users.acl", &format!("user default off\nuser guard on >the-password-of-the-guard {GRANTS}\n"));
    let port = free_port().to_string();
    let mut server = Server::prepare(
        port.parse().unwrap(),
        &[
            "--port",
            "0",
            "--tls-port",
            &port,
            "--tls-cert-file",
            &cert,
            "--tls-key-file",
            &key,
            "--tls-ca-cert-file",
            &ca,
            "--tls-auth-clients",
            "yes",
            "--aclfile",
            &acl,
        ],
    );
    server.resume_from_death();
    let url = format!("rediss://guard@localhost:{port}");
    let flags = [
        "--state",
        &url,
        "--state-password-file",
        &password,
        "--state-ca",
        &ca,
        "--state-cert",
        &client.0,
        "--state-key",
        &client.1,
    ];
    let fleet = Fleet::start(2, &flags).await;
    let fields = fleet.signed("msg_1");
    assert_eq!(fleet.post(0, &fields, "msg_1").await.status, 204);
    assert_eq!(fleet.post(1, &fields, "msg_1").await.code(), "replayed");
}

/// The grants of docs/scaling.md, which a test of the documentation compares.
const GRANTS: &str = "~countersign:* +evalsha +eval +get +set +del +time +info +wait +ping";

#[test]
fn the_grants_that_are_documented_are_those_that_suffice() {
    let page = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/scaling.md");
    assert!(fs::read_to_string(page).unwrap().contains(GRANTS));
}

#[tokio::test]
async fn a_sentinel_failover_is_followed_and_lets_no_replay_through() {
    let mut master = Server::start(&[]);
    let master_port = master.port.to_string();
    let replica = Server::start(&["--replicaof", "127.0.0.1", &master_port]);
    while !replica.command("INFO replication").contains("master_link_status:up") {
        sleep(Duration::from_millis(20)).await;
    }
    let mut sentinel = Server::prepare(free_port(), &["--sentinel"]);
    let config = format!(
        "sentinel monitor main 127.0.0.1 {master_port} 1\nsentinel down-after-milliseconds main 300\n\
         sentinel failover-timeout main 1000\n"
    );
    fs::write(sentinel.directory.path().join("sentinel.conf"), config).unwrap();
    sentinel.resume_from_death();
    while !sentinel.command("SENTINEL replicas main").contains(&replica.port.to_string()) {
        master.command("PING");
        sleep(Duration::from_millis(50)).await;
    }
    let url = format!("redis+sentinel://127.0.0.1:{}/main", sentinel.port);
    let fleet = Fleet::start(2, &["--state", &url]).await;
    let fields = fleet.signed("msg_1");
    assert_eq!(fleet.post(0, &fields, "msg_1").await.status, 204);
    master.kill();
    let during = fleet.post(1, &fields, "msg_1").await;
    assert_eq!(during.status, 503, "{}", during.code());
    assert_eq!(fleet.deliver(1, "msg_2").await.status, 204);
    for guard in fleet.addresses() {
        let code = decided(guard, &fields, "msg_1").await;
        assert!(matches!(code.as_str(), "replayed" | "signed_before_memory"), "{code}");
    }
    assert_eq!(fleet.app.take_seen().len(), 2);
}

#[tokio::test]
async fn a_cluster_keeps_a_source_in_one_slot() {
    // Without a port of its own the bus has one ten thousand above the other:
    // there may be none, or it is in use.
    let buses: Vec<String> = (0..3).map(|_| free_port().to_string()).collect();
    let start = |bus: &String| Server::start(&["--cluster-enabled", "yes", "--cluster-port", bus]);
    let nodes: Vec<Server> = buses.iter().map(start).collect();
    for ((node, bus), range) in nodes.iter().zip(&buses).zip(["0 5460", "5461 10922", "10923 16383"]) {
        assert_eq!(node.command(&format!("CLUSTER ADDSLOTSRANGE {range}")), "+OK");
        nodes[0].command(&format!("CLUSTER MEET 127.0.0.1 {} {bus}", node.port));
    }
    for node in &nodes {
        while !node.command("CLUSTER INFO").contains("cluster_state:ok")
            || !node.command("CLUSTER INFO").contains("cluster_known_nodes:3")
        {
            sleep(Duration::from_millis(50)).await;
        }
    }
    let url = format!("redis+cluster://127.0.0.1:{},127.0.0.1:{}", nodes[0].port, nodes[1].port);
    let fleet = Fleet::start(2, &["--state", &url, "--rate-limit", "1000/s"]).await;
    let fields = fleet.signed("msg_1");
    assert_eq!(fleet.post(0, &fields, "msg_1").await.status, 204);
    assert_eq!(fleet.post(1, &fields, "msg_1").await.code(), "replayed");
    let holding = nodes.iter().filter(|node| node.command("DBSIZE") != ":0");
    assert_eq!(holding.count(), 1, "entry, record and rate are together");
}
