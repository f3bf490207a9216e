//! What the injector puts into a pod, run as the kubelet would run it: the
//! files of its volume where it is mounted, and its very command line.

use std::fs;
use std::path::Path;

use serde_json::Value;

use crate::app::App;
use crate::program::{Directory, text};

#[tokio::test]
async fn the_injected_command_line_takes_deliveries_for_the_example() {
    let app = App::start().await.unwrap();
    let directory = Directory::prepared().await;
    let example = include_str!("../../examples/kubernetes/receiver.yaml");
    let port = format!("upstream-port: \"{}\"", app.address.port());
    assert!(example.contains(UPSTREAM));
    fs::write(directory.path().join("app.yaml"), example.replace(UPSTREAM, &port)).unwrap();
    let injected = directory.run("countersign inject -f app.yaml --default image=countersign:1").await;
    let objects: Vec<Value> = serde_saphyr::from_multiple(&injected).unwrap();
    let pod =
        &objects.iter().find(|object| object["kind"] == "Deployment").unwrap()["spec"]["template"]["spec"];

    let container = &pod["initContainers"][0];
    lay_out(&directory, pod, &mounted(container, "countersign"));
    let words = ["command", "args"].iter().flat_map(|part| container[part].as_array().unwrap()).map(word);
    let line: Vec<String> = words.map(|word| in_directory(&directory, &word)).collect();
    let places = ["--listen=0.0.0.0:8843", "--admin-listen=0.0.0.0:9843"];
    let (taken, line): (Vec<_>, Vec<_>) = line.into_iter().partition(|word| places.contains(&word.as_str()));
    assert_eq!(taken, places);
    let guard = directory.guard(&shlex::try_join(line.iter().map(String::as_str)).unwrap()).await;

    for (id, expected) in [("msg_1", "204"), ("msg_1", "409"), ("msg_2", "204")] {
        let signed = directory.signed(id, "{}");
        let client = "--cacert certs/dev/ca.pem --cert certs/dev/client.pem --key certs/dev/client.key";
        let to = format!("https://localhost:{}/hooks", guard.listen.port());
        let curl =
            format!("curl -qsS -o answer -w '%{{http_code}}' {signed} --data-binary '{{}}' {client} {to}");
        assert_eq!(text(&directory.try_run(&curl).await.stdout), expected, "{id}");
    }
    assert_eq!(app.take_seen().len(), 2);
}

/// Writes the files of the projected volume, as the kubelet would.
fn lay_out(directory: &Directory, pod: &Value, mounted_at: &str) {
    let volume =
        pod["volumes"].as_array().unwrap().iter().find(|volume| volume["name"] == "countersign").unwrap();
    for source in volume["projected"]["sources"].as_array().unwrap() {
        let object = source.get("secret").or_else(|| source.get("configMap")).unwrap();
        for item in object["items"].as_array().unwrap() {
            let (name, key) = (object["name"].as_str().unwrap(), item["key"].as_str().unwrap());
            let (.., file) = OBJECTS.iter().find(|(of, at, _)| (*of, *at) == (name, key)).unwrap();
            let path = in_directory(directory, &format!("{mounted_at}/{}", item["path"].as_str().unwrap()));
            fs::create_dir_all(Path::new(&path).parent().unwrap()).unwrap();
            fs::copy(directory.path().join(file), path).unwrap();
        }
    }
}

fn mounted(container: &Value, volume: &str) -> String {
    let mounts = container["volumeMounts"].as_array().unwrap();
    word(&mounts.iter().find(|mount| mount["name"] == volume).unwrap()["mountPath"])
}

/// `text` with the folders of the container below the test's directory, and
/// the program where it is.
fn in_directory(directory: &Directory, text: &str) -> String {
    let root = directory.path().join("root");
    match text {
        "/countersign" => "countersign".to_owned(),
        text => text.replace("/etc/countersign", &format!("{}/etc/countersign", root.display())),
    }
}

fn word(value: &Value) -> String {
    value.as_str().unwrap().to_owned()
}

/// What `examples/kubernetes/secrets` makes, and of what.
const OBJECTS: [(&str, &str, &str); 4] = [
    ("webhook-secret", "secret", "certs/dev/webhook.secret"),
    ("guard-tls", "tls.crt", "certs/dev/server.pem"),
    ("guard-tls", "tls.key", "certs/dev/server.key"),
    ("sender-ca", "ca.crt", "certs/dev/ca.pem"),
];

const UPSTREAM: &str = "upstream-port: \"3000\"";
