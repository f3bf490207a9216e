//! The rows: what is sent, and what must come of it.

pub(crate) mod guard;
pub(crate) mod signer;

use std::pin::Pin;
use std::time::Duration;

use bytes::Bytes;
use countersign::clock::{Clock as _, SystemClock, UnixTime};
use http::{HeaderName, HeaderValue};

use crate::app::Seen;
use crate::client::{Failure, Reply};
use crate::world::World;

/// What one request got.
#[derive(Clone, Debug)]
pub(crate) enum Got {
    Reply(Reply),
    /// Refused before HTTP: by TLS.
    NoConnection,
}

type Act = for<'a> fn(&'a World) -> Pin<Box<dyn Future<Output = Result<Vec<Got>, Failure>> + 'a>>;

/// One row.
#[derive(Clone, Copy)]
pub(crate) struct Scene {
    pub(crate) sent: &'static str,
    act: Act,
    /// In words, and as a rule over what came of it.
    pub(crate) expected: &'static str,
    rule: fn(&[Got], &[Seen]) -> bool,
}

/// A row that was played.
pub(crate) struct Played {
    pub(crate) scene: Scene,
    pub(crate) got: Vec<Got>,
    pub(crate) seen: Vec<Seen>,
}

impl Played {
    pub(crate) fn is_as_it_must_be(&self) -> bool {
        (self.scene.rule)(&self.got, &self.seen)
    }
}

/// Plays one scene; nothing else happens in the world meanwhile.
pub(crate) async fn play(world: &World, scene: Scene) -> Result<Played, Failure> {
    world.app.take_seen();
    let got = (scene.act)(world).await?;
    Ok(Played { scene, got, seen: world.app.take_seen() })
}

pub(crate) const BODY: &[u8] =
    b"{\"type\":\"invoice.paid\",\"amount\":1250,\"note\":\"gr\xc3\xbc\xc3\x9fe\"}\n";

/// A signed webhook.
#[derive(Clone, Debug)]
pub(crate) struct Webhook {
    pub(crate) id: String,
    pub(crate) fields: Vec<(HeaderName, HeaderValue)>,
    pub(crate) body: Bytes,
}

/// Each reply as status and code.
pub(crate) fn codes(got: &[Got]) -> Vec<String> {
    let code = |got: &Got| match got {
        Got::NoConnection => "no connection".to_owned(),
        Got::Reply(reply) => format!("{} {}", reply.status, reply.code()).trim_end().to_owned(),
    };
    got.iter().map(code).collect()
}

/// Waits until the clock shows another second than `time`.
pub(crate) async fn another_second_than(time: UnixTime) {
    while now().as_secs() <= time.as_secs() {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

pub(crate) fn now() -> UnixTime {
    SystemClock.now()
}
