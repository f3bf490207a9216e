//! The app: takes every webhook, over kept-open connections.

use std::net::SocketAddr;
use std::thread;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::runtime::Builder;

use crate::Failure;
use crate::sender::BODY_BYTES;

/// Starts it on a thread of its own; it ends with the process.
pub(crate) fn start() -> Result<SocketAddr, Failure> {
    let runtime = Builder::new_current_thread().enable_all().build()?;
    let listener = runtime.block_on(TcpListener::bind("127.0.0.1:0"))?;
    let address = listener.local_addr()?;
    thread::spawn(move || {
        runtime.block_on(async {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(serve(stream));
            }
        });
    });
    Ok(address)
}

async fn serve(mut stream: TcpStream) {
    let mut request = Vec::with_capacity(4096);
    while let Ok(1..) = stream.read_buf(&mut request).await {
        let head = request.windows(4).position(|bytes| bytes == b"\r\n\r\n");
        if head.is_some_and(|head| request.len() >= head + 4 + BODY_BYTES) {
            request.clear();
            if stream.write_all(b"HTTP/1.1 204 No Content\r\n\r\n").await.is_err() {
                return;
            }
        }
    }
}
