//! Those that a proxy stands between: the app and the consumer, on one thread
//! that never sleeps.
//!
//! Who sends to a thread that sleeps pays for waking it, and on a virtual
//! machine that is a microsecond or two. The slower of two proxies finds its
//! peers asleep more often: it would pay for being slow a second time, with
//! work that is not its own.

use std::net::{Ipv4Addr, SocketAddr};

use rustls::ServerConfig;
use tokio::net::TcpListener;
use tokio::runtime::{Builder, Runtime};
use tokio::task::yield_now;

use crate::{Failure, consumer, generator};

/// The app and the consumer.
pub(crate) struct Peers {
    /// Runs on the thread that calls.
    runtime: Runtime,
    consumer: SocketAddr,
}

impl Peers {
    /// The consumer listens; nobody is served before there is something to
    /// deliver.
    pub(crate) fn new(tls: ServerConfig) -> Result<Self, Failure> {
        let runtime = Builder::new_current_thread().enable_all().build()?;
        let listener = runtime.block_on(TcpListener::bind((Ipv4Addr::LOCALHOST, 0)))?;
        let consumer = listener.local_addr()?;
        runtime.spawn(consumer::serve(listener, tls));
        // There is always this to do, so the runtime asks for events and never
        // waits for them.
        runtime.spawn(async {
            loop {
                yield_now().await;
            }
        });
        Ok(Self { runtime, consumer })
    }

    /// Where the consumer is.
    pub(crate) const fn consumer(&self) -> SocketAddr {
        self.consumer
    }

    /// Makes `deliveries` through `proxy`.
    pub(crate) fn deliver(&self, proxy: SocketAddr, deliveries: u32) -> Result<(), Failure> {
        self.runtime.block_on(generator::run(proxy, deliveries))
    }
}
