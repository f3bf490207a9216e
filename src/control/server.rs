//! Serves the control socket.
//!
//! A browser on this machine can be made to ask a loopback address by any page
//! that it shows. So over TCP the host that was asked for must be a loopback
//! name, which one that was rebound to this address is not, and a request that
//! says which page it comes from is refused.

use std::future::Future;
use std::io;
use std::net::IpAddr;
use std::sync::Arc;

use bytes::Bytes;
use futures_util::future::BoxFuture;
use http::uri::Authority;
use http::{HeaderValue, Request, Response, StatusCode, header};
use http_body_util::Full;
use hyper::body::Incoming;
use tokio::net::{TcpListener, UnixListener};

use super::place::{Bound, ControlListener};
use super::status::Status;
use crate::net::{self, DrainSignal, TEXT, page};

/// What a role shows.
pub(crate) struct Control {
    /// Itself at this moment.
    pub(crate) status: Box<dyn Fn() -> BoxFuture<'static, Status> + Send + Sync>,
    /// What must be done now and then for that; never ends.
    pub(crate) upkeep: BoxFuture<'static, ()>,
}

/// Serves until `stop`, and removes the socket. Called on a thread of its own,
/// so that who looks never holds up a delivery.
pub(crate) fn run(listener: ControlListener, control: Control, stop: DrainSignal) -> io::Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async move {
        let Control { status, upkeep } = control;
        let status = Arc::new(status);
        tokio::spawn(upkeep);
        let answer_to = move |request: Request<Incoming>, may_be_a_page: bool| {
            let status = Arc::clone(&status);
            async move {
                if may_be_a_page && !comes_from_here(&request) {
                    return page(StatusCode::FORBIDDEN, TEXT, ELSEWHERE);
                }
                answer(request.uri().path(), || (*status)()).await
            }
        };
        match listener.socket {
            Bound::Tcp(listener) => {
                let listener = TcpListener::from_std(listener)?;
                net::serve_few(listener, stop, move |request| answer_to(request, true)).await;
            }
            Bound::Unix(listener, _placed) => {
                let listener = UnixListener::from_std(listener)?;
                net::serve_few(listener, stop, move |request| answer_to(request, false)).await;
            }
        }
        Ok(())
    })
}

async fn answer<F: Future<Output = Status>>(path: &str, status: impl FnOnce() -> F) -> Response<Full<Bytes>> {
    if path != "/status" {
        return page(StatusCode::NOT_FOUND, TEXT, "here is /status\n");
    }
    let mut json = serde_json::to_vec(&status().await).expect("names are text, and memory takes it");
    json.push(b'\n');
    let mut response = page(StatusCode::OK, "application/json", json);
    let fields = response.headers_mut();
    fields.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    fields.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    response
}

/// Whether a program of this machine asks, as far as one can tell.
fn comes_from_here<B>(request: &Request<B>) -> bool {
    let fields = request.headers();
    let mut hosts = fields.get_all(header::HOST).iter();
    let (Some(host), None) = (hosts.next(), hosts.next()) else { return false };
    let host = host.to_str().ok().and_then(|host| host.parse::<Authority>().ok());
    let target = request.uri().authority();
    !fields.contains_key(header::ORIGIN)
        && host.as_ref().is_some_and(is_loopback)
        && target.is_none_or(is_loopback)
}

fn is_loopback(authority: &Authority) -> bool {
    let host = authority.host();
    let address = host.strip_prefix('[').and_then(|host| host.strip_suffix(']')).unwrap_or(host);
    host.eq_ignore_ascii_case("localhost")
        || address.parse::<IpAddr>().is_ok_and(|address| address.to_canonical().is_loopback())
}

const ELSEWHERE: &str =
    "only for programs of this machine: Host is not a loopback address, or there is an Origin\n";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pages_and_rebound_names_are_told_from_programs_of_this_machine() {
        for (fields, target, expected) in [
            (&[("host", "127.0.0.1:9846")][..], "/status", true),
            (&[("host", "localhost")], "/status", true),
            (&[("host", "[::1]:9846")], "/status", true),
            (&[("host", "127.0.0.1")], "http://localhost/status", true),
            (&[("host", "rebound.example:9846")], "/status", false),
            (&[("host", "127.0.0.1.rebound.example")], "/status", false),
            (&[("host", "127.0.0.1")], "http://rebound.example/status", false),
            (&[("host", "192.0.2.1")], "/status", false),
            (&[("host", "")], "/status", false),
            (&[("host", "localhost"), ("host", "localhost")], "/status", false),
            (&[("host", "localhost"), ("origin", "http://localhost")], "/status", false),
            (&[("host", "localhost"), ("origin", "null")], "/status", false),
            (&[], "/status", false),
        ] {
            let request = Request::builder().uri(target);
            let request = fields.iter().fold(request, |request, (name, value)| request.header(*name, *value));
            assert_eq!(comes_from_here(&request.body(()).unwrap()), expected, "{fields:?} {target}");
        }
    }
}
