//! The admin port: health and metrics, and nothing else, so that it may be
//! bound to a pod's address. Nothing here shows traffic or changes state.
//!
//! | path | answer |
//! | --- | --- |
//! | `/livez` | 200 while the process runs |
//! | `/readyz` | 200 while work is taken, with what is amiss; 503 before that and once it stops |
//! | `/metrics` | Prometheus text format 0.0.4 |
//! | `/buildinfo` | name and version, JSON |

use std::io;
use std::sync::Arc;

use bytes::Bytes;
use futures_util::future::BoxFuture;
use http::{Response, StatusCode};
use http_body_util::Full;
use tokio::net::TcpListener;

use crate::net::{self, DrainSignal, TEXT, page};

/// What a role shows of itself.
pub(crate) struct Health {
    /// Whether it takes work, and why not if it does not: one line.
    pub(crate) ready: Box<dyn Fn() -> Result<(), &'static str> + Send + Sync>,
    /// What is worth knowing although it takes work: whole lines, or nothing.
    pub(crate) detail: Box<dyn Fn() -> String + Send + Sync>,
    /// Its metrics, in text format. Some of them may have to be asked for.
    pub(crate) metrics: Box<dyn Fn() -> BoxFuture<'static, String> + Send + Sync>,
}

/// Serves until `stop`. Called on a thread of its own, so that a scrape never
/// waits for deliveries, nor they for it.
pub(crate) fn run(listener: std::net::TcpListener, health: Health, stop: DrainSignal) -> io::Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async move {
        let listener = TcpListener::from_std(listener)?;
        let health = Arc::new(health);
        net::serve_few(listener, stop, move |request| {
            let health = Arc::clone(&health);
            async move { answer(request.uri().path(), &health).await }
        })
        .await;
        Ok(())
    })
}

async fn answer(path: &str, health: &Health) -> Response<Full<Bytes>> {
    match path {
        "/livez" => page(StatusCode::OK, TEXT, "ok\n"),
        "/readyz" => match (health.ready)() {
            Ok(()) => page(StatusCode::OK, TEXT, format!("ok\n{}", (health.detail)())),
            Err(why) => page(StatusCode::SERVICE_UNAVAILABLE, TEXT, format!("{why}\n")),
        },
        "/metrics" => {
            let metrics = (health.metrics)().await;
            page(StatusCode::OK, "text/plain; version=0.0.4; charset=utf-8", metrics)
        }
        "/buildinfo" => page(StatusCode::OK, "application/json", build_info()),
        _ => page(StatusCode::NOT_FOUND, TEXT, "here are /livez, /readyz, /metrics and /buildinfo\n"),
    }
}

fn build_info() -> String {
    format!("{{\"name\":\"{}\",\"version\":\"{}\"}}\n", env!("CARGO_PKG_NAME"), env!("CARGO_PKG_VERSION"))
}
