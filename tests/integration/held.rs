//! An app that answers when the test says so.

use std::sync::Arc;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;
use tokio::sync::Notify;

/// Takes one delivery and holds its answer back.
#[derive(Debug, Default)]
pub(crate) struct HeldApp {
    /// Told when the delivery has come.
    pub(crate) reached: Notify,
    /// Tell it to answer 204.
    pub(crate) answer: Notify,
}

impl HeldApp {
    /// Starts it, with its URL.
    pub(crate) async fn start() -> (Arc<Self>, String) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let held = Arc::new(Self::default());
        let app = Arc::clone(&held);
        tokio::spawn(async move {
            let (mut stream, _) = listener.accept().await.unwrap();
            assert_ne!(stream.read(&mut [0; 4096]).await.unwrap(), 0);
            app.reached.notify_one();
            app.answer.notified().await;
            stream.write_all(b"HTTP/1.1 204 No Content\r\n\r\n").await.unwrap();
        });
        (held, url)
    }
}
