//! What a guard lets through to the app, and what it refuses.

use std::net::Ipv4Addr;
use std::time::Duration;

use bytes::Bytes;

use super::{BODY, Got, Scene, Webhook, codes, now};
use crate::client::{Client, Failure};
use crate::world::World;

/// In order. The last one uses up what the guard's rate allows in a second.
#[allow(clippy::too_many_lines, reason = "a table")]
pub(crate) fn all() -> Vec<Scene> {
    vec![
        Scene {
            sent: "genuine",
            act: |world| Box::pin(async { one(world, &world.signed(BODY)).await }),
            expected: "204, the app sees the same bytes",
            rule: |got, seen| codes(got) == ["204"] && seen.len() == 1 && seen[0].body == BODY,
        },
        Scene {
            sent: "body changed on the way",
            act: |world| {
                Box::pin(async {
                    let mut webhook = world.signed(BODY);
                    webhook.body = Bytes::from_static(b"{\"amount\":9999}");
                    one(world, &webhook).await
                })
            },
            expected: "401 signature_mismatch",
            rule: |got, seen| codes(got) == ["401 signature_mismatch"] && seen.is_empty(),
        },
        Scene {
            sent: "signed with a wrong secret",
            act: |world| Box::pin(async { one(world, &world.forged(BODY)).await }),
            expected: "401 signature_mismatch",
            rule: |got, seen| codes(got) == ["401 signature_mismatch"] && seen.is_empty(),
        },
        Scene {
            sent: "no signature",
            act: |world| {
                Box::pin(async {
                    let mut webhook = world.signed(BODY);
                    webhook.fields.retain(|(name, _)| name != "webhook-signature");
                    one(world, &webhook).await
                })
            },
            expected: "401 signature_missing",
            rule: |got, seen| codes(got) == ["401 signature_missing"] && seen.is_empty(),
        },
        Scene {
            sent: "signed an hour ago",
            act: |world| {
                Box::pin(async { one(world, &world.signed_at(BODY, now().saturating_sub(HOUR))).await })
            },
            expected: "401 timestamp_too_old",
            rule: |got, seen| codes(got) == ["401 timestamp_too_old"] && seen.is_empty(),
        },
        Scene {
            sent: "signed an hour from now",
            act: |world| {
                Box::pin(async { one(world, &world.signed_at(BODY, now().saturating_add(HOUR))).await })
            },
            expected: "401 timestamp_in_future",
            rule: |got, seen| codes(got) == ["401 timestamp_in_future"] && seen.is_empty(),
        },
        Scene {
            sent: "genuine, then replayed",
            act: |world| {
                Box::pin(async {
                    let webhook = world.signed(BODY);
                    in_turn(world, &[webhook.clone(), webhook]).await
                })
            },
            expected: "204, then 409 replayed; the app sees one",
            rule: |got, seen| codes(got) == ["204", "409 replayed"] && seen.len() == 1,
        },
        Scene {
            sent: "fifty concurrent copies of one delivery",
            act: |world| Box::pin(fifty_copies(world)),
            expected: "one 204, the others 409 or 503; the app sees one",
            rule: |got, seen| {
                let codes = codes(got);
                let others = codes.iter().filter(|code| *code != "204");
                others.clone().count() == 49
                    && others.into_iter().all(|code| code == "409 replayed" || code == "503 in_flight")
                    && seen.len() == 1
            },
        },
        Scene {
            sent: "the app answers 500, the sender retries",
            act: |world| {
                Box::pin(async {
                    world.app.fail_next(1);
                    let webhook = world.signed(BODY);
                    in_turn(world, &[webhook.clone(), webhook]).await
                })
            },
            expected: "500, then 204; the app sees both",
            rule: |got, seen| codes(got) == ["500", "204"] && seen.len() == 2,
        },
        Scene {
            sent: "retried with a new signature after success",
            act: |world| {
                Box::pin(async {
                    let first = world.signed(BODY);
                    let retry = world.signed_again(&first, now().saturating_add(Duration::from_secs(1)));
                    in_turn(world, &[first, retry]).await
                })
            },
            expected: "204, then 200 duplicate; the app sees one",
            rule: |got, seen| codes(got) == ["204", "200 duplicate"] && seen.len() == 1,
        },
        Scene {
            sent: "no client certificate",
            act: |world| Box::pin(async { one_as(&world.anonymous, &world.signed(BODY)).await }),
            expected: "refused by TLS",
            rule: |got, seen| matches!(got, [Got::NoConnection]) && seen.is_empty(),
        },
        Scene {
            sent: "a certificate of another identity",
            act: |world| Box::pin(async { one_as(&world.stranger, &world.signed(BODY)).await }),
            expected: "403 identity_not_allowed",
            rule: |got, seen| codes(got) == ["403 identity_not_allowed"] && seen.is_empty(),
        },
        Scene {
            sent: "an address that is not on the list",
            act: |world| {
                Box::pin(async {
                    let elsewhere = world.client.from(Ipv4Addr::new(127, 0, 0, 2).into());
                    one_as(&elsewhere, &world.signed(BODY)).await
                })
            },
            expected: "403 address_not_allowed",
            rule: |got, seen| codes(got) == ["403 address_not_allowed"] && seen.is_empty(),
        },
        Scene {
            sent: "a body of 1 MiB and one byte",
            act: |world| Box::pin(async { one(world, &world.signed(&vec![b'x'; (1 << 20) + 1])).await }),
            expected: "413 body_too_large",
            rule: |got, seen| codes(got) == ["413 body_too_large"] && seen.is_empty(),
        },
        Scene {
            sent: "forty deliveries at once, 20/s allowed",
            act: |world| {
                Box::pin(async {
                    let webhooks: Vec<_> = (0..40).map(|_| world.signed(BODY)).collect();
                    in_turn(world, &webhooks).await
                })
            },
            expected: "some 204, then 429 rate_limited",
            rule: |got, seen| {
                let codes = codes(got);
                let passed = codes.iter().filter(|code| *code == "204").count();
                let limited = codes.iter().filter(|code| *code == "429 rate_limited").count();
                passed + limited == 40 && limited > 0 && seen.len() == passed
            },
        },
    ]
}

const HOUR: Duration = Duration::from_secs(3600);

async fn one(world: &World, webhook: &Webhook) -> Result<Vec<Got>, Failure> {
    one_as(&world.client, webhook).await
}

/// One request on a connection of its own. A connection that breaks before
/// any answer was refused by TLS 1.3, where the server's verdict on a client
/// certificate arrives after the client's handshake is over.
async fn one_as(client: &Client, webhook: &Webhook) -> Result<Vec<Got>, Failure> {
    let Ok(mut connection) = client.connect().await else { return Ok(vec![Got::NoConnection]) };
    let reply = connection.post("/hooks", &webhook.fields, webhook.body.clone()).await;
    Ok(vec![reply.map_or(Got::NoConnection, Got::Reply)])
}

/// One after the other on one connection.
async fn in_turn(world: &World, webhooks: &[Webhook]) -> Result<Vec<Got>, Failure> {
    let mut connection = world.client.connect().await?;
    let mut got = Vec::with_capacity(webhooks.len());
    for webhook in webhooks {
        got.push(Got::Reply(connection.post("/hooks", &webhook.fields, webhook.body.clone()).await?));
    }
    Ok(got)
}

/// Fifty connections, opened before, send the same bytes at once.
async fn fifty_copies(world: &World) -> Result<Vec<Got>, Failure> {
    let webhook = world.signed(BODY);
    let mut connections = Vec::new();
    for _ in 0..50 {
        connections.push(world.client.connect().await?);
    }
    let sending: Vec<_> = connections
        .into_iter()
        .map(|mut connection| {
            let webhook = webhook.clone();
            tokio::spawn(async move { connection.post("/hooks", &webhook.fields, webhook.body).await })
        })
        .collect();
    let mut got = Vec::new();
    for sent in sending {
        got.push(Got::Reply(sent.await??));
    }
    Ok(got)
}
