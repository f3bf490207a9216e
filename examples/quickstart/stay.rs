//! `--stay`: leaves everything running and prints lines to try by hand.

use crate::client::Failure;
use crate::scenes::BODY;
use crate::world::World;

/// Prints `curl` lines and waits for an interrupt.
pub(crate) async fn until_interrupted(world: &World) -> Result<(), Failure> {
    let body = world.directory.join("webhook.json");
    std::fs::write(&body, BODY)?;
    let webhook = world.signed(BODY);
    let fields: Vec<String> = webhook
        .fields
        .iter()
        .map(|(name, value)| format!("-H '{name}: {}'", value.to_str().unwrap_or_default()))
        .collect();
    let (dir, address) = (world.directory.display(), world.guard_address());
    let trust = format!("--cacert {dir}/ca.pem");
    let identity = format!("--cert {dir}/client.pem --key {dir}/client.key");
    let send = format!(
        "-sS -o - -w '%{{http_code}}\\n' --resolve localhost:{port}:127.0.0.1 {signature} --data-binary @{body} https://localhost:{port}/hooks",
        port = address.port(),
        signature = fields.join(" "),
        body = body.display(),
    );
    println!("\nEverything stays up until ctrl-c. The signature below is good for five minutes:\n");
    println!("# genuine the first time, a replay the second\ncurl {trust} {identity} {send}\n");
    println!("# no client certificate: TLS refuses\ncurl {trust} {send}\n");
    println!(
        "# through the signer, which signs it anew each time\ncurl -sS -w '%{{http_code}}\\n' --data-binary @{} http://{}/e/guard\n",
        body.display(),
        world.signer_address()
    );
    println!("# what the guard counts\ncurl -s http://{}/metrics\n", world.admin_address());
    tokio::signal::ctrl_c().await?;
    Ok(())
}
