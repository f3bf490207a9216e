//! Who may connect.

use countersign::devcerts::{Authority, STRANGER_ID};

use crate::stand::{BODY, Stand};

#[tokio::test]
async fn only_certificates_of_the_trusted_ca_are_served() {
    let stand = Stand::with_flags(&[]).await;
    let foreign = Authority::new("another CA").unwrap().client("spiffe://countersign.test/sender").unwrap();
    let wrong_purpose = stand.authority.server(&[]).unwrap();
    for (what, client) in [
        ("no certificate", stand.client_with(None)),
        ("a foreign CA's", stand.client_with(Some(&foreign))),
        ("a server's certificate", stand.client_with(Some(&wrong_purpose))),
    ] {
        let reply = match client.connect().await {
            Ok(mut connection) => connection.post("/hooks", &stand.signed("msg_1", BODY), BODY.into()).await,
            Err(error) => Err(error),
        };
        assert!(reply.is_err(), "{what} was served: {reply:?}");
    }
    assert!(stand.app.take_seen().is_empty());
}

#[tokio::test]
async fn an_identity_that_is_named_must_be_shown() {
    let flags = ["--client-identity", "URI:spiffe://countersign.test/sender", "--client-auth", "optional"];
    let stand = Stand::with_flags(&flags).await;
    let stranger = stand.authority.client(STRANGER_ID).unwrap();
    for (client, expected) in [
        (stand.client_with(None), (403, "identity_missing")),
        (stand.client_with(Some(&stranger)), (403, "identity_not_allowed")),
        (stand.client.clone(), (204, "")),
    ] {
        let mut connection = client.connect().await.unwrap();
        let reply = connection.post("/hooks", &stand.signed("msg_1", BODY), BODY.into()).await.unwrap();
        assert_eq!((reply.status, reply.code().as_str()), expected);
    }
}
