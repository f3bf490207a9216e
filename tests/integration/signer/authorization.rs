//! What consumers ask for beside the signature.

use super::consumer::{Consumer, field};
use super::stand::Signer;

const OK: &str = "HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n";

#[tokio::test]
async fn a_fixed_credential_goes_with_each_delivery() {
    let secret = ["--auth-secret-env", "TOKEN"];
    for (flags, name, value) in [
        (&["--auth", "basic", "--auth-user", "app"][..], "authorization", "Basic YXBwOnMzY3IzdA=="),
        (&["--auth", "bearer"], "authorization", "Bearer s3cr3t"),
        (&["--auth", "api-key", "--auth-header", "X-Api-Key"], "x-api-key", "s3cr3t"),
    ] {
        let consumer = Consumer::answering(&[OK]).await;
        let signer = Signer::plain(consumer.address, &[flags, &secret].concat());
        assert_eq!(signer.post("/", &[(name, "forged")], b"{}").await.status, 204);
        assert_eq!(field(&consumer.take_seen()[0], name), value);
    }
}
