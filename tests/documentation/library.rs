//! Without the proxy the package is the schemes alone.

use std::process::Command;

#[test]
fn the_library_needs_neither_tokio_nor_hyper() {
    let tree = Command::new(env!("CARGO"))
        .args(["tree", "--locked", "--no-default-features", "--edges", "normal", "--prefix", "none"])
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .output()
        .unwrap();
    let names = String::from_utf8(tree.stdout).unwrap();
    let names: Vec<&str> = names.lines().filter_map(|line| line.split(' ').next()).collect();
    assert!(
        names.contains(&"countersign") && names.contains(&"hmac"),
        "{}",
        String::from_utf8_lossy(&tree.stderr)
    );
    for proxy in ["tokio", "hyper", "hyper-util", "rustls", "clap", "socket2", "moka", "tracing"] {
        assert!(!names.contains(&proxy), "the library needs {proxy}");
    }
}
