//! An issuer of tokens on loopback: keys that it publishes over TLS, and how
//! it behaves when it is asked.

use std::sync::{Arc, Mutex};

use base64ct::{Base64UrlUnpadded, Encoding as _};
use countersign::clock::UnixTime;
use countersign::devcerts::Authority;
use countersign::keys::Secret;
use countersign::schemes::{
    Credential, Message, RequiredClaim, Scheme, SchemeOptions, TokenRequirements, preset,
};
use http::{HeaderName, HeaderValue, Method};
use rcgen::KeyPair;
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;

use crate::over_tls::acceptor;

/// Whom the tokens of these tests are for.
pub(crate) const AUDIENCE: &str = "https://hooks.example.com";

/// A running issuer.
pub(crate) struct Issuer {
    /// As it calls itself.
    pub(crate) name: String,
    state: Arc<Mutex<State>>,
    directory: TempDir,
}

struct State {
    name: String,
    keys: Vec<Value>,
    manner: Manner,
    asked: usize,
}

/// What it does when it is asked.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Manner {
    /// Publishes its keys.
    Honest,
    /// Has metadata where RFC 8414 has them, and nowhere else.
    Before,
    /// Says that it is somebody else.
    Impostor,
    /// Publishes more than anybody needs.
    Huge,
    /// Publishes what is no set of keys.
    Garbage,
    /// Never answers.
    Silent,
    /// Hangs up.
    Down,
    /// Has its keys at an address of the inside, under another name.
    Elsewhere,
}

impl Issuer {
    /// Starts one that publishes `keys`, under a CA of its own.
    pub(crate) async fn start(keys: &[&Key], manner: Manner) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let name = format!("https://localhost:{}/tenant", listener.local_addr().unwrap().port());
        let authority = Authority::new("issuer CA").unwrap();
        let directory = TempDir::new().unwrap();
        std::fs::write(directory.path().join("ca.pem"), authority.certificate()).unwrap();
        let keys = keys.iter().map(|key| key.jwk.clone()).collect();
        let state = Arc::new(Mutex::new(State { name: name.clone(), keys, manner, asked: 0 }));
        let acceptor = acceptor(&authority);
        tokio::spawn(serve(listener, acceptor, Arc::clone(&state)));
        Self { name, state, directory }
    }

    /// The flags of a guard that trusts it.
    pub(crate) fn flags(&self) -> Vec<String> {
        let ca = self.directory.path().join("ca.pem").display().to_string();
        ["--issuer", &self.name, "--issuer-ca", &ca, "--audience", AUDIENCE].map(str::to_owned).to_vec()
    }

    pub(crate) fn behave(&self, manner: Manner) {
        self.state.lock().unwrap().manner = manner;
    }

    pub(crate) fn publish(&self, keys: &[&Key]) {
        self.state.lock().unwrap().keys = keys.iter().map(|key| key.jwk.clone()).collect();
    }

    /// How often its keys were asked for.
    pub(crate) fn asked(&self) -> usize {
        self.state.lock().unwrap().asked
    }
}

/// A key of an issuer.
pub(crate) struct Key {
    id: &'static str,
    private: String,
    /// PEM.
    pub(crate) public: String,
    jwk: Value,
}

impl Key {
    /// A new key for ES256.
    pub(crate) fn new(id: &'static str) -> Self {
        let pair = KeyPair::generate().unwrap();
        let point = pair.public_key_raw();
        let [x, y] = [&point[1..33], &point[33..]].map(Base64UrlUnpadded::encode_string);
        let jwk = json!({"kty": "EC", "crv": "P-256", "use": "sig", "kid": id, "x": x, "y": y});
        Self { id, private: pair.serialize_pem(), public: pair.public_key_pem(), jwk }
    }

    /// The fields with a token of `issuer` for [`AUDIENCE`], issued at `now`.
    pub(crate) fn token(&self, issuer: &str, now: UnixTime) -> Vec<(HeaderName, HeaderValue)> {
        token(&self.private, Some(self.id), issuer, AUDIENCE, now)
    }

    pub(crate) fn token_for(
        &self,
        issuer: &str,
        audience: &str,
        now: UnixTime,
    ) -> Vec<(HeaderName, HeaderValue)> {
        token(&self.private, Some(self.id), issuer, audience, now)
    }

    /// A token that has the public key taken for a shared secret.
    pub(crate) fn confused_token(&self, issuer: &str, now: UnixTime) -> Vec<(HeaderName, HeaderValue)> {
        let claims = json!({"iss": issuer, "aud": AUDIENCE, "exp": now.as_secs() + 60});
        hs256(self.public.as_bytes(), &json!({"alg": "HS256", "kid": self.id}), &claims)
    }
}

fn token(
    secret: &str,
    key_id: Option<&str>,
    issuer: &str,
    audience: &str,
    now: UnixTime,
) -> Vec<(HeaderName, HeaderValue)> {
    let requirements = TokenRequirements {
        issuer: Some(issuer.to_owned()),
        audiences: vec![audience.to_owned()],
        claims: vec![RequiredClaim { name: "tenant".to_owned(), value: Some("a".to_owned()) }],
        ..TokenRequirements::default()
    };
    let credential = Credential { key_id: key_id.map(str::to_owned), ..Secret::new(secret).into() };
    let options = SchemeOptions { token: Some(requirements), ..SchemeOptions::default() };
    let scheme = Scheme::new(preset("jwt").unwrap(), &[credential], options).unwrap();
    let method = Method::POST;
    let message =
        Message { id: None, timestamp: now, body: b"", method: &method, target: "/", public_url: None };
    scheme.sign(&message).unwrap()
}

/// A token of any header and claims, under a shared secret.
pub(crate) fn hs256(secret: &[u8], header: &Value, claims: &Value) -> Vec<(HeaderName, HeaderValue)> {
    use hmac::{Hmac, KeyInit as _, Mac as _};

    let part = |value: &Value| Base64UrlUnpadded::encode_string(value.to_string().as_bytes());
    let signed = format!("{}.{}", part(header), part(claims));
    let mut mac = Hmac::<sha2::Sha256>::new_from_slice(secret).unwrap();
    mac.update(signed.as_bytes());
    let signature = Base64UrlUnpadded::encode_string(&mac.finalize().into_bytes());
    let value = format!("Bearer {signed}.{signature}");
    vec![(http::header::AUTHORIZATION, HeaderValue::from_str(&value).unwrap())]
}

async fn serve(listener: TcpListener, acceptor: TlsAcceptor, state: Arc<Mutex<State>>) {
    while let Ok((socket, _)) = listener.accept().await {
        let (acceptor, state) = (acceptor.clone(), Arc::clone(&state));
        tokio::spawn(async move { answer(socket, acceptor, &state).await });
    }
}

async fn answer(socket: TcpStream, acceptor: TlsAcceptor, state: &Mutex<State>) -> Option<()> {
    if state.lock().unwrap().manner == Manner::Down {
        return None;
    }
    let mut stream = acceptor.accept(socket).await.ok()?;
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(stream.read_u8().await.ok()?);
    }
    let head = String::from_utf8(head).ok()?;
    let path = head.split(' ').nth(1)?.to_owned();
    let (status, body) = page(&path, &mut state.lock().unwrap());
    if status == 0 {
        return std::future::pending().await;
    }
    let length = body.len();
    let answer =
        format!("HTTP/1.1 {status} X\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n{body}");
    stream.write_all(answer.as_bytes()).await.ok()?;
    stream.shutdown().await.ok()
}

/// Status and body; no status for no answer.
fn page(path: &str, state: &mut State) -> (u16, String) {
    let (root, _) = state.name.split_once("/tenant").unwrap();
    let metadata = |issuer: &str, keys: &str| json!({"issuer": issuer, "jwks_uri": keys}).to_string();
    match (path, state.manner) {
        (_, Manner::Silent) => (0, String::new()),
        ("/tenant/.well-known/openid-configuration", Manner::Before) => (404, String::new()),
        ("/tenant/.well-known/openid-configuration", Manner::Impostor) => {
            (200, metadata(&format!("{}/", state.name), &format!("{root}/keys")))
        }
        ("/tenant/.well-known/openid-configuration", Manner::Elsewhere) => {
            (200, metadata(&state.name, &format!("{}/keys", root.replace("localhost", "127.0.0.1"))))
        }
        ("/.well-known/oauth-authorization-server/tenant", Manner::Before)
        | ("/tenant/.well-known/openid-configuration", _) => {
            (200, metadata(&state.name, &format!("{root}/keys")))
        }
        ("/keys", manner) => {
            state.asked += 1;
            let keys = json!({"keys": state.keys}).to_string();
            match manner {
                Manner::Huge => (200, format!("{keys}{}", " ".repeat(1 << 20))),
                Manner::Garbage => (200, "<html>".to_owned()),
                _ => (200, keys),
            }
        }
        _ => (404, String::new()),
    }
}
