//! Certificates that change while deliveries go on.

use std::os::unix::fs::symlink;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use tempfile::TempDir;

use super::consumer::{Consumer, Greeting};
use super::stand::{Ca, Leaf, config, fetch, post, route};
use crate::config::{ClientCertificate, ClientTls};
use crate::egress::tls::Material;
use crate::egress::{Egress, Route};

/// A mounted Secret as Kubernetes makes it: files are links into `..data`,
/// which is a link to a directory that changes as a whole.
fn swap(mount: &Path, version: &str, ours: &Leaf, ca: &Ca) {
    let directory = mount.join(version);
    std::fs::create_dir(&directory).unwrap();
    std::fs::write(directory.join("tls.crt"), &ours.pem).unwrap();
    std::fs::write(directory.join("tls.key"), ours.key.serialize_pem()).unwrap();
    std::fs::write(directory.join("ca.crt"), ca.pem()).unwrap();
    let next = mount.join("..next");
    symlink(version, &next).unwrap();
    std::fs::rename(next, mount.join("..data")).unwrap();
}

fn mounted(directory: &TempDir, first: &Leaf, ca: &Ca) -> ClientTls {
    let mount = directory.path().join("mount");
    std::fs::create_dir(&mount).unwrap();
    swap(&mount, "..1", first, ca);
    for file in ["tls.crt", "tls.key", "ca.crt"] {
        symlink(Path::new("..data").join(file), mount.join(file)).unwrap();
    }
    let mut tls = config("https://consumer.example").tls;
    tls.ca = Some(mount.join("ca.crt"));
    tls.certificate = Some(ClientCertificate { cert: mount.join("tls.crt"), key: mount.join("tls.key") });
    tls
}

/// Lets the route see what has changed. Its first look is at once.
async fn look(route: &Route) {
    tokio::select! {
        () = route.watch() => unreachable!("it never ends"),
        () = async { while route.generation() == 0 { tokio::time::sleep(Duration::from_millis(1)).await } } => {}
    }
}

#[tokio::test]
async fn a_new_certificate_is_shown_on_new_connections_and_old_ones_are_retired() {
    for protocols in [&["h2"][..], &["http/1.1"]] {
        let (directory, ca, clients) = (TempDir::new().unwrap(), Ca::new(), Ca::new());
        let (first, second) = (clients.leaf(&["sender.example"]), clients.leaf(&["sender.example"]));
        let leaf = ca.leaf(&["consumer.example"]);
        let consumer =
            Consumer::start(Greeting { clients: Some(&clients), protocols, ..Greeting::of(&leaf) }).await;
        let mut config = config(&format!("https://consumer.example:{}", consumer.port));
        config.tls = mounted(&directory, &first, &ca);
        let route = Arc::new(route(&config));
        let egress = Egress::new(Arc::clone(&route));
        for _ in 0..2 {
            fetch(&egress).await;
        }
        assert_eq!(consumer.connections(), 1);
        swap(&directory.path().join("mount"), "..2", &second, &ca);
        look(&route).await;
        fetch(&egress).await;
        egress.sweep();
        fetch(&egress).await;
        let shown = |leaf: &Leaf| Some(leaf.certificate.clone());
        assert_eq!(consumer.clients(), [shown(&first), shown(&first), shown(&second), shown(&second)]);
        assert_eq!(consumer.connections(), 2);
    }
}

#[tokio::test]
async fn a_ca_that_is_no_longer_trusted_ends_the_use_of_what_it_vouched_for() {
    let (directory, ca, clients) = (TempDir::new().unwrap(), Ca::new(), Ca::new());
    let ours = clients.leaf(&["sender.example"]);
    let leaf = ca.leaf(&["consumer.example"]);
    let consumer = Consumer::start(Greeting { protocols: &["h2"], ..Greeting::of(&leaf) }).await;
    let mut config = config(&format!("https://consumer.example:{}", consumer.port));
    config.tls = mounted(&directory, &ours, &ca);
    let route = Arc::new(route(&config));
    let egress = Egress::new(Arc::clone(&route));
    fetch(&egress).await;
    swap(&directory.path().join("mount"), "..2", &ours, &Ca::new());
    look(&route).await;
    assert!(post(&egress, "/").await.is_err());
}

#[test]
fn what_is_of_no_use_leaves_the_old_in_force_until_all_of_it_is_there() {
    let (directory, ca) = (TempDir::new().unwrap(), Ca::new());
    let (first, second) = (ca.leaf(&["sender.example"]), ca.leaf(&["sender.example"]));
    let tls = mounted(&directory, &first, &ca);
    let material = Material::load(&tls).unwrap();
    let (before, _) = material.current();
    let mount = directory.path().join("mount");
    let (cert, key) = (mount.join("tls.crt"), mount.join("tls.key"));
    let steps: [(&Path, String); 4] = [
        (&cert, "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n".into()),
        (&cert, String::new()),
        // The new certificate with the old key.
        (&cert, second.pem.clone()),
        (&key, "not a key".into()),
    ];
    for (path, contents) in steps {
        std::fs::write(path, contents).unwrap();
        assert!(material.refresh().is_err());
        assert!(!material.refresh().unwrap(), "said once");
        assert_eq!(material.generation(), 0);
        assert!(Arc::ptr_eq(&before, &material.current().0));
    }
    std::fs::remove_file(&key).unwrap();
    assert!(material.refresh().is_err());
    std::fs::write(&key, second.key.serialize_pem()).unwrap();
    assert!(material.refresh().unwrap());
    assert!(!material.refresh().unwrap());
    assert_eq!(material.generation(), 1);
}
