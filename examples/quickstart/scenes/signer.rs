//! What comes of webhooks that an app hands to a signer: signed, sent over
//! mutual TLS through the guard, and seen by the app behind it.

use http::{HeaderName, HeaderValue};

use super::{BODY, Got, Scene, another_second_than, codes, now};
use crate::client::{Connection, Failure};
use crate::world::World;

/// In order.
pub(crate) fn all() -> Vec<Scene> {
    vec![
        Scene {
            sent: "handed over",
            act: |world| Box::pin(async { hand_over(world, "/e/guard", &[]).await }),
            expected: "204, the app sees the same bytes, under an id of the signer's",
            rule: |got, seen| {
                codes(got) == ["204"]
                    && matches!(seen, [one] if one.body == BODY && one.field(MESSAGE_ID).starts_with("msg_"))
            },
        },
        Scene {
            sent: "handed over with an id",
            act: |world| Box::pin(async { hand_over(world, "/e/guard", &id("order_42")).await }),
            expected: "204, the app sees the same bytes, under that id",
            rule: |got, seen| {
                codes(got) == ["204"]
                    && matches!(seen, [one] if one.body == BODY && one.field(MESSAGE_ID) == "order_42")
            },
        },
        Scene {
            sent: "handed over with an id, later once more",
            act: |world| Box::pin(twice(world)),
            expected: "204, then 200 duplicate; the app sees one",
            rule: |got, seen| codes(got) == ["204", "200 duplicate"] && seen.len() == 1,
        },
        Scene {
            sent: "to a guard that knows another secret",
            act: |world| Box::pin(async { hand_over(world, "/e/other-secret", &[]).await }),
            expected: "401 signature_mismatch, the guard's own answer",
            rule: |got, seen| codes(got) == ["401 signature_mismatch"] && seen.is_empty(),
        },
        Scene {
            sent: "to a name that leads into this machine",
            act: |world| Box::pin(async { hand_over(world, "/e/not-allowed", &[]).await }),
            expected: "502 destination_refused; nobody is connected to",
            rule: |got, seen| codes(got) == ["502 destination_refused"] && seen.is_empty(),
        },
    ]
}

const MESSAGE_ID: &str = "countersign-message-id";

type Fields = [(HeaderName, HeaderValue)];

/// What an app does to send a webhook: plain HTTP to the signer beside it.
async fn hand_over(world: &World, path: &str, fields: &Fields) -> Result<Vec<Got>, Failure> {
    let mut connection = Connection::plain(world.signer_address()).await?;
    Ok(vec![Got::Reply(connection.post(path, fields, BODY.into()).await?)])
}

/// An app that does not know whether its first try arrived. In the same second
/// the signer would make the same bytes again, and the guard call it a replay.
async fn twice(world: &World) -> Result<Vec<Got>, Failure> {
    let mut got = hand_over(world, "/e/guard", &id("order_43")).await?;
    another_second_than(now()).await;
    got.extend(hand_over(world, "/e/guard", &id("order_43")).await?);
    Ok(got)
}

fn id(text: &'static str) -> [(HeaderName, HeaderValue); 1] {
    [(HeaderName::from_static("webhook-id"), HeaderValue::from_static(text))]
}
